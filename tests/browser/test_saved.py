"""A notebook that is saved with the widgets in it: small, and without any key."""

from collections.abc import Callable

import nbformat
from browser.lab import Lab, Notebook

CELLS = (
    """
import contacttools as ct
from contacttools import sandbox

server = sandbox.start(people=1000, seed=7)
site = ct.connect(
    base_url=server.url, api_key=server.api_key, site_id=server.site_id, read_only=False
)
stage = ct.Stage(site.fetch())
ids = list(stage.contacts)
stage.label(ids[:25], add="VIP")
plan = stage.plan()
""",
    "ct.grid(stage)",
    "ct.form(stage, site)",
    "ct.bulk(stage)",
    "ct.review(plan, site)",
    "ct.history(site)",
    "ct.workbench(site, stage)",
    "plan",
    "site",
    "stage",
)
SAVE = "() => window.jupyterapp.commands.execute('docmanager:save')"


def test_a_saved_notebook_is_small_and_tells_no_key(
    lab: Lab, open_notebook: Callable[..., Notebook]
):
    """All widgets, and a plan's preview, take less than 100 kB; the API key is not in it."""
    notebook = open_notebook(lab.write("saved.ipynb", *CELLS))
    notebook.run_all()
    notebook.page.evaluate(SAVE)
    text = (lab.root / notebook.path).read_text("utf-8")
    outputs = [
        output
        for cell in nbformat.reads(text, as_version=4).cells
        for output in cell.get("outputs", ())
    ]
    views = [each for each in outputs if "application/vnd.jupyter.widget-view+json" in each.data]
    assert (9, 6) == (len(outputs), len(views))
    assert len(text.encode()) < 100_000
    key = notebook.evaluate("server.api_key")
    assert len(key) > 8
    assert key not in text
