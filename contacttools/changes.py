"""Changes: what `stage.apply` does to columns, named, so that a recipe can repeat it. Pure.

Each is made here, shows itself as the code that makes it, and is given the values of a column:
``stage.apply(ct.changes.replace("Travel", "Tours"), "company")``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from contacttools.errors import BadValue

__all__ = ["copy", "fill", "join", "mapped", "replace", "split"]


@dataclass(frozen=True)
class Transform:
    """A change of a column, or of several, with its name and what it was made with.

    Attributes
    ----------
    rule : str
        The function of this module that makes it.
    parameters : dict
        What that was given.
    reads : tuple of str
        Other columns of the same frame that it is given beside.
    several : bool
        Whether it is given and returns a frame of columns, instead of one column.
    clears : bool
        Whether it may leave nothing where something was, and means it.
    """

    rule: str
    parameters: Mapping[str, Any]
    function: Callable[..., Any]
    reads: tuple[str, ...] = ()
    several: bool = False
    clears: bool = False

    def __call__(self, values: Any, *others: pd.DataFrame) -> Any:  # noqa: ANN401 - as pandas has it
        """Return the values as they are to be."""
        return self.function(values, *others)

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in self.parameters.items())
        return f"ct.changes.{self.rule}({told})"


def replace(old: str, new: str, *, case: bool = True, regex: bool = False) -> Transform:
    r"""Put one piece of text in place of another, wherever it stands.

    Parameters
    ----------
    old, new : str
        With `regex` a pattern as `re` reads it, and what stands for it, such as ``r"\1"``.
    case : bool
        Whether capitals and small letters differ.
    regex : bool

    Raises
    ------
    BadValue
        The pattern is none, or what stands for it names a group that it has not.

    Examples
    --------
    >>> ct.changes.replace("Travel", "Tours")(pd.Series(["Otter Travel"])).tolist()
    ['Otter Tours']
    """
    if not old:
        raise BadValue("say which piece of text is replaced")
    try:
        pattern = re.compile(old if regex else re.escape(old), re.NOFLAG if case else re.IGNORECASE)
        told = new if regex else new.replace("\\", r"\\")
        # A template is looked at when something is found; it is to be wrong before that.
        re.compile(f"(?:{pattern.pattern})|", pattern.flags).sub(told, "", count=1)
    except (re.error, IndexError) as error:
        why = f"not a pattern: {error}"
        raise BadValue(why) from None
    parameters: dict[str, Any] = {"old": old, "new": new}
    parameters |= {} if case else {"case": False}
    parameters |= {"regex": True} if regex else {}
    return Transform(
        "replace", parameters, lambda values: values.str.replace(pattern, told, regex=True)
    )


def mapped(pairs: Mapping[Any, Any] | pd.Series[Any] | Iterable[Sequence[Any]]) -> Transform:
    """Give each of some values another one; None clears. Other values stay as they are.

    Parameters
    ----------
    pairs : mapping, Series, or iterable of pairs
        The new value by the old one; of a Series, by its index.

    Examples
    --------
    >>> ct.changes.mapped({"CEO": "Chief executive"})(pd.Series(["CEO", "Cook"])).tolist()
    ['Chief executive', 'Cook']
    """
    listed: Iterable[Any] = pairs.items() if isinstance(pairs, (Mapping, pd.Series)) else pairs
    told = dict(listed)
    clears = any(value is None or value != value for value in told.values())  # noqa: PLR0124 - NaN
    told = {old: None if new != new else new for old, new in told.items()}  # noqa: PLR0124
    return Transform(
        "mapped",
        {"pairs": [[old, new] for old, new in told.items()]},  # as a file can hold them
        lambda values: values.map(lambda value: told.get(value, value)),
        clears=clears,
    )


def fill(source: str) -> Transform:
    """Take over another column where there is nothing.

    Parameters
    ----------
    source : str
        A column of the same frame.

    Examples
    --------
    >>> ct.changes.fill("custom.employer")
    ct.changes.fill(source='custom.employer')
    """
    return Transform(
        "fill",
        {"source": source},
        lambda values, others: values.where(values.notna(), others[source]),
        reads=(source,),
    )


def copy(source: str) -> Transform:
    """Take over another column where that holds anything.

    Parameters
    ----------
    source : str
        A column of the same frame.

    Examples
    --------
    >>> ct.changes.copy("custom.employer")
    ct.changes.copy(source='custom.employer')
    """
    return Transform(
        "copy",
        {"source": source},
        lambda values, others: others[source].where(others[source].notna(), values),
        reads=(source,),
    )


def join(sources: Sequence[str], between: str = " ") -> Transform:
    """Take over what several columns hold, one after the other, where any of them holds anything.

    Parameters
    ----------
    sources : sequence of str
        Columns of text of the same frame.
    between : str

    Examples
    --------
    >>> ct.changes.join(["custom.street", "custom.number"])
    ct.changes.join(sources=['custom.street', 'custom.number'], between=' ')
    """
    if isinstance(sources, str) or len(sources) < 2:
        raise BadValue("join takes two columns or more: ct.changes.join(['one', 'other'])")

    def joined(values: pd.Series[Any], others: pd.DataFrame) -> pd.Series[Any]:
        parts = others[list(sources)]
        told = parts.apply(lambda row: between.join(str(each) for each in row.dropna()), axis=1)
        return told.where(parts.notna().any(axis=1), values)

    parameters = {"sources": list(sources), "between": between}
    return Transform("join", parameters, joined, reads=tuple(sources))


def split(at: str = " ", *, last: bool = False) -> Transform:
    """Split the text of the first of two columns, where the second is empty.

    Parameters
    ----------
    at : str
        Where: what stands there is left out. A text without it stays whole.
    last : bool
        At the last such place instead of the first.

    Examples
    --------
    >>> frame = pd.DataFrame({"name.first": ["Mara Quill"], "name.last": [None]})
    >>> ct.changes.split(" ")(frame).iloc[0].tolist()
    ['Mara', 'Quill']
    """
    if not at:
        raise BadValue("say where texts are split, such as ' '")

    def parted(frame: pd.DataFrame) -> pd.DataFrame:
        if len(frame.columns) != 2:
            raise BadValue("split is for two columns: stage.apply(…, columns=['one', 'other'])")
        first, second = frame.columns
        texts = frame[first].astype("str").str
        told = (texts.rpartition if last else texts.partition)(at)
        wanted = frame[second].isna() & told[0].str.strip().ne("") & told[2].str.strip().ne("")
        wanted &= frame[first].notna()
        made = frame.astype(object)
        made.loc[wanted, first] = told[0].str.strip()[wanted]
        made.loc[wanted, second] = told[2].str.strip()[wanted]
        return made

    return Transform("split", {"at": at} | ({"last": True} if last else {}), parted, several=True)
