"""Grid: an editable table over a stage. It touches the stage and the screen, and nothing else.

What is typed is one call on the stage; what the stage says is drawn. It keeps nothing of its own
but what was refused.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from contacttools.contact.fields import Json
from contacttools.errors import BadValue, StagingError
from contacttools.planning.render import count
from contacttools.snapshot.frames import Table
from contacttools.staging.stage import Stage
from contacttools.widgets.plain import WithPlain
from contacttools.widgets.sheet import Sheet
from contacttools.widgets.table import TableWidget

_TOOLS = ["staged", "undo", "redo"]

#: The column that a new item is begun with.
_ADDS = {"emails": "email", "phones": "phone", "addresses": "addressLine", "labels": "key"}

#: A cell as the browser names it: contact id, item id, column.
Cell = tuple[str, str | None, str]


def grid(
    stage: Stage,
    table: Table | None = None,
    where: pd.Series[bool] | Iterable[str] | None = None,
    columns: Iterable[str] | None = None,
) -> Grid:
    """Return an editable table of contacts, or of the items of one of their lists.

    What is typed, pasted, added and removed in it is staged, as if it had been typed as code, and
    what code stages is shown. It writes nothing: `Stage.plan` and `Site.commit` do.

    Parameters
    ----------
    stage : Stage
    table : {"emails", "phones", "addresses", "labels", "extendedFields"}, optional
        Which list, one row per item; without it, one row per contact.
    where : boolean Series or iterable of str, optional
        Which contacts: a mask over ``stage.to_frame(table)``, or contact ids.
    columns : iterable of str, optional
        Which columns to show, in this order, by their names in ``stage.to_frame(table)``; all
        others can be shown from the menu.

    Returns
    -------
    Grid
        A widget: let a cell end in it. Arrow keys move, Enter and F2 edit, Escape leaves a cell as
        it was, Delete clears, Ctrl+Z and Ctrl+Y undo and redo, Ctrl+C and Ctrl+V exchange cells
        with a spreadsheet.

    Raises
    ------
    UnknownField, UnknownContact, BadValue
        There is no such table, column or contact; or a mask of another length.

    Examples
    --------
    >>> stage = ct.Stage(ct.connect().fetch(limit=10))
    >>> ct.grid(stage, columns=["name.first", "name.last", "company"])
    <Grid of 10 contacts: <Stage: 0 fields of 0 contacts staged, over ...>>
    """
    if not isinstance(stage, Stage):
        why = f"grid(stage): a grid is over a Stage, not a {type(stage).__name__}"  # type: ignore[unreachable]
        raise BadValue(why)
    listed = None if columns is None else [columns] if isinstance(columns, str) else list(columns)
    sheet = Sheet(stage, table, where, listed)
    return Grid(stage, sheet, columns=listed, whole=where is None)


class Grid(TableWidget):
    """The widget that `grid` returns.

    Attributes
    ----------
    search : str
        Rows with each of these words in them are shown.
    filters : dict of str to str
        By column: a text that a cell holds; ``=text`` for the whole cell, ``!text`` for those
        without it, ``=`` for empty ones, ``!=`` for those with anything in them.
    sort : list of [str, {"asc", "desc"}]
        The column that rows are sorted by, then the next one.
    only_staged : bool
        Whether only contacts with something staged are shown.
    hidden, pinned : list of str
        Columns out of sight, and those that stay in sight at the left.
    widths : dict of str to int
        Widths in pixels that are not the usual ones.
    selected : list of str
        The contacts of the rows that are selected.
    """

    def __init__(
        self,
        stage: Stage,
        sheet: Sheet,
        *,
        columns: list[str] | None = None,
        whole: bool = True,
    ) -> None:
        self._stage = stage
        self._sheet, self._columns = sheet, columns
        self._ids = None if whole else set(sheet.contact_ids)
        self._drafts: dict[Cell, tuple[str, str]] = {}
        self._gone: set[int] = set()  # rows of new items that were taken back
        # One lock for both, or they could wait for each other.
        super().__init__(sheet, stage.lock, adds=_ADDS.get(sheet.table or "", ""), tools=_TOOLS)
        self._unwatch = stage.watch(self._follow)

    def __repr__(self) -> str:
        what = count(len(self._sheet.contact_ids), "contact")
        table = f"the {self.table} of " if self.table else ""
        return f"<Grid of {table}{what}: {self._stage!r}>"

    def _repr_mimebundle_(self, **options: Json) -> Json:
        """Return what a cell shows: the table, or a plain form where that does not load."""
        return WithPlain(self)._repr_mimebundle_(**options)

    def close(self) -> None:
        """Stop following the stage, and take the table off the screen."""
        self._unwatch()
        super().close()

    @property
    def on_show(self) -> list[str]:
        """The contacts of the rows on show, or of those that are selected, where several are."""
        with self._lock:
            rows = list(dict.fromkeys(self._sheet.rows[number][0] for number in self.numbers()))
        selected = set(self.selected)
        chosen = [each for each in rows if each in selected]
        return chosen if len(chosen) > 1 else rows

    @property
    def invalid(self) -> pd.DataFrame:
        """What was typed and could not be staged: where, the text, and why."""
        with self._lock:
            rows = [(*cell, text, why) for cell, (text, why) in self._drafts.items()]
        names = ["contactId", "itemId", "field", "text", "why"]
        return pd.DataFrame(rows, columns=names, dtype=object)

    # -- drawing ----------------------------------------------------------------------------

    def _told(self) -> str:
        return f"{count(len(self._stage), 'contact')} staged"

    def _follow(self) -> None:
        """Draw what has changed on the stage, whoever changed it."""
        with self._lock:
            if self._sheet.contacts is not self._stage.contacts:
                self._begin_anew()
                return
            redraw, added = self._sheet.follow()
            self._draw_again(redraw)
            gone = {each for each in redraw if not self._sheet.alive(each)}
            added += [each for each in redraw if each in self._gone - gone]
            if added or gone - self._gone:
                self.size = len(self._sheet)
                self._place(added, gone)
            self._gone = (self._gone - set(added)) | gone

    def _begin_anew(self) -> None:
        """Show another snapshot: the contacts were fetched again."""
        contacts = self._stage.contacts
        ids = None if self._ids is None else [each for each in contacts if each in self._ids]
        self._sheet = Sheet(self._stage, self._sheet.table, ids, self._columns)
        self._drafts.clear()
        self._gone.clear()
        self._begin_with(self._sheet)

    def _place(self, added: Sequence[int], gone: set[int]) -> None:
        """Put new items after the others of their contact, and take out what is no more."""
        numbers = (
            list(range(len(self._sheet) - len(added)))
            if self.shown is None
            else list(array("i", self.shown))
        )
        last = {self._sheet.rows[number][0]: place for place, number in enumerate(numbers)}
        new: dict[int, list[int]] = {}
        for number in added:
            if number not in gone:
                place = last.get(self._sheet.rows[number][0], len(numbers) - 1)
                new.setdefault(place, []).append(number)
        placed = list(new.get(-1, ()))
        for place, number in enumerate(numbers):
            if number not in gone:
                placed.append(number)
            placed += new.get(place, ())
        self.shown = array("i", placed).tobytes()

    # -- what comes from the browser --------------------------------------------------------

    def _carry_out(self, content: Mapping[str, Json]) -> None:
        match content.get("type"):
            case "edit":
                self.edit(content["cells"])
                return
            case "discard":
                self._drafts.pop((content["id"], content["item"], content["column"]), None)
            case "add":
                self._add(content)
            case "remove":
                self._remove(content["rows"])
            case "undo" | "redo" as way:
                if not getattr(self._stage, way)():
                    self.send({"type": "say", "text": f"There is nothing to {way}."})
            case _:
                return
        self._draw_drafts()

    def edit(self, cells: Iterable[Sequence[Json]]) -> None:
        """Stage what was typed into cells, as one step; what is refused stays as it was typed.

        Parameters
        ----------
        cells : iterable of (contact id, item id or None, column, value before, text)
            A cell that holds another value by now than it did when it was edited is refused.
        """
        with self._lock, self._stage.step():
            rows: dict[tuple[str, str | None], dict[str, tuple[Json, str]]] = {}
            for contact_id, item_id, column, before, text in cells:
                rows.setdefault((contact_id, item_id), {})[column] = before, text
            for (contact_id, item_id), typed in rows.items():
                self._edit_row(contact_id, item_id, typed)
        self._draw_drafts()

    def _edit_row(
        self, contact_id: str, item_id: str | None, typed: Mapping[str, tuple[Json, str]]
    ) -> None:
        values: dict[str, Json] = {}
        for column, (before, text) in typed.items():
            cell = (contact_id, item_id, column)
            why = self._barred(cell, before)
            if why:
                self._drafts[cell] = text, why
            else:
                values[column] = self._sheet.parsed(column, item_id, text)
        try:
            self._put(contact_id, item_id, values)
        except StagingError:  # one by one then: what is right is staged
            for column, value in values.items():
                self._try(contact_id, item_id, column, value, typed[column][1])
        else:
            for column in values:
                self._drafts.pop((contact_id, item_id, column), None)

    def _barred(self, cell: Cell, before: Json) -> str:
        """Return why a cell cannot be edited at all; empty where it can."""
        contact_id, item_id, column = cell
        if self._sheet.number(contact_id, item_id) is None:
            return "it is not in this table"
        if fixed := self._sheet.by_name[column].fixed:
            return fixed
        if self._sheet.cell(contact_id, item_id, column) != before:
            return "the cell has changed meanwhile: look at it, and type again"
        return ""

    def _put(self, contact_id: str, item_id: str | None, values: Mapping[str, Json]) -> None:
        if not values:
            return
        if self._sheet.table is None:
            self._stage.edit(contact_id, values)
        else:
            self._stage.edit_item(contact_id, self._sheet.table, str(item_id), values)

    def _try(
        self, contact_id: str, item_id: str | None, column: str, value: Json, text: str
    ) -> None:
        cell = (contact_id, item_id, column)
        try:
            self._put(contact_id, item_id, {column: value})
        except StagingError as error:
            self._drafts[cell] = text, _reason(error)
        else:
            self._drafts.pop(cell, None)

    def _add(self, content: Mapping[str, Json]) -> None:
        """Stage a new item of the contact of a row."""
        table, column = self._sheet.table, self.adds
        cell = (str(content["id"]), "new", column)
        self._drafts.pop(cell, None)
        value = self._sheet.parsed(column, None, content["text"])
        if table is None or value is None:
            return
        try:
            self._stage.add(cell[0], table, {column: value})
        except StagingError as error:
            self._drafts[cell] = content["text"], _reason(error)

    def _remove(self, rows: Iterable[Sequence[Json]]) -> None:
        if self._sheet.table is None:
            return
        with self._stage.step():
            for contact_id, item_id in rows:
                try:
                    self._stage.remove(contact_id, self._sheet.table, item_id)
                except StagingError as error:
                    column = self.adds or self._sheet.heads[0].name
                    self._drafts[contact_id, item_id, column] = "", _reason(error)

    def _draw_drafts(self) -> None:
        self.drafts = [
            {
                "row": self._sheet.number(contact_id, item_id),
                "id": contact_id,
                "item": item_id,
                "column": column,
                "text": text,
                "why": why,
            }
            for (contact_id, item_id, column), (text, why) in self._drafts.items()
        ]


def _reason(error: StagingError) -> str:
    """Return what a refusal says, without the id of the contact whose row it stands in."""
    return str(error).removeprefix(f"contact {error.contact_id}: ")
