"""Audit: what is wrong, rule by rule, and what mends it, as a person works through it.

It touches the stage, by one call a gesture, and the screen; what it finds it finds again from the
stage when it is asked to.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import ipywidgets as widgets

from contacttools.auditing.audit import audit
from contacttools.auditing.clusters import clusters
from contacttools.auditing.findings import Findings
from contacttools.matching.duplicates import duplicates
from contacttools.planning.render import STYLE, count, escape
from contacttools.service.site import Site
from contacttools.staging.stage import Stage
from contacttools.widgets import pairs, spellings
from contacttools.widgets.choosing import named, wide_fields
from contacttools.widgets.editors import Widget, box_of, heading, let_go, offer, put
from contacttools.widgets.panel import DRESS, Saying, aside, button, show

_REFUSED = 5  # suggestions that could not be staged, told with their reasons


class Audit(widgets.VBox):  # type: ignore[misc]
    """The Audit tab of a workbench.

    Attributes
    ----------
    stage : Stage
    findings : Findings or None
        What was found last.
    first : Findings or None
        What was found at first: what became of it is told beside.
    """

    def __init__(
        self, stage: Stage, site: Site, written: Callable[[], None] = lambda: None
    ) -> None:
        self.stage, self._site, self._written = stage, site, written
        self.findings: Findings | None = None
        self.first: Findings | None = None
        self._asleep = True
        self._looking = threading.Lock()
        self.saying = Saying()
        self.look = button("Look for what is wrong", self._look, "Audit all that is staged")
        self.since = widgets.HTML()
        self.table = widgets.HTML(_dom_classes=("cf-shown",))
        self.plot = widgets.HTML(_dom_classes=("cf-shown",))
        self.rule = widgets.Dropdown(description="Rule")
        self.mend = button(
            "Stage the suggestions of this rule", self._mend, "As one step, each with its reason"
        )
        self.undo = button("Undo", self._undo, "Take back the last step of the stage")
        self.mending = box_of("cf-finder", self.rule, box_of("cf-line", self.mend, self.undo))
        texts = {
            name: field
            for name, field in wide_fields(stage.contacts).items()
            if field.editable and field.kind == "text"
        }
        self.column = widgets.Dropdown(description="Field", options=named(texts))
        if "company" in texts:
            self.column.value = "company"
        self.alike = button("Look for spellings", self._alike, "Values that are probably one")
        self.twice = button("Look for duplicates", self._twice, "Contacts that are one person")
        self.spellings: Widget = box_of("cf-here")
        self.pairs: Widget = box_of("cf-here")
        super().__init__(
            [
                widgets.HTML(DRESS, layout={"display": "block"}),
                box_of("cf-line", self.look, self.since),
                self.saying.says,
                self.mending,
                self.table,
                self.plot,
                widgets.HTML(heading("One value in several spellings")),
                box_of("cf-finder", self.column, box_of("cf-line", self.alike)),
                self.spellings,
                widgets.HTML(heading("One person in several contacts")),
                box_of("cf-line", self.twice),
                self.pairs,
            ],
            _dom_classes=("cf-form", "cf-review", "cf-audit"),
        )
        show(self.mending, shown=False)

    def close(self) -> None:
        """Let go of the widgets, and of what they follow."""
        for part in self.children:
            let_go(part)
        super().close()

    @property
    def asleep(self) -> bool:
        """Whether nobody sees it: then what it shows waits with looking at what is staged."""
        return self._asleep

    @asleep.setter
    def asleep(self, value: bool) -> None:
        self._asleep = value
        for each in self.spellings.children:
            each.asleep = value

    # -- what is wrong ----------------------------------------------------------------------

    def _look(self, _: object) -> None:
        self._aside(self._looked)

    def _looked(self) -> None:
        found = audit(self.stage)
        self.first = self.first or found
        self.findings = found
        self.look.description = "Look again"
        self._draw(found, self.first)
        self.saying.tell("")

    def _draw(self, found: Findings, first: Findings) -> None:
        summary = found.summary()
        held = summary[summary["findings"] > 0]
        became = found.compare(first)
        by = became.summary
        told = f"{count(len(found), 'finding')} in {count(found.contacts, 'contact')}"
        if first is not found:
            told += (
                f". Since the first look {len(became.fixed):,} of {len(first):,} fixed, "
                f"{len(became.remaining):,} remaining, {len(became.new):,} new"
            )
        self.since.value = f"<span role='status'>{told}.</span>"
        names = [*held.index, *(each for each in by.index if each not in held.index)]
        rows = []
        for name in names:
            n = held.loc[name] if name in held.index else None
            fixed, new = (
                (int(by.loc[name, each]) if name in by.index else 0) for each in ("fixed", "new")
            )
            numbers = [0, 0, 0] if n is None else [n["findings"], n["contacts"], n["suggested"]]
            cells = "".join(f"<td>{each:,}</td>" for each in [*numbers, fixed, new])
            severity = "" if n is None else str(n["severity"])
            rows.append(
                f"<tr><th scope='row'><strong>{escape(name)}</strong><br>"
                f"<span class='ct-sub'>{escape(found.rules.get(str(name), ''))}</span></th>"
                f"<td><span class='ct-kind'>{escape(severity or 'none')}</span></td>{cells}"
                "</tr>"
            )
        heads = ("Rule", "Severity", "Found", "Contacts", "Suggested", "Fixed", "New")
        head = "".join(f"<th scope='col'>{each}</th>" for each in heads)
        self.table.value = (
            f"{STYLE}<div class='ct-plan'><div class='ct-card cf-rules'><table><thead><tr>{head}"
            f"</tr></thead><tbody>{''.join(rows)}</tbody></table></div></div>"
            if rows
            else ""
        )
        self.plot.value = found.plot().svg() if len(found) else ""
        mendable = held[held["suggested"] > 0]
        offer(
            self.rule,
            [(f"{name} ({n:,} suggested)", name) for name, n in mendable["suggested"].items()],
        )
        show(self.mending, shown=len(mendable) > 0)

    def _mend(self, _: object) -> None:
        found, rule = self.findings, self.rule.value
        if found is None or rule is None:
            return

        def stage_them() -> None:
            fixes = found.fixes(rule=rule)
            outcome = self.stage.apply(fixes, errors="collect")
            refused: list[str] = []
            if outcome is not None:
                refused = outcome.loc[outcome["status"] == "refused", "why"].tolist()
            why = "".join(f"<br>{escape(each)}" for each in refused[:_REFUSED])
            n = len(fixes) - len(refused)
            told = f"Staged by {escape(rule)}: {count(n, 'value')}."
            if len(refused):
                told += f" {count(len(refused), 'value')} could not be staged:{why}"
            self.saying.tell(f"{told} Look again to see what is left.")

        self.saying.attempt(stage_them)

    def _undo(self, _: object) -> None:
        def take_back() -> None:
            done = self.stage.undo()
            self.saying.tell("Taken back." if done else "There is nothing to take back.")

        self.saying.attempt(take_back)

    # -- spellings and duplicates -----------------------------------------------------------

    def _alike(self, _: object) -> None:
        column = str(self.column.value)

        def look() -> None:
            self._put(self.spellings, spellings.review(clusters(self.stage, column), self.stage))

        self._aside(look)

    def _twice(self, _: object) -> None:
        def look() -> None:
            found = duplicates(self.stage)
            self._put(self.pairs, pairs.review(found, self.stage, self._site, self._written))

        self._aside(look)

    def _put(self, box: Widget, shown: Widget) -> None:
        old = box.children
        put(box, (shown,))
        for each in old:
            each.close()
        self.saying.tell("")

    def _aside(self, work: Callable[[], None]) -> None:
        """Look for something beside the kernel: of many contacts it takes its time."""
        if not self._looking.acquire(blocking=False):
            return
        self.saying.tell("Looking.")
        buttons = (self.look, self.alike, self.twice)

        def run() -> None:
            try:
                self.saying.attempt(work)
            finally:
                self._looking.release()
                for each in buttons:
                    each.disabled = False

        for each in buttons:
            each.disabled = True
        aside(run)
