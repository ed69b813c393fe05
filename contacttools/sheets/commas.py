"""Commas: a layout as the content of a .csv file, and its cells as they were. Pure.

A spreadsheet program runs what begins like a formula, so such a text is written with ' before it,
and a text that begins with ' likewise; reading takes exactly that one away. Each row carries its
own originals in the last column.
"""

from __future__ import annotations

import csv
import io

from contacttools.errors import BadValue
from contacttools.sheets.cells import BLANK, Cell
from contacttools.sheets.layout import Layout
from contacttools.sheets.originals import Originals, packed, unpacked

OWN = "contacttools: real values of people; leave this column as it is"
_STARTS = tuple("=+-@\t\r\n\0'|%＝＋－＠")


def guarded(text: str) -> str:
    """Return a text as no program runs it."""
    return f"'{text}" if text.startswith(_STARTS) else text


def bare(cell: Cell) -> Cell:
    """Return a cell without what `guarded` put before it."""
    if cell.kind != "text":
        return cell
    text = cell.value
    text = text[1:] if text[:1] == "'" and text[1:].startswith(_STARTS) else text
    return Cell("text", text) if text else BLANK


def content(layout: Layout) -> bytes:
    """Return the file, in UTF-8 with a mark that tells programs so."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow([*(each.name for each in layout.columns), OWN])
    keys = len(layout.columns) - len(layout.originals.columns)
    for row in layout.originals.rows:
        texts = [row.contact_id, row.item_id][:keys] + row.texts
        token = packed(layout.originals.model_copy(update={"rows": [row]}))
        writer.writerow([*(guarded(each or "") for each in texts), " ".join(token)])
    text = written.getvalue()
    return b"\xef\xbb\xbf" + text.encode(errors="replace")  # half a surrogate pair is no UTF-8


def originals(
    tokens: list[tuple[int, str]], name: str
) -> tuple[Originals | None, dict[int, BadValue]]:
    """Return what the last column of all rows holds together, and what is wrong with some."""
    whole: Originals | None = None
    wrong: dict[int, BadValue] = {}
    for number, token in tokens:
        try:
            form, digest, *pieces = token.split(" ") if token.count(" ") > 1 else [token, ""]
            found = unpacked([f"{form} {digest}", *pieces], name)
        except BadValue as error:
            wrong[number] = error
            continue
        if whole is None:
            whole = found
        elif (found.site_id, found.table, found.columns) != (
            whole.site_id, whole.table, whole.columns
        ):  # fmt: skip
            wrong[number] = BadValue(f"{name}: this row is of another sheet than those above it")
        else:
            whole.rows.extend(found.rows)
    return whole, wrong
