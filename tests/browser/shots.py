"""Pictures of every widget in every state, in both themes and narrow: `make shots`.

Nothing is asserted but that no page raises an error: the pictures are for eyes. They are written
below tests/browser/screenshots/shots/, with a page index.html that shows them side by side.
"""

import html
from collections.abc import Callable

import pytest
from browser.lab import SCREENSHOTS, Lab, Notebook

Open = Callable[[str], Notebook]

FOLDER = SCREENSHOTS / "shots"

SETUP = """
import contacttools as ct
from contacttools import sandbox

site = ct.connect()
contacts = site.fetch()
ids = list(contacts)
many = sandbox.start(people=5000, seed=5)
live = ct.connect(
    base_url=many.url, api_key=many.api_key, site_id=many.site_id, read_only=False,
    requests_per_minute=None,
)
crowd = live.fetch()
nobody = ct.Contacts([], site_id=site.site_id, fetched_at=contacts.fetched_at)


def edited(*, bad=False):
    stage = ct.Stage(contacts)
    for contact_id in ids[1:4]:
        stage.edit(contact_id, {"company": "Quay & Sons Ltd", "jobTitle": "Buyer"})
    stage.edit(ids[2], {"birthdate": None})
    stage.add(ids[3], "phones", {"phone": "555-0142", "countryCode": "US"})
    stage.label(ids[4:6], add="VIP")
    return stage


def clashing(of):
    stage = ct.Stage(of.fetch())
    one, two = list(stage.contacts)[:2]
    stage.edit(one, {"company": "Ours Ltd", "jobTitle": "Buyer"})
    stage.edit(two, {"company": "Ours Ltd"})
    theirs = ct.Stage(of.fetch())
    theirs.edit(one, {"company": "Theirs Ltd"})
    plan = stage.plan()
    of.commit(theirs.plan(), approve=theirs.plan().id)
    return stage, plan


def after(shown):
    shown.panel.read.value = True
    shown.panel.number.value = str(len(shown.plan))
    shown.panel.commit.click()
    shown.panel.run.wait(120)
    return shown
"""

#: What is pictured: a name, and the code whose last line is the widget.
STATES = {
    "history-empty": "ct.history(site)",
    "grid-empty": "ct.grid(ct.Stage(nobody))",
    "grid-typical": """
grid = ct.grid(edited())
grid.selected = [ids[2]]
grid
""",
    "grid-error": """
grid = ct.grid(ct.Stage(contacts), columns=["name.first", "name.last", "birthdate", "email"])
grid.edit([(ids[0], None, "birthdate", contacts.to_frame().loc[ids[0], "birthdate"], "31.2.2001"),
           (ids[1], None, "name.first", "?", "x")])
grid
""",
    "grid-filtered": """
grid = ct.grid(edited())
grid.filters = {"company": "quay"}
grid.sort = [["name.last", "asc"]]
grid
""",
    "grid-phones": """
stage = edited()
stage.remove(ids[0], "phones", stage.value(ids[0], "phones")[0]["id"])
ct.grid(stage, "phones", where=ids[:12])
""",
    "grid-5000": "ct.grid(ct.Stage(crowd))",
    "form-typical": """
form = ct.form(edited(), site)
form.contact_id = ids[2]
form.draw()
form
""",
    "form-error": """
form = ct.form(ct.Stage(contacts), site)
form.page.parts["birthdate"].controls[0].widget.value = "31.2.2001"
form
""",
    "form-conflict": """
clashed, _ = clashing(site)
clashed.rebase(site.fetch())
ct.form(clashed, site)
""",
    "form-empty": "ct.form(ct.Stage(nobody), site)",
    "bulk-empty": "ct.bulk(ct.Stage(contacts))",
    "bulk-typical": """
bulk = ct.bulk(ct.Stage(contacts))
bulk.choose("company", "contains", "travel")
bulk.choose("labelKeys", "has", "VIP")
bulk.choosing.join.value = "any"
bulk.change("replace", "company", old="Travel", new="Tours")
bulk.reason.value = "the company was renamed"
bulk
""",
    "bulk-error": """
bulk = ct.bulk(ct.Stage(contacts), where=ids[:12])
bulk.change("set", "email", value=contacts.to_frame()["email"].dropna().iloc[3])
bulk
""",
    "bulk-wrong": """
bulk = ct.bulk(ct.Stage(contacts))
bulk.change("replace", "company", old="(", regex=True)
bulk
""",
    "review-empty": "ct.review(ct.Stage(contacts).plan(), site)",
    "review-typical": """
stage = edited()
stage.edit(ids[6], {"email": "new.address@example.com"})
stage.edit(ids[7], {"email": contacts.to_frame()["email"].dropna().iloc[20]})
ct.review(stage.plan(), site)
""",
    "review-groups": """
stage = ct.Stage(contacts)
stage.apply(ct.audit(stage).fixes(), errors="collect")
ct.review(stage.plan(), site)
""",
    "review-5000": """
stage = ct.Stage(crowd)
stage.apply(lambda values: values.str.upper(), "company", reason="capitals")
ct.review(stage.plan(), live)
""",
    "review-done": """
stage = ct.Stage(live.fetch(limit=30))
stage.apply("Quay & Sons Ltd", "company")
after(ct.review(stage.plan(), live))
""",
    "review-conflict": """
_, plan = clashing(live)
after(ct.review(plan, live))
""",
    "review-undo": """
stage = ct.Stage(live.fetch(limit=30))
stage.apply("Harbour Trading Ltd", "company", where=list(stage.contacts)[5:8])
undone = after(ct.review(stage.plan(), live))
undone.undo.click()
undone
""",
    "clusters-typical": """
stage = ct.Stage(crowd)
ct.clusters(stage, "company").review(stage)
""",
    "clusters-chosen": """
stage = ct.Stage(contacts)
clustered = ct.clusters(stage, "company").review(stage)
one, two, *_ = clustered.cards
one.stage.click()
two.becomes.value = ""
two.own.value = "One Spelling Ltd"
two._rows[0].children[1].click()
clustered
""",
    "clusters-empty": """
stage = ct.Stage(nobody)
ct.clusters(stage, "company").review(stage)
""",
    "pairs-typical": """
stage = ct.Stage(contacts)
pairs = ct.duplicates(stage)
pairs.review(stage)
""",
    "pairs-merge": """
judged = pairs.review(stage, site)
judged.on.click()
judged.this.click()
judged.merging._asked(judged.merging.plan)
judged
""",
    "pairs-merged": """
stage = ct.Stage(live.fetch(limit=1000))
merged = ct.duplicates(stage).review(stage, live)
merged.this.click()
merged.merging._asked(merged.merging.plan)
merged.merging._merged(merged.merging.plan)
merged
""",
    "audit-tab": """
bench = ct.workbench(site, ct.Stage(contacts))
bench.tabs.selected_index = bench.tabs.titles.index("Audit")
bench.audit._looked()
bench.audit._mend(None)
bench.audit._looked()
bench
""",
    "history-typical": "ct.history(live)",
    "workbench": "ct.workbench(live, ct.Stage(crowd))",
    "plan": "edited().plan()",
    "audit": """
findings = ct.audit(crowd)
findings
""",
    "audit-rules": "findings.plot()",
    "audit-fields": 'findings.plot("fields")',
    "audit-time": 'findings.plot("time")',
    "audit-nothing": "ct.audit(nobody).plot()",
}


@pytest.fixture(scope="module")
def notebook(lab: Lab, open_for_all: Open) -> Notebook:
    """A notebook with one cell for each state."""
    opened = open_for_all(lab.write("shots.ipynb", SETUP, *STATES.values()))
    opened.page.set_viewport_size({"width": 1500, "height": 2600})
    opened.run_all(timeout=300)
    return opened


@pytest.mark.parametrize(
    ("look", "width", "zoom"),
    [("light", 1500, 1), ("dark", 1500, 1), ("narrow", 640, 1), ("zoomed", 1500, 2)],
)
def test_picture(notebook: Notebook, look: str, width: int, zoom: float):
    """Each state is pictured."""
    FOLDER.mkdir(exist_ok=True)
    page = notebook.page
    page.set_viewport_size({"width": width, "height": int(2600 * zoom)})
    notebook.theme("Dark" if look == "dark" else "Light")
    page.evaluate("zoom => { document.body.style.zoom = zoom; }", zoom)
    if look == "narrow":
        page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    for number, name in enumerate(STATES, 1):
        out = cells.nth(number).locator(".jp-OutputArea-output").first
        cells.nth(number).scroll_into_view_if_needed()
        out.wait_for()
        page.wait_for_timeout(300)  # what is drawn as it comes into view
        out.screenshot(path=FOLDER / f"{name}-{look}.png")
    page.evaluate("() => { document.body.style.zoom = 1; }")
    pictures = "".join(
        f"<h2>{html.escape(each.stem)}</h2><img loading='lazy' src='{each.name}'>"
        for each in sorted(FOLDER.glob("*.png"))
    )
    (FOLDER / "index.html").write_text(f"<!doctype html><title>Shots</title>{pictures}")
