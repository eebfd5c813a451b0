"""tune: the narrowest exclusion, what else it silences, what forbids it, and how it is written."""

import json
from types import SimpleNamespace

import pytest
import yaml

from dsl.schema.dns import DnsQuery
from engine.directory_file import read_directory_file
from engine.entities_build import directory_of
from engine.entities_rows import FOREVER
from engine.lifecycle import Decision
from engine.run import Engine
from engine.store import Store

S = 1_000_000
T = 1_767_614_400_000_000
ROLES = {
    "alert a as (source: source, asked: query)": (
        "alert a as (source: source, dc: dc, asked: query) except source in @dns_scanners\n"
        "    dedup 1h by source, dc"
    ),
    "{dns_query: {query: a}}": "{dns_query: {query: a, qtype: axfr, source: ws1, dc: dc1}}",
    "expect: []": "expect: [{source: ws1}]",
}
SIGNED = ("--owner", "dns team", "--reason", "secondary server", "--expires", "2199-01-31")
DIRECTORY = """\
domains: [{name: corp.test, netbios: CORP}]
hosts:
  - {name: ns1.corp.test, domain: corp.test, tags: [management]}
  - {name: dc1.corp.test, domain: corp.test, tags: [dc]}
"""


@pytest.fixture
def past(tmp_path, rule):
    """A database: zone transfers by hosts; alert numbers by (source, dc)."""
    from engine.cli.rules import load_rules

    def make(*asked, closed=(), **changes):
        path = rule(folder="detections/discovery", **(ROLES | changes))
        loaded = load_rules((path,))
        (tmp_path / "d.yaml").write_text(DIRECTORY)
        directory, found = read_directory_file(tmp_path / "d.yaml")
        assert not found
        file = tmp_path / "atp.duckdb"
        engine = Engine(
            Store(file), loaded.rules, compile_detection=loaded.compile_detection, keep=True,
            directory=directory_of(directory), directory_settled=FOREVER, as_written=True,
        )  # fmt: skip
        engine.ingest([
            DnsQuery(ts=T + i * S, sensor="s", seq=i, via="wire", qtype="axfr", query="corp.test",
                     source=source, dc=dc, domain="corp.test")
            for i, (source, dc) in enumerate(asked)
        ])  # fmt: skip
        engine.tick()
        numbers = {(a.roles["source"], a.roles["dc"]): a.number for a in engine.alerts()}
        for who in closed:
            (alert,) = (a for a in engine.alerts() if a.number == numbers[who])
            close = Decision(seq=1, ts=0, who="ann", action="close", number=alert.number,
                             id=alert.id, verdict="true_positive")  # fmt: skip
            assert engine.decide([close], {})
        engine.store.close()
        return SimpleNamespace(file=file, rule=path, numbers=numbers)

    return make


def proposed(atp, past, *args):
    done = atp("tune", "zone_transfers", "--database", past.file, "--format", "json", *args)
    assert done.code in (0, 1), done
    return done.code, json.loads(done.out)


def chosen(told):
    return next((c for c in told["candidates"] if c["chosen"]), None)


def test_the_narrowest_first(atp, past):
    made = past(
        ("ns1.corp.test", "dc1.corp.test"), ("ns1.corp.test", "dc2"), ("ws9", "dc1.corp.test")
    )
    wrong = made.numbers["ns1.corp.test", "dc1.corp.test"]
    code, told = proposed(atp, made, "--alert", wrong)
    assert (code, told["alerts"], len(told["false_positives"])) == (0, 3, 1)
    assert chosen(told)["entries"] == [{"source": "ns1.corp.test", "dc": "dc1.corp.test"}]
    assert chosen(told)["also"] == []
    order = [(c["list"], c["entries"], len(c["also"])) for c in told["candidates"]]
    assert order == [
        ("zone_transfers", [{"source": "ns1.corp.test", "dc": "dc1.corp.test"}], 0),
        ("zone_transfers", [{"source": "ns1.corp.test"}], 1),
        ("zone_transfers", [{"dc": "dc1.corp.test"}], 1),
        ("dns_scanners", ["ns1.corp.test"], 1),
        ("zone_transfers", [{"source": "tag:management"}], 1),
        ("zone_transfers", [{"dc": "tag:dc"}], 1),
    ]
    assert told["diff"] is None


def test_several_false_positives_need_what_they_share(atp, past):
    made = past(("ns1.corp.test", "dc1"), ("ns1.corp.test", "dc2"), ("ws9", "dc1"))
    pair = [made.numbers["ns1.corp.test", dc] for dc in ("dc1", "dc2")]
    _, told = proposed(atp, made, "--alert", pair[0], "--alert", pair[1])
    assert chosen(told)["entries"] == [
        {"source": "ns1.corp.test", "dc": "dc1"}, {"source": "ns1.corp.test", "dc": "dc2"},
    ]  # fmt: skip
    code, told = proposed(atp, made, "--alert", pair[0], "--alert", pair[1], "--choose", "2")
    assert (code, chosen(told)["entries"]) == (0, [{"source": "ns1.corp.test"}])
    assert chosen(told)["also"] == []


def test_a_known_true_positive_is_not_silenced(atp, past):
    made = past(("ns1", "dc1"), ("ns1", "dc2"), ("ws9", "dc1"), closed=[("ns1", "dc2")])
    _, told = proposed(atp, made, "--alert", made.numbers["ns1", "dc1"])
    refused = {str(c["entries"]): c["refused"] for c in told["candidates"] if c["refused"]}
    assert list(refused) == ["[{'source': 'ns1'}]", "['ns1']"]
    assert "known true positives would not be told: alert 2" in refused["['ns1']"]
    done = atp("tune", "zone_transfers", "--database", made.file, "--alert", "2")
    assert done.code == 2
    assert "alert 2 (2026-01-05 12:00) was closed as a true positive" in done.err


def test_an_alert_that_a_test_expects_is_not_silenced(atp, past):
    made = past(("ws1", "dc1"), ("ws1", "dc2"))
    numbers = [str(n) for n in made.numbers.values()]
    code, told = proposed(atp, made, "--alert", numbers[0], "--alert", numbers[1])
    assert code == 1
    assert all(
        "tests would fail: zone_transfers: nothing" in c["refused"] for c in told["candidates"]
    )
    assert chosen(told) is None
    done = atp(
        "tune", "zone_transfers", "--database", made.file, "--alert", numbers[0], "--choose", "4"
    )
    assert done.code == 1
    assert "no exclusion is left" in done.out


def test_written_and_in_force(atp, past, tmp_path):
    made = past(("ns1.corp.test", "dc1"), ("ws9", "dc1"))
    args = ("--alert", made.numbers["ns1.corp.test", "dc1"], *SIGNED)
    _, told = proposed(atp, made, *args)
    file = tmp_path / "detections" / "lists" / "zone_transfers.yaml"
    assert (told["file"], told["applied"], file.exists()) == (
        "detections/lists/zone_transfers.yaml", False, False,
    )  # fmt: skip
    assert told["diff"].startswith("--- /dev/null\n+++ detections/lists/zone_transfers.yaml\n")
    _, told = proposed(atp, made, *args, "--apply")
    assert told["applied"]
    (entry,) = yaml.safe_load(file.read_text())["entries"]
    assert entry["roles"] == {"source": "ns1.corp.test", "dc": "dc1"}
    assert (entry["owner"], entry["reason"]) == ("dns team", "secondary server")
    assert atp("check").code == 0
    after = atp("replay", "--database", made.file, "--format", "json")
    assert [json.loads(line)["source"] for line in after.out.splitlines()] == ["ws9"]
    # a second one is put behind it
    _, told = proposed(atp, made, "--alert", made.numbers["ws9", "dc1"], *SIGNED, "--apply")
    assert len(yaml.safe_load(file.read_text())["entries"]) == 2
    assert atp("replay", "--database", made.file).out.startswith("0 alerts")


def test_for_people(atp, past):
    made = past(("ns1", "dc1"), ("ns1", "dc2"))
    done = atp("tune", "zone_transfers", "--database", made.file, "--alert", "1", *SIGNED)
    assert done.code == 0
    assert done.out.splitlines()[:5] == [
        "false positives: alert 1 (2026-01-05 12:00)",
        "*  1 @zone_transfers: source = ns1 and dc = dc1",
        "   2 @zone_transfers: dc = dc1",
        "   3 @zone_transfers: source = ns1",
        "       also silences 1: alert 2 (2026-01-05 12:00)",
    ]
    assert "+  - {roles: {source: ns1, dc: dc1}, owner: dns team" in done.out
    assert done.out.endswith("not written: --apply does\n")


def test_over_files(atp, capture, rule, tmp_path):
    path = rule()
    lines = atp("decode", capture, "--type", "dns_query", "--format", "json").out.splitlines()
    events = [json.loads(line) for line in lines]
    asked = next(e for e in events if e.get("qtype") == "axfr")
    place = f"{capture}:{asked['seq']}"
    own = tmp_path / "own"
    own.mkdir()
    args = ("tune", "zone_transfers", "--detections", path, "--lists", own, "--event", place)
    done = atp(*args, *SIGNED, "--apply")
    assert done.code == 0, done
    assert (own / "zone_transfers.yaml").exists()
    done = atp("replay", capture, "--detections", path, "--lists", own)
    assert done.out.startswith("0 alerts")
    other = next(e for e in events if e.get("qtype") != "axfr")
    done = atp(*args[:-1], f"{capture}:{other['seq']}")
    assert (done.code, "no alert over" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("--alert", "9"), "has no alert `9` in that past\n  = hint: its alerts there: alert "),
        (("--alert", "abc"), "has no alert `abc`"),
        ((), "name a false positive"),
        (("--alert", "1", "--apply"), "needs --owner, --reason, --expires"),
        (("--alert", "1", "--owner", "it"), "needs --reason, --expires"),
        (("--alert", "1", *SIGNED[:-1], "2020-01-01"), "`2020-01-01` is no time to come"),
        (("--alert", "1", *SIGNED[:-1], "soon"), "`soon` is no time to come"),
        (("--alert", "1", "--choose", "9"), "there are 4 exclusions to choose from"),
        (("--alert", "1", "--event", "atp.duckdb:1"), "either in files or in a database"),
    ],
)
def test_what_it_refuses(atp, past, args, told):
    made = past(("ns1.corp.test", "dc1"), ("ws9", "dc2"))
    done = atp("tune", "zone_transfers", "--database", made.file, *args)
    assert (done.code, done.out) == (2, "")
    assert told in done.err


def test_a_folder_must_be_named_where_none_is_clear(atp, past, tmp_path):
    made = past(("ns1", "dc1"))
    (tmp_path / "detections").rename(tmp_path / "rules")
    args = ("tune", "zone_transfers", "--database", made.file, "--detections", "rules")
    args += ("--alert", "1", *SIGNED)
    done = atp(*args)
    assert (done.code, "name the folder of your own lists with --into" in done.err) == (2, True)
    assert atp(*args, "--into", "own", "--apply").code == 0
    assert (tmp_path / "own" / "zone_transfers.yaml").exists()
