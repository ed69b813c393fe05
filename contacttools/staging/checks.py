"""Checks: what would go wrong with a plan, seen before anything is sent. Pure.

A contact that cannot be written is refused here with its reason and never holds up the
others; what a person should know before approving is a risk, said in words.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from contacttools.contact import fields, merge, wire
from contacttools.contact.fields import Json
from contacttools.planning.change import Change, Edit, Refusal, Risk
from contacttools.planning.patterns import reaches_the_same
from contacttools.snapshot.contacts import Contacts
from contacttools.staging import ordering
from contacttools.staging.claims import KEYS, Claims

_LIKELY = {"emails": re.compile(r"^\S+@\S+\.\S+$"), "phones": re.compile(r"(\d\D*){3}")}


def review(
    changes: Iterable[Change], contacts: Contacts
) -> tuple[tuple[Change, ...], list[Refusal], list[Risk]]:
    """Return the changes that can be planned, in order, the refused ones, and the risks."""
    sound: dict[str, Change] = {}
    refused: list[Refusal] = []
    for change in changes:
        refusal = _cannot_be_sent(change) or _members_email(change, contacts)
        if refusal:
            refused.append(refusal)
        else:
            sound[change.contact_id] = change
    claims = Claims(contacts, list(sound.values()))
    while collisions := claims.collisions(sound):
        refused += collisions
        for each in collisions:
            del sound[each.contact_id]
    ordered, exchanges = ordering.ordered(sound, claims)
    risks = [risk for change in sound.values() for risk in _risks(change, contacts, claims)]
    place = {change.contact_id: n for n, change in enumerate(ordered)}
    risks = sorted([*exchanges, *risks], key=lambda each: place[each.contact_id])
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


def _members_email(change: Change, contacts: Contacts) -> Refusal | None:
    """Refuse another primary e-mail of whoever can be seen to be a member of the site."""
    document = contacts.document(change.contact_id)
    member = wire.extended_items(document).get("members.membershipStatus")
    edit = next((each for each in change.edits if each.field == "emails"), None)
    if not member or edit is None:
        return None
    was, now = merge.primary(edit.before), merge.primary(edit.after)
    listing = fields.LISTS["emails"]
    if not was or _value(listing, was) == _value(listing, now):
        return None
    why = (
        f"{was['email']} is the primary e-mail of a site member ({member}): change the member's "
        "login e-mail with the Members API, and the contact follows; other e-mails may be changed"
    )
    return Refusal(change.contact_id, "emails", "CANNOT_UPDATE_MEMBER_EMAIL", why)


def _risks(change: Change, contacts: Contacts, claims: Claims) -> Iterator[Risk]:
    document = contacts.document(change.contact_id)
    for edit in change.edits:
        if edit.field not in fields.LISTS:
            continue
        listing = fields.LISTS[edit.field]
        was, now = merge.primary(edit.before), merge.primary(edit.after)
        if was is not None and listing.has_primary and not _stays(listing, was, now):
            to = (now or {}).get(listing.value) or "none"
            text = f"{listing.singular} {was.get(listing.value)} → {to}"
            yield Risk("primary", change.contact_id, edit.field, text)
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


def _stays(listing: fields.ListField, was: Json, now: Json | None) -> bool:
    """Say whether the primary one is the same, or merely written otherwise."""
    same = _value(listing, was) == _value(listing, now)
    return same or (now is not None and reaches_the_same(listing, was, now))


def _doubts(edit: Edit) -> Iterator[str]:
    """Say what a person would hardly mean: an e-mail that is none, the same number twice."""
    if edit.field not in KEYS:
        return
    name, key = fields.LISTS[edit.field].value, KEYS[edit.field]
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
