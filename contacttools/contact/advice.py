"""Advice: what to do about a refusal of the service, by its code. Pure; nobody else words it."""

from __future__ import annotations

ADVICE = {
    "CANNOT_DELETE_CONTACT_WITH_BILLING_SUBSCRIPTION": "cancel the contact's subscription first",
    "CANNOT_DELETE_MEMBER": "the contact is a site member: delete the member in the Members API",
    "CANNOT_DELETE_MEMBER_OWNER_OR_CONTRIBUTOR": "the contact is an owner or a contributor of "
    "the site: take that role away first",
    "CANNOT_HAVE_MULTIPLE_PRIMARY_INFO": "mark one item as primary",
    "CANNOT_UPDATE_MEMBER_EMAIL": "change the member's login e-mail in the Members API, "
    "the contact follows",
    "CONTACT_ALREADY_CHANGED": "get the contact again, look at what changed, then decide",
    "CONTACT_ID_ALREADY_EXISTS": "look for the contact before trying again",
    "CONTACT_NOT_FOUND": "a member's id is not a contact's id",
    "DUPLICATE_CONTACT_EXISTS": "change or merge one of them first",
    "FAILED_DELETE_CONTACT_AFTER_MEMBER_DELETION": "the member is gone and the contact is not: "
    "look at it, then delete it again",
    "FAILED_PRECONDITION": "get the target again for its revision, and let no source be a site "
    "member",
    "FIELDS_QUOTA_EXCEEDED": "a site has at most 100 fields of its own: delete one that nobody "
    "uses first",
    "ILLEGAL_MERGE": "name one to five other contacts as sources",
    "INSUFFICIENT_CONTACT_DATA": "give or keep a name, an e-mail or a phone",
    "INSUFFICIENT_UPDATE_CONTACT_DATA": "info holds nothing to update: give at least one field",
    "INVALID_EXTENDED_FIELD_VALUE": "check the field's key and data type in site.extended_fields()",
    "LABELS_QUOTA_REACHED": "delete a label that nobody uses first",
    "NOT_FOUND": "the keys there are stand in site.labels() and site.extended_fields()",
}
