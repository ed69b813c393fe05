"""Findings: what an audit found, and what would mend it. Pure."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Literal, get_args

import pandas as pd

from contacttools import files
from contacttools.auditing import plots, shown
from contacttools.auditing.accepting import Accepted
from contacttools.auditing.drawing import Plot
from contacttools.auditing.finding import SEVERITIES, Counted, Finding
from contacttools.auditing.fixes import Fix, Fixes
from contacttools.contact.fields import Json
from contacttools.errors import BadValue
from contacttools.planning.render import count, visible
from contacttools.snapshot.frames import plain

COLUMNS = ["findingId", "contactId", "rule", "severity", "path", "value", "why", "suggestion"]
Kind = Literal["rules", "fields", "time"]


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
        self,
        findings: Iterable[Finding],
        contacts: int,
        rules: Mapping[str, str],
        accepted: Iterable[Finding] = (),
        counted: Counted | None = None,
    ) -> None:
        self.findings, self._quiet = tuple(findings), tuple(accepted)
        self.contacts, self.rules = contacts, dict(rules)
        self._counted = counted or Counted()

    def __len__(self) -> int:
        return len(self.findings)

    @property
    def accepted(self) -> Findings:
        """What was found as well and is left out, since somebody has accepted it."""
        return Findings(self._quiet, self.contacts, self.rules, (), self._counted)

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
        chosen = [
            [
                each
                for each in part
                if each.rule in rules
                and each.severity in severities
                and (ids is None or each.id in ids)
            ]
            for part in (self.findings, self._quiet)
        ]
        kept = {name: about for name, about in self.rules.items() if name in rules}
        return Findings(chosen[0], self.contacts, kept, chosen[1], self._counted)

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

    def accept(
        self,
        rule: str | Iterable[str] | None = None,
        severity: str | Iterable[str] | None = None,
        where: pd.Series[bool] | Iterable[str] | None = None,
        *,
        reason: str,
    ) -> Accepted:
        """Return findings as accepted, for audits to come; chosen as `only` chooses.

        Each stays quiet until its value, or what is suggested for it, is another one.

        Parameters
        ----------
        rule, severity, where
            As of `only`.
        reason : str
            Why they may stand; it is kept with each.

        Raises
        ------
        BadValue
            There is no reason, or no such rule, severity or finding.

        Examples
        --------
        >>> contacts = ct.connect().fetch(limit=100)
        >>> findings = ct.audit(contacts)
        >>> accepted = findings.accept(rule="name_missing", reason="newsletter, no name is asked")
        >>> len(ct.audit(contacts, rules="name_missing", accepted=accepted))
        0
        """
        chosen = self.only(rule, severity, where).findings
        return Accepted.of(((each.key, each.judged) for each in chosen), reason)

    def plot(self, kind: Kind = "rules") -> Plot:
        """Return a picture of the findings, which a cell shows and `Plot.save` writes.

        Parameters
        ----------
        kind : {"rules", "fields", "time"}
            How much each rule found, by severity; how many contacts have each field; or when the
            contacts with findings were created, beside all.

        Returns
        -------
        Plot
            ``data`` is what is drawn, as a frame; ``save("audit.svg")`` and ``save("audit.png")``
            write it. It holds no value of a contact, only counts.

        Raises
        ------
        BadValue
            There is no such kind.

        Examples
        --------
        >>> findings = ct.audit(ct.connect().fetch(limit=100))
        >>> list(findings.plot("fields").data)
        ['contacts', 'share']
        """
        if kind not in get_args(Kind):
            why = f"kind is one of {', '.join(get_args(Kind))}, not {kind!r}"
            raise BadValue(why)
        if kind == "rules":
            return plots.rules(self.summary(), self.contacts, len(self._quiet))
        if kind == "fields":
            return plots.fields(self._counted.filled, self.contacts)
        found: dict[str, set[str]] = {}
        for each in self.findings:
            found.setdefault(each.severity, set()).add(each.contact_id)
        return plots.time(self._counted.created, found)

    def compare(self, earlier: Findings) -> Comparison:
        """Return what became of the findings of an earlier audit: fixed, remaining, and new.

        A finding is the same where rule, contact and path are, whatever the value is by now. One
        that was accepted since is neither fixed nor remaining; it counts as accepted.
        """
        return Comparison(earlier, self)

    def __repr__(self) -> str:
        quiet = f", {len(self._quiet):,} accepted and not shown" if self._quiet else ""
        where = f"in {count(self.contacts, 'contact')}{quiet}"
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
        clean = len(self.rules) - len(groups)
        return shown.AuditView(self.contacts, clean, groups, len(self._quiet))


_STATES = ("fixed", "remaining", "accepted", "new")


class Comparison:
    """What became of the findings of one audit in a later one. The counts reconcile.

    Attributes
    ----------
    fixed, remaining, accepted, new : Findings
        Those of the earlier audit that are no more; that are there; and that are there but were
        accepted since. And those of the later audit that the earlier one did not show.
        Earlier = fixed + remaining + accepted, later = remaining + new.
    """

    def __init__(self, earlier: Findings, later: Findings) -> None:
        if not (isinstance(earlier, Findings) and isinstance(later, Findings)):
            raise BadValue("findings are compared with other findings")
        was = {each.key for each in earlier.findings}
        now = {each.key for each in later.findings}
        quiet = {each.key for each in later.accepted.findings}
        rules = {**earlier.rules, **later.rules}
        self.fixed = _part(earlier, rules, was - now - quiet)
        self.remaining = _part(later, rules, was & now)
        self.accepted = _part(later.accepted, rules, was & quiet)
        self.new = _part(later, rules, now - was)

    def to_frame(self) -> pd.DataFrame:
        """Return all of them, as `Findings.to_frame`, with ``state`` in front."""
        parts = []
        for state in _STATES:
            frame = getattr(self, state).to_frame()
            frame.insert(0, "state", state)
            parts.append(frame)
        return pd.DataFrame(pd.concat(parts, ignore_index=True))

    @cached_property
    def summary(self) -> pd.DataFrame:
        """How many by rule: ``before``, what became of them, ``new``, and ``after``."""
        told: dict[str, pd.Series[Any]] = {
            state: getattr(self, state).to_frame().groupby("rule").size() for state in _STATES
        }
        frame = pd.DataFrame(told).fillna(0).astype("int64")
        frame.insert(0, "before", frame[["fixed", "remaining", "accepted"]].sum(axis=1))
        return frame.assign(after=frame["remaining"] + frame["new"]).rename_axis("rule")

    def __repr__(self) -> str:
        counts = ", ".join(
            f"{len(getattr(self, each)):,} {each}"
            for each in _STATES
            if each != "accepted" or len(self.accepted)
        )
        return f"<Comparison: {counts}>"


def _part(of: Findings, rules: Mapping[str, str], keys: set[tuple[str, str, str]]) -> Findings:
    held = [each for each in of.findings if each.key in keys]
    return Findings(held, of.contacts, rules, (), of._counted)  # noqa: SLF001 - of its own kind


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
