"""Deleting: whether a contact may be deleted, and what answers if it may not.

Pure: entries in, entries or problems out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from contacttools.sandbox.problems import Problem, application
from contacttools.sandbox.rules.amend import Entry

REFUSALS: Final[Mapping[str, tuple[int, str]]] = {
    "CANNOT_DELETE_MEMBER": (428, "The contact is a site member."),
    "CANNOT_DELETE_CONTACT_WITH_BILLING_SUBSCRIPTION": (
        428,
        "The contact has a valid billing subscription.",
    ),
    "CANNOT_DELETE_MEMBER_OWNER_OR_CONTRIBUTOR": (
        428,
        "The contact is an owner or a contributor of the site.",
    ),
    "FAILED_DELETE_CONTACT_AFTER_MEMBER_DELETION": (
        500,
        "The member was deleted, the contact was not.",
    ),
}
"""Status and description of every code that can answer Delete Contact."""


def refusal(entry: Entry) -> Problem | None:
    """Give what answers an attempt to delete a contact, None if it may be deleted."""
    linked = "CANNOT_DELETE_MEMBER" if entry.private.get("memberId") else None
    code = entry.private.get("deletion", linked)
    if code is None:
        return None
    status, description = REFUSALS[code]
    return application(status, code, description)


def forbidden(entry: Entry, code: str | None) -> Entry:
    """Let deleting a contact be answered with a code from now on; None lifts that again.

    Raises
    ------
    ValueError
        If no attempt to delete a contact is answered so.
    """
    if code is not None and code not in REFUSALS:
        message = f"no deletion is answered {code!r}; those known are {', '.join(REFUSALS)}"
        raise ValueError(message)
    private = {key: value for key, value in entry.private.items() if key != "deletion"}
    return replace(entry, private=private if code is None else {**private, "deletion": code})
