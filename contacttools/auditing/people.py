"""People: rules of names, companies, birthdates and languages. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

import pandas as pd
from babel import Locale, UnknownLocaleError

from contacttools.auditing.rule import Audited, rule
from contacttools.cleaning import names, text
from contacttools.cleaning.companies import legal_form
from contacttools.cleaning.places import fold
from contacttools.cleaning.verdict import Verdict, verdicts

_NAMES = ("name.first", "name.last")
_TEXTS = (*_NAMES, "company", "jobTitle")
_FOR_TRYING = frozenset(
    ("test", "tester", "testing", "asdf", "qwerty", "xxx", "foo", "bar", "dummy", "sample", "n/a",
     "na", "none", "null", "unknown", "no name", "noname", "abc", "aaa")
)  # fmt: skip
_PLACEHOLDERS = ("1900-01-01", "1901-01-01", "1970-01-01", "2000-01-01")


def _judged(
    frame: pd.DataFrame, columns: tuple[str, ...], how: Callable[[str], Verdict]
) -> pd.DataFrame:
    """Return what a normaliser says of columns, one below the other, with the column's name."""
    told = [verdicts(frame[column], how).assign(column=column) for column in columns]
    return pd.DataFrame(pd.concat(told)).rename(columns={"value": "suggestion"})


@rule(severity="warning")
def spaces(frame: pd.DataFrame) -> pd.DataFrame:
    """Spaces at an edge or doubled, or characters that nobody sees."""
    told = _judged(frame, _TEXTS, text.text)
    return told[told["status"] == "fixed"]


@rule(severity="warning")
def damaged_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Letters that were lost, or read in a wrong encoding."""
    told = _judged(frame, _TEXTS, text.text)
    return told[told["status"] == "doubtful"].assign(suggestion=None)


@rule(severity="info")
def name_capitals(frame: pd.DataFrame) -> pd.DataFrame:
    """A name wholly in capitals or in small letters."""
    told = _judged(frame, _NAMES, names.name)
    sure = told["why"].str.startswith("was in ")
    doubtful = told["why"].str.startswith("in ")
    told.loc[doubtful, "suggestion"] = None
    return told[sure | doubtful]


@rule(severity="warning")
def not_a_name(frame: pd.DataFrame) -> pd.DataFrame:
    """Something in a name that no name holds: digits, an e-mail address."""
    told = _judged(frame, _NAMES, names.name)
    return told[told["why"].str.startswith("holds ")].assign(suggestion=None)


@rule(severity="info", column="name.first")
def name_missing(frame: pd.DataFrame) -> pd.DataFrame:
    """A part of the name is missing."""
    first, last = frame["name.first"].isna(), frame["name.last"].isna()
    told = pd.Series("first name", index=frame.index).where(first, "last name")
    told = told.mask(first & last, "both names").radd("missing: ")
    column = pd.Series("name.first", index=frame.index).where(first, "name.last")
    return pd.DataFrame({"why": told, "column": column})[first | last]


@rule(severity="info", column="name.first")
def whole_name_in_first(frame: pd.DataFrame) -> pd.DataFrame:
    """The first name ends in the last name, or holds several words while there is no last name."""
    first = frame["name.first"].fillna("").str.split().str.join(" ")
    last = frame["name.last"].fillna("").str.split().str.join(" ")
    again = [
        bool(two)
        and len(one.split()) > len(two.split())
        and fold(" ".join(one.split()[-len(two.split()) :])) == fold(two)
        for one, two in zip(first, last, strict=True)
    ]
    alone = (last == "") & first.str.contains(" ", regex=False)
    shorter = pd.Series(
        [" ".join(one.split()[: -len(two.split())]) if held else None  # folded, lengths differ
         for one, two, held in zip(first, last, again, strict=True)],
        index=frame.index, dtype=object,
    )  # fmt: skip
    doubled = pd.Series(again, index=frame.index)
    why = pd.Series("the last name once more", index=frame.index).where(
        doubled, "several words, and no last name"
    )
    return pd.DataFrame({"why": why, "suggestion": shorter})[doubled | alone]


@rule(severity="info", column="name.first")
def names_swapped(frame: pd.DataFrame) -> pd.DataFrame:
    """First and last name in each other's place, judging by what others here are called."""
    first, last = (frame[name].fillna("").map(fold) for name in _NAMES)
    as_first, as_last = (each[each != ""].value_counts() for each in (first, last))
    both = (first != "") & (last != "") & (first != last)

    def seldom(
        name: pd.Series[str], here: pd.Series[int], there: pd.Series[int]
    ) -> pd.Series[bool]:
        held, other = name.map(here).fillna(0), name.map(there).fillna(0)
        return (other >= 2) & (other >= 3 * held)

    wrong = both & seldom(first, as_first, as_last) & seldom(last, as_last, as_first)
    first_ones = pd.DataFrame({"column": "name.first", "suggestion": frame["name.last"]})
    last_ones = pd.DataFrame({"column": "name.last", "suggestion": frame["name.first"]})
    return pd.concat([first_ones[wrong], last_ones[wrong]])


@rule(severity="info", column="name.last")
def company_in_name(frame: pd.DataFrame) -> pd.DataFrame:
    """The name of a company where a person's should be."""
    companies = {fold(each) for each in frame["company"].dropna().unique()} - {""}
    told = []
    for column in _NAMES:
        held = frame[column].dropna()
        found = held.map(lambda name: bool(legal_form(name)) or fold(name) in companies)
        told.append(pd.DataFrame({"column": column}, index=held.index[found.astype(bool)]))
    return pd.concat(told)


@rule(severity="info", column="name.first")
def test_entry(frame: pd.DataFrame) -> pd.DataFrame:
    """A name that people type to try something out."""
    told = []
    for column in (*_NAMES, "company"):
        held = frame[column].dropna()
        found = held.map(fold).isin(_FOR_TRYING)
        told.append(pd.DataFrame({"column": column}, index=held.index[found]))
    return pd.concat(told)


@rule(severity="warning", column="birthdate")
def birthdate_impossible(frame: pd.DataFrame, audited: Audited) -> pd.DataFrame:
    """A day of birth to come, more than 120 years ago, or one that forms put in."""
    today = audited.contacts.fetched_at.date()
    born = frame["birthdate"].dropna()
    why = pd.Series("", index=born.index)
    why = why.mask(born > today.isoformat(), "it is still to come")
    why = why.mask(born < f"{today.year - 120:04}", "more than 120 years ago")
    why = why.mask(born.isin(_PLACEHOLDERS), "a day that stands for none")
    return pd.DataFrame({"why": why})[why != ""]


@rule(severity="warning", column="locale")
def locale_malformed(frame: pd.DataFrame) -> pd.Series[bool]:
    """A language that is none, or is not written as one."""
    known = {each: _is_locale(each) for each in frame["locale"].dropna().unique()}
    return frame["locale"].notna() & ~frame["locale"].map(known).eq(True)  # noqa: FBT003 - of a map


def _is_locale(text: str) -> bool:
    if not re.fullmatch(r"[A-Za-z]{2,3}(?:[-_][A-Za-z]{4})?(?:[-_](?:[A-Za-z]{2}|\d{3}))?", text):
        return False
    try:
        Locale(re.split("[-_]", text)[0].lower())
    except (UnknownLocaleError, ValueError):
        return False
    return True
