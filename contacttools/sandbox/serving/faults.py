"""Faults: a script of what goes wrong between a client and the service.

Touches the wire, never the rules or the store.

A test adds faults; each waits for a request that it fits, happens to it, and is used up. Those
that do not decide the answer (`before`, `colleague`, `delay`, `stale`) may happen to it along with
others; the first fault that decides it is the last to happen.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final, Literal, TypeAlias, get_args

from contacttools.sandbox.problems import Json

Kind: TypeAlias = Literal[
    "before", "colleague", "delay", "drop_after", "drop_before", "stale", "status", "truncate"
]

_BESIDES: Final = frozenset({"before", "colleague", "delay", "stale"})
_STATUSES: Final = (429, 500, 502, 503, 504)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong; see `Faults.add` for the attributes."""

    kind: Kind
    method: str | None = None
    path: str | None = None
    contact_id: str | None = None
    times: int | None = 1
    skip: int = 0
    status: int = 503
    apply: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    seconds: float = 0.0
    call: Callable[[], object] | None = None

    @property
    def answers(self) -> bool:
        """Whether this fault decides the answer."""
        return self.kind not in _BESIDES

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
        self._drawn: _Drawn | None = None

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
        times: int | None = 1,
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
            - ``colleague``: somebody else edits the contact of the path first, so that its revision
              is another; then the request is handled. Waits for PATCH if no method is given.
            - ``delay``: the request waits `seconds` before it is handled, or with `apply` its
              answer waits afterwards.
            - ``drop_before``: the connection closes without an answer, and nothing is done.
            - ``drop_after``: the request is carried out, then the connection closes without an
              answer.
            - ``stale``: a read answers what it would have answered before the latest change of each
              contact, as a replica that lags behind.
            - ``status``: an error is answered; with `apply` the request is carried out
              nevertheless.
            - ``truncate``: the request is carried out, and half of its answer's body comes before
              the connection closes.
        method, path, contact_id
            Which requests: the method, a part of the path, the id of a contact in the path. Those
            given must all fit.
        times
            To how many fitting requests it happens; None for all.
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
            method="PATCH" if kind == "colleague" and method is None else method,
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
        if kind not in get_args(Kind):
            message = f"there is no fault {kind!r}; those known are {', '.join(get_args(Kind))}"
            raise ValueError(message)
        if kind == "before" and call is None:
            message = "a 'before' fault needs call="
            raise ValueError(message)
        with self._lock:
            self._waiting.append(fault)

    def draw(self, share: float, seed: int = 0, kinds: Iterable[Kind] | None = None) -> None:
        """Let something go wrong at random, besides the faults added.

        What happens to the n-th request of a method and path is always the same for the same seed,
        in whatever order requests arrive otherwise.

        Parameters
        ----------
        share
            Of how many requests, from 0 to 1.
        seed
            Decides which, and what happens to them.
        kinds
            What may happen; if not given, everything but ``before`` and ``delay``.
        """
        with self._lock:
            self._drawn = _Drawn(share, seed, tuple(kinds or _DRAWN))

    def clear(self) -> None:
        """Forget all faults that are waiting, and those at random."""
        with self._lock:
            self._waiting.clear()
            self._drawn = None

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
                    answered = fault.answers
                    if fault.times is None:
                        left.append(fault)
                    elif fault.times > 1:
                        left.append(replace(fault, times=fault.times - 1))
            self._waiting = left
            if self._drawn is not None and not answered:
                taken += self._drawn.faults(method, path)
        return taken


_DRAWN: Final[tuple[Kind, ...]] = (
    "colleague",
    "drop_after",
    "drop_before",
    "stale",
    "status",
    "truncate",
)


class _Drawn:
    """Faults at random, the same for the same requests."""

    def __init__(self, share: float, seed: int, kinds: tuple[Kind, ...]) -> None:
        self._share = share
        self._seed = seed
        self._kinds = kinds
        self._seen: Counter[tuple[str, str]] = Counter()

    def faults(self, method: str, path: str) -> list[Fault]:
        self._seen[method, path] += 1
        chance = Random(f"{self._seed}/{method}/{path}/{self._seen[method, path]}")  # noqa: S311
        if chance.random() >= self._share:
            return []
        status = chance.choice(_STATUSES)
        headers = {"Retry-After": "1"} if status == 429 and chance.random() < 0.5 else {}
        # Only a gateway's errors may come from a request that was carried out nevertheless.
        apply = status in {502, 504} and chance.random() < 0.5
        kind = chance.choice(self._kinds)
        return [Fault(kind=kind, status=status, headers=headers, apply=apply)]


def written(text: str) -> dict[str, Json]:
    """Read a fault as the command line has it, and give what `Faults.add` takes.

    Parameters
    ----------
    text
        A kind and what else `Faults.add` takes, such as ``status,status=429,times=all``; a header
        is ``header.Retry-After=1``, and `apply` needs no value.

    Returns
    -------
    dict
        Keyword arguments.

    Raises
    ------
    ValueError
        If a name or a value is none of a fault.

    Examples
    --------
    >>> written("status,status=429,method=PATCH,header.Retry-After=1")
    {'kind': 'status', 'status': 429, 'method': 'PATCH', 'headers': {'Retry-After': '1'}}
    """
    kind, *rest = text.split(",")
    given: dict[str, Json] = {"kind": kind}
    for part in rest:
        name, _, value = part.partition("=")
        if name.startswith("header."):
            given.setdefault("headers", {})[name.removeprefix("header.")] = value
        elif name in _WRITTEN:
            given[name] = _WRITTEN[name](value)
        else:
            message = f"a fault has no {name!r}; it has {', '.join(_WRITTEN)} and header.NAME"
            raise ValueError(message)
    return given


_WRITTEN: Final[Mapping[str, Callable[[str], Json]]] = {
    "method": str,
    "path": str,
    "contact_id": str,
    "times": lambda text: None if text == "all" else int(text),
    "skip": int,
    "status": int,
    "apply": lambda text: text != "no",
    "body": str.encode,
    "seconds": float,
}
