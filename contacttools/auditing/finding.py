"""Finding: one thing that is wrong with one value, and what is counted beside. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from contacttools.contact import fields
from contacttools.contact.fields import Json
from contacttools.snapshot.frames import Table

SEVERITIES = ("error", "warning", "info")
_COUNTED = (*fields.SCALARS, "email", "phone", "address", "labelKeys")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with one value.

    Attributes
    ----------
    contact_id : str
    rule : str
    severity : {"error", "warning", "info"}
    table, item_id : str or None
        The item that it is in; None for a value of the contact itself.
    column : str
        As in the frame of `table`.
    value : value
        What was found there.
    why : str
    suggestion : value
        What should be there; None where that is not sure.
    """

    contact_id: str
    rule: str
    severity: str
    table: Table | None
    item_id: str | None
    column: str
    value: Json
    why: str
    suggestion: Json = None

    @property
    def path(self) -> str:
        """Where it is: ``name.first``, or ``phones[ID].phone``."""
        return self.column if self.table is None else f"{self.table}[{self.item_id}].{self.column}"

    @property
    def key(self) -> tuple[str, str, str]:
        """What is the same finding in another audit: rule, contact and path."""
        return self.rule, self.contact_id, self.path

    @property
    def judged(self) -> Json:
        """What it stands for: accepted once, it stays quiet until one of these is another."""
        return [self.value, self.suggestion]

    @property
    def id(self) -> str:
        """Twelve hexadecimal digits that stand for rule, contact, path and value."""
        told = json.dumps([*self.key, self.value], default=str, sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Counted:
    """What an audit counts beside its findings, for their plots.

    Attributes
    ----------
    filled : mapping of str to int
        How many contacts have each field.
    created : Series
        When each contact was created, by its id.
    """

    filled: Mapping[str, int] = field(default_factory=dict)
    created: pd.Series[Any] = field(default_factory=lambda: pd.Series(dtype="datetime64[us, UTC]"))

    @classmethod
    def of(cls, frame: pd.DataFrame, extended: Mapping[str, fields.Field]) -> Counted:
        """Return what there is to count in a wide frame."""
        own = [name for name, each in extended.items() if each.editable]
        filled = {
            name: int(_filled(frame, name).sum())
            for name in (*_COUNTED, *own)
            if name in frame or name == "address"
        }
        return cls(filled, frame["createdDate"])


def _filled(frame: pd.DataFrame, name: str) -> pd.Series[bool]:
    if name == "address":
        return frame["addresses.count"] > 0
    held = frame[name]
    return held.str.len() > 0 if name == "labelKeys" else held.notna() & (held != "")
