"""The audit: what each rule finds, what may be done about it, and that the counts reconcile."""

from __future__ import annotations

import pandas as pd
import pytest
from people_builder import ANN, BOB, CAT, FETCHED, address, email, person, phone, snapshot, stage

import contacttools as ct
from contacttools.auditing import emails
from contacttools.auditing.rule import known_rules


def named(contact_id=ANN, first="Ann", last="Ash", **info):
    """Return a contact with a name and a way to reach it."""
    info.setdefault("emails", [email("e1", f"{contact_id}@example.org", primary=True)])
    return person(contact_id, name={"first": first, "last": last}, **info)


def found(rule, *people):
    """Return what a rule finds in these: contact, path and suggestion."""
    findings = ct.audit(snapshot(*people), rules=rule)
    assert {rule} <= {*findings.rules}
    frame = findings.to_frame()
    return [
        (row.contactId, row.path, None if pd.isna(row.suggestion) else row.suggestion)
        for row in frame.itertuples()
    ]


MANY = [named(f"c{n}", first, last) for n, (first, last) in enumerate(
    [("Ann", "Ash"), ("Ann", "Birch"), ("Ben", "Ash"), ("Ben", "Birch")] * 2
)]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "people", "expected"),
    [
        ("spaces", [named(company=" Quay  Ltd")], [(ANN, "company", "Quay Ltd")]),
        ("damaged_text", [named(company="MÃ¼hle")], [(ANN, "company", None)]),
        (
            "name_capitals",
            [named(first="ANN", last="DE VRIES")],
            [(ANN, "name.first", "Ann"), (ANN, "name.last", None)],
        ),
        ("not_a_name", [named(last="4711")], [(ANN, "name.last", None)]),
        ("name_missing", [named(last=None)], [(ANN, "name.last", None)]),
        ("whole_name_in_first", [named("c1", "Ann Ash", "Ash")], [("c1", "name.first", "Ann")]),
        (
            "whole_name_in_first",
            [named("c1", "Ann Strasse", "Straße")],
            [("c1", "name.first", "Ann")],
        ),
        ("whole_name_in_first", [named("c1", "Ann Ash", None)], [("c1", "name.first", None)]),
        (
            "names_swapped",
            [*MANY, named("x", "Ash", "Ann")],
            [("x", "name.first", "Ann"), ("x", "name.last", "Ash")],
        ),
        ("company_in_name", [named(last="Quay Ltd")], [(ANN, "name.last", None)]),
        ("company_in_name", [named(last="Quay", company="QUAY")], [(ANN, "name.last", None)]),
        ("test_entry", [named(first="Test")], [(ANN, "name.first", None)]),
        ("birthdate_impossible", [named(birthdate="2099-01-01")], [(ANN, "birthdate", None)]),
        ("birthdate_impossible", [named(birthdate="1900-01-01")], [(ANN, "birthdate", None)]),
        ("birthdate_impossible", [named(birthdate="1899-05-05")], [(ANN, "birthdate", None)]),
        ("locale_malformed", [named(locale="english")], [(ANN, "locale", None)]),
        (
            "email_invalid",
            [named(emails=[email("e1", "a,b@example.org")])],
            [(ANN, "emails[e1].email", None)],
        ),
        (
            "email_spelling",
            [named(emails=[email("e1", "Ann@Example.org")])],
            [(ANN, "emails[e1].email", "ann@example.org")],
        ),
        (
            "role_address",
            [named(emails=[email("e1", "Info@example.org")])],
            [(ANN, "emails[e1].email", None)],
        ),
        (
            "disposable_address",
            [named(emails=[email("e1", "x@mailinator.com")])],
            [(ANN, "emails[e1].email", None)],
        ),
        (
            "domain_typo",
            [named(emails=[email("e1", "x@gmial.com")])],
            [(ANN, "emails[e1].email", "x@gmail.com")],
        ),
        (
            "email_bounced",
            [named(custom={"emailSubscriptions.deliverabilityStatus": "BOUNCED"})],
            [(ANN, "email", None)],
        ),
        (
            "phone_invalid",
            [named(phones=[phone("p1", "555-0142")])],
            [(ANN, "phones[p1].phone", None)],
        ),
        (
            "phone_country_missing",
            [
                named(
                    phones=[phone("p1", "02 61 91 58 54", country=None)],
                    addresses=[address("a1", country="FR")],
                )
            ],
            [(ANN, "phones[p1].countryCode", "FR")],
        ),
        (
            "phone_country_missing",
            [named(phones=[phone("p1", "512-555-0177", country=None)])],
            [(ANN, "phones[p1].countryCode", None)],
        ),
        (
            "phone_country_missing",
            [
                named(
                    phones=[phone("p1", "0044 20 7946 0856", country=None)],
                    addresses=[address("a1", country="FR")],
                )
            ],
            [],
        ),
        (
            "phone_notation",
            [named(phones=[phone("p1", "0044 20 7946 0856", country=None)])],
            [(ANN, "phones[p1].phone", "+442079460856")],
        ),
        (
            "phone_notation",
            [named(phones=[phone("p1", "(512) 555-0177")])],
            [(ANN, "phones[p1].phone", "+15125550177")],
        ),
        (
            "phone_extension",
            [named(phones=[phone("p1", "512-555-0177 ext. 9")])],
            [(ANN, "phones[p1].phone", None)],
        ),
        (
            "address_country_missing",
            [named(addresses=[address("a1", city="Leeds")])],
            [(ANN, "addresses[a1].country", None)],
        ),
        (
            "subdivision_mismatch",
            [
                named(
                    addresses=[
                        address("a1", country="US", subdivision="CA-QC"),
                        address("a2", country="US", subdivision="Texas"),
                        address("a3", country="US", subdivision="US-TX"),
                    ]
                )
            ],
            [
                (ANN, "addresses[a1].subdivision", None),
                (ANN, "addresses[a2].subdivision", "US-TX"),
            ],
        ),
        (
            "postal_code_mismatch",
            [
                named(
                    addresses=[
                        address("a1", country="US", postalCode="1234"),
                        address("a2", country="US", subdivision="US-NY", postalCode="94103"),
                        address("a3", country="US", subdivision="US-CA", postalCode="94103"),
                        address("a4", country="DE", postalCode="10115"),
                    ]
                )
            ],
            [
                (ANN, "addresses[a1].postalCode", None),
                (ANN, "addresses[a2].postalCode", None),
            ],
        ),
        (
            "email_primary_missing",
            [named(emails=[email("e1", "a@example.org"), email("e2", "b@example.org")])],
            [(ANN, "emails[e1].primary", None)],
        ),
        (
            "phone_primary_missing",
            [named(phones=[phone("p1", "512-555-0177")])],
            [(ANN, "phones[p1].primary", None)],
        ),
        (
            "email_twice",
            [named(emails=[email("e1", "a@example.org"), email("e2", "A@example.org")])],
            [(ANN, "emails[e2].email", None)],
        ),
        (
            "phone_twice",
            [named(phones=[phone("p1", "512-555-0177"), phone("p2", "+1 512 555 0177")])],
            [(ANN, "phones[p2].phone", None)],
        ),
        ("no_way_to_reach", [named(emails=[])], [(ANN, "email", None)]),
        (
            "email_shared",
            [
                named(ANN, emails=[email("e1", "one@example.org")]),
                named(BOB, emails=[email("e2", "ONE@example.org")]),
            ],
            [(ANN, "emails[e1].email", None), (BOB, "emails[e2].email", None)],
        ),
        (
            "phone_shared",
            [
                named(ANN, phones=[phone("p1", "512-555-0177")]),
                named(BOB, phones=[phone("p2", "(512) 5550177")]),
                named(CAT, phones=[phone("p3", "512-555-0178")]),
            ],
            [(ANN, "phones[p1].phone", None), (BOB, "phones[p2].phone", None)],
        ),
        (
            "company_spelling",
            [
                named(ANN, company="Quay & Sons Ltd"),
                named(BOB, company="Quay & Sons Ltd"),
                named(CAT, company="quay and sons"),
            ],
            [(CAT, "company", "Quay & Sons Ltd")],
        ),
        (
            "company_spelling",
            [
                *(named(f"s{n}", company="Tideglass Studios") for n in range(3)),
                named(ANN, company="Tideglass"),
                *(named(f"a{n}", company="Delta Air") for n in range(3)),
                *(named(f"d{n}", company="Delta Dental") for n in range(3)),
                named(BOB, company="Delta"),
                *(named(f"q{n}", company="Quay Boats") for n in range(2)),
                named(CAT, company="Quay"),
            ],
            [(ANN, "company", None)],
        ),
        (
            "field_of_wrong_type",
            [
                named(custom={"custom.score": "much", "custom.nickname": "Annie"}),
                named(BOB, custom={"custom.since": "2020-13-01"}),
                named(CAT, custom={"custom.since": "3 May 2020"}),
            ],
            [
                (ANN, "extendedFields[custom.score].value", None),
                (BOB, "extendedFields[custom.since].value", None),
            ],
        ),
    ],
)
def test_a_rule_finds_what_it_is_about(rule, people, expected):
    """Where it is, and what should be there if that is sure."""
    assert expected == found(rule, *people)


def test_labels_that_are_nearly_the_same_are_found():
    """By their names, but for capitals, spaces and signs."""
    contacts = snapshot(
        named(labelKeys=["custom.vip", "custom.press", "custom.v-i-p"]),
        labels={"custom.vip": "VIP", "custom.press": "Press", "custom.v-i-p": "V.I.P"},
    )
    frame = ct.audit(contacts, rules="label_nearly_another").to_frame()
    assert {"labels[custom.vip].key", "labels[custom.v-i-p].key"} == set(frame["path"])


CLEAN = named(
    locale="en-us", birthdate="1980-02-03", company="Quay & Sons Ltd", jobTitle="Buyer",
    phones=[phone("p1", "+15125550177", primary=True)],
    addresses=[address("a1", country="US", subdivision="US-TX", postalCode="78701", city="Austin")],
    custom={"custom.score": 3, "custom.since": "2020-01-01"},
)  # fmt: skip


def test_what_is_clean_has_no_finding():
    """By any of the rules; nor have no contacts at all."""
    findings = ct.audit(snapshot(CLEAN))
    assert [] == findings.to_frame()["rule"].tolist()
    assert set(known_rules()) >= set(findings.rules) > {"spaces", "email_shared"}
    assert "none in 1 contact" in repr(findings)
    nobody = ct.Contacts([], site_id="site-1", fetched_at=FETCHED)
    assert 0 == len(ct.audit(nobody))


# -- rules of one's own -----------------------------------------------------------------------


@pytest.fixture
def forget():
    """Take away the rules that a test has made known."""
    before = dict(known_rules())
    yield
    from contacttools.auditing import rule as room  # noqa: PLC0415 - its own state is put back

    room._RULES.clear()
    room._RULES.update(before)


@pytest.mark.usefixtures("forget")
def test_a_rule_of_ones_own_says_what_is_wrong_in_three_ways():
    """By a mask, by a reason each, or with a suggestion; from then on it is one of all."""

    @ct.rule(column="company")
    def by_mask(frame):
        """Company in capitals."""
        return frame["company"].str.isupper().fillna(value=False).astype(bool)

    @ct.rule(column="company", severity="error")
    def by_reason(frame):
        """Company too long."""
        return frame["company"].str.len().map(lambda n: f"{n:.0f} letters" if n > 3 else None)

    @ct.rule(table="phones", column="tag")
    def by_suggestion(frame, audited):
        """Phones of people who have a company are of work."""
        held = frame["contactId"].map(audited.wide["company"]).notna()
        return pd.DataFrame({"suggestion": "WORK"}, index=frame.index)[held]

    contacts = snapshot(named(company="QUAY", phones=[phone("p1", "1")]))
    frame = ct.audit(contacts, rules=[by_mask, "by_reason", by_suggestion]).to_frame()
    told = frame[["rule", "severity", "path", "value", "why"]].to_numpy().tolist()
    assert [
        ["by_reason", "error", "company", "QUAY", "4 letters"],
        ["by_mask", "warning", "company", "QUAY", "Company in capitals."],
        ["by_suggestion", "warning", "phones[p1].tag", "UNTAGGED",
         "Phones of people who have a company are of work."],
    ] == told  # fmt: skip
    assert "WORK" == frame["suggestion"].iloc[2]
    assert {"by_mask", "by_reason"} <= set(ct.audit(contacts).rules)


@pytest.mark.usefixtures("forget")
@pytest.mark.parametrize("answer", [None, [True], "wrong", pd.Series(["why"], index=["nobody"])])
def test_a_rule_that_answers_otherwise_is_named(answer):
    """With what it should return."""

    @ct.rule
    def odd(frame):
        """Odd."""
        return answer

    with pytest.raises(ct.BadValue, match="rule odd: return a mask"):
        ct.audit(snapshot(CLEAN), rules=odd)


@pytest.mark.usefixtures("forget")
@pytest.mark.parametrize("dtype", [object, "boolean"])
def test_a_mask_is_a_mask_of_whatever_type(dtype):
    """What is missing in it is not wrong, and False is no reason."""

    @ct.rule(column="company")
    def mask(frame):
        """Half a mask."""
        return pd.Series([True, False, None], index=frame.index, dtype=dtype)

    contacts = snapshot(*(named(each) for each in (ANN, BOB, CAT)))
    assert [ANN] == ct.audit(contacts, rules=mask).to_frame()["contactId"].tolist()


@pytest.mark.usefixtures("forget")
def test_a_suggestion_for_a_column_that_is_none_is_refused():
    """By name, before anything is staged."""

    @ct.rule(column="compny")
    def odd(frame):
        """Odd."""
        return pd.DataFrame({"suggestion": "x"}, index=frame.index)

    staged = stage(CLEAN)
    with pytest.raises(ct.UnknownField, match="compny"):
        staged.apply(ct.audit(staged, rules=odd))
    assert {} == staged.edits()


@pytest.mark.parametrize(
    "narrowed",
    [{"where": [ANN]}, {"column": "company"}, {"table": "phones"}, {"clear": "company"}],
    ids=["where", "column", "table", "clear"],
)
def test_suggestions_are_narrowed_before_they_are_staged(narrowed):
    """What would be passed over in silence is refused."""
    staged = stage(*DIRTY)
    with pytest.raises(ct.BadValue, match="choose among them first"):
        staged.apply(ct.audit(staged).fixes(), **narrowed)
    assert {} == staged.edits()


@pytest.mark.usefixtures("forget")
def test_a_rule_that_raises_is_named():
    """Of many rules one would not know which it was."""

    @ct.rule
    def misspelt(frame):
        """Looks at a column that is none."""
        return frame["compny"].isna()

    with pytest.raises(ct.BadValue, match=r"rule misspelt raised KeyError\('compny'\)"):
        ct.audit(snapshot(CLEAN))


def test_what_cannot_be_a_rule_is_said():
    """And what there is no rule of."""
    with pytest.raises(ct.BadValue, match="docstring"):
        ct.rule(lambda frame: frame)
    with pytest.raises(ct.BadValue, match="severity is one of"):
        ct.rule(severity="fatal")(emails.role_address.check)
    with pytest.raises(ct.BadValue, match="no rule 'nothing'; there are"):
        ct.audit(snapshot(CLEAN), rules="nothing")
    with pytest.raises(ct.BadValue, match="can be audited, not a DataFrame"):
        ct.audit(snapshot(CLEAN).to_frame())


# -- findings ---------------------------------------------------------------------------------

DIRTY = [
    named(ANN, "ANN", "ASH", company=" Quay", phones=[phone("p1", "(512) 555-0177")]),
    named(BOB, "Ben", "DE VRIES", emails=[email("e1", "Bob@Example.org")]),
]


def test_findings_are_data():
    """With ids that stand for rule, contact, path and value."""
    findings = ct.audit(snapshot(*DIRTY))
    frame = findings.to_frame()
    assert [
        "findingId", "contactId", "rule", "severity", "path", "value", "why", "suggestion",
    ] == list(frame.columns)  # fmt: skip
    assert frame["findingId"].is_unique
    assert (
        frame["findingId"].tolist() == ct.audit(snapshot(*DIRTY)).to_frame()["findingId"].tolist()
    )
    other = ct.audit(snapshot(named(ANN, "ANNE", "ASH")), rules="name_capitals").to_frame()
    ours = frame[frame["rule"] == "name_capitals"]
    shared = set(other["findingId"]) & set(ours["findingId"])
    assert {"ASH"} == set(ours.set_index("findingId").loc[list(shared), "value"])


def test_a_summary_counts_by_rule_severity_and_path():
    """Rules that found nothing are in it; the items of a list go together."""
    findings = ct.audit(snapshot(*DIRTY))
    rules = findings.summary()
    assert [3, 2, 2] == rules.loc["name_capitals", ["findings", "contacts", "suggested"]].tolist()
    assert 0 == rules.loc["email_shared", "findings"]
    assert (
        len(findings) == rules["findings"].sum() == findings.summary("severity")["findings"].sum()
    )
    assert 1 == findings.summary("path").loc["phones.phone", "findings"]
    assert "name_capitals" in repr(findings)
    assert "<code>name_capitals</code>" in findings._repr_html_()
    with pytest.raises(ct.BadValue, match="by is"):
        findings.summary("contact")


def test_a_page_for_others_holds_no_value_unless_asked(tmp_path):
    """It asks nothing of any server, and what it shows is text."""
    hostile = named(ANN, "<script>alert(1)</script>", "ASH", company=" Quay<b>")
    findings = ct.audit(snapshot(hostile, *DIRTY[1:]))
    findings.to_html(tmp_path / "audit.html")
    page = (tmp_path / "audit.html").read_text()
    assert ANN in page
    assert "name_capitals" in page
    for value in ("Quay", "ASH", "VRIES", "Example.org", "example.org"):
        assert value not in page
    findings.to_html(tmp_path / "audit.html", reveal=True)
    page = (tmp_path / "audit.html").read_text()
    assert "Quay&lt;b&gt;" in page
    assert "<b>" not in page
    assert "<script" not in page
    assert "Content-Security-Policy" in page
    assert "found nothing" in ct.audit(snapshot(CLEAN))._repr_html_()


def test_some_findings_are_chosen():
    """By rule, severity, mask or id; what there is none of is said."""
    findings = ct.audit(snapshot(*DIRTY))
    frame = findings.to_frame()
    assert {"spaces"} == set(findings.only("spaces").to_frame()["rule"])
    assert {"warning"} == set(findings.only(severity="warning").to_frame()["severity"])
    of_ann = frame["contactId"] == ANN
    assert {ANN} == set(findings.only(where=of_ann).to_frame()["contactId"])
    ids = frame["findingId"].iloc[:2]
    assert ids.tolist() == findings.only(where=list(ids)).to_frame()["findingId"].tolist()
    for arguments in ({"rule": "none"}, {"severity": "fatal"}, {"where": ["0"]}):
        with pytest.raises(ct.BadValue, match="no '"):
            findings.only(**arguments)
    with pytest.raises(ct.BadValue, match="the mask has 1 rows"):
        findings.only(where=pd.Series([True]))


# -- what is done about it --------------------------------------------------------------------


def test_what_is_suggested_is_staged_as_one_step_with_its_reasons():
    """Each edit says which rule wanted it; one undo takes all of it back."""
    staged = stage(*DIRTY)
    fixes = ct.audit(staged).fixes()
    assert 5 == len(fixes)
    assert "5 values of 2 contacts" in repr(fixes)
    assert set(fixes.to_frame()["after"]) == {
        "Ann",
        "Ash",
        "Quay",
        "+15125550177",
        "bob@example.org",
    }
    assert None is staged.apply(fixes)
    reasons = staged.plan().to_frame().set_index("after")["reason"]
    assert "name_capitals: was in capitals" == reasons["Ann"]
    assert staged.undo()
    assert {} == staged.edits()
    staged.apply(fixes, reason="november")
    assert {"november"} == set(staged.plan().to_frame()["reason"])


def test_what_has_changed_since_the_audit_is_refused():
    """By name; the others are staged if one asks for it."""
    staged = stage(*DIRTY)
    fixes = ct.audit(staged).fixes(rule="name_capitals")
    staged.edit(ANN, {"name.first": "Anna"})
    with pytest.raises(ct.BadValue, match="has changed since"):
        staged.apply(fixes)
    assert {ANN: {"name.first": "Anna"}} == staged.edits()
    told = staged.apply(fixes, errors="collect")
    assert ["refused", "staged"] == told["status"].tolist()
    assert {ANN: {"name.first": "Anna", "name.last": "Ash"}} == staged.edits()


@pytest.mark.parametrize("rule", [None, "name_capitals", ["spaces", "phone_notation"]])
def test_audits_before_and_after_reconcile(rule):
    """What was found is fixed or remains; what is found remains or is new."""
    staged = ct.Stage(ct.connect().fetch(limit=300))
    before = ct.audit(staged)
    staged.apply(before.fixes(rule))
    after = ct.audit(staged)
    told = after.compare(before)
    assert len(before) == len(told.fixed) + len(told.remaining)
    assert len(after) == len(told.remaining) + len(told.new)
    by_rule = told.summary
    assert by_rule["before"].sum() == len(before)
    assert by_rule["after"].sum() == len(after)
    assert len(told.to_frame()) == len(told.fixed) + len(told.remaining) + len(told.new)
    assert f"{len(told.fixed):,} fixed" in repr(told)
    suggested = {(each.rule, each.contact_id, each.path) for each in before.only(rule).findings
                 if each.suggestion is not None}  # fmt: skip
    fixed = {(each.rule, each.contact_id, each.path) for each in told.fixed.findings}
    assert len(fixed & suggested) >= 0.9 * len(suggested)
    with pytest.raises(ct.BadValue, match="other findings"):
        after.compare(None)


def test_contacts_and_a_stage_without_edits_are_found_the_same():
    """An audit sees what is staged, and that alone makes the difference."""
    contacts = ct.connect().fetch(limit=100)
    one, two = ct.audit(contacts), ct.audit(ct.Stage(contacts))
    assert one.to_frame().equals(two.to_frame())
