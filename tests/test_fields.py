"""Fields: what each may hold, as the service's published types say."""

import contextlib
from datetime import date, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacttools.contact import fields

EVERY = {
    **fields.SCALARS,
    "labelKeys": fields.LABELS,
    **{
        f"{listing.name}.{member.name}": member
        for listing in fields.LISTS.values()
        for member in listing.editable
    },
    **{
        f"custom.{kind}": fields.extended(f"custom.{kind}", kind)
        for kind in ("TEXT", "NUMBER", "DATE", "URL")
    },
}


@pytest.mark.parametrize("name", EVERY)
@given(
    value=st.one_of(
        st.text(),
        st.integers(),
        st.floats(),
        st.booleans(),
        st.binary(),
        st.dates(),
        st.datetimes(),
        st.complex_numbers(),
        st.lists(st.text()),
        st.dictionaries(st.text(), st.text()),
        st.fractions(),
        st.decimals(),
        st.just(object()),
    )
)
def test_whatever_is_given_is_cleaned_or_refused_in_words(name, value):
    """Never another error than ValueError; what is cleaned once stays as it is."""
    field = EVERY[name]
    with contextlib.suppress(ValueError):
        cleaned = field.clean(value)
        assert cleaned == field.clean(cleaned)


@pytest.mark.parametrize(
    ("name", "length"),
    [
        ("name.first", 1000),
        ("company", 1000),
        ("emails.email", 320),
        ("phones.phone", 50),
        ("addresses.addressLine", 1000),
        ("addresses.subdivision", 100),
        ("addresses.postalCode", 100),
        ("custom.TEXT", 10_000),
    ],
)
def test_text_has_the_services_length(name, length):
    """As many characters as it takes, and not one more."""
    assert "x" * length == EVERY[name].clean("x" * length)
    with pytest.raises(ValueError, match="at most"):
        EVERY[name].clean("x" * (length + 1))


@pytest.mark.parametrize("text", ["", " ", "\t\n", "\u00a0", "\u2003\u3000"], ids=ascii)
@pytest.mark.parametrize(
    "name",
    ["company", "name.first", "emails.email", "phones.phone", "addresses.city", "custom.TEXT"],
)
def test_text_of_nothing_but_space_is_empty_text(name, text):
    """It would show nothing: None clears."""
    with pytest.raises(ValueError, match="empty text: use None to clear"):
        EVERY[name].clean(text)


@pytest.mark.parametrize("given_", ["1990-02-03", date(1990, 2, 3), datetime(1990, 2, 3)])  # noqa: DTZ001
def test_a_date_is_iso_text(given_):
    """From a date, or a time at midnight."""
    assert "1990-02-03" == fields.SCALARS["birthdate"].clean(given_)


@pytest.mark.parametrize(
    ("given_", "cleaned"), [(5.0, 5), (-0.0, 0), (1.5, 1.5), (1e300, 1e300), (Fraction(1, 2), 0.5)]
)
def test_a_number_has_one_spelling(given_, cleaned):
    """Whole numbers are integers, so that equal plans have equal ids."""
    found = EVERY["custom.NUMBER"].clean(given_)

    assert repr(cleaned) == repr(found)


@pytest.mark.parametrize("value", [2**53, -(2**53), 10**400, Fraction(1, 3), float("nan"), True])
def test_a_number_that_would_change_on_its_way_is_refused(value):
    """Too many digits for those who read JSON numbers as doubles, not finite, or no number."""
    with pytest.raises(ValueError, match=r"digits|finite|expected a number"):
        EVERY["custom.NUMBER"].clean(value)


def test_only_custom_fields_of_a_known_type_can_be_set():
    """The service's own keys, and types of a newer service, are shown only."""
    assert [True, False, False] == [
        fields.extended(*each).editable
        for each in (("custom.x", "TEXT"), ("members.x", "TEXT"), ("custom.x", "POLYGON"))
    ]


@pytest.mark.parametrize("field", fields.OWNED.values(), ids=list(fields.OWNED))
def test_what_the_service_owns_is_not_editable(field):
    """And nothing else is."""
    assert not field.editable
    assert field.name not in fields.SCALARS
