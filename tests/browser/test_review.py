"""The review in a real JupyterLab: a plan is narrowed, approved, written and taken back."""

from collections.abc import Callable

import pytest
from browser.lab import Lab, Notebook
from playwright.sync_api import expect

Open = Callable[[str], Notebook]

PLAN = """
import contacttools as ct

site = ct.connect()
before = site.fetch()
stage = ct.Stage(before)
ids = list(before)
for contact_id in ids[:4]:
    stage.edit(contact_id, {"company": "Quay & Sons Ltd"})
stage.edit(ids[1], {"jobTitle": "Buyer", "birthdate": "2001-02-03"})
stage.add(ids[2], "phones", {"phone": "555-0142", "countryCode": "US"})
plan = stage.plan()
"""


@pytest.fixture(scope="module")
def notebook(lab: Lab, open_for_all: Open) -> Notebook:
    """A notebook that shows the review of a plan."""
    opened = open_for_all(lab.write("review.ipynb", PLAN, "review = ct.review(plan, site)\nreview"))
    opened.page.set_viewport_size({"width": 1280, "height": 1500})
    opened.run_all()
    expect(opened.output.get_by_role("button", name="Commit 4 contacts")).to_be_visible()
    return opened


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_whoever_does_not_see_can_use_it(notebook: Notebook, theme: str):
    """No rule of accessibility is broken in either theme."""
    notebook.theme(theme)
    notebook.output.get_by_label("I have read what will be written").check()
    notebook.output.get_by_label("Field", exact=True).select_option("Company (4)")
    expect(notebook.output.locator(".cf-card").first).not_to_contain_text("Birthdate")
    broken = notebook.broken_rules(".cf-review")
    notebook.output.get_by_label("Field", exact=True).select_option("all fields")
    notebook.screenshot(f"review-{theme.casefold()}")
    notebook.theme("Light")
    assert [] == broken


def test_it_is_looked_through_by_keyboard_alone(notebook: Notebook):
    """Search, filter, leave out, and have all of it again."""
    out, page = notebook.output, notebook.page
    out.get_by_label("Search", exact=True).focus()
    page.keyboard.type("buyer")
    expect(out.locator(".cf-card")).to_have_count(1)
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    expect(out.locator(".cf-card")).to_have_count(4)
    page.keyboard.press("Tab")
    page.keyboard.type("Phones")
    expect(out.locator(".cf-card")).to_have_count(1)
    out.get_by_role("button", name="Leave these out").focus()
    page.keyboard.press("Enter")
    notebook.wait_for(
        "sorted({e.field for c in review.plan.changes for e in c.edits})",
        ["birthdate", "company", "jobTitle"],
    )
    out.get_by_role("button", name="Put back what was left out").focus()
    page.keyboard.press("Enter")
    notebook.wait_for("review.plan.id", notebook.evaluate("plan.id"))


def test_a_plan_is_narrowed_approved_written_and_taken_back(notebook: Notebook):
    """What is left out is not written; what is written can be taken back, by another plan."""
    out = notebook.output
    notebook.screenshot("review")
    expect(out.get_by_role("button", name="Commit 4 contacts")).to_be_disabled()
    first = notebook.evaluate("plan.changes[0].contact_id")
    card = out.locator(".cf-card").filter(has_text=first)
    card.get_by_role("button", name="Leave out", exact=True).click()
    expect(out.get_by_text("This is another plan now: 3 contacts.")).to_be_visible()
    assert notebook.evaluate("plan.id") != notebook.evaluate("review.plan.id")

    out.get_by_label("I have read what will be written").check()
    out.get_by_role("button", name="Commit 3 contacts").click()
    expect(out.get_by_text("3 of 3 contacts written")).to_be_visible()
    notebook.screenshot("review-written")
    changed = "[i for i in ids if site.get_contact(i) != before[i]]"
    assert 3 == len(notebook.evaluate(changed))
    assert first not in notebook.evaluate(changed)

    out.get_by_role("button", name="Take it back…").click()
    expect(out.get_by_text("This is the plan that takes it back")).to_be_visible()
    expect(out.get_by_text("once it is committed")).to_be_visible()
    expect(out.get_by_role("button", name="Put back what was left out")).to_be_hidden()
    notebook.screenshot("review-undo")
    out.get_by_label("I have read what will be written").check()
    out.get_by_role("button", name="Commit 3 contacts").click()
    wanted = "[[d['info'].get(k) for k in ('company', 'jobTitle')] for d in map({}, ids[:4])]"
    notebook.wait_for(
        wanted.format("site.get_contact"), notebook.evaluate(wanted.format("before.__getitem__"))
    )
