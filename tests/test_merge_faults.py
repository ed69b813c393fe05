"""Merges on a bad day: whatever goes wrong, what is told of a merge is what the sandbox did."""

import random

import pytest
from served import site_at

import contacttools as ct
from contacttools import sandbox

NEVER = ("not_sent", "refused", "conflict", "gone")
ONCE = ("applied", "already")


@pytest.fixture(scope="module")
def server():
    """One sandbox; each bad day has people of its own."""
    with sandbox.start(people=0, seed=11) as running:
        yield running


@pytest.fixture
def site(server):
    """A notebook at that site."""
    with site_at(server) as opened:
        yield opened


def planned(site, draw):
    """Return a plan of one group, perhaps with a chosen value, and its ids."""
    ids = [
        site.create_contact({"name": {"first": name}, "company": name}, allow_duplicates=True)[
            "contact"
        ]["id"]
        for name in ("Ann", "Bo", "Cy")
    ]
    for each in ids:  # an outdated copy of a contact is one that was there
        site.update_contact(each, {"locale": "en"}, 1, allow_duplicates=True)
    plan = ct.merge_plan([ids], site.fetch({"id": {"$in": ids}})).target(1, ids[0])
    return (plan.keep(1, "company", ids[1]) if draw.random() < 0.4 else plan), ids


def spoil(server, site, draw, ids):
    """Let something go wrong; what a colleague tries to edit is noted, and what was edited."""
    tried, edited = [], []

    def colleague(contact_id):
        def edit():
            if tried:
                return
            tried.append(contact_id)
            found = site.fetch({"id": {"$in": [contact_id]}})
            if contact_id in found:
                revision = found.revision(contact_id)
                theirs = {"jobTitle": "Theirs"}
                site.update_contact(contact_id, theirs, revision, allow_duplicates=True)
                edited.append(contact_id)

        return edit

    for _ in range(draw.randrange(1, 4)):
        method, path = draw.choice(
            [("POST", "/merge"), ("POST", "/merge"), ("POST", "preview-merge"), ("GET", None),
             ("PATCH", None)]
        )  # fmt: skip
        about = {"method": method, "path": path, "skip": draw.choice([0, 0, 1])}
        match draw.randrange(5):
            case 0 | 1:
                server.faults.add(draw.choice(["drop_before", "drop_after"]), **about)
            case 2:
                status, apply = draw.choice([429, 500, 502, 503, 504]), draw.random() < 0.5
                apply = apply and status != 429
                times = draw.choice([1, 2, 9])
                server.faults.add("status", status=status, apply=apply, times=times, **about)
            case 3:
                server.faults.add("stale", method="GET", times=draw.randrange(1, 9))
            case _:
                who = draw.choice(ids) if path == "preview-merge" else ids[0]
                server.faults.add("before", call=colleague(who), **about)
    return tried, edited


def merged(server, target):
    """How often anything was merged into a contact, by the sandbox's own feed."""
    return sum(each["slug"] == "merged" for each in server.events(target))


def check(server, site, report, ids, edited):
    """What is told is so; nothing was merged twice, and nobody's edit is lost."""
    end = report.outcomes[-1].outcome
    times = merged(server, ids[0])
    assert times <= 1
    assert end not in NEVER or times == 0, report
    assert end not in ONCE or times == 1, report
    if edited and ids[0] in edited:
        assert "Theirs" == site.get_contact(ids[0])["info"].get("jobTitle")
    if times == 0:
        assert all(each == site.get_contact(each)["id"] for each in ids)


def test_what_is_told_on_a_bad_day_is_what_happened(server, site):
    """Random faults, colleagues and outdated copies; then a good day, on which it is taken up."""
    ends = set()
    for seed in range(40):
        draw = random.Random(f"bad day {seed}")
        plan, ids = planned(site, draw)
        tried, edited = spoil(server, site, draw, ids)
        report = site.merge(plan, approve=plan.id)
        server.faults.clear()
        check(server, site, report, ids, edited)
        ends.add(report.outcomes[-1].outcome)
        again = site.resume(plan.id)
        check(server, site, again, ids, edited)
        if not tried:
            ended = {each.outcome for each in again.outcomes}
            assert {"applied", "already"} >= ended, (seed, again)
    assert {"applied", "conflict", "unknown"} <= ends, ends
