"""Scoring: how probable it is that two contacts are one person, from what their fields say. Pure.

As Fellegi and Sunter have it: what a field says counts by how much more often it is so of one
person's contacts than of two people's. The second is counted: a name that many have says little, a
rare one much. The first is learned from the contacts themselves, by expectation and maximisation,
beginning with what `FIELDS` holds. No pair has to be labelled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from contacttools.matching.comparing import Compared, Levels, Shares, compared
from contacttools.matching.levels import FIELDS, PLACES, SAME
from contacttools.matching.people import People

_SAMPLE = 20  # pairs by chance for each contact, to see how often different people are alike
UNTOLD = 0.1  # the most that is said of two who have too little in common
_LARGEST = 5_000  # and in all
_PRIOR = 1000  # contacts that what is known beforehand counts for
_LEARNT = 300  # pairs that what is known beforehand counts for
_ROUNDS = 12
_FEWEST = 0.02  # duplicates per contact, where fewer are seen
_SHARED = {"email": 0.02, "phone": 0.2}  # of values that two contacts have, those of two people
_SWAPPED = 0.05  # of one person's contacts, those with first and last name swapped
_AT_HOME = 2  # parts of an address that agree where two may live in the same place
_FAMILIES = 5  # families that are expected before looking
_FEW = 0.25  # of those with one address and different first names, families, where they are few


@dataclass(frozen=True)
class Scored:
    """How probable it is of each pair, and how much each field says.

    Attributes
    ----------
    score : array of float
        From 0 to 1; 0 where two names are clearly those of different people.
    weights : dict of str to array of float
        By field, the natural logarithm of how much more often it is so of one person.
    """

    score: Shares
    weights: dict[str, Shares]


@dataclass(frozen=True)
class Learned:
    """What is known of these contacts, to score any pair of them.

    Attributes
    ----------
    contacts : int
    of_one, of_two : dict of str to array of float
        By field and level.
    share : float
        Of all pairs there could be, those that are one person.
    families : float
        Of pairs with one address and different first names, those that were born on other days.
    """

    contacts: int
    of_one: Mapping[str, Shares]
    of_two: Mapping[str, Shares]
    share: float
    families: float

    def scored(self, pairs: Compared) -> Scored:
        """Score pairs."""
        weights = {name: self._weight(name, pairs) for name in FIELDS}
        weights["first"] = weights["first"] + np.where(pairs.swapped, np.log(_SWAPPED), 0)
        city, postcode = weights["city"], weights["postcode"]  # one tells the other
        weights["city"] = np.where((postcode > 0) & (city > 0), 0, city)
        _limit(weights, ("first", "last"), self._namesakes(pairs))
        _limit(weights, PLACES, self._household(pairs))
        odds = sum(weights.values()) + np.log(self.share / (1 - self.share))
        score = 1 / (1 + np.exp(-np.clip(odds, -50, 50)))
        against = verdicts(pairs, self.families)
        score = np.where(against.untold, np.minimum(score, UNTOLD), score)
        return Scored(np.where(against.refused, 0, score), weights)

    def _weight(self, name: str, pairs: Compared) -> Shares:
        """Return what a field says: 0 where it is missing."""
        level, n = pairs.levels[name], self.contacts
        ratio = np.concatenate([[1.0], self.of_one[name] / self.of_two[name]])[level]
        same = level == SAME
        if name in _SHARED:
            part = np.where(pairs.role, 1, _SHARED[name]) if name == "email" else _SHARED[name]
            by_two = part * np.maximum(1, pairs.held[name] - 1) ** 2 / (n + _PRIOR)
        else:
            known = FIELDS[name][0].of_two
            by_two = (pairs.held[name] + known * _PRIOR) / (n + _PRIOR)
        by_two = np.minimum(by_two, 1)
        return np.log(np.where(same, self.of_one[name][0] / by_two, ratio))

    def _namesakes(self, pairs: Compared) -> Shares:
        """Return the most that a whole name can say: some are more frequent than their parts."""
        return np.log((self.contacts + _PRIOR) / np.maximum(1, pairs.namesakes - 1))

    def _household(self, pairs: Compared) -> Shares:
        """Return the most that an address can say: families and offices have one in common."""
        shared = self.families / 2 * np.maximum(1, pairs.household - 1) ** 2
        return np.log(np.maximum(1, (self.contacts + _PRIOR) / shared))


def learned(people: People, pairs: Compared) -> Learned:
    """Learn how often fields say what, of one person's contacts and of two people's."""
    n = len(people)
    of_two = _by_chance(people)
    of_one = {name: _shares(name, "of_one") for name in FIELDS}
    every = max(1.0, n * (n - 1) / 2)
    found = _FEWEST * n
    families = _families(pairs)
    model = Learned(n, of_one, of_two, _share(found, every), families)
    for _ in range(_ROUNDS):
        score = model.scored(pairs).score
        of_one = {
            name: _mixed(pairs.levels[name], score, _shares(name, "of_one"), _LEARNT)
            for name in FIELDS
        }
        found = max(float(score.sum()), _FEWEST * n)
        model = Learned(n, of_one, of_two, _share(found, every), families)
    return model


@dataclass(frozen=True)
class Verdicts:
    """Which pairs no score makes one person.

    Attributes
    ----------
    refused : array of bool
        The names are those of different people. Nothing that people share makes one of them: an
        e-mail, a phone, an address. First names that differ are allowed for one who was born on the
        same day and lives in the same place, and last names for one with the same day or e-mail,
        since people marry. Where families are few, as birthdates show, a whole address will do.
        Where they are not, those who were born on quite different days, and write from no e-mail
        in common, are father and son.
    untold : array of bool
        They have too little in common to tell: a name, or a name and a city, that namesakes have as
        well; or a phone, of which nobody knows whose it is.
    """

    refused: npt.NDArray[np.bool_]
    untold: npt.NDArray[np.bool_]


def verdicts(pairs: Compared, families: float) -> Verdicts:
    """Say which pairs no score makes one person; `families` as in `Learned`."""
    levels = pairs.levels
    agrees = {name: (levels[name] > 0) & ~pairs.last(name) for name in FIELDS}
    born, phone = agrees["birthdate"], agrees["phone"]
    named = agrees["first"] & agrees["last"]
    writes = agrees["email"] & (~pairs.role | named)
    otherwise = pairs.last("email") | pairs.last("phone")
    at_home = _at_home(pairs)
    no_family = (at_home > _AT_HOME) & ~otherwise & (families < _FEW)
    lives = (
        agrees["number"] & agrees["street"]
        | (at_home > _AT_HOME) & ~otherwise & ~pairs.last("number")
        | no_family
    )
    # Where families are few, a whole name in one street is told by what the rest says.
    street = named & agrees["street"] & agrees["postcode"] & (families < _FEW)
    first = ~(no_family | born & (at_home >= _AT_HOME) & ~otherwise)
    last = ~(no_family | born | (levels["email"] == SAME) & ~pairs.role)
    nameless = (levels["first"] == 0) & (levels["last"] == 0)
    # Of a family or its namesakes, unless the data has more mistaken birthdates than families.
    generations = pairs.last("birthdate") & ~writes & (families >= _FEW)
    return Verdicts(
        (pairs.last("first") & first) | (pairs.last("last") & last) | generations,
        (nameless & ~writes & ~(born & (phone | lives)))
        | ~(writes | phone | born | lives | agrees["company"] | street),
    )


def _at_home(pairs: Compared) -> npt.NDArray[np.int64]:
    """Return how many parts of an address agree."""
    agree = [(pairs.levels[name] > 0) & ~pairs.last(name) for name in PLACES]
    return np.asarray(np.sum(agree, axis=0), dtype=np.int64)


def _families(pairs: Compared) -> float:
    """Return how many of those with one address and different first names are several people.

    Birthdates tell: of one person with a mistaken name they are mostly the same. Where too few have
    one to tell, all are taken for families.
    """
    door = pairs.levels["number"] == SAME
    door &= (pairs.levels["street"] == SAME) | (pairs.levels["street"] == SAME + 1)
    together = door & (_at_home(pairs) > _AT_HOME) & pairs.last("first")
    known = together & (pairs.levels["birthdate"] > 0)
    apart = int((known & pairs.last("birthdate")).sum())
    return (apart + _FAMILIES) / (int(known.sum()) + _FAMILIES)


def _limit(weights: dict[str, Shares], names: tuple[str, ...], most: Shares) -> None:
    """Scale what some fields say together down to what they can say at most."""
    together = sum(weights[name] for name in names)
    scale = np.where(together > most, most / np.where(together > most, together, 1), 1)
    for name in names:
        weights[name] = weights[name] * scale


def _by_chance(people: People) -> dict[str, Shares]:
    """Return how often fields say what of two contacts taken by chance."""
    n = len(people)
    chance = np.random.default_rng(0)  # the same pairs each time: the same contacts, the same score
    one, other = chance.integers(0, max(1, n), (2, min(_LARGEST, _SAMPLE * n)))
    different = one != other
    sample = compared(people, one[different], other[different])
    weight = np.ones(int(different.sum()))
    return {
        name: _mixed(sample.levels[name], weight, _shares(name, "of_two"), _PRIOR)
        for name in FIELDS
    }


def _mixed(levels: Levels, weight: Shares, known: Shares, worth: float) -> Shares:
    """Return the shares of the levels seen, mixed with those known beforehand."""
    seen = np.bincount(levels, weights=weight, minlength=len(known) + 1)[1:]
    mixed: Shares = (seen + worth * known) / (seen.sum() + worth)
    return mixed


def _shares(name: str, of: str) -> Shares:
    held = np.array([getattr(level, of) for level in FIELDS[name]])
    return np.asarray(held / held.sum(), dtype=np.float64)


def _share(found: float, every: float) -> float:
    return min(0.5, max(found, 1e-9) / every)
