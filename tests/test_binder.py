"""Binder opens the first notebook: the environment its files describe is built here and used."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FIRST = Path("notebooks/01-first-look.ipynb")


def test_the_python_of_binder_is_one_that_we_support():
    """runtime.txt names a version that pyproject.toml accepts."""
    named = re.fullmatch(r"python-(\d+)\.(\d+)", (ROOT / "binder/runtime.txt").read_text().strip())
    required = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    oldest = re.fullmatch(r">=(\d+)\.(\d+)", required)

    assert [int(part) for part in named.groups()] >= [int(part) for part in oldest.groups()]


@pytest.mark.slow
@pytest.mark.skipif(
    not os.environ.get("CONTACTTOOLS_EXAMPLES"), reason="a minute and a half: make test-long"
)
def test_binder_runs_the_first_notebook(tmp_path: Path):
    """Built as repo2docker does, from the root of a checkout, it imports and runs to the end."""
    checkout, environment = tmp_path / "checkout", tmp_path / "environment"
    generated = shutil.ignore_patterns(".*", "__pycache__", "screenshots", "build", "dist")
    shutil.copytree(ROOT, checkout, ignore=generated)
    subprocess.run((sys.executable, "-m", "venv", str(environment)), check=True)
    python = environment / "bin/python"
    # Nothing of the environment these tests run in may stand in for what is missing there.
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    clean |= {"JUPYTER_CONFIG_DIR": str(tmp_path / "config"), "IPYTHONDIR": str(tmp_path / "ip")}

    def run(*command: str | Path) -> None:
        done = subprocess.run(
            command,
            cwd=checkout,
            env=clean,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert 0 == done.returncode, done.stdout + done.stderr

    install = ("pip", "install", "--disable-pip-version-check", "--no-input", "--no-compile")
    run(python, "-m", *install, "-r", "binder/requirements.txt")

    run(python, "-P", "-c", "import contacttools, jupyterlab")
    if (checkout / FIRST).exists():
        run(python, "-m", "jupyter", "execute", FIRST)
