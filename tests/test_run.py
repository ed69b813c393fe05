"""A run: one thread, one report, whatever happens on the way. Through a scripted door."""

import threading
from collections import Counter
from dataclasses import replace

import pytest
from served import VirtualClock

from contacttools.committing.asks import Read, Resume, Waited, Write
from contacttools.committing.course import WINDOW, Course
from contacttools.committing.pressure import Pressure
from contacttools.committing.report import Outcome
from contacttools.committing.run import Run
from contacttools.contact.wire import Found, Lost, Refused, SlowDown, Stale, Written
from contacttools.errors import Unreachable
from contacttools.planning.change import Change, Edit
from contacttools.planning.plan import Plan

SITE = "site"
BASE = {"company": "Old", "name.first": "Ann"}


def plan_of(n):
    """Return a plan of n contacts."""
    changes = tuple(
        Change(f"c{k:03}", 5, (Edit("company", "Old", "New"),), BASE, f"Name {k}") for k in range(n)
    )
    return Plan(SITE, changes)


def document(change, revision=6, company="New"):
    """Return a planned contact as the service holds it."""
    info = {"company": company, "name": {"first": "Ann"}}
    return {"id": change.contact_id, "revision": revision, "info": info}


class Door:
    """Answers by a script: a function of the change and what is asked; else all goes well."""

    def __init__(self, script=None, look=None):
        self.asked = []
        self.looks = []
        self._script = script or (lambda *_: None)
        self._look = look or (lambda _: {})

    def perform(self, change, ask, _stop):
        self.asked.append((change.contact_id, type(ask).__name__))
        answer = self._script(change, ask)
        return Written(document(change)) if answer is None else answer

    def look(self, changes, _stop):
        self.looks.append(len(changes))
        return self._look(changes)


class Book:
    """A journal that remembers what was noted, and when: before which call."""

    def __init__(self, door, fail_at=None):
        self.entries, self.before = [], []
        self._door, self._fail_at = door, fail_at

    def note(self, entries):
        if self._fail_at is not None and len(self.before) >= self._fail_at:
            why = "the disk is full; make room, then commit again"
            raise OSError(why)
        self.entries += entries
        self.before += [len(self._door.asked)] * len(entries)


def run_of(plan, door, *, clock=None, book=None, most=1, **earlier):
    """Return a run of a plan, one change after another."""
    course = Course(
        plan.changes, mode="disjoint", pressure=Pressure(most), backoff=lambda _: 1.0, **earlier
    )
    keeper = book or Book(door)
    return Run(plan, door, "sandbox", clock or VirtualClock(), course=course, keeper=keeper)


def carried_out(plan, door, **more):
    """Run a plan to its end and return the report."""
    run = run_of(plan, door, **more)
    run.start()
    assert run.wait(30)
    return run.report


def words(report):
    """Return the outcomes in the plan's order."""
    return [each.outcome for each in report.outcomes]


def test_a_clean_run_asks_for_one_update_per_contact():
    """Nothing but one write each, after one look per window."""
    door = Door()
    report = carried_out(plan_of(WINDOW + 3), door)
    assert [(f"c{k:03}", "Write") for k in range(WINDOW + 3)] == door.asked
    assert [WINDOW, 3] == door.looks
    assert Counter(applied=WINDOW + 3) == report.counts
    assert "" == report.note


def test_a_plan_of_nothing_ends_at_once():
    """An empty plan has an empty report and asks nothing."""
    door = Door()
    report = carried_out(plan_of(0), door)
    assert (0, [], []) == (len(report), door.asked, door.looks)


def test_what_the_look_shows_changed_is_not_sent():
    """A newer copy at the look is a conflict without any request; an older one says nothing."""
    plan = plan_of(3)
    newer, older, _ = plan.changes
    shown = {
        newer.contact_id: document(newer, 9, "Theirs"),
        older.contact_id: document(older, 4, "Older"),
    }
    door = Door(look=lambda _: shown)
    assert ["conflict", "applied", "applied"] == words(carried_out(plan, door))
    assert [("c001", "Write"), ("c002", "Write")] == door.asked


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_stops_the_run(status):
    """The contact in hand is refused, nothing else is sent, and the note says why."""

    def script(change, ask):
        if change.contact_id == "c001":
            return Refused(status, "NO", "who are you")
        return None

    door = Door(script)
    report = carried_out(plan_of(4), door)
    assert ["applied", "refused", "not_sent", "not_sent"] == words(report)
    assert 2 == len(door.asked)
    assert "who are you" in report.note
    assert "who are you" in report.outcomes[3].detail


def test_an_unreachable_service_stops_the_run():
    """What was not sent is not_sent; a change whose update was lost before is unknown."""
    script = iter([Lost("no answer")])

    def answer(change, ask):
        if change.contact_id == "c001":
            if isinstance(ask, Write):
                return next(script)
            raise Unreachable("asks to wait for an hour")
        return None

    report = carried_out(plan_of(3), Door(answer))
    assert ["applied", "unknown", "not_sent"] == words(report)
    assert "asks to wait for an hour" == report.note


def test_an_unreachable_look_stops_the_run():
    """Where not even a look is answered, nothing is sent; nor where it asks for patience."""

    def look(changes):
        raise Unreachable("down")

    door = Door(look=look)
    report = carried_out(plan_of(2), door)
    assert (["not_sent", "not_sent"], []) == (words(report), door.asked)
    assert "no useful answer" in report.note

    def wait(changes):
        raise Unreachable("wait an hour", status=429)

    report = carried_out(plan_of(2), Door(look=wait))
    assert (["not_sent", "not_sent"], "wait an hour") == (words(report), report.note)


def test_a_dead_line_is_not_tried_for_a_thousand_contacts():
    """Some contacts, then a pause and a look; after the third such look the rest is not sent."""
    door, clock = Door(lambda *_: SlowDown(None), lambda _: None), VirtualClock()
    looks = iter([{}])

    def look(changes):
        found = next(looks, None)
        if found is None:
            raise Unreachable("no answer")
        return found

    door = Door(lambda *_: SlowDown(None), look)
    report = carried_out(plan_of(50), door, clock=clock)
    assert Counter(not_sent=50) == report.counts
    assert len({contact_id for contact_id, _ in door.asked}) <= 8
    assert [1, 1, 1] == door.looks[1:]
    assert 3 == len([wait for wait in clock.waits if wait >= 50])
    assert "no useful answer for several minutes" in report.note


def test_a_line_that_comes_back_is_used_again():
    """After the pause one look is answered, and the run goes on by itself."""
    troubled = iter(range(22))

    def script(change, ask):
        return SlowDown(None) if next(troubled, None) is not None else None

    report = carried_out(plan_of(30), Door(script))
    assert {"applied", "not_sent"} == set(report.counts)
    assert report.counts["not_sent"] <= 6


@pytest.mark.parametrize(("asked", "word"), [("update", "unknown"), ("look", "not_sent")])
def test_an_error_of_ours_still_gives_a_report(asked, word):
    """An unexpected exception ends the run, not the report: who was in hand may be written."""

    def fail(*_):
        raise ZeroDivisionError("by us")

    door = Door(
        (lambda change, _: fail() if change.contact_id == "c001" else None)
        if asked == "update"
        else None,
        fail if asked == "look" else None,
    )
    report = carried_out(plan_of(3), door)
    first = "applied" if asked == "update" else "not_sent"
    assert [first, word, "not_sent"] == words(report)
    assert "ZeroDivisionError: by us" in report.note


def test_a_contact_nobody_can_read_ends_as_unknown():
    """An answer that the rules stumble over is not taken for a success, nor for a failure."""
    odd = {"id": "c000", "revision": 6, "info": {"company": ["no", {"text": 1}]}}
    report = carried_out(plan_of(1), Door(lambda *_: Written(odd)))
    assert [True] == [word in ("unknown", "conflict") for word in words(report)]


class Gate:
    """A script that stops at one contact's ask until let through."""

    def __init__(self, contact_id, answer=None, kind=Write):
        self.reached, self.open = threading.Event(), threading.Event()
        self._contact_id, self._answer, self._kind = contact_id, answer, kind

    def __call__(self, change, ask):
        if change.contact_id == self._contact_id and isinstance(ask, self._kind):
            self.reached.set()
            assert self.open.wait(30)
            return self._answer
        return None


def test_cancel_finishes_the_contact_in_hand():
    """The update under way is waited for and told as it ended; nothing else is sent."""
    gate = Gate("c001")
    door = Door(gate)
    run = run_of(plan_of(4), door)
    run.start()
    assert gate.reached.wait(30)
    run.cancel()
    gate.open.set()
    assert run.wait(30)
    assert ["applied", "applied", "not_sent", "not_sent"] == words(run.report)
    assert "stopped on request" == run.report.note
    assert 2 == len(door.asked)


@pytest.mark.parametrize(
    ("answer", "read", "word", "asked"),
    [
        (SlowDown(60.0), None, "not_sent", 1),
        (Lost("cut"), "found", "applied", 2),
        (Lost("cut"), "at base", "unknown", 2),
        (Lost("cut"), "lost", "unknown", 3),
        (Stale(), "theirs", "conflict", 2),
    ],
    ids=["no capacity", "lost, written", "lost, not yet", "lost, silent", "stale"],
)
def test_a_stopped_run_settles_what_it_sent_and_sends_nothing_more(answer, read, word, asked):
    """After a stop a doubt is still looked into, briefly; no update leaves any more."""
    gate = Gate("c000", answer)

    def script(change, ask):
        if isinstance(ask, Read):
            return {
                "found": Found(document(change)),
                "at base": Found(document(change, 5, "Old")),
                "theirs": Found(document(change, 6, "Theirs")),
                "lost": Lost("cut"),
            }[read]
        return gate(change, ask)

    door = Door(script)
    run = run_of(plan_of(2), door)
    run.start()
    assert gate.reached.wait(30)
    run.cancel()
    gate.open.set()
    assert run.wait(30)
    assert [word, "not_sent"] == words(run.report)
    assert asked == len(door.asked)
    assert [("c000", "Write")] == [each for each in door.asked if each[1] == "Write"]


def test_abandon_waits_for_nobody():
    """The contact in hand is unknown when its update left, and the report is there at once."""
    gate = Gate("c001")
    run = run_of(plan_of(3), Door(gate))
    run.start()
    assert gate.reached.wait(30)
    run.abandon()
    assert ["applied", "unknown", "not_sent"] == words(run.report)
    before = run.report
    gate.open.set()
    run._thread.join(30)
    assert before.outcomes == run.report.outcomes
    assert Counter(applied=1, unknown=1, not_sent=1) == run.progress.counts


def test_a_cancel_that_comes_too_late_changes_nothing():
    """A run that wrote everything does not say that it was stopped."""
    run = run_of(plan_of(2), Door())
    run.start()
    assert run.wait(30)
    run.cancel()
    run.abandon()
    assert ("", Counter(applied=2)) == (run.report.note, run.report.counts)


def test_a_cancel_before_the_start_sends_nothing():
    """Cancelled first, a run asks for nothing at all."""
    door = Door()
    run = run_of(plan_of(2), door)
    run.cancel()
    run.start()
    assert run.wait(30)
    assert (["not_sent"] * 2, [], []) == (words(run.report), door.asked, door.looks)


def test_a_run_begins_once_and_reports_at_its_end():
    """A second start, and a report before the end, are refused in words."""
    gate = Gate("c000")
    run = run_of(plan_of(1), Door(gate))
    run.start()
    with pytest.raises(RuntimeError, match="once"):
        run.start()
    with pytest.raises(RuntimeError, match="still under way"):
        _ = run.report
    assert not run.wait(0)
    gate.open.set()
    assert run.wait(30)
    assert 1 == len(run.report)


def test_progress_counts_and_guesses():
    """How many are done, how they ended, and how long the rest may take at that pace."""
    clock = VirtualClock()
    gate = Gate("c002")
    run = run_of(plan_of(4), Door(gate), clock=clock)
    assert (0, 4, None) == (run.progress.done, run.progress.total, run.progress.seconds_left)
    run.start()
    assert gate.reached.wait(30)
    clock.now = 10.0
    now = run.progress
    assert (2, Counter(applied=2), 10.0, 10.0) == (
        now.done, now.counts, now.seconds, now.seconds_left,
    )  # fmt: skip
    assert "under way, 2 of 4; 2 applied" in repr(run)
    assert ["c000", "c001"] == [each.contact_id for each in run.outcomes]
    gate.open.set()
    assert run.wait(30)
    clock.now = 99.0
    assert (10.0, 0.0) == (run.progress.seconds, run.progress.seconds_left)
    assert "ended, 4 of 4; 4 applied" in repr(run)


def test_no_thread_is_left_behind():
    """The thread of a run ends with the run."""
    run = run_of(plan_of(3), Door())
    run.start()
    run._thread.join(30)
    assert (False, True) == (run._thread.is_alive(), run.wait(0))


def test_everything_is_written_down_before_it_is_sent():
    """Each update is in the journal before it leaves, its answer before the next one does."""
    door = Door()
    book = Book(door)
    carried_out(plan_of(3), door, book=book)
    told = [
        (type(entry).__name__, getattr(entry, "answer", ...) is None, sent)
        for entry, sent in zip(book.entries, book.before, strict=True)
    ]
    assert [
        ("Note", True, 0), ("Note", False, 1), ("Ended", False, 1),
        ("Note", True, 1), ("Note", False, 2), ("Ended", False, 2),
        ("Note", True, 2), ("Note", False, 3), ("Ended", False, 3),
        ("Halted", False, 3),
    ] == told  # fmt: skip


@pytest.mark.parametrize(("fail_at", "words_then"), [
    (0, ["not_sent", "not_sent"]), (1, ["applied", "not_sent"]), (4, ["applied", "applied"]),
])  # fmt: skip
def test_a_journal_that_fails_ends_the_run(fail_at, words_then):
    """Nothing is sent that could not be written down, and what is known is told."""
    door = Door()
    report = carried_out(plan_of(2), door, book=Book(door, fail_at))
    assert "the disk is full" in report.note
    assert words_then == words(report)
    assert words_then.count("applied") == len(door.asked)


def test_a_finished_plan_asks_for_nothing():
    """All outcomes are known from before: no look, no update, the same report."""
    plan = plan_of(3)
    first = carried_out(plan, Door())
    door = Door()
    again = carried_out(plan, door, outcomes={each.key: each for each in first.outcomes})
    assert (first.outcomes, [], []) == (again.outcomes, door.asked, door.looks)


def test_what_was_left_open_is_taken_up():
    """Of two that a stop left, the one that was sent is read back, the other is sent."""
    plan = plan_of(3)
    one, two, _ = plan.changes
    door = Door(lambda change, ask: Found(document(change)) if isinstance(ask, Read) else None)
    lost = (Write(two.revision, two.info()), Lost("not answered"))
    report = carried_out(
        plan,
        door,
        seen={two.key: (lost, (Resume(), Waited()))},
        outcomes={one.key: Outcome(one.contact_id, "applied", before=5, after=6)},
    )
    assert Counter(applied=3) == report.counts
    assert [("c001", "Read"), ("c002", "Write")] == door.asked


def test_a_pause_sends_nothing_until_it_is_over():
    """What is on its way is waited for; then nothing is asked until the run goes on."""
    gate = Gate("c001")
    door = Door(gate)
    run = run_of(plan_of(4), door)
    run.start()
    assert gate.reached.wait(30)
    run.pause()
    assert "paused" == run.progress.state
    gate.open.set()
    while run.progress.done < 2:
        assert not run.wait(0.01)
    assert not run.wait(0.05)
    assert 2 == len(door.asked)
    run.resume()
    assert run.wait(30)
    assert Counter(applied=4) == run.report.counts


def test_a_paused_run_can_be_cancelled():
    """To cancel is stronger than to pause."""
    run = run_of(plan_of(2), Door())
    run.pause()
    run.start()
    run.cancel()
    assert run.wait(30)
    assert Counter(not_sent=2) == run.report.counts


def test_several_changes_are_under_way_at_once_where_that_is_allowed():
    """After twenty clean answers a second one, and never two of one contact."""
    together, most, lock = set(), [0], threading.Lock()

    def script(change, ask):
        with lock:
            assert change.contact_id not in together
            together.add(change.contact_id)
            most[0] = max(most[0], len(together))
        threading.Event().wait(0.002)
        with lock:
            together.discard(change.contact_id)

    report = carried_out(plan_of(120), Door(script), most=4)
    assert Counter(applied=120) == report.counts
    assert 1 < most[0] <= 4


def test_what_a_change_needs_is_written_first():
    """It waits for the one it needs; when that one is not written, it is not sent either."""
    first, second, third = plan_of(3).changes
    needing = replace(first, needs=(second.key,))
    plan = Plan(SITE, (needing, second, third))
    door = Door()
    assert Counter(applied=3) == carried_out(plan, door, most=4).counts
    assert ["c001", "c000"] == [each for each, _ in door.asked if each != "c002"]

    door = Door(lambda change, _: Refused(400, "NO", "no") if change is second else None)
    report = carried_out(plan, door)
    assert ["not_sent", "refused", "applied"] == words(report)
    assert "c001" in report.outcomes[0].detail


def test_a_run_of_the_past_tells_what_its_journal_holds():
    """What had no end is told as it was left; it asks for nothing and can be undone."""
    plan = plan_of(3)
    one, two, _ = plan.changes
    course = Course(
        plan.changes,
        mode="disjoint",
        pressure=Pressure(1),
        backoff=lambda _: 1.0,
        seen={two.key: ((Write(two.revision, two.info()), Lost("not answered")),)},
        outcomes={
            one.key: Outcome(one.contact_id, "applied", before=5, after=6, contact=document(one))
        },
    )
    run = Run.of_the_past(plan, "sandbox", VirtualClock(), course, "the run was broken off")
    assert run.wait(0)
    assert ["applied", "unknown", "not_sent"] == words(run.report)
    assert "broken off" in run.report.note
    assert ["c000"] == [each.contact_id for each in run.undo_plan().changes]
    assert ("ended", 3, 3) == (run.progress.state, run.progress.done, run.progress.total)


def test_the_time_left_is_told_from_the_start():
    """Before the first answer it is the pace that the site is asked at."""
    gate = Gate("c000")
    door = Door(gate)
    plan = plan_of(10)
    course = Course(plan.changes, mode="disjoint", pressure=Pressure(1), backoff=lambda _: 1.0)
    run = Run(
        plan, door, "sandbox", VirtualClock(), course=course, keeper=Book(door), seconds_each=0.4
    )
    run.start()
    assert gate.reached.wait(30)
    assert 4.0 == run.progress.seconds_left
    assert "under way, 0 of 10; about 4 s left" == str(run.progress)
    run.cancel()
    assert "stopping" == run.progress.state
    gate.open.set()
    assert run.wait(30)
