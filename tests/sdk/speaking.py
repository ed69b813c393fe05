"""Speaking: lines of JavaScript to a Node.js and what comes back, as Python values."""

from __future__ import annotations

import json
import subprocess
from datetime import datetime
from typing import Any

from contacttools.sandbox import Server


class Thrown(Exception):
    """What a piece of JavaScript threw.

    Attributes
    ----------
    error
        Its `name`, `message`, `status`, `requestId`, `details` and so on, as far as it has them.
    """

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error.get("message"))
        self.error = error


class Sdk:
    """The SDK over one sandbox. Called with JavaScript, it gives what that gives.

    The JavaScript may name `contacts`, `labels` and `extendedFields` of a `client` that has the
    sandbox's API key, all that the SDK exports, `crm`, `connect(auth)` for further clients, and the
    keyword arguments of the call.

    Attributes
    ----------
    server
        The sandbox.
    asked
        The requests of the last call, such as ``"GET www.wixapis.com/contacts/v4/contacts"``.
    """

    def __init__(self, node: subprocess.Popen[str], server: Server) -> None:
        self._node = node
        self.server = server
        self.asked: list[str] = []

    def __call__(self, code: str, **values: object) -> Any:
        """Run JavaScript, an expression or the body of a function; dates come back as datetime."""
        site = {
            "url": self.server.url,
            "apiKey": self.server.api_key,
            "siteId": self.server.site_id,
        }
        line = json.dumps({**site, "code": code, "values": values})
        self._node.stdin.write(f"{line}\n")
        self._node.stdin.flush()
        answer = json.loads(self._node.stdout.readline(), object_hook=_date)
        self.asked = answer["asked"]
        if "thrown" in answer:
            raise Thrown(answer["thrown"])
        return answer.get("value")

    def error(self, code: str, **values: object) -> dict[str, Any]:
        """Run JavaScript that must throw, and give what it threw."""
        try:
            value = self(code, **values)
        except Thrown as thrown:
            return thrown.error
        raise AssertionError(f"{code} threw nothing and gave {value}")


def _date(value: dict[str, Any]) -> Any:
    return datetime.fromisoformat(value["$date"]) if "$date" in value else value
