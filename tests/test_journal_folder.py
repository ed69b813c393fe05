"""The folder: private, with names of its own making, tidied, and readable while others write."""

import contextlib
import os
import signal
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from journal_builder import BEGAN, SITE, WHERE, applied, folder_at, plan_of, sending

from contacttools.committing.notes import Ended, Halted, Note
from contacttools.committing.report import Outcome
from contacttools.errors import BadPlan, PlanInUse
from contacttools.journal.book import shown, status_path
from contacttools.journal.folder import KEPT, Folder

PLAN = plan_of("c1", "c2")
OTHER = plan_of("c2", "c3")
ONE, TWO = (change.key for change in PLAN.changes)


@pytest.fixture
def folder(tmp_path):
    """A folder for journals that is not there yet."""
    return folder_at(tmp_path / "deep" / "runs")


def ran(folder, plan=PLAN, **where):
    """Commit the first change of a plan, and leave."""
    with contextlib.closing(folder.open(plan, **WHERE | where)) as book:
        for part in applied(plan.changes[0]):
            book.note(part)
        book.note([Halted("cancelled")])
    return book.path


def killed(folder, plan=PLAN):
    """Begin a plan in a process that is killed, with an update on its way."""
    code = (
        "import os, sys\n"
        "from journal_builder import WHERE, Note, folder_at, plan_of, sending\n"
        "plan = plan_of(*sys.argv[2:])\n"
        "book = folder_at(sys.argv[1]).open(plan, **WHERE)\n"
        "book.note([Note(plan.changes[0].key, sending(plan.changes[0]), None)])\n"
        "os.kill(os.getpid(), 9)\n"
    )
    ids = [change.contact_id for change in plan.changes]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code, str(folder.root), *ids]
    ended = subprocess.run(command, env=environment, check=False)
    assert -signal.SIGKILL == ended.returncode


def test_the_place_is_the_platforms_or_the_one_that_is_said(monkeypatch, tmp_path):
    """A path that is given, the one of the environment, or where the platform keeps state."""
    monkeypatch.delenv("CONTACTTOOLS_RUNS", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    if sys.platform == "linux":
        assert tmp_path / "state" / "contacttools" / "runs" == Folder().root
    assert "runs" == Folder().root.name
    monkeypatch.setenv("CONTACTTOOLS_RUNS", str(tmp_path / "here"))
    assert tmp_path / "here" == Folder().root
    assert tmp_path / "there" == Folder(tmp_path / "there").root


def test_nothing_is_made_by_looking(folder):
    """A folder comes to be with the first commit."""
    assert ([], 0, None) == (
        folder.list(SITE), folder.forget(SITE, "c1"), folder.set_aside(PLAN, SITE),
    )  # fmt: skip
    assert not folder.root.exists()


def test_only_the_owner_may_look(folder):
    """The folder and every file in it, the log too; also where the folder was there before."""
    folder.root.mkdir(parents=True, mode=0o755)
    with contextlib.closing(folder.open(PLAN, **WHERE)) as book:
        book.note(applied(PLAN.changes[0])[0])
        modes = {
            path.suffix: stat.S_IMODE(path.stat().st_mode)
            for path in (folder.root, *folder.root.iterdir())
        }
    assert {"": 0o700, ".sqlite": 0o600, ".sqlite-wal": 0o600, ".json": 0o600} == modes


def test_names_are_hexadecimal_digits(folder):
    """Neither a site nor a plan says where something is written."""
    path = ran(folder, site_id="../../etc/\0passwd")
    assert folder.root == path.parent
    assert set("0123456789abcdef-.sqlite") >= set(path.name)
    evil = plan_of("c1")
    vars(evil)["id"] = "../" * 21 + "a"
    with pytest.raises(BadPlan, match="is no id of a plan"):
        folder.open(evil, **WHERE)
    with pytest.raises(BadPlan, match="no run of a plan"):
        folder.read(SITE, "../../../")


@pytest.mark.parametrize("suffix", ["", "-wal", "-journal", "-shm"])
def test_a_link_is_not_followed(folder, tmp_path, suffix):
    """What stands in the place of a journal, or of its log, is not written through."""
    target = tmp_path / "target"
    path = ran(folder)
    Path(f"{path}{suffix}").unlink(missing_ok=True)
    Path(f"{path}{suffix}").symlink_to(target)
    with pytest.raises(OSError, match="a journal is a file of its own"):
        folder.open(PLAN, **WHERE)
    with pytest.raises(OSError, match="a journal is a file of its own"):
        folder.set_aside(PLAN, SITE)
    assert not target.exists()


def test_runs_are_listed_by_site(folder):
    """The earliest first, with what a person wants to know of each."""
    ran(folder)
    ran(folder, OTHER)
    ran(folder, plan_of("c9"), site_id="another")
    first, second = folder.list(SITE)
    assert [PLAN.id, OTHER.id] == [first.plan_id, second.plan_id]
    assert ("interrupted", 2, {"applied": 1}, "sandbox", "cancelled") == (
        first.state, first.contacts, first.counts, first.site, first.note,
    )  # fmt: skip
    assert first.began < first.touched < second.began


def test_a_run_that_goes_on_is_listed_and_not_read(folder):
    """How far it is comes from its status; the book is the one's who writes it."""
    with contextlib.closing(folder.open(PLAN, **WHERE)) as book:
        (running,) = folder.list(SITE)
        assert ("running", PLAN.id, {}) == (running.state, running.plan_id, running.counts)
        with pytest.raises(PlanInUse):
            folder.read(SITE, PLAN.id)
        status_path(book.path).unlink()
        (running,) = folder.list(SITE)
        assert ("running", PLAN.id[:16], 0) == (running.state, running.plan_id, running.contacts)
        book.note([Ended(key, Outcome(key[0], "not_sent")) for key in (ONE, TWO)])
    (ended,) = folder.list(SITE)
    assert ("finished", {"not_sent": 2}) == (ended.state, ended.counts)


def test_a_run_whose_process_died_is_interrupted(folder):
    """Its status says otherwise, and nobody is there; the journal tells how far it was."""
    killed(folder)
    (path,) = folder.root.glob("*.sqlite")
    assert "running" == shown(path).state
    (dead,) = folder.list(SITE)
    assert ("interrupted", {}) == (dead.state, dead.counts)
    assert "interrupted" == shown(path).state
    assert sending(PLAN.changes[0]) == folder.read(SITE, PLAN.id).seen[ONE][0][0]


def test_a_damaged_book_is_listed_as_such(folder):
    """It is in nobody's way, and says what to do."""
    path = ran(folder)
    status_path(path).unlink()
    path.write_bytes(b"not a database, whatever its name says" * 99)
    (damaged,) = folder.list(SITE)
    assert ("damaged", PLAN.id[:16]) == (damaged.state, damaged.plan_id)
    assert "site.check(plan)" in damaged.note
    with pytest.raises(BadPlan, match="damaged"):
        folder.open(PLAN, **WHERE)


def test_a_book_in_which_nothing_was_begun_is_none(folder):
    """It is not listed, and not read."""
    ran(folder).write_bytes(b"")
    for path in folder.root.glob("*.json"):
        path.unlink()
    assert [] == folder.list(SITE)
    assert 0 == folder.forget(SITE, "c1")
    with pytest.raises(BadPlan, match="no run of a plan"):
        folder.read(SITE, PLAN.id)


def test_a_run_is_found_by_the_first_digits_of_its_plan(folder):
    """Seven of them, as a person copies them, and all that are given count."""
    path = ran(folder)
    assert PLAN.id == folder.read(SITE, PLAN.id[:7]).plan.id
    assert PLAN.id == folder.read(SITE, PLAN.id).plan.id
    for wrong in (PLAN.id[:6], PLAN.id[:20] + "0" * 44, "xyzxyzx", ""):
        with pytest.raises(BadPlan, match="no run of a plan"):
            folder.read(SITE, wrong)
    with pytest.raises(BadPlan, match="no run of a plan"):
        folder.read("another", PLAN.id)
    path.with_name(PLAN.id[:8] + "00000000" + path.name[16:]).write_bytes(path.read_bytes())
    with pytest.raises(BadPlan, match="give more digits"):
        folder.read(SITE, PLAN.id[:7])


def test_a_person_is_forgotten_in_every_book_of_a_site(folder):
    """Those set aside too, and not those of other sites; the number of books is returned."""
    ran(folder)
    folder.set_aside(PLAN, SITE)
    ran(folder, OTHER)
    ran(folder, plan_of("c1"))
    ran(folder, PLAN, site_id="another")
    assert 2 == folder.forget(SITE, "c2")
    assert {} == folder.read(SITE, OTHER.id).plan.changes[0].base
    assert PLAN.changes == folder.read("another", PLAN.id).plan.changes
    assert 0 == folder.forget(SITE, "nobody")


def test_forgetting_says_where_it_could_not(folder):
    """The other books are gone through nevertheless."""
    ran(folder, OTHER)
    open_ = contextlib.closing(folder.open(PLAN, **WHERE))
    with open_, pytest.raises(PlanInUse, match=PLAN.id[:7]):
        folder.forget(SITE, "c2")
    assert {} == folder.read(SITE, OTHER.id).plan.changes[0].base
    assert PLAN.changes == folder.read(SITE, PLAN.id).plan.changes


def test_a_book_set_aside_makes_way(folder):
    """It stays as it was, under another name; the plan can be begun anew, again and again."""
    ran(folder)
    names = []
    for _ in range(2):
        aside = folder.set_aside(PLAN, SITE)
        names.append(aside.name)
        assert [] == folder.list(SITE)
        ran(folder)
    assert [f"{folder._path(PLAN.id, SITE).stem}.aside-{n}.sqlite" for n in (1, 2)] == names
    assert 1 == folder.read(SITE, PLAN.id).sessions
    assert 0o600 == stat.S_IMODE(aside.stat().st_mode)


def test_a_book_set_aside_keeps_its_log(folder):
    """What a process that died had noted goes with the file."""
    killed(folder)
    aside = folder.set_aside(PLAN, SITE)
    assert Path(f"{aside}-wal").stat().st_size
    back = folder._path(PLAN.id, SITE)
    Path(f"{aside}-wal").rename(f"{back}-wal")
    aside.rename(back)
    assert sending(PLAN.changes[0]) == folder.read(SITE, PLAN.id).seen[ONE][0][0]


def test_a_book_in_use_is_not_set_aside(folder):
    """Nor one that is damaged left in the way."""
    with contextlib.closing(folder.open(PLAN, **WHERE)) as book, pytest.raises(PlanInUse):
        folder.set_aside(PLAN, SITE)
    book.path.write_bytes(b"x" * 5000)
    folder.set_aside(PLAN, SITE)
    ran(folder)
    assert 1 == folder.read(SITE, PLAN.id).sessions


def test_books_are_kept_for_ninety_days(folder):
    """From the day that somebody wrote to them last; one that is open stays, whatever its age."""
    ran(folder)
    folder.set_aside(PLAN, SITE)
    ran(folder)
    young = ran(folder, OTHER)
    with contextlib.closing(folder.open(plan_of("c5"), **WHERE)) as book:
        book.note([Halted("here")])
        for path in folder.root.iterdir():
            os.utime(path, (BEGAN.timestamp(),) * 2)
        os.utime(young, ((BEGAN + timedelta(days=2)).timestamp(),) * 2)
        left = {young.name, book.path.name}
        assert 0 == folder.purge(BEGAN + KEPT)
        assert 2 == folder.purge(BEGAN + KEPT + timedelta(days=1))
        assert left == {path.name for path in folder.root.glob("*.sqlite")}
        assert {f"{Path(name).stem}.status.json" for name in left} == {
            path.name for path in folder.root.glob("*.json")
        }


def test_opening_tidies(tmp_path):
    """Whoever commits does away with what is too old."""
    path = ran(folder_at(tmp_path))
    os.utime(path, (BEGAN.timestamp(),) * 2)
    ran(folder_at(tmp_path, now=lambda: BEGAN + KEPT + timedelta(days=1)), OTHER)
    assert not path.exists()


def test_a_folder_tidies_once_a_day(tmp_path):
    """Many commits in one notebook do not look through all books each time."""
    now = [BEGAN]
    folder = folder_at(tmp_path, now=lambda: now[0])
    path = ran(folder)
    os.utime(path, ((BEGAN - KEPT - timedelta(days=1)).timestamp(),) * 2)
    now[0] += timedelta(hours=23)
    ran(folder, OTHER)
    assert path.exists()
    now[0] += timedelta(hours=1)
    ran(folder, OTHER)
    assert not path.exists()


def test_other_files_are_left_alone(folder):
    """Only what is named as a journal is taken for one."""
    folder.root.mkdir(parents=True)
    mine = folder.root / f"notes-{'0' * 8}.sqlite"
    mine.write_text("mine")
    os.utime(mine, (0, 0))
    ran(folder)
    assert "mine" == mine.read_text()
    with pytest.raises(BadPlan):
        folder.read(SITE, "notes-0")


def test_an_update_on_its_way_when_the_process_dies_is_in_doubt(folder):
    """The next session finds it lost, and itself a session."""
    killed(folder)
    with contextlib.closing(folder.open(PLAN, **WHERE)) as book:
        story = book.story()
        book.note([Note(TWO, sending(PLAN.changes[1]), None)])
    assert 2 == story.sessions
    assert 2 == len(story.seen[ONE])
