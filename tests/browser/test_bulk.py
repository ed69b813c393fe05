"""The guided bulk edit in a real JupyterLab: from the condition to one step on the stage."""

from collections.abc import Callable

import pytest
from browser.lab import Lab, Notebook
from playwright.sync_api import expect

Open = Callable[[str], Notebook]

GUIDE = """
import contacttools as ct

site = ct.connect()
stage = ct.Stage(site.fetch())

def shout(text):
    return text.upper()

guide = ct.bulk(stage)
guide
"""


@pytest.fixture(scope="module")
def notebook(lab: Lab, open_for_all: Open) -> Notebook:
    """A notebook that shows the guided bulk edit."""
    opened = open_for_all(lab.write("bulk.ipynb", GUIDE))
    opened.page.set_viewport_size({"width": 1500, "height": 1800})
    opened.run_all()
    expect(opened.output.get_by_role("button", name="Add a condition")).to_be_visible()
    return opened


def test_a_spelling_is_found_and_mended_in_all_but_one(notebook: Notebook):
    """Choose, change, look, leave one out, stage; undo takes all of it back."""
    out, page = notebook.output, notebook.page
    notebook.screenshot("bulk-empty")
    value = out.get_by_label("Value", exact=True)
    value.click()
    page.keyboard.type("travel")
    notebook.wait_for("guide.choosing.lines[0].value.value", "travel")
    out.get_by_label("Change", exact=True).select_option("Find and replace")
    out.get_by_label("Find", exact=True).fill("Travel")
    out.get_by_label("Replace by", exact=True).fill("Tours")
    out.get_by_label("Replace by", exact=True).press("Enter")
    expect(out.get_by_role("button", name="changes 47")).to_be_visible()
    notebook.screenshot("bulk")
    out.locator(".ctg [data-r='0'] .ctg-tick, .ctg [data-r='0'][data-c='1'] .ctg-tick").click()
    expect(out.get_by_role("button", name="Stage 46 contacts")).to_be_visible()
    out.get_by_label("Reason", exact=True).fill("tours is the new name")
    out.get_by_label("Reason", exact=True).press("Enter")
    expect(out.locator(".cf-code")).to_contain_text("tours is the new name")
    out.get_by_role("button", name="Stage 46 contacts").click()
    expect(out.get_by_text("Company of 46 contacts, as one step")).to_be_visible()
    notebook.screenshot("bulk-staged")
    assert 46 == notebook.evaluate("len(stage)")
    assert ["tours is the new name"] == notebook.evaluate(
        "sorted(set(stage.plan().to_frame()['reason']))"
    )
    out.locator(".cf-finder").get_by_role("button", name="Undo").click()
    notebook.wait_for("len(stage)", 0)


def test_by_keyboard_alone(notebook: Notebook):
    """Each control is reached with Tab; a row is left out with the space bar."""
    out, page = notebook.output, notebook.page
    out.get_by_label("Field", exact=True).first.focus()
    page.keyboard.type("Compan")
    page.keyboard.press("Tab")
    page.keyboard.type("contains")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+a")
    page.keyboard.type("fjord")
    out.get_by_label("Change", exact=True).focus()
    page.keyboard.type("A func")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("shout")
    code = out.locator(".cf-code pre").first
    expect(code).to_contain_text("frame['company'].str.contains('fjord'")
    expect(code).to_contain_text('values.map(shout, na_action="ignore")')
    notebook.wait_until_idle()
    changing = notebook.evaluate("len(guide._kept)")
    assert changing > 3
    out.locator(".ctg [data-r='0'][data-c='1']").focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    go = out.get_by_role("button", name=f"Stage {changing - 2} contacts")
    expect(go).to_be_visible()
    go.focus()
    page.keyboard.press("Enter")
    notebook.wait_for("len(stage)", changing - 2)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    notebook.wait_for("len(stage)", 0)


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_whoever_does_not_see_can_use_it(notebook: Notebook, theme: str):
    """No rule of accessibility is broken by any kind of change, in either theme."""
    notebook.theme(theme)
    broken = []
    for label, kind in notebook.evaluate("guide.makings.kind.options"):
        notebook.evaluate(f"guide.change({kind!r}) or guide.makings.kind.value")
        expect(notebook.output.get_by_label("Change", exact=True)).to_have_value(label)
        broken += [(kind, *each) for each in notebook.broken_rules(".cf-bulk")]
        notebook.screenshot(f"bulk-{kind}-{theme.casefold()}")
    notebook.theme("Light")
    assert [] == broken
