"""Command line: ``python -m contacttools.sandbox``.

Reads arguments, prints one line, waits for a signal.
"""

from __future__ import annotations

import argparse
import json
import signal
import sqlite3
import sys
import threading
from pathlib import Path

from contacttools.sandbox import PeopleFileError, start


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
        )
    except (PeopleFileError, OSError, sqlite3.Error) as error:
        sys.stderr.write(f"contacttools.sandbox: {error}\n")
        return 2
    with server:
        ready = {"url": server.url, "api_key": server.api_key, "site_id": server.site_id}
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
    return parser


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
