"""Duplicates: who is probably one person and why, who is not, and what can be done with groups."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import contacttools as ct
from contacttools.matching.groups import folded


def person(contact_id, first="", last="", **more):
    """Return a contact of a name, with e-mails, phones, a street, a birthdate or a company."""
    info = {"name": {k: v for k, v in (("first", first), ("last", last)) if v}}
    for kind, key in (("emails", "email"), ("phones", "phone")):
        if kind in more:
            items = [
                {"id": f"{contact_id}-{kind}{n}", "tag": "MAIN", key: value, "primary": n == 0}
                for n, value in enumerate(more.pop(kind))
            ]
            info[kind] = {"items": items}
    if "street" in more:
        place = {"addressLine": more.pop("street"), "city": "Springfield", "postalCode": "62701"}
        home = {"id": f"{contact_id}-home", "tag": "HOME", "address": {**place, "country": "US"}}
        info["addresses"] = {"items": [home]}
    return {"id": contact_id, "revision": 1, "info": {**info, **more}}


def strangers(n):
    """Return people who have nothing in common but what chance gives them."""
    firsts = (
        "Amy", "Ben", "Carla", "Dirk", "Elsa", "Finn", "Gina", "Hugo", "Ines", "Jonas", "Karla",
        "Luis", "Mona", "Nils", "Olga",
    )  # fmt: skip
    lasts = (
        "Abelrod",
        "Brinkhof",
        "Castelo",
        "Dornwell",
        "Eisfeld",
        "Farrowby",
        "Gutm",
        "Hallberg",
    )
    return [
        person(
            f"s{n}", firsts[n % 15], lasts[(n * 7 // 3) % 8] + "abcdefghij"[n // 12 % 10],
            emails=[f"stranger.{n}@example.net"], phones=[f"+1 212 555 {1000 + n}"],
        )
        for n in range(n)
    ]  # fmt: skip


def among(*people, crowd=120):
    """Return contacts: these, among strangers."""
    when = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)
    return ct.Contacts([*people, *strangers(crowd)], site_id="site", fetched_at=when)


def found(contacts, threshold=None):
    """Return the groups as sets of ids."""
    return {frozenset(each) for each in ct.duplicates(contacts, threshold).groups()["contactIds"]}


ANN = {"emails": ["ann.larkspur@example.com"], "phones": ["212-555-0101"]}


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        (person("a", "Ann", "Larkspur", **ANN),
         person("b", "ANN", "larkspur ", **ANN), "same e-mail"),
        (person("a", "Ann", "Larkspur", **ANN),
         person("b", "Ann", "Larkspur", phones=["+12125550101"]), "same phone"),
        (person("a", "Ann", "Larkspur", **ANN),
         person("b", "Larkspur", "Ann", phones=["+12125550101"]), "first and last name swapped"),
        (person("a", "Robert", "Larkspur", **ANN),
         person("b", "Bob", "Larkspur", phones=["(212) 555-0101"]), "first name is a short form"),
        (person("a", "Wilma", "Larkspur", **ANN),
         person("b", "Wilma", "Larkspor", phones=["2125550101"]),
         "last names differ in one letter"),
        (person("a", "Ann", "Larkspur", birthdate="1980-03-04", street="12 Elm Street"),
         person("b", "Ann", "Larkspur", birthdate="1980-04-03", street="12 Elm Stret"),
         "birthdates with day and month swapped"),
        (person("a", "Ann Larkspur", **ANN),
         person("b", "Ann", "Larkspur", **ANN), "same last name"),
        (person("a", "Ann", "Larkspur", **ANN),
         person("b", emails=["Ann.Larkspur@Example.COM"]), "same e-mail"),
        (person("a", "Ann", "Larkspur", emails=["x.ann@example.com", *ANN["emails"]]),
         person("b", "Ann", "Larkspur", emails=["y.ann@example.com", *ANN["emails"]]),
         "same e-mail"),
    ],
)  # fmt: skip
def test_one_person_twice_is_found_and_the_reason_is_said(one, other, reason):
    """By what is the same, and by what is nearly the same."""
    pairs = ct.duplicates(among(one, other))
    assert [("a", "b")] == [(each.one, each.other) for each in pairs]
    assert reason in pairs.to_frame()["reasons"][0]


FAMILY = {"phones": ["+1 212 555 0199"], "street": "7 Mill Road"}
OFFICE = {"phones": ["+1 212 555 0100"], "street": "1 Harbor Drive", "company": "Quay Ltd"}


@pytest.mark.parametrize(
    "people",
    [
        [person(f"f{n}", first, "Larkspur", **FAMILY)
         for n, first in enumerate(("John", "Mary", "Peter", "Daniel", "Daniela"))],
        [person("a", "John", "Larkspur", emails=["home@larkspur.example"], **FAMILY),
         person("b", "Mary", "Larkspur", emails=["home@larkspur.example"], **FAMILY)],
        [person(f"o{n}", first, last, **OFFICE) for n, (first, last) in enumerate(
            (("Ann", "Moss"), ("Ann", "Reed"), ("Carl", "Moss"), ("Ed", "Vane")))],
        [person(f"i{n}", first, last, emails=["info@quay.example"]) for n, (first, last) in
         enumerate((("Ann", "Moss"), ("Bo", "Reed"), ("Carl", "Ash"), ("", ""), ("", "")))],
        [person(f"j{n:02}", "John", "Smith", emails=[f"smith{n}@example.org"]) for n in range(40)],
        [person("a", "Ann", "Larkspur"), person("b", "Ann", "Larkspur")],
        [person("a", phones=["212-555-0101"]), person("b", "Ann", "Larkspur", **ANN)],
        [person("a", "Karl", "Vane", birthdate="1950-01-02", phones=["212-555-0177"]),
         person("b", "Karla", "Vane", birthdate="1953-09-17", phones=["212-555-0177"])],
    ],
    ids=["family", "mailbox", "office", "info", "forty Smiths", "a name", "a phone", "couple"],
)  # fmt: skip
def test_what_people_share_makes_them_no_one_person(people):
    """A phone, a mailbox, an address, a company or a name."""
    assert set() == found(among(*people))


def test_strangers_are_left_alone_however_low_the_threshold():
    """Where two are surely different people no threshold brings them together."""
    family = [person(f"f{n}", name, "Larkspur", **FAMILY) for n, name in enumerate(("Jo", "Mary"))]
    assert not {frozenset({"f0", "f1"})} & found(among(*family), 0.0)


def test_one_who_might_be_either_of_two_goes_to_one_of_them():
    """John and Mary have one phone; a contact without a first name does not make them one."""
    john = person("a", "John", "Larkspur", emails=["john.larkspur@example.com"], **FAMILY)
    mary = person("b", "Mary", "Larkspur", emails=["mary.larkspur@example.com"], **FAMILY)
    either = person("c", "", "Larkspur", **FAMILY)
    groups = found(among(john, mary, either))
    assert all(not {"a", "b"} <= each for each in groups)


def test_a_group_is_every_two_of_it():
    """Also those two that have nothing in common but a third."""
    one = person("a", "Ann", "Larkspur", emails=["ann@larkspur.example"])
    two = person("b", "Ann", "Larkspur", emails=["ann@larkspur.example"], phones=ANN["phones"])
    three = person("c", "Ann", "Larkspur", phones=ANN["phones"])
    pairs = ct.duplicates(among(one, two, three))
    assert {frozenset("abc")} == found(among(one, two, three))
    frame = pairs.to_frame()
    assert [("a", "b"), ("a", "c"), ("b", "c")] == sorted(
        zip(frame["contactIdA"], frame["contactIdB"], strict=True)
    )
    assert {0} == set(frame["group"])
    assert ["contactIdA", "contactIdB", "score", "reasons", "group"] == frame.columns.tolist()


@pytest.fixture(scope="module")
def two_groups():
    """Return two groups, one of three and one of two."""
    reed = {"emails": ["cy.reed@example.org"], "phones": ["212-555-0144"]}
    return ct.duplicates(
        among(
            *(person(each, "Ann", "Larkspur", **ANN) for each in "abc"),
            *(person(each, "Cyrus", "Reed", **reed) for each in "de"),
        )
    )


def test_members_and_groups_can_be_left_out(two_groups):
    """The others keep their numbers; the first object stays as it was."""
    frame = two_groups.groups().set_index("contactIds")["group"]
    trio, duo = frame["a", "b", "c"], frame["d", "e"]
    assert [("b", "c")] == [(p.one, p.other) for p in two_groups.without(["a", "d"])]
    assert {trio} == set(two_groups.without("d").to_frame()["group"])
    assert {duo} == set(two_groups.only(duo).to_frame()["group"])
    assert {trio, duo} == set(two_groups.only([trio, duo]).to_frame()["group"])
    assert 4 == len(two_groups)
    assert 0 == len(two_groups.only([]))


def test_two_contacts_are_shown_side_by_side(two_groups):
    """Field by field, with what each says and how much."""
    shown = two_groups.pair("a", "b").set_index("field")
    assert ["valueA", "valueB", "says", "weight"] == shown.columns.tolist()
    assert "ann.larkspur@example.com" == shown.loc["emails", "valueA"]
    assert "same e-mail (as 1 more has)" == shown.loc["emails", "says"]
    assert (shown["weight"] > 0).all()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda d: d.without("nobody"), ct.UnknownContact, "no group has contact 'nobody'"),
        (lambda d: d.only(99), ct.BadValue, "no group 99"),
        (lambda d: d.pair("a", "d"), ct.UnknownContact, "are no pair"),
        (lambda _: ct.duplicates("contacts"), ct.BadValue, "not of a str"),
        (lambda _: ct.duplicates(among(), 2), ct.BadValue, "from 0 to 1, not 2"),
        (lambda _: ct.duplicates(among(), True), ct.BadValue, "not True"),  # noqa: FBT003
        (lambda _: ct.duplicates(among(), float("nan")), ct.BadValue, "not nan"),
    ],
)
def test_what_cannot_be_is_said(two_groups, call, error, words):
    """With the next step."""
    with pytest.raises(error, match=words):
        call(two_groups)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_contacts_are_enough(n):
    """Of none there are no duplicates; two who are one are found among two."""
    people = [person(each, "Ann", "Larkspur", **ANN) for each in "ab"][:n]
    pairs = ct.duplicates(among(*people, crowd=0))
    assert (n == 2) == bool(len(pairs))
    assert ["int64"] == [str(pairs.to_frame().dtypes["group"])]
    assert repr(pairs).startswith("<Duplicates: ")


def test_of_a_stage_it_is_as_staged():
    """What was put right on the stage is found before anything is written."""
    stage = ct.Stage(among(person("a", "Ann", "Larkspur", **ANN), person("b", "Ann", "Larkspur")))
    assert 0 == len(ct.duplicates(stage))
    stage.add("b", "emails", {"email": "ann.larkspur@example.com", "tag": "MAIN"})
    assert 1 == len(ct.duplicates(stage))


def test_the_order_of_contacts_changes_no_group():
    """Nor any score."""
    people = [person(each, "Ann", "Larkspur", **ANN) for each in "abc"] + strangers(60)
    when = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)
    there, back = (
        ct.Contacts(each, site_id=None, fetched_at=when) for each in (people, people[::-1])
    )
    assert found(there) == found(back) == {frozenset("abc")}


def test_hostile_text_is_shown_and_never_run():
    """In a notebook and in text."""
    evil = "<script>alert(1)</script>"
    pairs = ct.duplicates(among(*(person(each, evil, "Mo\u202ess", **ANN) for each in "ab")))
    assert 1 == len(pairs)
    assert "<script>" not in pairs._repr_html_()
    assert "\u202e" not in repr(pairs) + pairs._repr_html_()


@pytest.mark.parametrize("n", [61, 200])
def test_a_block_that_is_too_large_is_said(n):
    """All have one address: most pairs are not compared, and the object says how many."""
    crowd = [
        person(
            f"c{k}", f"F{chr(97 + k % 26)}{chr(97 + k // 26)}x", f"L{k:03}", street="1 Elm Street"
        )
        for k in range(n)
    ]
    pairs = ct.duplicates(among(*crowd, crowd=0))
    assert pairs.left_out["address"] > 0
    assert "too many have the same address" in repr(pairs)


@pytest.mark.parametrize(("between", "groups"), [(0.9, [[0, 1, 2]]), (0.0, [[0, 1]])])
def test_those_who_hang_together_are_compared_before_they_are_one(between, groups):
    """A is B and B is C: whether C joins depends on A and C, which no pass had put together."""
    one, other = np.array([0, 1]), np.array([1, 2])
    asked = []

    def rescore(left, right):
        asked.append((left.tolist(), right.tolist()))
        return np.full(len(left), between)

    assert groups == folded(one, other, np.array([0.99, 0.9]), 0.5, rescore)
    assert [([0], [2])] == asked


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda pair: pair[0] < pair[1]),
        st.sampled_from([0.0, 0.2, 0.5, 0.9, 0.999]),
    )
)
def test_groups_never_share_a_member_nor_are_made_of_those_who_differ(scores):
    """And in each group, what speaks for it outweighs what speaks against it."""
    pairs = sorted(scores)
    one, other = (np.array([each[side] for each in pairs], dtype=np.int64) for side in (0, 1))
    score = np.array([scores[each] for each in pairs])
    groups = folded(one, other, score, 0.5, lambda left, _: np.zeros(len(left)))
    members = [member for each in groups for member in each]
    assert len(members) == len(set(members))
    for each in groups:
        inside = [scores.get((a, b), 0.0) for n, a in enumerate(each) for b in each[n + 1 :]]
        assert sum(value >= 0.5 for value in inside) >= len(each) - 1
        assert len(each) > 2 or inside[0] >= 0.5


@pytest.fixture(scope="module")
def invented():
    """Return the sandbox's people, and their duplicates."""
    contacts = ct.connect().fetch(limit=500)
    return contacts, ct.duplicates(contacts)


def test_of_the_sandboxs_people_those_with_one_name_and_one_mailbox_are_found(invented):
    """However either is written, and no group is a crowd."""
    contacts, pairs = invented
    table = contacts.to_frame("emails").merge(
        contacts.to_frame()[["name.first", "name.last"]], left_on="contactId", right_index=True
    )
    for column in ("email", "name.first", "name.last"):
        table[column] = table[column].str.strip().str.casefold()
    table = table.dropna(subset=["email", "name.first", "name.last"])
    same = table.groupby(["email", "name.first", "name.last"])["contactId"].agg(frozenset)
    expected = [each for each in same if len(each) > 1]
    groups = [set(each) for each in pairs.groups()["contactIds"]]
    assert expected
    assert all(any(each <= group for group in groups) for each in expected)
    assert max(map(len, groups)) <= 6


def test_the_same_contacts_give_the_same_pairs(invented):
    """What is taken by chance is the same each time."""
    contacts, pairs = invented
    assert pairs.to_frame().equals(ct.duplicates(contacts).to_frame())


STREETS = ("Alder", "Brook", "Cinder", "Dove", "Ember", "Fjord", "Gravel", "Hazel", "Ivory",
           "Jasper", "Kettle", "Lumen")  # fmt: skip


def families(born):
    """Return sixty households of two with different first names, and when each was born."""
    firsts = ("Amy", "Ben", "Carla", "Dirk", "Elsa", "Finn", "Gina", "Hugo", "Ines", "Jonas")
    return [
        person(
            f"h{n}-{k}", firsts[(n + 3 * k) % 10], f"{chr(65 + n % 26)}orn{chr(97 + n // 26)}well",
            birthdate=born(n, k), street=f"{n + 1} {STREETS[n % 12]}{STREETS[-1 - n // 12]} Road",
        )
        for n in range(60)
        for k in range(2)
    ]  # fmt: skip


def test_birthdates_tell_whether_a_list_has_families():
    """One address, other first names: born on other days they are families, else one person."""
    apart = families(lambda n, k: f"{1940 + n}-0{1 + 4 * k}-1{k}")
    assert set() == found(among(*apart, crowd=0))
    alike = families(lambda n, _: f"{1940 + n}-03-1{n % 10}")
    alike += [
        person("x", "Amy", "Zornwell", street="99 Zest Way"),
        person("y", "Otto", "Zornwell", street="99 Zest Way"),
    ]
    assert frozenset("xy") in found(among(*alike, crowd=0))
    assert frozenset("xy") not in found(among(*alike[-2:], *apart, crowd=0))


def test_generations_with_one_name_and_one_telephone_are_not_one_person():
    """Father and son, born on other days: nothing that a family shares makes them one."""
    home = {"phones": ["+1 202-555-0111"], "street": "9 Oak Road"}
    both = [
        person("father", "John", "Miller", birthdate="1950-01-02", **home),
        person("son", "John", "Miller", birthdate="1980-03-14", **home),
    ]
    assert set() == found(among(*both))
    mail = [{**each, "info": {**each["info"]}} for each in both]
    for each in mail:
        items = [{"id": f"{each['id']}-m", "email": "john.miller@example.org", "primary": True}]
        each["info"]["emails"] = {"items": items}
    assert {frozenset({"father", "son"})} == found(among(*mail))


def test_those_who_were_kept_apart_are_told_as_pairs_are():
    """An initial that may be one of two: the pair that is no group has its score and reasons."""
    family = [
        person(f"o{n}", first, "Oakenfield", phones=["+1 212 555 0187"])
        for n, first in enumerate(["Marguerite", "Matthias", "M."])
    ]
    pairs = ct.duplicates(among(*family))
    apart = pairs.to_frame(apart=True)
    assert [(each.one, each.other) for each in pairs.apart] == list(
        zip(apart["contactIdA"], apart["contactIdB"], strict=True)
    )
    assert 1 == len(apart)
    assert "same last name" in apart["reasons"].item()
    assert [-1] == apart["group"].tolist()
