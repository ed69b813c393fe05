"""Site: the connected thing: what `Reading`, `Direct` and `Runs` can do, and who is asking.

Only its methods, through transport, talk to the network. `connecting` makes one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Self

from contacttools.contact.fields import Json
from contacttools.journal.folder import Folder
from contacttools.service.runs import Runs
from contacttools.service.transport import Transport

Identity = Literal["api_key", "app", "member", "visitor"]


class Site(Runs):
    """A site's contacts: read them, and commit plans to them. Made by `connect`.

    Attributes
    ----------
    site_id : str
        Of an app that was connected without one: its instance id, which plans are then for.
    base_url : str
    live : bool
        True for anything but the sandbox.
    read_only : bool
    identity : {"api_key", "app", "member", "visitor"}
        Who is asking.
    elevated_calls : list of str
        The calls that were made elevated, in the service's own words, by whoever made them.
    reports : list of Report
        Of every commit that has ended here, an interrupted one too, the earliest first.
    last_report : Report or None
        The latest of them.
    """

    def __init__(
        self,
        transport: Transport,
        site_id: str,
        *,
        live: bool,
        read_only: bool,
        direct_writes: bool,
        identity: Identity = "api_key",
        elevate: Callable[[], Site] | None = None,
        folder: Folder | None = None,
    ) -> None:
        super().__init__(
            transport,
            site_id,
            live=live,
            read_only=read_only,
            direct_writes=direct_writes,
            folder=folder,
        )
        self.identity = identity
        self.elevated_calls: list[str] = []
        self._elevate = elevate

    def close(self) -> None:
        """Close the connection; `connect` opens another. The sandbox is shared and stays open."""
        if self.live:
            self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        who = "" if self.identity == "api_key" else f", as {self.identity}"
        if not self.live:
            return f"<Site: sandbox at {self.base_url}, site {self.site_id}{who}>"
        rights = "read-only" if self.read_only else "WRITABLE"
        return f"<Site: LIVE {self.base_url}, site {self.site_id}{who}, {rights}>"

    def info(self) -> dict[str, Json]:
        """Return what this connection is: site, identity, rights, pace, and how much there is."""
        contacts = self.count()  # first: who may not see these has the wrong key
        definitions = self._definitions()
        return {
            "site_id": self.site_id,
            "base_url": self.base_url,
            "live": self.live,
            "identity": self.identity,
            "read_only": self.read_only,
            "requests_per_minute": self._transport.pacer.requests_per_minute,
            "contacts": contacts,
            "labels": None if definitions.labels is None else len(definitions.labels),
            "extended_fields": None if definitions.extended is None else len(definitions.extended),
        }

    def elevated(self) -> Site:
        """Return this site with the rights of the site itself, whoever is asking.

        A member or a visitor of the sandbox is lifted to its full rights. A live site is
        connected with a key or as an app, which act with rights of their own and are never
        lifted: it is its own elevation.

        Examples
        --------
        >>> visitor = ct.connect("sandbox", identity="visitor")
        >>> visitor.elevated().count() > 500
        True
        """
        return self if self._elevate is None else self._elevate()
