"""The guided bulk edit without a browser: what is picked, what it would do, what is staged."""

import functools
import re

import ipywidgets as widgets
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from people_builder import ANN, BOB, CAT, HOSTILE, email, person, snapshot, stage

import contacttools as ct
from contacttools.widgets.choosing import wide_fields
from contacttools.widgets.guided import questions

MARKUP = ("script", "img", "svg", "b>", "i>", "i<")


def who(contact_id, revision=1, **info):
    """Return a contact with a name."""
    return person(contact_id, revision, name={"first": contact_id}, **info)


def companies():
    """Return a stage over four contacts: two spellings of a company, and one without any."""
    return stage(
        who(ANN, company="Globx Ltd", jobTitle="Buyer", labelKeys=["custom.vip"]),
        who(BOB, company="globx", birthdate="1990-02-03"),
        who(CAT, custom={"custom.score": 7}),
        who("c-dan", company="Initech", locale="en-us"),
    )


def replacing(staged, **values):
    """Return a guide that writes Globex for Globx wherever it is found."""
    guide = ct.bulk(staged)
    guide.choose("company", "contains", "globx")
    guide.change(
        "replace", "company", **({"old": "globx", "new": "Globex", "case": False} | values)
    )
    return guide


def effects(guide):
    """Return what the trial on show says: contact, before, after, effect."""
    return [(each.contact_id, each.before, each.after, each.effect) for each in guide.tried]


def run(code, staged):
    """Run what the widget printed."""
    exec(code, {"stage": staged, "ct": ct})  # noqa: S102 - that it can be run is what is tested


# -- the four steps -------------------------------------------------------------------------


def test_before_and_after_are_shown_and_staged_as_one_step_with_the_reason():
    """Nothing is staged before the click; one undo takes all of it back."""
    staged = companies()
    guide = replacing(staged)
    guide.reason.value = "one name"

    assert [
        (ANN, "Globx Ltd", "Globex Ltd", "changes"),
        (BOB, "globx", "Globex", "changes"),
    ] == effects(guide)
    assert {} == staged.edits()
    assert "2</strong> of 4 contacts" in guide.choosing.found.value
    guide.go.click()
    assert {ANN: {"company": "Globex Ltd"}, BOB: {"company": "Globex"}} == staged.edits()
    assert ["one name"] * 2 == staged.plan().to_frame()["reason"].tolist()
    assert "Company of 2 contacts" in guide.says.value
    guide.undo.click()
    assert {} == staged.edits()
    assert "" == guide.says.value


def test_a_row_can_be_left_out():
    """By unticking it in the table; the count, the stage and the code follow."""
    staged = companies()
    guide = replacing(staged)
    cells = [[BOB, None, "stage", True, "no"]]
    content = {"type": "edit", "edition": guide.table.edition, "number": 1, "cells": cells}
    guide.table._handle_custom_msg(content, [])

    assert "Stage 1 contact" == guide.go.description
    other = companies()
    run(guide.code, other)
    guide.go.click()
    assert {ANN: {"company": "Globex Ltd"}} == staged.edits() == other.edits()
    assert guide.go.disabled  # what was left out stays so


def test_what_is_left_out_comes_back_with_another_change():
    """It was left out of that change, not of every one."""
    guide = replacing(companies())
    guide.table.tick({BOB}, wanted=False)
    assert "Stage 1 contact" == guide.go.description
    guide.change("replace", new="Globex Corporation")
    assert "Stage 2 contacts" == guide.go.description


def test_what_cannot_be_is_shown_and_never_staged():
    """Invalid rows say why, unchanged ones are no edits, colliding ones are left out at first."""
    staged = stage(
        who(ANN, emails=[email("e1", "ann@example.com", primary=True)]),
        who(BOB, emails=[email("e1", "bob@example.com", primary=True)]),
        who(CAT, emails=[email("e1", "x" * 330, primary=True)]),
    )
    guide = ct.bulk(staged)
    guide.change(
        "map", "email", pairs=f"ann@example.com => bob@example.com\n{'x' * 330} => {'y' * 330}"
    )

    assert [(ANN, "collides"), (BOB, "unchanged"), (CAT, "invalid")] == [
        (a, d) for a, _, _, d in effects(guide)
    ]
    assert "at most 320" in guide.tried[2].why
    assert guide.go.disabled
    guide.table.tick({ANN, CAT}, wanted=True)
    guide.go.click()
    assert {ANN} == set(staged.edits())  # it was asked for; the plan will say why it cannot be
    assert [ANN] == [each.contact_id for each in staged.plan().refused]


def test_the_effects_can_be_looked_at_by_themselves():
    """A chip filters the table; searching and sorting are the table's own."""
    guide = replacing(companies())
    guide.choosing.lines[0].ask("company", "filled")
    names = [chip.description for chip in guide.effects.children]
    assert ["All 3", "changes 2", "unchanged 1"] == names
    guide.effects.children[2].click()
    assert ["c-dan"] == [
        guide.tried[n].contact_id for n in guide._rows.order(filters=guide.table.filters)
    ]


def test_what_code_stages_is_followed():
    """The trial is over what is staged now, whoever staged it."""
    staged = companies()
    guide = replacing(staged)
    staged.edit("c-dan", {"company": "Globx"})
    assert ("c-dan", "Globx", "Globex", "changes") in effects(guide)
    assert "replaces what is staged" in guide.tried[-1].why
    staged.rebase(snapshot(who(ANN, 5, company="Globx AG")))
    assert [(ANN, "Globx AG", "Globex AG", "changes")] == effects(guide)
    guide.close()
    staged.edit(ANN, {"company": "Initech"})


def test_what_is_staged_is_what_the_table_showed():
    """A function that says something else by now changes nothing of that."""
    staged, said = companies(), iter(["first", "second", "third"])

    def fickle(values):
        return values.map(dict.fromkeys(values.dropna(), next(said)))

    guide = ct.bulk(staged, functions=[fickle], where=[ANN])
    guide.change("function", "company", function=fickle, each=False)
    shown = [each.after for each in guide.tried]
    guide.go.click()
    assert shown == [staged.value(ANN, "company")]


def test_a_function_that_fails_is_told():
    """With what it raised; the widget goes on."""

    def wrong(text):
        return text.nothing

    guide = ct.bulk(companies(), functions=[wrong])
    guide.change("function", "company", function=wrong)
    assert "has no attribute" in guide.wrong.value
    assert guide.go.disabled
    guide.change("set", value="Globex")
    assert "" == guide.wrong.value


def test_a_function_without_a_name_has_a_place_in_the_code():
    """So that the code can be read."""
    shout = lambda text: text.upper()  # noqa: E731 - of such it is about
    guide = ct.bulk(companies(), functions=[shout])
    guide.change("function", "company", function=shout)
    assert 'values.map(function, na_action="ignore")' in guide.code


def test_a_mask_narrows_what_is_chosen_among():
    """By a mask or ids; the code names them."""
    staged = companies()
    mask = staged.to_frame()["company"].notna()
    guide = ct.bulk(staged, where=mask)
    guide.change("set", "jobTitle", value="Buyer")
    assert "3</strong> of 3 contacts given" in guide.choosing.found.value
    other = companies()
    run(guide.code, other)
    guide.go.click()
    assert staged.edits() == other.edits()


def test_a_large_choice_is_tried_when_asked(monkeypatch):
    """Nothing is waited for before."""
    monkeypatch.setattr("contacttools.widgets.bulk._AT_ONCE", 1)
    guide = replacing(companies())
    assert ([], True) == (guide.tried, guide.go.disabled)
    assert "Try it on 2 contacts" == guide.try_it.description
    guide.try_it.click()
    assert "Stage 2 contacts" == guide.go.description


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"old": "(", "regex": True}, "not a pattern"),
        ({"old": ""}, "Say what the change is"),
    ],
)
def test_what_cannot_be_meant_is_said(values, told):
    """Where it stands, and nothing can be staged."""
    guide = replacing(companies(), **values)
    assert told in guide.wrong.value
    assert guide.go.disabled


def test_pairs_without_a_between_are_refused():
    """A line that says no pair, or no old value."""
    guide = ct.bulk(companies())
    guide.change("map", "company", pairs="Globx Ltd")
    assert "no tab" in guide.wrong.value
    guide.change("map", pairs="=> Globex")
    assert "which value" in guide.wrong.value


def test_the_values_there_are_can_be_filled_in():
    """One line each, to be changed where they are to change."""
    guide = ct.bulk(companies())
    guide.change("map", "company")
    guide.makings.fill.click()
    assert "globx => globx\nGlobx Ltd => Globx Ltd\nInitech => Initech" == guide.makings.pairs.value
    assert "Say what the change is" in guide.wrong.value


def test_labels_are_put_on_and_taken_off_by_name():
    """Those of all chosen contacts; an unknown one is refused with what there are."""
    staged = companies()
    guide = ct.bulk(staged)
    guide.choose("company", "contains", "glob")
    guide.change("labels", on="Press", off="vip")
    other = companies()
    run(guide.code, other)
    guide.go.click()
    expected = {ANN: {"labelKeys": ("custom.press",)}, BOB: {"labelKeys": ("custom.press",)}}
    assert expected == staged.edits() == other.edits()
    guide.change("labels", on="Nobody's")
    assert "Nobody" in guide.wrong.value


def html_of(widget):
    """Return all HTML below a widget."""
    own = [widget.value] if isinstance(widget, widgets.HTML) else []
    return own + [each for child in getattr(widget, "children", ()) for each in html_of(child)]


def test_nothing_of_a_contact_is_markup():
    """Neither in what is said nor in the code shown, nor is the name of a label."""
    for text in HOSTILE:
        if text.strip():
            shown = stage(who(ANN, company="x" + text), labels={"custom.odd": f"<i>{text}"})
            guide = ct.bulk(shown)
            guide.choose("company", "matches", "(?P<i<b>)")
            guide.change("replace", "company", old=text, new=f"<b>{text}", regex=False)
            told = html_of(guide)
            guide.change("labels", on=f"<b>{text}")
            told += html_of(guide)
            assert [] == [each for each in told for tag in MARKUP if f"<{tag}" in each]


def test_a_function_may_have_no_name():
    """A partial one is offered like any other."""
    guide = ct.bulk(companies(), functions=[functools.partial(str.replace, "x")])
    guide.change("function", "company")
    assert "function" == guide.makings.function.label


def test_a_stage_is_what_it_is_for():
    """Anything else is refused by name, and so is a contact that is not there."""
    with pytest.raises(ct.BadValue, match="for a Stage, not a str"):
        ct.bulk("contacts")
    with pytest.raises(ct.UnknownContact, match="nobody"):
        ct.bulk(companies(), where=["nobody"])


def test_what_can_be_asked_is_named():
    """Of a field that there is, in words that it knows."""
    guide = ct.bulk(companies())
    with pytest.raises(ct.UnknownField, match="did you mean company"):
        guide.choose("compny", "contains", "x")
    with pytest.raises(ct.BadValue, match="One asks on, before, after, empty, filled"):
        guide.choose("birthdate", "contains", "x")
    assert 1 == len(guide.choosing.lines)
    with pytest.raises(ct.UnknownField, match="did you mean company"):
        guide.change("set", "compny", value="x")
    with pytest.raises(ct.ReadOnlyField, match="set by the service"):
        guide.change("set", "revision", value="x")
    with pytest.raises(ct.BadValue, match="this control holds a text, as it would be typed"):
        guide.change("labels", on=["VIP"])
    with pytest.raises(ct.BadValue, match="case='no': this control holds True or False"):
        guide.change("replace", "company", case="no")
    with pytest.raises(ct.BadValue, match="a change is one of set, clear"):
        guide.change("put", "company")
    with pytest.raises(ct.BadValue, match="there are value, old"):
        guide.change("set", "company", new_value="x")


def test_it_says_what_it_is_where_there_is_no_screen():
    """A terminal shows its repr."""
    assert repr(replacing(companies())).startswith(
        "<Bulk edit of 2 of 4 contacts: <Stage: 0 fields"
    )


# -- clicks and code are one ----------------------------------------------------------------

texts = st.sampled_from(
    ["glob", "Globx", "x", ".", "(", "\\", "'", '"', "Ltd ", "é", "{0}", "\\1", "\n"]
)
changes = st.one_of(
    st.tuples(
        st.just("set"),
        st.sampled_from(["company", "jobTitle"]),
        st.fixed_dictionaries({"value": texts}),
    ),
    st.tuples(
        st.just("clear"), st.sampled_from(["company", "birthdate", "custom.score"]), st.just({})
    ),
    st.tuples(
        st.just("replace"),
        st.just("company"),
        st.fixed_dictionaries(
            {"old": texts, "new": texts, "case": st.booleans(), "regex": st.booleans()}
        ),
    ),
    st.tuples(
        st.just("map"),
        st.just("company"),
        st.fixed_dictionaries(
            {"pairs": st.sampled_from(["globx\tGlobex", "Globx Ltd => \nInitech => I'n", "a => a"])}
        ),
    ),
    st.tuples(
        st.just("copy"),
        st.just("jobTitle"),
        st.fixed_dictionaries({"source": st.sampled_from(["company", "name.first", "locale"])}),
    ),
    st.tuples(
        st.just("labels"),
        st.none(),
        st.fixed_dictionaries(
            {"on": st.sampled_from(["VIP", "Press", ""]), "off": st.sampled_from(["VIP", ""])}
        ),
    ),
)


@st.composite
def conditions(draw):
    """One condition on any field."""
    fields = wide_fields(companies().contacts)
    name = draw(st.sampled_from(sorted(fields)))
    question = draw(st.sampled_from(sorted(questions(fields[name]))))
    by_kind = {
        "number": "7",
        "integer": "1",
        "date": "1990-02-03",
        "timestamp": "2026-01-01",
        "labels": "VIP",
    }
    return name, question, by_kind.get(fields[name].kind) or draw(texts)


@settings(max_examples=max(40, settings().max_examples // 3))
@given(
    st.lists(conditions(), max_size=3),
    st.sampled_from(["all", "any"]),
    changes,
    st.sets(st.sampled_from([ANN, BOB, CAT])),
    st.sampled_from(["", "it's better"]),
)
def test_the_code_does_what_the_clicks_do(asked, join, change, left_out, reason):
    """Whatever is picked: what it prints stages the same, on the same contacts, for one reason."""
    clicked, coded = companies(), companies()
    guide = ct.bulk(clicked)
    for each in asked:
        guide.choose(*each)
    guide.choosing.join.value = join
    kind, column, values = change
    guide.change(kind, column, **values)
    guide.table.tick(left_out, wanted=False)
    guide.reason.value = reason
    possible = not guide.go.disabled
    guide.go.click()
    assert possible == bool(guide.done)
    for code in guide.done:
        run(code, coded)
    assert clicked.edits() == coded.edits()
    if possible:
        told = [plan.to_frame()["reason"].tolist() for plan in (clicked.plan(), coded.plan())]
        assert told[0] == told[1]


def test_a_function_of_the_column_is_coded_with_what_was_left_out():
    """It looks at all of the chosen, in the table and in the code."""

    def most_frequent(values):
        return values.map(lambda _: values.max(), na_action="ignore")

    clicked, coded = companies(), companies()
    guide = ct.bulk(clicked, functions=[most_frequent])
    guide.change("function", "company", function=most_frequent, each=False)
    guide.table.tick({ANN}, wanted=False)
    assert re.search(r"most_frequent\(values\)\.where\(", guide.code)
    exec(guide.code, {"stage": coded, "ct": ct, "most_frequent": most_frequent})  # noqa: S102
    guide.go.click()
    assert clicked.edits() == coded.edits() != {}
