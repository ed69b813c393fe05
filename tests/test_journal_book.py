"""A book: durable when it says so, nobody else's meanwhile, closed when in doubt, erasable."""

import contextlib
import gc
import json
import sqlite3
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from journal_builder import (
    SITE,
    WHERE,
    applied,
    change_of,
    document,
    folder_at,
    histories,
    plan_of,
    sending,
)

from contacttools.committing.asks import Read, Resume, Waited
from contacttools.committing.notes import Ended, Halted, Note
from contacttools.committing.report import Outcome
from contacttools.contact.wire import Found, Lost
from contacttools.errors import BadPlan, PlanInUse
from contacttools.journal.book import make_durable, shown, status_path
from contacttools.journal.records import VERSION, Record
from contacttools.journal.story import UNANSWERED
from contacttools.merging.notes import Copies

PLAN = plan_of("c1", "c2", "c3")
ONE, TWO, THREE = (change.key for change in PLAN.changes)


@pytest.fixture
def folder(tmp_path):
    """A folder for journals that is not there yet."""
    return folder_at(tmp_path / "runs")


@pytest.fixture
def book(folder):
    """The book of a plan of three."""
    with contextlib.closing(folder.open(PLAN, **WHERE)) as opened:
        yield opened


def went_well(book, *changes):
    """Note that these changes were applied."""
    for change in changes:
        before, after = applied(change)
        book.note(before)
        book.note(after)


def test_a_new_book_tells_of_the_plan(book):
    """Nothing happened so far."""
    story = book.story()
    assert PLAN.changes == story.plan.changes
    assert ("disjoint", "sandbox", WHERE["base_url"], 1) == (
        story.mode, story.site, story.base_url, story.sessions,
    )  # fmt: skip
    assert (dict.fromkeys((ONE, TWO, THREE), ()), {}) == (story.seen, story.outcomes)


def test_what_was_noted_is_told(book, folder):
    """In the same session, and by whoever opens the file later."""
    went_well(book, PLAN.changes[0])
    book.note([Halted("cancelled")])
    story = book.story()
    assert document("c1") == story.outcomes[ONE].contact
    book.close()
    assert story == folder.read(SITE, PLAN.id)


@settings(max_examples=25)
@given(histories(("c1", 1)))
def test_whatever_is_noted_is_told_after_reopening(noted):
    """A second session knows what the first one noted, and what each noted refers to."""
    # A folder of its own for each example: in memory, where there is such a place.
    root = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
    with tempfile.TemporaryDirectory(dir=root) as path:
        opened = folder_at(path)
        with contextlib.closing(opened.open(PLAN, **WHERE)) as first:
            first.note(noted)
            told = first.story()
        assert told == opened.read(SITE, PLAN.id)
        with contextlib.closing(opened.open(PLAN, **WHERE)) as second:
            again = second.story()
            second.note(noted)
            assert len(second.story().seen[ONE]) >= 2 * len(told.seen[ONE])
        ended = told.outcomes.get(ONE)
        open_ = ended is None or ended.outcome in ("unknown", "not_sent")  # there is more to do
        assert told.seen[ONE] + ((Resume(), Waited()),) * open_ == again.seen[ONE]


@pytest.mark.parametrize("collecting", [True, False])
def test_reading_leaves_the_garbage_to_whoever_collects_it(book, folder, collecting):
    """It is not looked for while a journal is read, and afterwards as it was before."""
    book.close()
    (gc.enable if collecting else gc.disable)()
    try:
        with contextlib.closing(folder.open(PLAN, **WHERE)):
            assert collecting == gc.isenabled()
    finally:
        gc.enable()


def test_a_plan_taken_up_again_goes_on_where_it_was(book, folder):
    """What ended has ended, what was sent is in doubt, and later notes refer to earlier ones."""
    went_well(book, PLAN.changes[0])
    write = sending(PLAN.changes[1])
    found = Found(document("c2", 5))
    book.note([Note(TWO, Read(), found), Note(TWO, write, None)])
    book.close()
    with contextlib.closing(folder.open(PLAN, **WHERE | {"mode": "strict"})) as again:
        again.note([Ended(TWO, Outcome("c2", "already", contact=found.contact))])
        story = again.story()
    assert 2 == story.sessions
    assert "strict" == story.mode
    assert (
        (Read(), found), (write, Lost(UNANSWERED)), (Resume(), Waited()),
    ) == story.seen[TWO]  # fmt: skip
    assert {ONE: "applied", TWO: "already"} == {
        key: each.outcome for key, each in story.outcomes.items()
    }
    assert found.contact == story.outcomes[TWO].contact


def test_nobody_else_opens_a_plan_that_is_being_committed(book, folder):
    """Neither this thread, nor another, nor another process; and it goes on undisturbed."""
    with pytest.raises(PlanInUse, match=f"plan {PLAN.id[:7]} is being committed by another"):
        folder.open(PLAN, **WHERE)
    refused = []

    def attempt():
        with contextlib.suppress(PlanInUse):
            folder.open(PLAN, **WHERE)
            return
        refused.append(True)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    assert [True] == refused
    code = (
        "import sys\nfrom contacttools.journal.folder import Folder\n"
        "Folder(sys.argv[1]).read(sys.argv[2], sys.argv[3])"
    )
    command = [sys.executable, "-c", code, str(folder.root), SITE, PLAN.id]
    other = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "PlanInUse" in other.stderr
    went_well(book, PLAN.changes[0])
    assert book.verify() is None


def test_a_group_is_noted_whole_or_not_at_all(book, folder):
    """Where one of the entries cannot be written, none of them is, and the book is closed."""
    bad = Note(TWO, sending(PLAN.changes[1]).__class__(5, {"company": object()}), None)
    with pytest.raises(TypeError):
        book.note([Ended(ONE, Outcome("c1", "applied")), bad])
    with pytest.raises(OSError, match="is closed: open it again"):
        book.note([])
    assert {} == folder.read(SITE, PLAN.id).outcomes


def test_a_full_disk_closes_the_book_and_says_what_to_do(book, folder):
    """Nothing is tried again by the same handle; what was noted before is there."""
    went_well(book, PLAN.changes[0])
    (pages,) = book._connection.execute("PRAGMA page_count").fetchone()
    book._connection.execute(f"PRAGMA max_page_count = {pages}")
    more = [Note(TWO, Read(), Lost("cut")) for _ in range(999)]
    with pytest.raises(OSError, match=r"full\); nothing more is sent\. Make room") as full:
        book.note(more)
    assert isinstance(full.value.__cause__, sqlite3.Error)
    with pytest.raises(OSError, match="is closed"):
        book.note([Halted("full")])
    book.close()  # once more, for it is closed
    assert [ONE] == list(folder.read(SITE, PLAN.id).outcomes)


def test_records_are_only_added(book):
    """The file itself refuses to change or remove a record, or to put another in its place."""
    went_well(book, PLAN.changes[0])
    run = book._connection.execute
    for statement in (
        "UPDATE records SET facts = '{}' WHERE seq = 2",
        "UPDATE OR REPLACE records SET seq = 3 WHERE seq = 2",
        "DELETE FROM records WHERE seq = 2",
        "DELETE FROM records",
        "INSERT OR REPLACE INTO records SELECT * FROM records WHERE seq = 2",
        "REPLACE INTO records SELECT * FROM records WHERE seq = 2",
        "INSERT INTO records SELECT 99, at, kind, contact, step, facts, digest, hash FROM records",
        "UPDATE erasable SET value = x'00' WHERE seq = 2",
        "INSERT OR REPLACE INTO erasable VALUES (2, x'00', x'00')",
        "INSERT OR IGNORE INTO erasable VALUES (99, x'00', x'00')",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="only added"):
            run(statement)
    assert book.verify() is None


@pytest.mark.parametrize(
    ("statement", "first"),
    [
        ("UPDATE records SET facts = '{\"revision\":6}' WHERE seq = 2", 2),
        ("UPDATE records SET contact = 'c9' WHERE seq = 3", 3),
        ("UPDATE records SET at = 0 WHERE seq = 1", 1),
        ("UPDATE records SET hash = zeroblob(32) WHERE seq = 4", 4),
        ("DELETE FROM records WHERE seq = 3", 3),
        ("UPDATE records SET seq = 99 WHERE seq = 3", 3),
        ("UPDATE erasable SET value = x'00' WHERE seq = 2", 2),
        ("UPDATE erasable SET salt = x'00' WHERE seq = 2", 2),
        ("DELETE FROM erasable WHERE seq = 2", 2),
        ("DELETE FROM erasable", 1),
        ("UPDATE records SET digest = NULL WHERE seq = 2", 2),
        ("UPDATE records SET digest = 'text' WHERE seq = 2", 2),
        ("UPDATE records SET facts = x'ff' WHERE seq = 2", 2),
        ("UPDATE records SET facts = CAST(x'ff' AS TEXT) WHERE seq = 4", 4),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_whatever_is_changed_by_hand_is_found(book, folder, statement, first):
    """The first record at which the chain does not hold; nobody gets a story out of it."""
    went_well(book, PLAN.changes[0])
    book.close()
    (path,) = folder.root.glob("*.sqlite")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in names.fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement)
        connection.commit()
    with pytest.raises(BadPlan, match=f"damaged \\(record {first}\\)"):
        folder.read(SITE, PLAN.id)


def test_the_first_bad_record_is_named(book):
    """Of a book that is open, without a story."""
    assert book.verify() is None
    book._connection.execute("DROP TRIGGER records_stand")
    book._connection.execute("UPDATE records SET facts = '{}' WHERE seq = 3")
    assert 3 == book.verify()


def test_a_person_can_be_forgotten_to_the_last_byte(book, folder):
    """No file of the folder holds a value of theirs; the others' are there, the chain holds."""
    went_well(book, *PLAN.changes)
    book._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    went_well(book, *PLAN.changes)  # in the file as well as in the log
    held = [
        bytes(value)
        for (value,) in book._connection.execute(
            "SELECT value FROM erasable JOIN records USING (seq) WHERE contact = 'c2' "
            "UNION ALL SELECT salt FROM erasable JOIN records USING (seq) WHERE contact = 'c2'"
        )
    ]
    assert 10 == len(held)  # the change, and twice what was sent and the answer
    assert held == [each for each in held if each in everything(folder)]
    assert book.forget("c2")
    assert [] == [each for each in held if each in everything(folder)]  # while it is open
    story = book.story()
    book.close()
    assert [] == [each for each in held if each in everything(folder)]
    assert story == folder.read(SITE, PLAN.id[:7])
    assert PLAN.id == story.plan.id
    assert Outcome("c2", "applied", before=5, after=6) == story.outcomes[TWO]
    assert document("c3") == story.outcomes[THREE].contact


def test_forgetting_many_leaves_no_scraps(tmp_path):
    """What is left moves about within the file when others go: its old place is wiped as well."""
    chance = Random(20)  # with this one, deleting alone leaves a piece of a value behind
    changes = [change_of(f"c{n}") for n in range(40)]
    for change in changes:
        change.base["jobTitle"] = chance.randbytes(chance.choice([20, 200, 900, 3000])).hex()
    folder = folder_at(tmp_path)
    with contextlib.closing(folder.open(type(PLAN)(SITE, tuple(changes)), **WHERE)) as book:
        went_well(book, *changes)
        values = book._connection.execute(
            "SELECT contact, value FROM erasable JOIN records USING (seq) WHERE contact > ''"
        ).fetchall()
        chance.shuffle(changes)
        forgotten = {change.contact_id for change in changes[:30]}
        for change in changes[:30]:
            book.forget(change.contact_id)
        left = everything(folder)
    for contact_id, value in values:
        scraps = [value[n : n + 24] for n in range(8, len(value) - 24, 100)]
        found = any(scrap in left for scrap in scraps)
        assert not (found and contact_id in forgotten)


def everything(folder):
    """Return the bytes of all files of a folder."""
    return b"".join(path.read_bytes() for path in folder.root.iterdir())


def test_forgetting_is_said_once_and_done_thoroughly(book):
    """Who is not in it is not forgotten; who was is not in it a second time."""
    assert not book.forget("c9")
    assert book.forget("c1")
    (count,) = book._connection.execute("SELECT count(*) FROM records").fetchone()
    assert book.forget("c1")
    assert (count,) == book._connection.execute("SELECT count(*) FROM records").fetchone()


def test_a_run_goes_on_after_somebody_was_forgotten(book, folder):
    """The rest of the plan is taken up as ever."""
    went_well(book, PLAN.changes[0])
    assert book.forget("c1")
    went_well(book, PLAN.changes[1])
    book.close()
    with contextlib.closing(folder.open(PLAN, **WHERE)) as again:
        assert [ONE, TWO] == list(again.story().outcomes)


def test_others_see_how_far_it_is(tmp_path):
    """In a small file, every two seconds and at the end; the time is the one that is passed in."""
    now = [0.0]
    folder = folder_at(tmp_path, clock=lambda: now[0])
    book = folder.open(PLAN, **WHERE)
    assert ("running", {}) == (shown(book.path).state, shown(book.path).counts)
    now[0] = 1.9
    went_well(book, PLAN.changes[0])
    assert {} == shown(book.path).counts
    now[0] = 2.0
    went_well(book, PLAN.changes[1])
    assert {"applied": 1} == shown(book.path).counts  # the last note but one is two seconds old
    went_well(book, PLAN.changes[2])
    book.note([Halted("it is over")])
    book.close()
    last = shown(book.path)
    assert ("finished", {"applied": 3}, "it is over") == (last.state, last.counts, last.note)
    assert folder.read(SITE, PLAN.id).summary == last


def test_the_status_says_nothing_of_a_person(book):
    """Not even an id."""
    went_well(book, PLAN.changes[0])
    book.close()
    assert b"c1" not in status_path(book.path).read_bytes().replace(PLAN.id.encode(), b"")


def test_a_status_that_cannot_be_written_stops_nothing(book):
    """It is for others to see; the journal is what counts."""
    status_path(book.path).unlink()
    status_path(book.path).mkdir()
    went_well(book, *PLAN.changes)
    book.close()
    assert shown(book.path) is None


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"began": 1, "touched": 2}', b"\xff"])
def test_a_status_that_makes_no_sense_is_none(tmp_path, content):
    """Whatever is in the file."""
    path = tmp_path / "some.sqlite"
    status_path(path).write_bytes(content)
    assert shown(path) is None


def test_a_status_that_takes_back_no_plan_is_none(book):
    """Somebody has been at it: the journal itself is asked."""
    told = json.loads(status_path(book.path).read_bytes())
    status_path(book.path).write_text(json.dumps({**told, "takes_back": None}))
    assert shown(book.path) is None


def test_where_there_can_be_no_log_the_file_itself_is_as_safe(tmp_path):
    """Without locks SQLite offers no log: each commit then waits for file and folder."""
    uri = f"file:{tmp_path}/some.sqlite?nolock=1"
    with contextlib.closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
        make_durable(connection)
        assert ("delete",) == connection.execute("PRAGMA journal_mode").fetchone()
        assert (3,) == connection.execute("PRAGMA synchronous").fetchone()  # EXTRA


def test_a_book_is_durable_and_its_file_locked(book):
    """A log, waiting for the disk at each commit, nobody else at it, erasing what is deleted."""
    settings = {
        name: book._connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "locking_mode", "secure_delete")
    }
    assert {
        "journal_mode": "wal", "synchronous": 2, "locking_mode": "exclusive", "secure_delete": 1,
    } == settings  # fmt: skip
    assert not Path(f"{book.path}-shm").exists()


def test_a_journal_of_another_plan_is_not_written_to(book, folder):
    """Two plans with the same first digits are not told apart by name: their ids are."""
    book.close()
    other = plan_of("c1", "c2", "c3")
    vars(other)["id"] = PLAN.id[:16] + "0" * 48
    with pytest.raises(BadPlan, match="is the journal of another plan"):
        folder.open(other, **WHERE)


def test_a_journal_of_a_newer_version_is_not_called_damaged(book, folder):
    """It is this version that cannot read it."""
    facts = {"version": VERSION + 1, "tool": "9.9"}
    book._add([Record("plan", None, None, facts, {"partial": None})])
    book.close()
    with pytest.raises(BadPlan, match=r"this run was kept by contacttools 9\.9"):
        folder.read(SITE, PLAN.id)


def test_the_same_run_at_the_same_time_has_the_same_seal(tmp_path):
    """With time and chance given, a journal is the same to the last bit; with others it is not."""
    seals = []
    for name, more in (("a", {}), ("b", {}), ("c", {"entropy": Random(2).randbytes})):
        with contextlib.closing(folder_at(tmp_path / name, **more).open(PLAN, **WHERE)) as book:
            went_well(book, *PLAN.changes)
            seals.append(book.seal)
    assert seals[0] == seals[1] != seals[2]


def test_a_file_that_lost_everything_is_not_begun_anew(book, folder):
    """Something was sent: starting over would not know of it."""
    book.close()
    book.path.write_bytes(b"")
    with pytest.raises(BadPlan, match="it is empty, and was not"):
        folder.open(PLAN, **WHERE)


def test_a_file_that_is_not_even_text_is_damaged(book, folder):
    """SQLite quotes it, and what it quotes cannot be read."""
    book.close()
    content = book.path.read_bytes()
    book.path.write_bytes(content.replace(b"TRIGGER records_stay", b"TRIGGE\xff records_stay"))
    assert content != book.path.read_bytes()
    with pytest.raises(BadPlan, match="not even text"):
        folder.open(PLAN, **WHERE)
    assert folder.set_aside(PLAN, SITE)


def test_an_empty_file_is_a_book_in_which_nothing_was_begun(folder):
    """What is left of a process that died while it made one is not in the way."""
    folder.root.mkdir()
    path = folder._path(PLAN.id, SITE)
    path.touch()
    with contextlib.closing(folder.open(PLAN, **WHERE)) as book:
        assert 1 == book.story().sessions


def test_facts_are_readable_with_any_tool(book):
    """The facts are JSON in a table: who looks into the file without us sees what happened."""
    went_well(book, PLAN.changes[0])
    rows = book._connection.execute("SELECT kind, facts FROM records WHERE contact = 'c1'")
    assert [
        ("intent", {"revision": 5}),
        ("sending", {"ask": "write", "revision": 5}),
        ("answer", {"answer": "written", "now": 6}),
        ("ended", {"outcome": "applied", "before": 5, "after": 6, "seen": True}),
    ] == [(kind, json.loads(facts)) for kind, facts in rows]


def test_steps_of_one_contact_are_kept_apart(folder):
    """Each has a course of its own."""
    plan = plan_of("c1")
    steps = (change_of("c1", steps=2), change_of("c1", 6, step=2, steps=2, needs=(("c1", 1),)))
    plan = type(plan)(SITE, steps)
    with contextlib.closing(folder.open(plan, **WHERE)) as book:
        for change in steps:
            before, after = applied(change)
            ended = Ended(change.key, Outcome("c1", "applied", step=change.step))
            book.note([*before, after[0], ended])
        story = book.story()
    assert [1, 2] == [story.outcomes[change.key].step for change in steps]
    assert steps == story.plan.changes


def test_a_merge_has_no_place_in_the_journal_of_edits(folder):
    """Whoever notes one there is wrong, and is told before anything is written."""
    plan = plan_of("c1")
    with contextlib.closing(folder.open(plan, **WHERE)) as book:
        before = book.seal
        with pytest.raises(TypeError, match="a merge in the journal of edits"):
            book.note([Copies(plan.changes[0].key, {})])
        assert before == book.seal
