"""Loading: from people as lines to contacts as the service keeps them.

Reads the people file; touches no database.

A line is ``{"info": ...}``, a whole contact, or a contact under ``contact``. What the service would
own is kept where the line has it and made where it does not, always the same for the same seed and
line.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from contacttools.sandbox import door
from contacttools.sandbox.asking.fields import instant
from contacttools.sandbox.problems import Json, Problem
from contacttools.sandbox.rules import checks, definitions
from contacttools.sandbox.rules.amend import Context, Entry, amend
from contacttools.sandbox.rules.contact import APP_ID, complete
from contacttools.sandbox.settings import Settings

_FIRST_DAY = datetime(2019, 1, 7, 8, 0, tzinfo=UTC)
_YEARS = timedelta(days=365 * 5)


class PeopleFileError(ValueError):
    """A people file cannot be used; the text names the file, the line, and what is wrong."""


@dataclass(frozen=True, slots=True)
class Person:
    """One line of people.

    Attributes
    ----------
    line
        Number of the line, from 1; ids are made from it.
    contact
        The contact, with as many members as the line has.
    """

    line: int
    contact: dict[str, Json]


def read(path: Path) -> list[Person]:
    """Read a people file.

    Parameters
    ----------
    path
        NDJSON in UTF-8, one contact a line; empty lines are passed over.

    Returns
    -------
    list of Person
        In the order of the file.

    Raises
    ------
    PeopleFileError
        If the file cannot be read, or a line is not a contact.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        message = f"{path}: {error.strerror or error}"
        raise PeopleFileError(message) from None
    people = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            people.append(Person(number, _contact(door.parse(line))))
        except (Problem, ValueError) as error:
            raise _bad_line(path, number, error) from None
    return people


def entries(
    people: Iterable[Person], seed: int, settings: Settings, *, source: object = "people"
) -> Iterator[Entry]:
    """Make complete contacts of people.

    Parameters
    ----------
    people
        All people of the site, in order.
    seed
        Decides the ids and dates that the lines do not give.
    settings
        How open points are read.
    source
        Where the people are from, for error messages.

    Returns
    -------
    iterator of Entry
        In the same order.

    Raises
    ------
    PeopleFileError
        If a line breaks a rule of the service, or has the id of an earlier one.
    """
    people = list(people)
    site = Context(
        now="",
        new_id=str,
        app_id=APP_ID,
        labels=_Any(),
        fields={},
        # What comes from a file is as the service stored it: only requests have their numbers
        # reformatted.
        settings=replace(settings, reformat_phones=False, keep_item_ids=True, null_clears=True),
    )
    seen: set[str] = set()
    for count, person in enumerate(people):
        try:
            entry = _entry(person, seed, _moment(count, len(people), seed), site)
            if entry.contact["id"] in seen:
                message = f"the id {entry.contact['id']} is there twice"
                raise ValueError(message)  # noqa: TRY301 - told with its line below
        except (Problem, ValueError) as error:
            raise _bad_line(source, person.line, error) from None
        seen.add(entry.contact["id"])
        yield entry


def fields_of(people: Iterable[Person]) -> list[dict[str, Json]]:
    """Define the custom fields that people use, typed by all their values."""
    values: dict[str, list[Json]] = {}
    for person in people:
        for key, value in _given_fields(person.contact["info"]).items():
            if key.startswith("custom."):
                values.setdefault(key, []).append(value)
    return [
        definitions.field(key, definitions.data_type(found))
        for key, found in sorted(values.items())
    ]


def labels_of(people: Iterable[Person]) -> list[dict[str, Json]]:
    """Define the labels that people carry."""
    keys = {
        key
        for person in people
        for key in (person.contact["info"].get("labelKeys") or {}).get("items") or ()
    }
    return [definitions.label(key) for key in sorted(keys)]


def guid(*parts: object) -> str:
    """Make a GUID that is always the same for the same parts."""
    text = hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()
    variant = "89ab"[int(text[16], 16) % 4]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"


def _contact(value: Json) -> dict[str, Json]:
    if isinstance(value, dict) and isinstance(value.get("contact"), dict):
        value = value["contact"]
    if not isinstance(value, dict) or not isinstance(value.get("info"), dict):
        message = 'expected an object with "info"'
        raise ValueError(message)
    checks.info(value["info"])
    _check_owned(value)
    return value


def _check_owned(contact: Mapping[str, Json]) -> None:
    """Refuse server-owned members of a wrong type."""
    for key in ("id", "createdDate", "updatedDate"):
        if not isinstance(contact.get(key, ""), str):
            message = f"{key} is not a string"
            raise ValueError(message)
    for key in ("source", "lastActivity", "memberInfo"):
        if not isinstance(contact.get(key, {}), dict):
            message = f"{key} is not an object"
            raise ValueError(message)
    if "revision" in contact:
        checks.revision(contact)
    dates = [contact.get("createdDate"), contact.get("updatedDate")]
    dates.append(contact.get("lastActivity", {}).get("activityDate"))
    for date in dates:
        if date is not None:
            instant(date)


def _entry(person: Person, seed: int, created: str, site: Context) -> Entry:
    given, sent = person.contact, person.contact["info"]
    contact_id = given.get("id") or guid(seed, person.line)
    numbers = itertools.count()
    site = replace(site, new_id=lambda: guid(seed, contact_id, next(numbers)))
    fields = _kept_fields(sent)
    info = amend(_known_ids(sent), {**sent, "extendedFields": None}, site)
    info["extendedFields"] = {"items": fields}
    _keep_international(info, sent)
    created = given.get("createdDate", created)
    contact = {
        "id": contact_id,
        "revision": given.get("revision", site.settings.first_revision),
        "source": given.get("source") or {"sourceType": "IMPORT", "appId": APP_ID},
        "createdDate": created,
        "updatedDate": given.get("updatedDate", created),
        "lastActivity": {
            "activityDate": created,
            "activityType": "CONTACT_CREATED",
            **(given.get("lastActivity") or {}),
        },
        "info": info,
    }
    member = (given.get("memberInfo") or {}).get("memberId")
    private = {"memberId": member} if member else {}
    entry = complete(Entry(contact, private), {}, site.settings)
    if fields:
        # Once more: a line may have another display name, or another status, than the service would
        # give now.
        entry.contact["info"].setdefault("extendedFields", {"items": {}})["items"].update(fields)
    return entry


def _known_ids(info: Mapping[str, Json]) -> dict[str, Json]:
    """Give lists that have the very ids of the sent items, so that these are kept."""
    return {
        kind: {
            "items": [
                {"id": item["id"]}
                for item in (info.get(kind) or {}).get("items") or ()
                if item.get("id")
            ]
        }
        for kind in ("emails", "phones", "addresses")
        if info.get(kind)
    }


def _kept_fields(info: Mapping[str, Json]) -> dict[str, Json]:
    """Give the extended fields that answers show: empty ones only if they are the service's."""
    kept = {}
    for key, value in _given_fields(info).items():
        if not isinstance(value, str | int | float | None):
            message = f"extended field {key} is neither text nor number"
            raise ValueError(message)
        system = key.partition(".")[0] in definitions.SYSTEM_NAMESPACES
        if value is not None and (system or value != ""):
            kept[key] = value
    return kept


def _given_fields(info: Mapping[str, Json]) -> dict[str, Json]:
    return (info.get("extendedFields") or {}).get("items") or {}


def _keep_international(info: Mapping[str, Json], sent: Mapping[str, Json]) -> None:
    """Keep the international form that a line gives for a number."""
    if "phones" in info:
        for item, given in zip(info["phones"]["items"], sent["phones"]["items"], strict=True):
            if isinstance(given.get("e164Phone"), str):
                item["e164Phone"] = given["e164Phone"]


def _moment(count: int, total: int, seed: int) -> str:
    """Spread dates of creation over some years: in order, all distinct, not too regular."""
    step = _YEARS / max(total, 1)
    jitter = int.from_bytes(hashlib.sha256(f"{seed}/{count}".encode()).digest()[:4], "big") / 2**32
    moment = _FIRST_DAY + step * (count + jitter * 0.9)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _bad_line(source: object, number: int, error: Exception) -> PeopleFileError:
    return PeopleFileError(f"{source}, line {number}: {_reason(error)}")


def _reason(error: Exception) -> str:
    if isinstance(error, Problem):
        details = error.body["details"]
        violations = details.get("validationError", {}).get("fieldViolations")
        if violations:
            return "; ".join(f"{one['field']} {one['description']}" for one in violations[:3])
        return str(details["applicationError"]["description"])
    return str(error)


class _Any:
    """Contains everything: a people file brings its own labels."""

    def __contains__(self, _: object) -> bool:
        return True
