"""Refusals: every error of the service as the SDK throws it."""

from __future__ import annotations

import re

import pytest
from sandbox.answers import ANN, BOB, MEG

UPDATE = "contacts.updateContact(id, info, revision)"
CREATE = "contacts.createContact(info)"
PEOPLE = {"ann": ANN, "bob": BOB, "meg": MEG, "nobody": "99999999-9999-4999-8999-999999999999"}
TWO = {"items": [{"email": "a@example.com", "primary": True}] * 2}


def fields(error):
    """Give field and rule of each violation that an error names."""
    violations = error["details"]["validationError"]["fieldViolations"]
    return [(one["field"], one["violatedRule"]) for one in violations]


EMAIL_OF_BOB = {"duplicateContactId": BOB, "duplicateEmail": "bob@example.com"}
PHONE_OF_BOB = {"duplicateContactId": BOB, "duplicatePhone": "020 7946 0001"}


@pytest.mark.parametrize(
    ("arguments", "status", "code", "data"),
    [
        ("ann, {}, 5", 400, "INSUFFICIENT_UPDATE_CONTACT_DATA", {}),
        ("meg, { name: null, emails: { items: [] } }, 2", 400, "INSUFFICIENT_CONTACT_DATA", {}),
        ("ann, { emails: two }, 5", 400, "CANNOT_HAVE_MULTIPLE_PRIMARY_INFO", {}),
        (
            "ann, { extendedFields: { items: { 'custom.customer-number': 'many' } } }, 5",
            400,
            "INVALID_EXTENDED_FIELD_VALUE",
            {"key": "custom.customer-number"},
        ),
        ("nobody, { company: 'X' }, 5", 404, "CONTACT_NOT_FOUND", {}),
        ("ann, { company: 'X' }, 4", 409, "CONTACT_ALREADY_CHANGED", {}),
        ("ann, { company: 'X' }, 6", 409, "CONTACT_ALREADY_CHANGED", {}),
        (
            "ann, { emails: { items: [{ email: 'bob@example.com' }] } }, 5",
            409,
            "DUPLICATE_CONTACT_EXISTS",
            EMAIL_OF_BOB,
        ),
        (
            "ann, { phones: { items: [{ phone: '020 7946 0001', countryCode: 'GB' }] } }, 5",
            409,
            "DUPLICATE_CONTACT_EXISTS",
            PHONE_OF_BOB,
        ),
        (
            "meg, { emails: { items: [{ email: 'new@example.com' }] } }, 2",
            428,
            "CANNOT_UPDATE_MEMBER_EMAIL",
            {},
        ),
    ],
    ids=[
        "nothing",
        "nobody-left",
        "primaries",
        "field-value",
        "unknown",
        "stale",
        "future",
        "email-taken",
        "phone-taken",
        "member",
    ],
)
def test_update(still, arguments, status, code, data):
    """Status, code and data of each refusal of an update, and the contact is as it was."""
    before = still("contacts.listContacts()")
    error = still.error(f"contacts.updateContact({arguments})", **PEOPLE, two=TWO)

    assert status == error["status"] == error["response"]["status"]
    found = error["details"]["applicationError"]
    assert (code, data) == (found["code"], found["data"])
    assert ("SDKError", "Error") == (error["kind"], error["name"])
    assert before == still("contacts.listContacts()")


def test_the_text_of_an_error(still):
    """The message is JSON of what is wrong, said once, with the id of the request."""
    error = still.error(UPDATE, id=ANN, info={"company": "X"}, revision=4)

    text = "Contact has been updated since the requested revision."
    assert text == error["details"]["applicationError"]["description"]
    assert f'"message": "{text}"' in error["message"]
    assert f'"requestId": "{error["requestId"]}"' in error["message"]
    assert error["requestId"] == error["details"]["requestId"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", error["requestId"])


def test_the_text_of_a_duplicate(still):
    """One error has a message besides its description, and the SDK says both."""
    info = {"emails": {"items": [{"email": "bob@example.com"}]}}
    error = still.error(UPDATE, id=ANN, info=info, revision=5)

    text = "Duplicate contact exists: Duplicate contact already exists"
    assert f'"message": "{text}"' in error["message"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("updateContact(ann, { birthdate: '1' }, 5)", [("info.birthdate", "FORMAT")]),
        (
            "updateContact(ann, { jobTitle: 6, company: 5 }, 5)",
            [("info.company", "TYPE"), ("info.jobTitle", "TYPE")],
        ),
        (
            "updateContact(ann, { phones: { items: [{ phone: '' }] } }, 5)",
            [("info.phones.items.phone", "MIN_LENGTH")],
        ),
        (
            "updateContact(ann, { labelKeys: { items: ['custom.none'] } }, 5)",
            [("info.labelKeys", "CUSTOM")],
        ),
        ("updateContact(ann, { company: 'X' })", [("revision", "TYPE")]),
        ("updateContact(ann, { company: 'X' }, 'five')", [("revision", "TYPE")]),
        (
            "updateContact(ann, { company: 'X' }, 5, { allowDuplicates: 'yes' })",
            [("options.allowDuplicates", "TYPE")],
        ),
        ("createContact({ company: 5 })", [("info.company", "TYPE")]),
        (
            "createContact({ company: 'X' }, { allowDuplicates: 1 })",
            [("options.allowDuplicates", "TYPE")],
        ),
        ("labelContact(ann, [])", [("labelKeys", "MIN_SIZE")]),
        ("labelContact(ann, ['custom.none'])", [("labelKeys", "CUSTOM")]),
        (
            "mergeContacts(ann, 5, { sourceContactIds: [] })",
            [("options.sourceContactIds", "MIN_SIZE")],
        ),
        (
            "mergeContacts(ann, undefined, { sourceContactIds: [ann] })",
            [("targetContactRevision", "TYPE")],
        ),
    ],
    ids=lambda value: None if isinstance(value, list) else value,
)
def test_arguments(still, code, expected):
    """A value that breaks a rule is told by the name of the argument it stands in, in order."""
    error = still.error(f"contacts.{code}", ann=ANN)

    assert expected == fields(error)
    assert 400 == error["status"]
    assert "INVALID_ARGUMENT" in error["message"]
    assert error["requestId"] == error["details"]["requestId"]


@pytest.mark.parametrize(
    ("info", "status", "code"),
    [
        ({"company": "X"}, 400, "INSUFFICIENT_CONTACT_DATA"),
        ({"emails": TWO}, 400, "CANNOT_HAVE_MULTIPLE_PRIMARY_INFO"),
        (
            {"name": {"first": "A"}, "extendedFields": {"items": {"custom.last-contacted": "x"}}},
            400,
            "INVALID_EXTENDED_FIELD_VALUE",
        ),
        ({"emails": {"items": [{"email": "bob@example.com"}]}}, 409, "DUPLICATE_CONTACT_EXISTS"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_create(still, info, status, code):
    """Status and code of each refusal of a new contact."""
    error = still.error(CREATE, info=info)

    assert (status, code) == (error["status"], error["details"]["applicationError"]["code"])


@pytest.mark.parametrize(
    ("code", "status", "name"),
    [
        ("getContact(nobody)", 404, "CONTACT_NOT_FOUND"),
        ("deleteContact(nobody)", 404, "CONTACT_NOT_FOUND"),
        ("deleteContact(meg)", 428, "CANNOT_DELETE_MEMBER"),
        ("labelContact(nobody, ['custom.vip'])", 404, "CONTACT_NOT_FOUND"),
        ("unlabelContact(nobody, ['custom.vip'])", 404, "CONTACT_NOT_FOUND"),
        ("mergeContacts(ann, 5, { sourceContactIds: [nobody] })", 404, "CONTACT_NOT_FOUND"),
        ("mergeContacts(ann, 5, { sourceContactIds: [ann] })", 400, "ILLEGAL_MERGE"),
        ("mergeContacts(ann, 4, { sourceContactIds: [bob] })", 428, "FAILED_PRECONDITION"),
        ("mergeContacts(ann, 5, { sourceContactIds: [meg] })", 428, "FAILED_PRECONDITION"),
        ("previewMergeContacts(ann, { sourceContactIds: [meg] })", 428, "FAILED_PRECONDITION"),
        ("bulkDeleteContacts({})", 400, "NEITHER_FILTER_NOR_SEARCH"),
        (
            "bulkLabelAndUnlabelContacts({ labelKeysToAdd: ['custom.vip'] })",
            400,
            "NEITHER_FILTER_NOR_SEARCH",
        ),
        ("listContacts({ sort: { fieldName: 'id' } })", 400, "UNSUPPORTED_SORT_FIELD"),
        ("listContacts({ paging: { limit: 1001 } })", 400, "ILLEGAL_LIMIT"),
    ],
    ids=lambda value: value if isinstance(value, str) and "(" in value else None,
)
def test_others(still, code, status, name):
    """Status and code of the refusals of the other calls."""
    error = still.error(f"contacts.{code}", **PEOPLE)

    assert (status, name) == (error["status"], error["details"]["applicationError"]["code"])


def test_an_id_with_a_slash(still):
    """What the SDK puts into a path unencoded leads to no operation, and that is an error too."""
    error = still.error("contacts.getContact('a/b/c')")

    assert (404, "NOT_FOUND") == (error["status"], error["details"]["applicationError"]["code"])


@pytest.mark.parametrize(
    ("status", "code"), [(401, "UNAUTHENTICATED"), (403, "PERMISSION_DENIED"), (429, None)]
)
def test_callers_and_limits(sdk, server, status, code):
    """Who may not, or not now, gets the status and a code."""
    server.faults.add("status", method="PATCH", status=status)
    error = sdk.error(UPDATE, id=ANN, info={"company": "X"}, revision=5)

    assert status == error["status"]
    found = error["details"]["applicationError"]
    assert (code or "RESOURCE_EXHAUSTED", {}) == (found["code"], found["data"])
    assert 6 == sdk(UPDATE, id=ANN, info={"company": "X"}, revision=5)["contact"]["revision"]


@pytest.mark.parametrize("status", [500, 501, 502, 503, 504])
def test_a_service_in_trouble(still, status):
    """A 5xx says nothing, so the SDK gives the status as the code and the id of the request."""
    still.server.faults.add("status", status=status)
    error = still.error("contacts.getContact(id)", id=ANN)

    assert status == error["status"] == error["details"]["applicationError"]["code"]
    assert {"message": "", "details": {}} == error["details"]["applicationError"]["data"]["details"]
    assert error["requestId"]


@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>"], ids=["empty", "html"])
def test_an_answer_of_a_gateway(still, body):
    """An error that is no JSON is thrown with its status all the same."""
    still.server.faults.add("status", status=502, body=body)
    error = still.error("contacts.getContact(id)", id=ANN)

    assert 502 == error["status"] == error["details"]["applicationError"]["code"]
    assert "Bad Gateway" == error["details"]["applicationError"]["description"]


@pytest.mark.parametrize(
    ("kind", "revision"), [("drop_before", 5), ("drop_after", 6), ("truncate", 6)]
)
def test_a_lost_answer(sdk, server, kind, revision):
    """Whether a write landed whose answer was lost, the SDK does not say; the revision does."""
    server.faults.add(kind, method="PATCH")
    error = sdk.error(UPDATE, id=ANN, info={"company": "X"}, revision=5)

    assert None is error.get("status")
    assert 1 == len(sdk.asked)  # the SDK sends nothing twice
    assert revision == sdk("contacts.getContact(id)", id=ANN)["revision"]
