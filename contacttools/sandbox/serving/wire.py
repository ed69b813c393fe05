"""Wire: the ASGI layers around the routes: request ids, and the faults of the script.

Touches the connection, not the data.

ASGI has no way to close a connection without an answer: an application that returns early makes
uvicorn answer 500. So `Connection` puts the transport of each request within reach, and a dropped
request closes it and waits until it is closed.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from uvicorn.protocols.http.h11_impl import H11Protocol

from contacttools.sandbox.problems import bare
from contacttools.sandbox.store import dumps

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from contacttools.sandbox.serving.faults import Fault, Faults

_TRANSPORT = "contacttools.sandbox.transport"
STALE = "contacttools.sandbox.stale"
"""In the scope of a request that is to be answered as a replica that lags behind would."""


class Connection(H11Protocol):
    """uvicorn's HTTP/1.1 protocol, with the transport in the scope of every request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(transport)
        handled = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope[_TRANSPORT] = transport
            await cast("ASGIApp", handled)(scope, receive, send)

        self.app = app


class RequestIds:
    """Adds ``x-wix-request-id`` to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""

        async def numbered(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-wix-request-id", str(uuid.uuid4()).encode()),
                ]
            await send(message)

        await self._app(scope, receive, numbered)


class Faulty:
    """Lets the faults of a script happen to requests."""

    def __init__(self, app: ASGIApp, faults: Faults, colleague: Callable[[str], object]) -> None:
        self._app = app
        self._faults = faults
        self._colleague = colleague

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        taken = self._faults.take(scope["method"], scope["path"])
        for fault in taken:
            scope[STALE] = scope.get(STALE, False) or fault.kind == "stale"
            if fault.kind == "colleague":
                await run_in_threadpool(self._colleague, _contact_of(scope))
            if not await _before(fault):
                await _close(scope, receive)
                return
        send = _late(send, sum(fault.seconds for fault in taken if fault.apply))
        await self._answer(taken[-1] if taken else None, scope, receive, send)

    async def _answer(
        self, fault: Fault | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if fault is None or not fault.answers:
            await self._app(scope, receive, send)
            return
        start, body = None, b""
        if fault.apply or fault.kind in {"drop_after", "truncate"}:
            start, body = await self._applied(scope, receive)
        if fault.kind == "status":
            await _error(fault)(scope, receive, send)
            return
        if fault.kind == "truncate" and start is not None:
            half = {"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True}
            await send(start)
            await send(half)
        await _close(scope, receive)

    async def _applied(self, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
        """Let the request be carried out, and keep its answer from the client."""
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, keep)
        return messages[0], b"".join(message.get("body", b"") for message in messages[1:])


def _contact_of(scope: Scope) -> str:
    """Give the part of a path where a contact's id would be, empty if there is none."""
    parts = scope["path"].removeprefix("/_api").split("/")
    return parts[4] if parts[1:4] == ["contacts", "v4", "contacts"] and len(parts) > 4 else ""


async def _before(fault: Fault) -> bool:
    """Do what a fault does before its request is handled; tell whether it still may be."""
    if fault.kind == "delay" and not fault.apply:
        await asyncio.sleep(fault.seconds)
    if fault.kind == "before" and fault.call is not None:
        try:
            await run_in_threadpool(fault.call)
        except Exception:  # noqa: BLE001 - whatever a test's function raises
            return False
    return True


def _late(send: Send, seconds: float) -> Send:
    if not seconds:
        return send

    async def late(message: Message) -> None:
        if message["type"] == "http.response.start":
            await asyncio.sleep(seconds)
        await send(message)

    return late


def _error(fault: Fault) -> Response:
    body = fault.body if fault.body is not None else dumps(bare(fault.status).body).encode()
    headers = {
        "content-type": "application/json",
        **{key.lower(): value for key, value in fault.headers.items()},
    }
    return Response(body, fault.status, headers)


async def _close(scope: Scope, receive: Receive) -> None:
    """Close the connection and return when it is closed: uvicorn then no longer wants an answer."""
    scope[_TRANSPORT].close()
    while (await receive())["type"] != "http.disconnect":
        pass
