"""Limits: so many requests of an app in any minute, and no more."""

from __future__ import annotations

import pytest
from sandbox.answers import client_of, code

from contacttools.sandbox import start
from contacttools.sandbox.problems import Problem
from contacttools.sandbox.serving.limits import RateLimit


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def test_any_minute():
    """A minute is any sixty seconds, and each app has its own."""
    clock = Clock()
    limit = RateLimit(2, clock)
    limit.take("one")
    clock.now += 30
    limit.take("one")
    with pytest.raises(Problem, match="429"):
        limit.take("one")
    limit.take("other")

    clock.now += 29.9
    with pytest.raises(Problem, match="429"):
        limit.take("one")
    clock.now += 0.1
    limit.take("one")
    with pytest.raises(Problem, match="429"):
        limit.take("one")


def test_over_the_limit(people_file):
    """What is over the limit is answered 429, without Retry-After, and changes nothing."""
    with start(people_file=people_file, requests_per_minute=3) as server:
        client = client_of(server)
        made = {"info": {"name": {"first": "Zoe"}}}
        assert [200, 200, 200] == [client.get("/contacts").status_code for _ in range(3)]
        answer = client.post("/contacts", json=made)

        assert (429, "RESOURCE_EXHAUSTED") == code(answer)
        assert "retry-after" not in answer.headers
        assert 3 == len(server.store)
        client.close()
