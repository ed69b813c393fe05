"""Originals: what a sheet held when it was exported, in a form that no program changes. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import zlib
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, ValidationError

from contacttools.errors import BadValue
from contacttools.snapshot.frames import Table

_FORM = "contacttools-sheet-1"
_PIECE = 30_000  # of a text in one cell; a spreadsheet takes 32,767
_MOST = 200_000_000  # bytes, unpacked

Key = tuple[str, str | None]


class Original(BaseModel):
    """One row: whose it is, at which revision, and the text of each cell."""

    model_config = ConfigDict(extra="forbid", strict=True)

    contact_id: str
    item_id: str | None
    revision: int
    texts: list[str | None]

    @property
    def key(self) -> Key:
        """Whose row it is."""
        return self.contact_id, self.item_id


class Originals(BaseModel):
    """A sheet as it was exported: its site, its table, its columns and its rows."""

    model_config = ConfigDict(extra="forbid", strict=True)

    site_id: str | None
    table: Table | None
    columns: list[str]
    rows: list[Original]


def packed(originals: Originals) -> list[str]:
    """Return originals as texts, each short enough for one cell."""
    # pydantic's own writer refuses half a surrogate pair.
    content = zlib.compress(json.dumps(originals.model_dump(), separators=(",", ":")).encode(), 9)
    text = base64.b64encode(content).decode()
    digest = hashlib.sha256(content).hexdigest()
    return [f"{_FORM} {digest}", *(text[n : n + _PIECE] for n in range(0, len(text), _PIECE))]


def unpacked(texts: Iterable[str], name: str) -> Originals:
    """Return what `packed` packed, or raise BadValue: the sheet is none of ours, or was damaged."""
    head, *pieces = texts or [""]
    if not head.startswith(_FORM.rpartition("-")[0]):
        why = (
            f"{name} is no sheet that stage.to_excel wrote, or its hidden part was deleted; "
            "ct.match takes any other file"
        )
        raise BadValue(why)
    try:
        return Originals.model_validate(json.loads(_content(head, "".join(pieces))))
    except (ValueError, binascii.Error, zlib.error, ValidationError, RecursionError):
        why = f"{name}: its hidden part was changed, or is of another version; export it again"
        raise BadValue(why) from None


def _content(head: str, text: str) -> bytes:
    form, _, digest = head.partition(" ")
    content = base64.b64decode(text, validate=True)
    reader = zlib.decompressobj()
    found = reader.decompress(content, _MOST)
    if (form, digest) != (_FORM, hashlib.sha256(content).hexdigest()) or not reader.eof:
        raise ValueError(form)
    return found
