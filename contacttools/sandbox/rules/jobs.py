"""Jobs: what a bulk job tells about itself, from its acceptance to its end.

Pure: JSON values in and out.
"""

from __future__ import annotations

from typing import Final

from contacttools.sandbox.problems import Json, Problem
from contacttools.sandbox.settings import Settings

Job = dict[str, Json]

# A job that deletes has codes of its own for what Delete Contact answers otherwise.
_DELETE_CODES: Final = {
    "CANNOT_DELETE_MEMBER": "CANNOT_DELETE_SITE_MEMBERS",
    "CONTACT_NOT_FOUND": "FAILED_DELETE_CONTACT",
}


def accepted(job_id: str, kind: str, total: int) -> Job:
    """Make a job that has not begun.

    Parameters
    ----------
    job_id
        Its id.
    kind
        ``UPDATE``, ``DELETE``, ``ADD_LABELS``, ``REMOVE_LABELS`` or ``ADD_REMOVE_LABELS``.
    total
        How many contacts it is about.
    """
    return {
        "id": job_id,
        "type": kind,
        "status": "NEW",
        "totalItems": total,
        "successTotal": 0,
        "failedTotal": 0,
        "errors": [],
    }


def begun(job: Job, now: str) -> Job:
    """Let a job have begun, if it has not."""
    return job if "startedDate" in job else {**job, "status": "RUNNING", "startedDate": now}


def finished(job: Job, now: str) -> Job:
    """Let a job be at its end."""
    return {**job, "status": "COMPLETED", "finishedDate": now}


def succeeded(job: Job) -> Job:
    """Count a contact that the job was carried out on."""
    return {**job, "successTotal": job["successTotal"] + 1}


def failed(job: Job, problem: Problem) -> Job:
    """Count a contact that the job could not be carried out on; each code is listed once.

    Parameters
    ----------
    job
        The job.
    problem
        What would have answered a request about this one contact.
    """
    error = problem.body["details"].get("applicationError", {})
    code = error.get("code", "INVALID_ARGUMENT")
    if job["type"] == "DELETE":
        code = _DELETE_CODES.get(code, code)
    found = {one["code"]: one for one in job["errors"]}
    known = found.get(code, {"count": 0, "code": code, "message": problem.body["message"]})
    found[code] = {**known, "count": known["count"] + 1}
    return {**job, "failedTotal": job["failedTotal"] + 1, "errors": [*found.values()]}


def shown(job: Job, settings: Settings) -> Job:
    """Give a job as answers show it."""
    names = _SAMPLES if settings.job_counters == "samples" else {}
    return {names.get(key, key): job[key] for key in _ORDER if key in job}


_ORDER: Final = (
    "id",
    "type",
    "status",
    "startedDate",
    "finishedDate",
    "totalItems",
    "successTotal",
    "failedTotal",
    "errors",
)
_SAMPLES: Final = {"successTotal": "processedCount", "failedTotal": "failedCount"}
