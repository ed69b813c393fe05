"""Applying: one change of columns, as the frame that says it. Pure; it stages nothing."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import pandas as pd

from contacttools.changes import Transform
from contacttools.contact import fields
from contacttools.contact.fields import Json
from contacttools.errors import BadValue, ReadOnlyField, UnknownContact, UnknownField
from contacttools.snapshot import frames
from contacttools.snapshot.contacts import Contacts
from contacttools.snapshot.frames import Table

#: Which rows: conditions, a mask, contact ids; None for all.
Where: TypeAlias = "Mapping[str, Any] | pd.Series[bool] | Iterable[str] | None"


def changed(
    frame: pd.DataFrame,
    contacts: Contacts,
    change: object,
    table: Table | None,
    names: str | Sequence[str],
    *,
    where: Where,
) -> tuple[pd.DataFrame, Sequence[str]]:
    """Return the rows of a frame with columns changed, and which columns that clears.

    `names`: one column, of which the change is given and returns a Series; or several, of which it
    is given and returns a frame.
    """
    columns = [names] if isinstance(names, str) else list(names)
    for column in columns:
        if why := _why_fixed(contacts, table, column):
            raise ReadOnlyField(f"{column}: {why}", field=column)
    rows = frame.loc[rows_of(frame, contacts, table, where)].copy()
    if isinstance(change, Transform):
        change = _bound(change, rows, one=isinstance(names, str))
    if isinstance(names, str):
        made, cleared = _column(rows[names], change, names)
        rows[names] = made
        return rows, cleared
    result = change(rows[columns].copy()) if callable(change) else change
    if not isinstance(result, pd.DataFrame):
        why = (
            f"{', '.join(columns)}: a change of several columns returns a DataFrame of them, not a "
            f"{type(result).__name__}"
        )
        raise BadValue(why)
    if strange := [each for each in result.columns if each not in columns]:
        why = f"the change returned a column {strange[0]!r}; name it among the columns"
        raise BadValue(why, field=str(strange[0]))
    for column in result.columns:
        rows[column] = _series(_aligned(result[column], rows[column], column), rows)
    return rows, ()


def _bound(change: Transform, rows: pd.DataFrame, *, one: bool) -> Callable[[Any], Any]:
    """Return a change with the other columns that it reads."""
    if change.several == one:
        how = "several columns: say columns=[…]" if change.several else "one column: say column"
        why = f"{change!r} is a change of {how}"
        raise BadValue(why)
    if missing := [each for each in change.reads if each not in rows.columns]:
        why = (
            f"{change!r}: there is no column {missing[0]!r} beside; to_frame() shows what there is"
        )
        raise UnknownField(why, field=missing[0])
    return lambda values: (
        change(values, rows[list(change.reads)]) if change.reads else change(values)
    )


def _column(given: pd.Series[Any], change: object, column: str) -> tuple[Any, Sequence[str]]:
    """Return what a change makes of a column, and the column if it clears all of it."""
    result = change(given.copy()) if callable(change) else change
    if isinstance(result, pd.Series):
        return _series(_aligned(result, given, column), given), ()
    if not _is_one(result):
        why = (
            f"{column}: a change returns a Series of the rows that it was given, or one value for "
            f"all of them, not a {type(result).__name__}"
        )
        raise BadValue(why, field=column)
    cleared = [column] if frames.plain(result) is None else []
    return _series([result] * len(given), given), cleared


def _series(values: list[Json], like: pd.Series[Any] | pd.DataFrame) -> pd.Series[Any]:
    return pd.Series(values, index=like.index, dtype=object)


def _why_fixed(contacts: Contacts, table: Table | None, column: str) -> str:
    """Return why a column cannot be edited; empty where it can."""
    if table is None:
        return "" if contacts.field(column).editable else frames.why_fixed(column)
    known = frames.tidy_columns(table)
    if column not in known:
        why = f"{table} have no column {column!r}; there are {', '.join(known)}"
        raise UnknownField(why, field=column)
    field = known[column]
    return "" if field is None or field.editable else frames.why_fixed(column)


def rows_of(
    frame: pd.DataFrame,
    contacts: Contacts,
    table: Table | None,
    where: Where,
) -> pd.Index[Any]:
    """Return the labels of the rows that conditions, a mask over the frame, or contact ids name."""
    if isinstance(where, Mapping):
        return frame.index[met(frame, contacts, where)]
    if table is None:
        return pd.Index(chosen(contacts, where))
    if isinstance(where, pd.Series) and where.dtype == bool:
        if not where.index.equals(frame.index):
            why = f"the mask is not over stage.to_frame({table!r}): its index is another one"
            raise BadValue(why)
        return frame.index[where]
    return frame.index[frame["contactId"].isin(chosen(contacts, where))]


def met(frame: pd.DataFrame, contacts: Contacts, where: Mapping[str, object]) -> pd.Series[bool]:
    """Return which rows hold all of some values: one, one of a list, or, for None, nothing.

    Of labels a row holds several: it is enough that one of them is wanted.
    """
    found = pd.Series(data=True, index=frame.index)
    for column, wanted in where.items():
        if column not in frame.columns:
            why = f"where: there is no column {column!r}; to_frame() shows what there is"
            raise UnknownField(why, field=str(column))
        held = frame[column]
        listed = list(wanted) if isinstance(wanted, (list, tuple, set, frozenset)) else [wanted]
        if column == fields.LABELS.name:
            keys = {None if each is None else _label(contacts, each) for each in listed}
            found &= held.map(lambda has, keys=keys: bool(keys & (set(has) or {None})))
            continue
        found &= held.isin([each for each in listed if each is not None]) | (
            held.isna() & (None in listed)
        )
    return found


def chosen(contacts: Contacts, where: pd.Series[bool] | Iterable[str] | None) -> list[str]:
    """Return the ids that a mask over the wide frame, or a list of ids, names: oldest first."""
    if where is None:
        return list(contacts)
    wanted: set[Hashable]
    if isinstance(where, pd.Series):
        if where.dtype != bool:
            why = f"where is a mask of True and False, not a Series of {where.dtype}"
            raise BadValue(why)
        wanted = set(where.index[where])
    else:
        wanted = {where} if isinstance(where, str) else set(where)
    if strange := [each for each in wanted if not isinstance(each, str)]:
        why = (
            f"where is a boolean Series over stage.to_frame(), or contact ids, not {strange[0]!r}: "
            "of an array of True and False one cannot tell which contacts it is about"
        )
        raise BadValue(why)
    if unknown := [each for each in wanted if each not in contacts]:
        why = f"no contact {unknown[0]!r} in the snapshot; where takes a mask or contact ids"
        raise UnknownContact(why, contact_id=str(unknown[0]))
    return [each for each in contacts if each in wanted]


def _is_one(value: Json) -> bool:
    """Say whether a value stands for itself: no list of values, but for a tuple of labels."""
    return isinstance(value, (str, tuple)) or not hasattr(value, "__len__")


def _aligned(result: pd.Series[Any], given: pd.Series[Any], column: str) -> list[Json]:
    """Return the values of a Series in the order of the contacts."""
    missing = given.index.difference(result.index)
    if len(missing) or not result.index.is_unique:
        what = f"has no value for {missing[0]}" if len(missing) else "has a row twice"
        why = f"{column}: the Series of the change {what}; keep the index that it was given"
        raise BadValue(why, field=column)
    return result.reindex(given.index).astype(object).tolist()


def _label(contacts: Contacts, name: Json) -> Json:
    """Return the key of a label that there is, or raise BadValue: of none, nobody would be told."""
    key = contacts.definitions.label_key(name)
    known = contacts.definitions.labels
    if known is not None and key not in known:
        why = f"where: there is no label {name!r}; site.labels() shows what there is"
        raise BadValue(why, field=fields.LABELS.name)
    return key
