"""Definitions: what a list or a query of labels, or of extended fields, asks for.

Pure: a request becomes a `Choice`, or a problem.

A list is asked for in the query string and has no codes of its own; a query is asked for in the
body and has the codes of filters and sorts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
_LISTED: Final = {"label": (1000, 2000), "field": (100, 1000)}
_LIST_SORTS: Final = frozenset({"key", "displayName", "createdDate", "updatedDate"})
_ORDERS: Final = (None, "ASC", "DESC")


@dataclass(frozen=True, slots=True)
class Choice:
    """Which definitions are asked for.

    Attributes
    ----------
    matches
        Tells whether a definition is asked for.
    sort
        The member to sort by; definitions without a difference there follow in the order of keys.
    descending
        Whether the largest value comes first.
    page
        Which part of the sorted list.
    """

    matches: Predicate
    sort: str
    descending: bool
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
    default, largest = _LISTED[kind]
    return Choice(
        lambda one: (
            wanted in {None, one[type_name]}
            and namespace in {None, one["namespace"]}
            and one["displayName"].startswith(start)
        ),
        by,
        order == "DESC",
        query.page(
            parameters.get("paging", {}), path="paging", default=default, most=largest, code=None
        ),
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
    sort, descending = _sort(asked.get("sort"), kind)
    return Choice(
        filters.compiled({} if clause is None else clause, TABLES[kind]),
        sort,
        descending,
        query.page(member(asked, "paging", "query.") or {}, code=None),
    )


def chosen(definitions: Iterable[Definition], choice: Choice) -> list[Definition]:
    """Give all definitions that match, in the order asked for."""
    found = [one for one in definitions if choice.matches(one)]
    found.sort(key=lambda one: (one[choice.sort], one["key"]), reverse=choice.descending)
    return found


def _sort(value: Json, kind: Kind) -> tuple[str, bool]:
    entries = value if isinstance(value, list) else [value]
    if not entries or entries[0] is None:
        return "displayName", False
    if len(entries) > 1 or not isinstance(entries[0], dict):
        raise _invalid_sort("A sort is one object.")
    name, order = entries[0].get("fieldName"), entries[0].get("order")
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
