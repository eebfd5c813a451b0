"""atp-run on an interface raises what `atp replay` raises of the same packets."""

import json
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner
from pcap_file import read_pcap

from engine.cli.main import main

DIRECTORY = """\
domains:
  - {name: corp.lab.test, netbios: CORP}
hosts:
  - {name: dc1.corp.lab.test, addresses: [10.77.0.10], tags: [dc, dns_server]}
  - {name: dc2.corp.lab.test, addresses: [10.77.0.11], tags: [dc, dns_server]}
accounts:
  - {name: honey, tags: [honeytoken]}
groups:
  - {name: domain admins, sensitive: true}
"""
SPEED = 4
"""So much faster than they were recorded are the packets sent."""


def play(cable, packets, speed=SPEED):
    """Send packets at the left end in their rhythm."""
    began, first = time.monotonic(), packets[0][0]
    with cable.sender("left") as sender:
        for ts, frame in packets:
            wait = (ts - first) / 1e6 / speed - (time.monotonic() - began)
            if wait > 0.001:
                time.sleep(wait)
            sender.send(frame)


def kinds(alerts):
    """What an alert is about, whenever it was."""
    return {(a["detection"], str(a["source"]), str(a["actor"])) for a in alerts}


@pytest.mark.lab
@pytest.mark.slow
def test_live_as_replayed(cable, atp_run, tmp_path, root, atp_lab):
    recording = atp_lab / "capture" / "suspicious.pcap"
    directory = tmp_path / "directory.yaml"
    directory.write_text(DIRECTORY)
    rules = ["--detections", root / "detections", "--directory", directory]
    done = CliRunner().invoke(
        main, list(map(str, ["replay", recording, *rules, "--format", "json"]))
    )
    replayed = [json.loads(line) for line in done.stdout.splitlines()]
    wanted = kinds(replayed)
    assert len({d for d, _, _ in wanted}) >= 10

    run = atp_run(
        "--interface", "right", "--directory", directory, watch=False, rules=root / "detections",
        within=["ip", "netns", "exec", cable.name],
    ).begun()  # fmt: skip
    play(cable, read_pcap(recording))
    run.wait(run.standing)
    time.sleep(2)  # the last packets
    run.later()
    end = time.monotonic() + 30
    while kinds(run.standing()) != wanted and time.monotonic() < end:
        time.sleep(0.5)
    assert run.stop()[0] == 0
    assert kinds(run.standing()) == wanted
    assert run.err == "watching right (ring of 128 MB), as root without privileges\n"


def test_an_interface_and_a_folder(cable, atp_run, watched, recording):
    """Both sources at once: what comes late through the folder is judged as well."""
    from pcap_file import pcap_bytes

    run = atp_run("--interface", "right", within=["ip", "netns", "exec", cable.name]).begun()
    half = len(recording) // 2
    play(cable, recording[:200])
    (watched / "a.pcap").write_bytes(pcap_bytes(recording[:half]))
    run.wait(run.changes)
    assert {c["source"] for c in run.changes()} == {"ip:10.20.30.66"}
    assert run.stop()[0] == 0


def test_two_interfaces(cable, atp_run, recording):
    """Each is a sensor of its own; what both see counts once."""
    run = atp_run(
        "--interface", "right", "--interface", "left", "--interface", "right", watch=False,
        within=["ip", "netns", "exec", cable.name],
    ).begun()  # fmt: skip
    play(cable, recording[3800:4000], 40)
    run.wait(run.standing)
    assert run.stop()[0] == 0
    both = "watching right (ring of 128 MB), left (ring of 128 MB), as root without privileges\n"
    assert run.err == both
    assert [c["source"] for c in run.standing()] == ["ip:10.20.30.66"]


@pytest.mark.slow
def test_a_capture_beside_the_engine_leaves_others_their_share(cable, atp_run, recording):
    run = atp_run(
        "--interface", "right", "--reserve", "90", watch=False,
        within=["ip", "netns", "exec", cable.name],
    ).begun()  # fmt: skip

    def short():
        play(cable, recording[:2000], 2000)  # more than its share of a host that is busy
        return "the host is short of" in run.err

    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        try:
            run.wait(short)
        finally:
            busy.kill()
    assert run.stop()[0] == 0


def test_the_portable_input(cable, atp_run, recording):
    pytest.importorskip("scapy")
    run = atp_run(
        "--interface", "pcap:right", watch=False, within=["ip", "netns", "exec", cable.name]
    ).begun()
    play(cable, recording[3800:4000], 40)
    run.wait(run.standing)
    assert run.stop()[0] == 0
    assert run.err == "watching right (libpcap), as root without privileges\n"


def test_an_interface_that_goes_away(cable, atp_run):
    run = atp_run("--interface", "right", watch=False, within=["ip", "netns", "exec", cable.name])
    run.begun()
    cable.ip("link", "del", "right")
    run.wait(lambda: "`right` is gone; waiting for it" in run.err)
    code, seconds = run.stop()
    assert code == 0
    assert seconds < 10


def test_nothing_is_left_behind_in_python(cable):
    """Capturing ends with the process, whatever its thread does."""
    program = (
        "from sensor.inputs.live import LiveCapture\n"
        "from engine.daemon.capture import Capture\n"
        "Capture(LiveCapture('right'))\n"
    )
    command = ["ip", "netns", "exec", cable.name, sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, timeout=20, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
