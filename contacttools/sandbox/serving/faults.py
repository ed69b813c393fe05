"""Faults: a script of what goes wrong between a client and the service.

Touches the wire, never the rules or the store.

A test adds faults; each waits for a request that it fits, happens to it, and is used up. `before`
and `delay` may happen to a request along with others; the first other fault that fits decides the
answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["before", "delay", "drop_before", "drop_after", "status", "truncate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong; see `Faults.add` for the attributes."""

    kind: Kind
    method: str | None = None
    path: str | None = None
    contact_id: str | None = None
    times: int = 1
    skip: int = 0
    status: int = 503
    apply: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    seconds: float = 0.0
    call: Callable[[], object] | None = None

    def fits(self, method: str, path: str) -> bool:
        """Tell whether a request is one that this fault waits for."""
        return (
            self.method in {None, method}
            and (self.path is None or self.path in path)
            and (self.contact_id is None or self.contact_id in path.split("/"))
        )


class Faults:
    """The script of a server. Safe to use from any thread.

    Examples
    --------
    >>> faults = Faults()
    >>> faults.add("status", method="PATCH", status=429, headers={"Retry-After": "1"})
    >>> len(faults)
    1
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def __len__(self) -> int:
        """Count the faults that have not happened as often as they should."""
        with self._lock:
            return len(self._waiting)

    def __repr__(self) -> str:
        with self._lock:
            return f"<Faults {[one.kind for one in self._waiting]}>"

    def add(
        self,
        kind: Kind,
        *,
        method: str | None = None,
        path: str | None = None,
        contact_id: str | None = None,
        times: int = 1,
        skip: int = 0,
        status: int = 503,
        apply: bool = False,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        seconds: float = 0.0,
        call: Callable[[], object] | None = None,
    ) -> None:
        """Let something go wrong with requests to come.

        Parameters
        ----------
        kind
            What happens:

            - ``before``: `call` runs first, in a thread of its own (it may call the server); then
              the request is handled.
            - ``delay``: the request waits `seconds` before it is handled, or with `apply` its
              answer waits afterwards.
            - ``drop_before``: the connection closes without an answer, and nothing is done.
            - ``drop_after``: the request is carried out, then the connection closes without an
              answer.
            - ``status``: an error is answered; with `apply` the request is carried out
              nevertheless.
            - ``truncate``: the request is carried out, and half of its answer's body comes before
              the connection closes.
        method, path, contact_id
            Which requests: the method, a part of the path, the id of a contact in the path. Those
            given must all fit.
        times
            To how many fitting requests it happens.
        skip
            How many fitting requests pass before it happens the first time.
        status, headers, body
            The answer of ``status``. Without a body, the documented one of that status is sent.
        apply
            See `kind`.
        seconds
            See `kind`.
        call
            See `kind`; an exception of it closes the connection like ``drop_before``.
        """
        fault = Fault(
            kind=kind,
            method=method,
            path=path,
            contact_id=contact_id,
            times=times,
            skip=skip,
            status=status,
            apply=apply,
            headers=headers or {},
            body=body,
            seconds=seconds,
            call=call,
        )
        if kind == "before" and call is None:
            message = "a 'before' fault needs call="
            raise ValueError(message)
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        """Forget all faults that are waiting."""
        with self._lock:
            self._waiting.clear()

    def take(self, method: str, path: str) -> list[Fault]:
        """Give what happens to a request, in the order added, and count it as happened.

        At most one of them, the last, decides the answer.
        """
        taken = []
        with self._lock:
            left = []
            answered = False
            for fault in self._waiting:
                if answered or not fault.fits(method, path):
                    left.append(fault)
                elif fault.skip:
                    left.append(replace(fault, skip=fault.skip - 1))
                else:
                    taken.append(fault)
                    answered = fault.kind not in {"before", "delay"}
                    if fault.times > 1:
                        left.append(replace(fault, times=fault.times - 1))
            self._waiting = left
        return taken
