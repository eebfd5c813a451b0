"""The list of commands, slips in their names, what is imported."""

import subprocess
import sys
from pathlib import Path

import pytest

import engine.cli
from engine.cli.main import main

COMMANDS = [
    "accounts", "alerts", "audit", "backup", "check", "config", "coverage", "decode", "erase", "explain", "fmt", "health", "import", "instance", "lsp", "models", "new", "paths", "posture",
    "profiles", "replay", "report", "restore", "schema", "sensors", "sinks", "test", "tokens", "tune",
]  # fmt: skip


def test_help_lists_the_commands_and_exit_codes(atp):
    done = atp("--help")
    assert done.code == 0
    listed = done.out.partition("Commands:\n")[2].partition("\n\n")[0]
    names = [line.split()[0] for line in listed.splitlines() if line[2] != " "]
    assert names == COMMANDS
    assert "Exit codes: 0 done" in done.out


def test_a_command_is_a_module_whose_first_line_says_so():
    folder = Path(engine.cli.__file__).parent
    names = [(p.stem.removesuffix("_"), p) for p in folder.glob("*.py")]
    said = [n for n, p in names if p.read_text().startswith(f'"""{n}: ')]
    assert sorted(said) == main.list_commands(None) == COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help(atp, name):
    done = atp(name, "--help")
    assert done.code == 0
    assert done.out.startswith(f"Usage: atp {name} ")
    assert atp(name, "-h").out == done.out


@pytest.mark.parametrize(
    ("slip", "hint"),
    [
        ("chekc", "did you mean `check`?"),
        ("Replay", "did you mean `replay`?"),
        ("xyzzy", "see `atp --help`"),
        ("main", "see `atp --help`"),
        ("../main", "see `atp --help`"),
        ("", "see `atp --help`"),
    ],
)
def test_a_slip_in_the_name(atp, slip, hint):
    done = atp(slip)
    assert (done.code, done.out) == (2, "")
    assert done.err == f"error: there is no command `{slip}`\n  = hint: {hint}\n"


def test_without_a_command_help_is_shown(atp):
    done = atp()
    assert done.code == 2
    assert "Commands:" in done.out + done.err


def test_version(atp):
    out = atp("--version").out
    assert out.startswith("atp ")
    assert out.endswith((" (pure Python)\n", " (compiled)\n"))


def test_help_imports_nothing_slow():
    code = (
        "import sys\n"
        "from engine.cli.main import main\n"
        "try: main(['--help'], prog_name='atp')\n"
        "except SystemExit: pass\n"
        "print(sorted(m for m in sys.modules if m.split('.')[0] in "
        "('dsl', 'sensor', 'duckdb', 'pyarrow', 'numpy', 'msgspec', 'lark', 'rich', 'yaml')))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
