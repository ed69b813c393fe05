"""Panel: a commit as a person steers it: approve, write, pause, go on, cancel, and the report.

It touches the site it commits to, by one call a gesture, and the screen. Handlers may run on any
thread; what a run does is painted by a thread of the panel's own.
"""

from __future__ import annotations

import importlib.resources
import threading
from collections.abc import Callable

import ipywidgets as widgets

from contacttools.committing.run import Run
from contacttools.committing.shown import LOOK
from contacttools.errors import ContactToolsError
from contacttools.planning.plan import Plan
from contacttools.planning.render import STYLE, count, escape, named
from contacttools.service.site import Site
from contacttools.widgets.editors import Widget, box_of

MANY = 100  # contacts of a live site above which their number is to be typed

_LOOKED_AT = 20  # of those that need a look, while a commit goes on
_WAKE = 0.1  # seconds between two looks at a commit under way


class Saying:
    """A line that says what a gesture came to.

    Attributes
    ----------
    says : Widget
    """

    def __init__(self) -> None:
        self.says = widgets.HTML(_dom_classes=("cf-says",))

    def tell(self, text: str) -> None:
        """Say something in HTML."""
        self.says.value = f"<span role='status'>{text}</span>" if text else ""

    def attempt(self, call: Callable[[], object]) -> bool:
        """Do something, and say what was wrong with it where that failed."""
        try:
            call()
        except Exception as error:  # noqa: BLE001 - nobody else hears it: handlers have no cell
            why = str(error) if isinstance(error, ContactToolsError) else repr(error)
            self.tell(f"<strong>Not done</strong>: {escape(why)}")
            return False
        return True


class Panel(Saying):
    """The buttons below a preview, and what becomes of them.

    Parameters
    ----------
    site : Site
    changed : callable
        Called when a run begins, is paused, goes on or has ended.
    confirm : bool
        Whether a box is to be ticked, and on a live site the number of many contacts typed, before
        anything can be committed.
    """

    def __init__(
        self, site: Site, changed: Callable[[], None], *, confirm: bool = False, after: str = ""
    ) -> None:
        super().__init__()
        self._site, self._changed, self._after = site, changed, after
        self._gesture = threading.Lock()
        self.plan: Plan | None = None  # what may be committed
        self.run: Run | None = None
        self.confirm = confirm
        self.ask = widgets.HTML()
        self.commit = button("Commit", self._commit, "")
        self.commit.button_style = "danger" if site.live else "primary"
        self.cancel = button("Cancel", self._cancel, "Stop after the contact in hand")
        self.pause = button("Pause", self._pause, "Send nothing more for now")
        self.go_on = button("Go on", self._go_on, "Send what is left")
        self.bar = widgets.IntProgress(description="Commit")
        self.look = widgets.HTML(_dom_classes=("cf-shown",))  # while it goes on
        self.report = widgets.HTML(_dom_classes=("cf-shown",))
        self.approval = box_of("cf-line")
        self._ask_anew()
        self.buttons = (self.commit, self.cancel, self.pause, self.go_on)
        show(self.bar, shown=False)
        self.draw()

    # -- what may be committed --------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a run is under way."""
        return self.run is not None and not self.run.wait(0)

    def offer(self, plan: Plan | None) -> None:
        """Offer a plan to commit, or none; another one than before is to be approved anew."""
        if plan is not self.plan:
            self.plan = plan
            if self.confirm:
                self._ask_anew()
        self.draw()

    def _ask_anew(self) -> None:
        """Put a new box to tick in the place of the old one.

        While the kernel is busy a browser may send a tick only after another plan is on show, and
        it must never approve that one: each box belongs to one plan.
        """
        old = self.approval.children
        self.read = widgets.Checkbox(description="I have read what will be written", indent=False)
        self.number = widgets.Text(placeholder="number", layout={"width": "6em"})
        for each in (self.read, self.number):
            each.observe(lambda _: self.draw(), "value")
        self.approval.children = (self.read, self.ask, self.number)
        for each in old:
            if each is not self.ask:
                each.unobserve_all()
                each.close()

    @property
    def approved(self) -> Plan | None:
        """The plan that a click may commit; None while there is none."""
        plan = self.plan
        if plan is None or not plan.changes or self.busy or self._site.read_only:
            return None
        typed = not self._many or self.number.value.strip().replace(",", "") == str(len(plan))
        return plan if not self.confirm or (self.read.value and typed) else None

    @property
    def _many(self) -> bool:
        return self._site.live and self.plan is not None and len(self.plan) > MANY

    def draw(self) -> None:
        """Draw the buttons as they are to be."""
        plan, busy = self.plan, self.busy
        n = f" {count(len(plan), 'contact')}" if plan is not None and plan.changes else ""
        self.commit.description = f"Commit{n}{' to the LIVE site' if self._site.live else ''}"
        self.commit.disabled = self.approved is None
        self.commit.tooltip = "Write what the preview shows" if n else "Preview first"
        some = plan is not None and bool(plan.changes)
        show(self.commit, shown=not self.confirm or some or busy)
        offered = self.confirm and some and not busy and not self._site.read_only
        show(self.approval, shown=offered)
        self.ask.value = "and how many contacts it will write to:"
        show(self.ask, shown=self._many)
        show(self.number, shown=self._many)
        paused = busy and self.run is not None and self.run.progress.state == "paused"
        show(self.cancel, shown=busy)
        show(self.pause, shown=busy and not paused)
        show(self.go_on, shown=paused)

    def _drawn(self) -> None:
        self.draw()
        self._changed()

    # -- gestures ---------------------------------------------------------------------------

    def _commit(self, _: object) -> None:
        with self._gesture:  # of two quick clicks the second finds nothing approved
            plan = self.approved
            if plan is None:
                return
            self.commit.disabled = True
            self.plan = None
            if not self.attempt(lambda: self._start(plan)):
                self.plan = plan  # it may be tried again
                self._drawn()

    def _start(self, plan: Plan) -> None:
        self.follow(self._site.commit(plan, approve=plan.id, wait=False))

    def follow(self, run: Run) -> None:
        """Show a run that is under way, until it has ended."""
        self.run = run
        self.bar.max, self.bar.value = len(run.plan.changes), run.progress.done
        self.report.value = ""
        show(self.bar, shown=True)
        self.tell(
            "Writing; other cells can run meanwhile. Interrupting the kernel does not stop it, "
            "Cancel does."
        )
        self._drawn()
        aside(lambda: self._paint(run))

    def _cancel(self, _: object) -> None:
        if self.run is not None:
            self.run.cancel()
            self.tell("Stopping after the contact in hand.")

    def _pause(self, _: object) -> None:
        if self.run is not None:
            self.run.pause()
            self._drawn()

    def _go_on(self, _: object) -> None:
        if self.run is not None:
            self.run.resume()
            self._drawn()

    # -- beside the kernel ------------------------------------------------------------------

    def _paint(self, run: Run) -> None:
        ended = False
        while not ended:
            ended = run.wait(_WAKE)
            now = run.progress
            self.bar.value = now.done
            if not ended:
                self.tell(str(now))
                self.look.value = look_html(run)
        self.look.value = ""
        show(self.bar, shown=False)
        self._drawn()  # the preview goes before its report comes
        try:
            self.report.value = run.report._repr_html_()
        except Exception as error:  # noqa: BLE001 - a thread has nobody else to tell
            self.tell(f"<strong>The commit broke off</strong>: {escape(repr(error))}")
        else:
            self.tell(self._after)


def look_html(run: Run) -> str:
    """Return what needs a look so far, in HTML; empty as long as there is nothing."""
    found = [each for each in run.outcomes if each.outcome in LOOK]
    if not found:
        return ""
    names = {each.contact_id: each.name for each in run.plan.changes}
    listed = "".join(
        f"<li><strong>{each.outcome}</strong> {named(names.get(each.contact_id, ''))} "
        f"<code>{escape(each.contact_id)}</code> {escape(each.code or '')}</li>"
        for each in found[-_LOOKED_AT:]
    )
    return (
        f"{STYLE}<div class='ct-plan'><div class='ct-card ct-warn'><strong>To look at so far"
        f"</strong>: {count(len(found), 'update')}<ul>{listed}</ul></div></div>"
    )


def aside(work: Callable[[], None]) -> None:
    """Do something beside the kernel."""
    threading.Thread(target=work, name="contacttools-widget", daemon=True).start()


def button(text: str, call: Callable[[Widget], object], tooltip: str) -> Widget:
    """Return a button."""
    made = widgets.Button(description=text, tooltip=tooltip)
    made.on_click(call)
    return made


def show(widget: Widget, *, shown: bool) -> None:
    """Show a widget, or take it out of sight."""
    widget.layout.display = None if shown else "none"


def title(site: Site) -> str:
    """Return where a commit would write to, in HTML."""
    where = f"site {escape(site.site_id)} at {escape(site.base_url)}"
    if not site.live:
        return f"<span class='cf-badge'>sandbox</span> {where}"
    told = f"<strong class='cf-live'>LIVE</strong> {where}"
    if site.read_only:
        told += (
            "<br>Open for reading only: edits can be staged and previewed, not committed. "
            "To write, connect with <code>read_only=False</code>."
        )
    return told


# In command mode JupyterLab and Notebook 7 take every key that is pressed on anything but a text
# box for a command: "d d" on a button would delete a cell. The attribute stops that, and works
# only on the very element that has the focus.
_KEYS = (
    "this.closest('.cf-bench, .cf-form').addEventListener('focusin', event => "
    "event.target.setAttribute('data-lm-suppress-shortcuts', 'true'))"
)
_CSS = importlib.resources.files("contacttools.widgets").joinpath("forms.css").read_text("utf-8")
#: How all widgets of buttons and boxes look, for the first of their children.
DRESS = f'<style onload="{_KEYS}">{_CSS}</style>'
