"""The sandbox as a process of its own, and its database file."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from sandbox.answers import ANN, client_of

import contacttools.sandbox
from contacttools.sandbox import start

ROOT = Path(contacttools.sandbox.__file__).absolute().parents[2]
COMMAND = [sys.executable, "-m", "contacttools.sandbox"]


@contextmanager
def running(*arguments):
    """Run the command until the block ends; give the process and its one line."""
    command = [*COMMAND, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def headers(ready):
    """Give the headers that a process wants."""
    return {"Authorization": ready["api_key"], "wix-site-id": ready["site_id"]}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_process(number):
    """The process prints one line when it answers, and a signal ends it with status 0."""
    with running("--people", 3) as (process, ready):
        answer = httpx.get(f"{ready['url']}/contacts/v4/contacts", headers=headers(ready))
        assert 3 == answer.json()["pagingMetadata"]["total"]
        process.send_signal(number)
        rest, _ = process.communicate(timeout=10)

    app = {"app_id", "app_secret", "instance_id"}
    assert {"url", "api_key", "site_id"} | app == set(ready)
    assert "" == rest
    assert 0 == process.returncode


def test_killed_process_keeps_its_writes(tmp_path, people_file):
    """What was answered is in the database file, however the process ends."""
    database = tmp_path / "site.db"
    edit = {"info": {"company": "X"}, "revision": 5}
    with running("--database", database, "--people-file", people_file) as (process, ready):
        url = f"{ready['url']}/contacts/v4/contacts/{ANN}"
        assert 200 == httpx.patch(url, json=edit, headers=headers(ready)).status_code
        process.kill()
        process.wait()

    with start(database=database, people=99, seed=99) as server, client_of(server) as client:
        contact = client.get(f"/contacts/{ANN}").json()["contact"]
        assert (6, "X") == (contact["revision"], contact["info"]["company"])
        assert 3 == len(server.store)
        assert (ready["api_key"], ready["site_id"]) == (server.api_key, server.site_id)
        assert [6] == [one["revision"] for one in server.store.history(ANN)]


def test_failed_filling_leaves_no_site(tmp_path, people_file):
    """A database whose people could not be read is filled at the next start."""
    database, bad = tmp_path / "site.db", tmp_path / "bad.ndjson"
    bad.write_text('{"info": {}, "id": "x"}\n{"info": {}, "id": "x"}\n', encoding="utf-8")
    with pytest.raises(ValueError, match="line 2"):
        start(database=database, people_file=bad)

    with start(database=database, people_file=people_file) as server:
        assert 3 == len(server.store)


def failed(*arguments):
    """Run the command, which fails; give status and standard error."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert "" == done.stdout
    return done.returncode, done.stderr


def test_bad_people_file(tmp_path):
    """A bad people file is one line on standard error, and status 2."""
    path = tmp_path / "people.ndjson"
    path.write_text('{"info": {}}\nnonsense\n', encoding="utf-8")
    status, text = failed("--people-file", path)

    assert 2 == status
    assert f"{path}, line 2: " in text
    assert 1 == len(text.splitlines())


def test_taken_port():
    """A taken port is one line on standard error, and status 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, text = failed("--port", port, "--people", 1)

    assert 2 == status
    assert str(port) in text
    assert 1 == len(text.splitlines())


def test_database_that_is_none(tmp_path):
    """A file that is no database is one line on standard error, and status 2."""
    path = tmp_path / "people.ndjson"
    path.write_text(
        "this is not a database, and long enough to be told apart from an empty one" * 20
    )
    status, text = failed("--database", path)

    assert 2 == status
    assert 1 == len(text.splitlines())


def test_stop_twice():
    """Stopping a stopped server does nothing, and its representation still works."""
    server = start(people=1)
    server.stop()
    server.stop()

    assert "stopped" in repr(server)
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)


def test_faults_of_a_process():
    """A process lets go wrong what its command line says, and limits the rate."""
    fault = "status,status=503,method=POST,header.Retry-After=1"
    arguments = ("--people", 3, "--fault", fault, "--latency", 0.001, "--rate-limit", 2)
    with running(*arguments) as (_, ready):
        url = f"{ready['url']}/contacts/v4/contacts"
        answers = [httpx.post(f"{url}/query", json={}, headers=headers(ready)) for _ in range(4)]

    assert [503, 200, 200, 429] == [answer.status_code for answer in answers]
    assert "1" == answers[0].headers["retry-after"]


def test_process_ends_with_its_parent():
    """Asked to, the process ends when its standard input does, whatever became of the parent."""
    command = [*COMMAND, "--people", "3", "--with-parent"]
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **streams) as process:
        ready = json.loads(process.stdout.readline())
        url = f"{ready['url']}/contacts/v4/contacts"
        process.stdin.write("still here\n")
        process.stdin.flush()
        assert 200 == httpx.get(url, headers=headers(ready)).status_code
        process.stdin.close()

        assert 0 == process.wait(timeout=30)


def test_settings_of_a_process():
    """A process reads the open points of the API as its command line says."""
    settings = ("--setting", "primary_objects=true", "--setting", "first_revision=7")
    with running("--people", 3, *settings) as (_, ready):
        url = f"{ready['url']}/contacts/v4/contacts"
        info = {"info": {"emails": {"items": [{"email": "zoe@example.com"}]}}}
        made = httpx.post(url, json=info, headers=headers(ready)).json()["contact"]

    assert (7, "zoe@example.com") == (made["revision"], made["primaryEmail"]["email"])


def test_random_faults_of_a_process():
    """With every request going wrong, none is right."""
    with running("--people", 3, "--faults-at-random", 1, "--seed", 4) as (_, ready):
        url = f"{ready['url']}/contacts/v4/nonsense"
        found = set()
        for _ in range(30):
            try:
                found.add(httpx.get(url, headers=headers(ready)).status_code)
            except httpx.TransportError:
                found.add("no answer")

    assert {429, 500, "no answer"} < found


@pytest.mark.parametrize(
    "arguments",
    [
        ("--fault", "nope"),
        ("--fault", "status,status=x"),
        ("--faults-at-random", "2"),
        ("--setting", "colour=red"),
        ("--setting", "merge_names=perhaps"),
        ("--setting", "default_order=UP"),
    ],
)
def test_bad_arguments_of_a_process(arguments):
    """A fault or a setting that is none stops the process before it begins."""
    done = subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, cwd=ROOT, check=False
    )

    assert 2 == done.returncode
    assert arguments[0] in done.stderr
