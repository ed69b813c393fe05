"""Labels and extended fields: the two modules that define what contacts may carry."""

from __future__ import annotations

from datetime import datetime

import pytest
from sandbox.answers import ANN, BOB

NEW = {
    "labels": "labels.findOrCreateLabel('My Label')",
    "extendedFields": "extendedFields.findOrCreateExtendedField('My Label', 'NUMBER')",
}
# What the two modules call their one thing, and what each call of them is named after.
ONE = {"labels": ("label", "Label"), "extendedFields": ("field", "ExtendedField")}
HELD = {"labels": "custom.vip", "extendedFields": "custom.nickname"}
both = pytest.mark.parametrize("module", list(ONE))


def keys(answer, name="items"):
    """Give the keys of what was found, in order."""
    return [one["key"] for one in answer[name]]


@both
def test_find_or_create(sdk, module):
    """A name that is new makes a definition; the same name finds it."""
    one, noun = ONE[module]
    first, second = sdk(f"return [await {NEW[module]}, await {NEW[module]}]")

    new = f"new{one.capitalize()}"
    assert (True, False) == (first[new], second[new])
    assert first[one] == second[one]
    made = first[one]
    assert ("custom", "custom.my-label", "My Label") == (
        made["namespace"],
        made["key"],
        made["displayName"],
    )
    assert isinstance(made["_createdDate"], datetime)
    assert made == sdk(f"{module}.get{noun}(key)", key=made["key"])


def test_what_is_made(sdk):
    """A label is the user's own; a field has the type it was made with, and keeps it."""
    label = sdk(NEW["labels"])["label"]
    field = sdk(NEW["extendedFields"])["field"]
    again = sdk(NEW["extendedFields"].replace("NUMBER", "TEXT"))["field"]

    assert "USER_DEFINED" == label["labelType"]
    assert ("USER_DEFINED", "NUMBER") == (field["fieldType"], field["dataType"])
    assert field == again


def test_what_is_made_is_used(sdk):
    """A new label and a new field can be put on a contact at once, by the keys that were given."""
    code = f"""
        const {{ label }} = await {NEW["labels"]};
        const {{ field }} = await {NEW["extendedFields"]};
        const info = {{
            labelKeys: {{ items: [label.key] }},
            extendedFields: {{ items: {{ [field.key]: 3 }} }},
        }};
        return (await contacts.updateContact(id, info, 1)).contact.info;
    """
    info = sdk(code, id=BOB)

    assert ["custom.my-label"] == info["labelKeys"]["items"]
    assert 3 == info["extendedFields"]["items"]["custom.my-label"]


@both
def test_rename(sdk, module):
    """A new name leaves the key and what contacts carry."""
    _, noun = ONE[module]
    before = sdk("contacts.getContact(id)", id=ANN)["info"]
    code = f"{module}.rename{noun}(key, {{ displayName: 'Otherwise' }})"
    renamed = sdk(code, key=HELD[module])

    assert (HELD[module], "Otherwise") == (renamed["key"], renamed["displayName"])
    assert renamed["_createdDate"] < renamed["_updatedDate"]
    assert renamed == sdk(f"{module}.get{noun}(key)", key=HELD[module])
    assert before == sdk("contacts.getContact(id)", id=ANN)["info"]


@both
def test_delete(sdk, module):
    """What is deleted leaves every contact too; the SDK gives nothing."""
    _, noun = ONE[module]

    assert None is sdk(f"{module}.delete{noun}(key)", key=HELD[module])
    assert 404 == sdk.error(f"{module}.get{noun}(key)", key=HELD[module])["status"]
    info = sdk("contacts.getContact(id)", id=ANN)["info"]
    assert HELD[module] not in [
        *info.get("labelKeys", {}).get("items", []),
        *(info["extendedFields"]["items"] if module == "extendedFields" else []),
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"labelType": "USER_DEFINED"}, ["custom.press", "custom.vip"]),
        ({"namespace": "custom", "startsWith": "V"}, ["custom.vip"]),
        (
            {"namespace": "custom", "sort": {"fieldName": "displayName", "order": "DESC"}},
            ["custom.vip", "custom.press"],
        ),
        ({"namespace": "custom", "paging": {"limit": 1, "offset": 1}}, ["custom.vip"]),
    ],
    ids=["type", "start", "sort", "paging"],
)
def test_list_labels(still, options, expected):
    """Labels are listed by type, namespace and start of the name, sorted, a page at a time."""
    answer = still("labels.listLabels(options)", options=options)

    assert expected == keys(answer, "labels")
    assert len(expected) == answer["metadata"]["count"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"fieldType": "USER_DEFINED", "startsWith": "Nick"}, ["custom.nickname"]),
        (
            {"namespace": "custom", "sort": {"fieldName": "key", "order": "DESC"}},
            [
                "custom.website",
                "custom.nickname",
                "custom.last-contacted",
                "custom.customer-number",
            ],
        ),
        ({"namespace": "custom", "paging": {"limit": 1, "offset": 2}}, ["custom.nickname"]),
    ],
    ids=["type", "sort", "paging"],
)
def test_list_fields(still, options, expected):
    """Extended fields are listed in the same ways."""
    answer = still("extendedFields.listExtendedFields(options)", options=options)

    assert expected == keys(answer, "fields")
    assert len(expected) == answer["metadata"]["count"]


@both
def test_list_everything(still, module):
    """Without options all come, those of the system too, and a query finds as many."""
    one, noun = ONE[module]
    answer = still(f"{module}.list{noun}s()")
    page = still(f"{module}.query{noun}s().limit(100).find()")

    listed = keys(answer, f"{one}s")
    assert {"custom", "contacts"} <= {key.partition(".")[0] for key in listed}
    assert sorted(listed) == sorted(keys(page))
    assert len(listed) == answer["metadata"]["total"] == page["totalCount"]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('eq("key", "custom.vip")', ["custom.vip"]),
        ('in("key", ["custom.vip", "custom.none"])', ["custom.vip"]),
        ('startsWith("displayName", "Pr")', ["custom.press"]),
        (
            'eq("labelType", "USER_DEFINED").ascending("displayName")',
            ["custom.press", "custom.vip"],
        ),
        ('eq("namespace", "custom").descending("displayName")', ["custom.vip", "custom.press"]),
        ('eq("namespace", "custom").ne("key", "custom.vip")', ["custom.press"]),
        ('gt("_createdDate", new Date())', []),
        ('eq("namespace", "custom").lt("_createdDate", new Date()).skip(1)', ["custom.vip"]),
    ],
    ids=lambda value: None if isinstance(value, list) else value,
)
def test_query_labels(still, condition, expected):
    """Labels are found by each of their operators."""
    assert expected == keys(still(f"labels.queryLabels().{condition}.find()"))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('eq("key", "custom.nickname")', ["custom.nickname"]),
        ('eq("dataType", "NUMBER").eq("fieldType", "USER_DEFINED")', ["custom.customer-number"]),
        ('startsWith("displayName", "Last c")', ["custom.last-contacted"]),
        (
            'eq("namespace", "custom").ne("dataType", "TEXT").descending("displayName").limit(2)',
            ["custom.website", "custom.last-contacted"],
        ),
        ('eq("namespace", "custom").gt("_updatedDate", new Date())', []),
    ],
    ids=lambda value: None if isinstance(value, list) else value,
)
def test_query_fields(still, condition, expected):
    """Extended fields are found by each of their operators."""
    assert expected == keys(still(f"extendedFields.queryExtendedFields().{condition}.find()"))


@both
def test_pages(still, module):
    """Pages of definitions lead forth and back."""
    _, noun = ONE[module]
    code = f"""
        const query = {module}.query{noun}s().eq("namespace", "custom").ascending("displayName");
        const first = await query.limit(1).find();
        const second = await first.next();
        return [first, second, await second.prev()];
    """
    first, second, again = still(code)

    assert first == again
    assert keys(first) < keys(second)
    assert first["hasNext"]
    assert not first["hasPrev"]


@both
def test_whole_queries(still, module):
    """A query given as a whole is answered as the service answers it."""
    one, noun = ONE[module]
    query = {"filter": {"key": HELD[module]}, "paging": {"limit": 5}}
    answer = still(f"{module}.query{noun}s(query)", query=query)

    assert [HELD[module]] == keys(answer, f"{one}s")
    assert 1 == answer["pagingMetadata"]["total"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("labels.findOrCreateLabel('')", [("displayName", "MIN_LENGTH")]),
        ("labels.renameLabel('custom.vip', {})", [("label.displayName", "REQUIRED")]),
        ("labels.listLabels({ labelType: 'NONE' })", [("options.labelType", "ENUM")]),
        ("extendedFields.findOrCreateExtendedField('A', 'NONE')", [("dataType", "ENUM")]),
        (
            "extendedFields.renameExtendedField('custom.nickname', {})",
            [("field.displayName", "REQUIRED")],
        ),
    ],
    ids=lambda value: None if isinstance(value, list) else value,
)
def test_arguments(still, code, expected):
    """A value that breaks a rule is told by the name of the argument it stands in."""
    violations = still.error(code)["details"]["validationError"]["fieldViolations"]

    assert expected == [(one["field"], one["violatedRule"]) for one in violations]


@pytest.mark.parametrize(
    "code",
    [
        "labels.getLabel('custom.none')",
        "labels.renameLabel('custom.none', { displayName: 'A' })",
        "labels.deleteLabel('custom.none')",
        "extendedFields.getExtendedField('custom.none')",
        "extendedFields.renameExtendedField('custom.none', { displayName: 'A' })",
        "extendedFields.deleteExtendedField('custom.none')",
    ],
)
def test_unknown_keys(still, code):
    """A key that is none is 404."""
    error = still.error(code)

    assert (404, "NOT_FOUND") == (error["status"], error["details"]["applicationError"]["code"])


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("queryLabels().contains('key', 'a')", "UNSUPPORTED_FILTER_OPERATOR"),
        ("queryLabels().eq('none', 'a')", "UNSUPPORTED_FILTER_FIELD"),
        ("queryLabels().ascending('key')", "INVALID_SORT"),
    ],
    ids=lambda value: value if value.isupper() else None,
)
def test_refused_queries(still, query, code):
    """What the service does not run is a 400 with a code of its own."""
    error = still.error(f"labels.{query}.find()")

    assert (400, code) == (error["status"], error["details"]["applicationError"]["code"])
