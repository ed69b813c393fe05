"""Limits: how many requests a minute the service takes from one app. Touches a clock only."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable

from contacttools.sandbox.problems import bare

_MINUTE = 60.0


class RateLimit:
    """Lets so many requests of an app pass in any minute, and answers the others 429.

    Parameters
    ----------
    requests_per_minute
        The documented limit is 200; None lets everything pass.
    clock
        Gives the time in seconds.
    """

    def __init__(
        self, requests_per_minute: int | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = requests_per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._passed: defaultdict[str, deque[float]] = defaultdict(deque)

    def take(self, app_id: str) -> None:
        """Count a request of an app.

        Raises
        ------
        Problem
            429, if the last minute was full; a refused request is not counted.
        """
        if self._most is None:
            return
        with self._lock:
            now, passed = self._clock(), self._passed[app_id]
            while passed and passed[0] <= now - _MINUTE:
                passed.popleft()
            if len(passed) >= self._most:
                raise bare(429)
            passed.append(now)
