"""Faults: a real client sees what a bad network and a busy service do."""

from __future__ import annotations

import threading

import httpx
import pytest
from sandbox.answers import ANN, BOB, client_of, code

from contacttools.sandbox import start
from contacttools.sandbox.serving.faults import written

EDIT = {"info": {"company": "X"}, "revision": 5}


def revision(client, contact=ANN):
    """Give a contact's revision."""
    return client.get(f"/contacts/{contact}").json()["contact"]["revision"]


def edit(client):
    """Send an update of Ann."""
    return client.patch(f"/contacts/{ANN}", json=EDIT)


@pytest.mark.parametrize(("kind", "after"), [("drop_before", 5), ("drop_after", 6)])
def test_drop(server, client, kind, after):
    """A dropped request has no answer; it was carried out or not, as the script says."""
    server.faults.add(kind, method="PATCH")

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        edit(client)
    assert after == revision(client)
    assert 0 == len(server.faults)


def test_truncate(server, client):
    """A truncated answer begins with status 200 and breaks off; the request was carried out."""
    server.faults.add("truncate", method="PATCH")

    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        edit(client)
    assert 6 == revision(client)


@pytest.mark.parametrize(("apply", "after"), [(False, 5), (True, 6)])
def test_status(server, client, apply, after):
    """An error is answered instead, with or without carrying out the request."""
    server.faults.add("status", status=429, headers={"Retry-After": "1"}, apply=apply)
    answer = edit(client)

    assert (429, "RESOURCE_EXHAUSTED") == code(answer)
    assert "1" == answer.headers["retry-after"]
    assert answer.headers["x-wix-request-id"]
    assert after == revision(client)


def test_status_5xx(server, client):
    """Errors of 5xx are empty, or have any body that the script wants."""
    server.faults.add("status", status=503)
    server.faults.add("status", status=502, body=b"<html>", headers={"Content-Type": "text/html"})

    assert {"message": "", "details": {}} == edit(client).json()
    answer = edit(client)
    assert (502, "<html>", "text/html") == (
        answer.status_code,
        answer.text,
        answer.headers["content-type"],
    )


def test_before(server, client):
    """A colleague can edit at the very moment before a request is handled."""

    def colleague():
        assert 200 == edit(client_of_colleague).status_code

    with httpx.Client(base_url=client.base_url, headers=client.headers) as client_of_colleague:
        server.faults.add("before", method="PATCH", call=colleague)
        assert (409, "CONTACT_ALREADY_CHANGED") == code(edit(client))
    assert 6 == revision(client)


def test_before_and_drop(server, client):
    """Something done before goes along with another fault of the same request."""
    called = threading.Event()
    server.faults.add("before", method="PATCH", call=called.set)
    server.faults.add("drop_after", method="PATCH")

    with pytest.raises(httpx.TransportError):
        edit(client)
    assert called.is_set()
    assert 6 == revision(client)


def test_before_that_fails(server, client):
    """If what should happen before fails, the request is not carried out and not answered."""
    server.faults.add("before", method="PATCH", call=lambda: 1 / 0)

    with pytest.raises(httpx.TransportError):
        edit(client)
    assert 5 == revision(client)


def test_before_needs_a_function(server):
    """A before without a function is a mistake of the test."""
    with pytest.raises(ValueError, match="call="):
        server.faults.add("before")


@pytest.mark.parametrize("apply", [False, True])
def test_delay(server, client, apply):
    """A request can be slow to begin or slow to be answered; giving up does not undo it."""
    server.faults.add("delay", method="PATCH", seconds=0.2, apply=apply)

    with pytest.raises(httpx.ReadTimeout):
        client.patch(f"/contacts/{ANN}", json=EDIT, timeout=0.05)
    server.stop()  # waits for what is under way
    assert 0 == len(server.faults)


def test_matching(server, client):
    """A fault waits for its method, contact and path; skip lets some pass, times repeats."""
    server.faults.add("status", method="PATCH", contact_id=ANN, status=500, skip=1, times=2)
    server.faults.add("status", path="/labels", status=503)

    assert 200 == client.get(f"/contacts/{ANN}").status_code
    bob = client.patch(f"/contacts/{BOB}", json={"info": {"company": "X"}, "revision": 1})
    assert 200 == bob.status_code
    assert [200, 500, 500, 409] == [edit(client).status_code for _ in range(4)]
    assert 503 == client.get("/labels").status_code
    assert 0 == len(server.faults)


def test_clear(server, client):
    """A script can be cleared."""
    server.faults.add("drop_before", times=9)
    server.faults.clear()

    assert 5 == revision(client)
    assert "<Faults []>" == repr(server.faults)


def test_colleague(server, client):
    """A colleague edits the contact before the request is handled, which then comes too late."""
    server.faults.add("colleague", method="PATCH")

    assert (409, "CONTACT_ALREADY_CHANGED") == code(edit(client))
    contact = client.get(f"/contacts/{ANN}").json()["contact"]
    assert (6, "Larkfield") == (contact["revision"], contact["info"]["company"])
    assert "edited by a colleague at revision 5" == contact["info"]["jobTitle"]


def test_colleague_waits_for_an_update(server, client):
    """Reads pass before the colleague acts; a contact that nobody has cannot be edited."""
    server.faults.add("colleague", times=2)
    assert 5 == revision(client)
    assert (404, "CONTACT_NOT_FOUND") == code(client.patch("/contacts/nobody", json=EDIT))
    url = f"{server.url}/_api/contacts/v4/contacts/{ANN}"

    assert (409, "CONTACT_ALREADY_CHANGED") == code(client.patch(url, json=EDIT))
    assert (6, 0) == (revision(client), len(server.faults))


def test_stale_reads(server, client):
    """A read that lags behind shows each contact before its latest change, however it is read."""
    edit(client)
    made = client.post("/contacts", json={"info": {"name": {"first": "Zoe"}}}).json()["contact"]
    server.faults.add("stale", times=None)

    old = client.get(f"/contacts/{ANN}").json()["contact"]
    assert (5, "Larkfield") == (old["revision"], old["info"]["company"])
    assert (404, "CONTACT_NOT_FOUND") == code(client.get(f"/contacts/{made['id']}"))
    listed = client.get("/contacts").json()
    assert (3, [5, 1, 2]) == (
        listed["pagingMetadata"]["total"],
        [one["revision"] for one in listed["contacts"]],
    )
    by_company = {"query": {"filter": {"info.company": "Larkfield"}}}
    assert [ANN] == [
        one["id"] for one in client.post("/contacts/query", json=by_company).json()["contacts"]
    ]

    server.faults.clear()
    assert [] == client.post("/contacts/query", json=by_company).json()["contacts"]
    assert 4 == client.get("/contacts").json()["pagingMetadata"]["total"]


def test_writes_do_not_lag(server, client):
    """A write is checked against the contact as it is, also while reads lag behind."""
    edit(client)
    server.faults.add("stale", times=None)

    assert (409, "CONTACT_ALREADY_CHANGED") == code(edit(client))


def outcomes(people_file, seed):
    """Give what becomes of a hundred requests when a third of them goes wrong."""
    found = []
    with start(people_file=people_file) as server, client_of(server) as client:
        server.faults.draw(0.35, seed)
        for _ in range(100):
            try:
                found.append(client.get(f"/contacts/{ANN}").status_code)
            except httpx.TransportError:
                found.append("no answer")
        server.faults.clear()
        return found, revision(client)


def test_faults_at_random_are_repeatable(people_file):
    """The same seed brings the same faults; another seed others."""
    first = outcomes(people_file, 1)

    assert first == outcomes(people_file, 1)
    assert first != outcomes(people_file, 2)
    assert {200, "no answer"} < set(first[0])


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("drop_after", {"kind": "drop_after"}),
        (
            "status,status=429,header.Retry-After=2,times=all",
            {"kind": "status", "status": 429, "headers": {"Retry-After": "2"}, "times": None},
        ),
        (
            "status,apply,skip=2,path=/contacts,contact_id=x",
            {
                "kind": "status",
                "apply": True,
                "skip": 2,
                "path": "/contacts",
                "contact_id": "x",
            },
        ),
        ("delay,seconds=0.5", {"kind": "delay", "seconds": 0.5}),
    ],
)
def test_faults_in_words(text, given):
    """A fault can be written on one line."""
    assert given == written(text)


@pytest.mark.parametrize("text", ["status,status=many", "status,hue=red", "delay,seconds="])
def test_faults_in_wrong_words(text):
    """What is no fault is refused."""
    with pytest.raises(ValueError, match=r"hue|many|could not convert"):
        written(text)
