"""Commit: the rules of writing one change, as a pure function.

Two facts carry the rules. At most one update at a revision can ever be accepted, because
acceptance moves the revision on and it never returns: sending the identical body again at
the same revision is harmless, sending another is not. And an error is not proof that
nothing happened: whatever is not a definite no is settled by reading the contact back.

`next_step` keeps no state: given a change and everything asked and answered so far, it says
what to ask next or how it ended. Replaying a record of asks and answers is carrying on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import assert_never

from contacttools.committing.asks import Ask, Read, Rebase, Resume, Seen, Wait, Waited, Write
from contacttools.committing.rebasing import Mode, carry, differences
from contacttools.committing.report import (
    CARRY_OVER,
    READ_BACK,
    Difference,
    Outcome,
    Word,
    said,
    told,
)
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
from contacttools.planning.change import Change

SENDS = 4  # updates sent for one change in one run, at most
READS = 6  # reads to settle one change, at most
REBASES = 3  # times a change is carried onto a newer revision, at most

_FINAL = ("applied", "already", "refused", "conflict", "conflict_maybe_applied", "gone")


@dataclass(slots=True)
class _Story:
    """What the asks and answers so far amount to."""

    change: Change  # as it stands: as planned, or carried onto a newer revision
    sends: int = 0  # in this run
    reads: int = 0  # since the last write
    rebases: int = 0
    left: bool = False  # an update at this revision may have reached the service
    tried: bool = False  # so may one at an earlier revision, which can have no effect any more
    doubt: bool = False  # one of them may have been applied without our knowing
    highest: int = 0  # reads below this revision are out of date
    refusal: Refused | None = None  # what the service said to the last update
    accepted: bool = False  # it said that it stored our update at the next revision
    ignored: bool = False  # it said that it took the last update, and showed the contact as it was
    moved: list[str] = field(default_factory=list)  # where the change was carried to, in words


def next_step(change: Change, seen: Seen, mode: Mode = "disjoint") -> Ask | Outcome:
    """Return what to ask next about a change, or how it ended.

    Parameters
    ----------
    change : Change
    seen : sequence of (ask, answer)
        Everything asked and answered about this change so far, in order. It may begin with a
        read that was made before anything was sent.
    mode : {"disjoint", "strict", "ask"}
        What to do when somebody else changed the contact and nothing of ours can have been
        written: carry the change over when both sides touched different things; never; or
        only when nothing that a person could write has changed.
    """
    if not seen:
        return _write(change)
    story = _told(change, seen)
    ask, answer = seen[-1]
    match ask:
        case Wait(then=then):
            return then
        case Read():
            return _after_read(story, answer, mode)
        case Write():
            return _after_write(story, answer)
        case Rebase(change=carried):
            return _write(carried)
        case Resume():
            return _taken_up(change, seen, story, mode)
        case _:
            assert_never(ask)


def otherwise(change: Change, contact: Json) -> list[str]:
    """Return what would be sent, and is at its own revision another than the change says.

    Not everything that changes a contact is sure to move its revision on, labels and deleted
    fields are not; and a plan may have been made from something else than what was read.
    """
    if contact["revision"] != change.revision:
        return []
    held, said = wire.values(contact), {edit.field: edit.before for edit in change.edits}
    return [
        name
        for name, value in (said | change.carried).items()
        if not merge.stored_as(name, value, held.get(name))
    ]


def denied(answer: Answer | Waited) -> bool:
    """Say whether the service refused whoever asked, and not what was asked."""
    return isinstance(answer, Refused) and answer.status in (401, 403)


def standing(change: Change, seen: Seen) -> Change:
    """Return a change as it stands: as planned, or as it was last carried over."""
    carried = (ask.change for ask, _ in reversed(seen) if isinstance(ask, Rebase))
    return next(carried, change)


def _write(change: Change) -> Write:
    return Write(change.revision, change.info(), change.allow_duplicates is not None)


def _told(change: Change, seen: Seen) -> _Story:
    story = _Story(change, highest=change.revision)
    for ask, answer in seen:
        match ask:
            case Write():
                story.sends += 1
                story.reads = 0
                story.refusal = answer if isinstance(answer, Refused) else None
                story.left |= not (isinstance(answer, (NeverSent, SlowDown)) or denied(answer))
                story.doubt |= isinstance(answer, (Lost, Written))
                story.accepted |= (
                    isinstance(answer, Written)
                    and answer.contact["id"] == change.contact_id
                    and answer.contact["revision"] == story.change.revision + 1
                )
                story.ignored = (
                    isinstance(answer, Written)
                    and answer.contact["id"] == change.contact_id
                    and answer.contact["revision"] == story.change.revision
                )
                if isinstance(answer, Stale):
                    story.highest = max(story.highest, story.change.revision + 1)
            case Read():
                story.reads += 1
            case Rebase(change=carried):
                # Only done when nothing of ours is in there and nothing sent can arrive any more.
                story.change, story.rebases = carried, story.rebases + 1
                story.tried |= story.left
                story.reads, story.left, story.doubt, story.accepted = 0, False, False, False
                story.highest = max(story.highest, carried.revision)
                story.moved.append(str(carried.revision))
            case Resume():
                story.sends, story.reads, story.refusal = 0, 0, None
            case Wait():
                pass
            case _:
                assert_never(ask)
        if isinstance(answer, (Found, Written)) and answer.contact["id"] == change.contact_id:
            story.highest = max(story.highest, int(answer.contact["revision"]))
    return story


def _taken_up(change: Change, seen: Seen, story: _Story, mode: Mode) -> Ask | Outcome:
    """Go on where an earlier run ended: finish what was known, look into what was not."""
    before = list(seen)
    while before and isinstance(before[-1][0], Resume):
        before.pop()
    if before:
        step = next_step(change, before, mode)
        # Whoever was not let in may be by now.
        if isinstance(step, Outcome) and step.outcome in _FINAL and not denied(before[-1][1]):
            return step
        if isinstance(step, Rebase):
            return step
    return Read() if story.left or story.change.carried else _write(story.change)


def _after_write(story: _Story, answer: Answer | Waited) -> Ask | Outcome:
    change = story.change
    match answer:
        case Written(contact) if (
            contact["id"] == change.contact_id
            and contact["revision"] == change.revision + 1
            and holds(change, contact)
        ):
            return _applied(story, contact)
        case Refused() if not story.doubt and answer.code != "DUPLICATE_CONTACT_EXISTS":
            return _refused(story, answer)
        case SlowDown():
            return _again(story, "the service had no capacity")
        case NeverSent(why):
            return _again(story, why)
        case Lost() if story.sends > 1:
            return Wait(story.sends, Read())
        case _:  # a duplicate was once refused and written nevertheless: look there too
            return Read()


def _again(story: _Story, why: str) -> Ask | Outcome:
    if story.sends < SENDS:
        return Wait(story.sends, _write(story.change))
    if story.left:
        return Read()
    return _unwritten(story, f"{why}, {SENDS} times; nothing was written, commit again later")


def _unwritten(story: _Story, detail: str) -> Outcome:
    """Return the end of a change that was not written: somebody was faster, or nothing was sent."""
    return _ended(story, "conflict" if story.tried else "not_sent", detail=detail)


def _after_read(story: _Story, answer: Answer | Waited, mode: Mode) -> Ask | Outcome:
    match answer:
        case Found(contact) if contact["id"] != story.change.contact_id:
            return _gone(story, f"merged into {contact['id']}", contact)
        case Found(contact) if contact["revision"] >= story.highest:
            return _misread(story, contact) or _settle(story, contact, mode)
        case Missing():
            return _gone(story, "the service does not know it any more", None)
        case _ if story.reads < READS and not isinstance(answer, Refused):
            return Wait(story.reads, Read())
        case _:
            return _unread(story, answer)


def _unread(story: _Story, answer: Answer | Waited) -> Ask | Outcome:
    if not story.left:
        if isinstance(answer, Refused):
            return _refused(story, answer)
        if story.change.carried:  # what travels along unseen is sent only as it is there
            return _unwritten(story, "it could not be read, so it was not written; commit again")
        return _write(story.change)  # reading was a courtesy, the revision decides
    why = "it could not be read back"
    if isinstance(answer, Refused):
        why = f"{why}: {answer.message}"
    elif isinstance(answer, Found):
        why = "only outdated copies could be read back"
    if story.refusal is not None and not story.doubt:
        return _refused(story, story.refusal, why)
    detail = f"the update may have been written, and {why}; look at the contact before you go on"
    return _ended(story, "unknown", detail=detail)


def _gone(story: _Story, why: str, contact: Json) -> Outcome:
    may = "; our update may have been written before that" if story.doubt else ""
    detail = f"{why}{may}. A member's id is not a contact's id: check it, then fetch again"
    return _ended(story, "gone", contact, detail=detail)


def _settle(story: _Story, contact: Json, mode: Mode) -> Ask | Outcome:
    """Decide from the contact as it is. The revision tells how often it was written since."""
    change = story.change
    changed = otherwise(change, contact)
    if contact["revision"] > change.revision or (changed and _unsent(story)):
        return _moved_on(story, contact, mode)
    if story.refusal is not None and not story.doubt:
        return _refused(story, story.refusal)
    if story.left and holds(change, contact):
        detail = "the service counts it as no change: it held the wanted values already"
        return _ended(story, "already", contact, detail=detail)
    if story.ignored:
        detail = "the service took the update and changed nothing: it does not do what was wanted"
        return _ended(story, "refused", contact, code="NO_CHANGE", detail=detail)
    if story.refusal is None and story.sends < SENDS and not changed:
        return _write(change)
    why = f"; the last answer was: {story.refusal.message}" if story.refusal else ""
    detail = f"sent, not written so far, and may still arrive{why}; look at the contact later"
    return _ended(story, "unknown", contact, detail=detail)


def _unsent(story: _Story) -> bool:
    return not story.left and story.refusal is None


def _misread(story: _Story, contact: Json) -> Outcome | None:
    """Return the end of a change with unseen values that are not there; None if there are none.

    Values that travel along unchanged stand in no preview. They are sent only as the contact
    holds them.
    """
    unseen = [name for name in otherwise(story.change, contact) if name in story.change.carried]
    if not unseen or not _unsent(story):
        return None
    detail = (
        f"the plan says of revision {story.change.revision} what the contact does not hold there, "
        f"in {', '.join(unseen[:3])}, and would have sent it along unseen; fetch and plan again"
    )
    return _ended(story, "refused", contact, code="NOT_AS_READ", detail=detail)


def _moved_on(story: _Story, contact: Json, mode: Mode) -> Ask | Outcome:
    change = story.change
    steps = contact["revision"] - change.revision
    if _spelled_otherwise(change, contact) and (
        not story.left or (steps == 1 and _somebody_elses(change, contact))
    ):
        return _overtaken(story, contact, mode)
    if not holds(change, contact):
        if story.accepted:
            return _not_kept(story, contact)
        # Before anything was sent, whatever happened was somebody else's. One step that is not
        # ours: ours was not applied and never can be. More steps hide which was whose, even
        # after a clear no: a copy of the update may have been made on its way.
        if story.left and (steps > 1 or not _somebody_elses(change, contact)):
            return _conflict(story, "conflict_maybe_applied", contact)
        return _overtaken(story, contact, mode)
    others = merge.changed_fields(_expected(change), wire.values(contact))
    if not story.left:
        detail = "it held the wanted values before we wrote"
    elif steps > 1:
        detail = "it holds the wanted values and was written more than once since"
    elif others:
        detail = f"it holds the wanted values; {', '.join(others)} changed as well"
    else:
        return _applied(story, contact, READ_BACK)
    return _ended(story, "already", contact, detail=detail)


def _somebody_elses(change: Change, contact: Json) -> bool:
    """Say whether one step was surely not ours: it holds what ours would not have done.

    A service that stores something else than it was sent, or nothing of it, would make ours
    look like nobody's, or like half of it.
    """
    held = wire.values(contact)
    written = {edit.field: edit for edit in change.edits}
    moved = merge.changed_fields(change.base, held)
    return bool(moved) and not any(
        merge.stored_as(name, written[name].after, held.get(name))
        for name in moved
        if name in written
    )


def _overtaken(story: _Story, contact: Json, mode: Mode) -> Ask | Outcome:
    """Carry the change over what somebody else did, where the mode and their change allow it."""
    carried = carry(story.change, contact)
    if not isinstance(carried, Change):
        return _conflict(story, "conflict", contact, carried)
    theirs = merge.changed_fields(story.change.base, wire.values(contact))
    if mode == "strict" or (mode == "ask" and theirs):
        return _conflict(story, "conflict", contact)
    if story.rebases == REBASES:
        return _conflict(story, "conflict", contact, why="it changes faster than it can be written")
    return Rebase(carried)


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


def _spelled_otherwise(change: Change, contact: Json) -> bool:
    """Say whether a contact holds what was wanted, but for a spelling that was to change."""
    held = wire.values(contact)
    return holds(change, contact) and not all(
        merge.done(edit.field, edit.before, edit.after, held.get(edit.field))
        for edit in change.edits
    )


def _applied(story: _Story, contact: Json, detail: str = "") -> Outcome:
    """Return the end of an update that was written, with what it did that was not announced."""
    expected, held = _expected(story.change), wire.values(contact)
    surprises = tuple(
        Difference(name, story.change.base.get(name), expected.get(name), held.get(name))
        for name in merge.changed_fields(expected, held)
    )
    told = [detail] if detail else []
    if story.moved:
        told.append(
            f"carried over what somebody else changed meanwhile, to revision {story.moved[-1]}"
        )
    if surprises:
        told.append(f"look: {', '.join(each.field for each in surprises)} changed as well")
    return _ended(story, "applied", contact, detail="; ".join(told), surprises=surprises)


def _not_kept(story: _Story, contact: Json) -> Outcome:
    """Return the end of an update that the service accepted without holding what it said."""
    held = wire.values(contact)
    missing = tuple(
        Difference(edit.field, edit.before, edit.after, held.get(edit.field))
        for edit in story.change.edits
        if not merge.stored_as(edit.field, edit.after, held.get(edit.field))
    )
    told = "; ".join(
        f"{each.field} is {said(each.field, each.theirs)}, wanted {said(each.field, each.ours)}"
        for each in missing
    )
    detail = f"the service accepted the update, yet the contact holds something else: {told}"
    return _ended(story, "conflict_maybe_applied", contact, detail=detail, differences=missing)


def _conflict(
    story: _Story,
    word: Word,
    contact: Json,
    touched: tuple[Difference, ...] | None = None,
    *,
    why: str = "",
) -> Outcome:
    change, theirs = story.change, wire.values(contact)
    touched = differences(change, contact) if touched is None else touched
    if touched:
        what = told(touched)
    else:
        names = merge.changed_fields(change.base, theirs)
        what = (
            f"they changed {', '.join(names)}"
            if names
            else "they changed it and back, or server data"
        )
    what = f"{what}; {why}" if why else what
    return _ended(story, word, contact, detail=f"{what}. {CARRY_OVER}", differences=touched)


def _refused(story: _Story, answer: Refused, also: str = "") -> Outcome:
    other = answer.data.get("duplicateContactId")
    named = f"the other contact is {other}" if other else ""
    again = "correct the value and plan again" if answer.code == "INVALID_ARGUMENT" else ""
    told = [answer.message, named, ADVICE.get(answer.code, again), also]
    detail = "; ".join(part.removesuffix(".") for part in told if part)
    return _ended(story, "refused", code=answer.code, detail=detail)


def _ended(
    story: _Story,
    word: Word,
    contact: Json = None,
    *,
    code: str = "",
    detail: str = "",
    differences: tuple[Difference, ...] = (),
    surprises: tuple[Difference, ...] = (),
) -> Outcome:
    change = story.change
    same = contact is not None and contact["id"] == change.contact_id
    return Outcome(
        change.contact_id,
        word,
        code,
        change.revision,
        int(contact["revision"]) if same else None,
        detail,
        differences,
        contact,
        step=change.step,
        done=change if story.moved else None,
        surprises=surprises,
    )


def settling(change: Change, seen: Seen) -> bool:
    """Say whether an update left whose fate only reading back can tell."""
    story = _told(change, seen)
    return story.doubt or (story.left and story.refusal is None)


def halted(change: Change, seen: Seen, why: str) -> Outcome:
    """Return how a change ends when the run stops at this point."""
    story = _told(change, seen)
    if story.doubt or (story.left and story.refusal is None):
        detail = f"{why}; an update was sent and not settled, look at the contact"
        return _ended(story, "unknown", detail=detail)
    if story.refusal is not None:
        return _refused(story, story.refusal, why)
    return _unwritten(story, why)
