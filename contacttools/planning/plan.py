"""Plan: frozen values saying what would be written. Pure but for its file.

A plan is identified by what it would do: the site, and for each contact the id, the base
revision, the edits, and the values that have to travel with them. Where it came from and
when rides beside that and changes no id.
"""

from __future__ import annotations

import copy
import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from contacttools import files
from contacttools.contact import fields
from contacttools.contact.fields import Json
from contacttools.errors import BadPlan, BadValue, UnknownContact, UnknownField
from contacttools.planning import pages, planfile, render
from contacttools.planning.change import Change, Edit, Key, Refusal, Risk
from contacttools.planning.provenance import Provenance, one_line
from contacttools.planning.render import Row

if TYPE_CHECKING:
    from contacttools.planning.groups import Groups

ID_PREFIX = 7  # as many characters as a person is asked to copy
PACE = 150  # requests a minute we plan with, below the service's 200


@dataclass(frozen=True, slots=True)
class Saved:
    """Where a plan comes from that was read from a file.

    Attributes
    ----------
    at : datetime
        When it was saved, UTC, as the file says.
    by : str or None
        Who saved it, as the file says.
    mine : bool
        Whether it was signed with the key of the user who reads it: then the rest is true.
    """

    at: datetime
    by: str | None
    mine: bool


@dataclass(frozen=True, eq=False)
class Plan:
    """What would be written, contact by contact, in order. A cell that ends in it shows the diff.

    Equal plans do the same to the same site and have the same id, by whatever route the
    edits were made.

    Attributes
    ----------
    site_id : str
        The only site this plan can be committed to.
    changes : tuple of Change
        One per update: one of each contact, or two where contacts exchange values.
    refused : tuple of Refusal
        Contacts that were staged and cannot be planned; they never block the others.
    risks : tuple of Risk
        What to read before approving.
    snapshot_at : datetime
        When the contacts were fetched, UTC.
    partial : str or None
        Why the snapshot was not the whole site; None when it was.
    saved : Saved or None
        When the plan was read from a file: who saved it and when, and whether that was you.
    takes_back : str or None
        The id of the plan whose commit this one undoes.

    Examples
    --------
    >>> contacts = ct.connect().fetch(limit=10)
    >>> stage = ct.Stage(contacts)
    >>> stage.edit(next(iter(contacts)), {"company": "Example Ltd"})
    >>> len(stage.plan())
    1
    """

    site_id: str
    changes: tuple[Change, ...]
    refused: tuple[Refusal, ...] = ()
    risks: tuple[Risk, ...] = ()
    snapshot_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    partial: str | None = None
    saved: Saved | None = None
    takes_back: str | None = None

    def again(self) -> Plan:
        """Return the same plan with nothing remembered, on copies of its values."""
        return replace(self, changes=tuple(copy.deepcopy(replace(each)) for each in self.changes))

    @cached_property
    def id(self) -> str:
        """SHA-256 of site, contact ids, base revisions and edits, as 64 hexadecimal digits."""
        identity = [self.site_id, [change.identity() for change in self.changes]]
        return hashlib.sha256(planfile.canonical(identity)).hexdigest()

    def __eq__(self, other: object) -> bool:
        return self.id == other.id if isinstance(other, Plan) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)

    def __len__(self) -> int:
        """Count the contacts that it would write to."""
        return len({change.contact_id for change in self.changes})

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The diff, one row per scalar edit or list item."""
        return tuple(row for change in self.changes for row in change.rows())

    def to_frame(self) -> pd.DataFrame:
        """Return the diff as data.

        Returns
        -------
        DataFrame
            One row per edit, list edits one per item, in the plan's order: ``contactId``,
            ``itemId`` (missing for scalars and new items; a label's key), ``field``,
            ``kind`` ("added", "changed", "cleared", "removed", "primary moved"), ``before``
            and ``after`` (numbers as numbers, items on one line, missing is None); ``reason``,
            ``rule``, ``who`` and ``when`` (UTC, ISO 8601): where it comes from, empty where
            nobody said.
        """
        columns: dict[str, list[Any]] = {
            "contactId": [row.contact_id for row in self.rows],
            "itemId": [row.item_id for row in self.rows],
            "field": [row.field for row in self.rows],
            "kind": [row.kind for row in self.rows],
        }
        frame = pd.DataFrame({name: pd.Series(each, dtype="str") for name, each in columns.items()})
        for name in ("before", "after"):
            values = [getattr(row, name) for row in self.rows]
            frame[name] = pd.Series(values, dtype=object, index=frame.index)
        for name in ("reason", "rule", "who", "when"):
            come = [getattr(row.provenance, name) for row in self.rows]
            frame[name] = pd.Series(come, dtype="str", index=frame.index)
        return frame

    def select(
        self, contacts: Iterable[str] | None = None, fields: Iterable[str] | None = None
    ) -> Plan:
        """Return a smaller plan, with an id of its own.

        Parameters
        ----------
        contacts : iterable of str, optional
            Contact ids to keep.
        fields : iterable of str, optional
            Field names to keep, as in ``to_frame()["field"]``.

        Raises
        ------
        UnknownContact, UnknownField
            The plan has no such contact or field.
        """
        kept = self._known(contacts, {each.contact_id for each in self.changes}, UnknownContact)
        names = self._known(
            fields, {edit.field for each in self.changes for edit in each.edits}, UnknownField
        )
        return self._only(lambda each, edit: each.contact_id in kept and edit.field in names)

    def without(
        self,
        contacts: Iterable[str] | None = None,
        fields: Iterable[str] | None = None,
        *,
        edits: Iterable[tuple[str, str]] = (),
    ) -> Plan:
        """Return a smaller plan, with an id of its own: all but these contacts, fields, or both.

        Parameters
        ----------
        contacts : iterable of str, optional
            Contact ids to leave out.
        fields : iterable of str, optional
            Field names to leave out: of these contacts where any are given, else of all.
        edits : iterable of (str, str)
            Single edits to leave out: contact id and field name.

        Raises
        ------
        UnknownContact, UnknownField, BadValue
            The plan has no such contact or field, or nothing was given.
        """
        single = set(edits)
        planned = {(each.contact_id, edit.field) for each in self.changes for edit in each.edits}
        if strange := sorted(map(str, single - planned)):
            why = f"this plan has no edit {', '.join(strange[:3])}; name contact id and field"
            raise UnknownField(why)
        if contacts is None and fields is None and not single:
            raise BadValue("say which contacts, fields or edits are to be left out")
        of = {edit.field for each in self.changes for edit in each.edits}
        names = self._known(fields, of, UnknownField)
        if contacts is not None or fields is not None:
            known = {each.contact_id for each in self.changes}
            without = self._known(contacts, known, UnknownContact)
            single |= {(contact_id, name) for contact_id in without for name in names}
        return self._only(lambda each, edit: (each.contact_id, edit.field) not in single)

    def _only(self, wanted: Callable[[Change, Edit], bool]) -> Plan:
        """Return the plan of the edits that are wanted."""
        kept = (
            replace(each, edits=tuple(edit for edit in each.edits if wanted(each, edit)))
            for each in self.changes
        )
        return self._with(change for change in kept if change.edits)

    @staticmethod
    def _known(
        asked: Iterable[str] | None,
        known: set[str],
        error: type[UnknownContact | UnknownField],
    ) -> set[str]:
        if asked is None:
            return known
        names = [asked] if isinstance(asked, str) else [str(name) for name in asked]
        if missing := [name for name in names if name not in known]:
            why = f"the plan does not touch {', '.join(missing[:3])}"
            raise error(why)
        return set(names)

    def head(self, n: int = 5) -> Plan:
        """Return the plan of the first `n` contacts, for a careful start.

        Contacts that exchange values stay together or are left out.
        """
        first = list(dict.fromkeys(change.contact_id for change in self.changes))[:n]
        return self._with([change for change in self.changes if change.contact_id in first])

    def _with(self, chosen: Iterable[Change]) -> Plan:
        changes = _alone({change.key: change for change in chosen}, self.changes)
        touched = {(each.contact_id, edit.field) for each in changes for edit in each.edits}
        risks = tuple(risk for risk in self.risks if (risk.contact_id, risk.field) in touched)
        return replace(self, changes=changes, refused=(), risks=risks)

    def groups(self) -> Groups[Plan]:
        """Return what it does in a few groups, the riskiest first, to be left out or kept whole.

        Examples
        --------
        >>> stage = ct.Stage(ct.connect().fetch(limit=200))
        >>> stage.apply(lambda names: names.str.upper(), "company")
        >>> stage.apply("Unknown", "jobTitle", where={"jobTitle": None})
        >>> groups = stage.plan().groups()
        >>> groups.to_frame()["title"].tolist()
        ['Job title: filled with “Unknown”', 'Company: capitals only']
        >>> groups.only(1) == stage.plan().select(fields=["company"])
        True
        """
        from contacttools.planning.groups import grouped  # noqa: PLC0415 - not every plan needs it

        return grouped(self.changes, lambda edits: self.without(edits=edits) if edits else self)

    # -- as a file --------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str], *, saved_by: str | None = None) -> None:
        """Write the plan to a file that `Plan.load` reads back; it holds real values.

        The file is replaced whole or not at all, readable by its owner only. It is signed with a
        key of your own, which stays on this machine: you will know it again as yours, and
        colleagues see that it is not theirs.

        Parameters
        ----------
        path : path
        saved_by : str, optional
            Your name, for those who read the file.
        """
        by = None if saved_by is None else one_line(saved_by, "saved_by", "your name")
        files.write(path, self._to_bytes(Saved(datetime.now(UTC), by, mine=True)))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Plan:
        """Read a plan from a file. `saved` tells whose it is; a preview says when not yours.

        Raises
        ------
        BadPlan
            The file is not a plan, is of a newer version, or one byte of it was changed.
        """
        read, stored = planfile.read(path)
        name = render.visible(Path(path).name)
        try:
            saved = Saved(_moment(stored.saved.at), stored.saved.by, planfile.mine(read))
            plan = cls(
                stored.site_id,
                _stored_changes(stored),
                tuple(Refusal(*each) for each in stored.refused),
                tuple(Risk(*each) for each in stored.risks),
                _moment(stored.snapshot_at),
                stored.partial,
                saved,
                stored.takes_back,
            )
            intact = plan._to_bytes(saved, stored.signature) == read
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            why = f"{name} holds what no plan holds ({error}); plan again"
            raise BadPlan(why) from None
        if not intact:
            why = f"{name} was changed after it was saved; plan again"
            raise BadPlan(why)
        return plan

    def _to_bytes(self, saved: Saved, signed: str | None = None) -> bytes:
        come = _Numbered()
        changes = [
            {
                "contact_id": each.contact_id,
                "revision": each.revision,
                "name": each.name,
                "edits": [
                    [edit.field, edit.before, edit.after, *come.number(edit.provenance)]
                    for edit in each.edits
                ],
                "base": each.base,
                "step": each.step,
                "steps": each.steps,
                "needs": [list(key) for key in each.needs],
                "allow_duplicates": each.allow_duplicates,
            }
            for each in self.changes
        ]
        return planfile.sealed(
            signed,
            id=self.id,
            site_id=self.site_id,
            snapshot_at=self.snapshot_at.isoformat(),
            partial=self.partial,
            provenance=come.told,
            changes=changes,
            refused=[
                [each.contact_id, each.field, each.code, each.reason] for each in self.refused
            ],
            risks=[[each.kind, each.contact_id, each.field, each.text] for each in self.risks],
            saved={"at": saved.at.isoformat(), "by": saved.by},
            **({} if self.takes_back is None else {"takes_back": self.takes_back}),
        )

    # -- as people read it ------------------------------------------------------------------

    def to_html(self, path: str | os.PathLike[str], *, reveal: bool = False) -> None:
        """Write the preview as a page of its own, for others to read without contacttools.

        Parameters
        ----------
        path : path
            The file is replaced whole or not at all, readable by its owner only.
        reveal : bool
            Show names and values. Otherwise names are initials, and of each edit one sees the
            contact's id, the field, the kind, and the reason as it was given.
        """
        files.write(path, pages.plan_page(self.view, reveal=reveal).encode())

    def to_markdown(
        self, path: str | os.PathLike[str] | None = None, *, reveal: bool = False
    ) -> str | None:
        """Return the preview as Markdown, for a review request; or write it to a file.

        Parameters
        ----------
        path : path, optional
        reveal : bool
            As in `to_html`.
        """
        text = pages.plan_markdown(self.view, reveal=reveal)
        if path is None:
            return text
        files.write(path, text.encode())
        return None

    @cached_property
    def view(self) -> render.PlanView:
        """What there is to say about it, for those who draw it."""
        grouped: dict[str, list[tuple[str, str]]] = {}
        for risk in self.risks:
            grouped.setdefault(risk.title, []).append((risk.contact_id, risk.text))
        notes = [_AUTOMATIONS] if self.changes else []
        if self.partial:
            notes.append(_PARTIAL.format(self.partial))
        if self.saved is not None and not self.saved.mine:
            by = self.saved.by or "somebody who gave no name"
            notes.append(_STRANGE.format(by, f"{self.saved.at:%Y-%m-%d %H:%M}"))
        return render.PlanView(
            id=self.id,
            site_id=self.site_id,
            takes_back=self.takes_back or "",
            snapshot_at=self.snapshot_at,
            cards=[
                (each.contact_id, each.name, _stands(each), tuple(each.rows()))
                for each in self.changes
            ],
            kinds=Counter(row.kind for row in self.rows),
            by_field=Counter(row.field for row in self.rows),
            duration=render.duration(len(self.changes) * 60 / PACE),
            pace=PACE,
            risks=grouped,
            notes=notes,
            refused=[(each.contact_id, each.field, each.reason) for each in self.refused],
        )

    def __repr__(self) -> str:
        return render.plan_text(self.view)

    def _repr_html_(self) -> str:
        return render.plan_html(self.view)


_STRANGE = (
    "This plan was not saved by you: its file names {}, {} UTC, and is signed with another key. "
    "Nothing of it is written before you approve it."
)
_AUTOMATIONS = "Each update fires the site's contact-updated events and automations."
_PARTIAL = (
    "The snapshot is not the whole site ({}): whether another contact has the same "
    "e-mail or phone could be checked within it only."
)


def _stands(change: Change) -> str:
    """Return where a change stands: on which revision, and which step of several it is."""
    told = [f"revision {change.revision}"]
    if change.steps > 1:
        told.append(f"step {change.step} of {change.steps}")
    if change.allow_duplicates is not None:
        told.append(f"duplicates allowed: {change.allow_duplicates}")
    return " · ".join(told)


def _alone(chosen: dict[Key, Change], planned: Iterable[Change]) -> tuple[Change, ...]:
    """Return the chosen changes that can be made without the others of their plan.

    A step without the other one, and what needs a change that was not chosen or not chosen
    whole, would not be what the preview showed: it is left out.
    """
    whole = {change.key: change for change in planned}
    left = dict(chosen)
    while broken := [
        key
        for key, change in left.items()
        if any(
            need not in left or _lets_go(left[need]) != _lets_go(whole[need])
            for need in change.needs
        )
        or (change.steps > 1 and change.edits != whole[key].edits)
        or any((key[0], step) not in left for step in range(1, change.steps + 1))
    ]:
        for key in broken:
            del left[key]
    return tuple(left.values())


def _lets_go(change: Change) -> list[Edit]:
    """Return the edits that others may need: by them a contact gives up what it alone may have."""
    return [edit for edit in change.edits if edit.field in ("emails", "phones")]


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        why = f"{text} says no time zone"
        raise ValueError(why)
    return moment


class _Numbered:
    """Where values come from, each told once, by number: many edits come from one step."""

    def __init__(self) -> None:
        self.told: list[Json] = []
        self._numbers: dict[bytes, int] = {}
        self._known: dict[int, tuple[int, ...]] = {}  # by identity: most edits share one

    def number(self, provenance: Provenance) -> tuple[int, ...]:
        """Return the number of one; nothing where nobody said."""
        if id(provenance) not in self._known:
            self._known[id(provenance)] = self._number(provenance)
        return self._known[id(provenance)]

    def _number(self, provenance: Provenance) -> tuple[int, ...]:
        if not provenance:
            return ()
        told = provenance.to_json()
        number = self._numbers.setdefault(planfile.canonical(told), len(self.told))
        if number == len(self.told):
            self.told.append(told)
        return (number,)


def _stored_changes(stored: planfile.StoredPlan) -> tuple[Change, ...]:
    come = [Provenance.from_json(told) for told in stored.provenance]
    if any(n < 0 for each in stored.changes for _, _, _, *more in each.edits for n in more):
        why = "no such provenance"
        raise ValueError(why)
    return tuple(_stored_change(each, come) for each in stored.changes)


def _stored_change(stored: planfile.StoredChange, come: Sequence[Provenance]) -> Change:
    base = {name: _as_read(name, value) for name, value in stored.base.items()}
    edits = tuple(
        Edit(
            name,
            _as_read(name, before),
            checked(name, _as_read(name, after)),
            *(come[number] for number in more),
        )
        for name, before, after, *more in stored.edits
    )
    for edit in edits:
        if edit.before != base.get(edit.field):
            why = f"{edit.field}: the value before is not the base's"
            raise ValueError(why)
    return Change(
        stored.contact_id,
        stored.revision,
        edits,
        base,
        stored.name,
        stored.step,
        stored.steps,
        tuple(stored.needs),
        stored.allow_duplicates,
    )


def _as_read(name: str, value: Json) -> Json:
    """Return a value of a file as it is read from a contact, else raise ValueError."""
    if name in fields.LISTS or name == fields.LABELS.name:
        kind = dict if name in fields.LISTS else str
        listed = isinstance(value, list) and value and all(isinstance(each, kind) for each in value)
        named = name not in fields.LISTS or not listed or all(map(_has_a_name, value))
        if value is not None and not (listed and named):
            why = f"{name} is no list of what it holds"
            raise ValueError(why)
        return None if value is None else tuple(value)
    if name not in fields.SCALARS and not name.startswith("custom."):
        why = f"{name} is no field that can be written"
        raise ValueError(why)
    return value


def _has_a_name(item: Json) -> bool:
    return isinstance(item.get("id", ""), str)


def checked(name: str, value: Json) -> Json:
    """Return a field's value if it could have been staged, else raise ValueError."""
    if name in fields.LISTS:
        listing = fields.LISTS[name]
        if len(value or ()) > fields.MAX_ITEMS:
            why = f"{name}: more than {fields.MAX_ITEMS} items"
            raise ValueError(why)
        allowed = {"id", *listing.by_name, *(member.name for member in listing.carried)}
        for item in value or ():
            if not set(item) <= allowed:
                why = f"{name}: a member that is not known"
                raise ValueError(why)
        return value
    if name == fields.LABELS.name:
        return None if value is None else fields.LABELS.clean(value)
    if value is not None and name in fields.SCALARS:
        fields.SCALARS[name].clean(value)
    return value
