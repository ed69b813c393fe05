"""Rows: what any table shows: columns, cells, and which rows in what order. Pure.

A row has a number for as long as the rows live. Which of them are shown, and in what order, is a
list of these numbers.
"""

from __future__ import annotations

import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from contacttools.contact.fields import Json
from contacttools.planning.render import visible
from contacttools.snapshot.frames import Table

Order = Literal["asc", "desc"]


@dataclass(frozen=True, slots=True)
class Head:
    """One column: what it is called, and how it is edited.

    Attributes
    ----------
    name, label : str
        The API's word, and a person's.
    kind : str
        As `Field.kind`; "value" where it differs by row.
    fixed : str
        Why it cannot be edited; empty where it can.
    choices : tuple of str
    width : int
        In pixels, at first.
    hidden : bool
        Whether it is out of sight at first.
    """

    name: str
    label: str
    kind: str
    fixed: str = ""
    choices: tuple[str, ...] = ()
    width: int = 160
    hidden: bool = False

    def to_json(self) -> Json:
        """Return it as a widget's state holds it."""
        return {each: getattr(self, each) for each in self.__slots__}


class Rows(ABC):
    """Columns and rows, as a table draws them.

    Attributes
    ----------
    table : str or None
        The tidy table of whose items the rows are.
    heads : list of Head
    rows : list of (str, str or None)
        By number: the contact's id, and the item's.
    names : dict of str to str
        What label keys are shown as.
    """

    table: Table | None = None
    heads: list[Head]
    rows: list[tuple[str, str | None]]
    names: Mapping[str, str]

    def __init__(self) -> None:
        self._through: dict[int, str] = {}  # what a search looks through, row by row

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def by_name(self) -> dict[str, Head]:
        """The columns by name."""
        return {head.name: head for head in self.heads}

    @abstractmethod
    def read(self, numbers: Iterable[int], names: Sequence[str]) -> Iterator[Json]:
        """Yield rows as a table takes them: number, ids, cells by column, what is staged.

        ``staged`` holds, by column, what a cell held before it was edited.
        """

    @abstractmethod
    def values(self, numbers: Iterable[int], name: str) -> Iterator[Json]:
        """Yield the cells of one column."""

    def in_place(self) -> Iterator[int]:
        """Yield the numbers of the rows that there are, as they stand."""
        return iter(range(len(self)))

    @abstractmethod
    def staged(self, number: int) -> bool:
        """Say whether something of a row is staged."""

    # -- which rows, in what order ----------------------------------------------------------

    def order(
        self,
        *,
        search: str = "",
        filters: Mapping[str, str] | None = None,
        sort: Sequence[tuple[str, Order]] = (),
        only_staged: bool = False,
    ) -> list[int]:
        """Return the numbers of the rows to show.

        Parameters
        ----------
        search : str
            Each of its words stands somewhere in the row.
        filters : dict of str to str
            By column: a text that the cell holds; ``=text`` for the whole cell, ``!text`` for cells
            without it, ``=`` for empty ones and ``!=`` for those with anything in them.
        sort : sequence of (str, {"asc", "desc"})
            Columns, the first one first. What is empty comes last either way.
        only_staged : bool
            Rows of contacts with something staged.
        """
        numbers = list(self.in_place())
        if only_staged:
            numbers = [each for each in numbers if self.staged(each)]
        for name, asked in (filters or {}).items():
            if asked and name in self.by_name:
                held = self._texts(numbers, name)
                passes = _filter(asked)
                numbers = [n for n, text in zip(numbers, held, strict=True) if passes(text)]
        if words := fold(search).split():
            self._read_through(numbers)
            numbers = [n for n in numbers if all(word in self._through[n] for word in words)]
        for name, direction in reversed(sort):
            if name in self.by_name:
                numbers = self._sorted(numbers, name, direction)
        return numbers

    def _read_through(self, numbers: Iterable[int]) -> None:
        """Keep what a search looks through, of the rows that it was not kept of."""
        missing = [number for number in numbers if number not in self._through]
        columns = [self._texts(missing, head.name) for head in self.heads if not head.hidden]
        for number, *texts in zip(missing, *columns, strict=True):
            self._through[number] = "\n".join(texts)

    def _texts(self, numbers: Iterable[int], name: str) -> list[str]:
        return [fold(self.text(value)) for value in self.values(numbers, name)]

    def _sorted(self, numbers: list[int], name: str, direction: Order) -> list[int]:
        pairs = list(zip(numbers, self.values(numbers, name), strict=True))
        full = [pair for pair in pairs if pair[1] not in (None, "", [])]
        empty = [number for number, value in pairs if value in (None, "", [])]
        numeric = all(isinstance(value, (int, float)) for _, value in full)
        key: Callable[[Json], Json] = (
            (lambda value: value) if numeric else (lambda value: fold(self.text(value)))
        )
        full.sort(key=lambda pair: key(pair[1]), reverse=direction == "desc")
        return [number for number, _ in full] + empty

    def text(self, value: Json) -> str:
        """Return a cell as a person reads it."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, list):
            return ", ".join(self.names.get(key, str(key)) for key in value)
        return str(value)


def fold(text: str) -> str:
    """Return a text as it is searched and sorted: no capitals, no accents."""
    if text.isascii():
        return text.casefold()
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in plain if not unicodedata.combining(each))


def _filter(asked: str) -> Callable[[str], bool]:
    if asked.startswith(("!=", "=")):
        without, wanted = asked.startswith("!"), fold(asked.lstrip("!").removeprefix("=").strip())
        return lambda text: (text == wanted) != without
    if asked.startswith("!") and len(asked) > 1:
        unwanted = fold(asked[1:].strip())
        return lambda text: unwanted not in text
    held = fold(asked.strip())
    return lambda text: held in text


def json_of(value: Json) -> Json:
    """Return a cell as a table takes it."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, (str, bool, int, float)) or value is None:
        return value
    return visible(str(value))
