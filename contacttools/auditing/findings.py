"""Findings: what an audit found, and what would mend it. Pure."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import pandas as pd

from contacttools import files
from contacttools.auditing import shown
from contacttools.auditing.fixes import Fix, Fixes
from contacttools.contact.fields import Json
from contacttools.errors import BadValue
from contacttools.planning.render import count, visible
from contacttools.snapshot.frames import Table, plain

SEVERITIES = ("error", "warning", "info")
COLUMNS = ["findingId", "contactId", "rule", "severity", "path", "value", "why", "suggestion"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with one value.

    Attributes
    ----------
    contact_id : str
    rule : str
    severity : {"error", "warning", "info"}
    table, item_id : str or None
        The item that it is in; None for a value of the contact itself.
    column : str
        As in the frame of `table`.
    value : value
        What was found there.
    why : str
    suggestion : value
        What should be there; None where that is not sure.
    """

    contact_id: str
    rule: str
    severity: str
    table: Table | None
    item_id: str | None
    column: str
    value: Json
    why: str
    suggestion: Json = None

    @property
    def path(self) -> str:
        """Where it is: ``name.first``, or ``phones[ID].phone``."""
        return self.column if self.table is None else f"{self.table}[{self.item_id}].{self.column}"

    @property
    def key(self) -> tuple[str, str, str]:
        """What is the same finding in another audit: rule, contact and path."""
        return self.rule, self.contact_id, self.path

    @property
    def id(self) -> str:
        """Twelve hexadecimal digits that stand for rule, contact, path and value."""
        told = json.dumps([*self.key, self.value], default=str, sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:12]


class Findings:
    """What an audit found. A cell that ends in it shows how much of what.

    Attributes
    ----------
    findings : tuple of Finding
        Those of one rule together, the gravest first.
    contacts : int
        How many contacts were looked at.
    rules : mapping of str to str
        Every rule that was applied, with what it is about; also those that found nothing.
    """

    def __init__(
        self, findings: Iterable[Finding], contacts: int, rules: Mapping[str, str]
    ) -> None:
        self.findings = tuple(findings)
        self.contacts, self.rules = contacts, dict(rules)

    def __len__(self) -> int:
        return len(self.findings)

    def to_frame(self) -> pd.DataFrame:
        """Return the findings as data.

        Returns
        -------
        DataFrame
            One row each: ``findingId`` (rule, contact, path and value), ``contactId``, ``rule``,
            ``severity``, ``path``, ``value``, ``why``, ``suggestion`` (missing where it is not
            sure what should be there).
        """
        rows = [
            (each.id, each.contact_id, each.rule, each.severity, each.path, plain(each.value),
             each.why, plain(each.suggestion))
            for each in self.findings
        ]  # fmt: skip
        frame = pd.DataFrame(rows, columns=COLUMNS, dtype=object)
        texts = [name for name in COLUMNS if name not in ("value", "suggestion")]
        return frame.astype(dict.fromkeys(texts, "str"))

    def summary(self, by: Literal["rule", "severity", "path"] = "rule") -> pd.DataFrame:
        """Return how much was found of what.

        Parameters
        ----------
        by : {"rule", "severity", "path"}

        Returns
        -------
        DataFrame
            Indexed by rule, severity or path: ``findings``, ``contacts``, ``suggested`` (how many
            have a suggestion); by rule also ``severity`` and ``about``, and rules that found
            nothing are in it.
        """
        if by not in ("rule", "severity", "path"):
            why = f'by is "rule", "severity" or "path", not {by!r}'
            raise BadValue(why)
        frame = self.to_frame()
        if by == "path":  # of the items of a list, all together
            frame["path"] = frame["path"].str.replace(r"\[.*\]", "", regex=True)
        groups = frame.groupby(by, sort=False)
        told = pd.DataFrame(
            {
                "findings": groups.size(),
                "contacts": groups["contactId"].nunique(),
                "suggested": groups["suggestion"].count(),
            }
        )
        if by == "severity":
            return told.reindex(list(SEVERITIES), fill_value=0).rename_axis("severity")
        told = told.sort_values("findings", ascending=False, kind="stable")
        if by == "path":
            return told
        told = told.reindex([*told.index, *(n for n in self.rules if n not in told.index)])
        told = told.fillna(0).astype("int64")
        told.insert(0, "severity", groups["severity"].first().reindex(told.index).fillna(""))
        return told.assign(about=pd.Series(self.rules)).rename_axis("rule")

    def only(
        self,
        rule: str | Iterable[str] | None = None,
        severity: str | Iterable[str] | None = None,
        where: pd.Series[bool] | Iterable[str] | None = None,
    ) -> Findings:
        """Return some of the findings.

        Parameters
        ----------
        rule, severity : str or iterable of str, optional
        where : boolean Series or iterable of str, optional
            A mask over ``findings.to_frame()``, or finding ids.
        """
        rules, severities = _named(rule, self.rules), _named(severity, SEVERITIES)
        ids = None
        if isinstance(where, pd.Series) and where.dtype == bool:
            if len(where) != len(self):
                why = f"the mask has {len(where)} rows, findings.to_frame() {len(self)}"
                raise BadValue(why)
            ids = {f.id for f, wanted in zip(self.findings, where.tolist(), strict=True) if wanted}
        elif where is not None:
            ids = _named(where, {each.id for each in self.findings})
        return Findings(
            (
                each
                for each in self.findings
                if each.rule in rules
                and each.severity in severities
                and (ids is None or each.id in ids)
            ),
            self.contacts,
            {name: about for name, about in self.rules.items() if name in rules},
        )

    def fixes(
        self,
        rule: str | Iterable[str] | None = None,
        severity: str | Iterable[str] | None = None,
        where: pd.Series[bool] | Iterable[str] | None = None,
    ) -> Fixes:
        """Return what is suggested, as ``stage.apply`` takes it; as `only` chooses.

        Of several suggestions for one value the one of the gravest finding is taken.

        Examples
        --------
        >>> stage = ct.Stage(ct.connect().fetch(limit=50))
        >>> findings = ct.audit(stage)
        >>> stage.apply(findings.fixes(rule="name_capitals"))
        """
        proposed: dict[tuple[str, str], Fix] = {}
        for each in self.only(rule, severity, where).findings:
            if each.suggestion is not None:
                fix = Fix(
                    each.contact_id, each.table, each.item_id, each.column, each.value,
                    each.suggestion, visible(f"{each.rule}: {each.why}")[:200],
                    f"audit.{each.rule}",
                )  # fmt: skip
                proposed.setdefault((each.contact_id, each.path), fix)
        given: dict[str, Json] = {"rules": sorted(_named(rule, self.rules))}
        if severity is not None:
            given["severity"] = sorted(_named(severity, SEVERITIES))
        if where is not None:
            given["chosen"] = "single findings were chosen"
        return Fixes(tuple(proposed.values()), "audit", given)

    def compare(self, earlier: Findings) -> Comparison:
        """Return what became of the findings of an earlier audit: fixed, remaining, and new.

        A finding is the same where rule, contact and path are, whatever the value is by now.
        """
        return Comparison(earlier, self)

    def __repr__(self) -> str:
        where = f"in {count(self.contacts, 'contact')}"
        if not self.findings:
            return f"<Findings: none {where}>"
        counts = self.summary("severity")["findings"]
        told = ", ".join(f"{n:,} {name}" for name, n in counts.items() if n)
        lines = [f"<Findings: {told} {where}>"]
        for name, row in self.summary().iterrows():
            if row["findings"]:
                lines.append(f"  {row['findings']:>7,}  {row['severity']:<8} {visible(str(name))}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return shown.audit_html(self._view())

    def to_html(self, path: str | os.PathLike[str], *, reveal: bool = False) -> None:
        """Write the findings as a page of its own, for others to read without contacttools.

        Parameters
        ----------
        path : path
            The file is replaced whole or not at all, readable by its owner only.
        reveal : bool
            Show values, reasons and suggestions. Otherwise of each finding one sees the contact's
            id, where it is, and the rule.
        """
        files.write(path, shown.audit_page(self._view(), reveal=reveal).encode())

    def _view(self) -> shown.AuditView:
        by_rule: dict[str, list[Finding]] = {}
        for each in self.findings:
            by_rule.setdefault(each.rule, []).append(each)
        groups = [
            shown.Group(
                name,
                self.rules[name],
                found[0].severity,
                len({each.contact_id for each in found}),
                sum(each.suggestion is not None for each in found),
                [(f.contact_id, f.path, f.value, f.why, f.suggestion) for f in found],
            )
            for name, found in by_rule.items()
        ]
        groups.sort(key=lambda each: (SEVERITIES.index(each.severity), -len(each.rows)))
        return shown.AuditView(self.contacts, len(self.rules) - len(groups), groups)


class Comparison:
    """What became of the findings of one audit in a later one. The counts reconcile.

    Attributes
    ----------
    fixed, remaining, new : Findings
        Those of the earlier audit that are no more; those of the later one that were there, and
        those that were not. Earlier = fixed + remaining, later = remaining + new.
    """

    def __init__(self, earlier: Findings, later: Findings) -> None:
        if not (isinstance(earlier, Findings) and isinstance(later, Findings)):
            raise BadValue("findings are compared with other findings")
        was = {each.key for each in earlier.findings}
        now = {each.key for each in later.findings}
        rules = {**earlier.rules, **later.rules}
        self.fixed = _part(earlier, rules, was - now)
        self.remaining = _part(later, rules, was & now)
        self.new = _part(later, rules, now - was)

    def to_frame(self) -> pd.DataFrame:
        """Return all of them, as `Findings.to_frame`, with ``state`` in front."""
        parts = []
        for state in ("fixed", "remaining", "new"):
            frame = getattr(self, state).to_frame()
            frame.insert(0, "state", state)
            parts.append(frame)
        return pd.DataFrame(pd.concat(parts, ignore_index=True))

    @cached_property
    def summary(self) -> pd.DataFrame:
        """How many by rule: ``before``, ``fixed``, ``remaining``, ``new``, ``after``."""
        told: dict[str, pd.Series[Any]] = {
            state: getattr(self, state).to_frame().groupby("rule").size()
            for state in ("fixed", "remaining", "new")
        }
        frame = pd.DataFrame(told).fillna(0).astype("int64")
        frame.insert(0, "before", frame["fixed"] + frame["remaining"])
        return frame.assign(after=frame["remaining"] + frame["new"]).rename_axis("rule")

    def __repr__(self) -> str:
        counts = ", ".join(
            f"{len(getattr(self, each)):,} {each}" for each in ("fixed", "remaining", "new")
        )
        return f"<Comparison: {counts}>"


def _part(of: Findings, rules: Mapping[str, str], keys: set[tuple[str, str, str]]) -> Findings:
    return Findings((each for each in of.findings if each.key in keys), of.contacts, rules)


def _named(asked: object, known: Iterable[str]) -> set[str]:
    """Return the names that are asked for, of those there are; all of them for None."""
    there = set(known)
    if asked is None:
        return there
    names = {asked} if isinstance(asked, str) else {str(each) for each in asked}  # type: ignore[attr-defined]
    if strange := sorted(names - there):
        why = f"no {strange[0]!r} among {', '.join(sorted(there)[:40])}"
        raise BadValue(why)
    return names
