"""Candidates: which pairs of contacts are worth comparing, out of all there could be. Pure.

Each pass puts together those who have one key in common; a pair is a candidate if any pass has it.
A group that is too large, all those of one office for instance, is put in order of names and each
is compared with the next ones only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from contacttools.matching.people import People

Whole: TypeAlias = npt.NDArray[np.int64]

LARGEST = 60  # contacts that have a key in common and are all compared with each other
NEAR = 8  # neighbours in order of names that one of a larger group is compared with
_WINDOW = 4  # neighbours in order of the whole list


@dataclass(frozen=True)
class Candidates:
    """Pairs worth comparing.

    Attributes
    ----------
    one, other : array of int
        Positions of contacts; `one` is the smaller.
    left_out : dict of str to int
        Pairs that were not compared because too many have the same, by what they have the same of.
    """

    one: Whole
    other: Whole
    left_out: dict[str, int]


def candidates(people: People) -> Candidates:
    """Return the pairs that are worth comparing."""
    n = len(people)
    order = np.empty(n, dtype=np.int64)
    by_name = (people.names["last"] + " " + people.names["first"]).to_numpy(dtype=object)
    order[np.argsort(by_name, kind="stable")] = np.arange(n)
    found: list[Whole] = []
    left_out: dict[str, int] = {}
    for what, who, key in _passes(people):
        codes, skipped = _within(who, key, order, n)
        found.append(codes)
        if skipped:
            left_out[what] = left_out.get(what, 0) + skipped
    for text in _orders(people):
        held = np.flatnonzero(text != "")
        line = held[np.argsort(text[held], kind="stable")]
        found += [_coded(line[:-step], line[step:], n) for step in range(1, _WINDOW + 1)]
    codes = np.unique(np.concatenate(found))
    return Candidates(codes // n, codes % n, left_out)


def _passes(people: People) -> Iterator[tuple[str, pd.Series, pd.Series]]:
    """Yield what a pass goes by, who has a key, and the key; an empty one is none."""
    names, sounds, addresses = people.names, people.sounds, people.addresses
    everyone = pd.Series(np.arange(len(people)))
    for kind, items in (("e-mail", people.emails), ("phone", people.phones)):
        yield kind, items["who"], items["value"].str[-9:] if kind == "phone" else items["value"]
    yield "e-mail", people.emails["who"], people.emails["local"]
    yield "birthdate", everyone, names["birthdate"]
    yield "birthdate", everyone, names["birthdate"].map(lambda day: "".join(sorted(day)))
    first, last = names["first"], names["last"]
    whole = (first + " " + last).map(lambda name: " ".join(sorted(name.split())))
    yield "name", everyone, whole
    heard, initial = sounds["last"], first.str[:1]
    yield "name", everyone, _both(heard, initial)
    yield "name", everyone, _both(sounds["first"], last.str[:1])
    yield "name", everyone, _both(sounds["first"], sounds["last"], either_way=True)
    yield "name", everyone, _both(first.str[:3], last.str[:3], either_way=True)
    who = addresses["who"]
    yield "address", who, _both(addresses["postcode"], addresses["street"].str[:3])
    yield "address", who, _both(addresses["street"], addresses["number"])
    yield "address", who, _both(addresses["city"], addresses["number"])
    yield "address", who, _both(addresses["postcode"], addresses["number"])
    yield "address", who, _both(addresses["line2"].str[:6], addresses["postcode"])


def _orders(people: People) -> Iterator[npt.NDArray[np.object_]]:
    """Yield texts that bring those together who begin alike."""
    first, last = people.names["first"], people.names["last"]
    for text in (last + " " + first, first + " " + last):
        yield text.str.strip().to_numpy(dtype=object)


def _both(one: pd.Series, two: pd.Series, *, either_way: bool = False) -> pd.Series:
    """Return a key of two parts, empty where one is missing."""
    left, right = one, two
    if either_way:
        left, right = one.where(one <= two, two), two.where(one <= two, one)
    return (left + "|" + right).where((one != "") & (two != ""), "")


def _within(
    who: pd.Series,
    key: pd.Series,
    order: Whole,
    n: int,
) -> tuple[Whole, int]:
    """Return the pairs of those with one key, and how many were left out."""
    held = (key != "").to_numpy()
    block, _ = pd.factorize(key[held])
    rows = pd.DataFrame({"block": block, "who": who.to_numpy(dtype=np.int64)[held]})
    rows = rows.drop_duplicates()
    rows = rows.iloc[np.lexsort((order[rows["who"]], rows["block"]))]
    size = rows.groupby("block")["block"].transform("size").to_numpy()
    block, member = rows["block"].to_numpy(), rows["who"].to_numpy()
    found, made = [np.empty(0, dtype=np.int64)], 0
    reach = np.where(size <= LARGEST, LARGEST, NEAR)
    for step in range(1, min(LARGEST, len(rows))):
        pair = (block[:-step] == block[step:]) & (reach[:-step] >= step)
        if not pair.any():
            break
        found.append(_coded(member[:-step][pair], member[step:][pair], n))
        made += int(pair.sum())
    all_of_them = int((size - 1).sum()) // 2
    return np.unique(np.concatenate(found)), all_of_them - made


def _coded(one: Whole, other: Whole, n: int) -> Whole:
    """Return each pair as one number."""
    return np.minimum(one, other) * n + np.maximum(one, other)
