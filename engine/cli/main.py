"""`atp`: finds its commands in this folder and imports only the one that is called.

A command is a module here with a click command named `command`; its first docstring line is the
help that the list shows. Must not import anything slow: `atp --help` answers in 0.2 s.
"""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import click

EXIT_CODES = """
Exit codes: 0 done, nothing wrong; 1 the answer is no (a rule has errors, a test fails, a file is
not formatted, an input is damaged and was used in part); 2 not done (wrong usage, unreadable input).
"""
_NOT_COMMANDS = {"__init__", "main", "output", "inputs", "paths"}


class Commands(click.Group):
    """A group whose commands are the modules of this folder."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all modules that are commands."""
        del ctx
        names = {p.stem for p in Path(__file__).parent.glob("*.py")}
        return sorted(names - _NOT_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; None if there is none."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"engine.cli.{cmd_name}").command
        assert isinstance(command, click.Command)  # noqa: S101 - a module here without one is a bug
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by the first line of their modules, without importing them."""
        rows = []
        for name in self.list_commands(ctx):
            source = (Path(__file__).parent / f"{name}.py").read_text(encoding="utf-8")
            doc = ast.get_docstring(ast.parse(source)) or ""
            rows.append((name, doc.splitlines()[0].split(": ", 1)[-1]))
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click, with the nearest name where there is no such command."""
        import difflib  # noqa: PLC0415 - only for a slip

        if args and args[0] not in self.list_commands(ctx) and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            hint = f" Did you mean `{near[0]}`?" if near else ""
            ctx.fail(f"There is no command `{args[0]}`.{hint}")
        return super().resolve_command(ctx, args)


def _version(ctx: click.Context, _param: click.Parameter, value: object) -> None:
    if value and not ctx.resilient_parsing:
        from importlib.metadata import version  # noqa: PLC0415 - only when asked

        click.echo(f"atp {version('atp')}")
        ctx.exit()


@click.group(
    cls=Commands, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option(
    "--version", is_flag=True, callback=_version, expose_value=False, is_eager=True,
    help="Show the version and exit.",
)  # fmt: skip
def main() -> None:
    """Write, check, test and run detections of attacks on identities."""
