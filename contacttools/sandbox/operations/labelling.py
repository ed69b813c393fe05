"""Labelling: labels put on a contact and taken off it. Reads and writes the store."""

from __future__ import annotations

from contacttools.sandbox.operations.contacts import existing
from contacttools.sandbox.operations.desk import Call, Desk
from contacttools.sandbox.problems import Json
from contacttools.sandbox.rules import checks, labelling

_MOST = 100


def label(desk: Desk, call: Call) -> str:
    """Label Contact."""
    return _relabelled(desk, call, "add", call.body.get("labelKeys"))


def unlabel(desk: Desk, call: Call) -> str:
    """Unlabel Contact; its keys come in the query string or in a body."""
    sent = call.body.get("labelKeys", call.parameters.get("labelKeys"))
    return _relabelled(desk, call, "remove", sent)


def _relabelled(desk: Desk, call: Call, what: str, sent: Json) -> str:
    keys = checks.texts(sent, "labelKeys", least=1, most=_MOST)
    with desk.store.write() as change:
        context = desk.context(call.caller.app_id)
        before = existing(change, call.path["id"])
        labelling.require_defined(keys, "labelKeys", context)
        after = labelling.relabelled(before, **{what: keys}, context=context)
        return f'{{"contact":{change.replace(before, after)}}}'
