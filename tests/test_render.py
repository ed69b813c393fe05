"""Render: plans and reports as HTML and text, in which nothing of a contact is more than text."""

import re
import time
from html.parser import HTMLParser

import pytest
from people_builder import (
    ANN,
    BOB,
    HOSTILE,
    UNSENDABLE,
    ann,
    email,
    person,
    phone,
    snapshot,
    stage,
)

from contacttools.committing.report import Difference, Outcome, Report
from contacttools.contact import fields
from contacttools.planning import render

VOID = {"img", "input", "br", "link", "meta", "hr"}


class Tree(HTMLParser):
    """Elements with the names of their attributes, as a browser would build them."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.text, self.open = [], [], []
        self.feed(html)
        self.close()
        assert [] == self.open

    def handle_starttag(self, tag, attrs):
        # The one span and the marks of a diff depend on the text; that they hold text is checked.
        names = tuple((name, value) for name, value in attrs if name in {"class", "type", "name"})
        assert not {name for name, _ in attrs} - {
            "class",
            "role",
            "aria-label",
            "title",
            "type",
            "name",
            "value",
            "checked",
            "open",
        }
        if tag not in {"span", "ins", "del"} or ("class", "ct-hidden") not in attrs:
            self.tags.append((tag, tuple(name for name, _ in names)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert tag == self.open.pop()

    def handle_data(self, data):
        self.text.append(data)

    def handle_comment(self, data):
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def shape(html):
    """The elements of a page, less the marks that depend on the text."""
    return [each for each in Tree(html).tags if each[0] not in {"ins", "del"}]


HIDING = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ue000\U000e0041]"
)


def pages(word):
    """Every page there is, with one text wherever a contact or a service may put one."""
    key = f"custom.{word}"
    document = person(
        f"c {word}",
        name={"first": word, "last": word},
        company=word,
        jobTitle=word,
        emails=[email("e1", f"{word}@x", primary=True)],
        phones=[phone("p1", word, primary=True, tag="MOBILE", new={word: 1})],
        addresses=[{"id": "a1", "tag": "HOME", "address": {"city": word, "addressLine": word}}],
        labelKeys=[word],
        extendedFields={"items": {key: word, "members.membershipStatus": word}},
    )
    other = {**document, "id": f"d {word}"}
    gone = {**document, "id": f"e {word}"}
    staged = stage(
        document,
        other,
        gone,
        partial=f"filter {word}",
        site_id=f"site {word}",
        labels=None,
        extended=None,
    )
    for each in (document["id"], gone["id"]):
        staged.edit(
            each,
            {
                "company": f"{word[:500]} x",
                "jobTitle": None,
                "name.first": word[:500] + "1",
                "birthdate": "1990-01-01",
                key: word[:500] + "2",
                "phone": f"5550100{word[:40]}",
            },
        )
        staged.edit_item(each, "addresses", "a1", {"city": word[:500] + "3"})
        staged.label(each, remove=word, add="custom.plain")
    staged.add(document["id"], "emails", {"email": "new@example.com"})
    staged.rebase(
        snapshot(
            document,
            other,
            partial=f"filter {word}",
            site_id=f"site {word}",
            labels=None,
            extended=None,
        )
    )
    plan = staged.plan()
    assert (1, True) == (len(plan), bool(plan.refused))
    outcomes = tuple(
        Outcome(
            each.contact_id,
            "conflict",
            word,
            1,
            2,
            word,
            (Difference("company", word, word, word),),
        )
        for each in plan.changes
    )
    report = Report(plan, outcomes, word, word)
    return {
        "plan": plan._repr_html_(),
        "report": report._repr_html_(),
        "table": render.table_html([word], [[word, word]]),
        "plan text": repr(plan),
        "report text": repr(report),
    }


@pytest.mark.parametrize("n", range(len(HOSTILE)))
def test_hostile_text_builds_the_same_page_as_benign_text(n):
    """Same elements, same attributes; what hides or reorders text is spelled out."""
    benign, hostile = pages("benign"), pages(HOSTILE[n][:900])
    for name in ("plan", "report", "table"):
        assert shape(benign[name]) == shape(hostile[name])
        assert not HIDING.search("".join(Tree(hostile[name]).text))
    for name in ("plan text", "report text"):
        assert not HIDING.search(hostile[name])


@pytest.mark.parametrize("word", UNSENDABLE)
def test_what_cannot_be_sent_can_be_shown(word):
    """NUL and halves of characters are spelled out; the latter are refused at planning."""
    staged = stage(person(ANN, name={"first": word}, company=word))
    staged.edit(ANN, {"jobTitle": "T"})
    plan = staged.plan()
    for page in (plan._repr_html_(), repr(plan), render.table_html([word], [[word]])):
        page.encode()
        assert not HIDING.search(page)
    assert ("\x00" not in word) == bool(plan.refused)


def test_the_summary_comes_first():
    """Contacts, kinds with clears, fields, how long it takes, when the contacts were fetched."""
    staged = stage()
    staged.edit(ANN, {"company": None, "jobTitle": "X"})
    staged.edit(BOB, {"company": "Y"})
    plan = staged.plan()
    text = " ".join(Tree(plan._repr_html_()).text)

    for words in (
        "2 contacts, 3 edits (1 added, 1 changed, 1 cleared)",
        "Fields: Company 2, Job title 1",
        "at 150 requests a minute",
        "2026-01-02 03:04 UTC",
    ):
        assert words in text
    assert text.index("2 contacts") < text.index("Fields") < text.index("c-ann")
    assert repr(plan).startswith(f"Plan {plan.id[:12]} for site site-1  2 contacts, 3 edits")
    assert f'approve="{plan.id[:12]}"' in repr(plan)


def test_a_change_within_long_text_is_shown_inline():
    """The words that changed are marked, what stands far from them is left out."""
    before = "one two three " * 30 + "here stands OLD text " + "four five six " * 30
    staged = stage(ann(company=None, jobTitle=before))
    staged.edit(ANN, {"jobTitle": before.replace("OLD", "NEW")})
    html = staged.plan()._repr_html_()

    assert "here stands <del>OLD</del><ins>NEW</ins> text" in html
    assert html.count("one two three") < 10


def test_a_change_of_space_is_seen():
    """A no-break space is spelled, runs of spaces are kept."""
    staged = stage(ann(company="Example\u00a0Ltd"))
    staged.edit(ANN, {"company": "Example  Ltd"})
    html = staged.plan()._repr_html_()

    assert "⟨U+00A0⟩" in html
    assert "white-space:pre-wrap" in html


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("  Old Ltd ", "Old Ltd", "␣␣Old Ltd␣"),
        ("Old Ltd", "Old Ltd ", "Old Ltd␣"),
        ("Old  Ltd", "Old Ltd", "Old␣␣␣Ltd"),
    ],
)
def test_spaces_that_come_and_go_have_a_sign(before, after, shown):
    """A space put in or taken away is drawn, since a struck-out blank looks like a hyphen."""
    staged = stage(ann(company=before), labels=None)
    staged.edit(ANN, {"company": after})

    assert shown in "".join(Tree(staged.plan()._repr_html_()).text)


@pytest.mark.parametrize(
    "character",
    [
        "\ufe0f", "\ufe00", "\U000e0100", "\U000e01ef", "\u180b", "\ufff0", "\u2065", "\u00ad",
        "\u2003", "\u2009", "\u3000", "\u205f", "\u1680", "\u3164", "\u2800", "\uffff",
    ],
    ids=ascii,
)  # fmt: skip
def test_what_shows_nothing_is_spelled(character):
    """Selectors, unassigned characters and other spaces than the keyboard's, in text and HTML."""
    staged = stage()
    staged.edit(ANN, {"company": f"Example{character}Ltd"})
    plan = staged.plan()

    for page in (repr(plan), plan._repr_html_(), render.table_html(["x"], [[character]])):
        assert f"⟨U+{ord(character):04X}⟩" in page
        assert character not in page


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (" New Ltd", "“ New Ltd”"),
        ("New Ltd ", "“New Ltd ”"),
        ("New  Ltd", "“New  Ltd”"),
        ("New Ltd", "New Ltd"),
    ],
)
def test_spaces_that_would_not_be_seen_are_between_quotes(value, shown):
    """At the edges of a text, or doubled; any other text stands by itself."""
    staged = stage()
    staged.edit(ANN, {"company": value})

    assert f"Example Ltd → {shown}\n" in repr(staged.plan())


def test_a_long_list_of_risks_does_not_hide_the_diff():
    """Five examples in plain text, and how many more there are; the page has them all."""
    staged = stage()
    for n in range(8):
        staged.add(ANN, "phones", {"phone": f"none {n}"})
    plan = staged.plan()

    assert 5 == repr(plan).count("does not look like one\n")
    assert "… and 3 more: plan.risks" in repr(plan)
    assert (8, 8) == (
        plan._repr_html_().count("does not look like one</li>"),
        sum(each.kind == "doubtful" for each in plan.risks),
    )


def test_a_plan_says_how_this_very_plan_is_written():
    """By its id, for its site, and by no name it may not have."""
    staged = stage(site_id="11112222-3333-4444-8555-666677778888")
    staged.edit(ANN, {"company": "X"})
    plan = staged.plan()

    assert f"Plan {plan.id[:12]} for site 11112222  " in repr(plan)
    assert "Contacts of site 11112222-3333-4444-8555-666677778888 as of" in plan._repr_html_()
    for page in (repr(plan), plan._repr_html_()):
        assert f'site.commit(…, approve="{plan.id[:12]}")' in page


def test_risks_and_refusals_count_contacts():
    """Two risks of one contact are one contact."""
    staged = stage(ann())
    staged.make_primary(ANN, "emails", "e2")
    staged.make_primary(ANN, "phones", "p2")

    assert "subscription status applies (1 contact)" in repr(staged.plan())


def test_many_contacts_are_not_all_shown():
    """The rest is said to exist; the page stays small."""
    people = [person(f"c-{n:04}", name={"first": "A"}) for n in range(300)]
    staged = stage(*people)
    staged.update(staged.to_frame().assign(company="X"))
    plan = staged.plan()

    assert "100 more contacts" in plan._repr_html_()
    assert "280 more contacts" in repr(plan)


def test_an_empty_plan_says_so():
    """Nothing to write, nothing to approve."""
    plan = stage().plan()

    assert "Nothing to write" in plan._repr_html_()
    assert "approve" not in repr(plan)


def test_no_text_takes_long_to_compare():
    """Four thousand marks against four thousand others: shown within a second."""
    before, after = ".,;:" * 1000, ":;,." * 1000
    row = render.Row("c", None, "custom.x", "changed", before, after)
    began = time.monotonic()
    render._change_html(row)

    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "under a second"),
        (4, "about 4 s"),
        (600, "about 10 minutes"),
        (90_000, "about 25.0 hours"),
    ],
)
def test_durations_are_words(seconds, words):
    """As a person would say them."""
    assert words == render.duration(seconds)


def test_every_field_has_a_label():
    """A custom field goes by its key where nothing better is known."""
    assert ("Company", "E-mails", "Labels", "custom.x") == tuple(
        fields.label(name) for name in ("company", "emails", "labelKeys", "custom.x")
    )


@pytest.mark.parametrize("character", ["\U0001d159", "\U00016fe4"], ids=ascii)
def test_these_show_nothing_either(character):
    """Signs of other planes that draw nothing are spelled too."""
    staged = stage()
    staged.edit(ANN, {"company": f"Example{character}Ltd"})
    assert character not in repr(staged.plan())
