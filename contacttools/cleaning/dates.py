"""Dates: a day as ``YYYY-MM-DD``, where it is sure which one is meant. Pure."""

from __future__ import annotations

import datetime as dt
import functools
import re

from babel import Locale

from contacttools.cleaning.places import fold
from contacttools.cleaning.text import clean
from contacttools.cleaning.verdict import Verdict, told

_LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da", "nb", "fi", "cs", "tr")
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]00:00(?::00(?:\.0+)?)?Z?)?")
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)")
_LAST = re.compile(r"(\d{1,2})([-/.]) ?(\d{1,2})\2 ?(\d{4})")
_SHORT = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2}")
_WORDS = re.compile(
    r"(?:(\d{1,2})(?:st|nd|rd|th|er|º|ª)? )?([^\W\d]+) (?:(\d{1,2})(?:st|nd|rd|th)? )?(\d{4})"
)


def date(value: str) -> Verdict:
    """Say which day a text means.

    What may be two days, as 3/4/2001 may, is left as it is; so are years of two digits.
    """
    text = clean(value)
    if found := _ISO.fullmatch(text) or _COMPACT.fullmatch(text):
        return _day(value, *map(int, found.groups()))
    if found := _LAST.fullmatch(text):
        return _numbers(value, int(found[1]), found[2], int(found[3]), int(found[4]))
    if _SHORT.fullmatch(text):
        return Verdict(value, "doubtful", "a year of two digits")
    if text.isdigit():
        return Verdict(value, "doubtful", "a number: a spreadsheet may mean a day by it")
    return _words(value, text)


def _numbers(value: str, one: int, sign: str, two: int, year: int) -> Verdict:
    """Say which day two numbers and a year mean: dots are of those who write the day first."""
    if sign == "." or one > 12 or one == two:
        return _day(value, year, two, one)
    if two > 12:
        return _day(value, year, one, two)
    why = f"may be {year:04}-{one:02}-{two:02} or {year:04}-{two:02}-{one:02}"
    return Verdict(value, "doubtful", why)


def _words(value: str, text: str) -> Verdict:
    """Say which day is meant by the name of a month, a day before or after it, and a year."""
    bare = " ".join(re.sub(r"[.,]", " ", text).split()).casefold()
    found = _WORDS.fullmatch(re.sub(r"\b(?:de|of)\b ", "", bare))
    months = _months().get(fold(found[2]), frozenset()) if found else frozenset()
    if not found or not months or bool(found[1]) == bool(found[3]):
        return Verdict(value, "invalid", "not a date")
    if len(months) > 1:
        return Verdict(value, "doubtful", f"{found[2]} is a month of several languages")
    return _day(value, int(found[4]), next(iter(months)), int(found[1] or found[3]))


def _day(value: str, year: int, month: int, day: int) -> Verdict:
    try:
        found = dt.date(year, month, day)
    except ValueError:
        return Verdict(value, "invalid", "there is no such day")
    return told(value, found.isoformat(), "another notation of the same day")


@functools.cache
def _months() -> dict[str, frozenset[int]]:
    """Return months by what they are called, in full and short."""
    called: dict[str, set[int]] = {}
    for language in _LANGUAGES:
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in Locale(language).months[context][width].items():
                    called.setdefault(fold(name), set()).add(number)
    return {name: frozenset(numbers) for name, numbers in called.items()}
