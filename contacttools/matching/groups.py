"""Groups: pairs folded into groups that are one person each, and do not chain. Pure.

That A is B and B is C does not make A and C one. Pairs are taken from the surest on; two groups
become one if what speaks for it outweighs what speaks against it over all pairs between them. Two
who are clearly different people count twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from contacttools.matching.candidates import Whole
from contacttools.matching.comparing import Shares

_MOST = 4.0  # what one pair can say for or against, as the logarithm of odds
_WHOLE = 300  # contacts that hang together, of whom all pairs are looked at


def folded(
    one: Whole,
    other: Whole,
    score: Shares,
    threshold: float,
    rescore: Callable[[Whole, Whole], Shares],
) -> list[list[int]]:
    """Return the groups, each as positions in ascending order, those of the surest pair first.

    Parameters
    ----------
    one, other : array of int
        Pairs that were looked at, by positions.
    score : array of float
        How probable each is; 0 for two who are surely different people.
    threshold : float
    rescore : callable
        Scores pairs that were not looked at.
    """
    enough = (score >= threshold) & (score > 0)
    order = np.lexsort((other[enough], one[enough], -score[enough]))
    edges = list(zip(one[enough][order].tolist(), other[enough][order].tolist(), strict=True))
    known = dict(zip(zip(one.tolist(), other.tolist(), strict=True), score.tolist(), strict=True))
    _look_at_all(edges, known, rescore)
    needed = min(_odds(threshold), _MOST - 1)
    group = {member: [member] for edge in edges for member in edge}
    for left, right in edges:
        mine, yours = group[left], group[right]
        if mine is yours or not _one_person(mine, yours, known, needed):
            continue
        if len(mine) < len(yours):
            mine, yours = yours, mine
        mine += yours
        for member in yours:
            group[member] = mine
    found = {id(members): members for edge in edges for members in (group[edge[0]], group[edge[1]])}
    return [sorted(members) for members in found.values() if len(members) > 1]


def _one_person(
    mine: list[int], yours: list[int], known: Mapping[tuple[int, int], float], needed: float
) -> bool:
    """Say whether two groups are one, of all pairs between them."""
    if len(mine) == len(yours) == 1:
        return True
    total = 0.0
    for left in mine:
        for right in yours:
            score = known.get((left, right) if left < right else (right, left), 0.0)
            total += _odds(score) - needed if score > 0 else -2 * _MOST
    return total > 0


def _odds(score: float) -> float:
    sure = min(max(score, 1e-9), 1 - 1e-9)
    return float(np.clip(np.log(sure / (1 - sure)), -_MOST, _MOST))


def _look_at_all(
    edges: list[tuple[int, int]],
    known: dict[tuple[int, int], float],
    rescore: Callable[[Whole, Whole], Shares],
) -> None:
    """Score the pairs of those who hang together that were not looked at."""
    wanted = [
        (left, right)
        for members in _hanging(edges)
        if 2 < len(members) <= _WHOLE
        for at, left in enumerate(members)
        for right in members[at + 1 :]
        if (left, right) not in known
    ]
    if wanted:
        left, right = np.array(wanted, dtype=np.int64).T
        known.update(zip(wanted, rescore(left, right).tolist(), strict=True))


def _hanging(edges: list[tuple[int, int]]) -> list[list[int]]:
    """Return those who hang together by any chain of pairs."""
    above: dict[int, int] = {}

    def top(member: int) -> int:
        while above.setdefault(member, member) != member:
            above[member] = above[above[member]]
            member = above[member]
        return member

    for left, right in edges:
        above[top(left)] = top(right)
    found: dict[int, list[int]] = {}
    for member in sorted(above):
        found.setdefault(top(member), []).append(member)
    return list(found.values())
