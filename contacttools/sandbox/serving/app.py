"""App: the routes of the service, authentication, and the way from a request to `Service`.

No rule lives here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from contacttools.sandbox import door
from contacttools.sandbox.asking import query
from contacttools.sandbox.problems import (
    Json,
    Problem,
    application,
    bare,
    forbidden,
    invalid,
    not_emulated,
    too_large,
    unauthenticated,
)
from contacttools.sandbox.serving.wire import Faulty, RequestIds
from contacttools.sandbox.store import dumps

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp

    from contacttools.sandbox.operations.contacts import Service
    from contacttools.sandbox.serving.faults import Faults

Endpoint: TypeAlias = Callable[["Request"], Awaitable[Response]]
Operation: TypeAlias = Callable[["Service", "Request", dict[str, Json]], str]

_CONTACTS = "/contacts/v4/contacts"
_BULK = "/contacts/v4/bulk"
_LABELS = "/contacts/v4/labels"
_FIELDS = "/contacts/v4/extended-fields"

_MOST_DRAINED = 16 * door.MAX_BYTES


def build(service: Service, faults: Faults, *, api_key: str, site_id: str) -> ASGIApp:
    """Make the application that answers for one site.

    Parameters
    ----------
    service
        The operations.
    faults
        The script of what goes wrong.
    api_key, site_id
        What a caller must send.

    Returns
    -------
    callable
        An ASGI application for `wire.Connection`.
    """

    def route(method: str, path: str, operation: Operation) -> Route:
        async def endpoint(request: Request) -> Response:
            _authenticate(request, api_key, site_id)
            body = door.read(await _body(request))
            return _json(200, await run_in_threadpool(operation, service, request, body))

        return Route(path, endpoint, methods=[method])

    routes = [route(*entry) for entry in _EMULATED]
    routes += [route(method, path, _refusal(name)) for method, path, name in _KNOWN]
    # The paths with an id in the last place come last: `query` and `facets` must not be taken for
    # one.
    routes += [route(*entry) for entry in _BY_ID]
    handlers = {Problem: _problem, HTTPException: _unrouted, Exception: _broken}
    app = Starlette(routes=routes, exception_handlers=handlers)  # type: ignore[arg-type]
    app.router.redirect_slashes = False
    return RequestIds(Faulty(app, faults))


def _get(service: Service, request: Request, _: dict[str, Json]) -> str:
    return service.get(request.path_params["id"], query.members(*_projection(request)))


def _list(service: Service, request: Request, _: dict[str, Json]) -> str:
    fields, fieldsets = _projection(request)
    return service.query(
        {"query": {**_parameters(request), "fields": fields, "fieldsets": fieldsets}}
    )


def _query(service: Service, _: Request, body: dict[str, Json]) -> str:
    return service.query(body)


def _create(service: Service, _: Request, body: dict[str, Json]) -> str:
    return service.create(body)


def _update(service: Service, request: Request, body: dict[str, Json]) -> str:
    return service.update(request.path_params["id"], body)


def _list_labels(service: Service, request: Request, _: dict[str, Json]) -> str:
    return service.labels(_parameters(request))


def _list_fields(service: Service, request: Request, _: dict[str, Json]) -> str:
    return service.fields(_parameters(request))


def _refusal(name: str) -> Operation:
    def refuse(_service: Service, _request: Request, _body: dict[str, Json]) -> str:
        raise not_emulated(name)

    return refuse


_EMULATED: list[tuple[str, str, Operation]] = [
    ("GET", _CONTACTS, _list),
    ("POST", _CONTACTS, _create),
    ("POST", f"{_CONTACTS}/query", _query),
    ("GET", _LABELS, _list_labels),
    ("GET", _FIELDS, _list_fields),
]

_KNOWN = [
    ("GET", f"{_CONTACTS}/facets", "List Facets"),
    ("POST", f"{_CONTACTS}/facets/query", "Query Facets"),
    ("POST", f"{_CONTACTS}/{{id}}/labels", "Label Contact"),
    ("DELETE", f"{_CONTACTS}/{{id}}/labels", "Unlabel Contact"),
    ("POST", f"{_CONTACTS}/{{id}}/merge", "Merge Contacts"),
    ("POST", f"{_CONTACTS}/{{id}}/preview-merge", "Preview Merge Contacts"),
    ("POST", f"{_BULK}/contacts/update", "Bulk Update Contacts"),
    ("POST", f"{_BULK}/contacts/add-remove-labels", "Bulk Label and Unlabel Contacts"),
    ("POST", f"{_BULK}/contacts/delete", "Bulk Delete Contacts"),
    ("GET", f"{_BULK}/jobs", "List Bulk Jobs"),
    ("GET", f"{_BULK}/jobs/{{id}}", "Get Bulk Job"),
    ("GET", f"{_BULK}/contact/jobs/{{id}}", "Get Bulk Job"),
    ("POST", _LABELS, "Find or Create Label"),
    ("POST", f"{_LABELS}/query", "Query Labels"),
    ("GET", f"{_LABELS}/{{key}}", "Get Label"),
    ("PATCH", f"{_LABELS}/{{key}}", "Rename Label"),
    ("DELETE", f"{_LABELS}/{{key}}", "Delete Label"),
    ("POST", _FIELDS, "Find or Create Extended Field"),
    ("POST", f"{_FIELDS}/query", "Query Extended Fields"),
    ("GET", f"{_FIELDS}/{{key}}", "Get Extended Field"),
    ("PATCH", f"{_FIELDS}/{{key}}", "Rename Extended Field"),
    ("DELETE", f"{_FIELDS}/{{key}}", "Delete Extended Field"),
    ("POST", "/oauth2/token", "Create Access Token"),
]
"""Operations that the service documents and the sandbox does not have."""

_BY_ID: list[tuple[str, str, Operation]] = [
    ("GET", f"{_CONTACTS}/{{id}}", _get),
    ("PATCH", f"{_CONTACTS}/{{id}}", _update),
    ("DELETE", f"{_CONTACTS}/{{id}}", _refusal("Delete Contact")),
]


def _authenticate(request: Request, api_key: str, site_id: str) -> None:
    sent = request.headers.get("authorization", "")
    if sent.removeprefix("Bearer ") != api_key:
        raise unauthenticated()
    if request.headers.get("wix-site-id") != site_id:
        raise forbidden()


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


def _projection(request: Request) -> tuple[list[str], list[str]]:
    """Give `fields` and `fieldsets` of a query string: repeated, or separated by commas."""
    fields, fieldsets = (
        [name for text in request.query_params.getlist(key) for name in text.split(",") if name]
        for key in ("fields", "fieldsets")
    )
    return fields, fieldsets


def _parameters(request: Request) -> dict[str, Json]:
    """Give a query string the shape of a body: ``paging.limit`` is a member of ``paging``."""
    found: dict[str, Json] = {}
    for name, text in request.query_params.items():
        head, _, tail = name.partition(".")
        if head == "paging" and tail:
            found.setdefault(head, {})[tail] = _number(name, text)
        elif head == "sort" and tail:
            found.setdefault(head, {})[tail] = text
        elif head not in {"paging", "sort", "filter"}:
            found[name] = text
    return found


def _number(name: str, text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
        raise invalid(name, "is not an integer", "TYPE", type="INTEGER")
    return int(text)


def _json(status: int, text: str) -> Response:
    return Response(text.encode(), status, media_type="application/json")


async def _problem(_: Request, problem: Problem) -> Response:
    return _json(problem.status, dumps(problem.body))


async def _unrouted(_: Request, error: HTTPException) -> Response:
    problem = application(error.status_code, "NOT_FOUND", "There is no such operation.")
    return _json(problem.status, dumps(problem.body))


async def _broken(_: Request, _error: Exception) -> Response:
    return _json(500, dumps(bare(500).body))
