"""Service: one method an operation of the API.

Reads and writes the store, and asks the rules; knows nothing of HTTP.

Each method takes the JSON of a request and gives the JSON text of the answer, or raises the problem
to answer with.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from contacttools.sandbox import door
from contacttools.sandbox.asking import query
from contacttools.sandbox.asking.query import Page, Query
from contacttools.sandbox.problems import Json, invalid, not_found
from contacttools.sandbox.rules import checks, duplicates
from contacttools.sandbox.rules import contact as rules
from contacttools.sandbox.rules.amend import Context, Entry
from contacttools.sandbox.settings import Settings
from contacttools.sandbox.store import Change, Store, dumps

_DEFINITION_SORTS = frozenset({"key", "displayName", "createdDate", "updatedDate"})


def now() -> str:
    """Give the present time the way the API writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Service:
    """The operations of one site.

    Parameters
    ----------
    store
        Where its contacts are.
    settings
        How open points are read.
    new_id
        Gives the ids of new contacts and items.
    """

    def __init__(self, store: Store, settings: Settings, new_id: Callable[[], str]) -> None:
        self._store = store
        self._settings = settings
        self._new_id = new_id
        # The next page of a search is usually asked for next: it need not read all contacts again.
        self._last_search: tuple[tuple[int, str], list[str]] = ((-1, ""), [])

    def get(self, contact_id: str, wanted: frozenset[str] | None) -> str:
        """Get Contact."""
        text = self._store.text(contact_id)
        if text is None:
            raise not_found(contact_id)
        return f'{{"contact":{_cut(text, wanted)},"responseType":"REGULAR"}}'

    def query(self, body: Mapping[str, Json]) -> str:
        """Query Contacts, and List Contacts with its parameters in the same shape."""
        fields = self._store.field_types()
        asked = query.read(body, fields, self._settings)
        if asked.matches is None and asked.sort == "createdDate":
            texts = self._store.page(asked.page, descending=asked.descending)
            total = len(self._store)
        else:
            texts, total = self._search(asked, fields)
        contacts = ",".join(_cut(text, asked.members) for text in texts)
        metadata = dumps(_metadata(asked.page, len(texts), total))
        return f'{{"contacts":[{contacts}],"pagingMetadata":{metadata}}}'

    def create(self, body: Mapping[str, Json]) -> str:
        """Create Contact."""
        sent, allowed = door.member(body, "info"), door.flag(body, "allowDuplicates")
        checks.info(sent or {})
        with self._store.write() as change:
            entry = rules.create(sent, self._context())
            if not allowed:
                _refuse_duplicates(change, sent or {}, entry)
            return f'{{"contact":{change.create(entry)}}}'

    def update(self, contact_id: str, body: Mapping[str, Json]) -> str:
        """Update Contact."""
        sent, allowed = door.member(body, "info"), door.flag(body, "allowDuplicates")
        revision = checks.revision(body)
        checks.info(sent or {})
        with self._store.write() as change:
            before = change.read(contact_id)
            if before is None:
                raise not_found(contact_id)
            after = rules.update(before, sent, revision, self._context())
            if not allowed:
                _refuse_duplicates(change, sent or {}, after)
            return f'{{"contact":{change.replace(before, after)}}}'

    def labels(self, parameters: Mapping[str, Json]) -> str:
        """List Labels."""
        return self._definitions(
            "label",
            "labelType",
            parameters,
            query.page(parameters.get("paging", {}), path="paging", default=1000, most=2000),
        )

    def fields(self, parameters: Mapping[str, Json]) -> str:
        """List Extended Fields."""
        return self._definitions(
            "field",
            "fieldType",
            parameters,
            query.page(parameters.get("paging", {}), path="paging", default=100),
        )

    def _search(self, asked: Query, fields: Mapping[str, str]) -> tuple[list[str], int]:
        page, key = asked.page, (self._store.version, asked.key)
        last, ids = self._last_search
        if key != last:
            texts = (
                self._store.all_texts()
                if asked.ids is None
                else self._store.texts(list(dict.fromkeys(asked.ids)))
            )
            ids = query.arranged((json.loads(text) for text in texts), asked, fields)
            self._last_search = key, ids
        return self._store.texts(ids[page.offset : page.offset + page.limit]), len(ids)

    def _definitions(
        self, kind: str, type_name: str, parameters: Mapping[str, Json], page: Page
    ) -> str:
        sort = parameters.get("sort", {})
        by = sort.get("fieldName", "displayName")
        if by not in _DEFINITION_SORTS:
            raise invalid(
                "sort.fieldName",
                "is not a field to sort by",
                "ENUM",
                values=sorted(_DEFINITION_SORTS),
            )
        found = [
            one
            for one in self._store.definitions(kind).values()
            if one[type_name] == parameters.get(type_name, one[type_name])
            and one["namespace"] == parameters.get("namespace", one["namespace"])
            and one["displayName"].startswith(parameters.get("startsWith", ""))
        ]
        found.sort(key=lambda one: (one[by], one["key"]), reverse=sort.get("order") == "DESC")
        some = found[page.offset : page.offset + page.limit]
        return dumps({f"{kind}s": some, "metadata": _metadata(page, len(some), len(found))})

    def _context(self) -> Context:
        return Context(
            now=now(),
            new_id=self._new_id,
            labels=self._store.definitions("label"),
            fields=self._store.field_types(),
            settings=self._settings,
        )


def _refuse_duplicates(change: Change, sent: Mapping[str, Json], entry: Entry) -> None:
    found = change.holder(duplicates.claims(sent, entry.contact), besides=entry.contact["id"])
    if found is not None:
        claim, holder = found
        raise claim.refused(holder)


def _cut(text: str, wanted: frozenset[str] | None) -> str:
    return text if wanted is None else dumps(query.shown(json.loads(text), wanted))


def _metadata(page: Page, count: int, total: int) -> dict[str, Json]:
    return {"count": count, "offset": page.offset, "total": total, "tooManyToCount": False}
