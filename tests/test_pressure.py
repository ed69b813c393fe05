"""How much is in flight and when it is enough: by the answers, over a clock that is a number."""

import pytest

from contacttools.committing.pressure import PACED, Pressure


def taught(*weathers, cap=PACED, at=0.0):
    """Return a pressure that has learned these answers, one a second."""
    pressure = Pressure(cap)
    for n, weather in enumerate(weathers):
        pressure.learn(weather, at + n)
    return pressure


def test_it_begins_with_one_and_adds_one_for_twenty_clean_answers():
    """Up to the cap and no further."""
    assert 1 == taught(*["clear"] * 19).allowed
    assert 2 == taught(*["clear"] * 20).allowed
    assert 4 == taught(*["clear"] * 200).allowed
    assert 8 == taught(*["clear"] * 200, cap=8).allowed


@pytest.mark.parametrize(
    ("weather", "allowed"), [("busy", 2), ("slow", 2), ("lost", 4)], ids=["busy", "slow", "lost"]
)
def test_a_service_out_of_breath_is_asked_less_at_once(weather, allowed):
    """Seven tenths after a 429 or 503, half after a time-out; a lost answer alone says nothing."""
    assert allowed == taught(*["clear"] * 60, weather).allowed


def test_it_may_begin_with_more():
    """Up to its cap; after a pause it begins with one."""
    assert (2, 1) == (Pressure(PACED, 2).allowed, Pressure(1, 2).allowed)


def test_it_never_goes_below_one():
    """One request at a time is always possible."""
    assert 1 == taught("slow", "slow", "slow").allowed


def test_clean_answers_in_a_row_are_counted_anew_after_a_bad_one():
    """Nineteen clean ones, a lost one, nineteen clean ones: still one at a time."""
    assert 1 == taught(*["clear"] * 19, "lost", *["clear"] * 19).allowed


def test_a_budget_that_is_spent_is_a_pause_of_a_minute():
    """A hundred, ten for a time-out; each clean answer gives one back, up to the hundred."""
    assert not taught(*["clear"] * 200, *["slow"] * 9).probing
    full = taught(*["clear"] * 200, *["slow"] * 10)
    assert full.probing
    assert (209 + 60, 1) == (full.not_before(209.0), full.allowed)
    assert 300.0 == full.not_before(300.0)


def test_many_failures_among_few_requests_are_a_pause_too():
    """More than ten, and more than a tenth of two minutes' requests."""
    assert not taught(*["lost"] * 10).probing
    assert taught(*["lost"] * 11).probing
    assert not taught(*["clear"] * 100, *["lost"] * 11).probing


def test_what_is_long_ago_does_not_count():
    """Failures are forgotten after two minutes."""
    pressure = taught(*["lost"] * 10)
    for n in range(60):
        pressure.learn("clear", 200.0 + n)
    pressure.learn("lost", 300.0)
    assert not pressure.probing


def test_a_clean_probe_ends_the_pause_with_half_a_budget():
    """Then it begins with one again, and breaks sooner."""
    pressure = taught(*["lost"] * 11)
    pressure.learn("clear", 71.0)
    assert (False, 71.0) == (pressure.probing, pressure.not_before(71.0))
    for n in range(10):
        assert not pressure.probing
        pressure.learn("busy", 72.0 + n)
    assert pressure.probing


def test_the_third_probe_without_an_answer_is_the_last():
    """Each one waits for a minute; then it is enough for this run."""
    pressure = taught(*["lost"] * 11)
    for n, moment in enumerate((71.0, 132.0, 193.0), start=1):
        assert not pressure.spent
        pressure.learn("lost", moment)
        assert (n == 3, moment + 60) == (pressure.spent, pressure.not_before(moment))


def test_answers_to_what_left_before_the_pause_do_not_end_it():
    """What was in flight when the budget was spent says nothing about a minute later."""
    pressure = taught(*["lost"] * 11)
    pressure.learn("clear", 12.0)
    pressure.learn("lost", 13.0)
    assert (True, 70.0, False) == (pressure.probing, pressure.not_before(13.0), pressure.spent)
