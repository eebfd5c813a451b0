"""Event XML in the forms that tools write, and broken."""

from __future__ import annotations

import io

import pytest

from sensor.inputs import winxml
from sensor.inputs.damage import Damage
from sensor.inputs.wintree import NoEventError, instant
from sensor.inputs.winxml import parse_event, read_winxml
from sensor.map.record import Record

NS = ' xmlns="http://schemas.microsoft.com/win/2004/08/events/event"'


def event(number=1, data='<Data Name="A">x</Data>', ns=NS, event_id="4776"):
    return (
        f'<Event{ns}><System><Provider Name="P"/><EventID Qualifiers="16384">{event_id}</EventID>'
        "<Version>2</Version><Keywords>0x8010000000000000</Keywords>"
        '<TimeCreated SystemTime="2025-03-03T09:00:00.123456700Z"/>'
        f"<EventRecordID>{number}</EventRecordID><Channel>Security</Channel>"
        '<Computer>dc1.x</Computer><Security UserID="S-1-5-18"/></System>'
        f"<EventData>{data}</EventData></Event>"
    )


def read(text, encoding="utf-8"):
    return list(read_winxml(io.BytesIO(text.encode(encoding))))


def test_all_fields():
    (record,) = read(event())
    assert record == Record(
        ts=1740992400123456,
        event_id=4776,
        provider="P",
        channel="Security",
        version=2,
        computer="dc1.x",
        record_id=1,
        keywords=0x8010000000000000,
        user_sid="S-1-5-18",
        data={"A": "x"},
    )
    assert record.failed


@pytest.mark.parametrize(
    "text",
    [
        event(1) + event(2),
        f"<Events>{event(1)}{event(2)}</Events>",
        f'<?xml version="1.0" encoding="utf-8" standalone="yes"?>\r\n<Events>{event(1)}\n{event(2)}</Events>',
        f"{event(1, ns='')}\n\n{event(2, ns='')}",
        f"- {event(1)}\n- {event(2)}".replace("><", ">\n  - <"),
        (
            '<e:Events xmlns:e="urn:x">'
            + (event(1, ns="") + event(2, ns=""))
            .replace("<Event>", "<e:Event>")
            .replace("</Event>", "</e:Event>")
            + "</e:Events>"
        ),
    ],
)
def test_wrappings(text):
    assert [r.record_id for r in read(text)] == [1, 2]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings(encoding):
    (record,) = read(event(data='<Data Name="A">Администратор</Data>'), encoding)
    assert record.data == {"A": "Администратор"}


def test_unnamed_data_goes_by_position():
    (record,) = read(event(data="<Data>a</Data><Data>b</Data><Binary>00</Binary>"))
    assert record.data == {"1": "a", "2": "b", "Binary": "00"}


def test_user_data_leaves():
    text = event().replace(
        "<EventData>", '<UserData><L xmlns="urn:l"><U>a</U><B/></L></UserData><EventData>'
    )
    (record,) = read(text)
    assert record.user_data == {"U": "a", "B": ""}


def test_no_entity_expands():
    bomb = (
        '<!DOCTYPE Events [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
        '<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    )
    found = read(
        f"{bomb}<Events>{event(1, '<Data>&b;</Data>')}{event(2)}{event(3, '&f;')}</Events>"
    )
    assert [type(item) for item in found] == [Damage, Record, Damage]
    with pytest.raises(NoEventError):
        parse_event(event().replace("<System>", bomb + "<System>"))


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("", []),
        ("<Events></Events>", []),
        ("plain text", []),
        (event()[:-20], [Damage]),
        (event()[:40] + event(2), [Damage, Record]),
        ("<Event>&nope;</Event>" + event(2), [Damage, Record]),
        (event(event_id="x") + event(2), [Damage, Record]),
        (event().replace("2025-03-03T", "yesterday") + event(2), [Damage, Record]),
        (event().replace("</System>", "") + event(2), [Damage, Record]),
        ("<Event></Event>", [Damage]),
        (event(1, "\x00\x01") + event(2), [Damage, Record]),
    ],
)
def test_damage_costs_one_event(text, kinds):
    assert [type(item) for item in read(text)] == kinds


def test_long_events_are_damage_and_bounded(monkeypatch):
    monkeypatch.setattr(winxml, "EVENT_LIMIT", 5000)
    monkeypatch.setattr(winxml, "_BLOCK", 700)
    found = read(event(1) + event(2, "a" * 20000) + event(3) + "<Event " + "b" * 20000)
    assert [type(item) for item in found if not isinstance(item, Damage)] == [Record, Record]
    assert any("longer" in item.reason for item in found if isinstance(item, Damage))


@pytest.mark.parametrize("block", [1, 7, 100, 1000])
def test_blocks_do_not_matter(monkeypatch, block):
    text = "\n".join(event(n, f"<Data>ä{n}</Data>") for n in range(30)) + "<Event>"
    whole = read(text)
    monkeypatch.setattr(winxml, "_BLOCK", block)
    assert read(text) == whole
    assert len(whole) == 31


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:01Z", 1_000_000),
        ("1970-01-01T00:00:00.1234567Z", 123456),
        ("1970-01-01 01:00:00.5+01:00", 500_000),
        ("1970-01-01T00:00:00", 0),
        ("1969-12-31T23:59:59.999999Z", -1),
    ],
)
def test_instant(text, expected):
    assert instant(text) == expected
