"""Bulk operations and their jobs: whom they change, how they count, and that they end."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter

import httpx
import pytest
from sandbox.answers import ANN, BOB, MEG, client_of, code, refused, state, violations

from contacttools.sandbox import Settings, start

NOBODY = "99999999-9999-4999-8999-999999999999"
LABELS = "/bulk/contacts/add-remove-labels"
UPDATE = "/bulk/contacts/update"
DELETE = "/bulk/contacts/delete"
PRESS, VIP = "custom.press", "custom.vip"
SOUND = {
    UPDATE: {"info": {"company": "Northwindel"}},
    LABELS: {"labelKeysToAdd": [PRESS]},
    DELETE: {},
}


def accepted(client, path, **body):
    """Send a bulk request, and give the id of its job."""
    answer = client.post(path, json=body)
    assert 200 == answer.status_code, answer.text
    assert {"jobId"} == set(answer.json())
    return answer.json()["jobId"]


def job_of(client, job_id):
    """Give a job."""
    answer = client.get(f"/bulk/jobs/{job_id}")
    assert {"job"} == set(answer.json())
    return answer.json()["job"]


def done(server, client, path, **body):
    """Send a bulk request, wait for its job, and give that."""
    job_id = accepted(client, path, **body)
    server.jobs.settle()
    return job_of(client, job_id)


def contacts(client):
    """Give all contacts by id."""
    found = client.get("/contacts?paging.limit=1000").json()["contacts"]
    return {one["id"]: one for one in found}


def grown(before, after):
    """Count the contacts by how much their revision has grown."""
    return Counter(one["revision"] - before[key]["revision"] for key, one in after.items())


def test_update(server, client):
    """A bulk update sets what is sent on every match, once; the rest stays."""
    before = contacts(client)
    clause = {"info.labelKeys": {"$hasSome": [VIP]}}
    job = done(server, client, UPDATE, filter=clause, info={"company": "Northwindel"})
    after = contacts(client)

    assert {
        "id": job["id"],
        "type": "UPDATE",
        "status": "COMPLETED",
        "startedDate": job["startedDate"],
        "finishedDate": job["finishedDate"],
        "totalItems": 2,
        "successTotal": 2,
        "failedTotal": 0,
        "errors": [],
    } == job
    assert job["startedDate"] <= job["finishedDate"]
    assert before[MEG] == after[MEG]
    for contact_id, revision in ((ANN, 6), (BOB, 2)):
        assert revision == after[contact_id]["revision"]
        info = {**before[contact_id]["info"], "company": "Northwindel"}
        assert info == after[contact_id]["info"]


def test_update_needs_no_revision_and_allows_duplicates(server, client):
    """Two contacts can be given one e-mail address in bulk; items get ids of their own."""
    info = {"emails": {"items": [{"email": "both@example.com"}]}}
    job = done(server, client, UPDATE, filter={"id": {"$in": [ANN, BOB]}}, info=info)
    after = contacts(client)

    assert (2, 0) == (job["successTotal"], job["failedTotal"])
    assert ["both@example.com"] * 2 == [after[one]["primaryInfo"]["email"] for one in (ANN, BOB)]
    assert 2 == len({after[one]["info"]["emails"]["items"][0]["id"] for one in (ANN, BOB)})


def test_update_of_the_unchanged(server, client):
    """A contact that has all that is set already counts as done, and keeps its revision."""
    client.patch(f"/contacts/{BOB}", json={"info": {"company": "Larkfield"}, "revision": 1})
    before, events = contacts(client), len(server.events())
    job = done(server, client, UPDATE, filter={}, info={"company": "Larkfield"})

    assert (3, 3, 0) == (job["totalItems"], job["successTotal"], job["failedTotal"])
    assert {0: 2, 1: 1} == grown(before, contacts(client))
    assert events + 1 == len(server.events())


def test_update_counts_failures(server, client):
    """Whom the rules refuse is counted by code, and is as before; the others are changed."""
    client.patch(f"/contacts/{BOB}", json={"info": {"name": None, "phones": None}, "revision": 1})
    before = contacts(client)
    info = {"emails": {"items": []}}
    job = done(server, client, UPDATE, filter={}, info=info)
    after = contacts(client)

    assert (3, 1, 2) == (job["totalItems"], job["successTotal"], job["failedTotal"])
    assert [(1, "INSUFFICIENT_CONTACT_DATA"), (1, "CANNOT_UPDATE_MEMBER_EMAIL")] == [
        (one["count"], one["code"]) for one in job["errors"]
    ]
    assert all(one["message"] and {"count", "code", "message"} == set(one) for one in job["errors"])
    assert (before[BOB], before[MEG]) == (after[BOB], after[MEG])
    assert "emails" not in after[ANN]["info"]


def test_search(server, client):
    """A search selects as that of a query does, and together with a filter."""
    job = done(server, client, LABELS, search="Ann", labelKeysToAdd=[PRESS])
    both = done(server, client, LABELS, search="Ann", filter={"id": BOB}, labelKeysToAdd=[PRESS])

    assert (1, 0) == (job["totalItems"], both["totalItems"])
    assert 6 == contacts(client)[ANN]["revision"]


def test_relabel(server, client):
    """Labels are added and removed; only who changed has another revision."""
    body = {"labelKeysToAdd": [PRESS], "labelKeysToRemove": [VIP]}
    job = done(server, client, LABELS, filter={}, **body)
    after = contacts(client)

    assert ("ADD_REMOVE_LABELS", 3, 0) == (job["type"], job["successTotal"], job["failedTotal"])
    assert [[PRESS]] * 3 == [one["info"]["labelKeys"]["items"] for one in after.values()]
    again = done(server, client, LABELS, filter={}, **body)
    assert 3 == again["successTotal"]
    assert after == contacts(client)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"labelKeysToAdd": [PRESS]}, "ADD_LABELS"),
        ({"labelKeysToRemove": [PRESS]}, "REMOVE_LABELS"),
        ({"labelKeysToAdd": [PRESS], "labelKeysToRemove": []}, "ADD_LABELS"),
    ],
)
def test_relabel_types(server, client, body, kind):
    """The type of a job says whether labels are added, removed, or both."""
    assert kind == done(server, client, LABELS, filter={}, **body)["type"]


def test_key_in_both(server, client):
    """A label that is to be added and removed is gone."""
    body = {"labelKeysToAdd": [VIP, PRESS], "labelKeysToRemove": [VIP]}
    done(server, client, LABELS, filter={"id": ANN}, **body)

    assert [PRESS] == contacts(client)[ANN]["info"]["labelKeys"]["items"]


def test_label_deleted_before_its_job(server, client):
    """A job that adds a label which is gone by then adds it to nobody, and counts that."""
    with server.jobs.held():
        job_id = accepted(client, LABELS, filter={}, labelKeysToAdd=[PRESS])
        client.delete(f"/labels/{PRESS}")
    before = contacts(client)
    server.jobs.settle()
    job = job_of(client, job_id)

    assert (0, 3) == (job["successTotal"], job["failedTotal"])
    assert [3] == [error["count"] for error in job["errors"]]
    assert before == contacts(client)


def test_delete(server, client):
    """Matches are deleted; members and others that may not be are counted by code, and stay."""
    billed = "CANNOT_DELETE_CONTACT_WITH_BILLING_SUBSCRIPTION"
    server.forbid_deletion(BOB, billed)
    job = done(server, client, DELETE, filter={})

    assert ("DELETE", 1, 2) == (job["type"], job["successTotal"], job["failedTotal"])
    assert [(1, billed), (1, "CANNOT_DELETE_SITE_MEMBERS")] == [
        (one["count"], one["code"]) for one in job["errors"]
    ]
    assert {BOB, MEG} == set(contacts(client))
    assert (404, "CONTACT_NOT_FOUND") == code(client.get(f"/contacts/{ANN}"))


def test_no_match(server, client):
    """A job about nobody is accepted, and ends."""
    job = done(server, client, DELETE, filter={"id": NOBODY})

    assert ("COMPLETED", 0, 0, 0) == (
        job["status"],
        job["totalItems"],
        job["successTotal"],
        job["failedTotal"],
    )


def test_selected_when_accepted(server, client):
    """Whom a job is about is settled when it is accepted; who is gone by then is a failure."""
    with server.jobs.held():
        job_id = accepted(client, UPDATE, filter={"info.name.first": "Ann"}, **SOUND[UPDATE])
        later = [
            accepted(client, path, filter={"id": BOB}, **SOUND[path]) for path in (UPDATE, DELETE)
        ]
        edit = {"info": {"name": {"first": "Anna"}}, "revision": 5}
        client.patch(f"/contacts/{ANN}", json=edit)
        client.post("/contacts", json={"info": {"name": {"first": "Ann"}}})
        client.delete(f"/contacts/{BOB}")
    server.jobs.settle()

    assert (1, 0) == tuple(job_of(client, job_id)[key] for key in ("successTotal", "failedTotal"))
    assert ("Anna", "Northwindel", 7) == (
        (ann := contacts(client)[ANN])["info"]["name"]["first"],
        ann["info"]["company"],
        ann["revision"],
    )
    errors = [job_of(client, one)["errors"] for one in later]
    assert [[(1, "CONTACT_NOT_FOUND")], [(1, "FAILED_DELETE_CONTACT")]] == [
        [(one["count"], one["code"]) for one in some] for some in errors
    ]


def test_stages():
    """A job is new, runs a few contacts at a time, and is completed; requests see it advance."""
    with start(people=50) as server, client_of(server) as client:
        before = contacts(client)
        with server.jobs.held() as step:
            job_id = accepted(client, UPDATE, filter={}, **SOUND[UPDATE])
            new = job_of(client, job_id)
            step()
            running = job_of(client, job_id)
            seen = contacts(client)
        server.jobs.settle()
        completed = job_of(client, job_id)

    assert "startedDate" not in new
    assert ("NEW", 50, 0) == (new["status"], new["totalItems"], new["successTotal"])
    assert ("RUNNING", 20) == (running["status"], running["successTotal"])
    assert "finishedDate" not in running
    assert {0: 30, 1: 20} == grown(before, seen)
    assert ("COMPLETED", 50) == (completed["status"], completed["successTotal"])
    assert running["startedDate"] == completed["startedDate"]


def test_jobs_in_order(server, client):
    """Jobs are carried out in the order of their acceptance, one after the other."""
    with server.jobs.held():
        for name in "ABC":
            accepted(client, UPDATE, filter={"id": ANN}, info={"company": name})
    server.jobs.settle()

    assert "C" == contacts(client)[ANN]["info"]["company"]
    assert ["A", "B", "C"] == [one["info"]["company"] for one in server.store.history(ANN)]


def test_list_jobs(server, client):
    """The list shows the latest 100 jobs, the latest first, each as Get does."""
    assert {"jobs": []} == client.get("/bulk/jobs").json()
    with server.jobs.held():
        ids = [accepted(client, DELETE, filter={"id": NOBODY}) for _ in range(101)]
    server.jobs.settle()
    found = client.get("/bulk/jobs").json()["jobs"]

    assert ids[:0:-1] == [one["id"] for one in found]
    assert job_of(client, ids[-1]) == found[0]


def test_other_path(server, client):
    """A job is found under both documented paths; unknown ones are 404."""
    job = done(server, client, DELETE, filter={"id": NOBODY})

    assert {"job": job} == client.get(f"/bulk/contact/jobs/{job['id']}").json()
    for path in ("/bulk/jobs", "/bulk/contact/jobs"):
        assert (404, "NOT_FOUND") == code(client.get(f"{path}/{NOBODY}"))


def test_counters_by_setting(people_file):
    """A setting names the counters as the samples do."""
    settings = Settings(job_counters="samples")
    with start(people_file=people_file, settings=settings) as server, client_of(server) as client:
        job = done(server, client, DELETE, filter={})

    assert (2, 1) == (job["processedCount"], job["failedCount"])
    assert not {"successTotal", "failedTotal"} & set(job)


@pytest.mark.parametrize("path", [DELETE, LABELS])
@pytest.mark.parametrize(
    "given", [{}, {"filter": None}, {"search": ""}, {"filter": None, "search": None}]
)
def test_neither_filter_nor_search(server, client, path, given):
    """Deleting and labelling need a filter or a search."""
    before = state(server)

    assert (400, "NEITHER_FILTER_NOR_SEARCH") == code(
        client.post(path, json={**SOUND[path], **given})
    )
    assert before == state(server)


@pytest.mark.parametrize("body", [{}, {"labelKeysToAdd": ["custom.none"]}], ids=json.dumps)
def test_selection_before_labels(client, body):
    """Whom labelling is about is asked before which labels."""
    assert (400, "NEITHER_FILTER_NOR_SEARCH") == code(client.post(LABELS, json=body))


def test_update_of_nobody(server, client):
    """Updating needs a filter or a search as well, but has no code of its own."""
    before = state(server)

    assert [("filter", "REQUIRED")] == violations(client.post(UPDATE, json=SOUND[UPDATE]))
    assert before == state(server)


@pytest.mark.parametrize("path", SOUND)
@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ([], "MALFORMED_FILTER"),
        ({"$not": {"info.labelKeys": {"$hasSome": [VIP]}}}, "UNSUPPORTED_FILTER"),
        ({"nonsense": "x"}, "UNSUPPORTED_FILTER_FIELD_UNKNOWN"),
        ({"id": {"$gt": "x"}}, "UNSUPPORTED_FILTER_OPERATOR"),
        ({"createdDate": "yesterday"}, "UNSUPPORTED_FILTER_VALUE"),
        ({"id": 5}, "UNSUPPORTED_FILTER_VALUE_TYPE"),
    ],
)
def test_filter_codes(server, client, path, clause, expected):
    """A bad filter is refused as in a query, before there is a job."""
    before = state(server)

    assert (400, expected) == code(client.post(path, json={**SOUND[path], "filter": clause}))
    assert before == state(server)


@pytest.mark.parametrize("path", SOUND)
@pytest.mark.parametrize(("text", "rule"), [("x" * 101, "MAX_LENGTH"), (5, "TYPE")])
def test_search_violations(server, client, path, text, rule):
    """A search has at most 100 characters."""
    before = state(server)

    assert [("search", rule)] == violations(client.post(path, json={**SOUND[path], "search": text}))
    assert before == state(server)


@pytest.mark.parametrize(
    ("body", "field", "rule"),
    [
        ({}, "info", "REQUIRED"),
        ({"info": {}}, "info", "REQUIRED"),
        ({"info": {"nonsense": 1}}, "info", "REQUIRED"),
        ({"info": []}, "info", "TYPE"),
        ({"info": {"company": 5}}, "info.company", "TYPE"),
        ({"info": {"birthdate": "1980-02-30"}}, "info.birthdate", "FORMAT"),
        ({"info": {"labelKeys": {"items": ["custom.none"]}}}, "info.labelKeys", "CUSTOM"),
    ],
)
def test_update_violations(server, client, body, field, rule):
    """What is wrong with the info of a bulk update is refused before there is a job."""
    before = state(server)

    assert [(field, rule)] == violations(client.post(UPDATE, json={"filter": {}, **body}))
    assert before == state(server)


def test_update_codes(server, client):
    """Two primaries and values that do not fit are refused with the codes of an update."""
    before = state(server)
    two = [{"email": f"{name}@example.com", "primary": True} for name in "ab"]
    for info, expected in (
        ({"emails": {"items": two}}, "CANNOT_HAVE_MULTIPLE_PRIMARY_INFO"),
        (
            {"extendedFields": {"items": {"custom.customer-number": "x"}}},
            "INVALID_EXTENDED_FIELD_VALUE",
        ),
    ):
        assert (400, expected) == code(client.post(UPDATE, json={"filter": {}, "info": info}))
    assert before == state(server)


@pytest.mark.parametrize(
    ("body", "field", "rule"),
    [
        ({}, "labelKeysToAdd", "REQUIRED"),
        ({"labelKeysToAdd": [], "labelKeysToRemove": []}, "labelKeysToAdd", "REQUIRED"),
        ({"labelKeysToAdd": VIP}, "labelKeysToAdd", "TYPE"),
        ({"labelKeysToRemove": [5]}, "labelKeysToRemove", "TYPE"),
        ({"labelKeysToAdd": [VIP] * 101}, "labelKeysToAdd", "MAX_SIZE"),
        ({"labelKeysToRemove": [VIP] * 101}, "labelKeysToRemove", "MAX_SIZE"),
        ({"labelKeysToAdd": ["custom.none"]}, "labelKeysToAdd", "CUSTOM"),
        ({"labelKeysToRemove": ["custom.none"]}, "labelKeysToRemove", "CUSTOM"),
    ],
)
def test_relabel_violations(server, client, body, field, rule):
    """There must be keys to add or to remove, up to 100 each, that the site has."""
    before = state(server)

    assert [(field, rule)] == violations(client.post(LABELS, json={"filter": {}, **body}))
    assert before == state(server)


@pytest.mark.parametrize(
    ("method", "path", "scopes"),
    [
        ("POST", UPDATE, ("Read Contacts", "Manage Members")),
        ("POST", LABELS, ("Read Contacts", "Manage Contact Labels")),
        ("POST", DELETE, ("Read Contacts", "Manage Contact Labels")),
        ("GET", "/bulk/jobs", ("Manage Members", "Manage Contact Labels")),
        ("GET", "/bulk/jobs/1", ("Manage Members", "Manage Contact Labels")),
    ],
)
def test_permission(server, method, path, scopes):
    """Bulk operations need the scopes of the single ones, jobs one that reads contacts."""
    assert [(401, "UNAUTHENTICATED"), (403, "PERMISSION_DENIED"), (403, "PERMISSION_DENIED")] == (
        refused(server, method, path, *scopes)
    )


# -- a job outlives its process, and does not stand in the way of others


def test_goes_on_where_it_was(tmp_path):
    """A job left half done is finished when its database is opened again, once per contact."""
    database = tmp_path / "site.db"
    with start(people=50, database=database) as server, client_of(server) as client:
        before = contacts(client)
        with server.jobs.held() as step:
            job_id = accepted(client, UPDATE, filter={}, **SOUND[UPDATE])
            step()
            assert {0: 30, 1: 20} == grown(before, contacts(client))
            server.stop()

    with start(database=database) as server, client_of(server) as client:
        server.jobs.settle()
        job = job_of(client, job_id)
        assert ("COMPLETED", 50, 0) == (job["status"], job["successTotal"], job["failedTotal"])
        assert {1: 50} == grown(before, contacts(client))
        assert [1] * 50 == [event.sequence for event in server.store.events()]


def test_killed(tmp_path):
    """A sandbox killed in the middle of a job leaves it to the next, which changes nobody twice."""
    database, people = tmp_path / "site.db", 600
    command = [sys.executable, "-m", "contacttools.sandbox", "--database", str(database)]
    with subprocess.Popen(
        [*command, "--people", str(people)], stdout=subprocess.PIPE, text=True
    ) as process:
        ready = json.loads(process.stdout.readline())
        headers = {"Authorization": ready["api_key"], "wix-site-id": ready["site_id"]}
        with httpx.Client(base_url=f"{ready['url']}/contacts/v4", headers=headers) as client:
            job_id = accepted(client, UPDATE, filter={}, **SOUND[UPDATE])
            while not (done_before := job_of(client, job_id)["successTotal"]):
                pass
        process.kill()

    assert 0 < done_before < people
    with start(database=database) as server, client_of(server) as client:
        server.jobs.settle()
        assert people == job_of(client, job_id)["successTotal"]
        found = [json.loads(text) for text in server.store.all_texts()]
        assert {"Northwindel"} == {one["info"]["company"] for one in found}
        assert {one["id"]: 1 for one in found} == Counter(
            event.contact_id for event in server.store.events()
        )


def test_requests_go_between():
    """While a job runs, requests are answered and may change the very same contacts."""
    with start(people=400) as server, client_of(server) as client:
        job_id = accepted(client, UPDATE, filter={}, **SOUND[UPDATE])
        target, before = list(contacts(client).items())[-1]
        answered = 0
        while job_of(client, job_id)["status"] != "COMPLETED":
            revision = client.get(f"/contacts/{target}").json()["contact"]["revision"]
            edit = {"info": {"jobTitle": str(answered)}, "revision": revision}
            answered += 200 == client.patch(f"/contacts/{target}", json=edit).status_code
        contact = contacts(client)[target]

    assert answered
    assert before["revision"] + 1 + answered == contact["revision"]
    assert ("Northwindel", str(answered - 1)) == (
        contact["info"]["company"],
        contact["info"]["jobTitle"],
    )


def test_settle_and_stop(server):
    """With nothing to do there is nothing to wait for; a stopped worker leaves no thread behind."""
    server.jobs.settle()
    threads = Counter(thread.name for thread in threading.enumerate())
    server.stop()
    server.jobs.settle()
    threads.subtract(thread.name for thread in threading.enumerate())

    assert 1 == threads["contacttools-sandbox-jobs"]
