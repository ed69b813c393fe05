"""Workbench: grid, form, bulk edit, review and history of one site, as one app with tabs.

It touches the site by fetching again, and keeps nothing of its own but which tab and which table
are on show: all of them are over one stage, which code may use at the same time.
"""

from __future__ import annotations

import ipywidgets as widgets

from contacttools.errors import BadValue
from contacttools.planning.render import count
from contacttools.service.site import Site
from contacttools.snapshot.frames import TABLES, Table
from contacttools.staging.stage import Stage
from contacttools.widgets.bulk import Bulk
from contacttools.widgets.editors import box_of, let_go, put
from contacttools.widgets.forms import Form
from contacttools.widgets.grid import grid
from contacttools.widgets.history import History
from contacttools.widgets.panel import DRESS, Panel, aside, button
from contacttools.widgets.plain import WithPlain
from contacttools.widgets.review import Review

_TABS = ("Contacts", "Edit", "Bulk", "Review", "History")


def workbench(site: Site, stage: Stage | None = None) -> Workbench:
    """Return one app to find contacts, edit them, review the plan, commit it and look back.

    Parameters
    ----------
    site : Site
    stage : Stage, optional
        What to work on; without it, all contacts are fetched.

    Returns
    -------
    Workbench
        A widget: let a cell end in it. Its `stage` is yours to use in code as well.

    Examples
    --------
    >>> site = ct.connect()
    >>> bench = ct.workbench(site, ct.Stage(site.fetch(limit=10)))
    >>> bench.stage.edit(next(iter(bench.stage.contacts)), {"company": "Example Ltd"})
    >>> len(bench.stage)
    1
    """
    if not isinstance(site, Site):
        why = f"workbench(site): for a Site, not a {type(site).__name__}"  # type: ignore[unreachable]
        raise BadValue(why)
    return Workbench(site, Stage(site.fetch()) if stage is None else stage)


class Workbench(widgets.VBox):  # type: ignore[misc]
    """The widget that `workbench` returns.

    Attributes
    ----------
    stage : Stage
    """

    def __init__(self, site: Site, stage: Stage) -> None:
        self._site, self.stage = site, stage
        self.form = Form(stage, site)
        self.bulk = Bulk(stage, None, ())
        self.bulk.asleep = True
        self.history = History(site, self._grown_old)
        names = [("contacts", ""), *((name, name) for name in TABLES)]
        self.table = widgets.Dropdown(description="Table", options=names)
        self.table.observe(lambda _: self._lay_out(), "value")
        self.contacts = widgets.VBox()
        self.panel = Panel(site, lambda: None)  # says what went wrong
        self.plan = button("Show what would be written", self._plan, "Plan what is staged")
        self.review = widgets.VBox()
        self.fetch = button("Fetch again", self._fetch, "Show the contacts as they are by now")
        self.old = widgets.HTML(_dom_classes=("cf-says",))
        fetch = box_of("cf-line", self.fetch, self.old)
        self.tabs = widgets.Tab(
            [
                widgets.VBox([self.table, fetch, self.contacts], _dom_classes=("cf-wide",)),
                self.form,
                self.bulk,
                widgets.VBox(
                    [self.plan, self.panel.says, self.review, fetch], _dom_classes=("cf-wide",)
                ),
                self.history,
            ],
            titles=_TABS,
        )
        self.tabs.observe(self._turned, "selected_index")
        super().__init__(
            [widgets.HTML(DRESS, layout={"display": "none"}), self.tabs],
            _dom_classes=("cf-bench",),
        )
        self._lay_out()

    def __repr__(self) -> str:
        return repr(self.stage)  # what a terminal shows in place of the widget

    def close(self) -> None:
        """Stop following the stage and let go of the widgets."""
        for part in self.children:
            let_go(part)
        super().close()

    def _lay_out(self) -> None:
        """Show the table that is chosen."""
        table: Table | None = self.table.value or None
        for old in self.contacts.children:
            old.close()
        put(self.contacts, (WithPlain(grid(self.stage, table)),))

    def _plan(self, _: object) -> None:
        def show_it() -> None:
            shown = Review(self.stage.plan(), self._site, self._grown_old)
            for old in self.review.children:
                let_go(old)
            put(self.review, (shown,))

        self.panel.tell("")
        self.panel.attempt(show_it)

    def _grown_old(self) -> None:
        """Say that a commit is not in what is shown."""
        self.old.value = (
            "<span role='status'><strong>Your commit is not in these contacts yet</strong>: fetch "
            "again. What is left of the staged edits is carried over.</span>"
        )

    def _fetch(self, _: object) -> None:
        if not self.fetch.disabled:
            self.fetch.disabled = True
            aside(self._fetch_now)

    def _fetch_now(self) -> None:
        def carry_on() -> None:
            self.stage.rebase(self._site.fetch())

        self.old.value = "<span role='status'>Fetching.</span>"
        if self.panel.attempt(carry_on):
            open_ = len(self.stage.clashes())
            told = f" {count(open_, 'conflict')}: decide in Edit." if open_ else ""
            self.old.value = f"<span role='status'>Fetched again.{told}</span>"
        else:
            self.old.value = self.panel.says.value  # which is seen on one tab only
        self.fetch.disabled = False

    def _turned(self, _: object) -> None:
        """Look again at what a tab shows when it comes to the front."""
        self.bulk.asleep = self.tabs.selected_index != _TABS.index("Bulk")
        if not self.bulk.asleep:
            self.bulk.wake()
        if self.tabs.selected_index == _TABS.index("History"):
            self.panel.attempt(self.history.draw)
