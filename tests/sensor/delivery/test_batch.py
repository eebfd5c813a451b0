"""Batches: what goes in comes out; what is strange is left out and counted."""

import msgspec
import pytest
import zstandard

from dsl.schema.dns import DnsQuery
from dsl.schema.kerberos import KerberosAs
from dsl.schema.registry import event_types
from dsl.schema.sensor import Alert
from sensor.delivery.batch import FORMAT, MOST_EVENTS, BatchError, decode, encode


def packed(*tables, number=FORMAT):
    return zstandard.compress(msgspec.msgpack.encode([number, list(tables)]))


def one_of(event):
    """An event of the type with every field set to something of its kind."""
    values = {"time": 5, "duration": 5, "int": 5, "bool": True, "bytes": b"\0x", "map": {"a": "b"}}
    given = {}
    for column in event.columns.values():
        value = values.get(column.field.kind, "10.0.0.1" if column.field.kind == "ip" else "x")
        given[column.name] = [value] if column.many else value
    return event.struct(**{**given, "ts": 7, "sensor": "s", "seq": 1, "id": None})


@pytest.mark.parametrize("name", sorted(event_types().keys() - {"alert"}))
def test_every_type_comes_out_as_it_went_in(name):
    event = one_of(event_types()[name])
    found = decode(encode([event]))
    assert found.events == [event]
    assert type(found.events[0]) is type(event)
    assert not found.unknown
    assert not found.refused


def test_events_come_in_order_of_time():
    events = [DnsQuery(ts=3, sensor="s", seq=1), KerberosAs(ts=1, sensor="s", seq=3), DnsQuery(ts=2, sensor="s", seq=2)]  # fmt: skip
    assert [e.ts for e in decode(encode(events)).events] == [1, 2, 3]


def test_what_a_later_release_tells_is_counted():
    found = decode(
        packed(
            [
                "dns_query",
                ["ts", "sensor", "seq", "colour"],
                [[1, "s", 1, "red"], [2, "s", 2, None]],
            ],
            ["smoke_signal", ["ts"], [[1]]],
        )
    )
    assert [e.seq for e in found.events] == [1, 2]
    assert found.unknown == {"dns_query.colour": 2, "smoke_signal": 1}


def test_an_earlier_release_knew_less():
    (event,) = decode(packed(["dns_query", ["seq", "ts", "sensor"], [[1, 5, "s"]]])).events
    assert event == DnsQuery(ts=5, sensor="s", seq=1)


@pytest.mark.parametrize(
    "row",
    [
        [1, "s", None, "q"], [1, "s", -1, "q"], [1, "s", 2**63, "q"], [-1, "s", 1, "q"],
        [2**63, "s", 1, "q"], [1, None, 1, "q"], [1, "", 1, "q"], ["1", "s", 1, "q"],
        [1, "s", 1, 5], [1, "s", 1, ["q"]], [1, "s", 1], [1, "s", 1, "q", "more"], [],
    ],
)  # fmt: skip
def test_an_event_that_does_not_fit_is_left_out(row):
    table = ["dns_query", ["ts", "sensor", "seq", "query"], [row, [1, "s", 9, "ok"]]]
    found = decode(packed(table))
    assert [e.query for e in found.events] == ["ok"]
    assert found.refused == {"dns_query": 1}


def test_a_sensor_tells_no_alerts_and_gives_no_ids():
    assert decode(encode([Alert(ts=1, sensor="s", seq=1)])).refused == {"alert": 1}
    assert decode(encode([DnsQuery(ts=1, sensor="s", seq=1, id=77)])).events[0].id is None


def test_what_msgpack_cannot_say():
    event = DnsQuery(ts=1, sensor="s", seq=1, query="a\ud800b", src_port=2**70)
    (found,) = decode(encode([event])).events
    assert (found.query, found.src_port) == ("a?b", None)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"junk", zstandard.compress(b"junk"), zstandard.compress(msgspec.msgpack.encode({})),
        packed(number=FORMAT + 1), packed(["dns_query", ["ts"], 5]), packed([5, ["ts"], []]),
        packed(["dns_query", ["ts"], [[1]] * (MOST_EVENTS + 1)]),
        zstandard.compress(b"\x91" * 100_000), encode([DnsQuery(ts=1, sensor="s", seq=1)])[:-3],
    ],
)  # fmt: skip
def test_what_is_no_batch(data):
    with pytest.raises(BatchError):
        decode(data)


def test_a_bomb_is_not_unpacked():
    bomb = zstandard.ZstdCompressor(level=19).compress(bytes(200 << 20))
    assert len(bomb) < 20_000
    with pytest.raises(BatchError, match="larger than 64 MB"):
        decode(bomb)
