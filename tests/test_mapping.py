"""Mapping: a contact in three dialects, and nothing lost between them."""

import copy
import json
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

import contacttools as ct
from contacttools.contact import mapping

EXAMPLES = Path(__file__).parent / "examples"
OTHERS = ["crm_v2", "crm_backend"]


def example(name):
    """One of the documented samples."""
    return json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))


REST = example("rest.update.response")["contact"]
CRM_V2 = example("crm-v2.update.response")["contact"]
BACKEND = [example(f"crm-backend.{name}.response") for name in ("update", "get-then-update")]

# -- the documented samples -----------------------------------------------------------------


def test_the_sample_of_crm_v2_is_that_of_rest():
    """Both ways, member by member."""
    assert REST == mapping.contact_from("crm_v2", CRM_V2)
    assert CRM_V2 == mapping.contact_to("crm_v2", REST)


@pytest.mark.parametrize("sample", BACKEND, ids=["update", "get then update"])
def test_the_samples_of_crm_backend_come_back_as_they_are(sample):
    """Through REST, where ids and wrappers are REST's."""
    rest = mapping.contact_from("crm_backend", sample)

    assert sample == mapping.contact_to("crm_backend", rest)
    assert (sample["_id"], sample["_updatedDate"]) == (rest["id"], rest["updatedDate"])
    assert {"items": sample["info"]["extendedFields"]} == rest["info"]["extendedFields"]


def test_the_sample_of_rest_is_flat_in_crm_backend():
    """Every list, the labels and the extended fields; all else is as in crm_v2."""
    flat = copy.deepcopy(CRM_V2)
    for name in ("emails", "phones", "addresses", "labelKeys", "extendedFields"):
        flat["info"][name] = flat["info"][name]["items"]

    assert flat == mapping.contact_to("crm_backend", REST)


@pytest.mark.parametrize(
    ("dialect", "request_name", "key"),
    [("crm_v2", "crm-v2.update", "info"), ("crm_backend", "crm-backend.update", "contactInfo")],
)
def test_what_the_samples_send_reads_as_rest(dialect, request_name, key):
    """An `info` to be sent is mapped as one that was received, and back."""
    sent = example(f"{request_name}.request")[key]
    rest = mapping.info_from(dialect, sent)

    assert {"items"} == {*rest.get("phones", {}), *rest.get("extendedFields", {})}
    assert sent == mapping.info_to(dialect, rest)


# -- always ---------------------------------------------------------------------------------

# Names that some dialect gives a meaning, each with as many underscores as it takes to hurt.
names = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "", "_", "__"]),
    st.sampled_from(["id", "createdDate", "updatedDate", "addressLine", "addressLine1",
                     "formatted", "formattedAddress", "geocode", "location", "items", "image",
                     "picture", "profilePicture", "novelty"]),
    st.sampled_from(["", "", "", "."]),
)  # fmt: skip
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(0, 3)
    | st.sampled_from([1.5, "", "text", "2024-05-06"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
no_list = values.filter(lambda each: not isinstance(each, list))
WIX = "wix:image://v1/a%20b~mv2.png/me%20too.png#originWidth=30&originHeight=40"
images = st.one_of(
    values,
    st.fixed_dictionaries(
        {},
        optional={
            "id": st.sampled_from(["a~mv2.png", "a/b", "", 5]),
            "width": st.sampled_from([30, True, 30.0, None, "30", 10**12]),
            "height": st.sampled_from([40, 1, -1]),
            "altText": st.sampled_from(["me too.png", ""]),
            "filename": st.sampled_from(["me too.png", "me", None]),
            "url": st.sampled_from([WIX, "https://example.com/a.png", "", None]),
            "novelty": values,
        },
    ),
)


def wrapper(items):
    """A wrapper as the service gives it: absent, empty, without items, with unknown members."""
    return st.one_of(
        st.none(),
        st.fixed_dictionaries({"items": items}),
        st.fixed_dictionaries({}, optional={"items": items, "novelty": values}),
    )


def with_more(**known):
    """An object with these members, each present or not, and unknown ones of hurtful names."""
    return st.builds(
        lambda more, given: {**more, **given},
        st.dictionaries(names, values, max_size=2),
        st.fixed_dictionaries({}, optional=known),
    )


address = with_more(addressLine=values, formattedAddress=values, geocode=values, city=values)
items = st.lists(with_more(id=values, tag=values, address=address | values), max_size=3)
info = st.builds(
    lambda more, given: {**more, **given},
    st.dictionaries(names.filter(lambda each: each != "picture"), no_list, max_size=2),
    st.fixed_dictionaries(
        {},
        optional={
            "name": values,
            "emails": wrapper(items),
            "phones": wrapper(items),
            "addresses": wrapper(items),
            "labelKeys": wrapper(st.lists(st.sampled_from(["id", "_id", "custom.id"]))),
            "locations": wrapper(st.lists(st.just("x"))),
            "extendedFields": wrapper(
                st.dictionaries(names | names.map("custom.{}".format), values, max_size=4)
            ),
            "picture": st.one_of(values, with_more(image=images), st.builds(dict, image=images)),
        },
    ),
)
contacts = st.builds(
    lambda more, given, info: {**more, "id": "c-1", "revision": 3, **given, "info": info},
    st.dictionaries(names.filter(lambda each: each not in ("id", "_id")), values, max_size=2),
    st.fixed_dictionaries({}, optional={"createdDate": values, "_id": values, "source": values}),
    info | st.none(),
)


def exactly(value):
    """A value as text: `==` does not tell True from 1, nor 1 from 1.0."""
    return json.dumps(value, sort_keys=True)


@pytest.mark.parametrize("dialect", mapping.DIALECTS)
@given(contact=contacts)
def test_rest_to_a_dialect_and_back_is_the_same_contact(dialect, contact):
    """Always: unknown members, empty wrappers and names that look like renamed ones included."""
    before = exactly(contact)
    there = mapping.contact_to(dialect, contact)

    assert before == exactly(mapping.contact_from(dialect, there))
    assert before == exactly(contact)
    assert dialect == "rest" or not {"id", "createdDate", "updatedDate"} & set(every_key(there))


def every_key(value):
    """The keys of an object and of what is in it."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from every_key(each)
    if isinstance(value, list):
        for each in value:
            yield from every_key(each)


@pytest.mark.parametrize("dialect", mapping.DIALECTS)
def test_a_mapped_contact_is_a_copy(dialect):
    """To change it changes nothing elsewhere."""
    there = mapping.contact_to(dialect, REST)
    there["info"]["name"]["first"] = "Jane"
    back = mapping.contact_from(dialect, there)
    back["info"]["name"]["last"] = "Roe"

    assert {"first": "John", "last": "Doe"} == REST["info"]["name"]
    assert "Doe" == there["info"]["name"]["last"]


# -- names ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", OTHERS)
def test_ids_and_dates_are_renamed_at_every_depth(dialect):
    """In unknown members too, and in each part of a dotted key, as the SDK does."""
    contact = {"id": "c", "new": [{"createdDate": 1, "deep": {"updatedDate": 2}}], "a.id.b": 3}
    there = {"_id": "c", "new": [{"_createdDate": 1, "deep": {"_updatedDate": 2}}], "a._id.b": 3}

    assert there == mapping.contact_to(dialect, contact)


@pytest.mark.parametrize("dialect", OTHERS)
def test_a_name_that_is_taken_gets_one_underscore_more(dialect):
    """So the two stay two, and are themselves again on the way back."""
    contact = {"id": "c", "_id": "mine", "info": {"extendedFields": {"items": {"custom.id": 1}}}}

    assert ("c", "mine") == tuple(mapping.contact_to(dialect, contact)[k] for k in ("_id", "__id"))
    assert contact == mapping.contact_from(dialect, mapping.contact_to(dialect, contact))


@pytest.mark.parametrize("dialect", OTHERS)
@pytest.mark.parametrize(
    ("contact", "told"),
    [
        ({"_id": "c", "id": "d"}, "'_id' and 'id' are two names of one member"),
        (
            {"_id": "c", "info": {"emails": {"items": [{"id": "e", "_id": "e"}]}}},
            "'id' and '_id' are two names of one member",
        ),
        (
            {"_id": "c", "info": {"addresses": {"items": [{"address": {"addressLine": "1"}}]}}},
            r"info\.addresses\.items\[\]\.address: 'addressLine' is REST's name .*'addressLine1'",
        ),
        (
            {"_id": "c", "info": {"addresses": {"items": [{"address": {"geocode": {}}}]}}},
            "'geocode' is REST's name .* here it is 'location'",
        ),
    ],
    ids=["two ids", "two item ids", "address line", "geocode"],
)
def test_two_names_for_one_thing_are_refused(dialect, contact, told):
    """The error names the contact and both names; nothing is dropped without a word."""
    with pytest.raises(ct.BadValue, match=f"{told}.*{dialect}"):
        mapping.contact_from(dialect, contact)


def test_two_pictures_are_refused():
    """crm_backend knows an older name of its picture: one of them, not both."""
    text = "https://example.com/a.png"
    for name in ("picture", "profilePicture"):
        assert {"picture": {"image": {"url": text}}} == mapping.info_from(
            "crm_backend", {name: text}
        )
    with pytest.raises(ct.BadValue, match="'picture' and 'profilePicture' are two names") as caught:
        mapping.info_from("crm_backend", {"picture": text, "profilePicture": text})
    assert "info" not in (caught.value.contact_id or "")


def test_an_unknown_dialect_is_refused():
    """The error lists those there are."""
    with pytest.raises(ct.BadValue, match="no dialect 'v5'; it is one of rest, crm_v2, crm_back"):
        mapping.contact_to("v5", REST)


# -- shapes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("member", "rest", "flat"),
    [
        ("phones", {"items": [{"phone": "1"}]}, [{"phone": "1"}]),
        ("phones", {"items": []}, []),
        ("phones", {}, {}),
        ("phones", None, None),
        ("phones", {"items": [], "new": 1}, {"items": [], "new": 1}),
        ("extendedFields", {"items": {"custom.a": 1}}, {"custom.a": 1}),
        ("extendedFields", {"items": {}}, {"items": {}}),
        ("extendedFields", {}, {}),
        ("extendedFields", {"new": 1}, [{"new": 1}]),
    ],
)
def test_what_is_flat_and_what_cannot_be(member, rest, flat):
    """An empty list, an empty wrapper and no wrapper at all stay three things."""
    assert {member: flat} == mapping.info_to("crm_backend", {member: rest})
    assert {member: rest} == mapping.info_from("crm_backend", {member: flat})


def test_a_bare_list_is_no_contact_of_rest():
    """It could not be told from a wrapped one afterwards, so it is refused by name."""
    with pytest.raises(ct.BadValue, match=r"contact c: info\.phones: a list .*\(crm_backend\)"):
        mapping.contact_to("crm_backend", {"id": "c", "info": {"phones": [{}]}})


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"phones": []}, r'info\.phones: crm_v2 has \{"items": \[…\]\}'),
        ({"extendedFields": {"custom.a": 1}}, r'info\.extendedFields: .*"items": \{…\}'),
    ],
)
def test_flat_input_is_for_crm_backend(sent, told):
    """Elsewhere a flat list would be refused by the service, and a flat map would do nothing."""
    with pytest.raises(ct.BadValue, match=told):
        mapping.info_from("crm_v2", sent)
    mapping.info_from("crm_backend", sent)


@pytest.mark.parametrize("dialect", OTHERS)
def test_any_object_and_any_sequence_can_be_sent(dialect):
    """Tuples and read-only views are lists and objects like others, and renamed like them."""
    item = MappingProxyType({"_id": "a", "address": {"addressLine1": "1 Elm"}})
    sent = mapping.info_from(dialect, MappingProxyType({"addresses": {"items": (item,)}}))

    assert {"addresses": {"items": [{"id": "a", "address": {"addressLine": "1 Elm"}}]}} == sent


FULL = {
    "id": "a%20b~mv2.png", "height": 40, "width": 30, "altText": "me too.png",
    "filename": "me too.png", "url": WIX,
}  # fmt: skip


BARE = "wix:image://v1/a#originWidth=1&originHeight=2"


@pytest.mark.parametrize(
    ("image", "text"),
    [
        (FULL, WIX),
        (
            {"id": "a", "height": 2, "width": 1},
            BARE,
        ),
        (FULL | {"url": f"{WIX}&watermark=1"}, f"{WIX}&watermark=1"),
        (
            {"id": "a", "height": 2, "width": 1, "url": f"{BARE}&watermark=1"},
            f"{BARE}&watermark=1",
        ),
        ({"url": "https://example.com/a.png"}, "https://example.com/a.png"),
    ],
    ids=["whole", "no file", "marked", "marked, no file", "elsewhere"],
)
def test_a_picture_is_a_text(image, text):
    """Of the service's own scheme with its size, or any address."""
    assert {"image": text} == mapping.info_to("crm_v2", {"picture": {"image": image}})["picture"]
    assert {"profilePicture": text} == mapping.info_to("crm_backend", {"picture": {"image": image}})


@pytest.mark.parametrize(
    "image",
    [
        {**FULL, "altText": "me"},
        {**FULL, "width": 30.0},
        {"id": "a", "url": "https://example.com/a"},
        {},
        {"url": WIX},
        {"url": ""},
    ],
    ids=[
        "another text",
        "another number",
        "no size",
        "empty",
        "a scheme and no size",
        "no address",
    ],
)
@pytest.mark.parametrize("dialect", OTHERS)
def test_a_picture_that_a_text_would_cut_short_stays_an_object(dialect, image):
    """Its id renamed like every other."""
    there = mapping.info_to(dialect, {"picture": {"image": image}})

    renamed = {("_id" if key == "id" else key): each for key, each in image.items()}
    assert exactly(renamed) == exactly(there["picture"]["image"])


# -- whose is it ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contact", "dialect"),
    [
        (REST, "rest"),
        (CRM_V2, "crm_v2"),
        (BACKEND[0], "crm_backend"),
        ({"_id": "c", "info": {"phones": []}}, "crm_backend"),
        ({"_id": "c", "info": {"profilePicture": "x"}}, "crm_backend"),
        ({"_id": "c", "info": {"extendedFields": {"short": 1}}}, "crm_backend"),
        ({"_id": "c", "info": {"extendedFields": {}}}, "crm_v2"),
        ({"_id": "c", "info": {"picture": "x"}}, "crm_backend"),
        ({"_id": "c", "info": {"phones": {}}}, "crm_v2"),
        ({"_id": "c", "info": None}, "crm_v2"),
        ({"id": "c"}, "rest"),
        ({"info": {}}, None),
    ],
)
def test_a_contact_tells_its_dialect(contact, dialect):
    """By the name of its id, and by what is flat."""
    assert dialect == mapping.detected(contact)
