"""Fields: the one table of what a contact holds, who owns it, and what it may hold. Pure.

Names are the API's own: a scalar is named by its path below ``info``
(``name.first``), a list by its wrapper (``phones``), an extended field by its key
(``custom.nickname``). Limits and enumerations are those of the service's published
types for Contacts v4; where a limit is ours, the line says so.
"""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, Literal

type_ = type  # `type` is a name that reads well below; this keeps the builtin at hand

#: A JSON value as the service sends it. `Any`, because JSON has no narrower type that helps.
Json = Any

Kind = Literal[
    "text", "date", "number", "url", "locale", "enum", "country", "flag", "labels",
    "integer", "timestamp", "items",
]  # fmt: skip

MAX_ITEMS = 50
MAX_LABELS = 2000
EXACT = 2**53 - 1  # beyond it, whoever reads JSON numbers as doubles changes an integer
MAX_CUSTOM_TEXT = 10_000  # ours: the service states no limit for extended fields

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_COUNTRY = re.compile(r"[A-Z]{2}\Z")
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_LOCALE = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*\Z")
# The service's JSON reader refuses NUL, and a lone surrogate cannot be sent as UTF-8 at all.
_UNSENDABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a contact, or of one item of a list.

    Attributes
    ----------
    name : str
        The column name.
    path : tuple of str
        Where the value stands in the JSON; below the item for members of items.
    kind : str
        What it holds; decides its column type, its check and its editor.
    label : str
        What a person calls it.
    editable : bool
        False where the service sets it.
    max_length : int or None
        In characters.
    choices : tuple of str
        For ``enum``: the values the service accepts.
    """

    name: str
    path: tuple[str, ...]
    kind: Kind
    label: str
    editable: bool = True
    max_length: int | None = None
    choices: tuple[str, ...] = ()

    def clean(self, value: Json) -> Json:
        """Return the value as it would be sent, or raise ValueError with the reason."""
        return _CHECKS[self.kind](self, value)


@dataclass(frozen=True)
class ListField:
    """A list that the service writes as a whole, such as ``phones``."""

    name: str
    path: tuple[str, ...]
    label: str
    singular: str
    members: tuple[Field, ...]
    value: str  # the member that carries the point of the item
    has_primary: bool
    # Members the service derives unless they are sent: sent back while the item is as it was
    # read, so that nothing of it is lost, and left out once it changed, so that none goes stale.
    carried: tuple[Field, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """The members by column name."""
        return {member.name: member for member in self.members}

    @cached_property
    def editable(self) -> tuple[Field, ...]:
        """The members a person may set."""
        return tuple(member for member in self.members if member.editable)


def _text(field: Field, value: Json) -> str:
    if not isinstance(value, str):
        why = f"expected text, got {type_(value).__name__} {value!r:.40}"
        raise ValueError(why)
    text = str(value)
    if not text.strip():
        raise ValueError("is empty text: use None to clear, or leave the value as it was")
    if found := _UNSENDABLE.search(text):
        why = f"holds a character that cannot be sent ({found.group()!a})"
        raise ValueError(why)
    if field.max_length is not None and len(text) > field.max_length:
        why = f"has {len(text):,} characters, the service takes at most {field.max_length:,}"
        raise ValueError(why)
    return text


def _date(field: Field, value: Json) -> str:
    if isinstance(value, datetime):
        if value != value.replace(hour=0, minute=0, second=0, microsecond=0):
            raise ValueError("has a time of day; this field holds a date only")
        value = value.date()
    if isinstance(value, date):
        return value.isoformat()
    text = _text(field, value)
    if not _DATE.match(text):
        why = f"is not a date: expected YYYY-MM-DD, got {text!r:.40}"
        raise ValueError(why)
    try:
        date.fromisoformat(text)
    except ValueError:
        why = f"is not a day that exists: {text}"
        raise ValueError(why) from None
    return text


def _number(field: Field, value: Json) -> float | int:
    del field
    if isinstance(value, bool) or not isinstance(value, (int, float, numbers.Real)):
        why = f"expected a number, got {type_(value).__name__} {value!r:.40}"
        raise ValueError(why)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        why = f"is not a finite number: {value!r:.40}"
        raise ValueError(why)
    if number != value or (isinstance(value, int) and abs(value) > EXACT):
        why = f"has more digits than the service can keep: {value!r:.40}"
        raise ValueError(why)
    return int(number) if number.is_integer() and abs(number) <= EXACT else number


def number_of(text: str) -> Json:
    """Return the number that a text says; the text itself where it says none."""
    if not _NUMBER.fullmatch(text.strip()):
        return text
    return float(text) if set(text) & set(".eE") else int(text)


def _locale(field: Field, value: Json) -> str:
    text = _text(field, value)
    if not _LOCALE.match(text):
        why = f"is not a language tag such as en-us: {text!r:.40}"
        raise ValueError(why)
    return text


def _country(field: Field, value: Json) -> str:
    text = _text(field, value)
    if not _COUNTRY.match(text):
        why = f"expected two capital letters such as US (ISO 3166-1), got {text!r:.40}"
        raise ValueError(why)
    return text


def _enum(field: Field, value: Json) -> str:
    text = _text(field, value)
    if text not in field.choices:
        why = f"is {text!r:.40}, the service knows {', '.join(field.choices)}"
        raise ValueError(why)
    return text


def _flag(field: Field, value: Json) -> bool:
    del field
    if type_(value).__name__ not in {"bool", "bool_"}:
        why = f"expected True or False, got {type_(value).__name__} {value!r:.40}"
        raise ValueError(why)
    return bool(value)


def _labels(field: Field, value: Json) -> tuple[str, ...]:
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        why = f"expected a tuple of label keys, got {type_(value).__name__} {value!r:.40}"
        raise ValueError(why)
    if isinstance(value, (bytes, Mapping)):
        why = f"expected a tuple of label keys, got {type_(value).__name__}"
        raise ValueError(why)
    keys = tuple(dict.fromkeys(_text(field, key) for key in value))
    if len(keys) > MAX_LABELS:
        why = f"has {len(keys):,} labels, the service takes at most {MAX_LABELS:,}"
        raise ValueError(why)
    return keys


def _owned(field: Field, value: Json) -> Json:
    del value
    why = f"{field.name} is set by the service"
    raise ValueError(why)


_CHECKS: dict[Kind, Any] = {
    "text": _text, "url": _text, "date": _date, "number": _number, "locale": _locale,
    "country": _country, "enum": _enum, "flag": _flag, "labels": _labels,
    "integer": _owned, "timestamp": _owned, "items": _owned,
}  # fmt: skip


def _owned_field(name: str, path: str, kind: Kind, label: str) -> Field:
    return Field(name, tuple(path.split("/")), kind, label, editable=False)


#: What a person may set, one value a contact.
SCALARS: dict[str, Field] = {
    field.name: field
    for field in (
        Field("name.first", ("info", "name", "first"), "text", "First name", max_length=1000),
        Field("name.last", ("info", "name", "last"), "text", "Last name", max_length=1000),
        Field("company", ("info", "company"), "text", "Company", max_length=1000),
        Field("jobTitle", ("info", "jobTitle"), "text", "Job title", max_length=1000),
        Field("birthdate", ("info", "birthdate"), "date", "Birthdate"),
        Field("locale", ("info", "locale"), "locale", "Language", max_length=35),
    )
}

#: What the service sets, one value a contact.
OWNED: dict[str, Field] = {
    field.name: field
    for field in (
        _owned_field("id", "id", "text", "Id"),
        _owned_field("revision", "revision", "integer", "Revision"),
        _owned_field("createdDate", "createdDate", "timestamp", "Created"),
        _owned_field("updatedDate", "updatedDate", "timestamp", "Updated"),
        _owned_field(
            "lastActivity.activityDate", "lastActivity/activityDate", "timestamp", "Last activity"
        ),
        _owned_field(
            "lastActivity.activityType", "lastActivity/activityType", "text", "Last activity type"
        ),
        _owned_field("source.sourceType", "source/sourceType", "text", "Source"),
    )
}

_TAG = ("tag",)
_PRIMARY = Field("primary", ("primary",), "flag", "Primary")

LISTS: dict[str, ListField] = {
    listing.name: listing
    for listing in (
        ListField(
            "emails",
            ("info", "emails"),
            "E-mails",
            "e-mail",
            (
                Field("tag", _TAG, "enum", "Tag", choices=("UNTAGGED", "MAIN", "HOME", "WORK")),
                _PRIMARY,
                Field("email", ("email",), "text", "E-mail", max_length=320),
            ),
            value="email",
            has_primary=True,
        ),
        ListField(
            "phones",
            ("info", "phones"),
            "Phones",
            "phone",
            (
                Field(
                    "tag",
                    _TAG,
                    "enum",
                    "Tag",
                    choices=("UNTAGGED", "MAIN", "HOME", "MOBILE", "WORK", "FAX"),
                ),
                _PRIMARY,
                Field("countryCode", ("countryCode",), "country", "Country"),
                Field("phone", ("phone",), "text", "Phone", max_length=50),
                _owned_field("e164Phone", "e164Phone", "text", "E.164"),
            ),
            value="phone",
            has_primary=True,
        ),
        ListField(
            "addresses",
            ("info", "addresses"),
            "Addresses",
            "address",
            (
                Field(
                    "tag",
                    _TAG,
                    "enum",
                    "Tag",
                    choices=("UNTAGGED", "HOME", "WORK", "BILLING", "SHIPPING"),
                ),
                Field("addressLine", ("address", "addressLine"), "text", "Street", max_length=1000),
                Field(
                    "streetAddress.number",
                    ("address", "streetAddress", "number"),
                    "text",
                    "House number",
                    max_length=100,
                ),
                Field(
                    "streetAddress.name",
                    ("address", "streetAddress", "name"),
                    "text",
                    "Street name",
                    max_length=1000,
                ),
                Field(
                    "streetAddress.apt",
                    ("address", "streetAddress", "apt"),
                    "text",
                    "Apartment",
                    max_length=100,
                ),
                Field(
                    "addressLine2",
                    ("address", "addressLine2"),
                    "text",
                    "Second line",
                    max_length=1000,
                ),
                Field("city", ("address", "city"), "text", "City", max_length=1000),
                Field("subdivision", ("address", "subdivision"), "text", "Region", max_length=100),
                Field("country", ("address", "country"), "country", "Country"),
                Field(
                    "postalCode", ("address", "postalCode"), "text", "Postal code", max_length=100
                ),
                Field("geocode.latitude", ("address", "geocode", "latitude"), "number", "Latitude"),
                Field(
                    "geocode.longitude", ("address", "geocode", "longitude"), "number", "Longitude"
                ),
                Field("hint", ("address", "hint"), "text", "Hint", max_length=200),
                _owned_field(
                    "formattedAddress", "address/formattedAddress", "text", "Formatted address"
                ),
            ),
            value="addressLine",
            has_primary=False,
            carried=(
                _owned_field(
                    "formattedAddress", "address/formattedAddress", "text", "Formatted address"
                ),
                _owned_field(
                    "streetAddress.formattedAddressLine",
                    "address/streetAddress/formattedAddressLine",
                    "text",
                    "Formatted street",
                ),
            ),
        ),
    )
}

#: Item members that the service computes; known, so no reason to warn that they are not sent.
DERIVED_MEMBERS = frozenset({
    ("e164Phone",), ("formattedPhone",),
    ("address", "countryFullname"), ("address", "subdivisions"),
})  # fmt: skip

LABELS = Field("labelKeys", ("info", "labelKeys"), "labels", "Labels")
EXTENDED_PATH = ("info", "extendedFields", "items")

#: Columns of the wide frame that stand for one item of a list.
SHORTCUTS: dict[str, tuple[str, str]] = {"email": ("emails", "email"), "phone": ("phones", "phone")}

_DATA_TYPES: dict[str, Kind] = {"TEXT": "text", "NUMBER": "number", "DATE": "date", "URL": "url"}


def extended(key: str, data_type: str | None = "TEXT", display_name: str | None = None) -> Field:
    """Return the field of one extended-field key.

    Only ``custom.*`` keys can be set; the others belong to the service and its apps.
    A data type that this version does not know is shown as text and not editable.
    """
    kind = _DATA_TYPES.get(data_type or "TEXT")
    return Field(
        key,
        (*EXTENDED_PATH, key),
        kind or "text",
        display_name or key,
        editable=key.startswith("custom.") and kind is not None,
        max_length=MAX_CUSTOM_TEXT,
    )


def dig(document: Json, path: tuple[str, ...]) -> Json:
    """Return what stands at a path of a JSON document; None where the path ends early."""
    for key in path:
        if type_(document) is not dict and not isinstance(document, Mapping):
            return None  # `dict` is asked first, for speed: this is where a large plan's time goes
        document = document.get(key)
    return document


def label(name: str) -> str:
    """Return what a person calls a field of this name; the name itself where we know no better."""
    known = SCALARS.get(name) or OWNED.get(name) or LISTS.get(name)
    if known is not None:
        return known.label
    return LABELS.label if name == LABELS.name else name
