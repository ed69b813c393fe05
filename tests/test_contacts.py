"""Contacts: a snapshot that never changes, and what it knows of its fields."""

import pytest
from people_builder import ANN, ann, bob, person, snapshot

import contacttools as ct


def test_a_contact_is_handed_out_as_a_copy():
    """As the service sent it, keys unknown to this version included."""
    contacts = snapshot(ann(novelty={"x": [1]}))
    contacts[ANN]["info"]["company"] = "changed"

    assert ("Example Ltd", {"x": [1]}) == (
        contacts[ANN]["info"]["company"],
        contacts[ANN]["info"]["novelty"],
    )


def test_a_snapshot_iterates_over_ids():
    """In the order they came; membership by id."""
    contacts = snapshot()

    assert (3, ["c-ann", "c-bob", "c-cat"], True, False) == (
        len(contacts),
        list(contacts),
        ANN in contacts,
        "x" in contacts,
    )


def test_an_unknown_contact_is_named_with_the_next_step():
    """Also a KeyError, without its quotes."""
    with pytest.raises(KeyError) as caught:
        snapshot()["nobody"]

    assert isinstance(caught.value, ct.UnknownContact)
    assert str(caught.value).startswith("no contact 'nobody' among the 3 fetched")


def test_the_mark_names_contacts_and_revisions():
    """Two fetches of the same are one mark; another site, contact or revision is another."""
    one = snapshot(ann(), bob()).mark

    assert one == snapshot(bob(), ann()).mark
    assert 4 == len(
        {
            one,
            snapshot(ann()).mark,
            snapshot({**ann(), "revision": 8}, bob()).mark,
            snapshot(ann(), bob(), site_id="t").mark,
        }
    )


def test_extended_fields_are_those_defined_and_those_seen():
    """A custom field nobody fills is a column too; the type seen stands in for a definition."""
    contacts = snapshot(person(custom={"custom.new": 1, "ecom.total": 2.5}))
    kinds = {key: (field.kind, field.editable) for key, field in contacts.extended.items()}

    assert {
        "custom.new": ("number", True),
        "custom.nickname": ("text", True),
        "custom.odd": ("text", False),
        "custom.score": ("number", True),
        "custom.since": ("date", True),
        "ecom.total": ("number", False),
    } == kinds


def test_the_repr_tells_where_when_and_how_much():
    """And no person's data."""
    assert "<Contacts: 3 of site site-1, 2026-01-02 03:04:05 UTC, limit=3>" == repr(
        snapshot(partial="limit=3")
    )
