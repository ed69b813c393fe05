"""Sandbox: a local emulator of the Contacts v4 REST API, over real HTTP.

It may touch the loopback interface, one database file and the people file it is given, and imports
nothing of contacttools outside this folder. Its rules are a reading of the API's documentation of
its own, so that a client tested against it is not tested against its own mistakes.

What is emulated, and on what evidence. "Stated": on a page of the documentation or in the published
types. "Sample": a documented request or answer shows it. "Assumed": nothing states it; what can be
switched is in `Settings`.

=========================  ======================================  ==============================
operation                  emulated                                evidence
=========================  ======================================  ==============================
Get Contact                fields, fieldsets; the id of a contact  stated
                           that was merged away
List and Query Contacts    filters, search, sort, offset paging,   stated; which code answers
                           fields and fieldsets, eight codes       what, assumed
Create Contact             limits, derived values, primary item    stated, sample
                           first, five codes
Update Contact             revision, lists replaced whole, member  stated; statuses, merging by
                           rule, duplicates, eight codes           key, order of checks assumed
Delete Contact             four codes                              stated; 404 assumed
Label, Unlabel Contact     keys in the body or in the query        stated; unknown key assumed
                           string
Merge, Preview Merge       lists joined, gaps filled, ids of       stated; which gaps, assumed
                           sources lead to the target, four codes
List and Query Facets      all five types, counted                 stated; filters of some
                                                                   assumed
Bulk Update, Delete,       jobs that run beside requests, and go   stated; two paths and
Label and Unlabel; jobs    on after a restart                      counters, sample
labels, extended fields    all six operations of each, quotas,     stated; keys and statuses
                           system definitions, keys made of names  assumed
API keys, app tokens,      401 and 403 by key, site, token and     stated; which one when,
members, visitors          scope; tokens that end                  assumed
rate limit                 429 above so many a minute              stated; body assumed
change feed                created, updated, deleted, merged       stated
errors                     application and validation errors       stated; 401, 403, 429 assumed
``e164Phone``              libphonenumber                          sample
``phone``                  ten bare digits get hyphens in North    sample
                           America
``formattedAddress``       street, city and region, country        sample
=========================  ======================================  ==============================

Refused with 501 and the operation's name: Contacts v5, the Members API (its one effect on contacts,
the login e-mail, is `Server.change_login_email`), and tokens of the older custom authentication.
Not there at all: delivery of events, events of labels and extended fields, billing subscriptions
and site contributors (`Server.forbid_deletion` stands in for what they forbid), the index lag of
queries unless a fault asks for it (see `Faults`), and logging members in.
"""

from __future__ import annotations

import hashlib
import random
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path

from contacttools.sandbox.callers import SCOPES, App, Callers
from contacttools.sandbox.operations import bulk
from contacttools.sandbox.operations.desk import Desk
from contacttools.sandbox.people import invented, loading
from contacttools.sandbox.people.loading import PeopleFileError
from contacttools.sandbox.rules import definitions
from contacttools.sandbox.rules.contact import APP_ID
from contacttools.sandbox.serving import app
from contacttools.sandbox.serving.faults import Faults
from contacttools.sandbox.serving.limits import RateLimit
from contacttools.sandbox.serving.server import Server
from contacttools.sandbox.settings import Settings
from contacttools.sandbox.store import Store

__all__ = ["SCOPES", "App", "Faults", "PeopleFileError", "Server", "Settings", "start"]


def start(
    *,
    people: int = 1000,
    seed: int = 0,
    people_file: str | Path | None = None,
    database: str | Path | None = None,
    port: int = 0,
    settings: Settings | None = None,
    requests_per_minute: int | None = None,
) -> Server:
    """Start a sandbox on the loopback interface, in a daemon thread of this process.

    Parameters
    ----------
    people
        How many people to invent.
    seed
        Decides them, and ids, dates, site id and API key: the same seed gives the same site.
    people_file
        NDJSON with one contact a line, instead of invented people.
    database
        File of the site. One that holds a site already is opened as it is: then `people`, `seed`
        and `people_file` say nothing. None keeps the site in memory.
    port
        0 picks a free one.
    settings
        How open points of the API are read; the default readings if not given. In a database
        written under others, a contact shows what it showed until it changes.
    requests_per_minute
        How many requests of an app are taken in any minute, before it is answered 429; the service
        documents 200. None for no limit.

    Returns
    -------
    Server
        It answers already. Stop it, or use it as a context manager.

    Raises
    ------
    PeopleFileError
        If the people file cannot be used.
    OSError
        If the port cannot be used.

    Examples
    --------
    >>> import httpx
    >>> with start(people=3) as server:
    ...     headers = {"Authorization": server.api_key, "wix-site-id": server.site_id}
    ...     answer = httpx.get(f"{server.url}/contacts/v4/contacts", headers=headers)
    >>> answer.json()["pagingMetadata"]["total"]
    3
    """
    settings = settings or Settings()
    store = Store(None if database is None else Path(database), settings)
    try:
        if not store.site():
            _found(store, people, seed, people_file, settings)
        site = store.site()
        faults = Faults()
        callers = Callers(site["site_id"], site["api_key"], APP_ID)
        # A site in memory always begins anew, so the ids it gives can follow from the seed as well.
        new_id = _random_id if database is not None else _seeded_ids(seed)
        desk = Desk(store, settings, new_id)
        key = site["api_key"]
        asgi = app.build(desk, callers, faults, RateLimit(requests_per_minute), key)
        server = Server(
            asgi,
            desk=desk,
            faults=faults,
            callers=callers,
            api_key=key,
            site_id=site["site_id"],
            port=port,
        )
    except BaseException:
        store.close()
        raise
    desk.jobs.begin(partial(bulk.step, desk))
    return server


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _random_id() -> str:
    return str(uuid.uuid4())


def _seeded_ids(seed: int) -> Callable[[], str]:
    draw = random.Random(f"{seed} new ids")  # noqa: S311 - repeatable is what is wanted
    return lambda: str(uuid.UUID(int=draw.getrandbits(128), version=4))


def _found(
    store: Store, count: int, seed: int, people_file: str | Path | None, settings: Settings
) -> None:
    """Fill a new database: definitions, people, and last the facts that make it a site."""
    labels, fields = definitions.system_labels(), definitions.system_fields()
    if people_file is None:
        crowd = invented.invent(count, seed)
        labels += invented.labels()
        fields += invented.fields()
    else:
        crowd = loading.read(Path(people_file))
        labels += loading.labels_of(crowd)
        fields += loading.fields_of(crowd)
    store.define("label", labels)
    store.define("field", fields)
    store.load(loading.entries(crowd, seed, settings, source=people_file or "people"))
    # Another crowd is another site, or a plan made for one could be written to the other.
    whose = f"site {people_file and _digest(Path(people_file))} {len(crowd)}"
    site_id, key = loading.guid(seed, whose), loading.guid(seed, "key").replace("-", "")
    store.found_site({"site_id": site_id, "api_key": f"SANDBOX.{key}", "seed": str(seed)})
