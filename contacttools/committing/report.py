"""Report: how a commit ended, contact by contact, and the plan that takes it back. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Literal

import pandas as pd

from contacttools.contact import fields, merge, wire
from contacttools.contact.fields import Json
from contacttools.errors import ConflictError, UnknownContact, UnknownField
from contacttools.planning import render
from contacttools.planning.plan import Change, Edit, Key, Plan, Refusal, Risk, item_text
from contacttools.snapshot.contacts import Contacts
from contacttools.staging import checks

Word = Literal[
    "applied", "already", "refused", "conflict", "conflict_maybe_applied", "gone", "not_sent",
    "unknown",
]  # fmt: skip


READ_BACK = "found by reading back"  # begins the detail of what no answer told
_DOUBTFUL = ("already", "conflict_maybe_applied", "unknown")


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that somebody else changed as well: what it was, what we want, what it is."""

    field: str
    base: Json
    ours: Json
    theirs: Json


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one planned change ended; exactly one of these per change.

    Attributes
    ----------
    contact_id : str
    outcome : str
        ``applied``: written. ``already``: the contact holds the wanted values, by whose hand
        cannot be proven. ``refused``: the service said no, see `code`. ``conflict``: somebody
        else changed the contact; ours was not written. ``conflict_maybe_applied``: somebody
        else changed it, perhaps after ours. ``gone``: deleted or merged away. ``not_sent``:
        nothing left here. ``unknown``: could not be settled.
    code : str
        The service's own code, where there is one.
    before, after : int or None
        Revisions.
    detail : str
        What happened and what to do, for a person.
    differences : tuple of Difference
        For conflicts: base, ours and theirs of each planned field that theirs touched.
    contact : dict or None
        The contact as last seen.
    step : int
        Which of the contact's updates; 1 unless the plan has two of it.
    done : Change or None
        The change as it was sent, where that is not as planned: carried onto a newer revision.
    surprises : tuple of Difference
        What the service stored otherwise than the preview promised, of an update that it took.
    """

    contact_id: str
    outcome: Word
    code: str = ""
    before: int | None = None
    after: int | None = None
    detail: str = ""
    differences: tuple[Difference, ...] = ()
    contact: Json = None
    step: int = 1
    done: Change | None = None
    surprises: tuple[Difference, ...] = ()

    @property
    def key(self) -> Key:
        """What names the change within its plan."""
        return self.contact_id, self.step


@dataclass(frozen=True)
class Report:
    """How a commit ended, contact by contact. A cell that ends in it shows what needs a look.

    Attributes
    ----------
    plan : Plan
        What was approved.
    outcomes : tuple of Outcome
        One per planned contact, in the plan's order.
    site : str
        Where it was written, in words.
    note : str
        Why the run stopped early, if it did.
    """

    plan: Plan
    outcomes: tuple[Outcome, ...]
    site: str
    note: str = ""

    @cached_property
    def counts(self) -> Counter[str]:
        """How many contacts ended in which outcome."""
        return Counter(each.outcome for each in self.outcomes)

    def __len__(self) -> int:
        return len(self.outcomes)

    def to_frame(self) -> pd.DataFrame:
        """Return the outcomes as data.

        Returns
        -------
        DataFrame
            One row per planned contact: ``contactId``, ``outcome``, ``code``,
            ``revisionBefore``, ``revisionAfter`` (Int64, missing when not seen), ``detail``.
        """
        listed = self.outcomes
        return pd.DataFrame(
            {
                "contactId": pd.Series([each.contact_id for each in listed], dtype="str"),
                "outcome": pd.Series([each.outcome for each in listed], dtype="str"),
                "code": pd.Series([each.code for each in listed], dtype="str"),
                "revisionBefore": pd.Series([each.before for each in listed], dtype="Int64"),
                "revisionAfter": pd.Series([each.after for each in listed], dtype="Int64"),
                "detail": pd.Series([each.detail for each in listed], dtype="str"),
            }
        )

    def conflicts(self) -> pd.DataFrame:
        """Return what somebody else changed as well, three ways.

        Returns
        -------
        DataFrame
            One row per field: ``contactId``, ``field``, ``base``, ``ours``, ``theirs``.
        """
        rows = [
            (each.contact_id, one.field, one.base, one.ours, one.theirs)
            for each in self.outcomes
            for one in each.differences
        ]
        return pd.DataFrame(
            rows, columns=["contactId", "field", "base", "ours", "theirs"], dtype=object
        )

    def surprises(self) -> pd.DataFrame:
        """Return what updates changed that the preview had not shown.

        Returns
        -------
        DataFrame
            One row per field of a contact that was written: ``contactId``, ``field``,
            ``before``, ``planned`` (what was to be there after the update) and ``stored``
            (what is there). Reformatted values are no surprise.
        """
        rows = [
            (each.contact_id, one.field, one.base, one.ours, one.theirs)
            for each in self.outcomes
            for one in each.surprises
        ]
        columns = ["contactId", "field", "before", "planned", "stored"]
        return pd.DataFrame(rows, columns=columns, dtype=object)

    def raise_for_conflicts(self) -> None:
        """Raise ConflictError when a contact was changed by somebody else; else do nothing."""
        ids = [each.contact_id for each in self.outcomes if each.outcome.startswith("conflict")]
        if ids:
            why = f"{render.count(len(ids), 'contact')} changed meanwhile: {', '.join(ids[:5])}"
            raise ConflictError(why)

    def undo_plan(
        self, contacts: Iterable[str] | None = None, fields: Iterable[str] | None = None
    ) -> Plan:
        """Return a plan that restores what this commit replaced.

        It is a plan like any other: preview it, approve it, commit it. What somebody else has
        made of a field since then stands, and is a conflict; where they changed something
        else, only ours is taken back. List items that the commit removed come back with new
        ids. Undo restores fields, not what the updates set off. What is not provably ours is
        in `Plan.refused`, with the reason. The undo of an undo is the commit once more.

        Parameters
        ----------
        contacts : iterable of str, optional
            Contact ids; all that were applied when left out.
        fields : iterable of str, optional
            Field names; all that were changed when left out.

        Raises
        ------
        UnknownContact, UnknownField
            This commit had no such contact or field.
        """
        updates: dict[str, list[tuple[Change, Outcome]]] = {}
        for change, outcome in zip(self.plan.changes, self.outcomes, strict=True):
            updates.setdefault(change.contact_id, []).append((change, outcome))
        wanted = set(updates) if contacts is None else set(_listed(contacts))
        names = None if fields is None else set(_listed(fields))
        if missing := wanted - set(updates):
            why = f"this commit had no contact {', '.join(sorted(missing)[:3])}"
            raise UnknownContact(why)
        if missing := (names or set()) - {
            e.field for each in self.plan.changes for e in each.edits
        }:
            why = f"this commit did not touch {', '.join(sorted(missing)[:3])}"
            raise UnknownField(why)
        changes: list[Change] = []
        refused: list[Refusal] = []
        for contact_id, done in updates.items():
            if contact_id not in wanted:
                continue
            if why := _not_ours(done):
                refused.append(Refusal(contact_id, None, "NOT_APPLIED", why))
            elif (back := _backwards(done, names)) is not None:
                changes.append(back)
        written = Contacts(
            (_last(updates[change.contact_id]).contact for change in changes),
            site_id=self.plan.site_id,
            fetched_at=datetime.now(UTC),
            partial="what one commit wrote",
        )
        planned, colliding, risks = checks.review(changes, written)
        risks += [
            Risk("evidence", change.contact_id, change.edits[0].field, outcome.detail)
            for change in planned
            for _, outcome in updates[change.contact_id]
            if outcome.detail.startswith(READ_BACK)
        ]
        return Plan(
            self.plan.site_id,
            planned,
            tuple(refused + colliding),
            tuple(risks),
            snapshot_at=written.fetched_at,
            # Only an e-mail or a phone could clash with a contact that was not looked at.
            partial=written.partial if _reach(planned) else self.plan.partial,
        )

    @cached_property
    def _view(self) -> render.ReportView:
        changes = {each.key: each for each in self.plan.changes}
        rows = []
        for each in self.outcomes:
            change = changes.get(each.key)
            step = f"step {each.step} of {change.steps}: " if change and change.steps > 1 else ""
            word = render.SURPRISE if each.surprises else each.outcome
            detail = f"{step}{each.detail}"
            rows.append((each.contact_id, change.name if change else "", word, each.code, detail))
        return render.ReportView(
            self.plan.id,
            self.site,
            self.counts,
            len(self.outcomes),
            rows,
            self.note,
            unfinished=any(each.outcome in ("not_sent", "unknown") for each in self.outcomes),
        )

    def __repr__(self) -> str:
        return render.report_text(self._view)

    def _repr_html_(self) -> str:
        return render.report_html(self._view)


def _reach(changes: Iterable[Change]) -> bool:
    return any(edit.field in ("emails", "phones") for each in changes for edit in each.edits)


def _not_ours(updates: Iterable[tuple[Change, Outcome]]) -> str:
    """Return why what was done to one contact cannot be undone; nothing when it can."""
    words = {outcome.outcome: change for change, outcome in updates}
    if doubtful := [word for word in words if word in _DOUBTFUL]:
        return f"ended as {doubtful[0]}: nothing here is provably ours to undo"
    if "applied" not in words:
        return f"ended as {next(iter(words))}: nothing here is provably ours to undo"
    if not words["applied"].edits:
        return "its values were erased from the journal: what to go back to is not known any more"
    return ""


def _last(updates: Iterable[tuple[Change, Outcome]]) -> Outcome:
    """Return the last of the updates of one contact that was written."""
    return [outcome for _, outcome in updates if outcome.outcome == "applied"][-1]


def _backwards(updates: Sequence[tuple[Change, Outcome]], names: set[str] | None) -> Change | None:
    """Return the change that takes back what was written of one contact, as it was really sent."""
    before: dict[str, Json] = {}
    for change, outcome in updates:
        if outcome.outcome == "applied":
            for edit in (outcome.done or change).edits:
                before.setdefault(edit.field, edit.before)
    last, (first, _) = _last(updates), updates[0]
    held = wire.values(last.contact)
    edits = []
    for name, was in sorted(before.items()):
        then = merge.restored(name, held.get(name), was)
        if (names is None or name in names) and not merge.same(name, held.get(name), then):
            edits.append(Edit(name, held.get(name), then))
    if not edits or last.after is None:
        return None
    return Change(
        first.contact_id,
        last.after,
        tuple(edits),
        held,
        first.name,
        allow_duplicates=first.allow_duplicates,
    )


def _listed(names: Iterable[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def said(name: str, value: Json) -> str:
    """Return a field's value in a sentence."""
    if value is None:
        return "nothing"
    if name in fields.LISTS:
        return " + ".join(str(item_text(fields.LISTS[name], item)) for item in value)
    return " + ".join(value) if name == fields.LABELS.name else repr(value)
