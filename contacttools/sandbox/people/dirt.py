"""Dirt: what goes wrong in real lists of people, one small function a defect.

Pure, given a source of chance.

Each function takes a contact as a people file has it, plants its defect, and tells whether it
could: a contact without phones cannot have a misspelt one. The name of the function is the name of
the defect.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from random import Random
from typing import TypeAlias

from contacttools.sandbox.people import words
from contacttools.sandbox.problems import Json

Contact: TypeAlias = dict[str, Json]
Defect: TypeAlias = Callable[[Random, Contact], bool]


def spoil(
    chance: Random, contact: Contact, other: Contact | None
) -> tuple[Contact, tuple[str, ...]]:
    """Plant defects in a contact.

    Parameters
    ----------
    chance
        Decides which.
    contact
        A clean one; it is changed.
    other
        One made before, which it may repeat or share a number with; None for the first.

    Returns
    -------
    tuple
        The spoilt contact, and the names of the defects.
    """
    planted = []
    if other is not None and chance.random() < 0.05:
        contact = duplicate_person(contact, other)
        planted.append(duplicate_person.__name__)
    elif other is not None and chance.random() < 0.04 and shared_office_number(contact, other):
        planted.append(shared_office_number.__name__)
    planted += [
        defect.__name__
        for rate, defect in DEFECTS
        if chance.random() < rate and defect(chance, contact)
    ]
    if phone_only.__name__ in planted:
        planted = [phone_only.__name__]
    return contact, tuple(planted)


def duplicate_person(contact: Contact, other: Contact) -> Contact:
    """Repeat an earlier person: same name, first e-mail and first phone; the rest differs."""
    repeated = copy.deepcopy(other)
    for key in ("revision", "source", "lastActivity"):
        repeated[key] = contact[key]
    repeated.pop("memberInfo", None)
    info = repeated["info"]
    for kind in ("emails", "phones"):
        if kind in info:
            info[kind] = {"items": [{**info[kind]["items"][0], "primary": True}]}
    for key in ("addresses", "company", "jobTitle", "birthdate"):
        info.pop(key, None)
        if key in contact["info"]:
            info[key] = contact["info"][key]
    return repeated


def shared_office_number(contact: Contact, other: Contact) -> bool:
    """Give a person the telephone number of another: both sit in one office."""
    phones = other["info"].get("phones", {}).get("items")
    if not phones:
        return False
    own = contact["info"].setdefault("phones", {"items": []})["items"]
    own.append({**phones[0], "tag": "WORK", "primary": not own})
    return True


def name_in_capitals(_: Random, contact: Contact) -> bool:
    """Write the name in capitals."""
    return _rename(contact, str.upper)


def name_in_lower_case(_: Random, contact: Contact) -> bool:
    """Write the name in lower case."""
    return _rename(contact, str.lower)


def blanks_around_name(chance: Random, contact: Contact) -> bool:
    """Leave blanks around one part of the name, or between its letters and the next part."""
    key = chance.choice(("first", "last"))
    name = contact["info"].get("name", {})
    if not name.get(key):
        return False
    name[key] = chance.choice((" {}", "{} ", "  {} ", "{}\t", "{}\u00a0")).format(name[key])
    return True


def names_swapped(_: Random, contact: Contact) -> bool:
    """Put the first name in the place of the last."""
    name = contact["info"].get("name", {})
    if not (name.get("first") and name.get("last")):
        return False
    name["first"], name["last"] = name["last"], name["first"]
    return True


def whole_name_in_first(_: Random, contact: Contact) -> bool:
    """Write the whole name into the first name, and the last name once more or not at all."""
    name = contact["info"].get("name", {})
    if not (name.get("first") and name.get("last")):
        return False
    name["first"] = f"{name['first']} {name['last']}"
    if len(name["first"]) % 2:
        del name["last"]
    return True


def name_missing(chance: Random, contact: Contact) -> bool:
    """Leave out a part of the name or, where there is an e-mail, all of it."""
    name = contact["info"].get("name", {})
    left_out = chance.choice((("first",), ("last",), ("first", "last")))
    if left_out == ("first", "last") and "emails" not in contact["info"]:
        left_out = ("last",)
    if not set(name) > set(left_out) and "emails" not in contact["info"]:
        return False
    for key in left_out:
        name.pop(key, None)
    return True


def company_spelled_otherwise(chance: Random, contact: Contact) -> bool:
    """Write the company in another way than others do."""
    company = contact["info"].get("company")
    if not company:
        return False
    bare = company.replace(",", "").rsplit(" ", 1)[0]
    contact["info"]["company"] = chance.choice(
        (
            company.upper(),
            company.lower(),
            bare,
            f"{company} ",
            company.replace("&", "and"),
            company.replace(".", ""),
        )
    )
    return bool(contact["info"]["company"] != company)


def email_in_capitals(chance: Random, contact: Contact) -> bool:
    """Write an e-mail address in capitals, wholly or its first letters."""
    return _respell(contact, str.upper if chance.random() < 0.5 else str.title)


def email_with_typo(chance: Random, contact: Contact) -> bool:
    """Lose a letter, swap two, or put a comma for a dot; the domain stays a reserved one."""

    def mistype(email: str) -> str:
        local, _, domain = email.partition("@")
        at = chance.randrange(len(local) - 1)
        wrong = chance.choice(
            (
                local[:at] + local[at + 1 :],
                local[:at] + local[at + 1] + local[at] + local[at + 2 :],
                local.replace(".", ",", 1),
                f" {local}",
            )
        )
        return f"{wrong}@{domain}"

    return _respell(contact, mistype)


def role_address(chance: Random, contact: Contact) -> bool:
    """Use an address of a role instead of the person's own."""
    _, domain = chance.choice(words.COMPANIES)
    return _respell(contact, lambda _: f"{chance.choice(words.ROLES)}@{domain}.example")


def phone_in_other_notation(chance: Random, contact: Contact) -> bool:
    """Write a telephone number in another notation than its country's usual one."""
    phones = contact["info"].get("phones", {}).get("items", [])
    for phone in phones:
        code = words.CALLING_CODES.get(phone.get("countryCode"))
        digits = "".join(character for character in phone["phone"] if character.isdigit())
        if code is None or phone["phone"].startswith("+"):
            continue
        bare = digits.removeprefix("0")
        notations = (
            digits,
            f"+{code} {bare}",
            f"+{code}{bare}",
            f"00{code} {bare}",
            f"({digits[:3]}) {digits[3:6]}-{digits[6:]}",
            f"{digits[:3]}.{digits[3:6]}.{digits[6:]}",
            f"{digits[:3]}/{digits[3:]}",
            f"tel: {phone['phone']}",
            f"{phone['phone']} ext. {chance.randrange(10, 99)}",
        )
        phone["phone"] = chance.choice(notations)
    return bool(phones)


def country_missing(_: Random, contact: Contact) -> bool:
    """Leave the country of the telephone numbers out."""
    phones = contact["info"].get("phones", {}).get("items", [])
    for phone in phones:
        phone.pop("countryCode", None)
    return bool(phones)


def placeholder_birthdate(_: Random, contact: Contact) -> bool:
    """Put the first day of 1900 where the date of birth is not known."""
    contact["info"]["birthdate"] = "1900-01-01"
    return True


def phone_only(_: Random, contact: Contact) -> bool:
    """Know nothing of a person but a telephone number."""
    phones = contact["info"].get("phones")
    if not phones:
        return False
    contact["info"] = {"phones": {"items": [{**phones["items"][0], "primary": True}]}}
    contact.pop("memberInfo", None)
    return True


DEFECTS: tuple[tuple[float, Defect], ...] = (
    (0.04, name_in_capitals),
    (0.05, name_in_lower_case),
    (0.05, blanks_around_name),
    (0.02, names_swapped),
    (0.02, whole_name_in_first),
    (0.04, name_missing),
    (0.15, company_spelled_otherwise),
    (0.05, email_in_capitals),
    (0.03, email_with_typo),
    (0.03, role_address),
    (0.40, phone_in_other_notation),
    (0.12, country_missing),
    (0.01, placeholder_birthdate),
    (0.02, phone_only),
)
"""Every defect of a single contact, with the share of contacts that it is tried on."""


def _rename(contact: Contact, spell: Callable[[str], str]) -> bool:
    name = contact["info"].get("name", {})
    spelt = {key: spell(value) for key, value in name.items()}
    changed = spelt != name
    name.update(spelt)
    return bool(changed)


def _respell(contact: Contact, spell: Callable[[str], str]) -> bool:
    """Spell the first e-mail address otherwise."""
    emails = contact["info"].get("emails", {}).get("items", [])
    if not emails:
        return False
    spelt = spell(emails[0]["email"])
    changed = spelt != emails[0]["email"]
    emails[0]["email"] = spelt
    return bool(changed)
