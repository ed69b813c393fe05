"""Mergereport: how merges ended, step by step, and the copies that were kept of everybody. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import pandas as pd

from contacttools.committing.report import Outcome, Outcomes
from contacttools.contact.fields import Json
from contacttools.errors import UnknownContact
from contacttools.merging import shown
from contacttools.merging.group import Merge
from contacttools.merging.mergeplan import MergePlan
from contacttools.staging.stage import called


@dataclass(frozen=True)
class MergeReport(Outcomes):
    """How merges ended, step by step. A cell that ends in it shows them.

    Attributes
    ----------
    plan : MergePlan
        What was approved.
    outcomes : tuple of Outcome
        One per step, in the plan's order: step 1 is the update that keeps chosen values, where
        there is one; each later step is a merge of up to 5 sources.
    site : str
        Where it was done, in words.
    note : str
        Why the run stopped early, if it did.
    """

    plan: MergePlan
    outcomes: tuple[Outcome, ...]
    site: str
    note: str = ""
    copies: Mapping[str, Json] = field(default_factory=dict, repr=False)

    of: ClassVar[str] = "group"

    def to_frame(self) -> pd.DataFrame:
        """Return the outcomes as data.

        Returns
        -------
        DataFrame
            One row per step: ``group``, ``contactId`` (the target), ``step``, ``what``
            ("update" or "merge"), ``sources`` (contact ids, in one text), ``outcome``, ``code``,
            ``revisionBefore``, ``revisionAfter`` (Int64, missing when not seen), ``detail``.
        """
        rows = [
            (
                each.group, one.contact_id, one.step, _what(one), " ".join(_sources(each, one)),
                one.outcome, one.code, one.before, one.after, one.detail,
            )
            for each, one in self._steps()
        ]  # fmt: skip
        texts = dict.fromkeys(("group", "contactId", "what", "sources", "outcome", "code"), "str")
        types = {
            **texts, "step": "int64", "revisionBefore": "Int64", "revisionAfter": "Int64",
            "detail": "str",
        }  # fmt: skip
        columns = [
            "group", "contactId", "step", "what", "sources", "outcome", "code", "revisionBefore",
            "revisionAfter", "detail",
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=columns, dtype=object).astype(types)

    def surprises(self) -> pd.DataFrame:
        """Return what became something else than the preview had shown.

        Returns
        -------
        DataFrame
            One row per field of a target: ``contactId``, ``field``, ``before``, ``planned``,
            ``stored``. Reformatted values are no surprise.
        """
        rows = [
            (each.contact_id, one.field, one.base, one.ours, one.theirs)
            for each in self.outcomes
            for one in each.surprises
        ]
        columns = ["contactId", "field", "before", "planned", "stored"]
        return pd.DataFrame(rows, columns=columns, dtype=object)

    def copy(self, contact_id: str) -> Json:
        """Return a contact as it was just before the merge was sent, whole.

        Raises
        ------
        UnknownContact
            No copy was kept of it: nothing was sent about it, or it was forgotten.
        """
        try:
            return self.copies[contact_id]
        except KeyError:
            why = f"no copy of contact {contact_id!r:.80} was kept: nothing was sent about it"
            raise UnknownContact(why, contact_id=str(contact_id)) from None

    def _steps(self) -> Iterator[tuple[Merge, Outcome]]:
        by_target = {each.target_id: each for each in self.plan.merges}
        for one in self.outcomes:
            yield by_target[one.contact_id], one

    @property
    def _unfinished(self) -> bool:
        """Whether there is anything to take up: doubt, or a group that nothing stands against."""
        left: dict[str, set[str]] = {}
        for each in self.outcomes:
            if each.outcome not in ("applied", "already"):
                left.setdefault(each.contact_id, set()).add(each.outcome)
        return any("unknown" in words or words == {"not_sent"} for words in left.values())

    @property
    def _view(self) -> shown.ReportView:
        return shown.ReportView(
            self.plan.id,
            self.site,
            [
                shown.StepLine(
                    each.group, one.contact_id, called(each.target), _what(one), one.outcome,
                    one.detail,
                )
                for each, one in self._steps()
            ],
            ", ".join(f"{n:,} {word}" for word, n in self.counts.items()),
            self.note,
            self._unfinished,
        )  # fmt: skip

    def __repr__(self) -> str:
        return shown.report_text(self._view)

    def _repr_html_(self) -> str:
        return shown.report_html(self._view)


@dataclass(frozen=True, repr=False)
class MergeRun:
    """Merges that were carried out, from their journal; see `report`."""

    plan: MergePlan
    report: MergeReport

    def __repr__(self) -> str:
        counts = ", ".join(f"{n:,} {word}" for word, n in self.report.counts.items())
        return f"<MergeRun of plan {self.plan.id[:12]}: {counts}; see its .report>"


def _what(outcome: Outcome) -> str:
    return "update" if outcome.step == 1 else "merge"


def _sources(each: Merge, outcome: Outcome) -> tuple[str, ...]:
    return () if outcome.step == 1 else each.call(outcome.step).source_ids
