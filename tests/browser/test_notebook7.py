"""The widgets in Notebook 7, which takes keys before a page's own elements get them."""

from collections.abc import Callable

import pytest
from browser.lab import BENCH, Lab, Notebook
from playwright.sync_api import expect

Open = Callable[..., Notebook]

CELLS = (
    "() => window.jupyterapp.shell.currentWidget.content.widgets"
    ".map(({model}) => model.sharedModel.getSource())"
)


@pytest.fixture(scope="module")
def notebook(lab: Lab, open_for_all: Open) -> Notebook:
    """Notebook 7 with the workbench in it."""
    opened = open_for_all(lab.write("classic.ipynb", BENCH), "notebook")
    opened.page.set_viewport_size({"width": 1500, "height": 1600})
    opened.run_all()
    expect(opened.output.locator(".ctg [data-r='0'][data-c='1']")).to_be_visible()
    return opened


def test_no_key_pressed_in_a_widget_is_a_command(notebook: Notebook):
    """Letters that cut or insert cells leave every cell as it is; arrows move in the grid."""
    page, out = notebook.page, notebook.output
    cells = page.evaluate(CELLS)

    def press(key):
        page.keyboard.press(key)
        page.wait_for_timeout(20)  # a command, if it were one, takes a moment
        assert cells == page.evaluate(CELLS), key

    out.locator(".ctg [data-r='0'][data-c='1']").click()
    for key in "adxmdd":
        press(key)
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    at = "document.activeElement.dataset"
    assert ["1", "2"] == [page.evaluate(f"{at}.r"), page.evaluate(f"{at}.c")]
    for tab, control in (
        ("Edit", out.get_by_role("button", name="Primary").first),
        ("Bulk", out.get_by_role("button", name="Add a condition")),
        ("Review", out.get_by_role("button", name="Plan again")),
        ("History", out.get_by_role("button", name="Look again")),
    ):
        out.get_by_role("tab", name=tab).click()
        control.focus()
        for key in "adxmdd":
            press(key)
    out.get_by_role("tab", name="Contacts").click()


def test_one_path_from_the_edit_to_the_commit(notebook: Notebook):
    """By keyboard in the grid, then plan, read and commit; the site has it."""
    page, out = notebook.page, notebook.output
    company = out.get_by_role("columnheader", name="Company").get_attribute("data-c")
    out.locator(f".ctg [data-r='0'][data-c='{company}']").click()
    page.keyboard.press("F2")
    page.keyboard.type("Quay & Sons Ltd")
    page.keyboard.press("Enter")
    notebook.wait_for("stage.value(ids[0], 'company')", "Quay & Sons Ltd")
    out.get_by_role("tab", name="Review").click()
    review = out.locator(".cf-review")
    review.get_by_label("I have read what will be written").check()
    review.get_by_role("button", name="Commit 1 contact").click()
    expect(review.get_by_text("1 of 1 contact written")).to_be_visible()
    notebook.screenshot("notebook7")
    notebook.wait_for("site.get_contact(ids[0])['info']['company']", "Quay & Sons Ltd")
