"""What may stand at a cursor around the block: keys and words of the envelope, tests and lists.

The JSON Schema says what there is; what only this file knows (roles, parameters, lists) is added.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, get_args

from dsl.assist.candidates import Candidate
from dsl.assist.yaml_place import yaml_place
from dsl.envelope_schema import envelope_schema
from dsl.expectation import OWN_KEYS
from dsl.given_directory import entry_keys
from dsl.schema.base import KindName
from dsl.template import FILTERS, OWN_VARIABLES, TESTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dsl.assist.view import View
    from dsl.assist.yaml_place import YamlPlace
    from dsl.catalogue import ListFile

_OPEN: Final = re.compile(r"\{\{[^}]*\Z|\{%[^%]*\Z")
_RELATION_KEYS: Final = ("atp", "id", "title", "description", "detect", "tests")
_LIST_KEYS: Final = {
    "list": "The file's name without `.yaml`.", "kind": "What the entries are.",
    "description": "What the list is for.", "entries": "Each with owner, reason and expiry.",
}  # fmt: skip
_ENTRY_KEYS: Final = {
    "value": "The entry itself.", "owner": "Who answers for it.", "reason": "Why it is listed.",
    "expires": "From which day on it does not count: 2027-01-31.",
}  # fmt: skip


def complete_around(
    view: View, cursor: int, lists: Mapping[str, ListFile]
) -> tuple[str, list[Candidate]]:
    """What is begun at an offset of the file, and what may stand for it."""
    place = yaml_place(view.text, cursor)
    if place.path[:1] == ("explain",):
        before = view.text[:cursor]
        return place.word, list(_in_template(view, before[: len(before) - len(place.word)]))
    found = _keys(view, place, lists) if place.is_key else _values(view, place)
    return place.word, [c for c in found if c.text not in place.beside]


def _keys(view: View, place: YamlPlace, lists: Mapping[str, ListFile]) -> Iterator[Candidate]:
    if view.sort == "list":
        told = _LIST_KEYS if not place.path else _ENTRY_KEYS
        yield from (Candidate(key, "key", "", said, 1) for key, said in told.items())
        return
    match place.path:
        case ("tests", int(), "expect", int()):
            for key in OWN_KEYS:
                yield Candidate(key, "key", "of every alert", rank=2)
            for role in dict.fromkeys(b.role for alert in view.alerts for b in alert.bindings):
                yield Candidate(role, "role", "role of the alert", rank=1)
        case ("tests", int(), "params"):
            for name, param in view.params.items():
                yield Candidate(name, "param", param.type, param.help, 1)
        case ("tests", int(), "lists"):
            read = set(re.findall(r"@(\w+)", view.block_text))
            for name in (view.id, *(n for n in lists if n in read)):
                yield Candidate(name, "list", "list", rank=1)
        case ("tests", int(), "directory", int()):
            head = place.beside[0] if place.beside else ""
            yield from (Candidate(key, "key", rank=1) for key in entry_keys(head))
        case _:
            properties = _at(envelope_schema(), place.path).get("properties")
            for key, schema in (properties if isinstance(properties, dict) else {}).items():
                if place.path or view.sort == "detection" or key in _RELATION_KEYS:
                    said = str(schema.get("description", "")) if isinstance(schema, dict) else ""
                    yield Candidate(str(key), "key", "", said, 1)


def _values(view: View, place: YamlPlace) -> Iterator[Candidate]:
    if view.sort == "list":
        words: Sequence[object] = get_args(KindName) if place.path == ("kind",) else ()
    else:
        words = _words(_at(envelope_schema(), place.path))
    for rank, word in enumerate(words):
        yield Candidate(str(word), "value", rank=rank)


def _at(schema: Mapping[str, object], path: Sequence[str | int]) -> Mapping[str, object]:
    """The part of a JSON Schema for a place; empty where it says nothing."""
    for step in path:
        wider = schema.get("items") if isinstance(step, int) else schema.get("properties")
        found: object = None
        if isinstance(step, int):
            found = wider
        elif isinstance(wider, dict):
            found = wider.get(step)
        if found is None and not isinstance(step, int):
            found = schema.get("additionalProperties")
        if found is None:
            found = next((s["items"] for s in _arms(schema) if "items" in s), None)
        if not isinstance(found, dict):
            return {}
        schema = found
    return schema


def _arms(schema: Mapping[str, object]) -> list[Mapping[str, object]]:
    several = schema.get("oneOf", schema.get("anyOf", ()))
    return [s for s in several if isinstance(s, dict)] if isinstance(several, list) else []


def _words(schema: Mapping[str, object]) -> Sequence[object]:
    for one in (schema, *_arms(schema)):
        words = one.get("enum")
        if isinstance(words, list):
            return words
        if "const" in one:
            return [one["const"]]
    return ["true", "false"] if schema.get("type") == "boolean" else []


def _in_template(view: View, before: str) -> Iterator[Candidate]:
    """Variables, filters and tests inside of the template's tags."""
    tag = _OPEN.search(before)
    if tag is None:
        return
    inside = tag[0].rstrip()
    if re.search(r"\bparams\.\Z", inside):
        for name, param in view.params.items():
            yield Candidate(name, "param", param.type, param.help, 1)
    elif inside.endswith("."):
        return
    elif inside.endswith("|"):
        yield from (Candidate(n, "filter", "filter", said, 1) for n, said in FILTERS.items())
    elif re.search(r"\bis(?: not)?\Z", inside):
        yield from (Candidate(n, "filter", "test", rank=1) for n in sorted(TESTS))
    else:
        for alert in view.alerts:
            names = [b.role for b in alert.bindings]
            names += [p.parts[0] for p in alert.dedup_by if len(p.parts) == 1]
            yield from (Candidate(name, "role", "of the alert", rank=1) for name in names)
        yield from (Candidate(n, "value", "", said, 2) for n, said in OWN_VARIABLES.items())
