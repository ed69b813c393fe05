"""Keeping: a snapshot as a Parquet file, and back. It touches that one file.

One row a contact, with the contact as the service sent it; what is not a contact's rides in the
file's own notes. Other programs read the file as a table.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from pydantic import BaseModel, ConfigDict, ValidationError

from contacttools import files
from contacttools.contact import fields
from contacttools.contact.fields import Field, Json
from contacttools.errors import BadValue

_NOTES = b"contacttools"
_TYPES = {"text": "TEXT", "number": "NUMBER", "date": "DATE", "url": "URL"}


class _Notes(BaseModel):
    """What is known of a snapshot beside its contacts."""

    model_config = ConfigDict(extra="forbid", strict=True)

    format: Literal["contacttools contacts"]
    version: Literal[1]
    site_id: str | None
    fetched_at: str
    partial: str | None
    labels: dict[str, str] | None
    extended: dict[str, tuple[str, str]] | None  # data type and display name by key


@dataclass(frozen=True, slots=True)
class Kept:
    """A snapshot as a file has it.

    Attributes
    ----------
    documents : sequence of dict
        The contacts as the service sent them.
    site_id, partial : str or None
    fetched_at : datetime
    labels, extended : dict or None
        Display names of labels, and extended fields, by key.
    """

    documents: Sequence[Json]
    site_id: str | None
    fetched_at: datetime
    partial: str | None
    labels: Mapping[str, str] | None
    extended: Mapping[str, Field] | None


def write(kept: Kept, path: str | os.PathLike[str]) -> None:
    """Write a snapshot to a file, whole or not at all."""
    known = kept.extended
    notes = _Notes(
        format="contacttools contacts",
        version=1,
        site_id=kept.site_id,
        fetched_at=kept.fetched_at.isoformat(),
        partial=kept.partial,
        labels=None if kept.labels is None else dict(kept.labels),
        extended=None
        if known is None
        else {key: (_data_type(each), each.label) for key, each in known.items()},
    )
    table = pa.table(
        {
            "contactId": pa.array([each["id"] for each in kept.documents], pa.string()),
            "revision": pa.array([int(each["revision"]) for each in kept.documents], pa.int64()),
            "document": pa.array([_text(each) for each in kept.documents], pa.string()),
        }
    ).replace_schema_metadata({_NOTES: notes.model_dump_json()})
    written = io.BytesIO()
    pq.write_table(table, written, compression="zstd")
    files.write(path, written.getvalue())


def read(path: str | os.PathLike[str]) -> Kept:
    """Read what `write` wrote, or raise BadValue."""
    name = ascii(Path(path).name)
    content = Path(path).read_bytes()
    try:
        table = pq.read_table(io.BytesIO(content))
        notes = _Notes.model_validate_json((table.schema.metadata or {})[_NOTES])
        documents = [json.loads(each) for each in table["document"].to_pylist()]
        told = zip(table["contactId"].to_pylist(), table["revision"].to_pylist(), strict=True)
        whole = [(each["id"], int(each["revision"])) for each in documents] == list(told)
        fetched_at = datetime.fromisoformat(notes.fetched_at)
    except (pa.ArrowException, ValidationError, ValueError, KeyError, TypeError) as error:
        why = (
            f"{name} is no snapshot that this version can read ({type(error).__name__}); "
            "fetch again and save it with contacts.save()"
        )
        raise BadValue(why) from None
    if not whole or len({each["id"] for each in documents}) < len(documents):
        why = f"{name} was changed after it was saved: its columns say different contacts"
        raise BadValue(why)
    extended = notes.extended
    return Kept(
        documents,
        notes.site_id,
        fetched_at,
        notes.partial,
        notes.labels,
        None
        if extended is None
        else {key: fields.extended(key, *each) for key, each in extended.items()},
    )


def _data_type(field: Field) -> str:
    """Return the service's name for a field's type; of a type that is not known, none it has."""
    known = _TYPES.get(field.kind, "TEXT")
    return known if field.editable or not field.name.startswith("custom.") else "UNKNOWN"


def _text(document: Json) -> str:
    try:
        return json.dumps(document, separators=(",", ":"), allow_nan=False)
    except ValueError:
        why = "the contact holds NaN or an infinity, which JSON cannot say; fetch it again"
        raise BadValue(why, contact_id=document["id"]) from None
