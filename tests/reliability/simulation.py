"""A whole commit in one thread: the real rules, the real journal, a world that fails.

`Simulation(seed)` makes a plan, commits it through every kind of trouble that its seed draws,
takes it up again as often as the kernel dies, and then compares what was reported with what
happened. `python -m reliability.simulation FIRST COUNT` runs many.
"""

import itertools
import json
import multiprocessing
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path

from reliability import people
from reliability.ledger import could_be_settled
from reliability.world import LOOK_FAULTS, OURS, PROXY, READ_FAULTS, WRITE_FAULTS, World, answered

from contacttools.committing import commit
from contacttools.committing.asks import Rebase, Resume, Write
from contacttools.committing.course import Course, Look
from contacttools.committing.notes import Halted, Note
from contacttools.committing.pressure import Pressure
from contacttools.contact import merge, wire
from contacttools.contact.wire import Lost, NeverSent, Refused, SlowDown
from contacttools.journal.folder import Folder

SITE = "11111111-2222-4333-8444-555555555555"
GOOD = ("applied", "already")
OPEN = ("unknown", "not_sent")
LONGEST = 120.0  # seconds that a request may linger before it arrives


class Crash(Exception):
    """The kernel died."""


class Violation(AssertionError):
    """Something was promised and not kept."""


class Simulation:
    """One plan on one world, from the first look to the last outcome."""

    def __init__(self, seed, folder, *, contacts=20, crash_at=None, quiet=False):
        self.seed = seed
        self.random = random.Random(f"simulation {seed}")
        self.entropy = random.Random(f"entropy {seed}")
        self.contacts, self.plan = people.plan(seed, contacts, SITE)
        share = 0.0 if quiet else self.random.choice((0.02, 0.2, 0.5))
        self.world = World(
            seed,
            self.contacts.documents(),
            set(self.contacts.definitions.labels),
            dict.fromkeys(people.FIELDS, "TEXT"),
            fault_share=share,
            foreign_share=0.0 if quiet else self.random.choice((0.02, 0.15)),
        )
        self.folder = Folder(
            folder,
            now=lambda: datetime.fromtimestamp(1_800_000_000 + self.world.now, UTC),
            clock=lambda: self.world.now,
            entropy=self.entropy.randbytes,
        )
        self.mode = (
            "disjoint"
            if quiet
            else self.random.choice(("disjoint", "disjoint", "disjoint", "strict", "ask"))
        )
        self.crash_at = crash_at  # a number of points, or None for a chance at each
        often = self.random.choice((0.004, 0.03))
        self.crash_share = 0.0 if quiet or crash_at is not None else often
        self.quiet = False
        self.points = 0  # at which the kernel could have died
        self.crashes = 0
        self.sent = {}  # (key, revision) -> body
        self.noted = set()  # writes that are durable
        self.stops = Counter()
        self.sends = 0

    # -- the kernel -------------------------------------------------------------------------

    def may_die(self):
        """Pass a point at which the kernel may die; once all is quiet it does not any more."""
        if self.quiet:
            return
        self.points += 1
        dies = (
            self.points in self.crash_at
            if self.crash_at is not None
            else (self.random.random() < self.crash_share)
        )
        if dies:
            self.crashes += 1
            raise Crash

    def run(self):
        """Commit, and take up again until it ends; then once more when all is quiet."""
        if self.world.foreign_share:  # between the plan and its commit
            for contact_id in self.world.contacts:
                self.world.colleagues(contact_id)
        sessions = 0
        while not self._session(cancel=self.random.random() < 0.1 and self.crash_at is None):
            sessions += 1
            require(sessions < 50, "it never ends")
        first = self._story()
        self._check_outcomes({**self.ended})
        self._late_ones_arrive()
        self.world.fault_share = self.world.foreign_share = self.crash_share = 0.0
        self.world.lag = 0.0
        self.quiet = True
        sessions = 0
        while not self._session(cancel=False) or self._open():
            sessions += 1
            require(sessions < 5, "it is never settled", self._open())
        self._check_outcomes(self.ended)
        for key, outcome in first.outcomes.items():
            same = outcome.outcome == self.ended[key].outcome
            require(same or outcome.outcome in OPEN, "a final outcome was reopened", key)
        self._check_log()
        sends = self.sends
        require(self._session(cancel=False), "a finished plan did not end at once")
        if not any(each.outcome in OPEN for each in self.ended.values()):
            require(sends == self.sends, "a finished plan sent something")
        self.transitions = transitions(self._story())  # it raises when the chain does not hold

    def _open(self):
        """Return the changes that another run would take up again, and could settle."""
        return [key for key, each in self.ended.items() if could_be_settled(each)]

    def _story(self):
        return self.folder.read(SITE, self.plan.id)

    def _session(self, *, cancel):
        """Run until the end or a crash; say whether it came to an end of its own."""
        self.flying = {}
        try:
            self.may_die()
            book = self.folder.open(
                self.plan, site_id=SITE, base_url="http://127.0.0.1:1", site="sandbox",
                mode=self.mode,
            )  # fmt: skip
        except Crash:
            return False
        try:
            self.may_die()
            return self._carry_on(book, cancel=cancel)
        except Crash:
            return False
        finally:
            self.flying = None  # answers to a dead kernel are heard by nobody
            self.hash = book._hash
            book.close()

    def _carry_on(self, book, *, cancel):
        story = book.story()
        kept = {
            (key, ask.revision)
            for key, seen in story.seen.items()
            for ask, _ in seen
            if isinstance(ask, Write)
        }
        require(self.noted <= kept, "what was written down is lost", self.noted - kept)
        world, flying = self.world, self.flying
        self.course = course = Course(
            self.plan.changes,
            mode=self.mode,
            pressure=Pressure(self.random.choice((1, 4, 8))),
            backoff=lambda attempt: max(0.5, self.random.random() * min(30.0, 2.0**attempt)),
            seen=story.seen,
            outcomes=story.outcomes,
        )
        cancel_at = world.now + self.random.random() * 10 if cancel else None
        while True:
            if cancel_at is not None and world.now >= cancel_at:
                course.stop("stopped on request")
                cancel_at = None
            tasks = course.take(world.now)
            entries = course.entries()
            if entries:
                self.may_die()
                book.note(entries)
                self._remember(entries)
                self.may_die()
            if course.ended:
                book.note([Halted(course.why)])
                self.may_die()
                self.ended = dict(course.outcomes)
                return not course.why or not any(
                    each.outcome in ("unknown", "not_sent") for each in course.outcomes.values()
                )
            for task in tasks:
                self._send(task)
            self.may_die()
            wake = course.wake(world.now)
            moment = world.next_moment()
            if moment is None and wake is None and not tasks:
                raise Violation("nothing to do, and not at the end")
            if moment is not None and (wake is None or moment <= wake):
                world.step()
            elif wake is not None:
                world.now = wake
            self.flying = flying

    def _remember(self, entries):
        for entry in entries:
            if isinstance(entry, Note) and isinstance(entry.ask, Write) and entry.answer is None:
                self.noted.add((entry.key, entry.ask.revision))
            elif isinstance(entry, Halted):
                self.stops[entry.why] += 1

    # -- the way there and back -------------------------------------------------------------

    def _send(self, task):
        if isinstance(task, Look):
            self._send_look(task)
            return
        contact_id = task.change.contact_id
        require(contact_id not in self.flying, "two changes of one contact in flight", contact_id)
        self.flying[contact_id] = task
        if isinstance(task.ask, Write):
            self._send_write(task)
        else:
            self._send_read(task)

    def _asker(self, task):
        """Return what lets an answer come back later, if the kernel that asked is still there."""
        course, flying = self.course, self.flying

        def back(answer, after):
            def arrives():
                if self.flying is flying:
                    flying.pop(task.change.contact_id, None)
                    course.heard(task, answer, self.world.now)

            self.world.at(self.world.now + after, arrives)

        return back

    def _send_look(self, task):
        fault = self.world.fault("look", LOOK_FAULTS)
        course, flying = self.course, self.flying

        def arrives():
            if self.flying is not flying:
                return
            if fault == "unreachable":
                course.looked(task, None, self.world.now)
                return
            found = {}
            for change in task.changes:
                self.world.colleagues(change.contact_id)
                status, body = self.world.get(change.contact_id, stale=fault == "stale")
                if status == 200 and body["contact"]["id"] == change.contact_id:
                    found[change.contact_id] = body["contact"]
            course.looked(task, found, self.world.now)

        self.world.at(self.world.now + self._latency(), arrives)

    def _latency(self):
        return 0.05 + self.random.random() * 0.8

    def _send_read(self, task):
        world, contact_id = self.world, task.change.contact_id
        fault = world.fault("read", READ_FAULTS)
        back = self._asker(task)
        if fault == "never sent":
            back(NeverSent("no route"), 0.01)
            return

        def arrives():
            world.colleagues(contact_id)
            status, body = world.get(contact_id, stale=fault == "stale")
            answer = {
                "answer lost": Lost("no answer (ReadTimeout)", "slow"),
                "500": Lost("HTTP 500: "),
                "429": SlowDown(None),
                "cut body": Lost("an answer that makes no sense: the body is not JSON"),
            }.get(fault) or answered("GET", status, body)
            back(answer, self._latency())

        world.at(world.now + self._latency(), arrives)

    def _send_write(self, task):  # noqa: C901, PLR0912 - one branch a fault
        world, key, ask = self.world, task.change.key, task.ask
        self.sends += 1
        body = json.dumps(ask.info, sort_keys=True)
        require((key, ask.revision) in self.noted, "sent before it was written down", key)
        require(self.sent.setdefault((key, ask.revision), body) == body, "another body", key)
        for need in task.change.needs:
            outcome = self.course.outcomes.get(need)
            require(outcome and outcome.outcome in GOOD, "sent before what it needs", key)
        fault = world.fault("write", WRITE_FAULTS)
        contact_id, back = task.change.contact_id, self._asker(task)

        def deliver(by):
            world.colleagues(contact_id)
            return answered("PATCH", *world.patch(by, key, ask))

        def later(call, least=0.0):
            world.at(world.now + least + self._latency(), call)

        lost = Lost("no answer (ReadTimeout)", "slow")
        match fault:
            case "never sent":
                back(NeverSent("no route"), 0.01)
            case "lost":
                back(lost, 30.0)
            case "late":
                later(lambda: deliver(OURS), self.random.random() * LONGEST)
                back(lost, 30.0)
            case "answer lost":
                later(lambda: deliver(OURS))
                back(lost, 30.0)
            case "500 applied" | "503 applied":
                later(lambda: deliver(OURS))
                back(answered("PATCH", int(fault[:3]), {}), 1.0)
            case "500 not applied" | "503 not applied":
                back(answered("PATCH", int(fault[:3]), {}), 0.5)
            case "429":
                back(SlowDown(None), 0.5)
            case "refused":
                back(Refused(400, "INVALID_ARGUMENT", "no"), 0.5)
            case "cut body":
                later(lambda: deliver(OURS))
                back(Lost("an answer that makes no sense: the body is not JSON"), 1.0)
            case "repeated, first answer":
                later(lambda: deliver(PROXY), self.random.random() * LONGEST)
                later(lambda: back(deliver(OURS), self._latency()))
            case "repeated, second answer":
                later(lambda: deliver(OURS))
                later(lambda: back(deliver(PROXY), self._latency()), 2.0)
            case _:
                later(lambda: back(deliver(OURS), self._latency()))

    def _late_ones_arrive(self):
        self.flying = None
        while self.world.next_moment() is not None:
            self.world.step()

    # -- what was promised ------------------------------------------------------------------

    def _check_outcomes(self, outcomes):
        require(set(outcomes) == {each.key for each in self.plan.changes}, "not one outcome each")
        for change in self.plan.changes:
            outcome = outcomes[change.key]
            ours = self._ours(change.key)
            self._true(change, outcome, ours)

    def _ours(self, key):
        log = self.world.log.get(key[0], [])
        return [each for each in log if each.key == key]

    def _true(self, change, outcome, ours):
        word, contact_id = outcome.outcome, change.contact_id
        if word == "applied" and not ours:
            require("found by reading back" in outcome.detail, "applied, yet never written", word)
        if word in ("conflict", "refused", "not_sent"):
            require(not ours, f"{word}, yet written", change.key)
        if word == "gone":
            gone = contact_id not in self.world.entries
            require(gone, "gone, yet there", contact_id)
        if word in ("applied", "already"):
            done = outcome.done or change
            states = [each for each in self.world.history[contact_id]
                      if each["revision"] == outcome.after]  # fmt: skip
            require(states, "it never had this revision", contact_id)
            require(commit.holds(done, states[-1]), f"{word}, yet not held", contact_id)

    def _check_log(self):
        for change in self.plan.changes:
            ours = self._ours(change.key)
            require(len(ours) <= 1, "applied twice", change.key)
            for each in ours:
                self._only_what_was_shown(change, each)

    def _only_what_was_shown(self, change, write):
        """What one write of ours changed is what the preview said, from what it said."""
        before, after = wire.values(write.before), wire.values(write.after)
        planned = {edit.field: edit for edit in change.edits}
        for name in merge.changed_fields(before, after):
            require(name in planned, "changed what was not in the preview", (change.key, name))
            edit = planned[name]
            if name in people.LISTED:
                shown = people.items_changed(name, edit.before, edit.after)
                done = people.items_changed(name, before.get(name), after.get(name))
                require(done <= shown, "changed items that were not shown", (change.key, name))
            elif name == "labelKeys":
                added = set(after.get(name) or ()) - set(before.get(name) or ())
                gone = set(before.get(name) or ()) - set(after.get(name) or ())
                wanted, had = set(edit.after or ()), set(edit.before or ())
                require(added <= wanted - had, "a label that was not shown", change.key)
                require(gone <= had - wanted, "took a label that was not shown", change.key)
            else:
                require(merge.stored_as(name, edit.before, before.get(name)),
                        "overwrote what was not shown", (change.key, name))  # fmt: skip
                cleared = edit.after is None and not self.world.settings.null_clears
                require(cleared or merge.stored_as(name, edit.after, after.get(name)),
                        "wrote another value", (change.key, name))  # fmt: skip


def transitions(story):
    """Return how often a change went from one state to another, by what was noted of it."""
    counts = Counter()
    for key, seen in story.seen.items():
        labels = ["planned", *(_state(ask, answer) for ask, answer in seen)]
        if key in story.outcomes:
            labels.append(story.outcomes[key].outcome)
        counts.update(itertools.pairwise(labels))
    return counts


def _state(ask, answer):
    if isinstance(ask, (Rebase, Resume)):
        return type(ask).__name__.lower()
    return f"{type(ask).__name__.lower()}: {type(answer).__name__.lower()}"


def require(held, promise, where=""):
    """Complain of a promise that was not kept."""
    if not held:
        why = f"{promise}: {where}"
        raise Violation(why)


def simulate(seed, **more):
    """Run one seed in a folder of its own; return the simulation, or raise Violation."""
    fast = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - memory, not shared
    with tempfile.TemporaryDirectory(dir=fast, prefix="contacttools-simulation-") as folder:
        simulation = Simulation(seed, folder, **more)
        try:
            simulation.run()
            if seed % 100 == 0:  # and once more: the same seed is the same run
                with tempfile.TemporaryDirectory(dir=fast) as again:
                    twin = Simulation(seed, again, **more)
                    twin.run()
                require(twin.hash == simulation.hash, "the same seed gave another journal")
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise
        return simulation


@dataclass
class Figures:
    """What many runs met."""

    seeds: int = 0
    points: int = 0
    crashes: int = 0
    sends: int = 0
    calls: Counter = field(default_factory=Counter)
    transitions: Counter = field(default_factory=Counter)
    outcomes: Counter = field(default_factory=Counter)
    violations: list = field(default_factory=list)

    def add(self, other):
        """Count another's runs in."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    def told(self):
        """Return the figures by name, the pairs in words."""
        return {
            each.name: {_words(name): n for name, n in getattr(self, each.name).most_common()}
            if isinstance(getattr(self, each.name), Counter)
            else getattr(self, each.name)
            for each in fields(self)
        }


def _words(label):
    return label if isinstance(label, str) else " -> ".join(label)


def many(seeds):
    """Run many seeds; stop at none of them, so that all violations are told."""
    figures = Figures()
    for seed in seeds:
        figures.seeds += 1
        try:
            done = simulate(seed)
        except Exception as error:  # noqa: BLE001 - whatever breaks is told with its seed
            figures.violations.append(f"seed {seed}: {type(error).__name__}: {error}")
            continue
        figures.add(
            Figures(
                0, done.points, done.crashes, done.sends, done.world.counts, done.transitions,
                Counter(each.outcome for each in done.ended.values()),
            )
        )  # fmt: skip
    return figures


def everywhere(first, count, workers, chunk=50):
    """Run many seeds on several processes."""
    chunks = [range(n, min(n + chunk, first + count)) for n in range(first, first + count, chunk)]
    figures = Figures()
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for each in pool.imap_unordered(many, chunks):
            figures.add(each)
    return figures


if __name__ == "__main__":
    done = everywhere(int(sys.argv[1]), int(sys.argv[2]), int((sys.argv[3:] or ["2"])[0]))
    print(json.dumps(done.told(), indent=1))  # noqa: T201 - it is also a command
    sys.exit(bool(done.violations))
