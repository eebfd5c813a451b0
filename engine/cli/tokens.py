"""tokens: make, list and revoke tokens of the API."""

from __future__ import annotations

import sqlite3
import sys
import time
from typing import TYPE_CHECKING

import click

from engine.cli import desk as desks
from engine.cli import ending, output
from engine.cli.period import Length
from engine.printable import printable

if TYPE_CHECKING:
    from pathlib import Path

    from portal.access.tokens import Token, Tokens


class Group(ending.Command, click.Group):
    """A group with our endings."""


@click.group(cls=Group)
def command() -> None:
    """Make, list and revoke tokens of the API; atp-run may be running.

    What is changed holds at the next request, and stands in the audit log (`atp audit`).
    """


@command.command("create", cls=ending.Command)
@desks.DATABASE
@click.argument("name")
@click.option("--role", required=True, type=click.Choice(["viewer", "user", "administrator"]),
              help="viewer: read; user: also decide about alerts; administrator: everything.")  # fmt: skip
@click.option(
    "--expires", type=Length(), metavar="90d", help="How long it is valid; default: for ever."
)
def create(database: Path, name: str, role: str, expires: int | None) -> None:
    """Make a token and write it to standard output. It is told this once."""
    from portal.access.roles import Role  # noqa: PLC0415 - starts fast
    from portal.access.tokens import TokenError  # noqa: PLC0415

    tokens, now, person = _open(database), _now(), desks.who()
    end = None if expires is None else now + expires
    try:
        text = tokens.create(name, Role(role), person, now, end)
    except TokenError as error:
        output.fail(str(error), "see `atp tokens list`")
    _log(database, person, "create", name, {"role": role, "expires": end}, now)
    click.echo(text)


@command.command("list", cls=ending.Command)
@desks.DATABASE
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
              help="json: a token a line.")  # fmt: skip
def list_tokens(database: Path, form: str) -> None:
    """List tokens, without what they are."""
    import msgspec  # noqa: PLC0415 - starts fast

    from engine.event_json import json_line  # noqa: PLC0415

    every, now = _open(database).tokens(), _now()
    for token in every:
        if form == "json":
            output.write(json_line(msgspec.to_builtins(token)))
        else:
            click.echo(_line(token, now))
    if form == "text" and not every:
        click.echo("there is no token")


@command.command("revoke", cls=ending.Command)
@desks.DATABASE
@click.argument("name")
def revoke(database: Path, name: str) -> None:
    """Revoke a token: it opens nothing from the next request on. Its name is not given again."""
    now, person = _now(), desks.who()
    if _open(database).revoke(name, now) is None:
        output.warn(f"there is no token `{name}`")
        sys.exit(output.NO)
    _log(database, person, "revoke", name, {"revoked": now}, now)


def _open(database: Path) -> Tokens:
    from portal.access.tokens import Tokens, beside  # noqa: PLC0415 - starts fast

    path = beside(database)
    try:
        return Tokens(path)
    except (sqlite3.Error, OSError) as error:
        output.fail(f"{path} cannot be opened: {error}", "run it as the user of atp-run")


def _log(
    database: Path, person: str, action: str, name: str, after: dict[str, object], now: int
) -> None:
    desk = desks.open_desk(database)
    with desk.transaction():
        desk.log(now, person, action, "token", name, {}, after)
    desk.close()


def _line(token: Token, now: int) -> str:
    from engine.times import iso  # noqa: PLC0415 - starts fast

    def day(ts: int) -> str:
        return iso(ts)[:16].replace("T", " ")

    state = "valid"
    if token.revoked is not None:
        state = f"revoked {day(token.revoked)}"
    elif token.expires is not None:
        state = f"{'expired' if token.expires <= now else 'valid until'} {day(token.expires)}"
    used = "never used" if token.used is None else f"used {day(token.used)}"
    return f"{token.name}: {token.role.value}, {state}, made by {printable(token.maker)}, {used}"


def _now() -> int:
    return time.time_ns() // 1000
