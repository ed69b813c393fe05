"""Load: many clients at once, and a process that is killed under their hands.

`make test` runs a small share of each; `make test-load` sets CONTACTTOOLS_LOAD=1 for all of it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
from sandbox.answers import client_of
from sandbox.test_process import COMMAND, ROOT, headers

from contacttools.sandbox import start

FULL = bool(os.environ.get("CONTACTTOOLS_LOAD"))
CLIENTS, CONTACTS = 16, 50
UPDATES = 1_000 if FULL else 60
KILLS = 100 if FULL else 4


def hammer(server, number, ids):
    """Update contacts at random, each at the revision seen last; give what was answered."""
    chance = random.Random(number)
    answered = []
    with client_of(server) as client:
        seen = dict.fromkeys(ids, 1)
        for turn in range(UPDATES):
            contact_id = chance.choice(ids)
            body = {"info": {"company": f"{number}/{turn}"}, "revision": seen[contact_id]}
            answer = client.patch(f"/contacts/{contact_id}", json=body)
            answered.append((contact_id, body["revision"], answer.status_code))
            if answer.status_code == 200:
                seen[contact_id] = answer.json()["contact"]["revision"]
            else:
                found = client.get(f"/contacts/{contact_id}").json()["contact"]
                seen[contact_id] = found["revision"]
    return answered


def test_one_success_per_revision(tmp_path):
    """Of all who update a contact at one revision exactly one succeeds, the others get 409."""
    people = tmp_path / "people.ndjson"
    lines = [{"info": {"name": {"first": f"N{number}"}}} for number in range(CONTACTS)]
    people.write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")
    with start(people_file=people, database=tmp_path / "site.db") as server:
        ids = [json.loads(text)["id"] for text in server.store.all_texts()]
        with ThreadPoolExecutor(CLIENTS) as pool:
            answered = [
                one
                for some in pool.map(lambda number: hammer(server, number, ids), range(CLIENTS))
                for one in some
            ]
        final = {one: server.store.contact(one)["revision"] for one in ids}
        told = {one: len(server.store.history(one)) for one in ids}

    assert CLIENTS * UPDATES == len(answered)
    assert {200, 409} >= {status for _, _, status in answered}
    successes = Counter((one, revision) for one, revision, status in answered if status == 200)
    assert {1} == set(successes.values())
    written = Counter(one for one, _ in successes)
    assert {one: 1 + written[one] for one in ids} == final
    assert {one: written[one] for one in ids} == told


class Writer(threading.Thread):
    """Updates one contact again and again until the process is gone; knows what was answered."""

    def __init__(self, ready, contact_id, revision, enough):
        super().__init__(daemon=True)
        self.acknowledged = revision
        self.sent = revision
        self._url = f"{ready['url']}/contacts/v4/contacts/{contact_id}"
        self._headers = headers(ready)
        self._enough = enough

    def run(self):
        """Write until there is no answer."""
        with httpx.Client(headers=self._headers) as client:
            while True:
                self.sent = self.acknowledged + 1
                info = {"company": f"revision {self.sent}"}
                body = {"info": info, "revision": self.acknowledged}
                try:
                    answer = client.patch(self._url, json=body)
                    revision = answer.json()["contact"]["revision"]
                except (httpx.TransportError, ValueError):
                    return
                self.acknowledged = revision
                self._enough.release()


def killed(database, chance):
    """Start the process, write with four threads, kill it; give the writers by contact."""
    command = [*COMMAND, "--database", str(database), "--people", "4"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        ready = json.loads(process.stdout.readline())
        with httpx.Client(headers=headers(ready)) as client:
            listed = client.get(f"{ready['url']}/contacts/v4/contacts").json()["contacts"]
        enough = threading.Semaphore(0)
        writers = {one["id"]: Writer(ready, one["id"], one["revision"], enough) for one in listed}
        for writer in writers.values():
            writer.start()
        for _ in range(chance.randrange(1, 60)):
            enough.acquire(timeout=30)
        process.send_signal(signal.SIGKILL)
        process.wait()
        for writer in writers.values():
            writer.join()
    return writers


def test_killed_under_load(tmp_path):
    """After each SIGKILL the database opens, and every acknowledged write is in it."""
    database = tmp_path / "site.db"
    chance = random.Random(7)
    written = 0
    for _ in range(KILLS):
        writers = killed(database, chance)
        with start(database=database) as server:
            for contact_id, writer in writers.items():
                contact = server.store.contact(contact_id)
                # The last write was on its way: it is there as a whole, or not at all.
                assert contact["revision"] in {writer.acknowledged, writer.sent}
                if server.store.history(contact_id):
                    assert f"revision {contact['revision']}" == contact["info"]["company"]
            written = sum(len(server.store.history(one)) for one in writers)

    assert written >= KILLS
