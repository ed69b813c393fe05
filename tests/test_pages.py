"""A plan made for others: as a page and as Markdown, without any value unless that is asked for."""

import re

import pytest
from people_builder import ANN, BOB, HOSTILE, ann, bob, cat, email, person, stage

import contacttools as ct


def some_plan():
    """Return a plan with every kind of edit, a risk, and a contact that cannot be planned."""
    staged = stage(ann(), bob(), cat())
    staged.apply("Sample & Daughters", "company", where=[ANN], reason="the new name")
    staged.edit(ANN, {"birthdate": None, "email": "ann@example.net", "custom.nickname": "Anna"})
    staged.add(ANN, "phones", {"phone": "555-0177", "countryCode": "US"})
    staged.label([ANN], add="Press")
    staged.edit(BOB, {"email": "cat@example.com"})
    return staged.plan()


#: What nobody is to learn from a page that is passed on.
SECRETS = [
    "Ann Example", "Example Ltd", "Sample", "Daughters", "1990-02-03", "ann@", "Annie", "Anna",
    "0177", "cat@",
]  # fmt: skip


def page(plan, tmp_path, **options):
    """Return what a plan writes as a page."""
    plan.to_html(tmp_path / "plan.html", **options)
    return (tmp_path / "plan.html").read_text("utf-8")


def test_a_page_for_others_names_nobody(tmp_path):
    """It says which contact, field and kind, and why; names are initials."""
    text = page(some_plan(), tmp_path)
    assert [] == [each for each in SECRETS if each in text]
    for told in (ANN, "A. E.", "Company", "cleared", "the new name", "Labels", "Not planned"):
        assert told in text
    assert some_plan().id[:12] in text
    assert 0o600 == (tmp_path / "plan.html").stat().st_mode & 0o777


def test_what_a_rule_says_of_a_value_is_left_out(tmp_path):
    """An audit and clusters name the usual spelling as their reason: others see the rule alone."""
    many = [person(f"c{n}", name={"first": "Any"}, company="Daughters Ltd") for n in range(3)]
    odd = person("odd", name={"first": "Any"}, company="DAUGHTERS LTD")
    odder = person("odder", name={"first": "Any"}, company="Ltd, Daughters")
    staged = stage(*many, odd, odder)
    staged.apply(ct.audit(staged, ["company_spelling"]).fixes())
    staged.apply(ct.clusters(staged, "company"))
    plan = staged.plan()
    assert 2 == len(plan)
    for text in (page(plan, tmp_path), plan.to_markdown()):
        assert "daughters" not in text.casefold()
        assert re.search(r"company\\?_spelling", text)
        assert "fingerprint" in text
    assert "usually Daughters Ltd" in page(plan, tmp_path, reveal=True)


def test_values_are_there_when_asked_for(tmp_path):
    """Then it is what a notebook shows."""
    text = re.sub("<[^>]+>", "", page(some_plan(), tmp_path, reveal=True))
    assert [] == [
        each
        for each in ("Ann Example", "Sample & Daughters".replace("&", "&amp;"), "ann@example.net")
        if each not in text
    ]


def test_a_page_stands_by_itself(tmp_path):
    """It has a title, a heading and a language, and asks nobody for anything."""
    text = page(some_plan(), tmp_path)
    assert text.startswith("<!doctype html><html lang='en'>")
    assert 1 == text.count("<h1>") == text.count("<main>")
    assert "default-src 'none'" in text
    assert not re.search(r"https?://|<script|src=|href=", text)


def test_markdown_is_a_table_for_a_review():
    """One line an edit; nothing of a contact unless it is asked for."""
    masked, whole = some_plan().to_markdown(), some_plan().to_markdown(reveal=True)
    assert [] == [each for each in SECRETS if each in masked]
    assert some_plan().id in masked
    row = next(line for line in whole.splitlines() if "| Company |" in line)
    assert r"| Example Ltd | Sample & Daughters | the new name |" in row
    row = next(line for line in masked.splitlines() if "| Company |" in line)
    assert r"| ••• | ••• | the new name |" in row
    assert "### Not planned" in masked


def test_markdown_is_written_to_a_file(tmp_path):
    """The same text; nothing is returned."""
    assert None is some_plan().to_markdown(tmp_path / "plan.md")
    assert some_plan().to_markdown() == (tmp_path / "plan.md").read_text("utf-8")


@pytest.mark.parametrize("text", [each for each in HOSTILE if each.strip()])
def test_nothing_of_a_contact_is_markup(text, tmp_path):
    """Neither in Markdown nor in the page: a table's row stays one row."""
    staged = stage(person(ANN, name={"first": text[:1000]}, emails=[email("e1", "a@example.com")]))
    staged.edit(ANN, {"jobTitle": text[:900]})
    plan = staged.plan()
    markdown = plan.to_markdown(reveal=True)
    rows = [line for line in markdown.splitlines() if "| added |" in line]
    assert 1 == len(rows)
    assert 8 == len(re.findall(r"(?<!\\)\|", rows[0]))
    assert not re.search(r"(?<!\\)[<>`](?!c-ann)", rows[0].replace(f"`{ANN}`", ""))
    shown = page(plan, tmp_path, reveal=True)
    assert "<script" not in shown
    assert "<img" not in shown
    assert "<svg" not in shown


def test_a_large_plan_is_bounded(tmp_path):
    """The rest is said to exist, and where."""
    staged = stage(*(person(f"c-{n:04}", name={"first": "Ann"}) for n in range(2000)))
    staged.apply("Sample Ltd", "company")
    plan = staged.plan()
    assert "1,800 more contacts" in plan.to_markdown()
    assert len(plan.to_markdown()) < 100_000
    assert len(page(plan, tmp_path)) < 400_000


def test_an_empty_plan_says_so(tmp_path):
    """There is nothing to write."""
    plan = ct.Stage(stage().contacts).plan()
    assert "Nothing to write" in plan.to_markdown()
    assert "Nothing to write" in page(plan, tmp_path)
