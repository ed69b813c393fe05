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

    Attributes
    ----------
    reformat_phones
        A valid North American number sent as ten bare digits is stored as ``NXX-NXX-XXXX``. Default
        true.
    merge_extended_fields
        Extended fields not sent stay as they are. False: a sent map replaces all ``custom.*``
        fields. Default true.
    merge_names
        A name sent with one member keeps the other. False: the other is cleared. Default true.
    keep_item_ids
        An item sent with an id that this contact has keeps it. False: every sent item gets a new
        id. Default true.
    null_clears
        A member sent as null is cleared. False: it is left as it was. Default true.
    default_order
        Order by ``createdDate`` of a query without a sort. Default ``"ASC"``.
    first_revision
        Revision of a new contact. Default 1.
    primary_objects
        Answers carry ``primaryEmail`` and ``primaryPhone``. Default false.
    keep_empty_fields
        A custom field sent as ``""`` stays as ``""``. False: it is removed. Default false.
    refusal_body
        What answers of 401, 403 and 429 carry: ``"json"`` an error of the usual shape, ``"empty"``
        nothing at all, ``"html"`` a page, as a gateway may send. Default ``"json"``.
    revision_required
        An update without a revision is a validation error. False: it counts as revision 0, and is
        refused as any other stale one. Default true.
    unknown_label_status
        A label key that the site does not have is answered 400, naming the member, or 404. Default
        400.
    unknown_delete_status
        Deleting a contact that is not there is answered 404, or 200 as if it had just been deleted.
        Default 404.
    quota_status
        Status of a quota reached, of labels or of extended fields. Default 428.
    labels_quota
        How many labels of its own a site may have. Not documented; the default 2000 is what one
        contact may carry and one page of the list may hold.
    fields_quota
        How many custom fields a site may have; the documented 100 by default. Fewer make a short
        test.
    job_counters
        Jobs count by ``successTotal`` and ``failedTotal``, as the ``"schema"`` says, or by
        ``processedCount`` and ``failedCount``, as the ``"samples"`` show. Default ``"schema"``.
    create_despite_duplicate
        A create refused as a duplicate has made the contact nevertheless. Default false.
    normalise_codes
        ``locale`` is stored in lower case, a bare ``subdivision`` gets its country in front.
        Default true.
    primary_first
        A new contact's primary item comes back first. Default true.
    all_emails_collide
        Every e-mail of another contact counts as a duplicate. False: only its primary one. Default
        true.
    email_case_matters
        E-mails that differ in upper and lower case are no duplicates. Default false.
    compare_e164
        Telephone numbers are duplicates by their international form, where both have one. False:
        always by their digits as typed. Default true.
    activity_on_update
        An update moves ``lastActivity``, with the type ``GENERAL``. Default false.
    refuse_two_primaries
        A list with more than one item marked as primary is refused. False: the last one marked is
        primary. Default true.
    effective_email
        A contact with e-mail has ``emailSubscriptions.effectiveEmail``. Default true.
    show_membership
        A contact linked to a member has ``members.membershipStatus``. Default true.
    count_labelling
        Labelling or unlabelling a contact adds one to its revision. Default true.
    count_forgetting
        A contact that loses a label or a value because the label or the extended field was deleted
        gets one more revision. Default true.
    request_ids
        Every answer carries ``x-wix-request-id``. Default true.
    missing_scope_status
        A known caller without the permission is answered 403; some pages say 401. Default 403.
    empty_wrappers
        A contact without e-mails, phones or addresses shows ``{}`` in their place. False: the
        member is missing. Default false.
    count_empty_updates
        An update without effective change still adds one to the revision; a bulk update never does.
        Default true.
    empty_wrapper_clears
        A list sent as ``{}``, without items, is cleared. False: it stays. Default false.
    refuse_unknown_fields
        A custom field that the site does not have is refused. False: it is ignored. Default true.
    revision_first
        An update is judged by its revision before its data. False: bad data are answered 400
        whatever the revision. Default true.
    system_definition_status
        Status of renaming or deleting what the system has defined. Default 428.
    unique_names
        A label or an extended field cannot be renamed to the name of another. Default false.

    Notes
    -----
    No switch is there where both forms of a request are accepted and either is right (the keys to
    take off a contact, the body of a rename), for field masks (announced as removed; they are
    ignored), and for which of the filter codes answers which mistake (it makes no difference to
    what a client can do about it).
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
