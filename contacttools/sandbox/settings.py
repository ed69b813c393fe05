"""Settings: the open points of the API as switches. A frozen value; touches nothing.

No page of the API's documentation settles the points below. Each default is the reading with the
better evidence; a client that is right under both values of every switch need not know which one
the live service follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the sandbox reads what the documentation leaves open.

    The number before each text is the point's number in the project's list of open points (section
    12 of its notes on the API); points without a number are single rows of section 4.

    Attributes
    ----------
    reformat_phones
        12.1: a valid North American number sent as ten bare digits is stored as ``NXX-NXX-XXXX``.
        Default true.
    merge_extended_fields
        12.3: extended fields not sent stay as they are. False: a sent map replaces all ``custom.*``
        fields. Default true.
    merge_names
        12.4: a name sent with one member keeps the other. False: the other is cleared. Default
        true.
    keep_item_ids
        12.5: an item sent with an id that this contact has keeps it. False: every sent item gets a
        new id. Default true.
    null_clears
        12.6: a member sent as null is cleared. False: it is left as it was. Default true.
    default_order
        12.7: order by ``createdDate`` of a query without a sort. Default ``"ASC"``.
    first_revision
        12.8: revision of a new contact. Default 1.
    primary_objects
        12.9: answers carry ``primaryEmail`` and ``primaryPhone``. Default false.
    keep_empty_fields
        12.10: a custom field sent as ``""`` stays as ``""``. False: it is removed. Default false.
    normalise_codes
        12.17: ``locale`` is stored in lower case, a bare ``subdivision`` gets its country in front.
        Default true.
    primary_first
        12.18: a new contact's primary item comes back first. Default true.
    all_emails_collide
        12.19: every e-mail of another contact counts as a duplicate. False: only its primary one.
        Default true.
    activity_on_update
        12.20: an update moves ``lastActivity``, with the type ``GENERAL``. Default false.
    effective_email
        12.24: a contact with e-mail has ``emailSubscriptions.effectiveEmail``. Default true.
    show_membership
        12.25: a contact linked to a member has ``members.membershipStatus``. Default true.
    count_empty_updates
        Section 4: an update without effective change still adds one to the revision. Default true.
    """

    reformat_phones: bool = True
    merge_extended_fields: bool = True
    merge_names: bool = True
    keep_item_ids: bool = True
    null_clears: bool = True
    default_order: Literal["ASC", "DESC"] = "ASC"
    first_revision: int = 1
    primary_objects: bool = False
    keep_empty_fields: bool = False
    normalise_codes: bool = True
    primary_first: bool = True
    all_emails_collide: bool = True
    activity_on_update: bool = False
    effective_email: bool = True
    show_membership: bool = True
    count_empty_updates: bool = True
