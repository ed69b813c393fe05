"""Query: what a list or query asks for: filter, search, sort, page, and members.

Pure.

Reads requests into a `Query`, arranges contacts by it, and cuts contacts down to the members asked
for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from contacttools.sandbox.asking import filters
from contacttools.sandbox.asking.fields import FIELDS, Contact, lookup, of_contacts
from contacttools.sandbox.asking.filters import Predicate
from contacttools.sandbox.door import member
from contacttools.sandbox.problems import Json, application, invalid
from contacttools.sandbox.rules.definitions import whole
from contacttools.sandbox.settings import Settings

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 1000
_MAX_OFFSET: Final = 2**31 - 1
_MAX_SEARCH: Final = 100
_MAX_FIELDS: Final = 100
_MAX_FIELDSETS: Final = 10

_BASIC: Final = frozenset({"primaryInfo", "info.name"})
_FIELDSETS: Final[Mapping[str, frozenset[str]]] = {
    "BASIC": _BASIC,
    "COMMUNICATION_DETAILS": _BASIC | {"info.emails", "info.phones", "info.addresses"},
    "EXTENDED": _BASIC | {"info.extendedFields"},
    "FULL": frozenset(),
}
_PROJECTABLE: Final = frozenset(
    {
        "id",
        "revision",
        "source",
        "createdDate",
        "updatedDate",
        "lastActivity",
        "primaryInfo",
        "info.name",
        "info.emails",
        "info.phones",
        "info.addresses",
        "info.company",
        "info.jobTitle",
        "info.picture",
        "info.birthdate",
        "info.locale",
        "info.labelKeys",
        "info.locations",
        "info.extendedFields",
    }
)


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a sorted list is wanted: `limit` entries after the first `offset`."""

    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class Query:
    """One question to the contacts of a site.

    Attributes
    ----------
    matches
        Tells whether a contact is asked for; None if all are.
    ids
        If not None, only contacts with these ids can match.
    sort
        Name of the field to sort by.
    descending
        Whether the largest value comes first.
    page
        Which part of the sorted list.
    key
        The same for two queries that differ only in page and members.
    members
        Members to show, such as ``info.name``; None for all. `id` and `revision` always show.
    """

    matches: Predicate | None
    ids: Sequence[str] | None
    sort: str
    descending: bool
    page: Page
    key: str
    members: frozenset[str] | None


def read(
    body: Mapping[str, Json],
    fields: Mapping[str, str],
    settings: Settings,
    *,
    path: str = "query.",
) -> Query:
    """Read the body of Query Contacts.

    Parameters
    ----------
    body
        ``{"query": {filter, sort, paging, fields, fieldsets}, "search"}``, every member optional.
    fields
        Data type of each extended field of the site, by key.
    settings
        How open points are read.
    path
        What stands before the members of the query in error messages; empty for a query string.

    Returns
    -------
    Query
        Ready to be answered.

    Raises
    ------
    Problem
        400, with one of the eight codes of Query Contacts or naming the violated field.
    """
    query = member(body, "query") or {}
    sort, descending = _sort(query.get("sort"), fields, settings, f"{path}sort")
    clause = query.get("filter")
    tests = [] if clause in (None, {}) else [filters.compiled(clause, of_contacts(fields))]
    if (wanted := _search(body.get("search"))) is not None:
        tests.append(wanted)
    return Query(
        matches=(lambda contact: all(test(contact) for test in tests)) if tests else None,
        ids=filters.id_choice(clause),
        sort=sort,
        descending=descending,
        page=page(member(query, "paging", path) or {}, path=f"{path}paging"),
        key=json.dumps([clause, sort, descending, body.get("search")]),
        members=members(query.get("fields"), query.get("fieldsets"), path=path),
    )


def page(
    paging: Mapping[str, Json],
    *,
    path: str,
    default: int = DEFAULT_LIMIT,
    most: int = MAX_LIMIT,
    code: str | None = "ILLEGAL_LIMIT",
) -> Page:
    """Read the paging of a request.

    Parameters
    ----------
    paging
        The object as sent.
    path
        Where it was sent, for error messages.
    default, most
        The limit if none is sent, and the largest.
    code
        What answers a limit that is too large; None for a validation error.

    Raises
    ------
    Problem
        400 with the code, or naming the member that is not an integer of the right size.
    """
    limit = _integer(paging.get("limit"), f"{path}.limit", default)
    offset = _integer(paging.get("offset"), f"{path}.offset", 0)
    if code is not None and not 0 <= limit <= most:
        raise application(400, code, f"The limit must be from 0 to {most}.")
    for name, value, largest in (("limit", limit, most), ("offset", offset, _MAX_OFFSET)):
        if not 0 <= value <= largest:
            raise invalid(
                f"{path}.{name}", f"is not from 0 to {largest}", "RANGE", minimum=0, maximum=largest
            )
    return Page(limit, offset)


def members(fields: Json, fieldsets: Json, *, path: str = "") -> frozenset[str] | None:
    """Give the members that `fields` and `fieldsets` ask for together, None for all.

    Parameters
    ----------
    fields, fieldsets
        As sent.
    path
        What stands before their names in error messages.

    Raises
    ------
    Problem
        400, naming the member with an unknown entry or too many.
    """
    named = _names(fields, f"{path}fields", _PROJECTABLE, _MAX_FIELDS)
    sets = _names(fieldsets, f"{path}fieldsets", _FIELDSETS, _MAX_FIELDSETS)
    if "FULL" in sets or not (named or sets):
        return None
    return frozenset(named).union(*(_FIELDSETS[name] for name in sets))


def shown(contact: Contact, wanted: frozenset[str] | None) -> dict[str, Json]:
    """Cut a contact down to the members asked for."""
    if wanted is None:
        return dict(contact)
    cut = {
        key: value for key, value in contact.items() if key in wanted or key in {"id", "revision"}
    }
    info = {key: value for key, value in contact["info"].items() if f"info.{key}" in wanted}
    return {**cut, "info": info} if info else cut


def arranged(contacts: Iterable[Contact], query: Query, fields: Mapping[str, str]) -> list[str]:
    """Give the ids of the matching contacts in the order asked for; those without a value first."""
    field = lookup(query.sort, fields)
    matches = query.matches or (lambda _: True)
    found = []
    for contact in contacts:
        if matches(contact):
            values = [] if field is None else [*field.read(contact)]
            found.append(
                (
                    [(isinstance(one, str), one) for one in values],
                    contact["createdDate"],
                    contact["id"],
                )
            )
    found.sort(reverse=query.descending)
    return [contact_id for _, _, contact_id in found]


def _sort(
    value: Json, fields: Mapping[str, str], settings: Settings, path: str
) -> tuple[str, bool]:
    entries = value if isinstance(value, list) else [value]
    if len(entries) > 1:
        raise invalid(path, "has more than 1 entry", "MAX_SIZE", threshold=1)
    if not entries or entries[0] is None:
        return "createdDate", settings.default_order == "DESC"
    if not isinstance(entries[0], dict):
        raise invalid(path, "is not an object", "TYPE", type="OBJECT")
    name, order = entries[0].get("fieldName"), entries[0].get("order")
    if not isinstance(name, str):
        raise invalid(f"{path}.fieldName", "is not a string", "TYPE", type="STRING")
    if order not in (None, "ASC", "DESC"):
        raise invalid(
            f"{path}.order", "is not one of the allowed values", "ENUM", values=["ASC", "DESC"]
        )
    field = lookup(name, fields)
    if field is None or not field.sortable:
        raise application(
            400, "UNSUPPORTED_SORT_FIELD", f"Contacts cannot be sorted by {name[:80]}."
        )
    return name, order == "DESC"


def _search(value: Json) -> Predicate | None:
    if value in (None, ""):
        return None
    if not isinstance(value, str):
        raise invalid("search", "is not a string", "TYPE", type="STRING")
    if len(value) > _MAX_SEARCH:
        raise invalid(
            "search", f"has more than {_MAX_SEARCH} characters", "MAX_LENGTH", threshold=_MAX_SEARCH
        )
    readers = [FIELDS[name].read for name in _SEARCHED]
    return lambda contact: any(value in read(contact) for read in readers)


_SEARCHED: Final = (
    "info.name.first",
    "info.name.last",
    "info.emails.email",
    "info.phones.phone",
    "info.phones.e164Phone",
)


def _integer(value: Json, path: str, default: int) -> int:
    if value is None:
        return default
    number = whole(value)
    if number is None:
        raise invalid(path, "is not an integer", "TYPE", type="INTEGER")
    return number


def _names(value: Json, path: str, known: Iterable[str], most: int) -> list[str]:
    names = [] if value is None else value
    if not isinstance(names, list):
        raise invalid(path, "is not a list", "TYPE", type="ARRAY")
    if len(names) > most:
        raise invalid(path, f"has more than {most} entries", "MAX_SIZE", threshold=most)
    if any(not isinstance(name, str) or name not in known for name in names):
        raise invalid(path, "has an unknown entry", "ENUM", values=sorted(known))
    return names
