"""Exchange: contacts from outside, in any dialect, as the snapshot a fetch would give.

Pure but for the one file it is told to read, and for the clock when there is no file to date the
contacts by.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from contacttools.contact import fields, mapping
from contacttools.contact.fields import Json
from contacttools.contact.mapping import Dialect
from contacttools.errors import BadValue
from contacttools.snapshot import keeping
from contacttools.snapshot.contacts import LINES, Contacts, Definitions

Source = str | bytes | os.PathLike[str] | list[Json] | dict[str, Json]

_INSIDE = ("contacts", "items", "contact")  # what answers and pages call the contacts in them
_EXPORT = "export it again, with contacts.to_json() or from the service"


def read_contacts(
    source: Source, site_id: str | None = None, *, dialect: Dialect | None = None
) -> Contacts:
    """Return the contacts of a file or of JSON as a snapshot, as a fetch of them would.

    Parameters
    ----------
    source : str, Path, bytes, list or dict
        A path (``.ndjson`` and ``.jsonl`` hold one contact a line), JSON text, which begins with
        ``[`` or ``{`` (give a path that does so as a Path), or JSON that is parsed already. A list
        of contacts, one contact, an answer (``{"contact": …}``) or a page of them
        (``{"contacts": […]}``, ``{"items": […]}``).
    site_id : str, optional
        The site they are of. Without it they can be looked at, audited and compared, and a
        stage over them refuses to plan. With it a plan is checked contact by contact like any
        other: what has moved on since is a conflict, never overwritten.
    dialect : {"rest", "crm_v2", "crm_backend"}, optional
        The shape of the contacts. Without it each contact tells its own, so one file may hold
        several: ``id`` is REST, ``_id`` one of the others, flat lists `crm_backend`.

    Returns
    -------
    Contacts
        In the order of the source, in the service's own shape, dated by the file's last change
        (by now, when there is no file), and `partial`, for a file cannot say that it is a whole
        site. What labels are called and which custom fields nobody fills is not in it either.

    Raises
    ------
    BadValue
        With the place, the contact, the field and what to do: no JSON, no contact, a missing or
        impossible id or revision, a member of another dialect, or one id twice.
    OSError
        The file cannot be read.

    Examples
    --------
    >>> from contacttools.snapshot.exchange import read_contacts
    >>> contacts = ct.connect().fetch(limit=20)
    >>> again = read_contacts(contacts.to_json("crm_backend"))
    >>> again.to_frame().equals(contacts.to_frame()[again.to_frame().columns])
    True
    """
    if dialect is not None:
        mapping.known(dialect)
    if site_id is not None and not (isinstance(site_id, str) and site_id.strip()):
        why = f"a site id is text, not {site_id!r}; leave it out when the site is not known"
        raise BadValue(why, field="site_id")
    path = _path(source)
    parsed = _lines_or_whole(path.read_bytes(), path) if path else _parsed(source)
    documents: dict[str, Json] = {}
    places: dict[str, str] = {}
    for place, found in parsed:
        for where, contact in _contacts_in(found, place):
            document = _document(contact, dialect, where)
            contact_id = document["id"]
            if contact_id in documents:
                why = (
                    f"{where}: contact {contact_id} is at {places[contact_id]} already; "
                    "keep the one with the higher revision"
                )
                raise BadValue(why, contact_id=contact_id, field="id")
            documents[contact_id], places[contact_id] = document, where
    return Contacts(
        documents.values(),
        site_id=None if site_id is None else site_id.strip(),
        fetched_at=datetime.fromtimestamp(path.stat().st_mtime, UTC) if path else datetime.now(UTC),
        partial=f"{len(documents):,} read from {'a file' if path else 'JSON'}",
    )


def load(path: str | os.PathLike[str]) -> Contacts:
    """Read a snapshot that `Contacts.save` wrote.

    Parameters
    ----------
    path : path

    Returns
    -------
    Contacts
        As it was: with its site, its date, its labels and extended fields. A stage over it plans
        at the revisions that it was fetched at.

    Raises
    ------
    BadValue
        The file is none of these, or was changed.
    OSError
        The file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> contacts = ct.connect().fetch(limit=20)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     contacts.save(f"{folder}/november.parquet")
    ...     again = ct.load(f"{folder}/november.parquet")
    >>> again.to_frame().equals(contacts.to_frame())
    True
    """
    kept = keeping.read(path)
    return Contacts(
        kept.documents,
        site_id=kept.site_id,
        fetched_at=kept.fetched_at,
        partial=kept.partial,
        definitions=Definitions(kept.labels, kept.extended),
    )


# -- from bytes to values -------------------------------------------------------------------


def _path(source: Source) -> Path | None:
    """Return the path a source is; None for JSON."""
    if isinstance(source, os.PathLike):
        return Path(source)
    if not isinstance(source, str) or source.lstrip("\ufeff \t\r\n")[:1] in ("[", "{"):
        return None
    if not source.strip() or "\n" in source or "\0" in source:
        why = "the text is neither a path nor the JSON of contacts, which begins with [ or {"
        raise BadValue(why)
    return Path(source)


def _parsed(source: Source) -> Iterator[tuple[str, Json]]:
    """Yield (place, value) of JSON in memory; what is parsed already is copied."""
    if isinstance(source, str):
        source = source.encode(errors="surrogatepass")
    if isinstance(source, bytes):
        return _lines_or_whole(source, None)
    if not isinstance(source, (list, dict)):
        why = f"contacts come as a path, JSON, a list or a dict, not a {type(source).__name__}"
        raise BadValue(why)
    try:
        text = json.dumps(source, allow_nan=False)
    except (TypeError, ValueError) as error:
        why = f"the contacts hold what JSON does not: {error}; dates are ISO texts there"
        raise BadValue(why) from None
    return iter([("", json.loads(text))])


def _lines_or_whole(content: bytes, path: Path | None) -> Iterator[tuple[str, Json]]:
    name = f"{path.name!a}, " if path else ""
    try:
        text = content.decode("utf-8-sig", errors="strict" if path else "surrogatepass")
    except UnicodeDecodeError as error:
        why = f"{name}byte {error.start}: no UTF-8; unpack it if it is packed, or save it as UTF-8"
        raise BadValue(why) from None
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    one_a_line = path is not None and path.suffix.lower() in LINES
    if not one_a_line:
        try:
            yield name.rstrip(", "), _json(text)
        except json.JSONDecodeError as error:
            if error.msg != "Extra data" or len(lines) < 2:
                raise _no_json(f"{name}line {error.lineno}", error) from None
        except (ValueError, RecursionError) as error:
            raise _no_json(name.rstrip(", ") or "the text", error) from None
        else:
            return
    for number, line in lines:
        place = f"{name}line {number}"
        try:
            yield place, _json(line)
        except (ValueError, RecursionError) as error:
            raise _no_json(place, error) from None


def _json(text: str) -> Json:
    return json.loads(text, parse_constant=_number, parse_float=_number)


def _number(text: str) -> float:
    if math.isfinite(number := float(text)):
        return number
    why = f"{text:.20} is no JSON number"
    raise ValueError(why)


def _no_json(place: str, error: Exception) -> BadValue:
    if isinstance(error, json.JSONDecodeError):
        told = f"{error.msg} at column {error.colno}"
    else:
        told = "nested too deep" if isinstance(error, RecursionError) else str(error)
    return BadValue(f"{place}: no JSON: {told}; {_EXPORT}")


# -- from values to contacts ----------------------------------------------------------------


def _contacts_in(found: Json, place: str) -> Iterator[tuple[str, Json]]:
    """Yield (place, contact) of whatever holds contacts."""
    if isinstance(found, list):
        for number, each in enumerate(found, 1):
            yield from _contacts_in(each, f"{place}{', ' if place else ''}contact {number}")
        return
    if isinstance(found, Mapping) and "id" not in found and "_id" not in found:
        for name in _INSIDE:
            if isinstance(found.get(name), (list, dict)):
                yield from _contacts_in(found[name], place)
                return
    yield place or "the contact", found


def _document(contact: Json, dialect: Dialect | None, place: str) -> Json:
    """Return a contact in the service's shape, or raise BadValue."""
    if not isinstance(contact, dict):
        why = f"{place}: a contact is an object, not {_kind(contact)}; {_EXPORT}"
        raise BadValue(why)
    seen = mapping.detected(contact)
    if seen is None:
        why = f"{place}: id is missing (_id outside REST); a contact without one is not on any site"
        raise BadValue(why, field="id")
    if dialect is not None and ("id" if dialect == "rest" else "_id") not in contact:
        why = f"{place}: this is no {dialect}, it looks like {seen}; leave dialect= out"
        raise BadValue(why, field="id")
    try:
        document = mapping.contact_from(dialect or seen, contact)
    except BadValue as error:
        why = f"{place}: {error}"
        raise BadValue(why, contact_id=error.contact_id, field=error.field) from None
    _checked(document, place)
    if flat := mapping.bare(document.get("info")):
        why = (
            f"{place}: contact {document['id']}: info.{flat[0]} is flat, as in crm_backend, "
            f"and the rest is {dialect or seen}; {_EXPORT}"
        )
        raise BadValue(why, contact_id=document["id"], field=flat[0])
    return document


def _checked(document: Json, place: str) -> None:
    """Check what every contact of an answer must hold to be believed."""
    contact_id, revision = document["id"], document.get("revision")
    if not isinstance(contact_id, str) or not contact_id:
        why = f"{place}: id is a text, not {_kind(contact_id)}; {_EXPORT}"
        raise BadValue(why, field="id")
    if type(revision) is int and 0 <= revision <= fields.EXACT:
        return
    who = f"{place}: contact {contact_id}: revision"
    if "revision" not in document:
        why = f"{who} is missing, and no change could be checked without it; {_EXPORT}"
    elif isinstance(revision, str):
        why = f"{who} is a text, as in Contacts v5, which cannot be read; export from Contacts v4"
    else:
        why = f"{who} is a whole number from 0, not {_kind(revision)}; {_EXPORT}"
    raise BadValue(why, contact_id=contact_id, field="revision")


def _kind(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool() | int() | float():
            return json.dumps(value)
        case str():
            return "a text" if value else "an empty text"
        case list():
            return "a list"
        case _:
            return "an object"
