"""Faults turn the right cells of the map within five minutes, and a quiet hour turns none."""

import random
from functools import cache

import msgspec
import pytest

from dsl.schema.registry import event_types
from dsl.schema.sensor import SensorHealth
from engine.blindness import BlindMap, blindness, turned
from engine.health import Ground, found
from engine.sight import Sight

S = 1_000_000
T0 = 1_767_614_400 * S
NORMAL_S, FAULT_S = 2_400, 300
END = NORMAL_S + FAULT_S
WIRE = {
    "kerberos_as": 4, "kerberos_tgs": 2, "ldap_search": 1, "smb_session": 3, "rpc_call": 4, "dns_query": 1,
    "ntlm_auth": 4,
}  # fmt: skip
LOG = {
    "kerberos_as": 4, "kerberos_tgs": 2, "logon": 1, "ntlm_auth": 4, "account_change": 4,
    "directory_change": 4, "directory_access": 3, "ldap_search": 4,
}  # fmt: skip
"""Seconds between two events of a type, as a controller of middle size tells them."""
SENSOR = "tap/interface:eth1"
DETECTIONS = {f"of_{kind}": [kind] for kind in {*WIRE, *LOG}} | {"vpn": ["vpn_session"]}
ON_WIRE, IN_LOG = "dc1.corp.test", "dc2.corp.test"
SECOND = "dc3.corp.test"


def event(kind, second, dc, via):
    sensor = SENSOR if via == "wire" else f"log {dc}"
    struct = event_types()[kind].struct
    return struct(ts=T0 + int(second * S), sensor=sensor, dc=dc, dst_is_dc=True, via=via)


def health(kind, second, activity="*", **fields):
    at = T0 + int(second * S)
    return SensorHealth(ts=at, sensor=SENSOR, via="wire", kind=kind, activity=activity, **fields)


@cache
def ordinary():
    """Two controllers on the wire, one of them with logs; one with logs alone."""
    drawn = random.Random(7)
    told = [health("heartbeat", s) for s in range(0, END, 60)]
    for dc, via, kinds in (
        (ON_WIRE, "wire", WIRE), (SECOND, "wire", WIRE), (SECOND, "event_0", LOG),
        (IN_LOG, "event_0", LOG),
    ):  # fmt: skip
        for kind, apart in kinds.items():
            at = drawn.random() * apart
            while at < END:
                told.append(event(kind, at, dc, via))
                at += drawn.expovariate(1 / apart)
    return sorted(told, key=lambda e: e.ts)


def late(e):
    return e.ts >= T0 + NORMAL_S * S


def without(dc, kind=None, via=None):
    def fault(events):
        return [
            e
            for e in events
            if not (
                late(e)
                and getattr(e, "dc", None) == dc
                and (kind is None or isinstance(e, event_types()[kind].struct))
                and (via is None or e.via == via)
            )
        ]

    return fault


def never(dc, kind):
    def fault(events):
        struct = event_types()[kind].struct
        return [e for e in events if not (e.dc == dc and isinstance(e, struct))]

    return fault


def ahead(sensor):
    def fault(events):
        return [
            msgspec.structs.replace(e, ts=e.ts + 900 * S) if late(e) and e.sensor == sensor else e
            for e in events
        ]

    return fault


def silent_sensor(events):
    return [e for e in events if not (late(e) and e.sensor == SENSOR)]


def says(*told):
    return lambda events: [*events, *told]


SOON = NORMAL_S + 60
LDAP = {"ldap_search"}
FAULTS = {
    "4768 not audited any more": (without(IN_LOG, "kerberos_as"), "audit_policy", IN_LOG, {"kerberos_as"}),
    "4769": (without(IN_LOG, "kerberos_tgs"), "audit_policy", IN_LOG, {"kerberos_tgs"}),
    "4624": (without(IN_LOG, "logon"), "audit_policy", IN_LOG, {"logon"}),
    "4776": (without(IN_LOG, "ntlm_auth"), "audit_policy", IN_LOG, {"ntlm_auth"}),
    "4738": (without(IN_LOG, "account_change"), "audit_policy", IN_LOG, {"account_change"}),
    "4624 where the wire is read, too": (without(SECOND, "logon"), "audit_policy", SECOND, {"logon"}),
    "4768 was never audited": (never(IN_LOG, "kerberos_as"), "audit_policy", IN_LOG, {"kerberos_as"}),
    "SACL of 5136 gone": (without(IN_LOG, "directory_change"), "sacl", IN_LOG, {"directory_change"}),
    "SACL of 4662 gone": (without(IN_LOG, "directory_access"), "sacl", IN_LOG, {"directory_access"}),
    "1644 off": (without(IN_LOG, "ldap_search"), "1644_off", IN_LOG, LDAP),
    "log silent": (without(IN_LOG), "silent_source", IN_LOG, set(LOG)),
    "clock of a log": (ahead(f"log {IN_LOG}"), "clock", IN_LOG, set(LOG)),
    "LDAP sealed": (without(ON_WIRE, "ldap_search"), "sealed_traffic", ON_WIRE, LDAP),
    "SMB encrypted": (without(ON_WIRE, "smb_session"), "sealed_traffic", ON_WIRE, {"smb_session"}),
    "RPC sealed": (without(ON_WIRE, "rpc_call"), "sealed_traffic", ON_WIRE, {"rpc_call"}),
    "port mirrored no more": (without(ON_WIRE), "no_traffic", ON_WIRE, set(WIRE)),
    "sensor dead": (silent_sensor, "silent_source", ON_WIRE, set(WIRE)),
    "kernel drops": (says(health("loss", SOON, lost=9)), "packet_loss", ON_WIRE, set(WIRE)),
    "LDAP shed": (says(health("shed", SOON, "ldap", lost=9)), "packet_loss", ON_WIRE, LDAP),
    "SMB shed": (
        says(health("shed", SOON, "smb", lost=9)), "packet_loss", ON_WIRE, {"smb_session", "rpc_call"},
    ),
    "spool dropped": (says(health("gap", SOON, lost=9)), "packet_loss", ON_WIRE, set(WIRE)),
    "clock of the sensor": (ahead(SENSOR), "clock", ON_WIRE, set(WIRE)),
}  # fmt: skip


def sight(events):
    seen = Sight()
    seen.observe(sorted(events, key=lambda e: e.ts))
    return seen


def reasons(events, now=END):
    cells = blindness(DETECTIONS, sight(events), (), T0 + now * S)
    return {(c.dc, r.type, r.cause) for c in cells for r in c.reasons if r.turned}


def blind(cells, dc):
    return {c.detection for c in cells if c.dc == dc and c.state == "blind"}


def test_ordinary_times_turn_nothing():
    assert reasons(ordinary()) == set()


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_turns_the_right_cells(name):
    fault, cause, dc, kinds = FAULTS[name]
    found_ = reasons(fault(list(ordinary())))
    assert {kind for at, kind, _ in found_ if at == dc} == kinds
    assert {c for at, _, c in found_ if at == dc} == {cause}
    # a sensor or its traffic is missed by every controller that only it sees; a log by its own
    others = {at for at, _, _ in found_} - {dc}
    assert others <= {SECOND}
    assert all(c == cause for _, _, c in found_)


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("later", [0, 90_000])
def test_what_only_files_told_is_not_missed(name, later):
    """A recording that was read ends, or lacks something; nobody watches what it showed."""
    fault, _, dc, kinds = FAULTS[name]
    events = [
        msgspec.structs.replace(e, sensor="tap/folder:/var/captures")
        for e in fault(list(ordinary()))
    ]
    assert reasons(events, END + later) == set()
    cells = blindness(DETECTIONS, sight(events), (), T0 + (END + later) * S)
    causes = {r.cause for c in cells for r in c.reasons if c.dc == dc and r.type in kinds}
    assert causes <= {"no_capture", "no_log", "1644_off"}


def test_each_reason_names_what_mends_it():
    for fault, *_ in FAULTS.values():
        cells = blindness(DETECTIONS, sight(fault(list(ordinary()))), (), T0 + END * S)
        for cell in cells:
            assert all("`" in reason.remedy and reason.text for reason in cell.reasons)


def test_two_ways_are_better_than_one():
    """Where the wire is read a log without 4768 blinds nobody."""
    assert reasons(without(SECOND, "kerberos_as", "event_0")(list(ordinary()))) == set()
    assert reasons(without(SECOND, "kerberos_as", "wire")(list(ordinary()))) == set()
    both = reasons(without(SECOND, "kerberos_as")(list(ordinary())))
    assert both == {
        (SECOND, "kerberos_as", "sealed_traffic"), (SECOND, "kerberos_as", "audit_policy"),
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_a_quiet_hour_turns_nothing(seed):
    """After a busy hour a thirtieth comes, and in other shares than by day."""
    drawn = random.Random(seed)
    events = [health("heartbeat", s) for s in range(0, 7_200, 60)]
    for dc, via, kinds in ((ON_WIRE, "wire", WIRE), (IN_LOG, "event_0", LOG)):
        for kind, apart in kinds.items():
            at, share = 0.0, drawn.uniform(0.5, 2)
            while at < 7_200:
                events.append(event(kind, at, dc, via))
                at += drawn.expovariate(1 / (apart if at < 3_600 else 30 * apart * share))
    events.sort(key=lambda e: e.ts)
    seen, told = Sight(), 0
    for minute in range(60, 120):
        end = T0 + minute * 60 * S
        through = next((i for i, e in enumerate(events) if e.ts > end), len(events))
        seen.observe(events[told:through])
        told = max(told, through)
        cells = blindness(DETECTIONS, seen, (), end)
        assert list(turned(cells)) == [], minute


def test_cells_are_of_what_controllers_tell():
    cells = blindness(DETECTIONS, sight(ordinary()), ["dc9.corp.test"], T0 + END * S)
    assert "vpn" not in {c.detection for c in cells}
    # what nobody ever collected is blind, and no fault that came
    assert blind(cells, "dc9.corp.test") == DETECTIONS.keys() - {"vpn"}
    assert [dc for dc, *_ in turned(cells)] == []
    assert blind(cells, ON_WIRE) == {f"of_{k}" for k in LOG.keys() - WIRE.keys()}
    causes = {r.cause for c in cells for r in c.reasons if c.dc == "dc9.corp.test"}
    assert causes == {"no_capture", "no_log", "1644_off"}


def test_part_of_what_a_detection_reads():
    seen = sight(without(IN_LOG, "logon")(list(ordinary())))
    (cell,) = (
        c
        for c in blindness({"x": ["logon", "kerberos_as"]}, seen, (), T0 + END * S)
        if c.dc == IN_LOG
    )
    assert (cell.state, [r.type for r in cell.reasons]) == ("partly", ["logon"])


def test_health_tells_a_controller_and_a_cause_once(tmp_path):
    cells = blindness(DETECTIONS, sight(without(IN_LOG)(list(ordinary()))), (), T0 + END * S)
    told = [i for i in found(Ground(T0, T0, tmp_path, cells=cells)) if i.check == "blind_cells"]
    assert [i.subject for i in told] == [f"{IN_LOG} silent_source"]
    assert f"{len(LOG)} detections miss something of {IN_LOG}" in told[0].text
    assert "wevtutil" in told[0].remedy


def test_sight_and_map_survive_a_restart():
    seen = sight(ordinary())
    again = msgspec.json.decode(msgspec.json.encode(seen), type=Sight)
    assert again == seen
    cells = blindness(DETECTIONS, again, (), T0 + END * S)
    drawn = BlindMap(T0, cells)
    assert msgspec.json.decode(msgspec.json.encode(drawn), type=BlindMap) == drawn
