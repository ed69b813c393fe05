"""Phones: telephone numbers in the one form that all networks know, E.164. Pure."""

from __future__ import annotations

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from contacttools.cleaning.text import clean
from contacttools.cleaning.verdict import Verdict, told

_REGIONS = frozenset(phonenumbers.SUPPORTED_REGIONS)


def known_region(country: str | None) -> str | None:
    """Return the code of a country whose numbers are known; None for any other."""
    code = (country or "").strip().upper()
    return code if code in _REGIONS else None


def phone(value: str, country: str | None = None) -> Verdict:
    """Say what a telephone number is in E.164, dialled from a country.

    A number that its country could not have given out is left as it is, and so is one with an
    extension, which E.164 has no place for.
    """
    region = known_region(country)
    text = clean(value)
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException as error:
        if region is None and error.error_type == NumberParseException.INVALID_COUNTRY_CODE:
            return Verdict(value, "doubtful", "of which country is not known")
        return Verdict(value, "invalid", "not a telephone number")
    if not phonenumbers.is_valid_number(number):
        where = phonenumbers.region_code_for_country_code(number.country_code or 0)
        return Verdict(value, "invalid", f"no number of {where}")
    if number.extension:
        return Verdict(value, "doubtful", f"has an extension, {number.extension}")
    if any(sign.isalpha() for sign in _bare(text)):
        return Verdict(value, "doubtful", "holds letters")
    after = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    given = phonenumbers.region_code_for_number(number)
    why = f"{given or 'international'} number"
    return told(value, after, why)


def _bare(text: str) -> str:
    """Return a text without the words that people put before a number."""
    for word in ("tel.", "tel:", "tel", "phone:", "phone", "mobile:", "mobile", "fax:", "fax"):
        if text.lower().startswith(word):
            return text[len(word) :]
    return text
