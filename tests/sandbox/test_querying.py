"""Query Contacts: the filter language, search, sort, paging, and its eight codes."""

from __future__ import annotations

import json

import pytest
from sandbox.answers import ANN, BOB, MEG, code, violations

from contacttools.sandbox import Settings

NAMES = {ANN: "A", BOB: "B", MEG: "M"}


def query(client, **members):
    """Send a query."""
    return client.post("/contacts/query", json={"query": members})


def found(client, **members):
    """Give the initials of who is found, in order."""
    answer = query(client, **members)
    assert 200 == answer.status_code, answer.text
    return "".join(NAMES[one["id"]] for one in answer.json()["contacts"])


def custom(key):
    """Give the name of a custom field in filters."""
    return f"info.extendedFields.custom.{key}"


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ({}, "ABM"),
        ({"id": ANN}, "A"),
        ({"id": {"$eq": "unknown"}}, ""),
        ({"id": {"$ne": ANN}}, "BM"),
        ({"id": {"$in": [MEG, ANN, ANN]}}, "AM"),
        ({"id": {"$in": []}}, ""),
        ({"id": {"$exists": True}}, "ABM"),
        ({"createdDate": "2022-03-01T10:00:00.000Z"}, "B"),
        ({"createdDate": {"$gt": "2022-03-01T10:00:00Z"}}, "M"),
        ({"createdDate": {"$gte": "2022-03-01T11:00:00+01:00"}}, "BM"),
        ({"createdDate": {"$lt": "2022-03-01T10:00:00.000Z"}}, "A"),
        ({"createdDate": {"$lte": "2022-03-01T10:00:00.000Z"}}, "AB"),
        ({"createdDate": {"$gt": "2021-06-01", "$lt": "2022-06-01"}}, "B"),
        ({"updatedDate": {"$ne": "2022-03-01T10:00:00.000Z"}}, "M"),
        ({"lastActivity.activityDate": {"$lt": "2021-03-02T10:00:00.001Z"}}, "A"),
        ({"primaryInfo.email": "ann@example.com"}, "A"),
        ({"primaryInfo.email": {"$startsWith": "ANN@"}}, "A"),
        ({"primaryInfo.phone": {"$exists": False}}, "M"),
        ({"info.name.first": {"$in": ["Ann", "Meg"]}}, "AM"),
        ({"info.name.first": "ann"}, ""),
        ({"info.name.first": {"$begins": "an"}}, "A"),
        ({"info.name.last": {"$exists": False}}, "M"),
        ({"info.name.last": {"$ne": "Ashgrovely"}}, "BM"),
        ({"info.emails.email": "meg2@example.net"}, "M"),
        ({"info.emails.email": {"$ne": "Ann.Work@example.org"}}, "BM"),
        ({"info.phones.phone": {"$startsWith": "020"}}, "B"),
        ({"info.phones.e164Phone": "+12125550101"}, "A"),
        ({"info.addresses.street": {"$startsWith": "1 elm"}}, "A"),
        ({"info.addresses.city": "Springfield"}, "A"),
        ({"info.addresses.subdivision": "US-IL"}, "A"),
        ({"info.addresses.country": {"$exists": True}}, "A"),
        ({"info.company": {"$exists": True}}, "A"),
        ({"info.jobTitle": {"$in": ["Buyer"]}}, "A"),
        ({"info.birthdate": {"$gte": "1980-04-25", "$lte": "1980-04-25"}}, "A"),
        ({"info.birthdate": {"$ne": "1980-04-25"}}, "BM"),
        ({"info.locale": "en-us"}, "A"),
        ({"info.labelKeys": {"$hasSome": ["custom.press", "custom.none"]}}, "B"),
        ({"info.labelKeys": {"$hasAll": ["custom.press", "custom.vip"]}}, "B"),
        ({"info.locations": {"$hasSome": ["x"]}}, ""),
        ({"info.extendedFields.members.membershipStatus": "APPROVED"}, "M"),
        ({"info.extendedFields.members.membershipStatus": {"$nin": ["APPROVED"]}}, "AB"),
        ({"info.extendedFields.emailSubscriptions.subscriptionStatus": "SUBSCRIBED"}, "A"),
        (
            {"info.extendedFields.emailSubscriptions.deliverabilityStatus": {"$in": ["NOT_SET"]}},
            "ABM",
        ),
        ({"info.extendedFields.emailSubscriptions.effectiveEmail": {"$exists": True}}, "ABM"),
        ({custom("nickname"): {"$startsWith": "an"}}, "A"),
        ({custom("nickname"): {"$in": ["Annie"]}}, "A"),
        ({custom("customer-number"): {"$gt": 17}}, "B"),
        ({custom("customer-number"): {"$lte": 17.5}}, "A"),
        ({custom("last-contacted"): {"$lt": "2023-06-01"}}, "A"),
        ({custom("website"): "https://ann.example"}, "A"),
        ({"info.name.first": "Ann", "info.company": "Larkfield"}, "A"),
        ({"$and": [{"info.name.first": "Ann"}, {"info.name.first": "Bob"}]}, ""),
        (
            {
                "$and": [
                    {"id": {"$in": [ANN, BOB]}},
                    {"info.labelKeys": {"$hasSome": ["custom.press"]}},
                ]
            },
            "B",
        ),
        ({"$or": [{"id": ANN}, {"info.name.first": "Bob"}]}, "AB"),
        ({"$not": {"info.name.first": "Ann"}}, "BM"),
        ({"$not": {"$or": [{"id": ANN}, {"id": MEG}]}}, "B"),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else None,
)
def test_filter(still, clause, expected):
    """Each field and operator of the documented table finds whom it should."""
    assert expected == found(still, filter=clause)


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ([], "MALFORMED_FILTER"),
        ("id", "MALFORMED_FILTER"),
        ({"$and": {"id": "x"}}, "MALFORMED_FILTER"),
        ({"$or": []}, "MALFORMED_FILTER"),
        ({"$or": ["x"]}, "MALFORMED_FILTER"),
        ({"$not": [{"id": "x"}]}, "MALFORMED_FILTER"),
        ({"$nor": [{"id": "x"}]}, "MALFORMED_FILTER"),
        ({"id": {}}, "MALFORMED_FILTER"),
        ({"id": {"eq": "x"}}, "MALFORMED_FILTER"),
        ({"$not": {"info.labelKeys": {"$hasSome": ["a"]}}}, "UNSUPPORTED_FILTER"),
        ({"info.nonsense": "x"}, "UNSUPPORTED_FILTER_FIELD_UNKNOWN"),
        ({"info.extendedFields.custom.nonsense": "x"}, "UNSUPPORTED_FILTER_FIELD_UNKNOWN"),
        ({"info.emails.items.email": "x"}, "UNSUPPORTED_FILTER_FIELD_UNKNOWN"),
        ({"id": {"$startsWith": "x"}}, "UNSUPPORTED_FILTER_OPERATOR"),
        ({"info.labelKeys": "custom.vip"}, "UNSUPPORTED_FILTER_OPERATOR"),
        ({"info.birthdate": {"$exists": True}}, "UNSUPPORTED_FILTER_OPERATOR"),
        ({"info.name.first": {"$contains": "x"}}, "UNSUPPORTED_FILTER_OPERATOR"),
        ({custom("nickname"): {"$exists": True}}, "UNSUPPORTED_FILTER_OPERATOR"),
        ({"id": 5}, "UNSUPPORTED_FILTER_VALUE_TYPE"),
        ({"id": None}, "UNSUPPORTED_FILTER_VALUE_TYPE"),
        ({"id": {"$in": "x"}}, "UNSUPPORTED_FILTER_VALUE_TYPE"),
        ({"id": {"$in": [["x"]]}}, "UNSUPPORTED_FILTER_VALUE_TYPE"),
        ({"id": {"$exists": "yes"}}, "UNSUPPORTED_FILTER_VALUE_TYPE"),
        ({custom("customer-number"): "17"}, "UNSUPPORTED_FILTER_VALUE_TYPE"),
        ({custom("customer-number"): True}, "UNSUPPORTED_FILTER_VALUE_TYPE"),
        ({"createdDate": 5}, "UNSUPPORTED_FILTER_VALUE_TYPE"),
        ({"createdDate": "yesterday"}, "UNSUPPORTED_FILTER_VALUE"),
        ({"createdDate": "0001-01-01T00:00:00+10:00"}, "UNSUPPORTED_FILTER_VALUE"),
        ({"info.birthdate": {"$gt": "1980-02-30"}}, "UNSUPPORTED_FILTER_VALUE"),
        ({"info.extendedFields.members.membershipStatus": "GONE"}, "UNSUPPORTED_FILTER_VALUE"),
    ],
    ids=json.dumps,
)
def test_filter_codes(still, clause, expected):
    """Each way to get a filter wrong has its code."""
    assert (400, expected) == code(query(still, filter=clause))


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("createdDate", "ABM"),
        ("lastActivity.activityDate", "ABM"),
        ("primaryInfo.email", "ABM"),
        ("info.name.first", "ABM"),
        ("info.name.last", "MAB"),
        ("info.company", "BMA"),
        ("info.birthdate", "BMA"),
        ("info.extendedFields.emailSubscriptions.effectiveEmail", "ABM"),
        (custom("customer-number"), "MAB"),
        (custom("nickname"), "BMA"),
    ],
)
def test_sort(still, field, expected):
    """Sorting puts contacts without a value first; descending is the reverse."""
    assert expected == found(still, sort=[{"fieldName": field}])
    assert expected == found(still, sort={"fieldName": field, "order": "ASC"})
    assert expected[::-1] == found(still, sort=[{"fieldName": field, "order": "DESC"}])


@pytest.mark.parametrize("field", ["id", "updatedDate", "info.emails.email", "nonsense"])
def test_sort_code(still, field):
    """Fields that cannot be sorted by have a code."""
    assert (400, "UNSUPPORTED_SORT_FIELD") == code(query(still, sort=[{"fieldName": field}]))


@pytest.mark.parametrize(
    ("sort", "field", "rule"),
    [
        ([{"fieldName": "createdDate"}] * 2, "query.sort", "MAX_SIZE"),
        (["createdDate"], "query.sort", "TYPE"),
        ([{}], "query.sort.fieldName", "TYPE"),
        ([{"fieldName": "createdDate", "order": "UP"}], "query.sort.order", "ENUM"),
    ],
)
def test_sort_violations(still, sort, field, rule):
    """A sort of wrong shape is a validation error; so are two."""
    assert [(field, rule)] == violations(query(still, sort=sort))


def test_default_order(still, sandbox):
    """Without a sort the oldest comes first, or the youngest by setting."""
    assert "ABM" == found(still)
    assert "MBA" == found(sandbox(Settings(default_order="DESC")))


@pytest.mark.parametrize("clause", [{}, {"id": {"$exists": True}}], ids=["all", "filtered"])
def test_paging(still, clause):
    """Limit and offset cut a page; the total stays."""
    page = query(still, filter=clause, paging={"limit": 2, "offset": 2}).json()

    assert [MEG] == [one["id"] for one in page["contacts"]]
    assert {"count": 1, "offset": 2, "total": 3, "tooManyToCount": False} == page["pagingMetadata"]
    assert [] == query(still, filter=clause, paging={"limit": 0}).json()["contacts"]
    assert [] == query(still, filter=clause, paging={"offset": 99}).json()["contacts"]


def test_default_limit(crowd):
    """Without paging a page has 50 contacts; 1,000 is the most."""
    assert 50 == len(query(crowd).json()["contacts"])
    assert 120 == len(query(crowd, paging={"limit": 1000}).json()["contacts"])
    assert (400, "ILLEGAL_LIMIT") == code(query(crowd, paging={"limit": 1001}))
    assert (400, "ILLEGAL_LIMIT") == code(query(crowd, paging={"limit": -1}))


@pytest.mark.parametrize(
    "paging",
    [{"limit": "5"}, {"limit": 5.5}, {"limit": True}, {"offset": -1}, {"offset": 2**70}, []],
)
def test_paging_violations(still, paging):
    """Paging of wrong types is a validation error."""
    assert violations(query(still, paging=paging))


def test_filtered_pages_join(crowd):
    """The pages of a filtered, sorted query joined are the whole, each contact once."""
    asked = {
        "filter": {"info.emails.email": {"$exists": True}},
        "sort": {"fieldName": "info.name.last"},
    }
    whole = query(crowd, **asked, paging={"limit": 1000}).json()["contacts"]
    parts = [
        query(crowd, **asked, paging={"limit": 20, "offset": offset}).json()["contacts"]
        for offset in range(0, 120, 20)
    ]

    assert whole == [one for part in parts for one in part]


def test_reads_its_writes(client):
    """A query sees a write at once, also one that was asked before."""
    wanted = {"info.company": "Northwindel"}
    assert "" == found(client, filter=wanted)
    client.patch(f"/contacts/{BOB}", json={"info": {"company": "Northwindel"}, "revision": 1})

    assert "B" == found(client, filter=wanted)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ann", "A"),
        ("ann", ""),
        ("Bramwickson", "B"),
        ("meg2@example.net", "M"),
        ("+12125550101", "A"),
        ("020 7946 0001", "B"),
        ("Larkfield", ""),
        ("", "ABM"),
    ],
)
def test_search(still, text, expected):
    """A search matches names, e-mails and phones as a whole."""
    answer = still.post("/contacts/query", json={"search": text, "query": {}})

    assert expected == "".join(NAMES[one["id"]] for one in answer.json()["contacts"])


def test_search_violations(still):
    """A search of more than 100 characters, or none, is a validation error."""
    for text in ("x" * 101, 5):
        assert violations(still.post("/contacts/query", json={"search": text}))


def test_projection(still):
    """A query cuts contacts down as Get does; unknown names are refused."""
    contact = query(still, fields=["info.name"], fieldsets=[]).json()["contacts"][0]

    assert {"id", "revision", "info"} == set(contact)
    assert {"name"} == set(contact["info"])
    assert violations(query(still, fields=["name"]))
    assert violations(query(still, fields="info.name"))
    assert violations(query(still, fieldsets=["BASIC"] * 11))


def test_empty_bodies(still):
    """An empty query, an empty body and none at all ask for everything."""
    for content in (b"", b"{}", b'{"query": {}}', b'{"query": null}'):
        answer = still.post("/contacts/query", content=content)
        assert 3 == answer.json()["pagingMetadata"]["total"]


def test_query_is_an_object(still):
    """A query of another type is a validation error."""
    assert [("query", "TYPE")] == violations(still.post("/contacts/query", json={"query": []}))
