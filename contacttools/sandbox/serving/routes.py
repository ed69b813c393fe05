"""Routes: every operation of the service, in one table: its path, its name, and who may ask.

Nothing is handled here. What the service documents and the sandbox does not do has no function, and
answers 501 with its name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from contacttools.sandbox.operations import contacts, definitions
from contacttools.sandbox.operations.desk import Call, Desk

Operation: TypeAlias = Callable[[Desk, Call], str]

_CONTACTS: Final = "/contacts/v4/contacts"
_BULK: Final = "/contacts/v4/bulk"
_LABELS: Final = "/contacts/v4/labels"
_FIELDS: Final = "/contacts/v4/extended-fields"

_READ: Final = "CONTACTS.VIEW"
_MODIFY: Final = "CONTACTS.MODIFY"
_DELETE: Final = "MEMBERS.MEMBER_DELETE"
_MERGE: Final = "CONTACTS.MERGE"


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
        What answers; None for what is not emulated.
    """

    method: str
    path: str
    name: str
    permission: str
    operation: Operation | None = None


ROUTES: Final[tuple[Route, ...]] = (
    Route("GET", _CONTACTS, "List Contacts", _READ, contacts.list_),
    Route("POST", _CONTACTS, "Create Contact", _MODIFY, contacts.create),
    Route("POST", f"{_CONTACTS}/query", "Query Contacts", _READ, contacts.query_),
    Route("GET", f"{_CONTACTS}/facets", "List Facets", _READ),
    Route("POST", f"{_CONTACTS}/facets/query", "Query Facets", _READ),
    Route("POST", f"{_CONTACTS}/{{id}}/labels", "Label Contact", _MODIFY),
    Route("DELETE", f"{_CONTACTS}/{{id}}/labels", "Unlabel Contact", _MODIFY),
    Route("POST", f"{_CONTACTS}/{{id}}/merge", "Merge Contacts", _MERGE),
    Route("POST", f"{_CONTACTS}/{{id}}/preview-merge", "Preview Merge Contacts", _MERGE),
    # An id stands last, so that `query` and `facets` are not taken for one.
    Route("GET", f"{_CONTACTS}/{{id}}", "Get Contact", _READ, contacts.get),
    Route("PATCH", f"{_CONTACTS}/{{id}}", "Update Contact", _MODIFY, contacts.update),
    Route("DELETE", f"{_CONTACTS}/{{id}}", "Delete Contact", _DELETE),
    Route("POST", f"{_BULK}/contacts/update", "Bulk Update Contacts", _MODIFY),
    Route(
        "POST",
        f"{_BULK}/contacts/add-remove-labels",
        "Bulk Label And Unlabel Contacts",
        _MODIFY,
    ),
    Route("POST", f"{_BULK}/contacts/delete", "Bulk Delete Contacts", _DELETE),
    Route("GET", f"{_BULK}/jobs", "List Bulk Jobs", _READ),
    Route("GET", f"{_BULK}/jobs/{{id}}", "Get Bulk Job", _READ),
    Route("GET", f"{_BULK}/contact/jobs/{{id}}", "Get Bulk Job", _READ),
    Route("POST", _LABELS, "Find Or Create Label", "CONTACTS_LABELS.MODIFY"),
    Route("GET", _LABELS, "List Labels", "CONTACTS_LABELS.VIEW", definitions.list_labels),
    Route("POST", f"{_LABELS}/query", "Query Labels", "CONTACTS_LABELS.VIEW"),
    Route("GET", f"{_LABELS}/{{key}}", "Get Label", "CONTACTS_LABELS.VIEW"),
    Route("PATCH", f"{_LABELS}/{{key}}", "Rename Label", "CONTACTS_LABELS.MODIFY"),
    Route("DELETE", f"{_LABELS}/{{key}}", "Delete Label", "CONTACTS_LABELS.MODIFY"),
    Route("POST", _FIELDS, "Find Or Create Extended Field", "CONTACTS_SCHEMA.MODIFY"),
    Route("GET", _FIELDS, "List Extended Fields", "CONTACTS_SCHEMA.VIEW", definitions.list_fields),
    Route("POST", f"{_FIELDS}/query", "Query Extended Fields", "CONTACTS_SCHEMA.VIEW"),
    Route("GET", f"{_FIELDS}/{{key}}", "Get Extended Field", "CONTACTS_SCHEMA.VIEW"),
    Route("PATCH", f"{_FIELDS}/{{key}}", "Rename Extended Field", "CONTACTS_SCHEMA.MODIFY"),
    Route("DELETE", f"{_FIELDS}/{{key}}", "Delete Extended Field", "CONTACTS_SCHEMA.MODIFY"),
)
