"""Reading a site over real HTTP: pages, filters, definitions, and what is said of a part."""

import httpx
import pandas as pd
import pytest
from served import site_at, site_of

from contacttools import sandbox
from contacttools.errors import ApiError, AuthError, BadValue


@pytest.fixture
def server():
    """A small sandbox, for faults."""
    with sandbox.start(people=10, seed=1) as opened:
        yield opened


@pytest.fixture
def site(server):
    """A site of it whose clock never makes anybody wait."""
    with site_at(server) as opened:
        yield opened


@pytest.fixture(scope="module")
def library():
    """A site of more than one page, which tests only read."""
    with sandbox.start(people=2300, seed=2) as server, site_at(server) as opened:
        yield opened


def test_a_fetch_of_several_pages_holds_everybody_once(library):
    """Every contact, oldest first, and the snapshot is whole."""
    contacts = library.fetch()
    assert (2300, None, library.site_id) == (len(contacts), contacts.partial, contacts.site_id)
    assert 2300 == library.count() == len(set(contacts))
    dates = [contacts.document(each)["createdDate"] for each in contacts]
    assert dates == sorted(dates)


@pytest.mark.parametrize("limit", [1, 999, 1000, 1001, 2300, 5000])
def test_a_limit_is_the_most_there_is(library, limit):
    """At most so many, the oldest; the snapshot says that it is not the whole site."""
    contacts = library.fetch(limit=limit)
    assert min(limit, 2300) == len(contacts)
    assert (f"{limit:,} of 2,300" if limit < 2300 else None) == contacts.partial


def test_a_limit_of_nothing_is_not_the_whole_site(library):
    """No contacts asked for is no claim that there are none."""
    contacts = library.fetch(limit=0)
    assert (0, "at most 0") == (len(contacts), contacts.partial)


@pytest.mark.parametrize("limit", [-1, 2.5, "5", True], ids=str)
def test_an_impossible_limit(library, limit):
    """A limit is a whole number."""
    with pytest.raises(BadValue, match="limit"):
        library.fetch(limit=limit)


def test_filters_take_column_names(library):
    """Keys of a filter are column names or the service's paths, at any depth."""
    frame = library.fetch().to_frame()
    company = frame.company.dropna().value_counts().index[0]
    by_name = library.fetch({"company": company})
    assert set(frame.index[frame.company == company]) == set(by_name)
    assert set(by_name) == set(library.fetch({"info.company": company}))
    assert by_name.partial == f"{len(by_name):,} that match a filter"
    nested = {"$and": [{"company": company}, {"$not": {"email": {"$exists": False}}}]}
    expected = frame.index[(frame.company == company) & frame.email.notna()]
    assert set(expected) == set(library.fetch(nested))
    assert len(expected) == library.count(nested)


def test_nobody_matches(library):
    """An empty result is an empty snapshot, with its columns."""
    contacts = library.fetch({"company": "No Such Company Anywhere"})
    assert (0, 0) == (len(contacts), library.count({"company": "No Such Company Anywhere"}))
    assert (0, True) == (len(contacts.to_frame()), "company" in contacts.to_frame().columns)


@pytest.mark.parametrize(
    ("sort", "reverse"),
    [
        ("-createdDate", True),
        ("createdDate", False),
        ([{"fieldName": "createdDate", "order": "DESC"}], True),
    ],
    ids=["minus", "plain", "the service's own"],
)
def test_sorting_has_two_spellings(library, sort, reverse):
    """A column name with or without minus, or the service's own list."""
    contacts = library.query_contacts(sort=sort, limit=30)
    dates = [contacts.document(each)["createdDate"] for each in contacts]
    assert dates == sorted(dates, reverse=reverse)


@pytest.mark.parametrize(
    "filter_",
    [{"company": {"$sounds": "x"}}, {"nope": 1}, {"$nope": []}, {"createdDate": {"$gt": "x"}}],
    ids=["operator", "field", "logic", "value"],
)
def test_a_filter_the_service_refuses(library, filter_):
    """It is an ApiError in the service's words, with an example of how a filter looks."""
    with pytest.raises(ApiError, match="a filter is a dict by column name") as caught:
        library.fetch(filter_)
    assert caught.value.status == 400


@pytest.mark.parametrize("key", [5, None, ("company",)], ids=repr)
def test_a_key_of_a_filter_that_is_no_name(library, key):
    """It goes to the service, or is refused, in words; never as an error of ours."""
    with pytest.raises((ApiError, BadValue)):
        library.fetch({key: "x"})


@pytest.mark.parametrize("sort", [5, None, [5], {"fieldName": "company"}], ids=repr)
def test_an_impossible_sort(library, sort):
    """The error shows what a sort is."""
    with pytest.raises(BadValue, match="sort is a column name such as"):
        library.query_contacts(sort=sort)


def test_what_is_no_contact_is_told_in_words(library):
    """An answer of another kind is not believed."""
    with pytest.raises(ApiError, match=r"makes no sense: contact: there is none"):
        library.get_contact("facets")


def test_an_unknown_contact(library):
    """A contact that is not there is an ApiError that thinks of members' ids."""
    with pytest.raises(ApiError, match="member's id") as caught:
        library.get_contact("00000000-0000-4000-8000-000000000000")
    assert (404, "CONTACT_NOT_FOUND") == (caught.value.status, caught.value.code)


@pytest.mark.parametrize("contact_id", ["", "  ", None, 5])
def test_an_id_that_is_none(library, contact_id):
    """What cannot be an id is a BadValue before any request."""
    with pytest.raises(BadValue):
        library.get_contact(contact_id)


def test_a_merged_contact_is_not_passed_off_as_the_one_asked_for():
    """The service answers with the target; we say so, with its id."""
    answer = {"contact": {"id": "target", "revision": 9}, "responseType": "MERGED"}
    site = site_of(lambda _: httpx.Response(200, json=answer))
    with pytest.raises(ApiError, match="merged into target") as caught:
        site.get_contact("source")
    assert ("MERGED", {"contactId": "target"}) == (caught.value.code, caught.value.data)


@pytest.mark.parametrize("status", [403, 404, 501])
def test_definitions_that_may_not_be_seen_are_done_without(server, site, status):
    """Without the right to list labels or fields, contacts are still read."""
    for path in ("/labels", "/extended-fields"):
        server.faults.add("status", path=path, status=status)
    contacts = site.fetch(limit=5)
    assert (5, None, None) == (
        len(contacts), contacts.definitions.labels, contacts.definitions.extended,
    )  # fmt: skip
    assert len(contacts.to_frame("labels").columns) > 3


@pytest.mark.parametrize(
    "body", [b"{}", b'{"labels": 5, "fields": 5}', b'{"labels": [5, {}, {"key": 7}]}'], ids=str
)
def test_definitions_of_an_odd_shape_are_passed_over(server, site, body):
    """A list that is none, or holds what is no definition, defines nothing."""
    server.faults.add("status", path="/labels", status=200, body=body)
    assert {} == site.fetch(limit=1).definitions.labels


def page(documents, total=None):
    """Return a handler that answers every query with the same page, and no definitions."""

    def handler(request):
        if request.method == "GET":
            return httpx.Response(403)
        metadata = {} if total is None else {"pagingMetadata": {"total": total}}
        return httpx.Response(200, json={"contacts": documents} | metadata)

    return handler


def test_a_service_that_repeats_its_pages_is_left():
    """The same full page again and again has no end: the reading ends all the same."""
    documents = [{"id": f"c{n}", "revision": 1} for n in range(1000)]
    assert 1000 == len(site_of(page(documents)).fetch())
    assert 1000 == site_of(page(documents)).count()
    odd = site_of(page(documents, total=1500)).fetch()
    assert (1000, "1,000 of 1,500, it changed while being read") == (len(odd), odd.partial)


def test_without_a_total_a_limit_still_marks_a_part():
    """Where the service does not count, a full limit may not be the whole site."""
    documents = [{"id": f"c{n}", "revision": 1} for n in range(7)]
    assert "at most 7" == site_of(page(documents)).fetch(limit=7).partial
    assert site_of(page(documents)).fetch(limit=8).partial is None


# -- definitions ----------------------------------------------------------------------------

LABEL = {
    "key": "custom.vip", "displayName": "VIP", "labelType": "USER_DEFINED", "namespace": "custom",
    "namespaceDisplayName": "Labels", "createdDate": "2024-03-05T10:00:00Z",
    "updatedDate": "2024-03-05T10:00:01.5Z",
}  # fmt: skip
FIELD = {
    "key": "custom.size", "displayName": "Size", "dataType": "NUMBER", "fieldType": "USER_DEFINED",
    "namespace": "custom", "createdDate": "2024-03-05T10:00:00Z",
}  # fmt: skip


def listing(member, definitions):
    """Return a handler that lists these definitions."""
    return lambda _: httpx.Response(200, json={member: definitions})


def test_labels_are_a_frame():
    """One row per label, in the service's own names, dates as UTC timestamps."""
    frame = site_of(listing("labels", [LABEL, {"key": "a.b"}])).labels()
    assert [
        "key", "displayName", "labelType", "namespace", "createdDate", "updatedDate",
    ] == list(frame.columns)  # fmt: skip
    assert ["str"] * 4 + ["datetime64[us, UTC]"] * 2 == [str(each) for each in frame.dtypes]
    assert ["custom.vip", "VIP", "USER_DEFINED", "custom"] == list(frame.iloc[0, :4])
    assert pd.Timestamp("2024-03-05T10:00:01.5Z") == frame.updatedDate[0]
    assert frame.iloc[1, 1:].isna().all()


def test_extended_fields_are_a_frame():
    """As labels, with the type of the data."""
    frame = site_of(listing("fields", [FIELD])).extended_fields()
    assert [
        "key", "displayName", "dataType", "fieldType", "namespace", "createdDate", "updatedDate",
    ] == list(frame.columns)  # fmt: skip
    assert ["custom.size", "Size", "NUMBER", "USER_DEFINED"] == list(frame.iloc[0, :4])


@pytest.mark.parametrize("ask", ["labels", "extended_fields"])
def test_no_definitions_are_a_frame_too(ask):
    """Empty, with its columns; values of a newer service and odd types do not break it."""
    member = {"labels": "labels", "extended_fields": "fields"}[ask]
    frame = getattr(site_of(listing(member, [])), ask)()
    assert (0, "key", "datetime64[us, UTC]") == (
        len(frame), frame.columns[0], str(frame.updatedDate.dtype),
    )  # fmt: skip
    odd = [{"key": "k", "displayName": 5, "labelType": "NEW_TYPE", "dataType": "EMOJI",
            "createdDate": "yesterday", "more": {}}]  # fmt: skip
    frame = getattr(site_of(listing(member, odd)), ask)()
    assert frame.displayName.isna().all()
    assert frame.createdDate.isna().all()
    assert {"NEW_TYPE", "EMOJI"} & set(frame.iloc[0])


@pytest.mark.parametrize(
    ("ask", "right"),
    [("labels", "Manage Contact Labels"), ("extended_fields", "Manage Contact Extended Fields")],
)
def test_definitions_asked_for_without_the_right(ask, right):
    """Whoever asks for them by name is told which right is missing."""
    site = site_of(lambda _: httpx.Response(403))
    with pytest.raises(AuthError, match=right):
        getattr(site, ask)()


def test_many_definitions_are_read_page_by_page(site):
    """All labels and fields of the sandbox, each once."""
    info = site.info()
    assert (info["labels"], info["extended_fields"]) == (
        site.labels()["key"].nunique(), site.extended_fields()["key"].nunique(),
    )  # fmt: skip
