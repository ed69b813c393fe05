"""Phones: rules of telephone numbers. Pure."""

from __future__ import annotations

import pandas as pd

from contacttools.auditing.rule import Audited, rule


def _international(frame: pd.DataFrame) -> pd.Series[bool]:
    """Say which numbers tell their country themselves."""
    return frame["phone"].fillna("").str.strip().str.startswith(("+", "00"))


@rule(severity="error", table="phones", column="phone")
def phone_invalid(frame: pd.DataFrame, audited: Audited) -> pd.Series[str]:
    """A telephone number that its country could not have given out."""
    told = audited.phones
    guessed = frame["countryCode"].isna() & ~_international(frame)
    return told["why"].where((told["status"] == "invalid") & ~guessed)


@rule(severity="warning", table="phones", column="countryCode")
def phone_country_missing(frame: pd.DataFrame, audited: Audited) -> pd.DataFrame:
    """A telephone number without its country."""
    told = audited.phones
    sure = told["status"].isin(["ok", "fixed"]) & told["country"].notna()
    why = ("of the contact: " + told["country"]).where(sure, "not known")
    found = pd.DataFrame({"suggestion": told["country"].where(sure), "why": why})
    return found[frame["countryCode"].isna() & ~_international(frame)]


@rule(severity="info", table="phones", column="phone")
def phone_notation(_: pd.DataFrame, audited: Audited) -> pd.DataFrame:
    """A telephone number that could stand in E.164 and does not."""
    told = audited.phones
    return told.rename(columns={"value": "suggestion"})[told["status"] == "fixed"]


@rule(severity="info", table="phones", column="phone")
def phone_extension(_: pd.DataFrame, audited: Audited) -> pd.Series[str]:
    """A telephone number with an extension, which E.164 has no place for."""
    why = audited.phones["why"]
    return why.where(why.str.startswith("has an extension"))
