"""The documented sample of Update Contact, replayed: its request must bring about its answer."""

from __future__ import annotations

import copy
import json

import pytest
from sandbox.answers import client_of

from contacttools.sandbox import start
from contacttools.sandbox.rules import derive
from contacttools.sandbox.settings import Settings

ADDED = {
    "tag": "HOME",
    "countryCode": "US",
    "phone": "2421642341",
    "primary": False,
    "id": "cbbae95c-e1d5-48c4-a3ec-531ee2bf51fb",
}
ANSWER = {
    "id": "2712ae1d-3f64-46c2-ac3a-94a6c2e29847",
    "revision": 17,
    "source": {"sourceType": "WIX_CODE", "appId": "151e476a-715e-ec33-db9a-a7ff4d51f70a"},
    "createdDate": "2023-12-24T11:50:46.049Z",
    "updatedDate": "2023-12-25T07:31:48.270Z",
    "lastActivity": {
        "activityDate": "2023-12-24T11:50:46.048Z",
        "activityType": "CONTACT_CREATED",
    },
    "primaryInfo": {"email": "johndoe1@example.com", "phone": "646-567-6359"},
    "info": {
        "name": {"first": "John", "last": "Doe"},
        "emails": {
            "items": [
                {
                    "tag": "UNTAGGED",
                    "email": "johndoe1@example.com",
                    "primary": True,
                    "id": "37db3bde-83c0-4ca2-8097-88964a2f343b",
                },
                {
                    "tag": "UNTAGGED",
                    "email": "john.doe.at.home@example.com",
                    "primary": False,
                    "id": "06eef938-13d2-49f3-8097-60686ab4ddd2",
                },
            ]
        },
        "phones": {
            "items": [
                {
                    "tag": "MOBILE",
                    "countryCode": "US",
                    "phone": "646-567-6359",
                    "e164Phone": "+16465676359",
                    "primary": True,
                    "id": "01e597c0-76c6-4791-bb77-8b3309f893d1",
                },
                ADDED,
            ]
        },
        "addresses": {
            "items": [
                {
                    "tag": "HOME",
                    "address": {
                        "city": "NY",
                        "subdivision": "US-NY",
                        "country": "US",
                        "postalCode": "10010",
                        "formattedAddress": "3 Park Ave\nNY, New York 10010\nUnited States",
                        "addressLine": "3 Park Ave",
                    },
                    "id": "eeb4e174-fd0f-4ce8-8cac-dc152f284228",
                }
            ]
        },
        "company": "Wix",
        "jobTitle": "Writer",
        "birthdate": "1995-04-25",
        "locale": "en-us",
        "labelKeys": {"items": ["custom.contact"]},
        "extendedFields": {
            "items": {
                "contacts.displayByLastName": "Doe John",
                "invoices.vatId": "",
                "emailSubscriptions.deliverabilityStatus": "NOT_SET",
                "emailSubscriptions.subscriptionStatus": "UNSUBSCRIBED",
                "contacts.displayByFirstName": "John Doe",
                "custom.nickname": "Jonny",
            }
        },
    },
}
REQUEST = {
    "phones": {
        "items": [
            {"countryCode": "US", "phone": "6465676359", "primary": True, "tag": "MOBILE"},
            {"phone": "2421642341", "countryCode": "US", "primary": False, "tag": "HOME"},
        ]
    }
}


def without_ids(contact):
    """Leave out what the sample cannot fix: phone ids, revision, dates, the effective e-mail."""
    bare = copy.deepcopy(contact)
    for key in ("revision", "updatedDate"):
        del bare[key]
    for item in bare["info"]["phones"]["items"]:
        del item["id"]
    bare["info"]["extendedFields"]["items"].pop("emailSubscriptions.effectiveEmail", None)
    return bare


def test_replay(tmp_path):
    """The sample's request, sent to the contact before it, gives the sample's answer."""
    before = copy.deepcopy(ANSWER)
    before["revision"] = 16
    before["info"]["phones"]["items"].remove(ADDED)
    path = tmp_path / "people.ndjson"
    path.write_text(json.dumps({"contact": before}), encoding="utf-8")

    with start(people_file=path) as server, client_of(server) as client:
        stored = client.get(f"/contacts/{ANSWER['id']}").json()["contact"]
        answer = client.patch(
            f"/contacts/{ANSWER['id']}", json={"info": REQUEST, "revision": 16}
        ).json()["contact"]

    # `effectiveEmail` is stated to be there, and missing in the sample.
    effective = stored["info"]["extendedFields"]["items"].pop("emailSubscriptions.effectiveEmail")
    assert "johndoe1@example.com" == effective
    assert before == stored
    assert 17 == answer["revision"]
    assert without_ids(ANSWER) == without_ids(answer)
    assert answer["info"]["phones"]["items"][0]["id"] != ANSWER["info"]["phones"]["items"][0]["id"]


@pytest.mark.parametrize(
    ("phone", "country", "expected"),
    [
        ("6465676359", "US", "+16465676359"),
        ("2421642341", "US", None),
        ("097495550", "IL", "+97297495550"),
        ("0443955571", "UA", "+380443955571"),
        ("(704)-454-1233", "US", "+17044541233"),
        ("(722)-138-3099", "US", None),
        ("6465676359", None, None),
        ("+16465676359", None, None),
        ("call me", "US", None),
    ],
)
def test_international_form(phone, country, expected):
    """Every documented sample of a telephone number comes out as documented."""
    assert expected == derive.e164(phone, country)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (
            {
                "addressLine": "3 Park Ave",
                "city": "NY",
                "subdivision": "US-NY",
                "country": "US",
                "postalCode": "10010",
            },
            "3 Park Ave\nNY, New York 10010\nUnited States",
        ),
        ({"streetAddress": {"number": "5", "name": "Elm"}, "city": "Ulm"}, "5 Elm\nUlm"),
        ({"city": "Toronto", "subdivision": "CA-ON", "country": "CA"}, "Toronto, Ontario\nCanada"),
        ({"subdivision": "AU-NSW", "country": "AU"}, "New South Wales\nAustralia"),
        ({"city": "Berlin", "subdivision": "DE-BE", "country": "DE"}, "Berlin, BE\nGermany"),
        ({"addressLine2": "Suite 9", "postalCode": "123"}, "Suite 9\n123"),
        ({}, ""),
    ],
    ids=["sample", "street", "canada", "australia", "code", "parts", "empty"],
)
def test_formatted_address(address, expected):
    """An address is written out from its parts; an unknown subdivision by its code."""
    assert expected == derive.formatted_address(address)


@pytest.mark.parametrize(
    ("code", "country", "expected"),
    [
        ("WY", "US", "US-WY"),
        ("US-WY", "US", "US-WY"),
        ("WY", None, "WY"),
        ("Bavaria", "DE", "Bavaria"),
    ],
)
def test_subdivision(code, country, expected):
    """Only a bare code gets its country in front."""
    assert expected == derive.subdivision(code, country, Settings())
