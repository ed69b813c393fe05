"""Sheet: the contacts of a stage as a grid shows them: rows, cells, what is staged.

It reads the stage, and touches nothing. A row keeps its number as long as the sheet lives: an item
that is staged away stays, marked, and a new one comes last. Which rows are shown, and in what
order, is a list of these numbers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import pandas as pd

from contacttools.contact import fields
from contacttools.contact.fields import Field, Json
from contacttools.errors import BadValue, UnknownContact, UnknownField
from contacttools.planning.render import visible
from contacttools.snapshot import frames
from contacttools.snapshot.contacts import Contacts
from contacttools.snapshot.frames import Table
from contacttools.staging.stage import Stage, called

Order = Literal["asc", "desc"]
Flag = Literal["", "new", "removed"]

CONTACT = "contact"  # the column that names whose item a row is; no field of the contact

_FLAGS = dict.fromkeys(("yes", "true", "y", "1", "x", "✓"), True) | dict.fromkeys(
    ("no", "false", "n", "0", ""), False
)
_WIDTHS = {"flag": 104, "integer": 96, "enum": 124, "date": 118, "country": 104, "locale": 112,
           "number": 104, "timestamp": 148, "labels": 190}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Head:
    """One column: what it is called, and how it is edited.

    Attributes
    ----------
    name, label : str
        The API's word, and a person's.
    kind : str
        As `Field.kind`; "value" where it differs by row.
    fixed : str
        Why it cannot be edited; empty where it can.
    choices : tuple of str
    width : int
        In pixels, at first.
    hidden : bool
        Whether it is out of sight at first.
    """

    name: str
    label: str
    kind: str
    fixed: str = ""
    choices: tuple[str, ...] = ()
    width: int = 160
    hidden: bool = False

    def to_json(self) -> Json:
        """Return it as a widget's state holds it."""
        return {each: getattr(self, each) for each in self.__slots__}


class Sheet:
    """The rows and cells of one table of a stage.

    Parameters
    ----------
    stage : Stage
    table : str or None
        A tidy table, or the wide one.
    where : boolean Series or iterable of str, optional
        Which contacts: a mask over a frame of the table, or contact ids.
    columns : iterable of str, optional
        Which columns are in sight, in this order.

    Raises
    ------
    UnknownField, UnknownContact, BadValue
        There is no such table, column or contact; or a mask of another length.
    """

    def __init__(
        self,
        stage: Stage,
        table: Table | None = None,
        where: pd.Series[bool] | Iterable[str] | None = None,
        columns: Iterable[str] | None = None,
    ) -> None:
        self._stage, self.contacts = stage, stage.contacts
        self.table = None if table is None else frames.known_table(table)
        self._extended = self.contacts.extended
        self._wide = frames.wide_columns(self._extended)
        self.heads = _heads(self.table, self.contacts, columns)
        self._labels = self.contacts.definitions.labels or {}
        self.contact_ids = _chosen(self.contacts, stage, self.table, where)
        self.rows: list[tuple[str, str | None]] = []
        self._at: dict[str, dict[str | None, int]] = {}
        for contact_id in self.contact_ids:
            self._append(contact_id, self._ids_of(self.contacts.document(contact_id)))
        self._edits: dict[str, dict[str, Json]] = {}
        self._through: dict[int, str] = {}  # what a search looks through, row by row
        self.follow()

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def by_name(self) -> dict[str, Head]:
        """The columns by name."""
        return {head.name: head for head in self.heads}

    # -- what is in a row -------------------------------------------------------------------

    def _append(self, contact_id: str, items: Iterable[str | None]) -> list[int]:
        at = self._at.setdefault(contact_id, {})
        added = []
        for item_id in items:
            if item_id not in at:
                at[item_id] = len(self.rows)
                self.rows.append((contact_id, item_id))
                added.append(at[item_id])
        return added

    def _ids_of(self, document: Json) -> list[str | None]:
        return [None] if self.table is None else [*frames.item_ids(self.table, document)]

    def _items(self, contact_id: str, document: Json) -> dict[str | None, Mapping[str, Json]]:
        if self.table is None:
            return {None: _Reads(self._wide, document)}
        rows = frames.item_rows(self.table, contact_id, document, self._extended, self._labels)
        return {row["itemId"]: {**row, CONTACT: called(document)} for row in rows}

    def _now(self, contact_id: str) -> Json:
        staged = contact_id in self._edits
        return self._stage.document(contact_id) if staged else self.contacts.document(contact_id)

    def read(self, numbers: Iterable[int], names: Sequence[str]) -> Iterator[Json]:
        """Yield rows as a grid takes them: number, ids, cells by column, what is staged.

        ``staged`` holds, by column, what a cell held before it was edited.
        """
        last: str | None = None
        now: Mapping[str | None, Mapping[str, Json]] = {}
        base: Mapping[str | None, Mapping[str, Json]] = {}
        for number in numbers:
            contact_id, item_id = self.rows[number]
            if contact_id != last:
                last, now = contact_id, self._items(contact_id, self._now(contact_id))
                base = (
                    self._items(contact_id, self.contacts.document(contact_id))
                    if contact_id in self._edits
                    else now
                )
            held, was = now.get(item_id), base.get(item_id)
            flag: Flag = "removed" if held is None else "new" if was is None else ""
            shown = held if held is not None else was if was is not None else {}
            cells = {name: _json(shown.get(name)) for name in names}
            staged = {}
            if held is not None and was is not None and held is not was:
                staged = {
                    name: old
                    for name in names
                    if (old := _json(was.get(name))) != cells[name] and name in self._editable
                }
            yield {
                "row": number, "id": contact_id, "item": item_id, "cells": cells,
                "staged": staged, "flag": flag,
            }  # fmt: skip

    def cell(self, contact_id: str, item_id: str | None, name: str) -> Json:
        """Return what a cell holds, as a grid takes it; None where the row is staged away."""
        row = self._items(contact_id, self._now(contact_id)).get(item_id)
        return None if row is None else _json(row.get(name))

    def number(self, contact_id: str, item_id: str | None) -> int | None:
        """Return the number of a row."""
        return self._at.get(contact_id, {}).get(item_id)

    def field(self, name: str, item_id: str | None = None) -> Field:
        """Return the field that a column edits."""
        if self.table is None:
            return self._wide[name].field
        known = frames.tidy_columns(self.table)[name]
        return known or self._extended.get(str(item_id)) or fields.extended(str(item_id))

    @cached_property
    def _editable(self) -> set[str]:
        return {head.name for head in self.heads if not head.fixed}

    # -- what has changed -------------------------------------------------------------------

    def follow(self) -> tuple[list[int], list[int]]:
        """Take in what the stage has staged since; return the rows to draw again, and new ones."""
        was, self._edits = self._edits, self._stage.edits()
        touched = [
            each
            for each in {**was, **self._edits}
            if each in self._at and was.get(each) != self._edits.get(each)
        ]
        redraw: list[int] = []
        added: list[int] = []
        for contact_id in touched:
            new = self._append(contact_id, self._ids_of(self._now(contact_id)))
            redraw += self._at[contact_id].values()
            for number in self._at[contact_id].values():
                self._through.pop(number, None)
            added += new
        return redraw, added

    def alive(self, number: int) -> bool:
        """Say whether a row is one of the contact's, or was before it was staged away."""
        contact_id, item_id = self.rows[number]
        if self.table is None or contact_id not in self._edits:
            return self.table is None or not str(item_id).startswith("new-")
        states = (self._now(contact_id), self.contacts.document(contact_id))
        return any(item_id in self._ids_of(state) for state in states)

    # -- which rows, in what order ----------------------------------------------------------

    def order(
        self,
        *,
        search: str = "",
        filters: Mapping[str, str] | None = None,
        sort: Sequence[tuple[str, Order]] = (),
        only_staged: bool = False,
    ) -> list[int]:
        """Return the numbers of the rows to show.

        Parameters
        ----------
        search : str
            Each of its words stands somewhere in the row.
        filters : dict of str to str
            By column: a text that the cell holds; ``=text`` for the whole cell, ``!text`` for cells
            without it, ``=`` for empty ones and ``!=`` for those with anything in them.
        sort : sequence of (str, {"asc", "desc"})
            Columns, the first one first. What is empty comes last either way.
        only_staged : bool
            Rows of contacts with something staged.
        """
        numbers = list(self._in_place())
        if only_staged:
            numbers = [each for each in numbers if self.rows[each][0] in self._edits]
        for name, asked in (filters or {}).items():
            if asked and name in self.by_name:
                held = self._texts(numbers, name)
                passes = _filter(asked)
                numbers = [n for n, text in zip(numbers, held, strict=True) if passes(text)]
        if words := fold(search).split():
            self._read_through(numbers)
            numbers = [n for n in numbers if all(word in self._through[n] for word in words)]
        for name, direction in reversed(sort):
            if name in self.by_name:
                numbers = self._sorted(numbers, name, direction)
        return numbers

    def _in_place(self) -> Iterator[int]:
        """Yield the rows as they stand: the items of a contact together, new ones last."""
        for at in self._at.values():
            yield from (number for number in at.values() if self.alive(number))

    def _read_through(self, numbers: Iterable[int]) -> None:
        """Keep what a search looks through, of the rows that it was not kept of."""
        missing = [number for number in numbers if number not in self._through]
        columns = [self._texts(missing, head.name) for head in self.heads if not head.hidden]
        for number, *texts in zip(missing, *columns, strict=True):
            self._through[number] = "\n".join(texts)

    def _values(self, numbers: Iterable[int], name: str) -> Iterator[Json]:
        """Yield the cells of one column."""
        if self.table is not None:
            yield from (row["cells"][name] for row in self.read(numbers, [name]))
            return
        column = self._wide[name]
        for number in numbers:
            yield _json(column.read(self._now(self.rows[number][0])))

    def _texts(self, numbers: Iterable[int], name: str) -> list[str]:
        return [fold(self.text(value)) for value in self._values(numbers, name)]

    def _sorted(self, numbers: list[int], name: str, direction: Order) -> list[int]:
        pairs = list(zip(numbers, self._values(numbers, name), strict=True))
        full = [pair for pair in pairs if pair[1] not in (None, "", [])]
        empty = [number for number, value in pairs if value in (None, "", [])]
        numeric = all(isinstance(value, (int, float)) for _, value in full)
        key: Callable[[Json], Json] = (
            (lambda value: value) if numeric else (lambda value: fold(self.text(value)))
        )
        full.sort(key=lambda pair: key(pair[1]), reverse=direction == "desc")
        return [number for number, _ in full] + empty

    def text(self, value: Json) -> str:
        """Return a cell as a person reads it."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, list):
            return ", ".join(self._labels.get(key, str(key)) for key in value)
        return str(value)

    # -- what a person types ----------------------------------------------------------------

    def _label_keys(self, text: str) -> Json:
        """Return the labels that a text lists, or the one whose name has a comma in it."""
        names = [each.strip() for each in re.split("[,;\n]", text) if each.strip()]
        known, key = self._labels, self.contacts.definitions.label_key
        if any(key(name) not in known for name in names) and key(text.strip()) in known:
            names = [text.strip()]
        return tuple(map(key, names)) or None

    def parsed(self, name: str, item_id: str | None, text: str) -> Json:
        """Return what a person means by a text; what cannot be read is left to be refused."""
        label_key = self.contacts.definitions.label_key
        if self.table == "labels" and name == "key":
            return label_key(text.strip()) or None
        kind = self.field(name, item_id).kind
        if kind == "labels":
            return self._label_keys(text)
        if kind == "flag":
            return _FLAGS.get(text.strip().casefold(), text)
        if not text.strip():
            return None
        return _READ.get(kind, str.strip)(text)


class _Reads(Mapping[str, Json]):
    """A contact as a row of the wide table, whose cells are read when they are asked for."""

    def __init__(self, columns: Mapping[str, frames.Column], document: Json) -> None:
        self._columns, self._document = columns, document

    def __getitem__(self, name: str) -> Json:
        return self._columns[name].read(self._document)

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


def fold(text: str) -> str:
    """Return a text as it is searched and sorted: no capitals, no accents."""
    if text.isascii():
        return text.casefold()
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in plain if not unicodedata.combining(each))


def _filter(asked: str) -> Callable[[str], bool]:
    if asked.startswith(("!=", "=")):
        without, wanted = asked.startswith("!"), fold(asked.lstrip("!").removeprefix("=").strip())
        return lambda text: (text == wanted) != without
    if asked.startswith("!") and len(asked) > 1:
        unwanted = fold(asked[1:].strip())
        return lambda text: unwanted not in text
    held = fold(asked.strip())
    return lambda text: held in text


def _country(text: str) -> str:
    return text.strip().upper() if len(text.strip()) == 2 else text.strip()


#: How a text becomes a value, by the kind of the field; where nothing stands, without spaces round.
_READ: dict[str, Callable[[str], Json]] = {
    "text": str, "number": fields.number_of, "country": _country,
    "enum": lambda text: text.strip().upper(),
}  # fmt: skip


def _json(value: Json) -> Json:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, (str, bool, int, float)) or value is None:
        return value
    return visible(str(value))


def _heads(table: Table | None, contacts: Contacts, columns: Iterable[str] | None) -> list[Head]:
    """Return the columns there are; those that were asked for first, and the others hidden."""
    if table is None:
        known = {
            name: column.field for name, column in frames.wide_columns(contacts.extended).items()
        }
        heads = {name: _head(field) for name, field in known.items()}
        seen = {name for name, field in known.items() if field.editable}
    else:
        skipped = ("contactId", "itemId", "position", "revision")
        heads = {CONTACT: Head(CONTACT, "Contact", "text", "the contact's name: edit it there")}
        members = {
            name: each for name, each in frames.tidy_columns(table).items() if name not in skipped
        }
        point = fields.LISTS[table].value if table in fields.LISTS else None
        for name in sorted(members, key=lambda name: name != point):  # what it is about first
            heads[name] = _head(members[name], name)
        seen = set(heads)
    if columns is not None:
        asked = [columns] if isinstance(columns, str) else list(columns)
        if unknown := [name for name in asked if name not in heads]:
            why = f"no column {unknown[0]!r}; there are {', '.join(heads)}"
            raise UnknownField(why, field=str(unknown[0]))
        seen = set(asked)
        heads = {
            name: heads[name] for name in [*asked, *(each for each in heads if each not in seen)]
        }
    return [replace(head, hidden=head.name not in seen) for head in heads.values()]


_LABELS = {"email": "E-mail", "phone": "Phone", "phone.e164": "Phone, E.164", "key": "Key",
           "displayName": "Name", "value": "Value", "address.country": "Country",
           "address.city": "City"}  # fmt: skip


def _head(field: Field | None, name: str = "") -> Head:
    if field is None:
        return Head(name, _LABELS.get(name, name), "value", width=220)
    label = _LABELS.get(field.name) or (field.label if field.label != field.name else "")
    listed = field.name.removesuffix(".count")
    if not label and listed in fields.LISTS:
        label = f"{fields.LISTS[listed].label}, number"
    fixed = "" if field.editable else frames.why_fixed(field.name)
    width = 230 if field.name in ("email", "formattedAddress") else _WIDTHS.get(field.kind, 160)
    return Head(field.name, label or field.name, field.kind, fixed, field.choices, width)


def _chosen(
    contacts: Contacts,
    stage: Stage,
    table: Table | None,
    where: pd.Series[bool] | Iterable[str] | None,
) -> Sequence[str]:
    """Return the ids of the contacts to show, in the order of the snapshot."""
    if where is None:
        return list(contacts)
    if isinstance(where, str):
        where = [where]
    if isinstance(where, pd.Series):
        if where.dtype != bool:
            why = f"where is a mask of True and False, not a Series of {where.dtype}"
            raise BadValue(why)
        if table is None:
            wanted: set[Hashable] = set(where.index[where])
        else:
            frame = stage.to_frame(table)
            if len(frame) != len(where):
                why = f"the mask has {len(where)} rows, stage.to_frame({table!r}) {len(frame)}"
                raise BadValue(why)
            wanted = set(frame.loc[where.to_numpy(), "contactId"])
    else:
        wanted = set(where)
    if unknown := [each for each in wanted if each not in contacts]:
        why = f"no contact {unknown[0]!r} in the snapshot; where takes a mask or contact ids"
        raise UnknownContact(why, contact_id=str(unknown[0]))
    return [each for each in contacts if each in wanted]
