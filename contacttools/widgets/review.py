"""Review: a plan as a person reads it, narrows it, approves it, and sees it written.

It touches the site by one call a gesture, and the screen. A plan never changes: what is left out
makes another one, with an id of its own, which is to be approved anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets as widgets

from contacttools.committing.threeway import LOOKS
from contacttools.errors import BadPlan, BadValue, ContactToolsError, WrongSite
from contacttools.merging.mergereport import MergeRun
from contacttools.planning.plan import Plan
from contacttools.planning.render import count, escape, plan_end, plan_top, visible
from contacttools.service.site import Site
from contacttools.widgets.cards import Cards, Name
from contacttools.widgets.editors import box_of
from contacttools.widgets.panel import DRESS, Panel, button, show, title


def review(plan: Plan, site: Site) -> Review:
    """Return a widget to read a plan, leave things out of it, approve it and commit it.

    A commit goes on beside other cells. Run the cell again while it does, or show the same plan
    in another cell, and it is there again.

    Parameters
    ----------
    plan : Plan
    site : Site
        Where to commit to.

    Returns
    -------
    Review
        A widget: let a cell end in it. Its `plan` is the one on show.

    Raises
    ------
    WrongSite
        The plan is for another site.

    Examples
    --------
    >>> site = ct.connect()
    >>> stage = ct.Stage(site.fetch(limit=10))
    >>> shown = ct.review(stage.plan(), site)
    >>> len(shown.plan)
    0
    """
    if not isinstance(plan, Plan):
        why = f"review(plan, site): the first is a Plan, not a {type(plan).__name__}"  # type: ignore[unreachable]
        raise BadValue(why)
    if plan.site_id != site.site_id:
        why = f"the plan is for site {visible(plan.site_id)}, this is {site!r}"
        raise WrongSite(why)
    return Review(plan, site)


class Review(widgets.VBox):  # type: ignore[misc]
    """The widget that `review` returns.

    Attributes
    ----------
    plan : Plan
        The plan on show: what a click on Commit would write, once it is approved.
    """

    def __init__(self, plan: Plan, site: Site, written: Callable[[], None] = lambda: None) -> None:
        self._site, self._given, self.plan = site, plan, plan
        self._written = written  # called when a commit has ended
        self.done = False  # whether the plan on show was committed, with nothing left of it
        self._held = False
        self.heading = widgets.HTML()
        self.panel = panel = Panel(site, self._run_changed, confirm=True)
        self.top = widgets.HTML(_dom_classes=("cf-shown",))
        self.cards = Cards(self._leave_out)
        self.end = widgets.HTML(_dom_classes=("cf-shown",))
        self.whole = button(
            "Put back what was left out", self._all_again, "Show the whole plan again"
        )
        self.undo = button("Take it back…", self._undo, "Show the plan that takes back what it did")
        self.shown = box_of(
            "cf-rows", self.heading, self.top, self.cards.widget, self.end,
            box_of("cf-line", self.whole),
        )  # fmt: skip
        super().__init__(
            [
                widgets.HTML(DRESS, layout={"display": "block"}),
                box_of("cf-head", widgets.HTML(title(site))),
                self.shown,
                panel.approval,
                box_of("cf-line", *panel.buttons, self.undo),
                panel.bar,
                panel.says,
                panel.look,
                panel.report,
            ],
            _dom_classes=("cf-form", "cf-review"),
        )
        self.show(plan)
        self._attach()

    def __repr__(self) -> str:
        return repr(self.plan)  # what a terminal shows in place of the widget

    def show(self, plan: Plan) -> None:
        """Show a plan, to be approved anew."""
        self.plan, self.done = plan, False
        view = plan.view
        nothing = "" if view.cards else "<p class='ct-sub'>Nothing to write.</p>"
        self.top.value = f"{LOOKS}{plan_top(view)}{nothing}</div>"
        self.end.value = f"<div class='ct-plan'>{plan_end(view)}</div>"
        self.cards.show(plan)
        self.heading.value = (
            "" if plan.takes_back is None
            else f"<strong>Takes back changes of plan {escape(plan.takes_back[:12])}</strong>, "
            "once it is committed."
        )  # fmt: skip
        self._offer(plan)
        self._draw()

    def hold(self, *, held: bool) -> None:
        """Let nothing of it be committed while it is not what is wanted by now; or let it again."""
        if held != self._held:
            self._held = held
            if not (self.panel.busy or self.done):
                self._offer(self.plan)
                self._draw()

    def _offer(self, plan: Plan | None) -> None:
        self.panel.offer(None if self._held else plan)

    def _draw(self) -> None:
        busy = self.panel.busy
        fixed = busy or self.done or self._held
        mark = self.shown.add_class if fixed else self.shown.remove_class
        mark("cf-busy")  # what is being written, or was, is not thinned out
        show(self.end, shown=not self.done or bool(self.plan.refused))
        show(self.whole, shown=self.plan is not self._given and not fixed)
        run = self.panel.run
        own = run if run is not None and run.plan.id == self.plan.id else None
        show(self.undo, shown=own is not None and not busy and bool(own.progress.counts["applied"]))

    # -- gestures ---------------------------------------------------------------------------

    def _leave_out(self, edits: Sequence[Name]) -> None:
        if self.panel.busy or self.done or self._held:  # a click that was late
            return
        before, asked = len(self.plan), len({contact_id for contact_id, _ in edits})
        if self.panel.attempt(lambda: self.show(self.plan.without(edits=edits))):
            told = f"This is another plan now: {count(len(self.plan), 'contact')}."
            if before - len(self.plan) > asked:
                told += " Contacts that exchange values with these are left out with them."
            self.panel.tell(told)

    def _all_again(self, _: object) -> None:
        if not (self.panel.busy or self.done or self._held):
            self.panel.tell("")
            self.show(self._given)

    def _undo(self, _: object) -> None:
        run = self.panel.run
        if run is None or self.panel.busy:
            return
        if self.panel.attempt(lambda: self._begin_with(run.undo_plan())):
            self.panel.report.value = ""  # of what is to be taken back, and nothing is so far
            self.panel.tell(
                "This is the plan that takes it back, and not written yet. Read it from the top "
                "like any other."
            )

    def _begin_with(self, plan: Plan) -> None:
        """Show another plan as the whole one, from which things may be left out."""
        self._given, self._held = plan, False
        self.show(plan)

    # -- a run ------------------------------------------------------------------------------

    def _attach(self) -> None:
        """Show the commit of this plan, where there is one, under way or ended."""
        try:
            run = self._site.run(self.plan.id)
        except BadPlan:
            return
        except (ContactToolsError, OSError) as error:
            self.panel.tell(escape(str(error)))
            return
        if isinstance(run, MergeRun):  # an id that is no plan of edits
            return
        if not run.wait(0):
            self.panel.follow(run)
            return
        self.panel.run = run
        self.panel.report.value = run.report._repr_html_()
        self.panel.tell("This plan was committed before. Committing it again sends what is left.")
        self._draw()

    def _run_changed(self) -> None:
        run = self.panel.run
        if run is not None and not self.panel.busy and run.plan.id == self.plan.id:
            left = run.progress.counts["not_sent"] + run.progress.counts["unknown"]
            self.done = not left
            if self.done:
                self.heading.value = "<strong>Committed</strong>: what came of it stands below."
            self._offer(self.plan if left else None)
        self._draw()
        if run is not None and not self.panel.busy:
            self._written()
