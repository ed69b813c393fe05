"""Checks: whether the `info` of a request has the documented types and limits.

Pure: a JSON value in, violations out.

Null is allowed wherever a member may be cleared. Members that the API does not know are not looked
at, as the service drops them. What depends on the contact or the site (revision, labels, fields,
primaries, duplicates) is in `rules`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TypeAlias

from contacttools.sandbox.problems import Json, Problem, Violation, invalid, validation
from contacttools.sandbox.rules.definitions import is_date, is_number
from contacttools.sandbox.rules.derive import COUNTRIES

Check: TypeAlias = Callable[[str, Json], Iterator[Violation]]
"""Takes the path and the value of a member, gives what is wrong with it."""

MAX_INT = 2**53 - 1
"""Largest revision and the like: the largest integer that every JSON reader keeps exactly."""

_LOCALE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{1,20})?")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def info(value: Mapping[str, Json]) -> None:
    """Refuse an `info` object that breaks a documented type or limit.

    Parameters
    ----------
    value
        The object as sent.

    Raises
    ------
    Problem
        400, naming every violated field.
    """
    if found := list(_members(_INFO, "info", value)):
        raise validation(found)


def revision(body: Mapping[str, Json]) -> int:
    """Give the revision of a request.

    Raises
    ------
    Problem
        400, if it is missing or not a JSON integer.
    """
    value = body.get("revision")
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > MAX_INT:
        raise _no_integer("revision")
    return value


def _no_integer(path: str) -> Problem:
    return invalid(path, "is not an integer", "TYPE", type="INTEGER")


def _wrong_type(path: str, kind: str) -> Iterator[Violation]:
    yield Violation(path, f"is not of type {kind.lower()}", "TYPE", {"type": kind})


def _text(path: str, value: Json, *, most: int, least: int = 0) -> Iterator[Violation]:
    if not isinstance(value, str):
        yield from _wrong_type(path, "STRING")
    elif len(value) > most:
        yield Violation(path, f"has more than {most} characters", "MAX_LENGTH", {"threshold": most})
    elif len(value) < least:
        yield Violation(
            path, f"has fewer than {least} characters", "MIN_LENGTH", {"threshold": least}
        )


def _one_of(path: str, value: Json, *, values: frozenset[str]) -> Iterator[Violation]:
    if not isinstance(value, str):
        yield from _wrong_type(path, "STRING")
    elif value not in values:
        yield Violation(
            path, "is not one of the allowed values", "ENUM", {"values": sorted(values)}
        )


def _formatted(
    path: str, value: Json, *, kind: str, fits: Callable[[str], object]
) -> Iterator[Violation]:
    if not isinstance(value, str):
        yield from _wrong_type(path, "STRING")
    elif not fits(value):
        yield Violation(
            path, f"is not a valid {kind.lower().replace('_', ' ')}", "FORMAT", {"type": kind}
        )


def _flag(path: str, value: Json) -> Iterator[Violation]:
    if not isinstance(value, bool):
        yield from _wrong_type(path, "BOOLEAN")


def _integer(path: str, value: Json) -> Iterator[Violation]:
    if isinstance(value, bool) or not isinstance(value, int):
        yield from _wrong_type(path, "INTEGER")


def _coordinate(path: str, value: Json) -> Iterator[Violation]:
    # Sent as text they come back as numbers, so text is accepted.
    if is_number(value):
        # Real lists hold coordinates off the globe; only what is no longer a number is refused.
        if abs(value) > MAX_INT:
            yield Violation(path, "is too large", "RANGE", {"maximum": MAX_INT})
    elif not (isinstance(value, str) and _DECIMAL.fullmatch(value)):
        yield from _wrong_type(path, "NUMBER")


def _map(path: str, value: Json) -> Iterator[Violation]:
    if not isinstance(value, dict):
        yield from _wrong_type(path, "OBJECT")


def _object(
    path: str, value: Json, *, members: Mapping[str, Check], needs: str | None = None
) -> Iterator[Violation]:
    if not isinstance(value, dict):
        yield from _wrong_type(path, "OBJECT")
        return
    if needs is not None and value.get(needs) is None:
        yield Violation(f"{path}.{needs}", "must be given", "REQUIRED")
    yield from _members(members, path, value)


def _address(path: str, value: Json) -> Iterator[Violation]:
    yield from _object(path, value, members=_ADDRESS)
    if (
        isinstance(value, dict)
        and value.get("addressLine") is not None
        and value.get("streetAddress") is not None
    ):
        yield Violation(path, "has both addressLine and streetAddress", "ONE_OF")


def _members(
    checks: Mapping[str, Check], path: str, value: Mapping[str, Json]
) -> Iterator[Violation]:
    for name, check in checks.items():
        if (found := value.get(name)) is not None:
            yield from check(f"{path}.{name}", found)


def _list(path: str, value: Json, *, each: Check, most: int) -> Iterator[Violation]:
    """Check the wrapper of a list: an object with `items`."""
    if not isinstance(value, dict):
        yield from _wrong_type(path, "OBJECT")
        return
    items = value.get("items")
    if items is None:
        return
    if not isinstance(items, list):
        yield from _wrong_type(f"{path}.items", "ARRAY")
    elif len(items) > most:
        yield Violation(
            f"{path}.items", f"has more than {most} entries", "MAX_SIZE", {"threshold": most}
        )
    else:
        for item in items:
            yield from each(f"{path}.items", item)


def _tags(names: str) -> Check:
    return partial(_one_of, values=frozenset(names.split()))


def _long(most: int, least: int = 0) -> Check:
    return partial(_text, most=most, least=least)


_COUNTRY: Check = partial(_formatted, kind="COUNTRY", fits=COUNTRIES.__contains__)
_GUID_TEXT: Check = partial(_formatted, kind="GUID", fits=_GUID.fullmatch)

_NAME: dict[str, Check] = {"first": _long(1000), "last": _long(1000)}
_EMAIL: dict[str, Check] = {
    "id": _long(100),
    "tag": _tags("UNTAGGED MAIN HOME WORK"),
    "email": _long(320, 1),
    "primary": _flag,
}
_PHONE: dict[str, Check] = {
    "id": _long(100),
    "tag": _tags("UNTAGGED MAIN HOME MOBILE WORK FAX"),
    "countryCode": _COUNTRY,
    "phone": _long(50, 1),
    "primary": _flag,
}
_STREET: dict[str, Check] = {"number": _long(100), "name": _long(1000), "apt": _long(100)}
_ADDRESS: dict[str, Check] = {
    "addressLine": _long(1000),
    "streetAddress": partial(_object, members=_STREET),
    "addressLine2": _long(1000),
    "city": _long(1000),
    "subdivision": _long(100),
    "country": _COUNTRY,
    "postalCode": _long(100),
    "formattedAddress": _long(2000),
    "hint": _long(200),
    "geocode": partial(_object, members={"latitude": _coordinate, "longitude": _coordinate}),
}
_ADDRESS_ITEM: dict[str, Check] = {
    "id": _long(100),
    "tag": _tags("UNTAGGED HOME WORK BILLING SHIPPING"),
    "address": _address,
}
_IMAGE: dict[str, Check] = {
    "id": _long(1000),
    "url": _long(4000),
    "altText": _long(1000),
    "filename": _long(1000),
    "height": _integer,
    "width": _integer,
}
_INFO: dict[str, Check] = {
    "name": partial(_object, members=_NAME),
    "emails": partial(_list, each=partial(_object, members=_EMAIL, needs="email"), most=50),
    "phones": partial(_list, each=partial(_object, members=_PHONE, needs="phone"), most=50),
    "addresses": partial(_list, each=partial(_object, members=_ADDRESS_ITEM), most=50),
    "company": _long(1000),
    "jobTitle": _long(1000),
    "picture": partial(_object, members={"image": partial(_object, members=_IMAGE)}),
    "birthdate": partial(_formatted, kind="LOCAL_DATE", fits=is_date),
    "locale": partial(_formatted, kind="LANGUAGE_TAG", fits=_LOCALE.fullmatch),
    "labelKeys": partial(_list, each=_long(80, 1), most=2000),
    "locations": partial(_list, each=_GUID_TEXT, most=50),
    "assignedUserIds": partial(_list, each=_GUID_TEXT, most=50),
    "extendedFields": partial(_object, members={"items": _map}),
}

WRITABLE = tuple(_INFO)
"""The members of `info` that a caller may write, in the order in which answers show them."""
