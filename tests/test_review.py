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


def cards(shown: Review) -> list[str]:
    """Return the cards on show, in HTML."""
    return [each.children[0].value for each in shown.cards._box.children[1:]]


def buttons(shown: Review, contact_id: str) -> dict[str, Any]:
    """Return the buttons beside the card of a contact."""
    (card,) = [
        each for each in shown.cards._box.children[1:] if contact_id in each.children[0].value
    ]
    return {each.description: each for each in card.children[1].children}


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
    assert plan.id[:12] in shown.top.value
    assert shown.panel.commit.disabled
    shown.panel.commit.click()
    assert shown.panel.run is None
    shown.panel.read.value = True
    assert "Commit 3 contacts to the LIVE site" == shown.panel.commit.description
    shown.panel.commit.click()
    ended(shown)
    assert "3 of 3 contacts written" in shown.panel.report.value
    assert "Committed" in shown.heading.value
    assert None is shown.undo.layout.display

    shown.undo.click()
    assert shown.plan.id == site.reports[0].undo_plan().id
    assert plan.id[:12] in shown.heading.value
    assert "" == shown.panel.report.value
    assert ("none", "none") == (shown.undo.layout.display, shown.whole.layout.display)
    buttons(shown, plan.changes[1].contact_id)["Leave out"].click()
    assert (2, True) == (len(shown.plan), plan.id[:12] in shown.heading.value)
    shown.whole.click()
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
    buttons(shown, first)["Without Job title"].click()
    assert {"company"} == {edit.field for change in shown.plan.changes for edit in change.edits}
    assert (3, True) == (len(shown.plan), shown.panel.commit.disabled)
    assert not shown.panel.read.value
    assert "another plan now: 3 contacts" in shown.panel.says.value

    buttons(shown, first)["Leave out"].click()
    assert first not in {change.contact_id for change in shown.plan.changes}
    shown.whole.click()
    assert plan.id == shown.plan.id


def test_a_tick_that_comes_late_approves_nothing(site: ct.Site):
    """It was for the plan that was on show when it was made, not for the one that is now."""
    plan = planned(site)
    shown = ct.review(plan, site)
    late = shown.panel.read
    shown.cards.field.value = "jobTitle"
    shown.cards.these.click()
    late.set_state({"value": True})  # as the browser's message would
    assert (False, True) == (shown.panel.read.value, shown.panel.commit.disabled)
    assert None is shown.panel.approved
    shown.panel.read.value = True
    assert shown.plan is shown.panel.approved


def test_the_cards_are_looked_through(site: ct.Site):
    """By words, field, kind and risk; what is found can be left out at once."""
    contacts = site.fetch()
    stage = ct.Stage(contacts)
    one, two, three = list(contacts)[:3]
    stage.edit(one, {"company": "Quay & Sons Ltd", "jobTitle": "Buyer"})
    stage.edit(two, {"company": "Quay & Sons Ltd", "birthdate": "1990-02-03"})
    phone = stage.add(three, "phones", {"phone": "nobody's"})
    stage.make_primary(three, "phones", phone)
    shown = ct.review(stage.plan(), site)
    assert 3 == len(cards(shown))
    shown.cards.search.value = "QUAY buyer"
    assert 0 == len(cards(shown))  # no single edit says both
    shown.cards.search.value = "buyer"
    assert [True] == [one in card for card in cards(shown)]
    shown.cards.search.value = ""
    shown.cards.field.value = "company"
    assert [one, two] == [each for each in (one, two, three) if each in "".join(cards(shown))]
    assert "Buyer" not in "".join(cards(shown))
    risks = [value for _, value in shown.cards.risk.options if value]
    assert 3 == len(risks)
    shown.cards.field.value = ""
    shown.cards.risk.value = risks[0]
    assert [True] == [three in card for card in cards(shown)]
    shown.cards.risk.value = ""
    shown.cards.field.value = "company"
    shown.cards.these.click()
    assert {"jobTitle", "birthdate", "phones"} == {
        e.field for c in shown.plan.changes for e in c.edits
    }
    assert not shown.cards.narrowed  # there is no such field any more


def test_a_large_plan_is_shown_a_page_at_a_time(site: ct.Site):
    """All of it can be reached."""
    shown, seen = ct.review(planned(site, 50), site), set()
    for _ in range(3):
        seen |= set(cards(shown))
        shown.cards.on.click()
    assert "41 to 50 of 50 contacts" in shown.cards.told.value
    assert (50, True) == (len(seen), shown.cards.on.disabled)
    shown.cards.back.click()
    assert "21 to 40" in shown.cards.told.value


def test_what_needs_a_look_is_told_while_the_commit_goes_on(site: ct.Site, server: Server):
    """At once, by name and outcome; the report has it in the end."""
    plan = planned(site)
    theirs = ct.Stage(site.fetch())
    theirs.edit(plan.changes[0].contact_id, {"company": "Theirs"})
    site.commit(theirs.plan(), approve=theirs.plan().id)
    shown, seen = ct.review(plan, site), []
    shown.panel.look.observe(lambda change: seen.append(change["new"]), "value")
    server.faults.add("delay", method="PATCH", seconds=0.3, times=None)
    shown.panel.read.value = True
    shown.panel.commit.click()
    ended(shown)
    assert any("conflict" in each and plan.changes[0].contact_id in each for each in seen)
    assert "" == shown.panel.look.value


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
    leave_out = buttons(shown, plan.changes[0].contact_id)["Leave out"]
    shown.panel.commit.click()
    for late in (leave_out, shown.cards.these, shown.whole, shown.undo):
        late.click()
    assert (plan.id, None) == (shown.plan.id, shown.panel.plan)
    ended(shown)
    shown.panel.read.value = True
    assert shown.panel.commit.disabled
    leave_out.click()
    assert plan.id == shown.plan.id


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
    assert plan.id[:12] in shown.top.value
    assert ("", False) == (shown.heading.value, shown.panel.read.value)
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
    assert plan.without(edits=[(first, "company")]) == left
    both = plan.without(contacts=[first], edits=[(plan.changes[1].contact_id, "company")])
    assert 1 == len(both)
    with pytest.raises(ct.UnknownField, match="no edit"):
        plan.without(edits=[(first, "birthdate")])
    with pytest.raises(ct.BadValue, match="which contacts, fields or edits"):
        plan.without()


def test_a_plan_of_many_is_looked_through_by_groups(site: ct.Site):
    """The list of groups shows what there is; one of them is left out, or kept alone."""
    stage = ct.Stage(site.fetch())
    ids = list(stage.contacts)[:8]
    stage.apply("Quay & Sons Ltd", "company", where=ids)
    stage.apply("Buyer", "jobTitle", where=ids[:5])
    plan = stage.plan()
    groups = plan.groups()
    shown = ct.review(plan, site)
    titles = [value for _, value in shown.cards.group.options]
    (number,) = (n for n, each in enumerate(groups) if each.title.startswith("Job title: filled"))

    assert ["", *(each.title for each in groups)] == titles
    shown.cards.group.value = groups[number].title
    assert groups[number].contacts == len(cards(shown))
    assert not any("Quay" in card for card in cards(shown))
    shown.cards.these.click()
    assert groups.without(number) == shown.plan
    shown.whole.click()
    shown.cards.group.value = groups[number].title
    shown.cards.others.click()
    assert groups.only(number) == shown.plan


def test_a_plan_of_few_has_no_list_of_groups(site: ct.Site):
    """One looks at each."""
    shown = ct.review(planned(site), site)
    assert "none" == shown.cards.group.layout.display
