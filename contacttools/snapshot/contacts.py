"""Contacts: an immutable, dated snapshot of a site's contacts. Pure: no network and no clock.

It touches no file but the one that `Contacts.to_json` is told to write.
"""

from __future__ import annotations

import copy
import difflib
import hashlib
import json
import os
import weakref
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import overload

import pandas as pd

from contacttools import files
from contacttools.contact import fields, mapping, wire
from contacttools.contact.fields import Field, Json
from contacttools.contact.mapping import Dialect
from contacttools.errors import BadValue, UnknownContact, UnknownField, WrongSite
from contacttools.snapshot import frames, keeping
from contacttools.snapshot.comparing import Differences
from contacttools.snapshot.frames import Table
from contacttools.snapshot.keeping import Kept

LINES = (".ndjson", ".jsonl")  # files with one contact a line

# Frames name the snapshot they show by its mark; this finds it again while it lives.
_living: weakref.WeakValueDictionary[str, Contacts] = weakref.WeakValueDictionary()


@dataclass(frozen=True, slots=True)
class Definitions:
    """What a site knows beside its contacts: label and extended-field definitions.

    Attributes
    ----------
    labels : dict of str to str, or None
        Display name by label key; None when the site did not tell.
    extended : dict of str to Field, or None
        Extended fields by key; None when the site did not tell, and the types seen stand in.
    """

    labels: Mapping[str, str] | None = None
    extended: Mapping[str, Field] | None = field(default=None)

    def label_key(self, name: str) -> str:
        """Return the key of a label that is called by its key, or by a name only one label has."""
        known = self.labels or {}
        if not isinstance(name, str) or name in known:
            return name
        called = [key for key, shown in known.items() if shown.casefold() == name.casefold()]
        return called[0] if len(called) == 1 else name


class Contacts:
    """A snapshot of contacts as they were when they were fetched. It never changes.

    Iterating yields contact ids, oldest contact first; ``contacts[contact_id]`` is a copy of
    the contact as the service sent it, keys unknown to this version included.

    Attributes
    ----------
    site_id : str or None
        The site they came from.
    fetched_at : datetime
        When the fetch ended, UTC.
    partial : str or None
        Why the snapshot is not the whole site (a filter, a limit); None when it is.
    """

    def __init__(
        self,
        documents: Iterable[Json],
        *,
        site_id: str | None,
        fetched_at: datetime,
        partial: str | None = None,
        definitions: Definitions | None = None,
    ) -> None:
        self._documents: dict[str, Json] = {each["id"]: each for each in documents}
        self.site_id = site_id
        self.fetched_at = fetched_at
        self.partial = partial
        self.definitions = definitions or Definitions()
        self._frames: dict[Table | None, pd.DataFrame] = {}
        _living[self.mark] = self

    def __len__(self) -> int:
        return len(self._documents)

    def __iter__(self) -> Iterator[str]:
        return iter(self._documents)

    def __contains__(self, contact_id: object) -> bool:
        return contact_id in self._documents

    def __getitem__(self, contact_id: str) -> Json:
        return copy.deepcopy(self.document(contact_id))

    def document(self, contact_id: str) -> Json:
        """Return a contact itself, not a copy: for reading only."""
        try:
            return self._documents[contact_id]
        except (KeyError, TypeError):
            why = (
                f"no contact {contact_id!r} among the {len(self):,} fetched at "
                f"{self.fetched_at:%Y-%m-%d %H:%M} UTC; fetch again, or check the id"
            )
            raise UnknownContact(why, contact_id=str(contact_id)) from None

    def revision(self, contact_id: str) -> int:
        """Return the revision at which a contact was fetched."""
        return int(self.document(contact_id)["revision"])

    def documents(self) -> Mapping[str, Json]:
        """Return the contacts by id, not copies: for reading only."""
        return self._documents

    @cached_property
    def mark(self) -> str:
        """A name for exactly these contacts at exactly these revisions."""
        digest = hashlib.sha256(repr(self.site_id).encode())
        for contact_id in sorted(self._documents):
            digest.update(f"\n{contact_id!a} {self.revision(contact_id)}".encode())
        return f"contacts:{digest.hexdigest()}"

    @cached_property
    def extended(self) -> dict[str, Field]:
        """The extended fields: every custom one defined, and whatever else the contacts hold."""
        defined = self.definitions.extended or {}
        seen: dict[str, set[type]] = {}
        for document in self._documents.values():
            for key, value in wire.extended_items(document).items():
                if value is not None:
                    seen.setdefault(key, set()).add(type(value))
        keys = sorted({key for key in defined if key.startswith("custom.")} | set(seen))
        return {key: defined.get(key) or fields.extended(key, _seen(seen[key])) for key in keys}

    @cached_property
    def _known(self) -> dict[str, Field]:
        """The fields by name: those of the wide frame, and what is no column there."""
        wide = {key: column.field for key, column in frames.wide_columns(self.extended).items()}
        return {**fields.SCALARS, **fields.OWNED, **wide}

    def field(self, name: str) -> Field:
        """Return the field of a name, or raise UnknownField with the nearest names."""
        known = self._known
        if name in known:
            return known[name]
        near = difflib.get_close_matches(str(name), known, n=3, cutoff=0.5)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        if str(name) in fields.LISTS:
            hint = f"; items are changed with add, remove, make_primary or update(table={name!r})"
        if not hint:
            hint = "; to_frame() shows the names there are, and helper columns are to be dropped"
        if str(name) in ("contactId", "itemId"):
            hint = '; a tidy frame says which table it is: stage.update(frame, "phones")'
        why = f"no field {name!r}{hint}"
        raise UnknownField(why, field=str(name))

    def to_frame(self, table: Table | None = None) -> pd.DataFrame:
        """Return the contacts as a DataFrame.

        Parameters
        ----------
        table : {"emails", "phones", "addresses", "labels", "extendedFields"}, optional
            Which list to lay out. Without it, the wide frame.

        Returns
        -------
        DataFrame
            Wide: one row per contact, index ``id``; ``revision`` is int64, dates with a time
            are UTC timestamps, dates without one ISO text, ``labelKeys`` a tuple, counts
            int64, numbers float64, all else ``str`` with missing as NaN. Tidy: one row per
            item with ``contactId``, ``itemId``, ``position`` (from 0) and ``revision``.
            The frame is yours to change; hand it to `Stage.update` to stage what differs.

        Raises
        ------
        UnknownField
            There is no such table.

        Examples
        --------
        >>> contacts = ct.connect().fetch(limit=5)
        >>> len(contacts.to_frame())
        5
        """
        table = None if table is None else frames.known_table(table)
        if table not in self._frames:
            self._frames[table] = build_frame(self, self._documents, table, self.mark)
        return self._frames[table].copy()

    @overload
    def to_json(
        self, dialect: Dialect = ..., path: None = ..., *, indent: int | None = ...
    ) -> str: ...

    @overload
    def to_json(
        self, dialect: Dialect, path: str | os.PathLike[str], *, indent: int | None = ...
    ) -> None: ...

    @overload
    def to_json(
        self, dialect: Dialect = ..., *, path: str | os.PathLike[str], indent: int | None = ...
    ) -> None: ...

    def to_json(
        self,
        dialect: Dialect = "rest",
        path: str | os.PathLike[str] | None = None,
        *,
        indent: int | None = 2,
    ) -> str | None:
        """Return the contacts as JSON, whole: what `read_contacts` reads back as the same ones.

        Parameters
        ----------
        dialect : {"rest", "crm_v2", "crm_backend"}
            The shape of each contact: the service's own, the one of the JavaScript SDK and
            ``wix-crm.v2``, or the flat one of ``wix-crm-backend``.
        path : str or Path, optional
            A file to write instead: a list, or one contact a line when it ends in ``.ndjson``
            or ``.jsonl``. It is replaced whole or not at all and readable by its owner only,
            for it holds real people.
        indent : int or None
            Of the list, in spaces; None for no line breaks.

        Returns
        -------
        str or None
            The text; nothing when it went to a file.

        Raises
        ------
        BadValue
            There is no such dialect, or a contact holds what JSON cannot say.

        Examples
        --------
        >>> contacts = ct.connect().fetch(limit=2)
        >>> print(contacts.to_json("crm_v2", indent=None)[:8])
        [{"_id":
        """
        spoken = mapping.known(dialect)
        documents = [mapping.contact_to(spoken, each) for each in self._documents.values()]
        if path is None:
            return _json(documents, indent)
        if Path(path).suffix.lower() in LINES:
            text = "".join(f"{_json(each, None)}\n" for each in documents)
        else:
            text = f"{_json(documents, indent)}\n"
        files.write(path, text.encode())
        return None

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the snapshot to a Parquet file, which `load` reads back as it was.

        The file holds real values; it is replaced whole or not at all, readable by its owner only.
        Other programs read it as a table: ``contactId``, ``revision``, ``document`` (JSON).

        Parameters
        ----------
        path : path
        """
        known = self.definitions
        kept = Kept(
            list(self._documents.values()), self.site_id, self.fetched_at, self.partial,
            known.labels, known.extended,
        )  # fmt: skip
        keeping.write(kept, path)

    def compare(self, after: Contacts) -> Differences:
        """Return what has changed since this snapshot.

        Parameters
        ----------
        after : Contacts
            A later snapshot of the same site.

        Returns
        -------
        Differences
            `Differences.to_frame` has a row per value: contact, item, field, kind, before, after.
            What the service derives, and in which order lists stand, is no difference.

        Raises
        ------
        WrongSite, BadValue
            The snapshots are of different sites; or it is none.

        Examples
        --------
        >>> site = ct.connect()
        >>> before = site.fetch(limit=10)
        >>> before.compare(site.fetch(limit=10))
        <Differences of 0 contacts between ...: none>
        """
        if not isinstance(after, Contacts):
            why = f"before.compare(after): after is Contacts as well, not a {type(after).__name__}"  # type: ignore[unreachable]
            raise BadValue(why)
        if None not in (self.site_id, after.site_id) and self.site_id != after.site_id:
            raise WrongSite("the two snapshots are of different sites")
        between = self.fetched_at, after.fetched_at
        return Differences(self._documents, after.documents(), between)

    def __repr__(self) -> str:
        part = f", {self.partial}" if self.partial else ""
        when = f"{self.fetched_at:%Y-%m-%d %H:%M:%S} UTC"
        return f"<Contacts: {len(self):,} of site {self.site_id}, {when}{part}>"


def build_frame(
    contacts: Contacts, documents: Mapping[str, Json], table: Table | None, mark: str
) -> pd.DataFrame:
    """Lay out documents with the columns of a snapshot."""
    if table is None:
        return frames.wide(documents, contacts.extended, mark)
    labels = contacts.definitions.labels or {}
    return frames.tidy(table, documents, contacts.extended, labels, mark)


def living(mark: str) -> Contacts | None:
    """Return the snapshot of this mark if it is still in memory."""
    return _living.get(mark)


def _json(value: Json, indent: int | None) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    except ValueError:
        why = "a contact holds NaN or an infinity, which JSON cannot say; fetch the contacts again"
        raise BadValue(why) from None
    # Half a surrogate pair is no UTF-8, and can only be written as an escape.
    return text if text.isascii() or _sound(text) else json.dumps(value, indent=indent)


def _sound(text: str) -> bool:
    return not any("\ud800" <= each <= "\udfff" for each in text)


def _seen(types: set[type]) -> str:
    return "NUMBER" if types <= {int, float} else "TEXT"
