"""Arguments: what is checked of a call before anything is sent. Pure."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from typing import get_args

from contacttools.contact.fields import Json
from contacttools.errors import BadValue
from contacttools.service.calls import DataType

LABELS_AT_ONCE = 100  # the service's ceilings, all of them
SOURCES = 5
LABEL_NAME = 180
FIELD_NAME = 150


def whole(value: object, name: str) -> int:
    """Return a whole number, numpy's too, or raise BadValue."""
    try:
        if not isinstance(value, bool):
            return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        pass
    why = f"{name} is a whole number, not {value!r}"
    raise BadValue(why, field=name)


def text(value: object, name: str) -> str:
    """Return a text that is not blank, such as an id or a key, or raise BadValue."""
    if isinstance(value, str) and value.strip() and _travels(value):
        return value
    why = f"{name} is text, not {value!r:.80}"
    raise BadValue(why, field=name)


def _travels(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True


def info(value: Json) -> Json:
    """Return what is to be written of a contact, or raise BadValue."""
    if isinstance(value, Mapping):
        return value
    why = f'info is a dict in the service\'s shape, such as {{"company": "X"}}, not {value!r:.80}'
    raise BadValue(why, field="info")


def texts(values: object, name: str, *, most: int) -> tuple[str, ...]:
    """Return one to so many texts, each once and in order, or raise BadValue."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        why = f"{name} is a list; pass [{values!r:.80}]"
        raise BadValue(why, field=name)
    found = tuple(dict.fromkeys(text(each, f"each of {name}") for each in values))
    if not 1 <= len(found) <= most:
        why = f"{name} holds 1 to {most}, not {len(found)}; make several calls of it"
        raise BadValue(why, field=name)
    return found


def sources(target_id: str, values: object) -> tuple[str, ...]:
    """Return the contacts to merge into another, or raise BadValue."""
    found = texts(values, "source_ids", most=SOURCES)
    if target_id in found:
        why = f"source_ids names the target {target_id} itself; leave it out"
        raise BadValue(why, field="source_ids")
    return found


def display_name(value: object, most: int) -> str:
    """Return the name of a label or an extended field, or raise BadValue."""
    found = text(value, "display_name")
    if len(found) > most:
        why = f"display_name has at most {most} characters, not {len(found)}; shorten it"
        raise BadValue(why, field="display_name")
    return found


def data_type(value: object) -> DataType:
    """Return the type of an extended field, or raise BadValue."""
    for each in get_args(DataType):
        if value == each:
            return each  # type: ignore[no-any-return]
    why = f"data_type is one of {', '.join(get_args(DataType))}, not {value!r:.80}"
    raise BadValue(why, field="data_type")
