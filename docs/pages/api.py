"""The HTTP API: its resources and endpoints, from the declarations that also route them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pages.markdown import code, plain, table
from portal.api.endpoint import BASE
from portal.api.openapi import document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.catalogue import Catalogue


def lines(_: Catalogue) -> Iterator[str]:
    """The page."""
    told = document()
    yield (
        "# HTTP API\n\nAnswered by `atp-run` at `--portal`. Each request bears a token: `Authorization: Bearer atp_…` "
        f"(`atp tokens create`). The same as OpenAPI 3.1 for programs: `GET {BASE}/openapi.json`, without a token. "
        "Errors are problem details (RFC 9457); long answers come in pages, whose `next` is the `after` of the "
        "following one."
    )
    schemas = told["components"]["schemas"]
    for tag in told["tags"]:
        yield f"\n## {tag['name']}\n\n{plain(tag['description'])}"
        for path, methods in told["paths"].items():
            for method, one in methods.items():
                if tag["name"] in one["tags"]:
                    yield from _endpoint(method, path, one, schemas)


def _endpoint(
    method: str, path: str, one: dict[str, Any], schemas: dict[str, Any]
) -> Iterator[str]:
    yield f"\n### {method.upper()} {path}\n\n{plain(one['summary'])}. {plain(one['description'])}"
    body = one.get("requestBody")
    fields = (
        [*one["parameters"], *_fields(body["content"]["application/json"]["schema"], schemas)]
        if body
        else one["parameters"]
    )
    if fields:
        yield from table(
            "field", "in", "value", "meaning",
            rows=(
                (code(f["name"]), f["in"], _kind(f["schema"]), plain(f.get("description", "")))
                for f in fields
            ),
        )  # fmt: skip
    answer = one["responses"]["200"]["content"].get("application/json")
    if answer is not None:
        schema = schemas[answer["schema"]["$ref"].rpartition("/")[2]]
        names = ", ".join(code(name) for name in schema["properties"])
        yield f"\nAnswers {names}. {plain(schema.get('description', ''))}".rstrip()


def _fields(schema: dict[str, Any], schemas: dict[str, Any]) -> list[dict[str, Any]]:
    found = schemas[schema["$ref"].rpartition("/")[2]]
    return [
        {"name": n, "in": "body", "schema": s, "description": s.get("description", "")}
        for n, s in found["properties"].items()
    ]


def _kind(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(code(str(word)) for word in schema["enum"] if word is not None)
    if "anyOf" in schema:
        return _kind(next(s for s in schema["anyOf"] if s != {"type": "null"}))
    if schema.get("type") == "array":
        return f"{_kind(schema['items'])}, several"
    ends = [str(schema[k]) for k in ("minimum", "maximum") if k in schema]
    return re.sub(r"^string$", "text", str(schema.get("type", "text"))) + (
        f", {' to '.join(ends)}" if ends else ""
    )
