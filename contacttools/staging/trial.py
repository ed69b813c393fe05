"""Trial: one change of many contacts, tried on a copy of the stage before it is staged. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from contacttools.contact.fields import Json
from contacttools.snapshot import frames
from contacttools.staging.stage import Stage, called

Effect = Literal["changes", "unchanged", "invalid", "collides"]
EFFECTS: tuple[Effect, ...] = ("changes", "unchanged", "invalid", "collides")

#: A change: given a stage and contact ids, it stages, and says per contact what was wrong.
Act = Callable[[Stage, list[str]], pd.DataFrame | None]

# Where a plan may refuse a contact for it: what another one has, or that too little is left of it.
_LOOKED_AT = {"email", "phone", "name.first", "name.last"}
_COLLIDES = "DUPLICATE"


@dataclass(frozen=True, slots=True)
class Tried:
    """What a change would do to one contact.

    Attributes
    ----------
    contact_id, name : str
    before, after : value
        Of the column, as it is staged now, and as it would be.
    effect : {"changes", "unchanged", "invalid", "collides"}
    why : str
        What is wrong, or what is to be known; else empty.
    """

    contact_id: str
    name: str
    before: Json
    after: Json
    effect: Effect
    why: str

    @property
    def possible(self) -> bool:
        """Whether it can be staged: also what a plan refuses as long as another one has it."""
        return self.effect in ("changes", "collides")


def trial(stage: Stage, act: Act, column: str, contact_ids: Iterable[str]) -> list[Tried]:
    """Return what a change would do to each contact, in the order given.

    Nothing is staged. What `act` raises is passed on.
    """
    ids = list(contact_ids)
    read = frames.wide_columns(stage.contacts.extended)[column].read
    scratch = stage.copy()
    findings = act(scratch, ids)
    wrong = _refused(findings)
    planned = _unplanned(scratch, set(ids)) if column in _LOOKED_AT else {}
    tried = []
    for contact_id in ids:
        document = stage.document(contact_id)
        before, after = read(document), read(scratch.document(contact_id))
        effect: Effect = "changes"
        why = ""
        if contact_id in wrong:
            effect, why = "invalid", wrong[contact_id].removeprefix(f"contact {contact_id}: ")
        elif before == after:
            effect = "unchanged"
        elif contact_id in planned:
            effect, why = planned[contact_id]
        elif before != (held := read(stage.contacts.document(contact_id))):
            why = f"replaces what is staged; the contact has {'nothing' if held is None else held}"
        tried.append(Tried(contact_id, called(document), before, after, effect, why))
    return tried


def _refused(findings: pd.DataFrame | None) -> dict[str, str]:
    if findings is None:
        return {}
    bad = findings[findings["status"] == "refused"]
    return dict(zip(bad["contactId"], bad["why"], strict=True))


def _unplanned(scratch: Stage, ids: set[str]) -> dict[str, tuple[Effect, str]]:
    """Return which of the contacts a plan would refuse, and why."""
    return {
        each.contact_id: ("collides" if _COLLIDES in each.code else "invalid", each.reason)
        for each in scratch.plan().refused
        if each.contact_id in ids
    }
