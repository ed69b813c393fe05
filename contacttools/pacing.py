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

from contacttools.errors import Unreachable

PATIENCE = 120.0  # seconds; a cell must not sleep for longer than this without being asked
UNTOLD = 60.0  # seconds to wait after a 429 that does not say how long
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
    """

    def __init__(self, requests_per_minute: float | None, clock: Clock | None = None) -> None:
        if requests_per_minute is not None and not 0 < requests_per_minute <= _HARD_TOP:
            why = f"requests_per_minute is between 0 and {_HARD_TOP}, or None for no pacing"
            raise ValueError(why)
        self.requests_per_minute = requests_per_minute
        self.clock: Clock = clock or RealClock()
        self._gap = 60 / requests_per_minute if requests_per_minute else 0.0
        self._lock = threading.Lock()
        self._next = self.clock.monotonic()
        self._pauses = 0
        self.never = threading.Event()

    def slot(self, stop: threading.Event | None = None) -> None:
        """Wait for the next free moment; return early when `stop` is set."""
        stop = stop or self.never
        with self._lock:
            now = self.clock.monotonic()
            mine = max(now, self._next)
            self._next = mine + self._gap
        while (left := mine - self.clock.monotonic()) > 0 and not stop.is_set():
            self.clock.wait(left, stop)
            with self._lock:  # a pause that began meanwhile holds for those already waiting
                mine = max(mine, self._next - self._gap) if self._pauses else mine

    def slow_down(self, seconds: float | None) -> None:
        """Hold everything back, as the service asked; a minute, then two, when it did not say.

        Raises
        ------
        Unreachable
            It asked for more patience than a person at a notebook should lend unasked.
        """
        with self._lock:
            self._pauses += 1
            pause = UNTOLD * min(self._pauses, 2) if seconds is None else seconds
            if pause > PATIENCE or self._pauses > 3:
                why = f"the service asks to wait {pause:.0f} s; nothing more was sent, try later"
                raise Unreachable(why, status=429)
            self._next = max(self._next, self.clock.monotonic() + pause)

    def went_well(self) -> None:
        """Forget earlier requests for patience: an answer came through."""
        if self._pauses:
            with self._lock:
                self._pauses = 0


def backoff(attempt: int, draw: Callable[[], float] = random.random) -> float:
    """Return how long to wait before trying again, in seconds: random, and longer each time."""
    return float(max(0.5, draw() * min(30.0, 2.0**attempt)))
