"""Every field with every operator: what it finds is found by plain Python as well.

The first half asks about contacts and definitions made through the API; the second asks about many
invented people, who have what only the service can give: statuses, members, dates of long ago.
"""

from __future__ import annotations

import uuid

import pytest
from sandbox.contract import Bench, body, refused
from sandbox.oracle import CONTACTS, CUSTOM, FIELDS, LABELS, OPERATORS, meant, operands, values

EXTENDED = "info.extendedFields."
TABLES = {"labels": LABELS, "extended-fields": FIELDS}
MEMBERS = {"contacts": "contacts", "labels": "labels", "extended-fields": "fields"}


def rows(table):
    """Give every pair of a field and an operator, and whether the field knows the operator."""
    return [
        pytest.param(name, one, one in known.split(), id=f"{name} {one}")
        for name, (known, _) in table.items()
        for one in OPERATORS
    ]


def sorts(table):
    """Give every field, and whether a sort may name it."""
    return [pytest.param(name, sortable, id=name) for name, (_, sortable) in table.items()]


def contact_rows(make):
    """Give the cases of contacts: their fields, and custom fields by data type."""
    return make(CONTACTS) + make(CUSTOM)


class Listed:
    """Contacts or definitions that are only read, with the way to query just them."""

    def __init__(self, client, path, *, within=None, names=None):
        self._client, self._path, self._within, self._names = client, path, within, names or {}
        self._member = MEMBERS[path]
        self.entries = self.found()

    def name(self, row):
        """Give the name of a field: that of a custom field is known only when it was made."""
        return self._names.get(row, row)

    def ask(self, clause=None, **more):
        """Send a query about these entries alone."""
        clauses = [one for one in (self._within, clause) if one is not None]
        paging = {"limit": 1000, "offset": 0}
        asked = {"filter": {"$and": clauses} if clauses else {}, "paging": paging, **more}
        return self._client.post(f"/{self._path}/query", json={"query": asked})

    def found(self, clause=None, **more):
        """Give the entries that a query finds."""
        return body(self.ask(clause, **more))[self._member]

    def keys(self, entries):
        """Give what names each of some entries."""
        return {one["id" if self._member == "contacts" else "key"] for one in entries}


def judge_filter(listed, row, operation, known):
    """Try an operator on a field, with several operands."""
    name = listed.name(row)
    for operand in operands(listed.entries, name, operation):
        clause = {name: {operation: operand}}
        if known:
            expected = [one for one in listed.entries if meant(one, name, operation, operand)]
            assert listed.keys(expected) == listed.keys(listed.found(clause)), clause
        else:
            assert (400, "UNSUPPORTED_FILTER_OPERATOR", []) == refused(listed.ask(clause)), clause


def judge_sort(listed, row, sortable, code):
    """Try to sort by a field, in both directions."""
    name = listed.name(row)
    for order in ("ASC", "DESC"):
        sort = [{"fieldName": name, "order": order}]
        if not sortable:
            assert (400, code, []) == refused(listed.ask(sort=sort))
            continue
        found = listed.found(sort=sort)
        held = [values(one, name)[0] for one in found if values(one, name)]
        assert listed.keys(listed.entries) == listed.keys(found)
        assert sorted(held, reverse=order == "DESC") == held


@pytest.fixture(scope="session")
def made(service):
    """A dozen contacts made through the API, each with other fields."""
    bench = Bench(service)
    run = uuid.uuid4().hex[:8]
    fields = {data_type: bench.field(data_type)["key"] for data_type in CUSTOM}
    labels = [bench.label()["key"] for _ in range(2)]
    for position in range(12):
        bench.contact(**_person(position, run, fields, labels))
    ids = [path.removeprefix("/contacts/") for path in bench.paths if "/contacts/" in path]
    within = {"id": {"$in": ids}}
    names = {data_type: EXTENDED + key for data_type, key in fields.items()}
    yield Listed(service, "contacts", within=within, names=names)
    bench.clear()


def _person(position, run, fields, labels):
    """Write a contact that has each member in some positions and not in others."""
    has = [position % step == 0 for step in (1, 2, 3, 4)]
    letter = "ABCDEFGHIJKL"[position]
    info = {"name": {"first": f"{letter}da"} | ({"last": f"{letter}stley"} if has[1] else {})}
    if has[1]:
        items = [{"email": f"{letter.lower()}.{run}@example.com"}]
        items += [{"email": f"{letter.lower()}.{run}@example.org"}] if has[2] else []
        info["emails"] = {"items": items}
        info |= {"birthdate": f"19{70 + position}-04-25", "locale": "de-de" if has[2] else "en-us"}
    if has[2]:
        phone = f"646-555-01{10 + position}"
        info["phones"] = {"items": [{"phone": phone, "countryCode": "US"}]}
        info |= {"company": f"{letter}lder Works", "jobTitle": f"{letter}ssistant"}
    if has[3] or has[2]:
        place = {"city": f"{letter}lmstadt", "country": "US" if has[3] else "CA"}
        place |= {"subdivision": "US-NY" if has[3] else "CA-ON"}
        place |= {"addressLine": f"{position} Elm Avenue"}
        info["addresses"] = {"items": [{"address": place}]}
    if has[1]:
        info["labelKeys"] = {"items": labels if has[2] else labels[:1]}
        info["extendedFields"] = {
            "items": {
                fields["TEXT"]: f"{letter}nnie",
                fields["URL"]: f"https://{letter.lower()}.example",
                fields["NUMBER"]: position + 0.5 if has[2] else position,
                fields["DATE"]: f"2023-05-{10 + position}",
            }
        }
    return info


@pytest.fixture(scope="session")
def defined(service):
    """Labels and extended fields of a site, some made through the API."""
    bench = Bench(service)
    types = list(CUSTOM)
    for position, letter in enumerate("CABD"):
        bench.label(f"{letter}ontract {uuid.uuid4().hex[:8]}")
        bench.field(types[position], f"{letter}ontract {uuid.uuid4().hex[:8]}")
    yield {path: Listed(service, path) for path in TABLES}
    bench.clear()


@pytest.mark.contract
@pytest.mark.parametrize(("row", "operation", "known"), contact_rows(rows))
def test_filter(made, row, operation, known):
    """A field knows the operators of its row: they find whom they should, others are refused."""
    judge_filter(made, row, operation, known)


@pytest.mark.contract
@pytest.mark.parametrize(("row", "sortable"), contact_rows(sorts))
def test_sort(made, row, sortable):
    """Contacts can be sorted by the fields that say so, and by no others."""
    judge_sort(made, row, sortable, "UNSUPPORTED_SORT_FIELD")


@pytest.mark.contract
@pytest.mark.parametrize(("row", "operation", "known"), rows(LABELS))
def test_label_filter(defined, row, operation, known):
    """The same for labels."""
    judge_filter(defined["labels"], row, operation, known)


@pytest.mark.contract
@pytest.mark.parametrize(("row", "operation", "known"), rows(FIELDS))
def test_field_filter(defined, row, operation, known):
    """The same for extended fields."""
    judge_filter(defined["extended-fields"], row, operation, known)


@pytest.mark.contract
@pytest.mark.parametrize(
    ("path", "row", "sortable"),
    [
        pytest.param(path, name, sortable, id=f"{path} {name}")
        for path, table in TABLES.items()
        for name, (_, sortable) in table.items()
    ],
)
def test_definition_sort(defined, path, row, sortable):
    """Definitions can be sorted by the fields that say so, and by no others."""
    judge_sort(defined[path], row, sortable, "INVALID_SORT")


@pytest.fixture(scope="session")
def invented(crowd):
    """All 120 invented people."""
    return Listed(crowd, "contacts", names=KEYS)


KEYS = {
    "TEXT": f"{EXTENDED}custom.nickname",
    "URL": f"{EXTENDED}custom.website",
    "NUMBER": f"{EXTENDED}custom.customer-number",
    "DATE": f"{EXTENDED}custom.last-contacted",
}


KNOWN = [case.values[:2] for case in contact_rows(rows) if case.values[2]]
"""Every pair of a field of contacts and an operator that it knows."""


@pytest.mark.parametrize(("row", "operation"), KNOWN)
def test_crowd_filter(invented, row, operation):
    """What is true of a dozen is true of a crowd."""
    judge_filter(invented, row, operation, known=True)


@pytest.mark.parametrize(("row", "sortable"), contact_rows(sorts))
def test_crowd_sort(invented, row, sortable):
    """A crowd is sorted as a dozen is."""
    judge_sort(invented, row, sortable, "UNSUPPORTED_SORT_FIELD")


@pytest.mark.parametrize(("row", "operation"), KNOWN)
def test_operands_divide_the_crowd(invented, row, operation):
    """The operands tried find some of the crowd and leave others out, so the tests can fail."""
    name = invented.name(row)
    counts = {
        sum(meant(one, name, operation, operand) for one in invented.entries)
        for operand in operands(invented.entries, name, operation)
    }

    assert (row, operation) in ALIKE or counts & set(range(1, len(invented.entries)))


ALIKE = {("id", "$exists"), ("info.locations", "$hasSome"), ("info.locations", "$hasAll")}
"""Every contact has an id, and no invented one a location."""
