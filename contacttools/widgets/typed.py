"""Typed: what a person means by a text, by the kind of the field it is typed for. Pure.

What cannot be read stays text: whoever stages it refuses it with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from contacttools.contact import fields
from contacttools.contact.fields import Json, Kind
from contacttools.snapshot.contacts import Definitions

_FLAGS = dict.fromkeys(("yes", "true", "y", "1", "x", "✓"), True) | dict.fromkeys(
    ("no", "false", "n", "0", ""), False
)


def value_of(kind: Kind, text: str, definitions: Definitions) -> Json:
    """Return what a text says for a field of some kind; None where it says nothing."""
    if kind == "labels":
        return label_keys(text, definitions)
    if kind == "flag":
        return _FLAGS.get(text.strip().casefold(), text)
    if not text.strip():
        return None
    return _READ.get(kind, str.strip)(text)


def is_yes(text: str) -> bool:
    """Say whether a text means yes."""
    return _FLAGS.get(text.strip().casefold(), False)


def label_keys(text: str, definitions: Definitions) -> tuple[str, ...] | None:
    """Return the labels that a text lists, or the one whose name has a comma in it."""
    names = [each.strip() for each in re.split("[,;\n]", text) if each.strip()]
    known, key = definitions.labels or {}, definitions.label_key
    if any(key(name) not in known for name in names) and key(text.strip()) in known:
        names = [text.strip()]
    return tuple(map(key, names)) or None


def _country(text: str) -> str:
    return text.strip().upper() if len(text.strip()) == 2 else text.strip()


#: How a text becomes a value, by the kind of the field; where nothing stands, without spaces round.
_READ: dict[str, Callable[[str], Json]] = {
    "text": str, "number": fields.number_of, "country": _country,
    "enum": lambda text: text.strip().upper(),
}  # fmt: skip
