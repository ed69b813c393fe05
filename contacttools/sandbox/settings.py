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
    12 of its notes on the API); points without a number are single rows of the section named.

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
    refusal_body
        12.11: what answers of 401, 403 and 429 carry: ``"json"`` an error of the usual shape,
        ``"empty"`` nothing at all, ``"html"`` a page, as a gateway may send. Default ``"json"``.
    revision_required
        12.12: an update without a revision is a validation error. False: it counts as revision 0,
        and is refused as any other stale one. Default true.
    unknown_label_status
        12.12: a label key that the site does not have is answered 400, naming the member, or 404.
        Default 400.
    unknown_delete_status
        12.12: deleting a contact that is not there is answered 404, or 200 as if it had just been
        deleted. Default 404.
    quota_status
        12.12: status of a quota reached, of labels or of extended fields. Default 428.
    labels_quota
        12.12: how many labels of its own a site may have. Not documented; the default 2000 is what
        one contact may carry and one page of the list may hold.
    fields_quota
        How many custom fields a site may have; the documented 100 by default. Fewer make a short
        test.
    job_counters
        12.13: jobs count by ``successTotal`` and ``failedTotal``, as the ``"schema"`` says, or by
        ``processedCount`` and ``failedCount``, as the ``"samples"`` show. Default ``"schema"``.
    create_despite_duplicate
        12.16: a create refused as a duplicate has made the contact nevertheless. Default false.
    normalise_codes
        12.17: ``locale`` is stored in lower case, a bare ``subdivision`` gets its country in front.
        Default true.
    primary_first
        12.18: a new contact's primary item comes back first. Default true.
    all_emails_collide
        12.19: every e-mail of another contact counts as a duplicate. False: only its primary one.
        Default true.
    email_case_matters
        12.19: e-mails that differ in upper and lower case are no duplicates. Default false.
    compare_e164
        12.19: telephone numbers are duplicates by their international form, where both have one.
        False: always by their digits as typed. Default true.
    activity_on_update
        12.20: an update moves ``lastActivity``, with the type ``GENERAL``. Default false.
    refuse_two_primaries
        12.22: a list with more than one item marked as primary is refused. False: the last one
        marked is primary. Default true.
    effective_email
        12.24: a contact with e-mail has ``emailSubscriptions.effectiveEmail``. Default true.
    show_membership
        12.25: a contact linked to a member has ``members.membershipStatus``. Default true.
    count_labelling
        12.26: labelling or unlabelling a contact adds one to its revision. Default true.
    count_forgetting
        12.26: a contact that loses a label or a value because the label or the extended field was
        deleted gets one more revision. Default true.
    request_ids
        12.27: every answer carries ``x-wix-request-id``. Default true.
    missing_scope_status
        Section 1: a known caller without the permission is answered 403; some pages say 401.
        Default 403.
    empty_wrappers
        Section 2: a contact without e-mails, phones or addresses shows ``{}`` in their place.
        False: the member is missing. Default false.
    count_empty_updates
        Section 4: an update without effective change still adds one to the revision. Default true.
    empty_wrapper_clears
        Section 4: a list sent as ``{}``, without items, is cleared. False: it stays. Default false.
    refuse_unknown_fields
        Section 4: a custom field that the site does not have is refused. False: it is ignored.
        Default true.
    revision_first
        Section 4: an update is judged by its revision before its data. False: bad data are answered
        400 whatever the revision. Default true.
    system_definition_status
        Section 7: status of renaming or deleting what the system has defined. Default 428.
    unique_names
        Section 7: a label or an extended field cannot be renamed to the name of another. Default
        false.

    Notes
    -----
    No switch is there for 12.2 (two samples that do not belong together), 12.14 and 12.15 (both
    forms of a request are accepted, and either is right), 12.21 (field masks are announced as
    removed, and no client here sends one) and 12.23 (which of the filter codes answers which
    mistake makes no difference to what a client can do about it).
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
    refusal_body: Literal["json", "empty", "html"] = "json"
    revision_required: bool = True
    unknown_label_status: Literal[400, 404] = 400
    unknown_delete_status: Literal[404, 200] = 404
    quota_status: int = 428
    labels_quota: int = 2000
    fields_quota: int = 100
    job_counters: Literal["schema", "samples"] = "schema"
    create_despite_duplicate: bool = False
    normalise_codes: bool = True
    primary_first: bool = True
    all_emails_collide: bool = True
    email_case_matters: bool = False
    compare_e164: bool = True
    activity_on_update: bool = False
    refuse_two_primaries: bool = True
    effective_email: bool = True
    show_membership: bool = True
    count_labelling: bool = True
    count_forgetting: bool = True
    request_ids: bool = True
    missing_scope_status: Literal[403, 401] = 403
    empty_wrappers: bool = False
    count_empty_updates: bool = True
    empty_wrapper_clears: bool = False
    refuse_unknown_fields: bool = True
    revision_first: bool = True
    system_definition_status: int = 428
    unique_names: bool = False
