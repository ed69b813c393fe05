"""Definitions: the operations on labels and extended fields.

Reads and writes the store, and asks the rules; knows nothing of HTTP.
"""

from __future__ import annotations

from contacttools.sandbox.asking import query
from contacttools.sandbox.asking.query import Page
from contacttools.sandbox.operations.contacts import metadata
from contacttools.sandbox.operations.desk import Call, Desk
from contacttools.sandbox.operations.parameters import structured
from contacttools.sandbox.problems import invalid
from contacttools.sandbox.store import dumps

_SORTS = frozenset({"key", "displayName", "createdDate", "updatedDate"})


def list_labels(desk: Desk, call: Call) -> str:
    """List Labels."""
    page = query.page(structured(call).get("paging", {}), path="paging", default=1000, most=2000)
    return _listed(desk, call, page, "label", "labelType")


def list_fields(desk: Desk, call: Call) -> str:
    """List Extended Fields."""
    page = query.page(structured(call).get("paging", {}), path="paging", default=100)
    return _listed(desk, call, page, "field", "fieldType")


def _listed(desk: Desk, call: Call, page: Page, kind: str, type_name: str) -> str:
    parameters = structured(call)
    sort = parameters.get("sort", {})
    by = sort.get("fieldName", "displayName")
    if by not in _SORTS:
        raise invalid("sort.fieldName", "is not a field to sort by", "ENUM", values=sorted(_SORTS))
    found = [
        one
        for one in desk.store.definitions(kind).values()
        if one[type_name] == parameters.get(type_name, one[type_name])
        and one["namespace"] == parameters.get("namespace", one["namespace"])
        and one["displayName"].startswith(parameters.get("startsWith", ""))
    ]
    found.sort(key=lambda one: (one[by], one["key"]), reverse=sort.get("order") == "DESC")
    some = found[page.offset : page.offset + page.limit]
    return dumps({f"{kind}s": some, "metadata": metadata(page, len(some), len(found))})
