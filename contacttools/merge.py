"""Merge: when two values are the same, what differs between them, and three-way merging. Pure.

Two questions, two answers. `same` asks whether a person changed anything: exact, except
that ids and order of items carry no meaning. `stored_as` asks whether the service holds
what was wanted: it reformats phones, lowers locales, prefixes regions, and gives new ids.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from contacttools import fields
from contacttools.fields import Json, ListField
from contacttools.wire import Values

ItemKind = Literal["added", "removed", "changed", "primary moved"]
PROVISIONAL = "new-"  # begins the id of an item that the service has not seen yet


# -- sameness -------------------------------------------------------------------------------


def same(name: str, one: Json, other: Json) -> bool:
    """Say whether two values of a field are the same to the person who edits it."""
    if name in fields.LISTS:
        listing = fields.LISTS[name]
        return Counter(item_key(listing, item) for item in one or ()) == Counter(
            item_key(listing, item) for item in other or ()
        )
    if name == fields.LABELS.name:
        return set(one or ()) == set(other or ())
    return bool(one == other)


def item_key(listing: ListField, item: Json, *, primary: bool = True) -> Hashable:
    """Return what makes an item what it is: its members, without id and derived text."""
    return tuple(
        (member.name, item[member.name])
        for member in listing.editable
        if item.get(member.name) is not None and (primary or member.name != "primary")
    )


def stored_as(name: str, wanted: Json, held: Json) -> bool:
    """Say whether the service holds what was wanted, allowing for how it rewrites values."""
    if name in fields.LISTS:
        return Counter(_stored_items(fields.LISTS[name], wanted)) == Counter(
            _stored_items(fields.LISTS[name], held)
        )
    if name == fields.LABELS.name:
        return set(wanted or ()) == set(held or ())
    if isinstance(wanted, str) and isinstance(held, str):
        if name == "locale":
            return wanted.casefold() == held.casefold()
        # URL fields get a scheme in front when they have none.
        return wanted == held or (name.startswith("custom.") and held == f"https://{wanted}")
    return bool(wanted == held)


def _stored_items(listing: ListField, items: Iterable[Json] | None) -> list[Hashable]:
    return [_stored_item(listing, item) for item in settle_primary(listing, list(items or ()))]


def _stored_item(listing: ListField, item: Json) -> Hashable:
    kept = {member.name: item.get(member.name) for member in listing.editable}
    kept["tag"] = kept.get("tag") or "UNTAGGED"
    if listing.name == "emails":
        kept["email"] = canonical_email(kept.get("email") or "")
    elif listing.name == "phones":
        kept["phone"] = digits(kept.get("phone") or "")
    elif listing.name == "addresses":
        region, country = kept.get("subdivision"), kept.get("country")
        if region and country and not region.startswith(f"{country}-"):
            kept["subdivision"] = f"{country}-{region}"
    return tuple(kept.items())


def canonical_email(email: str) -> str:
    """Return an address with its domain in lower case, which is how it is delivered."""
    local, at, domain = email.strip().rpartition("@")
    return f"{local}{at}{domain.lower()}"


def digits(phone: str) -> str:
    """Return the digits of a phone number, with a leading plus kept."""
    plus = "+" if phone.strip().startswith("+") else ""
    return plus + "".join(character for character in phone if character.isdecimal())


# -- settling a list ------------------------------------------------------------------------


def settle(name: str, base: Json, value: Json) -> Json:
    """Return a list as a plan holds it, so that every route to the same items gives the same list.

    Items that the base has keep its ids, order and derived text; new ones follow in a fixed
    order and without ids; one item is primary where the list knows a primary at all.
    """
    if name == fields.LABELS.name:
        kept = [key for key in base or () if key in set(value or ())]
        return (*kept, *sorted(set(value or ()) - set(kept))) or None
    if name not in fields.LISTS:
        return value
    listing = fields.LISTS[name]
    known = {item["id"]: item for item in base or () if "id" in item}
    place = {item_id: position for position, item_id in enumerate(known)}
    items = _adopt_ids(listing, known, value or ())
    items.sort(
        key=lambda item: (
            (place[item["id"]], "") if item.get("id") in place else (len(place), _text(item))
        )
    )
    settled = settle_primary(listing, items)
    return (
        tuple(_with_carried(listing, known.get(item.get("id")), item) for item in settled) or None
    )


def _text(item: Json) -> str:
    return json.dumps(item, sort_keys=True, ensure_ascii=True)


def _adopt_ids(listing: ListField, known: Mapping[str, Json], items: Sequence[Json]) -> list[Json]:
    """Drop ids the base does not know; give items without one the id of an equal free base item."""
    taken = {item.get("id") for item in items}
    free: dict[Hashable, list[str]] = {}
    for item_id, item in known.items():
        if item_id not in taken:
            free.setdefault(item_key(listing, item, primary=False), []).append(item_id)
    adopted = []
    for item in items:
        bare = dict(item)
        if bare.get("id") not in known:
            bare.pop("id", None)
        if "id" not in bare and (ids := free.get(item_key(listing, bare, primary=False))):
            bare["id"] = ids.pop(0)
        adopted.append(bare)
    return adopted


def settle_primary(listing: ListField, items: list[Json]) -> list[Json]:
    """Return the items with one primary: the one marked, else the first, as the service does."""
    if not listing.has_primary or not items:
        return items
    chosen = next((n for n, item in enumerate(items) if item.get("primary")), 0)
    return [{**item, "primary": n == chosen} for n, item in enumerate(items)]


def _with_carried(listing: ListField, base: Json | None, item: Json) -> Json:
    carried = {member.name for member in listing.carried}
    bare = {key: value for key, value in item.items() if key not in carried}
    if base is None or item_key(listing, base) != item_key(listing, bare):
        return bare
    return bare | {name: base[name] for name in carried if name in base}


def primary(items: Iterable[Json] | None) -> Json | None:
    """Return the primary item of a list: the one marked so, else the first; None when empty."""
    listed = list(items or ())
    return next((item for item in listed if item.get("primary")), listed[0] if listed else None)


# -- differences within a list --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ItemChange:
    """What happened to one item of a list."""

    kind: ItemKind
    item_id: str | None
    before: Json | None
    after: Json | None


def item_changes(name: str, before: Json, after: Json) -> list[ItemChange]:
    """Return what differs between two settled lists, item by item; order means nothing."""
    listing = fields.LISTS[name]
    old, new = list(before or ()), list(after or ())
    pairs = _pair(listing, old, new)
    changes = [
        ItemChange("removed", old[n].get("id"), old[n], None)
        for n in range(len(old))
        if n not in pairs
    ]
    for n, m in pairs.items():
        if item_key(listing, old[n], primary=False) != item_key(listing, new[m], primary=False):
            changes.append(ItemChange("changed", old[n].get("id"), old[n], new[m]))
    used = set(pairs.values())
    changes += [ItemChange("added", None, None, new[m]) for m in range(len(new)) if m not in used]
    if listing.has_primary and old and new:
        was, now = primary(old), primary(new)
        stays = any(old[n] is was and new[m] is now for n, m in pairs.items())
        if not stays:
            changes.append(ItemChange("primary moved", (now or {}).get("id"), was, now))
    return changes


def _pair(listing: ListField, old: Sequence[Json], new: Sequence[Json]) -> dict[int, int]:
    """Pair items by id, then by value: the service may give the same item a new id."""
    pairs: dict[int, int] = {}
    where = {item["id"]: m for m, item in enumerate(new) if "id" in item}
    for n, item in enumerate(old):
        if (m := where.get(item.get("id"))) is not None:
            pairs[n] = m
    for with_primary in (True, False):
        free: dict[Hashable, list[int]] = {}
        for m, item in enumerate(new):
            if m not in pairs.values():
                free.setdefault(item_key(listing, item, primary=with_primary), []).append(m)
        for n, item in enumerate(old):
            if n not in pairs and (at := free.get(item_key(listing, item, primary=with_primary))):
                pairs[n] = at.pop(0)
    return pairs


# -- three ways -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Clash:
    """Both sides changed the same thing, differently; a person has to choose."""

    base: Json
    ours: Json
    theirs: Json


def three_way(name: str, base: Json, ours: Json, theirs: Json) -> Json | Clash:
    """Return our change carried onto their value, or a `Clash` where both touched one thing."""
    if same(name, ours, theirs):
        return theirs
    if same(name, base, theirs):
        return _renamed(name, base, ours, theirs)
    if same(name, base, ours):
        return theirs
    if name in fields.LISTS:
        return _merge_items(fields.LISTS[name], base, ours, theirs)
    if name == fields.LABELS.name:
        removed, added = set(base or ()) - set(ours or ()), set(ours or ()) - set(base or ())
        return (*(key for key in theirs or () if key not in removed), *sorted(added)) or None
    return Clash(base, ours, theirs)


def _renamed(name: str, base: Json, ours: Json, theirs: Json) -> Json:
    """Return our list under the ids their side now gives to the same items."""
    if name not in fields.LISTS:
        return ours
    old, new = list(base or ()), list(theirs or ())
    pairs = _pair(fields.LISTS[name], old, new)
    ids = {old[n].get("id"): new[m].get("id") for n, m in pairs.items()}
    return tuple({**item, "id": ids.get(item.get("id"), item.get("id"))} for item in ours or ())


def _merge_items(listing: ListField, base: Json, ours: Json, theirs: Json) -> Json | Clash:
    clash = Clash(base, ours, theirs)
    base_items, their_items = list(base or ()), list(theirs or ())
    found = _pair(listing, base_items, their_items)
    place = {item.get("id"): n for n, item in enumerate(base_items)}
    merged: list[Json | None] = list(their_items)
    for change in item_changes(listing.name, base, settle(listing.name, base, ours)):
        match change.kind:
            case "added":
                merged.append(change.after)
            case "primary moved":
                continue  # settled below, once every item has found its place
            case _:
                before = change.before or {}
                position = found.get(place[before.get("id")])
                if position is None or item_key(
                    listing, their_items[position], primary=False
                ) != item_key(listing, before, primary=False):
                    return clash
                merged[position] = (
                    None
                    if change.after is None
                    else {**change.after, **_only(their_items[position], ("id", "primary"))}
                )
    kept = [item for item in merged if item is not None]
    if len(kept) > fields.MAX_ITEMS or (listing.has_primary and _both_moved(base, ours, theirs)):
        return clash
    return _settle_moved(listing, kept, base, ours)


def _both_moved(base: Json, ours: Json, theirs: Json) -> bool:
    chosen = [_value_of(primary(items)) for items in (base, ours, theirs)]
    return chosen[0] != chosen[1] and chosen[0] != chosen[2] and chosen[1] != chosen[2]


def _settle_moved(listing: ListField, items: list[Json], base: Json, ours: Json) -> Json:
    ours_primary = _value_of(primary(ours))
    if listing.has_primary and ours_primary != _value_of(primary(base)):
        at = next((n for n, item in enumerate(items) if _value_of(item) == ours_primary), None)
        if at is not None:
            items = [{**item, "primary": n == at} for n, item in enumerate(items)]
    return tuple(settle_primary(listing, items)) or None


def _value_of(item: Mapping[str, Json] | None) -> Hashable:
    return (item or {}).get("email") or digits((item or {}).get("phone") or "")


def _only(item: Mapping[str, Json], names: Iterable[str]) -> dict[str, Json]:
    return {name: item[name] for name in names if name in item}


def changed_fields(one: Values, other: Values) -> list[str]:
    """Return the fields in which the service's copy differs from ours, as `stored_as` sees it."""
    names = dict.fromkeys((*one, *other))
    return [name for name in names if not stored_as(name, one.get(name), other.get(name))]
