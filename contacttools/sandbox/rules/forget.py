"""Forget: a contact without a label or an extended field that its site has no longer.

Pure: a contact in, its next state out.
"""

from __future__ import annotations

from contacttools.sandbox.problems import Json
from contacttools.sandbox.rules.amend import Context, Entry
from contacttools.sandbox.rules.definitions import Kind


def without(entry: Entry, kind: Kind, key: str, context: Context) -> Entry:
    """Make the next state of a contact after a definition was deleted.

    Parameters
    ----------
    entry
        The contact as it is.
    kind, key
        What was deleted.
    context
        Time and settings.

    Returns
    -------
    Entry
        One revision on, unless a setting says otherwise; the very same entry, if the contact has
        nothing to lose.
    """
    member = "labelKeys" if kind == "label" else "extendedFields"
    info = entry.contact["info"]
    items = info.get(member, {}).get("items", ())
    if key not in items:
        return entry
    kept: Json
    if isinstance(items, dict):
        kept = {name: value for name, value in items.items() if name != key}
    else:
        kept = [one for one in items if one != key]
    new = {**info, member: {"items": kept}}
    if not kept:
        del new[member]
    contact = {**entry.contact, "info": new}
    if context.settings.count_forgetting:
        contact |= {"revision": contact["revision"] + 1, "updatedDate": context.now}
    return Entry(contact, entry.private)
