"""Lists: the e-mails, phones and addresses of a contact, built from what a request sent.

Pure: JSON values in and out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, TypeAlias

from contacttools.sandbox.problems import Json, application
from contacttools.sandbox.rules import derive
from contacttools.sandbox.settings import Settings

Kind: TypeAlias = Literal["emails", "phones", "addresses"]
Item: TypeAlias = dict[str, Json]

_ADDRESS_PARTS = (
    "city",
    "subdivision",
    "country",
    "postalCode",
    "formattedAddress",
    "addressLine",
    "streetAddress",
    "addressLine2",
    "geocode",
    "hint",
)


def build(
    kind: Kind,
    sent: Iterable[Item],
    *,
    known_ids: Iterable[str],
    new_id: Callable[[], str],
    settings: Settings,
) -> list[Item]:
    """Build the items of a list as the service stores them.

    Parameters
    ----------
    kind
        Which list.
    sent
        The items of the request; their types have been checked.
    known_ids
        Ids that items may bring along: those that the contact's list has now.
    new_id
        Gives a fresh id for any other item.
    settings
        How open points are read.

    Returns
    -------
    list of dict
        The items in the order sent, complete with tag, id, primary mark and derived values.

    Raises
    ------
    Problem
        400, if more than one item is marked as primary, unless a setting lets the last one win.
    """
    items = list(sent)
    free = set(known_ids)
    built = []
    for item in items:
        item_id = item["id"] if item.get("id") in free else new_id()
        free.discard(item_id)
        built.append(_BUILDERS[kind](item, item_id, settings))
    if kind != "addresses":
        _mark_primary(built, items, settings)
    return built


def known(value: Mapping[str, Json], members: Iterable[str]) -> Item:
    """Give those members of an object that are among the known ones, without null and ``{}``."""
    return {key: value[key] for key in members if value.get(key) not in (None, {})}


def primary_first(items: list[Item]) -> list[Item]:
    """Put the primary item of a list in front; the others keep their order."""
    return sorted(items, key=lambda item: not item["primary"])


def _mark_primary(built: list[Item], sent: list[Item], settings: Settings) -> None:
    """Mark exactly one item of a list as primary: the one sent as such, else the first."""
    marked = [position for position, item in enumerate(sent) if item.get("primary")]
    if len(marked) > 1 and settings.refuse_two_primaries:
        raise application(
            400,
            "CANNOT_HAVE_MULTIPLE_PRIMARY_INFO",
            "Only one item of a list can be marked as primary.",
        )
    chosen = marked[-1] if marked else 0
    for position, item in enumerate(built):
        item["primary"] = position == chosen


def _email(sent: Item, item_id: str, _: Settings) -> Item:
    return {"tag": _tag(sent), "email": sent["email"], "primary": False, "id": item_id}


def _phone(sent: Item, item_id: str, settings: Settings) -> Item:
    country = sent.get("countryCode")
    international = derive.e164(sent["phone"], country)
    item = {
        "tag": _tag(sent),
        "countryCode": country,
        "phone": derive.phone_text(sent["phone"], international, settings),
        "e164Phone": international,
        "primary": False,
        "id": item_id,
    }
    return {key: value for key, value in item.items() if value is not None}


def _address(sent: Item, item_id: str, settings: Settings) -> Item:
    given = sent.get("address") or {}
    coordinates = known(given.get("geocode") or {}, _COORDINATES)
    parts = {
        **given,
        "streetAddress": known(given.get("streetAddress") or {}, _STREET_PARTS),
        "geocode": {key: float(value) for key, value in coordinates.items()},
    }
    address = known(parts, _ADDRESS_PARTS)
    if "subdivision" in address:
        address["subdivision"] = derive.subdivision(
            address["subdivision"], address.get("country"), settings
        )
    if not address.get("formattedAddress"):
        address.pop("formattedAddress", None)
        if written := derive.formatted_address(address):
            address["formattedAddress"] = written
    return {"tag": _tag(sent), "address": address, "id": item_id}


_COORDINATES = ("latitude", "longitude")
_STREET_PARTS = ("number", "name", "apt")


def _tag(sent: Item) -> str:
    return sent.get("tag") or "UNTAGGED"


_BUILDERS: dict[Kind, Callable[[Item, str, Settings], Item]] = {
    "emails": _email,
    "phones": _phone,
    "addresses": _address,
}
