"""Recipe: what rules did to one snapshot, to be done again to another. It touches its own file."""

from __future__ import annotations

import functools
import inspect
import json
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import pandas as pd
from pydantic import BaseModel, ConfigDict, StrictInt, StrictStr, ValidationError

from contacttools import changes, files
from contacttools.auditing.fixes import Fixes
from contacttools.contact.fields import Json
from contacttools.errors import BadPlan, BadValue, ContactToolsError
from contacttools.planning.provenance import Provenance
from contacttools.planning.render import count, visible
from contacttools.snapshot.contacts import Contacts
from contacttools.snapshot.frames import Table

CHOSEN = "chosen"  # among parameters: why a rule cannot be repeated, in words
_NORMALIZE = "contacttools.normalize"
_WHERE = ("column", "columns", "table", "where", "clear")
_UNFIT = (TypeError, ValueError, KeyError, AttributeError)  # of what a file gives a rule


class Stage(Protocol):
    """A stage, as a recipe sees it."""

    @property
    def contacts(self) -> Contacts:
        """The contacts under the edits."""

    def to_frame(self, table: Table | None = None) -> pd.DataFrame:
        """Return the contacts as they would be."""

    def edits(self) -> dict[str, dict[str, Json]]:
        """Return all that is staged."""

    def step(self, reason: str | None = None) -> AbstractContextManager[None]:
        """Let what is staged meanwhile be one step."""

    @property
    def apply(self) -> Callable[..., pd.DataFrame | None]:
        """Stage one change."""


# -- how a change is told -------------------------------------------------------------------


def told(change: object, where: object, **how: Json) -> tuple[str, dict[str, Json]]:
    """Return the rule of a change as `Stage.apply` takes it, and what it was given.

    `how` says to which columns. What cannot be repeated says so among the parameters, as `CHOSEN`.
    """
    rule, parameters = _rule(change)
    parameters |= {name: value for name, value in how.items() if value}
    if isinstance(where, Mapping):
        parameters["where"] = {name: _plain(value) for name, value in where.items()}
    elif where is not None:
        parameters.setdefault(CHOSEN, "contacts were chosen by a mask or by their ids")
    try:
        json.dumps(parameters, allow_nan=False)
    except (TypeError, ValueError):
        return rule, {CHOSEN: "it was given values that no file can hold"}
    return rule, parameters


def _rule(change: object) -> tuple[str, dict[str, Json]]:
    if isinstance(change, changes.Transform):
        return f"changes.{change.rule}", dict(change.parameters)
    if not callable(change):
        return "set", {"value": _plain(change)}
    given: dict[str, Json] = {}
    function: object = change
    if isinstance(change, functools.partial) and not change.args:
        function, given = change.func, dict(change.keywords)
    name = str(getattr(function, "__name__", ""))
    if getattr(function, "__module__", "") == _NORMALIZE:
        return f"normalize.{name}", given
    own = name if name.isidentifier() else "function"
    return own, {CHOSEN: "it is a function of your own"}


def _plain(value: object) -> Json:
    return list(value) if isinstance(value, (tuple, set, frozenset, pd.Index)) else value


# -- recipes --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Instruction:
    """One rule of a recipe.

    Attributes
    ----------
    rule : str
    parameters : dict
    reason : str
    """

    rule: str
    parameters: Mapping[str, Json]
    reason: str = ""

    def __str__(self) -> str:
        given = dict(self.parameters)
        on = given.pop("column", None) or ", ".join(given.pop("columns", None) or ())
        table, where = given.pop("table", None), given.pop("where", None)
        said = ", ".join(f"{name}={_cut(repr(value), 60)}" for name, value in given.items())
        parts = [f"{self.rule}({said})", f"on {table}: {on}" if table else f"on {on}" if on else ""]
        parts.append(f"where {_cut(repr(where), 80)}" if where else "")
        return " ".join(part for part in parts if part)

    def do(self, stage: Stage, errors: Literal["raise", "collect"]) -> pd.DataFrame | None:
        """Stage it."""
        if self.rule == "audit":
            return stage.apply(_found(stage, self.parameters), errors=errors, reason=self._reason)
        how = {name: self.parameters[name] for name in _WHERE if name in self.parameters}
        given = {name: each for name, each in self.parameters.items() if name not in _WHERE}
        if self.rule == "set":  # several labels are one value, and a file has lists only
            value = given["value"]
            change = tuple(value) if isinstance(value, list) else value
        else:
            change = _made(self.rule)(**given)
        return stage.apply(change, **how, errors=errors, reason=self._reason)

    @property
    def _reason(self) -> str | None:
        return self.reason or None


def _cut(text: str, most: int) -> str:
    """Return a text that says so where it is cut."""
    return text if len(text) <= most else f"{text[: most - 2]} …"


def _found(stage: Stage, parameters: Mapping[str, Json]) -> Fixes:
    from contacttools.auditing.audit import audit  # noqa: PLC0415 - its rules take their time

    return audit(stage, parameters["rules"]).fixes(severity=parameters.get("severity"))


def _made(rule: str) -> Callable[..., Any]:
    """Return what makes the change of a rule, given its parameters."""
    room, _, name = rule.partition(".")
    if room == "changes" and name in changes.__all__:
        return getattr(changes, name)  # type: ignore[no-any-return]
    if room == "normalize":
        from contacttools import normalize  # noqa: PLC0415 - likewise

        if name in normalize.__all__:
            return lambda **given: functools.partial(getattr(normalize, name), **given)
    why = f"no rule {rule!r} that a recipe can repeat"
    raise BadPlan(why)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Where(BaseModel):
    """To which columns and rows a rule of a file belongs."""

    model_config = ConfigDict(extra="ignore", strict=True)

    column: StrictStr | None = None
    columns: list[StrictStr] | None = None
    table: StrictStr | None = None
    where: dict[str, Any] | None = None
    clear: list[StrictStr] = []


class _StoredInstruction(_Strict):
    rule: StrictStr
    parameters: dict[str, Any]
    reason: StrictStr = ""


class _StoredRecipe(_Strict):
    format: Literal["contacttools recipe"]
    version: Literal[1]
    instructions: list[_StoredInstruction]
    left_out: list[StrictStr]
    edits_by_hand: StrictInt


class Recipe:
    """Rules in their order, to be applied to another snapshot: ``stage.apply(recipe)``.

    Attributes
    ----------
    instructions : tuple of Instruction
    left_out : tuple of str
        What it does not repeat, and why: what was chosen by hand, functions of your own.

    Examples
    --------
    >>> stage = ct.Stage(ct.connect().fetch(limit=100))
    >>> stage.apply(ct.normalize.company, "company", reason="one spelling")
    >>> recipe = stage.recipe()
    >>> recipe
    <Recipe: 1 rule>
      1  normalize.company() on company  (one spelling)
    >>> other = ct.Stage(ct.connect().fetch(limit=100))
    >>> other.apply(recipe)
    >>> other.plan() == stage.plan()
    True
    """

    begin: ClassVar[Callable[[Contacts], Any]]  # how a stage is begun: stages say so

    def __init__(
        self, instructions: Iterable[Instruction], left_out: Iterable[str] = (), by_hand: int = 0
    ) -> None:
        self.instructions = tuple(instructions)
        self.left_out, self._by_hand = tuple(left_out), by_hand

    @classmethod
    def of(cls, applied: Iterable[Provenance], by_hand: int) -> Recipe:
        """Return the recipe of the rules that were applied, and of how many edits without one."""
        kept, left = [], []
        for each in applied:
            if why := each.parameters.get(CHOSEN):
                left.append(f"{each.rule}: {why}")
            else:
                kept.append(Instruction(each.rule, each.parameters, each.reason))
        return cls(kept, left, by_hand)

    def __len__(self) -> int:
        return len(self.instructions)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Recipe):
            return NotImplemented
        return bool(self._to_json() == other._to_json())

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        lines = [f"<Recipe: {count(len(self), 'rule')}>"]
        for number, each in enumerate(self.instructions, 1):
            reason = f"  ({visible(each.reason)})" if each.reason else ""
            lines.append(f"{number:>3}  {visible(each)}{reason}")
        lines += [f"  not repeated: {visible(each)}" for each in self.left_out]
        if self._by_hand:
            lines.append(f"  not repeated: {count(self._by_hand, 'field')} edited by hand")
        return "\n".join(lines)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per rule: ``rule``, ``column``, ``parameters``, ``reason``."""
        rows = [
            (each.rule, str(each.parameters.get("column") or each.parameters.get("columns") or ""),
             json.dumps(dict(each.parameters)), each.reason)
            for each in self.instructions
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=["rule", "column", "parameters", "reason"], dtype="str")

    def check(self, contacts: Contacts) -> pd.DataFrame:
        """Return what each rule would do to other contacts; nothing is staged anywhere.

        Each is tried after those before it, as in ``stage.apply(recipe)``.

        Returns
        -------
        DataFrame
            One row per rule: ``rule``, ``applies``, ``contacts`` (how many it would change),
            ``refused`` (how many values it may not), ``why`` (the first reason, where it does not
            apply or anything is refused).
        """
        rows: list[tuple[str, bool, int, int, str]] = []
        stage: Stage = type(self).begin(contacts)
        for each in self.instructions:
            before = stage.edits()
            try:
                outcome = each.do(stage, "collect")
            except (ContactToolsError, *_UNFIT) as error:
                rows.append((str(each), False, 0, 0, str(error)))
                continue
            now = stage.edits()
            changed = sum(now.get(key) != before.get(key) for key in {*now, *before})
            refused = []
            if outcome is not None:
                refused = outcome.loc[outcome["status"] == "refused", "why"].tolist()
            why = str(refused[0]) if refused else ""
            rows.append((str(each), True, changed, len(refused), why))
        frame = pd.DataFrame(rows, columns=["rule", "applies", "contacts", "refused", "why"])
        return frame.astype({"rule": "str", "applies": "bool", "why": "str"})

    def apply_to(
        self, stage: Stage, errors: Literal["raise", "collect"] = "raise"
    ) -> pd.DataFrame | None:
        """Stage what it says, as one step; ``stage.apply(recipe)`` is the same."""
        told = []
        with stage.step():
            for number, each in enumerate(self.instructions, 1):
                try:
                    outcome = each.do(stage, errors)
                except ContactToolsError:
                    raise
                except _UNFIT as error:
                    why = f"rule {number} of the recipe, {each}, cannot be applied: {error}"
                    raise BadPlan(why) from error
                if outcome is not None:
                    told.append(outcome.assign(rule=str(each)))
        return None if errors == "raise" or not told else pd.concat(told, ignore_index=True)

    # -- as a file --------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file that `Recipe.load` reads back, to be read by people as well.

        It holds what the rules were given, such as the values of a mapping, and no contact.
        """
        files.write(path, json.dumps(self._to_json(), indent=2, ensure_ascii=False).encode())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Recipe:
        """Read a recipe.

        Nothing in a file is ever run as code: it names rules of this package, or of this notebook
        that `ct.rule` made, and what they are given.

        Raises
        ------
        BadPlan
            The file is no recipe, or names a rule that there is not.
        """
        name = visible(Path(path).name)
        try:
            stored = _StoredRecipe.model_validate_json(Path(path).read_bytes())
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            why = f"{name} is not a recipe that this version can read ({first['msg']})"
            raise BadPlan(why) from None
        for number, each in enumerate(stored.instructions, 1):
            try:
                _check(each)
            except (ContactToolsError, *_UNFIT) as error:
                why = f"{name}: rule {number} cannot be applied: {error}"
                raise BadPlan(why) from None
        kept = [
            Instruction(each.rule, each.parameters, each.reason) for each in stored.instructions
        ]
        return cls(kept, stored.left_out, stored.edits_by_hand)

    def _to_json(self) -> Json:
        return {
            "format": "contacttools recipe",
            "version": 1,
            "instructions": [
                {"rule": each.rule, "parameters": dict(each.parameters), "reason": each.reason}
                for each in self.instructions
            ],
            "left_out": list(self.left_out),
            "edits_by_hand": self._by_hand,
        }


def _check(stored: _StoredInstruction) -> None:
    """Raise where a rule of a file is none, or is given what it does not take."""
    try:
        _Where.model_validate(stored.parameters)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        why = f"{first['loc'][0]}: {first['msg']}"
        raise BadValue(why) from None
    json.dumps(stored.parameters, allow_nan=False)  # NaN would clear what it is given to
    given = {name: each for name, each in stored.parameters.items() if name not in _WHERE}
    if stored.rule == "set":
        taken, needed = {"value"}, {"value"}
    elif stored.rule == "audit":
        taken, needed = {"rules", "severity"}, {"rules"}
    else:
        made = _made(stored.rule)
        if stored.rule.startswith("changes."):
            made(**given)
            return
        from contacttools import normalize  # noqa: PLC0415

        parameters = inspect.signature(getattr(normalize, stored.rule.partition(".")[2])).parameters
        taken, needed = {*parameters} - {"series", "explain"}, set()
    if strange := sorted({*given} - taken):
        why = f"{stored.rule} takes no {strange[0]!r}"
        raise BadValue(why)
    if lacking := sorted(needed - {*given}):
        why = f"{stored.rule} needs {lacking[0]!r}"
        raise BadValue(why)
