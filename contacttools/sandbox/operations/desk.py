"""Desk: what every operation is given: the site, and one call of one caller. No rule lives here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from contacttools.sandbox.callers import Caller
from contacttools.sandbox.operations.worker import Worker
from contacttools.sandbox.problems import Json
from contacttools.sandbox.rules.amend import Context
from contacttools.sandbox.settings import Settings
from contacttools.sandbox.store import Store


def now() -> str:
    """Give the present time the way the API writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Call:
    """One request, as far as operations care.

    Attributes
    ----------
    caller
        Who asks; that they may has been checked.
    path
        The parameters of the path, such as ``id``. They win over their repeats elsewhere.
    parameters
        The query string: every value of each name.
    body
        The JSON object sent; empty if none was.
    stale
        Whether a read is to lag behind the writes (see `Faults`).
    """

    caller: Caller
    path: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, list[str]] = field(default_factory=dict)
    body: Mapping[str, Json] = field(default_factory=dict)
    stale: bool = False


class Desk:
    """One site at work.

    Attributes
    ----------
    store
        Where its contacts are.
    settings
        How open points are read.
    new_id
        Gives the ids of new contacts and items.
    jobs
        Works on the bulk jobs.
    """

    def __init__(self, store: Store, settings: Settings, new_id: Callable[[], str]) -> None:
        self.store = store
        self.settings = settings
        self.new_id = new_id
        self.jobs = Worker()
        # The next page of a search is usually asked for next: it need not read all contacts again.
        self.last_search: tuple[tuple[int, str, bool], list[str]] = ((-1, "", False), [])

    def context(self, app_id: str) -> Context:
        """Give what the rules need to know now; inside a change of the store it stays true.

        Parameters
        ----------
        app_id
            In whose name new contacts are made.
        """
        return Context(
            now=now(),
            new_id=self.new_id,
            app_id=app_id,
            labels=self.store.definitions("label"),
            fields=self.store.field_types(),
            settings=self.settings,
        )
