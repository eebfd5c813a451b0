"""Event trace logs: the real one, made ones, and damaged ones; the library agrees on what they hold."""

from __future__ import annotations

import importlib
import io
import random
import struct
import uuid
from collections import Counter

import etlfile
import pytest
from etlfile import DRSUAPI, KERBEROS, LDAP, RPC, START

from dsl.schema.registry import event_type
from sensor.inputs import etl, etwlayouts
from sensor.inputs.damage import Damage
from sensor.inputs.etl import computer_of, is_etl, read_etl
from sensor.inputs.logs import is_log, read_log

ADD = etlfile.rpc_call(DRSUAPI, 5, 1, "10.0.0.9", "49667")
FIND = etlfile.search(2, "(&(objectClass=user)(servicePrincipalName=*))", "DC=corp,DC=test", "")
EVE = etlfile.sid(21, 101, 202, 303, 1140)


def events():
    return [
        [etlfile.event(RPC, 6, 1, ADD, 1.0), etlfile.event(LDAP, 30, 0, FIND, 2.5, EVE)],
        [
            etlfile.event(
                KERBEROS, 3, 0, etlfile.kerberos_error(0x18, "CORP", "al", "krbtgt/CORP"), 3
            )
        ],
    ]


def read(data, **options):
    found = list(read_etl(io.BytesIO(data), None, "dc1.corp.test", **options))
    return (
        [item for item in found if not isinstance(item, Damage)],
        [item for item in found if isinstance(item, Damage)],
    )


@pytest.fixture(scope="module")
def real(atp_data):
    return atp_data / "etl" / "airbus-cert+etl-parser" / "tests__example__AMSITrace.etl"


def of_library(data):
    """The events of a file as etl-parser sees them: provider, number, version, count of the clock, data."""
    etwlayouts.providers()
    library = importlib.import_module("etl.etl")
    found = []

    class Observer(library.IEtlFileObserver):
        def on_event_record(self, event):
            head = event.source.event_header
            guid, described = head.provider_id.inner, head.event_descriptor
            first = struct.pack("<IHH8B", guid.data1, guid.data2, guid.data3, *guid.data4)
            found.append(
                (
                    uuid.UUID(bytes_le=first),
                    described.Id,
                    described.Version,
                    head.timestamp,
                    event.source.user_data,
                )
            )

        def on_trace_record(self, event): ...

        def on_perfinfo_trace(self, obj): ...

        def on_system_trace(self, obj): ...

        def on_win_trace(self, obj): ...

    library.build_from_stream(data).parse(Observer())
    return found


@pytest.mark.data
def test_the_real_one(real):
    data = real.read_bytes()
    records, damages = read(data, whole=True)
    assert [d.reason for d in damages] == ["the log says of itself: 3 events lost"]
    assert len(records) == 19
    known = of_library(data)
    assert [(r.event_id, r.version) for r in records] == [(e[1], e[2]) for e in known]
    assert {r.provider for r in records} == {f"{{{e[0]}}}" for e in known}
    assert [r.data["1"] for r in records] == [e[4][:1024].hex().upper() for e in known]
    # written on 2020-02-17 between 12:48:53 and 12:50 UTC, by StartTime and EndTime of its header
    assert all(1_581_943_733_000_000 < r.ts < 1_581_943_860_000_000 for r in records)
    assert is_log(real)
    summary = read_log(real, lambda _: None)
    assert summary.counters["record {8e805eb3-6a8f-4a1e-90fa-a831d94e54a1}:0"] == 19


def test_a_made_one_and_the_library():
    data = etlfile.log(*events())
    assert is_etl(data)
    records, damages = read(data)
    assert damages == []
    assert [(r.provider, r.event_id, r.version) for r in records] == [
        ("Microsoft-Windows-RPC", 6, 1),
        ("Microsoft-Windows-LDAP-Client", 30, 0),
        ("Microsoft-Windows-Security-Kerberos", 3, 0),
    ]
    assert [r.ts for r in records] == [
        START * 1_000_000 + n for n in (1_000_000, 2_500_000, 3_000_000)
    ]
    assert [r.user_sid for r in records] == [None, "S-1-5-21-101-202-303-1140", None]
    assert {r.computer for r in records} == {"dc1.corp.test"}
    assert {r.via for r in records} == {"etw"}
    assert records[0].data == {
        "InterfaceUuid": f"{{{DRSUAPI}}}", "ProcNum": "5", "Protocol": "1",
        "NetworkAddress": "10.0.0.9", "Endpoint": "49667", "Options": "",
        "AuthenticationLevel": "6", "AuthenticationService": "16", "ImpersonationLevel": "3",
    }  # fmt: skip
    assert records[1].data["SearchFilter"] == "(&(objectClass=user)(servicePrincipalName=*))"
    assert records[2].data["ErrorCode"] == "0x18"
    assert records[2].data["binary"] == "616263"
    known = of_library(data)
    assert [(str(e[0]), e[1], e[2]) for e in known] == [
        (RPC, 6, 1),
        (LDAP, 30, 0),
        (KERBEROS, 3, 0),
    ]
    assert [e[4].startswith(d) for e, d in zip(known[:2], (ADD, FIND), strict=True)] == [True, True]
    module = importlib.import_module("etl.parsers.etw.Microsoft_Windows_RPC")
    read_by_it = module.Microsoft_Windows_RPC_6_1(ADD).source
    address = bytes(read_by_it.NetworkAddress.string)[:-2].decode("utf-16-le")
    assert (read_by_it.ProcNum, read_by_it.Protocol, address) == (5, 1, "10.0.0.9")


def test_it_is_read_as_a_log(tmp_path):
    path = tmp_path / "dc1.corp.test_000002.etl"
    path.write_bytes(etlfile.log(*events()))
    found = []
    summary = read_log(path, found.append, raw=True)
    told = Counter(event_type(e) for e in found)
    assert told["replication"] == told["ldap_search"] == told["kerberos_as"] == 1
    assert told["windows_event"] == summary.records == 3
    assert {e.via for e in found if event_type(e) != "sensor_health"} == {"etw"}
    (added,) = (e for e in found if event_type(e) == "replication")
    assert (added.dc, added.partner, added.method) == (
        "dc1.corp.test",
        "ip:10.0.0.9",
        "DRSReplicaAdd",
    )
    assert summary.counters["record Microsoft-Windows-RPC:6"] == 1


def test_one_without_a_name_is_told(tmp_path):
    path = tmp_path / "trace.etl"
    path.write_bytes(etlfile.log(*events()))
    found = []
    summary = read_log(path, found.append)
    assert summary.damages == [Damage(0, etl.UNNAMED)]
    assert (summary.records, summary.mapped, found) == (3, 0, [])


@pytest.mark.parametrize(
    ("name", "computer"),
    [
        ("dc1.corp.test.etl", "dc1.corp.test"),
        ("DC1.corp.test_000001.ETL", "DC1.corp.test"),
        ("trace.etl", ""),
        ("dc1.corp.test", ""),
        ("a b.corp.test.etl", ""),
        ("-x.corp.test.etl", ""),
    ],
)
def test_the_computer(name, computer):
    assert computer_of(name) == computer


def test_the_clocks():
    moment = START * 1_000_000
    one = etlfile.event(RPC, 6, 1, ADD, 7.25)
    assert read(etlfile.log([one]))[0][0].ts == moment + 7_250_000
    # 2000 MHz: the same count is a two-hundredth of the time
    assert read(etlfile.log([one], clock=3))[0][0].ts == moment + 36_250
    of_day = bytearray(one)
    struct.pack_into("<q", of_day, 16, (START + 9) * 10_000_000 + etlfile.EPOCH_FILETIME)
    assert read(etlfile.log([bytes(of_day)], clock=2))[0][0].ts == moment + 9_000_000
    small = etlfile.header(pointer=4) + etlfile.buffer(one)
    assert read(small)[0][0].ts == moment + 7_250_000


def test_what_is_not_told_by_events():
    lost = etlfile.header(lost=(7, 2)) + etlfile.buffer(etlfile.event(RPC, 6, 1, ADD))
    records, damages = read(lost)
    assert len(records) == 1
    assert damages == [Damage(0, "the log says of itself: 7 events lost, 2 buffers lost")]
    # a kernel event, a WPP message and a classic event stand between; the filler ends the buffer
    kernel = struct.pack("<HBBHHq", 2, 0x11, 0xC0, 16, 0x1234, 0)
    message = struct.pack("<HHI", 16, 0x9000, 1) + bytes(8)
    classic = struct.pack("<HBBI", 48, 0x14, 0xC0, 0) + bytes(40)
    mixed = etlfile.buffer(
        kernel + message + classic + etlfile.event(RPC, 6, 1, ADD) + b"\xff" * 16
    )
    records, damages = read(etlfile.header() + mixed)
    assert (len(records), damages) == (1, [])


def test_a_damaged_buffer_costs_no_other():
    good = etlfile.buffer(etlfile.event(RPC, 6, 1, ADD))
    for bad, reason in [
        (b"\0" * etlfile.SIZE, "header of a buffer"),
        (etlfile.buffer(b"", flags=0x40), "compressed"),
        (etlfile.buffer(b"\x08\0\x77\xc0" + bytes(12)), "out of its buffer"),
        (
            etlfile.buffer(struct.pack("<HBBI", 9000, 0x13, 0xC0, 0) + bytes(90)),
            "out of its buffer",
        ),
        (etlfile.buffer(struct.pack("<HBBI", 16, 0x13, 0xC0, 0) + bytes(8)), "lead out of it"),
    ]:
        records, damages = read(etlfile.header() + good + bad + good)
        assert len(records) == 2
        assert [d.offset // etlfile.SIZE for d in damages] == [2]
        assert reason in damages[0].reason
    first = bytearray(etlfile.event(RPC, 6, 1, ADD, 0, EVE))
    struct.pack_into("<H", first, 86, 60_000)  # the first extended data
    records, damages = read(etlfile.log([bytes(first), etlfile.event(LDAP, 30, 0, FIND)]))
    assert [r.event_id for r in records] == [30]
    assert len(damages) == 1


def test_a_cut_file():
    data = etlfile.log(*events())
    assert read(data[: 3 * etlfile.SIZE - 4000])[1][0].reason.startswith("the file ends inside")
    assert read(data[: 2 * etlfile.SIZE + 30])[1] == [
        Damage(2 * etlfile.SIZE, "the file ends inside a buffer's header")
    ]
    for size in (0, 10, 80, 200):
        records, damages = read(data[:size])
        assert (records, len(damages)) == ([], 1)
    assert not is_etl(data[:80])


def test_hostile_bytes():
    """Whatever stands in it: no exception, no more records than fit, and the end is reached."""
    random.seed(20)
    data = etlfile.log(*events())
    seen = 0
    for _ in range(600):
        broken = bytearray(data)
        for _ in range(random.randint(1, 12)):
            place = random.choice([random.randrange(len(data)), random.randrange(3) * etlfile.SIZE])
            place = min(place + random.randrange(200), len(data) - 1)
            broken[place] = random.choice([0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)])
        records, _ = read(
            bytes(broken[: random.choice([len(data), random.randrange(len(data))])]), whole=True
        )
        assert len(records) <= len(data) // 80
        seen += len(records)
    assert seen > 300


def test_data_that_end_early():
    for size in range(len(ADD)):
        data = etwlayouts.user_data(uuid.UUID(RPC), 6, 1, ADD[:size])
        assert data is not None
        assert ("InterfaceUuid" in data) == (size >= 16)
    assert etwlayouts.user_data(uuid.UUID(RPC), 6, 9, ADD) is None
    assert etwlayouts.user_data(uuid.UUID(int=1), 6, 1, ADD) is None


def test_every_layout_of_the_library_is_understood():
    """All fields of all events that the sensor maps; and most of the rest."""
    providers = etwlayouts.providers()
    assert len(providers) > 700
    whole = events = 0
    for guid in [uuid.UUID(g) for g in (RPC, LDAP, KERBEROS)]:
        for number, versions in etwlayouts._declared(guid).items():
            for version, declared in versions.items():
                layout = etwlayouts._layout(guid, number, version)
                events += 1
                whole += len(layout) == len(declared.pattern.subcons)
    assert whole == events > 80


def test_without_the_library(monkeypatch):
    monkeypatch.setattr(etl, "available", lambda: False)
    assert read(etlfile.log(*events())) == ([], [Damage(0, etwlayouts.MISSING)])
