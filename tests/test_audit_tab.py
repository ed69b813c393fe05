"""The Audit tab without a browser: what is found, what is staged of it, and what became of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

import contacttools as ct
from contacttools import sandbox
from contacttools.sandbox import Server
from contacttools.widgets.workbench import Workbench


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A sandbox whose people are dirty."""
    with sandbox.start(people=300, seed=11) as running:
        yield running


@pytest.fixture
def bench(server: Server) -> Workbench:
    """A workbench of it, with the Audit tab in front."""
    site = ct.connect(
        base_url=server.url, api_key=server.api_key, site_id=server.site_id, read_only=False,
        requests_per_minute=None,
    )  # fmt: skip
    shown = ct.workbench(site)
    shown.tabs.selected_index = shown.tabs.titles.index("Audit")
    return shown


def joined() -> None:
    """Wait for what goes on beside."""
    for thread in threading.enumerate():
        if thread.name == "contacttools-widget":
            thread.join(60)


def test_what_is_found_is_staged_rule_by_rule_and_told_when_it_is_fixed(bench: Workbench):
    """The plan is that of the code, and the counts reconcile."""
    tab = bench.audit
    assert (None, "none") == (tab.findings, tab.mending.layout.display)
    tab.look.click()
    joined()
    first = tab.findings
    assert first is not None
    code = ct.Stage(bench.stage.contacts)
    assert first.to_frame().equals(ct.audit(code).to_frame())
    assert "<svg" in tab.plot.value
    rule = tab.rule.value
    assert rule in tab.table.value

    tab.mend.click()
    code.apply(first.fixes(rule=rule), errors="collect")
    assert code.plan() == bench.stage.plan()
    assert 0 < len(bench.stage)
    assert f"Staged by {rule}" in tab.saying.says.value
    tab.look.click()
    joined()
    assert tab.findings is not None
    became = tab.findings.compare(first)
    told = f"{len(became.fixed):,} of {len(first):,} fixed, {len(became.remaining):,} remaining"
    assert told in tab.since.value
    assert 0 < len(became.fixed)
    tab.undo.click()
    assert 0 == len(bench.stage)


def test_suggestions_that_are_old_are_refused_one_by_one(bench: Workbench):
    """What somebody has changed meanwhile stays; the others are staged."""
    tab = bench.audit
    tab.look.click()
    joined()
    assert tab.findings is not None
    tab.rule.value = "name_capitals"
    fixes = tab.findings.fixes(rule="name_capitals")
    first = fixes.listed[0]
    bench.stage.edit(first.contact_id, {first.column: "Somebody"})
    tab.mend.click()
    assert "could not be staged" in tab.saying.says.value
    assert "Somebody" == bench.stage.value(first.contact_id, first.column)


def test_spellings_and_duplicates_are_reviewed_there(bench: Workbench):
    """Over the same stage; out of sight they wait."""
    tab = bench.audit
    assert "company" == tab.column.value
    tab.alike.click()
    joined()
    (shown,) = tab.spellings.children
    assert shown.groups.to_frame().equals(ct.clusters(bench.stage, "company").to_frame())
    shown.cards[0].stage.click()
    assert 0 < len(bench.stage)
    bench.tabs.selected_index = 0
    n = len(shown.groups)
    bench.stage.undo()
    assert n == len(shown.groups)
    bench.tabs.selected_index = bench.tabs.titles.index("Audit")
    assert n + 1 == len(shown.groups)

    tab.twice.click()
    joined()
    (pairs,) = tab.pairs.children
    assert pairs.pairs.to_frame().equals(ct.duplicates(bench.stage).to_frame())
    assert pairs.merging is not None
    bench.close()
