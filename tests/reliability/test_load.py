"""A large plan from the fetch to its finished journal: how large things get, and how long it takes.

Sizes and ratios are asserted. Times are only told: a busy machine with two cores proves nothing.
"""

import json
import multiprocessing
import resource
import time
from collections import Counter

import httpx
from reliability.committer import site_at
from reliability.figures import FULL, record
from reliability.ledger import Ledger, attributed, judge, sandbox

import contacttools as ct

CONTACTS = 10_000 if FULL else 500
PATIENCE = 600  # seconds, for whatever must come in the end


class Counting(httpx.HTTPTransport):
    """A way to the service that counts the requests on it."""

    def __init__(self):
        super().__init__()
        self.requests = Counter()

    def handle_request(self, request):
        self.requests[request.method] += 1
        return super().handle_request(request)


class AtOnce(httpx.BaseTransport):
    """A service that takes every update at once: what is left is the time that we take."""

    def __init__(self, contacts):
        self._contacts = contacts

    def handle_request(self, request):
        body = json.loads(request.read())
        if request.method == "POST":
            ids = body["query"]["filter"]["id"]["$in"]
            return httpx.Response(200, json={
                "contacts": [self._contacts[each] for each in ids],
                "pagingMetadata": {"count": len(ids), "offset": 0, "total": len(ids)},
            })  # fmt: skip
        contact = self._contacts[request.url.path.rpartition("/")[2]]
        updated = {"revision": body["revision"] + 1, "info": contact["info"] | body["info"]}
        return httpx.Response(200, json={"contact": contact | updated})


class Laps:
    """How long each part takes: seconds, and seconds of this process at work; and its memory."""

    def __init__(self):
        self.figures = {}
        self._since = time.perf_counter(), time.process_time()

    def lap(self, name):
        """End a part, and begin the next."""
        now = time.perf_counter(), time.process_time()
        seconds, busy = (b - a for a, b in zip(self._since, now, strict=True))
        self.figures[f"{name} s"] = round(seconds, 3)
        self.figures[f"{name} busy s"] = round(busy, 3)
        self.figures[f"{name} peak MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        self._since = time.perf_counter(), time.process_time()


def carried_through(ready, runs, path, say):
    """Plan, preview, commit and look back, in a process for nothing else; say the figures."""
    through = Counting()
    site = site_at(ready, runs, through=through)
    laps = Laps()
    contacts = site.fetch()
    laps.lap("fetch")
    stage = ct.Stage(contacts)
    for n, contact_id in enumerate(contacts):
        stage.edit(contact_id, {"company": f"Planned {n}"})
        if n % 3 == 0:
            stage.add(contact_id, "addresses", {"addressLine": f"{n}", "city": "Exampleton"})
    laps.lap("stage")
    plan = stage.plan()
    laps.lap("plan")
    html = plan._repr_html_()
    laps.lap("preview")
    plan.save(path)
    laps.lap("save")
    through.requests.clear()
    report = site.commit(plan, plan.id)
    laps.lap("commit")
    figures = laps.figures | {
        "requests": sum(through.requests.values()),
        "journal bytes": sum(each.stat().st_size for each in runs.glob("*.sqlite*")),
    }
    report_html = report._repr_html_()
    laps.lap("report")
    past = site_at(ready, runs).run(plan.id).report
    laps.lap("scan")
    assert past.counts == report.counts
    site.commit(plan, plan.id)
    laps.lap("commit again")
    alone = site_at(ready, runs.with_name("alone"), through=AtOnce(contacts))
    assert alone.commit(plan, plan.id).counts == {"applied": len(plan)}
    laps.lap("commit without a service")
    say.send(
        laps.figures
        | figures
        | {
            "planned": len(plan),
            "counts": dict(report.counts),
            "preview bytes": len(html.encode()),
            "report bytes": len(report_html.encode()),
        }
    )


def test_a_large_plan(tmp_path, capsys):
    """One request a contact, one preview that a notebook can show, a journal of moderate size."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["contacttools.service.site", "pandas", "pytest", "tqdm.auto"])
    runs, path = tmp_path / "runs", tmp_path / "plan.json"
    with sandbox(tmp_path / "site.db", "--people", CONTACTS) as ready:
        ledger = Ledger(tmp_path / "site.db")
        hear, say = context.Pipe(duplex=False)
        child = context.Process(target=carried_through, args=(ready, runs, path, say))
        child.start()
        say.close()
        assert hear.poll(PATIENCE)
        figures = hear.recv()
        child.join(PATIENCE)
        plan = ct.Plan.load(path)
        outcomes = {each.key: each for each in site_at(ready, runs).run(plan.id).report.outcomes}
        made = attributed([plan], ledger.updates())[plan.id]
        counts = judge(plan, outcomes, made, ledger.contacts())
    assert counts == figures["counts"] == {"applied": CONTACTS}
    figures["requests per update"] = figures["requests"] / CONTACTS
    figures["journal bytes per contact"] = figures["journal bytes"] / CONTACTS
    alone = figures["commit without a service s"]
    figures["updates per s without a service"] = round(CONTACTS / alone)
    figures["updates per s"] = round(CONTACTS / figures["commit s"])
    record(capsys, "load", contacts=CONTACTS, **figures)
    assert figures["requests per update"] <= 1.01
    assert figures["preview bytes"] <= 1_000_000
    assert figures["report bytes"] <= 1_000_000
    assert figures["journal bytes per contact"] <= 3_000
