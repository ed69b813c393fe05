"""App: the way of a request to its operation and of the answer back. No rule lives here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.routing import Route as Mounted

from contacttools.sandbox import door
from contacttools.sandbox.operations import others, tokens
from contacttools.sandbox.operations.desk import Call, Desk
from contacttools.sandbox.problems import (
    Json,
    Problem,
    application,
    bare,
    not_emulated,
    too_large,
)
from contacttools.sandbox.serving import controls, openapi
from contacttools.sandbox.serving.routes import ELSEWHERE, ROUTES, Route
from contacttools.sandbox.serving.wire import STALE, Faulty, RequestIds
from contacttools.sandbox.store import dumps

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp

    from contacttools.sandbox.callers import Callers
    from contacttools.sandbox.serving.faults import Faults
    from contacttools.sandbox.serving.limits import RateLimit
    from contacttools.sandbox.settings import Settings

Endpoint: TypeAlias = "Callable[[Request], Awaitable[Response]]"

_MOST_DRAINED = 16 * door.MAX_BYTES


def build(desk: Desk, callers: Callers, faults: Faults, limit: RateLimit, api_key: str) -> ASGIApp:
    """Make the application that answers for one site.

    Parameters
    ----------
    desk
        The site at work.
    callers
        Who may ask.
    faults
        The script of what goes wrong.
    limit
        How many requests a minute are taken.
    api_key
        Opens the controls.

    Returns
    -------
    callable
        An ASGI application for `wire.Connection`.
    """
    endpoints: dict[str, dict[str, Endpoint]] = {}
    for route in ROUTES:
        endpoint = _endpoint(desk, callers, limit, route)
        endpoints.setdefault(route.path, {})[route.method] = endpoint
    for path, answer in _TOKENS.items():
        endpoints[path] = {"POST": _token_endpoint(callers, answer)}
    for method, path, name in ELSEWHERE:
        endpoints.setdefault(path, {})[method] = _elsewhere(name)
    mounted: list[BaseRoute] = [
        Mounted(path, _chosen(methods), methods=[*methods]) for path, methods in endpoints.items()
    ]
    # Inside the service's own domains all of it stands below a prefix as well.
    mounted.append(Mount("/_api", routes=list(mounted)))
    mounted.append(Mounted("/openapi.json", _openapi, methods=["GET"]))
    mounted.append(controls.build(controls.Controls(desk, callers, faults), api_key))
    handlers = {Problem: _answered(desk.settings), HTTPException: _unrouted, Exception: _broken}
    app = Starlette(routes=mounted, exception_handlers=handlers)  # type: ignore[arg-type]
    app.router.redirect_slashes = False
    faulty = Faulty(app, faults, lambda contact_id: others.edit(desk, contact_id))
    return RequestIds(faulty) if desk.settings.request_ids else faulty


def _chosen(methods: Mapping[str, Endpoint]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        if b"%2f" in request.scope["raw_path"].lower():  # no id has a slash: decoded, it misleads
            raise HTTPException(404)
        return await methods["GET" if request.method == "HEAD" else request.method](request)

    return endpoint


def _endpoint(desk: Desk, callers: Callers, limit: RateLimit, route: Route) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        headers = request.headers
        caller = callers.known(headers.get("authorization"), headers.get("wix-site-id"))
        limit.take(caller.app_id)
        if not caller.may(route.permission):
            raise bare(desk.settings.missing_scope_status)
        call = Call(
            caller,
            request.path_params,
            {name: request.query_params.getlist(name) for name in request.query_params},
            door.read(await _body(request)),
            stale=request.scope.get(STALE, False),
        )
        return _json(200, await run_in_threadpool(route.operation, desk, call))

    return endpoint


def _token_endpoint(
    callers: Callers, answer: Callable[[Callers, Mapping[str, Json]], str]
) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return _json(200, answer(callers, door.read(await _body(request))))

    return endpoint


def _elsewhere(name: str) -> Endpoint:
    async def endpoint(_: Request) -> Response:
        raise not_emulated(name)

    return endpoint


async def _openapi(_: Request) -> Response:
    return _json(200, dumps(openapi.document()))


_TOKENS = {"/oauth2/token": tokens.create, "/oauth2/token-info": tokens.info}


async def _body(request: Request) -> bytes:
    """Read the body of a request.

    One that is too large is read on but not kept, since else the client could not hear the answer.
    """
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size <= door.MAX_BYTES:
            parts.append(part)
        elif size > _MOST_DRAINED:
            break
    if size > door.MAX_BYTES:
        raise too_large(door.MAX_BYTES)
    return b"".join(parts)


def _json(status: int, text: str) -> Response:
    return Response(text.encode(), status, media_type="application/json")


def _answered(settings: Settings) -> Callable[[Request, Problem], Awaitable[Response]]:
    async def answer(_: Request, problem: Problem) -> Response:
        if problem.status in {401, 403, 429} and settings.refusal_body == "empty":
            return Response(status_code=problem.status)
        if problem.status in {401, 403, 429} and settings.refusal_body == "html":
            page = f"<html><body><h1>{problem.status}</h1></body></html>"
            return Response(page, problem.status, media_type="text/html")
        return _json(problem.status, dumps(problem.body))

    return answer


async def _unrouted(_: Request, error: HTTPException) -> Response:
    problem = application(error.status_code, "NOT_FOUND", "There is no such operation.")
    answer = _json(problem.status, dumps(problem.body))
    answer.headers.update(error.headers or {})
    return answer


async def _broken(_: Request, _error: Exception) -> Response:
    return _json(500, dumps(bare(500).body))
