"""Opening: the cells of an .xlsx or .csv file, whoever made it. It reads that one file.

A file may come from anywhere: what is packed too tightly, too large, or declares things of its own
in its XML is refused before it is read; nothing that it refers to is opened.
"""

from __future__ import annotations

import csv
import io
import itertools
import os
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError
from xml.parsers import expat

from openpyxl import load_workbook
from openpyxl.cell.read_only import ReadOnlyCell
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from contacttools.errors import BadValue
from contacttools.planning.render import visible
from contacttools.sheets.cells import BLANK, Cell, Form

_MOST_BYTES = 100_000_000  # as the file is
_MOST_UNPACKED = 200_000_000
_MOST_TIMES = 100  # larger, unpacked
_MOST_PARTS = 2_000
_MOST_ROWS = 1_048_576  # a spreadsheet's own limit
_MOST_COLUMNS = 2_000
_MOST_CELLS = 4_000_000
_HEAD = 30  # rows that say how wide a sheet is
_KINDS: dict[str, Form] = {
    "s": "text",
    "n": "number",
    "d": "date",
    "b": "flag",
    "f": "formula",
    "e": "error",
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a file.

    Attributes
    ----------
    title : str
    hidden : bool
    rows : list of (int, list of Cell)
        The rows that say something, each with the number that programs show.
    """

    title: str
    hidden: bool
    rows: list[tuple[int, list[Cell]]]


def name_of(path: str | os.PathLike[str]) -> str:
    """Return what a file is called, fit for a message."""
    return visible(Path(path).name)


def opened(path: str | os.PathLike[str]) -> list[Sheet]:
    """Return the sheets of a file; a CSV file is one.

    Raises
    ------
    BadValue
        It is neither, or not fit to be read.
    OSError
        It cannot be read.
    """
    name = name_of(path)
    if Path(path).stat().st_size > _MOST_BYTES:
        why = f"{name} is larger than {_MOST_BYTES // 1_000_000} MB; split it"
        raise BadValue(why)
    content = Path(path).read_bytes()
    if content[:2] == b"PK":
        return _workbook(content, name)
    if content[:4] == b"\xd0\xcf\x11\xe0":
        why = f"{name} is an .xls file, or has a password; save it as .xlsx without one"
        raise BadValue(why)
    return [Sheet(name, hidden=False, rows=list(_lines(content, name)))]


# -- .xlsx ----------------------------------------------------------------------------------


def _workbook(content: bytes, name: str) -> list[Sheet]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if "xl/workbook.xml" not in packed.namelist() and "mimetype" in packed.namelist():
                why = f"{name} is no .xlsx file; save it as one"
                raise BadValue(why)
            _harmless(packed, name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of parts that are not read here anyway
            book = load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
            try:
                return [
                    Sheet(each.title, each.sheet_state != "visible", list(_rows(each, name)))
                    for each in book.worksheets
                ]
            finally:
                book.close()
    except (
        zipfile.BadZipFile, zipfile.LargeZipFile, KeyError, ValueError, TypeError, IndexError,
        AttributeError, OSError, EOFError, NotImplementedError, RecursionError, SyntaxError,
        OverflowError, expat.ExpatError, ParseError,
    ) as error:  # fmt: skip
        if isinstance(error, BadValue):
            raise
        why = f"{name} is no .xlsx file that can be read ({type(error).__name__}); save it again"
        raise BadValue(why) from None


def _harmless(packed: zipfile.ZipFile, name: str) -> None:
    parts = packed.infolist()
    whole, small = sum(each.file_size for each in parts), sum(each.compress_size for each in parts)
    if (
        len(parts) > _MOST_PARTS
        or whole > _MOST_UNPACKED
        or (whole > _MOST_UNPACKED // 20 and whole > _MOST_TIMES * small)
    ):
        why = (
            f"{name} unpacks to {whole // 1_000_000:,} MB, which no list of contacts needs; "
            "delete what is not needed, or copy the cells into a new file"
        )
        raise BadValue(why)
    for part in parts:
        if part.filename.endswith((".xml", ".rels", ".vml")) and _declares(packed, part):
            why = f"{name} declares things of its own in {part.filename!a}; it was not read"
            raise BadValue(why)


def _declares(packed: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """Say whether an XML part has a document type, in which entities are declared."""
    found: list[bool] = []
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = lambda *_: found.append(True)
    parser.StartElementHandler = lambda *_: found.append(False)
    with packed.open(part) as file:
        while not found and (piece := file.read(4096)):
            parser.Parse(piece, False)  # noqa: FBT003 - it takes no keyword
    return bool(found) and found[0]


def _rows(sheet: ReadOnlyWorksheet, name: str) -> Iterator[tuple[int, list[Cell]]]:
    """Yield the rows of a sheet that say something, as wide as the widest of the first ones."""
    sheet.reset_dimensions()  # what it says of its own size need not be so
    first = itertools.islice(sheet.iter_rows(max_row=_MOST_ROWS, max_col=_MOST_COLUMNS), _HEAD)
    width = max((len(_trimmed(row)) for row in first), default=0)
    left = _MOST_CELLS
    blank: object = None  # a row that is not there is the same object each time
    if not width:
        return
    for number, row in enumerate(sheet.iter_rows(max_row=_MOST_ROWS, max_col=width), 1):
        if row is blank:
            continue
        found = _trimmed(row)
        blank = blank if found else row
        left -= len(found)
        if left < 0:
            why = f"{name} has more than {_MOST_CELLS:,} cells; split it"
            raise BadValue(why)
        if found:
            yield number, [_cell(each) for each in found]


def _trimmed(row: Sequence[Any]) -> Sequence[Any]:
    end = len(row)
    while end and row[end - 1].value in (None, ""):
        end -= 1
    return row[:end]


def _cell(cell: ReadOnlyCell) -> Cell:
    value = cell.value
    if value is None or value == "":
        return BLANK
    kind = _KINDS.get(cell.data_type, "error")
    if kind == "formula" and not isinstance(value, str):
        value = getattr(value, "text", None) or "="
    return Cell(kind, value)


# -- .csv -----------------------------------------------------------------------------------


def _lines(content: bytes, name: str) -> Iterator[tuple[int, list[Cell]]]:
    utf16 = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = content.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        why = f"{name}, byte {error.start}: no UTF-8; save it as “CSV UTF-8”, or as .xlsx"
        raise BadValue(why) from None
    head = text.split("\n", 1)[0]
    divider = max(",;\t", key=head.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=divider)
    try:
        for number, row in enumerate(rows, 1):
            if any(row):
                yield number, [Cell("text", each) if each else BLANK for each in row]
    except csv.Error as error:
        why = f"{name}, line {rows.line_num}: no CSV ({error}); save it again"
        raise BadValue(why) from None
