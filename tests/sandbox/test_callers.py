"""Callers: who is known, how, and what each may do."""

from __future__ import annotations

import httpx
import pytest
from sandbox.answers import ANN, code

from contacttools.sandbox.callers import GRANTED_BY, SCOPES
from contacttools.sandbox.serving.routes import ROUTES

_PATHS = {"{id}": ANN, "{key}": "custom.vip"}
EDIT = {"info": {"company": "X"}, "revision": 5}


def speaking(server, authorization, *, site=True):
    """Give a client that proves itself with this, and names the site or not."""
    headers = {"Authorization": authorization}
    if site:
        headers["wix-site-id"] = server.site_id
    return httpx.Client(base_url=f"{server.url}/contacts/v4", headers=headers)


def token_of(server, **changed):
    """Ask for the access token of the installed app."""
    body = {
        "grant_type": "client_credentials",
        "client_id": server.app.app_id,
        "client_secret": server.app.app_secret,
        "instance_id": server.app.instance_id,
        **changed,
    }
    sent = {key: value for key, value in body.items() if value is not None}
    return httpx.post(f"{server.url}/oauth2/token", json=sent)


def asked(client, route):
    """Send an empty request to a route, and give status and code of its answer."""
    path = route.path.removeprefix("/contacts/v4")
    for name, value in _PATHS.items():
        path = path.replace(name, value)
    answer = client.request(route.method, path)
    if answer.status_code == 200:
        return 200, ""
    error = answer.json()["details"].get("applicationError", {})
    return answer.status_code, error.get("code", "")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_operation_needs_its_permission(server, route):
    """Each operation is refused without one of its scopes, and not refused with any of them."""
    others = [name for name in SCOPES if name not in GRANTED_BY[route.permission]]
    with speaking(server, server.callers.api_key(scopes=others)) as client:
        assert (403, "PERMISSION_DENIED") == asked(client, route)
    for name in GRANTED_BY[route.permission]:
        with speaking(server, server.callers.api_key(scopes=[name])) as client:
            assert asked(client, route)[0] not in {401, 403}
    with speaking(server, "nobody") as client:
        assert (401, "UNAUTHENTICATED") == asked(client, route)


def test_scopes_have_names_and_ids(server):
    """A scope is known by the name that people read, and by its id; others are refused."""
    named, by_id = "Manage Contacts", SCOPES["Manage Contacts"]
    for scope in (named, by_id):
        with speaking(server, server.callers.api_key(scopes=[scope])) as client:
            assert 200 == client.get(f"/contacts/{ANN}").status_code

    with pytest.raises(ValueError, match="no scope 'Manage Everything'"):
        server.callers.api_key(scopes=["Manage Everything"])


def test_a_key_is_sent_as_it_is(server):
    """A key has no scheme word; a token may have the word Bearer."""
    with speaking(server, f"Bearer {server.api_key}") as client:
        assert (401, "UNAUTHENTICATED") == code(client.get("/contacts"))
    token = token_of(server).json()["access_token"]
    for authorization in (token, f"Bearer {token}"):
        with speaking(server, authorization, site=False) as client:
            assert 200 == client.get("/contacts").status_code


def test_a_key_of_another_account(server):
    """A key works for the sites of its own account."""
    key = server.callers.api_key(site_ids=["99999999-9999-4999-8999-999999999999"])
    with speaking(server, key) as client:
        assert (403, "PERMISSION_DENIED") == code(client.get("/contacts"))


def test_an_account_does_not_stand_for_a_site(server):
    """A call without a site is refused, whatever account it names; with both it passes."""
    account = {"wix-account-id": "88888888-8888-4888-8888-888888888888"}
    with speaking(server, server.api_key, site=False) as client:
        assert (403, "PERMISSION_DENIED") == code(client.get("/contacts", headers=account))
    with speaking(server, server.api_key) as client:
        assert 200 == client.get("/contacts", headers=account).status_code


def test_client_credentials(server):
    """An app gets a token that lives for four hours, and writes in its own name."""
    answer = token_of(server).json()
    assert {"token_type": "Bearer", "expires_in": 14400} == {
        key: value for key, value in answer.items() if key != "access_token"
    }

    with speaking(server, answer["access_token"], site=False) as client:
        made = client.post("/contacts", json={"info": {"name": {"first": "Zoe"}}})
    source = made.json()["contact"]["source"]
    assert {"sourceType": "WIX_APP", "appId": server.app.app_id} == source


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"client_secret": "wrong"}, 401),
        ({"client_id": "wrong"}, 401),
        ({"instance_id": "wrong"}, 403),
        ({"instance_id": None}, 400),
        ({"grant_type": "magic"}, 400),
        ({"grant_type": None}, 400),
    ],
)
def test_bad_credentials(server, changed, status):
    """A token is given for the right credentials only."""
    answer = token_of(server, **changed)

    assert status == answer.status_code
    assert {"message", "details"} == set(answer.json())


def test_an_expired_token(server):
    """A token that is no longer valid is answered 401, and a new one helps."""
    token = token_of(server).json()["access_token"]
    server.callers.expire(token)

    with speaking(server, token) as client:
        assert (401, "UNAUTHENTICATED") == code(client.patch(f"/contacts/{ANN}", json=EDIT))
    with speaking(server, token_of(server).json()["access_token"]) as client:
        assert 200 == client.patch(f"/contacts/{ANN}", json=EDIT).status_code


def test_a_token_is_for_its_site(server):
    """A token that comes with another site is refused."""
    token = token_of(server).json()["access_token"]
    headers = {"Authorization": token, "wix-site-id": "99999999-9999-4999-8999-999999999999"}
    answer = httpx.get(f"{server.url}/contacts/v4/contacts", headers=headers)

    assert (403, "PERMISSION_DENIED") == code(answer)


@pytest.mark.parametrize("kind", ["member", "visitor"])
def test_people_have_permissions_of_their_own(server, kind):
    """A member or visitor may do what their scopes say, which is nothing to begin with."""
    make = getattr(server.callers, kind)
    with speaking(server, make(), site=False) as client:
        assert (403, "PERMISSION_DENIED") == code(client.patch(f"/contacts/{ANN}", json=EDIT))
        assert (403, "PERMISSION_DENIED") == code(client.get(f"/contacts/{ANN}"))
    with speaking(server, make(scopes=["Manage Contacts"]), site=False) as client:
        assert 200 == client.patch(f"/contacts/{ANN}", json=EDIT).status_code


def test_a_visitor_comes_through_the_door(server):
    """Anybody gets a visitor's token for a known client, and a fresh one for its refresh token."""
    url, client_id = f"{server.url}/oauth2/token", server.app.app_id
    answer = httpx.post(url, json={"grantType": "anonymous", "clientId": client_id}).json()
    again = {
        "grantType": "refresh_token",
        "clientId": client_id,
        "refreshToken": answer["refresh_token"],
    }
    renewed = httpx.post(url, json=again).json()

    assert answer["access_token"] != renewed["access_token"]
    for token in (answer["access_token"], renewed["access_token"]):
        with speaking(server, token, site=False) as client:
            assert (403, "PERMISSION_DENIED") == code(client.get("/contacts"))
    refused = httpx.post(url, json={**again, "refreshToken": "wrong"})
    assert (401, "UNAUTHENTICATED") == code(refused)


def test_token_info(server):
    """A token tells whose it is, for which site and instance; a wrong one is refused."""
    url, token = f"{server.url}/oauth2/token-info", token_of(server).json()["access_token"]
    info = httpx.post(url, json={"token": token}).json()

    assert (True, "APP") == (info["active"], info["subjectType"])
    assert server.app.app_id == info["clientId"]
    assert (server.site_id, server.app.instance_id) == (info["siteId"], info["instanceId"])
    assert 400 == httpx.post(url, json={"token": "wrong"}).status_code


def test_a_secret_is_not_shown(server):
    """The secret of an app is not in what a notebook would show."""
    assert server.app.app_secret not in repr(server.app)
