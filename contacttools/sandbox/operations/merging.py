"""Merging: several contacts made one, or what that would look like. Reads and writes the store."""

from __future__ import annotations

from contacttools.sandbox.operations.contacts import existing
from contacttools.sandbox.operations.desk import Call, Desk
from contacttools.sandbox.rules import checks, merging
from contacttools.sandbox.rules.amend import Entry
from contacttools.sandbox.store import Change, dumps

_MOST = 5


def merge(desk: Desk, call: Call) -> str:
    """Merge Contacts."""
    revision = checks.revision(call.body, "targetContactRevision")
    with desk.store.write() as change:
        context = desk.context(call.caller.app_id)
        before, sources = _contacts(change, call)
        merging.require_mergeable(before, revision, sources)
        after = merging.merged(before, sources, context)
        _announce(change, after, sources)
        text = change.replace(before, after, origin="merge")
        for source in sources:
            change.lead(source.contact["id"], after.contact["id"])
            change.remove(source, context.now, origin="merge")
        return f'{{"contact":{text}}}'


def preview(desk: Desk, call: Call) -> str:
    """Preview Merge Contacts: the answer of a merge, and nothing stored."""
    context = desk.context(call.caller.app_id)
    with desk.store.write() as change:
        target, sources = _contacts(change, call)
    merging.require_mergeable(target, None, sources)
    return dumps({"contact": merging.merged(target, sources, context).contact})


def _contacts(change: Change, call: Call) -> tuple[Entry, list[Entry]]:
    target_id = call.path["id"]
    source_ids = checks.texts(
        call.body.get("sourceContactIds"), "sourceContactIds", least=1, most=_MOST
    )
    merging.require_distinct(target_id, source_ids)
    return existing(change, target_id), [existing(change, one) for one in source_ids]


def _announce(change: Change, after: Entry, sources: list[Entry]) -> None:
    contact = after.contact
    told = {
        "targetContactId": contact["id"],
        "sourceContactIds": [source.contact["id"] for source in sources],
        "targetContact": contact,
    }
    change.tell("merged", contact["id"], contact["updatedDate"], dumps(told))
