"""Requests as clients of the service are known to send them, byte for byte where it matters."""

from __future__ import annotations

import json

import pytest
from sandbox.contract import CONTACT, body, is_shaped

pytestmark = pytest.mark.contract


def raw(service, method, path, text):
    """Send a body as it stands."""
    headers = {"Content-Type": "application/json"}
    return service.request(method, path, content=text.encode(), headers=headers)


def read(service, contact):
    """Give a contact as it is now."""
    return body(service.get(f"/contacts/{contact['id']}"))["contact"]


PATCH = (
    '{"contactId":"ID","info":{"phones":{"items":[{"countryCode":"US","phone":"6465676359",'
    '"primary":true,"tag":"MOBILE"},{"phone":"2421642341","countryCode":"US","primary":false,'
    '"tag":"HOME"}]}},"revision":REV,"allowDuplicates":true}'
)


def test_patch(bench, service):
    """The update that a client was seen to send: compact, with the id once more, two phones."""
    made = bench.contact()
    text = PATCH.replace("ID", made["id"]).replace("REV", str(made["revision"]))
    contact = body(raw(service, "PATCH", f"/contacts/{made['id']}", text))["contact"]
    phones = contact["info"]["phones"]["items"]

    assert is_shaped(contact, CONTACT)
    assert made["revision"] + 1 == contact["revision"]
    assert ["MOBILE", "HOME"] == [one["tag"] for one in phones]
    assert [True, False] == [one["primary"] for one in phones]
    assert ["+16465676359", None] == [one.get("e164Phone") for one in phones]


def test_path_wins(bench, service):
    """Ids repeated in a body or in the query string make no difference, even wrong ones."""
    made, other = bench.contact(), bench.contact()
    sent = {"contactId": other["id"], "info": {"company": "x"}, "revision": made["revision"]}
    answer = body(service.patch(f"/contacts/{made['id']}", json=sent))
    found = body(service.get(f"/contacts/{made['id']}", params={"id": other["id"]}))

    assert made["id"] == answer["contact"]["id"] == found["contact"]["id"]
    assert other == read(service, other)


@pytest.mark.parametrize(("path", "kind"), [("labels", "label"), ("extended-fields", "field")])
def test_key_is_repeated(bench, service, path, kind):
    """Keys repeated in the query string make no difference either."""
    one = bench.label() if kind == "label" else bench.field()
    own = f"/{path}/{one['key']}"

    assert {kind: one} == body(service.get(own, params={"key": one["key"]}))
    assert {} == body(service.delete(own, params={"key": one["key"]}))


def test_ids_are_repeated_elsewhere(bench, service):
    """The same for labels on contacts, merge, preview and delete."""
    label, target, source = bench.label()["key"], bench.contact(), bench.contact()
    own = f"/contacts/{target['id']}"
    again = {"contactId": target["id"], "labelKeys": [label]}
    labelled = body(service.post(f"{own}/labels", json=again))["contact"]
    bare = body(service.delete(f"{own}/labels", params=again))["contact"]
    sent = {"targetContactId": target["id"], "sourceContactIds": [source["id"]]}
    seen = body(service.post(f"{own}/preview-merge", json=sent))["contact"]
    sent["targetContactRevision"] = bare["revision"]
    merged = body(service.post(f"{own}/merge", json=sent))["contact"]

    assert [label] == labelled["info"]["labelKeys"]["items"]
    assert label not in json.dumps(bare)
    assert {target["id"]} == {seen["id"], merged["id"]}
    assert {} == body(service.delete(own, params={"contactId": target["id"]}))


def test_unlabel_by_query_string(bench, service):
    """Keys to take off are repeated in the query string."""
    keys = [bench.label()["key"] for _ in range(3)]
    made = bench.contact(labelKeys={"items": keys})
    path = f"/contacts/{made['id']}/labels?labelKeys={keys[0]}&labelKeys={keys[2]}"

    assert [keys[1]] == body(service.delete(path))["contact"]["info"]["labelKeys"]["items"]


def test_unlabel_by_body(bench, service):
    """Or they stand in a body, though it is a DELETE."""
    keys = [bench.label()["key"] for _ in range(2)]
    made = bench.contact(labelKeys={"items": keys})
    text = json.dumps({"labelKeys": keys[:1]})
    answer = body(raw(service, "DELETE", f"/contacts/{made['id']}/labels", text))

    assert keys[1:] == answer["contact"]["info"]["labelKeys"]["items"]


@pytest.mark.parametrize("name", ["emails", "phones", "addresses", "labelKeys"])
@pytest.mark.parametrize("value", ['{"items":[]}', "null"])
def test_clear(bench, service, name, value):
    """An empty list of items and null are sent as such, and clear a list."""
    label = bench.label()["key"]
    made = bench.contact(
        emails={"items": [{"email": bench.email()}]},
        phones={"items": [{"phone": "1"}]},
        addresses={"items": [{"address": {"city": "Ulm"}}]},
        labelKeys={"items": [label]},
    )
    text = f'{{"info":{{"{name}":{value}}},"revision":{made["revision"]}}}'
    info = body(raw(service, "PATCH", f"/contacts/{made['id']}", text))["contact"]["info"]

    assert [] == info.get(name, {}).get("items", [])


def test_null_members(bench, service):
    """Null is sent for a member that was emptied, alone or beside others."""
    made = bench.contact(company="x", jobTitle="y", name={"first": "Contract", "last": "z"})
    text = (
        '{"info":{"company":null,"name":{"last":null},"birthdate":null,"jobTitle":"w"},'
        f'"revision":{made["revision"]}}}'
    )
    info = body(raw(service, "PATCH", f"/contacts/{made['id']}", text))["contact"]["info"]

    assert {"first": "Contract"} == info["name"]
    assert "w" == info["jobTitle"]
    assert not {"company", "birthdate"} & set(info)


def test_empty_map(bench, service):
    """An empty map of extended fields changes none of them."""
    key = bench.field()["key"]
    made = bench.contact(extendedFields={"items": {key: "x"}})
    sent = {"info": {"extendedFields": {"items": {}}}, "revision": made["revision"]}
    info = body(service.patch(f"/contacts/{made['id']}", json=sent))["contact"]["info"]

    assert made["info"] == info


def test_item_ids(bench, service):
    """An item sent with its id keeps it; one sent without gets one."""
    made = bench.contact(phones={"items": [{"phone": "1"}]})
    old = made["info"]["phones"]["items"][0]
    sent = {"phones": {"items": [old, {"phone": "2"}]}}
    text = json.dumps({"info": sent, "revision": made["revision"]})
    items = body(raw(service, "PATCH", f"/contacts/{made['id']}", text))["contact"]["info"][
        "phones"
    ]["items"]

    assert old == items[0]
    assert items[1]["id"] not in {None, old["id"]}


def test_address(bench, service):
    """An address with all the members that clients send, coordinates as text or numbers."""
    address = {
        "streetAddress": {"number": "5", "name": "Elm Avenue"},
        "addressLine2": "Suite 9",
        "city": "Springfield",
        "subdivision": "US-IL",
        "country": "US",
        "postalCode": "62701",
        "formattedAddress": "5 Elm Avenue, Springfield",
        "geocode": {"latitude": "39.5", "longitude": -89.25},
    }
    made = bench.contact(addresses={"items": [{"tag": "HOME", "address": address}]})
    geocode = {"latitude": 39.5, "longitude": -89.25}

    assert [{**address, "geocode": geocode}] == [
        one["address"] for one in made["info"]["addresses"]["items"]
    ]


@pytest.mark.parametrize(
    "image",
    [
        {"url": "https://images.example.com/ann.png"},
        {
            "id": "abc_ann.png",
            "height": 40,
            "width": 30,
            "altText": "",
            "filename": "ann.png",
            "url": "https://images.example.com/abc_ann.png",
        },
    ],
    ids=["address", "known"],
)
def test_picture(bench, image):
    """A picture comes as a mere address, or as one the service knows."""
    assert image == bench.contact(picture={"image": image})["info"]["picture"]["image"]


@pytest.mark.parametrize(("path", "kind"), [("labels", "label"), ("extended-fields", "field")])
@pytest.mark.parametrize("wrapped", [True, False], ids=["wrapped", "flat"])
def test_rename(bench, service, path, kind, wrapped):
    """A new name comes in a wrapper with the key once more, or flat."""
    one, name = bench.label() if kind == "label" else bench.field(), bench.text("Contract New")
    sent = {kind: {"displayName": name, "key": one["key"]}} if wrapped else {"displayName": name}
    answer = body(service.patch(f"/{path}/{one['key']}", json=sent))

    assert (name, one["key"]) == (answer[kind]["displayName"], answer[kind]["key"])


@pytest.mark.parametrize("path", ["contacts", "labels", "extended-fields"])
def test_query_without_wishes(service, path):
    """A query that asks for nothing else is sent with a page of fifty from the start."""
    text = '{"query":{"paging":{"offset":0,"limit":50}}}'
    answer = body(raw(service, "POST", f"/{path}/query", text))

    assert 0 == answer["pagingMetadata"]["offset"]
    assert answer["pagingMetadata"]["count"] <= 50


@pytest.fixture
def pair(bench):
    """Two contacts: what a clause finds of the pair can be told by their companies."""
    made = [bench.contact(company=company, jobTitle="Tester") for company in ("Cx A", "Cx B")]
    return {"id": {"$in": [one["id"] for one in made]}}


def found(service, clause, **more):
    """Give the companies that a filter finds."""
    asked = {"filter": clause, "paging": {"offset": 0, "limit": 50}, **more}
    answer = raw(service, "POST", "/contacts/query", json.dumps({"query": asked}))
    return sorted(one["info"]["company"] for one in body(answer)["contacts"])


@pytest.mark.parametrize(
    ("clauses", "expected"),
    [
        ([{"info.company": "Cx A"}], ["Cx A"]),
        ([{"info.jobTitle": "Tester"}, {"info.company": "Cx B"}], ["Cx B"]),
        ([{"info.company": {"$ne": "Cx A"}}], ["Cx B"]),
        ([{"info.company": {"$in": ["Cx A", "Cx B"]}}], ["Cx A", "Cx B"]),
        ([{"info.company": {"$startsWith": "cx"}}], ["Cx A", "Cx B"]),
        ([{"info.birthdate": {"$gt": "1900-01-01"}}], []),
        ([{"primaryInfo.email": {"$exists": False}}], ["Cx A", "Cx B"]),
        ([{"createdDate": {"$gte": "2020-01-01T00:00:00.000Z"}}], ["Cx A", "Cx B"]),
        ([{"$or": [{"info.company": "Cx A"}, {"info.company": "Cx B"}]}], ["Cx A", "Cx B"]),
        ([{"$not": {"info.company": "Cx A"}}], ["Cx B"]),
        ([{"info.labelKeys": {"$hasSome": ["custom.no-such-label"]}}], []),
    ],
    ids=lambda value: json.dumps(value) if value and isinstance(value[0], dict) else "",
)
def test_filters_as_they_are_built(service, pair, clauses, expected):
    """One clause is an object, several are a list under `$and`; equality is the plain value."""
    assert expected == found(service, {"$and": [pair, *clauses]})


def test_one_clause(service, pair):
    """A filter of one clause is that clause, without a list."""
    assert ["Cx A", "Cx B"] == found(service, pair)


def test_sort_as_one_object(service, pair):
    """A sort may come as one object instead of a list."""
    asked = {"filter": pair, "sort": {"fieldName": "info.company", "order": "DESC"}}
    page = body(service.post("/contacts/query", json={"query": asked}))

    assert ["Cx B", "Cx A"] == [one["info"]["company"] for one in page["contacts"]]


def test_fields_of_a_get(bench, service):
    """Members to show are repeated in the query string, or separated by commas."""
    made = bench.contact(company="x")
    repeated = service.get(f"/contacts/{made['id']}?fields=info.name&fields=info.company")
    joined = service.get(f"/contacts/{made['id']}?fields=info.name,info.company")

    assert body(repeated) == body(joined)
    assert {"name", "company"} == set(body(joined)["contact"]["info"])


def test_no_content_type(bench, service):
    """GET and DELETE come without a content type and without a body."""
    made = bench.contact()
    request = service.build_request("GET", f"/contacts/{made['id']}")

    assert "content-type" not in request.headers
    assert made == body(service.send(request))["contact"]
    assert {} == body(service.delete(f"/contacts/{made['id']}"))


def test_telemetry(bench, service):
    """Headers that clients add for statistics are passed over."""
    made = bench.contact()
    headers = {"x-wix-bi-gateway": "environment=js-sdk,package-name=@wix/crm"}

    assert made == body(service.get(f"/contacts/{made['id']}", headers=headers))["contact"]


def test_field_mask(bench, service):
    """An old field mask is ignored: what is sent counts."""
    made = bench.contact(company="x")
    sent = {
        "info": {"company": "y", "jobTitle": "z"},
        "revision": made["revision"],
        "fieldMask": {"paths": ["info.company"]},
    }
    info = body(service.patch(f"/contacts/{made['id']}", json=sent))["contact"]["info"]

    assert ("y", "z") == (info["company"], info["jobTitle"])
