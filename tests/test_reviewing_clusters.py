"""Clusters looked through by hand, without a browser: a gesture is what code would have said."""

from __future__ import annotations

import pandas as pd
import pytest
from people_builder import person, snapshot

import contacttools as ct
from contacttools.errors import BadValue
from contacttools.widgets.spellings import PAGE, Card, ClusterReview

HOSTILE = "<img src=x onerror=alert(1)> Ltd"


def contacts(*companies: str) -> ct.Contacts:
    """Return contacts with these companies, one each."""
    people = [
        person(f"{n:08}", company=each, name={"first": "Ada", "last": f"Lovelorn {n}"})
        for n, each in enumerate(companies)
    ]
    return snapshot(*people)


QUAY = ["Quay & Sons"] * 4 + ["quay & sons"] * 2 + ["Sons, Quay"]
HARBOUR = ["Harbour Ltd"] * 2 + ["HARBOUR LTD."]


@pytest.fixture
def stage() -> ct.Stage:
    """A stage over two companies in several spellings, and one in one."""
    return ct.Stage(contacts(*QUAY, *HARBOUR, "Larkfield"))


@pytest.fixture
def shown(stage: ct.Stage) -> ClusterReview:
    """Their review."""
    return ct.clusters(stage, "company").review(stage)


def card(shown: ClusterReview, suggestion: str) -> Card:
    """Return the card of a cluster on show."""
    (found,) = [each for each in shown.cards if each.cluster.suggestion == suggestion]
    return found


def test_those_of_most_contacts_come_first_with_their_numbers(shown: ClusterReview):
    """Each says how many contacts have each spelling, and how many would change."""
    assert ["Quay & Sons", "Harbour Ltd"] == [each.cluster.suggestion for each in shown.cards]
    first = shown.cards[0]
    assert ["Quay & Sons (4)", "quay & sons (2)", "Sons, Quay (1)"] == [
        each.description for each in first.ticks.values()
    ]
    assert "3 contacts would change" in first.told.value
    assert "2 clusters to decide" in shown.told.value


def test_a_click_stages_what_code_would(shown: ClusterReview, stage: ct.Stage):
    """One step: another value, one spelling left alone; the plan is that of the code."""
    quay = card(shown, "Quay & Sons")
    quay.becomes.value = "quay & sons"
    quay.ticks["Sons, Quay"].value = False
    assert "4 contacts would change" in quay.told.value
    quay.stage.click()

    code = ct.Stage(stage.contacts)
    groups = ct.clusters(code, "company")
    code.apply(groups.take(0, "quay & sons").without("Sons, Quay").only(0))
    assert (4, code.plan()) == (len(stage.plan()), stage.plan())
    told, said = (each.plan().changes[0].edits[0].provenance for each in (code, stage))
    assert ("clusters.fingerprint", told.reason) == (said.rule, said.reason)
    assert ["Harbour Ltd"] == [each.cluster.suggestion for each in shown.cards]
    assert "Staged: 4 contacts become quay &amp; sons" in shown.saying.says.value
    assert stage.undo()
    assert 0 == len(stage)
    assert not stage.undo()


def test_undo_brings_a_cluster_back(shown: ClusterReview, stage: ct.Stage):
    """By its button or in code: what is to be decided follows from the stage."""
    card(shown, "Quay & Sons").stage.click()
    assert 1 == len(shown.groups)
    shown.undo.click()
    assert (2, 0) == (len(shown.groups), len(stage))
    card(shown, "Harbour Ltd").stage.click()
    stage.undo()
    assert 2 == len(shown.groups)
    stage.redo()
    assert ["Quay & Sons"] == [each.suggestion for each in shown.groups]
    shown.undo.click()
    shown.undo.click()
    assert "nothing to take back" in shown.saying.says.value


def test_all_that_is_shown_is_one_step(shown: ClusterReview, stage: ct.Stage):
    """Each as it is ticked; one undo takes all of it back."""
    card(shown, "Quay & Sons").ticks["quay & sons"].value = False
    shown.all.click()
    code = ct.Stage(stage.contacts)
    code.apply(ct.clusters(code, "company").without("quay & sons"))
    assert code.plan() == stage.plan()
    assert "All are decided" in shown.told.value
    assert stage.undo()
    assert (0, 2) == (len(stage), len(shown.groups))


def test_a_value_of_ones_own(shown: ClusterReview, stage: ct.Stage):
    """Any text will do, and none is nothing."""
    quay = card(shown, "Quay & Sons")
    quay.becomes.value = ""
    assert (None, True) == (quay.own.layout.display, quay.stage.disabled)
    quay.own.value = "Quay and Sons Ltd"
    assert "7 contacts would change" in quay.told.value
    quay.stage.click()
    assert {"Quay and Sons Ltd"} == set(stage.to_frame()["company"].iloc[:7])
    assert ["Harbour Ltd"] == [each.suggestion for each in shown.groups]


def test_what_is_left_alone_is_no_more_asked_about(shown: ClusterReview, stage: ct.Stage):
    """Until one wants to see it again."""
    card(shown, "Quay & Sons").leave.click()
    assert (["Harbour Ltd"], 0) == ([each.suggestion for each in shown.groups], len(stage))
    stage.edit("00000000", {"jobTitle": "Buyer"})
    assert 1 == len(shown.groups)
    shown.anew.click()
    assert 2 == len(shown.groups)


def test_another_method_finds_others(shown: ClusterReview, stage: ct.Stage):
    """As in code, of what is staged by now."""
    stage.edit("00000010", {"company": "Larkfild"})
    stage.edit("00000009", {"company": "Larkfield"})
    shown.method.value = "levenshtein"
    assert [(each.key, dict(each.spellings)) for each in shown.groups] == [
        (each.key, dict(each.spellings))
        for each in ct.clusters(stage, "company", method="levenshtein")
    ]
    assert "Larkfild" in [v for each in shown.groups for v in each.spellings]


def test_what_code_chose_stands(stage: ct.Stage):
    """Clusters that were narrowed in code are reviewed as they are."""
    groups = ct.clusters(stage, "company").take(0, "QUAY").without("Sons, Quay").only(0)
    shown = groups.review(stage)
    (one,) = shown.cards
    assert ("QUAY", 6) == (one.value, one.changes)
    one.stage.click()
    assert 6 == (stage.to_frame()["company"] == "QUAY").sum()


def test_search_and_pages():
    """A page at a time; a word finds a spelling, accents and capitals do not matter."""
    names = [f"Tráder {chr(65 + n)}{chr(65 + n)}" for n in range(PAGE + 3)]
    stage = ct.Stage(contacts(*(each for name in names for each in (name, name.upper()))))
    shown = ct.clusters(stage, "company").review(stage)
    assert PAGE == len(shown.cards)
    shown.on.click()
    assert (3, True) == (len(shown.cards), shown.on.disabled)
    assert f"{PAGE + 1} to {PAGE + 3} of {PAGE + 3} clusters" in shown.told.value
    shown.search.value = "trader bb"
    assert ["Tráder BB"] == [each.cluster.suggestion for each in shown.cards]
    shown.search.value = "nobody"
    assert "No cluster has such a spelling" in shown.told.value


def test_ticks_stay_while_one_turns_pages():
    """What was unticked on one page is so when one comes back."""
    names = [f"Trader {chr(65 + n)}{chr(65 + n)}" for n in range(PAGE + 1)]
    stage = ct.Stage(contacts(*(each for name in names for each in (name, name.upper()))))
    shown = ct.clusters(stage, "company").review(stage)
    shown.cards[0].ticks["TRADER AA"].value = False
    shown.on.click()
    shown.back.click()
    assert ["TRADER AA"] == shown.cards[0].unticked


def test_who_is_behind_a_spelling_is_told_when_asked():
    """The names of a few, and how many more; what they hold is never markup."""
    people = [
        person(f"{n:08}", company="Quay" if n else "QUAY", name={"first": "<b>Ada</b>"})
        for n in range(12)
    ]
    stage = ct.Stage(snapshot(*people))
    shown = ct.clusters(stage, "company").review(stage)
    tick, who, names = shown.cards[0]._rows[0].children
    assert ("Quay (11)", "") == (tick.description, names.value)
    who.click()
    assert "&lt;b&gt;Ada&lt;/b&gt;" in names.value
    assert "<b>" not in names.value
    assert "… and 3 more" in names.value
    who.click()
    assert "" == names.value


def test_hostile_spellings_are_text():
    """In titles, in boxes to tick, and in what is said."""
    stage = ct.Stage(contacts(HOSTILE, HOSTILE, HOSTILE.upper()))
    shown = ct.clusters(stage, "company").review(stage)
    (one,) = shown.cards
    title = one.widget.children[0].value
    one.stage.click()
    assert "<img" not in title + shown.saying.says.value
    assert "&lt;img" in title
    assert "&lt;img" in shown.saying.says.value


def test_spellings_that_look_the_same_are_told_apart():
    """Spaces are seen, and accents that are characters of their own."""
    stage = ct.Stage(contacts("Café Quay", "Café Quay", "Café  Quay ", "Cafe\u0301 Quay"))
    (one,) = ct.clusters(stage, "company").review(stage).cards
    assert {
        "Café Quay (2)", "Café␣␣Quay␣ (1)", "Cafe\u0301 Quay, accents written apart (1)"
    } == {each.description for each in one.ticks.values()}  # fmt: skip


def test_many_spellings_are_shown_when_asked():
    """A dozen at first; those that are out of sight count as ticked."""
    names = ["Quay Sons", *(f"Quay{'.' * n} Sons" for n in range(1, 20))]
    stage = ct.Stage(contacts(*names))
    shown = ct.clusters(stage, "company").review(stage)
    (one,) = shown.cards
    assert (12, 19) == (len(one._members.children), one.changes)
    one.more.click()
    assert 20 == len(one._members.children)


def test_what_cannot_be_staged_is_told_and_nothing_is():
    """The stage's own words."""
    stage = ct.Stage(contacts("Quay", "QUAY"))
    shown = ct.clusters(stage, "company").review(stage)
    (one,) = shown.cards
    one.becomes.value = ""
    one.own.value = "Quay " + "x" * 100_000
    one.stage.click()
    assert (0, 1) == (len(stage), len(shown.groups))
    assert "Not done" in shown.saying.says.value


def test_it_is_said_what_can_be_reviewed(stage: ct.Stage):
    """Clusters of contacts, in a stage."""
    with pytest.raises(BadValue, match="of a Series"):
        ct.clusters(pd.Series(["Quay", "QUAY"])).review(stage)
    with pytest.raises(BadValue, match="in a Stage"):
        ct.clusters(stage, "company").review(stage.contacts)


def test_out_of_sight_it_waits(shown: ClusterReview, stage: ct.Stage):
    """And looks again when it is seen; closed, it follows nothing."""
    shown.asleep = True
    stage.apply(ct.clusters(stage, "company"))
    assert 2 == len(shown.groups)
    shown.asleep = False
    assert 0 == len(shown.groups)
    shown.close()
    stage.undo()
    assert 0 == len(shown.groups)
