"""Workbench: grid, form, bulk edit, audit, review and history of one site, as one app with tabs.

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
from contacttools.widgets.audit import Audit
from contacttools.widgets.bulk import Bulk
from contacttools.widgets.editors import Widget, box_of, let_go, put
from contacttools.widgets.forms import Form
from contacttools.widgets.grid import grid
from contacttools.widgets.history import History
from contacttools.widgets.panel import DRESS, Panel, aside, button, show
from contacttools.widgets.plain import WithPlain
from contacttools.widgets.review import Review

_TABS = ("Contacts", "Edit", "Bulk", "Audit", "Review", "History")


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
        self.audit = Audit(stage, site, self._grown_old)
        self.history = History(site, self._grown_old)
        self._planned: tuple[object, ...] | None = None  # the stage when the review was made
        self.go = button("Review", self._go, "See what would be written, and commit it")
        self.go.add_class("cf-go")
        names = [("contacts", ""), *((name, name) for name in TABLES)]
        self.table = widgets.Dropdown(description="Table", options=names)
        self.table.observe(lambda _: self._lay_out(), "value")
        self.contacts = widgets.VBox()
        self.panel = Panel(site, lambda: None)  # says what went wrong
        self.plan = button("Plan again", lambda _: self._plan(), "Show what is staged by now")
        self.review = widgets.VBox()
        self.to_bulk = button(
            "Change these in bulk…", self._to_bulk, "The rows on show, or those that are selected"
        )
        self.among = widgets.HTML(_dom_classes=("cf-says",))
        self.all = button("All contacts", self._all, "Choose among all contacts again")
        self.fetch = button("Fetch again", self._fetch, "Show the contacts as they are by now")
        self.old = widgets.HTML(_dom_classes=("cf-says",))
        which = box_of("cf-line", self.table, self.to_bulk, self.fetch, self.old)
        self._among = box_of("cf-line", self.among, self.all)
        show(self._among, shown=False)
        self.tabs = widgets.Tab(
            [
                _wide(which, self.contacts),
                self.form,
                _wide(self._among, self.bulk),
                self.audit,
                _wide(
                    self.panel.says,
                    self.plan,
                    self.review,
                    box_of("cf-line", self.fetch, self.old),
                ),
                self.history,
            ],
            titles=_TABS,
        )
        self.tabs.observe(self._turned, "selected_index")
        super().__init__(
            [widgets.HTML(DRESS, layout={"display": "none"}), self.go, self.tabs],
            _dom_classes=("cf-bench",),
        )
        self._lay_out()
        self._draw()
        self._unwatch = stage.watch(self._draw)

    def __repr__(self) -> str:
        return repr(self.stage)  # what a terminal shows in place of the widget

    def close(self) -> None:
        """Stop following the stage and let go of the widgets."""
        self._unwatch()
        for part in self.children:
            let_go(part)
        super().close()

    def _lay_out(self) -> None:
        """Show the table that is chosen."""
        table: Table | None = self.table.value or None
        for old in self.contacts.children:
            old.close()
        put(self.contacts, (WithPlain(grid(self.stage, table)),))

    def _draw(self) -> None:
        """Say how much is staged, and whether that is what the review shows."""
        n = len(self.stage)
        self.go.description = f"Review {count(n, 'contact')}…" if n else "Nothing is staged"
        self.go.disabled = not n
        shown = self._shown
        if shown is None or shown.panel.busy:
            return
        shown.hold(held=self._outdated)
        self.panel.tell(
            "What is staged has changed since: plan again to see it here." if self._outdated else ""
        )

    @property
    def _shown(self) -> Review | None:
        """The review on show."""
        return next(iter(self.review.children), None)

    @property
    def _outdated(self) -> bool:
        """Whether the review on show is of something else than what is staged.

        What has been written stays to be read as long as nothing else is staged; and a plan that
        takes back a commit follows from that commit, whatever is staged.
        """
        shown = self._shown
        if shown is None or (shown.done and not len(self.stage)):
            return False
        if shown.plan.takes_back is not None and not shown.done:
            return False
        return self.stage.state() != self._planned

    # -- from one tab to the next -----------------------------------------------------------

    def _go(self, _: object) -> None:
        there = _TABS.index("Review")
        if self.tabs.selected_index == there:
            self._look()
        self.tabs.selected_index = there

    def _to_bulk(self, _: object) -> None:
        with self.stage.lock:
            ids = self.contacts.children[0].table.on_show
            if not ids:
                return
            whole = len(ids) == len(self.stage.contacts)
            self.bulk.among(None if whole else ids)
        self.among.value = f"Among the {count(len(ids), 'contact')} that the table showed."
        show(self._among, shown=not whole)
        self.tabs.selected_index = _TABS.index("Bulk")

    def _all(self, _: object) -> None:
        self.bulk.among(None)
        show(self._among, shown=False)

    # -- review -----------------------------------------------------------------------------

    def _plan(self) -> None:
        def show_it() -> None:
            with self.stage.lock:
                planned, plan = self.stage.state(), self.stage.plan()
            shown = Review(plan, self._site, self._grown_old)
            old = self.review.children
            put(self.review, (shown,))
            self._planned = planned
            for each in old:
                let_go(each)

        if self._shown is not None and self._shown.panel.busy:
            self.panel.tell("A commit is under way: plan again when it has ended.")
            return
        self.panel.tell("")
        self.panel.attempt(show_it)

    def _look(self) -> None:
        """Show what is staged, unless it is on show; a commit under way stays."""
        shown = self._shown
        if shown is None and not len(self.stage):
            self.panel.tell("Nothing is staged: what you change in the other tabs is shown here.")
        elif shown is None or (self._outdated and not shown.panel.busy):
            self._plan()

    def _grown_old(self) -> None:
        """Say that a commit is not in what is shown."""
        self.old.value = (
            "<span role='status'><strong>Your commit is not in these contacts yet</strong>: fetch "
            "again. What is left of the staged edits is carried over.</span>"
        )
        self._draw()

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
        self.audit.asleep = self.tabs.selected_index != _TABS.index("Audit")
        self.bulk.asleep = self.tabs.selected_index != _TABS.index("Bulk")
        if not self.bulk.asleep:
            self.bulk.wake()
        if self.tabs.selected_index == _TABS.index("Review"):
            self._look()
        if self.tabs.selected_index == _TABS.index("History"):
            self.panel.attempt(self.history.draw)


def _wide(*children: Widget) -> Widget:
    return widgets.VBox(children, _dom_classes=("cf-wide",))
