"""Connecting: `connect` opens the sandbox, or a real site with a key or as an app.

The one place that reads the environment and that starts a sandbox.
"""

from __future__ import annotations

import atexit
import os
import re
import tempfile
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

from contacttools.errors import AuthError, BadValue, ContactToolsError
from contacttools.journal.folder import Folder
from contacttools.service import arguments, calls, pacing
from contacttools.service.credentials import App, Credentials, Key, is_sound
from contacttools.service.site import Identity, Site
from contacttools.service.transport import Transport, sound_url

if TYPE_CHECKING:
    from contacttools.sandbox import Server

_SITE_ID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")

_sandbox_lock = threading.Lock()
_sandbox: tuple[Server, Folder, Site] | None = None


def connect(
    to: Literal["sandbox", "live"] | None = None,
    *,
    base_url: str | None = None,
    api_key: str | None = None,
    site_id: str | None = None,
    app_id: str | None = None,
    app_secret: str | None = None,
    instance_id: str | None = None,
    identity: Identity | None = None,
    scopes: Sequence[str] | None = None,
    read_only: bool = True,
    direct_writes: bool = False,
    requests_per_minute: float | None = 150,
) -> Site:
    """Open the sandbox, or a real site.

    Parameters
    ----------
    to : {"sandbox", "live"}, optional
        Without it, and without `base_url`, the sandbox: invented contacts behind a real HTTP
        server in this process, one per process, in memory, not paced, gone with the process.
        ``"live"`` is the service itself.
    base_url : str, optional
        Another address to use: https, or http on this machine only.
    api_key, site_id : str, optional
        Both or neither. Neither, and no app either, takes the environment's ``WIX_API_KEY``
        and ``WIX_SITE_ID``, which are sent to the service itself only, never to a `base_url`.
    app_id, app_secret, instance_id : str, optional
        Instead of a key: an app's OAuth client id and secret, and its installation on the
        site. They are traded for access tokens, which are kept in memory only and renewed in
        time. A `site_id` may be given as well; without it the instance id stands for the site
        in plans, so that a plan made here is committed as the same app.
    identity : {"api_key", "app", "member", "visitor"}, optional
        Who asks the sandbox; a key when left out. Members and visitors have no rights of
        their own: see `Site.elevated`.
    scopes : list of str, optional
        What that identity may do in the sandbox, such as ``["Read Contacts"]``. Left out: all
        for a key and an app, nothing for a member and a visitor.
    read_only : bool
        A live site refuses writes until this is False.
    direct_writes : bool
        Let a live site take writes without a plan and a preview: `Site.update_contact`,
        `Site.create_contact`, `Site.delete_contact` and the other calls that write at once.
    requests_per_minute : float or None
        How fast a live site is asked; the service allows 200 to all of a site's apps
        together. None for no pacing.

    Raises
    ------
    AuthError
        A live site needs a key and a site id, or the three values of an app.

    Examples
    --------
    >>> site = ct.connect()
    >>> site.count() > 500
    True
    >>> ct.connect("sandbox", identity="visitor", scopes=["Read Contacts"]).count() > 500
    True
    """
    try:
        return _opened(
            to,
            base_url,
            {"api_key": api_key, "site_id": site_id},
            {"app_id": app_id, "app_secret": app_secret, "instance_id": instance_id},
            identity=identity,
            scopes=scopes,
            read_only=arguments.flag(read_only, "read_only"),
            direct_writes=arguments.flag(direct_writes, "direct_writes"),
            requests_per_minute=requests_per_minute,
        )
    except ContactToolsError as error:
        del api_key, app_secret  # a traceback with locals prints those of every frame
        error.__context__ = None
        raise error.with_traceback(None) from None


def _opened(
    to: Literal["sandbox", "live"] | None,
    base_url: str | None,
    key: dict[str, str | None],
    app: dict[str, str | None],
    *,
    identity: Identity | None,
    scopes: Sequence[str] | None,
    read_only: bool,
    direct_writes: bool,
    requests_per_minute: float | None,
) -> Site:
    """Open what `connect` was asked for."""
    if to not in (None, "sandbox", "live") or (to == "sandbox" and base_url is not None):
        why = f'connect to "sandbox" or "live", not {to!r}; for another address say base_url= alone'
        raise BadValue(why)
    if to != "live" and base_url is None:
        if any(value is not None for value in (key | app).values()):
            why = (
                "a key and a site id, or an app, are for a real site: "
                'connect("live", api_key=…, site_id=…)'
            )
            raise AuthError(why)
        return _connect_sandbox(identity, scopes)
    if identity is not None or scopes is not None:
        why = "identity= and scopes= are for the sandbox; a real site knows who you are"
        raise BadValue(why, field="identity")
    url = sound_url(calls.BASE_URL if base_url is None else base_url)
    if base_url is None and all(value is None for value in (key | app).values()):
        # Only the service itself is sent the key of the environment, and only with its own site.
        key = {"api_key": os.environ.get("WIX_API_KEY"), "site_id": os.environ.get("WIX_SITE_ID")}
    credentials, site = _credentials(key, app, environment=base_url is None)
    return Site(
        Transport(url, credentials, pacing.Pacer(requests_per_minute)),
        site,
        live=True,
        read_only=read_only,
        direct_writes=direct_writes,
        identity="app" if isinstance(credentials, App) else "api_key",
    )


def _credentials(
    key: dict[str, str | None], app: dict[str, str | None], *, environment: bool
) -> tuple[Credentials, str]:
    """Return the one pair of credentials that was given, and what to call the site by."""
    for name, value in (key | app).items():
        if value is not None and not isinstance(value, str):
            why = f"{name}= is text, not a {type(value).__name__}"  # type: ignore[unreachable]
            raise AuthError(why)
    given = {name: (value or "").strip() for name, value in (key | app).items()}
    as_app = any(value is not None for value in app.values())
    if as_app and key["api_key"] is not None:
        why = (
            "pass either api_key= and site_id=, or app_id=, app_secret= and instance_id=; not both"
        )
        raise AuthError(why)
    missing = " and ".join(f"{name}=" for name in (app if as_app else key) if not given[name])
    if missing and as_app:
        why = (
            f"an app needs its id, its secret and its instance on the site: pass {missing}; "
            "all three are needed"
        )
        raise AuthError(why)
    if missing:
        rest = ", or neither and set WIX_API_KEY and WIX_SITE_ID" if environment else ""
        why = f"a live site needs a key and its site id: pass {missing}{rest}; both are needed"
        raise AuthError(why)
    if not all(is_sound(value) for value in given.values() if value):
        why = "the key, a secret or an id holds characters that none has; copy it again"
        raise AuthError(why)
    if given["site_id"] and not _SITE_ID.fullmatch(given["site_id"]):
        why = (
            "a site id looks like 1f3a5c7e-0000-4000-8000-000000000000: it stands in the address "
            "of the site's dashboard, after /dashboard/; pass that part alone"
        )
        raise AuthError(why)
    if not as_app:
        return Key(given["api_key"], given["site_id"]), given["site_id"]
    site_id = given["site_id"] or None
    credentials = App(given["app_id"], given["app_secret"], given["instance_id"], site_id)
    return credentials, site_id or given["instance_id"]


def _connect_sandbox(identity: Identity | None, scopes: Sequence[str] | None) -> Site:
    global _sandbox  # noqa: PLW0603 - one sandbox per process is the point
    if identity is not None and identity not in get_args(Identity):
        why = f"identity is one of {', '.join(get_args(Identity))}, not {identity!r}"
        raise BadValue(why, field="identity")
    with _sandbox_lock:
        if _sandbox is None:
            from contacttools import sandbox  # noqa: PLC0415 - its server is needed only here

            server = sandbox.start()
            atexit.register(server.stop)
            # Its contacts are gone with the process, and what was done to them with it.
            journals = tempfile.TemporaryDirectory(
                prefix="contacttools-", ignore_cleanup_errors=True
            )
            atexit.register(journals.cleanup)
            folder, key = Folder(journals.name), Key(server.api_key, server.site_id)
            _sandbox = server, folder, _of_sandbox(server, key, "api_key", folder)
        server, folder, site = _sandbox
    if scopes is None and identity in (None, "api_key"):
        return site
    try:
        credentials = _let_in(server, identity or "api_key", scopes)
    except (TypeError, ValueError) as error:
        why = f'scopes is a list of names such as ["Read Contacts"]: {error}'
        raise BadValue(why, field="scopes") from None
    return _of_sandbox(server, credentials, identity or "api_key", folder)


def _let_in(server: Server, identity: Identity, scopes: Sequence[str] | None) -> Credentials:
    """Let somebody new into the sandbox."""
    if identity == "api_key":
        return Key(server.callers.api_key(scopes=scopes), server.site_id)
    if identity == "app":
        app = server.callers.app(scopes=scopes)
        return App(app.app_id, app.app_secret, app.instance_id, server.site_id)
    enter = server.callers.member if identity == "member" else server.callers.visitor
    advice = f"a {identity} has no right to this ({{right}}); site.elevated() has"
    return Key(enter(scopes=scopes or ()), server.site_id, advice)


def _of_sandbox(
    server: Server, credentials: Credentials, identity: Identity, folder: Folder
) -> Site:
    return Site(
        Transport(server.url, credentials, pacing.Pacer(None)),
        server.site_id,
        live=False,
        read_only=False,
        direct_writes=True,
        identity=identity,
        elevate=connect,
        folder=folder,
    )
