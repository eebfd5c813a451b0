"""4776, 8004, the pass-through over Netlogon and the wire tell one logon: one event that knows all."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from dsl.schema.ntlm import NtlmAuth
from engine import validations
from engine.directory_file import read_directory_file
from engine.entities_build import directory_of
from engine.entities_rows import FOREVER
from engine.ingest import Ingest
from engine.run import Engine
from engine.store import Store
from engine.validations import Validations

T = 1_767_614_400_000_000
S = 1_000_000
BLOCK = """
logon = match ntlm_auth
w = window logon by account over 10m compute n := count(), from := set(source), to := set(server), how := set(ntlm_version), came := set(outcome)
alert w as (actor: account, source: from, target: to, n: n, how: how, came: came) dedup 1h by actor
"""
DIRECTORY = """
domains:
  - {name: corp.test, netbios: CORP}
hosts:
  - {name: dc1.corp.test, addresses: [10.0.0.1], tags: [dc]}
  - {name: fs1.corp.test, addresses: [10.0.0.5]}
  - {name: ws9.corp.test, addresses: [10.0.0.9]}
accounts:
  - {name: alice}
"""
CLIENT, SERVER = ["ws9.corp.test"], ["fs1.corp.test"]


def row(at, via, **more):
    given = {"account": r"CORP\alice", "workstation": "MSTSC", "outcome": "success"} | more
    return NtlmAuth(ts=T + int(at * S), via=via, protocol="ntlm", **given)


def record(at=0.0, **more):
    given = {"account": "alice", "source": "name:MSTSC", "status": 0} | more
    return row(at, "event_4776", sensor="dc1 security", dc="dc1.corp.test", **given)


def audited(at=0.2, **more):
    given = {"server": "name:FS1", "source": "name:MSTSC", "outcome": None} | more
    return row(at, "event_8004", sensor="dc1 ntlm", dc="dc1.corp.test", **given)


def passed(at=0.1, **more):
    given = {"server": "name:FS1", "logon_type": "network", "dst_ip": "10.0.0.1"} | more
    return row(at, "wire", sensor="tap of dc1", **given)


def seen(at=-0.1, **more):
    given = {"dst_ip": "10.0.0.5", "src_ip": "10.0.0.9", "ntlm_version": "v2"} | more
    return row(at, "wire", sensor="tap of fs1", **given)


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    path = tmp_path_factory.mktemp("directory") / "directory.yaml"
    path.write_text(DIRECTORY)
    file, found = read_directory_file(path)
    assert not found
    return file


@pytest.fixture
def told(rule_of, directory):
    """What the window says of the account after batches of events, one tick each."""

    def run(*batches, block=BLOCK):
        rule, compiled = rule_of(f"logons{len(block)}", block)
        engine = Engine(
            Store(),
            [rule],
            compile_detection=lambda _: compiled,
            directory=directory_of(directory),
            directory_settled=FOREVER,
        )
        for number, batch in enumerate(batches):
            for place, event in enumerate(batch):
                event.seq = number * 100 + place
            engine.ingest(batch)
            engine.tick()
        engine.tick(final=True)
        (alert,) = (a for a in engine.alerts() if a.status not in ("merged", "retracted"))
        assert alert.roles["actor"] == "alice@corp.test"
        stored = engine.store.connection.execute(
            'SELECT count(*) FILTER ("primary"), count(*) FROM ntlm_auth'
        ).fetchone()
        return dict(alert.roles), stored

    return run


WITNESSES = (record, audited, passed, seen)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_one_logon_is_one_event_in_any_order(told, order):
    roles, stored = told(*([WITNESSES[i]()] for i in order))
    assert stored == (1, 4)
    assert (roles["n"], roles["came"], roles["how"]) == (1, ["success"], ["v2"])
    assert (roles["source"], roles["target"]) == (CLIENT, SERVER)


@pytest.mark.parametrize("split", range(5))
def test_split_into_batches_as_it_may_be(told, split):
    events = [w() for w in WITNESSES]
    together = [b for b in (events[:split], events[split:]) if b]
    assert told(*together) == told(events)


PAIRS = {
    "8004 names the server": (audited, ["name:mstsc"], SERVER),
    "so does the pass-through": (passed, ["name:mstsc"], SERVER),
    "the wire names the client, and the server": (seen, CLIENT, SERVER),
}


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("turned", [False, True])
def test_each_witness_adds_what_it_knows(told, pair, turned):
    other, source, target = PAIRS[pair]
    batches = [[record()], [other()]]
    roles, stored = told(*(batches[::-1] if turned else batches))
    assert (roles["n"], roles["source"], roles["target"], stored) == (1, source, target, (1, 2))


def test_of_lesser_witnesses_too(told):
    roles, stored = told([audited()], [seen()])
    assert (roles["n"], roles["source"], roles["target"], stored) == (1, CLIENT, SERVER, (1, 2))


APART = {
    "longer than three seconds": seen(at=-3.1),
    "another account": seen(account=r"CORP\bob"),
    "another name of the client": seen(workstation="WS7"),
    "a failure": seen(outcome="wrong_password"),
    "on a server of no domain that is known": seen(dst_ip="10.99.0.1"),
}


@pytest.mark.parametrize("what", APART)
def test_another_logon_stays_another(directory, what):
    taken = Ingest(directory_of(directory)).take
    (first,) = taken([msgspec.structs.replace(APART[what])])
    kept = Validations()
    (second,) = Ingest(directory_of(directory)).take([record()])
    assert kept.take([first]) == kept.take([second]) == []


def test_at_three_seconds_it_is_the_same(told):
    assert told([record()], [seen(at=-3.0)])[0]["source"] == CLIENT


OLD = """
old = match ntlm_auth where via == event_4776 and ntlm_version in {lm, v1}
alert old as (actor: account, source: source, target: server) dedup 1h by actor
"""


@pytest.mark.parametrize("turned", [False, True])
def test_a_condition_that_only_the_completed_row_meets(told, turned):
    """Ticks ask first whether any event meets it: one that was stored long before does now."""
    batches = [[record()], [seen(ntlm_version="v1")]]
    roles, _ = told(*(batches[::-1] if turned else batches), block=OLD)
    assert (roles["source"], roles["target"]) == (CLIENT[0], SERVER[0])


def test_the_nearest_row_is_taken(told):
    far, near = seen(at=-2.0, src_ip="10.0.0.7"), seen(at=-0.5)
    for batches in ([[record()], [far], [near]], [[near], [far], [record()]]):
        assert told(*batches)[0]["source"] == CLIENT


def test_every_try_of_many_is_counted_once(told):
    tries = [record(at=i / 10, outcome="wrong_password") for i in range(40)]
    wire = [seen(at=i / 10 + 0.01, outcome="wrong_password") for i in range(40)]
    expected = told([*tries, *wire])
    assert expected[0]["n"] == 40
    assert expected[0]["source"] == CLIENT
    assert told(wire, tries) == told(tries, wire) == expected


def test_it_is_bounded(directory, monkeypatch):
    monkeypatch.setattr(validations, "_ROWS", 3)
    monkeypatch.setattr(validations, "_ACCOUNTS", 2)
    kept, ingest = Validations(), Ingest(directory_of(directory))
    for name in "abc":
        kept.take(ingest.take([record(at=i, account=name) for i in range(9)]))
    assert [[len(r) for r in rows.values()] for rows in kept._known.values()] == [[3], [3]]
