"""Wire: contacts as values, and what the service's answers mean, with no HTTP client. Pure.

Contacts v4 over REST; what is asked is in `calls`. Keys that this version does not know are
kept where a contact is shown and never sent back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Annotated, Literal, TypedDict

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from contacttools.contact import fields
from contacttools.contact.fields import Json

BY_PLACE = "#"  # begins the name of an item that has no id of its own

#: A contact by field name: scalars and extended fields, lists as tuples of flat items.
Values = dict[str, Json]


# -- contacts as values ---------------------------------------------------------------------


def values(document: Json) -> Values:
    """Return what can be written of a contact, by field name; absent values are absent keys."""
    custom = (key for key in extended_items(document) if key.startswith("custom."))
    names = (*fields.SCALARS, *fields.LISTS, fields.LABELS.name, *custom)
    return {name: held for name in names if (held := value(document, name)) is not None}


def held(name: str, value: Json) -> Json:
    """Return a field's value that JSON holds, as a snapshot does: lists as tuples."""
    listed = isinstance(value, list) and (name in fields.LISTS or name == fields.LABELS.name)
    return tuple(value) if listed else value


def value(document: Json, name: str) -> Json:
    """Return one value of a contact by its field name; None where it has nothing."""
    if name in fields.SCALARS:
        found = fields.dig(document, fields.SCALARS[name].path)
    elif name in fields.LISTS:
        listing = fields.LISTS[name]
        found = tuple(flat_item(listing, *each) for each in items_of(document, listing)) or None
    elif name == fields.LABELS.name:
        found = label_keys(document) or None
    else:
        found = extended_items(document).get(name) if name.startswith("custom.") else None
    return None if found == "" else found


def items_of(document: Json, listing: fields.ListField) -> Iterator[tuple[str, Json]]:
    """Yield the items of a list, each with an id to call it by; what is no item is passed over.

    The wrapper may lack ``items`` or be missing altogether. An item without an id of its own,
    or with one that an earlier item has, is called by its place: ``#0``, ``#1``. Such a name
    is never sent.
    """
    seen: set[str] = set()
    for position, item in enumerate(_wrapped(document, listing.path)):
        if type(item) is dict or isinstance(item, Mapping):
            item_id = item.get("id")
            if not isinstance(item_id, str) or not item_id or item_id in seen:
                item_id = f"{BY_PLACE}{position}"
            seen.add(item_id)
            yield item_id, item


def label_keys(document: Json) -> tuple[str, ...]:
    """Return the label keys of a contact, each once."""
    keys = _wrapped(document, fields.LABELS.path)
    return tuple(dict.fromkeys(key for key in keys if isinstance(key, str)))


def _wrapped(document: Json, path: tuple[str, ...]) -> list[Json]:
    items = fields.dig(document, (*path, "items"))
    return items if isinstance(items, list) else []


def extended_items(document: Json) -> Mapping[str, Json]:
    """Return the extended fields of a contact, system keys included."""
    found = fields.dig(document, fields.EXTENDED_PATH)
    return found if isinstance(found, Mapping) else {}


def flat_item(listing: fields.ListField, item_id: str, item: Json) -> Json:
    """Return an item with its nested members under dotted names; what is absent stays absent."""
    flat: Json = {"id": item_id}
    for member in (*listing.editable, *listing.carried):
        if (value := fields.dig(item, member.path)) is not None:
            flat[member.name] = value
    return flat


def unknown_members(listing: fields.ListField, item: Json) -> tuple[str, ...]:
    """Return the paths of an item's members that this version would not send back."""
    known = {member.path for member in (*listing.members, *listing.carried)}
    known |= fields.DERIVED_MEMBERS | {("id",)}
    return tuple(".".join(path) for path in _leaves(item) if path not in known)


def _leaves(value: Json, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, Mapping) and value:
        for key, each in value.items():
            yield from _leaves(each, (*path, key))
    elif path:
        yield path


def info(writes: Mapping[str, Json]) -> Json:
    """Return the ``info`` of an update that sets these fields; None becomes null and clears."""
    body: Json = {}
    for name, value in writes.items():
        if name in fields.SCALARS:
            _plant(body, fields.SCALARS[name].path[1:], value)
        elif name in fields.LISTS:
            listing = fields.LISTS[name]
            body[name] = {"items": [nested_item(listing, item) for item in value or ()]}
        elif name == fields.LABELS.name:
            body[name] = {"items": list(value or ())}
        else:
            _plant(body, ("extendedFields", "items", name), value)
    return body


def nested_item(listing: fields.ListField, item: Json) -> Json:
    """Return a flat item in the service's shape: the reverse of `flat_item`."""
    nested: Json = {"id": item["id"]} if "id" in item else {}
    for member in (*listing.editable, *listing.carried):
        if member.name in item:
            _plant(nested, member.path, item[member.name])
    return nested


def overlay(document: Json, writes: Mapping[str, Json]) -> Json:
    """Return a copy of a contact as it would be with these fields set; the original is kept."""
    copy = json.loads(json.dumps(document))
    written = info(writes)
    for name, value in written.items():
        if name == "extendedFields":
            for key, each in value["items"].items():
                _plant(copy, (*fields.EXTENDED_PATH, key), each)
        elif name == "name":
            for part, each in value.items():
                _plant(copy, ("info", "name", part), each)
        else:
            _plant(copy, ("info", name), value)
    return copy


def _plant(target: Json, path: tuple[str, ...], value: Json) -> None:
    for key in path[:-1]:
        if not isinstance(target.get(key), dict):
            target[key] = {}  # missing, or null where an object belongs
        target = target[key]
    target[path[-1]] = value


# -- answers --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Written:
    """The service says it stored the update; `contact` is what it holds now."""

    contact: Json


@dataclass(frozen=True, slots=True)
class Found:
    """A contact as the service holds it. Its id may differ from the one asked for."""

    contact: Json


@dataclass(frozen=True, slots=True)
class Missing:
    """No contact of this id."""

    message: str = ""


@dataclass(frozen=True, slots=True)
class Stale:
    """The revision sent is not the contact's: somebody wrote meanwhile."""

    message: str = ""


@dataclass(frozen=True, slots=True)
class SlowDown:
    """Not carried out, ask again later (429). `seconds` is what the service asks for."""

    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The service will not do it, and says why."""

    status: int
    code: str
    message: str
    data: Mapping[str, Json] = field(default_factory=dict)
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """No usable answer: what was asked may or may not have been done.

    `weather` says what to learn of it: nothing, that it took too long, or that there is too
    much to do there.
    """

    why: str
    weather: Literal["lost", "slow", "busy"] = "lost"


@dataclass(frozen=True, slots=True)
class NeverSent:
    """The request did not leave: nothing can have been done."""

    why: str


Answer = Written | Found | Missing | Stale | SlowDown | Refused | Lost | NeverSent


class _Contact(BaseModel):
    """What every contact in an answer must hold for us to believe the answer."""

    model_config = ConfigDict(extra="allow", strict=True)
    id: Annotated[StrictStr, Field(min_length=1)]
    revision: Annotated[StrictInt, Field(ge=0, le=2**53 - 1)]


class _Definition(BaseModel):
    """What every label and extended field must hold."""

    model_config = ConfigDict(extra="allow", strict=True)
    key: Annotated[StrictStr, Field(min_length=1)]


class ContactAnswer(TypedDict):
    """A contact as the service holds it now."""

    contact: dict[str, Json]


class LabelAnswer(TypedDict):
    """A label, and whether it was made just now."""

    label: dict[str, Json]
    newLabel: bool


class FieldAnswer(TypedDict):
    """An extended field, and whether it was made just now."""

    field: dict[str, Json]
    newField: bool


def one_contact(body: bytes) -> Json:
    """Return the contact of an answer, or raise ValueError when it is not a believable one."""
    return _checked(_Contact, _parsed(body).get("contact"), "contact")


def merged_contact(body: bytes) -> Json:
    """Return the contact of an answer to a merge; an old sample shows it without its wrapper."""
    parsed = _parsed(body)
    return _checked(_Contact, parsed.get("contact", parsed), "contact")


def contact_page(body: bytes) -> tuple[list[Json], int | None]:
    """Return the contacts of a page, and the total when the service counted it."""
    page = _parsed(body)
    contacts = page.get("contacts")
    if not isinstance(contacts, list):
        why = "contacts: there is no list of them"
        raise ValueError(why)
    for n, contact in enumerate(contacts):
        _checked(_Contact, contact, f"contacts.{n}")
    total = fields.dig(page, ("pagingMetadata", "total"))
    return contacts, total if isinstance(total, int) else None


def definition(body: bytes, member: str) -> tuple[Json, bool]:
    """Return the definition under ``label`` or ``field``, and whether it was made just now."""
    parsed = _parsed(body)
    found = _checked(_Definition, parsed.get(member), member)
    return found, parsed.get(f"new{member.capitalize()}") is True


def acknowledged(body: bytes) -> None:
    """Raise ValueError unless the service answered with a JSON object, whatever is in it."""
    _parsed(body)


def definition_page(body: bytes, key: str) -> list[Json]:
    """Return the label (``labels``) or extended-field (``fields``) definitions of a page."""
    found = _parsed(body).get(key)
    listed = found if isinstance(found, list) else []
    return [each for each in listed if isinstance(each, dict) and isinstance(each.get("key"), str)]


def _checked(model: type[BaseModel], value: Json, place: str) -> Json:
    """Return a value that its model believes, or raise ValueError saying what is wrong where."""
    if not isinstance(value, dict):
        why = f"{place}: there is none"
        raise ValueError(why)
    try:
        model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        why = f"{'.'.join((place, *map(str, first['loc'])))}: {first['msg']}"
        raise ValueError(why) from None
    return value


def _parsed(body: bytes) -> Json:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        why = "the body is not JSON"
        raise ValueError(why) from None
    if not isinstance(parsed, dict):
        why = "the body is not a JSON object"
        raise ValueError(why)
    return parsed


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> Refused:
    """Read an error answer; an empty or non-JSON body leaves the status to speak."""
    try:
        parsed = _parsed(body)
    except ValueError:
        parsed = {}
    error = fields.dig(parsed, ("details", "applicationError")) or {}
    data = error.get("data") if isinstance(error, dict) else None
    code = str(error.get("code") or "") if isinstance(error, dict) else ""
    code = _SPELLINGS.get(code, code)
    words = error.get("description") if isinstance(error, dict) else None
    violations = fields.dig(parsed, ("details", "validationError", "fieldViolations"))
    told = "; ".join(
        f"{each.get('field')} {each.get('description')}"
        for each in (violations if isinstance(violations, list) else ())
        if isinstance(each, dict)
    )
    message = told or words or parsed.get("message") or f"HTTP {status}"
    return Refused(
        status,
        code or ("INVALID_ARGUMENT" if told else f"HTTP_{status}"),
        str(message),
        data if isinstance(data, dict) else {},
        headers.get("x-wix-request-id"),
    )


#: The page on errors spells a code otherwise than the service's types do.
_SPELLINGS = {"DUPLICATE_CONTACT_EXIST": "DUPLICATE_CONTACT_EXISTS"}


def answer(method: str, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """Say what the answer to a read (GET), a write (PATCH) or a merge (POST) of one contact means.

    The application's code decides, not the status alone: two codes share 409.
    """
    if status == 200:
        return _believed(method, body)
    said = refusal(status, headers, body)
    match status, said.code:
        case _, "CONTACT_ALREADY_CHANGED":
            return Stale(said.message)
        case 404, _:
            return Missing(said.message)
        case 429, _:
            return SlowDown(retry_after(headers))
        case ((400 | 401 | 403 | 409 | 413 | 422 | 428), code) if code != "HTTP_409":
            return said  # a bare 409 does not say which of the two it is
        case _:  # a 503 too: from a proxy it proves nothing
            return Lost(f"HTTP {status}: {said.message}", "busy" if status == 503 else "lost")


def _believed(method: str, body: bytes) -> Written | Found | Lost:
    try:
        contact = merged_contact(body) if method == "POST" else one_contact(body)
    except ValueError as error:
        return Lost(f"an answer that makes no sense: {error}")
    return Written(contact) if method == "PATCH" else Found(contact)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of a Retry-After header: a number, or a date less the answer's own date.

    The answer's ``Date`` is the clock that the header was written by; ours may be wrong.
    """
    text = headers.get("retry-after", "").strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            until, now = (parsedate_to_datetime(each) for each in (text, headers.get("date", "")))
            seconds = (until - now).total_seconds()
        except (TypeError, ValueError, OverflowError):
            return None
    return seconds if 0 <= seconds < float("inf") else None
