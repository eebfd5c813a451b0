"""How long events are kept: by family, by size, and who is told."""

import sqlite3

import pytest

from dsl.retention import DAY, LONG, SHORT
from dsl.schema.dns import DnsQuery
from dsl.schema.kerberos import KerberosAs
from engine.daemon import retaining
from engine.daemon.retaining import Retaining, limits, too_short
from engine.store.desk import Desk
from engine.store.kept import days, used_bytes

NOW = 20_600 * DAY + DAY // 2


def put(store, day, number, kind=DnsQuery, first=0):
    ts = NOW - day * DAY
    store.append([
        kind(ts=ts + i, id=first + i, sensor="s", seq=first + i,
             **({"query": f"{i * 7919}.{day}.corp.test"} if kind is DnsQuery else {}))
        for i in range(number)
    ])  # fmt: skip


def test_limits():
    kept = limits(["kerberos=90", "dns_query=7"])
    assert (kept["kerberos_as"], kept["kerberos_tgs"]) == (90 * DAY, 90 * DAY)
    assert kept["dns_query"] == 7 * DAY
    assert (kept["ldap_bind"], kept["group_change"]) == (SHORT, LONG)


@pytest.mark.parametrize(
    "text", ["kerberos", "kerberos=0", "kerberos=many", "nothing=3", "=", "dns=99999"]
)
def test_what_is_refused(text, capsys):
    with pytest.raises(SystemExit):
        limits([text])
    assert "error" in capsys.readouterr().err


def test_too_old_goes_and_the_rest_stays(store):
    put(store, 8, 10)
    put(store, 6, 10, first=10)
    put(store, 8, 10, KerberosAs, first=20)
    Retaining(limits(["dns=7"])).keep(store, NOW)
    assert list(days(store.connection, ["dns_query"]).values()) == [10]
    assert list(days(store.connection, ["kerberos_as"]).values()) == [10]


def test_the_oldest_days_go_for_size(store):
    for day in range(5):
        put(store, day, 30_000, first=day * 30_000)
    store.checkpoint()
    used = used_bytes(store.connection)
    keeper = Retaining(limits(()), used // 2)
    assert keeper.complaint() == ""
    keeper.keep(store, NOW)
    left = days(store.connection, ["dns_query"])
    assert 1 <= len(left) <= 2
    assert max(left) == NOW // DAY  # the newest stays
    assert "were deleted" in keeper.complaint()
    for _ in range(3):
        keeper.keep(store, NOW)
    assert max(days(store.connection, ["dns_query"])) == NOW // DAY


def test_a_file_that_is_small_enough_is_left_alone(store):
    put(store, 20, 10)
    keeper = Retaining(limits(()), 1 << 40)
    keeper.keep(store, NOW)
    assert (keeper.cut_to, len(days(store.connection, ["dns_query"]))) == (None, 1)


def test_detections_that_look_further_back_are_named(root):
    from engine.cli.rules import load_rules

    plans = [rule.plan for rule in load_rules((root / "detections",)).rules]
    assert list(too_short(plans, limits(()))) == []
    said = list(too_short(plans, limits(["directory=1"])))
    assert said
    assert all("looks back" in one for one in said)


def test_the_size_is_in_gigabytes():
    assert retaining.in_bytes(None) is None
    assert retaining.in_bytes(0.5) == 1 << 29


def test_the_audit_log_is_kept_so_long_and_says_what_went(tmp_path):
    desk = Desk(tmp_path / "desk")
    for day in (400, 101, 99, 1):
        desk.log(NOW - day * DAY, "hanna", "comment", "alert", "1", {}, {})
    Retaining(limits(())).keep_audit(desk, NOW)
    assert len(list(desk.audit())) == 4
    keeper = Retaining(limits(()), audit_days=100)
    for _ in range(2):
        keeper.keep_audit(desk, NOW)
    lines = list(desk.audit())
    assert [line.action for line in lines] == ["comment", "comment", "trim"]
    assert '"lines":2' in lines[-1].after
    with pytest.raises(sqlite3.Error, match="only grows"):
        desk.connection.execute("DELETE FROM audit")
    desk.close()
