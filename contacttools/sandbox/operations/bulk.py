"""Bulk: many contacts changed by one request, and the jobs that do it.

Reads and writes the store, and wakes the worker; knows nothing of HTTP.

Whom a job is about is settled when it is accepted. It is then carried out a few contacts at a time:
their changes, the job's count of them and what it has left are one change of the store, so a job
that was cut off goes on where it was, and no contact is changed twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from contacttools.sandbox import door
from contacttools.sandbox.asking import query
from contacttools.sandbox.operations.contacts import existing, matching
from contacttools.sandbox.operations.desk import Call, Desk, now
from contacttools.sandbox.problems import Json, Problem, application, invalid
from contacttools.sandbox.rules import checks, contact, deleting, jobs, labelling
from contacttools.sandbox.rules.amend import Context, Entry, amend
from contacttools.sandbox.rules.checks import WRITABLE
from contacttools.sandbox.store import Change, dumps

_AT_ONCE: Final = 20
_MOST_KEYS: Final = 100
_MOST_JOBS: Final = 100


def update(desk: Desk, call: Call) -> str:
    """Bulk Update Contacts; no code of its own says so, but a filter or a search must be sent."""
    sent = door.member(call.body, "info") or {}
    checks.info(sent)
    if not any(name in sent for name in WRITABLE):
        raise invalid("info", "must be given", "REQUIRED")
    # Refuses at once what is wrong whoever the contact is.
    amend({}, sent, replace(desk.context(call.caller.app_id), new_id=str))
    if not _selects(call.body):
        raise invalid("filter", "must be given, or search", "REQUIRED")
    return _accept(desk, call, "UPDATE", {"info": sent})


def delete(desk: Desk, call: Call) -> str:
    """Bulk Delete Contacts."""
    _require_selection(call.body)
    return _accept(desk, call, "DELETE", {})


def relabel(desk: Desk, call: Call) -> str:
    """Bulk Label And Unlabel Contacts; a key that is sent to be added and removed is removed."""
    paths = {"add": "labelKeysToAdd", "remove": "labelKeysToRemove"}
    keys = {
        what: checks.texts(call.body.get(path), path, least=0, most=_MOST_KEYS)
        for what, path in paths.items()
    }
    _require_selection(call.body)
    if not any(keys.values()):
        raise invalid("labelKeysToAdd", "must be given, or labelKeysToRemove", "REQUIRED")
    context = desk.context(call.caller.app_id)
    for what, path in paths.items():
        labelling.require_defined(keys[what], path, context)
    kind = "_".join(what.upper() for what in keys if keys[what])
    return _accept(desk, call, f"{kind}_LABELS", keys)


def get_job(desk: Desk, call: Call) -> str:
    """Get Bulk Job."""
    job_id = call.path["id"]
    job = desk.store.job(job_id)
    if job is None:
        raise application(404, "NOT_FOUND", f"Job {job_id} was not found.")
    return dumps({"job": jobs.shown(job, desk.settings)})


def list_jobs(desk: Desk, _: Call) -> str:
    """List Bulk Jobs, the latest first."""
    found = desk.store.jobs(_MOST_JOBS)
    return dumps({"jobs": [jobs.shown(job, desk.settings) for job in found]})


def step(desk: Desk) -> bool:
    """Carry the oldest open job out on its next contacts; false if all jobs are at their end."""
    found = desk.store.open_job()
    if found is None:
        return False
    job, task = found
    with desk.store.write() as change:
        context = desk.context(task["appId"])
        job = jobs.begun(job, context.now)
        contact_ids = change.take(job["id"], _AT_ONCE)
        for contact_id in contact_ids:
            try:
                _TASKS[job["type"]](change, existing(change, contact_id), task, context)
            except Problem as problem:
                job = jobs.failed(job, problem)
            else:
                job = jobs.succeeded(job)
        finished = len(contact_ids) < _AT_ONCE
        change.progress(jobs.finished(job, now()) if finished else job, finished=finished)
    return True


def _selects(body: Mapping[str, Json]) -> bool:
    """Tell whether a request says whom it is about; an empty filter does: everybody."""
    return body.get("filter") is not None or body.get("search") not in (None, "")


def _require_selection(body: Mapping[str, Json]) -> None:
    if not _selects(body):
        raise application(
            400, "NEITHER_FILTER_NOR_SEARCH", "A filter or a search must say whom this is about."
        )


def _accept(desk: Desk, call: Call, kind: str, task: Mapping[str, Json]) -> str:
    asked = query.read(
        {"query": {"filter": call.body.get("filter")}, "search": call.body.get("search")},
        desk.store.field_types(),
        desk.settings,
    )
    with desk.store.write() as change:
        contact_ids = matching(desk, asked)
        job = jobs.accepted(desk.new_id(), kind, len(contact_ids))
        change.accept(job, {**task, "appId": call.caller.app_id}, contact_ids)
    desk.jobs.wake()
    return dumps({"jobId": job["id"]})


def _update(change: Change, before: Entry, task: Mapping[str, Json], context: Context) -> None:
    after = contact.update(before, task["info"], before.contact["revision"], context)
    # Unlike an update of one contact, this one leaves alone whom it would not change.
    if after.contact["info"] != before.contact["info"]:
        change.replace(before, after)


def _delete(change: Change, entry: Entry, _: Mapping[str, Json], context: Context) -> None:
    if (problem := deleting.refusal(entry)) is not None:
        raise problem
    change.remove(entry, context.now)


def _relabel(change: Change, before: Entry, task: Mapping[str, Json], context: Context) -> None:
    # A label that was there when the job was accepted may be gone by now.
    labelling.require_defined(task["add"], "labelKeysToAdd", context)
    after = labelling.relabelled(before, add=task["add"], remove=task["remove"], context=context)
    change.replace(before, after)


_TASKS: Final[Mapping[str, Callable[[Change, Entry, Mapping[str, Json], Context], None]]] = {
    "UPDATE": _update,
    "DELETE": _delete,
    "ADD_LABELS": _relabel,
    "REMOVE_LABELS": _relabel,
    "ADD_REMOVE_LABELS": _relabel,
}
