"""Story: what a journal tells, as values. Pure: records in, the state of a run out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from contacttools.committing.asks import Ask, Resume, Waited
from contacttools.committing.notes import Ended
from contacttools.committing.rebasing import Mode
from contacttools.committing.report import Outcome, Word
from contacttools.contact.fields import Json
from contacttools.contact.wire import Answer, Lost
from contacttools.errors import BadPlan
from contacttools.journal import records
from contacttools.journal.records import Record, Thread
from contacttools.planning.change import Change, Key, Refusal, Risk
from contacttools.planning.plan import Plan

State = Literal["finished", "interrupted", "running", "damaged"]

UNANSWERED = "not answered before the run ended"
FORGOTTEN = "the contact was forgotten: its values were erased from the journal"


@dataclass(frozen=True, slots=True)
class Story:
    """A run as its journal tells it.

    Attributes
    ----------
    plan : Plan
        What was approved. The changes of a person who was forgotten are empty.
    mode : {"disjoint", "strict", "ask"}
        What happens to changes of contacts that others write as well.
    site, base_url : str
        Where it was written, in words and by address.
    began, touched : datetime
        First and last record, UTC.
    sessions : int
        How often the run was started: once, and each time that it was taken up again.
    seen : mapping of key to tuple of (ask, answer)
        Of every planned change what was noted, in order.
    outcomes : mapping of key to Outcome
        Of the changes that ended; an ``unknown`` is open again once the run is taken up.
    note : str
        Why the run stopped the last time.
    """

    plan: Plan
    mode: Mode
    site: str
    base_url: str
    began: datetime
    touched: datetime
    sessions: int
    seen: Mapping[Key, tuple[tuple[Ask, Answer | Waited], ...]]
    outcomes: Mapping[Key, Outcome]
    note: str

    @property
    def finished(self) -> bool:
        """Whether every change ended."""
        return len(self.outcomes) == len(self.plan.changes)

    @property
    def summary(self) -> Summary:
        """The run in a few words and figures, of one that nobody is at."""
        return Summary(
            self.plan.id,
            "finished" if self.finished else "interrupted",
            self.began,
            self.touched,
            len({change.contact_id for change in self.plan.changes}),
            dict(self.counts),
            self.site,
            self.note,
            self.plan.takes_back or "",
        )

    @property
    def counts(self) -> Counter[str]:
        """How many changes ended in which outcome."""
        return Counter(each.outcome for each in self.outcomes.values())


@dataclass(frozen=True, slots=True)
class Summary:
    """A run in a few words and figures; nothing in it is about a person.

    Attributes
    ----------
    plan_id : str
    state : {"finished", "interrupted", "running", "damaged"}
        ``finished``: every change ended. ``damaged``: its journal cannot be read.
    began, touched : datetime
        First and last record, UTC.
    contacts : int
    counts : mapping of str to int
        How many changes ended in which outcome.
    site, note : str
    takes_back : str
        The id of the plan whose commit this one undoes, if it does.
    kind : {"edits", "merge"}
        What was written: a plan of edits, or of merges.
    """

    plan_id: str
    state: State
    began: datetime
    touched: datetime
    contacts: int
    counts: Mapping[str, int]
    site: str
    note: str
    takes_back: str = ""
    kind: str = "edits"


@dataclass(slots=True)
class Course:
    """What is known of one change."""

    thread: Thread = field(default_factory=Thread)
    seen: list[tuple[Ask, Answer | Waited]] = field(default_factory=list)
    outcome: Outcome | None = None
    sent: bool = False
    erased: bool = False

    def take(self, record: Record) -> None:
        """Go on by one record about it."""
        self.sent |= record.kind == "sending"
        if record.erased:
            self.erased = True
            self.thread = Thread()
            if record.kind != "ended":
                return
        elif self.erased and record.kind != "ended":
            return
        self.flush(record)
        entry = records.entry_of(record, self.thread)
        if isinstance(entry, Ended):
            self.outcome = entry.outcome
        elif entry.answer is not None:
            self.seen.append((entry.ask, entry.answer))

    def flush(self, record: Record | None = None) -> None:
        """Close an update that was sent and that this record does not answer."""
        answered = record is not None and record.kind == "answer" and "ask" not in record.facts
        if self.thread.asked is not None and not answered:
            self.seen.append((self.thread.asked, Lost(UNANSWERED)))
            self.thread.asked = None

    def reopen(self) -> None:
        """Take it up again, if it is open."""
        if self.outcome is None or self.outcome.outcome in ("unknown", "not_sent"):
            self.flush()
            self.outcome = None
            self.seen.append((Resume(), Waited()))

    def ended(self, key: Key) -> Outcome | None:
        """Return how it ended, if it did."""
        if self.outcome is None and self.erased:  # it cannot be gone on with
            word: Word = "unknown" if self.sent else "not_sent"
            return Outcome(key[0], word, detail=FORGOTTEN, step=key[1])
        return self.outcome


class Telling:
    """A story while it is told: records go in, in their order."""

    def __init__(self) -> None:
        self._facts: Json = {}
        self._session: Json = {}
        self._began = self._touched = 0
        self._sessions = 0
        self._partial: str | None = None
        self._changes: list[Change] = []
        self._refused: list[Refusal] = []
        self._risks: list[Risk] = []
        self._courses: dict[Key, Course] = {}
        self._intact = True
        self._note = ""

    def take(self, record: Record) -> None:
        """Go on by one record.

        Raises
        ------
        BadPlan
            A newer version wrote it.
        ValueError, KeyError
            It makes no sense.
        """
        self._touched = record.at
        match record.kind:
            case "plan":
                if record.facts["version"] > records.VERSION:
                    why = (
                        f"this run was kept by contacttools {record.facts['tool']}, which is newer "
                        "than this one: update to look at it, or to carry on"
                    )
                    raise BadPlan(why)
                self._began, self._facts = record.at, record.facts
                self._partial = record.value["partial"]
            case "intent":
                self._changes.append(records.change_of(record))
                self._courses[records.key_of(record)] = Course(erased=record.erased)
                self._intact &= not record.erased
            case "refused":
                self._refused.append(records.refusal_of(record))
            case "risk":
                if not record.erased:
                    self._risks.append(records.risk_of(record))
            case "session":
                self._resume(record)
            case "halted":
                self._note = record.value["why"]
            case "forgotten":
                pass  # what was erased says so itself
            case _:
                self._courses[records.key_of(record)].take(record)

    def _resume(self, record: Record) -> None:
        self._session = record.facts
        self._sessions += 1
        self._note = ""
        if self._sessions > 1:
            for course in self._courses.values():
                course.reopen()

    def threads(self) -> dict[Key, Thread]:
        """Return what records to come may refer to."""
        return {key: course.thread for key, course in self._courses.items()}

    def story(self) -> Story:
        """Return the story so far."""
        plan = Plan(
            self._facts["site"],
            tuple(self._changes),
            tuple(self._refused),
            tuple(self._risks),
            datetime.fromisoformat(self._facts["snapshot_at"]),
            self._partial,
            takes_back=self._facts.get("takes_back"),
        )
        if not self._intact:
            # The plan keeps the id under which it was approved, which nothing that is left of it
            # would give. `Plan.id` is computed once: it is what this finds there.
            vars(plan)["id"] = self._facts["plan"]
        elif plan.id != self._facts["plan"]:
            why = "the plan in it is not the one it is the journal of"
            raise ValueError(why)
        seen, outcomes = {}, {}
        for key, course in self._courses.items():
            asked = course.thread.asked
            unanswered = [] if asked is None else [(asked, Lost(UNANSWERED))]
            seen[key] = () if course.erased else (*course.seen, *unanswered)
            if (ended := course.ended(key)) is not None:
                outcomes[key] = ended
        return Story(
            plan,
            self._session["mode"],
            self._session["site"],
            self._session["base_url"],
            moment(self._began),
            moment(self._touched),
            self._sessions,
            seen,
            outcomes,
            self._note,
        )


def moment(at: int) -> datetime:
    """Return the time of a record."""
    return datetime.fromtimestamp(at / 1000, UTC)
