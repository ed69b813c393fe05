"""One change of many contacts: applied as one step with its reason, and tried beforehand."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from people_builder import ANN, BOB, CAT, email, person, phone, snapshot, stage

import contacttools as ct
from contacttools.snapshot.contacts import build_frame
from contacttools.snapshot.frames import MARK
from contacttools.staging.trial import trial


def who(contact_id, revision=1, **info):
    """Return a contact with a name."""
    return person(contact_id, revision, name={"first": contact_id}, **info)


def companies():
    """Return a stage over three contacts, two of one company in two spellings."""
    return stage(
        who(ANN, company="Globx", jobTitle="Buyer"),
        who(BOB, company="Globex"),
        who(CAT),
    )


def test_a_function_is_given_the_staged_column_of_the_chosen():
    """It sees what is staged, and only those contacts."""
    staged, seen = companies(), []
    staged.edit(ANN, {"company": "Glob"})

    def upper(values):
        seen.append(dict(values))
        return values.str.upper()

    staged.apply(upper, "company", where=[ANN])

    assert [{ANN: "Glob"}] == seen
    assert {ANN: {"company": "GLOB"}} == staged.edits()


def test_one_value_is_for_all_and_none_clears():
    """A lone None is meant; nothing else empties a column."""
    staged = companies()
    staged.apply("Globex", "company", where=staged.to_frame()["company"].notna())
    assert {ANN: {"company": "Globex"}} == staged.edits()
    staged.apply(None, "company")
    assert {ANN: {"company": None}, BOB: {"company": None}} == staged.edits()


def test_it_is_one_step_with_its_reason():
    """One undo takes it back; the reason stands in the plan, whose id does not depend on it."""
    staged, silent = companies(), companies()
    staged.apply(lambda values: values.str.replace("Globx", "Globex"), "company", reason="one name")
    silent.edit(ANN, {"company": "Globex"})
    plan = staged.plan()

    assert ["one name"] == plan.to_frame()["reason"].tolist()
    assert "one name" in repr(plan)
    assert "one name" in plan._repr_html_()
    assert silent.plan().id == plan.id
    assert staged.undo()
    assert {} == staged.edits()


def test_a_later_edit_has_its_own_reason():
    """Whoever staged a value last says why, and undo brings the earlier reason back."""
    staged = companies()
    staged.apply("Globex", "company", reason="first")
    with staged.step("second"):
        staged.edit(ANN, {"company": "Globex Ltd"})
    staged.edit(BOB, {"jobTitle": "Chef"})

    def reasons():
        rows = staged.plan().to_frame()
        return dict(
            zip(zip(rows["contactId"], rows["field"], strict=True), rows["reason"], strict=True)
        )

    expected = {(ANN, "company"): "second", (CAT, "company"): "first", (BOB, "jobTitle"): ""}
    assert expected == reasons()
    staged.undo()
    staged.undo()
    assert {(ANN, "company"): "first", (CAT, "company"): "first"} == reasons()


def test_a_reason_outlives_a_rebase_and_a_file(tmp_path):
    """Carried edits keep it, and so does a saved plan."""
    staged = companies()
    staged.apply("Globex", "company", where=[ANN], reason="one name")
    newer = snapshot(who(ANN, 9, company="Globx", jobTitle="Chief"), who(BOB), who(CAT))
    staged.rebase(newer)
    plan = staged.plan()
    plan.save(tmp_path / "plan.json")

    assert ["one name"] == plan.to_frame()["reason"].tolist()
    assert ["one name"] == ct.Plan.load(tmp_path / "plan.json").to_frame()["reason"].tolist()


@pytest.mark.parametrize("reason", ["", " ", "two\nlines", "x" * 201, 7])
def test_a_reason_is_one_line(reason):
    """What cannot stand beside an edit is refused before anything is staged."""
    staged = companies()
    with pytest.raises(ct.BadValue, match="reason is why"):
        staged.apply("Globex", "company", reason=reason)
    assert {} == staged.edits()


@pytest.mark.parametrize(
    ("change", "column", "error", "told"),
    [
        (lambda values: values.head(1), "company", ct.BadValue, "keep the index"),
        (lambda values: pd.concat([values, values]), "company", ct.BadValue, "a row twice"),
        (list, "company", ct.BadValue, "not a list"),
        (lambda values: values.where(values.isna()), "company", ct.BadValue, "turned missing"),
        (3, "company", ct.BadValue, "expected text"),
        ("x", "revision", ct.ReadOnlyField, "set by the service"),
        ("x", "compny", ct.UnknownField, "did you mean company"),
    ],
)
def test_what_cannot_be_is_refused_whole(change, column, error, told):
    """The message says what was wrong; nothing is staged."""
    staged = companies()
    with pytest.raises(error, match=told):
        staged.apply(change, column)
    assert {} == staged.edits()


def test_errors_are_collected_when_asked():
    """The good rows are staged, the others named."""
    staged = companies()
    found = staged.apply(
        lambda values: values.map({"Globx": "Globex", "Globex": ""}), "company", errors="collect"
    )

    assert {ANN: {"company": "Globex"}} == staged.edits()
    assert {BOB} == set(found.loc[found["status"] == "refused", "contactId"])


def test_clearing_single_values_is_said():
    """A value that turned missing is cleared where its column is named."""
    staged = companies()
    staged.apply(lambda values: values.where(values != "Globx"), "company", clear="company")
    assert {ANN: {"company": None}} == staged.edits()


@pytest.mark.parametrize("where", [["nobody"], pd.Series([1, 2, 3], index=[ANN, BOB, CAT])])
def test_who_is_chosen_has_to_be_there(where):
    """An unknown id, or a mask that is none."""
    with pytest.raises(ct.ContactToolsError, match="mask"):
        companies().apply("x", "company", where=where)


def test_an_array_does_not_say_who_is_chosen():
    """It has no contact ids; the message says what has."""
    staged = companies()
    with pytest.raises(ct.BadValue, match="boolean Series"):
        staged.apply("x", "company", where=staged.to_frame()["company"].notna().to_numpy())


def test_a_copy_keeps_what_is_open():
    """Conflicts that nobody has decided are so in the copy as well."""
    staged = companies()
    staged.edit(ANN, {"company": "Ours"})
    staged.rebase(snapshot(who(ANN, 2, company="Theirs"), who(BOB), who(CAT)))
    assert 1 == len(staged.clashes())
    assert staged.clashes().equals(staged.copy().clashes())
    assert staged.plan().refused == staged.copy().plan().refused


def test_a_new_item_in_a_copy_has_an_id_of_its_own():
    """Not that of one which is staged already."""
    staged = companies()
    first = staged.add(ANN, "emails", {"email": "ann@example.com"})
    assert first != staged.copy().add(ANN, "emails", {"email": "a@example.org"})


def test_a_copy_goes_its_own_way():
    """It holds the same edits for the same reasons, and what is done to it changes nothing else."""
    staged = companies()
    staged.apply("Globex", "company", where=[ANN], reason="one name")
    other = staged.copy()
    assert staged.plan().to_frame().equals(other.plan().to_frame())
    other.edit(BOB, {"jobTitle": "Chef"})
    assert {ANN: {"company": "Globex"}} == staged.edits()


values = st.one_of(
    st.tuples(
        st.sampled_from(["company", "email", "phone", "custom.nickname"]),
        st.sampled_from(["a@example.com", "555-0177", "NaN"]),
    ),
    st.tuples(st.just("custom.score"), st.sampled_from([3, 0.5])),
    st.tuples(st.sampled_from(["custom.since", "birthdate"]), st.just("2001-02-03")),
    st.tuples(
        st.just("labelKeys"), st.sampled_from([("custom.vip",), ("custom.press", "custom.vip")])
    ),
    st.tuples(
        st.sampled_from(["company", "email", "birthdate", "custom.score", "labelKeys"]), st.none()
    ),
)


@given(st.lists(st.tuples(st.sampled_from([ANN, BOB, CAT]), values), max_size=5))
def test_a_staged_frame_is_that_of_the_contacts_as_they_would_be(made):
    """Whatever was staged: the rows that differ are laid out anew, and fit the others."""
    contacts = snapshot()
    staged = ct.Stage(contacts)
    for contact_id, (name, value) in made:
        staged.edit(contact_id, {name: value})
    documents = {each: staged.document(each) for each in contacts}
    frame = staged.to_frame()
    expected = build_frame(contacts, documents, None, frame.attrs[MARK])
    pd.testing.assert_frame_equal(expected, frame)
    assert expected.attrs == frame.attrs


def act(change, column):
    """Return the change as a trial takes it."""
    return lambda staged, ids: staged.apply(change, column, where=ids, errors="collect")


def test_a_trial_says_what_would_become_of_each():
    """And stages nothing."""
    staged = companies()
    staged.edit(CAT, {"company": "Initech"})
    change = act(
        lambda values: values.map({"Globx": "Globex", "Globex": "", "Initech": "X"}), "company"
    )
    tried = trial(staged, change, "company", [CAT, ANN, BOB])

    assert [
        (CAT, "Initech", "X", "changes"),
        (ANN, "Globx", "Globex", "changes"),
        (BOB, "Globex", "Globex", "invalid"),
    ] == [(each.contact_id, each.before, each.after, each.effect) for each in tried]
    assert ["replaces what is staged; the contact has nothing", ""] == [
        each.why for each in tried[:2]
    ]
    assert "empty text" in tried[2].why
    assert {CAT: {"company": "Initech"}} == staged.edits()


def test_a_trial_sees_what_a_plan_would_refuse():
    """An e-mail that another contact has, and a contact left with nothing to reach it by."""
    mails = [
        email("e1", "ann@example.com", primary=True),
        email("e2", "bob@example.com", primary=True),
    ]
    staged = stage(who(ANN, emails=mails[:1]), who(BOB, emails=mails[1:]))
    collides = trial(staged, act("bob@example.com", "email"), "email", [ANN, BOB])
    assert [("collides", ANN), ("unchanged", BOB)] == [
        (each.effect, each.contact_id) for each in collides
    ]

    bare = stage({"id": ANN, "revision": 1, "info": {"name": {"first": "Ann"}}})
    (left,) = trial(bare, act(None, "name.first"), "name.first", [ANN])
    assert ("invalid", None) == (left.effect, left.after)
    assert "without a name" in left.why


# -- items of lists --------------------------------------------------------------------------


def phoned():
    """Return a stage over three contacts, two of them with phones."""
    return stage(
        who(ANN, phones=[phone("p1", "(512) 555-0177", country="US", primary=True)]),
        who(
            BOB,
            phones=[
                phone("p2", "02 61 91 58 54", country="FR", primary=True),
                phone("p3", "030 23125 629", country=None),
            ],
        ),
        who(CAT),
    )


def numbers(staged):
    """Return the phones as they are staged."""
    return dict(staged.to_frame("phones")[["itemId", "phone"]].itertuples(index=False))


def test_several_columns_of_a_list_are_changed_together():
    """A function is given a frame of them, and what it returns is staged item by item."""
    staged, seen = phoned(), []

    def dialled(frame):
        seen.append(list(frame.columns))
        frame["phone"] = ct.normalize.phone(frame["phone"], country=frame["countryCode"])
        return frame

    staged.apply(dialled, table="phones", columns=["phone", "countryCode"], reason="E.164")

    assert [["phone", "countryCode"]] == seen
    assert {"p1": "+15125550177", "p2": "+33261915854", "p3": "030 23125 629"} == numbers(staged)
    assert {"E.164"} == set(staged.plan().to_frame()["reason"])
    assert staged.undo()
    assert {} == staged.edits()


def test_one_column_of_a_list_is_changed_for_some_rows():
    """Chosen by a mask over the list's frame, or by contact."""
    staged = phoned()
    frame = staged.to_frame("phones")
    staged.apply("DE", "countryCode", table="phones", where=frame["countryCode"].isna())
    countries = staged.to_frame("phones")["countryCode"]
    assert ["US", "FR", "DE"] == countries.tolist()
    staged.apply(lambda column: column.str.replace(" ", ""), "phone", table="phones", where=[BOB])
    assert {"p1": "(512) 555-0177", "p2": "0261915854", "p3": "03023125629"} == numbers(staged)
    staged.apply(None, "countryCode", table="phones", where=[ANN])
    assert [True, False, False] == staged.to_frame("phones")["countryCode"].isna().tolist()


def test_several_columns_of_the_contacts_are_changed_together():
    """A column that the function does not return stays as it is."""
    staged = companies()
    staged.apply(
        lambda frame: frame[["company"]].apply(lambda column: column.str.upper()),
        columns=["company", "jobTitle"],
    )
    assert {ANN: {"company": "GLOBX"}, BOB: {"company": "GLOBEX"}} == staged.edits()


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({}, ct.BadValue, "say which column"),
        ({"column": "phone", "columns": ["phone"]}, ct.BadValue, "say which column"),
        ({"column": "number", "table": "phones"}, ct.UnknownField, "phones have no column"),
        ({"column": "e164Phone", "table": "phones"}, ct.ReadOnlyField, "e164Phone"),
        ({"column": "phone", "table": "telephones"}, ct.UnknownField, "telephones"),
        ({"columns": ["phone"], "table": "phones"}, ct.BadValue, "returns a DataFrame"),
    ],
)
def test_what_cannot_be_changed_so_is_said(arguments, error, words):
    """In words that name the column, and nothing is staged."""
    staged = phoned()
    with pytest.raises(error, match=words):
        staged.apply("1", **arguments)
    assert {} == staged.edits()


def test_a_mask_or_a_frame_of_something_else_is_refused():
    """A mask over other rows, a column that was not named, rows that are no more."""
    staged = phoned()
    with pytest.raises(ct.BadValue, match="another one"):
        staged.apply(
            "DE", "countryCode", table="phones", where=pd.Series([True], index=[7], dtype=bool)
        )
    with pytest.raises(ct.BadValue, match="name it among the columns"):
        staged.apply(lambda frame: frame.assign(tag="HOME"), table="phones", columns=["phone"])
    with pytest.raises(ct.BadValue, match="has no value for"):
        staged.apply(lambda frame: frame.iloc[1:], table="phones", columns=["phone"])
    with pytest.raises(ct.BadValue, match=r"clear="):
        staged.apply(lambda frame: frame.assign(phone=None), table="phones", columns=["phone"])
    assert {} == staged.edits()
