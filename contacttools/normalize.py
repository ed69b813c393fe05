"""Normalize: columns put right, value by value, where that is sure. Pure; it touches nothing.

Each function takes a Series and returns one with the same index, name and type; what is missing
stays missing, and what cannot be improved for sure stays as it is. With ``explain=True`` it returns
a frame instead: the value, the status (``ok``, ``fixed``, ``doubtful``, ``invalid``) and why. Done
twice is done once. Each goes into ``stage.apply(ct.normalize.name, "name.first")``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pandas as pd

from contacttools.cleaning import (
    companies,
    dates,
    emails,
    names,
    phones,
    places,
    urls,
)
from contacttools.cleaning import text as texts
from contacttools.cleaning.verdict import Verdict, verdicts
from contacttools.errors import BadValue

__all__ = [
    "company",
    "country",
    "date",
    "email",
    "name",
    "phone",
    "subdivision",
    "text",
    "url",
]

Told: TypeAlias = "pd.Series[Any] | pd.DataFrame"


def text(series: pd.Series[Any], *, explain: bool = False) -> Told:
    """Put spaces and unseen characters of texts right.

    One space where there are several, none at an edge; composed characters (NFC); no control
    characters and none that show nothing, but for those that carry meaning in their script.

    Parameters
    ----------
    series : Series of str
    explain : bool
        Return ``value``, ``status`` and ``why`` of each.

    Returns
    -------
    Series or DataFrame

    Examples
    --------
    >>> ct.normalize.text(pd.Series(["  Quay  & Sons ", "Harbour"])).tolist()
    ['Quay & Sons', 'Harbour']
    """
    return _told(series, texts.text, explain=explain)


def name(series: pd.Series[Any], *, explain: bool = False) -> Told:
    """Put people's names, or parts of them, right.

    Names wholly in capitals or in small letters get one capital a word. Where families differ
    (Macdonald, van Dyke, d'Arcy), where letters stand alone, and in scripts without capitals,
    the name stays as it is.

    Parameters
    ----------
    series : Series of str
    explain : bool
        Return ``value``, ``status`` and ``why`` of each.

    Returns
    -------
    Series or DataFrame

    Examples
    --------
    >>> names = pd.Series(["O'BRIEN-MCDONALD", " zoë ", "DE VRIES", "DeShawn"])
    >>> ct.normalize.name(names).tolist()
    ["O'Brien-McDonald", 'Zoë', 'DE VRIES', 'DeShawn']
    >>> ct.normalize.name(names, explain=True)["status"].tolist()
    ['fixed', 'fixed', 'doubtful', 'ok']
    """
    return _told(series, names.name, explain=explain)


def email(series: pd.Series[Any], *, explain: bool = False) -> Told:
    """Put e-mail addresses into small letters, with nothing around them.

    What is no address by the standards stays as it is, and is ``invalid``. Nothing is looked up.

    Parameters
    ----------
    series : Series of str
    explain : bool
        Return ``value``, ``status`` and ``why`` of each.

    Returns
    -------
    Series or DataFrame

    Examples
    --------
    >>> ct.normalize.email(pd.Series(["<Dana@Example.COM>", "dana,example.com"])).tolist()
    ['dana@example.com', 'dana,example.com']
    """
    return _told(series, emails.email, explain=explain)


def phone(
    series: pd.Series[Any],
    country: pd.Series[Any] | str | None = None,
    *,
    explain: bool = False,
) -> Told:
    """Put telephone numbers into E.164, such as ``+15125550177``.

    What its country could not have given out stays as it is, and so does a number with an
    extension, since E.164 has no place for one.

    Parameters
    ----------
    series : Series of str
    country : Series of str, or str, optional
        Where each is dialled from, ISO 3166-1 alpha-2. Numbers that begin with ``+`` or two zeros
        say so themselves; without it no others can be told.
    explain : bool
        Return ``value``, ``status`` and ``why`` of each.

    Returns
    -------
    Series or DataFrame

    Raises
    ------
    BadValue
        There is no such country.

    Examples
    --------
    >>> numbers = pd.Series(["(512) 555-0177", "0049 40 66969153", "555-0142"])
    >>> ct.normalize.phone(numbers, country="US").tolist()
    ['+15125550177', '+494066969153', '555-0142']
    >>> ct.normalize.phone(numbers, country=pd.Series(["US", "DE", None])).tolist()
    ['+15125550177', '+494066969153', '555-0142']
    """
    if isinstance(country, str) and phones.known_region(country) is None:
        why = f"no country {country!r} whose numbers are known; a code such as 'US'"
        raise BadValue(why)
    return _told(series, phones.phone, explain=explain, also="" if country is None else country)


def country(series: pd.Series[Any], *, explain: bool = False) -> Told:
    """Put countries into their code, ISO 3166-1 alpha-2, by name or by another code.

    Parameters
    ----------
    series : Series of str
    explain : bool
        Return ``value``, ``status`` and ``why`` of each.

    Returns
    -------
    Series or DataFrame

    Examples
    --------
    >>> ct.normalize.country(pd.Series(["Deutschland", "U.S.A.", "gb", "Atlantis"])).tolist()
    ['DE', 'US', 'GB', 'Atlantis']
    """
    return _told(series, places.country, explain=explain)


def subdivision(
    series: pd.Series[Any],
    country: pd.Series[Any] | str | None = None,
    *,
    explain: bool = False,
) -> Told:
    """Put states, provinces and the like into their code, ISO 3166-2.

    Parameters
    ----------
    series : Series of str
    country : Series of str, or str, optional
        The country of each, ISO 3166-1 alpha-2.
    explain : bool
        Return ``value``, ``status`` and ``why`` of each.

    Returns
    -------
    Series or DataFrame

    Examples
    --------
    >>> ct.normalize.subdivision(pd.Series(["New York", "ny", "Québec"]), country="US").tolist()
    ['US-NY', 'US-NY', 'Québec']
    """
    return _told(
        series, places.subdivision, explain=explain, also="" if country is None else country
    )


def date(series: pd.Series[Any], *, explain: bool = False) -> Told:
    """Put dates into ``YYYY-MM-DD``, where it is sure which day is meant.

    Parameters
    ----------
    series : Series of str
    explain : bool
        Return ``value``, ``status`` and ``why`` of each.

    Returns
    -------
    Series or DataFrame

    Examples
    --------
    >>> days = pd.Series(["31.12.1999", "Feb 3, 2001", "3/4/2001", "30 février 2001"])
    >>> ct.normalize.date(days).tolist()
    ['1999-12-31', '2001-02-03', '3/4/2001', '30 février 2001']
    >>> ct.normalize.date(days, explain=True)["status"].tolist()
    ['fixed', 'fixed', 'doubtful', 'invalid']
    """
    return _told(series, dates.date, explain=explain)


def company(series: pd.Series[Any], *, explain: bool = False) -> Told:
    """Put spaces in companies' names right, and the capitals of their legal form.

    Parameters
    ----------
    series : Series of str
    explain : bool
        Return ``value``, ``status`` and ``why`` of each.

    Returns
    -------
    Series or DataFrame

    Examples
    --------
    >>> ct.normalize.company(pd.Series(["Quay & Sons  LTD.", "Kornquell gmbh"])).tolist()
    ['Quay & Sons Ltd.', 'Kornquell GmbH']
    """
    return _told(series, companies.company, explain=explain)


def url(series: pd.Series[Any], *, explain: bool = False) -> Told:
    """Put scheme and host of web addresses into small letters.

    Parameters
    ----------
    series : Series of str
    explain : bool
        Return ``value``, ``status`` and ``why`` of each.

    Returns
    -------
    Series or DataFrame

    Examples
    --------
    >>> ct.normalize.url(pd.Series(["HTTPS://Example.COM/A", "example.com"])).tolist()
    ['https://example.com/A', 'example.com']
    """
    return _told(series, urls.url, explain=explain)


def _told(
    series: pd.Series[Any],
    rule: Callable[..., Verdict],
    *,
    explain: bool,
    also: object = None,
) -> Told:
    told = verdicts(series, rule, also)
    if explain:
        return told
    values = told["value"]
    values.name = series.name
    return values
