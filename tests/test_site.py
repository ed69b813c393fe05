"""A site over real HTTP: what is read, what is written, and what is said about it."""

import _thread
import itertools
import signal
import threading
from dataclasses import replace
from datetime import timedelta

import httpx
import people_builder as people
import pytest
from served import SITE, VirtualClock, planned, site_at, site_of

import contacttools as ct
from contacttools import sandbox
from contacttools.committing.asks import Write
from contacttools.errors import (
    AuthError,
    BadPlan,
    BadValue,
    NotApproved,
    ReadOnlySite,
    Unreachable,
    WrongSite,
)
from contacttools.planning.plan import Plan
from contacttools.sandbox.settings import Settings
from contacttools.service.credentials import Key
from contacttools.service.pacing import Pacer
from contacttools.service.site import Site
from contacttools.service.transport import Transport


@pytest.fixture(scope="module")
def crowd():
    """A sandbox that tests write to, each to contacts of its own or to their company."""
    with sandbox.start(people=60, seed=1) as server:
        yield server


@pytest.fixture
def server(crowd):
    """The same, without faults left over, and counting its requests."""
    crowd.faults.clear()
    yield crowd
    crowd.faults.clear()


@pytest.fixture
def site(server):
    """A site of it whose clock never makes anybody wait."""
    with site_at(server) as opened:
        yield opened


def counted(server):
    """Return a list that grows by one with each request from now on."""
    requests = []
    server.faults.add("before", times=10_000, call=lambda: requests.append(1))
    return requests


def patches(server):
    """Return a list that grows by one with each update from now on."""
    requests = []
    server.faults.add("before", method="PATCH", times=10_000, call=lambda: requests.append(1))
    return requests


def some(site, n=1, start=0):
    """Return the ids of some contacts."""
    return list(site.fetch())[start : start + n]


def outcomes(report):
    """Return the outcomes in the plan's order."""
    return [each.outcome for each in report.outcomes]


# -- two people -----------------------------------------------------------------------------


def test_the_second_of_two_sessions_gets_a_conflict(server):
    """Two sessions edit one field of one contact: the first value stands, the second is told so."""
    with site_at(server) as first, site_at(server) as second:
        (contact_id,) = some(first)
        before = first.get_contact(contact_id)
        firsts = planned(first, {contact_id: {"company": "First Ltd"}})
        seconds = planned(second, {contact_id: {"company": "Second Ltd"}})

        one = first.commit(firsts, approve=firsts.id[:7])
        two = second.commit(seconds, approve=seconds.id[:7])
        after = second.get_contact(contact_id)

    assert (["applied"], ["conflict"]) == (outcomes(one), outcomes(two))
    assert ("First Ltd", before["revision"] + 1) == (after["info"]["company"], after["revision"])
    assert [("company", before["info"].get("company"), "Second Ltd", "First Ltd")] == [
        (each.field, each.base, each.ours, each.theirs) for each in two.outcomes[0].differences
    ]


def test_edits_of_different_fields_are_both_kept(server):
    """Theirs elsewhere moves the revision on: ours is made to the contact as it is now."""
    with site_at(server) as first, site_at(server) as second:
        (contact_id,) = some(first)
        firsts = planned(first, {contact_id: {"jobTitle": "First job"}})
        seconds = planned(second, {contact_id: {"company": "Second & Sons"}})
        first.commit(firsts, approve=firsts.id)
        assert ["rebased"] == list(second.check(seconds)["state"])
        report = second.commit(seconds, approve=seconds.id)
        held = second.get_contact(contact_id)["info"]
    assert ["applied"] == outcomes(report)
    assert "carried over what somebody else changed" in report.outcomes[0].detail
    assert ("First job", "Second & Sons") == (held["jobTitle"], held["company"])


def test_a_strict_commit_writes_over_nothing_new(server):
    """Asked to be strict, a commit writes no contact that has moved on, and the report says how."""
    with site_at(server) as ours, site_at(server) as theirs:
        (contact_id,) = some(ours)
        stage = ct.Stage(ours.fetch())
        stage.edit(contact_id, {"company": "Carried Ltd"})
        plan = stage.plan()
        other = planned(theirs, {contact_id: {"jobTitle": "Elsewhere"}})
        theirs.commit(other, approve=other.id)
        report = ours.commit(plan, approve=plan.id, rebase="strict")
        assert ["conflict"] == outcomes(report)
        assert report.outcomes[0].detail.startswith("they changed jobTitle.")
        stage.rebase(ours.fetch())
        again = stage.plan()
        assert again.id != plan.id
        assert ["applied"] == outcomes(ours.commit(again, approve=again.id, rebase="strict"))
        held = ours.get_contact(contact_id)["info"]
    assert ("Carried Ltd", "Elsewhere") == (held["company"], held["jobTitle"])


def test_an_old_plan_is_carried_over_nothing(server):
    """A day after its snapshot a plan is written to contacts as they were, or not at all."""
    with site_at(server) as ours, site_at(server) as theirs:
        (contact_id,) = some(ours)
        plan = planned(ours, {contact_id: {"company": "Yesterday Ltd"}})
        old = replace(plan, snapshot_at=plan.snapshot_at - timedelta(hours=25))
        other = planned(theirs, {contact_id: {"jobTitle": "Today"}})
        theirs.commit(other, approve=other.id)
        assert ["conflict"] == list(ours.check(old)["state"])
        assert ["conflict"] == outcomes(ours.commit(old, approve=old.id))


def test_a_mode_that_is_none_is_refused(site):
    """There is no way to write over what somebody else changed, by whatever name."""
    plan = planned(site, {some(site)[0]: {"company": "Force Ltd"}})
    with pytest.raises(BadValue, match="rebase is one of disjoint, strict, ask, not 'force'"):
        site.commit(plan, approve=plan.id, rebase="force")


@pytest.mark.parametrize("times", [1, 2])
def test_a_colleague_between_look_and_update(server, site, times):
    """A write between our last look and our update wins; ours is not written over it."""
    (contact_id,) = some(site)
    plan = planned(site, {contact_id: {"company": f"Ours {times}"}})
    with site_at(server) as theirs:

        def edit():
            for n in range(times):
                held = theirs.get_contact(contact_id)
                theirs.update_contact(contact_id, {"company": f"Theirs {n}"}, held["revision"])

        server.faults.add("before", method="PATCH", contact_id=contact_id, call=edit)
        report = site.commit(plan, approve=plan.id)
    assert ["conflict" if times == 1 else "conflict_maybe_applied"] == outcomes(report)
    assert f"Theirs {times - 1}" == site.get_contact(contact_id)["info"]["company"]


def test_an_update_carries_the_revision_that_was_approved(server, site):
    """A write after our look, long before our update leaves, still makes ours a conflict."""
    one, two = some(site, 2)
    plan = planned(site, {each: {"company": "Approved then"} for each in (one, two)})
    first, second = (change.contact_id for change in plan.changes)
    with site_at(server) as theirs:

        def edit():
            revision = theirs.get_contact(second)["revision"]
            theirs.update_contact(second, {"company": "Theirs now"}, revision)

        server.faults.add("before", method="PATCH", contact_id=first, call=edit)
        report = site.commit(plan, approve=plan.id)
    assert ["applied", "conflict"] == outcomes(report)
    assert "Theirs now" == site.get_contact(second)["info"]["company"]


# -- a bad line -----------------------------------------------------------------------------

_HOUR = {"Retry-After": "3600"}
_BUSY = {"kind": "status", "status": 503, "apply": True}
LINES = [
    ("dropped before", {"kind": "drop_before"}, "applied", 2),
    ("dropped after", {"kind": "drop_after"}, "applied", 1),
    ("cut body", {"kind": "truncate"}, "applied", 1),
    ("500, written", {"kind": "status", "status": 500, "apply": True}, "applied", 1),
    ("500, not written", {"kind": "status", "status": 500}, "applied", 2),
    ("504, written", {"kind": "status", "status": 504, "apply": True}, "applied", 1),
    ("429", {"kind": "status", "status": 429, "headers": {"Retry-After": "9"}}, "applied", 2),
    ("429 thrice, then there", {"kind": "status", "status": 429, "times": 2}, "applied", 3),
    ("503", {"kind": "status", "status": 503}, "applied", 2),
    ("503, written", {"kind": "status", "status": 503, "apply": True}, "applied", 1),
    ("503 with patience", {**_BUSY, "headers": {"Retry-After": "1"}, "times": 9}, "applied", 1),
    ("503 for good", {"kind": "status", "status": 503, "times": 9}, "unknown", 4),
    ("500 for good", {"kind": "status", "status": 500, "times": 9}, "unknown", 4),
    ("HTML", {"kind": "status", "status": 200, "body": b"<html>", "apply": True}, "applied", 1),
    ("429, an hour", {"kind": "status", "status": 429, "headers": _HOUR}, "not_sent", 1),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "word", "sent"), [c[1:] for c in LINES], ids=[c[0] for c in LINES]
)
def test_an_update_on_a_bad_line(server, site, fault, word, sent):
    """Whatever happens to the update, the outcome is true and it is written once at most."""
    (contact_id,) = some(site, start=3)
    before = site.get_contact(contact_id)
    plan = planned(site, {contact_id: {"company": f"Line {before['revision']}"}})
    asked = patches(server)
    server.faults.add(method="PATCH", **fault)
    report = site.commit(plan, approve=plan.id)
    server.faults.clear()
    after = site.get_contact(contact_id)
    written = after["revision"] - before["revision"]
    assert (word, sent) == (report.outcomes[0].outcome, len(asked))
    assert written == (1 if word == "applied" else 0)
    assert (word == "applied") == (after["info"].get("company") == f"Line {before['revision']}")


def test_an_update_behind_a_busy_proxy_is_not_called_unsent(server, site):
    """A 503 may come after the writing: as long as all answers are 503, reading back decides."""
    (contact_id,) = some(site, start=3)
    before = site.get_contact(contact_id)
    plan = planned(site, {contact_id: {"company": f"Busy {before['revision']}"}})
    server.faults.add("status", method="PATCH", status=503, apply=True)
    server.faults.add("status", method="PATCH", status=503, times=None)
    report = site.commit(plan, approve=plan.id)
    server.faults.clear()
    after = site.get_contact(contact_id)
    assert {"applied": 1} == report.counts
    assert before["revision"] + 1 == after["revision"]


@pytest.mark.parametrize("apply", [False, True])
def test_a_503_that_asks_for_an_hour_leaves_doubt(server, site, apply):
    """The run ends there, without another request: what became of the update is not known."""
    first, second = some(site, 2, start=3)
    values = {"company": f"Hour {apply}"}
    plan = planned(site, {first: values, second: values})
    asked = patches(server)
    server.faults.add("status", method="PATCH", status=503, apply=apply, headers=_HOUR)
    report = site.commit(plan, approve=plan.id)

    assert (["unknown", "not_sent"], 1) == (outcomes(report), len(asked))
    assert "an update was sent and not settled" in report.outcomes[0].detail


def test_the_quiet_a_service_asks_for_is_kept(server):
    """After 429 with Retry-After, nothing leaves before the time is over."""
    clock = VirtualClock()
    with site_at(server, clock=clock) as site:
        (contact_id,) = some(site)
        plan = planned(site, {contact_id: {"company": "Patient Ltd"}})
        server.faults.add("status", method="PATCH", status=429, headers={"Retry-After": "31"})
        began = clock.now
        assert ["applied"] == outcomes(site.commit(plan, approve=plan.id))
        assert clock.now - began >= 31


# -- a service that reads the documents otherwise -------------------------------------------


def test_an_update_that_was_accepted_and_not_stored_is_no_plain_conflict():
    """A service that leaves null as it was accepts the update: the report says so."""
    settings = Settings(null_clears=False)
    with sandbox.start(people=60, seed=1, settings=settings) as server, site_at(server) as site:
        contact_id = site.fetch({"company": {"$exists": True}}).to_frame().index[0]
        plan = planned(site, {contact_id: {"company": None, "jobTitle": "Written by us"}})
        asked = patches(server)
        (ended,) = site.commit(plan, approve=plan.id).outcomes
        held = site.get_contact(contact_id)
    assert ("conflict_maybe_applied", 1) == (ended.outcome, len(asked))
    assert "the service accepted the update" in ended.detail
    assert ("Written by us", ended.before + 1) == (held["info"]["jobTitle"], held["revision"])


def test_an_update_that_counts_as_no_change_is_sent_once():
    """Where such an update adds no revision, the wanted values are found there: already."""
    settings = Settings(count_empty_updates=False)
    with sandbox.start(people=60, seed=1, settings=settings) as server, site_at(server) as site:
        locales = site.fetch().to_frame().locale.dropna()
        plan = planned(site, {locales.index[0]: {"locale": locales.iloc[0].upper()}})
        asked = patches(server)
        (ended,) = site.commit(plan, approve=plan.id).outcomes
    assert ("already", 1) == (ended.outcome, len(asked))
    assert (ended.before, True) == (ended.after, "no change" in ended.detail)


def refusal(code, message, **data):
    """Return the body of a refusal."""
    told = {"code": code, "description": message, "data": data}
    return httpx.Response(200, json={"message": message, "details": {"applicationError": told}})


@pytest.mark.parametrize(
    ("code", "status", "told"),
    [
        ("CANNOT_UPDATE_MEMBER_EMAIL", 409, "Members API"),
        ("INSUFFICIENT_CONTACT_DATA", 400, "keep a name"),
        ("INVALID_EXTENDED_FIELD_VALUE", 400, "data type"),
        ("SOMETHING_NEW", 422, ""),
        ("SOMETHING_OLD", 428, ""),
        ("PAYLOAD", 413, ""),
    ],
)
def test_a_refusal_is_one_contacts_own(server, site, code, status, told):
    """The refused contact carries code, words and advice; the others are written."""
    ids = some(site, 3)
    plan = planned(site, {each: {"company": f"Refused {code}"} for each in ids})
    body = refusal(code, "the service says no").content
    server.faults.add("status", method="PATCH", contact_id=ids[1], status=status, body=body)
    report = site.commit(plan, approve=plan.id)
    by_id = {each.contact_id: each for each in report.outcomes}
    assert ("refused", code) == (by_id[ids[1]].outcome, by_id[ids[1]].code)
    assert "the service says no" in by_id[ids[1]].detail
    assert told in by_id[ids[1]].detail
    assert {"applied": 2, "refused": 1} == report.counts


def test_a_duplicate_is_refused_and_names_the_other(site):
    """An e-mail that another contact has is refused by the service, with that contact's id."""
    contacts = site.fetch()
    emails = contacts.to_frame("emails").drop_duplicates("contactId")
    one, other = emails.iloc[0], emails.iloc[1]
    partial = ct.Contacts(
        [contacts[one.contactId]], site_id=site.site_id, fetched_at=contacts.fetched_at
    )
    plan = planned(site, {one.contactId: {"email": other.email}}, partial)
    (ended,) = site.commit(plan, approve=plan.id).outcomes
    assert ("refused", "DUPLICATE_CONTACT_EXISTS") == (ended.outcome, ended.code)
    assert other.contactId in ended.detail


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_ends_mid_run_stops_it(server, site, status):
    """The first refused contact says so; the rest is not_sent, and nothing more was asked."""
    ids = some(site, 5)
    plan = planned(site, {each: {"company": f"Key {status}"} for each in ids})
    asked = patches(server)
    server.faults.add("status", method="PATCH", status=status, skip=2, times=99)
    report = site.commit(plan, approve=plan.id)
    assert ["applied", "applied", "refused", "not_sent", "not_sent"] == outcomes(report)
    assert 3 == len(asked)
    assert "key" in report.note


def test_a_wrong_key_writes_nothing(server, site):
    """A site with a wrong key reads nothing, and a commit through it stops at once."""
    plan = planned(site, {each: {"company": "Wrong key"} for each in some(site, 4)})
    with site_at(server, key="wrong") as wrong:
        for ask in (wrong.count, wrong.fetch, wrong.info, lambda: wrong.check(plan)):
            with pytest.raises(AuthError, match="check the key"):
                ask()
        report = wrong.commit(plan, approve=plan.id)
    assert {"refused": 1, "not_sent": 3} == report.counts


def test_a_server_that_goes_away_mid_run(server):
    """What was written stays applied; what could not be sent is told apart from what is unknown."""
    with sandbox.start(people=20, seed=9) as going, site_at(going) as site:
        ids = some(site, 12)
        plan = planned(site, {each: {"company": "Going Ltd"} for each in ids})
        going.faults.add("before", method="PATCH", skip=4, call=going.stop)
        report = site.commit(plan, approve=plan.id)
    found = outcomes(report)
    assert ["applied"] * 4 == found[:4]
    assert found[4] in ("applied", "unknown", "not_sent")
    assert {"not_sent"} == set(found[5:])
    assert "no useful answer for several minutes" in report.note


# -- how much is asked ----------------------------------------------------------------------


def test_a_clean_commit_asks_one_update_per_contact_and_one_look():
    """A hundred contacts are a hundred updates and one look: 1.01 requests a change."""
    with sandbox.start(people=110, seed=5) as server, site_at(server) as site:
        plan = planned(site, {each: {"company": "Hundred Ltd"} for each in some(site, 100)})
        updates, requests = patches(server), counted(server)
        report = site.commit(plan, approve=plan.id)
        assert {"applied": 100} == report.counts
        assert (100, 101) == (len(updates), len(requests))


def test_a_plan_is_used_up_once(server, site):
    """Committed again, a plan asks for nothing, and gives the report that it has had."""
    ids = some(site, 4)
    plan = planned(site, {each: {"company": "Once Ltd"} for each in ids})
    first = site.commit(plan, approve=plan.id)
    assert {"applied": 4} == first.counts
    asked = patches(server)
    second = site.commit(plan, approve=plan.id)
    assert first.outcomes == second.outcomes
    assert "committed before" in second.note
    assert [] == asked


def test_an_empty_plan_asks_nothing(server, site):
    """A plan without changes needs its approval like any other, and has an empty report."""
    plan = ct.Stage(site.fetch(limit=3)).plan()
    asked = counted(server)
    with pytest.raises(NotApproved):
        site.commit(plan, approve="")
    report = site.commit(plan, approve=plan.id)
    assert (0, [], True) == (len(report), asked, site.check(plan).empty)


def test_a_contact_that_is_no_more(site, server):
    """Deleted meanwhile is gone, whatever else the plan holds."""
    ids = some(site, 2)
    plan = planned(site, {each: {"company": "Gone Ltd"} for each in ids})
    for method in ("PATCH", "GET"):
        server.faults.add("status", method=method, contact_id=ids[0], status=404)
    report = site.commit(plan, approve=plan.id)
    assert {"gone": 1, "applied": 1} == report.counts


# -- approval -------------------------------------------------------------------------------


@pytest.fixture
def deaf():
    """A site where any request is a failure of the test."""

    def handler(request):
        raise AssertionError(request.url)

    return site_of(handler)


@pytest.fixture
def plan(site):
    """A plan of two contacts, new each time."""
    return planned(site, {each: {"company": f"Approved {next(_times)}"} for each in some(site, 2)})


_times = itertools.count(1)


def at(plan, site_id):
    """Return the same plan for another site."""
    return Plan(site_id, plan.changes)


@pytest.mark.parametrize(
    "approve",
    [None, "", 7, b"3f9a1c2", True, "short", "six", "upper", "other", "longer", "spaces"],
    ids=str,
)
def test_only_the_id_of_this_very_plan_approves(plan, deaf, approve):
    """A prefix of 7 or more; anything else is NotApproved before any request, and says why."""
    plan = at(plan, SITE)
    given = {
        "short": plan.id[:6], "six": "0" * 64, "upper": plan.id.upper(), "other": "f" * 12,
        "longer": plan.id + "0", "spaces": f" {plan.id}",
    }.get(approve, approve)  # fmt: skip
    with pytest.raises(NotApproved, match="nothing was sent") as caught:
        deaf.commit(plan, approve=given)
    assert "approve the id that stands at its head" in str(caught.value)
    assert 'approve="' not in str(caught.value)  # the id is to be read, not to be copied from here


def test_seven_characters_are_enough(site):
    """The first seven characters of the id approve, and so does the whole of it."""
    for length in (7, 12, 64):
        plan = planned(site, {some(site)[0]: {"company": f"Length {length}"}})
        assert ["applied"] == outcomes(site.commit(plan, approve=plan.id[:length]))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (lambda plan: plan, "approve=a Plan is not"),
        (lambda plan: [plan.id], "approve=a list is not"),
        (lambda _: "x" * 5000, f"approve='{'x' * 64}' is not"),
    ],
    ids=["plan", "list", "long"],
)
def test_what_does_not_approve_is_named_in_short(plan, deaf, given, shown):
    """A whole plan, or pages of text, would drown what to do."""
    plan = at(plan, SITE)
    with pytest.raises(NotApproved) as caught:
        deaf.commit(plan, approve=given(plan))
    assert shown in str(caught.value)
    assert len(str(caught.value)) < 300


def alter_item(plan):
    """Alter an item of a list."""
    plan.changes[0].edits[0].after[-1]["email"] = "evil@example.com"


def alter_base(plan):
    """Alter a value that travels along."""
    plan.changes[0].base["name.last"] = "Evil"


@pytest.mark.parametrize("alter", [alter_item, alter_base])
def test_a_plan_altered_after_its_preview_is_another_plan(deaf, alter):
    """The id that was looked at does not approve what was put in its place; nothing is sent."""
    staged = people.stage(site_id=SITE)
    staged.edit(people.ANN, {"email": "good@example.com", "name.first": "Anna"})
    plan = staged.plan()
    shown = (plan.id, repr(plan))
    alter(plan)
    with pytest.raises(NotApproved, match="is not the id of this plan"):
        deaf.commit(plan, approve=shown[0])


def test_a_plan_altered_while_it_runs_is_written_as_approved(server, site):
    """What was approved is what is sent, whatever happens to the plan in hand."""
    (contact_id,) = some(site, start=30)
    stage = ct.Stage(site.fetch())
    stage.add(contact_id, "emails", {"email": "approved@example.com"})
    plan = stage.plan()

    def alter():
        plan.changes[0].edits[0].after[-1]["email"] = "evil@example.com"

    server.faults.add("drop_before", method="PATCH")
    server.faults.add("before", method="PATCH", call=alter)
    assert ["applied"] == outcomes(site.commit(plan, approve=plan.id))
    held = site.get_contact(contact_id)["info"]["emails"]["items"]
    assert "approved@example.com" in [each["email"] for each in held]


def test_approve_is_not_optional(plan, deaf):
    """There is no way to commit without naming the plan."""
    with pytest.raises(TypeError):
        deaf.commit(at(plan, SITE))


@pytest.mark.parametrize("expect", [0, 1, 3, -2])
def test_expect_counts_contacts(plan, deaf, expect):
    """A plan of another size than expected is not committed."""
    plan = at(plan, SITE)
    with pytest.raises(NotApproved, match="the plan has 2"):
        deaf.commit(plan, approve=plan.id, expect=expect)


def test_expect_met_is_committed(site, plan):
    """The expected number of contacts lets the plan through."""
    assert {"applied": 2} == site.commit(plan, approve=plan.id, expect=2).counts


@pytest.mark.parametrize("ask", ["commit", "check"])
def test_a_plan_for_another_site_is_refused(plan, deaf, ask):
    """Ids of one site mean nothing on another."""
    with pytest.raises(WrongSite, match=plan.site_id):
        deaf.commit(plan, approve=plan.id) if ask == "commit" else deaf.check(plan)


@pytest.mark.parametrize("thing", [None, "plan", {}, ct.Stage], ids=str)
def test_only_a_plan_can_be_committed(deaf, thing):
    """A stage, a dict or a file name is not a plan, and the error says how to get one."""
    with pytest.raises(BadPlan, match=r"stage\.plan\(\)"):
        deaf.commit(thing, approve="0" * 64)


def test_a_plan_with_two_changes_of_one_contact_is_refused(plan, deaf):
    """Two changes at one revision could not both be told truly."""
    doubled = Plan(SITE, (*plan.changes, plan.changes[0]))
    with pytest.raises(BadPlan, match="two changes of one contact"):
        deaf.commit(doubled, approve=doubled.id)


def test_a_site_for_reading_writes_nothing(server, site, plan):
    """A read-only site refuses an approved plan before any request, and counts what it refused."""
    asked = counted(server)
    with (
        site_at(server, read_only=True) as reader,
        pytest.raises(ReadOnlySite, match=r"LIVE .* 2 contacts"),
    ):
        reader.commit(plan, approve=plan.id)
    assert [] == asked
    assert "fresh" == site.check(plan).state.unique().item()


def test_a_site_for_reading_performs_no_write(server, plan):
    """Not even when asked for one update directly, past the approval."""
    asked, change = counted(server), plan.changes[0]
    with (
        site_at(server, read_only=True) as reader,
        pytest.raises(ReadOnlySite, match="open for reading only"),
    ):
        reader.perform(change, Write(change.revision, change.info()), threading.Event())
    assert [] == asked


def test_restart_and_run_all_with_an_old_approval_writes_nothing(server):
    """The same cells over other data make another plan: the approval in the cell is not for it."""

    def cells(site, approve=None):
        contacts = site.fetch(limit=5)
        stage = ct.Stage(contacts)
        for contact_id in contacts:
            stage.edit(contact_id, {"company": "Run All Ltd"})
        plan = stage.plan()
        return plan if approve is None else site.commit(plan, approve=approve)

    with site_at(server) as site:
        approval = cells(site).id[:7]
        (contact_id,) = some(site)
        held = site.get_contact(contact_id)
        site.update_contact(contact_id, {"jobTitle": "Moved on"}, held["revision"])
        before = {each: site.get_contact(each) for each in some(site, 5)}
        with pytest.raises(NotApproved, match="is not the id of this plan"):
            cells(site, approval)
        assert before == {each: site.get_contact(each) for each in some(site, 5)}


# -- while it runs --------------------------------------------------------------------------


class Interrupted(Site):
    """A site whose analyst presses stop while the n-th update is under way, once or twice."""

    def press(self, n, *, twice=False):
        self._left, self._twice = n, twice
        self.release = threading.Event()

    def perform(self, change, ask, stop):
        if isinstance(ask, Write):
            self._left -= 1
            if self._left == 0:
                _thread.interrupt_main()
                assert stop.wait(30)
                if self._twice:
                    _thread.interrupt_main()
                    assert self.release.wait(30)
        return super().perform(change, ask, stop)


@pytest.fixture
def interruptible():
    """Let an interrupt be one, also where whoever started the tests has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("twice", [False, True], ids=["once", "twice"])
def test_an_interrupt_stops_a_waiting_commit(server, twice):
    """Once: the contact in hand is finished. Twice: it is unknown. The rest is not_sent."""
    transport = Transport(
        server.url, Key(server.api_key, server.site_id), Pacer(None, VirtualClock())
    )
    with Interrupted(
        transport, server.site_id, live=True, read_only=False, direct_writes=False
    ) as site:
        ids = some(site, 5)
        plan = planned(site, {each: {"company": f"Interrupted {twice}"} for each in ids})
        site.press(3, twice=twice)
        with pytest.raises(KeyboardInterrupt, match="last_report"):
            site.commit(plan, approve=plan.id)
        report = site.last_report
        site.release.set()
    third = "unknown" if twice else "applied"
    assert ["applied", "applied", third, "not_sent", "not_sent"] == outcomes(report)
    assert "stopped on request" == report.note


def test_every_report_stays(site):
    """A second run of the same cell finds nothing left to write; the first report can be undone."""
    ids = some(site, 2)
    plan = planned(site, {each: {"company": "Twice Ltd"} for each in ids})
    assert (None, []) == (site.last_report, site.reports)
    first, second = (site.commit(plan, approve=plan.id) for _ in range(2))

    assert (["applied"] * 2, ["applied"] * 2) == (outcomes(first), outcomes(second))
    assert [first, second] == site.reports
    assert second is site.last_report
    undo = site.reports[0].undo_plan()
    assert ["applied"] * 2 == outcomes(site.commit(undo, approve=undo.id))


def test_a_run_leaves_its_report_with_the_site(site):
    """What was not waited for has a report as well, once it has ended."""
    (contact_id,) = some(site, 1)
    plan = planned(site, {contact_id: {"company": "Left Ltd"}})
    run = site.commit(plan, approve=plan.id, wait=False)
    assert run.wait(30)

    assert run.report is site.last_report
    assert repr(run).endswith("; see its .report>")


def test_a_commit_beside_other_cells(server, site):
    """With wait=False a run comes back at once; it can be looked at, waited for, and cancelled."""
    ids = some(site, 4)
    plan = planned(site, {each: {"company": "Beside Ltd"} for each in ids})
    gate, reached = threading.Event(), threading.Event()

    def hold():
        reached.set()
        assert gate.wait(30)

    server.faults.add("before", method="PATCH", skip=1, call=hold)
    run = site.commit(plan, approve=plan.id, wait=False)
    assert reached.wait(30)
    assert (False, 1, 4) == (run.wait(0), run.progress.done, run.progress.total)
    assert "under way, 1 of 4; 1 applied" in repr(run)
    assert site.count() > 0
    run.cancel()
    gate.set()
    assert run.wait(30)
    assert ["applied", "applied", "not_sent", "not_sent"] == outcomes(run.report)


# -- check ----------------------------------------------------------------------------------


def test_check_says_what_a_commit_would_meet(server, site):
    """Fresh, conflict, already and gone, one row per contact; nothing is written."""
    ids = some(site, 4, start=8)
    plan = planned(site, {each: {"company": "Checked Ltd"} for each in ids})
    for contact_id, info in ((ids[1], {"company": "Theirs"}), (ids[2], {"company": "Checked Ltd"})):
        site.update_contact(contact_id, info, site.get_contact(contact_id)["revision"])
    merged = {"contacts": [], "pagingMetadata": {"total": 0}}
    server.faults.add("status", method="GET", contact_id=ids[3], status=404)
    asked = patches(server)
    body = httpx.Response(200, json=merged).content
    server.faults.add("status", path="/query", status=200, body=body)  # a query that lags behind
    frame = site.check(plan).set_index("contactId").loc[ids]
    assert ["fresh", "conflict", "already", "gone"] == list(frame.state)
    revisions = [each.revision for each in plan.changes]
    assert sorted(revisions) == sorted(frame.revisionBefore)
    assert [0, 1, 1] == list((frame.revisionNow - frame.revisionBefore)[:3])
    assert ["str", "str", "Int64", "Int64", "str"] == [
        str(site.check(plan)[name].dtype)
        for name in ("contactId", "state", "revisionBefore", "revisionNow", "detail")
    ]
    assert [] == asked


def test_check_reads_again_where_that_helps(server, site, plan):
    """A failed read of one contact is repeated; a service that stays away is Unreachable."""
    empty = httpx.Response(200, json={"contacts": []}).content
    server.faults.add("status", path="/query", status=200, body=empty)
    server.faults.add("status", method="GET", status=500, times=2)
    assert ["fresh", "fresh"] == list(site.check(plan).state)
    server.faults.add("status", path="/query", status=200, body=empty)
    server.faults.add("status", method="GET", status=500, times=99)
    with pytest.raises(Unreachable, match="could not be read"):
        site.check(plan)


def test_progress_bars_stay_out_of_logs(server, site, plan, capfd):
    """Where nobody watches, fetch and commit write nothing to the terminal."""
    server.faults.add("delay", method="PATCH", seconds=1.2)
    site.commit(plan, approve=plan.id)
    assert ("", "") == tuple(capfd.readouterr())


@pytest.mark.parametrize("more", [{}, {"jobTitle": "Written by us"}], ids=["alone", "beside"])
def test_what_was_accepted_and_not_stored_is_named(more):
    """The report names the fields that the service did not keep."""
    settings = Settings(null_clears=False)
    with sandbox.start(people=60, seed=1, settings=settings) as server, site_at(server) as site:
        contact_id = site.fetch({"company": {"$exists": True}}).to_frame().index[0]
        plan = planned(site, {contact_id: {"company": None, **more}})
        (ended,) = site.commit(plan, approve=plan.id).outcomes
    assert ["company"] == [each.field for each in ended.differences]
    assert "they changed it and back" not in ended.detail
