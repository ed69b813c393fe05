"""A report: true counts, three values of a conflict, and a plan that takes a commit back."""

import csv
import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from served import planned, site_at

import contacttools as ct
from contacttools import sandbox
from contacttools.committing import table
from contacttools.committing.report import Difference, Outcome, Report, said
from contacttools.contact import merge, wire
from contacttools.errors import BadValue, ConflictError, UnknownContact, UnknownField
from contacttools.planning.change import Change, Edit
from contacttools.planning.plan import Plan


@pytest.fixture(scope="module")
def site():
    """A site that tests write to."""
    with sandbox.start(people=40, seed=4) as server, site_at(server) as opened:
        yield opened


def report_of(*outcomes):
    """Return a report of these outcomes, each of a change of its own."""
    changes = tuple(
        Change(each.contact_id, 3, (Edit("company", "Old", "New"),), {"company": "Old"})
        for each in outcomes
    )
    return Report(Plan("site", changes), outcomes, "sandbox site")


CONFLICT = Outcome("c2", "conflict", before=3, after=4, detail="theirs",
                   differences=(Difference("company", "Old", "New", "Theirs"),))  # fmt: skip
MIXED = report_of(
    Outcome("c1", "applied", before=3, after=4),
    CONFLICT,
    Outcome("c3", "refused", "INVALID_ARGUMENT", 3, None, "too long"),
    Outcome("c4", "not_sent", before=3),
)


def test_a_report_is_one_row_per_planned_contact():
    """Contact, outcome, code, revisions and detail, in the plan's order; unseen is missing."""
    frame = MIXED.to_frame()
    assert {
        "contactId": "str", "outcome": "str", "code": "str", "revisionBefore": "Int64",
        "revisionAfter": "Int64", "detail": "str",
    } == {name: str(dtype) for name, dtype in frame.dtypes.items()}  # fmt: skip
    assert ["applied", "conflict", "refused", "not_sent"] == list(frame.outcome)
    assert [False, False, True, True] == list(frame.revisionAfter.isna())
    assert {"applied": 1, "conflict": 1, "refused": 1, "not_sent": 1} == MIXED.counts


def test_a_report_of_nothing_has_the_same_columns():
    """An empty report is an empty frame of the same kinds."""
    empty = report_of()
    assert list(MIXED.to_frame().dtypes) == list(empty.to_frame().dtypes)
    assert (0, "Nothing to write.") == (len(empty), repr(empty).split("  ")[1])


def test_a_report_is_read_without_counting():
    """Text and HTML say how many were written of how many, and name what needs a look."""
    for shown in (repr(MIXED), MIXED._repr_html_()):
        assert "1 of 4 contacts written" in shown
        assert [] == [word for word in ("c2", "c3", "c4", "too long") if word not in shown]


def test_a_surprise_is_named_and_looked_at():
    """An update that changed more than was shown was written, and is not just done."""
    more = Outcome("c1", "applied", before=3, after=4, detail="look: jobTitle changed as well",
                   surprises=(Difference("jobTitle", "Buyer", "Buyer", "Chef"),))  # fmt: skip
    report = report_of(more, Outcome("c2", "applied", before=3, after=4))
    assert [["c1", "jobTitle", "Buyer", "Buyer", "Chef"]] == report.surprises().to_numpy().tolist()
    assert "2 of 2 contacts written. Look at 1 contact: 1 surprise." in repr(report)
    assert "<strong>Look at 1 contact.</strong>" in report._repr_html_()
    assert "jobTitle changed as well" in report._repr_html_()
    assert {"applied": 2} == report.counts


def test_a_report_says_how_to_go_on():
    """Where a run may take up what is left; and nothing of it where there is nothing left."""
    for shown in (repr(MIXED), MIXED._repr_html_()):
        assert f"site.resume(&quot;{MIXED.plan.id[:12]}&quot;)" in shown.replace('"', "&quot;")
    assert "resume" not in repr(report_of(Outcome("c1", "applied"), CONFLICT))


def test_the_steps_of_one_contact_are_told_apart():
    """Two updates, two rows, each with its own end."""
    one = Change("c1", 3, (Edit("company", "Old", "New"),), BASE, "Ann", steps=2)
    two = Change("c1", 4, (Edit("company", "New", "Newest"),), BASE, "Ann", step=2, steps=2)
    outcomes = (
        Outcome("c1", "refused", "NO", 3, detail="no"),
        Outcome("c1", "not_sent", before=4, detail="it needs the other", step=2),
    )
    report = Report(Plan("site", (one, two)), outcomes, "sandbox")
    assert ["refused", "not_sent"] == list(report.to_frame().outcome)
    assert "step 1 of 2: NO no" in repr(report)
    assert "step 2 of 2: it needs the other" in repr(report)


@pytest.mark.parametrize("site", ["LIVE site 1234", "sandbox site"])
def test_a_report_on_a_live_site_says_so(site):
    """In text as in HTML; of the sandbox the text says nothing."""
    report = Report(MIXED.plan, MIXED.outcomes, site)
    assert ("LIVE" in site) == ("LIVE site 1234" in repr(report))
    assert site in report._repr_html_()


def test_conflicts_are_shown_three_ways():
    """One row per field that both touched."""
    assert [["c2", "company", "Old", "New", "Theirs"]] == MIXED.conflicts().to_numpy().tolist()
    assert ["contactId", "field", "base", "ours", "theirs"] == list(report_of().conflicts().columns)


def test_conflicts_raise_on_request_only():
    """A conflict is data; whoever wants the exception asks for it."""
    with pytest.raises(ConflictError, match=r"1 contact changed meanwhile: c2"):
        MIXED.raise_for_conflicts()
    maybe = report_of(Outcome("c9", "conflict_maybe_applied", before=3, after=6))
    with pytest.raises(ConflictError, match="c9"):
        maybe.raise_for_conflicts()
    assert report_of(Outcome("c1", "applied")).raise_for_conflicts() is None


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("company", None, "nothing"),
        ("company", "Old", "'Old'"),
        ("labelKeys", ("custom.a", "custom.b"), "custom.a + custom.b"),
        ("phones", ({"phone": "1", "tag": "HOME"}, {"phone": "2"}), "1 (HOME) + 2"),
        ("custom.number", 5, "5"),
    ],
)
def test_values_in_a_sentence(name, value, told):
    """Nothing, text, labels, items and numbers each read as a person would say them."""
    assert told == said(name, value)


# -- what was stored, and files -------------------------------------------------------------


def test_what_was_stored_is_told_apart():
    """As planned, rewritten, made by the service of it, or never announced."""
    stored = {
        "id": "c1",
        "revision": 4,
        "info": {
            "name": {"first": "Ann"},
            "jobTitle": "Chef",
            "locale": "en-us",
            "phones": {"items": [{"id": "p", "phone": "+49 30 1", "e164Phone": "+49301"}]},
            "extendedFields": {"items": {"contacts.displayByFirstName": "Ann"}},
        },
    }
    phones = ({"phone": "+49-30-1", "tag": "UNTAGGED", "primary": True},)
    edits = (
        Edit("locale", None, "en-US"),
        Edit("name.first", None, "Ann"),
        Edit("phones", None, phones),
    )
    change = Change("c1", 3, edits, {"jobTitle": "Buyer"})
    outcomes = (
        Outcome("c1", "applied", after=4, contact=stored,
                surprises=(Difference("jobTitle", "Buyer", "Buyer", "Chef"),)),
        Outcome("c2", "already", contact={**stored, "id": "c2"}),
    )  # fmt: skip
    report = Report(Plan("site", (change, replace(change, contact_id="c2"))), outcomes, "sandbox")
    frame = report.stored()
    assert ["contactId", "field", "kind", "planned", "stored"] == list(frame.columns)
    assert {"c1"} == set(frame.contactId)
    assert {
        "locale": "normalised",
        "name.first": "as planned",
        "phones": "normalised",
        "phones.e164Phone": "derived",
        "contacts.displayByFirstName": "derived",
        "jobTitle": "surprising",
    } == dict(zip(frame.field, frame.kind, strict=True))
    derived = frame[frame.field == "phones.e164Phone"].iloc[0]
    assert (None, ("+49301",)) == (derived.planned, derived.stored)
    assert list(frame.columns) == list(report_of().stored().columns)


def test_what_the_sandbox_made_of_it_is_no_surprise(site):
    """Whatever it rewrites or derives is told as such."""
    (contact_id,) = with_phones(site, 1)
    edits = {"name.first": "Stora", "locale": "PT-br", "phone": "+351 912 345 678"}
    report = committed(site, {contact_id: edits})
    kinds = report.stored().set_index("field").kind
    assert "normalised" == kinds["locale"]
    assert "derived" == kinds["contacts.displayByFirstName"]
    assert "derived" == kinds["phones.e164Phone"]
    assert "surprising" not in set(kinds)


SECRET = Change(
    "c-secret", 3,
    (Edit("company", "=OldSecret", "NewSecret"), Edit("custom.balance", 5, -7)),
    {"company": "=OldSecret", "custom.balance": 5}, "Ada Secret",
)  # fmt: skip
TOLD = Report(
    Plan("site", (SECRET,)),
    (
        Outcome(
            "c-secret", "conflict", "CODE", 3, 4, "company was '=OldSecret'",
            (Difference("company", "=OldSecret", "NewSecret", "@TheirSecret"),),
            {"id": "c-secret", "revision": 4, "info": {"company": "@TheirSecret"}},
        ),
    ),
    "sandbox", "a Secret reason",
)  # fmt: skip


def test_a_saved_page_names_nobody_unless_told_to(tmp_path):
    """Initials, ids, fields, outcomes and codes stay; values, details and names do not."""
    TOLD.save(tmp_path / "report.html")
    TOLD.save(tmp_path / "open.HTML", reveal=True)
    masked, shown = ((tmp_path / name).read_text() for name in ("report.html", "open.HTML"))
    assert "Secret" not in masked
    for kept in ("A. S.", "c-secret", "Company", "conflict", "CODE"):
        assert kept in masked
    for value in ("Ada Secret", "=OldSecret", "NewSecret", "@TheirSecret", "a Secret reason"):
        assert value in shown
    for page in (masked, shown):
        assert page.startswith("<!doctype html>")
        assert [] == re.findall(r"src=|href=|url\(|<script|@import", page)


def test_a_saved_table_has_real_values_and_no_formulas(tmp_path):
    """One row per planned field; text that a spreadsheet would carry out is text; numbers count."""
    TOLD.save(tmp_path / "report.csv")
    company, balance = csv.DictReader((tmp_path / "report.csv").read_text("utf-8-sig").splitlines())
    assert ("'=OldSecret", "NewSecret", "'@TheirSecret") == (
        company["before"], company["planned"], company["stored"],
    )  # fmt: skip
    assert ("custom.balance", "5", "-7", "") == (
        balance["field"], balance["before"], balance["planned"], balance["stored"],
    )  # fmt: skip
    assert ("c-secret", "Ada Secret", "conflict", "3", "4") == tuple(
        company[name]
        for name in ("contactId", "name", "outcome", "revisionBefore", "revisionAfter")
    )


@given(st.text(), st.sampled_from(["", *"=+-@\t\r\0"]))
def test_no_text_in_a_table_is_ever_a_formula(text, first):
    """Whatever a contact holds, no cell begins with what a spreadsheet carries out."""
    written = table.csv_bytes(["x"], [[first + text]]).decode("utf-8-sig")
    _, (cell,) = csv.reader(io.StringIO(written, newline=""))
    assert not cell.startswith(tuple("=+-@\t\r\0"))


def test_a_report_is_saved_as_one_of_two_kinds(tmp_path):
    """Anything else is refused, and both are named; nothing is written."""
    for name in ("report.txt", "report"):
        with pytest.raises(BadValue, match=r"\.html or \.csv"):
            TOLD.save(tmp_path / name)
    assert [] == list(tmp_path.iterdir())


# -- taking it back -------------------------------------------------------------------------


def values_of(site, contact_ids):
    """Return what could be written of each contact, items without their ids."""
    found = {}
    for contact_id in contact_ids:
        held = wire.values(site.get_contact(contact_id))
        for name in ("emails", "phones", "addresses"):
            held[name] = [
                {key: value for key, value in item.items() if key != "id"}
                for item in held.get(name, ())
            ]
        found[contact_id] = held
    return found


def committed(site, edits):
    """Stage edits by contact, commit them, and return the report."""
    plan = planned(site, edits)
    report = site.commit(plan, approve=plan.id)
    assert {"applied": len(edits)} == report.counts
    return report


def with_phones(site, n):
    """Return the ids of contacts that have a phone with valid digits, and a company."""
    contacts = site.fetch()
    held = {each: wire.values(contacts[each]) for each in contacts}
    return [each for each, values in held.items() if {"phones", "company"} <= set(values)][:n]


def test_undo_restores_scalars_clears_and_lists(site):
    """Changed, cleared and newly set fields, removed and added items: all as before, +2."""
    one, two = with_phones(site, 2)
    before = values_of(site, (one, two))
    revisions = {each: site.get_contact(each)["revision"] for each in (one, two)}
    stage = ct.Stage(site.fetch())
    stage.edit(one, {"company": None, "jobTitle": "Undone"})
    stage.edit(two, {"company": "Undone Ltd", "custom.customer-number": 4711})
    for item in wire.values(site.get_contact(one))["phones"]:
        stage.remove(one, "phones", item["id"])
    stage.add(two, "emails", {"email": "undone@example.com", "tag": "WORK"})
    plan = stage.plan()
    report = site.commit(plan, approve=plan.id)
    assert {"applied": 2} == report.counts
    undo = report.undo_plan()
    assert {"applied": 2} == site.commit(undo, approve=undo.id).counts
    assert before == values_of(site, (one, two))
    assert {each: n + 2 for each, n in revisions.items()} == {
        each: site.get_contact(each)["revision"] for each in (one, two)
    }


def test_undo_of_undo_is_the_commit_again(site, tmp_path):
    """A plan that takes back can itself be taken back."""
    contact_id = list(site.fetch())[5]
    report = committed(site, {contact_id: {"company": "Again Ltd"}})
    after = values_of(site, [contact_id])
    undo = report.undo_plan()
    undone = site.commit(undo, approve=undo.id)
    redo = undone.undo_plan()
    assert [report.plan.id, undo.id] == [undo.takes_back, redo.takes_back]
    assert f"takes back changes of plan {report.plan.id[:12]}" in repr(undo)
    assert report.plan.id == site.run(undo.id).plan.takes_back
    undo.save(tmp_path / "undo.json")
    assert report.plan.id == ct.Plan.load(tmp_path / "undo.json").takes_back
    strange = (tmp_path / "undo.json").read_text().replace(report.plan.id, "0" * 64)
    (tmp_path / "undo.json").write_text(strange)
    with pytest.raises(ct.BadPlan, match="was changed"):
        ct.Plan.load(tmp_path / "undo.json")
    assert {"applied": 1} == site.commit(redo, approve=redo.id).counts
    assert after == values_of(site, [contact_id])


def test_undo_can_be_of_a_part(site):
    """Some contacts, some fields: the others stay as committed."""
    one, two = list(site.fetch())[6:8]
    report = committed(
        site, {each: {"company": "Part Ltd", "jobTitle": "Part"} for each in (one, two)}
    )
    undo = report.undo_plan(contacts=one, fields=["company"])
    assert [(one, ("company",))] == [
        (each.contact_id, tuple(edit.field for edit in each.edits)) for each in undo.changes
    ]
    site.commit(undo, approve=undo.id)
    held = [site.get_contact(each)["info"] for each in (one, two)]
    assert ["Part", "Part"] == [each["jobTitle"] for each in held]
    assert ["Part Ltd"] == [each["company"] for each in held if each.get("company") == "Part Ltd"]


def test_undo_of_what_this_commit_never_had():
    """Unknown contacts and fields are errors, not silence."""
    with pytest.raises(UnknownContact, match="nobody"):
        MIXED.undo_plan(contacts=["nobody"])
    with pytest.raises(UnknownField, match="jobTitle"):
        MIXED.undo_plan(fields="jobTitle")


def test_undo_refuses_what_is_not_provably_ours(site):
    """Only what was applied is taken back; the rest is refused in the plan with its reason."""
    one, two = list(site.fetch())[8:10]
    plan = planned(site, {each: {"company": "Provable Ltd"} for each in (one, two)})
    site.update_contact(two, {"company": "Theirs"}, site.get_contact(two)["revision"])
    report = site.commit(plan, approve=plan.id)
    assert {"applied": 1, "conflict": 1} == report.counts
    undo = report.undo_plan()
    assert [one] == [each.contact_id for each in undo.changes]
    assert [(two, "NOT_APPLIED")] == [(each.contact_id, each.code) for each in undo.refused]
    site.commit(undo, approve=undo.id)
    assert "Theirs" == site.get_contact(two)["info"]["company"]


def test_undo_does_not_overwrite_who_came_after(site):
    """A write between commit and undo makes the undo a conflict; theirs stands."""
    contact_id = list(site.fetch())[10]
    report = committed(site, {contact_id: {"company": "Mine Ltd"}})
    held = site.get_contact(contact_id)
    site.update_contact(contact_id, {"company": "Later Ltd"}, held["revision"])
    undo = report.undo_plan()
    assert {"conflict": 1} == site.commit(undo, approve=undo.id).counts
    assert "Later Ltd" == site.get_contact(contact_id)["info"]["company"]


def test_undo_takes_back_ours_and_leaves_theirs(site):
    """What a colleague added to the same list before our update was carried over, stays."""
    contacts = site.fetch()
    contact_id = next(each for each in contacts if len(emails_of(contacts[each])) == 1)
    stage = ct.Stage(contacts)
    stage.add(contact_id, "emails", {"email": "ours@example.com", "tag": "WORK"})
    plan = stage.plan()
    held = contacts[contact_id]
    theirs = {"email": "theirs@example.com", "primary": False}
    items = [*held["info"]["emails"]["items"], theirs]
    site.update_contact(contact_id, {"emails": {"items": items}}, held["revision"])

    report = site.commit(plan, approve=plan.id)
    assert {"applied": 1} == report.counts
    both = emails_of(site.get_contact(contact_id))
    assert {"ours@example.com", "theirs@example.com"} <= set(both)
    undo = report.undo_plan()
    assert {"applied": 1} == site.commit(undo, approve=undo.id).counts
    assert [each for each in both if each != "ours@example.com"] == emails_of(
        site.get_contact(contact_id)
    )


def test_undo_is_carried_over_what_came_after_elsewhere(site):
    """A colleague who has changed something else since then keeps it."""
    contacts = site.fetch()
    contact_id = next(each for each in contacts if contacts[each]["info"].get("company"))
    was = contacts[contact_id]["info"]["company"]
    plan = planned(site, {contact_id: {"company": "For a day Ltd"}})
    report = site.commit(plan, approve=plan.id)
    now = site.get_contact(contact_id)
    site.update_contact(contact_id, {"jobTitle": "Since then"}, now["revision"])
    undo = report.undo_plan()
    assert {"applied": 1} == site.commit(undo, approve=undo.id).counts
    info = site.get_contact(contact_id)["info"]
    assert (was, "Since then") == (info["company"], info["jobTitle"])


def emails_of(contact):
    """Return the e-mails of a contact."""
    items = contact["info"].get("emails", {}).get("items", [])
    return [each["email"] for each in items]


BASE = {"company": "Old", "name.first": "Ann"}


def written(revision, **info):
    """Return the contact of the changes below as it was stored."""
    return {"id": "c1", "revision": revision, "info": {"name": {"first": "Ann"}, **info}}


def test_undo_of_two_steps_goes_back_before_the_first():
    """From where the second one left the contact."""
    mails = [({"id": f"e{n}", "email": f"{n}@example.com", "primary": True},) for n in range(3)]
    base = {**BASE, "emails": mails[0]}
    one = Change("c1", 3, (Edit("emails", mails[0], mails[1]),), base, steps=2)
    edits = (Edit("company", "Old", "New"), Edit("emails", mails[1], mails[2]))
    two = Change("c1", 4, edits, {**base, "emails": mails[1]}, step=2, steps=2)
    last = written(5, company="New", emails={"items": [dict(mails[2][0])]})
    outcomes = (
        Outcome("c1", "applied", before=3, after=4, contact=written(4)),
        Outcome("c1", "applied", before=4, after=5, contact=last, step=2),
    )
    (back,) = Report(Plan("site", (one, two)), outcomes, "sandbox").undo_plan().changes
    assert (5, {"company": "Old", "emails": "0@example.com"}) == (
        back.revision,
        {
            edit.field: edit.after if edit.field == "company" else edit.after[0]["email"]
            for edit in back.edits
        },
    )


@pytest.mark.parametrize(
    ("change", "outcome", "why"),
    [
        (Change("c1", 3, (Edit("company", "Old", "New"),), BASE), "unknown", "provably ours"),
        (Change("c1", 3, (Edit("company", "Old", "New"),), BASE), "already", "provably ours"),
        (Change("c1", 3, (Edit("company", "Old", "New"),), BASE), "refused", "provably ours"),
        (Change("c1", 3, (), {}), "applied", "erased from the journal"),
    ],
    ids=["unknown", "already", "refused", "erased"],
)
def test_what_cannot_be_undone_says_why(change, outcome, why):
    """In doubt, not ours, or forgotten: the contact is refused with its reason."""
    ended = Outcome("c1", outcome, before=3, after=4, contact=written(4, company="New"))
    undo = Report(Plan("site", (change,)), (ended,), "sandbox").undo_plan()
    ((refused,), changes) = undo.refused, undo.changes
    assert ((), "c1", True) == (changes, refused.contact_id, why in refused.reason)


def test_undo_of_what_no_answer_told_asks_first():
    """It was found by reading back: a person should have read that before approving."""
    change = Change("c1", 3, (Edit("company", "Old", "New"),), BASE)
    ended = Outcome("c1", "applied", before=3, after=4, contact=written(4, company="New"),
                    detail="found by reading back")  # fmt: skip
    undo = Report(Plan("site", (change,)), (ended,), "sandbox").undo_plan()
    assert ["evidence"] == [risk.kind for risk in undo.risks]
    assert "ask before you take it back" in repr(undo)


def test_undo_keeps_what_somebody_did_between_our_two_updates():
    """Only what we added comes off, only what we removed comes back; theirs stays."""
    base = {**BASE, "labelKeys": ("custom.a", "custom.b")}
    ours = ("custom.a", "custom.ours")
    one = Change("c1", 3, (Edit("labelKeys", base["labelKeys"], ours),), base, steps=2)
    two = Change("c1", 4, (Edit("company", "Old", "New"),), {**base, "labelKeys": ours}, step=2)
    theirs = (*ours, "custom.theirs")
    carried = replace(two, revision=5, base={**base, "labelKeys": theirs})
    outcomes = (
        Outcome("c1", "applied", after=4, contact=written(4, company="Old", labelKeys=keys(ours))),
        Outcome(
            "c1", "applied", after=6, step=2, done=carried,
            contact=written(6, company="New", labelKeys=keys(theirs)),
        ),
    )  # fmt: skip
    (back,) = Report(Plan("site", (one, two)), outcomes, "sandbox").undo_plan().changes
    assert {"company": "Old", "labelKeys": {"custom.a", "custom.b", "custom.theirs"}} == {
        edit.field: set(edit.after) if edit.field == "labelKeys" else edit.after
        for edit in back.edits
    }


def test_undo_is_refused_where_somebody_else_changed_the_same_between_our_updates():
    """What to go back to would be theirs or ours: a person has to say."""
    one = Change("c1", 3, (Edit("company", "Old", "Mid"),), BASE, steps=2)
    carried = Change("c1", 5, (Edit("jobTitle", None, "X"),), {**BASE, "company": "Their"}, step=2)
    outcomes = (
        Outcome("c1", "applied", after=4, contact=written(4, company="Mid")),
        Outcome("c1", "applied", after=6, step=2, contact=written(6, company="Their")),
    )
    undo = Report(Plan("site", (one, carried)), outcomes, "sandbox").undo_plan()
    assert ((), [("c1", "company", "CHANGED_BETWEEN")]) == (
        undo.changes,
        [(each.contact_id, each.field, each.code) for each in undo.refused],
    )


@pytest.mark.parametrize("second", ["already", "unknown", "conflict_maybe_applied"])
def test_one_doubtful_update_holds_back_the_whole_contact(second):
    """Though the first of its two was applied."""
    one = Change("c1", 3, (Edit("company", "Old", "New"),), BASE, steps=2)
    two = Change("c1", 4, (Edit("jobTitle", None, "X"),), {**BASE, "company": "New"}, step=2)
    outcomes = (
        Outcome("c1", "applied", after=4, contact=written(4, company="New")),
        Outcome("c1", second, step=2, contact=written(5, company="New")),
    )
    undo = Report(Plan("site", (one, two)), outcomes, "sandbox").undo_plan()
    assert ((), ["NOT_APPLIED"]) == (undo.changes, [each.code for each in undo.refused])
    assert second in undo.refused[0].reason


def keys(labels):
    """Return label keys in the service's wrapping."""
    return {"items": list(labels)}


LABEL_SETS = st.lists(st.sampled_from([f"custom.{n}" for n in "abcdef"]), unique=True).map(tuple)
TEXTS = st.sampled_from([None, "One", "Two", "Three"])
MAILS = st.lists(st.sampled_from("pqrs"), unique=True, min_size=1, max_size=4)


def state(company, title, labels, mails, ids):
    """Return the values of a contact; each e-mail has the id that it was once given."""
    found = {"company": company, "jobTitle": title, "labelKeys": labels or None}
    found["emails"] = tuple(
        {"id": ids[each], "email": f"{each}@example.com", "primary": n == 0, "tag": "HOME"}
        for n, each in enumerate(mails)
    )
    return {name: value for name, value in found.items() if value is not None}


STATES = st.tuples(TEXTS, TEXTS, LABEL_SETS, MAILS)


@given(st.lists(STATES, min_size=2, max_size=3), LABEL_SETS, st.booleans())
def test_undo_always_goes_back_to_the_values_before(states, added, between):
    """Over one update or two; labels that somebody put on between them stay on."""
    base, *wanted = [state(*each, dict.fromkeys("pqrs", None)) for each in states]
    for values in (base, *wanted):
        values["emails"] = tuple(
            {**item, "id": f"id-{item['email'][0]}"} for item in values["emails"]
        )
    held, revision, foreign = dict(base), 3, ()
    changes, outcomes = [], []
    for step, target in enumerate(wanted, 1):
        edits = tuple(
            Edit(name, held.get(name), merge.settle(name, held.get(name), target.get(name)))
            for name in ("company", "emails", "jobTitle", "labelKeys")
            if not merge.same(name, held.get(name), target.get(name))
        )
        if not edits:
            continue
        done = Change("c1", revision, edits, dict(held), step=step, steps=len(wanted))
        revision += 1
        held |= {edit.field: edit.after for edit in edits}
        contact = {"id": "c1", "revision": revision, "info": wire.info(held)}
        changes.append(done)
        outcomes.append(Outcome("c1", "applied", after=revision, contact=contact, step=step))
        held = wire.values(contact)
        if between and step == 1 and len(wanted) == 2:
            known = {*(base.get("labelKeys") or ()), *(held.get("labelKeys") or ())}
            foreign = tuple(key for key in added if key not in known)
            held["labelKeys"] = (*(held.get("labelKeys") or ()), *foreign)
            wanted[1]["labelKeys"] = (*(wanted[1].get("labelKeys") or ()), *foreign)
            revision += bool(foreign)
    undo = Report(Plan("site", tuple(changes)), tuple(outcomes), "sandbox").undo_plan()
    assert () == undo.refused
    for back in undo.changes:
        assert revision == back.revision
        held |= {edit.field: edit.after for edit in back.edits}
    expected = {**base, "labelKeys": (*(base.get("labelKeys") or ()), *foreign) or None}
    for name in ("company", "jobTitle", "emails", "labelKeys"):
        assert merge.same(name, expected.get(name), held.get(name)), name


def test_an_exchange_of_emails_is_undone_and_done_again(site):
    """Three updates of two contacts there, three back, and three once more."""
    contacts = site.fetch()
    frame = contacts.to_frame()
    whole = frame[frame["email"].notna() & ~frame["email"].duplicated(keep=False)]
    one, two = list(whole.index[~whole["phone"].duplicated(keep=False)])[12:14]
    before = values_of(site, (one, two))
    swap = {one: frame.loc[two, "email"], two: frame.loc[one, "email"]}
    report = site.commit(plan := planned(site, {each: {"email": swap[each]} for each in swap}),
                         approve=plan.id)  # fmt: skip
    assert {"applied": 3} == report.counts
    after = values_of(site, (one, two))
    undone = site.commit(undo := report.undo_plan(), approve=undo.id)
    assert {"applied": 3} == undone.counts
    assert before == values_of(site, (one, two))
    redone = site.commit(redo := undone.undo_plan(), approve=redo.id)
    assert {"applied": 3} == redone.counts
    assert after == values_of(site, (one, two))


def test_an_undo_plan_is_a_plan_like_any_other(site, tmp_path):
    """It names the site, is dated now, can be saved, loaded, and looked at."""
    contact_id = list(site.fetch())[11]
    report = committed(site, {contact_id: {"company": "Like Ltd"}})
    undo = report.undo_plan()
    undo.save(tmp_path / "undo.json")
    assert undo == ct.Plan.load(tmp_path / "undo.json")
    assert site.site_id == undo.site_id
    assert (datetime.now(UTC) - undo.snapshot_at).total_seconds() >= 0
    assert "Like Ltd" in repr(undo)
    assert f'site.commit(…, approve="{undo.id[:12]}")' in repr(undo)


HOUSE = "31111111-1111-4111-8111-111111111111"


@pytest.mark.parametrize(
    "edit",
    [
        lambda stage, each: stage.edit_item(each, "addresses", HOUSE, {"tag": "WORK"}),
        lambda stage, each: stage.edit_item(each, "addresses", HOUSE, {"city": "Newtown"}),
        lambda stage, each: stage.remove(each, "addresses", HOUSE),
    ],
    ids=["tag", "city", "removal"],
)
def test_undo_gives_an_address_its_own_text_back(tmp_path, edit):
    """Text that nobody could derive from the parts; another tag does not even touch it."""
    own = {"addressLine": "1 Main St", "city": "Oldtown", "formattedAddress": "By the old mill"}
    item = {"id": HOUSE, "tag": "HOME", "address": own}
    info = {"name": {"first": "Ann"}, "addresses": {"items": [item]}}
    (tmp_path / "people").write_text(json.dumps({"info": info}))
    with sandbox.start(people_file=tmp_path / "people") as server, site_at(server) as opened:
        stage = ct.Stage(opened.fetch())
        (contact_id,) = stage.contacts
        before = opened.get_contact(contact_id)["info"]
        edit(stage, contact_id)
        plan = stage.plan()
        report = opened.commit(plan, approve=plan.id)
        listed = opened.get_contact(contact_id)["info"].get("addresses", {"items": []})["items"]
        undo = report.undo_plan()
        opened.commit(undo, approve=undo.id)
        after = opened.get_contact(contact_id)["info"]
    assert [] == [each for each in listed if each["tag"] == "WORK" and each["address"] != own]
    assert (own, "HOME") == tuple(
        after["addresses"]["items"][0][name] for name in ("address", "tag")
    )
    assert {"name": before["name"]} == {"name": after["name"]}
