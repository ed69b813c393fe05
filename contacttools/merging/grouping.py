"""Grouping: from pairs or groups of contact ids to a plan of merges. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import pandas as pd

from contacttools.contact.fields import Json
from contacttools.errors import BadValue, WrongSite
from contacttools.merging import forecast
from contacttools.merging.group import Merge, ranked
from contacttools.merging.mergeplan import MergePlan
from contacttools.planning.change import Refusal
from contacttools.planning.render import count
from contacttools.snapshot.contacts import Contacts


class Framed(Protocol):
    """What finds duplicates: it can be laid out, a row per pair."""

    def to_frame(self) -> pd.DataFrame:
        """Return ``contactIdA``, ``contactIdB``, ``group``, and perhaps ``reasons``."""
        ...


def merge_plan(
    pairs: Framed | pd.DataFrame | Iterable[Iterable[str]], contacts: Contacts
) -> MergePlan:
    """Return which contacts would become one, for a person to read; nothing is written.

    In each group a site member stays, else the most complete contact, else the oldest;
    `MergePlan.target` chooses another. More than 5 sources take several calls. Merges cannot
    be taken back: `Site.merge` takes such a plan, with its approval, and `Site.commit` never.

    Parameters
    ----------
    pairs : duplicates, DataFrame, or iterable of iterables of contact ids
        What found them, or its frame with ``contactIdA``, ``contactIdB`` and ``group``; or the
        groups themselves.
    contacts : Contacts
        The snapshot that they were found in.

    Returns
    -------
    MergePlan

    Raises
    ------
    UnknownContact
        The snapshot has no such contact.
    BadValue
        A contact is in two groups, a group has one contact only, or the frame has other columns.

    Examples
    --------
    >>> contacts = ct.connect().fetch(limit=10)
    >>> one, two, three = list(contacts)[:3]
    >>> merges = ct.merge_plan([[one, two, three]], contacts)
    >>> len(merges), len(merges.merges[0].source_ids)
    (1, 2)
    """
    if not isinstance(contacts, Contacts):
        kind = type(contacts).__name__  # type: ignore[unreachable]
        why = f"merge_plan(pairs, contacts): contacts is a snapshot, not a {kind}"
        raise BadValue(why)
    if contacts.site_id is None:
        raise WrongSite(
            "the contacts are of no site that is known; merge what was fetched from one"
        )
    groups = _groups(pairs)
    _once(groups)
    merges: list[Merge] = []
    refused: list[Refusal] = []
    for name, (ids, why) in groups.items():
        documents = [contacts.document(each) for each in ids]
        order, chosen = ranked(documents)
        each = Merge(name, order[0], tuple(order[1:]), chosen, why)
        refusal = _refusal(each)
        if refusal is None:
            merges.append(each)
        else:
            refused.append(refusal)
    return MergePlan(contacts.site_id, tuple(merges), tuple(refused), contacts.fetched_at)


def _groups(pairs: Any) -> dict[str, tuple[list[str], str]]:  # noqa: ANN401 - whatever was given
    """Return the contacts of each group, and why they are one, by the name of the group."""
    frame = pairs.to_frame() if hasattr(pairs, "to_frame") else pairs
    if not isinstance(frame, pd.DataFrame):
        if isinstance(frame, (str, bytes)) or not isinstance(frame, Iterable):
            why = f"groups are lists of contact ids, not {frame!r:.60}"
            raise BadValue(why)
        listed = [_ids(each) for each in frame]
        return {str(n): (ids, "") for n, ids in enumerate(listed, 1)}
    if missing := {"contactIdA", "contactIdB", "group"} - set(frame.columns):
        why = f"the frame of pairs has no column {', '.join(sorted(missing))}"
        raise BadValue(why)
    found: dict[str, tuple[list[str], list[str]]] = {}
    for row in frame[frame["group"].notna()].to_dict("records"):
        name = row["group"]
        whole = isinstance(name, float) and name.is_integer()
        ids, reasons = found.setdefault(str(int(name) if whole else name), ([], []))
        ids += [row["contactIdA"], row["contactIdB"]]
        reasons += _reasons(row.get("reasons"))
    return {
        name: (_ids(ids), "; ".join(dict.fromkeys(reasons)))
        for name, (ids, reasons) in found.items()
    }


def _reasons(given: Json) -> list[str]:
    if isinstance(given, (list, tuple)):
        return [str(each) for each in given]
    return [given] if isinstance(given, str) and given else []


def _ids(given: Any) -> list[str]:  # noqa: ANN401 - whatever was given
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        why = f"a group is a list of contact ids, not {given!r:.60}"
        raise BadValue(why)
    ids = list(dict.fromkeys(given))
    if strange := next((each for each in ids if not isinstance(each, str)), None):
        why = f"a group is a list of contact ids, and {strange!r:.60} is none"
        raise BadValue(why)
    if len(ids) < 2:
        why = f"a group has two contacts or more, not {count(len(ids), 'contact')}; leave it out"
        raise BadValue(why)
    return ids


def _once(groups: Mapping[str, tuple[Sequence[str], str]]) -> None:
    seen: dict[str, str] = {}
    for name, (ids, _) in groups.items():
        for each in ids:
            if each in seen:
                why = (
                    f"contact {each} is in two groups, {seen[each]} and {name}: "
                    "join them, or leave it out of one"
                )
                raise BadValue(why, contact_id=each)
            seen[each] = name


def _refusal(each: Merge) -> Refusal | None:
    """Return why a group cannot be merged, if so."""
    members = [one["id"] for one in each.members.values() if forecast.membership(one)]
    if len(members) > 1:
        why = (
            f"group {each.group} has {len(members)} site members, {', '.join(members[:3])}; "
            "members can only be targets: leave all but one out, or keep them apart"
        )
        return Refusal(members[0], None, "MEMBERS", why)
    if lists := forecast.too_long(each.expected):
        why = f"group {each.group} would have more {lists[0]} than a contact can hold; merge fewer"
        return Refusal(each.target_id, lists[0], "TOO_MANY_ITEMS", why)
    return None
