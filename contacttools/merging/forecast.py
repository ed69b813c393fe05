"""Forecast: what a contact becomes when others are merged into it, and what is lost. Pure.

The service overwrites nothing of the target: it appends the sources' list items that the target
does not have, and fills what is empty, the first source first. What a preview of the service says
otherwise is shown beside this, and settles it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from contacttools.contact import fields, merge, wire
from contacttools.contact.fields import Json, ListField
from contacttools.contact.wire import Values

AT_ONCE = 5  # sources that the service takes in one call

MEMBER = "members.membershipStatus"
_STATUSES = {
    "e-mail subscription": ("subscriptionStatus", "primaryEmail"),
    "e-mail deliverability": ("deliverabilityStatus", "primaryEmail"),
    "phone subscription": ("subscriptionStatus", "primaryPhone"),
}
_ELSEWHERE = ("picture", "locations", "assignedUserIds")


@dataclass(frozen=True, slots=True)
class Fate:
    """What a merge makes of one field.

    Attributes
    ----------
    field : str
    value : value
        What the target will hold.
    winner : str
        The contact whose value it is; of a list, the target; empty where it is nobody's.
    reason : str
    lost : tuple of (str, value)
        Contacts whose value does not survive, and that value; of a list, single items.
    """

    field: str
    value: Json
    winner: str
    reason: str
    lost: tuple[tuple[str, Json], ...] = ()


# -- what is read of a contact --------------------------------------------------------------


def held(document: Json) -> Values:
    """Return what can be written of a contact, phones with the international form beside."""
    values = wire.values(document)
    if "phones" in values:
        listing = fields.LISTS["phones"]
        raw = dict(wire.items_of(document, listing))
        values["phones"] = tuple(
            {**item, "e164Phone": e164}
            if isinstance(e164 := raw[item["id"]].get("e164Phone"), str)
            else item
            for item in values["phones"]
        )
    return values


def membership(document: Json) -> str:
    """Return the status of whoever can be seen to be a site member; else nothing."""
    return str(wire.extended_items(document).get(MEMBER) or "")


def consent(document: Json) -> dict[str, str]:
    """Return the statuses by which a contact may be written to, those that say something."""
    extended = wire.extended_items(document)
    found = {}
    for name, (member, item) in _STATUSES.items():
        status = fields.dig(document, (item, member))
        if status is None and item == "primaryEmail":
            status = extended.get(f"emailSubscriptions.{member}")
        if status not in (None, "", "NO_SUBSCRIPTION_STATUS"):
            found[name] = str(status)
    return found


def unforeseen(documents: Iterable[Json]) -> list[str]:
    """Return what sources hold and no forecast speaks of: the service decides about it."""
    found = dict.fromkeys(
        name
        for document in documents
        for name in _ELSEWHERE
        if fields.dig(document, ("info", name)) not in (None, "", {}, {"items": []})
    )
    derived = ("contacts.", "custom.", "emailSubscriptions.", "members.")
    found |= dict.fromkeys(
        key
        for document in documents
        for key, value in wire.extended_items(document).items()
        if value not in (None, "") and not key.startswith(derived)
    )
    return list(found)


# -- what a merge makes of it ---------------------------------------------------------------


def merged(target: Values, sources: Iterable[Values]) -> Values:
    """Return what the target holds once the sources are merged into it, in this order."""
    result = dict(target)
    for source in sources:
        for name, value in source.items():
            if name in fields.LISTS:
                result[name] = _appended(fields.LISTS[name], result.get(name), value)
            elif name == fields.LABELS.name:
                result[name] = tuple(dict.fromkeys((*(result.get(name) or ()), *value)))
            elif result.get(name) is None:
                result[name] = value
    return result


def _appended(listing: ListField, own: Json, given: Json) -> Json:
    """Append the items that are not there; the first ones ever keep their primary mark."""
    items = list(own or ())
    for item in given:
        if not any(same_item(listing, item, other) for other in items):
            items.append({**item, "primary": False} if own and "primary" in item else item)
    return tuple(items)


def same_item(listing: ListField, one: Json, other: Json) -> bool:
    """Say whether a merge keeps only one of two items."""
    if listing.name == "emails":
        return _folded(one, "email") == _folded(other, "email")
    if listing.name == "phones":
        if "e164Phone" in one and "e164Phone" in other:
            return bool(one["e164Phone"] == other["e164Phone"])
        return _digits(one) == _digits(other)
    return _address(one) == _address(other)


def _folded(item: Json, name: str) -> str:
    return str(item.get(name) or "").lower()


def _digits(item: Json) -> str:
    phone = str(item.get("phone") or "")
    return "".join(character for character in phone if character.isdigit()) or phone


def _address(item: Json) -> str:
    parts = {name: value for name, value in item.items() if name not in ("id", "tag", "primary")}
    return json.dumps(parts, sort_keys=True)


def too_long(values: Values) -> list[str]:
    """Return the lists that would have more items than the service takes."""
    most = dict.fromkeys(fields.LISTS, fields.MAX_ITEMS) | {fields.LABELS.name: fields.MAX_LABELS}
    return [name for name, n in most.items() if len(values.get(name) or ()) > n]


def fates(members: Mapping[str, Values], kept: Mapping[str, str]) -> tuple[Fate, ...]:
    """Return what becomes of every field that one of the members has.

    Parameters
    ----------
    members : mapping of str to Values
        The target first, then the sources in their order.
    kept : mapping of str to str
        Fields whose value a person chose: by field name the contact whose value it is.
    """
    target, *sources = members
    whole = merged(members[target], (members[each] for each in sources))
    usual = (*fields.SCALARS, *fields.LISTS, fields.LABELS.name)
    names = [*(each for each in usual if each in whole), *sorted(set(whole) - set(usual))]
    return tuple(
        _fate(name, members, kept.get(name))
        if name not in fields.LISTS and name != fields.LABELS.name
        else _fate_of_items(name, members, whole[name])
        for name in names
    )


def _fate(name: str, members: Mapping[str, Values], kept: str | None) -> Fate:
    target, *sources = members
    if kept is not None:
        winner, reason = kept, "kept by choice, written to the target before the merge"
    elif members[target].get(name) is not None:
        winner, reason = target, "the target's own"
    else:
        winner = next(each for each in sources if members[each].get(name) is not None)
        reason = "empty on the target; the first source that has it"
    value = members[winner][name]
    lost = tuple(
        (each, values[name])
        for each, values in members.items()
        if values.get(name) is not None and not merge.same(name, values[name], value)
    )
    return Fate(name, value, winner, reason, lost)


def _fate_of_items(name: str, members: Mapping[str, Values], whole: Json) -> Fate:
    """Return what becomes of a list; an item that is there already is lost where it says more."""
    target, *sources = members
    lost: list[tuple[str, Json]] = []
    for each in sources if name in fields.LISTS else ():
        listing = fields.LISTS[name]
        for item in members[each].get(name) or ():
            twin = next(other for other in whole if same_item(listing, item, other))
            keys = {merge.item_key(listing, one, primary=False) for one in (item, twin)}
            if len(keys) > 1:
                lost.append((each, (item,)))
    gained = len(whole) - len(members[target].get(name) or ())
    why = f"all are kept, {gained} from sources" if gained else "the target has them all"
    if lost:
        why += "; of equal ones the first as it is spelled and tagged"
    return Fate(name, whole, target, why, tuple(lost))


def as_told(name: str, value: Json, members: Mapping[str, Values]) -> Fate:
    """Return what becomes of a field by the service's own preview."""
    whose = (each for each, values in members.items() if merge.same(name, values.get(name), value))
    lost = tuple(
        (each, values[name])
        for each, values in members.items()
        if name not in fields.LISTS
        and name != fields.LABELS.name
        and values.get(name) is not None
        and not merge.same(name, values[name], value)
    )
    return Fate(name, value, next(whose, ""), "as the service's preview says", lost)
