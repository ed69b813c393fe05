"""Groups: thousands of edits folded into a few, and decided as one would decide each."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from people_builder import ANN, BOB, CAT, documents, email, person, phone, snapshot, stage

import contacttools as ct
from contacttools.planning.change import Edit
from contacttools.planning.groups import MOST, grouped
from contacttools.planning.patterns import PATTERNS, pattern_of


@pytest.mark.parametrize(
    ("before", "after", "pattern"),
    [
        ("  Quay  Sons", "Quay Sons", "spaces"),
        ("Quay\N{ZERO WIDTH SPACE}", "Quay", "spaces"),
        ("QUAY", "Quay", "capitals"),
        ("Quay Inc", "Quay, Inc.", "signs"),
        ("Zoe", "Zoë", "signs"),
        ("Copperketle", "Copperkettle", "respelled"),
        ("Ann", "Bob", "replaced"),
        ("Ann", "Ana", "replaced"),
        ("Quay", None, "cleared"),
        (None, "Quay", "filled"),
        (5, 7, "replaced"),
        ("!!", "??", "replaced"),
        ("12 MAIN STREET", "12 Main Street", "capitals"),
        ("STRASSE", "Straße", "signs"),
        ("Line\r\nline", "Line\nline", "spaces"),
    ],
)
def test_what_an_edit_does_to_a_text(before, after, pattern):
    """What is sure can be proven from the two values alone."""
    assert pattern == pattern_of(Edit("company", before, after))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Ann Lee", "AnnLee"),
        ("12 3 Main Street", "123 Main Street"),
        ("One\nTwo", "OneTwo"),
        ("\U0001f468\u200d\U0001f469", "\U0001f468\U0001f469"),
        (
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            "\u0645\u06cc\u062e\u0648\u0627\u0647\u0645",
        ),
        ("Quay", "Qu\u202eay"),
        ("Straße", "STRASSE"),
        ("\u0131rmak", "irmak"),
        ("de12aBc", "DE12ABC"),
        ("https://quay.example/aB", "https://quay.example/ab"),
        ("1.5", "15"),
        ("-100", "100"),
        ("x²", "x2"),
        ("Peña", "Pena"),
        ("C++", "C"),
    ],
)
def test_what_may_mean_something_else_is_not_sure(before, after):
    """Joined words, joiners of a script, capitals of a code, signs of a number: to be read."""
    assert "sure" != PATTERNS[pattern_of(Edit("company", before, after))][1]


@pytest.mark.parametrize(
    ("before", "after"),
    [("ann.lee@x.org", "annlee@x.org"), ("a+b@x.org", "ab@x.org"), ("a@xy.org", "a@x.y.org")],
)
def test_every_sign_of_an_address_counts(before, after):
    """Another mailbox is another person's."""
    old, new = (({"id": "e1", "email": each, "primary": True},) for each in (before, after))
    assert "respelled" == pattern_of(Edit("emails", old, new))


@pytest.mark.parametrize(
    ("before", "after", "pattern"),
    [
        ("0171 555", "171 555", "replaced"),
        ("0123456789", "+123456789", "replaced"),
        ("+41 79 1234567", "041 79 1234567", "replaced"),
        ("+41 79 1234567", "41791234567", "replaced"),
        ("+44 20 123456", "+1 4420123456", "replaced"),
        ("1-800-QUAYS", "1-800", "replaced"),
        ("555 1234 ext 5", "555 12345", "replaced"),
        ("123456", "+1 999 123456", "replaced"),
        ("0041 79 1234567", "+41791234567", "dialled"),
        ("030 123456", "+49 30 123456", "dialled"),
        ("41791234567", "+41791234567", "dialled"),
        ("+41 (79) 123-45-67", "+41791234567", "reformatted"),
        ("1-800-quays", "1800QUAYS", "reformatted"),
        ("tel: 0221 4710 933", "+492214710933", "dialled"),
    ],
)
def test_a_phone_is_the_same_only_with_its_zeros_its_plus_and_its_letters(before, after, pattern):
    """What rings elsewhere is no other way to write it."""
    old, new = (({"id": "p1", "phone": each, "primary": True},) for each in (before, after))
    assert pattern == pattern_of(Edit("phones", old, new))


NUMBER = {"id": "p1", "phone": "415-555-0100", "countryCode": "US", "primary": True}
OTHER = {"id": "p2", "phone": "5550199", "tag": "WORK", "primary": False}


@pytest.mark.parametrize(
    ("after", "pattern"),
    [
        (({**NUMBER, "phone": "(415) 555 0100"}, OTHER), "reformatted"),
        (({**NUMBER, "phone": "+14155550100"}, OTHER), "dialled"),
        (({**NUMBER, "phone": "415-555-0101"}, OTHER), "replaced"),
        ((NUMBER, {**OTHER, "tag": "HOME"}), "qualified"),
        ((NUMBER,), "removed"),
        ((NUMBER, OTHER, {"phone": "7", "primary": False}), "added"),
        (({**NUMBER, "primary": False}, {**OTHER, "primary": True}), "primary moves"),
        (({**NUMBER, "phone": "4155550100"}, {**OTHER, "phone": "1"}), "replaced"),
    ],
    ids=["format", "code", "digit", "tag", "less", "more", "primary", "riskiest"],
)
def test_what_an_edit_does_to_a_list(after, pattern):
    """The riskiest of what it does to its items."""
    assert pattern == pattern_of(Edit("phones", (NUMBER, OTHER), after))


def test_labels_on_and_off():
    """Taken off is riskier than put on."""
    assert "label on" == pattern_of(Edit("labelKeys", None, ("custom.vip",)))
    assert "label off" == pattern_of(Edit("labelKeys", ("custom.old",), ("custom.vip",)))


ANY = {"first": "Any"}


def cleaned():
    """Return a plan with sure edits, one to read and one to look at."""
    staged = stage(
        person(ANN, name=ANY, company="QUAY", emails=[email("e1", "a@x.org", primary=True)]),
        person(BOB, name=ANY, company="quay", phones=[phone("p1", "(415) 5550100")]),
        person(CAT, name=ANY, company="Otter"),
    )
    staged.apply("Quay", "company")
    staged.apply(ct.changes.replace("(415) ", "415"), "phone", table="phones")
    staged.edit(ANN, {"email": "other@x.org"})
    return staged.plan()


def test_the_riskiest_comes_first():
    """Each group says what it does, how closely to read it, how many, and shows some."""
    groups = cleaned().groups()

    assert [
        ("Company: replaced by something else", "look"),
        ("E-mails: replaced by something else", "look"),
        ("Company: capitals only", "sure"),
        ("Phones: reformatted, digits equal", "sure"),
    ] == [(each.title, each.risk) for each in groups]
    assert [1, 1, 2, 1] == groups.to_frame()["edits"].tolist()
    assert (("QUAY", "Quay"), ("quay", "Quay")) == groups[2].examples
    assert "QUAY → Quay" in repr(groups)


def test_a_group_is_left_out_or_kept():
    """As one would leave out its edits; the plan that comes has an id of its own."""
    plan = cleaned()
    groups = plan.groups()

    assert plan.without(fields=["emails", "phones"], edits=[(CAT, "company")]) == groups.only(2)
    assert plan.without(edits=groups[0].edits) == groups.without(0)
    assert plan == groups.without([])
    assert plan == groups.only(range(4))
    with pytest.raises(ct.BadValue, match="no group 4; they count from 0 to 3"):
        groups.without([1, 4])


def test_values_that_many_are_given_are_told_by_the_value():
    """In how many spellings it was: whoever reads knows what to look for."""
    names = ["Quay Ltd", "Kway & Sons", "The Quay Co", "Quays"]
    staged = stage(*(person(f"c{n}", name=ANY, company=name) for n, name in enumerate(names)))
    staged.apply("Quay & Sons", "company")
    (group,) = staged.plan().groups()
    assert "Company: 4 spellings become “Quay & Sons”" == group.title


@given(st.lists(documents(), min_size=1, max_size=8), st.data())
def test_each_edit_is_in_exactly_one_group(listed, data):
    """Whatever the edits; group decisions are the decisions of their edits."""
    contacts = snapshot(*({**each, "id": f"c{n}"} for n, (each, *_) in enumerate(listed)))
    staged = ct.Stage(contacts)
    for contact_id in contacts:
        if data.draw(st.booleans()):
            staged.edit(contact_id, {"company": data.draw(st.sampled_from(["Quay", None, "x"]))})
            staged.edit(
                contact_id, {"email": data.draw(st.sampled_from([None, f"{contact_id}@a.org"]))}
            )
    plan = staged.plan()
    groups = plan.groups()
    told = [edit for group in groups for edit in group.edits]

    assert len(told) == len(set(told))
    assert {(c.contact_id, e.field) for c in plan.changes for e in c.edits} == set(told)
    if told:
        some = data.draw(st.sets(st.sampled_from(range(len(groups)))))
        cells = [edit for number in some for edit in groups[number].edits]
        by_cell = plan.without(edits=cells) if cells else plan
        assert by_cell == groups.without(some)


def mixed(values):
    """Return values of which each is changed in another way."""
    made = (ct.normalize.text(values), values.str.title(), values.str[::-1], values + "x")
    return pd.Series([made[n % 4].iloc[n] for n in range(len(values))], index=values.index)


def test_five_thousand_mixed_changes_are_under_twenty_groups():
    """Of every field and pattern at once: what few have in common is folded together."""
    people = [
        person(
            f"c{n:04}",
            name={"first": f" name{n} ", "last": f"LAST{n}"},
            company=f"firm {n % 40} inc",
            jobTitle=f"job {n}",
            custom={"custom.nickname": f"nick {n}"},
            emails=[email("e1", f"A{n}@x.org", primary=True)],
            phones=[phone("p1", f"(415) 555{n:04}")],
        )
        for n in range(840)
    ]
    staged = stage(*people)
    for column in ("name.first", "name.last", "company", "jobTitle", "custom.nickname"):
        staged.apply(mixed, column)
    staged.apply(lambda values: values.str.lower(), "email")
    staged.apply(lambda values: values.str.replace("(", ""), "phone")
    staged.apply("Quay & Sons", "company", where=list(staged.contacts)[::3])
    staged.apply(None, "jobTitle", where=list(staged.contacts)[::5])
    plan = staged.plan()
    groups = plan.groups()

    assert 5000 < sum(len(each.edits) for each in groups)
    assert len(groups) <= MOST < 20


def test_a_plan_of_nothing_has_no_groups():
    """And shows so."""
    groups = grouped([], lambda _: None)
    assert (0, 0) == (len(groups), len(groups.to_frame()))
    assert "in 0" in repr(groups)


def test_what_is_hostile_is_shown_as_text():
    """In HTML nothing of a value is markup, and in text nothing is hidden."""
    staged = stage(
        person(ANN, name=ANY, company="<script>alert(1)</script>\N{RIGHT-TO-LEFT OVERRIDE}")
    )
    staged.apply("Quay", "company")
    groups = staged.plan().groups()
    assert "<script>" not in groups._repr_html_()
    assert "⟨U+202E⟩" in repr(groups)


def test_what_is_filled_from_another_column_is_one_group():
    """A few values are told one by one; many come from somewhere else, and are one group."""
    firsts = ["Ada", "Ben", "Cy", "Di", "Ed"]
    people = [person(f"c{n:02}", name={"first": firsts[n % 5]}) for n in range(20)]
    staged = stage(*people)
    staged.apply(ct.changes.fill("name.first"), "custom.nickname")
    (group,) = staged.plan().groups()
    assert ("filled where there was nothing", 20) == (
        group.title.partition(": ")[2], len(group.edits),
    )  # fmt: skip
    some = stage(*people[:2], *people[5:7], *people[10:12])
    some.apply(ct.changes.fill("name.first"), "custom.nickname")
    assert 2 == len(some.plan().groups())
