"""The documented sample of Update Contact, a second phone for John Doe, by the library's routes."""

import copy
import json

import pytest
from sandbox.test_replay import ADDED, ANSWER, REQUEST, without_ids

import contacttools as ct
from contacttools import sandbox

JOHN = ANSWER["id"]


@pytest.fixture
def site(tmp_path):
    """A site whose one contact is as it was before the sample's update."""
    before = copy.deepcopy(ANSWER)
    before["revision"] = 16
    before["info"]["phones"]["items"].remove(ADDED)
    people = tmp_path / "people.ndjson"
    people.write_text(json.dumps(before))
    with (
        sandbox.start(people_file=people) as server,
        ct.connect(
            base_url=server.url,
            api_key=server.api_key,
            site_id=server.site_id,
            read_only=False,
            direct_writes=True,
            requests_per_minute=None,
        ) as site,
    ):
        yield site


def test_the_direct_call_gives_the_documented_answer(site):
    """`update_contact` takes the sample's arguments one to one and returns its answer."""
    answer = site.update_contact(JOHN, REQUEST, 16)
    assert ["contact"] == list(answer)
    assert 17 == answer["contact"]["revision"]
    assert without_ids(ANSWER) == without_ids(answer["contact"])


def test_a_committed_plan_gives_the_documented_contact(site):
    """The same second phone, staged, previewed and approved, leaves the same contact."""
    stage = ct.Stage(site.fetch())
    stage.add(JOHN, "phones", {"phone": "2421642341", "countryCode": "US", "tag": "HOME"})
    plan = stage.plan()
    report = site.commit(plan, approve=plan.id[:7])
    assert ["applied"] == [each.outcome for each in report.outcomes]
    stored = site.get_contact(JOHN)
    assert 17 == stored["revision"]
    assert without_ids(ANSWER) == without_ids(stored)
