"""Patterns: what an edit does to a value: to its capitals only, its spaces, all of it. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Literal

from rapidfuzz.distance import Levenshtein

from contacttools.cleaning import keys
from contacttools.cleaning.text import clean
from contacttools.contact import fields, merge
from contacttools.contact.fields import Json
from contacttools.planning.change import Edit

Pattern = Literal[
    "primary moves", "removed", "cleared", "replaced", "respelled", "filled", "added", "label off",
    "label on", "qualified", "dialled", "signs", "capitals", "reformatted", "spaces",
]  # fmt: skip
Risk = Literal["look", "read", "sure"]

#: The riskiest first: of each, in words, and how closely it wants to be read.
PATTERNS: dict[Pattern, tuple[str, Risk]] = {
    "primary moves": ("the primary one moves", "look"),
    "removed": ("items removed", "look"),
    "cleared": ("cleared", "look"),
    "replaced": ("replaced by something else", "look"),
    "label off": ("labels taken off", "look"),
    "added": ("items added", "read"),
    "filled": ("filled where there was nothing", "read"),
    "respelled": ("a few letters changed", "read"),
    "label on": ("labels put on", "read"),
    "qualified": ("tag or country changed, the value stays", "read"),
    "dialled": ("given a country code, the other digits equal", "read"),
    "signs": ("signs, accents or spaces only", "read"),
    "capitals": ("capitals only", "sure"),
    "reformatted": ("reformatted, digits equal", "sure"),
    "spaces": ("spaces and unseen characters only", "sure"),
}
RISKS: tuple[Risk, ...] = ("look", "read", "sure")

_ORDER = {name: number for number, name in enumerate(PATTERNS)}
_LETTERS = 2  # so many may differ in a value that is merely spelt otherwise
_SHARE = 4  # and at most one in so many
_EXTENSION = 4  # digits: what has no more is no number by itself
_CODE = 3  # digits of a country code, at most
_TEL = re.compile(r"^\s*tel\b[.:]*", re.IGNORECASE)  # is no part of a number
_UNSEEN = ("Cc", "Cf", "Zl", "Zp")
_CODED = re.compile(r"[\d/\\_=]")  # in a word: of a code or an address its capitals may count


def pattern_of(edit: Edit) -> Pattern:
    """Return what an edit does; of a list, the riskiest of what it does to its items."""
    return min(_patterns(edit), key=_ORDER.__getitem__)


def _patterns(edit: Edit) -> Iterator[Pattern]:
    if edit.field in fields.LISTS:
        listing = fields.LISTS[edit.field]
        for change in merge.item_changes(edit.field, edit.before, edit.after):
            if change.kind == "changed":
                yield _of_item(listing, change.before or {}, change.after or {})
            elif change.kind == "primary moved":
                yield "primary moves"
            else:
                yield change.kind
    elif edit.field == fields.LABELS.name:
        before, after = set(edit.before or ()), set(edit.after or ())
        if before - after:
            yield "label off"
        if after - before:
            yield "label on"
    else:
        yield of_values(edit.before, edit.after)


def of_values(before: Json, after: Json) -> Pattern:
    """Return what makes one value of another one."""
    if after is None:
        return "cleared"
    if before is None:
        return "filled"
    if not (isinstance(before, str) and isinstance(after, str)):
        return "replaced"
    return _of_texts(before, after)


def _of_item(listing: fields.ListField, before: Json, after: Json) -> Pattern:
    told: list[Pattern] = []
    for member in listing.editable:
        old, new = before.get(member.name), after.get(member.name)
        if old == new or {old, new} <= {None, "UNTAGGED"} or member.name == "primary":
            continue
        if member.name in ("tag", "countryCode"):
            told.append("qualified")
        elif listing.name == "phones":
            told.append(_of_phones(str(old or ""), str(new or "")))
        elif listing.name == "emails" and of_values(old, new) == "signs":
            told.append("respelled")  # of an address every sign counts
        else:
            told.append(of_values(old, new))
    return min(told, key=_ORDER.__getitem__, default="qualified")


def reaches_the_same(listing: fields.ListField, before: Json, after: Json) -> bool:
    """Say whether an e-mail or phone is merely written otherwise: the same mailbox or number."""
    old, new = (str(each.get(listing.value) or "") for each in (before, after))
    if listing.name == "phones":
        return _of_phones(old, new) in ("reformatted", "dialled")
    return old.strip().casefold() == new.strip().casefold() != ""


def _of_phones(before: str, after: str) -> Pattern:
    """Return what makes one phone of another: its digits count, and what stands before them."""
    told = (_TEL.sub("", unicodedata.normalize("NFKC", each)) for each in (before, after))
    old, new = map(merge.digits, told)
    if old.casefold() == new.casefold() != "":
        return "reformatted"
    if not after:
        return "cleared"
    spelt = [[sign for sign in each.casefold() if sign.isalpha()] for each in (old, new)]
    if new.startswith("+") and not old.startswith("+") and spelt[0] == spelt[1]:
        bare, whole = re.sub(r"\D", "", old), re.sub(r"\D", "", new)
        rest = bare.lstrip("0")
        code = whole.removesuffix(rest)
        zeros = len(bare) - len(rest)
        if len(rest) > _EXTENSION and whole.endswith(rest) and len(code) <= _CODE:
            # Without a code, a single zero makes another number of it; two stood for the plus.
            return "dialled" if code or zeros != 1 else "replaced"
    return "replaced"


def _of_texts(before: str, after: str) -> Pattern:
    old, new = clean(before), clean(after)
    if old == new and not Counter(_unseen(after)) - Counter(_unseen(before)):
        return "spaces"
    if old != new and old.lower() == new.lower():
        return "respelled" if _is_coded(old, new) else "capitals"
    if re.findall(r"\d+", old) != re.findall(r"\d+", new):
        return "replaced"  # a digit more or less, or parted otherwise, is another number
    if _bare(old) == _bare(new) != "":
        return "signs"
    longest = min(len(old), len(new))
    far = Levenshtein.distance(old.casefold(), new.casefold(), score_cutoff=_LETTERS)
    return "respelled" if far <= _LETTERS and far * _SHARE <= longest else "replaced"


def _unseen(text: str) -> list[str]:
    return [sign for sign in text if unicodedata.category(sign) in _UNSEEN]


def _is_coded(old: str, new: str) -> bool:
    """Say whether the capitals of a code, or of a path, are what changes; they may count."""
    words = zip(old.split(), new.split(), strict=False)
    return any(one != other and _CODED.search(one) for one, other in words if "@" not in one)


def _bare(text: str) -> str:
    return "".join(each for each in keys.bare(text) if each.isalnum())
