"""Fields: every field that filters and sorts may name, with its operators.

One table; pure: contacts in, values out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from contacttools.sandbox.problems import Json
from contacttools.sandbox.rules import derive

Contact: TypeAlias = Mapping[str, Json]
Reader: TypeAlias = Callable[[Contact], Iterable[Json]]
"""Gives the values that a contact has in a field; none, if the field is missing."""

Kind: TypeAlias = Literal["text", "instant", "day", "number", "list"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field that filters and sorts may name.

    Attributes
    ----------
    read
        Gives the field's values of a contact.
    operators
        Those that the field knows, with ``$``.
    kind
        What its values are.
    sortable
        Whether a sort may name it.
    values
        The only values that the field can have; empty if it is not an enumeration.
    """

    read: Reader
    operators: frozenset[str]
    kind: Kind = "text"
    sortable: bool = False
    values: frozenset[str] = frozenset()


def lookup(name: str, fields: Mapping[str, str]) -> Field | None:
    """Find a field by the name that filters and sorts use, None if there is none."""
    key = name.removeprefix(_EXTENDED)
    if key == name or not key.startswith("custom."):
        return FIELDS.get(name)
    if key not in fields:
        return None
    kind, operators = {
        "NUMBER": ("number", _ORDERED),
        "DATE": ("day", _ORDERED),
    }.get(fields[key], ("text", _CUSTOM_TEXT))
    return Field(_extended(key), operators, kind, sortable=True)  # type: ignore[arg-type]


@lru_cache(maxsize=65_536)
def instant(text: str) -> str:
    """Write a point in time so that two of them compare as text.

    Raises
    ------
    ValueError
        If the text is not an ISO 8601 date or time; one without zone counts as UTC.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC).isoformat(timespec="microseconds")
    except OverflowError as error:
        raise ValueError(str(error)) from None


_EXTENDED: Final = "info.extendedFields."

_EXACT: Final = frozenset({"$eq", "$ne", "$in", "$exists"})
_TEXT: Final = _EXACT | {"$startsWith"}
_CUSTOM_TEXT: Final = frozenset({"$eq", "$ne", "$in", "$startsWith"})
_ORDERED: Final = frozenset({"$eq", "$ne", "$gt", "$lt", "$gte", "$lte"})
_CHOICE: Final = frozenset({"$eq", "$ne", "$in", "$nin"})
_TAGS: Final = frozenset({"$hasSome", "$hasAll"})


def _at(*path: str) -> Reader:
    def read(contact: Contact) -> Iterable[Json]:
        value: Json = contact
        for key in path:
            value = value.get(key)
            if value is None:
                return ()
        return (value,)

    return read


def _moment(*path: str) -> Reader:
    read = _at(*path)
    return lambda contact: [instant(value) for value in read(contact)]


def _extended(key: str) -> Reader:
    return _at("info", "extendedFields", "items", key)


def _items(kind: str) -> Callable[[Contact], list[Json]]:
    return lambda contact: contact["info"].get(kind, {}).get("items", [])


def _each(kind: str, key: str) -> Reader:
    items = _items(kind)
    return lambda contact: [item[key] for item in items(contact) if key in item]


def _address(key: str) -> Reader:
    items = _items("addresses")
    return lambda contact: [
        value for item in items(contact) if (value := item["address"].get(key)) is not None
    ]


def _street(contact: Contact) -> Iterable[Json]:
    return [
        value for item in _items("addresses")(contact) if (value := derive.street(item["address"]))
    ]


def _enumeration(key: str, names: str) -> Field:
    return Field(_extended(key), _CHOICE, values=frozenset(names.split()))


FIELDS: Final[Mapping[str, Field]] = {
    "id": Field(_at("id"), _EXACT),
    "createdDate": Field(_moment("createdDate"), _ORDERED, "instant", sortable=True),
    "updatedDate": Field(_moment("updatedDate"), _ORDERED, "instant"),
    "lastActivity.activityDate": Field(
        _moment("lastActivity", "activityDate"), _ORDERED, "instant", sortable=True
    ),
    "primaryInfo.email": Field(_at("primaryInfo", "email"), _TEXT, sortable=True),
    "primaryInfo.phone": Field(_at("primaryInfo", "phone"), _TEXT),
    "info.name.first": Field(_at("info", "name", "first"), _TEXT, sortable=True),
    "info.name.last": Field(_at("info", "name", "last"), _TEXT, sortable=True),
    "info.emails.email": Field(_each("emails", "email"), _TEXT),
    "info.phones.phone": Field(_each("phones", "phone"), _TEXT),
    "info.phones.e164Phone": Field(_each("phones", "e164Phone"), _TEXT),
    "info.addresses.street": Field(_street, _TEXT),
    "info.addresses.city": Field(_address("city"), _TEXT),
    "info.addresses.subdivision": Field(_address("subdivision"), _EXACT),
    "info.addresses.country": Field(_address("country"), _EXACT),
    "info.company": Field(_at("info", "company"), _TEXT, sortable=True),
    "info.jobTitle": Field(_at("info", "jobTitle"), _TEXT, sortable=True),
    "info.birthdate": Field(_at("info", "birthdate"), _ORDERED, "day", sortable=True),
    "info.locale": Field(_at("info", "locale"), _EXACT),
    "info.labelKeys": Field(_items("labelKeys"), _TAGS, "list"),
    "info.locations": Field(_items("locations"), _TAGS, "list"),
    _EXTENDED + derive.MEMBERSHIP: _enumeration(
        derive.MEMBERSHIP, "APPROVED DENIED PENDING INACTIVE"
    ),
    _EXTENDED + derive.SUBSCRIPTION: _enumeration(
        derive.SUBSCRIPTION, "NO_SUBSCRIPTION_STATUS NOT_SET PENDING SUBSCRIBED UNSUBSCRIBED"
    ),
    _EXTENDED + derive.DELIVERABILITY: _enumeration(
        derive.DELIVERABILITY, "NOT_SET VALID BOUNCED SPAM_COMPLAINT INACTIVE"
    ),
    _EXTENDED + derive.EFFECTIVE: Field(
        _extended(derive.EFFECTIVE), frozenset({"$exists"}), sortable=True
    ),
}
"""Every field with a fixed name; custom fields are found by `lookup`."""
