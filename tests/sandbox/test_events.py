"""Events: what others are told of each change of a contact, and that nothing else is told."""

from __future__ import annotations

import pytest
from sandbox.answers import ANN, BOB, MEG

FQDN = "wix.contacts.v4.contact"
COMMON = {
    "id",
    "entityFqdn",
    "slug",
    "entityId",
    "eventTime",
    "triggeredByAnonymizeRequest",
    "entityEventSequence",
}


@pytest.fixture
def told(server):
    """What gives the payloads of all events so far."""
    return server.events


def test_none(told, client):
    """Reading tells nobody anything, nor does a change that is refused or changes nothing."""
    client.get(f"/contacts/{ANN}")
    client.delete(f"/contacts/{MEG}")
    client.patch(f"/contacts/{ANN}", json={"info": {"company": "X"}, "revision": 4})
    client.post(f"/contacts/{ANN}/labels", json={"labelKeys": ["custom.vip"]})

    assert [] == told()


def test_created_and_updated(told, client):
    """A created and an updated contact are told as they are answered."""
    info = {"name": {"first": "Kim"}}
    made = client.post("/contacts", json={"info": info}).json()["contact"]
    edit = {"info": {"company": "X"}, "revision": 1}
    changed = client.patch(f"/contacts/{made['id']}", json=edit).json()["contact"]
    first, second = told()

    assert COMMON | {"createdEvent"} == set(first)
    assert COMMON | {"updatedEvent"} == set(second)
    assert {"entity": made} == first["createdEvent"]
    assert {"currentEntity": changed} == second["updatedEvent"]
    assert ["1", "2"] == [one["entityEventSequence"] for one in (first, second)]
    assert [made["createdDate"], changed["updatedDate"]] == [
        one["eventTime"] for one in (first, second)
    ]


def test_labelled(told, client):
    """Labels put on and taken off are updates of the contact."""
    client.post(f"/contacts/{ANN}/labels", json={"labelKeys": ["custom.press"]})
    client.delete(f"/contacts/{ANN}/labels?labelKeys=custom.press")
    events = told()

    assert ["updated", "updated"] == [one["slug"] for one in events]
    assert [6, 7] == [one["updatedEvent"]["currentEntity"]["revision"] for one in events]
    assert not any("originatedFrom" in one for one in events)


def test_deleted(told, client):
    """A deleted contact is told by its id alone."""
    client.delete(f"/contacts/{ANN}")
    (event,) = told()

    assert COMMON | {"deletedEvent"} == set(event)
    assert ({}, ANN, FQDN) == (event["deletedEvent"], event["entityId"], event["entityFqdn"])


def test_merged(told, client):
    """A merge is told of the target, whose update and the sources' deletions come from it."""
    body = {"targetContactRevision": 2, "sourceContactIds": [BOB, ANN]}
    after = client.post(f"/contacts/{MEG}/merge", json=body).json()["contact"]
    events = told()
    merged, updated, *deleted = events

    assert [("merged", MEG), ("updated", MEG), ("deleted", BOB), ("deleted", ANN)] == [
        (one["slug"], one["entityId"]) for one in events
    ]
    assert COMMON | {"actionEvent"} == set(merged)
    body = {"targetContactId": MEG, "sourceContactIds": [BOB, ANN], "targetContact": after}
    assert {"body": body} == merged["actionEvent"]
    assert {"currentEntity": after} == updated["updatedEvent"]
    assert ["merge"] * 3 == [one["originatedFrom"] for one in (updated, *deleted)]
    assert ["1", "2", "1", "1"] == [one["entityEventSequence"] for one in events]
    assert 4 == len({one["id"] for one in events})


def test_bulk(told, server, client):
    """A bulk job tells of each contact that it changes."""
    body = {"filter": {}, "labelKeysToAdd": ["custom.vip"]}
    client.post("/bulk/contacts/add-remove-labels", json=body)
    server.jobs.settle()
    client.post("/bulk/contacts/delete", json={"filter": {}})
    server.jobs.settle()

    assert [("updated", MEG), ("deleted", ANN), ("deleted", BOB)] == [
        (one["slug"], one["entityId"]) for one in told()
    ]
