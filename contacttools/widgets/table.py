"""Table: rows on the screen, as one sends for them. It touches the screen, and nothing else.

The table itself lives in the browser (grid.js): it is sent its rows as it asks for them, and
answers with contact ids, columns and what was typed. It keeps nothing of its own but the look of
it.
"""

from __future__ import annotations

import importlib.resources
import threading
from array import array
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import anywidget
import traitlets

from contacttools.contact.fields import Json
from contacttools.widgets.rows import Order, Rows

_FIRST = 120  # rows that are sent with the widget itself
CHUNK = 4000  # rows in one answer, at most


def _text(name: str) -> str:
    return importlib.resources.files("contacttools.widgets").joinpath(name).read_text("utf-8")


class TableWidget(anywidget.AnyWidget):
    """Rows that are searched, filtered, sorted and looked at, however many there are.

    What its traits hold that a person may set stands in `Grid`, which is what people have in hand.
    """

    _esm: ClassVar[str] = _text("grid.js")
    _css: ClassVar[str] = _text("grid.css")

    heads: Any = traitlets.List().tag(sync=True)
    names = traitlets.Dict().tag(sync=True)  # display names of labels by key
    table = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    adds = traitlets.Unicode("").tag(sync=True)  # the column that a new item is begun with
    edition = traitlets.Int(0).tag(sync=True)  # counts the snapshots shown
    size = traitlets.Int(0).tag(sync=True)  # rows there are, shown or not
    first: Any = traitlets.List().tag(sync=True)
    shown: Any = traitlets.Bytes(None, allow_none=True).tag(sync=True)  # row numbers; None: all
    drafts: Any = traitlets.List().tag(sync=True)
    staged = traitlets.Unicode("").tag(sync=True)  # what stands above the table at the right
    tools = traitlets.List(traitlets.Unicode()).tag(sync=True)  # "staged", "undo", "redo"
    loaded = traitlets.Bool(False).tag(sync=True)  # noqa: FBT003 - the browser says so itself
    called = traitlets.Unicode("Contacts").tag(sync=True)
    search = traitlets.Unicode("").tag(sync=True)
    filters = traitlets.Dict().tag(sync=True)
    sort: Any = traitlets.List().tag(sync=True)
    only_staged = traitlets.Bool(False).tag(sync=True)  # noqa: FBT003 - a trait's default
    hidden = traitlets.List(traitlets.Unicode()).tag(sync=True)
    pinned = traitlets.List(traitlets.Unicode()).tag(sync=True)
    widths = traitlets.Dict().tag(sync=True)
    selected = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self, rows: Rows, lock: threading.RLock, **state: Json) -> None:
        self._rows, self._lock = rows, lock
        self._followers: list[Callable[[], None]] = []
        heads = rows.heads
        super().__init__(
            table=rows.table,
            hidden=[head.name for head in heads if head.hidden],
            pinned=[head.name for head in heads[:1]],
            **{**self._laid_out(), **state},
        )
        self.on_msg(self._heard)
        self.observe(self._reordered, ["search", "filters", "sort", "only_staged"])

    # -- for another form of it -------------------------------------------------------------

    @property
    def rows(self) -> Rows:
        """What it shows."""
        return self._rows

    def follow(self, call: Callable[[], None]) -> Callable[[], None]:
        """Call back whenever rows have changed; return a function that stops it."""
        self._followers.append(call)
        return lambda: self._followers.remove(call) if call in self._followers else None

    def numbers(self) -> list[int]:
        """Return the numbers of the rows on show, in their order."""
        return list(range(self.size)) if self.shown is None else list(array("i", self.shown))

    def carry_out(self, kind: str, **content: Json) -> None:
        """Do what a gesture in the browser would ask for."""
        with self._lock:
            self._carry_out({"type": kind, **content})
        self._tell_followers()

    def _tell_followers(self) -> None:
        for call in list(self._followers):
            call()

    # -- drawing ----------------------------------------------------------------------------

    def _laid_out(self) -> dict[str, Any]:
        """Return the state of a sheet that is new."""
        rows = self._rows
        return {
            "heads": [head.to_json() for head in rows.heads],
            "names": dict(rows.names),
            "size": len(rows),
            "first": list(rows.read(range(min(_FIRST, len(rows))), self._in_sight())),
            "staged": self._told(),
        }

    def _in_sight(self) -> list[str]:
        return [head.name for head in self._rows.heads if not head.hidden]

    def _told(self) -> str:
        """Return what stands above the table at the right."""
        return ""

    def _draw_again(self, numbers: list[int]) -> None:
        """Send rows that have changed."""
        every = [head.name for head in self._rows.heads]
        for start in range(0, len(numbers), CHUNK):
            rows = list(self._rows.read(numbers[start : start + CHUNK], every))
            self.send({"type": "rows", "edition": self.edition, "rows": rows})
        self.staged = self._told()
        self._tell_followers()

    def _begin_with(self, rows: Rows) -> None:
        """Show other rows: what the browser knows of the old ones is forgotten."""
        self._rows = rows
        with self.hold_sync():
            self.edition += 1
            self.drafts = []
            for name, value in self._laid_out().items():
                setattr(self, name, value)
            self._reorder()
        self._tell_followers()

    def _reordered(self, _: object) -> None:
        with self._lock:
            self._reorder()

    def _reorder(self) -> None:
        sort: list[tuple[str, Order]] = [(str(name), way) for name, way in self.sort]
        numbers = self._rows.order(
            search=self.search, filters=self.filters, sort=sort, only_staged=self.only_staged
        )
        whole = numbers == list(range(len(self._rows)))
        self.shown = None if whole else array("i", numbers).tobytes()
        self._tell_followers()

    # -- what comes from the browser --------------------------------------------------------

    def _heard(self, _: object, content: Mapping[str, Json], __: object) -> None:
        with self._lock:
            if content.get("type") == "want":
                self._answer(content)
                return
            try:
                if content.get("edition") == self.edition:  # else it speaks of other rows
                    self._carry_out(content)
            finally:  # whoever waits for an answer waits no more
                self.send({"type": "done", "number": content.get("number")})

    def _carry_out(self, content: Mapping[str, Json]) -> None:
        """Do what a gesture asks for."""

    def _answer(self, content: Mapping[str, Json]) -> None:
        if content["edition"] != self.edition:
            return
        start = int(content["start"])
        numbers = range(start, min(start + CHUNK, len(self._rows)))
        known = self._rows.by_name
        names = [name for name in content["columns"] if name in known]
        rows = list(self._rows.read(numbers, names))
        self.send(
            {
                "type": "chunk",
                "edition": self.edition,
                "start": start,
                "ids": [row["id"] for row in rows],
                "items": [row["item"] for row in rows] if self.table else None,
                "columns": {name: [row["cells"][name] for row in rows] for name in names},
                "marked": [
                    [row["row"], row["staged"], row["flag"]]
                    for row in rows
                    if row["staged"] or row["flag"]
                ],
            }
        )
