"""Merges: the part of a site that merges contacts by plan: previewed, approved, kept in a journal.

One merge after the other, in the thread of whoever asks: what the rules in `merging.protocol` and
`committing.commit` want is sent through transport, and written down before and after.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, cast, overload

from tqdm.auto import tqdm

from contacttools.committing import commit
from contacttools.committing.asks import Read, Rebase, Resume, Wait, Waited, Write
from contacttools.committing.notes import Ended, Halted, Note
from contacttools.committing.report import Outcome, Word
from contacttools.contact import wire
from contacttools.contact.fields import Json
from contacttools.contact.wire import Answer, ContactAnswer, Lost, NeverSent, Refused
from contacttools.errors import ApiError, BadPlan, BadValue, ReadOnlySite, Unreachable, WrongSite
from contacttools.journal.book import Book
from contacttools.journal.folder import Folder
from contacttools.journal.merges import MergeStory
from contacttools.journal.story import Story
from contacttools.merging import protocol
from contacttools.merging.forecast import AT_ONCE
from contacttools.merging.group import Call, Merge
from contacttools.merging.mergeplan import MergePlan
from contacttools.merging.mergereport import MergeReport
from contacttools.merging.notes import Answered, Copies, Sending
from contacttools.merging.protocol import Look, Looked, Preview, Send
from contacttools.planning.change import Change, Key
from contacttools.planning.plan import Plan
from contacttools.planning.render import count, visible
from contacttools.service import calls, pacing
from contacttools.service.approving import approved
from contacttools.service.calls import Request
from contacttools.service.direct import Direct
from contacttools.service.transport import Transport, believed

_DONE = ("applied", "already")
_OPEN = ("unknown", "not_sent")  # taken up again: not written down as an end


class _Halt(Exception):
    """The run cannot go on, and why."""


class Merges(Direct):
    """How plans of merges are carried out. See `Site`."""

    def __init__(
        self,
        transport: Transport,
        site_id: str,
        *,
        live: bool,
        read_only: bool,
        direct_writes: bool,
        folder: Folder | None = None,
    ) -> None:
        super().__init__(
            transport, site_id, live=live, read_only=read_only, direct_writes=direct_writes
        )
        self._folder = folder or Folder()

    # -- what a person calls ----------------------------------------------------------------

    @overload
    def preview_merge(self, target_id: MergePlan) -> MergePlan: ...

    @overload
    def preview_merge(self, target_id: str, source_ids: Iterable[str]) -> Json: ...

    def preview_merge(
        self, target_id: str | MergePlan, source_ids: Iterable[str] | None = None
    ) -> Any:
        """Return a contact as a merge would make it, or a plan with such previews; none is stored.

        Parameters
        ----------
        target_id : str or MergePlan
            The contact that would stay; or a plan of merges, alone: then the service is asked
            for each group, and its answers stand beside our forecast. Where they differ, the
            plan expects what the service says, and has another id.
        source_ids : list of str
            1 to 5 contacts that would become part of it.

        Returns
        -------
        dict or MergePlan
            The contact, in the service's shape; of a plan, a plan. Of a group with more than 5
            sources the first call is previewed; a group that the service refuses is refused in
            the plan.

        Raises
        ------
        ApiError
            With the service's code, as for `merge`.

        Examples
        --------
        >>> site = ct.connect()
        >>> target, source = site.fetch(limit=2)
        >>> site.preview_merge(target, [source])["id"] == target
        True
        """
        if not isinstance(target_id, MergePlan):
            return super().preview_merge(target_id, source_ids)  # type: ignore[arg-type]
        if source_ids is not None:
            raise BadValue("site.preview_merge(merges) takes a plan alone, without source_ids")
        self._belongs(target_id)
        previews, refused = {}, {}
        for each in target_id.merges:
            request = calls.preview_merge(each.target_id, each.source_ids[:AT_ONCE])
            try:
                body = self._transport.read(request)
            except ApiError as error:
                if error.status not in (400, 404, 409, 428):
                    raise
                refused[each.group] = (str(error.code or ""), str(error))
            else:
                previews[each.target_id] = believed(wire.merged_contact, body)
        return target_id.previewed(previews, refused)

    @overload
    def merge(self, target_id: MergePlan, *, approve: str) -> MergeReport: ...

    @overload
    def merge(self, target_id: str, source_ids: Iterable[str], revision: int) -> ContactAnswer: ...

    def merge(
        self,
        target_id: str | MergePlan,
        source_ids: Iterable[str] | None = None,
        revision: int | None = None,
        *,
        approve: str | None = None,
    ) -> Any:
        """Merge contacts for good: an approved plan of merges; or into one target, at once.

        With a plan: ``site.merge(merges, approve="…")``. Just before each merge the service is
        asked for its preview, and all its contacts are read: if one is not as the plan saw it, or
        the preview not as the plan shows, nothing of that group is sent. Copies of all of them
        and each call are in a journal before it is sent; an answer that was lost is settled by
        reading. A plan is used up once: merged again, here or elsewhere, it is taken up where it
        was left.

        With ids the call is made at once, without a plan. The target keeps what it has and gains
        the sources' e-mails, phones, addresses and labels; empty fields of it are filled, the
        first source first. The sources are deleted: where target and source both have a value,
        the source's is lost, and no call and no plan takes the contacts apart again. Look at
        `preview_merge` before.

        Parameters
        ----------
        target_id : MergePlan or str
            The plan; or the contact that stays.
        source_ids : list of str
            1 to 5 contacts that become part of it; none may be a site member.
        revision : int
            The target's current revision; a success adds 1.
        approve : str
            With a plan: the id that it shows, or its first 7 characters and more.

        Returns
        -------
        MergeReport or dict
            Of a plan, one outcome per step; else ``{"contact": …}``: the target as it is now.

        Raises
        ------
        NotApproved, WrongSite, BadPlan
            Nothing was sent.
        PlanInUse
            Another notebook or process is at this very plan; nothing was sent.
        ApiError
            With the service's code: ``FAILED_PRECONDITION`` when the revision is not the
            target's or a source is a member, ``CONTACT_NOT_FOUND``, ``ILLEGAL_MERGE``.
        BadValue
            The sources are no list, too many, or the target is among them; or a plan was given
            together with ids.
        ReadOnlySite
            A live site takes a plan with ``read_only=False``, and ids only with
            ``direct_writes=True`` as well.
        Unreachable
            No answer to a call with ids: they may have been merged, read the target before
            trying again.
        KeyboardInterrupt
            After an interrupt nothing more is sent; `resume` takes the plan up.

        Examples
        --------
        >>> site = ct.connect()
        >>> one = site.create_contact({"name": {"first": "Ada"}, "company": "Example Ltd"})
        >>> two = site.create_contact({"name": {"last": "Lovelorn"}})
        >>> target, source = one["contact"], two["contact"]
        >>> merges = ct.merge_plan([[target["id"], source["id"]]], site.fetch())
        >>> site.merge(merges, approve=merges.id[:12]).counts["applied"]
        1
        >>> site.get_contact(target["id"])["info"]["name"]["last"]
        'Lovelorn'
        """
        if isinstance(target_id, MergePlan):
            if source_ids is not None or revision is not None:
                raise BadValue(
                    "site.merge(merges, approve=…) takes a plan alone: it names its sources and "
                    "revisions itself"
                )
            self._belongs(target_id)
            approved(target_id, approve, what="groups")
            return self._carried_out(target_id)
        if isinstance(target_id, Plan):
            raise BadPlan("that is a plan of edits: site.commit(plan, approve=…)")
        if approve is not None:
            raise BadValue(
                "approve= goes with a plan: ct.merge_plan(pairs, contacts) makes one, and "
                "site.merge(merges, approve=…) carries it out"
            )
        return super().merge(target_id, source_ids, revision)  # type: ignore[arg-type]

    def _belongs(self, plan: MergePlan) -> None:
        if plan.site_id != self.site_id:
            why = (
                f"the merges are for site {visible(plan.site_id)}, this is {self._where()}; plan "
                "here"
            )
            raise WrongSite(why)

    # -- carrying it out --------------------------------------------------------------------

    def _carried_out(self, plan: MergePlan) -> MergeReport:
        """Begin or take up a plan that was approved, and return how it ended."""
        if self.read_only:
            why = (
                f"{self._where()} is open for reading only; connect with read_only=False to merge "
                f"{count(len(plan), 'group')}"
            )
            raise ReadOnlySite(why)
        with contextlib.ExitStack() as opened:
            book = opened.enter_context(contextlib.closing(self._merge_book(plan)))
            if self._another_site(book.story()):
                book.close()
                self._folder.set_aside(plan, self.site_id)
                book = opened.enter_context(contextlib.closing(self._merge_book(plan)))
            walk = _Walk(self, cast("MergeStory", book.story()), book)
            try:
                walk.go()
            except KeyboardInterrupt:
                why = (
                    f'stopped; what was sent is in the journal: site.resume("{plan.id[:12]}") '
                    "settles it and goes on"
                )
                raise KeyboardInterrupt(why) from None
            return walk.report()

    def _merge_book(self, plan: MergePlan) -> Book:
        return self._folder.open(
            plan, site_id=self.site_id, base_url=self.base_url, site=self._where(), mode="strict"
        )

    def _as_noted(self, story: MergeStory) -> MergeReport:
        """Return what a journal holds, as a report."""
        return _Walk(self, story, None).report(story.note or "the run was broken off")

    def _another_site(self, story: Story | MergeStory) -> bool:
        """Say whether this cannot be the site of the journal: a contact is older than it was.

        A sandbox that begins anew has the id of the one before. The service itself never goes
        back; that a copy of it lags behind is not taken for it.
        """
        written = (each for each in story.outcomes.values() if each.outcome == "applied")
        last = next((each for each in written if each.after is not None), None)
        if last is None or last.after is None or self.base_url == calls.BASE_URL:
            return False
        for attempt in (1, 2):
            try:
                contact = self.get_contact(last.contact_id)
            except ApiError:
                return False
            if contact["revision"] >= last.after:
                return False
            self._pause(Wait(attempt, Read()))
        return True

    def _pause(self, wait: Wait) -> None:
        pacer = self._transport.pacer
        pacer.clock.wait(pacing.backoff(wait.attempt), pacer.never)

    def _ask_for(self, request: Request) -> Answer:
        """Send a read or a write once; a halt where nothing more is to be asked."""
        answer = self._transport.tell(request)
        if isinstance(answer, Refused) and answer.status in (401, 403):
            why = f"{answer.message.removesuffix('.')}; {self._transport.advice(request.right)}"
            return replace(answer, message=why)
        return answer


class _Walk:
    """One plan of merges on its way, group by group."""

    def __init__(self, site: Merges, story: MergeStory, book: Book | None) -> None:
        self._site, self._book = site, book
        self._story, self._plan = story, story.plan
        self._seen: dict[Key, list[Any]] = {key: list(each) for key, each in story.seen.items()}
        self._outcomes: dict[Key, Outcome] = dict(story.outcomes)
        self._copies = dict(story.copies)
        self._site_name = story.site
        self._note = ""

    def report(self, broken_off: str = "") -> MergeReport:
        """Return how every step ended; what has no end yet was not settled or not sent."""
        outcomes = []
        for each in self._plan.merges:
            for key in each.steps:
                if key not in self._outcomes:
                    why = self._note or broken_off
                    self._outcomes[key] = self._halted(each, key, why)
                outcomes.append(self._outcomes[key])
        unfinished = any(each.outcome in _OPEN for each in outcomes)
        note = self._note or (broken_off if unfinished else "")
        return MergeReport(self._plan, tuple(outcomes), self._site_name, note, self._copies)

    def _halted(self, each: Merge, key: Key, why: str) -> Outcome:
        seen = self._seen.get(key, [])
        if key[1] == 1 and each.update is not None:
            return commit.halted(each.update, seen, why)
        return protocol.halted(each.call(key[1], self._before(each, key)), seen, why)

    def go(self) -> None:
        """Carry out what is left."""
        left = [each for each in self._plan.merges if not self._outcomes.keys() >= set(each.steps)]
        if not left:
            self._note = (
                (
                    "these were merged before, the last of it at "
                    f"{self._story.touched:%Y-%m-%d %H:%M} UTC; nothing was sent now"
                )
                if self._plan.merges
                else ""
            )
            return
        try:
            for each in tqdm(left, desc="merge", unit="", delay=1.0, leave=False, disable=None):
                self._group(each)
        except _Halt as halt:
            self._note = str(halt)
        except OSError as error:  # the disk, or the network
            self._note = str(error)
        with contextlib.suppress(OSError):
            self._noted(Halted(self._note))

    def _noted(self, *entries: Any) -> None:  # noqa: ANN401 - any entry of a journal
        if self._book is not None:
            self._book.note(entries)

    def _end(self, outcome: Outcome, *, final: bool = False) -> None:
        self._outcomes[outcome.key] = outcome
        if final or outcome.outcome not in _OPEN:
            self._noted(Ended(outcome.key, outcome))

    def _before(self, each: Merge, key: Key) -> Json:
        """Return the target as the step before a merge left it; None: as it was fetched."""
        earlier = self._outcomes.get((key[0], key[1] - 1))
        return earlier.contact if earlier is not None and key in each.steps else None

    def _group(self, each: Merge) -> None:
        for key in each.steps:
            if key in self._outcomes:
                continue
            earlier = self._outcomes.get((key[0], key[1] - 1))
            if earlier is not None and earlier.outcome not in _DONE:
                detail = f"the step before it ended as {earlier.outcome}; nothing was merged"
                failed = Outcome(key[0], "not_sent", detail=detail, step=key[1])
                self._end(failed, final=earlier.outcome not in _OPEN)
            elif key[1] == 1 and each.update is not None:
                self._update(each, each.update)
            else:
                ended = self._merge(each.call(key[1], self._before(each, key)))
                if ended is not None:
                    self._end(ended)

    # -- the update that keeps chosen values --------------------------------------------------

    def _update(self, each: Merge, change: Change) -> None:
        """Write the chosen values to the target, once it is clear that the merge could follow."""
        seen = self._seen.setdefault(change.key, [])
        if not any(isinstance(ask, Write) for ask, _ in seen):
            obstacle = self._merge(each.call(2), only_look=True)
            if obstacle is not None:
                why = f"its merge cannot be made ({obstacle.outcome}), so nothing was written"
                word: Word = "conflict" if obstacle.outcome == "conflict" else "not_sent"
                ended = commit.halted(change, seen, why)
                self._end(replace(ended, outcome=word), final=obstacle.outcome not in _OPEN)
                self._end(obstacle)
                return
        while True:
            step = commit.next_step(change, seen, "strict")
            match step:
                case Outcome():
                    self._end(step)
                    return
                case Wait():
                    self._site._pause(step)  # noqa: SLF001 - a walk is part of its site
                    answer: Any = Waited()
                case Rebase() | Resume():
                    answer = Waited()
                case Read():
                    answer = self._performed(calls.get_contact(change.contact_id))
                case Write(revision, info, twins):
                    self._noted(Note(change.key, step, None))
                    request = calls.update_contact(
                        change.contact_id, info, revision, allow_duplicates=twins
                    )
                    answer = self._sent(request)
            seen.append((step, answer))
            self._noted(Note(change.key, step, answer))
            self._go_on(answer)

    # -- one merge ------------------------------------------------------------------------------

    def _merge(self, call: Call, *, only_look: bool = False) -> Outcome | None:
        """Carry out one merge and return how it ended; only looking, None if it could be sent."""
        seen = [] if only_look else self._seen.setdefault(call.key, [])
        documents: Json = {}
        while True:
            step = protocol.next_step(call, seen)
            answer: Any
            match step:
                case Outcome():
                    return step
                case Wait():
                    self._site._pause(step)  # noqa: SLF001
                    answer = Waited()
                case Resume():
                    answer = Waited()
                case Preview():
                    answer = self._performed(
                        calls.preview_merge(call.target["id"], call.source_ids)
                    )
                case Look():
                    documents = self._looked(call.members)
                    answer = Looked(documents)
                case Send(revision) if not only_look:
                    # The copies and the intention are on the disk before anything leaves.
                    self._noted(Copies(call.key, documents), Sending(call.key, revision))
                    self._copies |= documents
                    request = calls.merge(call.target["id"], call.source_ids, revision)
                    answer = self._sent(request)
                    self._noted(Answered(call.key, revision, answer))
                case _:
                    return None
            seen.append((step, answer))
            self._go_on(answer)

    def _looked(self, contact_ids: Iterable[str]) -> dict[str, Json]:
        found: dict[str, Json] = {}
        for each in contact_ids:
            try:
                body = self._site._transport.read(calls.get_contact(each))  # noqa: SLF001
                found[each] = believed(wire.one_contact, body)
            except ApiError as error:
                if error.status != 404:
                    raise _Halt(str(error)) from None
                found[each] = None
        return found

    def _performed(self, request: Request) -> Answer:
        """Ask what changes nothing."""
        try:
            return self._site._ask_for(request)  # noqa: SLF001
        except Unreachable as error:
            raise _Halt(str(error)) from None

    def _sent(self, request: Request) -> Answer:
        """Send what changes something, once."""
        try:
            return self._site._ask_for(request)  # noqa: SLF001
        except Unreachable as error:
            # Of a 503 nobody knows whether it was carried out; the service said no otherwise.
            self._note = str(error)
            return Lost(str(error)) if error.status == 503 else NeverSent(str(error))

    def _go_on(self, answer: object) -> None:
        """Halt where the service lets nobody in, or wants more patience than we lend."""
        if isinstance(answer, Refused) and answer.status in (401, 403):
            why = f"the service refuses whoever asks: {answer.message}"
            raise _Halt(why)
        if self._note:
            raise _Halt(self._note)
