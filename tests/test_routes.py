"""Routes: one edit is one plan, whether it was typed, coded, ruled, pasted from a frame or a sheet.

Over a sandbox, by HTTP. What a plan is, its id says: equal ids are equal plans.
"""

import csv
import functools
import json
import os
import signal
import subprocess
import sys
from typing import Any, NamedTuple

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import contacttools as ct
from contacttools import sandbox


class Edit(NamedTuple):
    """One value that becomes another, and the rules that want it."""

    table: str | None
    column: str
    old: Any
    new: Any
    change: Any
    audited: str | None = None


def pressed(values):
    """A rule of one's own: who is a VIP is told to the press."""
    return values.map(lambda keys: (*keys, "custom.press") if keys == ("custom.vip",) else keys)


EDITS = {
    "scalar": Edit(None, "company", "Quay & Sons ", "Quay & Sons", ct.normalize.text, "spaces"),
    "e-mail": Edit(
        "emails", "email", "NELL@QUAY.EXAMPLE", "nell@quay.example",
        ct.normalize.email, "email_spelling",
    ),
    "phone": Edit(
        "phones", "phone", "(0113) 496 0933", "+441134960933",
        functools.partial(ct.normalize.phone, country="GB"), "phone_notation",
    ),
    "label": Edit(None, "labelKeys", ("custom.vip",), ("custom.vip", "custom.press"), pressed),
}  # fmt: skip
PEOPLE = [
    {
        "name": {"first": "Nell", "last": "Quay"},
        "company": "Quay & Sons ",
        "emails": {"items": [{"email": "n@quay.example"}, {"email": "NELL@QUAY.EXAMPLE"}]},
        "phones": {
            "items": [
                {"phone": "+442079460122", "countryCode": "GB"},
                {"phone": "(0113) 496 0933", "countryCode": "GB", "tag": "WORK"},
            ]
        },
        "labelKeys": {"items": ["custom.vip"]},
    },
    {"name": {"first": "Otto", "last": "Marsh"}, "company": "Marsh Ltd"},
]


@pytest.fixture(scope="module")
def keys():
    """What it takes to connect to a sandbox with those two people."""
    with sandbox.start(people=0) as server:
        yield {"base_url": server.url, "api_key": server.api_key, "site_id": server.site_id}


@pytest.fixture(scope="module")
def site(keys):
    """It, with those two people."""
    site = ct.connect(read_only=False, direct_writes=True, requests_per_minute=None, **keys)
    for name in ("VIP", "Press"):
        site.find_or_create_label(name)
    for each in PEOPLE:
        site.create_contact(each)
    return site


@pytest.fixture
def contacts(site):
    """The contacts as they are."""
    return site.fetch()


def nell(contacts):
    """The contact that is edited."""
    frame = contacts.to_frame()
    return frame.index[frame["name.first"] == "Nell"][0]


def item_of(stage, edit):
    """The id of the item that is edited."""
    return next(
        each["id"]
        for each in stage.value(nell(stage.contacts), edit.table)
        if each[edit.column] == edit.old
    )


# -- the routes -----------------------------------------------------------------------------


def by_api(stage, edit, _site, _folder):
    """`edit`, `edit_item`, `label`."""
    who = nell(stage.contacts)
    if edit.table:
        stage.edit_item(who, edit.table, item_of(stage, edit), {edit.column: edit.new})
    elif edit.column == "labelKeys":
        stage.label(who, add="Press")
    else:
        stage.edit(who, {edit.column: edit.new})


def by_grid(stage, edit, _site, _folder):
    """What the table in the browser sends when somebody has typed into a cell."""
    grid = ct.grid(stage, edit.table)
    item = item_of(stage, edit) if edit.table else None
    who = nell(stage.contacts)
    text = "VIP, Press" if edit.column == "labelKeys" else edit.new
    held = grid._sheet.cell(who, item, edit.column)
    typed = [[who, item, edit.column, held, text]]
    grid._handle_custom_msg(
        {"type": "edit", "edition": grid.edition, "number": 1, "cells": typed}, []
    )
    assert grid.invalid.empty
    grid.close()


def by_form(stage, edit, site, _folder):
    """The form's own boxes."""
    form = ct.form(stage, site)
    form.show(nell(stage.contacts))
    part = form.page.parts[edit.table or edit.column]
    if edit.table:
        part.rows[item_of(stage, edit)][edit.column].value = edit.new
    elif edit.column == "labelKeys":
        part.add.value = "Press"
    else:
        part.control.value = edit.new
    form.close()


def by_rule(stage, edit, _site, _folder):
    """One change of the whole column, which leaves all others as they are."""
    stage.apply(edit.change, edit.column, table=edit.table, reason="cleaning")


def by_audit(stage, edit, _site, _folder):
    """What the audit suggests."""
    stage.apply(ct.audit(stage, rules=edit.audited).fixes())


def by_recipe(stage, edit, _site, folder):
    """A rule that was applied elsewhere, saved, and loaded."""
    other = ct.Stage(stage.contacts)
    other.apply(edit.change, edit.column, table=edit.table)
    other.recipe().save(folder / "recipe.json")
    stage.apply(ct.Recipe.load(folder / "recipe.json"))


def by_frame(stage, edit, _site, _folder):
    """An edited frame, and what differs in it."""
    frame = stage.to_frame(edit.table)
    for row in frame.index[frame[edit.column] == edit.old]:
        frame.at[row, edit.column] = edit.new
    stage.update(frame, edit.table)


def by_excel(stage, edit, _site, folder):
    """A workbook, one cell of which somebody fills in."""
    path = folder / "sheet.xlsx"
    stage.to_excel(path, edit.table)
    book = openpyxl.load_workbook(path)
    old, new = ("VIP", "VIP; Press") if edit.column == "labelKeys" else (edit.old, edit.new)
    sheet = book[edit.table or "contacts"]
    head = next(cell.column for cell in sheet[1] if cell.value == edit.column)
    [row] = [row[head - 1] for row in sheet.iter_rows(min_row=2) if row[head - 1].value == old]
    row.value = new
    book.save(path)
    stage.update_from_excel(path, who="Dana", errors="raise")


def by_csv(stage, edit, _site, folder):
    """The same without a workbook."""
    path = folder / "sheet.csv"
    stage.to_excel(path, edit.table)
    with path.open(newline="", encoding="utf-8-sig") as file:
        head, *rows = csv.reader(file)
    old, new = ("VIP", "VIP; Press") if edit.column == "labelKeys" else (edit.old, edit.new)
    at = head.index(edit.column)
    [row] = [row for row in rows if row[at] == old]
    row[at] = new
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows([head, *rows])
    stage.update_from_excel(path, who="Dana", errors="raise")


def by_change(stage, edit, _site, _folder):
    """One value in place of another, wherever it stands."""
    stage.apply(ct.changes.mapped([(edit.old, edit.new)]), edit.column, table=edit.table)


ROUTES = {
    "grid": by_grid, "form": by_form, "api": by_api, "rule": by_rule, "change": by_change,
    "audit": by_audit, "recipe": by_recipe, "frame": by_frame, "excel": by_excel, "csv": by_csv,
}  # fmt: skip


def routes_of(edit):
    """The routes that an edit can take: no audit asks for labels, no file holds functions."""
    return [each for each in ROUTES if edit.audited or each not in ("audit", "recipe")]


def coded(contacts, site):
    """A stage with all edits made by the API."""
    stage = ct.Stage(contacts)
    for edit in EDITS.values():
        by_api(stage, edit, site, None)
    return stage


# -- one plan -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "route"), [(name, route) for name, edit in EDITS.items() for route in routes_of(edit)]
)
def test_one_edit_is_one_plan_by_whatever_route(contacts, site, tmp_path, name, route):
    """The plan is that of the API, the edit the one that was meant and no other, and one step."""
    edit, stage, code = EDITS[name], ct.Stage(contacts), ct.Stage(contacts)
    ROUTES[route](stage, edit, site, tmp_path)
    by_api(code, edit, site, tmp_path)

    plan = stage.plan()
    assert code.plan().id == plan.id
    before = contacts.to_frame(edit.table)[edit.column].tolist()
    wanted = [edit.new if each == edit.old else each for each in before]
    assert before != wanted == stage.to_frame(edit.table)[edit.column].tolist()
    assert [edit.table or edit.column] == [each.field for each in plan.changes[0].edits]
    assert [nell(contacts)] == [each.contact_id for each in plan.changes]
    assert stage.undo()
    assert 0 == len(stage.plan())
    assert not stage.undo()


@settings(
    max_examples=max(settings().max_examples // 5, 1),  # a sheet takes its time
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_however_the_routes_are_mixed_it_is_one_plan(site, tmp_path_factory, data):
    """Each edit by a route of its own, in any order, beside what the others have staged."""
    contacts, folder = site.fetch(), tmp_path_factory.mktemp("routes")
    stage = ct.Stage(contacts)
    for name in data.draw(st.permutations(sorted(EDITS))):
        edit = EDITS[name]
        ROUTES[data.draw(st.sampled_from(routes_of(edit)), label=name)](stage, edit, site, folder)

    assert coded(contacts, site).plan().id == stage.plan().id


def test_routes_that_want_other_values_are_other_plans(contacts, site, tmp_path):
    """An id that said nothing of the values would pass all the tests above."""
    ids = set()
    for new in ("Quay & Sons", "Quay and Sons", "Quay & Sons  "):
        stage = ct.Stage(contacts)
        by_frame(stage, EDITS["scalar"]._replace(new=new), site, tmp_path)
        ids.add(stage.plan().id)
    assert 3 == len(ids)


# -- other kernels --------------------------------------------------------------------------

KERNEL = """
import json, os, signal, sys
from pathlib import Path
import contacttools as ct
from test_routes import EDITS, by_excel, by_frame, by_grid, by_rule
site = ct.connect(**json.loads(sys.argv[1]))
stage = ct.Stage(site.fetch(), name="november")
routes = {"phone": by_grid, "label": by_excel, "e-mail": by_rule, "scalar": by_frame}
for name, route in routes.items():
    route(stage, EDITS[name], site, Path(sys.argv[2]))
print(stage.plan().id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_named_stage_of_another_kernel_has_the_same_plan(contacts, site, keys, tmp_path):
    """Made there by four routes, kept, its kernel killed, and opened here."""
    path = os.pathsep.join(each for each in sys.path if each)
    done = subprocess.run(
        [sys.executable, "-c", KERNEL, json.dumps(keys), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    assert -signal.SIGKILL == done.returncode
    stage = ct.Stage(contacts, name="november")

    assert coded(contacts, site).plan().id == done.stdout.strip() == stage.plan().id
    assert [True] * 4 + [False] == [stage.undo() for _ in range(5)]


def test_what_one_route_has_committed_is_committed_for_all(site, tmp_path):
    """The same plan by another route is used up: nothing is sent, and the report is the one."""
    contacts = site.fetch()
    stage = ct.Stage(contacts)
    for edit in EDITS.values():
        by_excel(stage, edit, site, tmp_path)
    plan = stage.plan()
    report = site.commit(plan, approve=plan.id)
    assert {"applied": 1} == dict(report.counts)
    revision = site.fetch().revision(nell(contacts))

    again = coded(contacts, site).plan()
    assert {"applied": 1} == dict(site.commit(again, approve=again.id).counts)
    assert revision == site.fetch().revision(nell(contacts))
    undo = report.undo_plan()
    assert {"applied": 1} == dict(site.commit(undo, approve=undo.id).counts)
