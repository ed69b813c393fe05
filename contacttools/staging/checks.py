"""Checks: what would go wrong with a plan, seen before anything is sent. Pure.

A contact that cannot be written is refused here with its reason and never holds up the
others; what a person should know before approving is a risk, said in words.
"""

from __future__ import annotations

import contextlib
import graphlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import phonenumbers

from contacttools.contact import fields, merge, wire
from contacttools.contact.fields import Json
from contacttools.planning.plan import Change, Edit, Refusal, Risk
from contacttools.planning.planfile import RiskKind
from contacttools.snapshot.contacts import Contacts

_LIKELY = {"emails": re.compile(r"^\S+@\S+\.\S+$"), "phones": re.compile(r"(\d\D*){3}")}

#: What may belong to one contact only: ("emails", address) or ("phones", number).
Key = tuple[str, str]


def review(
    changes: Iterable[Change], contacts: Contacts
) -> tuple[tuple[Change, ...], list[Refusal], list[Risk]]:
    """Return the changes that can be planned, in order, the refused ones, and the risks."""
    sound: dict[str, Change] = {}
    refused: list[Refusal] = []
    for change in changes:
        refusal = _cannot_be_sent(change)
        if refusal:
            refused.append(refusal)
        else:
            sound[change.contact_id] = change
    claims = Claims(contacts, sound.values())
    while (collisions := claims.collisions(sound)) or (collisions := claims.cycle(sound)):
        refused += collisions
        for each in collisions:
            del sound[each.contact_id]
    ordered = tuple(sound[contact_id] for contact_id in claims.order(sound))
    risks = [risk for change in ordered for risk in _risks(change, contacts, claims)]
    return ordered, sorted(refused, key=lambda each: each.contact_id), risks


# -- one contact by itself ------------------------------------------------------------------


def _cannot_be_sent(change: Change) -> Refusal | None:
    after = {**change.base, **{edit.field: edit.after for edit in change.edits}}
    reach = ("name.first", "name.last", "emails", "phones")
    if not any(after.get(name) for name in reach):
        return Refusal(
            change.contact_id,
            None,
            "INSUFFICIENT_CONTACT_DATA",
            "would be left without a name, an e-mail and a phone; keep one of them",
        )
    for edit in change.edits:
        if edit.field not in fields.LISTS:
            continue
        tag = fields.LISTS[edit.field].by_name["tag"]
        for item in edit.after or ():
            if item.get("tag") not in (None, *tag.choices):
                why = (
                    f"an item has the tag {item['tag']!r}, which this version does not know and "
                    f"never sends; the list can be rewritten once that tag is changed"
                )
                return Refusal(change.contact_id, edit.field, "UNKNOWN_VALUE", why)
    for name, value in (*sorted(change.base.items()), *change.writes.items()):
        try:
            json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
        except (ValueError, RecursionError):  # NaN, or half of a surrogate pair
            why = f"{name} holds what JSON cannot carry; correct it on the site first"
            return Refusal(change.contact_id, name, "UNKNOWN_VALUE", why)
    return None


def _risks(change: Change, contacts: Contacts, claims: Claims) -> Iterator[Risk]:
    document = contacts.document(change.contact_id)
    for edit in change.edits:
        if edit.field not in fields.LISTS:
            continue
        listing = fields.LISTS[edit.field]
        was, now = merge.primary(edit.before), merge.primary(edit.after)
        if listing.has_primary and was and _value(listing, was) != _value(listing, now):
            to = (now or {}).get(listing.value) or "none"
            text = f"{listing.singular} {was.get(listing.value)} → {to}"
            yield Risk("primary", change.contact_id, edit.field, text)
            member = wire.extended_items(document).get("members.membershipStatus")
            if edit.field == "emails" and member:
                yield Risk("member", change.contact_id, edit.field, f"member, {member}")
        lost = {
            path
            for _, item in wire.items_of(document, listing)
            for path in wire.unknown_members(listing, item)
        }
        if lost:
            text = f"{listing.label.lower()} hold {', '.join(sorted(lost))}"
            yield Risk("loss", change.contact_id, edit.field, text)
        for text in _doubts(edit):
            yield Risk("doubtful", change.contact_id, edit.field, text)
        for kind, key, other in claims.shared(change, edit):
            text = f"{key[1]} is also {other}'s"
            yield Risk(kind, change.contact_id, edit.field, text)


def _doubts(edit: Edit) -> Iterator[str]:
    """Say what a person would hardly mean: an e-mail that is none, the same number twice."""
    if edit.field not in _KEYS:
        return
    name, key = fields.LISTS[edit.field].value, _KEYS[edit.field]
    known = {item.get(name) for item in edit.before or ()}
    for item in edit.after or ():
        if item.get(name) not in known and not _LIKELY[edit.field].search(str(item.get(name))):
            yield f"{item.get(name)} does not look like one"
    before = Counter(key(item) for item in edit.before or ())
    after = Counter(key(item) for item in edit.after or ())
    yield from (f"{each} twice" for each, n in after.items() if n > max(1, before[each]))


def _value(listing: fields.ListField, item: Json | None) -> str:
    value = str((item or {}).get(listing.value) or "")
    return merge.canonical_email(value) if listing.name == "emails" else merge.digits(value)


# -- contacts beside each other -------------------------------------------------------------


class Claims:
    """Who holds which e-mail and phone before a plan, and who would after it."""

    def __init__(self, contacts: Contacts, changes: Iterable[Change]) -> None:
        self._before: dict[str, dict[str, set[Key]]] = {}
        self._after: dict[str, dict[str, set[Key]]] = {}
        self._holders: dict[Key, set[str]] = {}
        self._takers: dict[Key, set[str]] = {}
        names = set()
        for change in changes:
            for edit in change.edits:
                if edit.field in _KEYS:
                    names.add(edit.field)
                    self._before.setdefault(change.contact_id, {})[edit.field] = _keys(
                        edit.field, edit.before
                    )
                    self._after.setdefault(change.contact_id, {})[edit.field] = _keys(
                        edit.field, edit.after
                    )
        for contact_id, lists in self._after.items():
            for key in set[Key]().union(*lists.values()):
                self._takers.setdefault(key, set()).add(contact_id)
        for contact_id, document in contacts.documents().items() if names else ():
            for name in names:
                items = wire.items_of(document, fields.LISTS[name])
                for key in _keys(name, (item for _, item in items)):
                    self._holders.setdefault(key, set()).add(contact_id)

    def _claimed(self, contact_id: str) -> set[Key]:
        """Return the keys a contact would newly hold, where the service would mind."""
        after, before = self._after.get(contact_id, {}), self._before.get(contact_id, {})
        minded = ["emails"] if "emails" in after else ["phones"] if "phones" in after else []
        return {key for name in minded for key in after[name] - before[name]}

    def _released(self, contact_id: str) -> set[Key]:
        after, before = self._after.get(contact_id, {}), self._before.get(contact_id, {})
        return {key for name in before for key in before[name] - after[name]}

    def _claimants(self, planned: Iterable[str]) -> dict[Key, set[str]]:
        claimants: dict[Key, set[str]] = {}
        for contact_id in planned:
            for key in self._claimed(contact_id):
                claimants.setdefault(key, set()).add(contact_id)
        return claimants

    def collisions(self, planned: Mapping[str, Change]) -> list[Refusal]:
        """Return the contacts that newly claim what another holds on to, or claims as well."""
        refused: dict[str, Refusal] = {}
        for key, claimants in self._claimants(planned).items():
            kept = {
                holder
                for holder in self._holders.get(key, set())
                if holder not in planned or key not in self._released(holder)
            }
            for contact_id in claimants:
                if others := sorted((claimants | kept) - {contact_id}):
                    why = (
                        f"{key[1]} is also {'claimed by' if others[0] in claimants else 'held by'} "
                        f"{', '.join(others[:3])}: the service allows it one contact; change or "
                        f"merge the other first"
                    )
                    refused.setdefault(
                        contact_id,
                        Refusal(contact_id, key[0], "DUPLICATE_CONTACT_EXISTS", why),
                    )
        return list(refused.values())

    def _waits(self, planned: Iterable[str]) -> dict[str, set[str]]:
        """Return for each contact those that must let go of a value first."""
        planned = list(planned)
        claimants = self._claimants(planned)
        waits: dict[str, set[str]] = {contact_id: set() for contact_id in planned}
        for holder in planned:
            for key in self._released(holder):
                for claimant in claimants.get(key, set()) - {holder}:
                    waits[claimant].add(holder)
        return waits

    def cycle(self, planned: Iterable[str]) -> list[Refusal]:
        """Return the contacts that wait for each other to let go, in rings of any length."""
        waits = self._waits(planned)
        ring = _unordered(waits)
        # What merely waits for a ring is in none: looked at from the other end, it is free.
        awaited: dict[str, set[str]] = {each: set() for each in ring}
        for each in ring:
            for other in waits[each] & ring:
                awaited[other].add(each)
        ring = _unordered(awaited)
        return [
            Refusal(
                each,
                None,
                "DUPLICATE_CONTACT_EXISTS",
                f"exchanges an e-mail or phone with {', '.join(sorted(waits[each] & ring)[:3])}; "
                "free one of the values in a first plan, set it in a second",
            )
            for each in sorted(ring)
        ]

    def order(self, planned: Iterable[str]) -> list[str]:
        """Return the contacts so that who must let go comes first, else by contact id."""
        sorter = graphlib.TopologicalSorter(self._waits(planned))
        sorter.prepare()
        ordered: list[str] = []
        while sorter.is_active():
            ready = sorted(sorter.get_ready())
            ordered += ready
            sorter.done(*ready)
        return ordered

    def shared(self, change: Change, edit: Edit) -> Iterator[tuple[RiskKind, Key, str]]:
        """Yield what a sent list shares with another contact, whether newly, and with whom.

        Newly is a risk only where the service does not compare: else it was refused above.
        """
        before = self._before.get(change.contact_id, {}).get(edit.field, set())
        for key in sorted(self._after.get(change.contact_id, {}).get(edit.field, set())):
            if key in before:
                others = self._holders.get(key, set())
            else:
                others = self._keepers(key) | self._takers.get(key, set())
            if named := sorted(others - {change.contact_id}):
                yield ("shared" if key in before else "claimed"), key, named[0]

    def _keepers(self, key: Key) -> set[str]:
        held = self._holders.get(key, set())
        return {each for each in held if key not in self._released(each)}


def _unordered(waits: Mapping[str, set[str]]) -> set[str]:
    """Return the contacts that can be put in no order: those in a ring, or waiting for one."""
    sorter, left = graphlib.TopologicalSorter(waits), set(waits)
    with contextlib.suppress(graphlib.CycleError):  # as much as can be ordered still is
        sorter.prepare()
    while ready := sorter.get_ready():
        left.difference_update(ready)
        sorter.done(*ready)
    return left


def _keys(name: str, items: Iterable[Json] | None) -> set[Key]:
    return {(name, key) for item in items or () if (key := _KEYS[name](item))}


def _email_key(item: Json) -> str:
    return str(item.get("email") or "").strip().casefold()


def _phone_key(item: Json) -> str:
    """Return a phone as the service compares it: in E.164 where it is valid, else its digits."""
    phone, country = str(item.get("phone") or ""), str(item.get("countryCode") or "") or None
    if known := item.get("e164Phone"):
        return str(known)
    try:
        number = phonenumbers.parse(phone, country)
    except phonenumbers.NumberParseException:
        return merge.digits(phone)
    if phonenumbers.is_valid_number(number):
        return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return merge.digits(phone)


_KEYS = {"emails": _email_key, "phones": _phone_key}
