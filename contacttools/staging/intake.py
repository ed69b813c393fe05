"""Intake: an edited frame, read back as values to stage. Pure; it stages nothing itself.

A cell is an edit when it differs from what its frame showed. A row is taken whole or not at
all; what is wrong with it is kept as the error it would raise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from contacttools.contact import fields
from contacttools.contact.fields import Field, Json
from contacttools.errors import (
    BadValue,
    ReadOnlyField,
    StagingError,
    StaleFrame,
    UnknownContact,
    UnknownField,
)
from contacttools.snapshot import frames
from contacttools.snapshot.contacts import Contacts, living
from contacttools.snapshot.frames import Cell, Table

Status = Literal["staged", "unchanged", "refused"]
WHOLE = -1  # stands for a row where a column, the frame, or an absent row is meant


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one row, or of one cell of it."""

    row: int
    contact_id: str | None
    field: str | None
    status: Status
    why: str = ""
    error: StagingError | None = None


@dataclass(slots=True)
class RowEdit:
    """What one row asks for. `item_id` is None for a new item and for the wide frame."""

    row: int
    contact_id: str
    item_id: str | None = None
    sets: dict[str, Json] = field(default_factory=dict)
    removed: bool = False


@dataclass(slots=True)
class Reading:
    """A frame as it was read: what to stage, and what is wrong with it."""

    ids: list[Json]  # the contact id of each row, once the frame as a whole is sound
    edits: list[RowEdit]
    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class Source:
    """What a frame is held against: the snapshot, and what its own stage has shown."""

    contacts: Contacts
    shown: Callable[[str | None, Table | None], pd.DataFrame | None]
    clear: frozenset[str]


def refuse(row: int, error: StagingError) -> Finding:
    """Return the finding of an error."""
    return Finding(row, error.contact_id, error.field, "refused", str(error), error)


# -- the wide frame -------------------------------------------------------------------------


def read_wide(frame: pd.DataFrame, source: Source) -> Reading:
    """Read an edited wide frame back."""
    if "id" in list(frame.columns) and frame.columns.is_unique:
        frame = frame.set_index("id")
    columns = {
        name: column.field for name, column in frames.wide_columns(source.contacts.extended).items()
    }
    problems = list(
        _column_problems(frame, columns, source.clear, lambda name: _hint(source, name))
    )
    ids = _names(frame.index)
    good = list(_good_rows(frame, ids, source, problems))
    shown = _shown(frame, source, None, problems)
    if shown is None or any(each.row == WHOLE for each in problems):
        return Reading([], [], problems)
    known = {name: columns[name] for name in frame.columns if name in columns}
    known.pop("revision", None)
    was, now = shown.loc[[ids[row] for row in good]], frame.iloc[good]
    edits = {row: RowEdit(row, ids[row]) for row in good}
    kinds = {name: each.kind for name, each in known.items()}
    for cell in frames.changed_cells(was, now, good, kinds):
        _take(edits[cell.row], cell, known[cell.column], source, problems)
    return _sorted_out(ids, edits.values(), problems)


def _hint(source: Source, name: str) -> UnknownField:
    try:
        source.contacts.field(name)
    except UnknownField as error:
        return error
    return UnknownField(f"no column {name!r} in this frame", field=name)


# -- tidy frames ----------------------------------------------------------------------------


def read_tidy(
    frame: pd.DataFrame, table: Table, source: Source, *, remove_missing: bool
) -> Reading:
    """Read an edited tidy frame back; absent rows are removals only when asked."""
    columns = frames.tidy_columns(table)
    problems = list(
        _column_problems(
            frame,
            columns,
            source.clear,
            lambda name: UnknownField(
                f"no column {name!r} in table {table!r}; it has {', '.join(columns)}", field=name
            ),
        )
    )
    if "contactId" not in frame.columns:
        why = f"table {table!r} needs a column contactId, one contact id a row"
        problems.append(refuse(WHOLE, UnknownField(why, field="contactId")))
        return Reading([], [], problems)
    if any(each.row == WHOLE for each in problems):
        return Reading([], [], problems)
    ids = _names(frame["contactId"])
    items = _names(frame["itemId"]) if "itemId" in frame.columns else [None] * len(frame)
    shown = _shown(frame, source, table, problems)
    if shown is None:
        return Reading([], [], problems)
    place = {
        pair: n for n, pair in enumerate(zip(shown["contactId"], shown["itemId"], strict=True))
    }
    good = list(_good_rows(frame, ids, source, problems, items))
    known: dict[str, Field | None] = {
        name: columns[name]
        for name in frame.columns
        if name in columns and name not in {"contactId", "itemId", "revision"}
    }
    edits: dict[int, RowEdit] = {}
    old: list[int] = []
    for row in good:
        pair = (ids[row], items[row])
        if items[row] is not None and pair not in place:
            why = (
                f"contact {ids[row]}: {table} has no item {items[row]!r}; "
                "leave itemId empty for a new item"
            )
            error = UnknownField(why, contact_id=ids[row], field=table)
            problems.append(refuse(row, error))
            continue
        edits[row] = RowEdit(row, ids[row], items[row])
        if items[row] is None:
            edits[row].sets = _new_item(frame, row, known, ids[row], problems)
        else:
            old.append(row)
    was = shown.iloc[[place[ids[row], items[row]] for row in old]]
    kinds = {name: each.kind if each else None for name, each in known.items()}
    for cell in frames.changed_cells(was, frame.iloc[old], old, kinds):
        edit = edits[cell.row]
        member = known[cell.column] or _extended(source, str(edit.item_id))
        _take(edit, cell, member, source, problems)
    reading = _sorted_out(ids, edits.values(), problems)
    if remove_missing and problems:
        why = "no absent row was taken as removed, since some rows were refused; mend those first"
        reading.findings.append(refuse(WHOLE, BadValue(why, field=table)))
    elif remove_missing:
        present = set(zip(ids, items, strict=True))
        reading.edits += [
            RowEdit(WHOLE, contact_id, item_id, removed=True)
            for contact_id, item_id in place
            if (contact_id, item_id) not in present and _removable(table, item_id)
        ]
    return reading


def _removable(table: Table, item_id: str) -> bool:
    return table != "extendedFields" or str(item_id).startswith("custom.")


def _extended(source: Source, key: str) -> Field:
    return source.contacts.extended.get(key) or fields.extended(key)


def _new_item(
    frame: pd.DataFrame,
    row: int,
    known: Mapping[str, Field | None],
    contact_id: str,
    problems: list[Finding],
) -> dict[str, Json]:
    values: dict[str, Json] = {}
    for name, member in known.items():
        value = frames.plain(frame[name].iloc[row])
        if value is None or name == "position":
            continue
        try:
            values[name] = _cleaned(member, value, contact_id, name) if member else value
        except StagingError as error:
            if name != "key":
                problems.append(refuse(row, error))
            else:
                values[name] = value  # the key of a new extended field names it
    return values


# -- shared ---------------------------------------------------------------------------------


def _column_problems(
    frame: pd.DataFrame,
    columns: Mapping[str, Field | None],
    clear: Iterable[str],
    unknown: Callable[[str], UnknownField],
) -> Iterator[Finding]:
    for name in frame.columns[frame.columns.duplicated()].unique():
        error = BadValue(f"the frame has two columns named {name!r}; keep one", field=str(name))
        yield refuse(WHOLE, error)
    for name in [*frame.columns, *clear]:
        if name not in columns:
            yield refuse(WHOLE, unknown(str(name)))


def _shown(
    frame: pd.DataFrame, source: Source, table: Table | None, problems: list[Finding]
) -> pd.DataFrame | None:
    shown = source.shown(_mark(frame), table)
    if shown is None:
        why = (
            "the frame was laid out by another stage, or too long ago to know what it showed; "
            "take a new one with stage.to_frame() or contacts.to_frame()"
        )
        problems.append(refuse(WHOLE, StaleFrame(why)))
    return shown


def _good_rows(
    frame: pd.DataFrame,
    ids: list[Json],
    source: Source,
    problems: list[Finding],
    items: list[Json] | None = None,
) -> Iterator[int]:
    """Yield the rows that name one known contact, once, at the snapshot's revision."""
    if any(each.row == WHOLE for each in problems):
        return
    revisions = (
        [frames.plain(value) for value in frame["revision"].tolist()]
        if "revision" in frame.columns
        else None
    )
    older, marked = _older(frame, source), _mark(frame) is not None
    named = [None] * len(ids) if items is None else items
    # A new item has no id yet, so any number of rows may add one.
    keys = [
        None if items is not None and item is None else (contact_id, item)
        for contact_id, item in zip(ids, named, strict=True)
    ]
    seen = Counter(key for key in keys if key is not None)
    for row, (contact_id, key) in enumerate(zip(ids, keys, strict=True)):
        revision = revisions[row] if revisions else None
        if revision is None and marked:
            revision = _shown_revision(contact_id, source, older)
        error = _row_problem(contact_id, source, revision, new=items is not None and key is None)
        if error is None and key is not None and seen[key] > 1:
            what = "contact" if items is None else f"item {key[1]!r} of contact"
            why = f"{what} {contact_id} stands in {seen[key]} rows; keep one"
            error = BadValue(why, contact_id=contact_id)
        if error is None:
            yield row
        else:
            problems.append(refuse(row, error))


def _older(frame: pd.DataFrame, source: Source) -> Contacts | None:
    """Return the other snapshot a frame shows, if it shows one that is not the stage's."""
    mark = _mark(frame)
    return None if mark is None or mark == source.contacts.mark else living(mark)


def _mark(frame: pd.DataFrame) -> str | None:
    """Return what a frame says it shows; pandas drops it in a concat or a merge."""
    mark = frame.attrs.get(frames.MARK)
    return mark if isinstance(mark, str) else None


def _shown_revision(contact_id: Json, source: Source, older: Contacts | None) -> Json:
    contacts = source.contacts if older is None else older
    return contacts.revision(contact_id) if contact_id in contacts else None


def _row_problem(
    contact_id: Json, source: Source, revision: Json, *, new: bool
) -> StagingError | None:
    if contact_id is None or contact_id not in source.contacts:
        why = (
            f"no contact {contact_id!r} in the snapshot; fetch again, or check the contact ids "
            "of the frame"
        )
        return UnknownContact(why, contact_id=None if contact_id is None else str(contact_id))
    held = source.contacts.revision(contact_id)
    if revision is None and not new:
        why = (
            f"contact {contact_id}: the frame does not say which revision it shows, so its values "
            'may be old; frame.join(stage.to_frame()["revision"]) adds that column'
        )
        return StaleFrame(why, contact_id=contact_id, field="revision")
    if revision is not None and not frames.same_cell("integer", held, revision):
        why = (
            f"contact {contact_id}: the frame shows revision {revision}, the stage revision "
            f"{held}; take a new frame from the stage and edit that"
        )
        return StaleFrame(why, contact_id=contact_id, field="revision")
    return None


def _names(column: pd.Series[Any] | pd.Index[Any]) -> list[Json]:
    """Return ids as texts, missing as None; what no id can be is named by its spelling."""
    plain = (frames.plain(value) for value in column.tolist())
    return [value if value is None or isinstance(value, str) else repr(value) for value in plain]


def _take(
    edit: RowEdit, cell: Cell, member: Field, source: Source, problems: list[Finding]
) -> None:
    """Take a changed cell into its row's edit, or keep what is wrong with it."""
    try:
        value = _taken(cell, member, source, edit.contact_id)
    except StagingError as error:
        problems.append(refuse(cell.row, error))
    else:
        if value is None or not frames.same_cell(member.kind, cell.shown, value):
            edit.sets[cell.column] = value  # else the same, in another type, such as a date's


def _taken(cell: Cell, field: Field, source: Source, contact_id: str) -> Json:
    """Return a changed cell's value as it would be staged, or raise what is wrong with it."""
    if not field.editable:
        why = f"contact {contact_id}: {frames.why_fixed(cell.column)}; leave it as it was"
        raise ReadOnlyField(why, contact_id=contact_id, field=cell.column)
    if cell.value is None:
        if cell.column in source.clear:
            return None
        why = (
            f"contact {contact_id}: {cell.column} turned missing (was {cell.shown!r:.60}); "
            f"to clear it on purpose, say clear=({cell.column!r},); else leave the row out, or "
            "fill in the value that it had"
        )
        raise BadValue(why, contact_id=contact_id, field=cell.column)
    return _cleaned(field, cell.value, contact_id, cell.column)


def _cleaned(field: Field, value: Json, contact_id: str, name: str) -> Json:
    if not field.editable:
        why = f"contact {contact_id}: {name} is set by the service; leave it empty"
        raise ReadOnlyField(why, contact_id=contact_id, field=name)
    try:
        return field.clean(value)
    except ValueError as error:
        why = f"contact {contact_id}: {name} {error}"
        raise BadValue(why, contact_id=contact_id, field=name) from None


def _sorted_out(ids: list[Json], edits: Iterable[RowEdit], problems: list[Finding]) -> Reading:
    """Leave out the rows with a problem."""
    bad = {each.row for each in problems}
    return Reading(ids, [edit for edit in edits if edit.row not in bad], problems)


def outcome(findings: Iterable[Finding]) -> pd.DataFrame:
    """Return findings as the frame that `Stage.update` answers with."""
    listed = sorted(findings, key=lambda each: (each.row, each.field or ""))
    return pd.DataFrame(
        {
            "row": pd.Series([each.row for each in listed], dtype="int64"),
            "contactId": frames.text_series([each.contact_id for each in listed]),
            "field": frames.text_series([each.field for each in listed]),
            "status": frames.text_series([each.status for each in listed]),
            "why": frames.text_series([each.why for each in listed]),
        }
    )
