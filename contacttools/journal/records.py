"""Records: how plans and notes are spelt in a journal, and read again. Pure.

A record has facts, which stay, and a value, which can be erased. No fact says more of a person
than the contact's id: words of outcome, revisions, codes. Everything else is value.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal, assert_never

from contacttools.committing.asks import Ask, Read, Rebase, Resume, Wait, Waited, Write
from contacttools.committing.notes import Ended, Entry, Halted, Note
from contacttools.committing.report import Difference, Outcome
from contacttools.contact import wire
from contacttools.contact.fields import Json
from contacttools.contact.wire import (
    Answer,
    Found,
    Lost,
    Missing,
    NeverSent,
    Refused,
    SlowDown,
    Stale,
    Written,
)
from contacttools.planning.change import Change, Edit, Key, Refusal, Risk
from contacttools.planning.plan import Plan
from contacttools.planning.provenance import Provenance

VERSION = 1

Kind = Literal[
    "plan", "intent", "refused", "risk", "session", "sending", "answer", "ended", "halted",
    "forgotten", "copies",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Record:
    """One line of a journal.

    Attributes
    ----------
    kind : str
    contact, step : str and int, or None
        What it is about.
    facts : dict
        What stays.
    value : dict or None
        What can be erased; None when there is nothing.
    at : int
        When it was written, in milliseconds of Unix time. For people: no order depends on it.
    erased : bool
        There was a value, and a person had to be forgotten.
    """

    kind: Kind
    contact: str | None
    step: int | None
    facts: Json
    value: Json = None
    at: int = 0
    erased: bool = False


@dataclass(slots=True)
class Thread:
    """What later records of one change may refer to, so that nothing is written twice."""

    asked: Write | None = None  # sent, and not answered so far
    contact: Json = None  # the last one that an answer held
    change: Change | None = None  # the one it was carried over to

    def follow(self, entry: Note | Ended) -> None:
        """Take notice of an entry that was written, or read."""
        if isinstance(entry, Ended):
            self.asked = self.contact = self.change = None
            return
        self.asked = None
        if isinstance(entry.ask, Write) and entry.answer is None:
            self.asked = entry.ask
        if isinstance(entry.ask, Rebase):
            self.change = entry.ask.change
        if isinstance(entry.answer, (Written, Found)):
            self.contact = entry.answer.contact


# -- a plan -----------------------------------------------------------------------------------


def of_plan(plan: Plan, *, tool: str) -> Iterator[Record]:
    """Yield what a journal begins with: the plan, every change, what was refused, the risks."""
    facts = {
        "version": VERSION,
        "tool": tool,
        "plan": plan.id,
        "site": plan.site_id,
        "snapshot_at": plan.snapshot_at.isoformat(),
    }
    if plan.takes_back is not None:
        facts["takes_back"] = plan.takes_back
    yield Record("plan", None, None, facts, {"partial": plan.partial})
    for change in plan.changes:
        yield Record("intent", *change.key, {"revision": change.revision}, _told(change))
    for each in plan.refused:
        value = {"field": each.field, "reason": each.reason}
        yield Record("refused", each.contact_id, None, {"code": each.code}, value)
    for risk in plan.risks:
        value = {"field": risk.field, "text": risk.text}
        yield Record("risk", risk.contact_id, None, {"risk": risk.kind}, value)


def change_of(record: Record) -> Change:
    """Return the change of an intent; of one that was forgotten, its id and revision are left."""
    contact, step = key_of(record)
    if record.erased:
        return Change(contact, record.facts["revision"], (), {}, "", step)
    return _change(contact, step, record.value)


def refusal_of(record: Record) -> Refusal:
    """Return a contact that was staged and not planned."""
    value = record.value or {"field": None, "reason": "forgotten"}
    return Refusal(str(record.contact), value["field"], record.facts["code"], value["reason"])


def risk_of(record: Record) -> Risk:
    """Return a risk; one that was erased has none."""
    value = record.value
    return Risk(record.facts["risk"], str(record.contact), value["field"], value["text"])


def key_of(record: Record) -> Key:
    """Return the key of the change that a record is about."""
    if record.contact is None or record.step is None:
        why = f"{record.kind}: of no change"
        raise ValueError(why)
    return record.contact, record.step


def _told(change: Change) -> Json:
    told: Json = {
        "revision": change.revision,
        "edits": [_edit_told(edit) for edit in change.edits],
        "base": change.base,
        "name": change.name,
    }
    if change.steps != 1:
        told["steps"] = change.steps
    if change.needs:
        told["needs"] = change.needs
    if change.allow_duplicates is not None:
        told["allow_duplicates"] = change.allow_duplicates
    return told


def _edit_told(edit: Edit) -> Json:
    come = edit.provenance.in_short()
    return [edit.field, edit.before, edit.after, *([come] if come else [])]


def _change(contact: str, step: int, told: Json) -> Change:
    return Change(
        contact,
        told["revision"],
        tuple(
            Edit(n, wire.held(n, before), wire.held(n, after), *map(Provenance.from_json, more))
            for n, before, after, *more in told["edits"]
        ),
        {name: wire.held(name, value) for name, value in told["base"].items()},
        told["name"],
        step,
        told.get("steps", 1),
        tuple((each, of) for each, of in told.get("needs", ())),
        told.get("allow_duplicates"),
    )


# -- entries ----------------------------------------------------------------------------------

_ANSWERS: dict[str, type[Answer | Waited]] = {
    "written": Written,
    "found": Found,
    "missing": Missing,
    "stale": Stale,
    "slow_down": SlowDown,
    "refused": Refused,
    "lost": Lost,
    "never_sent": NeverSent,
    "waited": Waited,
}
_WORDS = {answer: word for word, answer in _ANSWERS.items()}
_ANSWER_FACTS = {"status", "code", "seconds"}


def of_entry(entry: Entry, thread: Thread) -> Record:
    """Return an entry as a record. The thread is the one of its change, and follows."""
    if isinstance(entry, Halted):
        return Record("halted", None, None, {}, {"why": entry.why})
    if isinstance(entry, Ended):
        record = _of_outcome(entry, thread)
    elif entry.answer is None:
        if not isinstance(entry.ask, Write):
            why = f"{type(entry.ask).__name__}: only an update is noted before its answer"
            raise TypeError(why)
        record = Record("sending", *entry.key, *_of_ask(entry.ask))
    else:
        facts, value = of_answer(entry.key, entry.answer)
        if entry.ask != thread.asked:  # or the record before says it
            asked, held = _of_ask(entry.ask)
            facts, value = {**asked, **facts}, {**held, **value}
        record = Record("answer", *entry.key, facts, value or None)
    thread.follow(entry)
    return record


def entry_of(record: Record, thread: Thread) -> Note | Ended:
    """Return the entry that a record was made of. The thread follows."""
    key = key_of(record)
    value = record.value or {}
    entry: Note | Ended
    match record.kind:
        case "sending":
            entry = Note(key, _ask(key, record.facts, value), None)
        case "answer":
            ask = _ask(key, record.facts, value) if "ask" in record.facts else thread.asked
            if ask is None:
                why = "an answer to nothing"
                raise ValueError(why)
            entry = Note(key, ask, answer_of(record.facts, value))
        case "ended":
            entry = Ended(key, _outcome(key, record.facts, value, thread))
        case _:
            why = f"{record.kind}: not about what was done"
            raise ValueError(why)
    thread.follow(entry)
    return entry


def _of_ask(ask: Ask) -> tuple[Json, Json]:
    match ask:
        case Read():
            return {"ask": "read"}, {}
        case Write(revision, info, allow_duplicates):
            facts: Json = {"ask": "write", "revision": revision}
            return facts | ({"duplicates": True} if allow_duplicates else {}), {"info": info}
        case Wait(attempt, then):
            facts, value = _of_ask(then)
            return {"ask": "wait", "attempt": attempt, "then": facts}, value
        case Rebase(change):
            return {"ask": "rebase", "revision": change.revision}, {"change": _told(change)}
        case Resume():
            return {"ask": "resume"}, {}
        case _:
            assert_never(ask)


def _ask(key: Key, facts: Json, value: Json) -> Ask:
    word: str = facts["ask"]
    match word:
        case "read":
            return Read()
        case "write":
            return Write(facts["revision"], value["info"], "duplicates" in facts)
        case "wait":
            then = _ask(key, facts["then"], value)
            return Wait(facts["attempt"], then if isinstance(then, Write) else Read())
        case "rebase":
            return Rebase(_change(*key, value["change"]))
        case "resume":
            return Resume()
        case _:
            why = f"{word!a}: nothing that is asked"
            raise ValueError(why)


def of_answer(key: Key, answer: Answer | Waited) -> tuple[Json, Json]:
    """Return facts and value of an answer."""
    facts: Json = {"answer": _WORDS[type(answer)]}
    value = {each.name: getattr(answer, each.name) for each in fields(answer)}
    for name in _ANSWER_FACTS & set(value):
        facts[name] = value.pop(name)
    if isinstance(answer, (Written, Found)):
        facts["now"] = answer.contact["revision"]
        if answer.contact["id"] != key[0]:
            facts["other"] = answer.contact["id"]  # whoever forgets that one, forgets this
    return facts, value


def answer_of(facts: Json, value: Json) -> Answer | Waited:
    """Return the answer of its facts and value."""
    answer = _ANSWERS[facts["answer"]]
    members = {**facts, **value}
    return answer(**{each.name: members[each.name] for each in fields(answer)})


def _of_outcome(entry: Ended, thread: Thread) -> Record:
    ended = entry.outcome
    facts: Json = {"outcome": ended.outcome, "before": ended.before, "after": ended.after}
    if ended.code:
        facts["code"] = ended.code
    value: Json = {}
    if ended.detail:
        value["detail"] = ended.detail
    for name in ("differences", "surprises"):
        if listed := getattr(ended, name):
            value[name] = [[each.field, each.base, each.ours, each.theirs] for each in listed]
    if ended.contact is not None and ended.contact == thread.contact:
        facts["seen"] = True
    elif ended.contact is not None:
        value["contact"] = ended.contact
    if ended.done is not None and ended.done == thread.change:
        facts["carried"] = True
    elif ended.done is not None:
        value["done"] = _told(ended.done)
    return Record("ended", *entry.key, facts, value or None)


def _outcome(key: Key, facts: Json, value: Json, thread: Thread) -> Outcome:
    done = _change(*key, value["done"]) if "done" in value else None
    return Outcome(
        key[0],
        facts["outcome"],
        facts.get("code", ""),
        facts["before"],
        facts["after"],
        value.get("detail", ""),
        _differences(value.get("differences", ())),
        thread.contact if "seen" in facts else value.get("contact"),
        key[1],
        thread.change if "carried" in facts else done,
        _differences(value.get("surprises", ())),
    )


def _differences(listed: Json) -> tuple[Difference, ...]:
    return tuple(
        Difference(name, *(wire.held(name, each) for each in rest)) for name, *rest in listed
    )


# -- values as bytes --------------------------------------------------------------------------


_spelt = json.JSONEncoder(separators=(",", ":")).encode


def packed(value: Json) -> bytes:
    """Return a value as bytes."""
    return zlib.compress(_spelt(value).encode(), 6)


def unpacked(body: bytes) -> Json:
    """Return the value of its bytes, which the chain has vouched for."""
    return json.loads(zlib.decompress(body))
