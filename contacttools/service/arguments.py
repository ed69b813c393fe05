"""Arguments: what is checked of a call before anything is sent. Pure."""

from __future__ import annotations

import difflib
import operator
from collections.abc import Iterable, Mapping
from typing import get_args

from contacttools.contact import fields
from contacttools.contact.fields import Json
from contacttools.errors import BadValue
from contacttools.service.calls import DataType

LABELS_AT_ONCE = 100  # the service's ceilings, all of them
SOURCES = 5
LABEL_NAME = 180
FIELD_NAME = 150

SEGMENT = 500  # characters of an id or a key; ours, far above any that the service makes


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


def segment(value: object, name: str) -> str:
    """Return an id or a key that names one thing in a path, or raise BadValue.

    A slash would be quoted on the way, but some servers take the path apart only afterwards, and
    then the call is another one.
    """
    found = text(value, name)
    if len(found) > SEGMENT or "/" in found or "\\" in found:
        why = f"{name} is one id or key, not {found!r:.80}"
        raise BadValue(why, field=name)
    return found


def flag(value: object, name: str) -> bool:
    """Return True or False, or raise BadValue for what merely counts as one of them."""
    if isinstance(value, bool):
        return value
    why = f"{name} is True or False, not {value!r:.40}"
    raise BadValue(why, field=name)


def _travels(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True


def info(value: Json) -> Json:
    """Return what is to be written of a contact, or raise BadValue.

    The service passes over members that it does not know, and says nothing.
    """
    if not isinstance(value, Mapping):
        why = (
            f'info is a dict in the service\'s shape, such as {{"company": "X"}}, not {value!r:.80}'
        )
        raise BadValue(why, field="info")
    _known(value, "info", _MEMBERS)
    if isinstance(value.get("name"), Mapping):
        _known(value["name"], "info.name", ("first", "last"))
    return value


_MEMBERS = (
    *dict.fromkeys(field.path[1] for field in fields.SCALARS.values()),
    *fields.LISTS,
    *("labelKeys", "extendedFields", "picture", "locations", "assignedUserIds"),
)


def _known(given: Mapping[str, Json], where: str, names: tuple[str, ...]) -> None:
    for key in given:
        if key in names:
            continue
        if key in fields.SCALARS:
            outer, inner = fields.SCALARS[key].path[1:]
            hint = f'that is a column; here it is {{"{outer}": {{"{inner}": …}}}}'
        else:
            near = difflib.get_close_matches(str(key), names, n=1, cutoff=0.6)
            hint = f"did you mean {near[0]!r}?" if near else f"it takes {', '.join(names)}"
        why = f"{where}: there is no {key!r:.80}; {hint}"
        raise BadValue(why, field=str(key))


def texts(values: object, name: str, *, most: int) -> tuple[str, ...]:
    """Return one to so many texts, each once and in order, or raise BadValue."""
    if isinstance(values, str):
        why = f"{name} is a list; pass [{values!r:.80}]"
        raise BadValue(why, field=name)
    if isinstance(values, bytes) or not isinstance(values, Iterable):
        why = f"{name} is a list of text, not {values!r:.80}"
        raise BadValue(why, field=name)
    found = tuple(dict.fromkeys(text(each, f"each of {name}") for each in values))
    if not 1 <= len(found) <= most:
        rest = "make several calls of it" if found else "name at least one"
        why = f"{name} holds 1 to {most}, not {len(found)}; {rest}"
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
