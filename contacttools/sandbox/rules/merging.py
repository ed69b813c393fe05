"""Merging: what a contact becomes when others are merged into it. Pure: entries in and out.

Nothing that the target has is overwritten or lost. Of each source in turn, the items of lists that
the target does not have yet are appended, and what is empty on the target is filled. Two e-mails
are the same without regard to case, two telephone numbers by their international form if both have
one, else by their digits, two addresses if all their parts are equal.

The sources are deleted afterwards, so what would not fit on the target (a list has a most) must not
be left out in silence: such a merge is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from contacttools.sandbox.problems import Json, Problem, application
from contacttools.sandbox.rules import derive
from contacttools.sandbox.rules.amend import Context, Entry
from contacttools.sandbox.rules.checks import WRITABLE
from contacttools.sandbox.rules.contact import complete
from contacttools.sandbox.rules.deleting import refusal

Info: TypeAlias = Mapping[str, Json]

_MOST: Final = 50
_MOST_LABELS: Final = 2000


def require_distinct(target_id: str, source_ids: Sequence[str]) -> None:
    """Refuse to merge a contact into itself, or one twice.

    Raises
    ------
    Problem
        400 `ILLEGAL_MERGE`.
    """
    if len({target_id, *source_ids}) <= len(source_ids):
        raise application(
            400, "ILLEGAL_MERGE", "Target and sources of a merge must all be different contacts."
        )


def require_mergeable(target: Entry, revision: int | None, sources: Iterable[Entry]) -> None:
    """Refuse a merge that its contacts do not allow.

    Parameters
    ----------
    target
        The contact to merge into.
    revision
        The revision of it that the caller has seen; None if that does not matter.
    sources
        The contacts to merge; they will be deleted.

    Raises
    ------
    Problem
        428, if the target has another revision, or a source may not be deleted.
    """
    if revision not in {None, target.contact["revision"]}:
        raise _precondition("The target contact has been updated since the requested revision.")
    for source in sources:
        if (problem := refusal(source)) is not None:
            reason = problem.body["message"]
            raise _precondition(f"Contact {source.contact['id']} cannot be a source: {reason}")


def merged(target: Entry, sources: Iterable[Entry], context: Context) -> Entry:
    """Merge contacts into another.

    Parameters
    ----------
    target
        The contact to merge into.
    sources
        The contacts to merge; what the first gives, later ones no longer fill.
    context
        The time, and how open points are read.

    Returns
    -------
    Entry
        The target one revision on.

    Raises
    ------
    Problem
        428, if a list would become too long.
    """
    sources = list(sources)
    old = target.contact
    info: Info = old["info"]
    for source in sources:
        info = _filled(info, source.contact["info"])
    contact = {
        **old,
        "revision": old["revision"] + 1,
        "updatedDate": context.now,
        "lastActivity": {"activityDate": context.now, "activityType": "CONTACT_MERGED"},
        "info": info,
    }
    private = {**target.private, "subscriptions": _subscriptions(target, sources)}
    return complete(Entry(contact, private), old["info"], context.settings)


def _filled(info: Info, source: Info) -> dict[str, Json]:
    both = {
        name: _MEMBERS.get(name, _kept)(name, info.get(name), source[name])
        if name in source
        else info[name]
        for name in WRITABLE
        if name in info or name in source
    }
    return {name: value for name, value in both.items() if value}


def _kept(_name: str, own: Json, given: Json) -> Json:
    return own or given


def _name(_name: str, own: Json, given: Json) -> Json:
    return {**given, **{part: text for part, text in (own or {}).items() if text}}


def _appended(name: str, own: Json, given: Json) -> Json:
    """Append the items that are not there; the first ones ever bring their primary mark along."""
    had = (own or {}).get("items", [])
    items = list(had)
    same = _SAME[name]
    for item in given.get("items", []):
        if not any(same(item, other) for other in items):
            items.append({**item, "primary": False} if had and "primary" in item else item)
    most = _MOST_LABELS if name == "labelKeys" else _MOST
    if len(items) > max(most, len(had)):
        raise _precondition(f"The merged contact would have more than {most} {name}.")
    return {"items": items} if items else None


def _fields(_name: str, own: Json, given: Json) -> Json:
    had = (own or {}).get("items", {})
    items = {
        key: value
        for key, value in given.get("items", {}).items()
        if key not in _DERIVED and had.get(key) in (None, "")
    }
    return {"items": {**had, **items}}


def _same_email(one: Json, other: Json) -> bool:
    return bool(one["email"].lower() == other["email"].lower())


def _same_phone(one: Json, other: Json) -> bool:
    if "e164Phone" in one and "e164Phone" in other:
        return bool(one["e164Phone"] == other["e164Phone"])
    digits = [_digits(item["phone"]) or item["phone"] for item in (one, other)]
    return digits[0] == digits[1]


def _digits(phone: str) -> str:
    return "".join(character for character in phone if character.isdigit())


def _same_address(one: Json, other: Json) -> bool:
    return bool(one["address"] == other["address"])


def _equal(one: Json, other: Json) -> bool:
    return bool(one == other)


def _subscriptions(target: Entry, sources: Iterable[Entry]) -> dict[str, Json]:
    """Give what is known of every address: a person who unsubscribed stays so after a merge."""
    known: dict[str, Json] = {}
    for entry in (target, *sources):
        for address, status in _statuses(entry).items():
            known.setdefault(address, status)
    return known


def _statuses(entry: Entry) -> dict[str, Json]:
    info = entry.contact["info"]
    shown = info.get("extendedFields", {}).get("items", {})
    known = dict(entry.private.get("subscriptions", {}))
    if (email := derive.primary_text(info, "emails")) is not None:
        known[email.lower()] = [
            shown.get(key, "NOT_SET") for key in (derive.DELIVERABILITY, derive.SUBSCRIPTION)
        ]
    return known


def _precondition(description: str) -> Problem:
    return application(428, "FAILED_PRECONDITION", description)


_DERIVED: Final = frozenset(
    {
        derive.BY_FIRST,
        derive.BY_LAST,
        derive.SUBSCRIPTION,
        derive.DELIVERABILITY,
        derive.EFFECTIVE,
        derive.MEMBERSHIP,
    }
)
_SAME: Final[Mapping[str, Callable[[Json, Json], bool]]] = {
    "emails": _same_email,
    "phones": _same_phone,
    "addresses": _same_address,
    "labelKeys": _equal,
    "locations": _equal,
    "assignedUserIds": _equal,
}
_MEMBERS: Final[Mapping[str, Callable[[str, Json, Json], Json]]] = {
    "name": _name,
    "extendedFields": _fields,
    **dict.fromkeys(_SAME, _appended),
}
