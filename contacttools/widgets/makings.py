"""Makings: the change that a bulk edit makes, as controls: what, of which field, with what.

Widgets only: what they say is a `guided.Making`.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import ipywidgets as widgets

from contacttools.contact.fields import Field, Json
from contacttools.planning.render import escape
from contacttools.snapshot.contacts import Contacts
from contacttools.widgets import guided
from contacttools.widgets.choosing import named, wide_fields
from contacttools.widgets.editors import Widget, box_of, let_go, offer, put
from contacttools.widgets.guided import Making
from contacttools.widgets.panel import button
from contacttools.widgets.typed import label_keys, value_of

Function = Callable[[Any], Any]

KINDS = (
    ("Set to one value", "set"),
    ("Clear", "clear"),
    ("Find and replace", "replace"),
    ("Map values", "map"),
    ("Copy from another field", "copy"),
    ("Labels on and off", "labels"),
    ("A function of mine", "function"),
)
#: The controls of a change that hold something, by name.
CONTROLS = (
    "value", "old", "new", "case", "regex", "pairs", "source", "on", "off", "function", "each",
)  # fmt: skip
_WORDS = {"text", "url", "locale", "country", "enum"}
_LISTED = 500  # values filled in to be mapped


class Makings:
    """The controls of a change.

    Attributes
    ----------
    widget : Widget
    """

    def __init__(
        self,
        contacts: Contacts,
        functions: Iterable[Function],
        values: Callable[[str], Iterable[Json]],
        changed: Callable[[], None],
    ) -> None:
        self._contacts, self._given, self._values = contacts, list(functions), values
        self._changed = changed
        self._quiet = False
        self.kind = widgets.Dropdown(description="Change", options=KINDS)
        self.column = widgets.Dropdown(description="Field")
        self.value = widgets.Combobox(description="New value", continuous_update=False)
        self.old = widgets.Text(description="Find", continuous_update=False)
        self.new = widgets.Text(description="Replace by", continuous_update=False)
        self.case = widgets.Checkbox(value=True, description="Match capitals", indent=False)
        self.regex = widgets.Checkbox(description="Find is a pattern (regex)", indent=False)
        self.pairs = widgets.Textarea(
            description="Old, new", rows=7, continuous_update=False,
            placeholder="One pair a line, a tab or => between: paste two columns of a spreadsheet",
        )  # fmt: skip
        self.fill = button("Fill in what there is", self._fill, "List the values of these contacts")
        self.source = widgets.Dropdown(description="Copy from")
        self.on = widgets.Text(
            description="Put on", placeholder="labels, by name", continuous_update=False
        )
        self.off = widgets.Text(
            description="Take off", placeholder="labels, by name", continuous_update=False
        )
        self.there_are = widgets.HTML(_dom_classes=("cf-note-line",))
        self.function = widgets.Dropdown(description="Function")
        self.each = widgets.Dropdown(
            description="It is given",
            options=[("each value by itself", True), ("the whole column, a Series", False)],
        )
        self.again = button(
            "Look again", lambda _: self._draw(), "List the functions of this notebook again"
        )
        self.no_function = widgets.HTML(_dom_classes=("cf-note-line",))
        self._bodies: dict[str, tuple[Widget, ...]] = {
            "set": (self.value,),
            "clear": (),
            "replace": (self.old, self.new, box_of("cf-line", self.case, self.regex)),
            "map": (self.pairs, box_of("cf-line", self.fill)),
            "copy": (self.source,),
            "labels": (self.on, self.off, self.there_are),
            "function": (self.function, self.each, box_of("cf-line", self.again), self.no_function),
        }
        self._body: Widget = box_of("cf-rows")
        self.widget = box_of("cf-finder", self.kind, self.column, self._body)
        self.kind.observe(lambda _: self._draw(), "value")
        for control in (self.column, *(getattr(self, name) for name in CONTROLS)):
            control.observe(self._said, "value")
        self._draw()

    def close(self) -> None:
        """Let go of the widgets, those too that are not on show."""
        for part in (
            self.widget,
            self.column,
            *(each for body in self._bodies.values() for each in body),
        ):
            let_go(part)

    def begin_anew(self, contacts: Contacts) -> None:
        """Offer the fields and labels of another snapshot."""
        self._contacts = contacts
        self._draw()

    @property
    def field(self) -> Field | None:
        """The field that would change."""
        return self._fields.get(self.column.value)

    def making(self) -> Making | None:
        """Return the change as it stands; None as long as something is missing.

        Raises
        ------
        ValueError
            What was typed cannot be meant.
        """
        column, field = self.column.value, self.field
        if self.kind.value == "labels":
            return self._labels()
        if field is None:
            return None
        kinds: dict[str, Callable[[str, Field], Making | None]] = {
            "set": self._set, "clear": self._clear, "replace": self._replace, "map": self._map,
            "copy": self._copy, "function": self._function,
        }  # fmt: skip
        return kinds[self.kind.value](column, field)

    def _labels(self) -> Making | None:
        known = self._contacts.definitions
        on, off = (label_keys(box.value, known) or () for box in (self.on, self.off))
        return guided.labelled(on, off) if on or off else None

    def _set(self, column: str, field: Field) -> Making | None:
        value = value_of(field.kind, self.value.value, self._contacts.definitions)
        return None if value is None else guided.set_to(column, value)

    def _clear(self, column: str, _: Field) -> Making:
        return guided.set_to(column, None)

    def _replace(self, column: str, _: Field) -> Making | None:
        old, new = self.old.value, self.new.value
        case, regex = self.case.value, self.regex.value
        return guided.replaced(column, old, new, case=case, regex=regex) if old else None

    def _map(self, column: str, field: Field) -> Making | None:
        pairs = self._pairs(field)
        return guided.mapped(column, pairs) if pairs else None

    def _copy(self, column: str, _: Field) -> Making | None:
        return guided.copied(column, self.source.value) if self.source.value else None

    def _function(self, column: str, _: Field) -> Making | None:
        function = self.function.value
        return function and guided.made_by(column, function, each=self.each.value)

    def _pairs(self, field: Field) -> dict[Json, Json]:
        pairs: dict[Json, Json] = {}
        for line in self.pairs.value.splitlines():
            if not line.strip():
                continue
            old, between, new = line.partition("\t" if "\t" in line else "=>")
            if not between:
                why = f"“{line.strip()}” has no tab and no => between old and new"
                raise ValueError(why)
            if "\t" not in line:
                old, new = old.strip(), new.strip()
            was, then = (
                value_of(field.kind, each, self._contacts.definitions) for each in (old, new)
            )
            if was is None:
                why = f"“{line.strip()}” does not say which value: choose the empty ones instead"
                raise ValueError(why)
            if was != then:
                pairs[was] = then
        return pairs

    def _fill(self, _: object) -> None:
        if self.column.value:
            seen = dict.fromkeys(
                str(value) for value in self._values(self.column.value) if value is not None
            )
            listed = sorted(seen, key=str.casefold)[:_LISTED]
            self.pairs.value = "\n".join(f"{value} => {value}" for value in listed)

    # -- drawing ----------------------------------------------------------------------------

    @property
    def _fields(self) -> Mapping[str, Field]:
        """The fields that this kind of change can be made to."""
        known = wide_fields(self._contacts)
        return {
            name: field
            for name, field in known.items()
            if field.editable
            and field.kind != "labels"
            and (self.kind.value != "replace" or field.kind in _WORDS)
        }

    def _said(self, change: Mapping[str, Any]) -> None:
        if self._quiet:
            return
        if change["owner"] is self.column:
            self._draw()
        else:
            self._changed()

    def _draw(self) -> None:
        self._quiet = True
        try:
            self._draw_quietly()
        finally:
            self._quiet = False
        self._changed()

    def _draw_quietly(self) -> None:
        kind = self.kind.value
        offer(self.column, named(self._fields), "company")
        field = self.field
        sources = {
            name: each
            for name, each in wide_fields(self._contacts).items()
            if field is not None and each.kind != "labels" and name != field.name
        }
        offer(self.source, named(sources))
        if field is not None:
            self.value.options = list(field.choices)
            self.value.placeholder = "YYYY-MM-DD" if field.kind == "date" else ""
        offer(self.function, [(guided.name_of(each), each) for each in self._functions()])
        self.no_function.value = (
            "" if self.function.options else
            "Define a function in a cell of this notebook, then look again: "
            "<code>def tidy(text): return text.strip()</code>"
        )  # fmt: skip
        names = sorted((self._contacts.definitions.labels or {}).values(), key=str.casefold)
        listed = escape(", ".join(names))
        self.there_are.value = f"<span class='cf-quietly'>There are: {listed}</span>"
        put(self._body, self._bodies[kind])
        put(self.widget, (self.kind, *([] if kind == "labels" else [self.column]), self._body))

    def _functions(self) -> list[Function]:
        """Return the functions that were given, and those that the notebook has defined."""
        home = vars(sys.modules["__main__"])
        own = [
            each
            for name, each in home.items()
            if inspect.isfunction(each) and each.__module__ == "__main__" and name[:1] != "_"
        ]
        return list(dict.fromkeys([*self._given, *own]))
