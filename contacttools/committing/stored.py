"""Stored: what the service made of what was planned, field by field. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from contacttools.contact import fields, merge, wire
from contacttools.contact.fields import Json
from contacttools.planning.change import Change

Kind = Literal["as planned", "normalised", "derived", "surprising"]

#: Extended fields that the service fills from a contact's name.
_DISPLAY = "contacts.displayBy"


def compared(change: Change, contact: Json) -> Iterator[tuple[str, Kind, Json, Json]]:
    """Yield what became of a change that was written: field, kind, planned and stored.

    Parameters
    ----------
    change : Change
        As it was sent.
    contact : dict
        The contact as it was stored.
    """
    held = wire.values(contact)
    for edit in change.edits:
        stored = held.get(edit.field)
        yield edit.field, _kind(edit.field, edit.after, stored), edit.after, stored
    yield from _derived(change, contact)


def _kind(name: str, planned: Json, stored: Json) -> Kind:
    if merge.same(name, planned, stored):
        return "as planned"
    return "normalised" if merge.stored_as(name, planned, stored) else "surprising"


def _derived(change: Change, contact: Json) -> Iterator[tuple[str, Kind, Json, Json]]:
    """Yield what the service set of its own, out of what was planned."""
    for edit in change.edits:
        listing = fields.LISTS.get(edit.field)
        for member in listing.members if listing else ():
            if not member.editable:
                sent = {item.get(member.name) for item in edit.after or ()}
                found = tuple(text for text in _texts(contact, edit.field, member) if text)
                if set(found) - sent:
                    yield f"{edit.field}.{member.name}", "derived", None, found
    if any(edit.field.startswith("name.") for edit in change.edits):
        for key, value in sorted(wire.extended_items(contact).items()):
            if key.startswith(_DISPLAY) and value:
                yield key, "derived", None, value


def _texts(contact: Json, name: str, member: fields.Field) -> Iterator[Json]:
    items = wire.items_of(contact, fields.LISTS[name])
    return (fields.dig(item, member.path) for _, item in items)
