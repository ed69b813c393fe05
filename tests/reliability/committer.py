"""What commits in the tests that kill: a site at a sandbox, in whatever process this is run in."""

import time

import contacttools as ct
from contacttools.errors import BadPlan
from contacttools.journal.folder import Folder
from contacttools.service.credentials import Key
from contacttools.service.pacing import Pacer
from contacttools.service.site import Site
from contacttools.service.transport import Transport

HURRY = 50  # a second of waiting takes a fiftieth


class Hurried:
    """The machine's clock, run fast: what would wait for a minute waits for a second."""

    def monotonic(self):
        return time.monotonic() * HURRY

    def wait(self, seconds, until):
        until.wait(seconds / HURRY)


def site_at(ready, runs, *, clock=None, through=None):
    """Return the site of a sandbox in another process, by the line that it began with."""
    transport = Transport(
        ready["url"],
        Key(ready["api_key"], ready["site_id"]),
        Pacer(None, clock),
        through=through,
    )
    return Site(
        transport,
        ready["site_id"],
        live=True,
        read_only=False,
        direct_writes=True,
        folder=Folder(runs),
    )


def begun(site, path):
    """Commit the plan of a file, or take it up again if it was; return it under way."""
    plan = ct.Plan.load(path)
    try:
        return site.resume(plan.id, wait=False)
    except BadPlan:  # whoever was here before did not get as far as a journal
        return site.commit(plan, plan.id, wait=False)


def carried_out(ready, runs, path, say):
    """Carry a plan out as far as this process lives, and say how each change ended."""
    run = begun(site_at(ready, runs, clock=Hurried()), path)
    say.send("begun")
    run.wait()
    say.send({each.key: each.outcome for each in run.report.outcomes})
