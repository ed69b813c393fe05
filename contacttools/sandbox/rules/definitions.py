"""Definitions: labels and extended fields as a site defines them.

Pure: JSON values in, JSON values out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Literal, TypeAlias

from contacttools.sandbox.problems import Json

DataType: TypeAlias = Literal["TEXT", "NUMBER", "DATE", "URL"]

SYSTEM_NAMESPACES = frozenset({"contacts", "emailSubscriptions", "members", "ecom", "invoices"})
"""Namespaces whose fields belong to the service: sent values are ignored."""

_BORN = "2020-01-01T00:00:00Z"

_SYSTEM_LABELS = {"contacts.customers": "Customers", "contacts.contacted-me": "Contacted Me"}

_SYSTEM_FIELDS: dict[str, tuple[str, DataType]] = {
    "contacts.displayByFirstName": ("Display by first name", "TEXT"),
    "contacts.displayByLastName": ("Display by last name", "TEXT"),
    "emailSubscriptions.deliverabilityStatus": ("Email deliverability status", "TEXT"),
    "emailSubscriptions.effectiveEmail": ("Effective email", "TEXT"),
    "emailSubscriptions.subscriptionStatus": ("Email subscriber status", "TEXT"),
    "ecom.lastPurchaseDate": ("Last purchase date", "DATE"),
    "ecom.numOfPurchases": ("Number of purchases", "NUMBER"),
    "ecom.totalSpentAmount": ("Total spent amount", "NUMBER"),
    "ecom.totalSpentCurrency": ("Total spent currency", "TEXT"),
    "invoices.vatId": ("VAT ID", "TEXT"),
    "members.membershipStatus": ("Membership status", "TEXT"),
    "members.mobile": ("Mobile", "TEXT"),
}

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def system_labels() -> list[dict[str, Json]]:
    """Give the labels that every site has."""
    return [label(key, name) for key, name in _SYSTEM_LABELS.items()]


def system_fields() -> list[dict[str, Json]]:
    """Give the extended fields that every site has."""
    return [field(key, kind, name) for key, (name, kind) in _SYSTEM_FIELDS.items()]


def label(key: str, name: str | None = None) -> dict[str, Json]:
    """Define a label.

    Parameters
    ----------
    key
        Such as ``custom.press``; the namespace ``custom`` makes it the user's own.
    name
        What people read; made from the key if not given.

    Returns
    -------
    dict
        The label in the REST shape.
    """
    namespace = key.partition(".")[0]
    return {
        "namespace": namespace,
        "namespaceDisplayName": "Labels",
        "key": key,
        "displayName": name or readable(key),
        "labelType": "USER_DEFINED" if namespace == "custom" else "SYSTEM",
        "createdDate": _BORN,
        "updatedDate": _BORN,
    }


def field(key: str, data_type: DataType, name: str | None = None) -> dict[str, Json]:
    """Define an extended field; the parameters are those of `label`, and the type of its values."""
    namespace = key.partition(".")[0]
    return {
        "namespace": namespace,
        "key": key,
        "displayName": name or readable(key),
        "dataType": data_type,
        "fieldType": "USER_DEFINED" if namespace == "custom" else "SYSTEM",
        "createdDate": _BORN,
        "updatedDate": _BORN,
    }


def readable(key: str) -> str:
    """Give the name that a key was probably made from, such as ``Last Contacted``."""
    return key.partition(".")[2].replace("-", " ").replace("_", " ").title() or key


def data_type(values: Iterable[Json]) -> DataType:
    """Guess the type of a field from all its values.

    Parameters
    ----------
    values
        Every value that contacts hold in the field; empty strings say nothing and are passed over.

    Returns
    -------
    str
        ``NUMBER`` if all are JSON numbers, ``DATE`` if all are real ``YYYY-MM-DD`` dates, ``URL``
        if all are http addresses, else ``TEXT``.
    """
    known = [value for value in values if value is not None and value != ""]
    if known and all(is_number(value) for value in known):
        return "NUMBER"
    if known and all(is_date(value) for value in known):
        return "DATE"
    if known and all(
        isinstance(value, str) and value.startswith(("http://", "https://")) for value in known
    ):
        return "URL"
    return "TEXT"


def is_number(value: Json) -> bool:
    """Tell whether a value is a JSON number; true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_date(value: Json) -> bool:
    """Tell whether a value is the text of a day that the calendar has, as ``YYYY-MM-DD``."""
    if not (isinstance(value, str) and value.isascii() and _ISO_DATE.fullmatch(value)):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True
