"""Approving: what a person says that may be written: a plan's id, and no other. Pure."""

from __future__ import annotations

from collections.abc import Sized
from typing import Protocol

from contacttools.errors import BadPlan, NotApproved
from contacttools.planning.plan import ID_PREFIX


class Identified(Sized, Protocol):
    """A plan: it has an id and a size."""

    @property
    def id(self) -> str:
        """What names it."""
        ...


def approved(
    plan: Identified, approve: object, expect: int | None = None, what: str = "contacts"
) -> None:
    """Raise NotApproved unless this very plan is meant."""
    if not isinstance(approve, str) or len(approve) < ID_PREFIX or not plan.id.startswith(approve):
        why = (
            f"approve={_short(approve)} is not the id of this plan; nothing was sent. Show the "
            "plan as the last line of a cell, read it, and approve the id that stands at its head"
        )
        raise NotApproved(why)
    if expect is not None and expect != len(plan):
        why = f"you expect {expect} {what}, the plan has {len(plan)}; nothing was sent"
        raise NotApproved(why)


def prefix(plan_id: object) -> str:
    """Return the beginning of a plan's id that is long enough to be meant, or raise BadPlan."""
    if isinstance(plan_id, str) and len(plan_id) >= ID_PREFIX:
        return plan_id
    why = f"a plan's id, its first {ID_PREFIX} characters or more, not {_short(plan_id)}"
    raise BadPlan(why)


def _short(given: object) -> str:
    return f"{given[:64]!r}" if isinstance(given, str) else f"a {type(given).__name__}"
