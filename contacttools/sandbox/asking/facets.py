"""Facets: the ways in which a contact list divides, with how many contacts each part has.

Pure: contacts and labels in, facets out.

A part is counted by the reader of the very field that its filter names, so the filter of a facet
finds exactly the contacts counted. The one part without a filter is that of contacts without a
label: no operator of the language says it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from contacttools.sandbox.asking import filters
from contacttools.sandbox.asking.fields import FIELDS, Contact, Table
from contacttools.sandbox.problems import Json
from contacttools.sandbox.rules import derive

Facet: TypeAlias = dict[str, Json]

_LABELS: Final = "info.labelKeys"
_SUBSCRIPTION: Final = f"info.extendedFields.{derive.SUBSCRIPTION}"
_DELIVERABILITY: Final = f"info.extendedFields.{derive.DELIVERABILITY}"
_EFFECTIVE: Final = f"info.extendedFields.{derive.EFFECTIVE}"
_MEMBERSHIP: Final = f"info.extendedFields.{derive.MEMBERSHIP}"

_FILTERABLE: Final = Table(
    {name: FIELDS[name] for name in (_EFFECTIVE, _SUBSCRIPTION, _DELIVERABILITY)}.get
)


def facets(
    contacts: Iterable[Contact], labels: Iterable[Mapping[str, Json]], clause: Json = None
) -> list[Facet]:
    """Give all facets of a contact list.

    Parameters
    ----------
    contacts
        All contacts of the site.
    labels
        The labels of the site; each is a facet, also one that no contact has.
    clause
        The filter of Query Facets: only contacts that match it are counted.

    Returns
    -------
    list of dict
        In the REST shape: everybody, those without a label, the labels, the statuses.

    Raises
    ------
    Problem
        400, with one of the filter codes.
    """
    narrowed = clause not in (None, {})
    counted = (
        [*filter(filters.compiled(clause, _FILTERABLE), contacts)] if narrowed else [*contacts]
    )
    keys = Counter(key for contact in counted for key in set(FIELDS[_LABELS].read(contact)))
    unlabelled = sum(1 for contact in counted if not any(FIELDS[_LABELS].read(contact)))
    found = [
        _facet("ALL_CONTACTS", (*_SITE, "all", "All Contacts"), len(counted), {}),
        _facet("NOT_LABELED", (*_SITE, "not-labeled", "Not Labeled"), unlabelled, None),
        *(_label(label, keys[label["key"]]) for label in labels),
        *(facet for status in _STATUSES for facet in _statuses(*status, counted)),
    ]
    return [_narrowed(facet, clause) for facet in found] if narrowed else found


def _label(label: Mapping[str, Json], count: int) -> Facet:
    about = [label[name] for name in ("namespace", "namespaceDisplayName", "key", "displayName")]
    return _facet("LABEL", about, count, {_LABELS: {"$hasSome": [label["key"]]}})


def _statuses(
    kind: str, name: str, about: tuple[str, str], contacts: Iterable[Contact]
) -> Iterator[Facet]:
    counts = Counter(value for contact in contacts for value in FIELDS[name].read(contact))
    for value in sorted(FIELDS[name].values):
        title = value.replace("_", " ").capitalize()
        yield _facet(kind, (*about, value, title), counts[value], {name: value})


def _facet(kind: str, about: Iterable[str], count: int, clause: Json) -> Facet:
    told = dict(zip(_ABOUT, about, strict=True))
    finds = {} if clause is None else {"queryFilter": clause}
    return {"facetType": kind, **told, "count": count, **finds}


def _narrowed(facet: Facet, clause: Json) -> Facet:
    """Let the filter of a facet find only what another filter finds as well."""
    if (own := facet.get("queryFilter")) is None:
        return facet
    return {**facet, "queryFilter": {"$and": [clause, own]} if own else clause}


_ABOUT: Final = ("namespace", "namespaceDisplayName", "facetKey", "facetDisplayName")
_SITE: Final = ("contacts", "Contacts")
# Statuses, and what they are called: no sample shows the service's own words.
_STATUSES: Final = (
    ("SUBSCRIPTION_STATUS", _SUBSCRIPTION, ("emailSubscriptions", "Email Subscriptions")),
    ("MEMBERSHIP_STATUS", _MEMBERSHIP, ("members", "Members")),
)
