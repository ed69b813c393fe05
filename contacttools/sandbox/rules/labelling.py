"""Labelling: what adding and removing labels makes of a contact. Pure: entries in and out.

Adding a label that is there, and removing one that is not, changes nothing; a contact that is not
changed keeps its revision.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Final

from contacttools.sandbox.problems import invalid
from contacttools.sandbox.rules.amend import Context, Entry
from contacttools.sandbox.rules.checks import WRITABLE
from contacttools.sandbox.rules.definitions import unknown_label

_MOST: Final = 2000


def require_defined(keys: Iterable[str], path: str, context: Context) -> None:
    """Refuse labels that the site does not have.

    Raises
    ------
    Problem
        400, naming the path under which they were sent; 404 by setting.
    """
    for key in keys:
        if key not in context.labels:
            raise unknown_label(key, path, context.settings)


def relabelled(
    entry: Entry, *, add: Iterable[str] = (), remove: Collection[str] = (), context: Context
) -> Entry:
    """Add labels to a contact, then remove some.

    Parameters
    ----------
    entry
        The contact as it is.
    add, remove
        Keys of labels that the site has.
    context
        The time, and how open points are read.

    Returns
    -------
    Entry
        The contact one revision on, or the very same entry if nothing changed.

    Raises
    ------
    Problem
        400, if it would have more labels than a contact can.
    """
    old = entry.contact
    before = old["info"].get("labelKeys", {}).get("items", [])
    after = [key for key in dict.fromkeys([*before, *add]) if key not in remove]
    if after == before:
        return entry
    if len(after) > _MOST:
        raise invalid("labelKeys", f"makes more than {_MOST} labels", "MAX_SIZE", threshold=_MOST)
    info = {**old["info"], "labelKeys": {"items": after}}
    if not after:
        del info["labelKeys"]
    return replace(
        entry,
        contact={
            **old,
            "revision": old["revision"] + context.settings.count_labelling,
            "updatedDate": context.now,
            "info": {name: info[name] for name in WRITABLE if name in info},
        },
    )
