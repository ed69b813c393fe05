"""Get, List, labels and fields, authentication, and what every answer has in common."""

from __future__ import annotations

import uuid

import httpx
import pytest
from sandbox.answers import ANN, BOB, MEG, code, violations

from contacttools.sandbox import Server, Settings

NOBODY = "99999999-9999-4999-8999-999999999999"


def test_get(still):
    """Get answers the whole contact with its derived values, and the response type."""
    answer = still.get(f"/contacts/{ANN}")
    contact = answer.json()["contact"]

    assert (200, "REGULAR") == (answer.status_code, answer.json()["responseType"])
    assert 5 == contact["revision"]
    assert {"email": "ann@example.com", "phone": "212-555-0101"} == contact["primaryInfo"]
    assert [True, False] == [one["primary"] for one in contact["info"]["emails"]["items"]]
    assert "+12125550101" == contact["info"]["phones"]["items"][0]["e164Phone"]
    assert "e164Phone" not in contact["info"]["phones"]["items"][1]
    assert (
        "1 Elm Avenue\nSpringfield, Illinois 62701\nUnited States"
        == contact["info"]["addresses"]["items"][0]["address"]["formattedAddress"]
    )
    fields = contact["info"]["extendedFields"]["items"]
    assert "Ann Ashgrovely" == fields["contacts.displayByFirstName"]
    assert "Ashgrovely Ann" == fields["contacts.displayByLastName"]
    assert "SUBSCRIBED" == fields["emailSubscriptions.subscriptionStatus"]
    assert "NOT_SET" == fields["emailSubscriptions.deliverabilityStatus"]
    assert "ann@example.com" == fields["emailSubscriptions.effectiveEmail"]


def test_get_unknown(still):
    """An unknown id is 404 CONTACT_NOT_FOUND."""
    assert (404, "CONTACT_NOT_FOUND") == code(still.get(f"/contacts/{NOBODY}"))


@pytest.mark.parametrize(
    ("parameters", "members", "info"),
    [
        ("fieldsets=BASIC", {"primaryInfo", "info"}, {"name"}),
        ("fields=info.emails&fields=source", {"source", "info"}, {"emails"}),
        ("fields=info.emails,info.phones", {"info"}, {"emails", "phones"}),
        ("fields=createdDate", {"createdDate"}, None),
        ("fieldsets=BASIC&fields=info.company", {"primaryInfo", "info"}, {"name", "company"}),
        ("fieldsets=EXTENDED", {"primaryInfo", "info"}, {"name", "extendedFields"}),
        (
            "fieldsets=COMMUNICATION_DETAILS",
            {"primaryInfo", "info"},
            {"name", "emails", "phones", "addresses"},
        ),
    ],
)
def test_projection(still, parameters, members, info):
    """Fields and fieldsets cut a contact down to their union; id and revision always come."""
    contact = still.get(f"/contacts/{ANN}?{parameters}").json()["contact"]

    assert members | {"id", "revision"} == set(contact)
    assert info is None or info == set(contact["info"])


def test_projection_full(still):
    """The fieldset FULL, and none at all, give the same whole contact."""
    whole = still.get(f"/contacts/{ANN}").json()

    assert whole == still.get(f"/contacts/{ANN}?fieldsets=FULL&fields=source").json()


@pytest.mark.parametrize("parameters", ["fields=info.name.first", "fieldsets=ALL"])
def test_projection_unknown(still, parameters):
    """An unknown field or fieldset is a validation error."""
    name = parameters.partition("=")[0]

    assert [(name, "ENUM")] == violations(still.get(f"/contacts/{ANN}?{parameters}"))


def test_member_is_private(still):
    """The linked member's id is never shown, that there is one is."""
    answer = still.get(f"/contacts/{MEG}")

    assert "memberInfo" not in answer.text
    assert "44444444" not in answer.text
    fields = answer.json()["contact"]["info"]["extendedFields"]["items"]
    assert "APPROVED" == fields["members.membershipStatus"]


def test_list(still):
    """List gives contacts by date of creation, oldest first, and counts them."""
    body = still.get("/contacts").json()

    assert [ANN, BOB, MEG] == [one["id"] for one in body["contacts"]]
    assert {"count": 3, "offset": 0, "total": 3, "tooManyToCount": False} == body["pagingMetadata"]


def test_list_parameters(still):
    """List sorts, pages and projects by its query string."""
    answer = still.get(
        "/contacts?sort.fieldName=createdDate&sort.order=DESC&paging.limit=1&paging.offset=1"
        "&fields=info.name"
    )

    assert [BOB] == [one["id"] for one in answer.json()["contacts"]]
    assert {"id", "revision", "info"} == set(answer.json()["contacts"][0])
    assert 3 == answer.json()["pagingMetadata"]["total"]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("paging.limit=1001", "ILLEGAL_LIMIT"),
        ("sort.fieldName=updatedDate", "UNSUPPORTED_SORT_FIELD"),
        ("sort.fieldName=nonsense", "UNSUPPORTED_SORT_FIELD"),
    ],
)
def test_list_codes(still, parameters, expected):
    """List has two codes of its own."""
    assert (400, expected) == code(still.get(f"/contacts?{parameters}"))


@pytest.mark.parametrize("text", ["x", "1.5", "", "9" * 30])
def test_list_paging_types(still, text):
    """A limit that is no integer is a validation error."""
    assert violations(still.get(f"/contacts?paging.limit={text}"))


@pytest.mark.parametrize(
    ("parameters", "path"),
    [
        ("paging.limit=x", "paging.limit"),
        ("paging.offset=-1", "paging.offset"),
        ("sort.order=DESC", "sort.fieldName"),
        ("sort.fieldName=createdDate&sort.order=UP", "sort.order"),
        ("fields=info.age", "fields"),
        ("fieldsets=ALL", "fieldsets"),
    ],
)
def test_list_paths(still, parameters, path):
    """A violation names the parameter as the query string has it."""
    assert [path] == [field for field, _ in violations(still.get(f"/contacts?{parameters}"))]


def test_pages_are_complete(crowd):
    """Pages joined give every contact once."""
    ids = []
    for offset in range(0, 150, 50):
        page = crowd.get(f"/contacts?paging.limit=50&paging.offset={offset}").json()
        ids += [one["id"] for one in page["contacts"]]

    assert 120 == len(ids) == len(set(ids))


def test_labels(still):
    """Labels of contacts are defined, beside those of the system."""
    body = still.get("/labels").json()

    assert {"custom.vip", "custom.press", "contacts.customers", "contacts.contacted-me"} == {
        one["key"] for one in body["labels"]
    }
    assert 4 == body["metadata"]["total"]
    assert {"USER_DEFINED", "SYSTEM"} == {one["labelType"] for one in body["labels"]}


@pytest.mark.parametrize(
    ("parameters", "keys"),
    [
        ("labelType=USER_DEFINED", ["custom.press", "custom.vip"]),
        ("startsWith=V", ["custom.vip"]),
        ("startsWith=v", []),
        ("namespace=custom&paging.limit=1&paging.offset=1", ["custom.vip"]),
        (
            "namespace=custom&sort.fieldName=key&sort.order=DESC",
            ["custom.vip", "custom.press"],
        ),
    ],
)
def test_labels_chosen(still, parameters, keys):
    """Labels are chosen by type, namespace and start of the name, sorted and paged."""
    assert keys == [one["key"] for one in still.get(f"/labels?{parameters}").json()["labels"]]


def test_fields(still):
    """Custom fields of contacts are defined with the type that fits all their values."""
    fields = still.get("/extended-fields?fieldType=USER_DEFINED").json()["fields"]

    assert {
        "custom.nickname": "TEXT",
        "custom.customer-number": "NUMBER",
        "custom.last-contacted": "DATE",
        "custom.website": "URL",
    } == {one["key"]: one["dataType"] for one in fields}


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("PATCH", f"/contacts/v5/contacts/{ANN}", "Update Contact (v5)"),
        ("GET", "/members/v1/members", "List Members"),
    ],
)
def test_not_emulated(still, method, path, name):
    """What the service has and the sandbox has not is 501, by name."""
    answer = still.request(method, str(still.base_url.join(path)))

    assert (501, "UNIMPLEMENTED") == code(answer)
    assert f"{name} is not emulated yet" == answer.json()["message"]


@pytest.mark.parametrize("path", ["/nonsense", "/contacts/a/b", "/contacts/"])
def test_unknown_path(still, path):
    """What the service has not either is 404."""
    assert (404, "NOT_FOUND") == code(still.get(path))


def test_another_method(still):
    """A method that a path does not have is refused, and those it has are named."""
    answer = still.put(f"/contacts/{ANN}")

    assert (405, "NOT_FOUND") == code(answer)
    assert {"DELETE", "GET", "HEAD", "PATCH"} == set(answer.headers["allow"].split(", "))
    assert 200 == still.head(f"/contacts/{ANN}").status_code


def test_slash_in_an_id(server, client):
    """A slash that was encoded is part of an id that nobody has, and no step along the path."""
    path = f"/contacts/{ANN}%2Flabels?labelKeys=custom.vip"

    assert (404, "NOT_FOUND") == code(client.delete(path))
    assert ["custom.vip"] == server.store.contact(ANN)["info"]["labelKeys"]["items"]


def test_prefix(still):
    """Everything stands below a prefix too, as it does inside the service's own domains."""
    url = str(still.base_url).replace("/contacts/v4", "/_api/contacts/v4")

    assert still.get("/contacts").json() == still.get(f"{url}contacts").json()
    assert (404, "CONTACT_NOT_FOUND") == code(still.get(f"{url}contacts/{NOBODY}"))


def test_no_key(server: Server):
    """Without a key, or with a wrong one, the answer is 401."""
    url = f"{server.url}/contacts/v4/contacts"

    assert (401, "UNAUTHENTICATED") == code(httpx.get(url))
    for key in ("wrong", f"Basic {server.api_key}", ""):
        headers = {"Authorization": key, "wix-site-id": server.site_id}
        assert (401, "UNAUTHENTICATED") == code(httpx.get(url, headers=headers))


def test_no_site(server: Server):
    """With a key, but no site or another one, the answer is 403."""
    url = f"{server.url}/contacts/v4/contacts"

    assert (403, "PERMISSION_DENIED") == code(
        httpx.get(url, headers={"Authorization": server.api_key})
    )
    headers = {"Authorization": server.api_key, "wix-site-id": NOBODY}
    assert (403, "PERMISSION_DENIED") == code(httpx.get(url, headers=headers))


def test_request_id(still):
    """Every answer has a request id of its own, errors included."""
    answers = [
        still.get("/contacts"),
        still.get("/nonsense"),
        still.get(f"/contacts/{NOBODY}"),
        httpx.get(still.base_url.join("/")),
    ]
    ids = {str(uuid.UUID(one.headers["x-wix-request-id"])) for one in answers}

    assert 4 == len(ids)


def test_secrets_stay_out_of_sight(server: Server):
    """The representation of a server shows its address and not its key."""
    assert server.url in repr(server)
    assert server.api_key not in repr(server)


def test_primary_objects(sandbox):
    """A setting shows the primary objects of today's typings."""
    contact = sandbox(Settings(primary_objects=True)).get(f"/contacts/{ANN}").json()["contact"]

    assert {
        "email": "ann@example.com",
        "subscriptionStatus": "SUBSCRIBED",
        "deliverabilityStatus": "NOT_SET",
    } == contact["primaryEmail"]
    assert {
        "countryCode": "US",
        "e164Phone": "+12125550101",
        "formattedPhone": "+1 212-555-0101",
        "phone": "212-555-0101",
        "subscriptionStatus": "NOT_SET",
    } == contact["primaryPhone"]
