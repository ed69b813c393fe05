"""Site: the connected thing. Only its methods, through transport, talk to the network.

`connect` opens the sandbox or a real site; `Site` reads contacts and commits plans.
"""

from __future__ import annotations

import atexit
import operator
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, Self, overload

import pandas as pd
from tqdm.auto import tqdm

from contacttools import commit, fields, pacing, wire
from contacttools.commit import Ask, Read, Wait, Waited, Write
from contacttools.contacts import Contacts, Definitions
from contacttools.errors import (
    ApiError,
    AuthError,
    BadPlan,
    BadValue,
    NotApproved,
    ReadOnlySite,
    Unreachable,
    WrongSite,
)
from contacttools.fields import Json
from contacttools.plan import ID_PREFIX, Change, Plan
from contacttools.render import count, visible
from contacttools.report import Outcome, Report
from contacttools.run import WINDOW, Run
from contacttools.transport import Key, Transport, believed, sound_url
from contacttools.wire import Answer, Found, Refused

_AGAIN = 3  # fetches of a site that keeps changing while it is read

_sandbox_lock = threading.Lock()
_sandbox: Site | None = None


def connect(
    to: Literal["sandbox", "live"] | None = None,
    *,
    base_url: str | None = None,
    api_key: str | None = None,
    site_id: str | None = None,
    read_only: bool = True,
    direct_writes: bool = False,
    requests_per_minute: float | None = 150,
) -> Site:
    """Open the sandbox, or a real site.

    Parameters
    ----------
    to : {"sandbox", "live"}, optional
        Without it, and without `base_url`, the sandbox: invented contacts behind a real HTTP
        server in this process, one per process, in memory, not paced, gone with the process.
        ``"live"`` is the service itself.
    base_url : str, optional
        Another address to use: https, or http on this machine only.
    api_key, site_id : str, optional
        Both or neither. Neither takes the environment's ``WIX_API_KEY`` and ``WIX_SITE_ID``,
        which are sent to the service itself only, never to a `base_url`.
    read_only : bool
        A live site refuses writes until this is False.
    direct_writes : bool
        Let `Site.update_contact` write to a live site without a plan and a preview.
    requests_per_minute : float or None
        How fast a live site is asked; the service allows 200 to all of a site's apps
        together. None for no pacing.

    Raises
    ------
    AuthError
        A live site needs both a key and a site id.

    Examples
    --------
    >>> site = ct.connect()
    >>> site.count() > 500
    True
    """
    if to not in (None, "sandbox", "live") or (to == "sandbox" and base_url is not None):
        why = f'connect to "sandbox" or "live", not {to!r}; for another address say base_url= alone'
        raise BadValue(why)
    if to != "live" and base_url is None:
        if api_key is not None or site_id is not None:
            why = 'a key and a site id are for a real site: connect("live", api_key=…, site_id=…)'
            raise AuthError(why)
        return _connect_sandbox()
    url = sound_url(base_url or wire.BASE_URL)
    if base_url is None and api_key is None and site_id is None:
        # Only the service itself is sent the key of the environment, and only with its own site.
        api_key, site_id = os.environ.get("WIX_API_KEY"), os.environ.get("WIX_SITE_ID")
    key, site = (api_key or "").strip(), (site_id or "").strip()
    if not key or not site:
        missing = " and ".join(
            name for name, value in (("api_key=", key), ("site_id=", site)) if not value
        )
        rest = "" if base_url else ", or neither and set WIX_API_KEY and WIX_SITE_ID"
        why = f"a live site needs a key and its site id: pass {missing}{rest}; both are needed"
        raise AuthError(why)
    if not (key.isascii() and key.isprintable() and site.isascii() and site.isprintable()):
        why = "the key or the site id holds characters that no key has; copy it again"
        raise AuthError(why)
    return Site(
        Transport(url, Key(key, site), pacing.Pacer(requests_per_minute)),
        site,
        live=True,
        read_only=read_only,
        direct_writes=direct_writes,
    )


def _connect_sandbox() -> Site:
    global _sandbox  # noqa: PLW0603 - one sandbox per process is the point
    with _sandbox_lock:
        if _sandbox is None:
            from contacttools import sandbox  # noqa: PLC0415 - its server is needed only here

            server = sandbox.start()
            atexit.register(server.stop)
            key = Key(server.api_key, server.site_id)
            _sandbox = Site(
                Transport(server.url, key, pacing.Pacer(None)),
                server.site_id,
                live=False,
                read_only=False,
                direct_writes=True,
            )
        return _sandbox


class Site:
    """A site's contacts: read them, and commit plans to them. Made by `connect`.

    Attributes
    ----------
    site_id : str
    base_url : str
    live : bool
        True for anything but the sandbox.
    read_only : bool
    last_report : Report or None
        Of the last commit that was waited for, an interrupted one too.
    """

    def __init__(
        self,
        transport: Transport,
        site_id: str,
        *,
        live: bool,
        read_only: bool,
        direct_writes: bool,
    ) -> None:
        self.base_url = transport.base_url
        self.site_id = site_id
        self.live = live
        self.read_only = read_only
        self._direct_writes = direct_writes
        self._transport = transport
        self.last_report: Report | None = None

    def close(self) -> None:
        """Close the connection; `connect` opens another. The sandbox is shared and stays open."""
        if self.live:
            self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        if not self.live:
            return f"<Site: sandbox at {self.base_url}, site {self.site_id}>"
        rights = "read-only" if self.read_only else "WRITABLE"
        return f"<Site: LIVE {self.base_url}, site {self.site_id}, {rights}>"

    def _where(self) -> str:
        return f"{'LIVE site' if self.live else 'sandbox'} {self.site_id}"

    # -- reading ----------------------------------------------------------------------------

    def info(self) -> dict[str, Json]:
        """Return what this connection is: site, rights, pace, and how much there is."""
        definitions = self._definitions()
        return {
            "site_id": self.site_id,
            "base_url": self.base_url,
            "live": self.live,
            "read_only": self.read_only,
            "requests_per_minute": self._transport.pacer.requests_per_minute,
            "contacts": self.count(),
            "labels": None if definitions.labels is None else len(definitions.labels),
            "extended_fields": None if definitions.extended is None else len(definitions.extended),
        }

    def count(self, filter: Json = None) -> int:  # noqa: A002 - the API's word
        """Return how many contacts match; all of them without a filter."""
        body = self._transport.read(wire.query_contacts(wire.api_filter(filter), limit=0))
        _, total = _page(body)
        if total is None:  # the service may decline to count
            return len(self._all(wire.api_filter(filter), (), None)[0])
        return total

    def fetch(self, filter: Json = None, limit: int | None = None) -> Contacts:  # noqa: A002
        """Return a snapshot of the contacts, oldest first.

        Parameters
        ----------
        filter : dict, optional
            In the service's filter language; keys are its paths or our column names, such as
            ``{"company": "Example Ltd"}`` or ``{"email": {"$exists": False}}``.
        limit : int, optional
            At most this many.

        Raises
        ------
        AuthError, Unreachable, ApiError
            With what to do next.

        Examples
        --------
        >>> contacts = ct.connect().fetch({"company": {"$exists": True}}, limit=20)
        >>> len(contacts)
        20
        """
        return self.query_contacts(filter, limit=limit)

    def query_contacts(
        self,
        filter: Json = None,  # noqa: A002 - the API's word
        sort: str | Sequence[Mapping[str, str]] = "createdDate",
        limit: int | None = None,
    ) -> Contacts:
        """Return the contacts that match, sorted.

        Parameters
        ----------
        filter : dict, optional
            As in `fetch`.
        sort : str or list of dict
            A column name, with ``-`` in front for descending; or the service's own
            ``[{"fieldName": …, "order": "ASC"}]``.
        limit : int, optional
            At most this many.
        """
        if limit is not None and (limit := _whole(limit, "limit")) < 0:
            why = f"limit is a number of contacts, not {limit}"
            raise BadValue(why, field="limit")
        wanted = wire.api_filter(filter)
        order = _sort(sort)
        for _ in range(_AGAIN):
            documents, total = self._all(wanted, order, limit)
            complete = limit is not None or total is None or len(documents) == total
            if complete:
                break
        return Contacts(
            documents.values(),
            site_id=self.site_id,
            fetched_at=datetime.now(UTC),
            partial=_partial(filter, limit, len(documents), total, complete=complete),
            definitions=self._definitions(),
        )

    def get_contact(self, contact_id: str) -> Json:
        """Return one contact as it is now, in the service's shape.

        Raises
        ------
        ApiError
            ``CONTACT_NOT_FOUND``, also for a member's id, which is not a contact's;
            ``MERGED`` when it lives on as part of another contact.
        """
        request = wire.get_contact(_contact_id(contact_id))
        contact = believed(wire.one_contact, self._transport.read(request))
        if contact["id"] != contact_id:
            why = f"contact {visible(contact_id)} was merged into {contact['id']}; ask for that one"
            raise ApiError(why, status=200, code="MERGED", data={"contactId": contact["id"]})
        return contact

    def _all(
        self,
        wanted: Json,
        sort: Sequence[Mapping[str, str]],
        limit: int | None,
    ) -> tuple[dict[str, Json], int | None]:
        """Read page after page; a contact that shifts between pages is kept once."""
        documents: dict[str, Json] = {}
        total: int | None = None
        with tqdm(desc="contacts", unit="", delay=1.0, leave=False, disable=None) as bar:
            for page, told in self._pages(wanted, sort, limit):
                total = told if told is not None else total
                bar.total = total if limit is None or total is None else min(limit, total)
                known = len(documents)
                for document in page:
                    documents.setdefault(document["id"], document)
                bar.update(len(page))
                if len(documents) == known:  # nothing new: there may be no end to such pages
                    break
        return documents, total

    def _pages(
        self,
        wanted: Json,
        sort: Sequence[Mapping[str, str]],
        limit: int | None,
    ) -> Iterator[tuple[list[Json], int | None]]:
        offset = 0
        while limit is None or offset < limit:
            size = wire.PAGE if limit is None else min(wire.PAGE, limit - offset)
            request = wire.query_contacts(wanted, sort=sort, limit=size, offset=offset)
            page, total = _page(self._transport.read(request))
            yield page, total
            offset += len(page)
            if len(page) < size or (total is not None and offset >= total):
                return

    def _definitions(self) -> Definitions:
        labels = self._list(wire.LABELS, "labels")
        extended = self._list(wire.EXTENDED_FIELDS, "fields")
        return Definitions(
            None
            if labels is None
            else {each["key"]: str(each.get("displayName") or each["key"]) for each in labels},
            None
            if extended is None
            else {
                each["key"]: fields.extended(
                    each["key"], each.get("dataType"), each.get("displayName")
                )
                for each in extended
            },
        )

    def _list(self, path: str, key: str) -> list[Json] | None:
        """Return a list of definitions; None when this key may not see them."""
        found: dict[str, Json] = {}
        while True:
            try:
                body = self._transport.read(wire.list_definitions(path, len(found)))
            except ApiError as error:
                if error.status in (403, 404, 501):
                    return None
                raise
            page = believed(lambda text: wire.definition_page(text, key), body)
            known = len(found)
            found.update({each["key"]: each for each in page})
            if len(page) < wire.DEFINITIONS_PAGE or len(found) == known:
                return list(found.values())

    # -- writing ----------------------------------------------------------------------------

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
                why = f"{answer.code}: {visible(answer.message)}; check the key and its rights"
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
        run.start()
        if not wait:
            return run
        try:
            interrupted = self._watch(run)
        except BaseException:  # whoever watches is gone: nobody would see the rest
            run.abandon()
            self.last_report = run.report
            raise
        self.last_report = run.report
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

    def update_contact(
        self, contact_id: str, info: Json, revision: int, *, allow_duplicates: bool = False
    ) -> Json:
        """Update one contact directly: the service's own call, without a plan or a preview.

        Parameters
        ----------
        contact_id : str
            The contact's id, not a member's.
        info : dict
            What to change, in the service's shape. Lists replace the whole list.
        revision : int
            The contact's current revision; a success adds 1.
        allow_duplicates : bool
            Let an e-mail or phone belong to another contact as well.

        Returns
        -------
        dict
            ``{"contact": …}``, as the service answers.

        Raises
        ------
        ApiError
            With the service's code; `StaleRevision`, which is also a ConflictError, when the
            revision is not the contact's.
        ReadOnlySite
            A live site takes direct updates only with ``read_only=False, direct_writes=True``.
        Unreachable
            No answer: the update may have been made, read the contact before trying again.

        Examples
        --------
        >>> site = ct.connect()
        >>> contact = site.get_contact(next(iter(site.fetch(limit=1))))
        >>> answer = site.update_contact(contact["id"], {"jobTitle": "Editor"}, contact["revision"])
        >>> answer["contact"]["revision"] == contact["revision"] + 1
        True
        """
        if self.read_only:
            why = f"{self._where()} is open for reading only; connect with read_only=False to write"
            raise ReadOnlySite(why)
        if self.live and not self._direct_writes:
            why = (
                "a direct update has no preview; stage and commit a plan instead, or connect "
                "with direct_writes=True"
            )
            raise ReadOnlySite(why)
        request = wire.update_contact(
            _contact_id(contact_id),
            info,
            _whole(revision, "revision"),
            allow_duplicates=allow_duplicates,
        )
        return {"contact": believed(wire.one_contact, self._transport.write(request))}

    # -- the door of a run ------------------------------------------------------------------

    def look(self, changes: Sequence[Change], stop: threading.Event) -> Mapping[str, Json]:
        """Read many contacts at once. Not proof of anything old: a query may lag behind."""
        ids = [change.contact_id for change in changes]
        request = wire.query_contacts({"id": {"$in": ids}}, limit=len(ids) or 1)
        try:
            page, _ = _page(self._transport.read(request, stop))
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
            request = wire.update_contact(change.contact_id, change.info(), change.revision)
        else:
            request = wire.get_contact(change.contact_id)
        return self._transport.tell(request, stop)


def _page(body: bytes) -> tuple[list[Json], int | None]:
    return believed(wire.contact_page, body)


def _approved(plan: Plan, approve: str, expect: int | None) -> None:
    shown = plan.id[: ID_PREFIX + 5]
    if not isinstance(approve, str) or len(approve) < ID_PREFIX or not plan.id.startswith(approve):
        why = (
            f"approve={_short(approve)} is not the id of this plan ({shown}); nothing was sent. "
            f'Look at the plan, and if it is what you want: approve="{shown}"'
        )
        raise NotApproved(why)
    if expect is not None and expect != len(plan):
        why = f"you expect {expect} contacts, the plan has {len(plan)}; nothing was sent"
        raise NotApproved(why)


def _short(given: object) -> str:
    return f"{given[:64]!r}" if isinstance(given, str) else f"a {type(given).__name__}"


def _sort(sort: str | Sequence[Mapping[str, str]]) -> Sequence[Mapping[str, str]]:
    if isinstance(sort, str):
        order = "DESC" if sort.startswith("-") else "ASC"
        return ({"fieldName": wire.api_path(sort.removeprefix("-")), "order": order},)
    return sort


def _whole(value: object, name: str) -> int:
    """Return a whole number, numpy's too, or raise BadValue."""
    try:
        if not isinstance(value, bool):
            return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        pass
    why = f"{name} is a whole number, not {value!r}"
    raise BadValue(why, field=name)


def _contact_id(value: object) -> str:
    if isinstance(value, str) and value.strip():
        return value
    why = f"a contact id is text, not {value!r}"
    raise BadValue(why, field="id")


def _partial(
    filter: Json,  # noqa: A002 - the API's word
    limit: int | None,
    n: int,
    total: int | None,
    *,
    complete: bool,
) -> str | None:
    """Say why a snapshot is not the whole site; None when it is."""
    if filter:
        return f"{n:,} that match a filter"
    if total is not None and n >= total:
        return None
    if limit is not None and n >= limit:
        return f"{n:,} of {total:,}" if total is not None else f"at most {limit:,}"
    return None if complete else f"{n:,} of {total:,}, it changed while being read"
