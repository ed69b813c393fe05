"""Groups: a plan's edits folded by what they do, the riskiest first, decided at once. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import pandas as pd

from contacttools.contact import fields
from contacttools.errors import BadValue
from contacttools.planning.change import Change, Edit
from contacttools.planning.patterns import PATTERNS, RISKS, Pattern, Risk, pattern_of
from contacttools.planning.render import count, escape, visible

MOST = 18  # groups: as many as one looks through
_SHARED = 3  # contacts that are given one value, and are told by it
_FILLINGS = 3  # values that a field is filled with, and that are told one by one
_EXAMPLES = 3
_BECOME: frozenset[Pattern] = frozenset({"replaced", "respelled"})
_TARGETS = _BECOME | {"filled"}

Name = tuple[str, str]  # contact id and field
P = TypeVar("P")
_Kind = tuple[Pattern, str | None, str | None]  # what is done, to which field, and what it becomes


@dataclass(frozen=True, slots=True)
class Group:
    """Edits that do the same.

    Attributes
    ----------
    title : str
        What they do, in words.
    risk : {"look", "read", "sure"}
        Whether to look at each, to read some, or whether the pattern alone is proof: nothing but
        spaces around and between words, capitals of words, or how a phone is written.
    edits : tuple of (str, str)
        Contact id and field.
    examples : tuple of (value, value)
        Some of them, before and after, each pair another one.
    """

    title: str
    risk: Risk
    edits: tuple[Name, ...]
    examples: tuple[tuple[object, object], ...]

    @property
    def contacts(self) -> int:
        """How many contacts it is about."""
        return len({contact_id for contact_id, _ in self.edits})


class Groups(Generic[P]):
    """What a plan does, in a few groups. Each of its edits is in exactly one.

    Attributes
    ----------
    groups : tuple of Group
        The riskiest first, and of those the largest.
    """

    def __init__(self, groups: Iterable[Group], without: Callable[[Sequence[Name]], P]) -> None:
        self.groups = tuple(groups)
        self._without = without

    def __len__(self) -> int:
        return len(self.groups)

    def __iter__(self) -> Iterator[Group]:
        return iter(self.groups)

    def __getitem__(self, number: int) -> Group:
        return self.groups[number]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per group: ``group``, ``title``, ``risk``, ``edits``, ``contacts``, and
        an example: ``before`` and ``after``.
        """  # noqa: D205 - one sentence
        rows = [
            (n, g.title, g.risk, len(g.edits), g.contacts, *(g.examples or ((None, None),))[0])
            for n, g in enumerate(self.groups)
        ]
        columns = ["group", "title", "risk", "edits", "contacts", "before", "after"]
        return pd.DataFrame(rows, columns=columns)

    def without(self, groups: int | Iterable[int]) -> P:
        """Return the plan without these groups, with an id of its own."""
        return self._without(self._edits(self._numbers(groups)))

    def only(self, groups: int | Iterable[int]) -> P:
        """Return the plan of these groups alone, with an id of its own."""
        kept = self._numbers(groups)
        return self._without(self._edits(n for n in range(len(self)) if n not in kept))

    def _numbers(self, groups: int | Iterable[int]) -> set[int]:
        asked = {groups} if isinstance(groups, int) else set(groups)
        if strange := sorted(asked - set(range(len(self))), key=str):
            there = f"they count from 0 to {len(self) - 1}" if self.groups else "there is none"
            why = f"no group {strange[0]!r}; {there}"
            raise BadValue(why)
        return asked

    def _edits(self, numbers: Iterable[int]) -> list[Name]:
        return [edit for number in numbers for edit in self.groups[number].edits]

    def __repr__(self) -> str:
        lines = [f"<Groups: {count(sum(len(g.edits) for g in self), 'edit')} in {len(self)}>"]
        for number, each in enumerate(self.groups):
            lines.append(f"  {number:>2}  {each.risk:<5} {len(each.edits):>7,}  {each.title}")
            shown = (f"{_text(old)} → {_text(new)}" for old, new in each.examples[:1])
            lines += [f"{'':>21}{told}" for told in shown]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{number}</td><td>{each.risk}</td><td>{len(each.edits):,}</td>"
            f"<td>{escape(each.title)}</td><td>"
            + "<br>".join(f"{escape(_cut(a))} → {escape(_cut(b))}" for a, b in each.examples)
            + "</td></tr>"
            for number, each in enumerate(self.groups)
        )
        heads = "".join(
            f"<th>{each}</th>" for each in ("group", "risk", "edits", "what they do", "examples")
        )
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def grouped(changes: Iterable[Change], without: Callable[[Sequence[Name]], P]) -> Groups[P]:
    """Return the edits of changes in groups."""
    by_kind: dict[_Kind, dict[Name, Edit]] = {}
    for change in changes:
        for edit in change.edits:
            kind = (pattern_of(edit), edit.field, _target(edit))
            by_kind.setdefault(kind, {})[change.contact_id, edit.field] = edit
    folded = _once(_folded(by_kind))
    groups = [_group(kind, edits) for kind, edits in folded.items()]
    titles = Counter(each.title for each in groups)
    groups = [
        replace(each, title=f"{each.title} ({n})") if titles[each.title] > 1 else each
        for n, each in enumerate(groups, 1)
    ]  # long values can begin alike
    groups.sort(key=lambda each: (RISKS.index(each.risk), -len(each.edits), each.title))
    return Groups(groups, without)


def _target(edit: Edit) -> str | None:
    return edit.after if isinstance(edit.after, str) and pattern_of(edit) in _TARGETS else None


def _folded(by_kind: dict[_Kind, dict[Name, Edit]]) -> dict[_Kind, dict[Name, Edit]]:
    """Return fewer kinds: what few are given goes by field, then by what is done alone."""
    given: Counter[tuple[str | None, str | None]] = Counter()
    filled: Counter[str | None] = Counter()  # by field: with how many values that several are given
    for (pattern, field, target), edits in by_kind.items():
        given[field, target] += len(edits) if pattern in _BECOME else 0
        filled[field] += pattern == "filled" and len(edits) >= _SHARED

    def told(kind: _Kind, edits: dict[Name, Edit]) -> _Kind:
        pattern, field, target = kind
        if pattern in _BECOME and given[field, target] >= _SHARED:
            return "replaced", field, target
        if pattern == "filled" and filled[field] > _FILLINGS:
            return pattern, field, None  # by another column, and not by one value
        return pattern, field, target if len(edits) >= _SHARED else None

    kinds = _merged(by_kind, told)
    for part in (2, 1):
        while len(kinds) > MOST:
            listed = [(len(edits), kind) for kind, edits in kinds.items() if kind[part] is not None]
            if not listed:
                break
            fewest = min(listed, key=lambda each: (each[0], str(each[1])))[1]
            pattern, field, _ = fewest
            wide: _Kind = (pattern, field if part == 2 else None, None)
            kinds = _merged(kinds, lambda kind, _: wide if _within(kind, wide, fewest) else kind)  # noqa: B023
    return kinds


def _within(kind: _Kind, wide: _Kind, fewest: _Kind) -> bool:
    """Say whether a kind goes into a wider one: the smallest does, and what is as wide."""
    if wide[1] is None:
        return kind[0] == wide[0]
    return kind in (fewest, wide)


def _merged(
    kinds: dict[_Kind, dict[Name, Edit]], into: Callable[[_Kind, dict[Name, Edit]], _Kind]
) -> dict[_Kind, dict[Name, Edit]]:
    merged: dict[_Kind, dict[Name, Edit]] = {}
    for kind, edits in kinds.items():
        merged.setdefault(into(kind, edits), {}).update(edits)
    return merged


def _once(kinds: dict[_Kind, dict[Name, Edit]]) -> dict[_Kind, dict[Name, Edit]]:
    """Return the kinds with each edit in the riskiest of its own: two steps are one edit here."""
    order = list(PATTERNS)
    seen: set[Name] = set()
    kept: dict[_Kind, dict[Name, Edit]] = {}
    for kind in sorted(kinds, key=lambda each: order.index(each[0])):
        mine = {name: edit for name, edit in kinds[kind].items() if name not in seen}
        seen |= set(mine)
        if mine:
            kept[kind] = mine
    return kept


def _group(kind: _Kind, edits: dict[Name, Edit]) -> Group:
    pattern, field, target = kind
    words, risk = PATTERNS[pattern]
    names = Counter(name for _, name in edits)
    who = fields.label(field) if field else f"{count(len(names), 'field')}"
    title = f"{who}: {words}"
    if target is not None:
        befores = len({edit.before for edit in edits.values()})
        become = "filled with" if pattern == "filled" else "become"
        several = f"{befores} spellings {become}" if befores > 1 else become
        title = f"{who}: {several} “{visible(target)[:60]}”"
    pairs = dict.fromkeys((_shown(edit.before), _shown(edit.after)) for edit in edits.values())
    return Group(title, risk, tuple(edits), tuple(pairs)[:_EXAMPLES])


def _shown(value: object) -> object:
    """Return a value as an example: of a list of items, their values."""
    if isinstance(value, tuple):
        told = (
            next((each[k] for k in ("email", "phone", "addressLine", "city") if each.get(k)), "…")
            if isinstance(each, dict)
            else each
            for each in value
        )
        return ", ".join(map(str, told))
    return value


def _cut(value: object) -> str:
    text = "(nothing)" if value is None or value == "" else str(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _text(value: object) -> str:
    return visible(_cut(value))
