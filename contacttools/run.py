"""Run: one thread carries out an approved plan, change by change, and nobody else does.

It knows no HTTP: what `commit.next_step` asks is performed by the door it is handed. It
touches the thread, the clock behind the door, and the outcomes.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from contacttools import commit
from contacttools.commit import Ask, Read, Waited, Write
from contacttools.errors import Unreachable
from contacttools.fields import Json
from contacttools.plan import Change, Plan
from contacttools.report import Outcome, Report
from contacttools.wire import Answer, Found, Refused

WINDOW = 100  # contacts looked at together just before they are written
_GIVE_UP = 3  # contacts in a row that could not be reached


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
    """How far a run has come."""

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
    """A commit under way. It goes on while other cells run; `cancel` ends it between contacts."""

    def __init__(self, plan: Plan, door: Door, site: str, monotonic: Callable[[], float]) -> None:
        self.plan = plan
        self._door = door
        self._site = site
        self._monotonic = monotonic
        self._began = monotonic()
        self._ended: float | None = None
        self._outcomes: dict[str, Outcome] = {}
        self._note = ""
        self._failure: BaseException | None = None
        self._stop = threading.Event()
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._main, name="contacttools-commit", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def cancel(self) -> None:
        """Stop after the contact in hand; what was not sent is reported as not_sent."""
        self._note = self._note or "stopped on request"
        self._stop.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end, at most `timeout` seconds; return whether it has come."""
        return self._finished.wait(timeout)

    @property
    def progress(self) -> Progress:
        """How far the run has come."""
        outcomes = list(self._outcomes.values())
        until = self._ended if self._ended is not None else self._monotonic()
        counts = Counter(str(each.outcome) for each in outcomes)
        return Progress(len(outcomes), len(self.plan), counts, until - self._began)

    @property
    def report(self) -> Report:
        """The report; only once the run has ended."""
        if not self._finished.is_set():
            why = "the run is still under way; run.wait() first"
            raise RuntimeError(why)
        if self._failure is not None:
            raise self._failure
        outcomes = tuple(self._outcomes[each.contact_id] for each in self.plan.changes)
        return Report(self.plan, outcomes, self._site, self._note)

    def __repr__(self) -> str:
        now = self.progress
        state = "ended" if self._finished.is_set() else "under way"
        counts = ", ".join(f"{n:,} {word}" for word, n in now.counts.items())
        return (
            f"<Run of plan {self.plan.id[:12]}: {state}, {now.done:,} of {now.total:,}; {counts}>"
        )

    def _main(self) -> None:
        try:
            for change, held in self._windows():
                self._outcomes[change.contact_id] = self._carry_out(change, held)
                self._give_up()
        except BaseException as failure:  # noqa: BLE001 - shown to whoever asks for the report
            self._failure = failure
        finally:
            self._ended = self._monotonic()
            self._finished.set()

    def _windows(self) -> Iterator[tuple[Change, Json]]:
        changes = self.plan.changes
        for start in range(0, len(changes), WINDOW):
            window = changes[start : start + WINDOW]
            held: Mapping[str, Json] = {}
            if not self._stop.is_set():
                try:
                    held = self._door.look(window, self._stop)
                except Unreachable as error:
                    self._halt(str(error))
            for change in window:
                yield change, held.get(change.contact_id)

    def _carry_out(self, change: Change, held: Json) -> Outcome:
        # Only a newer copy says something: an old one may be behind, the revision will tell.
        known = held is not None and held["revision"] > change.revision
        seen: list[tuple[Ask, Answer | Waited]] = [(Read(), Found(held))] if known else []
        while True:
            step = commit.next_step(change, seen)
            if isinstance(step, Outcome):
                return step
            sent = any(isinstance(ask, Write) for ask, _ in seen)
            if self._stop.is_set() and not sent:
                return commit.halted(change, seen, self._note)
            try:
                answer = self._door.perform(change, step, self._stop)
            except Unreachable as error:
                self._halt(str(error))
                return commit.halted(change, seen, self._note)
            seen.append((step, answer))
            if isinstance(answer, Refused) and answer.status in (401, 403):
                self._halt(f"the service refuses the key: {answer.message}")

    def _halt(self, why: str) -> None:
        self._note = self._note or why
        self._stop.set()

    def _give_up(self) -> None:
        last = list(self._outcomes.values())[-_GIVE_UP:]
        lost = [each.outcome in ("not_sent", "unknown") for each in last]
        if len(last) == _GIVE_UP and all(lost) and not self._stop.is_set():
            self._halt(f"{_GIVE_UP} contacts in a row could not be reached: {last[-1].detail}")
