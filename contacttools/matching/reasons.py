"""Reasons: what was said of a pair of contacts, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from contacttools.matching.comparing import Compared
from contacttools.matching.levels import FIELDS, SAME
from contacttools.matching.scoring import Scored


@dataclass(frozen=True, slots=True)
class Said:
    """What one field says of two contacts.

    Attributes
    ----------
    field : str
    words : str
    weight : float
        The natural logarithm of how much more often it is so of one person's contacts than of two
        people's: above 0 it speaks for one person, below 0 against.
    """

    field: str
    words: str
    weight: float


@dataclass(frozen=True, slots=True)
class Pair:
    """Two contacts that are probably one person.

    Attributes
    ----------
    one, other : str
        Their ids; `one` is the older contact.
    score : float
        How probable it is, from 0 to 1.
    said : tuple of Said
        What each field says where both have it, in the order of the fields.
    group : int
        The group that both are in; -1 where they were kept apart.
    """

    one: str
    other: str
    score: float
    said: tuple[Said, ...]
    group: int

    @property
    def reasons(self) -> str:
        """What speaks for it, the weightiest first, and what speaks against it."""
        told = sorted((each for each in self.said if each.words), key=lambda each: -each.weight)
        for_it = [each.words for each in told if each.weight > 0]
        against = [each.words for each in reversed(told) if each.weight <= 0]
        return ", ".join(for_it) + (", but " if for_it and against else "") + ", ".join(against)


def said(pairs: Compared, scored: Scored) -> list[tuple[Said, ...]]:
    """Return of each pair what its fields say."""
    found: list[list[Said]] = [[] for _ in scored.score]
    for name, levels in FIELDS.items():
        weights = scored.weights[name]
        for at in pairs.levels[name].nonzero()[0].tolist():
            level = int(pairs.levels[name][at])
            words = levels[level - 1].words + _beside(name, level, pairs, at)
            found[at].append(Said(name, words, round(float(weights[at]), 3)))
    return [tuple(each) for each in found]


def _beside(name: str, level: int, pairs: Compared, at: int) -> str:
    """Return what else is to be known of a value that is the same."""
    if name == "first" and pairs.swapped[at]:
        return " (first and last name swapped)"
    if level != SAME or name not in ("email", "phone"):
        return ""
    others = int(pairs.held[name][at]) - 2
    role = " of a role" if name == "email" and pairs.role[at] else ""
    return role + (f" (as {others:,} more {'have' if others > 1 else 'has'})" if others > 0 else "")


def pairs_of(
    ends: Iterable[tuple[str, str]], compared: Compared, scored: Scored, groups: Iterable[int]
) -> tuple[Pair, ...]:
    """Return pairs with their reasons; `ends` are the ids of each two."""
    told = said(compared, scored)
    return tuple(
        Pair(one, other, round(float(score), 4), words, group)
        for (one, other), score, words, group in zip(ends, scored.score, told, groups, strict=True)
    )
