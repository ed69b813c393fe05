"""Many at once: editors, two notebooks with the same plan, and one with a plan that overlaps.

The sandbox is a process of its own, and so is each notebook; the editors are threads with clients
of their own. Everybody writes values that nobody else writes, so that the service's own log says
who wrote what, over which revision, and what was there before.
"""

import multiprocessing
import threading
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from random import Random

import httpx
from reliability.committer import site_at
from reliability.figures import FULL, record
from reliability.ledger import Ledger, attributed, judge, sandbox

import contacttools as ct
from contacttools.contact import wire
from contacttools.errors import PlanInUse

CONTACTS, ROUNDS = (500, 50) if FULL else (40, 3)
EDITORS = 8
PATIENCE = 120  # seconds, for whatever must come in the end


class Gated(httpx.HTTPTransport):
    """A way to the service on which updates wait until a gate is opened."""

    def __init__(self, gate):
        super().__init__()
        self._gate = gate

    def handle_request(self, request):
        assert request.method != "PATCH" or self._gate.wait(PATIENCE)
        return super().handle_request(request)


def notebook(ready, runs, gate, pipe):
    """Commit each plan that is named, and say how that went, until there is none."""
    site = site_at(ready, runs, through=Gated(gate))
    while (path := pipe.recv()) is not None:
        plan = ct.Plan.load(path)
        try:
            run = site.commit(plan, plan.id, wait=False)
        except PlanInUse:
            pipe.send("in use")
            continue
        pipe.send("begun")
        run.wait()
        pipe.send({each.key: each.outcome for each in run.report.outcomes})


class Notebook:
    """A notebook in a process of its own."""

    def __init__(self, context, ready, runs, gate):
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=notebook, args=(ready, runs, gate, theirs))
        self._process.start()
        theirs.close()

    def commit(self, path):
        """Let it commit a plan."""
        self._pipe.send(path)

    def told(self):
        """Return what it says next."""
        assert self._pipe.poll(PATIENCE)
        return self._pipe.recv()

    def close(self):
        """Let it end."""
        self._pipe.send(None)
        self._process.join(PATIENCE)
        self._pipe.close()


@dataclass
class Editor:
    """Somebody who edits contacts, now these and now those, and the first ones most."""

    number: int
    ready: dict
    ids: list
    gate: object
    made: dict = field(default_factory=dict)  # (contact id, revision) -> (field, value)
    stale: int = 0

    def work(self):
        """Edit as often as all editors together edit each contact once: half of it at the gate."""
        chance = Random(f"editor {self.number} {self.ids[0]}")
        headers = {"Authorization": self.ready["api_key"], "wix-site-id": self.ready["site_id"]}
        with httpx.Client(headers=headers, base_url=self.ready["url"], timeout=PATIENCE) as client:
            for n in range(len(self.ids) // EDITORS):
                assert n != len(self.ids) // EDITORS // 2 or self.gate.wait(PATIENCE)
                self._edit(client, chance, self.ids[int(len(self.ids) * chance.random() ** 2)])

    def _edit(self, client, chance, contact_id):
        path = f"/contacts/v4/contacts/{contact_id}"
        contact = client.get(path).json()["contact"]
        revision, name = contact["revision"], contact["info"].get("name", {})
        value = f"Editor {self.number} at {revision}"
        name, info = chance.choice((
            ("company", {"company": value}),
            ("jobTitle", {"jobTitle": value}),
            ("name.first", {"name": {**name, "first": value}}),
        ))  # fmt: skip
        answer = client.patch(path, json={"revision": revision, "info": info})
        if answer.status_code == 200:
            self.made[contact_id, revision + 1] = name, value
        else:
            assert (409, True) == (answer.status_code, "CONTACT_ALREADY_CHANGED" in answer.text)
            self.stale += 1


def plans(site, number):
    """Return two plans over the same contacts: of all of them, and of every other one."""
    contacts = site.fetch()
    one, other = ct.Stage(contacts), ct.Stage(contacts)
    for n, contact_id in enumerate(contacts):
        one.edit(contact_id, {"company": f"One {number}"})
        if n % 3 == 0:
            address = {"addressLine": f"One {number}", "city": "Exampleton"}
            if len(held := one.value(contact_id, "addresses") or ()) > 40:  # there is an end
                one.remove(contact_id, "addresses", held[0]["id"])
            one.add(contact_id, "addresses", address)
        if n % 2 == 0:
            other.edit(contact_id, {"jobTitle": f"Other {number}"})
        if n % 8 == 0:
            other.edit(contact_id, {"company": f"Other {number}"})
    return one.plan(), other.plan()


class Round:
    """Everybody at work at once, and then the reckoning."""

    def __init__(self, place, ready, site, number):
        self.ledger, self.site, self.ready = Ledger(place / "site.db"), site, ready
        self.plans = plans(site, number)
        self.paths = [place / f"{number} {name}.json" for name in ("one", "other")]
        for plan, path in zip(self.plans, self.paths, strict=True):
            plan.save(path)
        self.counts = Counter()

    def fight(self, same, third, gate):
        """Let two notebooks commit one plan, a third the other, and editors edit meanwhile."""
        ids = [change.contact_id for change in self.plans[0].changes]
        editors = [Editor(n, self.ready, ids, gate) for n in range(EDITORS)]
        threads = [threading.Thread(target=each.work) for each in editors]
        gate.clear()
        for thread in threads:
            thread.start()
        try:
            for each in same:
                each.commit(self.paths[0])
            third.commit(self.paths[1])
            said = [each.told() for each in same]
            assert ["begun", "in use"] == sorted(said)
            assert "begun" == third.told()
            gate.set()
            reports = [same[said.index("begun")].told(), third.told()]
        finally:
            gate.set()
            for thread in threads:
                thread.join(PATIENCE)
        self._reckon(reports, editors)
        self._the_same_for_all(same, reports[0])

    def _reckon(self, reports, editors):
        edited = {key: each for editor in editors for key, each in editor.made.items()}
        assert len(edited) == sum(len(editor.made) for editor in editors)
        ours = []
        for update in self.ledger.updates():
            edit = edited.pop((update.contact_id, update.after["revision"]), None)
            if edit is None:
                ours.append(update)
                continue
            name, value = edit
            assert [name] == update.changed
            assert value == wire.values(update.after)[name]
        assert {} == edited  # nothing that an editor was told is stored was lost
        made = attributed(self.plans, ours)
        for plan, words in zip(self.plans, reports, strict=True):
            outcomes = {each.key: each for each in self.site.run(plan.id).report.outcomes}
            assert words == {key: each.outcome for key, each in outcomes.items()}
            self.counts += judge(plan, outcomes, made[plan.id], None)
            self.counts["carried over"] += sum(each.done is not None for each in outcomes.values())
        self.counts["planned"] += sum(len(plan.changes) for plan in self.plans)
        self.counts["updates by plan"] += len(ours)
        self.counts["updates by editors"] += sum(len(editor.made) for editor in editors)
        self.counts["stale edits"] += sum(editor.stale for editor in editors)

    def _the_same_for_all(self, same, report):
        """Whoever commits the plan once more is told what came of it, and nothing is sent."""
        before = self.ledger.count()
        for each in same:
            each.commit(self.paths[0])
            assert "begun" == each.told()
            assert report == each.told()
        assert before == self.ledger.count()


def test_many_at_once(tmp_path, capsys):
    """No edit is lost, none made twice, nothing replaced that was not shown, all told truly."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["contacttools.service.site", "pandas", "pytest", "tqdm.auto"])
    runs, counts = tmp_path / "runs", Counter()
    with sandbox(tmp_path / "site.db", "--people", CONTACTS) as ready:
        site = site_at(ready, runs)
        gate, open_gate = context.Event(), context.Event()
        open_gate.set()
        first = Notebook(context, ready, runs, gate)
        second = Notebook(context, ready, runs, gate)
        third = Notebook(context, ready, runs, open_gate)
        with closing(first), closing(second), closing(third):
            for number in range(ROUNDS):
                one = Round(tmp_path, ready, site, number)
                one.fight((first, second), third, gate)
                counts += one.counts
    assert counts["applied"]
    assert counts["conflict"]
    record(
        capsys, "contention", contacts=CONTACTS, rounds=ROUNDS, editors=EDITORS, notebooks=3,
        lost=0, doubled=0, unreported=0, **{key.replace(" ", "_"): n for key, n in counts.items()},
    )  # fmt: skip
