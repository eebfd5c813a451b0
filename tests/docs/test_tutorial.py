"""The tutorial, done as it is written: its commands in a shell, its rule in a file, its outputs seen."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys

import pytest

_STEP = re.compile(
    r"^```(?P<language>\w+)\n(?P<text>.*?)^```$|^<!-- edit: (?P<old>.*?) => (?P<new>.*?) -->$",
    re.MULTILINE | re.DOTALL,
)
RULE = "rules/detections/credential_access/many_accounts.yaml"


class Shell:
    """A shell that keeps its folder and variables from one command to the next."""

    def __init__(self, home, root):
        self.home = home
        tool = home / "bin" / "atp"
        tool.parent.mkdir()
        program = "from engine.cli.main import main; main(prog_name='atp')"
        tool.write_text(f'#!/bin/sh\nexec {sys.executable} -c {shlex.quote(program)} "$@"\n')
        tool.chmod(0o755)
        path = f"{tool.parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {**os.environ, "HOME": str(home), "PATH": path, "NO_COLOR": "1"}
        (home / "state").write_text(f"cd {shlex.quote(str(root))}\n")

    def run(self, text):
        """Output of both kinds; a command that fails is a failure."""
        lines = [line for line in text.splitlines() if not line.startswith("make ")]
        script = "\n".join([
            f". {self.home}/state", *lines,
            f'{{ export -p; echo "cd $(pwd)"; }} > {self.home}/state',
        ])  # fmt: skip
        done = subprocess.run(
            ["bash", "-ec", script],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr


def shown(expected, output):
    """Whether the lines of an example stand in the output in their order; `…` is anything."""
    lines = iter(output.splitlines())
    for line in expected.splitlines():
        begin, more, _ = line.partition("…")
        if not any(o.startswith(begin) if more else o == line for o in lines):
            return False
    return True


@pytest.mark.slow
def test_it_goes_as_it_is_told(root, tmp_path, open_page):
    shell = Shell(tmp_path, root)
    rule = tmp_path / RULE
    output, outputs, edits = "", 0, 0
    for step in _STEP.finditer(open_page(root / "docs" / "tutorial.md").text):
        text = step["text"]
        match step["language"]:
            case "sh":
                output = shell.run(text)
            case "yaml":
                written = rule.read_text()
                rule.write_text(written[: written.index("params:")] + text)
            case "text" if text.startswith("  - name:"):
                rule.write_text(rule.read_text() + text)
            case "text":
                outputs += 1
                assert shown(text, output), f"{text}\n--- is not in\n{output}"
            case _:
                edits += 1
                assert step["old"] in rule.read_text()
                rule.write_text(rule.read_text().replace(step["old"], step["new"]))
    assert (outputs, edits) == (7, 3)


def test_an_example_that_differs_is_found():
    assert shown("a\n…\nc …", "a\nb\nc d")
    assert not shown("a\nc", "c\na")
    assert not shown("a b", "a  b")
