"""Review: a plan as a person reads it, narrows it, approves it, and sees it written.

It touches the site by one call a gesture, and the screen. A plan never changes: what is left out
makes another one, with an id of its own, which is to be approved anew.
"""

from __future__ import annotations

import ipywidgets as widgets

from contacttools.committing.threeway import LOOKS
from contacttools.contact import fields
from contacttools.errors import BadPlan, BadValue, ContactToolsError, WrongSite
from contacttools.planning.plan import Plan
from contacttools.planning.render import STYLE, count, escape, visible
from contacttools.service.site import Site
from contacttools.widgets.editors import box_of
from contacttools.widgets.panel import DRESS, Panel, button, show, title

_ALL = ""  # of the contacts, or of the fields


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

    def __init__(self, plan: Plan, site: Site) -> None:
        self._site, self._given, self.plan = site, plan, plan
        self.panel = panel = Panel(site, self._run_changed, confirm=True)
        self.shown = widgets.HTML(_dom_classes=("cf-shown",))
        self.who = widgets.Combobox(
            description="Leave out", placeholder="all contacts: type a name to choose one",
            ensure_option=True, continuous_update=False,
        )  # fmt: skip
        self.which = widgets.Dropdown(description="Field")
        self.leave_out = button("Leave out", self._leave_out, "Show the plan without it")
        self.whole = button("All again", self._all_again, "Show the whole plan again")
        self.undo = button("Take it back…", self._undo, "Show the plan that takes back what it did")
        self._narrow = box_of("cf-line", self.who, self.which, self.leave_out, self.whole)
        super().__init__(
            [
                widgets.HTML(DRESS, layout={"display": "block"}),
                box_of("cf-head", widgets.HTML(title(site))),
                self.shown,
                self._narrow,
                panel.approval,
                box_of("cf-line", *panel.buttons, self.undo),
                panel.bar,
                panel.says,
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
        self.plan = plan
        self.shown.value = STYLE + LOOKS + plan._repr_html_()
        names = {each.contact_id: each.name for each in plan.changes}
        self._named = {f"{visible(name)} · {key}".strip(" ·"): key for key, name in names.items()}
        self.who.options, self.who.value = list(self._named), ""
        touched = sorted({edit.field for each in plan.changes for edit in each.edits})
        named = [(fields.label(each), each) for each in touched]
        self.which.options = [("all fields", _ALL), *named]
        self.which.index = 0
        self.panel.offer(plan)
        self._draw()

    def _draw(self) -> None:
        busy = self.panel.busy
        show(self._narrow, shown=bool(self.plan.changes) and not busy)
        show(self.whole, shown=self.plan is not self._given)
        run = self.panel.run
        done = run is not None and not busy and bool(run.progress.counts["applied"])
        show(self.undo, shown=done)

    # -- gestures ---------------------------------------------------------------------------

    def _leave_out(self, _: object) -> None:
        if self.panel.busy:  # a click that was late
            return
        contact = self._named.get(self.who.value)
        name = self.which.value
        if contact is None and not name:
            self.panel.tell("Choose a contact, or a field, or both.")
            return
        before = len(self.plan)
        chosen = ([contact] if contact else None, [name] if name else None)
        if self.panel.attempt(lambda: self.show(self.plan.without(*chosen))):
            told = f"This is another plan now: {count(len(self.plan), 'contact')}."
            if contact and before - len(self.plan) > 1:
                told += " Contacts that exchange values with it are left out with it."
            self.panel.tell(told)

    def _all_again(self, _: object) -> None:
        if not self.panel.busy:
            self.panel.tell("")
            self.show(self._given)

    def _undo(self, _: object) -> None:
        run = self.panel.run
        if run is None or self.panel.busy:
            return
        if self.panel.attempt(lambda: self.show(run.undo_plan())):
            self.panel.tell("This is the plan that takes it back. Read it like any other.")

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
            if not left:
                self.shown.value = ""
            self.panel.offer(self.plan if left else None)
        self._draw()
