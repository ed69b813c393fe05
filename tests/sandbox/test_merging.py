"""Merge Contacts and its preview: what the target becomes, and what is left of the sources."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox.answers import ANN, BOB, MEG, code, refused, state, violations

from contacttools.sandbox import Settings
from contacttools.sandbox.rules.amend import Context
from contacttools.sandbox.rules.contact import create
from contacttools.sandbox.rules.merging import merged

NOBODY = "99999999-9999-4999-8999-999999999999"


def merge(client, target, *sources, revision=None):
    """Merge contacts, by the target's current revision if no other is named."""
    if revision is None:
        revision = client.get(f"/contacts/{target}").json()["contact"]["revision"]
    body = {"targetContactRevision": revision, "sourceContactIds": list(sources)}
    return client.post(f"/contacts/{target}/merge", json=body)


def preview(client, target, *sources):
    """Ask what a merge would give."""
    body = {"sourceContactIds": list(sources)}
    return client.post(f"/contacts/{target}/preview-merge", json=body)


def create_contact(client, **info):
    """Create a contact and give its id."""
    answer = client.post("/contacts", json={"info": info, "allowDuplicates": True})
    assert 200 == answer.status_code, answer.text
    return answer.json()["contact"]["id"]


def items(*texts, kind="email"):
    """Give the wrapper of a list."""
    return {"items": [{kind: text} for text in texts]}


def texts(contact, kind):
    """Give the texts of a list, the primary one with a star."""
    found = contact["info"].get(f"{kind}s", {}).get("items", [])
    return [one[kind] + "*" * one["primary"] for one in found]


def test_merge(client):
    """Lists grow, empty fields are filled, nothing of the target changes, the revision counts."""
    before = client.get(f"/contacts/{BOB}").json()["contact"]
    answer = merge(client, BOB, ANN)
    after = answer.json()["contact"]
    info = after["info"]

    assert {"contact"} == set(answer.json())
    assert after == client.get(f"/contacts/{BOB}").json()["contact"]
    assert ["bob@example.com*", "ann@example.com", "Ann.Work@example.org"] == texts(after, "email")
    assert ["020 7946 0001*", "212-555-0101", "555 0102"] == texts(after, "phone")
    assert ["custom.vip", "custom.press"] == info["labelKeys"]["items"]
    assert ["1 Elm Avenue"] == [one["address"]["addressLine"] for one in info["addresses"]["items"]]
    assert before["info"]["name"] == info["name"]
    assert ("Larkfield", "Buyer", "1980-04-25") == (
        info["company"],
        info["jobTitle"],
        info["birthdate"],
    )
    fields = info["extendedFields"]["items"]
    assert (42, "Annie") == (fields["custom.customer-number"], fields["custom.nickname"])
    assert "Bob Bramwickson" == fields["contacts.displayByFirstName"]
    assert "NOT_SET" == fields["emailSubscriptions.subscriptionStatus"]
    assert before["primaryInfo"] == after["primaryInfo"]
    assert 2 == after["revision"]
    assert {"activityDate": after["updatedDate"], "activityType": "CONTACT_MERGED"} == (
        after["lastActivity"]
    )
    same = ("id", "createdDate", "source")
    assert [before[key] for key in same] == [after[key] for key in same]


def test_same_items(client):
    """E-mails compare without case, phones by international form, else by digits."""
    target = create_contact(
        client,
        emails=items("kim@example.com"),
        phones={"items": [{"phone": "212-555-0199", "countryCode": "US"}, {"phone": "555 0111"}]},
    )
    source = create_contact(
        client,
        emails=items("KIM@example.com", "kim@example.org"),
        phones={
            "items": [
                {"phone": "+1 (212) 555 0199", "countryCode": "US"},
                {"phone": "(555) 0111"},
                {"phone": "555 0112"},
            ]
        },
    )
    after = merge(client, target, source).json()["contact"]

    assert ["kim@example.com*", "kim@example.org"] == texts(after, "email")
    assert ["212-555-0199*", "555 0111", "555 0112"] == texts(after, "phone")


def test_same_address(client):
    """An address with the same parts is not appended, one with other parts is."""
    home = {"address": {"addressLine": "1 Oak Lane", "city": "Ulm"}}
    other = {"address": {"addressLine": "2 Oak Lane", "city": "Ulm"}}
    target = create_contact(client, name={"first": "Kim"}, addresses={"items": [home]})
    twice = {"items": [{**home, "tag": "WORK"}, other]}
    source = create_contact(client, name={"first": "Kim"}, addresses=twice)
    after = merge(client, target, source).json()["contact"]

    lines = [one["address"]["addressLine"] for one in after["info"]["addresses"]["items"]]
    assert ["1 Oak Lane", "2 Oak Lane"] == lines


def test_first_source_first(client):
    """The first source fills what is empty, parts of a name each, and its items come first."""
    target = create_contact(client, name={"first": "Kim"})
    one = create_contact(client, name={"first": "K."}, emails=items("a@example.com"), company="A")
    two = create_contact(client, name={"last": "Karlsen"}, emails=items("b@example.com"))
    three = create_contact(client, name={"last": "Other"}, company="C", jobTitle="Clerk")
    after = merge(client, target, one, two, three).json()["contact"]

    assert {"first": "Kim", "last": "Karlsen"} == after["info"]["name"]
    assert ("A", "Clerk") == (after["info"]["company"], after["info"]["jobTitle"])
    assert ["a@example.com*", "b@example.com"] == texts(after, "email")
    fields = after["info"]["extendedFields"]["items"]
    assert "Kim Karlsen" == fields["contacts.displayByFirstName"]


def test_subscriptions_follow_their_address(client):
    """Whoever subscribed with an address still has when it becomes the primary one of another."""
    after = merge(client, BOB, ANN).json()["contact"]
    moved = [{**one, "primary": False} for one in after["info"]["emails"]["items"]]
    moved[1]["primary"] = True
    body = {"info": {"emails": {"items": moved}}, "revision": 2}
    contact = client.patch(f"/contacts/{BOB}", json=body).json()["contact"]

    assert "ann@example.com" == contact["primaryInfo"]["email"]
    fields = contact["info"]["extendedFields"]["items"]
    assert "SUBSCRIBED" == fields["emailSubscriptions.subscriptionStatus"]


def test_own_subscription_stays(client):
    """A source with the same primary address does not change the target's subscription."""
    source = create_contact(client, emails=items("ANN@example.com"))
    fields = merge(client, ANN, source).json()["contact"]["info"]["extendedFields"]["items"]

    assert "SUBSCRIBED" == fields["emailSubscriptions.subscriptionStatus"]


def test_sources_are_gone(client):
    """Only Get knows a merged id, and answers the target; all other calls say it is not there."""
    after = merge(client, BOB, ANN).json()["contact"]

    assert {"contact": after, "responseType": "MERGED"} == client.get(f"/contacts/{ANN}").json()
    found = client.post("/contacts/query", json={"query": {"filter": {"id": ANN}}}).json()
    assert [] == found["contacts"]
    edit = {"info": {"company": "X"}, "revision": 5}
    answers = [
        client.patch(f"/contacts/{ANN}", json=edit),
        client.delete(f"/contacts/{ANN}"),
        client.post(f"/contacts/{ANN}/labels", json={"labelKeys": ["custom.vip"]}),
        merge(client, ANN, MEG, revision=5),
        merge(client, MEG, ANN),
        preview(client, MEG, ANN),
    ]
    assert [(404, "CONTACT_NOT_FOUND")] * 6 == [code(answer) for answer in answers]


def test_merged_chain(client):
    """A merged id leads to the last target of a chain, until that is deleted."""
    merge(client, BOB, ANN)
    merge(client, MEG, BOB)

    for contact_id in (ANN, BOB):
        answer = client.get(f"/contacts/{contact_id}").json()
        assert (MEG, "MERGED") == (answer["contact"]["id"], answer["responseType"])


def test_deleted_target(client):
    """When the target is deleted, a merged id leads nowhere."""
    merge(client, BOB, ANN)
    client.delete(f"/contacts/{BOB}")

    assert (404, "CONTACT_NOT_FOUND") == code(client.get(f"/contacts/{ANN}"))


def test_addresses_are_the_targets(client):
    """The addresses of a source are afterwards the target's, against others too."""
    merge(client, BOB, ANN)
    answer = client.post("/contacts", json={"info": {"emails": items("ann@example.com")}})

    assert (409, "DUPLICATE_CONTACT_EXISTS") == code(answer)
    assert BOB == answer.json()["details"]["applicationError"]["data"]["duplicateContactId"]


def test_member_as_target(client):
    """A member can be the target, and keeps its primary e-mail and membership."""
    after = merge(client, MEG, ANN).json()["contact"]

    assert "meg@example.net" == after["primaryInfo"]["email"]
    fields = after["info"]["extendedFields"]["items"]
    assert "APPROVED" == fields["members.membershipStatus"]
    assert (428, "CANNOT_DELETE_MEMBER") == code(client.delete(f"/contacts/{MEG}"))


def test_preview(server, client):
    """A preview answers what the merge would, and stores nothing."""
    before = state(server)
    seen = preview(client, BOB, ANN)

    assert before == state(server)
    expected, actual = seen.json()["contact"], merge(client, BOB, ANN).json()["contact"]
    for contact in (expected, actual):
        del contact["updatedDate"], contact["lastActivity"]["activityDate"]
    assert {"contact"} == set(seen.json())
    assert expected == actual


def test_stale_target(server, client):
    """Any other revision of the target than the current one is refused."""
    before = state(server)

    for revision in (0, 2):
        assert (428, "FAILED_PRECONDITION") == code(merge(client, BOB, ANN, revision=revision))
    assert before == state(server)


@pytest.mark.parametrize("send", [merge, preview])
def test_refused_sources(server, client, send):
    """A member, a contact that may not be deleted, the target and a repeated one are no sources."""
    server.forbid_deletion(BOB, "CANNOT_DELETE_CONTACT_WITH_BILLING_SUBSCRIPTION")
    before = state(server)

    assert (428, "FAILED_PRECONDITION") == code(send(client, ANN, MEG))
    assert (428, "FAILED_PRECONDITION") == code(send(client, ANN, BOB))
    assert (400, "ILLEGAL_MERGE") == code(send(client, ANN, BOB, ANN))
    assert (400, "ILLEGAL_MERGE") == code(send(client, ANN, BOB, BOB))
    assert (404, "CONTACT_NOT_FOUND") == code(send(client, ANN, BOB, NOBODY))
    assert before == state(server)


def test_unknown_target(client):
    """An unknown target is 404."""
    assert (404, "CONTACT_NOT_FOUND") == code(merge(client, NOBODY, ANN, revision=1))
    assert (404, "CONTACT_NOT_FOUND") == code(preview(client, NOBODY, ANN))


def test_too_long_a_list(server, client):
    """A merge that would not fit on the target is refused: nothing is left out in silence."""
    one, two = (
        create_contact(client, emails=items(*(f"{name}{n}@example.com" for n in range(26))))
        for name in "ab"
    )
    before = state(server)

    assert (428, "FAILED_PRECONDITION") == code(merge(client, one, two))
    assert (428, "FAILED_PRECONDITION") == code(preview(client, one, two))
    assert before == state(server)


@pytest.mark.parametrize("path", ["merge", "preview-merge"])
@pytest.mark.parametrize(
    ("value", "rule"),
    [(None, "MIN_SIZE"), ([], "MIN_SIZE"), ([BOB] * 6, "MAX_SIZE"), (BOB, "TYPE"), ([1], "TYPE")],
    ids=["none", "empty", "many", "text", "number"],
)
def test_source_limits(server, client, path, value, rule):
    """There must be 1 to 5 sources, all text."""
    before = state(server)
    body = {"targetContactRevision": 5, "sourceContactIds": value}
    answer = client.post(f"/contacts/{ANN}/{path}", json=body)

    assert [("sourceContactIds", rule)] == violations(answer)
    assert before == state(server)


@pytest.mark.parametrize("revision", [None, "5", 5.5, True])
def test_revision_type(client, revision):
    """The revision of the target must be sent, as an integer."""
    body = {"targetContactRevision": revision, "sourceContactIds": [BOB]}

    assert [("targetContactRevision", "TYPE")] == violations(
        client.post(f"/contacts/{ANN}/merge", json=body)
    )


@pytest.mark.parametrize("path", ["merge", "preview-merge"])
def test_permission(server, path):
    """Merging needs a scope that manages contacts."""
    assert [(401, "UNAUTHENTICATED"), (403, "PERMISSION_DENIED"), (403, "PERMISSION_DENIED")] == (
        refused(server, "POST", f"/contacts/{ANN}/{path}", "Read Contacts", "Manage Members")
    )


# -- for all contacts

FIELDS = {"custom.a": "TEXT", "custom.b": "TEXT"}
LABELS = ("custom.x", "custom.y", "custom.z")
SOME = {"min_size": 0, "max_size": 4}


def wrapped(kind, values):
    """Draw the wrapper of a list of one-member items."""
    return st.lists(values, **SOME).map(
        lambda some: {"items": [{kind: one} if kind else one for one in some]}
    )


INFO = st.fixed_dictionaries(
    {"name": st.fixed_dictionaries({}, optional={"first": st.just("Kim"), "last": st.just("Li")})},
    optional={
        "company": st.sampled_from(["A", "B"]),
        "birthdate": st.sampled_from(["1990-01-01", "1991-01-01"]),
        "emails": wrapped("email", st.sampled_from(["a@b.c", "A@B.C", "d@e.f", "g@h.i"])),
        "phones": st.lists(
            st.sampled_from(
                [
                    {"phone": "212-555-0199", "countryCode": "US"},
                    {"phone": "2125550199", "countryCode": "US"},
                    {"phone": "555 0111"},
                    {"phone": "5550111"},
                    {"phone": "none"},
                ]
            ),
            **SOME,
        ).map(lambda some: {"items": copy.deepcopy(some)}),
        "addresses": wrapped("address", st.sampled_from([{"city": "Ulm"}, {"city": "Bonn"}, {}])),
        "labelKeys": wrapped(None, st.sampled_from(LABELS)),
        "extendedFields": st.dictionaries(st.sampled_from(sorted(FIELDS)), st.just("v")).map(
            lambda some: {"items": some}
        ),
    },
)


def entry(info, number):
    """Give a contact as the service keeps it, with ids that follow from a number."""
    counts = iter(range(1000))
    context = Context(
        now="2024-01-01T00:00:00.000Z",
        new_id=lambda: f"{number}-{next(counts)}",
        app_id="app",
        labels=LABELS,
        fields=FIELDS,
        settings=Settings(),
    )
    info["name"].setdefault("first", f"Kim {number}")
    return create(info, context), context


def values(contact, kind):
    """Give what makes the items of a list different from each other."""
    found = contact["info"].get(kind, {}).get("items", [])
    match kind:
        case "emails":
            return [one["email"].lower() for one in found]
        case "phones":
            return [one.get("e164Phone") or one["phone"].replace(" ", "") for one in found]
        case "addresses":
            return [one["address"] for one in found]
        case _:
            return found


@given(st.lists(INFO, min_size=2, max_size=4))
def test_nothing_is_lost(infos):
    """Nothing of the target is lost or changed, and everything of the sources is found once."""
    made = [entry(info, number) for number, info in enumerate(infos)]
    (target, context), sources = made[0], [source for source, _ in made[1:]]
    before = copy.deepcopy(target)
    after = merged(target, sources, context).contact

    assert before == target
    for kind in ("emails", "phones", "addresses", "labelKeys"):
        own = target.contact["info"].get(kind, {}).get("items", [])
        all_items = after["info"].get(kind, {}).get("items", [])
        assert own == all_items[: len(own)]
        new = values(after, kind)
        added = new[len(own) :]
        for source in sources:
            assert all(value in new for value in values(source.contact, kind))
        assert all(1 == new.count(value) for value in added)
        marked = [one["primary"] for one in all_items if kind in {"emails", "phones"}]
        assert (1 if marked else 0) == sum(marked)
    everybody = [target, *sources]
    for name in ("company", "birthdate"):
        given_values = [one.contact["info"].get(name) for one in everybody]
        assert next(filter(None, given_values), None) == after["info"].get(name)
    for part in ("first", "last"):
        given_values = [one.contact["info"].get("name", {}).get(part) for one in everybody]
        assert next(filter(None, given_values), None) == after["info"]["name"].get(part)
    fields = after["info"]["extendedFields"]["items"]
    for key in FIELDS:
        given_values = [
            one.contact["info"]["extendedFields"]["items"].get(key) for one in everybody
        ]
        assert next(filter(None, given_values), None) == fields.get(key)


def test_a_full_list_stays(client):
    """A target that is full already can still be merged with what it has."""
    many = [f"a{n}@example.com" for n in range(50)]
    target = create_contact(client, emails=items(*many))
    source = create_contact(client, emails=items(many[7].upper()))

    assert 50 == len(merge(client, target, source).json()["contact"]["info"]["emails"]["items"])
