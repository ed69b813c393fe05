"""Dialects: each system's own call does the same to the same contact, and tells the same errors."""

import copy
import inspect
import json
from pathlib import Path

import pytest
from served import site_at

import contacttools as ct
from contacttools import dialects, sandbox
from contacttools.contact import mapping

EXAMPLES = Path(__file__).parent / "examples"


def example(name):
    """One of the documented samples."""
    return json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))


JOHN = example("rest.update.response")["contact"]
ANNIE = example("crm-backend.update.response")
MEG, TWIN = "33333333-3333-4333-8333-333333333333", "44444444-4444-4444-8444-444444444444"
NOBODY = "99999999-9999-4999-8999-999999999999"


def before(sample, revision):
    """The contact of an answer as it may have been before the update."""
    contact = copy.deepcopy(sample)
    contact["revision"] = revision
    return contact


def people():
    """The two people of the samples as they were, a member, and one whose e-mail is taken."""
    john = before(JOHN, 5)
    john["info"]["phones"]["items"].pop()
    annie = before(mapping.contact_from("crm_backend", ANNIE), 6)
    annie["info"] = {
        "name": {"first": "Anne", "last": "Old"},
        "extendedFields": {"items": {"custom.event-we-met-at": "A fair"}},
    }
    meg = {
        "id": MEG,
        "revision": 2,
        "memberInfo": {"memberId": "55555555-5555-4555-8555-555555555555"},
        "info": {"name": {"first": "Meg"}, "emails": {"items": [{"email": "meg@example.net"}]}},
    }
    twin = {
        "id": TWIN,
        "revision": 1,
        "info": {"name": {"first": "Tom"}, "emails": {"items": [{"email": "taken@example.com"}]}},
    }
    return [john, annie, meg, twin]


@pytest.fixture(scope="module")
def people_file(tmp_path_factory):
    """These people as a file."""
    path = tmp_path_factory.mktemp("people") / "people.ndjson"
    path.write_text("".join(json.dumps(each) + "\n" for each in people()), encoding="utf-8")
    return path


@pytest.fixture
def server(people_file):
    """A sandbox with these people, fresh for each test."""
    with sandbox.start(people_file=people_file) as server:
        yield server


@pytest.fixture
def site(server):
    """A site that takes direct writes."""
    return site_at(server)


def update(site, dialect, contact_id, info, revision, **options):
    """Call an update as each system is called; return the contact as that system shows it."""
    if dialect == "rest":
        allow = options.get("allowDuplicates", False)
        return site.update_contact(contact_id, info, revision, allow_duplicates=allow)["contact"]
    if dialect == "crm_v2":
        call = dialects.crm_v2(site).update_contact
        return call(contact_id, info, revision, options or None)["contact"]
    identifiers = {"contactId": contact_id, "revision": revision}
    return dialects.crm_backend(site).update_contact(identifiers, info, options or None)


def settled(contact):
    """A contact without what the clock decides and what the samples leave out."""
    told = copy.deepcopy(contact)
    for key in ("updatedDate", "_updatedDate", "createdDate", "_createdDate", "lastActivity"):
        told.pop(key, None)
    fields = told["info"].get("extendedFields", {})
    fields.get("items", fields).pop("emailSubscriptions.effectiveEmail", None)
    phones = told["info"].get("phones", [])
    for item in phones["items"] if isinstance(phones, dict) else phones:
        item.pop("id", None)
        item.pop("_id", None)
    return told


# -- the samples, as they stand -------------------------------------------------------------


def test_the_sample_of_rest(site):
    """The second phone of John Doe."""
    asked, answered = example("rest.update.request"), example("rest.update.response")["contact"]
    answer = site.update_contact(JOHN["id"], asked["info"], asked["revision"])

    assert settled(answered) == settled({**answer["contact"], "revision": 17})
    assert 6 == answer["contact"]["revision"]


@pytest.mark.parametrize("text", [False, True], ids=["number", "text"])
def test_the_sample_of_crm_v2(site, server, text):
    """The same phone; the revision as a number, and as the text that the sample's comment has."""
    asked, answered = example("crm-v2.update.request"), example("crm-v2.update.response")
    revision = str(asked["revision"]) if text else asked["revision"]
    answer = dialects.crm_v2(site).update_contact(asked["contactId"], asked["info"], revision)

    assert ["contact"] == list(answer)
    assert settled(answered["contact"]) == settled({**answer["contact"], "revision": 17})
    assert 6 == server.store.contact(JOHN["id"])["revision"]


def test_the_sample_of_crm_backend(site):
    """Annie's name and where we met, answered without a wrapper."""
    asked = example("crm-backend.update.request")
    answer = dialects.crm_backend(site).update_contact(
        asked["identifiers"], asked["contactInfo"], asked["options"]
    )

    assert settled(ANNIE) == settled(answer)
    assert ANNIE["_createdDate"] == answer["_createdDate"]


def test_the_sample_of_get_then_update(site):
    """Annie is renamed at whatever revision she has; the sample's Annie has no custom field."""
    asked = example("crm-backend.get-then-update.request")
    answered = example("crm-backend.get-then-update.response")
    answer = dialects.crm_backend(site).overwrite_contact_info(
        asked["contactId"], asked["updatedContactInfo"], asked["options"]
    )
    met = answer["info"]["extendedFields"].pop("custom.event-we-met-at")

    assert ("A fair", 7) == (met, answer["revision"])
    assert settled(answered) == settled({**answer, "revision": 4})


# -- one contact, three calls ---------------------------------------------------------------

EMAIL = {"email": "john@example.org", "tag": "WORK", "primary": True}
IMAGE = "wix:image://v1/a~mv2.png/john.png#originWidth=3&originHeight=4"
EDITS = {
    "rest": {
        "jobTitle": "Editor",
        "emails": {"items": [{**EMAIL, "id": JOHN["info"]["emails"]["items"][0]["id"]}]},
        "addresses": {
            "items": [
                {
                    "tag": "WORK",
                    "address": {"addressLine": "1 Elm", "geocode": {"latitude": 1, "longitude": 2}},
                }
            ]
        },
        "labelKeys": {"items": []},
        "extendedFields": {"items": {"custom.nickname": "Jo"}},
        "picture": {
            "image": {
                "id": "a~mv2.png",
                "width": 3,
                "height": 4,
                "filename": "john.png",
                "altText": "john.png",
                "url": IMAGE,
            }
        },
    },
    "crm_v2": {
        "jobTitle": "Editor",
        "emails": {"items": [{**EMAIL, "_id": JOHN["info"]["emails"]["items"][0]["id"]}]},
        "addresses": {
            "items": [
                {
                    "tag": "WORK",
                    "address": {
                        "addressLine1": "1 Elm",
                        "location": {"latitude": 1, "longitude": 2},
                    },
                }
            ]
        },
        "labelKeys": {"items": []},
        "extendedFields": {"items": {"custom.nickname": "Jo"}},
        "picture": {"image": IMAGE},
    },
    "crm_backend": {
        "jobTitle": "Editor",
        "emails": [{**EMAIL, "_id": JOHN["info"]["emails"]["items"][0]["id"]}],
        "addresses": [
            {
                "tag": "WORK",
                "address": {"addressLine1": "1 Elm", "location": {"latitude": 1, "longitude": 2}},
            }
        ],
        "labelKeys": [],
        "extendedFields": {"custom.nickname": "Jo"},
        "profilePicture": IMAGE,
    },
}


def test_every_dialect_does_the_same_to_the_contact(people_file):
    """What the service holds afterwards is equal, whoever asked."""
    stored = {}
    for dialect, info in EDITS.items():
        with sandbox.start(people_file=people_file) as server:
            shown = update(site_at(server), dialect, JOHN["id"], info, 5)
            held = server.store.contact(JOHN["id"])
            assert held == mapping.contact_from(dialect, shown)
            del held["updatedDate"]
            stored[dialect] = held

    assert 6 == stored["rest"]["revision"]
    assert IMAGE == stored["rest"]["info"]["picture"]["image"]["url"]
    assert stored["rest"] == stored["crm_v2"] == stored["crm_backend"]


@pytest.mark.parametrize("dialect", mapping.DIALECTS)
def test_what_was_read_can_be_sent_again(site, server, dialect):
    """A contact's own `info`, read in a dialect and sent in it, changes nothing but the count."""
    kept = server.store.contact(JOHN["id"])
    info = mapping.contact_to(dialect, site.get_contact(JOHN["id"]))["info"]
    update(site, dialect, JOHN["id"], info, 5)
    held = server.store.contact(JOHN["id"])

    assert kept["info"] == held["info"]
    assert 6 == held["revision"]


@pytest.mark.parametrize("dialect", mapping.DIALECTS)
@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ((JOHN["id"], {"company": "New"}, 4), 409, "CONTACT_ALREADY_CHANGED"),
        ((JOHN["id"], {"emails": ["taken@example.com"]}, 5), 409, "DUPLICATE_CONTACT_EXISTS"),
        ((NOBODY, {"company": "New"}, 5), 404, "CONTACT_NOT_FOUND"),
        ((MEG, {"emails": ["new@example.net"]}, 2), 428, "CANNOT_UPDATE_MEMBER_EMAIL"),
        ((JOHN["id"], {"birthdate": "tomorrow"}, 5), 400, None),
        ((JOHN["id"], {}, 5), 400, "INSUFFICIENT_UPDATE_CONTACT_DATA"),
        (
            (ANNIE["_id"], {"name": {"first": None, "last": None}}, 6),
            400,
            "INSUFFICIENT_CONTACT_DATA",
        ),
        (
            (JOHN["id"], {"emails": ["a@example.com", "b@example.com"]}, 5),
            400,
            "CANNOT_HAVE_MULTIPLE_PRIMARY_INFO",
        ),
        ((JOHN["id"], {"custom.none": 1}, 5), 400, "INVALID_EXTENDED_FIELD_VALUE"),
    ],
    ids=["stale", "duplicate", "missing", "member", "type", "nothing", "nobody", "two", "field"],
)
def test_every_dialect_tells_the_same_error(server, dialect, asked, status, code):
    """Status, code and data as the service says them, and the contact is as it was."""
    contact_id, info, revision = asked
    flat = dialect == "crm_backend"
    if "emails" in info:
        items = [{"email": each, "primary": True} for each in info["emails"]]
        info = {"emails": items if flat else {"items": items}}
    if "custom.none" in info:
        info = {"extendedFields": info if flat else {"items": info}}
    kept = server.store.contact(contact_id)
    with pytest.raises(ct.ApiError) as caught:
        update(site_at(server), dialect, contact_id, info, revision)

    assert status == caught.value.status
    assert code in (None, caught.value.code)
    assert (code == "CONTACT_ALREADY_CHANGED") == isinstance(caught.value, ct.StaleRevision)
    if code == "DUPLICATE_CONTACT_EXISTS":
        assert TWIN == caught.value.data["duplicateContactId"]
    assert kept == server.store.contact(contact_id)


@pytest.mark.parametrize("dialect", mapping.DIALECTS)
def test_duplicates_are_allowed_when_asked_for(site, dialect):
    """The option of each dialect goes through."""
    items = [{"email": "taken@example.com"}]
    info = {"emails": items if dialect == "crm_backend" else {"items": items}}
    shown = update(site, dialect, JOHN["id"], info, 5, allowDuplicates=True)

    assert "taken@example.com" == shown["primaryInfo"]["email"]


@pytest.mark.parametrize("dialect", ["crm_v2", "crm_backend"])
def test_a_site_that_is_read_only_stays_so(server, dialect):
    """No dialect is a way around it."""
    with pytest.raises(ct.ReadOnlySite):
        update(site_at(server, read_only=True), dialect, JOHN["id"], {"company": "New"}, 5)


# -- the other calls ------------------------------------------------------------------------


def test_a_life_in_crm_v2(site, server):
    """Created, read, labelled and unlabelled; only reading answers without a wrapper."""
    crm = dialects.crm_v2(site)
    made = crm.create_contact(
        {"name": {"first": "New"}, "addresses": {"items": [{"address": {"addressLine1": "1 Elm"}}]}}
    )["contact"]
    read = crm.get_contact(made["_id"])
    labelled = crm.label_contact(made["_id"], ["custom.contact"])["contact"]
    unlabelled = crm.unlabel_contact(made["_id"], ["custom.contact"])["contact"]

    assert made == read
    assert "1 Elm" == read["info"]["addresses"]["items"][0]["address"]["addressLine1"]
    assert {"items": ["custom.contact"]} == labelled["info"]["labelKeys"]
    assert unlabelled == mapping.contact_to("crm_v2", server.store.contact(made["_id"]))
    assert read["info"].get("labelKeys") == unlabelled["info"].get("labelKeys")


def test_a_life_in_crm_backend(site, server):
    """The same, each call answering with the contact itself."""
    crm = dialects.crm_backend(site)
    made = crm.create_contact(
        {"name": {"first": "New"}, "addresses": [{"address": {"addressLine1": "1 Elm"}}]}
    )
    read = crm.get_contact(made["_id"])
    labelled = crm.label_contact(made["_id"], ["custom.contact"])
    unlabelled = crm.unlabel_contact(made["_id"], ["custom.contact"])

    assert made == read
    assert "1 Elm" == read["info"]["addresses"][0]["address"]["addressLine1"]
    assert ["custom.contact"] == labelled["info"]["labelKeys"]
    assert unlabelled == mapping.contact_to("crm_backend", server.store.contact(made["_id"]))


def test_a_duplicate_is_created_only_when_asked_for(site):
    """In both dialects; the error names the other contact."""
    v2, backend = dialects.crm_v2(site), dialects.crm_backend(site)
    items = [{"email": "taken@example.com"}]
    for create, info in (
        (v2.create_contact, {"emails": {"items": items}}),
        (backend.create_contact, {"emails": items}),
    ):
        with pytest.raises(ct.ApiError) as caught:
            create(info)
        assert (409, TWIN) == (caught.value.status, caught.value.data["duplicateContactId"])
    assert v2.create_contact({"emails": {"items": items}}, {"allowDuplicates": True})
    assert backend.create_contact({"emails": items}, {"allowDuplicates": True})


def test_to_overwrite_gives_up_what_a_revision_is_for(site, server):
    """What somebody did in between is overwritten, and the docstring says so."""
    crm = dialects.crm_backend(site)
    seen = crm.get_contact(JOHN["id"])
    site.update_contact(JOHN["id"], {"jobTitle": "Baker"}, seen["revision"])
    crm.overwrite_contact_info(JOHN["id"], {"jobTitle": "Editor"})

    assert ("Editor", 7) == (
        server.store.contact(JOHN["id"])["info"]["jobTitle"],
        server.store.contact(JOHN["id"])["revision"],
    )
    told = inspect.getdoc(crm.overwrite_contact_info)
    assert "gives up the protection" in told
    assert not hasattr(dialects, "update_contact")
    assert "without a revision" in dialects.__doc__


# -- rights ---------------------------------------------------------------------------------


@pytest.fixture
def visitor():
    """A visitor of the shared sandbox, who may do nothing without elevation."""
    return ct.connect("sandbox", identity="visitor")


def test_a_visitor_has_no_rights_of_her_own(visitor):
    """The service refuses each dialect alike, and nothing was elevated."""
    for dialect in mapping.DIALECTS:
        with pytest.raises(ct.AuthError) as caught:
            update(visitor, dialect, JOHN["id"], {"company": "New"}, 5)
        assert 403 == caught.value.status
    assert [] == visitor.elevated_calls


def test_an_elevated_function_has_the_rights_it_needs(visitor):
    """It takes and returns what the function does; each call is recorded, and none else is."""
    crm = dialects.crm_v2(visitor)
    create, update_contact = (
        dialects.elevate(crm.create_contact),
        dialects.elevate(crm.update_contact),
    )
    made = create({"name": {"first": "Elevated"}})["contact"]
    answer = update_contact(made["_id"], {"company": "New"}, made["revision"], options=None)

    assert "New" == answer["contact"]["info"]["company"]
    assert ["crm_v2.create_contact", "crm_v2.update_contact"] == visitor.elevated_calls
    assert "update_contact" == update_contact.__name__
    with pytest.raises(ct.AuthError):
        crm.get_contact(made["_id"])


def test_suppress_auth_elevates_one_call(visitor):
    """Of crm_backend, every call; a call that suppresses nothing has no more rights than before."""
    crm, freely = dialects.crm_backend(visitor), {"suppressAuth": True}
    contact = crm.create_contact({"name": {"first": "Free"}}, freely)
    contact_id = contact["_id"]
    crm.update_contact(
        {"contactId": contact_id, "revision": contact["revision"]}, {"company": "New"}, freely
    )
    crm.overwrite_contact_info(contact_id, {"company": "Newer"}, freely)
    crm.label_contact(contact_id, ["contacts.customers"], freely)
    crm.unlabel_contact(contact_id, ["contacts.customers"], freely)

    assert "Newer" == crm.get_contact(contact_id, freely)["info"]["company"]
    calls = ["create_contact", "update_contact", "overwrite_contact_info", "label_contact",
             "unlabel_contact", "get_contact"]  # fmt: skip
    assert [f"crm_backend.{each}" for each in calls] == visitor.elevated_calls
    for options in (None, {}, {"suppressAuth": False}):
        with pytest.raises(ct.AuthError):
            crm.get_contact(contact_id, options)
    assert len(calls) == len(visitor.elevated_calls)


@pytest.mark.parametrize(
    "thing",
    [print, "update_contact", None, dialects.CrmV2.update_contact],
    ids=["print", "text", "None", "unbound"],
)
def test_only_functions_of_a_dialect_are_elevated(thing):
    """The error shows what one is."""
    with pytest.raises(ct.BadValue, match=r"such as crm_v2\(site\)\.update_contact"):
        dialects.elevate(thing)


def test_a_dialect_is_spoken_to_a_site(site):
    """And says to which."""
    assert "<crm_v2 of <Site: LIVE" == repr(dialects.crm_v2(site))[:22]
    with pytest.raises(ct.BadValue, match=r"as connect\(\) returns it"):
        dialects.crm_backend("sandbox")


# -- what is refused before it is sent ------------------------------------------------------


@pytest.mark.parametrize("dialect", ["crm_v2", "crm_backend"])
@pytest.mark.parametrize("revision", ["five", "5.0", "-5", "٥", "", 5.0, True, None], ids=repr)
def test_a_revision_is_a_whole_number(site, dialect, revision):
    """Or its digits as text; nothing that has to be guessed at."""
    with pytest.raises(ct.BadValue, match="revision is a whole number"):
        update(site, dialect, JOHN["id"], {"company": "New"}, revision)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (
            lambda v2, _: v2.update_contact("c", {}, 5, {"suppressAuth": True}),
            "options: there is no 'suppressAuth'; it takes allowDuplicates",
        ),
        (
            lambda v2, _: v2.update_contact("c", {}, 5, {"allow_duplicates": True}),
            "options: there is no 'allow_duplicates'",
        ),
        (
            lambda v2, _: v2.create_contact({}, {"allowDuplicates": "yes"}),
            "allowDuplicates is True or False, not 'yes'",
        ),
        (lambda v2, _: v2.update_contact("c", {}, 5, 6), "options is a dict of allowDuplicates"),
        (
            lambda v2, _: v2.update_contact("c", {}, 5, options=False),
            "options is a dict of allowDuplicates, not False",
        ),
        (lambda _, backend: backend.get_contact("c", []), "options is a dict of suppressAuth"),
        (
            lambda v2, _: v2.update_contact(
                "c", {"addresses": {"items": [{"address": {"addressLine": "1"}}]}}, 5
            ),
            "'addressLine' is REST's name and would be dropped; here it is 'addressLine1'",
        ),
        (lambda v2, _: v2.update_contact("c", {"phones": []}, 5), r"info\.phones: crm_v2 has"),
        (
            lambda _, backend: backend.update_contact({"contactId": "c"}, {}),
            "identifiers: revision is missing",
        ),
        (
            lambda _, backend: backend.update_contact({"_id": "c", "revision": 5}, {}),
            "identifiers: there is no '_id'; it takes contactId and revision",
        ),
        (lambda _, backend: backend.update_contact("c", {}), "identifiers is a dict of contactId"),
        (
            lambda _, backend: backend.get_contact("c", {"allowDuplicates": True}),
            "options: there is no 'allowDuplicates'; it takes suppressAuth",
        ),
        (
            lambda _, backend: backend.overwrite_contact_info("c", {}, {"revision": 5}),
            "options: there is no 'revision'; it takes allowDuplicates and suppressAuth",
        ),
    ],
)
def test_arguments_of_no_dialect_are_refused(site, server, call, told):
    """The error names what is wrong; nothing was sent, and nothing elevated."""
    with pytest.raises(ct.BadValue, match=told):
        call(dialects.crm_v2(site), dialects.crm_backend(site))
    assert [] == site.elevated_calls


def test_wrapped_lists_are_understood_where_lists_are_flat(site):
    """crm_backend takes them as the service itself would."""
    crm = dialects.crm_backend(site)
    contact = crm.update_contact(
        {"contactId": JOHN["id"], "revision": 5},
        {"phones": {"items": [{"phone": "1", "tag": "HOME"}]}},
    )

    assert ["1"] == [item["phone"] for item in contact["info"]["phones"]]
