"""Pairs: probable duplicates as a person judges them, group by group, before any merge.

It touches the screen, and through `merging` the site it is given. Whom it left out is all that it
keeps; the duplicates as narrowed follow from that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import ipywidgets as widgets

from contacttools.errors import BadValue, UnknownContact, WrongSite
from contacttools.matching.duplicates import Duplicates
from contacttools.merging.grouping import merge_plan
from contacttools.merging.mergereport import MergeReport
from contacttools.planning.render import STYLE, count, escape, visible
from contacttools.service.site import Site
from contacttools.staging.stage import Stage, called
from contacttools.widgets import sidebyside
from contacttools.widgets.editors import Widget, box_of, heading, let_go, offer, put
from contacttools.widgets.merging import Merging
from contacttools.widgets.panel import DRESS, Saying, button, show, title
from contacttools.widgets.rows import fold

_CODE = "ct.merge_plan(review.pairs, contacts)"
_ROWS = 6  # of the list of groups that one sees without scrolling
_SAID = 20  # pairs of one group whose reasons are shown


def review(
    pairs: Duplicates,
    stage: Stage,
    site: Site | None = None,
    written: Callable[[], None] = lambda: None,
) -> PairReview:
    """Return a widget to judge probable duplicates; see `Duplicates.review`."""
    if not isinstance(stage, Stage):
        why = f"pairs.review(stage): of a Stage, not a {type(stage).__name__}"  # type: ignore[unreachable]
        raise BadValue(why)
    if site is not None and not isinstance(site, Site):
        why = f"pairs.review(stage, site): of a Site, not a {type(site).__name__}"  # type: ignore[unreachable]
        raise BadValue(why)
    if site is not None and site.site_id != stage.contacts.site_id:
        why = f"the contacts are of site {visible(stage.contacts.site_id)}, this is {site!r}"
        raise WrongSite(why)
    for each in pairs:
        for contact_id in (each.one, each.other):
            if contact_id not in stage.contacts:
                why = (
                    f"contact {contact_id} is not in the stage: review duplicates with the "
                    "contacts that they were found in"
                )
                raise UnknownContact(why, contact_id=contact_id)
    return PairReview(pairs, stage, site, written)


class PairReview(widgets.VBox):  # type: ignore[misc]
    """The widget that ``pairs.review(stage)`` returns.

    Attributes
    ----------
    stage : Stage
    merging : Merging or None
        The merges of what was kept; without a site there is none.
    """

    def __init__(
        self,
        pairs: Duplicates,
        stage: Stage,
        site: Site | None = None,
        written: Callable[[], None] = lambda: None,
    ) -> None:
        self.stage, self._given = stage, pairs
        self._written = written  # called when contacts were merged
        self._left_out: set[str] = set()
        self._merged: set[int] = set()
        frame = pairs.groups()
        self._groups: dict[int, tuple[str, ...]] = dict(
            zip(frame["group"].tolist(), frame["contactIds"].tolist(), strict=True)
        )
        self._scores: dict[int, float] = dict(
            zip(frame["group"].tolist(), frame["score"].tolist(), strict=True)
        )
        self._through = {
            number: fold(" ".join([*ids, *(called(stage.document(each)) for each in ids)]))
            for number, ids in self._groups.items()
        }
        self._on_show: int | None = None
        self._quiet = False
        self.saying = Saying()
        self.search = widgets.Text(description="Search", placeholder="a name or a contact id")
        self.group = widgets.Select(description="Groups", rows=_ROWS, _dom_classes=("cf-matches",))
        self.told = widgets.HTML()
        self.back = button("Previous", lambda _: self._turn(-1), "The group before")
        self.on = button("Next", lambda _: self._turn(1), "The next group")
        self.title = widgets.HTML()
        self.beside = widgets.HTML(_dom_classes=("cf-shown",))
        self.why = widgets.HTML(_dom_classes=("cf-shown",))
        self.members: Widget = box_of("cf-members")
        self.ticks: dict[str, Widget] = {}
        self.strangers = button("Not one person", self._strangers, "Leave this group out")
        self.again = button("Put back", self._again, "All of this group are one person after all")
        self.this = button("Merge this group…", self._merge_this, "What would become of it")
        self.all = button("Merge all…", self._merge_all, "What would become of all that are kept")
        self.merging = None if site is None else Merging(stage, site, self._done)
        self.code = widgets.HTML()
        self.one: Widget = box_of(
            "cf-rows", self.title, self.beside, self.why, self.members,
            box_of("cf-line", self.strangers, self.again, self.this),
        )  # fmt: skip
        head = "" if site is None else title(site)
        super().__init__(
            [
                widgets.HTML(DRESS, layout={"display": "block"}),
                *([box_of("cf-head", widgets.HTML(head))] if head else []),
                box_of(
                    "cf-finder", self.search, self.group,
                    box_of("cf-line", self.told, self.back, self.on),
                ),
                self.one,
                self.saying.says,
                box_of("cf-line", self.all),
                self.code,
                *([] if self.merging is None else [self.merging.widget]),
            ],
            _dom_classes=("cf-form", "cf-review", "cf-pairs"),
        )  # fmt: skip
        self.search.observe(lambda _: self.draw(), "value")
        self.group.observe(lambda _: self._show_one(), "value")
        self.draw()

    def __repr__(self) -> str:
        return f"<Review of {repr(self._given)[1:].partition(chr(10))[0]}"

    @property
    def pairs(self) -> Duplicates:
        """The duplicates as narrowed: without whom one left out, and without what was merged."""
        return self._given.without(self._left_out)

    # -- drawing ----------------------------------------------------------------------------

    def draw(self) -> None:
        """Show the groups that one looks for, with what was decided of each."""
        words = fold(self.search.value).split()
        found = [n for n, text in self._through.items() if all(word in text for word in words)]
        self._quiet = True  # other words for the same groups are no other choice
        try:
            offer(self.group, [(self._line(number), number) for number in found], self._on_show)
        finally:
            self._quiet = False
        kept = len(self.pairs.groups())
        told = f"{count(len(found), 'group')}, {kept:,} of {len(self._groups):,} to merge"
        if not self._groups:
            told = f"No duplicates in {count(self._given.contacts, 'contact')}."
        elif not found:
            told = "No group has such a contact."
        self.told.value = f"<span role='status'>{told}</span>"
        show(self.group, shown=bool(found))
        at = found.index(self.group.value) if self.group.value in found else 0
        self.back.disabled, self.on.disabled = at == 0, at >= len(found) - 1
        for each in (self.back, self.on):
            show(each, shown=len(found) > 1)
        self.all.description = f"Merge all {kept:,} groups…"
        show(self.all, shown=kept > 1)
        self._show_one()

    def _line(self, number: int) -> str:
        ids = self._groups[number]
        names = [visible(called(self.stage.document(each)) or "(no name)") for each in ids[:3]]
        who = " = ".join(names) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")
        return f"{number} · {self._scores[number]:.2f} · {who} · {self._state(number)}"

    def _state(self, number: int) -> str:
        ids = self._groups[number]
        left = sum(each not in self._left_out for each in ids)
        if number in self._merged:
            return "merged"
        if left < 2:
            return "not one person"
        return count(left, "contact") if left == len(ids) else f"{left} of {len(ids)} contacts"

    def _show_one(self) -> None:
        """Show the group that is chosen, unless it is on show."""
        if self._quiet:
            return
        number = self.group.value
        show(self.one, shown=number is not None)
        if number != self._on_show:
            self._on_show = number
            self._close_merging()
            self._lay_out(number)
        if number is not None:
            left = [each for each in self._groups[number] if each not in self._left_out]
            gone = number in self._merged
            show(self.strangers, shown=not gone and len(left) > 1)
            show(self.again, shown=not gone and len(left) < len(self._groups[number]))
            show(self.this, shown=not gone and len(left) > 1)
            options = [value for _, value in self.group.options]
            at = options.index(number)
            self.back.disabled, self.on.disabled = at == 0, at >= len(options) - 1

    def _lay_out(self, number: int | None) -> None:
        ids = () if number is None else self._groups[number]
        old = self.members.children
        self.ticks = {each: self._tick(n, each) for n, each in enumerate(ids, 1)}
        put(self.members, tuple(self.ticks.values()))
        for each in old:
            let_go(each)
        if number is None:
            self.title.value = self.beside.value = self.why.value = ""
            return
        self.title.value = heading(f"Group {number} · {count(len(ids), 'contact')}: one person?")
        documents = [self.stage.document(each) for each in ids]
        self.beside.value = sidebyside.html(documents, self.stage.contacts.extended)
        self.why.value = self._reasons(number)

    def _tick(self, number: int, contact_id: str) -> Widget:
        """Return the box of one contact, which it belongs to for good."""
        name = visible(called(self.stage.document(contact_id)) or "(no name)")
        tick = widgets.Checkbox(
            description=f"{number} · {name} is one of them",
            value=contact_id not in self._left_out,
            disabled=self._on_show in self._merged,  # what is merged is not decided again
            indent=False,
        )
        tick.observe(lambda change: self._ticked(contact_id, ticked=change["new"]), "value")
        return tick

    def _reasons(self, number: int) -> str:
        at = {each: n for n, each in enumerate(self._groups[number], 1)}
        pairs = [each for each in self._given if each.group == number]
        told = "".join(
            f"<li>{at[each.one]} and {at[each.other]}: score {each.score:.2f}, "
            f"{escape(each.reasons)}</li>"
            for each in pairs[:_SAID]
        )
        more = f"<li>… and {count(len(pairs) - _SAID, 'pair')} more</li>"
        return (
            f"{STYLE}<div class='ct-plan'><strong>Why</strong><ul>{told}"
            f"{more if len(pairs) > _SAID else ''}</ul></div>"
        )

    # -- gestures ---------------------------------------------------------------------------

    def _ticked(self, contact_id: str, *, ticked: bool) -> None:
        (self._left_out.discard if ticked else self._left_out.add)(contact_id)
        self._decided()

    def _decided(self) -> None:
        self.saying.tell("")
        self._close_merging()
        self.draw()

    def _close_merging(self) -> None:
        """Put away merges that are no more what was kept, unless they are under way."""
        self.code.value = ""
        if self.merging is not None and not self.merging.busy:
            self.merging.show(None)

    def _set(self, ids: Iterable[str], *, ticked: bool) -> None:
        for each in ids:
            if each in self.ticks:
                self.ticks[each].value = ticked

    def _strangers(self, _: object) -> None:
        number = self._on_show
        if number is not None and number not in self._merged:
            self._set(self._groups[number], ticked=False)
            self._turn(1)
            self.saying.tell(f"Group {number} is not one person, and left out.")

    def _again(self, _: object) -> None:
        number = self._on_show
        if number is not None and number not in self._merged:
            self._set(self._groups[number], ticked=True)

    def _turn(self, by: int) -> None:
        numbers = [value for _, value in self.group.options]
        if self.group.value in numbers:
            at = numbers.index(self.group.value) + by
            self.saying.tell("")
            self.group.index = max(0, min(at, len(numbers) - 1))

    # -- merging ----------------------------------------------------------------------------

    def _merge_this(self, _: object) -> None:
        if self._on_show is not None:
            number = self._on_show
            self._plan(lambda: self.pairs.only(number))

    def _merge_all(self, _: object) -> None:
        self._plan(lambda: self.pairs)

    def _plan(self, kept: Callable[[], Duplicates]) -> None:
        if self.merging is None:
            self.code.value = (
                "<div class='ct-plan' role='status'>Nothing is connected here to merge on. In "
                f"code: <code>merges = {_CODE}</code>, where <code>review</code> is this widget; "
                "or show it with the site: <code>pairs.review(stage, site)</code></div>"
            )
            return
        if self.merging.busy:
            self.saying.tell("Merges are under way: wait until they have ended.")
            return
        merging, staged = self.merging, self.stage.edits()

        def show_it() -> None:
            pairs = kept()
            merging.show(merge_plan(pairs, self.stage.contacts))
            edited = {each for pair in pairs for each in (pair.one, pair.other)} & set(staged)
            self.saying.tell(
                f"What is staged for {count(len(edited), 'contact')} of these is not in the "
                "merge, which goes by what the site has: commit it first, and fetch again."
                if edited
                else ""
            )

        self.saying.attempt(show_it)

    def _done(self, report: MergeReport) -> None:
        """Leave out what was merged: those contacts are one by now."""
        ended: dict[str, bool] = {}
        frame = report.to_frame()
        for group, outcome in zip(frame["group"], frame["outcome"], strict=True):
            ended[group] = ended.get(group, True) and outcome in ("applied", "already")
        for group in (int(group) for group, whole in ended.items() if whole):
            self._merged.add(group)
            self._left_out.update(self._groups[group])
        for tick in self.ticks.values():
            tick.disabled = self._on_show in self._merged
        self.draw()
        self._written()
