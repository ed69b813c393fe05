"""Text: spaces, forms and characters that nobody sees. Pure."""

from __future__ import annotations

import re
import unicodedata

from contacttools.cleaning.verdict import Verdict, told

# What shows nothing and says nothing: zero-width space, word joiner, byte-order mark, soft hyphen.
_EMPTY = re.compile("[\u200b\u2060\ufeff\u00ad]")
_JOINERS = "\u200c\u200d"  # they join or part letters of some scripts, and people of an emoji
_MARKS = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")  # which way a text runs
_SPACES = re.compile(r"[^\S\n]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_LINES = re.compile("\r\n?|[\u2028\u2029\x0b\x0c\x85]")
# UTF-8 that was read as a Western code page: these pairs stand in no word.
_MISREAD = re.compile(
    "[\u00c2-\u00c3][\u0080-\u00bf\u0152-\u017e\u2018-\u203a\u20ac\u2122]|â€|Ð[\u00a0-\u00bf]"
)


def clean(text: str) -> str:
    """Return a text with one space where there are several, and none at an edge or unseen.

    Composed (NFC), without control characters and without characters that show nothing; those
    that carry meaning stay: joiners in the scripts that need them, marks of direction where
    letters run from right to left. Lines stay lines.
    """
    if text.isascii() and text.isprintable() and text == " ".join(text.split()):
        return text  # most are
    made = unicodedata.normalize("NFC", _LINES.sub("\n", text))
    made = _EMPTY.sub("", _CONTROLS.sub("", made))
    made = _joined(made)
    if not _runs_leftwards(made):
        made = _MARKS.sub("", made)
    lines = [_SPACES.sub(" ", line).strip() for line in made.split("\n")]
    made = re.sub("\n{3,}", "\n\n", "\n".join(lines)).strip()
    return unicodedata.normalize("NFC", made)  # what stood between two characters is gone


def text(value: str) -> Verdict:
    """Say how a text should be written."""
    after = clean(value)
    return told(value, after, "spaces or characters that nobody sees", doubt_of(after))


def doubt_of(value: str) -> str:
    """Return what looks damaged in a text; empty where nothing does."""
    if "\ufffd" in value:
        return "characters were lost (\ufffd)"
    if _MISREAD.search(value):
        return "looks like letters that were read in a wrong encoding"
    return ""


def _joined(made: str) -> str:
    """Return a text without the joiners that join nothing."""
    if not any(each in made for each in _JOINERS):
        return made
    kept = []
    for at, sign in enumerate(made):
        around = made[at - 1 : at] if at else "", made[at + 1 : at + 2]
        if sign not in _JOINERS or all(map(_joins, around)):
            kept.append(sign)
    joined = "".join(kept)
    return joined if joined == made else _joined(joined)


def _joins(sign: str) -> bool:
    """Say whether a joiner beside a character means something: it is of no Western script."""
    if not sign:
        return False
    kind = unicodedata.category(sign)
    if kind in ("So", "Sk", "Mn", "Mc", "Me"):  # emoji, their skin and form; signs on letters
        return True
    return kind[0] == "L" and not unicodedata.name(sign, "").startswith(
        ("LATIN", "GREEK", "CYRILLIC", "CJK", "HANGUL", "HIRAGANA", "KATAKANA", "ARMENIAN")
    )


def _runs_leftwards(made: str) -> bool:
    return any(unicodedata.bidirectional(sign) in ("R", "AL", "AN") for sign in made)
