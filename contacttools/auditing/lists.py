"""Lists: rules of what stands in one contact's lists together. Pure."""

from __future__ import annotations

import pandas as pd

from contacttools.auditing.rule import Audited, rule


def _no_primary(frame: pd.DataFrame) -> pd.Series[bool]:
    """Return the first item of each contact that has items and no primary one."""
    has = frame.groupby("contactId")["primary"].transform("any").astype(bool)
    return ~has & ~frame["contactId"].duplicated()


@rule(severity="warning", table="emails", column="primary")
def email_primary_missing(frame: pd.DataFrame) -> pd.Series[bool]:
    """E-mails, and none of them is the primary one."""
    return _no_primary(frame)


@rule(severity="warning", table="phones", column="primary")
def phone_primary_missing(frame: pd.DataFrame) -> pd.Series[bool]:
    """Phones, and none of them is the primary one."""
    return _no_primary(frame)


@rule(severity="info", table="emails", column="email")
def email_twice(frame: pd.DataFrame, audited: Audited) -> pd.Series[bool]:
    """The same e-mail address twice in one contact."""
    told = audited.emails["value"]
    return told.notna() & pd.DataFrame({"who": frame["contactId"], "what": told}).duplicated()


@rule(severity="info", table="phones", column="phone")
def phone_twice(frame: pd.DataFrame, audited: Audited) -> pd.Series[bool]:
    """The same telephone number twice in one contact, in whatever notation."""
    told = audited.phones["value"]
    return told.notna() & pd.DataFrame({"who": frame["contactId"], "what": told}).duplicated()


@rule(severity="warning", column="email")
def no_way_to_reach(frame: pd.DataFrame) -> pd.Series[bool]:
    """Neither e-mail nor phone nor address."""
    counts = frame[["emails.count", "phones.count", "addresses.count"]]
    return counts.fillna(0).sum(axis=1) == 0
