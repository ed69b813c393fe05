"""Calls: what is asked of the service, as the documents and the recorded SDK have it."""

import pytest
from people_builder import ANN

from contacttools.service import calls

ASKED = [
    (calls.get_contact("c1"), "GET", "/contacts/c1", (), None),
    (calls.create_contact({"x": 1}), "POST", "/contacts", (), {"info": {"x": 1}}),
    (
        calls.create_contact({}, allow_duplicates=True),
        "POST",
        "/contacts",
        (),
        {"info": {}, "allowDuplicates": True},
    ),
    (
        calls.update_contact("c1", {"x": 1}, 16, allow_duplicates=True),
        "PATCH",
        "/contacts/c1",
        (),
        {"info": {"x": 1}, "revision": 16, "allowDuplicates": True},
    ),
    (calls.delete_contact("c1"), "DELETE", "/contacts/c1", (), None),
    (
        calls.label_contact("c1", ("a", "b")),
        "POST",
        "/contacts/c1/labels",
        (),
        {"labelKeys": ["a", "b"]},
    ),
    (
        calls.unlabel_contact("c1", ("a", "b")),
        "DELETE",
        "/contacts/c1/labels",
        (("labelKeys", "a"), ("labelKeys", "b")),
        None,
    ),
    (
        calls.preview_merge("c1", ("c2",)),
        "POST",
        "/contacts/c1/preview-merge",
        (),
        {"sourceContactIds": ["c2"]},
    ),
    (
        calls.merge("c1", ("c2", "c3"), 7),
        "POST",
        "/contacts/c1/merge",
        (),
        {"targetContactRevision": 7, "sourceContactIds": ["c2", "c3"]},
    ),
    (calls.find_or_create_label("VIP"), "POST", "/labels", (), {"displayName": "VIP"}),
    (
        calls.rename_definition(calls.LABELS, "custom.vip", "V"),
        "PATCH",
        "/labels/custom.vip",
        (),
        {"label": {"key": "custom.vip", "displayName": "V"}},
    ),
    (
        calls.delete_definition(calls.LABELS, "custom.vip"),
        "DELETE",
        "/labels/custom.vip",
        (),
        None,
    ),
    (
        calls.find_or_create_extended_field("Size", "NUMBER"),
        "POST",
        "/extended-fields",
        (),
        {"displayName": "Size", "dataType": "NUMBER"},
    ),
    (
        calls.rename_definition(calls.EXTENDED_FIELDS, "custom.size", "S"),
        "PATCH",
        "/extended-fields/custom.size",
        (),
        {"field": {"key": "custom.size", "displayName": "S"}},
    ),
    (
        calls.delete_definition(calls.EXTENDED_FIELDS, "custom.size"),
        "DELETE",
        "/extended-fields/custom.size",
        (),
        None,
    ),
]


@pytest.mark.parametrize(
    ("request_", "method", "path", "params", "body"),
    ASKED,
    ids=[f"{n} {each[1]} {each[2]}" for n, each in enumerate(ASKED)],
)
def test_what_is_sent(request_, method, path, params, body):
    """Method, path, query string and body of each call."""
    assert (method, f"/contacts/v4{path}", params, body) == (
        request_.method,
        request_.path,
        request_.params,
        request_.body,
    )


@pytest.mark.parametrize(
    "request_", [each[0] for each in ASKED], ids=[f"{n} {c[2]}" for n, c in enumerate(ASKED)]
)
def test_a_write_knows_what_to_say_when_its_answer_is_lost(request_):
    """Whatever may change something has a sentence for the doubt; what only reads has none."""
    reads = request_.method == "GET" or request_.path.endswith("/preview-merge")
    assert reads == (request_.doubt == "")


def test_an_id_is_one_segment_of_a_path():
    """Whatever it contains, of a contact or of a definition."""
    assert "/contacts/v4/contacts/..%2Fx%3Fy%23" == calls.below(calls.CONTACTS, "../x?y#")
    assert "/contacts/v4/contacts/%2E%2E/labels" == calls.label_contact("..", ["a"]).path
    assert "/contacts/v4/labels/a%2Fb" == calls.delete_definition(calls.LABELS, "a/b").path
    assert ANN in calls.below(calls.CONTACTS, ANN)
