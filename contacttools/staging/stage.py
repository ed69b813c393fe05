"""Stage: where edits are collected before anything is written; the one mutable object.

Every route ends here: code, an edited frame, a form. The stage holds a snapshot and, beside
it, the values that are to replace the snapshot's own. It touches no network and no files.
"""

from __future__ import annotations

import getpass
import os
import secrets
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from contacttools.auditing.fixes import Fix, Fixes, Proposes
from contacttools.changes import Transform
from contacttools.contact import fields, merge, wire
from contacttools.contact.fields import Json
from contacttools.contact.merge import Clash
from contacttools.errors import (
    BadPlan,
    BadValue,
    StagingError,
)
from contacttools.planning import render
from contacttools.planning.change import Change, Edit, Refusal
from contacttools.planning.plan import Plan
from contacttools.planning.provenance import NONE, Provenance, moment, one_line
from contacttools.snapshot import frames
from contacttools.snapshot.contacts import Contacts, build_frame, living
from contacttools.snapshot.frames import Table
from contacttools.staging import applying, checks, drafts, intake, recipe
from contacttools.staging.intake import Finding, RowEdit
from contacttools.staging.recipe import Recipe
from contacttools.staging.steps import ABSENT, ALLOWED, Put, Staged, Steps
from contacttools.staging.wanted import Wanted

if TYPE_CHECKING:
    from contacttools.staging.outgoing import Export

_TAKES = ("ours", "theirs")
_MEANT = {"ours", "theirs", "our", "their", "mine", "base"}  # no value anybody wants staged
_REMEMBERED = 100  # frames handed out whose content is still known


class _Numbers:
    """The numbers of new items, which no two have."""

    def __init__(self) -> None:
        self.next = 1

    def take(self) -> int:
        """Return the next one."""
        self.next += 1
        return self.next - 1


class Stage:
    """Edits over one snapshot, waiting to become a plan.

    Parameters
    ----------
    contacts : Contacts
        The snapshot to edit; it stays as it is.
    name : str, optional
        Keep the stage on disk by this name, gesture by gesture: `Stage` with the same name takes
        it up again, in another kernel too, with its undo and redo, on the contacts as they are
        then. What somebody else has changed meanwhile is carried over or held back as in `rebase`.
    who : str, optional
        Your name, which stands with all you stage; without it, your name on this machine.

    Examples
    --------
    >>> contacts = ct.connect().fetch(limit=10)
    >>> contact_id = next(iter(contacts))
    >>> stage = ct.Stage(contacts)
    >>> stage.edit(contact_id, {"jobTitle": "Librarian"})
    >>> stage.to_frame().loc[contact_id, "jobTitle"]
    'Librarian'
    """

    def __init__(
        self, contacts: Contacts, *, name: str | None = None, who: str | None = None
    ) -> None:
        if not isinstance(contacts, Contacts):
            got = type(contacts).__name__  # type: ignore[unreachable]
            why = f"a stage is over Contacts, as site.fetch() returns them, not a {got}"
            raise BadValue(why)
        self._contacts = contacts
        self._lock = threading.RLock()
        self._open_steps = 0
        self._come = Provenance(who=told_name(who))  # of what the open step stages
        self._gestures = 0  # under way, one inside the other
        self._changed = False  # by the gesture under way
        self._moved = False  # the contacts under the edits, by that gesture
        self._steps = Steps()
        self._noted = self._steps.made  # the rules that were applied, as they are kept
        self._clashes: dict[tuple[str, str], Clash] = {}
        self._shown: dict[str, dict[str, dict[str, Json]]] = {}
        self._laid: pd.DataFrame | None = None  # out by `apply`, which compares with it
        self._numbers = _Numbers()
        self._watchers: list[Callable[[], None]] = []
        self._draft: drafts.Draft | None = None
        if name is not None:
            self._open(one_line(name, "name", "what the stage is called"))

    def _open(self, name: str) -> None:
        """Take up what was kept by a name, on the contacts as they are now."""
        contacts = self._contacts
        if contacts.site_id is None:
            raise BadValue("a named stage is of contacts of a site: read_contacts(…, site_id=…)")
        draft = drafts.Draft(name, contacts.site_id)
        try:
            kept = draft.kept
            asked = kept.steps.contacts() | {each for each, _ in kept.clashes}
            missing = [each for each in asked if each not in contacts]
            if missing and contacts.partial:
                why = (
                    f"stage {name!r} holds edits of {render.count(len(missing), 'contact')} that "
                    f"are not among these ({contacts.partial}): fetch them all, or give this one "
                    "another name"
                )
                raise BadValue(why, contact_id=missing[0])  # noqa: TRY301 - whatever is raised closes it
            self._contacts = Contacts(
                kept.documents.values(),
                site_id=contacts.site_id,
                fetched_at=contacts.fetched_at,
                definitions=contacts.definitions,
            )
            self._steps, self._clashes = kept.steps, kept.clashes
            self._numbers.next = kept.number
            self.rebase(contacts)
        except BaseException:
            draft.close()
            raise
        self._draft = draft
        forget = weakref.WeakMethod(self._forget)
        draft.forget = lambda contact_id: found(contact_id) if (found := forget()) else None
        self._keep(whole=True)

    def _keep(self, *, whole: bool = False) -> None:
        """Write down what a gesture has changed, where the stage has a name."""
        if self._draft is not None:
            now = drafts.Kept(self._steps, {}, self._clashes, self._numbers.next)
            self._draft.keep(now, self._contacts.documents().get, whole=whole)

    def _forget(self, contact_id: str) -> None:
        """Forget what was staged of a person, and the way back to it."""
        with self._gesture():
            self._steps.forget([contact_id], {})
            self._clashes = {k: v for k, v in self._clashes.items() if k[0] != contact_id}
            self._changed = self._moved = True

    def close(self) -> None:
        """Let another notebook have a named stage; here nothing more can be staged then."""
        if self._draft is not None:
            self._draft.close()

    def discard(self) -> None:
        """Remove a named stage from the disk; what is staged stays staged here, without a name."""
        if self._draft is not None:
            self._draft.check()
            self._draft.discard()
            self._draft = None

    @property
    def name(self) -> str | None:
        """The name that it is kept by; None where it has none."""
        return None if self._draft is None else self._draft.name

    # -- looking ----------------------------------------------------------------------------

    @property
    def contacts(self) -> Contacts:
        """The snapshot under the edits."""
        return self._contacts

    def value(self, contact_id: str, field: str) -> Json:
        """Return what a field would hold: the staged value, else the contact's own; None if absent.

        Lists are tuples of items, each a dict of the columns of its tidy table and ``id``.
        """
        staged = self._steps.staged.get(contact_id, {})
        if field in staged:
            return staged[field]
        return wire.value(self._contacts.document(contact_id), field)

    def staged(self, contact_id: str) -> dict[str, Json]:
        """Return the staged values of one contact by field name; empty when there are none."""
        self._contacts.document(contact_id)
        with self._lock:
            return dict(self._steps.staged.get(contact_id, {}))

    def document(self, contact_id: str) -> Json:
        """Return a copy of the contact as it would be, in the service's shape."""
        document = self._contacts.document(contact_id)
        return wire.overlay(document, self._steps.staged.get(contact_id, {}))

    def edits(self) -> dict[str, dict[str, Json]]:
        """Return all that is staged: by contact id, the wanted values by field name."""
        with self._lock:
            return self._steps.copy()

    def state(self) -> tuple[object, ...]:
        """Return all that a plan follows from: as long as it is equal, so is the plan."""
        with self._lock:
            steps, open_ = self._steps, sorted(self._undecided())
            return self._contacts, steps.copy(), steps.allowed, steps.provenance(), open_

    def to_frame(self, table: Table | None = None) -> pd.DataFrame:
        """Return the contacts as they would be; shape and types as in `Contacts.to_frame`.

        Items that the service has not seen yet have ids that begin with ``new-``.
        """
        table = None if table is None else frames.known_table(table)
        with self._lock:
            contacts, staged = self._contacts, self._steps.copy()
            if not staged:
                return contacts.to_frame(table)
            mark = f"stage:{secrets.token_hex(8)}"
            self._shown[mark] = staged
            while len(self._shown) > _REMEMBERED:
                del self._shown[next(iter(self._shown))]
        return _frame(contacts, staged, table, mark)

    def __len__(self) -> int:
        """Return how many contacts have something staged."""
        return len(self._steps.staged)

    def __bool__(self) -> bool:
        return True  # an empty stage is still a stage

    def __repr__(self) -> str:
        edits = sum(len(values) for values in self._steps.copy().values())
        title = "" if self.name is None else f" {render.visible(self.name)!r}"
        told = f"{render.count(edits, 'field')} of {render.count(len(self), 'contact')}"
        return f"<Stage{title}: {told} staged, over {self._contacts!r}>"

    @property
    def _wanted(self) -> Wanted:
        return Wanted(
            self._contacts,
            self.value,
            self.document,
            lambda: f"{merge.PROVISIONAL}{self._numbers.take()}",
        )

    def watch(self, call: Callable[[], None]) -> Callable[[], None]:
        """Call back after every change; return a function that stops it."""
        self._watchers.append(call)
        return lambda: self._watchers.remove(call) if call in self._watchers else None

    @contextmanager
    def _gesture(self) -> Iterator[None]:
        """Let one gesture happen whole, whichever thread it comes from, and then tell of it.

        Those who watch are told after the lock is free again: what they do may need it. They are
        told as well of what the disk does not take, for it is staged here all the same.
        """
        trouble: OSError | None = None
        with self._lock:
            if self._draft is not None:
                self._draft.check()
            self._gestures += 1
            try:
                yield
            finally:
                self._gestures -= 1
                tell = self._changed and not self._gestures
                self._changed = self._changed and not tell
                if not self._gestures and (tell or self._steps.made != self._noted):
                    self._noted = self._steps.made
                    try:
                        self._keep(whole=self._moved)
                        self._moved = False
                    except OSError as error:
                        trouble = error
        if tell:
            for call in list(self._watchers):
                call()
        if trouble is not None:
            trouble.add_note("It is staged here, and will be on disk once there is room.")
            raise trouble

    @contextmanager
    def step(self, reason: str | None = None) -> Iterator[None]:
        """Let all that is staged in a ``with`` block be one step: one `undo` takes it back.

        When the block raises, nothing of it stays staged. Other threads wait meanwhile. `undo`,
        `redo` and `rebase` are no part of a step, and raise BadValue in it.

        Parameters
        ----------
        reason : str, optional
            Why, in one line: it stands beside each of these edits in the preview, and no id
            depends on it. A step inside another one has its reason, unless it gives its own.
        """
        with self._step(reason):
            yield

    @contextmanager
    def _step(
        self,
        reason: str | None = None,
        rule: str | None = None,
        parameters: Mapping[str, Json] | None = None,
        who: str | None = None,
    ) -> Iterator[None]:
        """Let what is staged meanwhile be one step, with where it comes from."""
        with self._gesture():
            begin, outer = self._steps.mark(), self._come
            if reason is not None:
                reason = one_line(reason, "reason", "why these edits are wanted")
                self._come = replace(self._come, reason=reason)
            if rule is not None:
                self._come = replace(self._come, rule=rule, parameters=parameters or {})
            if who is not None:
                self._come = replace(self._come, who=who)
            self._open_steps += 1
            try:
                yield
            except BaseException:
                self._steps.back_to(begin)
                raise
            finally:
                self._open_steps -= 1
                self._come = outer
            self._steps.join(begin)

    def __copy__(self) -> Stage:
        return self.copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> Stage:
        return self.copy()

    def copy(self) -> Stage:
        """Return another stage over the same snapshot, with the same edits: to try things out."""
        other = Stage(self._contacts)
        with self._lock:
            other._numbers = self._numbers  # no new item has the id of another
            other._shown.update(self._shown)
            other._clashes = dict(self._undecided())
            other._put(
                (contact_id, name, value)
                for contact_id, values in self._steps.copy().items()
                for name, value in values.items()
            )
            other._put((each, ALLOWED, why) for each, why in self._steps.allowed.items())
            other._steps.forget(other._steps.contacts(), _grounded(self._steps))
        return other

    def _closed(self, what: str) -> None:
        """Raise where a step is open: what is no edit cannot be part of one."""
        if self._open_steps:
            why = f"{what} is no part of a step: call it outside the with block of stage.step()"
            raise BadValue(why)

    @property
    def lock(self) -> threading.RLock:
        """The lock that every gesture takes: hold it to look at several things at one moment."""
        return self._lock

    # -- editing ----------------------------------------------------------------------------

    def edit(self, contact_id: str, values: Mapping[str, Json]) -> None:
        """Stage values of one contact.

        Parameters
        ----------
        contact_id : str
        values : mapping of str to value
            By column name of the wide frame. None clears. ``email`` and ``phone`` set the
            primary item's value and touch no other item; where there is none, they add one.
            ``labelKeys`` takes label keys.

        Raises
        ------
        UnknownContact, UnknownField, ReadOnlyField, BadValue
            Nothing was staged; the message names the contact, the field and the next step.
        """
        with self._gesture():
            self._put(self._wanted.values(contact_id, values))

    def add(self, contact_id: str, table: Table, item: Mapping[str, Json]) -> str:
        """Stage a new item of a list; return the provisional id it has until it is written.

        Parameters
        ----------
        contact_id : str
        table : {"emails", "phones", "addresses", "labels", "extendedFields"}
        item : mapping of str to value
            The columns of the tidy table that a person may set, such as
            ``{"phone": "5550100", "countryCode": "US", "tag": "MOBILE"}``.
            ``primary=True`` makes it the primary item.
        """
        with self._gesture():
            self._settled(contact_id, table)
            new = RowEdit(
                intake.WHOLE, contact_id, None, self._wanted.item(contact_id, table, item)
            )
            puts = self._wanted.applied(table, [new])
            self._put(puts)
            if table not in fields.LISTS:
                return str(item["key"])
            ((_, _, items_then),) = puts
            return self._id_of(contact_id, table, items_then[-1])

    def _settled(self, contact_id: str, table: str) -> None:
        """Raise BadValue where a list is to be decided about: one item of it decides nothing."""
        if any(key == (contact_id, table) for key in self._undecided()):
            why = (
                f"contact {contact_id}: {table}: somebody else changed them too; decide with "
                "stage.resolve first, or their items would be taken away by this"
            )
            raise BadValue(why, contact_id=contact_id, field=table)

    def _id_of(self, contact_id: str, table: str, added: Json) -> str:
        """Return the id of an item just added, or of the equal one that was there already."""
        now = self.value(contact_id, table) or ()
        if added in now:
            return str(added["id"])
        key = merge.item_key(fields.LISTS[table], added, primary=False)
        equal = (
            item["id"]
            for item in now
            if merge.item_key(fields.LISTS[table], item, primary=False) == key
        )
        return str(next(equal))

    def remove(self, contact_id: str, table: Table, item_id: str) -> None:
        """Stage the removal of an item; when it was primary, the first one left becomes so."""
        with self._gesture():
            self._settled(contact_id, table)
            self._wanted.known_item(contact_id, table, item_id)
            gone = RowEdit(intake.WHOLE, contact_id, item_id, removed=True)
            self._put(self._wanted.applied(table, [gone]))

    def edit_item(
        self, contact_id: str, table: Table, item_id: str, values: Mapping[str, Json]
    ) -> None:
        """Stage other values of one item of a list; None clears a member."""
        with self._gesture():
            self._settled(contact_id, table)
            self._wanted.known_item(contact_id, table, item_id)
            cleaned = self._wanted.item(contact_id, table, values)
            self._put(
                self._wanted.applied(table, [RowEdit(intake.WHOLE, contact_id, item_id, cleaned)])
            )

    def make_primary(self, contact_id: str, table: Table, item_id: str) -> None:
        """Stage that this e-mail or phone is the primary one, and no other."""
        self.edit_item(contact_id, table, item_id, {"primary": True})

    def label(
        self,
        contact_ids: str | Iterable[str],
        *,
        add: str | Iterable[str] = (),
        remove: str | Iterable[str] = (),
    ) -> None:
        """Stage labels on and off one or many contacts, as one step.

        Labels are named by key (``custom.vip``) or by display name. A label that a contact has
        already, or has not, is no change.
        """
        ids = _listed(contact_ids)
        key = self._contacts.definitions.label_key
        added, removed = (tuple(map(key, _listed(each))) for each in (add, remove))
        with self._gesture():
            self._put([self._wanted.labelled(contact_id, added, removed) for contact_id in ids])

    def allow_duplicates(self, contact_ids: str | Iterable[str], *, reason: str | None) -> None:
        """Let contacts share an e-mail or phone with others, as one step.

        A plan refuses whoever would newly have what another contact has. Where that is meant,
        such as a family with one number, say so here: the reason stands in the preview.

        Parameters
        ----------
        contact_ids : str or iterable of str
        reason : str or None
            Why, for those who read the preview and the report. None takes it back.

        Raises
        ------
        UnknownContact, BadValue
            Nothing was changed.
        """
        ids = _listed(contact_ids)
        if reason is not None:
            reason = one_line(reason, "reason", "why they may share an e-mail or phone")
        with self._gesture():
            for contact_id in ids:
                self._contacts.document(contact_id)
            self._put((each, ALLOWED, ABSENT if reason is None else reason) for each in ids)

    def unstage(self, contact_id: str | None = None, field: str | None = None) -> None:
        """Take edits back: of one field, of one contact, or, without arguments, all of them.

        A field is named as in the wide frame, a list as in its table. What `allow_duplicates`
        allowed goes with the last of them, not with one field.
        """
        with self._gesture():
            if contact_id is not None:
                self._contacts.document(contact_id)
            name = self._wanted.list_name(field) if field is not None else None
            self._put(
                (each, known, ABSENT)
                for each, known in self._open_fields()
                if contact_id in (None, each) and name in (None, known)
            )

    def _open_fields(self) -> list[tuple[str, str]]:
        """Return all that is staged: the fields of each contact, and what is allowed."""
        staged = ((each, name) for each, values in self._steps.copy().items() for name in values)
        return [*staged, *((each, ALLOWED) for each in self._steps.allowed)]

    def undo(self) -> bool:
        """Take back the last step, whatever route it came by; False when there is none."""
        with self._gesture():
            self._closed("undo")
            done = self._steps.undo()
            self._changed |= done
            return done

    def redo(self) -> bool:
        """Do again what `undo` took back; False when there is nothing."""
        with self._gesture():
            self._closed("redo")
            done = self._steps.redo()
            self._changed |= done
            return done

    def update(
        self,
        frame: pd.DataFrame,
        table: Table | None = None,
        *,
        clear: str | Iterable[str] = (),
        errors: Literal["raise", "collect"] = "raise",
        remove_missing: bool = False,
    ) -> pd.DataFrame | None:
        """Stage what differs in an edited frame from what that frame showed, as one step.

        Parameters
        ----------
        frame : DataFrame
            From `Contacts.to_frame` or `to_frame`, edited: any of its rows and columns, in any
            order. A frame from elsewhere, such as a CSV file, needs the column ``revision``:
            ``frame.join(stage.to_frame()["revision"])``.
        table : {"emails", "phones", "addresses", "labels", "extendedFields"}, optional
            Which tidy table it is; without it, the wide frame. In a tidy frame a row without
            ``itemId`` is a new item.
        clear : str or iterable of str
            Columns whose missing values mean "clear". Elsewhere a value that turned missing
            is refused: a look-up that failed must not empty a column.
        errors : {"raise", "collect"}
            Raise the first error and stage nothing; or stage the good rows and report.
        remove_missing : bool
            Take every item that a tidy frame does not list as removed, of all contacts.

        Returns
        -------
        DataFrame or None
            With ``errors="collect"``: ``row`` (from 0; -1 for a column or an absent row),
            ``contactId``, ``field``, ``status`` ("staged", "unchanged", "refused"), ``why``.

        Raises
        ------
        StaleFrame
            A row shows another revision than the stage's snapshot; take a new frame.
        UnknownContact, UnknownField, ReadOnlyField, BadValue
            The message names the contact, the field and the next step.
        """
        if errors not in ("raise", "collect"):
            why = f'errors is "raise" or "collect", not {errors!r}'
            raise BadValue(why)
        if not isinstance(frame, pd.DataFrame):
            why = f"expected a DataFrame, got {type(frame).__name__}"  # type: ignore[unreachable]
            raise BadValue(why)
        table = None if table is None else frames.known_table(table)
        with self._gesture():
            source = intake.Source(self._contacts, self._was_shown, frozenset(_listed(clear)))
            if table is None:
                reading = intake.read_wide(frame, source)
            else:
                reading = intake.read_tidy(frame, table, source, remove_missing=remove_missing)
            mark = frame.attrs.get(frames.MARK)
            shown = self._shown.get(mark, {}) if isinstance(mark, str) else {}
            puts, findings = self._wanted.gather(reading, table, shown)
            wrong = next((each.error for each in findings if each.error is not None), None)
            if errors == "raise" and wrong is not None:
                raise wrong
            self._put(puts)
        if errors == "raise":
            return None
        spoken = {finding.row for finding in findings}
        findings += [
            Finding(row, contact_id, None, "unchanged")
            for row, contact_id in enumerate(reading.ids)
            if row not in spoken
        ]
        return intake.outcome(findings)

    def apply(
        self,
        change: Callable[[Any], object] | object | Fixes | Proposes | Recipe,
        column: str | None = None,
        *,
        table: Table | None = None,
        columns: Iterable[str] | None = None,
        where: applying.Where = None,
        reason: str | None = None,
        clear: str | Iterable[str] = (),
        errors: Literal["raise", "collect"] = "raise",
    ) -> pd.DataFrame | None:
        """Stage one change of a column, or of several, of many contacts, as one step.

        Parameters
        ----------
        change : callable or value
            Is given the column as it is staged, as in `to_frame`, without the rows that `where`
            leaves out; returns a Series of the same rows, or one value for all. What is no
            callable stands for itself. A lone None clears; in a Series, a value that turned
            missing is refused, unless `clear` names the column. With `columns` it is given, and
            returns, a DataFrame of them. `ct.changes` and `ct.normalize` have such changes. What
            an audit or clusters suggest, and a `recipe`, say themselves where they belong, and
            why; a value that has changed since it was audited is refused.
        column : str
            A column of the wide frame, or of the tidy one of `table`.
        table : {"emails", "phones", "addresses", "labels", "extendedFields"}, optional
            Change the items of this list, one row each.
        columns : iterable of str, optional
            Several columns, in place of `column`.
        where : dict, boolean Series or iterable of str, optional
            Which rows: those that hold what a dict says, ``{"company": "Quay & Sons"}``, by column
            one value, a list of them, or None for nothing (``{"labelKeys": "VIP"}``: those who
            have this label among others); a mask over ``stage.to_frame(table)``; or contact ids.
            Without it, all. Only what a dict says can be repeated by a recipe.
        reason : str, optional
            Why, in one line, as in `step`.
        clear : str or iterable of str
            As in `update`.
        errors : {"raise", "collect"}
            Raise the first error and stage nothing; or stage the good rows and report.

        Returns
        -------
        DataFrame or None
            As `update`.

        Raises
        ------
        UnknownContact, UnknownField, ReadOnlyField, BadValue
            The message names the contact, the field and the next step. What `change` raises
            itself is passed on.

        Examples
        --------
        >>> stage = ct.Stage(ct.connect().fetch(limit=50))
        >>> titled = stage.to_frame()["jobTitle"].notna()
        >>> stage.apply(lambda values: values.str.title(), "jobTitle", where=titled)
        """
        if isinstance(change, Proposes):
            change = change.fixes()
        if isinstance(change, (Fixes, Recipe)):
            if clear or any(each is not None for each in (column, table, columns, where)):
                raise BadValue(
                    "suggestions say themselves where they belong: choose among them first"
                )
            if isinstance(change, Recipe):
                with self.step(reason):
                    return change.apply_to(self, errors)
            return self._fix(change, reason, errors)
        if (column is None) == (columns is None):
            raise BadValue("say which column is changed, or which columns")
        table = None if table is None else frames.known_table(table)
        names = column if column is not None else tuple(_listed(columns or ()))
        clear = _listed(clear)
        if isinstance(change, Transform) and change.clears and column is not None:
            clear = (*clear, column)
        rule, parameters = recipe.told(
            change, where, column=column, columns=None if column else list(names), table=table,
            clear=list(clear),
        )  # fmt: skip
        with self._step(reason, rule, parameters):
            frame = self.to_frame(table)
            rows, cleared = applying.changed(
                frame, self._contacts, change, table, names, where=where
            )
            self._laid = frame
            try:
                told = self.update(rows, table, clear=(*clear, *cleared), errors=errors)
            finally:
                self._laid = None
            self._steps.note(self._come)
        return told

    def recipe(self) -> Recipe:
        """Return what rules have done here, to be done again to other contacts.

        Taken over is what `apply` was given: values, `ct.changes`, `ct.normalize`, what an audit or
        clusters suggested. Not taken over, and told, is what was chosen or edited by hand, and
        functions of your own.
        """
        with self._lock:
            come = self._steps.provenance()
            by_hand = sum(
                not come.get((contact_id, name), NONE).rule
                for contact_id, values in self._steps.copy().items()
                for name in values
            )
            return Recipe.of(self._steps.applied(), by_hand)

    def _fix(
        self, fixes: Fixes, reason: str | None, errors: Literal["raise", "collect"]
    ) -> pd.DataFrame | None:
        """Stage single values, each with its reason, as one step."""
        told = []
        with self._step(reason, fixes.rule, fixes.parameters):
            self._steps.note(self._come)
            for row, fix in enumerate(fixes):
                try:
                    with self._step(fix.reason if reason is None else None, fix.rule):
                        self._fix_one(fix)
                except StagingError as error:
                    if errors == "raise":
                        raise
                    why = str(error)
                    told.append(Finding(row, fix.contact_id, fix.column, "refused", why, error))
                else:
                    told.append(Finding(row, fix.contact_id, fix.column, "staged"))
        return None if errors == "raise" else intake.outcome(told)

    def _fix_one(self, fix: Fix) -> None:
        fix.check(self._contacts, self.document(fix.contact_id))
        if fix.table is None:
            self.edit(fix.contact_id, {fix.column: fix.after})
        else:
            self.edit_item(fix.contact_id, fix.table, str(fix.item_id), {fix.column: fix.after})

    # -- sheets for people to fill in --------------------------------------------------------

    def to_excel(
        self,
        path: str | os.PathLike[str],
        table: Table | None = None,
        *,
        where: pd.Series[bool] | Iterable[str] | None = None,
        columns: Iterable[str] | None = None,
    ) -> Export:
        """Write contacts, as they would be, to a file that a person fills in.

        All cells are text; what can be changed is white, with drop-downs where the values are
        known. The ids and what each cell held are hidden in the file, so that its rows can be
        sorted and deleted, and its columns moved. It holds real values, says so, and is readable
        by its owner only.

        Parameters
        ----------
        path : path
            Ends in ``.xlsx``; or in ``.csv``, where nothing is hidden, each row has its originals
            in the last column, and ``'`` stands before what a program would run as a formula.
        table : {"emails", "phones", "addresses", "labels", "extendedFields"}, optional
            One row per item of this list, instead of one per contact.
        where : boolean Series or iterable of str, optional
            Which rows, as in `apply`.
        columns : iterable of str, optional
            Which columns of ``to_frame(table)``; without it, all.

        Returns
        -------
        Export
            What is in the file, and that it is real.

        Raises
        ------
        UnknownContact, UnknownField, BadValue
            Nothing was written.

        Examples
        --------
        >>> import tempfile
        >>> stage = ct.Stage(ct.connect().fetch(limit=20))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = stage.to_excel(f"{folder}/november.xlsx", columns=["company", "jobTitle"])
        ...     told = stage.update_from_excel(f"{folder}/november.xlsx", who="Dana")
        >>> set(told["status"])
        {'unchanged'}
        """
        from contacttools.staging import outgoing  # noqa: PLC0415 - it loads openpyxl

        table = None if table is None else frames.known_table(table)
        with self._lock:
            contacts, frame, wide = self._contacts, self.to_frame(table), self.to_frame()
        rows = frame.loc[applying.rows_of(frame, contacts, table, where)]
        return outgoing.write(path, contacts, wide, rows, table=table, columns=columns)

    def update_from_excel(
        self,
        path: str | os.PathLike[str],
        who: str,
        *,
        errors: Literal["raise", "collect"] = "collect",
    ) -> pd.DataFrame | None:
        """Stage what a person changed in a file of `to_excel`, as one step.

        A cell that says what it said is no edit, whatever the contact holds by now. One that was
        emptied clears. One that was changed is staged where the contact still holds what was
        exported; else it is refused as a conflict. Numbers, dates, formulas and errors that a
        program made of texts are refused, and so are new rows: `match` is for those.

        Parameters
        ----------
        path : path
            An ``.xlsx`` or ``.csv`` file, saved by whatever program.
        who : str
            Who filled it in: the reason of each edit says so in the preview.
        errors : {"raise", "collect"}
            Raise the first error and stage nothing; or stage the good rows and report.

        Returns
        -------
        DataFrame or None
            As `update`, but for ``row``, which counts as the program does, and ``cell``, such as
            ``D17``. A row is staged whole or not at all.

        Raises
        ------
        WrongSite, BadValue
            It is of another site, no sheet that `to_excel` wrote, or not fit to be read.
        StagingError
            With ``errors="raise"``, as `update`, with the address of the cell.
        """
        from contacttools.staging import incoming, outgoing  # noqa: PLC0415

        if errors not in ("raise", "collect"):
            why = f'errors is "raise" or "collect", not {errors!r}'
            raise BadValue(why)
        whose = one_line(who, "who", "the person who filled it in")
        cells = {recipe.CHOSEN: f"cells that {whose} filled in"}
        with self._step(outgoing.reason(path, who), "excel", cells, who):
            self._steps.note(self._come)
            back = incoming.read(path, self._contacts, self.document)
            puts, findings = self._wanted.gather(back.reading, back.table, self._steps.copy())
            findings = back.told(findings)
            wrong = next((each.error for each in findings if each.error is not None), None)
            if errors == "raise" and wrong is not None:
                raise wrong
            self._put(puts)
        return None if errors == "raise" else back.outcome(findings)

    # -- what is staged --------------------------------------------------------------------

    def _put(self, puts: Iterable[Put]) -> None:
        """Stage values as one step; what equals the contact's own is no edit."""
        settled, undecided = [self._told(*put) for put in puts], len(self._clashes)
        come = replace(self._come, when=moment())
        pushed = self._steps.push(settled, come, open_keys=self._clashes)
        self._changed |= bool(pushed) or len(self._clashes) < undecided

    def _told(self, contact_id: str, name: str, value: Json) -> Put:
        """Return a put, where what equals the contact's own is none."""
        own = wire.value(self._contacts.document(contact_id), name)
        same = value is ABSENT or merge.same(name, own, value)
        return contact_id, name, ABSENT if same else value

    def _was_shown(self, mark: str | None, table: Table | None) -> pd.DataFrame | None:
        """Return what the frame of a mark showed; None when that cannot be known."""
        if self._laid is not None and mark == self._laid.attrs.get(frames.MARK):
            return self._laid  # to lay out thousands of staged contacts once more takes seconds
        if mark in self._shown:
            return _frame(self._contacts, self._shown[mark], table, mark)
        if mark is None or mark == self._contacts.mark or living(mark) is not None:
            return self._contacts.to_frame(table)  # rows at another revision are refused by row
        return None

    # -- what others did meanwhile ----------------------------------------------------------

    def rebase(self, contacts: Contacts) -> pd.DataFrame:
        """Carry the staged edits onto a newer snapshot.

        Edits whose field nobody touched stay; edits somebody else has made as well fall away;
        edits to different items of one list are joined. What both sides changed is held back:
        `plan` refuses those contacts until you decide with `resolve`, `edit` or `unstage`.
        Steps can be undone still, but for what they did to contacts that have changed.

        Returns
        -------
        DataFrame
            One row per field that both sides changed: ``contactId``, ``field``, ``base``,
            ``ours``, ``theirs``. Empty when there is nothing to decide.
        """
        if contacts.site_id != self._contacts.site_id:
            why = (
                f"those contacts are of site {contacts.site_id}, "
                f"the stage's of {self._contacts.site_id}"
            )
            raise BadValue(why)
        with self._gesture():
            self._closed("rebase")
            puts: list[Put] = []
            asked = self._steps.contacts() | {contact_id for contact_id, _ in self._clashes}
            moved = {each for each in asked if not self._as_in(contacts, each)}
            undecided = {k: v for k, v in self._undecided().items() if k[0] in moved}
            clashes = {k: v for k, v in self._clashes.items() if k[0] not in moved}
            edits = {k: v for k, v in self._steps.copy().items() if k in moved}
            allowed, come = self._steps.allowed, self._steps.provenance()
            for (contact_id, name), clash in undecided.items():
                edits.setdefault(contact_id, {})[name] = clash.ours
            for contact_id, staged in edits.items():
                base = self._base(contact_id) | {
                    name: undecided[contact_id, name].base
                    for name in staged
                    if (contact_id, name) in undecided
                }
                known = contact_id in contacts
                theirs = wire.values(contacts.document(contact_id)) if known else None
                for name, ours in staged.items():
                    merged: Json | Clash = Clash(base.get(name), ours, None)
                    if theirs is not None:
                        merged = merge.carried(name, base, ours, theirs)
                    if isinstance(merged, Clash):
                        clashes[contact_id, name] = merged
                        merged = ours
                    if known:
                        puts.append((contact_id, name, merged))
            puts += [
                (each, ALLOWED, why)
                for each, why in allowed.items()
                if each in moved and each in contacts
            ]
            self._contacts, self._shown, self._clashes = contacts, {}, clashes
            told = {put[:2]: put[2] for put in (self._told(*each) for each in puts)}
            self._steps.forget(
                moved,
                {key: (v, come.get(key, NONE)) for key, v in told.items() if v is not ABSENT},
            )
            self._changed = self._moved = True
            return self.clashes()

    def _as_in(self, contacts: Contacts, contact_id: str) -> bool:
        """Say whether a contact is in another snapshot what it is in ours."""
        if contact_id not in contacts or contact_id not in self._contacts:
            return False
        here, there = (each.document(contact_id) for each in (self._contacts, contacts))
        return here is there or (
            here["revision"] == there["revision"] and wire.values(here) == wire.values(there)
        )

    def clashes(self) -> pd.DataFrame:
        """Return what `rebase` found both sides had changed, and nobody has decided yet."""
        listed = [
            (*key, each.base, each.ours, each.theirs) for key, each in self._undecided().items()
        ]
        columns = ["contactId", "field", "base", "ours", "theirs"]
        return pd.DataFrame(listed, columns=columns, dtype=object)

    def _undecided(self) -> dict[tuple[str, str], Clash]:
        """Return the clashes that no step has decided; to undo that step opens one again."""
        if not self._clashes:
            return {}
        touched = self._steps.touched()
        return {key: each for key, each in self._clashes.items() if key not in touched}

    def _base(self, contact_id: str) -> wire.Values:
        known = contact_id in self._contacts
        return wire.values(self._contacts.document(contact_id)) if known else {}

    def resolve(self, contact_id: str, field: str, take: Json) -> None:
        """Decide what both sides changed: ``"ours"``, ``"theirs"``, or a value of your own."""
        with self._gesture():
            clash = self._undecided().get((contact_id, field))
            if clash is None:
                why = (
                    f"contact {contact_id}: nothing to decide about {field}; "
                    "stage.clashes() lists what is open"
                )
                raise BadValue(why, contact_id=contact_id, field=field)
            if contact_id not in self._contacts:
                del self._clashes[contact_id, field]  # the contact is gone, and the edit with it
                self._changed = True
            elif isinstance(take, str) and take.casefold() in _MEANT and take not in _TAKES:
                why = f'contact {contact_id}: take is "ours", "theirs" or a value, not {take!r}'
                raise BadValue(why, contact_id=contact_id, field=field)
            elif take == "theirs":
                self._put([(contact_id, field, ABSENT)])
            elif take == "ours":
                self._put([(contact_id, field, clash.ours)])
            else:
                self.edit(contact_id, {field: take})

    # -- the plan ---------------------------------------------------------------------------

    def plan(self) -> Plan:
        """Return what is staged as a frozen plan, checked, in the order it would be written.

        Raises
        ------
        BadPlan
            The snapshot is of no site: it was read with `read_contacts` and no ``site_id=``.
        """
        with self._lock:
            contacts, staged, clashes = self._contacts, self._steps.copy(), self._undecided()
            allowed, come = self._steps.allowed, self._steps.provenance()
        if contacts.site_id is None:
            why = (
                "these contacts were read without a site, so nothing can be planned for one: say "
                "read_contacts(…, site_id=…), or fetch them and stage again"
            )
            raise BadPlan(why)
        held_back = [
            Refusal(
                contact_id,
                name,
                "CONFLICT",
                f"somebody else changed it too: it was {clash.base!r:.60}, you want "
                f"{clash.ours!r:.60}, it is {clash.theirs!r:.60}; decide with stage.resolve",
            )
            for (contact_id, name), clash in clashes.items()
        ]
        undecided = {contact_id for contact_id, _ in clashes}
        changes = [
            change
            for contact_id, values in staged.items()
            if contact_id not in undecided
            and (change := _change(contacts, contact_id, values, allowed, come)) is not None
        ]
        planned, refused, risks = checks.review(changes, contacts)
        return Plan(
            contacts.site_id,
            planned,
            tuple(held_back + refused),
            tuple(risks),
            snapshot_at=contacts.fetched_at,
            partial=contacts.partial,
        )


Recipe.begin = Stage


def stages() -> pd.DataFrame:
    """Return the named stages that are kept on this machine.

    Returns
    -------
    DataFrame
        One row each, the one first that was changed last: ``name``, ``siteId``, ``contacts`` and
        ``fields`` (how many are staged), ``savedAt`` (UTC), ``open`` (whether a notebook has it).

    Examples
    --------
    >>> stage = ct.Stage(ct.connect().fetch(limit=5), name="spring cleaning")
    >>> ct.stages().loc[0, "name"]
    'spring cleaning'
    >>> stage.discard()
    """
    rows = [
        (each.name, each.site_id, each.contacts, each.fields, each.saved_at, each.open)
        for each in drafts.listed()
    ]
    columns = ["name", "siteId", "contacts", "fields", "savedAt", "open"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({"name": "str", "siteId": "str", "contacts": "int64", "fields": "int64",
                         "savedAt": "datetime64[us, UTC]", "open": "bool"})  # fmt: skip


def _frame(contacts: Contacts, staged: Staged, table: Table | None, mark: str) -> pd.DataFrame:
    """Return the frame of a snapshot with other values in it."""
    documents = {
        contact_id: wire.overlay(document, staged[contact_id]) if contact_id in staged else document
        for contact_id, document in contacts.documents().items()
    }
    if table is not None or 2 * len(staged) > len(contacts):
        return build_frame(contacts, documents, table, mark)
    # In the wide frame only the rows that differ are laid out anew: of many contacts most do not.
    frame = contacts.to_frame()
    new = build_frame(contacts, {each: documents[each] for each in staged}, None, mark)
    frame = pd.concat([frame.drop(index=new.index), new]).loc[frame.index]
    frame.attrs = dict(new.attrs)
    return frame


def _change(
    contacts: Contacts,
    contact_id: str,
    values: Mapping[str, Json],
    allowed: Mapping[str, str],
    come: Mapping[tuple[str, str], Provenance],
) -> Change | None:
    document = contacts.document(contact_id)
    base = wire.values(document)
    edits = []
    for name, value in sorted(values.items()):
        after = merge.settle(name, base.get(name), value)
        if not merge.same(name, base.get(name), after):
            told = come.get((contact_id, name), NONE)
            edits.append(Edit(name, base.get(name), after, told))
    if not edits:
        return None
    reaches = any(edit.field in ("emails", "phones") for edit in edits)
    return Change(
        contact_id,
        int(document["revision"]),
        tuple(edits),
        base,
        called(document),
        allow_duplicates=allowed.get(contact_id) if reaches else None,
    )


def _grounded(steps: Steps) -> dict[tuple[str, str], tuple[Json, Provenance]]:
    """Return all that is staged, with where it comes from and without the way there."""
    come = steps.provenance()
    staged = {(who, name): v for who, values in steps.copy().items() for name, v in values.items()}
    allowed = {(who, ALLOWED): why for who, why in steps.allowed.items()}
    return {key: (value, come.get(key, NONE)) for key, value in (staged | allowed).items()}


def told_name(who: str | None) -> str:
    """Return whose edits they are: as said, or the user's name on this machine where it has one."""
    if who is not None:
        return one_line(who, "who", "your name")
    try:
        return one_line(getpass.getuser(), "who", "your name")
    except (BadValue, KeyError, OSError, ImportError):
        return ""


def called(document: Json) -> str:
    """Return what a person would call a contact: its name, else an e-mail or phone."""
    parts = (wire.value(document, part) for part in ("name.first", "name.last"))
    name = " ".join(str(part) for part in parts if part)
    if name:
        return name
    items = (merge.primary(wire.value(document, listing)) for listing in ("emails", "phones"))
    reach = (str(item.get("email") or item.get("phone") or "") for item in items if item)
    return next(reach, "")


def _listed(names: str | Iterable[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)
