"""Shown: a first line for a reader in a hurry, groups by outcome, and fields three ways."""

import re
from itertools import product

import pytest

from contacttools.committing.report import Difference, Outcome, Report
from contacttools.committing.shown import LOOK, OUTCOMES
from contacttools.committing.threeway import Way, three_way_html
from contacttools.planning.change import Change, Edit
from contacttools.planning.pages import initials
from contacttools.planning.plan import Plan


def report_of(*words, steps=None, note=""):
    """Return a report of one contact per outcome, or of one contact in several steps."""
    changes, outcomes = [], []
    for n, word in enumerate(words):
        contact_id, step = ("c0", n + 1) if steps else (f"c{n}", 1)
        edits = (Edit("company", "Old", "New"),)
        changes.append(
            Change(contact_id, 3, edits, {"company": "Old"}, f"N{n}", step=step, steps=steps or 1)
        )
        outcomes.append(Outcome(contact_id, word, before=3, after=4, detail=f"d{n}", step=step))
    return Report(Plan("site", tuple(changes)), tuple(outcomes), "sandbox", note)


def first_line(report):
    """Return what a terminal shows first, without the plan's id."""
    return repr(report).splitlines()[0].split("  ", 1)[1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "Nothing to write."),
        (("applied",), "1 of 1 contact written. Nothing needs a look."),
        (("applied", "applied"), "2 of 2 contacts written. Nothing needs a look."),
        (("conflict",),
         "0 of 1 contact written. 1 was not written. Look at 1 contact: 1 conflict."),
        (("applied", "refused", "gone"),
         "1 of 3 contacts written. 2 were not written. Look at 2 contacts: 1 gone, 1 refused."),
        (("not_sent", "not_sent"),
         "0 of 2 contacts written. 2 were not written. Nothing needs a look."),
        (("already",),
         "0 of 1 contact written. 1 held the wanted values already. Nothing needs a look."),
        (("unknown",),
         "0 of 1 contact written. 1 may have been written. Look at 1 contact: 1 unknown."),
        (("applied", "conflict", "already", "conflict_maybe_applied"),
         ("1 of 4 contacts written. 1 was not written, 1 held the wanted values already, "
          "1 may have been written. Look at 2 contacts: 1 conflict, 1 conflict_maybe_applied.")),
    ],
)  # fmt: skip
def test_the_first_line_says_what_is_done_what_is_not_and_what_to_look_at(words, told):
    """One short sentence each, right for none, one and many."""
    report = report_of(*words)
    assert told == first_line(report)
    page = re.sub("<style>.*?</style>|<[^>]+>", "", report._repr_html_(), flags=re.DOTALL)
    assert page.strip().startswith(told.split(": ")[0])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("applied", "applied"), "1 of 1 contact written. Nothing needs a look."),
        (("applied", "not_sent"),
         "0 of 1 contact written. 1 was written in part. Look at 1 contact: 1 in part."),
        (("applied", "refused"),
         "0 of 1 contact written. 1 was written in part. Look at 1 contact: 1 refused."),
        (("applied", "unknown"),
         "0 of 1 contact written. 1 may have been written. Look at 1 contact: 1 unknown."),
        (("applied", "already"),
         "0 of 1 contact written. 1 held the wanted values already. Nothing needs a look."),
        (("not_sent", "not_sent"),
         "0 of 1 contact written. 1 was not written. Nothing needs a look."),
    ],
)  # fmt: skip
def test_two_updates_of_a_contact_are_one_contact(words, told):
    """It counts once, as what its updates amount to; half a contact needs a look."""
    assert told == first_line(report_of(*words, steps=2))


@pytest.mark.parametrize("words", list(product(["applied", "conflict", "not_sent"], repeat=2)))
def test_every_contact_is_counted_once(words):
    """The sentences add up."""
    line = first_line(report_of(*words))
    done = words.count("applied")
    missing = [int(n) for n in re.findall(r"(\d+) (?:was|were) not written", line)]
    assert (done, 2 - done) == (int(line.split(" ")[0]), sum(missing))


def test_every_outcome_has_its_group_those_to_look_at_first_and_open():
    """With what it means and how many there are, each with a sign and in words."""
    words = [word for word in OUTCOMES if word not in ("surprise", "in part")]
    report = report_of(*reversed(words))
    page = report._repr_html_()
    groups = re.findall(
        r"<details class='ct-card[^']*'( open)?><summary><span class='ct-sign ct-(\w+)'>(.)</span> "
        r"<strong>(\w+)</strong> · 1 contact: ([^<]+)\. ",
        page,
    )
    assert words == [word for *_, word, _ in groups]
    assert [word in LOOK for word in words] == [bool(opened) for opened, *_ in groups]
    assert [OUTCOMES[word] for word in words] == [meaning for *_, meaning in groups]
    legend = re.search(r"<ul class='ct-legend'.*?</ul>", page).group()
    assert words == re.findall(r"</span> (\w+) <strong>1</strong>", legend)


def test_a_run_that_was_stopped_says_how_to_go_on():
    """By the plan's first twelve digits, or by committing again; an ended one says nothing."""
    report = report_of("applied", "not_sent", note="stopped on request")
    resume = f'site.resume("{report.plan.id[:12]}")'
    for shown in (repr(report), report._repr_html_()):
        assert "stopped on request" in shown
        assert resume in shown
        assert "commit the plan again" in shown
    assert "resume" not in repr(report_of("applied", "conflict"))


def test_many_contacts_are_not_all_shown():
    """The rest is said to exist, in the page as in a terminal."""
    report = report_of(*["not_sent"] * 203)
    assert "… and 3 more: <code>report.to_frame()" in report._repr_html_()
    assert "… and 183 more: report.to_frame()" in repr(report)


def test_what_the_values_show_is_not_said_once_more():
    """A conflict's values stand side by side; in a terminal they are in words."""
    change = Change("c1", 3, (Edit("company", "Old", "New"),), {"company": "Old"})
    from_commit = (
        "company was 'Old', ours 'New', theirs 'Theirs'; it changes faster than it can be "
        "written. stage.rebase(site.fetch()) sets your edits beside theirs"
    )
    outcome = Outcome("c1", "conflict", before=3, after=4, detail=from_commit,
                      differences=(Difference("company", "Old", "New", "Theirs"),))  # fmt: skip
    report = Report(Plan("site", (change,)), (outcome,), "sandbox")
    assert from_commit in repr(report)
    page = report._repr_html_()
    assert "<p>it changes faster than it can be written</p>" in page
    assert ["Old", "New", "Theirs"] == cells(page)[0]


@pytest.mark.parametrize(
    ("name", "short"),
    [("", ""), ("Ada Marlowe", "A. M."), ("ann@example.com", "A."), (" van  Dyck ", "V. D.")],
)
def test_initials_are_what_is_left_of_a_name(name, short):
    """One letter a word."""
    assert short == initials(name)


# -- three ways -----------------------------------------------------------------------------


def cells(page):
    """Return the rows of a three-way table as text."""
    rows = re.findall(r"<tr[^>]*>(?:<th>[^<]*</th>|<td></td>)(<td>.*?)</tr>", page)
    return [[re.sub("<[^>]+>", "", each) for each in row.split("</td>")[:-1]] for row in rows]


def three(field, base, ours, theirs, **how):
    """Return the rows of one field three ways."""
    return cells(three_way_html([Way(field, base, ours, theirs)], **how))


def test_a_value_three_ways():
    """What it was, and what each side made of it; nothing and cleared are words."""
    assert [["Old", "New", "Theirs"]] == three("company", "Old", "New", "Theirs")
    assert [["Old", "cleared", "Theirs"]] == three("company", "Old", None, "Theirs")
    assert [["nothing", "New", "nothing"]] == three("company", None, "New", None)
    page = three_way_html([Way("company", "Old", "New", "Old")])
    assert ["New"] == re.findall("<ins>(.*?)</ins>", page)  # only what is not as it was


def test_lists_three_ways_item_by_item():
    """Kept, edited, removed and added, each in its own row; the same addition of both in one."""

    def mail(n, text, **more):
        return {"id": f"e{n}", "email": text, "primary": False, **more}

    base = (mail(1, "a@x.org", primary=True), mail(2, "b@x.org"), mail(3, "c@x.org"))
    new = {"email": "n@x.org", "primary": False}
    ours = (mail(1, "a@x.org", primary=True), mail(2, "b2@x.org"), new, {"email": "o@x.org"})
    theirs = (mail(1, "a@x.org"), mail(2, "b3@x.org", primary=True), mail(3, "c@x.org"),
              mail(9, "n@x.org"))  # fmt: skip
    assert [
        ["a@x.org, primary", "a@x.org, primary", "a@x.org"],
        ["b@x.org", "b2@x.org", "b3@x.org, primary"],
        ["c@x.org", "removed", "c@x.org"],
        ["–", "n@x.org", "n@x.org"],
        ["–", "o@x.org", "–"],
    ] == three("emails", base, ours, theirs)
    assert [["nothing", "nothing", "nothing"]] == three("company", None, None, None)
    assert [["–", "–", "–"]] == three("emails", None, None, ())


def test_items_that_read_alike_are_told_apart():
    """Two streets that one line would show the same."""
    one = {"id": "a", "streetAddress.number": "1", "streetAddress.name": "Main St"}
    other = {"id": "a", "addressLine": "1 Main St"}
    ((base, ours, theirs),) = three("addresses", (one,), (other,), (one,))
    assert base == theirs != ours


def test_labels_three_ways():
    """One row a label: there, or not."""
    assert [["a", "a", "a"], ["b", "removed", "b"], ["–", "c", "–"]] == three(
        "labelKeys", ("a", "b"), ("a", "c"), ("a", "b")
    )


def test_long_texts_show_where_they_differ():
    """The place of the first difference, with a little before it."""
    same = "x" * 1000
    ((base, ours, theirs),) = three("company", f"{same}one", f"{same}two", f"{same}{'y' * 999}")
    assert (f"… {'x' * 40}one", f"… {'x' * 40}two") == (base, ours)
    assert theirs.startswith(f"… {'x' * 40}yyy")
    assert theirs.endswith(" …")
    assert 310 > len(theirs)


def test_hidden_values_show_that_there_is_one():
    """And what was removed; the field's name stays."""
    page = three_way_html([Way("company", "Old", None, "New")], hide=True)
    assert [["•••", "cleared", "•••"]] == cells(page)
    assert "Company" in page
    assert [["a", "b", "c"]] == three("custom.x", "a", "b", "c", labels={"custom.x": "Nick"})
