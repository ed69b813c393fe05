"""Guided: what a person picks in a guided bulk edit, as what is done and as the code for it. Pure.

Each condition and each change says both: a test runs the code and compares. Values reach the code
by their `repr` only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from contacttools import changes
from contacttools.contact import fields
from contacttools.contact.fields import Field, Json
from contacttools.staging.stage import Stage
from contacttools.staging.trial import Act

Column = Any  # a Series of the wide frame, of any type
Mask = Any  # a Series of bool, over the wide frame
Join = Literal["all", "any"]


# -- which contacts -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Question:
    """One way to ask something of a column.

    Attributes
    ----------
    label : str
        As a person reads it, after the field's name.
    ask : callable
        Gives the mask of a column, for the value asked.
    code : str
        The same, where ``{column}`` and ``{value}`` stand for them.
    takes : bool
        Whether there is a value.
    """

    label: str
    ask: Callable[[Any, Any], Mask]
    code: str
    takes: bool = True


def _folded(column: Column) -> Column:
    return column.str.casefold()


_EMPTY = {
    "empty": Question("is empty", lambda column, _: column.isna(), "{column}.isna()", takes=False),
    "filled": Question(
        "is filled", lambda column, _: column.notna(), "{column}.notna()", takes=False
    ),
}
_TEXT = {
    "contains": Question(
        "contains",
        lambda column, value: column.str.contains(value, case=False, regex=False, na=False),
        "{column}.str.contains({value}, case=False, regex=False, na=False)",
    ),
    "lacks": Question(
        "does not contain",
        lambda column, value: ~column.str.contains(value, case=False, regex=False, na=False),
        "~{column}.str.contains({value}, case=False, regex=False, na=False)",
    ),
    "is": Question(
        "is",
        lambda column, value: _folded(column).eq(value.casefold()),
        "{column}.str.casefold().eq({value}.casefold())",
    ),
    "exactly": Question(
        "is exactly", lambda column, value: column.eq(value), "{column}.eq({value})"
    ),
    "not": Question(
        "is not exactly", lambda column, value: column.ne(value), "{column}.ne({value})"
    ),
    "starts": Question(
        "starts with",
        lambda column, value: _folded(column).str.startswith(value.casefold(), na=False),
        "{column}.str.casefold().str.startswith({value}.casefold(), na=False)",
    ),
    "ends": Question(
        "ends with",
        lambda column, value: _folded(column).str.endswith(value.casefold(), na=False),
        "{column}.str.casefold().str.endswith({value}.casefold(), na=False)",
    ),
    "matches": Question(
        "matches the pattern",
        lambda column, value: (
            column.map(lambda text: bool(re.search(value, str(text)))) & column.notna()
        ),
        "({column}.map(lambda text: bool(re.search({value}, str(text)))) & {column}.notna())",
    ),
    **_EMPTY,
}
_ORDERED = {
    "equals": Question("is", lambda column, value: column.eq(value), "{column}.eq({value})"),
    "below": Question("is below", lambda column, value: column.lt(value), "{column}.lt({value})"),
    "above": Question("is above", lambda column, value: column.gt(value), "{column}.gt({value})"),
    **_EMPTY,
}
_DATED = {
    "on": Question("is", lambda column, value: column.eq(value), "{column}.eq({value})"),
    "before": Question(
        "is before",
        lambda column, value: column.lt(value) & column.notna(),
        "({column}.lt({value}) & {column}.notna())",
    ),
    "after": Question(
        "is after",
        lambda column, value: column.gt(value) & column.notna(),
        "({column}.gt({value}) & {column}.notna())",
    ),
    **_EMPTY,
}
_LISTED = {
    "has": Question(
        "has",
        lambda column, value: column.map(lambda keys: value in keys),
        "{column}.map(lambda keys: {value} in keys)",
    ),
    "has not": Question(
        "has not",
        lambda column, value: ~column.map(lambda keys: value in keys),
        "~{column}.map(lambda keys: {value} in keys)",
    ),
    "none": Question(
        "has none", lambda column, _: column.map(len).eq(0), "{column}.map(len).eq(0)", takes=False
    ),
}
_BY_KIND: dict[str, Mapping[str, Question]] = {
    "number": _ORDERED, "integer": _ORDERED, "date": _DATED, "timestamp": _DATED,
    "labels": _LISTED,
}  # fmt: skip


def questions(field: Field) -> Mapping[str, Question]:
    """Return what can be asked of a field."""
    return _BY_KIND.get(field.kind, _TEXT)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: a field, what is asked of it, and the value."""

    field: Field
    question: str
    value: Json = None

    def mask(self, frame: pd.DataFrame) -> Mask:
        """Return which rows of the wide frame meet it."""
        return questions(self.field)[self.question].ask(frame[self.field.name], self._value)

    def code(self) -> str:
        """Return the same as code over ``frame``."""
        column = f"frame[{self.field.name!r}]"
        return questions(self.field)[self.question].code.format(column=column, value=self._spelled)

    @property
    def _value(self) -> object:
        if self.field.kind == "timestamp" and self.value is not None:
            return pd.Timestamp(self.value, tz="UTC")
        return self.value

    @property
    def _spelled(self) -> str:
        stamp = self.field.kind == "timestamp"
        return f'pd.Timestamp({self.value!r}, tz="UTC")' if stamp else repr(self.value)


def mask_of(conditions: Sequence[Condition], frame: pd.DataFrame, join: Join) -> Mask:
    """Return which rows meet all, or any, of some conditions; without any, all rows."""
    found = pd.Series(join == "all" or not conditions, index=frame.index)
    for each in conditions:
        mask = each.mask(frame).astype(bool)
        found = found & mask if join == "all" else found | mask
    return found


def code_of(conditions: Sequence[Condition], join: Join) -> str:
    """Return the same as code over ``frame``; empty where there is no condition."""
    return (" & " if join == "all" else " | ").join(each.code() for each in conditions)


#: All contacts, as code: every row has a revision.
EVERY = 'frame["revision"].notna()'


def chosen_code(chosen: str, more: str = "") -> str:
    """Return the code that gives the mask, with what it and further code import."""
    needs = [
        line
        for line, used in (
            ("import re", "re."),
            ("import pandas as pd", "pd."),
        )
        if used in chosen + more
    ]
    lines = [*needs, *[""] * bool(needs), "frame = stage.to_frame()"]
    return "\n".join([*lines, f"chosen = {chosen or EVERY}"])


# -- which change ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Making:
    """A change as a person chose it.

    Attributes
    ----------
    column : str
        The column of the wide frame that it changes.
    act : callable
        Stages it for contacts of a stage.
    code : str
        The same as code over ``stage``, ``frame`` and ``chosen``.
    labels, clears, whole : bool
        Whether it puts labels on and off, clears where its function gives nothing, and looks at
        the whole column at once.
    """

    column: str
    act: Act
    code: str
    labels: bool = False
    clears: bool = False
    whole: bool = False

    def script(self, chosen: str, left_out: Sequence[str], reason: str, *, partly: bool) -> str:
        """Return the whole code: which contacts, and what is done to them.

        `partly` where some of them cannot be changed so: the others are.
        """
        lines = [chosen_code(chosen, self.code)]
        if left_out and not self.whole:
            lines.append(f"chosen &= ~frame.index.isin({list(left_out)!r})")
        if self.labels:
            lines.append(f"with stage.step({f'reason={reason!r}' if reason else ''}):")
            lines.append(f"    stage.label(frame.index[chosen], {self.code})")
            return "\n".join(lines)
        code = self.code
        if left_out and self.whole:  # what it makes of the others may depend on all of them
            kept = f"~values.index.isin({list(left_out)!r})"
            code = f"lambda values: {code}(values).where({kept}, values)"
        said = [code, repr(self.column), "where=chosen"]
        said += [f"reason={reason!r}"] if reason else []
        said += [f"clear={self.column!r}"] if self.clears else []
        said += ['errors="collect"'] if partly else []
        return "\n".join([*lines, "stage.apply(", *(f"    {each}," for each in said), ")"])


def _applied(
    column: str, change: object, code: str, *, clears: bool = False, whole: bool = False
) -> Making:
    def act(stage: Stage, contact_ids: list[str]) -> pd.DataFrame | None:
        clear = (column,) if clears else ()
        return stage.apply(change, column, where=contact_ids, clear=clear, errors="collect")

    return Making(column, act, code, clears=clears, whole=whole)


def set_to(column: str, value: Json) -> Making:
    """Return the change that gives all the same value; None clears."""
    return _applied(column, value, repr(value))


def replaced(column: str, old: str, new: str, *, case: bool = True, regex: bool = False) -> Making:
    """Return the change that puts one piece of text in place of another.

    Raises
    ------
    BadValue
        The pattern is none.
    """
    change = changes.replace(old, new, case=case, regex=regex)
    said = [repr(old), repr(new), *([] if case else ["case=False"]), *(["regex=True"] * regex)]
    return _applied(column, change, f"ct.changes.replace({', '.join(said)})")


def mapped(column: str, pairs: Mapping[Json, Json]) -> Making:
    """Return the change that gives each of some values another one; None clears."""
    return _applied(column, changes.mapped(pairs), f"ct.changes.mapped({dict(pairs)!r})")


def copied(column: str, source: str) -> Making:
    """Return the change that copies another column where that holds anything."""
    return _applied(column, changes.copy(source), f"ct.changes.copy({source!r})")


def made_by(column: str, function: Callable[[Any], Any], *, each: bool) -> Making:
    """Return the change that a function of one's own makes: of each value, or of the column."""
    name = name_of(function)
    if not each:
        return _applied(column, function, name, whole=True)
    return _applied(
        column,
        lambda values: values.map(function, na_action="ignore"),
        f'lambda values: values.map({name}, na_action="ignore")',
    )


def name_of(function: Callable[[Any], Any]) -> str:
    """Return what code calls a function: "function" where it has no name, as a lambda."""
    name = getattr(function, "__name__", "")
    return name if name.isidentifier() else "function"


def labelled(added: Iterable[str], removed: Iterable[str]) -> Making:
    """Return the change that puts labels on and takes others off, by key."""
    on, off = list(added), list(removed)

    def act(stage: Stage, contact_ids: list[str]) -> None:
        stage.label(contact_ids, add=on, remove=off)

    told = [f"add={on!r}"] if on else []
    told += [f"remove={off!r}"] if off else []
    return Making(fields.LABELS.name, act, ", ".join(told), labels=True)


def pattern_of(text: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """Return a pattern, or raise ValueError with what is wrong with it."""
    try:
        return re.compile(text, flags)
    except re.error as error:
        why = f"not a pattern: {error}"
        raise ValueError(why) from None
