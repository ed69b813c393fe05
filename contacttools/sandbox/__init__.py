"""Sandbox: a local emulator of the Contacts v4 REST API, over real HTTP.

It may touch the loopback interface, one database file and the people file it is given, and imports
nothing of contacttools outside this folder. Its rules are a reading of the API's documentation of
its own, so that a client tested against it is not tested against its own mistakes.

What is emulated, and on what evidence. "Stated": on a page of the documentation or in the published
types. "Sample": a documented request or answer shows it. "Assumed": nothing states it; what can be
switched is in `Settings`.

====================  ====================================  =================================
operation             emulated                              evidence
====================  ====================================  =================================
Get Contact           fields, fieldsets, 404                stated
List Contacts         sort, offset paging, fields,          stated
                      fieldsets, two codes
Query Contacts        all documented fields and operators,  stated; when which code, assumed
                      search, eight codes
Create Contact        limits, derived values, primary item  stated, sample
                      first, four of five codes
Update Contact        revision, lists replaced whole,       stated; statuses, merging by key
                      member rule, duplicates, eight codes  and order of checks assumed
List Labels           type, namespace, start of the name,   stated
                      sort, paging
List Extended Fields  as List Labels                        stated
errors                application and validation errors     stated; 401, 403, 429 assumed
API key, site id      401, 403                              stated; which one when, assumed
``e164Phone``         libphonenumber                        sample
``phone``             ten bare digits get hyphens in North  sample
                      America
``formattedAddress``  street, city and region, country      sample
all else documented   501, naming the operation             --
====================  ====================================  =================================

Not emulated either: rate limits (script them with `Faults`), OAuth, the index lag of queries, and
`CONTACT_ID_ALREADY_EXISTS`, which no documented request can bring about.
"""

from __future__ import annotations

import hashlib
import random
import uuid
from collections.abc import Callable
from pathlib import Path

from contacttools.sandbox.callers import SCOPES, App, Callers
from contacttools.sandbox.operations.desk import Desk
from contacttools.sandbox.people import invented, loading
from contacttools.sandbox.people.loading import PeopleFileError
from contacttools.sandbox.rules import definitions
from contacttools.sandbox.rules.contact import APP_ID
from contacttools.sandbox.serving import app
from contacttools.sandbox.serving.faults import Faults
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
        How open points of the API are read; the default readings if not given.

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
        asgi = app.build(Desk(store, settings, new_id), callers, faults)
        return Server(
            asgi,
            store=store,
            faults=faults,
            callers=callers,
            api_key=site["api_key"],
            site_id=site["site_id"],
            port=port,
        )
    except BaseException:
        store.close()
        raise


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
