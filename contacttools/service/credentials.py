"""Credentials: who we are to the service: an API key, or an app and its short-lived token.

They sign requests of the HTTP client and send none themselves. A secret is held in a closure
only: no attribute, repr, pickle or traceback of ours shows it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator
from typing import Never, Protocol

import httpx

from contacttools.contact.wire import NeverSent, Refused
from contacttools.service import calls

TOKEN = calls.Request("POST", "/oauth2/token")
_MARGIN = 60.0  # seconds before its end from which a token is no longer used

#: Sends a request for a token, signed as given: status and body, or why there is no answer.
Trade = Callable[[httpx.Auth], tuple[int, bytes] | NeverSent]


class Credentials(Protocol):
    """What transport needs of whoever asks."""

    advice: str

    def signer(
        self, trade: Trade, now: float, refused: httpx.Auth | None = None, /
    ) -> httpx.Auth | NeverSent | Refused:
        """Return what signs the next request, or why there is nothing to sign it with.

        `refused` was answered 401; when it comes back, there is nothing better.
        """
        ...


class _Secret(httpx.Auth):
    """Signs requests, and keeps what it signs with out of everything else."""

    shown = ""

    def __init__(self, sign: Callable[[httpx.Request], httpx.Request]) -> None:
        self._sign = sign  # not an attribute that holds the secret, which a dump would show

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign one request."""
        yield self._sign(request)

    def __repr__(self) -> str:
        return f"<{self.shown}>"

    def __reduce__(self) -> Never:
        why = f"an {self.shown} is not written to disk; connect again instead"
        raise TypeError(why)


class Key(_Secret):
    """An API key, or a token that somebody else looks after: sent with each request as it is.

    Parameters
    ----------
    api_key : str
    site_id : str or None
        None where the key itself says which site is meant.
    advice : str, optional
        What to check when it is refused; ``{right}`` stands for the scope that a call needs.
    """

    shown = "api key"

    def __init__(
        self,
        api_key: str,
        site_id: str | None,
        advice: str = "check the key, its rights ({right}) and the site id",
    ) -> None:
        def sign(request: httpx.Request) -> httpx.Request:
            request.headers["Authorization"] = api_key
            if site_id is not None:
                request.headers["wix-site-id"] = site_id
            return request

        super().__init__(sign)
        self.advice = advice

    def signer(self, *_: object) -> httpx.Auth:
        """Return itself: a key does not end, and there is no better one."""
        return self


class _Token(Key):
    """An access token, good until a moment of the clock that it was asked for by."""

    shown = "access token"

    def __init__(self, token: str, site_id: str | None, until: float) -> None:
        super().__init__(token, site_id)
        self.until = until


class App(_Secret):
    """An app's OAuth client credentials: traded for access tokens, one at a time, in memory.

    Parameters
    ----------
    app_id, app_secret, instance_id : str
        The OAuth client id and secret, and the app's installation on the site.
    site_id : str or None
        Sent along when given; the instance says which site is meant.
    """

    shown = "app secret"
    advice = "check that the app is installed on the site and was granted {right}"

    def __init__(self, app_id: str, app_secret: str, instance_id: str, site_id: str | None) -> None:
        def sign(request: httpx.Request) -> httpx.Request:
            grant = {
                "grant_type": "client_credentials",
                "client_id": app_id,
                "client_secret": app_secret,
                "instance_id": instance_id,
            }
            headers = request.headers.copy()
            headers.pop("Content-Length", None)  # of the empty request that this one replaces
            return httpx.Request(
                request.method,
                request.url,
                headers=headers,
                json=grant,
                extensions=request.extensions,
            )

        super().__init__(sign)
        self._site_id = site_id
        self._lock = threading.Lock()
        self._token: _Token | None = None

    def signer(
        self, trade: Trade, now: float, refused: httpx.Auth | None = None, /
    ) -> httpx.Auth | NeverSent | Refused:
        """Return the token in hand, or a new one when it is about to end or was refused.

        Whoever comes meanwhile waits for that one request and shares its token.
        """
        with self._lock:
            if self._token is None or self._token is refused or now >= self._token.until:
                self._token = None
                made = self._made(trade, now)
                if not isinstance(made, _Token):
                    return made
                self._token = made
            return self._token

    def _made(self, trade: Trade, now: float) -> _Token | NeverSent | Refused:
        match trade(self):
            case (200, body):
                return self._read(body, now)
            case (status, _) if status == 429 or (status >= 500 and status != 501):
                return NeverSent(f"no access token for the app (HTTP {status})")
            case (status, _):
                why = (
                    f"no access token for the app (HTTP {status}): check app_id=, app_secret= "
                    "and instance_id="
                )
                return Refused(401, "TOKEN_REFUSED", why)
            case NeverSent(why):
                return NeverSent(f"no access token for the app: {why}")

    def _read(self, body: bytes, now: float) -> _Token | NeverSent:
        try:
            answer = json.loads(body)
            token, seconds = answer["access_token"], answer.get("expires_in")
            sound = isinstance(token, str) and is_sound(token)
        except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
            sound = False
        if not sound:
            return NeverSent("no access token for the app: the answer makes no sense")
        until = float("inf")  # unsaid: until a 401 says so
        if type(seconds) in (int, float) and 0 < seconds < 2**53:
            until = now + max(seconds - _MARGIN, seconds / 2)
        return _Token(token, self._site_id, until)


def is_sound(secret: str) -> bool:
    """Say whether a text can be sent in a header as it is."""
    return bool(secret) and secret.isascii() and secret.isprintable()
