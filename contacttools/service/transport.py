"""Transport: the one place that speaks HTTP: a client with its credentials, pace and limits.

It sends what it is given and says what came back, or that nothing did. Reads are sent again
where that can help; writes never, that is for the rules of a commit to decide. The one exception
is the answer 401 to a token that has ended: the call was not carried out, and it is sent once
more with a new token.
"""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import httpx

from contacttools.contact import wire
from contacttools.contact.fields import Json
from contacttools.contact.wire import Answer, Lost, NeverSent, Refused
from contacttools.errors import ApiError, AuthError, BadValue, Unreachable
from contacttools.planning.render import visible
from contacttools.service import pacing
from contacttools.service.calls import Request, Right
from contacttools.service.credentials import TOKEN, Credentials, is_sound
from contacttools.service.refusals import error_of, raised

T = TypeVar("T")

_TIMEOUT = httpx.Timeout(connect=5, write=10, read=30, pool=10)
_ATTEMPT = 40.0  # seconds for one whole call: httpx's own limits are per socket operation
_LARGEST = 64 * 2**20  # bytes of one answer after decompression
_READS = 5  # times a read is sent before we give up
_CONSISTENT = "X-Wix-Consistent"  # once an answer has it, every later request repeats it

# Raised before a byte of the request has left.
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


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
    credentials : Credentials
    pacer : Pacer
    through : httpx.BaseTransport, optional
        How requests travel; over the network when left out.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        pacer: pacing.Pacer,
        *,
        through: httpx.BaseTransport | None = None,
    ) -> None:
        self.base_url = base_url
        self.pacer = pacer
        self._credentials = credentials
        self._consistent: str | None = None
        self._client = httpx.Client(
            base_url=base_url,
            timeout=_TIMEOUT,
            follow_redirects=False,
            trust_env=False,
            transport=through,
        )
        self.close = weakref.finalize(self, self._client.close)  # also when nobody asks for it

    def advice(self, right: Right) -> str:
        """Return what to check when the service refuses the credentials."""
        return self._credentials.advice.format(right=right)

    def tell(self, request: Request, stop: threading.Event | None = None) -> Answer:
        """Send a read or a write of one contact, once, and say what came of it.

        Raises
        ------
        Unreachable
            The service asks for more patience than we lend. Its status is 429 when it did
            nothing, 503 when that is in doubt.
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
        try:
            answer = self._send(request)
        except KeyboardInterrupt:
            why = f"stopped; {request.doubt}"
            raise KeyboardInterrupt(why) from None
        match answer:
            case _Reply(200, headers, body):
                self._heed(200, headers)
                return body
            case _Reply(status, headers, body):
                self._heed(status, headers)
                advice = self.advice(request.right)
                raise error_of(request, status, headers, body, advice)
            case Refused() as refused:
                advice = self.advice(request.right)
                raise raised(AuthError, refused, f"{advice}; nothing was sent")
            case NeverSent(why):
                why = f"{self.base_url}: {why}; nothing was sent"
                raise Unreachable(why)
            case Lost(why) | _Unusable(why):
                raise Unreachable(f"{why}; {request.doubt}")

    def read(self, request: Request, stop: threading.Event | None = None) -> bytes:
        """Send a read, again where that can help, and return the body of its answer."""
        for attempt in range(1, _READS + 1):
            match self._send(request, stop):
                case _Reply(200, headers, body):
                    self._heed(200, headers)
                    return body
                case _Reply(status, headers, body):
                    self._heed(status, headers)
                    advice = self.advice(request.right)
                    error = error_of(request, status, headers, body, advice)
                case _Unusable(why):
                    error = ApiError(f"{self.base_url}: {why}; ask for less")
                case Refused() as refused:
                    advice = self.advice(request.right)
                    error = raised(AuthError, refused, f"{advice}; nothing was sent")
                case NeverSent(why) | Lost(why):
                    why = f"{self.base_url}: {why}; check the network, or try again later"
                    error = Unreachable(why)
            stopped = stop is not None and stop.is_set()
            if not isinstance(error, Unreachable) or attempt == _READS or stopped:
                raise error
            self.pacer.clock.wait(pacing.backoff(attempt), stop or self.pacer.never)
        raise AssertionError  # the last attempt returned or raised

    def _heed(self, status: int, headers: Mapping[str, str]) -> None:
        patience = wire.retry_after(headers)
        if status == 429 or (status == 503 and patience is not None):
            self.pacer.slow_down(patience, status)
        elif status < 500:
            self.pacer.went_well()

    def _send(
        self, request: Request, stop: threading.Event | None = None
    ) -> _Reply | _Unusable | NeverSent | Lost | Refused:
        content = None if request.body is None else encoded(request.body)
        try:
            return self._signed(request, content, stop)
        except BaseException as error:  # noqa: BLE001 - passed on; the frames below hold secrets among their locals
            error.__cause__ = error.__context__ = None
            raise error.with_traceback(None) from None

    def _signed(
        self, request: Request, content: bytes | None, stop: threading.Event | None
    ) -> _Reply | _Unusable | NeverSent | Lost | Refused:
        """Send a request with what signs it; once more when that was refused and is renewed."""

        def trade(grant: httpx.Auth) -> tuple[int, bytes] | NeverSent:
            match self._passed(TOKEN, None, grant, stop):
                case _Reply(status, headers, body):
                    self._heed(status, headers)
                    return status, body
                case NeverSent() as never:
                    return never
                case Lost(why) | _Unusable(why):
                    return NeverSent(why)

        clock = self.pacer.clock
        signer = self._credentials.signer(trade, clock.monotonic())
        if isinstance(signer, (NeverSent, Refused)):
            return signer
        reply = self._passed(request, content, signer, stop)
        if not (isinstance(reply, _Reply) and reply.status == 401):
            return reply
        better = self._credentials.signer(trade, clock.monotonic(), signer)
        if isinstance(better, (NeverSent, Refused)):
            return better
        return reply if better is signer else self._passed(request, content, better, stop)

    def _passed(
        self,
        request: Request,
        content: bytes | None,
        signer: httpx.Auth,
        stop: threading.Event | None,
    ) -> _Reply | _Unusable | NeverSent | Lost:
        """Send one request in its turn and say what came back."""
        if not self.close.alive:
            return NeverSent("the connection was closed; connect again")
        if not self.pacer.slot(stop):
            return NeverSent("stopped before its turn")
        try:
            return self._sent(request, content, signer)
        except _NEVER_SENT as error:
            return NeverSent(
                f"the service cannot be reached ({str(error) or type(error).__name__})"
            )
        except httpx.HTTPError as error:
            slow = isinstance(error, httpx.TimeoutException)
            return Lost(f"no answer ({type(error).__name__})", "slow" if slow else "lost")

    def _sent(
        self, request: Request, content: bytes | None, signer: httpx.Auth
    ) -> _Reply | _Unusable:
        deadline = self.pacer.clock.monotonic() + _ATTEMPT
        body = bytearray()
        headers = {} if content is None else {"Content-Type": "application/json"}
        if self._consistent is not None:
            headers[_CONSISTENT] = self._consistent
        with self._client.stream(
            request.method,
            request.path,
            params=httpx.QueryParams(request.params),
            content=content,
            headers=headers,
            auth=signer,
        ) as response:
            if is_sound(told := response.headers.get(_CONSISTENT, "")):
                self._consistent = told
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
    except (TypeError, ValueError, RecursionError):
        place, value = _unsayable(body)
        why = (
            f"{place or 'this'} cannot be sent as JSON, it is {value!r:.80}; "
            "use text, numbers, lists and None"
        )
        raise BadValue(why, field=place or None) from None


def _unsayable(value: Json, place: str = "") -> tuple[str, Json]:
    """Return the first thing that JSON cannot say, and where it stands."""
    inside: Iterable[tuple[object, Json]] = ()
    if isinstance(value, dict):
        inside = value.items()
    elif isinstance(value, (list, tuple)):
        inside = enumerate(value)
    for key, each in inside:
        try:
            json.dumps(each, allow_nan=False)
        except (TypeError, ValueError):
            return _unsayable(each, f"{place}.{key}" if place else str(key))
        except RecursionError:
            break
    return place, value


def believed(read: Callable[[bytes], T], body: bytes, doubt: str = "") -> T:
    """Read the body of an answer, or raise ApiError when it makes no sense.

    `doubt` is what to say of a write: it may have been made all the same.
    """
    try:
        return read(body)
    except ValueError as error:
        why = f"the service's answer makes no sense: {error}"
        if doubt:
            raise Unreachable(f"{why}; {doubt}", status=200) from None
        raise ApiError(why, status=200) from None
