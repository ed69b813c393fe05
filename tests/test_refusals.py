"""Refusals: each error answer becomes an exception that says what to do next."""

import json
import re

import pytest

from contacttools.errors import ApiError, AuthError, StaleRevision, Unreachable
from contacttools.service import calls
from contacttools.service.refusals import error_of

READ = calls.get_contact("c1")
WRITE = calls.create_contact({})


def error(status, code="", *, request=WRITE, message="words", **data):
    """Return the exception for an error as the service words it."""
    told = {"code": code, "description": message, "data": data} if code else {}
    body = {"message": message, "details": {"applicationError": told} if told else {}}
    headers = {"x-wix-request-id": "r1"}
    return error_of(request, status, headers, json.dumps(body).encode(), "check the key")


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (400, "INSUFFICIENT_CONTACT_DATA", "a name, an e-mail or a phone"),
        (400, "INSUFFICIENT_UPDATE_CONTACT_DATA", "at least one field"),
        (400, "CANNOT_HAVE_MULTIPLE_PRIMARY_INFO", "one item as primary"),
        (400, "INVALID_EXTENDED_FIELD_VALUE", "site.extended_fields()"),
        (400, "ILLEGAL_MERGE", "other contacts as sources"),
        (404, "CONTACT_NOT_FOUND", "a member's id is not a contact's id"),
        (404, "NOT_FOUND", "site.labels()"),
        (409, "DUPLICATE_CONTACT_EXISTS", "allow_duplicates=True"),
        (409, "CONTACT_ID_ALREADY_EXISTS", "look for the contact"),
        (428, "CANNOT_UPDATE_MEMBER_EMAIL", "Members API"),
        (428, "CANNOT_DELETE_MEMBER", "delete the member in the Members API"),
        (428, "CANNOT_DELETE_CONTACT_WITH_BILLING_SUBSCRIPTION", "cancel"),
        (428, "CANNOT_DELETE_MEMBER_OWNER_OR_CONTRIBUTOR", "take that role away"),
        (428, "FAILED_PRECONDITION", "get the target again"),
        (428, "LABELS_QUOTA_REACHED", "delete a label"),
        (428, "FIELDS_QUOTA_EXCEEDED", "at most 100"),
        (500, "FAILED_DELETE_CONTACT_AFTER_MEMBER_DELETION", "the member is gone"),
        (501, "UNIMPLEMENTED", "does not offer the call"),
    ],
)
def test_a_code_comes_with_the_next_step(status, code, told):
    """The service's code and words, then what to do; a plain ApiError that carries them all."""
    found = error(status, code, extra="7")
    assert ApiError is type(found)
    assert str(found).startswith(f"{code}: words; ")
    assert told in str(found)
    assert (status, code, {"extra": "7"}, "r1") == (
        found.status,
        found.code,
        found.data,
        found.request_id,
    )


def test_a_duplicate_names_the_other_contact():
    """Its id is in the sentence and in the data."""
    found = error(409, "DUPLICATE_CONTACT_EXIST", duplicateContactId="c9")
    assert "the other contact is c9" in str(found)
    assert ("DUPLICATE_CONTACT_EXISTS", "c9") == (found.code, found.data["duplicateContactId"])


@pytest.mark.parametrize(
    ("status", "code", "kind", "told"),
    [
        (401, "", AuthError, "check the key"),
        (403, "PERMISSION_DENIED", AuthError, "check the key"),
        (409, "CONTACT_ALREADY_CHANGED", StaleRevision, "get the contact again"),
        (429, "RESOURCE_EXHAUSTED", Unreachable, "no capacity"),
        (503, "", Unreachable, "no capacity now; the contact may have been created"),
        (500, "", Unreachable, "may have been created"),
        (504, "", Unreachable, "may have been created"),
        (201, "", Unreachable, "may have been created"),
        (302, "", Unreachable, "may have been created"),
        (408, "", Unreachable, "may have been created"),
        (409, "", ApiError, "HTTP_409: words"),
    ],
)
def test_some_answers_have_a_kind_of_their_own(status, code, kind, told):
    """Rights, conflicts, and a service out of breath can be told apart."""
    found = error(status, code)
    assert kind is type(found)
    assert told in str(found)


def test_a_precondition_of_a_label_is_not_one_of_a_merge():
    """The service's own words stand alone."""
    found = error(428, "FAILED_PRECONDITION", request=calls.delete_definition(calls.LABELS, "k"))
    assert "FAILED_PRECONDITION: words" == str(found)


def test_a_sentence_of_the_service_ends_once():
    """Its full stop and our next step do not stand side by side."""
    assert "words; look for the contact" in str(
        error(409, "CONTACT_ID_ALREADY_EXISTS", message="words.")
    )


def test_a_failed_read_is_tried_again_later():
    """Nothing can have been done by it."""
    assert str(error(500, request=READ)).endswith("try again later")


def test_a_lost_create_says_that_repeating_it_can_make_two():
    """Doubt is told as doubt."""
    assert re.search(r"may have been created.*repeating can create a duplicate", str(error(502)))


def test_hidden_characters_of_the_service_are_shown():
    """What it says cannot disguise itself."""
    assert "\u202e" not in str(error(400, "X", message="a\u202eb"))
