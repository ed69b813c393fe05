"""Run: one thread carries out an approved plan, change by change, and nobody else does.

It knows no HTTP: what `commit.next_step` asks is performed by the door it is handed. It
touches the thread, the clock behind the door, and the outcomes.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from contacttools.committing import commit
from contacttools.committing.commit import Ask, Read, Waited, Write
from contacttools.committing.report import Outcome, Report
from contacttools.contact.fields import Json
from contacttools.contact.wire import Answer, Found, Lost, Refused
from contacttools.errors import Unreachable
from contacttools.planning.plan import Change, Plan

WINDOW = 100  # contacts looked at together just before they are written
_GIVE_UP = 3  # contacts in a row that could not be reached
_PARTING = 2  # reads to settle the contact in hand once the run is stopped


class Door(Protocol):
    """What a run needs of the site."""

    def perform(self, change: Change, ask: Ask, stop: threading.Event) -> Answer | Waited:
        """Carry out one ask; raise Unreachable when the whole run should stop."""
        ...

    def look(self, changes: Sequence[Change], stop: threading.Event) -> Mapping[str, Json]:
        """Return the contacts as they are now, by id, where they could be had at once."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come.

    Attributes
    ----------
    done, total : int
        Contacts.
    counts : Counter
        Contacts by outcome.
    seconds : float
        Since the start; until the end, once there is one.
    """

    done: int
    total: int
    counts: Counter[str]
    seconds: float

    @property
    def seconds_left(self) -> float | None:
        """A guess from the pace so far; None before the first contact is done."""
        if not self.done:
            return None
        return self.seconds / self.done * (self.total - self.done)


class Run:
    """A commit under way. It goes on while other cells run; `cancel` ends it between contacts.

    Attributes
    ----------
    plan : Plan
        What was approved.
    """

    def __init__(self, plan: Plan, door: Door, site: str, monotonic: Callable[[], float]) -> None:
        self.plan = plan
        self._door = door
        self._site = site
        self._monotonic = monotonic
        self._began = monotonic()
        self._ended: float | None = None
        self._lock = threading.Lock()
        self._outcomes: dict[str, Outcome] = {}
        self._counts: Counter[str] = Counter()
        self._hand: tuple[Change, list[tuple[Ask, Answer | Waited]]] | None = None
        self._asked: Ask | None = None  # what the contact in hand waits for
        self._note = ""
        self._cut = False  # something was left undone: the note is worth showing
        self._stop = threading.Event()
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._main, name="contacttools-commit", daemon=True)

    def start(self) -> None:
        """Begin; a run begins once."""
        self._thread.start()

    def cancel(self) -> None:
        """Stop after the contact in hand; what was not sent is reported as not_sent."""
        self._halt("stopped on request")

    def abandon(self) -> None:
        """Stop at once: an update whose answer is still awaited is reported as unknown."""
        self.cancel()
        self._end()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end, at most `timeout` seconds; return whether it has come."""
        return self._finished.wait(timeout)

    @property
    def progress(self) -> Progress:
        """How far the run has come."""
        with self._lock:
            done, counts = len(self._outcomes), self._counts.copy()
        until = self._ended if self._ended is not None else self._monotonic()
        return Progress(done, len(self.plan), counts, until - self._began)

    @cached_property
    def report(self) -> Report:
        """The report; only once the run has ended.

        Raises
        ------
        RuntimeError
            The run is still under way.
        """
        if not self._finished.is_set():
            why = "the run is still under way; run.wait() first"
            raise RuntimeError(why)
        outcomes = tuple(self._outcomes[each.contact_id] for each in self.plan.changes)
        return Report(self.plan, outcomes, self._site, self._note if self._cut else "")

    def __repr__(self) -> str:
        now = self.progress
        state = "ended" if self._finished.is_set() else "under way"
        counts = ", ".join(f"{n:,} {word}" for word, n in now.counts.items())
        return (
            f"<Run of plan {self.plan.id[:12]}: {state}, {now.done:,} of {now.total:,}"
            f"{f'; {counts}' if counts else ''}"
            f"{'; see its .report' if self._finished.is_set() else ''}>"
        )

    def _main(self) -> None:
        lost = 0
        try:
            for change, held in self._windows():
                outcome = self._carry_out(change, held)
                self._record(outcome)
                lost = lost + 1 if outcome.outcome in ("not_sent", "unknown") else 0
                if lost == _GIVE_UP:
                    self._halt(f"{lost} contacts in a row could not be reached: {outcome.detail}")
        finally:
            self._end()

    def _windows(self) -> Iterator[tuple[Change, Json]]:
        changes = self.plan.changes
        for start in range(0, len(changes), WINDOW):
            window = changes[start : start + WINDOW]
            held: Mapping[str, Json] = {}
            if not self._stop.is_set():
                try:
                    held = self._door.look(window, self._stop)
                except Exception as error:  # noqa: BLE001 - a report is owed whatever happens
                    self._halt(_told(error))
            for change in window:
                yield change, held.get(change.contact_id)

    def _carry_out(self, change: Change, held: Json) -> Outcome:
        # Only a newer copy says something: an old one may be behind, the revision will tell.
        known = held is not None and held["revision"] > change.revision
        seen: list[tuple[Ask, Answer | Waited]] = [(Read(), Found(held))] if known else []
        with self._lock:
            self._hand, self._asked = (change, seen), None
        try:
            outcome = self._settled(change, seen)
        except Exception as error:  # noqa: BLE001 - a report is owed whatever happens
            self._halt(_told(error))
            outcome = None
        if outcome is None:
            self._cut = True
            return commit.halted(change, self._so_far(seen), self._note)
        return outcome

    def _settled(self, change: Change, seen: list[tuple[Ask, Answer | Waited]]) -> Outcome | None:
        """Ask until the outcome is known; None when the run stops before."""
        parting = _PARTING
        while True:
            step = commit.next_step(change, seen)
            if isinstance(step, Outcome):
                return step
            if self._stop.is_set():
                if not parting or isinstance(step, Write) or not commit.settling(seen):
                    return None
                parting -= isinstance(step, Read)
            self._asked = step
            try:
                answer = self._door.perform(change, step, self._stop)
            except Unreachable as error:
                if error.status != 503:
                    self._asked = None  # nothing left, or the service said that it did nothing
                raise
            with self._lock:
                seen.append((step, answer))
                self._asked = None
            if isinstance(answer, Refused) and answer.status in (401, 403):
                self._halt(f"the service refuses whoever asks: {answer.message}")

    def _so_far(self, seen: list[tuple[Ask, Answer | Waited]]) -> commit.Seen:
        """Return what was seen; an update that still waits for its answer counts as lost."""
        if isinstance(self._asked, Write):
            return [*seen, (self._asked, Lost("not answered"))]
        return seen

    def _record(self, outcome: Outcome) -> None:
        with self._lock:
            if not self._finished.is_set():
                self._outcomes[outcome.contact_id] = outcome
                self._counts[outcome.outcome] += 1
                self._hand = None

    def _end(self) -> None:
        """Say how each remaining change ended, and that the run has."""
        with self._lock:
            if self._finished.is_set():
                return
            for change in self.plan.changes:
                if change.contact_id not in self._outcomes:
                    mine = self._hand is not None and self._hand[0] is change
                    seen = self._so_far(self._hand[1]) if mine and self._hand else []
                    outcome = commit.halted(change, seen, self._note)
                    self._outcomes[change.contact_id] = outcome
                    self._counts[outcome.outcome] += 1
                    self._cut = True
            self._ended = self._monotonic()
            self._finished.set()

    def _halt(self, why: str) -> None:
        self._note = self._note or why
        self._stop.set()


def _told(error: Exception) -> str:
    if isinstance(error, Unreachable):
        return str(error)
    return f"an error in contacttools, please report it: {type(error).__name__}: {error}"
