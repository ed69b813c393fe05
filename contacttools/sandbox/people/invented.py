"""People: invented contacts, with the dirt of a real list, always the same for the same seed.

Pure: needs only a seed.

A person is made clean here; `dirt` then spoils some. Nobody is real: see `words`.
"""

from __future__ import annotations

import unicodedata
from datetime import date, timedelta
from random import Random

from contacttools.sandbox.people import dirt, words
from contacttools.sandbox.people.loading import Person, guid
from contacttools.sandbox.people.words import Culture
from contacttools.sandbox.problems import Json
from contacttools.sandbox.rules import definitions

_SOURCES = (
    "IMPORT",
    "ADMIN",
    "WIX_FORMS",
    "WIX_SITE_MEMBERS",
    "WIX_STORES",
    "WIX_BOOKINGS",
    "THIRD_PARTY",
)
_ACTIVITIES = (
    "CONTACT_CREATED",
    "FORM_SUBMITTED",
    "ECOM_PURCHASE",
    "MEMBER_LOGIN",
    "EVENTS_RSVP",
    "SHOUTOUT_OPEN",
)
_SUBSCRIPTIONS = ("NOT_SET",) * 10 + ("SUBSCRIBED",) * 7 + ("PENDING",) + ("UNSUBSCRIBED",) * 2
_EPOCH = date(1938, 1, 1)


def invent(count: int, seed: int) -> list[Person]:
    """Invent people.

    Parameters
    ----------
    count
        How many.
    seed
        The same seed gives the same people; the first thousand of ten thousand are not those of one
        thousand.

    Returns
    -------
    list of Person
        As a people file would have them.
    """
    return [person for person, _ in planted(count, seed)]


def planted(count: int, seed: int) -> list[tuple[Person, tuple[str, ...]]]:
    """Invent people, and tell what is wrong with each.

    Parameters
    ----------
    count, seed
        As for `invent`.

    Returns
    -------
    list of tuple
        Each person with the names of the defects planted: names of functions in `dirt`.
    """
    chance = Random(f"people/{seed}/{count}")  # noqa: S311 - repeatable, not secret
    cultures = [culture for _, culture in words.CULTURES]
    shares = [share for share, _ in words.CULTURES]
    crowd: list[tuple[Person, tuple[str, ...]]] = []
    for line, culture in enumerate(chance.choices(cultures, shares, k=count), 1):
        contact = _contact(chance, culture, line, seed)
        other = chance.choice(crowd)[0].contact if crowd else None
        contact, defects = dirt.spoil(chance, contact, other)
        crowd.append((Person(line, contact), defects))
    return crowd


def labels() -> list[dict[str, Json]]:
    """Define the labels that invented people carry."""
    return [definitions.label(key, name) for key, name in words.LABELS.items()]


def fields() -> list[dict[str, Json]]:
    """Define the custom fields that invented people have."""
    return [definitions.field(key, kind, name) for key, (name, kind) in words.FIELDS.items()]


def _contact(chance: Random, culture: Culture, line: int, seed: int) -> dict[str, Json]:
    """Make one clean contact."""
    first, last = chance.choice(culture.firsts), chance.choice(culture.lasts)
    info: dict[str, Json] = {"name": {"first": first, "last": last}}
    company, domain = chance.choice(words.COMPANIES)
    employed = chance.random() < 0.55
    if emails := _emails(chance, first, last, line, domain if employed else None):
        info["emails"] = {"items": emails}
    if phones := _phones(chance, culture):
        info["phones"] = {"items": phones}
    if chance.random() < 0.5:
        info["addresses"] = {
            "items": [_address(chance, culture) for _ in range(chance.choice((1, 1, 1, 2)))]
        }
    if employed:
        info |= {"company": company, "jobTitle": chance.choice(words.JOBS)}
    if chance.random() < 0.35:
        info["birthdate"] = (_EPOCH + timedelta(days=chance.randrange(25_000))).isoformat()
    if chance.random() < 0.8:
        info["locale"] = culture.locale
    if carried := _labels(chance):
        info["labelKeys"] = {"items": carried}
    info["extendedFields"] = {"items": _extended(chance, domain, bool(emails))}
    return _owned(chance, {"info": info}, line, seed)


def _owned(chance: Random, contact: dict[str, Json], line: int, seed: int) -> dict[str, Json]:
    """Add what belongs to the service, apart from dates and ids."""
    contact["revision"] = chance.choice((1, 1, 1, 2, 3, 5, 8, 17, 42))
    contact["source"] = {
        "sourceType": chance.choice(_SOURCES),
        "appId": guid(seed, "app", line % 7),
    }
    contact["lastActivity"] = {"activityType": chance.choice(_ACTIVITIES)}
    if "emails" in contact["info"] and chance.random() < 0.06:
        contact["memberInfo"] = {"memberId": guid(seed, "member", line)}
    return contact


def _emails(
    chance: Random, first: str, last: str, line: int, company: str | None
) -> list[dict[str, Json]]:
    names = _ascii(first), _ascii(last)
    local = ".".join(name for name in names if name) or f"person{line}"
    domain = chance.choice(words.DOMAINS)
    found = [(f"{local}{line}@{domain}", chance.choice(("UNTAGGED", "MAIN", "HOME")))]
    if company is not None:
        found.append((f"{local}{line}@{company}.example", "WORK"))
    if chance.random() < 0.1:
        found.append((f"{local}.{line}.alt@{chance.choice(words.DOMAINS)}", "HOME"))
    count = chance.choices((0, 1, 2, 3), (8, 70, 16, 6))[0]
    main = chance.randrange(max(min(count, len(found)), 1))
    return [
        {"tag": tag, "email": email, "primary": position == main}
        for position, (email, tag) in enumerate(found[:count])
    ]


def _phones(chance: Random, culture: Culture) -> list[dict[str, Json]]:
    # Countries without numbers reserved for fiction lend some from elsewhere: many people live
    # abroad.
    country = (
        culture.country if culture.country in words.PHONES else chance.choice(("US", "GB", "DE"))
    )
    count = chance.choices((0, 1, 2, 3), (22, 52, 20, 6))[0]
    tags = ("MOBILE", "WORK", "HOME", "UNTAGGED", "MAIN", "FAX")
    return [
        {
            "tag": chance.choice(tags),
            "countryCode": country,
            "phone": number(chance, country),
            "primary": position == 0,
        }
        for position in range(count)
    ]


def number(chance: Random, country: str) -> str:
    """Give a number reserved for fiction, in the usual notation of its country."""
    pattern = chance.choice(words.PHONES[country])
    return "".join(
        chance.choice("0123456789") if character == "#" else character for character in pattern
    )


def _address(chance: Random, culture: Culture) -> dict[str, Json]:
    city, region, postal_code = chance.choice(culture.places)
    street = chance.choice(culture.streets).replace("#", str(chance.randrange(1, 200)))
    address = {
        "addressLine": street,
        "city": city,
        "country": culture.country,
        "postalCode": postal_code,
    }
    if region:
        address["subdivision"] = region
    return {
        "tag": chance.choice(("HOME", "WORK", "BILLING", "SHIPPING", "UNTAGGED")),
        "address": address,
    }


def _labels(chance: Random) -> list[str]:
    keys = [*words.LABELS, "contacts.customers", "contacts.contacted-me"]
    return chance.sample(keys, chance.choices((0, 1, 2, 3), (45, 35, 15, 5))[0])


def _extended(chance: Random, domain: str, reachable: bool) -> dict[str, Json]:  # noqa: FBT001 - private
    fields: dict[str, Json] = {}
    if chance.random() < 0.15:
        fields["custom.nickname"] = chance.choice(words.NICKNAMES)
    if chance.random() < 0.4:
        fields["custom.customer-number"] = chance.randrange(10_000, 99_999)
    if chance.random() < 0.3:
        fields["custom.last-contacted"] = (
            date(2022, 1, 1) + timedelta(days=chance.randrange(1_000))
        ).isoformat()
    if chance.random() < 0.2:
        fields["custom.website"] = f"https://www.{domain}.example"
    if reachable:
        fields["emailSubscriptions.subscriptionStatus"] = chance.choice(_SUBSCRIPTIONS)
        bounced = chance.random() < 0.03
        fields["emailSubscriptions.deliverabilityStatus"] = "BOUNCED" if bounced else "NOT_SET"
    if chance.random() < 0.1:
        fields["invoices.vatId"] = ""
    return fields


def _ascii(name: str) -> str:
    """Give the letters that an e-mail address may have: none of a name in another script."""
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss"))
    return "".join(
        character for character in plain if character.isascii() and character.isalnum()
    ).lower()
