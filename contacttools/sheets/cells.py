"""Cells: a value as the text of a cell, and back, or what a program has made of it. Pure.

Spreadsheet programs change what looks like a number or a date: so every cell is text, and one that
comes back as something else is taken only where nothing can have been lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Literal, NamedTuple

import pandas as pd

from contacttools.contact import fields
from contacttools.contact.fields import Field, Json, Kind
from contacttools.snapshot import frames

LONGEST = 32_767  # what one cell of a spreadsheet holds, in the units of UTF-16

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
# XML has no place for these; spreadsheet files write them as _x0007_. CR would become LF.
_NO_XML = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_NO_TEXT = re.compile("[\ud800-\udfff\ufffe\uffff]")
_SCIENTIFIC = re.compile(r"[-+]?\d+(?:[.,]\d+)?E[-+]\d{1,3}")
_BARE_DIGITS = re.compile(r"(?:\+0*|0+)(\d+)")
_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!|CALC!)|Err:\d{3}")
_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's days have no time zone
_YES = {"yes": True, "no": False, "true": True, "false": False}


Form = Literal["blank", "text", "number", "date", "flag", "formula", "error"]


class Cell(NamedTuple):
    """A cell as a file has it."""

    kind: Form
    value: Any = None


BLANK = Cell("blank")


@dataclass(frozen=True)
class Labels:
    """What the labels of a site are called in a cell: by name where one label only has it."""

    known: Mapping[str, str]  # display name by key

    @cached_property
    def names(self) -> dict[str, str]:
        """What stands in a cell, by key."""
        folded = [name.casefold() for name in self.known.values()]
        taken = {key.casefold() for key in self.known}
        return {
            key: name
            if name == name.strip() != ""
            and ";" not in name
            and name.isprintable()
            and folded.count(name.casefold()) == 1
            and name.casefold() not in taken
            else key
            for key, name in self.known.items()
        }

    @cached_property
    def _keys(self) -> dict[str, str]:
        return {name.casefold(): key for key, name in self.names.items()}

    def shown(self, keys: Iterable[str]) -> str:
        """Return labels as one text."""
        return "; ".join(sorted(self.names.get(key, key) for key in keys))

    def read(self, text: str) -> tuple[str, ...]:
        """Return the keys of labels that a text names; what names none stays as it is."""
        parts = (part.strip() for part in text.split(";"))
        return tuple(self._keys.get(part.casefold(), part) for part in parts if part)


def text_of(value: Json, kind: Kind | None, labels: Labels) -> str | None:
    """Return a value as the text that stands for it in a sheet; None for a blank cell."""
    value = frames.plain(value)
    if value is None or value == ():
        return None
    if kind == "labels" and isinstance(value, tuple) and all(isinstance(k, str) for k in value):
        return labels.shown(value)
    match value:
        case str():
            text = value
        case bool():
            text = "yes" if value else "no"
        case pd.Timestamp():
            text = value.isoformat()
        case int() | float():
            text = _digits(value)
        case _:
            text = json.dumps(value, default=str)
    return text


def _digits(number: float) -> str:
    if isinstance(number, float) and number.is_integer() and abs(number) <= fields.EXACT:
        number = int(number)
    return repr(number)


def encoded(text: str) -> str:
    """Return a text as a cell of an .xlsx file has to hold it."""
    text = _ESCAPED.sub(lambda found: f"_x005F{found.group()}", text)
    return _NO_XML.sub(lambda found: _spelled(found.group()), text)


def _spelled(character: str) -> str:
    return f"_x{ord(character):04X}_" if ord(character) < 0x20 else "\ufffd"


def settled(text: str) -> str:
    """Return a text without what a file's way of writing it, and a program's, can change."""
    text = text.replace("x005F_", "")  # some readers have taken it out already
    text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _NO_TEXT.sub("\ufffd", text)


def written(cell: Cell) -> str:
    """Return what a cell says, as a text."""
    match cell.kind, cell.value:
        case "blank", _:
            return ""
        case "number", number:
            return _digits(number)
        case "flag", flag:
            return "yes" if flag else "no"
        case "date", datetime() as moment:
            return moment.date().isoformat() if _whole_day(moment) else moment.isoformat()
        case _:
            return str(cell.value)


def _whole_day(moment: datetime) -> bool:
    return (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0)


def untouched(cell: Cell, original: str | None) -> bool:
    """Say whether a cell says what it said when it was exported."""
    return settled(written(cell)) == settled(original or "")


def value_of(cell: Cell, field: Field, original: str | None, labels: Labels) -> Json:
    """Return the value that a person has put into a cell, or raise ValueError with the reason."""
    if cell.kind == "blank":
        return None
    if cell.kind == "text":
        return _typed(cell.value, field, original, labels)
    if cell.kind == field.kind:
        return cell.value  # of a date, its check refuses a time of day
    raise ValueError(_strange(cell, field, original))


def _strange(cell: Cell, field: Field, original: str | None) -> str:
    """Say why a cell that is no text cannot be taken."""
    match cell.kind:
        case "formula":
            return "holds a formula; paste its result there, as text"
        case "number":
            return _of_number(written(cell), cell.value, field, original)
        case "date":
            what = f"a date, {written(cell)}"
        case "flag":
            what = "TRUE or FALSE"
        case _:
            return f"holds {cell.value}, an error of the spreadsheet program"
    return (
        f"holds {what}, which a program has made of what was typed; format the cell as text, and "
        "type it again"
    )


def _of_number(text: str, number: float, field: Field, original: str | None) -> str:
    again = "format the cell as text, and type it again"
    if field.kind == "date":
        day = ""
        if 1 <= number < 2_958_466:  # 9999-12-31
            day = f", perhaps {(_DAY_ZERO + timedelta(days=int(number))).date()}"
        return f"holds the number {text}, as a program counts days{day}; type YYYY-MM-DD as text"
    if lost := _lost(text, original):
        return f"{lost}; {again}"
    return (
        f"holds the number {text}, not a text: leading zeros, a leading + or digits may be lost; "
        f"{again}"
    )


def _lost(text: str, original: str | None) -> str:
    """Say what a program has taken from the digits of a text; empty where it has taken nothing."""
    if original is None or text == original:
        return ""
    found = _BARE_DIGITS.fullmatch(original.strip())
    if found is not None and text.strip() == (found[1].lstrip("0") or "0"):
        what = "leading +" if original.strip().startswith("+") else "leading zeros"
        return f"has lost its {what}: {text}"
    return ""


def _typed(text: str, field: Field, original: str | None, labels: Labels) -> Json:
    text = text.replace("_x000D_\n", "\n").replace("_x000D_", "\n").replace("\r\n", "\n")
    if _ESCAPED.search(text):
        raise ValueError("holds _x…_ with four digits, which programs read differently; stage.edit")
    if _ERROR.fullmatch(text.strip()):
        why = f"holds {text.strip()}, an error of the spreadsheet program"
        raise ValueError(why)
    match field.kind:
        case "number":
            return fields.number_of(text)
        case "flag":
            if text.strip().casefold() not in _YES:
                why = f"expected yes or no, got {text!r:.40}"
                raise ValueError(why)
            return _YES[text.strip().casefold()]
        case "labels":
            return labels.read(text) or None
        case _:
            if _SCIENTIFIC.fullmatch(text.strip()):
                why = f"holds {text.strip()}, a number that a program has cut; type it as text"
                raise ValueError(why)
            if lost := _lost(text, original):
                why = f"{lost}; format the cell as text, and type it again"
                raise ValueError(why)
            return text
