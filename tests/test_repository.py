"""The repository as a whole: its rules bite, and it holds nothing that it should not."""

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# For each import rule of pyproject.toml, one line that breaks it, and the file to put it in.
BREAKS = {
    "order": ("contact/fields.py", "import contacttools.planning.plan"),
    "rooms": ("contact/fields.py", "import contacttools.contact.wire"),
    "pure": ("contact/fields.py", "import socket"),
    "sandbox-alone": ("sandbox/__init__.py", "import contacttools.errors"),
    "sandbox-order": ("sandbox/rules/lists.py", "import contacttools.sandbox.store"),
    "sandbox-door": ("widgets/forms.py", "import contacttools.sandbox"),
    "one-client": ("widgets/forms.py", "import httpx"),
}
LOCK_FILE = re.compile(r"(.*\.lock|.*[-_]lock\.(json|ya?ml)|pylock.*\.toml)", re.IGNORECASE)


def git_files(*options: str) -> list[str]:
    """Paths git knows, below the root; a skip where this is no clone."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("only a clone knows what is tracked")
    command = ("git", "-c", "safe.directory=*", "ls-files", "-z", *options)
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listing.split("\0") if name and (ROOT / name).exists()]


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the package, and of the rules, to break them in."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "contacttools", tmp_path / "contacttools", ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint_imports(folder: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    """Run import-linter over the package in `folder`, which hides the installed one."""
    chosen = [option for contract in contracts for option in ("--contract", contract)]
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-logo", "--no-cache"]
    return subprocess.run(
        [*command, *chosen], cwd=folder, capture_output=True, text=True, check=False
    )


def test_the_import_rules_hold(copied: Path):
    """The package as it stands keeps every rule, so what breaks one below is the line put in."""
    kept = lint_imports(copied)

    assert 0 == kept.returncode, kept.stdout


@pytest.mark.parametrize("contract", BREAKS)
def test_each_import_rule_notices_being_broken(copied: Path, contract: str):
    """One forbidden import, and the linter fails and names the file that holds it."""
    name, line = BREAKS[contract]
    with (copied / "contacttools" / name).open("a") as file:
        file.write(f"\n{line}\n")

    broken = lint_imports(copied, contract)

    importer = "contacttools." + name.removesuffix(".py").removesuffix("/__init__")
    assert 1 == broken.returncode, broken.stdout
    assert "0 kept, 1 broken" in broken.stdout
    assert re.search(rf"{re.escape(importer.replace('/', '.'))}\b", broken.stdout)


def test_every_file_of_a_room_has_its_place():
    """The rule that orders files names each file that stands in a room, once."""
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (listed,) = (rule["layers"] for rule in rules["contracts"] if rule["id"] == "rooms")
    files = [
        f"contacttools.{path.parent.name}.{path.stem}"
        for path in (ROOT / "contacttools").glob("*/*.py")
        if path.parent.name != "sandbox" and path.stem != "__init__"
    ]

    assert sorted(files) == sorted(listed)


def test_every_import_rule_is_broken_once():
    """A rule added to pyproject.toml is a rule shown to bite."""
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]

    assert {contract["id"] for contract in rules["contracts"]} == set(BREAKS)


def test_what_the_package_imports_is_what_it_depends_on():
    """Nothing imported only happens to be there, and nothing is installed for nothing."""
    imported = {
        name.split(".")[0]
        for source in (ROOT / "contacttools").rglob("*.py")
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module]
            if isinstance(node, ast.ImportFrom) and not node.level
            else []
        )
    } - sys.stdlib_module_names
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {re.match(r"[\w-]+", line)[0] for line in project["dependencies"]}

    makers = packages_distributions()
    # pandas 3 holds text in Arrow where pyarrow is there, and columns differ where it is not.
    used = {makers[name][0].lower() for name in imported - {"contacttools"}}
    assert needed == used | {"pyarrow"}


def test_notebooks_hold_no_results():
    """Outputs may show contacts: notebooks are kept without them, or widget state, or counts."""
    full = []
    for name in git_files("--cached", "--others", "--exclude-standard", "*.ipynb"):
        notebook = json.loads((ROOT / name).read_text(encoding="utf-8"))
        code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        if "widgets" in notebook["metadata"] or any(
            cell["outputs"] or cell["execution_count"] is not None for cell in code
        ):
            full.append(name)

    assert [] == full


def test_every_make_target_named_in_the_documents_exists():
    """`make something` in a document is something that can be made."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    parts = (ROOT / "tests/reliability").glob("test_*.py")
    targets |= {f"reliability-{each.stem[5:].replace('_', '-')}" for each in parts}
    named = {
        (document.name, target)
        for document in ROOT.glob("*.md")
        for code in re.findall(r"```.*?```|`[^`\n]+`", document.read_text(), re.DOTALL)
        for target in re.findall(r"\bmake (?:[A-Z_]+=\S+ )*([a-z][a-z-]*)", code)
    }

    assert set() == {(document, target) for document, target in named if target not in targets}


def test_no_lock_file_is_tracked():
    """A library is tested against what its users will get."""
    tracked = git_files("--cached")

    assert [] == [name for name in tracked if LOCK_FILE.fullmatch(Path(name).name)]


def test_the_wheel_holds_the_package_and_nothing_else(tmp_path: Path):
    """All of contacttools, its type marker among it; no tests, no notebooks."""
    build = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    built = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert 0 == built.returncode, built.stderr
    (wheel,) = tmp_path.glob("*.whl")

    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}

    held = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "contacttools").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert held == names
    assert "contacttools/py.typed" in names
