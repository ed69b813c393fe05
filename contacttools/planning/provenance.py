"""Provenance: where a value comes from that is to be written, and why. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from contacttools.contact.fields import Json
from contacttools.errors import BadValue

_LONG = 300  # characters of parameters
_TEXTS = ("reason", "rule", "who", "when")


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a value comes from: it rides beside the edit, and no id depends on it.

    Attributes
    ----------
    reason : str
        Why it is wanted, in one line, as a person said it, or the rule that proposed it.
    rule : str
        What made it, such as ``"normalize.name"`` or ``"audit.spaces"``; empty for one by hand.
    parameters : dict
        What the rule was given: a recipe repeats it with these.
    who : str
        Who staged it.
    when : str
        When, in UTC, as ``2026-11-28T09:30:00Z``. What is staged again later is not another thing.
    """

    reason: str = ""
    rule: str = ""
    parameters: Mapping[str, Json] = field(default_factory=dict)
    who: str = ""
    when: str = field(default="", compare=False)

    def __bool__(self) -> bool:
        return bool(self.to_json())

    @property
    def text(self) -> str:
        """Why, for those who read a diff: the reason, or else the rule; empty where neither is."""
        return self.reason or self.rule

    def to_json(self) -> dict[str, Json]:
        """Return what there is of it, as a file holds it."""
        told = {name: getattr(self, name) for name in (*_TEXTS, "parameters")}
        return {name: value for name, value in told.items() if value}

    def in_short(self) -> dict[str, Json]:
        """Return it as it can stand beside each of thousands of edits, as in a journal.

        Of parameters that are long, such as a mapping of thousands of values, the names are kept.
        """
        told = self.to_json()
        if "parameters" in told and len(repr(told["parameters"])) > _LONG:
            told["parameters"] = dict.fromkeys(told["parameters"], "… (long, left out)")
        return told

    @classmethod
    def from_json(cls, told: Json) -> Provenance:
        """Return it as it was, or raise ValueError where that is none."""
        if not isinstance(told, dict) or not set(told) <= {*_TEXTS, "parameters"}:
            why = f"no provenance: {told!r:.60}"
            raise ValueError(why)
        for name in _TEXTS:
            if name in told:
                try:
                    one_line(told[name], name, "a text")
                except BadValue as error:
                    raise ValueError(str(error)) from None
        if not isinstance(told.get("parameters", {}), dict):
            why = "parameters of a rule have names"
            raise ValueError(why)
        return cls(**told)


NONE = Provenance()


def moment(now: datetime | None = None) -> str:
    """Return a moment as a provenance tells it."""
    return f"{(now or datetime.now(UTC)):%Y-%m-%dT%H:%M:%SZ}"


def one_line(text: str, name: str, meant: str) -> str:
    """Return what a person says in one line, which others are to read, or raise BadValue."""
    if not (isinstance(text, str) and text.strip() and text.isprintable() and len(text) <= 200):
        why = f"{name} is {meant}: one line of at most 200 characters, not {text!r:.60}"
        raise BadValue(why, field=name)
    return text.strip()
