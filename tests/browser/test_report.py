"""A report in a real JupyterLab: every outcome there is, come about for real, and a run paused."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from browser.lab import Lab, Notebook
from playwright.sync_api import expect

TESTS = Path(__file__).absolute().parents[1]
Open = Callable[[str], Notebook]

# The sandbox's waits are as long as the service's, so the clock of this site runs fast.
SITE = f"""
import sys
sys.path.insert(0, {str(TESTS)!r})
import tempfile
import contacttools as ct
from contacttools import sandbox
from reliability.committer import Hurried, site_at

server = sandbox.start(people=60, seed=5)
ready = {{"url": server.url, "api_key": server.api_key, "site_id": server.site_id}}
site = site_at(ready, tempfile.mkdtemp(), clock=Hurried())
stage = ct.Stage(site.fetch())
"""
# Eight contacts, and to each what brings its outcome about; three more are simply written.
TROUBLE = """
frame = stage.to_frame()
alone = frame[frame["email"].notna() & ~frame["email"].str.casefold().duplicated(keep=False)]
ids = list(alone.index[:13])
applied, already, refused, conflict, maybe, gone, giver, taker, unknown = ids[:9]

for contact_id in ids[:6] + ids[8:]:
    stage.edit(contact_id, {"company": "Quay & Sons Ltd"})
stage.edit(refused, {"email": "new.address@example.org"})
stage.edit(taker, {"email": frame["email"][giver]})
stage.edit(giver, {"email": "given.away@example.org"})
plan = stage.plan()

def theirs(contact_id, **info):
    site.update_contact(contact_id, info, site.get_contact(contact_id)["revision"])

def overwrite():
    theirs(maybe, company="Somebody Else Inc")
    theirs(maybe, jobTitle="Buyer")

theirs(already, company="Quay & Sons Ltd")
theirs(conflict, company="Harbour Trading")
site.delete_contact(gone)
mail = {"items": [{"email": "new.address@example.org", "primary": True}]}
server.faults.add("before", contact_id=refused, method="PATCH",
                  call=lambda: theirs(ids[9], emails=mail))
theirs(giver, emails={"items": []})
server.faults.add("drop_after", contact_id=maybe, method="PATCH")
server.faults.add("before", contact_id=maybe, method="GET", call=overwrite)
server.faults.add("drop_before", contact_id=unknown, method="PATCH")
server.faults.add("status", contact_id=unknown, method="GET", status=503, times=None)
report = site.commit(plan, approve=plan.id)
"""


OUTCOMES = {
    "applied", "already", "refused", "conflict", "conflict_maybe_applied", "gone", "not_sent",
    "unknown",
}  # fmt: skip


def test_a_report_with_every_outcome(lab: Lab, open_notebook: Open):
    """Each of the eight comes about; those to look at stand first, and their reasons with them."""
    notebook = open_notebook(lab.write("every-outcome.ipynb", SITE, TROUBLE, "report"))
    notebook.run_all()
    assert OUTCOMES == set(notebook.evaluate("list({o.outcome for o in report.outcomes})"))
    shown = notebook.output.locator(".ct-plan").last
    expect(shown).to_contain_text("5 of 13 contacts written")
    notebook.page.set_viewport_size({"width": 1280, "height": 2400})
    shown.scroll_into_view_if_needed()
    notebook.screenshot("report-with-every-outcome")


def test_a_run_is_paused_and_goes_on(lab: Lab, open_notebook: Open):
    """Pause sends nothing more, the kernel stays free meanwhile, and Go on writes the rest."""
    cells = (
        SITE,
        """
for contact_id in stage.contacts:
    stage.edit(contact_id, {"company": "Quay & Sons Ltd"})
server.faults.add("delay", method="PATCH", seconds=0.2, times=None)
""",
        "form = ct.form(stage, site)\nform",
    )
    notebook = open_notebook(lab.write("paused.ipynb", *cells))
    notebook.run_all()
    button = partial(notebook.output.get_by_role, "button", exact=True)
    button(name="Preview").click()
    button(name="Commit 60 contacts to the LIVE site").click()
    button(name="Pause").click()
    expect(button(name="Go on")).to_be_visible()
    expect(notebook.output.get_by_text("paused")).to_be_visible()
    notebook.wait_for("form.run.progress.state", "paused")
    assert notebook.evaluate("form.run.progress.done") < 60
    notebook.page.set_viewport_size({"width": 1280, "height": 1500})
    notebook.screenshot("form-paused")
    notebook.evaluate("server.faults.clear()")
    button(name="Go on").click()
    expect(notebook.output.locator(".ct-plan")).to_contain_text("60 of 60 contacts written")
