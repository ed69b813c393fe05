"""Duplicates judged and merged by hand, without a browser: what is kept, approved, and done."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import contacttools as ct
from contacttools import sandbox
from contacttools.errors import BadValue, UnknownContact, WrongSite
from contacttools.sandbox import Server
from contacttools.widgets import sidebyside
from contacttools.widgets.pairs import PairReview

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def server() -> Iterator[Server]:
    """A sandbox whose people have a few duplicates."""
    with sandbox.start(people=60, seed=37) as running:
        yield running


@pytest.fixture
def connect(server: Server) -> Callable[..., ct.Site]:
    """What connects to it, taken for a live site."""
    keys: dict[str, Any] = {
        "base_url": server.url, "api_key": server.api_key, "site_id": server.site_id,
    }  # fmt: skip
    return lambda **more: ct.connect(
        **keys | {"read_only": False, "requests_per_minute": None} | more
    )


@pytest.fixture
def site(connect: Callable[..., ct.Site]) -> ct.Site:
    """It, open for writing, with three more contacts of one person and two of another."""
    opened = connect(direct_writes=True)

    def make(first: str, last: str, email: str, **more: Any) -> None:
        given = {"name": {"first": first, "last": last}, "emails": {"items": [{"email": email}]}}
        opened.create_contact({**given, **more}, allow_duplicates=True)

    for company in ("Quay & Sons", "Harbour Ltd", HOSTILE):
        make("Zelda", "Quillfeather", "zelda@quillfeather.example", company=company)
    for title in ("Buyer", "Seller"):
        make("Ottokar", "Winterbourne", "otto@winterbourne.example", jobTitle=title)
    return opened


@pytest.fixture
def stage(site: ct.Site) -> ct.Stage:
    """A stage over them."""
    return ct.Stage(site.fetch())


def found(shown: PairReview, name: str) -> int:
    """Choose the group of a person, and return its number."""
    (number,) = [number for line, number in shown.group.options if name in line]
    shown.group.value = number
    return number


def lines(shown: PairReview) -> dict[int, str]:
    """Return what is told of each group."""
    return {number: line for line, number in shown.group.options}


def joined() -> None:
    """Wait for what goes on beside."""
    for thread in threading.enumerate():
        if thread.name == "contacttools-widget":
            thread.join(30)


def test_a_group_is_told_side_by_side_with_its_reasons(stage: ct.Stage):
    """A column each, what agrees by sign and word, why they are one; nothing is markup."""
    shown = ct.duplicates(stage).review(stage)
    found(shown, "Zelda")
    beside = shown.beside.value
    assert 3 == len(shown.ticks)
    assert ("= same" in beside, "≠ different" in beside) == (True, True)
    assert ("<img" in beside, "&lt;img" in beside) == (False, True)
    assert 3 == shown.why.value.count("score")
    assert "same e-mail" in shown.why.value


def test_who_is_left_out_is_not_in_the_pairs(stage: ct.Stage):
    """A box unticked is `without`; ticked again, nothing was."""
    pairs = ct.duplicates(stage)
    shown = pairs.review(stage)
    number = found(shown, "Zelda")
    first = next(iter(shown.ticks))
    tick = shown.ticks[first]
    tick.value = False
    assert tick is shown.ticks[first]  # it keeps its place, and the focus
    assert pairs.without(first).to_frame().equals(shown.pairs.to_frame())
    assert "2 of 3 contacts" in lines(shown)[number]
    shown.again.click()
    assert pairs.to_frame().equals(shown.pairs.to_frame())
    assert shown.ticks[first].value


def test_a_group_that_is_not_one_person_is_left_out_whole(stage: ct.Stage):
    """The next one is shown; it can be put back."""
    pairs = ct.duplicates(stage)
    shown = pairs.review(stage)
    number = found(shown, "Ottokar")
    shown.strangers.click()
    assert number not in shown.pairs.groups()["group"].tolist()
    assert len(pairs.groups()) - 1 == len(shown.pairs.groups())
    assert "not one person" in lines(shown)[number]
    shown.group.value = number
    assert "none" == shown.this.layout.display
    shown.again.click()
    assert number in shown.pairs.groups()["group"].tolist()


def test_search_finds_a_group_and_one_turns_from_group_to_group(stage: ct.Stage):
    """By a name or an id; the first one has none before it."""
    shown = ct.duplicates(stage).review(stage)
    assert shown.back.disabled
    first = shown.group.value
    shown.on.click()
    assert first != shown.group.value
    shown.back.click()
    assert first == shown.group.value
    shown.search.value = "quillf"
    assert 1 == len(shown.group.options)
    assert "Zelda" in shown.title.value + shown.beside.value
    shown.search.value = "nobody at all"
    assert "No group has such a contact" in shown.told.value
    assert "none" == shown.one.layout.display


def test_without_a_site_the_code_goes_on(stage: ct.Stage):
    """It says the line, which works."""
    shown = ct.duplicates(stage).review(stage)
    shown.this.click()
    assert "ct.merge_plan(review.pairs, contacts)" in shown.code.value
    assert len(ct.merge_plan(shown.pairs, stage.contacts)) == len(shown.pairs.groups())


def test_a_group_is_merged_as_was_chosen_previewed_and_approved(site: ct.Site, stage: ct.Stage):
    """Target and winner by choice, the service's preview first, the number typed on a live site."""
    shown = ct.duplicates(stage).review(stage, site)
    number = found(shown, "Zelda")
    shown.this.click()
    merging = shown.merging
    assert merging is not None
    assert merging.plan is not None
    assert [str(number)] == [each.group for each in merging.plan.merges]
    assert "none" == merging.merge.layout.display  # before the service was asked
    stays, company = merging.choices.children
    other = next(each for _, each in stays.options if each != merging.plan.merges[0].target_id)
    stays.value = other
    assert other == merging.plan.merges[0].target_id
    company = next(
        each for each in merging.choices.children if each.description.startswith("Company")
    )
    winner = next(who for line, who in company.options if line.startswith("Harbour"))
    company.value = winner
    merging.ask.click()
    joined()
    code = ct.merge_plan(shown.pairs.only(number), stage.contacts).target(str(number), other)
    code = site.preview_merge(code.keep(str(number), "company", winner))
    assert code.id == merging.plan.id
    assert code.id[:12] in merging.preview.value

    assert merging.merge.disabled
    merging.read.value = True
    assert merging.merge.disabled
    merging.number.value = "2"
    assert "2 contacts of the LIVE site will be gone" in merging.merge.description
    merging.merge.click()
    joined()
    assert merging.report is not None, merging.says.value
    assert "1 applied" in merging.came.value
    assert {"applied"} == set(merging.report.counts)
    assert "Harbour Ltd" == site.get_contact(other)["info"]["company"]
    assert number not in shown.pairs.groups()["group"].tolist()
    assert "merged" in lines(shown)[number]
    shown.on.click()
    shown.group.value = number
    assert all(each.disabled for each in shown.ticks.values())
    gone = len(stage.contacts) - 2
    assert gone == len(site.fetch())


def test_another_choice_is_approved_anew(site: ct.Site, stage: ct.Stage):
    """A tick belongs to one plan; whom one leaves out takes the plan away."""
    shown = ct.duplicates(stage).review(stage, site)
    found(shown, "Ottokar")
    shown.this.click()
    merging = shown.merging
    assert merging is not None
    merging.ask.click()
    joined()
    old = merging.read
    merging.read.value, merging.number.value = True, "1"
    assert not merging.merge.disabled
    (title,) = [each for each in merging.choices.children if each.description == "Job title"]
    title.value = next(who for _, who in title.options if who != title.value)
    assert merging.merge.disabled
    old.value = True  # which came late
    assert merging.approved is None
    shown.ticks[next(iter(shown.ticks))].value = False
    assert merging.plan is None
    merging.merge.click()
    joined()
    assert len(stage.contacts) == len(site.fetch())


def test_all_are_kept_and_their_fields_unified(site: ct.Site, stage: ct.Stage):
    """That is an ordinary step of the stage."""
    shown = ct.duplicates(stage).review(stage, site)
    number = found(shown, "Ottokar")
    shown.this.click()
    assert shown.merging is not None
    shown.merging.unify.click()
    code = ct.Stage(stage.contacts)
    ct.merge_plan(shown.pairs.only(number), code.contacts).unify(code)
    assert (1, code.plan()) == (len(stage.plan()), stage.plan())
    assert stage.undo()
    assert 0 == len(stage)


def test_what_is_staged_for_them_is_not_merged_and_that_is_said(site: ct.Site, stage: ct.Stage):
    """A merge goes by what the site has."""
    shown = ct.duplicates(stage).review(stage, site)
    number = found(shown, "Ottokar")
    stage.edit(shown._groups[number][0], {"company": "Elsewhere"})
    shown.this.click()
    assert "staged for 1 contact of these is not in the merge" in shown.saying.says.value


def test_a_site_that_is_only_read_merges_nothing(connect: Callable[..., ct.Site], stage: ct.Stage):
    """There is a preview, and no button."""
    shown = ct.duplicates(stage).review(stage, connect(read_only=True))
    found(shown, "Ottokar")
    shown.this.click()
    assert shown.merging is not None
    shown.merging.ask.click()
    joined()
    assert shown.merging.previewed
    assert "none" == shown.merging.merge.layout.display
    assert "Open for reading only" in shown.children[1].children[0].value


def test_it_is_said_what_can_be_reviewed(stage: ct.Stage):
    """A stage of these contacts, and a site of theirs."""
    pairs = ct.duplicates(stage)
    with pytest.raises(BadValue, match="of a Stage"):
        pairs.review(stage.contacts)
    with pytest.raises(BadValue, match="of a Site"):
        pairs.review(stage, "site")
    with pytest.raises(WrongSite, match="the contacts are of site"):
        pairs.review(stage, ct.connect())
    with pytest.raises(UnknownContact, match="not in the stage"):
        pairs.review(ct.Stage(ct.connect().fetch(limit=3)))


@pytest.mark.parametrize(
    ("name", "values", "told"),
    [
        ("company", ["Quay", "Quay"], sidebyside.SAME),
        ("company", ["Quay", "QUAY "], sidebyside.ALIKE),
        ("company", ["Quay", "Harbour"], sidebyside.DIFFERENT),
        ("company", ["Quay", None], sidebyside.ALONE),
        ("company", ["Quay", None, "Quay"], sidebyside.SAME),
        ("labelKeys", [("a", "b"), ("a",)], sidebyside.PARTLY),
        ("labelKeys", [("a",), ("b",)], sidebyside.DIFFERENT),
        ("emails", [({"email": "A@x.example"},), ({"email": "a@x.example"},)], sidebyside.SAME),
    ],
)
def test_what_agrees_is_told_by_a_word(name: str, values: list[Any], told: str):
    """Of those that have a value; items of lists as a merge compares them."""
    assert told == sidebyside.verdict(name, values)
