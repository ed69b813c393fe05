"""Mergeplan: frozen values saying which contacts would become one. Pure but for its page.

A plan of merges is identified by what it would do: the site, and for each group the target, the
sources in their order, the revisions and values that it was made from, the values chosen, and what
the target is to hold afterwards. It is never part of a `Plan`: merges cannot be taken back.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import pandas as pd

from contacttools import files
from contacttools.committing.report import plain
from contacttools.contact import fields, merge, wire
from contacttools.contact.fields import Json
from contacttools.errors import StaleFrame, UnknownContact
from contacttools.merging import shown
from contacttools.merging.group import Merge
from contacttools.planning import planfile
from contacttools.planning.change import Refusal
from contacttools.planning.plan import PACE
from contacttools.planning.render import duration
from contacttools.staging.stage import Stage


@dataclass(frozen=True, eq=False)
class MergePlan:
    """Which contacts would become one. A cell that ends in it shows them side by side.

    Attributes
    ----------
    site_id : str
        The only site it can be merged on.
    merges : tuple of Merge
        One per group.
    refused : tuple of Refusal
        Groups that cannot be merged, by one of their contacts, with the reason.
    snapshot_at : datetime
        When the contacts were fetched, UTC.
    """

    site_id: str
    merges: tuple[Merge, ...]
    refused: tuple[Refusal, ...]
    snapshot_at: datetime

    @cached_property
    def id(self) -> str:
        """SHA-256 of all that it would do and was made from, as 64 hexadecimal digits."""
        identity = ["merge", self.site_id, [each.identity() for each in self.merges]]
        return hashlib.sha256(planfile.canonical(identity)).hexdigest()

    @property
    def plan_id(self) -> str:
        """The same as `id`: what `Site.runs` lists and `Site.resume` takes."""
        return self.id

    def __eq__(self, other: object) -> bool:
        return self.id == other.id if isinstance(other, MergePlan) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)

    def __len__(self) -> int:
        """Count the groups that it would merge."""
        return len(self.merges)

    @property
    def people(self) -> int:
        """How many contacts it touches, targets and sources."""
        return sum(len(each.members) for each in self.merges)

    @property
    def duration(self) -> str:
        """How long it will take at the service's pace, in words."""
        return duration(sum(each.requests for each in self.merges) * 60 / PACE)

    def to_frame(self) -> pd.DataFrame:
        """Return what becomes of every field, as data.

        Returns
        -------
        DataFrame
            One row per group and field: ``group``, ``contactId`` (the target), ``field``,
            ``value`` (what the target will hold; lists on one line), ``winner`` (the contact
            whose value it is; of lists the target, empty where it is nobody's), ``reason``,
            ``lost`` (the values that do not survive, on one line; empty where none is).
        """
        rows = [
            (
                each.group, each.target_id, fate.field, _plain(fate.field, fate.value),
                fate.winner, fate.reason,
                " + ".join(str(plain(fate.field, value)) for _, value in fate.lost),
            )
            for each in self.merges
            for fate in each.fates
        ]  # fmt: skip
        columns = ["group", "contactId", "field", "value", "winner", "reason", "lost"]
        frame = pd.DataFrame(rows, columns=columns, dtype=object)
        return frame.astype({name: "str" for name in columns if name != "value"})

    # -- other choices ----------------------------------------------------------------------

    def target(self, group: str | int, contact_id: str) -> MergePlan:
        """Return a plan in which another contact of a group stays.

        Parameters
        ----------
        group : str or int
            As in ``to_frame()["group"]``, or a contact of the group.
        contact_id : str
            The contact that is to stay.

        Raises
        ------
        UnknownContact, BadValue
            There is no such group, or no such contact in it; or the group has a site member,
            who can only be a target.
        """
        return self._changed(group, lambda each: each.with_target(contact_id))

    def keep(self, group: str | int, field: str, contact_id: str) -> MergePlan:
        """Return a plan that keeps the value that one of the contacts has.

        A merge overwrites nothing of its target. Where another value is to survive, it is
        written to the target first, as an update at the revision that was seen: a step of this
        plan like the merge itself, and in the same preview.

        Parameters
        ----------
        group : str or int
            As for `target`.
        field : str
            A name, ``company``, ``jobTitle``, ``birthdate``, ``locale`` or a custom field. Of
            lists everything is kept anyway.
        contact_id : str
            The contact whose value is to survive.

        Raises
        ------
        UnknownContact, UnknownField, BadValue
            There is no such group, contact or field, or the contact has no value there.
        """
        return self._changed(group, lambda each: each.keeping(field, contact_id))

    def without(self, groups: str | int | Iterable[str | int]) -> MergePlan:
        """Return a smaller plan, with an id of its own.

        Parameters
        ----------
        groups : str, int or iterable of them
            Groups, as in ``to_frame()["group"]``, to leave out whole; or single contacts: a
            group of which no two or no target is left is left out.

        Raises
        ------
        UnknownContact
            There is no such group or contact.
        """
        names = [groups] if isinstance(groups, (str, int)) else list(groups)
        left = list(self.merges)
        for name in map(str, names):
            each = _found(self.merges, name)
            at = next((n for n, one in enumerate(left) if one.group == each.group), None)
            if at is None:
                continue
            if name == each.group:
                del left[at]
                continue
            kept = left[at].only([one for one in left[at].members if one != name])
            left[at : at + 1] = [] if kept is None else [kept]
        return replace(self, merges=tuple(left))

    def head(self, n: int = 5) -> MergePlan:
        """Return the plan of the first `n` groups, for a careful start."""
        return replace(self, merges=self.merges[:n])

    def _changed(self, group: str | int, change: Callable[[Merge], Merge]) -> MergePlan:
        chosen = _found(self.merges, str(group))
        merges = (change(each) if each is chosen else each for each in self.merges)
        return replace(self, merges=tuple(merges))

    def previewed(
        self, previews: Mapping[str, Json], refused: Mapping[str, tuple[str, str]]
    ) -> MergePlan:
        """Return it with what the service says: the targets as they would be, or why not.

        Parameters
        ----------
        previews : mapping of str to dict
            By target id.
        refused : mapping of str to (str, str)
            Code and words, by group.
        """
        told = tuple(
            Refusal(each.target_id, None, code, f"group {each.group}: {why}")
            for each in self.merges
            if each.group in refused
            for code, why in (refused[each.group],)
        )
        merges = tuple(
            replace(each, preview=previews.get(each.target_id))
            for each in self.merges
            if each.group not in refused
        )
        return replace(self, merges=merges, refused=self.refused + told)

    def unify(self, stage: Stage, columns: Iterable[str] | None = None) -> int:
        """Keep all contacts, and stage the surviving values in every contact of their group.

        What is staged is an ordinary plan, which can be taken back. Only fields that several
        contacts of a group have, with different values, are touched.

        Parameters
        ----------
        stage : Stage
            Over the snapshot that the groups were found in.
        columns : iterable of str, optional
            Field names; all but lists and labels when left out.

        Returns
        -------
        int
            How many values were staged.

        Raises
        ------
        StaleFrame
            A contact of the stage holds, or has staged, something else than the groups were found
            in; nothing was staged.
        """
        wanted = (
            None if columns is None else set([columns] if isinstance(columns, str) else columns)
        )
        staged = 0
        with stage.step("unified with its duplicates"):
            for each in self.merges:
                for fate in each.fates:
                    if fate.field in fields.LISTS or fate.field == fields.LABELS.name:
                        continue
                    if wanted is None or fate.field in wanted:
                        if fate.lost:
                            _must_hold(stage, each, fate.field)
                        for contact_id, _ in fate.lost:
                            stage.edit(contact_id, {fate.field: fate.value})
                            staged += 1
        return staged

    # -- as people read it ------------------------------------------------------------------

    def to_html(self, path: str | os.PathLike[str], *, reveal: bool = False) -> None:
        """Write the preview as a page of its own, for others to read without contacttools.

        Parameters
        ----------
        path : path
            The file is replaced whole or not at all, readable by its owner only.
        reveal : bool
            Show names and values. Otherwise names are initials, and of a field one sees which
            contact has something there, and whose value survives.
        """
        files.write(path, shown.page(self._view, reveal=reveal).encode())

    @property
    def _view(self) -> shown.MergeView:
        return shown.MergeView(
            self.id, self.site_id, self.snapshot_at, self.merges, self.refused, self.people,
            self.duration,
        )  # fmt: skip

    def __repr__(self) -> str:
        return shown.text(self._view)

    def _repr_html_(self) -> str:
        return shown.html(self._view)


def _must_hold(stage: Stage, group: Merge, name: str) -> None:
    """Raise StaleFrame where a field is not what the group was found with: which value survives
    was decided upon that.
    """  # noqa: D205 - one sentence
    for contact_id, document in group.members.items():
        then, now = wire.value(document, name), stage.value(contact_id, name)
        if not merge.same(name, then, now):
            why = (
                f"contact {contact_id}: {name} was {then!r:.60} when group {group.group} was found "
                f"and is {now!r:.60} on the stage: fetch, and plan the merges again"
            )
            raise StaleFrame(why, contact_id=contact_id, field=name)


def _plain(name: str, value: Json) -> Json:
    return None if value is None else plain(name, value)


def _found(merges: Iterable[Merge], name: str) -> Merge:
    """Return the group of a name, or that a contact is in, or raise UnknownContact."""
    for each in merges:
        if name == each.group or name in each.members:
            return each
    why = f"no group and no contact of a group is called {name!r:.80}; to_frame() shows them"
    raise UnknownContact(why, contact_id=name)
