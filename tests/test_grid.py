"""The grid without a browser: what it is told and sends, and the stage is looked at."""

import threading
from array import array
from contextlib import suppress

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from people_builder import ANN, BOB, CAT, person, snapshot, stage

import contacttools as ct
from contacttools.widgets.grid import Grid


class Browser:
    """What stands in for the browser: a grid's messages, heard and sent."""

    def __init__(self, shown):
        self.grid, self.heard = shown, []
        shown.send = self.heard.append

    def say(self, kind, **content):
        """Send one message."""
        content = {"type": kind, "edition": self.grid.edition, "number": 1} | content
        self.grid._handle_custom_msg(content, [])

    def type(self, contact_id, column, text, *, item=None, before=...):
        """Type a text into a cell that shows what it holds."""
        held = self.grid._sheet.cell(contact_id, item, column) if before is ... else before
        self.say("edit", cells=[[contact_id, item, column, held, text]])

    def rows(self):
        """Return the numbers of the rows on show."""
        shown = self.grid.shown
        return list(range(self.grid.size)) if shown is None else list(array("i", shown))

    def cells(self, column):
        """Return what a column shows, row by row."""
        return [row["cells"][column] for row in self.grid._sheet.read(self.rows(), [column])]


def opened(staged, *args, **options):
    """Return the browser that shows a grid over a stage."""
    return Browser(ct.grid(staged, *args, **options))


def wrong(shown):
    """Return what was refused: where, what was typed, and why."""
    return [tuple(row) for row in shown.grid.invalid.itertuples(index=False)]


# -- what is shown --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "table", [None, "emails", "phones", "addresses", "labels", "extendedFields"]
)
def test_the_cells_are_those_of_the_frame(table):
    """Row by row, in the same order; what a frame calls missing is None here."""
    staged = stage()
    staged.edit(ANN, {"company": "Other", "email": "new@example.com"})
    frame, shown = staged.to_frame(table), opened(staged, table)
    for head in shown.grid.heads:
        name = head["name"]
        if name == "contact" or head["kind"] == "timestamp":
            continue
        held = [None if each is pd.NA or each != each else each for each in frame[name]]  # noqa: PLR0124
        held = [list(each) if isinstance(each, tuple) else each for each in held]
        assert held == shown.cells(name), name


def test_what_is_staged_shows_what_it_was():
    """By cell; what follows from an edit is not marked as one."""
    staged = stage()
    shown = opened(staged)
    staged.edit(ANN, {"company": "Other"})
    ((message),) = [each for each in shown.heard if each["type"] == "rows"]
    (row,) = message["rows"]
    assert (ANN, {"company": "Example Ltd"}) == (row["id"], row["staged"])
    assert "1 contact staged" == shown.grid.staged
    staged.undo()
    assert {} == shown.heard[-1]["rows"][0]["staged"]


def test_rows_come_as_they_are_asked_for():
    """With ids, the cells of the columns that are missing, and what is staged of them."""
    staged = stage()
    staged.edit(BOB, {"company": "Other"})
    shown = opened(staged)
    shown.say("want", start=1, columns=["company", "no such column"])
    answer = shown.heard[-1]
    assert ("chunk", 1, list(staged.contacts)[1:]) == (
        answer["type"], answer["start"], answer["ids"],
    )  # fmt: skip
    assert list(answer["columns"]) == ["company"]
    assert ["Other"] == [answer["columns"]["company"][answer["ids"].index(BOB)]]
    assert [1] == [row for row, *_ in answer["marked"]]


@pytest.mark.parametrize(
    ("where", "left"),
    [
        (lambda frame: frame["company"] == "Example Ltd", [ANN]),
        (lambda _: [CAT, ANN], [ANN, CAT]),
        (lambda _: BOB, [BOB]),
        (lambda frame: frame["company"] == "nobody", []),
    ],
)
def test_where_says_which_contacts(where, left):
    """By a mask over the frame, or by ids; in the order of the snapshot."""
    staged = stage()
    shown = opened(staged, where=where(staged.to_frame()))
    assert left == [contact_id for contact_id, _ in shown.grid._sheet.rows]


def test_what_makes_no_grid_is_said_in_words():
    """A column, a contact or a table that is not there, and a mask that does not fit."""
    staged = stage()
    with pytest.raises(
        ct.UnknownField, match=r"no column 'compny'; there are revision, name\.first"
    ):
        ct.grid(staged, columns=["compny"])
    with pytest.raises(ct.UnknownContact, match="'nobody'"):
        ct.grid(staged, where=["nobody"])
    with pytest.raises(ct.UnknownField, match="no table"):
        ct.grid(staged, "faxes")
    with pytest.raises(ct.BadValue, match="a mask of True and False"):
        ct.grid(staged, where=staged.to_frame()["company"])
    with pytest.raises(ct.BadValue, match="has 5 rows"):
        ct.grid(staged, "phones", where=pd.Series([True] * 5))
    with pytest.raises(ct.BadValue, match="over a Stage, not a Contacts"):
        ct.grid(staged.contacts)


def test_columns_are_those_asked_for_and_the_rest_is_in_the_menu():
    """In the order given."""
    grid = ct.grid(stage(), columns=["company", "name.first"])
    assert ["company", "name.first"] == [each["name"] for each in grid.heads][:2]
    assert {"company", "name.first"}.isdisjoint(grid.hidden)
    assert len(grid.heads) - 2 == len(grid.hidden)


# -- what is typed --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("company", " Quay & Sons ", " Quay & Sons "), ("company", "", None),
        ("birthdate", " 2001-02-03 ", "2001-02-03"), ("custom.score", "12.5", 12.5),
        ("custom.score", "7", 7), ("labelKeys", "vip; press", ("custom.vip", "custom.press")),
        ("labelKeys", "", None), ("locale", "de-de", "de-de"),
    ],
)  # fmt: skip
def test_a_text_is_taken_as_its_column_means_it(column, text, value):
    """Numbers as numbers, labels by their names, and nothing as nothing."""
    staged = stage()
    opened(staged).type(ANN, column, text)
    assert value == staged.value(ANN, column)


@pytest.mark.parametrize(
    ("column", "text", "why"),
    [
        ("birthdate", "tomorrow", "YYYY-MM-DD"), ("custom.score", "much", "expected a number"),
        ("custom.score", "nan", "expected a number"), ("custom.score", "1_0", "expected a number"),
        ("custom.score", "١٢", "expected a number"),
        ("labelKeys", "VIQ", "there is no label"), ("locale", "??", "language tag"),
        ("revision", "9", "set by the service"),
    ],
)  # fmt: skip
def test_what_is_refused_stays_with_its_reason_and_is_not_staged(column, text, why):
    """Until it is put right, or left as it was."""
    staged = stage()
    shown = opened(staged)
    shown.type(ANN, column, text)
    ((contact_id, item_id, name, typed, told),) = wrong(shown)
    assert (ANN, None, column, text) == (contact_id, item_id, name, typed)
    assert why in told
    assert ANN not in told
    assert {} == staged.edits()
    assert [(0, column, text)] == [(d["row"], d["column"], d["text"]) for d in shown.grid.drafts]
    shown.say("discard", id=ANN, item=None, column=column)
    assert [] == wrong(shown) == shown.grid.drafts


def test_what_is_put_right_is_staged():
    """And its reason is gone."""
    staged = stage()
    shown = opened(staged)
    shown.type(ANN, "birthdate", "tomorrow")
    shown.type(ANN, "birthdate", "2001-02-03")
    assert ([], "2001-02-03") == (wrong(shown), staged.value(ANN, "birthdate"))


def test_a_label_with_a_comma_in_its_name_is_one_label():
    """Where its parts are no labels; of two labels that are listed, both."""
    labels = {"custom.one": "VIP, Gold", "custom.vip": "VIP", "custom.press": "Press"}
    staged = stage(labels=labels)
    shown = opened(staged)
    shown.type(BOB, "labelKeys", "VIP, Gold")
    assert ("custom.one",) == staged.value(BOB, "labelKeys")
    shown.type(BOB, "labelKeys", "VIP, Press")
    assert ("custom.vip", "custom.press") == staged.value(BOB, "labelKeys")


def test_a_grid_and_a_step_do_not_wait_for_each_other():
    """Whoever holds the one lock looks at the other: there is one lock for both."""
    staged = stage()
    shown = opened(staged)
    with staged.step():
        staged.edit(BOB, {"company": "By code"})
        other = threading.Thread(target=staged.edit, args=(ANN, {"company": "Other"}))
        other.start()
        assert shown.grid.invalid.empty
    other.join(30)
    assert not other.is_alive()
    assert staged.lock is shown.grid._lock


def test_a_cell_that_changed_meanwhile_is_not_typed_over():
    """Whoever typed saw another value: theirs stays, and is shown."""
    staged = stage()
    shown = opened(staged)
    staged.edit(ANN, {"company": "By code"})
    shown.type(ANN, "company", "By hand", before="Example Ltd")
    assert ("By code", 1) == (staged.value(ANN, "company"), len(wrong(shown)))
    assert "changed meanwhile" in wrong(shown)[0][-1]


def test_what_speaks_of_another_snapshot_is_not_heard():
    """Rows have other numbers there; it is answered, so that nobody waits."""
    staged = stage()
    shown = opened(staged)
    shown.say("edit", edition=7, cells=[[ANN, None, "company", "Example Ltd", "Late"]])
    assert ({}, "done") == (staged.edits(), shown.heard[-1]["type"])


def test_what_is_no_edit_is_answered_and_changes_nothing():
    """A column that is not there, a contact that is not shown; nobody waits for ever."""
    staged = stage()
    shown = opened(staged, where=[ANN])
    shown.say("edit", cells=[[ANN, None, "nothing", None, "x"]])
    assert "done" == shown.heard[-1]["type"]
    shown.say("edit", cells=[[BOB, None, "company", None, "x"]])
    assert ({}, "it is not in this table") == (staged.edits(), wrong(shown)[0][-1])


def test_a_paste_is_one_step_and_what_is_wrong_in_it_stays_out():
    """Of a row with one bad cell the good ones are staged; one undo takes all of it back."""
    staged = stage()
    shown = opened(staged)
    cells = [
        [each, None, column, shown.grid._sheet.cell(each, None, column), text]
        for each, company, born in ((ANN, "One", "2001-01-01"), (BOB, "Two", "never"))
        for column, text in (("company", company), ("birthdate", born), ("jobTitle", "Buyer"))
    ]
    shown.say("edit", cells=cells)
    assert {
        ANN: {"company": "One", "birthdate": "2001-01-01", "jobTitle": "Buyer"},
        BOB: {"company": "Two", "jobTitle": "Buyer"},
    } == staged.edits()
    assert [(BOB, "birthdate", "never")] == [(row[0], *row[2:4]) for row in wrong(shown)]
    shown.say("undo")
    assert {} == staged.edits()
    shown.say("redo")
    assert {ANN, BOB} == set(staged.edits())


# -- items ----------------------------------------------------------------------------------


def test_items_are_added_edited_and_removed():
    """A new one comes after the others of its contact; one that is to go stays in sight, marked."""
    staged = stage()
    shown = opened(staged, "phones")
    first = shown.grid._sheet.rows[0]
    shown.say("add", id=first[0], text="555-0199")
    rows = [shown.grid._sheet.rows[number] for number in shown.rows()]
    mine = [item for contact_id, item in rows if contact_id == first[0]]
    assert mine[-1].startswith("new-")
    assert rows[: len(mine)] == [(first[0], item) for item in mine]
    shown.type(first[0], "tag", "work", item=mine[-1])
    shown.type(first[0], "primary", "yes", item=mine[-1])
    added = staged.value(first[0], "phones")[-1]
    assert ("555-0199", "WORK", True) == (added["phone"], added["tag"], added["primary"])
    shown.say("remove", rows=[[first[0], first[1]]])
    assert first[1] not in [item["id"] for item in staged.value(first[0], "phones")]
    (row,) = shown.grid._sheet.read([0], ["phone"])
    assert "removed" == row["flag"]
    assert row["cells"]["phone"]


def test_a_new_item_goes_and_comes_back_with_undo_and_redo():
    """In its place."""
    staged = stage()
    shown = opened(staged, "phones")
    before = shown.rows()
    shown.say("add", id=ANN, text="555-0199")
    after = shown.rows()
    shown.say("undo")
    assert before == shown.rows()
    shown.say("redo")
    assert after == shown.rows()
    assert len(before) + 1 == len(after)


def test_an_item_that_cannot_be_added_is_told():
    """With what was typed."""
    staged = stage()
    shown = opened(staged, "labels")
    shown.say("add", id=ANN, text="Nonsense")
    assert "no label 'Nonsense'" in wrong(shown)[0][-1]
    shown.say("add", id=ANN, text="Press")
    assert ([], True) == (wrong(shown), "custom.press" in staged.value(ANN, "labelKeys"))


# -- which rows -----------------------------------------------------------------------------


def test_rows_are_searched_filtered_and_sorted():
    """Each word anywhere, accents and capitals aside; what is empty comes last either way."""
    people = [("Zoé", "Quay"), ("adam", None), ("Bea", "quay & Sons"), ("Çelik", "Other")]
    staged = stage(*(named(n, *each) for n, each in enumerate(people)))
    shown = opened(staged)
    names = lambda: shown.cells("name.first")  # noqa: E731
    shown.grid.search = "ZOE quay"
    assert ["Zoé"] == names()
    shown.grid.search = ""
    shown.grid.sort = [["name.first", "asc"]]
    assert ["adam", "Bea", "Çelik", "Zoé"] == names()
    shown.grid.sort = [["company", "desc"]]
    assert ["Bea", "Zoé", "Çelik", "adam"] == names()
    shown.grid.sort = []
    for asked, left in {
        "quay": ["Zoé", "Bea"], "=quay": ["Zoé"], "!quay": ["adam", "Çelik"], "=": ["adam"],
        "!=": ["Zoé", "Bea", "Çelik"],
    }.items():  # fmt: skip
        shown.grid.filters = {"company": asked}
        assert left == names(), asked
    shown.grid.filters = {}
    staged.edit("c-2", {"jobTitle": "Buyer"})
    shown.grid.only_staged = True
    assert ["Bea"] == names()
    shown.grid.only_staged = False
    assert shown.grid.shown is None


def named(n, first, company):
    """Return a contact with a name, and perhaps a company."""
    return person(f"c-{n}", name={"first": first}, **({"company": company} if company else {}))


def test_what_is_edited_stays_where_it_is():
    """A row does not jump away while somebody works in it: rows move when they are sorted."""
    staged = stage()
    shown = opened(staged)
    shown.grid.sort = [["name.first", "desc"]]
    before = shown.rows()
    staged.edit(ANN, {"name.first": "Zzz"})
    assert before == shown.rows()


def test_a_new_snapshot_is_shown_as_it_is():
    """What was typed on the old one and refused is let go; the edits stay."""
    staged = stage()
    shown = opened(staged, where=[ANN])
    shown.type(ANN, "birthdate", "never")
    shown.type(ANN, "company", "Other")
    newer = snapshot(
        *(
            dict(each, revision=each["revision"] + 1)
            for each in staged.contacts.documents().values()
        )
    )
    staged.rebase(newer)
    assert (1, [], [ANN]) == (
        shown.grid.edition, shown.grid.drafts, [each for each, _ in shown.grid._sheet.rows],
    )  # fmt: skip
    shown.type(ANN, "jobTitle", "Buyer")
    assert {"company": "Other", "jobTitle": "Buyer"} == staged.edits()[ANN]


def test_a_closed_grid_follows_no_more():
    """The stage lets go of it."""
    staged = stage()
    shown = opened(staged)
    shown.grid.close()
    staged.edit(ANN, {"company": "Other"})
    assert [] == [each for each in shown.heard if each["type"] == "rows"]


# -- a second pen on the same paper ---------------------------------------------------------

GESTURES = st.lists(
    st.one_of(
        st.tuples(
            st.just("company"),
            st.sampled_from([ANN, BOB, CAT]),
            st.sampled_from(["A", "B", "", " "]),
        ),
        st.tuples(
            st.just("birthdate"),
            st.sampled_from([ANN, BOB, CAT]),
            st.sampled_from(["2001-02-03", "x", ""]),
        ),
        st.tuples(
            st.just("email"),
            st.sampled_from([ANN, BOB, CAT]),
            st.sampled_from(["n@example.com", ""]),
        ),
        st.tuples(
            st.just("labelKeys"),
            st.sampled_from([ANN, BOB, CAT]),
            st.sampled_from(["vip", "press,VIP", "?", ""]),
        ),
        st.tuples(st.sampled_from(["undo", "redo"]), st.none(), st.none()),
    ),
    max_size=12,
)
MEANT = {
    "": None,
    " ": None,
    "vip": ("custom.vip",),
    "press,VIP": ("custom.press", "custom.vip"),
    "?": ("?",),
}


@given(GESTURES)
def test_gestures_leave_what_the_same_edits_typed_as_code_would(made):
    """Whatever is done by hand, in whatever order."""
    by_hand, by_code = stage(), stage()
    shown = opened(by_hand)
    for name, contact_id, text in made:
        if contact_id is None:
            shown.say(name)
            getattr(by_code, name)()
            continue
        shown.type(contact_id, name, text)
        with suppress(ct.StagingError):
            by_code.edit(contact_id, {name: MEANT.get(text, text)})
        assert by_code.edits() == by_hand.edits()
    assert by_code.edits() == by_hand.edits()
    assert isinstance(shown.grid, Grid)
