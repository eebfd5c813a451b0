"""replay of event trace logs with the shipped detections: DCShadow and DCSync from a controller's own trace."""

from __future__ import annotations

import json

import etlfile
import pytest
from etlfile import DRSUAPI, RPC

TRACE = "dc1.corp.example.etl"
DIRECTORY = """
domains:
  - {name: corp.example, netbios: CORP}
hosts:
  - {name: dc1.corp.example, addresses: [10.0.0.1], tags: [dc]}
  - {name: dc2.corp.example, addresses: [10.0.0.2], tags: [dc]}
  - {name: ws9.corp.example, addresses: [10.0.0.9]}
"""
RULES = (
    "credential_access/dcsync.yaml",
    "defense_evasion/dcshadow_promotion.yaml",
    "defense_evasion/dcshadow_replication.yaml",
)


def served(opnum, address, seconds):
    data = etlfile.rpc_call(DRSUAPI, opnum, 1, address, "49667")
    return etlfile.event(RPC, 6, 1, data, seconds)


def called(opnum, name, seconds):
    data = etlfile.rpc_call(DRSUAPI, opnum, 1, name, "49667")
    return etlfile.event(RPC, 5, 1, data, seconds)


@pytest.fixture
def alerts(atp, tmp_path, root):
    rules = tmp_path / "rules"
    rules.mkdir()
    for name in ("lists", "relations"):
        (rules / name).symlink_to(root / "detections" / name)
    for name in RULES:
        (rules / name.rpartition("/")[2]).symlink_to(root / "detections" / name)

    def run(*events):
        trace = tmp_path / TRACE
        trace.write_bytes(etlfile.log(list(events)))
        directory = tmp_path / "directory.yaml"
        directory.write_text(DIRECTORY)
        done = atp(
            "replay", trace, "--detections", rules, "--directory", directory, "--format", "json"
        )
        assert done.code == 0, done.err
        return {
            (alert["detection"], alert["source"], alert["target"])
            for alert in map(json.loads, done.out.splitlines())
        }

    return run


def test_a_false_controller_and_a_thief(alerts):
    ws9, dc1 = "ws9.corp.example", "dc1.corp.example"
    assert alerts(served(17, "10.0.0.9", 1), served(5, "10.0.0.9", 2), called(3, ws9, 3)) == {
        ("dcshadow_promotion", ws9, dc1),
        ("dcshadow_replication", ws9, dc1),
    }
    assert alerts(served(3, "10.0.0.9", 1)) == {("dcsync", ws9, dc1)}


def test_controllers_among_themselves(alerts):
    alias = "0f1e2d3c-0000-4000-8000-0123456789ab._msdcs.corp.example"
    assert alerts(
        served(3, "10.0.0.2", 1), served(5, "10.0.0.2", 2), served(17, "10.0.0.2", 3),
        called(3, "dc2.corp.example", 4), called(3, alias, 5), served(3, "", 6), served(5, "", 7),
    ) == set()  # fmt: skip
