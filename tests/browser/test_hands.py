"""Spellings, duplicates and the audit in a real JupyterLab: judged, staged and merged by hand."""

from collections.abc import Callable

import pytest
from browser.lab import Lab, Notebook
from playwright.sync_api import Locator, expect

Open = Callable[[str], Notebook]

SETUP = """
import contacttools as ct
from contacttools import sandbox

running = sandbox.start(people=300, seed=11)
site = ct.connect(
    base_url=running.url, api_key=running.api_key, site_id=running.site_id, read_only=False,
    direct_writes=True, requests_per_minute=None,
)
for company in ("Quay & Sons", "Harbour Ltd"):
    site.create_contact(
        {"name": {"first": "Zelda", "last": "Quillfeather"}, "company": company,
         "emails": {"items": [{"email": "zelda@quillfeather.example"}]}}, allow_duplicates=True,
    )
stage = ct.Stage(site.fetch())
"""
CLUSTERS = "groups = ct.clusters(stage, 'company').review(stage)\ngroups"
PAIRS = "pairs = ct.duplicates(stage).review(stage, site)\npairs"
AUDIT = """
bench = ct.workbench(site, ct.Stage(stage.contacts))
bench.tabs.selected_index = bench.tabs.titles.index("Audit")
bench
"""


@pytest.fixture(scope="module")
def notebook(lab: Lab, open_for_all: Open) -> Notebook:
    """A notebook that shows all three."""
    opened = open_for_all(lab.write("hands.ipynb", SETUP, CLUSTERS, PAIRS, AUDIT))
    opened.page.set_viewport_size({"width": 1280, "height": 1800})
    opened.run_all()
    expect(out(opened, 1).get_by_role("button", name="Undo")).to_be_visible()
    return opened


def out(notebook: Notebook, cell: int) -> Locator:
    """Return what a cell shows."""
    return notebook.page.locator(".jp-Notebook .jp-CodeCell").nth(cell)


def press(notebook: Notebook, control: Locator, key: str = "Enter") -> None:
    """Press a key on a control."""
    control.focus()
    notebook.page.keyboard.press(key)


def test_spellings_are_staged_by_keyboard_alone(notebook: Notebook):
    """One unticked, another value chosen, staged, taken back."""
    shown = out(notebook, 1)
    first = notebook.evaluate("groups.cards[0].cluster.key")
    card = shown.locator(".cf-cluster").first
    press(notebook, card.get_by_role("button", name="Who?").first)
    expect(card.locator(".cf-names code").first).to_be_visible()
    press(notebook, card.get_by_role("checkbox").nth(1), "Space")
    notebook.wait_for("len(groups.cards[0].unticked)", 1)
    press(notebook, card.get_by_label("Become"), "End")
    expect(card.get_by_label("Value")).to_be_visible()
    card.get_by_label("Value").focus()
    notebook.page.keyboard.type("One Spelling Ltd")
    notebook.page.keyboard.press("Tab")
    expect(card.get_by_text("would change")).not_to_contain_text("No contact")
    press(notebook, card.get_by_role("button", name="Stage this one"))
    expect(shown.get_by_text("become One Spelling Ltd")).to_be_visible()
    assert notebook.evaluate("groups.cards[0].cluster.key") != first
    press(notebook, shown.get_by_role("button", name="Undo"))
    notebook.wait_for("len(stage)", 0)
    notebook.wait_for("groups.cards[0].cluster.key", first)
    assert [] == notebook.broken_rules(".cf-clusters")


def test_a_group_is_judged_and_merged_by_keyboard_alone(notebook: Notebook):
    """Found, looked at, previewed by the service, approved by number, merged for good."""
    shown, page = out(notebook, 2), notebook.page
    shown.get_by_label("Search", exact=True).focus()
    page.keyboard.type("quillf")
    expect(shown.get_by_text("1 group,")).to_be_visible()
    expect(shown.get_by_role("checkbox", name="is one of them")).to_have_count(2)
    assert [] == notebook.broken_rules(".cf-pairs")
    press(notebook, shown.get_by_role("button", name="Merge this group…"))
    press(notebook, shown.get_by_role("button", name="Ask the service"))
    expect(shown.get_by_role("button", name="for good")).to_be_disabled()
    press(notebook, shown.get_by_label("I have read what is lost"), "Space")
    shown.get_by_placeholder("number").focus()
    page.keyboard.type("1")
    assert [] == notebook.broken_rules(".cf-pairs")
    expect(shown.get_by_role("button", name="for good")).to_be_enabled()
    press(notebook, shown.get_by_role("button", name="for good"))
    expect(shown.get_by_text("1 applied")).to_be_visible()
    assert notebook.evaluate("len(stage.contacts) - site.count()") == 1


def test_findings_are_mended_by_keyboard_alone(notebook: Notebook):
    """Looked for, staged by rule, looked for again."""
    shown = out(notebook, 3)
    press(notebook, shown.get_by_role("button", name="Look for what is wrong"))
    stage_them = shown.get_by_role("button", name="Stage the suggestions of this rule")
    expect(stage_them).to_be_visible()
    press(notebook, stage_them)
    expect(shown.get_by_text("Look again to see what is left")).to_be_visible()
    press(notebook, shown.get_by_role("button", name="Look again"))
    expect(shown.get_by_text("Since the first look")).to_be_visible()
    assert [] == notebook.broken_rules(".cf-audit")
