"""Pacing: when the next request may leave. Pure over a clock it is given.

One site has one pace: reads and writes leave one at a time, evenly spaced, and when the
service asks for patience everything waits, not only the request that was told.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Protocol

from contacttools.errors import BadValue, Unreachable

PATIENCE = 120.0  # seconds; a cell must not sleep for longer than this without being asked
UNTOLD = 60.0  # seconds to wait after a 429 that does not say how long
_IN_A_ROW = 3  # times we wait as asked before we hand back
_PARTING = 5.0  # seconds that a stopped caller still waits for its turn
_HARD_TOP = 190  # requests a minute; the service's limit is 200 for all of a site's apps


class Clock(Protocol):
    """What pacing needs of time: monotonic seconds, and a wait that can be cut short."""

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        ...

    def wait(self, seconds: float, until: threading.Event) -> None:
        """Wait, or until the event is set."""
        ...


class RealClock:
    """The machine's own clock."""

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        return time.monotonic()

    def wait(self, seconds: float, until: threading.Event) -> None:
        """Wait, or until the event is set."""
        until.wait(seconds)


class Pacer:
    """Hands out the moments at which requests may leave.

    Parameters
    ----------
    requests_per_minute : float or None
        None for no pacing. At most 190.
    clock : Clock, optional
        The machine's own when left out.
    """

    def __init__(self, requests_per_minute: float | None, clock: Clock | None = None) -> None:
        try:
            possible = requests_per_minute is None or 0 < requests_per_minute <= _HARD_TOP
        except TypeError:
            possible = False
        if not possible:
            why = f"requests_per_minute is between 0 and {_HARD_TOP}, or None for no pacing"
            raise BadValue(why)
        self.requests_per_minute = requests_per_minute
        self.clock: Clock = clock or RealClock()
        self.never = threading.Event()
        self._gap = 60 / requests_per_minute if requests_per_minute else 0.0
        self._lock = threading.Lock()
        self._next = self._paused_until = self.clock.monotonic()
        self._pauses = 0

    def slot(self, stop: threading.Event | None = None) -> bool:
        """Wait for the next free moment and take it.

        Returns
        -------
        bool
            False when `stop` is set and the moment is more than a few seconds away: nothing
            may be sent then.
        """
        stop = stop or self.never
        while True:
            with self._lock:  # what was asked for while we waited holds for us as well
                now = self.clock.monotonic()
                left = self._next - now
                if left <= 0:
                    self._next = now + self._gap
                    return True
            if stop.is_set() and left > _PARTING:
                return False
            self.clock.wait(left, self.never if stop.is_set() else stop)

    def slow_down(self, seconds: float | None, status: int = 429) -> None:
        """Hold everything back, as the service asked; a minute, then two, when it did not say.

        Parameters
        ----------
        seconds : float or None
        status : int
            What it answered: after a 503 a write may have been made nevertheless.

        Raises
        ------
        Unreachable
            It asked for more patience than a person at a notebook should lend unasked.
        """
        with self._lock:
            now = self.clock.monotonic()
            if now >= self._paused_until:  # else it answers what left before the pause
                self._pauses += 1
            pause = UNTOLD * self._pauses if seconds is None else seconds
            if pause > PATIENCE or self._pauses > _IN_A_ROW:
                why = f"the service asks to wait, {pause:.0f} s this time; try again later"
                raise Unreachable(why, status=status)
            self._paused_until = max(self._paused_until, now + pause)
            self._next = max(self._next, self._paused_until)

    def went_well(self) -> None:
        """Forget earlier requests for patience: an answer came through."""
        if self._pauses:
            with self._lock:
                self._pauses = 0


def backoff(attempt: int, draw: Callable[[], float] = random.random) -> float:
    """Return how long to wait before trying again, in seconds: random, and longer each time."""
    return float(max(0.5, draw() * min(30.0, 2.0**attempt)))
