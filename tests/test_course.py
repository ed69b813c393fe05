"""The rules of a whole run, driven by hand: which change next, what is noted, how it ends."""

from dataclasses import replace

import pytest

from contacttools.committing.asks import Read, Rebase, Resume, Wait, Waited, Write
from contacttools.committing.course import DEADLINE, WINDOW, Course, Look, Step
from contacttools.committing.notes import Ended, Note
from contacttools.committing.pressure import Pressure
from contacttools.committing.report import Outcome
from contacttools.contact.wire import Found, Lost, NeverSent, Refused, SlowDown, Stale, Written
from contacttools.planning.change import Change, Edit


def change(n, **more):
    """Return a change of the n-th contact."""
    edits = (Edit("company", "Old", "New"),)
    return Change(f"c{n:03}", 5, edits, {"company": "Old"}, f"Name {n}", **more)


def document(each, revision=6, company="New", **info):
    """Return the contact of a change as the service holds it."""
    return {
        "id": each.contact_id, "revision": revision, "info": {"company": company, **info},
    }  # fmt: skip


def course_of(*changes, most=1, mode="disjoint", **earlier):
    """Return a course over changes; waits take a second for each attempt."""
    return Course(
        changes, mode=mode, pressure=Pressure(most), backoff=lambda attempt: attempt, **earlier
    )


def looked_at(course, *documents, now=0.0):
    """Let a course take its look, and find these."""
    (look,) = course.take(now)
    assert isinstance(look, Look)
    course.looked(look, {each["id"]: each for each in documents}, now)
    return look


def only(course, now=0.0):
    """Return the one task that there is."""
    (task,) = course.take(now)
    return task


def words(course):
    """Return the outcomes in the order of the changes."""
    return [each.outcome for each in course.outcomes.values()]


def test_what_travels_along_must_be_what_the_contact_holds():
    """A value that is sent and not shown is sent only as it stands there: else nothing is."""
    base = {"name.first": "Ann", "name.last": "Forged"}
    forged = Change("c001", 5, (Edit("name.first", "Ann", "Anna"),), base, "Ann")
    held = {"id": "c001", "revision": 5, "info": {"name": {"first": "Ann", "last": "Dana"}}}
    course = course_of(forged)
    looked_at(course, held)
    assert [] == course.take(0.0)
    assert ("refused", "NOT_AS_READ") == (
        course.outcomes[forged.key].outcome, course.outcomes[forged.key].code,
    )  # fmt: skip
    assert "name.last" in course.outcomes[forged.key].detail

    course = course_of(forged)  # where the look did not show the contact, it is read first
    looked_at(course)
    task = only(course)
    assert isinstance(task.ask, Read)
    course.heard(task, Found(held), 0.0)
    assert "NOT_AS_READ" == course.outcomes[forged.key].code

    course = course_of(forged)
    looked_at(course, held | {"info": {"name": {"first": "Ann", "last": "Forged"}}})
    assert isinstance(only(course).ask, Write)


def test_a_window_is_looked_at_and_then_written_one_by_one():
    """One look for two hundred, then each update; the next window when it comes to it."""
    changes = [change(n) for n in range(WINDOW + 1)]
    course = course_of(*changes)
    assert tuple(changes[:WINDOW]) == looked_at(course).changes
    for each in changes[:WINDOW]:
        step = only(course)
        assert (each, Write(5, each.info())) == (step.change, step.ask)
        course.heard(step, Written(document(each)), 0.0)
    assert (changes[-1],) == looked_at(course).changes
    assert not course.ended
    course.heard(only(course), Written(document(changes[-1])), 0.0)
    assert course.ended


def test_what_is_to_be_noted_comes_with_the_tasks():
    """First that an update is about to leave; then its answer and how the change ended."""
    each = change(0)
    course = course_of(each)
    looked_at(course)
    step = only(course)
    assert [Note(each.key, step.ask, None)] == course.entries()
    assert [] == course.entries()
    answer = Written(document(each))
    course.heard(step, answer, 0.0)
    noted, ended = course.entries()
    assert Note(each.key, step.ask, answer) == noted
    assert isinstance(ended, Ended)


def test_a_newer_copy_at_the_look_is_noted_and_carried():
    """Nothing was sent yet: what they did is seen, and ours goes to the newer revision."""
    each = change(0)
    course = course_of(each)
    looked_at(course, document(each, 9, "Old", jobTitle="Chef"))
    step = only(course)
    assert 9 == step.ask.revision
    read, rebase, sending = course.entries()
    assert (Read, Rebase, Write) == tuple(type(note.ask) for note in (read, rebase, sending))


def test_an_older_copy_at_the_look_says_nothing():
    """The revision of the update decides."""
    each = change(0)
    course = course_of(each)
    looked_at(course, document(each, 4, "Older"))
    assert 5 == only(course).ask.revision


def test_a_wait_lets_others_pass_and_comes_back():
    """While one change waits for its turn, another is written; then the first is asked again."""
    one, two = change(1), change(2)
    course = course_of(one, two)
    looked_at(course)
    step = only(course)
    course.heard(step, SlowDown(None), 0.0)
    assert 1.0 == course.wake(0.0)
    other = only(course)
    assert two is other.change
    course.heard(other, Written(document(two)), 0.0)
    assert [] == course.take(0.5)
    again = only(course, 1.0)
    assert (one, step.ask) == (again.change, again.ask)


def test_nothing_wakes_it_while_an_answer_is_awaited():
    """What is in flight brings news by itself."""
    course = course_of(change(1))
    looked_at(course)
    only(course)
    assert (None, []) == (course.wake(0.0), course.take(0.0))


def test_a_change_that_is_not_settled_in_five_minutes_ends():
    """In doubt when it was sent."""
    each = change(1)
    course = course_of(each)
    looked_at(course)
    course.heard(only(course), Lost("cut"), 0.0)
    course.heard(only(course), Lost("cut"), 1.0)
    course.take(DEADLINE + 2.0)
    assert ["unknown"] == words(course)
    assert "not settled within 5 minutes" in course.outcomes[each.key].detail


def test_a_look_that_nobody_answers_is_made_again():
    """And counts as often as it was sent."""
    each = change(1)
    course = course_of(each)
    course.looked(only(course), None, 0.0)
    assert (each,) == only(course, 1.0).changes


def test_a_pause_of_the_service_ends_with_a_small_question():
    """After it one contact is looked at, of those under way or to come; then it goes on."""
    one, two = change(1), change(2)
    course = course_of(one, two)
    for _ in range(3):
        course.looked(only(course), None, 0.0)
    assert ([], 60.0) == (course.take(59.0), course.wake(59.0))
    probe = only(course, 60.0)
    assert (one,) == probe.changes
    course.looked(probe, {}, 60.0)
    assert two.contact_id in {each.contact_id for each in looked_at_next(course)}


def looked_at_next(course):
    """Return whom the course asks about next, look or update."""
    asked = []
    for _ in range(3):
        for task in course.take(61.0):
            if isinstance(task, Look):
                asked += task.changes
                course.looked(task, {}, 61.0)
            else:
                asked.append(task.change)
                course.heard(task, Written(document(task.change)), 61.0)
    return asked


def test_what_is_in_doubt_is_the_question_after_a_pause():
    """A read that is due anyway finds out whether the service answers."""
    pressure = Pressure(1)
    course = Course(
        [change(1), change(2)], mode="disjoint", pressure=pressure, backoff=lambda _: 1.0
    )
    looked_at(course)
    now = 0.0
    while not pressure.probing:
        for task in course.take(now):
            course.heard(task, Lost("no answer", "slow"), now)
        now = course.wake(now) or now
    assert Read() == only(course, now + 60.0).ask


def test_the_run_ends_when_three_questions_had_no_answer():
    """What was not sent is told so."""
    course = course_of(change(1), change(2))
    now = 0.0
    while not course.ended:
        for task in course.take(now):
            course.looked(task, None, now)
        now = course.wake(now) or now
    assert ["not_sent", "not_sent"] == words(course)
    assert "no useful answer for several minutes" in course.why
    assert now >= 180.0


def test_a_stop_ends_what_was_not_begun_and_reads_back_what_was_sent():
    """Two reads at most, without waiting for their time; no update any more."""
    one, two = change(1), change(2)
    course = course_of(one, two)
    looked_at(course)
    step = only(course)
    course.stop("stopped on request")
    course.stop("another reason")
    assert [] == course.take(0.0)
    course.heard(step, Lost("cut"), 0.0)
    for _ in range(2):
        read = only(course)
        assert Read() == read.ask
        course.heard(read, Lost("cut"), 0.0)
    assert [] == course.take(0.0)
    assert (["unknown", "not_sent"], "stopped on request") == (words(course), course.why)
    assert [] == [entry for entry in course.entries() if isinstance(entry, Ended)]


def test_a_stop_during_a_wait_ends_the_change():
    """Nothing had been written, and nothing is sent again."""
    course = course_of(change(1))
    looked_at(course)
    course.heard(only(course), SlowDown(None), 0.0)
    course.stop("stopped on request")
    assert [] == course.take(0.0)
    assert ["not_sent"] == words(course)


def test_a_service_that_asks_for_too_much_patience_is_asked_nothing_more():
    """Not even to read back: whether the update left decides what is told."""
    for sent, word in ((True, "unknown"), (False, "not_sent")):
        course = course_of(change(1), change(2))
        looked_at(course)
        course.failed(only(course), "wait for an hour", 0.0, sent=sent)
        assert [] == course.take(0.0)
        assert [word, "not_sent"] == words(course)


def test_a_look_that_fails_for_good_ends_the_run():
    """Nothing was sent."""
    course = course_of(change(1))
    course.failed(only(course), "wait for an hour", 0.0, sent=False)
    assert ([], ["not_sent"]) == (course.take(0.0), words(course))


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused_stops_the_run_and_is_no_end(status):
    """The change is told as refused, and is open to whoever comes with another key."""
    course = course_of(change(1), change(2))
    looked_at(course)
    course.heard(only(course), Refused(status, "NO", "who are you"), 0.0)
    assert [] == course.take(0.0)
    assert ["refused", "not_sent"] == words(course)
    assert [] == [entry for entry in course.entries() if isinstance(entry, Ended)]
    assert "who are you" in course.why


def test_to_abandon_is_to_end_at_once():
    """An answer that is awaited counts as lost, and is not listened to any more."""
    course = course_of(change(1), change(2))
    looked_at(course)
    step = only(course)
    course.abandon()
    assert course.ended
    assert ["unknown", "not_sent"] == words(course)
    before = course.entries()
    course.heard(step, Written(document(step.change)), 0.0)
    assert (["unknown", "not_sent"], []) == (words(course), course.entries())
    assert isinstance(before[-1].answer, Lost)


def test_what_was_never_handed_out_is_put_back():
    """A task that could not be written down was never begun."""
    course = course_of(change(1))
    looked_at(course)
    step = only(course)
    course.put_back([step])
    course.entries()
    course.abandon()
    assert ["not_sent"] == words(course)
    course = course_of(change(1))
    course.put_back(course.take(0.0))
    assert isinstance(only(course), Look)


def test_a_pause_takes_nothing_and_wakes_for_nothing():
    """Until it is over."""
    course = course_of(change(1))
    course.paused = True
    assert ([], None) == (course.take(0.0), course.wake(0.0))
    course.paused = False
    assert isinstance(only(course), Look)


def test_what_a_change_needs_comes_first():
    """While that one is under way others pass; when it was not written, the change is not sent."""
    first, second = change(1), change(2)
    needing = replace(change(0), needs=(first.key,))
    course = course_of(needing, first, second)
    looked_at(course)
    step = only(course)
    assert first is step.change
    course.heard(step, Written(document(first)), 0.0)
    assert needing is only(course).change

    course = course_of(needing, first, second)
    looked_at(course)
    course.heard(only(course), Refused(400, "NO", "no"), 0.0)
    assert second is only(course).change
    outcome = course.outcomes[needing.key]
    assert "not_sent" == outcome.outcome
    assert "contact c001 holds, whose own update ended as refused" in outcome.detail


def test_a_second_step_begins_where_the_first_one_ended():
    """At the revision that the first one has left, wherever that was carried to."""
    one = change(1, steps=2)
    edits = (Edit("company", "New", "Newest"),)
    two = Change("c001", 6, edits, {"company": "New"}, step=2, steps=2, needs=(one.key,))
    course = course_of(one, two)
    looked_at(course, document(one, 8, "Old", jobTitle="Chef"))
    step = only(course)
    assert 8 == step.ask.revision
    course.heard(step, Written(document(one, 9, "New", jobTitle="Chef")), 0.0)
    second = only(course)
    assert (two, 9) == (second.change, second.ask.revision)


def test_what_an_earlier_run_left_is_taken_up():
    """Its ends stand, but for those that a run may take up again; its doubts are read back."""
    done, lost, late, fresh = (change(n) for n in range(4))
    sent = (Write(5, lost.info()), Lost("cut"))
    course = course_of(
        done, lost, late, fresh,
        seen={lost.key: [sent, (Resume(), Waited())], late.key: [(Resume(), Waited())]},
        outcomes={
            done.key: Outcome("c000", "applied", before=5, after=6),
            lost.key: Outcome("c001", "unknown"),
            late.key: Outcome("c002", "not_sent"),
        },
    )  # fmt: skip
    assert ["applied"] == words(course)
    assert (lost, late, fresh) == looked_at(course).changes
    assert Read() == only(course).ask


def test_whose_values_were_erased_is_not_taken_up():
    """There is nothing to send: how it ended stands."""
    erased = Change("c000", 5, (), {})
    course = course_of(erased, outcomes={erased.key: Outcome("c000", "unknown")})
    assert course.ended


def test_an_answer_that_never_left_is_tried_again():
    """As one without capacity."""
    course = course_of(change(1))
    looked_at(course)
    step = only(course)
    course.heard(step, NeverSent("no route"), 0.0)
    assert step.ask == only(course, 1.0).ask


def test_a_conflict_is_known_after_one_look():
    """Stale, then theirs in the same field."""
    each = change(1)
    course = course_of(each)
    looked_at(course)
    course.heard(only(course), Stale(), 0.0)
    course.heard(only(course), Found(document(each, 6, "Theirs")), 0.0)
    assert ["conflict"] == words(course)


def test_the_waits_of_a_change_are_not_noted():
    """They are over when the run is taken up."""
    course = course_of(change(1))
    looked_at(course)
    course.heard(only(course), SlowDown(None), 0.0)
    only(course, 1.0)
    assert [] == [note for note in course.entries() if isinstance(note.ask, Wait)]


def test_tasks_are_told_apart_by_what_they_are():
    """A step asks one thing about one change."""
    assert Step(change(1), Read()) != Step(change(2), Read())


def test_there_is_one_look_at_a_time():
    """And one question after a pause, however many were in flight before."""
    course = course_of(*(change(n) for n in range(30)), most=4)
    looked_at(course)
    for _ in range(25):
        for task in course.take(0.0):
            course.heard(task, Written(document(task.change)), 0.0)
    more = course_of(*(change(n) for n in range(3)), most=4)
    more._pressure._allowed = 4.0
    (look,) = more.take(0.0)
    assert [] == more.take(0.0)
    more.looked(look, {}, 0.0)
    tasks = more.take(0.0)
    assert 3 == len(tasks)
    for task in tasks[:2]:
        more.heard(task, Lost("cut"), 0.0)
    while not more._pressure.probing:
        more._pressure.learn("lost", 0.0)
    assert [] == more.take(60.0)
