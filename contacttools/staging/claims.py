"""Claims: who holds which e-mail and phone before a plan, and who would after it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

import phonenumbers

from contacttools.contact import fields, merge, wire
from contacttools.contact.fields import Json
from contacttools.planning.change import Change, Edit, Refusal
from contacttools.planning.planfile import RiskKind
from contacttools.snapshot.contacts import Contacts

#: What may belong to one contact only: ("emails", address) or ("phones", number).
Key = tuple[str, str]


class Claims:
    """Who holds which e-mail and phone before a plan, and who would after it."""

    def __init__(self, contacts: Contacts, changes: Collection[Change]) -> None:
        self._before: dict[str, dict[str, set[Key]]] = {}
        self._after: dict[str, dict[str, set[Key]]] = {}
        self._holders: dict[Key, set[str]] = {}
        self._takers: dict[Key, set[str]] = {}
        self._allowed = {each.contact_id for each in changes if each.allow_duplicates is not None}
        names = set()
        for change in changes:
            for edit in change.edits:
                if edit.field in KEYS:
                    names.add(edit.field)
                    self._before.setdefault(change.contact_id, {})[edit.field] = keys_of(
                        edit.field, edit.before
                    )
                    self._after.setdefault(change.contact_id, {})[edit.field] = keys_of(
                        edit.field, edit.after
                    )
        for contact_id, lists in self._after.items():
            for key in set[Key]().union(*lists.values()):
                self._takers.setdefault(key, set()).add(contact_id)
        for contact_id, document in contacts.documents().items() if names else ():
            for name in names:
                items = wire.items_of(document, fields.LISTS[name])
                for key in keys_of(name, (item for _, item in items)):
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
        """Return the contacts that newly claim what another holds on to, or claims as well.

        Who may share is refused nothing, and takes nothing from whoever claims the same.
        """
        refused: dict[str, Refusal] = {}
        for key, claimants in self._claimants(planned).items():
            kept = {
                holder
                for holder in self._holders.get(key, set())
                if holder not in planned or key not in self._released(holder)
            }
            unasked = claimants - self._allowed
            for contact_id in unasked:
                if others := sorted((unasked | kept) - {contact_id}):
                    why = (
                        f"{key[1]} is also {'claimed by' if others[0] in unasked else 'held by'} "
                        f"{', '.join(others[:3])}: the service allows it one contact; change or "
                        f"merge the other first, or stage.allow_duplicates(…, reason=…)"
                    )
                    refused.setdefault(
                        contact_id,
                        Refusal(contact_id, key[0], "DUPLICATE_CONTACT_EXISTS", why),
                    )
        return list(refused.values())

    def waits(self, planned: Iterable[str]) -> dict[str, set[str]]:
        """Return for each contact those that must be written before it.

        Who lets go of a value comes before who claims it. Who may share it waits for nobody
        but those who claim the same and may not: they could not have it any more.
        """
        planned = list(planned)
        claimants = self._claimants(planned)
        waits: dict[str, set[str]] = {contact_id: set() for contact_id in planned}
        for holder in planned:
            for key in self._released(holder):
                for claimant in claimants.get(key, set()) - self._allowed - {holder}:
                    waits[claimant].add(holder)
        for claiming in claimants.values():
            for claimant in claiming & self._allowed:
                waits[claimant] |= claiming - self._allowed
        return waits

    def exchanged(self, contact_id: str, planned: Iterable[str]) -> set[Key]:
        """Return what a contact lets go of and another planned one newly claims."""
        claimed = set(self._claimants(each for each in planned if each != contact_id))
        return self._released(contact_id) & claimed

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
                newly: RiskKind = "claimed" if change.allow_duplicates is None else "allowed"
                yield ("shared" if key in before else newly), key, named[0]

    def _keepers(self, key: Key) -> set[str]:
        held = self._holders.get(key, set())
        return {each for each in held if key not in self._released(each)}


def keys_of(name: str, items: Iterable[Json] | None) -> set[Key]:
    """Return what the items of a list hold against other contacts."""
    return {(name, key) for item in items or () if (key := KEYS[name](item))}


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


KEYS = {"emails": _email_key, "phones": _phone_key}
