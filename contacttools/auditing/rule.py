"""Rule: a small function that says of the rows of a frame what is wrong with them. Pure."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol, TypeAlias, get_args, overload, runtime_checkable

import pandas as pd

from contacttools.cleaning import emails, phones
from contacttools.cleaning.verdict import verdicts
from contacttools.errors import BadValue
from contacttools.snapshot import frames
from contacttools.snapshot.contacts import Contacts, Definitions
from contacttools.snapshot.frames import Table

Severity = Literal["error", "warning", "info"]

#: What a rule is given, and what it returns.
Check: TypeAlias = Callable[..., object]


@runtime_checkable
class Staged(Protocol):
    """A stage, as it is looked at here: contacts, and how they would be."""

    @property
    def contacts(self) -> Contacts:
        """The contacts under the edits."""

    def to_frame(self, table: Table | None = None) -> pd.DataFrame:
        """Return the contacts as they would be."""


class Audited:
    """What rules look at: contacts, or a stage with all that is staged.

    Attributes
    ----------
    definitions : Definitions
        The site's labels and extended fields.
    """

    def __init__(self, of: Contacts | Staged) -> None:
        if not isinstance(of, (Contacts, Staged)):
            why = f"contacts or a Stage can be audited, not a {type(of).__name__}"  # type: ignore[unreachable]
            raise BadValue(why)
        self._of = of
        self.contacts = of if isinstance(of, Contacts) else of.contacts
        self.definitions: Definitions = self.contacts.definitions
        self._tables: dict[str, pd.DataFrame] = {}

    @cached_property
    def wide(self) -> pd.DataFrame:
        """One row per contact."""
        return self._of.to_frame()

    def table(self, name: Table | None) -> pd.DataFrame:
        """Return one row per item of a list; of the contacts themselves for None."""
        if name is None:
            return self.wide
        if name not in self._tables:
            self._tables[name] = self._of.to_frame(name)
        return self._tables[name]

    @cached_property
    def countries(self) -> pd.Series[Any]:
        """The country of each contact: of its first address, of its phones, of its language."""
        phones = self.table("phones").dropna(subset="countryCode")
        of_phones = phones.groupby("contactId")["countryCode"].first()
        named = self.wide["locale"].str.extract(r"[-_]([A-Za-z]{2})$", expand=False).str.upper()
        return self.wide["address.country"].fillna(of_phones.reindex(self.wide.index)).fillna(named)

    @cached_property
    def emails(self) -> pd.DataFrame:
        """How each e-mail is written: ``value``, ``status`` and ``why`` as `verdicts` tells."""
        return verdicts(self.table("emails")["email"], emails.email)

    @cached_property
    def phones(self) -> pd.DataFrame:
        """What each phone is in E.164, by its own country, else by that of its contact.

        ``value``, ``status`` and ``why`` as `verdicts` tells them, and the ``country``.
        """
        frame = self.table("phones")
        of_contact = frame["contactId"].map(self.countries)
        country = frame["countryCode"].fillna(of_contact).astype("str")
        return verdicts(frame["phone"], phones.phone, country).assign(country=country)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: called with a frame, it says what is wrong.

    Attributes
    ----------
    name, about : str
        The name of its function, and the first line of its docstring.
    check : callable
    severity : {"error", "warning", "info"}
    table : str or None
        The tidy frame that it looks at; None for the wide one.
    column : str
        The column that its findings are about, unless they say so themselves.
    """

    name: str
    about: str
    check: Check
    severity: Severity
    table: Table | None
    column: str

    def __call__(self, frame: pd.DataFrame, audited: Audited) -> pd.DataFrame:
        """Return the rows with something wrong: ``column``, ``why``, ``suggestion``."""
        if frame.empty:
            return pd.DataFrame(columns=["column", "why", "suggestion"])
        two = len(inspect.signature(self.check).parameters) > 1
        given = frame.copy(deep=False)
        try:
            result = self.check(given, audited) if two else self.check(given)
        except Exception as error:
            why = f"rule {self.name} raised {error!r}"
            raise BadValue(why) from error
        return self._told(frame, result)

    def _told(self, frame: pd.DataFrame, result: object) -> pd.DataFrame:
        if isinstance(result, pd.Series) and _is_mask(result):
            mask = result.eq(other=True).fillna(value=False).astype(bool)  # missing is not wrong
            result = pd.DataFrame({"why": self.about}, index=result.index[mask])
        elif isinstance(result, pd.Series):
            result = pd.DataFrame({"why": result.dropna()})
        if not isinstance(result, pd.DataFrame) or not _stands_in(frame, result):
            why = (
                f"rule {self.name}: return a mask of the rows, a Series that says why, or a "
                "DataFrame with why and suggestion; each with the index of the frame it was given"
            )
            raise BadValue(why)
        told = pd.DataFrame(index=result.index)
        told["column"] = result.get("column", self.column)
        told["why"] = result.get("why", self.about)
        told["suggestion"] = result.get(
            "suggestion", pd.Series(None, index=told.index, dtype=object)
        )
        return told


def _stands_in(frame: pd.DataFrame, result: pd.DataFrame) -> bool:
    """Say whether all rows of a result are rows of a frame."""
    if result.index is frame.index:
        return True
    return bool((frame.index.get_indexer(result.index) >= 0).all())


def _is_mask(result: pd.Series[Any]) -> bool:
    """Say whether a Series tells which rows, of whatever type it is, and not why."""
    held = result.dropna()
    return bool(pd.api.types.is_bool_dtype(result.dtype)) or (
        len(held) > 0 and all(isinstance(each, bool) for each in held)
    )


_RULES: dict[str, Rule] = {}


@overload
def rule(check: Check, /) -> Rule: ...
@overload
def rule(
    *, severity: Severity = ..., table: Table | None = ..., column: str = ...
) -> Callable[[Check], Rule]: ...
def rule(
    check: Check | None = None,
    /,
    *,
    severity: Severity = "warning",
    table: Table | None = None,
    column: str = "",
) -> Rule | Callable[[Check], Rule]:
    """Make a rule of a function, which every audit from then on applies.

    Its name is the rule's name, the first line of its docstring what the rule is about. It is given
    a frame and returns which rows are wrong: a mask; or a Series that says why, missing where all
    is well; or a DataFrame with ``why`` and ``suggestion``, of those rows.

    Parameters
    ----------
    severity : {"error", "warning", "info"}
    table : {"emails", "phones", "addresses", "labels", "extendedFields"}, optional
        The tidy frame that it is given; without it, the wide one.
    column : str
        The column that it is about, whose value stands in a finding.

    Returns
    -------
    Rule

    Raises
    ------
    BadValue
        It has no name, or no docstring.

    Examples
    --------
    >>> @ct.rule(column="company", severity="info")
    ... def company_unknown(frame):
    ...     \"\"\"The company is a word for none.\"\"\"
    ...     return frame["company"].str.casefold().isin(["none", "unknown"])
    >>> ct.audit(ct.connect().fetch(limit=20), rules=[company_unknown])
    <Findings: none in 20 contacts>
    """

    def made(function: Check) -> Rule:
        name = getattr(function, "__name__", "")
        about = (inspect.getdoc(function) or "").partition("\n")[0].strip()
        if not name.isidentifier() or not about:
            why = "a rule is a function with a name, and a docstring that says what it is about"
            raise BadValue(why)
        if severity not in get_args(Severity):
            why = f"severity is one of {', '.join(get_args(Severity))}, not {severity!r}"
            raise BadValue(why)
        known = None if table is None else frames.known_table(table)
        one = Rule(name, about, function, severity, known, column)
        _RULES[name] = one
        return one

    return made if check is None else made(check)


def known_rules() -> Mapping[str, Rule]:
    """Return the rules there are, by name."""
    return dict(_RULES)


def chosen_rules(asked: Iterable[Rule | str] | None) -> list[Rule]:
    """Return the rules that are asked for; all of them for None."""
    if asked is None:
        return list(_RULES.values())
    found = []
    for each in [asked] if isinstance(asked, (str, Rule)) else asked:
        if isinstance(each, str) and each not in _RULES:
            why = f"no rule {each!r}; there are {', '.join(sorted(_RULES))}"
            raise BadValue(why)
        found.append(_RULES[each] if isinstance(each, str) else each)
    return found
