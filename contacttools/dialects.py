"""Dialects: updating contacts as each of the service's systems is called. It calls `Site` only.

Code written for ``wix-crm.v2`` (and the JavaScript SDK) or for ``wix-crm-backend`` is carried over
call by call: same arguments, same order, same shapes in and out. What each name becomes in REST is
in `mapping`; what a call may do, and every error, is the site's: a direct write with a revision,
refused where the site is read-only. Errors name fields as REST does.

Two things differ on purpose. What the JavaScript SDK drops without a word, such as an
``addressLine`` where its name is ``addressLine1``, is refused. And ``wixCrmBackend.updateContact``,
the deprecated call without a revision, is not here: it cannot tell that somebody else has changed
the contact meanwhile, so it overwrites what nobody has seen. Whoever wants that has to say so, with
`CrmBackend.overwrite_contact_info`.

Examples
--------
>>> site = ct.connect()
>>> contact = ct.dialects.crm_v2(site).get_contact(next(iter(site.fetch(limit=1))))
>>> answer = ct.dialects.crm_v2(site).update_contact(
...     contact["_id"], {"jobTitle": "Editor"}, contact["revision"]
... )
>>> answer["contact"]["info"]["jobTitle"]
'Editor'
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar, ParamSpec, TypeVar

from contacttools.contact import mapping
from contacttools.contact.fields import Json
from contacttools.contact.mapping import Dialect
from contacttools.errors import BadValue
from contacttools.service import arguments
from contacttools.service.site import Site

__all__ = ["CrmBackend", "CrmV2", "crm_backend", "crm_v2", "elevate"]

P = ParamSpec("P")
R = TypeVar("R")
Options = Mapping[str, bool] | None

_DUPLICATES, _SUPPRESS = "allowDuplicates", "suppressAuth"


def crm_v2(site: Site) -> CrmV2:
    """Return a site as ``wix-crm.v2`` and the JavaScript SDK call it."""
    return CrmV2(site)


def crm_backend(site: Site) -> CrmBackend:
    """Return a site as ``wix-crm-backend`` calls it."""
    return CrmBackend(site)


def elevate(function: Callable[P, R]) -> Callable[P, R]:
    """Return a function of a dialect that runs with elevated rights, whoever calls it.

    Parameters
    ----------
    function : method of `CrmV2` or `CrmBackend`
        Such as ``crm_v2(site).update_contact``.

    Returns
    -------
    function
        It takes and returns the same. Each call is recorded by name in ``site.elevated_calls``.

    Raises
    ------
    BadValue
        Not a function of a dialect.

    Examples
    --------
    >>> visitor = ct.connect("sandbox", identity="visitor")
    >>> create = ct.dialects.elevate(ct.dialects.crm_v2(visitor).create_contact)
    >>> create({"name": {"first": "Ada", "last": "Example"}})["contact"]["info"]["name"]["first"]
    'Ada'
    >>> visitor.elevated_calls
    ['crm_v2.create_contact']
    """
    owner, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
    if not isinstance(owner, _Spoken) or name.startswith("_"):
        why = f"elevate takes a function such as crm_v2(site).update_contact, not {function!r:.80}"
        raise BadValue(why)

    @functools.wraps(function)
    def elevated(*args: P.args, **more: P.kwargs) -> R:
        call: Callable[P, R] = getattr(type(owner)(_elevated(owner, name)), name)
        return call(*args, **more)

    return elevated


class _Spoken:
    """A site in one dialect."""

    dialect: ClassVar[Dialect]

    def __init__(self, site: Site) -> None:
        if not isinstance(site, Site):
            why = f"a dialect is spoken to a site, as connect() returns it, not to {site!r:.80}"  # type: ignore[unreachable]
            raise BadValue(why)
        self.site = site

    def __repr__(self) -> str:
        return f"<{self.dialect} of {self.site!r}>"

    def _sent(self, info: Json) -> Json:
        return mapping.info_from(self.dialect, info)

    def _shown(self, contact: Json) -> Json:
        return mapping.contact_to(self.dialect, contact)


class CrmV2(_Spoken):
    """A site as ``wix-crm.v2`` and the JavaScript SDK call it. Made by `crm_v2`.

    Contacts have ``_id``, ``_createdDate`` and ``_updatedDate``, addresses ``addressLine1``,
    ``formatted`` and ``location``, a picture is a text. Rights are raised with `elevate`.

    Attributes
    ----------
    site : Site
    """

    dialect = "crm_v2"

    def update_contact(
        self, contact_id: str, info: Json, revision: int | str, options: Options = None
    ) -> Json:
        """Update one contact.

        Parameters
        ----------
        contact_id : str
            The contact's id, not a member's.
        info : dict
            What to change; lists replace the whole list.
        revision : int
            The contact's current revision; its digits as text are understood too.
        options : dict, optional
            ``{"allowDuplicates": True}`` lets an e-mail or phone belong to another contact too.

        Returns
        -------
        dict
            ``{"contact": …}``

        Raises
        ------
        BadValue
            An option, a revision or a member that this dialect does not have.
        ApiError, StaleRevision, ReadOnlySite, Unreachable
            As `Site.update_contact`.
        """
        chosen = _chosen(options, _DUPLICATES)
        answer = self.site.update_contact(
            contact_id, self._sent(info), _revision(revision), allow_duplicates=chosen[_DUPLICATES]
        )
        return {"contact": self._shown(answer["contact"])}

    def get_contact(self, contact_id: str) -> Json:
        """Return one contact as it is now, without a wrapper."""
        return self._shown(self.site.get_contact(contact_id))

    def create_contact(self, info: Json, options: Options = None) -> Json:
        """Create a contact and return ``{"contact": …}``; options as in `update_contact`."""
        chosen = _chosen(options, _DUPLICATES)
        answer = self.site.create_contact(self._sent(info), allow_duplicates=chosen[_DUPLICATES])
        return {"contact": self._shown(answer["contact"])}

    def label_contact(self, contact_id: str, label_keys: Iterable[str]) -> Json:
        """Give a contact labels that exist, and return ``{"contact": …}``."""
        answer = self.site.label_contact(contact_id, label_keys)
        return {"contact": self._shown(answer["contact"])}

    def unlabel_contact(self, contact_id: str, label_keys: Iterable[str]) -> Json:
        """Take labels off a contact, and return ``{"contact": …}``."""
        answer = self.site.unlabel_contact(contact_id, label_keys)
        return {"contact": self._shown(answer["contact"])}


class CrmBackend(_Spoken):
    """A site as ``wix-crm-backend`` calls it. Made by `crm_backend`.

    Contacts are as in `CrmV2` but flat: lists and extended fields have no wrapper, the picture is
    ``profilePicture``. Every function returns the contact itself. Lists that do have a wrapper
    are understood as well. The option ``suppressAuth`` runs a call with elevated rights.

    Attributes
    ----------
    site : Site
    """

    dialect = "crm_backend"

    def update_contact(
        self, identifiers: Mapping[str, Json], contact_info: Json, options: Options = None
    ) -> Json:
        """Update one contact and return it.

        Parameters
        ----------
        identifiers : dict
            ``{"contactId": …, "revision": …}``, both as in `CrmV2.update_contact`.
        contact_info : dict
            What to change; lists replace the whole list.
        options : dict, optional
            ``allowDuplicates``: let an e-mail or phone belong to another contact too.
            ``suppressAuth``: run with elevated rights, recorded in ``site.elevated_calls``.

        Raises
        ------
        BadValue
            An identifier, an option, a revision or a member that this dialect does not have.
        ApiError, StaleRevision, ReadOnlySite, Unreachable
            As `Site.update_contact`.

        Examples
        --------
        >>> backend = ct.dialects.crm_backend(ct.connect())
        >>> contact = backend.get_contact(next(iter(backend.site.fetch(limit=1))))
        >>> identifiers = {"contactId": contact["_id"], "revision": contact["revision"]}
        >>> contact = backend.update_contact(identifiers, {"name": {"last": "New Name"}})
        >>> contact["info"]["name"]["last"]
        'New Name'
        """
        chosen = _chosen(options, _DUPLICATES, _SUPPRESS)
        contact_id, revision = _identified(identifiers)
        sent = self._sent(contact_info)
        site = self._allowed("update_contact", chosen)
        answer = site.update_contact(
            contact_id, sent, revision, allow_duplicates=chosen[_DUPLICATES]
        )
        return self._shown(answer["contact"])

    def overwrite_contact_info(
        self, contact_id: str, contact_info: Json, options: Options = None
    ) -> Json:
        """Read a contact's revision, update the contact at it, and return the contact.

        This gives up the protection that a revision is for: what somebody else has changed since
        you last looked at the contact is overwritten unseen. Only a change in the instant between
        the reading and the writing is still refused, as `StaleRevision`.

        Parameters
        ----------
        contact_id : str
        contact_info, options
            As in `update_contact`; ``suppressAuth`` holds for the reading too.
        """
        chosen = _chosen(options, _DUPLICATES, _SUPPRESS)
        sent = self._sent(contact_info)
        site = self._allowed("overwrite_contact_info", chosen)
        revision = site.get_contact(contact_id)["revision"]
        answer = site.update_contact(
            contact_id, sent, revision, allow_duplicates=chosen[_DUPLICATES]
        )
        return self._shown(answer["contact"])

    def get_contact(self, contact_id: str, options: Options = None) -> Json:
        """Return one contact as it is now; the option is ``suppressAuth``."""
        site = self._allowed("get_contact", _chosen(options, _SUPPRESS))
        return self._shown(site.get_contact(contact_id))

    def create_contact(self, contact_info: Json, options: Options = None) -> Json:
        """Create a contact and return it; options as in `update_contact`."""
        chosen = _chosen(options, _DUPLICATES, _SUPPRESS)
        sent = self._sent(contact_info)
        site = self._allowed("create_contact", chosen)
        answer = site.create_contact(sent, allow_duplicates=chosen[_DUPLICATES])
        return self._shown(answer["contact"])

    def label_contact(
        self, contact_id: str, label_keys: Iterable[str], options: Options = None
    ) -> Json:
        """Give a contact labels that exist, and return it; the option is ``suppressAuth``."""
        site = self._allowed("label_contact", _chosen(options, _SUPPRESS))
        return self._shown(site.label_contact(contact_id, label_keys)["contact"])

    def unlabel_contact(
        self, contact_id: str, label_keys: Iterable[str], options: Options = None
    ) -> Json:
        """Take labels off a contact, and return it; the option is ``suppressAuth``."""
        site = self._allowed("unlabel_contact", _chosen(options, _SUPPRESS))
        return self._shown(site.unlabel_contact(contact_id, label_keys)["contact"])

    def _allowed(self, call: str, chosen: Mapping[str, bool]) -> Site:
        return _elevated(self, call) if chosen[_SUPPRESS] else self.site


def _elevated(spoken: _Spoken, call: str) -> Site:
    """Return the site with elevated rights, having recorded what for."""
    site = spoken.site.elevated()
    spoken.site.elevated_calls.append(f"{spoken.dialect}.{call}")
    return site


def _chosen(options: Options, *names: str) -> dict[str, bool]:
    """Return every option with its value, or raise BadValue for one that is none."""
    chosen = dict.fromkeys(names, False)
    for name, value in _members({} if options is None else options, "options", names).items():
        chosen[name] = arguments.flag(value, name)
    return chosen


def _identified(identifiers: Mapping[str, Json]) -> tuple[str, int]:
    names = ("contactId", "revision")
    given = _members(identifiers, "identifiers", names)
    for name in names:
        if name not in given:
            why = f"identifiers: {name} is missing; get_contact() tells the current revision"
            raise BadValue(why, field=name)
    return given["contactId"], _revision(given["revision"])


def _members(given: Mapping[str, Json], what: str, names: tuple[str, ...]) -> Mapping[str, Json]:
    """Return an argument that is an object with these members at most."""
    if not isinstance(given, Mapping):
        why = f"{what} is a dict of {' and '.join(names)}, not {given!r:.40}"  # type: ignore[unreachable]
        raise BadValue(why, field=what)
    for name in given:
        if name not in names:
            why = f"{what}: there is no {name!r}; it takes {' and '.join(names)}"
            raise BadValue(why, field=str(name))
    return given


def _revision(given: int | str) -> int:
    """Return a revision as a number; the site refuses what is neither a number nor its digits."""
    if not isinstance(given, str):
        return given
    if re.fullmatch(r"[0-9]{1,16}", given):
        return int(given)
    why = f"revision is a whole number such as 5, not {given!r:.40}"
    raise BadValue(why, field="revision")
