"""Applying: one change of one column, as the frame that says it. Pure; it stages nothing."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import pandas as pd

from contacttools.contact.fields import Json
from contacttools.errors import BadValue, ReadOnlyField, UnknownContact
from contacttools.snapshot import frames
from contacttools.snapshot.contacts import Contacts


def changed(
    frame: pd.DataFrame,
    contacts: Contacts,
    change: object,
    column: str,
    where: pd.Series[bool] | Iterable[str] | None,
) -> tuple[pd.DataFrame, Sequence[str]]:
    """Return the rows of a wide frame with a column changed, and which columns it clears."""
    field = contacts.field(column)
    if not field.editable:
        why = f"{column}: {frames.why_fixed(column)}"
        raise ReadOnlyField(why, field=column)
    rows = frame.loc[chosen(contacts, where)]
    given = rows[column]
    result = change(given.copy()) if callable(change) else change
    if not isinstance(result, pd.Series):
        if not _is_one(result):
            why = (
                f"{column}: a change returns a Series of the contacts that it was given, or one "
                f"value for all of them, not a {type(result).__name__}"
            )
            raise BadValue(why, field=column)
        cleared = [column] if frames.plain(result) is None else []
        values: list[Json] = [result] * len(rows)
    else:
        cleared, values = [], _aligned(result, given, column)
    rows = rows.copy()
    rows[column] = pd.Series(values, index=rows.index, dtype=object)
    return rows, cleared


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
        what = f"has no value for {missing[0]}" if len(missing) else "has a contact twice"
        why = f"{column}: the Series of the change {what}; keep the index that it was given"
        raise BadValue(why, field=column)
    return result.reindex(given.index).astype(object).tolist()
