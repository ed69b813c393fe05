"""Rebasing: carry a planned change onto a newer state of its contact, or say what clashes. Pure.

It is done without asking anybody, so it is done only where the preview stays true: the same
edits, to the same things, of what is by all signs the same person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import replace
from typing import Literal

from contacttools.committing.report import Difference
from contacttools.contact import fields, merge, wire
from contacttools.contact.fields import Json
from contacttools.contact.merge import Clash
from contacttools.planning.change import Change, Edit

Mode = Literal["disjoint", "strict", "ask"]


def carry(change: Change, contact: Json) -> Change | tuple[Difference, ...]:
    """Return a change as it is to be written to a newer state of its contact.

    Parameters
    ----------
    change : Change
    contact : dict
        The same contact, at a later revision.

    Returns
    -------
    Change or tuple of Difference
        The change at that revision, without the edits that somebody else has made as well; or
        what a person has to decide: what was planned, and what they did.
    """
    theirs = wire.values(contact)
    if _who(change.base) != _who(theirs):  # it may be somebody else by now
        return tuple(_difference(edit, theirs) for edit in change.edits)
    carried: list[Edit] = []
    clashes: list[Difference] = []
    for edit in change.edits:
        held = theirs.get(edit.field)
        if merge.done(edit.field, edit.before, edit.after, held):
            continue  # they have made the very same edit
        merged = merge.carried(edit.field, change.base, edit.after, theirs)
        after = merged if isinstance(merged, Clash) else merge.settle(edit.field, held, merged)
        if isinstance(after, Clash) or not _as_shown(edit, held, after):
            clashes.append(_difference(edit, theirs))
        else:
            carried.append(replace(edit, before=held, after=after))
    if clashes:
        return tuple(clashes)
    return replace(change, revision=int(contact["revision"]), edits=tuple(carried), base=theirs)


def differences(change: Change, contact: Json) -> tuple[Difference, ...]:
    """Return the planned fields that somebody else changed as well, three ways."""
    theirs = wire.values(contact)
    return tuple(
        _difference(edit, theirs)
        for edit in change.edits
        if not merge.stored_as(edit.field, edit.before, theirs.get(edit.field))
    )


def _difference(edit: Edit, theirs: wire.Values) -> Difference:
    return Difference(edit.field, edit.before, edit.after, theirs.get(edit.field))


def _who(values: wire.Values) -> str:
    """Return what a contact is written to by: another one may mean another person."""
    item = merge.primary(values.get("emails")) or {}
    return merge.canonical_email(str(item.get("email") or ""))


def _as_shown(edit: Edit, held: Json, after: Json) -> bool:
    """Say whether an edit still does something, and nothing but what the preview showed."""
    name, wanted = edit.field, _effects(edit.field, edit.before, edit.after)
    effects = _effects(name, held, after)
    if wanted:
        return bool(effects) and effects <= wanted and _nothing_missing(edit, wanted, after)
    # What is only spelled otherwise does nothing to what is stored: as it is written, it does.
    exact = _effects(name, held, after, exact=True)
    return (
        not effects and bool(exact) and exact <= _effects(name, edit.before, edit.after, exact=True)
    )


def _nothing_missing(edit: Edit, wanted: Counter[Hashable], after: Json) -> bool:
    """Say whether what an edit no longer does is there without it: others have done it."""
    if edit.field not in fields.LISTS:
        return True
    now, then = (merge.stored_items(edit.field, items) for items in (after, edit.after))
    for effect in wanted:
        match effect:
            case ("gone", item) if now[item] > then[item]:
                return False
            case ("new", item) if now[item] < then[item]:
                return False
            case _:
                pass
    return True


def _effects(name: str, before: Json, after: Json, *, exact: bool = False) -> Counter[Hashable]:
    """Return what an edit does, as stored or exactly as written; ids and order say nothing."""
    if name in fields.LISTS:
        was, now = (merge.stored_items(name, items, exact=exact) for items in (before, after))
        effects: Counter[Hashable] = Counter(("gone", item) for item in (was - now).elements())
        effects.update(("new", item) for item in (now - was).elements())
        chosen = [merge.stored_primary(name, items) for items in (before, after)]
        if chosen[0] != chosen[1]:
            effects["primary", *chosen] += 1
        return effects
    if name == fields.LABELS.name:
        old, new = set(before or ()), set(after or ())
        return Counter(
            {("gone", key): 1 for key in old - new} | {("new", key): 1 for key in new - old}
        )
    return Counter([("set", merge.hashable(after))])
