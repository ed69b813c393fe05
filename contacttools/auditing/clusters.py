"""Clusters: values of a column that are probably one value in several spellings. Pure.

Who opens them to be looked through by hand stands above, and is known by `opening` alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from rapidfuzz.distance import Levenshtein

from contacttools import opening
from contacttools.auditing.fixes import Fix, Fixes
from contacttools.auditing.rule import Staged
from contacttools.cleaning import keys
from contacttools.errors import BadValue, ReadOnlyField
from contacttools.planning.render import count, escape, visible
from contacttools.snapshot import frames
from contacttools.snapshot.contacts import Contacts

_BLOCK = 3  # letters in a row that two values share, or they are not compared
_SHOWN = 20  # clusters that a notebook shows
_OF_A_SERIES = "these are clusters of a Series: of contacts, ct.clusters(stage, column)"


@dataclass(frozen=True, slots=True)
class Cluster:
    """Spellings of what is probably one value.

    Attributes
    ----------
    key : str
        What they have in common.
    spellings : mapping of str to int
        How often each is there, the most frequent first.
    suggestion : str
        What all of them should be.
    """

    key: str
    spellings: Mapping[str, int]
    suggestion: str


class Clusters:
    """Groups of spellings; ``stage.apply(groups)`` writes each as suggested.

    Attributes
    ----------
    clusters : tuple of Cluster
        The one that most rows are in first.
    column, method : str
    """

    def __init__(
        self,
        clusters: Iterable[Cluster],
        held: pd.Series[Any],
        column: str,
        method: str,
        *,
        of_contacts: bool,
    ) -> None:
        self.clusters = tuple(clusters)
        self.column, self.method = column, method
        self._held, self._of_contacts = held, of_contacts

    def __len__(self) -> int:
        return len(self.clusters)

    def __iter__(self) -> Iterator[Cluster]:
        return iter(self.clusters)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per value: ``cluster`` (from 0), ``value``, ``count``, ``suggestion``."""
        rows = [
            (number, value, n, each.suggestion)
            for number, each in enumerate(self.clusters)
            for value, n in each.spellings.items()
        ]
        frame = pd.DataFrame(rows, columns=["cluster", "value", "count", "suggestion"])
        return frame.astype(
            {"cluster": "int64", "value": "str", "count": "int64", "suggestion": "str"}
        )

    def only(self, clusters: int | Iterable[int]) -> Clusters:
        """Return some of the clusters, by their numbers."""
        numbers = {clusters} if isinstance(clusters, int) else set(clusters)
        if strange := sorted(numbers - set(range(len(self)))):
            why = f"no cluster {strange[0]}; they count from 0 to {len(self) - 1}"
            raise BadValue(why)
        return self._with(each for n, each in enumerate(self.clusters) if n in numbers)

    def without(self, values: str | Iterable[str]) -> Clusters:
        """Return the clusters without some of their values, which then stay as they are."""
        dropped = {values} if isinstance(values, str) else set(values)
        known = {value for each in self.clusters for value in each.spellings}
        if strange := sorted(dropped - known):
            why = f"no cluster holds {strange[0]!r}"
            raise BadValue(why)
        return self._with(
            replace(each, spellings={v: n for v, n in each.spellings.items() if v not in dropped})
            for each in self.clusters
        )

    def take(self, cluster: int, value: str) -> Clusters:
        """Return the clusters with another value for one of them; any value will do."""
        self.only(cluster)
        if not isinstance(value, str) or not value.strip():
            why = f"what all of a cluster should be is a text, not {value!r}"
            raise BadValue(why)
        return self._with(
            replace(each, suggestion=value) if n == cluster else each
            for n, each in enumerate(self.clusters)
        )

    def contacts(self, value: str) -> list[str]:
        """Return the ids of the contacts that have a value; of a Series, its labels."""
        return [str(each) for each in self._held.index[self._held == value]]

    def again(self, contacts: Contacts | Staged) -> Clusters:
        """Return the same clusters with what there is of them by now; of one value is none."""
        held, _ = _column(contacts, self.column)
        counts = held[held.isin([v for each in self.clusters for v in each.spellings])]
        there = {str(value): int(n) for value, n in counts.value_counts().items()}
        left = [
            replace(each, spellings={v: there[v] for v in each.spellings if v in there})
            for each in self.clusters
        ]
        kept = [each for each in left if len(each.spellings) > 1]
        return Clusters(kept, held, self.column, self.method, of_contacts=True)

    def review(self, stage: Staged) -> Any:  # noqa: ANN401 - a widget, which ships no types
        """Return a widget to look through them, choose spellings, and stage them one by one.

        Parameters
        ----------
        stage : Stage
            What they are staged in, and the contacts that they were found in.

        Returns
        -------
        ClusterReview
            A widget: let a cell end in it. Its `groups` are those that are still to be decided.

        Raises
        ------
        BadValue
            These are clusters of a Series, or there is no stage.

        Examples
        --------
        >>> stage = ct.Stage(ct.connect().fetch(limit=200))
        >>> ct.clusters(stage, "company").review(stage)
        <Review of ... cluster... of company by fingerprint>
        """
        if not self._of_contacts:
            raise BadValue(_OF_A_SERIES)
        return opening.by_hand("clusters", self, stage)

    def fixes(self) -> Fixes:
        """Return what ``stage.apply(groups)`` stages: a value per contact that has another one."""
        if not self._of_contacts:
            raise BadValue(_OF_A_SERIES)
        wanted = {value: each for each in self.clusters for value in each.spellings}
        proposed = []
        for contact_id, value in self._held.items():
            each = wanted.get(value)
            if each is not None and value != each.suggestion:
                reason = visible(f"{self.method}: one spelling, {each.suggestion}")[:200]
                rule = f"clusters.{self.method}"
                fix = Fix(
                    str(contact_id), None, None, self.column, value, each.suggestion, reason, rule
                )
                proposed.append(fix)
        pairs = [[v, each.suggestion] for v, each in wanted.items() if v != each.suggestion]
        given = {"column": self.column, "pairs": pairs}
        return Fixes(tuple(proposed), "changes.mapped", given)

    def _with(self, clusters: Iterable[Cluster]) -> Clusters:
        return Clusters(
            clusters, self._held, self.column, self.method, of_contacts=self._of_contacts
        )

    def __repr__(self) -> str:
        values = sum(len(each.spellings) for each in self.clusters)
        told = f"{count(len(self), 'cluster')} of {count(values, 'value')}"
        lines = [f"<Clusters of {visible(self.column)} by {self.method}: {told}>"]
        for number, each in enumerate(self.clusters[:_SHOWN]):
            held = ", ".join(f"{visible(value)} {n:,}" for value, n in each.spellings.items())
            lines.append(f"  {number:>3}  {visible(each.suggestion)} ← {held}")
        if len(self) > _SHOWN:
            lines.append(f"  … and {len(self) - _SHOWN:,} more: groups.to_frame()")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{number}</td><td><strong>{escape(each.suggestion)}</strong></td><td>"
            + ", ".join(
                f"{escape(value)} <small>{n:,}</small>" for value, n in each.spellings.items()
            )
            + "</td></tr>"
            for number, each in enumerate(self.clusters[:_SHOWN])
        )
        more = len(self) - _SHOWN
        return (
            f"<p><strong>{count(len(self), 'cluster')}</strong> of {escape(self.column)} by "
            f"{escape(self.method)}</p><table><thead><tr><th>cluster</th><th>suggestion</th>"
            f"<th>values</th></tr></thead><tbody>{rows}</tbody></table>"
            + (f"<p>… and {more:,} more: groups.to_frame()</p>" if more > 0 else "")
        )


def clusters(
    contacts_or_series: Contacts | Staged | pd.Series[Any],
    column: str | None = None,
    method: str = "fingerprint",
    *,
    size: int = 2,
    radius: int = 1,
) -> Clusters:
    """Return values of a column that are probably one value in several spellings.

    Parameters
    ----------
    contacts_or_series : Contacts, Stage or Series of str
    column : str
        A column of text of the wide frame; not for a Series.
    method : str
        As in `cluster_key`; or ``levenshtein``: values that differ in `radius` letters at most
        from the most frequent one of them.
    size : int
        Letters in a piece, for ``ngram-fingerprint``.
    radius : int
        Letters that were left out, added or mistaken, for ``levenshtein``.

    Returns
    -------
    Clusters

    Raises
    ------
    UnknownField, ReadOnlyField, BadValue
        There is no such column, it cannot be edited, or there is no such method.

    Examples
    --------
    >>> groups = ct.clusters(pd.Series(["Quay Ltd", "quay ltd.", "Quay Ltd", "Harbour"]))
    >>> groups.to_frame()["value"].tolist()
    ['Quay Ltd', 'quay ltd.']
    >>> stage = ct.Stage(ct.connect().fetch(limit=200))
    >>> stage.apply(ct.clusters(stage, "company"))
    """
    if isinstance(contacts_or_series, pd.Series):
        held, of_contacts = contacts_or_series, False
        name = str(held.name) if held.name is not None else "the values"
    else:
        held, name = _column(contacts_or_series, column)
        of_contacts = True
    texts = held[held.map(lambda value: isinstance(value, str) and bool(value.strip()))]
    counts = {str(value): int(n) for value, n in texts.value_counts().items()}
    if method == "levenshtein":
        groups = _near(counts, radius)
    else:
        keys.cluster_key("", method, size=size)  # says what is wrong with the method
        groups = {}
        for value in counts:
            key = keys.cluster_key(value, method, size=size)
            if key:
                groups.setdefault(key, []).append(value)
    found = [_cluster(key, values, counts) for key, values in groups.items() if len(values) > 1]
    found.sort(key=lambda each: (-sum(each.spellings.values()), each.key))
    return Clusters(found, held, name, method, of_contacts=of_contacts)


def _column(of: Contacts | Staged, column: str | None) -> tuple[pd.Series[Any], str]:
    if not isinstance(of, (Contacts, Staged)):
        why = f"clusters(contacts, stage or Series), not of a {type(of).__name__}"  # type: ignore[unreachable]
        raise BadValue(why)
    if column is None:
        raise BadValue('say which column: ct.clusters(stage, "company")')
    contacts = of if isinstance(of, Contacts) else of.contacts
    field = contacts.field(column)
    if not field.editable:
        why = f"{column}: {frames.why_fixed(column)}"
        raise ReadOnlyField(why, field=column)
    return of.to_frame()[column], column


def _cluster(key: str, values: list[str], counts: Mapping[str, int]) -> Cluster:
    ordered = sorted(values, key=lambda value: (-counts[value], _shouts(value), value))
    return Cluster(key, {value: counts[value] for value in ordered}, ordered[0])


def _shouts(value: str) -> bool:
    """Say whether a text has no mixture of capitals and small letters."""
    return value in (value.upper(), value.lower())


def _near(counts: Mapping[str, int], radius: int) -> dict[str, list[str]]:
    """Return values by the most frequent one that each is near to. Nothing chains."""
    if isinstance(radius, bool) or not isinstance(radius, int) or radius < 1:
        why = f"radius is a number of letters from 1, not {radius!r}"
        raise BadValue(why)
    ordered = sorted(counts, key=lambda value: (-counts[value], _shouts(value), value))
    blocks: dict[str, list[str]] = {}
    groups: dict[str, list[str]] = {}
    for value in ordered:
        folded = keys.bare(value)
        near = {centre for piece in _pieces(folded) for centre in blocks.get(piece, ())}
        for centre in sorted(near, key=ordered.index):
            bare = keys.bare(centre)
            if min(len(folded), len(bare)) > 2 * radius and (
                Levenshtein.distance(folded, bare, score_cutoff=radius) <= radius
            ):
                groups[centre].append(value)
                break
        else:
            groups[value] = [value]
            for piece in _pieces(folded):
                blocks.setdefault(piece, []).append(value)
    return groups


def _pieces(text: str) -> set[str]:
    letters = text.replace(" ", "")
    return {letters[n : n + _BLOCK] for n in range(max(1, len(letters) - _BLOCK + 1))}
