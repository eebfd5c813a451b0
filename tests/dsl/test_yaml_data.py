"""Nodes as plain data; the rest of the reading is in test_source."""

import yaml

from dsl.diagnostics import Span
from dsl.yaml_data import Reader


def read(text):
    reader = Reader(text.split("\n"), {}, {}, {})
    data = reader.value(yaml.compose(text, Loader=yaml.SafeLoader), ())
    return data, reader


def test_data_places_and_scalars():
    data, reader = read("a: {b: [1, no]}\n")
    assert data == {"a": {"b": [1, "no"]}}
    assert reader.keys[("a", "b")] == Span(1, 5, 1)
    assert set(reader.nodes) == {("a", "b", 0), ("a", "b", 1)}
    assert reader.faults == []


def test_an_alias_bomb_stays_small():
    lines = ["a: &a [x, x]"]
    lines += [
        f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    _, reader = read("\n".join(lines))
    assert len(reader.values) < 100
    assert {f[0] for f in reader.faults} == {"D0610"}
