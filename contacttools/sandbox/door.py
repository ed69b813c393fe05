"""Door: from the bytes of a request to a JSON value that the rules may trust.

Pure: bytes in, values or a problem out.

What the standard library lets through and a service does not: NaN and infinities, lone surrogates,
NUL characters, and nesting deep enough to exhaust a stack.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NoReturn

from contacttools.sandbox.problems import Json, Problem, application, invalid

MAX_BYTES = 4 * 1024 * 1024
"""Most bytes a body may have; the service's own limit is not documented."""

MAX_DEPTH = 64
"""Deepest nesting of a body; far more than any documented body needs."""


def read(raw: bytes) -> dict[str, Json]:
    """Read the body of a request.

    Parameters
    ----------
    raw
        The bytes, as they came.

    Returns
    -------
    dict
        The JSON object; an empty body counts as an empty object.

    Raises
    ------
    Problem
        400, if the bytes are not one JSON object in UTF-8 of sane depth and sound text.
    """
    if not raw.strip():
        return {}
    value = parse(raw)
    if not isinstance(value, dict):
        raise malformed("Expected an object")
    return value


def parse(raw: bytes) -> Json:
    """Read any JSON value, with the same care as `read`."""
    try:
        value = json.loads(raw.decode(), parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise malformed("The JSON is nested too deeply") from None
    except ValueError as error:
        raise malformed(f"The body is not valid JSON: {error}") from None
    _inspect(value)
    return value


def malformed(description: str) -> Problem:
    """Answer 400: the body cannot be read at all."""
    return application(400, "INVALID_ARGUMENT", description)


def member(body: Mapping[str, Json], name: str, path: str = "") -> dict[str, Json] | None:
    """Give the object under a name of a body, None if it is absent or null.

    Raises
    ------
    Problem
        400, if the member is something else than an object.
    """
    value = body.get(name)
    if value is None or isinstance(value, dict):
        return value
    raise invalid(f"{path}{name}", "is not an object", "TYPE", type="OBJECT")


def flag(body: Mapping[str, Json], name: str) -> bool:
    """Give the boolean under a name of a body, false if it is absent or null.

    Raises
    ------
    Problem
        400, if the member is something else than a boolean.
    """
    value = body.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise invalid(name, "is not a boolean", "TYPE", type="BOOLEAN")


def _refuse(name: str) -> NoReturn:
    message = f"{name} is not a JSON number"
    raise ValueError(message)


def _finite(text: str) -> float:
    number = float(text)
    if number in {float("inf"), float("-inf")}:
        _refuse(text[:20])
    return number


def _inspect(value: Json) -> None:
    layer = [value]
    for _ in range(MAX_DEPTH):
        if not layer:
            return
        layer = _below(layer)
    raise malformed("The JSON is nested too deeply")


def _below(layer: list[Json]) -> list[Json]:
    """Check the text of one layer of values and give the next layer."""
    below: list[Json] = []
    for value in layer:
        if isinstance(value, str):
            _inspect_text(value)
        elif isinstance(value, dict):
            below.extend(value)
            below.extend(value.values())
        elif isinstance(value, list):
            below.extend(value)
    return below


def _inspect_text(text: str) -> None:
    if "\x00" in text:
        raise malformed("Text must not contain NUL characters")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise malformed("Text must not contain lone surrogates") from None
