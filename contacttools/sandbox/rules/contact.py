"""Rules: what the service does when a contact is created or updated.

Pure: JSON values in and out; time and ids are passed in.

An update is checked in this order: the contact exists (404), its revision is the one sent (409),
the data rules (400), the member rule (428), duplicates (409); a setting lets the data come before
the revision. The first and the last need the other contacts and are asked by the operations; the
rest is here. A refused request has changed nothing, since nothing here changes its arguments.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from contacttools.sandbox.problems import Json, already_changed, application
from contacttools.sandbox.rules import derive, lists
from contacttools.sandbox.rules.amend import Context, Entry, amend
from contacttools.sandbox.rules.checks import WRITABLE
from contacttools.sandbox.settings import Settings

APP_ID: Final = "7f3a1c52-5f0e-4a8e-9d47-2b8c61d0e4aa"
"""The made-up app in whose name an API key creates contacts."""


def create(sent: Mapping[str, Json] | None, context: Context) -> Entry:
    """Make a new contact.

    Parameters
    ----------
    sent
        The `info` of the request; its types have been checked.
    context
        Time, ids, and what the site defines.

    Returns
    -------
    Entry
        The contact at its first revision.

    Raises
    ------
    Problem
        400 with one of the codes of Create Contact, or naming an unknown label.
    """
    info = amend({}, sent or {}, context)
    if context.settings.primary_first:
        for kind in ("emails", "phones"):
            if kind in info:
                info[kind] = {"items": lists.primary_first(info[kind]["items"])}
    require_data(info)
    contact = {
        "id": context.new_id(),
        "revision": context.settings.first_revision,
        "source": {"sourceType": "WIX_APP", "appId": context.app_id},
        "createdDate": context.now,
        "updatedDate": context.now,
        "lastActivity": {"activityDate": context.now, "activityType": "CONTACT_CREATED"},
        "info": info,
    }
    return complete(Entry(contact), {}, context.settings)


def update(entry: Entry, sent: Mapping[str, Json] | None, revision: int, context: Context) -> Entry:
    """Make the next state of a contact.

    Parameters
    ----------
    entry
        The contact as it is.
    sent
        The `info` of the request; its types have been checked.
    revision
        The revision that the caller has seen.
    context
        Time, ids, and what the site defines.

    Returns
    -------
    Entry
        The contact one revision on.

    Raises
    ------
    Problem
        409 for another revision, 400 by a data rule, 428 by the member rule; see the head of this
        file for the order.
    """
    old = entry.contact
    stale = revision != old["revision"]
    if stale and context.settings.revision_first:
        raise already_changed()
    if sent is None or not any(name in sent for name in WRITABLE):
        raise application(400, "INSUFFICIENT_UPDATE_CONTACT_DATA", "Nothing to update was given.")
    updated = changed(entry, sent, context)
    if stale:
        raise already_changed()
    _respect_member(entry, updated.contact)
    if not context.settings.count_empty_updates and updated.contact["info"] == old["info"]:
        return entry
    return updated


def changed(entry: Entry, sent: Mapping[str, Json], context: Context) -> Entry:
    """Make the next state of a contact, whoever changes it and whatever revision they have seen.

    Raises
    ------
    Problem
        400 by a data rule.
    """
    old = entry.contact
    info = amend(old["info"], sent, context)
    require_data(info)
    contact = {**old, "revision": old["revision"] + 1, "updatedDate": context.now, "info": info}
    if context.settings.activity_on_update:
        contact["lastActivity"] = {"activityDate": context.now, "activityType": "GENERAL"}
    return complete(Entry(contact, entry.private), old["info"], context.settings)


def require_data(info: Mapping[str, Json]) -> None:
    """Refuse a contact with neither name nor e-mail nor phone.

    Raises
    ------
    Problem
        400 `INSUFFICIENT_CONTACT_DATA`.
    """
    named = any(info.get("name", {}).values())
    if not (named or info.get("emails") or info.get("phones")):
        raise application(
            400, "INSUFFICIENT_CONTACT_DATA", "A contact needs a name, an email or a phone."
        )


def complete(entry: Entry, before: Mapping[str, Json], settings: Settings) -> Entry:
    """Bring all that the service derives across a contact up to date.

    Parameters
    ----------
    entry
        The contact with its new `info`.
    before
        The `info` it had; empty for a new contact.
    settings
        How open points are read.

    Returns
    -------
    Entry
        With display names, subscription fields and `primaryInfo` of the new state.
    """
    contact, info = dict(entry.contact), dict(entry.contact["info"])
    private, status = _subscription(entry, before)
    fields = dict(info.get("extendedFields", {}).get("items", {}))
    names = derive.display_names(info.get("name", {}))
    if info.get("name") != before.get("name"):
        fields.pop(derive.BY_FIRST, None)
        fields.pop(derive.BY_LAST, None)
        fields.update(names)
    for key in (derive.SUBSCRIPTION, derive.DELIVERABILITY, derive.EFFECTIVE):
        fields.pop(key, None)
    fields.update(status)
    if status and settings.effective_email:
        fields[derive.EFFECTIVE] = derive.primary_text(info, "emails")
    if settings.show_membership and private.get("memberId"):
        fields.setdefault(derive.MEMBERSHIP, "APPROVED")
    info.pop("extendedFields", None)
    if fields:
        info["extendedFields"] = {"items": fields}
    if settings.empty_wrappers:
        shown = {*info, "emails", "phones", "addresses"}
        info = {name: info.get(name, {}) for name in WRITABLE if name in shown}
    derived = {"primaryInfo": derive.primary_info(info)}
    derived |= derive.primary_objects(info) if settings.primary_objects else {}
    return Entry(_ordered({**contact, "info": info}, derived), private)


def _subscription(
    entry: Entry, before: Mapping[str, Json]
) -> tuple[dict[str, Json], dict[str, str]]:
    """Give the private state and the status of the primary e-mail; each address has its own."""
    info, old = entry.contact["info"], derive.primary_text(before, "emails")
    shown = info.get("extendedFields", {}).get("items", {})
    known: dict[str, Json] = dict(entry.private.get("subscriptions", {}))
    if old is not None:
        shown = before.get("extendedFields", {}).get("items", {})
    new = derive.primary_text(info, "emails")
    current = [
        shown.get(derive.DELIVERABILITY, "NOT_SET"),
        shown.get(derive.SUBSCRIPTION, "NOT_SET"),
    ]
    if old is not None and (new is None or new.lower() != old.lower()):
        known[old.lower()] = current
        current = ["NOT_SET", "NOT_SET"]
    private = {**entry.private, "subscriptions": known} if known else entry.private
    if new is None:
        return private, {}
    deliverability, subscription = known.pop(new.lower(), current)
    return private, {derive.DELIVERABILITY: deliverability, derive.SUBSCRIPTION: subscription}


def _respect_member(entry: Entry, contact: Mapping[str, Json]) -> None:
    was, is_now = (derive.primary_text(one["info"], "emails") for one in (entry.contact, contact))
    if entry.private.get("memberId") and was != is_now:
        raise application(
            428,
            "CANNOT_UPDATE_MEMBER_EMAIL",
            "The primary email of a site member cannot be updated here.",
        )


def _ordered(contact: Mapping[str, Json], derived: Mapping[str, Json]) -> dict[str, Json]:
    """Put the members of a contact in the order in which answers show them."""
    shown = {key: value for key, value in derived.items() if value}
    rest = {key: value for key, value in contact.items() if key not in _DERIVED and key != "info"}
    return {**rest, **shown, "info": contact["info"]}


_DERIVED: Final = frozenset({"primaryInfo", "primaryEmail", "primaryPhone"})
