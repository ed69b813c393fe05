"""Amend: what the `info` of a request does to the `info` of a contact, member by member.

Pure: JSON values in and out.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field

from contacttools.sandbox.problems import Json, Problem, application
from contacttools.sandbox.rules import lists
from contacttools.sandbox.rules.checks import WRITABLE
from contacttools.sandbox.rules.definitions import (
    SYSTEM_NAMESPACES,
    is_date,
    is_number,
    unknown_label,
)
from contacttools.sandbox.settings import Settings


@dataclass(frozen=True, slots=True)
class Entry:
    """A contact as the service keeps it.

    Attributes
    ----------
    contact
        What answers show, in the REST shape.
    private
        What no answer shows: ``memberId`` of the linked member; ``subscriptions``, the
        subscription and deliverability status of e-mail addresses that are not primary;
        ``deletion``, the code that answers an attempt to delete the contact.
    """

    contact: dict[str, Json]
    private: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
    """All that the rules need to know besides the contact.

    Attributes
    ----------
    now
        The time of the request, ISO 8601 in UTC with milliseconds.
    new_id
        Gives a fresh GUID.
    app_id
        In whose name new contacts are made.
    labels
        Keys of the labels that the site has.
    fields
        Data type of each extended field that the site has, by key.
    settings
        How open points are read.
    """

    now: str
    new_id: Callable[[], str]
    app_id: str
    labels: Container[str]
    fields: Mapping[str, str]
    settings: Settings


def amend(old: Mapping[str, Json], sent: Mapping[str, Json], context: Context) -> dict[str, Json]:
    """Apply the `info` of a request to the `info` of a contact.

    Members not sent stay, null clears, lists are replaced whole, a name and the extended fields are
    merged by key. Values that the service derives from others of the same item are made; those
    across items are the business of `complete`.

    Raises
    ------
    Problem
        400: two primaries, an unknown label or field, a value that does not fit its field.
    """
    new = dict(old)
    for name in WRITABLE:
        if name not in sent or (sent[name] is None and not context.settings.null_clears):
            continue
        value = _MEMBERS.get(name, _replaced)(name, old.get(name), sent[name], context)
        new[name] = value
        if value is None or value in ({}, ""):
            del new[name]
    return {name: new[name] for name in WRITABLE if name in new}


def _replaced(_name: str, _old: Json, sent: Json, _context: Context) -> Json:
    return sent


def _name(_name: str, old: Json, sent: Json, context: Context) -> Json:
    if sent is None:
        return None
    kept = (
        old
        if old and (context.settings.merge_names or not any(sent.get(key) for key in _NAMES))
        else {}
    )
    given = {key: sent[key] for key in _NAMES if key in sent}
    if not context.settings.null_clears:
        given = {key: value for key, value in given.items() if value is not None}
    merged = {**kept, **given}
    return {key: merged[key] for key in _NAMES if merged.get(key)}


def _list(name: str, old: Json, sent: Json, context: Context) -> Json:
    if _untouched(sent, context):
        return old
    known = (
        [item["id"] for item in (old or {}).get("items", [])]
        if context.settings.keep_item_ids
        else ()
    )
    kind: lists.Kind = name  # type: ignore[assignment]
    items = lists.build(
        kind, _sent_items(sent), known_ids=known, new_id=context.new_id, settings=context.settings
    )
    return {"items": items} if items else None


def _strings(_name: str, old: Json, sent: Json, context: Context) -> Json:
    if _untouched(sent, context):
        return old
    values = list(dict.fromkeys(_sent_items(sent)))
    return {"items": values} if values else None


def _labels(name: str, old: Json, sent: Json, context: Context) -> Json:
    labels = _strings(name, old, sent, context)
    for key in (labels or {}).get("items", []):
        if key not in context.labels:
            raise unknown_label(key, "info.labelKeys", context.settings)
    return labels


def _locale(_name: str, _old: Json, sent: Json, context: Context) -> Json:
    return sent.lower() if sent and context.settings.normalise_codes else sent


def _picture(_name: str, old: Json, sent: Json, context: Context) -> Json:
    if sent is None:
        return None
    if image := lists.known(sent.get("image") or {}, _IMAGE_PARTS):
        return {"image": image}
    cleared = "image" in sent and context.settings.null_clears
    return None if cleared else old


def _extended_fields(_name: str, old: Json, sent: Json, context: Context) -> Json:
    fields: dict[str, Json] = dict((old or {}).get("items", {}))
    if _untouched(sent, context):
        return old
    given = (sent or {}).get("items")
    if given is None or not context.settings.merge_extended_fields:
        fields = {key: value for key, value in fields.items() if _is_system(key)}
    for key, value in (given or {}).items():
        if not _is_system(key):
            _set_field(fields, key, value, context)
    return {"items": fields} if fields else None


def _set_field(fields: dict[str, Json], key: str, value: Json, context: Context) -> None:
    if key not in context.fields:
        if context.settings.refuse_unknown_fields:
            raise _unfit(key, "is not defined on this site")
    elif value is None:
        if context.settings.null_clears:
            fields.pop(key, None)
    elif value == "" and not context.settings.keep_empty_fields:
        fields.pop(key, None)
    elif value == "":
        fields[key] = ""
    else:
        fields[key] = _typed(key, value, context.fields[key])


def _typed(key: str, value: Json, data_type: str) -> Json:
    fits = {"NUMBER": is_number, "DATE": is_date, "URL": _is_address, "TEXT": _is_text}[data_type]
    if not fits(value):
        raise _unfit(key, f"needs a value of type {data_type}")
    return f"https://{value}" if data_type == "URL" and "://" not in value else value


def _is_text(value: Json) -> bool:
    return isinstance(value, str)


def _is_address(value: Json) -> bool:
    return isinstance(value, str) and not any(character.isspace() for character in value)


def _is_system(key: str) -> bool:
    return key.partition(".")[0] in SYSTEM_NAMESPACES


def _unfit(key: str, description: str) -> Problem:
    return application(
        400,
        "INVALID_EXTENDED_FIELD_VALUE",
        f"Extended field {key[:80]} {description}.",
        {"key": key[:80]},
    )


def _untouched(sent: Json, context: Context) -> bool:
    """Tell whether a wrapper was sent that says nothing about its items."""
    if sent is None:
        return False
    if "items" not in sent:
        return not context.settings.empty_wrapper_clears
    return sent["items"] is None and not context.settings.null_clears


def _sent_items(sent: Json) -> list[Json]:
    return (sent or {}).get("items") or []


_NAMES = ("first", "last")
_IMAGE_PARTS = ("id", "url", "height", "width", "altText", "filename")
_MEMBERS: dict[str, Callable[[str, Json, Json, Context], Json]] = {
    "name": _name,
    "emails": _list,
    "phones": _list,
    "addresses": _list,
    "locale": _locale,
    "picture": _picture,
    "labelKeys": _labels,
    "locations": _strings,
    "assignedUserIds": _strings,
    "extendedFields": _extended_fields,
}
