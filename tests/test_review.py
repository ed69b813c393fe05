"""The review without a browser: boxes are ticked, buttons clicked, and the site is looked at."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import contacttools as ct
from contacttools import sandbox
from contacttools.sandbox import Server
from contacttools.widgets.review import Review


@pytest.fixture
def server() -> Iterator[Server]:
    """A sandbox."""
    with sandbox.start(people=130, seed=29) as running:
        yield running


@pytest.fixture
def connect(server: Server) -> Callable[..., ct.Site]:
    """What connects to it, taken for a live site."""
    keys: dict[str, Any] = {
        "base_url": server.url, "api_key": server.api_key, "site_id": server.site_id,
    }  # fmt: skip
    return lambda **more: ct.connect(
        **keys | {"read_only": False, "requests_per_minute": None} | more
    )


@pytest.fixture
def site(connect: Callable[..., ct.Site]) -> ct.Site:
    """That sandbox, open for writing."""
    return connect()


def planned(site: ct.Site, n: int = 3) -> ct.Plan:
    """Return a plan for the first contacts: a company each, and a job title for the first."""
    stage = ct.Stage(site.fetch())
    for contact_id in list(stage.contacts)[:n]:
        stage.edit(contact_id, {"company": "Quay & Sons Ltd"})
    stage.edit(next(iter(stage.contacts)), {"jobTitle": "Buyer"})
    return stage.plan()


def ended(shown: Review) -> None:
    """Wait until what was begun has ended and is painted."""
    run = shown.panel.run
    assert run is not None
    assert run.wait(30)
    for thread in threading.enumerate():
        if thread.name == "contacttools-widget":
            thread.join(30)


def test_nothing_is_committed_before_it_was_read(site: ct.Site):
    """The box is ticked first; then what the preview shows is written, and can be taken back."""
    plan = planned(site)
    before = site.fetch()
    shown = ct.review(plan, site)
    assert plan.id[:12] in shown.shown.value
    assert shown.panel.commit.disabled
    shown.panel.commit.click()
    assert shown.panel.run is None
    shown.panel.read.value = True
    assert "Commit 3 contacts to the LIVE site" == shown.panel.commit.description
    shown.panel.commit.click()
    ended(shown)
    assert "3 of 3 contacts written" in shown.panel.report.value
    assert ("", None) == (shown.shown.value, shown.undo.layout.display)

    shown.undo.click()
    assert shown.plan.id == site.reports[0].undo_plan().id
    assert shown.panel.commit.disabled
    shown.panel.read.value = True
    shown.panel.commit.click()
    ended(shown)
    after = site.fetch()
    ids = list(before)[:3]
    assert [before[i]["info"].get("company") for i in ids] == [
        after[i]["info"].get("company") for i in ids
    ]


def test_many_contacts_of_a_live_site_are_counted_by_hand(site: ct.Site):
    """Above a hundred the number is typed; a wrong one is none."""
    shown = ct.review(planned(site, 120), site)
    shown.panel.read.value = True
    assert (True, None) == (shown.panel.commit.disabled, shown.panel.number.layout.display)
    shown.panel.number.value = "12"
    assert shown.panel.commit.disabled
    shown.panel.number.value = "120"
    assert not shown.panel.commit.disabled


def test_what_is_left_out_makes_another_plan(site: ct.Site):
    """With an id of its own, to be approved anew; the whole one comes back when it is asked for."""
    plan = planned(site)
    shown = ct.review(plan, site)
    shown.panel.read.value = True
    first = plan.changes[0].contact_id
    shown.who.value = next(name for name, key in shown._named.items() if key == first)
    shown.which.value = "jobTitle"
    shown.leave_out.click()
    assert {"company"} == {edit.field for change in shown.plan.changes for edit in change.edits}
    assert (3, True) == (len(shown.plan), shown.panel.commit.disabled)
    assert not shown.panel.read.value
    assert "another plan now: 3 contacts" in shown.panel.says.value

    shown.who.value = next(name for name, key in shown._named.items() if key == first)
    shown.leave_out.click()
    assert first not in {change.contact_id for change in shown.plan.changes}
    shown.leave_out.click()
    assert "Choose a contact" in shown.panel.says.value
    shown.whole.click()
    assert plan.id == shown.plan.id


def test_a_commit_is_there_again_when_its_cell_is_run_again(site: ct.Site, server: Server):
    """While it goes on, and when it has ended; nothing is written twice."""
    plan = planned(site)
    server.faults.add("delay", method="PATCH", seconds=0.1, times=None)
    first = ct.review(plan, site)
    first.panel.read.value = True
    first.panel.commit.click()
    second = ct.review(plan, site)
    assert second.panel.run is first.panel.run
    assert second.panel.bar.layout.display is None
    ended(second)
    third = ct.review(plan, site)
    assert "3 of 3 contacts written" in third.panel.report.value
    assert "committed before" in third.panel.says.value
    third.panel.read.value = True
    third.panel.commit.click()
    ended(third)
    revisions = [site.get_contact(each.contact_id)["revision"] for each in plan.changes]
    assert [each.revision + 1 for each in plan.changes] == revisions


def test_nothing_is_left_out_of_a_plan_that_is_being_written(site: ct.Site, server: Server):
    """A click that comes late changes nothing, and offers nothing that is not on show."""
    plan = planned(site)
    server.faults.add("delay", method="PATCH", seconds=0.2, times=None)
    shown = ct.review(plan, site)
    shown.panel.read.value = True
    shown.who.value = next(iter(shown._named))
    shown.panel.commit.click()
    for late in (shown.leave_out, shown.whole, shown.undo):
        late.click()
    assert (plan.id, None) == (shown.plan.id, shown.panel.plan)
    ended(shown)
    shown.panel.read.value = True
    assert ("", True) == (shown.shown.value, shown.panel.commit.disabled)


def test_what_could_not_be_begun_may_be_tried_again(site: ct.Site, server: Server):
    """Another review was faster: when it has ended, this one finds nothing left to send."""
    plan = planned(site)
    one, two = ct.review(plan, site), ct.review(plan, site)
    gate = threading.Event()
    server.faults.add("before", method="PATCH", times=None, call=lambda: gate.wait(60))
    for each in (one, two):
        each.panel.read.value = True
        each.panel.commit.click()
    assert "Not done" in two.panel.says.value
    assert not two.panel.commit.disabled
    gate.set()
    ended(one)
    two.panel.commit.click()
    ended(two)
    assert "3 of 3 contacts written" in two.panel.report.value


def test_a_commit_that_was_cancelled_is_offered_again(site: ct.Site, server: Server):
    """With its preview, to be ticked anew; what was written is not written again."""
    plan = planned(site, 20)
    shown = ct.review(plan, site)
    server.faults.add("before", method="PATCH", skip=3, call=shown.panel.cancel.click)
    shown.panel.read.value = True
    shown.panel.commit.click()
    ended(shown)
    assert (plan.id[:12] in shown.shown.value, shown.panel.read.value) == (True, False)
    shown.panel.read.value = True
    shown.panel.commit.click()
    ended(shown)
    assert {"applied": 20} == dict(site.reports[-1].counts)


def test_a_run_that_has_no_report_is_told(site: ct.Site, monkeypatch: pytest.MonkeyPatch):
    """Whatever breaks while it is painted, somebody hears of it."""
    shown = ct.review(planned(site), site)

    def broken(_: object) -> None:
        raise ValueError("no report")

    monkeypatch.setattr("contacttools.committing.run.Run.report", property(broken))
    shown.panel.read.value = True
    shown.panel.commit.click()
    ended(shown)
    assert "The commit broke off" in shown.panel.says.value


def test_a_site_open_for_reading_only_takes_nothing(connect: Callable[..., ct.Site]):
    """It says so; no box makes it writable."""
    site = connect(read_only=True)
    shown = ct.review(planned(site), site)
    shown.panel.read.value = True
    shown.panel.commit.click()
    assert (True, None) == (shown.panel.commit.disabled, shown.panel.run)


def test_what_cannot_be_reviewed_is_said(site: ct.Site):
    """A plan of another site, and what is no plan."""
    with sandbox.start(people=3, seed=30) as other:
        keys = {"api_key": other.api_key, "site_id": other.site_id}
        elsewhere = ct.connect(base_url=other.url, **keys)
        with pytest.raises(ct.WrongSite):
            ct.review(planned(elsewhere, 1), site)
    with pytest.raises(ct.BadValue, match="a Plan, not a Stage"):
        ct.review(ct.Stage(site.fetch()), site)


def test_what_is_left_out_of_a_plan_is_named(site: ct.Site):
    """By contact, by field, or one field of one contact; else it is an error."""
    plan = planned(site)
    first = plan.changes[0].contact_id
    assert 2 == len(plan.without(contacts=[first]))
    assert {"company"} == {
        e.field for c in plan.without(fields="jobTitle").changes for e in c.edits
    }
    left = plan.without(contacts=first, fields=["company"])
    assert ["jobTitle"] == [edit.field for edit in left.changes[0].edits]
    assert 3 == len(left)
    with pytest.raises(ct.UnknownContact):
        plan.without(contacts=["nobody"])
    with pytest.raises(ct.UnknownField):
        plan.without(fields=["birthdate"])
    with pytest.raises(ct.BadValue, match="which contacts or which fields"):
        plan.without()
