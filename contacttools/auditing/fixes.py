"""Fixes: single values that something proposes, each with its reason. Pure; they stage nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import pandas as pd

from contacttools.contact.fields import Json
from contacttools.errors import BadValue
from contacttools.planning.render import count
from contacttools.snapshot import frames
from contacttools.snapshot.contacts import Contacts
from contacttools.snapshot.frames import Table


@dataclass(frozen=True, slots=True)
class Fix:
    """One value that should be another one.

    Attributes
    ----------
    contact_id : str
    table, item_id : str or None
        The item of a list that it is in; None for a value of the contact itself.
    column : str
        As in the frame of `table`.
    before, after : value
        What was found there, and what should be there.
    reason : str
        Why, in one line.
    rule : str
        What proposes it.
    """

    contact_id: str
    table: Table | None
    item_id: str | None
    column: str
    before: Json
    after: Json
    reason: str
    rule: str = ""

    def check(self, contacts: Contacts, document: Json) -> None:
        """Raise BadValue where the contact holds another value by now than was found."""
        if self.table is None:
            contacts.field(self.column)  # says so where there is none
            held = frames.wide_columns(contacts.extended)[self.column].read(document)
        else:
            labels = contacts.definitions.labels or {}
            rows = frames.item_rows(
                self.table, self.contact_id, document, contacts.extended, labels
            )
            held = next(
                (row.get(self.column) for row in rows if row["itemId"] == self.item_id), None
            )
        if frames.plain(held) != self.before:
            why = f"{self.column} has changed since it was looked at: audit again"
            raise BadValue(why, contact_id=self.contact_id, field=self.column)


@dataclass(frozen=True, slots=True)
class Fixes:
    """Values that something proposes; ``stage.apply(fixes)`` stages them as one step.

    Attributes
    ----------
    listed : tuple of Fix
    rule : str
        What a recipe would do to propose such values of other contacts.
    parameters : dict
        And what that would be given.
    """

    listed: tuple[Fix, ...]
    rule: str = "fixes"
    parameters: Mapping[str, Json] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.listed)

    def __iter__(self) -> Iterator[Fix]:
        return iter(self.listed)

    def __repr__(self) -> str:
        contacts = len({each.contact_id for each in self.listed})
        return f"<Fixes: {count(len(self), 'value')} of {count(contacts, 'contact')}>"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per value: where it is, what it is, what it should be, and why."""
        rows = [
            (each.contact_id, each.table, each.item_id, each.column, each.before, each.after,
             each.reason)
            for each in self.listed
        ]  # fmt: skip
        names = ["contactId", "table", "itemId", "column", "before", "after", "reason"]
        return pd.DataFrame(rows, columns=names, dtype=object)


@runtime_checkable
class Proposes(Protocol):
    """Something that proposes values: findings of an audit, clusters of spellings."""

    def fixes(self) -> Fixes:
        """Return what it proposes."""
