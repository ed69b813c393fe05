"""Merges: the part of a site that merges contacts by plan: previewed, approved, kept in a journal.

What a plan asks for is carried out by `walk`; the service's previews are read through transport.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any, cast, overload

from contacttools.committing.asks import Read, Wait
from contacttools.contact import wire
from contacttools.contact.fields import Json
from contacttools.contact.wire import ContactAnswer
from contacttools.errors import ApiError, BadPlan, BadValue, ReadOnlySite, WrongSite
from contacttools.journal.book import Book
from contacttools.journal.folder import Folder
from contacttools.journal.merges import MergeStory
from contacttools.journal.story import Story
from contacttools.merging.forecast import AT_ONCE
from contacttools.merging.mergeplan import MergePlan
from contacttools.merging.mergereport import MergeReport
from contacttools.planning.plan import Plan
from contacttools.planning.render import count, visible
from contacttools.service import calls, pacing
from contacttools.service.approving import approved
from contacttools.service.direct import Direct
from contacttools.service.transport import Transport, believed
from contacttools.service.walk import Walk


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
            walk = Walk(self._transport, cast("MergeStory", book.story()), book)
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
        return Walk(self._transport, story, None).report(story.note or "the run was broken off")

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
