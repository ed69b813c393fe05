"""Events: what the service tells others about a change of a contact, in the documented payload.

Pure. How a payload is wrapped and signed for delivery is not emulated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from contacttools.sandbox.problems import Json

Slug: TypeAlias = Literal["created", "updated", "deleted", "merged"]

FQDN: Final = "wix.contacts.v4.contact"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a contact.

    Attributes
    ----------
    id
        The same however often the event is told.
    slug
        What happened.
    contact_id
        To which contact.
    time
        When, as the API writes it.
    sequence
        Counts the events of this contact, from 1.
    entity
        The contact as it was afterwards; of a merge, what it says about the merge; None if the
        contact is gone.
    origin
        ``merge`` if the event follows from a merge.
    """

    id: str
    slug: Slug
    contact_id: str
    time: str
    sequence: int
    entity: Json
    origin: str | None = None

    @property
    def type(self) -> str:
        """What subscribers call it, such as ``wix.contacts.v4.contact_updated``."""
        return f"{FQDN}_{self.slug}"

    def payload(self) -> dict[str, Json]:
        """Write the event as subscribers get it."""
        told: dict[str, Json] = {
            "id": self.id,
            "entityFqdn": FQDN,
            "slug": self.slug,
            "entityId": self.contact_id,
            "eventTime": self.time,
            "triggeredByAnonymizeRequest": False,
            "entityEventSequence": str(self.sequence),
        }
        if self.origin is not None:
            told["originatedFrom"] = self.origin
        match self.slug:
            case "created":
                told["createdEvent"] = {"entity": self.entity}
            case "updated":
                told["updatedEvent"] = {"currentEntity": self.entity}
            case "deleted":
                told["deletedEvent"] = {}
            case "merged":
                told["actionEvent"] = {"body": self.entity}
        return told
