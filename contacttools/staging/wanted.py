"""Wanted: what a person asks for, as values to stage, checked by the field table. Pure.

It stages nothing: given what the contacts hold with all that is staged, it says what would have to
be staged, or raises what is wrong, with the contact, the field and the next step.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping

from contacttools.contact import fields, merge, wire
from contacttools.contact.fields import Field, Json
from contacttools.errors import BadValue, ReadOnlyField, StagingError, UnknownField
from contacttools.snapshot import frames
from contacttools.snapshot.contacts import Contacts
from contacttools.snapshot.frames import Table
from contacttools.staging import intake, items
from contacttools.staging.intake import Finding, RowEdit
from contacttools.staging.steps import Put, Staged


class Wanted:
    """What is asked of the contacts of one snapshot.

    Parameters
    ----------
    contacts : Contacts
    held : callable
        Gives the value of a contact's field, with what is staged.
    document : callable
        Gives a contact with what is staged.
    provisional : callable
        Gives the id that a new item has until it is written.
    """

    def __init__(
        self,
        contacts: Contacts,
        held: Callable[[str, str], Json],
        document: Callable[[str], Json],
        provisional: Callable[[], str],
    ) -> None:
        self._contacts, self._held, self._document = contacts, held, document
        self._provisional = provisional

    def labelled(self, contact_id: str, added: tuple[str, ...], removed: tuple[str, ...]) -> Put:
        """Return what to stage for labels on and off one contact, by their keys."""
        self._labels_exist(contact_id, added)
        kept = [key for key in self._held(contact_id, "labelKeys") or () if key not in removed]
        value = self._clean(contact_id, fields.LABELS, [*kept, *added])
        return contact_id, fields.LABELS.name, value or None

    def gather(
        self, reading: intake.Reading, table: Table | None, shown: Staged
    ) -> tuple[list[Put], list[Finding]]:
        """Turn what rows ask for into values to stage, contact by contact."""
        puts: list[Put] = []
        findings = list(reading.findings)
        for edit, rows in _by_contact(reading.edits).items():
            asked = [row for row in rows if row.sets or row.removed or _is_new(row, table)]
            if not asked:
                continue
            try:
                if table is None:
                    puts += self.values(edit, asked[0].sets, shown.get(edit, {}))
                else:
                    puts += self.applied(table, asked)
            except StagingError as error:
                findings += [intake.refuse(row.row, error) for row in asked]
            else:
                findings += [
                    Finding(row.row, edit, name, "staged")
                    for row in asked
                    for name in (row.sets or {table or "": None})
                ]
        return puts, findings

    def values(
        self,
        contact_id: str,
        values: Mapping[str, Json],
        shown: Mapping[str, Json] | None = None,
    ) -> list[Put]:
        """Return what to stage for values given by column name.

        `shown` is what was staged when the frame they come from was laid out.
        """
        document = self._contacts.document(contact_id)
        if not isinstance(values, Mapping):
            why = f"contact {contact_id}: expected a dict of values by field name"  # type: ignore[unreachable]
            raise BadValue(why, contact_id=contact_id)
        puts: dict[str, Json] = {}
        for name, given in values.items():
            value = self._clean(contact_id, self._contacts.field(name), given)
            if name == fields.LABELS.name:
                self._labels_exist(contact_id, value or ())
                value = value or None
            if name in fields.SHORTCUTS:
                listing, member = fields.SHORTCUTS[name]
                held = self._held(contact_id, listing)
                own = wire.value(document, listing)
                was = held if shown is None else shown.get(listing, own)
                puts[listing] = self._set_value(
                    contact_id, listing, member, value, merge.primary(was)
                )
            else:
                puts[name] = value
        return [(contact_id, name, value) for name, value in puts.items()]

    def _clean(self, contact_id: str, field: Field, value: Json) -> Json:
        if not field.editable:
            why = f"contact {contact_id}: {frames.why_fixed(field.name)}"
            raise ReadOnlyField(why, contact_id=contact_id, field=field.name)
        value = frames.plain(value)
        if value is None:
            return None
        try:
            return field.clean(value)
        except ValueError as error:
            why = f"contact {contact_id}: {field.name} {error}"
            raise BadValue(why, contact_id=contact_id, field=field.name) from None

    def _set_value(
        self, contact_id: str, name: str, member: str, value: Json, meant: Json | None
    ) -> Json:
        """Return a list in which the item that was meant holds another value, or is gone."""
        listing = fields.LISTS[name]
        held = {item["id"]: item for item in self._held(contact_id, name) or ()}
        sets = {member: value} if meant or held else {member: value, "primary": True}
        row = RowEdit(intake.WHOLE, contact_id, meant and meant["id"], sets, removed=value is None)
        if meant is None and value is None:
            return tuple(held.values()) or None
        return items.changed(listing, held, [row], self._new_item)

    def _new_item(self, values: Mapping[str, Json]) -> Json:
        return {"id": self._provisional(), "tag": "UNTAGGED", **values}

    def _labels_exist(self, contact_id: str, keys: Iterable[str]) -> None:
        known = self._contacts.definitions.labels
        held = wire.label_keys(self._contacts.document(contact_id))
        for key in keys:
            self._clean(contact_id, fields.LABELS, (key,))
            if known is None and "." not in key and key not in held:
                why = (
                    f"contact {contact_id}: labelKeys: the names of labels are not known here "
                    f"(the key may not see them, or a file was read); {key!r} is no key, which "
                    "looks like 'custom.vip'"
                )
                raise BadValue(why, contact_id=contact_id, field=fields.LABELS.name)
            if known is not None and key not in known and key not in held:
                near = difflib.get_close_matches(key, known, n=3, cutoff=0.5)
                listed = ", ".join(sorted(known)[:8])
                hint = (
                    f"did you mean {' or '.join(near)}?"
                    if near
                    else "site.find_or_create_label(name) creates one, for the next site.fetch(); "
                    f"or use one of {listed}"
                )
                why = f"contact {contact_id}: labelKeys: there is no label {key!r}; {hint}"
                raise BadValue(why, contact_id=contact_id, field=fields.LABELS.name)

    def list_name(self, name: str) -> str:
        """Return the field that a table, a column or a shortcut is staged under."""
        if name in fields.LISTS:
            return name
        if name in fields.SHORTCUTS:
            return fields.SHORTCUTS[name][0]
        return fields.LABELS.name if name == "labels" else self._contacts.field(name).name

    def item(self, contact_id: str, table: Table, values: Mapping[str, Json]) -> dict[str, Json]:
        """Check the members of an item by the columns of its table."""
        columns = frames.tidy_columns(frames.known_table(table))
        cleaned: dict[str, Json] = {}
        for name, value in values.items():
            if name not in columns or name in {"contactId", "itemId", "position", "revision"}:
                open_to_edit = [
                    key for key, each in columns.items() if each is None or each.editable
                ]
                why = (
                    f"contact {contact_id}: {table} has no {name!r} to set; "
                    f"it has {', '.join(open_to_edit)}"
                )
                raise UnknownField(why, contact_id=contact_id, field=name)
            field = columns[name]
            if field is None or (table == "extendedFields" and name == "key"):
                cleaned[name] = frames.plain(value)
            else:
                cleaned[name] = self._clean(contact_id, field, value)
        return cleaned

    def known_item(self, contact_id: str, table: Table, item_id: str) -> None:
        """Raise UnknownField where a list has no item of this id."""
        document = self._document(contact_id)
        if frames.known_table(table) == "extendedFields":  # one that is cleared is known as well
            known = list(wire.extended_items(document))
        else:
            known = frames.item_ids(table, document)
        if item_id not in known:
            why = (
                f"contact {contact_id}: {table} has no item {item_id!r}; "
                f"stage.to_frame({table!r}) lists them"
            )
            raise UnknownField(why, contact_id=contact_id, field=table)

    def applied(self, table: Table, rows: list[RowEdit]) -> list[Put]:
        """Return what to stage when these rows of one contact are carried out together."""
        contact_id = rows[0].contact_id
        self._contacts.document(contact_id)
        if table == "labels":
            return self._apply_labels(contact_id, rows)
        if table == "extendedFields":
            return self._apply_extended(contact_id, rows)
        listing = fields.LISTS[frames.known_table(table)]
        held = {item["id"]: item for item in self._held(contact_id, listing.name) or ()}
        return [(contact_id, listing.name, items.changed(listing, held, rows, self._new_item))]

    def _apply_labels(self, contact_id: str, rows: list[RowEdit]) -> list[Put]:
        keys = list(self._held(contact_id, "labelKeys") or ())
        for row in rows:
            new = row.sets.get("key")
            if row.item_id is None and new is None:
                raise items.bad(contact_id, "labels", "a new row needs a label key in column key")
            if (row.removed or "key" in row.sets) and row.item_id in keys:
                keys.remove(row.item_id)
            if new is not None:
                self._labels_exist(contact_id, (new,))
                keys.append(new)
        value = self._clean(contact_id, fields.LABELS, keys)
        return [(contact_id, "labelKeys", value or None)]

    def _apply_extended(self, contact_id: str, rows: list[RowEdit]) -> list[Put]:
        values: dict[str, Json] = {}
        for row in rows:
            key = row.item_id or row.sets.get("key")
            if row.item_id is None and (key is None or row.sets.get("value") is None):
                raise items.bad(contact_id, "extendedFields", "a new row needs a key and a value")
            if key not in self._contacts.extended:
                near = difflib.get_close_matches(str(key), self._contacts.extended, n=3)
                hint = f"did you mean {' or '.join(near)}?" if near else "define it on the site"
                why = f"contact {contact_id}: no extended field {key!r}; {hint}"
                raise UnknownField(why, contact_id=contact_id, field=str(key))
            values[str(key)] = None if row.removed else row.sets.get("value")
        return [
            (contact_id, key, self._clean(contact_id, self._contacts.extended[key], value))
            for key, value in values.items()
        ]


def _is_new(row: RowEdit, table: Table | None) -> bool:
    return table is not None and row.item_id is None


def _by_contact(rows: Iterable[RowEdit]) -> dict[str, list[RowEdit]]:
    grouped: dict[str, list[RowEdit]] = {}
    for row in rows:
        grouped.setdefault(row.contact_id, []).append(row)
    return grouped
