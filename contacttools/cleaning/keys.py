"""Keys: what different spellings of one thing have in common. Pure."""

from __future__ import annotations

import functools
import re
import string
import unicodedata
from collections.abc import Callable

import jellyfish

from contacttools.errors import BadValue

# Letters that no decomposition turns into those of the English alphabet.
_LETTERS = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "oe", "ß": "ss", "ð": "d", "đ": "d", "þ": "th", "ƿ": "w", "ħ": "h",
     "ı": "i", "ĸ": "k", "ł": "l", "ŋ": "n", "ŧ": "t", "ẜ": "s", "ẝ": "s", "©": "c", "®": "r"}
)  # fmt: skip
_SIGNS = frozenset(string.punctuation)


def cluster_key(text: str, method: str = "fingerprint", *, size: int = 2) -> str:
    """Return what a text has in common with other spellings of the same.

    Parameters
    ----------
    text : str
    method : {"fingerprint", "ngram-fingerprint", "metaphone", "soundex", "nysiis", "cologne"}
        ``fingerprint``: its words without capitals, signs and accents, sorted, each once.
        ``ngram-fingerprint``: so its pieces of `size` letters. The others: how it sounds, in
        English, and in German for ``cologne``.
    size : int
        Letters in a piece, for ``ngram-fingerprint``.

    Returns
    -------
    str
        Empty where nothing is left of it.

    Raises
    ------
    BadValue
        There is no such method.

    Examples
    --------
    >>> ct.cluster_key("Cruise, Tom"), ct.cluster_key(" tom CRUISE")
    ('cruise tom', 'cruise tom')
    >>> ct.cluster_key("Paris", method="ngram-fingerprint")
    'arispari'
    >>> ct.cluster_key("Guten Morgen", method="cologne")
    '426746'
    """
    if method not in METHODS:
        why = f"no method {method!r}; there are {', '.join(METHODS)}"
        raise BadValue(why)
    if method == "ngram-fingerprint":
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            why = f"size is a number of letters from 1, not {size!r}"
            raise BadValue(why)
        return ngrams(text, size)
    return METHODS[method](text)


def fingerprint(text: str) -> str:
    """Return a text's words without capitals, signs and accents, sorted, each once."""
    return " ".join(sorted(set(bare(text).split())))


def ngrams(text: str, size: int = 2) -> str:
    """Return the pieces of a text without capitals, signs and spaces, sorted, each once."""
    letters = "".join(_without_signs(text.casefold()).split())
    pieces = {letters[n : n + size] for n in range(len(letters) - size + 1)}
    return _plain("".join(sorted(pieces)))


def bare(text: str) -> str:
    """Return a text without capitals, signs and accents; spaces stay."""
    return _plain(_without_signs(text.strip().lower()))


def _without_signs(text: str) -> str:
    return "".join(
        sign
        for sign in text
        if sign.isspace()
        or not (sign in _SIGNS or unicodedata.category(sign)[0] == "P" or _control(sign))
    )


def _control(sign: str) -> bool:
    return unicodedata.category(sign) in ("Cc", "Cf")


def _plain(text: str) -> str:
    """Return a text in the letters of the English alphabet, as far as it has such letters."""
    parts = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    kept = "".join(
        sign for sign in parts if unicodedata.category(sign) not in ("Mn", "Lm", "Po", "Sk")
    )
    return kept.translate(_LETTERS).lower()


def _sound(how: Callable[[str], str], text: str) -> str:
    words = (re.sub("[^a-z]", "", word) for word in bare(text).split())
    return " ".join(sorted({how(word) for word in words if word}))


_COLOGNE = {
    **dict.fromkeys("aeijouy", "0"), "b": "1", "p": "1", **dict.fromkeys("dt", "2"),
    **dict.fromkeys("fvw", "3"), **dict.fromkeys("gkq", "4"), "l": "5", **dict.fromkeys("mn", "6"),
    "r": "7", **dict.fromkeys("sz", "8"), "h": "",
}  # fmt: skip


def cologne(text: str) -> str:
    """Return how a text sounds in German, by the Cologne phonetics."""
    letters = re.sub("[^a-z]", "", bare(text))
    codes = "".join(
        _cologne(letters[at - 1 : at] if at else "", letter, letters[at + 1 : at + 2], first=not at)
        for at, letter in enumerate(letters)
    )
    once = re.sub(r"(\d)\1+", r"\1", codes)
    return once[:1] + once[1:].replace("0", "")


def _cologne(before: str, letter: str, after: str, *, first: bool) -> str:
    """Return the code of a letter between two others."""
    if letter == "p" and after == "h":
        return "3"
    if letter in "dt" and after and after in "csz":
        return "8"
    if letter == "x":
        return "8" if before and before in "ckq" else "48"
    if letter == "c":
        hard = "ahkloqrux" if first else "ahkoqux"
        soft = not first and before in "sz"
        return "4" if after and after in hard and not soft else "8"
    return _COLOGNE[letter]


METHODS: dict[str, Callable[[str], str]] = {
    "fingerprint": fingerprint,
    "ngram-fingerprint": ngrams,
    "metaphone": functools.partial(_sound, jellyfish.metaphone),
    "soundex": functools.partial(_sound, jellyfish.soundex),
    "nysiis": functools.partial(_sound, jellyfish.nysiis),
    "cologne": cologne,
}
