"""The workbench in a real JupyterLab: from the table to the history, in one cell."""

from collections.abc import Callable

import pytest
from browser.lab import BENCH, Lab, Notebook
from playwright.sync_api import expect

Open = Callable[[str], Notebook]


@pytest.fixture(scope="module")
def notebook(lab: Lab, open_for_all: Open) -> Notebook:
    """A notebook that shows the workbench."""
    opened = open_for_all(lab.write("bench.ipynb", BENCH))
    opened.page.set_viewport_size({"width": 1700, "height": 1500})
    opened.run_all()
    expect(opened.output.locator(".ctg [data-r='0'][data-c='1']")).to_be_visible()
    return opened


def test_one_cell_goes_from_the_table_to_the_history(notebook: Notebook):
    """Typed in the grid, seen in the form, read in the review, committed, and found again."""
    out, page = notebook.output, notebook.page
    company = out.get_by_role("columnheader", name="Company").get_attribute("data-c")
    out.locator(f".ctg [data-r='0'][data-c='{company}']").click()
    page.keyboard.type("Quay & Sons Ltd")
    page.keyboard.press("Enter")
    notebook.wait_for("stage.value(ids[0], 'company')", "Quay & Sons Ltd")
    notebook.screenshot("bench-contacts")
    out.get_by_role("tab", name="Edit").click()
    expect(out.get_by_label("Company", exact=True)).to_have_value("Quay & Sons Ltd")
    notebook.screenshot("bench-edit")
    out.get_by_role("button", name="Review 1 contact…").click()
    review = out.locator(".cf-review")
    review.get_by_label("I have read what will be written").check()
    notebook.screenshot("bench-review")
    review.get_by_role("button", name="Commit 1 contact").click()
    expect(review.get_by_text("1 of 1 contact written")).to_be_visible()
    notebook.screenshot("bench-committed")
    out.get_by_role("tab", name="History").click()
    expect(out.locator(".cf-history")).to_contain_text("1 of 1 contact written")
    notebook.screenshot("bench-history")
    notebook.wait_for("site.get_contact(ids[0])['info']['company']", "Quay & Sons Ltd")


def test_by_keyboard_alone(notebook: Notebook):
    """From tab to tab by arrows; a commit is chosen in the history, and taken back."""
    out, page = notebook.output, notebook.page
    out.get_by_role("tab", name="Contacts").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    runs = out.locator(".cf-history").get_by_role("listbox", name="Commits")
    expect(runs).to_be_visible()
    runs.focus()
    page.keyboard.press("Home")
    back = out.locator(".cf-history").get_by_role("button", name="Take it back…").first
    back.focus()
    page.keyboard.press("Enter")
    inside = out.locator(".cf-history .cf-review")
    inside.get_by_label("I have read what will be written").focus()
    page.keyboard.press("Space")
    commit = inside.get_by_role("button", name="Commit 1 contact")
    expect(commit).to_be_enabled()
    commit.focus()
    page.keyboard.press("Enter")
    expect(inside.get_by_text("1 of 1 contact written")).to_be_visible()
    notebook.wait_for("site.get_contact(ids[0])['info'].get('company')", was(notebook))


def test_the_rows_that_a_search_found_are_changed_in_bulk(notebook: Notebook):
    """What the table shows is what the bulk edit chooses among."""
    out = notebook.output
    out.get_by_role("tab", name="Contacts").click()
    found = notebook.evaluate("stage.value(ids[4], 'name.last')")
    out.get_by_role("searchbox", name="Search").first.fill(found)
    notebook.wait_for("bench.contacts.children[0].table.search", found)
    shown = notebook.evaluate("bench.contacts.children[0].table.on_show")
    assert notebook.evaluate("ids[4]") in shown
    out.get_by_role("button", name="Change these in bulk…").click()
    expect(out.get_by_text("that the table showed")).to_be_visible()
    notebook.screenshot("bench-among")
    notebook.wait_for("bench.bulk.given", shown)
    out.get_by_role("button", name="All contacts").click()
    notebook.wait_for("bench.bulk.given", None)
    out.get_by_role("tab", name="Contacts").click()
    out.get_by_role("searchbox", name="Search").first.fill("")


def was(notebook: Notebook) -> object:
    """Return the company that the first contact had."""
    return notebook.evaluate("stage.contacts[ids[0]]['info'].get('company')")


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_whoever_does_not_see_can_use_it(notebook: Notebook, theme: str):
    """No rule of accessibility is broken on any tab, in either theme."""
    notebook.theme(theme)
    broken = []
    for tab in ("Contacts", "Edit", "Bulk", "Audit", "Review", "History"):
        notebook.output.get_by_role("tab", name=tab).click()
        broken += [(tab, *each) for each in notebook.broken_rules(".cf-bench")]
        notebook.screenshot(f"bench-{tab.casefold()}-{theme.casefold()}")
    notebook.theme("Light")
    assert [] == broken
