"""The documents of Update Contact, sentence by sentence: what they say of the three calls is so."""

import copy
import json
from collections import Counter
from pathlib import Path

import httpx
import pytest
from sandbox.answers import client_of, code, violations
from served import VirtualClock, site_at

import contacttools as ct
from contacttools import dialects
from contacttools.sandbox import SCOPES, start
from contacttools.service.credentials import App, Key
from contacttools.service.pacing import Pacer
from contacttools.service.site import Site
from contacttools.service.transport import Transport

EXAMPLES = Path(__file__).parent / "examples"
DIALECTS = ["rest", "crm_v2", "crm_backend"]
MEG, TWIN = "33333333-3333-4333-8333-333333333333", "44444444-4444-4444-8444-444444444444"
MEMBER = "55555555-5555-4555-8555-555555555555"
NOBODY = "99999999-9999-4999-8999-999999999999"


def example(name):
    """One of the documented samples."""
    return json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))


ASKED, ANSWERED = example("crm-v2.update.request"), example("crm-v2.update.response")
RENAMED = example("crm-backend.update.request"), example("crm-backend.update.response")
OVERWRITTEN = (
    example("crm-backend.get-then-update.request"),
    example("crm-backend.get-then-update.response"),
)
JOHN, ANNIE = ASKED["contactId"], RENAMED[0]["identifiers"]["contactId"]


def john(revision=16):
    """John Doe before the sample, with one phone; its answer is at revision 17."""
    contact = copy.deepcopy(example("rest.update.response")["contact"])
    contact["info"]["phones"]["items"].pop()
    return {**contact, "revision": revision}


def annie(sample=RENAMED[1], **more):
    """Annie before a sample: one revision less, and another name."""
    contact = {name: sample[name] for name in ("source", "lastActivity")}
    dates = {"createdDate": sample["_createdDate"], "updatedDate": sample["_createdDate"]}
    info = {"name": {"first": "Anne", "last": "Old"}, **more}
    return {"id": ANNIE, "revision": sample["revision"] - 1, **contact, **dates, "info": info}


MET = {"extendedFields": {"items": {"custom.event-we-met-at": "A fair", "custom.visits": 3}}}
CROWD = [
    john(),
    annie(**MET),
    {
        "id": MEG,
        "revision": 2,
        "memberInfo": {"memberId": MEMBER},
        "info": {"name": {"first": "Meg"}, "emails": {"items": [{"email": "meg@example.net"}]}},
    },
    {
        "id": TWIN,
        "revision": 1,
        "info": {"name": {"first": "Tom"}, "emails": {"items": [{"email": "taken@example.com"}]}},
    },
]


def started(folder, people):
    """Start a sandbox with these people."""
    path = folder / "people.ndjson"
    path.write_text("".join(json.dumps(each) + "\n" for each in people), encoding="utf-8")
    return start(people_file=path)


@pytest.fixture
def server(tmp_path):
    """A sandbox with the two people of the samples, a member, and one whose e-mail is taken."""
    with started(tmp_path, CROWD) as running:
        yield running


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory):
    """The same, for tests that change nothing."""
    with started(tmp_path_factory.mktemp("people"), CROWD) as running:
        yield running


@pytest.fixture
def still(unchanged):
    """The same, without faults left over."""
    yield unchanged
    unchanged.faults.clear()


def site_as(server, identity, *scopes):
    """Return a site as somebody with these scopes asks it, whose calls may be elevated."""
    if identity == "app":
        app = server.callers.app(scopes=scopes)
        credentials = App(app.app_id, app.app_secret, app.instance_id, server.site_id)
    else:
        credentials = Key(getattr(server.callers, identity)(scopes=scopes), server.site_id)
    return Site(
        Transport(server.url, credentials, Pacer(None, VirtualClock())),
        server.site_id,
        live=True,
        read_only=False,
        direct_writes=True,
        identity=identity,
        elevate=lambda: site_at(server),
    )


def shaped(dialect, info):
    """Give an `info` the shape of a dialect: crm_backend has no wrappers."""
    if dialect != "crm_backend":
        return info
    wrapped = {"emails", "phones", "addresses", "labelKeys", "extendedFields"}
    return {name: value["items"] if name in wrapped else value for name, value in info.items()}


def update(site, dialect, contact_id, info, revision):
    """Update a contact as a dialect's caller does, and return it as that dialect shows it."""
    info = shaped(dialect, info)
    if dialect == "rest":
        return site.update_contact(contact_id, info, revision)["contact"]
    if dialect == "crm_v2":
        return dialects.crm_v2(site).update_contact(contact_id, info, revision)["contact"]
    identifiers = {"contactId": contact_id, "revision": revision}
    return dialects.crm_backend(site).update_contact(identifiers, info)


def refused(server, dialect, contact_id, info, revision):
    """Give status, code and data of a refused update: of REST as it is answered."""
    if dialect == "rest":
        body = {"info": info, "revision": revision}
        with client_of(server) as client:
            answer = client.patch(f"/contacts/{contact_id}", json=body)
        error = answer.json()["details"]["applicationError"]
        return *code(answer), error["data"]
    with pytest.raises(ct.ApiError) as caught:
        update(site_at(server), dialect, contact_id, info, revision)
    return caught.value.status, caught.value.code, caught.value.data


def held(server):
    """Give all that an update could have changed: every contact, and what was told of them."""
    return server.store.all_texts(), server.events()


# -- the samples, whole ---------------------------------------------------------------------


def dashboard(site, contact_id, info, revision, options=None):
    """Update a contact as the sample of a dashboard page does."""
    return dialects.crm_v2(site).update_contact(contact_id, info, revision, options)


def exported(site, contact_id, info, revision, options=None):
    """Update a contact as the sample that anyone may call from a page does."""
    elevated = dialects.elevate(dialects.crm_v2(site).update_contact)
    return elevated(contact_id, info, revision, options)


@pytest.mark.parametrize(
    ("function", "who", "scopes", "elevated"),
    [
        (dashboard, "api_key", ["Manage Contacts"], []),
        (exported, "visitor", [], ["crm_v2.update_contact"]),
    ],
    ids=["dashboard page", "backend"],
)
def test_the_two_samples_that_add_a_phone(server, function, who, scopes, elevated):
    """Each gives the documented answer, in whole, from who has the right and from who has none."""
    site = site_as(server, who, *scopes)
    answer = function(site, ASKED["contactId"], ASKED["info"], 16)

    expected = copy.deepcopy(ANSWERED)
    same, contact = expected["contact"], answer["contact"]
    # What a sample cannot fix: the time of the update, and the ids of the phones that it sends.
    assert same["_updatedDate"] < contact["_updatedDate"]
    same["_updatedDate"] = contact["_updatedDate"]
    for before, after in zip(
        same["info"]["phones"]["items"], contact["info"]["phones"]["items"], strict=True
    ):
        before["_id"] = after["_id"]
    # This one is stated to be there, and missing in the sample.
    effective = {"emailSubscriptions.effectiveEmail": "johndoe1@example.com"}
    same["info"]["extendedFields"]["items"].update(effective)
    assert expected == answer
    assert elevated == site.elevated_calls


def test_the_samples_own_revision_is_another_contacts(still):
    """Revision 5, sent as the number or as the text of the comment, is not that of the answer."""
    before = held(still)
    crm = dialects.crm_v2(site_at(still))
    for revision in (ASKED["revision"], str(ASKED["revision"])):
        with pytest.raises(ct.StaleRevision):
            crm.update_contact(JOHN, ASKED["info"], revision)

    assert (5, 17) == (ASKED["revision"], ANSWERED["contact"]["revision"])
    assert before == held(still)


def test_the_sample_that_renames(server):
    """Annie as documented, whole; only the time of the update is another."""
    asked, answered = RENAMED
    crm = dialects.crm_backend(site_as(server, "visitor", "Manage Contacts"))
    contact = server.store.contact(ANNIE)
    assert {"allowDuplicates": False, "suppressAuth": False} == asked["options"]
    answer = crm.update_contact(asked["identifiers"], asked["contactInfo"], asked["options"])

    assert "A fair" == contact["info"]["extendedFields"]["items"]["custom.event-we-met-at"]
    assert answered["_updatedDate"] < answer["_updatedDate"]
    assert 3 == answer["info"]["extendedFields"].pop("custom.visits")  # not sent, and kept
    assert {**answered, "_updatedDate": answer["_updatedDate"]} == answer


def in_two_calls(crm, contact_id, info, options):
    """Get a contact, then update it at the revision it has: the sample's lines."""
    contact = crm.get_contact(contact_id)
    identifiers = {"contactId": contact_id, "revision": contact["revision"]}
    return crm.update_contact(identifiers, info, options)


def in_one_call(crm, contact_id, info, options):
    """Do the same as the sample's function of that name."""
    return crm.overwrite_contact_info(contact_id, info, options)


@pytest.mark.parametrize("overwrite", [in_two_calls, in_one_call])
def test_the_sample_that_gets_and_then_updates(tmp_path, overwrite):
    """Annie from the third revision to the fourth, whole, by its lines and by its function."""
    asked, answered = OVERWRITTEN
    with started(tmp_path, [annie(answered)]) as server:
        crm = dialects.crm_backend(site_at(server))
        answer = overwrite(crm, asked["contactId"], asked["updatedContactInfo"], asked["options"])
        told = server.events(ANNIE)

    assert answered["_updatedDate"] < answer["_updatedDate"]
    assert {**answered, "_updatedDate": answer["_updatedDate"]} == answer
    assert [4] == [one["updatedEvent"]["currentEntity"]["revision"] for one in told]


# -- parameters -----------------------------------------------------------------------------


def test_rest_requires_revision_and_info(still):
    """Each one missing is an error of its own, and the id is part of the path."""
    before = held(still)
    with client_of(still) as client:
        unrevised = client.patch(f"/contacts/{JOHN}", json={"info": {"company": "New"}})
        empty = client.patch(f"/contacts/{JOHN}", json={"revision": 16})
        nameless = client.patch("/contacts/", json={"info": {"company": "New"}, "revision": 16})

    assert [("revision", "TYPE")] == violations(unrevised)
    assert (400, "INSUFFICIENT_UPDATE_CONTACT_DATA") == code(empty)
    assert (404, "NOT_FOUND") == code(nameless)
    assert before == held(still)


@pytest.mark.parametrize(
    ("call", "error", "told"),
    [
        (lambda v2, _: v2.update_contact(), TypeError, "'contact_id', 'info', and 'revision'"),
        (lambda v2, _: v2.update_contact(JOHN, {}), TypeError, "missing .* 'revision'"),
        (lambda v2, _: v2.update_contact(None, {"company": "X"}, 16), ct.BadValue, "contact_id"),
        (lambda v2, _: v2.update_contact(JOHN, None, 16), ct.BadValue, "info"),
        (lambda v2, _: v2.update_contact(JOHN, {}, None), ct.BadValue, "revision"),
        (lambda _, old: old.update_contact(), TypeError, "'identifiers' and 'contact_info'"),
        (lambda _, old: old.update_contact({"revision": 16}, {}), ct.BadValue, "contactId is miss"),
        (
            lambda _, old: old.update_contact({"contactId": None, "revision": 6}, {}),
            ct.BadValue,
            "contact_id",
        ),
        (
            lambda _, old: old.update_contact({"contactId": JOHN, "revision": 16}, None),
            ct.BadValue,
            "info",
        ),
    ],
    ids=[
        "v2 all",
        "v2 revision",
        "v2 null id",
        "v2 null info",
        "v2 null revision",
        "backend all",
        "backend id",
        "backend null id",
        "backend null info",
    ],
)
def test_what_is_required_is_missed(still, call, error, told):
    """A call without one of its required arguments says which, and sends nothing."""
    before, asked = held(still), []
    still.faults.add("before", times=None, call=lambda: asked.append(1))
    with pytest.raises(error, match=told):
        call(dialects.crm_v2(site_at(still)), dialects.crm_backend(site_at(still)))

    assert (before, []) == (held(still), asked)


# -- the revision ---------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_update_adds_one_revision(server, dialect):
    """The answer's revision is what the next update needs, and each update is told once."""
    site, revision = site_at(server), 16
    for company in ("A", "B", "C"):
        revision = update(site, dialect, JOHN, {"company": company}, revision)["revision"]

    assert (19, "C") == (revision, server.store.contact(JOHN)["info"]["company"])
    contacts = [one["updatedEvent"]["currentEntity"] for one in server.events(JOHN)]
    assert [(17, "A"), (18, "B"), (19, "C")] == [
        (one["revision"], one["info"]["company"]) for one in contacts
    ]


@pytest.mark.parametrize("first", DIALECTS)
@pytest.mark.parametrize("second", DIALECTS)
def test_the_second_of_two_writers_overwrites_nothing(server, first, second):
    """Two who saw the same revision, each in a dialect: the first one's value stands."""
    site = site_at(server)
    update(site, first, JOHN, {"company": "First"}, 16)
    after = held(server)
    error = refused(server, second, JOHN, {"company": "Second"}, 16)

    assert (409, "CONTACT_ALREADY_CHANGED", {}) == error
    assert after == held(server)
    assert "First" == server.store.contact(JOHN)["info"]["company"]


# -- errors ---------------------------------------------------------------------------------

TWO = {"items": [{"email": f"{name}@example.com", "primary": True} for name in "ab"]}
TAKEN = {"duplicateContactId": TWIN, "duplicateEmail": "taken@example.com"}
ERRORS = {
    "INSUFFICIENT_CONTACT_DATA": (400, (ANNIE, {"name": {"first": None, "last": None}}, 6), {}),
    "INSUFFICIENT_UPDATE_CONTACT_DATA": (400, (JOHN, {}, 16), {}),
    "CANNOT_HAVE_MULTIPLE_PRIMARY_INFO": (400, (JOHN, {"emails": TWO}, 16), {}),
    "INVALID_EXTENDED_FIELD_VALUE": (
        400,
        (ANNIE, {"extendedFields": {"items": {"custom.visits": "many"}}}, 6),
        {"key": "custom.visits"},
    ),
    "CONTACT_NOT_FOUND": (404, (NOBODY, {"company": "New"}, 16), {}),
    "CONTACT_ALREADY_CHANGED": (409, (JOHN, {"company": "New"}, 15), {}),
    "DUPLICATE_CONTACT_EXISTS": (
        409,
        (JOHN, {"emails": {"items": [{"email": "taken@example.com"}]}}, 16),
        TAKEN,
    ),
    "CANNOT_UPDATE_MEMBER_EMAIL": (
        428,
        (MEG, {"emails": {"items": [{"email": "new@example.net"}]}}, 2),
        {},
    ),
}


def test_as_many_errors_as_the_document_counts():
    """Four at 400, one at 404, two at 409, one at 428."""
    assert {400: 4, 404: 1, 409: 2, 428: 1} == Counter(status for status, *_ in ERRORS.values())


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", ERRORS)
def test_every_error_in_every_dialect(still, dialect, name):
    """Status, code and data, and nothing has changed: no contact, no event."""
    status, asked, data = ERRORS[name]
    before = held(still)

    assert (status, name, data) == refused(still, dialect, *asked)
    assert before == held(still)


STANDARD = {
    401: (ct.AuthError, "UNAUTHENTICATED"),
    403: (ct.AuthError, "PERMISSION_DENIED"),
    429: (ct.Unreachable, "RESOURCE_EXHAUSTED"),
    500: (ct.Unreachable, "HTTP_500"),
    503: (ct.Unreachable, "HTTP_503"),
    504: (ct.Unreachable, "HTTP_504"),
}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("status", STANDARD)
def test_standard_errors_in_every_dialect(still, dialect, status):
    """Rights, limits and trouble of the service: sent once, told as what they are."""
    before, asked = held(still), []
    still.faults.add("before", method="PATCH", times=None, call=lambda: asked.append(1))
    still.faults.add("status", method="PATCH", status=status, times=None)
    with pytest.raises(STANDARD[status][0]) as caught:
        update(site_at(still), dialect, JOHN, {"company": "New"}, 16)

    assert (status, STANDARD[status][1]) == (caught.value.status, caught.value.code)
    assert ([1], before) == (asked, held(still))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_invalid_argument_names_its_field(still, dialect):
    """The standard error of a value that cannot be: 400, with the field and what is wrong."""
    before, info = held(still), {"birthdate": "tomorrow"}
    if dialect == "rest":
        with client_of(still) as client:
            answer = client.patch(f"/contacts/{JOHN}", json={"info": info, "revision": 16})
        assert [("info.birthdate", "FORMAT")] == violations(answer)
    with pytest.raises(ct.ApiError, match=r"info\.birthdate is not a") as caught:
        update(site_at(still), dialect, JOHN, info, 16)

    assert 400 == caught.value.status
    assert before == held(still)


# -- permissions and elevation --------------------------------------------------------------

ENOUGH = {"Manage Contacts", "Manage Members and Contacts - all permissions"}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("identity", ["api_key", "app", "member", "visitor"])
def test_two_scopes_let_anyone_update(server, identity, dialect):
    """Each of them is enough, whoever asks; with all the others together nothing is written."""
    before = held(server)
    with (
        site_as(server, identity, *(set(SCOPES) - ENOUGH)) as site,
        pytest.raises(ct.AuthError) as caught,
    ):
        update(site, dialect, JOHN, {"company": "New"}, 16)
    assert (403, "PERMISSION_DENIED") == (caught.value.status, caught.value.code)
    assert before == held(server)

    for revision, scope in enumerate(sorted(ENOUGH), 16):
        with site_as(server, identity, scope) as site:
            contact = update(site, dialect, JOHN, {"company": scope}, revision)
        assert (scope, revision + 1) == (contact["info"]["company"], contact["revision"])
        assert [] == site.elevated_calls


@pytest.mark.parametrize("identity", ["member", "visitor"])
def test_the_permissions_are_overridden_on_purpose_only(server, identity):
    """By `elevate` in crm_v2 and `suppressAuth` in crm_backend, for that call and no other."""
    before, site = held(server), site_as(server, identity)
    v2, backend = dialects.crm_v2(site), dialects.crm_backend(site)
    identifiers = {"contactId": JOHN, "revision": 17}
    for options in (None, {}, {"suppressAuth": False}, {"allowDuplicates": True}):
        with pytest.raises(ct.AuthError):
            backend.update_contact({**identifiers, "revision": 16}, {"company": "New"}, options)
    with pytest.raises(ct.AuthError):
        v2.update_contact(JOHN, {"company": "New"}, 16)
    assert (before, []) == (held(server), site.elevated_calls)

    dialects.elevate(v2.update_contact)(JOHN, {"company": "Elevated"}, 16)
    backend.update_contact(identifiers, {"jobTitle": "Suppressed"}, {"suppressAuth": True})
    info = server.store.contact(JOHN)["info"]
    assert ("Elevated", "Suppressed") == (info["company"], info["jobTitle"])
    assert ["crm_v2.update_contact", "crm_backend.update_contact"] == site.elevated_calls
    for ask in (v2.update_contact, site.update_contact):
        with pytest.raises(ct.AuthError):
            ask(JOHN, {"company": "Later"}, 18)


def test_elevated_rights_lift_no_other_rule(server):
    """An elevated call at an old revision, or of a member's e-mail, is refused like any other."""
    before, crm = held(server), dialects.crm_v2(site_as(server, "visitor"))
    elevated = dialects.elevate(crm.update_contact)
    with pytest.raises(ct.StaleRevision):
        elevated(JOHN, {"company": "New"}, 15)
    with pytest.raises(ct.ApiError, match="CANNOT_UPDATE_MEMBER_EMAIL"):
        elevated(MEG, {"emails": {"items": [{"email": "new@example.net"}]}}, 2)

    assert before == held(server)


def test_elevation_on_the_wire(server):
    """A visitor's token is refused; the app that it belongs to updates as itself."""
    app, url = server.callers.app(), f"{server.url}/contacts/v4/contacts/{JOHN}"
    body = {"info": {"company": "Elevated"}, "revision": 16}

    def token(**asked):
        return httpx.post(f"{server.url}/oauth2/token", json=asked).json()["access_token"]

    visitor = token(grantType="anonymous", clientId=app.app_id)
    denied = httpx.patch(url, json=body, headers={"Authorization": visitor})
    info = httpx.post(f"{server.url}/oauth2/token-info", json={"token": visitor}).json()
    lifted = token(
        grant_type="client_credentials",
        client_id=app.app_id,
        client_secret=app.app_secret,
        instance_id=info["instanceId"],
    )
    answer = httpx.patch(url, json=body, headers={"Authorization": lifted})

    assert (403, "PERMISSION_DENIED") == code(denied)
    assert (200, 17) == (answer.status_code, answer.json()["contact"]["revision"])


# -- members --------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_members_login_email_leads_to_the_contact(server, dialect):
    """The error names the way; taken, the contact's primary e-mail and revision have moved on."""
    site, new = site_at(server), {"emails": {"items": [{"email": "new@example.net"}]}}
    with pytest.raises(ct.ApiError, match=r"login e-mail in the Members API.*contact follows"):
        update(site, dialect, MEG, new, 2)
    server.change_login_email(MEMBER, "new@example.net")
    with pytest.raises(ct.StaleRevision):
        update(site, dialect, MEG, {"company": "Meg Ltd"}, 2)
    contact = update(site, dialect, MEG, {**new, "company": "Meg Ltd"}, 3)

    assert ("new@example.net", 4) == (contact["primaryInfo"]["email"], contact["revision"])
    assert "Meg Ltd" == contact["info"]["company"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_members_id_updates_no_contact(still, dialect):
    """The member's id is not the contact's, and the library says that this may be the reason."""
    before = held(still)
    assert {MEMBER: MEG} == still.members()
    assert (404, "CONTACT_NOT_FOUND", {}) == refused(still, dialect, MEMBER, {"company": "X"}, 2)
    with pytest.raises(ct.ApiError, match="a member's id is not a contact's id"):
        update(site_at(still), dialect, MEMBER, {"company": "X"}, 2)

    assert before == held(still)


# -- what was before ------------------------------------------------------------------------


def test_the_deprecated_call_is_refused_and_its_successor_is_there(server):
    """Id and info without a revision write nothing; `overwrite_contact_info` takes the same two."""
    before, crm = held(server), dialects.crm_backend(site_at(server))
    with pytest.raises(ct.BadValue, match="identifiers is a dict of contactId and revision"):
        crm.update_contact(JOHN, {"company": "New"})
    assert before == held(server)
    assert not hasattr(dialects, "update_contact")

    assert 17 == crm.overwrite_contact_info(JOHN, {"company": "New"})["revision"]
