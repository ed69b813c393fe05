"""Merge: when two values are the same, how a list settles, and how two people's edits join."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people_builder import address, email, person, phone

from contacttools.contact import fields, merge, wire
from contacttools.contact.merge import Clash

PHONES = fields.LISTS["phones"]


def held(name, *items):
    """Items as `wire.values` gives them."""
    return wire.values(person(**{name: list(items)})).get(name)


A, B, C = (phone(f"p{n}", f"555-010{n}", primary=n == 1) for n in (1, 2, 3))
BASE = held("phones", A, B)


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("phones", BASE, BASE[::-1]),
        ("phones", BASE, tuple({**item, "id": f"new{n}"} for n, item in enumerate(BASE))),
        (
            "phones",
            held("phones", phone("1", "5", primary=None)),
            held("phones", phone("1", "5", primary=True)),
        ),
        ("phones", None, ()),
        ("labelKeys", ("a", "b"), ("b", "a")),
        ("custom.score", 5, 5.0),
    ],
)
def test_order_ids_and_an_unmarked_primary_make_no_difference(name, one, other):
    """A mere reordering is no change; the first item is primary where none is marked."""
    assert merge.same(name, one, other)


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("phones", BASE, BASE[:1]),
        ("phones", BASE, (*BASE, BASE[1])),
        ("phones", BASE, tuple({**item, "primary": not item["primary"]} for item in BASE)),
        ("phones", held("phones", phone("1", "555-0100")), held("phones", phone("1", "5550100"))),
        ("company", "Ltd", "ltd"),
        ("company", "é", "e\u0301"),
        ("company", None, ""),
        ("custom.flag", True, 1),
    ],
)
def test_every_other_difference_counts(name, one, other):
    """Repeated items are counted, text is exact, and True is not 1."""
    assert not merge.same(name, one, other)


@pytest.mark.parametrize(
    ("name", "wanted", "stored"),
    [
        ("locale", "en-US", "en-us"),
        ("custom.site", "example.com", "https://example.com"),
        (
            "phones",
            held("phones", phone("1", "6465676359")),
            held("phones", phone("9", "646-567-6359", primary=True)),
        ),
        ("phones", held("phones", phone("1", "5", tag=None)), held("phones", phone("1", "5"))),
        (
            "emails",
            held("emails", email("1", "a@EXAMPLE.com")),
            held("emails", email("1", "a@example.com")),
        ),
        (
            "addresses",
            held("addresses", address("1", subdivision="NY", country="US")),
            held("addresses", address("1", subdivision="US-NY", country="US")),
        ),
    ],
)
def test_the_services_rewriting_is_not_a_difference(name, wanted, stored):
    """Locales, schemes, phones, domains and regions are rewritten on the way in."""
    assert merge.stored_as(name, wanted, stored)


@pytest.mark.parametrize("odd", [5, True, ["x"], {"a": 1}, 1.5])
@pytest.mark.parametrize("name", ["emails", "phones", "addresses"])
def test_items_of_odd_types_compare_without_a_crash(name, odd):
    """A member that is no text is still equal to itself and to nothing else."""
    listing = fields.LISTS[name]
    item = {member.name: odd for member in listing.editable}

    assert merge.same(name, (item,), ({**item},))
    assert merge.stored_as(name, (item,), ({**item},))
    assert not merge.stored_as(name, (item,), ({**item, "tag": "OTHER"},))


# -- settling -------------------------------------------------------------------------------


@given(st.permutations(["new-1", "new-2", "p1", "p2"]))
def test_a_list_settles_alike_from_any_order(order):
    """What the base has stands first in its order; new items follow in an order of their own."""
    new = {"new-1": phone("new-1", "555-9"), "new-2": phone("new-2", "555-8")}
    items = {**{item["id"]: item for item in BASE}, **new}

    settled = merge.settle("phones", BASE, tuple(items[each] for each in order))

    assert ["555-0101", "555-0102", "555-8", "555-9"] == [item["phone"] for item in settled]
    assert ["p1", "p2", None, None] == [item.get("id") for item in settled]
    assert [True, False, False, False] == [item["primary"] for item in settled]


def test_a_removed_and_re_added_item_is_the_item_it_was():
    """An item without an id takes the id of an equal one that the base has and the list lacks."""
    again = {key: value for key, value in BASE[1].items() if key != "id"}

    assert BASE == merge.settle("phones", BASE, (BASE[0], {**again, "id": "new-7"}))


def test_a_name_for_a_place_is_never_sent():
    """An item that had no id of its own goes back without one."""
    base = held("phones", {"phone": "5", "tag": "HOME"})

    assert "#0" == base[0]["id"]
    assert ({"phone": "5", "tag": "HOME", "primary": True},) == merge.settle("phones", base, base)


def test_a_formatted_address_goes_stale_with_its_parts():
    """Carried while the item is as it was read; left out once a part has changed."""
    base = held(
        "addresses",
        address("1", city="X", formattedAddress="X"),
        address("2", city="Y", formattedAddress="Y"),
    )
    after = ({**base[0], "city": "Z"}, base[1])

    assert [None, "Y"] == [
        item.get("formattedAddress") for item in merge.settle("addresses", base, after)
    ]


def test_a_formatted_address_outlives_another_tag():
    """It is made of the parts of the address only."""
    base = held("addresses", address("1", city="X", formattedAddress="At X"))
    (settled,) = merge.settle("addresses", base, ({**base[0], "tag": "WORK"},))

    assert ("WORK", "At X") == (settled["tag"], settled.get("formattedAddress"))


@pytest.mark.parametrize(
    "now",
    [
        held(
            "addresses", address("9", city="Z", formattedAddress="Derived"), address("2", city="Y")
        ),
        held("addresses", address("1", city="Z", formattedAddress="Derived")),
        None,
    ],
    ids=["new ids", "changed", "removed"],
)
def test_a_restored_list_has_its_derived_text_again(now):
    """Whatever became of the items since, each comes back with the text that was its own."""
    before = held(
        "addresses", address("1", city="X", formattedAddress="At X"), address("2", city="Y")
    )

    assert [("X", "At X"), ("Y", None)] == sorted(
        (item["city"], item.get("formattedAddress"))
        for item in merge.restored("addresses", now, before)
    )


# -- item by item ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "kinds"),
    [
        (BASE[::-1], []),
        (BASE[:1], ["removed"]),
        ((*BASE, phone("new-1", "5")), ["added"]),
        (({**BASE[0], "tag": "FAX"}, BASE[1]), ["changed"]),
        (({**BASE[0], "primary": False}, {**BASE[1], "primary": True}), ["primary moved"]),
        (({**BASE[1], "primary": True},), ["removed", "primary moved"]),
        (None, ["removed", "removed"]),
    ],
)
def test_differences_are_told_item_by_item(after, kinds):
    """Added, removed, changed, primary moved; a reordering is nothing."""
    assert kinds == [change.kind for change in merge.item_changes("phones", BASE, after)]


# -- three ways -----------------------------------------------------------------------------


def values_of(items):
    """Numbers, and which of them is primary."""
    return [(item["phone"], item["primary"]) for item in items or ()]


def three(ours, theirs, base=BASE):
    """Ours and theirs, joined."""
    return merge.three_way("phones", base, ours, theirs)


def without(items, item_id):
    """The items less one."""
    return tuple(item for item in items if item["id"] != item_id)


def primary_at(items, item_id):
    """The items with another primary."""
    return tuple({**item, "primary": item["id"] == item_id} for item in items)


def tagged(items, item_id, tag):
    """The items, one of them with another tag."""
    return tuple({**item, "tag": tag} if item["id"] == item_id else item for item in items)


NEW, THEIR_NEW = phone("new-1", "555-0177"), phone("p7", "555-0188")


def test_edits_to_different_items_are_joined():
    """Their list, with our change at its place."""
    joined = three(tagged(BASE, "p1", "FAX"), (*tagged(BASE, "p2", "HOME"), THEIR_NEW))

    assert [("p1", "FAX"), ("p2", "HOME"), ("p7", "UNTAGGED")] == [
        (item["id"], item["tag"]) for item in joined
    ]


def test_additions_of_both_sides_are_kept():
    """Theirs stand in their order, ours after them."""
    joined = three((*BASE, NEW), (*BASE, THEIR_NEW))

    assert ["555-0101", "555-0102", "555-0188", "555-0177"] == [item["phone"] for item in joined]


def test_a_new_item_keeps_its_provisional_id_in_a_join():
    """Whoever added it can still call it by that id."""
    assert ["p1", "p2", "p7", "new-1"] == [
        item["id"] for item in three((*BASE, NEW), (*BASE, THEIR_NEW))
    ]


@pytest.mark.parametrize("others", [(), (THEIR_NEW,)])
def test_what_the_service_stored_of_ours_is_not_added_again(others):
    """After a commit the new phone comes back reformatted and under another id."""
    ours = (*BASE, phone("new-1", "6465676359"))
    theirs = (*BASE, phone("x", "646-567-6359"), *others)

    assert values_of(theirs) == values_of(three(ours, theirs))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (tagged(BASE, "p1", "FAX"), tagged(BASE, "p1", "HOME")),
        (tagged(BASE, "p1", "FAX"), without(BASE, "p1")),
        (without(BASE, "p1"), tagged(BASE, "p1", "FAX")),
        (primary_at(BASE, "p2"), without(BASE, "p2")),
        (without(BASE, "p2"), primary_at(BASE, "p2")),
    ],
)
def test_what_both_sides_touched_is_a_clash(ours, theirs):
    """The same item edited twice, edited and removed, or chosen as primary and removed."""
    assert Clash(BASE, ours, theirs) == three(ours, theirs)


def test_two_moves_of_the_primary_are_a_clash():
    """Each side chose another item."""
    base = held("phones", A, B, C)

    assert isinstance(three(primary_at(base, "p2"), primary_at(base, "p3"), base), Clash)


def test_a_primary_that_moves_between_equal_items_is_not_lost():
    """Two items with one number are still two items."""
    base = held(
        "phones", phone("1", "555", primary=True, tag="HOME"), phone("2", "555", tag="WORK")
    )

    joined = three(primary_at(base, "2"), (*base, THEIR_NEW), base)

    assert [("1", False), ("2", True), ("p7", False)] == [
        (item["id"], item["primary"]) for item in joined
    ]


@pytest.mark.parametrize("edit", [without, tagged], ids=["removed", "changed"])
def test_the_same_edit_on_both_sides_is_no_clash(edit):
    """Both removed it, or both changed it alike; they did something else besides."""
    edited = edit(BASE, "p2") if edit is without else edit(BASE, "p2", "FAX")

    assert (*edited, THEIR_NEW) == three(edited, (*edited, THEIR_NEW))


def test_our_list_takes_the_new_ids_of_the_same_items():
    """A write gives items new ids; an edit to one of them still finds it."""
    theirs = tuple({**item, "id": f"x{item['id']}"} for item in BASE)

    assert ["xp1", "xp2"] == [item["id"] for item in three(tagged(BASE, "p1", "FAX"), theirs)]


def test_items_without_ids_take_no_ids_of_others():
    """What neither side gave an id is matched by what it is, and stays as it is."""
    base = ({"email": "a@example.com", "primary": True},)
    ours = ({"email": "a@example.com", "primary": True}, {"email": "b@example.com"})
    theirs = ({"id": "1", "email": "a@example.com", "primary": True},)
    assert ours == merge.three_way("emails", base, ours, theirs)


def test_a_street_that_they_moved_to_another_town_is_not_taken_for_removed():
    """Under a new id it is still the address that we remove: a person decides."""
    base = ({"id": "1", "addressLine": "1 Main St", "city": "Exampleton"},)
    theirs = ({"id": "9", "addressLine": "1 Main St", "city": "Samplebury"},)
    assert Clash(base, None, theirs) == merge.three_way("addresses", base, None, theirs)


def test_more_items_than_the_service_takes_are_a_clash():
    """Fifty is the limit, whoever added them."""
    many = tuple(phone(f"q{n}", f"1{n:02}") for n in range(48))

    assert isinstance(three((*BASE, NEW), (*BASE, *many)), Clash)


@pytest.mark.parametrize(
    ("ours", "theirs", "merged"),
    [
        ("x", "b", "x"),
        ("x", "x", "x"),
        ("b", "y", "y"),
        ("x", "y", Clash("b", "x", "y")),
        (None, "y", Clash("b", None, "y")),
    ],
)
def test_a_scalar_goes_to_who_changed_it(ours, theirs, merged):
    """Both differently is a clash."""
    assert merged == merge.three_way("company", "b", ours, theirs)


def test_labels_are_joined_as_sets():
    """Theirs and what we added, less what we removed."""
    assert ("b", "d", "c") == merge.three_way("labelKeys", ("a", "b"), ("b", "c"), ("a", "b", "d"))


moves = st.lists(
    st.tuples(st.sampled_from(["tag", "remove", "add", "primary"]), st.integers(0, 9)), max_size=4
)


def moved(items, edits, mark):
    """The items after some edits."""
    items = list(items)
    for what, n in edits:
        if what == "add":
            items.append(phone(f"{mark}{n}", f"{mark}-{n}"))
        elif items:
            at = n % len(items)
            if what == "tag":
                items[at] = {**items[at], "tag": f"{mark}{n}"}
            elif what == "remove":
                items.pop(at)
            else:
                items = [{**item, "primary": m == at} for m, item in enumerate(items)]
    return merge.settle("phones", TRIPLE, tuple({each["id"]: each for each in items}.values()))


TRIPLE = held("phones", A, B, C)


@given(moves, moves)
def test_no_edit_is_lost_in_a_join(we, they):
    """What each side added, removed, changed or chose is in the joined list, or it is a clash."""
    ours, theirs = moved(TRIPLE, we, "u"), moved(TRIPLE, they, "t")

    joined = three(ours, theirs, TRIPLE)

    if isinstance(joined, Clash):
        assert (ours, theirs) == (joined.ours, joined.theirs)
        return
    final = {merge.item_key(PHONES, item, primary=False) for item in joined or ()}
    for side in (ours, theirs):
        for change in merge.item_changes("phones", TRIPLE, side):
            if change.kind in {"added", "changed"}:
                assert merge.item_key(PHONES, change.after, primary=False) in final
            if change.kind in {"removed", "changed"}:
                assert merge.item_key(PHONES, change.before, primary=False) not in final
    chosen = merge.primary(joined)
    moves_of = [
        merge.primary(side)
        for side in (ours, theirs)
        if side
        and any(each.kind == "primary moved" for each in merge.item_changes("phones", TRIPLE, side))
    ]
    for each in moves_of:
        assert each["phone"] == chosen["phone"]
    assert 1 == sum(item["primary"] for item in joined or ({"primary": True},))


def test_a_tag_that_is_taken_off_is_said_so():
    """No tag and UNTAGGED are the same where there was none; where there was one they clear it."""
    base = ({"id": "p1", "tag": "HOME", "phone": "555-0100", "primary": True},)
    for off in ({"tag": "UNTAGGED"}, {}):
        item = {"id": "p1", "phone": "555-0100", "primary": True, **off}
        (settled,) = merge.settle("phones", base, (item,))
        assert "UNTAGGED" == settled["tag"]
