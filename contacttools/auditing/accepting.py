"""Accepting: what somebody has looked at and lets stand. It touches its file, and the user's key.

Whatever can be accepted, a finding or a pair, has an identity of three texts and some values. The
file holds the identity and the reason, to be read and compared in a repository; of the values it
holds a keyed hash, which says nothing to anybody without the key: a plain or salted hash of a
telephone number is found out by trying all numbers.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

import pandas as pd
from pydantic import BaseModel, ConfigDict, StrictInt, StrictStr, ValidationError

from contacttools import files
from contacttools.contact.fields import Json
from contacttools.errors import BadValue
from contacttools.planning import signing
from contacttools.planning.render import count

#: What something is, whose it is, and where: rule, contact and path; of a pair the other contact.
What: TypeAlias = tuple[str, str, str]


class Entry(NamedTuple):
    """What the values were when something was accepted, as a keyed hash, and why it was."""

    fingerprint: str
    reason: str


class _Stored(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    format: Literal["contacttools accepted"]
    version: StrictInt
    key: StrictStr
    accepted: list[tuple[StrictStr, StrictStr, StrictStr, StrictStr, StrictStr]]


class Accepted:
    """What was accepted, each with its reason; it stays quiet until its values change.

    ``ct.audit(stage, accepted=accepted)`` leaves it out. ``accepted | findings.accept(…)`` is
    both. The file of `save` holds ids, rules and reasons, and no value: of a value it holds a hash
    with a key of your own, the one that signs your plans (``CONTACTTOOLS_KEY`` names its file). So
    it can be kept in a repository; whoever else is to use it needs the key as well.

    Examples
    --------
    >>> contacts = ct.connect().fetch(limit=100)
    >>> findings = ct.audit(contacts)
    >>> accepted = findings.accept(rule="role_address", reason="shops, they have no other")
    >>> quiet = ct.audit(contacts, accepted=accepted)
    >>> len(findings) == len(quiet) + len(quiet.accepted)
    True
    """

    def __init__(self, entries: Mapping[What, Entry] | None = None) -> None:
        self._entries = dict(sorted((entries or {}).items()))
        self._key = b""

    @classmethod
    def of(cls, things: Iterable[tuple[What, Json]], reason: str) -> Accepted:
        """Return these as accepted: each with what it is, and its values as they are now."""
        if not isinstance(reason, str) or not reason.strip():
            raise BadValue('say why this is accepted: reason="…"')
        made = cls()
        told = " ".join(reason.split())
        return cls({what: Entry(made._fingerprint(values), told) for what, values in things})

    def holds(self, what: What, values: Json) -> bool:
        """Say whether this was accepted, with these very values."""
        known = self._entries.get(what)
        return known is not None and known.fingerprint == self._fingerprint(values)

    def __len__(self) -> int:
        return len(self._entries)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Accepted) and self._entries == other._entries

    __hash__ = None  # type: ignore[assignment]  # what is accepted can be looked through, not looked up

    def __or__(self, other: Accepted) -> Accepted:
        """Return both; of what is in both, as it is in the second."""
        if not isinstance(other, Accepted):
            return NotImplemented
        return Accepted({**self._entries, **other._entries})

    def without(self, where: pd.Series[bool]) -> Accepted:
        """Return what is left when some are taken back, by a mask over ``to_frame()``."""
        if not isinstance(where, pd.Series) or where.dtype != bool or len(where) != len(self):
            why = f"where is a mask with a row for each of the {len(self):,} in accepted.to_frame()"
            raise BadValue(why)
        pairs = zip(self._entries.items(), where.tolist(), strict=True)
        return Accepted({what: entry for (what, entry), gone in pairs if not gone})

    def to_frame(self) -> pd.DataFrame:
        """Return one row each: ``rule``, ``contactId``, ``path``, ``reason``."""
        rows = [(*what, entry.reason) for what, entry in self._entries.items()]
        return pd.DataFrame(rows, columns=["rule", "contactId", "path", "reason"], dtype="str")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it as JSON, a line each; the file is replaced whole or not at all.

        Parameters
        ----------
        path : path
        """
        rows = [json.dumps([*what, *entry]) for what, entry in self._entries.items()]
        head = {"format": "contacttools accepted", "version": 1, "key": _key_id()}
        body = json.dumps(head)[:-1] + ', "accepted": [\n' + ",\n".join(rows) + "\n]}\n"
        files.write(path, body.encode())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Accepted:
        """Return what a file says was accepted.

        Raises
        ------
        BadValue
            It is no such file; or its hashes were made with another key, so that nobody here can
            tell whether a value has changed.
        """
        name = Path(path).name
        try:
            stored = _Stored.model_validate_json(Path(path).read_bytes())
        except ValidationError as error:
            why = f"{name} is no file of what was accepted: {error.errors()[0]['msg']}"
            raise BadValue(why) from None
        if stored.version != 1:
            why = f"{name} is of version {stored.version}, which needs a newer contacttools"
            raise BadValue(why)
        if not hmac.compare_digest(stored.key.encode(), _key_id().encode()):
            why = (
                f"{name} was made with another key: have CONTACTTOOLS_KEY name the file of that "
                "key, or accept the findings again"
            )
            raise BadValue(why)
        return cls({(rule, who, at): Entry(*rest) for rule, who, at, *rest in stored.accepted})

    def __repr__(self) -> str:
        rules = self.to_frame()["rule"].value_counts()
        told = [f"  {n:>7,}  {rule}" for rule, n in rules.items()]
        return "\n".join([f"<Accepted: {count(len(self), 'finding')}>", *told])

    def _fingerprint(self, values: Json) -> str:
        self._key = self._key or _secret("accepted values").encode()
        told = json.dumps(values, default=str, sort_keys=True)
        return hmac.new(self._key, told.encode(), hashlib.sha256).hexdigest()[:24]


def _secret(purpose: str) -> str:
    """Return a key for one purpose, made from the user's own."""
    made = signing.signature(f"contacttools {purpose}".encode())
    if not made:
        raise BadValue("no key can be kept here: have CONTACTTOOLS_KEY name a file for it")
    return made


def _key_id() -> str:
    """Return what tells one key from another and says nothing about it."""
    return _secret("accepted key")[:12]
