"""Watermarks and coverage: what has arrived, and who was watching."""

import pytest

from dsl.schema.dns import DnsQuery
from dsl.schema.kerberos import KerberosAs
from dsl.schema.radius import VpnSession
from dsl.schema.sensor import SensorHealth
from dsl.schema.windows import Logon
from engine.coverage import Coverage, CoverageRow, both, united, without
from engine.entities_rows import FOREVER
from engine.watermark import Watermarks

S = 1_000_000
T = 10_000 * S


def wire(ts, sensor="a", domain="x"):
    return KerberosAs(ts=T + ts * S, via="wire", sensor=sensor, domain=domain)


def record(ts, sensor="log"):
    return Logon(ts=T + ts * S, via="event_4624", sensor=sensor)


def marks(*events, types=("kerberos_as",), clock=None):
    watermarks = Watermarks()
    watermarks.observe(events, clock)
    return (watermarks.of(types) - T) / S


@pytest.mark.parametrize(
    ("events", "types", "expected"),
    [
        ([wire(0)], ["kerberos_as"], -60),
        ([wire(0), wire(50, "b")], ["kerberos_as"], -60),
        ([wire(0), wire(120, "b")], ["kerberos_as"], -60),
        ([wire(0), wire(121, "b")], ["kerberos_as"], 61),
        ([wire(0), record(0)], ["logon"], -300),
        ([wire(0), record(0)], ["kerberos_as", "logon"], -300),
        ([wire(0), record(0)], ["kerberos_as"], -60),
        # nobody sends it: waited for like the slowest sensor there is
        ([wire(1000)], ["vpn_session"], 940),
        ([wire(1000), record(1000)], ["vpn_session"], 700),
        ([wire(1000), record(1000)], ["dns_query"], 940),
        ([wire(0), DnsQuery(ts=T + 100 * S, via="wire", sensor="a")], ["kerberos_as"], 40),
        ([wire(1000)], ["dns_query"], 940),
    ],
)
def test_the_watermark_is_the_least_of_the_live_sensors(events, types, expected):
    assert marks(*events, types=types) == expected


@pytest.mark.parametrize(
    ("sensor", "late"),
    [("folder:/var/captures", 0), ("dc1/folder:/c", 0), ("dc1/interface:eth0", 2), ("folders", 2)],
)
def test_an_old_recording_is_not_late(sensor, late):
    watermarks = Watermarks()
    watermarks.observe([wire(9_000)])
    watermarks.of(["kerberos_as"])
    watermarks.observe([wire(0, sensor), wire(10, sensor)])
    assert watermarks.late["kerberos_as"] == late


def test_a_folder_that_keeps_up_can_be_late():
    """A log that grows: what comes in it behind the mark came too late."""
    watermarks = Watermarks()
    watermarks.observe([wire(1_000), wire(1_000, "folder:/zeek")])
    watermarks.of(["kerberos_as"])
    watermarks.observe([wire(900, "folder:/zeek")])
    assert watermarks.late["kerberos_as"] == 1


def test_a_slow_feed_delays_only_those_who_read_it():
    slow = VpnSession(ts=T, via="syslog", sensor="vpn")
    assert marks(slow, wire(60), types=["kerberos_as"]) == 0
    assert marks(slow, wire(60), types=["vpn_session", "kerberos_as"]) == -900


def test_a_heartbeat_moves_a_quiet_sensor_and_the_mark_never_falls():
    watermarks = Watermarks()
    watermarks.observe([wire(0), wire(100, "b")])
    assert watermarks.of(["kerberos_as"]) == T - 60 * S
    watermarks.observe([SensorHealth(ts=T + 100 * S, kind="heartbeat", activity="*", sensor="a")])
    assert watermarks.of(["kerberos_as"]) == T + 40 * S
    watermarks.observe([wire(-500, "c")])
    assert watermarks.of(["kerberos_as"]) == T + 40 * S
    assert watermarks.late["kerberos_as"] == 1


def test_a_clock_that_runs_ahead_moves_nothing():
    watermarks = Watermarks()
    watermarks.observe([wire(0), wire(10**9, "mad")], clock=T + 5 * S)
    assert watermarks.now == T + 5 * S
    assert watermarks.of(["kerberos_as"]) == T - 60 * S


# --- coverage ------------------------------------------------------------------------------------


def test_spans():
    assert united([(5, 6), (1, 3), (3, 4)]) == [(1, 4), (5, 6)]
    assert united([(1, 2), (4, 5)], apart=2) == [(1, 5)]
    assert without([(0, 10)], 3, 5) == [(0, 3), (5, 10)]
    assert both([(0, 5), (8, 9)], [(4, 20)]) == [(4, 5), (8, 9)]


def rows(coverage, kind="kerberos_as"):
    return [
        (r.domain, (r.valid_from - T) / S, (r.valid_to - 1 - T) / S) for r in coverage.rows(kind)
    ]


def test_a_sensor_is_alive_from_sign_to_sign():
    coverage = Coverage()
    coverage.observe([wire(0), wire(120), wire(241)])
    assert rows(coverage) == [
        ("", 0, 120),
        ("", 241, 241),
        ("x", 0, 120),
        ("x", 241, 241),
    ]


def test_a_late_sign_closes_the_gap():
    coverage = Coverage()
    coverage.observe([wire(0), wire(200)])
    coverage.observe([wire(100)])
    assert rows(coverage)[0] == ("", 0, 200)


def test_heartbeats_and_gaps():
    coverage = Coverage()
    beats = [
        SensorHealth(ts=T + t * S, kind="heartbeat", activity="*", sensor="a") for t in (60, 120)
    ]
    gap = SensorHealth(
        ts=T + 130 * S, kind="gap", activity="*", sensor="a", from_ts=T + 70 * S, to_ts=T + 90 * S
    )
    coverage.observe([wire(0), *beats, gap])
    assert [(a, b) for d, a, b in rows(coverage) if d == "x"] == [(0, 70 - 1 / S), (90, 120)]
    # Who decodes one type of the wire decodes them all.
    assert [(a, b) for _, a, b in rows(coverage, "dns_query")] == [(60, 70 - 1 / S), (90, 120)]
    assert rows(coverage, "logon") == []


@pytest.mark.parametrize(
    ("protocol", "holes"),
    [
        ("smb", {"smb_session", "samr_query"}),  # pipes of SMB carry DCE/RPC
        ("dns", {"dns_query"}),
        ("ldap", {"ldap_search"}),
        ("unheard of", set()),
    ],
)
def test_what_was_shed_is_not_covered(protocol, holes):
    coverage = Coverage()
    beats = [
        SensorHealth(ts=T + t * S, kind="heartbeat", activity="*", sensor="a") for t in (60, 120)
    ]
    left_out = SensorHealth(
        ts=T + 120 * S, kind="shed", activity=protocol, sensor="a",
        from_ts=T + 60 * S, to_ts=T + 120 * S, lost=7,
    )  # fmt: skip
    later = SensorHealth(ts=T + 180 * S, kind="heartbeat", activity="*", sensor="a")
    coverage.observe([wire(0), *beats, left_out])
    coverage.observe([later])
    for kind in ("smb_session", "samr_query", "dns_query", "ldap_search", "kerberos_tgs"):
        whole = [(60, 180)]
        assert [(a, b) for _, a, b in rows(coverage, kind)] == (
            [(120, 180)] if kind in holes else whole
        ), kind


def test_a_domain_is_covered_where_all_its_sensors_were_alive():
    coverage = Coverage()
    coverage.observe([wire(t) for t in range(0, 500, 100)])
    coverage.observe([wire(t, "b") for t in (200, 300)])
    coverage.observe([wire(t, "c", "y") for t in (0, 100)])
    assert [(a, b) for d, a, b in rows(coverage) if d == "x"] == [(0, 300)]
    assert [(a, b) for d, a, b in rows(coverage) if d == "y"] == [(0, 100)]
    assert [(a, b) for d, a, b in rows(coverage) if d == ""] == [(0, 100)]


def test_declared_coverage_less_reported_gaps():
    coverage = Coverage()
    coverage.declare(["kerberos_as", "logon"])
    coverage.observe([SensorHealth(ts=9, kind="gap", activity="logon", from_ts=5, to_ts=9)])
    changed = coverage.take_changed()
    assert changed == {"kerberos_as", "logon"}
    assert [row for kind in sorted(changed) for row in coverage.rows(kind)] == [
        CoverageRow("", "kerberos_as", 0, FOREVER),
        CoverageRow("", "logon", 0, 5),
        CoverageRow("", "logon", 9, FOREVER),
    ]
    assert coverage.take_changed() == set()


def test_a_query_without_a_domain_counts_for_all():
    coverage = Coverage()
    coverage.observe([DnsQuery(ts=5, sensor="a")])
    assert coverage.rows("dns_query") == [CoverageRow("", "dns_query", 5, 6)]


@pytest.mark.parametrize(
    ("until", "behind", "expected"),
    [
        (-1, 600, 540),  # not held: the silent sensor has left
        (600, 600, -60),  # held, however old its newest event is
        (599, 600, 540),
        (10**9, 86_400, -60),
        (10**9, 86_401, 86_341),  # too far behind to hold others up
    ],
)
def test_a_sensor_that_catches_up_holds_its_types(until, behind, expected):
    watermarks = Watermarks()
    watermarks.observe([wire(0, "dc1/interface:eth0"), wire(behind, "other")], T + behind * S)
    watermarks.hold("dc1", T + until * S)
    assert (watermarks.of(["kerberos_as"]) - T) / S == expected


def test_holding_takes_nothing_back():
    watermarks = Watermarks()
    watermarks.observe([wire(0, "dc1/a"), wire(600, "other")], T + 600 * S)
    assert (watermarks.of(["kerberos_as"]) - T) / S == 540
    watermarks.hold("dc1", T + 700 * S)
    assert (watermarks.of(["kerberos_as"]) - T) / S == 540


def test_what_a_remote_sensor_dropped_is_not_covered():
    coverage = Coverage()
    for name in ("dc1/eth0", "dc1/eth1", "dc2/eth0"):
        coverage.observe([wire(ts, name) for ts in range(0, 400, 50)])
    gap = SensorHealth(
        ts=T + 500 * S, kind="gap", activity="kerberos_as", sensor="dc1/spool", from_ts=T + 100 * S,
        to_ts=T + 200 * S,
    )  # fmt: skip
    coverage.observe([gap])
    spans = {name: [((a - T) / S, (b - T) // S) for a, b in s] for (name, _), s in coverage.alive.items()}  # fmt: skip
    assert spans["dc2/eth0"] == [(0, 350)]
    assert spans["dc1/eth0"] == spans["dc1/eth1"] == [(0, 100), (200, 350)]
    coverage.observe([SensorHealth(ts=1, kind="gap", activity="kerberos_as", sensor="x/spool")])
