"""Levels: what each field can say of two contacts, and how often it is so. Pure; constants only.

Level 0 says nothing: one of the two is missing. 1 is the same, and the last one is different.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Level:
    """One thing that a field can say of two contacts.

    Attributes
    ----------
    words : str
        As a reason; empty where nobody needs to be told.
    of_one, of_two : float
        How often it is so of one person's contacts, and of those of two people, as far as is
        known before looking at the contacts. The first level's `of_two` is that of a value that
        nobody else has; how many have it is counted.
    """

    words: str
    of_one: float
    of_two: float


#: The fields compared, and what each may say, from the same to different.
FIELDS: Final[Mapping[str, tuple[Level, ...]]] = {
    "first": (
        Level("same first name", 0.72, 0.002),
        Level("first name is a short form", 0.06, 0.01),
        Level("first names differ in one letter", 0.10, 0.004),
        Level("first names sound or look alike", 0.06, 0.02),
        Level("first names differ", 0.06, 0.964),
    ),
    "last": (
        Level("same last name", 0.75, 0.001),
        Level("last name is a part of the other", 0.03, 0.002),
        Level("last names differ in one letter", 0.11, 0.002),
        Level("last names sound or look alike", 0.05, 0.015),
        Level("last names differ", 0.06, 0.98),
    ),
    "birthdate": (
        Level("same birthdate", 0.86, 0.00005),
        Level("birthdates with day and month swapped", 0.03, 0.00005),
        Level("birthdates differ in one digit", 0.05, 0.001),
        Level("birthdates differ", 0.06, 0.9988),
    ),
    "email": (
        Level("same e-mail", 0.55, 0.02),
        Level("same e-mail but for its domain", 0.10, 0.0005),
        Level("e-mails differ in one letter", 0.05, 0.0001),
        Level("e-mails differ", 0.30, 0.9994),
    ),
    "phone": (
        Level("same phone", 0.55, 0.2),
        Level("phones differ", 0.45, 0.999),
    ),
    "street": (
        Level("same street", 0.60, 0.0005),
        Level("streets differ in a letter or two", 0.15, 0.003),
        Level("streets look alike, or are in another line", 0.10, 0.03),
        Level("streets differ", 0.15, 0.9665),
    ),
    "number": (
        Level("same house number", 0.85, 0.01),
        Level("house numbers differ", 0.15, 0.98),
    ),
    "line2": (
        Level("same second address line", 0.55, 0.001),
        Level("second address lines look alike", 0.25, 0.02),
        Level("", 0.20, 0.979),
    ),
    "city": (
        Level("same city", 0.75, 0.01),
        Level("cities look alike", 0.13, 0.02),
        Level("cities differ", 0.12, 0.97),
    ),
    "postcode": (
        Level("same postal code", 0.80, 0.002),
        Level("postal codes differ in one sign", 0.10, 0.01),
        Level("postal codes differ", 0.10, 0.988),
    ),
    "company": (
        Level("same company", 0.60, 0.02),
        Level("", 0.40, 0.98),
    ),
}
PLACES = ("street", "number", "line2", "city", "postcode")
SAME = 1
