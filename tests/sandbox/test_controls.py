"""Controls: what a test does behind the scene, in this process and in another."""

from __future__ import annotations

import httpx
import pytest
from sandbox.answers import ANN, MEG, client_of, code, violations

MEMBER = "44444444-4444-4444-8444-444444444444"
OTHER = {"info": {"emails": {"items": [{"email": "other@example.net"}]}}, "revision": 2}


def control(server, method, path, **more):
    """Send a request to a control."""
    headers = {"Authorization": server.api_key}
    return httpx.request(method, f"{server.url}/_sandbox{path}", headers=headers, **more)


def test_login_email_moves_the_contact(server, client):
    """A member's new login e-mail is the contact's primary e-mail, one revision on."""
    assert (428, "CANNOT_UPDATE_MEMBER_EMAIL") == code(client.patch(f"/contacts/{MEG}", json=OTHER))
    server.change_login_email(MEMBER, "meg.new@example.net")

    contact = client.get(f"/contacts/{MEG}").json()["contact"]
    assert (3, "meg.new@example.net") == (contact["revision"], contact["primaryInfo"]["email"])
    emails = contact["info"]["emails"]["items"]
    assert ["meg.new@example.net", "meg2@example.net"] == [one["email"] for one in emails]
    assert [True, False] == [one["primary"] for one in emails]


def test_login_email_that_the_contact_has(server, client):
    """An e-mail that the contact has already becomes the primary one and is there once."""
    server.change_login_email(MEMBER, "MEG2@example.net")

    contact = client.get(f"/contacts/{MEG}").json()["contact"]
    assert ["MEG2@example.net"] == [one["email"] for one in contact["info"]["emails"]["items"]]


def test_a_member_id_is_no_contact_id(server, client):
    """A member is not found as a contact, nor a contact as a member."""
    assert {MEMBER: MEG} == server.members()
    assert (404, "CONTACT_NOT_FOUND") == code(client.get(f"/contacts/{MEMBER}"))
    assert (404, "CONTACT_NOT_FOUND") == code(client.patch(f"/contacts/{MEMBER}", json=OTHER))
    with pytest.raises(LookupError, match="not a member"):
        server.change_login_email(MEG, "meg.new@example.net")


def test_members_from_outside(server):
    """Another process can do the same over HTTP."""
    assert {"members": {MEMBER: MEG}} == control(server, "GET", "/members").json()
    path = f"/members/{MEMBER}/login-email"
    answer = control(server, "PUT", path, json={"email": "meg.new@example.net"})
    assert 3 == answer.json()["contact"]["revision"]

    assert [("email", "TYPE")] == violations(control(server, "PUT", path, json={}))
    missing = control(server, "PUT", f"/members/{MEG}/login-email", json={"email": "a@example.net"})
    assert (404, "MEMBER_NOT_FOUND") == code(missing)


def test_events_from_outside(server, client):
    """The change feed can be read, in the payload that subscribers get."""
    client.patch(f"/contacts/{ANN}", json={"info": {"company": "X"}, "revision": 5})
    (event,) = control(server, "GET", "/events").json()["events"]

    assert [event] == server.events(ANN)
    assert ("updated", ANN, "1") == (
        event["slug"],
        event["entityId"],
        event["entityEventSequence"],
    )
    assert 6 == event["updatedEvent"]["currentEntity"]["revision"]


def test_faults_from_outside(server, client):
    """Faults are added as the command line writes them, and forgotten on demand."""
    fault = "status,status=429,times=all,header.Retry-After=7"
    assert 200 == control(server, "POST", "/faults", json={"fault": fault}).status_code
    for _ in range(2):
        answer = client.get("/contacts")
        assert (429, "7") == (answer.status_code, answer.headers["retry-after"])

    # The control itself would be answered 429 as well.
    server.faults.clear()
    assert 200 == client.get("/contacts").status_code
    assert 200 == control(server, "DELETE", "/faults").status_code


def test_deletion_from_outside(server, client):
    """Deleting a contact is answered as the control says, until it is lifted."""
    code_of = "CANNOT_DELETE_CONTACT_WITH_BILLING_SUBSCRIPTION"
    path = f"/contacts/{ANN}/deletion"
    assert 200 == control(server, "PUT", path, json={"code": code_of}).status_code
    assert (428, code_of) == code(client.delete(f"/contacts/{ANN}"))
    for wrong in ({"code": "NONE"}, {}):
        assert [("code", "CUSTOM")] == violations(control(server, "PUT", path, json=wrong))
    unknown = control(server, "PUT", "/contacts/nobody/deletion", json={"code": None})
    assert [("code", "CUSTOM")] == violations(unknown)

    assert 200 == control(server, "PUT", path, json={"code": None}).status_code
    assert 200 == client.delete(f"/contacts/{ANN}").status_code


@pytest.mark.parametrize(
    "fault", ["nonsense", "status,status=x", "status,colour=red", "before", 7, None]
)
def test_bad_faults(server, fault):
    """A fault that is none is refused."""
    answer = control(server, "POST", "/faults", json={"fault": fault})

    assert [("fault", "CUSTOM")] == violations(answer)
    assert 0 == len(server.faults)


@pytest.mark.parametrize("kind", ["api_key", "app", "member", "visitor"])
def test_callers_from_outside(server, kind):
    """A caller with few scopes is made, and is what it was made to be."""
    made = control(server, "POST", "/callers", json={"kind": kind, "scopes": ["Read Contacts"]})
    given = made.json()
    if kind == "app":
        body = {"grant_type": "client_credentials", "instance_id": given["instance_id"]}
        body |= {"client_id": given["app_id"], "client_secret": given["app_secret"]}
        given = {
            "token": httpx.post(f"{server.url}/oauth2/token", json=body).json()["access_token"]
        }
    authorization = given.get("api_key") or given["token"]
    headers = {"Authorization": authorization, "wix-site-id": server.site_id}
    url = f"{server.url}/contacts/v4/contacts"

    assert 200 == httpx.get(url, headers=headers).status_code
    assert 403 == httpx.post(url, json={}, headers=headers).status_code


def test_bad_callers(server):
    """A caller of no kind, or with unknown scopes, is refused."""
    for body in ({}, {"kind": "king"}, {"kind": "app", "scopes": ["all"]}):
        answer = control(server, "POST", "/callers", json=body)
        assert [("kind or scopes", "CUSTOM")] == violations(answer)


def test_controls_need_the_first_key(server):
    """Nobody else may pull the strings."""
    other = server.callers.api_key()
    answer = httpx.get(f"{server.url}/_sandbox/events", headers={"Authorization": other})

    assert (401, "UNAUTHENTICATED") == code(answer)


def test_faults_hit_controls_no_more_than_they_say(server):
    """A fault with a path leaves the controls alone."""
    server.faults.add("status", path="/contacts", times=None)

    assert 200 == control(server, "GET", "/members").status_code
    with client_of(server) as client:
        assert 503 == client.get("/contacts").status_code
