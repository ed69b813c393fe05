"""Sheet: the contacts of a stage as a grid shows them: rows, cells, what is staged.

It reads the stage, and touches nothing. An item that is staged away stays, marked, and a new one
comes last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Literal

import pandas as pd

from contacttools.contact import fields
from contacttools.contact.fields import Field, Json
from contacttools.errors import BadValue, UnknownField
from contacttools.snapshot import frames
from contacttools.snapshot.contacts import Contacts
from contacttools.snapshot.frames import Table
from contacttools.staging import applying
from contacttools.staging.stage import Stage, called
from contacttools.widgets.rows import Head, Rows, json_of
from contacttools.widgets.typed import value_of

Flag = Literal["", "new", "removed"]

CONTACT = "contact"  # the column that names whose item a row is; no field of the contact

_WIDTHS = {"flag": 104, "integer": 96, "enum": 124, "date": 118, "country": 104, "locale": 112,
           "number": 104, "timestamp": 148, "labels": 190}  # fmt: skip


class Sheet(Rows):
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
        super().__init__()
        self._stage, self.contacts = stage, stage.contacts
        self.table = None if table is None else frames.known_table(table)
        self._extended = self.contacts.extended
        self._wide = frames.wide_columns(self._extended)
        self.heads = _heads(self.table, self.contacts, columns)
        self.names = self.contacts.definitions.labels or {}
        self.contact_ids = _chosen(self.contacts, stage, self.table, where)
        self.rows: list[tuple[str, str | None]] = []
        self._at: dict[str, dict[str | None, int]] = {}
        for contact_id in self.contact_ids:
            self._append(contact_id, self._ids_of(self.contacts.document(contact_id)))
        self._edits: dict[str, dict[str, Json]] = {}
        self.follow()

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
        rows = frames.item_rows(self.table, contact_id, document, self._extended, self.names)
        return {row["itemId"]: {**row, CONTACT: called(document)} for row in rows}

    def _now(self, contact_id: str) -> Json:
        staged = contact_id in self._edits
        return self._stage.document(contact_id) if staged else self.contacts.document(contact_id)

    def read(self, numbers: Iterable[int], names: Sequence[str]) -> Iterator[Json]:
        """Yield rows as `Rows.read` says."""
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
            cells = {name: json_of(shown.get(name)) for name in names}
            staged = {}
            if held is not None and was is not None and held is not was:
                staged = {
                    name: old
                    for name in names
                    if (old := json_of(was.get(name))) != cells[name] and name in self._editable
                }
            yield {
                "row": number, "id": contact_id, "item": item_id, "cells": cells,
                "staged": staged, "flag": flag,
            }  # fmt: skip

    def cell(self, contact_id: str, item_id: str | None, name: str) -> Json:
        """Return what a cell holds, as a grid takes it; None where the row is staged away."""
        row = self._items(contact_id, self._now(contact_id)).get(item_id)
        return None if row is None else json_of(row.get(name))

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

    def in_place(self) -> Iterator[int]:
        """Yield the rows as they stand: the items of a contact together, new ones last."""
        for at in self._at.values():
            yield from (number for number in at.values() if self.alive(number))

    def values(self, numbers: Iterable[int], name: str) -> Iterator[Json]:
        """Yield the cells of one column."""
        if self.table is not None:
            yield from (row["cells"][name] for row in self.read(numbers, [name]))
            return
        column = self._wide[name]
        for number in numbers:
            yield json_of(column.read(self._now(self.rows[number][0])))

    def staged(self, number: int) -> bool:
        """Say whether the contact of a row has something staged."""
        return self.rows[number][0] in self._edits

    def parsed(self, name: str, item_id: str | None, text: str) -> Json:
        """Return what a person means by a text; what cannot be read is left to be refused."""
        if self.table == "labels" and name == "key":
            return self.contacts.definitions.label_key(text.strip()) or None
        return value_of(self.field(name, item_id).kind, text, self.contacts.definitions)


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


def _heads(table: Table | None, contacts: Contacts, columns: Iterable[str] | None) -> list[Head]:
    """Return the columns there are; those that were asked for first, and the others hidden."""
    if table is None:
        known = {
            name: column.field for name, column in frames.wide_columns(contacts.extended).items()
        }
        heads = {name: head_of(field) for name, field in known.items()}
        seen = {name for name, field in known.items() if field.editable}
    else:
        skipped = ("contactId", "itemId", "position", "revision")
        heads = {CONTACT: Head(CONTACT, "Contact", "text", "the contact's name: edit it there")}
        members = {
            name: each for name, each in frames.tidy_columns(table).items() if name not in skipped
        }
        point = fields.LISTS[table].value if table in fields.LISTS else None
        for name in sorted(members, key=lambda name: name != point):  # what it is about first
            heads[name] = head_of(members[name], name)
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


def head_of(field: Field | None, name: str = "") -> Head:
    """Return a field as a column, under a name of its own where it has one."""
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
    if table is not None and isinstance(where, pd.Series) and where.dtype == bool:
        frame = stage.to_frame(table)
        if len(frame) != len(where):
            why = f"the mask has {len(where)} rows, stage.to_frame({table!r}) {len(frame)}"
            raise BadValue(why)
        where = set(frame.loc[where.to_numpy(), "contactId"])
    return applying.chosen(contacts, where)
