"""Update Contact: what changes, what does not, and who is refused."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from sandbox.answers import ANN, BOB, MEG, client_of, code, violations

from contacttools.sandbox import Settings

NOBODY = "99999999-9999-4999-8999-999999999999"


def patch(client, info, *, revision=5, contact=ANN, **more):
    """Send an update, of Ann if no other is named."""
    body = {"info": info, "revision": revision, **more}
    return client.patch(f"/contacts/{contact}", json=body)


def updated(client, info, **more):
    """Send an update that succeeds, and give the contact's info."""
    answer = patch(client, info, **more)
    assert 200 == answer.status_code, answer.text
    return answer.json()["contact"]["info"]


def get(client, contact=ANN):
    """Give a contact."""
    return client.get(f"/contacts/{contact}").json()["contact"]


def emails(*texts):
    """Give an emails member."""
    return {"emails": {"items": [{"email": text} for text in texts]}}


def phones(*items):
    """Give a phones member."""
    return {"phones": {"items": list(items)}}


def test_one_field(client):
    """What is not sent stays; revision and date of the update move, the last activity does not."""
    before = get(client)
    after = patch(client, {"company": "Northwindel"}).json()["contact"]

    assert 6 == after["revision"]
    assert before["updatedDate"] < after["updatedDate"]
    assert {**before["info"], "company": "Northwindel"} == after["info"]
    same = set(before) - {"revision", "updatedDate", "info"}
    assert {key: before[key] for key in same} == {key: after[key] for key in same}
    assert get(client) == after


@pytest.mark.parametrize(
    "info",
    [{"emails": {}}, {"phones": {}}, {"labelKeys": {}}, {"extendedFields": {}}, {"name": {}}],
)
def test_empty_wrapper(client, info):
    """An empty wrapper changes nothing but the revision."""
    before = get(client)

    assert before["info"] == updated(client, info)
    assert 6 == get(client)["revision"]


@pytest.mark.parametrize("name", ["emails", "phones", "addresses", "labelKeys"])
@pytest.mark.parametrize("value", [{"items": []}, None, {"items": None}], ids=json.dumps)
def test_clear_list(client, name, value):
    """An empty list of items, and null, clear a list."""
    assert name not in updated(client, {name: value})


@pytest.mark.parametrize("name", ["company", "jobTitle", "birthdate", "locale"])
def test_clear_text(client, name):
    """Null clears a text."""
    assert name not in updated(client, {name: None})


def test_name_is_merged(client):
    """A name sent with one part keeps the other, null clears a part."""
    assert {"first": "Ann", "last": "New"} == updated(client, {"name": {"last": "New"}})["name"]
    assert {"first": "Ann"} == updated(client, {"name": {"last": None}}, revision=6)["name"]


def test_display_names_follow(client):
    """The display fields follow a new name in the same answer."""
    fields = updated(client, {"name": {"last": "New"}})["extendedFields"]["items"]

    assert "Ann New" == fields["contacts.displayByFirstName"]
    assert "New Ann" == fields["contacts.displayByLastName"]


def test_extended_fields_are_merged(client):
    """Extended fields not sent stay; empty text and null remove; system fields are ignored."""
    sent = {
        "custom.nickname": "",
        "custom.customer-number": 18,
        "custom.last-contacted": None,
        "contacts.displayByFirstName": "Somebody",
        "emailSubscriptions.subscriptionStatus": "UNSUBSCRIBED",
        "members.membershipStatus": "DENIED",
    }
    fields = updated(client, {"extendedFields": {"items": sent}})["extendedFields"]["items"]

    assert {"custom.customer-number": 18, "custom.website": "https://ann.example"} == {
        key: value for key, value in fields.items() if key.startswith("custom.")
    }
    assert "Ann Ashgrovely" == fields["contacts.displayByFirstName"]
    assert "SUBSCRIBED" == fields["emailSubscriptions.subscriptionStatus"]
    assert "members.membershipStatus" not in fields


def test_url_gets_a_protocol(client):
    """An address without protocol gets https in front."""
    sent = {"custom.website": "www.ann.example"}
    fields = updated(client, {"extendedFields": {"items": sent}})["extendedFields"]["items"]

    assert "https://www.ann.example" == fields["custom.website"]


def test_items_keep_known_ids(client):
    """An item keeps an id that its contact has; a foreign or repeated one gives a new one."""
    items = [
        {"id": "p2", "phone": "555 0102"},
        {"id": "p2", "phone": "555 0103"},
        {"id": "e1", "phone": "555 0104"},
        {"phone": "212-555-0101", "countryCode": "US"},
    ]
    ids = [one["id"] for one in updated(client, phones(*items))["phones"]["items"]]

    assert "p2" == ids[0]
    assert 4 == len(set(ids))
    assert {"p1", "e1"}.isdisjoint(ids)


def test_list_is_replaced(client):
    """A sent list replaces the whole list, in the order sent; other lists keep their ids."""
    before = get(client)["info"]
    after = updated(client, emails("b@example.com", "a@example.com"))

    assert ["b@example.com", "a@example.com"] == [one["email"] for one in after["emails"]["items"]]
    assert ["UNTAGGED"] * 2 == [one["tag"] for one in after["emails"]["items"]]
    assert before["phones"] == after["phones"]


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ([None, None], [True, False]),
        ([False, False], [True, False]),
        ([False, True], [False, True]),
        ([True, None], [True, False]),
    ],
    ids=str,
)
def test_primary(client, marks, expected):
    """One primary item moves the primary there, none makes the first primary."""
    items = [
        {"email": f"{number}@example.com", "primary": mark} for number, mark in enumerate(marks)
    ]
    contact = patch(client, {"emails": {"items": items}}).json()["contact"]

    assert expected == [one["primary"] for one in contact["info"]["emails"]["items"]]
    assert f"{expected.index(True)}@example.com" == contact["primaryInfo"]["email"]


def test_subscription_belongs_to_the_address(client):
    """Another primary e-mail has a status of its own, and the old one's comes back with it."""
    key = "emailSubscriptions.subscriptionStatus"
    moved = updated(client, emails("new@example.com"))["extendedFields"]["items"]
    back = updated(client, emails("ann@example.com"), revision=6)["extendedFields"]["items"]

    assert ("NOT_SET", "new@example.com") == (
        moved[key],
        moved["emailSubscriptions.effectiveEmail"],
    )
    assert "SUBSCRIBED" == back[key]


def test_no_email_no_subscription(client):
    """A contact without e-mail has no subscription fields."""
    fields = updated(client, {"emails": None})["extendedFields"]["items"]

    assert not [key for key in fields if key.startswith("emailSubscriptions.")]


def test_phone_text(client):
    """Ten bare digits of a valid American number get hyphens, everything else stays as sent."""
    sent = [
        ("6465676359", "US"),
        ("2421642341", "US"),
        ("(704)-454-1233", "US"),
        ("6465676359", None),
        ("097495550", "IL"),
    ]
    items = [{"phone": phone, "countryCode": country} for phone, country in sent]
    after = updated(client, phones(*items))["phones"]["items"]

    assert ["646-567-6359", "2421642341", "(704)-454-1233", "6465676359", "097495550"] == [
        one["phone"] for one in after
    ]
    assert ["+16465676359", None, "+17044541233", None, "+97297495550"] == [
        one.get("e164Phone") for one in after
    ]


def test_codes_are_normalised(client):
    """Locale in lower case, subdivision with its country, coordinates as numbers."""
    address = {
        "city": "Laramie",
        "subdivision": "WY",
        "country": "US",
        "geocode": {"latitude": "41.3", "longitude": -105},
        "countryFullname": "ignored",
    }
    after = updated(client, {"locale": "de-CH", "addresses": {"items": [{"address": address}]}})

    assert "de-ch" == after["locale"]
    stored = after["addresses"]["items"][0]["address"]
    assert "US-WY" == stored["subdivision"]
    assert {"latitude": 41.3, "longitude": -105} == stored["geocode"]
    assert "Laramie, Wyoming\nUnited States" == stored["formattedAddress"]
    assert "countryFullname" not in stored


def test_unknown_members_are_dropped(client):
    """Members that the API does not know are ignored beside ones that it does."""
    after = updated(client, {"company": "X", "colour": "red", "name": {"middle": "Q"}})

    assert "colour" not in after
    assert {"first": "Ann", "last": "Ashgrovely"} == after["name"]


def test_empty_parts(client):
    """Parts of an address and of a picture that hold nothing or are unknown are not stored."""
    address = {
        "streetAddress": {"apt": None},
        "city": "Ulm",
        "geocode": {"latitude": None},
        "planet": "Earth",
    }
    image = {"url": "https://example.com/a.png", "altText": None, "owner": "x"}
    info = updated(
        client,
        {"addresses": {"items": [{"address": address}]}, "picture": {"image": image}},
    )

    assert {"city": "Ulm", "formattedAddress": "Ulm"} == info["addresses"]["items"][0]["address"]
    assert {"image": {"url": "https://example.com/a.png"}} == info["picture"]


def refused(client, *, status_and_code, contact=ANN, revision=5, **request):
    """Assert that an update is refused and has changed nothing."""
    before = client.get(f"/contacts/{contact}").text
    answer = patch(client, request.pop("info"), contact=contact, revision=revision, **request)
    assert status_and_code == code(answer)
    assert before == client.get(f"/contacts/{contact}").text
    return answer.json()["details"]["applicationError"]


def test_insufficient_contact_data(still):
    """A contact cannot lose name, e-mail and phone together."""
    info = {"name": None, "emails": {"items": []}, "phones": None}
    refused(still, info=info, status_and_code=(400, "INSUFFICIENT_CONTACT_DATA"))


@pytest.mark.parametrize("info", [{}, {"colour": "red"}, None], ids=json.dumps)
def test_insufficient_update(still, info):
    """An update needs something to update."""
    refused(still, info=info, status_and_code=(400, "INSUFFICIENT_UPDATE_CONTACT_DATA"))


@pytest.mark.parametrize("kind", ["emails", "phones"])
def test_two_primaries(still, kind):
    """Two primary items in one list are refused."""
    text = {"emails": "email", "phones": "phone"}[kind]
    items = [{text: f"{number}", "primary": True} for number in range(2)]
    refused(
        still,
        info={kind: {"items": items}},
        status_and_code=(400, "CANNOT_HAVE_MULTIPLE_PRIMARY_INFO"),
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("custom.customer-number", "18"),
        ("custom.customer-number", True),
        ("custom.last-contacted", "2023-02-30"),
        ("custom.last-contacted", "1 May"),
        ("custom.last-contacted", 20230501),
        ("custom.website", 5),
        ("custom.website", "two words"),
        ("custom.nickname", 5),
        ("custom.nickname", ["Annie"]),
        ("custom.unheard-of", "x"),
        ("bare", "x"),
    ],
)
def test_invalid_extended_field(still, key, value):
    """A value must fit the type of its field, and the field must exist."""
    refused(
        still,
        info={"extendedFields": {"items": {key: value}}},
        status_and_code=(400, "INVALID_EXTENDED_FIELD_VALUE"),
    )


def test_not_found(still):
    """An unknown contact is 404, whatever the revision."""
    assert (404, "CONTACT_NOT_FOUND") == code(patch(still, {"company": "X"}, contact=NOBODY))


@pytest.mark.parametrize("revision", [4, 6, 0, -1, 2**80, 1e300])
def test_already_changed(still, revision):
    """Any other revision than the current one is refused, also a future one."""
    error = refused(
        still,
        info={"company": "X"},
        revision=revision,
        status_and_code=(409, "CONTACT_ALREADY_CHANGED"),
    )
    assert "Contact has been updated since the requested revision." == error["description"]
    assert {} == error["data"]


@pytest.mark.parametrize("email", ["bob@example.com", "BOB@Example.com"])
def test_duplicate_email(still, email):
    """An e-mail of another contact is refused, whatever its case."""
    error = refused(
        still,
        info=emails("ann@example.com", email),
        status_and_code=(409, "DUPLICATE_CONTACT_EXISTS"),
    )
    assert {"duplicateContactId": BOB, "duplicateEmail": email} == error["data"]


def test_duplicate_of_second_email(still):
    """Secondary e-mails of others count too."""
    refused(
        still,
        contact=BOB,
        revision=1,
        info=emails("ann.work@example.org"),
        status_and_code=(409, "DUPLICATE_CONTACT_EXISTS"),
    )


@pytest.mark.parametrize(
    "phone",
    [
        {"phone": "+44 20 7946 0001", "countryCode": "US"},
        {"phone": "02079460001", "countryCode": "GB"},
        {"phone": "(020) 7946-0001"},
    ],
    ids=lambda one: one["phone"],
)
def test_duplicate_phone(still, phone):
    """A phone of another contact is refused, by international form or by digits."""
    error = refused(still, info=phones(phone), status_and_code=(409, "DUPLICATE_CONTACT_EXISTS"))
    assert {"duplicateContactId": BOB, "duplicatePhone": phone["phone"]} == error["data"]


def test_phone_beside_email(client):
    """Phones are not compared in a request that gives e-mails."""
    taken = {"phone": "020 7946 0001", "countryCode": "GB"}

    assert 200 == patch(client, {**emails("ann@example.com"), **phones(taken)}).status_code


def test_allowed_duplicates(client):
    """With allowDuplicates nothing is compared."""
    assert 200 == patch(client, emails("bob@example.com"), allowDuplicates=True).status_code


def test_own_email_is_no_duplicate(client):
    """A contact's own e-mail is none, and neither is one that another has given up."""
    assert 200 == patch(client, emails("ANN@example.com")).status_code
    assert 200 == patch(client, emails("x@example.com"), contact=BOB, revision=1).status_code
    assert 200 == patch(client, emails("bob@example.com"), revision=6).status_code


@pytest.mark.parametrize(
    "info",
    [
        emails("other@example.net"),
        {"emails": None},
        {
            "emails": {
                "items": [{"email": "meg@example.net"}, {"email": "n@example.net", "primary": True}]
            }
        },
    ],
    ids=["other", "none", "moved"],
)
def test_member_email(still, info):
    """The primary e-mail of a member cannot be changed here."""
    refused(
        still,
        contact=MEG,
        revision=2,
        info=info,
        status_and_code=(428, "CANNOT_UPDATE_MEMBER_EMAIL"),
    )


def test_member_other_fields(client):
    """A member's secondary e-mails, and all else, may change."""
    info = {**emails("meg@example.net", "new@example.net"), "company": "X"}

    assert 200 == patch(client, info, contact=MEG, revision=2).status_code


def test_order_of_checks(still):
    """Types, existence, revision, data rules, member rule, duplicates: the first decides."""
    two = {"emails": {"items": [{"email": "a", "primary": True}, {"email": "b", "primary": True}]}}

    assert violations(patch(still, {"company": 5}, contact=NOBODY))
    assert (409, "CONTACT_ALREADY_CHANGED") == code(patch(still, two, revision=4))
    assert (409, "CONTACT_ALREADY_CHANGED") == code(patch(still, {}, revision=4))
    taken = emails("bob@example.com")
    assert 428 == code(patch(still, taken, contact=MEG, revision=2))[0]
    assert 400 == code(patch(still, two, contact=MEG, revision=2))[0]


@pytest.mark.parametrize("revision", ["5", 5.5, True, None, [5]], ids=repr)
def test_revision_is_an_integer(still, revision):
    """The revision must be a JSON integer."""
    answer = patch(still, {"company": "X"}, revision=revision)

    assert [("revision", "TYPE")] == violations(answer)
    assert 5 == get(still)["revision"]


def test_revision_with_a_point(client):
    """5.0 is the number 5, as it is for every reader of JSON."""
    assert 6 == patch(client, {"company": "X"}, revision=5.0).json()["contact"]["revision"]


def test_revision_is_required(still):
    """The revision must be there."""
    answer = still.patch(f"/contacts/{ANN}", json={"info": {"company": "X"}})

    assert [("revision", "TYPE")] == violations(answer)


@pytest.mark.parametrize(
    ("info", "field", "rule"),
    [
        ({"name": {"first": "x" * 1001}}, "info.name.first", "MAX_LENGTH"),
        ({"name": "Ann"}, "info.name", "TYPE"),
        ({"company": ["x"]}, "info.company", "TYPE"),
        ({"jobTitle": "x" * 1001}, "info.jobTitle", "MAX_LENGTH"),
        ({"birthdate": "1980-02-30"}, "info.birthdate", "FORMAT"),
        ({"birthdate": "25.04.1980"}, "info.birthdate", "FORMAT"),
        ({"birthdate": "1980-4-25"}, "info.birthdate", "FORMAT"),
        ({"locale": "en_US"}, "info.locale", "FORMAT"),
        ({"emails": []}, "info.emails", "TYPE"),
        ({"emails": {"items": {}}}, "info.emails.items", "TYPE"),
        ({"emails": {"items": [None]}}, "info.emails.items", "TYPE"),
        ({"emails": {"items": [{}]}}, "info.emails.items.email", "REQUIRED"),
        (emails(""), "info.emails.items.email", "MIN_LENGTH"),
        (emails("x" * 321), "info.emails.items.email", "MAX_LENGTH"),
        (emails(*["x"] * 51), "info.emails.items", "MAX_SIZE"),
        (phones({"phone": "x" * 51}), "info.phones.items.phone", "MAX_LENGTH"),
        (phones({"phone": "1", "tag": "CAR"}), "info.phones.items.tag", "ENUM"),
        (phones({"phone": "1", "countryCode": "UK"}), "info.phones.items.countryCode", "FORMAT"),
        (phones({"phone": "1", "countryCode": "us"}), "info.phones.items.countryCode", "FORMAT"),
        (phones({"phone": "1", "primary": "yes"}), "info.phones.items.primary", "TYPE"),
        (phones({"phone": 1}), "info.phones.items.phone", "TYPE"),
        (
            {"addresses": {"items": [{"address": {"addressLine": "a", "streetAddress": {}}}]}},
            "info.addresses.items.address",
            "ONE_OF",
        ),
        (
            {"addresses": {"items": [{"address": {"geocode": {"latitude": "nan"}}}]}},
            "info.addresses.items.address.geocode.latitude",
            "TYPE",
        ),
        (
            {"addresses": {"items": [{"address": {"geocode": {"longitude": 10**400}}}]}},
            "info.addresses.items.address.geocode.longitude",
            "RANGE",
        ),
        ({"labelKeys": {"items": ["custom.none"]}}, "info.labelKeys", "CUSTOM"),
        ({"locations": {"items": ["here"]}}, "info.locations.items", "FORMAT"),
        ({"extendedFields": {"items": []}}, "info.extendedFields.items", "TYPE"),
        ({"picture": {"image": "wix:image://x"}}, "info.picture.image", "TYPE"),
    ],
    ids=lambda value: None if isinstance(value, dict) else value,
)
def test_limits(still, info, field, rule):
    """Each type and limit is enforced, naming the field, and nothing changes."""
    before = get(still)

    assert [(field, rule)] == violations(patch(still, info))
    assert before == get(still)


def test_all_violations_are_named(still):
    """One answer names every violated field."""
    answer = patch(still, {"company": 5, "jobTitle": 6})

    assert [("info.company", "TYPE"), ("info.jobTitle", "TYPE")] == violations(answer)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"text"',
        b'{"revision": 5, "info": {"company": NaN}}',
        b'{"revision": 5, "info": {"company": 1e999}}',
        b'{"revision": 5, "info": {"company": "\\u0000"}}',
        b'{"revision": 5, "info": {"company": "\\ud800"}}',
        b'{"revision": 5, "info": {"company": "\xff"}}',
        b'{"revision": 5, "info": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"revision": 5, "info": ' + b'{"a":' * 200 + b"1" + b"}" * 201,
        b'{"revision": 5' + b"0" * 5_000 + b', "info": {}}',
    ],
    ids=[
        "cut",
        "list",
        "text",
        "nan",
        "inf",
        "nul",
        "surrogate",
        "latin",
        "deep",
        "nested",
        "long",
    ],
)
def test_bad_bodies(still, body):
    """What is not sound JSON of sane depth is a 400 with an envelope, and nothing changes."""
    before = get(still)
    answer = still.patch(f"/contacts/{ANN}", content=body)

    assert 400 == answer.status_code
    assert {"message", "details"} == set(answer.json())
    assert before == get(still)


def test_huge_body(still):
    """A body above the limit is 413, and the connection goes on."""
    body = b'{"info": "' + b"x" * (5 * 1024 * 1024) + b'"}'

    assert (413, "PAYLOAD_TOO_LARGE") == code(still.patch(f"/contacts/{ANN}", content=body))
    assert 5 == get(still)["revision"]


@pytest.mark.parametrize("member", ["info", "allowDuplicates"])
def test_body_types(still, member):
    """Members of the body itself must have their types."""
    body = {"info": {"company": "X"}, "revision": 5, member: "yes"}

    assert [(member, "TYPE")] == violations(still.patch(f"/contacts/{ANN}", json=body))


def test_repeated_id_in_body(client):
    """The id in the path wins over one in the body."""
    assert 200 == patch(client, {"company": "X"}, contactId=BOB).status_code
    assert 1 == get(client, BOB)["revision"]


def test_one_writer_a_revision(server):
    """Of many who update at once, exactly one succeeds at each revision, and no one sees a 500."""

    def edit(number):
        answers = []
        with client_of(server) as client:
            for count in range(10):
                revision = get(client)["revision"]
                answer = patch(client, {"company": f"{number}-{count}"}, revision=revision)
                answers.append((answer.status_code, answer.json()))
        return answers

    with ThreadPoolExecutor(8) as pool:
        answers = [answer for some in pool.map(edit, range(8)) for answer in some]

    won = sorted(body["contact"]["revision"] for status, body in answers if status == 200)
    assert {200, 409} >= {status for status, _ in answers}
    assert list(range(6, 6 + len(won))) == won
    history = server.store.history(ANN)
    assert won == [one["revision"] for one in history]
    assert history[-1] == server.store.contact(ANN)


@pytest.mark.parametrize(
    ("settings", "info", "shown"),
    [
        (
            Settings(reformat_phones=False),
            phones({"phone": "6465676359", "countryCode": "US"}),
            lambda info: "6465676359" == info["phones"]["items"][0]["phone"],
        ),
        (
            Settings(merge_extended_fields=False),
            {"extendedFields": {"items": {"custom.nickname": "A"}}},
            lambda info: "custom.website" not in info["extendedFields"]["items"],
        ),
        (
            Settings(merge_names=False),
            {"name": {"last": "New"}},
            lambda info: {"last": "New"} == info["name"],
        ),
        (
            Settings(keep_item_ids=False),
            phones({"id": "p1", "phone": "1"}),
            lambda info: "p1" != info["phones"]["items"][0]["id"],
        ),
        (
            Settings(null_clears=False),
            {"company": None, "emails": None, "name": {"last": None}},
            lambda info: "emails" in info and "company" in info and "last" in info["name"],
        ),
        (
            Settings(keep_empty_fields=True),
            {"extendedFields": {"items": {"custom.nickname": ""}}},
            lambda info: "" == info["extendedFields"]["items"]["custom.nickname"],
        ),
        (
            Settings(normalise_codes=False),
            {"locale": "en-GB"},
            lambda info: "en-GB" == info["locale"],
        ),
        (
            Settings(all_emails_collide=False),
            emails("x@example.com", "meg2@example.net"),
            lambda info: 2 == len(info["emails"]["items"]),
        ),
        (
            Settings(effective_email=False),
            {"company": "X"},
            lambda info: "emailSubscriptions.effectiveEmail" not in info["extendedFields"]["items"],
        ),
    ],
    ids=["reformat", "fields", "names", "ids", "null", "empty", "codes", "collide", "effective"],
)
def test_settings(sandbox, settings, info, shown):
    """Each switch gives the other reading of an open point."""
    assert shown(updated(sandbox(settings), info))


def test_settings_around_info(sandbox):
    """Activity, membership and the counting of empty updates can be switched too."""
    moving = sandbox(Settings(activity_on_update=True, show_membership=False))
    contact = patch(moving, {"company": "X"}).json()["contact"]
    resting = sandbox(Settings(count_empty_updates=False))

    assert "GENERAL" == contact["lastActivity"]["activityType"]
    assert "members.membershipStatus" not in json.dumps(get(moving, MEG))
    assert 5 == patch(resting, {"company": "Larkfield"}).json()["contact"]["revision"]
    assert 6 == patch(resting, {"company": "X"}).json()["contact"]["revision"]
