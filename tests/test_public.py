"""What is promised: the names, how they are called, and that each says what it is."""

import inspect
import re

import pytest

import contacttools as ct
from contacttools import errors

NAMES = {
    "Accepted", "ApiError", "AuthError", "BadPlan", "BadValue", "CommitRefused", "ConflictError",
    "ContactToolsError", "Contacts", "NotApproved", "Outcome", "Plan", "PlanInUse", "ReadOnlyField",
    "ReadOnlySite", "Recipe", "Report", "Site", "Stage", "StagingError", "StaleFrame",
    "StaleRevision", "UnknownContact", "UnknownField", "Unreachable", "WrongSite", "audit", "bulk",
    "changes", "cluster_key", "clusters", "connect", "dialects", "duplicates", "form", "grid",
    "history", "load", "match", "merge_plan", "normalize", "read_contacts", "review", "rule",
    "stages", "workbench",
}  # fmt: skip

#: Loaded when they are used.
LATER = {
    "Accepted", "audit", "bulk", "cluster_key", "clusters", "duplicates", "form", "grid", "history",
    "match", "merge_plan", "review", "rule", "workbench",
}  # fmt: skip

_CONNECT = (
    "to=None, *, base_url=None, api_key=None, site_id=None, app_id=None, app_secret=None, "
    "instance_id=None, identity=None, scopes=None, read_only=True, direct_writes=False, "
    "requests_per_minute=150"
)

#: Every call that other work relies on, as it is written there.
CALLS = [
    (ct.connect, _CONNECT),
    (ct.Site.info, "self"),
    (ct.Site.count, "self, filter=None"),
    (ct.Site.fetch, "self, filter=None, limit=None"),
    (ct.Site.check, "self, plan"),
    (ct.Site.commit, "self, plan, approve, *, expect=None, wait=True, rebase='disjoint'"),
    (ct.Site.resume, "self, plan_id, *, wait=True"),
    (ct.Site.runs, "self"),
    (ct.Site.run, "self, plan_id"),
    (ct.Site.forget, "self, contact_id"),
    (ct.Site.update_contact, "self, contact_id, info, revision, *, allow_duplicates=False"),
    (ct.Site.get_contact, "self, contact_id"),
    (ct.Site.create_contact, "self, info, *, allow_duplicates=False"),
    (ct.Site.delete_contact, "self, contact_id"),
    (ct.Site.label_contact, "self, contact_id, label_keys"),
    (ct.Site.unlabel_contact, "self, contact_id, label_keys"),
    (ct.Site.preview_merge, "self, target_id, source_ids=None"),
    (ct.Site.merge, "self, target_id, source_ids=None, revision=None, *, approve=None"),
    (ct.merge_plan, "pairs, contacts"),
    (ct.Site.labels, "self"),
    (ct.Site.find_or_create_label, "self, display_name"),
    (ct.Site.rename_label, "self, key, display_name"),
    (ct.Site.delete_label, "self, key"),
    (ct.Site.extended_fields, "self"),
    (ct.Site.find_or_create_extended_field, "self, display_name, data_type"),
    (ct.Site.rename_extended_field, "self, key, display_name"),
    (ct.Site.delete_extended_field, "self, key"),
    (ct.Site.elevated, "self"),
    (ct.Site.query_contacts, "self, filter=None, sort='createdDate', limit=None"),
    (ct.read_contacts, "source, site_id=None, *, dialect=None"),
    (ct.Contacts.to_json, "self, dialect='rest', path=None, *, indent=2"),
    (ct.dialects.crm_v2, "site"),
    (ct.dialects.CrmV2.update_contact, "self, contact_id, info, revision, options=None"),
    (ct.dialects.crm_backend, "site"),
    (ct.dialects.CrmBackend.update_contact, "self, identifiers, contact_info, options=None"),
    (ct.dialects.elevate, "function"),
    (ct.audit, "contacts_or_stage, rules=None, *, accepted=None"),
    (ct.Accepted.save, "self, path"),
    (ct.Accepted.load, "path"),
    (ct.Contacts.to_frame, "self, table=None"),
    (ct.duplicates, "contacts, threshold=None"),
    (ct.Stage, "contacts, *, name=None, who=None"),
    (ct.Stage.recipe, "self"),
    (ct.stages, ""),
    (ct.Recipe.check, "self, contacts"),
    (ct.Recipe.save, "self, path"),
    (ct.Recipe.load, "path"),
    (ct.Stage.edit, "self, contact_id, values"),
    (ct.Stage.add, "self, contact_id, table, item"),
    (ct.Stage.remove, "self, contact_id, table, item_id"),
    (ct.Stage.make_primary, "self, contact_id, table, item_id"),
    (ct.Stage.label, "self, contact_ids, *, add=(), remove=()"),
    (ct.Stage.to_frame, "self, table=None"),
    (ct.Stage.undo, "self"),
    (ct.Stage.redo, "self"),
    (ct.Stage.plan, "self"),
    (ct.Stage.rebase, "self, contacts"),
    (ct.Stage.step, "self, reason=None"),
    (
        ct.Stage.apply,
        (
            "self, change, column=None, *, table=None, columns=None, where=None, reason=None, "
            "clear=(), errors='raise'"
        ),
    ),
    (ct.Stage.to_excel, "self, path, table=None, *, where=None, columns=None"),
    (ct.Stage.update_from_excel, "self, path, who, *, errors='collect'"),
    (ct.match, "path_or_frame, contacts, columns=None"),
    (ct.Plan.save, "self, path, *, saved_by=None"),
    (ct.Plan.load, "path"),
    (ct.Plan.to_frame, "self"),
    (ct.Plan.select, "self, contacts=None, fields=None"),
    (ct.Plan.head, "self, n=5"),
    (ct.Report.to_frame, "self"),
    (ct.Report.undo_plan, "self, contacts=None, fields=None"),
    (ct.Report.raise_for_conflicts, "self"),
]  # fmt: skip


def test_all_is_what_is_promised():
    """The exported names are exactly these, each can be had, and nothing else shows."""
    assert sorted(NAMES) == sorted(ct.__all__)
    shown = {
        name
        for name, value in vars(ct).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert NAMES - {"changes", "dialects", "normalize", *LATER} == shown - LATER
    assert all(callable(getattr(ct, name)) for name in LATER)


def test_an_unknown_name_is_an_attribute_error():
    """A name that is not there says so like any module."""
    with pytest.raises(AttributeError, match="no attribute 'fetch'"):
        _ = ct.fetch


def test_the_version_is_that_of_the_installation():
    """`__version__` is a version."""
    assert re.match(r"\d+\.\d+", ct.__version__)


@pytest.mark.parametrize(
    ("call", "signature"), CALLS, ids=lambda each: getattr(each, "__qualname__", "")
)
def test_names_are_called_as_promised(call, signature):
    """Other work calls them with exactly these parameters, in this order, with these defaults."""
    parameters = inspect.signature(call).parameters.values()
    told, keyword_only = [], False
    for each in parameters:
        if each.kind is each.KEYWORD_ONLY and not keyword_only:
            told.append("*")
            keyword_only = True
        default = "" if each.default is each.empty else f"={each.default!r}"
        told.append(f"{each.name}{default}")
    assert signature == ", ".join(told)


@pytest.mark.parametrize(
    "call",
    [
        lambda stage, frame: stage.update(frame, clear=(), errors="raise"),
        lambda stage, frame: stage.update(frame, errors="collect"),
        lambda stage, _: stage.update(stage.to_frame("emails"), table="emails"),
        lambda stage, _: stage.update(stage.to_frame("phones"), "phones", remove_missing=True),
        lambda stage, frame: stage.unstage(frame.index[0], "company"),
        lambda stage, frame: stage.unstage(frame.index[0]),
        lambda stage, frame: stage.label(list(frame.index), add=[], remove=[]),
        lambda stage, _: stage.plan().refused,
        lambda stage, _: stage.plan().id,
    ],
    ids=["update", "collect", "table", "remove", "unstage 1", "unstage", "label", "refused", "id"],
)  # fmt: skip
def test_spellings_of_the_stage(call):
    """The spellings that other work uses are understood and, on untouched frames, stage nothing."""
    stage = ct.Stage(ct.connect().fetch(limit=3))
    call(stage, stage.to_frame())
    assert 0 == len(stage.plan())


def public_names():
    """Return what a docstring is owed by: every name, and the public members of every class."""
    for name in sorted(NAMES - LATER):
        value = getattr(ct, name)
        yield name, value
        if inspect.isclass(value):
            for member, each in inspect.getmembers_static(value):
                ours = member in {
                    one
                    for base in value.__mro__
                    if base.__module__.startswith("contacttools")
                    for one in vars(base)
                }
                public = ours and not member.startswith("_")
                if public and (callable(each) or isinstance(each, property)):
                    yield f"{name}.{member}", each


@pytest.mark.parametrize(
    ("name", "value"), list(public_names()), ids=[each[0] for each in public_names()]
)
def test_every_name_says_what_it_is(name, value):
    """Each public name has a docstring of its own that begins with a sentence."""
    told = inspect.getdoc(value)
    assert told, name
    assert told.splitlines()[0].rstrip().endswith((".", ";", ",", ":")), told.splitlines()[0]


def drawn():
    """Return the tree of errors as the docstring draws it: name by parent."""
    parents, found = [], {}
    for line in errors.__doc__.splitlines():
        match = re.match(r"^([ │]*)(?:[├└]── )?([A-Z]\w+)", line)
        if not match or not line.startswith("    "):
            continue
        depth = line.index(match[2]) // 4
        del parents[depth:]
        if parents or match[2] == "ContactToolsError":
            found[match[2]] = parents[-1] if parents else None
            parents += [match[2]] * (depth + 1 - len(parents))
    return found


def test_the_errors_are_the_tree_that_is_drawn():
    """Every error stands in the drawing, under a class that it derives from, and is exported."""
    defined = {name: value for name, value in vars(errors).items() if inspect.isclass(value)}
    tree = drawn()
    assert set(defined) == set(tree) == {each for each in NAMES if each in defined}
    for name, parent in tree.items():
        base = Exception if parent is None else defined[parent]
        assert issubclass(defined[name], base)
        assert defined[name].__doc__


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (ct.StagingError, ValueError), (ct.UnknownContact, KeyError), (ct.UnknownField, KeyError),
        (ct.BadPlan, ValueError), (ct.Unreachable, ConnectionError),
        (ct.ReadOnlySite, PermissionError), (ct.StaleRevision, ct.ConflictError),
        (ct.StaleRevision, ct.ApiError),
    ],
)  # fmt: skip
def test_an_error_is_also_what_it_would_be_elsewhere(error, builtin):
    """Errors can be caught by the builtin that fits, and read as plain sentences."""
    assert issubclass(error, builtin)
    assert "a sentence" == str(error("a sentence"))
