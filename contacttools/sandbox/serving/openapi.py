"""OpenAPI: the routes described for tools, made of the table of routes and the shapes below.

Pure. Types and limits as documented; whatever the service ignores is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from contacttools.sandbox.problems import Json
from contacttools.sandbox.rules.checks import ADDRESS_TAGS, EMAIL_TAGS, PHONE_TAGS
from contacttools.sandbox.serving.routes import ROUTES, Route


@cache
def document() -> dict[str, Json]:
    """Give the OpenAPI 3.1 description of every emulated route; not to be changed."""
    paths: dict[str, Json] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Contacts v4, emulated", "version": "4"},
        "paths": paths,
        "components": {
            "schemas": _SCHEMAS,
            "securitySchemes": {
                "authorization": {"type": "apiKey", "in": "header", "name": "Authorization"},
                "site": {"type": "apiKey", "in": "header", "name": "wix-site-id"},
            },
        },
        "security": [{"authorization": [], "site": []}],
    }


def _operation(route: Route) -> dict[str, Json]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": _text(100)}
        for name in re.findall(r"\{(\w+)\}", route.path)
    ]
    parameters += [
        {"name": name, "in": "query", "schema": schema}
        for name, schema in _PARAMETERS.get(route.name, {}).items()
    ]
    answer = {"description": "Done.", "content": _json(_object({}))}
    error = {"description": "An error.", "content": _json(_ref("Error"))}
    described: dict[str, Json] = {
        "summary": route.name,
        "operationId": re.sub(r"\W", "", route.name)
        + ("ByPath" if "/contact/jobs" in route.path else ""),
        "parameters": parameters,
        "responses": {"200": answer, "4XX": error, "5XX": error},
    }
    if route.name in _BODIES:
        body = _BODIES[route.name]
        needed = "required" in body
        described["requestBody"] = {"required": needed, "content": _json(body)}
    return described


def _json(schema: Json) -> dict[str, Json]:
    return {"application/json": {"schema": schema}}


def _text(most: int, least: int = 0) -> dict[str, Json]:
    return {"type": "string", "minLength": least, "maxLength": most}


def _list(items: Json, most: int, least: int = 0) -> dict[str, Json]:
    return {"type": "array", "items": items, "minItems": least, "maxItems": most}


def _object(members: Mapping[str, Json], *required: str) -> dict[str, Json]:
    described: dict[str, Json] = {"type": "object", "properties": dict(members)}
    return {**described, "required": list(required)} if required else described


def _ref(name: str) -> dict[str, Json]:
    return {"$ref": f"#/components/schemas/{name}"}


def _one_of(values: frozenset[str]) -> dict[str, Json]:
    return {"type": "string", "enum": sorted(values)}


def _items(item: Json) -> dict[str, Json]:
    return _object({"items": _list(item, 50)})


def _paging(most: int) -> dict[str, Json]:
    limit = {"type": "integer", "minimum": 0, "maximum": most}
    return _object({"limit": limit, "offset": {"type": "integer", "minimum": 0}})


def _query(entries: int = 1000, sorts: int = 1, **more: Json) -> dict[str, Json]:
    """Describe a query for so many entries at most, sorted by so many fields at most."""
    asked = {"filter": {"type": "object"}, "sort": _list(_ORDER, sorts), "paging": _paging(entries)}
    return _object({**asked, **more})


_FLAG: Final = {"type": "boolean"}
_REVISION: Final = {"type": "integer", "minimum": 0}
_GUID: Final = {"type": "string", "format": "uuid"}
_KEYS: Final = _list(_text(80, 1), 100, 1)
_ORDER: Final = _object({"fieldName": _text(200), "order": {"enum": ["ASC", "DESC"]}}, "fieldName")
_FIELDSETS: Final = _list({"enum": ["BASIC", "COMMUNICATION_DETAILS", "EXTENDED", "FULL"]}, 10)
_SELECTION: Final = {"filter": {"type": "object"}, "search": _text(100)}
_SOURCES: Final = _list(_GUID, 5, 1)

_SCHEMAS: Final[Mapping[str, Json]] = {
    "Error": _object({"message": {"type": "string"}, "details": {"type": "object"}}, "message"),
    "Info": _object(
        {
            "name": _object({"first": _text(1000), "last": _text(1000)}),
            "emails": _items(
                _object(
                    {"tag": _one_of(EMAIL_TAGS), "email": _text(320, 1), "primary": _FLAG}, "email"
                )
            ),
            "phones": _items(
                _object(
                    {
                        "tag": _one_of(PHONE_TAGS),
                        "countryCode": {"type": "string", "pattern": "^[A-Z]{2}$"},
                        "phone": _text(50, 1),
                        "primary": _FLAG,
                    },
                    "phone",
                )
            ),
            "addresses": _items(
                _object({"tag": _one_of(ADDRESS_TAGS), "address": _ref("Address")})
            ),
            "company": _text(1000),
            "jobTitle": _text(1000),
            "birthdate": {"type": "string", "format": "date"},
            "locale": _text(100),
            "labelKeys": _object({"items": _list(_text(80, 1), 2000)}),
            "extendedFields": _object({"items": {"type": "object"}}),
        }
    ),
    "Address": _object(
        {
            "addressLine": _text(1000),
            "streetAddress": _object({"number": _text(100), "name": _text(1000)}),
            "addressLine2": _text(1000),
            "city": _text(1000),
            "subdivision": _text(100),
            "country": {"type": "string", "pattern": "^[A-Z]{2}$"},
            "postalCode": _text(100),
            "formattedAddress": _text(2000),
            "geocode": _object({"latitude": {"type": "number"}, "longitude": {"type": "number"}}),
        }
    ),
}

_LABEL: Final = _object({"displayName": _text(180, 1), "language": _text(10)}, "displayName")
_FIELD: Final = _object(
    {"displayName": _text(150, 1), "dataType": {"enum": ["TEXT", "NUMBER", "DATE", "URL"]}},
    "displayName",
    "dataType",
)

_BODIES: Final[Mapping[str, dict[str, Json]]] = {
    "Create Contact": _object({"info": _ref("Info"), "allowDuplicates": _FLAG}, "info"),
    "Update Contact": _object(
        {"info": _ref("Info"), "revision": _REVISION, "allowDuplicates": _FLAG}, "info", "revision"
    ),
    "Query Contacts": _object(
        {"query": _query(fields=_list(_text(100), 100), fieldsets=_FIELDSETS), "search": _text(100)}
    ),
    "Query Facets": _object({"filter": {"type": "object"}, "paging": _paging(1000)}),
    "Label Contact": _object({"labelKeys": _KEYS}, "labelKeys"),
    "Unlabel Contact": _object({"labelKeys": _KEYS}),
    "Merge Contacts": _object(
        {"targetContactRevision": _REVISION, "sourceContactIds": _SOURCES},
        "targetContactRevision",
        "sourceContactIds",
    ),
    "Preview Merge Contacts": _object({"sourceContactIds": _SOURCES}, "sourceContactIds"),
    "Bulk Update Contacts": _object({**_SELECTION, "info": _ref("Info")}, "info"),
    "Bulk Label And Unlabel Contacts": _object(
        {**_SELECTION, "labelKeysToAdd": _KEYS, "labelKeysToRemove": _KEYS}
    ),
    "Bulk Delete Contacts": _object(_SELECTION),
    "Find Or Create Label": _LABEL,
    "Rename Label": _object({"label": _LABEL}, "label"),
    "Query Labels": _object({"query": _query(2000, sorts=100)}),
    "Find Or Create Extended Field": _FIELD,
    "Rename Extended Field": _object({"field": _object({"displayName": _text(150, 1)})}, "field"),
    "Query Extended Fields": _object({"query": _query()}),
}

_PAGED: Final = {
    "paging.limit": {"type": "integer"},
    "paging.offset": {"type": "integer"},
}
_SORTED: Final = {"sort.fieldName": _text(100), "sort.order": {"enum": ["ASC", "DESC"]}}
_SHOWN: Final = {"fields": _list(_text(100), 100), "fieldsets": _list(_text(100), 10)}
_DEFINED: Final = {
    **_PAGED,
    **_SORTED,
    "namespace": _text(25, 3),
    "startsWith": _text(150),
    "language": _text(10),
}

_PARAMETERS: Final[Mapping[str, Mapping[str, Json]]] = {
    "List Contacts": {**_PAGED, **_SORTED, **_SHOWN},
    "Get Contact": _SHOWN,
    "Unlabel Contact": {"labelKeys": _KEYS},
    "List Facets": {**_PAGED, "language": _text(10)},
    "List Labels": {**_DEFINED, "labelType": _text(30)},
    "List Extended Fields": {**_DEFINED, "fieldType": _text(30)},
}
