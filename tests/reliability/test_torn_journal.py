"""F3, the torn log: a journal cut at any byte, or with any bit flipped, tells a prefix or nothing.

``CONTACTTOOLS_RELIABILITY=1`` cuts at every byte and flips 5,000 bits.
"""

import os
import shutil
import tempfile
from bisect import bisect_right
from pathlib import Path
from random import Random

import pytest
from journal_builder import SITE, WHERE, applied, document, folder_at, plan_of, sending

from contacttools.committing.asks import Read
from contacttools.committing.notes import Ended, Halted, Note
from contacttools.committing.report import Outcome
from contacttools.contact.wire import Found, Lost, Stale
from contacttools.errors import BadPlan
from contacttools.journal.book import LOG_PAGES

FULL = os.environ.get("CONTACTTOOLS_RELIABILITY") == "1"
CUTS, FLIPS = (None, 5000) if FULL else (400, 200)
PLAN = plan_of("c1", "c2", "c3", "c4")


def groups():
    """Yield what a run notes, group by group: things that go well, doubt, conflict, a stop."""
    well, doubtful, late, never = PLAN.changes
    yield from applied(well)
    write = sending(doubtful)
    yield [Note(doubtful.key, write, None)]
    yield [Note(doubtful.key, write, Lost("cut"))]
    yield [
        Note(doubtful.key, Read(), Found(document("c2"))),
        Ended(doubtful.key, Outcome("c2", "applied", contact=document("c2"))),
    ]
    yield [Note(late.key, sending(late), None)]
    yield [Note(late.key, sending(late), Stale("changed"))]
    yield [Ended(late.key, Outcome("c3", "conflict", detail="theirs"))]
    yield [Note(never.key, Read(), Found(document("c4", 5)))]
    yield [Halted("cancelled")]
    yield [Note(never.key, sending(never), None)]


class Torn:
    """A journal as a power cut leaves it, and the stories that it told on the way."""

    def __init__(self, path, *, pages=LOG_PAGES, least=64 * 1024):
        self._path = path
        path.mkdir()
        folder = folder_at(path / "whole")
        book = folder.open(PLAN, **WHERE)
        book._connection.execute(f"PRAGMA wal_autocheckpoint = {pages}")
        log = Path(f"{book.path}-wal")
        self.stories, self.sizes = [book.story()], [0]
        for group in groups():
            book.note(group)
            self.stories.append(book.story())
            self.sizes.append(log.stat().st_size)
        while self.sizes[-1] < least:
            book.note([Halted(f"again {len(self.sizes)}")])
            self.stories.append(book.story())
            self.sizes.append(log.stat().st_size)
        self.name, self.file, self.log = book.path.name, book.path.read_bytes(), log.read_bytes()
        book.close()
        self.closed = book.path.read_bytes()  # with all of the log in it

    def told(self, file, log):
        """Return which of the stories a journal of these bytes tells; None when it tells none."""
        folder = folder_at(self._path / "torn")
        folder.root.mkdir(exist_ok=True)
        (folder.root / self.name).write_bytes(file)
        (folder.root / f"{self.name}-wal").write_bytes(log)
        try:
            story = folder.read(SITE, PLAN.id)
        except BadPlan:
            return None
        finally:
            shutil.rmtree(folder.root)
        return self.stories.index(story)  # a story that never was is an error here


@pytest.fixture(scope="module")
def place():
    """A folder in memory, where there is such a thing: for speed only."""
    memory = Path("/dev/shm")  # noqa: S108
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as path:
        yield Path(path)


@pytest.fixture(scope="module")
def torn(place):
    """A journal with a log of 64 KiB."""
    return Torn(place / "log")


@pytest.fixture(scope="module")
def folded(place):
    """A journal whose log was folded into the file again and again, as a long one is."""
    return Torn(place / "folded", pages=8, least=30_000)


def told(figures):
    """Put figures on record: `pytest -s` shows them."""
    print(figures)  # noqa: T201


def flipped(content, bit):
    """Return bytes with one bit the other way round."""
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_a_log_that_is_cut_tells_all_that_was_whole(torn):
    """At every byte: exactly the groups that the log still holds whole, and no half of one."""
    every = range(len(torn.log) + 1)
    cuts = every if CUTS is None else [*sorted(Random(3).sample(every, CUTS - 1)), every[-1]]
    expected = [bisect_right(torn.sizes, cut) - 1 for cut in cuts]
    actual = [torn.told(torn.file, torn.log[:cut]) for cut in cuts]
    wrong = [cut for cut, a, b in zip(cuts, expected, actual, strict=True) if a != b]
    told(f"F3: {len(cuts):,} cuts of a log of {len(torn.log):,} bytes, {len(wrong)} bad opens")
    assert [] == wrong


def test_a_log_with_a_flipped_bit_tells_a_prefix(torn):
    """Whatever comes before it in the log, or all of it; never anything that was not noted."""
    bits = Random(5).sample(range(len(torn.log) * 8), FLIPS)
    actual = [torn.told(torn.file, flipped(torn.log, bit)) for bit in bits]
    bad = [bit for bit, story in zip(bits, actual, strict=True) if story is None]
    told(f"F3: {len(bits):,} flips in the log, {len(bad)} bad opens")
    assert [] == bad


def test_a_log_that_was_folded_into_the_file_may_be_cut_too(folded):
    """What is in the file stays, and what the log still holds whole comes after it."""
    cuts = Random(13).sample(range(len(folded.log)), FLIPS)
    actual = [folded.told(folded.file, folded.log[:cut]) for cut in cuts]
    told(f"F3: {len(cuts):,} cuts of a log folded before, {actual.count(None)} bad opens")
    assert None not in actual
    assert min(actual) > 3  # groups are in the file for good
    assert len(folded.stories) - 1 == folded.told(folded.file, folded.log)


def test_a_file_that_is_damaged_is_an_error_or_makes_no_difference(torn):
    """The file itself has its chain: no bit of it can be changed to tell another story."""
    bits = Random(7).sample(range(len(torn.closed) * 8), FLIPS)
    actual = [torn.told(flipped(torn.closed, bit), b"") for bit in bits]
    told(f"F3: {len(bits):,} flips in the file, {actual.count(None):,} of them noticed")
    assert {None, len(torn.stories) - 1} >= set(actual)


def test_a_file_that_is_cut_is_an_error(torn):
    """With its log or without it, a file that is not whole tells nothing or what it always told."""
    last = len(torn.stories) - 1
    cuts = Random(9).sample(range(len(torn.closed)), FLIPS // 5)
    assert {None} == {torn.told(torn.closed[:cut], b"") for cut in cuts}
    cuts = Random(11).sample(range(len(torn.file)), FLIPS // 5)
    assert {None, last} >= {torn.told(torn.file[:cut], torn.log) for cut in cuts}
