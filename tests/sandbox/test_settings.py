"""Settings: each switch, with both of its values."""

from __future__ import annotations

import ast
from dataclasses import fields
from pathlib import Path

import httpx
import pytest
from sandbox.answers import ANN, MEG, client_of, code, violations

from contacttools.sandbox import Settings, start

NOBODY = "99999999-9999-4999-8999-999999999999"


def get(client, contact=ANN):
    """Give a contact."""
    return client.get(f"/contacts/{contact}").json()["contact"]


def patch(client, info, *, contact=ANN, revision=5):
    """Send an update."""
    return client.patch(f"/contacts/{contact}", json={"info": info, "revision": revision})


def emails(*items):
    """Give an emails member."""
    return {"emails": {"items": list(items)}}


def test_every_switch_is_tried():
    """No switch is without a test that sets it to another value than its default."""
    tried = {
        keyword.arg
        for path in Path(__file__).parent.glob("test_*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "Settings"
        for keyword in call.keywords
    }

    assert {one.name for one in fields(Settings)} == tried


@pytest.mark.parametrize(
    ("body", "expected"), [("json", "application/json"), ("empty", ""), ("html", "text/html")]
)
def test_refusal_body(people_file, body, expected):
    """An answer of 401, 403 or 429 has a body as usual, none, or a page."""
    settings = Settings(refusal_body=body)
    with start(people_file=people_file, settings=settings, requests_per_minute=1) as server:
        url = f"{server.url}/contacts/v4/contacts"
        headers = {"Authorization": server.api_key, "wix-site-id": server.site_id}
        answers = [httpx.get(url), httpx.get(url, headers={"Authorization": server.api_key})]
        missing = httpx.get(f"{url}/{NOBODY}", headers=headers)
        answers.append(httpx.get(url, headers=headers))

    assert [401, 403, 429] == [one.status_code for one in answers]
    for one in answers:
        assert expected == one.headers.get("content-type", "").partition(";")[0]
        assert bool(expected) == bool(one.content)
    assert (404, "CONTACT_NOT_FOUND") == code(missing)


def test_revision_required(client, sandbox):
    """An update without revision is a validation error, or refused as a stale one."""
    sent = {"info": {"company": "x"}}

    assert [("revision", "TYPE")] == violations(client.patch(f"/contacts/{ANN}", json=sent))
    assert (409, "CONTACT_ALREADY_CHANGED") == code(
        sandbox(Settings(revision_required=False)).patch(f"/contacts/{ANN}", json=sent)
    )


def test_unknown_label_status(client, sandbox):
    """An unknown label is a validation error, or 404."""
    info = {"labelKeys": {"items": ["custom.none"]}}
    other = sandbox(Settings(unknown_label_status=404))
    labels = {"labelKeys": ["custom.none"]}

    assert [("info.labelKeys", "CUSTOM")] == violations(patch(client, info))
    assert (404, "NOT_FOUND") == code(patch(other, info))
    assert [("labelKeys", "CUSTOM")] == violations(
        client.post(f"/contacts/{ANN}/labels", json=labels)
    )
    assert (404, "NOT_FOUND") == code(other.post(f"/contacts/{ANN}/labels", json=labels))


def test_unknown_delete_status(client, sandbox):
    """Deleting what is not there is 404, or succeeds."""
    assert (404, "CONTACT_NOT_FOUND") == code(client.delete(f"/contacts/{NOBODY}"))
    answer = sandbox(Settings(unknown_delete_status=200)).delete(f"/contacts/{NOBODY}")
    assert (200, {}) == (answer.status_code, answer.json())


@pytest.mark.parametrize("status", [428, 400, 429])
def test_quota_status(sandbox, status):
    """Both quotas are answered with the status of the setting."""
    client = sandbox(Settings(quota_status=status, labels_quota=2, fields_quota=4))
    sent = {"displayName": "New", "dataType": "TEXT"}

    assert (status, "LABELS_QUOTA_REACHED") == code(client.post("/labels", json=sent))
    assert (status, "FIELDS_QUOTA_EXCEEDED") == code(client.post("/extended-fields", json=sent))


@pytest.mark.parametrize(
    ("counters", "expected"),
    [
        ("schema", {"successTotal", "failedTotal"}),
        ("samples", {"processedCount", "failedCount"}),
    ],
)
def test_job_counters(sandbox, counters, expected):
    """Jobs count by the names of the schema, or by those of the samples."""
    client = sandbox(Settings(job_counters=counters))
    sent = {"filter": {"id": ANN}, "info": {"company": "x"}}
    job_id = client.post("/bulk/contacts/update", json=sent).json()["jobId"]
    job = client.get(f"/bulk/jobs/{job_id}").json()["job"]

    names = {"successTotal", "failedTotal", "processedCount", "failedCount"}
    assert expected == names & set(job)


@pytest.mark.parametrize("despite", [False, True])
def test_create_despite_duplicate(sandbox, despite):
    """A refused create has made nothing, or has made the contact all the same."""
    client = sandbox(Settings(create_despite_duplicate=despite))
    sent = {"info": emails({"email": "bob@example.com"})}

    assert (409, "DUPLICATE_CONTACT_EXISTS") == code(client.post("/contacts", json=sent))
    assert 3 + despite == client.get("/contacts").json()["pagingMetadata"]["total"]


@pytest.mark.parametrize("matters", [False, True])
def test_email_case_matters(sandbox, matters):
    """An e-mail in other letters is a duplicate, or is not; the very same always is."""
    client = sandbox(Settings(email_case_matters=matters))

    assert 409 == patch(client, emails({"email": "bob@example.com"})).status_code
    answer = patch(client, emails({"email": "BOB@example.com"}))
    assert (200 if matters else 409) == answer.status_code


@pytest.mark.parametrize("international", [True, False])
def test_compare_e164(sandbox, international):
    """Numbers are compared by international form, or by the digits that were typed."""
    client = sandbox(Settings(compare_e164=international))

    def answered(phone, country):
        item = {"phone": phone, "countryCode": country}
        return patch(client, {"phones": {"items": [item]}}).status_code

    # Bob's number, once as he has it and once as somebody abroad would write it.
    assert 409 == answered("(020) 79460001", "GB")
    assert (409 if international else 200) == answered("+44 20 7946 0001", "GB")


def test_other_readings_of_a_database(tmp_path, people_file):
    """A database is searched for duplicates by the settings it is opened with."""
    database = tmp_path / "site.db"
    with start(people_file=people_file, database=database):
        pass
    settings = Settings(all_emails_collide=False, email_case_matters=True)
    with start(database=database, settings=settings) as server, client_of(server) as client:
        made = [
            client.post("/contacts", json={"info": emails({"email": text})}).status_code
            for text in ("meg2@example.net", "Bob@example.com", "bob@example.com")
        ]
        swapped = patch(client, emails({"email": "Ann.Work@example.org"}))
    with start(database=database) as server, client_of(server) as client:
        again = client.post("/contacts", json={"info": emails({"email": "BOB@example.com"})})

    assert [200, 200, 409] == made
    assert 200 == swapped.status_code
    assert (409, "DUPLICATE_CONTACT_EXISTS") == code(again)


@pytest.mark.parametrize("refused", [True, False])
def test_refuse_two_primaries(sandbox, refused):
    """Two items marked as primary are refused, or the last one wins."""
    client = sandbox(Settings(refuse_two_primaries=refused))
    items = [{"email": f"{name}@example.com", "primary": True} for name in "xyz"]
    answer = patch(client, emails(*items, {"email": "last@example.com"}))

    if refused:
        assert (400, "CANNOT_HAVE_MULTIPLE_PRIMARY_INFO") == code(answer)
    else:
        found = answer.json()["contact"]
        assert "z@example.com" == found["primaryInfo"]["email"]
        assert [False, False, True, False] == [
            one["primary"] for one in found["info"]["emails"]["items"]
        ]


@pytest.mark.parametrize("counts", [True, False])
def test_count_labelling(sandbox, counts):
    """Labelling moves the revision, or only the contact."""
    client = sandbox(Settings(count_labelling=counts))
    answer = client.post(f"/contacts/{ANN}/labels", json={"labelKeys": ["custom.press"]})

    assert 5 + counts == answer.json()["contact"]["revision"]
    assert ["custom.vip", "custom.press"] == get(client)["info"]["labelKeys"]["items"]


@pytest.mark.parametrize("counts", [True, False])
def test_count_forgetting(sandbox, counts):
    """A contact that loses a deleted label, or a value, gets a new revision, or keeps its own."""
    client = sandbox(Settings(count_forgetting=counts))
    client.delete("/labels/custom.vip")
    client.delete("/extended-fields/custom.nickname")
    contact = get(client)

    assert 5 + 2 * counts == contact["revision"]
    assert "labelKeys" not in contact["info"]
    assert "custom.nickname" not in contact["info"]["extendedFields"]["items"]


@pytest.mark.parametrize("sent", [True, False])
def test_request_ids(sandbox, sent):
    """Every answer has a request id, or none has."""
    client = sandbox(Settings(request_ids=sent))
    answers = [client.get("/contacts"), client.get("/nonsense")]

    assert [sent, sent] == ["x-wix-request-id" in one.headers for one in answers]


@pytest.mark.parametrize(
    ("status", "expected"), [(403, "PERMISSION_DENIED"), (401, "UNAUTHENTICATED")]
)
def test_missing_scope_status(people_file, status, expected):
    """Who is known and may not is answered 403, or 401."""
    settings = Settings(missing_scope_status=status)
    with start(people_file=people_file, settings=settings) as server:
        key = server.callers.api_key(scopes=["Read Contacts"])
        headers = {"Authorization": key, "wix-site-id": server.site_id}
        url = f"{server.url}/contacts/v4/contacts/{ANN}"
        read, written = (httpx.request(one, url, headers=headers) for one in ("GET", "PATCH"))

    assert 200 == read.status_code
    assert (status, expected) == code(written)


def test_empty_wrappers(client, sandbox):
    """A contact shows nothing where it has no phones, or an empty wrapper."""
    other = sandbox(Settings(empty_wrappers=True))
    info = patch(other, {"phones": {"items": []}, "addresses": None}).json()["contact"]["info"]

    assert not {"phones", "addresses"} & set(get(client, MEG)["info"])
    assert ({}, {}) == tuple(get(other, MEG)["info"][name] for name in ("phones", "addresses"))
    assert ({}, {}) == (info["phones"], info["addresses"])
    assert (400, "INSUFFICIENT_CONTACT_DATA") == code(
        patch(other, {"emails": {"items": []}, "name": None}, revision=6)
    )


@pytest.mark.parametrize("clears", [False, True])
@pytest.mark.parametrize("name", ["emails", "phones", "addresses", "labelKeys"])
def test_empty_wrapper_clears(sandbox, clears, name):
    """An empty wrapper leaves a list alone, or clears it."""
    client = sandbox(Settings(empty_wrapper_clears=clears))

    assert clears == (name not in patch(client, {name: {}}).json()["contact"]["info"])


@pytest.mark.parametrize("refused", [True, False])
def test_refuse_unknown_fields(sandbox, refused):
    """An unknown custom field is refused, or passed over."""
    client = sandbox(Settings(refuse_unknown_fields=refused))
    sent = {"extendedFields": {"items": {"custom.none": "x", "custom.nickname": "y"}}}
    answer = patch(client, sent)

    if refused:
        assert (400, "INVALID_EXTENDED_FIELD_VALUE") == code(answer)
    else:
        found = answer.json()["contact"]["info"]["extendedFields"]["items"]
        assert "y" == found["custom.nickname"]
        assert "custom.none" not in found


@pytest.mark.parametrize(
    ("first", "expected"),
    [(True, (409, "CONTACT_ALREADY_CHANGED")), (False, (400, "INVALID_EXTENDED_FIELD_VALUE"))],
)
def test_revision_first(sandbox, first, expected):
    """Bad data at a stale revision are stale, or bad; good data are stale in any case."""
    client = sandbox(Settings(revision_first=first))
    bad = {"extendedFields": {"items": {"custom.customer-number": "x"}}}

    assert expected == code(patch(client, bad, revision=4))
    assert (409, "CONTACT_ALREADY_CHANGED") == code(patch(client, {"company": "x"}, revision=4))
    assert (409, "CONTACT_ALREADY_CHANGED") == code(
        patch(client, emails({"email": "new@example.com"}), contact=MEG, revision=1)
    )


@pytest.mark.parametrize("status", [428, 403, 400])
def test_system_definition_status(sandbox, status):
    """What the system defined is refused with the status of the setting."""
    client = sandbox(Settings(system_definition_status=status))

    assert (status, "FAILED_PRECONDITION") == code(client.delete("/labels/contacts.customers"))


@pytest.mark.parametrize("unique", [False, True])
def test_unique_names(sandbox, unique):
    """A label may get the name of another, or may not; its own it may always get again."""
    client = sandbox(Settings(unique_names=unique))
    taken = client.get("/labels/custom.press").json()["label"]["displayName"]
    answer = client.patch("/labels/custom.vip", json={"displayName": taken})

    assert 200 == client.patch("/labels/custom.press", json={"displayName": taken}).status_code
    if unique:
        assert (409, "ALREADY_EXISTS") == code(answer)
    else:
        assert taken == answer.json()["label"]["displayName"]
