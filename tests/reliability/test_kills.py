"""A process that is killed while it commits, and another that takes the commit up where it was.

The sandbox is a process of its own and lives on; things go wrong at it at random, and colleagues
edit the same contacts. What its database says was written is compared with what was reported.
"""

import ast
import multiprocessing
import os
import queue
import signal
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from random import Random

from jupyter_client.manager import KernelManager
from reliability.committer import Hurried, carried_out, site_at
from reliability.figures import FULL, record
from reliability.ledger import ROOT, Ledger, attributed, could_be_settled, judge, sandbox

import contacttools as ct
from contacttools.contact import merge
from contacttools.errors import BadPlan
from contacttools.journal.folder import Folder

KILLS, CONTACTS = (200, 200) if FULL else (5, 60)
KERNELS = 20 if FULL else 2
MOST = 5  # kills of one run
PATIENCE = 120  # seconds, for whatever must come in the end


def plan_of(site, chance, mark):
    """Return a plan for every contact, with values that nobody else writes."""
    contacts = site.fetch()
    stage = ct.Stage(contacts)
    ids = list(contacts)
    for n, contact_id in enumerate(ids):
        stage.edit(contact_id, {"company": f"{mark} {n}"})
        if chance.random() < 0.3:
            stage.edit(contact_id, {"name.last": f"{mark} Last {n}"})
        if chance.random() < 0.3:
            stage.add(contact_id, "addresses", {"addressLine": f"{mark} {n}", "city": "Exampleton"})
    mails = {each: _mail(stage, each) for each in ids}
    held = Counter(filter(None, mails.values()))
    alone = [each for each in ids if held[mails[each]] == 1]
    for n in range(0, 12, 2):
        one, other = alone[n], alone[n + 1]
        stage.edit(one, {"email": mails[other]})
        stage.edit(other, {"email": mails[one]})
    return stage.plan()


def _mail(stage, contact_id):
    items = stage.value(contact_id, "emails") or ()
    return items[0]["email"].lower() if len(items) == 1 and merge.primary(items) else None


class Killing:
    """One plan, committed by processes that are killed, at a sandbox that lives on."""

    def __init__(self, place, ready, seed):
        self.chance = Random(f"kills {seed}")
        self.ready, self.runs, self.path = ready, place / "runs", place / "plan.json"
        self.ledger = Ledger(place / "site.db")
        self.site = site_at(ready, self.runs, clock=Hurried())
        self.plan = plan_of(self.site, self.chance, f"Planned {seed}")
        self.plan.save(self.path)
        self.changes = {change.key: change for change in self.plan.changes}
        self.kills = 0
        self.killed = Counter()  # what the kills found

    def moment(self):
        """Draw when to kill next, counted in updates or in journal; return what tells it."""
        if self.chance.random() < 0.7:
            return self.after(self.chance.randrange(len(self.plan) // 2))
        size = self._written() + self.chance.randrange(1, 1500 * len(self.plan))
        return lambda: self._written() >= size

    def after(self, updates):
        """Return what tells whether so many more updates were made."""
        goal = self.ledger.count() + updates
        return lambda: self.ledger.count() >= goal

    def was_killed(self):
        """Look at what the dead process left, and let somebody edit before the next one comes."""
        self.kills += 1
        try:
            story = Folder(self.runs).read(self.plan.site_id, self.plan.id)
        except BadPlan:
            self.killed["before there was a journal"] += 1
            return
        done, planned = len(story.outcomes), len(self.plan.changes)
        self.killed[("none", "some", "all")[(done > 0) + (done == planned)]] += 1
        held = self.ledger.contacts()
        untold = [
            change
            for key, change in self.changes.items()
            if key not in story.outcomes and ours(held[change.contact_id])
        ]
        self.killed["updates made and not told"] += len(untold)
        for change in untold:
            if self.chance.random() < 0.7:
                self._edit(change, undo=self.chance.random() < 0.7)
        for change in self.chance.sample(self.plan.changes, 5):
            self._edit(change)

    def _edit(self, change, *, undo=False):
        """Edit a contact as somebody may who knows of no plan, or does not want what it wrote."""
        with suppress(ct.ApiError):  # things go wrong at random: then there was no edit, or one
            held = self.site.get_contact(change.contact_id)
            info = {"jobTitle": f"met at kill {self.kills}, at {held['revision']}"}
            if undo and ours(held):
                info = {"company": change.base.get("company")}
            self.site.update_contact(change.contact_id, info, held["revision"])

    def _written(self):
        """Return how many bytes of journal there are."""
        total = 0
        for each in self.runs.glob("*.sqlite*"):
            with suppress(FileNotFoundError):
                total += each.stat().st_size
        return total

    @property
    def outcomes(self):
        """How each change ended, as the journal has it."""
        report = self.site.run(self.plan.id).report
        assert sum(report.counts.values()) == len(self.plan.changes) == len(report)
        return {each.key: each for each in report.outcomes}

    @property
    def settled(self):
        """Whether nothing is left that another run could settle."""
        return not any(map(could_be_settled, self.outcomes.values()))

    def finish(self):
        """Take the plan up until all is settled, with nothing going wrong any more; then judge."""
        self._judge(final=False)
        calm(self.ready, self.site)
        for _ in range(4):
            if not self.settled:
                self.site.resume(self.plan.id)
        assert self.settled, list(filter(could_be_settled, self.outcomes.values()))
        counts = self._judge(final=True)
        before = self.ledger.count()
        report = self.site.resume(self.plan.id)
        assert before == self.ledger.count()
        assert counts == report.counts
        return counts

    def _judge(self, *, final):
        updates = [each for each in self.ledger.updates() if not somebody_elses(each)]
        made = attributed([self.plan], updates)[self.plan.id]
        return judge(self.plan, self.outcomes, made, self.ledger.contacts() if final else None)


def ours(contact):
    """Say whether a contact holds what the plan wanted, at least the one value that all get."""
    return contact["info"].get("company", "").startswith("Planned")


def somebody_elses(update):
    """Say whether this was a colleague, whom the sandbox made, or an edit after a kill."""
    undone = ["company"] == update.changed and not ours(update.after)
    return undone or ["jobTitle"] == update.changed


def calm(ready, site):
    """Let nothing go wrong at the sandbox from now on."""
    answer = site._transport._client.delete(
        "/_sandbox/faults", headers={"Authorization": ready["api_key"]}
    )
    assert 200 == answer.status_code


def processes(killing, context, most):
    """Kill processes that commit, until one of them gets to the end of the plan."""
    while True:
        hear, say = context.Pipe(duplex=False)
        told = (killing.ready, killing.runs, killing.path, say)
        child = context.Process(target=carried_out, args=told)
        come = killing.moment()
        child.start()
        say.close()
        heard = []
        with hear, suppress(EOFError):
            while len(heard) < 2:
                if hear.poll(0.002):
                    heard.append(hear.recv())
                elif killing.kills < most and come():
                    child.kill()
                    break
            while len(heard) < 2:
                heard.append(hear.recv())
        child.join(PATIENCE)
        if 2 == len(heard):
            ended = heard[-1]
            assert ended == {key: each.outcome for key, each in killing.outcomes.items()}
            if killing.kills >= most or killing.settled:
                return
        else:
            assert -signal.SIGKILL == child.exitcode
            killing.was_killed()


def test_any_process_may_be_killed(tmp_path, capsys):
    """Whenever a process dies, another one finishes its commit: all written, nothing twice."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["contacttools.service.site", "pandas", "pytest", "tqdm.auto"])
    kills, runs, updates, counts, killed = 0, 0, 0, Counter(), Counter()
    began = datetime.now(UTC)
    while kills < KILLS:
        place = tmp_path / f"{runs}"
        place.mkdir()
        share = (0.05, 0.0, 0.15)[runs % 3]
        with sandbox(
            place / "site.db", "--people", CONTACTS, "--seed", runs, "--faults-at-random", share
        ) as ready:
            killing = Killing(place, ready, runs)
            processes(killing, context, min(MOST, KILLS - kills))
            counts += killing.finish()
            updates += len(killing.ledger.updates())
        kills += killing.kills
        killed += killing.killed
        runs += 1
    record(
        capsys, "kills of processes", kills=kills, runs=runs, contacts=CONTACTS, updates=updates,
        outcomes=counts, killed=killed,
        seconds=round((datetime.now(UTC) - began).total_seconds()),
    )  # fmt: skip


class Kernel:
    """A notebook's kernel, fresh, in which the plan of a `Killing` is under way when it begins."""

    BEGIN = """
from threading import Thread
from reliability.committer import Hurried, begun, site_at
run = begun(site_at({ready!r}, {runs!r}, clock=Hurried()), {path!r})
Thread(target=lambda: run.wait() and print("it has ended"), daemon=True).start()
"""

    def __init__(self, killing):
        self._manager = KernelManager(kernel_name="python3")
        tests = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
        self._manager.start_kernel(env={**os.environ, "PYTHONPATH": tests})
        self._client = self._manager.blocking_client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=PATIENCE)
        self.told(self.BEGIN.format(
            ready=killing.ready, runs=str(killing.runs), path=str(killing.path)
        ))  # fmt: skip

    def told(self, code, value="None"):
        """Run a cell, and return the value of an expression after it."""
        reply = self._client.execute(
            code, user_expressions={"value": value}, reply=True, timeout=PATIENCE
        )["content"]
        assert "ok" == reply["status"], reply
        return ast.literal_eval(reply["user_expressions"]["value"]["data"]["text/plain"])

    def kill(self, come):
        """Kill it when the moment has come, or when there is nothing left to interrupt."""
        ended = False
        while not (ended or come()):
            with suppress(queue.Empty):
                said = self._client.get_iopub_msg(timeout=0.002)["content"]
                ended = said.get("text", "").startswith("it has ended")
        self._manager.signal_kernel(signal.SIGKILL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        self._manager.cleanup_resources()


def test_a_kernel_may_be_killed(tmp_path, capsys):
    """A notebook whose kernel dies in the middle of a commit takes it up in a fresh one."""
    kills, runs, counts, killed = 0, 0, Counter(), Counter()
    while kills < KERNELS:
        place = tmp_path / f"{runs}"
        place.mkdir()
        with sandbox(
            place / "site.db", "--people", CONTACTS, "--seed", runs, "--faults-at-random", 0.03
        ) as ready:
            killing = Killing(place, ready, runs)
            while killing.kills < min(MOST, KERNELS - kills):
                come = killing.after(killing.chance.randrange(1, len(killing.plan) // 8))
                with Kernel(killing) as kernel:
                    kernel.kill(come)
                killing.was_killed()
            with Kernel(killing) as kernel:
                words = kernel.told("report = run.wait() and run.report", "dict(report.counts)")
            assert words == Counter(each.outcome for each in killing.outcomes.values())
            counts += killing.finish()
        kills += killing.kills
        killed += killing.killed
        runs += 1
    record(
        capsys, "kills of kernels", kills=kills, runs=runs, contacts=CONTACTS, outcomes=counts,
        killed=killed,
    )  # fmt: skip
