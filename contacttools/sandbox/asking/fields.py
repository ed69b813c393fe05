"""Fields: every field that filters and sorts of contacts may name, with its operators.

One table; pure: contacts in, values out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
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


@dataclass(frozen=True, slots=True)
class Table:
    """All fields that the filters and sorts of one operation may name.

    Attributes
    ----------
    find
        Gives a field by its name, None if there is none.
    unknown
        The code that answers a filter on a field that is not there.
    wrong_type
        The code that answers an operand of a wrong JSON type.
    """

    find: Callable[[str], Field | None]
    unknown: str = "UNSUPPORTED_FILTER_FIELD_UNKNOWN"
    wrong_type: str = "UNSUPPORTED_FILTER_VALUE_TYPE"


def of_contacts(types: Mapping[str, str]) -> Table:
    """Give the fields of contacts on a site whose extended fields have these data types, by key."""
    return Table(partial(lookup, fields=types))


def lookup(name: str, fields: Mapping[str, str]) -> Field | None:
    """Find a field by the name that filters and sorts use, None if there is none."""
    key = name.removeprefix(_EXTENDED)
    if key == name or not key.startswith("custom."):
        return FIELDS.get(name)
    if key not in fields:
        return None
    kind, operators = {
        "NUMBER": ("number", COMPARED),
        "DATE": ("day", COMPARED),
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
    given = datetime.fromisoformat(text)
    if given.tzinfo is None:
        given = given.replace(tzinfo=UTC)
    try:
        return given.astimezone(UTC).isoformat(timespec="microseconds")
    except OverflowError as error:
        raise ValueError(str(error)) from None


_EXTENDED: Final = "info.extendedFields."

EXACT: Final = frozenset({"$eq", "$ne", "$in"})
_CODE: Final = EXACT | {"$exists"}
_TEXT: Final = _CODE | {"$startsWith"}
_CUSTOM_TEXT: Final = EXACT | {"$startsWith"}
COMPARED: Final = frozenset({"$eq", "$ne", "$gt", "$lt", "$gte", "$lte"})
_CHOICE: Final = frozenset({"$eq", "$ne", "$in", "$nin"})
_TAGS: Final = frozenset({"$hasSome", "$hasAll"})


def at(*path: str) -> Reader:
    """Give the reader of the value that stands under a path."""

    def read(contact: Contact) -> Iterable[Json]:
        value: Json = contact
        for key in path:
            value = value.get(key)
            if value is None:
                return ()
        return (value,)

    return read


def moment(*path: str) -> Reader:
    """Give the reader of the point in time that stands under a path."""
    read = at(*path)
    return lambda contact: [instant(value) for value in read(contact)]


def _extended(key: str) -> Reader:
    return at("info", "extendedFields", "items", key)


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
    "id": Field(at("id"), _CODE),
    "createdDate": Field(moment("createdDate"), COMPARED, "instant", sortable=True),
    "updatedDate": Field(moment("updatedDate"), COMPARED, "instant"),
    "lastActivity.activityDate": Field(
        moment("lastActivity", "activityDate"), COMPARED, "instant", sortable=True
    ),
    "primaryInfo.email": Field(at("primaryInfo", "email"), _TEXT, sortable=True),
    "primaryInfo.phone": Field(at("primaryInfo", "phone"), _TEXT),
    "info.name.first": Field(at("info", "name", "first"), _TEXT, sortable=True),
    "info.name.last": Field(at("info", "name", "last"), _TEXT, sortable=True),
    "info.emails.email": Field(_each("emails", "email"), _TEXT),
    "info.phones.phone": Field(_each("phones", "phone"), _TEXT),
    "info.phones.e164Phone": Field(_each("phones", "e164Phone"), _TEXT),
    "info.addresses.street": Field(_street, _TEXT),
    "info.addresses.city": Field(_address("city"), _TEXT),
    "info.addresses.subdivision": Field(_address("subdivision"), _CODE),
    "info.addresses.country": Field(_address("country"), _CODE),
    "info.company": Field(at("info", "company"), _TEXT, sortable=True),
    "info.jobTitle": Field(at("info", "jobTitle"), _TEXT, sortable=True),
    "info.birthdate": Field(at("info", "birthdate"), COMPARED, "day", sortable=True),
    "info.locale": Field(at("info", "locale"), _CODE),
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
