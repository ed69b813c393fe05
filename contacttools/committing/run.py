"""Run: an approved plan under way: one thread owns it, others carry out what its course asks.

It knows no HTTP: what the course asks is performed by the door it is handed, and written down
by the keeper. It touches threads, the clock it is handed, and the outcomes.
"""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from contacttools.committing.asks import Read, Write
from contacttools.committing.course import Course, Look, Step, Task
from contacttools.committing.notes import Entry, Halted, Keeper
from contacttools.committing.report import Outcome, Report
from contacttools.contact.fields import Json
from contacttools.contact.wire import Answer
from contacttools.errors import Unreachable
from contacttools.planning import render
from contacttools.planning.change import Change
from contacttools.planning.plan import Plan


class Door(Protocol):
    """What a run needs of the site."""

    def perform(self, change: Change, ask: Read | Write, stop: threading.Event) -> Answer:
        """Carry out one ask; raise Unreachable when the whole run should stop."""
        ...

    def look(self, changes: Sequence[Change], stop: threading.Event) -> Mapping[str, Json]:
        """Return the contacts as they are now, by id, where they could be had at once."""
        ...


class Clock(Protocol):
    """What a run needs of time."""

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        ...

    def wait(self, seconds: float, until: threading.Event) -> None:
        """Wait, or until the event is set."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come.

    Attributes
    ----------
    done, total : int
        Updates planned, and those that have an outcome.
    counts : Counter
        Updates by outcome.
    seconds : float
        Since the start; until the end, once there is one.
    seconds_left : float or None
        A guess: from the pace so far, before that from the pace that the site is asked at.
    state : {"under way", "paused", "stopping", "ended"}
    """

    done: int
    total: int
    counts: Counter[str]
    seconds: float
    seconds_left: float | None = None
    state: str = "under way"

    def __str__(self) -> str:
        counts = ", ".join(f"{n:,} {word}" for word, n in self.counts.items())
        told = [f"{self.state}, {self.done:,} of {self.total:,}", counts]
        if self.state != "ended" and self.seconds_left is not None:
            told.append(f"{render.duration(self.seconds_left)} left")
        return "; ".join(each for each in told if each)


class Run:
    """A commit under way. It goes on while other cells run, until it ends or is stopped.

    However it stops, its journal keeps what happened: committing the same plan again, or
    `Site.resume`, takes it up where it was.

    Attributes
    ----------
    plan : Plan
        What was approved.
    """

    def __init__(
        self,
        plan: Plan,
        door: Door,
        site: str,
        clock: Clock,
        *,
        course: Course,
        keeper: Keeper,
        seconds_each: float = 0.0,
        note: str = "",
        close: Callable[[], object] = lambda: None,
    ) -> None:
        self.plan = plan
        self._door = door
        self._site = site
        self._clock = clock
        self._course = course
        self._keeper = keeper
        self._seconds_each = seconds_each
        self._close = close
        self._began = clock.monotonic()
        self._before = len(course.outcomes)  # settled by an earlier run
        self._ended: float | None = None
        self._note = note
        self._failure: Exception | None = None  # of a rule, in whatever thread it was asked
        self._lock = threading.RLock()  # around the course and the keeper
        self._stop = threading.Event()
        self._news = threading.Event()
        self._finished = threading.Event()
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._workers: list[threading.Thread] = []
        self._idle = 0
        self._thread = threading.Thread(target=self._main, name="contacttools-commit", daemon=True)

    @classmethod
    def of_the_past(cls, plan: Plan, site: str, clock: Clock, course: Course, note: str) -> Run:
        """Return a run that has ended, from what its journal holds; it asks for nothing."""
        nobody: Any = None  # neither a door nor a keeper is needed any more
        run = cls(plan, nobody, site, clock, course=course, keeper=nobody, note=note)
        course.stop(note)
        course.abandon()
        course.entries()
        run._ended = run._began
        run._finished.set()
        return run

    # -- for those who watch ----------------------------------------------------------------

    def start(self) -> None:
        """Begin; a run begins once."""
        self._thread.start()

    def pause(self) -> None:
        """Send nothing more until `resume`; what is on its way is waited for."""
        self._course.paused = True

    def resume(self) -> None:
        """Go on after `pause`."""
        self._course.paused = False
        self._news.set()

    def cancel(self) -> None:
        """Stop after the contact in hand; what was not sent is reported as not_sent."""
        self._halt("stopped on request")

    def abandon(self) -> None:
        """Stop at once: an update whose answer is still awaited is reported as unknown."""
        self.cancel()
        with self._lock:
            if not self._finished.is_set():
                self._course.abandon()
                self._end()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end, at most `timeout` seconds; return whether it has come."""
        return self._finished.wait(timeout)

    @property
    def progress(self) -> Progress:
        """How far the run has come."""
        counts = self._course.counts.copy()
        done, total = sum(counts.values()), len(self.plan.changes)
        until = self._ended if self._ended is not None else self._clock.monotonic()
        seconds, mine = until - self._began, done - self._before
        each = seconds / mine if mine > 0 else self._seconds_each or None
        left = None if each is None else (total - done) * each
        return Progress(done, total, counts, seconds, left, self._state)

    @property
    def _state(self) -> str:
        if self._finished.is_set():
            return "ended"
        if self._stop.is_set():
            return "stopping"
        return "paused" if self._course.paused else "under way"

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What has an outcome so far, in the order in which it came."""
        with self._lock:
            return tuple(self._course.outcomes.values())

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
        outcomes = tuple(self._course.outcomes[each.key] for each in self.plan.changes)
        cut = any(each.outcome in ("not_sent", "unknown") for each in outcomes)
        note = self._course.why if cut else ""
        return Report(self.plan, outcomes, self._site, note or self._note)

    def undo_plan(
        self, contacts: Iterable[str] | None = None, fields: Iterable[str] | None = None
    ) -> Plan:
        """Return a plan that restores what this run replaced; see `Report.undo_plan`."""
        return self.report.undo_plan(contacts, fields)

    def __repr__(self) -> str:
        see = "; see its .report" if self._finished.is_set() else ""
        return f"<Run of plan {self.plan.id[:12]}: {self.progress}{see}>"

    # -- the thread that owns it ------------------------------------------------------------

    def _main(self) -> None:
        try:
            while not self._finished.is_set():
                self._check()
                with self._lock:
                    now = self._clock.monotonic()
                    tasks = self._course.take(now)
                    try:
                        self._write_down()
                    except BaseException:
                        self._course.put_back(tasks)  # what is not written down is not sent
                        raise
                    if self._course.ended:
                        return
                    wake = self._course.wake(now)
                for task in tasks:
                    self._hand_out(task)
                if not tasks:
                    self._rest(None if wake is None else wake - now)
        except Exception as error:  # noqa: BLE001 - a report is owed whatever happens
            self._note = _told(error)
            self._halt(self._note)
            with self._lock:
                self._course.abandon()
        finally:
            with self._lock:
                self._end()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _rest(self, seconds: float | None) -> None:
        """Wait for news, or for the moment when there is something to do without any."""
        if seconds is None:
            self._news.wait()
        else:
            self._clock.wait(seconds, self._news)
        self._news.clear()

    def _write_down(self) -> None:
        entries: list[Entry] = self._course.entries()
        if entries:
            self._keeper.note(entries)

    def _end(self) -> None:
        """Say that the run has ended, once, and let go of what it held."""
        if self._finished.is_set():
            return
        try:
            self._write_down()
            self._keeper.note([Halted(self._course.why)])
        except Exception as error:  # noqa: BLE001 - what happened is known here nevertheless
            self._note = self._note or _told(error)
        finally:
            self._close()
            self._ended = self._clock.monotonic()
            self._finished.set()
            self._news.set()
            for _ in self._workers:
                self._tasks.put(None)

    def _halt(self, why: str) -> None:
        with self._lock:
            self._course.stop(why)
        self._stop.set()
        self._news.set()

    # -- those that carry out ---------------------------------------------------------------

    def _hand_out(self, task: Task) -> None:
        with self._lock:
            if self._idle:
                self._idle -= 1
            else:
                worker = threading.Thread(
                    target=self._work, name="contacttools-commit-worker", daemon=True
                )
                self._workers.append(worker)
                worker.start()
        self._tasks.put(task)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                if isinstance(task, Look):
                    self._take_a_look(task)
                else:
                    self._carry_out(task)
            except Exception as error:  # noqa: BLE001 - a rule that fails must not be waited for
                self._failure = self._failure or error
            with self._lock:
                self._idle += 1
            self._news.set()

    def _take_a_look(self, look: Look) -> None:
        found: Mapping[str, Json] | None = None
        try:
            found = self._door.look(look.changes, self._stop)
        except Exception as error:  # noqa: BLE001 - nobody else hears of it
            if not isinstance(error, Unreachable) or error.status in (429, 503):
                self._fail(look, error, sent=False)
                return
        with self._lock:
            self._course.looked(look, found, self._clock.monotonic())

    def _carry_out(self, step: Step) -> None:
        try:
            answer = self._door.perform(step.change, step.ask, self._stop)
        except Exception as error:  # noqa: BLE001 - nobody else hears of it
            # Of a 503 nobody knows whether it was carried out; the service said no otherwise.
            known = isinstance(error, Unreachable) and error.status != 503
            self._fail(step, error, sent=not known)
            return
        with self._lock:
            self._course.heard(step, answer, self._clock.monotonic())

    def _fail(self, task: Task, error: Exception, *, sent: bool) -> None:
        with self._lock:
            self._course.failed(task, _told(error), self._clock.monotonic(), sent=sent)
        self._stop.set()


def _told(error: Exception) -> str:
    if isinstance(error, (Unreachable, OSError)):
        return str(error)
    return f"an error in contacttools, please report it: {type(error).__name__}: {error}"
