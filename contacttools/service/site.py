"""Site: the connected thing: what `Reading` and `Direct` can do, and the committing of plans.

Only its methods, through transport, talk to the network. `connecting` makes one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal, Self, overload

import pandas as pd
from tqdm.auto import tqdm

from contacttools.committing import commit
from contacttools.committing.commit import Ask, Read, Wait, Waited, Write
from contacttools.committing.report import Outcome, Report
from contacttools.committing.run import WINDOW, Run
from contacttools.contact import wire
from contacttools.contact.fields import Json
from contacttools.contact.wire import Answer, Found, Refused
from contacttools.errors import (
    ApiError,
    AuthError,
    BadPlan,
    NotApproved,
    ReadOnlySite,
    Unreachable,
    WrongSite,
)
from contacttools.planning.plan import ID_PREFIX, Change, Plan
from contacttools.planning.render import count, visible
from contacttools.service import calls, pacing
from contacttools.service.direct import Direct
from contacttools.service.transport import Transport, believed

Identity = Literal["api_key", "app", "member", "visitor"]


class Site(Direct):
    """A site's contacts: read them, and commit plans to them. Made by `connect`.

    Attributes
    ----------
    site_id : str
        Of an app that was connected without one: its instance id, which plans are then for.
    base_url : str
    live : bool
        True for anything but the sandbox.
    read_only : bool
    identity : {"api_key", "app", "member", "visitor"}
        Who is asking.
    elevated_calls : list of str
        The calls that were made elevated, in the service's own words, by whoever made them.
    reports : list of Report
        Of every commit that has ended here, an interrupted one too, the earliest first.
    last_report : Report or None
        The latest of them.
    """

    def __init__(
        self,
        transport: Transport,
        site_id: str,
        *,
        live: bool,
        read_only: bool,
        direct_writes: bool,
        identity: Identity = "api_key",
        elevate: Callable[[], Site] | None = None,
    ) -> None:
        super().__init__(
            transport, site_id, live=live, read_only=read_only, direct_writes=direct_writes
        )
        self.identity = identity
        self.elevated_calls: list[str] = []
        self._runs: list[Run] = []
        self._elevate = elevate

    def close(self) -> None:
        """Close the connection; `connect` opens another. The sandbox is shared and stays open."""
        if self.live:
            self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def reports(self) -> list[Report]:
        """Of every commit that has ended here, an interrupted one too, the earliest first."""
        return [run.report for run in self._runs if run.wait(0)]

    @property
    def last_report(self) -> Report | None:
        """The latest report; a commit that found nothing left to write has one too."""
        return next(iter(self.reports[::-1]), None)

    def __repr__(self) -> str:
        who = "" if self.identity == "api_key" else f", as {self.identity}"
        if not self.live:
            return f"<Site: sandbox at {self.base_url}, site {self.site_id}{who}>"
        rights = "read-only" if self.read_only else "WRITABLE"
        return f"<Site: LIVE {self.base_url}, site {self.site_id}{who}, {rights}>"

    def info(self) -> dict[str, Json]:
        """Return what this connection is: site, identity, rights, pace, and how much there is."""
        contacts = self.count()  # first: who may not see these has the wrong key
        definitions = self._definitions()
        return {
            "site_id": self.site_id,
            "base_url": self.base_url,
            "live": self.live,
            "identity": self.identity,
            "read_only": self.read_only,
            "requests_per_minute": self._transport.pacer.requests_per_minute,
            "contacts": contacts,
            "labels": None if definitions.labels is None else len(definitions.labels),
            "extended_fields": None if definitions.extended is None else len(definitions.extended),
        }

    def elevated(self) -> Site:
        """Return this site with the rights of the site itself, whoever is asking.

        A member or a visitor of the sandbox is lifted to its full rights. A live site is
        connected with a key or as an app, which act with rights of their own and are never
        lifted: it is its own elevation.

        Examples
        --------
        >>> visitor = ct.connect("sandbox", identity="visitor")
        >>> visitor.elevated().count() > 500
        True
        """
        return self if self._elevate is None else self._elevate()

    # -- plans --------------------------------------------------------------------------------

    def check(self, plan: Plan) -> pd.DataFrame:
        """Read the planned contacts again and say what a commit would meet now; write nothing.

        Parameters
        ----------
        plan : Plan

        Returns
        -------
        DataFrame
            One row per planned contact: ``contactId``, ``state`` ("fresh": can be written;
            "conflict", "already", "gone": as in a report), ``revisionBefore``,
            ``revisionNow``, ``detail``.

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
        never = self._transport.pacer.never
        for start in range(0, len(plan), WINDOW):
            window = plan.changes[start : start + WINDOW]
            held = self.look(window, never)
            for change in window:
                step, contact = self._met(change, held.get(change.contact_id))
                if isinstance(step, Outcome):
                    yield change.contact_id, step.outcome, change.revision, step.after, step.detail
                elif contact is not None and contact["revision"] == change.revision:
                    yield change.contact_id, "fresh", change.revision, change.revision, ""
                else:
                    why = f"contact {change.contact_id} could not be read; try again"
                    raise Unreachable(why)

    def _met(self, change: Change, contact: Json) -> tuple[Ask | Outcome, Json]:
        """Ask what a commit would ask before it writes; return its next step and what it saw."""
        seen: list[tuple[Ask, Answer | Waited]] = []
        step: Ask | Outcome = Read()
        while isinstance(step, (Read, Wait)):
            if contact is not None and not seen:
                answer: Answer | Waited = Found(contact)
            else:
                answer = self.perform(change, step, self._transport.pacer.never)
            seen.append((step, answer))
            if isinstance(answer, Found):
                contact = answer.contact
            elif isinstance(answer, Refused) and answer.status in (401, 403):
                why = f"{answer.code}: {visible(answer.message)}"
                raise AuthError(why, status=answer.status, code=answer.code)
            step = commit.next_step(change, seen)
        return step, contact

    @overload
    def commit(
        self, plan: Plan, approve: str, *, expect: int | None = ..., wait: Literal[True] = ...
    ) -> Report: ...

    @overload
    def commit(
        self, plan: Plan, approve: str, *, expect: int | None = ..., wait: Literal[False]
    ) -> Run: ...

    def commit(
        self, plan: Plan, approve: str, *, expect: int | None = None, wait: bool = True
    ) -> Report | Run:
        """Write an approved plan, one revision-checked update per contact.

        Parameters
        ----------
        plan : Plan
        approve : str
            The id that the plan's diff shows, or its first 7 characters and more.
        expect : int, optional
            How many contacts you expect to be written; refused when the plan has another number.
        wait : bool
            False returns at once, while the commit goes on beside other cells.

        Returns
        -------
        Report or Run
            One outcome per planned contact; with ``wait=False`` the commit under way.

        Raises
        ------
        NotApproved, ReadOnlySite, WrongSite, BadPlan
            Nothing was sent.
        KeyboardInterrupt
            After an interrupt the contact in hand is finished, the rest is not sent, and the
            report is in `last_report`. A second interrupt waits for no answer any more: the
            contact in hand is then reported as unknown.
        """
        self._fits(plan)
        plan = plan.again()
        _approved(plan, approve, expect)
        if self.read_only:
            why = (
                f"{self._where()} is open for reading only; connect with read_only=False to write "
                f"{count(len(plan), 'contact')}"
            )
            raise ReadOnlySite(why)
        run = Run(plan, self, self._where(), self._transport.pacer.clock.monotonic)
        self._runs.append(run)
        run.start()
        if not wait:
            return run
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
        total = len(run.plan)
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
        if not isinstance(plan, Plan):
            why = f"expected a Plan, got {type(plan).__name__}; stage.plan() makes one"  # type: ignore[unreachable]
            raise BadPlan(why)
        if plan.site_id != self.site_id:
            why = (
                f"the plan is for site {visible(plan.site_id)}, this is {self._where()}; plan here"
            )
            raise WrongSite(why)
        if len({change.contact_id for change in plan.changes}) != len(plan):
            why = "the plan has two changes of one contact; plan again"
            raise BadPlan(why)

    # -- the door of a run ------------------------------------------------------------------

    def look(self, changes: Sequence[Change], stop: threading.Event) -> Mapping[str, Json]:
        """Read many contacts at once. Not proof of anything old: a query may lag behind."""
        ids = [change.contact_id for change in changes]
        request = calls.query_contacts({"id": {"$in": ids}}, limit=len(ids) or 1)
        try:
            page, _ = believed(wire.contact_page, self._transport.read(request, stop))
        except Unreachable:
            raise
        except ApiError:
            return {}  # the look is a courtesy; each update is checked by its revision anyway
        return {document["id"]: document for document in page}

    def perform(self, change: Change, ask: Ask, stop: threading.Event) -> Answer | Waited:
        """Carry out what the rules of a commit ask for."""
        if isinstance(ask, Wait):
            self._transport.pacer.clock.wait(pacing.backoff(ask.attempt), stop)
            return Waited()
        if isinstance(ask, Write):
            if self.read_only:
                raise ReadOnlySite(f"{self._where()} is open for reading only")
            request = calls.update_contact(change.contact_id, change.info(), change.revision)
        else:
            request = calls.get_contact(change.contact_id)
        answer = self._transport.tell(request, stop)
        if isinstance(answer, Refused) and answer.status in (401, 403):
            why = f"{answer.message.removesuffix('.')}; {self._transport.advice(request.right)}"
            return replace(answer, message=why)
        return answer


def _approved(plan: Plan, approve: str, expect: int | None) -> None:
    if not isinstance(approve, str) or len(approve) < ID_PREFIX or not plan.id.startswith(approve):
        why = (
            f"approve={_short(approve)} is not the id of this plan; nothing was sent. Show the "
            "plan as the last line of a cell, read it, and approve the id that stands at its head"
        )
        raise NotApproved(why)
    if expect is not None and expect != len(plan):
        why = f"you expect {expect} contacts, the plan has {len(plan)}; nothing was sent"
        raise NotApproved(why)


def _short(given: object) -> str:
    return f"{given[:64]!r}" if isinstance(given, str) else f"a {type(given).__name__}"
