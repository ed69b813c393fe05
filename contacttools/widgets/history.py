"""History: the commits that are known here, what came of each, and the way back.

It reads the journals through the site, and touches nothing: to carry a commit on, or to take it
back, is a plan in a review.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import ipywidgets as widgets

from contacttools.committing.run import Run
from contacttools.errors import BadValue
from contacttools.merging.mergereport import MergeRun
from contacttools.planning.plan import Plan
from contacttools.planning.render import count
from contacttools.service.site import Site
from contacttools.widgets.editors import box_of, let_go, put
from contacttools.widgets.panel import DRESS, Panel, button, show, title
from contacttools.widgets.review import Review


def history(site: Site) -> History:
    """Return a widget with the commits that are known here, their reports, and the way back.

    Parameters
    ----------
    site : Site

    Returns
    -------
    History
        A widget: let a cell end in it.

    Examples
    --------
    >>> ct.history(ct.connect())
    <History of ... commit... on ...>
    """
    if not isinstance(site, Site):
        why = f"history(site): of a Site, not a {type(site).__name__}"  # type: ignore[unreachable]
        raise BadValue(why)
    return History(site)


class History(widgets.VBox):  # type: ignore[misc]
    """The widget that `history` returns."""

    def __init__(self, site: Site, written: Callable[[], None] = lambda: None) -> None:
        self._site, self._written = site, written  # called when a commit has ended
        self.run: Run | None = None
        self.panel = Panel(site, lambda: None)  # says what went wrong
        self.runs = widgets.Select(description="Commits", rows=8, _dom_classes=("cf-matches",))
        self.found = widgets.HTML()
        self.again = button("Look again", lambda _: self.draw(), "Read the journals again")
        self.carry_on = button("Carry on…", self._carry_on, "Show the plan, to commit what is left")
        self.undo = button("Take it back…", self._undo, "Show the plan that takes back what it did")
        self.report = widgets.HTML(_dom_classes=("cf-shown",))
        self.below = box_of("cf-here")
        super().__init__(
            [
                widgets.HTML(DRESS, layout={"display": "block"}),
                box_of("cf-head", widgets.HTML(title(site))),
                box_of("cf-finder", self.runs, box_of("cf-line", self.found, self.again)),
                self.report,
                box_of("cf-line", self.carry_on, self.undo),
                self.panel.says,
                self.below,
            ],
            _dom_classes=("cf-form", "cf-history"),
        )
        self.runs.observe(lambda change: self._chosen(change["new"]), "value")
        self.draw()

    def __repr__(self) -> str:
        return f"<History of {count(len(self.runs.options), 'commit')} on {self._site!r}>"

    def draw(self) -> None:
        """Read what there is, and show the commit that is chosen; one under way stays on show."""
        if any(each.panel.busy for each in self.below.children):
            return
        frame = self._site.runs()
        chosen = self.runs.value
        self.runs.options = [(_line(row), row["planId"]) for row in frame.to_dict("records")]
        show(self.runs, shown=len(frame) > 0)
        known = set(frame["planId"])
        self.runs.value = chosen if chosen in known else next(iter(frame["planId"]), None)
        self.found.value = (
            count(len(frame), "commit")
            if len(frame)
            else "Nothing was committed here in the last 90 days."
        )
        self._chosen(self.runs.value)

    def _chosen(self, plan_id: str | None) -> None:
        self.run, self.report.value = None, ""
        self.panel.tell("")
        self._show_below(None)
        if plan_id is not None:
            self.panel.attempt(lambda: self._open(plan_id))
        self._draw_buttons()

    def _open(self, plan_id: str) -> None:
        run = self._site.run(plan_id)
        if isinstance(run, MergeRun):  # which nothing takes back, and code alone takes up
            self.report.value = run.report._repr_html_()
            return
        if not run.wait(0):
            self._show_below(self._review(run.plan))  # which follows it
            return
        self.report.value = run.report._repr_html_()
        self.run = run

    def _draw_buttons(self) -> None:
        counts = self.run.report.counts if self.run is not None else {}
        show(self.undo, shown=bool(counts and counts["applied"]))
        show(self.carry_on, shown=bool(counts and (counts["not_sent"] or counts["unknown"])))

    def _carry_on(self, _: object) -> None:
        run = self.run
        if run is not None:
            self.panel.attempt(lambda: self._show_below(self._review(run.plan)))

    def _review(self, plan: Plan) -> Review:
        return Review(plan, self._site, self._written)

    def _undo(self, _: object) -> None:
        run = self.run
        if run is not None:
            self.panel.attempt(lambda: self._show_below(self._review(run.undo_plan())))

    def _show_below(self, shown: Review | None) -> None:
        for old in self.below.children:
            let_go(old)
        put(self.below, () if shown is None else (shown,))


def _line(row: dict[Hashable, Any]) -> str:
    """Return a commit on one line: when, how many, what came of it, and its plan's id."""
    told = [f"{row['began']:%Y-%m-%d %H:%M} UTC", count(row["contacts"], "contact"), row["state"]]
    words = ("applied", "conflict", "refused", "not_sent", "unknown")
    told += [f"{row[word]:,} {word}" for word in words if row[word]]
    told.append(row["planId"][:12])
    if row["kind"] == "merge":
        told.append("merged")
    if row["takesBack"]:
        told.append(f"takes back {row['takesBack'][:12]}")
    return " · ".join(told)
