"""Plain: a table as plain controls, for pages that cannot load the table's own script.

It holds nothing: what is picked and typed is what the table itself would have been told.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import ipywidgets as widgets

from contacttools.contact.fields import Json
from contacttools.planning.render import count, escape, visible
from contacttools.widgets.editors import Widget, box_of, let_go, put
from contacttools.widgets.panel import DRESS, button, show
from contacttools.widgets.rows import Head
from contacttools.widgets.table import TableWidget

PATIENCE = 15.0  # seconds that a page has to load the table
_LISTED = 200
_WHY = (
    "<strong>The table could not be loaded in this page</strong>, so here is a plain form of it: "
    "choose a row and edit it below. The table needs the package <code>anywidget</code> where "
    "JupyterLab runs: install it there and load the page again."
)


class WithPlain(widgets.VBox):  # type: ignore[misc]
    """A table, and what takes its place where it does not load.

    Parameters
    ----------
    table : TableWidget
    """

    def __init__(self, table: TableWidget) -> None:
        self.table = table
        self.plain: Plain | None = None
        super().__init__([table])
        table.observe(self._loaded, "loaded")
        self._timer = threading.Timer(PATIENCE, self._waited)
        self._timer.daemon = True
        self._timer.start()

    def __repr__(self) -> str:
        return repr(self.table)

    def close(self) -> None:
        """Let go of the widgets."""
        self._timer.cancel()
        self._loaded(None)
        self.table.close()
        super().close()

    def _loaded(self, _: object) -> None:
        plain, self.plain = self.plain, None
        if plain is not None:
            self.children = [self.table]
            let_go(plain)

    def _waited(self) -> None:
        if not self.table.loaded and self.comm is not None:
            self.plain = Plain(self.table)
            self.children = [self.table, self.plain]


class Plain(widgets.VBox):  # type: ignore[misc]
    """The rows of a table in a list, and the chosen one as controls."""

    def __init__(self, table: TableWidget) -> None:
        self._table = table
        self._quiet = False
        self.search = widgets.Text(description="Search", continuous_update=False)
        self.list = widgets.Select(description="Rows", rows=8, _dom_classes=("cf-matches",))
        self.told = widgets.HTML()
        self.undo = button("Undo", lambda _: table.carry_out("undo"), "Take back the last step")
        self.redo = button("Redo", lambda _: table.carry_out("redo"), "Do it again")
        self.remove = button("Remove", self._remove, "Remove the item of this row")
        self.new = widgets.Text(
            description="Add", placeholder="to the contact of this row", continuous_update=False
        )
        self._row: Widget = box_of("cf-rows")
        self._of: tuple[object, ...] = ()
        super().__init__(
            [
                widgets.HTML(DRESS, layout={"display": "block"}),
                widgets.HTML(_WHY),
                box_of(
                    "cf-finder", self.search, self.list,
                    box_of("cf-line", self.told, self.undo, self.redo, self.remove),
                ),
                self._row,
                self.new,
            ],
            _dom_classes=("cf-form", "cf-plain"),
        )  # fmt: skip
        for each in (self.undo, self.redo):
            show(each, shown="undo" in table.tools)
        show(self.remove, shown=table.table is not None)
        show(self.new, shown=bool(table.adds))
        self.search.observe(self._searched, "value")
        self.list.observe(lambda _: self.draw(), "value")
        self.new.observe(self._add, "value")
        self._unfollow = table.follow(self.draw)
        self.draw()

    def close(self) -> None:
        """Stop following the table, and let go of the controls."""
        self._unfollow()
        super().close()

    def draw(self) -> None:
        """Show the rows as they are now."""
        if self._quiet:
            return
        self._quiet = True
        try:
            numbers = self._table.numbers()
            listed = [(self._line(number), number) for number in numbers[:_LISTED]]
            chosen = self.list.value
            if list(self.list.options) != listed:
                self.list.options = listed
                self.list.value = chosen if chosen in numbers[:_LISTED] else None
                if self.list.value is None and listed:
                    self.list.index = 0
            more = f", the first {_LISTED} are listed" if len(numbers) > _LISTED else ""
            self.told.value = f"{count(len(numbers), 'row')}{more}. {self._table.staged}"
            self._draw_row()
        finally:
            self._quiet = False

    def _heads(self) -> list[Head]:
        hidden = set(self._table.hidden)
        return [head for head in self._table.rows.heads if head.name not in hidden]

    def _read(self, number: int) -> Mapping[str, Json]:
        (row,) = self._table.rows.read([number], [head.name for head in self._heads()])
        return row  # type: ignore[no-any-return]

    def _line(self, number: int) -> str:
        row = self._read(number)
        told = [self._table.rows.text(value) for value in row["cells"].values()]
        mark = row["flag"] or ("staged" if row["staged"] else "")
        return visible(" · ".join(each for each in [mark, *told] if each)) or "(empty)"

    def _draw_row(self) -> None:
        number = self.list.value
        row = None if number is None else self._read(number)
        drafts = {each["column"]: each for each in self._table.drafts if each["row"] == number}
        of = (number, repr(row), repr(drafts))
        if of == self._of:
            return
        self._of = of
        old = self._row.children
        put(self._row, () if row is None else tuple(self._cells(row, drafts)))
        for each in old:
            let_go(each)

    def _cells(self, row: Mapping[str, Json], drafts: Mapping[str, Json]) -> list[Widget]:
        made = []
        for head in self._heads():
            text = self._table.rows.text(row["cells"][head.name])
            told = []
            if head.name in row["staged"]:
                was = self._table.rows.text(row["staged"][head.name]) or "empty"
                told.append(f"<span class='cf-badge'>staged</span> was {escape(was)}")
            if draft := drafts.get(head.name):
                why = escape(draft["why"])
                told.append(f"<span class='cf-badge cf-wrong'>not staged</span> {why}")
            control = self._control(head, row, text, drafts.get(head.name))
            note = widgets.HTML("<br>".join(told), _dom_classes=("cf-note-line",))
            made.append(box_of("cf-part", control, *([note] if told else [])))
        return made

    def _control(
        self, head: Head, row: Mapping[str, Json], text: str, draft: Mapping[str, Json] | None
    ) -> Widget:
        if head.fixed or row["flag"] == "removed":
            return widgets.Text(value=text, description=head.label, disabled=True)
        choices = ("yes", "no") if head.kind == "flag" else head.choices
        typed = draft["text"] if draft else text
        if choices:
            options = ["", *(each for each in choices)]
            options += [typed] if typed not in options else []
            control = widgets.Dropdown(options=options, value=typed, description=head.label)
        else:
            control = widgets.Text(value=typed, description=head.label, continuous_update=False)
        before = row["cells"][head.name]

        def edit(change: Mapping[str, Any]) -> None:
            cell = [row["id"], row["item"], head.name, before, change["new"]]
            self._table.carry_out("edit", cells=[cell])

        control.observe(edit, "value")
        return control

    # -- gestures ---------------------------------------------------------------------------

    def _searched(self, change: Mapping[str, Any]) -> None:
        self._table.search = change["new"]

    def _remove(self, _: object) -> None:
        if self.list.value is not None:
            row = self._read(self.list.value)
            self._table.carry_out("remove", rows=[[row["id"], row["item"]]])

    def _add(self, change: Mapping[str, Any]) -> None:
        if change["new"].strip() and self.list.value is not None:
            row = self._read(self.list.value)
            self._table.carry_out("add", id=row["id"], text=change["new"])
            self.new.value = ""
