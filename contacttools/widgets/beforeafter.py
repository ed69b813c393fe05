"""Before and after: what a change would do to each contact, as a table to tick rows off in.

It touches the screen only; which rows are left out is kept by whoever shows it.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from contacttools.contact.fields import Field, Json
from contacttools.planning.render import edged
from contacttools.staging.trial import EFFECTS, Tried
from contacttools.widgets.rows import Head, Rows, json_of
from contacttools.widgets.table import TableWidget
from contacttools.widgets.typed import is_yes

STAGE = "stage"  # the column that says whether a row is to be staged
_FIXED = "what the change makes of it; untick the row to leave it out"


class BeforeAfter(Rows):
    """The rows of a trial.

    Parameters
    ----------
    tried : sequence of Tried
    field : Field
        What changes.
    names : dict of str to str
        Of labels, by key.
    left_out : set of str
        Contact ids; looked at whenever a row is read.
    """

    def __init__(
        self,
        tried: Sequence[Tried],
        field: Field,
        names: Mapping[str, str],
        left_out: set[str],
    ) -> None:
        super().__init__()
        self.tried, self.names, self._left_out = tried, names, left_out
        self.rows = [(each.contact_id, None) for each in tried]
        label = field.label
        self.heads = [
            Head(STAGE, "Stage it", "flag", width=92),
            Head("contact", "Contact", "text", _FIXED, width=190),
            Head("before", f"{label} before", field.kind, _FIXED, width=230),
            Head("after", f"{label} after", field.kind, _FIXED, width=230),
            Head("effect", "Effect", "text", _FIXED, width=100),
            Head("why", "What to know", "text", _FIXED, width=420),
        ]

    def read(self, numbers: Iterable[int], names: Sequence[str]) -> Iterator[Json]:
        """Yield rows as `Rows.read` says."""
        for number in numbers:
            contact_id = self.rows[number][0]
            cells = {name: self._cell(number, name) for name in names}
            yield {
                "row": number, "id": contact_id, "item": None, "cells": cells, "staged": {},
                "flag": "",
            }  # fmt: skip

    def values(self, numbers: Iterable[int], name: str) -> Iterator[Json]:
        """Yield the cells of one column."""
        return (self._cell(number, name) for number in numbers)

    def staged(self, number: int) -> bool:
        """Say whether a row would be staged."""
        return self._cell(number, STAGE) is True

    def chips(self) -> list[tuple[str, str]]:
        """Return what the trial came to: words, and the filter of the effect column for them."""
        counted = Counter(each.effect for each in self.tried)
        told = [(f"All {len(self):,}", "")] if self.tried else []
        return told + [
            (f"{each} {counted[each]:,}", f"={each}") for each in EFFECTS if counted[each]
        ]

    def _cell(self, number: int, name: str) -> Json:
        each = self.tried[number]
        match name:
            case "stage":
                return each.contact_id not in self._left_out if each.possible else None
            case "contact":
                return each.name
            case "before" | "after":
                value = json_of(getattr(each, name))
                return edged(value) if isinstance(value, str) else value
            case _:
                return json_of(getattr(each, name))


class BeforeAfterTable(TableWidget):
    """The table of a trial.

    Parameters
    ----------
    rows : BeforeAfter
    lock : RLock
    ticked : callable
        Is given contact ids and whether they are to be staged.
    """

    def __init__(
        self,
        rows: BeforeAfter,
        lock: threading.RLock,
        ticked: Callable[[set[str], bool], None],
    ) -> None:
        self._ticked = ticked
        super().__init__(rows, lock, called="Before and after")

    def show(self, rows: BeforeAfter) -> None:
        """Show another trial."""
        self._begin_with(rows)

    def tick(self, contact_ids: set[str], *, wanted: bool) -> None:
        """Stage rows, or leave them out."""
        self._ticked(contact_ids, wanted)
        touched = [n for n, (each, _) in enumerate(self._rows.rows) if each in contact_ids]
        self._draw_again(touched)

    def _carry_out(self, content: Mapping[str, Json]) -> None:
        if content.get("type") != "edit":
            return
        for wanted in (True, False):
            ids = {
                contact_id
                for contact_id, _, column, _, text in content["cells"]
                if column == STAGE and is_yes(text) == wanted
            }
            if ids:
                self.tick(ids, wanted=wanted)
