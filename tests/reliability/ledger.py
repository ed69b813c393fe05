"""A sandbox in a process of its own, and the truth about it: what its database says was written.

The service counts: every accepted update is an event with the contact as it was afterwards. Who
made one is told by what it changed, as each planned value is of one plan alone.
"""

import json
import sqlite3
import subprocess
import sys
from collections import Counter, defaultdict
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from reliability import people

import contacttools
from contacttools.contact import merge, wire

ROOT = Path(contacttools.__file__).absolute().parents[1]
GOOD = ("applied", "already")
UNWRITTEN = ("conflict", "refused", "not_sent", "gone")


@contextmanager
def sandbox(database, *arguments):
    """Run a sandbox until the block ends, or this process does; give the line it begins with."""
    command = [sys.executable, "-m", "contacttools.sandbox", "--port", "0", "--with-parent"]
    command += ["--database", str(database), *map(str, arguments)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True
    ) as process:
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.kill()


@dataclass(frozen=True)
class Update:
    """One accepted update of a contact, by whomever."""

    contact_id: str
    before: dict
    after: dict

    @cached_property
    def changed(self):
        """The fields that are another than before."""
        return merge.changed_fields(wire.values(self.before), wire.values(self.after))


class Ledger:
    """What the database of a sandbox says, from now on. The service may be at work meanwhile."""

    def __init__(self, database):
        self._database = database
        self.first = self.contacts()
        self._from = self.count()

    def _rows(self, sql):
        with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)) as connection:
            return connection.execute(sql).fetchall()

    def count(self):
        """Return how many updates were ever accepted."""
        return self._rows("SELECT coalesce(max(number), 0) FROM events")[0][0]

    def contacts(self):
        """Return all contacts as they are, by id."""
        return {
            each: json.loads(text) for each, text in self._rows("SELECT id, text FROM contacts")
        }

    def updates(self):
        """Return what was accepted, the oldest first; none is missing and none counts twice."""
        held = dict(self.first)
        updates = []
        for contact_id, slug, text in self._rows(
            f"SELECT contact, slug, text FROM events WHERE number > {self._from} ORDER BY number"  # noqa: S608
        ):
            assert "updated" == slug
            update = Update(contact_id, held[contact_id], json.loads(text))
            assert update.before["revision"] + 1 == update.after["revision"]
            held[contact_id] = update.after
            updates.append(update)
        assert held == self.contacts()
        return updates


def does(change, update):
    """Say whether an update does what a change announces, all that it does, and no more."""
    edits = {edit.field: edit for edit in change.edits}
    before, after = wire.values(update.before), wire.values(update.after)
    if not update.changed or set(update.changed) - set(edits):
        return False
    for name in update.changed:
        edit = edits[name]
        if name in people.LISTED:
            shown = people.items_changed(name, edit.before, edit.after)
            if not people.items_changed(name, before.get(name), after.get(name)) <= shown:
                return False
        elif edit.after != after.get(name):
            return False
    return True


def fair(change, update):
    """Say whether an update replaced only what the preview showed as the value before."""
    before = wire.values(update.before)
    return all(
        edit.field in people.LISTED or edit.before == before.get(edit.field)
        for edit in change.edits
        if edit.field in update.changed
    )


def attributed(plans, updates):
    """Return by plan id and key the updates that plans made; each at most once, none left over."""
    made = {plan.id: {} for plan in plans}
    planned = defaultdict(list)
    for plan in plans:
        for change in plan.changes:
            planned[change.contact_id].append((plan, change))
    for update in updates:
        claims = (
            (plan, change)
            for plan, change in planned[update.contact_id]
            if change.key not in made[plan.id] and does(change, update)
        )
        plan, change = next(claims, (None, None))
        assert plan is not None, f"nobody's update, or one made twice: {update}"
        assert fair(change, update), f"replaced what was not shown: {change} by {update}"
        made[plan.id][change.key] = update
    return made


def judge(plan, outcomes, made, final):
    """Compare what was reported of a plan with what it did; return how many ended how."""
    keys = {each.key for each in plan.changes}
    assert keys == set(outcomes)
    for change in plan.changes:
        outcome, update = outcomes[change.key], made.get(change.key)
        assert change.contact_id == outcome.contact_id
        if outcome.outcome in UNWRITTEN:
            assert update is None, f"{outcome.outcome}, yet written: {update}"
        elif outcome.outcome in GOOD:
            assert update is not None, f"{outcome.outcome}, yet never written: {outcome}"
            assert outcome.outcome == "already" or update.after["revision"] == outcome.after
            assert outcome.before + 1 == update.after["revision"]
            assert outcome.contact["id"] == change.contact_id
        else:
            assert outcome.outcome in ("unknown", "conflict_maybe_applied")
        if (
            outcome.outcome in GOOD
            and final is not None
            and (change.contact_id, change.step + 1) not in keys
        ):
            held = wire.values(final[change.contact_id])
            for edit in change.edits:
                if edit.field in people.LISTED:
                    left = people.items_changed(edit.field, edit.after, held.get(edit.field))
                    assert not left, f"not as planned: {edit}, {left}"
                else:
                    assert edit.after == held.get(edit.field)
    return Counter(each.outcome for each in outcomes.values())


def could_be_settled(outcome):
    """Say whether another run could still find out, or bring about, how a change ends.

    What was sent without an answer and is refused whenever it is sent again stays in doubt:
    nobody can say that the first one will not arrive after all.
    """
    return (
        outcome.outcome in ("unknown", "not_sent")
        and not outcome.detail.startswith("it needs")
        and "the last answer was" not in outcome.detail
    )
