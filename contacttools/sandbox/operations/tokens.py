"""Tokens: the two operations of the OAuth service. They ask the callers; the store is not touched.

Nobody has to be known to ask for a token, so these operations take a body and no call.
"""

from __future__ import annotations

from collections.abc import Mapping

from contacttools.sandbox.callers import Callers
from contacttools.sandbox.problems import Json
from contacttools.sandbox.store import dumps


def create(callers: Callers, body: Mapping[str, Json]) -> str:
    """Create Access Token."""
    return dumps(callers.grant(body))


def info(callers: Callers, body: Mapping[str, Json]) -> str:
    """Token Info."""
    return dumps(callers.info(body))
