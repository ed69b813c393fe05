"""The first notebook in a real JupyterLab: run from top to bottom, then carried on by hand."""

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from browser.lab import Lab, Notebook
from playwright.sync_api import expect

from contacttools import sandbox
from contacttools.sandbox import Server
from contacttools.staging.stage import called

Open = Callable[[str], Notebook]


def stored(server: Server) -> dict[str, dict]:
    """Return every contact as it stands in the sandbox's database."""
    return {each["id"]: each for each in map(json.loads, server.store.all_texts())}


def edit_by_hand(notebook: Notebook, who: str, job: str) -> None:
    """Find a contact in the form, give it a job title, preview, and commit what is shown."""
    out = notebook.output
    out.get_by_label("Search", exact=True).press_sequentially(who)
    found = out.get_by_label("Contacts", exact=True)
    # A list picks by place: while it still narrows, the place may be another contact's.
    expect(out.get_by_text(re.compile(r"^1 of [\d,]+ contacts match$"))).to_be_visible()
    wanted = found.locator("option").filter(has_text=who)
    found.select_option(label=wanted.inner_text())
    expect(out.get_by_text(f"Contact · {who}")).to_be_visible()
    box = out.get_by_label("Job title", exact=True)
    box.fill(job)
    box.press("Enter")
    expect(out.get_by_text("1 contact staged")).to_be_visible()
    out.get_by_role("button", name="Preview").click()
    out.get_by_role("button", name="Commit 1 contact").click()
    expect(out.locator(".cf-form .ct-plan")).to_contain_text("1 of 1 contact written")


def test_the_first_notebook_and_then_the_form(open_notebook: Open):
    """All cells run and look right; what is then typed and committed is the only change."""
    notebook = open_notebook("01-first-look.ipynb")
    notebook.run_all()
    notebook.page.set_viewport_size({"width": 1280, "height": 2400})
    plan = notebook.output.locator(".ct-plan").filter(has_text="To write this plan").first
    aligned = "cells => cells.map(cell => getComputedStyle(cell).textAlign)"
    assert {"left"} == set(plan.locator("td").evaluate_all(aligned))
    plan.scroll_into_view_if_needed()
    notebook.screenshot("notebook-plan")
    notebook.evaluate("exec('was = site.fetch().documents()', globals())")

    edit_by_hand(notebook, "Wendy Dunmarley", "Treasurer")

    changed = "[key for key, now in site.fetch().documents().items() if now != was[key]]"
    [contact] = notebook.evaluate(changed)
    before = notebook.evaluate(f"was[{contact!r}]")
    now = notebook.evaluate(f"site.get_contact({contact!r})")
    assert ("Treasurer", before["revision"] + 1) == (now["info"]["jobTitle"], now["revision"])


def test_what_is_typed_is_in_the_database(lab: Lab, open_notebook: Open, tmp_path: Path):
    """Typed in a browser, committed to a site on disk: that change, one revision on, no other."""
    with sandbox.start(people=30, database=tmp_path / "site.sqlite") as server:
        before = stored(server)
        where = {"base_url": server.url, "api_key": server.api_key, "site_id": server.site_id}
        notebook = open_notebook(
            lab.write(
                "by-hand.ipynb",
                f"import contacttools as ct\nsite = ct.connect(read_only=False, **{where})\n"
                "stage = ct.Stage(site.fetch())",
                "ct.form(stage, site)",
            )
        )
        notebook.run_all()
        names = Counter(called(each) for each in before.values())
        someone = next(each for each in before.values() if names[called(each)] == 1)

        edit_by_hand(notebook, called(someone), "Treasurer")

        after = stored(server)
        assert [someone["id"]] == [each for each in before if after[each] != before[each]]
        written = after[someone["id"]]
        assert someone["revision"] + 1 == written["revision"]
        assert {**someone["info"], "jobTitle": "Treasurer"} == written["info"]
