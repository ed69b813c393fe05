"""Outgoing: contacts as a sheet for people to fill in. It writes the one file that it is told."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from contacttools import files
from contacttools.errors import BadValue
from contacttools.planning.provenance import one_line
from contacttools.planning.render import count
from contacttools.sheets import commas, layout, workbook
from contacttools.sheets.opening import name_of
from contacttools.snapshot.contacts import Contacts
from contacttools.snapshot.frames import Table

CSV = ".csv"
_SHORT = 80  # characters of a file's name in a reason


@dataclass(frozen=True, slots=True)
class Export:
    """A file that was written for people to fill in: it holds real values.

    Attributes
    ----------
    path : Path
    table : str or None
    contacts, rows : int
        How many there are in it.
    columns : tuple of str
        Those that can be changed there.
    """

    path: Path
    table: Table | None
    contacts: int
    rows: int
    columns: tuple[str, ...]

    def __repr__(self) -> str:
        of = "" if self.table is None else f"{count(self.rows, 'row')} of {self.table}, "
        return (
            f"<{name_of(self.path)}: {of}{count(self.contacts, 'contact')}, with REAL VALUES in "
            f"it: give it only to those who may see them>"
        )


def write(
    path: str | os.PathLike[str],
    contacts: Contacts,
    wide: pd.DataFrame,
    frame: pd.DataFrame,
    *,
    table: Table | None,
    columns: Iterable[str] | None,
) -> Export:
    """Write the rows of a frame to a file; `wide` says who they are about."""
    kind = Path(path).suffix.lower()
    if kind not in (".xlsx", CSV):
        why = f"{name_of(path)}: a sheet is an .xlsx or a .csv file"
        raise BadValue(why)
    laid = layout.laid_out(contacts, wide, frame, table, columns)
    files.write(path, commas.content(laid) if kind == CSV else workbook.content(laid))
    named = tuple(each.name for each in laid.columns if each.editable)
    return Export(Path(path), table, laid.people, len(laid.originals.rows), named)


def reason(path: str | os.PathLike[str], who: str) -> str:
    """Return the reason of the edits of a sheet that somebody filled in."""
    who = one_line(who, "who", "the person who filled it in")
    name = name_of(path)
    short = name if len(name) <= _SHORT else f"{name[: _SHORT - 1]}…"
    kind = "CSV" if Path(path).suffix.lower() == CSV else "Excel"
    return f"from {kind}, {short}, by {who}"[:200]
