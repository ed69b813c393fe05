"""History and workbench without a browser: what was committed is found, and one stage is shared."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

import contacttools as ct
from contacttools import sandbox
from contacttools.sandbox import Server
from contacttools.widgets.grid import Grid
from contacttools.widgets.history import History
from contacttools.widgets.review import Review
from contacttools.widgets.workbench import Workbench


@pytest.fixture
def server() -> Iterator[Server]:
    """A sandbox."""
    with sandbox.start(people=20, seed=31) as running:
        yield running


@pytest.fixture
def site(server: Server) -> ct.Site:
    """That sandbox, open for writing."""
    return ct.connect(
        base_url=server.url,
        api_key=server.api_key,
        site_id=server.site_id,
        read_only=False,
        requests_per_minute=None,
    )


def committed(site: ct.Site, company: str, n: int = 2) -> ct.Report:
    """Commit a company to the first contacts."""
    stage = ct.Stage(site.fetch())
    for contact_id in list(stage.contacts)[:n]:
        stage.edit(contact_id, {"company": company})
    plan = stage.plan()
    return site.commit(plan, approve=plan.id)


def joined() -> None:
    """Wait for what goes on beside."""
    for thread in threading.enumerate():
        if thread.name == "contacttools-widget":
            thread.join(30)


# -- history --------------------------------------------------------------------------------


def test_where_nothing_was_committed_it_says_so(site: ct.Site):
    """And offers nothing."""
    shown = ct.history(site)
    assert ((), "none") == (shown.runs.options, shown.undo.layout.display)
    assert "Nothing was committed here" in shown.found.value


def test_commits_are_listed_the_latest_first_with_their_reports(site: ct.Site):
    """Each on a line; the one that is chosen is shown, and can be taken back."""
    one, two = committed(site, "One"), committed(site, "Two", 3)
    shown = ct.history(site)
    assert [two.plan.id, one.plan.id] == [plan_id for _, plan_id in shown.runs.options]
    assert "3 contacts · finished · 3 applied" in shown.runs.options[0][0]
    assert "3 of 3 contacts written" in shown.report.value
    shown.runs.value = one.plan.id
    assert "2 of 2 contacts written" in shown.report.value
    assert ("none", None) == (shown.carry_on.layout.display, shown.undo.layout.display)

    shown.runs.value = two.plan.id
    shown.undo.click()
    (inside,) = shown.below.children
    assert two.undo_plan().id == inside.plan.id
    inside.panel.read.value = True
    inside.panel.commit.click()
    assert inside.panel.run.wait(30)
    joined()
    ids = [change.contact_id for change in one.plan.changes]
    assert {"One"} == {site.get_contact(each)["info"]["company"] for each in ids}
    shown.again.click()
    assert 3 == len(shown.runs.options)
    assert shown.runs.options[0][0].endswith(f"takes back {two.plan.id[:12]}")
    assert [two.plan.id, "", ""] == site.runs()["takesBack"].to_list()


def test_a_commit_that_was_broken_off_is_carried_on(site: ct.Site, server: Server):
    """What is left is sent after it was approved, and nothing is sent twice."""
    stage = ct.Stage(site.fetch())
    for contact_id in stage.contacts:
        stage.edit(contact_id, {"company": "Quay & Sons Ltd"})
    plan = stage.plan()
    server.faults.add("before", method="PATCH", skip=3, call=lambda: run.cancel())  # noqa: PLW0108
    run = site.commit(plan, approve=plan.id, wait=False)
    assert run.wait(30)
    assert run.report.counts["not_sent"]
    shown = History(site)
    assert None is shown.carry_on.layout.display
    shown.carry_on.click()
    (inside,) = shown.below.children
    assert plan.id == inside.plan.id
    inside.panel.read.value = True
    inside.panel.commit.click()
    assert inside.panel.run.wait(30)
    joined()
    assert {"applied": 20} == dict(inside.panel.run.report.counts)
    assert [each.revision + 1 for each in plan.changes] == [
        site.get_contact(each.contact_id)["revision"] for each in plan.changes
    ]


# -- workbench ------------------------------------------------------------------------------


def test_all_tabs_are_over_one_stage(site: ct.Site):
    """What the grid stages the form shows, the review plans, and the history has in the end."""
    bench = ct.workbench(site)
    assert ("Contacts", "Edit", "Bulk", "Audit", "Review", "History") == tuple(bench.tabs.titles)
    grid = bench.contacts.children[0].table
    assert isinstance(grid, Grid)
    first = next(iter(bench.stage.contacts))
    held = grid._sheet.cell(first, None, "company")
    grid.edit([(first, None, "company", held, "Quay & Sons Ltd")])
    assert "<strong>1 contact</strong> staged" == bench.form.staged.value
    bench.go.click()
    assert "Review" == bench.tabs.titles[bench.tabs.selected_index]
    (review,) = bench.review.children
    assert bench.stage.plan().id == review.plan.id
    review.panel.read.value = True
    review.panel.commit.click()
    assert review.panel.run.wait(30)
    joined()
    assert "Quay & Sons Ltd" == site.get_contact(first)["info"]["company"]
    assert "not in these contacts yet" in bench.old.value
    bench.fetch.click()
    joined()
    assert ({}, "Quay & Sons Ltd") == (bench.stage.edits(), bench.stage.value(first, "company"))
    assert "Fetched again" in bench.old.value
    bench.tabs.selected_index = 0
    bench.tabs.selected_index = 4
    assert (review,) == bench.review.children  # what came of it stays to be read
    bench.tabs.selected_index = 5
    assert [review.plan.id] == [plan_id for _, plan_id in bench.history.runs.options]


def test_the_workbench_learns_of_what_others_and_the_history_did(site: ct.Site):
    """What was taken back there is to be fetched; a conflict is counted, a failure is said."""
    bench = ct.workbench(site)
    first, second = list(bench.stage.contacts)[:2]
    bench.stage.edit(first, {"company": "Quay & Sons Ltd"})
    site.commit(bench.stage.plan(), approve=bench.stage.plan().id)
    bench.tabs.selected_index = 5
    bench.history.undo.click()
    (inside,) = bench.history.below.children
    assert "Takes back changes of plan" in inside.heading.value
    inside.panel.read.value = True
    inside.panel.commit.click()
    assert inside.panel.run.wait(30)
    joined()
    assert "not in these contacts yet" in bench.old.value
    theirs = ct.Stage(site.fetch())
    theirs.edit(second, {"company": "Theirs Ltd"})
    site.commit(theirs.plan(), approve=theirs.plan().id)
    bench.stage.edit(second, {"company": "Ours Ltd"})
    bench.fetch.click()
    joined()
    assert "1 conflict: decide in Edit" in bench.old.value
    bench._site.fetch = nothing
    bench.fetch.click()
    joined()
    assert "Not done" in bench.old.value
    assert not bench.fetch.disabled


def nothing() -> ct.Contacts:
    """Fail as a service does that is away."""
    message = "the service is away"
    raise ct.Unreachable(message)


def test_each_table_has_its_grid_and_the_old_one_lets_go(site: ct.Site):
    """A grid that is not on show follows the stage no more."""
    bench = ct.workbench(site)
    for table in ("phones", "labels", ""):
        bench.table.value = table
        grid = bench.contacts.children[0].table
        assert (table or None) == grid.table
    assert 4 == len(bench.stage._watchers)  # the form, the bulk edit, one grid, the workbench
    bench.close()
    assert 0 == len(bench.stage._watchers)


def test_the_bulk_edit_looks_again_when_it_comes_to_the_front(site: ct.Site):
    """Out of sight it costs nothing; in sight it shows what is staged by then."""
    bench = ct.workbench(site)
    bench.bulk.change("set", "company", value="Quay & Sons Ltd")
    assert 20 == len(bench.bulk.tried)
    first = next(iter(bench.stage.contacts))
    bench.stage.edit(first, {"company": "Quay & Sons Ltd"})
    assert "changes" == bench.bulk.tried[0].effect
    bench.tabs.selected_index = 2
    assert "unchanged" == bench.bulk.tried[0].effect
    bench.stage.undo()
    assert "changes" == bench.bulk.tried[0].effect


def test_the_review_shows_what_is_staged_by_now(site: ct.Site):
    """Planned when one looks; what changes meanwhile is said, and planned on the next look."""
    bench = ct.workbench(site)
    first, second = list(bench.stage.contacts)[:2]
    assert (True, "Nothing is staged") == (bench.go.disabled, bench.go.description)
    bench.tabs.selected_index = 4
    assert "Nothing is staged" in bench.panel.says.value
    bench.stage.edit(first, {"company": "Quay & Sons Ltd"})
    assert "Review 1 contact…" == bench.go.description
    bench.tabs.selected_index = 0
    bench.go.click()
    (before,) = bench.review.children
    smaller = before.plan.without(fields=["company"])
    before.show(smaller)
    bench.tabs.selected_index = 0
    bench.go.click()
    assert smaller.id == bench.review.children[0].plan.id  # what was left out stays so
    bench.stage.edit(second, {"company": "Quay & Sons Ltd"})
    assert "has changed since" in bench.panel.says.value
    bench.tabs.selected_index = 0
    bench.go.click()
    assert bench.stage.plan().id == bench.review.children[0].plan.id
    assert "" == bench.panel.says.value
    bench.stage.undo()
    bench.plan.click()
    assert 1 == len(bench.review.children[0].plan)


def test_what_the_table_shows_is_changed_in_bulk(site: ct.Site):
    """The rows that a search found, or those that are selected; and all of them again."""
    bench = ct.workbench(site)
    grid = bench.contacts.children[0].table
    ids = list(bench.stage.contacts)
    surname = bench.stage.contacts[ids[3]]["info"]["name"]["last"]
    grid.filters = {"name.last": f"={surname}"}
    found = grid.on_show
    assert ids[3] in found
    assert len(found) < len(ids)
    bench.to_bulk.click()
    assert "Bulk" == bench.tabs.titles[bench.tabs.selected_index]
    bench.bulk.change("set", "company", value="Quay & Sons Ltd")
    assert found == [each.contact_id for each in bench.bulk.tried]
    assert repr(found) in bench.bulk.code
    bench.all.click()
    assert ids == [each.contact_id for each in bench.bulk.tried]
    grid.filters = {}
    grid.selected = ids[1:3]
    bench.to_bulk.click()
    assert ids[1:3] == [each.contact_id for each in bench.bulk.tried]
    grid.selected = ids[1:2]
    bench.to_bulk.click()
    assert ids == [each.contact_id for each in bench.bulk.tried]
    assert "none" == bench._among.layout.display
    grid.search = "nobody is called so"
    bench.tabs.selected_index = 0
    bench.to_bulk.click()
    assert 0 == bench.tabs.selected_index


def reviewed(bench: Workbench, company: str = "Quay & Sons Ltd") -> tuple[str, Review]:
    """Stage a company of the first contact, open its review and tick the box."""
    first = next(iter(bench.stage.contacts))
    bench.stage.edit(first, {"company": company})
    bench.go.click()
    (review,) = bench.review.children
    review.panel.read.value = True
    assert not review.panel.commit.disabled
    return first, review


def committed_elsewhere(site: ct.Site, contact_id: str, company: str) -> None:
    """Write a company as somebody else does."""
    theirs = ct.Stage(site.fetch())
    theirs.edit(contact_id, {"company": company})
    site.commit(theirs.plan(), approve=theirs.plan().id)


def test_what_is_staged_otherwise_by_now_cannot_be_committed_from_an_old_review(site: ct.Site):
    """The button goes until it is planned again, or until the old plan is what is staged."""
    bench = ct.workbench(site)
    first, review = reviewed(bench)
    bench.stage.edit(first, {"jobTitle": "Buyer"})
    assert None is review.panel.approved
    assert "none" == review.panel.commit.layout.display
    review.panel.commit.click()
    assert not site.runs().shape[0]
    bench.stage.undo()
    assert ("", False) == (bench.panel.says.value, review.panel.read.value)
    assert review.plan is review.panel.plan

    bench.stage.allow_duplicates(first, reason="one office")
    assert None is review.panel.plan
    bench.go.click()
    assert review is not bench.review.children[0]


def test_a_conflict_that_was_decided_is_planned_anew(site: ct.Site):
    """The review of before would write over another revision, and meet the conflict again."""
    bench = ct.workbench(site)
    first, review = reviewed(bench, "Ours Ltd")
    committed_elsewhere(site, first, "Theirs Ltd")
    bench.fetch.click()
    joined()
    bench.stage.resolve(first, "company", "ours")
    assert None is review.panel.plan
    bench.tabs.selected_index = 0
    bench.go.click()
    (review,) = bench.review.children
    review.panel.read.value = True
    review.panel.commit.click()
    assert review.panel.run.wait(30)
    joined()
    assert {"applied": 1} == dict(review.panel.run.report.counts)
    assert "Ours Ltd" == site.get_contact(first)["info"]["company"]


def test_what_became_unstaged_while_fetching_cannot_be_committed(site: ct.Site):
    """An empty stage says nothing of what was written."""
    bench = ct.workbench(site)
    first, review = reviewed(bench)
    committed_elsewhere(site, first, "Quay & Sons Ltd")
    bench.fetch.click()
    joined()
    assert 0 == len(bench.stage)
    assert None is review.panel.plan
    assert "has changed since" in bench.panel.says.value


def test_after_a_commit_what_is_staged_next_is_reviewed(site: ct.Site):
    """A report stays as long as nothing else is staged, and not longer."""
    bench = ct.workbench(site)
    first, review = reviewed(bench)
    review.panel.commit.click()
    assert review.panel.run.wait(30)
    joined()
    bench.fetch.click()
    joined()
    bench.stage.edit(first, {"jobTitle": "Buyer"})
    bench.go.click()  # on the very tab
    (after,) = bench.review.children
    assert ["jobTitle"] == after.plan.to_frame()["field"].tolist()


def test_what_takes_a_commit_back_can_be_committed_whatever_is_staged(site: ct.Site):
    """It follows from the commit, not from the stage; it stays while tabs are turned."""
    bench = ct.workbench(site)
    first, review = reviewed(bench)
    held = bench.stage.contacts[first]["info"].get("company")
    review.panel.commit.click()
    assert review.panel.run.wait(30)
    joined()
    bench.fetch.click()
    joined()
    bench.stage.edit(first, {"jobTitle": "Buyer"})
    review.undo.click()
    bench.stage.edit(first, {"jobTitle": "Chef"})
    bench.tabs.selected_index = 0
    bench.tabs.selected_index = 4
    assert (review,) == bench.review.children
    review.panel.read.value = True
    review.panel.commit.click()
    assert review.panel.run.wait(30)
    joined()
    assert held == site.get_contact(first)["info"].get("company")


def test_a_review_whose_commit_is_under_way_stays(site: ct.Site, server: Server):
    """It can be cancelled, whatever is staged and clicked meanwhile; in the history as well."""
    bench = ct.workbench(site)
    for contact_id in bench.stage.contacts:
        bench.stage.edit(contact_id, {"company": "Quay & Sons Ltd"})
    bench.go.click()
    (review,) = bench.review.children
    seen = []

    def meanwhile() -> None:
        bench.stage.edit(next(iter(bench.stage.contacts)), {"jobTitle": "Buyer"})
        bench.plan.click()
        seen.append((bench.review.children == (review,), bench.panel.says.value))
        bench.tabs.selected_index = 5
        (inside,) = bench.history.below.children
        seen.append(inside.panel.busy)
        bench.tabs.selected_index = 0
        bench.tabs.selected_index = 5
        seen.append((inside,) == bench.history.below.children)
        inside.panel.cancel.click()

    server.faults.add("before", method="PATCH", skip=3, call=meanwhile)
    review.panel.read.value = True
    review.panel.commit.click()
    assert review.panel.run.wait(30)
    joined()
    assert (True, True, True) == (seen[0][0], *seen[1:])
    assert "under way" in seen[0][1]
    assert review.panel.run.report.counts["not_sent"]
    assert None is review.panel.plan  # something else is staged by now


def test_what_is_hidden_is_not_changed_in_bulk(site: ct.Site):
    """What was selected and is on show no more does not count."""
    bench = ct.workbench(site)
    grid = bench.contacts.children[0].table
    ids = list(bench.stage.contacts)
    grid.selected = [*ids[1:3], "gone"]
    assert ids[1:3] == grid.on_show
    grid.search = "nobody is called so"
    assert [] == grid.on_show
    bench.to_bulk.click()
    assert (0, None) == (bench.tabs.selected_index, bench.bulk.given)


def test_what_collides_stays_left_out_among_other_contacts(site: ct.Site):
    """Until somebody ticks it."""
    bench = ct.workbench(site)
    ids = list(bench.stage.contacts)
    bench.bulk.among(ids[:5])
    bench.tabs.selected_index = 2
    bench.bulk.change("set", "email", value="one@example.com")
    assert "collides" in {each.effect for each in bench.bulk.tried}
    assert [] == bench.bulk._kept
    bench.bulk.among(None)
    assert [] == bench.bulk._kept


def test_what_is_no_site_is_said():
    """In words."""
    with pytest.raises(ct.BadValue, match="of a Site, not a str"):
        ct.history("live")
    with pytest.raises(ct.BadValue, match="for a Site, not a str"):
        ct.workbench("live")
