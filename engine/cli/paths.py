"""paths: lateral movement paths: how ordinary accounts come to sensitive ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from engine.cli import options, output, period
from engine.cli.existing import Existing
from engine.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.paths.found import Found
    from engine.paths.graph import Step
    from engine.paths.search import Risk
    from engine.store import Store

_RIGHTS = {
    "member": "local administrator",
    "share": "used an administrative share",
    "service": "created a service",
    "task": "created a task",
    "shell": "opened a shell",
}


@click.command()
@click.argument("files", nargs=-1, metavar="[PATH]…", type=Existing())
@options.DATABASE
@options.DIRECTORY
@click.option("--to", "to", metavar="ACCOUNT", help="Only to this account, sensitive or not.")
@click.option(
    "--at",
    "at",
    metavar="TIME",
    type=period.Moment(end=True),
    help="As of then: `2026-01-31` or `2026-01-31T12:00`, UTC; default: the newest event.",
)
@click.option(
    "--within",
    "within",
    metavar="DURATION",
    type=period.Length(),
    help="Credentials used that long ago still lie in memory; default: 2d.",
)
@click.option(
    "--most",
    type=click.IntRange(1, 100_000),
    default=20,
    show_default=True,
    help="So many paths, hosts and accounts are told.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="json: a path, host or account a line.",
)  # fmt: skip
def command(
    files: tuple[Path, ...],
    database: Path | None,
    directory_path: Path | None,
    to: str | None,
    at: int | None,
    within: int | None,
    most: int,
    form: str,
) -> None:
    """Show how accounts can come to sensitive ones: who administers the hosts they work on.

    Read from PATHs (captures, event logs, or folders of them) or a --database, as of a time. The
    shortest path of each account is told, then the hosts and accounts most of them lead over.
    """
    from engine.paths.found import WITHIN_US, find  # noqa: PLC0415 - starts fast

    if bool(files) == (database is not None):
        output.fail("the events are either in files or in a database", "name a PATH or --database")
    if database is not None and directory_path is not None:
        output.fail("a database has its own directory", "leave --directory out")
    store, newest = _opened(files, database, directory_path, at)
    asked = newest if at is None else at
    wanted = None if to is None else _account(store, to, asked)
    found = find(store.connection, asked, to=wanted, within=within or WITHIN_US, most=most)
    store.close()
    (_tell_json if form == "json" else _tell_text)(found, asked)


def _opened(
    files: Sequence[Path], database: Path | None, directory_path: Path | None, at: int | None
) -> tuple[Store, int]:
    """The store to look into and the time of its newest event."""
    from engine.cli import ground  # noqa: PLC0415 - starts fast
    from engine.cli.rules import Loaded  # noqa: PLC0415

    if database is not None:
        over = ground.of_database(database, None, at, None)
    else:
        over = ground.of_files(files, directory_path, Loaded((), frozenset(), (), {}))
    span = over.store.span()
    if span is None:
        output.fail("there are no events")
    return over.store, span[1]


def _account(store: Store, text: str, at: int) -> str:
    """The account that is meant: its canonical name, or the name alone where one has it."""
    from engine.store.movement import accounts_named  # noqa: PLC0415 - starts fast

    found = accounts_named(store.connection, text.lower(), at)
    if not found:
        output.fail(f"no account `{text}` was seen until then", "write `name@dns.domain`")
    if len(found) > 1:
        output.fail(f"`{text}` is the name of several accounts", f"as in `{found[0]}`")
    return found[0]


def _tell_text(found: Found, at: int) -> None:
    reach, targets = _number(found.reaching, "account"), _number(found.targets, "target")
    click.echo(
        f"as of {_time(at)}: {reach} with a path to {targets} "
        f"({_number(found.sessions, 'session')}, {_number(found.rights, 'right')} to administer)"
    )
    if not found.targets:
        click.echo("no sensitive account is known: name groups or accounts with --directory")
    for way in found.ways:
        head = f"{printable(way.start)} to {click.style(printable(way.target), bold=True)}"
        click.echo(f"\n{head}: {_number(len(way.steps), 'host')}")
        for step in way.steps:
            click.echo(f"  {_step(step)}")
    if found.reaching > len(found.ways):
        click.echo(f"\n… and {found.reaching - len(found.ways):,} more (--most)")
    for title, risks in (("hosts", found.hosts), ("accounts", found.accounts)):
        if risks:
            click.echo(f"\n{title} that most paths lead over")
            for risk in risks:
                click.echo(f"  {_risk(risk)}")


def _step(step: Step) -> str:
    who = f"{printable(step.account)} → "
    where = click.style(printable(step.host), bold=True)
    right = _RIGHTS[step.right]
    if step.group is not None:
        right += f" by {printable(step.group)}"
    if step.since:
        right += f", {'since' if step.right == 'member' else 'last'} {_time(step.since)}"
    how = f"{printable(step.session)}, {_time(step.seen)}"
    return f"{who}{where} ({right}) → {printable(step.then)} ({how})"


def _risk(risk: Risk) -> str:
    told = f"{printable(risk.node)}: {_number(risk.accounts, 'account')}"
    if risk.exposed:
        more = f" and {len(risk.exposed) - 3} more" if len(risk.exposed) > 3 else ""
        told += f"; credentials of {', '.join(map(printable, risk.exposed[:3]))}{more}"
    return told


def _tell_json(found: Found, at: int) -> None:
    from engine.event_json import json_line  # noqa: PLC0415 - only where asked for
    from engine.times import iso  # noqa: PLC0415

    whole = {
        "as_of": iso(at), "accounts": found.reaching, "targets": found.targets,
        "sessions": found.sessions, "rights": found.rights,
    }  # fmt: skip
    output.write(json_line({"kind": "summary"} | whole))
    for way in found.ways:
        steps = [
            {
                "account": s.account, "group": s.group, "right": s.right,
                "since": iso(s.since) if s.since else None, "host": s.host,
                "then": s.then, "session": s.session, "seen": iso(s.seen),
            }
            for s in way.steps
        ]  # fmt: skip
        row = {"kind": "path", "from": way.start, "to": way.target, "hosts": len(steps)}
        output.write(json_line(row | {"steps": steps}))
    for kind, risks in (("host", found.hosts), ("account", found.accounts)):
        for risk in risks:
            told = {"kind": kind, kind: risk.node, "accounts": risk.accounts}
            output.write(
                json_line(told | ({"exposed": list(risk.exposed)} if kind == "host" else {}))
            )


def _number(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _time(ts: int) -> str:
    from engine.times import iso  # noqa: PLC0415 - starts fast

    return iso(ts)[:16].replace("T", " ")
