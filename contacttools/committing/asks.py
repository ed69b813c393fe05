"""Asks: what the rules of a commit may ask for, and how a change is called. Pure values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contacttools.contact.fields import Json
from contacttools.contact.wire import Answer
from contacttools.planning.change import Change, Key


@dataclass(frozen=True, slots=True)
class Read:
    """Read the contact by its id."""


@dataclass(frozen=True, slots=True)
class Write:
    """Send the change; at one revision its body is always the same."""

    revision: int
    info: Json
    allow_duplicates: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait, longer each time, and then ask; what the service itself asks for is added to it."""

    attempt: int
    then: Read | Write


@dataclass(frozen=True, slots=True)
class Rebase:
    """From here on the change is this one: the same edits, on a newer revision. Asks nobody."""

    change: Change


@dataclass(frozen=True, slots=True)
class Resume:
    """The run was taken up again: tries are counted anew, doubts remain. Asks nobody."""


@dataclass(frozen=True, slots=True)
class Waited:
    """The wait is over; what asks nobody is done."""


Ask = Read | Write | Wait | Rebase | Resume
Seen = Sequence[tuple[Ask, Answer | Waited]]

__all__ = ["Ask", "Key", "Read", "Rebase", "Resume", "Seen", "Wait", "Waited", "Write"]
