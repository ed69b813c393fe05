"""Worker: a thread that does what is left to do, step by step. It knows not what.

Touches threads. Whoever leaves something to do wakes it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Seconds between two steps. The store has one lock, and a lock that is released and taken again at
# once is hardly ever handed over: without a pause a long job would starve the requests.
_PAUSE = 0.001


class Worker:
    """Does steps until none is left, then waits to be woken. Safe to use from any thread."""

    def __init__(self) -> None:
        self._step: Callable[[], bool] = lambda: False
        self._thread: threading.Thread | None = None
        self._changed = threading.Condition()
        self._left = False
        self._busy = False
        self._holds = 0
        self._stopped = False

    def begin(self, step: Callable[[], bool]) -> None:
        """Begin to work, first on what was left before.

        Parameters
        ----------
        step
            Does the next step; false if there was none.
        """
        self._step, self._left = step, True
        self._thread = threading.Thread(
            target=self._work, name="contacttools-sandbox-jobs", daemon=True
        )
        self._thread.start()

    def wake(self) -> None:
        """Tell that there is something to do."""
        with self._changed:
            self._left = True
            self._changed.notify_all()

    def settle(self) -> None:
        """Wait until nothing is left to do. Not for a block in which the worker is held."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or not (self._left or self._busy))

    @contextmanager
    def held(self) -> Iterator[Callable[[], bool]]:
        """Keep the worker from its work until the block ends.

        Yields
        ------
        callable
            Does one step by hand; false if there was none.
        """
        with self._changed:
            self._holds += 1
            self._changed.wait_for(lambda: not self._busy)
        try:
            yield self._step
        finally:
            with self._changed:
                self._holds -= 1
                self._changed.notify_all()

    def stop(self) -> None:
        """End after the step under way, and leave the rest. Stopping twice does nothing."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        try:
            while self._take():
                left = self._step()
                with self._changed:
                    self._busy, self._left = False, self._left or left
                    self._changed.notify_all()
                time.sleep(_PAUSE)
        finally:
            with self._changed:
                self._busy, self._stopped = False, True
                self._changed.notify_all()

    def _take(self) -> bool:
        """Wait until there is something to do; false if the worker is to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or (self._left and not self._holds))
            self._busy, self._left = not self._stopped, False
            return self._busy
