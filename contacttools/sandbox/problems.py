"""Problems: every error answer of the service, as values. Pure: knows no request and no storage.

An error body is ``{"message", "details"}``, where the details hold either an application error (a
code that a client may branch on) or a validation error (the violated fields). Bodies of 401, 403
and 429 are not documented; the shapes here are assumed. Bodies of 5xx are empty on purpose, as
documented.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Json: TypeAlias = Any
"""A JSON value as the standard library reads it. The only untyped thing in the sandbox."""


class Problem(Exception):
    """An answer other than 200.

    Attributes
    ----------
    status
        The HTTP status.
    body
        The JSON body.
    """

    def __init__(self, status: int, body: dict[str, Json]) -> None:
        super().__init__(f"{status} {body['message']}")
        self.status = status
        self.body = body


@dataclass(frozen=True, slots=True)
class Violation:
    """One field that a request got wrong.

    Attributes
    ----------
    path
        Path of the field in the request, with dots and without list positions.
    description
        What is wrong, to be read after the field's name.
    rule
        Name of the violated rule, such as ``FORMAT`` or ``MAX_LENGTH``.
    data
        What the rule demands, such as ``{"threshold": 50}``.
    """

    path: str
    description: str
    rule: str
    data: Mapping[str, Json] = field(default_factory=dict)


def application(
    status: int, code: str, description: str, data: Mapping[str, Json] | None = None
) -> Problem:
    """Answer with an application error.

    Parameters
    ----------
    status
        The HTTP status.
    code
        The code that clients branch on.
    description
        One sentence for people; also the message.
    data
        What the code speaks of, if anything.

    Returns
    -------
    Problem
        To be raised.
    """
    error = {"code": code, "description": description, "data": dict(data or {})}
    return Problem(status, {"message": description, "details": {"applicationError": error}})


def validation(violations: Sequence[Violation]) -> Problem:
    """Answer 400 with the violated fields.

    Parameters
    ----------
    violations
        At least one.

    Returns
    -------
    Problem
        To be raised.
    """
    found = [
        {
            "field": one.path,
            "description": one.description,
            "violatedRule": one.rule,
            "ruleName": one.rule,
            "data": dict(one.data),
        }
        for one in violations
    ]
    first = violations[0]
    message = f"{first.path.partition('.')[0]} is invalid" if first.path else "request is invalid"
    return Problem(
        400, {"message": message, "details": {"validationError": {"fieldViolations": found}}}
    )


def invalid(path: str, description: str, rule: str, **data: Json) -> Problem:
    """Answer 400 with one violated field; see `Violation` for the parameters."""
    return validation([Violation(path, description, rule, data)])


def unauthenticated() -> Problem:
    """Answer 401: the caller is not known."""
    return _speechless(401, "UNAUTHENTICATED")


def forbidden() -> Problem:
    """Answer 403: the caller is known and may not do this."""
    return _speechless(403, "PERMISSION_DENIED")


def not_found(contact_id: str) -> Problem:
    """Answer 404: no contact has this id."""
    return application(404, "CONTACT_NOT_FOUND", f"Contact {contact_id} was not found.")


def already_changed() -> Problem:
    """Answer 409: the revision sent is not the current one."""
    return application(
        409, "CONTACT_ALREADY_CHANGED", "Contact has been updated since the requested revision."
    )


def id_taken() -> Problem:
    """Answer 409: the id made for a new contact is that of another."""
    return application(409, "CONTACT_ID_ALREADY_EXISTS", "A contact with this id exists already.")


def duplicate(contact_id: str, *, email: str | None, phone: str | None) -> Problem:
    """Answer 409: another contact has this e-mail address or this telephone number."""
    data = {"duplicateContactId": contact_id, "duplicateEmail": email, "duplicatePhone": phone}
    given = {key: value for key, value in data.items() if value is not None}
    problem = application(
        409, "DUPLICATE_CONTACT_EXISTS", "Duplicate contact already exists", given
    )
    # The documented sample of this one body has a message that differs from its description.
    problem.body["message"] = "Duplicate contact exists"
    return problem


def too_large(limit: int) -> Problem:
    """Answer 413: the body has more bytes than `limit`."""
    return application(413, "PAYLOAD_TOO_LARGE", f"The body has more than {limit} bytes.")


def not_emulated(operation: str) -> Problem:
    """Answer 501: the service has this operation, the sandbox does not."""
    return application(501, "UNIMPLEMENTED", f"{operation} is not emulated yet")


def bare(status: int) -> Problem:
    """Answer with a status alone, the way a gateway or an overloaded service does."""
    match status:
        case 401:
            return unauthenticated()
        case 403:
            return forbidden()
        case 429:
            return application(429, "RESOURCE_EXHAUSTED", "Too many requests")
        case _ if status >= 500:
            return Problem(status, {"message": "", "details": {}})
        case _:
            return application(status, "UNKNOWN", "The request failed.")


def _speechless(status: int, code: str) -> Problem:
    return application(status, code, "")
