"""Site: the connected thing. Only what is here talks to the network.

`connect` opens the sandbox or a real site; `Site` reads contacts and commits plans.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, overload

import httpx
import pandas as pd
import stamina
from tqdm.auto import tqdm

from contacttools import commit, fields, pacing, wire
from contacttools.commit import Ask, Read, Report, Wait, Waited, Write
from contacttools.contacts import Contacts, Definitions
from contacttools.errors import (
    ApiError,
    AuthError,
    BadPlan,
    BadValue,
    NotApproved,
    ReadOnlySite,
    StaleRevision,
    Unreachable,
    WrongSite,
)
from contacttools.fields import Json
from contacttools.plan import ID_PREFIX, Change, Plan
from contacttools.render import count, visible
from contacttools.run import Run
from contacttools.wire import Answer, Found, Lost, Missing, NeverSent, Refused, Request, SlowDown

_TIMEOUT = httpx.Timeout(connect=5, write=10, read=30, pool=10)
_ATTEMPT = 40.0  # seconds for one whole call: httpx's own limits are per socket operation
_LARGEST = 64 * 2**20  # bytes of one answer after decompression
_LOOK = 100  # ids asked for in one query
_AGAIN = 3  # fetches of a site that keeps changing while it is read

# Raised before a byte of the request has left.
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)

_sandbox_lock = threading.Lock()
_sandbox: Site | None = None


class _Key(httpx.Auth):
    """Adds the credentials to each request, and keeps them out of everything else."""

    def __init__(self, api_key: str, site_id: str) -> None:
        self.__api_key = api_key
        self._site_id = site_id

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        request.headers["Authorization"] = self.__api_key
        request.headers["wix-site-id"] = self._site_id
        yield request

    def __repr__(self) -> str:
        return "<api key>"

    def __getstate__(self) -> Json:
        why = "an api key is not written to disk; connect again instead"
        raise TypeError(why)


class _TryAgain(Exception):  # noqa: N818 - not an error, a turn of the loop
    """A read that may be sent again."""

    def __init__(self, error: Unreachable) -> None:
        super().__init__(str(error))
        self.error = error


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
        Else the environment's ``WIX_API_KEY`` and ``WIX_SITE_ID``.
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
    if to not in (None, "sandbox", "live"):
        why = f'connect to "sandbox" or "live", not {to!r}; for another address say base_url='
        raise BadValue(why)
    if to != "live" and base_url is None:
        if api_key is not None or site_id is not None:
            why = 'a key and a site id are for a real site: connect("live", api_key=…, site_id=…)'
            raise AuthError(why)
        return _connect_sandbox()
    url = _sound_url(base_url or wire.BASE_URL)
    key = api_key or os.environ.get("WIX_API_KEY")
    site = site_id or os.environ.get("WIX_SITE_ID")
    if not key or not site:
        missing = " and ".join(
            name for name, value in (("WIX_API_KEY", key), ("WIX_SITE_ID", site)) if not value
        )
        why = f"a live site needs a key and a site id; set {missing} or pass api_key= and site_id="
        raise AuthError(why)
    if not (key.isascii() and key.isprintable() and site.isascii() and site.isprintable()):
        why = "the key or the site id holds characters that no key has; copy it again"
        raise AuthError(why)
    return Site(
        url,
        _Key(key.strip(), site.strip()),
        site.strip(),
        live=True,
        read_only=read_only,
        direct_writes=direct_writes,
        requests_per_minute=requests_per_minute,
    )


def _connect_sandbox() -> Site:
    global _sandbox  # noqa: PLW0603 - one sandbox per process is the point
    with _sandbox_lock:
        if _sandbox is None:
            from contacttools import sandbox

            server = sandbox.start()
            atexit.register(server.stop)
            key = _Key(server.api_key, server.site_id)
            _sandbox = Site(
                server.url, key, server.site_id, live=False, read_only=False,
                direct_writes=True, requests_per_minute=None,
            )  # fmt: skip
        return _sandbox


def _sound_url(text: str) -> str:
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, TypeError):
        why = f"{visible(text)!r:.80} is not an address"
        raise BadValue(why) from None
    loopback = url.host in {"127.0.0.1", "localhost", "::1"}
    if url.scheme != "https" and not (url.scheme == "http" and loopback):
        why = f"{url.scheme or 'no scheme'}: a key is sent over https only, or over http on this machine"
        raise BadValue(why)
    if url.userinfo or url.query or url.fragment or not url.host:
        why = "an address is a scheme, a host and perhaps a port and a path, nothing else"
        raise BadValue(why)
    return str(url).rstrip("/")


class Site:
    """A site's contacts: read them, and commit plans to them. Made by `connect`.

    Attributes
    ----------
    site_id : str
    base_url : str
    live : bool
        True for anything but the sandbox.
    read_only : bool
    """

    def __init__(
        self,
        base_url: str,
        key: _Key,
        site_id: str,
        *,
        live: bool,
        read_only: bool,
        direct_writes: bool,
        requests_per_minute: float | None,
    ) -> None:
        self.base_url = base_url
        self.site_id = site_id
        self.live = live
        self.read_only = read_only
        self._direct_writes = direct_writes
        self._pacer = pacing.Pacer(requests_per_minute)
        self._client = httpx.Client(
            base_url=base_url, auth=key, timeout=_TIMEOUT, follow_redirects=False, trust_env=False
        )
        self.last_report: Report | None = None

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
            "requests_per_minute": self._pacer.requests_per_minute,
            "contacts": self.count(),
            "labels": None if definitions.labels is None else len(definitions.labels),
            "extended_fields": None if definitions.extended is None else len(definitions.extended),
        }

    def count(self, filter: Json = None) -> int:  # noqa: A002 - the API's word
        """Return how many contacts match; all of them without a filter."""
        body = self._read(wire.query_contacts(wire.api_filter(filter), limit=0))
        _, total = self._page(body)
        if total is None:  # the service may decline to count
            return sum(len(page) for page, _ in self._pages(wire.api_filter(filter), (), None))
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
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):
            why = f"limit is a number of contacts, not {limit!r}"
            raise BadValue(why)
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
            partial=_partial(filter, len(documents), total, complete=complete),
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
        contact = _believed(wire.one_contact, self._read(wire.get_contact(contact_id)))
        if contact["id"] != contact_id:
            why = f"contact {visible(contact_id)} was merged into {contact['id']}; ask for that one"
            raise ApiError(why, status=200, code="MERGED", data={"contactId": contact["id"]})
        return contact

    def _all(
        self, filter: Json, sort: Sequence[Mapping[str, str]], limit: int | None  # noqa: A002
    ) -> tuple[dict[str, Json], int | None]:
        """Read page after page; a contact that shifts between pages is kept once."""
        documents: dict[str, Json] = {}
        total: int | None = None
        with tqdm(desc="contacts", unit="", delay=1.0, leave=False) as bar:
            for page, told in self._pages(filter, sort, limit):
                total = told if told is not None else total
                bar.total = total if limit is None or total is None else min(limit, total)
                for document in page:
                    documents.setdefault(document["id"], document)
                bar.update(len(page))
        return documents, total

    def _pages(
        self, filter: Json, sort: Sequence[Mapping[str, str]], limit: int | None  # noqa: A002
    ) -> Iterator[tuple[list[Json], int | None]]:
        offset = 0
        while limit is None or offset < limit:
            size = wire.PAGE if limit is None else min(wire.PAGE, limit - offset)
            request = wire.query_contacts(filter, sort=sort, limit=size, offset=offset)
            page, total = self._page(self._read(request))
            yield page, total
            offset += len(page)
            if len(page) < size or offset == total:
                return

    def _page(self, body: bytes) -> tuple[list[Json], int | None]:
        return _believed(wire.contact_page, body)

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
                each["key"]: fields.extended(each["key"], each.get("dataType"), each.get("displayName"))
                for each in extended
            },
        )

    def _list(self, path: str, key: str) -> list[Json] | None:
        """Return a list of definitions; None when this key may not see them."""
        found: dict[str, Json] = {}
        while True:
            try:
                body = self._read(wire.list_definitions(path, len(found)))
            except ApiError as error:
                if error.status in (403, 404, 501):
                    return None
                raise
            page = _believed(lambda text: wire.definition_page(text, key), body)
            known = len(found)
            found.update({each["key"]: each for each in page})
            if len(page) < wire.DEFINITIONS_PAGE or len(found) == known:
                return list(found.values())

    # -- writing ----------------------------------------------------------------------------

    def check(self, plan: Plan) -> pd.DataFrame:
        """Read the planned contacts again and say what a commit would meet now; write nothing.

        Returns
        -------
        DataFrame
            One row per planned contact: ``contactId``, ``state`` ("fresh": can be written;
            "conflict", "already", "gone": as in a report), ``revisionBefore``,
            ``revisionNow``, ``detail``.
        """
        self._fits(plan)
        rows = []
        for start in range(0, len(plan), _LOOK):
            window = plan.changes[start : start + _LOOK]
            held = self.look(window, self._pacer.never)
            for change in window:
                rows.append(self._checked(change, held.get(change.contact_id)))
        columns = ["contactId", "state", "revisionBefore", "revisionNow", "detail"]
        frame = pd.DataFrame(rows, columns=columns)
        types = {"contactId": "str", "state": "str", "revisionBefore": "Int64", "revisionNow": "Int64"}
        return frame.astype(types | {"detail": "str"})

    def _checked(self, change: Change, document: Json) -> tuple[Any, ...]:
        answer: Answer = (
            Found(document) if document else self.perform(change, Read(), self._pacer.never)  # type: ignore[assignment]
        )
        match answer:
            case Found(contact) if contact["revision"] == change.revision:
                return change.contact_id, "fresh", change.revision, change.revision, ""
            case Found() | Missing():
                step = commit.next_step(change, [(Read(), answer)])
                if isinstance(step, commit.Outcome):
                    return change.contact_id, step.outcome, change.revision, step.after, step.detail
        why = f"contact {change.contact_id} could not be read; try again"
        raise Unreachable(why)

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
            report is in `last_report`.
        """
        self._fits(plan)
        _approved(plan, approve, expect)
        if self.read_only:
            why = (
                f"{self._where()} is open for reading only; connect with read_only=False to write "
                f"{count(len(plan), 'contact')}"
            )
            raise ReadOnlySite(why)
        run = Run(plan, self, self._where(), self._pacer.clock.monotonic)
        run.start()
        if not wait:
            return run
        interrupted = self._watch(run)
        self.last_report = run.report
        if interrupted:
            why = f"stopped: {run.report!r}\nThe report is in site.last_report."
            raise KeyboardInterrupt(why)
        return run.report

    @staticmethod
    def _watch(run: Run) -> bool:
        """Show progress until a run has ended; return whether it was interrupted."""
        interrupted = False
        with tqdm(total=len(run.plan), desc="commit", unit="", delay=1.0, leave=False) as bar:
            while True:
                try:
                    ended = run.wait(0.1)
                    now = run.progress
                    bar.update(now.done - bar.n)
                    bar.set_postfix({word: n for word, n in now.counts.items()}, refresh=False)
                    if ended:
                        return interrupted
                except KeyboardInterrupt:
                    interrupted = True
                    run.cancel()

    def _fits(self, plan: Plan) -> None:
        if not isinstance(plan, Plan):
            why = f"expected a Plan, got {type(plan).__name__}; stage.plan() makes one"
            raise BadPlan(why)
        if plan.site_id != self.site_id:
            why = f"the plan is for site {visible(plan.site_id)}, this is {self._where()}; plan again here"
            raise WrongSite(why)

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
            No answer: the update may or may not have been made, read the contact before trying again.

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
        if isinstance(revision, bool) or not isinstance(revision, int):
            why = f"contact {contact_id}: revision is a whole number, not {revision!r}"
            raise BadValue(why, contact_id=contact_id, field="revision")
        request = wire.update_contact(contact_id, info, revision, allow_duplicates=allow_duplicates)
        try:
            response = self._send(request, self._pacer.never)
        except (httpx.HTTPError, ValueError) as error:
            sent = not isinstance(error, _NEVER_SENT)
            why = (
                f"no answer ({type(error).__name__}); "
                + ("the update may have been made: read the contact first" if sent else "nothing was sent")
            )
            raise Unreachable(why) from None
        status, headers, body = response
        if status == 200:  # noqa: PLR2004
            return {"contact": _believed(wire.one_contact, body)}
        raise _error(status, headers, body)

    # -- the door of a run ------------------------------------------------------------------

    def look(self, changes: Sequence[Change], stop: threading.Event) -> Mapping[str, Json]:
        """Read many contacts at once. Not proof of anything old: a query may lag behind."""
        del stop
        ids = [change.contact_id for change in changes]
        request = wire.query_contacts({"id": {"$in": ids}}, limit=len(ids) or 1)
        try:
            page, _ = self._page(self._read(request))
        except Unreachable:
            raise
        except ApiError:
            return {}  # the look is a courtesy; each update is checked by its revision anyway
        return {document["id"]: document for document in page}

    def perform(self, change: Change, ask: Ask, stop: threading.Event) -> Answer | Waited:
        """Carry out what the rules of a commit ask for."""
        if isinstance(ask, Wait):
            if ask.seconds is None:
                self._pacer.clock.wait(pacing.backoff(ask.attempt), stop)
            return Waited()
        request = (
            wire.update_contact(change.contact_id, change.info(), change.revision)
            if isinstance(ask, Write)
            else wire.get_contact(change.contact_id)
        )
        try:
            status, headers, body = self._send(request, stop)
        except _NEVER_SENT as error:
            return NeverSent(f"the service cannot be reached ({type(error).__name__})")
        except (httpx.HTTPError, ValueError) as error:
            return Lost(f"no answer ({type(error).__name__})")
        answer = wire.answer(request.method, status, headers, body)
        if isinstance(answer, SlowDown) and status == 429:  # noqa: PLR2004
            self._pacer.slow_down(answer.seconds)
        elif not isinstance(answer, SlowDown):
            self._pacer.went_well()
        return answer

    # -- HTTP -------------------------------------------------------------------------------

    def _send(self, request: Request, stop: threading.Event) -> tuple[int, Mapping[str, str], bytes]:
        """Send one request in its turn; ValueError when the answer is endless."""
        self._pacer.slot(stop)
        deadline = self._pacer.clock.monotonic() + _ATTEMPT
        body = bytearray()
        params = httpx.QueryParams(request.params)
        content = None if request.body is None else request.body
        with self._client.stream(
            request.method, request.path, params=params, json=content
        ) as response:
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > _LARGEST or self._pacer.clock.monotonic() > deadline:
                    why = "the answer is too long, or takes too long"
                    raise ValueError(why)
            return response.status_code, response.headers, bytes(body)

    def _read(self, request: Request) -> bytes:
        """Send a read, again where that can help, and return the body of its answer."""
        try:
            for attempt in stamina.retry_context(
                on=_TryAgain, attempts=5, timeout=90, wait_initial=0.2, wait_max=10
            ):
                with attempt:
                    return self._read_once(request)
        except _TryAgain as last:
            raise last.error from None
        raise AssertionError  # retry_context either returns or raises

    def _read_once(self, request: Request) -> bytes:
        try:
            status, headers, body = self._send(request, self._pacer.never)
        except (httpx.HTTPError, ValueError) as error:
            why = f"{self.base_url} does not answer ({type(error).__name__}); check the network"
            raise _TryAgain(Unreachable(why)) from None
        if status == 200:  # noqa: PLR2004
            self._pacer.went_well()
            return body
        if status == 429:  # noqa: PLR2004
            self._pacer.slow_down(wire.retry_after(headers))
        if status == 429 or status >= 500 and status != 501:  # noqa: PLR2004
            why = f"{self.base_url} has no capacity now (HTTP {status}); try again later"
            raise _TryAgain(Unreachable(why, status=status)) from None
        raise _error(status, headers, body)


def _approved(plan: Plan, approve: str, expect: int | None) -> None:
    shown = plan.id[: ID_PREFIX + 5]
    if not isinstance(approve, str) or len(approve) < ID_PREFIX or not plan.id.startswith(approve):
        why = (
            f"approve={approve!r} is not the id of this plan ({shown}); nothing was sent. Look at "
            f'the plan, and if it is what you want: approve="{shown}"'
        )
        raise NotApproved(why)
    if expect is not None and expect != len(plan):
        why = f"you expect {expect} contacts, the plan has {len(plan)}; nothing was sent"
        raise NotApproved(why)


def _error(status: int, headers: Mapping[str, str], body: bytes) -> ApiError:
    """Return the exception for an error answer, with the next step."""
    said = wire.refusal(status, headers, body)
    kind: type[ApiError] = ApiError
    hint = ""
    if status in (401, 403):
        kind = AuthError
        hint = "; check the key, its rights (Read/Manage Contacts) and the site id"
    elif said.code == "CONTACT_ALREADY_CHANGED":
        kind = StaleRevision
        hint = "; get the contact again, look at what changed, then decide"
    elif said.code == "CONTACT_NOT_FOUND":
        hint = "; a member's id is not a contact's id"
    elif said.code == "CANNOT_UPDATE_MEMBER_EMAIL":
        hint = "; change the member's login e-mail in the Members API, the contact follows"
    elif status >= 500 and status != 501:  # noqa: PLR2004
        kind = Unreachable
    message = f"{said.code}: {visible(said.message)}{hint}"
    return kind(
        message, status=status, code=said.code, data=dict(said.data), request_id=said.request_id
    )


def _believed(read: Any, body: bytes) -> Any:
    try:
        return read(body)
    except ValueError as error:
        why = f"the service's answer makes no sense: {error}"
        raise ApiError(why, status=200) from None


def _sort(sort: str | Sequence[Mapping[str, str]]) -> Sequence[Mapping[str, str]]:
    if isinstance(sort, str):
        order = "DESC" if sort.startswith("-") else "ASC"
        return ({"fieldName": wire.api_path(sort.removeprefix("-")), "order": order},)
    return sort


def _partial(filter: Json, n: int, total: int | None, *, complete: bool) -> str | None:  # noqa: A002
    if filter:
        return f"{n:,} that match a filter"
    if total is not None and n < total:
        return f"{n:,} of {total:,}" if complete else f"{n:,} of {total:,}, it changed while being read"
    return None
