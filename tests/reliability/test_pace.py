"""A paced commit takes as long as its pace asks for, and hardly longer. Nobody waits for it.

The run, its threads and the pacer are the real ones. Time is a number that moves on when everybody
waits: the course is asked for tasks, and told answers, in sight of the clock.
"""

import threading

import pytest
from reliability.figures import record
from test_run import Book, document, plan_of

from contacttools.committing.course import Course
from contacttools.committing.pressure import BEGIN, PACED, Pressure
from contacttools.committing.run import Run
from contacttools.contact.wire import Written
from contacttools.service.pacing import Pacer, backoff

PACE = 150  # requests a minute
LATENCY = 0.8  # seconds
STEADY = 20  # answers until a second request may be in flight


class Clock:
    """Time that passes when whoever has a task waits, and the run has no other to hand out."""

    def __init__(self):
        self._turn = threading.Condition()
        self._now = 0.0
        self._moments = []  # that somebody waits for
        self._flying = 0  # tasks that were handed out and not answered
        self._settled = False  # the run was asked for tasks since the last answer, and has none

    def monotonic(self):
        with self._turn:
            return self._now

    def wait(self, seconds, _until):
        with self._turn:
            moment = self._now + seconds
            self._moments.append(moment)
            self._pass_time()
            assert self._turn.wait_for(lambda: self._now >= moment, timeout=60)

    def taken(self, tasks):
        """The run was asked for tasks and gave these."""
        with self._turn:
            self._flying += tasks
            self._settled = not tasks
            self._pass_time()

    def answered(self):
        """The run was told an answer, and may have more tasks for it."""
        with self._turn:
            self._flying -= 1
            self._settled = False

    def _pass_time(self):
        if self._settled and self._moments and len(self._moments) == self._flying:
            self._now = min(self._moments)
            self._moments = [each for each in self._moments if each > self._now]
            self._turn.notify_all()


class Watched(Course):
    """A course that lets a clock know when it has no more to do for now."""

    def __init__(self, clock, *given, **more):
        super().__init__(*given, **more)
        self._clock = clock

    def take(self, now):
        tasks = super().take(now)
        self._clock.taken(len(tasks))
        return tasks

    def heard(self, step, answer, now):
        self._clock.answered()
        super().heard(step, answer, now)

    def looked(self, look, found, now):
        self._clock.answered()
        super().looked(look, found, now)


class Door:
    """A service that takes its time for everything, behind a pacer."""

    def __init__(self, clock):
        self.asked, self.requests = [], 0
        self._clock = clock
        self._pacer = Pacer(PACE, clock)
        self._lock = threading.Lock()

    def _take_time(self, stop):
        assert self._pacer.slot(stop)
        with self._lock:
            self.requests += 1
        self._clock.wait(LATENCY, self._pacer.never)

    def perform(self, change, _ask, stop):
        self._take_time(stop)
        return Written(document(change))

    def look(self, changes, stop):
        self._take_time(stop)
        return {each.contact_id: document(each, 5, "Old") for each in changes}


@pytest.mark.parametrize("contacts", [100, 1_000])
def test_a_paced_commit_takes_what_its_pace_asks_for(contacts, capsys):
    """With 0.8 s for each answer it is less than 5 % more."""
    clock, plan = Clock(), plan_of(contacts)
    door = Door(clock)
    course = Watched(
        clock, plan.changes, mode="disjoint", pressure=Pressure(PACED, BEGIN), backoff=backoff
    )
    run = Run(plan, door, "sandbox", clock, course=course, keeper=Book(door))
    run.start()
    assert run.wait(60)
    assert {"applied": contacts} == run.report.counts
    allowed = door.requests * 60 / PACE
    took = run.progress.seconds
    record(
        capsys, "pace", contacts=contacts, requests=door.requests, seconds=round(took, 1),
        pace_allows=round(allowed, 1), ratio=round(took / allowed, 4),
    )  # fmt: skip
    assert took <= 1.05 * allowed
