"""paths: ways to sensitive accounts, from a database and from files."""

import json

import pytest

from dsl.schema.kerberos import KerberosAs
from dsl.schema.smb import SmbFile
from engine.directory_file import read_directory_file
from engine.entities_build import directory_of
from engine.run import Engine
from engine.store import Store

T = 1_795_345_456_000_000
DIRECTORY = """\
domains: [{name: corp.lab.test, netbios: CORP}]
hosts:
  - {name: dc1, addresses: [10.0.0.10], tags: [dc]}
  - {name: ws1, addresses: [10.0.0.1]}
accounts: [{name: boss, tags: [sensitive]}, {name: eve}, {name: hanna}]
groups:
  - {name: helpdesk, members: [hanna]}
  - {name: administrators@ws1, members: [helpdesk@corp.lab.test]}
"""


@pytest.fixture
def kept(tmp_path):
    path = tmp_path / "d.yaml"
    path.write_text(DIRECTORY)
    declared, problems = read_directory_file(path)
    assert problems == []
    made = tmp_path / "kept.duckdb"
    engine = Engine(
        Store(made), [], compile_detection=None, directory=directory_of(declared), keep=True
    )
    wire = {"via": "wire", "outcome": "success"}
    engine.ingest([
        KerberosAs(ts=T, src_ip="10.0.0.1", dst_ip="10.0.0.10", account_name="boss", realm="CORP.LAB.TEST", **wire),
        SmbFile(ts=T + 1, src_ip="10.0.0.7", dst_ip="10.0.0.1", account="CORP\\eve", share="\\\\ws1\\ADMIN$", **wire),
    ])  # fmt: skip
    engine.tick()
    engine.store.close()
    return made


def test_text(atp, kept):
    done = atp("paths", "--database", kept)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "as of 2026-11-22 11:04: 2 accounts with a path to 1 target (1 session, 3 rights to administer)",
        "",
        "eve@corp.lab.test to boss@corp.lab.test: 1 host",
        (
            "  eve@corp.lab.test → ws1.corp.lab.test (used an administrative share, last 2026-11-22 11:04)"
            " → boss@corp.lab.test (kerberos, 2026-11-22 11:04)"
        ),
        "",
        "hanna@corp.lab.test to boss@corp.lab.test: 1 host",
        (
            "  hanna@corp.lab.test → ws1.corp.lab.test (local administrator by helpdesk@corp.lab.test)"
            " → boss@corp.lab.test (kerberos, 2026-11-22 11:04)"
        ),
        "",
        "hosts that most paths lead over",
        "  ws1.corp.lab.test: 2 accounts; credentials of boss@corp.lab.test",
    ]
    assert "… and 1 more (--most)" in atp("paths", "--database", kept, "--most", "1").out


def test_json(atp, kept):
    done = atp("paths", "--database", kept, "--format", "json", "--to", "boss")
    summary, first, _, host = map(json.loads, done.out.splitlines())
    assert (summary["kind"], summary["accounts"], summary["targets"]) == ("summary", 2, 1)
    assert first == {
        "kind": "path", "from": "eve@corp.lab.test", "to": "boss@corp.lab.test", "hosts": 1,
        "steps": [{
            "account": "eve@corp.lab.test", "group": None, "right": "share", "since": "2026-11-22T11:04:16.000001Z",
            "host": "ws1.corp.lab.test", "then": "boss@corp.lab.test", "session": "kerberos",
            "seen": "2026-11-22T11:04:16.000000Z",
        }],
    }  # fmt: skip
    assert (host["kind"], host["host"], host["exposed"]) == (
        "host",
        "ws1.corp.lab.test",
        ["boss@corp.lab.test"],
    )


def test_as_of_a_time(atp, kept):
    said = atp("paths", "--database", kept, "--at", "2026-11-22T11:04:16").out
    assert "eve" not in said
    assert "hanna@corp.lab.test" in said


def test_files_and_what_is_missing(atp, kept, capture, tmp_path):
    said = atp("paths", capture).out
    assert "no sensitive account is known" in said
    assert atp("paths").code == atp("paths", capture, "--database", kept).code == 2
    assert atp("paths", "--database", kept, "--directory", tmp_path / "d.yaml").code == 2
    done = atp("paths", "--database", kept, "--to", "nobody")
    assert (done.code, "no account `nobody` was seen" in done.err) == (2, True)
