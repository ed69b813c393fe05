"""Across: rules that see many contacts at once. Pure."""

from __future__ import annotations

import pandas as pd

from contacttools.auditing.rule import Audited, rule
from contacttools.cleaning.companies import without_form

_FAR = 3  # times as often


def _shared(frame: pd.DataFrame, told: pd.Series[str]) -> pd.Series[str]:
    """Return how many other contacts hold the same."""
    held = pd.DataFrame({"who": frame["contactId"], "what": told})
    others = held.groupby("what")["who"].nunique().reindex(told).to_numpy() - 1
    said = pd.Series(others, index=frame.index).where(lambda n: n > 0)
    return said.map(
        lambda n: f"{n:.0f} other contact{'s have' if n > 1 else ' has'} it as well",
        na_action="ignore",
    )


@rule(severity="warning", table="emails", column="email")
def email_shared(frame: pd.DataFrame, audited: Audited) -> pd.Series[str]:
    """The same e-mail address on several contacts."""
    return _shared(frame, audited.emails["value"])


@rule(severity="info", table="phones", column="phone")
def phone_shared(frame: pd.DataFrame, audited: Audited) -> pd.Series[str]:
    """The same telephone number on several contacts."""
    return _shared(frame, audited.phones["value"])


@rule(severity="info", column="company")
def company_spelling(frame: pd.DataFrame) -> pd.DataFrame:
    """A company that others here write in another way, or by more words."""
    held = frame["company"].dropna()
    known = pd.DataFrame({"key": held.map(without_form), "spelling": held})
    known["n"] = known.groupby(["key", "spelling"])["key"].transform("size")
    known["plain"] = held == held.str.lower()  # of as many, capitals are as they should be
    best = known.sort_values(["n", "plain", "spelling"], ascending=[False, True, True])
    spelled = best.drop_duplicates("key").set_index("key")["spelling"]
    usual = known["key"].map(spelled).astype("str")
    whole = known["key"].map(_cut_short(known["key"].value_counts())).map(spelled).astype("str")
    short = whole.notna() & (held == usual)  # and then it may still be another company
    told = pd.DataFrame(
        {
            "suggestion": usual.mask(short),
            "why": ("usually " + usual).mask(short, "perhaps short for " + whole),
        }
    )
    return told[(held != usual) | short]


def _cut_short(counts: pd.Series[int]) -> dict[str, str]:
    """Return names that are the beginning of a single other one, which is far more frequent."""
    names = sorted(counts.index)
    found = {}
    for at, name in enumerate(names):
        longer = [each for each in names[at + 1 : at + 3] if each.startswith(f"{name} ")]
        if len(longer) == 1 and counts[longer[0]] >= _FAR * counts[name]:
            found[name] = longer[0]
    return found
