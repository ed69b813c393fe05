"""Clusters: which spellings go together, which is taken, and what is staged."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from people_builder import ANN, BOB, CAT, person, snapshot, stage

import contacttools as ct
from contacttools.cleaning.keys import METHODS


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Cruise, Tom", "cruise tom"),
        ("Tom Cruise", "cruise tom"),
        ("the multi multi word test", "multi test the word"),
        (" école ÉCole ecoLe ", "ecole"),
        ("\tABC \t DEF ", "abc def"),
        ("a\u00a0b\u2003c\u3000d", "a b c d"),
        ("æø", "aeoe"),
        ("©ß", "css"),
        ("ÐðÞþ", "ddthth"),
        ("ﬀﬁﬂﬃﬅﬆ", "fffiflffistst"),
        ("İıĳĸŀŁŉŊŧſ", "iiijkllnnts"),
        ("ẖẗẘẙẚẛẜẝẞẠạ", "htwyasssssaa"),
        ("--", ""),
        ("", ""),
    ],
)
def test_a_fingerprint_is_what_spellings_have_in_common(text, key):
    """The values are those that the method's inventors state."""
    assert key == ct.cluster_key(text)


@pytest.mark.parametrize(
    ("text", "size", "key"),
    [
        ("Paris", 2, "arispari"),
        ("Paris", 1, "aiprs"),
        ("abcdefg", 2, "abbccddeeffg"),
        ("he!llo,. world", 1, "dehlorw"),
        ("\u0001a, !b-c_d\u00a0d\tz\u0003", 3, "abcbcdcddddz"),
        ("a", 2, ""),
    ],
)
def test_a_fingerprint_of_pieces_is_as_stated(text, size, key):
    """Three spellings of one name have the same letters."""
    assert key == ct.cluster_key(text, method="ngram-fingerprint", size=size)
    names = ("Krzysztof", "Kryzysztof", "Krzystof")
    assert 1 == len({ct.cluster_key(each, "ngram-fingerprint", size=1) for each in names})


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Guten Morgen", "426746"), ("Wikipedia", "3412"), ("Breschnew", "17863"),
        ("Müller-Lüdenscheidt", "65752682"), ("Meyer", "67"), ("Maier", "67"), ("Xaver", "4837"),
        ("Max", "648"), ("Axt", "0482"), ("Philipp", "351"), ("Celle", "85"), ("Chemnitz", "468"),
        ("Ochs", "048"), ("Tzara", "87"), ("Aachen", "046"), ("", ""),
    ],
)  # fmt: skip
def test_how_it_sounds_in_german(text, key):
    """By the Cologne phonetics."""
    assert key == ct.cluster_key(text, method="cologne")


def test_what_sounds_alike_in_english_goes_together():
    """Word by word, in any order."""
    names = ("Reuben Gevorkiantz", "Gevorkyants, Ruben")
    assert 1 == len({ct.cluster_key(each, method="soundex") for each in names})
    assert ct.cluster_key("Katherine", "metaphone") == ct.cluster_key("Catherine", "metaphone")
    assert ct.cluster_key("Meyer", "nysiis") == ct.cluster_key("MEYER!", "nysiis")


@pytest.mark.parametrize("method", METHODS)
@given(text=st.text(max_size=20))
def test_capitals_signs_and_spaces_make_no_other_key(method, text):
    """Whatever is given; and a key is always a text."""
    key = ct.cluster_key(text, method)
    assert isinstance(key, str)
    if text.isascii():
        assert key == ct.cluster_key(f"  {text.swapcase()}! ", method)


COMPANIES = ["Quay Ltd", "Quay Ltd", "quay ltd.", "QUAY, LTD", "Harbour", "Harbor", None, " "]


def test_clusters_are_data():
    """The one that most rows are in first, its most frequent value suggested."""
    groups = ct.clusters(pd.Series(COMPANIES, name="company"))
    frame = groups.to_frame()
    assert ["cluster", "value", "count", "suggestion"] == list(frame.columns)
    assert [
        [0, "Quay Ltd", 2, "Quay Ltd"], [0, "QUAY, LTD", 1, "Quay Ltd"],
        [0, "quay ltd.", 1, "Quay Ltd"],
    ] == frame.to_numpy().tolist()  # fmt: skip
    assert "1 cluster of 3 values" in repr(groups)
    assert "Quay Ltd ← Quay Ltd 2" in repr(groups)
    hostile = ct.clusters(pd.Series(["<b>x", "<B>X"]))
    assert "<b>x" not in hostile._repr_html_()
    assert ["Harbor", "Harbour"] == sorted(
        ct.clusters(pd.Series(COMPANIES[4:]), method="levenshtein").to_frame()["value"]
    )
    assert 0 == len(ct.clusters(pd.Series([], dtype="str")))


def test_what_is_near_does_not_chain():
    """A value is near the most frequent one or in another cluster; short ones are never near."""
    chain = ["harbour"] * 3 + ["harboux", "harbxux", "hxrbxux"]
    groups = ct.clusters(pd.Series(chain), method="levenshtein")
    assert [["harbour", "harboux"], ["harbxux", "hxrbxux"]] == [
        list(each.spellings) for each in groups
    ]
    assert 1 == len(ct.clusters(pd.Series(chain), method="levenshtein", radius=2))
    assert 0 == len(ct.clusters(pd.Series(["AB", "AC"]), method="levenshtein"))


def firms():
    """Return a stage over three contacts of one company in three spellings."""
    names = zip((ANN, BOB, CAT), ("Quay Ltd", "quay ltd.", "QUAY, LTD"), strict=True)
    return stage(*(person(each, 1, name={"first": each}, company=name) for each, name in names))


def test_one_spelling_is_staged_for_all():
    """As one step, each with its reason; a value may be chosen, and one left alone."""
    staged = firms()
    groups = ct.clusters(staged, "company")
    assert None is staged.apply(groups)
    assert {BOB: {"company": "Quay Ltd"}, CAT: {"company": "Quay Ltd"}} == staged.edits()
    assert {"fingerprint: one spelling, Quay Ltd"} == set(staged.plan().to_frame()["reason"])
    assert 0 == len(ct.clusters(staged, "company"))
    assert staged.undo()
    staged.apply(groups.take(0, "Quay").without("QUAY, LTD"))
    assert {ANN: {"company": "Quay"}, BOB: {"company": "Quay"}} == staged.edits()
    assert 0 == len(groups.only([]))
    assert 1 == len(groups.only(0))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda s: ct.clusters(s, "company", method="guess"), ct.BadValue, "no method 'guess'"),
        (lambda s: ct.clusters(s, None), ct.BadValue, "say which column"),
        (lambda s: ct.clusters(s, "firm"), ct.UnknownField, "firm"),
        (lambda s: ct.clusters(s, "revision"), ct.ReadOnlyField, "set by the service"),
        (lambda _: ct.clusters("company"), ct.BadValue, "not of a str"),
        (lambda s: ct.clusters(s, "company", "levenshtein", radius=0), ct.BadValue, "radius"),
        (lambda s: ct.clusters(s, "company", "ngram-fingerprint", size=0), ct.BadValue, "size"),
        (lambda s: ct.clusters(s, "company").only(7), ct.BadValue, "no cluster 7"),
        (lambda s: ct.clusters(s, "company").without("x"), ct.BadValue, "no cluster holds 'x'"),
        (lambda s: ct.clusters(s, "company").take(0, " "), ct.BadValue, "is a text"),
        (lambda s: s.apply(ct.clusters(s.to_frame()["company"])), ct.BadValue, "of a Series"),
    ],
)
def test_what_cannot_be_is_said(call, error, words):
    """And nothing is staged."""
    staged = firms()
    with pytest.raises(error, match=words):
        call(staged)
    assert {} == staged.edits()


def test_clusters_of_a_snapshot_are_those_of_a_stage_without_edits():
    """Both are of contacts."""
    staged = firms()
    assert (
        ct.clusters(staged.contacts, "company")
        .to_frame()
        .equals(ct.clusters(staged, "company").to_frame())
    )
    assert snapshot().to_frame()["company"].shape
