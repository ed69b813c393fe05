"""Drafts: named stages on disk, one file each. It touches the folder of stages, and nothing else.

A file is made of lines, each with its checksum: the first says what the stage was when the file
was made, each other what a gesture changed. A last line that a crash tore was never written. Names
of files are made of hexadecimal digits, and never taken from outside.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import stat
import threading
import weakref
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

from contacttools import files
from contacttools.contact import wire
from contacttools.contact.fields import Json
from contacttools.contact.merge import Clash
from contacttools.errors import BadValue
from contacttools.planning.provenance import Provenance
from contacttools.planning.render import visible
from contacttools.staging.steps import ABSENT, Done, Step, Steps

try:
    import fcntl
except ImportError:  # where there is none, two kernels are not kept apart
    fcntl = None  # type: ignore[assignment]

FORMAT, VERSION = "contacttools stage", 1
_DIGITS = 24

# Which draft of this process writes to a file: whoever opens it again takes it over.
_writing: weakref.WeakValueDictionary[Path, Draft] = weakref.WeakValueDictionary()
_opening = threading.RLock()


@dataclass(slots=True)
class Kept:
    """A stage as it was kept.

    Attributes
    ----------
    steps : Steps
    documents : dict
        The contacts that anything staged is about, as they were.
    clashes : dict
        What both sides changed, by contact id and field.
    number : int
        The number of the next new item.
    """

    steps: Steps = field(default_factory=Steps)
    documents: dict[str, Json] = field(default_factory=dict)
    clashes: dict[tuple[str, str], Clash] = field(default_factory=dict)
    number: int = 1


class Draft:
    """The file of one named stage, open for one stage only.

    Attributes
    ----------
    kept : Kept
        What it held when it was opened.
    forget : callable
        Is called when a person is to be forgotten, by whoever has the stage.
    """

    def __init__(self, name: str, site_id: str) -> None:
        self.name, self._site_id = name, site_id
        self.path = _path(name, site_id)
        self.forget: Callable[[str], None] = lambda _: None
        self._closed = False
        self._writes = threading.RLock()
        self._end = 0  # of the last line that was written whole
        self._done: list[Step] = []
        self._undone: list[Step] = []
        self._told: tuple[object, ...] = ()  # what beside the steps was told last, by identity
        self._alive: tuple[object, ...] = ()  # and itself, so that nothing else takes its identity
        self._known: set[str] = set()  # the contacts that it holds
        with _opening:
            _make(self.path.parent)
            if (other := _writing.get(self.path)) is not None:
                other.close()
            self._release = weakref.finalize(self, os.close, _locked(self.path, name))
            _writing[self.path] = self
        try:
            _, self.kept = _read(self.path) if os.path.lexists(self.path) else ({}, Kept())
        except BaseException:
            self.close()
            raise

    def check(self) -> None:
        """Raise BadValue where another stage has taken the file over."""
        if self._closed:
            why = (
                f"stage {self.name!r} was opened again, or closed, since: go on with the one that "
                "was opened last"
            )
            raise BadValue(why)

    def keep(
        self, now: Kept, document: Callable[[str], Json | None], *, whole: bool = False
    ) -> None:
        """Write down what has changed since the last time, or all of it.

        Parameters
        ----------
        now : Kept
            Its documents do not matter.
        document : callable
            Gives a contact as it is under the edits; None where it is gone.
        whole : bool
            Make the file anew: the contacts under the edits are others.

        Raises
        ------
        OSError
            The disk does not let us; all is as it was, and the next time says this as well.
        BadValue
            Another stage has taken the file over; nothing is written.
        """
        with self._writes:
            self.check()  # taken over in the middle of a gesture: the file is another stage's now
            self._write(now, document, whole=whole)

    def _write(self, now: Kept, document: Callable[[str], Json | None], *, whole: bool) -> None:
        if whole or not self._end:
            header = {"format": FORMAT, "version": VERSION, "name": self.name,
                      "site": self._site_id}  # fmt: skip
            self._done, self._undone, self._told, self._known = [], [], (), set()
            content = _line(header) + _line(self._news(now, document))
            files.write(self.path, content)
            self._end = len(content)
        else:
            line = _line(self._news(now, document))
            with self.path.open("r+b") as file:
                file.truncate(self._end)  # what was torn when the disk was full
                file.seek(self._end)
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            self._end += len(line)
        self._done, self._undone = list(now.steps.done), list(now.steps.undone)
        self._told = _beside(now)
        self._alive = tuple(now.steps.made), dict(now.steps.ground), dict(now.clashes)
        self._known = now.steps.contacts() | {each for each, _ in now.clashes}

    def _news(self, now: Kept, document: Callable[[str], Json | None]) -> Json:
        come: list[Json] = []
        numbers: dict[int, int] = {}

        def number(provenance: Provenance) -> int:
            if id(provenance) not in numbers:
                numbers[id(provenance)] = len(come)
                come.append(provenance.to_json())
            return numbers[id(provenance)]

        new = []
        for was, steps in ((self._done, now.steps.done), (self._undone, now.steps.undone)):
            same = _alike(was, steps)
            new.append((same, steps[same:]))
        told: Json = {
            name: [same, [[_put(each, number) for each in step] for step in steps]]
            for name, (same, steps) in zip(("done", "undone"), new, strict=True)
        }
        if _beside(now) != self._told:
            told["ground"] = [
                [*key, value, number(each)] for key, (value, each) in now.steps.ground.items()
            ]
            told["made"] = [[at, number(each)] for at, each in now.steps.made]
            told["clashes"] = [
                [*key, each.base, each.ours, each.theirs] for key, each in now.clashes.items()
            ]
            told["number"] = now.number
        asked = {each.put[0] for _, steps in new for step in steps for each in step}
        asked |= {key[0] for key in (*now.steps.ground, *now.clashes)}
        found = (document(each) for each in sorted(asked - self._known))
        told["documents"] = [each for each in found if each is not None]
        told["come"], told["at"] = come, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        return told

    def close(self) -> None:
        """Let another stage have the file."""
        with self._writes:  # what is being written is written first
            if not self._closed:
                self._closed = True
                if _writing.get(self.path) is self:
                    del _writing[self.path]
                self._release()

    def discard(self) -> None:
        """Remove the file; its lock stays, for whoever waits at it and whoever comes later."""
        self.path.unlink(missing_ok=True)
        self.close()


@dataclass(frozen=True, slots=True)
class Listed:
    """What there is to say of a named stage without opening it."""

    name: str
    site_id: str
    contacts: int
    fields: int
    saved_at: datetime
    open: bool


def listed() -> list[Listed]:
    """Return the named stages that there are, the one first that was changed last."""
    found = []
    for path in sorted(_root().glob("*.stage")):
        if not _is_plain(path):
            continue
        try:
            header, kept = _read(path)
        except (BadValue, OSError):
            header, kept = {"name": f"(damaged: {path.name})", "site": ""}, Kept()
        staged = kept.steps.copy()
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        fields = sum(map(len, staged.values()))
        told = Listed(header["name"], header["site"], len(staged), fields, changed, _used(path))
        found.append(told)
    return sorted(found, key=lambda each: each.saved_at, reverse=True)


def forget(site_id: str, contact_id: str) -> int:
    """Erase one person from the stages of a site; return how many held something.

    Raises
    ------
    BadValue
        Another kernel has one open that does, and it stays as it is; the others are done.
    """
    erased, trouble = 0, None
    for path in sorted(_root().glob("*.stage")):
        if not _is_plain(path):
            continue
        try:
            header, kept = _read(path)
            known = {*kept.documents, *kept.steps.contacts(), *(key[0] for key in kept.clashes)}
            if header["site"] != site_id or contact_id not in known:
                continue
            if (draft := _writing.get(path)) is not None:
                draft.forget(contact_id)
            else:
                closing = Draft(header["name"], site_id)
                with contextlib.closing(closing):
                    closing.kept.steps.forget([contact_id], {})
                    kept = closing.kept
                    clashes = {k: v for k, v in kept.clashes.items() if k[0] != contact_id}
                    left = Kept(kept.steps, {}, clashes, kept.number)
                    closing.keep(left, kept.documents.get, whole=True)
            erased += 1
        except BadValue as error:
            trouble = error
    if trouble is not None:
        raise trouble
    return erased


# -- lines ----------------------------------------------------------------------------------


def _line(told: Json) -> bytes:
    text = json.dumps(told, separators=(",", ":"), allow_nan=False).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _lines(path: Path) -> Iterator[Json]:
    """Yield the lines of a file; raise BadValue for one that is wrong, but a torn last one."""
    content = path.read_bytes()
    for number, line in enumerate(lines := content.splitlines(keepends=True), 1):
        checksum, _, text = line.rstrip(b"\n").partition(b" ")
        if not (line.endswith(b"\n") and checksum == b"%08x" % zlib.crc32(text)):
            if number == len(lines) and number > 2:
                return
            why = f"the file of a stage, {path}, is damaged in line {number}; remove it to go on"
            raise BadValue(why)
        yield json.loads(text)


def _read(path: Path) -> tuple[Json, Kept]:
    """Return what a file begins with, and what the stage is that it holds."""
    if not _is_plain(path):
        raise OSError(errno.ELOOP, "a stage is a file of its own, and this is none", path)
    try:
        return _told(path)
    except BadValue:
        raise
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        why = f"the file of a stage, {path}, holds what no stage has written; remove it to go on"
        raise BadValue(why) from None


def _told(path: Path) -> tuple[Json, Kept]:
    header: Json = None
    kept, done, undone = Kept(), list[Step](), list[Step]()
    ground: dict[tuple[str, str], tuple[Json, Provenance]] = {}
    made: list[tuple[int, Provenance]] = []
    for told in _lines(path):
        if header is None:
            header = told
            if (told["format"], told["version"]) != (FORMAT, VERSION):
                why = f"{path} is not a stage that this version can read"
                raise BadValue(why)
            continue
        come = [Provenance.from_json(each) for each in told["come"]]
        for steps, (same, new) in ((done, told["done"]), (undone, told["undone"])):
            steps[same:] = [[_taken(each, come) for each in step] for step in new]
        kept.documents |= {each["id"]: each for each in told["documents"]}
        if "ground" in told:
            ground = {
                (who, name): (wire.held(name, value), come[n])
                for who, name, value, n in told["ground"]
            }
            made = [(at, come[n]) for at, n in told["made"]]
            kept.clashes = {
                (who, name): Clash(*(wire.held(name, each) for each in sides))
                for who, name, *sides in told["clashes"]
            }
            kept.number = told["number"]
    if header is None:
        why = f"the file of a stage, {path}, is empty: what it held is lost; remove it to go on"
        raise BadValue(why)
    kept.steps = Steps.again(ground, done, undone, made)
    return header, kept


def _put(done: Done, number: Callable[[Provenance], int]) -> Json:
    contact_id, name, value = done.put
    sides = [[] if each is ABSENT else [each] for each in (value, done.was)]
    return [contact_id, name, *sides, number(done.provenance)]


def _taken(told: Sequence[Json], come: Sequence[Provenance]) -> Done:
    contact_id, name, value, was, number = told
    new, old = (wire.held(name, each[0]) if each else ABSENT for each in (value, was))
    return Done((contact_id, name, new), old, come[number])


def _alike(was: Sequence[Step], now: Sequence[Step]) -> int:
    """Return how many steps are the same ones from the first on."""
    pairs = zip(was, now, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a is not b), min(len(was), len(now)))


def _beside(now: Kept) -> tuple[object, ...]:
    ground = tuple((key, id(each)) for key, each in now.steps.ground.items())
    made = tuple((at, id(each)) for at, each in now.steps.made)
    return ground, made, tuple((key, id(each)) for key, each in now.clashes.items()), now.number


# -- files ----------------------------------------------------------------------------------


def _root() -> Path:
    given = os.environ.get("CONTACTTOOLS_STAGES")
    usual = platformdirs.user_state_path("contacttools", appauthor=False) / "stages"
    return Path(given or usual).expanduser().resolve()


def _path(name: str, site_id: str) -> Path:
    digest = hashlib.sha256(json.dumps([site_id, name]).encode()).hexdigest()
    return _root() / f"{digest[:_DIGITS]}.stage"


def _lock_of(path: Path) -> Path:
    return path.with_suffix(".lock")


def _make(root: Path) -> None:
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    if stat.S_IMODE(root.stat().st_mode) != 0o700:
        root.chmod(0o700)


def _is_plain(path: Path) -> bool:
    return not os.path.lexists(path) or stat.S_ISREG(path.lstat().st_mode)


def _locked(path: Path, name: str) -> int:
    """Return what holds the lock of a stage's file, or raise BadValue where somebody has it."""
    handle = os.open(_lock_of(path), os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        why = (
            f"stage {visible(name)!r} is open in another notebook: shut its kernel down, or give "
            "this one another name"
        )
        raise BadValue(why, field="name") from None
    return handle


def _used(path: Path) -> bool:
    """Say whether a stage has the file open, here or elsewhere."""
    if path in _writing:
        return True
    try:
        os.close(_locked(path, ""))
    except BadValue:
        return True
    return False
