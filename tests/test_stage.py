"""Stage: every route to an edit, what it refuses, and the way back."""

import math
import threading

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from people_builder import (
    ANN,
    BOB,
    CAT,
    LABELS,
    address,
    ann,
    bob,
    cat,
    email,
    ids,
    person,
    phone,
    rows,
    snapshot,
    stage,
)

import contacttools as ct
from contacttools.contact import wire

# -- edit -----------------------------------------------------------------------------------


def test_an_edit_changes_one_value():
    """The stage shows it, the plan holds it, the snapshot stays."""
    staged = stage()
    staged.edit(ANN, {"name.first": "Annie", "company": None})

    assert ("Annie", True) == (
        staged.to_frame().loc[ANN, "name.first"],
        pd.isna(staged.to_frame().loc[ANN, "company"]),
    )
    assert [
        ("company", "cleared", "Example Ltd", None),
        ("name.first", "changed", "Ann", "Annie"),
    ] == rows(staged.plan())
    assert "Example Ltd" == staged.contacts.to_frame().loc[ANN, "company"]


@pytest.mark.parametrize(
    ("name", "value", "listed"),
    [
        ("email", "new@example.com", [("new@example.com", True), ("a@example.org", False)]),
        ("email", None, [("a@example.org", True)]),
    ],
)
def test_the_email_column_is_the_primary_item_and_no_other(name, value, listed):
    """Editing it edits that item; clearing it removes that item, and the next is primary."""
    staged = stage()
    staged.edit(ANN, {name: value})

    assert listed == [(item["email"], item["primary"]) for item in staged.value(ANN, "emails")]


def test_an_email_where_none_was_adds_one():
    """Untagged and primary."""
    staged = stage()
    staged.edit(BOB, {"email": "bob@example.com", "phone": "555"})

    assert [
        ("emails", "added", None, "bob@example.com"),
        ("phones", "added", None, "555"),
    ] == rows(staged.plan())


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ({"company": ""}, ct.BadValue, "empty text"),
        ({"company": 5}, ct.BadValue, "expected text"),
        ({"company": math.inf}, ct.BadValue, "expected text"),
        ({"company": True}, ct.BadValue, "expected text"),
        ({"company": b"x"}, ct.BadValue, "expected text"),
        ({"company": ["x"]}, ct.BadValue, "expected text"),
        ({"company": np.array([1, 2])}, ct.BadValue, "expected text"),
        ({"company": pd.Series(["x"])}, ct.BadValue, "expected text"),
        ({"company": "x" * 1001}, ct.BadValue, "1,001 characters"),
        ({"company": "nul\x00"}, ct.BadValue, "cannot be sent"),
        ({"company": "\ud800"}, ct.BadValue, "cannot be sent"),
        ({"email": "x" * 321}, ct.BadValue, "321 characters"),
        ({"phone": 6465676359}, ct.BadValue, "expected text"),
        ({"birthdate": "1999-02-30"}, ct.BadValue, "not a day that exists"),
        ({"birthdate": "3.4.1999"}, ct.BadValue, "YYYY-MM-DD"),
        ({"birthdate": pd.Timestamp("1999-01-01 12:00")}, ct.BadValue, "time of day"),
        ({"locale": "English!"}, ct.BadValue, "language tag"),
        ({"custom.score": "5"}, ct.BadValue, "expected a number"),
        ({"custom.score": True}, ct.BadValue, "expected a number"),
        ({"custom.score": np.True_}, ct.BadValue, "expected a number"),
        ({"custom.score": -math.inf}, ct.BadValue, "finite"),
        ({"custom.score": 10**400}, ct.BadValue, "finite"),
        ({"custom.score": 2**53 + 1}, ct.BadValue, "more digits"),
        ({"labelKeys": "custom.vip"}, ct.BadValue, "tuple of label keys"),
        ({"labelKeys": b"x"}, ct.BadValue, "tuple of label keys"),
        ({"labelKeys": ["custom.vpi"]}, ct.BadValue, "did you mean custom.vip"),
        ({"labelKeys": [5]}, ct.BadValue, "expected text"),
        ({"revision": 8}, ct.ReadOnlyField, "set by the service"),
        ({"id": "x"}, ct.ReadOnlyField, "set by the service"),
        ({"phone.e164": "+1"}, ct.ReadOnlyField, "follows from phone"),
        ({"emails.count": 1}, ct.ReadOnlyField, "counts the items"),
        ({"custom.odd": "x"}, ct.ReadOnlyField, "set by the service"),
        ({"invoices.vatId": "x"}, ct.ReadOnlyField, "set by the service"),
        ({"compnay": "x"}, ct.UnknownField, "did you mean company"),
        ({"custom.nope": "x"}, ct.UnknownField, "no field"),
        ({"emails": []}, ct.UnknownField, "add, remove, make_primary"),
        ({5: "x"}, ct.UnknownField, "no field 5"),
        ({("a", "b"): "x"}, ct.UnknownField, "no field"),
    ],
    ids=repr,
)
def test_a_value_that_cannot_be_is_refused_where_it_is_given(values, error, words):
    """The error names the contact and the field, says why, and nothing of the call is staged."""
    staged = stage()
    with pytest.raises(error, match=words) as caught:
        staged.edit(ANN, {"jobTitle": "Tester", **values})

    assert str(next(iter(values))) == caught.value.field
    assert 0 == len(staged)


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("address.city", 'edit it in to_frame("addresses")'),
        ("address.country", 'edit it in to_frame("addresses")'),
        ("phone.e164", "follows from phone and its country"),
        ("emails.count", "counts the items of to_frame('emails')"),
        ("addresses.count", "counts the items of to_frame('addresses')"),
    ],
)
def test_a_column_for_reading_says_where_to_edit(name, instead):
    """By value and by frame alike."""
    staged = stage()
    frame = staged.to_frame().astype({name: object})
    frame.loc[ANN, name] = 9
    for route in (lambda: staged.edit(ANN, {name: 9}), lambda: staged.update(frame)):
        with pytest.raises(ct.ReadOnlyField) as caught:
            route()
        assert instead in str(caught.value)


@pytest.mark.parametrize("values", [None, "company", ["company"], 5])
def test_values_come_as_a_dict(values):
    """Anything else is a bad value of that contact."""
    with pytest.raises(ct.BadValue, match=ANN):
        stage().edit(ANN, values)


@pytest.mark.parametrize("contact_id", ["c-nobody", None, 5, [], float("nan"), "\ud800", "<b>"])
def test_an_unknown_contact_is_named(contact_id):
    """By every method, with what to do."""
    staged = stage()
    for call in (
        lambda: staged.edit(contact_id, {"company": "x"}),
        lambda: staged.add(contact_id, "emails", {"email": "x@example.com"}),
        lambda: staged.remove(contact_id, "emails", "e1"),
        lambda: staged.make_primary(contact_id, "emails", "e2"),
        lambda: staged.label([contact_id], add="custom.vip"),
        lambda: staged.staged(contact_id),
    ):
        with pytest.raises(ct.UnknownContact, match="fetch again"):
            call()


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (np.str_("x"), "x"),
        (pd.NA, None),
        (pd.NaT, None),
        (float("nan"), None),
        (np.float64("nan"), None),
    ],
    ids=repr,
)
def test_scalars_of_numpy_and_pandas_are_plain_values(value, kept):
    """Every kind of missing clears."""
    staged = stage()
    staged.edit(ANN, {"company": value})

    assert kept == staged.value(ANN, "company")
    assert type(kept) is type(staged.value(ANN, "company"))


@pytest.mark.parametrize("value", [7, 7.0, np.int64(7), np.float32(7)], ids=repr)
def test_a_number_is_the_same_number_in_every_type(value):
    """One plan, whatever the number came as."""
    staged, plain = stage(), stage()
    staged.edit(ANN, {"custom.score": value})
    plain.edit(ANN, {"custom.score": 7})

    assert plain.plan().id == staged.plan().id


# -- items ----------------------------------------------------------------------------------


def test_an_item_is_added_with_an_id_to_call_it_by():
    """The provisional id works until it is written; it is never in the plan."""
    staged = stage()
    item_id = staged.add(
        ANN, "phones", {"phone": "6465676359", "countryCode": "US", "tag": "MOBILE"}
    )
    staged.edit_item(ANN, "phones", item_id, {"tag": "WORK"})

    assert [("phones", "added", None, "6465676359 (US, WORK)")] == rows(staged.plan())
    assert item_id in list(staged.to_frame("phones")["itemId"])
    assert item_id not in repr(staged.plan().changes[0].info())


def test_removing_and_adding_the_same_is_no_edit():
    """It ends where it began, and the id that is returned is the item's own."""
    staged = stage()
    staged.remove(ANN, "phones", "p2")
    item_id = staged.add(ANN, "phones", {"phone": "555-0101", "countryCode": "US", "tag": "HOME"})

    assert ("p2", 0) == (item_id, len(staged))


def test_the_primary_moves_and_back():
    """One item is primary; to choose the one that is, is no edit."""
    staged = stage()
    staged.make_primary(ANN, "emails", "e2")
    assert [("emails", "primary moved", "ann@example.com", "a@example.org")] == rows(staged.plan())

    staged.make_primary(ANN, "emails", "e1")
    assert 0 == len(staged)


def test_an_edit_that_ends_where_it_began_is_none_even_without_a_primary_flag():
    """The service takes the first item as primary; to settle that is no edit."""
    bare = person(
        "c-1",
        emails=[
            email("1", "a@example.com", primary=None),
            email("2", "b@example.com", primary=None),
        ],
    )
    staged = stage(bare)
    staged.edit_item("c-1", "emails", "2", {"tag": "WORK"})
    staged.edit_item("c-1", "emails", "2", {"tag": "UNTAGGED"})

    assert (0, 0) == (len(staged), len(staged.plan()))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda s: s.add(ANN, "phones", {"phone": "5", "tag": "PAGER"}),
            ct.BadValue,
            "service knows",
        ),
        (lambda s: s.add(ANN, "phones", {"tag": "HOME"}), ct.BadValue, "needs its phone"),
        (lambda s: s.add(ANN, "phones", {"phone": ""}), ct.BadValue, "empty text"),
        (
            lambda s: s.add(ANN, "phones", {"phone": "5", "countryCode": "us"}),
            ct.BadValue,
            "two capital letters",
        ),
        (
            lambda s: s.add(ANN, "phones", {"phone": "5", "primary": 1}),
            ct.BadValue,
            "True or False",
        ),
        (
            lambda s: s.add(ANN, "phones", {"phone": "5", "e164Phone": "+5"}),
            ct.ReadOnlyField,
            "e164Phone",
        ),
        (
            lambda s: s.add(ANN, "phones", {"phone": "5", "colour": "red"}),
            ct.UnknownField,
            "colour",
        ),
        (lambda s: s.add(ANN, "phones", {"phone": "5", "id": "x"}), ct.UnknownField, "'id'"),
        (lambda s: s.add(ANN, "addresses", {"tag": "HOME"}), ct.BadValue, "at least one part"),
        (
            lambda s: s.add(ANN, "addresses", {"addressLine": "x", "streetAddress.name": "y"}),
            ct.BadValue,
            "one of them",
        ),
        (
            lambda s: s.add(ANN, "addresses", {"geocode.latitude": "x"}),
            ct.BadValue,
            "expected a number",
        ),
        (lambda s: s.add(ANN, "people", {"phone": "5"}), ct.UnknownField, "no table"),
        (lambda s: s.add(ANN, ["phones"], {"phone": "5"}), ct.UnknownField, "no table"),
        (lambda s: s.add(ANN, "labels", {"key": "nope"}), ct.BadValue, "no label"),
        (lambda s: s.add(ANN, "labels", {}), ct.BadValue, "needs a label key"),
        (
            lambda s: s.add(ANN, "extendedFields", {"key": "company", "value": "x"}),
            ct.UnknownField,
            "no extended field",
        ),
        (
            lambda s: s.add(ANN, "extendedFields", {"key": "custom.nickname"}),
            ct.BadValue,
            "a key and a value",
        ),
        (
            lambda s: s.add(ANN, "extendedFields", {"key": "invoices.vatId", "value": "x"}),
            ct.ReadOnlyField,
            "vatId",
        ),
        (lambda s: s.remove(ANN, "phones", "p9"), ct.UnknownField, "lists them"),
        (lambda s: s.remove(ANN, "phones", None), ct.UnknownField, "lists them"),
        (lambda s: s.remove(ANN, "labels", "custom.press"), ct.UnknownField, "lists them"),
        (lambda s: s.make_primary(ANN, "addresses", "a2"), ct.UnknownField, "primary"),
        (
            lambda s: s.edit_item(ANN, "phones", "p1", {"phone": None}),
            ct.BadValue,
            "remove the item",
        ),
        (
            lambda s: s.edit_item(ANN, "phones", "p1", {"primary": False}),
            ct.BadValue,
            "mark another",
        ),
    ],
    ids=[str(n) for n in range(24)],
)
def test_an_item_that_cannot_be_is_refused(call, error, words):
    """The error names the contact; nothing is staged."""
    staged = stage()
    with pytest.raises(error, match=words) as caught:
        call(staged)

    assert 0 == len(staged)
    assert caught.value.field


def test_fifty_items_are_enough():
    """The fifty-first is refused, and the list stays at fifty."""
    staged = stage()
    for n in range(48):
        staged.add(ANN, "phones", {"phone": f"555-{n:04}"})
    with pytest.raises(ct.BadValue, match="51 items, the service takes at most 50"):
        staged.add(ANN, "phones", {"phone": "555-9999"})

    assert 50 == len(staged.value(ANN, "phones"))


# -- labels ---------------------------------------------------------------------------------


def test_labels_go_on_and_off_as_one_step():
    """Many contacts, one undo; a label that is there, or is not, is no change."""
    staged = stage()
    staged.label([ANN, BOB], add=["custom.press"], remove=["custom.vip"])

    assert [
        ("labelKeys", "removed", "custom.vip", None),
        ("labelKeys", "added", None, "custom.press"),
        ("labelKeys", "added", None, "custom.press"),
    ] == rows(staged.plan())
    staged.undo()
    staged.label(ANN, add="custom.vip", remove="custom.press")
    assert 0 == len(staged)


def test_a_label_that_the_site_no_longer_defines_may_stay():
    """What a contact holds is kept; only what is new must exist."""
    staged = stage(ann(labelKeys=["gone"]))
    staged.edit(ANN, {"labelKeys": ["gone", "custom.vip"]})

    assert ("gone", "custom.vip") == staged.value(ANN, "labelKeys")


def test_a_label_by_name_where_names_are_not_known():
    """Without the names of labels a name is refused and a key taken; what is there may stay."""
    staged = stage(ann(labelKeys=["gone"]), labels=None)
    with pytest.raises(ct.BadValue, match=r"'VIP' is no key, which looks like 'custom\.vip'"):
        staged.label(ANN, add="VIP")
    assert 0 == len(staged.plan())

    staged.label(ANN, add="custom.vip")
    assert ("gone", "custom.vip") == staged.value(ANN, "labelKeys")


@pytest.mark.parametrize("route", ["edit", "label", "frame"])
def test_two_thousand_labels_are_enough(route):
    """By every route the next one is refused before anything is staged."""
    keys = [f"custom.k{n}" for n in range(2001)]
    staged = stage(ann(labelKeys=keys[:2000]), labels=None)
    routes = {
        "edit": lambda: staged.edit(ANN, {"labelKeys": keys}),
        "label": lambda: staged.label(ANN, add=keys[2000]),
        "frame": lambda: staged.update(
            pd.DataFrame({"contactId": [ANN], "key": [keys[2000]]}), "labels"
        ),
    }
    with pytest.raises(ct.BadValue, match="2,001 labels"):
        routes[route]()

    assert 0 == len(staged)


@pytest.mark.parametrize("name", ["custom.press", "Press", "PRESS"])
def test_a_label_goes_by_its_display_name_too(name):
    """In any case, on and off again."""
    staged = stage()
    staged.label(BOB, add=name)
    assert [("labelKeys", "added", None, "custom.press")] == rows(staged.plan())

    staged.label(BOB, remove=name)
    assert 0 == len(staged)


def test_a_name_that_two_labels_have_is_no_label():
    """Which of them is meant cannot be told."""
    staged = stage(labels={"custom.one": "Same", "custom.two": "Same"})
    with pytest.raises(ct.BadValue, match=r"use one of custom\.one, custom\.two"):
        staged.label(BOB, add="Same")


def test_an_unknown_label_lists_some_that_there_are():
    """The nearest, or the first few of many."""
    staged = stage(labels={f"custom.l{n:02}": f"L{n}" for n in range(20)})
    told = r"find_or_create_label\(name\) creates one.* use one of custom\.l00, .*custom\.l07$"
    with pytest.raises(ct.BadValue, match=told):
        staged.label(BOB, add="zzz")


# -- the way back ---------------------------------------------------------------------------


def test_many_edits_are_one_step_where_they_are_to_be():
    """One undo takes all of them back, one redo does them again; whoever watches hears once."""
    staged, told = stage(), []
    staged.watch(lambda: told.append(len(staged)))
    with staged.step():
        staged.edit(ANN, {"company": "One"})
        staged.edit(BOB, {"company": "Two"})
        staged.add(ANN, "emails", {"email": "third@example.org"})
    assert [2] == told
    assert {ANN: {"company", "emails"}, BOB: {"company"}} == {
        each: set(values) for each, values in staged.edits().items()
    }
    both = staged.edits()
    assert (True, {}) == (staged.undo(), staged.edits())
    assert (True, both) == (staged.redo(), staged.edits())
    assert staged.undo()
    with staged.step():
        pass
    assert (True, both) == (staged.redo(), staged.edits())  # a step of nothing is none


def test_a_step_that_fails_leaves_nothing():
    """What was staged before it stays, with its way back; nothing of it does."""
    staged = stage()
    staged.edit(ANN, {"company": "Before"})

    def fails():
        with staged.step():
            staged.edit(BOB, {"company": "Two"})
            staged.edit(ANN, {"company": ""})

    with pytest.raises(ct.BadValue):
        fails()
    assert {ANN: {"company": "Before"}} == staged.edits()
    assert not staged.redo()
    assert (True, {}) == (staged.undo(), staged.edits())


def test_a_step_that_fails_leaves_the_way_forth_as_it_was():
    """What was undone before it can be done again; and undo is no part of a step."""
    staged = stage()
    staged.edit(ANN, {"company": "A"})
    staged.undo()

    def fails(call):
        with staged.step():
            staged.edit(BOB, {"company": "B"})
            call()

    for call in (staged.undo, staged.redo, lambda: staged.rebase(snapshot())):
        with pytest.raises(ct.BadValue, match=r"outside the with block of stage\.step\(\)"):
            fails(call)
        assert {} == staged.edits()
    assert (True, {ANN: {"company": "A"}}) == (staged.redo(), staged.edits())


def test_undo_and_redo_go_step_by_step():
    """A call is a step; a new step forgets what was undone."""
    staged = stage()
    staged.edit(ANN, {"company": "A", "jobTitle": "T"})
    staged.edit(ANN, {"company": "B"})

    assert [True, "A", True, 0, False] == [
        staged.undo(),
        staged.value(ANN, "company"),
        staged.undo(),
        len(staged),
        staged.undo(),
    ]
    assert [True, "A", True, "B", False] == [
        staged.redo(),
        staged.value(ANN, "company"),
        staged.redo(),
        staged.value(ANN, "company"),
        staged.redo(),
    ]
    staged.undo()
    staged.edit(ANN, {"company": "C"})
    assert (False, "C") == (staged.redo(), staged.value(ANN, "company"))


def test_staging_the_same_value_again_is_no_step():
    """Undo takes back something that is seen."""
    staged = stage()
    staged.edit(ANN, {"company": str(b"AB", "ascii")})
    staged.edit(ANN, {"company": str(b"AB", "ascii")})

    assert [True, False] == [staged.undo(), staged.undo()]


def test_unstage_takes_back_a_field_a_contact_or_all():
    """A field by its name in the frame, a list by its table; an unknown one is an error."""
    staged = stage()
    for contact_id in (ANN, CAT):
        staged.edit(contact_id, {"company": "X", "phone": "555", "jobTitle": "Y"})
    staged.unstage(ANN, "company")
    staged.unstage(ANN, "phone")
    assert ["jobTitle"] == list(staged.staged(ANN))
    with pytest.raises(ct.UnknownField):
        staged.unstage(ANN, "nope")
    with pytest.raises(ct.UnknownContact):
        staged.unstage("nope")
    staged.unstage(ANN)
    assert 1 == len(staged)
    staged.unstage()
    assert 0 == len(staged)
    staged.undo()
    assert 1 == len(staged)


gestures = st.lists(
    st.tuples(
        st.sampled_from(
            ["company", "clear", "email", "add", "remove", "label", "primary", "unstage"]
        ),
        st.sampled_from([ANN, BOB, CAT]),
        st.sampled_from(["one", "two", "three"]),
    ),
    max_size=8,
)


def gesture(staged, what, contact_id, word):
    """Make one edit."""
    items = [item["id"] for item in staged.value(contact_id, "emails") or ()]
    if what in {"company", "clear"}:
        staged.edit(contact_id, {"company": word if what == "company" else None})
    elif what == "email":
        staged.edit(contact_id, {"email": f"{word}@example.net"})
    elif what == "add":
        staged.add(contact_id, "emails", {"email": f"{word}@example.net", "tag": "WORK"})
    elif what in {"remove", "primary"} and items:
        call = staged.remove if what == "remove" else staged.make_primary
        call(contact_id, "emails", items[len(word) % len(items)])
    elif what == "label":
        staged.label(contact_id, add=sorted(LABELS)[len(word) % 3])
    elif what == "unstage":
        staged.unstage(contact_id)


def state(staged):
    """All that is staged."""
    return {each: staged.staged(each) for each in staged.contacts if staged.staged(each)}


@given(gestures)
def test_undo_is_the_inverse_of_any_step_and_redo_of_undo(made):
    """All the way back to nothing, through the same states, and forward again."""
    staged = stage()
    states = [state(staged)]
    for each in made:
        gesture(staged, *each)
        if state(staged) != states[-1]:
            states.append(state(staged))
    for was in reversed(states[:-1]):
        assert (True, was) == (staged.undo(), state(staged))
    assert not staged.undo()
    for then in states[1:]:
        assert (True, then) == (staged.redo(), state(staged))


# -- what others did meanwhile --------------------------------------------------------------


def newer(document, **info):
    """The contact as it is after somebody else's edit."""
    return {**document, "revision": document["revision"] + 1, "info": {**document["info"], **info}}


def test_an_edit_that_nobody_touched_is_carried_over():
    """Onto the newer revision; what was staged before can no longer be undone."""
    staged = stage(ann(), bob())
    staged.edit(ANN, {"company": "Ours"})
    asked = staged.rebase(snapshot(newer(ann(), jobTitle="Theirs"), bob()))

    assert (0, False) == (len(asked), staged.undo())
    assert [(8, "company", "Ours")] == [
        (c.revision, e.field, e.after) for c in staged.plan().changes for e in c.edits
    ]


def test_what_others_did_as_well_falls_away():
    """The same value on their side leaves nothing to write."""
    staged = stage(ann())
    staged.edit(ANN, {"company": "Same"})
    staged.rebase(snapshot(newer(ann(), company="Same")))

    assert (0, 0) == (len(staged), len(staged.plan()))


def clashed():
    """A stage with one clash to decide."""
    staged = stage(ann(), bob())
    staged.edit(ANN, {"company": "Ours"})
    staged.edit(BOB, {"jobTitle": "Tester"})
    asked = staged.rebase(snapshot(newer(ann(), company="Theirs"), bob()))
    assert [(ANN, "company", "Example Ltd", "Ours", "Theirs")] == list(
        asked.itertuples(index=False, name=None)
    )
    return staged


def test_what_both_sides_changed_is_held_back_and_blocks_nobody_else():
    """In plan.refused with both values; the others are planned."""
    plan = clashed().plan()

    assert ([BOB], [(ANN, "company", "CONFLICT")]) == (
        ids(plan),
        [(each.contact_id, each.field, each.code) for each in plan.refused],
    )


@pytest.mark.parametrize(
    ("take", "rows_then"),
    [
        ("ours", [("company", "changed", "Theirs", "Ours")]),
        ("theirs", []),
        ("Third", [("company", "changed", "Theirs", "Third")]),
    ],
)
def test_a_clash_is_decided(take, rows_then):
    """For ours, theirs or another value; to undo the decision opens it again."""
    staged = clashed()
    staged.resolve(ANN, "company", take)
    assert (0, rows_then) == (
        len(staged.clashes()),
        rows(staged.plan().select(fields=["company"])) if rows_then else [],
    )

    staged.undo()
    assert (1, [BOB]) == (len(staged.clashes()), ids(staged.plan()))
    staged.redo()
    assert 0 == len(staged.clashes())


@pytest.mark.parametrize(
    "decide",
    [lambda s: s.edit(ANN, {"company": "Ours"}), lambda s: s.unstage(ANN, "company")],
    ids=["edit", "unstage"],
)
def test_editing_or_unstaging_decides_a_clash_too(decide):
    """Even to say the same again."""
    staged = clashed()
    decide(staged)

    assert (0, ()) == (len(staged.clashes()), staged.plan().refused)


@pytest.mark.parametrize(
    "touch",
    [
        lambda s: s.remove(ANN, "emails", "3"),
        lambda s: s.edit_item(ANN, "emails", "1", {"tag": "HOME"}),
        lambda s: s.make_primary(ANN, "emails", "3"),
        lambda s: s.add(ANN, "emails", {"email": "more@x.org"}),
    ],
    ids=["remove", "edit", "primary", "add"],
)
def test_one_item_decides_nothing_about_its_list(touch):
    """What somebody else put into the list would go with it."""

    def held(revision, *addresses):
        items = [email(i, each, primary=i == "1") for i, each in addresses]
        return snapshot(person(ANN, revision, name={"first": "Ann"}, emails=items))

    one, three = ("1", "one@x.org"), ("3", "three@x.org")
    staged = ct.Stage(held(1, one, ("2", "two@x.org"), three))
    staged.edit_item(ANN, "emails", "2", {"email": "ours@x.org"})
    staged.rebase(held(2, one, ("2", "theirs@x.org"), three, ("4", "added@x.org")))
    with pytest.raises(ct.BadValue, match=r"c-ann: emails: .*stage\.resolve first"):
        touch(staged)
    assert 1 == len(staged.clashes())
    staged.resolve(ANN, "emails", "theirs")
    touch(staged)
    assert "added@x.org" in [each["email"] for each in staged.value(ANN, "emails")]


def test_an_undecided_clash_outlives_the_next_rebase():
    """Fetching again is no decision."""
    staged = clashed()
    staged.rebase(snapshot(newer(newer(ann(), company="Theirs"), jobTitle="x"), bob()))

    assert ([("Example Ltd", "Ours", "Theirs")], [BOB]) == (
        list(staged.clashes()[["base", "ours", "theirs"]].itertuples(index=False, name=None)),
        ids(staged.plan()),
    )


def test_an_edit_of_a_contact_that_is_gone_is_asked_about_until_decided():
    """Deleted meanwhile: refused in the plan, over any number of rebases."""
    staged = stage(ann(), bob())
    staged.edit(ANN, {"company": "Ours"})
    for _ in range(2):
        staged.rebase(snapshot(bob()))
        assert [ANN] == [each.contact_id for each in staged.plan().refused]
    staged.resolve(ANN, "company", "theirs")

    assert (0, ()) == (len(staged.clashes()), staged.plan().refused)


@pytest.mark.parametrize("take", ["mine", "our", "Ours", "THEIRS", "their", "base"])
def test_a_word_that_nobody_wants_staged_decides_nothing(take):
    """A slip for ours or theirs is refused, and the clash stays."""
    staged = clashed()
    with pytest.raises(ct.BadValue, match='take is "ours", "theirs" or a value') as caught:
        staged.resolve(ANN, "company", take)

    assert (ANN, "company", 1) == (
        caught.value.contact_id,
        caught.value.field,
        len(staged.clashes()),
    )


def update_tag(staged, item_id):
    """Tag an item by the tidy frame."""
    frame = staged.to_frame("phones")
    frame.loc[frame["itemId"] == item_id, "tag"] = "FAX"
    staged.update(frame, "phones")


@pytest.mark.parametrize(
    ("then", "left"),
    [
        (lambda s, _: s.add(ANN, "phones", {"phone": "555-0166"}), ["0188", "0177", "0166"]),
        (lambda s, _: s.edit(ANN, {"phone": "555-0155"}), ["0155", "0188", "0177"]),
        (lambda s, new: s.edit_item(ANN, "phones", new, {"phone": "555-0144"}), ["0188", "0144"]),
        (lambda s, new: s.make_primary(ANN, "phones", new), ["0188", "0177"]),
        (update_tag, ["0188", "0177"]),
        (lambda s, new: s.remove(ANN, "phones", new), ["0188"]),
    ],
    ids=["add", "edit", "edit_item", "make_primary", "update", "remove"],
)
def test_a_list_that_both_sides_added_to_can_be_edited_on(then, left):
    """After a rebase a new item goes by the id it was given, beside what a colleague added."""
    staged = stage(ann(), bob())
    new = staged.add(ANN, "phones", {"phone": "555-0177"})
    theirs = [*ann()["info"]["phones"]["items"], phone("p7", "555-0188")]
    staged.rebase(snapshot(newer(ann(), phones={"items": theirs}), bob()))
    assert new in set(staged.to_frame("phones")["itemId"])

    then(staged, new)
    numbers = [item["phone"].removeprefix("555-") for item in staged.value(ANN, "phones")]
    assert left == [each for each in numbers if each not in {"0100", "0101"}]
    assert "removed" not in {row.kind for row in staged.plan().rows}


def test_another_name_may_be_another_person():
    """A part of the name was changed by others: ours is asked about."""
    staged = stage(ann())
    staged.edit(ANN, {"name.last": "Ours"})

    assert ["name.last"] == list(
        staged.rebase(snapshot(newer(ann(), name={"first": "Zoe", "last": "Example"})))["field"]
    )


def test_contacts_of_another_site_are_no_newer_snapshot():
    """The error names both sites."""
    with pytest.raises(ct.BadValue, match="site-2"):
        stage().rebase(snapshot(site_id="site-2"))


@given(gestures, gestures)
def test_a_rebase_loses_no_edit(we, they):
    """Each staged field is carried over, held by them already, or asked about."""
    staged, other = stage(), stage()
    for each in we:
        gesture(staged, *each)
    for each in they:
        gesture(other, *each)
    ours = {
        (each, name): value
        for each, values in state(staged).items()
        for name, value in values.items()
    }
    documents = [{**other.document(each), "revision": 99} for each in other.contacts]
    fresh = snapshot(*documents)

    asked = set(staged.rebase(fresh)[["contactId", "field"]].itertuples(index=False, name=None))

    for (contact_id, name), value in ours.items():
        theirs = wire.values(fresh.document(contact_id)).get(name)
        if (contact_id, name) in asked or value == theirs:
            continue
        now = staged.value(contact_id, name)
        if name == "company":
            assert value == now
        elif name == "labelKeys":
            own = set(wire.values(snapshot().document(contact_id)).get(name) or ())
            assert set(value or ()) - own <= set(now or ())
        else:
            own = {
                item["email"] for item in wire.values(snapshot().document(contact_id)).get(name, ())
            }
            wanted = {item["email"] for item in value or ()}
            final = {item["email"] for item in now or ()}
            assert wanted - own <= final
            assert not (own - wanted) & final


# -- one plan by any route ------------------------------------------------------------------


def by_edit(staged):
    """By field."""
    staged.edit(ANN, {"company": "New", "email": "new@example.com"})
    staged.edit(BOB, {"labelKeys": ["custom.vip"], "custom.score": 5})


def by_items(staged):
    """Item by item, with a detour."""
    staged.edit_item(ANN, "emails", "e1", {"email": "new@example.com"})
    staged.label(BOB, add="custom.vip")
    staged.add(BOB, "extendedFields", {"key": "custom.score", "value": 5.0})
    staged.edit(ANN, {"company": "Wrong"})
    staged.edit(ANN, {"company": "New"})


def by_wide(staged):
    """By an edited wide frame."""
    frame = staged.to_frame().sample(frac=1, random_state=3)
    frame.loc[ANN, ["company", "email"]] = ["New", "new@example.com"]
    frame.at[BOB, "labelKeys"] = ["custom.vip"]  # noqa: PD008 - a tuple is one value
    frame.loc[BOB, "custom.score"] = 5
    staged.update(frame)


def by_tidy(staged):
    """By tidy frames."""
    emails = staged.to_frame("emails")
    emails.loc[emails["itemId"] == "e1", "email"] = "new@example.com"
    staged.update(emails, "emails")
    staged.update(pd.DataFrame({"contactId": [BOB], "key": ["custom.vip"]}), "labels")
    staged.update(
        pd.DataFrame({"contactId": [BOB], "key": ["custom.score"], "value": [5]}), "extendedFields"
    )
    staged.edit(ANN, {"company": "New"})


@pytest.mark.parametrize("route", [by_items, by_wide, by_tidy])
def test_the_same_values_by_any_route_are_the_same_plan(route):
    """Code, items, an edited wide frame, edited tidy frames."""
    one, other = stage(), stage()
    by_edit(one)
    route(other)

    assert (one.plan(), one.plan().id) == (other.plan(), other.plan().id)


steps = {
    "company": lambda s: s.edit(ANN, {"company": "N"}),
    "email": lambda s: s.edit(ANN, {"email": "n@example.net"}),
    "phone b": lambda s: s.add(ANN, "phones", {"phone": "555-0155"}),
    "phone a": lambda s: s.add(ANN, "phones", {"phone": "555-0144", "tag": "FAX"}),
    "remove": lambda s: s.remove(ANN, "phones", "p2"),
    "label": lambda s: s.label([ANN, BOB], add=["custom.press"]),
    "bob": lambda s: s.edit(BOB, {"phone": "555-0133"}),
    "score": lambda s: s.edit(ANN, {"custom.score": 9}),
    "frame": lambda s: s.update(s.to_frame().assign(jobTitle="T")),
}


@given(st.permutations(sorted(steps)))
def test_the_same_edits_in_any_order_are_the_same_plan(order):
    """Only where things end counts."""
    one, other = stage(), stage()
    for name in sorted(steps):
        steps[name](one)
    for name in order:
        steps[name](other)

    assert one.plan().id == other.plan().id


def test_removing_the_primary_by_either_route_is_one_plan():
    """Among new items the first to be added becomes primary, and stays so in the plan."""
    plans = []
    for clear in (lambda s: s.edit(CAT, {"email": None}), lambda s: s.remove(CAT, "emails", "e9")):
        staged = stage()
        staged.add(CAT, "emails", {"email": "z@example.com"})
        staged.add(CAT, "emails", {"email": "b@example.com"})
        clear(staged)
        plans.append(staged.plan())
        assert "z@example.com" == staged.to_frame().loc[CAT, "email"]
        assert ("primary moved", "z@example.com") == (
            plans[-1].rows[-1].kind,
            plans[-1].rows[-1].after,
        )

    assert plans[0].id == plans[1].id


# -- contacts as they come ------------------------------------------------------------------


@pytest.mark.parametrize(
    "info",
    [
        None,
        [],
        {},
        {"emails": None, "name": None, "extendedFields": None},
        {"extendedFields": {"items": None}},
    ],
    ids=repr,
)
def test_a_contact_with_next_to_nothing_can_be_edited(info):
    """No info, null wrappers: every field can be set."""
    staged = stage({"id": "c-1", "revision": 1, "info": info})
    staged.edit("c-1", {"name.first": "Ann", "email": "a@example.com", "custom.nickname": "A"})

    row = staged.to_frame().loc["c-1"]
    assert ["Ann", "a@example.com", "A"] == row[["name.first", "email", "custom.nickname"]].tolist()
    assert 1 == len(staged.plan())


@pytest.mark.parametrize(
    "key", ["custom.a.b", "custom.", "custom.É <b>", "custom.id", "custom.name.first", "custom.$x"]
)
def test_extended_fields_of_odd_names_are_set_like_any_other(key):
    """Keys hold dots and worse; they travel as they are."""
    staged = stage(ann(custom={key: "old"}), extended=None)
    staged.edit(ANN, {key: "new"})

    assert {"extendedFields": {"items": {key: "new"}}} == staged.plan().changes[0].info()


def test_a_list_of_a_newer_service_can_still_be_edited():
    """Members this version does not know are shown as lost in the plan, never sent."""
    staged = stage(ann(phones=[phone("p1", "555", primary=True, sms={"ok": True})]))
    staged.edit(ANN, {"phone": "556"})
    plan = staged.plan()

    assert ("loss", "phones hold sms.ok") in [(risk.kind, risk.text) for risk in plan.risks]
    assert "sms" not in repr(plan.changes[0].info())


def test_watchers_are_told_of_changes_only():
    """After every change of what is staged, and not after a repetition."""
    staged, told = stage(), []
    stop = staged.watch(lambda: told.append(len(staged)))
    staged.edit(ANN, {"company": "X"})
    staged.edit(ANN, {"company": "X"})
    staged.undo()
    stop()
    staged.redo()

    assert [1, 0] == told


@pytest.mark.parametrize("thing", [snapshot().to_frame(), [ann()], None, ct.Stage], ids=type)
def test_a_stage_is_over_contacts(thing):
    """Neither a frame nor a list of them; the error says where contacts come from."""
    with pytest.raises(ct.BadValue, match=r"site\.fetch\(\) returns them, not a"):
        ct.Stage(thing)


def test_an_unplanned_site_cannot_be_planned():
    """Contacts of no site: BadPlan, and how to say which site they are of."""
    staged = stage(site_id=None)
    with pytest.raises(ct.BadPlan, match=r"without a site.*site_id=…\), or fetch them"):
        staged.plan()


def test_a_stage_says_what_it_holds():
    """Counts only: no values in a repr."""
    staged = stage(ann(), bob(), cat())
    staged.edit(ANN, {"company": "Secret"})

    assert repr(staged).startswith(
        "<Stage: 1 field of 1 contact staged, over <Contacts: 3 of site site-1"
    )


# -- two hands at once ----------------------------------------------------------------------


def test_two_threads_lose_no_edit():
    """Each gesture happens whole: of two hands that add to one list, neither undoes the other."""
    staged, begin = stage(), threading.Barrier(2)

    def add(hand):
        begin.wait()
        for n in range(20):
            staged.add(ANN, "phones", {"phone": f"{hand}55501{n:02}"})

    hands = [threading.Thread(target=add, args=(hand,)) for hand in (1, 2)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()

    wanted = {f"{hand}55501{n:02}" for hand in (1, 2) for n in range(20)}
    assert wanted <= {item["phone"] for item in staged.value(ANN, "phones")}


def test_whoever_is_told_of_an_edit_may_wait_for_another_thread():
    """The stage tells of a change once it is free again, so nobody waits for ever."""
    staged, seen = stage(), []

    def told():
        other = threading.Thread(target=lambda: seen.append(len(staged.plan())))
        other.start()
        other.join(timeout=30)

    staged.watch(told)
    staged.edit(ANN, {"company": "Other Ltd"})
    staged.rebase(staged.contacts)

    assert [1, 1] == seen


def untagged():
    """Return a stage over a contact whose e-mails have no tag."""
    return stage(
        person(
            "c-1",
            emails=[
                email("1", "a@example.com", tag=None, primary=True),
                email("2", "b@example.com", tag=None, primary=False),
            ],
        )
    )


def test_moving_the_primary_of_items_without_a_tag_changes_no_item():
    """No tag and the tag UNTAGGED say the same, so only the primary moves."""
    staged = untagged()
    staged.make_primary("c-1", "emails", "2")
    assert [("emails", "primary moved", "a@example.com", "b@example.com")] == rows(staged.plan())


def test_there_and_back_without_a_tag_is_no_edit():
    """An edit that ends where it began is none, tag or no tag."""
    staged = untagged()
    staged.edit("c-1", {"email": "x@example.com"})
    staged.edit("c-1", {"email": "a@example.com"})
    assert 0 == len(staged)


@pytest.mark.parametrize("tag", [None, "UNTAGGED"])
def test_no_tag_on_an_item_without_one_is_no_edit(tag):
    """Taking away what is not there changes nothing."""
    staged = untagged()
    staged.edit_item("c-1", "emails", "1", {"tag": tag})
    assert [] == rows(staged.plan())


def test_a_label_that_is_no_text_is_refused_in_words():
    """A list in place of a label: BadValue."""
    with pytest.raises(ct.BadValue):
        stage().label(ANN, add=[["x"]])


def test_parts_are_told_apart_whatever_they_hold():
    """A street that reads like a list of parts is not taken for one."""
    staged = stage(ann(addresses=[address("a1", addressLine="1 Main St, City: Springfield")]))
    staged.edit_item(ANN, "addresses", "a1", {"addressLine": "1 Main St", "city": "Springfield"})
    ((_, _, before, after),) = rows(staged.plan())
    assert before != after


def test_a_primary_that_moves_is_seen():
    """From and to never read the same."""
    staged = stage(
        ann(
            phones=[phone("p1", "5550100 (US)", country=None, primary=True), phone("p2", "5550100")]
        )
    )
    staged.make_primary(ANN, "phones", "p2")
    ((_, _, before, after),) = rows(staged.plan())
    assert before != after


def test_removed_and_added_are_told_apart():
    """What goes and what comes never read the same."""
    staged = stage(ann(phones=[phone("p1", "5550100 (US)", country=None)]))
    staged.remove(ANN, "phones", "p1")
    staged.add(ANN, "phones", {"phone": "5550100", "countryCode": "US"})
    assert rows(staged.plan())[0][2] != rows(staged.plan())[1][3]


def test_a_field_of_the_services_own_is_no_count():
    """Only a list of the contact has a count."""
    staged = stage(ann(custom={"ecom.orders.count": 5}))
    with pytest.raises(ct.ReadOnlyField, match="set by the service"):
        staged.edit(ANN, {"ecom.orders.count": 6})
