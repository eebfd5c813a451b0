"""The JSON Schema of a detection's file accepts what the checker accepts, and refuses slips."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from dsl.envelope import KEYS
from dsl.envelope_schema import envelope_schema

SHIPPED = Path(__file__).parents[2] / "detections"
FILES = sorted(p for p in SHIPPED.rglob("*.yaml") if p.parent.name not in ("relations", "lists"))


@pytest.fixture(scope="module")
def validator():
    schema = envelope_schema()
    Draft202012Validator.check_schema(schema)
    assert set(schema["properties"]) == set(KEYS)
    return Draft202012Validator(schema)


def complaints(validator, text):
    return [e.message for e in validator.iter_errors(yaml.safe_load(text))]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_shipped_detections_fit(validator, path):
    assert complaints(validator, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("severity: medium", "severity: middle"),
        ("external_id: 2007", "external_id: none"),
        ("known_gaps:", "gaps:"),
        ("mitre: [", "mitre: [Recon, "),
        ("version: ", "version: x"),
        ("    expect: []", "    expects: []"),
        ("dns_query:", "dns_querry:"),
    ],
)
def test_slips_are_refused(validator, old, new):
    text = (SHIPPED / "discovery" / "dns_zone_transfer.yaml").read_text(encoding="utf-8")
    assert old in text
    assert complaints(validator, text.replace(old, new)) != []
