"""Every way to be refused: status, code and envelope, and that nothing has changed afterwards."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import SimpleNamespace

import httpx
import pytest
from sandbox.answers import BOB, MEG, client_of
from sandbox.contract import NOBODY, Bench, body, refused

from contacttools.sandbox import start

CUSTOMERS = "contacts.customers"
DISPLAY = "contacts.displayByFirstName"


@pytest.fixture(scope="session")
def scene(service):
    """Two contacts, a label and three fields, which no refused request changes."""
    bench = Bench(service)
    yield set_up(bench)
    bench.clear()


def set_up(bench):
    """Make what the requests below are about."""
    fields = {kind: bench.field(kind)["key"] for kind in ("TEXT", "NUMBER", "DATE")}
    label = bench.label()["key"]
    emails = [bench.email(), bench.email()]
    phones = [{"phone": "646-555-0142", "countryCode": "US"}]
    ann = bench.contact(
        name={"first": "Contract", "last": "Ann"},
        emails={"items": [{"email": emails[0]}]},
        labelKeys={"items": [label]},
        extendedFields={"items": {fields["TEXT"]: "x"}},
    )
    bob = bench.contact(
        name={"first": "Contract", "last": "Bob"},
        emails={"items": [{"email": emails[1]}]},
        phones={"items": phones},
    )
    return SimpleNamespace(
        client=bench.client,
        ann=ann,
        bob=bob,
        label=label,
        field=fields["TEXT"],
        number=fields["NUMBER"],
        date=fields["DATE"],
        taken=emails[1],
        phone=phones[0],
    )


@dataclass(frozen=True)
class Case:
    """A request that is refused; a body is made from the scene, a path is written with it."""

    name: str
    status: int
    code: str | None
    method: str
    path: str
    sent: object = None
    field: str | None = None
    headers: object = None

    def ask(self, scene):
        """Send the request."""
        path = self.path.format(s=scene)
        sent = self.sent(scene) if callable(self.sent) else self.sent
        return scene.client.request(self.method, path, json=sent, headers=self.headers)

    @property
    def expected(self):
        """Give what `refused` is to find."""
        return self.status, self.code, [] if self.field is None else [self.field]


ANN = "/contacts/{s.ann[id]}"
GONE = f"/contacts/{NOBODY}"
TWO_EMAILS = {"items": [{"email": f"{name}@example.com", "primary": True} for name in "xy"]}
TWO_PHONES = {"items": [{"phone": number, "primary": True} for number in "12"]}


def update(name, status, code, info, *, field=None, path=ANN, **more):
    """Write an update of Ann."""

    def sent(scene):
        made = info(scene) if callable(info) else info
        given = {"info": made, "revision": scene.ann["revision"], **more}
        return {key: value for key, value in given.items() if value is not ...}

    return Case(f"update {name}", status, code, "PATCH", path, sent, field)


def create(name, status, code, info, *, field=None):
    """Write a create."""

    def sent(scene):
        return {"info": info(scene) if callable(info) else info}

    return Case(f"create {name}", status, code, "POST", "/contacts", sent, field)


def queried(path, name, code, query, *, field=None):
    """Write a query."""
    return Case(f"{path} {name}", 400, code, "POST", f"{path}/query", {"query": query}, field)


def extended(key, value):
    """Give an info with one extended field, named by what it is in the scene."""
    return lambda scene: {
        "name": {"first": "Contract"},
        "extendedFields": {"items": {getattr(scene, key, key): value}},
    }


DATA = {
    "too little": ("INSUFFICIENT_CONTACT_DATA", {"company": "x"}),
    "two primary emails": ("CANNOT_HAVE_MULTIPLE_PRIMARY_INFO", {"emails": TWO_EMAILS}),
    "two primary phones": ("CANNOT_HAVE_MULTIPLE_PRIMARY_INFO", {"phones": TWO_PHONES}),
    "text for a number": ("INVALID_EXTENDED_FIELD_VALUE", extended("number", "12")),
    "no date": ("INVALID_EXTENDED_FIELD_VALUE", extended("date", "2023-02-30")),
    "number for a text": ("INVALID_EXTENDED_FIELD_VALUE", extended("field", 5)),
    "unknown field": ("INVALID_EXTENDED_FIELD_VALUE", extended("custom.no-such-field", "x")),
}
WRONG = {
    "birthdate": ("info.birthdate", {"birthdate": "1980-02-30"}),
    "company": ("info.company", {"company": "x" * 1001}),
    "first name": ("info.name.first", {"name": {"first": "x" * 1001}}),
    "email": ("info.emails.items.email", {"emails": {"items": [{"email": ""}]}}),
    "long email": ("info.emails.items.email", {"emails": {"items": [{"email": "x" * 321}]}}),
    "email tag": ("info.emails.items.tag", {"emails": {"items": [{"email": "x", "tag": "FAX"}]}}),
    "phone": ("info.phones.items.phone", {"phones": {"items": [{"phone": "1" * 51}]}}),
    "country": (
        "info.phones.items.countryCode",
        {"phones": {"items": [{"phone": "1", "countryCode": "Germany"}]}},
    ),
    "emails": ("info.emails.items", {"emails": {"items": [{"email": "x"}] * 51}}),
    "labels": ("info.labelKeys", {"labelKeys": {"items": ["custom.no-such-label"]}}),
    "type": ("info.company", {"company": 5}),
}

UPDATES = [
    update(
        "nothing left",
        400,
        "INSUFFICIENT_CONTACT_DATA",
        {"name": {"first": None, "last": None}, "emails": {"items": []}},
    ),
    update("no info", 400, "INSUFFICIENT_UPDATE_CONTACT_DATA", ...),
    update("null info", 400, "INSUFFICIENT_UPDATE_CONTACT_DATA", None),
    update("empty info", 400, "INSUFFICIENT_UPDATE_CONTACT_DATA", {}),
    update("unknown info", 400, "INSUFFICIENT_UPDATE_CONTACT_DATA", {"nickname": "x"}),
    *(
        update(name, 400, code, info)
        for name, (code, info) in DATA.items()
        if code != "INSUFFICIENT_CONTACT_DATA"
    ),
    *(
        update(f"wrong {name}", 400, None, info, field=field)
        for name, (field, info) in WRONG.items()
    ),
    update("nobody", 404, "CONTACT_NOT_FOUND", {"company": "x"}, path=GONE),
    update("nobody with any revision", 404, "CONTACT_NOT_FOUND", {}, path=GONE, revision=99),
    update("old revision", 409, "CONTACT_ALREADY_CHANGED", {"company": "x"}, revision=0),
    update("future revision", 409, "CONTACT_ALREADY_CHANGED", {"company": "x"}, revision=99),
    update("no revision", 400, None, {"company": "x"}, revision=..., field="revision"),
    update("text revision", 400, None, {"company": "x"}, revision="x", field="revision"),
    update("flag", 400, None, {"company": "x"}, allowDuplicates="yes", field="allowDuplicates"),
    update(
        "taken email",
        409,
        "DUPLICATE_CONTACT_EXISTS",
        lambda scene: {"emails": {"items": [{"email": scene.taken.upper()}]}},
    ),
    update(
        "taken phone",
        409,
        "DUPLICATE_CONTACT_EXISTS",
        lambda scene: {"phones": {"items": [{**scene.phone, "phone": "(646) 555 0142"}]}},
    ),
]
CREATES = [
    *(create(name, 400, code, info) for name, (code, info) in DATA.items()),
    *(create(f"wrong {name}", 400, None, info, field=at) for name, (at, info) in WRONG.items()),
    create("nothing", 400, "INSUFFICIENT_CONTACT_DATA", {}),
    create(
        "taken email",
        409,
        "DUPLICATE_CONTACT_EXISTS",
        lambda scene: {"emails": {"items": [{"email": scene.taken}]}},
    ),
    create(
        "taken phone",
        409,
        "DUPLICATE_CONTACT_EXISTS",
        lambda scene: {"phones": {"items": [scene.phone]}},
    ),
]
LABELLING = [
    case
    for name, method in (("label", "POST"), ("unlabel", "DELETE"))
    for case in (
        Case(
            f"{name} nobody",
            404,
            "CONTACT_NOT_FOUND",
            method,
            f"{GONE}/labels",
            lambda scene: {"labelKeys": [scene.label]},
        ),
        Case(
            f"{name} unknown",
            400,
            None,
            method,
            f"{ANN}/labels",
            {"labelKeys": ["custom.no-such-label"]},
            "labelKeys",
        ),
        Case(f"{name} none", 400, None, method, f"{ANN}/labels", {"labelKeys": []}, "labelKeys"),
        Case(
            f"{name} too many",
            400,
            None,
            method,
            f"{ANN}/labels",
            lambda scene: {"labelKeys": [scene.label] * 101},
            "labelKeys",
        ),
    )
]


def merge(name, status, code, sources, *, path=ANN, field=None, **more):
    """Write a merge into Ann."""

    def sent(scene):
        ids = [getattr(scene, one)["id"] if hasattr(scene, one) else one for one in sources]
        revision = {"targetContactRevision": scene.ann["revision"]}
        return {**revision, "sourceContactIds": ids, **more}

    return Case(f"merge {name}", status, code, "POST", f"{path}/merge", sent, field)


def preview(name, status, code, sources, *, path=ANN):
    """Write a preview of a merge into Ann."""

    def sent(scene):
        return {
            "sourceContactIds": [
                getattr(scene, one)["id"] if hasattr(scene, one) else one for one in sources
            ]
        }

    return Case(f"preview {name}", status, code, "POST", f"{path}/preview-merge", sent)


MERGES = [
    merge("into nobody", 404, "CONTACT_NOT_FOUND", ["bob"], path=GONE),
    merge("nobody", 404, "CONTACT_NOT_FOUND", [NOBODY]),
    merge("itself", 400, "ILLEGAL_MERGE", ["bob", "ann"]),
    merge("old revision", 428, "FAILED_PRECONDITION", ["bob"], targetContactRevision=0),
    merge("no source", 400, None, [], field="sourceContactIds"),
    merge("six sources", 400, None, [NOBODY] * 6, field="sourceContactIds"),
    preview("into nobody", 404, "CONTACT_NOT_FOUND", ["bob"], path=GONE),
    preview("nobody", 404, "CONTACT_NOT_FOUND", [NOBODY]),
    preview("itself", 400, "ILLEGAL_MERGE", ["ann"]),
]
READS = [
    Case("get nobody", 404, "CONTACT_NOT_FOUND", "GET", GONE),
    Case("delete nobody", 404, "CONTACT_NOT_FOUND", "DELETE", GONE),
    Case("list sort", 400, "UNSUPPORTED_SORT_FIELD", "GET", "/contacts?sort.fieldName=id"),
    Case("list limit", 400, "ILLEGAL_LIMIT", "GET", "/contacts?paging.limit=1001"),
    queried("/contacts", "sort", "UNSUPPORTED_SORT_FIELD", {"sort": [{"fieldName": "id"}]}),
    queried("/contacts", "limit", "ILLEGAL_LIMIT", {"paging": {"limit": 1001}}),
    queried("/contacts", "malformed", "MALFORMED_FILTER", {"filter": {"$and": {"id": "x"}}}),
    queried(
        "/contacts",
        "combination",
        "UNSUPPORTED_FILTER",
        {"filter": {"$not": {"info.labelKeys": {"$hasSome": ["custom.x"]}}}},
    ),
    queried(
        "/contacts", "field", "UNSUPPORTED_FILTER_FIELD_UNKNOWN", {"filter": {"info.age": "x"}}
    ),
    queried(
        "/contacts", "operator", "UNSUPPORTED_FILTER_OPERATOR", {"filter": {"id": {"$gt": "x"}}}
    ),
    queried(
        "/contacts", "value", "UNSUPPORTED_FILTER_VALUE", {"filter": {"createdDate": "yesterday"}}
    ),
    queried("/contacts", "type", "UNSUPPORTED_FILTER_VALUE_TYPE", {"filter": {"id": 5}}),
    Case(
        "facets filter", 400, "MALFORMED_FILTER", "POST", "/contacts/facets/query", {"filter": []}
    ),
    Case("unknown job", 404, "NOT_FOUND", "GET", f"/bulk/jobs/{NOBODY}"),
    Case("unknown path", 404, "NOT_FOUND", "GET", "/nonsense"),
]
BULK = [
    Case(
        "bulk delete all",
        400,
        "NEITHER_FILTER_NOR_SEARCH",
        "POST",
        "/bulk/contacts/delete",
        {},
    ),
    Case(
        "bulk label all",
        400,
        "NEITHER_FILTER_NOR_SEARCH",
        "POST",
        "/bulk/contacts/add-remove-labels",
        lambda scene: {"labelKeysToAdd": [scene.label]},
    ),
    Case(
        "bulk label unknown",
        400,
        None,
        "POST",
        "/bulk/contacts/add-remove-labels",
        {"labelKeysToAdd": ["custom.no-such-label"], "filter": {"id": NOBODY}},
        "labelKeysToAdd",
    ),
    *(
        Case(
            f"bulk {name} filter",
            400,
            "MALFORMED_FILTER",
            "POST",
            f"/bulk/contacts/{name}",
            lambda scene, more=more: {"filter": [], **more(scene)},
        )
        for name, more in (
            ("update", lambda _: {"info": {"company": "x"}}),
            ("add-remove-labels", lambda scene: {"labelKeysToAdd": [scene.label]}),
            ("delete", lambda _: {}),
        )
    ),
]


def definitions(path, kind, longest, system, sorts):
    """Write all that can go wrong with labels, or with extended fields."""
    own = f"/{path}/{{s.{kind}}}"
    unknown = f"/{path}/custom.no-such-{kind}"
    name = {"displayName": "x", "dataType": "TEXT"}
    queries = {
        "malformed": ("MALFORMED_FILTER", {"filter": {"$or": []}}),
        "combination": (
            "UNSUPPORTED_FILTER",
            {"filter": {"$not": {"key": {"$hasSome": ["custom.x"]}}}},
        ),
        "field": ("UNSUPPORTED_FILTER_FIELD", {"filter": {"count": 5}}),
        "operator": ("UNSUPPORTED_FILTER_OPERATOR", {"filter": {"key": {"$gt": "x"}}}),
        "value": ("UNSUPPORTED_FILTER_VALUE", {"filter": {"createdDate": "yesterday"}}),
        "type": ("UNSUPPORTED_FILTER_VALUE", {"filter": {"key": 5}}),
        "enumeration": ("UNSUPPORTED_FILTER_VALUE", {"filter": {f"{kind}Type": "MINE"}}),
        "sort": ("INVALID_SORT", {"sort": [{"fieldName": "namespace"}]}),
        "sort order": ("INVALID_SORT", {"sort": [{"fieldName": "displayName", "order": "UP"}]}),
        "too many sorts": ("INVALID_SORT", {"sort": [{"fieldName": "displayName"}] * (sorts + 1)}),
    }
    lists = {
        "namespace": ("namespace", "namespace=cu"),
        "type": (f"{kind}Type", f"{kind}Type=MINE"),
        "sort": ("sort.fieldName", "sort.fieldName=labels"),
        "order": ("sort.order", "sort.order=UP"),
        "limit": ("paging.limit", "paging.limit=2001"),
        "offset": ("paging.offset", "paging.offset=-1"),
    }
    return [
        *(
            Case(f"create {kind} {what}", 400, None, "POST", f"/{path}", {**name, **sent}, at)
            for what, sent, at in (
                ("nameless", {"displayName": None}, "displayName"),
                ("empty", {"displayName": ""}, "displayName"),
                ("too long", {"displayName": "x" * (longest + 1)}, "displayName"),
                ("number", {"displayName": 5}, "displayName"),
            )
        ),
        *(
            Case(f"{verb} unknown {kind}", 404, "NOT_FOUND", verb, unknown, sent)
            for verb, sent in (("GET", None), ("PATCH", {kind: name}), ("DELETE", None))
        ),
        *(
            Case(
                f"{verb} system {kind}", 428, "FAILED_PRECONDITION", verb, f"/{path}/{system}", sent
            )
            for verb, sent in (("PATCH", {kind: name}), ("DELETE", None))
        ),
        *(
            Case(f"rename {kind} {what}", 400, None, "PATCH", own, sent, at)
            for what, sent, at in (
                ("nameless", {}, "displayName"),
                ("without name", {kind: {}}, f"{kind}.displayName"),
                ("too long", {kind: {"displayName": "x" * (longest + 1)}}, f"{kind}.displayName"),
                ("number", {"displayName": 5}, "displayName"),
                ("no object", {kind: "x"}, kind),
            )
        ),
        *(queried(f"/{path}", what, code, query) for what, (code, query) in queries.items()),
        queried(f"/{path}", "limit", None, {"paging": {"limit": 2001}}, field="query.paging.limit"),
        *(
            Case(f"list {path} {what}", 400, None, "GET", f"/{path}?{query}", field=at)
            for what, (at, query) in lists.items()
        ),
    ]


DEFINITIONS = [
    *definitions("labels", "label", 180, CUSTOMERS, sorts=100),
    *definitions("extended-fields", "field", 150, DISPLAY, sorts=1),
    *(
        Case(
            f"create field of {what}",
            400,
            None,
            "POST",
            "/extended-fields",
            {"displayName": "Contract without a type", "dataType": sent},
            "dataType",
        )
        for what, sent in (("no type", None), ("unknown type", "COLOUR"))
    ),
]

CASES = [*UPDATES, *CREATES, *LABELLING, *MERGES, *READS, *BULK, *DEFINITIONS]
NAMES = [one.name for one in CASES]


def seen(scene):
    """Give all that a refused request could have changed, as far as the API shows it."""
    client = scene.client
    return [
        *(body(client.get(f"/contacts/{one['id']}")) for one in (scene.ann, scene.bob)),
        body(client.get("/contacts?paging.limit=0"))["pagingMetadata"]["total"],
        body(client.get("/labels")),
        body(client.get("/extended-fields?paging.limit=1000")),
    ]


@pytest.mark.contract
@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_refused(scene, case):
    """A bad request has its status and code, and leaves everything as it was."""
    before = seen(scene)

    assert case.expected == refused(case.ask(scene))
    assert before == seen(scene)


@pytest.mark.contract
def test_duplicate_is_named(scene):
    """The refusal of a duplicate names the other contact and what the two would share."""
    email = {"emails": {"items": [{"email": scene.taken}]}}
    phone = {"phones": {"items": [scene.phone]}}
    errors = [
        scene.client.post("/contacts", json={"info": info}).json()["details"]["applicationError"]
        for info in (email, phone)
    ]

    assert [scene.bob["id"]] * 2 == [one["data"]["duplicateContactId"] for one in errors]
    assert scene.taken == errors[0]["data"]["duplicateEmail"]
    assert scene.phone["phone"] == errors[1]["data"]["duplicatePhone"]


@pytest.mark.contract
def test_violations_come_together(scene):
    """All violated fields are named at once."""
    sent = {"info": {"company": 5, "birthdate": "x"}, "revision": scene.ann["revision"]}
    answer = scene.client.patch(f"/contacts/{scene.ann['id']}", json=sent)

    assert (400, None, ["info.birthdate", "info.company"]) == (
        *refused(answer)[:2],
        sorted(refused(answer)[2]),
    )


OPERATIONS = [
    ("GET", "/contacts"),
    ("POST", "/contacts"),
    ("POST", "/contacts/query"),
    ("GET", f"/contacts/{NOBODY}"),
    ("PATCH", f"/contacts/{NOBODY}"),
    ("DELETE", f"/contacts/{NOBODY}"),
    ("POST", f"/contacts/{NOBODY}/labels"),
    ("DELETE", f"/contacts/{NOBODY}/labels"),
    ("POST", f"/contacts/{NOBODY}/merge"),
    ("POST", f"/contacts/{NOBODY}/preview-merge"),
    ("GET", "/contacts/facets"),
    ("POST", "/contacts/facets/query"),
    ("POST", "/bulk/contacts/update"),
    ("POST", "/bulk/contacts/add-remove-labels"),
    ("POST", "/bulk/contacts/delete"),
    ("GET", f"/bulk/jobs/{NOBODY}"),
    ("GET", "/bulk/jobs"),
    *(
        (method, f"/{kind}{path}")
        for kind in ("labels", "extended-fields")
        for method, path in (
            ("POST", ""),
            ("GET", ""),
            ("POST", "/query"),
            ("GET", "/custom.x"),
            ("PATCH", "/custom.x"),
            ("DELETE", "/custom.x"),
        )
    ),
]


@pytest.mark.contract
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_stranger(service, method, path):
    """Whoever is not known is answered 401 by every operation."""
    url = f"{str(service.base_url).rstrip('/')}{path}"
    answers = [
        httpx.request(method, url, headers=headers)
        for headers in ({}, {"Authorization": "wrong", "wix-site-id": NOBODY})
    ]

    assert [401, 401] == [one.status_code for one in answers]
    assert all(one.headers["x-wix-request-id"] for one in answers)


@pytest.fixture(scope="module")
def inside():
    """A sandbox with the same scene, and a look behind its API."""
    with start(people=0) as server, client_of(server) as client:
        yield server, set_up(Bench(client))


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_nothing_is_written(inside, case):
    """A bad request writes nothing at all, and tells nobody."""
    server, scene = inside
    before = (server.store.version, server.store.all_texts(), len(server.store.events()))
    case.ask(scene)

    assert before == (server.store.version, server.store.all_texts(), len(server.store.events()))


EMAIL = {"info": {"emails": {"items": [{"email": "new@example.com"}]}}, "revision": 2}
MERGE = {"targetContactRevision": 1, "sourceContactIds": [MEG]}
MEMBER = [
    Case("update", 428, "CANNOT_UPDATE_MEMBER_EMAIL", "PATCH", f"/contacts/{MEG}", EMAIL),
    Case("delete", 428, "CANNOT_DELETE_MEMBER", "DELETE", f"/contacts/{MEG}"),
    Case("merge", 428, "FAILED_PRECONDITION", "POST", f"/contacts/{BOB}/merge", MERGE),
]


@pytest.mark.parametrize("case", MEMBER, ids=lambda case: case.name)
def test_member(server, client, case):
    """What a member forbids is 428, and changes nothing."""
    before = server.store.all_texts()

    assert case.expected == refused(case.ask(SimpleNamespace(client=client)))
    assert before == server.store.all_texts()
    assert [] == server.store.events()


def test_every_documented_code_is_here():
    """The tables above have every code that the operations declare."""
    declared = """
        INSUFFICIENT_CONTACT_DATA INSUFFICIENT_UPDATE_CONTACT_DATA
        CANNOT_HAVE_MULTIPLE_PRIMARY_INFO INVALID_EXTENDED_FIELD_VALUE CONTACT_NOT_FOUND
        CONTACT_ALREADY_CHANGED DUPLICATE_CONTACT_EXISTS FAILED_PRECONDITION ILLEGAL_MERGE
        UNSUPPORTED_SORT_FIELD ILLEGAL_LIMIT MALFORMED_FILTER UNSUPPORTED_FILTER
        UNSUPPORTED_FILTER_FIELD_UNKNOWN UNSUPPORTED_FILTER_OPERATOR UNSUPPORTED_FILTER_VALUE
        UNSUPPORTED_FILTER_VALUE_TYPE NEITHER_FILTER_NOR_SEARCH INVALID_SORT
        UNSUPPORTED_FILTER_FIELD NOT_FOUND
    """

    assert set(declared.split()) == {one.code for one in CASES if one.code}
    assert len(NAMES) == len({json.dumps(name) for name in NAMES})
