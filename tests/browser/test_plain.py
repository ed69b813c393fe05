"""Where a page cannot load anywidget, the tables are there as plain controls."""

from collections.abc import Callable

from browser.lab import Lab, Notebook
from playwright.sync_api import expect

GRID = """
import contacttools as ct
from contacttools.widgets import plain

plain.PATIENCE = 1.0  # of a test
stage = ct.Stage(ct.connect().fetch(limit=20))
ids = list(stage.contacts)
grid = ct.grid(stage, columns=["name.first", "company"])
grid
"""


def test_contacts_are_edited_without_the_table(lab: Lab, open_notebook: Callable[..., Notebook]):
    """With a sentence that says why, and what to do about it."""
    notebook = open_notebook(lab.write("plain.ipynb", GRID), before=without_anywidget)
    notebook.run_all()
    out = notebook.output
    expect(out.get_by_text("could not be loaded in this page")).to_be_visible()
    out.get_by_label("Company", exact=True).fill("Quay & Sons Ltd")
    out.get_by_label("Company", exact=True).press("Enter")
    notebook.wait_for("stage.value(ids[0], 'company')", "Quay & Sons Ltd")
    notebook.screenshot("plain")
    notebook.page_errors.clear()  # the page's own: it misses what was kept from it


def without_anywidget(page):
    """Let a page load everything but anywidget."""
    page.route("**/extensions/anywidget/**", lambda route: route.abort())
