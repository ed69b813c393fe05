"""Callers: who speaks to the service, how they prove it, and what each may do.

In memory; knows nothing of HTTP. Who is unknown is answered 401, who is known and may not is
answered 403; which of the two answers what is documented only in part.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from contacttools.sandbox.problems import Json, application, forbidden, invalid, unauthenticated

Kind: TypeAlias = Literal["api_key", "app", "member", "visitor"]

SCOPES: Final[Mapping[str, str]] = {
    "Manage Contacts": "SCOPE.DC-CONTACTS.MANAGE-CONTACTS",
    "Read Contacts": "SCOPE.DC-CONTACTS.READ-CONTACTS",
    "Manage Contact Labels": "SCOPE.DC-CONTACTS.MANAGE-LABELS",
    "Manage Contact Extended Fields": "SCOPE.DC-CONTACTS.MANAGE-EX-FIELDS",
    "Manage Members": "SCOPE.DC-MEMBERS.MANAGE-MEMBERS",
    "Manage Members and Contacts - all permissions": (
        "SCOPE.DC-CONTACTS-MEGA.MANAGE-MEMBERS-CONTACTS"
    ),
    "Read Members and Contacts - all read permissions": (
        "SCOPE.DC-CONTACTS-MEGA.READ-MEMBERS-CONTACTS"
    ),
}
"""The documented permission scopes, by the names that people read."""

_MANAGE: Final = frozenset({"Manage Contacts", "Manage Members and Contacts - all permissions"})
_READ: Final = _MANAGE | {"Read Contacts", "Read Members and Contacts - all read permissions"}

GRANTED_BY: Final[Mapping[str, frozenset[str]]] = {
    "CONTACTS.VIEW": _READ,
    "CONTACTS.MODIFY": _MANAGE,
    "MEMBERS.MEMBER_DELETE": _MANAGE | {"Manage Members"},
    "CONTACTS.MERGE": _MANAGE,
    "CONTACTS_LABELS.VIEW": frozenset({"Manage Contact Labels"}),
    "CONTACTS_LABELS.MODIFY": frozenset({"Manage Contact Labels"}),
    "CONTACTS_SCHEMA.VIEW": frozenset({"Manage Contact Extended Fields"}),
    "CONTACTS_SCHEMA.MODIFY": frozenset({"Manage Contact Extended Fields"}),
}
"""For each permission the scopes that hold it; one of them is enough."""

TOKEN_SECONDS: Final = 14_400
"""How long an access token lives, as documented."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody the service knows.

    Attributes
    ----------
    kind
        An API key, an app, or a person: a member or a visitor of the site.
    scopes
        Names of the scopes held, those of `SCOPES`.
    site_ids
        The sites that the caller may speak of.
    app_id
        In whose name contacts are created.
    """

    kind: Kind
    scopes: frozenset[str]
    site_ids: frozenset[str]
    app_id: str

    def may(self, permission: str) -> bool:
        """Tell whether one of the scopes holds a permission of `GRANTED_BY`."""
        return not self.scopes.isdisjoint(GRANTED_BY[permission])


@dataclass(frozen=True, slots=True)
class App:
    """An app that is installed on the site: what OAuth client credentials are made of.

    Attributes
    ----------
    app_id, app_secret
        The OAuth client id and secret.
    instance_id
        Names the installation on this site.
    scopes
        Names of the scopes that the app was granted.
    """

    app_id: str
    app_secret: str = field(repr=False)
    instance_id: str
    scopes: frozenset[str]


@dataclass(slots=True)
class _Token:
    caller: Caller
    instance_id: str
    until: float


class Callers:
    """Everybody a site knows. Safe to use from any thread.

    Parameters
    ----------
    site_id
        The one site there is.
    api_key
        The first key, with every scope; ids and keys to come follow from it.
    app_id
        In whose name keys create contacts.
    """

    def __init__(self, site_id: str, api_key: str, app_id: str) -> None:
        self._site_id = site_id
        self._app_id = app_id
        self._seed = api_key
        self._lock = threading.Lock()
        self._made = 0
        self._keys: dict[str, Caller] = {}
        self._apps: dict[str, App] = {}
        self._tokens: dict[str, _Token] = {}
        self._refresh: dict[str, str] = {}
        self._keys[api_key] = self._caller("api_key", None, app_id)

    # -- making callers -------------------------------------------------------------------------

    def api_key(
        self, *, scopes: Iterable[str] | None = None, site_ids: Iterable[str] | None = None
    ) -> str:
        """Make an API key.

        Parameters
        ----------
        scopes
            Names or ids of `SCOPES`; None for all.
        site_ids
            The sites of the key's account; None for this one.

        Returns
        -------
        str
            What to send as ``Authorization``.

        Raises
        ------
        ValueError
            If there is no such scope.
        """
        caller = self._caller("api_key", scopes, self._app_id, site_ids)
        key = f"SANDBOX.{self._new('key').replace('-', '')}"
        with self._lock:
            self._keys[key] = caller
        return key

    def app(self, *, scopes: Iterable[str] | None = None) -> App:
        """Make an app and install it; `scopes` as for `api_key`."""
        named = _named(scopes)
        app = App(self._new("app"), self._new("secret"), self._new("instance"), named)
        with self._lock:
            self._apps[app.app_id] = app
        return app

    def member(self, *, scopes: Iterable[str] = ()) -> str:
        """Log a member in and give their access token; members have no scopes of their own."""
        return self._token(self._caller("member", scopes, self._app_id), "")

    def visitor(self, *, scopes: Iterable[str] = ()) -> str:
        """Let a visitor in and give their access token; visitors have no scopes of their own."""
        return self._token(self._caller("visitor", scopes, self._app_id), "")

    def expire(self, token: str) -> None:
        """Let an access token, or a key, be no longer valid."""
        with self._lock:
            self._keys.pop(token, None)
            self._tokens.pop(token, None)

    # -- the two questions of each request ------------------------------------------------------

    def known(self, authorization: str | None, site_id: str | None) -> Caller:
        """Give the caller of a request.

        Parameters
        ----------
        authorization
            The header: an API key as it is; an access token with or without ``Bearer``.
        site_id
            The header ``wix-site-id``: a key must send it; a token is for its own site anyway.

        Raises
        ------
        Problem
            401 if nobody is known by this, 403 if the site is missing or another.
        """
        sent = authorization or ""
        with self._lock:
            key = self._keys.get(sent)
            token = self._tokens.get(sent.removeprefix("Bearer "))
        if key is not None:
            if site_id is None or site_id not in key.site_ids or site_id != self._site_id:
                raise forbidden()
            return key
        if token is None or token.until <= time.monotonic():
            raise unauthenticated()
        if site_id is not None and site_id != self._site_id:
            raise forbidden()
        return token.caller

    # -- the token endpoints --------------------------------------------------------------------

    def grant(self, body: Mapping[str, Json]) -> dict[str, Json]:
        """Answer Create Access Token; documented samples write its members in both spellings.

        Raises
        ------
        Problem
            400 for a grant that is none, 401 for a client that is not known, 403 for an instance
            that is not the client's.
        """
        match _text(body, "grant_type", "grantType"):
            case "client_credentials":
                return self._client_credentials(body)
            case "anonymous":
                return self._anonymous(body)
            case "refresh_token":
                return self._refreshed(body)
            case "strip_bound_session":
                return self._unbound(body)
            case _:
                raise invalid("grant_type", "is not a grant of this service", "ENUM")

    def info(self, body: Mapping[str, Json]) -> dict[str, Json]:
        """Answer what a token is: whose, and for which site and instance.

        Raises
        ------
        Problem
            400 for a token that is not valid.
        """
        text = _text(body, "token").removeprefix("Bearer ")
        with self._lock:
            token = self._tokens.get(text)
        left = 0.0 if token is None else token.until - time.monotonic()
        if token is None or left <= 0:
            raise invalid("token", "is not a valid token", "CUSTOM")
        now = int(time.time())
        return {
            "active": True,
            "subjectType": token.caller.kind.upper(),
            "subjectId": token.caller.app_id,
            "exp": str(now + int(left)),
            "iat": str(now + int(left) - TOKEN_SECONDS),
            "clientId": token.caller.app_id,
            "siteId": self._site_id,
            "instanceId": token.instance_id,
        }

    def _client_credentials(self, body: Mapping[str, Json]) -> dict[str, Json]:
        app = self._client(body)
        if _text(body, "client_secret", "clientSecret") != app.app_secret:
            raise unauthenticated()
        if _text(body, "instance_id", "instanceId") != app.instance_id:
            raise forbidden()
        caller = self._caller("app", app.scopes, app.app_id)
        return _answer(self._token(caller, app.instance_id))

    def _anonymous(self, body: Mapping[str, Json]) -> dict[str, Json]:
        app = self._client(body)
        refresh = self._new("refresh")
        with self._lock:
            self._refresh[refresh] = app.app_id
        token = self._token(self._caller("visitor", (), app.app_id), app.instance_id)
        return {**_answer(token), "refresh_token": refresh}

    def _refreshed(self, body: Mapping[str, Json]) -> dict[str, Json]:
        app, refresh = self._client(body), _text(body, "refresh_token", "refreshToken")
        with self._lock:
            whose = self._refresh.get(refresh)
        if whose != app.app_id:
            raise unauthenticated()
        token = self._token(self._caller("visitor", (), app.app_id), app.instance_id)
        return {**_answer(token), "refresh_token": refresh}

    def _unbound(self, body: Mapping[str, Json]) -> dict[str, Json]:
        """Give an app that was handed a person's token one of its own for the same person."""
        secret = _text(body, "client_secret", "clientSecret")
        sent = _text(body, "access_token", "accessToken").removeprefix("Bearer ")
        with self._lock:
            token = self._tokens.get(sent)
            app = None if token is None else self._apps.get(token.caller.app_id)
        if token is None or token.until <= time.monotonic():
            raise unauthenticated()
        if app is None or secret != app.app_secret:
            raise unauthenticated()
        return _answer(self._token(token.caller, token.instance_id))

    def _client(self, body: Mapping[str, Json]) -> App:
        with self._lock:
            app = self._apps.get(_text(body, "client_id", "clientId"))
        if app is None:
            raise unauthenticated()
        return app

    def _caller(
        self,
        kind: Kind,
        scopes: Iterable[str] | None,
        app_id: str,
        site_ids: Iterable[str] | None = None,
    ) -> Caller:
        sites = frozenset({self._site_id} if site_ids is None else site_ids)
        return Caller(kind, _named(scopes), sites, app_id)

    def _token(self, caller: Caller, instance_id: str) -> str:
        token = f"OauthNG.SANDBOX.{self._new('token').replace('-', '')}"
        with self._lock:
            self._tokens[token] = _Token(caller, instance_id, time.monotonic() + TOKEN_SECONDS)
        return token

    def _new(self, what: str) -> str:
        """Make a GUID that is the same in each run, for the same caller made in the same turn."""
        with self._lock:
            self._made += 1
            text = f"{self._seed}/{what}/{self._made}"
        digest = hashlib.sha256(text.encode()).hexdigest()
        return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"


def _named(scopes: Iterable[str] | None) -> frozenset[str]:
    if scopes is None:
        return frozenset(SCOPES)
    if isinstance(scopes, str):
        scopes = (scopes,)
    by_id = {scope_id: name for name, scope_id in SCOPES.items()}
    names = [by_id.get(scope, scope) for scope in scopes]
    for name in names:
        if name not in SCOPES:
            message = f"there is no scope {name!r}; those known are {', '.join(SCOPES)}"
            raise ValueError(message)
    return frozenset(names)


def _text(body: Mapping[str, Json], *names: str) -> str:
    for name in names:
        if isinstance(value := body.get(name), str) and value:
            return value
    raise application(400, "INVALID_ARGUMENT", f"{names[0]} must be given")


def _answer(token: str) -> dict[str, Json]:
    return {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}
