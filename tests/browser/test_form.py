"""The form in a real JupyterLab: what a person types is staged, shown, written, and no more."""

import json
from collections.abc import Callable

import pytest
from browser.lab import Lab, Notebook
from playwright.sync_api import Page, expect

FETCH = """
import contacttools as ct

site = ct.connect()
before = site.fetch()
stage = ct.Stage(before)
ids = list(before)
"""
LIVE = """
import contacttools as ct
from contacttools import sandbox

server = sandbox.start(people=20)
key = {"api_key": server.api_key, "site_id": server.site_id}
site = ct.connect(base_url=server.url, read_only=False, **key)
stage = ct.Stage(site.fetch())
"""
FORM = "form = ct.form(stage, site)\nform"
# A contact that shares no address or number with another, so that its lists can be written.
ALONE = """
reach = {
    key: {item[value].lower() for name, value in (("emails", "email"), ("phones", "phone"))
          for item in each["info"].get(name, {}).get("items", [])}
    for key, each in before.documents().items()
}
shown = next(
    key for key, mine in reach.items()
    if "emails" in before[key]["info"]
    and not any(mine & other for one, other in reach.items() if one != key)
)
form.show(shown)
"""
CELLS = """() => JSON.stringify(window.jupyterapp.shell.currentWidget.content.widgets
    .map(({model}) => [model.type, model.sharedModel.getSource()]))"""
# Two frames have been painted, so what was set before is on the screen.
PAINTED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
# What differs between the contacts as they were fetched and as the site has them now.
CHANGED = "[key for key in ids if site.get_contact(key) != before[key]]"

Open = Callable[[str], Notebook]


@pytest.fixture(scope="module")
def opened(lab: Lab, open_for_all: Open) -> Notebook:
    """A notebook for all of these tests."""
    return open_for_all(lab.write("by-form.ipynb", FETCH, FORM, ALONE))


@pytest.fixture
def notebook(opened: Notebook) -> Notebook:
    """The notebook, run again: it shows a new form over contacts that were fetched anew."""
    opened.page.set_viewport_size({"width": 1280, "height": 1000})
    opened.run_all()
    expect(opened.output.get_by_label("First name")).to_be_visible()
    return opened


def say(notebook: Notebook, label: str, text: str) -> None:
    """Type a text into a box in place of what stands there, and leave it by Enter."""
    box = notebook.output.get_by_label(label, exact=True)
    box.fill("")
    box.press_sequentially(text)
    box.press("Enter")


def click(notebook: Notebook, name: str) -> None:
    """Click a button by its name."""
    notebook.output.get_by_role("button", name=name).click()


def picture(notebook: Notebook, name: str, *, width: int = 1280, height: int = 1500) -> None:
    """Take a picture of the whole form."""
    notebook.page.set_viewport_size({"width": width, "height": height})
    notebook.page.evaluate(PAINTED)
    notebook.output.locator(".cf-form").scroll_into_view_if_needed()
    notebook.page.evaluate(PAINTED)
    notebook.screenshot(f"form-{name}")


def test_a_change_typed_previewed_and_committed_is_the_only_change(notebook: Notebook):
    """One field and one e-mail of one contact: written at the next revision, all else untouched."""
    contact = notebook.evaluate("shown")
    was = notebook.evaluate("before[shown]")

    say(notebook, "Job title", "Head Librarian")
    say(notebook, "Add e-mail", "a.new.address@example.org")
    notebook.wait_for("sorted(stage.staged(shown))", ["emails", "jobTitle"])
    expect(notebook.output.get_by_text("1 contact staged")).to_be_visible()
    assert notebook.output.get_by_role("button", name="Commit").is_disabled()
    click(notebook, "Preview")
    plan = notebook.evaluate("stage.plan().id")
    expect(notebook.output.locator(".ct-plan")).to_contain_text(plan[:12])
    picture(notebook, "preview", height=2100)
    click(notebook, "Commit 1 contact")
    expect(notebook.output.locator(".ct-plan")).to_contain_text("1 of 1 contact written")

    now = notebook.evaluate("site.get_contact(shown)")
    assert [contact] == notebook.evaluate(CHANGED)
    assert was["revision"] + 1 == now["revision"]
    assert "Head Librarian" == now["info"]["jobTitle"]
    emails = now["info"]["emails"]["items"]
    assert "a.new.address@example.org" == emails[-1]["email"]
    assert was["info"].get("emails", {"items": []})["items"] == emails[:-1]
    ours = ("jobTitle", "emails")
    assert {k: v for k, v in was["info"].items() if k not in ours} == {
        k: v for k, v in now["info"].items() if k not in ours
    }
    theirs = ("revision", "updatedDate", "info", "lastActivity", "primaryInfo", "primaryEmail")
    assert {k: v for k, v in was.items() if k not in theirs} == {
        k: v for k, v in now.items() if k not in theirs
    }
    click(notebook, "Fetch again")
    notebook.wait_for("[len(stage), stage.contacts.revision(shown)]", [0, now["revision"]])
    expect(notebook.output.get_by_text("0 contacts staged")).to_be_visible()


def test_code_and_form_write_on_the_same_paper(notebook: Notebook):
    """What a cell stages stands in the form at once, and undo in the form takes it back."""
    notebook.evaluate("stage.edit(shown, {'company': 'Typed as code'})")

    company = notebook.output.get_by_label("Company")
    expect(company).to_have_value("Typed as code")
    expect(notebook.output.locator(".cf-staged")).to_contain_text("staged")
    click(notebook, "Undo")
    notebook.wait_for("len(stage)", 0)
    expect(company).to_have_value(notebook.evaluate("before[shown]['info'].get('company', '')"))


def test_a_bad_value_stays_with_its_reason_and_is_not_staged(notebook: Notebook):
    """The text stays as typed, the reason stands beside it, and the stage holds nothing of it."""
    say(notebook, "Birthdate", "31.12.1980")

    expect(notebook.output.get_by_role("alert")).to_contain_text("YYYY-MM-DD")
    expect(notebook.output.get_by_label("Birthdate")).to_have_value("31.12.1980")
    assert 0 == notebook.evaluate("len(stage)")
    say(notebook, "Company", "Staged & Sons")
    say(notebook, "Add phone", "030 123456")
    expect(notebook.output.get_by_label("Add phone")).to_have_value("")  # taken
    say(notebook, "Add phone", "9" * 60)
    expect(notebook.output.get_by_role("alert").nth(1)).to_be_visible()
    picture(notebook, "editing-and-bad-value")
    notebook.page.set_viewport_size({"width": 1280, "height": 700})
    notebook.output.get_by_label("Website").scroll_into_view_if_needed()
    expect(notebook.output.locator(".cf-head")).to_be_in_viewport()  # the count is always in view
    notebook.screenshot("form-head-stays")
    dark(notebook.page)
    picture(notebook, "dark", height=1700)
    picture(notebook, "narrow", width=700, height=2000)
    dark(notebook.page, theme="JupyterLab Light")


def dark(page: Page, theme: str = "JupyterLab Dark") -> None:
    """Change the theme of this Lab."""
    change = f"window.jupyterapp.commands.execute('apputils:change-theme', {{theme: '{theme}'}})"
    page.evaluate(change)


def test_keys_pressed_in_the_form_are_no_commands_to_the_notebook(notebook: Notebook):
    """On any control, letters that cut, insert or delete cells leave every cell as it is."""
    page, form = notebook.page, notebook.output.locator(".cf-form")
    cells = page.evaluate(CELLS)

    controls = [
        form.get_by_role("button", name="Undo"),
        form.get_by_label("Only staged"),
        form.get_by_label("Tag of e-mail 1"),
        form.get_by_role("button", name="Primary").first,
        form.get_by_label("Add label"),
        form.get_by_label("Nickname"),
        form.get_by_role("listbox", name="Contacts"),  # last, since it shows another contact
    ]
    for control in controls:
        control.focus()
        for key in "adxmdd":
            page.keyboard.press(key)
            page.wait_for_timeout(20)  # a command, if it were one, takes a moment
            assert cells == page.evaluate(CELLS), f"{key} on {control}"
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Escape")
        notebook.wait_until_idle()
        assert page.evaluate("document.activeElement.closest('.cf-form') !== null"), control


def test_a_contact_is_found_edited_and_committed_by_keyboard_alone(notebook: Notebook):
    """From the search box on, with Tab, arrows, letters, Enter and Space only."""
    page = notebook.page
    contact, name = notebook.evaluate(
        "next([key, each['info']['name']['last']] for key, each in before.documents().items()"
        " if each['info'].get('name', {}).get('last', '').isascii()"
        " and each['info'].get('name', {}).get('last') and key != shown)"
    )
    notebook.output.get_by_label("Search").focus()

    page.keyboard.type(contact[:13])
    expect(notebook.output.get_by_text("1 of 1,000 contacts match")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(notebook.output.get_by_label("Last name")).to_have_value(name)
    tab_to(page, "Nickname")
    page.keyboard.press("Control+a")
    page.keyboard.type("Keys")
    page.keyboard.press("Tab")
    notebook.wait_for(f"stage.value({contact!r}, 'custom.nickname')", "Keys")
    tab_to(page, "Preview")
    page.keyboard.press("Space")
    expect(notebook.output.locator(".ct-plan")).to_be_visible()
    tab_to(page, "Commit 1 contact")
    page.keyboard.press("Enter")
    expect(notebook.output.locator(".ct-plan")).to_contain_text("1 of 1 contact written")
    assert [contact] == notebook.evaluate(CHANGED)


NAME_OF_FOCUS = """() => {
    const focused = document.activeElement;
    return focused.labels?.[0]?.innerText || focused.innerText || focused.tagName;
}"""


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what has the focus is called `name`."""
    passed = []
    for _ in range(60):
        page.keyboard.press("Tab")
        passed.append(page.evaluate(NAME_OF_FOCUS))
        if passed[-1].strip() == name:
            return
    message = f"no {name!r} among {passed}"
    raise AssertionError(message)


def test_a_conflict_is_reported_shown_and_decided(notebook: Notebook):
    """Somebody else wrote the same field first: theirs stands until somebody decides."""
    page = notebook.page
    say(notebook, "Job title", "Ours <b>bold</b>")
    notebook.wait_for("len(stage)", 1)
    click(notebook, "Preview")
    expect(notebook.output.locator(".ct-plan")).to_be_visible()
    notebook.evaluate("site.update_contact(shown, {'jobTitle': 'Theirs'}, before.revision(shown))")
    click(notebook, "Commit 1 contact")

    expect(notebook.output.locator(".ct-plan")).to_contain_text("conflict")
    assert "Theirs" == notebook.evaluate("site.get_contact(shown)['info']['jobTitle']")
    picture(notebook, "report-with-conflict", height=1700)
    click(notebook, "Fetch again")
    expect(notebook.output.locator(".cf-clashes")).to_contain_text("Theirs")
    picture(notebook, "conflict-to-decide", height=1700)
    click(notebook, "Keep mine")
    expect(notebook.output.locator(".cf-clashes")).not_to_contain_text("Theirs")
    click(notebook, "Preview")
    click(notebook, "Commit 1 contact")
    expect(notebook.output.locator(".ct-plan")).to_contain_text("1 of 1 contact written")
    assert "Ours <b>bold</b>" == notebook.evaluate("site.get_contact(shown)['info']['jobTitle']")
    assert 0 == page.locator(".cf-form b").count()


def test_a_live_site_says_so_and_a_search_that_finds_nothing_too(
    lab: Lab, open_notebook: Open, request: pytest.FixtureRequest
):
    """LIVE in the head and on the Commit button; the count of matches says 0."""
    notebook = open_notebook(lab.write("live.ipynb", LIVE, FORM))
    notebook.run_all()

    expect(notebook.output.locator(".cf-head")).to_contain_text("LIVE")
    expect(notebook.output.get_by_role("button", name="to the LIVE site")).to_be_disabled()
    say(notebook, "Search", "nobody is called so")
    expect(notebook.output.get_by_text("0 of 20 contacts match")).to_be_visible()
    picture(notebook, "live-empty-search")
    say(notebook, "Company", "Example Ltd")
    click(notebook, "Preview")
    expect(notebook.output.get_by_role("button", name="Commit 1 contact to the")).to_be_enabled()
    picture(notebook, "live-preview", height=900)
    key = notebook.evaluate("server.api_key")
    state = notebook.evaluate("__import__('ipywidgets').Widget.get_manager_state()")
    assert key not in json.dumps(state)
