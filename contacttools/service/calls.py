"""Calls: every call of the service as a value: method, path, query string, body. Pure.

Paths and bodies follow the service's reference for Contacts v4, its labels and its extended
fields. What the answers mean is in `wire`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from contacttools.contact import fields
from contacttools.contact.fields import Json

BASE_URL = "https://www.wixapis.com"
CONTACTS = "/contacts/v4/contacts"
LABELS = "/contacts/v4/labels"
EXTENDED_FIELDS = "/contacts/v4/extended-fields"
PAGE = 1000  # the service's ceiling, not ours
DEFINITIONS_PAGE = 100  # the lowest default of the two definition lists

Right = Literal[
    "Read Contacts", "Manage Contacts", "Manage Contact Labels", "Manage Contact Extended Fields"
]
DataType = Literal["TEXT", "NUMBER", "DATE", "URL"]


@dataclass(frozen=True, slots=True)
class Request:
    """One call.

    Attributes
    ----------
    method, path, params, body
        What is sent; the path is below the base URL.
    right : str
        The permission scope that the caller needs.
    doubt : str
        What to say when no answer tells whether a write was made.
    """

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    params: tuple[tuple[str, str], ...] = ()
    body: Json = None
    right: Right = "Read Contacts"
    doubt: str = ""


# -- contacts -------------------------------------------------------------------------------


def below(path: str, name: str) -> str:
    """Return the path of one thing below another; its name is one segment whatever it contains."""
    segment = quote(name, safe="")
    if not segment.strip("."):  # "." and ".." would walk along the path
        segment = segment.replace(".", "%2E")
    return f"{path}/{segment}"


def get_contact(contact_id: str) -> Request:
    """Read one contact. A merged-away id answers the contact it was merged into."""
    return Request("GET", below(CONTACTS, contact_id))


def query_contacts(
    filter: Json = None,  # noqa: A002 - the API's word
    *,
    sort: Iterable[Mapping[str, str]] = (),
    limit: int = PAGE,
    offset: int = 0,
) -> Request:
    """Read one page of contacts, oldest first unless asked otherwise.

    The service's default order is documented both ways round, so a sort is always sent.
    """
    query: Json = {
        "filter": filter or {},
        "sort": [dict(each) for each in sort] or [{"fieldName": "createdDate", "order": "ASC"}],
        "paging": {"limit": limit, "offset": offset},
    }
    return Request("POST", f"{CONTACTS}/query", body={"query": query})


def create_contact(info: Json, *, allow_duplicates: bool = False) -> Request:
    """Make a contact."""
    return Request(
        "POST",
        CONTACTS,
        body={"info": info} | _duplicates(allow=allow_duplicates),
        right="Manage Contacts",
        doubt="the contact may have been created: look for it before trying again, "
        "repeating can create a duplicate",
    )


def update_contact(
    contact_id: str, info: Json, revision: int, *, allow_duplicates: bool = False
) -> Request:
    """Write one contact at one revision."""
    return Request(
        "PATCH",
        below(CONTACTS, contact_id),
        body={"info": info, "revision": revision} | _duplicates(allow=allow_duplicates),
        right="Manage Contacts",
        doubt="the update may have been made: read the contact before trying again",
    )


def _duplicates(*, allow: bool) -> dict[str, Json]:
    return {"allowDuplicates": True} if allow else {}


def delete_contact(contact_id: str) -> Request:
    """Delete one contact for good."""
    return Request(
        "DELETE",
        below(CONTACTS, contact_id),
        right="Manage Contacts",
        doubt="the contact may have been deleted: ask for it before trying again",
    )


def label_contact(contact_id: str, label_keys: Sequence[str]) -> Request:
    """Add labels to one contact."""
    return Request(
        "POST",
        f"{below(CONTACTS, contact_id)}/labels",
        body={"labelKeys": list(label_keys)},
        right="Manage Contacts",
        doubt="the labels may have been added: read the contact before trying again",
    )


def unlabel_contact(contact_id: str, label_keys: Sequence[str]) -> Request:
    """Take labels off one contact. The keys travel in the query string, as the SDK sends them."""
    return Request(
        "DELETE",
        f"{below(CONTACTS, contact_id)}/labels",
        params=tuple(("labelKeys", key) for key in label_keys),
        right="Manage Contacts",
        doubt="the labels may have been removed: read the contact before trying again",
    )


def preview_merge(target_id: str, source_ids: Sequence[str]) -> Request:
    """Ask what a merge would make of a contact; nothing is stored."""
    body = {"sourceContactIds": list(source_ids)}
    path = f"{below(CONTACTS, target_id)}/preview-merge"
    return Request("POST", path, body=body, right="Manage Contacts")


def merge(target_id: str, source_ids: Sequence[str], revision: int) -> Request:
    """Merge contacts into one for good."""
    return Request(
        "POST",
        f"{below(CONTACTS, target_id)}/merge",
        body={"targetContactRevision": revision, "sourceContactIds": list(source_ids)},
        right="Manage Contacts",
        doubt="the contacts may have been merged: read the target before trying again",
    )


# -- labels and extended fields -------------------------------------------------------------

_RIGHTS: dict[str, Right] = {
    LABELS: "Manage Contact Labels",
    EXTENDED_FIELDS: "Manage Contact Extended Fields",
}
_MEMBERS = {LABELS: "label", EXTENDED_FIELDS: "field"}


def list_definitions(path: str, offset: int = 0) -> Request:
    """Read one page of the label or extended-field definitions."""
    paging = (("paging.limit", str(DEFINITIONS_PAGE)), ("paging.offset", str(offset)))
    return Request("GET", path, params=paging, right=_RIGHTS[path])


def find_or_create_label(display_name: str) -> Request:
    """Find the label of exactly this name, or make it. Repeating it makes no second one."""
    return _definition("POST", LABELS, body={"displayName": display_name})


def find_or_create_extended_field(display_name: str, data_type: DataType) -> Request:
    """Find the field of exactly this name, or make it; the type counts for a new one only."""
    body = {"displayName": display_name, "dataType": data_type}
    return _definition("POST", EXTENDED_FIELDS, body=body)


def rename_definition(path: str, key: str, display_name: str) -> Request:
    """Give a label or an extended field another name; its key stays."""
    body = {_MEMBERS[path]: {"key": key, "displayName": display_name}}
    return _definition("PATCH", path, key, body)


def delete_definition(path: str, key: str) -> Request:
    """Delete a label or an extended field, and what contacts hold of it."""
    return _definition("DELETE", path, key)


def _definition(
    method: Literal["POST", "PATCH", "DELETE"], path: str, key: str | None = None, body: Json = None
) -> Request:
    return Request(
        method,
        path if key is None else below(path, key),
        body=body,
        right=_RIGHTS[path],
        doubt="it may have been done: look at the definitions before trying again",
    )


# -- names ----------------------------------------------------------------------------------


def api_path(name: str) -> str:
    """Return the service's filter and sort path for a column name; other names pass as they are."""
    if name in fields.SHORTCUTS:
        return f"primaryInfo.{name}"
    if name in fields.SCALARS or name == fields.LABELS.name:
        return f"info.{name}"
    if name.split(".", 1)[0] in {"custom", "members", "emailSubscriptions", "ecom", "contacts"}:
        return f"info.extendedFields.{name}"
    return {"phone.e164": "info.phones.e164Phone"}.get(name, name)


def api_filter(filter: Json) -> Json:  # noqa: A002 - the API's word
    """Return a filter with column names turned into the service's paths, at every depth."""
    if isinstance(filter, Mapping):
        return {
            (api_path(key) if isinstance(key, str) and key[:1] != "$" else key): api_filter(value)
            for key, value in filter.items()
        }
    if isinstance(filter, (list, tuple, set, frozenset)):
        return [api_filter(each) for each in filter]
    return filter.isoformat() if hasattr(filter, "isoformat") else filter
