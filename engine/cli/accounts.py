"""accounts: who may sign in to the portal, and as what; atp-run may be running."""

from __future__ import annotations

import secrets
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from engine.cli import desk as desks
from engine.cli import ending, output
from engine.cli.existing import Existing
from engine.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from portal.access.accounts import Account, Accounts

_NAME = click.argument("name", metavar="NAME")
_ROLES = ("viewer", "user", "administrator")
_ROLE = click.option(
    "--role", required=True, type=click.Choice(_ROLES),
    help="viewer: read, export, share; user: decide about alerts, too; administrator: everything.",
)  # fmt: skip
_PASSWORD = click.option(
    "--password-file", metavar="FILE", type=Existing(folder=False),
    help="File with the password; without, one is made and shown this once.",
)  # fmt: skip


class Group(ending.Command, click.Group):
    """A group with our endings."""


@click.group(cls=Group)
def command() -> None:
    """Accounts of the portal: list, add, give another role or password, remove.

    What is done here holds at once, also while atp-run runs, and stands in the audit log.
    """


@command.command("list", cls=ending.Command)
@desks.DATABASE
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
              help="json: an account a line.")  # fmt: skip
def list_(database: Path, form: str) -> None:
    """List the accounts."""
    from engine.event_json import json_line  # noqa: PLC0415 - starts fast
    from engine.times import iso  # noqa: PLC0415

    found = _accounts(database).all()
    for one in found:
        if form == "json":
            told: dict[str, object] = {
                "name": one.name, "role": one.role.value, "created": iso(one.created),
                "seen": None if one.seen is None else iso(one.seen),
                "second_factor": one.second_factor, "issuer": one.issuer or None,
                "locked_until": iso(one.locked_until) if one.locked_until > _now() else None,
            }  # fmt: skip
            output.write(json_line(told))
        else:
            click.echo(_line(one))
    if form == "text" and not found:
        click.echo("there is no account; `atp accounts code` makes the code for the first one")


@command.command("code", cls=ending.Command)
@desks.DATABASE
def code(database: Path) -> None:
    """Make the code with which the first administrator is made in the browser, at /setup.

    The code before is worth nothing then. The exit code is 1 where there is an account already.
    """
    made = _accounts(database).setup_code()
    if made is None:
        output.warn("there is an account already")
        raise click.exceptions.Exit(output.NO)
    click.echo(made)


@command.command("add", cls=ending.Command)
@desks.DATABASE
@_NAME
@_ROLE
@_PASSWORD
def add(database: Path, name: str, role: str, password_file: Path | None) -> None:
    """Add an account. A password that was made here must be changed at the first sign-in."""
    from portal.access.roles import Role  # noqa: PLC0415 - starts fast

    password, made = _password(password_file)
    accounts = _accounts(database)
    with _told():
        added = accounts.add(name, Role(role), password, _now(), must_change=made)
    _audit(database, "add", added.name, None, role)
    if made:
        click.echo(password)


@command.command("role", cls=ending.Command)
@desks.DATABASE
@_NAME
@_ROLE
def role_(database: Path, name: str, role: str) -> None:
    """Give an account another role."""
    from portal.access.roles import Role  # noqa: PLC0415 - starts fast

    accounts = _accounts(database)
    before = _found(accounts, name)
    with _told():
        accounts.set_role(before.name, Role(role))
    _audit(database, "role", before.name, before.role.value, role)


@command.command("reset", cls=ending.Command)
@desks.DATABASE
@_NAME
@_PASSWORD
def reset(database: Path, name: str, password_file: Path | None) -> None:
    """Give an account another password, without second factor; it is signed out and unlocked."""
    password, made = _password(password_file)
    accounts = _accounts(database)
    before = _found(accounts, name)
    with _told():
        accounts.set_password(before.name, password, must_change=made)
        accounts.set_second_factor(before.name, None)
    _audit(database, "reset", before.name, before.role.value, before.role.value)
    if made:
        click.echo(password)


@command.command("remove", cls=ending.Command)
@desks.DATABASE
@_NAME
def remove(database: Path, name: str) -> None:
    """Remove an account; its sessions are over."""
    accounts = _accounts(database)
    before = _found(accounts, name)
    with _told():
        accounts.remove(before.name)
    _audit(database, "remove", before.name, before.role.value, None)


def _accounts(database: Path) -> Accounts:
    from portal.access.accounts import Accounts  # noqa: PLC0415 - starts fast
    from portal.access.database import People, beside  # noqa: PLC0415

    desks.open_desk(database).close()  # says where there is none
    with _told():
        return Accounts(People(beside(database)))


def _found(accounts: Accounts, name: str) -> Account:
    found = accounts.find(name)
    if found is None:
        output.fail(f"there is no account {printable(name)}", "see `atp accounts list`")
    return found


@contextmanager
def _told() -> Iterator[None]:
    """Ends the command where accounts refuse."""
    from portal.access.database import AccessError  # noqa: PLC0415 - starts fast

    try:
        yield
    except AccessError as error:
        output.fail(str(error))


def _password(path: Path | None) -> tuple[str, bool]:
    if path is None:
        return secrets.token_urlsafe(12), True
    return path.read_text(encoding="utf-8", errors="replace").strip("\r\n"), False


def _audit(database: Path, action: str, name: str, before: str | None, after: str | None) -> None:
    desk = desks.open_desk(database)
    with desk.transaction():
        stood = [{} if role is None else {"role": role} for role in (before, after)]
        desk.log(_now(), desks.who(), action, "account", name, *stood)
    desk.close()


def _line(one: Account) -> str:
    parts = [f"{printable(one.name)}: {one.role.value}"]
    seen = "never signed in"
    if one.seen is not None:
        seen = f"signed in {time.strftime('%Y-%m-%d %H:%M', time.gmtime(one.seen / 1e6))} UTC"
    parts.append(seen)
    if one.issuer:
        parts.append(f"through {printable(one.issuer)}")
    if one.second_factor:
        parts.append("second factor")
    if one.locked_until > _now():
        parts.append("locked")
    if one.must_change:
        parts.append("must change the password")
    return ", ".join(parts)


def _now() -> int:
    return time.time_ns() // 1000
