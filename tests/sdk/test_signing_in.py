"""The ways that the SDK has to say who asks: API keys, apps, and visitors of the site."""

from __future__ import annotations

import pytest
from sandbox.answers import ANN

GET = "contacts.getContact(id)"
GRANT = "POST www.wixapis.com/oauth2/token"
CONTACT = f"GET www.wixapis.com/contacts/v4/contacts/{ANN}"


@pytest.fixture
def app(still):
    """An app of the site, by the names that the SDK gives its members."""
    made = still.server.callers.app()
    return {"appId": made.app_id, "appSecret": made.app_secret, "instanceId": made.instance_id}


def test_an_api_key(still):
    """A key and the site it is for are all that a client needs."""
    code = f"connect(ApiKeyStrategy({{ apiKey, siteId }})).{GET}"
    contact = still(code, apiKey=still.server.api_key, siteId=still.server.site_id, id=ANN)

    assert ANN == contact["_id"]
    assert [CONTACT] == still.asked


def test_an_api_key_with_an_account(still):
    """The SDK sends the account too, if it has one; the site is what counts."""
    code = f"connect(ApiKeyStrategy({{ apiKey, siteId, accountId: 'any' }})).{GET}"

    assert (
        ANN == still(code, apiKey=still.server.api_key, siteId=still.server.site_id, id=ANN)["_id"]
    )


def test_an_app(still, app):
    """An app gets a token with its secret, once, and every call uses it."""
    contacts = still(
        f"const {{ contacts }} = connect(AppStrategy(app)); return [await {GET}, await {GET}]",
        app=app,
        id=ANN,
    )

    assert [ANN, ANN] == [one["_id"] for one in contacts]
    assert [GRANT, CONTACT, CONTACT] == still.asked


def test_elevation(still, app):
    """With a visitor's token an app acts as itself."""
    contact = still(
        """
        const visitor = OAuthStrategy({ clientId: app.appId });
        const { accessToken } = await visitor.generateVisitorTokens();
        const { appId, appSecret } = app;
        const auth = AppStrategy({ appId, appSecret, accessToken: accessToken.value });
        return connect(await auth.elevated()).contacts.getContact(id);
        """,
        app=app,
        id=ANN,
    )
    assert ANN == contact["_id"]
    assert [GRANT, f"{GRANT}-info", GRANT, CONTACT] == still.asked


def test_an_app_as_a_visitor(still, app):
    """With a visitor's token and without elevation, an app may do no more than the visitor."""
    error = still.error(
        """
        const visitor = OAuthStrategy({ clientId: app.appId });
        const { accessToken } = await visitor.generateVisitorTokens();
        const { appId, appSecret } = app;
        const auth = AppStrategy({ appId, appSecret, accessToken: accessToken.value });
        return connect(auth).contacts.getContact(id);
        """,
        app=app,
        id=ANN,
    )

    assert (403, "PERMISSION_DENIED") == (error["status"], code_of(error))
    assert [GRANT, GRANT, CONTACT] == still.asked


def test_a_visitor(still, app):
    """A visitor is let in without a secret, and may not see contacts."""
    error = still.error(f"connect(OAuthStrategy({{ clientId: app.appId }})).{GET}", app=app, id=ANN)

    assert 403 == error["status"]
    # The SDK reads for visitors at another host, which has the same paths.
    assert [GRANT, CONTACT.replace("www", "edge")] == still.asked


def test_a_visitor_with_scopes(still, app):
    """Whom the site lets read contacts reads them, with a token that the SDK was given."""
    token = still.server.callers.visitor(scopes=["Read Contacts"])
    code = f"connect(OAuthStrategy({{ clientId: app.appId, tokens }})).{GET}"
    tokens = {
        "accessToken": {"value": token, "expiresAt": 4_000_000_000},
        "refreshToken": {"value": "", "role": "visitor"},
    }

    assert ANN == still(code, app=app, tokens=tokens, id=ANN)["_id"]
    assert [CONTACT.replace("www", "edge")] == still.asked


def test_a_visitor_comes_again(still, app):
    """With an access token run out the SDK uses the refresh token, and keeps it."""
    first, second, tokens = still(
        """
        const auth = OAuthStrategy({ clientId: app.appId });
        const first = await auth.generateVisitorTokens();
        auth.setTokens({ ...first, accessToken: { ...first.accessToken, expiresAt: 1 } });
        await auth.getAuthHeaders();
        return [first, auth.getTokens(), await auth.generateVisitorTokens(auth.getTokens())];
        """,
        app=app,
    )

    assert first["refreshToken"] == second["refreshToken"]
    assert first["accessToken"]["value"] != second["accessToken"]["value"]
    assert second == tokens
    assert [GRANT, GRANT] == still.asked


def test_a_refresh_token_that_is_none(still, app):
    """With a refresh token that the service does not know, the SDK begins anew."""
    tokens = still(
        """
        const refreshToken = { value: "none", role: "visitor" };
        return OAuthStrategy({ clientId: app.appId }).generateVisitorTokens({ refreshToken });
        """,
        app=app,
    )

    assert "none" != tokens["refreshToken"]["value"]
    assert [GRANT, GRANT] == still.asked


@pytest.mark.parametrize(
    ("member", "status"), [("appSecret", 401), ("appId", 401), ("instanceId", 403)]
)
def test_an_app_that_is_none(still, app, member, status):
    """With a wrong secret, id or instance an app gets no token; the SDK says with what status."""
    error = still.error("AppStrategy(app).getAuthHeaders()", app={**app, member: "wrong"})

    assert f"Unexpected status code from Wix OAuth API: {status}" in error["message"]
    assert [GRANT] == still.asked


def test_an_elevation_of_another_app(still, app):
    """A token of one app does not elevate another."""
    error = still.error(
        "AppStrategy({ ...app, accessToken }).elevated()",
        app=app,
        accessToken=still.server.callers.visitor(),
    )

    assert "The token is not issued for the app" in error["message"]


def test_a_key_that_is_none(still):
    """An unknown key is 401, whatever it asks."""
    code = f"connect(ApiKeyStrategy({{ apiKey: 'none', siteId }})).{GET}"
    error = still.error(code, siteId=still.server.site_id, id=ANN)

    assert (401, "UNAUTHENTICATED") == (error["status"], code_of(error))


@pytest.mark.parametrize("site", ["undefined", "'44444444-4444-4444-8444-444444444444'"])
def test_a_key_without_its_site(still, site):
    """A key that names no site, or another, is 403."""
    code = f"connect(ApiKeyStrategy({{ apiKey, siteId: {site} }})).{GET}"
    error = still.error(code, apiKey=still.server.api_key, id=ANN)

    assert (403, "PERMISSION_DENIED") == (error["status"], code_of(error))


def test_a_key_without_the_scope(still):
    """A key that may read may not write, and the error says no more than that."""
    key = still.server.callers.api_key(scopes=["Read Contacts"])
    code = """
        const client = connect(ApiKeyStrategy({ apiKey, siteId }));
        const { revision } = await client.contacts.getContact(id);
        return client.contacts.updateContact(id, { company: "X" }, revision);
    """
    error = still.error(code, apiKey=key, siteId=still.server.site_id, id=ANN)

    assert 403 == error["status"]
    assert {"code": "PERMISSION_DENIED", "description": "", "data": {}} == error["details"][
        "applicationError"
    ]


def test_the_site_of_a_client_can_be_set_later(still):
    """A key given without its site is completed by `setSiteId`."""
    code = f"""
        const auth = ApiKeyStrategy({{ apiKey }});
        auth.setSiteId(siteId);
        return connect(auth).{GET};
    """

    assert (
        ANN == still(code, apiKey=still.server.api_key, siteId=still.server.site_id, id=ANN)["_id"]
    )


def code_of(error):
    """Give the application code of an error."""
    return error["details"]["applicationError"]["code"]
