"""Oracle: the documented tables of filters, and what each operator means, in plain Python.

It knows nothing of the sandbox, so that the two can disagree.
"""

from __future__ import annotations

_CODE = "$eq $ne $in $exists"
_TEXT = f"{_CODE} $startsWith"
_ORDER = "$eq $ne $gt $lt $gte $lte"
_CHOICE = "$eq $ne $in $nin"
_TAGS = "$hasSome $hasAll"
_EXTENDED = "info.extendedFields."

CONTACTS = {
    "id": (_CODE, False),
    "createdDate": (_ORDER, True),
    "updatedDate": (_ORDER, False),
    "lastActivity.activityDate": (_ORDER, True),
    "primaryInfo.email": (_TEXT, True),
    "primaryInfo.phone": (_TEXT, False),
    "info.name.first": (_TEXT, True),
    "info.name.last": (_TEXT, True),
    "info.emails.email": (_TEXT, False),
    "info.phones.phone": (_TEXT, False),
    "info.phones.e164Phone": (_TEXT, False),
    "info.addresses.street": (_TEXT, False),
    "info.addresses.city": (_TEXT, False),
    "info.addresses.subdivision": (_CODE, False),
    "info.addresses.country": (_CODE, False),
    "info.company": (_TEXT, True),
    "info.jobTitle": (_TEXT, True),
    "info.birthdate": (_ORDER, True),
    "info.locale": (_CODE, False),
    "info.labelKeys": (_TAGS, False),
    "info.locations": (_TAGS, False),
    f"{_EXTENDED}members.membershipStatus": (_CHOICE, False),
    f"{_EXTENDED}emailSubscriptions.deliverabilityStatus": (_CHOICE, False),
    f"{_EXTENDED}emailSubscriptions.subscriptionStatus": (_CHOICE, False),
    f"{_EXTENDED}emailSubscriptions.effectiveEmail": ("$exists", True),
}
"""Operators of each field of contacts, and whether a sort may name it."""

CUSTOM = {
    "TEXT": ("$eq $ne $in $startsWith", True),
    "URL": ("$eq $ne $in $startsWith", True),
    "NUMBER": (_ORDER, True),
    "DATE": (_ORDER, True),
}
"""Likewise for custom fields, by data type."""

_DEFINITIONS = {
    "key": ("$eq $ne $in", False),
    "displayName": ("$eq $ne $in $startsWith", True),
    "createdDate": (_ORDER, True),
    "updatedDate": (_ORDER, True),
    "namespace": ("$eq $ne", False),
}
LABELS = {**_DEFINITIONS, "labelType": ("$eq", False)}
FIELDS = {**_DEFINITIONS, "fieldType": ("$eq", False), "dataType": ("$eq $ne", False)}
"""Operators of each field of labels and of extended fields."""

_FALLBACK = {
    "info.locations": "99999999-9999-4999-8999-999999999999",
    f"{_EXTENDED}members.membershipStatus": "APPROVED",
    f"{_EXTENDED}emailSubscriptions.deliverabilityStatus": "BOUNCED",
    f"{_EXTENDED}emailSubscriptions.subscriptionStatus": "SUBSCRIBED",
}


def values(entry, name):
    """Give the values that a contact, a label or a field has under the name of a filter."""
    if name.startswith(_EXTENDED):
        held = entry["info"].get("extendedFields", {}).get("items", {})
        return [held[key]] if (key := name.removeprefix(_EXTENDED)) in held else []
    match name.split("."):
        case ["info", "addresses", "street"]:
            found = [_street(one["address"]) for one in _items(entry, "addresses")]
        case ["info", "addresses", part]:
            found = [one["address"].get(part) for one in _items(entry, "addresses")]
        case ["info", ("emails" | "phones") as kind, part]:
            found = [one.get(part) for one in _items(entry, kind)]
        case ["info", ("labelKeys" | "locations") as kind]:
            found = _items(entry, kind)
        case path:
            value = entry
            for part in path:
                value = (value or {}).get(part)
            found = [value]
    return [one for one in found if one is not None]


def meant(entry, name, operation, operand):
    """Tell whether an entry is one that a condition means."""
    return _MEANS[operation](values(entry, name), operand)


_MEANS = {
    "$eq": lambda held, one: one in held,
    "$ne": lambda held, one: one not in held,
    "$in": lambda held, some: any(one in some for one in held),
    "$nin": lambda held, some: not any(one in some for one in held),
    "$hasSome": lambda held, some: any(one in some for one in held),
    "$hasAll": lambda held, some: all(one in held for one in some),
    "$exists": lambda held, wanted: wanted is bool(held),
    "$startsWith": lambda held, start: any(one.lower().startswith(start.lower()) for one in held),
    "$gt": lambda held, bound: any(one > bound for one in held),
    "$lt": lambda held, bound: any(one < bound for one in held),
    "$gte": lambda held, bound: any(one >= bound for one in held),
    "$lte": lambda held, bound: any(one <= bound for one in held),
}


OPERATORS = tuple(_MEANS)
"""Every operator of the language, but those that join clauses."""


def operands(entries, name, operation):
    """Give operands to try: taken from the entries, so that a condition finds some and not all."""
    known = sorted({value for one in entries for value in values(one, name)}) or [
        _FALLBACK.get(name, "2021-01-01")
    ]
    middle = known[len(known) // 2]
    match operation:
        case "$exists":
            return [True, False]
        case "$in" | "$nin" | "$hasSome":
            return [known[:1], [known[0], middle], []]
        case "$hasAll":
            return [known[:1], [known[0], middle]]
        case "$startsWith":
            # Short, for some to be found, and in other letters: the case makes no difference.
            return [str(middle)[:2].swapcase(), str(middle)]
    return [middle, known[0]]


def _items(entry, kind):
    return entry["info"].get(kind, {}).get("items", [])


def _street(address):
    line, parts = address.get("addressLine"), address.get("streetAddress", {})
    return line or " ".join(parts[key] for key in ("number", "name") if key in parts) or None
