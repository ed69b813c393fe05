"""Filters: the filter language of all queries.

Pure: a filter becomes a predicate over contacts, labels or extended fields, or a problem.

A table of fields says which operators each field knows. Which code answers which mistake is
documented nowhere; the assumption: not of the language is `MALFORMED_FILTER`, unknown field,
operator, type and value each have a code of their own, and what the service will not combine is
`UNSUPPORTED_FILTER`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from contacttools.sandbox.asking.fields import Contact, Field, Reader, Table, instant
from contacttools.sandbox.problems import Json, Problem, application
from contacttools.sandbox.rules.definitions import is_date, is_number

Predicate: TypeAlias = Callable[[Contact], bool]


def compiled(clause: Json, table: Table) -> Predicate:
    """Make a predicate of a filter.

    Parameters
    ----------
    clause
        The filter as sent.
    table
        The fields that it may name.

    Returns
    -------
    callable
        Tells whether a contact, or whatever the table is about, matches.

    Raises
    ------
    Problem
        400 with one of the filter codes.
    """
    if not isinstance(clause, dict):
        raise _problem("MALFORMED_FILTER", "A filter is an object.")
    return _all([_member(name, value, table) for name, value in clause.items()])


def id_choice(clause: Json) -> list[str] | None:
    """Give the ids that a filter names, None if it names none.

    With them a look-up by id need not read every contact.
    """
    wanted = clause.get("id") if isinstance(clause, dict) else None
    if isinstance(wanted, str):
        return [wanted]
    if isinstance(wanted, dict) and isinstance(
        found := wanted.get("$in", wanted.get("$eq")), list | str
    ):
        return [found] if isinstance(found, str) else [one for one in found if isinstance(one, str)]
    if isinstance(clause, dict) and isinstance(parts := clause.get("$and"), list):
        return next((ids for part in parts if (ids := id_choice(part)) is not None), None)
    return None


def _member(name: str, value: Json, table: Table) -> Predicate:
    if name in {"$and", "$or"}:
        if not isinstance(value, list) or not value:
            raise _problem("MALFORMED_FILTER", f"{name} takes a list of clauses.")
        clauses = [compiled(clause, table) for clause in value]
        return _all(clauses) if name == "$and" else _any(clauses)
    if name == "$not":
        if _names_list_operator(value):
            raise _problem("UNSUPPORTED_FILTER", "$not cannot be combined with a list operator.")
        clause = compiled(value, table)
        return lambda contact: not clause(contact)
    if name.startswith("$"):
        raise _problem("MALFORMED_FILTER", f"{name[:40]} is not a logical operator.")
    return _condition(name, value, table)


def _condition(name: str, value: Json, table: Table) -> Predicate:
    field = table.find(name)
    if field is None:
        raise _problem(table.unknown, f"There is no field {name[:80]}.")
    tests: Mapping[str, Json] = value if isinstance(value, dict) else {"$eq": value}
    if not tests or not all(key.startswith("$") for key in tests):
        raise _problem("MALFORMED_FILTER", f"The condition on {name} needs operators.")
    asked = _Asked(name, field, table.wrong_type)
    return _all([_test(asked, _SYNONYMS.get(key, key), value) for key, value in tests.items()])


@dataclass(frozen=True, slots=True)
class _Asked:
    """The field that a condition is about, and what answers an operand of a wrong type."""

    name: str
    field: Field
    wrong_type: str

    def require(self, right: bool, operation: str) -> None:  # noqa: FBT001 - an assertion
        if not right:
            raise _problem(
                self.wrong_type, f"{operation} on {self.name} needs a value of another type."
            )

    def value(self, operation: str, operand: Json) -> Json:
        """Check one operand against the kind of the field and give it as its reader would."""
        name, field = self.name, self.field
        if field.kind == "number":
            self.require(is_number(operand), operation)
            return operand
        self.require(isinstance(operand, str), operation)
        if field.kind == "instant":
            try:
                return instant(operand)
            except ValueError:
                raise _problem("UNSUPPORTED_FILTER_VALUE", f"{name} needs a date.") from None
        if (field.kind == "day" and not is_date(operand)) or (
            field.values and operand not in field.values
        ):
            raise _problem("UNSUPPORTED_FILTER_VALUE", f"{name} cannot have this value.")
        return operand


def _test(asked: _Asked, operation: str, operand: Json) -> Predicate:
    read = asked.field.read
    if operation not in asked.field.operators:
        raise _problem(
            "UNSUPPORTED_FILTER_OPERATOR", f"{asked.name} does not know {operation[:40]}."
        )
    if operation == "$exists":
        asked.require(isinstance(operand, bool), operation)
        return lambda contact: operand is any(True for _ in read(contact))
    if operation in _LISTS:
        asked.require(isinstance(operand, list), operation)
        return _LISTS[operation](read, {asked.value(operation, one) for one in operand})
    return _SINGLE[operation](read, asked.value(operation, operand))


def _problem(code: str, description: str) -> Problem:
    return application(400, code, description)


def _names_list_operator(clause: Json) -> bool:
    if isinstance(clause, list):
        return any(_names_list_operator(part) for part in clause)
    if not isinstance(clause, dict):
        return False
    return any(
        key in {"$hasSome", "$hasAll"} or _names_list_operator(value)
        for key, value in clause.items()
    )


def _all(clauses: list[Predicate]) -> Predicate:
    return lambda contact: all(clause(contact) for clause in clauses)


def _any(clauses: list[Predicate]) -> Predicate:
    return lambda contact: any(clause(contact) for clause in clauses)


def _equal(read: Reader, wanted: Json) -> Predicate:
    return lambda contact: any(value == wanted for value in read(contact))


def _unequal(read: Reader, wanted: Json) -> Predicate:
    return lambda contact: not any(value == wanted for value in read(contact))


def _compares(holds: Callable[[Json, Json], bool]) -> Callable[[Reader, Json], Predicate]:
    # A value of another type than the field's cannot be ordered against the operand, and does not
    # match.
    return lambda read, wanted: (
        lambda contact: any(
            holds(value, wanted)
            for value in read(contact)
            if isinstance(value, str) == isinstance(wanted, str)
        )
    )


def _starts(read: Reader, wanted: Json) -> Predicate:
    start = wanted.casefold()
    return lambda contact: any(str(value).casefold().startswith(start) for value in read(contact))


_SINGLE: Final[dict[str, Callable[[Reader, Json], Predicate]]] = {
    "$eq": _equal,
    "$ne": _unequal,
    "$gt": _compares(operator.gt),
    "$lt": _compares(operator.lt),
    "$gte": _compares(operator.ge),
    "$lte": _compares(operator.le),
    "$startsWith": _starts,
}

_LISTS: Final[dict[str, Callable[[Reader, set[Json]], Predicate]]] = {
    "$in": lambda read, wanted: lambda contact: any(value in wanted for value in read(contact)),
    "$nin": lambda read, wanted: (
        lambda contact: not any(value in wanted for value in read(contact))
    ),
    "$hasSome": lambda read, wanted: lambda contact: not wanted.isdisjoint(read(contact)),
    "$hasAll": lambda read, wanted: lambda contact: wanted.issubset(read(contact)),
}

# One page of the documentation spells the operator this way.
_SYNONYMS: Final = {"$begins": "$startsWith"}
