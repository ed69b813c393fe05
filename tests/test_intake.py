"""Intake: an edited frame becomes edits, row by row, or says what is wrong with it."""

import numpy as np
import pandas as pd
import pytest
from people_builder import ANN, BOB, CAT, ann, bob, email, person, rows, snapshot, stage

import contacttools as ct
from contacttools.snapshot import frames


def refused(staged, frame, table=None, **options):
    """Update with a frame that must be refused; both ways of asking agree, nothing is staged."""
    with pytest.raises(ct.StagingError) as caught:
        staged.update(frame, table, **options)
    assert 0 == len(staged)
    found = staged.update(frame, table, errors="collect", **options)
    assert str(caught.value) in set(found["why"])
    return caught.value


def unmarked(frame):
    """The frame as it is after a concat or a merge."""
    frame = frame.copy()
    frame.attrs = {}
    return frame


# -- cells ----------------------------------------------------------------------------------


def test_only_the_cells_that_differ_are_staged():
    """Other columns and rows may be left out."""
    staged = stage()
    frame = staged.to_frame()[["revision", "company", "email"]]
    frame.loc[BOB, "company"] = "Bob & Co"
    frame.loc[ANN, "email"] = "ann@example.net"
    staged.update(frame.loc[[BOB, ANN]])

    assert [
        ("emails", "changed", "ann@example.com", "ann@example.net"),
        ("company", "added", None, "Bob & Co"),
    ] == rows(staged.plan())


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT], ids=["None", "nan", "NA", "NaT"])
@pytest.mark.parametrize("column", ["company", "email", "birthdate", "labelKeys", "custom.score"])
def test_a_value_that_turned_missing_is_refused_unless_it_is_meant(column, missing):
    """A failed look-up clears nothing; clear= says that it is meant."""
    staged = stage()
    frame = staged.to_frame()
    frame[column] = frame[column].astype(object)
    frame.at[ANN, column] = missing  # noqa: PD008 - a tuple is one value
    error = refused(staged, frame)

    assert (ct.BadValue, ANN, column) == (type(error), error.contact_id, error.field)
    assert "clear=" in str(error)
    staged.update(frame, clear=column)
    assert 1 == len(staged.plan())


@pytest.mark.parametrize(
    ("table", "column", "left"),
    [
        (
            "phones",
            "countryCode",
            [("phones", "changed", "555-0100 (US, MOBILE)", "555-0100 (MOBILE)")],
        ),
        (
            "addresses",
            "city",
            [
                (
                    "addresses",
                    "changed",
                    "Tag: “HOME”, Street: “1 Example St”, City: “Exampleton”, Country: “US”",
                    "Tag: “HOME”, Street: “1 Example St”, Country: “US”",
                )
            ],
        ),
        ("labels", "key", [("labelKeys", "removed", "custom.vip", None)]),
        ("extendedFields", "value", [("custom.nickname", "cleared", "Annie", None)]),
    ],
)
def test_clear_works_on_each_table(table, column, left):
    """The first row's value is cleared, and no other; without clear= it is refused."""
    staged = stage()
    frame = staged.to_frame(table)
    frame.loc[0, column] = None
    refused(staged, frame, table)

    staged.update(frame, table, clear=(column,))
    assert left == rows(staged.plan())


@pytest.mark.parametrize("table", ["emails", "phones"])
def test_what_an_item_cannot_be_without_is_not_cleared(table):
    """An e-mail without an address is removed instead."""
    staged = stage()
    frame = staged.to_frame(table)
    frame.loc[0, table[:-1]] = None

    assert "remove the item" in str(refused(staged, frame, table, clear=table[:-1]))


@pytest.mark.parametrize(
    ("column", "value", "error", "words"),
    [
        ("company", "", ct.BadValue, "empty text"),
        ("company", " \t", ct.BadValue, "empty text"),
        ("company", 5, ct.BadValue, "expected text"),
        ("company", np.inf, ct.BadValue, "expected text"),
        ("company", True, ct.BadValue, "expected text"),
        ("company", "x" * 1001, ct.BadValue, "1,001"),
        ("company", "\x00", ct.BadValue, "cannot be sent"),
        ("phone", 5550100.0, ct.BadValue, "expected text"),
        ("birthdate", pd.Timestamp("2020-01-01 10:00"), ct.BadValue, "time of day"),
        ("birthdate", "2020-13-01", ct.BadValue, "not a day"),
        ("custom.score", np.inf, ct.BadValue, "finite"),
        ("custom.score", "five", ct.BadValue, "expected a number"),
        ("custom.score", True, ct.BadValue, "expected a number"),
        ("labelKeys", "custom.press", ct.BadValue, "tuple of label keys"),
        ("labelKeys", ("nope",), ct.BadValue, "no label"),
        ("name.first", ("a",), ct.BadValue, "expected text"),
        ("emails.count", 5, ct.ReadOnlyField, "counts the items"),
        ("createdDate", "2020-01-01", ct.ReadOnlyField, "set by the service"),
        ("phone.e164", "+1", ct.ReadOnlyField, "follows from phone"),
        ("address.city", "X", ct.ReadOnlyField, "edit it in to_frame"),
        ("invoices.vatId", "X", ct.ReadOnlyField, "set by the service"),
        ("revision", 8, ct.StaleFrame, "take a new frame"),
        ("revision", "x", ct.StaleFrame, "take a new frame"),
        ("revision", 7.5, ct.StaleFrame, "take a new frame"),
    ],
    ids=[str(n) for n in range(24)],
)
def test_a_cell_that_cannot_be_is_refused(column, value, error, words):
    """A typed error with contact and field; the good edits of other rows wait, or are collected."""
    staged = stage()
    frame = staged.to_frame().astype(object)
    frame.loc[BOB, "jobTitle"] = "Fine"
    frame.at[ANN, column] = value  # noqa: PD008 - a tuple is one value
    with pytest.raises(error, match=words) as caught:
        staged.update(frame)
    assert (ANN, column, 0) == (caught.value.contact_id, caught.value.field, len(staged))

    found = staged.update(frame, errors="collect")
    assert [
        (0, ANN, column, "refused"),
        (1, BOB, "jobTitle", "staged"),
        (2, CAT, None, "unchanged"),
    ] == list(
        found.astype(object)
        .where(found.notna(), None)[["row", "contactId", "field", "status"]]
        .itertuples(index=False, name=None)
    )
    assert [BOB] == [each.contact_id for each in staged.plan().changes]


def test_a_row_is_taken_whole_or_not_at_all():
    """One bad cell keeps the good ones of its row from being staged."""
    staged = stage()
    frame = staged.to_frame()
    frame.loc[ANN, ["company", "locale"]] = ["Fine", "!"]
    staged.update(frame, errors="collect")

    assert 0 == len(staged)


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.assign(birthdate=pd.to_datetime(f["birthdate"])),
        lambda f: f.assign(revision=f["revision"].astype(str)),
        lambda f: f.assign(revision=f["revision"].map(lambda each: f"{each}.0")),
        lambda f: f.assign(revision=f["revision"].astype(float)),
        lambda f: f.assign(labelKeys=f["labelKeys"].map(list)),
        lambda f: f.assign(labelKeys=f["labelKeys"].map(set)),
        lambda f: f.assign(labelKeys=f["labelKeys"].map(str)),
        lambda f: f.assign(labelKeys=f["labelKeys"].map(lambda keys: keys or None)),
        lambda f: f.assign(**{"invoices.vatId": None}),  # the service sent "", a file gives nothing
    ],
    ids=[str(n) for n in range(9)],
)
def test_the_same_in_another_type_is_no_edit(change):
    """Dates as timestamps, revisions as text or float, labels as list, set or text."""
    staged = stage()
    found = staged.update(change(staged.to_frame()), errors="collect")

    assert {"unchanged"} == set(found["status"])


# -- the frame as a whole -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda f: f.assign(compnay="x"), ct.UnknownField, "did you mean company"),
        (lambda f: f.assign(nonsense=1), ct.UnknownField, "nonsense"),
        (lambda f: f.rename(columns={"company": 5}), ct.UnknownField, "no field '5'"),
        (
            lambda f: pd.concat([f, f[["company"]]], axis=1),
            ct.BadValue,
            "two columns named 'company'",
        ),
        (
            lambda f: pd.concat([f.reset_index(), f.reset_index()[["id"]]], axis=1),
            ct.BadValue,
            "two columns",
        ),
        (
            lambda f: f.set_axis(pd.MultiIndex.from_product([["id"], f.columns]), axis=1),
            ct.UnknownField,
            "no field",
        ),
        (lambda f: f.reset_index(drop=True), ct.UnknownContact, "no contact"),
        (lambda f: f.set_index("company", append=True), ct.UnknownContact, "no contact"),
        (lambda f: f.rename(index={ANN: "nobody"}), ct.UnknownContact, "nobody"),
        (lambda f: f.reset_index().assign(id=[["a"], {}, None]), ct.UnknownContact, "no contact"),
        (
            lambda f: f.reset_index().assign(id=pd.Series(["half\ud800"] * 3, dtype=object)),
            ct.UnknownContact,
            "no contact",
        ),
        (lambda f: pd.concat([f, f.loc[[ANN]]]), ct.BadValue, "stands in 2 rows"),
        (
            lambda f: f.drop(columns="revision").pipe(unmarked),
            ct.StaleFrame,
            "adds that column",
        ),
        (
            lambda f: f.assign(revision=None).pipe(unmarked),
            ct.StaleFrame,
            "adds that column",
        ),
        (lambda f: f.pipe(unmarked).assign(revision=1), ct.StaleFrame, "take a new frame"),
    ],
    ids=[str(n) for n in range(15)],
)
def test_a_frame_that_cannot_be_read_is_refused(change, error, words):
    """Unknown and repeated columns, unknown and repeated contacts, no revision to hold on to."""
    staged = stage()
    frame = change(staged.to_frame().drop(columns=["labelKeys"]))

    caught = refused(staged, frame)

    assert isinstance(caught, error)
    assert words in str(caught)


@pytest.mark.parametrize("frame", [None, [], {"company": ["x"]}, "df"])
def test_only_a_frame_is_a_frame(frame):
    """Anything else is a bad value."""
    with pytest.raises(ct.BadValue, match="expected a DataFrame"):
        stage().update(frame)


def test_the_words_for_errors_are_two():
    """Anything else is named."""
    staged = stage()
    with pytest.raises(ct.BadValue, match="ignore"):
        staged.update(staged.to_frame(), errors="ignore")


def test_an_id_column_is_as_good_as_the_index():
    """reset_index is no damage."""
    staged = stage()
    frame = staged.to_frame().reset_index()
    frame.loc[0, "company"] = "X"
    staged.update(frame)

    assert "X" == staged.value(ANN, "company")


@pytest.mark.parametrize("table", [None, "phones"])
@pytest.mark.parametrize("keep", ["revision and mark", "revision", "mark"])
def test_rows_of_an_older_snapshot_are_stale(table, keep):
    """An old value is not staged over a newer one; by revision or by the frame's mark."""
    old = snapshot()
    frame = old.to_frame(table)
    fresh = snapshot({**ann(company="Newer"), "revision": 8}, bob())
    if "revision" not in keep:
        frame = frame.drop(columns="revision")
    if "mark" not in keep:
        frame = unmarked(frame)
    frame = frame[(frame.index if table is None else frame["contactId"]) == ANN]

    error = refused(ct.Stage(fresh), frame, table)

    assert (ct.StaleFrame, ANN) == (type(error), error.contact_id)


def test_rows_that_did_not_move_are_taken_from_an_older_snapshot():
    """What counts is the contact's revision, not the age of the frame."""
    old = snapshot()
    frame = old.to_frame()
    frame["company"] = "X"
    staged = ct.Stage(snapshot({**ann(), "revision": 8}, bob()))
    found = staged.update(frame.loc[[ANN, BOB]], errors="collect")

    assert ["refused", "staged"] == list(found["status"])


def test_a_frame_of_another_stage_is_stale():
    """What it showed is not known here."""
    other = stage()
    other.edit(ANN, {"company": "X"})

    assert ct.StaleFrame is type(refused(stage(), other.to_frame()))


def test_a_mark_of_another_kind_is_no_mark():
    """Attrs are anybody's."""
    staged = stage()
    frame = staged.to_frame()
    frame.attrs[frames.MARK] = ["?"]
    staged.update(frame)

    assert 0 == len(staged)


# -- the stage's own frames -----------------------------------------------------------------


def test_a_frame_of_the_stage_is_held_against_what_it_showed():
    """After further edits and undo, its untouched cells still ask for nothing."""
    staged = stage()
    staged.edit(ANN, {"company": "First", "jobTitle": "T"})
    frame = staged.to_frame()
    staged.undo()
    staged.edit(BOB, {"company": "Later"})
    frame.loc[CAT, "company"] = "Mine"
    staged.update(frame)

    assert {BOB: {"company": "Later"}, CAT: {"company": "Mine"}} == {
        each: staged.staged(each) for each in (BOB, CAT)
    }
    assert {} == staged.staged(ANN)


def test_the_email_cell_means_the_item_it_showed():
    """Another item has become primary since: the cell still edits the one that was shown."""
    staged = stage()
    frame = staged.to_frame()
    staged.make_primary(ANN, "emails", "e2")
    frame.loc[ANN, "email"] = "new@example.com"
    staged.update(frame)

    assert [("new@example.com", False), ("a@example.org", True)] == [
        (item["email"], item["primary"]) for item in staged.value(ANN, "emails")
    ]


def test_an_email_cell_whose_item_was_removed_is_refused():
    """There is nothing left to edit."""
    staged = stage()
    frame = staged.to_frame()
    staged.remove(ANN, "emails", "e1")
    frame.loc[ANN, "email"] = "new@example.com"
    with pytest.raises(ct.BadValue, match="removed meanwhile"):
        staged.update(frame)


def test_what_was_removed_meanwhile_may_be_absent():
    """remove_missing asks for nothing that is done already."""
    staged = stage()
    item_id = staged.add(ANN, "phones", {"phone": "555"})
    frame = staged.to_frame("phones")
    staged.remove(ANN, "phones", item_id)
    staged.update(frame[frame["itemId"] != item_id], "phones", remove_missing=True)

    assert 0 == len(staged)


# -- tidy frames ----------------------------------------------------------------------------


def test_rows_without_an_item_id_are_new_items():
    """Several for one contact; the rest of the list stays; other columns may be missing."""
    staged = stage()
    new = pd.DataFrame({"contactId": [ANN, ANN, BOB], "phone": ["555-7", "555-8", "555-9"]})
    staged.update(pd.concat([staged.to_frame("phones"), new]), "phones")

    assert [(ANN, "555-7"), (ANN, "555-8"), (BOB, "555-9")] == [
        (row.contact_id, row.after) for row in staged.plan().rows
    ]


def test_an_absent_row_is_no_edit_unless_it_is_said():
    """remove_missing=True takes what is not listed as removed."""
    staged = stage()
    frame = staged.to_frame("phones")
    frame = frame[frame["itemId"] != "p2"]
    staged.update(frame, "phones")
    assert 0 == len(staged)

    staged.update(frame, "phones", remove_missing=True)
    assert [("phones", "removed", "555-0101 (US, HOME)", None)] == rows(staged.plan())


@pytest.mark.parametrize("column", ["contactId", "itemId"])
def test_a_row_that_went_wrong_removes_nothing(column):
    """A misspelt id is refused; its item is not taken as absent, nor any other."""
    staged = stage()
    frame = staged.to_frame("phones")
    frame.loc[1, column] = "misspelt"
    found = staged.update(frame.iloc[1:], "phones", remove_missing=True, errors="collect")

    assert 0 == len(staged)
    assert "no absent row was taken as removed" in found.loc[0, "why"]


@pytest.mark.parametrize(
    ("flags", "moved"),
    [
        ({"e2": True}, True),
        ({"e1": False, "e2": True}, True),
        ({"e1": True}, False),
        ({"e1": False}, "no item is primary"),
        ({"new": True}, True),
        ({"new": True, "e2": True}, "two items"),
        ({"e1": False, "e2": 1}, "True or False"),
        ({"e2": "True"}, "True or False"),
        ({"e1": None}, "turned missing"),
    ],
    ids=repr,
)
def test_the_primary_moves_by_frame(flags, moved):
    """Marking one is enough; none or two are refused."""
    staged = stage()
    frame = staged.to_frame("emails").astype(object)
    if "new" in flags:
        new = {"contactId": ANN, "email": "new@example.com", "primary": flags.pop("new")}
        frame = pd.concat([frame, pd.DataFrame([new])], ignore_index=True)
    for item_id, flag in flags.items():
        frame.loc[frame["itemId"] == item_id, "primary"] = flag
    if isinstance(moved, str):
        assert moved in str(refused(staged, frame, "emails"))
        return
    staged.update(frame, "emails")

    assert moved == ("primary moved" in {row.kind for row in staged.plan().rows})


@pytest.mark.parametrize(
    ("table", "new", "error", "words"),
    [
        ("phones", {"phone": "5", "tag": "PAGER"}, ct.BadValue, "service knows"),
        ("phones", {"phone": "5", "e164Phone": "+5"}, ct.ReadOnlyField, "e164Phone"),
        ("phones", {"phone": 5}, ct.BadValue, "expected text"),
        ("phones", {"phone": "  "}, ct.BadValue, "empty text"),
        ("phones", {"tag": "HOME"}, ct.BadValue, "needs its phone"),
        (
            "phones",
            {"itemId": "p9", "phone": "5", "revision": 7},
            ct.UnknownField,
            "leave itemId empty",
        ),
        (
            "phones",
            {"itemId": "", "phone": "5", "revision": 7},
            ct.UnknownField,
            "leave itemId empty",
        ),
        ("phones", {"contactId": "nobody", "phone": "5"}, ct.UnknownContact, "nobody"),
        ("phones", {"contactId": None, "phone": "5"}, ct.UnknownContact, "None"),
        ("phones", {"contactId": 5, "phone": "5"}, ct.UnknownContact, "'5'"),
        ("phones", {"revision": 1, "phone": "5"}, ct.StaleFrame, "revision 1"),
        ("addresses", {"geocode.latitude": "x"}, ct.BadValue, "expected a number"),
        ("labels", {"key": "nope"}, ct.BadValue, "no label"),
        ("labels", {"key": 5}, ct.BadValue, "expected text"),
        ("labels", {}, ct.BadValue, "needs a label key"),
        ("extendedFields", {"key": "custom.score", "value": "x"}, ct.BadValue, "expected a number"),
        ("extendedFields", {"key": "company", "value": "x"}, ct.UnknownField, "no extended field"),
        ("extendedFields", {"key": 5, "value": "x"}, ct.UnknownField, "no extended field"),
        ("extendedFields", {"key": "custom.score"}, ct.BadValue, "a key and a value"),
        ("extendedFields", {"key": "custom.score", "value": np.inf}, ct.BadValue, "finite"),
    ],
    ids=[str(n) for n in range(20)],
)
def test_a_new_row_that_cannot_be_is_refused(table, new, error, words):
    """By itself, and beside rows that could be."""
    staged = stage()
    frame = pd.DataFrame([{"contactId": ANN, **new}])

    caught = refused(staged, frame, table)

    assert isinstance(caught, error)
    assert words in str(caught)


@pytest.mark.parametrize("table", frames.TABLES)
@pytest.mark.parametrize("column", ["unknown", 5])
def test_an_unknown_column_of_a_table_is_named(table, column):
    """With the columns there are."""
    frame = stage().to_frame(table)
    frame[column] = 1

    assert "it has contactId" in str(refused(stage(), frame, table))


def test_a_table_needs_its_contacts():
    """A frame without contactId says so."""
    assert "contactId" == refused(stage(), pd.DataFrame({"phone": ["5"]}), "phones").field


def test_two_rows_of_one_item_are_refused():
    """Which of them holds cannot be told."""
    staged = stage()
    frame = staged.to_frame("phones")

    assert "stands in 2 rows" in str(refused(staged, pd.concat([frame, frame.iloc[:1]]), "phones"))


def test_the_rows_of_one_contact_are_refused_together():
    """Two primaries among three rows: none of that contact is staged, others are."""
    staged = stage()
    new = pd.DataFrame(
        {
            "contactId": [ANN, ANN, BOB],
            "email": ["1@example.com", "2@example.com", "3@example.com"],
            "primary": True,
        }
    )
    found = staged.update(new, "emails", errors="collect")

    assert ["refused", "refused"] == list(found.loc[found["contactId"] == ANN, "status"])
    assert [BOB] == [each.contact_id for each in staged.plan().changes]


def test_more_than_fifty_items_by_frame_are_refused():
    """Before anything is staged."""
    frame = pd.DataFrame({"contactId": ANN, "phone": [f"555-{n:04}" for n in range(49)]})

    assert "51 items" in str(refused(stage(), frame, "phones"))


def test_an_update_is_one_step():
    """However many contacts it touches."""
    staged = stage()
    staged.update(staged.to_frame().assign(company="All"))

    assert (3, True, 0) == (len(staged), staged.undo(), len(staged))


def test_hostile_contact_ids_are_ids_like_any_other():
    """Whatever an id holds, its row finds it."""
    names = ["../x", "<b>", "'; --", "a\nb", "\u202ex", " ", "#0", "0"]
    staged = stage(*(person(each, emails=[email("1", "a@example.com")]) for each in names))
    staged.update(staged.to_frame().assign(company="X"))
    staged.update(staged.to_frame("emails").assign(tag="WORK"), "emails")

    assert sorted(names) == sorted(each.contact_id for each in staged.plan().changes)
