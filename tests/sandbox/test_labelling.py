"""Label and Unlabel Contact: which labels a contact has afterwards, and who is refused."""

from __future__ import annotations

import pytest
from sandbox.answers import ANN, BOB, code, refused, state, violations

from contacttools.sandbox import Settings

NOBODY = "99999999-9999-4999-8999-999999999999"
PRESS, VIP, CUSTOMERS = "custom.press", "custom.vip", "contacts.customers"


def label(client, *keys, contact=ANN):
    """Add labels, to Ann if no other is named."""
    return client.post(f"/contacts/{contact}/labels", json={"labelKeys": list(keys)})


def unlabel(client, *keys, contact=ANN):
    """Remove labels, from Ann if no other is named."""
    return client.delete(f"/contacts/{contact}/labels", params={"labelKeys": list(keys)})


def labels(contact):
    """Give the labels of a contact."""
    return contact["info"].get("labelKeys", {}).get("items", [])


def test_label(client):
    """Labels are added behind those that are there; all else stays but revision and date."""
    before = client.get(f"/contacts/{ANN}").json()["contact"]
    answer = label(client, PRESS, CUSTOMERS)
    after = answer.json()["contact"]

    assert {"contact"} == set(answer.json())
    assert [VIP, PRESS, CUSTOMERS] == labels(after)
    assert 6 == after["revision"]
    assert before["updatedDate"] < after["updatedDate"]
    info = {**before["info"], "labelKeys": after["info"]["labelKeys"]}
    expected = {**before, "revision": 6, "updatedDate": after["updatedDate"], "info": info}
    assert expected == after == client.get(f"/contacts/{ANN}").json()["contact"]


@pytest.mark.parametrize("how", ["query", "body"])
def test_unlabel(client, how):
    """Labels are removed, named in the query string or in a body."""
    if how == "query":
        answer = unlabel(client, VIP, PRESS, contact=BOB)
    else:
        body = {"labelKeys": [VIP, PRESS]}
        answer = client.request("DELETE", f"/contacts/{BOB}/labels", json=body)

    assert 200 == answer.status_code
    assert 2 == answer.json()["contact"]["revision"]
    assert "labelKeys" not in answer.json()["contact"]["info"]


def test_nothing_to_do(server, client):
    """Adding a label that is there, and removing one that is not, leaves the contact alone."""
    before = state(server)
    stored = client.get(f"/contacts/{ANN}").json()["contact"]

    assert {"contact": stored} == label(client, VIP, VIP).json()
    assert {"contact": stored} == unlabel(client, PRESS).json()
    assert before == state(server)


def test_repeated_keys(client):
    """A key sent twice is added once."""
    assert [VIP, PRESS] == labels(label(client, PRESS, PRESS).json()["contact"])


def test_revision_by_setting(sandbox):
    """A setting keeps the revision where it was."""
    client = sandbox(Settings(count_labelling=False))
    contact = label(client, PRESS).json()["contact"]

    assert ([VIP, PRESS], 5) == (labels(contact), contact["revision"])


@pytest.mark.parametrize("send", [label, unlabel])
def test_unknown_key(server, client, send):
    """A label that the site does not have is refused, with all others of the request."""
    before = state(server)

    assert [("labelKeys", "CUSTOM")] == violations(send(client, PRESS, VIP, "custom.none"))
    assert before == state(server)


def test_unknown_key_by_setting(sandbox):
    """A setting answers 404 for a label that the site does not have."""
    client = sandbox(Settings(unknown_label_status=404))

    assert (404, "NOT_FOUND") == code(label(client, "custom.none"))


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ({}, "MIN_SIZE"),
        ({"labelKeys": []}, "MIN_SIZE"),
        ({"labelKeys": [VIP] * 101}, "MAX_SIZE"),
        ({"labelKeys": VIP}, "TYPE"),
        ({"labelKeys": [5]}, "TYPE"),
    ],
    ids=["none", "empty", "many", "text", "number"],
)
def test_limits(server, client, body, rule):
    """There must be 1 to 100 keys, all text."""
    before = state(server)

    assert [("labelKeys", rule)] == violations(client.post(f"/contacts/{ANN}/labels", json=body))
    assert [("labelKeys", rule)] == violations(
        client.request("DELETE", f"/contacts/{ANN}/labels", json=body)
    )
    assert before == state(server)


@pytest.mark.parametrize("send", [label, unlabel])
def test_unknown_contact(client, send):
    """An unknown contact is 404."""
    assert (404, "CONTACT_NOT_FOUND") == code(send(client, VIP, contact=NOBODY))


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_permission(server, method):
    """Labelling a contact changes it: scopes that read, or define labels, are not enough."""
    path = f"/contacts/{ANN}/labels?labelKeys={VIP}"

    assert [(401, "UNAUTHENTICATED"), (403, "PERMISSION_DENIED"), (403, "PERMISSION_DENIED")] == (
        refused(server, method, path, "Read Contacts", "Manage Contact Labels")
    )
