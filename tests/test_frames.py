"""Frames: what each table shows, and that a frame nobody touched asks for nothing."""

import io

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from people_builder import ANN, BOB, ann, bob, documents, email, person, snapshot

import contacttools as ct
from contacttools.snapshot import frames

TABLES = (None, *frames.TABLES)
fewer = settings(max_examples=settings().max_examples * 2 // 5)  # a frame takes its time

# -- what is shown --------------------------------------------------------------------------


def test_the_wide_frame_has_one_row_per_contact():
    """The index is named id and holds the contact ids in the snapshot's order."""
    frame = snapshot().to_frame()

    assert ("id", ["c-ann", "c-bob", "c-cat"]) == (frame.index.name, frame.index.tolist())


def test_the_wide_frame_has_these_columns_of_these_types():
    """The API's own spelling; UTC timestamps, int64, numbers as numbers, text as str."""
    frame = snapshot().to_frame()

    assert {
        "revision": "int64",
        "name.first": "str",
        "name.last": "str",
        "email": "str",
        "phone": "str",
        "phone.e164": "str",
        "company": "str",
        "jobTitle": "str",
        "birthdate": "str",
        "locale": "str",
        "labelKeys": "object",
        "address.country": "str",
        "address.city": "str",
        "emails.count": "int64",
        "phones.count": "int64",
        "addresses.count": "int64",
        "custom.nickname": "str",
        "custom.odd": "str",
        "custom.score": "float64",
        "custom.since": "str",
        "invoices.vatId": "str",
        "createdDate": "datetime64[us, UTC]",
        "updatedDate": "datetime64[us, UTC]",
        "lastActivity.activityDate": "datetime64[us, UTC]",
        "lastActivity.activityType": "str",
        "source.sourceType": "str",
    } == {name: str(dtype) for name, dtype in frame.dtypes.items()}


def test_the_wide_frame_shows_what_the_contact_holds():
    """Primary e-mail and phone, the first address, labels as a tuple, counts, own fields."""
    row = snapshot().to_frame().loc[ANN]

    assert {
        "revision": 7,
        "name.first": "Ann",
        "email": "ann@example.com",
        "phone": "555-0100",
        "company": "Example Ltd",
        "birthdate": "1990-02-03",
        "labelKeys": ("custom.vip",),
        "address.country": "US",
        "address.city": "Exampleton",
        "emails.count": 2,
        "phones.count": 2,
        "addresses.count": 2,
        "custom.score": 5.0,
        "createdDate": pd.Timestamp("2024-05-06T07:08:09.123Z"),
        "source.sourceType": "ADMIN",
    } == {
        name: row[name]
        for name in row.index
        if name
        in (
            "revision",
            "name.first",
            "email",
            "phone",
            "company",
            "birthdate",
            "labelKeys",
            "address.country",
            "address.city",
            "emails.count",
            "phones.count",
            "addresses.count",
            "custom.score",
            "createdDate",
            "source.sourceType",
        )
    }


def test_missing_is_missing():
    """What a contact lacks is missing in every column that can be, and () or 0 where it counts."""
    row = snapshot().to_frame().loc[BOB]

    assert row[["name.last", "email", "phone", "company", "custom.score"]].isna().all()
    assert ((), 0) == (row["labelKeys"], row["emails.count"])


def test_the_phone_column_shows_the_primary_item_wherever_it_stands():
    """Primary decides, not the place; where none is marked, the first stands for it."""
    marked = person(
        "c-1", emails=[email("1", "a@example.com"), email("2", "b@example.com", primary=True)]
    )
    none = person(
        "c-2", emails=[email("3", "c@example.com", primary=None), email("4", "d@example.com")]
    )

    assert ["b@example.com", "c@example.com"] == snapshot(marked, none).to_frame()["email"].tolist()


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("emails", ["tag", "primary", "email"]),
        ("phones", ["tag", "primary", "countryCode", "phone", "e164Phone"]),
        (
            "addresses",
            [
                "tag",
                "addressLine",
                "streetAddress.number",
                "streetAddress.name",
                "streetAddress.apt",
                "addressLine2",
                "city",
                "subdivision",
                "country",
                "postalCode",
                "geocode.latitude",
                "geocode.longitude",
                "hint",
                "formattedAddress",
            ],
        ),
        ("labels", ["key", "displayName"]),
        ("extendedFields", ["key", "displayName", "value"]),
    ],
)
def test_a_tidy_frame_has_one_row_per_item(table, columns):
    """Contact, item, position, the API's names, and the revision it was laid out at."""
    frame = snapshot().to_frame(table)

    assert ["contactId", "itemId", "position", *columns, "revision"] == list(frame.columns)


def test_the_tidy_frames_show_the_items():
    """Each item with its own id and place; labels and fields go by their keys."""
    contacts = snapshot()
    shown = {
        table: list(
            frame[["itemId", "position", value]]
            .loc[frame["contactId"] == ANN]
            .itertuples(index=False, name=None)
        )
        for table, value in (
            ("emails", "email"),
            ("phones", "phone"),
            ("addresses", "city"),
            ("labels", "displayName"),
            ("extendedFields", "value"),
        )
        for frame in [contacts.to_frame(table)]
    }

    assert {
        "emails": [("e1", 0, "ann@example.com"), ("e2", 1, "a@example.org")],
        "phones": [("p1", 0, "555-0100"), ("p2", 1, "555-0101")],
        "addresses": [("a1", 0, "Exampleton"), ("a2", 1, "Otherton")],
        "labels": [("custom.vip", 0, "VIP")],
        "extendedFields": [
            ("custom.nickname", 0, "Annie"),
            ("custom.score", 1, 5),
            ("custom.since", 2, "2020-01-01"),
            ("invoices.vatId", 3, ""),
        ],
    } == shown


def test_items_without_an_id_of_their_own_are_named_by_place():
    """Missing, empty, odd and repeated ids: every row can still be told from the others."""
    items = [{"email": "a@example.com"}, {"id": "x"}, {"id": "x"}, {"id": 5}, {"id": ""}, "none"]

    frame = snapshot(person(emails=items)).to_frame("emails")

    assert ["#0", "x", "#2", "#3", "#4"] == frame["itemId"].tolist()


def test_an_extended_field_never_hides_a_column_of_ours():
    """A key named like a column is in the tidy table; the column shows the contact's own."""
    odd = person("c-1", company="Ours", extendedFields={"items": {"company": "Theirs", "id": "x"}})
    contacts = snapshot(odd)

    assert "Ours" == contacts.to_frame().loc["c-1", "company"]
    assert ["Theirs", "x"] == contacts.to_frame("extendedFields")["value"].tolist()


def test_numbers_too_large_for_a_float_stay_as_they_are():
    """A column whose numbers a float would change, or cannot hold, keeps Python's integers."""
    big = person("c-1", custom={"custom.score": 2**53 + 1})
    huge = person("c-2", custom={"custom.score": 10**400})

    column = snapshot(big, huge).to_frame()["custom.score"]

    assert [2**53 + 1, 10**400] == column.tolist()


def test_unknown_enumeration_values_are_shown():
    """A tag, source or activity of a newer service is text like any other."""
    odd = person("c-1", source="WIX_NEW", phones=[{"id": "1", "tag": "PAGER", "phone": "5"}])
    contacts = snapshot(odd)

    assert "WIX_NEW" == contacts.to_frame().loc["c-1", "source.sourceType"]
    assert ["PAGER"] == contacts.to_frame("phones")["tag"].tolist()


@pytest.mark.parametrize("table", ["people", "Emails", 5, ["emails"]])
def test_an_unknown_table_is_named(table):
    """The error lists the tables there are."""
    with pytest.raises(ct.UnknownField, match="there are emails, phones"):
        snapshot().to_frame(table)


def test_a_frame_is_the_callers_to_change():
    """What is written into one frame is not in the next."""
    contacts = snapshot()
    frame = contacts.to_frame()
    frame["company"] = "x"

    assert "Example Ltd" == contacts.to_frame().loc[ANN, "company"]


def test_no_contacts_make_empty_frames_of_the_same_types():
    """An empty snapshot has every column, and its frames stage nothing."""
    contacts = ct.Contacts([], site_id="s", fetched_at=snapshot().fetched_at)

    for table in TABLES:
        frame = contacts.to_frame(table)
        assert 0 == len(frame)
        assert "int64" == str(frame["revision"].dtype)
        ct.Stage(contacts).update(frame, table)


# -- untouched frames -----------------------------------------------------------------------


def _reread(frame, table):
    """To CSV and back, with the types a careful analyst names."""
    text = io.StringIO(frame.to_csv())
    kinds = {name: "str" for name in frame if frame[name].dtype == "str"}
    # pandas would read "NA", "nan" and "null" as missing: names are not.
    back = pd.read_csv(
        text,
        index_col=0,
        dtype={**kinds, "id": "str"},
        keep_default_na=False,
        na_values=[""],
    )
    return back if table is None else back.reset_index(drop=True)


def _parquet(frame):
    stored = io.BytesIO()
    frame.to_parquet(stored)
    return pd.read_parquet(io.BytesIO(stored.getvalue()))


ROADS = {
    "as it is": lambda frame, _: frame,
    "copied": lambda frame, _: frame.copy(),
    "shuffled": lambda frame, _: frame.sample(frac=1, random_state=1),
    "columns sorted": lambda frame, _: frame[sorted(frame.columns)],
    "rows left out": lambda frame, _: frame.iloc[1:],
    "sorted": lambda frame, _: frame.sort_values("revision", ascending=False, kind="stable"),
    "index out": lambda frame, table: frame.reset_index(drop=table is not None),
    "index out and in": lambda frame, table: (
        frame.reset_index().set_index("id") if table is None else frame
    ),
    "converted": lambda frame, _: frame.convert_dtypes(),
    "objects": lambda frame, _: frame.astype(object),
    "objects without marks": lambda frame, _: pd.DataFrame(frame.astype(object).to_dict("series")),
    "marks lost": lambda frame, _: pd.concat([frame, frame.iloc[:0].assign()]).pipe(_unmarked),
}
CLEAN_ROADS = {
    "csv": _reread,
    "parquet": lambda frame, _: _parquet(frame),
    "parquet without marks": lambda frame, _: _unmarked(_parquet(frame)),
    "arrow": lambda frame, _: frame.convert_dtypes(dtype_backend="pyarrow"),
    "categories": lambda frame, _: frame.assign(
        **{name: frame[name].astype("category") for name in frame if frame[name].dtype == "str"}
    ),
    "naive times": lambda frame, _: frame.assign(
        **{
            name: frame[name].dt.tz_localize(None)
            for name in frame
            if str(frame[name].dtype).startswith("datetime64")
        }
    ),
    "merged": lambda frame, table: (
        frame.merge(pd.DataFrame(index=frame.index), left_index=True, right_index=True, how="left")
        if table is None
        else frame
    ),
}


def _unmarked(frame):
    frame = frame.copy()
    frame.attrs = {}
    return frame


def _assert_stages_nothing(contacts, table, frame):
    stage = ct.Stage(contacts)
    stage.update(frame, table)
    assert 0 == len(stage)
    found = stage.update(frame, table, errors="collect")
    assert {"unchanged"} >= set(found["status"]), found
    assert (0, False) == (len(stage.plan()), stage.undo())


@pytest.mark.parametrize("table", TABLES, ids=str)
@fewer
@given(found=documents(), road=st.sampled_from(sorted(ROADS)))
def test_an_untouched_frame_stages_nothing(table, road, found):
    """Whatever the service sent, and whichever way the frame went round in memory."""
    contacts = snapshot(*found)

    _assert_stages_nothing(contacts, table, ROADS[road](contacts.to_frame(table), table))


@pytest.mark.parametrize("table", TABLES, ids=str)
@fewer
@given(found=documents(dirty=False), road=st.sampled_from(sorted(CLEAN_ROADS)))
def test_an_untouched_frame_stages_nothing_after_a_file(table, road, found):
    """Through CSV with stated types, Parquet, Arrow, categories and times without a zone."""
    contacts = snapshot(*found)
    frame = contacts.to_frame(table)
    if road == "csv" and table == "extendedFields":
        frame = frame.astype({"value": "str"})

    _assert_stages_nothing(contacts, table, CLEAN_ROADS[road](frame, table))


@pytest.mark.parametrize("table", frames.TABLES)
@fewer
@given(found=documents())
def test_an_untouched_frame_removes_nothing(table, found):
    """A frame that lists every item has no absent rows."""
    stage = ct.Stage(snapshot(*found))

    stage.update(stage.to_frame(table), table, remove_missing=True)

    assert 0 == len(stage)


@pytest.mark.parametrize("table", TABLES, ids=str)
@fewer
@given(found=documents())
def test_an_untouched_frame_of_the_stage_stages_nothing_more(table, found):
    """With edits staged, the stage's own frames ask for nothing new either."""
    stage = ct.Stage(snapshot(*found))
    for contact_id in stage.contacts:
        stage.edit(contact_id, {"jobTitle": "Tester", "custom.nickname": "N"})
        stage.add(contact_id, "addresses", {"city": "Newtown"})
        if table != "emails":
            stage.add(contact_id, "emails", {"email": "new@example.com", "primary": True})
    before = {each: stage.staged(each) for each in stage.contacts}

    stage.update(stage.to_frame(table), table, remove_missing=table is not None)

    assert before == {each: stage.staged(each) for each in stage.contacts}


def test_a_changed_cell_is_found_among_shuffled_rows():
    """The row number is the analyst's own, whatever was left out."""
    stage = ct.Stage(snapshot(ann(), bob()))
    frame = stage.to_frame().iloc[::-1][["company", "revision"]]
    frame.loc[ANN, "company"] = ""

    found = stage.update(frame, errors="collect")

    assert [(0, BOB, "unchanged"), (1, ANN, "refused")] == list(
        found[["row", "contactId", "status"]].itertuples(index=False, name=None)
    )
