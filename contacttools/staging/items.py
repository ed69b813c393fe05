"""Items: what an item of a list must be, and how edits to items change the list. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from contacttools.contact import fields, merge
from contacttools.contact.fields import Json, ListField
from contacttools.errors import BadValue
from contacttools.staging.intake import RowEdit

_ONE_OF = ("addressLine", ("streetAddress.number", "streetAddress.name"))


def changed(
    listing: ListField,
    held: Mapping[str, Json],
    rows: Sequence[RowEdit],
    new_item: Callable[[Mapping[str, Json]], Json],
) -> tuple[Json, ...] | None:
    """Return a contact's list once all these edits to its items are made; None when none is left.

    Parameters
    ----------
    listing : ListField
    held : dict of str to item
        The list as it stands, each item under its id.
    rows : sequence of RowEdit
        Of one contact; rows without an item id add an item.
    new_item : callable
        Makes a new item, with a provisional id, of these members.

    Raises
    ------
    BadValue
        The list would not be one that the service takes; nothing was changed.
    """
    items = dict(held)
    contact_id = rows[0].contact_id
    chosen: list[str] = []
    for row in rows:
        item_id = row.item_id
        if item_id is None:
            added = new_item({name: value for name, value in row.sets.items() if value is not None})
            item_id = added["id"]
            items[item_id] = added
        elif row.removed:
            items.pop(item_id, None)
            continue
        elif item_id not in items:
            raise bad(contact_id, listing.name, f"item {item_id!r} was removed meanwhile")
        else:
            items[item_id] = {**items[item_id], **row.sets}
        _sound(contact_id, listing, items[item_id])
        if row.sets.get("primary") is True:
            chosen.append(item_id)
    if listing.has_primary:
        items = _one_primary(contact_id, listing, items, chosen, rows)
    if len(items) > fields.MAX_ITEMS:
        why = f"has {len(items)} items, the service takes at most {fields.MAX_ITEMS}"
        raise bad(contact_id, listing.name, why)
    return tuple(_present(item) for item in items.values()) or None


def bad(contact_id: str, table: str, why: str) -> BadValue:
    """Return the error of a list that cannot be."""
    return BadValue(f"contact {contact_id}: {table}: {why}", contact_id=contact_id, field=table)


def _present(item: Json) -> Json:
    return {name: value for name, value in item.items() if value is not None}


def _sound(contact_id: str, listing: ListField, item: Json) -> None:
    if listing.name != "addresses":
        if not item.get(listing.value):
            why = f"an item needs its {listing.value}; to drop it, remove the item"
            raise bad(contact_id, listing.name, why)
        return
    parts = {name for name, value in item.items() if value is not None} - {"id", "tag"}
    if not parts:
        why = "an address needs at least one part; to drop it, remove the item"
        raise bad(contact_id, listing.name, why)
    line, street = _ONE_OF
    if line in parts and parts & set(street):
        why = "has addressLine and streetAddress; the service takes one of them, clear the other"
        raise bad(contact_id, listing.name, why)


def _one_primary(
    contact_id: str,
    listing: ListField,
    items: dict[str, Json],
    chosen: Sequence[str],
    rows: Sequence[RowEdit],
) -> dict[str, Json]:
    if len(chosen) > 1:
        raise bad(contact_id, listing.name, "two items are marked primary; mark one")
    if chosen:
        return {key: {**item, "primary": key == chosen[0]} for key, item in items.items()}
    unmarked = any(row.sets.get("primary") is False and row.item_id in items for row in rows)
    if unmarked and not any(item.get("primary") for item in items.values()):
        raise bad(contact_id, listing.name, "no item is primary; mark another one True instead")
    settled = merge.settle_primary(listing, list(items.values()))
    return dict(zip(items, settled, strict=True))
