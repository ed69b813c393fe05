"""Frames: the two-way road between contacts and pandas. Pure: no network, no files, no clock.

Out: contacts as one wide frame, or one tidy frame per list. Back: which cells of an edited
frame differ from what that frame showed, as plain Python values with missing as None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from contacttools.contact import fields, merge, wire
from contacttools.contact.fields import Field, Json, Kind
from contacttools.errors import UnknownField

Table = Literal["emails", "phones", "addresses", "labels", "extendedFields"]
TABLES: tuple[Table, ...] = ("emails", "phones", "addresses", "labels", "extendedFields")
MARK = "contacttools"  # the key in DataFrame.attrs that says what a frame shows

_OWNED_FIRST = ("revision",)
_OWNED_LAST = (
    "createdDate", "updatedDate", "lastActivity.activityDate", "lastActivity.activityType",
    "source.sourceType",
)  # fmt: skip


def known_table(name: object) -> Table:
    """Return the table of a name, or raise UnknownField with the names there are."""
    for table in TABLES:
        if isinstance(name, str) and name == table:
            return table
    why = f"no table {name!r}; there are {', '.join(TABLES)}"
    raise UnknownField(why, field=str(name))


def _item_of(document: Json, name: str) -> Json:
    return merge.primary(item for _, item in wire.items_of(document, fields.LISTS[name])) or {}


def _first_address(member: str) -> Callable[[Json], Json]:
    def read(document: Json) -> Json:
        _, first = next(wire.items_of(document, fields.LISTS["addresses"]), (None, None))
        return fields.dig(first, ("address", member))

    return read


def _count_of(name: str) -> Callable[[Json], Json]:
    return lambda document: sum(1 for _ in wire.items_of(document, fields.LISTS[name]))


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the wide frame: its field and how a contact fills it."""

    field: Field
    read: Callable[[Json], Json]


def _at(field: Field) -> Column:
    return Column(field, lambda document: fields.dig(document, field.path))


def _shown(name: str, kind: Kind, read: Callable[[Json], Json]) -> Column:
    return Column(Field(name, (name,), kind, name, editable=False), read)


def why_fixed(name: str) -> str:
    """Say why a column cannot be edited, and where to edit instead."""
    if name in ("address.city", "address.country"):
        return f'{name} shows the first address: edit it in to_frame("addresses")'
    if name == "phone.e164":
        return "phone.e164 follows from phone and its country"
    if name.endswith(".count") and name.removesuffix(".count") in fields.LISTS:
        return f"{name} counts the items of to_frame({name.removesuffix('.count')!r})"
    return f"{name} is set by the service"


def _shortcut(name: str) -> Column:
    listing, member = fields.SHORTCUTS[name]
    known = fields.LISTS[listing].by_name[member]
    return Column(
        Field(name, (name,), known.kind, known.label, max_length=known.max_length),
        lambda document: _item_of(document, listing).get(member),
    )


def wide_columns(extended: Mapping[str, Field]) -> dict[str, Column]:
    """Return the columns of the wide frame, in order, for these extended fields."""
    columns = [
        *(_at(fields.OWNED[name]) for name in _OWNED_FIRST),
        _at(fields.SCALARS["name.first"]),
        _at(fields.SCALARS["name.last"]),
        _shortcut("email"),
        _shortcut("phone"),
        _shown(
            "phone.e164", "text", lambda document: _item_of(document, "phones").get("e164Phone")
        ),
        *(_at(fields.SCALARS[name]) for name in ("company", "jobTitle", "birthdate", "locale")),
        Column(fields.LABELS, wire.label_keys),
        _shown("address.country", "text", _first_address("country")),
        _shown("address.city", "text", _first_address("city")),
        *(_shown(f"{name}.count", "integer", _count_of(name)) for name in fields.LISTS),
        *(_at(field) for field in extended.values()),
        *(_at(fields.OWNED[name]) for name in _OWNED_LAST),
    ]
    named: dict[str, Column] = {}
    for column in columns:  # an extended field of a name that is taken is in its tidy table only
        named.setdefault(column.field.name, column)
    return named


# -- out ------------------------------------------------------------------------------------


def wide(documents: Mapping[str, Json], extended: Mapping[str, Field], mark: str) -> pd.DataFrame:
    """Return one row per contact, index ``id``."""
    held = list(documents.values())
    data = {
        name: _series([column.read(document) for document in held], column.field.kind)
        for name, column in wide_columns(extended).items()
    }
    frame = pd.DataFrame(data, index=pd.RangeIndex(len(held)))
    frame.index = pd.Index(text_series(list(documents)), name="id")
    frame.attrs[MARK] = mark
    return frame


def tidy(
    table: Table,
    documents: Mapping[str, Json],
    extended: Mapping[str, Field],
    labels: Mapping[str, str],
    mark: str,
) -> pd.DataFrame:
    """Return one row per item of a list."""
    columns = tidy_columns(table)
    rows = [
        row
        for contact_id, document in documents.items()
        for row in item_rows(table, contact_id, document, extended, labels)
    ]
    frame = pd.DataFrame(
        {
            name: _series([row.get(name) for row in rows], field.kind)
            if field is not None
            else pd.Series([row.get(name) for row in rows], dtype=object)
            for name, field in columns.items()
        },
        columns=list(columns),
    )
    frame.attrs[MARK] = mark
    return frame


def _owned(name: str, kind: Kind = "text") -> Field:
    return Field(name, (name,), kind, name, editable=False)


def tidy_columns(table: Table) -> dict[str, Field | None]:
    """Return the columns of a tidy frame; None marks the one whose type varies by row."""
    head: dict[str, Field | None] = {
        "contactId": _owned("contactId"),
        "itemId": _owned("itemId"),
        "position": _owned("position", "integer"),
    }
    if table == "labels":
        middle: dict[str, Field | None] = {
            "key": Field("key", ("key",), "text", "Label"),
            "displayName": _owned("displayName"),
        }
    elif table == "extendedFields":
        middle = {
            "key": _owned("key"),
            "displayName": _owned("displayName"),
            "value": None,
        }
    else:
        middle = dict(fields.LISTS[table].by_name)
    return {**head, **middle, "revision": _owned("revision", "integer")}


def item_ids(table: Table, document: Json) -> list[str]:
    """Return the ids of the rows of a tidy frame that one contact has, in their order."""
    if table == "labels":
        return list(wire.label_keys(document))
    if table == "extendedFields":
        return [key for key, value in wire.extended_items(document).items() if value is not None]
    return [item_id for item_id, _ in wire.items_of(document, fields.LISTS[table])]


def item_rows(
    table: Table,
    contact_id: str,
    document: Json,
    extended: Mapping[str, Field],
    labels: Mapping[str, str],
) -> Iterator[Json]:
    """Yield the rows of a tidy frame that one contact has."""
    items: Iterable[Json]
    if table == "labels":
        items = (
            {"itemId": key, "key": key, "displayName": labels.get(key)}
            for key in wire.label_keys(document)
        )
    elif table == "extendedFields":
        items = (
            {
                "itemId": key,
                "key": key,
                "displayName": extended[key].label if key in extended else key,
                "value": value,
            }
            for key, value in wire.extended_items(document).items()
            if value is not None
        )
    else:
        listing = fields.LISTS[table]
        items = (
            {"itemId": item_id}
            | {name: fields.dig(item, each.path) for name, each in listing.by_name.items()}
            | ({"primary": bool(item.get("primary"))} if listing.has_primary else {})
            for item_id, item in wire.items_of(document, listing)
        )
    for position, item in enumerate(items):
        yield {
            "contactId": contact_id,
            "position": position,
            "revision": document.get("revision"),
            **item,
        }


def _series(values: list[Json], kind: Kind) -> pd.Series[Any]:
    """Return a column of the kind's own type; values of another type keep the column objects."""
    present = [value for value in values if value is not None]
    if kind == "timestamp":
        texts = [value if isinstance(value, str) else None for value in values]
        stamps = pd.to_datetime(text_series(texts), utc=True, format="ISO8601", errors="coerce")
        return stamps.dt.as_unit("us")  # pandas picks seconds when there is nothing to read
    if kind == "integer":
        if len(present) == len(values) and all(type(value) is int for value in values):
            return pd.Series(values, dtype="int64")
    elif kind == "number":
        if all(
            type(value) is float or (type(value) is int and abs(value) <= fields.EXACT)
            for value in present
        ):
            return pd.Series(values, dtype="float64")
    elif kind == "flag":
        if len(present) == len(values) and all(type(value) is bool for value in values):
            return pd.Series(values, dtype="bool")
    elif kind != "labels" and all(type(value) is str for value in present):
        return text_series(values)
    return pd.Series(values, dtype=object)


def text_series(values: Sequence[str | None]) -> pd.Series[Any]:
    """Return a column of texts; one that Arrow cannot hold keeps the column objects."""
    try:
        return pd.Series(values, dtype="str")
    except UnicodeEncodeError:  # half of a surrogate pair
        return pd.Series(values, dtype=object)


# -- back -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that is not what its frame showed. `row` counts from 0 in the edited frame."""

    row: int
    column: str
    shown: Json
    value: Json  # None where missing


def plain(value: Json) -> Json:
    """Return a cell as a plain Python value: missing as None, numpy scalars as Python's own."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, (str, bool, int, tuple)):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, float):
        return None if value != value else float(value)  # noqa: PLR0124 - NaN differs from itself
    if hasattr(value, "tolist") and not isinstance(value, pd.Timestamp):
        listed = value.tolist()
        return tuple(listed) if isinstance(listed, list) else plain(listed)
    return value


_NOTHING = (None, "", ())  # what a file, or a join that found nothing, gives back as missing


def same_cell(kind: Kind | None, shown: Json, value: Json) -> bool:
    """Say whether a cell still says what was shown, whatever road the frame has travelled."""
    if shown is None or value is None:
        return shown in _NOTHING and value is None
    if isinstance(shown, bool) != isinstance(value, bool):
        return False
    try:
        return bool(shown == value) or _reads_as(kind, shown, value)
    except (TypeError, ValueError, OverflowError):  # no such thing, or no single answer
        return False


def _reads_as(kind: Kind | None, shown: Json, value: Json) -> bool:
    """Say whether a value is what was shown, in the spelling of a file or of another dtype."""
    if kind == "timestamp":
        return bool(_instant(shown) == _instant(value))
    if kind == "integer":
        return bool(shown == float(value))
    if kind == "labels":
        return value == str(shown) if isinstance(value, str) else set(shown) == set(value)
    return False


def _instant(value: Json) -> pd.Timestamp:
    stamp = pd.Timestamp(value)
    return stamp.tz_localize("UTC") if stamp.tzinfo is None else stamp.tz_convert("UTC")


def changed_cells(
    shown: pd.DataFrame,
    edited: pd.DataFrame,
    rows: Sequence[int],
    kinds: Mapping[str, Kind | None],
) -> Iterator[Cell]:
    """Yield the cells of an edited frame that differ from what it showed.

    `shown` and `edited` have the same rows in the same order; `rows` gives the place of each
    in the frame as the analyst knows it. Only columns named in `kinds` are looked at.
    """
    for name, kind in kinds.items():
        was, now = shown[name], edited[name]
        if was.dtype == now.dtype and was.array.equals(now.array):
            continue
        pairs = zip(rows, was.tolist(), now.tolist(), strict=True)
        for row, before, after in pairs:
            old, new = plain(before), plain(after)
            if not same_cell(kind, old, new):
                yield Cell(row, name, old, new)
