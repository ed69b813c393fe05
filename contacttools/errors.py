"""Errors: everything that stops the work, as one tree. Touches nothing.

What stops the work raises one of these; what happened to one contact of a
commit is data, in the report.

    ContactToolsError
    ├── ApiError                the service refused a call, or its answer made no sense
    │   ├── AuthError           no key or app, a wrong one, or one without the right
    │   └── Unreachable         no answer: network, time-out, or a service out of breath
    ├── StagingError            a value cannot be staged as it is (also ValueError)
    │   ├── UnknownContact      the snapshot has no such contact (also KeyError)
    │   ├── UnknownField        no such field, column or table (also KeyError)
    │   ├── ReadOnlyField       the service owns this field
    │   ├── BadValue            wrong type, too long, impossible
    │   └── StaleFrame          the frame shows contacts at another revision
    ├── CommitRefused           nothing was sent
    │   ├── NotApproved         approve= is not the id of this plan
    │   ├── ReadOnlySite        the site was opened for reading
    │   ├── WrongSite           the plan was made for another site
    │   ├── PlanInUse           another notebook or process is committing this very plan
    │   └── BadPlan             the plan, or its file, is not what it claims to be
    └── ConflictError           somebody else changed the contact meanwhile
        └── StaleRevision       a direct update came too late (also ApiError)
"""

from __future__ import annotations


class ContactToolsError(Exception):
    """Whatever contacttools raises on purpose."""


class ApiError(ContactToolsError):
    """The service refused a call, or answered something that makes no sense.

    Attributes
    ----------
    status : int or None
        HTTP status; None when there was no usable answer.
    code : str or None
        The application's own code, such as ``CONTACT_NOT_FOUND``.
    data : dict
        What the service said beside the code, such as ``duplicateContactId``.
    request_id : str or None
        The service's name for this call, for its support.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        data: dict[str, object] | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.data = data or {}
        self.request_id = request_id


class AuthError(ApiError):
    """A key or an app is missing, unknown, or lacks the right for this call (401, 403)."""


class Unreachable(ApiError, ConnectionError):
    """No usable answer came, after every attempt that was safe to make."""


class ConflictError(ContactToolsError):
    """Somebody else changed a contact meanwhile; nothing of theirs was overwritten."""


class StaleRevision(ApiError, ConflictError):
    """A direct update carried a revision that is no longer the contact's."""


class StagingError(ContactToolsError, ValueError):
    """Something cannot be staged as it is; nothing was staged by this call.

    Attributes
    ----------
    contact_id : str or None
        The contact concerned.
    field : str or None
        The field, column or table concerned.
    """

    def __init__(
        self, message: str, *, contact_id: str | None = None, field: str | None = None
    ) -> None:
        super().__init__(message)
        self.contact_id = contact_id
        self.field = field


class UnknownContact(StagingError, KeyError):
    """The snapshot holds no contact of this id."""

    __str__ = Exception.__str__  # KeyError would show the sentence in quotes


class UnknownField(StagingError, KeyError):
    """There is no field, column, table or item of this name."""

    __str__ = Exception.__str__


class ReadOnlyField(StagingError):
    """The service sets this field itself."""


class BadValue(StagingError):
    """The value has the wrong type, is too long, or cannot be."""


class StaleFrame(StagingError):
    """The frame shows contacts at another revision than the stage's snapshot."""


class CommitRefused(ContactToolsError):
    """A commit was refused before anything was sent."""


class NotApproved(CommitRefused):
    """``approve=`` does not name this very plan."""


class ReadOnlySite(CommitRefused, PermissionError):
    """The site was opened for reading only."""


class WrongSite(CommitRefused):
    """The plan was made from another site's contacts."""


class PlanInUse(CommitRefused):
    """Another notebook or process is committing this very plan at this moment."""


class BadPlan(CommitRefused, ValueError):
    """A plan, or the file of one, is not what it claims to be."""
