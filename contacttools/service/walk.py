"""Walk: a plan of merges being carried out, one after the other, in the thread of whoever asks.

What the rules in `merging.protocol` and `committing.commit` want is sent through transport, and
written down in the journal before and after.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tqdm.auto import tqdm

from contacttools.committing import commit
from contacttools.committing.asks import Read, Rebase, Resume, Wait, Waited, Write
from contacttools.committing.notes import Ended, Halted, Note
from contacttools.committing.report import Outcome, Word
from contacttools.contact import wire
from contacttools.contact.fields import Json
from contacttools.contact.wire import Answer, Lost, NeverSent, Refused
from contacttools.errors import ApiError, Unreachable
from contacttools.journal.book import Book
from contacttools.journal.merges import MergeStory
from contacttools.merging import protocol
from contacttools.merging.group import Call, Merge
from contacttools.merging.mergereport import MergeReport
from contacttools.merging.notes import Answered, Copies, Sending
from contacttools.merging.protocol import Look, Looked, Preview, Send
from contacttools.planning.change import Change, Key
from contacttools.service import calls, pacing
from contacttools.service.calls import Request
from contacttools.service.transport import Transport, believed

_DONE = ("applied", "already")
_OPEN = ("unknown", "not_sent")  # taken up again: not written down as an end


class _Halt(Exception):
    """The run cannot go on, and why."""


class Walk:
    """One plan of merges on its way, group by group.

    Parameters
    ----------
    transport : Transport
    story : MergeStory
        What the journal tells so far.
    book : Book or None
        The journal; None to look only.
    """

    def __init__(self, transport: Transport, story: MergeStory, book: Book | None) -> None:
        self._transport, self._book = transport, book
        self._story, self._plan = story, story.plan
        self._seen: dict[Key, list[Any]] = {key: list(each) for key, each in story.seen.items()}
        self._outcomes: dict[Key, Outcome] = dict(story.outcomes)
        self._copies = dict(story.copies)
        self._site_name = story.site
        self._note = ""

    def report(self, broken_off: str = "") -> MergeReport:
        """Return how every step ended; what has no end yet was not settled or not sent."""
        outcomes = []
        for each in self._plan.merges:
            for key in each.steps:
                if key not in self._outcomes:
                    why = self._note or broken_off
                    self._outcomes[key] = self._halted(each, key, why)
                outcomes.append(self._outcomes[key])
        unfinished = any(each.outcome in _OPEN for each in outcomes)
        note = self._note or (broken_off if unfinished else "")
        return MergeReport(self._plan, tuple(outcomes), self._site_name, note, self._copies)

    def _halted(self, each: Merge, key: Key, why: str) -> Outcome:
        seen = self._seen.get(key, [])
        if key[1] == 1 and each.update is not None:
            return commit.halted(each.update, seen, why)
        return protocol.halted(each.call(key[1], self._before(each, key)), seen, why)

    def go(self) -> None:
        """Carry out what is left."""
        left = [each for each in self._plan.merges if not self._outcomes.keys() >= set(each.steps)]
        if not left:
            self._note = (
                (
                    "these were merged before, the last of it at "
                    f"{self._story.touched:%Y-%m-%d %H:%M} UTC; nothing was sent now"
                )
                if self._plan.merges
                else ""
            )
            return
        try:
            for each in tqdm(left, desc="merge", unit="", delay=1.0, leave=False, disable=None):
                self._group(each)
        except _Halt as halt:
            self._note = str(halt)
        except OSError as error:  # the disk, or the network
            self._note = str(error)
        with contextlib.suppress(OSError):
            self._noted(Halted(self._note))

    def _noted(self, *entries: Any) -> None:  # noqa: ANN401 - any entry of a journal
        if self._book is not None:
            self._book.note(entries)

    def _end(self, outcome: Outcome, *, final: bool = False) -> None:
        self._outcomes[outcome.key] = outcome
        if final or outcome.outcome not in _OPEN:
            self._noted(Ended(outcome.key, outcome))

    def _before(self, each: Merge, key: Key) -> Json:
        """Return the target as the step before a merge left it; None: as it was fetched."""
        earlier = self._outcomes.get((key[0], key[1] - 1))
        return earlier.contact if earlier is not None and key in each.steps else None

    def _group(self, each: Merge) -> None:
        for key in each.steps:
            if key in self._outcomes:
                continue
            earlier = self._outcomes.get((key[0], key[1] - 1))
            if earlier is not None and earlier.outcome not in _DONE:
                detail = f"the step before it ended as {earlier.outcome}; nothing was merged"
                failed = Outcome(key[0], "not_sent", detail=detail, step=key[1])
                self._end(failed, final=earlier.outcome not in _OPEN)
            elif key[1] == 1 and each.update is not None:
                self._update(each, each.update)
            else:
                ended = self._merge(each.call(key[1], self._before(each, key)))
                if ended is not None:
                    self._end(ended)

    # -- the update that keeps chosen values --------------------------------------------------

    def _update(self, each: Merge, change: Change) -> None:
        """Write the chosen values to the target, once it is clear that the merge could follow."""
        seen = self._seen.setdefault(change.key, [])
        if not any(isinstance(ask, Write) for ask, _ in seen):
            obstacle = self._merge(each.call(2), only_look=True)
            if obstacle is not None:
                why = f"its merge cannot be made ({obstacle.outcome}), so nothing was written"
                word: Word = "conflict" if obstacle.outcome == "conflict" else "not_sent"
                ended = commit.halted(change, seen, why)
                self._end(replace(ended, outcome=word), final=obstacle.outcome not in _OPEN)
                self._end(obstacle)
                return
        while True:
            step = commit.next_step(change, seen, "strict")
            match step:
                case Outcome():
                    self._end(step)
                    return
                case Wait():
                    self._pause(step)
                    answer: Any = Waited()
                case Rebase() | Resume():
                    answer = Waited()
                case Read():
                    answer = self._performed(calls.get_contact(change.contact_id))
                case Write(revision, info, twins):
                    self._noted(Note(change.key, step, None))
                    request = calls.update_contact(
                        change.contact_id, info, revision, allow_duplicates=twins
                    )
                    answer = self._sent(request)
            seen.append((step, answer))
            self._noted(Note(change.key, step, answer))
            self._go_on(answer)

    # -- one merge ------------------------------------------------------------------------------

    def _merge(self, call: Call, *, only_look: bool = False) -> Outcome | None:
        """Carry out one merge and return how it ended; only looking, None if it could be sent."""
        seen = [] if only_look else self._seen.setdefault(call.key, [])
        documents: Json = {}
        while True:
            step = protocol.next_step(call, seen)
            answer: Any
            match step:
                case Outcome():
                    return step
                case Wait():
                    self._pause(step)
                    answer = Waited()
                case Resume():
                    answer = Waited()
                case Preview():
                    answer = self._performed(
                        calls.preview_merge(call.target["id"], call.source_ids)
                    )
                case Look():
                    documents = self._looked(call.members)
                    answer = Looked(documents)
                case Send(revision) if not only_look:
                    # The copies and the intention are on the disk before anything leaves.
                    self._noted(Copies(call.key, documents), Sending(call.key, revision))
                    self._copies |= documents
                    request = calls.merge(call.target["id"], call.source_ids, revision)
                    answer = self._sent(request)
                case _:
                    return None
            seen.append((step, answer))  # known here, also where it cannot be written down
            if isinstance(step, Send):
                self._noted(Answered(call.key, step.revision, answer))
            self._go_on(answer)

    def _looked(self, contact_ids: Iterable[str]) -> dict[str, Json]:
        found: dict[str, Json] = {}
        for each in contact_ids:
            try:
                body = self._transport.read(calls.get_contact(each))
                found[each] = believed(wire.one_contact, body)
            except ApiError as error:
                if error.status != 404:
                    raise _Halt(str(error)) from None
                found[each] = None
        return found

    def _performed(self, request: Request) -> Answer:
        """Ask what changes nothing."""
        try:
            return self._told(request)
        except Unreachable as error:
            raise _Halt(str(error)) from None

    def _sent(self, request: Request) -> Answer:
        """Send what changes something, once."""
        try:
            return self._told(request)
        except Unreachable as error:
            # Of a 503 nobody knows whether it was carried out; the service said no otherwise.
            self._note = str(error)
            return Lost(str(error)) if error.status == 503 else NeverSent(str(error))

    def _told(self, request: Request) -> Answer:
        answer = self._transport.tell(request)
        if isinstance(answer, Refused) and answer.status in (401, 403):
            why = f"{answer.message.removesuffix('.')}; {self._transport.advice(request.right)}"
            return replace(answer, message=why)
        return answer

    def _pause(self, wait: Wait) -> None:
        pacer = self._transport.pacer
        pacer.clock.wait(pacing.backoff(wait.attempt), pacer.never)

    def _go_on(self, answer: object) -> None:
        """Halt where the service lets nobody in, or wants more patience than we lend."""
        if isinstance(answer, Refused) and answer.status in (401, 403):
            why = f"the service refuses whoever asks: {answer.message}"
            raise _Halt(why)
        if self._note:
            raise _Halt(self._note)
