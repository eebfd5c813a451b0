"""erase: remove one person's data from a database and all that lies with it; atp-run may be running."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click
import msgspec

from engine.cli import asking, output
from engine.cli import desk as desks

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("account", metavar="ACCOUNT")
@desks.DATABASE
@click.option("--yes", is_flag=True, help="Erase; without it, only show what would go.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
              help="json: numbers of rows by table and file.")  # fmt: skip
def command(account: str, database: Path, yes: bool, form: str) -> None:
    """Erase ACCOUNT (`name@dns.domain`): its events, directory history and what profiles learnt.

    Alerts, their evidence and the audit log remain, with a pseudonym in place of the name. A running
    atp-run ends for it, and is to be started again: systemd does. Backups, exports, the file of
    alerts and what sinks were sent are not here to be erased: see the manual.
    """
    if "@" not in account:
        output.fail(f"`{account}` is no account", "write `name@dns.domain`")
    arguments = {"account": account.lower(), "yes": yes}
    answer = asking.done(
        database, "erase", arguments, lambda: _here(database, account.lower(), yes=yes)
    )
    if form == "json":
        output.write(answer)
        return
    for name, number in msgspec.json.decode(answer, type=dict[str, int]).items():
        click.echo(f"{number:>10,} rows of {name}" if number else f"{'all':>10} of {name}")
    click.echo("erased" if yes else "nothing was erased: add --yes")


def _here(database: Path, account: str, *, yes: bool) -> bytes:
    from engine.store import Store  # noqa: PLC0415 - starts fast
    from engine.store.erasing import erase, preview  # noqa: PLC0415

    if yes:
        return msgspec.json.encode(erase(database, account, desks.who(), time.time_ns() // 1000))
    store = Store(database)
    try:
        return msgspec.json.encode(preview(store, database, account))
    finally:
        store.close()
