"""Commits and their journals, over real HTTP: taken up, found again, locked, forgotten."""

import threading

import pytest
from served import planned, site_at

import contacttools as ct
from contacttools import sandbox
from contacttools.committing import commit
from contacttools.contact.wire import Written
from contacttools.errors import BadPlan, PlanInUse, ReadOnlySite


@pytest.fixture
def server():
    """A sandbox of a few contacts, for one test."""
    with sandbox.start(people=30, seed=6) as running:
        yield running


@pytest.fixture
def site(server):
    """A notebook at that site."""
    with site_at(server) as opened:
        yield opened


def some(site, n):
    """Return the ids of contacts that nobody shares an e-mail with."""
    return list(site.fetch())[:n]


def plan_for(site, n, company="Run Ltd"):
    """Return a plan over n contacts."""
    return planned(site, {each: {"company": company} for each in some(site, n)})


def broken_off(server, site, plan, after):
    """Commit a plan and stop at once while an update is on its way; return the report."""
    held, go_on = threading.Event(), threading.Event()

    def wait():
        held.set()
        assert go_on.wait(30)

    server.faults.add("before", method="PATCH", skip=after, call=wait)
    run = site.commit(plan, approve=plan.id, wait=False)
    assert held.wait(30)
    run.abandon()
    go_on.set()
    return run.report


def test_a_rule_that_fails_ends_the_commit_in_doubt_and_is_not_waited_for(site, monkeypatch):
    """Whatever is wrong with us: the report comes, says so, and another run settles it."""
    plan = plan_for(site, 2, "Failing Ltd")
    rules = commit.next_step

    def failing(change, seen, mode):
        if seen and isinstance(seen[-1][1], Written):
            why = "a rule failed"
            raise ValueError(why)
        return rules(change, seen, mode)

    with monkeypatch.context() as broken:
        broken.setattr(commit, "next_step", failing)
        report = site.commit(plan, approve=plan.id)
    assert {"unknown", "not_sent"} >= {each.outcome for each in report.outcomes}
    assert report.counts["unknown"]
    assert "a rule failed" in report.note
    assert ["applied"] * 2 == [each.outcome for each in site.resume(plan.id).outcomes]


def test_a_commit_that_was_broken_off_is_taken_up_elsewhere(server, site):
    """Another notebook carries on: what was written stays once, what was in doubt is read back."""
    plan = plan_for(site, 6)
    report = broken_off(server, site, plan, after=2)
    assert {"applied": 2, "unknown": 1, "not_sent": 3} == report.counts
    with site_at(server) as another:
        resumed = another.resume(plan.id[:7])
    assert {"applied": 6} == resumed.counts
    for change in plan.changes:
        assert change.revision + 1 == site.get_contact(change.contact_id)["revision"]
        assert 1 == len(server.store.history(change.contact_id))


def test_to_commit_again_is_to_take_it_up(server, site):
    """The same plan, approved again, sends only what is left; a third time it sends nothing."""
    plan = plan_for(site, 4)
    broken_off(server, site, plan, after=1)
    assert {"applied": 4} == site.commit(plan, approve=plan.id).counts
    before = len(server.store.events())
    third = site.commit(plan, approve=plan.id)
    assert {"applied": 4} == third.counts
    assert "committed before" in third.note
    assert before == len(server.store.events())


def test_a_run_can_be_had_at_once_when_it_is_resumed(server, site):
    """With wait=False the run that goes on."""
    plan = plan_for(site, 3)
    broken_off(server, site, plan, after=1)
    run = site.resume(plan.id, wait=False)
    assert run.wait(30)
    assert {"applied": 3} == run.report.counts


def test_two_notebooks_do_not_commit_one_plan_at_a_time(server, site):
    """The second is told so before anything is sent; afterwards it has the report."""
    plan = plan_for(site, 3)
    held, go_on = threading.Event(), threading.Event()

    def wait():
        held.set()
        assert go_on.wait(30)

    server.faults.add("before", method="PATCH", call=wait)
    run = site.commit(plan, approve=plan.id, wait=False)
    assert held.wait(30)
    with site_at(server) as second:
        with pytest.raises(PlanInUse, match=plan.id[:7]):
            second.commit(plan, approve=plan.id)
        with pytest.raises(PlanInUse):
            second.resume(plan.id)
        assert ["running"] == list(second.runs()["state"])
        assert run is site.run(plan.id)
        go_on.set()
        assert run.wait(30)
        assert {"applied": 3} == second.commit(plan, approve=plan.id).counts


def test_past_commits_are_a_frame(server, site):
    """One row a plan, the latest first, with what came of it; empty it has the same columns."""
    empty = site.runs()
    first = plan_for(site, 2, "First Ltd")
    site.commit(first, approve=first.id)
    second = plan_for(site, 3, "Second Ltd")
    broken_off(server, site, second, after=1)
    runs = site.runs()
    assert list(empty.dtypes) == list(runs.dtypes)
    assert {first.id: "finished", second.id: "interrupted"} == dict(
        zip(runs["planId"], runs["state"], strict=True)
    )
    assert {first.id: 2, second.id: 3} == dict(zip(runs["planId"], runs["contacts"], strict=True))
    assert {first.id: 2, second.id: 1} == dict(zip(runs["planId"], runs["applied"], strict=True))
    assert (runs["touched"] >= runs["began"]).all()


def test_a_past_commit_has_its_report_and_its_way_back(server, site):
    """In a notebook that knows nothing of it but the id."""
    contact_id = next(
        each for each in site.fetch() if site.get_contact(each)["info"].get("company")
    )
    was = site.get_contact(contact_id)["info"]["company"]
    plan = planned(site, {contact_id: {"company": "Passing Ltd"}})
    report = site.commit(plan, approve=plan.id)
    with site_at(server) as later:
        run = later.run(plan.id[:7])
        assert (report.outcomes, plan) == (run.report.outcomes, run.plan)
        undo = run.undo_plan()
        assert {"applied": 1} == later.commit(undo, approve=undo.id).counts
        assert was == later.get_contact(contact_id)["info"]["company"]


def test_a_past_commit_that_was_broken_off_tells_what_is_known(server, site):
    """What was sent without an answer is unknown, the rest was not sent."""
    plan = plan_for(site, 5)
    broken_off(server, site, plan, after=2)
    with site_at(server) as later:
        report = later.run(plan.id).report
    assert {"applied": 2, "unknown": 1, "not_sent": 2} == report.counts
    assert f'site.resume("{plan.id[:12]}")' in repr(report)


@pytest.mark.parametrize("plan_id", ["0123456", "0" * 64])
def test_an_unknown_plan_says_so(site, plan_id):
    """Neither opened nor resumed."""
    for call in (site.run, site.resume):
        with pytest.raises(BadPlan, match="known here"):
            call(plan_id)


@pytest.mark.parametrize("plan_id", ["0123", "", None, 7])
def test_an_id_that_is_none_says_so(site, plan_id):
    """Seven characters are the least."""
    with pytest.raises(BadPlan, match="first 7 characters"):
        site.resume(plan_id)


def test_a_site_for_reading_resumes_nothing(server, site):
    """But it shows what was done."""
    plan = plan_for(site, 3)
    broken_off(server, site, plan, after=1)
    with site_at(server, read_only=True) as reader:
        with pytest.raises(ReadOnlySite):
            reader.resume(plan.id)
        assert 1 == len(reader.runs())


def test_a_sandbox_that_begins_anew_is_another_site(server, site):
    """It has the same id and the same people: its contacts are older than what was written."""
    plan = plan_for(site, 3)
    assert {"applied": 3} == site.commit(plan, approve=plan.id).counts
    with sandbox.start(people=30, seed=6) as anew, site_at(anew) as other:
        assert plan == plan_for(other, 3)
        assert {"applied": 3} == other.commit(plan, approve=plan.id).counts
        assert "Run Ltd" == other.get_contact(plan.changes[0].contact_id)["info"]["company"]
        assert "committed before" in other.commit(plan, approve=plan.id).note


def test_a_person_can_be_forgotten(server, site):
    """The values go, what was done stays known by id, and cannot be undone any more."""
    plan = plan_for(site, 2, "Forgotten Ltd")
    site.commit(plan, approve=plan.id)
    one, two = (change.contact_id for change in plan.changes)
    assert 1 == site.forget(one)
    run = site.run(plan.id)
    assert (plan.id, {"applied": 2}) == (run.plan.id, run.report.counts)
    undo = run.undo_plan()
    assert [two] == [change.contact_id for change in undo.changes]
    ((refused,),) = (undo.refused,)
    assert (one, True) == (refused.contact_id, "erased" in refused.reason)
    assert 0 == site.forget("nobody")


def test_the_journal_of_the_sandbox_is_gone_with_it():
    """It lies in a folder of this process, not among those of real sites."""
    site = ct.connect("sandbox")
    plan = plan_for(site, 1, "Gone Ltd")
    site.commit(plan, approve=plan.id)
    assert plan.id in set(site.runs()["planId"])
    assert "contacttools-" in str(site._folder.root)
    undo = site.run(plan.id).undo_plan()
    site.commit(undo, approve=undo.id)
