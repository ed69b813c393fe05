"""Recipes: what rules did to one snapshot, checked against another and done again."""

import functools
import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from people_builder import ANN, BOB, CAT, email, person, phone, snapshot, stage

import contacttools as ct
from contacttools.staging.recipe import Instruction


def who(contact_id, revision=1, **info):
    """Return a contact with a name."""
    return person(contact_id, revision, name={"first": contact_id}, **info)


def staged_by_rules():
    """Return a stage to which one rule of each sort was applied, over four dirty values."""
    staged = stage(
        who(ANN, company="  OTTER TRAVEL ", jobTitle="buyer"),
        who(BOB, company="Otter Travel", phones=[phone("p1", "020 7946 0018", country="GB")]),
        who(CAT, company="Otter Travel", jobTitle="Cook"),
    )
    staged.apply(ct.normalize.text, "company", reason="spaces")
    staged.apply(ct.changes.replace("travel", "Tours", case=False), "company")
    staged.apply(ct.changes.mapped({"OTTER Tours": "Otter Tours"}), "company")
    staged.apply("Head cook", "jobTitle", where={"jobTitle": "Cook"}, reason="promoted")
    staged.apply(ct.changes.fill("company"), "jobTitle")
    staged.apply(ct.audit(staged).fixes(rule="phone_notation"))
    return staged


def test_a_recipe_done_again_gives_the_same_plan(tmp_path):
    """Saved, loaded and applied to the same contacts as one step, reasons included."""
    first = staged_by_rules()
    first.recipe().save(tmp_path / "recipe.json")
    recipe = ct.Recipe.load(tmp_path / "recipe.json")
    again = ct.Stage(first.contacts)
    again.apply(recipe)

    assert first.recipe() == recipe
    assert 6 == len(recipe)
    assert first.plan() == again.plan()
    told = ["contactId", "field", "reason", "rule"]
    assert first.plan().to_frame()[told].equals(again.plan().to_frame()[told])
    assert again.undo()
    assert {} == again.edits()


def test_what_was_made_by_hand_is_left_out_and_told():
    """Masks, functions of one's own, single edits, single findings."""
    staged = staged_by_rules()
    staged.apply("Otter", "company", where=[ANN])
    staged.apply("Otter", "company", where=staged.to_frame()["company"].notna())
    staged.apply(lambda values: values.str.upper(), "company")
    findings = ct.audit(staged, ["birthdate_impossible", "name_capitals"])
    staged.apply(findings.fixes(where=findings.to_frame()["findingId"].tolist()))
    staged.edit(CAT, {"locale": "en-GB"})
    recipe = staged.recipe()

    assert 6 == len(recipe)
    assert [
        "set: contacts were chosen by a mask or by their ids",
        "set: contacts were chosen by a mask or by their ids",
        "function: it is a function of your own",
        "audit: single findings were chosen",
    ] == list(recipe.left_out)
    assert "not repeated: 1 field edited by hand" in repr(recipe)


def test_undo_takes_a_rule_out_of_the_recipe():
    """And redo puts it back; a rule that found nothing to change belongs to it all the same."""
    staged = stage(who(ANN, company="Otter"))
    staged.apply(ct.normalize.text, "company")
    staged.apply("Quay", "company")
    rules = [each.rule for each in staged.recipe().instructions]
    staged.undo()
    fewer = [each.rule for each in staged.recipe().instructions]
    staged.redo()

    assert (["normalize.text", "set"], ["normalize.text"]) == (rules, fewer)
    assert rules == [each.rule for each in staged.recipe().instructions]


def test_parameters_are_told_and_repeated():
    """A partial function of `ct.normalize` brings what it was given."""
    staged = stage(who(ANN, phones=[phone("p1", "020 7946 0018", country="GB")]))
    british = functools.partial(ct.normalize.phone, country="GB")
    staged.apply(british, "phone", table="phones")
    again = ct.Stage(staged.contacts)
    again.apply(staged.recipe())

    assert ["+442079460018"] == again.to_frame("phones")["phone"].tolist()
    assert staged.plan() == again.plan()


def test_a_long_parameter_says_that_it_is_cut():
    """In what is shown; the recipe holds it whole."""
    staged = stage(who(ANN, jobTitle="Cook"))
    staged.apply(ct.changes.mapped({"Cook": "Chef" * 30}), "jobTitle")
    recipe = staged.recipe()
    assert "Che …) on jobTitle" in repr(recipe)
    assert [["Cook", "Chef" * 30]] == recipe.instructions[0].parameters["pairs"]


def test_a_check_says_what_applies_and_what_does_not():
    """Rule by rule, in order; nothing is staged anywhere."""
    recipe = staged_by_rules().recipe()
    extended = {"extendedFields": {"items": {"custom.nick": "x"}}}
    other = stage(who(ANN, **extended))
    other.apply(ct.changes.copy("custom.nick"), "jobTitle")
    steps = (*recipe.instructions, *other.recipe().instructions)
    checked = ct.Recipe(steps).check(snapshot(who(CAT, company=" Otter travel", jobTitle="Cook")))

    assert [1, 1, 0, 1, 0, 0, 0] == checked["contacts"].tolist()
    assert [True] * 6 + [False] == checked["applies"].tolist()
    assert "there is no column 'custom.nick'" in checked["why"].iloc[-1]


def test_a_check_counts_what_is_refused():
    """Values that may not be staged are named; the others would be."""
    recipe = ct.Recipe([instruction("set", column="birthdate", value="yesterday")])
    (row,) = recipe.check(snapshot(who(ANN), who(BOB))).to_dict("records")
    assert (True, 0, 2) == (row["applies"], row["contacts"], row["refused"])
    assert "birthdate" in row["why"]


def instruction(rule, **parameters):
    """Return one rule as a recipe holds it."""
    return Instruction(rule, parameters)


def test_a_rule_that_cannot_be_applied_stages_nothing():
    """The rules before it are taken back with it."""
    staged = stage(who(ANN, company="Otter"))
    recipe = ct.Recipe([
        instruction("set", column="company", value="Quay"),
        instruction("set", column="custom.none", value="x"),
    ])  # fmt: skip
    with pytest.raises(ct.UnknownField, match=r"custom\.none"):
        staged.apply(recipe)
    assert {} == staged.edits()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda body: body.update(version=2), "not a recipe that this version can read"),
        (lambda body: body.update(more=1), "not a recipe"),
        (lambda body: body["instructions"][0].update(rule="os.system"), "no rule 'os.system'"),
        (
            lambda body: body["instructions"][0].update(rule="changes.Split"),
            "no rule .changes.S",
        ),
        (
            lambda body: body["instructions"][0].update(rule="changes.__all__"),
            "no rule .changes._",
        ),
        (lambda body: body["instructions"][0].update(rule="normalize.BadValue"), "no rule .norm"),
        (lambda body: body["instructions"][0]["parameters"].update(evil=1), "takes no 'evil'"),
        (lambda body: body["instructions"][1]["parameters"].update(evil=1), "unexpected keyword"),
        (lambda body: body["instructions"][1]["parameters"].update(regex=True, old="("), "pattern"),
        (lambda body: body["instructions"][3]["parameters"].pop("value"), "needs 'value'"),
    ],
)
def test_a_file_that_names_no_rule_is_refused(tmp_path, change, words):
    """Before anything of it is applied, and nothing in it is run."""
    path = tmp_path / "recipe.json"
    staged_by_rules().recipe().save(path)
    body = json.loads(path.read_text())
    change(body)
    path.write_text(json.dumps(body))
    with pytest.raises(ct.BadPlan, match=words):
        ct.Recipe.load(path)


@pytest.mark.parametrize(
    ("rule", "given"),
    [
        ("set", {"column": "company", "value": float("nan")}),
        ("set", {"column": "company", "value": "Quay", "where": [ANN]}),
        ("set", {"column": 5, "value": "Quay"}),
        ("set", {"column": "company", "value": None, "clear": 5}),
        ("changes.split", {"columns": 5}),
        ("changes.mapped", {"column": "company", "pairs": "abcd"}),
        ("changes.replace", {"column": "company", "old": "a", "new": 5}),
    ],
)
def test_a_file_that_gives_a_rule_what_it_does_not_take_is_refused(tmp_path, rule, given):
    """Whatever a stranger has put into it; NaN, which no JSON has, would have cleared a column."""
    path = tmp_path / "recipe.json"
    ct.Recipe([Instruction(rule, given)]).save(path)
    with pytest.raises(ct.BadPlan, match="rule 1 cannot be applied"):
        ct.Recipe.load(path)


def test_what_only_shows_when_it_is_applied_is_told(tmp_path):
    """A check says why, and to apply it stages nothing."""
    path = tmp_path / "recipe.json"
    ct.Recipe(
        [Instruction("normalize.phone", {"column": "phone", "table": "phones", "country": 7})]
    ).save(path)
    contacts = snapshot(who(ANN, phones=[phone("p1", "555-0100")]))
    recipe = ct.Recipe.load(path)
    assert [False] == recipe.check(contacts)["applies"].tolist()
    with pytest.raises(ct.BadPlan, match="rule 1 of the recipe"):
        ct.Stage(contacts).apply(recipe)


def test_labels_that_were_set_are_set_again(tmp_path):
    """Several labels are one value, also in a file, which knows lists only."""
    contacts = snapshot(who(ANN, labelKeys=["custom.old"]))
    staged = ct.Stage(contacts)
    staged.apply(("custom.vip",), "labelKeys")
    staged.recipe().save(tmp_path / "recipe.json")
    other = ct.Stage(contacts)
    other.apply(ct.Recipe.load(tmp_path / "recipe.json"))
    assert staged.plan() == other.plan() != ct.Stage(contacts).plan()


def test_a_file_that_is_none_is_refused(tmp_path):
    """Whatever it holds."""
    (tmp_path / "x.json").write_bytes(b"\xff[")
    with pytest.raises(ct.BadPlan, match=r"x\.json is not a recipe"):
        ct.Recipe.load(tmp_path / "x.json")


# -- changes --------------------------------------------------------------------------------


def test_changes_of_other_columns():
    """Fill takes over where nothing is, copy where the other holds anything, join all parts."""
    rows = {
        "custom.a": ["1", None, "3"],
        "custom.b": ["x", "y", None],
        "custom.c": [None, "q", "r"],
    }
    frame = pd.DataFrame(rows, dtype="str")

    def made(change):
        return change(frame["custom.c"], frame[list(change.reads)]).tolist()

    assert ["1", "q", "r"] == made(ct.changes.fill("custom.a"))
    assert ["1", "q", "3"] == made(ct.changes.copy("custom.a"))
    assert ["1-x", "y", "3"] == made(ct.changes.join(["custom.a", "custom.b"], "-"))


def test_a_name_is_split_where_the_second_part_is_empty():
    """At the first or the last space; a text without one stays whole."""
    names = [{"first": "Mara de Quill"}, {"first": "Mara", "last": "Quill"}, {"first": "Mara"}]
    staged = stage(*(person(each, name=n) for each, n in zip((ANN, BOB, CAT), names, strict=True)))
    both = ["name.first", "name.last"]
    staged.apply(ct.changes.split(), columns=both)
    assert {ANN: {"name.first": "Mara", "name.last": "de Quill"}} == staged.edits()
    staged.undo()
    staged.apply(ct.changes.split(last=True), columns=both)
    assert {ANN: {"name.first": "Mara de", "name.last": "Quill"}} == staged.edits()


def test_a_mapping_to_nothing_clears():
    """It is meant, so that it needs no `clear`."""
    staged = stage(who(ANN, company="unknown"), who(BOB, company="Quay"))
    staged.apply(ct.changes.mapped(pd.Series({"unknown": None})), "company")
    assert {ANN: {"company": None}} == staged.edits()


@given(st.text(max_size=6), st.text(max_size=3), st.text(min_size=1, max_size=2))
def test_replace_is_what_text_replace_is(text, new, old):
    """Whatever the texts hold: nothing in them is a pattern."""
    made = ct.changes.replace(old, new)(pd.Series([text], dtype="str")).tolist()
    assert [text.replace(old, new)] == made


@pytest.mark.parametrize(
    "make",
    [
        lambda: ct.changes.replace("", "x"),
        lambda: ct.changes.replace("(", "x", regex=True),
        lambda: ct.changes.replace("a", r"\2", regex=True),
        lambda: ct.changes.join(["one"]),
        lambda: ct.changes.split(""),
    ],
    ids=["nothing", "pattern", "group", "one column", "no place"],
)
def test_what_is_no_change_is_refused(make):
    """When it is made, not when it is applied."""
    with pytest.raises(ct.BadValue):
        make()


def test_a_change_for_one_column_is_not_for_several():
    """And the other way round; and what it reads must be there."""
    staged = stage(who(ANN, company="Quay"))
    with pytest.raises(ct.BadValue, match="several columns"):
        staged.apply(ct.changes.split(), "company")
    with pytest.raises(ct.BadValue, match="one column"):
        staged.apply(ct.changes.replace("a", "b"), columns=["company", "jobTitle"])
    with pytest.raises(ct.UnknownField, match=r"custom\.none"):
        staged.apply(ct.changes.fill("custom.none"), "company")


def test_conditions_choose_rows_by_what_they_hold():
    """One value, one of several, or nothing; of the wide frame or a tidy one."""
    staged = stage(
        who(ANN, company="Quay", emails=[email("e1", "a@x.org", tag="HOME")]),
        who(BOB, company="Otter", jobTitle="Cook"),
        who(CAT, jobTitle="Cook"),
    )
    staged.apply("Chef", "jobTitle", where={"jobTitle": "Cook", "company": ["Otter", "Quay"]})
    staged.apply("Firm", "company", where={"company": None})
    staged.apply("WORK", "tag", table="emails", where={"tag": "HOME"})
    with pytest.raises(ct.UnknownField, match="no column 'firm'"):
        staged.apply("x", "company", where={"firm": None})

    assert {BOB: {"jobTitle": "Chef"}, CAT: {"company": "Firm"}} == {
        each: values for each, values in staged.edits().items() if each != ANN
    }
    assert ["WORK"] == staged.to_frame("emails")["tag"].tolist()


@pytest.mark.parametrize(
    ("wanted", "changed"),
    [
        ("VIP", {ANN}), ("custom.vip", {ANN}), (["Press", "custom.vip"], {ANN, BOB}),
        (None, {CAT}), ([None, "press"], {BOB, CAT}),
    ],
)  # fmt: skip
def test_a_condition_on_labels_asks_for_one_among_others(wanted, changed):
    """By key or by name; None for those who have none."""
    staged = stage(
        who(ANN, labelKeys=["custom.vip", "contacts.contacted-me"]),
        who(BOB, labelKeys=["custom.press"]),
        who(CAT),
    )
    staged.apply("Firm", "company", where={"labelKeys": wanted})

    assert changed == set(staged.edits())


def test_a_condition_on_a_label_that_there_is_not_is_said():
    """It would be nobody's, and nobody would be told."""
    with pytest.raises(
        ct.BadValue, match=r"where: there is no label 'vips'; site\.labels\(\) shows"
    ):
        stage(who(ANN)).apply("Firm", "company", where={"labelKeys": "vips"})


# -- provenance -----------------------------------------------------------------------------


def test_each_value_says_where_it_comes_from(tmp_path):
    """Who, when, by which rule, with what: in the plan, its file, and not in its id."""
    contacts = snapshot(who(ANN, company="Otter"))
    staged, silent = ct.Stage(contacts, who="Dana"), ct.Stage(contacts)
    staged.apply(ct.changes.replace("Otter", "Quay"), "company", reason="renamed")
    silent.edit(ANN, {"company": "Quay"})
    plan = staged.plan()
    plan.save(tmp_path / "plan.json")
    (change,) = ct.Plan.load(tmp_path / "plan.json").changes
    come = change.edits[0].provenance

    assert ("renamed", "changes.replace", "Dana") == (come.reason, come.rule, come.who)
    assert {"old": "Otter", "new": "Quay", "column": "company"} == come.parameters
    assert come.when == plan.to_frame()["when"].item()
    assert silent.plan().id == plan.id


def test_two_rules_on_one_value_leave_the_last_one():
    """As with reasons: whoever staged it last says why."""
    staged = stage(who(ANN, company="Otter "))
    staged.apply(ct.normalize.text, "company", reason="spaces")
    staged.apply("Quay", "company")
    (edit,) = staged.plan().changes[0].edits
    assert ("", "set") == (edit.reason, edit.provenance.rule)


@pytest.mark.parametrize("who", ["", "two\nlines", 7])
def test_a_name_is_one_line(who):
    """It stands beside each edit."""
    with pytest.raises(ct.BadValue, match="who is your name"):
        ct.Stage(snapshot(person(ANN)), who=who)
