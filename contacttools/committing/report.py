"""Report: how a commit ended, contact by contact, and the plan that takes it back. Pure."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal

import pandas as pd

from contacttools import files
from contacttools.committing import shown, stored, table
from contacttools.contact import fields, merge, wire
from contacttools.contact.fields import Json
from contacttools.errors import BadValue, ConflictError, UnknownContact, UnknownField
from contacttools.planning import render
from contacttools.planning.change import Change, Edit, Key, Refusal, Risk, item_text
from contacttools.planning.plan import Plan
from contacttools.snapshot.contacts import Contacts
from contacttools.staging import checks

Word = Literal[
    "applied", "already", "refused", "conflict", "conflict_maybe_applied", "gone", "not_sent",
    "unknown",
]  # fmt: skip


CARRY_OVER = "stage.rebase(site.fetch()) sets your edits beside theirs"
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
        ``applied``: written. ``already``: the contact holds the wanted values, perhaps not
        by our hand. ``refused``: the service said no, see `code`. ``conflict``: somebody
        else changed the contact; ours was not written. ``conflict_maybe_applied``: somebody
        else changed it, perhaps after ours. ``gone``: deleted or merged away. ``not_sent``:
        never sent. ``unknown``: could not be settled.
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


class Outcomes:
    """How several things ended, each with one outcome: what all reports have in common."""

    outcomes: tuple[Outcome, ...]
    of: ClassVar[str]  # what each outcome is of, in words

    @cached_property
    def counts(self) -> Counter[str]:
        """How many ended in which outcome."""
        return Counter(each.outcome for each in self.outcomes)

    def __len__(self) -> int:
        return len(self.outcomes)

    def raise_for_conflicts(self) -> None:
        """Raise ConflictError when a contact was changed by somebody else; else do nothing."""
        ids = [each.contact_id for each in self.outcomes if each.outcome.startswith("conflict")]
        if ids:
            why = f"{render.count(len(ids), self.of)} changed meanwhile: {', '.join(ids[:5])}"
            raise ConflictError(why)


@dataclass(frozen=True)
class Report(Outcomes):
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
    of: ClassVar[str] = "contact"

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

    def stored(self) -> pd.DataFrame:
        """Return what the service made of what was planned.

        Returns
        -------
        DataFrame
            One row per field that was written: ``contactId``, ``field``, ``kind``, ``planned``
            and ``stored``. Kinds: ``"as planned"``; ``"normalised"``: rewritten, and the same
            to the service; ``"derived"``: set by the service out of what was planned, such as
            ``phones.e164Phone``; ``"surprising"``: see `surprises`.
        """
        changes = {each.key: each for each in self.plan.changes}
        rows: list[tuple[Json, ...]] = []
        for each in self.outcomes:
            if each.outcome != "applied":
                continue
            change = each.done or changes[each.key]
            rows += [(each.contact_id, *row) for row in stored.compared(change, each.contact)]
            rows += [
                (each.contact_id, one.field, "surprising", one.ours, one.theirs)
                for one in each.surprises
            ]
        columns = ["contactId", "field", "kind", "planned", "stored"]
        return pd.DataFrame(rows, columns=columns, dtype=object)

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
            if refusal := _not_ours(done):
                refused.append(Refusal(contact_id, None, *refusal))
                continue
            back = _backwards(done, names)
            if isinstance(back, Refusal):
                refused.append(back)
            elif back is not None:
                changes.append(back)
        written = Contacts(
            (_written(updates[change.contact_id]).contact for change in changes),
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
            takes_back=self.plan.id,
        )

    def save(self, path: str | os.PathLike[str], *, reveal: bool = False) -> None:
        """Write the report to a file that others can read without contacttools.

        Parameters
        ----------
        path : path
            ``.html``: a page as a cell shows it. Names are shortened to initials and values
            left out, so that it can be passed on. ``.csv``: one row per planned field, with
            real values; text that a spreadsheet would take for a formula begins with ``'``.
        reveal : bool
            Show names and values in the page.

        Raises
        ------
        BadValue
            The name ends in something else.
        """
        kind = Path(path).suffix.lower()
        if kind == ".html":
            files.write(path, shown.page(self._view, hide=not reveal).encode())
        elif kind == ".csv":
            files.write(path, table.csv_bytes(table.COLUMNS, self._rows()))
        else:
            why = f"a report is saved as .html or .csv, not as {render.visible(kind or 'nothing')}"
            raise BadValue(why)

    def _rows(self) -> Iterator[tuple[Json, ...]]:
        changes = {each.key: each for each in self.plan.changes}
        for each in self.outcomes:
            change = each.done or changes[each.key]
            same = each.contact is not None and each.contact["id"] == each.contact_id
            held = wire.values(each.contact) if same else {}
            sides = [(e.field, e.before, e.after, held.get(e.field)) for e in change.edits]
            sides += [(one.field, one.base, one.ours, one.theirs) for one in each.surprises]
            for name, *values in sides or [("", None, None, None)]:
                texts = (None if value is None else plain(name, value) for value in values)
                yield (
                    each.contact_id, change.name, each.step, each.outcome, each.code,
                    each.before, each.after, name, *texts, each.detail,
                )  # fmt: skip

    @cached_property
    def _view(self) -> shown.ReportView:
        changes = {each.key: each for each in self.plan.changes}
        written = {each.contact_id for each in self.outcomes if each.outcome == "applied"}
        lines = []
        for each in self.outcomes:
            change = changes[each.key]
            word: str = each.outcome
            if each.outcome == "applied" and each.surprises:
                word = shown.SURPRISE
            elif each.outcome == "not_sent" and each.contact_id in written:
                word = shown.PART
            rest = each.detail.replace(told(each.differences) or CARRY_OVER, "")
            lines.append(
                shown.Line(
                    each.contact_id,
                    change.name,
                    word,
                    each.code,
                    each.detail,
                    rest.removesuffix(CARRY_OVER).strip(" .;:"),
                    f"step {each.step} of {change.steps}" if change.steps > 1 else "",
                    (each.before, each.after),
                    each.differences,
                    each.surprises,
                )
            )
        unfinished = any(each.outcome in ("not_sent", "unknown") for each in self.outcomes)
        return shown.ReportView(self.plan.id, self.site, lines, self.note, unfinished)

    def __repr__(self) -> str:
        return shown.report_text(self._view)

    def _repr_html_(self) -> str:
        return shown.report_html(self._view)


def _reach(changes: Iterable[Change]) -> bool:
    return any(edit.field in ("emails", "phones") for each in changes for edit in each.edits)


def _not_ours(updates: Iterable[tuple[Change, Outcome]]) -> tuple[str, str] | None:
    """Return code and reason why what was done to one contact cannot be undone, if so."""
    if any(change.edits == () and change.base == {} for change, _ in updates):
        why = "its values were erased from the journal: what to go back to is not known any more"
        return "ERASED", why
    words = [outcome.outcome for _, outcome in updates]
    doubtful = [word for word in words if word in _DOUBTFUL]
    if doubtful or "applied" not in words:
        word = (doubtful or words)[0]
        return "NOT_APPLIED", f"ended as {word}: nothing here is provably ours to undo"
    return None


def _written(updates: Iterable[tuple[Change, Outcome]]) -> Outcome:
    """Return the last of the updates of one contact that was written."""
    return [outcome for _, outcome in updates if outcome.outcome == "applied"][-1]


def _backwards(
    updates: Iterable[tuple[Change, Outcome]], names: set[str] | None
) -> Change | Refusal | None:
    """Return the change that takes back what was written of one contact, as it was really sent.

    From the last update to the first: where nobody came in between, to the value before; else
    what they did in between stays.
    """
    written = [(done.done or change, done) for change, done in updates if done.outcome == "applied"]
    first, last = written[0][0], written[-1][1]
    held = wire.values(last.contact)
    then: dict[str, Json] = {}
    follows = last.after
    for change, outcome in reversed(written):
        left = wire.values(outcome.contact)
        for edit in change.edits:
            back: Json | merge.Clash = edit.before
            if outcome.after != follows:
                now = then[edit.field] if edit.field in then else held.get(edit.field)
                back = merge.three_way(edit.field, left.get(edit.field), edit.before, now)
            if isinstance(back, merge.Clash):
                why = "somebody else changed it between our two updates of this contact"
                return Refusal(change.contact_id, edit.field, "CHANGED_BETWEEN", why)
            then[edit.field] = back
        follows = change.revision
    edits = []
    for name, was in sorted(then.items()):
        wanted = merge.restored(name, held.get(name), was)
        if (names is None or name in names) and not merge.same(name, held.get(name), wanted):
            edits.append(Edit(name, held.get(name), wanted))
    if not edits or last.after is None:
        return None
    allowed = first.allow_duplicates
    return Change(
        first.contact_id, last.after, tuple(edits), held, first.name, allow_duplicates=allowed
    )


def _listed(names: Iterable[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def plain(name: str, value: Json) -> Json:
    """Return a field's value as one cell: numbers as they are, lists and labels as text."""
    if name in fields.LISTS:
        return " + ".join(str(item_text(fields.LISTS[name], item)) for item in value)
    return " + ".join(value) if name == fields.LABELS.name else value


def said(name: str, value: Json) -> str:
    """Return a field's value in a sentence."""
    if value is None:
        return "nothing"
    listed = name in fields.LISTS or name == fields.LABELS.name
    return str(plain(name, value)) if listed else repr(value)


def told(differences: Iterable[Difference]) -> str:
    """Return in a sentence what somebody else changed as well."""
    return "; ".join(
        f"{each.field} was {said(each.field, each.base)}, ours {said(each.field, each.ours)}, "
        f"theirs {said(each.field, each.theirs)}"
        for each in differences
    )
