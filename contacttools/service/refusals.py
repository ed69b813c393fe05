"""Refusals: an error answer as an exception that says what to do next. Pure: no network."""

from __future__ import annotations

from collections.abc import Mapping

from contacttools.contact import wire
from contacttools.contact.advice import ADVICE
from contacttools.contact.fields import Json
from contacttools.contact.wire import Refused
from contacttools.errors import ApiError, AuthError, StaleRevision, Unreachable
from contacttools.planning.render import visible
from contacttools.service.calls import EXTENDED_FIELDS, LABELS, Request

_DEFINITE = {400, 404, 409, 413, 422, 428}  # no write was made; any other status proves nothing


def error_of(
    request: Request, status: int, headers: Mapping[str, str], body: bytes, advice: str
) -> ApiError:
    """Return the exception for an error answer.

    Parameters
    ----------
    request : Request
        What was answered.
    status, headers, body
        The answer.
    advice : str
        What to check when the credentials are refused.
    """
    said = wire.refusal(status, headers, body)
    kind: type[ApiError] = ApiError
    hint = _hint(said, request)
    if status in (401, 403):
        kind, hint = AuthError, advice
    elif said.code == "CONTACT_ALREADY_CHANGED":
        kind = StaleRevision
    elif status in (429, 503):
        kind, hint = Unreachable, "the service has no capacity now, try again later"
        if status == 503 and request.doubt:  # from a proxy it proves nothing
            hint = f"the service has no capacity now; {request.doubt}"
    elif request.doubt and status not in _DEFINITE and not hint:
        kind, hint = Unreachable, request.doubt
    elif status >= 500 and not hint:
        kind, hint = Unreachable, "try again later"
    return raised(kind, said, hint)


def raised(kind: type[ApiError], said: Refused, hint: str) -> ApiError:
    """Return what the service said as an exception of a kind, with the next step."""
    words = visible(said.message)
    message = f"{said.code}: {words.removesuffix('.')}; {hint}" if hint else f"{said.code}: {words}"
    data: dict[str, Json] = dict(said.data)
    return kind(message, status=said.status, code=said.code, data=data, request_id=said.request_id)


def _hint(said: Refused, request: Request) -> str:
    other = said.data.get("duplicateContactId")
    if said.code == "DUPLICATE_CONTACT_EXISTS":
        named = f"the other contact is {visible(other)}; " if isinstance(other, str) else ""
        also = "or let both have the same e-mail or phone with allow_duplicates=True"
        return f"{named}{ADVICE[said.code]}, {also}"
    if said.code.startswith(("UNSUPPORTED_FILTER", "MALFORMED_FILTER")):
        return 'a filter is a dict by column name, such as {"company": {"$exists": True}}'
    if said.code == "FAILED_PRECONDITION" and request.path.startswith((LABELS, EXTENDED_FIELDS)):
        return ""  # that is about merges; of definitions the service says why itself
    if said.status == 501:
        return "this service does not offer the call"
    return ADVICE.get(said.code, "")
