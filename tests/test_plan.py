"""Plan: what is sent, what its id covers, and a file that nobody can change unseen."""

import json
import random

import pytest
from hypothesis import given
from people_builder import (
    ANN,
    BOB,
    CAT,
    ann,
    bob,
    cat,
    documents,
    email,
    ids,
    person,
    phone,
    rows,
    snapshot,
    stage,
)

import contacttools as ct


def some_plan():
    """A plan with some of everything."""
    staged = stage(ann(), bob(company="Old"), cat(), partial="limit=3")
    staged.edit(ANN, {"company": "New \u202e <b>", "custom.score": 9, "birthdate": None})
    staged.add(ANN, "phones", {"phone": "555-7", "tag": "FAX"})
    staged.make_primary(ANN, "emails", "e2")
    staged.label([ANN, BOB], add="custom.press")
    staged.edit(BOB, {"company": None})
    staged.edit(CAT, {"email": "ann@example.com"})
    return staged.plan()


def info_of(staged):
    """What the only change of a plan would send."""
    (change,) = staged.plan().changes
    return change.info()


# -- what is sent ---------------------------------------------------------------------------


def test_only_what_changed_is_sent():
    """A scalar by itself; None as null."""
    staged = stage()
    staged.edit(ANN, {"company": "X", "jobTitle": None})

    assert {"company": "X", "jobTitle": None} == info_of(staged)


def test_both_parts_of_a_name_are_sent_if_either_changed():
    """The other is as it was read."""
    staged = stage()
    staged.edit(ANN, {"name.first": "Annie"})

    assert {"name": {"first": "Annie", "last": "Example"}} == info_of(staged)


def test_every_custom_field_that_was_read_is_sent_if_one_changed():
    """No key of the service's own."""
    staged = stage()
    staged.edit(ANN, {"custom.score": 6})
    custom = {"custom.nickname": "Annie", "custom.score": 6, "custom.since": "2020-01-01"}

    assert {"extendedFields": {"items": custom}} == info_of(staged)


def test_a_changed_list_is_sent_whole_with_the_items_that_were_read():
    """Ids of known items, none for new ones, in a settled order, one of them primary."""
    staged = stage()
    staged.add(ANN, "emails", {"email": "new@example.com", "tag": "WORK"})

    assert {
        "emails": {
            "items": [
                {"id": "e1", "tag": "UNTAGGED", "primary": True, "email": "ann@example.com"},
                {"id": "e2", "tag": "UNTAGGED", "primary": False, "email": "a@example.org"},
                {"tag": "WORK", "primary": False, "email": "new@example.com"},
            ]
        }
    } == info_of(staged)


@given(documents())
def test_nothing_unknown_and_nothing_missing_is_ever_sent(found):
    """No NaN, no member of a newer service, no name of ours for an item; else it is refused."""
    staged = ct.Stage(snapshot(*found))
    for contact_id in staged.contacts:
        staged.edit(contact_id, {"company": "X", "custom.nickname": "N", "name.first": "F"})
        staged.add(contact_id, "addresses", {"city": "Newtown"})
    plan = staged.plan()
    sent = [
        json.dumps(change.info(), allow_nan=False, ensure_ascii=False) for change in plan.changes
    ]

    assert len(staged) == len(plan) + len({each.contact_id for each in plan.refused})
    for text in sent:
        text.encode()
        assert not {'"surprise"', '"novelty"', '"id": "#', '"id": "new-', "NEW_TAG"} & {
            each
            for each in ('"surprise"', '"novelty"', '"id": "#', '"id": "new-', "NEW_TAG")
            if each in text
        }


# -- its rows -------------------------------------------------------------------------------


def test_a_part_of_an_address_that_moves_is_seen():
    """The parts have their names, or the two lines would read the same."""
    staged = stage()
    staged.edit_item(ANN, "addresses", "a1", {"city": None, "addressLine2": "Exampleton"})

    assert [
        (
            "addresses",
            "changed",
            "Tag: “HOME”, Street: “1 Example St”, City: “Exampleton”, Country: “US”",
            "Tag: “HOME”, Street: “1 Example St”, Second line: “Exampleton”, Country: “US”",
        )
    ] == rows(staged.plan())


def test_a_phone_that_would_read_the_same_is_quoted():
    """A country in the text and a country of its own are told apart by quotes."""
    staged = stage(ann(phones=[phone("p1", "5550100 (US)", primary=True, country=None)]))
    staged.edit_item(ANN, "phones", "p1", {"phone": "5550100", "countryCode": "US"})

    assert [
        (
            "phones",
            "changed",
            "“5550100 (US)”",
            "5550100 (US)",
        )
    ] == rows(staged.plan())


def test_no_tag_is_untagged():
    """Taking a tag away by either word is one plan; an untagged item has none to take away."""
    plans = []
    for tag in (None, "UNTAGGED"):
        staged = stage()
        staged.edit_item(ANN, "emails", "e1", {"tag": tag})
        assert [] == rows(staged.plan())
        staged.edit_item(ANN, "phones", "p1", {"tag": tag})
        plans.append(staged.plan())

    assert plans[0].id == plans[1].id
    assert [("phones", "changed", "555-0100 (US, MOBILE)", "555-0100 (US)")] == rows(plans[0])


# -- its id ---------------------------------------------------------------------------------


def test_the_id_is_a_sha256_and_the_same_each_time():
    """64 hexadecimal digits; equal plans have equal ids and are one in a set."""
    one, other = some_plan(), some_plan()

    assert (64, 1, one) == (len(one.id), len({one, other}), other)
    int(one.id, 16)


@pytest.mark.parametrize("change", ["site", "revision", "contact", "value", "before"])
def test_the_id_covers_site_contacts_revisions_and_edits(change):
    """Each of them makes another plan."""
    base = person("c-1", 1, company="Old", name={"first": "A"})
    document = {
        "revision": {**base, "revision": 2},
        "contact": {**base, "id": "c-2"},
        "before": person("c-1", 1, company="Other", name={"first": "A"}),
    }.get(change, base)
    plans = []
    for each, site, value in (
        (base, "s", "X"),
        (document, "t" if change == "site" else "s", "Y" if change == "value" else "X"),
    ):
        staged = stage(each, site_id=site)
        staged.edit(each["id"], {"company": value})
        plans.append(staged.plan())

    assert plans[0] != plans[1]
    assert plans[0].id != plans[1].id


def test_the_id_covers_nothing_else():
    """Not the time, not what the snapshot held besides, not risks, not who is refused."""
    one, other = stage(), stage(ann(jobTitle="Other"), bob(), partial="a filter")
    for staged in (one, other):
        staged.edit(ANN, {"company": "X"})

    assert one.plan().id == other.plan().id


def test_a_plan_taken_again_is_what_it_holds_now():
    """Its id remembers nothing, and what is altered in one is not altered in the other."""
    plan = some_plan()
    known = plan.id
    again = plan.again()
    assert (known, plan.rows, plan.refused) == (again.id, again.rows, again.refused)

    plan.changes[0].edits[-1].after[-1]["phone"] = "555-8"
    assert known == again.id
    assert known != plan.again().id


def test_a_plan_is_not_equal_to_anything_else():
    """Not even to its id."""
    plan = some_plan()

    assert plan != plan.id


# -- as data --------------------------------------------------------------------------------


def test_the_frame_has_one_row_per_edit_and_per_item():
    """Where it is, what it was and will be, and where that comes from."""
    frame = some_plan().select(contacts=[ANN]).to_frame()

    assert [
        "contactId", "itemId", "field", "kind", "before", "after", "reason", "rule", "who", "when"
    ] == list(frame.columns)  # fmt: skip
    assert [
        ("birthdate", "cleared", "1990-02-03", None),
        ("company", "changed", "Example Ltd", "New \u202e <b>"),
        ("custom.score", "changed", 5, 9),
        ("emails", "primary moved", "ann@example.com", "a@example.org"),
        ("labelKeys", "added", None, "custom.press"),
        ("phones", "added", None, "555-7 (FAX)"),
    ] == list(frame[["field", "kind", "before", "after"]].itertuples(index=False, name=None))


def test_a_smaller_plan_has_an_id_of_its_own():
    """By contacts, by fields, or the first few."""
    plan = some_plan()
    parts = [plan.select(contacts=[BOB]), plan.select(fields=["company"]), plan.head(1)]

    assert [[BOB], [ANN, BOB], [ANN]] == [ids(each) for each in parts]
    assert 4 == len({plan.id, *(each.id for each in parts)})
    assert {"company"} == set(parts[1].to_frame()["field"])


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"contacts": ["nobody"]}, ct.UnknownContact),
        ({"fields": ["nope"]}, ct.UnknownField),
        ({"fields": "email"}, ct.UnknownField),
    ],
)
def test_what_a_plan_does_not_touch_cannot_be_selected(asked, error):
    """A typing error must not select nothing in silence."""
    with pytest.raises(error, match="does not touch"):
        some_plan().select(**asked)


# -- as a file ------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path):
    """A file to save to, of an odd name."""
    return tmp_path / "plan <b>.json"


def test_a_saved_plan_is_the_same_plan(path):
    """Equal, with the same id, the same diff and the same requests; readable by its owner only."""
    plan = some_plan()
    plan.save(path)
    loaded = ct.Plan.load(path)

    assert (plan, repr(plan), plan.refused) == (loaded, repr(loaded), loaded.refused)
    assert [each.info() for each in plan.changes] == [each.info() for each in loaded.changes]
    assert 0o600 == path.stat().st_mode & 0o777
    assert [path] == list(path.parent.iterdir())


@given(documents())
def test_whatever_was_planned_can_be_saved(tmp_path_factory, found):
    """The plan of any contacts, with any text, comes back from its file."""
    file = tmp_path_factory.getbasetemp() / "plan.json"
    staged = ct.Stage(snapshot(*found))
    for contact_id in staged.contacts:
        staged.edit(contact_id, {"jobTitle": "T", "custom.nickname": "N"})
    plan = staged.plan()
    plan.save(file)

    assert (plan, repr(plan)) == (ct.Plan.load(file), repr(ct.Plan.load(file)))


def test_every_changed_byte_is_refused(path):
    """Flipped, dropped or doubled, at any place: BadPlan, which names the file."""
    some_plan().save(path)
    content = path.read_bytes()
    dice = random.Random(5)
    for at in dice.sample(range(len(content)), 60):
        for other in (
            content[:at] + bytes([content[at] ^ (1 << dice.randrange(8))]) + content[at + 1 :],
            content[:at] + content[at + 1 :],
            content[:at] + content[at : at + 1] + content[at:],
        ):
            if other != content:
                path.write_bytes(other)
                with pytest.raises(ct.BadPlan, match="plan again"):
                    ct.Plan.load(path)


@pytest.mark.parametrize(
    "trick",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
        b"\x00",
        b"{}" * 2,
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"format": "contacttools plan", "format": "contacttools plan"}',
    ],
    ids=[str(n) for n in range(10)],
)
def test_what_is_no_plan_is_refused(path, trick):
    """Nothing, not JSON, or JSON of another kind."""
    path.write_bytes(trick)
    with pytest.raises(ct.BadPlan):
        ct.Plan.load(path)


@pytest.mark.parametrize(
    "value",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "9" * 5000,
        "9" * 400,
        '"\\ud800"',
        "[" * 150 + "]" * 150,
        "[" * 5000 + "]" * 5000,
        "true",
        "null",
        "{}",
        '"x"',
        "5",
        "-1",
        "1.0",
        '{"a": 1, "a": 2}',
        '[["company", "Old", "X"]]',
        "[[5, 5, 5]]",
    ],
    ids=[str(n) for n in range(19)],
)
@pytest.mark.parametrize(
    "where",
    [
        "after",
        "before",
        "base",
        "revision",
        "edits",
        "item",
        "version",
        "risks",
        "contact_id",
        "partial",
    ],
)
def test_a_value_that_no_plan_holds_is_refused(path, where, value):
    """NaN, huge numbers, half characters, deep nesting, twice the same key: never another error."""
    some_plan().save(path)
    body = json.loads(path.read_text())
    change, mark = body["changes"][0], "HERE"
    company = next(edit for edit in change["edits"] if edit[0] == "company")
    emails = next(edit for edit in change["edits"] if edit[0] == "emails")
    {
        "after": lambda: company.__setitem__(2, mark),
        "before": lambda: company.__setitem__(1, mark),
        "base": lambda: change["base"].__setitem__("custom.nickname", mark),
        "revision": lambda: change.__setitem__("revision", mark),
        "edits": lambda: change.__setitem__("edits", mark),
        "item": lambda: emails[2][0].__setitem__("email", mark),
        "version": lambda: body.__setitem__("version", mark),
        "risks": lambda: body.__setitem__("risks", mark),
        "contact_id": lambda: change.__setitem__("contact_id", mark),
        "partial": lambda: body.__setitem__("partial", mark),
    }[where]()
    path.write_text(json.dumps(body, indent=1).replace('"HERE"', value))

    with pytest.raises(ct.BadPlan):
        ct.Plan.load(path)


def test_a_key_given_twice_is_refused(path):
    """Whichever of the two a reader would believe."""
    some_plan().save(path)
    text = path.read_text()
    path.write_text(text.replace('"revision":', '"revision": 7,\n   "revision":', 1))

    with pytest.raises(ct.BadPlan):
        ct.Plan.load(path)


@pytest.mark.parametrize("member", ["extra", "info"])
def test_a_member_that_is_not_of_the_format_is_refused(path, member):
    """A plan of a newer version is not half understood."""
    some_plan().save(path)
    body = json.loads(path.read_text())
    path.write_text(json.dumps({**body, member: 1}, indent=1))

    with pytest.raises(ct.BadPlan, match=member):
        ct.Plan.load(path)


def test_a_file_holds_its_format_and_version(path):
    """For whoever opens it in ten years."""
    some_plan().save(path)
    body = json.loads(path.read_text())

    assert ("contacttools plan", 3) == (body["format"], body["version"])


def test_an_item_without_an_id_of_its_own_goes_through_a_file(path):
    """And is sent without one."""
    staged = stage(person("c-1", emails=[{"email": "a@example.com"}, email("1", "b@example.com")]))
    staged.add("c-1", "emails", {"email": "c@example.com"})
    staged.plan().save(path)
    (change,) = ct.Plan.load(path).changes

    assert [None, "1", None] == [item.get("id") for item in change.info()["emails"]["items"]]
