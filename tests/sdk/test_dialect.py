"""The library's own way to be called like the SDK, beside the SDK: both give the same."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from sandbox.answers import ANN, BOB

import contacttools as ct
from contacttools import dialects
from contacttools.sandbox import start

INFO = {
    "name": {"last": "Newly"},
    "emails": {"items": [{"email": "new@example.com", "tag": "WORK"}]},
    "addresses": {
        "items": [
            {
                "tag": "BILLING",
                "address": {
                    "addressLine1": "1 High Street",
                    "city": "London",
                    "country": "GB",
                    "location": {"latitude": 51.5, "longitude": -0.25},
                },
            },
            {"address": {"streetAddress": {"number": "5", "name": "Elm"}, "formatted": "There"}},
        ]
    },
    "picture": {"image": "wix:image://v1/11062b_abc.jpg/a%20b.jpg#originWidth=12&originHeight=8"},
    "extendedFields": {"items": {"custom.nickname": "Bee"}},
}


@pytest.fixture
def spoken(people_file):
    """A sandbox like that of `sdk`, as the library calls it in the SDK's way."""
    with (
        start(people_file=people_file) as server,
        ct.connect(
            base_url=server.url,
            api_key=server.api_key,
            site_id=server.site_id,
            read_only=False,
            direct_writes=True,
            requests_per_minute=None,
        ) as site,
    ):
        yield dialects.crm_v2(site)


def timeless(contact):
    """Give a contact with its dates as text, and without the times of the call itself."""
    text = json.dumps(contact, default=datetime.isoformat).replace("+00:00", "Z")
    bare = json.loads(text)
    for key in ("_createdDate", "_updatedDate", "lastActivity"):
        bare.pop(key)
    return bare


def test_get(sdk, spoken):
    """A contact has the same names and values."""
    assert timeless(sdk("contacts.getContact(id)", id=ANN)) == timeless(spoken.get_contact(ANN))


def test_update(sdk, spoken):
    """The same arguments bring about the same contact, down to the ids of new items."""
    theirs = sdk("contacts.updateContact(id, info, 1)", id=BOB, info=INFO)["contact"]
    ours = spoken.update_contact(BOB, INFO, 1)["contact"]

    assert timeless(theirs) == timeless(ours)


def test_create(sdk, spoken):
    """The same person comes into being."""
    theirs = sdk("contacts.createContact(info)", info=INFO)["contact"]

    assert timeless(theirs) == timeless(spoken.create_contact(INFO)["contact"])
