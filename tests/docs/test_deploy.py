"""Units, image and service start commands that exist, with options that exist."""

import re

import click
import pytest

from engine.cli.main import main as atp
from engine.daemon.main import main as atp_run

COMMAND = re.compile(
    r"^ExecStart(?:Pre)?=\S*/(atp-run|atp) (.*)$|^ +<(arguments)>(.*)</arguments>|`(atp-run|atp) (.*?)`",
    re.MULTILINE,
)
FILES = (
    "systemd/atp-engine.service", "systemd/atp-sensor.service", "windows/atp-sensor.xml",
    "windows/README.md",
)  # fmt: skip


def options(command):
    return {name for p in command.params for name in (*p.opts, *p.secondary_opts)}


@pytest.mark.parametrize("name", FILES)
def test_commands(root, name):
    text = (root / "deploy" / name).read_text(encoding="utf-8")
    lines = [[part for part in found if part] for found in COMMAND.findall(text)]
    assert lines
    for program, said in lines:
        words = said.split()
        command = atp_run
        if program == "atp":
            context = click.Context(atp)
            group = atp.get_command(context, words[0])
            assert group is not None, said
            command = group.commands[words[1]]
        asked = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert asked - options(command) == set()


@pytest.mark.parametrize("name", FILES[:2])
def test_units_are_hardened(root, name):
    text = (root / "deploy" / name).read_text(encoding="utf-8")
    for line in (
        "NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes",
        "UMask=0077", "Restart=on-failure", "SystemCallFilter=@system-service",
    ):  # fmt: skip
        assert f"\n{line}\n" in text
    assert not re.search(r"^User=root$", text, re.MULTILINE)
