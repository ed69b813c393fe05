"""Delete Contact: what is gone, and what stands in the way."""

from __future__ import annotations

import pytest
from sandbox.answers import ANN, BOB, MEG, code, refused, scoped, state

from contacttools.sandbox import Settings

NOBODY = "99999999-9999-4999-8999-999999999999"
CODES = [
    (428, "CANNOT_DELETE_MEMBER"),
    (428, "CANNOT_DELETE_CONTACT_WITH_BILLING_SUBSCRIPTION"),
    (428, "CANNOT_DELETE_MEMBER_OWNER_OR_CONTRIBUTOR"),
    (500, "FAILED_DELETE_CONTACT_AFTER_MEMBER_DELETION"),
]


def test_delete(client):
    """A deleted contact is gone from every call, and the answer is empty."""
    answer = client.delete(f"/contacts/{ANN}")

    assert (200, {}) == (answer.status_code, answer.json())
    assert (404, "CONTACT_NOT_FOUND") == code(client.get(f"/contacts/{ANN}"))
    edit = {"info": {"company": "X"}, "revision": 5}
    assert (404, "CONTACT_NOT_FOUND") == code(client.patch(f"/contacts/{ANN}", json=edit))
    found = client.post("/contacts/query", json={"query": {"filter": {"id": ANN}}}).json()
    assert [] == found["contacts"]
    assert 2 == client.get("/contacts").json()["pagingMetadata"]["total"]


def test_delete_frees_addresses(client):
    """The e-mail of a deleted contact is no longer anybody's."""
    client.delete(f"/contacts/{ANN}")
    info = {"emails": {"items": [{"email": "ann@example.com"}]}}

    assert 200 == client.post("/contacts", json={"info": info}).status_code


def test_unknown(server, client):
    """A contact that is not there, and one deleted before, is 404."""
    client.delete(f"/contacts/{ANN}")
    before = state(server)

    assert (404, "CONTACT_NOT_FOUND") == code(client.delete(f"/contacts/{ANN}"))
    assert (404, "CONTACT_NOT_FOUND") == code(client.delete(f"/contacts/{NOBODY}"))
    assert before == state(server)


def test_unknown_by_setting(sandbox):
    """A setting lets the second deletion of a contact succeed as the first did."""
    client = sandbox(Settings(unknown_delete_status=200))

    assert [{}, {}] == [client.delete(f"/contacts/{ANN}").json() for _ in range(2)]


def test_member(server, client):
    """A contact linked to a member stays."""
    before = state(server)

    assert (428, "CANNOT_DELETE_MEMBER") == code(client.delete(f"/contacts/{MEG}"))
    assert before == state(server)


@pytest.mark.parametrize(("status", "expected"), CODES)
def test_codes(server, client, status, expected):
    """Each documented code can be brought about, until it is lifted; the contact is as it was."""
    before = state(server)
    server.forbid_deletion(ANN, expected)

    assert (status, expected) == code(client.delete(f"/contacts/{ANN}"))
    assert before == state(server)
    server.forbid_deletion(ANN, None)
    assert {} == client.delete(f"/contacts/{ANN}").json()


def test_forbidding_survives_an_update(client, server):
    """What forbids a deletion stays when the contact changes, and is not shown."""
    server.forbid_deletion(BOB, CODES[1][1])
    edit = {"info": {"company": "X"}, "revision": 1}
    answer = client.patch(f"/contacts/{BOB}", json=edit)

    assert "BILLING" not in answer.text
    assert CODES[1] == code(client.delete(f"/contacts/{BOB}"))


def test_forbidding_nonsense(server):
    """Codes and contacts that there are not cannot be forbidden."""
    with pytest.raises(ValueError, match="NONSENSE"):
        server.forbid_deletion(ANN, "NONSENSE")
    with pytest.raises(LookupError, match=NOBODY):
        server.forbid_deletion(NOBODY, None)


def test_permission(server):
    """Deleting needs a scope for contacts or for members."""
    before = state(server)

    assert [(401, "UNAUTHENTICATED"), (403, "PERMISSION_DENIED"), (403, "PERMISSION_DENIED")] == (
        refused(server, "DELETE", f"/contacts/{ANN}", "Read Contacts", "Manage Contact Labels")
    )
    assert before == state(server)
    with scoped(server, "Manage Members") as client:
        assert 200 == client.delete(f"/contacts/{ANN}").status_code
