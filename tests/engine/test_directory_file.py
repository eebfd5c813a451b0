"""The directory file: what it declares and how it complains."""

import json

import pytest

from engine.directory_file import read_directory_file
from engine.entities import Directory
from engine.entities_build import declare
from engine.lists import exclusion_row, list_row

GOOD = """
domains:
  - {name: Corp.Lab.Test, netbios: CORP, sid: S-1-5-21-1-2-3, ticket_lifetime: 10h}
hosts:
  - {name: DC1.corp.lab.test, addresses: [10.77.0.10], tags: [dc, dns_server]}
  - {name: ws9, addresses: [10.77.0.50], account: WS9$}
accounts:
  - name: Alice
    sid: S-1-5-21-1-2-3-1105
    created: 2024-03-01
    uac: [dont_req_preauth]
    spns: [HTTP/web1.corp.lab.test]
    tags: [honeytoken]
groups:
  - {name: Domain Admins, members: [alice, bob@other.test]}
networks:
  - {network: 10.9.0.0/16, tags: [vpn_pool]}
"""


def read(tmp_path, text):
    path = tmp_path / "directory.yaml"
    path.write_text(text)
    return read_directory_file(path)


def test_what_a_file_declares(tmp_path):
    file, found = read(tmp_path, GOOD)
    assert found == []
    directory = Directory()
    declare(directory, file.objects)
    rows = directory.take_rows()
    objects = {o.key: o for o in rows.objects}
    alice = objects["alice@corp.lab.test"]
    assert (alice.name, alice.created, alice.uac) == (
        "alice",
        1_709_251_200_000_000,
        ("dont_req_preauth",),
    )
    assert objects["dc1.corp.lab.test"].tags == ("dc", "dns_server")
    assert objects["dc1$@corp.lab.test"].tags == ("dc", "dns_server")
    assert objects["ws9.corp.lab.test"].account == "ws9$@corp.lab.test"
    admins = objects["domain admins@corp.lab.test"]
    assert (admins.rid, admins.sensitive) == (512, True)
    assert {m.member_key for m in rows.members} == {"alice@corp.lab.test", "bob@other.test"}
    assert directory.account("CORP\\alice") == directory.account("S-1-5-21-1-2-3-1105")
    assert directory.host("ip:10.77.0.50", 5) == "ws9.corp.lab.test"
    assert directory.spn_account("http/WEB1.corp.lab.test") == "alice@corp.lab.test"
    assert directory.domains["corp.lab.test"].ticket_lifetime == 36_000_000_000
    assert [(n.tag, n.network) for n in file.networks] == [("vpn_pool", "10.9.0.0/16")]


def test_json_is_yaml(tmp_path):
    text = json.dumps({"hosts": [{"name": "dc1", "domain": "corp.test", "tags": ["dc"]}]})
    file, found = read(tmp_path, text)
    assert found == []
    assert file.objects[0].name == "dc1.corp.test"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("hosts:\n  - {name: a, tags: [dcc]}", 2, "no tag `dcc`"),
        ("hosts:\n  - {name: a, addresses: [10.0.0.300]}", 2, "no address"),
        ("hosts:\n  - {name: a}\n  - {name: A}", 3, "twice"),
        ("hosts:\n  - {nam: a}", 2, "no key `name`"),
        ("accounts:\n  - {name: a, uac: [nope]}", 2, "`nope` does not exist"),
        ("accounts:\n  - {name: a, created: yesterday}", 2, "no day"),
        ("networks:\n  - {network: x, tags: [nat]}", 2, "no network"),
        ("networks:\n  - {network: 10.0.0.0/8, tags: [dc]}", 2, "no tag `dc`"),
        ("host: []", 1, "no key `host`"),
        ("hosts: 5", 1, "a list"),
        ("hosts: [", 1, "YAML"),
    ],
)
def test_faults_have_their_place(tmp_path, text, line, words):
    file, found = read(tmp_path, text)
    assert file is None
    assert any(words in d.message and d.span.line == line for d in found), found


def test_lists_ignore_case_and_hold_networks():
    assert list_row("x", "account", "Alice", expires=7).valid_to == 7
    row = list_row("x", "ip", "10.0.0.0/30")
    assert (row.cidr_low[-1], row.cidr_high[-1]) == (0, 3)
    with pytest.raises(ValueError):
        list_row("x", "ip", "nowhere")


def test_an_exclusion_applies_to_a_role_a_kind_or_all():
    assert exclusion_row("dcsync", "source", "WS9").kind == "source"
    assert exclusion_row("dcsync", "text", "WS9").cidr_low is None
    assert exclusion_row("dcsync", "ip", "10.0.0.1").cidr_low[-4:] == bytes([10, 0, 0, 1])
