"""Facets: the two operations that tell how a contact list divides. They only read the store.

`language` is accepted and makes no difference: a sandbox has one.
"""

from __future__ import annotations

import json

from contacttools.sandbox import door
from contacttools.sandbox.asking import facets, query
from contacttools.sandbox.operations.contacts import metadata
from contacttools.sandbox.operations.desk import Call, Desk
from contacttools.sandbox.operations.parameters import structured
from contacttools.sandbox.problems import Json
from contacttools.sandbox.store import dumps

_LIMIT = 1000


def list_(desk: Desk, call: Call) -> str:
    """List Facets."""
    return _answer(desk, call, structured(call).get("paging", {}), None)


def query_(desk: Desk, call: Call) -> str:
    """Query Facets: the filter may name three fields, and decides which contacts are counted."""
    return _answer(desk, call, door.member(call.body, "paging") or {}, call.body.get("filter"))


def _answer(desk: Desk, call: Call, paging: dict[str, Json], clause: Json) -> str:
    page = query.page(paging, path="paging", default=_LIMIT, most=_LIMIT, code=None)
    contacts = (json.loads(text) for text in desk.store.all_texts(stale=call.stale))
    found = facets.facets(contacts, desk.store.definitions("label").values(), clause)
    some = found[page.offset : page.offset + page.limit]
    return dumps({"facets": some, "pagingMetadata": metadata(page, len(some), len(found))})
