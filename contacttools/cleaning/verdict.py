"""Verdict: what a normaliser says of one value, and the same of a whole column. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Literal, NamedTuple

import pandas as pd

from contacttools.errors import BadValue

Status = Literal["ok", "fixed", "doubtful", "invalid"]


class Verdict(NamedTuple):
    """What a normaliser says of one value.

    Attributes
    ----------
    value : str
        The value as it should be; as it was where nothing can be improved for sure.
    status : {"ok", "fixed", "doubtful", "invalid"}
        ``fixed``: the value is a better one, for sure. ``doubtful``: somebody should look; what
        could be improved for sure is. ``invalid``: it is none of what it should be.
    why : str
        In a few words; empty where all is well.
    """

    value: str
    status: Status
    why: str = ""


def told(before: str, after: str, why: str, doubt: str = "") -> Verdict:
    """Return the verdict on a value that is whole: fixed if it changed, doubtful if one doubts."""
    if doubt:
        return Verdict(after, "doubtful", doubt)
    return Verdict(after, "ok") if before == after else Verdict(after, "fixed", why)


def verdicts(
    series: pd.Series[Any], rule: Callable[..., Verdict], also: object = None
) -> pd.DataFrame:
    """Return what a rule says of each value of a column: ``value``, ``status`` and ``why``.

    What is missing is ``ok``; what is no text stays as it is, and is ``invalid``.

    Parameters
    ----------
    series : Series
    rule : callable
        Takes a text, and what stands beside it in `also` unless that is None.
    also : object
        Something beside each value: a Series with the same index, or one for all.
    """
    if not isinstance(series, pd.Series):
        why = f"a normaliser takes a Series and returns one, not a {type(series).__name__}"  # type: ignore[unreachable]
        raise BadValue(why)
    known: dict[tuple[Hashable, ...], Verdict] = {}
    found: list[tuple[object, Status, str]] = []
    for value, more in zip(series.tolist(), _beside(also, series), strict=True):
        if not isinstance(value, str):
            missing = value is None or (pd.api.types.is_scalar(value) and pd.isna(value))
            why = "missing" if missing else f"not text: {value!r:.40}"
            found.append((value, "ok" if missing else "invalid", why))
            continue
        key = (value, more)
        if key not in known:
            known[key] = rule(value) if also is None else rule(value, more)
        found.append(known[key])
    values = pd.Series([each[0] for each in found], index=series.index, name=series.name)
    if values.dtype != series.dtype:
        values = values.astype(series.dtype)
    return pd.DataFrame(
        {
            "value": values,
            "status": pd.Series([each[1] for each in found], index=series.index, dtype="str"),
            "why": pd.Series([each[2] for each in found], index=series.index, dtype="str"),
        }
    )


def _beside(also: object, series: pd.Series[Any]) -> Sequence[Hashable]:
    if not isinstance(also, pd.Series):
        return [also] * len(series)
    if not also.index.equals(series.index):
        if not also.index.is_unique:
            why = "the Series beside it has an index of its own, with a label twice"
            raise BadValue(why)
        also = also.reindex(series.index)
    return [value if isinstance(value, str) else None for value in also.tolist()]
