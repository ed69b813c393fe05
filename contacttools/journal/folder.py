"""Folder: where the journals are. It touches that folder and nothing outside of it.

Names are made here, of hexadecimal digits, and never taken from outside. A book that somebody
writes to is not opened a second time: how far it is stands in a small file beside it.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import os
import re
import stat
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import platformdirs

from contacttools.errors import BadPlan, CommitRefused, PlanInUse
from contacttools.journal.book import PATIENCE, Book, held, shown, status_path
from contacttools.journal.merges import MergeStory
from contacttools.journal.story import State, Story, Summary
from contacttools.merging.mergeplan import MergePlan
from contacttools.planning.plan import ID_PREFIX, Plan

KEPT = timedelta(days=90)  # after nobody has touched a book

_DIGITS = 16  # of a plan's id in the name of a file
_NAME = re.compile(r"[0-9a-f]{16}-[0-9a-f]{8}(\.aside-[0-9]+)?\.sqlite")
_making = threading.Lock()


class Folder:
    """The journals of a person's commits, one file per plan and site.

    Parameters
    ----------
    root : path, optional
        A folder for nothing else, which only its owner may enter from then on. When left out, the
        one that ``CONTACTTOOLS_RUNS`` names, or the platform's place for such things.
    now, clock, entropy : callable, optional
        The time for people (UTC), the time that passes (seconds), and random bytes.
    """

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        given = root or os.environ.get("CONTACTTOOLS_RUNS")
        usual = platformdirs.user_state_path("contacttools", appauthor=False) / "runs"
        self.root = Path(given or usual).expanduser().resolve()
        self._now, self._clock, self._entropy = now, clock, entropy
        self._purged: datetime | None = None

    def open(
        self, plan: Plan | MergePlan, *, site_id: str, base_url: str, site: str, mode: str
    ) -> Book:
        """Open the book of a plan: a new one, or the one that there is, to go on with.

        Parameters
        ----------
        plan : Plan or MergePlan
        site_id, base_url, site : str
            Where it is written: by id, by address, in words.
        mode : str
            What happens to changes of contacts that others write as well.

        Raises
        ------
        PlanInUse
            Another notebook or process has it, or another run of this one.
        BadPlan
            It is damaged. `set_aside` makes way for a new one.
        OSError
            The disk does not let us.
        """
        self._make()
        self._tidy()
        path = self._path(plan.id, site_id)
        self._create(path)
        book = self._book(path)
        book.begin(plan, base_url=base_url, site=site, mode=mode)
        return book

    def read(self, site_id: str, plan_id_prefix: str) -> Story | MergeStory:
        """Return what the book of a plan tells.

        Raises
        ------
        PlanInUse
            Somebody writes to it at this moment; `list` says how far it is.
        BadPlan
            There is none, or more than one that begins so, or it is damaged.
        """
        known = len(plan_id_prefix) >= ID_PREFIX
        found = [
            path
            for path in self._paths(f"*-{_hashed(site_id)}.sqlite")
            if known and path.name.startswith(plan_id_prefix[:_DIGITS])
        ]
        if len(found) > 1:
            why = f"more than one run begins with {plan_id_prefix}: give more digits of its id"
            raise BadPlan(why)
        for path in found:
            with contextlib.closing(self._book(path)) as book:
                if not book.blank and (story := book.story()).plan.id.startswith(plan_id_prefix):
                    return story
        why = f"no run of a plan {plan_id_prefix!a} on this site is known here"
        raise BadPlan(why)

    def list(self, site_id: str) -> Sequence[Summary]:
        """Return the runs on a site, the earliest first; one that goes on is seconds behind."""
        listed = [self._summary(path) for path in self._paths(f"*-{_hashed(site_id)}.sqlite")]
        return sorted((each for each in listed if each), key=lambda each: each.began)

    def forget(self, site_id: str, contact_id: str) -> int:
        """Erase one person from every book of a site, all but the id; return from how many.

        Raises
        ------
        PlanInUse, BadPlan, OSError
            Not from that book: somebody writes to it, or it cannot be read. From all others.
        """
        erased, trouble = 0, None
        for path in self._paths(f"*-{_hashed(site_id)}*.sqlite"):
            try:
                book = self._book(path)
                with contextlib.closing(book):
                    erased += not book.blank and book.forget(contact_id)
            except (CommitRefused, OSError) as error:
                trouble = error
        if trouble is not None:
            raise trouble
        return erased

    def set_aside(self, plan: Plan | MergePlan, site_id: str) -> Path | None:
        """Move the book of a plan out of the way; return where it is then, if there was one.

        It is not listed any more, and kept as long as any other.

        Raises
        ------
        PlanInUse
            Somebody writes to it.
        """
        path = self._path(plan.id, site_id)
        if not os.path.lexists(path):
            return None
        _must_be_plain(path)
        with held(path):
            names = (path.with_suffix(f".aside-{n}.sqlite") for n in itertools.count(1))
            aside = next(name for name in names if not name.exists())
            for suffix in ("-wal", "-journal", ""):  # while the file stands, so does the rest of it
                with contextlib.suppress(FileNotFoundError):
                    Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
            status_path(path).unlink(missing_ok=True)
        return aside

    def purge(self, now: datetime) -> int:
        """Remove the books that nobody has touched for 90 days; return how many."""
        removed = 0
        for path in self._paths("*.sqlite"):
            log = Path(f"{path}-wal")
            with contextlib.suppress(PlanInUse, FileNotFoundError):  # others tidy as well
                touched = max(path.stat().st_mtime, log.stat().st_mtime if log.exists() else 0)
                if now.timestamp() - touched > KEPT.total_seconds():
                    with held(path):
                        for each in (path, log, Path(f"{path}-journal"), status_path(path)):
                            each.unlink(missing_ok=True)
                    removed += 1
        return removed

    def _tidy(self) -> None:
        """Purge once a day: looking at every book takes its time where there are many."""
        now = self._now()
        if self._purged is None or now - self._purged >= timedelta(days=1):
            self.purge(now)
            self._purged = now

    # -- files ------------------------------------------------------------------------------

    def _path(self, plan_id: str, site_id: str) -> Path:
        if not re.fullmatch(r"[0-9a-f]{64}", plan_id):
            why = f"{plan_id!a} is no id of a plan"
            raise BadPlan(why)
        return self.root / f"{plan_id[:_DIGITS]}-{_hashed(site_id)}.sqlite"

    def _paths(self, pattern: str) -> Sequence[Path]:
        """Return the books, by what their names say."""
        found = sorted(self.root.glob(pattern))
        return [path for path in found if _NAME.fullmatch(path.name) and not path.is_symlink()]

    def _make(self) -> None:
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if stat.S_IMODE(self.root.stat().st_mode) != 0o700:
            self.root.chmod(0o700)

    @staticmethod
    def _create(path: Path) -> None:
        # Closing a file gives up every lock that this process has on it: nobody may have got to
        # locking it before it is closed here.
        with _making, contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))

    def _book(self, path: Path, patience: float = PATIENCE) -> Book:
        _must_be_plain(path)
        return Book(
            path, now=self._now, clock=self._clock, entropy=self._entropy, patience=patience
        )

    def _summary(self, path: Path) -> Summary | None:
        told = shown(path)
        if told is not None and told.state != "running":
            return told
        touched = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        state: State
        try:  # it says that it is running, or nothing: is anybody there?
            book = self._book(path, patience=PATIENCE if told is None else 0)
            with contextlib.closing(book):
                return None if book.blank else book.story().summary
        except PlanInUse as error:
            state, why = "running", str(error)
        except (BadPlan, OSError) as error:
            state, why, told = "damaged", str(error), None
        return told or Summary(path.name[:_DIGITS], state, touched, touched, 0, {}, "", why)


def _hashed(site_id: str) -> str:
    return hashlib.sha256(site_id.encode()).hexdigest()[:8]


def _must_be_plain(path: Path) -> None:
    """Raise OSError when a link, or anything else that is no file, stands in a journal's place."""
    for each in (path, *(Path(f"{path}{suffix}") for suffix in ("-wal", "-journal", "-shm"))):
        if os.path.lexists(each) and not stat.S_ISREG(each.lstat().st_mode):
            raise OSError(errno.ELOOP, "a journal is a file of its own, and this is none", each)
