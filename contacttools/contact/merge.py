"""Merge: when two values are the same, what differs between them, and three-way merging. Pure.

Two questions, two answers. `same` asks whether a person changed anything: exact, except
that ids and order of items carry no meaning. `stored_as` asks whether the service holds
what was wanted: it reformats phones, lowers locales, prefixes regions, and gives new ids.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from contacttools.contact import fields, wire
from contacttools.contact.fields import Json, ListField
from contacttools.contact.wire import Values

ItemKind = Literal["added", "removed", "changed", "primary moved"]
PROVISIONAL = "new-"  # begins the id of an item that the service has not seen yet


# -- sameness -------------------------------------------------------------------------------


def same(name: str, one: Json, other: Json) -> bool:
    """Say whether two values of a field are the same to the person who edits it."""
    if name in fields.LISTS:
        listing = fields.LISTS[name]
        return _counted(listing, one) == _counted(listing, other)
    if name == fields.LABELS.name:
        return set(one or ()) == set(other or ())
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _counted(listing: ListField, items: Iterable[Json] | None) -> Counter[Hashable]:
    settled = settle_primary(listing, list(items or ()))
    return Counter(item_key(listing, item) for item in settled)


def item_key(listing: ListField, item: Json, *, primary: bool = True) -> Hashable:
    """Return what makes an item what it is: its members, without id and derived text.

    No tag and the tag UNTAGGED say the same.
    """
    return tuple(
        (member.name, hashable(item[member.name]))
        for member in listing.editable
        if item.get(member.name) not in (None, "UNTAGGED") and (primary or member.name != "primary")
    )


def hashable(value: Json) -> Hashable:
    """Return a value, or what stands for it where it cannot be hashed."""
    return json.dumps(value, sort_keys=True) if isinstance(value, (dict, list)) else value


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
    kept: dict[str, Json] = {
        member.name: hashable(item.get(member.name)) for member in listing.editable
    }
    kept["tag"] = kept.get("tag") or "UNTAGGED"
    if listing.name == "emails":
        kept["email"] = canonical_email(str(kept.get("email") or ""))
    elif listing.name == "phones":
        kept["phone"] = digits(str(kept.get("phone") or ""))
    else:
        region, country = kept.get("subdivision"), kept.get("country")
        if region and country and not str(region).startswith(f"{country}-"):
            kept["subdivision"] = f"{country}-{region}"
    return tuple(kept.items())


def done(name: str, before: Json, wanted: Json, held: Json) -> bool:
    """Say whether a value is what was wanted: of mere spelling, exactly."""
    if stored_as(name, before, wanted):
        return same(name, wanted, held)
    return stored_as(name, wanted, held)


def stored_items(
    name: str, items: Iterable[Json] | None, *, exact: bool = False
) -> Counter[Hashable]:
    """Return the items of a list as the service stores them, or exactly; primary or not."""
    listing, key = fields.LISTS[name], _bare_key if exact else _loose_key
    return Counter(key(listing, item) for item in items or ())


def stored_primary(name: str, items: Iterable[Json] | None) -> Hashable:
    """Return the primary item as the service stores it; None where a list knows none."""
    listing, chosen = fields.LISTS[name], primary(items)
    return _stored_item(listing, chosen) if listing.has_primary and chosen else None


def canonical_email(email: str) -> str:
    """Return an address with its domain in lower case, which is how it is delivered."""
    local, at, domain = email.strip().rpartition("@")
    return f"{local}{at}{domain.lower()}"


def digits(phone: str) -> str:
    """Return a phone number without its punctuation; letters, as in 1-800-EXAMPLE, are dialled."""
    plus = "+" if phone.strip().startswith("+") else ""
    return plus + "".join(character for character in phone if character.isalnum())


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
        tuple(
            _sendable(_with_carried(listing, known.get(item.get("id")), item)) for item in settled
        )
        or None
    )


def _sendable(item: Json) -> Json:
    """Return an item without an id that is only a name for its place."""
    if str(item.get("id", "")).startswith(wire.BY_PLACE):
        return {name: value for name, value in item.items() if name != "id"}
    return item


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
    if bare.get("tag") in (None, "UNTAGGED"):  # the same said in two ways: as it was read
        bare.pop("tag", None)
        bare |= _only(base if base is not None else {"tag": "UNTAGGED"}, ("tag",))
        if base is not None and base.get("tag") not in (None, "UNTAGGED"):
            bare["tag"] = "UNTAGGED"
    if base is None or _derived_from(listing, base) != _derived_from(listing, bare):
        return bare
    return bare | {name: base[name] for name in carried if name in base}


def _derived_from(listing: ListField, item: Json) -> Hashable:
    """Return the members that the carried text is made of: the address, not its tag."""
    return tuple(
        (member.name, hashable(item[member.name]))
        for member in listing.editable
        if member.path[0] == "address" and item.get(member.name) is not None
    )


def restored(name: str, now: Json, before: Json) -> Json:
    """Return a list as it was read before, derived text included, under the ids of now."""
    then = settle(name, now, before)
    if name not in fields.LISTS or not fields.LISTS[name].carried:
        return then
    listing = fields.LISTS[name]
    texts: dict[Hashable, list[Json]] = {}
    for item in before or ():
        texts.setdefault(item_key(listing, item), []).append(item)
    names = [member.name for member in listing.carried]
    return (
        tuple(
            {**item, **_only(texts[item_key(listing, item)].pop(0), names)} for item in then or ()
        )
        or None
    )


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


_STREET = ("streetAddress.number", "streetAddress.name")


def _value_key(listing: ListField, item: Json) -> Hashable:
    """Return what an item reaches, however spelled or tagged; None where nobody can say."""
    if listing.name == "phones":
        return digits(str(item.get("phone") or "")).lstrip("+").casefold() or None
    members = ("email",) if listing.name == "emails" else ("addressLine", *_STREET)
    parts = (str(item.get(name) or "").strip().casefold() for name in members)
    return " ".join(filter(None, parts)) or None


def _pair(
    listing: ListField, old: Sequence[Json], new: Sequence[Json], *, loosely: bool = False
) -> dict[int, int]:
    """Pair items by id, then by value: the service may give the same item a new id.

    Loosely, it may be spelled otherwise as well, and somebody may have given it another tag.
    """
    pairs: dict[int, int] = {}
    where = {
        item["id"]: m
        for m, item in enumerate(new)
        if "id" in item and not item["id"].startswith(wire.BY_PLACE)
    }
    for n, item in enumerate(old):
        if (m := where.get(item.get("id"))) is not None:
            pairs[n] = m
    keys: list[Callable[[ListField, Json], Hashable]] = [item_key, _bare_key]
    for key in [*keys, _loose_key, _value_key] if loosely else keys:
        taken, free = set(pairs.values()), dict[Hashable, list[int]]()
        for m, item in enumerate(new):
            if m not in taken:
                free.setdefault(key(listing, item), []).append(m)
        free.pop(None, None)
        for n, item in enumerate(old):
            if n not in pairs and (at := free.get(key(listing, item))):
                pairs[n] = at.pop(0)
    return pairs


def _bare_key(listing: ListField, item: Json) -> Hashable:
    """Return what makes an item what it is, whether or not it is primary."""
    return item_key(listing, item, primary=False)


def _loose_key(listing: ListField, item: Json) -> Hashable:
    """Return what an item is once stored, primary or not."""
    return _stored_item(listing, {**item, "primary": False})


# -- three ways -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Clash:
    """Both sides changed the same thing, differently; a person has to choose."""

    base: Json
    ours: Json
    theirs: Json


def carried(name: str, base: Values, ours: Json, theirs: Values) -> Json | Clash:
    """Return our value of a field carried onto their contact, or a `Clash`.

    Another name may mean another person: both parts of it or neither.
    """
    if name.startswith("name."):
        moved = any(base.get(part) != theirs.get(part) for part in ("name.first", "name.last"))
        if moved and ours != theirs.get(name):
            return Clash(base.get(name), ours, theirs.get(name))
    return three_way(name, base.get(name), ours, theirs.get(name))


def three_way(name: str, base: Json, ours: Json, theirs: Json) -> Json | Clash:
    """Return our change carried onto their value, or a `Clash` where both touched one thing."""
    if same(name, base, theirs):
        return _renamed(name, base, ours, theirs)
    if same(name, base, ours) or same(name, ours, theirs):
        return theirs
    if stored_as(name, ours, theirs) and not stored_as(name, base, ours):
        return theirs  # the same edit, spelled by the service; of mere spelling ours would be lost
    if name in fields.LISTS:
        return _merge_items(fields.LISTS[name], base, ours, theirs)
    if name == fields.LABELS.name:
        removed, added = set(base or ()) - set(ours or ()), set(ours or ()) - set(base or ())
        return (
            tuple(
                dict.fromkeys(
                    (*(key for key in theirs or () if key not in removed), *sorted(added))
                )
            )
            or None
        )
    return Clash(base, ours, theirs)


def _renamed(name: str, base: Json, ours: Json, theirs: Json) -> Json:
    """Return our list under the ids their side now gives to the same items."""
    if name not in fields.LISTS:
        return ours
    old, new = list(base or ()), list(theirs or ())
    pairs = _pair(fields.LISTS[name], old, new)
    ids = {
        old[n]["id"]: new[m]["id"] for n, m in pairs.items() if "id" in old[n] and "id" in new[m]
    }
    return (
        tuple(
            {**item, "id": ids[item["id"]]} if item.get("id") in ids else item
            for item in ours or ()
        )
        or None
    )


def _merge_items(listing: ListField, base: Json, ours: Json, theirs: Json) -> Json | Clash:
    join = _Join(listing, list(base or ()), settle_primary(listing, list(ours or ())), theirs)
    if not join.read() or (listing.has_primary and not join.choose()):
        return Clash(base, ours, theirs)
    left = [item for item in join.merged if item is not None]
    if len(left) > fields.MAX_ITEMS:
        return Clash(base, ours, theirs)
    return tuple(settle_primary(listing, left)) or None


class _Join:
    """Three lists becoming one. Places: `n` in the old one, `m` in ours, `at` in the merged one."""

    def __init__(
        self, listing: ListField, old: list[Json], ours: list[Json], theirs: Iterable[Json] | None
    ) -> None:
        self._listing, self._old, self._ours = listing, old, ours
        self._theirs = list(theirs or ())
        self._kept = _pair(listing, old, ours)
        self._found = _pair(listing, old, self._theirs, loosely=True)
        self.merged: list[Json | None] = list(self._theirs)
        self._came: dict[int, int] = {}  # where ours came to stand
        self._new: dict[Hashable, list[int]] = {}  # what they added, to be taken once each
        for at, item in enumerate(self._theirs):
            if at not in self._found.values():
                self._new.setdefault(self._loose(item), []).append(at)

    def read(self) -> bool:
        """Carry our edits over, item by item; False when one of them cannot be."""
        if not all(self._carry(n, item) for n, item in enumerate(self._old)):
            return False
        for m, item in enumerate(self._ours):
            if m not in self._kept.values():
                at = self._taken(item)
                if at is None:
                    if self._added_otherwise(item):
                        return False
                    at = len(self.merged)
                    self.merged.append(item)
                self._came[m] = at
        return True

    def _added_otherwise(self, item: Json) -> bool:
        """Say whether they have added the same e-mail or phone too, and call it something else."""
        key = _value_key(self._listing, item)
        added = (self._theirs[at] for places in self._new.values() for at in places)
        return key is not None and any(key == _value_key(self._listing, each) for each in added)

    def _carry(self, n: int, was: Json) -> bool:
        m, at = self._kept.get(n), self._found.get(n)
        if m is None:
            return at is None or self._without(at, was)
        item = self._ours[m]
        if self._key(item) == self._key(was):
            if at is not None:
                self._came[m] = at
            return True
        if at is None:
            at = self._taken(item)  # the same edit, under a new id
        if at is None:
            return False
        self._came[m] = at
        theirs = self._theirs[at]
        if self._key(theirs) == self._key(item):
            return True
        then, here, now = map(self._loose, (was, theirs, item))
        if self._key(theirs) == self._key(was) or then == here != now:  # at most spelled otherwise
            self.merged[at] = {**item, **_only(theirs, ("id",))}
            return True
        return here == now != then  # the same edit; of mere spelling, ours would be lost

    def _without(self, at: int, was: Json) -> bool:
        """Take out what we removed; False when they have changed it meanwhile."""
        self.merged[at] = None
        return self._loose(self._theirs[at]) == self._loose(was)

    def choose(self) -> bool:
        """Settle which item is primary; False when both sides chose, or ours is gone."""
        was, ours, theirs = (_primary_at(each) for each in (self._old, self._ours, self._theirs))
        we_moved = ours >= 0 and self._kept.get(was) != ours
        they_moved = theirs >= 0 and self._found.get(was) != theirs
        chosen = self._came.get(ours, -1) if we_moved else theirs
        if we_moved and (chosen < 0 or (they_moved and chosen != theirs)):
            return False
        if they_moved and self.merged[theirs] is None:
            return False
        self.merged = [
            item and {**item, "primary": at == chosen} for at, item in enumerate(self.merged)
        ]
        return True

    def _taken(self, item: Json) -> int | None:
        places = self._new.get(self._loose(item))
        return places.pop(0) if places else None

    def _key(self, item: Json) -> Hashable:
        return _bare_key(self._listing, item)

    def _loose(self, item: Json) -> Hashable:
        return _loose_key(self._listing, item)


def _primary_at(items: Sequence[Json]) -> int:
    chosen = primary(items)
    return next((at for at, item in enumerate(items) if item is chosen), -1)


def _only(item: Mapping[str, Json], names: Iterable[str]) -> dict[str, Json]:
    return {name: item[name] for name in names if name in item}


def changed_fields(one: Values, other: Values) -> list[str]:
    """Return the fields in which the service's copy differs from ours, as `stored_as` sees it."""
    names = dict.fromkeys((*one, *other))
    return [name for name in names if not stored_as(name, one.get(name), other.get(name))]
