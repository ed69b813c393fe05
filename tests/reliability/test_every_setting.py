"""Whatever the open points of the API turn out to be, a commit is right: each switch, both ways.

A whole life over real HTTP for every reading: fetch, stage, commit while colleagues edit and things
go wrong, stop, take up, undo. The sandbox's own log says what was written.
"""

from collections import Counter
from dataclasses import fields, replace
from itertools import chain
from random import Random
from typing import Literal, get_args, get_origin, get_type_hints

from reliability.committer import Hurried, site_at
from reliability.figures import FULL, record
from reliability.ledger import UNWRITTEN, Ledger, could_be_settled
from reliability.people import LISTED, items_changed

import contacttools as ct
from contacttools import sandbox
from contacttools.contact import merge, wire
from contacttools.sandbox import Settings

NUMBERS = {
    "first_revision": (0, 1, 7), "quota_status": (428, 400), "labels_quota": (2000, 20),
    "fields_quota": (100, 12), "system_definition_status": (428, 400),
}  # fmt: skip
HINTS = get_type_hints(Settings)


def values(name):
    """Return the values of a switch."""
    if HINTS[name] is bool:
        return False, True
    return get_args(HINTS[name]) if get_origin(HINTS[name]) is Literal else NUMBERS[name]


NAMES = [each.name for each in fields(Settings)]
SINGLE = [
    {name: value}
    for name in NAMES
    for value in values(name)
    if FULL or value != getattr(Settings(), name)
][:: 1 if FULL else 3]
#: Many switches at once: every reading beside every other, by chance.
MIXED = [
    {name: Random(f"{name} {n}").choice(values(name)) for name in NAMES}
    for n in range(500 if FULL else 4)
]


class Life:
    """One site under one reading, and one plan from its staging to its undo."""

    def __init__(self, server, place, seed):
        self.chance, self.server, self.place = Random(f"life {seed}"), server, place
        self.site = self._notebook()
        self.label = self.site.find_or_create_label("Planned")["label"]["key"]
        self.doomed = self.site.find_or_create_label("Doomed")["label"]["key"]
        self.field = self.site.find_or_create_extended_field("Shoe size", "TEXT")["field"]["key"]
        self.other = self.site.find_or_create_extended_field("Hat size", "TEXT")["field"]["key"]
        for contact_id in list(self.site.fetch())[:6]:
            self._edits(contact_id, {"extendedFields": {"items": {self.other: "58"}}})
            self.site.label_contact(contact_id, [self.doomed])

    def _notebook(self):
        ready = {"url": self.server.url, "api_key": self.server.api_key,
                 "site_id": self.server.site_id}  # fmt: skip
        return site_at(ready, self.place / "runs", clock=Hurried())

    def _edits(self, contact_id, info):
        """Let a colleague write something, whatever is there."""
        return self.site.update_contact(
            contact_id, info, self.site.get_contact(contact_id)["revision"]
        )

    def planned(self):  # noqa: C901 - one branch a kind of edit
        """Stage something of everything, and return the plan of it."""
        self.contacts = self.site.fetch()
        stage = self.stage = ct.Stage(self.contacts)
        self.ids = ids = list(self.contacts)
        for n, contact_id in enumerate(ids):
            stage.edit(contact_id, {"company": f"Planned {n}"})
            held = self.contacts[contact_id]["info"]
            if n % 2:
                stage.edit(contact_id, {"name.last": f"Planned {n}", "locale": "en-US"})
            if n % 3 == 0:
                stage.edit(contact_id, {self.field: f"{n}", "birthdate": None})
            if n % 3 == 1:
                stage.label(contact_id, add=[self.label])
            if n % 4 == 0:
                stage.add(contact_id, "phones", {"phone": f"21255501{n:02}", "countryCode": "US"})
            if n % 4 == 1:
                for each in held.get("phones", {}).get("items", ()):
                    stage.remove(contact_id, "phones", each["id"])
            if n % 4 == 2:
                stage.edit(contact_id, {"email": f"Planned.{n}@Example.com"})
            if n % 5 == 0:
                stage.add(contact_id, "addresses", {"city": f"Planned {n}", "country": "US",
                                                    "subdivision": "NY"})  # fmt: skip
            if n % 6 == 0 and held.get("extendedFields", {}).get("items", {}).get(self.other):
                stage.edit(contact_id, {self.other: None})
        return stage.plan()

    def colleagues_edit(self):
        """Let others meanwhile do what touches ours, what does not, and what no revision tells."""
        ids = self.chance.sample(self.ids, 8)
        self._edits(ids[0], {"jobTitle": "Theirs"})
        self._edits(ids[1], {"company": "Theirs"})
        self._edits(ids[2], {"company": f"Planned {self.ids.index(ids[2])}"})
        self._edits(ids[3], {"extendedFields": {"items": {self.other: "theirs"}}})
        self.site.label_contact(ids[4], [self.doomed])
        self.site.unlabel_contact(ids[5], [self.doomed])
        self.site.label_contact(ids[6], [self.label])
        if self.chance.random() < 0.5:
            self.site.delete_label(self.doomed)
        if self.chance.random() < 0.5:
            self.site.delete_extended_field(self.other)

    def committed(self, plan, share):
        """Commit a plan: stopped on the way, and taken up by a fresh notebook till it is done."""
        first = self._notebook()
        self.server.faults.draw(share, seed=self.chance.randrange(1000))
        self.server.faults.add(
            "before", method="PATCH", skip=self.chance.randrange(1, len(plan)),
            call=lambda: run.cancel(),  # noqa: PLW0108 - it is begun below
        )  # fmt: skip
        run = first.commit(plan, plan.id, wait=False)
        run.wait()
        first.close()
        self.server.faults.clear()
        for _ in range(4):
            site = self._notebook()
            report = site.resume(plan.id)
            site.close()
            if not any(map(could_be_settled, report.outcomes)):
                break
        else:
            raise AssertionError([each for each in report.outcomes if could_be_settled(each)])
        return report


def judge(plan, report, ledger, *, swallowed):
    """Compare what was reported with what the log says; return how many ended how."""
    changes = {change.key: change for change in plan.changes}
    outcomes = {each.key: each for each in report.outcomes}
    assert set(changes) == set(outcomes)
    made = Counter()
    for update in ledger.updates():
        if set(update.changed) <= {"jobTitle"}:  # a colleague whom the faults sent, or nothing
            continue
        keys = [key for key in changes if key[0] == update.contact_id and
                update.before["revision"] + 1 == outcomes[key].after]  # fmt: skip
        keys = keys or [key for key in changes if key[0] == update.contact_id]
        assert keys, f"nobody's update: {update}"
        made[keys[0]] += 1
        _as_shown(changes[keys[0]], update, swallowed=swallowed)
    for key, outcome in outcomes.items():
        if outcome.outcome in UNWRITTEN:
            assert not made[key], f"{outcome}, yet written"
        elif outcome.outcome == "applied":
            assert 1 == made[key], f"{outcome}, written {made[key]} times"
            _stored_or_named(outcome.done or changes[key], outcome)
        else:
            assert made[key] <= 1
    return Counter(each.outcome for each in outcomes.values())


def _as_shown(change, update, *, swallowed):
    """Say whether an update did what the preview showed, from what it showed, and no more."""
    edits = {edit.field: edit for edit in change.edits}
    before, after = wire.values(update.before), wire.values(update.after)
    for name in update.changed:
        assert name in edits, f"not in the preview: {name} of {update}"
        edit = edits[name]
        if name in LISTED:
            shown = items_changed(name, edit.before, edit.after)
            done = items_changed(name, before.get(name), after.get(name))
            assert done <= shown, f"items not shown: {done - shown}"
        elif name == "labelKeys":
            held, wanted = set(edit.before or ()), set(edit.after or ())
            was, became = set(before.get(name) or ()), set(after.get(name) or ())
            assert became - was <= wanted - held, f"labels not shown: {update}"
            assert was - became <= held - wanted, f"labels not shown: {update}"
        else:
            assert merge.stored_as(name, edit.before, before.get(name)), f"overwrote: {update}"
            lost = edit.after is None and swallowed
            assert lost or merge.stored_as(name, edit.after, after.get(name)), f"other: {update}"


def _stored_or_named(change, outcome):
    """Say whether what was written is there as planned, or told as a surprise."""
    named = {each.field for each in outcome.surprises}
    held = wire.values(outcome.contact)
    for edit in change.edits:
        kept = merge.stored_as(edit.field, edit.after, held.get(edit.field))
        assert kept or edit.field in named, f"neither stored nor told: {edit}"


def lives(settings, place, seed, share=0.15):
    """Let one site live under a reading; return how many changes ended how."""
    settings = replace(Settings(), **settings)
    with sandbox.start(
        people=24 if FULL else 12, seed=seed, database=place / "site.db", settings=settings
    ) as server:
        life = Life(server, place, seed)
        plan = life.planned()
        plan._repr_html_()
        life.colleagues_edit()
        ledger = Ledger(place / "site.db")
        report = life.committed(plan, share)
        swallowed = not settings.null_clears
        counts = judge(plan, report, ledger, swallowed=swallowed)
        assert counts["applied"]
        undo = report.undo_plan()
        ledger = Ledger(place / "site.db")
        undone = life.committed(undo, 0.0)
        back = judge(undo, undone, ledger, swallowed=swallowed)
        for outcome in undone.outcomes:
            if outcome.outcome == "applied" and not outcome.surprises:
                _restored(life, undo, outcome)
    return counts + Counter({f"undo {word}": n for word, n in back.items()})


def _restored(life, undo, outcome):
    """Say whether a contact holds again what it held before, where nobody else wrote it."""
    first = wire.values(life.contacts[outcome.contact_id])
    held = wire.values(life.site.get_contact(outcome.contact_id))
    (change,) = (each for each in undo.changes if each.key == outcome.key)
    for edit in change.edits:
        if edit.field not in LISTED and edit.field != "labelKeys":
            assert merge.stored_as(edit.field, first.get(edit.field), held.get(edit.field))


def _words(settings):
    return ",".join(f"{name}={value}" for name, value in settings.items())


def test_every_switch_has_its_values():
    """No open point is left out, and each default is one of the values tried."""
    for name in NAMES:
        assert getattr(Settings(), name) in values(name)
        assert len(values(name)) > 1


def test_every_reading_is_lived_through(tmp_path, capsys):
    """Under each value of each switch, and under mixtures, what is reported is what happened."""
    counts = Counter()
    for n, settings in enumerate(chain(SINGLE, MIXED)):
        place = tmp_path / f"{n}"
        place.mkdir()
        try:
            counts += lives(settings, place, n)
        except Exception as error:
            error.add_note(f"under {_words(settings)}, seed {n}")
            raise
    record(
        capsys, "every setting", switches=len(NAMES), single=len(SINGLE), mixed=len(MIXED),
        outcomes=counts,
    )  # fmt: skip
