"""Contacts, one at a time: what the SDK sends is understood, and what it gives back is its own."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sandbox.answers import ANN, BOB, MEG
from sandbox.test_replay import ADDED, ANSWER
from sdk.speaking import Sdk

from contacttools.sandbox import start

UPDATE = "contacts.updateContact(id, info, revision)"
CREATE = "contacts.createContact(info)"


EXAMPLES = Path(__file__).parents[1] / "examples"


def example(kind):
    """Give the documented request or response, in the SDK's own shape."""
    return json.loads((EXAMPLES / f"crm-v2.update.{kind}.json").read_text(encoding="utf-8"))


@pytest.fixture
def john(tmp_path, node):
    """The SDK over a site with the person of the documented sample, as before the sample."""
    before = copy.deepcopy(ANSWER)
    before["revision"] = 16
    before["info"]["phones"]["items"].remove(ADDED)
    path = tmp_path / "people.ndjson"
    path.write_text(json.dumps(before), encoding="utf-8")
    with start(people_file=path) as server:
        yield Sdk(node, server)


@pytest.mark.parametrize(
    "code",
    [
        "contacts.updateContact(contactId, info, revision, options)",
        """
        client.enableContext("global");
        return crm.contacts.updateContact(contactId, info, revision, options);
        """,
        """
        const bound = client.use(crm.contacts.updateContact);
        return bound(contactId, info, revision, options);
        """,
    ],
    ids=["client", "context", "use"],
)
def test_the_documented_call(john, code):
    """The documented arguments give the documented answer, by each way to call the function."""
    sample, expected = example("request"), example("response")
    answer = john(code, **{**sample, "revision": 16, "options": {"allowDuplicates": False}})

    contact, same = answer["contact"], expected["contact"]
    for part, date in ((same, "_createdDate"), (same["lastActivity"], "activityDate")):
        part[date] = datetime.fromisoformat(part[date])
    # What a sample cannot fix: the time of the update, and the ids of the phones that it sends.
    assert contact["_createdDate"] < contact["_updatedDate"]
    same["_updatedDate"] = contact["_updatedDate"]
    phones = [one["info"]["phones"]["items"] for one in (same, contact)]
    for before, after in zip(*phones, strict=True):
        before["_id"] = after["_id"]
    # This one is stated to be there, and missing in the sample.
    fields = same["info"]["extendedFields"]["items"]
    fields["emailSubscriptions.effectiveEmail"] = "johndoe1@example.com"
    assert expected == answer


def test_the_documented_call_without_options(john):
    """The last argument may be left out, and the answer is the contact as it then is."""
    code = "contacts.updateContact(contactId, info, revision)"
    answer = john(code, **{**example("request"), "revision": 16})

    assert 17 == answer["contact"]["revision"]
    assert answer["contact"] == john("contacts.getContact(id)", id=ANSWER["id"])


def test_the_documented_errors_are_caught(john):
    """The sample's own revision is not the contact's, and what is thrown can be caught."""
    code = """
        try {
            return await contacts.updateContact(contactId, info, revision);
        } catch (error) {
            return [error.status, error.details.applicationError.code];
        }
    """

    assert [409, "CONTACT_ALREADY_CHANGED"] == john(code, **example("request"))


def test_get(still):
    """A contact comes unwrapped, with the SDK's names and dates."""
    contact = still("contacts.getContact(id)", id=ANN)

    assert ANN == contact["_id"]
    assert datetime(2021, 3, 1, 10, tzinfo=UTC) == contact["_createdDate"]
    assert datetime(2022, 3, 1, 10, tzinfo=UTC) == contact["_updatedDate"]
    assert datetime(2021, 3, 2, 10, tzinfo=UTC) == contact["lastActivity"]["activityDate"]
    assert ["e1", "e2"] == [one["_id"] for one in contact["info"]["emails"]["items"]]
    assert [
        {
            "tag": "HOME",
            "address": {
                "addressLine1": "1 Elm Avenue",
                "city": "Springfield",
                "subdivision": "US-IL",
                "country": "US",
                "postalCode": "62701",
                "formatted": "1 Elm Avenue\nSpringfield, Illinois 62701\nUnited States",
            },
            "_id": "a1",
        }
    ] == contact["info"]["addresses"]["items"]


@pytest.mark.parametrize(
    ("options", "members"),
    [
        ({"fields": ["info.name", "createdDate"]}, {"_createdDate", "info"}),
        ({"fieldsets": ["BASIC"]}, {"primaryInfo", "info"}),
        ({"fields": ["source"], "fieldsets": ["BASIC"]}, {"primaryInfo", "info", "source"}),
    ],
    ids=["fields", "fieldsets", "both"],
)
def test_get_some_members(still, options, members):
    """Fields and fieldsets cut the contact down; id and revision always come."""
    contact = still("contacts.getContact(id, options)", id=ANN, options=options)

    assert {"_id", "revision", *members} == set(contact)
    assert {"name": {"first": "Ann", "last": "Ashgrovely"}} == contact["info"]


def test_list(still):
    """A list takes sort, paging and fieldsets, and tells how many there are."""
    options = {
        "sort": {"fieldName": "info.name.first", "order": "DESC"},
        "paging": {"limit": 2, "offset": 1},
        "fieldsets": ["BASIC"],
    }
    answer = still("contacts.listContacts(options)", options=options)

    assert [BOB, ANN] == [one["_id"] for one in answer["contacts"]]
    assert {"primaryInfo", "info", "_id", "revision"} == set(answer["contacts"][0])
    assert {"count": 2, "offset": 1, "total": 3, "tooManyToCount": False} == answer[
        "pagingMetadata"
    ]


def test_list_sorted_by_date(still):
    """The SDK's own name of a date is renamed in a sort."""
    options = {"sort": {"fieldName": "_createdDate", "order": "DESC"}}
    answer = still("contacts.listContacts(options)", options=options)

    assert [MEG, BOB, ANN] == [one["_id"] for one in answer["contacts"]]


def test_list_everything(still):
    """A list needs no options."""
    assert 3 == len(still("contacts.listContacts()")["contacts"])


def test_create(sdk):
    """A new contact comes wrapped, has what was sent, and can be read back."""
    info = {
        "name": {"first": "Zoe", "last": "Zimmerley"},
        "emails": {"items": [{"email": "zoe@example.com", "tag": "WORK"}]},
        "phones": {"items": [{"phone": "2125550177", "countryCode": "US"}]},
        "birthdate": "1990-02-28",
        "labelKeys": {"items": ["custom.vip"]},
        "extendedFields": {"items": {"custom.customer-number": 7.5}},
    }
    contact = sdk(CREATE, info=info)["contact"]

    assert 1 == contact["revision"]
    assert contact["_createdDate"] == contact["_updatedDate"]
    assert {"email": "zoe@example.com", "phone": "212-555-0177"} == contact["primaryInfo"]
    assert "+12125550177" == contact["info"]["phones"]["items"][0]["e164Phone"]
    assert 7.5 == contact["info"]["extendedFields"]["items"]["custom.customer-number"]
    assert contact == sdk("contacts.getContact(id)", id=contact["_id"])


def test_address(sdk):
    """Addresses go and come by the SDK's names for their members."""
    address = {
        "addressLine1": "1 High Street",
        "addressLine2": "Flat 2",
        "city": "London",
        "country": "GB",
        "postalCode": "N1 1AA",
        "location": {"latitude": 51.5, "longitude": -0.25},
    }
    info = {"addresses": {"items": [{"tag": "SHIPPING", "address": address}]}}
    items = sdk(UPDATE, id=BOB, info=info, revision=1)["contact"]["info"]["addresses"]["items"]

    formatted = "1 High Street\nFlat 2\nLondon, N1 1AA\nUnited Kingdom"
    assert [{**address, "formatted": formatted}] == [one["address"] for one in items]
    assert "SHIPPING" == items[0]["tag"]
    assert "_id" in items[0]


def test_street_address(sdk):
    """A street may be given in parts, and an address as it is to be written."""
    address = {
        "streetAddress": {"number": "5", "name": "Elm Road", "apt": "3"},
        "city": "Ulm",
        "formatted": "At the corner",
    }
    info = {"addresses": {"items": [{"address": address}]}}
    contact = sdk(UPDATE, id=BOB, info=info, revision=1)["contact"]

    assert address == contact["info"]["addresses"]["items"][0]["address"]


@pytest.mark.parametrize(
    "picture",
    [
        "wix:image://v1/11062b_abc.jpg/my%20cat.jpg#originWidth=120&originHeight=80",
        "https://images.example.com/me.png",
    ],
    ids=["media", "url"],
)
def test_picture(sdk, picture):
    """A picture comes back as the text that was sent, from the update and from a later reading."""
    info = {"picture": {"image": picture}}

    updated = sdk(UPDATE, id=BOB, info=info, revision=1)["contact"]
    assert info["picture"] == updated["info"]["picture"]
    assert updated == sdk("contacts.getContact(id)", id=BOB)


def test_null_clears(sdk):
    """Members sent as null are gone afterwards; what was not sent stays."""
    info = {
        "name": {"last": None},
        "company": None,
        "emails": None,
        "phones": {"items": []},
        "addresses": {},
        "extendedFields": {"items": {"custom.nickname": None}},
    }
    before = sdk("contacts.getContact(id)", id=ANN)["info"]
    after = sdk(UPDATE, id=ANN, info=info, revision=5)["contact"]

    assert "primaryInfo" not in after
    assert {"first": "Ann"} == after["info"]["name"]
    assert set(before) - {"company", "emails", "phones"} == set(after["info"])
    assert before["addresses"] == after["info"]["addresses"]
    fields = after["info"]["extendedFields"]["items"]
    assert "custom.nickname" not in fields
    assert 17 == fields["custom.customer-number"]


def test_undefined_is_not_sent(sdk):
    """A member that is undefined is one that was not sent."""
    code = 'contacts.updateContact(id, { company: undefined, jobTitle: "Chief" }, 5)'
    info = sdk(code, id=ANN)["contact"]["info"]

    assert ("Larkfield", "Chief") == (info["company"], info["jobTitle"])


def test_items_keep_their_ids(sdk):
    """An item that is sent with the id it has keeps it; one without gets a new one."""
    code = """
        const { info, revision } = await contacts.getContact(id);
        info.emails.items.push({ email: "ann.third@example.com" });
        return contacts.updateContact(id, { emails: info.emails }, revision);
    """
    items = sdk(code, id=ANN)["contact"]["info"]["emails"]["items"]

    assert ["e1", "e2"] == [one["_id"] for one in items[:2]]
    assert items[2]["_id"] not in {"e1", "e2"}
    assert [True, False, False] == [one["primary"] for one in items]


def test_a_whole_contact_can_be_sent_back(sdk):
    """The `info` that was read can be sent as it is, and changes nothing but the revision."""
    code = """
        const contact = await contacts.getContact(id);
        const answer = await contacts.updateContact(id, structuredClone(contact.info), 5);
        return [contact, answer.contact];
    """
    before, after = sdk(code, id=ANN)

    assert before["info"] == after["info"]
    assert (5, 6) == (before["revision"], after["revision"])


def test_revisions(sdk):
    """Each update needs the revision of the one before and gives the next."""
    code = """
        const seen = [];
        let { revision } = await contacts.getContact(id);
        for (const company of ["A", "B", "C"]) {
            seen.push(revision);
            ({ revision } = (await contacts.updateContact(id, { company }, revision)).contact);
        }
        return [...seen, revision, (await contacts.getContact(id)).revision];
    """

    assert [5, 6, 7, 8, 8] == sdk(code, id=ANN)


def test_one_of_two_writers(sdk):
    """Of two updates at once from the same revision one lands, and the other is told."""
    code = """
        const companies = ["A", "B"];
        const update = (company) => contacts.updateContact(id, { company }, 5);
        const settled = await Promise.allSettled(companies.map(update));
        const [won] = settled.filter(({ status }) => status === "fulfilled");
        const [lost] = settled.filter(({ status }) => status === "rejected");
        return [won.value.contact, lost.reason.details.applicationError.code];
    """
    won, lost = sdk(code, id=ANN)

    assert "CONTACT_ALREADY_CHANGED" == lost
    assert won == sdk("contacts.getContact(id)", id=ANN)


@pytest.mark.parametrize(
    "info",
    [
        {"emails": {"items": [{"email": "ANN@example.com"}]}},
        {"phones": {"items": [{"phone": "(212) 555-0101", "countryCode": "US"}]}},
    ],
    ids=["email", "phone"],
)
def test_allow_duplicates(sdk, info):
    """What another contact has is refused, and taken if duplicates are allowed."""
    update = f"contacts.updateContact('{BOB}', info, 1"
    create = "contacts.createContact(info"

    for call in (update, create):
        data = sdk.error(f"{call})", info=info)["details"]["applicationError"]["data"]
        assert ANN == data["duplicateContactId"]
        contact = sdk(f"{call}, {{ allowDuplicates: true }})", info=info)["contact"]
        assert ANN != contact["_id"]


def test_a_client_reads_its_own_writes(sdk):
    """What an update did is what get, list and query then give."""
    code = """
        const { contact } = await contacts.updateContact(id, { company: "Newly" }, 5);
        const [listed] = (await contacts.listContacts()).contacts;
        const { items } = await contacts.queryContacts().eq("info.company", "Newly").find();
        return [contact, await contacts.getContact(id), listed, items[0]];
    """
    updated, *others = sdk(code, id=ANN)

    assert [updated] * 3 == others
