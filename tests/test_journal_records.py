"""Records: every plan and every note comes back as it was, and no fact tells about a person."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal_builder import (
    SITE,
    applied,
    change_of,
    changes,
    document,
    histories,
    keys,
    plan_of,
    sending,
)

from contacttools.committing.asks import Read, Rebase, Waited, Write
from contacttools.committing.notes import Ended, Halted, Note
from contacttools.committing.report import Difference, Outcome
from contacttools.contact.wire import Found, Refused, Written
from contacttools.journal import records
from contacttools.journal.records import Record, Thread
from contacttools.planning.change import Edit, Refusal, Risk
from contacttools.planning.provenance import Provenance

KEY = ("c1", 1)


def stored(record):
    """Return a record as a journal gives it back: through bytes."""
    value = record.value
    return Record(
        record.kind,
        record.contact,
        record.step,
        json.loads(json.dumps(record.facts)),
        None if value is None else records.unpacked(records.packed(value)),
    )


def round_trip(entries):
    """Return entries after they were written down and read."""
    writing, reading = Thread(), Thread()
    written = [stored(records.of_entry(each, writing)) for each in entries]
    return [records.entry_of(each, reading) for each in written]


@given(keys.flatmap(histories))
def test_every_note_comes_back_as_it_was(entries):
    """Asks, answers and outcomes of every kind, whatever they refer back to."""
    assert entries == round_trip(entries)


@given(changes())
def test_every_change_comes_back_as_it_was(change):
    """An intent is the change, with tuples where a snapshot has them, and the same identity."""
    (_, intent) = records.of_plan(plan_of().__class__(SITE, (change,)), tool="0")
    back = records.change_of(stored(intent))
    assert (change, change.identity()) == (back, back.identity())
    assert [each.reason for each in change.edits] == [each.reason for each in back.edits]


def test_a_contact_is_written_once():
    """The contact of the answer is not written again with the outcome that shows it."""
    thread = Thread()
    notes = [each for part in applied(change_of("c1")) for each in part]
    told = [json.dumps(records.of_entry(each, thread).value) for each in notes]
    assert [0, 1, 0] == [text.count("Job of c1") for text in told]


def test_an_update_is_written_once():
    """The answer to what was sent does not say again what was sent, and another one does."""
    change = change_of("c1")
    write = sending(change)
    answer = Written(document("c1"))
    thread = Thread()
    records.of_entry(Note(KEY, write, None), thread)
    assert "info" not in records.of_entry(Note(KEY, write, answer), thread).value
    assert "info" in records.of_entry(Note(KEY, write, answer), thread).value


def test_a_change_that_was_carried_over_is_written_once():
    """What an outcome says was done is the change that the run went over to."""
    thread = Thread()
    moved = change_of("c1", 9)
    records.of_entry(Note(KEY, Rebase(moved), Waited()), thread)
    record = records.of_entry(Ended(KEY, Outcome("c1", "applied", done=moved)), thread)
    assert (True, None) == (record.facts["carried"], record.value)


def test_facts_say_no_more_of_a_person_than_the_id():
    """Whatever is noted of a person, their values are in what can be erased, and only there."""
    canary = "canary"
    held = {"id": "c1", "revision": 6, "info": {"company": canary}}
    told = (Difference("company", canary, canary, canary),)
    entries = [
        Note(KEY, Write(5, {"company": canary}), None),
        Note(KEY, Write(5, {"company": canary}), Written(held)),
        Note(KEY, Read(), Found(held)),
        Note(KEY, Read(), Refused(400, "CODE", canary, {"value": canary}, "r")),
        Ended(KEY, Outcome("c1", "conflict", "CODE", 5, 6, canary, told, held, 1, None, told)),
        Halted(canary),
    ]
    plan = plan_of(
        "canary",  # the id may be known, all else says whose it is as well
        refused=(Refusal("c2", canary, "CODE", canary),),
        risks=(Risk("claimed", "c2", canary, canary),),
        partial=canary,
    )
    thread = Thread()
    made = [*(records.of_entry(each, thread) for each in entries), *records.of_plan(plan, tool="0")]
    assert [] == [each.facts for each in made if canary in json.dumps(each.facts)]
    assert len(made) == len([each for each in made if canary in json.dumps(each.value)])


def test_an_answer_about_another_contact_names_it():
    """Whoever asks to be forgotten is found also where another contact was merged into theirs."""
    note = Note(KEY, Read(), Found(document("c2")))
    assert "c2" == records.of_entry(note, Thread()).facts["other"]
    assert "other" not in records.of_entry(Note(KEY, Read(), Found(document("c1"))), Thread()).facts


def test_only_an_update_is_noted_before_its_answer():
    """Nothing else needs to be known before it is done."""
    with pytest.raises(TypeError, match="Read: only an update"):
        records.of_entry(Note(KEY, Read(), None), Thread())


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (Record("intent", "c1", 1, {}), "intent: not about what was done"),
        (Record("ended", "c1", None, {}), "ended: of no change"),
        (Record("ended", None, 1, {}), "ended: of no change"),
        (Record("answer", "c1", 1, {"answer": "waited"}), "an answer to nothing"),
        (Record("answer", "c1", 1, {"ask": "dance", "answer": "waited"}), "'dance': nothing that"),
    ],
    ids=["a plan", "no step", "no contact", "nothing asked", "no such ask"],
)
def test_what_makes_no_sense_is_refused(record, why):
    """A record that no journal holds is no entry."""
    with pytest.raises(ValueError, match=why):
        records.entry_of(record, Thread())


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=9), max_size=3))
def test_values_come_back_from_their_bytes(value):
    """Packing loses nothing."""
    assert value == records.unpacked(records.packed(value))


def test_long_parameters_are_not_written_beside_each_edit():
    """A mapping of thousands, applied to thousands: the journal grows by the edits alone."""
    pairs = [[f"old {n}", f"new {n}"] for n in range(5000)]
    come = Provenance("one name", "changes.mapped", {"pairs": pairs, "column": "company"}, "Dana")
    change = replace(change_of("c1"), edits=(Edit("company", "Old c1", "New c1", come),))
    (_, intent) = records.of_plan(plan_of().__class__(SITE, (change,)), tool="0")
    (edit,) = records.change_of(stored(intent)).edits

    assert len(json.dumps(intent.value)) < 1000
    assert ("one name", "changes.mapped", "Dana") == (
        edit.reason, edit.provenance.rule, edit.provenance.who,
    )  # fmt: skip
    assert {"pairs", "column"} == set(edit.provenance.parameters)
