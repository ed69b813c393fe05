"""Each operation does what it is for, and answers in the documented shape."""

from __future__ import annotations

import pytest
from sandbox.contract import (
    CONTACT,
    FACET,
    FIELD,
    JOB,
    LABEL,
    NOBODY,
    PAGING,
    body,
    guid,
    is_shaped,
    json_of,
    refused,
)

pytestmark = pytest.mark.contract

WHOLE = {
    "name": {"first": "Contract", "last": "Tester"},
    "phones": {"items": [{"tag": "MOBILE", "countryCode": "US", "phone": "6465676359"}]},
    "addresses": {
        "items": [
            {
                "tag": "WORK",
                "address": {
                    "addressLine": "3 Park Ave",
                    "city": "NY",
                    "subdivision": "US-NY",
                    "country": "US",
                    "postalCode": "10010",
                },
            }
        ]
    },
    "company": "Contract Works",
    "jobTitle": "Tester",
    "birthdate": "1980-04-25",
    "locale": "en-us",
}


def only(*contacts):
    """Give a filter that means these contacts."""
    return {"id": {"$in": [one["id"] for one in contacts]}}


def finished(service, job_id):
    """Ask for a job until it is done."""
    for _ in range(2000):
        job = body(service.get(f"/bulk/jobs/{job_id}"))["job"]
        if job["status"] == "COMPLETED":
            return job
    raise AssertionError(job)


def test_create_contact(bench, service):
    """Create answers the contact at its first revision, complete and ready to be read."""
    email = bench.email()
    sent = {**WHOLE, "emails": {"items": [{"tag": "WORK", "email": email}]}}
    answer = service.post("/contacts", json={"info": sent, "allowDuplicates": True})
    contact = bench.keep(answer)

    assert {"contact"} == set(body(answer))
    assert is_shaped(contact, CONTACT)
    assert contact["revision"] in {0, 1}
    assert contact["createdDate"] == contact["updatedDate"]
    assert email == contact["primaryInfo"]["email"]
    assert "+16465676359" == contact["info"]["phones"]["items"][0]["e164Phone"]
    assert {name: sent[name] for name in ("name", "company", "birthdate")} == {
        name: contact["info"][name] for name in ("name", "company", "birthdate")
    }
    assert contact == body(service.get(f"/contacts/{contact['id']}"))["contact"]


def test_get_contact(bench, service):
    """Get answers the contact and says how it was found."""
    made = bench.contact(**WHOLE)
    found = body(service.get(f"/contacts/{made['id']}"))

    assert is_shaped(found, {"contact": CONTACT, "responseType": {"REGULAR"}})
    assert made == found["contact"]


def test_get_contact_cut(bench, service):
    """Get cuts a contact down to the members asked for, id and revision always there."""
    made = bench.contact(**WHOLE)
    one = body(service.get(f"/contacts/{made['id']}?fields=info.name"))["contact"]

    assert {"id": made["id"], "revision": made["revision"]} == {
        name: one[name] for name in ("id", "revision")
    }
    assert {"name": made["info"]["name"]} == one["info"]
    assert {"id", "revision", "info"} == set(one)


def test_update_contact(bench, service):
    """Update answers the contact one revision on, what was not sent as it was."""
    made = bench.contact(**WHOLE)
    sent = {"info": {"jobTitle": "Chief"}, "revision": made["revision"]}
    answer = body(service.patch(f"/contacts/{made['id']}", json=sent))
    contact = answer["contact"]

    assert is_shaped(answer, {"contact": CONTACT})
    assert made["revision"] + 1 == contact["revision"]
    assert {**made["info"], "jobTitle": "Chief"} == contact["info"]
    assert (made["createdDate"], made["lastActivity"]) == (
        contact["createdDate"],
        contact["lastActivity"],
    )
    assert contact == body(service.get(f"/contacts/{made['id']}"))["contact"]


def test_list_contacts(bench, service):
    """List answers a page of contacts and counts them all."""
    for _ in range(2):
        bench.contact()
    page = body(service.get("/contacts?paging.limit=1&paging.offset=1"))

    assert is_shaped(page, {"contacts": [CONTACT], "pagingMetadata": PAGING})
    assert 1 == len(page["contacts"]) == page["pagingMetadata"]["count"]
    assert 1 == page["pagingMetadata"]["offset"]
    assert page["pagingMetadata"]["total"] >= 2


def test_list_contacts_sorted(bench, service):
    """List sorts by the field named in the query string."""
    for _ in range(3):
        bench.contact()
    asked = "/contacts?sort.fieldName=createdDate&sort.order={}&paging.limit=3"
    rising = [one["createdDate"] for one in body(service.get(asked.format("ASC")))["contacts"]]
    falling = [one["createdDate"] for one in body(service.get(asked.format("DESC")))["contacts"]]

    assert sorted(rising) == rising
    assert sorted(falling, reverse=True) == falling


def test_query_contacts(bench, service):
    """Query answers the contacts that a filter means, sorted, a page of them."""
    made = [bench.contact(company=f"Contract {letter}") for letter in "CAB"]
    asked = {
        "filter": only(*made),
        "sort": [{"fieldName": "info.company", "order": "DESC"}],
        "paging": {"limit": 2, "offset": 1},
    }
    page = body(service.post("/contacts/query", json={"query": asked}))

    assert is_shaped(page, {"contacts": [CONTACT], "pagingMetadata": PAGING})
    assert ["Contract B", "Contract A"] == [one["info"]["company"] for one in page["contacts"]]
    assert {"count": 2, "offset": 1, "total": 3} == {
        name: page["pagingMetadata"][name] for name in ("count", "offset", "total")
    }


def test_delete_contact(bench, service):
    """Delete answers an empty object, and the contact is gone."""
    made = bench.contact()

    assert {} == body(service.delete(f"/contacts/{made['id']}"))
    assert 404 == service.get(f"/contacts/{made['id']}").status_code


def test_label_contact(bench, service):
    """Label answers the contact with its labels."""
    made, keys = bench.contact(), [bench.label()["key"] for _ in range(2)]
    answer = body(service.post(f"/contacts/{made['id']}/labels", json={"labelKeys": keys}))

    assert is_shaped(answer, {"contact": CONTACT})
    assert set(keys) == set(answer["contact"]["info"]["labelKeys"]["items"])
    assert answer["contact"] == body(service.get(f"/contacts/{made['id']}"))["contact"]


def test_unlabel_contact(bench, service):
    """Unlabel takes the labels named in the query string off a contact."""
    keys = [bench.label()["key"] for _ in range(3)]
    made = bench.contact(labelKeys={"items": keys})
    gone = {"labelKeys": keys[:2]}
    answer = body(service.delete(f"/contacts/{made['id']}/labels", params=gone))

    assert is_shaped(answer, {"contact": CONTACT})
    assert keys[2:] == answer["contact"]["info"]["labelKeys"]["items"]


def test_merge_contacts(bench, service):
    """Merge fills the target from the source, and the source's id leads to it."""
    target, source = bench.contact(company="Contract A"), bench.contact(jobTitle="Tester")
    sent = {
        "targetContactRevision": target["revision"],
        "sourceContactIds": [source["id"]],
    }
    answer = body(service.post(f"/contacts/{target['id']}/merge", json=sent))
    found = body(service.get(f"/contacts/{source['id']}"))

    assert is_shaped(answer, {"contact": CONTACT})
    assert target["id"] == answer["contact"]["id"]
    assert target["revision"] + 1 == answer["contact"]["revision"]
    assert ("Contract A", "Tester") == (
        answer["contact"]["info"]["company"],
        answer["contact"]["info"]["jobTitle"],
    )
    assert "CONTACT_MERGED" == answer["contact"]["lastActivity"]["activityType"]
    assert {"contact": answer["contact"], "responseType": "MERGED"} == found


def test_preview_merge_contacts(bench, service):
    """Preview answers what a merge would, and stores nothing."""
    target, source = bench.contact(company="Contract A"), bench.contact(jobTitle="Tester")
    sent = {"sourceContactIds": [source["id"]]}
    answer = body(service.post(f"/contacts/{target['id']}/preview-merge", json=sent))

    assert is_shaped(answer, {"contact": CONTACT})
    assert "Tester" == answer["contact"]["info"]["jobTitle"]
    for one in (target, source):
        assert one == body(service.get(f"/contacts/{one['id']}"))["contact"]


def test_list_facets(bench, service):
    """Facets count all contacts, and those of each label."""
    label = bench.label()
    bench.contact(labelKeys={"items": [label["key"]]})
    answer = body(service.get("/contacts/facets?language=en&paging.limit=1000"))
    counts = {one["facetKey"]: one["count"] for one in answer["facets"]}

    assert is_shaped(answer, {"facets": [FACET], "pagingMetadata": PAGING})
    assert 1 == counts[label["key"]]


def test_query_facets(bench, service):
    """A filter decides which contacts the facets count."""
    label = bench.label()["key"]
    bench.contact(labelKeys={"items": [label]}, emails={"items": [{"email": bench.email()}]})
    bench.contact(labelKeys={"items": [label]})
    clause = {"info.extendedFields.emailSubscriptions.effectiveEmail": {"$exists": True}}
    sent = {"filter": clause, "paging": {"limit": 1000}, "language": "en"}
    answer = body(service.post("/contacts/facets/query", json=sent))
    counts = {one["facetKey"]: one["count"] for one in answer["facets"]}

    assert is_shaped(answer, {"facets": [FACET], "pagingMetadata": PAGING})
    assert 1 == counts[label]


def test_bulk_update(bench, service):
    """Bulk Update answers the id of a job, which sets what is given and nothing else."""
    made = [bench.contact(company="Before", jobTitle="Tester") for _ in range(2)]
    sent = {"filter": only(*made), "info": {"company": "After"}}
    answer = body(service.post("/bulk/contacts/update", json=sent))
    job = finished(service, answer["jobId"])
    infos = [body(service.get(f"/contacts/{one['id']}"))["contact"]["info"] for one in made]

    assert is_shaped(answer, {"jobId": guid})
    assert ("UPDATE", 2, 2, 0) == (
        job["type"],
        job["totalItems"],
        job["successTotal"],
        job["failedTotal"],
    )
    assert [("After", "Tester")] * 2 == [(one["company"], one["jobTitle"]) for one in infos]


def test_bulk_label(bench, service):
    """Bulk Label And Unlabel adds and removes labels of every match."""
    old, new = (bench.label()["key"] for _ in range(2))
    made = [bench.contact(labelKeys={"items": [old]}) for _ in range(2)]
    sent = {"filter": only(*made), "labelKeysToAdd": [new], "labelKeysToRemove": [old]}
    answer = body(service.post("/bulk/contacts/add-remove-labels", json=sent))
    job = finished(service, answer["jobId"])
    labels = [
        body(service.get(f"/contacts/{one['id']}"))["contact"]["info"]["labelKeys"]["items"]
        for one in made
    ]

    assert is_shaped(answer, {"jobId": guid})
    assert ("ADD_REMOVE_LABELS", 2) == (job["type"], job["successTotal"])
    assert [[new]] * 2 == labels


def test_bulk_delete(bench, service):
    """Bulk Delete removes every match."""
    made = [bench.contact() for _ in range(2)]
    answer = body(service.post("/bulk/contacts/delete", json={"filter": only(*made)}))
    job = finished(service, answer["jobId"])

    assert is_shaped(answer, {"jobId": guid})
    assert ("DELETE", 2) == (job["type"], job["successTotal"])
    assert [404, 404] == [service.get(f"/contacts/{one['id']}").status_code for one in made]


@pytest.mark.parametrize("path", ["/bulk/jobs/{}", "/bulk/contact/jobs/{}"])
def test_get_job(bench, service, path):
    """A job is found under both documented paths."""
    sent = {"filter": only(bench.contact()), "info": {"company": "After"}}
    job_id = body(service.post("/bulk/contacts/update", json=sent))["jobId"]
    finished(service, job_id)
    answer = body(service.get(path.format(job_id)))

    assert is_shaped(answer, {"job": JOB})
    assert job_id == answer["job"]["id"]


def test_list_jobs(bench, service):
    """Jobs can be listed, a hundred at most."""
    sent = {"filter": only(bench.contact()), "info": {"company": "After"}}
    job_id = body(service.post("/bulk/contacts/update", json=sent))["jobId"]
    finished(service, job_id)
    answer = body(service.get("/bulk/jobs"))

    assert is_shaped(answer, {"jobs": [JOB]})
    assert job_id in [one["id"] for one in answer["jobs"]]
    assert len(answer["jobs"]) <= 100


SHAPES = {"label": LABEL, "field": FIELD}
KINDS = pytest.mark.parametrize(
    ("path", "kind"), [("labels", "label"), ("extended-fields", "field")]
)


def made(bench, kind, name=None):
    """Make a label or a field."""
    return bench.label(name) if kind == "label" else bench.field(name=name)


@KINDS
def test_find_or_create(bench, service, path, kind):
    """The first call makes a definition, the second with the same name finds it."""
    name, new = bench.text("Contract Name"), "newLabel" if kind == "label" else "newField"
    sent = {"displayName": name, "dataType": "NUMBER", "language": "en"}
    first = body(service.post(f"/{path}", json=sent))
    bench.note(first[kind], path)
    second = body(service.post(f"/{path}", json={**sent, "dataType": "DATE"}))

    assert is_shaped(first, {kind: SHAPES[kind], new: bool})
    assert {kind: first[kind], new: False} == second
    assert first[new] is True
    assert ("custom", name, "USER_DEFINED") == (
        first[kind]["namespace"],
        first[kind]["displayName"],
        first[kind][f"{kind}Type"],
    )
    assert first[kind]["key"].startswith(f"custom.{name.lower().replace(' ', '-')}")
    assert "NUMBER" == first[kind].get("dataType", "NUMBER")


@KINDS
def test_get_definition(bench, service, path, kind):
    """A definition can be read by its key."""
    one = made(bench, kind)
    answer = body(service.get(f"/{path}/{one['key']}"))

    assert is_shaped(answer, {kind: SHAPES[kind]})
    assert {kind: one} == answer


@KINDS
def test_list_definitions(bench, service, path, kind):
    """Definitions are listed by type, namespace and start of the name, sorted and paged."""
    start = bench.text("Contract List")
    some = [made(bench, kind, f"{start} {letter}") for letter in "BCA"]
    asked = {f"{kind}Type": "USER_DEFINED", "namespace": "custom", "startsWith": start}
    sort = {"sort.fieldName": "displayName", "sort.order": "DESC"}
    everything = body(service.get(f"/{path}", params={**asked, **sort, "language": "en"}))
    page = {"paging.limit": "1", "paging.offset": "1"}
    one = body(service.get(f"/{path}", params={**asked, **sort, **page}))

    assert is_shaped(everything, {f"{kind}s": [SHAPES[kind]], "metadata": PAGING})
    assert [some[1], some[0], some[2]] == everything[f"{kind}s"]
    assert [some[0]] == one[f"{kind}s"]
    assert (1, 1, 3) == tuple(one["metadata"][name] for name in ("count", "offset", "total"))
    for other in (
        {**asked, "startsWith": start.lower()},
        {**asked, f"{kind}Type": "SYSTEM"},
        {**asked, "namespace": "contacts"},
    ):
        assert [] == body(service.get(f"/{path}", params=other))[f"{kind}s"]


@KINDS
def test_query_definitions(bench, service, path, kind):
    """Definitions are queried with a filter, a sort and a page."""
    start = bench.text("Contract Query")
    some = [made(bench, kind, f"{start} {letter}") for letter in "BCA"]
    asked = {
        "filter": {"displayName": {"$startsWith": start}},
        "sort": [{"fieldName": "displayName", "order": "ASC"}],
        "paging": {"limit": 2, "offset": 1},
    }
    answer = body(service.post(f"/{path}/query", json={"query": asked}))

    assert is_shaped(answer, {f"{kind}s": [SHAPES[kind]], "pagingMetadata": PAGING})
    assert [some[0], some[1]] == answer[f"{kind}s"]
    assert 3 == answer["pagingMetadata"]["total"]


@KINDS
def test_rename_definition(bench, service, path, kind):
    """A definition gets another name and keeps its key."""
    one, name = made(bench, kind), bench.text("Contract Renamed")
    sent = {kind: {"displayName": name, "key": one["key"]}}
    answer = body(service.patch(f"/{path}/{one['key']}", json=sent))

    assert is_shaped(answer, {kind: SHAPES[kind]})
    assert {**one, "displayName": name, "updatedDate": answer[kind]["updatedDate"]} == answer[kind]
    assert one["updatedDate"] <= answer[kind]["updatedDate"]
    assert answer == body(service.get(f"/{path}/{one['key']}"))


def test_delete_label(bench, service):
    """A deleted label leaves its contacts too."""
    gone, kept = (bench.label()["key"] for _ in range(2))
    contact = bench.contact(labelKeys={"items": [gone, kept]})

    assert {} == body(service.delete(f"/labels/{gone}"))
    assert (404, "NOT_FOUND", []) == refused(service.get(f"/labels/{gone}"))
    found = body(service.get(f"/contacts/{contact['id']}"))["contact"]
    assert [kept] == found["info"]["labelKeys"]["items"]


def test_delete_field(bench, service):
    """A deleted field takes its values on contacts along."""
    gone, kept = (bench.field()["key"] for _ in range(2))
    contact = bench.contact(extendedFields={"items": {gone: "x", kept: "y"}})

    assert {} == body(service.delete(f"/extended-fields/{gone}"))
    assert (404, "NOT_FOUND", []) == refused(service.get(f"/extended-fields/{gone}"))
    found = body(service.get(f"/contacts/{contact['id']}"))["contact"]["info"]
    assert gone not in found["extendedFields"]["items"]
    assert "y" == found["extendedFields"]["items"][kept]


@pytest.mark.parametrize("path", ["/contacts", f"/contacts/{NOBODY}", "/labels", "/nonsense"])
def test_request_ids_differ(service, path):
    """Every answer carries a request id of its own, errors included."""
    answers = [service.get(path) for _ in range(2)]

    assert all(isinstance(json_of(one), dict) for one in answers)
    assert 2 == len({one.headers["x-wix-request-id"] for one in answers})
