"""Refusals: an error answer as an exception that says what to do next. Pure: no network."""

from __future__ import annotations

from collections.abc import Mapping

from contacttools.contact import wire
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
    if said.code == "DUPLICATE_CONTACT_EXISTS" and isinstance(other, str):
        return f"the other contact is {visible(other)}; {_HINTS[said.code]}"
    if said.code.startswith(("UNSUPPORTED_FILTER", "MALFORMED_FILTER")):
        return 'a filter is a dict by column name, such as {"company": {"$exists": True}}'
    if said.code == "FAILED_PRECONDITION" and request.path.startswith((LABELS, EXTENDED_FIELDS)):
        return ""  # that is about merges; of definitions the service says why itself
    if said.status == 501:
        return "this service does not offer the call"
    return _HINTS.get(said.code, "")


_HINTS = {
    "CANNOT_DELETE_CONTACT_WITH_BILLING_SUBSCRIPTION": "cancel the contact's subscription first",
    "CANNOT_DELETE_MEMBER": "the contact is a site member: delete the member in the Members API",
    "CANNOT_DELETE_MEMBER_OWNER_OR_CONTRIBUTOR": "the contact is an owner or a contributor of "
    "the site: take that role away first",
    "CANNOT_HAVE_MULTIPLE_PRIMARY_INFO": "mark one item as primary",
    "CANNOT_UPDATE_MEMBER_EMAIL": "change the member's login e-mail in the Members API, "
    "the contact follows",
    "CONTACT_ALREADY_CHANGED": "get the contact again, look at what changed, then decide",
    "CONTACT_ID_ALREADY_EXISTS": "look for the contact before trying again",
    "CONTACT_NOT_FOUND": "a member's id is not a contact's id",
    "DUPLICATE_CONTACT_EXISTS": "change or merge one of them first, or let both have the same "
    "e-mail or phone with allow_duplicates=True",
    "FAILED_DELETE_CONTACT_AFTER_MEMBER_DELETION": "the member is gone and the contact is not: "
    "look at it, then delete it again",
    "FAILED_PRECONDITION": "get the target again for its revision, and let no source be a site "
    "member",
    "FIELDS_QUOTA_EXCEEDED": "a site has at most 100 fields of its own: delete one that nobody "
    "uses first",
    "ILLEGAL_MERGE": "name one to five other contacts as sources",
    "INSUFFICIENT_CONTACT_DATA": "a contact needs a name, an e-mail or a phone",
    "INSUFFICIENT_UPDATE_CONTACT_DATA": "info holds nothing to update: give at least one field",
    "INVALID_EXTENDED_FIELD_VALUE": "check the field's key and data type in site.extended_fields()",
    "LABELS_QUOTA_REACHED": "delete a label that nobody uses first",
    "NOT_FOUND": "the keys there are stand in site.labels() and site.extended_fields()",
}
