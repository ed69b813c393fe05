"""Queries: the builder's operators, sorts and pages, and the form that takes a whole query."""

from __future__ import annotations

import pytest
from sandbox.answers import ANN, BOB, MEG

DATE = 'new Date("2022-03-01T10:00:00Z")'


def found(answer):
    """Give the ids of what was found, in order."""
    return [one["_id"] for one in answer["items" if "items" in answer else "contacts"]]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('eq("_id", ann)', [ANN]),
        ('eq("info.name.first", "Bob")', [BOB]),
        ('eq("primaryInfo.email", "meg@example.net")', [MEG]),
        ('eq("info.birthdate", "1980-04-25")', [ANN]),
        ('eq("info.extendedFields.custom.customer-number", 42)', [BOB]),
        ('ne("_id", ann)', [BOB, MEG]),
        ('ne("info.company", "Larkfield")', [BOB, MEG]),
        (f'gt("_createdDate", {DATE})', [MEG]),
        (f'ge("_createdDate", {DATE})', [BOB, MEG]),
        (f'lt("_createdDate", {DATE})', [ANN]),
        (f'le("_createdDate", {DATE})', [ANN, BOB]),
        (f'le("_updatedDate", {DATE})', [ANN, BOB]),
        (f'gt("lastActivity.activityDate", {DATE})', [MEG]),
        ('ge("_createdDate", "2023-03-01T10:00:00.000Z")', [MEG]),
        ('gt("info.birthdate", "1980-01-01")', [ANN]),
        ('between("info.extendedFields.custom.customer-number", 10, 42)', [ANN]),
        ('in("_id", [ann, meg])', [ANN, MEG]),
        ('in("info.name.last", ["Bramwickson", "Nobody"])', [BOB]),
        ('startsWith("info.name.last", "ash")', [ANN]),
        ('startsWith("primaryInfo.email", "bob@")', [BOB]),
        ('exists("info.company", true)', [ANN]),
        ('exists("info.company")', [ANN]),
        ('exists("primaryInfo.phone", false)', [MEG]),
        ('hasSome("info.labelKeys", ["custom.press", "custom.vip"])', [ANN, BOB]),
        ('hasSome("info.labelKeys", "custom.press")', [BOB]),
        ('hasAll("info.labelKeys", ["custom.press", "custom.vip"])', [BOB]),
        ('eq("info.emails.email", "Ann.Work@example.org")', [ANN]),
        ('eq("info.phones.e164Phone", "+442079460001")', [BOB]),
        ('eq("info.addresses.city", "Springfield")', [ANN]),
        ('eq("info.extendedFields.members.membershipStatus", "APPROVED")', [MEG]),
    ],
    ids=lambda value: None if isinstance(value, list) else value,
)
def test_conditions(still, condition, expected):
    """Each operator finds whom it should, with the SDK's names of fields and with its dates."""
    code = f"contacts.queryContacts().{condition}.find()"

    assert expected == found(still(code, ann=ANN, meg=MEG))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('all.eq("info.name.first", "Ann").eq("info.company", "Larkfield")', [ANN]),
        ('all.eq("info.name.first", "Ann").eq("info.company", "Other")', []),
        (f'all.gt("_createdDate", {DATE}).lt("_createdDate", new Date())', [MEG]),
        ('all.exists("info.company").and(all.startsWith("info.name.first", "a"))', [ANN]),
        ('all.eq("info.name.first", "Ann").or(all.eq("info.name.first", "Meg"))', [ANN, MEG]),
        ('all.not(all.eq("info.name.first", "Ann"))', [BOB, MEG]),
        ('all.not(all.eq("_id", ann).or(all.eq("_id", bob)))', [MEG]),
        ('all.eq("_id", ann).or(all.eq("_id", bob).and(all.exists("info.company")))', [ANN]),
        ("all", [ANN, BOB, MEG]),
    ],
    ids=["two", "none", "range", "and", "or", "not", "neither", "nested", "all"],
)
def test_conditions_together(still, query, expected):
    """Conditions add up, and combine with and, or and not."""
    code = f"const all = contacts.queryContacts(); return {query}.find();"

    assert expected == found(still(code, ann=ANN, bob=BOB))


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ('ascending("info.name.first")', [ANN, BOB, MEG]),
        ('descending("info.name.first")', [MEG, BOB, ANN]),
        ('descending("_createdDate")', [MEG, BOB, ANN]),
        ('ascending("primaryInfo.email")', [ANN, BOB, MEG]),
        ('descending("lastActivity.activityDate")', [MEG, BOB, ANN]),
        ('descending("info.extendedFields.custom.customer-number")', [BOB, ANN, MEG]),
    ],
    ids=lambda value: None if isinstance(value, list) else value,
)
def test_sorts(still, sort, expected):
    """Contacts come in the order asked for."""
    assert expected == found(still(f"contacts.queryContacts().{sort}.find()"))


def test_pages(still):
    """Pages lead forth and back, and tell where they are."""
    code = """
        const query = contacts.queryContacts().ascending("info.name.first").limit(2);
        const first = await query.find();
        const second = await first.next();
        return [first, second, await second.prev()];
    """
    first, second, again = still(code)

    assert [[ANN, BOB], [MEG]] == [found(first), found(second)]
    assert first == again
    around = ("length", "totalCount", "totalPages", "currentPage", "pageSize", "hasNext", "hasPrev")
    assert [2, 3, 2, 0, 2, True, False] == [first[name] for name in around]
    assert [1, 3, 2, 1, 2, False, True] == [second[name] for name in around]


def test_every_page(still):
    """Going on while there is a next page meets everybody once."""
    code = """
        const met = [];
        let page = await contacts.queryContacts().limit(1).find();
        for (;;) {
            met.push(...page.items.map(({ _id }) => _id));
            if (!page.hasNext()) return met;
            page = await page.next();
        }
    """

    assert [ANN, BOB, MEG] == still(code)
    assert 3 == len(still.asked)


def test_no_page_after_the_last(still):
    """Beyond the last page there is none, which the SDK says itself."""
    code = "const page = await contacts.queryContacts().find(); return page.next();"

    assert "No next page to fetch" == still.error(code)["message"]


def test_skip(still):
    """The first few can be skipped."""
    code = "contacts.queryContacts().ascending('info.name.first').skip(1).limit(1).find()"
    page = still(code)

    assert [BOB] == found(page)
    assert (1, True, True) == (page["currentPage"], page["hasNext"], page["hasPrev"])


def test_a_page_of_none(still):
    """A limit of zero counts only."""
    page = still("contacts.queryContacts().limit(0).find()")

    assert ([], 3) == (page["items"], page["totalCount"])


def test_what_is_found_is_what_get_gives(still):
    """A contact that a query finds is the contact, dates and addresses and all."""
    code = """
        const { items } = await contacts.queryContacts().eq("_id", id).find();
        return [items, [await contacts.getContact(id)]];
    """
    queried, gotten = still(code, id=ANN)

    assert gotten == queried


def test_options_of_the_builder(still):
    """The builder takes what the service may be asked besides the query."""
    code = "contacts.queryContacts({ search: 'bob@example.com' }).find()"

    assert [BOB] == found(still(code))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"filter": {"info.name.first": "Bob"}}, [BOB]),
        ({"filter": {"_id": {"$in": [ANN, MEG]}}}, [ANN, MEG]),
        ({"filter": {"_id": {"$ne": ANN}}}, [BOB, MEG]),
        ({"filter": {"_createdDate": {"$gte": "2022-03-01T10:00:00Z"}}}, [BOB, MEG]),
        ({"filter": {"$or": [{"_id": ANN}, {"info.name.first": "Meg"}]}}, [ANN, MEG]),
        ({"filter": {"$not": {"info.company": {"$exists": True}}}}, [BOB, MEG]),
        ({"sort": [{"fieldName": "_createdDate", "order": "DESC"}]}, [MEG, BOB, ANN]),
        ({"paging": {"limit": 1, "offset": 1}}, [BOB]),
        ({"paging": {"limit": 1}}, [ANN]),
    ],
    ids=["equal", "in", "unequal", "date", "or", "not", "sort", "paging", "limit"],
)
def test_whole_queries(still, query, expected):
    """A query given as a whole is answered as the service answers it."""
    answer = still("contacts.queryContacts(query)", query=query)

    assert expected == found(answer)
    assert {"count", "offset", "total", "tooManyToCount"} == set(answer["pagingMetadata"])


def test_whole_queries_of_some_members(still):
    """A query given as a whole may name fields and fieldsets."""
    query = {"filter": {"_id": BOB}, "fields": ["createdDate"], "fieldsets": ["BASIC"]}
    (contact,) = still("contacts.queryContacts(query)", query=query)["contacts"]

    assert {"_id", "revision", "_createdDate", "primaryInfo", "info"} == set(contact)
    assert "Bob" == contact["info"]["name"]["first"]


def test_query_utilities(still):
    """What the SDK's own tools for queries make is understood."""
    code = """
        const { QueryBuilder, Filter, Sort } = crm.contacts.utils.query;
        const filter = Filter.and(
            Filter("_createdDate").gte("2022-01-01T00:00:00Z").lt("2030-01-01T00:00:00Z"),
            Filter.not(Filter("info.extendedFields.members.membershipStatus").nin(["DENIED"])),
        );
        const either = Filter.or(filter, Filter("_id").in([ann, bob]));
        const sort = Sort("_createdDate").desc();
        const query = QueryBuilder().withFilter(either).withSorting(sort).withPaging({ limit: 9 });
        return contacts.queryContacts(query.build());
    """

    assert [BOB, ANN] == found(still(code, ann=ANN, bob=BOB))


def refused(query, code):
    """Give a query, the code that refuses it, and the code as its name."""
    return pytest.param(query, code, id=code)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        refused('ascending("info.locale")', "UNSUPPORTED_SORT_FIELD"),
        refused("limit(1001)", "ILLEGAL_LIMIT"),
        refused('eq("info.none", 1)', "UNSUPPORTED_FILTER_FIELD_UNKNOWN"),
        refused('contains("info.company", "ark")', "UNSUPPORTED_FILTER_OPERATOR"),
        refused('eq("info.company", 1)', "UNSUPPORTED_FILTER_VALUE_TYPE"),
        refused('gt("_createdDate", "yesterday")', "UNSUPPORTED_FILTER_VALUE"),
        refused(
            'not(contacts.queryContacts().hasSome("info.labelKeys", ["a"]))', "UNSUPPORTED_FILTER"
        ),
    ],
)
def test_refused_queries(still, query, code):
    """What the service does not run is a 400 with a code of its own."""
    error = still.error(f"contacts.queryContacts().{query}.find()")

    assert (400, code) == (error["status"], error["details"]["applicationError"]["code"])


def test_a_malformed_filter(still):
    """A filter that is none can only be given as a whole."""
    error = still.error("contacts.queryContacts({ filter: { $and: {} } })")

    assert "MALFORMED_FILTER" == error["details"]["applicationError"]["code"]


def test_two_sorts(still):
    """The SDK sends two sorts if asked; the service takes one and names the argument."""
    sort = [{"fieldName": "createdDate"}, {"fieldName": "info.company"}]
    error = still.error("contacts.queryContacts({ sort })", sort=sort)

    violations = error["details"]["validationError"]["fieldViolations"]
    assert [("query.sort", "MAX_SIZE")] == [
        (one["field"], one["violatedRule"]) for one in violations
    ]
    built = still.error('contacts.queryContacts().ascending("_createdDate", "info.company").find()')
    assert 400 == built["status"]
