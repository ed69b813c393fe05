"""Cards: the diff of a plan, contact by contact, to be looked through and thinned out.

It touches the screen only: what is to be left out is told to whoever shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import ipywidgets as widgets

from contacttools.contact import fields
from contacttools.planning.plan import Plan
from contacttools.planning.render import (
    KINDS,
    STYLE,
    Card,
    Row,
    card_html,
    count,
    visible,
)
from contacttools.widgets.editors import Widget, box_of, let_go, offer, put
from contacttools.widgets.panel import button, show
from contacttools.widgets.rows import fold

PAGE = 20  # cards on show at once
_ALL = ""
_FIELDS = 6  # of one card that have a button of their own
_FEW = 5  # contacts: of no more one looks at each
_ROWS = 9  # of the list of groups that one sees without scrolling

#: An edit: contact id and field.
Name = tuple[str, str]


class Cards:
    """The cards of a plan, a page at a time.

    Attributes
    ----------
    widget : Widget
    """

    def __init__(self, leave_out: Callable[[Sequence[Name]], object]) -> None:
        self._leave_out = leave_out
        self._plan: Plan | None = None
        self._found: list[Card] = []
        self._groups: dict[str, frozenset[Name]] = {}
        self._first = 0
        self._quiet = False
        self.search = widgets.Text(
            description="Search", placeholder="name, value or contact id", continuous_update=True
        )
        self.field = widgets.Dropdown(description="Field")
        self.kind = widgets.Dropdown(description="Kind")
        self.risk = widgets.Dropdown(description="To look at")
        self.group = widgets.Select(description="Groups", _dom_classes=("cf-matches",))
        self.told = widgets.HTML()
        self.these = button("Leave these out", self._leave_these, "Show the plan without them")
        self.others = button("Keep only these", self._leave_others, "Show the plan of these alone")
        self.back = button("Previous", lambda _: self._turn(-PAGE), "The cards before")
        self.on = button("Next", lambda _: self._turn(PAGE), "The cards after")
        self._box: Widget = box_of("cf-cards")
        filters = box_of("cf-filters", self.search, self.field, self.kind, self.risk)
        self._line = box_of("cf-line", self.told, self.these, self.others, self.back, self.on)
        self.widget = box_of("cf-finder", self.group, filters, self._line, self._box)
        for control in (self.search, self.field, self.kind, self.risk, self.group):
            control.observe(self._asked, "value")

    def show(self, plan: Plan) -> None:
        """Show the cards of a plan."""
        self._plan, self._first = plan, 0
        view = plan.view
        self._quiet = True
        try:
            names = [(f"{fields.label(each)} ({n:,})", each) for each, n in view.by_field.items()]
            kinds = [(f"{kind} ({view.kinds[kind]:,})", kind) for kind in KINDS if view.kinds[kind]]
            risks = [(f"{title} ({len(each):,})", title) for title, each in view.risks.items()]
            offer(self.field, [("all fields", _ALL), *sorted(names)])
            offer(self.kind, [("all kinds", _ALL), *kinds])
            offer(self.risk, [("all, risky or not", _ALL), *risks])
            self._offer_groups(plan)
        finally:
            self._quiet = False
        show(self.risk, shown=bool(risks))
        show(self.widget, shown=bool(view.cards))
        self._draw()

    def _offer_groups(self, plan: Plan) -> None:
        """Offer what the plan does in a few groups, where it is more than one takes in at once."""
        groups = tuple(plan.groups()) if len(plan) > _FEW else ()
        self._groups = {each.title: frozenset(each.edits) for each in groups}
        told = [(f"{g.risk} · {len(g.edits):,} · {g.title}", g.title) for g in groups]
        several = len(self._groups) > 1
        offer(self.group, [("all of it, the riskiest first:", _ALL), *(told if several else [])])
        self.group.rows = min(_ROWS, len(self.group.options))
        show(self.group, shown=several)

    @property
    def narrowed(self) -> bool:
        """Whether one looks for something."""
        asked = (self.search, self.field, self.kind, self.risk, self.group)
        return any(each.value for each in asked)

    @property
    def found(self) -> list[Name]:
        """The edits that one looks for: all of them, as long as one looks for nothing."""
        return [edit for card in self._found for edit in _edits(card)]

    # -- drawing ----------------------------------------------------------------------------

    def _asked(self, _: object) -> None:
        if not self._quiet:
            self._first = 0
            self._draw()

    def _turn(self, by: int) -> None:
        last = max(0, len(self._found) - 1) // PAGE * PAGE
        self._first = max(0, min(self._first + by, last))
        self._draw()

    def _draw(self) -> None:
        if self._plan is None:
            return
        self._found = list(self._look_for(self._plan))
        page = self._found[self._first : self._first + PAGE]
        n = len(self._found)
        where = f"{self._first + 1:,} to {self._first + len(page):,} of " if n > PAGE else ""
        who = count(len({card[0] for card in self._found}), "contact")
        self.told.value = f"<span role='status'>{where}{who}</span>"
        show(self.these, shown=self.narrowed and bool(n))
        show(self.others, shown=self.narrowed and 0 < n < len(self._plan.view.cards))
        show(self.back, shown=n > PAGE)
        show(self.on, shown=n > PAGE)
        self.back.disabled = self._first == 0
        self.on.disabled = self._first + PAGE >= n
        old = self._box.children
        put(self._box, (widgets.HTML(STYLE), *(self._card(each) for each in page)))
        for each in old:
            let_go(each)

    def _look_for(self, plan: Plan) -> Iterable[Card]:
        words = fold(self.search.value).split()
        risky = _risky(plan, str(self.risk.value))
        group = self._groups.get(str(self.group.value))
        for contact_id, name, stands, rows in plan.view.cards:
            through = fold(f"{contact_id} {name}")
            kept = [
                row
                for row in rows
                if self.field.value in (_ALL, row.field)
                and self.kind.value in (_ALL, row.kind)
                and (risky is None or (contact_id, row.field) in risky)
                and (group is None or (contact_id, row.field) in group)
                and all(word in through or word in _said(row) for word in words)
            ]
            if kept:
                yield contact_id, name, stands, kept

    def _card(self, card: Card) -> Widget:
        contact_id, name, _, _ = card
        edits = _edits(card)
        who = visible(name or contact_id)
        names = [field for _, field in edits]
        parts = [
            self._button("Leave out", f"Leave out what is shown of {who}", edits),
        ]
        if 1 < len(names) <= _FIELDS:
            parts += [
                self._button(
                    f"Without {fields.label(field)}",
                    f"Leave out {fields.label(field)} of {who}",
                    ((contact_id, field),),
                )
                for field in names
            ]
        html = widgets.HTML(f"<div class='ct-plan'>{card_html(card)}</div>")
        return box_of("cf-card", html, box_of("cf-line", *parts))

    def _button(self, words: str, tooltip: str, edits: Sequence[Name]) -> Widget:
        made = button(words, lambda _: self._leave_out(edits), tooltip)
        made.add_class("cf-small")
        return made

    def _leave_these(self, _: object) -> None:
        if self.narrowed and self._found:
            self._leave_out(self.found)

    def _leave_others(self, _: object) -> None:
        if self.narrowed and self._found and self._plan is not None:
            kept = set(self.found)
            every = (edit for card in self._plan.view.cards for edit in _edits(card))
            self._leave_out([edit for edit in every if edit not in kept])


def _edits(card: Card) -> tuple[Name, ...]:
    """Return the edits that a card shows."""
    contact_id, _, _, rows = card
    return tuple(dict.fromkeys((contact_id, row.field) for row in rows))


def _risky(plan: Plan, title: str) -> set[Name] | None:
    """Return the edits that a risk is about; None where one looks for no risk."""
    if title == _ALL:
        return None
    return {(each.contact_id, each.field) for each in plan.risks if each.title == title}


def _said(row: Row) -> str:
    return fold(f"{row.before or ''} {row.after or ''} {row.why}")
