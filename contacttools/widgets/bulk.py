"""Bulk: the guided bulk edit: which contacts, which change, what it would do, and one step of it.

It touches the stage, by one step a click, and the screen. What has been picked is also there as
the code that does the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import ipywidgets as widgets
import pandas as pd
from traitlets import TraitError

from contacttools.contact import fields
from contacttools.errors import BadValue, ContactToolsError, ReadOnlyField
from contacttools.planning.render import count, escape
from contacttools.snapshot import frames
from contacttools.staging import applying
from contacttools.staging.stage import Stage
from contacttools.staging.trial import Tried, trial
from contacttools.widgets import guided
from contacttools.widgets.beforeafter import BeforeAfter, BeforeAfterTable
from contacttools.widgets.choosing import Choosing
from contacttools.widgets.editors import Widget, box_of, heading, let_go, put
from contacttools.widgets.guided import Making
from contacttools.widgets.makings import CONTROLS, KINDS, Function, Makings
from contacttools.widgets.panel import DRESS, button, show
from contacttools.widgets.plain import WithPlain

_SPELLED = 20  # contacts whose ids stand in the code; more are named by where they stand
_GIVEN = "  # given: the .given of this bulk edit"
_AT_ONCE = 5000  # contacts up to which a change is tried as soon as it is chosen


def bulk(
    stage: Stage,
    where: pd.Series[bool] | Iterable[str] | None = None,
    functions: Iterable[Function] = (),
) -> Bulk:
    """Return a widget to change many contacts at once, step by step.

    Choose contacts, choose a change, see before and after for every one of them, leave some out,
    and stage the rest as one step with its reason. It shows the code that does the same.

    Parameters
    ----------
    stage : Stage
    where : boolean Series or iterable of str, optional
        The contacts to choose among: a mask over ``stage.to_frame()``, or contact ids.
    functions : iterable of callable, optional
        Functions to offer beside those that are defined in the notebook.

    Returns
    -------
    Bulk
        A widget: let a cell end in it. Its `code` is what it shows, as text.

    Raises
    ------
    UnknownContact, BadValue
        There is no such contact; or no such mask.

    Examples
    --------
    >>> stage = ct.Stage(ct.connect().fetch(limit=50))
    >>> guide = ct.bulk(stage)
    >>> guide.choose("company", "contains", "travel")
    >>> guide.change("replace", "company", old="Travel", new="Tours")
    >>> print(guide.code)
    frame = stage.to_frame()
    chosen = frame['company'].str.contains('travel', case=False, regex=False, na=False)
    stage.apply(
        ct.changes.replace('Travel', 'Tours'),
        'company',
        where=chosen,
    )
    """
    if not isinstance(stage, Stage):
        why = f"bulk(stage): for a Stage, not a {type(stage).__name__}"  # type: ignore[unreachable]
        raise BadValue(why)
    given = None if where is None else applying.chosen(stage.contacts, where)
    return Bulk(stage, given, functions)


class Bulk(widgets.VBox):  # type: ignore[misc]
    """The widget that `bulk` returns.

    Attributes
    ----------
    stage : Stage
    code : str
        What does the same as the button would.
    done : list of str
        The code of each step that was staged here.
    given : list of str or None
        The contacts to choose among; None: all.
    """

    def __init__(
        self, stage: Stage, given: Sequence[str] | None, functions: Iterable[Function]
    ) -> None:
        self.stage, self.given = stage, None if given is None else list(given)
        self._contacts = stage.contacts
        self.code = ""
        self.done: list[str] = []
        self.making: Making | None = None
        self.tried: list[Tried] = []
        self._left_out: set[str] = set()
        self._asked: object = None  # the change that the trial on show is of
        self._warned: set[str] = set()  # those that were left out since they collide
        self._frame_now: pd.DataFrame | None = None
        self._edits: dict[str, Any] = {}  # what was staged when the change was tried
        self.asleep = False  # out of sight: it follows the stage when it is woken
        self._stale = False
        self._ready = False
        self.choosing = Choosing(stage.contacts, self._frame, self._draw)
        self.makings = Makings(stage.contacts, functions, self._values, self._draw)
        self.wrong = widgets.HTML(_dom_classes=("cf-says",))
        self.effects: Widget = box_of("cf-chips-line")
        nothing = BeforeAfter([], fields.SCALARS["company"], {}, self._left_out)
        self.table = BeforeAfterTable(nothing, stage.lock, self._tick)
        self._tables = WithPlain(self.table)
        self.try_it = button("Try it", lambda _: self._draw(whole=True), "Show before and after")
        self.reason = widgets.Text(
            description="Reason", placeholder="why, for those who read the preview",
            continuous_update=False,
        )  # fmt: skip
        self.go = button("Stage", self._stage_it, "Stage what the table shows, as one step")
        self.go.button_style = "primary"
        self.undo = button("Undo", self._undo, "Take back the last step")
        self.says = widgets.HTML(_dom_classes=("cf-says",))
        self.shown_code = widgets.HTML(_dom_classes=("cf-code",))
        self.told = widgets.HTML()
        super().__init__(
            [
                widgets.HTML(DRESS, layout={"display": "block"}),
                box_of("cf-head", widgets.HTML("<strong>Change many contacts at once</strong>"),
                       self.told),
                _step(1, "Which contacts"),
                self.choosing.widget,
                _step(2, "What to change"),
                self.makings.widget,
                _step(3, "Before and after"),
                self.wrong,
                self.effects,
                self.try_it,
                self._tables,
                _step(4, "Stage it, as one step"),
                box_of("cf-finder", self.reason, box_of("cf-line", self.go, self.undo, self.says)),
                widgets.HTML(heading("The same as code")),
                self.shown_code,
            ],
            _dom_classes=("cf-form", "cf-bulk"),
        )  # fmt: skip
        self.reason.observe(lambda _: self._write_code(), "value")
        self.choosing.more()
        self._ready = True
        self._draw()
        self._unwatch = stage.watch(self._follow)

    def __repr__(self) -> str:
        chosen = f"{len(self.chosen):,} of {count(len(self._contacts), 'contact')}"
        return f"<Bulk edit of {chosen}: {self.stage!r}>"

    def close(self) -> None:
        """Stop following the stage, and let go of the widgets."""
        self._unwatch()
        self.makings.close()
        for part in self.children:
            let_go(part)
        super().close()

    # -- the same by code -------------------------------------------------------------------

    def choose(self, field: str, question: str, value: str = "") -> None:
        """Add a condition, as a person would: such as ``"company", "contains", "travel"``."""
        known = self._contacts.field(field)
        if question not in guided.questions(known):
            why = f"{field} {question}? One asks {', '.join(guided.questions(known))}"
            raise BadValue(why, field=field)
        last = self.choosing.lines[-1] if self.choosing.lines else None
        free = last is not None and not last.value.value and last.takes
        (last if free and last else self.choosing.more()).ask(field, question, value)

    def change(self, kind: str, column: str | None = None, **values: object) -> None:
        """Choose a change, as a person would.

        Parameters
        ----------
        kind : {"set", "clear", "replace", "map", "copy", "labels", "function"}
        column : str, optional
            What to change; for all but labels.
        **values
            What the controls hold: ``value``; ``old``, ``new``, ``case``, ``regex``; ``pairs``;
            ``source``; ``on``, ``off``; ``function``, ``each``.
        """
        kinds = [each for _, each in KINDS]
        if kind not in kinds:
            why = f"a change is one of {', '.join(kinds)}, not {kind!r}"
            raise BadValue(why)
        if strange := sorted(set(values) - set(CONTROLS)):
            why = f"no control {strange[0]!r}; there are {', '.join(CONTROLS)}"
            raise BadValue(why)
        if column is not None and not self._contacts.field(column).editable:
            why = f"{column}: {frames.why_fixed(column)}"
            raise ReadOnlyField(why, field=column)
        self.makings.kind.value = kind
        if column is not None:
            self.makings.column.value = column
        for name, value in values.items():
            control = getattr(self.makings, name)
            held = {bool: "True or False", str: "a text, as it would be typed"}.get(
                type(control.value), "one of what it offers"
            )
            try:
                control.value = value
            except TraitError:
                why = f"{name}={value!r:.60}: this control holds {held}"
                raise BadValue(why, field=column) from None

    @property
    def chosen(self) -> list[str]:
        """The ids of the contacts that the conditions choose, oldest first."""
        conditions, join = self.choosing.asked()
        frame = self._frame()
        return list(frame.index[guided.mask_of(conditions, frame, join)])

    def among(self, contact_ids: Iterable[str] | None) -> None:
        """Choose among these contacts from now on; None: among all of them."""
        self.given = (
            None if contact_ids is None else applying.chosen(self.stage.contacts, contact_ids)
        )
        self._follow()

    # -- drawing ----------------------------------------------------------------------------

    def _frame(self) -> pd.DataFrame:
        """Return the contacts to choose among, with all that is staged."""
        if self._frame_now is None:
            frame = self.stage.to_frame()
            self._frame_now = frame if self.given is None else frame.loc[self.given]
        return self._frame_now

    def _values(self, column: str) -> Iterable[Any]:
        """Return what the chosen contacts hold."""
        return self._frame().loc[self.chosen, column].dropna().tolist()

    def _follow(self) -> None:
        """Look again at the stage, whoever changed it."""
        self._stale = True
        if not self.asleep:
            self.wake()

    def wake(self) -> None:
        """Show the stage as it is now, and follow it from now on."""
        self.asleep = False
        if not self._stale:
            return
        self._stale = False
        with self.stage.lock:
            self._frame_now, self.says.value = None, ""
            if self._contacts is not self.stage.contacts:
                self._contacts = contacts = self.stage.contacts
                if self.given is not None:
                    self.given = [each for each in self.given if each in contacts]
                self.choosing.begin_anew(contacts)
                self.makings.begin_anew(contacts)
            self._draw()

    def _draw(self, *, whole: bool = False) -> None:
        """Draw what follows from what is picked; `whole`: try the change however many there are."""
        if not self._ready:
            return
        with self.stage.lock:
            chosen, many = self.chosen, len(self._frame())
            among = "" if self.given is None else " given"
            self.choosing.found.value = (
                f"<span role='status'><strong>{len(chosen):,}</strong> of "
                f"{count(many, 'contact')}{among}</span>"
            )
            self.told.value = f"{count(len(self.stage), 'contact')} staged"
            self._try(chosen, whole=whole)
            self.try_it.description = f"Try it on {count(len(chosen), 'contact')}"
            self._draw_trial()

    def _try(self, chosen: list[str], *, whole: bool) -> None:
        self.wrong.value, self.making = "", None
        self.tried = []
        try:
            self.making = self.makings.making()
            if self.making is None:
                self.wrong.value = "Say what the change is, then Enter, and it is tried here."
            elif not chosen:
                self.wrong.value = "No contact is chosen."
            elif len(chosen) > _AT_ONCE and not whole:
                return
            else:
                self._edits = self.stage.edits()
                self.tried = trial(self.stage, self.making.act, self.making.column, chosen)
        except (ValueError, ContactToolsError) as error:
            self._say_wrong(str(error))
        except Exception as error:  # noqa: BLE001 - the function of a person may raise anything
            self._say_wrong(f"the change raised {error!r}")

    def _say_wrong(self, why: str) -> None:
        self.wrong.value = f"<strong role='alert'>Not possible</strong>: {escape(why)}"

    def _draw_trial(self) -> None:
        waits = self.making is not None and not self.tried and not self.wrong.value
        show(self.try_it, shown=waits)
        asked = self.making and (self.making.column, self.making.code)
        if asked != self._asked:  # another change: what was left out of the old one is no more
            self._asked = asked
            self._warned.clear()
            self._left_out.clear()
        collide = {each.contact_id for each in self.tried if each.effect == "collides"}
        self._left_out |= collide - self._warned  # until somebody wants them all the same
        self._warned |= collide
        field = self._contacts.field(self.making.column if self.making else "company")
        names = self._contacts.definitions.labels or {}
        self._rows = BeforeAfter(self.tried, field, names, self._left_out)
        effects = {each.effect for each in self.tried}
        self.table.filters = {"effect": "!unchanged"} if len(effects) > 1 else {}
        self.table.show(self._rows)
        show(self._tables, shown=bool(self.tried))
        self._draw_counts()

    def _draw_counts(self) -> None:
        old = self.effects.children
        put(self.effects, tuple(self._chip(words, asked) for words, asked in self._rows.chips()))
        for each in old:
            let_go(each)
        n = len(self._kept)
        self.go.description = f"Stage {count(n, 'contact')}" if n else "Stage"
        self.go.disabled = n == 0
        self._write_code()

    def _chip(self, words: str, asked: str) -> Widget:
        made = button(words, lambda _: self._filter(asked), "Show only these in the table")
        made.add_class("cf-chip")
        return made

    def _filter(self, asked: str) -> None:
        self.table.filters = {"effect": asked} if asked else {}

    @property
    def _possible(self) -> set[str]:
        """The contacts to which the change can be made."""
        return {each.contact_id for each in self.tried if each.possible}

    @property
    def _kept(self) -> list[str]:
        """The contacts that a click would stage."""
        return [
            each.contact_id
            for each in self.tried
            if each.possible and each.contact_id not in self._left_out
        ]

    def _write_code(self) -> None:
        self.code = self._code()
        self.shown_code.value = _block("The same as code", self.code) + "".join(
            f"<div class='cf-quietly'>Staged here, number {n}:</div>"
            + _block(f"Staged here, number {n}", code)
            for n, code in enumerate(self.done, 1)
        )

    def _code(self) -> str:
        conditions, join = self.choosing.asked()
        chosen = guided.code_of(conditions, join)
        if self.given is not None:
            few = len(self.given) <= _SPELLED
            among = f"frame.index.to_series().isin({self.given if few else 'given'})"
            chosen = f"({chosen}) & {among}" if chosen else among
            chosen += "" if few else _GIVEN
        if self.making is None:
            return guided.chosen_code(chosen)
        partly = any(each.effect == "invalid" for each in self.tried)
        left_out = sorted(self._left_out & self._possible)
        return self.making.script(chosen, left_out, self.reason.value.strip(), partly=partly)

    # -- gestures ---------------------------------------------------------------------------

    def _tick(self, contact_ids: set[str], wanted: bool) -> None:  # noqa: FBT001 - a callback
        if wanted:
            self._left_out -= contact_ids
        else:
            self._left_out |= contact_ids & self._possible
        self._draw_counts()

    def _stage_it(self, _: object) -> None:
        """Stage what is kept, as one step."""
        making, kept = self.making, self._kept
        if making is None or not kept:
            return
        edits, code = self._edits, self.code
        after = {each.contact_id: each.after for each in self.tried}
        try:
            with self.stage.step(self.reason.value.strip() or None):
                self._still(edits)
                for contact_id in kept:  # what the table shows, whatever a function says now
                    self.stage.edit(contact_id, {making.column: after[contact_id]})
        except Exception as error:  # noqa: BLE001 - nobody else hears it: handlers have no cell
            why = str(error) if isinstance(error, ContactToolsError) else repr(error)
            self.says.value = f"<strong role='alert'>Not staged</strong>: {escape(why)}"
            return
        label = self._contacts.field(making.column).label
        self.done.append(code.replace(_GIVEN, f"  # given: the {len(self.given or ()):,} of then"))
        self._write_code()
        self.says.value = (
            f"<span role='status'>Staged: {escape(label)} of {count(len(kept), 'contact')}, as one "
            "step. Undo takes it back; nothing is written before you review and commit.</span>"
        )

    def _undo(self, _: object) -> None:
        if not self.stage.undo():
            self.says.value = "<span role='status'>There is nothing to undo.</span>"

    def _still(self, edits: dict[str, Any]) -> None:
        """Raise where something else was staged since the change was tried, in this very moment."""
        if self.stage.edits() != edits:
            raise BadValue("something else has been staged meanwhile: look again")


def _step(number: int, words: str) -> Widget:
    return widgets.HTML(heading(f"{number} · {words}"))


def _block(called: str, code: str) -> str:
    """Return code in HTML, its lines kept as they are."""
    lines = "\n".join(escape(line) for line in code.split("\n"))
    return f"<pre tabindex='0' role='region' aria-label='{called}'>{lines}</pre>"
