"""Snapshots on disk and beside each other: kept as they were, and what has changed since."""

from __future__ import annotations

import json
import stat
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from people_builder import ANN, BOB, CAT, documents, email, person, phone, snapshot

import contacttools as ct


@pytest.fixture
def path(tmp_path):
    """A place for a snapshot."""
    return tmp_path / "november.parquet"


def test_a_snapshot_is_kept_as_it_is(path):
    """Contacts, site, date, definitions; a plan over it is the same plan."""
    contacts = ct.connect().fetch(limit=200)
    contacts.save(path)
    again = ct.load(path)
    assert {each: contacts[each] for each in contacts} == {each: again[each] for each in again}
    assert list(contacts) == list(again)
    for name in ("site_id", "fetched_at", "partial", "definitions", "mark"):
        assert getattr(contacts, name) == getattr(again, name)
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    plans = []
    for each in (contacts, again):
        stage = ct.Stage(each)
        stage.apply("Quay & Sons Ltd", "company")
        plans.append(stage.plan().id)
    assert plans[0] == plans[1]


@given(found=documents())
def test_whatever_the_service_sends_is_kept(found):
    """Keys that this version does not know included; what is no JSON is named."""
    contacts = snapshot(*found)
    try:
        json.dumps([contacts[each] for each in contacts], allow_nan=False)
    except ValueError:
        with pytest.raises(ct.BadValue, match="NaN or an infinity"):
            contacts.save("nowhere.parquet")
        return
    with tempfile.TemporaryDirectory() as folder:
        contacts.save(f"{folder}/some.parquet")
        again = ct.load(f"{folder}/some.parquet")
    assert [contacts[each] for each in contacts] == [again[each] for each in again]
    assert contacts.definitions == again.definitions


def test_others_read_it_as_a_table(path):
    """One row a contact."""
    snapshot(person(ANN, 3), person(BOB, 4)).save(path)
    table = pq.read_table(path).to_pandas()
    assert [[ANN, 3], [BOB, 4]] == table[["contactId", "revision"]].to_numpy().tolist()


def changed(path, **columns):
    """Change columns of a file, its notes kept."""
    table = pq.read_table(path)
    for name, values in columns.items():
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(values))
    pq.write_table(table, path)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.write_bytes(b""), "no snapshot"),
        (lambda path: path.write_bytes(b"PAR1 and nothing"), "no snapshot"),
        (lambda path: pq.write_table(pa.table({"document": ["{}"]}), path), "no snapshot"),
        (lambda path: changed(path, document=["{}", "nonsense"]), "no snapshot"),
        (lambda path: changed(path, revision=[3, 5]), "different contacts"),
        (lambda path: changed(path, contactId=[BOB, ANN]), "different contacts"),
    ],
    ids=["empty", "cut", "other", "no json", "revision", "id"],
)
def test_what_is_no_snapshot_is_said(path, spoil, words):
    """By name, with what to do."""
    snapshot(person(ANN, 3), person(BOB, 4)).save(path)
    spoil(path)
    with pytest.raises(ct.BadValue, match=words) as raised:
        ct.load(path)
    assert "november.parquet" in str(raised.value)


def test_a_file_that_is_not_there_is_not_there(path):
    """As with any file."""
    with pytest.raises(FileNotFoundError):
        ct.load(path)


# -- two snapshots ----------------------------------------------------------------------------


def test_what_has_changed_is_told_value_by_value():
    """Contacts that came and went, fields, and the items of lists by their ids."""
    before = snapshot(
        person(
            ANN, 1, company="Quay", jobTitle="Buyer", phones=[phone("p1", "1"), phone("p2", "2")]
        ),
        person(BOB, 1),
    )
    after = snapshot(
        person(
            ANN, 2, company="Quay Ltd", birthdate="2001-02-03",
            phones=[phone("p2", "22", tag="HOME"), phone("p3", "3", country=None)],
        ),
        person(CAT, 1),
    )  # fmt: skip
    told = before.compare(after)
    rows = [
        (each.contact_id, each.item_id, each.field, each.kind, each.before, each.after)
        for each in told.differences
    ]
    assert {
        (ANN, None, "company", "changed", "Quay", "Quay Ltd"),
        (ANN, None, "jobTitle", "cleared", "Buyer", None),
        (ANN, None, "birthdate", "added", None, "2001-02-03"),
        (ANN, "p2", "phones.phone", "changed", "2", "22"),
        (ANN, "p2", "phones.tag", "changed", "UNTAGGED", "HOME"),
        (ANN, "p3", "phones.phone", "added", None, "3"),
        (ANN, "p1", "phones.phone", "removed", "1", None),
        (BOB, None, "", "gone", None, None),
        (CAT, None, "", "new contact", None, None),
    } <= set(rows)
    assert len(rows) == len(set(rows)) == len(told.to_frame())
    assert ["contactId", "itemId", "field", "kind", "before", "after"] == list(told.to_frame())
    assert "of 3 contacts" in repr(told)
    assert "1 new contact" in repr(told)
    both = before.compare(snapshot(person(CAT, 1), person("c-dan", 1)))
    assert "2 new contacts" in repr(both)


def test_order_and_what_the_service_derives_are_no_difference():
    """Nor is a revision alone."""
    emails = [email("e1", "a@example.org"), email("e2", "b@example.org")]
    before = snapshot(person(ANN, 1, emails=emails, labelKeys=["custom.vip", "custom.press"]))
    after = snapshot(person(ANN, 9, emails=emails[::-1], labelKeys=["custom.press", "custom.vip"]))
    told = before.compare(after)
    assert (0, "none" in repr(told)) == (len(told), True)
    assert told.to_frame().empty


@given(one=documents(), two=documents())
def test_only_what_is_the_same_has_no_difference(one, two):
    """Of any two states of a site."""
    before, after = snapshot(*one), snapshot(*two)
    told = before.compare(after)
    assert 0 == len(before.compare(before))
    back = after.compare(before)
    assert {(each.contact_id, each.item_id, each.field) for each in told.differences} == {
        (each.contact_id, each.item_id, each.field) for each in back.differences
    }


def test_snapshots_that_cannot_be_compared_are_named():
    """Of two sites; or no snapshot at all."""
    with pytest.raises(ct.WrongSite, match="different sites"):
        snapshot(site_id="one").compare(snapshot(site_id="two"))
    with pytest.raises(ct.BadValue, match="not a DataFrame"):
        snapshot().compare(snapshot().to_frame())
    assert 0 == len(snapshot(site_id=None).compare(snapshot()))


def test_a_commit_is_what_has_changed():
    """The differences between before and after are the plan's."""
    site = ct.connect()
    before = site.fetch()
    stage = ct.Stage(before)
    for contact_id in list(before)[:3]:
        stage.edit(contact_id, {"company": "Quay & Sons Ltd"})
    plan = stage.plan()
    site.commit(plan, approve=plan.id)
    told = before.compare(site.fetch()).to_frame()
    columns = ["contactId", "field", "kind"]
    assert sorted(plan.to_frame()[columns].to_numpy().tolist()) == sorted(
        told[columns].to_numpy().tolist()
    )
