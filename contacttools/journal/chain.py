"""Chain: what makes a journal tell when one of its records was changed. Pure.

Each record's hash covers the record and the hash before it: none can be altered, left out, added
or moved without all that follow giving it away. Values are covered by a salted digest only. A
value can be erased together with its salt, and nothing that is left lets anybody try out what it
may have been.
"""

from __future__ import annotations

import hashlib
import json

START = bytes(32)  # what the first record follows
SALT = 16  # bytes

_spelt = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def digest(salt: bytes, value: bytes) -> bytes:
    """Return what the chain holds of a value."""
    return hashlib.sha256(salt + value).digest()


def link(
    previous: bytes,
    *,
    seq: int,
    at: int,
    kind: str,
    contact: str | None,
    step: int | None,
    facts: str,
    digest: bytes | None,
) -> bytes:
    """Return the hash of a record that follows the one with the hash `previous`."""
    covered = digest.hex() if digest is not None else None
    told = _spelt([seq, at, kind, contact, step, facts, covered])
    return hashlib.sha256(previous + told.encode()).digest()
