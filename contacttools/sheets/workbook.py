"""Workbook: a layout as the content of an .xlsx file, for people to fill in. Pure.

Every cell is a string, so that no program runs it as a formula or makes a number or a date of it.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, NamedStyle, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from contacttools.planning.render import count
from contacttools.sheets.cells import encoded
from contacttools.sheets.layout import WHO, Column, Layout
from contacttools.sheets.originals import packed

HIDDEN = "contacttools"  # the sheet that holds the originals
_NOTE, _LISTS = "Read me", "lists"
_GREY = PatternFill("solid", fgColor="FFE4E4E4")
_HEAD = PatternFill("solid", fgColor="FFD5E4F5")
_NOTES = """\
Give it only to those who may see them, and delete it when it has been read back.
The contacts are on the next sheet, “{title}”, as they were at {when}. Nothing in here changes \
them by itself: what is filled in is read back, shown, and written only once somebody has approved \
it.
White columns can be changed. Grey ones say whose row it is, or are set by the service.
A cell left as it was changes nothing. A cell emptied clears its value.
Rows may be sorted, filtered and deleted; a row deleted here deletes nobody. New rows are not \
taken from here.
All cells are text. A date is written 1990-05-31; several labels are separated by “;”.
Headings, and the hidden columns and sheets, are to stay as they are."""
_WIDEST, _NARROWEST = 42, 9  # in characters


def content(layout: Layout) -> bytes:
    """Return the file."""
    book = Workbook(write_only=True)
    for style in _styles():
        book.add_named_style(style)
    _note(book, layout)
    lists = {each.name: each.choices for each in layout.columns if each.choices}
    _table(book, layout, list(lists))
    if lists:
        _columns_of_text(book, _LISTS, lists.values(), state="hidden")
    _columns_of_text(book, HIDDEN, [packed(layout.originals)], state="veryHidden")
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _styles() -> list[NamedStyle]:
    given = {
        "ct open": {},
        "ct fixed": {"fill": _GREY, "font": Font(color="FF555555")},
        "ct head": {"fill": _HEAD, "font": Font(bold=True)},
        "ct head fixed": {"fill": _GREY, "font": Font(bold=True, color="FF555555")},
        "ct loud": {"font": Font(bold=True, size=14, color="FFB00020")},
        "ct note": {},
    }
    styles = [NamedStyle(name, number_format="@", **each) for name, each in given.items()]
    for style in styles[-2:]:
        style.alignment = Alignment(wrap_text=True, vertical="top")
    return styles


def _text(sheet: object, text: str | None, style: str | None = None) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, value=encoded(text or ""))
    cell.data_type = "s"  # whatever it begins with
    if style is not None:
        cell.style = style
    return cell


def warning(layout: Layout) -> str:
    """Return what has to be said of a file with real values in it."""
    return f"This file holds real values of {count(layout.people, 'contact')}."


def _note(book: Workbook, layout: Layout) -> None:
    sheet = book.create_sheet(_NOTE)
    sheet.column_dimensions["A"].width = 100
    when = f"{layout.fetched_at:%Y-%m-%d %H:%M} UTC"
    lines = _NOTES.format(title=_title(layout), when=when).split("\n")
    sheet.append([_text(sheet, warning(layout), "ct loud")])
    for line in lines:
        sheet.append([_text(sheet, line, "ct note")])


def _title(layout: Layout) -> str:
    return layout.originals.table or "contacts"


def _table(book: Workbook, layout: Layout, listed: Sequence[str]) -> None:
    sheet = book.create_sheet(_title(layout))
    rows, columns = layout.originals.rows, layout.columns
    place = {each.name: get_column_letter(n) for n, each in enumerate(columns, 1)}
    keys = len(columns) - len(layout.originals.columns)
    for n, column in enumerate(columns):
        dimension = sheet.column_dimensions[place[column.name]]
        dimension.hidden = column.hidden
        some = [] if n < keys else [len(row.texts[n - keys] or "") for row in rows[:200]]
        longest = max(len(column.name) + 4, *some, _NARROWEST)
        dimension.width = min(longest, _WIDEST) + 1
    first_open = list(place).index(WHO) + 1
    sheet.freeze_panes = f"{get_column_letter(first_open + 1)}2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{len(rows) + 1}"
    for column in columns:
        rule = _rule(column, listed)
        if rule is not None and rows:
            rule.add(f"{place[column.name]}2:{place[column.name]}{len(rows) + 1}")
            sheet.data_validations.append(rule)
    heads = [("ct head" if each.editable else "ct head fixed") for each in columns]
    styles = [("ct open" if each.editable else "ct fixed") for each in columns]
    names = [each.name for each in columns]
    sheet.append([_text(sheet, *each) for each in zip(names, heads, strict=True)])
    for row in rows:
        texts = [row.contact_id, row.item_id][:keys] + row.texts
        sheet.append([_text(sheet, *each) for each in zip(texts, styles, strict=True)])


def _rule(column: Column, listed: Sequence[str]) -> DataValidation | None:
    """Return what a program lets one type into a column."""
    if column.choices:
        place = get_column_letter(listed.index(column.name) + 1)
        return DataValidation(
            type="list",
            formula1=f"'{_LISTS}'!${place}$1:${place}${len(column.choices)}",
            allow_blank=True,
            showErrorMessage=not column.several,
            errorTitle=column.name,
            error="One of the values in the list, or empty.",
        )
    if column.editable or column.hidden:
        return None
    return DataValidation(
        type="custom",
        formula1="FALSE",
        showErrorMessage=True,
        errorTitle=column.name,
        error="This column is not read back: it can only be looked at here.",
    )


def _columns_of_text(
    book: Workbook, title: str, columns: Iterable[Sequence[str]], *, state: str
) -> None:
    sheet = book.create_sheet(title)
    sheet.sheet_state = state
    listed = [list(each) for each in columns]
    for n in range(max(map(len, listed))):
        sheet.append(
            [_text(sheet, each[n], "ct open") if n < len(each) else None for each in listed]
        )
