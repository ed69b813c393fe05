"""Ordering: who is written first, so that no e-mail or phone ever belongs to two. Pure.

Who lets go of a value comes before who claims it. Where contacts pass values round in a ring
nobody can be first: one of them is written in two steps, the first of which only lets go.
"""

from __future__ import annotations

import contextlib
import graphlib
from collections.abc import Mapping
from dataclasses import replace

from contacttools.contact import fields, merge
from contacttools.planning.change import Change, Edit, Key, Risk
from contacttools.planning.provenance import NONE
from contacttools.staging import claims
from contacttools.staging.claims import Claims

_PARKED = "{}@parked.invalid"  # no such domain can exist: nothing is ever delivered there
_REACH = ("name.first", "name.last", "emails", "phones")


def ordered(planned: Mapping[str, Change], known: Claims) -> tuple[tuple[Change, ...], list[Risk]]:
    """Return the changes in the order they are to be written, and what that costs.

    Parameters
    ----------
    planned : mapping of str to Change
        By contact id; no two of them claim the same.
    known : Claims
    """
    waits = known.waits(planned)
    split: dict[str, tuple[Change, Change]] = {}
    risks: list[Risk] = []
    while rings := _rings(_nodes(waits, split)):
        for ring in rings:
            # Who only waits for another to claim first lets go of nothing: it is not split.
            contact_id, leaving = next(
                (each, leaving)
                for each in sorted(ring, key=lambda each: (len(planned[each].edits), each))
                if (leaving := known.exchanged(each, planned))
            )
            first, _ = split[contact_id] = _in_two(planned[contact_id], leaving)
            partners = ", ".join(sorted(waits[contact_id] & ring)[:3])
            text = (
                f"exchanges an e-mail or phone with {partners}, in two updates: between them it "
                "has neither the old one nor the new one, and stays so if the run ends there"
            )
            risks.append(Risk("exchange", contact_id, first.edits[0].field, text))
    nodes = _nodes(waits, split)
    changes = {change.key: change for change in planned.values() if change.contact_id not in split}
    changes |= {step.key: step for steps in split.values() for step in steps}
    return (
        tuple(replace(changes[key], needs=tuple(sorted(nodes[key]))) for key in _sorted(nodes)),
        risks,
    )


def _nodes(waits: Mapping[str, set[str]], split: Mapping[str, object]) -> dict[Key, set[Key]]:
    """Return for each update those that must be made before it."""
    nodes: dict[Key, set[Key]] = {}
    for contact_id, holders in waits.items():
        last = 2 if contact_id in split else 1
        nodes[contact_id, last] = {(holder, 1) for holder in holders}
        if last == 2:
            nodes[contact_id, 1] = set()
            nodes[contact_id, 2].add((contact_id, 1))
    return nodes


def _rings(nodes: Mapping[Key, set[Key]]) -> list[set[str]]:
    """Return the contacts that wait for each other, those that have to do with each other together.

    Rings of any length, and rings that hang together.
    """
    tangled = _unordered(nodes)
    # What merely waits for a ring is in none: looked at from the other end, it is free.
    awaited: dict[Key, set[Key]] = {key: set() for key in tangled}
    for key in tangled:
        for other in nodes[key] & tangled:
            awaited[other].add(key)
    left = _unordered(awaited)
    rings: list[set[str]] = []
    while left:
        reached, edge = set[Key](), {min(left)}
        while edge:
            reached |= edge
            edge = {each for key in edge for each in (nodes[key] | awaited[key])} & left - reached
        left -= reached
        rings.append({contact_id for contact_id, _ in reached})
    return rings


def _unordered(waits: Mapping[Key, set[Key]]) -> set[Key]:
    """Return what can be put in no order: what is in a ring, or waits for one."""
    sorter, left = graphlib.TopologicalSorter(waits), set(waits)
    with contextlib.suppress(graphlib.CycleError):  # as much as can be ordered still is
        sorter.prepare()
    while ready := sorter.get_ready():
        left.difference_update(ready)
        sorter.done(*ready)
    return left


def _sorted(nodes: Mapping[Key, set[Key]]) -> list[Key]:
    """Return the updates so that what is needed comes first, else by contact id."""
    sorter = graphlib.TopologicalSorter(nodes)
    sorter.prepare()
    found: list[Key] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        found += ready
        sorter.done(*ready)
    return found


def _in_two(change: Change, leaving: set[claims.Key]) -> tuple[Change, Change]:
    """Return a change in two steps: first it only lets go of values, then it does the rest."""
    come = {edit.field: edit.provenance for edit in change.edits}
    first: dict[str, Edit] = {}
    for name in sorted({name for name, _ in leaving}):
        was = change.base.get(name)
        kept = [item for item in was or () if not claims.keys_of(name, [item]) & leaving]
        first[name] = Edit(name, was, merge.settle(name, was, kept), come.get(name, NONE))
    between = change.base | {name: edit.after for name, edit in first.items()}
    if not any(between.get(name) for name in _REACH):
        parked = {"email": _PARKED.format(change.contact_id), "primary": True, "tag": "UNTAGGED"}
        was = change.base.get("emails")
        first["emails"] = Edit("emails", was, merge.settle("emails", was, [parked]))
        between["emails"] = first["emails"].after
    base = {name: value for name, value in between.items() if value is not None}
    wanted = {name: change.base.get(name) for name in first}
    wanted |= {edit.field: edit.after for edit in change.edits}
    second = []
    for name, value in sorted(wanted.items()):
        after = merge.settle(name, base.get(name), value) if name in fields.LISTS else value
        if not merge.same(name, base.get(name), after):
            second.append(Edit(name, base.get(name), after, come.get(name, NONE)))
    edits = tuple(first[name] for name in sorted(first))
    return (
        replace(change, edits=edits, steps=2),
        replace(
            change,
            revision=change.revision + 1,
            edits=tuple(second),
            base=base,
            step=2,
            steps=2,
        ),
    )
