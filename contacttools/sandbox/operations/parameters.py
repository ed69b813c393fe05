"""Parameters: a query string given the shape of a body. Pure."""

from __future__ import annotations

from contacttools.sandbox.operations.desk import Call
from contacttools.sandbox.problems import Json, invalid


def names(call: Call, name: str) -> list[str]:
    """Give the entries of a list in the query string: repeated, or separated by commas."""
    return [one for text in call.parameters.get(name, ()) for one in text.split(",") if one]


def projection(call: Call) -> tuple[list[str], list[str]]:
    """Give `fields` and `fieldsets` of the query string."""
    return names(call, "fields"), names(call, "fieldsets")


def structured(call: Call) -> dict[str, Json]:
    """Give the query string as a body would say it: ``paging.limit`` is a member of ``paging``.

    Raises
    ------
    Problem
        400, if a limit or an offset is no integer.
    """
    found: dict[str, Json] = {}
    for name, texts in call.parameters.items():
        head, _, tail = name.partition(".")
        if head == "paging" and tail:
            found.setdefault(head, {})[tail] = _number(name, texts[-1])
        elif head == "sort" and tail:
            found.setdefault(head, {})[tail] = texts[-1]
        elif head not in {"paging", "sort", "filter"}:
            found[name] = texts[-1]
    return found


def _number(name: str, text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
        raise invalid(name, "is not an integer", "TYPE", type="INTEGER")
    return int(text)
