"""The kernel dies at every single point of a commit, and again while it is taken up."""

import functools
import itertools
import random

import pytest
from reliability.figures import FULL, record
from reliability.simulation import simulate

SCRIPTS = (18, 8, 55) if FULL else (18,)
CONTACTS = 12


@functools.cache
def points(seed):
    """Return how many points there are at which the kernel may die, when it never does."""
    return simulate(seed, contacts=CONTACTS, crash_at=()).points


@pytest.mark.parametrize("seed", SCRIPTS)
def test_a_kernel_that_dies_anywhere_loses_nothing(seed, capsys):
    """Each point is tried: before and after each note, and after each request has left."""
    total = points(seed)
    died = [simulate(seed, contacts=CONTACTS, crash_at={n}).crashes for n in range(1, total + 1)]
    record(capsys, "crash points", script=seed, points=total, died=sum(died))
    assert [1] * total == died


def test_a_kernel_that_dies_again_while_it_takes_up_loses_nothing(capsys):
    """Pairs of points, the second one in the run that carries on."""
    count = 5_000 if FULL else 80
    draw = random.Random("pairs")
    crashes = 0
    for seed in itertools.islice(itertools.cycle(SCRIPTS), count):
        first = draw.randrange(1, points(seed) + 1)
        again = first + draw.randrange(1, 40)
        crashes += simulate(seed, contacts=CONTACTS, crash_at={first, again}).crashes
    record(capsys, "pairs of crash points", pairs=count, died=crashes)
    assert crashes > 1.5 * count
