"""The grid in a real JupyterLab: what is typed is staged, and what is staged is shown."""

import json
import re
from collections.abc import Callable

import pytest
from browser.lab import Lab, Notebook
from playwright.sync_api import Locator, Page, expect

Open = Callable[[str], Notebook]

FETCH = """
import contacttools as ct

site = ct.connect()
stage = ct.Stage(site.fetch())
ids = list(stage.contacts)
"""
SHOWN = ["name.first", "name.last", "email", "company", "birthdate", "labelKeys", "custom.website"]
PEOPLE = f"people = ct.grid(stage, columns={SHOWN})\npeople"
PHONES = "phones = ct.grid(stage, 'phones')\nphones"
SOURCES = """() => JSON.stringify(window.jupyterapp.shell.currentWidget.content.widgets
    .map(({model}) => [model.type, model.sharedModel.getSource()]))"""


class Table:
    """One grid on the page."""

    def __init__(self, notebook: Notebook, name: str, n: int):
        self.notebook, self.name = notebook, name
        self.root = notebook.output.locator(".ctg").nth(n)
        self.page: Page = notebook.page

    def column(self, label: str) -> int:
        """Return the place of a column by its label."""
        head = self.root.get_by_role("columnheader", name=label).first
        return int(head.get_attribute("data-c"))

    def cell(self, row: int, label: str) -> Locator:
        """Return a cell by the row as it is shown, from 0, and the column's label."""
        return self.root.locator(f"[data-r='{row}'][data-c='{self.column(label)}']")

    def type(self, row: int, label: str, text: str) -> None:
        """Click a cell, type into it, and press Enter."""
        self.cell(row, label).click()
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")

    def paste(self, row: int, label: str, text: str) -> None:
        """Paste what a spreadsheet has put on the clipboard."""
        self.cell(row, label).click()
        self.page.evaluate(
            """text => {
                const clipboardData = new DataTransfer();
                clipboardData.setData("text/plain", text);
                const paste = new ClipboardEvent("paste", {clipboardData, bubbles: true});
                document.activeElement.dispatchEvent(paste);
            }""",
            text,
        )

    def picture(self, name: str) -> None:
        """Take a picture of the page around it."""
        self.root.scroll_into_view_if_needed()
        self.notebook.screenshot(f"grid-{name}")


@pytest.fixture(scope="module")
def opened(lab: Lab, open_for_all: Open) -> Notebook:
    """One notebook with one kernel for all of these tests."""
    notebook = open_for_all(lab.write("grid.ipynb", FETCH, PEOPLE, PHONES))
    notebook.page.set_viewport_size({"width": 1400, "height": 1500})
    return notebook


@pytest.fixture
def notebook(opened: Notebook) -> Notebook:
    """That notebook, run anew: a grid of people and one of phones, over a fresh stage."""
    opened.theme("Light")
    opened.run_all()
    for n in (0, 1):
        table = Table(opened, "", n)
        expect(table.root.locator("[data-r='0'][data-c='1']")).to_be_visible()
    return opened


def test_what_is_typed_into_a_cell_is_staged_and_marked(notebook: Notebook):
    """By text, date, list of labels and yes or no; read-only cells say why they take nothing."""
    people, phones = Table(notebook, "people", 0), Table(notebook, "phones", 1)
    page = notebook.page
    people.type(0, "Company", "Quay & Sons Ltd")
    notebook.wait_for(
        "stage.edits()", {notebook.evaluate("ids[0]"): {"company": "Quay & Sons Ltd"}}
    )
    expect(people.cell(0, "Company")).to_contain_text("staged, was empty")
    expect(people.root.get_by_role("status").first).to_have_text("1 contact staged")

    people.cell(1, "Birthdate").dblclick()
    editor = people.root.get_by_label("Birthdate, editing")
    assert "date" == editor.get_attribute("type")
    editor.fill("2001-02-03")
    editor.press("Enter")
    notebook.wait_for("stage.value(ids[1], 'birthdate')", "2001-02-03")

    people.cell(2, "Labels").dblclick()
    menu = people.root.get_by_role("menu", name="Labels")
    people.picture("labels")
    menu.get_by_role("menuitemcheckbox", name="VIP").click()
    page.keyboard.press("Enter")
    notebook.wait_for("'custom.vip' in (stage.value(ids[2], 'labelKeys') or ())", expected=True)

    first = notebook.evaluate("phones._sheet.rows[1]")
    phones.cell(1, "Tag").dblclick()
    phones.root.get_by_label("Tag, editing").select_option("FAX")
    page.keyboard.press("Enter")
    phones.cell(1, "Primary").dblclick()
    wanted = f"next(i for i in stage.value({first[0]!r}, 'phones') if i['id'] == {first[1]!r})"
    notebook.wait_for(f"[{wanted}[name] for name in ('tag', 'primary')]", ["FAX", True])

    phones.cell(1, "E.164").dblclick()
    expect(phones.root).to_contain_text("Not editable: e164Phone is set by the service.")
    people.picture("staged")
    phones.picture("phones-staged")


def test_what_is_refused_stays_in_its_cell_with_its_reason(notebook: Notebook):
    """It is not staged; the next one is one button away; Escape leaves the cell as it was."""
    people = Table(notebook, "people", 0)
    people.type(0, "Birthdate", "tomorrow")
    people.type(4, "Birthdate", "13.13.2013")
    wrong = people.root.get_by_role("button", name="2 cells not staged")
    expect(wrong).to_be_visible()
    assert {} == notebook.evaluate("stage.edits()")
    wrong.click()
    cell = people.cell(0, "Birthdate")
    expect(cell).to_be_focused()
    expect(cell).to_have_attribute("aria-invalid", "true")
    expect(people.root).to_contain_text("birthdate is not a date: expected YYYY-MM-DD")
    people.picture("refused")
    notebook.page.keyboard.press("Escape")
    expect(people.root.get_by_role("button", name="1 cell not staged")).to_be_visible()
    people.type(4, "Birthdate", "2013-12-13")
    notebook.wait_for("[len(people.invalid), stage.value(ids[4], 'birthdate')]", [0, "2013-12-13"])


def test_a_paste_is_one_step_and_undo_takes_it_back(notebook: Notebook):
    """Cells of a spreadsheet go where they belong; one value fills what is selected."""
    people, page = Table(notebook, "people", 0), notebook.page
    people.paste(0, "Company", 'One\t2001-01-01\nTwo\tnever\n"Three ""3"""\t2003-03-03\n')
    notebook.wait_for("[stage.value(i, 'company') for i in ids[:3]]", ["One", "Two", 'Three "3"'])
    notebook.wait_for("list(people.invalid['text'])", ["never"])
    page.keyboard.press("Control+z")
    notebook.wait_for("stage.edits()", {})
    page.keyboard.press("Control+y")
    notebook.wait_for("len(stage)", 3)

    people.cell(5, "Company").click()
    people.cell(9, "Company").click(modifiers=["Shift"])
    page.evaluate(
        """() => {
            const clipboardData = new DataTransfer();
            clipboardData.setData("text/plain", "Same Ltd");
            document.activeElement.dispatchEvent(
                new ClipboardEvent("paste", {clipboardData, bubbles: true}));
        }"""
    )
    notebook.wait_for("[stage.value(i, 'company') for i in ids[5:10]]", ["Same Ltd"] * 5)
    notebook.wait_for("people.selected == ids[5:10]", expected=True)
    page.keyboard.press("Delete")
    notebook.wait_for("[stage.value(i, 'company') for i in ids[5:10]]", [None] * 5)


def test_code_and_grid_write_on_the_same_paper(notebook: Notebook):
    """What code stages, takes back or fetches again is drawn at once."""
    people = Table(notebook, "people", 0)
    notebook.evaluate("stage.edit(ids[3], {'company': 'By code'})")
    expect(people.cell(3, "Company")).to_contain_text("By code")
    notebook.evaluate("stage.undo()")
    expect(people.cell(3, "Company")).not_to_contain_text("By code")
    notebook.evaluate("stage.edit(ids[2], {'company': 'By code'})")
    notebook.evaluate("site.commit(p := stage.plan(), approve=p.id) and stage.rebase(site.fetch())")
    expect(people.cell(2, "Company")).to_have_text("By code")
    expect(people.root.get_by_role("status").first).to_have_text("0 contacts staged")
    people.type(2, "Company", "By hand")
    notebook.wait_for("stage.value(ids[2], 'company')", "By hand")


def test_rows_are_searched_filtered_sorted_and_columns_moved(notebook: Notebook):
    """By mouse; what is hidden, pinned and sorted is the grid's own look, and in its traits."""
    people, root = Table(notebook, "people", 0), notebook.output.locator(".ctg").first
    root.get_by_role("searchbox", name="Search all columns").fill("beauchenier noemie")
    found = notebook.evaluate(
        "sum('beauchênier' in f'{r.last}'.casefold() and"
        " 'noémie' in f'{r.first}'.casefold() for r in stage.to_frame()"
        ".rename(columns={'name.first': 'first', 'name.last': 'last'}).itertuples())"
    )
    expect(root).to_contain_text(f"{found} of 1,000 contacts")
    root.get_by_role("searchbox", name="Search all columns").fill("nobody at all")
    expect(root).to_contain_text("No row matches. Clear the search or the filters.")
    people.picture("nothing-found")
    root.get_by_role("searchbox", name="Search all columns").fill("")
    expect(root).not_to_contain_text("of 1,000 contacts")

    root.get_by_role("columnheader", name="Company").click()
    notebook.wait_for("people.sort", [["company", "asc"]])
    expect(root.get_by_role("columnheader", name="Company")).to_have_attribute(
        "aria-sort", "ascending"
    )
    first = "min(c.casefold() for c in stage.to_frame()['company'].dropna())"
    wanted = re.compile(re.escape(notebook.evaluate(first)), re.IGNORECASE)
    expect(people.cell(0, "Company")).to_have_text(wanted)

    root.get_by_role("button", name="Filters").click()
    box = root.get_by_role("textbox", name="Filter Company")
    box.fill("quill")
    box.press("Enter")
    many = notebook.evaluate(
        "int(stage.to_frame()['company'].str.casefold().str.contains('quill').sum())"
    )
    expect(root).to_contain_text(f"{many} of 1,000 contacts")
    people.picture("filtered")
    box.fill("")
    box.press("Enter")

    root.get_by_role("columnheader", name="Birthdate").locator(".ctg-more").click()
    root.get_by_role("menuitem", name="Pin to the left").click()
    notebook.wait_for("people.pinned", ["name.first", "birthdate"])
    assert 2 == people.column("Birthdate")
    root.get_by_role("columnheader", name="Labels").locator(".ctg-more").click()
    root.get_by_role("menuitem", name="Hide").click()
    expect(root.get_by_role("columnheader", name="Labels")).to_have_count(0)
    root.get_by_role("button", name="Columns").click()
    people.picture("columns")
    root.get_by_role("menuitemcheckbox", name="Job title").click()
    notebook.page.keyboard.press("Escape")
    expect(root.get_by_role("columnheader", name="Job title")).to_be_visible()
    people.cell(0, "First name").click()
    notebook.page.keyboard.press("End")
    expect(people.cell(0, "Job title")).to_be_focused()
    expect(people.cell(0, "Job title")).not_to_have_text("…")


def test_items_are_added_and_removed(notebook: Notebook):
    """A new one stands with the others of its contact; one that goes stays in sight, marked."""
    phones = Table(notebook, "phones", 1)
    contact, item = notebook.evaluate("phones._sheet.rows[0]")
    phones.cell(0, "Phone").click()
    phones.root.get_by_role("button", name="Add…").click()
    box = phones.root.get_by_label("New phone for")
    box.fill("555-0142")
    box.press("Enter")
    notebook.wait_for(f"stage.value({contact!r}, 'phones')[-1]['phone']", "555-0142")
    phones.picture("added")
    box.press("Escape")
    expect(phones.cell(0, "Phone")).to_be_focused()
    notebook.page.keyboard.press("Control+Delete")
    notebook.wait_for(
        f"{item!r} in [i['id'] for i in stage.value({contact!r}, 'phones')]", expected=False
    )
    expect(phones.root.locator(".ctg-removed")).to_have_count(1)
    phones.picture("removed")
    notebook.page.keyboard.press("Control+z")
    expect(phones.root.locator(".ctg-removed")).to_have_count(0)


def test_keyboard_alone_is_enough(notebook: Notebook):
    """From the table's cell to the last row and back, editing, sorting and filtering on the way."""
    people, page = Table(notebook, "people", 0), notebook.page
    press = page.keyboard.press
    people.root.get_by_role("searchbox", name="Search all columns").focus()
    for _ in range(12):
        press("Tab")
        if page.evaluate("document.activeElement.getAttribute('role') === 'gridcell'"):
            break
    expect(people.cell(0, "First name")).to_be_focused()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowDown"):
        press(key)
    expect(people.cell(1, "Company")).to_be_focused()
    press("F2")
    page.keyboard.type("By keyboard")
    press("Tab")
    expect(people.cell(1, "Birthdate")).to_be_focused()
    notebook.wait_for("stage.value(ids[1], 'company')", "By keyboard")
    press("Control+End")
    expect(people.root.locator("[data-r='999']").last).to_be_focused()
    press("Control+Home")
    press("ArrowUp")
    expect(people.root.get_by_role("columnheader", name="First name")).to_be_focused()
    press("Enter")
    press("Enter")
    notebook.wait_for("people.sort", [["name.first", "asc"]])
    press("Enter")
    page.keyboard.type("f")
    press("Enter")
    page.keyboard.type("ann")
    press("Enter")
    notebook.wait_for("people.filters", {"name.first": "ann"})


def test_keys_pressed_in_the_grid_are_no_commands_to_the_notebook(notebook: Notebook):
    """Letters, which elsewhere insert and delete cells, are letters here."""
    people, page = Table(notebook, "people", 0), notebook.page
    before = page.evaluate(SOURCES)
    people.cell(0, "Company").click()
    for key in ("a", "d", "x", "m", "d", "d", "Enter"):
        page.keyboard.press(key)
    notebook.wait_for("stage.value(ids[0], 'company')", "adxmdd")
    for key in ("ArrowDown", "Escape", "Control+a", "Escape"):
        page.keyboard.press(key)
    people.cell(3, "Company").click()
    for key in ("Escape", "Delete", "Control+z"):
        page.keyboard.press(key)
    assert json.loads(before) == json.loads(page.evaluate(SOURCES))


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_whoever_does_not_see_can_use_it(notebook: Notebook, theme: str):
    """No rule of accessibility is broken in either theme, with edits, refusals and menus open."""
    people = Table(notebook, "people", 0)
    notebook.theme(theme)
    people.type(0, "Company", "Quay & Sons Ltd")
    people.type(1, "Birthdate", "never")
    notebook.evaluate(
        "stage.remove(*phones._sheet.rows[0][:1], 'phones', phones._sheet.rows[0][1])"
    )
    expect(people.root.get_by_role("button", name="1 cell not staged")).to_be_visible()
    people.root.get_by_role("button", name="Filters").click()
    Table(notebook, "phones", 1).cell(1, "Tag").dblclick()
    people.root.get_by_role("button", name="Columns").click()
    broken = notebook.broken_rules(".ctg")
    people.picture(theme.casefold())
    assert [] == broken
