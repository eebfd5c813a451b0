"""Colours, hostile text, damages."""

import os
import pty
from pathlib import Path

import pytest

from engine.cli import output
from sensor.inputs.damage import Damage
from sensor.inputs.files import FileSummary


def on_terminal(spawn, *args, env=None):
    """What a command writes to a terminal, both streams."""
    master, slave = pty.openpty()
    process = spawn(*args, env=env, stdout=slave, stderr=slave, stdin=slave)
    os.close(slave)
    seen = b""
    while True:
        try:
            data = os.read(master, 65536)
        except OSError:  # all ends are closed
            break
        seen += data
    os.close(master)
    process.wait(20)
    return seen.decode()


def test_colours_are_for_terminals(spawn, atp, capture):
    assert "\x1b[1mdns_query\x1b[0m" in on_terminal(spawn, "decode", "small.pcap")
    assert "\x1b[31m" in on_terminal(spawn, "replay", "no.pcap")
    for args in (["decode", "small.pcap"], ["replay", "no.pcap"], ["schema"], ["explain", "D0203"]):
        done = atp(*args)
        assert "\x1b" not in done.out + done.err


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_can_be_refused(spawn, capture, env):
    for args in (["decode", "small.pcap"], ["replay", "no.pcap"], ["explain", "D0203"]):
        seen = on_terminal(spawn, *args, env=env)
        assert seen
        assert "\x1b" not in seen


def test_an_empty_no_color_refuses_nothing(spawn, capture):
    assert "\x1b[" in on_terminal(spawn, "decode", "small.pcap", env={"NO_COLOR": ""})


def summary(*reasons, fault=None):
    damages = [Damage(i, r) for i, r in enumerate(reasons)]
    return FileSummary(Path("a\x1b[2Jb"), "capture", 1, damages, {}, fault)


def test_damages_are_told_with_offset_and_reason(capsys):
    assert not output.report_damage(summary())
    assert output.report_damage(summary("cut"))
    told = "warning: a\\x1b[2Jb: damaged at offset 0: cut; the rest is used\n"
    assert capsys.readouterr().err == told


def test_many_damages_are_counted(capsys):
    assert output.report_damage(summary(*"abcdefgh"))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 6
    assert lines[-1].endswith(": 3 more damaged parts")


def test_a_fault_of_ours_is_told(capsys):
    assert not output.report_damage(summary(fault="ldap: ValueError: x"))
    assert "please report: ldap: ValueError: x" in capsys.readouterr().err
