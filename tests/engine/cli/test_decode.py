"""decode: the events, one a line; the rest on the other stream."""

import json
import os

import jsonschema
import pytest
from rights import DAC_OVERRIDE, DAC_READ_SEARCH, without


def test_events_for_programs(atp, capture):
    done = atp("decode", capture, "--format", "json")
    assert (done.code, done.err) == (0, "")
    events = [json.loads(line) for line in done.out.splitlines()]
    assert {"type": "dns_query", "qtype": "axfr"}.items() <= next(
        e for e in events if e.get("qtype") == "axfr"
    ).items()
    assert all(e["sensor"] == "file:small.pcap" for e in events)
    assert len({e["seq"] for e in events}) == len(events)


def test_they_are_what_the_schema_says(atp, root):
    schema = json.loads(atp("schema", "--format", "json").out)
    check = jsonschema.Draft202012Validator(schema)
    done = atp("decode", root / "examples" / "events.xml", "--format", "json")
    events = [json.loads(line) for line in done.out.splitlines()]
    assert len(events) > 50
    for event in events:
        check.validate(event)


def test_events_for_people(atp, capture):
    done = atp("decode", capture, "--type", "dns_query")
    assert done.code == 0
    lines = done.out.splitlines()
    assert all(line[:4] == "2026" and line[26:38] == "Z dns_query " for line in lines)
    assert any("qtype=axfr" in line for line in lines)
    assert not any("sensor=" in line for line in lines)


def test_types_are_chosen(atp, capture):
    one = atp("decode", capture, "--type", "ldap_bind", "--format", "json").out
    two = atp(
        "decode", capture, "--type", "ldap_bind", "--type", "dns_query", "--format", "json"
    ).out
    assert {json.loads(line)["type"] for line in one.splitlines()} == {"ldap_bind"}
    assert {json.loads(line)["type"] for line in two.splitlines()} == {"ldap_bind", "dns_query"}


def test_a_slip_in_a_type(atp, capture):
    done = atp("decode", capture, "--type", "dns_qery")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "error: there is no event type `dns_qery`\n  = hint: did you mean `dns_query`?\n"
    )


def test_a_cut_capture_is_used_and_told(atp, capture):
    capture.write_bytes(capture.read_bytes()[:-5])
    done = atp("decode", capture, "--format", "json")
    assert done.code == 1
    assert len(done.out.splitlines()) > 10
    assert "damaged at offset" in done.err
    assert all(json.loads(line) for line in done.out.splitlines())


UNREADABLE = [
    (b"", "the file is empty"),
    (b"hello\n", "neither pcap nor pcapng: it begins with 68 65 6c 6c"),
    (b"\x1f\x8b\x08garbage", "gzip"),
    (b'{"a": 1}', "no shape of a Windows event"),
    (b"\xd4\xc3\xb2\xa1\x02", "the file ends inside its header"),
]


@pytest.mark.parametrize(("content", "why"), UNREADABLE, ids=[u[1][:12] for u in UNREADABLE])
def test_what_is_neither_capture_nor_log(atp, tmp_path, content, why):
    (tmp_path / "x").write_bytes(content)
    done = atp("decode", "x")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: x: ")
    assert why in done.err
    assert "  = hint: captures are pcap and pcapng" in done.err


def test_it_is_passed_over_in_a_folder(atp, tmp_path, capture):
    folder = tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    capture.rename(folder / "deep" / "c.pcap")
    (folder / "README").write_text("hello")
    done = atp("decode", folder)
    assert done.code == 0
    assert "axfr" in done.out
    assert done.err == (
        f"warning: {folder}/README: passed over: neither pcap nor pcapng: "
        "it begins with 68 65 6c 6c\n"
    )


def test_a_log_without_records(atp, tmp_path):
    (tmp_path / "x.xml").write_text("<Events></Events>")
    done = atp("decode", "x.xml")
    assert (done.code, done.out, done.err) == (0, "", "warning: x.xml: no records in it\n")


def test_hostile_names_of_files(atp, tmp_path, capture):
    name = b"e\x1b[31mvil\xe2\x80\xae\xff.pcap"
    path = os.fsdecode(bytes(tmp_path) + b"/" + name)
    os.rename(capture, path)
    for form in ("text", "json"):
        done = atp("decode", path, "--format", form)
        assert (done.code, done.err) == (0, "")
        assert not {"\x1b", "\u202e", "\udcff"} & set(done.out)
    assert json.loads(done.out.splitlines()[0])["sensor"] == "file:e\x1b[31mvil\u202e\\xff.pcap"


def test_hostile_names_from_the_wire(atp, root, tmp_path):
    text = (root / "examples" / "events.xml").read_text(encoding="utf-8")
    (tmp_path / "x.xml").write_text(text.replace("KIOSK7", "K\u009b2J\u202e\u2066 "), "utf-8")
    for form in ("text", "json"):
        done = atp("decode", "x.xml", "--format", form)
        assert done.code == 0
        assert not {"\u009b", "\u202e", "\u2066"} & set(done.out)
        assert "\\u202e" in done.out
    values = [json.loads(line) for line in done.out.splitlines()]
    assert any("\u202e" in str(v.get("workstation")) for v in values)


def test_a_file_named_twice_is_read_once(atp, capture, tmp_path):
    once = atp("decode", capture).out
    assert atp("decode", capture, tmp_path, capture).out == once


def test_a_file_without_the_right_to_read_it(spawn, capture):
    capture.chmod(0)
    process = spawn("decode", capture, preexec_fn=without(DAC_OVERRIDE, DAC_READ_SEARCH))
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (2, b"")
    assert err.decode() == f"error: {capture}: Permission denied\n"
