"""Definitions: the operations on labels and on extended fields, six on each.

Reads and writes the store, and asks the rules; knows nothing of HTTP. Labels and extended fields
differ in little more than a word, so each operation is told which kind it is about.
"""

from __future__ import annotations

from collections.abc import Mapping

from contacttools.sandbox import door
from contacttools.sandbox.asking import definitions as asking
from contacttools.sandbox.asking.definitions import Choice
from contacttools.sandbox.operations.contacts import metadata
from contacttools.sandbox.operations.desk import Call, Desk, now
from contacttools.sandbox.operations.parameters import structured
from contacttools.sandbox.problems import Json
from contacttools.sandbox.rules import checks, definitions, forget
from contacttools.sandbox.rules.definitions import LONGEST_NAME, Kind
from contacttools.sandbox.store import dumps


def find_or_create(desk: Desk, call: Call, kind: Kind) -> str:
    """Find Or Create Label, or Extended Field: the one with this very name, or a new one.

    Of extended fields only the site's own are found, as the documentation says.
    """
    name = checks.name(call.body.get("displayName"), "displayName", LONGEST_NAME[kind])
    with desk.store.write() as change:
        known = desk.store.definitions(kind)
        eligible = filter(definitions.is_own, known.values()) if kind == "field" else known.values()
        found = definitions.named(eligible, name)
        if found is not None:
            return _found(kind, found, new=False)
        if kind == "label":
            made = definitions.new_label(name, known, now(), desk.settings)
        else:
            data_type = call.body.get("dataType")
            made = definitions.new_field(name, data_type, known, now(), desk.settings)
        change.define(kind, made)
        return _found(kind, made, new=True)


def get(desk: Desk, call: Call, kind: Kind) -> str:
    """Get Label, or Extended Field."""
    return dumps({kind: _existing(desk, call, kind)})


def list_(desk: Desk, call: Call, kind: Kind) -> str:
    """List Labels, or Extended Fields."""
    return _page(desk, kind, asking.listed(structured(call), kind), "metadata")


def query(desk: Desk, call: Call, kind: Kind) -> str:
    """Query Labels, or Extended Fields."""
    return _page(desk, kind, asking.queried(call.body, kind), "pagingMetadata")


def rename(desk: Desk, call: Call, kind: Kind) -> str:
    """Rename Label, or Extended Field; the name is sent in a wrapper, or without one."""
    wrapper = door.member(call.body, kind)
    path = "displayName" if wrapper is None else f"{kind}.displayName"
    sent = call.body if wrapper is None else wrapper
    name = checks.name(sent.get("displayName"), path, LONGEST_NAME[kind])
    with desk.store.write() as change:
        known = desk.store.definitions(kind)
        before = _existing(desk, call, kind)
        after = definitions.renamed(before, name, known.values(), now(), desk.settings)
        change.define(kind, after)
    return dumps({kind: after})


def delete(desk: Desk, call: Call, kind: Kind) -> str:
    """Delete Label, or Extended Field; every contact that has it loses it."""
    with desk.store.write() as change:
        definition = _existing(desk, call, kind)
        definitions.require_own(definition, desk.settings)
        key = definition["key"]
        change.undefine(kind, key)
        context = desk.context(call.caller.app_id)
        for before in change.mentioning(key):
            change.replace(before, forget.without(before, kind, key, context))
    return "{}"


def _existing(desk: Desk, call: Call, kind: Kind) -> Mapping[str, Json]:
    key = call.path["key"]
    found = desk.store.definitions(kind).get(key)
    if found is None:
        raise definitions.unknown(key)
    return found


def _found(kind: Kind, definition: Mapping[str, Json], *, new: bool) -> str:
    return dumps({kind: definition, f"new{kind.title()}": new})


def _page(desk: Desk, kind: Kind, choice: Choice, told_as: str) -> str:
    found, page = asking.chosen(desk.store.definitions(kind).values(), choice), choice.page
    some = found[page.offset : page.offset + page.limit]
    return dumps({f"{kind}s": some, told_as: metadata(page, len(some), len(found))})
