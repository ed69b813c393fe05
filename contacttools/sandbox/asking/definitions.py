"""Definitions: what a list or a query of labels, or of extended fields, asks for.

Pure: a request becomes a `Choice`, or a problem.

A list is asked for in the query string and has no codes of its own; a query is asked for in the
body and has the codes of filters and sorts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final, TypeAlias

from contacttools.sandbox.asking import filters, query
from contacttools.sandbox.asking.fields import (
    COMPARED,
    EXACT,
    Field,
    Table,
    at,
    moment,
)
from contacttools.sandbox.asking.filters import Predicate
from contacttools.sandbox.asking.query import Page
from contacttools.sandbox.door import member
from contacttools.sandbox.problems import Json, application, invalid
from contacttools.sandbox.rules.definitions import Kind

Definition: TypeAlias = Mapping[str, Json]

_NAMESPACE: Final = (3, 25)
_PAGES: Final = {
    "label": (1000, 2000),
    "field": (100, 1000),
}  # entries of a page: unless told, most
_MOST_SORTS: Final = {"label": 100, "field": 1}
_LIST_SORTS: Final = frozenset({"key", "displayName", "createdDate", "updatedDate"})
_ORDERS: Final = (None, "ASC", "DESC")


@dataclass(frozen=True, slots=True)
class Choice:
    """Which definitions are asked for.

    Attributes
    ----------
    matches
        Tells whether a definition is asked for.
    sorts
        The members to sort by, and of each whether the largest value comes first; definitions
        without a difference there follow in the order of keys.
    page
        Which part of the sorted list.
    """

    matches: Predicate
    sorts: Sequence[tuple[str, bool]]
    page: Page


def listed(parameters: Mapping[str, Json], kind: Kind) -> Choice:
    """Read the query string of List Labels or List Extended Fields.

    Raises
    ------
    Problem
        400, naming the violated parameter.
    """
    type_name = f"{kind}Type"
    sort = parameters.get("sort", {})
    by, order = sort.get("fieldName", "displayName"), sort.get("order")
    if by not in _LIST_SORTS:
        raise invalid(
            "sort.fieldName", "is not a field to sort by", "ENUM", values=sorted(_LIST_SORTS)
        )
    if order not in _ORDERS:
        raise invalid(
            "sort.order", "is not one of the allowed values", "ENUM", values=["ASC", "DESC"]
        )
    wanted = parameters.get(type_name)
    if wanted is not None and wanted not in TYPES[kind]:
        raise invalid(
            type_name, "is not one of the allowed values", "ENUM", values=sorted(TYPES[kind])
        )
    namespace = parameters.get("namespace")
    least, most = _NAMESPACE
    if namespace is not None and not least <= len(namespace) <= most:
        raise invalid("namespace", f"does not have {least} to {most} characters", "LENGTH")
    start = parameters.get("startsWith", "")
    return Choice(
        lambda one: (
            wanted in {None, one[type_name]}
            and namespace in {None, one["namespace"]}
            and one["displayName"].startswith(start)
        ),
        [(by, order == "DESC")],
        _page(parameters.get("paging", {}), kind, "paging"),
    )


def queried(body: Mapping[str, Json], kind: Kind) -> Choice:
    """Read the body of Query Labels or Query Extended Fields.

    Raises
    ------
    Problem
        400, with one of the six codes of these queries or naming the violated field.
    """
    asked = member(body, "query") or {}
    clause = asked.get("filter")
    return Choice(
        filters.compiled({} if clause is None else clause, TABLES[kind]),
        _sorts(asked.get("sort"), kind),
        _page(member(asked, "paging", "query.") or {}, kind, "query.paging"),
    )


def chosen(definitions: Iterable[Definition], choice: Choice) -> list[Definition]:
    """Give all definitions that match, in the order asked for."""
    found = sorted(filter(choice.matches, definitions), key=itemgetter("key"))
    for name, descending in reversed(choice.sorts):
        found.sort(key=itemgetter(name), reverse=descending)
    return found


def _page(paging: Mapping[str, Json], kind: Kind, path: str) -> Page:
    default, most = _PAGES[kind]
    return query.page(paging, path=path, default=default, most=most, code=None)


def _sorts(value: Json, kind: Kind) -> list[tuple[str, bool]]:
    if value in (None, []):
        return [("displayName", False)]
    entries = value if isinstance(value, list) else [value]
    if len(entries) > _MOST_SORTS[kind]:
        raise _invalid_sort(f"There are more than {_MOST_SORTS[kind]} sorts.")
    return [_sort(entry, kind) for entry in entries]


def _sort(entry: Json, kind: Kind) -> tuple[str, bool]:
    if not isinstance(entry, dict):
        raise _invalid_sort("A sort is an object.")
    name, order = entry.get("fieldName"), entry.get("order")
    field = TABLES[kind].find(name) if isinstance(name, str) else None
    if field is None or not field.sortable:
        raise _invalid_sort("There is no such field to sort by.")
    if order not in _ORDERS:
        raise _invalid_sort("The order of a sort is ASC or DESC.")
    return name, order == "DESC"  # type: ignore[return-value]


def _invalid_sort(description: str) -> Exception:
    return application(400, "INVALID_SORT", description)


TYPES: Final[Mapping[Kind, frozenset[str]]] = {
    "label": frozenset({"SYSTEM", "USER_DEFINED", "WIX_APP_DEFINED"}),
    "field": frozenset({"SYSTEM", "USER_DEFINED"}),
}
"""The values of ``labelType`` and ``fieldType``."""

_EQUALITY: Final = frozenset({"$eq", "$ne"})

_BOTH: Final[Mapping[str, Field]] = {
    "key": Field(at("key"), EXACT),
    "displayName": Field(at("displayName"), EXACT | {"$startsWith"}, sortable=True),
    "createdDate": Field(moment("createdDate"), COMPARED, "instant", sortable=True),
    "updatedDate": Field(moment("updatedDate"), COMPARED, "instant", sortable=True),
    "namespace": Field(at("namespace"), _EQUALITY),
}
_LABELS: Final[Mapping[str, Field]] = {
    **_BOTH,
    "labelType": Field(at("labelType"), frozenset({"$eq"}), values=TYPES["label"]),
}
_FIELDS: Final[Mapping[str, Field]] = {
    **_BOTH,
    "fieldType": Field(at("fieldType"), frozenset({"$eq"}), values=TYPES["field"]),
    "dataType": Field(
        at("dataType"), _EQUALITY, values=frozenset({"TEXT", "NUMBER", "DATE", "URL"})
    ),
}


def _table(fields: Mapping[str, Field]) -> Table:
    return Table(fields.get, "UNSUPPORTED_FILTER_FIELD", "UNSUPPORTED_FILTER_VALUE")


TABLES: Final[Mapping[Kind, Table]] = {"label": _table(_LABELS), "field": _table(_FIELDS)}
"""What filters and sorts of each query may name."""
