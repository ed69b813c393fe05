"""Match: lists of people without ids, brought together with contacts, and never by a guess."""

import csv

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from people_builder import ANN, BOB, CAT, ann, bob, cat, documents, email, person, phone, snapshot

import contacttools as ct
from contacttools.auditing.fixes import Proposes

DASHBOARD = [
    "First Name", "Last Name", "Email 1", "Email 2", "Phone 1", "Phone 2", "Address 1 - Type",
    "Address 1 - Street", "Address 1 - Street Line 2", "Address 1 - City",
    "Address 1 - State/Region", "Address 1 - Zip", "Address 1 - Country", "Company", "Labels",
    "Created At (UTC+0)", "Email subscriber status", "SMS subscriber status", "Last Activity",
    "Last Activity Date (UTC+0)", "Source", "Language",
]  # fmt: skip


def matched(rows, people=None, **options):
    """Match a frame of rows with Ann, Bob and Cat."""
    return ct.match(pd.DataFrame(rows), people or snapshot(), **options)


def statuses(result):
    """Say what became of each row, and which contact it is about."""
    frame = result.to_frame()
    return list(zip(frame["status"], frame["contactId"].fillna("").tolist(), strict=True))


def staged(result, people=None):
    """What the result stages."""
    stage = ct.Stage(people or snapshot())
    stage.apply(result)
    return stage.edits()


def test_an_e_mail_finds_its_contact_whatever_its_capitals_and_spaces():
    """Also one that is not the primary one."""
    result = matched({"email": [" ANN@example.COM ", "A@Example.org", "x@example.net"]})
    assert [("ambiguous", ""), ("ambiguous", ""), ("new", "")] == statuses(result)
    result = matched({"email": ["A@Example.org ", "cat@example.com"]})
    assert [("matched", ANN), ("matched", CAT)] == statuses(result)
    assert ["e-mail", "e-mail"] == result.matched["by"].tolist()


@pytest.mark.parametrize("number", ["555-0199", 5550199, 5550199.0, "(555) 0199", "555 01 99"])
def test_a_phone_finds_its_contact_by_its_digits(number):
    """However it is written, a number too, as a program makes of it."""
    result = matched({"phone": [number]})
    assert [("matched", CAT)] == statuses(result)


@pytest.mark.parametrize("number", ["+1 212-555-0100", "0012125550100", "+12125550100"])
def test_a_phone_finds_its_contact_in_e164(number):
    """The contact's own country completes its number."""
    people = snapshot(ann(phones=[phone("p1", "(212) 555-0100", primary=True)]), bob())
    assert [("matched", ANN)] == statuses(matched({"phone": [number]}, people))


def test_short_numbers_find_nobody():
    """An extension is no telephone number, and no sign of somebody new."""
    people = snapshot(ann(phones=[phone("p1", "0100", primary=True)]))
    assert [("ambiguous", "")] == statuses(matched({"phone": ["0100"]}, people))


@pytest.mark.parametrize(
    ("rows", "why", "candidates"),
    [
        (
            {"email": ["ann@example.com"], "phone": ["555-0199"]},
            "the e-mail and the phone are of different contacts",
            (ANN, CAT),
        ),
        ({"email": ["shared@example.com"]}, "several contacts have the e-mail", ("c-1", "c-2")),
        (
            {"email": ["cat@example.com"], "name.first": ["Zoe"], "name.last": ["Other"]},
            "the e-mail is of a contact of quite another name",
            (CAT,),
        ),
        (
            {"email": [None], "name.first": ["Bob"]},
            "neither an e-mail nor a phone to find the contact by",
            (BOB,),
        ),
    ],
)
def test_what_is_not_sure_is_not_decided(rows, why, candidates):
    """It says why, and who it may be; nothing of it is proposed."""
    shared = [email("s", "shared@example.com", primary=True)]
    people = snapshot(
        ann(), bob(), cat(), person("c-1", emails=shared), person("c-2", emails=shared)
    )
    result = matched(rows | {"company": ["New"]}, people)
    ((told, who),) = result.ambiguous[["why", "candidates"]].itertuples(index=False)
    assert (why, candidates) == (told, who)
    assert 0 == len(result.fixes())


def test_an_e_mail_and_a_phone_together_tell_apart_who_shares_one():
    """A family's number, and the e-mail of one of them."""
    family = [phone("p", "555-0142", primary=True)]
    people = snapshot(ann(phones=family), cat(phones=family))
    result = matched({"email": ["cat@example.com"], "phone": ["555-0142"]}, people)
    assert [("matched", CAT)] == statuses(result)
    assert [("ambiguous", "")] == statuses(matched({"phone": ["555-0142"]}, people))


@pytest.mark.parametrize(
    ("first", "last", "status"),
    [
        ("Bob", "Quill", "ambiguous"),
        ("Bob Quill", None, "ambiguous"),
        ("Daniela", "Quill", "ambiguous"),
        ("Daniel", "Quill", "matched"),
        ("Dan", "Quill", "matched"),
        ("D.", "Quill", "matched"),
        ("Danial", "Quill", "matched"),
        ("Daniel Quill", None, "matched"),
        ("Quill", "Daniel", "matched"),
        ("Daniel Otto", "Quill", "matched"),
        (None, "Quill", "matched"),
    ],
)
@pytest.mark.parametrize("reach", [{"email": ["home@example.org"]}, {"phone": ["555-0100-77"]}])
def test_another_first_name_is_another_of_the_family(first, last, status, reach):
    """Who has the e-mail or phone of somebody else is not renamed to them."""
    one = person(
        "c-1",
        name={"first": "Daniel", "last": "Quill"},
        emails=[email("e", "home@example.org", primary=True)],
        phones=[phone("p", "555 0100 77", primary=True)],
    )
    result = matched(reach | {"name.first": [first], "name.last": [last]}, snapshot(one))
    assert [status] == result.to_frame()["status"].tolist()


def test_a_letter_that_folds_into_two_is_another_mailbox():
    """Of an address only the capitals do not count."""
    people = snapshot(ann(emails=[email("e", "straße@example.org", primary=True)]))
    rows = {"email": ["Straße@example.org", "strasse@example.org"]}
    assert [("matched", ANN), ("new", "")] == statuses(matched(rows, people))


def test_headings_are_shown_as_text():
    """What a stranger's file is headed with does nothing to a terminal."""
    result = matched({"email": ["ann@example.com"], "\x1b[2J\u202e": ["x"]})
    assert "⟨U+001B⟩[2J⟨U+202E⟩" in repr(result)
    with pytest.raises(ct.BadValue, match=r"there are \S*⟨U\+001B⟩\[2J"):
        matched({"\x1b[2J": ["x"]})


def test_two_rows_of_one_contact_are_both_to_be_decided():
    """`take` decides; a contact is taken once."""
    rows = {"email": ["ann@example.com", "a@example.org"], "company": ["One Ltd", "Two Ltd"]}
    result = matched(rows)
    assert ["2 rows are about this contact"] * 2 == result.ambiguous["why"].tolist()
    decided = result.take(1, ANN)
    assert [("ambiguous", ""), ("matched", ANN)] == statuses(decided)
    assert {ANN: {"company": "Two Ltd"}} == staged(decided)
    with pytest.raises(ct.BadValue, match="row 1 is about it already"):
        decided.take(0, ANN)
    with pytest.raises(ct.BadValue, match="there is no row 7"):
        result.take(7, ANN)
    with pytest.raises(ct.UnknownContact):
        result.take(0, "c-dan")


def test_what_differs_is_staged_with_its_reason_and_a_blank_says_nothing():
    """One step, and the row it is from beside each edit."""
    rows = {
        "email": ["cat@example.com", "ann@example.com", "nobody@example.com"],
        "company": ["Cat Ltd", "", "Other"],
        "name.first": ["Cat", None, "Dan"],
        "jobTitle": [float("nan"), "Librarian", "x"],
        "custom.score": ["3", 5, None],
    }
    result = matched(rows)
    assert isinstance(result, Proposes)
    stage = ct.Stage(snapshot())
    stage.apply(result)
    assert {CAT: {"company": "Cat Ltd", "custom.score": 3}} == stage.edits()
    reasons = {edit.reason for change in stage.plan().changes for edit in change.edits}
    assert {"from a DataFrame, row 0"} == reasons
    assert stage.undo()
    assert not stage.edits()
    assert [2, 0] == result.matched["differs"].tolist()


def test_e_mails_and_phones_are_filled_in_and_never_replaced():
    """A contact that has others keeps them, and a note says so."""
    people = snapshot(ann(phones=[]), cat())
    rows = {"email": ["ann@example.com", "other@example.com"], "phone": ["555-0123", "555-0199"]}
    result = matched(rows, people)
    notes = ["", "has another e-mail than the contact, which was not taken"]
    assert notes == result.matched["note"].fillna("").tolist()
    stage = ct.Stage(people)
    stage.apply(result)
    assert "555-0123" == stage.to_frame().loc[ANN, "phone"]
    assert [ANN] == list(stage.edits())


def test_labels_are_added_by_name_and_none_is_taken_away():
    """One that the site has not is refused when it is staged, by name."""
    rows = {"email": ["ann@example.com", "cat@example.com"], "Labels": ["Press", "vip; Press"]}
    expected = {
        ANN: {"labelKeys": ("custom.vip", "custom.press")},
        CAT: {"labelKeys": ("custom.vip", "custom.press")},
    }
    assert expected == staged(matched(rows))
    result = matched({"email": ["ann@example.com"], "Labels": ["Nowhere"]})
    told = ct.Stage(snapshot()).apply(result, errors="collect")
    assert "there is no label 'Nowhere'" in told["why"].iloc[0]


def test_the_export_of_the_dashboard_is_known(tmp_path):
    """Its headings as they are; what is not read is said."""
    path = tmp_path / "contacts.csv"
    row = dict.fromkeys(DASHBOARD, "")
    rows = [
        row | {"First Name": "Ann", "Last Name": "Example", "Email 2": "ann@example.com",
               "Email 1": "a@example.org", "Company": "New Ltd", "Address 1 - City": "Town"},
        row | {"First Name": "Catherine", "Last Name": "Sample", "Phone 2": "(555) 0199",
               "Labels": "VIP"},
        row | {"First Name": "Dan", "Last Name": "New", "Email 1": "dan@example.com"},
    ]  # fmt: skip
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, DASHBOARD)
        writer.writeheader()
        writer.writerows(rows)
    result = ct.match(path, snapshot())
    assert [("matched", ANN), ("matched", CAT), ("new", "")] == statuses(result)
    assert [2, 3, 4] == result.to_frame()["row"].tolist()
    assert {
        ANN: {"company": "New Ltd"},
        CAT: {"name.first": "Catherine", "labelKeys": ("custom.vip",)},
    } == staged(result)
    assert {"Address 1 - City", "Source", "Language"} <= set(result.ignored)
    assert "Dan" == result.new["name.first"].iloc[0]
    assert "3 rows, 2 matched, 0 ambiguous, 1 new" in repr(result)
    assert "dan@example.com" not in repr(result)


def test_any_headings_are_told_in_a_workbook_too(tmp_path):
    """Formulas and impossible values are noted, and the rest of the row is taken."""
    path = tmp_path / "list.xlsx"
    book = Workbook()
    book.active.append(["Vorname", "Mail", "Firma", "geboren", "Notiz"])
    book.active.append(["Ann", "ann@example.com", "=A1", "1991-01-02", "x"])
    book.active.append(["Cat", "cat@example.com", "Cat Ltd", "2. 1. 91", None])
    book.save(path)
    meaning = {"Vorname": "name.first", "Mail": "email", "Firma": "company", "geboren": "birthdate"}
    result = ct.match(path, ct.Stage(snapshot()), columns=meaning)
    assert {ANN: {"birthdate": "1991-01-02"}, CAT: {"company": "Cat Ltd"}} == staged(result)
    first, second = result.matched["note"]
    assert "company holds a formula" in first
    assert "birthdate is not a date" in second
    assert ("Notiz",) == result.ignored
    assert "from list.xlsx, row 2" == next(iter(result.fixes())).reason


@pytest.mark.parametrize(
    ("columns", "error", "words"),
    [
        ({"Mial": "email"}, ct.UnknownField, "no heading 'Mial'; did you mean 'Mail'"),
        ({"Mail": "emial"}, ct.UnknownField, "did you mean email"),
        ({"Mail": "createdDate"}, ct.ReadOnlyField, "set by the service"),
        ({"Mail": "company"}, ct.BadValue, "'Mail' and 'company' both mean company"),
        (None, ct.BadValue, "no heading is that of an e-mail or a phone"),
    ],
    ids=["heading", "column", "owned", "twice", "none"],
)
def test_headings_that_mean_nothing_are_named(columns, error, words):
    """With the nearest, or what to say."""
    with pytest.raises(error, match=words):
        matched({"Mail": ["ann@example.com"], "company": ["x"]}, columns=columns)


def test_what_is_staged_already_is_what_a_list_is_compared_with():
    """Of a stage, the contacts as they would be."""
    stage = ct.Stage(snapshot())
    stage.edit(CAT, {"company": "Cat Ltd"})
    rows = pd.DataFrame({"email": ["cat@example.com"], "company": ["Cat Ltd"]})
    assert 0 == len(ct.match(rows, stage).fixes())
    assert 1 == len(ct.match(rows, stage.contacts).fixes())
    with pytest.raises(ct.BadValue, match="takes Contacts or a Stage"):
        ct.match(rows, [])


def test_spaces_around_a_value_are_no_difference():
    """Of either side: programs and people put them there."""
    people = snapshot(cat(company=" Cat Ltd "))
    assert 0 == len(
        matched({"email": ["cat@example.com"], "company": ["Cat Ltd  "]}, people).fixes()
    )


@settings(max_examples=settings().max_examples // 2)
@given(documents(dirty=False), st.randoms(use_true_random=False))
def test_a_list_made_of_the_contacts_says_nothing_new(people, chance):
    """Their own rows in any order: each is found or to be decided, and nothing is proposed."""
    contacts = snapshot(*people)
    frame = contacts.to_frame()[["name.first", "company", "email", "phone", "birthdate"]]
    order = list(range(len(frame)))
    chance.shuffle(order)
    result = ct.match(frame.iloc[order], contacts)
    assert len(frame) == len(result)
    assert {"matched", "ambiguous"} >= set(result.to_frame()["status"])
    assert 0 == len(result.fixes())


def test_over_the_service_a_list_becomes_a_plan():
    """Half of the people known, half of them new, as they are on the sandbox."""
    contacts = ct.connect().fetch(limit=60)
    frame = contacts.to_frame().dropna(subset="email")
    mine = frame[~frame["email"].str.casefold().duplicated(keep=False)].iloc[:10]
    rows = pd.DataFrame({
        "email": [*mine["email"].str.upper(), *(f"new{n}@example.net" for n in range(10))],
        "jobTitle": "Gardener",
    })  # fmt: skip
    result = ct.match(rows, contacts)
    assert 10 == len(result.new)
    stage = ct.Stage(contacts)
    stage.apply(result)
    assert len(result.matched[result.matched["differs"] > 0]) == len(stage.plan())
