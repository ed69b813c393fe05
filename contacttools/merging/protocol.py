"""Protocol: the rules of one merge, as a pure function.

The service checks the target's revision and nothing of the sources. So a preview of the service
comes first, then every contact is read by its id, and only where all is as it was approved is the
merge sent: once. At one revision of the target at most one merge can be accepted. An answer that
was lost, or a refusal, is settled by reading: the id of a source that was merged away leads to its
target. What cannot be settled is `unknown`, and is sent again only when a person asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from contacttools.committing.asks import Read, Resume, Wait, Waited
from contacttools.committing.report import READ_BACK, Difference, Outcome, Word, said
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
from contacttools.merging.group import Call

READS = 6  # to settle one merge
TRIES = 4  # of what was surely not carried out
AGAIN = "fetch and plan the group again"


@dataclass(frozen=True, slots=True)
class Preview:
    """Ask the service what the merge would give."""


@dataclass(frozen=True, slots=True)
class Look:
    """Read every contact of the merge by its id."""


@dataclass(frozen=True, slots=True)
class Send:
    """Merge them, at this revision of the target."""

    revision: int


@dataclass(frozen=True, slots=True)
class Looked:
    """The contacts as they are, by the id that was asked for; None: the service knows none."""

    documents: Mapping[str, Json]


Ask = Preview | Look | Send | Wait | Resume
Reply = Answer | Looked | Waited
Seen = Sequence[tuple[Ask, Reply]]


@dataclass(slots=True)
class _Story:
    """What the asks and answers so far amount to."""

    call: Call
    preview: Reply | None = None  # the last one, of this session
    previews: int = 0
    looks: int = 0  # since the last merge was sent
    tries: int = 0  # that were surely not carried out
    sent: bool = False  # in this session, and it may have been carried out
    before: bool = False  # in an earlier one, likewise
    refusal: Refused | Missing | Stale | None = None  # what the service said to the last one
    accepted: Json = None  # what it said that the target is now

    @property
    def doubt(self) -> bool:
        """Whether one was sent of which nobody said that it was not carried out."""
        return self.before or (self.sent and self.refusal is None)


def next_step(call: Call, seen: Seen) -> Ask | Outcome:
    """Return what to ask next about a merge, or how it ended."""
    story = _told(call, seen)
    step: Ask | Outcome = Preview()
    if not seen:
        return step
    ask, answer = seen[-1]
    match ask:
        case Preview():
            step = _after_preview(story)
        case Look():
            documents = answer.documents if isinstance(answer, Looked) else {}
            step = _after_look(story, documents)
        case Send():
            busy = isinstance(answer, (SlowDown, NeverSent))
            step = _again(story, answer) if busy else Look()
        case Wait():  # what failed is asked again; before a merge, everything is
            step = Look() if isinstance(seen[-2][0], Look) else Preview()
        case Resume():
            step = Look() if story.before else Preview()
        case _:
            assert_never(ask)
    return step


def halted(call: Call, seen: Seen, why: str) -> Outcome:
    """Return how a merge ends when the run stops at this point."""
    story = _told(call, seen)
    if story.accepted is not None:
        return _done(story, story.accepted, "applied", why)
    if story.doubt:
        return _ended(story, "unknown", detail=f"{why}; it was sent and not settled: {_LATER}")
    if story.refusal is not None:
        return _refused(story, story.refusal, why)
    return _ended(story, "not_sent", detail=why)


def denied(answer: Reply) -> bool:
    """Say whether the service refused whoever asked, and not what was asked."""
    return isinstance(answer, Refused) and answer.status in (401, 403)


def _told(call: Call, seen: Seen) -> _Story:
    story = _Story(call)
    for ask, answer in seen:
        match ask:
            case Preview():
                story.preview, story.previews = answer, story.previews + 1
            case Look():
                story.looks += 1
            case Send():
                story.looks = 0
                definite = isinstance(answer, (Refused, Missing, Stale))
                story.refusal = answer if isinstance(answer, (Refused, Missing, Stale)) else None
                if isinstance(answer, (SlowDown, NeverSent)):
                    story.tries += 1
                elif not definite:
                    story.sent = True
                if isinstance(answer, (Found, Written)) and _is_next(call, answer.contact):
                    story.accepted = answer.contact
            case Resume():
                story.before |= story.sent
                story.sent, story.preview, story.refusal = False, None, None
                story.previews = story.looks = story.tries = 0
            case Wait():
                pass
            case _:
                assert_never(ask)
    return story


def _is_next(call: Call, contact: Json) -> bool:
    target = call.target
    return bool(contact["id"] == target["id"] and contact["revision"] == target["revision"] + 1)


# -- before it is sent ----------------------------------------------------------------------


def _after_preview(story: _Story) -> Ask | Outcome:
    match story.preview:
        case Lost() | SlowDown() | NeverSent() if story.previews < TRIES:
            return Wait(story.previews, Read())
        case _:  # whatever it says: what the contacts hold now explains it
            return Look()


def _after_look(story: _Story, documents: Mapping[str, Json]) -> Ask | Outcome:
    if story.sent or story.refusal is not None:
        return _settle(story, documents)
    found = _settled(story, documents) if story.before else None
    if found is not None:
        sure = found.outcome in _SURE or story.looks >= READS
        return found if sure else Wait(story.looks, Read())
    if _outdated(story.call, documents):
        why = "only outdated copies could be read; nothing was merged, merge again later"
        return Wait(story.looks, Read()) if story.looks < READS else _unsent(story, why)
    return _obstacle(story, documents) or _as_previewed(story)


def _unsent(story: _Story, why: str) -> Outcome:
    return _ended(story, "unknown" if story.before else "not_sent", detail=why)


def _as_previewed(story: _Story) -> Ask | Outcome:
    """Go by what the service said to a preview of the merge."""
    match story.preview:
        case None:
            return Preview()
        case Found(contact):
            return _compared(story, contact)
        case Refused() | Missing() | Stale() as answer:
            return _refused(story, answer, "nothing was merged")
        case _:
            why = "the service's preview of the merge could not be had; nothing was merged"
            return _unsent(story, why)


def _outdated(call: Call, documents: Mapping[str, Json]) -> bool:
    """Say whether a contact is shown as it was before the plan was made."""
    return any(
        found is not None and found["id"] == each and found["revision"] < planned["revision"]
        for each, planned in call.members.items()
        for found in (documents.get(each),)
    )


def _compared(story: _Story, contact: Json) -> Ask | Outcome:
    """Go on where the service's preview is what was approved; else say what differs."""
    found = _differences(story.call, contact)
    if not found and contact["id"] == story.call.target["id"]:
        return Send(story.call.target["revision"])
    names = "; ".join(
        f"{each.field} would become {said(each.field, each.theirs)}, the plan shows "
        f"{said(each.field, each.ours)}"
        for each in found
    )
    detail = (
        f"the service would make something else of it: {names or 'another contact'}; nothing was "
        "merged. site.preview_merge(merges) is a plan of what it says"
    )
    word: Word = "unknown" if story.before else "refused"
    return _ended(story, word, code="NOT_AS_SHOWN", detail=detail, differences=found)


def _differences(call: Call, contact: Json) -> tuple[Difference, ...]:
    before, stored = wire.values(call.target), wire.values(contact)
    return tuple(
        Difference(name, before.get(name), call.expected.get(name), stored.get(name))
        for name in merge.changed_fields(call.expected, stored)
    )


def _obstacle(story: _Story, documents: Mapping[str, Json]) -> Outcome | None:
    """Return how a merge ends that cannot be sent, since a contact is not as it was approved."""
    call = story.call
    led = {each: _leads_to(documents, each) for each in call.members}
    target_id = call.target["id"]
    if led[target_id] == target_id and all(led[each] == target_id for each in call.source_ids):
        detail = "the sources are part of the target already, not by this plan"
        return _ended(story, "already", documents[target_id], detail=detail)
    for each, other in led.items():
        if other == each:
            continue
        gone = "the service does not know it any more" if other is None else f"merged into {other}"
        return _ended(story, "gone", detail=f"contact {each}: {gone}; {AGAIN}")
    for each, planned in call.members.items():
        found = documents[each]
        names = merge.changed_fields(wire.values(planned), wire.values(found))
        if found["revision"] != planned["revision"] or names:
            what = (
                f"they changed {', '.join(names)}" if names else "changed and back, or server data"
            )
            base, now = wire.values(planned), wire.values(found)
            differences = tuple(Difference(n, base.get(n), base.get(n), now.get(n)) for n in names)
            detail = (
                f"contact {each} is at revision {found['revision']}, the plan saw "
                f"{planned['revision']}: {what}; nothing was merged, {AGAIN}"
            )
            word: Word = "unknown" if story.before else "conflict"
            held = documents[target_id]
            return _ended(story, word, held, detail=detail, differences=differences)
    return None


def _leads_to(documents: Mapping[str, Json], contact_id: str) -> str | None:
    found = documents.get(contact_id)
    return None if found is None else str(found["id"])


def _again(story: _Story, answer: Reply) -> Ask | Outcome:
    if story.tries < TRIES:
        return Wait(story.tries, Read())
    if story.before:
        return Look()
    why = answer.why if isinstance(answer, NeverSent) else "the service had no capacity"
    detail = f"{why}, {TRIES} times; nothing was merged, merge again later"
    return _ended(story, "not_sent", detail=detail)


# -- after it was sent ----------------------------------------------------------------------


def _settle(story: _Story, documents: Mapping[str, Json]) -> Ask | Outcome:
    """Decide from the contacts what became of a merge that was sent in this session."""
    if (settled := _settled(story, documents)) is not None and settled.outcome in _SURE:
        return settled
    if story.refusal is not None and not story.doubt:
        return _obstacle(story, documents) or _refused(story, story.refusal)
    if story.looks < READS:
        return Wait(story.looks, Read())
    if settled is not None:
        return settled
    if story.accepted is not None:
        if _outdated_since(story, documents):
            why = "the service says so; only outdated copies could be read back"
            return _done(story, story.accepted, "applied", why)
        detail = f"the service says that it merged them, and the sources still stand; {_LATER}"
    else:
        detail = f"sent, not merged so far, and it may still be: {_LATER}"
    return _ended(story, "unknown", documents.get(story.call.target["id"]), detail=detail)


def _outdated_since(story: _Story, documents: Mapping[str, Json]) -> bool:
    target = documents.get(story.call.target["id"])
    return bool(target is not None and target["revision"] <= story.call.target["revision"])


def _settled(story: _Story, documents: Mapping[str, Json]) -> Outcome | None:
    """Return what the contacts prove of a merge that may have been carried out; else None."""
    call = story.call
    target = documents.get(call.target["id"])
    if target is None or target["id"] != call.target["id"]:
        return _targetless(story, target)
    if target["revision"] <= call.target["revision"]:
        return None
    led = {each: _leads_to(documents, each) for each in call.source_ids}
    if all(other == target["id"] for other in led.values()):
        return _merged(story, target)
    if story.accepted is not None or not story.doubt:
        return None  # an outdated copy, or a matter of who was faster
    stand = all(each == other for each, other in led.items())
    if stand and _is_next(call, target) and _differences(call, target):
        names = merge.changed_fields(wire.values(call.target), wire.values(target))
        detail = f"somebody else changed the target first ({', '.join(names)}); {AGAIN}"
        return _ended(story, "conflict", target, detail=detail)
    gone = ", ".join(each for each, other in led.items() if other != each)
    detail = (
        f"the target was changed meanwhile, and {gone or 'no source'} is not where it was: whether "
        "our merge had a part in that cannot be told; look at the contacts"
    )
    return _ended(story, "conflict_maybe_applied", target, detail=detail)


def _targetless(story: _Story, target: Json) -> Outcome | None:
    """Return the end of a merge whose target is gone; None where nothing of ours can be in it."""
    where = "is not known any more" if target is None else f"was merged into {target['id']}"
    if story.accepted is not None:
        return _done(story, story.accepted, "applied", f"the target {where} since")
    if not story.doubt:
        return None
    detail = f"the target {where}; the merge may have been made before that"
    return _ended(story, "gone", target, detail=detail)


def _merged(story: _Story, target: Json) -> Outcome | None:
    """Return the end of a merge whose sources all lead to the target."""
    if story.accepted is not None:
        fresh = target if _is_next(story.call, target) else story.accepted
        return _done(story, fresh, "applied")
    if not story.doubt:
        return None
    if not _is_next(story.call, target):
        why = "the sources are part of the target, which was written more than once since"
        return _done(story, target, "already", why)
    found = _differences(story.call, target)
    return _done(story, target, "already" if found else "applied", READ_BACK)


def _done(story: _Story, target: Json, word: Word, why: str = "") -> Outcome:
    found = _differences(story.call, target)
    told = [why] if why else []
    if found:
        names = ", ".join(each.field for each in found)
        told.append(f"look: {names} became something else than the preview showed")
    return _ended(story, word, target, detail="; ".join(told), surprises=found)


def _refused(story: _Story, answer: Refused | Missing | Stale, also: str = "") -> Outcome:
    code = {Missing: "CONTACT_NOT_FOUND", Stale: "CONTACT_ALREADY_CHANGED"}.get(type(answer), "")
    code = answer.code if isinstance(answer, Refused) else code
    told = [answer.message, ADVICE.get(code, ""), also]
    detail = "; ".join(part.removesuffix(".") for part in told if part)
    word: Word = "unknown" if story.before else "refused"
    return _ended(story, word, code=code, detail=detail)


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
    target = story.call.target
    same = contact is not None and contact["id"] == target["id"]
    return Outcome(
        target["id"],
        word,
        code,
        target["revision"],
        int(contact["revision"]) if same else None,
        detail,
        differences,
        contact,
        step=story.call.step,
        surprises=surprises,
    )


_LATER = "merge the same plan again to look once more"
_SURE = ("applied", "already", "gone", "conflict")
