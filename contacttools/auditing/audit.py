"""Audit: every rule applied to contacts, and what they found. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pandas as pd

from contacttools.auditing import across, catalogue, emails, lists, people, phones, places
from contacttools.auditing.accepting import Accepted
from contacttools.auditing.finding import SEVERITIES, Counted, Finding
from contacttools.auditing.findings import Findings
from contacttools.auditing.rule import Audited, Rule, Staged, chosen_rules
from contacttools.errors import BadValue
from contacttools.snapshot.contacts import Contacts
from contacttools.snapshot.frames import plain

#: Where the shipped rules are: importing them makes them known.
SHIPPED = (people, emails, phones, places, lists, across, catalogue)


def audit(
    contacts_or_stage: Contacts | Staged,
    rules: Iterable[Rule | str] | None = None,
    *,
    accepted: Accepted | None = None,
) -> Findings:
    """Return what is wrong with contacts.

    Parameters
    ----------
    contacts_or_stage : Contacts or Stage
        Of a stage, with all that is staged: so one sees what is left before anything is written.
    rules : iterable of Rule or str, optional
        Which rules, or their names; without it, all there are, those of `rule` too.
    accepted : Accepted, optional
        What may stand: `Findings.accept` returns it, `Accepted.load` reads it. It is left out as
        long as its values are the same, and counted in ``findings.accepted``.

    Returns
    -------
    Findings

    Raises
    ------
    BadValue
        There is no such rule; a rule returned something else than it should; or `accepted` is
        nothing of the kind.

    Examples
    --------
    >>> stage = ct.Stage(ct.connect().fetch(limit=100))
    >>> before = ct.audit(stage)
    >>> stage.apply(before.fixes(rule=["name_capitals", "spaces"]))
    >>> after = ct.audit(stage)
    >>> len(after.compare(before).fixed) > 0
    True
    """
    if accepted is not None and not isinstance(accepted, Accepted):
        why = f"accepted is what findings.accept or ct.Accepted.load returns, not {accepted!r:.40}"  # type: ignore[unreachable]
        raise BadValue(why)
    audited = Audited(contacts_or_stage)
    asked = sorted(chosen_rules(rules), key=lambda each: SEVERITIES.index(each.severity))
    told: list[Finding] = []
    quiet: list[Finding] = []
    for finding in (each for rule in asked for each in _found(rule, audited)):
        may_stand = accepted is not None and accepted.holds(finding.key, finding.judged)
        (quiet if may_stand else told).append(finding)
    about = {each.name: each.about for each in asked}
    counted = Counted.of(audited.wide, audited.contacts.extended)
    return Findings(told, len(audited.contacts), about, quiet, counted)


def _found(rule: Rule, audited: Audited) -> Iterator[Finding]:
    """Yield what a rule finds, one finding a place."""
    frame = audited.table(rule.table)
    told = rule(frame, audited)
    tidy = rule.table is not None
    held = {name: frame[name].tolist() for name in {*told["column"]} & {*frame.columns}}
    ids = frame["contactId"].tolist() if tidy else frame.index.tolist()
    items = frame["itemId"].tolist() if tidy else [None] * len(ids)
    seen = set()
    rows = frame.index.get_indexer(told.index)
    for at, (_, column, why, suggestion) in zip(rows, told.itertuples(), strict=True):
        if (at, column) in seen:
            continue
        seen.add((at, column))
        value = plain(held[column][at]) if column in held else None
        wanted = None if _missing(suggestion) else plain(suggestion)
        yield Finding(
            ids[at], rule.name, rule.severity, rule.table, items[at], column, value, str(why),
            None if wanted == value else wanted,
        )  # fmt: skip


def _missing(value: object) -> bool:
    return value is None or value is pd.NA or value != value  # noqa: PLR0124 - NaN is not itself
