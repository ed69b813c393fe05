"""Checks: what is refused at planning, in which order contacts are written, and what is a risk."""

import pandas as pd
import pytest
from people_builder import ANN, BOB, CAT, ann, bob, email, ids, person, phone, snapshot, stage


def holder(contact_id, address=None, number=None, **more):
    """A contact with one e-mail, one phone, or neither."""
    lists = {"emails": [email(f"e-{contact_id}", address, primary=True)]} if address else {}
    if number:
        lists["phones"] = [phone(f"p-{contact_id}", number, primary=True)]
    return person(contact_id, name={"first": contact_id}, **lists, **more)


def refusals(plan):
    """Who was refused, over which field, by which code."""
    return [(each.contact_id, each.field, each.code) for each in plan.refused]


def risks(plan, kind):
    """The risks of one kind."""
    return [(each.contact_id, each.field, each.text) for each in plan.risks if each.kind == kind]


def test_a_contact_left_without_name_email_and_phone_is_refused():
    """And blocks nobody else."""
    staged = stage()
    staged.edit(BOB, {"name.first": None})
    staged.edit(ANN, {"company": "X"})
    plan = staged.plan()

    assert ([ANN], [(BOB, None, "INSUFFICIENT_CONTACT_DATA")]) == (ids(plan), refusals(plan))


def test_a_list_with_an_unknown_tag_is_not_rewritten():
    """It would have to be sent back; once the tag is changed it can be."""
    odd = ann(phones=[phone("p1", "555", primary=True), phone("p2", "556", tag="PAGER")])
    staged = stage(odd, bob())
    staged.edit(ANN, {"phone": "557"})
    assert [(ANN, "phones", "UNKNOWN_VALUE")] == refusals(staged.plan())

    staged.edit_item(ANN, "phones", "p2", {"tag": "HOME"})
    assert [ANN] == ids(staged.plan())


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "half\ud800"])
def test_what_json_cannot_carry_is_refused_by_name(value):
    """Found in the contact, not typed: it never reaches the wire or a file."""
    staged = stage(ann(custom={"custom.nickname": value}), bob())
    staged.edit(ANN, {"company": "X"})

    assert [(ANN, "custom.nickname", "UNKNOWN_VALUE")] == refusals(staged.plan())


@pytest.mark.parametrize("address", ["cat@example.com", "CAT@EXAMPLE.COM"])
def test_an_email_that_another_contact_holds_is_refused(address):
    """Newly claimed: whatever its case, and the holder is named."""
    staged = stage()
    staged.edit(ANN, {"email": address})
    plan = staged.plan()

    assert [(ANN, "emails", "DUPLICATE_CONTACT_EXISTS")] == refusals(plan)
    assert CAT in plan.refused[0].reason


def test_two_contacts_of_a_plan_cannot_claim_one_email():
    """Both are refused."""
    staged = stage()
    for each in (ANN, BOB):
        staged.edit(each, {"email": "same@example.com"})

    assert [ANN, BOB] == [each for each, _, _ in refusals(staged.plan())]


def test_a_phone_is_compared_as_a_number():
    """In E.164 where it is valid."""
    staged = stage(holder("a", number="+1 646-567-6359"), holder("b"))
    staged.edit("b", {"name.last": "B"})
    staged.add("b", "phones", {"phone": "6465676359", "countryCode": "US"})

    assert [("b", "phones", "DUPLICATE_CONTACT_EXISTS")] == refusals(staged.plan())


def test_what_was_shared_before_is_no_collision():
    """The list can be rewritten; that the service may mind is said."""
    staged = stage(holder("a", "x@example.com"), holder("b", "x@example.com"))
    staged.edit_item("a", "emails", "e-a", {"tag": "WORK"})
    plan = staged.plan()

    assert (["a"], [("a", "emails", "x@example.com is also b's")], []) == (
        ids(plan),
        risks(plan, "shared"),
        risks(plan, "claimed"),
    )


def test_a_phone_newly_shared_where_the_service_does_not_compare_is_a_risk():
    """With e-mails in the request phones are not compared: said, for the snapshot and the plan."""
    staged = stage(
        holder("a", "a@example.com"), holder("b", "b@example.com"), holder("c", number="555-0100")
    )
    staged.edit("a", {"email": "a2@example.com", "phone": "555-0100"})
    staged.edit("b", {"email": "b2@example.com", "phone": "555-0122"})
    staged.add("a", "phones", {"phone": "555-0122"})
    plan = staged.plan()

    assert ["a", "b"] == ids(plan)
    assert [("a", "phones"), ("a", "phones"), ("b", "phones")] == [
        each[:2] for each in risks(plan, "claimed")
    ]
    assert [] == risks(plan, "shared")


def test_who_lets_go_is_written_first():
    """Else by contact id."""
    staged = stage(holder("a"), holder("b", "x@example.com"), holder("c"))
    staged.edit("a", {"email": "x@example.com"})
    staged.edit("b", {"email": "b@example.com"})
    staged.edit("c", {"company": "C"})

    assert ["b", "c", "a"] == ids(staged.plan())


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("email", "nobody.example.com", [("emails", "nobody.example.com does not look like one")]),
        ("email", "a b@example.com", [("emails", "a b@example.com does not look like one")]),
        ("phone", "ask Bob", [("phones", "ask Bob does not look like one")]),
        ("email", "ann+new@sub.example.com", []),
        ("phone", "+44 (0) 20 7946-0018", []),
    ],
)
def test_what_does_not_look_like_an_email_or_a_phone_is_a_risk(name, value, told):
    """Planned all the same: it may be meant."""
    staged = stage()
    staged.edit(ANN, {name: value})
    plan = staged.plan()

    assert ([ANN], told) == (ids(plan), [each[1:] for each in risks(plan, "doubtful")])


def test_new_rows_that_were_taken_twice_are_a_risk():
    """Running the cell again adds the number again, however it is written by then."""
    staged = stage()
    for number in ("212-555-0177", "(212) 555 0177"):
        new = pd.DataFrame({"contactId": [ANN], "phone": [number], "countryCode": ["US"]})
        staged.update(new, "phones")

    assert [(ANN, "phones", "+12125550177 twice")] == risks(staged.plan(), "doubtful")


def test_what_was_doubtful_before_is_not_said_again():
    """A list that held a number twice, or an odd one, is rewritten without a warning."""
    staged = stage(ann(phones=[phone(f"p{n}", "5550100") for n in (1, 2)] + [phone("p3", "odd")]))
    staged.edit_item(ANN, "phones", "p2", {"tag": "FAX"})
    plan = staged.plan()

    assert ([ANN], []) == (ids(plan), risks(plan, "doubtful"))


@pytest.mark.parametrize("table", ["emails", "phones"])
def test_a_primary_that_moves_is_a_risk(table):
    """With both values; adding another item is none."""
    staged = stage()
    staged.add(ANN, table, {table[:-1]: "555@example.com"})
    assert [] == risks(staged.plan(), "primary")

    staged.make_primary(ANN, table, "e2" if table == "emails" else "p2")
    assert [(ANN, table)] == [each[:2] for each in risks(staged.plan(), "primary")]


@pytest.mark.parametrize(
    ("column", "before", "after", "moves"),
    [
        ("phone", "(212) 555-0101", "+12125550101", False),
        ("phone", "212.555.0101", "2125550101", False),
        ("phone", "212.555.0101", "2125550102", True),
        ("email", "Ann@Example.COM ", "ann@example.com", False),
        ("email", "ann@example.com", "anne@example.com", True),
    ],
    ids=["country code", "signs", "digit", "capitals", "letter"],
)
def test_a_primary_that_is_merely_written_otherwise_moves_nowhere(column, before, after, moves):
    """It is the same mailbox or number: among thousands of such, the real moves would drown."""
    item = (email if column == "email" else phone)("x1", before, primary=True)
    staged = stage(person(ANN, name={"first": "Ann"}, **{f"{column}s": [item]}))
    staged.edit(ANN, {column: after})
    assert moves == bool(risks(staged.plan(), "primary"))


@pytest.mark.parametrize("wanted", ["new@example.com", None])
def test_a_members_primary_email_is_refused(wanted):
    """With the way to change it; another e-mail, and another case of its domain, are no matter."""
    member = ann(custom={"members.membershipStatus": "APPROVED"})
    staged = stage(member)
    staged.add(ANN, "emails", {"email": "other@example.com"})
    local, _, domain = staged.value(ANN, "emails")[0]["email"].partition("@")
    staged.edit(ANN, {"email": f"{local}@{domain.upper()}", "company": "X"})
    plan = staged.plan()
    assert (1, ()) == (len(plan), plan.refused)

    if wanted is None:
        for item in staged.value(ANN, "emails"):
            staged.remove(ANN, "emails", item["id"])
    else:
        staged.edit(ANN, {"email": wanted})
    (refusal,) = staged.plan().refused
    assert (ANN, "emails", "CANNOT_UPDATE_MEMBER_EMAIL") == (
        refusal.contact_id, refusal.field, refusal.code,
    )  # fmt: skip
    assert "Members API" in refusal.reason


def test_that_updates_set_off_automations_is_always_said():
    """Of every plan that writes anything."""
    staged = stage()
    staged.edit(ANN, {"company": "X"})

    assert "automations" in repr(staged.plan())
    assert "automations" not in repr(stage().plan())


def test_what_a_partial_snapshot_cannot_tell_is_said():
    """With the reason it is partial."""
    staged = stage(partial="limit=3")
    staged.edit(ANN, {"company": "X"})

    assert "not the whole site (limit=3)" in repr(staged.plan())
    assert "not the whole site" not in repr(stage().plan())


@pytest.mark.parametrize("odd", [5, True, {"a": 1}, ["x"]])
def test_items_of_odd_types_are_no_reason_to_fall(odd):
    """Numbers and objects where text belongs: planned or refused, and shown."""
    items = [
        {"id": "1", "tag": odd, "email": odd, "phone": odd, "countryCode": odd, "primary": odd}
    ]
    staged = stage(
        person("c-1", name={"first": odd}, emails=items, phones=items, addresses=items), bob()
    )
    for table, new in (
        ("emails", {"email": "a@example.com"}),
        ("phones", {"phone": "5"}),
        ("addresses", {"city": "X"}),
    ):
        staged.add("c-1", table, new)
    plan = staged.plan()

    assert 1 == len(plan) + len(plan.refused)
    assert plan._repr_html_()
    assert 2 == len(snapshot(person("c-1"), bob()).to_frame())
