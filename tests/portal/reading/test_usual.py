"""What somebody usually does, from the stored events."""

from dsl.schema.kerberos import KerberosAs, KerberosTgs
from dsl.schema.ntlm import NtlmAuth
from portal.reading import usual

S = 1_000_000
HOUR = 3_600 * S
DAY = 24 * HOUR
T = 1_767_614_400_000_000
"""Monday, 2026-01-05 12:00 UTC."""
ANN = "ann@corp.test"


def event(kind, ts, source, seq, account=ANN, **more):
    return kind(
        ts=ts, sensor="dc1/eth0", seq=seq, via="wire", account=account, source=source, **more
    )


def test_hours_machines_and_resources(house):
    tgs = {"service": "cifs/fs1.corp.test", "outcome": "success"}
    house.take([
        event(KerberosAs, T - 29 * DAY, "old.corp.test", 1),
        event(KerberosAs, T - 7 * DAY, "ws1.corp.test", 2),
        event(KerberosAs, T - 6 * DAY, "ws1.corp.test", 3),
        event(KerberosTgs, T - HOUR, "ws1.corp.test", 4, **tgs),
        event(KerberosTgs, T - HOUR, "ws1.corp.test", 5, service="krbtgt/corp.test"),
        event(KerberosAs, T - HOUR, "ws9.corp.test", 6, outcome="preauth_failed"),
        event(KerberosAs, T - 2, "ws2.corp.test", 7, account="bob@corp.test"),
        event(NtlmAuth, T, "ws2.corp.test", 8, server="sql1.corp.test", outcome="success"),
    ])  # fmt: skip
    found = usual.of_entity(house.sources, "Ann@corp.test")
    assert found["others"] == [
        {"name": "ws1.corp.test", "events": 4, "days": 3},
        {"name": "ws2.corp.test", "events": 1, "days": 1},
    ]
    assert {(h["name"], h["events"]) for h in found["resources"]} == {
        ("cifs/fs1.corp.test", 1), ("sql1.corp.test", 1),
    }  # fmt: skip
    busy = {i: n for i, n in enumerate(found["hours"]) if n}
    assert busy == {11: 2, 12: 2, 36: 1}
    of_machine = usual.of_entity(house.sources, "ws2.corp.test")
    assert [h["name"] for h in of_machine["others"]] == [ANN, "bob@corp.test"]
    assert usual.of_entity(house.sources, "nobody@corp.test") is None


def test_a_few_of_many(house):
    house.take([
        event(KerberosAs, T + i * S, f"ws{i:03}.corp.test", i + 1) for i in range(300)
    ])  # fmt: skip
    found = usual.of_entity(house.sources, ANN)
    assert len(found["others"]) == 8
    assert sum(found["hours"]) == 300
