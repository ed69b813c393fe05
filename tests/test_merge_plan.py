"""Plans of merges: who stays, what survives, what is lost, and how a person reads it."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from people_builder import ann, bob, cat, email, person, phone, snapshot
from sandbox.test_merging import INFO, entry

import contacttools as ct
from contacttools.contact import merge, wire
from contacttools.errors import BadValue, UnknownContact, UnknownField, WrongSite
from contacttools.merging import forecast
from contacttools.sandbox.rules.merging import merged

HOSTILE = "<script>alert(1)</script>\u202e"
MEMBER = {"members.membershipStatus": "APPROVED"}


def twin(**more):
    """A second Ann, with a little that the first one lacks."""
    info = {
        "name": {"first": "Anne", "last": "Example"},
        "company": "EXAMPLE LIMITED",
        "emails": [email("x1", "ANN@example.com", primary=True, tag="WORK")],
        "phones": [phone("x2", "555 0177", primary=True)],
        "labelKeys": ["custom.press"],
    }
    return person("c-twin", 4, **(info | more))


def plan_of(*documents):
    """The merge of all these contacts into one."""
    return ct.merge_plan([[each["id"] for each in documents]], snapshot(*documents))


def fates(plan):
    """What becomes of each field of the only group."""
    return {each.field: each for each in plan.merges[0].fates}


# -- who stays ------------------------------------------------------------------------------


def test_the_most_complete_stays_and_the_plan_says_why():
    """Of two contacts that are no members the one with more values is the target."""
    (group,) = plan_of(bob(), ann()).merges
    assert ("c-ann", ("c-bob",)) == (group.target_id, group.source_ids)
    assert "most complete" in group.chosen


def test_a_member_stays_however_little_is_known_of_it():
    """Members can only be targets."""
    (group,) = plan_of(ann(), bob(custom=MEMBER)).merges
    assert "c-bob" == group.target_id
    assert "site member (APPROVED)" in group.chosen


def test_the_oldest_of_equals_stays():
    """Equally complete: by the date of creation."""
    one, other = bob(), {**bob(), "id": "c-old", "createdDate": "2020-01-01T00:00:00.000Z"}
    (group,) = plan_of(one, other).merges
    assert ("c-old", "the oldest of the equally complete") == (group.target_id, group.chosen)


def test_two_members_are_refused_and_block_nobody_else():
    """The group is named in `refused`; the other group is planned."""
    people = [ann(custom=MEMBER), bob(custom=MEMBER), twin(), {**bob(), "id": "c-bob2"}]
    groups = [["c-ann", "c-bob"], ["c-twin", "c-bob2"]]
    plan = ct.merge_plan(groups, snapshot(*people))
    (refusal,) = plan.refused
    assert ("MEMBERS", 1) == (refusal.code, len(plan))
    assert "group 1 has 2 site members" in refusal.reason


def test_another_target_can_be_chosen_but_never_over_a_member():
    """The plan gets another id; a member stays the target."""
    plan = plan_of(ann(), bob())
    other = plan.target(1, "c-bob")
    assert ("c-bob", "chosen") == (other.merges[0].target_id, other.merges[0].chosen)
    assert plan.id != other.id
    assert plan.id == other.target("c-bob", "c-ann").id
    with pytest.raises(BadValue, match=r"c-bob is a site member"):
        plan_of(ann(), bob(custom=MEMBER)).target(1, "c-ann")
    with pytest.raises(UnknownContact, match="c-zoe"):
        plan.target(1, "c-zoe")


# -- what survives --------------------------------------------------------------------------


def test_nothing_of_the_target_is_overwritten_and_gaps_are_filled():
    """Each field says whose value survives, why, and what is lost."""
    found = fates(plan_of(ann(jobTitle=None), twin(jobTitle="Reader")))
    assert ("c-ann", "Example Ltd") == (found["company"].winner, found["company"].value)
    assert (("c-twin", "EXAMPLE LIMITED"),) == found["company"].lost
    assert ("c-twin", "Reader", ()) == (
        found["jobTitle"].winner,
        found["jobTitle"].value,
        found["jobTitle"].lost,
    )
    assert "empty on the target" in found["jobTitle"].reason


def test_lists_are_joined_and_what_an_equal_item_said_more_is_lost():
    """The same e-mail in other letters and with a tag: the target's stays, the other is named."""
    found = fates(plan_of(ann(), twin()))
    assert ["ann@example.com", "a@example.org"] == [e["email"] for e in found["emails"].value]
    ((whose, items),) = found["emails"].lost
    assert ("c-twin", "ANN@example.com", "WORK") == (whose, items[0]["email"], items[0]["tag"])
    assert 3 == len(found["phones"].value)
    assert [True, False, False] == [each["primary"] for each in found["phones"].value]
    assert ("custom.vip", "custom.press") == found["labelKeys"].value


@given(st.lists(INFO, min_size=2, max_size=4))
def test_the_forecast_is_always_what_the_sandbox_makes_of_it(infos):
    """Two readings of the documents, written apart, agree on any contacts."""
    made = [entry(info, number) for number, info in enumerate(infos)]
    (target, context), sources = made[0], [source for source, _ in made[1:]]
    after = merged(target, sources, context).contact
    told = forecast.merged(
        forecast.held(target.contact), [forecast.held(each.contact) for each in sources]
    )
    assert [] == merge.changed_fields(told, wire.values(after))


def test_a_target_that_would_hold_too_much_is_refused():
    """50 items are the most that a list takes."""
    many = [email(f"m{n}", f"m{n}@example.com") for n in range(49)]
    plan = plan_of(ann(emails=many), twin(emails=[email("y1", "y@x.com"), email("y2", "z@x.com")]))
    assert ("TOO_MANY_ITEMS", "emails", 0) == (
        plan.refused[0].code,
        plan.refused[0].field,
        len(plan),
    )


def test_a_chosen_value_is_a_step_of_its_own_and_changes_the_id():
    """It is written to the target before the merge; both steps are in the plan."""
    plan = plan_of(ann(), twin())
    kept = plan.keep("c-twin", "company", "c-twin")
    (group,) = kept.merges
    assert (("c-ann", 1), ("c-ann", 2)) == group.steps
    assert {"company": "EXAMPLE LIMITED"} == {e.field: e.after for e in group.update.edits}
    assert "EXAMPLE LIMITED" == group.expected["company"]
    assert plan.id != kept.id
    assert plan.id == kept.keep(1, "company", "c-ann").id
    assert (("c-ann", "Example Ltd"),) == fates(kept)["company"].lost


def test_a_value_that_the_merge_brings_anyway_needs_no_step():
    """Choosing what would win changes nothing."""
    plan = plan_of(ann(jobTitle=None), twin(jobTitle="Reader"))
    assert plan.id == plan.keep(1, "jobTitle", "c-twin").id


@pytest.mark.parametrize(
    ("field", "whose", "error", "words"),
    [
        ("emails", "c-twin", BadValue, "keeps all items"),
        ("jobTitle", "c-twin", BadValue, "has no jobTitle"),
        ("invoices.vatId", "c-twin", UnknownField, "invoices.vatId"),
        ("company", "c-bob", UnknownContact, "no contact 'c-bob'"),
    ],
    ids=["list", "empty", "unknown", "stranger"],
)
def test_what_cannot_be_kept_says_why(field, whose, error, words):
    """The message names the field or the contact."""
    with pytest.raises(error, match=words):
        plan_of(ann(), twin()).keep(1, field, whose)


def test_consent_that_differs_is_said():
    """Who unsubscribed is not hidden by a merge."""
    yes = {"emailSubscriptions.subscriptionStatus": "SUBSCRIBED"}
    no = {"emailSubscriptions.subscriptionStatus": "UNSUBSCRIBED"}
    plan = plan_of(ann(custom=yes), twin(custom=no))
    (look,) = [each for each in plan.merges[0].looks if "subscription" in each]
    assert "SUBSCRIBED on the target, UNSUBSCRIBED on sources" in look
    assert "UNSUBSCRIBED" in plan._repr_html_()
    same = plan_of(ann(custom=yes), twin(custom=yes))
    assert not [each for each in same.merges[0].looks if "subscription" in each]


def test_first_and_last_name_of_two_contacts_are_said():
    """A name made of two is a reason to look."""
    plan = plan_of(ann(name={"first": "Ann"}), twin(name={"first": "Bo", "last": "Else"}))
    assert any("first and last name" in each for each in plan.merges[0].looks)


# -- which groups ---------------------------------------------------------------------------


def test_pairs_and_groups_say_the_same():
    """A frame of pairs, what finds it, and plain lists of ids give one plan."""
    people = snapshot(ann(), bob(), twin())
    frame = pd.DataFrame(
        {
            "contactIdA": ["c-ann", "c-bob"],
            "contactIdB": ["c-bob", "c-twin"],
            "score": [0.9, 0.8],
            "reasons": ["same e-mail", ["same phone", "same name"]],
            "group": [1.0, 1.0],
        }
    )

    class Pairs:
        def to_frame(self):
            return frame

    plans = [
        ct.merge_plan(each, people) for each in ([["c-ann", "c-bob", "c-twin"]], frame, Pairs())
    ]
    assert 1 == len({plan.id for plan in plans})
    assert "same e-mail; same phone; same name" == plans[1].merges[0].why
    alone = pd.concat([frame, frame.assign(group=None)])
    assert plans[0].id == ct.merge_plan(alone, people).id


@pytest.mark.parametrize(
    ("groups", "error", "words"),
    [
        ([["c-ann"]], BadValue, "two contacts or more"),
        ([["c-ann", "c-ann"]], BadValue, "two contacts or more"),
        ([["c-ann", "c-bob"], ["c-bob", "c-cat"]], BadValue, "c-bob is in two groups, 1 and 2"),
        ([["c-ann", "c-zoe"]], UnknownContact, "c-zoe"),
        (["c-ann"], BadValue, "a list of contact ids"),
        ("c-ann", BadValue, "lists of contact ids"),
        ([[1, 2]], BadValue, "1 is none"),
        (pd.DataFrame({"a": [1]}), BadValue, "contactIdA, contactIdB, group"),
    ],
    ids=["alone", "twice", "two groups", "unknown", "flat", "text", "numbers", "frame"],
)
def test_what_is_no_group_says_why(groups, error, words):
    """Before anything is planned."""
    with pytest.raises(error, match=words):
        ct.merge_plan(groups, snapshot())


def test_contacts_of_no_site_cannot_be_merged():
    """What was read from a file that names no site."""
    with pytest.raises(WrongSite, match="no site"):
        ct.merge_plan([["c-ann", "c-bob"]], snapshot(site_id=None))
    with pytest.raises(BadValue, match="not a Stage"):
        ct.merge_plan([["c-ann", "c-bob"]], ct.Stage(snapshot()))


def test_groups_and_members_can_be_left_out():
    """A group without its target, or with nobody but it, is no group any more."""
    people = [ann(), bob(), twin(), {**bob(), "id": "c-bob2"}]
    plan = ct.merge_plan(
        [["c-ann", "c-bob", "c-bob2"], ["c-twin", "c-cat"]], snapshot(*people, cat())
    )
    assert ["2"] == [each.group for each in plan.without(1).merges]
    assert ("c-bob2",) == plan.without("c-bob").merges[0].source_ids
    assert ["2"] == [each.group for each in plan.without(["c-bob", "c-bob2"]).merges]
    assert 1 == len(plan.without("c-ann"))
    assert plan.without(2).id == plan.head(1).id
    with pytest.raises(UnknownContact):
        plan.without("c-zoe")


def test_an_id_stands_for_revisions_values_and_order():
    """Whatever was seen otherwise gives another plan; the rest gives the same one."""
    plan = plan_of(ann(), twin())
    assert plan == plan_of(twin(), ann())
    assert plan.plan_id == plan.id
    others = [
        plan_of({**ann(), "revision": 8}, twin()),
        plan_of(ann(), {**twin(), "revision": 5}),
        plan_of(ann(), twin(company="Else Ltd")),
        plan_of(ann(locale="de"), twin()),
    ]
    ids = {plan.id, *(each.id for each in others)}
    assert 5 == len(ids)


def test_six_sources_take_two_calls():
    """The service takes five at once; the second call is made on what the first one leaves."""
    people = [ann(), *({**bob(), "id": f"c-{n}"} for n in range(6))]
    (group,) = plan_of(*people).merges
    assert [2, 3] == [step for _, step in group.steps]
    assert [5, 1] == [len(group.call(step).source_ids) for step in (2, 3)]


# -- as people read it ----------------------------------------------------------------------


def test_the_frame_has_a_row_per_group_and_field():
    """Values, winners, reasons and what is lost, as data."""
    frame = plan_of(ann(), twin()).to_frame()
    row = frame.set_index("field").loc["company"]
    assert ("1", "c-ann", "Example Ltd", "c-ann", "EXAMPLE LIMITED") == (
        row["group"], row["contactId"], row["value"], row["winner"], row["lost"],
    )  # fmt: skip
    assert list(frame.columns) == list(ct.merge_plan([], snapshot()).to_frame().columns)


def test_what_contacts_hold_is_shown_and_never_run():
    """Hostile text is escaped in HTML and spelled out in text."""
    plan = plan_of(ann(company=HOSTILE), twin(company=f"{HOSTILE}2", name={"first": HOSTILE}))
    for shown in (plan._repr_html_(), repr(plan)):
        assert "\u202e" not in shown
    assert "<script" not in plan._repr_html_()


def test_a_page_for_others_holds_no_value_unless_asked(tmp_path):
    """Initials, fields and whose value survives; with reveal, everything."""
    path = tmp_path / "merges.html"
    no = {"emailSubscriptions.subscriptionStatus": "UNSUBSCRIBED"}
    plan = plan_of(ann(), twin(custom=no, jobTitle="Secretive"))
    plan.to_html(path)
    masked = path.read_text()
    for value in (
        "Example",
        "EXAMPLE",
        "555-0100",
        "ann@",
        "Secretive",
        "Librarian",
        "UNSUBSCRIBED",
    ):
        assert value.lower() not in masked.lower(), value
    assert "A. E." in masked
    assert plan.id[:12] in masked
    plan.to_html(path, reveal=True)
    assert "Secretive" in path.read_text()


def test_what_is_shown_is_bounded():
    """Many groups are said to exist; the frame has them all."""
    people = [{**bob(), "id": f"c-{n:03}"} for n in range(130)]
    ids = [each["id"] for each in people]
    groups = list(zip(ids[::2], ids[1::2], strict=True))
    plan = ct.merge_plan(groups, snapshot(*people))
    assert "15 more groups" in plan._repr_html_()
    assert "55 more groups" in repr(plan)
    assert 65 == plan.to_frame()["group"].nunique()


def test_both_can_be_kept_and_only_their_values_unified():
    """An ordinary plan, with the reason beside each edit."""
    contacts = snapshot(ann(), twin())
    merges = ct.merge_plan([["c-ann", "c-twin"]], contacts)
    stage = ct.Stage(contacts)
    assert 2 == merges.unify(stage)
    frame = stage.plan().to_frame()
    assert {("c-twin", "company", "Example Ltd"), ("c-twin", "name.first", "Ann")} == set(
        zip(frame["contactId"], frame["field"], frame["after"], strict=True)
    )
    assert {"unified with its duplicates"} == set(frame["reason"])
    stage.undo()
    assert 1 == merges.keep(1, "company", "c-twin").unify(stage, "company")
    assert ["c-ann"] == list(stage.plan().to_frame()["contactId"])


def test_what_nobody_can_foresee_is_said():
    """A source's picture: the documents do not say what becomes of it."""
    other = bob()
    other["info"]["picture"] = {"url": "https://example.com/bob.png"}
    (group,) = plan_of(ann(), other).merges
    assert any("the service decides" in each for each in group.looks)


def test_a_choice_of_values_outlives_another_target():
    """And to leave a member out twice is to leave it out."""
    plan = plan_of(ann(company="One"), bob(company="Two"), twin()).keep(1, "company", "c-bob")
    turned = plan.target(1, "c-twin")
    assert (("company", "c-bob"),) == turned.merges[0].kept
    assert plan.without("c-twin") == plan.without(["c-twin", "c-twin"])


@pytest.mark.parametrize("by", ["a colleague", "hand"])
def test_what_was_decided_upon_other_values_is_not_unified(by):
    """Neither a colleague's newer value nor one that is staged already is taken back by it."""
    merges = plan_of(ann(), twin())
    newer = {"company": "Newer Ltd"} if by == "a colleague" else {}
    stage = ct.Stage(snapshot(ann(), twin(**newer)))
    if by == "hand":
        stage.edit("c-twin", {"company": "Newer Ltd"})
    before = stage.edits()
    with pytest.raises(ct.StaleFrame, match="c-twin: company was 'EXAMPLE LIMITED' when group 1"):
        merges.unify(stage)
    assert before == stage.edits()
