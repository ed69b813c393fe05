"""A process that is killed while it notes: what it was told is on the disk, is on the disk.

``CONTACTTOOLS_RELIABILITY=1`` kills 200 times.
"""

import contextlib
import multiprocessing
import os
from random import Random

from journal_builder import SITE, WHERE, folder_at, plan_of, write_until_killed

from contacttools.committing.asks import Write

KILLS = 200 if os.environ.get("CONTACTTOOLS_RELIABILITY") == "1" else 20
PLAN = plan_of(*(f"c{n}" for n in range(800)))


def test_what_was_acknowledged_is_there_after_any_kill(tmp_path):
    """Over and over on the same journal: no note is lost, the chain holds, it can be opened."""
    chance = Random(2)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["contacttools.journal.folder", "hypothesis"])
    total = 0
    for kill in range(KILLS):
        folder = folder_at(tmp_path / f"runs-{kill // 20}")
        acknowledged = set()
        hear, say = context.Pipe(duplex=False)
        child = context.Process(target=write_until_killed, args=(folder.root, PLAN, say))
        child.start()
        say.close()
        with contextlib.suppress(EOFError, OSError):  # the last word may be cut short
            for _ in range(chance.randrange(60)):
                acknowledged.add(hear.recv())
            child.kill()
            while True:
                acknowledged.add(hear.recv())
        child.join()
        hear.close()
        if not acknowledged:
            continue  # it may not have got as far as a journal
        story = folder.read(SITE, PLAN.id)
        noted = {
            (key, 0)
            for key, seen in story.seen.items()
            if any(isinstance(a, Write) for a, _ in seen)
        }
        noted |= {(key, 1) for key in story.outcomes}
        assert set() == acknowledged - noted
        total += len(acknowledged)
    with contextlib.closing(folder.open(PLAN, **WHERE)) as book:
        assert book.verify() is None
    print(f"{KILLS} kills, {total:,} notes acknowledged, none lost")  # noqa: T201 - for the record
