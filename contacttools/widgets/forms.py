"""Forms: a second pen on the same paper. Widgets over a stage, and over a site to commit to.

A form holds nothing but which contact is shown and which plan was previewed. Each gesture is
one call on the stage, the plan or the run; the stage tells of every change, whoever made it,
and the form draws itself again from the stage. Handlers may run on any thread.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import ipywidgets as widgets

from contacttools.committing.run import Run
from contacttools.committing.threeway import LOOKS, Way, three_way_html
from contacttools.contact import fields, merge, wire
from contacttools.contact.fields import Json
from contacttools.errors import BadValue, WrongSite
from contacttools.planning import render
from contacttools.planning.plan import Plan
from contacttools.planning.render import STYLE, count, escape
from contacttools.service.site import Site
from contacttools.snapshot.contacts import Contacts
from contacttools.staging.stage import Stage, called
from contacttools.widgets.editors import Page, Widget, box_of, let_go, put
from contacttools.widgets.meanwhile import Meanwhile
from contacttools.widgets.panel import DRESS, Panel, aside, button, show, title

_LISTED = 50  # contacts in the list at once; previous and next go through all that match
_KEPT = 4  # pages kept alive, for what a busy browser sends late
_DECIDED = 20  # conflicts to decide at once


def form(stage: Stage, site: Site) -> Form:
    """Return a widget to edit one contact after another, see the diff, and commit it.

    What is done in it is done to the stage, as if typed as code, and the other way round.

    Parameters
    ----------
    stage : Stage
    site : Site
        Where to commit to.

    Returns
    -------
    Form
        A widget: let a cell end in it.

    Raises
    ------
    WrongSite
        The stage's contacts are of another site; fetch them from this one.

    Examples
    --------
    >>> site = ct.connect()
    >>> ct.form(ct.Stage(site.fetch(limit=10)), site)
    <Stage: 0 fields of 0 contacts staged, over <Contacts: 10 of site ...>>
    """
    if not isinstance(stage, Stage):
        why = f"form(stage, site): the first is a Stage, not a {type(stage).__name__}"  # type: ignore[unreachable]
        raise BadValue(why)
    if stage.contacts.site_id not in (None, site.site_id):
        why = f"the stage holds contacts of site {stage.contacts.site_id}, this is {site!r}"
        raise WrongSite(why)
    return Form(stage, site)


class Form(widgets.VBox):  # type: ignore[misc]
    """The widget that `form` returns."""

    def __init__(self, stage: Stage, site: Site) -> None:
        self._stage, self._site = stage, site
        self._index = _Index(stage.contacts)
        self._pages: dict[str, Page] = {}
        self._gesture = threading.Lock()
        self._drawing = threading.Lock()
        self._behind = False
        self.plan: Plan | None = None  # as previewed
        self._options: dict[str, tuple[Json, str]] = {}  # how contacts read in the list
        self._decided: list[Json] = []  # conflicts on show
        self._fresh = False  # whether the stage is still as previewed
        self._build()
        super().__init__(
            [
                self._style,
                self._head,
                self._clashes,
                self._finder,
                self.meanwhile.widget,
                self._page,
                self._foot,
            ],
            _dom_classes=("cf-form",),
        )
        self.contact_id = next(iter(stage.contacts), None)
        self._unwatch = stage.watch(self._stage_changed)
        self.draw()

    def __repr__(self) -> str:
        return repr(self._stage)  # what a terminal shows in place of the widget

    def close(self) -> None:
        """Stop following the stage and let go of the widgets."""
        self._unwatch()
        while self._pages:
            self._pages.popitem()[1].close()
        for part in self.children:
            let_go(part)
        super().close()

    @property
    def page(self) -> Page:
        """The controls of the contact that is shown."""
        return self._pages[str(self.contact_id)]

    # -- parts ------------------------------------------------------------------------------

    def _build(self) -> None:
        self._style = widgets.HTML(DRESS, layout={"display": "block"})
        self._title = widgets.HTML(title(self._site))
        self.staged = widgets.HTML(_dom_classes=("cf-count",))
        self.undo = button("Undo", self._undo, "Take back the last step, wherever it was made")
        self.redo = button("Redo", self._redo, "Do again what was taken back")
        self._head = box_of("cf-head", self._title, self.staged, self.undo, self.redo)
        self._clashes = box_of("cf-clashes")

        self.search = widgets.Text(description="Search", placeholder=_SEARCH)
        self.only_staged = widgets.Checkbox(description="Only staged", indent=False)
        self.found = widgets.HTML()
        self.matches = widgets.Select(description="Contacts", rows=5, _dom_classes=("cf-matches",))
        self.previous = button("Previous", lambda _: self._step(-1), "The contact before")
        self.next = button("Next", lambda _: self._step(1), "The contact after")
        self.search.observe(lambda _: self.draw(), "value")
        self.only_staged.observe(lambda _: self.draw(), "value")
        self.matches.observe(self._picked, "value")
        line = box_of("cf-line", self.only_staged, self.found, self.previous, self.next)
        self._finder = box_of("cf-finder", self.search, self.matches, line)
        self.meanwhile = Meanwhile(
            self._stage, self._site, self._label, lambda: show(self.fetch, shown=True)
        )
        self._page = box_of("cf-here")

        self.preview = button("Preview", self._preview, "Show what would be written")
        self.panel = panel = Panel(self._site, self._run_changed, after=_AFTER)
        self.commit, self.cancel, self.pause, self.go_on = panel.buttons
        self.says, self.bar, self.report = panel.says, panel.bar, panel.report
        self.fetch = button("Fetch again", self._fetch, "Go on at the new revisions")
        self.shown = widgets.HTML(_dom_classes=("cf-shown",))
        buttons = box_of("cf-line", self.preview, *panel.buttons, self.fetch)
        self._foot = box_of("cf-foot", buttons, self.bar, self.says, self.shown, self.report)
        show(self.fetch, shown=False)

    # -- drawing ----------------------------------------------------------------------------

    def _stage_changed(self) -> None:
        self._fresh = False
        self.panel.offer(None)  # at once: a click may come before all is drawn
        self.draw()

    def draw(self) -> None:
        """Draw everything from the stage; a call while another draws makes that one draw again."""
        self._behind = True
        while self._behind and self._drawing.acquire(blocking=False):
            try:
                self._behind = False
                self._draw()
            finally:
                self._drawing.release()

    def _draw(self) -> None:
        outlived: list[Page] = []
        if self._index.contacts is not self._stage.contacts:  # fetched again
            self._index = _Index(self._stage.contacts)
            outlived, self._pages = list(self._pages.values()), {}
            self._options.clear()
        if self.contact_id not in self._stage.contacts:
            self.contact_id = next(iter(self._stage.contacts), None)
        self.staged.value = f"<strong>{count(len(self._stage), 'contact')}</strong> staged"
        self._draw_clashes()
        self._draw_matches()
        self._draw_page()
        self._draw_buttons()
        for page in outlived:
            page.close()

    def _draw_clashes(self) -> None:
        clashes = self._stage.clashes().to_dict("records")
        if clashes == self._decided:  # buttons keep their place and the focus in it
            return
        self._decided = clashes
        if not clashes:
            self._clashes.children = ()
            return
        told = (
            f"<strong>Conflict</strong> in {count(len(clashes), 'field')}: somebody else changed "
            "what you changed too. Until you decide, nothing of that contact is planned."
        )
        if len(clashes) > _DECIDED:
            told += f" The first {_DECIDED} are shown; <code>stage.clashes()</code> has them all."
        lines = [self._clash(clash) for clash in clashes[:_DECIDED]]
        self._clashes.children = (widgets.HTML(f"{STYLE}{LOOKS}{told}"), *lines)

    def _clash(self, clash: Json) -> Widget:
        contact_id, name = clash["contactId"], clash["field"]
        gone = contact_id not in self._stage.contacts
        who = "a contact that is gone" if gone else called(self._stage.document(contact_id))
        told = f"<strong>{escape(who or contact_id)}</strong>"
        way = Way(name, clash["base"], clash["ours"], clash["theirs"])
        heads = ("was", "yours", "gone" if gone else "theirs")
        table = three_way_html([way], heads, labels={name: self._label(name)})
        text = f"<div class='ct-plan'>{told}{table}</div>"

        def decide(take: str) -> Callable[[Widget], object]:
            return lambda _: self.panel.attempt(lambda: self._stage.resolve(contact_id, name, take))

        buttons = [button("Take theirs", decide("theirs"), "Your edit falls away")]
        if not gone:
            buttons.insert(0, button("Keep mine", decide("ours"), "Theirs will be replaced"))
        return box_of("cf-clash", widgets.HTML(text), *buttons)

    def _label(self, name: str) -> str:
        extended = self._stage.contacts.extended
        return extended[name].label if name in extended else fields.label(name)

    def _draw_matches(self) -> None:
        ids = self._matching()
        here = ids.index(self.contact_id) if self.contact_id in ids else -1
        start = max(here, 0) // _LISTED * _LISTED
        window = ids[start : start + _LISTED]
        options = [(self._option(each), each) for each in window]
        if here < 0 and self.contact_id is not None:  # arrow keys need a place to start from
            option = f"shown, no match · {self._option(self.contact_id)}"
            options.insert(0, (option, self.contact_id))
        self.previous.disabled = here <= 0
        self.next.disabled = here + 1 >= len(ids)
        self.matches.unobserve(self._picked, "value")  # nobody picks what is only listed
        if tuple(options) != self.matches.options:
            self.matches.options = tuple(options)
        self.matches.value = self.contact_id
        self.matches.observe(self._picked, "value")
        total = count(len(self._stage.contacts), "contact")
        listed = f" · {start + 1:,} to {start + len(window):,} listed" if len(ids) > _LISTED else ""
        self.found.value = f"<span role='status'>{len(ids):,} of {total} match{listed}</span>"

    def _option(self, contact_id: str) -> str:
        staged = self._stage.staged(contact_id)
        known = self._options.get(contact_id)
        if known is None or known[0] != staged:
            known = self._options[contact_id] = (staged, self._line(contact_id))
        return f"{'● staged · ' if staged else ''}{known[1]}"

    def _line(self, contact_id: str) -> str:
        document = self._stage.document(contact_id)
        values = wire.values(document)
        parts = [called(document) or "(no name)"]
        for name, listing in fields.LISTS.items():
            if listing.has_primary and (item := merge.primary(values.get(name))):
                parts.append(str(item.get(listing.value) or ""))
        parts.append(str(values.get("company") or ""))
        line = " · ".join(part for part in dict.fromkeys(parts) if part)
        return render.visible(line)

    def _matching(self) -> list[str]:
        found = self._index.search(self.search.value, self._stage)
        if self.only_staged.value:
            found = [each for each in found if self._stage.staged(each)]
        return found

    def _draw_page(self) -> None:
        self.meanwhile.show(self.contact_id)
        if self.contact_id is None:
            put(self._page, (widgets.HTML("<p>There are no contacts to edit.</p>"),))
            return
        page = self._pages.pop(self.contact_id, None) or Page(self._stage, self.contact_id)
        self._pages[self.contact_id] = page  # last, so that it is the last to go
        while len(self._pages) > _KEPT:
            self._pages.pop(next(iter(self._pages))).close()
        page.draw()
        put(self._page, (page.widget,))

    def _draw_buttons(self) -> None:
        self.panel.offer(self.plan if self._fresh else None)
        self.preview.disabled = self.panel.busy
        if self.plan is not None and not self._fresh and not self.panel.busy:
            self.panel.tell(_OUTDATED)
            self.shown.add_class("cf-outdated")

    @property
    def run(self) -> Run | None:
        """The commit that was begun here last."""
        return self.panel.run

    def _run_changed(self) -> None:
        run = self.run
        if run is not None and self.plan is not None and run.plan.id == self.plan.id:
            self._fresh, self.plan = False, None  # it was begun
        if run is not None and self.plan is None and not self.panel.busy:
            self.shown.value = ""
            show(self.fetch, shown=True)
        self.draw()

    # -- gestures ---------------------------------------------------------------------------

    def show(self, contact_id: str) -> None:
        """Show a contact."""
        self._stage.contacts.document(contact_id)
        self.contact_id = contact_id
        self.draw()

    def _picked(self, change: Json) -> None:
        if change["new"] is not None:
            self.show(change["new"])

    def _step(self, by: int) -> None:
        ids = self._matching()
        here = ids.index(self.contact_id) if self.contact_id in ids else -1
        if 0 <= here + by < len(ids):
            self.show(ids[here + by])

    def _undo(self, _: object) -> None:
        self.panel.tell("" if self._stage.undo() else "There is nothing to undo.")

    def _redo(self, _: object) -> None:
        self.panel.tell("" if self._stage.redo() else "There is nothing to redo.")

    def _preview(self, _: object) -> None:
        def plan() -> None:
            self._fresh = True  # a change from here on makes it outdated
            previewed = self._stage.plan()
            self.shown.value = previewed._repr_html_()
            self.plan = previewed
            self.panel.offer(previewed if self._fresh else None)

        self.plan, self.shown.value = None, ""
        self.shown.remove_class("cf-outdated")
        if self.panel.attempt(plan):
            self.report.value = ""
            self.panel.tell(self._left_out())
        self.draw()

    def _left_out(self) -> str:
        """Say what was typed and is not in the plan, since it could not be staged."""
        told = [
            f"{escape(called(self._stage.document(page.contact_id)))}: {escape(', '.join(names))}"
            for page in self._pages.values()
            if (names := page.unstaged())
        ]
        return (
            f"<strong>Not staged, so not in this plan</strong>: {'; '.join(told)}" if told else ""
        )

    def _fetch(self, _: object) -> None:
        with self._gesture:
            if self.fetch.disabled:
                return
            self.fetch.disabled = True
        self.panel.tell("Fetching the contacts again.")
        aside(self._refetch)

    # -- beside the kernel ------------------------------------------------------------------

    def _refetch(self) -> None:
        def carry_on() -> None:
            self._stage.rebase(self._site.fetch())

        if self.panel.attempt(carry_on):
            self.panel.tell("Fetched again.")
            show(self.fetch, shown=False)
        self.fetch.disabled = False
        self.draw()


class _Index:
    """What a search looks through: one text a contact."""

    def __init__(self, contacts: Contacts) -> None:
        self.contacts = contacts
        self._texts = {
            contact_id: f"{contact_id} {_text(wire.values(document))}".casefold()
            for contact_id, document in contacts.documents().items()
        }

    def search(self, asked: str, stage: Stage) -> list[str]:
        """Return the contacts that hold every word, as fetched or as staged."""
        words = asked.casefold().split()
        if not words:
            return list(self._texts)
        found = []
        for contact_id, text in self._texts.items():
            if not all(word in text for word in words):
                staged = stage.staged(contact_id)
                whole = f"{text} {_text(staged).casefold()}" if staged else ""
                if not staged or not all(word in whole for word in words):
                    continue
            found.append(contact_id)
        return found


def _text(values: Json) -> str:
    parts = [
        str(values[name]) for name in ("name.first", "name.last", "company") if values.get(name)
    ]
    parts += [str(item.get("email") or "") for item in values.get("emails") or ()]
    for item in values.get("phones") or ():
        phone = str(item.get("phone") or "")
        parts += [phone, re.sub(r"\D", "", phone)]
    return " ".join(parts)


_OUTDATED = "<strong>Outdated</strong>: the stage has changed since; preview again."
_AFTER = (
    "Fetch again to go on: what was written falls away, the rest stays staged. "
    "To take it back: <code>site.last_report.undo_plan()</code>"
)
_SEARCH = "name, e-mail, phone, company or id"
