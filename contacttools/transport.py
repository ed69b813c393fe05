"""Transport: the one place that speaks HTTP: a client with its key, its pace and its limits.

It sends what it is given and says what came back, or that nothing did. Reads are sent again
where that can help; writes never, that is for the rules of a commit to decide.
"""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Never, TypeVar

import httpx

from contacttools import pacing, wire
from contacttools.errors import ApiError, AuthError, BadValue, StaleRevision, Unreachable
from contacttools.fields import Json
from contacttools.render import visible
from contacttools.wire import Answer, Lost, NeverSent, Request

T = TypeVar("T")

_TIMEOUT = httpx.Timeout(connect=5, write=10, read=30, pool=10)
_ATTEMPT = 40.0  # seconds for one whole call: httpx's own limits are per socket operation
_LARGEST = 64 * 2**20  # bytes of one answer after decompression
_READS = 5  # times a read is sent before we give up

# Raised before a byte of the request has left.
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Key(httpx.Auth):
    """Adds the credentials to each request, and keeps them out of everything else."""

    __slots__ = ("_sign",)

    def __init__(self, api_key: str, site_id: str) -> None:
        def sign(headers: httpx.Headers) -> None:
            headers["Authorization"] = api_key
            headers["wix-site-id"] = site_id

        self._sign = sign  # not an attribute that holds the key, which a dump would show

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign one request."""
        self._sign(request.headers)
        yield request

    def __repr__(self) -> str:
        return "<api key>"

    def __reduce__(self) -> Never:
        why = "an api key is not written to disk; connect again instead"
        raise TypeError(why)


@dataclass(frozen=True, slots=True)
class _Reply:
    """An answer, whatever it says."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Unusable:
    """An answer that we would not take to its end; asking again brings the same."""

    why: str


def sound_url(text: str) -> str:
    """Return an address that a key may be sent to, or raise BadValue."""
    try:
        url = httpx.URL(text)
        host, port = url.host, url.port or 0
    except (httpx.InvalidURL, TypeError, ValueError):
        why = f"{visible(text)!r:.80} is not an address"
        raise BadValue(why) from None
    if url.userinfo or url.query or url.fragment or not host or not 0 <= port < 2**16:
        why = "an address is a scheme, a host and perhaps a port and a path, nothing else"
        raise BadValue(why)
    loopback = host in {"127.0.0.1", "localhost", "::1"}
    if url.scheme != "https" and not (url.scheme == "http" and loopback):
        why = f"{visible(text)}: a key is sent over https only, or over http on this machine"
        raise BadValue(why)
    return str(url).rstrip("/?#")


class Transport:
    """Sends requests to one site, each in its turn.

    Parameters
    ----------
    base_url : str
    key : Key
    pacer : Pacer
    through : httpx.BaseTransport, optional
        How requests travel; over the network when left out.
    """

    def __init__(
        self,
        base_url: str,
        key: Key,
        pacer: pacing.Pacer,
        *,
        through: httpx.BaseTransport | None = None,
    ) -> None:
        self.base_url = base_url
        self.pacer = pacer
        self._client = httpx.Client(
            base_url=base_url,
            auth=key,
            timeout=_TIMEOUT,
            follow_redirects=False,
            trust_env=False,
            transport=through,
        )
        self.close = weakref.finalize(self, self._client.close)  # also when nobody asks for it

    def tell(self, request: Request, stop: threading.Event | None = None) -> Answer:
        """Send a read or a write of one contact, once, and say what came of it.

        Raises
        ------
        Unreachable
            The service asks for more patience than we lend; it did nothing.
        """
        match self._send(request, stop):
            case _Reply(status, headers, body):
                self._heed(status, headers)
                return wire.answer(request.method, status, headers, body)
            case _Unusable(why):
                return Lost(why)
            case nothing:
                return nothing

    def write(self, request: Request) -> bytes:
        """Send a write once and return the body of its answer, or raise what became of it."""
        match self._send(request):
            case _Reply(200, headers, body):
                self._heed(200, headers)
                return body
            case _Reply(status, headers, body):
                self._heed(status, headers)
                raise error_of(status, headers, body, written=True)
            case NeverSent(why):
                why = f"{self.base_url}: {why}; nothing was sent"
                raise Unreachable(why)
            case Lost(why) | _Unusable(why):
                raise Unreachable(f"{why}; {_MAY_BE_MADE}")

    def read(self, request: Request, stop: threading.Event | None = None) -> bytes:
        """Send a read, again where that can help, and return the body of its answer."""
        for attempt in range(1, _READS + 1):
            match self._send(request, stop):
                case _Reply(200, headers, body):
                    self._heed(200, headers)
                    return body
                case _Reply(status, headers, body):
                    self._heed(status, headers)
                    error = error_of(status, headers, body)
                case _Unusable(why):
                    error = ApiError(f"{self.base_url}: {why}; ask for less")
                case NeverSent(why) | Lost(why):
                    error = Unreachable(f"{self.base_url}: {why}; check the network")
            stopped = stop is not None and stop.is_set()
            if not isinstance(error, Unreachable) or attempt == _READS or stopped:
                raise error
            self.pacer.clock.wait(pacing.backoff(attempt), stop or self.pacer.never)
        raise AssertionError  # the last attempt returned or raised

    def _heed(self, status: int, headers: Mapping[str, str]) -> None:
        patience = wire.retry_after(headers)
        if status == 429 or (status == 503 and patience is not None):
            self.pacer.slow_down(patience)
        elif status < 500:
            self.pacer.went_well()

    def _send(
        self, request: Request, stop: threading.Event | None = None
    ) -> _Reply | _Unusable | NeverSent | Lost:
        content = None if request.body is None else encoded(request.body)
        if not self.close.alive:
            return NeverSent("the connection was closed; connect again")
        if not self.pacer.slot(stop):
            return NeverSent("stopped before its turn")
        try:
            return self._sent(request, content)
        except _NEVER_SENT as error:
            return NeverSent(
                f"the service cannot be reached ({str(error) or type(error).__name__})"
            )
        except httpx.HTTPError as error:
            return Lost(f"no answer ({type(error).__name__})")
        except BaseException as error:  # noqa: BLE001 - passed on; the frames below hold the key among their locals
            error.__cause__ = error.__context__ = None
            raise error.with_traceback(None) from None

    def _sent(self, request: Request, content: bytes | None) -> _Reply | _Unusable:
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
                if len(body) > _LARGEST:
                    return _Unusable(f"an answer of more than {_LARGEST // 2**20} MB")
                if self.pacer.clock.monotonic() > deadline:
                    return _Unusable(f"an answer that takes more than {_ATTEMPT:.0f} s")
            return _Reply(response.status_code, response.headers, bytes(body))


def encoded(body: Json) -> bytes:
    """Return a request body as it travels, or raise BadValue for what JSON cannot say."""
    try:
        return json.dumps(body, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        why = f"this cannot be sent as JSON ({error}); use text, numbers, lists and None"
        raise BadValue(why) from None


_MAY_BE_MADE = "the update may have been made: read the contact before trying again"


def error_of(
    status: int, headers: Mapping[str, str], body: bytes, *, written: bool = False
) -> ApiError:
    """Return the exception for an error answer, to a read or a write, with the next step."""
    said = wire.refusal(status, headers, body)
    kind: type[ApiError] = ApiError
    hint = _HINTS.get(said.code, "")
    if said.code.startswith(("UNSUPPORTED_FILTER", "MALFORMED_FILTER")):
        hint = 'a filter is a dict by column name, such as {"company": {"$exists": True}}'
    if status in (401, 403):
        kind = AuthError
        hint = "check the key, its rights (Read/Manage Contacts) and the site id"
    elif said.code == "CONTACT_ALREADY_CHANGED":
        kind = StaleRevision
    elif status in (429, 503):
        kind = Unreachable
        hint = "the service has no capacity now, try again later"
    elif status >= 500 and status != 501:
        kind = Unreachable
        hint = _MAY_BE_MADE if written else "try again later"
    message = f"{said.code}: {visible(said.message)}{'; ' if hint else ''}{hint}"
    return kind(
        message, status=status, code=said.code, data=dict(said.data), request_id=said.request_id
    )


_HINTS = {
    "CONTACT_ALREADY_CHANGED": "get the contact again, look at what changed, then decide",
    "CONTACT_NOT_FOUND": "a member's id is not a contact's id",
    "CANNOT_UPDATE_MEMBER_EMAIL": "change the member's login e-mail in the Members API, "
    "the contact follows",
}


def believed(read: Callable[[bytes], T], body: bytes) -> T:
    """Read the body of an answer, or raise ApiError when it makes no sense."""
    try:
        return read(body)
    except ValueError as error:
        why = f"the service's answer makes no sense: {error}"
        raise ApiError(why, status=200) from None
