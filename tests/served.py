"""What tests of the connected half share: a clock nobody waits for, and sites to speak to."""

import threading

import httpx

import contacttools as ct
from contacttools.service.credentials import Key
from contacttools.service.pacing import Pacer
from contacttools.service.site import Site
from contacttools.service.transport import Transport

KEY = "IST.canary-4f1d9c2e7b"
SITE = "11111111-2222-4333-8444-555555555555"


class VirtualClock:
    """Time that passes only by waiting, and at once.

    With several threads, `others` says how many there are: time passes when all of them wait, and
    then only to the first moment that one of them waits for.
    """

    def __init__(self, threads=1):
        self.now = 0.0
        self.waits = []
        self._threads = threads
        self._until = []
        self._turn = threading.Condition()

    def monotonic(self):
        with self._turn:
            return self.now

    def wait(self, seconds, until):
        with self._turn:
            self.waits.append(seconds)
            moment = self.now + seconds
            self._until.append(moment)
            self._pass_time()
            while self.now < moment and not until.is_set():
                self._turn.wait()
            if self.now < moment:
                self._until.remove(moment)

    def leave(self):
        """One thread is done and waits no more."""
        with self._turn:
            self._threads -= 1
            self._pass_time()

    def _pass_time(self):
        if self._until and len(self._until) >= self._threads:
            self.now = max(self.now, min(self._until))
            self._until = [moment for moment in self._until if moment > self.now]
            self._turn.notify_all()


def site_at(server, *, clock=None, pace=None, key=None, read_only=False):
    """Return a site like the one `connect` makes, with time in our hands."""
    transport = Transport(
        server.url,
        Key(key or server.api_key, server.site_id),
        Pacer(pace, clock or VirtualClock()),
    )
    return Site(transport, server.site_id, live=True, read_only=read_only, direct_writes=True)


def transport_to(handler, *, clock=None, pace=None):
    """Return a transport whose requests end in a function: for what no real server does."""
    pacer = Pacer(pace, clock or VirtualClock())
    through = httpx.MockTransport(handler)
    return Transport("https://service.example", Key(KEY, SITE), pacer, through=through)


def site_of(handler, **more):
    """Return a site whose requests end in a function."""
    return Site(transport_to(handler, **more), SITE, live=True, read_only=False, direct_writes=True)


def planned(site, edits, contacts=None):
    """Stage edits, given by contact id, on a fresh fetch and return the plan."""
    stage = ct.Stage(contacts or site.fetch())
    for contact_id, values in edits.items():
        stage.edit(contact_id, values)
    return stage.plan()
