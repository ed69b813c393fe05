"""Change: what one update of one contact would do, and how a person reads it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from functools import cached_property

from contacttools.contact import fields, merge, wire
from contacttools.contact.fields import Json
from contacttools.contact.wire import Values
from contacttools.planning import render
from contacttools.planning.planfile import RiskKind
from contacttools.planning.provenance import NONE, Provenance
from contacttools.planning.render import Row

#: How a change is called: the contact, and which of its steps.
Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Edit:
    """One field of one contact: what it held, and what it is to hold (None: cleared).

    Where it comes from rides beside: edits that do the same are equal.
    """

    field: str
    before: Json
    after: Json
    provenance: Provenance = dataclass_field(default=NONE, compare=False)

    @property
    def reason(self) -> str:
        """Why it is wanted, in one line; empty where nobody said."""
        return self.provenance.reason


@dataclass(frozen=True)
class Change:
    """Everything one update of one contact would do.

    Attributes
    ----------
    contact_id : str
    revision : int
        The revision the edits were made on, and the only one they will be written to.
    edits : tuple of Edit
        In the order of their field names.
    base : dict
        What could be written of the contact at that revision, by field name.
    name : str
        What a person would call the contact.
    step, steps : int
        Which of the contact's updates in this plan, and of how many: an exchange of e-mails
        takes two. The second is made on what the first one leaves.
    needs : tuple of (str, int)
        The changes, by `key`, that have to be written before this one may be sent.
    allow_duplicates : str or None
        Why a person lets this contact share its e-mail or phone; None when nobody does.
    """

    contact_id: str
    revision: int
    edits: tuple[Edit, ...]
    base: Values
    name: str = ""
    step: int = 1
    steps: int = 1
    needs: tuple[Key, ...] = ()
    allow_duplicates: str | None = None

    @property
    def key(self) -> Key:
        """What names this change within its plan."""
        return self.contact_id, self.step

    @cached_property
    def carried(self) -> Values:
        """The unchanged values that travel along, so that nothing is lost by any reading.

        Whether the service merges or replaces a name and the extended fields is not
        documented: both parts and every custom field that was read are sent again.
        """
        touched = {edit.field for edit in self.edits}
        carried: Values = {}
        for group in ("name.", "custom."):
            if any(name.startswith(group) for name in touched):
                carried |= {
                    name: value
                    for name, value in sorted(self.base.items())
                    if name.startswith(group) and name not in touched
                }
        return carried

    @cached_property
    def writes(self) -> Values:
        """Every field that is sent, with the value it is to hold."""
        return {edit.field: edit.after for edit in self.edits} | self.carried

    def info(self) -> Json:
        """Return the ``info`` of the update."""
        return wire.info(self.writes)

    def identity(self) -> Json:
        """Return what the plan's id covers of this change."""
        identity = [
            self.contact_id,
            self.revision,
            [[edit.field, edit.before, edit.after] for edit in self.edits],
            sorted(self.carried.items()),
        ]
        special = [self.step, self.steps, self.needs, self.allow_duplicates]
        return identity if special == [1, 1, (), None] else [*identity, special]

    def rows(self) -> Iterator[Row]:
        """Yield the edits as rows, lists item by item."""
        for edit in self.edits:
            yield from rows_of(self.contact_id, edit)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A contact that was staged and is not planned, with the reason."""

    contact_id: str
    field: str | None
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Risk:
    """Something about one contact's change that a person should have read before approving."""

    kind: RiskKind
    contact_id: str
    field: str
    text: str

    @property
    def title(self) -> str:
        """What all risks of its kind have in common, in words."""
        return _RISKS[self.kind]


def rows_of(contact_id: str, edit: Edit) -> Iterator[Row]:
    """Yield what one edit does, one row per scalar or per item of a list."""
    for row in _rows_of(contact_id, edit):
        yield replace(row, provenance=edit.provenance) if edit.provenance else row


def _rows_of(contact_id: str, edit: Edit) -> Iterator[Row]:
    if edit.field in fields.LISTS:
        yield from _item_rows(contact_id, edit)
    elif edit.field == fields.LABELS.name:
        before, after = edit.before or (), edit.after or ()
        for key in before:
            if key not in after:
                yield Row(contact_id, key, edit.field, "removed", key, None)
        for key in after:
            if key not in before:
                yield Row(contact_id, key, edit.field, "added", None, key)
    else:
        kind: render.Kind = "changed"
        if edit.before is None:
            kind = "added"
        elif edit.after is None:
            kind = "cleared"
        yield Row(contact_id, None, edit.field, kind, edit.before, edit.after)


def _item_rows(contact_id: str, edit: Edit) -> Iterator[Row]:
    listing = fields.LISTS[edit.field]
    for change in merge.item_changes(edit.field, edit.before, edit.after):
        before, after = item_text(listing, change.before), item_text(listing, change.after)
        if change.kind == "changed" and (listing.name == "addresses" or before == after):
            before = parts_text(listing, change.before)
            after = parts_text(listing, change.after)
        yield Row(contact_id, change.item_id, edit.field, change.kind, before, after)


def item_text(listing: fields.ListField, item: Json | None) -> str | None:
    """Return an item on one line: its value, then what qualifies it."""
    if item is None:
        return None
    if listing.name == "addresses":
        street = item.get("addressLine") or " ".join(
            str(item[name])
            for name in ("streetAddress.number", "streetAddress.name", "streetAddress.apt")
            if item.get(name)
        )
        shown = [street, *(item.get(name) for name in _ADDRESS_PARTS)]
        geocode = [item.get("geocode.latitude"), item.get("geocode.longitude")]
        if any(part is not None for part in geocode):
            shown.append(" / ".join("?" if part is None else str(part) for part in geocode))
        value = ", ".join(str(part) for part in shown if part)
        value = value or str(item.get("formattedAddress") or "(empty)")
    else:
        value = str(item.get(listing.value) or "(empty)")
    if value.endswith(")"):
        value = f"“{value}”"  # or what qualifies the item could not be told from its value
    marks = [item.get("countryCode"), item.get("tag") if item.get("tag") != "UNTAGGED" else None]
    told = ", ".join(str(mark) for mark in marks if mark)
    return f"{value} ({told})" if told else value


def parts_text(listing: fields.ListField, item: Json) -> str:
    """Return an item with each part under its name: what one line of values would blur."""
    return ", ".join(
        f"{member.label}: “{item[member.name]}”"
        for member in listing.editable
        if member.name != "primary" and item.get(member.name) not in (None, "UNTAGGED")
    )


_ADDRESS_PARTS = ("addressLine2", "city", "subdivision", "postalCode", "country", "hint")

_RISKS: dict[RiskKind, str] = {
    "primary": "The primary e-mail or phone moves, and with it which subscription status applies",
    "allowed": "An e-mail or phone that another contact has as well, allowed with a reason",
    "claimed": "A phone that another contact has as well, newly; the service will not object",
    "shared": (
        "An e-mail or phone is shared with another contact and stays so: "
        "the service may refuse it as a duplicate"
    ),
    "doubtful": "A new e-mail or phone does not look like one, or stands twice in one contact",
    "exchange": "Contacts that exchange an e-mail or phone: one of them is written in two steps",
    "evidence": (
        "That the update was ours is known from the contact only, not from an answer: "
        "somebody else may have made the same one; ask before you take it back"
    ),
    "loss": "What this version does not know cannot be sent back with its list and may be lost",
}
