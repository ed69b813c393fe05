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

from contacttools.sandbox.problems import Json, Violation, invalid, validation
from contacttools.sandbox.rules.definitions import is_date, is_number, whole
from contacttools.sandbox.rules.derive import COUNTRIES

Check: TypeAlias = Callable[[str, Json], Iterator[Violation]]
"""Takes the path and the value of a member, gives what is wrong with it."""

_MAX_COORDINATE = 2**53 - 1  # the largest integer that every JSON reader keeps exactly

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


def revision(body: Mapping[str, Json], name: str = "revision", *, required: bool = True) -> int:
    """Give the revision of a request, by the name that the body has for it.

    Parameters
    ----------
    body
        The request.
    name
        The member that has the revision.
    required
        False: a missing one counts as 0.

    Raises
    ------
    Problem
        400, if it is missing or not a JSON integer.
    """
    if body.get(name) is None and not required:
        return 0
    value = whole(body.get(name))
    if value is None:
        raise invalid(name, "is not an integer", "TYPE", type="INTEGER")
    return value


def texts(value: Json, path: str, *, least: int, most: int) -> list[str]:
    """Give a list of texts that a request sent bare, without the wrapper of a contact's lists.

    Parameters
    ----------
    value
        As sent; None counts as an empty list.
    path
        Where it was sent, for error messages.
    least, most
        How many entries it may have.

    Raises
    ------
    Problem
        400, if it is no list of that size, or an entry is no text.
    """
    entries = [] if value is None else value
    if not isinstance(entries, list):
        raise invalid(path, "is not of type array", "TYPE", type="ARRAY")
    if len(entries) < least:
        raise invalid(path, f"has fewer than {least} entries", "MIN_SIZE", threshold=least)
    if len(entries) > most:
        raise invalid(path, f"has more than {most} entries", "MAX_SIZE", threshold=most)
    if not all(isinstance(entry, str) for entry in entries):
        raise invalid(path, "is not of type string", "TYPE", type="STRING")
    return entries


def name(value: Json, path: str, most: int) -> str:
    """Give the name of a label or an extended field, as sent.

    Parameters
    ----------
    value
        What was sent as name; None if nothing was.
    path
        Where, for error messages.
    most
        How many characters it may have; it needs one.

    Raises
    ------
    Problem
        400, if it is missing, no text, empty or too long.
    """
    if value is None:
        raise invalid(path, "must be given", "REQUIRED")
    if found := list(_text(path, value, most=most, least=1)):
        raise validation(found)
    return str(value)


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
    if whole(value) is None:
        yield from _wrong_type(path, "INTEGER")


def _coordinate(path: str, value: Json) -> Iterator[Violation]:
    # Sent as text they come back as numbers, so text is accepted.
    if is_number(value):
        # Real lists hold coordinates off the globe; only what is no longer a number is refused.
        if abs(value) > _MAX_COORDINATE:
            yield Violation(path, "is too large", "RANGE", {"maximum": _MAX_COORDINATE})
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


def _long(most: int, least: int = 0) -> Check:
    return partial(_text, most=most, least=least)


_COUNTRY: Check = partial(_formatted, kind="COUNTRY", fits=COUNTRIES.__contains__)
_GUID_TEXT: Check = partial(_formatted, kind="GUID", fits=_GUID.fullmatch)

EMAIL_TAGS = frozenset({"UNTAGGED", "MAIN", "HOME", "WORK"})
PHONE_TAGS = frozenset({"UNTAGGED", "MAIN", "HOME", "MOBILE", "WORK", "FAX"})
ADDRESS_TAGS = frozenset({"UNTAGGED", "HOME", "WORK", "BILLING", "SHIPPING"})

_NAME: dict[str, Check] = {"first": _long(1000), "last": _long(1000)}
_EMAIL: dict[str, Check] = {
    "id": _long(100),
    "tag": partial(_one_of, values=EMAIL_TAGS),
    "email": _long(320, 1),
    "primary": _flag,
}
_PHONE: dict[str, Check] = {
    "id": _long(100),
    "tag": partial(_one_of, values=PHONE_TAGS),
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
    "tag": partial(_one_of, values=ADDRESS_TAGS),
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
