"""The rules of one merge, step by step: what is asked, and how what was seen is read."""

import pytest
from people_builder import ann, bob, snapshot

import contacttools as ct
from contacttools.committing.asks import Resume, Wait, Waited
from contacttools.contact import wire
from contacttools.contact.wire import Found, Lost, NeverSent, Refused, SlowDown
from contacttools.merging.protocol import (
    READS,
    TRIES,
    Look,
    Looked,
    Preview,
    Send,
    denied,
    halted,
    next_step,
)

CALL = ct.merge_plan([["c-ann", "c-bob"]], snapshot(ann(), bob())).merges[0].call(2)
AFTER = {**ann(), "revision": 8}
PREVIEWED = (Preview(), Found(AFTER))
AS_WERE = (Look(), Looked({"c-ann": ann(), "c-bob": bob()}))
MERGED = (Look(), Looked({"c-ann": AFTER, "c-bob": AFTER}))
READY = (PREVIEWED, AS_WERE)
LOST = (Send(7), Lost("no answer"))


def looked(target, source):
    """Everybody read, as the service answers by id."""
    return Look(), Looked({"c-ann": target, "c-bob": source})


def waited(*seen, times):
    """The last look, made again and again."""
    *before, last = seen
    return (*before, *((last, (Wait(1, None), Waited())) * times), last)


def end(*seen):
    """How it ended."""
    return next_step(CALL, seen).outcome


def test_a_merge_is_previewed_looked_at_sent_and_looked_at():
    """In this order, each once."""
    assert Preview() == next_step(CALL, ())
    assert Look() == next_step(CALL, (PREVIEWED,))
    assert Send(7) == next_step(CALL, READY)
    sent = (*READY, (Send(7), Found(AFTER)))
    assert Look() == next_step(CALL, sent)
    assert "applied" == end(*sent, MERGED)


@pytest.mark.parametrize(
    ("seen", "outcome"),
    [
        ((*READY, LOST, MERGED), "applied"),
        ((*READY, LOST, looked({**AFTER, "revision": 9}, {**AFTER, "revision": 9})), "already"),
        ((*READY, LOST, looked({**ann(company="Theirs"), "revision": 8}, bob())), "conflict"),
        ((*READY, LOST, looked(None, bob())), "gone"),
        ((PREVIEWED, looked(ann(), {**bob(), "revision": 4})), "conflict"),
        ((PREVIEWED, looked(ann(), bob(company="Theirs"))), "conflict"),
        ((PREVIEWED, looked(ann(), None)), "gone"),
        ((PREVIEWED, MERGED), "already"),
        ((*READY, (Send(7), Refused(428, "FAILED_PRECONDITION", "no")), AS_WERE), "refused"),
        (
            (*READY, (Send(7), Refused(428, "FAILED_PRECONDITION", "no")),
             looked({**ann(), "revision": 8}, bob())),
            "conflict",
        ),
        ((*READY, (Send(7), Found(AFTER)), looked(None, None)), "applied"),
        ((*READY, LOST, (Resume(), Waited()), MERGED), "applied"),
        ((*READY, LOST, (Resume(), Waited()), looked(ann(), bob(company="Theirs"))), "unknown"),
    ],
    ids=[
        "read back", "written since", "somebody first", "target gone", "source moved on",
        "source changed at its revision", "source gone", "merged before", "refused", "too late",
        "gone since", "taken up", "taken up, changed",
    ],
)  # fmt: skip
def test_how_it_ends(seen, outcome):
    """Each end is what the contacts prove."""
    assert outcome == end(*seen)


def test_what_was_lost_is_read_again_and_never_sent_again_unasked():
    """Not carried out as far as can be read: unknown in the end; a person may send it again."""
    seen = (*READY, LOST, AS_WERE)
    assert isinstance(next_step(CALL, seen), Wait)
    assert "unknown" == end(*waited(*seen, times=READS - 1))
    again = (*READY, LOST, (Resume(), Waited()))
    assert Look() == next_step(CALL, again)
    assert Preview() == next_step(CALL, (*again, AS_WERE))
    assert Send(7) == next_step(CALL, (*again, AS_WERE, PREVIEWED, AS_WERE))


def test_what_both_sides_may_have_done_stays_in_doubt():
    """The target was written twice and a source is gone: nobody can tell who did what."""
    seen = (*READY, LOST, looked({**ann(), "revision": 9}, None))
    assert isinstance(next_step(CALL, seen), Wait)
    assert "conflict_maybe_applied" == end(*waited(*seen, times=READS - 1))


def test_outdated_copies_are_read_again():
    """An older revision than was planned proves nothing."""
    seen = (PREVIEWED, looked({**ann(), "revision": 6}, bob()))
    assert isinstance(next_step(CALL, seen), Wait)
    assert "not_sent" == end(*waited(*seen, times=READS - 1))


@pytest.mark.parametrize("answer", [SlowDown(), NeverSent("no network")])
def test_what_was_surely_not_done_is_begun_anew_a_few_times(answer):
    """Preview and look come again each time; in the end nothing was sent."""
    seen = (*READY, (Send(7), answer))
    assert isinstance(next_step(CALL, seen), Wait)
    assert Preview() == next_step(CALL, (*seen, (Wait(1, None), Waited())))
    many = (*READY, (Send(7), answer), (Wait(1, None), Waited())) * (TRIES - 1)
    assert "not_sent" == end(*many, *seen)


def test_a_run_that_stops_says_what_is_sure():
    """Nothing sent, in doubt, or accepted."""
    assert "not_sent" == halted(CALL, READY, "stopped").outcome
    assert "unknown" == halted(CALL, (*READY, LOST), "stopped").outcome
    assert "applied" == halted(CALL, (*READY, (Send(7), Found(AFTER))), "stopped").outcome


def test_an_old_sample_of_the_answer_has_no_wrapper():
    """The bare contact is understood as well."""
    body = b'{"id": "c-ann", "revision": 8}'
    assert Found({"id": "c-ann", "revision": 8}) == wire.answer("POST", 200, {}, body)


def test_a_refusal_is_told_even_where_the_run_stops():
    """What the service said is sure; and who is not let in at all is told apart."""
    no = Refused(428, "FAILED_PRECONDITION", "no")
    assert "refused" == halted(CALL, (*READY, (Send(7), no)), "stopped").outcome
    assert [True, True, False] == [denied(Refused(n, "", "")) for n in (401, 403, 428)]
    assert not denied(Lost("no answer"))


def test_without_a_preview_nothing_is_sent():
    """It is asked for a few times; then all are looked at, and nothing is merged."""
    failed = (Preview(), Lost("no answer"))
    seen = (*((failed, (Wait(1, None), Waited())) * (TRIES - 1)), failed)
    assert Look() == next_step(CALL, seen)
    assert "not_sent" == end(*seen, AS_WERE)


def test_what_was_sent_before_is_looked_for_when_the_service_has_no_capacity():
    """It may have been carried out: whether it was is read, not guessed."""
    again = (*READY, LOST, (Resume(), Waited()), AS_WERE, PREVIEWED, AS_WERE, (Send(7), SlowDown()))
    busy = (*again, *(((Wait(1, None), Waited()), PREVIEWED, AS_WERE, (Send(7), SlowDown())) * 3))
    assert Look() == next_step(CALL, busy)


@pytest.mark.parametrize(
    ("look", "outcome"),
    [(AS_WERE, "applied"), (looked(AFTER, bob()), "unknown")],
    ids=["outdated copies", "the sources still stand"],
)
def test_what_the_service_accepted_is_believed_where_nothing_speaks_against_it(look, outcome):
    """An older revision is an old copy; the new target beside its sources is not understood."""
    seen = (*READY, (Send(7), Found(AFTER)), look)
    assert isinstance(next_step(CALL, seen), Wait)
    assert outcome == end(*waited(*seen, times=READS - 1))


def test_a_target_that_is_gone_after_a_refusal_is_gone():
    """Nothing of ours can be in it."""
    seen = (*READY, (Send(7), Refused(404, "CONTACT_NOT_FOUND", "no")), looked(None, bob()))
    assert "gone" == end(*seen)
