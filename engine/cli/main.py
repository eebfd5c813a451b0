"""`atp`: finds its commands in this folder and imports only the one that is called.

A command is a module here whose docstring begins with its own name and a colon; the rest of that
line is the help in the list, and `command` in it the click command. A name that Python keeps for
itself has `_` behind it in the file's name (`import_.py`). Must not import anything slow: `atp --help` answers in 0.2 s
(`bench/start.py`).
"""

from __future__ import annotations

import importlib
from pathlib import Path

import click

from engine.cli import ending
from engine.cli.release import version_option

_FOLDER = Path(__file__).parent
EXIT_CODES = """
Exit codes: 0 done, nothing wrong; 1 the answer is no (a rule has errors, a test fails, a file is
not formatted, an input is damaged and was used in part); 2 not done (wrong usage, unreadable input).
"""


class Commands(ending.Command, click.Group):
    """A group whose commands are the modules of this folder."""

    dies_of_broken_pipes = True

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all modules that are commands."""
        del ctx
        names = {p.stem.removesuffix("_") for p in _FOLDER.glob("*.py")}
        return sorted(name for name in names if _help(name) is not None)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; None if there is none."""
        del ctx
        if _help(cmd_name) is None:
            return None
        command = importlib.import_module(f"engine.cli.{_module(cmd_name)}").command
        assert isinstance(command, click.Command)  # noqa: S101 - a module here without one is a bug
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by the first line of their modules, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _help(name) or "") for name in self.list_commands(ctx)])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click, with the nearest name where there is no such command."""
        name = args[0]
        if not name.startswith("-") and _help(name) is None:
            import difflib  # noqa: PLC0415 - only for a slip

            near = difflib.get_close_matches(name, self.list_commands(ctx), n=1)
            hint = f"did you mean `{near[0]}`?" if near else "see `atp --help`"
            raise ending.UsageError(f"there is no command `{name}`", ctx, hint)
        return super().resolve_command(ctx, args)


def _module(name: str) -> str:
    return f"{name}_" if (_FOLDER / f"{name}_.py").is_file() else name


def _help(name: str) -> str | None:
    """The help of the command of that name; None where no module here is that command."""
    if not name.isidentifier():
        return None
    try:
        with (_FOLDER / f"{_module(name)}.py").open(encoding="utf-8") as file:
            first = file.readline()
    except OSError:
        return None
    start = f'"""{name}: '
    return first[len(start) :].strip().strip('".') if first.startswith(start) else None


@click.group(
    cls=Commands, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]}
)
@version_option
def main() -> None:
    """Write, check, test and run detections of attacks on identities."""
