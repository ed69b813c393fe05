"""How large the tests of this folder are, and what they measured: a line of JSON for each.

``CONTACTTOOLS_RELIABILITY=1`` is the full size, as `make reliability` has it. The lines are
printed, and added to the file that ``CONTACTTOOLS_FIGURES`` names.
"""

import json
import os
from pathlib import Path

FULL = os.environ.get("CONTACTTOOLS_RELIABILITY") == "1"


def record(capsys, test, **figures):
    """Tell what a test counted, whatever it is run with."""
    line = json.dumps({"test": test, "full": FULL, **figures})
    with capsys.disabled():
        print(f"\n{line}")  # noqa: T201 - for the record
    if place := os.environ.get("CONTACTTOOLS_FIGURES"):
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
