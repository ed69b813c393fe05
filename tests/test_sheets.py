"""Sheets: contacts out as a file, filled in by people and their programs, and back on the stage."""

import csv
import io
import re
import shutil
import subprocess
import sys
import zipfile
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from people_builder import (
    ANN,
    BOB,
    CAT,
    HOSTILE,
    UNSENDABLE,
    ann,
    bob,
    cat,
    documents,
    email,
    person,
    phone,
    rows,
    stage,
)

import contacttools as ct
from contacttools.snapshot.frames import TABLES

EVERY = (None, *TABLES)
KINDS = ("xlsx", "csv")


class Sheet:
    """A file of to_excel, filled in as a person would, with openpyxl for a program."""

    def __init__(self, path, table=None):
        self.path, self.book = path, load_workbook(path)
        self.sheet = self.book[table or "contacts"]

    @property
    def heads(self):
        return [cell.value for cell in self.sheet[1]]

    def row(self, contact_id):
        """The number of the first row of a contact."""
        ids = [cell.value for cell in self.sheet["A"]]
        return ids.index(contact_id) + 1

    def cell(self, contact_id, name):
        return self.sheet.cell(self.row(contact_id), self.heads.index(name) + 1)

    def put(self, contact_id, name, value, kind=None):
        """Type a value; return the cell's address."""
        cell = self.cell(contact_id, name)
        cell.value = value
        if isinstance(value, str):
            cell.data_type = kind or "s"
        return cell.coordinate

    def back(self, staged, **options):
        self.book.save(self.path)
        return staged.update_from_excel(self.path, "Dana", **options)


@pytest.fixture
def path(tmp_path):
    """Where the sheet is."""
    return tmp_path / "november.xlsx"


def out(staged, path, table=None, **options):
    """Export, and open it as a person would."""
    staged.to_excel(path, table, **options)
    return Sheet(path, table)


def told(found, status="refused"):
    """What was said of cells and rows: address, field, why."""
    kept = found[found["status"] == status]
    return [
        tuple(None if each != each else each for each in row)  # noqa: PLR0124 - NaN
        for row in kept[["cell", "field", "why"]].itertuples(index=False)
    ]


# -- nothing changed ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("table", EVERY)
def test_what_nobody_touched_stages_nothing(tmp_path, table, kind):
    """Of every table, in both kinds of file; as it is written and as a program saves it."""
    staged, path = stage(), tmp_path / f"a.{kind}"
    staged.to_excel(path, table)
    found = staged.update_from_excel(path, "Dana")
    assert {"unchanged"} == set(found["status"])
    assert len(staged.to_frame(table)) == len(found)
    if kind == "xlsx":
        assert {"unchanged"} == set(Sheet(path, table).back(staged)["status"])
    assert 0 == len(staged)


FEWER = settings(max_examples=settings().max_examples // 4)  # each writes and reads a workbook


@FEWER
@given(documents(), st.sampled_from(EVERY), st.sampled_from(KINDS))
def test_whatever_contacts_hold_comes_back_as_no_edit(tmp_path_factory, people, table, kind):
    """Texts of every kind, of the wrong type, hostile, invisible: no cell is taken for an edit."""
    staged = stage(*people)
    path = tmp_path_factory.getbasetemp() / f"any.{kind}"
    if staged.to_frame(table).empty:
        with pytest.raises(ct.BadValue, match="no such rows"):
            staged.to_excel(path, table)
        return
    staged.to_excel(path, table)
    found = staged.update_from_excel(path, "Dana")
    assert {"unchanged"} >= set(found["status"]), found.to_string()
    assert 0 == len(staged)


_TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40),
    st.sampled_from([
        "=1+1", "+15550100", "-", "@x", "00123", " lead", "trail ", "a\nb", "\t", "🦆" * 90, "'x",
        "x" * 999, "5e10", "TRUE", "1990-01-01", "1/2/90", "_x0041", "x005F_", "'=1", *HOSTILE[:9],
    ]),
).filter(str.strip)  # fmt: skip


@FEWER
@given(
    _TEXTS,
    st.sampled_from(["company", "name.first", "custom.nickname", "email"]),
    st.sampled_from([ANN, BOB]),
    _TEXTS,
)
def test_one_cell_changed_is_the_very_edit_that_code_would_make(
    tmp_path_factory, text, name, contact_id, before
):
    """The plan has the same id, whatever the cell held and whatever is put into it."""
    document = ann(company=before), bob(company=before)
    path = tmp_path_factory.getbasetemp() / "one.xlsx"
    code, sheet = stage(*document), stage(*document)
    try:
        code.edit(contact_id, {name: text})
    except ct.BadValue:
        return  # what cannot be staged by code is refused by its address, elsewhere
    filled = out(sheet, path, where=[contact_id], columns=[name])
    filled.put(contact_id, name, text)
    found = filled.back(sheet)
    assert not told(found), found.to_string()
    assert code.plan().id == sheet.plan().id


def test_the_longest_cell_there_is_comes_back(path):
    """32,767 characters are no edit; one more is refused before there is a file."""
    long = "=" + "x" * 32_766
    staged = stage(person(ANN, name={"first": "Ann"}, company=long))
    staged.to_excel(path)
    assert {"unchanged"} == set(staged.update_from_excel(path, "Dana")["status"])

    longer = stage(person(ANN, name={"first": "Ann"}, company=long + "x"))
    with pytest.raises(ct.BadValue, match=r"c-ann: company is too long.*columns="):
        longer.to_excel(path.with_name("other.xlsx"))
    assert not path.with_name("other.xlsx").exists()
    longer.to_excel(path, columns=["name.first"])


# -- what a person changed ------------------------------------------------------------------


def test_a_change_a_value_filled_in_and_one_emptied_are_told_apart(path):
    """Blank, cleared and unchanged are three things, because the original is known."""
    staged = stage()
    sheet = out(staged, path)
    sheet.put(ANN, "company", "Other Ltd")
    sheet.put(ANN, "birthdate", None)
    sheet.put(BOB, "jobTitle", "Baker")
    found = sheet.back(staged)

    assert [
        ("birthdate", "cleared", "1990-02-03", None),
        ("company", "changed", "Example Ltd", "Other Ltd"),
        ("jobTitle", "added", None, "Baker"),
    ] == rows(staged.plan())
    assert 3 == len(told(found, "staged"))
    assert [CAT] == found.loc[found["status"] == "unchanged", "contactId"].tolist()


def test_a_sheet_is_one_step_and_its_edits_say_who_made_them(path):
    """One undo takes all of it back; the reason names the file and the person."""
    staged = stage()
    sheet = out(staged, path)
    sheet.put(ANN, "company", "Other Ltd")
    sheet.put(BOB, "company", "Other Ltd")
    sheet.back(staged)

    reasons = {edit.reason for change in staged.plan().changes for edit in change.edits}
    assert {"from Excel, november.xlsx, by Dana"} == reasons
    assert staged.undo()
    assert 0 == len(staged)


def test_a_frame_code_and_a_sheet_give_one_plan(path):
    """Three routes, the same edits, one id."""
    edits = {ANN: {"company": "=Ltd", "labelKeys": ("custom.press", "custom.vip"), "phone": None}}
    code, frame, excel = stage(), stage(), stage()
    code.edit(ANN, edits[ANN])
    edited = frame.to_frame()
    edited.loc[ANN, ["company", "phone"]] = ["=Ltd", None]
    edited.at[ANN, "labelKeys"] = edits[ANN]["labelKeys"]
    frame.update(edited, clear="phone")
    sheet = out(excel, path)
    sheet.put(ANN, "company", "=Ltd")
    sheet.put(ANN, "labelKeys", "press;VIP ")
    sheet.put(ANN, "phone", None)
    assert not told(sheet.back(excel))
    assert code.plan().id == frame.plan().id == excel.plan().id


@pytest.mark.parametrize(
    ("table", "column", "value", "staged_value"),
    [
        ("emails", "tag", "WORK", "WORK"),
        ("emails", "email", "ann@example.net", "ann@example.net"),
        ("phones", "countryCode", None, None),
        ("phones", "phone", "+1 555 0177", "+1 555 0177"),
        ("addresses", "city", "=Town", "=Town"),
        ("addresses", "geocode.latitude", "1.5", 1.5),
        ("addresses", "geocode.longitude", 1, 1),
        ("extendedFields", "value", "Nan", "Nan"),
    ],
)
def test_the_items_of_a_list_are_edited_by_their_ids(path, table, column, value, staged_value):
    """The same plan as edit_item gives."""
    code, excel = stage(), stage()
    item = code.to_frame(table)["itemId"].iloc[0]
    code.edit_item(ANN, table, item, {column: staged_value})
    sheet = out(excel, path, table)
    sheet.put(ANN, column, value)
    assert not told(sheet.back(excel))
    assert code.plan().id == excel.plan().id


def test_a_number_and_a_date_are_taken_where_numbers_and_dates_belong(path):
    """A date that a program holds as a date is that day; its original is then no edit."""
    staged = stage()
    sheet = out(staged, path)
    sheet.put(ANN, "birthdate", datetime(1990, 2, 3))  # noqa: DTZ001
    sheet.put(ANN, "custom.score", 7)
    sheet.put(BOB, "birthdate", date(1991, 1, 2))
    assert not told(sheet.back(staged))
    assert {ANN: {"custom.score": 7}, BOB: {"birthdate": "1991-01-02"}} == staged.edits()


# -- what a program does --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "kind", "words"),
    [
        ("phone", 5550177, None, "the number 5550177, not a text"),
        ("phone", 5.55e30, "n", "the number 5.55e\\+30"),
        ("phone", "5.55E+09", None, "a number that a program has cut"),
        ("custom.nickname", 123, None, "lost its leading zeros: 123"),
        ("custom.nickname", "123", "s", "lost its leading zeros: 123"),
        ("jobTitle", 15550100, None, r"lost its leading \+: 15550100"),
        ("birthdate", 32994, None, "perhaps 1990-05-01; type YYYY-MM-DD"),
        ("birthdate", "01/05/1990", None, "expected YYYY-MM-DD"),
        ("birthdate", datetime(1990, 2, 3, 4), None, "time of day"),  # noqa: DTZ001
        ("company", datetime(1990, 2, 3), None, "a date, 1990-02-03"),  # noqa: DTZ001
        ("company", True, None, "TRUE or FALSE"),
        ("company", "=A1", "f", "holds a formula"),
        ("company", "#N/A", "e", "#N/A, an error"),
        ("company", "#REF!", None, "#REF!, an error"),
        ("company", " ", None, "is empty text"),
        ("company", "x" * 1001, None, "1,001 characters"),
        ("custom.score", "1,5", None, "expected a number"),
        ("custom.score", "=1+1", "f", "holds a formula"),
        ("labelKeys", "VIP; Vipp", None, "no label 'Vipp'"),
        ("locale", "?", None, "language tag"),
        ("revision", "8", None, "set by the service"),
        ("createdDate", "now", None, "not read back"),
        ("contact", "Bob", None, "says whose row it is"),
    ],
)
def test_what_is_wrong_with_a_cell_is_said_with_its_address(path, name, value, kind, words):
    """Contact, field, cell and the next step; nothing of the row is staged, both ways of asking."""
    staged = stage(ann(jobTitle="+15550100", custom={"custom.nickname": "00123"}), bob())
    sheet = out(staged, path)
    place = sheet.put(ANN, name, value, kind)
    found = sheet.back(staged)

    ((cell, field, why),) = told(found)
    assert (place, name) == (cell, field)
    assert re.match(rf"{place}: contact {ANN}: .*{words}", why), why
    assert 0 == len(staged)
    with pytest.raises(ct.StagingError, match=rf"^{place}: ") as caught:
        staged.update_from_excel(path, "Dana", errors="raise")
    assert (ANN, name) == (caught.value.contact_id, caught.value.field)


def test_four_bad_cells_come_back_as_a_list_while_the_rest_is_staged(path):
    """Of 300 rows, 296 are staged, as one step."""
    people = [person(f"c-{n}", 1, name={"first": f"P{n}"}, company="Old") for n in range(300)]
    staged = stage(*people)
    sheet = out(staged, path, columns=["company", "birthdate"])
    for n in range(300):
        sheet.put(f"c-{n}", "company", "New")
    bad = [sheet.put(f"c-{n}", "birthdate", "soon") for n in (3, 50, 120, 299)]
    found = sheet.back(staged)

    wrong = [cell for cell, field, _ in told(found) if field == "birthdate"]
    assert bad == wrong
    assert 296 == len(staged)
    beside = [why for _, field, why in told(found) if field == "company"]
    assert 4 == sum("not staged, for another cell of this row was refused" in why for why in beside)
    staged.undo()
    assert 0 == len(staged)


def test_a_good_sheet_with_errors_raised_returns_nothing(path):
    """As update does."""
    staged = stage()
    sheet = out(staged, path)
    sheet.put(ANN, "company", "New")
    assert sheet.back(staged, errors="raise") is None
    assert 1 == len(staged)


# -- rows and columns -----------------------------------------------------------------------


def test_rows_sorted_and_columns_moved_are_the_same_sheet(path):
    """The hidden ids say whose row it is, and the headings which column."""
    staged = stage()
    sheet = out(staged, path)
    sheet.put(ANN, "company", "New")
    table = [[cell.value for cell in row] for row in sheet.sheet.rows]
    head, *body = [list(reversed(row)) for row in table]
    for n, row in enumerate([head, *reversed(body)], 1):
        for m, value in enumerate(row, 1):
            cell = sheet.sheet.cell(n, m)
            cell.value, cell.data_type = value, "s"
    assert not told(sheet.back(staged))
    assert {ANN: {"company": "New"}} == staged.edits()


def test_rows_and_columns_taken_out_are_named_and_no_edit(path):
    """Deleting a row deletes nobody; deleting a column clears nothing."""
    staged = stage()
    sheet = out(staged, path)
    sheet.put(BOB, "jobTitle", "Baker")
    sheet.sheet.delete_rows(sheet.row(ANN))
    sheet.sheet.delete_cols(sheet.heads.index("company") + 1)
    found = sheet.back(staged)
    assert not told(found)
    said = {each[1:] for each in told(found, "unchanged")}
    assert ("company", "the sheet has no such column; nothing of it is staged") in said
    assert (None, "its row is not in the sheet; nothing of it is staged") in said
    assert {BOB: {"jobTitle": "Baker"}} == staged.edits()


def test_rows_doubled_new_or_of_nobody_are_refused_and_the_others_taken(path):
    """A copy says two things of one contact; a new row has no contact."""
    staged = stage()
    sheet = out(staged, path)
    ids, name = sheet.heads.index("id") + 1, sheet.heads.index("company") + 1
    sheet.put(CAT, "company", "Cat Ltd")
    sheet.sheet.append([cell.value for cell in sheet.sheet[sheet.row(ANN)]])
    sheet.sheet.cell(6, name).value = "New Ltd"
    sheet.sheet.cell(7, name).value = "Stranger Ltd"
    sheet.sheet.cell(7, ids).value = "c-dan"
    found = sheet.back(staged)
    refused = found[found["status"] == "refused"].set_index("row")["why"]
    assert [2, 5, 6, 7] == refused.index.tolist()
    assert "stands in 2 rows; keep one" in refused[2] == refused[5]
    assert "ct.match" in refused[6]
    assert "'c-dan' is not in what was exported" in refused[7]
    assert {CAT: {"company": "Cat Ltd"}} == staged.edits()


def test_a_new_row_among_items_is_named(path):
    """An item is added with stage.add."""
    staged = stage()
    sheet = out(staged, path, "phones")
    sheet.sheet.append([None, None, "Ann", None, None, None, None, None, "555-0123"])
    ((_, _, why),) = told(sheet.back(staged))
    assert "stage.add(contact_id, 'phones', …)" in why


def test_a_heading_changed_or_doubled_or_added_leaves_its_column_out_and_is_named(path):
    """The other columns are read."""
    staged = stage()
    sheet = out(staged, path)
    sheet.put(ANN, "company", "New")
    sheet.put(ANN, "jobTitle", "New")
    sheet.put(ANN, "locale", "de-de")
    at = sheet.heads.index("company") + 1
    sheet.sheet.cell(1, at).value = "Firma"
    sheet.sheet.cell(1, sheet.heads.index("birthdate") + 1).value = "jobTitle"
    found = sheet.back(staged)
    wrong = {field: why for _, field, why in told(found)}
    assert {"Firma", "jobTitle"} == set(wrong)
    assert "company, birthdate is missing: was a heading changed?" in wrong["Firma"]
    assert "two columns are headed 'jobTitle'" in wrong["jobTitle"]
    assert {ANN: {"locale": "de-de"}} == staged.edits()


def test_a_part_of_a_sheet_that_was_sorted_alone_is_noticed(path):
    """What cannot be changed stands beside the ids: where it does not match, the row is refused."""
    staged = stage()
    sheet = out(staged, path, columns=["company"])
    a, b = sheet.row(ANN), sheet.row(BOB)
    for m in range(2, len(sheet.heads) + 1):
        one, two = sheet.sheet.cell(a, m), sheet.sheet.cell(b, m)
        one.value, two.value = two.value, one.value
    found = sheet.back(staged)
    assert 0 == len(staged)
    assert any("if a part of the sheet was sorted" in why for _, _, why in told(found))


# -- what others did meanwhile --------------------------------------------------------------


def test_a_cell_left_as_it_was_is_no_edit_whatever_the_site_says_now(path):
    """Somebody has changed the contact since: their values stay."""
    sheet = out(stage(), path)
    sheet.put(ANN, "jobTitle", "Baker")
    later = stage({**ann(company="Theirs Ltd"), "revision": 9}, bob(), cat())
    assert not told(sheet.back(later))
    assert {ANN: {"jobTitle": "Baker"}} == later.edits()


def test_what_both_changed_is_a_conflict_and_what_both_want_is_none(path):
    """Named with all three values; the same value on both sides is unchanged."""
    sheet = out(stage(), path)
    place = sheet.put(ANN, "company", "Ours Ltd")
    sheet.put(BOB, "company", "Both Ltd")
    later = stage({**ann(company="Theirs Ltd"), "revision": 9}, bob(company="Both Ltd"), cat())
    found = sheet.back(later)
    ((cell, field, why),) = told(found)
    assert (place, "company") == (cell, field)
    assert all(each in why for each in ("'Example Ltd'", "'Theirs Ltd'", "'Ours Ltd'", "decide"))
    assert "the contact holds this already" in [why for _, _, why in told(found, "unchanged")]
    assert 0 == len(later)
    with pytest.raises(ct.StaleFrame, match=f"^{place}: contact c-ann: company was"):
        later.update_from_excel(path, "Dana", errors="raise")


def test_what_is_staged_meanwhile_is_not_overwritten_either(path):
    """The stage has moved on in that very field: a conflict, as if somebody else had."""
    staged = stage()
    sheet = out(staged, path)
    sheet.put(ANN, "company", "Sheet Ltd")
    staged.edit(ANN, {"company": "Code Ltd"})
    ((_, _, why),) = told(sheet.back(staged))
    assert "'Code Ltd' by now" in why
    assert {ANN: {"company": "Code Ltd"}} == staged.edits()


def test_staged_values_go_out_and_come_back(path):
    """The sheet shows the contacts as they would be."""
    staged = stage()
    staged.edit(ANN, {"company": "Staged Ltd"})
    sheet = out(staged, path)
    assert "Staged Ltd" == sheet.cell(ANN, "company").value
    sheet.put(ANN, "company", "Sheet Ltd")
    assert not told(sheet.back(staged))
    assert {ANN: {"company": "Sheet Ltd"}} == staged.edits()


def test_a_contact_and_an_item_that_are_gone_are_named_where_something_was_changed(path):
    """An unchanged row of somebody who is gone is nothing to speak of."""
    sheet = out(stage(), path)
    sheet.put(ANN, "company", "New")
    found = sheet.back(stage(cat()))
    ((_, _, why),) = told(found)
    assert "contact c-ann is not among the stage's contacts" in why

    items = out(stage(), path, "emails")
    items.put(ANN, "tag", "WORK")
    left = stage(ann(emails=[email("e2", "a@example.org", primary=True)]), cat())
    ((_, _, why),) = told(items.back(left))
    assert "emails has no item 'e1' any more" in why


def test_a_sheet_of_another_site_is_refused(path):
    """Before anything else is looked at."""
    out(stage(), path)
    with pytest.raises(ct.WrongSite, match=r"november\.xlsx is of site site-1"):
        stage(site_id="site-2").update_from_excel(path, "Dana")


# -- the file -------------------------------------------------------------------------------

_FORMULAS = ("1+1", "cmd|' /C calc'!A0", 'HYPERLINK("https://x.example")', "")
PAYLOADS = [f"{start}{rest}" for start in "=+-@\t\r'|%＝＋－＠" for rest in _FORMULAS]


def test_no_cell_is_a_formula_or_anything_but_text(path):
    """Searched in the file's own XML: every cell a string, no formula, no link."""
    people = [person(f"c-{n}", 1, company=each) for n, each in enumerate(PAYLOADS)]
    stage(*people).to_excel(path)
    with zipfile.ZipFile(path) as packed:
        for name in packed.namelist():
            text = packed.read(name).decode()
            if name.startswith("xl/worksheets/sheet"):
                assert not re.search(r"<f[ >/]", text)
                types = re.findall(r"<c ([^>]*)>", text)
                assert all('t="inlineStr"' in each for each in types)
            assert "TargetMode" not in text


def test_a_csv_file_has_a_sign_before_what_a_program_would_run(tmp_path):
    """No field of the file begins like a formula; read back, each text is what it was."""
    path = tmp_path / "a.csv"
    people = [person(f"c-{n}", 1, company=each) for n, each in enumerate(PAYLOADS)]
    staged = stage(*people)
    staged.to_excel(path, columns=["company"])
    with path.open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.reader(file))
    assert not [each for row in table for each in row if each[:1] in set("=+-@\t\r＝＋－＠")]
    assert {"unchanged"} == set(staged.update_from_excel(path, "Dana")["status"])

    text = path.read_bytes().decode()
    path.write_bytes(text.replace("'=1+1", "'=2+2", 1).encode())
    staged.update_from_excel(path, "Dana")
    assert {"c-0": {"company": "=2+2"}} == staged.edits()


def test_a_csv_file_that_a_program_has_saved_is_read_with_its_own_divider(tmp_path):
    """Semicolons, and numbers and dates that were made of texts, which are named."""
    path = tmp_path / "a.csv"
    staged = stage(ann(custom={"custom.nickname": "00123"}), bob())
    staged.to_excel(path, columns=["custom.nickname", "birthdate", "company"])
    with path.open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.reader(file))
    at = {name: n for n, name in enumerate(table[0])}
    table[1][at["custom.nickname"]] = "123"
    table[1][at["birthdate"]] = "03.02.1990"
    table[2][at["company"]] = "Bob; Sons"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows(table)
    found = staged.update_from_excel(path, "Dana")
    wrong = {field: why for _, field, why in told(found)}
    assert "lost its leading zeros" in wrong["custom.nickname"]
    assert "expected YYYY-MM-DD" in wrong["birthdate"]
    assert {BOB: {"company": "Bob; Sons"}} == staged.edits()


def test_a_csv_row_whose_originals_were_damaged_is_refused_alone(tmp_path):
    """The other rows say for themselves what they held."""
    path = tmp_path / "a.csv"
    staged = stage()
    staged.to_excel(path, columns=["company"])
    head, one, *rest = path.read_text(encoding="utf-8-sig").splitlines()
    path.write_text("\n".join([head, one[:-5], *rest]), encoding="utf-8")
    ((_, _, why),) = told(staged.update_from_excel(path, "Dana"))
    assert "its hidden part was changed" in why


def test_what_is_hidden_what_is_locked_and_what_is_offered(path):
    """Ids and originals are hidden, grey columns refuse typing, known values are drop-downs."""
    sheet = out(stage(), path, "phones")
    hidden = [n for n, each in sheet.sheet.column_dimensions.items() if each.hidden]
    assert ["contactId", "itemId", "revision"] == [sheet.sheet[f"{n}1"].value for n in hidden]
    states = {each.title: each.sheet_state for each in sheet.book.worksheets}
    assert {
        "Read me": "visible", "phones": "visible", "lists": "hidden", "contacttools": "veryHidden",
    } == states  # fmt: skip
    rules = {str(each.sqref): each for each in sheet.sheet.data_validations.dataValidation}
    place = {name: sheet.cell(ANN, name).column_letter for name in sheet.heads}
    rule = rules[f"{place['tag']}2:{place['tag']}4"]
    lists = sheet.book["lists"]
    assert ("list", True) == (rule.type, rule.showErrorMessage)
    offered = [cell.value for cell in lists[rule.formula1.split("$")[1]] if cell.value]
    assert ["UNTAGGED", "MAIN", "HOME", "MOBILE", "WORK", "FAX"] == offered
    assert "custom" == rules[f"{place['e164Phone']}2:{place['e164Phone']}4"].type
    assert sheet.sheet.freeze_panes is not None
    assert f"A1:{place[sheet.heads[-1]]}4" == sheet.sheet.auto_filter.ref
    grey = sheet.cell(ANN, "e164Phone").fill.fgColor.rgb
    assert grey != sheet.cell(ANN, "phone").fill.fgColor.rgb
    assert {"@"} == {cell.number_format for row in sheet.sheet.rows for cell in row}


def test_labels_go_by_name_where_only_one_has_it(path):
    """A name that two labels have, or that cannot stand in a list, gives way to the key."""
    labels = {"custom.a": "Same", "custom.b": "same", "custom.c": "A; B", "custom.d": "Dear"}
    person_ = ann(labelKeys=["custom.a", "custom.b", "custom.c", "custom.d"])
    staged = stage(person_, labels=labels)
    sheet = out(staged, path)
    assert "Dear; custom.a; custom.b; custom.c" == sheet.cell(ANN, "labelKeys").value
    sheet.put(ANN, "labelKeys", "custom.c;dear")
    sheet.back(staged)
    assert {"custom.c", "custom.d"} == set(staged.edits()[ANN]["labelKeys"])


def test_a_file_says_that_its_values_are_real(path, tmp_path):
    """On its first sheet, in the last column of a CSV file, and where the call returns."""
    said = stage().to_excel(path)
    assert "3 contacts, with REAL VALUES" in repr(said)
    assert (3, 3, path) == (said.contacts, said.rows, said.path)
    assert "company" in said.columns
    assert "real values of 3 contacts" in load_workbook(path)["Read me"]["A1"].value
    assert "Read me" == load_workbook(path).active.title
    stage().to_excel(tmp_path / "a.csv")
    assert "real values of people" in (tmp_path / "a.csv").read_text(encoding="utf-8-sig")
    assert 0o600 == path.stat().st_mode & 0o777


def test_where_and_columns_choose(path):
    """A mask or ids, as in apply; the columns in the order given, beside who it is."""
    staged = stage()
    frame = staged.to_frame()
    sheet = out(staged, path, where=frame["email"].notna(), columns=["jobTitle", "company"])
    assert ["id", "contact", "revision", "jobTitle", "company"] == sheet.heads
    assert ["id", ANN, CAT] == [cell.value for cell in sheet.sheet["A"]]
    assert "Ann Example" == sheet.cell(ANN, "contact").value


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"columns": ["compny"]}, ct.UnknownField, "did you mean company"),
        ({"table": "phones", "columns": ["compny"]}, ct.UnknownField, "there are contactId"),
        ({"table": "people"}, ct.UnknownField, "no table 'people'"),
        ({"where": ["c-dan"]}, ct.UnknownContact, "no contact 'c-dan'"),
    ],
)
def test_what_there_is_not_is_not_exported(path, options, error, words):
    """Nothing is written."""
    with pytest.raises(error, match=words):
        stage().to_excel(path, **options)
    assert not path.exists()


@pytest.mark.parametrize("who", ["", " ", "a\nb", None])
def test_who_filled_it_in_has_to_be_said(path, who):
    """In one line, for those who read the preview."""
    out(stage(), path)
    with pytest.raises(ct.BadValue, match="who is the person who filled it in"):
        stage().update_from_excel(path, who)


def test_the_spreadsheet_library_is_loaded_by_the_first_sheet():
    """Not by the import of contacttools."""
    code = "import sys, contacttools; sys.exit('openpyxl' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


# -- a real spreadsheet program -------------------------------------------------------------

SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")


def resaved(path, *formats):
    """The file opened and saved by LibreOffice, as these formats one after the other."""
    profile = path.parent / "profile"
    for each in formats:
        folder = path.parent / f"{path.parent.name}-{each}"
        command = [SOFFICE, f"-env:UserInstallation={profile.as_uri()}", "--headless",
                   "--convert-to", each, "--outdir", folder, path]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True)
        path = folder / f"{path.stem}.{each}"
    return path


@pytest.mark.skipif(SOFFICE is None, reason="LibreOffice Calc is not installed")
@pytest.mark.parametrize("formats", [("xlsx",), ("ods", "xlsx")], ids="-".join)
def test_what_libreoffice_opens_and_saves_stages_nothing(path, formats):
    """Not one edit of hostile texts and of all that a contact holds, nor after its own format.

    That one, .ods, has no place for tabs and control characters, and drops them.
    """
    texts = [*HOSTILE, *UNSENDABLE, *PAYLOADS, "00123", "1990-05-01", "5550100", "1e5", "a\r\nb"]
    if "ods" in formats:
        texts = [each for each in texts if not re.search("[\x00-\x08\x09\x0b\x1b]", each)]
    people = [person(f"c-{n}", 1, company=each) for n, each in enumerate(texts)]
    staged = stage(ann(phones=[phone("p", "+12125550100", primary=True)]), *people)
    staged.to_excel(path)
    found = staged.update_from_excel(resaved(path, *formats), "Dana")
    assert {"unchanged"} == set(found["status"]), found[found["status"] != "unchanged"].to_string()
    assert len(found) == len(staged.contacts)
    assert 0 == len(staged)


# -- files from anywhere --------------------------------------------------------------------


def _zip(**parts):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in parts.items():
            packed.writestr(name, text)
    return content.getvalue()


def _altered(path, name, change):
    """The file with one of its parts changed."""
    content = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as new:
        for each in old.namelist():
            text = old.read(each)
            new.writestr(each, change(text) if each == name else text)
    return content.getvalue()


BOMB = b"<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]>"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no sheet that stage.to_excel wrote"),
        (b"id,company\nc-ann,X\n", "no sheet that stage.to_excel wrote"),
        (b"PK\x03\x04 and no more", "no .xlsx file that can be read"),
        (b"\xd0\xcf\x11\xe0 old", "is an .xls file, or has a password"),
        (b"\xff\xfa\x00", "no UTF-8"),
        (_zip(mimetype="application/vnd.oasis.opendocument.spreadsheet"), "save it as one"),
        (_zip(**{"xl/workbook.xml": "<workbook/>"}), "can be read"),
        (_zip(**{"xl/workbook.xml": b"0" * 30_000_000}), "unpacks to 30 MB"),
        (_zip(**{f"{n}.xml": "" for n in range(2_001)}), "unpacks to"),
    ],
    ids=["empty", "csv", "torn", "xls", "bytes", "ods", "hollow", "bomb", "parts"],
)
def test_a_file_that_is_none_of_ours_is_refused_in_words(path, content, words):
    """Whatever it is."""
    path.write_bytes(content)
    with pytest.raises(ct.BadValue, match=words):
        stage().update_from_excel(path, "Dana")


def test_xml_that_declares_entities_is_not_read(path):
    """In any part, in any encoding."""
    out(stage(), path)
    for encoding in ("utf-8", "utf-16"):
        head = f'<?xml version="1.0" encoding="{encoding}"?>'

        def declare(text, encoding=encoding, head=head):
            body = text.decode().removeprefix("<?xml version='1.0' encoding='utf-8'?>")
            return (head + BOMB.decode() + body).encode(encoding)

        for part in ("xl/workbook.xml", "xl/worksheets/sheet2.xml", "[Content_Types].xml"):
            other = path.with_name("other.xlsx")
            other.write_bytes(_altered(path, part, declare))
            with pytest.raises(ct.BadValue, match="declares things of its own"):
                stage().update_from_excel(other, "Dana")


def test_a_size_that_a_sheet_claims_is_not_believed(path):
    """Nor is a cell at the very end of a sheet a reason to fill what is before it."""
    out(stage(), path)

    def claim(text):
        row = b'<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>'
        text = re.sub(rb"<sheetPr", b'<dimension ref="A1:XFD1048576"/><sheetPr', text, count=1)
        return text.replace(b"</sheetData>", row + b"</sheetData>")

    path.write_bytes(_altered(path, "xl/worksheets/sheet2.xml", claim))
    assert {"unchanged"} == set(stage().update_from_excel(path, "Dana")["status"])


def test_a_hidden_part_that_was_damaged_is_noticed(path):
    """One character of it is enough; so is its sheet deleted, or the column of ids."""
    sheet = out(stage(), path)
    cell = sheet.book["contacttools"]["A2"]
    cell.value = cell.value[:50] + ("A" if cell.value[50] != "A" else "B") + cell.value[51:]
    with pytest.raises(ct.BadValue, match="hidden part was changed"):
        sheet.back(stage())
    del sheet.book["contacttools"]
    with pytest.raises(ct.BadValue, match="hidden part was deleted"):
        sheet.back(stage())
    sheet = out(stage(), path)
    sheet.sheet.delete_cols(1)
    with pytest.raises(ct.BadValue, match=r"no sheet has id in its first row"):
        sheet.back(stage())


def test_a_sheet_and_its_title_may_be_moved_and_others_added(path):
    """It is known by its headings."""
    sheet = out(stage(), path)
    sheet.put(ANN, "company", "New")
    sheet.sheet.title = "Dana's"
    sheet.book.create_sheet("notes", 0).append(["id?", "call them"])
    del sheet.book["Read me"]
    staged = stage()
    assert not told(sheet.back(staged))
    assert {ANN: {"company": "New"}} == staged.edits()


def test_texts_that_cannot_be_sent_and_links_to_elsewhere_do_no_harm(path):
    """Half a surrogate pair is shown as a mark, and unchanged; links are not followed."""
    staged = stage(*(person(f"c-{n}", 1, company=each) for n, each in enumerate(UNSENDABLE)))
    staged.to_excel(path)
    assert {"unchanged"} == set(staged.update_from_excel(path, "Dana")["status"])
    sheet = out(stage(), path)
    sheet.cell(ANN, "email").hyperlink = "https://nowhere.example/x"
    assert {"unchanged"} == set(sheet.back(stage())["status"])


def test_a_workbook_of_somebody_else_is_for_match(path):
    """The message says so."""
    book = Workbook()
    book.active.append(["id", "company"])
    book.save(path)
    with pytest.raises(ct.BadValue, match="match takes any other file"):
        stage().update_from_excel(path, "Dana")


def test_over_the_service_a_sheet_is_committed_as_filled_in(path):
    """Out, filled in, back, approved, written."""
    site = ct.connect()
    staged = ct.Stage(site.fetch(limit=5))
    chosen = next(iter(staged.contacts))
    sheet = out(staged, path)
    sheet.put(chosen, "jobTitle", "=Baker")
    assert not told(sheet.back(staged))
    plan = staged.plan()
    report = site.commit(plan, approve=plan.id)
    assert {"applied": 1} == {k: n for k, n in report.counts.items() if n}
    assert "=Baker" == site.fetch(limit=5).to_frame().loc[chosen, "jobTitle"]


def test_a_phone_in_e164_survives_the_trip(path):
    """The leading + is text like any other."""
    staged = stage(ann(phones=[phone("p1", "+12125550100", primary=True)]))
    sheet = out(staged, path)
    assert "+12125550100" == sheet.cell(ANN, "phone").value
    assert {"unchanged"} == set(sheet.back(staged)["status"])
