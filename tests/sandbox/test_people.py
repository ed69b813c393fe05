"""Invented people and people files."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest
from sandbox.answers import ANN, BOB, MEG, client_of

from contacttools.sandbox import PeopleFileError, Settings, start
from contacttools.sandbox.people import dirt, loading
from contacttools.sandbox.people import invented as people
from contacttools.sandbox.rules import derive
from contacttools.sandbox.store import dumps

FICTION = re.compile(
    r"\d{3}55501\d\d"  # North America
    r"|2079460\d{3}|1134960\d{3}|2920180\d{3}|7700900\d{3}"  # United Kingdom
    r"|25550\d{4}|37010\d{4}|85550\d{4}|491570156"  # Australia
    r"|19900\d{4}|26191\d{4}|63998\d{4}"  # France
    r"|3023125\d{3}|8999998\d{3}|4066969\d{3}|2214710\d{3}"  # Germany
    r"|846500 ?4\d\d|3139006\d\d|4062804\d\d"  # Sweden
)
"""Numbers that regulators keep for films and books, without the leading zero."""


def stored(count, seed):
    """Give invented contacts as the service stores them."""
    return [
        dumps([entry.contact, entry.private])
        for entry in loading.entries(people.invent(count, seed), seed, Settings())
    ]


@pytest.fixture(scope="module")
def thousand():
    """A thousand invented people with their defects."""
    return people.planted(1000, 0)


def test_seed_decides():
    """The same seed gives the same bytes, another seed other people."""
    assert stored(200, 1) == stored(200, 1)
    assert set(stored(200, 1)).isdisjoint(stored(200, 2))


def test_seed_decides_the_site():
    """Site id and key are fixed by the seed; a crowd of another size is another site."""
    with start(people=1, seed=3) as one, start(people=1, seed=3) as again:
        assert (one.site_id, one.api_key) == (again.site_id, again.api_key)
    with start(people=2, seed=3) as other:
        assert one.site_id != other.site_id


def test_dates_are_distinct():
    """Ids and dates of creation are distinct, and spread over years."""
    contacts = [json.loads(text)[0] for text in stored(1000, 0)]
    dates = [one["createdDate"] for one in contacts]

    assert 1000 == len(set(dates)) == len({one["id"] for one in contacts})
    assert sorted(dates) == dates
    assert 4 <= len({date[:4] for date in dates})
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", date) for date in dates)


def test_every_defect_is_planted(thousand):
    """A thousand people have every defect that there is, and many people have none."""
    counts = Counter(name for _, defects in thousand for name in defects)
    names = {defect.__name__ for _, defect in dirt.DEFECTS}

    assert names | {"duplicate_person", "shared_office_number"} == set(counts)
    assert 300 < sum(not defects for _, defects in thousand)


def test_variety(thousand):
    """There are members, labels, every custom field, several scripts and several countries."""
    infos = [person.contact["info"] for person, _ in thousand]
    members = sum("memberInfo" in person.contact for person, _ in thousand)
    countries = {
        item["address"]["country"]
        for info in infos
        for item in info.get("addresses", {}).get("items", ())
    }
    fields = {key for info in infos for key in info.get("extendedFields", {}).get("items", ())}
    text = json.dumps(infos, ensure_ascii=False)

    assert 30 < members < 80
    assert 8 <= len(countries)
    assert {
        "custom.nickname",
        "custom.customer-number",
        "custom.last-contacted",
        "custom.website",
    } < fields
    assert all(re.search(f"[{script}]", text) for script in ("а-я", "א-ת", "一-龥", "äöü"))


def test_nobody_is_real(thousand):
    """E-mail domains are reserved ones, and clean numbers are of the ranges kept for fiction."""
    for person, _ in thousand:
        for item in person.contact["info"].get("emails", {}).get("items", ()):
            domain = item["email"].lower().rpartition("@")[2]
            assert domain in {"example.com", "example.org", "example.net"} or domain.endswith(
                ".example"
            )
        for item in person.contact["info"].get("phones", {}).get("items", ()):
            assert FICTION.search(re.sub(r"\D", "", item["phone"])), item["phone"]


def test_most_phones_are_valid(thousand):
    """Most numbers have an international form once their country is known."""
    items = [
        item
        for person, _ in thousand
        for item in person.contact["info"].get("phones", {}).get("items", ())
    ]
    valid = [item for item in items if derive.e164(item["phone"], item.get("countryCode"))]

    assert len(items) / 2 < len(valid) < len(items)


def test_few_people_have_all_fields():
    """The definitions of an invented site do not depend on how many people it has."""
    with start(people=0) as server, client_of(server) as client:
        fields = client.get("/extended-fields?fieldType=USER_DEFINED").json()["fields"]

    assert {"TEXT", "NUMBER", "DATE", "URL"} == {one["dataType"] for one in fields}


def test_round_trip(still, tmp_path):
    """What a sandbox answers is a people file that makes the same contacts."""
    contacts = still.get("/contacts").json()["contacts"]
    path = tmp_path / "copy.ndjson"
    lines = [json.dumps({"contact": one}) for one in contacts]
    path.write_text("\n\n".join(lines), encoding="utf-8")

    with start(people_file=path) as server, client_of(server) as client:
        assert contacts == client.get("/contacts").json()["contacts"]


def test_lines_without_ids(tmp_path):
    """What a line does not say is made, and the same each time."""
    path = tmp_path / "people.ndjson"
    path.write_text('{"info": {"phones": {"items": [{"phone": "1"}]}}}\n', encoding="utf-8")
    seen = []
    for seed in (0, 0, 1):
        with start(people_file=path, seed=seed) as server, client_of(server) as client:
            seen.append(client.get("/contacts").json()["contacts"])

    assert seen[0] == seen[1] != seen[2]
    (contact,) = seen[0]
    assert {"id", "revision", "source", "createdDate", "updatedDate", "lastActivity"} < set(contact)
    assert contact["info"]["phones"]["items"][0]["id"]


@pytest.mark.parametrize(
    ("values", "data_type"),
    [
        ([1, 2.5], "NUMBER"),
        (["2023-01-01"], "DATE"),
        (["2023-02-30"], "TEXT"),
        (["http://a.example", "https://b.example"], "URL"),
        (["https://a.example", "b"], "TEXT"),
        ([1, "b"], "TEXT"),
    ],
)
def test_fields_are_typed(tmp_path, values, data_type):
    """A custom field that nobody defined is typed by all its values."""
    path = tmp_path / "people.ndjson"
    lines = [{"info": {"extendedFields": {"items": {"custom.x": value}}}} for value in values]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")

    with start(people_file=path) as server, client_of(server) as client:
        fields = client.get("/extended-fields?namespace=custom").json()["fields"]
        contacts = client.get("/contacts").json()["contacts"]

    assert [("custom.x", data_type)] == [(one["key"], one["dataType"]) for one in fields]
    assert values == [one["info"]["extendedFields"]["items"]["custom.x"] for one in contacts]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not valid JSON"),
        ("5", 'expected an object with "info"'),
        ('{"info": 5}', 'expected an object with "info"'),
        ('{"info": {"birthdate": "soon"}}', "info.birthdate is not a valid local date"),
        ('{"info": {}, "revision": "5"}', "revision is not an integer"),
        ('{"info": {}, "createdDate": "soon"}', "soon"),
        ('{"info": {}, "id": 5}', "id is not a string"),
        ('{"info": {}, "id": "x"}', "the id x is there twice"),
        ('{"info": {"extendedFields": {"items": {"custom.x": []}}}}', "custom.x"),
        (
            json.dumps({"info": {"phones": {"items": [{"phone": "1", "primary": True}] * 2}}}),
            "Only one item",
        ),
    ],
)
def test_bad_line(tmp_path, line, reason):
    """A line that cannot be a contact is told by file, number and reason."""
    path = tmp_path / "people.ndjson"
    path.write_text(f'{{"info": {{}}, "id": "x"}}\n\n{line}\n', encoding="utf-8")

    with pytest.raises(PeopleFileError, match=re.escape(f"{path}, line 3: ")) as caught:
        start(people_file=path)
    assert reason in str(caught.value)


def test_no_file(tmp_path):
    """A people file that is not there is told by name."""
    with pytest.raises(PeopleFileError, match="missing"):
        start(people_file=tmp_path / "missing.ndjson")


def test_duplicates_are_allowed(tmp_path):
    """Contacts of a people file may share e-mails, as real ones do."""
    path = tmp_path / "people.ndjson"
    line = '{"info": {"emails": {"items": [{"email": "a@example.com"}]}}}\n'
    path.write_text(line * 2, encoding="utf-8")

    with start(people_file=path) as server:
        assert 2 == len(server.store)


def test_order_of_people(still):
    """Given ids, revisions and dates are kept."""
    contacts = still.get("/contacts").json()["contacts"]

    assert [(ANN, 5), (BOB, 1), (MEG, 2)] == [(one["id"], one["revision"]) for one in contacts]
    assert "2022-03-01T10:00:00.000Z" == contacts[0]["updatedDate"]
    assert "FORM_SUBMITTED" == contacts[0]["lastActivity"]["activityType"]
