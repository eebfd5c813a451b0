"""The description of the API, from the declarations of its endpoints. Reference: OpenAPI 3.1.0."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from engine.cli.release import release
from portal.access.roles import Role, allows
from portal.api.endpoint import BASE, File, every
from portal.api.problems import TYPE, ProblemDetails

if TYPE_CHECKING:
    from portal.api.endpoint import Endpoint

_PARAMETER: Final = re.compile(r"\{(\w+)(?::(\w+))?\}")
_KINDS: Final = {"int": {"type": "integer"}, None: {"type": "string"}, "path": {"type": "string"}}
_FAILURES: Final = {
    400: "a parameter or the body is not as described",
    401: "no token, or none that is valid",
    403: "the token's role may not do that",
    429: "too many tokens from there were none of ours",
    503: "busy, or stopping; try again",
}
_MEDIA_OF_FILES: Final = "application/octet-stream"


def document() -> dict[str, Any]:
    """The description, as JSON-ready values."""
    types: list[Any] = [ProblemDetails]
    for resource in every():
        for one in resource.endpoints:
            types += [t for t in (one.answer, one.body) if t not in (None, File)]
    schemas, components = msgspec.json.schema_components(
        types, schema_hook=_anything, ref_template="#/components/schemas/{name}"
    )
    by_type = {id(kind): schema for kind, schema in zip(types, schemas, strict=True)}
    paths: dict[str, Any] = {}
    for resource in every():
        for one in resource.endpoints:
            path = BASE + _PARAMETER.sub(r"{\1}", one.path)
            paths.setdefault(path, {})[one.method.lower()] = {
                "tags": [resource.name],
                "operationId": f"{resource.name}_{one.run.__name__.strip('_')}",
                "summary": one.summary,
                "description": f"Needs the role {_least(one)} or one above.",
                "security": [{"token": []}],
                "parameters": _parameters(one),
                **_body(one, by_type),
                "responses": _responses(one, by_type),
            }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ATP",
            "version": release(),
            "description": "Alerts, entities, events and the state of an ATP engine. Times are ISO 8601 in UTC; "
            "long answers come in pages, `next` is the `after` of the following one.",
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": r.name, "description": r.meaning} for r in every()],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _anything(kind: type) -> dict[str, Any]:
    """Of `object`: values of events, whose types are told by `atp schema`."""
    assert kind is object, kind  # noqa: S101 - everything else is declared
    return {"description": "any value"}


def _least(one: Endpoint[Any]) -> str:
    return next(role.value for role in Role if allows(role, one.permission))


def _parameters(one: Endpoint[Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": _KINDS[kind or None]}
        for name, kind in _PARAMETER.findall(one.path)
    ]
    _, components = msgspec.json.schema_components([one.query])
    (schema,) = components.values()  # of a struct of plain fields
    for key, kind in schema.get("properties", {}).items():
        told = {k: v for k, v in kind.items() if k != "description"}
        found.append({
            "name": key, "in": "query", "required": key in schema.get("required", ()),
            "schema": told, "description": kind.get("description", ""),
        })  # fmt: skip
    return found


def _body(one: Endpoint[Any], by_type: dict[int, Any]) -> dict[str, Any]:
    if one.body is None:
        return {}
    content = {"application/json": {"schema": by_type[id(one.body)]}}
    return {"requestBody": {"required": True, "content": content}}


def _responses(one: Endpoint[Any], by_type: dict[int, Any]) -> dict[str, Any]:
    if one.answer is File:
        content: dict[str, Any] = {_MEDIA_OF_FILES: {}}
    else:
        content = {"application/json": {"schema": by_type[id(one.answer)]}}
    found: dict[str, Any] = {"200": {"description": "as asked", "content": content}}
    problem = {TYPE: {"schema": by_type[id(ProblemDetails)]}}
    for status, words in sorted({**_FAILURES, **dict(one.others)}.items()):
        found[str(status)] = {"description": words, "content": problem}
    return found
