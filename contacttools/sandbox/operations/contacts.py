"""Contacts: get, list, query, create and update, one function an operation.

Reads and writes the store, and asks the rules; knows nothing of HTTP. Each operation takes a call
and gives the JSON text of the answer, or raises the problem to answer with.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from contacttools.sandbox import door
from contacttools.sandbox.asking import query
from contacttools.sandbox.asking.query import Page, Query
from contacttools.sandbox.operations.desk import Call, Desk
from contacttools.sandbox.operations.parameters import projection, structured
from contacttools.sandbox.problems import Json, Problem, id_taken, not_found
from contacttools.sandbox.rules import checks, contact, duplicates
from contacttools.sandbox.rules.amend import Entry
from contacttools.sandbox.store import Change, dumps


def get(desk: Desk, call: Call) -> str:
    """Get Contact; the one operation that knows the id of a contact that was merged away."""
    contact_id = call.path["id"]
    wanted = query.members(*projection(call))
    text, kind = desk.store.text(contact_id, stale=call.stale), "REGULAR"
    if text is None and (target := desk.store.merged_into(contact_id)) is not None:
        text, kind = desk.store.text(target), "MERGED"
    if text is None:
        raise not_found(contact_id)
    return f'{{"contact":{_cut(text, wanted)},"responseType":"{kind}"}}'


def list_(desk: Desk, call: Call) -> str:
    """List Contacts: a query without a filter, asked for in the query string."""
    fields, fieldsets = projection(call)
    asked = {**structured(call), "fields": fields, "fieldsets": fieldsets}
    return _answer(desk, {"query": asked}, stale=call.stale, path="")


def query_(desk: Desk, call: Call) -> str:
    """Query Contacts."""
    return _answer(desk, call.body, stale=call.stale)


def create(desk: Desk, call: Call) -> str:
    """Create Contact."""
    sent, allowed = door.member(call.body, "info"), door.flag(call.body, "allowDuplicates")
    checks.info(sent or {})
    with desk.store.write() as change:
        entry = contact.create(sent, desk.context(call.caller.app_id))
        if change.read(entry.contact["id"]) is not None:
            raise id_taken()
        refused = None if allowed else _duplicate(desk, change, sent or {}, entry)
        if refused is not None and not desk.settings.create_despite_duplicate:
            raise refused
        text = change.create(entry)
    if refused is not None:
        raise refused
    return f'{{"contact":{text}}}'


def update(desk: Desk, call: Call) -> str:
    """Update Contact."""
    sent, allowed = door.member(call.body, "info"), door.flag(call.body, "allowDuplicates")
    revision = checks.revision(call.body, required=desk.settings.revision_required)
    checks.info(sent or {})
    with desk.store.write() as change:
        before = existing(change, call.path["id"])
        after = contact.update(before, sent, revision, desk.context(call.caller.app_id))
        refused = None if allowed else _duplicate(desk, change, sent or {}, after)
        if refused is not None:
            raise refused
        return f'{{"contact":{change.replace(before, after)}}}'


def existing(change: Change, contact_id: str) -> Entry:
    """Give a contact that an operation is about.

    Raises
    ------
    Problem
        404, if there is none.
    """
    entry = change.read(contact_id)
    if entry is None:
        raise not_found(contact_id)
    return entry


def matching(desk: Desk, asked: Query, *, stale: bool = False) -> list[str]:
    """Give the ids of all contacts that a query means, in its order."""
    key = (desk.store.version, asked.key, stale)
    last, ids = desk.last_search
    if key != last:
        fields = desk.store.field_types()
        texts = (
            desk.store.all_texts(stale=stale)
            if asked.ids is None
            else desk.store.texts(list(dict.fromkeys(asked.ids)), stale=stale)
        )
        ids = query.arranged((json.loads(text) for text in texts), asked, fields)
        desk.last_search = key, ids
    return ids


def metadata(page: Page, count: int, total: int) -> dict[str, Json]:
    """Write the ``pagingMetadata`` of a page."""
    return {"count": count, "offset": page.offset, "total": total, "tooManyToCount": False}


def _answer(desk: Desk, body: Mapping[str, Json], *, stale: bool, path: str = "query.") -> str:
    asked = query.read(body, desk.store.field_types(), desk.settings, path=path)
    page = asked.page
    if asked.matches is None and asked.sort == "createdDate" and not stale:
        texts = desk.store.page(page, descending=asked.descending)
        total = len(desk.store)
    else:
        ids = matching(desk, asked, stale=stale)
        some = ids[page.offset : page.offset + page.limit]
        texts, total = desk.store.texts(some, stale=stale), len(ids)
    contacts = ",".join(_cut(text, asked.members) for text in texts)
    return (
        f'{{"contacts":[{contacts}],"pagingMetadata":{dumps(metadata(page, len(texts), total))}}}'
    )


def _duplicate(
    desk: Desk, change: Change, sent: Mapping[str, Json], entry: Entry
) -> Problem | None:
    claims = duplicates.claims(sent, entry.contact, desk.settings)
    found = change.holder(claims, besides=entry.contact["id"])
    if found is None:
        return None
    claim, holder = found
    return claim.refused(holder)


def _cut(text: str, wanted: frozenset[str] | None) -> str:
    return text if wanted is None else dumps(query.shown(json.loads(text), wanted))
