"""Companies: the legal form at the end of a company's name, and what stands around it. Pure."""

from __future__ import annotations

import re

from contacttools.cleaning.names import case_of
from contacttools.cleaning.places import fold
from contacttools.cleaning.text import clean, doubt_of
from contacttools.cleaning.verdict import Verdict, told

#: Legal forms as they are written, by their letters.
_FORMS = {
    "".join(filter(str.isalnum, form)).casefold(): form
    for form in (
        "Ltd", "Limited", "Inc", "Incorporated", "LLC", "LLP", "PLC", "Corp", "Corporation", "Co",
        "Pty", "GmbH", "gGmbH", "AG", "KG", "OHG", "UG", "SE", "SARL", "SAS", "SA", "SpA", "Srl",
        "SL", "BV", "NV", "AB", "Oy", "Oyj", "AS", "ApS", "Kft", "Zrt", "Lda", "Ltda",
    )
}  # fmt: skip
_BEFORE_SIGN = re.compile(r"\s+([,;])")


def company(value: str) -> Verdict:
    """Say how the name of a company should be written.

    Its legal form gets the capitals that it has in the register; dots stay as they are. What
    stands before it is a matter of taste, and stays: a name wholly in capitals, or wholly in small
    letters, is doubtful.
    """
    after = _BEFORE_SIGN.sub(r"\1", clean(value)).rstrip(",;")
    if doubt := doubt_of(after):
        return Verdict(after, "doubtful", doubt)
    *words, last = after.split(" ")
    form = _FORMS.get("".join(filter(str.isalnum, last)).casefold())
    named = bool(words) and form is not None
    case = case_of(" ".join(words) if named else after)
    if case and sum(sign.isalpha() for sign in after) > 5:
        in_ = "capitals" if case == "upper" else "small letters"
        return Verdict(after, "doubtful", f"in {in_}")
    if named and form is not None:
        after = " ".join([*words, _written(last, form)])
    return told(value, after, "spaces, or the capitals of its legal form")


def _written(word: str, form: str) -> str:
    """Return a legal form with its capitals, and with the dots that stand in it."""
    letters = iter(form)
    return "".join(next(letters) if sign.isalnum() else sign for sign in word)


def legal_form(value: str) -> str | None:
    """Return the legal form that a company's name ends in; None where it ends in none."""
    words = clean(value).split(" ")
    form = _FORMS.get("".join(filter(str.isalnum, words[-1])).casefold())
    return form if len(words) > 1 else None


def without_form(value: str) -> str:
    """Return a company's name as names are compared: without its legal form, signs and capitals."""
    words = fold(value.replace(".", "")).split()
    while len(words) > 1 and words[-1] in _FORMS:
        words.pop()
    return " ".join(words)
