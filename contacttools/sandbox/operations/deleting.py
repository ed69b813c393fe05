"""Deleting: the end of a contact, and what stands in its way. Reads and writes the store."""

from __future__ import annotations

from contacttools.sandbox.operations.contacts import existing
from contacttools.sandbox.operations.desk import Call, Desk, now
from contacttools.sandbox.rules import deleting


def delete(desk: Desk, call: Call) -> str:
    """Delete Contact."""
    with desk.store.write() as change:
        if desk.settings.unknown_delete_status == 200 and change.read(call.path["id"]) is None:
            return "{}"
        entry = existing(change, call.path["id"])
        if (problem := deleting.refusal(entry)) is not None:
            raise problem
        change.remove(entry, now())
    return "{}"


def forbid(desk: Desk, contact_id: str, code: str | None) -> None:
    """Let deleting a contact be answered with a code; no operation of the API does this.

    Parameters
    ----------
    desk
        The site.
    contact_id
        Which contact.
    code
        One of `deleting.REFUSALS`; None lifts it again.

    Raises
    ------
    LookupError
        If there is no such contact.
    ValueError
        If no deletion is answered so.
    """
    with desk.store.write() as change:
        entry = change.read(contact_id)
        if entry is None:
            message = f"there is no contact {contact_id}"
            raise LookupError(message)
        change.keep(deleting.forbidden(entry, code))
