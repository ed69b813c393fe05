"""Create Contact."""

from __future__ import annotations

import pytest
from sandbox.answers import ANN, BOB, code, violations

from contacttools.sandbox import Settings


def create(client, info, **more):
    """Send a create."""
    return client.post("/contacts", json={"info": info, **more})


def total(client):
    """Count the contacts."""
    return client.get("/contacts?paging.limit=0").json()["pagingMetadata"]["total"]


def test_create(client):
    """A new contact begins at revision 1, with source and activity, and can be read and found."""
    answer = create(
        client, {"name": {"first": "Zoe"}, "emails": {"items": [{"email": "z@example.com"}]}}
    )
    contact = answer.json()["contact"]

    assert 200 == answer.status_code
    assert 1 == contact["revision"]
    assert "WIX_APP" == contact["source"]["sourceType"]
    assert (
        contact["createdDate"] == contact["updatedDate"] == contact["lastActivity"]["activityDate"]
    )
    assert "CONTACT_CREATED" == contact["lastActivity"]["activityType"]
    assert {"email": "z@example.com"} == contact["primaryInfo"]
    assert contact == client.get(f"/contacts/{contact['id']}").json()["contact"]
    assert contact == client.get("/contacts").json()["contacts"][-1]  # the youngest comes last


def test_primary_first(client):
    """The primary item of a new contact comes back first; no mark makes the first primary."""
    emails = [{"email": "a@x.example"}, {"email": "b@x.example", "primary": True}]
    phones = [{"phone": "1"}, {"phone": "2"}]
    info = create(client, {"emails": {"items": emails}, "phones": {"items": phones}}).json()[
        "contact"
    ]["info"]

    assert ["b@x.example", "a@x.example"] == [one["email"] for one in info["emails"]["items"]]
    assert [True, False] == [one["primary"] for one in info["emails"]["items"]]
    assert [("1", True), ("2", False)] == [
        (one["phone"], one["primary"]) for one in info["phones"]["items"]
    ]


def test_first_revision(sandbox):
    """A setting gives new contacts the older samples' revision 0, and leaves primaries in place."""
    client = sandbox(Settings(first_revision=0, primary_first=False))
    emails = [{"email": "a@x.example"}, {"email": "b@x.example", "primary": True}]
    contact = create(client, {"emails": {"items": emails}}).json()["contact"]

    assert 0 == contact["revision"]
    assert [False, True] == [one["primary"] for one in contact["info"]["emails"]["items"]]


@pytest.mark.parametrize(
    ("info", "status", "expected"),
    [
        (None, 400, "INSUFFICIENT_CONTACT_DATA"),
        ({}, 400, "INSUFFICIENT_CONTACT_DATA"),
        ({"company": "X"}, 400, "INSUFFICIENT_CONTACT_DATA"),
        ({"name": {"first": ""}}, 400, "INSUFFICIENT_CONTACT_DATA"),
        (
            {
                "phones": {
                    "items": [{"phone": "1", "primary": True}, {"phone": "2", "primary": True}]
                }
            },
            400,
            "CANNOT_HAVE_MULTIPLE_PRIMARY_INFO",
        ),
        (
            {"name": {"first": "Z"}, "extendedFields": {"items": {"custom.customer-number": "1"}}},
            400,
            "INVALID_EXTENDED_FIELD_VALUE",
        ),
        ({"emails": {"items": [{"email": "ANN@example.com"}]}}, 409, "DUPLICATE_CONTACT_EXISTS"),
        (
            {"phones": {"items": [{"phone": "+1 212 555 0101", "countryCode": "US"}]}},
            409,
            "DUPLICATE_CONTACT_EXISTS",
        ),
    ],
    ids=["null", "empty", "company", "blank", "primaries", "field", "email", "phone"],
)
def test_refused(still, info, status, expected):
    """Each code of Create, and nothing is created."""
    assert (status, expected) == code(create(still, info))
    assert 3 == total(still)


def test_violations(still):
    """Types and limits hold for Create as for Update, unknown labels too."""
    assert [("info.company", "TYPE")] == violations(create(still, {"company": 1}))
    info = {"name": {"first": "Z"}, "labelKeys": {"items": ["custom.none"]}}
    assert [("info.labelKeys", "CUSTOM")] == violations(create(still, info))
    assert 3 == total(still)


def test_allowed_duplicate(client):
    """With allowDuplicates a second contact with the same e-mail is made."""
    info = {"emails": {"items": [{"email": "ann@example.com"}]}}

    assert 200 == create(client, info, allowDuplicates=True).status_code
    error = create(client, info).json()["details"]["applicationError"]
    assert "ann@example.com" == error["data"]["duplicateEmail"]
    assert error["data"]["duplicateContactId"]
    update = {"info": info, "revision": 1}
    assert 409 == client.patch(f"/contacts/{BOB}", json=update).status_code
    assert 5 == client.get(f"/contacts/{ANN}").json()["contact"]["revision"]


def test_id_taken(server, client):
    """A contact whose id would be that of another is not made."""
    server._desk.new_id = lambda: ANN
    before = server.store.contact(ANN)
    answer = client.post("/contacts", json={"info": {"name": {"first": "Zoe"}}})

    assert (409, "CONTACT_ID_ALREADY_EXISTS") == code(answer)
    assert (3, before) == (len(server.store), server.store.contact(ANN))
