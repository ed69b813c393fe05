"""Routes: every operation of the service, in one table: its path, its name, and who may ask.

Nothing is handled here. What callers ask for besides, and the sandbox does not do, stands in a
table of its own and answers 501 with its name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from contacttools.sandbox.operations import (
    bulk,
    contacts,
    definitions,
    deleting,
    facets,
    labelling,
    merging,
)
from contacttools.sandbox.operations.desk import Call, Desk
from contacttools.sandbox.rules.definitions import Kind

Operation: TypeAlias = Callable[[Desk, Call], str]

_CONTACTS: Final = "/contacts/v4/contacts"
_BULK: Final = "/contacts/v4/bulk"
_LABELS: Final = "/contacts/v4/labels"
_FIELDS: Final = "/contacts/v4/extended-fields"

_READ: Final = "CONTACTS.VIEW"
_MODIFY: Final = "CONTACTS.MODIFY"
_DELETE: Final = "MEMBERS.MEMBER_DELETE"
_MERGE: Final = "CONTACTS.MERGE"
_LABELS_VIEW: Final = "CONTACTS_LABELS.VIEW"
_LABELS_MODIFY: Final = "CONTACTS_LABELS.MODIFY"
_FIELDS_VIEW: Final = "CONTACTS_SCHEMA.VIEW"
_FIELDS_MODIFY: Final = "CONTACTS_SCHEMA.MODIFY"


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the table.

    Attributes
    ----------
    method, path
        Where the operation is; the path has its parameters in braces.
    name
        What the service's reference calls it.
    permission
        What the caller needs, of `callers.GRANTED_BY`.
    operation
        What answers.
    """

    method: str
    path: str
    name: str
    permission: str
    operation: Operation


def _label(operation: Callable[[Desk, Call, Kind], str]) -> Operation:
    return lambda desk, call: operation(desk, call, "label")


def _field(operation: Callable[[Desk, Call, Kind], str]) -> Operation:
    return lambda desk, call: operation(desk, call, "field")


ROUTES: Final[tuple[Route, ...]] = (
    Route("GET", _CONTACTS, "List Contacts", _READ, contacts.list_),
    Route("POST", _CONTACTS, "Create Contact", _MODIFY, contacts.create),
    Route("POST", f"{_CONTACTS}/query", "Query Contacts", _READ, contacts.query_),
    Route("GET", f"{_CONTACTS}/facets", "List Facets", _READ, facets.list_),
    Route("POST", f"{_CONTACTS}/facets/query", "Query Facets", _READ, facets.query_),
    Route("POST", f"{_CONTACTS}/{{id}}/labels", "Label Contact", _MODIFY, labelling.label),
    Route("DELETE", f"{_CONTACTS}/{{id}}/labels", "Unlabel Contact", _MODIFY, labelling.unlabel),
    Route("POST", f"{_CONTACTS}/{{id}}/merge", "Merge Contacts", _MERGE, merging.merge),
    Route(
        "POST",
        f"{_CONTACTS}/{{id}}/preview-merge",
        "Preview Merge Contacts",
        _MERGE,
        merging.preview,
    ),
    # An id stands last, so that `query` and `facets` are not taken for one.
    Route("GET", f"{_CONTACTS}/{{id}}", "Get Contact", _READ, contacts.get),
    Route("PATCH", f"{_CONTACTS}/{{id}}", "Update Contact", _MODIFY, contacts.update),
    Route("DELETE", f"{_CONTACTS}/{{id}}", "Delete Contact", _DELETE, deleting.delete),
    Route("POST", f"{_BULK}/contacts/update", "Bulk Update Contacts", _MODIFY, bulk.update),
    Route(
        "POST",
        f"{_BULK}/contacts/add-remove-labels",
        "Bulk Label And Unlabel Contacts",
        _MODIFY,
        bulk.relabel,
    ),
    Route("POST", f"{_BULK}/contacts/delete", "Bulk Delete Contacts", _DELETE, bulk.delete),
    Route("GET", f"{_BULK}/jobs", "List Bulk Jobs", _READ, bulk.list_jobs),
    Route("GET", f"{_BULK}/jobs/{{id}}", "Get Bulk Job", _READ, bulk.get_job),
    Route("GET", f"{_BULK}/contact/jobs/{{id}}", "Get Bulk Job", _READ, bulk.get_job),
    Route(
        "POST", _LABELS, "Find Or Create Label", _LABELS_MODIFY, _label(definitions.find_or_create)
    ),
    Route("GET", _LABELS, "List Labels", _LABELS_VIEW, _label(definitions.list_)),
    Route("POST", f"{_LABELS}/query", "Query Labels", _LABELS_VIEW, _label(definitions.query)),
    Route("GET", f"{_LABELS}/{{key}}", "Get Label", _LABELS_VIEW, _label(definitions.get)),
    Route(
        "PATCH", f"{_LABELS}/{{key}}", "Rename Label", _LABELS_MODIFY, _label(definitions.rename)
    ),
    Route(
        "DELETE", f"{_LABELS}/{{key}}", "Delete Label", _LABELS_MODIFY, _label(definitions.delete)
    ),
    Route(
        "POST",
        _FIELDS,
        "Find Or Create Extended Field",
        _FIELDS_MODIFY,
        _field(definitions.find_or_create),
    ),
    Route("GET", _FIELDS, "List Extended Fields", _FIELDS_VIEW, _field(definitions.list_)),
    Route(
        "POST", f"{_FIELDS}/query", "Query Extended Fields", _FIELDS_VIEW, _field(definitions.query)
    ),
    Route("GET", f"{_FIELDS}/{{key}}", "Get Extended Field", _FIELDS_VIEW, _field(definitions.get)),
    Route(
        "PATCH",
        f"{_FIELDS}/{{key}}",
        "Rename Extended Field",
        _FIELDS_MODIFY,
        _field(definitions.rename),
    ),
    Route(
        "DELETE",
        f"{_FIELDS}/{{key}}",
        "Delete Extended Field",
        _FIELDS_MODIFY,
        _field(definitions.delete),
    ),
)

ELSEWHERE: Final = (
    ("POST", "/oauth/access", "Request an Access Token with a Refresh Token"),
    ("POST", "/contacts/v5/contacts", "Create Contact (v5)"),
    ("POST", "/contacts/v5/contacts/query", "Query Contacts (v5)"),
    ("GET", "/contacts/v5/contacts/{id}", "Get Contact (v5)"),
    ("PATCH", "/contacts/v5/contacts/{id}", "Update Contact (v5)"),
    ("DELETE", "/contacts/v5/contacts/{id}", "Delete Contact (v5)"),
    ("GET", "/members/v1/members", "List Members"),
    ("POST", "/members/v1/members/query", "Query Members"),
    ("GET", "/members/v1/members/{id}", "Get Member"),
    ("PATCH", "/members/v1/members/{id}", "Update Member"),
)
"""What callers of the Contacts API ask for besides, and the sandbox refuses to emulate."""
