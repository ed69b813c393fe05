"""Transport: the one place that speaks HTTP: a client with its key, its pace and its limits.

It sends what it is given and says what came back, or that nothing did. Reads are sent again
where that can help; writes never, that is for the rules of a commit to decide.
"""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Callable, Generator, Mapping
from typing import Never, TypeVar

import httpx
import stamina

from contacttools import pacing, wire
from contacttools.errors import ApiError, AuthError, BadValue, StaleRevision, Unreachable
from contacttools.fields import Json
from contacttools.render import visible
from contacttools.wire import Answer, Lost, NeverSent, Request

T = TypeVar("T")

_TIMEOUT = httpx.Timeout(connect=5, write=10, read=30, pool=10)
_ATTEMPT = 40.0  # seconds for one whole call: httpx's own limits are per socket operation
_LARGEST = 64 * 2**20  # bytes of one answer after decompression

# Raised before a byte of the request has left.
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Key(httpx.Auth):
    """Adds the credentials to each request, and keeps them out of everything else."""

    def __init__(self, api_key: str, site_id: str) -> None:
        self.__api_key = api_key
        self._site_id = site_id

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign one request."""
        request.headers["Authorization"] = self.__api_key
        request.headers["wix-site-id"] = self._site_id
        yield request

    def __repr__(self) -> str:
        return "<api key>"

    def __reduce__(self) -> Never:
        why = "an api key is not written to disk; connect again instead"
        raise TypeError(why)


class _TryAgain(Exception):
    """A read that may be sent again."""

    def __init__(self, error: Unreachable) -> None:
        super().__init__(str(error))
        self.error = error


def sound_url(text: str) -> str:
    """Return an address that a key may be sent to, or raise BadValue."""
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, TypeError):
        why = f"{visible(text)!r:.80} is not an address"
        raise BadValue(why) from None
    loopback = url.host in {"127.0.0.1", "localhost", "::1"}
    if url.scheme != "https" and not (url.scheme == "http" and loopback):
        why = f"{visible(text)}: a key is sent over https only, or over http on this machine"
        raise BadValue(why)
    if url.userinfo or url.query or url.fragment or not url.host:
        why = "an address is a scheme, a host and perhaps a port and a path, nothing else"
        raise BadValue(why)
    return str(url).rstrip("/")


class Transport:
    """Sends requests to one site, each in its turn.

    Parameters
    ----------
    base_url : str
    key : Key
    requests_per_minute : float or None
        None for no pacing.
    """

    def __init__(self, base_url: str, key: Key, requests_per_minute: float | None) -> None:
        self.base_url = base_url
        self.pacer = pacing.Pacer(requests_per_minute)
        self._client = httpx.Client(
            base_url=base_url, auth=key, timeout=_TIMEOUT, follow_redirects=False, trust_env=False
        )

        self.close = weakref.finalize(self, self._client.close)  # also when nobody asks for it

    def tell(self, request: Request, stop: threading.Event | None = None) -> Answer:
        """Send a read or a write of one contact, once, and say what came of it."""
        try:
            status, headers, body = self._send(request, stop)
        except _NEVER_SENT as error:
            return NeverSent(f"the service cannot be reached ({type(error).__name__})")
        except httpx.HTTPError as error:
            return Lost(f"no answer ({type(error).__name__})")
        answer = wire.answer(request.method, status, headers, body)
        self._heed(status, headers)
        return answer

    def write(self, request: Request) -> bytes:
        """Send a write once and return the body of its answer, or raise what became of it."""
        try:
            status, headers, body = self._send(request)
        except _NEVER_SENT as error:
            why = f"{self.base_url} cannot be reached ({type(error).__name__}); nothing was sent"
            raise Unreachable(why) from None
        except httpx.HTTPError as error:
            why = (
                f"no answer ({type(error).__name__}): the update may have been made; "
                "read the contact before trying again"
            )
            raise Unreachable(why) from None
        if status != 200:
            raise error_of(status, headers, body)
        return body

    def read(self, request: Request) -> bytes:
        """Send a read, again where that can help, and return the body of its answer."""
        try:
            for attempt in stamina.retry_context(
                on=_TryAgain, attempts=5, timeout=90, wait_initial=0.2, wait_max=10
            ):
                with attempt:
                    return self._read_once(request)
        except _TryAgain as last:
            raise last.error from None
        raise AssertionError  # retry_context either returns or raises

    def _read_once(self, request: Request) -> bytes:
        try:
            status, headers, body = self._send(request)
        except httpx.HTTPError as error:
            why = f"{self.base_url} does not answer ({type(error).__name__}); check the network"
            raise _TryAgain(Unreachable(why)) from None
        self._heed(status, headers)
        if status == 200:
            return body
        if status == 429 or (status >= 500 and status != 501):
            why = f"{self.base_url} has no capacity now (HTTP {status}); try again later"
            raise _TryAgain(Unreachable(why, status=status))
        raise error_of(status, headers, body)

    def _heed(self, status: int, headers: Mapping[str, str]) -> None:
        if status == 429:
            self.pacer.slow_down(wire.retry_after(headers))
        elif status < 500:
            self.pacer.went_well()

    def _send(
        self, request: Request, stop: threading.Event | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        content = None if request.body is None else encoded(request.body)
        self.pacer.slot(stop)
        deadline = self.pacer.clock.monotonic() + _ATTEMPT
        body = bytearray()
        with self._client.stream(
            request.method,
            request.path,
            params=httpx.QueryParams(request.params),
            content=content,
            headers={"Content-Type": "application/json"} if content is not None else None,
        ) as response:
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > _LARGEST or self.pacer.clock.monotonic() > deadline:
                    why = "the answer is too long, or takes too long"
                    raise httpx.ReadError(why)
            return response.status_code, response.headers, bytes(body)


def encoded(body: Json) -> bytes:
    """Return a request body as it travels, or raise BadValue for what JSON cannot say."""
    try:
        return json.dumps(body, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        why = f"this cannot be sent as JSON ({error}); use text, numbers, lists and None"
        raise BadValue(why) from None


def error_of(status: int, headers: Mapping[str, str], body: bytes) -> ApiError:
    """Return the exception for an error answer, with the next step."""
    said = wire.refusal(status, headers, body)
    kind: type[ApiError] = ApiError
    hint = ""
    if status in (401, 403):
        kind = AuthError
        hint = "; check the key, its rights (Read/Manage Contacts) and the site id"
    elif said.code == "CONTACT_ALREADY_CHANGED":
        kind = StaleRevision
        hint = "; get the contact again, look at what changed, then decide"
    elif said.code == "CONTACT_NOT_FOUND":
        hint = "; a member's id is not a contact's id"
    elif said.code == "CANNOT_UPDATE_MEMBER_EMAIL":
        hint = "; change the member's login e-mail in the Members API, the contact follows"
    elif status >= 500 and status != 501:
        kind = Unreachable
    message = f"{said.code}: {visible(said.message)}{hint}"
    return kind(
        message, status=status, code=said.code, data=dict(said.data), request_id=said.request_id
    )


def believed(read: Callable[[bytes], T], body: bytes) -> T:
    """Read the body of an answer, or raise ApiError when it makes no sense."""
    try:
        return read(body)
    except ValueError as error:
        why = f"the service's answer makes no sense: {error}"
        raise ApiError(why, status=200) from None
