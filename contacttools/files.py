"""Files: how anything is written to disk. It touches the one file that it is told."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path


def write(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file whole or not at all, readable by its owner only."""
    target = Path(path)
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder", str(target.parent))
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
