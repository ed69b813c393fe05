"""Runs: the half of a site that writes by plan: commits, and the journals of earlier ones.

What a run asks is carried out through transport; what it notes goes to the journal.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Literal, cast, get_args, overload

import pandas as pd
from tqdm.auto import tqdm

from contacttools.committing import commit
from contacttools.committing.asks import Ask, Read, Rebase, Wait, Waited, Write
from contacttools.committing.course import WINDOW, Course
from contacttools.committing.pressure import BEGIN, PACED, UNPACED, Pressure
from contacttools.committing.rebasing import Mode
from contacttools.committing.report import Outcome, Report, Word
from contacttools.committing.run import Run
from contacttools.contact import merge, wire
from contacttools.contact.fields import Json
from contacttools.contact.wire import Answer, Found, Refused
from contacttools.errors import (
    ApiError,
    AuthError,
    BadPlan,
    BadValue,
    ReadOnlySite,
    Unreachable,
    WrongSite,
)
from contacttools.journal.book import Book
from contacttools.journal.merges import MergeStory
from contacttools.journal.story import Story
from contacttools.merging.mergeplan import MergePlan
from contacttools.merging.mergereport import MergeReport, MergeRun
from contacttools.planning.change import Change, Key
from contacttools.planning.plan import Plan
from contacttools.planning.render import count, visible
from contacttools.service import calls, pacing
from contacttools.service.approving import approved, prefix
from contacttools.service.merges import Merges
from contacttools.service.transport import believed
from contacttools.staging import drafts

_MOMENTS = "datetime64[us, UTC]"
_AHEAD = timedelta(minutes=5)  # as far as two clocks may differ
_AGED = timedelta(hours=24)  # a plan older than this is carried over nothing a person wrote


class Runs(Merges):
    """How plans are committed to a site. See `Site`."""

    @cached_property
    def _runs(self) -> list[Run]:
        """Those that were begun or looked at here, the earliest first."""
        return []

    @property
    def reports(self) -> list[Report]:
        """Of every commit that has ended here, an interrupted one too, the earliest first."""
        return [run.report for run in self._runs if run.wait(0)]

    @property
    def last_report(self) -> Report | None:
        """The latest report; a commit that found nothing left to write has one too."""
        return next(iter(self.reports[::-1]), None)

    # -- before a commit --------------------------------------------------------------------

    def check(self, plan: Plan) -> pd.DataFrame:
        """Read the planned contacts again and say what a commit would meet now; write nothing.

        Parameters
        ----------
        plan : Plan

        Returns
        -------
        DataFrame
            One row per planned update: ``contactId``, ``state`` ("fresh": can be written;
            "rebased": changed elsewhere, and will be carried over that; "conflict", "already",
            "gone": as in a report), ``revisionBefore``, ``revisionNow``, ``detail``.

        Raises
        ------
        WrongSite, BadPlan
            The plan cannot be committed here.
        AuthError, Unreachable
            The contacts could not be read.
        """
        self._fits(plan)
        columns = ["contactId", "state", "revisionBefore", "revisionNow", "detail"]
        frame = pd.DataFrame(list(self._checked(plan)), columns=columns)
        whole = {"revisionBefore": "Int64", "revisionNow": "Int64"}
        return frame.astype(dict.fromkeys(columns, "str") | whole)

    def _checked(self, plan: Plan) -> Iterator[tuple[str, str, int, int | None, str]]:
        never, mode = self._transport.pacer.never, _allowed("disjoint", plan)
        firsts = [change for change in plan.changes if change.step == 1]
        for start in range(0, len(firsts), WINDOW):
            window = firsts[start : start + WINDOW]
            held = self.look(window, never)
            for change in window:
                step, contact = self._met(change, held.get(change.contact_id), mode)
                if isinstance(step, Outcome):
                    yield change.contact_id, step.outcome, change.revision, step.after, step.detail
                elif isinstance(step, Rebase) and contact is not None:
                    names = merge.changed_fields(change.base, wire.values(contact))
                    why = f"they changed {', '.join(names) or 'server data'}; yours can be added"
                    yield change.contact_id, "rebased", change.revision, contact["revision"], why
                elif contact is not None and contact["revision"] == change.revision:
                    yield change.contact_id, "fresh", change.revision, change.revision, ""
                else:
                    why = f"contact {change.contact_id} could not be read; try again"
                    raise Unreachable(why)

    def _met(self, change: Change, contact: Json, mode: Mode) -> tuple[Ask | Outcome, Json]:
        """Ask what a commit would ask before it writes; return its next step and what it saw."""
        seen: list[tuple[Ask, Answer | Waited]] = []
        step: Ask | Outcome = Read()
        while isinstance(step, (Read, Wait)):
            if isinstance(step, Wait):
                self._pause(step)
                answer: Answer | Waited = Waited()
            elif contact is not None and not seen:
                answer = Found(contact)
            else:
                answer = self.perform(change, step, self._transport.pacer.never)
            seen.append((step, answer))
            if isinstance(answer, Found):
                contact = answer.contact
            elif isinstance(answer, Refused) and answer.status in (401, 403):
                why = f"{answer.code}: {visible(answer.message)}"
                raise AuthError(why, status=answer.status, code=answer.code)
            step = commit.next_step(change, seen, mode)
        return step, contact

    # -- committing -------------------------------------------------------------------------

    @overload
    def commit(
        self,
        plan: Plan,
        approve: str,
        *,
        expect: int | None = ...,
        wait: Literal[True] = ...,
        rebase: Mode = ...,
    ) -> Report: ...

    @overload
    def commit(
        self,
        plan: Plan,
        approve: str,
        *,
        expect: int | None = ...,
        wait: Literal[False],
        rebase: Mode = ...,
    ) -> Run: ...

    def commit(
        self,
        plan: Plan,
        approve: str,
        *,
        expect: int | None = None,
        wait: bool = True,
        rebase: Mode = "disjoint",
    ) -> Report | Run:
        """Write an approved plan, one revision-checked update per change.

        Everything is written down in a journal before it is sent. A plan is used up once:
        committed again, here or in another notebook, it is taken up where it was left, and when
        nothing is left it sends nothing and returns its report.

        Parameters
        ----------
        plan : Plan
        approve : str
            The id that the plan's diff shows, or its first 7 characters and more.
        expect : int, optional
            How many contacts you expect to be written to; refused when the plan has another
            number.
        wait : bool
            False returns at once, while the commit goes on beside other cells.
        rebase : {"disjoint", "strict", "ask"}
            What becomes of a contact that somebody else changed meanwhile, when nothing of
            ours can have been written yet. ``"disjoint"``: where they touched nothing that the
            plan touches, the same edits are made to the contact as it is now; else it is a
            conflict. ``"strict"``: always a conflict. ``"ask"``: a conflict whenever they
            changed something a person could write. After 24 hours a plan is never carried
            over such a change.

        Returns
        -------
        Report or Run
            One outcome per planned update; with ``wait=False`` the commit under way.

        Raises
        ------
        NotApproved, ReadOnlySite, WrongSite, BadPlan
            Nothing was sent.
        PlanInUse
            Another notebook or process is committing this very plan; nothing was sent.
        KeyboardInterrupt
            After an interrupt the contact in hand is finished, the rest is not sent, and the
            report is in `last_report`. A second interrupt waits for no answer any more: the
            contact in hand is then reported as unknown. Committing again takes it up.
        """
        self._fits(plan)
        plan = plan.again()
        approved(plan, approve, expect)
        if rebase not in get_args(Mode):
            why = f"rebase is one of {', '.join(get_args(Mode))}, not {rebase!r:.40}"
            raise BadValue(why)
        run = self._opened(plan, rebase)
        return self._watched(run) if wait else run

    @overload
    def resume(self, plan_id: str, *, wait: Literal[True] = ...) -> Report | MergeReport: ...

    @overload
    def resume(self, plan_id: str, *, wait: Literal[False]) -> Run | MergeReport: ...

    def resume(self, plan_id: str, *, wait: bool = True) -> Report | Run | MergeReport:
        """Take up a commit that was broken off, from its journal: in any notebook, after any end.

        Parameters
        ----------
        plan_id : str
            Its first 7 characters or more; `runs` lists them.
        wait : bool
            False returns at once, while the commit goes on beside other cells.

        Returns
        -------
        Report, Run or MergeReport
            Of the whole plan, what was written before included. Merges are always waited for.

        Raises
        ------
        BadPlan
            No commit of such a plan is known here.
        PlanInUse, ReadOnlySite
            Nothing was sent.
        """
        story = self._folder.read(self.site_id, prefix(plan_id))
        if isinstance(story, MergeStory):
            return self._carried_out(story.plan)
        run = self._opened(story.plan, story.mode)
        return self._watched(run) if wait else run

    def _opened(self, plan: Plan, mode: Mode) -> Run:
        """Begin or take up the run of a plan that was approved."""
        if self.read_only:
            why = (
                f"{self._where()} is open for reading only; connect with read_only=False to write "
                f"{count(len(plan), 'contact')}"
            )
            raise ReadOnlySite(why)
        book = self._book(plan, mode)
        try:
            story = cast("Story", book.story())
            if self._another_site(story):
                book.close()
                self._folder.set_aside(plan, self.site_id)
                book = self._book(plan, mode)
                story = cast("Story", book.story())
            run = self._run(plan, mode, book, story)
        except BaseException:
            book.close()
            raise
        self._runs.append(run)
        run.start()
        return run

    def _book(self, plan: Plan, mode: Mode) -> Book:
        return self._folder.open(
            plan, site_id=self.site_id, base_url=self.base_url, site=self._where(), mode=mode
        )

    def _run(self, plan: Plan, mode: Mode, book: Book, story: Story) -> Run:
        pace = self._transport.pacer.requests_per_minute
        course = Course(
            plan.changes,
            mode=_allowed(mode, plan),
            pressure=Pressure(UNPACED) if pace is None else Pressure(PACED, BEGIN),
            backoff=pacing.backoff,
            seen=story.seen,
            outcomes=story.outcomes,
        )
        note = ""
        if course.ended and len(plan):
            note = (
                "this plan was committed before, the last of it at "
                f"{story.touched:%Y-%m-%d %H:%M} UTC; nothing was sent now"
            )
        return Run(
            plan,
            self,
            self._where(),
            self._transport.pacer.clock,
            course=course,
            keeper=book,
            seconds_each=60 / pace if pace else 0.0,
            note=note,
            close=book.close,
        )

    def _watched(self, run: Run) -> Report:
        """Wait for a run with the hands on it: whoever is interrupted stops it."""
        try:
            interrupted = self._watch(run)
        except BaseException:  # whoever watches is gone: nobody would see the rest
            run.abandon()
            raise
        if interrupted:
            why = f"stopped: {run.report!r}\nThe report is in site.last_report."
            raise KeyboardInterrupt(why)
        return run.report

    @staticmethod
    def _watch(run: Run) -> bool:
        """Show progress until a run has ended; return whether it was interrupted."""
        interrupted = False
        total = len(run.plan.changes)
        with tqdm(total=total, desc="commit", unit="", delay=1.0, leave=False, disable=None) as bar:
            while True:
                try:
                    ended = run.wait(0.1)
                    now = run.progress
                    bar.update(now.done - bar.n)
                    bar.set_postfix(now.counts, refresh=False)
                    if ended:
                        return interrupted
                except KeyboardInterrupt:
                    if interrupted:
                        run.abandon()
                    interrupted = True
                    run.cancel()

    def _fits(self, plan: Plan) -> None:
        given: object = plan
        if isinstance(given, MergePlan):
            raise BadPlan("merges are for good and no part of a commit: site.merge(…, approve=…)")
        if not isinstance(plan, Plan):
            why = f"expected a Plan, got {type(plan).__name__}; stage.plan() makes one"  # type: ignore[unreachable]
            raise BadPlan(why)
        if plan.site_id != self.site_id:
            why = (
                f"the plan is for site {visible(plan.site_id)}, this is {self._where()}; plan here"
            )
            raise WrongSite(why)
        done: set[Key] = set()
        for change in plan.changes:
            if change.key in done:
                why = f"the plan has two changes of one contact, {change.contact_id}; plan again"
                raise BadPlan(why)
            first = change.step == 1 or (change.contact_id, change.step - 1) in done
            if not (first and done.issuperset(change.needs)):
                why = (
                    f"the changes of contact {visible(change.contact_id)} are not in an order in "
                    "which they can be written; plan again"
                )
                raise BadPlan(why)
            done.add(change.key)

    # -- earlier commits --------------------------------------------------------------------

    def runs(self) -> pd.DataFrame:
        """Return the commits that are known here, of this and of other notebooks.

        Returns
        -------
        DataFrame
            One row per plan, the latest first: ``planId``, ``state`` ("finished",
            "interrupted": `resume` takes it up; "running"; "damaged"), ``began`` and
            ``touched`` (UTC timestamps), ``contacts``, one column of counts per outcome,
            ``note``, ``takesBack`` (the ``planId`` whose commit it undoes; empty for all
            others), and ``kind`` ("edits" or "merge"). Journals are kept for 90 days after they
            were last touched.
        """
        listed = list(reversed(self._folder.list(self.site_id)))
        frame = pd.DataFrame(
            {
                "planId": pd.Series([each.plan_id for each in listed], dtype="str"),
                "state": pd.Series([each.state for each in listed], dtype="str"),
                "began": pd.Series([each.began for each in listed], dtype=_MOMENTS),
                "touched": pd.Series([each.touched for each in listed], dtype=_MOMENTS),
                "contacts": pd.Series([each.contacts for each in listed], dtype="int64"),
            }
        )
        for word in get_args(Word):
            counts = [each.counts.get(word, 0) for each in listed]
            frame[word] = pd.Series(counts, dtype="int64")
        frame["note"] = pd.Series([each.note for each in listed], dtype="str")
        frame["takesBack"] = pd.Series([each.takes_back for each in listed], dtype="str")
        frame["kind"] = pd.Series([each.kind for each in listed], dtype="str")
        return frame

    def run(self, plan_id: str) -> Run | MergeRun:
        """Return the commit of a plan: the one under way here, or what its journal holds.

        Parameters
        ----------
        plan_id : str
            Its first 7 characters or more.

        Returns
        -------
        Run or MergeRun
            With `Run.report` and `Run.undo_plan`, also of a commit that was broken off; of merges
            the report only.

        Raises
        ------
        BadPlan
            No commit of such a plan is known here.
        PlanInUse
            Another process is committing it at this moment.
        """
        begin = prefix(plan_id)
        for run in reversed(self._runs):
            if run.plan.id.startswith(begin) and not run.wait(0):
                return run
        story = self._folder.read(self.site_id, begin)
        if isinstance(story, MergeStory):
            return MergeRun(story.plan, self._as_noted(story))
        course = Course(
            story.plan.changes,
            mode=story.mode,
            pressure=Pressure(1),
            backoff=pacing.backoff,
            seen=story.seen,
            outcomes=story.outcomes,
        )
        note = "" if course.ended else story.note or "the run was broken off"
        past = Run.of_the_past(story.plan, self._where(), self._transport.pacer.clock, course, note)
        course.outcomes.update(story.outcomes)
        return past

    def forget(self, contact_id: str) -> int:
        """Erase what journals and named stages hold of one person.

        What was done stays known, by id alone; it can not be undone any more. What was staged of
        the contact is not staged any more.

        Returns
        -------
        int
            How many journals and stages held something.
        """
        try:
            erased = self._folder.forget(self.site_id, contact_id)
        finally:  # what one of them cannot erase keeps the other from nothing
            staged = drafts.forget(self.site_id, contact_id)
        return erased + staged

    # -- the door of a run ------------------------------------------------------------------

    def look(self, changes: Sequence[Change], stop: threading.Event) -> Mapping[str, Json]:
        """Read many contacts at once. Not proof of anything old: a query may lag behind."""
        ids = list(dict.fromkeys(change.contact_id for change in changes))
        request = calls.query_contacts({"id": {"$in": ids}}, limit=len(ids) or 1)
        try:
            page, _ = believed(wire.contact_page, self._transport.read(request, stop))
        except Unreachable:
            raise
        except ApiError:
            return {}  # the look is a courtesy; each update is checked by its revision anyway
        return {document["id"]: document for document in page}

    def perform(self, change: Change, ask: Read | Write, stop: threading.Event) -> Answer:
        """Carry out what the rules of a commit ask for."""
        if isinstance(ask, Write):
            if self.read_only:
                raise ReadOnlySite(f"{self._where()} is open for reading only")
            request = calls.update_contact(
                change.contact_id,
                ask.info,
                ask.revision,
                allow_duplicates=ask.allow_duplicates,
            )
        else:
            request = calls.get_contact(change.contact_id)
        answer = self._transport.tell(request, stop)
        if isinstance(answer, Refused) and answer.status in (401, 403):
            why = f"{answer.message.removesuffix('.')}; {self._transport.advice(request.right)}"
            return replace(answer, message=why)
        return answer


def _allowed(mode: Mode, plan: Plan) -> Mode:
    """Return the mode that a plan of this age may be committed in."""
    age = datetime.now(UTC) - plan.snapshot_at
    aged = age > _AGED or age < -_AHEAD  # a time to come is none that can be believed
    return "ask" if mode == "disjoint" and aged else mode
