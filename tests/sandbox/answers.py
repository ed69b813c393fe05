"""Answers: the three people of the tests by id, a client, and how tests read errors."""

from __future__ import annotations

import httpx

from contacttools.sandbox import Server

ANN = "11111111-1111-4111-8111-111111111111"
BOB = "22222222-2222-4222-8222-222222222222"
MEG = "33333333-3333-4333-8333-333333333333"


def client_of(server: Server) -> httpx.Client:
    """Give a client with the server's credentials."""
    return httpx.Client(
        base_url=f"{server.url}/contacts/v4",
        headers={"Authorization": server.api_key, "wix-site-id": server.site_id},
        timeout=20,
    )


def code(answer: httpx.Response) -> tuple[int, str]:
    """Give status and application code of an error, having checked the envelope."""
    body = answer.json()
    assert {"message", "details"} == set(body)
    error = body["details"]["applicationError"]
    assert {"code", "description", "data"} == set(error)
    return answer.status_code, error["code"]


def violations(answer: httpx.Response) -> list[tuple[str, str]]:
    """Give field and rule of each violation of a 400, having checked the envelope."""
    assert 400 == answer.status_code, answer.text
    body = answer.json()
    assert body["message"]
    found = body["details"]["validationError"]["fieldViolations"]
    assert all({"field", "description", "violatedRule", "data"} <= set(one) for one in found)
    return [(one["field"], one["violatedRule"]) for one in found]


def scoped(server: Server, *scopes: str) -> httpx.Client:
    """Give a client with a key that holds only these scopes."""
    client = client_of(server)
    client.headers["Authorization"] = server.callers.api_key(scopes=scopes)
    return client


def state(server: Server) -> tuple[list[str], list[str], list[object]]:
    """Give all that a request could change: contacts, events and jobs."""
    store = server.store
    return sorted(store.all_texts()), [event.id for event in store.events()], store.jobs(100)


def refused(server: Server, method: str, path: str, *scopes: str) -> list[tuple[int, str]]:
    """Give what answers a request without a key, and with keys of single scopes."""
    url = f"{server.url}/contacts/v4{path}"
    answers = [httpx.request(method, url)]
    for scope in scopes:
        with scoped(server, scope) as client:
            answers.append(client.request(method, path))
    return [code(answer) for answer in answers]
