"""Carrying a planned change over what somebody else did: only where the preview stays true."""

from collections import Counter
from dataclasses import replace

import people_builder as people
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacttools.committing.rebasing import carry, differences
from contacttools.contact import fields, merge, wire
from contacttools.planning.change import Change, Edit

LATER = 12


def change_of(document, **after):
    """Return a change of a contact: each field, with what it is to hold."""
    base = wire.values(document)
    edits = tuple(
        Edit(name.replace("__", "."), base.get(name.replace("__", ".")), value)
        for name, value in after.items()
    )
    return Change(document["id"], document["revision"], edits, base, "Ann")


def listed(document, name):
    """Return a list of a contact as a plan holds it."""
    return wire.values(document).get(name, ())


def later(**info):
    """Return Ann as she is later: with these members of her info."""
    document = people.ann(revision=LATER)
    for name, value in info.items():
        document["info"][name] = {"items": value} if isinstance(value, list) else value
    return document


ANN = people.ann()
COMPANY = change_of(ANN, company="New Ltd")
SECOND = {"email": "second@example.com", "tag": "WORK", "primary": False}
THIRD = {"email": "third@example.com", "tag": "UNTAGGED", "primary": False}
MAILS = ANN["info"]["emails"]["items"]
PHONES = ANN["info"]["phones"]["items"]


def test_a_change_is_carried_over_another_field():
    """The same edits, on the newer revision and the values that are there now."""
    carried = carry(COMPANY, later(jobTitle="Chef"))
    assert (LATER, COMPANY.edits, "Ann") == (carried.revision, carried.edits, carried.name)
    assert "Chef" == carried.base["jobTitle"]


def test_what_says_how_it_is_sent_is_kept():
    """Step, needs and the permission for duplicates stay with the change."""
    special = replace(COMPANY, step=2, steps=2, needs=(("b", 1),), allow_duplicates="twins")
    carried = carry(special, later(jobTitle="Chef"))
    assert (2, 2, (("b", 1),), "twins") == (
        carried.step, carried.steps, carried.needs, carried.allow_duplicates,
    )  # fmt: skip


def test_the_same_field_is_for_a_person():
    """Base, ours and theirs are what there is to decide."""
    (clash,) = carry(COMPANY, later(company="Theirs"))
    assert ("company", "Example Ltd", "New Ltd", "Theirs") == (
        clash.field, clash.base, clash.ours, clash.theirs,
    )  # fmt: skip
    assert (clash,) == differences(COMPANY, later(company="Theirs"))


def test_the_very_same_edit_falls_away():
    """Nothing is left to write of it; what else was planned is carried."""
    assert () == carry(COMPANY, later(company="New Ltd")).edits
    both = change_of(ANN, company="New Ltd", jobTitle="Chef")
    assert ["jobTitle"] == [edit.field for edit in carry(both, later(company="New Ltd")).edits]


def test_half_of_a_name_is_a_whole_name():
    """Another first name may be another person, whichever part was to be changed."""
    married = change_of(ANN, name__last="Sample")
    (clash,) = carry(married, later(name={"first": "Anna", "last": "Example"}))
    assert ("name.last", "Example") == (clash.field, clash.theirs)
    assert isinstance(carry(married, later(jobTitle="Chef")), Change)


@pytest.mark.parametrize(
    "mails",
    [[], MAILS[1:], [{**MAILS[0], "email": "else@example.com"}, MAILS[1]]],
    ids=["gone", "another", "edited"],
)
def test_another_primary_e_mail_may_be_another_person(mails):
    """Then every planned field is for a person to decide, whatever it is."""
    clashes = carry(COMPANY, later(emails=mails))
    assert [("company", "Example Ltd", "New Ltd")] == [
        (each.field, each.base, each.theirs) if each.theirs != "Example Ltd"
        else (each.field, each.base, each.ours) for each in clashes
    ]  # fmt: skip


def test_the_domain_of_an_address_may_change_its_case():
    """It is the same address."""
    same = [{**MAILS[0], "email": "ann@EXAMPLE.com"}, MAILS[1]]
    assert isinstance(carry(COMPANY, later(emails=same)), Change)


def test_an_item_of_theirs_stays_where_we_add_one():
    """The whole list is sent: theirs, then ours; the edit does what it was shown to do."""
    ours = change_of(ANN, emails=(*listed(ANN, "emails"), SECOND))
    theirs = later(emails=[*MAILS, {**THIRD, "id": "e9"}])
    (edit,) = carry(ours, theirs).edits
    assert ["ann@example.com", "a@example.org", "third@example.com", "second@example.com"] == [
        item["email"] for item in edit.after
    ]
    assert edit.before == listed(theirs, "emails")


def test_new_ids_are_no_change():
    """The service may give new ids to items that nobody touched."""
    ours = change_of(ANN, phones=listed(ANN, "phones")[:1])
    renamed = later(phones=[{**each, "id": f"new-{each['id']}"} for each in PHONES])
    (edit,) = carry(ours, renamed).edits
    assert ["new-p1"] == [item["id"] for item in edit.after]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (PHONES[:1], [PHONES[0], {**PHONES[1], "phone": "555-0199"}]),
        ([PHONES[0], {**PHONES[1], "phone": "555-0199"}], PHONES[:1]),
        (
            [PHONES[0], {**PHONES[1], "phone": "555-0199"}],
            [PHONES[0], {**PHONES[1], "phone": "555-0198"}],
        ),
        (PHONES[:1], [PHONES[0], {**PHONES[1], "id": "other", "phone": "555-0199"}]),
        ([], [{**PHONES[0], "id": "x", "phone": "555-0199"}]),
    ],
    ids=["removed, edited", "edited, removed", "edited twice", "removed, edited, new id",
         "all removed, replaced"],
)  # fmt: skip
def test_one_item_that_both_touched_is_for_a_person(ours, theirs):
    """An edit against a removal, or two edits of one item, are never joined."""
    flat = tuple(wire.flat_item(fields.LISTS["phones"], each["id"], each) for each in ours)
    clashes = carry(change_of(ANN, phones=flat or None), later(phones=theirs))
    assert ["phones"] == [each.field for each in clashes]


def test_a_primary_that_was_moved_is_moved_there_too():
    """Where they added an item; where they moved it elsewhere, a person decides."""
    one, two = listed(ANN, "phones")
    ours = change_of(ANN, phones=({**one, "primary": False}, {**two, "primary": True}))
    extra = people.phone("p9", "555-0177")
    (edit,) = carry(ours, later(phones=[*PHONES, extra])).edits
    assert ["p2"] == [item["id"] for item in edit.after if item["primary"]]
    theirs = [{**each, "primary": False} for each in PHONES] + [{**extra, "primary": True}]
    assert ["phones"] == [each.field for each in carry(ours, later(phones=theirs))]


PHONE = {"phone": "555-0100", "tag": "MOBILE", "countryCode": "US"}
OTHER = {"phone": "555-0199", "tag": "HOME", "countryCode": "US"}


def with_phones(*phones, revision):
    """Return a contact with these phones, the first of them primary, under ids of this revision."""
    document = people.ann(revision=revision)
    document["info"]["phones"] = {
        "items": [
            {"id": f"{n}-of-{revision}", **each, "primary": n == 0} for n, each in enumerate(phones)
        ]
    }
    return document


def change_of_phones(was, *phones):
    """Return a change of somebody's phones to these; what was there keeps its id."""
    kept = {each["phone"]: each for each in listed(was, "phones")}
    wanted = [{**kept.get(each["phone"], {}), **each} for each in phones]
    return change_of(was, phones=merge.settle("phones", listed(was, "phones"), wanted))


def numbers(change):
    """Return the phones that a carried change writes."""
    (edit,) = change.edits
    return [(each["phone"], each["tag"]) for each in edit.after]


KEPT = {"phone": "555-0111", "tag": "MAIN", "countryCode": "US"}


@pytest.mark.parametrize("spelled", ["555-0100", "(555) 01-00", "555 0100"])
def test_a_number_is_removed_however_it_is_spelled_by_then(spelled):
    """Under a new id, and spelled otherwise by the service, it is still the number to remove."""
    was = with_phones(KEPT, PHONE, revision=11)
    planned = change_of_phones(was, KEPT, OTHER)
    carried = carry(planned, with_phones(KEPT, {**PHONE, "phone": spelled}, revision=LATER))
    assert [("555-0111", "MAIN"), ("555-0199", "HOME")] == numbers(carried)


def test_a_removal_is_not_dropped_because_they_tagged_what_is_removed():
    """They have changed what we remove: that is for a person, under any id."""
    was = with_phones(KEPT, PHONE, revision=11)
    planned = change_of_phones(was, KEPT, OTHER)
    held = with_phones(KEPT, {**PHONE, "phone": "555 0100", "tag": "WORK"}, revision=LATER)
    (clash,) = carry(planned, held)
    assert "phones" == clash.field


def test_mere_spelling_is_carried_over_another_field():
    """That the number is the same to the service does not make it look as was wanted."""
    was = with_phones(PHONE, revision=11)
    tidied = {**listed(was, "phones")[0], "phone": "555 0100"}
    planned = change_of(was, phones=(tidied,))
    held = with_phones(PHONE, revision=LATER)
    held["info"]["jobTitle"] = "Chef"
    carried = carry(planned, held)
    assert [("555 0100", "MOBILE")] == numbers(carried)


def test_mere_spelling_that_both_changed_is_for_a_person():
    """Neither of the two is what the other wanted to see."""
    was = with_phones(PHONE, revision=11)
    planned = change_of(was, phones=({**listed(was, "phones")[0], "phone": "555 0100"},))
    (clash,) = carry(planned, with_phones({**PHONE, "phone": "(555) 0100"}, revision=LATER))
    assert "phones" == clash.field


def test_a_number_that_both_added_under_different_tags_is_for_a_person():
    """It is one number, and would otherwise stand there twice."""
    was = with_phones(PHONE, revision=11)
    planned = change_of_phones(was, PHONE, OTHER)
    (clash,) = carry(planned, with_phones(PHONE, {**OTHER, "tag": "WORK"}, revision=LATER))
    assert "phones" == clash.field


def test_a_number_that_they_added_once_more_is_for_a_person():
    """Taken away once it would still stand there, which is not what was shown."""
    was = with_phones(KEPT, PHONE, revision=11)
    planned = change_of_phones(was, KEPT)
    again = {**PHONE, "phone": "555 0100"}
    (clash,) = carry(planned, with_phones(KEPT, PHONE, again, revision=LATER))
    assert "phones" == clash.field


def test_a_second_copy_of_a_number_that_they_removed_is_for_a_person():
    """It was to stand there twice, and would once."""
    was = with_phones(KEPT, PHONE, revision=11)
    copies = (*listed(was, "phones"), {**PHONE, "primary": False})
    planned = change_of(was, phones=merge.settle("phones", listed(was, "phones"), copies))
    assert 3 == len(planned.edits[0].after)
    (clash,) = carry(planned, with_phones(KEPT, revision=LATER))
    assert "phones" == clash.field


def test_labels_are_joined():
    """Theirs stay, ours come and go as they were shown."""
    ours = change_of(ANN, labelKeys=("custom.press",))
    (edit,) = carry(ours, later(labelKeys=["custom.vip", "contacts.contacted-me"])).edits
    assert {"custom.press", "contacts.contacted-me"} == set(edit.after)


def test_custom_fields_are_one_by_one():
    """Another key does not matter, the same one does."""
    ours = change_of(ANN, **{"custom.nickname": "Nan"})
    other = later(extendedFields={"items": {"custom.nickname": "Annie", "custom.score": 9}})
    assert isinstance(carry(ours, other), Change)
    same = later(extendedFields={"items": {"custom.nickname": "Annabel"}})
    assert ["custom.nickname"] == [each.field for each in carry(ours, same)]


# -- always ---------------------------------------------------------------------------------

ADDRESSES = [f"{name}@example.com" for name in ("one", "two", "three", "four")]
LABELS = ("custom.vip", "custom.press", "contacts.contacted-me")


@st.composite
def versions(draw):
    """Draw three versions of one contact: base, ours and theirs, each with own item ids."""

    def version(prefix, start):
        info = dict(start)
        for name in draw(st.sets(st.sampled_from(("company", "jobTitle", "labels", "mails")))):
            if name == "labels":
                info[name] = draw(st.frozensets(st.sampled_from(LABELS)))
            elif name == "mails":
                kept = draw(st.sets(st.sampled_from(ADDRESSES[1:])))
                info[name] = ("main@example.com", *sorted(kept))
            else:
                info[name] = draw(st.sampled_from(("Old", "New", "Other", None)))
        return prefix, info

    start = {"company": "Old", "jobTitle": "Old", "labels": frozenset(LABELS[:1]),
             "mails": ("main@example.com", ADDRESSES[0])}  # fmt: skip
    renamed = draw(st.booleans())
    return [("a", start), version("a", start), version("b" if renamed else "a", start)]


def document_of(prefix, info, revision):
    """Return a version as the service shows it."""
    mails = [
        people.email(f"{prefix}-{mail}", mail, primary=mail == "main@example.com")
        for mail in info["mails"]
    ]
    members = {name: info[name] for name in ("company", "jobTitle") if info[name]}
    return people.person(
        people.ANN, revision, emails=mails, labelKeys=sorted(info["labels"]), **members
    )


def atoms(info):
    """Return everything that one side can touch by itself."""
    return (
        {(name, info[name]) for name in ("company", "jobTitle")}
        | {("label", key) for key in info["labels"]}
        | {("mail", mail) for mail in info["mails"]}
    )


@given(versions())
def test_what_is_carried_is_theirs_and_ours_and_nothing_else(drawn):
    """Whatever both sides did: the result is theirs with our edits, or a person decides."""
    (base_ids, base), (_, ours), (their_ids, theirs) = drawn
    start = document_of(base_ids, base, 7)
    wanted = wire.values(document_of(base_ids, ours, 7))
    own = wire.values(start)
    edits = tuple(
        Edit(name, own.get(name), merge.settle(name, own.get(name), wanted.get(name)))
        for name in ("company", "emails", "jobTitle", "labelKeys")
        if not merge.same(name, own.get(name), wanted.get(name))
    )
    change = Change(people.ANN, 7, edits, own)
    carried = carry(change, document_of(their_ids, theirs, LATER))

    scalars = ("company", "jobTitle")
    twice = [
        name for name in scalars
        if base[name] not in (ours[name], theirs[name]) and ours[name] != theirs[name]
    ]  # fmt: skip
    if not isinstance(carried, Change):
        assert {each.field for each in carried} >= set(twice)
        return
    assert [] == twice
    after = wire.values(document_of(their_ids, theirs, LATER)) | {
        edit.field: edit.after for edit in carried.edits
    }
    got = {
        "company": after.get("company"),
        "jobTitle": after.get("jobTitle"),
        "labels": frozenset(after.get("labelKeys") or ()),
        "mails": tuple(item["email"] for item in after.get("emails") or ()),
    }
    gone, new = atoms(base) - atoms(ours), atoms(ours) - atoms(base)
    assert Counter((atoms(theirs) - gone) | new) == Counter(atoms(got))
