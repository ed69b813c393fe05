"""Invented people for the tests of the pure rooms: contacts as the service sends them."""

import functools
from datetime import UTC, datetime

from hypothesis import strategies as st

import contacttools as ct
from contacttools.contact import fields
from contacttools.snapshot.contacts import Definitions

FETCHED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ANN, BOB, CAT = "c-ann", "c-bob", "c-cat"
LABELS = {"custom.vip": "VIP", "custom.press": "Press", "contacts.contacted-me": "Contacted me"}
EXTENDED = {
    "custom.nickname": fields.extended("custom.nickname", "TEXT", "Nickname"),
    "custom.score": fields.extended("custom.score", "NUMBER", "Score"),
    "custom.since": fields.extended("custom.since", "DATE", "Since"),
    "custom.odd": fields.extended("custom.odd", "POLYGON", "Odd"),
}


def email(item_id, address, *, primary=False, tag="UNTAGGED", **more):
    """One e-mail item; None leaves a member out."""
    return _given(id=item_id, tag=tag, email=address, primary=primary, **more)


def phone(item_id, number, *, primary=False, tag="UNTAGGED", country="US", **more):
    """One phone item."""
    return _given(id=item_id, tag=tag, countryCode=country, phone=number, primary=primary, **more)


def address(item_id, *, tag="HOME", **parts):
    """One address item; its parts below ``address``."""
    return _given(id=item_id, tag=tag, address=parts)


def _given(**members):
    return {name: value for name, value in members.items() if value is not None}


def person(contact_id=ANN, revision=7, *, source="ADMIN", **info):
    """One contact with this `info`; lists may be given bare."""
    for name in ("emails", "phones", "addresses", "labelKeys"):
        if isinstance(info.get(name), list):
            info[name] = {"items": info[name]}
    if "custom" in info:
        custom = info.pop("custom")
        info["extendedFields"] = {"items": custom}
    return {
        "id": contact_id,
        "revision": revision,
        "source": {"sourceType": source},
        "createdDate": "2024-05-06T07:08:09.123Z",
        "updatedDate": "2025-05-06T07:08:09.000Z",
        "lastActivity": {"activityDate": "2025-01-01T00:00:00Z", "activityType": "GENERAL"},
        "info": info,
    }


def ann(**more):
    """A contact that has some of everything."""
    full = {
        "name": {"first": "Ann", "last": "Example"},
        "company": "Example Ltd",
        "jobTitle": "Librarian",
        "birthdate": "1990-02-03",
        "locale": "en-us",
        "emails": [email("e1", "ann@example.com", primary=True), email("e2", "a@example.org")],
        "phones": [
            phone("p1", "555-0100", primary=True, tag="MOBILE"),
            phone("p2", "555-0101", tag="HOME"),
        ],
        "addresses": [
            address("a1", addressLine="1 Example St", city="Exampleton", country="US"),
            address("a2", tag="WORK", city="Otherton", country="GB"),
        ],
        "labelKeys": ["custom.vip"],
        "custom": {
            "custom.nickname": "Annie",
            "custom.score": 5,
            "custom.since": "2020-01-01",
            "invoices.vatId": "",
            "members.membershipStatus": None,
        },
    }
    return person(ANN, **(full | more))


def bob(**more):
    """A contact with little."""
    return person(BOB, 3, **({"name": {"first": "Bob"}} | more))


def cat(**more):
    """A contact with an e-mail and a phone of her own."""
    return person(
        CAT,
        1,
        **(
            {
                "name": {"first": "Cat", "last": "Sample"},
                "emails": [email("e9", "cat@example.com", primary=True)],
                "phones": [phone("p9", "555-0199", primary=True)],
            }
            | more
        ),
    )


def snapshot(*documents, site_id="site-1", partial=None, labels=LABELS, extended=EXTENDED):
    """The contacts of a site; Ann, Bob and Cat when none are given."""
    return ct.Contacts(
        documents or (ann(), bob(), cat()),
        site_id=site_id,
        fetched_at=FETCHED,
        partial=partial,
        definitions=Definitions(labels, extended),
    )


def stage(*documents, **options):
    """A stage over a snapshot."""
    return ct.Stage(snapshot(*documents, **options))


def ids(plan):
    """The contacts of a plan, in its order."""
    return [change.contact_id for change in plan.changes]


def rows(plan):
    """The diff of a plan as tuples without the contact: field, kind, before, after."""
    return [(row.field, row.kind, row.before, row.after) for row in plan.rows]


# -- contacts as no one should send them ----------------------------------------------------

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='x",
    "</td></tr>",
    "</style><b>",
    "<!--",
    "]]>",
    "&lt;b&gt;",
    "&#60;",
    "javascript:alert(1)",
    "${1+1}",
    "{{7*7}}",
    "=1+1",
    "\u202eevil\u202c",
    "\u2066x\u2069",
    "zero\u200bwidth\ufeff",
    "bell\x07",
    "line\nbreak",
    "line\u2028break",
    "a\x1b[31mred",
    "tab\there",
    "nbsp\u00a0x",
    "\ue000",
    "\U000e0041",
    "\uffff",
    "É" * 400,
    "x" * 5000,
    " padded ",
    "`code`",
    "\\",
    "%s%n",
    "%00",
    "-->",
    "<svg/onload=alert(1)>",
)
UNSENDABLE = ("nul\x00nul", "half\ud800", "\udc00half")

plain_words = st.sampled_from(["Ann", "Åsa", "李", "O'Neil", "ß", "a b", "0012", "1.50", "-"])
odd_words = st.sampled_from(["", " ", "NaN", "NA", "null", "None", "True", "nan", "()", *HOSTILE])
words = plain_words | odd_words
odd = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, -5, 10**20, 10**400, 1.5, float("nan"), float("inf"), -0.0]),
    st.lists(st.integers(0, 3), max_size=2),
    st.dictionaries(st.sampled_from(["a", "items", "id"]), st.integers(0, 3), max_size=2),
)


def _maybe(strategy, *, dirty=True):
    return st.one_of(strategy, strategy, odd) if dirty else strategy


def _items(value, tags, *, dirty):
    text = _maybe(words if dirty else plain_words, dirty=dirty)
    members = {
        "tag": _maybe(st.sampled_from([*tags, "NEW_TAG"] if dirty else tags), dirty=dirty),
        "primary": _maybe(st.booleans(), dirty=dirty),
        value: text,
        "countryCode": st.sampled_from(["US", "il", "XX"]),
        "surprise": st.just({"deep": [1]}),
    }
    if value == "address":
        part = {"addressLine": text, "city": text, "country": text, "subdivision": text}
        part["geocode"] = st.fixed_dictionaries({"latitude": _maybe(st.just(1.5), dirty=dirty)})
        members["address"] = _maybe(st.fixed_dictionaries({}, optional=part), dirty=dirty)
    item = st.fixed_dictionaries({"id": st.uuids().map(str)}, optional=members)
    if dirty:
        lost = st.fixed_dictionaries({}, optional={**members, "id": st.sampled_from(["x", "", 5])})
        item = st.one_of(item, item, lost, odd)
    found = st.lists(item, max_size=4).flatmap(
        lambda items: st.sampled_from([items, items + items[:1]]) if items else st.just(items)
    )
    wrapper = st.fixed_dictionaries({"items": found})
    return _maybe(wrapper | st.just({}), dirty=dirty) if dirty else wrapper


@functools.cache
def documents(*, dirty=True):
    """Draw the documents of a few contacts, as strange as JSON can make them, or merely varied."""
    text = _maybe(words, dirty=True) if dirty else plain_words
    keys = st.sampled_from(
        [
            *EXTENDED,
            "custom.a.b",
            "custom.",
            "company",
            "email",
            "revision",
            "id",
            "members.x",
            "custom.É <b>",
            "contactId",
        ]
        if dirty
        else ["custom.nickname", "members.x"]
    )
    info = st.fixed_dictionaries(
        {},
        optional={
            "name": _maybe(st.fixed_dictionaries({}, optional={"first": text, "last": text}))
            if dirty
            else st.fixed_dictionaries({"first": text}),
            "company": text,
            "birthdate": text if dirty else st.just("1990-01-02"),
            "emails": _items("email", ["MAIN", "WORK"], dirty=dirty),
            "phones": _items("phone", ["MOBILE", "FAX"], dirty=dirty),
            "addresses": _items("address", ["HOME", "BILLING"], dirty=dirty),
            "labelKeys": _maybe(
                st.fixed_dictionaries(
                    {"items": st.lists(_maybe(st.sampled_from([*LABELS, "gone"]), dirty=dirty))}
                ),
                dirty=dirty,
            ),
            "extendedFields": st.fixed_dictionaries({"items": st.dictionaries(keys, text)}),
            "novelty": odd if dirty else st.just("n"),
        },
    )
    one = st.fixed_dictionaries(
        {"revision": st.integers(0, 2**53 - 1)},
        optional={
            "info": _maybe(info, dirty=dirty),
            "createdDate": st.sampled_from(["2024-05-06T07:08:09.123Z", "2024-05-06"])
            if not dirty
            else _maybe(st.sampled_from(["2024-05-06T07:08:09.123Z", "yesterday", ""])),
            "lastActivity": _maybe(st.just({"activityType": "NEW_TYPE"}), dirty=dirty),
            "source": _maybe(st.just({"sourceType": "NEW_SOURCE"}), dirty=dirty),
        },
    )
    names = st.lists(
        st.uuids().map(str) | st.sampled_from(HOSTILE if dirty else ["c-1", "c-2"]),
        unique=True,
        min_size=1,
        max_size=4,
    )
    return names.flatmap(
        lambda each: st.tuples(*(one.map(lambda found, i=i: {"id": i, **found}) for i in each))
    )
