"""A world to commit in: the sandbox's own rules as the server, a network that fails, colleagues.

One thread, one clock that is a number, one random source: the same seed gives the same world.
Every write is kept with who made it, so that a test can ask afterwards what really happened.
"""

import copy
import heapq
import itertools
import json
import random
from collections import Counter
from dataclasses import dataclass, field, replace

from contacttools.contact import wire
from contacttools.sandbox.problems import Problem
from contacttools.sandbox.rules import duplicates
from contacttools.sandbox.rules.amend import Context, Entry
from contacttools.sandbox.rules.contact import changed, update
from contacttools.sandbox.settings import Settings

OURS, PROXY = "ours", "ours, repeated on the way"

#: Switches that decide what the service makes of an update; each world draws its own reading.
SWITCHES = (
    "reformat_phones", "merge_extended_fields", "merge_names", "keep_item_ids", "null_clears",
    "primary_objects", "keep_empty_fields", "normalise_codes", "all_emails_collide",
    "email_case_matters", "compare_e164", "activity_on_update", "effective_email",
    "empty_wrappers", "count_empty_updates", "empty_wrapper_clears", "revision_first",
)  # fmt: skip

#: What may happen to a request: when it arrives (None: never), how often, and what is answered.
WRITE_FAULTS = (
    "never sent", "lost", "late", "answer lost", "500 applied", "500 not applied", "503 applied",
    "503 not applied", "429", "repeated, first answer", "repeated, second answer", "cut body",
    "refused", "denied",
)  # fmt: skip
READ_FAULTS = ("never sent", "answer lost", "500", "429", "stale", "cut body")
LOOK_FAULTS = ("unreachable", "stale")


@dataclass
class Accepted:
    """One accepted change of one contact."""

    by: str
    key: tuple | None  # which planned change, if it was ours
    before: dict
    after: dict
    body: str


@dataclass
class World:
    """The service's contacts, and what happens to requests on their way."""

    seed: int
    contacts: dict
    labels: set
    fields: dict
    fault_share: float = 0.5
    foreign_share: float = 0.15
    now: float = 0.0
    log: dict = field(default_factory=dict)  # contact id -> accepted writes, oldest first
    counts: Counter = field(default_factory=Counter)  # (call, fault)
    merged: dict = field(default_factory=dict)

    def __post_init__(self):
        self.random = random.Random(f"world {self.seed}")
        flips = {name: self.random.random() < 0.5 for name in SWITCHES}
        usual = Settings()
        self.settings = usual if self.random.random() < 0.4 else replace(usual, **flips)
        self.entries = {each["id"]: Entry(copy.deepcopy(each)) for each in self.contacts.values()}
        self.history = {each: [entry.contact] for each, entry in self.entries.items()}
        self._events, self._order = [], itertools.count()
        self.editors = True
        self.lag = self.random.choice((0.0, 0.0, 0.4))  # of reads that a mirror answers

    # -- time -------------------------------------------------------------------------------

    def at(self, moment, call):
        """Let something happen at a moment."""
        heapq.heappush(self._events, (moment, next(self._order), call))

    def next_moment(self):
        """Return when something happens next; None when nothing will."""
        return self._events[0][0] if self._events else None

    def step(self):
        """Let the next thing happen."""
        self.now, _, call = heapq.heappop(self._events)
        call()

    # -- the service ------------------------------------------------------------------------

    def _context(self):
        ids = (f"{self.random.getrandbits(64):016x}" for _ in itertools.count())
        return Context(
            "2026-05-06T07:08:09.000Z", lambda: next(ids), "app", self.labels, self.fields,
            self.settings,
        )  # fmt: skip

    def patch(self, by, key, ask):
        """Carry an update out as the service would; return status and body."""
        entry = self.entries.get(key[0])
        if entry is None:
            return 404, _problem("CONTACT_NOT_FOUND")
        info = json.loads(json.dumps(ask.info))
        try:
            after = update(entry, info, ask.revision, self._context())
            if not ask.allow_duplicates:
                self._unique(info, after)
        except Problem as problem:
            return problem.status, problem.body
        if after is not entry:
            self._store(by, key, entry, after, json.dumps(info, sort_keys=True))
        return 200, {"contact": after.contact}

    def _unique(self, info, after):
        for claim in duplicates.claims(info, after.contact, self.settings):
            for other, entry in self.entries.items():
                if other != after.contact["id"] and claim.key in duplicates.held(
                    entry.contact, self.settings
                ):
                    raise claim.refused(other)

    def _store(self, by, key, before, after, body=""):
        contact_id = after.contact["id"]
        self.entries[contact_id] = after
        self.history[contact_id].append(after.contact)
        self.log.setdefault(contact_id, []).append(
            Accepted(by, key, before.contact, after.contact, body)
        )

    def get(self, contact_id, *, stale=False):
        """Read a contact; an id that was merged away answers the contact that holds it now."""
        contact_id = self.merged.get(contact_id, contact_id)
        if contact_id not in self.entries:
            return 404, _problem("CONTACT_NOT_FOUND")
        states = self.history[contact_id]
        stale = stale or self.random.random() < self.lag
        contact = self.random.choice(states) if stale else states[-1]
        return 200, {"contact": contact, "responseType": "REGULAR"}

    # -- colleagues -------------------------------------------------------------------------

    def colleagues(self, contact_id):
        """Let somebody else edit a contact, perhaps."""
        if self.editors and self.random.random() < self.foreign_share:
            self.foreign_edit(contact_id)

    def foreign_edit(self, contact_id):
        """Let somebody else do one thing to a contact."""
        entry = self.entries.get(contact_id)
        if entry is None:
            return
        draw = self.random
        info = entry.contact["info"]
        kind = draw.choice(
            ("company", "jobTitle", "name", "phone", "label", "custom", "derived", "back", "email",
             "delete", "merge")
        )  # fmt: skip
        if kind in ("delete", "merge"):
            if draw.random() < 0.15:
                self._vanish(contact_id, kind)
            return
        sent = self._theirs(kind, info)
        try:
            after = changed(entry, sent, self._context())
            self._unique(sent, after)
        except Problem:
            return
        self._store("a colleague", None, entry, after)
        if kind == "back":  # changed, and changed back
            undone = changed(self.entries[contact_id], {"company": info.get("company")},
                             self._context())  # fmt: skip
            self._store("a colleague", None, self.entries[contact_id], undone)

    def _theirs(self, kind, info):
        draw = self.random
        word = draw.choice(("Theirs", "Planned 1", "Planned 2", "Other"))
        items = [dict(each) for each in info.get(f"{kind}s", {}).get("items", [])]
        match kind:
            case "company" | "jobTitle":
                sent = {kind: word}
            case "back":
                sent = {"company": "For a moment"}
            case "name":
                sent = {"name": {"last": word}}
            case "label":
                keys = list(info.get("labelKeys", {}).get("items", []))
                key = draw.choice(sorted(self.labels))
                keys = [each for each in keys if each != key] if key in keys else [*keys, key]
                sent = {"labelKeys": {"items": keys}}
            case "custom":
                sent = {"extendedFields": {"items": {draw.choice(sorted(self.fields)): word}}}
            case "phone":
                number = f"21255501{draw.randrange(10, 99)}"
                if items and draw.random() < 0.5:
                    draw.choice(items)["phone"] = number
                else:
                    items.append({"phone": number, "countryCode": "US", "primary": not items})
                sent = {"phones": {"items": items}}
            case "email":
                address = f"theirs{draw.randrange(1000)}@example.com"
                items.append({"email": address, "primary": not items})
                sent = {"emails": {"items": items}}
            case _:  # something only the service sees
                sent = {"locations": {"items": [f"{draw.getrandbits(64):016x}"]}}
        return sent

    def _vanish(self, contact_id, kind):
        entry = self.entries.pop(contact_id)
        if kind == "merge" and self.entries:
            self.merged[contact_id] = self.random.choice(sorted(self.entries))
        self.log.setdefault(contact_id, []).append(
            Accepted("a colleague", None, entry.contact, {}, "")
        )

    # -- the way ----------------------------------------------------------------------------

    def fault(self, call, kinds):
        """Draw what happens to a request: mostly nothing."""
        quiet = self.random.random() >= self.fault_share
        kind = "none" if quiet else self.random.choice(kinds)
        self.counts[call, kind] += 1
        return kind


def _problem(code):
    return {"message": code, "details": {"applicationError": {"code": code, "data": {}}}}


def answered(method, status, body, headers=None):
    """Return what the library makes of an answer."""
    return wire.answer(method, status, headers or {}, json.dumps(body).encode())
