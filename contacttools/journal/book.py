"""Book: the journal of one plan on one site, a SQLite file. It touches that, and a status file.

One connection has the file to itself: that is the lock against a second notebook, it dies with the
process, and it needs no shared memory. What `note` was given is on the disk when it returns. The
log is folded into the file only now and then: a log that is cut anywhere still gives what was
noted up to there, while a file that is damaged is an error and never another story.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from contacttools import files
from contacttools.committing.notes import Ended, Entry, Halted
from contacttools.contact.fields import Json
from contacttools.errors import BadPlan, PlanInUse
from contacttools.journal import chain, merges, records
from contacttools.journal.merges import MergeStory
from contacttools.journal.records import Record, Thread
from contacttools.journal.story import State, Story, Summary, Telling, moment
from contacttools.merging.mergeplan import MergePlan
from contacttools.merging.notes import MergeEntry
from contacttools.planning.change import Key
from contacttools.planning.plan import ID_PREFIX, Plan

PATIENCE = 1.0  # seconds: somebody who only reads is done sooner
STATUS_EVERY = 2.0  # seconds
LOG_PAGES = 4096  # of 4 KiB: the log is folded into the file when it is 16 MiB

_SCHEMA = """
CREATE TABLE records (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, contact TEXT, step INTEGER,
    facts TEXT NOT NULL, digest BLOB, hash BLOB NOT NULL);
CREATE TABLE erasable (seq INTEGER PRIMARY KEY, salt BLOB NOT NULL, value BLOB NOT NULL);
CREATE TRIGGER records_are_added BEFORE INSERT ON records
    WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM records)
    BEGIN SELECT RAISE(ABORT, 'records are only added'); END;
CREATE TRIGGER records_stand BEFORE UPDATE ON records
    BEGIN SELECT RAISE(ABORT, 'records are only added'); END;
CREATE TRIGGER records_stay BEFORE DELETE ON records
    BEGIN SELECT RAISE(ABORT, 'records are only added'); END;
CREATE TRIGGER values_are_added BEFORE INSERT ON erasable
    WHEN NEW.seq IS NOT (SELECT max(seq) FROM records)
        OR EXISTS (SELECT 1 FROM erasable WHERE seq = NEW.seq)
    BEGIN SELECT RAISE(ABORT, 'values are only added and erased'); END;
CREATE TRIGGER values_stand BEFORE UPDATE ON erasable
    BEGIN SELECT RAISE(ABORT, 'values are only added and erased'); END;
"""
_ROWS = """
SELECT seq, at, kind, contact, step, facts, digest, hash, salt, value
FROM records LEFT JOIN erasable USING (seq) ORDER BY seq
"""
_ABOUT = """
SELECT count(*), count(erasable.seq) FROM records LEFT JOIN erasable USING (seq)
WHERE contact = :id OR json_extract(facts, '$.other') = :id
    OR :id IN (SELECT value FROM json_each(facts, '$.people'))
"""
_ERASE = """
DELETE FROM erasable WHERE seq IN (
    SELECT seq FROM records WHERE contact = :id OR json_extract(facts, '$.other') = :id
        OR :id IN (SELECT value FROM json_each(facts, '$.people')))
"""
_NOTHING = Summary("", "interrupted", moment(0), moment(0), 0, {}, "", "")
_OF_THE_FILE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}


class _BrokenError(Exception):
    """The chain does not hold from this record on."""

    def __init__(self, seq: int) -> None:
        super().__init__(f"record {seq}")
        self.seq = seq


class Book:
    """The journal of one plan on one site, open and nobody else's. Made by `Folder`.

    Parameters
    ----------
    path : Path
        The file; an empty one is a book in which nothing was begun.
    now, clock, entropy : callable
        The time for people (UTC), the time that passes (seconds), and random bytes.
    patience : float
        Seconds to wait while somebody else has it open.

    Raises
    ------
    PlanInUse
        Somebody else has it open.
    BadPlan
        It is damaged, or of a newer version.
    OSError
        The disk does not let us.
    """

    def __init__(
        self,
        path: Path,
        *,
        now: Callable[[], datetime],
        clock: Callable[[], float],
        entropy: Callable[[int], bytes],
        patience: float = PATIENCE,
    ) -> None:
        self.path = path
        self._now, self._clock, self._entropy = now, clock, entropy
        self._lock = threading.RLock()
        self._threads: dict[Key, Thread] = {}
        self._words: dict[Key, str] = {}
        self._telling: Telling | merges.Telling = Telling()
        self._story: Story | MergeStory | None = None  # as long as nothing was noted
        self._summary = _NOTHING
        self._shown: float | None = None
        self._seq, self._hash = 0, chain.START
        self._closed = False
        connection = sqlite3.connect(
            path, timeout=patience, isolation_level=None, check_same_thread=False
        )
        self._connection = connection
        with self._guarded():
            claim(connection)
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            self.blank = pages == 0
            if not self.blank:
                make_durable(connection)
                self._learn(*self._tell())

    # -- what is in it ----------------------------------------------------------------------

    def story(self) -> Story | MergeStory:
        """Return what is in it.

        Raises
        ------
        BadPlan
            It is damaged.
        """
        with self._lock, self._guarded():
            return self._story or self._tell()[1]

    @property
    def seal(self) -> str:
        """The hash of the last record, which covers all before it."""
        return self._hash.hex()

    def verify(self) -> int | None:
        """Return the first record at which the chain does not hold; None when all of it does."""
        with self._lock, self._guarded():
            try:
                for _ in self._records():
                    pass
            except _BrokenError as broken:
                return broken.seq
        return None

    def _records(self) -> Iterator[Record]:
        """Yield every record, each when the chain up to it was found to hold."""
        last, before = 0, chain.START
        missing: list[tuple[int, set[str]]] = []
        forgotten = set()
        rows = self._connection.execute(_ROWS)
        while (row := _next(rows, last)) is not None:
            seq, at, kind, contact, step, facts, digest, _, _, value = row
            before = _followed(before, last, row)
            last = seq
            known = json.loads(facts)
            erased = digest is not None and value is None
            if erased and contact is None:
                raise _BrokenError(seq)
            if erased:
                missing.append((seq, {contact, known.get("other"), *known.get("people", ())}))
            if kind == "forgotten":
                forgotten.add(contact)
            held = None if value is None else records.unpacked(value)
            yield Record(kind, contact, step, known, held, at, erased)
        for seq, people in missing:
            if not people & forgotten:  # a value is missing, and nobody asked for that
                raise _BrokenError(seq)
        self._seq, self._hash = last, before

    def _tell(self) -> tuple[Telling | merges.Telling, Story | MergeStory]:
        telling: Telling | merges.Telling = Telling()
        try:
            with _collecting_nothing():
                for record in self._records():
                    if record.kind == "plan" and record.facts.get("kind") == merges.KIND:
                        telling = merges.Telling()
                    telling.take(record)
                return telling, telling.story()
        except BadPlan:
            raise
        except (_BrokenError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadPlan(_damaged(self.path.name, str(error))) from error

    def _learn(self, telling: Telling | merges.Telling, story: Story | MergeStory) -> None:
        """Take over from a story what is needed to go on with it."""
        self._story, self._telling, self._summary = story, telling, story.summary
        self._threads = telling.threads()
        self._words = {key: each.outcome for key, each in story.outcomes.items()}

    # -- what is added ----------------------------------------------------------------------

    def begin(self, plan: Plan | MergePlan, *, base_url: str, site: str, mode: str) -> None:
        """Begin a run, or take it up again.

        Raises
        ------
        BadPlan
            The book is another plan's.
        """
        session = Record(
            "session", None, None,
            {"site": site, "base_url": base_url, "mode": mode, "tool": _tool()},
        )  # fmt: skip
        with self._lock, self._guarded():
            if self.blank:
                if shown(self.path) is not None:
                    raise BadPlan(_damaged(self.path.name, "it is empty, and was not"))
                # In one transaction, and before there is a log: the file has all of it or nothing.
                if isinstance(plan, MergePlan):
                    self._telling = merges.Telling()
                    opening = [*merges.of_plan(plan, tool=_tool()), session]
                else:
                    opening = [*records.of_plan(plan, tool=_tool()), session]
                at = self._add(opening, schema=_SCHEMA)
                make_durable(self._connection)
                self.blank = False
            elif self._summary.plan_id == plan.id:
                opening = [session]
                at = self._add(opening)
            else:
                why = f"{self.path.name} is the journal of another plan; move it out of the way"
                raise BadPlan(why)
            for record in opening:
                self._telling.take(replace(record, at=at))
            self._learn(self._telling, self._telling.story())
        self._show("running")

    def note(self, entries: Sequence[Entry | MergeEntry]) -> None:
        """Write entries down, all or none; they are on the disk when this returns.

        Raises
        ------
        OSError
            They may not be there. The book is closed and takes nothing more: stop, see to the
            disk, and take the run up again.
        """
        with self._lock:
            if self._closed:
                why = f"the journal {self.path.name} is closed: open it again to go on"
                raise OSError(why)
            with self._guarded():
                self._add([self._record(entry) for entry in entries])
                self._story, self._telling = None, Telling()
            if self._shown is None or self._clock() - self._shown >= STATUS_EVERY:
                self._show("running")

    def _record(self, entry: Entry | MergeEntry) -> Record:
        if isinstance(entry, Halted):
            self._summary = replace(self._summary, note=entry.why)
            return records.of_entry(entry, Thread())
        if isinstance(entry, Ended):
            self._words[entry.key] = entry.outcome.outcome
        thread = self._threads[entry.key]
        if isinstance(thread, merges.Thread):
            return merges.of_entry(entry, thread)
        if isinstance(entry, MergeEntry):
            why = f"{type(entry).__name__}: a merge in the journal of edits"
            raise TypeError(why)
        return records.of_entry(entry, thread)

    def forget(self, contact_id: str) -> bool:
        """Erase what is in it of one person but the id; False when it knows nothing of them."""
        with self._lock, self._guarded():
            run = self._connection.execute
            known, held = run(_ABOUT, {"id": contact_id}).fetchone()
            if held:
                self._add([Record("forgotten", contact_id, None, {})], erasing=contact_id)
            if not known:
                return False
            # Deleting overwrites; this also does away with what moving pages about left behind,
            # and with the log that still has it.
            run("VACUUM")
            run("PRAGMA wal_checkpoint(TRUNCATE)")
            self._learn(*self._tell())
            return True

    def _add(
        self,
        added: Iterable[Record],
        *,
        schema: str = "",
        erasing: str | None = None,
    ) -> int:
        run = self._connection.execute
        at = int(self._now().timestamp() * 1000)
        seq, hashed = self._seq, self._hash
        run("BEGIN IMMEDIATE")
        for statement in _statements(schema):
            run(statement)
        if erasing is not None:
            run(_ERASE, {"id": erasing})
        for record in added:
            seq += 1
            facts = json.dumps(record.facts, sort_keys=True, separators=(",", ":"))
            salt = value = digest = None
            if record.value is not None:
                salt, value = self._entropy(chain.SALT), records.packed(record.value)
                digest = chain.digest(salt, value)
            about = (record.kind, record.contact, record.step, facts, digest)
            hashed = chain.link(
                hashed, seq=seq, at=at, kind=record.kind, contact=record.contact,
                step=record.step, facts=facts, digest=digest,
            )  # fmt: skip
            run("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (seq, at, *about, hashed))
            if digest is not None:
                run("INSERT INTO erasable VALUES (?, ?, ?)", (seq, salt, value))
        run("COMMIT")
        self._seq, self._hash = seq, hashed
        self._summary = replace(self._summary, touched=moment(at))
        return at

    # -- how it ends ------------------------------------------------------------------------

    def close(self) -> None:
        """Let go of the file; closing twice is once."""
        with self._lock:
            if not self._closed:
                if not self.blank:
                    ended = len(self._words) == len(self._threads)
                    self._show("finished" if ended else "interrupted")
                self._let_go()

    def _let_go(self) -> None:
        self._closed = True
        with contextlib.suppress(sqlite3.Error):  # what was noted is on the disk
            self._connection.close()

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """Let go of the file when anything goes wrong, and say what."""
        name = self.path.name
        try:
            yield
        except sqlite3.Error as error:
            self._let_go()
            if _is_busy(error):
                raise PlanInUse(_in_use(name)) from None
            if _code(error) in _OF_THE_FILE:
                raise BadPlan(_damaged(name, str(error))) from error
            why = (
                f"the journal {name} could not be written or read ({error}); nothing more is sent. "
                "Make room, or see to the disk, and take the run up again"
            )
            raise OSError(why) from error
        except UnicodeDecodeError as error:  # what SQLite says of a damaged file may quote it
            self._let_go()
            raise BadPlan(_damaged(name, "not even text")) from error
        except BaseException:
            self._let_go()
            raise

    def _show(self, state: State) -> None:
        """Tell other notebooks how far it is. The journal counts, this may come late or never."""
        self._shown = self._clock()
        told = replace(self._summary, state=state, counts=dict(Counter(self._words.values())))
        if told == shown(self.path):
            return
        with contextlib.suppress(OSError):
            files.write(status_path(self.path), json.dumps(asdict(told), default=str).encode())


@contextlib.contextmanager
def _collecting_nothing() -> Iterator[None]:
    """Let nobody look for garbage where all that is made stays: it takes a third of the time."""
    usual = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if usual:
            gc.enable()


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold a file that is to be moved or removed, also when it is damaged.

    Raises
    ------
    PlanInUse
        Somebody else has it open.
    """
    with contextlib.closing(sqlite3.connect(path, timeout=PATIENCE)) as connection:
        try:
            claim(connection)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            if _is_busy(error):
                raise PlanInUse(_in_use(path.name)) from None
        yield


def claim(connection: sqlite3.Connection) -> None:
    """Take a file for this connection alone, until it is closed."""
    run = connection.execute
    run("PRAGMA locking_mode = EXCLUSIVE")  # first of all: so the log needs no shared memory
    run("PRAGMA secure_delete = ON")
    run("PRAGMA temp_store = MEMORY")
    run("PRAGMA cell_size_check = ON")
    run("PRAGMA trusted_schema = OFF")
    run("PRAGMA synchronous = FULL")
    run("BEGIN EXCLUSIVE")
    run("ROLLBACK")  # the lock stays; committing would make an empty file a database


def make_durable(connection: sqlite3.Connection) -> None:
    """Write to a log, each transaction on the disk when it is committed.

    Where there can be no log, to the file itself, which is slower and as safe.
    """
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode == "wal":
        connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
    else:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = EXTRA")


def status_path(path: Path) -> Path:
    """Return where a book says how far it is."""
    return path.with_suffix(".status.json")


def shown(path: Path) -> Summary | None:
    """Return what a book said last of how far it is; None when that cannot be read."""
    try:
        told = json.loads(status_path(path).read_bytes())
        moments = {name: datetime.fromisoformat(told[name]) for name in ("began", "touched")}
        summary = Summary(**{**told, **moments})
    except (OSError, ValueError, KeyError, TypeError):
        return None
    sound = isinstance(summary.takes_back, str) and isinstance(summary.kind, str)
    return summary if sound else None


@functools.cache
def _tool() -> str:
    """Return which version writes this."""
    return version("contacttools")


def _statements(schema: str) -> Iterator[str]:
    """Yield one after the other: run as one script they would be committed before their time."""
    statement = ""
    for line in schema.splitlines():
        statement += f"{line}\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _next(rows: sqlite3.Cursor, last: int) -> Json:
    try:
        return rows.fetchone()
    except sqlite3.DatabaseError as error:
        raise _BrokenError(last + 1) from error


def _followed(before: bytes, last: int, row: Json) -> bytes:
    """Return the hash of a row that follows the row `last`, when it is what it was."""
    seq, at, kind, contact, step, facts, digest, hashed, salt, value = row
    try:
        link = chain.link(
            before, seq=seq, at=at, kind=kind, contact=contact, step=step, facts=facts,
            digest=digest,
        )  # fmt: skip
        sound = seq == last + 1 and link == hashed
        if sound and (value is None or chain.digest(salt, value) == digest):
            return link
    except (TypeError, ValueError, AttributeError):
        pass  # not even the type is what it was
    raise _BrokenError(last + 1)


def _is_busy(error: Exception) -> bool:
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _code(error: Exception) -> int:
    """Return what went wrong, without the detail; errors of the module itself have no code."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & 0xFF


def _in_use(name: str) -> str:
    return (
        f"plan {name[:ID_PREFIX]} is being committed by another notebook or process, or by another "
        "run of this one; wait for it to end, or stop it there, and then commit again"
    )


def _damaged(name: str, why: str) -> str:
    return (
        f"the journal {name} is damaged ({why}), and what the run did cannot be told from it; "
        "site.check(plan) says what the contacts hold now"
    )
