"""Returned: a sheet that comes back, beside what it held before. It reads that one file."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from contacttools.errors import BadValue
from contacttools.sheets import commas, layout, opening, originals
from contacttools.sheets.cells import BLANK, Cell, settled, written
from contacttools.sheets.opening import Sheet
from contacttools.sheets.originals import Originals
from contacttools.sheets.workbook import HIDDEN


@dataclass(frozen=True, slots=True)
class Returned:
    """A sheet as it came back.

    Attributes
    ----------
    name : str
        What the file is called.
    heads : list of str
        The headings, empty where there is none.
    rows : list of (int, list of Cell)
        What is below them, each with the number that programs show.
    originals : Originals
        What was exported.
    wrong : dict of int to BadValue
        Rows of which that cannot be known.
    """

    name: str
    heads: list[str]
    rows: list[tuple[int, list[Cell]]]
    originals: Originals
    wrong: dict[int, BadValue] = field(default_factory=dict)


def read(path: str | os.PathLike[str]) -> Returned:
    """Read a file that a stage wrote, or raise BadValue."""
    name, sheets = opening.name_of(path), opening.opened(path)
    heads = [_text(each) for each in sheets[0].rows[0][1]] if sheets and sheets[0].rows else []
    if commas.OWN in heads:
        return _of_commas(name, sheets[0], heads)
    hidden = next((each for each in sheets if each.title == HIDDEN), None)
    texts = [str(cells[0].value) for _, cells in hidden.rows] if hidden else []
    known = originals.unpacked(texts, name)
    needed = layout.keys(known.table)
    for sheet in sheets:
        if sheet.hidden or not sheet.rows:
            continue
        heads = [_text(each) for each in sheet.rows[0][1]]
        if set(needed) <= set(heads):
            return Returned(name, heads, sheet.rows[1:], known)
    why = (
        f"{name}: no sheet has {' and '.join(needed)} in its first row; the hidden columns and the "
        "headings are to stay: export it again, and copy what was filled in"
    )
    raise BadValue(why)


def _of_commas(name: str, sheet: Sheet, heads: list[str]) -> Returned:
    own = heads.index(commas.OWN)
    tokens = [
        (number, written(cells[own]) if own < len(cells) else "")
        for number, cells in sheet.rows[1:]
    ]
    known, wrong = commas.originals(tokens, name)
    if known is None:
        why = f"{name}: no row says what it held when it was exported; export it again"
        raise BadValue(why)
    kept = [n for n in range(len(heads)) if n != own]
    rows = [
        (number, [commas.bare(cells[n]) if n < len(cells) else BLANK for n in kept])
        for number, cells in sheet.rows[1:]
    ]
    missing = set(layout.keys(known.table)) - set(heads)
    if missing:
        why = f"{name} has no column {min(missing)}; export it again, and copy what was filled in"
        raise BadValue(why)
    return Returned(name, [heads[n] for n in kept], rows, known, wrong)


def _text(cell: Cell) -> str:
    return settled(written(cell)).strip()
