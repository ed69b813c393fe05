"""Choosing: the conditions by which contacts are found, as lines of controls. Widgets only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import ipywidgets as widgets
import pandas as pd

from contacttools.contact.fields import Field, Json
from contacttools.planning.render import escape
from contacttools.snapshot import frames
from contacttools.snapshot.contacts import Contacts
from contacttools.widgets.editors import Widget, box_of, let_go, put
from contacttools.widgets.guided import Condition, Join, pattern_of, questions
from contacttools.widgets.panel import button, show
from contacttools.widgets.sheet import head_of
from contacttools.widgets.typed import value_of

_OFFERED = 200  # values to choose from, the most frequent ones
_HINTS = {"date": "YYYY-MM-DD", "timestamp": "YYYY-MM-DD", "number": "a number",
          "integer": "a number", "labels": "a label"}  # fmt: skip


def named(fields: Mapping[str, Field]) -> list[tuple[str, str]]:
    """Return fields as a list to choose from: what a person calls each, and its name."""
    return [(head_of(field).label, name) for name, field in fields.items()]


def wide_fields(contacts: Contacts) -> dict[str, Field]:
    """Return the fields of the wide frame by name, those first that a person may edit."""
    known = {name: column.field for name, column in frames.wide_columns(contacts.extended).items()}
    return dict(sorted(known.items(), key=lambda pair: not pair[1].editable))


class Line:
    """One condition: a field, what is asked of it, a value."""

    def __init__(
        self,
        fields: Mapping[str, Field],
        contacts: Contacts,
        frame: Callable[[], pd.DataFrame],
        changed: Callable[[], None],
        remove: Callable[[Line], None],
    ) -> None:
        self._fields, self._contacts, self._frame, self._changed = fields, contacts, frame, changed
        self.field = widgets.Dropdown(options=named(fields), description="Field")
        self.question = widgets.Dropdown(description="Condition")
        self.value = widgets.Combobox(continuous_update=True, description="Value")
        self.remove = button("Remove", lambda _: remove(self), "Take this condition away")
        self.note = widgets.HTML(_dom_classes=("cf-note-line",))
        self.widget = box_of(
            "cf-condition", self.field, self.question, self.value, self.remove, self.note
        )
        self.field.observe(self._field_changed, "value")
        self.question.observe(self._question_changed, "value")
        self.value.observe(lambda _: self._changed(), "value")
        self.ask("company" if "company" in fields else next(iter(fields)))

    def ask(self, name: str, question: str | None = None, value: str = "") -> None:
        """Ask this of a field."""
        self.field.value = name
        self._field_changed(None)
        if question is not None:
            self.question.value = question
        self.value.value = value

    @property
    def takes(self) -> bool:
        """Whether there is a value to what is asked."""
        return questions(self._fields[self.field.value])[str(self.question.value)].takes

    def condition(self) -> Condition | None:
        """Return what is asked; None as long as the value is missing, or is none."""
        field, question = self._fields[self.field.value], str(self.question.value)
        self.note.value = ""
        if not self.takes:
            return Condition(field, question)
        text = str(self.value.value)
        if not text.strip():
            return None
        try:
            value = self._meant(field, question, text)
        except ValueError as error:
            self.note.value = f"<span class='cf-badge cf-wrong'>{escape(error)}</span>"
            return None
        return Condition(field, question, value)

    def close(self) -> None:
        """Let go of the widgets."""
        let_go(self.widget)

    def _meant(self, field: Field, question: str, text: str) -> Json:
        if field.kind == "labels":
            return self._contacts.definitions.label_key(text.strip())
        if field.kind in ("number", "integer"):
            number = value_of("number", text, self._contacts.definitions)
            if isinstance(number, str):
                raise ValueError("not a number")
            return number
        if field.kind in ("date", "timestamp"):
            try:
                return pd.Timestamp(text.strip()).strftime("%Y-%m-%d")
            except ValueError:
                raise ValueError("not a date: YYYY-MM-DD") from None
        if question == "matches":
            pattern_of(text)
        return text if question in ("exactly", "not", "matches") else text.strip()

    def _field_changed(self, _: object) -> None:
        field = self._fields[self.field.value]
        asked = [(each.label, key) for key, each in questions(field).items()]
        if list(self.question.options) != asked:
            self.question.options = asked
            self.question.index = 0
        self.value.placeholder = _HINTS.get(field.kind, "text")
        self.value.options = self._offered(field)
        self._changed()

    def _question_changed(self, _: object) -> None:
        field = self._fields[self.field.value]
        if self.question.value in questions(field):
            show(self.value, shown=self.takes)
            self._changed()

    def _offered(self, field: Field) -> list[str]:
        """Return the values there are, the most frequent ones first."""
        if field.kind == "labels":
            return list(dict.fromkeys((self._contacts.definitions.labels or {}).values()))
        if field.kind in ("number", "integer", "timestamp", "date"):
            return []
        return [str(value) for value in self._frame()[field.name].value_counts().index[:_OFFERED]]


class Choosing:
    """The conditions, and how they are joined.

    Attributes
    ----------
    widget : Widget
    lines : list of Line
    found : Widget
        Where to say how many contacts they choose.
    """

    def __init__(
        self, contacts: Contacts, frame: Callable[[], pd.DataFrame], changed: Callable[[], None]
    ) -> None:
        self._contacts, self._frame, self._changed = contacts, frame, changed
        self.lines: list[Line] = []
        self.join = widgets.Dropdown(
            options=[("all of these hold", "all"), ("any of these holds", "any")],
            description="Where",
        )
        self.add = button("Add a condition", lambda _: self.more(), "Narrow the choice")
        self._box: Widget = box_of("cf-rows")
        self.found = widgets.HTML()
        line = box_of("cf-line", self.add, self.found)
        self.widget = box_of("cf-finder", self.join, self._box, line)
        self.join.observe(lambda _: self._changed(), "value")
        self._draw()

    def more(self) -> Line:
        """Add a condition, and return it."""
        fields = wide_fields(self._contacts)
        line = Line(fields, self._contacts, self._frame, self._changed, self.less)
        self.lines.append(line)
        self._draw()
        return line

    def less(self, line: Line) -> None:
        """Take a condition away."""
        if line in self.lines:
            self.lines.remove(line)
            self._draw()
            line.close()

    def asked(self) -> tuple[Sequence[Condition], Join]:
        """Return the conditions that are complete, and how they are joined."""
        found = [condition for line in self.lines if (condition := line.condition()) is not None]
        return found, "any" if self.join.value == "any" else "all"

    def begin_anew(self, contacts: Contacts) -> None:
        """Ask the same of another snapshot."""
        self._contacts = contacts
        kept = [(line.field.value, line.question.value, line.value.value) for line in self.lines]
        old, self.lines = self.lines, []
        known = wide_fields(contacts)
        for name, question, value in kept:
            if name in known:
                self.more().ask(name, question, value)
        self._draw()
        for line in old:
            line.close()

    def _draw(self) -> None:
        put(self._box, tuple(line.widget for line in self.lines))
        show(self.join, shown=len(self.lines) > 1)
        self._changed()
