"""A database with what reports tell of."""

import pytest

from dsl.schema.directory import GroupChange
from dsl.schema.kerberos import KerberosAs
from dsl.schema.ldap import LdapBind
from dsl.schema.smb import SmbFile
from engine.directory_file import read_directory_file
from engine.entities_build import directory_of
from engine.run import Engine
from engine.store import Store
from engine.store.desk import Desk, beside

DAY = 86_400_000_000
T = 1_795_345_456_000_000
DIRECTORY = """\
domains: [{name: corp.lab.test, netbios: CORP}]
hosts:
  - {name: dc1, addresses: [10.0.0.10], tags: [dc]}
  - {name: ws1, addresses: [10.0.0.1]}
accounts: [{name: boss, tags: [sensitive]}, {name: eve}, {name: hanna}]
groups:
  - {name: vault, members: [], tags: [sensitive]}
  - {name: helpdesk, members: [hanna]}
  - {name: administrators@ws1, members: [helpdesk@corp.lab.test]}
"""
WIRE = {"via": "wire", "outcome": "success"}
NAMED = {"src_ip": "10.0.0.1", "dst_ip": "10.0.0.10"}


def events():
    bind = {**WIRE, **NAMED, "mechanism": "simple"}
    change = {
        "via": "event_4728",
        "dc": "dc1.corp.lab.test",
        "actor": "CORP\\eve",
        "outcome": "success",
    }
    return [
        KerberosAs(ts=T, account_name="boss", realm="CORP.LAB.TEST", **WIRE, **NAMED),
        SmbFile(ts=T + 1, src_ip="10.0.0.7", dst_ip="10.0.0.1", account="CORP\\eve", share="\\\\ws1\\ADMIN$", **WIRE),
        LdapBind(ts=T + 2, account="CORP\\eve", **bind),
        LdapBind(ts=T + 3, account="CORP\\boss", **bind),
        LdapBind(ts=T + 4, account="CORP\\eve", **bind),
        LdapBind(ts=T + 5, account="CORP\\hanna", encrypted=True, **bind),
        LdapBind(ts=T + 6, account="CORP\\hanna", **{**bind, "mechanism": "gss_spnego"}),
        GroupChange(ts=T + 7, action="member_added", group="CORP\\vault", member="CORP\\hanna", **change),
        GroupChange(ts=T + 8, action="member_added", group="CORP\\helpdesk", member="CORP\\eve", **change),
        GroupChange(ts=T + 3 * DAY, action="member_removed", group="CORP\\vault", member="CORP\\hanna", **change),
    ]  # fmt: skip


@pytest.fixture
def kept(tmp_path):
    """The path of the database; its desk is there, too."""
    path = tmp_path / "d.yaml"
    path.write_text(DIRECTORY)
    declared, problems = read_directory_file(path)
    assert problems == []
    made = tmp_path / "kept.duckdb"
    engine = Engine(
        Store(made), [], compile_detection=None, directory=directory_of(declared), keep=True
    )
    for i, event in enumerate(events()):
        event.sensor, event.seq = "s", i
    engine.ingest([*events()])
    engine.tick()
    engine.store.close()
    Desk(beside(made)).close()
    return made
