"""Contract: what the fidelity tests share: a client of either service, what they make, and shapes.

Everything here speaks to the service through its API alone, so that a test that is marked
`contract` holds of the live service as well as of the sandbox. What such a test needs it makes,
with invented names, and takes away afterwards.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from sandbox.answers import client_of

from contacttools.sandbox import start
from contacttools.service.pacing import Pacer

LIVE = "https://www.wixapis.com/contacts/v4"
NOBODY = "99999999-9999-4999-8999-999999999999"

_PACE = 170  # requests a minute: the live service takes 200

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_SECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@contextmanager
def service() -> Iterator[httpx.Client]:
    """Give a client of an empty sandbox or, with consent and credentials, of a live test site."""
    if os.environ.get("CONTACTTOOLS_CONTRACT_LIVE") != "1":
        with start(people=0) as server, client_of(server) as client:
            yield client
        return
    key, site_id = os.environ.get("WIX_API_KEY"), os.environ.get("WIX_SITE_ID")
    if not (key and site_id):
        pytest.fail("CONTACTTOOLS_CONTRACT_LIVE=1 needs WIX_API_KEY and WIX_SITE_ID", pytrace=False)
    headers = {"Authorization": key, "wix-site-id": site_id}
    pacer = Pacer(_PACE)
    hooks = {"request": [lambda _: pacer.slot()]}
    with httpx.Client(base_url=LIVE, headers=headers, timeout=60, event_hooks=hooks) as client:
        yield client


class Bench:
    """What a test makes, and takes away again when it is done."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.paths: list[str] = []

    def text(self, start="Contract") -> str:
        """Give a text that nobody has used."""
        return f"{start} {uuid.uuid4().hex[:12]}"

    def email(self) -> str:
        """Give an e-mail address that nobody has."""
        return f"contract-{uuid.uuid4().hex}@example.com"

    def contact(self, **info):
        """Make a contact, with a name of its own if no name is given."""
        info.setdefault("name", {"first": self.text()})
        return self.keep(self.client.post("/contacts", json={"info": info}))

    def keep(self, answer):
        """Take note of a contact that was made, and give it."""
        contact = body(answer)["contact"]
        self.paths.append(f"/contacts/{contact['id']}")
        return contact

    def label(self, name=None):
        """Make a label."""
        answer = self.client.post("/labels", json={"displayName": name or self.text()})
        return self.note(body(answer)["label"], "labels")

    def field(self, data_type="TEXT", name=None):
        """Make an extended field."""
        sent = {"displayName": name or self.text(), "dataType": data_type}
        return self.note(
            body(self.client.post("/extended-fields", json=sent))["field"], "extended-fields"
        )

    def note(self, definition, where):
        """Take note of a definition that was made, and give it."""
        self.paths.append(f"/{where}/{definition['key']}")
        return definition

    def clear(self) -> None:
        """Take everything away, the latest first."""
        for path in reversed(self.paths):
            self.client.delete(path)
        self.paths.clear()


def body(answer: httpx.Response):
    """Give the JSON of a success, having checked what all successes have in common."""
    assert 200 == answer.status_code, answer.text
    return json_of(answer)


def refused(answer: httpx.Response) -> tuple[int, str | None, list[str]]:
    """Give status, code and violated fields of an error, having checked its envelope."""
    found = json_of(answer)
    assert {"message", "details"} == set(found)
    assert isinstance(found["message"], str)
    details = found["details"]
    if "applicationError" in details:
        error = details["applicationError"]
        assert {"code", "description", "data"} == set(error)
        assert is_shaped(error, {"code": str, "description": str, "data": dict})
        return answer.status_code, error["code"], []
    violations = details["validationError"]["fieldViolations"]
    assert violations
    assert all(is_shaped(one, VIOLATION) for one in violations)
    return answer.status_code, None, [one["field"] for one in violations]


def json_of(answer: httpx.Response):
    """Give the JSON of an answer, having checked what all answers have in common."""
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["x-wix-request-id"]
    return answer.json()


def guid(value) -> bool:
    """Tell whether a value is a GUID as the service writes it."""
    return isinstance(value, str) and bool(_GUID.fullmatch(value))


def moment(value) -> bool:
    """Tell whether a value is a point in time with milliseconds, in UTC."""
    return isinstance(value, str) and bool(_MOMENT.fullmatch(value))


def second(value) -> bool:
    """Tell whether a value is a point in time without fractions of a second, in UTC."""
    return isinstance(value, str) and bool(_SECOND.fullmatch(value))


def number(value) -> bool:
    """Tell whether a value is an integer of JSON: neither text nor a truth."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_shaped(value, shape) -> bool:
    """Tell whether a value has a shape.

    A shape is a type, a test, a list with the shape of every entry, a constant in a set, or a map
    of members; a member whose name ends with ``?`` may be missing, and no others may be there.
    """
    if isinstance(shape, dict):
        known = {name.rstrip("?") for name in shape}
        needed = {name for name in shape if not name.endswith("?")}
        return (
            isinstance(value, dict)
            and needed <= set(value) <= known
            and all(is_shaped(value[name], _member(shape, name)) for name in value)
        )
    if isinstance(shape, list):
        return isinstance(value, list) and all(is_shaped(one, shape[0]) for one in value)
    if isinstance(shape, set):
        return value in shape
    return isinstance(value, shape) if isinstance(shape, type) else shape(value)


def _member(shape, name):
    return shape[name] if name in shape else shape[f"{name}?"]


VIOLATION = {
    "field": str,
    "description": str,
    "violatedRule": str,
    "ruleName?": str,
    "data": dict,
}
PAGING = {"count": number, "offset": number, "total": number, "tooManyToCount": bool}
INFO = {
    "name?": {"first?": str, "last?": str},
    "emails?": {"items": [{"tag": str, "email": str, "primary": bool, "id": guid}]},
    "phones?": {
        "items": [
            {
                "tag": str,
                "countryCode?": str,
                "phone": str,
                "e164Phone?": str,
                "primary": bool,
                "id": guid,
            }
        ]
    },
    "addresses?": {"items": [{"tag": str, "address": dict, "id": guid}]},
    "company?": str,
    "jobTitle?": str,
    "picture?": dict,
    "birthdate?": str,
    "locale?": str,
    "labelKeys?": {"items": [str]},
    "locations?": {"items": [guid]},
    "extendedFields?": {"items": dict},
}
CONTACT = {
    "id": guid,
    "revision": number,
    "source": {"sourceType": str, "appId": str},
    "createdDate": moment,
    "updatedDate": moment,
    "lastActivity": {"activityDate": moment, "activityType": str},
    "primaryInfo?": {"email?": str, "phone?": str},
    "info": INFO,
}
LABEL = {
    "namespace": str,
    "namespaceDisplayName": str,
    "key": str,
    "displayName": str,
    "labelType": {"SYSTEM", "USER_DEFINED", "WIX_APP_DEFINED"},
    "createdDate": second,
    "updatedDate": second,
}
FIELD = {
    "namespace": str,
    "key": str,
    "displayName": str,
    "dataType": {"TEXT", "NUMBER", "DATE", "URL"},
    "fieldType": {"SYSTEM", "USER_DEFINED"},
    "createdDate": second,
    "updatedDate": second,
    "description?": str,
}
FACET = {
    "facetType": {
        "ALL_CONTACTS",
        "NOT_LABELED",
        "LABEL",
        "SUBSCRIPTION_STATUS",
        "MEMBERSHIP_STATUS",
    },
    "namespace?": str,
    "namespaceDisplayName?": str,
    "facetKey": str,
    "facetDisplayName": str,
    "count": number,
    "queryFilter?": dict,
}
JOB = {
    "id": guid,
    "type": {"DELETE", "UPDATE", "ADD_LABELS", "REMOVE_LABELS", "ADD_REMOVE_LABELS"},
    "status": {"NEW", "LOADING", "RUNNING", "COMPLETED", "INDEXING"},
    "startedDate?": moment,
    "finishedDate?": moment,
    "totalItems": number,
    "successTotal": number,
    "failedTotal": number,
    "errors?": [{"count": number, "code": str, "message": str}],
}
