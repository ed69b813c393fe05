"""Mapping: one contact in the shapes of three dialects, as a table read both ways. Pure.

The same contact goes by three shapes: the one of REST, which is the service's own and the only one
the rest of this package knows; that of the JavaScript SDK and ``wix-crm.v2``; and the flat one of
``wix-crm-backend``. `TABLE` holds every difference between them, one a line. The rest of this file
follows it, one way to speak a dialect and the other way to understand it.

Nothing is lost on the way, so REST to a dialect and back is the same contact:

- What a dialect has no way to say travels as REST has it, renamed and no more. So a picture whose
  text would leave something out stays an object, a ``"phones": {}`` stays an object, and a member
  that nobody knows stays where it was. Where even that would be understood otherwise, such as a
  wrapper of extended fields with unknown members only, it stands in a list of one.
- A member that already has the name which another one is given gets an underscore more (``_id``
  becomes ``__id``), and loses it on the way back. Two members that would become one are refused.

Dates stay the ISO texts they are in JSON. JavaScript shows some as ``Date``, for which Python has
no counterpart that JSON would keep.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol, get_args
from urllib.parse import unquote

from contacttools.contact import fields
from contacttools.contact.fields import Json
from contacttools.errors import BadValue

Dialect = Literal["rest", "crm_v2", "crm_backend"]
DIALECTS: tuple[Dialect, ...] = get_args(Dialect)

EACH = "[]"  # in a path: every item of a list


# -- the kinds of difference ----------------------------------------------------------------


class Difference(Protocol):
    """How one place of a contact is said in a dialect, and understood again."""

    def say(self, value: Json) -> Json:
        """Return what stands there in the dialect."""

    def understand(self, value: Json) -> Json:
        """Return what stands there in REST, or raise ValueError with the reason."""


@dataclass(frozen=True)
class Names:
    """Members of an object that go by other names.

    Attributes
    ----------
    names : dict of str to str
        The dialect's name by REST's.
    only : type
        Rename what holds a value of this type.
    strict : bool
        Refuse REST's names in the dialect; the SDK would drop them without a word.
    """

    names: Mapping[str, str]
    only: type = object
    strict: bool = False

    @cached_property
    def _back(self) -> dict[str, str]:
        return {theirs: ours for ours, theirs in self.names.items()}

    @cached_property
    def _taken(self) -> re.Pattern[str]:
        return re.compile(rf"_*(?:{'|'.join(map(re.escape, self._back)) or '(?!)'})")

    def say(self, value: Json) -> Json:
        """Rename the members of an object; anything else has none."""
        if not isinstance(value, dict):
            return value
        return {self._said(key, each): each for key, each in value.items()}

    def understand(self, value: Json) -> Json:
        """Rename them back."""
        if not isinstance(value, dict):
            return value
        for ours, theirs in self.names.items():
            if self.strict and ours in value:
                why = f"{ours!r} is REST's name and would be dropped; here it is {theirs!r}"
                raise ValueError(why)
        return distinct((self._understood(key), key, each) for key, each in value.items())

    def _said(self, key: str, value: Json = None) -> str:
        if key in self.names and isinstance(value, self.only):
            return self.names[key]
        return f"_{key}" if self._taken.fullmatch(key) else key

    def _understood(self, key: str) -> str:
        if key in self._back:
            return self._back[key]
        return key[1:] if self._taken.fullmatch(key) else key


@dataclass(frozen=True)
class NamesEverywhere(Names):
    """Names that differ at every depth, and in each part of a dotted key.

    The result is a copy throughout, of nothing but dicts and lists.
    """

    def say(self, value: Json) -> Json:
        """Rename the members of every object."""
        if isinstance(value, Mapping):
            return {self._parts(self._said, key): self.say(each) for key, each in value.items()}
        return [self.say(each) for each in value] if isinstance(value, (list, tuple)) else value

    def understand(self, value: Json) -> Json:
        """Rename them back; a name of REST's stays what it is."""
        if isinstance(value, Mapping):
            return distinct(
                (self._parts(self._understood, key), str(key), self.understand(each))
                for key, each in value.items()
            )
        several = isinstance(value, (list, tuple))
        return [self.understand(each) for each in value] if several else value

    @staticmethod
    def _parts(rename: Callable[[str], str], key: str) -> str:
        return ".".join(map(rename, str(key).split(".")))


@dataclass(frozen=True)
class Bare:
    """A wrapper with one member that the dialect leaves out: ``{"items": […]}`` is ``[…]``."""

    member: str
    kind: type

    def say(self, value: Json) -> Json:
        """Return what is in the wrapper."""
        return sayable(self, value, *(value.values() if isinstance(value, dict) else ()))

    def understand(self, value: Json) -> Json:
        """Put it into the wrapper; what is wrapped already is understood as well."""
        if self.kind is not list and isinstance(value, list) and len(value) == 1:
            return value[0]
        if isinstance(value, dict) and (not value or self.member in value):
            return value
        return {self.member: value} if isinstance(value, self.kind) else value


@dataclass(frozen=True)
class ImageText:
    """A picture that the dialect writes as one text.

    ``wix:image://v1/<id>/<file>#originWidth=<w>&originHeight=<h>``, or any other URL.
    """

    _WIX = re.compile(
        r"wix:image://v1/([^/?#]+)(?:/([^/?#]+))?"
        r"#originWidth=([0-9]{1,9})&originHeight=([0-9]{1,9})(&.*)?"
    )

    def say(self, value: Json) -> Json:
        """Return the text when it says everything, else the object."""
        if not isinstance(value, dict):
            return sayable(self, value)
        width, height = value.get("width"), value.get("height")
        if isinstance(width, (bool, float)) or isinstance(height, (bool, float)):
            return value  # a text would make 1 of True, and of 1.0
        text = f"wix:image://v1/{value.get('id')}#originWidth={width}&originHeight={height}"
        return sayable(self, value, value.get("url", text))

    def understand(self, value: Json) -> Json:
        """Return the object of a text; an object is understood as it is."""
        if isinstance(value, list) and len(value) == 1:
            return value[0]
        if not isinstance(value, str) or not value:
            return value  # no text is no address; the service says so
        if not (found := self._WIX.fullmatch(value)):
            return {"url": value}
        image: Json = {"id": found[1], "height": int(found[4]), "width": int(found[3])}
        if found[2]:
            file = unquote(found[2])
            image |= {"altText": file, "filename": file}
        return image | {"url": value} if found[2] or found[5] else image


def sayable(difference: Difference, value: Json, *shorter: Json) -> Json:
    """Return the first way to say a value that is understood as that value."""
    for said in (*shorter, value, [value]):
        understood = difference.understand(said)
        if understood is value or understood == value:  # NaN is itself, and equals nothing
            return said
    why = f"a {type(value).__name__} is no value that REST has there"
    raise ValueError(why)


def distinct(members: Iterator[tuple[str, str, Json]]) -> Json:
    """Return an object of (name, name as it was given, value), each name once."""
    found: dict[str, Json] = {}
    given: dict[str, str] = {}
    for name, spelt, value in members:
        if name in found:
            why = f"{given[name]!r} and {spelt!r} are two names of one member; leave one out"
            raise ValueError(why)
        found[name], given[name] = value, spelt
    return found


# -- the table ------------------------------------------------------------------------------

_LISTS = ("emails", "phones", "addresses", "labelKeys", "locations", "assignedUserIds")
_IDS = NamesEverywhere({"id": "_id", "createdDate": "_createdDate", "updatedDate": "_updatedDate"})
_ADDRESS = Names(
    {"addressLine": "addressLine1", "formattedAddress": "formatted", "geocode": "location"},
    strict=True,
)
_ADDRESSES = ("info", "addresses", "items", EACH, "address")
_IMAGE = ("info", "picture", "image")

#: Every difference from REST, in the order in which a contact is said; understood in reverse.
TABLE: dict[Dialect, tuple[tuple[tuple[str, ...], Difference], ...]] = {
    "rest": (((), NamesEverywhere({})),),
    "crm_v2": (
        (_ADDRESSES, _ADDRESS),
        (_IMAGE, ImageText()),
        ((), _IDS),
    ),
    "crm_backend": (
        (_ADDRESSES, _ADDRESS),
        (_IMAGE, ImageText()),
        (("info", "picture"), Bare("image", str)),
        (("info",), Names({"picture": "profilePicture"}, only=str)),
        *((("info", name), Bare("items", list)) for name in _LISTS),
        (("info", "extendedFields"), Bare("items", dict)),
        ((), _IDS),
    ),
}


# -- following it ---------------------------------------------------------------------------


def known(dialect: str) -> Dialect:
    """Return a dialect's name, or raise BadValue with the names there are."""
    for each in DIALECTS:
        if each == dialect:
            return each
    why = f"there is no dialect {dialect!r}; it is one of {', '.join(DIALECTS)}"
    raise BadValue(why, field="dialect")


def contact_to(dialect: Dialect, contact: Json) -> Json:
    """Return a REST contact in the shape of a dialect, as a copy.

    Raises
    ------
    BadValue
        The contact has a bare list where REST has a wrapper: it is none of the service's.
    """
    return _followed(dialect, contact, lambda each: each.say, TABLE[known(dialect)])


def contact_from(dialect: Dialect, contact: Json) -> Json:
    """Return a contact of a dialect in the shape of REST, as a copy.

    Raises
    ------
    BadValue
        A member stands there under two names, or under one that the dialect does not have.
    """
    return _followed(dialect, contact, lambda each: each.understand, TABLE[known(dialect)][::-1])


def info_to(dialect: Dialect, info: Json) -> Json:
    """Return REST's ``info`` as a dialect sends it."""
    return contact_to(dialect, {"info": info})["info"]


def info_from(dialect: Dialect, info: Json) -> Json:
    """Return what is to be sent in the shape of REST.

    Raises
    ------
    BadValue
        As in `contact_from`; or a list is bare in a dialect that wraps lists.
    """
    understood = contact_from(dialect, {"info": info})["info"]
    for name in bare(understood):
        inner = "{…}" if name == "extendedFields" else "[…]"
        why = f'info.{name}: {dialect} has {{"items": {inner}}} here; only crm_backend is flat'
        raise BadValue(why, field=name)
    return understood


def bare(info: Json) -> list[str]:
    """Return the members that are flat, as in crm_backend, and not wrapped as elsewhere."""
    if not isinstance(info, dict):
        return []
    custom = info.get("extendedFields")
    flat = isinstance(custom, list) or (
        # The key of an extended field is always dotted, a member of a wrapper never.
        isinstance(custom, dict) and "items" not in custom and any("." in key for key in custom)
    )
    found = [name for name in _LISTS if isinstance(info.get(name), list)]
    return [*found, "extendedFields"] if flat else found


def detected(contact: Json) -> Dialect | None:
    """Return the dialect of a contact by its shape, None when it has no id in any of them.

    A contact that `crm_v2` and `crm_backend` write alike is called `crm_v2`.
    """
    if "id" in contact:
        return "rest"
    if "_id" not in contact:
        return None
    info = contact.get("info")
    told = info if isinstance(info, dict) else {}
    custom = told.get("extendedFields")
    flat = (
        bare(told)
        or (isinstance(custom, dict) and custom and "items" not in custom)
        or isinstance(told.get("picture"), (str, list))
        or any(key.lstrip("_") == "profilePicture" for key in told)
    )
    return "crm_backend" if flat else "crm_v2"


def _followed(
    dialect: Dialect,
    contact: Json,
    how: Callable[[Difference], Callable[[Json], Json]],
    rows: tuple[tuple[tuple[str, ...], Difference], ...],
) -> Json:
    for path, difference in rows:
        try:
            contact = _changed(contact, path, how(difference))
        except ValueError as error:
            contact_id = str(fields.dig(contact, ("id",)) or fields.dig(contact, ("_id",)) or "")
            who = f"contact {contact_id}: " if contact_id else ""
            place = ".".join(path).replace(f".{EACH}", EACH)
            why = f"{who}{place + ': ' if place else ''}{error} ({dialect})"
            field = path[1] if len(path) > 1 else None
            raise BadValue(why, contact_id=contact_id or None, field=field) from None
    return contact


def _changed(value: Json, path: tuple[str, ...], change: Callable[[Json], Json]) -> Json:
    """Return a value with what stands at a path changed; a path that ends early changes nothing."""
    if not path:
        return change(value)
    key, *rest = path
    if key == EACH:
        several = isinstance(value, list)
        return [_changed(each, tuple(rest), change) for each in value] if several else value
    if not isinstance(value, dict) or key not in value:
        return value
    return {**value, key: _changed(value[key], tuple(rest), change)}
