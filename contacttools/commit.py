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

from contacttools import merge, wire
from contacttools.fields import Json
from contacttools.plan import Change
from contacttools.report import Difference, Outcome, Word, said
from contacttools.wire import (
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
    """Wait before the next ask: as long as the service said, else longer each time."""

    attempt: int
    seconds: float | None = None


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
    waits: int = 0  # since the last write or read that was answered
    doubt: bool = False  # an update may have been applied without our knowing
    floor: int = 0  # reads below this revision are out of date
    stale: bool = False
    refusal: Refused | None = None


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
        case Wait():
            return seen[-2][0]
        case Read():
            return _after_read(change, story, answer)
        case Write():
            return _after_write(change, story, answer)
        case _:
            assert_never(ask)


def _told(change: Change, seen: Seen) -> _Story:
    story = _Story()
    for ask, answer in seen:
        if isinstance(ask, Write):
            story.sends += 1
            story.reads = story.waits = 0
            story.refusal = answer if isinstance(answer, Refused) else None
            story.doubt |= isinstance(answer, (Lost, Written))
            if isinstance(answer, Stale):
                story.stale = True
                story.floor = max(story.floor, change.revision + 1)
            elif isinstance(answer, Written) and answer.contact["id"] == change.contact_id:
                story.floor = max(story.floor, int(answer.contact["revision"]))
        elif isinstance(ask, Read):
            story.reads += 1
            if isinstance(answer, Found) and answer.contact["id"] == change.contact_id:
                story.floor = max(story.floor, int(answer.contact["revision"]))
        else:
            story.waits += 1
    return story


def _after_write(change: Change, story: _Story, answer: Answer | Waited) -> Ask | Outcome:
    match answer:
        case Written(contact):
            if (
                contact["id"] == change.contact_id
                and contact["revision"] == change.revision + 1
                and holds(change, contact)
            ):
                return _ended(change, "applied", contact)
            return Read()
        case Refused():
            # A refusal as duplicate was once reported together with an effect: look.
            if story.doubt or answer.code == "DUPLICATE_CONTACT_EXISTS":
                return Read()
            return _refused(change, answer)
        case SlowDown(seconds):
            return _again(change, story, "the service had no capacity", seconds)
        case NeverSent(why):
            return _again(change, story, why, None)
        case Stale() | Missing() | Lost() | Found() | Waited():
            return Read()
        case _:
            assert_never(answer)


def _again(change: Change, story: _Story, why: str, seconds: float | None) -> Ask | Outcome:
    if story.sends < SENDS:
        return Wait(story.sends, seconds)
    if story.doubt:
        return Read()
    detail = f"{why}, {SENDS} times; nothing was written, commit again later"
    return _ended(change, "not_sent", detail=detail)


def _after_read(change: Change, story: _Story, answer: Answer | Waited) -> Ask | Outcome:
    match answer:
        case Found(contact):
            return _settle(change, story, contact)
        case Missing():
            return _gone(change, story, "the service does not know it any more", None)
        case Refused() if not story.sends:
            return _refused(change, answer)
        case _:
            if story.reads < READS:
                return Wait(story.reads, answer.seconds if isinstance(answer, SlowDown) else None)
            if not story.sends:
                return Write()  # the read before sending is a courtesy, the revision decides
            detail = "no answer, and no reading back either; look at the contact before you go on"
            return _ended(change, "unknown", detail=detail)


def _gone(change: Change, story: _Story, why: str, contact: Json) -> Outcome:
    may = "; our update may have been written before that" if story.doubt else ""
    detail = f"{why}{may}. A member's id is not a contact's id: check it, then fetch again"
    return _ended(change, "gone", contact, detail=detail)


def _settle(change: Change, story: _Story, contact: Json) -> Ask | Outcome:
    """Decide from the contact as it is. The revision tells how often it was written since."""
    if contact["id"] != change.contact_id:
        return _gone(change, story, f"merged into {contact['id']}", contact)
    revision = contact["revision"]
    if revision < story.floor or revision < change.revision:
        if story.reads < READS:
            return Wait(story.reads)  # an old copy: it proves nothing
        if not story.sends:
            return Write()
        detail = "only outdated copies could be read back; look at the contact before you go on"
        return _ended(change, "unknown", contact, detail=detail)
    if revision == change.revision:
        if story.refusal is not None and not story.doubt:
            return _refused(change, story.refusal)
        if story.sends < SENDS:
            return Write()
        detail = "sent, not written so far, and may still arrive; look at the contact later"
        return _ended(change, "unknown", contact, detail=detail)
    return _moved_on(change, story, contact, revision - change.revision)


def _moved_on(change: Change, story: _Story, contact: Json, steps: int) -> Outcome:
    wanted = holds(change, contact)
    if not story.sends:  # nothing was sent yet, so whatever happened was somebody else's
        if wanted:
            return _ended(
                change, "already", contact, detail="it held the wanted values before we wrote"
            )
        return _conflict(change, "conflict", contact)
    if wanted and steps == 1:
        others = [
            name
            for name in merge.changed_fields(_expected(change), wire.values(contact))
            if name not in change.writes
        ]
        if not others:
            return _ended(change, "applied", contact, detail="found by reading back")
        detail = f"it holds the wanted values; {', '.join(others)} changed as well"
        return _ended(change, "already", contact, detail=detail)
    if wanted:
        detail = "it holds the wanted values and was written more than once since"
        return _ended(change, "already", contact, detail=detail)
    # One step, not ours: ours was not applied and never can be. More steps hide which was whose.
    return _conflict(change, "conflict" if steps == 1 else "conflict_maybe_applied", contact)


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


_ADVICE = {
    "DUPLICATE_CONTACT_EXISTS": "change or merge the other contact first",
    "CANNOT_UPDATE_MEMBER_EMAIL": "a site member's login e-mail is changed in the Members API; "
    "the contact follows",
    "INSUFFICIENT_CONTACT_DATA": "keep a name, an e-mail or a phone",
    "INVALID_EXTENDED_FIELD_VALUE": "check the value against the field's data type",
    "CANNOT_HAVE_MULTIPLE_PRIMARY_INFO": "mark one item as primary",
    "INVALID_ARGUMENT": "correct the value and plan again",
}


def _refused(change: Change, answer: Refused) -> Outcome:
    advice = _ADVICE.get(answer.code, "")
    if answer.status in (401, 403):
        advice = "the key is not valid here, or lacks the right to manage contacts"
    other = answer.data.get("duplicateContactId")
    told = [answer.message, f"the other contact is {other}" if other else "", advice]
    detail = "; ".join(part for part in told if part)
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


def halted(change: Change, seen: Seen, why: str) -> Outcome:
    """Return how a change ends when the run stops at this point: only a sent one is in doubt."""
    if _told(change, seen).doubt:
        detail = f"{why}; an update was sent and its answer lost, look at the contact"
        return _ended(change, "unknown", detail=detail)
    return _ended(change, "not_sent", detail=why)
