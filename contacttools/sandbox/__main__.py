"""Command line: ``python -m contacttools.sandbox``.

Reads arguments, prints one line, waits for a signal.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import signal
import sqlite3
import sys
import threading
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from contacttools.sandbox import Faults, PeopleFileError, Settings, start
from contacttools.sandbox.problems import Json
from contacttools.sandbox.serving.faults import written


def main(arguments: list[str] | None = None) -> int:
    """Run a sandbox until SIGTERM or Ctrl-C.

    Parameters
    ----------
    arguments
        Those of the command line; read from the process if not given.

    Returns
    -------
    int
        Exit status: 0 after a signal, 2 if the sandbox could not start.
    """
    given = _parser().parse_args(arguments)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    try:
        server = start(
            people=given.people,
            seed=given.seed,
            people_file=given.people_file,
            database=given.database,
            port=given.port,
            requests_per_minute=given.rate_limit,
            settings=Settings(**dict(given.setting)),
        )
    except (PeopleFileError, OSError, sqlite3.Error) as error:
        sys.stderr.write(f"contacttools.sandbox: {error}\n")
        return 2
    if given.with_parent:
        threading.Thread(target=_orphaned, args=[stopped], daemon=True).start()
    with server:
        for fault in given.fault:
            server.faults.add(**fault)
        if given.faults_at_random:
            server.faults.draw(given.faults_at_random, given.seed)
        ready = {
            "url": server.url,
            "api_key": server.api_key,
            "site_id": server.site_id,
            "app_id": server.app.app_id,
            "app_secret": server.app.app_secret,
            "instance_id": server.app.instance_id,
        }
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        stopped.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m contacttools.sandbox",
        description="A local emulator of the Contacts API. Prints one line of JSON when ready.",
    )
    parser.add_argument(
        "--port", type=_port, default=0, help="port on 127.0.0.1; 0 picks a free one (default)"
    )
    parser.add_argument(
        "--database",
        type=Path,
        metavar="FILE",
        help="keep the site in this file; default: in memory",
    )
    parser.add_argument(
        "--people", type=_count, default=1000, metavar="N", help="how many people to invent"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="S", help="decides people, ids, site id and API key"
    )
    parser.add_argument(
        "--people-file", type=Path, metavar="FILE.ndjson", help="people to use instead: one a line"
    )
    parser.add_argument(
        "--with-parent",
        action="store_true",
        help="stop when standard input closes, as it does when the program that started this ends",
    )
    parser.add_argument(
        "--setting",
        type=_setting,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="read an open point of the API otherwise, such as merge_names=false; the names stand "
        "in contacttools/sandbox/settings.py; may be given again",
    )
    parser.add_argument(
        "--rate-limit", type=_count, metavar="N", help="answer 429 above N requests a minute"
    )
    parser.add_argument(
        "--latency",
        type=_latency,
        dest="fault",
        action="append",
        default=[],
        metavar="SECONDS",
        help="let every request wait",
    )
    parser.add_argument(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="KIND[,NAME=VALUE...]",
        help="let something go wrong, such as status,status=429,method=PATCH,times=3,"
        "header.Retry-After=1; kinds: colleague, delay, drop_before, drop_after, stale, status, "
        "truncate; times=all for always; may be given again",
    )
    parser.add_argument(
        "--faults-at-random",
        type=_share,
        default=0.0,
        metavar="SHARE",
        help="let something go wrong with this share of requests, decided by the seed",
    )
    return parser


def _orphaned(stopped: threading.Event) -> None:
    """Wait until nobody is left who could write to this process."""
    while sys.stdin.buffer.read(1024):
        pass
    stopped.set()


def _setting(text: str) -> tuple[str, Json]:
    name, _, value = text.partition("=")
    known = [field.name for field in dataclasses.fields(Settings)]
    if name not in known:
        raise argparse.ArgumentTypeError(f"there is no setting {name!r}: {', '.join(known)}")
    given = json.loads(value) if value in {"true", "false"} or value.isdigit() else value
    try:
        TypeAdapter(Settings).validate_python({name: given})
    except ValidationError as error:
        raise argparse.ArgumentTypeError(f"{name}: {error.errors()[0]['msg']}") from None
    return name, given


def _fault(text: str) -> dict[str, Json]:
    try:
        fault = written(text)
        Faults().add(**fault)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return fault


def _latency(text: str) -> dict[str, Json]:
    return _fault(f"delay,times=all,seconds={text}")


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError("a share is from 0 to 1")
    return share


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError("a port is from 0 to 65535")
    return number


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("cannot be negative")
    return number


if __name__ == "__main__":
    sys.exit(main())
