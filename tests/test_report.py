"""A report: true counts, three values of a conflict, and a plan that takes a commit back."""

import json
from datetime import UTC, datetime

import pytest
from served import planned, site_at

import contacttools as ct
from contacttools import sandbox
from contacttools.committing.report import Difference, Outcome, Report, said
from contacttools.contact import wire
from contacttools.errors import ConflictError, UnknownContact, UnknownField
from contacttools.planning.plan import Change, Edit, Plan


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
    assert (0, "nothing to write") == (len(empty), repr(empty).split("  ")[1])


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
    assert "2 of 2 contacts written; 1 surprise" in repr(report)
    assert "<strong>Look</strong>" in report._repr_html_()
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
    assert "step 1 of 2: no" in repr(report)
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


def test_undo_of_undo_is_the_commit_again(site):
    """A plan that takes back can itself be taken back."""
    contact_id = list(site.fetch())[5]
    report = committed(site, {contact_id: {"company": "Again Ltd"}})
    after = values_of(site, [contact_id])
    undo = report.undo_plan()
    undone = site.commit(undo, approve=undo.id)
    redo = undone.undo_plan()
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
