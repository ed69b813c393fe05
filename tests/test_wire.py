"""Wire: contacts as values, and values as the body of an update."""

from hypothesis import given
from people_builder import ann, documents, person

from contacttools.contact import fields, merge, wire


def test_a_contact_is_its_writable_values():
    """Scalars, lists as flat items, label keys, custom fields; the service's own are left out."""
    found = wire.values(ann())

    assert [
        "name.first",
        "name.last",
        "company",
        "jobTitle",
        "birthdate",
        "locale",
        "emails",
        "phones",
        "addresses",
        "labelKeys",
        "custom.nickname",
        "custom.score",
        "custom.since",
    ] == list(found)
    assert {
        "id": "a1",
        "tag": "HOME",
        "addressLine": "1 Example St",
        "city": "Exampleton",
        "country": "US",
    } == found["addresses"][0]


def test_empty_wrappers_and_empty_text_are_nothing():
    """As the service sends them in some samples."""
    assert {} == wire.values(
        person(phones={}, emails={"items": []}, company="", name={}, custom={"custom.x": ""})
    )


@given(documents())
def test_what_is_read_can_be_said_again(found):
    """Values → info → values is the same, for whatever the service sent."""
    for document in found:
        read = wire.values(document)
        again = wire.values(wire.overlay({"id": "x", "revision": 1}, read))
        for name in read.keys() | again.keys():
            assert merge.same(name, read.get(name), again.get(name)) or name not in again


@given(documents())
def test_an_overlay_changes_a_copy(found):
    """Whatever stood where the value belongs; the original stays."""
    for document in found:
        before = repr(document)
        after = wire.overlay(
            document,
            {"company": "X", "name.first": "F", "custom.x": 1, "labelKeys": ("a",), "emails": None},
        )
        assert before == repr(document)
        assert ["X", "F", 1, ("a",)] == [
            wire.values(after)[name] for name in ("company", "name.first", "custom.x", "labelKeys")
        ]
        assert "emails" not in wire.values(after)


def test_info_spells_nested_members_and_clears():
    """The reverse of reading; None is null, an empty list empties the list."""
    assert {
        "name": {"last": None},
        "addresses": {
            "items": [{"id": "a1", "address": {"geocode": {"latitude": 1.5}, "city": "X"}}]
        },
        "labelKeys": {"items": []},
        "extendedFields": {"items": {"custom.a.b": 1}},
    } == wire.info(
        {
            "name.last": None,
            "addresses": ({"id": "a1", "city": "X", "geocode.latitude": 1.5},),
            "labelKeys": None,
            "custom.a.b": 1,
        }
    )


def test_members_of_a_newer_service_are_named():
    """By path; what the service derives is no loss."""
    item = {"id": "1", "phone": "5", "e164Phone": "+5", "sms": {"consent": True}, "tag": "HOME"}

    assert ("sms.consent",) == wire.unknown_members(fields.LISTS["phones"], item)
