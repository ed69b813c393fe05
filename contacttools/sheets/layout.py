"""Layout: what a sheet shows of contacts, its rows, its columns, and what each takes. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from contacttools.contact.fields import Field
from contacttools.errors import BadValue, UnknownField
from contacttools.sheets import cells
from contacttools.sheets.cells import Labels
from contacttools.sheets.originals import Original, Originals
from contacttools.snapshot import frames
from contacttools.snapshot.contacts import Contacts
from contacttools.snapshot.frames import Table

WHO = "contact"  # the column that says who a row is about, in every sheet
_MOST_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a sheet.

    Attributes
    ----------
    name : str
    editable : bool
        What is not, is shown in grey and never read back.
    hidden : bool
    choices : tuple of str
        What a cell takes; empty where that is open.
    several : bool
        Whether it takes several of them, or something else.
    """

    name: str
    editable: bool = False
    hidden: bool = False
    choices: tuple[str, ...] = ()
    several: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """A sheet to be written.

    Attributes
    ----------
    columns : tuple of Column
        The keys of a row first; then those that `originals` names.
    originals : Originals
    fetched_at : datetime
    """

    columns: tuple[Column, ...]
    originals: Originals
    fetched_at: datetime

    @property
    def people(self) -> int:
        """How many contacts it shows."""
        return len({row.contact_id for row in self.originals.rows})


def keys(table: Table | None) -> tuple[str, ...]:
    """Return the columns that say whose row it is."""
    return ("id",) if table is None else ("contactId", "itemId")


def known(contacts: Contacts, table: Table | None) -> dict[str, Field | None]:
    """Return the fields of a frame's columns; None marks the one whose type varies by row."""
    if table is not None:
        return frames.tidy_columns(table)
    columns = frames.wide_columns(contacts.extended)
    return {name: column.field for name, column in columns.items()}


def names_of(contacts: Contacts) -> Labels:
    """Return what the labels of a site are called in a cell."""
    return Labels(contacts.definitions.labels or {})


def laid_out(
    contacts: Contacts,
    wide: pd.DataFrame,
    frame: pd.DataFrame,
    table: Table | None,
    columns: Iterable[str] | None,
) -> Layout:
    """Return the rows of a frame as a sheet.

    `wide` says who they are about. Raises UnknownField for a column that there is not, and
    BadValue for a value that is too long for a cell.
    """
    if frame.empty:
        raise BadValue("there are no such rows, so there is nothing to fill in; see where=")
    if len(frame) > _MOST_ROWS:
        why = f"a sheet takes {_MOST_ROWS:,} rows, not {len(frame):,}; choose some with where="
        raise BadValue(why)
    fields, labels = known(contacts, table), names_of(contacts)
    named = _chosen(contacts, table, list(fields), columns)
    ids = [str(each) for each in (frame.index if table is None else frame["contactId"])]
    items = [None] * len(ids) if table is None else [str(each) for each in frame["itemId"]]
    told = _called(wide)
    texts = [[told[each] for each in ids]]
    for name in named:
        field = fields[name]
        kind = None if field is None else field.kind
        texts.append([cells.text_of(value, kind, labels) for value in frame[name].tolist()])
    rows = [
        Original(
            contact_id=contact_id,
            item_id=item_id,
            revision=contacts.revision(contact_id),
            texts=list(row),
        )
        for contact_id, item_id, *row in zip(ids, items, *texts, strict=True)
    ]
    _short_enough(rows, named)
    shown = [Column(each, hidden=True) for each in keys(table)]
    shown += [Column(WHO), *(_column(name, fields[name], table, labels) for name in named)]
    originals = Originals(site_id=contacts.site_id, table=table, columns=[WHO, *named], rows=rows)
    return Layout(tuple(shown), originals, contacts.fetched_at)


def _chosen(
    contacts: Contacts, table: Table | None, there: list[str], columns: Iterable[str] | None
) -> list[str]:
    always = ["revision"]
    hidden = {*keys(table), "revision"}
    if columns is None:
        return [*always, *(each for each in there if each not in hidden)]
    wanted = [columns] if isinstance(columns, str) else list(dict.fromkeys(columns))
    for name in wanted:
        if name in there or name in hidden:
            continue
        if table is None:
            contacts.field(name)  # says what there is instead
        why = f"no column {name!r} in this sheet; there are {', '.join(there)}"
        raise UnknownField(why, field=str(name))
    return [*always, *(each for each in wanted if each not in hidden)]


def _called(wide: pd.DataFrame) -> dict[str, str | None]:
    """Return what a person would call each contact: its name, else an e-mail or phone."""
    parts = zip(
        wide.index,
        *(wide[name].tolist() for name in ("name.first", "name.last", "email", "phone")),
        strict=True,
    )
    called: dict[str, str | None] = {}
    for contact_id, *texts in parts:
        first, last, *reach = (str(frames.plain(each) or "") for each in texts)
        called[str(contact_id)] = f"{first} {last}".strip() or next(filter(None, reach), None)
    return called


def _column(name: str, field: Field | None, table: Table | None, labels: Labels) -> Column:
    if field is None:
        return Column(name, editable=True)
    if not field.editable:
        return Column(name, hidden=name == "revision")
    if field.kind == "labels":
        return Column(
            name, editable=True, choices=tuple(sorted(labels.names.values())), several=True
        )
    if table == "labels":
        return Column(name, editable=True, choices=tuple(sorted(labels.known)), several=True)
    if field.kind == "flag":
        return Column(name, editable=True, choices=("yes", "no"))
    return Column(name, editable=True, choices=field.choices)


def _short_enough(rows: Iterable[Original], named: list[str]) -> None:
    for row in rows:
        for name, text in zip([WHO, *named], row.texts, strict=True):
            if text is None or len(text) * 8 < cells.LONGEST:
                continue
            if len(cells.encoded(text).encode("utf-16-le")) // 2 > cells.LONGEST:
                why = (
                    f"contact {row.contact_id}: {name} is too long for a cell, which holds "
                    f"{cells.LONGEST:,} characters; leave it out with columns= or where="
                )
                raise BadValue(why, contact_id=row.contact_id, field=name)
