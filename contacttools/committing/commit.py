"""Commit: the rules of writing one change, as a pure function.

Two facts carry the rules. At most one update at a revision can ever be accepted, because
acceptance moves the revision on and it never returns: sending the identical body again at
the same revision is harmless, sending another is not. And an error is not proof that
nothing happened: whatever is not a definite no is settled by reading the contact back.

`next_step` keeps no state: given a change and everything asked and answered so far, it says
what to ask next or how it ended. Replaying a record of asks and answers is carrying on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from contacttools.committing.report import Difference, Outcome, Word, said
from contacttools.contact import merge, wire
from contacttools.contact.advice import ADVICE
from contacttools.contact.fields import Json
from contacttools.contact.wire import (
    Answer,
    Found,
    Lost,
    Missing,
    NeverSent,
    Refused,
    SlowDown,
    Stale,
    Written,
)
from contacttools.planning.plan import Change

SENDS = 4  # updates sent for one change, at most
READS = 6  # reads to settle one change, at most


@dataclass(frozen=True, slots=True)
class Read:
    """Read the contact by its id."""


@dataclass(frozen=True, slots=True)
class Write:
    """Send the change; its body and its base revision are always the same."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait, longer each time, and then ask; what the service itself asks for is added to it."""

    attempt: int
    then: Read | Write


@dataclass(frozen=True, slots=True)
class Waited:
    """The wait is over."""


Ask = Read | Write | Wait
Seen = Sequence[tuple[Ask, Answer | Waited]]


@dataclass(slots=True)
class _Story:
    """What the asks and answers so far amount to."""

    sends: int = 0
    reads: int = 0  # since the last write
    doubt: bool = False  # an update may have been applied without our knowing
    floor: int = 0  # reads below this revision are out of date
    refusal: Refused | None = None  # what the service said to the last update
    accepted: bool = False  # it said that it stored our update at the next revision


def next_step(change: Change, seen: Seen) -> Ask | Outcome:
    """Return what to ask next about a change, or how it ended.

    Parameters
    ----------
    change : Change
    seen : sequence of (ask, answer)
        Everything asked and answered about this change so far, in order. It may begin with a
        read that was made before anything was sent.
    """
    if not seen:
        return Write()
    story = _told(change, seen)
    ask, answer = seen[-1]
    match ask:
        case Wait(then=then):
            return then
        case Read():
            return _after_read(change, story, answer)
        case Write():
            return _after_write(change, story, answer)
        case _:
            assert_never(ask)


def _told(change: Change, seen: Seen) -> _Story:
    story = _Story(floor=change.revision)
    for ask, answer in seen:
        if isinstance(ask, Write):
            story.sends += 1
            story.reads = 0
            story.refusal = answer if isinstance(answer, Refused) else None
            story.doubt |= isinstance(answer, (Lost, Written))
            story.accepted |= (
                isinstance(answer, Written)
                and answer.contact["id"] == change.contact_id
                and answer.contact["revision"] == change.revision + 1
            )
            if isinstance(answer, Stale):
                story.floor = max(story.floor, change.revision + 1)
        elif isinstance(ask, Read):
            story.reads += 1
        if isinstance(answer, (Found, Written)) and answer.contact["id"] == change.contact_id:
            story.floor = max(story.floor, int(answer.contact["revision"]))
    return story


def _after_write(change: Change, story: _Story, answer: Answer | Waited) -> Ask | Outcome:
    match answer:
        case Written(contact) if (
            contact["id"] == change.contact_id
            and contact["revision"] == change.revision + 1
            and holds(change, contact)
        ):
            return _ended(change, "applied", contact)
        case Refused() if not story.doubt and answer.code != "DUPLICATE_CONTACT_EXISTS":
            return _refused(change, answer)
        case SlowDown():
            return _again(change, story, "the service had no capacity")
        case NeverSent(why):
            return _again(change, story, why)
        case Lost() if story.sends > 1:
            return Wait(story.sends, Read())
        case _:  # a duplicate was once refused and written nevertheless: look there too
            return Read()


def _again(change: Change, story: _Story, why: str) -> Ask | Outcome:
    if story.sends < SENDS:
        return Wait(story.sends, Write())
    if story.doubt:
        return Read()
    detail = f"{why}, {SENDS} times; nothing was written, commit again later"
    return _ended(change, "not_sent", detail=detail)


def _after_read(change: Change, story: _Story, answer: Answer | Waited) -> Ask | Outcome:
    match answer:
        case Found(contact) if contact["id"] != change.contact_id:
            return _gone(change, story, f"merged into {contact['id']}", contact)
        case Found(contact) if contact["revision"] >= story.floor:
            return _settle(change, story, contact)
        case Missing():
            return _gone(change, story, "the service does not know it any more", None)
        case _ if story.reads < READS and not isinstance(answer, Refused):
            return Wait(story.reads, Read())
        case _:
            return _unread(change, story, answer)


def _unread(change: Change, story: _Story, answer: Answer | Waited) -> Ask | Outcome:
    if not story.sends:  # reading before sending is a courtesy, the revision decides
        return _refused(change, answer) if isinstance(answer, Refused) else Write()
    why = "it could not be read back"
    if isinstance(answer, Refused):
        why = f"{why}: {answer.message}"
    elif isinstance(answer, Found):
        why = "only outdated copies could be read back"
    if story.refusal is not None and not story.doubt:
        return _refused(change, story.refusal, why)
    detail = f"the update may have been written, and {why}; look at the contact before you go on"
    return _ended(change, "unknown", detail=detail)


def _gone(change: Change, story: _Story, why: str, contact: Json) -> Outcome:
    may = "; our update may have been written before that" if story.doubt else ""
    detail = f"{why}{may}. A member's id is not a contact's id: check it, then fetch again"
    return _ended(change, "gone", contact, detail=detail)


def _settle(change: Change, story: _Story, contact: Json) -> Ask | Outcome:
    """Decide from the contact as it is. The revision tells how often it was written since."""
    if contact["revision"] > change.revision:
        return _moved_on(change, story, contact, contact["revision"] - change.revision)
    if story.refusal is not None and not story.doubt:
        return _refused(change, story.refusal)
    if story.sends and holds(change, contact):
        detail = "the service counts it as no change: it held the wanted values already"
        return _ended(change, "already", contact, detail=detail)
    if story.refusal is None and story.sends < SENDS:
        return Write()
    why = f"; the last answer was: {story.refusal.message}" if story.refusal else ""
    detail = f"sent, not written so far, and may still arrive{why}; look at the contact later"
    return _ended(change, "unknown", contact, detail=detail)


def _moved_on(change: Change, story: _Story, contact: Json, steps: int) -> Outcome:
    wanted = holds(change, contact)
    if not wanted:
        # Before anything was sent, whatever happened was somebody else's. One step that is not
        # ours: ours was not applied and never can be. More steps hide which was whose.
        if story.accepted:
            return _not_kept(change, contact)
        certain = not story.sends or steps == 1
        return _conflict(change, "conflict" if certain else "conflict_maybe_applied", contact)
    others = merge.changed_fields(_expected(change), wire.values(contact))
    if not story.sends:
        detail = "it held the wanted values before we wrote"
    elif steps > 1:
        detail = "it holds the wanted values and was written more than once since"
    elif others:
        detail = f"it holds the wanted values; {', '.join(others)} changed as well"
    else:
        return _ended(change, "applied", contact, detail="found by reading back")
    return _ended(change, "already", contact, detail=detail)


def _expected(change: Change) -> wire.Values:
    return {
        name: value for name, value in {**change.base, **change.writes}.items() if value is not None
    }


def holds(change: Change, contact: Json) -> bool:
    """Say whether a contact holds what a change wanted, as the service would store it."""
    held = wire.values(contact)
    return all(
        merge.stored_as(edit.field, edit.after, held.get(edit.field)) for edit in change.edits
    )


def _not_kept(change: Change, contact: Json) -> Outcome:
    """Return the end of an update that the service accepted without holding what it said."""
    held = wire.values(contact)
    missing = tuple(
        Difference(edit.field, edit.before, edit.after, held.get(edit.field))
        for edit in change.edits
        if not merge.stored_as(edit.field, edit.after, held.get(edit.field))
    )
    told = "; ".join(
        f"{each.field} is {said(each.field, each.theirs)}, wanted {said(each.field, each.ours)}"
        for each in missing
    )
    detail = f"the service accepted the update, yet the contact holds something else: {told}"
    return _ended(change, "conflict_maybe_applied", contact, detail=detail, differences=missing)


def _conflict(change: Change, word: Word, contact: Json) -> Outcome:
    theirs = wire.values(contact)
    touched = tuple(
        Difference(edit.field, edit.before, edit.after, theirs.get(edit.field))
        for edit in change.edits
        if not merge.stored_as(edit.field, edit.before, theirs.get(edit.field))
    )
    if touched:
        told = "; ".join(
            f"{each.field} was {said(each.field, each.base)}, ours {said(each.field, each.ours)}, "
            f"theirs {said(each.field, each.theirs)}"
            for each in touched
        )
    else:
        names = merge.changed_fields(change.base, theirs)
        told = (
            f"they changed {', '.join(names)}"
            if names
            else "they changed it and back, or server data"
        )
    rest = "stage.rebase(site.fetch()) carries your edits over"
    return _ended(change, word, contact, detail=f"{told}. {rest}", differences=touched)


def _refused(change: Change, answer: Refused, also: str = "") -> Outcome:
    other = answer.data.get("duplicateContactId")
    named = f"the other contact is {other}" if other else ""
    again = "correct the value and plan again" if answer.code == "INVALID_ARGUMENT" else ""
    told = [answer.message, named, ADVICE.get(answer.code, again), also]
    detail = "; ".join(part.removesuffix(".") for part in told if part)
    return _ended(change, "refused", code=answer.code, detail=detail)


def _ended(
    change: Change,
    word: Word,
    contact: Json = None,
    *,
    code: str = "",
    detail: str = "",
    differences: tuple[Difference, ...] = (),
) -> Outcome:
    same = contact is not None and contact["id"] == change.contact_id
    after = int(contact["revision"]) if same else None
    return Outcome(
        change.contact_id, word, code, change.revision, after, detail, differences, contact
    )


def settling(seen: Seen) -> bool:
    """Say whether an update left whose fate only reading back can tell."""
    return any(
        isinstance(ask, Write) and not isinstance(answer, (NeverSent, SlowDown, Refused))
        for ask, answer in seen
    )


def halted(change: Change, seen: Seen, why: str) -> Outcome:
    """Return how a change ends when the run stops at this point."""
    refusal = _told(change, seen).refusal
    if settling(seen):
        detail = f"{why}; an update was sent and not settled, look at the contact"
        return _ended(change, "unknown", detail=detail)
    if refusal is not None:
        return _refused(change, refusal, why)
    return _ended(change, "not_sent", detail=why)
