"""Incoming: what people changed in a sheet, held against the contacts. It reads that one file.

It stages nothing itself. A cell is an edit when it is not what was exported, and the contact still
holds what was.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

import pandas as pd
from openpyxl.utils import get_column_letter

from contacttools.contact.fields import Field, Json
from contacttools.errors import (
    BadValue,
    ReadOnlyField,
    StagingError,
    StaleFrame,
    UnknownContact,
    UnknownField,
    WrongSite,
)
from contacttools.sheets import cells, layout, returned
from contacttools.sheets.cells import BLANK, Cell
from contacttools.sheets.originals import Key, Original
from contacttools.snapshot import frames
from contacttools.snapshot.contacts import Contacts
from contacttools.snapshot.frames import Table
from contacttools.staging import intake
from contacttools.staging.intake import WHOLE, Finding, Reading, RowEdit


@dataclass(slots=True)
class Back:
    """A sheet that came back, as it was read."""

    table: Table | None
    reading: Reading
    places: dict[str, str] = field(default_factory=dict)  # the letters of columns, by name
    changed: dict[int, list[str]] = field(default_factory=dict)  # by row, what was put into it
    unsaid: list[Finding] = field(default_factory=list)  # of rows in which nothing was changed

    def place(self, row: int, name: str | None) -> str | None:
        """Return the address of a cell; of a list's or a row's error, of what was changed there."""
        if row == WHOLE:
            return f"{self.places[name]}1" if name in self.places else None
        if name not in self.places:
            name = next(iter(self.changed.get(row, ())), None)
        return f"{self.places[name]}{row}" if name is not None else None

    def told(self, findings: Iterable[Finding]) -> list[Finding]:
        """Return all there is to say, each with its address; of a refused row, all of its cells."""
        found = [self._addressed(each) for each in findings]
        said = {(each.row, each.field) for each in found}
        rows = {each.row: each for each in found}
        for row, names in self.changed.items():
            for name in names:
                if (row, name) not in said:
                    place, first = self.place(row, name), rows[row]
                    why = f"{place}: not staged, for another cell of this row was refused"
                    error = BadValue(why, contact_id=first.contact_id, field=name)
                    found.append(intake.refuse(row, error))
        return found + self.unsaid

    def _addressed(self, finding: Finding) -> Finding:
        place = self.place(finding.row, finding.field)
        if finding.error is None or place is None or finding.why.startswith(f"{place}: "):
            return finding
        error, why = finding.error, f"{place}: {finding.why}"
        said = type(error)(why, contact_id=error.contact_id, field=error.field)
        return replace(finding, why=why, error=said)

    def outcome(self, findings: list[Finding]) -> pd.DataFrame:
        """Return what `Stage.update` answers with, and the address of each cell."""
        frame = intake.outcome(findings)
        where = zip(frame["row"], frame["field"], strict=True)
        cells_ = [self.place(row, frames.plain(name)) for row, name in where]
        frame.insert(0, "cell", frames.text_series(cells_))
        return frame


def read(path: str | os.PathLike[str], contacts: Contacts, document: Callable[[str], Json]) -> Back:
    """Return what a sheet asks for.

    Parameters
    ----------
    path : path
    contacts : Contacts
    document : callable
        Gives a contact with what is staged.

    Raises
    ------
    WrongSite, BadValue
        The sheet is of another site, or cannot be read as a whole.
    """
    sheet = returned.read(path)
    known = sheet.originals
    if None not in (known.site_id, contacts.site_id) and known.site_id != contacts.site_id:
        why = (
            f"{sheet.name} is of site {known.site_id}, the stage's contacts are of "
            f"{contacts.site_id}"
        )
        raise WrongSite(why)
    return _Comparison(sheet, contacts, document).back()


class _Comparison:
    """One sheet beside its originals and the contacts."""

    def __init__(
        self, sheet: returned.Returned, contacts: Contacts, document: Callable[[str], Json]
    ) -> None:
        self._sheet, self._contacts, self._document = sheet, contacts, document
        self._table, self._labels = sheet.originals.table, layout.names_of(contacts)
        self._fields = layout.known(contacts, self._table)
        self._texts = {name: n for n, name in enumerate(sheet.originals.columns)}
        self._places: dict[str, int] = {}
        self._back = Back(self._table, Reading([], [], []))

    def back(self) -> Back:
        sheet, back = self._sheet, self._back
        self._columns()
        keys = [sheet.heads.index(name) for name in layout.keys(self._table)]
        named: list[tuple[int, Key | None, list[Cell]]] = [
            (number, _key(row, keys), row) for number, row in sheet.rows
        ]
        times = Counter(key for _, key, _ in named)
        originals = {row.key: row for row in sheet.originals.rows}
        for number, key, row in named:
            original = originals.get(key) if key is not None else None
            error = sheet.wrong.get(number) or self._row_problem(key, original, times[key])
            if error is not None:
                back.reading.findings.append(intake.refuse(number, error))
            elif original is not None:
                self._row(number, original, row)
        for key in originals:
            if key not in times:
                why = "its row is not in the sheet; nothing of it is staged"
                back.unsaid.append(Finding(WHOLE, key[0], None, "unchanged", why))
        return back

    def _columns(self) -> None:
        """Find the columns, and name those that cannot be read."""
        heads, back = self._sheet.heads, self._back
        times, keys = Counter(heads), layout.keys(self._table)
        lost = [name for name in self._texts if name not in times]
        for n, name in enumerate(heads):
            if not name or name in back.places:
                continue
            back.places[name] = get_column_letter(n + 1)
            error = self._column_problem(name, times[name], lost)
            if error is not None and name in keys:
                raise error
            if error is not None:
                back.reading.findings.append(intake.refuse(WHOLE, error))
            elif name in self._texts and (name in self._fields or name == layout.WHO):
                self._places[name] = n
        for name in lost:
            why = "the sheet has no such column; nothing of it is staged"
            back.unsaid.append(Finding(WHOLE, None, name, "unchanged", why))

    def _column_problem(self, name: str, times: int, lost: list[str]) -> StagingError | None:
        if times > 1:
            why = f"two columns are headed {name!r}; nothing of them was read: keep one"
            return BadValue(why, field=name)
        if name not in self._texts and name not in layout.keys(self._table):
            why = f"{name!r} is no heading of this export, and was not read"
            if lost:
                why += f"; of those, {', '.join(lost)} is missing: was a heading changed?"
            return UnknownField(why, field=name)
        if name.startswith("custom.") and name not in self._fields:
            return UnknownField(f"the contacts have no field {name!r} any more", field=name)
        return None

    def _row_problem(
        self, key: Key | None, original: Original | None, times: int
    ) -> StagingError | None:
        if key is None:
            what = (
                "ct.match finds out who is new, and site.create_contact creates them"
                if self._table is None
                else f"stage.add(contact_id, {self._table!r}, …) adds it"
            )
            return BadValue(f"a new row, which was not staged: {what}")
        contact_id, item_id = key
        if original is None:
            what = f"contact {contact_id!r}" if item_id is None else f"item {item_id!r}"
            why = f"{what} is not in what was exported; its hidden columns are to stay"
            return UnknownContact(why, contact_id=contact_id)
        if times > 1:
            what = f"contact {contact_id}" if item_id is None else f"item {item_id} of {contact_id}"
            why = f"{what} stands in {times} rows; keep one"
            return BadValue(why, contact_id=contact_id)
        return None

    def _row(self, number: int, original: Original, row: list[Cell]) -> None:
        contact_id, item_id = original.key
        touched = {
            name: cell
            for name, n in self._places.items()
            if not cells.untouched(
                cell := row[n] if n < len(row) else BLANK, original.texts[self._texts[name]]
            )
        }
        back, findings = self._back, self._back.reading.findings
        back.reading.ids.append(contact_id)
        if not touched:
            back.unsaid.append(Finding(number, contact_id, None, "unchanged"))
            return
        try:
            held = self._held(contact_id, item_id)
        except StagingError as error:
            findings.append(intake.refuse(number, error))
            return
        edit = RowEdit(number, contact_id, item_id)
        bad, same = False, []
        for name, cell in touched.items():
            if not self._is_open(name) and (cell.kind in ("blank", "date")):
                continue  # somebody emptied or formatted what is not read anyway
            back.changed.setdefault(number, []).append(name)
            text = original.texts[self._texts[name]]
            try:
                edits = list(self._edit(contact_id, held, name, cell, text))
            except StagingError as error:
                bad = True
                findings.append(intake.refuse(number, error))
            else:
                edit.sets.update(edits)
                if not edits:
                    same.append(name)
        findings += [
            Finding(number, contact_id, name, "unchanged", "the contact holds this already")
            for name in same
        ]
        if number not in back.changed:
            back.unsaid.append(Finding(number, contact_id, None, "unchanged"))
        elif edit.sets and not bad:
            back.reading.edits.append(edit)

    def _is_open(self, name: str) -> bool:
        if name == layout.WHO:
            return False
        field = self._fields[name]
        return field is None or field.editable

    def _edit(
        self, contact_id: str, held: Json, name: str, cell: Cell, original: str | None
    ) -> Iterator[tuple[str, Json]]:
        """Yield the value that a cell asks for, unless the contact holds it already."""
        who = f"contact {contact_id}: {name}"
        if not self._is_open(name):
            why = f"{frames.why_fixed(name)}; it is not read back"
            if name == layout.WHO:
                why = "contact says whose row it is"
            why = f"contact {contact_id}: {why}; if a part of the sheet was sorted, undo that"
            raise ReadOnlyField(why, contact_id=contact_id, field=name)
        field = self._fields[name] or self._extended(held["itemId"])
        try:
            value = cells.value_of(cell, field, original, self._labels)
            value = value if value is None else field.clean(value)
        except ValueError as error:
            raise BadValue(f"{who} {error}", contact_id=contact_id, field=name) from None
        wanted = cells.text_of(value, field.kind, self._labels)
        now = cells.text_of(held[name], field.kind, self._labels)
        if wanted in (now, original):
            return
        if (now or None) != (original or None):
            why = (
                f"{who} was {original!r:.60} when this was exported and is {now!r:.60} by now; the "
                f"sheet says {wanted!r:.60}: decide, and stage.edit"
            )
            raise StaleFrame(why, contact_id=contact_id, field=name)
        yield name, value

    def _extended(self, key: str) -> Field:
        return self._contacts.field(key)

    def _held(self, contact_id: str, item_id: str | None) -> Json:
        """Return what a row would show by now, by column."""
        if contact_id not in self._contacts:
            why = (
                f"contact {contact_id} is not among the stage's contacts; it may have been deleted "
                "or merged since this was exported: fetch again"
            )
            raise UnknownContact(why, contact_id=contact_id)
        document, extended = self._document(contact_id), self._contacts.extended
        if self._table is None:
            return {
                name: column.read(document)
                for name, column in frames.wide_columns(extended).items()
            }
        labels = self._contacts.definitions.labels or {}
        rows = frames.item_rows(self._table, contact_id, document, extended, labels)
        found = next((row for row in rows if row["itemId"] == item_id), None)
        if found is None:
            why = f"contact {contact_id}: {self._table} has no item {item_id!r} any more"
            raise UnknownField(why, contact_id=contact_id, field=self._table)
        return dict.fromkeys(self._fields) | found


def _key(row: list[Cell], keys: list[int]) -> Key | None:
    """Return whose row it is; None for a new one."""
    parts = [cells.settled(cells.written(row[n])) if n < len(row) else "" for n in keys]
    if not parts[0]:
        return None
    return parts[0], (parts[1] or None) if len(parts) > 1 else None
