"""Others: what people beside the caller do to a contact. Reads and writes the store.

A colleague edits a contact in the dashboard; a member changes their login e-mail, which the
contact follows. Neither is an operation of the Contacts API: tests and faults make them happen.
"""

from __future__ import annotations

from contacttools.sandbox.operations.desk import Desk
from contacttools.sandbox.problems import Json
from contacttools.sandbox.rules import checks, contact
from contacttools.sandbox.rules.amend import Entry


def members(desk: Desk) -> dict[str, str]:
    """Give the contact of each member, by member id; the two ids are never the same."""
    return desk.store.members()


def edit(desk: Desk, contact_id: str) -> None:
    """Let a colleague edit a contact: its job title counts how often. No contact, no edit."""
    with desk.store.write() as change:
        before = change.read(contact_id)
        if before is not None:
            title = f"edited by a colleague at revision {before.contact['revision']}"
            after = contact.changed(before, {"jobTitle": title}, desk.context(contact.APP_ID))
            change.replace(before, after)


def change_login_email(desk: Desk, member_id: str, email: str) -> dict[str, Json]:
    """Let a member log in with another e-mail; it becomes the primary one of their contact.

    Parameters
    ----------
    desk
        The site.
    member_id
        The member's id, not the contact's.
    email
        The new e-mail.

    Returns
    -------
    dict
        The contact, one revision on.

    Raises
    ------
    LookupError
        If there is no such member.
    Problem
        400, if the e-mail is none.
    """
    contact_id = members(desk).get(member_id)
    if contact_id is None:
        message = f"there is no member {member_id}; a contact's id is not a member's"
        raise LookupError(message)
    with desk.store.write() as change:
        before = change.read(contact_id)
        assert before is not None  # noqa: S101 - one writer: the contact named is still there
        sent = {"emails": {"items": _with_login(before, email)}}
        checks.info(sent)
        after = contact.changed(before, sent, desk.context(contact.APP_ID))
        change.replace(before, after)
        return after.contact


def _with_login(entry: Entry, email: str) -> list[dict[str, Json]]:
    """Give the e-mails of a contact with another primary one in the place of the one before."""
    items = entry.contact["info"].get("emails", {}).get("items", [])
    same = [item for item in items if item["email"].lower() == email.lower()]
    login = {**(same[0] if same else {}), "email": email, "primary": True}
    others = [item for item in items if not item["primary"] and item not in same]
    return [login, *({**item, "primary": False} for item in others)]
