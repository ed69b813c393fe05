"""What all tests of the sandbox share: a running server and a client that speaks to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from sandbox import contract
from sandbox.answers import ANN, BOB, MEG, client_of

from contacttools.sandbox import Server, Settings, start

_PEOPLE = [
    {
        "id": ANN,
        "revision": 5,
        "createdDate": "2021-03-01T10:00:00.000Z",
        "updatedDate": "2022-03-01T10:00:00.000Z",
        "lastActivity": {
            "activityDate": "2021-03-02T10:00:00.000Z",
            "activityType": "FORM_SUBMITTED",
        },
        "info": {
            "name": {"first": "Ann", "last": "Ashgrovely"},
            "emails": {
                "items": [
                    {"id": "e1", "tag": "MAIN", "email": "ann@example.com", "primary": True},
                    {"id": "e2", "tag": "WORK", "email": "Ann.Work@example.org"},
                ]
            },
            "phones": {
                "items": [
                    {"id": "p1", "tag": "MOBILE", "countryCode": "US", "phone": "212-555-0101"},
                    {"id": "p2", "tag": "HOME", "phone": "555 0102"},
                ]
            },
            "addresses": {
                "items": [
                    {
                        "id": "a1",
                        "tag": "HOME",
                        "address": {
                            "addressLine": "1 Elm Avenue",
                            "city": "Springfield",
                            "subdivision": "US-IL",
                            "country": "US",
                            "postalCode": "62701",
                        },
                    }
                ]
            },
            "company": "Larkfield",
            "jobTitle": "Buyer",
            "birthdate": "1980-04-25",
            "locale": "en-us",
            "labelKeys": {"items": ["custom.vip"]},
            "extendedFields": {
                "items": {
                    "custom.nickname": "Annie",
                    "custom.customer-number": 17,
                    "custom.last-contacted": "2023-05-01",
                    "custom.website": "https://ann.example",
                    "emailSubscriptions.subscriptionStatus": "SUBSCRIBED",
                }
            },
        },
    },
    {
        "id": BOB,
        "revision": 1,
        "createdDate": "2022-03-01T10:00:00.000Z",
        "info": {
            "name": {"first": "Bob", "last": "Bramwickson"},
            "emails": {"items": [{"email": "bob@example.com"}]},
            "phones": {"items": [{"countryCode": "GB", "phone": "020 7946 0001"}]},
            "labelKeys": {"items": ["custom.vip", "custom.press"]},
            "extendedFields": {"items": {"custom.customer-number": 42}},
        },
    },
    {
        "id": MEG,
        "revision": 2,
        "createdDate": "2023-03-01T10:00:00.000Z",
        "memberInfo": {"memberId": "44444444-4444-4444-8444-444444444444"},
        "info": {
            "name": {"first": "Meg"},
            "emails": {"items": [{"email": "meg@example.net"}, {"email": "meg2@example.net"}]},
        },
    },
]


@pytest.fixture(scope="session")
def people_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three people: Ann has everything, Bob little, Meg is a member."""
    path = tmp_path_factory.mktemp("people") / "people.ndjson"
    path.write_text("".join(json.dumps(one) + "\n" for one in _PEOPLE), encoding="utf-8")
    return path


@pytest.fixture
def server(people_file: Path) -> Iterator[Server]:
    """A sandbox with the three people, fresh for each test."""
    with start(people_file=people_file) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    """A client of that sandbox."""
    with client_of(server) as speaking:
        yield speaking


@pytest.fixture(scope="session")
def still(people_file: Path) -> Iterator[httpx.Client]:
    """A client of a sandbox with the three people that no test changes."""
    with start(people_file=people_file) as running, client_of(running) as speaking:
        yield speaking


@pytest.fixture
def sandbox(people_file: Path) -> Iterator[Callable[[Settings], httpx.Client]]:
    """Start a sandbox with other settings, and give a client of it."""
    running: list[Server] = []
    clients: list[httpx.Client] = []

    def with_settings(settings: Settings) -> httpx.Client:
        running.append(start(people_file=people_file, settings=settings))
        clients.append(client_of(running[-1]))
        return clients[-1]

    yield with_settings
    for client in clients:
        client.close()
    for server in running:
        server.stop()


@pytest.fixture(scope="session")
def crowd() -> Iterator[httpx.Client]:
    """A client of a sandbox with 120 invented people, which tests only read."""
    with start(people=120, seed=7) as running, client_of(running) as speaking:
        yield speaking


@pytest.fixture(scope="session")
def service() -> Iterator[httpx.Client]:
    """A client of an empty sandbox or, with consent and credentials, of a live test site."""
    with contract.service() as speaking:
        yield speaking


@pytest.fixture
def bench(service: httpx.Client) -> Iterator[contract.Bench]:
    """Makes contacts, labels and fields through the API, and takes them away after the test."""
    made = contract.Bench(service)
    yield made
    made.clear()
