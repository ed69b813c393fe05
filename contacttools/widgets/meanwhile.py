"""Meanwhile: what the site has of a contact by now, beside what was fetched and what is staged.

It touches the site, by one read a click, and the screen.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import ipywidgets as widgets

from contacttools.committing.threeway import LOOKS, Way, three_way_html
from contacttools.contact import merge, wire
from contacttools.contact.fields import Json
from contacttools.errors import ApiError, ContactToolsError
from contacttools.planning.render import STYLE, count, escape
from contacttools.service.site import Site
from contacttools.staging.stage import Stage
from contacttools.widgets.editors import box_of
from contacttools.widgets.panel import aside, button

_GONE = "<strong>It is gone from the site</strong>: deleted, or merged into another."
_HEADS = ("fetched", "staged", "on the site")


class Meanwhile:
    """A button that looks at the site, and what it found.

    Parameters
    ----------
    stage : Stage
    site : Site
    label : callable
        Gives what a person calls a field.
    newer : callable
        Called when the site has another revision than the snapshot.
    """

    def __init__(
        self,
        stage: Stage,
        site: Site,
        label: Callable[[str], str],
        newer: Callable[[], None],
    ) -> None:
        self._stage, self._site, self._label, self._newer = stage, site, label, newer
        self._contact_id: str | None = None
        self._looking = threading.Lock()
        self.look = button("Look at the site", self._look, "Read this contact as it is by now")
        self.found = widgets.HTML()
        self.widget = box_of("cf-finder", box_of("cf-line", self.look), self.found)

    def show(self, contact_id: str | None) -> None:
        """Belong to a contact: what was found of another one goes."""
        if contact_id != self._contact_id:
            self._contact_id, self.found.value = contact_id, ""

    def _look(self, _: object) -> None:
        contact_id = self._contact_id
        if contact_id is not None and self._looking.acquire(blocking=False):
            self.look.disabled = True
            self.found.value = "<span role='status'>Looking…</span>"
            aside(lambda: self._read(contact_id))

    def _read(self, contact_id: str) -> None:
        try:
            told = self._told(contact_id)
        except (ContactToolsError, OSError) as error:
            gone = isinstance(error, ApiError) and error.status == 404
            told = _GONE if gone else escape(str(error))
        finally:
            self.look.disabled = False
            self._looking.release()
        if contact_id == self._contact_id:  # else somebody looks at another one by now
            self.found.value = f"<span role='status'>{told}</span>"

    def _told(self, contact_id: str) -> str:
        theirs = self._site.get_contact(contact_id)
        base = self._stage.contacts.document(contact_id)
        at = f"at {datetime.now(UTC):%H:%M:%S} UTC"
        here, there = int(base["revision"]), int(theirs["revision"])
        ways = [*self._ways(contact_id, base, theirs)]
        if not ways:
            same = "as it was fetched" if here == there else "the same values as were fetched"
            told = f"The site has {same}, revision {there}, {at}."
        else:
            told = (
                f"<strong>Somebody changed {count(len(ways), 'field')}</strong> since it was "
                f"fetched: revision {there}, here {here}, {at}."
            )
        if here != there:
            self._newer()
            told += " Fetch again, below, carries what is staged over to it."
        labels = {way.field: self._label(way.field) for way in ways}
        table = three_way_html(ways, _HEADS, labels=labels) if ways else ""
        return f"{STYLE}{LOOKS}<div class='ct-plan'>{told}{table}</div>"

    def _ways(self, contact_id: str, base: Json, theirs: Json) -> list[Way]:
        was, now = wire.values(base), wire.values(theirs)
        return [
            Way(name, was.get(name), self._stage.value(contact_id, name), now.get(name))
            for name in dict.fromkeys([*was, *now])
            if not merge.same(name, was.get(name), now.get(name))
        ]
