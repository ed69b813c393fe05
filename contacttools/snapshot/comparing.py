"""Comparing: what has changed between two snapshots. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import pandas as pd

from contacttools.contact import fields, merge, wire
from contacttools.contact.fields import Json
from contacttools.snapshot import frames

Kind = Literal["new contact", "gone", "added", "changed", "cleared", "removed"]

_COLUMNS = ("contactId", "itemId", "field", "kind", "before", "after")


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that is another one in the later snapshot.

    Attributes
    ----------
    contact_id : str
    item_id : str or None
        The item of a list that it is in.
    field : str
        ``company``, ``phones.phone``, ``labelKeys``; empty for a whole contact.
    kind : str
        "new contact", "gone", "added", "changed", "cleared", "removed".
    before, after : value
        None where there was, or is, none.
    """

    contact_id: str
    item_id: str | None
    field: str
    kind: Kind
    before: Json
    after: Json


class Differences:
    """What has changed between two snapshots.

    Attributes
    ----------
    differences : tuple of Difference
        Those of one contact together, in the order of the later snapshot; contacts that are gone
        come last.
    """

    def __init__(
        self,
        before: Mapping[str, Json],
        after: Mapping[str, Json],
        between: tuple[datetime, datetime],
    ) -> None:
        self._between = between
        self.differences = tuple(_differences(before, after))

    def __len__(self) -> int:
        return len(self.differences)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per value: ``contactId``, ``itemId``, ``field``, ``kind``, ``before``,
        ``after``.
        """  # noqa: D205 - the columns are one list
        rows = [
            (each.contact_id, each.item_id, each.field, each.kind, each.before, each.after)
            for each in self.differences
        ]
        frame = pd.DataFrame(rows, columns=list(_COLUMNS), dtype=object)
        return frame.astype(dict.fromkeys(("contactId", "itemId", "field", "kind"), "str"))

    def __repr__(self) -> str:
        contacts = len({each.contact_id for each in self.differences})
        kinds = Counter(each.kind for each in self.differences)
        told = ", ".join(
            f"{n:,} {kind}{'s' * (kind == 'new contact' and n > 1)}"
            for kind, n in kinds.most_common()
        )
        between = " and ".join(f"{each:%Y-%m-%d %H:%M}" for each in self._between)
        return f"<Differences of {contacts:,} contacts between {between} UTC: {told or 'none'}>"


def _differences(before: Mapping[str, Json], after: Mapping[str, Json]) -> Iterator[Difference]:
    for contact_id, document in after.items():
        if contact_id not in before:
            yield Difference(contact_id, None, "", "new contact", None, None)
        elif before[contact_id] != document:
            yield from _of_contact(contact_id, before[contact_id], document)
    for contact_id in before:
        if contact_id not in after:
            yield Difference(contact_id, None, "", "gone", None, None)


def _of_contact(contact_id: str, before: Json, after: Json) -> Iterator[Difference]:
    was, now = wire.values(before), wire.values(after)
    for name in dict.fromkeys([*was, *now]):
        one, two = was.get(name), now.get(name)
        if merge.same(name, one, two):
            continue
        if name in fields.LISTS:
            yield from _of_items(contact_id, name, one or (), two or ())
        else:
            kind: Kind = "added" if one is None else "cleared" if two is None else "changed"
            yield Difference(contact_id, None, name, kind, frames.plain(one), frames.plain(two))


def _of_items(contact_id: str, name: str, before: Json, after: Json) -> Iterator[Difference]:
    """Yield what has changed of a list, item by item, member by member."""
    listing = fields.LISTS[name]
    was, now = ({item["id"]: item for item in items} for items in (before, after))
    for item_id in dict.fromkeys([*was, *now]):
        one, two = was.get(item_id, {}), now.get(item_id, {})
        whole: Kind | None = "added" if not one else "removed" if not two else None
        for member in listing.by_name:
            old, new = one.get(member), two.get(member)
            if old != new:
                kind: Kind = whole or (
                    "added" if old is None else "cleared" if new is None else "changed"
                )
                yield Difference(contact_id, item_id, f"{name}.{member}", kind, old, new)
