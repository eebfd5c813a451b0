"""posture: what is weak in a directory, from LDIF and from a database, as of a time."""

import base64
import json
import struct

import pytest

LDIF = """\
version: 1
dn: DC=corp,DC=test
objectClass: top
objectClass: domainDNS
objectSid: S-1-5-21-1-2-3
ms-DS-MachineAccountQuota: 10
whenChanged: 20260601000000.0Z
nTSecurityDescriptor:: {descriptor}

dn: CN=svc,DC=corp,DC=test
objectClass: top
objectClass: user
objectSid: S-1-5-21-1-2-3-1105
sAMAccountName: svc
userAccountControl: 4194816
whenCreated: 20250101000000.0Z
whenChanged: 20260601000000.0Z
"""


def _descriptor():
    """Grants the right to replicate everything to RID 1105."""
    sid = struct.pack("<BB6s5I", 1, 5, b"\0\0\0\0\0\5", 21, 1, 2, 3, 1105)
    entry = struct.pack("<BBHI", 0, 0, 8 + len(sid), 0x100) + sid
    listed = struct.pack("<BBHHH", 4, 0, 8 + len(entry), 1, 0) + entry
    return struct.pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 20) + listed


@pytest.fixture
def ldif(tmp_path):
    path = tmp_path / "domain.ldif"
    path.write_text(LDIF.format(descriptor=base64.b64encode(_descriptor()).decode()))
    return path


@pytest.fixture
def kept(ldif, tmp_path):
    """The same in a database."""
    from engine.cli.reading import decoded
    from engine.run import Engine
    from engine.store import Store

    made = tmp_path / "kept.duckdb"
    engine = Engine(Store(made), [], compile_detection=None, keep=True)
    engine.ingest(decoded(ldif))
    engine.tick()
    engine.store.close()
    return made


def test_text(atp, ldif):
    done = atp("posture", ldif)
    assert done.code == 1
    first, *rest = done.out.splitlines()
    assert first.startswith("corp.test as of 2026-06-01 00:00: ")
    told = "\n".join(rest)
    assert "high DCSync is allowed to an account that is no controller [replication_rights]" in told
    assert (
        "  DC=corp,DC=test: nTSecurityDescriptor = svc@corp.test (may replicate all secrets)"
        in told
    )
    assert "  svc@corp.test: userAccountControl = dont_req_preauth" in told
    assert "not judged, for nobody told the attribute" in told
    assert "8 checks of certificates: no certification authority is told" in told
    assert told.index("[replication_rights]") < told.index("[machine_account_quota]")


def test_a_database_says_the_same(atp, ldif, kept):
    text = ("posture", "--format", "json")
    told = atp(*text, "--database", kept).out
    assert "replication_rights" in told
    assert told == atp(*text, ldif).out


def test_json(atp, ldif):
    done = atp("posture", ldif, "--format", "json", "--check", "machine_account_quota")
    assert json.loads(done.out) == {
        "kind": "finding", "check": "machine_account_quota", "as_of": "2026-06-01T00:00:00.000000Z",
        "title": "Anybody may join computers", "severity": "medium", "mitre": ["T1136.002"],
        "object": "DC=corp,DC=test", "attribute": "ms-DS-MachineAccountQuota", "value": "10",
        "why": "computers that every user may join",
        "remedy": "Set ms-DS-MachineAccountQuota of the domain to 0 and delegate joining to those who do it.",
    }  # fmt: skip
    told = [json.loads(line) for line in atp("posture", ldif, "--format", "json").out.splitlines()]
    assert {"kind", "check", "as_of", "attribute"} <= set(told[-1])
    assert {t["kind"] for t in told} == {"finding", "not_judged"}


def test_nothing_found(atp, ldif):
    assert atp("posture", ldif, "--check", "guest_enabled").code == 0
    low = atp("posture", ldif, "--check", "machine_account_quota", "--severity", "high")
    assert (low.code, low.out.count("\n")) == (0, 1)


def test_before_there_was_a_directory(atp, kept):
    done = atp("posture", "--database", kept, "--at", "2026-05-01")
    assert done.code == 2


def test_what_cannot_be_done_is_said(atp, ldif, capture, kept):
    for arguments, message in (
        ((), "the directory is either in files or in a database"),
        ((ldif, "--database", kept), "the directory is either in files or in a database"),
        ((ldif, "--check", "gest_enabled"), "did you mean `guest_enabled`?"),
        ((capture,), "no directory was synchronised until then"),
    ):
        done = atp("posture", *arguments)
        assert (done.code, message in done.err) == (2, True), done
