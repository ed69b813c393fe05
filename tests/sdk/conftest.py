"""Fixtures of the SDK tests: the official JavaScript SDK, in a Node.js, over a fresh sandbox.

The SDK's own packages are what runs, as npm installs them. Where there is no Node.js, or npm cannot
install, these tests are skipped and say why.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox import conftest as shared
from sdk.speaking import Sdk

from contacttools.sandbox import Server, start

HERE = Path(__file__).parent
MISSING = "The SDK needs Node.js 18 or newer and npm: Debian's packages are `nodejs` and `npm`."
INSTALL = (
    "npm",
    "install",
    "--no-package-lock",
    "--no-audit",
    "--no-fund",
    "--ignore-scripts",
    "--loglevel=error",
    # A network that is closed should say so in seconds.
    "--fetch-retries=2",
    "--fetch-retry-mintimeout=1000",
    "--fetch-retry-maxtimeout=3000",
)

# The same three people as in the tests of the sandbox: Ann has everything, Bob little, Meg is a
# member.
people_file = shared.people_file
server = shared.server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder, and keep them on one worker: they share a Node.js."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.sdk)


@pytest.fixture(scope="session")
def node() -> Iterator[subprocess.Popen[str]]:
    """A Node.js that runs lines of JavaScript with the SDK."""
    if _version() < 18:
        pytest.skip(MISSING)
    _install()
    with subprocess.Popen(
        ("node", "replay.mjs"),
        cwd=HERE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        yield process
        process.stdin.close()  # there are no more lines


@pytest.fixture(scope="session")
def still(node: subprocess.Popen[str], people_file: Path) -> Iterator[Sdk]:
    """The SDK, speaking to a sandbox with the three people that no test changes."""
    with start(people_file=people_file) as running:
        yield Sdk(node, running)


@pytest.fixture
def sdk(node: subprocess.Popen[str], server: Server) -> Sdk:
    """The SDK, speaking to `server`."""
    return Sdk(node, server)


def _version() -> int:
    """Give the major version of the Node.js that is there, 0 if there is none."""
    if not shutil.which("node"):
        return 0
    command = ("node", "--print", "process.versions.node")
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    major = found.stdout.partition(".")[0]
    return int(major) if major.isdigit() else 0


def _install() -> None:
    """Install what package.json names, unless that has been done, or skip."""
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]
    stamp = HERE / "node_modules" / ".installed"
    if stamp.exists() and wanted == json.loads(stamp.read_text()):
        return
    if not shutil.which("npm"):
        pytest.skip(MISSING)
    try:
        done = subprocess.run(
            INSTALL, cwd=HERE, capture_output=True, text=True, check=False, timeout=120
        )
    except subprocess.TimeoutExpired:
        pytest.skip("npm did not install the SDK within two minutes")
    if done.returncode:
        reason = [line for line in done.stderr.splitlines() if line.startswith("npm error")]
        pytest.skip(f"npm cannot install the SDK: {reason[0] if reason else done.returncode}")
    stamp.write_text(json.dumps(wanted))
