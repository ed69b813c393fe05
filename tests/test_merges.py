"""Merging by plan, over real HTTP: what is sent, what is not, and that every end told is true."""

import contextlib
import json
import sqlite3
import zlib

import pytest
from served import site_at

import contacttools as ct
from contacttools import sandbox
from contacttools.errors import (
    ApiError,
    BadPlan,
    BadValue,
    ConflictError,
    NotApproved,
    PlanInUse,
    ReadOnlySite,
    UnknownContact,
    WrongSite,
)
from contacttools.journal.book import Book
from contacttools.merging.mergereport import MergeReport
from contacttools.merging.notes import Answered


@pytest.fixture(scope="module")
def running():
    """A sandbox of a few people; each test makes its own."""
    with sandbox.start(people=4, seed=3) as started:
        yield started


@pytest.fixture
def server(running):
    """It, with nothing that goes wrong left over."""
    yield running
    running.faults.clear()


@pytest.fixture
def site(server):
    """A notebook at that site."""
    with site_at(server) as opened:
        yield opened


def made(site, **info):
    """Create a contact and return its id."""
    return site.create_contact(info, allow_duplicates=True)["contact"]["id"]


@pytest.fixture
def pair(site):
    """The ids of a target and a source that are one person."""
    target = made(
        site,
        name={"first": "Ann", "last": "Twice"},
        company="First Ltd",
        emails={"items": [{"email": "ann@twice.example"}]},
        phones={"items": [{"phone": "555 0101"}]},
    )
    source = made(
        site,
        name={"first": "Anne"},
        company="Second Ltd",
        jobTitle="Clerk",
        emails={"items": [{"email": "ann@twice.example", "tag": "WORK"}]},
    )
    return target, source


_VALUES = "SELECT value FROM erasable"


def merges_of(site, *groups):
    """The plan of merging these groups, on a fresh fetch, the first of each the target."""
    plan = ct.merge_plan(groups, site.fetch())
    for group in groups:
        plan = plan.target(group[0], group[0])
    return plan


def words(report):
    """The outcomes in the plan's order."""
    return [each.outcome for each in report.outcomes]


def count_of_merges(server, target_id):
    """How many merges into a contact were carried out, by the sandbox's own feed."""
    return sum(each["slug"] == "merged" for each in server.events(target_id))


# -- when it goes well ----------------------------------------------------------------------


def test_a_merge_is_what_was_shown(server, site, pair):
    """The source lives on in the target, which holds what the plan showed; once."""
    target, source = pair
    plan = merges_of(site, pair)
    report = site.merge(plan, approve=plan.id[:12])
    assert ["applied"] == words(report)
    assert report.surprises().empty
    info = site.get_contact(target)["info"]
    assert ("First Ltd", "Clerk", "Ann") == (
        info["company"], info["jobTitle"], info["name"]["first"],
    )  # fmt: skip
    with pytest.raises(ApiError, match=f"merged into {target}"):
        site.get_contact(source)
    assert 1 == count_of_merges(server, target)


def test_the_same_plan_twice_merges_once(server, site, pair):
    """In this notebook or another: the report that it has had, and nothing is sent."""
    plan = merges_of(site, pair)
    site.merge(plan, approve=plan.id)
    with site_at(server) as another:
        again = another.merge(plan, approve=plan.id)
    assert ["applied"] == words(again)
    assert "nothing was sent now" in again.note
    assert 1 == count_of_merges(server, pair[0])


def test_a_chosen_value_is_written_first_and_survives(site, pair):
    """Two steps, two outcomes; the update is revision-checked like any other."""
    target, source = pair
    plan = merges_of(site, pair).keep(1, "company", source)
    report = site.merge(plan, approve=plan.id)
    assert [("update", "applied"), ("merge", "applied")] == list(
        report.to_frame()[["what", "outcome"]].itertuples(index=False, name=None)
    )
    info = site.get_contact(target)["info"]
    assert ("Second Ltd", "Clerk") == (info["company"], info["jobTitle"])
    assert report.surprises().empty


@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
def test_a_lost_update_of_a_chosen_value_is_settled_before_the_merge(server, site, pair, kind):
    """Read back, or sent once more at the same revision: then the merge follows."""
    plan = merges_of(site, pair).keep(1, "company", pair[1])
    server.faults.add(kind, method="PATCH")
    assert ["applied", "applied"] == words(site.merge(plan, approve=plan.id))
    assert "Second Ltd" == site.get_contact(pair[0])["info"]["company"]


def test_an_update_that_came_too_late_is_followed_by_no_merge(server, site, pair):
    """The target changed at the last moment: a conflict, nothing overwritten, nothing merged."""
    plan = merges_of(site, pair).keep(1, "company", pair[1])
    server.faults.add("colleague", method="PATCH")
    report = site.merge(plan, approve=plan.id)
    assert ["conflict", "not_sent"] == words(report)
    assert "site.resume" not in repr(report)
    assert ["conflict", "not_sent"] == words(site.resume(plan.id))
    assert "First Ltd" == site.get_contact(pair[0])["info"]["company"]
    assert 0 == count_of_merges(server, pair[0])


def test_more_than_five_sources_take_several_calls(server, site):
    """Each call is made on what the one before left."""
    ids = [made(site, name={"first": "Many"}, emails={"items": [{"email": f"m{n}@x.example"}]})
           for n in range(8)]  # fmt: skip
    plan = merges_of(site, ids)
    report = site.merge(plan, approve=plan.id)
    assert ["applied", "applied"] == words(report)
    assert 8 == len(site.get_contact(ids[0])["info"]["emails"]["items"])
    assert 2 == count_of_merges(server, ids[0])


def test_a_call_is_not_made_on_what_nobody_approved(server, site):
    """Between two calls the target changed: the first is told, the second not sent."""
    ids = [made(site, name={"first": "Many"}, jobTitle=f"Job {n}") for n in range(8)]
    plan = merges_of(site, ids)

    def meanwhile():
        with site_at(server) as colleague:
            revision = colleague.get_contact(ids[0])["revision"]
            colleague.update_contact(ids[0], {"company": "Theirs Ltd"}, revision)

    server.faults.add("drop_after", method="POST", path="/merge")
    server.faults.add("before", method="GET", skip=6, call=meanwhile)
    report = site.merge(plan, approve=plan.id)
    assert ["already", "refused"] == words(report)
    assert "NOT_AS_SHOWN" == report.outcomes[1].code
    assert 1 == count_of_merges(server, ids[0])


def test_a_disk_that_fills_up_hides_nothing(site, pair, monkeypatch):
    """What was merged is told, also where it could not be written down; then nothing is sent."""
    others = made(site, name={"first": "Bo"}), made(site, name={"last": "Dup"})
    plan = merges_of(site, pair, others)
    note = Book.note

    def full(book, entries):
        if any(isinstance(each, Answered) for each in entries):
            book.close()
            why = "the disk is full"
            raise OSError(why)
        note(book, entries)

    with monkeypatch.context() as patched:
        patched.setattr(Book, "note", full)
        report = site.merge(plan, approve=plan.id)
    assert (["applied", "not_sent"], "the disk is full") == (words(report), report.note)
    assert ["unknown", "not_sent"] == words(site.run(plan.id).report)
    assert ["applied", "applied"] == words(site.resume(plan.id))


def test_copies_of_everybody_are_kept(site, pair):
    """As they were just before, whole; in any notebook, by the journal."""
    before = {each: site.get_contact(each) for each in pair}
    plan = merges_of(site, pair)
    site.merge(plan, approve=plan.id)
    report = site.run(plan.id).report
    assert before == {each: report.copy(each) for each in pair}


def test_the_services_preview_stands_beside_ours(server, site, pair):
    """The same as ours here; of a group that the service refuses, why."""
    plan = merges_of(site, pair)
    shown = site.preview_merge(plan)
    assert plan.id == shown.id
    assert [] == shown.merges[0].differences
    server.forbid_deletion(pair[1], "CANNOT_DELETE_MEMBER_OWNER_OR_CONTRIBUTOR")
    refused = site.preview_merge(plan)
    assert (0, "FAILED_PRECONDITION") == (len(refused), refused.refused[0].code)


@pytest.mark.parametrize("kept", [False, True])
def test_the_time_said_beforehand_is_that_of_its_requests(site, pair, kept, monkeypatch):
    """One for each preview, each read and each write, when all goes well."""
    plan = merges_of(site, [*pair, made(site, name={"first": "Cy"})])
    plan = plan.keep(1, "company", pair[1]) if kept else plan
    sent = []
    passed = site._transport._passed

    def counted(*given):
        sent.append(given)
        return passed(*given)

    monkeypatch.setattr(site._transport, "_passed", counted)
    site.merge(plan, approve=plan.id)
    assert plan.merges[0].requests == len(sent)


def test_the_history_shows_a_merge_and_offers_no_way_back(site, pair):
    """Its report is shown; nothing takes it back."""
    plan = merges_of(site, pair)
    site.merge(plan, approve=plan.id)
    shown = ct.history(site)
    assert "merge: " in shown.report.value
    assert "merged" in shown.runs.options[0][0]
    assert "none" == shown.undo.layout.display == shown.carry_on.layout.display


# -- what is not sent -----------------------------------------------------------------------


def test_only_the_approved_plan_is_merged(server, site, pair):
    """Another id, a plan of edits, a plan of merges in a commit: refused in words."""
    plan = merges_of(site, pair)
    with pytest.raises(NotApproved, match="is not the id of this plan"):
        site.merge(plan, approve=plan.keep(1, "company", pair[1]).id)
    with pytest.raises(NotApproved):
        site.merge(plan)
    with pytest.raises(BadPlan, match=r"site\.merge\("):
        site.commit(plan, approve=plan.id)
    stage = ct.Stage(site.fetch())
    stage.edit(pair[0], {"company": "Edited Ltd"})
    with pytest.raises(BadPlan, match=r"site\.commit\("):
        site.merge(stage.plan(), approve=stage.plan().id)
    with pytest.raises(BadValue, match="a plan alone"):
        site.merge(plan, [pair[1]], 1, approve=plan.id)
    with pytest.raises(BadValue, match="goes with a plan"):
        site.merge(pair[0], [pair[1]], 1, approve=plan.id)
    with pytest.raises(BadValue, match="without source_ids"):
        site.preview_merge(plan, [pair[1]])
    assert 0 == count_of_merges(server, pair[0])


def test_a_site_for_reading_and_another_site_merge_nothing(server, site, pair):
    """Nothing is sent; a live site needs no right to direct writes."""
    plan = merges_of(site, pair)
    with site_at(server, read_only=True) as reader, pytest.raises(ReadOnlySite, match="1 group"):
        reader.merge(plan, approve=plan.id)
    with sandbox.start(people=2, seed=9) as other, site_at(other) as elsewhere:
        for call in (elsewhere.preview_merge, lambda each: elsewhere.merge(each, approve=each.id)):
            with pytest.raises(WrongSite):
                call(plan)


@pytest.mark.parametrize("who", [0, 1], ids=["target", "source"])
def test_a_contact_that_somebody_changed_stops_its_group_only(server, site, pair, who):
    """A conflict names the contact; nothing of that group is sent, and the other is merged."""
    others = made(site, name={"first": "Bo"}), made(site, name={"last": "Dup"})
    plan = merges_of(site, pair, others)
    theirs = site.get_contact(pair[who])
    site.update_contact(
        pair[who], {"jobTitle": "Theirs"}, theirs["revision"], allow_duplicates=True
    )
    report = site.merge(plan, approve=plan.id)
    assert ["conflict", "applied"] == words(report)
    assert pair[who] in report.outcomes[0].detail
    assert "jobTitle" in report.outcomes[0].detail
    assert (0, 1) == tuple(count_of_merges(server, each) for each in (pair[0], others[0]))
    assert ["conflict", "applied"] == words(site.resume(plan.id))


@pytest.mark.parametrize("who", [0, 1], ids=["target", "source"])
def test_a_contact_that_changes_at_the_last_moment_is_never_overwritten(server, site, pair, who):
    """While the preview is asked for, somebody writes: the look that follows sees it."""
    plan = merges_of(site, pair)
    revision = site.get_contact(pair[who])["revision"]

    def meanwhile():
        with site_at(server) as colleague:
            colleague.update_contact(
                pair[who], {"company": "Theirs Ltd"}, revision, allow_duplicates=True
            )

    server.faults.add("before", method="POST", path="preview-merge", call=meanwhile)
    report = site.merge(plan, approve=plan.id)
    assert ["conflict"] == words(report)
    assert 0 == count_of_merges(server, pair[0])


def test_a_target_that_changes_between_look_and_merge_is_a_conflict(server, site, pair):
    """The service checks the target's revision; a refusal is looked into, and told as it is."""
    plan = merges_of(site, pair)
    revision = site.get_contact(pair[0])["revision"]

    def meanwhile():
        with site_at(server) as colleague:
            colleague.update_contact(
                pair[0], {"company": "Theirs Ltd"}, revision, allow_duplicates=True
            )

    server.faults.add("before", method="POST", path="/merge", call=meanwhile)
    report = site.merge(plan, approve=plan.id)
    assert ["conflict"] == words(report)
    assert "company" in report.outcomes[0].detail
    assert 0 == count_of_merges(server, pair[0])


def test_a_source_that_is_gone_is_told(server, site, pair):
    """Deleted, or merged into somebody else."""
    third = made(site, name={"first": "Third"})
    plan = merges_of(site, [*pair, third])
    site.delete_contact(third)
    assert ["gone"] == words(site.merge(plan, approve=plan.id))
    elsewhere = made(site, name={"first": "Elsewhere"})
    plan = merges_of(site, pair)
    site.merge(elsewhere, [pair[1]], 1)
    report = site.merge(plan, approve=plan.id)
    assert ["gone"] == words(report)
    assert elsewhere in report.outcomes[0].detail
    assert 0 == count_of_merges(server, pair[0])


def test_what_a_colleague_merged_is_already_so(server, site, pair):
    """The same merge by another hand, before anything of ours was sent."""
    plan = merges_of(site, pair)
    site.merge(pair[0], [pair[1]], 1)
    assert ["already"] == words(site.merge(plan, approve=plan.id))
    assert 1 == count_of_merges(server, pair[0])


def test_a_member_whom_nobody_can_see_is_refused_by_the_service(server, site, pair):
    """The preview says so before anything is sent; the code and what to do are in the report."""
    server.forbid_deletion(pair[1], "CANNOT_DELETE_MEMBER_OWNER_OR_CONTRIBUTOR")
    plan = merges_of(site, pair).keep(1, "company", pair[1])
    report = site.merge(plan, approve=plan.id)
    assert ["not_sent", "refused"] == words(report)
    assert "FAILED_PRECONDITION" == report.outcomes[1].code
    assert "First Ltd" == site.get_contact(pair[0])["info"]["company"]


def test_a_preview_that_is_not_as_shown_stops_the_merge(server, site, pair):
    """What the service would make of it stands beside ours; its version can be approved."""
    target, _ = pair
    plan = merges_of(site, pair)
    other = site.preview_merge(*[target], [pair[1]])
    other["info"]["company"] = "Service Ltd"
    body = json.dumps({"contact": other}).encode()
    server.faults.add("status", method="POST", path="preview-merge", status=200, body=body)
    report = site.merge(plan, approve=plan.id)
    assert [("refused", "NOT_AS_SHOWN")] == [(e.outcome, e.code) for e in report.outcomes]
    assert "Service Ltd" in report.outcomes[0].detail
    server.faults.add("status", method="POST", path="preview-merge", status=200, body=body, times=2)
    theirs = site.preview_merge(plan)
    assert plan.id != theirs.id
    told = "Company 'Service Ltd', not 'First Ltd'"
    assert any(told in each for each in theirs.merges[0].looks)
    shown = theirs.to_frame().set_index("field").loc["company"]
    assert ("Service Ltd", "") == (shown["value"], shown["winner"])
    assert told in repr(theirs)
    report = site.merge(theirs, approve=theirs.id)  # and in truth it was another
    assert ["applied"] == words(report)
    assert ["company"] == list(report.surprises()["field"])


# -- lost answers ---------------------------------------------------------------------------


def test_an_answer_that_was_lost_is_settled_by_reading(server, site, pair):
    """The id of the source leads to the target, which is one revision on: it was ours."""
    plan = merges_of(site, pair)
    server.faults.add("drop_after", method="POST", path="/merge")
    report = site.merge(plan, approve=plan.id)
    assert ["applied"] == words(report)
    assert "found by reading back" in report.outcomes[0].detail
    assert 1 == count_of_merges(server, pair[0])


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("apply", [True, False], ids=["done", "not done"])
def test_an_error_proves_nothing(server, site, pair, status, apply):
    """Carried out or not, the contacts tell; what is not settled is never sent twice unasked."""
    plan = merges_of(site, pair)
    server.faults.add("status", method="POST", path="/merge", status=status, apply=apply)
    report = site.merge(plan, approve=plan.id)
    assert ["applied" if apply else "unknown"] == words(report)
    assert int(apply) == count_of_merges(server, pair[0])
    again = site.resume(plan.id)
    assert ["applied"] == words(again)
    assert 1 == count_of_merges(server, pair[0])


def test_a_request_that_was_lost_is_sent_again_only_by_a_person(server, site, pair):
    """Not carried out as far as can be read: unknown, until somebody merges the plan again."""
    plan = merges_of(site, pair)
    server.faults.add("drop_before", method="POST", path="/merge")
    report = site.merge(plan, approve=plan.id)
    assert ["unknown"] == words(report)
    assert "interrupted" == site.runs()["state"].iloc[0]
    assert ["applied"] == words(site.merge(plan, approve=plan.id))


def test_a_lost_merge_whose_source_changed_is_not_sent_again(server, site, pair):
    """Doubt stays doubt: the first one may still arrive."""
    plan = merges_of(site, pair)
    server.faults.add("drop_before", method="POST", path="/merge")
    site.merge(plan, approve=plan.id)
    site.update_contact(pair[1], {"company": "Theirs Ltd"}, 1, allow_duplicates=True)
    assert ["unknown"] == words(site.resume(plan.id))
    assert 0 == count_of_merges(server, pair[0])


def test_a_service_out_of_breath_is_waited_for(server, site, pair):
    """429: nothing was done; all is looked at again before it is sent again."""
    plan = merges_of(site, pair)
    server.faults.add("status", method="POST", path="/merge", status=429, times=2)
    assert ["applied"] == words(site.merge(plan, approve=plan.id))
    assert 1 == count_of_merges(server, pair[0])


def test_outdated_copies_prove_nothing(server, site, pair):
    """A replica that lags behind is read again until it has caught up."""
    plan = merges_of(site, pair)
    server.faults.add("drop_after", method="POST", path="/merge")
    server.faults.add("stale", method="GET", skip=2, times=4)
    report = site.merge(plan, approve=plan.id)
    assert ["applied"] == words(report)


def test_whoever_is_not_let_in_stops_everything(server, site, pair):
    """The rest is not sent; with another key it is taken up."""
    others = made(site, name={"first": "Bo"}), made(site, name={"last": "Dup"})
    plan = merges_of(site, pair, others)
    server.faults.add("status", method="POST", path="preview-merge", status=403, times=2)
    report = site.merge(plan, approve=plan.id)
    assert ["not_sent", "not_sent"] == words(report)
    assert "refuses whoever asks" in report.note
    assert "site.resume" in repr(report)
    server.faults.clear()
    assert ["applied", "applied"] == words(site.resume(plan.id))


# -- journals -------------------------------------------------------------------------------


def test_a_merge_is_listed_and_told_truly(site, pair):
    """Beside commits, with its kind; its report in any notebook."""
    plan = merges_of(site, pair)
    site.merge(plan, approve=plan.id)
    row = site.runs().iloc[0]
    assert (plan.id, "merge", "finished", 2, 1) == (
        row["planId"], row["kind"], row["state"], row["contacts"], row["applied"],
    )  # fmt: skip
    run = site.run(plan.id[:7])
    assert isinstance(run.report, MergeReport)
    assert "1 applied" in repr(run)
    assert "merge: applied" in repr(run.report)
    assert plan.id[:12] in run.report._repr_html_()


def test_two_notebooks_do_not_merge_one_plan_at_once(server, site, pair):
    """The second one is refused; the first one ends."""
    plan = merges_of(site, pair)
    caught = []

    def second():
        with site_at(server) as another:
            try:
                another.merge(plan, approve=plan.id)
            except PlanInUse as error:
                caught.append(error)

    server.faults.add("before", method="POST", path="/merge", call=second)
    assert ["applied"] == words(site.merge(plan, approve=plan.id))
    assert 1 == len(caught)
    assert 1 == count_of_merges(server, pair[0])


def test_two_plans_of_the_same_people_merge_them_once(server, site, pair):
    """Other plans, other journals: one of them is told what the other did."""
    one = merges_of(site, pair)
    other = one.keep(1, "company", pair[1])
    reports = {}

    def second():
        with site_at(server) as another:
            reports["other"] = another.merge(other, approve=other.id)

    server.faults.add("before", method="POST", path="/merge", call=second)
    reports["one"] = site.merge(one, approve=one.id)
    assert ["applied", "applied"] == words(reports["other"])
    assert words(reports["one"])[0] in ("conflict", "already", "refused")
    assert 1 == count_of_merges(server, pair[0])


@pytest.mark.parametrize("who", [0, 1], ids=["target", "source"])
def test_whoever_is_forgotten_is_erased_from_the_merge(site, pair, who):
    """Also what went into the other's record; that it was merged stays known, by id."""
    others = made(site, name={"first": "Bo"}), made(site, name={"last": "Dup"})
    plan = merges_of(site, pair, others).keep(1, "company", pair[1])
    site.merge(plan, approve=plan.id)
    assert 1 == site.forget(pair[who])
    report = site.run(plan.id).report
    assert [others[0]] == [each.contact_id for each in report.outcomes]
    assert set(others) == set(report.copies)
    (path,) = site._folder.root.glob("*.sqlite")
    with contextlib.closing(sqlite3.connect(path)) as journal:
        held = b"".join(zlib.decompress(each) for (each,) in journal.execute(_VALUES))
    assert b"Dup" in held
    for value in (b"Second Ltd", b"ann@twice.example", b"Clerk"):
        assert value not in held
    row = site.runs().iloc[0]
    assert ("finished", 4, 3) == (row["state"], row["contacts"], row["applied"])
    assert words(site.resume(plan.id)) == ["applied"]


def test_a_sandbox_that_begins_anew_is_not_taken_for_the_old_one():
    """The same seed gives the same ids; what was merged there is not merged here."""
    for _ in range(2):
        with sandbox.start(people=0, seed=8) as fresh, site_at(fresh) as again:
            ids = made(again, name={"first": "Bo"}), made(again, name={"last": "Dup"})
            plan = merges_of(again, ids)
            report = again.merge(plan, approve=plan.id)
            assert (["applied"], "") == (words(report), report.note)
            assert 1 == count_of_merges(fresh, ids[0])


def test_an_interrupt_leaves_a_journal_that_is_taken_up(server, site, pair, monkeypatch):
    """Between two groups: the first is merged, the second not sent; another kernel goes on."""
    others = made(site, name={"first": "Bo"}), made(site, name={"last": "Dup"})
    plan = merges_of(site, pair, others)
    sent = []
    tell = site._transport.tell

    def interrupted(request, *rest):
        if request.path.endswith("/merge"):
            sent.append(request)
            if len(sent) == 2:
                raise KeyboardInterrupt
        return tell(request, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(site._transport, "tell", interrupted)
        with pytest.raises(KeyboardInterrupt, match=r"site\.resume"):
            site.merge(plan, approve=plan.id)
    assert ["applied", "unknown"] == words(site.run(plan.id).report)
    with site_at(server) as another:
        assert ["applied", "applied"] == words(another.resume(plan.id))
    assert [1, 1] == [count_of_merges(server, each) for each in (pair[0], others[0])]


def test_a_report_gives_copies_and_raises_for_conflicts(server, site, pair):
    """What was kept of whom; and what stops a script where somebody else was faster."""
    plan = merges_of(site, pair)
    contact = site.get_contact(pair[1])
    site.update_contact(pair[1], {"company": "Theirs"}, contact["revision"])
    report = site.merge(plan, approve=plan.id)
    assert 1 == len(report)
    with pytest.raises(ConflictError, match="1 group changed meanwhile"):
        report.raise_for_conflicts()
    with pytest.raises(UnknownContact, match="no copy of contact 'nobody'"):
        report.copy("nobody")
    fresh = merges_of(site, pair)
    done = site.merge(fresh, approve=fresh.id)
    done.raise_for_conflicts()
    assert "Theirs" == done.copy(pair[1])["info"]["company"]
