"""Names: capitals of people's names, where it is sure which are meant. Pure."""

from __future__ import annotations

import re
import unicodedata

from contacttools.cleaning.text import clean, doubt_of
from contacttools.cleaning.verdict import Verdict, told

# Words that some families write with a capital and others do not.
_PARTICLES = (
    "a af al as av ben bin bint d da das de degli dei del della den der des di do dos du e el het "
    "ibn la las le les lo los san santa st t te ten ter van vande vanden vander vom von y zu zum "
    "zur"
)
_CALLED = {"DR": "Dr", "MR": "Mr", "MRS": "Mrs", "MS": "Ms", "JR": "Jr", "SR": "Sr"}
_NUMBERS = ("II", "III", "IV")
_DEGREES = "MD PHD DDS ESQ CPA RN MBA BA MA BSC MSC LLM LLB DIPL ING PROF"
_UNSURE = frozenset(f"{_PARTICLES} {_DEGREES}".upper().split())
_VOWELS = re.compile("[aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüýœаеёиоуыэюяєіїαεηιουω]")
_APOSTROPHE = re.compile("(['’ʼ])")
_HYPHEN = re.compile("([-‐‑])")
_TURKISH = re.compile("[İıŞşĞğ]")


def name(value: str) -> Verdict:
    """Say how a person's name, or a part of it, should be written.

    Capitals are put right where the whole of it is in capitals or in small letters, and no word
    of it is one that families write in several ways (Macdonald, van Dyke, d'Arcy): then it is
    left, and doubtful. Scripts without capitals are left as they are.
    """
    after = clean(value)
    if doubt := doubt_of(after) or _no_name(after):
        return Verdict(after, "doubtful", doubt)
    case = case_of(after)
    if case is None:
        return told(value, after, "spaces or characters that nobody sees")
    words = [_word(word) for word in after.split(" ")]
    if any(word is None for word in words):
        return Verdict(after, "doubtful", f"in {_SAID[case]}: which are capitals is not sure")
    recased = unicodedata.normalize("NFC", " ".join(word or "" for word in words))
    return told(value, recased, f"was in {_SAID[case]}")


_SAID = {"upper": "capitals", "lower": "small letters"}


def case_of(text: str) -> str | None:
    """Return "upper" or "lower" for a text that is wholly so; None for one that is as it should be.

    One letter alone is an initial, and right in capitals.
    """
    cased = [sign for sign in text if sign.title() != sign or sign.lower() != sign]
    if not cased:
        return None
    if all(sign.title() != sign for sign in cased):
        return "lower"
    if len(cased) > 1 and all(sign.lower() != sign for sign in cased):
        return None if all(len(re.sub(r"\W", "", word)) < 2 for word in text.split()) else "upper"
    return None


def _no_name(text: str) -> str:
    if "@" in text:
        return "holds an e-mail address"
    if any(sign.isdigit() for sign in text):
        return "holds digits"
    if "\n" in text:
        return "holds several lines"
    if text and not any(sign.isalpha() for sign in text):
        return "holds no letter"
    return ""


def _word(word: str) -> str | None:
    """Return a word with its capitals; None where they are not sure."""
    bare = word.strip(".,").upper()
    if bare in _CALLED:
        return word.upper().replace(bare, _CALLED[bare])
    if bare in _NUMBERS:
        return word.upper()
    if bare in _UNSURE or "." in word.strip("."):
        return None
    parts = [_part(part) if n % 2 == 0 else part for n, part in enumerate(_HYPHEN.split(word))]
    return None if None in parts else "".join(part or "" for part in parts)


def _part(part: str) -> str | None:
    """Return what stands between two hyphens with its capitals; None where they are not sure."""
    if not part:
        return part
    pieces = _APOSTROPHE.split(part)
    if len(pieces) == 3 and pieces[0].upper() == "O" and len(pieces[2]) > 2:
        rest = _plain(pieces[2])
        return None if rest is None else f"O{pieces[1]}{rest}"
    if len(pieces) > 1:
        return None
    lower = part.lower()
    if lower.startswith("mc") and len(part) > 4:
        rest = _plain(part[2:])
        return None if rest is None else f"Mc{rest}"
    if lower.startswith("mac") and len(part) > 5:
        return None
    return _plain(part)


def _plain(part: str) -> str | None:
    """Return one capital and small letters; None where the letters do not tell which is which."""
    letters = [sign for sign in part if sign.isalpha()]
    lower = part.lower()
    turkish = bool(_TURKISH.search(part)) or "i\u0307" in lower
    greek = part != lower and any("\u0370" <= sign <= "\u03ff" for sign in part)
    dutch = lower.startswith("ij")
    initials = len(letters) < 3 or (lower.isascii() and not _VOWELS.search(lower))
    georgian = any("\u1c90" <= sign <= "\u1cbf" for sign in part)
    if turkish or greek or dutch or initials or georgian or not part[0].isalpha():
        return None
    made = part[0].title() + lower[1:]
    return made if len(lower) == len(part) and made.lower() == lower else None
