"""contacttools: clean the contacts of a Wix site in a notebook, and write nothing unseen.

Public names only. What is not here is not promised.
"""

from importlib import import_module as _import_module

from contacttools import dialects
from contacttools import opening as _opening
from contacttools.committing.report import Outcome, Report
from contacttools.errors import (
    ApiError,
    AuthError,
    BadPlan,
    BadValue,
    CommitRefused,
    ConflictError,
    ContactToolsError,
    NotApproved,
    PlanInUse,
    ReadOnlyField,
    ReadOnlySite,
    StagingError,
    StaleFrame,
    StaleRevision,
    UnknownContact,
    UnknownField,
    Unreachable,
    WrongSite,
)
from contacttools.planning.plan import Plan
from contacttools.service.connecting import connect
from contacttools.service.site import Site
from contacttools.snapshot.contacts import Contacts
from contacttools.snapshot.exchange import load, read_contacts
from contacttools.staging.recipe import Recipe
from contacttools.staging.stage import Stage, stages

__all__ = [
    "Accepted",
    "ApiError",
    "AuthError",
    "BadPlan",
    "BadValue",
    "CommitRefused",
    "ConflictError",
    "ContactToolsError",
    "Contacts",
    "NotApproved",
    "Outcome",
    "Plan",
    "PlanInUse",
    "ReadOnlyField",
    "ReadOnlySite",
    "Recipe",
    "Report",
    "Site",
    "Stage",
    "StagingError",
    "StaleFrame",
    "StaleRevision",
    "UnknownContact",
    "UnknownField",
    "Unreachable",
    "WrongSite",
    "audit",
    "bulk",
    "changes",
    "cluster_key",
    "clusters",
    "connect",
    "dialects",
    "duplicates",
    "form",
    "grid",
    "history",
    "load",
    "match",
    "merge_plan",
    "normalize",
    "read_contacts",
    "review",
    "rule",
    "stages",
    "workbench",
]


# Loaded when they are used.
_LATER = {
    "Accepted": "auditing.accepting", "audit": "auditing.audit", "bulk": "widgets.bulk",
    "cluster_key": "cleaning.keys",
    "clusters": "auditing.clusters", "duplicates": "matching.duplicates", "form": "widgets.forms",
    "grid": "widgets.grid", "history": "widgets.history",
    "match": "matching.match", "merge_plan": "merging.grouping", "review": "widgets.review",
    "rule": "auditing.rule", "workbench": "widgets.workbench",
}  # fmt: skip
_ROOMS = ("changes", "normalize")

# What a result of one of the lower rooms is reviewed in; loaded when it is asked for.
for _what, _where in {"clusters": "spellings", "duplicates": "pairs"}.items():
    _opening.say(
        _what,
        lambda *given, at=f"contacttools.widgets.{_where}": _import_module(at).review(*given),
    )


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> object:
    if name in _LATER:
        return getattr(_import_module(f"contacttools.{_LATER[name]}"), name)
    if name in _ROOMS:
        return _import_module(f"contacttools.{name}")
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415

        return version("contacttools")
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
