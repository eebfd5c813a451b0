"""Command lines in the pages name commands and options that exist."""

import re
import shlex

import click
import pytest

from engine.cli.main import Commands
from engine.cli.main import main as atp
from engine.daemon.main import main as atp_run

_LINE = re.compile(r"^(?:\S*/)?(atp|atp-run)(?=\s|$)")


def _commands(page):
    """Command lines of shell fences and code spans, cut at `&&`, pipes and comments."""
    texts = [line for f in page.fences if f.language == "sh" for line in f.text.splitlines()]
    for text in (*texts, *page.spans):
        for part in re.split(r"&&|\|(?![\w])|;|(?<!\S)#", text):
            command = part.strip().lstrip("$ ")
            if _LINE.match(command):
                yield command


def _options(command):
    options = (p for p in command.params if isinstance(p, click.Option))
    return {"-h", "--help"} | {name for p in options for name in (*p.opts, *p.secondary_opts)}


def _fault(line):
    program, *words = shlex.split(line.replace("…", ""))
    if program.endswith("atp-run"):
        command = atp_run
    else:
        context = click.Context(atp)
        names = [w for w in words if not w.startswith("-")]
        command = atp.get_command(context, names[0]) if names else atp
        if command is None:
            return f"there is no command {names[0]}"
        program = names[0] if names else program
        if isinstance(command, click.Group) and names[1:]:
            command = command.commands.get(names[1], command)
    for word in words:
        option = word.strip("[]").partition("=")[0]
        if option.startswith("-") and option not in _options(command):
            return f"{program} has no option {option}"
    return None


def test_commands_and_options_exist(page):
    faults = {line: _fault(line) for line in _commands(page)}
    assert {line: fault for line, fault in faults.items() if fault} == {}


@pytest.mark.parametrize("name", ["docs/operations.md"])
def test_every_command_is_told(open_page, root, name):
    assert isinstance(atp, Commands)
    told = {line.split()[1] for line in _commands(open_page(root / name)) if " " in line}
    assert set(atp.list_commands(click.Context(atp))) - told == set()


def test_make_targets_exist(page, root):
    targets = set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text(), re.MULTILINE))
    lines = [line for f in page.fences if f.language == "sh" for line in f.text.splitlines()]
    asked = {m[1] for text in (*page.spans, *lines) if (m := re.match(r"make ([a-z]+)", text))}
    assert asked - targets == set()


def test_a_wrong_line_is_found():
    assert _fault("atp lint") == "there is no command lint"
    assert _fault(".venv/bin/atp check --strict x") == "check has no option --strict"
    assert _fault("atp-run --watch /x --nothing") is not None
    assert _fault("atp test --format json [--verbose]") is None
