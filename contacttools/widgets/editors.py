"""Editors: one contact as a page of controls, each of which makes one call on the stage.

A control belongs to one contact, and one item of it, for as long as it lives: while the kernel
is busy a browser may send what was typed only after another contact is shown, and it must
never land there. Widgets only; what a control shows is what the stage holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import ipywidgets as widgets

from contacttools.contact import fields, merge, wire
from contacttools.contact.fields import Field, Json, ListField
from contacttools.errors import StagingError
from contacttools.planning import render
from contacttools.planning.change import Edit, item_text, rows_of
from contacttools.planning.render import escape
from contacttools.staging.stage import Stage, called

#: A widget of ipywidgets, which ships no types.
Widget = Any

_LONG = 90  # characters; what is longer, or has lines, gets a box of several lines
_LISTED = 1000  # labels offered while typing; any other is taken by its key all the same
_HINTS = {"date": "YYYY-MM-DD", "locale": "en-us", "url": "https://…", "country": "US"}


class Page:
    """The controls of one contact.

    Attributes
    ----------
    widget : Widget
    parts : dict of str to part
        By field name, such as ``jobTitle``, ``emails`` or ``labelKeys``.
    """

    def __init__(self, stage: Stage, contact_id: str) -> None:
        self.contact_id = contact_id
        self._stage = stage
        extended = stage.contacts.extended.values()
        scalars = {field.name: Scalar(stage, contact_id, field) for field in _scalars()}
        reach = {
            name: Items(stage, contact_id, fields.LISTS[name]) for name in ("emails", "phones")
        }
        labels = Labels(stage, contact_id)
        more = {
            field.name: Scalar(stage, contact_id, field) for field in extended if field.editable
        }
        self.parts: dict[str, Part] = {**scalars, **reach, "labelKeys": labels, **more}
        self._addresses = Lines(stage, contact_id, "addresses")
        document = stage.contacts.document(contact_id)
        self._title: Widget = widgets.HTML()
        self.widget = box_of(
            "cf-page",
            self._title,
            *(part.box for part in scalars.values()),
            *_section("E-mails", reach["emails"].box),
            *_section("Phones", reach["phones"].box),
            *_section("Addresses", self._addresses.box),
            *_section("Labels", labels.box),
            *_section("More fields", *(part.box for part in more.values())),
            widgets.HTML(_owned_lines(document, extended)),
        )

    def draw(self) -> None:
        """Show what the stage holds now."""
        name = called(self._stage.document(self.contact_id)) or "(no name)"
        self._title.value = heading(f"Contact · {name}")
        clashes = self._stage.clashes()
        clashing = set(clashes.loc[clashes["contactId"] == self.contact_id, "field"])
        for name, part in (*self.parts.items(), ("addresses", self._addresses)):
            part.draw(clashing=name in clashing)

    def unstaged(self) -> list[str]:
        """Return the fields in which something was typed that could not be staged."""
        return [
            part.label
            for part in self.parts.values()
            if any(control.problem for control in part.all_controls())
        ]

    def close(self) -> None:
        """Let go of the widgets."""
        let_go(self.widget)
        for part in self.parts.values():
            let_go(part.revert)
            let_go(part.note)


class Control:
    """A control bound to one value: it shows what is held, and asks for what a person makes of it.

    Attributes
    ----------
    widget : Widget
    problem : str
        Why what stands in it could not be staged; empty when it could.
    """

    def __init__(
        self,
        widget: Widget,
        held: Callable[[], Json],
        ask: Callable[[Any], object],
        told: Callable[[], None],
    ) -> None:
        self.widget = widget
        self.problem = ""
        self._held, self._ask, self._told = held, ask, told
        self._shown = widget.value
        widget.observe(self._changed, "value")

    def draw(self) -> None:
        """Show the value held, where it is another than the one shown last: bad text stays."""
        if (now := self._held()) != self._shown:
            self._show(now)

    def reset(self) -> None:
        """Show the value held, whatever was typed."""
        self._show(self._held())
        self._told()

    def _show(self, value: Json) -> None:
        self._shown, self.problem = value, ""
        self.widget.value = value

    def _changed(self, _: object) -> None:
        typed, self.problem = self.widget.value, ""
        if typed != self._held():
            try:
                self._ask(typed)
            except StagingError as error:
                self.problem = _reason(error)
            else:
                self._show(self._held())
        self._told()


class Part:
    """A field with what there is to say about it: what is staged, what is wrong, the way back."""

    def __init__(self, stage: Stage, contact_id: str, name: str, label: str) -> None:
        self.box = box_of("cf-part")
        self.revert: Widget = widgets.Button(
            description="Revert", tooltip=f"Unstage: {label}", _dom_classes=("cf-revert",)
        )
        self.revert.on_click(self._take_back)
        self.note: Widget = widgets.HTML(_dom_classes=("cf-note-line",))
        self.controls: list[Control] = []
        self._stage, self._contact_id, self._name = stage, contact_id, name
        self.label = label
        self._clashing = False

    def all_controls(self) -> Iterator[Control]:
        """Yield every control of the field, those of its items too."""
        yield from self.controls

    def draw(self, *, clashing: bool) -> None:
        """Show what the stage holds now."""
        self._clashing = clashing
        for control in self.controls:
            control.draw()
        self.remark()

    def remark(self) -> None:
        """Say what is staged and what is wrong."""
        told = [*self._conflict(), *self._staged(), *_problems(self.controls)]
        self.note.value = "<br>".join(told)
        body = self._body()
        put(self.box, (*body, self.revert, self.note) if told else body)
        mark = self.box.add_class if self._is_staged() else self.box.remove_class
        mark("cf-staged")

    def _body(self) -> tuple[Widget, ...]:
        return tuple(control.widget for control in self.controls)

    def _is_staged(self) -> bool:
        return self._name in self._stage.staged(self._contact_id)

    def _base(self) -> Json:
        return wire.value(self._stage.contacts.document(self._contact_id), self._name)

    def _held(self) -> Json:
        return self._stage.value(self._contact_id, self._name)

    def _conflict(self) -> Iterable[str]:
        if self._clashing:
            yield "<span class='cf-badge cf-wrong'>conflict</span> decide at the top of the form"

    def _staged(self) -> Iterable[str]:
        if not self._is_staged():
            return
        base = self._base()
        edit = Edit(self._name, base, merge.settle(self._name, base, self._held()))
        told = "; ".join(self._row(row) for row in rows_of(self._contact_id, edit))
        yield f"<span class='cf-badge'>staged</span> {told}"

    def _row(self, row: render.Row) -> str:
        was = f"<del>{escape(row.before)}</del>" if row.before is not None else ""
        now = f"<ins>{escape(row.after)}</ins>" if row.after is not None else ""
        return f"{row.kind} {was}{' → ' if was and now else ''}{now}"

    def _take_back(self, _: object) -> None:
        self._stage.unstage(self._contact_id, self._name)
        for control in self.controls:
            control.reset()


class Scalar(Part):
    """A field of one value, as text in a box."""

    def __init__(self, stage: Stage, contact_id: str, field: Field) -> None:
        super().__init__(stage, contact_id, field.name, field.label)
        self._field = field
        shown = self._shown()
        several = "\n" in shown or len(shown) > _LONG
        box = (widgets.Textarea if several else widgets.Text)(
            shown,
            description=render.visible(field.label),
            placeholder=_HINTS.get(field.kind, ""),
            continuous_update=False,
        )
        self.controls = [Control(box, self._shown, self._ask, self.remark)]
        self.remark()

    @property
    def control(self) -> Widget:
        """The widget that a person types into."""
        return self.controls[0].widget

    def _shown(self) -> str:
        value = self._held()
        return "" if value is None else str(value)

    def _ask(self, typed: str) -> None:
        self._stage.edit(self._contact_id, {self._name: _read(self._field, typed)})

    def _row(self, row: render.Row) -> str:
        was = "empty" if row.before is None else f"<del>{escape(row.before)}</del>"
        return f"was {was}{'; will be cleared' if row.after is None else ''}"


class Items(Part):
    """A list of e-mails or phones, one line an item, and a line to add one."""

    def __init__(self, stage: Stage, contact_id: str, listing: ListField) -> None:
        super().__init__(stage, contact_id, listing.name, listing.label)
        self._listing = listing
        self.rows: dict[str, Row] = {}
        add = widgets.Text(
            description=f"Add {listing.singular}",
            placeholder="type, then Enter",
            continuous_update=False,
        )
        self.controls = [Control(add, str, self._add, self.remark)]
        self._lines = box_of("cf-rows")
        self.draw(clashing=False)

    @property
    def add(self) -> Widget:
        """The box that takes a new item."""
        return self.controls[0].widget

    def draw(self, *, clashing: bool) -> None:
        """Show the items that the stage holds now."""
        items = {item["id"]: item for item in self._held() or () if "id" in item}
        gone = [self.rows.pop(known) for known in list(self.rows) if known not in items]
        for item_id in items:
            if item_id not in self.rows:
                self.rows[item_id] = Row(self, item_id)
        for number, item_id in enumerate(items, 1):
            self.rows[item_id].draw(number)
        put(self._lines, tuple(self.rows[item_id].box for item_id in items))
        for row in gone:
            row.close()
        super().draw(clashing=clashing)

    def all_controls(self) -> Iterator[Control]:
        """Yield every control of the list, line by line."""
        yield from self.controls
        for row in self.rows.values():
            yield from row.controls.values()

    def item(self, item_id: str) -> Json:
        """Return an item as the stage holds it; empty when it has gone."""
        return next((each for each in self._held() or () if each.get("id") == item_id), {})

    def tags(self) -> list[tuple[str, str]]:
        """Return the tags to choose from; one this version does not know is kept and says so."""
        known = self._listing.by_name["tag"].choices
        found = {str(item.get("tag") or known[0]) for item in (*(self._base() or ()), *self._all())}
        strange = sorted(found - set(known))
        return [(tag.capitalize(), tag) for tag in known] + [
            (f"{render.visible(tag)} (unknown)", tag) for tag in strange
        ]

    def _all(self) -> tuple[Json, ...]:
        return tuple(self._held() or ())

    def edit(self, item_id: str, member: Field, value: Json) -> None:
        """Stage another value of one member of an item."""
        self._stage.edit_item(
            self._contact_id, self._table(), item_id, {member.name: value or None}
        )

    def is_primary(self, item_id: str) -> bool:
        """Say whether an item is the one that counts first."""
        return bool((merge.primary(self._held()) or {}).get("id") == item_id)

    def make_primary(self, item_id: str) -> None:
        """Stage that an item counts first."""
        if not self.is_primary(item_id):
            self._stage.make_primary(self._contact_id, self._table(), item_id)

    def remove(self, item_id: str) -> None:
        """Stage that an item goes."""
        if self.item(item_id):  # not yet gone by an earlier click
            self._stage.remove(self._contact_id, self._table(), item_id)

    @property
    def listing(self) -> ListField:
        """Which list it is."""
        return self._listing

    def _table(self) -> Json:
        return self._listing.name

    def _add(self, typed: str) -> None:
        self._stage.add(self._contact_id, self._table(), {self._listing.value: typed})

    def _body(self) -> tuple[Widget, ...]:
        return (self._lines, self.add)

    def _take_back(self, _: object) -> None:
        super()._take_back(_)
        for row in self.rows.values():
            row.reset()


class Row:
    """One item of a list: its members, whether it is primary, and Remove."""

    def __init__(self, owner: Items, item_id: str) -> None:
        self._owner, self._id = owner, item_id
        members = (m for m in owner.listing.editable if m.kind != "flag")
        self.controls = {member.name: self._control(member) for member in members}
        self.primary = widgets.Button(_dom_classes=("cf-primary",))
        self.primary.on_click(lambda _: owner.make_primary(item_id))
        self.remove = widgets.Button(description="Remove")
        self.remove.on_click(lambda _: owner.remove(item_id))
        self._note = widgets.HTML(_dom_classes=("cf-note-line",))
        self.box = box_of(f"cf-row cf-{owner.listing.name}")

    def __getitem__(self, member: str) -> Widget:
        return self.controls[member].widget

    def draw(self, number: int) -> None:
        """Show the item as the stage holds it, under its number in the list."""
        called = f"{self._owner.listing.singular} {number}"
        for name, control in self.controls.items():
            # Read by screen readers only: the column says to the eye what it is.
            control.widget.description = f"{self._owner.listing.by_name[name].label} of {called}"
            control.draw()
        chosen = self._owner.is_primary(self._id)
        self.primary.description = "● Primary" if chosen else "○ Primary"
        self.primary.tooltip = f"{'This is' if chosen else 'Make this'} the primary one: {called}"
        self.remove.tooltip = f"Remove {called}"
        self.remark()

    def remark(self) -> None:
        """Say what is wrong."""
        told = list(_problems(self.controls.values()))
        self._note.value = "<br>".join(told)
        body = (*(c.widget for c in self.controls.values()), self.primary, self.remove)
        put(self.box, (*body, self._note) if told else body)

    def reset(self) -> None:
        """Show the item as the stage holds it, whatever was typed."""
        for control in self.controls.values():
            control.reset()

    def close(self) -> None:
        """Let go of the widgets."""
        let_go(self.box)
        let_go(self._note)

    def _control(self, member: Field) -> Control:
        def held() -> str:
            value = self._owner.item(self._id).get(member.name)
            return str(value or (member.choices[0] if member.choices else ""))

        if member.kind == "enum":
            widget = widgets.Dropdown(options=self._owner.tags(), value=held())
        else:
            hint = _HINTS.get(member.kind, "")
            widget = widgets.Text(held(), placeholder=hint, continuous_update=False)
        return Control(
            widget, held, lambda typed: self._owner.edit(self._id, member, typed), self.remark
        )


class Labels(Part):
    """The labels, each with a way off, and a box to put on another by its name."""

    def __init__(self, stage: Stage, contact_id: str) -> None:
        super().__init__(stage, contact_id, fields.LABELS.name, fields.LABELS.label)
        names = stage.contacts.definitions.labels or {}
        seen = list(names.values())
        # Two labels may be called the same; then the key tells them apart.
        self._names = {
            key: name if seen.count(name) == 1 else f"{name} ({key})" for key, name in names.items()
        }
        self._keys = {name: key for key, name in self._names.items()}
        box = widgets.Combobox(
            description="Add label",
            options=tuple(self._keys)[:_LISTED],
            placeholder="type or choose a name, then Enter",
            continuous_update=False,
        )
        self.controls = [Control(box, str, self._add, self.remark)]
        self._chips = box_of("cf-chips-line")
        self.chips: dict[str, Widget] = {}
        self.draw(clashing=False)

    @property
    def add(self) -> Widget:
        """The box that takes a label's name."""
        return self.controls[0].widget

    def draw(self, *, clashing: bool) -> None:
        """Show the labels that the stage holds now."""
        held = self._held() or ()
        gone = [self.chips.pop(known) for known in list(self.chips) if known not in held]
        for key in held:
            if key not in self.chips:
                self.chips[key] = self._chip(key)
        put(self._chips, tuple(self.chips[key] for key in held))
        for chip in gone:
            chip.close()
        super().draw(clashing=clashing)

    def _chip(self, key: str) -> Widget:
        name = render.visible(self._names.get(key, key))
        chip = widgets.Button(
            description=f"{name} ✕", tooltip=f"Take off {name} ({key})", _dom_classes=("cf-chip",)
        )
        chip.on_click(lambda _: self._stage.label(self._contact_id, remove=key))
        return chip

    def _row(self, row: render.Row) -> str:
        return f"{row.kind} {escape(self._names.get(key := str(row.item_id), key))}"

    def _add(self, typed: str) -> None:
        self._stage.label(self._contact_id, add=self._keys.get(typed, typed))

    def _body(self) -> tuple[Widget, ...]:
        return (*((self._chips,) if self.chips else ()), self.add)


class Lines(Part):
    """A list to read: its items as lines of text."""

    def __init__(self, stage: Stage, contact_id: str, name: str) -> None:
        super().__init__(stage, contact_id, name, fields.label(name))
        self._text: Widget = widgets.HTML()
        self.draw(clashing=False)

    def remark(self) -> None:
        """Show the items and what is staged."""
        listing = fields.LISTS[self._name]
        lines = [escape(item_text(listing, item)) for item in self._held() or ()]
        self._text.value = "".join(
            f"<div class='cf-read'>{line}</div>" for line in lines or ["None"]
        )
        super().remark()

    def _body(self) -> tuple[Widget, ...]:
        return (self._text,)


def _scalars() -> Iterable[Field]:
    return fields.SCALARS.values()


def _read(field: Field, typed: str) -> Json:
    """Return what a person means by a text; what cannot be read is left for the stage to refuse."""
    if not typed:
        return None
    if field.kind == "number":
        return fields.number_of(typed)
    return typed


def _reason(error: StagingError) -> str:
    """Return what a refusal says, without the name of the contact that is on show."""
    return str(error).removeprefix(f"contact {error.contact_id}: ")


def _problems(controls: Iterable[Control]) -> Iterable[str]:
    for control in controls:
        mark = control.widget.add_class if control.problem else control.widget.remove_class
        mark("cf-bad")
        if control.problem:
            yield (
                "<span role='alert'><span class='cf-badge cf-wrong'>not staged</span> "
                f"{escape(control.problem)}</span>"
            )


def _owned_lines(document: Json, extended: Iterable[Field]) -> str:
    known = [*fields.OWNED.values(), *(field for field in extended if not field.editable)]
    held = [(field.label, fields.dig(document, field.path)) for field in known]
    lines = "".join(
        f"<tr><th scope='row'>{escape(label)}</th><td>{escape(value)}</td></tr>"
        for label, value in held
        if value not in (None, "")
    )
    return (
        f"<details class='cf-owned'><summary>Set by the service · revision "
        f"{escape(document['revision'])}</summary><table><tbody>{lines}</tbody></table></details>"
    )


def _section(title: str, *children: Widget) -> tuple[Widget, ...]:
    if not children:
        return ()
    return (widgets.HTML(heading(title)), *children)


def heading(title: str) -> str:
    """Return the title of a part, in HTML."""
    return f"<div class='cf-title' role='heading' aria-level='3'>{escape(title)}</div>"


def box_of(classes: str, *children: Widget) -> Widget:
    """Return a box of these widgets, dressed by these classes."""
    return widgets.Box(children, _dom_classes=tuple(classes.split()))


def put(box: Widget, children: tuple[Widget, ...]) -> None:
    """Fill a box; where nothing is new, what is in it keeps its place and the focus."""
    if box.children != children:
        box.children = children


def let_go(widget: Widget) -> None:
    """Close a widget and all that is in it."""
    for child in getattr(widget, "children", ()):
        let_go(child)
    widget.close()


def offer(menu: Widget, options: list[tuple[str, Any]], usual: object = None) -> None:
    """Offer other options, and keep what is chosen where it is among them; else the usual one."""
    if list(menu.options) == options:
        return
    chosen, values = menu.value, [value for _, value in options]
    menu.options = options
    wanted = chosen if chosen in values else usual
    menu.index = values.index(wanted) if wanted in values else 0 if options else None
