"""The journal of merges: the plan as it was approved, told again from its records."""

import json
from dataclasses import replace

import pytest
from people_builder import ann, bob, cat, snapshot

import contacttools as ct
from contacttools.errors import BadPlan
from contacttools.journal import merges
from contacttools.journal.merges import Telling

MEMBER = {"members.membershipStatus": "APPROVED"}


def planned():
    """Return a plan of one merge, and a group that is refused."""
    others = [{**each, "id": f"{each['id']}2"} for each in (ann(custom=MEMBER), bob(custom=MEMBER))]
    people = snapshot(ann(), bob(), cat(), *others)
    return ct.merge_plan([["c-ann", "c-bob"], [each["id"] for each in others]], people)


def written(plan):
    """Return its records as a journal holds them."""
    return [
        replace(
            each, value=json.loads(json.dumps(each.value)), facts=json.loads(json.dumps(each.facts))
        )
        for each in merges.of_plan(plan, tool="1.0")
    ]


def told(records):
    """Return what records tell."""
    telling = Telling()
    session = {"site": "a sandbox", "base_url": "http://127.0.0.1", "mode": "strict"}
    for each in records:
        telling.take(each)
    telling.take(replace(records[0], kind="session", facts=session, value=None))
    return telling.story()


def test_the_plan_comes_back_with_what_was_refused():
    """Equal, of the same id, with the same reasons."""
    plan = planned()
    assert 1 == len(plan.refused)
    back = told(written(plan)).plan
    assert (plan, plan.id, plan.refused) == (back, back.id, back.refused)
    assert 1 == len({plan, back})


def test_a_journal_of_a_newer_version_is_not_guessed_at():
    """It says which version to get."""
    first, *_ = written(planned())
    newer = replace(first, facts=first.facts | {"version": merges.VERSION + 1, "tool": "9.9"})
    with pytest.raises(BadPlan, match=r"contacttools 9\.9, which is newer"):
        Telling().take(newer)


def test_a_plan_that_is_not_the_one_it_was_is_noticed():
    """The id is computed again from what was read."""
    first, intent, *rest = written(planned())
    members = [{**each, "revision": 1} for each in intent.value["members"]]
    other = replace(intent, value=intent.value | {"members": members})
    with pytest.raises(ValueError, match="not the one it is the journal of"):
        told([first, other, *rest])
