"""Comparing: what each field of two contacts says, as one of a few levels. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.process import cpdist

from contacttools.auditing.emails import ROLES
from contacttools.matching.candidates import Whole
from contacttools.matching.levels import FIELDS, PLACES, SAME
from contacttools.matching.nicknames import gendered, nickname
from contacttools.matching.people import People, sound

Texts: TypeAlias = npt.NDArray[np.object_]
Levels: TypeAlias = npt.NDArray[np.int8]
Shares: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Compared:
    """What every field says of each pair.

    Attributes
    ----------
    levels : dict of str to array of int
        By field; 0 where one of the two is missing.
    held : dict of str to array of int
        By field, how many contacts have the value that is the same; the rarer of both elsewhere.
    swapped : array of bool
        Whether the first name of one was compared with the last name of the other.
    namesakes, household : array of int
        How many contacts have the whole name, or the address, of the first of the two.
    role : array of bool
        Whether the e-mail that is the same belongs to no person.
    """

    levels: dict[str, Levels]
    held: dict[str, Whole]
    swapped: npt.NDArray[np.bool_]
    namesakes: Whole
    household: Whole
    role: npt.NDArray[np.bool_]

    def last(self, field: str) -> npt.NDArray[np.bool_]:
        """Say of which pairs a field is different."""
        return np.equal(self.levels[field], len(FIELDS[field]))


def compared(people: People, one: Whole, other: Whole) -> Compared:
    """Compare pairs of contacts, given by their positions."""
    levels: dict[str, Levels] = {}
    held: dict[str, Whole] = {}
    swapped = _names(people, one, other, levels, held)
    for name, how in (("birthdate", _days), ("company", _exact)):
        values = people.names[name].to_numpy(dtype=object)
        levels[name] = _levels(values[one], values[other], how)
        held[name] = _rarer(_counts(values), one, other)
    role = _items(people, one, other, levels, held)
    household = _places(people, one, other, levels, held)
    first, last = (people.names[side].to_numpy(dtype=object) for side in ("first", "last"))
    whole = _counts(first + "|" + last)
    namesakes = np.maximum(whole[one], whole[other])
    return Compared(levels, held, swapped, namesakes, household, role)


def _names(
    people: People, one: Whole, other: Whole, levels: dict[str, Levels], held: dict[str, Whole]
) -> npt.NDArray[np.bool_]:
    """Compare first with first and last with last name, or crosswise where that fits better."""
    first, last = (people.names[side].to_numpy(dtype=object) for side in ("first", "last"))
    every = _counts(np.concatenate([first, last]))
    n = len(people)
    counts = {"first": every[:n], "last": every[n:]}
    straight = {
        "first": _levels(first[one], first[other], _firsts),
        "last": _levels(last[one], last[other], _lasts),
    }
    across = {
        "first": _levels(first[one], last[other], _lasts),
        "last": _levels(last[one], first[other], _lasts),
    }
    gain = sum(
        np.where(straight[side] == 0, 3, straight[side])
        - np.where(across[side] == 0, 3, across[side])
        for side in ("first", "last")
    )
    found = (across["first"] > 0) & (across["first"] < 5) | (across["last"] > 0) & (
        across["last"] < 5
    )
    swapped: npt.NDArray[np.bool_] = found & (gain >= 2)
    for side in ("first", "last"):
        levels[side] = np.where(swapped, across[side], straight[side]).astype(np.int8)
        facing = "last" if side == "first" else "first"
        here = _rarer(counts[side], one, other)
        held[side] = np.where(swapped, np.minimum(counts[side][one], counts[facing][other]), here)
    return swapped


def _items(
    people: People, one: Whole, other: Whole, levels: dict[str, Levels], held: dict[str, Whole]
) -> npt.NDArray[np.bool_]:
    """Compare e-mails and phones: of several, the two that are most alike."""
    role = np.zeros(len(one), dtype=bool)
    for name, items, how in (("email", people.emails, _emails), ("phone", people.phones, _phones)):
        values = items["value"].to_numpy(dtype=object)
        pair, left, right = _products(items["who"], one, other, len(people))
        said = _levels(values[left], values[right], how)
        count = _rarer(_counts(values), left, right)
        if name == "email":
            local = items["local"].to_numpy(dtype=object)
            count = np.where(said == SAME + 1, _counts(local)[left], count)
        best = _best(pair, said)
        levels[name] = np.zeros(len(one), dtype=np.int8)
        held[name] = np.full(len(one), 2)
        levels[name][pair[best]] = said[best]
        held[name][pair[best]] = count[best]
        if name == "email":
            of_role = np.array([each.rstrip("0123456789") in ROLES for each in local], dtype=bool)
            role[pair[best]] = of_role[left[best]]
    return role


def _places(
    people: People, one: Whole, other: Whole, levels: dict[str, Levels], held: dict[str, Whole]
) -> Whole:
    """Compare addresses: of several, the two that are most alike. Return how many live there."""
    table = people.addresses
    pair, left, right = _products(table["who"], one, other, len(people))
    columns = {name: table[name].to_numpy(dtype=object) for name in PLACES}
    how = {
        "street": _streets,
        "number": _exact,
        "line2": _lines,
        "city": _cities,
        "postcode": _codes,
    }
    said = {name: _levels(columns[name][left], columns[name][right], how[name]) for name in PLACES}
    street, line2 = columns["street"], columns["line2"]
    for mine, yours in ((street[left], line2[right]), (line2[left], street[right])):
        moved = _levels(mine, yours, _streets)
        alike = (moved > 0) & (moved < 3) & ((said["street"] == 0) | (said["street"] == 4))
        said["street"][alike] = 3
    distance = sum(np.where(each == 0, 2, each).astype(np.int64) for each in said.values())
    best = _best(pair, np.asarray(distance, dtype=np.int64))
    for name in PLACES:
        levels[name] = np.zeros(len(one), dtype=np.int8)
        held[name] = np.full(len(one), 2)
        levels[name][pair[best]] = said[name][best]
        held[name][pair[best]] = _rarer(_counts(columns[name]), left, right)[best]
    at = table["street"] + "|" + table["number"] + "|" + table["city"]
    living = table["who"].groupby(at).transform("nunique").to_numpy(dtype=np.int64)
    household = np.full(len(one), 2)
    same = best[said["street"][best] == SAME]
    household[pair[same]] = np.maximum(living[left[same]], living[right[same]])
    return household


def _products(who: pd.Series[Any], one: Whole, other: Whole, n: int) -> tuple[Whole, Whole, Whole]:
    """Return every item of one of a pair with every item of the other: pair, item, item."""
    owner = who.to_numpy(dtype=np.int64)
    order = np.argsort(owner, kind="stable")
    many = np.bincount(owner, minlength=n)
    start = np.cumsum(many) - many
    times = many[one] * many[other]
    pair = np.repeat(np.arange(len(one)), times)
    step = np.arange(len(pair)) - np.repeat(np.cumsum(times) - times, times)
    width = np.maximum(1, many[other][pair])
    return pair, order[start[one[pair]] + step // width], order[start[other[pair]] + step % width]


def _best(pair: Whole, distance: npt.NDArray[Any]) -> Whole:
    """Return the row of each pair with the smallest distance; 0, nothing to compare, is none."""
    order = np.lexsort((np.where(distance == 0, 99, distance), pair))
    head = np.ones(len(order), dtype=bool)
    head[1:] = pair[order][1:] != pair[order][:-1]
    return order[head]


def _counts(values: Texts) -> Whole:
    """Return of each value how often it is there."""
    codes, _ = pd.factorize(values)
    return np.bincount(codes)[codes] if len(codes) else np.empty(0, dtype=np.int64)


def _rarer(counts: Whole, one: Whole, other: Whole) -> Whole:
    return np.minimum(counts[one], counts[other])


def _levels(left: Texts, right: Texts, how: Callable[[Texts, Texts], Levels]) -> Levels:
    """Return the level of each two texts; any two are compared once."""
    codes, values = pd.factorize(np.concatenate([left, right]))
    size = max(1, len(values))
    pairs, back = np.unique(codes[: len(left)] * size + codes[len(left) :], return_inverse=True)
    values = np.asarray(values, dtype=object)
    mine, yours = values[pairs // size], values[pairs % size]
    missing, same = (mine == "") | (yours == ""), mine == yours
    said = np.where(missing, 0, SAME).astype(np.int8)
    rest = ~missing & ~same
    if rest.any():
        said[rest] = how(mine[rest], yours[rest])
    return said[back]


def _distance(mine: Texts, yours: Texts) -> npt.NDArray[np.int64]:
    return np.asarray(cpdist(mine, yours, scorer=OSA.distance, dtype=np.int64))


def _likeness(mine: Texts, yours: Texts) -> Shares:
    scorer = JaroWinkler.normalized_similarity
    return np.asarray(cpdist(mine, yours, scorer=scorer, dtype=np.float64))


def _lengths(texts: Texts) -> npt.NDArray[np.int64]:
    return np.array([len(each) for each in texts], dtype=np.int64)


def _packed(texts: Texts) -> Texts:
    return np.array([each.replace(" ", "") for each in texts], dtype=object)


def _called(mine: Texts, yours: Texts, short: Levels) -> Levels:
    """Compare names; `short` says where one is a form of the other."""
    one, two = _packed(mine), _packed(yours)
    apart, shorter = _distance(one, two), np.minimum(_lengths(one), _lengths(two))
    heard = np.array([sound(each) for each in one]) == np.array([sound(each) for each in two])
    alike = (_likeness(one, two) >= 0.88) | (heard & (shorter > 3)) | ((apart == 2) & (shorter > 5))
    near = (apart <= 1) & (shorter > 2)
    return np.select([short > 0, near, alike], [2, 3, 4], 5).astype(np.int8)


def _firsts(mine: Texts, yours: Texts) -> Levels:
    both = list(zip(mine, yours, strict=True))
    said = _called(mine, yours, np.array([nickname(*each) for each in both], dtype=np.int8))
    said[np.array([gendered(*each) for each in both], dtype=bool)] = len(FIELDS["first"])
    return said


def _lasts(mine: Texts, yours: Texts) -> Levels:
    short = [_part(one, two) for one, two in zip(mine, yours, strict=True)]
    return _called(mine, yours, np.array(short, dtype=np.int8))


def _part(one: str, two: str) -> bool:
    """Say whether one is some of the words of the other, or its initial."""
    few, many = sorted((one.split(), two.split()), key=len)
    if len(one) == 1 or len(two) == 1:
        return one[:1] == two[:1]
    return len(few) < len(many) and set(few) <= set(many) and max(map(len, few)) > 2


def _days(mine: Texts, yours: Texts) -> Levels:
    swapped = [
        one[:4] == two[:4] and one[5:7] == two[8:] and one[8:] == two[5:7]
        for one, two in zip(mine, yours, strict=True)
    ]
    return np.select([swapped, _distance(mine, yours) <= 1], [2, 3], 4).astype(np.int8)


def _emails(mine: Texts, yours: Texts) -> Levels:
    one = [each.partition("@") for each in mine]
    two = [each.partition("@") for each in yours]
    local = [a[0] == b[0] and len(a[0]) > 4 for a, b in zip(one, two, strict=True)]
    numbers = [_digits(a) == _digits(b) for a, b in zip(mine, yours, strict=True)]
    near = (_distance(mine, yours) <= 1) & np.array(numbers, dtype=bool)
    return np.select([local, near], [2, 3], 4).astype(np.int8)


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _phones(mine: Texts, yours: Texts) -> Levels:
    """Numbers are the same also where one lacks what is dialled before it."""
    same = [
        len(short) > 7 and long.endswith(short)
        for short, long in (
            sorted((a.lstrip("0"), b.lstrip("0")), key=len)
            for a, b in zip(mine, yours, strict=True)
        )
    ]
    return np.where(same, 1, 2).astype(np.int8)


def _streets(mine: Texts, yours: Texts) -> Levels:
    one, two = _packed(mine), _packed(yours)
    near = _distance(one, two) <= 2
    return np.select([near, _likeness(one, two) >= 0.88], [2, 3], 4).astype(np.int8)


def _lines(mine: Texts, yours: Texts) -> Levels:
    return np.where(_likeness(_packed(mine), _packed(yours)) >= 0.85, 2, 3).astype(np.int8)


def _cities(mine: Texts, yours: Texts) -> Levels:
    one, two = _packed(mine), _packed(yours)
    alike = (_distance(one, two) <= 2) | (_likeness(one, two) >= 0.9)
    return np.where(alike & (np.minimum(_lengths(one), _lengths(two)) > 3), 2, 3).astype(np.int8)


def _codes(mine: Texts, yours: Texts) -> Levels:
    return np.where(_distance(mine, yours) <= 1, 2, 3).astype(np.int8)


def _exact(mine: Texts, _: Texts) -> Levels:
    return np.full(len(mine), 2, dtype=np.int8)
