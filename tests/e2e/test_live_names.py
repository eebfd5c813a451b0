"""The live lab: a domain's hosts asked for their names, as `atp-run --probe-networks` asks them.

Builds a domain of `$ATP_LAB` of its own (root). Runs where `ATP_LIVE_LAB` is set.
"""

from __future__ import annotations

import json
import os
import sys

import pytest
from live_lab import Lab

pytestmark = [
    pytest.mark.lab,
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.environ.get("ATP_LIVE_LAB"), reason="set ATP_LIVE_LAB to build the live lab (root)"
    ),
]

NETWORK = "10.97.0"
ASK = """
import asyncio, json, sys
from sensor.inputs.names import UNANSWERED, methods

async def ask(method, address):
    try:
        return await asyncio.wait_for(method.ask(address), 5)
    except UNANSWERED:
        return "silent"

async def main():
    return {a: {n: await ask(m, a) for n, m in methods().items()} for a in sys.argv[1:]}

print(json.dumps(asyncio.run(main())))
"""


@pytest.fixture(scope="module")
def named(atp_lab, tmp_path_factory):
    """What the controller and the client say, asked from the client."""
    lab = Lab(atp_lab, tmp_path_factory.mktemp("lab"), "citnm", NETWORK, "NAMES")
    lab.script("up.sh", "--no-dc2")
    try:
        zone = ".".join(reversed(NETWORK.split("."))) + ".in-addr.arpa"
        tool = ("samba-tool", "dns")
        as_admin = ("-U", f"administrator%{lab.setting('ADMINPASS')}")
        lab.on("dc1", *tool, "zonecreate", "dc1.names.lab.test", zone, *as_admin)
        host = "client.names.lab.test"
        lab.on("dc1", *tool, "add", "dc1.names.lab.test", zone, "50", "PTR", host, *as_admin)
        said = lab.on("client", sys.executable, "-c", ASK, f"{NETWORK}.10", f"{NETWORK}.50")
        yield json.loads(said.splitlines()[-1])
    finally:
        lab.script("down.sh", "--purge")


def test_a_controller_names_itself(named):
    assert named[f"{NETWORK}.10"] == {
        "dns": None,
        "netbios": "name:DC1",
        "ntlm": "dc1.names.lab.test",
        "rdp": "silent",
    }


def test_who_says_nothing_is_known_to_dns(named):
    said = named[f"{NETWORK}.50"]
    assert said == {"dns": "client.names.lab.test", "netbios": "silent", "ntlm": "silent", "rdp": "silent"}  # fmt: skip
