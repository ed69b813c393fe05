"""Table: a report as rows for a spreadsheet, in which no text is a formula. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from contacttools.contact.fields import Json

COLUMNS = (
    "contactId", "name", "step", "outcome", "code", "revisionBefore", "revisionAfter",
    "field", "before", "planned", "stored", "detail",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")  # begin what a spreadsheet may carry out


def csv_bytes(columns: Sequence[str], rows: Iterable[Sequence[Json]]) -> bytes:
    """Return rows as CSV in UTF-8, marked so that spreadsheets read it as such."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig", "backslashreplace")


def _cell(value: Json) -> Json:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value
