"""A run: one thread, one report, whatever happens on the way. Through a scripted door."""

import threading
from collections import Counter

import pytest
from served import VirtualClock

from contacttools.committing.commit import Read, Wait, Waited, Write
from contacttools.committing.run import WINDOW, Run
from contacttools.contact.wire import Found, Lost, Refused, SlowDown, Stale, Written
from contacttools.errors import Unreachable
from contacttools.planning.plan import Change, Edit, Plan

SITE = "site"


def plan_of(n):
    """Return a plan of n contacts."""
    changes = tuple(
        Change(f"c{k:03}", 5, (Edit("company", "Old", "New"),), {"company": "Old"}, f"Name {k}")
        for k in range(n)
    )
    return Plan(SITE, changes)


def document(change, revision=6, company="New"):
    """Return a planned contact as the service holds it."""
    return {"id": change.contact_id, "revision": revision, "info": {"company": company}}


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
        if answer is None:
            answer = Waited() if isinstance(ask, Wait) else Written(document(change))
        return answer

    def look(self, changes, _stop):
        self.looks.append(len(changes))
        return self._look(changes)


def carried_out(plan, door):
    """Run a plan to its end and return the report."""
    run = Run(plan, door, "sandbox", VirtualClock().monotonic)
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
    """Where not even a look is answered, nothing is sent."""

    def look(changes):
        raise Unreachable("down")

    report = carried_out(plan_of(2), Door(look=look))
    assert (["not_sent", "not_sent"], "down") == (words(report), report.note)


def test_three_contacts_in_a_row_without_an_end_stop_the_run():
    """A dead line is not tried for a thousand contacts."""
    door = Door(lambda _, ask: None if isinstance(ask, Wait) else SlowDown(None))
    report = carried_out(plan_of(50), door)
    assert Counter(not_sent=50) == report.counts
    assert {"c000", "c001", "c002"} == {contact_id for contact_id, _ in door.asked}
    assert "3 contacts in a row" in report.note


def test_an_end_between_starts_the_count_again():
    """Only contacts in a row count: one that is settled shows that the line is alive."""

    def script(change, ask):
        alive = int(change.contact_id[1:]) % 3 == 2
        return None if alive or isinstance(ask, Wait) else SlowDown(None)

    report = carried_out(plan_of(12), Door(script))
    assert Counter(not_sent=8, applied=4) == report.counts


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
    run = Run(plan_of(4), door, "sandbox", VirtualClock().monotonic)
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
        (Lost("cut"), "lost", "unknown", 4),
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
    run = Run(plan_of(2), door, "sandbox", VirtualClock().monotonic)
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
    run = Run(plan_of(3), Door(gate), "sandbox", VirtualClock().monotonic)
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
    run = Run(plan_of(2), Door(), "sandbox", VirtualClock().monotonic)
    run.start()
    assert run.wait(30)
    run.cancel()
    run.abandon()
    assert ("", Counter(applied=2)) == (run.report.note, run.report.counts)


def test_a_cancel_before_the_start_sends_nothing():
    """Cancelled first, a run asks for nothing at all."""
    door = Door()
    run = Run(plan_of(2), door, "sandbox", VirtualClock().monotonic)
    run.cancel()
    run.start()
    assert run.wait(30)
    assert (["not_sent"] * 2, [], []) == (words(run.report), door.asked, door.looks)


def test_a_run_begins_once_and_reports_at_its_end():
    """A second start, and a report before the end, are refused in words."""
    gate = Gate("c000")
    run = Run(plan_of(1), Door(gate), "sandbox", VirtualClock().monotonic)
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
    run = Run(plan_of(4), Door(gate), "sandbox", clock.monotonic)
    assert (0, 4, None) == (run.progress.done, run.progress.total, run.progress.seconds_left)
    run.start()
    assert gate.reached.wait(30)
    clock.now = 10.0
    now = run.progress
    assert (2, Counter(applied=2), 10.0, 10.0) == (
        now.done, now.counts, now.seconds, now.seconds_left,
    )  # fmt: skip
    assert "under way, 2 of 4; 2 applied" in repr(run)
    gate.open.set()
    assert run.wait(30)
    clock.now = 99.0
    assert (10.0, 0.0) == (run.progress.seconds, run.progress.seconds_left)
    assert "ended, 4 of 4; 4 applied" in repr(run)


def test_no_thread_is_left_behind():
    """The thread of a run ends with the run."""
    run = Run(plan_of(3), Door(), "sandbox", VirtualClock().monotonic)
    run.start()
    run._thread.join(30)
    assert (False, True) == (run._thread.is_alive(), run.wait(0))
