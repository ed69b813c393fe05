"""Definitions: labels and extended fields as a site defines them.

Pure: JSON values in, JSON values out; time is passed in.

The key of a new definition is made from its name and stays for good, whatever the name becomes. How
it is made is documented by two examples only: in lower case, with hyphens for blanks. Assumed are
hyphens for all else that an address of a page could not hold, a cut at 80 characters, and a number
behind a key that is taken. What the system has defined can neither be renamed nor deleted: assumed
as well, and no status is documented.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from datetime import date
from typing import Final, Literal, TypeAlias, get_args

from contacttools.sandbox.problems import Json, Problem, application, invalid
from contacttools.sandbox.settings import Settings

Kind: TypeAlias = Literal["label", "field"]
DataType: TypeAlias = Literal["TEXT", "NUMBER", "DATE", "URL"]

LONGEST_NAME: Final[Mapping[Kind, int]] = {"label": 180, "field": 150}
"""Most characters of a name; one is the least."""

_LONGEST_KEY: Final = 80
_OWN: Final = "custom."

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


def named(known: Iterable[Mapping[str, Json]], name: str) -> Mapping[str, Json] | None:
    """Give the definition with exactly this name, of the system or not; None if there is none."""
    return next((one for one in known if one["displayName"] == name), None)


def new_label(
    name: str, known: Mapping[str, Mapping[str, Json]], now: str, settings: Settings
) -> dict[str, Json]:
    """Make a label that a site has not had.

    Parameters
    ----------
    name
        What people read; its length has been checked.
    known
        The labels of the site by key.
    now
        The time of the request.
    settings
        How many labels a site may have.

    Raises
    ------
    Problem
        428 `LABELS_QUOTA_REACHED`, or another status by setting.
    """
    count = _own(known)
    if count >= settings.labels_quota:
        quota = {"labelsQuota": str(settings.labels_quota), "labelsCurrentTotal": str(count)}
        raise application(
            settings.quota_status, "LABELS_QUOTA_REACHED", "The site has no room for labels.", quota
        )
    return _dated(label(free_key(name, known), name), now)


def new_field(
    name: str,
    data_type: Json,
    known: Mapping[str, Mapping[str, Json]],
    now: str,
    settings: Settings,
) -> dict[str, Json]:
    """Make an extended field that a site has not had; see `new_label` for the other parameters.

    Parameters
    ----------
    data_type
        As sent.

    Raises
    ------
    Problem
        400, if there is no such type; 428 `FIELDS_QUOTA_EXCEEDED`, or another status by setting.
    """
    if data_type not in get_args(DataType):
        raise invalid(
            "dataType",
            "is not one of the allowed values",
            "ENUM",
            values=sorted(get_args(DataType)),
        )
    if _own(known) >= settings.fields_quota:
        raise application(
            settings.quota_status, "FIELDS_QUOTA_EXCEEDED", "The site has no room for fields."
        )
    return _dated(field(free_key(name, known), data_type, name), now)


def renamed(
    definition: Mapping[str, Json],
    name: str,
    known: Iterable[Mapping[str, Json]],
    now: str,
    settings: Settings,
) -> dict[str, Json]:
    """Give a definition with another name and the same key.

    Raises
    ------
    Problem
        428, if it is the system's; 409, if by setting names are unique and another has this one.
    """
    require_own(definition, settings)
    same = named(known, name)
    if settings.unique_names and same is not None and same["key"] != definition["key"]:
        raise application(409, "ALREADY_EXISTS", f"{same['key']} has this name.")
    return {**definition, "displayName": name, "updatedDate": _seconds(now)}


def require_own(definition: Mapping[str, Json], settings: Settings) -> None:
    """Refuse to touch what the system has defined.

    Raises
    ------
    Problem
        428 `FAILED_PRECONDITION`, or another status by setting.
    """
    if not is_own(definition):
        raise application(
            settings.system_definition_status,
            "FAILED_PRECONDITION",
            f"{definition['key']} belongs to the system.",
        )


def is_own(definition: Mapping[str, Json]) -> bool:
    """Tell whether a definition is the site's own, and not the system's."""
    return "USER_DEFINED" in (definition.get("labelType"), definition.get("fieldType"))


def unknown(key: str) -> Problem:
    """Answer 404: the site has defined nothing by this key."""
    return application(404, "NOT_FOUND", f"{key[:80]} was not found.")


def unknown_label(key: str, path: str, settings: Settings) -> Problem:
    """Answer 400, naming the member, or by setting 404: a contact cannot get a label that is none.

    Parameters
    ----------
    key
        As sent.
    path
        Where it was sent.
    settings
        Decides the status.
    """
    if settings.unknown_label_status == 404:
        return unknown(key)
    return invalid(path, f"has the unknown label key {key[:80]}", "CUSTOM")


def free_key(name: str, taken: Container[str]) -> str:
    """Make the key of a new definition.

    Parameters
    ----------
    name
        What people read.
    taken
        The keys that there are.

    Returns
    -------
    str
        At most 80 characters.

    Examples
    --------
    >>> free_key("My Label", taken=())
    'custom.my-label'
    >>> free_key("My label", taken={"custom.my-label"})
    'custom.my-label-1'
    """
    slug = "".join(one if one.isalnum() or one in "-_." else "-" for one in name.lower())
    key, count = (_OWN + slug)[:_LONGEST_KEY], 0
    while key in taken:
        count += 1
        ending = f"-{count}"
        key = (_OWN + slug)[: _LONGEST_KEY - len(ending)] + ending
    return key


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


def whole(value: Json) -> int | None:
    """Give a JSON number as an integer, None if it is none: 5.0 is the same number as 5."""
    return int(value) if is_number(value) and value == int(value) else None


def is_date(value: Json) -> bool:
    """Tell whether a value is the text of a day that the calendar has, as ``YYYY-MM-DD``."""
    if not (isinstance(value, str) and value.isascii() and _ISO_DATE.fullmatch(value)):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _own(known: Mapping[str, Mapping[str, Json]]) -> int:
    return sum(map(is_own, known.values()))


def _dated(definition: dict[str, Json], now: str) -> dict[str, Json]:
    return {**definition, "createdDate": _seconds(now), "updatedDate": _seconds(now)}


def _seconds(now: str) -> str:
    """Write a time as definitions have it: without fractions of seconds."""
    return f"{now[:19]}Z"
