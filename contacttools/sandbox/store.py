"""Store: the contacts and definitions of a site in SQLite.

The only file that touches the database.

A contact is kept as the very JSON text that answers show, beside the few columns that are searched.
There is one connection and one lock, so every statement sees all writes before it. A write is on
disk (in a database file) before it is answered.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from contacttools.sandbox.asking.fields import instant
from contacttools.sandbox.asking.query import Page
from contacttools.sandbox.problems import Json
from contacttools.sandbox.rules.amend import Entry
from contacttools.sandbox.rules.duplicates import Claim, held, reading
from contacttools.sandbox.rules.events import Event, Slug
from contacttools.sandbox.rules.jobs import Job
from contacttools.sandbox.settings import Settings

_SCHEMA = """
CREATE TABLE IF NOT EXISTS site (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS definitions (
    kind TEXT, key TEXT, text TEXT NOT NULL, PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS contacts (
    id TEXT PRIMARY KEY, created TEXT NOT NULL, text TEXT NOT NULL, private TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS contacts_by_created ON contacts (created, id);
CREATE TABLE IF NOT EXISTS keys (key TEXT, contact TEXT, PRIMARY KEY (key, contact)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS merged (id TEXT PRIMARY KEY, target TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY, contact TEXT NOT NULL, sequence INTEGER NOT NULL,
    slug TEXT NOT NULL, time TEXT NOT NULL, origin TEXT, text TEXT
);
CREATE UNIQUE INDEX IF NOT EXISTS events_by_contact ON events (contact, sequence);
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, text TEXT NOT NULL, task TEXT
);
CREATE TABLE IF NOT EXISTS job_contacts (
    job TEXT, place INTEGER, contact TEXT NOT NULL, PRIMARY KEY (job, place)
) WITHOUT ROWID;
"""

# Each contact as it was before its latest change, for reads that lag behind. Gone with the process.
_LAG = """
PRAGMA temp_store = MEMORY;
CREATE TEMP TABLE earlier (id TEXT PRIMARY KEY, created TEXT NOT NULL, text TEXT) WITHOUT ROWID;
CREATE TEMP VIEW lagging AS
    SELECT id, created, text FROM contacts WHERE id NOT IN (SELECT id FROM earlier)
    UNION ALL SELECT id, created, text FROM earlier WHERE text IS NOT NULL;
"""

_FORM = 3  # raised when the tables change: a database of another form is refused, not guessed at

_KNOW = "INSERT OR REPLACE INTO site VALUES (?, ?)"
_READING = "duplicates"  # the fact of a site by which settings its contacts hold their keys

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_EVENTS = uuid.UUID("5f0e4a8e-52d1-4c9b-9d47-7f3a1c520c2b")  # names the ids of events
_CHUNK = 500  # ids in one statement; SQLite's own limit is larger


def dumps(value: Json) -> str:
    """Write JSON as answers and the database have it: compact, in UTF-8."""
    return _ENCODER.encode(value)


class Store:
    """The contacts, labels and extended fields of one site.

    Its `version` is another after each change.

    Parameters
    ----------
    path
        The database file; None keeps everything in memory.
    settings
        How open points are read; decides which keys a contact holds against duplicates.
    """

    def __init__(self, path: Path | None, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.RLock()
        self.version = 0
        self._definitions: dict[str, dict[str, dict[str, Json]]] = {}
        self._db = sqlite3.connect(
            ":memory:" if path is None else path,
            check_same_thread=False,
            isolation_level=None,
            timeout=10,
        )
        # Write-ahead, and still on disk at each commit: an answered write survives a crash of the
        # machine.
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._found_form(path)
        self._hold_anew()

    def _found_form(self, path: Path | None) -> None:
        (form,) = self._one("PRAGMA user_version")
        (tables,) = self._one("SELECT count(*) FROM sqlite_schema")
        if tables and form != _FORM:
            self._db.close()
            message = f"{path} was not made by this version of the sandbox; name a new file"
            raise sqlite3.DatabaseError(message)
        self._db.executescript(_SCHEMA + _LAG)
        self._db.execute(f"PRAGMA user_version = {_FORM}")

    def _hold_anew(self) -> None:
        """Let all contacts hold the keys that these settings ask for, if others were made."""
        site = self.site()
        if not site or site.get(_READING) == reading(self._settings):
            return
        with self.write() as change:
            change.many("DELETE FROM keys", [()])
            for text in self.all_texts():
                change.hold(json.loads(text))
            change.many(_KNOW, [(_READING, reading(self._settings))])

    def close(self) -> None:
        """Close the database. What is in memory is gone."""
        with self._lock:
            self._db.close()

    def __len__(self) -> int:
        return int(self._one("SELECT count(*) FROM contacts")[0])

    def contact(self, contact_id: str) -> dict[str, Json] | None:
        """Give a contact as answers show it, None if there is none."""
        text = self.text(contact_id)
        return None if text is None else json.loads(text)

    def text(self, contact_id: str, *, stale: bool = False) -> str | None:
        """Give the JSON text of a contact, None if there is none.

        Parameters
        ----------
        contact_id
            Which contact.
        stale
            Here and in the methods below: as it was before the latest change of each contact.
        """
        found = self.texts([contact_id], stale=stale)
        return found[0] if found else None

    def texts(self, ids: Sequence[str], *, stale: bool = False) -> list[str]:
        """Give the JSON texts of contacts in the order of the ids, without those that are gone."""
        found: dict[str, str] = {}
        for start in range(0, len(ids), _CHUNK):
            some = ids[start : start + _CHUNK]
            marks = ",".join("?" * len(some))
            sql = f"SELECT id, text FROM {_source(stale)} WHERE id IN ({marks})"  # noqa: S608
            found.update(self._rows(sql, *some))
        return [found[one] for one in ids if one in found]

    def page(self, page: Page, *, descending: bool) -> list[str]:
        """Give the JSON texts of one page of all contacts by date of creation."""
        order = "DESC" if descending else "ASC"
        sql = f"SELECT id FROM contacts ORDER BY created {order}, id {order} LIMIT ? OFFSET ?"  # noqa: S608
        return self.texts([row[0] for row in self._rows(sql, page.limit, page.offset)])

    def all_texts(self, *, stale: bool = False) -> list[str]:
        """Give the JSON texts of all contacts, as they were at one moment."""
        return [row[0] for row in self._rows(f"SELECT text FROM {_source(stale)}")]  # noqa: S608

    def history(self, contact_id: str) -> list[dict[str, Json]]:
        """Give every state that requests have brought a contact to, oldest first."""
        told = self.events(contact_id)
        return [event.entity for event in told if event.slug in {"created", "updated"}]

    def events(self, contact_id: str | None = None) -> list[Event]:
        """Give the change feed, oldest first: of one contact, or of all."""
        wanted = "" if contact_id is None else "WHERE contact = ?"
        rows = self._rows(
            "SELECT number, slug, contact, time, sequence, text, origin FROM events "  # noqa: S608
            f"{wanted} ORDER BY number",
            *(() if contact_id is None else (contact_id,)),
        )
        return [
            Event(
                str(uuid.uuid5(_EVENTS, f"{number}")),
                slug,
                contact,
                time,
                sequence,
                text and json.loads(text),
                origin,
            )
            for number, slug, contact, time, sequence, text, origin in rows
        ]

    def merged_into(self, contact_id: str) -> str | None:
        """Give the contact that now holds what a merged-away contact held, None if unknown."""
        rows = self._rows("SELECT target FROM merged WHERE id = ?", contact_id)
        return rows[0][0] if rows else None

    def members(self) -> dict[str, str]:
        """Give the id of the contact of each member by the member's id."""
        return dict(
            self._rows(
                "SELECT json_extract(private, '$.memberId') AS member, id FROM contacts "
                "WHERE member IS NOT NULL ORDER BY created, id"
            )
        )

    def job(self, job_id: str) -> Job | None:
        """Give a bulk job, None if there is none."""
        rows = self._rows("SELECT text FROM jobs WHERE id = ?", job_id)
        return json.loads(rows[0][0]) if rows else None

    def jobs(self, most: int) -> list[Job]:
        """Give bulk jobs, the latest first."""
        rows = self._rows("SELECT text FROM jobs ORDER BY number DESC LIMIT ?", most)
        return [json.loads(text) for (text,) in rows]

    def open_job(self) -> tuple[Job, dict[str, Json]] | None:
        """Give the bulk job to go on with, and its task; None if all are at their end."""
        rows = self._rows(
            "SELECT text, task FROM jobs WHERE task IS NOT NULL ORDER BY number LIMIT 1"
        )
        return (json.loads(rows[0][0]), json.loads(rows[0][1])) if rows else None

    def definitions(self, kind: str) -> Mapping[str, dict[str, Json]]:
        """Give all definitions of a kind (``label`` or ``field``) by key. Not to be changed."""
        with self._lock:
            if kind not in self._definitions:
                rows = self._rows(
                    "SELECT key, text FROM definitions WHERE kind = ? ORDER BY key", kind
                )
                self._definitions[kind] = {key: json.loads(text) for key, text in rows}
            return self._definitions[kind]

    def field_types(self) -> dict[str, str]:
        """Give the data type of each extended field by key."""
        return {key: field["dataType"] for key, field in self.definitions("field").items()}

    def site(self) -> dict[str, str]:
        """Give what was written with `found_site`; empty for a new database."""
        return dict(self._rows("SELECT name, value FROM site"))

    def found_site(self, facts: Mapping[str, str]) -> None:
        """Write the facts of a new site, such as its id."""
        with self.write() as change:
            change.many(_KNOW, {**facts, _READING: reading(self._settings)}.items())

    def define(self, kind: str, definitions: Iterable[Mapping[str, Json]]) -> None:
        """Add definitions of a kind; a key that exists stays as it is."""
        rows = [(kind, one["key"], dumps(one)) for one in definitions]
        with self.write() as change:
            change.many("INSERT OR IGNORE INTO definitions VALUES (?, ?, ?)", rows)
            change.redefined = True

    def load(self, entries: Iterable[Entry]) -> None:
        """Add many contacts at once, without history."""
        with self.write() as change:
            for entry in entries:
                change.load(entry)

    @contextmanager
    def write(self) -> Iterator[Change]:
        """Open a change: all of it happens, or, if an exception leaves the block, nothing."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            change = Change(self._db, self._settings)
            try:
                yield change
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
            self.version += 1
            if change.redefined:
                self._definitions.clear()

    def _rows(self, sql: str, *values: Json) -> list[tuple[Json, ...]]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def _one(self, sql: str) -> tuple[Json, ...]:
        return self._rows(sql)[0]


def _entry(row: Sequence[str]) -> Entry:
    text, private = row
    return Entry(json.loads(text), json.loads(private))


def _source(stale: bool) -> str:  # noqa: FBT001 - private
    return "lagging" if stale else "contacts"


class Change:
    """An open change of the store; see `Store.write`."""

    def __init__(self, db: sqlite3.Connection, settings: Settings) -> None:
        self._db = db
        self._settings = settings
        self.redefined = False

    def read(self, contact_id: str) -> Entry | None:
        """Give a contact with its private state, None if there is none."""
        row = self._db.execute(
            "SELECT text, private FROM contacts WHERE id = ?", (contact_id,)
        ).fetchone()
        return None if row is None else _entry(row)

    def mentioning(self, text: str) -> list[Entry]:
        """Give all contacts that have a text somewhere, as a key or a value."""
        sql = "SELECT text, private FROM contacts WHERE instr(text, ?) ORDER BY created, id"
        return [_entry(row) for row in self._db.execute(sql, (dumps(text),)).fetchall()]

    def holder(self, claims: Iterable[Claim], *, besides: str) -> tuple[Claim, str] | None:
        """Give the first claim that another contact holds, with its id; None if all are free."""
        sql = "SELECT contact FROM keys WHERE key = ? AND contact <> ? ORDER BY contact LIMIT 1"
        for claim in claims:
            row = self._db.execute(sql, (claim.key, besides)).fetchone()
            if row is not None:
                return claim, row[0]
        return None

    def load(self, entry: Entry) -> None:
        """Add a contact."""
        contact = entry.contact
        row = (contact["id"], instant(contact["createdDate"]), dumps(contact), dumps(entry.private))
        self._db.execute("INSERT INTO contacts VALUES (?, ?, ?, ?)", row)
        self.hold(contact)

    def hold(self, contact: Mapping[str, Json]) -> None:
        """Let a contact hold all its keys against others; it holds none yet."""
        self._hold(contact["id"], held(contact, self._settings))

    def create(self, entry: Entry) -> str:
        """Add a contact that a request made, and give its JSON text."""
        self.load(entry)
        self._lag(entry, None)
        text = dumps(entry.contact)
        self.tell("created", entry.contact["id"], entry.contact["updatedDate"], text)
        return text

    def replace(self, before: Entry, after: Entry, *, origin: str | None = None) -> str:
        """Put a contact's next state in the place of the one before, and give its JSON text."""
        text = dumps(after.contact)
        if after is before:
            return text
        contact_id = after.contact["id"]
        old, new = (held(entry.contact, self._settings) for entry in (before, after))
        self._release(contact_id, old - new)
        self._hold(contact_id, new - old)
        self._lag(before, dumps(before.contact))
        row = (text, dumps(after.private), contact_id)
        self._db.execute("UPDATE contacts SET text = ?, private = ? WHERE id = ?", row)
        self.tell("updated", contact_id, after.contact["updatedDate"], text, origin)
        return text

    def remove(self, entry: Entry, time: str, *, origin: str | None = None) -> None:
        """Remove a contact; ids that were merged into it lead nowhere from now on."""
        contact_id = entry.contact["id"]
        self._release(contact_id, held(entry.contact, self._settings))
        self._lag(entry, dumps(entry.contact))
        self._db.execute("DELETE FROM contacts WHERE id = ?", (contact_id,))
        self._db.execute("DELETE FROM merged WHERE target = ?", (contact_id,))
        self.tell("deleted", contact_id, time, None, origin)

    def keep(self, entry: Entry) -> None:
        """Keep the private state of a contact; as answers do not show it, no event tells of it."""
        row = (dumps(entry.private), entry.contact["id"])
        self._db.execute("UPDATE contacts SET private = ? WHERE id = ?", row)

    def lead(self, source_id: str, target_id: str) -> None:
        """Let the id of a merged-away contact, and those merged into it before, name its target."""
        self._db.execute("UPDATE merged SET target = ? WHERE target = ?", (target_id, source_id))
        self._db.execute("INSERT OR REPLACE INTO merged VALUES (?, ?)", (source_id, target_id))

    def tell(
        self, slug: Slug, contact_id: str, time: str, text: str | None, origin: str | None = None
    ) -> None:
        """Add an event to the change feed."""
        self._db.execute(
            "INSERT INTO events (contact, sequence, slug, time, origin, text) SELECT "
            "?1, coalesce(max(sequence), 0) + 1, ?2, ?3, ?4, ?5 FROM events WHERE contact = ?1",
            (contact_id, slug, time, origin, text),
        )

    def define(self, kind: str, definition: Mapping[str, Json]) -> None:
        """Put a definition of a kind in its place, there already or not."""
        row = (kind, definition["key"], dumps(definition))
        self._db.execute("INSERT OR REPLACE INTO definitions VALUES (?, ?, ?)", row)
        self.redefined = True

    def undefine(self, kind: str, key: str) -> None:
        """Remove a definition of a kind."""
        self._db.execute("DELETE FROM definitions WHERE kind = ? AND key = ?", (kind, key))
        self.redefined = True

    def accept(self, job: Job, task: Mapping[str, Json], contact_ids: Iterable[str]) -> None:
        """Add a bulk job: what is to be done, and to which contacts."""
        row = (job["id"], dumps(job), dumps(task))
        self._db.execute("INSERT INTO jobs (id, text, task) VALUES (?, ?, ?)", row)
        self.many(
            "INSERT INTO job_contacts VALUES (?, ?, ?)",
            ((job["id"], place, one) for place, one in enumerate(contact_ids)),
        )

    def take(self, job_id: str, most: int) -> list[str]:
        """Take the ids of the next contacts from what a bulk job has left; empty at its end."""
        rows = self._db.execute(
            "SELECT place, contact FROM job_contacts WHERE job = ? ORDER BY place LIMIT ?",
            (job_id, most),
        ).fetchall()
        self._db.executemany(
            "DELETE FROM job_contacts WHERE job = ? AND place = ?",
            [(job_id, place) for place, _ in rows],
        )
        return [contact_id for _, contact_id in rows]

    def progress(self, job: Job, *, finished: bool) -> None:
        """Put a bulk job's next state in the place of the one before."""
        self._db.execute(
            "UPDATE jobs SET text = ?, task = iif(?, NULL, task) WHERE id = ?",
            (dumps(job), finished, job["id"]),
        )

    def many(self, sql: str, rows: Iterable[tuple[Json, ...]]) -> None:
        """Run one statement for many rows."""
        self._db.executemany(sql, rows)

    def _hold(self, contact_id: str, keys: Iterable[str]) -> None:
        self.many("INSERT INTO keys VALUES (?, ?)", ((key, contact_id) for key in keys))

    def _lag(self, entry: Entry, earlier: str | None) -> None:
        row = (entry.contact["id"], instant(entry.contact["createdDate"]), earlier)
        self._db.execute("INSERT OR REPLACE INTO earlier VALUES (?, ?, ?)", row)

    def _release(self, contact_id: str, keys: Iterable[str]) -> None:
        self.many(
            "DELETE FROM keys WHERE key = ? AND contact = ?", ((key, contact_id) for key in keys)
        )
