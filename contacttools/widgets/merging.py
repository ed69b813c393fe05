"""Merging: a plan of merges as a person settles it, reads it, approves it, and sees its report.

It touches the site by one call a gesture, and the screen. A plan never changes: each choice makes
another one, with an id of its own, which is to be approved anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import ipywidgets as widgets

from contacttools.committing.report import plain
from contacttools.contact import fields, merge
from contacttools.merging import shown
from contacttools.merging.group import Merge
from contacttools.merging.mergeplan import MergePlan
from contacttools.merging.mergereport import MergeReport
from contacttools.planning.render import count, escape, visible
from contacttools.service.site import Site
from contacttools.staging.stage import Stage, called
from contacttools.widgets.editors import Widget, box_of, heading, let_go, offer, put
from contacttools.widgets.panel import Saying, aside, button, show

_LONGEST = 60  # characters of a value in a menu
_GESTURE = threading.Lock()


class Merging(Saying):
    """What becomes of groups of duplicates, and the button that makes it so, for good.

    Attributes
    ----------
    widget : Widget
    plan : MergePlan or None
        The one on show: what a click on Merge would do, once it is approved.
    report : MergeReport or None
        What came of it.
    """

    def __init__(self, stage: Stage, site: Site, done: Callable[[MergeReport], None]) -> None:
        super().__init__()
        self._stage, self._site, self._done = stage, site, done
        self.plan: MergePlan | None = None
        self.report: MergeReport | None = None
        self.busy = False
        self.title = widgets.HTML()
        self.group = widgets.Dropdown(description="Choose for")
        self.choices: Widget = box_of("cf-rows")
        self.preview = widgets.HTML(_dom_classes=("cf-shown",))
        self.ask = button(
            "Ask the service what it would do", self._ask, "Its own preview of each merge"
        )
        self.unify = button(
            "Keep them all, unify their fields", self._unify,
            "Stage the values that would survive in every one of them; that can be taken back",
        )  # fmt: skip
        self.merge = button("Merge", self._merge, "For good")
        self.merge.button_style = "danger"
        self.approval: Widget = box_of("cf-line")
        self.came = widgets.HTML(_dom_classes=("cf-shown",))
        self.widget = box_of(
            "cf-rows", self.title, self.group, self.choices, self.preview,
            box_of("cf-line", self.ask, self.unify), self.approval,
            box_of("cf-line", self.merge), self.says, self.came,
        )  # fmt: skip
        self.group.observe(lambda _: self._lay_out(), "value")
        self.show(None)

    def show(self, plan: MergePlan | None) -> None:
        """Show a plan, to be approved anew; or nothing."""
        self.report, self.came.value = None, ""
        more = 0
        if plan is not None:
            more = len(plan) - shown.CARDS  # nothing is approved that is not on show
            plan = plan.head(shown.CARDS)
        self.tell(f"The first {shown.CARDS} groups; {more:,} more come after." if more > 0 else "")
        self._take(plan)

    def _take(self, plan: MergePlan | None) -> None:
        self.plan = plan
        show(self.widget, shown=plan is not None)
        told = f"What becomes of {count(len(plan), 'group')}" if plan is not None else ""
        self.title.value = heading(told) if told else ""
        self.preview.value = plan._repr_html_() if plan is not None else ""
        groups = [(_line(each), each.group) for each in plan.merges] if plan is not None else []
        offer(self.group, groups)
        show(self.group, shown=len(groups) > 1)
        self._lay_out()
        self._ask_anew()
        self.draw()

    # -- choices ----------------------------------------------------------------------------

    @property
    def chosen(self) -> Merge | None:
        """The group that choices are made for."""
        merges = self.plan.merges if self.plan is not None else ()
        return next((each for each in merges if each.group == self.group.value), None)

    def _lay_out(self) -> None:
        """Show what there is to choose for a group; each control belongs to that group for good."""
        old, each = self.choices.children, self.chosen
        put(self.choices, () if each is None else tuple(self._controls(each)))
        for control in old:
            let_go(control)

    def _controls(self, each: Merge) -> list[Widget]:
        stays = widgets.Dropdown(
            description="Stays",
            options=[
                (f"{visible(called(document) or '(no name)')} · {visible(contact_id)}", contact_id)
                for contact_id, document in sorted(each.members.items())
            ],
            value=each.target_id,
        )
        stays.observe(lambda change: self._target(each.group, change["new"]), "value")
        made = [stays]
        for fate in each.fates:
            if fate.field in fields.LISTS or fate.field == fields.LABELS.name:
                continue
            held = {who: values.get(fate.field) for who, values in each.values.items()}
            there = {who: value for who, value in held.items() if value is not None}
            first = next(iter(there.values()), None)
            if fate.winner not in there or all(
                merge.same(fate.field, first, value) for value in there.values()
            ):
                continue
            options = [
                (f"{_short(plain(fate.field, value))} · {_who(each, who)}", who)
                for who, value in there.items()
            ]
            winner = widgets.Dropdown(
                description=fields.label(fate.field), options=options, value=fate.winner
            )
            winner.observe(
                lambda change, name=fate.field: self._keep(each.group, name, change["new"]), "value"
            )
            made.append(winner)
        return made

    def _target(self, group: str, contact_id: str) -> None:
        self._choose(lambda plan: plan.target(group, contact_id))

    def _keep(self, group: str, field: str, contact_id: str) -> None:
        self._choose(lambda plan: plan.keep(group, field, contact_id))

    def _choose(self, change: Callable[[MergePlan], MergePlan]) -> None:
        plan = self.plan
        if plan is None or self.busy or self.report is not None:  # a click that was late
            return
        self.tell("")
        if not self.attempt(lambda: self._take(change(plan))):
            self._lay_out()  # what was asked for is not so

    # -- the service's own preview ----------------------------------------------------------

    @property
    def previewed(self) -> bool:
        """Whether the service has said of each group what it would do."""
        plan = self.plan
        return plan is not None and all(each.preview is not None for each in plan.merges)

    def _ask(self, _: object) -> None:
        plan = self.plan
        if plan is not None and not self.busy:
            self._set_busy(busy=True)
            self.tell("Asking the service.")
            aside(lambda: self._asked(plan))

    def _asked(self, plan: MergePlan) -> None:
        found: list[MergePlan] = []
        done = self.attempt(lambda: found.append(self._site.preview_merge(plan)))
        self._set_busy(busy=False)
        if done and self.plan is plan:
            differ = sum(bool(each.differences) for each in found[0].merges)
            self._take(found[0])
            self.tell(
                f"Of {count(differ, 'group')} the service says otherwise than was foreseen: read "
                "it above; that is what is approved."
                if differ
                else "The service would do what stands above."
            )

    # -- approval ---------------------------------------------------------------------------

    @property
    def gone(self) -> int:
        """How many contacts will be gone."""
        return sum(len(each.sources) for each in self.plan.merges) if self.plan is not None else 0

    def _ask_anew(self) -> None:
        """Put a new box to tick in the place of the old one: each belongs to one plan."""
        old = self.approval.children
        self.read = widgets.Checkbox(
            description="I have read what is lost. It cannot be taken back.", indent=False
        )
        self.number = widgets.Text(placeholder="number", layout={"width": "6em"})
        label = widgets.HTML("and how many contacts will be gone from the LIVE site:")
        for each in (self.read, self.number):
            each.observe(lambda _: self.draw(), "value")
        for each in (label, self.number):
            show(each, shown=self._site.live)
        put(self.approval, (self.read, label, self.number))
        for each in old:
            let_go(each)

    @property
    def approved(self) -> MergePlan | None:
        """The plan that a click may carry out; None while there is none."""
        plan = self.plan
        if plan is None or not plan.merges or self.busy or self.report is not None:
            return None
        typed = self.number.value.strip().replace(",", "") == str(self.gone)
        sure = self.read.value and (typed or not self._site.live)
        return plan if sure and self.previewed and not self._site.read_only else None

    def _set_busy(self, *, busy: bool) -> None:
        self.busy = busy
        self.draw()

    def draw(self) -> None:
        """Draw the buttons as they are to be."""
        plan = self.plan
        some = plan is not None and bool(plan.merges) and self.report is None
        free = some and not self.busy
        show(self.choices, shown=free)
        show(self.ask, shown=some and not self.previewed)
        show(self.unify, shown=some)
        may = some and self.previewed and not self._site.read_only
        show(self.approval, shown=may and not self.busy)
        show(self.merge, shown=may)
        self.ask.disabled = self.unify.disabled = self.group.disabled = not free
        n = len(plan) if plan is not None else 0
        live = " of the LIVE site" if self._site.live else ""
        gone = f"{count(self.gone, 'contact')}{live} will be gone"
        self.merge.description = f"Merge {count(n, 'group')} for good: {gone}"
        self.merge.disabled = self.approved is None

    # -- carrying it out --------------------------------------------------------------------

    def _merge(self, _: object) -> None:
        with _GESTURE:  # of two quick clicks the second finds nothing approved
            plan = self.approved
            if plan is None:
                return
            self._set_busy(busy=True)
        self.tell(
            f"Merging: it takes {escape(plan.duration)}. Other cells can run meanwhile. If the "
            f'kernel dies, <code>site.resume("{plan.id[:12]}")</code> in any notebook goes on.'
        )
        aside(lambda: self._merged(plan))

    def _merged(self, plan: MergePlan) -> None:
        found: list[MergeReport] = []
        done = self.attempt(lambda: found.append(self._site.merge(plan, approve=plan.id)))
        if done:
            self.report = found[0]
            self.came.value = self.report._repr_html_()
            self.preview.value = ""
            self.title.value = heading("What came of it")
            self.tell("")
        self._set_busy(busy=False)
        if done:
            self.attempt(lambda: self._done(found[0]))

    def _unify(self, _: object) -> None:
        plan = self.plan
        if plan is None or self.busy:
            return

        def stage_them() -> None:
            n = plan.unify(self._stage)
            self.tell(
                f"Staged: {count(n, 'value')}. All contacts stay; review and commit them like any "
                "other edit."
                if n
                else "They have no field in which they differ."
            )

        self.attempt(stage_them)


def _line(each: Merge) -> str:
    who = visible(called(each.target) or "(no name)")
    return f"group {visible(each.group)} · {who} · {count(len(each.members), 'contact')}"


def _who(each: Merge, contact_id: str) -> str:
    stays = "stays" if contact_id == each.target_id else "becomes part of it"
    return f"of {visible(contact_id)[:8]}, which {stays}"


def _short(value: object) -> str:
    text = visible(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
