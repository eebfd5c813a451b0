"""Privileges are gone once the interfaces are open, and the capture goes on."""

import json
import os
import pwd
import subprocess
import sys
import textwrap
from unittest.mock import MagicMock

import pytest

from engine.daemon import privileges
from engine.daemon.privileges import PrivilegeError, successor, unwritable

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
BEFORE = """
import json, os, pwd, socket, sys, time
from pathlib import Path
sys.path[:0] = {paths!r}
from engine.daemon.capture import Capture
from engine.daemon.privileges import PrivilegeError, give_up
from sensor.inputs.live import LiveCapture
import frames

def attempt(what):
    try:
        what()
    except OSError as error:
        return type(error).__name__
    return "done"

def status():
    rows = (row.split(":", 1) for row in Path("/proc/self/status").read_text().splitlines())
    return {{name: value.split() for name, value in rows if name[:3] in ("Uid", "Gid", "Cap", "NoN")}}

live = LiveCapture("right")
user = {user!r}
give_up(pwd.getpwnam(user) if user else None)
"""
AFTER = """
capture = Capture(live)
told = {"status": status()}
told["raw"] = attempt(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3))
told["promiscuous"] = attempt(lambda: os.setuid(0)) if os.getuid() else "PermissionError"
sender = socket.socket(fileno=3)
for number in range(5):
    head = frames.udp(50_000, 53, bytes([0, number]) + b"\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\1a\\0\\0\\1\\0\\1")
    sender.send(frames.ether(frames.ipv4("10.0.0.5", "10.0.0.1", 17, head)))
end = time.monotonic() + 5
while capture._driver._front.packets < 5 and time.monotonic() < end:
    time.sleep(0.05)
told["packets"] = capture._driver._front.packets
told["events"] = [type(e).__name__ for e in capture.close()].count("DnsQuery")
told["fault"] = capture.fault
print(json.dumps(told))
"""


def run(cable, user, before=BEFORE):
    """What the program tells that gives up its privileges between opening and reading."""
    paths = [p for p in sys.path if p]
    program = textwrap.dedent(before.format(paths=paths, user=user) + AFTER)
    with cable.sender("left") as sender:
        os.set_inheritable(sender.fileno(), True)
        done = subprocess.run(
            ["ip", "netns", "exec", cable.name, "bash", "-c", f'exec "$@" 3<&{sender.fileno()}',
             "bash", sys.executable, "-c", program],
            capture_output=True, timeout=60, check=False, pass_fds=[sender.fileno()],
        )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


@ROOT_ONLY
@pytest.mark.parametrize("user", ["nobody", None])
def test_the_capture_goes_on_without_any(cable, user):
    told = run(cable, user)
    wanted = pwd.getpwnam(user).pw_uid if user else 0
    assert told["status"]["Uid"] == [str(wanted)] * 4
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert told["status"][name] == ["0" * 16], name
    assert told["status"]["NoNewPrivs"] == ["1"]
    assert told["raw"] == "PermissionError"
    assert told["promiscuous"] == "PermissionError"
    assert (told["packets"], told["events"], told["fault"]) == (5, 5, "")


@ROOT_ONLY
def test_an_interface_that_comes_back_is_bound_without_any(cable):
    """The socket was opened with privileges, and binding it anew needs none."""
    reopening = """
import subprocess
subprocess.run(["ip", "link", "del", "right"], check=True)
subprocess.run("ip link add left type veth peer name right; ip link set left up; "
               "ip link set right up", shell=True, check=True)
sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
sender.bind(("left", 0))
os.dup2(sender.fileno(), 3)
give_up(pwd.getpwnam(user))
live.reopen()
"""
    before = BEFORE.replace("give_up(pwd.getpwnam(user) if user else None)\n", "") + reopening
    told = run(cable, "nobody", before)
    assert told["raw"] == "PermissionError"
    assert told["events"] == 5


def test_who_is_next(tmp_path, monkeypatch):
    monkeypatch.setattr(privileges.os, "geteuid", lambda: 0)
    assert successor("nobody", tmp_path).pw_name == "nobody"
    assert successor(None, tmp_path).pw_uid == tmp_path.stat().st_uid
    assert successor(None, tmp_path / "missing") is None
    with pytest.raises(PrivilegeError, match="there is no user `nosuchuser`"):
        successor("nosuchuser", tmp_path)
    monkeypatch.setattr(privileges.os, "geteuid", lambda: 1000)
    assert successor(None, tmp_path) is None


def test_root_that_cannot_become_another(monkeypatch):
    def refused(groups):
        raise PermissionError(1, "Operation not permitted")

    nobody = pwd.getpwnam("nobody")
    monkeypatch.setattr(privileges.os, "geteuid", lambda: 0)
    monkeypatch.setattr(privileges.os, "setgroups", refused)
    monkeypatch.setattr(privileges.ctypes, "CDLL", lambda *_, **__: MagicMock())
    with pytest.raises(PrivilegeError, match="cannot become `nobody`: Operation not permitted"):
        privileges.give_up(nobody)


def test_what_cannot_be_written(tmp_path):
    assert unwritable(tmp_path / "new") is None
    assert unwritable(tmp_path / "no" / "new") == tmp_path / "no"


@ROOT_ONLY
def test_the_folder_must_be_the_users(atp_run, cable):
    run = atp_run(
        "--interface", "right", "--user", "nobody", watch=False,
        within=["ip", "netns", "exec", cable.name],
    )  # fmt: skip
    assert run.process.wait(20) == 2
    assert "error: `nobody` may not write to /" in run.err
    assert "hint: `chown nobody /" in run.err


@ROOT_ONLY
def test_there_must_be_such_a_user(atp_run, cable):
    run = atp_run(
        "--interface", "right", "--user", "nosuchuser", watch=False,
        within=["ip", "netns", "exec", cable.name],
    )  # fmt: skip
    assert run.process.wait(20) == 2
    assert "error: there is no user `nosuchuser`" in run.err
