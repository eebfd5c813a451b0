"""replay: alerts explained, or one a line; damaged inputs, faulty rules, order of files."""

import json
import random

import pytest
from pcap_file import pcap_bytes

HOSTILE = "a\u009b2J\u202eb"


def test_an_alert_for_people(atp, capture, rule):
    done = atp("replay", capture, "--detections", rule())
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "HIGH          Zone transfer"
    assert lines[1] == (
        "              2026-11-22 14:34:18 UTC  zone_transfers  T1110  confidence 80  1 event"
        "  source not resolved"
    )
    assert lines[2] == "              ip:10.20.30.66 asked for corp.example.test"
    assert lines[3].startswith("              14:34:18.897 dns_query dc=")
    assert lines[5].startswith("1 alert (1 high) from ")
    assert lines[6].startswith("domain controllers: ")


def test_an_alert_for_programs(atp, capture, rule):
    done = atp("replay", capture, "--detections", rule(), "--format", "json")
    assert (done.code, done.err) == (0, "")
    (alert,) = map(json.loads, done.out.splitlines())
    assert alert["detection"] == "zone_transfers"
    assert alert["source"] == "ip:10.20.30.66"
    assert len(alert["evidence"]) == alert["evidence_count"] == 1


@pytest.mark.parametrize(("shown", "lines"), [(0, 0), (1, 1)])
def test_so_much_evidence(atp, capture, rule, shown, lines):
    done = atp("replay", capture, "--detections", rule(), "--evidence", shown)
    assert done.out.count(" dns_query ") == lines


def test_nothing_found_is_a_result(atp, capture, rule):
    none = rule(**{"qtype == axfr": "qtype == mx"})
    done = atp("replay", capture, "--detections", none)
    assert done.code == 0
    assert done.out.startswith("0 alerts from ")
    assert atp("replay", capture, "--detections", none, "--format", "json").out == ""


def test_a_cut_file_is_used_and_told(atp, capture, rule):
    capture.write_bytes(capture.read_bytes()[:-5])
    done = atp("replay", capture, "--detections", rule())
    assert done.code == 1
    assert "1 alert " in done.out
    assert "damaged at offset" in done.err


def test_rules_with_errors(atp, capture, rule):
    done = atp("replay", capture, "--detections", rule(**{"qtype == axfr": "qtpe == axfr"}))
    assert (done.code, done.out) == (2, "")
    assert "error[D02" in done.err
    assert "error: the detections have errors\n  = hint: mend them" in done.err


def test_a_directory_file_with_errors(atp, capture, rule, tmp_path):
    (tmp_path / "d.yaml").write_text("hosts: 3\n")
    done = atp("replay", capture, "--detections", rule(), "--directory", "d.yaml")
    assert (done.code, done.out) == (2, "")
    assert "error: the directory file d.yaml has errors" in done.err


def test_the_directory_file_gives_names(atp, capture, rule, root):
    directory = root / "examples" / "directory.yaml"
    done = atp("replay", capture, "--detections", rule(), "--directory", directory)
    assert "domain controllers: dc1.corp.example.test (high), dc2.corp.example.test" in done.out


def test_a_rule_that_the_database_cannot_compute(atp, capture, rule, monkeypatch):
    import duckdb

    from engine.backends.duckdb import CompiledAlert

    def rows(self, connection, lo, hi, *_):
        raise duckdb.OutOfMemoryException("no more\nSELECT everything")

    monkeypatch.setattr(CompiledAlert, "rows", rows)
    done = atp("replay", capture, "--detections", rule())
    assert done.code == 1
    assert done.err == "warning: the detection `zone_transfers` could not be computed: no more\n"


@pytest.mark.parametrize("form", ["text", "json"])
def test_hostile_titles(atp, capture, rule, form):
    hostile = rule(title=f'"{HOSTILE.encode("unicode_escape").decode()}"')
    done = atp("replay", capture, "--detections", hostile, "--format", form)
    assert done.code == 0
    assert not {"\u009b", "\u202e"} & set(done.out)
    assert "\\u202eb" in done.out


def alerts(atp, rule, *files):
    done = atp("replay", *files, "--detections", rule, "--format", "json")
    assert done.code == 0, done
    return [json.loads(line) for line in done.out.splitlines()]


def test_files_of_one_period_in_any_order(atp, packets, rule, tmp_path):
    """Two taps that share the packets by connection: named either way, the same alerts."""
    halves = {True: [], False: []}
    for ts, frame in packets:
        halves[sum(frame[26:38]) % 2 == 0].append((ts, frame))
    for name, half in zip("ab", halves.values(), strict=True):
        (tmp_path / f"{name}.pcap").write_bytes(pcap_bytes(half))
    path = rule()
    one = alerts(atp, path, "a.pcap", "b.pcap")
    assert len(one) == 1
    assert alerts(atp, path, "b.pcap", "a.pcap") == one


def test_files_of_one_name_are_two_sensors(atp, packets, rule, tmp_path):
    for half in (0, 1):
        (tmp_path / str(half)).mkdir()
        part = packets[half * 80 : half * 80 + 80]
        (tmp_path / str(half) / "c.pcap").write_bytes(pcap_bytes(part))
    (tmp_path / "c.pcap").write_bytes(pcap_bytes(packets))
    done = atp("decode", tmp_path / "0", tmp_path / "1", "--format", "json")
    events = [json.loads(line) for line in done.out.splitlines()]
    assert len({(e["sensor"], e["seq"]) for e in events}) == len(events)
    found = alerts(atp, rule(), tmp_path / "0", tmp_path / "1")
    (whole,) = alerts(atp, rule(), "c.pcap")
    assert [a["explanation"] for a in found] == [whole["explanation"]]


def test_a_file_given_twice_counts_once(atp, capture, rule):
    once = alerts(atp, rule(), capture)
    assert alerts(atp, rule(), capture, capture, capture.parent) == once


def test_packets_in_any_order_of_arrival(atp, packets, rule, tmp_path):
    """Queues of a card deliver packets of the same second out of order."""
    shuffled = [(ts // 2_000_000, random.Random(i).random(), ts, f) for i, (ts, f) in enumerate(packets)]  # fmt: skip
    mixed = [(ts, f) for _, _, ts, f in sorted(shuffled)]
    (tmp_path / "m.pcap").write_bytes(pcap_bytes(mixed))
    assert [a["source"] for a in alerts(atp, rule(), "m.pcap")] == ["ip:10.20.30.66"]


def test_settings_of_detections(atp, capture, rule, tmp_path):
    (tmp_path / "s.yaml").write_text("detections: {zone_transfers: {disabled: known}}")
    done = atp("replay", capture, "--detections", rule(), "--settings", "s.yaml")
    assert (done.code, done.out.splitlines()[0][:8]) == (0, "0 alerts")
    (tmp_path / "s.yaml").write_text("detections: {zone_transfer: {disabled: known}}")
    done = atp("replay", capture, "--detections", rule(), "--settings", "s.yaml")
    assert done.code == 2
    assert "there is no detection `zone_transfer`" in done.err
    assert "s.yaml:1" in done.err


# --- a stored database --------------------------------------------------------------------------


def test_a_database_gives_what_its_files_gave(atp, capture, rule, database):
    from_files = alerts(atp, rule(), capture)
    done = atp("replay", "--database", database, "--detections", rule(), "--format", "json")
    assert (done.code, done.err) == (0, "")
    (alert,) = map(json.loads, done.out.splitlines())
    assert alert["id"] == from_files[0]["id"]
    assert alert["explanation"] == from_files[0]["explanation"]
    assert len(alert["evidence"]) == 1


def test_a_database_for_people(atp, rule, database):
    done = atp("replay", "--database", database, "--detections", rule())
    assert "ip:10.20.30.66 asked for corp.example.test" in done.out
    assert "1 alert (1 high) from " in done.out


@pytest.mark.parametrize(
    ("args", "number"),
    [
        (["--from", "2026-11-22"], 1),
        (["--from", "2026-11-23", "--to", "2026-11-24"], 0),
        (["--to", "2026-11-21"], None),
        (["--to", "2026-11-22"], 1),
        (["--last", "2h"], 1),
        (["--last", "1ms"], 0),
    ],
)
def test_a_period(atp, rule, database, args, number):
    done = atp("replay", "--database", database, "--detections", rule(), "--format", "json", *args)
    if number is None:
        assert (done.code, "holds no events of that time" in done.err) == (2, True)
        return
    assert (done.code, len(done.out.splitlines())) == (0, number), done


@pytest.mark.parametrize("begin", ["2026-11-22", "2026-11-23"])
def test_a_period_of_files(atp, capture, rule, begin):
    done = atp("replay", capture, "--detections", rule(), "--from", begin, "--to", "2026-11-24")
    assert done.out.startswith("0 alerts") == (begin == "2026-11-23")


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ([], "name files to replay, or a --database"),
        (["small.pcap", "--database", "atp.duckdb"], "name files to replay, or a --database"),
        (["--database", "small.pcap"], "small.pcap cannot be opened: "),
        (["--database", "atp.duckdb", "--from", "soon"], "`soon` is no time"),
        (["--database", "atp.duckdb", "--last", "-3d"], "`-3d` is no duration"),
        (["--database", "atp.duckdb", "--last", "3d", "--from", "2026-01-01"], "say the same"),
        (["--database", "atp.duckdb", "--from", "2027-01-01"], "the period ends before it begins"),
        (["--database", "atp.duckdb", "--directory", "small.pcap"], "a directory of its own"),
        (["small.pcap", "--set", "zone_transfers.x=1"], "has no parameter `x`"),
        (["small.pcap", "--set", "x=1"], "`x=1` is not RULE.PARAM=VALUE"),
        (
            ["small.pcap", "--diff", "zone_transfer", "rules"],
            "there is no detection `zone_transfer`",
        ),
        (["small.pcap", "--diff", "git:HEAD", "rules"], "git cannot give HEAD"),
        (["small.pcap", "--diff", "git:-x", "rules"], "`-x` is no revision"),
    ],
)
def test_what_cannot_be_replayed(atp, capture, rule, database, args, told):
    done = atp("replay", *args, "--detections", rule().parent.parent)
    assert (done.code, done.out) == (2, "")
    assert told in done.err


def test_a_database_in_use(atp, rule, database):
    import duckdb

    with duckdb.connect(str(database)):
        done = atp("replay", "--database", database, "--detections", rule())
    assert done.code == 2
    assert "cannot be opened" in done.err or "in use" in done.err


# --- comparing ----------------------------------------------------------------------------------

COUNTED = {
    "qtype == axfr": "query is not null",
    "alert a as (source: source, asked: query)": (
        "w = window a by source over 1h compute n := count(), asked := set(query)\n"
        "  alert w as (source: source, asked: asked) severity case(n >= $much -> high, else low)\n"
        "    when n >= $least\nparams:\n"
        "  least: {type: int, default: 2, min: 1, max: 9000, help: questions}\n"
        "  much: {type: int, default: 9000, min: 1, max: 9000, help: questions}"
    ),
}


def compared(atp, *args):
    done = atp("replay", *args, "--format", "json")
    *lines, summary = map(json.loads, done.out.splitlines())
    return done.code, lines, summary


def test_the_same_rule_twice(atp, capture, rule):
    code, lines, summary = compared(atp, capture, "--diff", rule(), rule())
    assert (code, lines) == (0, [])
    assert summary == {
        "kind": "summary", "only_old": 0, "only_new": 0, "changed": 0, "same": 1,
        "days": {"2026-11-22": {"old": 1, "new": 1}},
    }  # fmt: skip


def test_a_value_that_is_changed(atp, capture, rule):
    path = rule(**COUNTED)
    args = (capture, "--detections", path.parent, "--diff", "zone_transfers", "zone_transfers")
    code, lines, summary = compared(atp, *args, "--set", "zone_transfers.much=3")
    assert (code, summary["only_old"], summary["only_new"]) == (1, 0, 0)
    assert {line["kind"] for line in lines} == {"changed"}
    assert lines[0]["fields"]["severity"] == {"old": "low", "new": "high"}
    assert lines[0]["new"]["params"]["much"] == 3
    code, lines, summary = compared(atp, *args, "--set", "zone_transfers.least=9000")
    assert (code, summary["only_new"], summary["changed"]) == (1, 0, 0)
    assert [line["kind"] for line in lines] == ["only_old"] * summary["only_old"] != []
    assert lines[0]["alert"]["evidence"]


def test_two_files_of_one_detection(atp, capture, database, rule):
    old, new = rule(), rule("transfers", "Other", **{"qtype == axfr": "qtype == mx"})
    for source in ([capture], ["--database", database]):
        done = atp("replay", *source, "--diff", old, new)
        assert done.code == 1
        assert done.out.splitlines()[0] == (
            "- 2026-11-22 14:34:18 zone_transfers high: ip:10.20.30.66 asked for corp.example.test"
        )
        assert done.out.splitlines()[-1] == (
            "1 only in the old, 0 only in the new, 0 changed, 0 the same"
        )
        assert "2026-11-22       1       0" in done.out
    renamed = rule("transfers", "Other")
    code, lines, summary = compared(atp, capture, "--diff", old, renamed)
    assert (code, lines, summary["same"]) == (0, [], 1)


def test_a_revision_of_the_folder(atp, capture, rule, tmp_path):
    import subprocess

    path = rule()
    folder = path.parent.parent

    def git(*args):
        who = ["-c", "user.name=t", "-c", "user.email=t@example.test"]
        subprocess.run(["git", "-C", tmp_path, *who, *args], check=True, capture_output=True)

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    rule(**{"qtype == axfr": "qtype == mx"})
    args = (capture, "--detections", folder, "--diff", "git:HEAD", folder)
    code, lines, summary = compared(atp, *args)
    assert (code, summary["only_old"], [n["kind"] for n in lines]) == (1, 1, ["only_old"])
    rule()
    assert compared(atp, *args)[0] == 0


# --- lists of the installation ------------------------------------------------------------------


def test_lists_of_ones_own_are_added(atp, capture, rule, tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    text = "list: zone_transfers\nkind: host\ndescription: x\nentries:\n"
    entry = "  - {value: ip:10.20.30.66, owner: it, reason: secondary%s}\n"
    (folder / "zone_transfers.yaml").write_text(text + entry % "")
    args = ("replay", capture, "--detections", rule(), "--lists", folder)
    assert atp(*args).out.startswith("0 alerts")
    (folder / "zone_transfers.yaml").write_text(text + entry % ", expires: 2026-11-22")
    assert atp(*args).out.startswith("HIGH ")
    (folder / "zone_transfers.yaml").write_text(text.replace("host", "hosts") + entry % "")
    assert atp(*args).code == 2


def test_forms_of_other_products(atp, root):
    events = root / "examples" / "events.xml"
    done = atp("replay", events, "--format", "cef")
    assert done.code == 0
    assert len(done.out.splitlines()) == len(
        atp("replay", events, "--format", "json").out.splitlines()
    )
    assert all(one.startswith("CEF:0|ATP|ATP|") for one in done.out.splitlines())
    assert atp("replay", events, "--format", "cef", "--diff", "dcsync", "dcsync").code == 2
