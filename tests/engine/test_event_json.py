"""Events and objects as JSON lines: whole, and harmless on a terminal."""

import json

import pytest

from dsl.schema.kerberos import KerberosTgs
from dsl.schema.ldap import LdapSearch
from engine.event_json import event_dict, event_line, json_line


def test_type_first_bytes_as_hex_nothing_unset():
    event = KerberosTgs(ts=5, sensor="s", service="cifs/x", tgt_hash=b"\x00\xff")
    assert list(event_dict(event))[:2] == ["type", "ts"]
    assert event_dict(event) == {
        "type": "kerberos_tgs", "ts": 5, "sensor": "s", "service": "cifs/x", "tgt_hash": "00ff",
    }  # fmt: skip
    assert json.loads(event_line(event)) == event_dict(event)


@pytest.mark.parametrize(
    "text",
    ["plain", "ü–日", 'q"\\/', "\x00\x1b\n", "\x7f\x9b", "\u202e\u2066\u200b", "\U000e0041", "\ud800x",
     "\xa0", "\U0001f600"],
)  # fmt: skip
def test_every_text_comes_back(text):
    for value in ({"a": text}, {"a": [text, 1, None, 0.5, True]}, {text: "b"}):
        line = json_line(value)
        assert line.decode("utf-8").isprintable()
        assert json.loads(line) == value


def test_visible_text_stays_readable():
    assert json_line({"a": "ü日"}).decode() == '{"a":"ü日"}'


def test_hostile_values_of_events():
    event = LdapSearch(ts=1, filter="(cn=\x9b\u202e)")
    assert json.loads(event_line(event))["filter"] == event.filter
    assert event_line(event).decode().isprintable()
