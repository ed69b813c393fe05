"""Duplicates: contacts that are probably one person, in groups, each pair with reasons. Pure.

Who opens them to be judged by hand stands above, and is known by `opening` alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from contacttools import opening
from contacttools.errors import BadValue, UnknownContact
from contacttools.matching.candidates import Whole, candidates
from contacttools.matching.comparing import Shares, compared
from contacttools.matching.groups import folded
from contacttools.matching.levels import PLACES
from contacttools.matching.people import People, people
from contacttools.matching.reasons import Pair, pairs_of
from contacttools.matching.scoring import learned
from contacttools.planning.render import count, escape, visible
from contacttools.snapshot.contacts import Contacts
from contacttools.staging.stage import Stage

LIKELY = 0.5  # more probable than not: the fewest mistakes of both kinds together
_SHOWN = 20  # groups that a notebook shows
_AGAINST = -1.0  # what says less against it is not worth a word of a whole group
COLUMNS = ["contactIdA", "contactIdB", "score", "reasons", "group"]

#: The columns that `Duplicates.pair` shows, and the fields that speak of each.
_SIDE_BY_SIDE: Mapping[str, tuple[str, ...]] = {
    "name.first": ("first",), "name.last": ("last",), "birthdate": ("birthdate",),
    "emails": ("email",), "phones": ("phone",), "addresses": PLACES, "company": ("company",),
}  # fmt: skip


class Duplicates:
    """Contacts that are probably one person. A cell that ends in it shows the groups.

    Attributes
    ----------
    pairs : tuple of Pair
        Every two of each group, the surest group first.
    apart : tuple of Pair
        Pairs with score enough that were kept apart, since others of their groups do not fit.
    threshold : float
    contacts : int
        How many contacts were looked at.
    left_out : dict of str to int
        Pairs that were not compared because too many contacts have the same, by what it is.
    """

    def __init__(
        self,
        pairs: Iterable[Pair],
        apart: Iterable[Pair],
        of: People,
        *,
        threshold: float,
        left_out: Mapping[str, int],
    ) -> None:
        self.pairs, self.apart = tuple(pairs), tuple(apart)
        self.threshold, self.left_out = threshold, dict(left_out)
        self.contacts = len(of)
        self._of = of

    def __len__(self) -> int:
        return len(self.pairs)

    def __iter__(self) -> Iterator[Pair]:
        return iter(self.pairs)

    def to_frame(self, *, apart: bool = False) -> pd.DataFrame:
        """Return the pairs as data.

        Parameters
        ----------
        apart : bool
            Those that were kept apart instead, in group -1.

        Returns
        -------
        DataFrame
            One row for every two contacts of a group: ``contactIdA``, ``contactIdB`` (A is the
            older contact), ``score`` (0 to 1), ``reasons`` (text) and ``group`` (from 0, int64).
        """
        pairs = self.apart if apart else self.pairs
        rows = [(each.one, each.other, each.score, each.reasons, each.group) for each in pairs]
        frame = pd.DataFrame(rows, columns=COLUMNS)
        texts = dict.fromkeys(("contactIdA", "contactIdB", "reasons"), "str")
        return frame.astype({**texts, "score": "float64", "group": "int64"})

    def groups(self) -> pd.DataFrame:
        """Return the groups as data.

        Returns
        -------
        DataFrame
            One row each: ``group``, ``contactIds`` (a tuple, the oldest contact first), ``score``
            (of its least sure pair) and ``reasons`` (those of most of its pairs first, and
            what speaks against it).
        """
        rows = self._rows()
        frame = pd.DataFrame(rows, columns=["group", "contactIds", "score", "reasons"])
        return frame.astype({"group": "int64", "score": "float64", "reasons": "str"})

    def only(self, groups: int | Iterable[int]) -> Duplicates:
        """Return some of the groups, by their numbers, which they keep."""
        wanted = set(groups) if isinstance(groups, Iterable) else {groups}
        if strange := sorted(wanted - {each.group for each in self.pairs}):
            why = f"no group {strange[0]}; pairs.groups() shows which there are"
            raise BadValue(why)
        return self._with(each for each in self.pairs if each.group in wanted)

    def without(self, contact_ids: str | Iterable[str]) -> Duplicates:
        """Return the groups without some contacts; a group of one is none.

        Raises
        ------
        UnknownContact
            No group has such a contact.
        """
        dropped = {contact_ids} if isinstance(contact_ids, str) else set(contact_ids)
        known = {member for each in self.pairs for member in (each.one, each.other)}
        if strange := sorted(dropped - known):
            why = f"no group has contact {strange[0]!r}; pairs.groups() shows who is in which"
            raise UnknownContact(why, contact_id=strange[0])
        return self._with(each for each in self.pairs if not dropped & {each.one, each.other})

    def pair(self, contact_id_a: str, contact_id_b: str) -> pd.DataFrame:
        """Return two contacts side by side.

        Returns
        -------
        DataFrame
            One row per field that one of them has: ``field``, ``valueA``, ``valueB`` (several
            e-mails, phones or addresses are joined by ``"; "``), ``says``, and ``weight``: above 0
            it speaks for one person, below 0 against; the natural logarithm of how much more often
            it is so of one person's contacts.

        Raises
        ------
        UnknownContact
            The two are no pair of a group, and were not kept apart either.
        """
        asked = {contact_id_a, contact_id_b}
        found = next((p for p in (*self.pairs, *self.apart) if {p.one, p.other} == asked), None)
        if found is None:
            why = f"{contact_id_a!r} and {contact_id_b!r} are no pair; pairs.to_frame() shows them"
            raise UnknownContact(why, contact_id=contact_id_a)
        shown = self._of.shown([contact_id_a, contact_id_b])
        rows = []
        for column, about in _SIDE_BY_SIDE.items():
            mine, yours = (shown[each][column] for each in (contact_id_a, contact_id_b))
            told = [each for each in found.said if each.field in about]
            says = ", ".join(each.words for each in told if each.words)
            if mine or yours:
                weight = round(sum(each.weight for each in told), 3)
                rows.append((column, mine or None, yours or None, says or None, weight))
        frame = pd.DataFrame(rows, columns=["field", "valueA", "valueB", "says", "weight"])
        texts = dict.fromkeys(("field", "valueA", "valueB", "says"), "str")
        return frame.astype({**texts, "weight": "float64"})

    def review(self, stage: Stage, site: object = None) -> Any:  # noqa: ANN401 - a widget, which ships no types
        """Return a widget to judge the groups one by one: who is one person, and who is not.

        Parameters
        ----------
        stage : Stage
            Of the contacts that they were found in.
        site : Site, optional
            Where what was kept can be merged, after the service's preview and an approval of its
            own. Without it, ``ct.merge_plan(review.pairs, contacts)`` goes on in code.

        Returns
        -------
        PairReview
            A widget: let a cell end in it. Its `pairs` are these without whom one left out.

        Raises
        ------
        UnknownContact
            They were found in other contacts than those of the stage.
        WrongSite
            The contacts are of another site.
        BadValue
            There is no stage, or the site is none.

        Examples
        --------
        >>> stage = ct.Stage(ct.connect().fetch(limit=300))
        >>> pairs = ct.duplicates(stage)
        >>> review = pairs.review(stage)
        >>> len(review.pairs) == len(pairs)
        True
        """
        return opening.by_hand("duplicates", self, stage, site)

    def _rows(self) -> list[tuple[int, tuple[str, ...], float, str]]:
        """Return of each group its number, its members, the lowest score, and the reasons."""
        rows = []
        for number, pairs in self._by_group().items():
            said = [each for pair in pairs for each in pair.said if each.words]
            for_it = Counter(each.words for each in said if each.weight > 0)
            against = Counter(each.words for each in said if each.weight <= _AGAINST)
            reasons = ", ".join(word for word, _ in for_it.most_common())
            if against:
                but = ", ".join(word for word, _ in against.most_common())
                reasons = f"{reasons}, but {but}" if reasons else but
            rows.append((number, self._members(pairs), min(p.score for p in pairs), reasons))
        return rows

    def _by_group(self) -> dict[int, list[Pair]]:
        found: dict[int, list[Pair]] = {}
        for each in self.pairs:
            found.setdefault(each.group, []).append(each)
        return found

    def _members(self, pairs: Iterable[Pair]) -> tuple[str, ...]:
        held = {member for each in pairs for member in (each.one, each.other)}
        return tuple(sorted(held, key=self._of.position.__getitem__))

    def _with(self, pairs: Iterable[Pair]) -> Duplicates:
        kept = tuple(pairs)
        return Duplicates(
            kept, self.apart, self._of, threshold=self.threshold, left_out=self.left_out
        )

    def _told(self) -> str:
        groups = self._rows()
        if not groups:
            return f"none in {count(self.contacts, 'contact')}"
        members = sum(len(ids) for _, ids, *_ in groups)
        return f"{count(members, 'contact')} of {self.contacts:,} in {count(len(groups), 'group')}"

    def _notes(self) -> list[str]:
        """Return what a reader should know beside the groups."""
        notes = []
        if len(self._by_group()) > _SHOWN:
            notes.append(f"… and {len(self._by_group()) - _SHOWN:,} more: pairs.groups()")
        if self.apart:
            told = "was" if len(self.apart) == 1 else "were"
            notes.append(f"{count(len(self.apart), 'pair')} more {told} kept apart: pairs.apart")
        for what, n in self.left_out.items():
            notes.append(f"{count(n, 'pair')} not compared: too many have the same {what}")
        return notes

    def __repr__(self) -> str:
        lines = [f"<Duplicates: {self._told()}, score {self.threshold:g} or more>"]
        for number, ids, score, reasons in self._rows()[:_SHOWN]:
            who = " = ".join(visible(self._of.called(each)) for each in ids)
            lines.append(f"  {number:>3}  {score:.2f}  {who}: {reasons}")
        return "\n".join([*lines, *(f"  {note}" for note in self._notes())])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{number}</td><td>{score:.2f}</td><td>"
            + "<br>".join(
                f"{escape(self._of.called(each))} <small><code>{escape(each)}</code></small>"
                for each in ids
            )
            + f"</td><td>{escape(reasons)}</td></tr>"
            for number, ids, score, reasons in self._rows()[:_SHOWN]
        )
        table = (
            "<table><thead><tr><th>group</th><th>score</th><th>contacts</th><th>why</th></tr>"
            f"</thead><tbody>{rows}</tbody></table>"
        )
        notes = "".join(f"<p>{escape(note)}</p>" for note in self._notes())
        return f"<p><strong>{escape(self._told())}</strong></p>{table if rows else ''}{notes}"


def duplicates(contacts: Contacts | Stage, threshold: float | None = None) -> Duplicates:
    """Return contacts that are probably one person, in groups, each pair with its reasons.

    Names, birthdates, e-mails, phones, addresses and companies are compared, as they are or nearly.
    What is rare says more than what many have; how much each field says is learned from the
    contacts themselves. What people share (a phone, a mailbox, an address) never makes one of those
    with clearly different names, and nobody joins a group in which he does not fit the others.

    Parameters
    ----------
    contacts : Contacts or Stage
        Of a stage, with all that is staged.
    threshold : float, optional
        How probable it has to be, from 0 to 1. Without it 0.5, more probable than not, which makes
        the fewest mistakes of both kinds together; 0.9 finds fewer and surer ones.

    Returns
    -------
    Duplicates

    Raises
    ------
    BadValue
        These are no contacts, or the threshold is no number from 0 to 1.

    Examples
    --------
    >>> pairs = ct.duplicates(ct.connect().fetch(limit=300))
    >>> pairs.to_frame().columns.tolist()
    ['contactIdA', 'contactIdB', 'score', 'reasons', 'group']
    >>> bool((pairs.to_frame()["score"] > 0).all())
    True
    """
    if not isinstance(contacts, (Contacts, Stage)):
        why = f"duplicates(contacts or stage), not of a {type(contacts).__name__}"  # type: ignore[unreachable]
        raise BadValue(why)
    needed = LIKELY if threshold is None else threshold
    number = isinstance(needed, (int, float)) and not isinstance(needed, bool)
    if not number or not 0 <= needed <= 1:
        why = f"threshold is a number from 0 to 1, not {threshold!r}"
        raise BadValue(why)
    of = people(contacts)
    found = candidates(of)
    one, other = found.one, found.other
    fields = compared(of, one, other)
    model = learned(of, fields)
    score = model.scored(fields).score

    def rescore(left: Whole, right: Whole) -> Shares:
        return model.scored(compared(of, left, right)).score

    members = folded(one, other, score, needed, rescore)
    group = np.full(len(of), -1)
    for at, each in enumerate(members):
        group[each] = at

    def told(left: Whole, right: Whole) -> tuple[Pair, ...]:
        again = compared(of, left, right)
        same = np.where(group[left] == group[right], group[left], -1)
        ends = [(of.ids[a], of.ids[b]) for a, b in zip(left, right, strict=True)]
        return pairs_of(ends, again, model.scored(again), same.tolist())

    inside = [(a, b) for each in members for at, a in enumerate(each) for b in each[at + 1 :]]
    left, right = np.array(inside, dtype=np.int64).reshape(-1, 2).T
    loose = (score >= needed) & (score > 0) & ((group[one] != group[other]) | (group[one] < 0))
    return Duplicates(
        told(left, right), told(one[loose], other[loose]), of,
        threshold=float(needed), left_out=found.left_out,
    )  # fmt: skip
