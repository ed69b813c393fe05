"""A story: what was noted, change by change, with what is open again and what was forgotten."""

from dataclasses import replace

import pytest
from hypothesis import given
from journal_builder import (
    BEGAN,
    SITE,
    applied,
    change_of,
    document,
    histories,
    plan_of,
    plans,
    sending,
)

from contacttools.committing.asks import Read, Resume, Waited
from contacttools.committing.notes import Ended, Halted, Note
from contacttools.committing.report import Outcome
from contacttools.contact.wire import Found, Lost, SlowDown
from contacttools.errors import BadPlan
from contacttools.journal import records
from contacttools.journal.records import Record, Thread
from contacttools.journal.story import FORGOTTEN, UNANSWERED, Telling, moment
from contacttools.planning.change import Change, Refusal, Risk
from contacttools.planning.plan import Plan

AT = int(BEGAN.timestamp() * 1000)
ONE, TWO = ("c1", 1), ("c2", 1)
RESUMED = (Resume(), Waited())
LOST = Lost(UNANSWERED)


def session(mode="disjoint"):
    """Return the record of a run that is started, or taken up again."""
    facts = {"site": "sandbox", "base_url": "http://127.0.0.1:1", "mode": mode, "tool": "0"}
    return Record("session", None, None, facts)


def written(plan, *parts):
    """Return the records of a journal; a part is an entry, or a record as it is."""
    threads = {change.key: Thread() for change in plan.changes}
    listed = [*records.of_plan(plan, tool="0"), session()]
    for part in parts:
        if isinstance(part, Record):
            listed.append(part)
        else:
            thread = Thread() if isinstance(part, Halted) else threads[part.key]
            listed.append(records.of_entry(part, thread))
    return [replace(each, at=AT + 1000 * n) for n, each in enumerate(listed)]


def told(listed):
    """Return the story of records."""
    telling = Telling()
    for each in listed:
        telling.take(each)
    return telling.story()


def forgotten(listed, contact_id):
    """Return records after one person was forgotten."""
    return [
        replace(each, value=None, erased=True)
        if each.value is not None and contact_id in (each.contact, each.facts.get("other"))
        else each
        for each in listed
    ] + [Record("forgotten", contact_id, None, {})]


@given(plans())
def test_a_plan_comes_back_whole(plan):
    """Id, changes, what was refused, risks, when and of how much: all as it was approved."""
    back = told(written(plan)).plan
    assert plan.id == back.id
    assert (plan.changes, plan.refused, plan.risks) == (back.changes, back.refused, back.risks)
    assert (plan.snapshot_at, plan.partial) == (back.snapshot_at, back.partial)


@given(histories(ONE))
def test_what_was_noted_is_what_was_seen(noted):
    """Each ask with its answer, in order; an update without one was lost."""
    story = told(written(plan_of("c1", "c2"), *noted))
    expected, open_ = [], None
    for each in noted:
        if open_ is not None and not (isinstance(each, Note) and each.ask == open_ and each.answer):
            expected.append((open_, LOST))
        open_ = None
        if isinstance(each, Note) and each.answer is None:
            open_ = each.ask
        elif isinstance(each, Note):
            expected.append((each.ask, each.answer))
    expected += [] if open_ is None else [(open_, LOST)]
    assert tuple(expected) == story.seen[ONE]
    assert {each.key: each.outcome for each in noted if isinstance(each, Ended)} == story.outcomes
    assert () == story.seen[TWO]


def test_a_run_that_was_taken_up_says_so_where_something_is_open():
    """What was in doubt is lost first; what ended stays as it ended."""
    plan = plan_of("c1", "c2", "c3")
    before, after = applied(plan.changes[0])
    write = sending(plan.changes[1])
    story = told(written(plan, *before, *after, Note(TWO, write, None), session("strict")))
    assert ONE in story.outcomes
    assert len(after) - 1 == len(story.seen[ONE])
    assert ((write, LOST), RESUMED) == story.seen[TWO]
    assert (RESUMED,) == story.seen["c3", 1]
    assert ("strict", 2) == (story.mode, story.sessions)


def test_what_was_not_settled_or_not_sent_is_open_again_once_the_run_is_taken_up():
    """Until then it is how the change ended; every other outcome stands for good."""
    plan = plan_of("c1", "c2")
    write = sending(plan.changes[0])
    parts = [
        Note(ONE, write, None),
        Note(ONE, write, Lost("cut")),
        Ended(ONE, Outcome("c1", "unknown")),
        Ended(TWO, Outcome("c2", "not_sent")),
    ]
    as_it_ended = told(written(plan, *parts))
    assert {ONE: "unknown", TWO: "not_sent"} == {
        key: each.outcome for key, each in as_it_ended.outcomes.items()
    }
    assert as_it_ended.finished
    story = told(written(plan, *parts, session()))
    assert [] == list(story.outcomes)
    assert ((write, Lost("cut")), RESUMED) == story.seen[ONE]
    assert (RESUMED,) == story.seen[TWO]
    assert not story.finished


def test_the_reason_of_a_stop_is_kept_until_the_run_is_taken_up():
    """The last one counts, and a new session has none yet."""
    plan = plan_of("c1")
    assert "cancelled" == told(written(plan, Halted("key"), Halted("cancelled"))).note
    assert "" == told(written(plan, Halted("cancelled"), session())).note


def test_a_story_knows_when_it_was():
    """First and last record, in UTC."""
    story = told(written(plan_of("c1"), Halted("why")))
    assert (moment(AT), moment(AT + 3000)) == (story.began, story.touched)


def test_a_summary_counts():
    """Contacts once, whatever they take, and outcomes by word."""
    steps = (change_of("c1", steps=2), change_of("c1", 6, step=2, steps=2), change_of("c2"))
    plan = Plan(SITE, steps)
    parts = [Ended(("c1", n), Outcome("c1", "applied", step=n)) for n in (1, 2)]
    summary = told(written(plan, *parts, Halted("cancelled"))).summary
    assert (plan.id, "interrupted", 2, {"applied": 2}, "sandbox", "cancelled") == (
        summary.plan_id, summary.state, summary.contacts, summary.counts, summary.site,
        summary.note,
    )  # fmt: skip
    ended = Ended(TWO, Outcome("c2", "gone"))
    assert "finished" == told(written(plan, *parts, ended)).summary.state


def test_who_is_forgotten_leaves_an_id_and_an_outcome():
    """The plan keeps its id and its place for the contact; other contacts keep everything."""
    plan = plan_of("c1", "c2")
    parts = [each for change in plan.changes for part in applied(change) for each in part]
    story = told(forgotten(written(plan, *parts), "c1"))
    assert plan.id == story.plan.id
    assert (Change("c1", 5, (), {}, ""), plan.changes[1]) == story.plan.changes
    assert Outcome("c1", "applied", before=5, after=6) == story.outcomes[ONE]
    assert () == story.seen[ONE]
    assert document("c2") == story.outcomes[TWO].contact
    assert plan.id != story.plan.again().id  # nobody can approve what is left of it


def test_who_is_forgotten_in_the_middle_is_not_gone_on_with():
    """There is nothing left to send; whether something was sent is still told."""
    plan = plan_of("c1", "c2")
    note = Note(ONE, sending(plan.changes[0]), None)
    listed = forgotten(forgotten(written(plan, note), "c1"), "c2")
    for story in (told(listed), told([*listed, session()])):
        assert [
            Outcome("c1", "unknown", detail=FORGOTTEN),
            Outcome("c2", "not_sent", detail=FORGOTTEN),
        ] == [story.outcomes[key] for key in (ONE, TWO)]
        assert story.finished


def test_what_comes_after_what_was_erased_is_passed_over():
    """An answer without values says nothing once the question is gone; the end still counts."""
    plan = plan_of("c1")
    write = sending(plan.changes[0])
    parts = [
        Note(ONE, write, None),
        Note(ONE, write, SlowDown()),
        Ended(ONE, Outcome("c1", "not_sent", before=5)),
    ]
    story = told(forgotten(written(plan, *parts), "c1"))
    assert ((), {ONE: Outcome("c1", "not_sent", before=5)}) == (story.seen[ONE], story.outcomes)


def test_who_was_merged_into_somebody_forgotten_keeps_the_change():
    """Only what was read of the other contact is gone."""
    plan = plan_of("c1")
    parts = [
        Note(ONE, Read(), Found(document("c9"))),
        Ended(ONE, Outcome("c1", "gone", contact=document("c9"))),
    ]
    story = told(forgotten(written(plan, *parts), "c9"))
    assert plan.changes == story.plan.changes
    assert ((), Outcome("c1", "gone")) == (story.seen[ONE], story.outcomes[ONE])


def test_an_outcome_is_forgotten_but_for_its_word():
    """What it said of the person is gone."""
    ended = Ended(ONE, Outcome("c1", "conflict", "CODE", 5, 6, "company was …", (), document("c1")))
    story = told(forgotten(written(plan_of("c1"), ended), "c1"))
    assert {ONE: Outcome("c1", "conflict", "CODE", 5, 6)} == story.outcomes


def test_what_was_refused_or_risky_is_forgotten_as_well():
    """A refusal keeps its code, a risk is gone."""
    plan = plan_of(
        "c1",
        refused=(Refusal("c2", "email", "TWICE", "ann@example.com"),),
        risks=(Risk("claimed", "c2", "phones", "555-0100"),),
    )
    back = told(forgotten(written(plan), "c2")).plan
    assert ((Refusal("c2", None, "TWICE", "forgotten"),), ()) == (back.refused, back.risks)


def test_a_journal_of_a_newer_version_is_not_guessed_at():
    """It says which version to get."""
    first, *_ = written(plan_of("c1"))
    newer = replace(first, facts=first.facts | {"version": records.VERSION + 1, "tool": "9.9"})
    with pytest.raises(BadPlan, match=r"contacttools 9\.9, which is newer than this one: update"):
        Telling().take(newer)


def test_a_plan_that_is_not_the_one_it_was_is_noticed():
    """The id is computed again from what was read."""
    first, intent, *rest = written(plan_of("c1"))
    with pytest.raises(ValueError, match="not the one it is the journal of"):
        told([first, replace(intent, value=intent.value | {"revision": 6}), *rest])
