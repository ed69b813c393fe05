"""Signing: whose file a plan is. It touches one file: the user's own key.

The key never leaves this machine. What it signs is known again as one's own; what anybody else
signed, or changed, is not. That is all it says: what may be written is settled by approval.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path

import platformdirs

_LENGTH = 32  # bytes


def signature(content: bytes) -> str:
    """Return what only this user can say of these bytes; empty where no key can be kept."""
    key = _key(make=True)
    return _signed(key, content) if key else ""


def is_mine(content: bytes, signed: str) -> bool:
    """Say whether this user has signed these bytes."""
    key = _key(make=False)
    return bool(key) and hmac.compare_digest(_signed(key, content).encode(), signed.encode())


def _signed(key: bytes, content: bytes) -> str:
    return hmac.new(key, content, hashlib.sha256).hexdigest()


def _path() -> Path:
    given = os.environ.get("CONTACTTOOLS_KEY")
    usual = platformdirs.user_config_path("contacttools", appauthor=False) / "key"
    return Path(given or usual).expanduser()


def _key(*, make: bool) -> bytes:
    """Return the user's key, made when there is none; empty where it cannot be kept or read."""
    path = _path()
    with contextlib.suppress(OSError):
        if make and not path.exists():
            _make(path)
        key = path.read_bytes()
        return key if len(key) == _LENGTH else b""
    return b""


def _make(path: Path) -> None:
    """Put a new key in its place, whole, unless another process was faster."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".key.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_LENGTH))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)
