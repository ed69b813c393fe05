"""People: what of contacts is compared, each value in the form that is compared. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import jellyfish
import numpy as np
import pandas as pd

from contacttools.auditing.rule import Audited
from contacttools.cleaning.companies import without_form
from contacttools.cleaning.keys import bare
from contacttools.cleaning.text import clean
from contacttools.snapshot.contacts import Contacts
from contacttools.snapshot.frames import Table
from contacttools.staging.stage import Stage

_NOBODY = ("1900-01-01", "1970-01-01", "0001-01-01")  # what programmes put where no date is known
_SHOWN_ALONE = ("name.first", "name.last", "birthdate", "company")
_SHOWN_ITEMS: dict[Table, list[str]] = {
    "emails": ["email"],
    "phones": ["phone"],
    "addresses": [
        "addressLine", "streetAddress.name", "streetAddress.number", "addressLine2", "postalCode",
        "city", "country",
    ],
}  # fmt: skip
_SIGNS = re.compile(r"[-‐‑־/,;]")  # between two words or numbers; others are within a word
_NUMBER = re.compile(r"\d+(?:[a-z]\b)?")
_SHORTEST = 6  # digits; fewer are an extension


@dataclass(frozen=True)
class People:
    """Contacts as they are compared: by position, from 0; an empty text is missing.

    Attributes
    ----------
    ids : list of str
    names : DataFrame
        One row each: ``first``, ``last``, ``birthdate``, ``company``.
    emails, phones, addresses : DataFrame
        One row an item, with ``who`` it belongs to, a position.
    audited : Audited
        The contacts as they are, to be shown.
    """

    ids: list[str]
    names: pd.DataFrame
    emails: pd.DataFrame
    phones: pd.DataFrame
    addresses: pd.DataFrame
    audited: Audited

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def sounds(self) -> pd.DataFrame:
        """How each first and last name sounds."""
        return pd.DataFrame({side: _each(self.names[side], sound) for side in ("first", "last")})

    @cached_property
    def position(self) -> dict[str, int]:
        """Where each contact is, by its id."""
        return {contact_id: at for at, contact_id in enumerate(self.ids)}

    def called(self, contact_id: str) -> str:
        """Return the name of a contact; without one, whatever reaches it."""
        shown = self.shown([contact_id])[contact_id]
        name = f"{shown['name.first']} {shown['name.last']}".strip()
        return name or shown["emails"] or shown["phones"] or "no name"

    def shown(self, contact_ids: Iterable[str]) -> dict[str, dict[str, str]]:
        """Return what contacts hold, by id and column; of several items, one after another."""
        found = {}
        for contact_id in contact_ids:
            row = self.audited.wide.iloc[self.position[contact_id]]
            held = {name: _text(row[name]) for name in _SHOWN_ALONE}
            for table, columns in _SHOWN_ITEMS.items():
                items = self.audited.table(table).iloc[self._items[table].get(contact_id, [])]
                lines = [[_text(each) for each in line] for line in items[columns].to_numpy()]
                held[table] = "; ".join(" ".join(filter(None, line)) for line in lines)
            found[contact_id] = held
        return found

    @cached_property
    def _items(self) -> dict[str, dict[str, list[int]]]:
        """The rows of each contact in each table."""
        return {
            table: {
                str(who): list(rows)
                for who, rows in self.audited.table(table).groupby("contactId").indices.items()
            }
            for table in _SHOWN_ITEMS
        }


def people(of: Contacts | Stage) -> People:
    """Return contacts, or a stage with what is staged, as they are compared."""
    audited = Audited(of)
    ids = audited.wide.index.tolist()
    wide = audited.wide.reset_index(drop=True)
    at = pd.Series(np.arange(len(ids)), index=ids)
    first, last = _parts(_each(wide["name.first"], _name), _each(wide["name.last"], _name))
    names = pd.DataFrame(
        {
            "first": first,
            "last": last,
            "birthdate": _each(wide["birthdate"], _day),
            "company": _each(wide["company"], lambda value: without_form(clean(value))),
        }
    )
    table = audited.table("emails")
    address = _each(audited.emails["value"], lambda value: clean(value).lower())
    local = _each(address, lambda value: value.partition("@")[0])
    emails = pd.DataFrame({"who": table["contactId"].map(at), "value": address, "local": local})
    phones = pd.DataFrame(
        {"who": audited.table("phones")["contactId"].map(at),
         "value": _each(audited.phones["value"], _digits)}
    )  # fmt: skip
    return People(
        ids, names, _once(emails), _once(phones),
        _addresses(audited.table("addresses"), at), audited,
    )  # fmt: skip


def sound(text: str) -> str:
    """Return how a name sounds, in English; of other scripts, its first three letters."""
    letters = re.sub("[^a-z]", "", text)
    return jellyfish.soundex(letters) if letters else text[:3]


def _each(column: pd.Series, how: Callable[[str], str]) -> pd.Series:
    """Return what a function makes of every value; each is asked for once, missing is empty."""
    codes, values = pd.factorize(column)
    made = np.array([how(value) for value in values] + [""], dtype=object)
    return pd.Series(made[codes], index=column.index, dtype=object)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _once(items: pd.DataFrame) -> pd.DataFrame:
    held = items[items["value"] != ""].drop_duplicates(["who", "value"])
    return held.reset_index(drop=True).astype({"who": "int64"})


def _name(value: str) -> str:
    return " ".join(bare(_SIGNS.sub(" ", clean(value))).split())


def _parts(first: pd.Series, last: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return first and last names where one column may hold all of it."""
    firsts, lasts = [], []
    for one, two in zip(first, last, strict=True):
        whole, other = one, two
        if two and one.endswith(f" {two}"):
            whole = one[: -len(two) - 1]
        elif one and two.startswith(f"{one} "):
            other = two[len(one) + 1 :]
        elif " " in one and not two:
            whole, _, other = one.partition(" ")
        elif " " in two and not one:
            whole, _, other = two.partition(" ")
        firsts.append(whole)
        lasts.append(other)
    return pd.Series(firsts, dtype=object), pd.Series(lasts, dtype=object)


def _day(value: str) -> str:
    return "" if value in _NOBODY else value.strip()


def _digits(value: str) -> str:
    bare_number = re.split(r"(?i)\s*(?:ext|x|#)\.?\s*\d+\s*$", value)[0]
    digits = re.sub(r"\D", "", bare_number)
    return digits if len(digits) >= _SHORTEST else ""


def _addresses(table: pd.DataFrame, at: pd.Series) -> pd.DataFrame:
    """Return one row an address: street, number, second line, city, postal code."""

    def held(name: str) -> pd.Series:
        return _each(table[name], lambda value: " ".join(bare(_SIGNS.sub(" ", value)).split()))

    line, street = held("addressLine"), held("streetAddress.name")
    number = held("streetAddress.number")
    line = line.where(line != "", (number + " " + street).str.strip())
    parts = pd.DataFrame([_numbered(each) for each in line], columns=["number", "street"])
    found = pd.DataFrame(
        {
            "who": table["contactId"].map(at).to_numpy(),
            "street": parts["street"].to_numpy(dtype=object),
            "number": parts["number"].to_numpy(dtype=object),
            "line2": held("addressLine2").to_numpy(),
            "city": held("city").to_numpy(),
            "postcode": held("postalCode").str.replace(" ", "").to_numpy(dtype=object),
        }
    )
    empty = (found[["street", "line2", "city", "postcode"]] == "").all(axis=1)
    return found[~empty].drop_duplicates().reset_index(drop=True).astype({"who": "int64"})


def _numbered(line: str) -> tuple[str, str]:
    """Return the number of a house, with that of the flat, and the street without it."""
    street = " ".join(_NUMBER.sub(" ", line).split())
    return " ".join(_NUMBER.findall(line)), street
