"""Notes: what a run writes down, each before anything else happens to that contact. Pure values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from contacttools.committing.asks import Ask, Waited
from contacttools.committing.report import Outcome
from contacttools.contact.wire import Answer
from contacttools.planning.change import Key


@dataclass(frozen=True, slots=True)
class Note:
    """Something asked of one change and what came back; no answer yet: it is about to be sent."""

    key: Key
    ask: Ask
    answer: Answer | Waited | None


@dataclass(frozen=True, slots=True)
class Ended:
    """How one change ended."""

    key: Key
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Halted:
    """The run stopped, and why; nothing to say when it came to its own end."""

    why: str = ""


Entry = Note | Ended | Halted


class Keeper(Protocol):
    """What a run needs of its journal."""

    def note(self, entries: Sequence[Entry], /) -> None:
        """Write entries down; they are durable when this returns."""
        ...
