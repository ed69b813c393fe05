"""What a newcomer reads first is run as it stands: the README, the demo and the notebooks."""

import itertools
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
KILLED = "06-when-someone-else-edits"


def run_python(*arguments, code=None):
    """Run the interpreter on its own and return what it printed."""
    done = subprocess.run(
        [sys.executable, *arguments],
        input=code,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert not done.returncode, done.stderr
    return done.stdout


def run_notebook(notebook, folder):
    """Run every cell on a kernel of its own, going on after errors, and return the outputs.

    A cell that kills its kernel is the last one of that kernel; the rest runs on another.
    """
    whole = notebook.cells
    for cells in on_one_kernel(whole):
        notebook.cells = cells
        client = NotebookClient(
            notebook,
            timeout=120,
            kernel_name="python3",
            allow_errors=True,
            resources={"metadata": {"path": str(folder)}},
        )
        if kills(cells[-1]):
            with pytest.raises(DeadKernelError):
                client.execute()
        else:
            client.execute()
    notebook.cells = whole
    return [cell.get("outputs", []) for cell in whole]


def kills(cell):
    """Say whether a cell is there to kill its kernel."""
    return "kills-kernel" in cell.metadata.get("tags", [])


def on_one_kernel(cells):
    """Return the cells in groups, each for a kernel of its own."""
    ends = [n + 1 for n, cell in enumerate(cells) if kills(cell)]
    return [cells[a:b] for a, b in itertools.pairwise([0, *ends, len(cells)])]


def texts(outputs):
    """Return what a cell said, as plain text."""
    return "\n".join(
        str(output.get("text") or output.get("data", {}).get("text/plain", ""))
        for output in outputs
    )


def errors(all_outputs):
    """Return name and message of every error that a cell ended in."""
    return [
        (output["ename"], output["evalue"])
        for outputs in all_outputs
        for output in outputs
        if output["output_type"] == "error"
    ]


def test_the_readme_shows_a_session_on_its_first_screen():
    """By line 20 the README has a session, and it runs as it stands there."""
    text = (ROOT / "README.md").read_text()
    session = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert text[: session.end()].count("\n") <= 20
    told = run_python("-", code=f"{session.group(1)}\nprint(repr(plan))\nprint(repr(report))")
    assert re.search(
        r"Report on plan \w{12}  (\d+) of \1 contacts written\. Nothing needs a look\.\n", told
    )


def test_the_demo_does_the_main_job_and_does_it_again():
    """A frame, the diff with its id, a report with one conflict; a second run says the same."""
    first, second = (run_python("-m", "contacttools.demo") for _ in range(2))
    assert "5 of 6 contacts written. 1 was not written. Look at 1 contact: 1 conflict." in first
    assert re.search(r"Plan \w{12} for site \w{8}  6 contacts, 7 edits", first)
    dated = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")
    assert dated.sub("", first) == dated.sub("", second)


@pytest.mark.parametrize(
    "path",
    [path for path in NOTEBOOKS if path.stem != KILLED],  # that one has a test of its own
    ids=lambda path: path.stem,
)
def test_every_notebook_runs_from_top_to_bottom(path, tmp_path):
    """Restart and run all, on a fresh kernel, without an error."""
    assert [] == errors(run_notebook(nbformat.read(path, as_version=4), tmp_path))


def test_the_first_notebook_writes_what_it_says(tmp_path):
    """Five contacts are written, the colleague's stands, and undo takes the five back."""
    notebook = nbformat.read(NOTEBOOKS[0], as_version=4)
    told = [texts(outputs) for outputs in run_notebook(notebook, tmp_path)]
    assert sum("5 of 6 contacts written. 1 was not" in each for each in told) == 1
    assert sum("5 of 5 contacts written" in each for each in told) == 1


def test_a_kernel_that_is_killed_loses_nothing_and_writes_nothing_twice(tmp_path):
    """As the notebook tells it: told by the sandbox's own record of what was written."""
    notebook = nbformat.read(ROOT / f"notebooks/{KILLED}.ipynb", as_version=4)
    notebook.cells.pop()  # which would tidy up
    outputs = run_notebook(notebook, tmp_path)
    assert [] == errors(outputs)
    told = [texts(each) for each in outputs]
    database = sqlite3.connect(tmp_path / "06-site" / "db.sqlite")
    try:
        companies = "SELECT json_extract(text, '$.info.company') FROM events WHERE contact = ?"
        written = {
            contact: [company for (company,) in database.execute(companies, (contact,))]
            for (contact,) in database.execute("SELECT DISTINCT contact FROM events")
        }
    finally:
        database.close()
        end = nbformat.v4.new_code_cell("os.kill(given['pid'], signal.SIGTERM)")
        setup = next(cell for cell in notebook.cells if "site.runs()" in cell.source)
        notebook.cells = [setup, end]
        run_notebook(notebook, tmp_path)

    short = {"Tideglass", "Northwindel Logistics", "Atelier Grisaube", "Bäckerei Kornquell"}
    renamed = [each for each in written.values() if short & set(each)]
    assert 40 == len(renamed)
    assert {1} == {sum(company in short for company in each) for each in renamed}
    assert [] == [each for each in renamed if each[-1] in short]  # taken back
    assert 1 == sum("12 of 13 contacts written. 1 was not" in each for each in told)
    assert 2 == sum("40 of 40 contacts written" in each for each in told)
    assert 1 == sum("not_sent" in each and "Report" in each for each in told)


def test_an_approval_for_other_data_writes_nothing_and_says_why(tmp_path):
    """Run all with an edit changed after the approval was typed: NotApproved, nothing written."""
    notebook = nbformat.read(NOTEBOOKS[0], as_version=4)
    commit = next(n for n, cell in enumerate(notebook.cells) if "approve=" in cell.source)
    for cell in notebook.cells[:commit]:
        cell.source = cell.source.replace("Head of Finance", "Head of Sales")
    look = "{i for i, now in site.fetch().documents().items() if now != contacts[i]} - {marta}"
    notebook.cells = [*notebook.cells[: commit + 1], nbformat.v4.new_code_cell(look)]

    outputs = run_notebook(notebook, tmp_path)

    [(name, why)] = errors(outputs)
    assert name == "NotApproved"
    assert "is not the id of this plan" in why
    assert texts(outputs[-1]) == "set()"
