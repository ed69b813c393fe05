"""Emails: rules of e-mail addresses. Pure; no name server is asked."""

from __future__ import annotations

import pandas as pd

from contacttools.auditing.rule import Audited, rule

ROLES = frozenset(
    ("abuse", "accounting", "accounts", "admin", "administration", "billing", "booking", "bookings",
     "careers", "contact", "customerservice", "enquiries", "finance", "hello", "help", "helpdesk",
     "hr", "info", "inquiries", "invoice", "invoices", "jobs", "kontakt", "mail", "marketing",
     "no-reply", "noreply", "office", "orders", "postmaster", "press", "privacy", "reception",
     "reservations", "sales", "security", "service", "shop", "support", "team", "webmaster",
     "welcome")
)  # fmt: skip
_DISPOSABLE = frozenset(
    ("10minutemail.com", "discard.email", "dispostable.com", "fakeinbox.com", "getnada.com",
     "guerrillamail.com", "guerrillamail.net", "mailcatch.com", "maildrop.cc", "mailinator.com",
     "mailnesia.com", "mintemail.com", "mohmal.com", "sharklasers.com", "spamgourmet.com",
     "temp-mail.org", "tempmail.com", "throwawaymail.com", "trashmail.com", "yopmail.com")
)  # fmt: skip
#: Where most people have their mail, and what is typed for it by mistake.
_PROVIDERS = (
    "gmail.com", "googlemail.com", "yahoo.com", "hotmail.com", "outlook.com", "icloud.com",
    "live.com", "msn.com", "aol.com", "gmx.de", "gmx.net", "web.de", "yahoo.co.uk", "orange.fr",
)  # fmt: skip


def _local(frame: pd.DataFrame) -> pd.Series[str]:
    return frame["email"].fillna("").str.rpartition("@")[0].str.casefold()


def _domain(frame: pd.DataFrame) -> pd.Series[str]:
    return frame["email"].fillna("").str.rpartition("@")[2].str.casefold().str.strip()


@rule(severity="error", table="emails", column="email")
def email_invalid(frame: pd.DataFrame, audited: Audited) -> pd.Series[str]:
    """An e-mail address that is none by the standards."""
    told = audited.emails
    return told["why"].where((told["status"] == "invalid") & frame["email"].notna())


@rule(severity="info", table="emails", column="email")
def email_spelling(_: pd.DataFrame, audited: Audited) -> pd.DataFrame:
    """Capitals in an e-mail address, or something around it."""
    told = audited.emails
    return told.rename(columns={"value": "suggestion"})[told["status"] == "fixed"]


@rule(severity="info", table="emails", column="email")
def role_address(frame: pd.DataFrame) -> pd.Series[bool]:
    """The address of a role, such as info@, which no person can be greeted by."""
    return _local(frame).isin(ROLES)


@rule(severity="warning", table="emails", column="email")
def disposable_address(frame: pd.DataFrame) -> pd.Series[bool]:
    """An address of a service that throws mail away."""
    return _domain(frame).isin(_DISPOSABLE)


@rule(severity="warning", table="emails", column="email")
def domain_typo(frame: pd.DataFrame) -> pd.DataFrame:
    """A domain one letter away from that of a large provider."""
    domain = _domain(frame)
    found = domain.map({each: _meant(each) for each in domain.unique()}).astype("str")
    suggestion = frame["email"].str.rpartition("@")[0] + "@" + found
    why = "probably " + found
    return pd.DataFrame({"suggestion": suggestion, "why": why})[found.notna()]


@rule(severity="error", column="email")
def email_bounced(frame: pd.DataFrame) -> pd.Series[bool]:
    """Mail to the address came back."""
    status = frame.get("emailSubscriptions.deliverabilityStatus", pd.Series("", index=frame.index))
    return status.fillna("").isin(["BOUNCED", "INVALID", "INACTIVE"])


def _meant(domain: str) -> str | None:
    """Return the provider whose domain is one slip away; None where there is none, or several."""
    if domain in _PROVIDERS or len(domain) < 6:
        return None
    found = [each for each in _PROVIDERS if len(each) > 6 and _one_slip(domain, each)]
    return found[0] if len(found) == 1 else None


def _one_slip(one: str, two: str) -> bool:
    """Say whether a letter was left out, added, mistaken, or two were exchanged."""
    if abs(len(one) - len(two)) > 1:
        return False
    short, long = sorted((one, two), key=len)
    at = next((n for n, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) < len(long):
        return short[at:] == long[at + 1 :]
    swapped = short[at + 1 : at + 2] + short[at : at + 1] + short[at + 2 :]
    return short[at + 1 :] == long[at + 1 :] or swapped == long[at:]
