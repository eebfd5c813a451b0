"""The JSON Schema of a detection's file, for editors (yaml-language-server and others).

Says what keys there are, of what type and with which words; what only the checker can know (names,
columns, the block) it leaves to `atp check`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.envelope import FORMAT, FORMATS, KEYS
from dsl.given_events import GIVEN_BY_ENGINE
from dsl.params import SENSITIVITIES, TYPES
from dsl.schema.enums import SEVERITY
from dsl.schema.registry import event_types

if TYPE_CHECKING:
    from dsl.schema.registry import EventType

_Schema = dict[str, object]
_TEXT: Final[_Schema] = {"type": "string", "minLength": 1}
_TEXTS: Final[_Schema] = {"oneOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}
_SCALAR: Final[_Schema] = {"type": ["string", "number", "boolean"]}
_REQUIRED: Final = (
    "atp", "id", "version", "title", "severity", "confidence", "kill_chain", "mitre", "description", "false_positives", "known_gaps",
    "detect", "explain",
)  # fmt: skip


def envelope_schema() -> _Schema:
    """JSON Schema 2020-12 of a detection."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ATP detection",
        "type": "object",
        "additionalProperties": False,
        "required": list(_REQUIRED),
        "anyOf": [{"required": ["tests"]}, {"required": ["origin"]}],
        "properties": {key: _key(key) for key in KEYS},
    }


def _key(key: str) -> _Schema:
    described: dict[str, _Schema] = {
        "atp": {"const": FORMAT, "description": "Format of the file."},
        "id": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$", "description": "The file's name without `.yaml`."},
        "version": {"type": "integer", "minimum": 1, "description": "Raised when the meaning changes."},
        "title": {**_TEXT, "description": "One line for the list of alerts."},
        "severity": {"enum": list(SEVERITY)},
        "confidence": {"type": "integer", "minimum": 0, "maximum": 100, "description": "How sure an alert is, in percent."},
        "external_id": {"type": "integer", "minimum": 1, "description": "Permanent number of the alert elsewhere."},
        "kill_chain": {**_TEXT, "description": "Phase of the attack."},
        "mitre": {
            "description": "ATT&CK techniques or tactics.",
            "oneOf": [_mitre(), {"type": "array", "items": _mitre(), "uniqueItems": True}],
        },
        "description": {**_TEXT, "description": "What the attack is and how it is seen."},
        "references": {**_TEXTS, "description": "Addresses that begin with https://."},
        "false_positives": {**_TEXTS, "description": "What looks alike and is none, and the remedy."},
        "known_gaps": {**_TEXTS, "description": "What the detection does not see."},
        "respond": {**_TEXTS, "description": "What to do about an alert."},
        "origin": _origin(),
        "params": {"type": "object", "additionalProperties": _param(), "propertyNames": {"pattern": "^[a-z][a-z0-9_]*$"}},
        "detect": {**_TEXT, "description": "The logic, as a literal block (`|`)."},
        "explain": {**_TEXT, "description": "Jinja template of what people read."},
        "evidence": {**_TEXTS, "description": "Columns of the evidence shown."},
        "tests": {"type": "array", "minItems": 1, "items": _test()},
    }  # fmt: skip
    return described[key]


def _origin() -> _Schema:
    texts = ("rule", "path", "sha256", "author", "licence", "status", "level", "date", "modified")
    return {
        "type": "object",
        "description": "Where an imported rule comes from; it may be without tests.",
        "required": ["format"],
        "additionalProperties": False,
        "properties": {
            "format": {"enum": list(FORMATS)},
            **dict.fromkeys(texts, _TEXT),
            "document": {"type": "integer", "minimum": 1},
            "filters": _TEXTS,
        },
    }


def _mitre() -> _Schema:
    return {"type": "string", "pattern": r"^(T\d{4}(\.\d{3})?|TA\d{4})$"}


def _param() -> _Schema:
    values = ("default", "min", "max", *SENSITIVITIES)
    return {
        "type": "object",
        "required": ["type", "default", "help"],
        "additionalProperties": False,
        "properties": {"type": {"enum": list(TYPES)}, "help": _TEXT} | dict.fromkeys(values, _SCALAR),
    }  # fmt: skip


def _test() -> _Schema:
    event = {
        "type": "object",
        "minProperties": 1,
        "properties": {
            "at": {"type": "string"}, "every": {"type": "string"}, "for": {"type": "integer", "minimum": 1},
            **{name: _event(event) for name, event in event_types().items()},
        },
        "additionalProperties": False,
    }  # fmt: skip
    entries = {"type": "array", "items": event}
    return {
        "type": "object",
        "required": ["name", "expect"],
        "additionalProperties": False,
        "properties": {
            "name": _TEXT,
            "extends": _TEXT,
            "given": entries,
            "given+": entries,
            "shift": {"type": "object"},
            "directory": {"type": "array", "items": {"type": "object"}},
            "lists": {"type": "object"},
            "params": {"type": "object", "additionalProperties": _SCALAR},
            "using": _TEXTS,
            "profile": {"type": "object", "additionalProperties": {"type": "array"}},
            "observed": _TEXT,
            "expect": {"type": "array", "items": {"type": "object"}},
        },
    }


def _event(event: EventType) -> _Schema:
    """Fields of an event in a test. Words of enums are proposed only: a template may give one."""
    properties: _Schema = {}
    for column in event.columns.values():
        if column.name not in GIVEN_BY_ENGINE:
            field: _Schema = {"description": column.field.meaning}
            if column.field.words and not column.many:
                field["anyOf"] = [{"enum": list(column.field.words)}, {"type": "string"}]
            properties[column.name] = field
    return {
        "type": "object",
        "description": event.meaning,
        "properties": properties,
        "additionalProperties": False,
    }
