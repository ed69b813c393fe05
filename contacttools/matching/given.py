"""Given: rows about people from a file or a frame, under whatever headings. It reads that one file.

The dashboard's own export and the names of the wide frame are known; other headings are told.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from contacttools.contact.fields import Field, Json
from contacttools.errors import BadValue, ReadOnlyField, UnknownField
from contacttools.planning.render import visible
from contacttools.sheets import cells, commas, opening
from contacttools.sheets.cells import BLANK, Cell, Labels
from contacttools.sheets.layout import names_of
from contacttools.snapshot import frames
from contacttools.snapshot.contacts import Contacts

#: Headings of the dashboard's export that say what a contact holds.
_DASHBOARD = {
    "first name": "name.first", "last name": "name.last", "company": "company",
    "labels": "labelKeys", "email": "email", "phone": "phone",
}  # fmt: skip
_NUMBERED = re.compile(r"(email|phone) \d{1,2}")


@dataclass(slots=True)
class Person:
    """What one row says.

    Attributes
    ----------
    row : int
        As a program numbers it; of a frame, from 0.
    says : dict of str to value
        By column of the wide frame, without what is blank.
    emails, phones : list of str
        All of them, the first one first.
    notes : list of str
        What could not be read.
    """

    row: int
    says: dict[str, Json] = field(default_factory=dict)
    emails: list[str] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Given:
    """All rows, where they are from, and which headings say nothing that is known."""

    name: str
    people: list[Person]
    names: list[str]
    ignored: tuple[str, ...]


def read(
    given: str | os.PathLike[str] | pd.DataFrame,
    contacts: Contacts,
    columns: Mapping[str, str] | None,
) -> Given:
    """Return the rows of a file, or of a frame."""
    if isinstance(given, pd.DataFrame):
        name = "a DataFrame"
        heads = [str(each) for each in given.columns]
        columns_of = [given.iloc[:, n].tolist() for n in range(len(heads))]
        rows = list(
            enumerate([[_cell(each) for each in row] for row in zip(*columns_of, strict=True)])
        )
    else:
        name = opening.name_of(given)
        sheets = opening.opened(given)
        sheet = next((each for each in sheets if not each.hidden and each.rows), None)
        if sheet is None:
            raise BadValue(f"{name} has no rows")
        (_, head), *rows = sheet.rows
        heads = [cells.settled(cells.written(each)).strip() for each in head]
    meant = _meant(heads, contacts, columns or {})
    labels = names_of(contacts)
    people = [_person(number, row, meant, contacts, labels) for number, row in rows]
    named = list(dict.fromkeys(meant.values()))
    ignored = tuple(each for n, each in enumerate(heads) if each and n not in meant)
    return Given(name, people, named, ignored)


def _cell(value: Json) -> Cell:
    value = frames.plain(value)
    match value:
        case None | "":
            return BLANK
        case bool():
            return Cell("flag", value)
        case int() | float():
            return Cell("number", value)
        case pd.Timestamp():
            return Cell("date", value.to_pydatetime())
        case _:
            return Cell("text", value if isinstance(value, str) else str(value))


def _meant(heads: list[str], contacts: Contacts, columns: Mapping[str, str]) -> dict[int, str]:
    """Return which column of the wide frame each heading means, by its place."""
    for head, name in columns.items():
        if head not in heads:
            near = difflib.get_close_matches(str(head), heads, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; there are {_told(heads)}"
            raise UnknownField(f"there is no heading {head!r}{hint}", field=str(head))
        if not contacts.field(name).editable:
            raise ReadOnlyField(f"{name}: {frames.why_fixed(name)}", field=name)
    wide = frames.wide_columns(contacts.extended)
    known = {name: name for name, column in wide.items() if column.field.editable}
    folded = _DASHBOARD | {name.casefold(): name for name in known}
    meant: dict[int, str] = {}
    for n, head in enumerate(heads):
        plain = " ".join(head.casefold().replace("e-mail", "email").split())
        numbered = _NUMBERED.fullmatch(plain)
        found = columns.get(head) or (numbered[1] if numbered else folded.get(plain))
        if found is not None:
            meant[n] = found
    many = [each for each in known if each not in ("email", "phone")]
    for name in many:
        if list(meant.values()).count(name) > 1:
            twice = [heads[n] for n, each in meant.items() if each == name]
            why = f"{' and '.join(map(repr, twice))} both mean {name}; rename one of them"
            raise BadValue(why, field=name)
    if not {"email", "phone"} & set(meant.values()):
        why = (
            "no heading is that of an e-mail or a phone, by which people are found: say which, "
            f'columns={{"…": "email"}}; there are {_told(heads)}'
        )
        raise BadValue(why)
    return meant


def _told(heads: list[str]) -> str:
    """Return headings for a message, whatever a stranger has put into them."""
    return visible(", ".join(heads))[:400]


def _person(
    number: int, row: list[Cell], meant: Mapping[int, str], contacts: Contacts, labels: Labels
) -> Person:
    person = Person(number)
    for n, name in meant.items():
        cell = commas.bare(row[n]) if n < len(row) else BLANK
        if cell.kind == "text" and not cell.value.strip():
            continue
        if cell.kind == "blank":
            continue
        try:
            value = _value(cell, contacts.field(name), labels)
        except ValueError as error:
            person.notes.append(f"{name} {error}")
            continue
        if name in ("email", "phone"):
            (person.emails if name == "email" else person.phones).append(value)
        person.says.setdefault(name, value)
    return person


def _value(cell: Cell, field: Field, labels: Labels) -> Json:
    """Return a cell's value: in a file that is not ours, a number is a text of digits."""
    if cell.kind == "number" and field.kind not in ("number", "date"):
        cell = Cell("text", cells.written(cell))
    if cell.kind == "text" and field.kind != "labels":
        cell = Cell("text", cell.value.strip())
    return field.clean(cells.value_of(cell, field, None, labels))


def told(values: Iterable[Json]) -> pd.Series[Any]:
    """Return values as a column: texts where all are."""
    listed = list(values)
    if all(value is None or isinstance(value, str) for value in listed):
        return frames.text_series(listed)
    return pd.Series(listed, dtype=object)
