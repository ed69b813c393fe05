"""The promises, over real HTTP and under generated work: what was approved is what is written."""

import json
import tempfile
from pathlib import Path

import pytest
from gestures import Model, gestures, held, make
from hypothesis import given, settings
from served import site_at

import contacttools as ct
from contacttools import sandbox


@pytest.fixture(scope="module")
def site():
    """A sandbox of a few dirty contacts, for this file alone."""
    with sandbox.start(people=24, seed=3) as server, site_at(server) as site:
        yield site


def everything(contacts):
    """Return every contact of a snapshot as the service sent it."""
    return {contact_id: contacts[contact_id] for contact_id in contacts}


@settings(max_examples=max(60, settings().max_examples))
@given(gestures)
def test_a_committed_plan_leaves_exactly_the_intended_state(site, made):
    """Whatever was staged, the applied contacts are as intended and all others untouched."""
    before = site.fetch()
    stage, model = ct.Stage(before), Model(before)
    for gesture in made:
        make(gesture, stage, model)
    plan = stage.plan()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.json"
        plan.save(path)
        loaded = ct.Plan.load(path)
    assert (plan, plan.id) == (loaded, loaded.id)
    assert repr(plan) == repr(loaded)

    report = site.commit(loaded, approve=plan.id[:7])
    after = everything(site.fetch())

    assert [change.contact_id for change in plan.changes] == list(report.to_frame().contactId)
    applied = {each.contact_id for each in report.outcomes if each.outcome == "applied"}
    for outcome in report.outcomes:
        if outcome.outcome != "applied":
            assert outcome.outcome == "refused"
            assert "DUPLICATE_CONTACT_EXISTS" == outcome.code
    for contact_id, document in everything(before).items():
        if contact_id in applied:
            assert held(model.documents[contact_id]) == held(after[contact_id])
            assert document["revision"] + 1 == after[contact_id]["revision"]
        else:
            assert json.dumps(document) == json.dumps(after[contact_id])
    staged = {each for each in model.own if held(model.own[each]) != held(model.documents[each])}
    refused = {each.contact_id for each in plan.refused}
    assert staged == {change.contact_id for change in plan.changes} | refused

    undo = report.undo_plan()
    undone = site.commit(undo, approve=undo.id)
    back = everything(site.fetch())
    for outcome in undone.outcomes:
        if outcome.outcome == "applied":
            assert held(model.own[outcome.contact_id]) == held(back[outcome.contact_id])
        else:  # a number that several share cannot be given back without the service's consent
            assert outcome.code == "DUPLICATE_CONTACT_EXISTS"
            assert after[outcome.contact_id] == back[outcome.contact_id]
