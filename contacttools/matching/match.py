"""Match: who of a list is which contact, who is not sure, and who is new. It reads that one file.

By e-mail first, then by telephone number. What is not sure is never decided here, and what a list
does not say is never taken away.
"""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

import pandas as pd
from rapidfuzz.distance import JaroWinkler

from contacttools.auditing.fixes import Fix, Fixes
from contacttools.cleaning import keys
from contacttools.cleaning.phones import phone as dialled
from contacttools.contact import wire
from contacttools.contact.fields import Json
from contacttools.errors import BadValue
from contacttools.matching import given
from contacttools.matching.given import Given, Person
from contacttools.matching.nicknames import gendered, nickname
from contacttools.planning.render import count, visible
from contacttools.snapshot import frames
from contacttools.snapshot.contacts import Contacts
from contacttools.staging.stage import Stage

_ENOUGH = 7  # digits by which a number is known; fewer are an extension
_ALIKE = 0.88  # first names that are: one of them may be misspelt

Status = Literal["matched", "ambiguous", "new"]


@dataclass(frozen=True, slots=True)
class _Found:
    """Which contact a row is about, or may be."""

    status: Status
    candidates: tuple[str, ...] = ()
    by: str = ""
    why: str = ""
    notes: tuple[str, ...] = field(default=())


class Match:
    """Rows without ids, brought together with contacts; ``stage.apply(result)`` stages them.

    Staged is what the matched rows say otherwise than their contacts, each with the file and the
    row as the reason. A blank cell says nothing. An e-mail or phone is filled in where the contact
    has none, and labels are added; where the contact has others, a note says so.

    Attributes
    ----------
    ignored : tuple of str
        Headings that say nothing that is known; ``columns=`` says what they mean.
    """

    def __init__(self, rows: Given, found: Mapping[int, _Found], of: Contacts | Stage) -> None:
        self._rows, self._of = rows, of
        self._found = {place: self._noted(place, each) for place, each in found.items()}
        self.ignored = rows.ignored

    @property
    def matched(self) -> pd.DataFrame:
        """The rows that are about one contact, and what they say.

        Columns ``row``, ``contactId``, ``by``, ``differs`` (how many values `fixes` has of it) and
        ``note``; then what the row says.
        """
        places = self._places("matched")
        fixes = Counter(each.contact_id for each in self.fixes())
        ids = [self._found[n].candidates[0] for n in places]
        return self._frame(places, {
            "contactId": ids,
            "by": [self._found[n].by for n in places],
            "differs": [fixes[each] for each in ids],
            "note": ["; ".join(self._found[n].notes) or None for n in places],
        })  # fmt: skip

    @property
    def ambiguous(self) -> pd.DataFrame:
        """The rows to decide about: ``row``, ``why``, ``candidates``, a tuple of contact ids.

        `take` decides one.
        """
        places = self._places("ambiguous")
        return self._frame(places, {
            "why": [self._found[n].why for n in places],
            "candidates": [self._found[n].candidates for n in places],
        })  # fmt: skip

    @property
    def new(self) -> pd.DataFrame:
        """The rows that are about no contact: ``row``, ``note``, and what the row says."""
        places = self._places("new")
        notes = ["; ".join(self._found[n].notes) or None for n in places]
        return self._frame(places, {"note": notes})

    def to_frame(self) -> pd.DataFrame:
        """Return all rows: ``row``, ``status``, ``contactId``, ``by``, ``why``."""
        told = [(self._rows.people[n].row, each) for n, each in sorted(self._found.items())]
        return pd.DataFrame({
            "row": pd.Series([row for row, _ in told], dtype="int64"),
            "status": frames.text_series([each.status for _, each in told]),
            "contactId": frames.text_series(
                [each.candidates[0] if each.status == "matched" else None for _, each in told]
            ),
            "by": frames.text_series([each.by or None for _, each in told]),
            "why": frames.text_series(
                [each.why or "; ".join(each.notes) or None for _, each in told]
            ),
        })  # fmt: skip

    def take(self, row: int, contact_id: str) -> Match:
        """Return the result with one row decided: it is about this contact.

        Raises
        ------
        UnknownContact, BadValue
            There is no such contact or row, or another row is about that contact already.
        """
        _contacts(self._of).document(contact_id)
        place = next((n for n, each in enumerate(self._rows.people) if each.row == row), None)
        if place is None:
            raise BadValue(f"there is no row {row!r} in {self._rows.name}")
        for n, each in self._found.items():
            if n != place and each.status == "matched" and each.candidates == (contact_id,):
                other = self._rows.people[n].row
                why = f"contact {contact_id}: row {other} is about it already"
                raise BadValue(why, contact_id=contact_id)
        decided = _Found("matched", (contact_id,), "decision")
        return Match(self._rows, {**self._found, place: decided}, self._of)

    def fixes(self) -> Fixes:
        """Return what ``stage.apply(result)`` stages: what matched rows say otherwise."""
        return Fixes(tuple(
            fix
            for place in self._places("matched")
            for fix in self._differences(self._rows.people[place], self._found[place])
        ))  # fmt: skip

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        counts = Counter(each.status for each in self._found.values())
        told = ", ".join(f"{counts[each]:,} {each}" for each in ("matched", "ambiguous", "new"))
        fixes = self.fixes()
        line = f"<Match of {self._rows.name}: {count(len(self), 'row')}, {told}; {fixes!r}"
        if self.ignored:
            line += f"; not read: {visible(', '.join(self.ignored))}"
        return f"{line}>"

    def _places(self, status: Status) -> list[int]:
        return [n for n, each in sorted(self._found.items()) if each.status == status]

    def _frame(self, places: list[int], columns: Mapping[str, list[Json]]) -> pd.DataFrame:
        people = [self._rows.people[n] for n in places]
        data: dict[str, pd.Series[Any]] = {
            "row": pd.Series([each.row for each in people], dtype="int64")
        }
        data |= {
            name: pd.Series(values, dtype="int64") if name == "differs" else given.told(values)
            for name, values in columns.items()
        }
        data |= {
            name: given.told(each.says.get(name) for each in people) for name in self._rows.names
        }
        return pd.DataFrame(data)

    def _differences(self, person: Person, found: _Found) -> Iterator[Fix]:
        contact_id = found.candidates[0]
        document = self._of.document(contact_id)
        wide = frames.wide_columns(_contacts(self._of).extended)
        reason = f"from {self._rows.name}, row {person.row}"[:200]
        for name, said in person.says.items():
            before, after = frames.plain(wide[name].read(document)), said
            if name in ("email", "phone") and before is not None:
                continue
            if name == "labelKeys":
                held = tuple(before or ())
                after = (*held, *(each for each in said if each not in held))
                if after == held:
                    continue
            if after != (before.strip() if isinstance(before, str) else before):
                yield Fix(contact_id, None, None, name, before, after, reason)

    def _noted(self, place: int, found: _Found) -> _Found:
        """Say what of a row is not staged though its contact holds something else."""
        person = self._rows.people[place]
        notes = list(dict.fromkeys([*found.notes, *person.notes]))
        if found.status == "matched":
            document = self._of.document(found.candidates[0])
            held = _reach(document)
            for name, listed, known in (
                ("e-mail", map(_email, person.emails), held[0]),
                ("phone", person.phones, held[1]),
            ):
                keyed = [{each} if name == "e-mail" else set(_digits(each)) for each in listed]
                if known and any(not each & known for each in keyed):
                    notes.append(f"has another {name} than the contact, which was not taken")
        return replace(found, notes=tuple(dict.fromkeys(notes)))


def match(
    path_or_frame: str | os.PathLike[str] | pd.DataFrame,
    contacts: Contacts | Stage,
    columns: Mapping[str, str] | None = None,
) -> Match:
    """Find out which contacts a list of people is about, when it carries no ids.

    Parameters
    ----------
    path_or_frame : path or DataFrame
        An ``.xlsx`` or ``.csv`` file, the dashboard's own export among them, with its headings in
        the first row; or a frame.
    contacts : Contacts or Stage
        Of a stage, with what is staged.
    columns : mapping of str to str, optional
        What headings mean: columns of the wide frame, such as ``{"Vorname": "name.first", "Mail":
        "email"}``. Known without it: those columns by their own names, and of the dashboard's
        export First Name, Last Name, Company, Labels, Email 1 to 10 and Phone 1 to 10. Its
        addresses, and what the service owns, are not read.

    Returns
    -------
    Match
        ``matched``, ``ambiguous`` and ``new``. Rows are matched by e-mail, whatever its
        capitals, then by phone, in E.164 or by its digits. Ambiguous is a row whose e-mail and
        phone are of different contacts, or one of several; whose name has no word in common with
        the contact's, or whose first name is another one, as in a family with one number; that has
        neither e-mail nor phone; and every row of a contact that several rows are about.

    Raises
    ------
    UnknownField, ReadOnlyField, BadValue
        A heading or column that there is not, one the service owns, or a file that is not fit to
        be read.

    Examples
    --------
    >>> contacts = ct.connect().fetch(limit=50)
    >>> known = contacts.to_frame()["email"].dropna().drop_duplicates(keep=False)
    >>> rows = pd.DataFrame({"Mail": [known.iloc[-1], "nobody@example.net"]})
    >>> result = ct.match(rows, contacts, columns={"Mail": "email"})
    >>> result.to_frame()["status"].tolist()
    ['matched', 'new']
    >>> ct.Stage(contacts).apply(result)
    """
    if not isinstance(contacts, (Contacts, Stage)):
        why = f"match(…, contacts) takes Contacts or a Stage, not a {type(contacts).__name__}"  # type: ignore[unreachable]
        raise BadValue(why)
    rows = given.read(path_or_frame, _contacts(contacts), columns)
    index = _Index(contacts)
    found = {n: index.find(person) for n, person in enumerate(rows.people)}
    times = Counter(each.candidates[0] for each in found.values() if each.status == "matched")
    for n, each in found.items():
        if each.status == "matched" and times[each.candidates[0]] > 1:
            why = f"{times[each.candidates[0]]} rows are about this contact"
            found[n] = replace(each, status="ambiguous", why=why)
    return Match(rows, found, contacts)


class _Index:
    """Contacts by how they are reached and what they are called."""

    def __init__(self, of: Contacts | Stage) -> None:
        self._of = of
        self._places = {each: place for place, each in enumerate(_contacts(of))}
        self._emails: dict[str, set[str]] = defaultdict(set)
        self._phones: dict[str, set[str]] = defaultdict(set)
        self._names: dict[frozenset[str], set[str]] = defaultdict(set)
        for contact_id in _contacts(of):
            document = of.document(contact_id)
            emails, phones = _reach(document)
            for each in emails:
                self._emails[each].add(contact_id)
            for each in phones:
                self._phones[each].add(contact_id)
            self._names[_words(_name(document))].add(contact_id)

    def find(self, person: Person) -> _Found:
        by_email = _union(self._emails.get(_email(each), ()) for each in person.emails)
        numbers = [key for each in person.phones for key in _digits(each)]
        by_phone = _union(self._phones.get(each, ()) for each in numbers)
        called = _words(" ".join(
            str(person.says.get(each, "")) for each in ("name.first", "name.last")
        ))  # fmt: skip
        if not person.emails and not numbers:
            near = self._names.get(called, set()) if called else set()
            why = "neither an e-mail nor a phone to find the contact by"
            return _Found("ambiguous", self._ordered(near), why=why)
        if by_email and by_phone and not by_email & by_phone:
            why = "the e-mail and the phone are of different contacts"
            return _Found("ambiguous", self._ordered(by_email | by_phone), why=why)
        by = "e-mail" if by_email else "phone"
        either = by_email & by_phone or by_email or by_phone
        if not either:
            return _Found("new")
        candidates = self._ordered(either)
        if len(candidates) > 1:
            return _Found("ambiguous", candidates, why=f"several contacts have the {by}")
        if another := _another(person, self._of.document(candidates[0])):
            why = f"the {by} is of a contact of {another}"
            return _Found("ambiguous", candidates, why=why)
        return _Found("matched", candidates, by)

    def _ordered(self, ids: set[str]) -> tuple[str, ...]:
        return tuple(sorted(ids, key=self._places.__getitem__))


def _contacts(of: Contacts | Stage) -> Contacts:
    return of.contacts if isinstance(of, Stage) else of


def _union(found: Iterable[Iterable[str]]) -> set[str]:
    return {each for some in found for each in some}


def _email(text: str) -> str:
    return text.strip().lower()  # casefold would make ß of one mailbox ss, which is another


def _digits(text: str, country: str | None = None, e164: str | None = None) -> Iterator[str]:
    """Yield the keys of a telephone number: in E.164 where that is sure, and its digits."""
    verdict = dialled(text, country)
    for each in (e164, verdict.value if verdict.status in ("ok", "fixed") else None):
        if each:
            yield each
    digits = re.sub(r"\D", "", text)
    if len(digits) >= _ENOUGH:
        yield digits
        yield f"+{digits.removeprefix('00')}"


def _reach(document: Json) -> tuple[set[str], set[str]]:
    """Return all e-mails and phones of a contact, as they are looked for."""
    emails = {
        _email(each["email"])
        for each in wire.value(document, "emails") or ()
        if isinstance(each.get("email"), str)
    }
    phones = {
        key
        for each in wire.value(document, "phones") or ()
        if isinstance(each.get("phone"), str)
        for key in _digits(
            each["phone"], _text(each.get("countryCode")), _text(each.get("e164Phone"))
        )
    }
    return emails, phones


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _name(document: Json) -> str:
    parts = (wire.value(document, each) for each in ("name.first", "name.last"))
    return " ".join(str(each) for each in parts if each)


def _parts(read: Callable[[str], Json]) -> tuple[list[str], list[str]]:
    """Return the words of a first and a last name, where the first may hold both."""
    first, last = (keys.bare(str(read(each) or "")) for each in ("name.first", "name.last"))
    firsts, lasts = (re.findall(r"\w+", each) for each in (first, last))
    return (firsts, lasts) if lasts else (firsts[:1], firsts[1:])


def _another(person: Person, document: Json) -> str:
    """Return in what a row is named otherwise than a contact; empty where it is not."""
    said, held = _parts(person.says.get), _parts(partial(wire.value, document))
    every, theirs = ({*first, *last} for first, last in (said, held))
    if every and theirs and not every & theirs:
        return "quite another name"
    return "another first name" if _is_another(said, held) else ""


def _is_another(one: tuple[list[str], list[str]], two: tuple[list[str], list[str]]) -> bool:
    """Say whether two first names are of two people, as in a family with one e-mail or phone."""
    (first, _), (other, last) = one, two
    if not first or not other or {*first} & {*other, *last}:
        return False  # the same, or first and last exchanged
    mine, yours = " ".join(first), " ".join(other)
    if gendered(mine, yours):
        return True
    few, many = sorted((mine, yours), key=len)
    short = len(few) > 2 and many.startswith(few)
    alike = JaroWinkler.normalized_similarity(mine, yours) >= _ALIKE
    return not (short or alike or nickname(mine, yours))


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", keys.bare(text)))
