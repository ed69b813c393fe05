"""Merges: how plans of merges and their notes are spelt in a journal, and told again. Pure.

A merge puts the values of several people into one record. Each record names them all: whoever
forgets one of them erases it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from contacttools.committing.asks import Resume, Waited
from contacttools.committing.notes import Ended, Entry
from contacttools.committing.report import Outcome, Word
from contacttools.contact.fields import Json
from contacttools.contact.wire import Answer, Lost
from contacttools.errors import BadPlan
from contacttools.journal import records
from contacttools.journal.records import Record
from contacttools.journal.story import FORGOTTEN, UNANSWERED, Course, Summary, moment
from contacttools.merging.group import Merge
from contacttools.merging.mergeplan import MergePlan
from contacttools.merging.notes import Answered, Copies, MergeEntry, Sending
from contacttools.merging.protocol import Send
from contacttools.planning.change import Key, Refusal

VERSION = 2  # of a journal: the first that holds merges
KIND = "merge"


@dataclass(slots=True)
class Thread(records.Thread):
    """What later records of one step may refer to, and the people in them."""

    people: tuple[str, ...] = ()


def of_plan(plan: MergePlan, *, tool: str) -> Iterator[Record]:
    """Yield what a journal of merges begins with: the plan, and every group with all copies."""
    facts = {
        "version": VERSION, "kind": KIND, "tool": tool, "plan": plan.id, "site": plan.site_id,
        "snapshot_at": plan.snapshot_at.isoformat(),
    }  # fmt: skip
    yield Record("plan", None, None, facts)
    for each in plan.merges:
        about = {"people": list(each.members), "steps": [step for _, step in each.steps]}
        value = {
            "group": each.group, "members": list(each.members.values()), "chosen": each.chosen,
            "why": each.why, "kept": each.kept, "preview": each.preview,
        }  # fmt: skip
        yield Record("intent", each.target_id, 0, about, value)
    for refused in plan.refused:
        value = {"field": refused.field, "reason": refused.reason}
        yield Record("refused", refused.contact_id, None, {"code": refused.code}, value)


def of_entry(entry: Entry | MergeEntry, thread: Thread) -> Record:
    """Return an entry as a record."""
    match entry:
        case Copies(key, documents):
            record = Record("copies", *key, {}, {"documents": dict(documents)})
        case Sending(key, revision):
            record = Record("sending", *key, {"ask": KIND, "revision": revision})
        case Answered(key, revision, answer):
            facts, value = records.of_answer(key, answer)
            facts = {"ask": KIND, "revision": revision, **facts}
            record = Record("answer", *key, facts, value or None)
        case _:
            record = records.of_entry(entry, thread)
    return replace(record, facts={**record.facts, "people": list(thread.people)})


@dataclass(frozen=True, slots=True)
class MergeStory:
    """A run of merges as its journal tells it.

    Attributes
    ----------
    plan : MergePlan
        What was approved; groups with a person who was forgotten are left out.
    site, base_url : str
    began, touched : datetime
    sessions : int
        How often the run was started.
    seen : mapping of key to tuple
        Of every step what was asked and answered.
    outcomes : mapping of key to Outcome
        Of the steps that ended, those included of which somebody was forgotten.
    copies : mapping of str to dict
        The contacts as they were just before they were merged.
    note : str
    steps, people : int
        How many there were when it was approved.
    """

    plan: MergePlan
    site: str
    base_url: str
    began: datetime
    touched: datetime
    sessions: int
    seen: Mapping[Key, tuple[tuple[object, object], ...]]
    outcomes: Mapping[Key, Outcome]
    copies: Mapping[str, Json]
    note: str
    steps: int
    people: int

    @property
    def summary(self) -> Summary:
        """The run in a few words and figures, of one that nobody is at."""
        return Summary(
            self.plan.id,
            "finished" if len(self.outcomes) == self.steps else "interrupted",
            self.began,
            self.touched,
            self.people,
            dict(Counter(each.outcome for each in self.outcomes.values())),
            self.site,
            self.note,
            kind=KIND,
        )


@dataclass(slots=True)
class _Step:
    """What is known of one call."""

    thread: Thread
    seen: list[tuple[object, object]] = field(default_factory=list)
    asked: Send | None = None
    outcome: Outcome | None = None
    sent: bool = False
    erased: bool = False

    def take(self, record: Record) -> None:
        self.sent |= record.kind == "sending"
        self.erased |= record.erased
        match record.kind:
            case "ended":
                entry = records.entry_of(record, records.Thread())
                self.outcome = entry.outcome if isinstance(entry, Ended) else None
            case "sending":
                self.asked = Send(record.facts["revision"])
            case "answer" if not record.erased:
                answer = records.answer_of(record.facts, record.value or {})
                self.seen.append((Send(record.facts["revision"]), answer))
                self.asked = None
            case _:
                pass

    def flush(self) -> None:
        if self.asked is not None:
            self.seen.append((self.asked, Lost(UNANSWERED)))
            self.asked = None

    def reopen(self) -> None:
        if self.outcome is None:
            self.flush()
            self.seen.append((Resume(), Waited()))


class Telling:
    """A story of merges while it is told: records go in, in their order."""

    def __init__(self) -> None:
        self._facts: Json = {}
        self._session: Json = {}
        self._began = self._touched = self._sessions = 0
        self._merges: list[Merge] = []
        self._refused: list[Refusal] = []
        self._people = 0
        self._steps: dict[Key, _Step | Course] = {}
        self._copies: dict[str, Json] = {}
        self._lost: set[str] = set()  # targets of groups of which somebody was forgotten
        self._note = ""

    def take(self, record: Record) -> None:
        """Go on by one record; raise BadPlan, ValueError or KeyError when it makes no sense."""
        self._touched = record.at
        match record.kind:
            case "plan":
                self._plan(record)
            case "intent":
                self._intend(record)
            case "refused":
                self._refused.append(records.refusal_of(record))
            case "session":
                self._resume(record)
            case "halted":
                self._note = record.value["why"]
            case "forgotten":
                pass  # what was erased says so itself
            case "copies":
                self._copies |= {} if record.erased else record.value["documents"]
            case _:
                self._steps[records.key_of(record)].take(record)

    def _plan(self, record: Record) -> None:
        if record.facts["version"] > VERSION:
            why = (
                f"these merges were kept by contacttools {record.facts['tool']}, which is newer "
                "than this one: update to look at them, or to carry on"
            )
            raise BadPlan(why)
        self._began, self._facts = record.at, record.facts

    def _resume(self, record: Record) -> None:
        self._session, self._sessions, self._note = record.facts, self._sessions + 1, ""
        if self._sessions > 1:
            for step in self._steps.values():
                step.reopen()

    def _intend(self, record: Record) -> None:
        target_id = str(record.contact)
        people = tuple(record.facts["people"])
        self._people += len(people)
        for step in record.facts["steps"]:
            thread = Thread(people=people)
            course = Course(thread=thread, erased=record.erased)
            self._steps[target_id, step] = (
                course if step == 1 else _Step(thread, erased=record.erased)
            )
        if record.erased:
            self._lost.add(target_id)
            return
        value = record.value
        target, *sources = value["members"]
        kept = tuple((name, whose) for name, whose in value["kept"])
        self._merges.append(
            Merge(
                value["group"], target, tuple(sources), value["chosen"], value["why"], kept,
                value["preview"],
            )
        )  # fmt: skip

    def threads(self) -> dict[Key, records.Thread]:
        """Return what records to come may refer to."""
        return {key: step.thread for key, step in self._steps.items()}

    def story(self) -> MergeStory:
        """Return the story so far."""
        plan = MergePlan(
            self._facts["site"],
            tuple(self._merges),
            tuple(self._refused),
            datetime.fromisoformat(self._facts["snapshot_at"]),
        )
        if self._lost:
            vars(plan)["id"] = self._facts["plan"]  # what is left of it would give another one
        elif plan.id != self._facts["plan"]:
            why = "the plan in it is not the one it is the journal of"
            raise ValueError(why)
        seen, outcomes = {}, {}
        for key, step in self._steps.items():
            if step.erased or key[0] in self._lost:
                word: Word = "unknown" if step.sent else "not_sent"
                outcomes[key] = step.outcome or Outcome(key[0], word, detail=FORGOTTEN, step=key[1])
                continue
            asked = step.thread.asked if isinstance(step, Course) else step.asked
            seen[key] = (*step.seen, *([] if asked is None else [(asked, Lost(UNANSWERED))]))
            if step.outcome is not None:
                outcomes[key] = step.outcome
        return MergeStory(
            plan,
            self._session["site"],
            self._session["base_url"],
            moment(self._began),
            moment(self._touched),
            self._sessions,
            seen,
            outcomes,
            self._copies,
            self._note,
            len(self._steps),
            self._people,
        )


__all__ = ["KIND", "Answer", "MergeStory", "Telling", "Thread", "of_entry", "of_plan"]
