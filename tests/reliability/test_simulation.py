"""Whatever the network, the service, colleagues and the kernel do: no promise is broken.

Each seed is a world with its own reading of the service, its own share of faults, and its own
moments at which the kernel dies. What was reported is compared with what really happened.
"""

import json
import os
from pathlib import Path

import pytest
from reliability.figures import FULL, record
from reliability.simulation import everywhere, many, simulate
from reliability.world import LOOK_FAULTS, READ_FAULTS, WRITE_FAULTS

#: Seeds that show a bug that is planted, or was once there; they run first.
CORPUS = json.loads((Path(__file__).parent / "planted_bugs.json").read_text(encoding="utf-8"))

CALLS = [
    *(("write", fault) for fault in WRITE_FAULTS),
    *(("read", fault) for fault in READ_FAULTS),
    *(("look", fault) for fault in LOOK_FAULTS),
]

#: What may follow what, of one change: the table of states, as the journal shows it.
TRANSITIONS = [
    ("planned", "write: written"), ("planned", "write: lost"), ("planned", "write: stale"),
    ("planned", "write: neversent"), ("planned", "write: slowdown"), ("planned", "write: refused"),
    ("planned", "write: missing"), ("planned", "read: found"), ("planned", "resume"),
    ("write: written", "applied"), ("write: written", "read: found"), ("write: written", "resume"),
    ("write: neversent", "write: written"), ("write: slowdown", "write: written"),
    ("write: refused", "refused"), ("write: refused", "read: found"),
    ("write: lost", "read: found"), ("write: lost", "read: lost"), ("write: lost", "resume"),
    ("write: stale", "read: found"), ("write: missing", "read: missing"),
    ("read: found", "rebase"), ("read: found", "applied"), ("read: found", "already"),
    ("read: found", "conflict"), ("read: found", "conflict_maybe_applied"),
    ("read: found", "refused"), ("read: found", "read: found"), ("read: found", "write: written"),
    ("read: missing", "gone"), ("read: lost", "read: found"),
    ("rebase", "write: written"), ("rebase", "write: lost"), ("rebase", "write: stale"),
    ("rebase", "resume"), ("resume", "write: written"), ("resume", "read: found"),
    ("resume", "read: missing"), ("resume", "resume"),
]  # fmt: skip


@pytest.mark.parametrize("bug", CORPUS)
def test_seeds_that_show_a_bug_where_there_is_one(bug):
    """Without the bug they hold."""
    simulate(CORPUS[bug])


def test_no_promise_is_broken(capsys):
    """Nothing unseen or twice, nobody overwritten, one true outcome each, nothing lost."""
    count = 20_000 if FULL else 400
    seeds = range(100_000, 100_000 + count)
    workers = os.cpu_count() or 1
    figures = everywhere(seeds.start, count, workers) if FULL else many(seeds)
    record(capsys, "simulation", **figures.told())
    assert [] == figures.violations
    assert count == figures.seeds
    least = 50 if FULL else 1
    assert [] == [each for each in CALLS if figures.calls[each] < least]
    least = 100 if FULL else 1
    assert [] == [each for each in TRANSITIONS if figures.transitions[each] < least]
