"""Labels and extended fields behind the API: keys, what deleting does to contacts, who may."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sandbox.answers import ANN, BOB, MEG, client_of, code, violations

from contacttools.sandbox import Settings, start
from contacttools.sandbox.rules.definitions import free_key


def get(client, contact):
    """Give a contact."""
    return client.get(f"/contacts/{contact}").json()["contact"]


def label(client, name):
    """Find or create a label, and give its key."""
    return client.post("/labels", json={"displayName": name}).json()["label"]["key"]


def field(client, name, data_type="TEXT"):
    """Find or create an extended field, and give its key."""
    sent = {"displayName": name, "dataType": data_type}
    return client.post("/extended-fields", json=sent).json()["field"]["key"]


@pytest.mark.parametrize(
    ("name", "taken", "expected"),
    [
        ("My Label", (), "custom.my-label"),
        ("Last Contacted", (), "custom.last-contacted"),
        ("my label", {"custom.my-label"}, "custom.my-label-1"),
        ("My-Label", {"custom.my-label", "custom.my-label-1"}, "custom.my-label-2"),
        ("A/B? #1 & 100%", (), "custom.a-b---1---100-"),
        ("Über Größe", (), "custom.über-größe"),
        ("v1.2_x", (), "custom.v1.2_x"),
        ("x" * 180, (), "custom." + "x" * 73),
        ("x" * 180, {"custom." + "x" * 73}, "custom." + "x" * 71 + "-1"),
    ],
)
def test_key(name, taken, expected):
    """A key is made from the name: lower case, hyphens, 80 characters, a number on a clash."""
    assert expected == free_key(name, taken)


def test_names_are_exact(client):
    """A name that differs in a letter's case is another label, with a key of its own."""
    assert ["custom.fan", "custom.fan-1", "custom.fan"] == [
        label(client, name) for name in ("Fan", "fan", "Fan")
    ]


def test_unusual_keys_are_found(client):
    """A key with letters of any script can be asked for."""
    key = label(client, "Größe 9/10")

    assert "Größe 9/10" == client.get(f"/labels/{key}").json()["label"]["displayName"]
    assert {} == client.delete(f"/labels/{key}").json()


def test_system_label_is_found(client):
    """The name of a system label finds that one, and makes none."""
    answer = client.post("/labels", json={"displayName": "Customers"}).json()

    assert ("contacts.customers", False) == (answer["label"]["key"], answer["newLabel"])


def test_system_field_is_not_found(client):
    """The name of a system field makes a custom one, as nobody could write to the other."""
    sent = {"displayName": "Mobile", "dataType": "TEXT"}
    answers = [client.post("/extended-fields", json=sent).json() for _ in range(2)]

    assert [("custom.mobile", True), ("custom.mobile", False)] == [
        (one["field"]["key"], one["newField"]) for one in answers
    ]


def test_renamed_name_is_free(client):
    """The old name of a renamed label makes a new label, beside the key that stayed."""
    old = label(client, "Fan")
    client.patch(f"/labels/{old}", json={"displayName": "Admirer"})

    assert (old, f"{old}-1") == (label(client, "Admirer"), label(client, "Fan"))


def test_new_label_can_be_used(client):
    """Contacts can have a label, and a field, as soon as it is there."""
    sent = {
        "labelKeys": {"items": [label(client, "Fan")]},
        "extendedFields": {"items": {field(client, "Score", "NUMBER"): 5}},
    }
    info = client.patch(f"/contacts/{BOB}", json={"info": sent, "revision": 1}).json()["contact"][
        "info"
    ]

    assert ["custom.fan"] == info["labelKeys"]["items"]
    assert 5 == info["extendedFields"]["items"]["custom.score"]


def test_deleted_label_leaves_its_contacts(server, client):
    """Each contact that had it is one revision on, told once; the others are as they were."""
    before = {one: get(client, one) for one in (ANN, BOB, MEG)}
    client.delete("/labels/custom.vip")
    after = {one: get(client, one) for one in before}

    assert "labelKeys" not in after[ANN]["info"]
    assert ["custom.press"] == after[BOB]["info"]["labelKeys"]["items"]
    assert before[MEG] == after[MEG]
    assert [(6, 5), (2, 1)] == [
        (after[one]["revision"], before[one]["revision"]) for one in (ANN, BOB)
    ]
    assert all(before[one]["updatedDate"] < after[one]["updatedDate"] for one in (ANN, BOB))
    assert [("updated", ANN, after[ANN]), ("updated", BOB, after[BOB])] == [
        (event.slug, event.contact_id, event.entity) for event in server.store.events()
    ]


def test_deleted_field_takes_its_values(server, client):
    """The same for an extended field; what else a contact has stays."""
    before = get(client, ANN)
    client.delete("/extended-fields/custom.nickname")
    after = get(client, ANN)
    fields = before["info"]["extendedFields"]["items"]
    del fields["custom.nickname"]

    assert before["info"] == after["info"]
    assert (6, 1) == (after["revision"], len(server.store.events()))


def test_deleted_label_is_unknown(client):
    """A label that is deleted can no longer be given, nor a field; old revisions are stale."""
    client.delete("/labels/custom.vip")
    client.delete("/extended-fields/custom.nickname")
    wanted = {"labelKeys": {"items": ["custom.vip"]}}
    named = {"extendedFields": {"items": {"custom.nickname": "x"}}}

    def patch(info, revision):
        return client.patch(f"/contacts/{ANN}", json={"info": info, "revision": revision})

    assert (409, "CONTACT_ALREADY_CHANGED") == code(patch({"company": "x"}, 5))
    assert [("info.labelKeys", "CUSTOM")] == violations(patch(wanted, 7))
    assert (400, "INVALID_EXTENDED_FIELD_VALUE") == code(patch(named, 7))
    asked = {"query": {"filter": {"info.extendedFields.custom.nickname": "Annie"}}}
    assert (400, "UNSUPPORTED_FILTER_FIELD_UNKNOWN") == code(
        client.post("/contacts/query", json=asked)
    )


def test_duplicates_are_known_afterwards(client):
    """A contact that lost a label still holds its e-mail against others."""
    client.delete("/labels/custom.vip")
    sent = {"info": {"emails": {"items": [{"email": "ANN@example.com"}]}}}

    assert (409, "DUPLICATE_CONTACT_EXISTS") == code(client.post("/contacts", json=sent))


def test_definitions_survive(tmp_path, people_file):
    """Definitions are in the database file, with their changes."""
    database = tmp_path / "site.db"
    with start(database=database, people_file=people_file) as server, client_of(server) as client:
        label(client, "Fan")
        client.patch("/labels/custom.press", json={"displayName": "Media"})
        client.delete("/labels/custom.vip")
    with start(database=database) as server, client_of(server) as client:
        labels = client.get("/labels?namespace=custom").json()["labels"]

    assert [("custom.fan", "Fan"), ("custom.press", "Media")] == [
        (one["key"], one["displayName"]) for one in labels
    ]


def test_one_label_for_all(server):
    """Of many who ask for the same new label at once, one makes it and all get it."""

    def ask(_):
        with client_of(server) as client:
            return client.post("/labels", json={"displayName": "Fan"}).json()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(16)))

    assert {"custom.fan"} == {one["label"]["key"] for one in answers}
    assert 1 == sum(one["newLabel"] for one in answers)


def test_labels_quota(sandbox):
    """A site has room for so many labels of its own; those there are found nevertheless."""
    client = sandbox(Settings(labels_quota=3))
    label(client, "Fan")
    answer = client.post("/labels", json={"displayName": "Foe"})

    assert (428, "LABELS_QUOTA_REACHED") == code(answer)
    assert {"labelsQuota": "3", "labelsCurrentTotal": "3"} == answer.json()["details"][
        "applicationError"
    ]["data"]
    assert ["custom.fan", "contacts.customers"] == [
        label(client, name) for name in ("Fan", "Customers")
    ]
    client.delete("/labels/custom.press")
    assert "custom.foe" == label(client, "Foe")


def test_fields_quota(client):
    """The hundred-and-first custom field is refused; system fields do not count."""
    for number in range(96):
        field(client, f"Field {number}")
    answer = client.post("/extended-fields", json={"displayName": "More", "dataType": "TEXT"})
    page = client.get("/extended-fields?fieldType=USER_DEFINED").json()

    assert (428, "FIELDS_QUOTA_EXCEEDED") == code(answer)
    assert (100, 100) == (page["metadata"]["total"], len(page["fields"]))


def test_default_pages(client):
    """Unless told, a page of labels has a thousand entries, of fields a hundred."""
    for number in range(60):
        label(client, f"Label {number}")
    for number in range(90):
        field(client, f"Field {number}")
    names = [one["displayName"] for one in client.get("/labels").json()["labels"]]

    assert 64 == len(names)
    assert sorted(names) == names
    assert 64 == len(client.post("/labels/query", json={}).json()["labels"])
    for page in (client.get("/extended-fields"), client.post("/extended-fields/query", json={})):
        assert 100 == len(page.json()["fields"])


@pytest.mark.parametrize(("limit", "status"), [(2000, 200), (2001, 400)])
def test_largest_page_of_labels(client, limit, status):
    """A page of labels has up to two thousand entries, listed or queried."""
    query = {"query": {"paging": {"limit": limit}}}

    assert status == client.get(f"/labels?paging.limit={limit}").status_code
    assert status == client.post("/labels/query", json=query).status_code


def test_labels_sorted_twice(client):
    """Labels can be sorted by several fields; the second decides where the first does not."""
    for name in ("Fan", "Foe"):
        label(client, name)
    sort = [
        {"fieldName": "createdDate", "order": "ASC"},
        {"fieldName": "displayName", "order": "DESC"},
    ]
    found = client.post("/labels/query", json={"query": {"sort": sort}}).json()["labels"]
    names = [one["displayName"] for one in found]

    assert ["Vip", "Press", "Customers", "Contacted Me"] == names[:4]
    assert {"Fan", "Foe"} == set(names[4:])
