"""Any order of gestures, colleagues, commits, undos and fresh kernels: the site is as was said.

A model holds what each contact must hold: what colleagues wrote, and what a report calls applied.
After every step the site holds exactly that.
"""

import os
import tempfile

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from reliability.figures import FULL
from served import site_at

import contacttools as ct
from contacttools import sandbox
from contacttools.committing.report import Report
from contacttools.contact import wire

FIELDS = ("company", "jobTitle", "custom.nickname")
WORDS = ("Amber", "Birch", "Cedar", None)
PEOPLE = 5
GOOD = ("applied", "already")

contacts = st.integers(0, PEOPLE - 1)
names = st.sampled_from(FIELDS)
words = st.sampled_from(WORDS)


class Committing(RuleBasedStateMachine):
    """A notebook, its colleagues, and the site."""

    reports = Bundle("reports")

    @initialize()
    def begin(self):
        # Every example is a site of the same name: each has its own journals.
        self.folder = tempfile.TemporaryDirectory()
        os.environ["CONTACTTOOLS_RUNS"] = self.folder.name
        self.server = sandbox.start(people=PEOPLE, seed=12)
        self.site = site_at(self.server)
        self.stage = ct.Stage(self.site.fetch())
        self.ids = list(self.stage.contacts)
        self.done = {}  # how each plan ended
        self.model = {each: self.held(each) for each in self.ids}
        self.revisions = {each: self.stage.contacts[each]["revision"] for each in self.ids}

    def teardown(self):
        if hasattr(self, "site"):
            self.site.close()
            self.server.stop()
            self.folder.cleanup()

    def held(self, contact_id):
        """Return what the site holds of a contact."""
        held = wire.values(self.site.get_contact(contact_id))
        return {name: held.get(name) for name in FIELDS}

    @rule(n=contacts, name=names, word=words)
    def somebody_stages(self, n, name, word):
        """By code, on the snapshot that there is."""
        self.stage.edit(self.ids[n], {name: word})

    @rule()
    def somebody_takes_back(self):
        """A step, if there is one."""
        self.stage.undo()

    @rule(n=contacts, name=names, word=words)
    def a_colleague_writes(self, n, name, word):
        """At the revision that is there."""
        contact_id = self.ids[n]
        before = self.site.get_contact(contact_id)
        if self.model[contact_id][name] != word:
            info = wire.info({name: word})
            self.site.update_contact(contact_id, info, before["revision"])
            self.model[contact_id][name] = word
            self.revisions[contact_id] += 1

    @rule(take=st.sampled_from(("ours", "theirs")))
    def a_fresh_snapshot_comes(self, take):
        """And what both sides changed is decided."""
        for each in self.stage.rebase(self.site.fetch()).itertuples():
            self.stage.resolve(each.contactId, each.field, take)
        assert 0 == len(self.stage.clashes())

    @rule(target=reports, mode=st.sampled_from(("disjoint", "strict", "ask")))
    def what_is_staged_is_committed(self, mode):
        """Whether or not the snapshot is the latest."""
        plan = self.stage.plan()
        return self.committed(plan, self.site.commit(plan, plan.id, rebase=mode))

    def committed(self, plan: ct.Plan, report: Report):
        """Take what a report says into the model; each change has one outcome, which is true."""
        assert [each.key for each in plan.changes] == [each.key for each in report.outcomes]
        words = [each.outcome for each in report.outcomes]
        if self.done.setdefault(plan.id, words) is not words:
            assert self.done[plan.id] == words  # it was used up before, and wrote nothing now
            return report
        for change, outcome in zip(plan.changes, report.outcomes, strict=True):
            wanted = {edit.field: edit.after for edit in change.edits}
            model = self.model[change.contact_id]
            if outcome.outcome == "applied":
                for name, value in wanted.items():
                    model[name] = value
                self.revisions[change.contact_id] += 1
            elif outcome.outcome == "already":
                assert wanted.items() <= model.items()
            else:  # nothing goes wrong here but others
                assert "conflict" == outcome.outcome
                assert outcome.detail
        return report

    @rule(report=reports)
    def a_plan_is_committed_again(self, report):
        """It is used up: the same report, and nothing is sent."""
        again = self.site.commit(report.plan, report.plan.id)
        assert [each.outcome for each in report.outcomes] == [
            each.outcome for each in again.outcomes
        ]

    @rule(target=reports, report=reports)
    def what_was_written_is_taken_back(self, report):
        """As far as it is still ours; nobody else's value goes with it."""
        undo = report.undo_plan()
        return self.committed(undo, self.site.commit(undo, undo.id))

    @precondition(lambda self: self.site.reports)
    @rule()
    def the_kernel_is_another(self):
        """What was committed is known from the journals."""
        last = self.site.last_report
        self.site.close()
        self.site = site_at(self.server)
        if len(last.plan):
            resumed = self.site.resume(last.plan.id)
            assert last.counts == resumed.counts

    @invariant()
    def the_site_is_as_was_said(self):
        """Each value, and one revision for each update that there was."""
        if hasattr(self, "site"):
            for contact_id in self.ids:
                assert self.model[contact_id] == self.held(contact_id)
            now = self.site.fetch()
            assert self.revisions == {each: now[each]["revision"] for each in self.ids}


TestCommitting = Committing.TestCase
TestCommitting.settings = settings(
    max_examples=1_000 if FULL else 10, stateful_step_count=30 if FULL else 20, deadline=None
)
