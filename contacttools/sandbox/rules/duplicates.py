"""Duplicates: when two contacts share an e-mail address or a telephone number.

Pure: contacts in, look-up keys out.

Every contact holds keys; a request claims some. A claim on a key that another contact holds is a
duplicate. E-mail addresses compare without regard to case. Telephone numbers compare by their
international form when both have one, else by their digits; hence a number with an international
form is held under two keys, and digits are held apart by whether there was one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contacttools.sandbox.problems import Json, Problem, duplicate
from contacttools.sandbox.settings import Settings


@dataclass(frozen=True, slots=True)
class Claim:
    """One key under which a request's value would be found on another contact.

    Attributes
    ----------
    key
        As `held` writes it.
    email
        The e-mail address claimed, if it is one.
    phone
        The telephone number claimed, if it is one.
    """

    key: str
    email: str | None = None
    phone: str | None = None

    def refused(self, holder: str) -> Problem:
        """Give the answer to this claim when another contact holds the key."""
        return duplicate(holder, email=self.email, phone=self.phone)


def reading(settings: Settings) -> str:
    """Name the settings that decide which keys contacts hold."""
    switches = (settings.all_emails_collide, settings.email_case_matters, settings.compare_e164)
    return " ".join(map(str, switches))


def held(contact: Mapping[str, Json], settings: Settings) -> frozenset[str]:
    """Give the keys that a contact holds against others."""
    info = contact["info"]
    keys = {
        _email_key(item["email"], settings)
        for item in _items(info, "emails")
        if item["primary"] or settings.all_emails_collide
    }
    for item in _items(info, "phones"):
        digits = _digits(item["phone"])
        if "e164Phone" in item and settings.compare_e164:
            keys.add(f"e164:{item['e164Phone']}")
            keys.add(f"digits-of-valid:{digits}")
        elif digits:
            keys.add(f"digits:{digits}")
    return frozenset(keys)


def claims(
    sent: Mapping[str, Json], contact: Mapping[str, Json], settings: Settings
) -> tuple[Claim, ...]:
    """Give what a request claims.

    Parameters
    ----------
    sent
        The `info` of the request. If it gives e-mails, only they count; if it gives phones alone,
        they count.
    contact
        The contact as it would be stored.
    settings
        How open points are read.

    Returns
    -------
    tuple of Claim
        In the order of the items.
    """
    if _items(sent, "emails"):
        return tuple(
            Claim(_email_key(item["email"], settings), email=item["email"])
            for item in _items(contact["info"], "emails")
        )
    if _items(sent, "phones"):
        return tuple(
            claim
            for item in _items(contact["info"], "phones")
            for claim in _phone_claims(item, settings)
        )
    return ()


def _phone_claims(item: Mapping[str, Json], settings: Settings) -> tuple[Claim, ...]:
    digits = _digits(item["phone"])
    if "e164Phone" in item and settings.compare_e164:
        keys = (f"e164:{item['e164Phone']}", f"digits:{digits}")
    elif digits:
        keys = (f"digits:{digits}", f"digits-of-valid:{digits}")
    else:
        return ()
    return tuple(Claim(key, phone=item["phone"]) for key in keys)


def _items(info: Mapping[str, Json], kind: str) -> list[dict[str, Json]]:
    return (info.get(kind) or {}).get("items") or []


def _email_key(email: str, settings: Settings) -> str:
    return f"email:{email if settings.email_case_matters else email.lower()}"


def _digits(phone: str) -> str:
    return "".join(character for character in phone if character.isdigit())
