"""Reading: the half of a site that only reads: contacts, labels and extended fields.

Everything goes through transport; nothing here can change anything on the site.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import pandas as pd
from tqdm.auto import tqdm

from contacttools.contact import fields, wire
from contacttools.contact.fields import Json
from contacttools.errors import ApiError, BadValue
from contacttools.planning.render import visible
from contacttools.service import arguments, calls
from contacttools.service.transport import Transport, believed
from contacttools.snapshot.contacts import Contacts, Definitions
from contacttools.snapshot.frames import text_series

_AGAIN = 3  # fetches of a site that keeps changing while it is read


class Reading:
    """What a site can be asked. See `Site`."""

    def __init__(self, transport: Transport, site_id: str, *, live: bool) -> None:
        self.base_url = transport.base_url
        self.site_id = site_id
        self.live = live
        self._transport = transport

    def _where(self) -> str:
        return f"{'LIVE site' if self.live else 'sandbox'} {self.site_id}"

    def count(self, filter: Json = None) -> int:  # noqa: A002 - the API's word
        """Return how many contacts match; all of them without a filter."""
        body = self._transport.read(calls.query_contacts(calls.api_filter(filter), limit=0))
        _, total = _page(body)
        if total is None:  # the service may decline to count
            return len(self._all(calls.api_filter(filter), (), None)[0])
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
        if limit is not None and (limit := arguments.whole(limit, "limit")) < 0:
            why = f"limit is a number of contacts, not {limit}"
            raise BadValue(why, field="limit")
        wanted = calls.api_filter(filter)
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
        request = calls.get_contact(arguments.segment(contact_id, "contact_id"))
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
            size = calls.PAGE if limit is None else min(calls.PAGE, limit - offset)
            request = calls.query_contacts(wanted, sort=sort, limit=size, offset=offset)
            page, total = _page(self._transport.read(request))
            yield page, total
            offset += len(page)
            if len(page) < size or (total is not None and offset >= total):
                return

    def labels(self) -> pd.DataFrame:
        """Return the labels of the site, those of the service and of apps among them.

        Returns
        -------
        DataFrame
            One row per label: ``key`` (what contacts hold; it never changes), ``displayName``,
            ``labelType`` (SYSTEM, USER_DEFINED or WIX_APP_DEFINED), ``namespace``,
            ``createdDate`` and ``updatedDate`` (UTC timestamps).

        Raises
        ------
        AuthError
            The scope Manage Contact Labels is missing.

        Examples
        --------
        >>> labels = ct.connect().labels()
        >>> "contacts.customers" in set(labels["key"])
        True
        """
        columns = ("key", "displayName", "labelType", "namespace")
        return _frame(self._listed(calls.LABELS, "labels"), columns)

    def extended_fields(self) -> pd.DataFrame:
        """Return the extended fields of the site, those of the service among them.

        Returns
        -------
        DataFrame
            One row per field: ``key`` (the column of a frame; it never changes),
            ``displayName``, ``dataType`` (TEXT, NUMBER, DATE or URL), ``fieldType`` (SYSTEM or
            USER_DEFINED), ``namespace``, ``createdDate`` and ``updatedDate`` (UTC timestamps).

        Raises
        ------
        AuthError
            The scope Manage Contact Extended Fields is missing.

        Examples
        --------
        >>> found = ct.connect().extended_fields()
        >>> set(found.loc[found["namespace"] == "custom", "fieldType"])
        {'USER_DEFINED'}
        """
        columns = ("key", "displayName", "dataType", "fieldType", "namespace")
        return _frame(self._listed(calls.EXTENDED_FIELDS, "fields"), columns)

    def _definitions(self) -> Definitions:
        labels = self._told(calls.LABELS, "labels")
        extended = self._told(calls.EXTENDED_FIELDS, "fields")
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

    def _told(self, path: str, member: str) -> list[Json] | None:
        """Return a list of definitions; None where we may not see them."""
        try:
            return self._listed(path, member)
        except ApiError as error:
            if error.status in (403, 404, 501):
                return None
            raise

    def _listed(self, path: str, member: str) -> list[Json]:
        found: dict[str, Json] = {}
        while True:
            body = self._transport.read(calls.list_definitions(path, len(found)))
            page = believed(lambda text: wire.definition_page(text, member), body)
            known = len(found)
            found.update({each["key"]: each for each in page})
            if len(page) < calls.DEFINITIONS_PAGE or len(found) == known:
                return list(found.values())


def _page(body: bytes) -> tuple[list[Json], int | None]:
    return believed(wire.contact_page, body)


def _frame(definitions: list[Json], columns: Sequence[str]) -> pd.DataFrame:
    """Lay definitions out, one a row; what is no text, or missing, is missing."""
    found: dict[str, pd.Series] = {}
    for name in (*columns, "createdDate", "updatedDate"):
        values = [each.get(name) for each in definitions]
        found[name] = text_series([each if isinstance(each, str) else None for each in values])
    for name in ("createdDate", "updatedDate"):
        stamps = pd.to_datetime(found[name], utc=True, format="ISO8601", errors="coerce")
        found[name] = stamps.dt.as_unit("us")  # pandas picks seconds when there is nothing to read
    return pd.DataFrame(found)


def _sort(sort: str | Sequence[Mapping[str, str]]) -> Sequence[Mapping[str, str]]:
    if isinstance(sort, str):
        order = "DESC" if sort.startswith("-") else "ASC"
        return ({"fieldName": calls.api_path(sort.removeprefix("-")), "order": order},)
    if isinstance(sort, (list, tuple)) and all(isinstance(each, Mapping) for each in sort):
        return sort
    why = f'sort is a column name such as "-createdDate", not {sort!r:.80}'
    raise BadValue(why, field="sort")


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
