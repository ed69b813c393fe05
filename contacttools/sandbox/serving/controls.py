"""Controls: the strings behind the scene, for whoever tests against a sandbox process.

No part of the service: paths below ``/_sandbox``, for the first API key alone.

===================================================  ===============================================
``GET /_sandbox/members``                            ``{"members": {memberId: contactId}}``
``PUT /_sandbox/members/{id}/login-email``           body ``{"email"}``; gives ``{"contact"}``
``PUT /_sandbox/contacts/{id}/deletion``             body ``{"code"}``; deleting answers it
``GET /_sandbox/events``                             ``{"events": [...]}``: the change feed
``POST /_sandbox/callers``                           body ``{"kind", "scopes"?}``; a key, a token
``POST /_sandbox/faults``                            body ``{"fault"}``, as the command line has it
``DELETE /_sandbox/faults``                          nothing goes wrong any more
===================================================  ===============================================
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from starlette.responses import Response
from starlette.routing import Mount, Route

from contacttools.sandbox import door
from contacttools.sandbox.operations import deleting, others
from contacttools.sandbox.problems import Json, application, invalid, unauthenticated
from contacttools.sandbox.serving.faults import written
from contacttools.sandbox.store import dumps

if TYPE_CHECKING:
    from starlette.requests import Request

    from contacttools.sandbox.callers import Callers
    from contacttools.sandbox.operations.desk import Desk
    from contacttools.sandbox.serving.faults import Faults

Endpoint: TypeAlias = "Callable[[Request], Awaitable[Response]]"
Path: TypeAlias = Mapping[str, str]
Body: TypeAlias = Mapping[str, Json]
Handler: TypeAlias = Callable[[Path, Body], Json]


class Controls:
    """What the strings are tied to; the parameters are those of `app.build`."""

    def __init__(self, desk: Desk, callers: Callers, faults: Faults) -> None:
        self._desk = desk
        self._callers = callers
        self._faults = faults

    def members(self, _path: Path, _body: Body) -> Json:
        """Give the contact of each member."""
        return {"members": others.members(self._desk)}

    def login_email(self, path: Path, body: Body) -> Json:
        """Change the e-mail that a member logs in with."""
        if not isinstance(email := body.get("email"), str):
            raise invalid("email", "is not a string", "TYPE", type="STRING")
        try:
            return {"contact": others.change_login_email(self._desk, path["id"], email)}
        except LookupError as error:
            raise application(404, "MEMBER_NOT_FOUND", str(error.args[0])) from None

    def deletion(self, path: Path, body: Body) -> Json:
        """Let deleting a contact be answered with a code, or with none."""
        with _named("code"):
            deleting.forbid(self._desk, path["id"], body["code"])
        return {}

    def events(self, _path: Path, _body: Body) -> Json:
        """Give the change feed."""
        return {"events": [event.payload() for event in self._desk.store.events()]}

    def caller(self, _path: Path, body: Body) -> Json:
        """Make a caller, and give what they prove themselves with."""
        scopes = {"scopes": body["scopes"]} if "scopes" in body else {}
        with _named("kind or scopes"):
            match body["kind"]:
                case "api_key":
                    return {"api_key": self._callers.api_key(**scopes)}
                case "app":
                    app = self._callers.app(**scopes)
                    names = ("app_id", "app_secret", "instance_id")
                    return {name: getattr(app, name) for name in names}
                case "member":
                    return {"token": self._callers.member(**scopes)}
                case "visitor":
                    return {"token": self._callers.visitor(**scopes)}
                case other:
                    raise ValueError(other)

    def add_fault(self, _path: Path, body: Body) -> Json:
        """Let something go wrong."""
        with _named("fault"):
            self._faults.add(**written(body["fault"]))
        return {}

    def clear_faults(self, _path: Path, _body: Body) -> Json:
        """Let nothing go wrong any more."""
        self._faults.clear()
        return {}


def build(controls: Controls, api_key: str) -> Mount:
    """Make the routes; the key opens them."""

    def route(method: str, path: str, handler: Handler) -> Route:
        async def endpoint(request: Request) -> Response:
            if request.headers.get("authorization") != api_key:
                raise unauthenticated()
            answer = handler(request.path_params, door.read(await request.body()))
            return Response(dumps(answer).encode(), media_type="application/json")

        return Route(path, endpoint, methods=[method])

    return Mount(
        "/_sandbox",
        routes=[
            route("GET", "/members", controls.members),
            route("PUT", "/members/{id}/login-email", controls.login_email),
            route("PUT", "/contacts/{id}/deletion", controls.deletion),
            route("GET", "/events", controls.events),
            route("POST", "/callers", controls.caller),
            route("POST", "/faults", controls.add_fault),
            route("DELETE", "/faults", controls.clear_faults),
        ],
    )


@contextmanager
def _named(member: str) -> Iterator[None]:
    """Answer 400 for a value that the sandbox itself cannot use."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise invalid(member, f"is missing or unknown ({error})", "CUSTOM") from None
