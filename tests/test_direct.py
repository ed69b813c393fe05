"""Direct calls: what is checked before anything is sent, what is sent, and what is believed."""

import re

import httpx
import pytest
from served import SITE, site_at, site_of, transport_to

import contacttools as ct
from contacttools import sandbox
from contacttools.errors import ApiError, AuthError, BadValue, ReadOnlySite, Unreachable
from contacttools.service.direct import Direct
from contacttools.service.site import Site

CONTACT = {"id": "c1", "revision": 4, "info": {}}
LABEL = {"key": "custom.vip", "displayName": "VIP"}
FIELD = {"key": "custom.size", "displayName": "Size", "dataType": "NUMBER"}

#: Each direct write: how it is called, what the service answers, what comes back.
WRITES = {
    "create": (
        lambda site: site.create_contact({"name": {"first": "Ada"}}),
        {"contact": CONTACT},
        {"contact": CONTACT},
    ),
    "update": (
        lambda site: site.update_contact("c1", {"company": "x"}, 3),
        {"contact": CONTACT},
        {"contact": CONTACT},
    ),
    "delete": (lambda site: site.delete_contact("c1"), {}, None),
    "label": (
        lambda site: site.label_contact("c1", ["custom.vip"]),
        {"contact": CONTACT},
        {"contact": CONTACT},
    ),
    "unlabel": (
        lambda site: site.unlabel_contact("c1", ["custom.vip"]),
        {"contact": CONTACT},
        {"contact": CONTACT},
    ),
    "merge": (
        lambda site: site.merge("c1", ["c2"], 3),
        {"contact": CONTACT},
        {"contact": CONTACT},
    ),
    "make label": (
        lambda site: site.find_or_create_label("VIP"),
        {"label": LABEL, "newLabel": True},
        {"label": LABEL, "newLabel": True},
    ),
    "rename label": (
        lambda site: site.rename_label("custom.vip", "VIP"),
        {"label": LABEL},
        LABEL,
    ),
    "delete label": (lambda site: site.delete_label("custom.vip"), {}, None),
    "make field": (
        lambda site: site.find_or_create_extended_field("Size", "NUMBER"),
        {"field": FIELD, "newField": False},
        {"field": FIELD, "newField": False},
    ),
    "rename field": (
        lambda site: site.rename_extended_field("custom.size", "Size"),
        {"field": FIELD},
        FIELD,
    ),
    "delete field": (lambda site: site.delete_extended_field("custom.size"), {}, None),
}


@pytest.fixture
def deaf():
    """A site where any request is a failure of the test."""

    def handler(request):
        raise AssertionError(request.url)

    return site_of(handler)


@pytest.fixture(scope="module")
def breaking():
    """A sandbox where things go wrong."""
    with sandbox.start(people=3) as server:
        yield server


def saying(answer, asked=None):
    """Return a handler that gives one answer, and a note of each request."""

    def handler(request):
        if asked is not None:
            asked.append(request)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    return handler


class Noting:
    """Stands in for a site and notes which of its calls is made."""

    def __getattr__(self, name):
        def note(*_):
            return name

        return note


def test_every_call_that_may_write_is_tested_here():
    """All that a site can be told directly, by name; only the preview of a merge reads."""
    calls = {name for name in vars(Direct) if not name.startswith("_")} - {"preview_merge"}
    assert calls == {call(Noting()) for call, _, _ in WRITES.values()}


@pytest.mark.parametrize("name", WRITES)
def test_what_comes_back(name):
    """In the service's own shapes; what was deleted is nothing."""
    call, answer, expected = WRITES[name]
    assert expected == call(site_of(saying(httpx.Response(200, json=answer))))


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize(
    ("read_only", "direct_writes", "told"),
    [
        (True, True, "read_only=False"),
        (True, False, "read_only=False"),
        (False, False, "has no preview; .*connect with direct_writes=True"),
    ],
    ids=["reader", "plain reader", "plans only"],
)
def test_a_live_site_takes_direct_writes_only_on_purpose(name, read_only, direct_writes, told):
    """Without both words nothing is sent, whichever call it is, whatever its arguments are."""
    asked = []
    transport = transport_to(asked.append)
    site = Site(transport, SITE, live=True, read_only=read_only, direct_writes=direct_writes)
    with pytest.raises(ReadOnlySite, match=told):
        WRITES[name][0](site)
    assert [] == asked


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ReadTimeout("x"),
        httpx.Response(500),
        httpx.Response(504),
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200, content=b"[]"),
    ],
    ids=["timeout", "500", "504", "HTML", "list"],
)
def test_a_lost_answer_is_told_as_doubt_and_nothing_is_sent_again(name, trouble):
    """It may have been done, and says so; whoever repeats it does so knowingly."""
    asked = []
    with pytest.raises(Unreachable, match=r"may have been .*before trying again"):
        WRITES[name][0](site_of(saying(trouble, asked)))
    assert 1 == len(asked)


@pytest.mark.parametrize("name", [name for name in WRITES if "delete" not in name])
def test_an_answer_without_what_matters_is_not_believed(name):
    """An id, a revision, a key: without it nobody knows what was written."""
    odd = {"contact": {"id": 5}, "label": {"displayName": "VIP"}, "field": {"key": ""}}
    with pytest.raises(Unreachable, match=r"makes no sense: .*; .*may have been"):
        WRITES[name][0](site_of(saying(httpx.Response(200, json=odd))))


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop_before"},
        {"kind": "drop_after"},
        {"kind": "truncate"},
        {"kind": "status", "status": 500, "apply": True},
        {"kind": "status", "status": 503, "apply": True},
    ],
    ids=lambda fault: "-".join(map(str, fault.values())),
)
def test_what_a_broken_service_did_is_told_as_doubt(breaking, name, fault):
    """Done or not, the error says that it may have been; a second call would be answered."""
    breaking.faults.add(**fault)
    with pytest.raises(Unreachable, match=r"may have been .*before trying again"):
        WRITES[name][0](site_at(breaking))
    assert 0 == len(breaking.faults)


def test_a_create_that_got_lost_warns_of_a_duplicate():
    """Sending it again could make a second contact."""
    with pytest.raises(Unreachable, match="repeating can create a duplicate"):
        WRITES["create"][0](site_of(saying(httpx.ReadTimeout("x"))))


def test_an_interrupted_write_is_told_as_doubt():
    """Whoever stops a call that is under way is told that it may have been made."""
    site = site_of(saying(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt, match=r"stopped; the contact may have been created"):
        WRITES["create"][0](site)


def test_what_did_not_leave_was_not_done():
    """Without a connection there is no doubt."""
    with pytest.raises(Unreachable, match="nothing was sent"):
        WRITES["create"][0](site_of(saying(httpx.ConnectError("refused"))))


def test_unknown_members_and_values_of_a_newer_service_come_through():
    """They are handed on as they are."""
    label = LABEL | {"labelType": "FROM_MARS", "more": {"x": 1}}
    site = site_of(saying(httpx.Response(200, json={"label": label, "other": 1})))
    assert {"label": label, "newLabel": False} == site.find_or_create_label("VIP")


def test_an_old_sample_of_merge_has_no_wrapper():
    """The bare contact is taken as well, by both calls."""
    site = site_of(saying(httpx.Response(200, json=CONTACT)))
    assert {"contact": CONTACT} == site.merge("c1", ["c2"], 3)
    assert CONTACT == site.preview_merge("c1", ["c2"])


def test_a_merge_may_be_previewed_by_a_reader():
    """Nothing is stored, so nothing is asked for; and a read is sent again where that helps."""
    left = [httpx.Response(500), httpx.Response(200, json={"contact": CONTACT})]
    transport = transport_to(lambda _: left.pop(0))
    site = Site(transport, SITE, live=True, read_only=True, direct_writes=False)
    assert CONTACT == site.preview_merge("c1", ["c2"])


# -- arguments ------------------------------------------------------------------------------

BAD = [
    ("create, text", lambda site: site.create_contact("Ada"), "info"),
    ("create, list", lambda site: site.create_contact([]), "info"),
    ("update, text", lambda site: site.update_contact("c1", "x", 3), "info"),
    (
        "create, duplicates",
        lambda site: site.create_contact({}, allow_duplicates="no"),
        "allow_duplicates",
    ),
    (
        "update, duplicates",
        lambda site: site.update_contact("c1", {}, 3, allow_duplicates=1),
        "allow_duplicates",
    ),
    ("delete, labels", lambda site: site.delete_contact("c1/labels"), "contact_id"),
    ("get, elsewhere", lambda site: site.get_contact("../labels"), "contact_id"),
    ("update, backslash", lambda site: site.update_contact("..\\x", {}, 3), "contact_id"),
    ("delete, endless", lambda site: site.delete_contact("x" * 100_000), "contact_id"),
    ("label, path", lambda site: site.label_contact("c1/..", ["custom.vip"]), "contact_id"),
    ("merge, path", lambda site: site.merge("c1/..", ["c2"], 3), "target_id"),
    ("label key, path", lambda site: site.delete_label("a/b"), "key"),
    ("field key, path", lambda site: site.rename_extended_field("a/b", "x"), "key"),
    ("update, no id", lambda site: site.update_contact("", {}, 3), "contact_id"),
    ("delete, no id", lambda site: site.delete_contact(" "), "contact_id"),
    ("delete, number", lambda site: site.delete_contact(5), "contact_id"),
    ("label, text", lambda site: site.label_contact("c1", "custom.vip"), "label_keys"),
    ("label, none", lambda site: site.label_contact("c1", None), "label_keys"),
    ("label, no keys", lambda site: site.label_contact("c1", []), "label_keys"),
    ("label, odd key", lambda site: site.label_contact("c1", ["a", 5]), "each of label_keys"),
    ("label, 101", lambda site: site.label_contact("c1", map(str, range(101))), "label_keys"),
    ("unlabel, text", lambda site: site.unlabel_contact("c1", "custom.vip"), "label_keys"),
    ("unlabel, 101", lambda site: site.unlabel_contact("c1", map(str, range(101))), "label_keys"),
    ("merge, text", lambda site: site.merge("c1", "c2", 3), "source_ids"),
    ("merge, none", lambda site: site.merge("c1", [], 3), "source_ids"),
    ("merge, six", lambda site: site.merge("c1", list("abcdef"), 3), "source_ids"),
    ("merge, itself", lambda site: site.merge("c1", ["c2", "c1"], 3), "source_ids"),
    ("merge, revision", lambda site: site.merge("c1", ["c2"], "3"), "revision"),
    ("preview, itself", lambda site: site.preview_merge("c1", ["c1"]), "source_ids"),
    ("label name, blank", lambda site: site.find_or_create_label(" "), "display_name"),
    ("label name, none", lambda site: site.find_or_create_label(None), "display_name"),
    ("label name, long", lambda site: site.find_or_create_label("x" * 181), "display_name"),
    ("new name, long", lambda site: site.rename_label("k", "x" * 181), "display_name"),
    ("no key", lambda site: site.rename_label("", "x"), "key"),
    ("field, type", lambda site: site.find_or_create_extended_field("x", "text"), "data_type"),
    ("field, no type", lambda site: site.find_or_create_extended_field("x", []), "data_type"),
    (
        "field name, long",
        lambda site: site.find_or_create_extended_field("x" * 151, "TEXT"),
        "display_name",
    ),
    ("field, new name", lambda site: site.rename_extended_field("k", ""), "display_name"),
    ("half a character", lambda site: site.delete_contact("c\ud800"), "contact_id"),
    ("half a key", lambda site: site.unlabel_contact("c1", ["\udfff"]), "each of label_keys"),
    ("field, no key", lambda site: site.delete_extended_field(None), "key"),
]


@pytest.mark.parametrize(("call", "field"), [c[1:] for c in BAD], ids=[c[0] for c in BAD])
def test_a_bad_argument_is_refused_before_anything_is_sent(deaf, call, field):
    """It is a BadValue that names the argument."""
    with pytest.raises(BadValue, match=field) as caught:
        call(deaf)
    assert field == caught.value.field


@pytest.mark.parametrize("revision", [None, "5", 5.0, True, float("nan")], ids=str)
def test_a_revision_is_a_whole_number(deaf, revision):
    """Anything else is a BadValue before any request."""
    with pytest.raises(BadValue, match="revision"):
        deaf.update_contact("c1", {"company": "x"}, revision)


def test_a_text_in_place_of_a_list_is_told_how_to_be_one(deaf):
    """The sentence shows what to type."""
    with pytest.raises(BadValue, match=r"label_keys is a list; pass \['custom.vip'\]"):
        deaf.label_contact("c1", "custom.vip")
    with pytest.raises(BadValue, match="label_keys is a list of text, not None"):
        deaf.label_contact("c1", None)
    with pytest.raises(BadValue, match="not 0; name at least one"):
        deaf.label_contact("c1", [])


def test_keys_are_sent_once_each_and_in_order():
    """Whatever holds them: a list, a set of keys, a column of a frame."""
    asked = []
    site = site_of(saying(httpx.Response(200, json={"contact": CONTACT}), asked))
    site.label_contact("c1", iter(["b", "a", "b"]))
    assert b'{"labelKeys": ["b", "a"]}' == asked[0].content
    site.unlabel_contact("c1", ("b", "a"))
    assert b"labelKeys=b&labelKeys=a" == asked[1].url.query


# -- a label that is not there --------------------------------------------------------------


def labelled(request):
    """Answer as the service does when a label key is unknown."""
    if request.method == "GET":
        vip = {"key": "custom.vip-gold", "displayName": "Gold customers"}
        return httpx.Response(200, json={"labels": [LABEL, vip]})
    violation = {"field": "labelKeys", "description": "must exist"}
    details = {"validationError": {"fieldViolations": [violation]}}
    return httpx.Response(400, json={"message": "bad", "details": details})


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("custom.vipp", "did you mean 'custom.vip'?"),
        ("gold customers", "did you mean 'custom.vip-gold'?"),
        ("Gold Customer", "did you mean 'custom.vip-gold'?"),
        ("zzzzzz", "see site.labels()"),
    ],
)
@pytest.mark.parametrize("call", ["label_contact", "unlabel_contact"])
def test_an_unknown_label_is_named_with_the_nearest(call, key, told):
    """By key or by display name; the service's code and status stay."""
    with pytest.raises(ApiError) as caught:
        getattr(site_of(labelled), call)("c1", ["custom.vip", key])
    assert f"there is no label {key!r}, {told}" in str(caught.value)
    assert "'custom.vip'," not in str(caught.value)
    assert (400, "INVALID_ARGUMENT") == (caught.value.status, caught.value.code)


def test_a_refusal_for_another_reason_stays_as_it_is():
    """Where every label is known, or none can be listed, the service's words stand alone."""
    with pytest.raises(ApiError) as caught:
        site_of(labelled).label_contact("c1", ["custom.vip"])
    assert "there is no label" not in str(caught.value)
    violated = labelled(httpx.Request("POST", "https://service.example"))
    for trouble in (403, 501, 500):
        listing = httpx.Response(trouble)
        site = site_of(lambda asked, it=listing: it if asked.method == "GET" else violated)
        with pytest.raises(ApiError, match=r"must exist$"):
            site.label_contact("c1", ["nope"])


@pytest.mark.parametrize(
    ("name", "right"),
    [("create", "Manage Contacts"), ("make label", "Manage Contact Labels"),
     ("delete field", "Manage Contact Extended Fields")],
)  # fmt: skip
def test_a_missing_right_is_named(name, right):
    """403 says which scope the call needs."""
    with pytest.raises(AuthError, match=right):
        WRITES[name][0](site_of(saying(httpx.Response(403))))


# -- on the sandbox -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site():
    """A sandbox of its own."""
    with sandbox.start(people=30, seed=4) as server, site_at(server) as opened:
        yield opened


def some(site, n):
    """Return the ids of some contacts."""
    return list(site.fetch())[:n]


def test_a_revision_may_be_a_numpy_number(site):
    """What a frame holds can be handed to the direct update as it is."""
    frame = site.fetch().to_frame()
    contact_id = frame.index[20]
    revision = frame.loc[contact_id, "revision"]
    answer = site.update_contact(contact_id, {"company": "Numpy Ltd"}, revision)
    assert revision + 1 == answer["contact"]["revision"]


def test_a_contact_comes_and_goes(site):
    """Created it can be read, deleted it is unknown, and a second delete says so."""
    info = {"name": {"first": "Here", "last": "Today"}}
    made = site.create_contact(info)["contact"]
    assert info["name"] == site.get_contact(made["id"])["info"]["name"]
    assert site.delete_contact(made["id"]) is None
    for ask in (site.get_contact, site.delete_contact):
        with pytest.raises(ApiError, match="CONTACT_NOT_FOUND"):
            ask(made["id"])


def test_a_duplicate_is_created_only_on_purpose(site):
    """The refusal names the contact that has the e-mail; allow_duplicates lets both have it."""
    info = {"emails": {"items": [{"email": "both@example.com"}]}}
    first = site.create_contact(info)["contact"]["id"]
    with pytest.raises(ApiError, match=first) as caught:
        site.create_contact(info)
    assert first == caught.value.data["duplicateContactId"]
    second = site.create_contact(info, allow_duplicates=True)["contact"]["id"]
    assert first != second


def test_labels_from_making_to_deleting(site):
    """Made once, found again, put on and taken off contacts, renamed, deleted everywhere."""
    contact_id, other = some(site, 2)
    made = site.find_or_create_label("Direct Guests")
    key = made["label"]["key"]
    assert (True, False) == (
        made["newLabel"],
        site.find_or_create_label("Direct Guests")["newLabel"],
    )
    for each in (contact_id, other):
        held = site.label_contact(each, [key])["contact"]["info"]["labelKeys"]["items"]
        assert key in held
    taken = site.unlabel_contact(other, [key])["contact"]
    assert key not in (taken["info"].get("labelKeys") or {}).get("items", [])
    assert (key, "Guests") == tuple(
        site.rename_label(key, "Guests")[n] for n in ("key", "displayName")
    )
    assert "Guests" in set(site.labels().displayName)
    site.delete_label(key)
    assert key not in set(site.labels()["key"])
    assert key not in repr(site.get_contact(contact_id))


def test_an_unknown_label_on_the_sandbox(site):
    """The service's refusal comes with the label that may be meant."""
    (contact_id,) = some(site, 1)
    with pytest.raises(ApiError, match=r"did you mean 'contacts\.customers'"):
        site.label_contact(contact_id, ["contacts.customer"])


def test_extended_fields_from_making_to_deleting(site):
    """Made once, found again with its first type, renamed, deleted with its values."""
    (contact_id,) = some(site, 1)
    made = site.find_or_create_extended_field("Direct size", "NUMBER")
    key = made["field"]["key"]
    again = site.find_or_create_extended_field("Direct size", "TEXT")
    assert (True, False, "NUMBER") == (
        made["newField"],
        again["newField"],
        again["field"]["dataType"],
    )
    revision = site.get_contact(contact_id)["revision"]
    site.update_contact(contact_id, {"extendedFields": {"items": {key: 5}}}, revision)
    assert key in site.fetch().to_frame().columns
    assert "Size" == site.rename_extended_field(key, "Size")["displayName"]
    site.delete_extended_field(key)
    assert key not in set(site.extended_fields()["key"])
    assert key not in repr(site.get_contact(contact_id))


@pytest.mark.parametrize(
    "call",
    [
        lambda site: site.rename_label("custom.nope", "x"),
        lambda site: site.delete_label("custom.nope"),
        lambda site: site.rename_extended_field("custom.nope", "x"),
        lambda site: site.delete_extended_field("custom.nope"),
    ],
    ids=["rename label", "delete label", "rename field", "delete field"],
)
def test_a_definition_that_is_not_there(site, call):
    """The error says where the keys stand."""
    with pytest.raises(ApiError, match=r"site\.labels\(\)") as caught:
        call(site)
    assert 404 == caught.value.status


def test_merging_previews_and_then_deletes_the_sources(site):
    """The preview stores nothing; the merge fills the target, and the sources live on in it."""
    one = site.create_contact({"name": {"first": "Ada"}, "company": "First Ltd"})["contact"]
    two = site.create_contact({"name": {"first": "Else", "last": "Other"}})["contact"]
    shown = site.preview_merge(one["id"], [two["id"]])
    assert one == site.get_contact(one["id"])
    merged = site.merge(one["id"], [two["id"]], one["revision"])["contact"]
    assert {"first": "Ada", "last": "Other"} == merged["info"]["name"] == shown["info"]["name"]
    assert one["revision"] + 1 == merged["revision"]
    with pytest.raises(ApiError, match=f"merged into {one['id']}"):
        site.get_contact(two["id"])


def test_a_merge_at_an_old_revision_is_refused(site):
    """Nobody's change is merged over unseen."""
    one = site.create_contact({"name": {"first": "Old"}})["contact"]
    two = site.create_contact({"name": {"first": "New"}})["contact"]
    site.update_contact(one["id"], {"company": "Meanwhile Ltd"}, one["revision"])
    with pytest.raises(ApiError, match=r"FAILED_PRECONDITION.*get the target again"):
        site.merge(one["id"], [two["id"]], one["revision"])
    assert two == site.get_contact(two["id"])


@pytest.mark.parametrize(
    ("info", "hint"),
    [
        ({"company": "X", "jobtitle": "lost"}, "there is no 'jobtitle'; did you mean 'jobTitle'?"),
        ({"name.last": "lost"}, 'that is a column; here it is {"name": {"last": …}}'),
        ({"name": {"firstt": "lost"}}, "info.name: there is no 'firstt'; did you mean 'first'?"),
        ({"addressLine": "lost"}, "there is no 'addressLine'"),
        ({"colour": "red"}, "it takes name, company"),
    ],
)
def test_what_the_service_would_pass_over_is_refused(info, hint):
    """A member that no contact has is named before anything is sent, in every shape."""
    site = ct.connect()
    contact_id = next(iter(site.fetch(limit=1)))
    before = site.get_contact(contact_id)
    revision = before["revision"]
    for call in (
        lambda: site.update_contact(contact_id, info, revision),
        lambda: site.create_contact(info),
        lambda: ct.dialects.crm_v2(site).update_contact(contact_id, info, revision),
        lambda: ct.dialects.crm_backend(site).create_contact(info),
    ):
        with pytest.raises(ct.BadValue, match=re.escape(hint)):
            call()
    assert before == site.get_contact(contact_id)


def test_a_contact_read_can_be_written_as_it_was(site):
    """All that an answer holds below info may be sent back."""
    for contact_id in list(site.fetch(limit=50)):
        contact = site.get_contact(contact_id)
        answer = site.update_contact(
            contact_id, contact["info"], contact["revision"], allow_duplicates=True
        )
        assert contact["info"].keys() == answer["contact"]["info"].keys()


@pytest.mark.parametrize("direct", [False, True])
def test_a_closed_site_names_all_that_would_open_it(direct):
    """One error, not one after another: what a direct write needs is said at once."""
    needed = "read_only=False" + ("" if direct else ", direct_writes=True")
    told = rf"for deleting a contact, connect with {needed}$"
    site = ct.connect("live", api_key="k", site_id=SITE, direct_writes=direct)
    with site, pytest.raises(ReadOnlySite, match=told):
        site.delete_contact("c1")
