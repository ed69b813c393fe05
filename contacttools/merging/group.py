"""Group: contacts that are to become one: who stays, what survives, which calls it takes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from contacttools.committing.report import said
from contacttools.contact import fields, merge, wire
from contacttools.contact.fields import Json
from contacttools.contact.wire import Values
from contacttools.errors import BadValue, UnknownContact, UnknownField
from contacttools.merging import forecast
from contacttools.merging.forecast import AT_ONCE, Fate
from contacttools.planning.change import Change, Edit, Key
from contacttools.planning.provenance import Provenance
from contacttools.staging.stage import called


@dataclass(frozen=True)
class Call:
    """One call of the service: up to 5 sources merged into a target that holds just this.

    Attributes
    ----------
    step : int
        Which of the group's steps.
    target : dict
        The target as it must be just before.
    sources : tuple of dict
        The sources, likewise.
    expected : dict
        What the target is to hold afterwards, by field name.
    """

    step: int
    target: Json
    sources: tuple[Json, ...]
    expected: Values

    @property
    def key(self) -> Key:
        """What names this step within its plan."""
        return self.target["id"], self.step

    @property
    def source_ids(self) -> tuple[str, ...]:
        """The ids of the sources, in their order."""
        return tuple(each["id"] for each in self.sources)

    @property
    def members(self) -> dict[str, Json]:
        """All contacts that it touches, by id."""
        return {each["id"]: each for each in (self.target, *self.sources)}


@dataclass(frozen=True)
class Merge:
    """One group of a plan of merges.

    Attributes
    ----------
    group : str
        What it is called.
    target : dict
        The contact that stays, as it was fetched.
    sources : tuple of dict
        The contacts that become part of it, in the order in which they fill what is empty.
    chosen : str
        Why that one stays.
    why : str
        Why they are taken for one person, as whoever found them says.
    kept : tuple of (str, str)
        Fields whose value was chosen, with the contact whose value it is.
    preview : dict or None
        What the service said that the first call would make of the target.
    """

    group: str
    target: Json
    sources: tuple[Json, ...]
    chosen: str
    why: str = ""
    kept: tuple[tuple[str, str], ...] = ()
    preview: Json = None

    @property
    def target_id(self) -> str:
        """The id of the contact that stays."""
        return str(self.target["id"])

    @property
    def source_ids(self) -> tuple[str, ...]:
        """The ids of the contacts that become part of it."""
        return tuple(each["id"] for each in self.sources)

    @cached_property
    def members(self) -> dict[str, Json]:
        """All its contacts by id, the target first."""
        return {each["id"]: each for each in (self.target, *self.sources)}

    @cached_property
    def values(self) -> dict[str, Values]:
        """What its contacts hold, by id, the target first."""
        return {contact_id: forecast.held(each) for contact_id, each in self.members.items()}

    @cached_property
    def fates(self) -> tuple[Fate, ...]:
        """What becomes of every field; what the service foresaw otherwise, as it said."""
        foreseen = {each.field: each for each in forecast.fates(self.values, dict(self.kept))}
        for name, _, _ in self.differences:
            if name not in dict(self.kept):
                foreseen[name] = forecast.as_told(name, self.expected.get(name), self.values)
        return tuple(foreseen.values())

    @cached_property
    def expected(self) -> Values:
        """What the target is to hold in the end."""
        return self.after(self.values[self.target_id] | self.wanted, self.sources)

    @property
    def wanted(self) -> Values:
        """The chosen values, by field name."""
        return {name: self.values[whose][name] for name, whose in self.kept}

    def after(self, target: Values, sources: Sequence[Json]) -> Values:
        """Return what the target holds after these sources; of the first call, as was shown."""
        first = tuple(each["id"] for each in sources[:AT_ONCE]) == self.source_ids[:AT_ONCE]
        if self.preview is not None and first:
            known = forecast.held(self.preview) | self.wanted
            return forecast.merged(known, map(forecast.held, sources[AT_ONCE:]))
        return forecast.merged(target, map(forecast.held, sources))

    @cached_property
    def update(self) -> Change | None:
        """The update of the target that comes before the merge, if a value was chosen."""
        if not self.kept:
            return None
        base = wire.values(self.target)
        edits = tuple(
            Edit(name, base.get(name), value, Provenance(f"kept from {dict(self.kept)[name]}"))
            for name, value in sorted(self.wanted.items())
        )
        return Change(
            self.target_id, self.target["revision"], edits, base, called(self.target),
            allow_duplicates="it shares them with those that become part of it",
        )  # fmt: skip

    @property
    def steps(self) -> tuple[Key, ...]:
        """Its steps: an update of the target where a value was chosen, and the calls."""
        calls = -(-len(self.sources) // AT_ONCE)
        first = (
            1 if self.update is not None else 2
        )  # the update is the first step, or there is none
        return tuple((self.target_id, step) for step in range(first, 2 + calls))

    @property
    def requests(self) -> int:
        """How many requests it takes when all goes well."""
        calls = [self.call(step) for _, step in self.steps if step > 1]
        # Each: a preview, everybody read before and after, and the call itself.
        each = sum(2 + 2 * len(call.members) for call in calls)
        looked = 2 + len(calls[0].members)  # for an update: a preview, a look, and itself
        return each + (looked if self.update is not None else 0)

    def call(self, step: int, target: Json = None) -> Call:
        """Return one call, given the target as the step before left it; as fetched when left out.

        As fetched, the first call leaves out what an update is to bring: it can be looked at
        before that is written.
        """
        at = (step - 2) * AT_ONCE
        end = at + AT_ONCE
        plan = self if target is not None else replace(self, kept=())
        # What is to be there follows from what was approved, not from what the target is by now.
        expected = plan.after(plan.values[self.target_id] | plan.wanted, self.sources[:end])
        return Call(step, target or self.target, self.sources[at:end], expected)

    @cached_property
    def differences(self) -> list[tuple[str, Json, Json]]:
        """What the service's preview says otherwise than our forecast: field, ours, theirs."""
        if self.preview is None:
            return []
        ours = forecast.merged(
            self.values[self.target_id], map(forecast.held, self.sources[:AT_ONCE])
        )
        theirs = wire.values(self.preview)
        names = merge.changed_fields(ours, theirs)
        return [(name, ours.get(name), theirs.get(name)) for name in names]

    @cached_property
    def looks(self) -> tuple[str, ...]:
        """What a person should have read before approving it."""
        told = []
        statuses = {each: forecast.consent(document) for each, document in self.members.items()}
        for name in dict.fromkeys(key for each in statuses.values() for key in each):
            held = {each: status.get(name, "none") for each, status in statuses.items()}
            if len(set(held.values())) > 1:
                others = ", ".join(sorted({held[each] for each in self.source_ids}))
                told.append(
                    f"{name} differs: {held[self.target_id]} on the target, {others} on sources; "
                    "each status belongs to its address, and the primary one's will show"
                )
        by = {each.field: each.winner for each in self.fates}
        if len({by[name] for name in ("name.first", "name.last") if name in by}) > 1:
            told.append("first and last name come from different contacts")
        if lost := [each.field for each in self.fates if each.lost]:
            told.append(f"lost for good: values of {', '.join(map(fields.label, lost))}")
        if names := forecast.unforeseen(self.sources):
            told.append(f"what becomes of {', '.join(names)}, the service decides")
        if self.differences:
            said_of = (
                f"{fields.label(name)} {said(name, theirs)}, not {said(name, ours)}"
                for name, ours, theirs in self.differences
            )
            told.append(
                f"the service's preview is not our forecast: {'; '.join(said_of)}. This plan "
                "expects what the service says"
            )
        return tuple(told)

    # -- other choices ----------------------------------------------------------------------

    def with_target(self, contact_id: str) -> Merge:
        """Return it with another contact that stays, or raise BadValue."""
        self.known(contact_id)
        members = [each["id"] for each in self.members.values() if forecast.membership(each)]
        if members and contact_id not in members:
            why = (
                f"{contact_id} cannot stay: {members[0]} is a site member, and members can only "
                "be targets"
            )
            raise BadValue(why, contact_id=contact_id)
        sources = tuple(each for each in self.members.values() if each["id"] != contact_id)
        plain = replace(
            self, target=self.members[contact_id], sources=sources, chosen="chosen", kept=(),
            preview=None,
        )  # fmt: skip
        for name, whose in self.kept:  # a choice of values stays a choice
            plain = plain.keeping(name, whose)
        return plain

    def keeping(self, name: str, contact_id: str) -> Merge:
        """Return it with the value of a field that one of its contacts has, or raise."""
        self.known(contact_id)
        if name in fields.LISTS or name == fields.LABELS.name:
            why = f"{name}: a merge keeps all items; choose the primary one afterwards, by a plan"
            raise BadValue(why, contact_id=contact_id, field=name)
        if name not in fields.SCALARS and not name.startswith("custom."):
            names = ", ".join((*fields.SCALARS, "custom.…"))
            why = f"no value of {name!r:.60} can be kept; it takes {names}"
            raise UnknownField(why, field=name)
        if self.values[contact_id].get(name) is None:
            why = f"contact {contact_id} has no {name} to keep"
            raise BadValue(why, contact_id=contact_id, field=name)
        kept = {each: whose for each, whose in self.kept if each != name}
        comes = forecast.merged(self.values[self.target_id], map(forecast.held, self.sources))
        if not merge.same(name, comes[name], self.values[contact_id][name]):
            kept[name] = contact_id  # else the merge itself brings it
        return replace(self, kept=tuple(sorted(kept.items())))

    def only(self, contact_ids: Sequence[str]) -> Merge | None:
        """Return it with these contacts only; None when there is nothing left to merge."""
        sources = tuple(each for each in self.sources if each["id"] in contact_ids)
        if self.target_id not in contact_ids or not sources:
            return None
        kept = tuple(each for each in self.kept if each[1] in contact_ids)
        return replace(self, sources=sources, kept=kept, preview=None)

    def known(self, contact_id: str) -> None:
        """Raise UnknownContact unless it is one of the group's."""
        if contact_id not in self.members:
            why = f"group {self.group} has no contact {contact_id!r:.80}"
            raise UnknownContact(why, contact_id=str(contact_id))

    def identity(self) -> Json:
        """Return what the plan's id covers of it."""
        return [
            [
                [each, document["revision"], self.values[each]]
                for each, document in self.members.items()
            ],
            self.kept,
            self.expected,
        ]


def ranked(documents: Sequence[Json]) -> tuple[list[Json], str]:
    """Return contacts in the order in which they would stay, and why the first one does."""

    def size(document: Json) -> int:
        values = wire.values(document).values()
        return sum(len(each) if isinstance(each, tuple) else 1 for each in values)

    def rank(document: Json) -> tuple[bool, int, str, str]:
        created = str(document.get("createdDate") or "~")  # without a date, last
        return not forecast.membership(document), -size(document), created, document["id"]

    order = sorted(documents, key=rank)
    first, second = rank(order[0]), rank(order[1])
    if first[0] != second[0]:
        why = f"a site member ({forecast.membership(order[0])}), who can only be a target"
    elif first[1] != second[1]:
        why = f"the most complete: {-first[1]} values"
    else:
        why = "the oldest of the equally complete"
    return order, why
