"""List and Query Facets: how the contact list divides, and the filter of each part."""

from __future__ import annotations

import pytest
from sandbox.answers import ANN, code, refused, violations

SUBSCRIPTION = "info.extendedFields.emailSubscriptions.subscriptionStatus"
DELIVERABILITY = "info.extendedFields.emailSubscriptions.deliverabilityStatus"
EFFECTIVE = "info.extendedFields.emailSubscriptions.effectiveEmail"


def facets(client, **body):
    """Give the facets of a query by type and key."""
    answer = client.post("/contacts/facets/query", json=body)
    assert 200 == answer.status_code, answer.text
    return {(one["facetType"], one["facetKey"]): one for one in answer.json()["facets"]}


def total(client, clause):
    """Count the contacts that a filter finds."""
    body = {"query": {"filter": clause, "paging": {"limit": 0}}}
    answer = client.post("/contacts/query", json=body)
    assert 200 == answer.status_code, answer.text
    return answer.json()["pagingMetadata"]["total"]


def test_list(still):
    """Everybody, those without a label, each label and each status are facets with a count."""
    answer = still.get("/contacts/facets?language=en")
    body = answer.json()
    counts = {(one["facetType"], one["facetKey"]): one["count"] for one in body["facets"]}

    assert {"facets", "pagingMetadata"} == set(body)
    assert {
        ("ALL_CONTACTS", "all"): 3,
        ("NOT_LABELED", "not-labeled"): 1,
        ("LABEL", "contacts.contacted-me"): 0,
        ("LABEL", "contacts.customers"): 0,
        ("LABEL", "custom.press"): 1,
        ("LABEL", "custom.vip"): 2,
        ("SUBSCRIPTION_STATUS", "NOT_SET"): 2,
        ("SUBSCRIPTION_STATUS", "NO_SUBSCRIPTION_STATUS"): 0,
        ("SUBSCRIPTION_STATUS", "PENDING"): 0,
        ("SUBSCRIPTION_STATUS", "SUBSCRIBED"): 1,
        ("SUBSCRIPTION_STATUS", "UNSUBSCRIBED"): 0,
        ("MEMBERSHIP_STATUS", "APPROVED"): 1,
        ("MEMBERSHIP_STATUS", "DENIED"): 0,
        ("MEMBERSHIP_STATUS", "INACTIVE"): 0,
        ("MEMBERSHIP_STATUS", "PENDING"): 0,
    } == counts
    assert {"count": 15, "offset": 0, "total": 15, "tooManyToCount": False} == (
        body["pagingMetadata"]
    )


def test_label_facet(still):
    """A facet of a label says whose it is, what people read, and how to find its contacts."""
    assert {
        "facetType": "LABEL",
        "namespace": "custom",
        "namespaceDisplayName": "Labels",
        "facetKey": "custom.vip",
        "facetDisplayName": "Vip",
        "count": 2,
        "queryFilter": {"info.labelKeys": {"$hasSome": ["custom.vip"]}},
    } == facets(still)["LABEL", "custom.vip"]


@pytest.mark.parametrize(
    "clause",
    [
        {},
        {EFFECTIVE: {"$exists": True}},
        {SUBSCRIPTION: {"$ne": "SUBSCRIBED"}},
        {SUBSCRIPTION: {"$in": ["SUBSCRIBED", "UNSUBSCRIBED"]}, EFFECTIVE: {"$exists": True}},
        {"$or": [{SUBSCRIPTION: "PENDING"}, {DELIVERABILITY: {"$nin": ["NOT_SET"]}}]},
    ],
    ids=["all", "email", "not", "some", "or"],
)
def test_filters_find_what_is_counted(crowd, clause):
    """The filter of a facet, sent to Query Contacts, finds exactly the contacts counted."""
    found = facets(crowd, filter=clause)
    filtered = {key: one for key, one in found.items() if "queryFilter" in one}

    assert {("NOT_LABELED", "not-labeled")} == set(found) - set(filtered)
    assert {key: one["count"] for key, one in filtered.items()} == {
        key: total(crowd, one["queryFilter"]) for key, one in filtered.items()
    }
    assert total(crowd, clause) == found["ALL_CONTACTS", "all"]["count"]


def test_unlabelled(crowd):
    """Contacts without a label have no filter, and are those that no label's filter finds."""
    found = facets(crowd)
    keys = [key for kind, key in found if kind == "LABEL"]
    labelled = total(crowd, {"info.labelKeys": {"$hasSome": keys}})

    assert 0 < labelled < 120
    assert 120 - labelled == found["NOT_LABELED", "not-labeled"]["count"]


def test_follow_writes(client):
    """Facets count what was just written."""
    client.post(f"/contacts/{ANN}/labels", json={"labelKeys": ["contacts.customers"]})

    assert 1 == facets(client)["LABEL", "contacts.customers"]["count"]


def test_paging(still):
    """Facets are paged as contacts are."""
    whole = still.get("/contacts/facets").json()["facets"]
    page = still.get("/contacts/facets?paging.limit=2&paging.offset=1").json()
    same = still.post("/contacts/facets/query", json={"paging": {"limit": 2, "offset": 1}}).json()

    assert whole[1:3] == page["facets"]
    assert {"count": 2, "offset": 1, "total": 15, "tooManyToCount": False} == (
        page["pagingMetadata"]
    )
    assert page == same


def test_paging_violations(still):
    """A page of a wrong size or type is a validation error: facets have no codes of their own."""
    assert [("paging.limit", "RANGE")] == violations(
        still.get("/contacts/facets?paging.limit=1001")
    )
    assert [("paging.limit", "TYPE")] == violations(
        still.post("/contacts/facets/query", json={"paging": {"limit": "5"}})
    )
    assert [("paging", "TYPE")] == violations(
        still.post("/contacts/facets/query", json={"paging": 5})
    )


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ([], "MALFORMED_FILTER"),
        ({"info.name.first": "Ann"}, "UNSUPPORTED_FILTER_FIELD_UNKNOWN"),
        ({EFFECTIVE: "ann@example.com"}, "UNSUPPORTED_FILTER_OPERATOR"),
        ({SUBSCRIPTION: "GONE"}, "UNSUPPORTED_FILTER_VALUE"),
        ({SUBSCRIPTION: 5}, "UNSUPPORTED_FILTER_VALUE_TYPE"),
    ],
)
def test_filter_codes(still, clause, expected):
    """The filter may name three fields, and answers mistakes as that of Query Contacts."""
    assert (400, expected) == code(still.post("/contacts/facets/query", json={"filter": clause}))


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/query")])
def test_permission(server, method, path):
    """Facets need a scope that reads contacts."""
    assert [(401, "UNAUTHENTICATED"), (403, "PERMISSION_DENIED")] == refused(
        server, method, f"/contacts/facets{path}", "Manage Contact Labels"
    )
