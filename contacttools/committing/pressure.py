"""Pressure: how many requests a run keeps in flight, and when it stops trying. Pure.

Time is what it is told: seconds of a clock that only ever grows.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

Weather = Literal["clear", "busy", "lost", "slow"]

PACED = 4  # in flight at a paced site: more would add nothing but doubts to settle
BEGIN = 2  # there: one alone, each answered after 0.8 s, would fall behind the pace
UNPACED = 64
_STEADY = 20  # clean answers before one more is let in flight
_BUDGET = 100.0
_COSTS: dict[Weather, float] = {"clear": -1, "busy": 5, "lost": 5, "slow": 10}
_SHRINKS: dict[Weather, float] = {"clear": 1, "busy": 0.7, "lost": 1, "slow": 0.5}
_RATIO, _FREE, _SPAN = 0.1, 10, 120.0  # failures among the requests of two minutes
_PAUSE = 60.0  # seconds without any request once the budget is spent
_PROBES = 3  # of the service after such a pause


@dataclass(slots=True)
class Pressure:
    """Learns from each answer.

    Attributes
    ----------
    cap : int
        Most requests in flight.
    begin : int
        As many as it begins with.
    """

    cap: int
    begin: int = 1
    _allowed: float = field(init=False)
    _clean: int = 0
    _budget: float = _BUDGET
    _recent: deque[tuple[float, bool]] = field(default_factory=deque)
    _failures: int = 0  # among the recent ones
    _until: float | None = None  # a pause, and then a probe
    _probes: int = 0
    spent: bool = False  # nothing more is to be tried in this run

    def __post_init__(self) -> None:
        self._allowed = float(min(self.begin, self.cap))

    @property
    def allowed(self) -> int:
        """How many requests may be in flight now."""
        return 1 if self._until is not None else max(1, int(self._allowed))

    @property
    def probing(self) -> bool:
        """Whether the next request only finds out if the service answers again."""
        return self._until is not None

    def not_before(self, now: float) -> float:
        """Return when the next request may be made."""
        return now if self._until is None else max(now, self._until)

    def learn(self, weather: Weather, now: float) -> None:
        """Take an answer into account."""
        clear = weather == "clear"
        if self._until is not None:
            self._probed(now, clear=clear)
            return
        self._budget = min(_BUDGET, self._budget - _COSTS[weather])
        self._allowed = max(1.0, self._allowed * _SHRINKS[weather])
        self._clean = self._clean + 1 if clear else 0
        if self._clean == _STEADY:
            self._clean, self._allowed = 0, min(float(self.cap), int(self._allowed) + 1.0)
        self._recent.append((now, not clear))
        self._failures += not clear
        while self._recent[0][0] < now - _SPAN:
            self._failures -= self._recent.popleft()[1]
        too_many = self._failures > max(_FREE, _RATIO * len(self._recent))
        if self._budget <= 0 or (too_many and not clear):
            self._until = now + _PAUSE

    def _probed(self, now: float, *, clear: bool) -> None:
        if now < self._until_or_never():
            return  # an answer to what left before the pause
        if clear:
            self._until, self._probes = None, 0
            self._budget, self._allowed, self._clean = _BUDGET / 2, 1.0, 0
            self._recent.clear()
            self._failures = 0
            return
        self._probes += 1
        self.spent = self._probes == _PROBES
        self._until = now + _PAUSE

    def _until_or_never(self) -> float:
        return float("inf") if self._until is None else self._until
