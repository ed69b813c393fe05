"""Accepted findings: quiet until their values change, kept in a file that holds no value."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from people_builder import ANN, BOB, CAT, email, person, snapshot, stage

import contacttools as ct


def named(contact_id=ANN, first="Ann", last="Ash", **info):
    """Return a contact with a name and a way to reach it."""
    info.setdefault("emails", [email("e1", f"{contact_id}@example.org", primary=True)])
    return person(contact_id, name={"first": first, "last": last}, **info)


PEOPLE = [named(ANN, "ANN", "ASH"), named(BOB, "BOB", "Birch", company=" Quay"), named(CAT)]


@pytest.fixture(autouse=True)
def key(tmp_path, monkeypatch):
    """Use a key of the test's own."""
    monkeypatch.setenv("CONTACTTOOLS_KEY", str(tmp_path / "key"))


def test_what_is_accepted_is_quiet_and_counted():
    """In the repr, in HTML and in a page; the rest is found as before."""
    findings = ct.audit(snapshot(*PEOPLE))
    accepted = findings.accept(rule="name_capitals", reason="they sign so")
    quiet = ct.audit(snapshot(*PEOPLE), accepted=accepted)
    assert 3 == len(accepted) == len(quiet.accepted)
    assert ["spaces"] == quiet.to_frame()["rule"].tolist()
    assert {"name_capitals"} == set(quiet.accepted.to_frame()["rule"])
    assert "3 accepted and not shown" in repr(quiet)
    assert "3 accepted, not shown" in quiet._repr_html_()
    assert "accepted" not in repr(findings) + findings._repr_html_()
    assert 0 == quiet.summary().loc["name_capitals", "findings"]
    assert [] == [each for each in quiet.fixes() if each.column.startswith("name.")]
    assert 3 == len(quiet.only("name_capitals").accepted)
    assert 0 == len(quiet.only("spaces").accepted)


def test_a_page_says_how_many_are_accepted(tmp_path):
    """Whoever reads it knows that there is more."""
    findings = ct.audit(snapshot(*PEOPLE))
    quiet = ct.audit(snapshot(*PEOPLE), accepted=findings.accept("spaces", reason="so registered"))
    quiet.to_html(tmp_path / "audit.html")
    assert "1 accepted, not shown" in (tmp_path / "audit.html").read_text()


def test_a_value_that_changes_is_found_again():
    """Of the others that were accepted nothing is said."""
    accepted = ct.audit(snapshot(*PEOPLE)).accept(reason="seen")
    changed = [named(ANN, "ANNE", "ASH"), *PEOPLE[1:]]
    frame = ct.audit(snapshot(*changed), accepted=accepted).to_frame()
    assert [(ANN, "name.first", "ANNE")] == list(
        frame[["contactId", "path", "value"]].itertuples(index=False, name=None)
    )
    assert 0 == len(ct.audit(snapshot(*PEOPLE), accepted=accepted))


def test_what_is_suggested_is_part_of_what_was_accepted():
    """Another suggestion for the same value is another question."""
    most = [named("a", company="Quay Ltd"), named("b", company="Quay Ltd")]
    odd = named("c", company="QUAY")
    accepted = ct.audit(snapshot(*most, odd)).accept("company_spelling", reason="theirs")
    assert 0 == len(ct.audit(snapshot(*most, odd), "company_spelling", accepted=accepted))
    others = [named("a", company="Quay GmbH"), named("b", company="Quay GmbH")]
    assert 1 == len(ct.audit(snapshot(*others, odd), "company_spelling", accepted=accepted))


@given(before=st.text(max_size=12), after=st.text(max_size=12))
def test_it_is_always_the_value_that_decides(before, after):
    """Whatever the values are: the same one is quiet, any other is not."""
    what = ("rule", "c-1", "name.first")
    accepted = ct.Accepted.of([(what, [before, None])], "seen")
    assert accepted.holds(what, [after, None]) == (before == after)
    assert not accepted.holds(("rule", "c-2", "name.first"), [before, None])


def test_comparisons_reconcile_with_what_is_accepted():
    """What was shown is fixed, remains or is accepted; what is shown remained or is new."""
    staged = stage(*PEOPLE)
    before = ct.audit(staged)
    accepted = before.accept(where=before.to_frame()["contactId"] == ANN, reason="signs so")
    staged.apply(before.fixes(rule="spaces"))
    staged.edit(CAT, {"name.first": "CAT"})
    after = ct.audit(staged, accepted=accepted)
    told = after.compare(before)
    parts = {name: len(getattr(told, name)) for name in ("fixed", "remaining", "accepted", "new")}
    assert {"fixed": 1, "remaining": 1, "accepted": 2, "new": 1} == parts
    assert len(before) == parts["fixed"] + parts["remaining"] + parts["accepted"]
    assert len(after) == parts["remaining"] + parts["new"]
    assert len(before) == told.summary["before"].sum()
    assert len(after) == told.summary["after"].sum()
    assert sum(parts.values()) == len(told.to_frame())
    assert "2 accepted" in repr(told)
    again = ct.audit(staged).compare(after)
    assert (0, 2, 2) == (len(again.fixed), len(again.remaining), len(again.new))


def test_the_file_holds_reasons_and_no_value(tmp_path):
    """Ids, rules, paths and reasons, a line each in one order; read back it is the same."""
    findings = ct.audit(snapshot(*PEOPLE))
    accepted = findings.accept(reason="seen by  Dana\n")
    path = tmp_path / "accepted.json"
    accepted.save(path)
    held = path.read_text()
    for value in ("ANN", "ASH", "BOB", "Quay", "Ann", "Ash", "Bob"):
        assert value not in held
    assert 1 + len(accepted) + 1 == len(held.splitlines())
    assert accepted == ct.Accepted.load(path)
    assert 0 == len(ct.audit(snapshot(*PEOPLE), accepted=ct.Accepted.load(path)))
    backwards = findings.only(where=findings.to_frame()["findingId"].tolist()[::-1])
    backwards.accept(reason="seen by Dana").save(tmp_path / "again.json")
    assert held == (tmp_path / "again.json").read_text()


def test_nobody_without_the_key_can_try_values(tmp_path, monkeypatch):
    """The same finding has another hash with another key, and its file is refused in words."""
    findings = ct.audit(snapshot(*PEOPLE), rules="spaces")
    findings.accept(reason="seen").save(tmp_path / "one.json")
    monkeypatch.setenv("CONTACTTOOLS_KEY", str(tmp_path / "another"))
    findings.accept(reason="seen").save(tmp_path / "two.json")
    one, two = (json.loads((tmp_path / f"{n}.json").read_text()) for n in ("one", "two"))
    assert one["accepted"][0][3] != two["accepted"][0][3]
    with pytest.raises(ct.BadValue, match="another key: have CONTACTTOOLS_KEY name"):
        ct.Accepted.load(tmp_path / "one.json")


def test_without_a_place_for_a_key_nothing_is_accepted(tmp_path, monkeypatch):
    """It says so: a plain hash would give the values away."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("CONTACTTOOLS_KEY", str(tmp_path / "file" / "key"))
    with pytest.raises(ct.BadValue, match="no key can be kept here"):
        ct.audit(snapshot(*PEOPLE)).accept(reason="seen")


def test_what_was_accepted_can_be_added_to_and_taken_back():
    """Of what is in both, the second has it."""
    findings = ct.audit(snapshot(*PEOPLE))
    one = findings.accept("spaces", reason="registered so")
    two = findings.accept(["spaces", "name_capitals"], reason="seen")
    assert {"seen"} == set((one | two).to_frame()["reason"])
    assert {"seen", "registered so"} == set((two | one).to_frame()["reason"])
    both = two | one
    left = both.without(both.to_frame()["rule"] == "spaces")
    assert {"name_capitals"} == set(left.to_frame()["rule"])
    assert "name_capitals" in repr(left)
    assert one != two
    with pytest.raises(ct.BadValue, match="a mask with a row for each"):
        both.without(pd.Series([True]))
    with pytest.raises(TypeError):
        _ = one | {}


@pytest.mark.parametrize("reason", ["", "  ", None])
def test_a_reason_is_needed(reason):
    """Or nobody knows later why it was let stand."""
    with pytest.raises(ct.BadValue, match="say why this is accepted"):
        ct.audit(snapshot(*PEOPLE)).accept(reason=reason)


def test_only_what_is_accepted_is_taken():
    """Neither findings nor the path of a file."""
    for other in (ct.audit(snapshot(*PEOPLE)), "accepted.json"):
        with pytest.raises(ct.BadValue, match="accepted is what findings"):
            ct.audit(snapshot(*PEOPLE), accepted=other)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("{", "is no file of what was accepted"),
        ("[]", "is no file of what was accepted"),
        ('{"format": "other", "version": 1, "key": "", "accepted": []}', "no file of what"),
        ('{"format": "contacttools accepted", "version": 2, "key": "", "accepted": []}', "newer"),
        (
            '{"format": "contacttools accepted", "version": 1, "key": "", "accepted": [["a"]]}',
            "no file of what",
        ),
    ],
    ids=["cut", "list", "format", "version", "row"],
)
def test_a_file_that_is_none_is_refused_in_words(tmp_path, content, match):
    """With its name."""
    (tmp_path / "odd.json").write_text(content)
    with pytest.raises(ct.BadValue, match=f"odd.json.*{match}"):
        ct.Accepted.load(tmp_path / "odd.json")
