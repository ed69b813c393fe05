"""Notes: what merges write down, each before anything else happens to those contacts. Values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contacttools.contact.fields import Json
from contacttools.contact.wire import Answer
from contacttools.planning.change import Key


@dataclass(frozen=True, slots=True)
class Copies:
    """All contacts of a merge as they are just before it is sent, by id."""

    key: Key
    documents: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Sending:
    """A merge is about to be sent, at this revision of its target."""

    key: Key
    revision: int


@dataclass(frozen=True, slots=True)
class Answered:
    """What the service said to a merge that was sent."""

    key: Key
    revision: int
    answer: Answer


MergeEntry = Copies | Sending | Answered
