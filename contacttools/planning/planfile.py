"""Planfile: the form of a plan on disk. It touches that one file and knows no plan.

Strict JSON of a stated version, sealed by its own hash: `Plan.load` writes what it read once
more and compares, so that any changed byte is refused. Who saved it and when rides beside what
the plan's id stands for, and is signed with the user's own key.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, StrictInt, StrictStr, StringConstraints, ValidationError

from contacttools.contact.fields import Json
from contacttools.errors import BadPlan
from contacttools.planning import signing

FORMAT = "contacttools plan"
VERSION = 3

RiskKind = Literal[
    "primary", "allowed", "claimed", "shared", "loss", "doubtful", "evidence", "exchange"
]  # fmt: skip


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class StoredChange(_Strict):
    """One contact's change in a file."""

    contact_id: StrictStr
    revision: StrictInt
    name: StrictStr
    edits: list[tuple[StrictStr, Any, Any] | tuple[StrictStr, Any, Any, StrictInt]]
    base: dict[str, Any]
    step: StrictInt
    steps: StrictInt
    needs: list[tuple[StrictStr, StrictInt]]
    allow_duplicates: StrictStr | None


class StoredSaved(_Strict):
    """Who saved a plan, and when."""

    at: StrictStr
    by: StrictStr | None


class StoredPlan(_Strict):
    """A plan in a file."""

    format: Literal["contacttools plan"]
    version: Literal[3]
    id: StrictStr
    site_id: StrictStr
    snapshot_at: StrictStr
    partial: StrictStr | None
    provenance: list[dict[str, Any]]  # an edit names its own by number
    changes: list[StoredChange]
    refused: list[tuple[StrictStr, StrictStr | None, StrictStr, StrictStr]]
    risks: list[tuple[RiskKind, StrictStr, StrictStr, StrictStr]]
    saved: StoredSaved
    takes_back: Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-f]{64}$")] | None = (
        None
    )
    signature: StrictStr
    sha256: StrictStr


def canonical(value: Json) -> bytes:
    """Return the one spelling of a JSON value that hashes are taken of."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def sealed(signed: str | None = None, **members: Json) -> bytes:
    """Return the bytes of a plan's file, signed as it was, or else by whoever saves it now."""
    body: Json = {"format": FORMAT, "version": VERSION, **members}
    body["signature"] = signing.signature(canonical(body)) if signed is None else signed
    body["sha256"] = hashlib.sha256(canonical(body)).hexdigest()
    return json.dumps(body, indent=1, allow_nan=False).encode() + b"\n"


def mine(content: bytes) -> bool:
    """Say whether these bytes of a plan's file were signed by this user."""
    body = json.loads(content)
    signed = body.pop("signature")
    del body["sha256"]
    return signing.is_mine(canonical(body), signed)


def read(path: str | os.PathLike[str]) -> tuple[bytes, StoredPlan]:
    """Return a plan's file as it is and as it reads, or raise BadPlan."""
    content = Path(path).read_bytes()
    try:
        return content, StoredPlan.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        why = (
            f"{Path(path).name!a} is not a plan that this version can read "
            f"({where + ': ' if where else ''}{first['msg']}); plan again"
        )
        raise BadPlan(why) from None
