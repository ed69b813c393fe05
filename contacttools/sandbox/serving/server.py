"""Server: the sandbox as a running HTTP server in a thread of this process.

Touches threads and the loopback interface.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Self

import uvicorn

from contacttools.sandbox.operations import deleting, others
from contacttools.sandbox.serving.wire import Connection

if TYPE_CHECKING:
    import socket
    from types import TracebackType

    from starlette.types import ASGIApp

    from contacttools.sandbox.callers import Callers
    from contacttools.sandbox.operations.desk import Desk
    from contacttools.sandbox.problems import Json
    from contacttools.sandbox.serving.faults import Faults

_HOST = "127.0.0.1"


class Server:
    """A running sandbox. A context manager: stops at the end of the block.

    Attributes
    ----------
    url
        Where it answers, such as ``http://127.0.0.1:8787``; the paths of the API follow directly.
    api_key, site_id
        What requests must send as ``Authorization`` and ``wix-site-id``.
    app
        The app that is installed from the beginning, with every scope.
    callers
        Who is known; makes further keys, apps, members and visitors.
    faults
        The script of what goes wrong.
    store
        The contacts, for tests that look behind the API.
    jobs
        Who works on the bulk jobs; waits until they are done, or keeps them waiting.
    """

    def __init__(
        self,
        asgi: ASGIApp,
        *,
        desk: Desk,
        faults: Faults,
        callers: Callers,
        api_key: str,
        site_id: str,
        port: int,
    ) -> None:
        self.api_key = api_key
        self.site_id = site_id
        self.app = callers.app()
        self.callers = callers
        self.faults = faults
        self.store = desk.store
        self.jobs = desk.jobs
        self._desk = desk
        self._running = _Uvicorn(
            uvicorn.Config(
                asgi,
                host=_HOST,
                # uvicorn binds the port itself: a socket bound beforehand loses TCP no-delay, and
                # 40 ms a request with it.
                port=port,
                http=Connection,
                ws="none",
                lifespan="off",
                loop="asyncio",
                log_config=None,
                log_level="critical",
                access_log=False,
                timeout_graceful_shutdown=1,
            )
        )
        self._thread = threading.Thread(
            target=self._running.run_quietly, name="contacttools-sandbox", daemon=True
        )
        self._thread.start()
        self._running.settled.wait()
        if self._running.port is None:
            self.stop()
            message = f"port {port} of {_HOST} cannot be used: taken, or not allowed"
            raise OSError(message)
        self.url = f"http://{_HOST}:{self._running.port}"

    def members(self) -> dict[str, str]:
        """Give the contact id of each member of the site, by member id."""
        return others.members(self._desk)

    def change_login_email(self, member_id: str, email: str) -> dict[str, Json]:
        """Let a member log in with another e-mail, as the Members API would.

        The primary e-mail of the member's contact follows, and its revision counts one up.

        Parameters
        ----------
        member_id
            A key of `members`.
        email
            The new e-mail.

        Returns
        -------
        dict
            The contact.

        Raises
        ------
        LookupError
            If there is no such member.
        """
        return others.change_login_email(self._desk, member_id, email)

    def forbid_deletion(self, contact_id: str, code: str | None) -> None:
        """Let deleting a contact be answered with one of the documented codes; None lifts it.

        Raises
        ------
        LookupError
            If there is no such contact.
        ValueError
            If no deletion is answered so.
        """
        deleting.forbid(self._desk, contact_id, code)

    def events(self, contact_id: str | None = None) -> list[dict[str, Json]]:
        """Give the change feed, oldest first: of one contact, or of all."""
        return [event.payload() for event in self.store.events(contact_id)]

    def stop(self) -> None:
        """Stop answering and close the database. Stopping twice does nothing."""
        self._running.should_exit = True
        self._thread.join()
        self.jobs.stop()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        state = f"{len(self.store)} contacts" if self._thread.is_alive() else "stopped"
        return f"<Server {self.url}, {state}>"


class _Uvicorn(uvicorn.Server):
    """uvicorn, which tells when it listens and on which port."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()
        self.port: int | None = None

    def run_quietly(self) -> None:
        try:
            with suppress(SystemExit):  # how uvicorn reports a port that it cannot have
                self.run()
        finally:
            self.settled.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.port = self.servers[0].sockets[0].getsockname()[1]
        self.settled.set()
