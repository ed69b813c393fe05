"""Course: the rules of a whole run: which change is asked about next, and when it is over. Pure.

It sends nothing and writes nothing down. Whoever drives it takes tasks, writes down the
entries that go with them, then carries the tasks out, and tells what came of each. Time is
what it is told. `run` drives it with threads, the simulation of the tests with one.
"""

from __future__ import annotations

import itertools
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from contacttools.committing import commit
from contacttools.committing.asks import Ask, Read, Rebase, Resume, Wait, Waited, Write
from contacttools.committing.notes import Ended, Entry, Note
from contacttools.committing.pressure import Pressure, Weather
from contacttools.committing.rebasing import Mode
from contacttools.committing.report import Outcome
from contacttools.contact.fields import Json
from contacttools.contact.wire import Answer, Found, Lost, NeverSent, Refused, SlowDown
from contacttools.planning.change import Change, Key

WINDOW = 200  # contacts looked at together just before they are written
DEADLINE = 300.0  # seconds for one change, waits included
_LOOKS = 5  # what a look that nobody answers counts for: it was sent so often
_PARTING = 2  # reads to settle a change once the run is stopped
_GOOD = ("applied", "already")
_OPEN = ("unknown", "not_sent")  # a later run takes these up again


@dataclass(frozen=True, slots=True)
class Look:
    """Read many contacts at once, just before they are written."""

    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """Ask one thing about one change."""

    change: Change
    ask: Read | Write


Task = Look | Step


@dataclass(slots=True)
class _Op:
    """One change on its way."""

    change: Change
    seen: list[tuple[Ask, Answer | Waited]] = field(default_factory=list)
    step: Read | Write | None = None  # what to ask next
    asked: Read | Write | None = None  # what is asked at this moment
    not_before: float = 0.0
    began: float = 0.0
    parting: int = _PARTING


class Course:
    """What a run has done, does and will do.

    Parameters
    ----------
    changes : sequence of Change
        In the order of the plan.
    mode : {"disjoint", "strict", "ask"}
    pressure : Pressure
    seen, outcomes : mapping, optional
        By key, what an earlier run of this plan left. Outcomes are final but for those that a
        run may take up again.
    backoff : callable
        From the number of an attempt to seconds.

    Attributes
    ----------
    outcomes : dict
        By key.
    why : str
        Why the run was stopped; empty while nobody stops it.
    """

    def __init__(
        self,
        changes: Sequence[Change],
        *,
        mode: Mode,
        pressure: Pressure,
        backoff: Callable[[int], float],
        seen: Mapping[Key, Sequence[tuple[Ask, Answer | Waited]]] | None = None,
        outcomes: Mapping[Key, Outcome] | None = None,
    ) -> None:
        self._mode: Mode = mode
        self._pressure = pressure
        self._backoff = backoff
        self._changes = {change.key: change for change in changes}
        self._left = {key: list(each) for key, each in (seen or {}).items()}
        self.outcomes: dict[Key, Outcome] = {
            key: each
            for key, each in (outcomes or {}).items()
            if each.outcome not in _OPEN or not self._changes[key].edits  # erased: it ends there
        }
        self.counts: Counter[str] = Counter(each.outcome for each in self.outcomes.values())
        self._pending = deque(each for each in changes if each.key not in self.outcomes)
        self._blocked: list[Change] = []
        self._active: dict[Key, _Op] = {}
        self._looked: dict[str, Json] = {}
        self._known: set[Key] = set()  # changes whose contact was looked at
        self._looking: Look | None = None
        self._entries: list[Entry] = []
        self._in_flight = 0
        self._silent = False  # nothing at all is to be asked any more
        self.why = ""
        self.paused = False

    # -- what to do -------------------------------------------------------------------------

    @property
    def ended(self) -> bool:
        """Whether every change has an outcome."""
        return len(self.outcomes) == len(self._changes)

    def entries(self) -> list[Entry]:
        """Return what is to be written down before anything else is done, and forget it."""
        entries, self._entries = self._entries, []
        return entries

    def take(self, now: float) -> list[Task]:
        """Return what to ask now; all of it is then in flight until `heard` or `failed`."""
        tasks: list[Task] = []
        if self._pressure.spent:
            self.stop("the service gave no useful answer for several minutes; commit again later")
        self._end_overdue(now)
        if self.why:
            self._wind_up()
        elif self.paused or now < self._pressure.not_before(now):
            return tasks
        while self._in_flight < self._pressure.allowed:
            probing = self._pressure.probing and not self.why
            task = self._probe() if probing else self._next(now)
            if task is None:
                break
            self._in_flight += 1
            tasks.append(task)
        return tasks

    def put_back(self, tasks: Sequence[Task]) -> None:
        """Take it that these tasks were never begun."""
        self._in_flight -= len(tasks)
        for task in tasks:
            if isinstance(task, Look):
                self._looking = None
            else:
                op = self._active[task.change.key]
                op.step, op.asked = task.ask, None

    def wake(self, now: float) -> float | None:
        """Return when there may be something to do though no answer came; None: not by itself."""
        if self.paused:
            return None
        waiting = [each for each in self._active.values() if each.asked is None]
        moments = [max(each.not_before, self._pressure.not_before(now)) for each in waiting]
        if (self._pending or waiting) and self._pressure.probing and not self._in_flight:
            moments.append(self._pressure.not_before(now))
        return min((moment for moment in moments if moment > now), default=None)

    def _next(self, now: float) -> Task | None:
        for op in self._active.values():
            if op.step is not None and (self.why or op.not_before <= now):
                return self._ask(op, op.step)
        if self.why or len(self._active) >= 2 * self._pressure.allowed:
            return None
        while self._pending:
            if self._pending[0].key not in self._known:
                return self._look()
            change = self._pending.popleft()
            if self._may_begin(change):
                op = self._begin(change, now)
                if op.step is not None and op.not_before <= now:
                    return self._ask(op, op.step)
        return None

    def _probe(self) -> Task | None:
        """Ask something small and harmless, to find out whether the service answers again."""
        waiting = (each for each in self._active.values() if isinstance(each.step, Read))
        if op := next(waiting, None):
            return self._ask(op, Read())
        changes = itertools.chain((op.change for op in self._active.values()), self._pending)
        self._looking = Look(tuple(itertools.islice(changes, 1)))
        return self._looking

    def _look(self) -> Task | None:
        """Look at the next contacts, unless a look is under way."""
        if self._looking is not None:
            return None
        self._looking = Look(tuple(itertools.islice(self._pending, WINDOW)))
        return self._looking

    def _may_begin(self, change: Change) -> bool:
        """Say whether all that a change needs is written; else let it wait, or end it."""
        missing = [key for key in change.needs if key not in self.outcomes]
        if missing:
            self._blocked.append(change)
            return False
        failed = [key for key in change.needs if self.outcomes[key].outcome not in _GOOD]
        if failed:
            contact_id, _ = failed[0]
            ended = self.outcomes[failed[0]].outcome
            why = (
                f"it needs what contact {contact_id} holds, whose own update ended as {ended}; "
                "settle that one and plan again"
            )
            self._end(change.key, commit.halted(change, (), why), final=True)
            return False
        return True

    def _begin(self, change: Change, now: float) -> _Op:
        op = _Op(change, list(self._left.pop(change.key, ())), began=now)
        self._active[change.key] = op
        held = self._held(change)
        standing = commit.standing(change, op.seen)
        # An older copy says nothing: it may be behind, the revision will tell.
        if held is not None and (
            held["revision"] > standing.revision or commit.otherwise(standing, held)
        ):
            self._seen(op, Read(), Found(held))
        if op.seen:
            self._advance(op, now)
        elif held is None and change.carried:
            op.step = Read()  # what travels along unseen is sent only as it is there
        else:
            self._advance(op, now)
        return op

    def _held(self, change: Change) -> Json:
        """Return the latest copy of a contact that was seen, by the look or by its first step."""
        earlier = self.outcomes.get((change.contact_id, change.step - 1))
        copies = [earlier and earlier.contact, self._looked.pop(change.contact_id, None)]
        return max(filter(None, copies), key=lambda each: int(each["revision"]), default=None)

    def _ask(self, op: _Op, ask: Read | Write) -> Step:
        op.step, op.asked = None, ask
        if isinstance(ask, Write):
            self._entries.append(Note(op.change.key, ask, None))
        return Step(op.change, ask)

    def _advance(self, op: _Op, now: float) -> None:
        """Find out what one change needs next, as far as nobody has to be asked."""
        while True:
            step = commit.next_step(op.change, op.seen, self._mode)
            match step:
                case Outcome():
                    self._end(op.change.key, step, final=not commit.denied(op.seen[-1][1]))
                    return
                case Read() | Write():
                    op.step = step
                    return
                case Wait(attempt=attempt):
                    op.not_before = now + self._backoff(attempt)
                    op.seen.append((step, Waited()))
                case Rebase() | Resume():
                    self._seen(op, step, Waited())
                case _:
                    assert_never(step)

    def _seen(self, op: _Op, ask: Ask, answer: Answer | Waited) -> None:
        op.seen.append((ask, answer))
        self._entries.append(Note(op.change.key, ask, answer))

    # -- what came of it --------------------------------------------------------------------

    def looked(self, look: Look, found: Mapping[str, Json] | None, now: float) -> None:
        """Take the contacts that a look found; None: nobody answered, also not when asked again."""
        self._in_flight -= 1
        self._looking = None
        if found is None:
            for _ in range(_LOOKS):
                self._pressure.learn("lost", now)
            return
        self._pressure.learn("clear", now)
        self._looked.update(found)
        self._known.update(each.key for each in look.changes)

    def heard(self, step: Step, answer: Answer, now: float) -> None:
        """Take the answer to what was asked about one change."""
        self._in_flight -= 1
        self._pressure.learn(_weather(answer), now)
        self._answered(step, answer, now)

    def failed(self, task: Task, why: str, now: float, *, sent: bool) -> None:
        """Take it that a task could not be carried out, and that the run cannot go on.

        `sent` says that an update may have left nevertheless.
        """
        self._in_flight -= 1
        self._silent = True
        self.stop(why)
        if isinstance(task, Look):
            self._looking = None
        else:
            self._answered(task, Lost(why) if sent else NeverSent(why), now)

    def _answered(self, task: Step, answer: Answer, now: float) -> None:
        op = self._active.get(task.change.key)
        if op is None:  # ended without waiting for it
            return
        op.asked = None
        op.parting -= bool(self.why) and isinstance(task.ask, Read)
        self._seen(op, task.ask, answer)
        if isinstance(answer, Refused) and commit.denied(answer):
            self.stop(f"the service refuses whoever asks: {answer.message}")
        self._advance(op, now)

    # -- how it ends ------------------------------------------------------------------------

    def stop(self, why: str) -> None:
        """Begin nothing any more; what is under way is settled where a read or two can do it."""
        self.why = self.why or why

    def abandon(self) -> None:
        """End at once: an update whose answer is still awaited counts as lost."""
        self.stop("stopped on request")
        for op in list(self._active.values()):
            if op.asked is not None:
                self._seen(op, op.asked, Lost("not answered before the run ended"))
                op.asked = None
            self._give_up(op)
        self._wind_up()

    def _wind_up(self) -> None:
        for op in list(self._active.values()):
            reading = isinstance(op.step, Read) and op.parting > 0 and not self._silent
            if op.asked is None and not (reading and commit.settling(op.change, op.seen)):
                self._give_up(op)
        if not self._active:
            for change in (*self._blocked, *self._pending):
                seen = self._left.get(change.key, ())
                self._end(change.key, commit.halted(change, seen, self.why), final=False)
            self._blocked.clear()
            self._pending.clear()

    def _end_overdue(self, now: float) -> None:
        for op in list(self._active.values()):
            if op.asked is None and now - op.began > DEADLINE:
                why = f"not settled within {DEADLINE / 60:.0f} minutes"
                self._end(op.change.key, commit.halted(op.change, op.seen, why))

    def _give_up(self, op: _Op) -> None:
        self._end(op.change.key, commit.halted(op.change, op.seen, self.why), final=False)

    def _end(self, key: Key, outcome: Outcome, *, final: bool = True) -> None:
        """Keep how a change ended; what a stop left open is not written down as an end."""
        self._active.pop(key, None)
        self.outcomes[key] = outcome
        self.counts[outcome.outcome] += 1
        if final:
            self._entries.append(Ended(key, outcome))
        self._unblock()

    def _unblock(self) -> None:
        if self._blocked:
            self._pending.extendleft(reversed(self._blocked))
            self._blocked.clear()


def _weather(answer: Answer) -> Weather:
    match answer:
        case SlowDown():
            return "busy"
        case Lost(weather=weather):
            return weather
        case NeverSent():
            return "lost"
        case _:
            return "clear"


__all__ = ["DEADLINE", "WINDOW", "Course", "Look", "Step", "Task"]
