"""Fuzz: whatever arrives, the answer is a documented one: no 500, no hang, bounded memory."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox.answers import ANN, BOB, MEG
from sandbox.test_process import headers, running

from contacttools.sandbox import start
from contacttools.sandbox.serving.routes import ROUTES

FULL = bool(os.environ.get("CONTACTTOOLS_LOAD"))

_VALID = {
    "info": {
        "name": {"first": "Zoe", "last": "Quill"},
        "emails": {"items": [{"tag": "WORK", "email": "zoe@example.com", "primary": True}]},
        "phones": {"items": [{"phone": "2125550199", "countryCode": "US"}]},
        "addresses": {
            "items": [
                {
                    "tag": "HOME",
                    "address": {
                        "streetAddress": {"number": "1", "name": "Elm"},
                        "country": "US",
                        "subdivision": "WY",
                        "geocode": {"latitude": 1.5, "longitude": "2"},
                    },
                }
            ]
        },
        "company": "Quill",
        "birthdate": "1990-01-31",
        "locale": "en-US",
        "picture": {"image": {"url": "https://example.com/a.png", "width": 10}},
        "labelKeys": {"items": ["custom.vip"]},
        "extendedFields": {"items": {"custom.customer-number": 3, "custom.nickname": "Z"}},
    },
    "revision": 5,
    "allowDuplicates": True,
    "labelKeys": ["custom.vip"],
    "labelKeysToAdd": ["custom.vip"],
    "sourceContactIds": [BOB],
    "targetContactRevision": 5,
    "displayName": "Press",
    "dataType": "TEXT",
    "label": {"displayName": "Guests"},
    "field": {"displayName": "Pets"},
    "search": "zoe@example.com",
    "filter": {"info.name.first": {"$in": ["Ann"]}, "$or": [{"info.labelKeys": {"$hasSome": []}}]},
    "paging": {"limit": 2, "offset": 0},
    "query": {
        "filter": {
            "$and": [{"createdDate": {"$gt": "2021-01-01"}}, {"$not": {"info.company": "X"}}]
        },
        "sort": [{"fieldName": "createdDate", "order": "DESC"}],
        "paging": {"limit": 2, "offset": 0},
        "fields": ["info.name"],
        "fieldsets": ["BASIC"],
    },
}

_leaf = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["$in", "custom.", "2021-02-30", "9" * 400, "\u202e", "contacts.vip", ""])
)
_json = st.recursive(
    _leaf,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=8) | st.sampled_from(["items", "$eq", "$not", "$and", "id"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)

_PARAMETERS = (
    *("paging", "paging.limit", "paging.offset", "paging.x", "sort", "sort.fieldName"),
    *("sort.order", "fields", "fieldsets", "labelKeys", "labelType", "fieldType", "namespace"),
    *("startsWith", "language", "filter", "id"),
)
_BYTES = (b"NaN", b'{"a":1e999}', b'"\\ud800"', b'{"a":"\\u0000"}', b"\xff\xfe", b"[]")


def nodes(value, path=()):
    """Give the path of every value inside a JSON value."""
    yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from nodes(value[key], (*path, key))


@st.composite
def spoiled(draw):
    """Give a valid body with a few of its values replaced or removed."""
    body = copy.deepcopy(_VALID)
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from([path for path in nodes(body) if path]))
        inside = body
        for key in way:
            inside = inside[key]
        if draw(st.booleans()):
            inside[last] = draw(_json)
        else:
            del inside[last]
    return body


@pytest.fixture(scope="module")
def fuzzed(people_file):
    """A sandbox that is fuzzed, and a client with a time limit: a hang is a failure."""
    with start(people_file=people_file) as server:
        credentials = {"Authorization": server.api_key, "wix-site-id": server.site_id}
        with httpx.Client(base_url=server.url, headers=credentials, timeout=20) as client:
            yield client


def documented(answer):
    """Tell whether an answer is one that the service gives: JSON, and no error of its own."""
    assert answer.status_code in {200, 400, 404, 405, 409, 413, 428}, answer.text
    assert answer.headers["x-wix-request-id"]
    body = answer.json()
    assert answer.status_code == 200 or {"message", "details"} == set(body)


@settings(max_examples=settings().max_examples * (50 if FULL else 1))
@given(
    route=st.sampled_from(ROUTES),
    target=st.sampled_from([ANN, BOB, MEG, "custom.vip", "custom.nickname", "no", "%00", "%2E%2E"]),
    body=spoiled() | _json,
)
def test_any_body(fuzzed, route, target, body):
    """Wrong types anywhere in a body, of any operation, are answered with what is wrong."""
    path = route.path.replace("{id}", target).replace("{key}", target)

    documented(fuzzed.request(route.method, path, json=body))


@settings(max_examples=settings().max_examples * (10 if FULL else 1))
@given(
    route=st.sampled_from([route for route in ROUTES if route.method in {"GET", "DELETE"}]),
    target=st.sampled_from([ANN, "custom.nickname", "no"]),
    parameters=st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "paging.limit",
                    "paging.offset",
                    "paging",
                    "sort.fieldName",
                    "sort.order",
                    "sort",
                    "fields",
                    "fieldsets",
                    "labelKeys",
                    "labelType",
                    "fieldType",
                    "namespace",
                    "startsWith",
                    "language",
                    "paging.x",
                    "filter",
                    "id",
                ]
            ),
            st.text(max_size=8) | st.integers().map(str) | st.sampled_from(["createdDate", "DESC"]),
        ),
        max_size=5,
    ),
)
def test_any_query_string(fuzzed, route, target, parameters):
    """A query string of any kind is answered with what is wrong, if anything is."""
    path = route.path.replace("{id}", target).replace("{key}", target)

    documented(fuzzed.request(route.method, path, params=parameters))


@settings(max_examples=settings().max_examples * (10 if FULL else 1))
@given(
    route=st.sampled_from([route for route in ROUTES if route.method in {"POST", "PATCH"}]),
    raw=st.binary(max_size=60)
    | st.integers(0, 300).map(lambda cut: json.dumps(_VALID).encode()[:cut])
    | st.sampled_from(
        [b"NaN", b'{"a":1e999}', b'"\\ud800"', b'{"a":"\\u0000"}', b"\xff\xfe", b"[]"]
    ),
)
def test_any_bytes(fuzzed, route, raw):
    """Bytes that are no JSON object are answered 400, whatever the operation."""
    path = route.path.replace("{id}", ANN).replace("{key}", "custom.nickname")

    documented(fuzzed.request(route.method, path, content=raw))


@pytest.mark.parametrize("depth", [65, 1_000, 100_000])
@pytest.mark.parametrize("opening", ["[", '{"a":', '{"$not":'])
def test_deep_nesting(fuzzed, depth, opening):
    """A body that is nested too deeply is refused, not followed to its end."""
    closing = "]" if opening == "[" else "}"
    raw = '{"query": {"filter": ' + opening * depth + "1" + closing * depth + "}}"
    answer = fuzzed.post("/contacts/v4/contacts/query", content=raw)

    assert 400 == answer.status_code
    assert "nested too deeply" in answer.json()["message"]


def megabytes(pid, what):
    """Give a figure of a process's memory."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) / 1024
    raise LookupError(what)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_huge_bodies_do_not_fill_the_memory():
    """Bodies far above the limit are refused, and the process stays as small as it was."""
    chunk = b" " * 2**20
    with running("--people", 3) as (process, ready):
        url = f"{ready['url']}/contacts/v4/contacts/query"
        with httpx.Client(headers=headers(ready), timeout=60) as client:
            assert 200 == client.post(url, json={}).status_code
            before = megabytes(process.pid, "VmHWM")
            for _ in range(5):
                answer = client.post(url, content=(chunk for _ in range(60)))
                assert (413, "PAYLOAD_TOO_LARGE") == (
                    answer.status_code,
                    answer.json()["details"]["applicationError"]["code"],
                )
            assert 200 == client.post(url, json={}).status_code
            assert megabytes(process.pid, "VmHWM") < before + 64


def test_the_description_by_its_own_tool(tmp_path):
    """Requests made from the served description are answered as it says, and never with 500."""
    with running("--people", 30) as (_, ready):
        credentials = [
            option
            for name, value in headers(ready).items()
            for option in ("-H", f"{name}: {value}")
        ]
        command = [
            str(Path(sys.executable).parent / "schemathesis"),
            *("run", f"{ready['url']}/openapi.json", *credentials),
            # What a description cannot say is left out: the service passes over unknown members.
            *("--exclude-checks", "positive_data_acceptance,negative_data_rejection"),
            *("--phases", "coverage,fuzzing"),
            *("--max-examples", "100" if FULL else "3", "--seed", "1", "--warnings", "off"),
            *("--no-color", "--generation-database", "none"),
        ]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert 0 == done.returncode, done.stdout[-3000:] + done.stderr
    tested = f"Tested: {len(ROUTES)}"
    assert tested in done.stdout, done.stdout[-3000:]
