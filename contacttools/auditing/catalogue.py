"""Catalogue: rules of a site's labels and extended fields. Pure."""

from __future__ import annotations

import functools
from datetime import datetime

import pandas as pd

from contacttools.auditing.rule import Audited, rule
from contacttools.cleaning.places import fold


@rule(severity="info", table="labels", column="key")
def label_nearly_another(frame: pd.DataFrame, audited: Audited) -> pd.Series[str]:
    """A label whose name is that of another, but for capitals, spaces or signs."""
    names = audited.definitions.labels or {}
    same: dict[str, list[str]] = {}
    for key, name in names.items():
        same.setdefault(fold(name).replace(" ", ""), []).append(key)
    nearly = {
        key: ", ".join(names[other] for other in keys if other != key)
        for keys in same.values()
        for key in keys
        if len(keys) > 1
    }
    return ("nearly: " + frame["key"].map(nearly).astype("str")).where(
        frame["key"].isin(list(nearly))
    )


@rule(severity="error", table="extendedFields", column="value")
def field_of_wrong_type(frame: pd.DataFrame, audited: Audited) -> pd.Series[str]:
    """A value that is not of its extended field's type."""
    known = audited.contacts.extended
    why = [
        _wrong(known[key], value) if key in known else None
        for key, value in zip(frame["key"], frame["value"], strict=True)
    ]
    return pd.Series(why, index=frame.index, dtype=object)


def _wrong(field: object, value: object) -> str | None:
    kind = getattr(field, "kind", "text")
    if kind == "number" and (isinstance(value, bool) or not isinstance(value, (int, float))):
        return "not a number"
    if kind == "date" and not _is_date(str(value)):
        return "not a date"
    if kind in ("text", "url") and not isinstance(value, str):
        return "not text"
    return None


@functools.lru_cache(maxsize=4096)
def _is_date(text: str) -> bool:
    try:
        return bool(datetime.fromisoformat(text))
    except ValueError:  # pandas reads more, and takes a hundred times as long
        return bool(pd.notna(pd.to_datetime(text, errors="coerce")))
