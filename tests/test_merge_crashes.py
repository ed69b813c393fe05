"""Merges whose kernel dies: at every point between journal and service, and by a real signal."""

import contextlib
import itertools
import multiprocessing
import os
import random
import signal

import pytest
from reliability.committer import site_at as site_in_a_process
from served import site_at

import contacttools as ct
from contacttools import sandbox
from contacttools.errors import ApiError, BadPlan
from contacttools.journal.book import Book

_NOT_DONE = ("not_sent", "unknown")


class Died(BaseException):
    """The kernel is gone."""


@pytest.fixture(scope="module")
def server():
    """One sandbox for all; each death has people of its own."""
    with sandbox.start(people=0, seed=5) as running:
        yield running


@pytest.fixture
def site(server):
    """A connection to it. What a kernel knows of a merge is in the journal, and nowhere else."""
    with site_at(server) as opened:
        yield opened


def planned(site):
    """Return a plan of two groups, the first with a chosen value, and their ids."""

    def made(**info):
        return site.create_contact(info, allow_duplicates=True)["contact"]["id"]

    groups = [
        [made(name={"first": "Ann"}, company="First"), made(company="Kept", name={"last": "Dup"})],
        [
            made(name={"first": "Bo"}, jobTitle="Cook"),
            made(name={"last": "Dup"}, birthdate="1990-01-01"),
        ],
    ]
    plan = ct.merge_plan(
        groups, site.fetch({"id": {"$in": [each for group in groups for each in group]}})
    )
    for target, _ in groups:
        plan = plan.target(target, target)
    return plan.keep(1, "company", groups[0][1]), groups


class Mortal:
    """Counts the points at which a kernel can die, and lets it die at one of them."""

    def __init__(self, site, patched, at):
        self.points, self._at = 0, at
        for owner, name in ((Book, "note"), (site._transport, "tell"), (site._transport, "read")):
            patched.setattr(owner, name, self._around(getattr(owner, name)))

    def _around(self, call):
        def mortal(*given, **more):
            self._point()
            answer = call(*given, **more)
            self._point()
            return answer

        return mortal

    def _point(self):
        self.points += 1
        if self.points == self._at:
            raise Died


def carried_out(site, monkeypatch, plan, at):
    """Merge or take up a plan, dying at a point; return how many points there were, and the end."""
    with monkeypatch.context() as patched:
        mortal = Mortal(site, patched, at)
        report = None
        with contextlib.suppress(Died):
            try:
                report = site.resume(plan.id)
            except BadPlan:
                report = site.merge(plan, approve=plan.id)
    return mortal.points, report


def truth(server, groups):
    """Return of each group how often it was merged, by the sandbox's own feed."""
    return [sum(e["slug"] == "merged" for e in server.events(target)) for target, _ in groups]


def check(server, site, plan, groups):
    """What is told matches what happened, now and after somebody has taken it up."""
    done = dict(zip([target for target, _ in groups], truth(server, groups), strict=True))
    with contextlib.suppress(BadPlan):
        for each in site.run(plan.id).report.outcomes:
            if each.step == 2:
                possible = ("applied", "unknown") if done[each.contact_id] else _NOT_DONE
                assert each.outcome in possible
    try:
        report = site.resume(plan.id)
    except BadPlan:
        report = site.merge(plan, approve=plan.id)
    assert ["applied"] * 3 == [each.outcome for each in report.outcomes]
    assert [1, 1] == truth(server, groups)
    for (target, source), company in zip(groups, ["Kept", None], strict=True):
        assert company == site.get_contact(target)["info"].get("company")
        assert source == report.copy(source)["id"]
        with pytest.raises(ApiError, match="merged into"):
            site.get_contact(source)


def test_a_kernel_that_dies_at_any_point_merges_nothing_twice(server, site, monkeypatch):
    """Before and after each note, each read and each call; another kernel takes it up."""
    for at in itertools.count(1):
        plan, groups = planned(site)
        points, report = carried_out(site, monkeypatch, plan, at)
        check(server, site, plan, groups)
        if report is not None:
            break
        assert points == at
    assert at > 40


def test_a_kernel_that_dies_again_and_again_merges_nothing_twice(server, site, monkeypatch):
    """Each run that takes it up dies as well, somewhere."""
    draw = random.Random("merges")
    deaths = 0
    for _ in range(10):
        plan, groups = planned(site)
        for _ in range(3):
            deaths += carried_out(site, monkeypatch, plan, draw.randrange(1, 40))[1] is None
        check(server, site, plan, groups)
    assert deaths > 14


def _merging(ready, runs, groups, kept):
    site = site_in_a_process(ready, runs)
    plan = ct.merge_plan(groups, site.fetch())
    for target, _ in groups:
        plan = plan.target(target, target)
    plan = plan.keep(1, "company", kept)
    site.merge(plan, approve=plan.id)


@pytest.mark.parametrize("path", ["preview-merge", "/merge"], ids=["before", "while it is sent"])
def test_a_killed_process_loses_nothing(server, tmp_path, path):
    """SIGKILL while a request is on its way, which the service then carries out."""
    ready = {"url": server.url, "api_key": server.api_key, "site_id": server.site_id}
    with site_in_a_process(ready, tmp_path) as site:
        plan, groups = planned(site)
        context = multiprocessing.get_context("spawn")
        given = (ready, tmp_path, groups, groups[0][1])
        process = context.Process(target=_merging, args=given)
        server.faults.add(
            "before", method="POST", path=path,
            call=lambda: os.kill(process.pid, signal.SIGKILL),
        )  # fmt: skip
        process.start()
        process.join(60)
        assert -signal.SIGKILL == process.exitcode
        assert "interrupted" == site.runs()["state"].iloc[0]
        report = site.resume(plan.id)
        assert ["applied"] * 3 == [each.outcome for each in report.outcomes]
        assert [1, 1] == truth(server, groups)
