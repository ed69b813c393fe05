"""The normalisers: what each puts right, what it leaves, and that once is enough."""

from __future__ import annotations

import unicodedata

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import contacttools as ct
from contacttools.cleaning import places, text

RULES = ("text", "name", "email", "phone", "country", "subdivision", "date", "company", "url")
NATIONS = ("US", "DE", "FR", "GB", "IT", "TR", "CA", "JP")


def verdicts(rule: str, values: list[object], **options: object) -> list[tuple[object, str]]:
    """Return the value and the status of each."""
    told = getattr(ct.normalize, rule)(pd.Series(values, dtype=object), explain=True, **options)
    return list(zip(told["value"], told["status"], strict=True))


# -- what is put right, what is left -----------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "value", "expected"),
    [
        ("text", "  Quay  &\u00a0Sons\t", ("Quay & Sons", "fixed")),
        ("text", "Zo\u200be\u0308", ("Zoë", "fixed")),
        ("text", "a\u200db", ("ab", "fixed")),
        ("text", "one\r\n two ", ("one\ntwo", "fixed")),
        ("text", "می\u200cخواهم", ("می\u200cخواهم", "ok")),
        ("text", "\U0001f469\u200d\U0001f469", ("\U0001f469\u200d\U0001f469", "ok")),
        ("text", "\u200fשלום\u200f", ("\u200fשלום\u200f", "ok")),
        ("text", "\u202eHarbour", ("Harbour", "fixed")),
        ("text", "MÃ¼ller", ("MÃ¼ller", "doubtful")),
        ("text", "M\ufffdller", ("M\ufffdller", "doubtful")),
        ("name", "MARY", ("Mary", "fixed")),
        ("name", "o'brien-mcdonald", ("O'Brien-McDonald", "fixed")),
        ("name", " zoë ", ("Zoë", "fixed")),
        ("name", "ГРИНЧЕНКО", ("Гринченко", "fixed")),
        ("name", "JOHN SMITH III", ("John Smith III", "fixed")),
        ("name", "DR. MARY HILL JR", ("Dr. Mary Hill Jr", "fixed")),
        ("name", "DeShawn", ("DeShawn", "ok")),
        ("name", "X", ("X", "ok")),
        ("name", "გიორგი", ("გიორგი", "ok")),
        ("name", "गीता", ("गीता", "ok")),
        ("name", "DE VRIES", ("DE VRIES", "doubtful")),
        ("name", "von thalbrück", ("von thalbrück", "doubtful")),
        ("name", "MACDONALD", ("MACDONALD", "doubtful")),
        ("name", "D'ARCY", ("D'ARCY", "doubtful")),
        ("name", "IŞIL", ("IŞIL", "doubtful")),
        ("name", "ΓΙΩΡΓΟΣ", ("ΓΙΩΡΓΟΣ", "doubtful")),
        ("name", "IJSBRAND", ("IJSBRAND", "doubtful")),
        ("name", "JP", ("JP", "doubtful")),
        ("name", "x@example.com", ("x@example.com", "doubtful")),
        ("name", "Area 51", ("Area 51", "doubtful")),
        ("email", "<Dana@Example.COM>", ("dana@example.com", "fixed")),
        ("email", "mailto:dana@example.com ", ("dana@example.com", "fixed")),
        ("email", "dana@example.com", ("dana@example.com", "ok")),
        ("email", "dana,x@example.com", ("dana,x@example.com", "invalid")),
        ("email", "dana", ("dana", "invalid")),
        ("email", "dañá@example.com", ("dañá@example.com", "doubtful")),
        ("phone", "+49 40 66969153", ("+494066969153", "fixed")),
        ("phone", "+494066969153", ("+494066969153", "ok")),
        ("phone", "512-555-0177", ("512-555-0177", "doubtful")),
        ("phone", "no phone", ("no phone", "invalid")),
        ("country", "Deutschland", ("DE", "fixed")),
        ("country", "U.S.A.", ("US", "fixed")),
        ("country", "日本", ("JP", "fixed")),
        ("country", "UK", ("GB", "fixed")),
        ("country", "GB", ("GB", "ok")),
        ("country", "Congo", ("Congo", "doubtful")),
        ("country", "Atlantis", ("Atlantis", "invalid")),
        ("country", "EU", ("EU", "invalid")),
        ("subdivision", "US-NY", ("US-NY", "ok")),
        ("subdivision", "us-ny", ("US-NY", "fixed")),
        ("subdivision", "New York", ("New York", "doubtful")),
        ("date", "2001-02-03", ("2001-02-03", "ok")),
        ("date", "2001-02-03T00:00:00Z", ("2001-02-03", "fixed")),
        ("date", "31.12.1999", ("1999-12-31", "fixed")),
        ("date", "4/13/2001", ("2001-04-13", "fixed")),
        ("date", "5/5/2001", ("2001-05-05", "fixed")),
        ("date", "Feb 3rd, 2001", ("2001-02-03", "fixed")),
        ("date", "12 de marzo de 2001", ("2001-03-12", "fixed")),
        ("date", "3/4/2001", ("3/4/2001", "doubtful")),
        ("date", "3/4/01", ("3/4/01", "doubtful")),
        ("date", "36526", ("36526", "doubtful")),
        ("date", "30 février 2001", ("30 février 2001", "invalid")),
        ("date", "March 2001", ("March 2001", "invalid")),
        ("company", "Quay & Sons  LTD.", ("Quay & Sons Ltd.", "fixed")),
        ("company", "Foo s.p.a.", ("Foo S.p.A.", "fixed")),
        ("company", "Acme , inc", ("Acme, Inc", "fixed")),
        ("company", "IBM", ("IBM", "ok")),
        ("company", "ZEPHYRINE TRAVEL CO.", ("ZEPHYRINE TRAVEL CO.", "doubtful")),
        ("company", "zephyrine travel", ("zephyrine travel", "doubtful")),
        ("url", "HTTPS://Example.COM/A", ("https://example.com/A", "fixed")),
        ("url", "https://example.com", ("https://example.com", "ok")),
        ("url", "example.com", ("example.com", "doubtful")),
        ("url", "https://dana:secret@example.com", ("https://dana:secret@example.com", "doubtful")),
        ("url", "javascript:alert(1)", ("javascript:alert(1)", "invalid")),
        ("url", "https://exa mple.com", ("https://exa mple.com", "invalid")),
        ("url", "https://[::1", ("https://[::1", "invalid")),
    ],
)
def test_what_is_sure_is_put_right_and_the_rest_is_left(
    rule: str, value: str, expected: tuple[str, str]
):
    """With its status."""
    assert [expected] == verdicts(rule, [value])


@pytest.mark.parametrize(
    ("value", "country", "expected"),
    [
        ("(512) 555-0177", "US", ("+15125550177", "fixed")),
        ("tel: 040 66969 153", "DE", ("+494066969153", "fixed")),
        ("0049 40 66969153", "FR", ("+494066969153", "fixed")),
        ("0049 40 66969153", "US", ("+494066969153", "fixed")),
        ("001 5035550180", "US", ("+15035550180", "fixed")),
        ("(0044) 20 7946 0856", "Texas", ("+442079460856", "fixed")),
        ("00 0177", "US", ("00 0177", "invalid")),
        ("514-555-0164 ext. 49", "CA", ("514-555-0164 ext. 49", "doubtful")),
        ("1-800-FLOWERS", "US", ("1-800-FLOWERS", "doubtful")),
        ("555-0142", "US", ("555-0142", "invalid")),
        ("02 61 91 58 54", "US", ("02 61 91 58 54", "invalid")),
        ("call me", "US", ("call me", "invalid")),
        ("512-555-0177", "Texas", ("512-555-0177", "doubtful")),
    ],
)
def test_a_phone_is_read_as_dialled_from_its_country(
    value: str, country: str, expected: tuple[str, str]
):
    """Also where each has a country of its own."""
    countries = pd.Series([country])
    assert [expected] == verdicts("phone", [value], country=countries)
    if country != "Texas":
        assert [expected] == verdicts("phone", [value], country=country)


def test_a_country_that_is_none_is_said():
    """Before anything is read as of it."""
    with pytest.raises(ct.BadValue, match="no country 'Texas'"):
        ct.normalize.phone(pd.Series(["1"]), country="Texas")
    with pytest.raises(ct.BadValue, match="takes a Series"):
        ct.normalize.name("MARY")


def test_what_stands_beside_a_value_goes_by_the_index():
    """In whatever order."""
    numbers = pd.Series(["02 61 91 58 54", "(512) 555-0177"], index=["f", "u"])
    countries = pd.Series(["US", "FR", "DE"], index=["u", "f", "d"])
    assert ["+33261915854", "+15125550177"] == ct.normalize.phone(numbers, countries).tolist()
    with pytest.raises(ct.BadValue, match="twice"):
        ct.normalize.phone(numbers, pd.Series(["US", "FR"], index=["u", "u"]))
    named = ct.normalize.subdivision(
        pd.Series(["Quebec", "東京都", "BC"]), pd.Series(["CA", "JP", "CA"])
    )
    assert ["CA-QC", "JP-13", "CA-BC"] == named.tolist()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("dtype", [object, "str"])
def test_index_name_type_and_what_is_missing_are_kept(rule: str, dtype: object):
    """As they were; what is no text is left, and invalid."""
    series = pd.Series([" x ", None], index=[7, 3], name="field", dtype=dtype)
    done = getattr(ct.normalize, rule)(series)
    assert ([7, 3], "field", series.dtype) == (list(done.index), done.name, done.dtype)
    assert pd.isna(done.iloc[1])
    told = getattr(ct.normalize, rule)(series, explain=True)
    assert ["value", "status", "why"] == list(told.columns)
    assert ("ok", "missing") == tuple(told.iloc[1][["status", "why"]])
    assert [(5, "invalid")] == verdicts(rule, [5])
    assert getattr(ct.normalize, rule)(series.iloc[:0]).empty


# -- what always holds -------------------------------------------------------------------------

WORDS = (
    "MARY mary O'BRIEN d'arcy MC MCDONALD macy VAN der JR. II PHD İPEK ışık ΟΔΥΣΣΕΥΣ ﬁona ǆ ß "
    "GMBH s.p.a. LTD inc co. New York US-NY 3/4/2001 31.12.1999 feb 3rd 2001 de +49 040 66969 153 "
    "ext. 4 a@b.example <A@B.example> mailto: https://A.example/B www \u200b \u200d \u00ad \u202e "
    "\u0301 \u0958 Ãœ , ; . - ' ’"
)
TEXTS = st.one_of(
    st.text(max_size=12),
    st.lists(st.sampled_from(WORDS.split(" ")), min_size=1, max_size=5).map(" ".join),
    st.lists(st.sampled_from(WORDS.split(" ")), min_size=1, max_size=4).map("".join),
    st.emails(),
)


@pytest.mark.parametrize("rule", RULES)
@given(value=TEXTS, nation=st.sampled_from(NATIONS))
@example(value="SPA S.P.A.", nation="IT")
@example(value="\u0958\u200d\u0301", nation="US")
@example(value="İ", nation="TR")
def test_twice_is_once_and_what_is_wrong_is_left(rule: str, value: str, nation: str):
    """Whatever is given: a second time changes nothing, and what is invalid never changes."""
    options = {"country": nation} if rule in ("phone", "subdivision") else {}
    ((after, status),) = verdicts(rule, [value], **options)
    ((again, status_again),) = verdicts(rule, [after], **options)
    assert after == again
    if status == "fixed":
        assert (after != value, status_again) == (True, "ok")
    if status == "ok":
        assert after == value
    if status == "invalid":
        assert after == value
    if status == "doubtful":
        assert "doubtful" == status_again


@given(value=TEXTS)
def test_no_letter_of_a_name_is_lost(value: str):
    """Only capitals, spaces and what nobody sees may change."""
    ((after, _),) = verdicts("name", [value])
    shown = [
        "".join(each for each in unicodedata.normalize("NFKC", told.casefold()) if each.isalnum())
        for told in (value, str(after))
    ]
    assert shown[0] == shown[1]


@given(value=st.text(st.characters(max_codepoint=127), max_size=12) | TEXTS)
def test_plain_letters_take_the_same_way_as_all_others(value: str):
    """A character that shows nothing changes nothing, whichever way is taken for it."""
    assert text.clean(value) == text.clean(f"\u200b{value}")
    assert places.fold(value) == places.fold(f"{value}\u0301")


@given(value=TEXTS, nation=st.sampled_from(NATIONS))
def test_no_digit_of_a_phone_is_lost(value: str, nation: str):
    """What is put right ends in the digits that were there, but for those of an operator."""
    ((after, status),) = verdicts("phone", [value], country=nation)
    if status == "fixed":
        assert str(after).startswith("+")
        assert str(after)[1:].isdigit()


def test_the_parts_of_a_country_have_one_code_each():
    """By every name that is known of them."""
    for nation in NATIONS:
        for code in set(places._subdivisions(nation).values()):
            assert [(code, "ok")] == verdicts("subdivision", [code])


def test_a_normaliser_is_a_change_of_a_stage():
    """As any function of a column, on what is staged by now; what it leaves alone is no edit."""
    stage = ct.Stage(ct.connect().fetch(limit=60))
    before = stage.to_frame()["name.last"]
    stage.apply(ct.normalize.name, "name.last", reason="names in capitals")
    told = ct.normalize.name(before, explain=True)
    changed = told.index[(told["value"] != before) & before.notna()]
    assert len(changed)
    assert set(changed) == {each for each in stage.contacts if stage.staged(each)}
    stage.apply(ct.normalize.name, "name.last")
    assert len(changed) == len(stage)
