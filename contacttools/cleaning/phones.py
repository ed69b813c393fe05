"""Phones: telephone numbers in the one form that all networks know, E.164. Pure."""

from __future__ import annotations

import functools
import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from contacttools.cleaning.text import clean
from contacttools.cleaning.verdict import Verdict, told

_ZEROS = re.compile(r"^[(\s]*00(?=\W*[1-9])")
_REGIONS = frozenset(phonenumbers.SUPPORTED_REGIONS)


def known_region(country: str | None) -> str | None:
    """Return the code of a country whose numbers are known; None for any other."""
    code = (country or "").strip().upper()
    return code if code in _REGIONS else None


@functools.lru_cache(maxsize=1 << 17)  # an audit is followed by another one
def phone(value: str, country: str | None = None) -> Verdict:
    """Say what a telephone number is in E.164, dialled from a country.

    A number that its country could not have given out is left as it is, and so is one with an
    extension, which E.164 has no place for. Two zeros are read as the plus for which many write
    them, where they cannot be dialled.
    """
    region = known_region(country)
    text = clean(value)
    found = _read(value, text, region)
    if _ZEROS.match(text) and (region is None or found.status == "invalid"):
        abroad = _read(value, _ZEROS.sub("+", text), None)
        return found if abroad.status == "invalid" else abroad
    return found


def _read(value: str, text: str, region: str | None) -> Verdict:
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException as error:
        if region is None and error.error_type == NumberParseException.INVALID_COUNTRY_CODE:
            return Verdict(value, "doubtful", "of which country is not known")
        return Verdict(value, "invalid", "not a telephone number")
    given = phonenumbers.region_code_for_number(number)  # what takes the longest, so only once
    if given is None or not phonenumbers.is_valid_number_for_region(number, given):
        where = phonenumbers.region_code_for_country_code(number.country_code or 0)
        return Verdict(value, "invalid", f"no number of {where}")
    if number.extension:
        return Verdict(value, "doubtful", f"has an extension, {number.extension}")
    if any(sign.isalpha() for sign in _bare(text)):
        return Verdict(value, "doubtful", "holds letters")
    after = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    why = f"{given or 'international'} number"
    return told(value, after, why)


def _bare(text: str) -> str:
    """Return a text without the words that people put before a number."""
    for word in ("tel.", "tel:", "tel", "phone:", "phone", "mobile:", "mobile", "fax:", "fax"):
        if text.lower().startswith(word):
            return text[len(word) :]
    return text
