"""When requests may leave: evenly, one at a time, and nobody while the service wants quiet."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from served import VirtualClock

from contacttools.errors import BadValue, Unreachable
from contacttools.service.pacing import PATIENCE, UNTOLD, Pacer, RealClock, backoff


def moments(pacer, clock, n, stop=None):
    """Take n slots one after the other and return when each came."""
    found = []
    for _ in range(n):
        pacer.slot(stop)
        found.append(clock.now)
    return found


@pytest.mark.parametrize("pace", [150, 60, 190, 0.5])
def test_requests_leave_evenly(pace):
    """One request per gap, the first at once: no burst."""
    clock = VirtualClock()
    gap = 60 / pace
    assert pytest.approx([0, gap, 2 * gap, 3 * gap]) == moments(Pacer(pace, clock), clock, 4)


def test_unpaced_requests_do_not_wait():
    """Without a pace nothing waits."""
    clock = VirtualClock()
    assert [0.0] * 5 == moments(Pacer(None, clock), clock, 5)
    assert [] == clock.waits


def test_idle_time_saves_up_nothing():
    """After a pause in the work there is no burst to catch up."""
    clock = VirtualClock()
    pacer = Pacer(60, clock)
    pacer.slot()
    clock.now = 100.0
    assert [100.0, 101.0, 102.0] == moments(pacer, clock, 3)


@pytest.mark.parametrize("pace", [0, -1, 191, float("nan"), float("inf")])
def test_an_impossible_pace_is_refused(pace):
    """A pace above the service's limit, or none at all, is a BadValue."""
    with pytest.raises(BadValue, match="between 0 and 190"):
        Pacer(pace)


def take_all(pacer, clock, threads, each):
    """Let several threads take slots; return the moments, in order."""
    taken = []

    def work():
        for _ in range(each):
            pacer.slot()
            taken.append(clock.monotonic())
        clock.leave()

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sorted(taken)


def test_threads_share_one_pace():
    """Four threads together are as fast as one: exactly one slot a gap."""
    clock = VirtualClock(threads=4)
    assert [float(n) for n in range(40)] == take_all(Pacer(60, clock), clock, 4, 10)


def test_a_pause_holds_for_those_already_waiting():
    """Whoever waits when the service asks for quiet waits it out, and then they leave evenly."""
    clock = VirtualClock(threads=4)
    pacer = Pacer(60, clock)
    pacer.slot()

    def answer(*_):
        pacer.slow_down(30.0)
        pacer.went_well()  # an answer to something sent before does not end the quiet
        clock.leave()

    waiter = threading.Thread(target=answer)
    waiter.start()
    taken = take_all(pacer, clock, 3, 2)
    waiter.join()
    assert {True} == {moment == 0 or moment >= 30 or moment < 2 for moment in taken}
    late = [moment for moment in taken if moment >= 30]
    assert late == [30.0 + n for n in range(len(late))]
    assert len(late) >= 5


@given(st.lists(st.one_of(st.none(), st.floats(0, 40)), min_size=1, max_size=12))
def test_no_slot_ever_falls_into_a_pause(script):
    """Whatever the service asks, no slot comes before the end of the quiet, nor within a gap."""
    clock = VirtualClock()
    pacer = Pacer(150, clock)
    quiet, last = 0.0, -1.0
    for asked in script:
        pacer.slot()
        assert clock.now >= quiet
        assert clock.now - last >= 0.4 - 1e-9
        last = clock.now
        if asked is None:
            pacer.went_well()
        else:
            pacer.slow_down(asked)
            quiet = clock.now + asked
            pacer.went_well()


def test_quiet_without_a_time_is_a_minute_then_two_then_the_end():
    """The service need not say how long: we wait longer each time, and then hand back."""
    clock = VirtualClock()
    pacer = Pacer(None, clock)
    for seconds in (UNTOLD, 2 * UNTOLD):
        before = clock.now
        pacer.slow_down(None)
        pacer.slot()
        assert seconds == clock.now - before
    with pytest.raises(Unreachable):
        pacer.slow_down(None)


def test_answers_to_one_burst_count_once():
    """Several requests in flight that meet the same limit are one request for quiet."""
    clock = VirtualClock()
    pacer = Pacer(None, clock)
    for _ in range(8):
        pacer.slow_down(5.0)
    assert [5.0] == moments(pacer, clock, 1)


def test_the_fourth_request_for_quiet_in_a_row_ends_it():
    """A service that keeps asking gets peace."""
    clock = VirtualClock()
    pacer = Pacer(None, clock)
    for _ in range(3):
        pacer.slow_down(1.0)
        pacer.slot()
    with pytest.raises(Unreachable):
        pacer.slow_down(1.0)


def test_an_answer_forgets_earlier_requests_for_quiet():
    """Only requests for quiet in a row add up."""
    clock = VirtualClock()
    pacer = Pacer(None, clock)
    for _ in range(10):
        pacer.slow_down(1.0)
        pacer.slot()
        pacer.went_well()
    assert 10.0 == clock.now


def test_too_much_patience_is_not_lent():
    """A cell does not sleep for an hour because a header says so."""
    with pytest.raises(Unreachable, match="3600 s") as caught:
        Pacer(None, VirtualClock()).slow_down(3600.0)
    assert 429 == caught.value.status
    Pacer(None, VirtualClock()).slow_down(PATIENCE)


def test_a_stopped_caller_does_not_wait_out_a_pause():
    """Stopped, a slot is given up when it is far away, and still waited for when it is near."""
    clock = VirtualClock()
    pacer = Pacer(60, clock)
    stop = threading.Event()
    stop.set()
    assert [True, True] == [pacer.slot(stop), pacer.slot(stop)]
    assert 1.0 == clock.now
    pacer.slow_down(30.0)
    assert (False, 1.0) == (pacer.slot(stop), clock.now)


def test_a_stop_ends_a_wait_under_way():
    """Whoever waits for a far slot leaves when told to, on the machine's own clock too."""
    pacer = Pacer(None, RealClock())
    pacer.slow_down(100.0)
    stop = threading.Event()
    taken = []
    waiter = threading.Thread(target=lambda: taken.append(pacer.slot(stop)))
    waiter.start()
    stop.set()
    waiter.join(timeout=30)
    assert [False] == taken


@pytest.mark.parametrize(
    ("attempt", "drawn", "seconds"),
    [(1, 0.0, 0.5), (1, 1.0, 2.0), (3, 0.5, 4.0), (5, 1.0, 30.0), (99, 1.0, 30.0)],
)
def test_backing_off_is_random_and_bounded(attempt, drawn, seconds):
    """Between half a second and thirty, doubling with each attempt."""
    assert seconds == backoff(attempt, lambda: drawn)
