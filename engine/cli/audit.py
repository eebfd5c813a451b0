"""audit: the log of every decision: who did what, when, and how it stood before and after."""

from __future__ import annotations

import csv
import sys
from typing import TYPE_CHECKING

import click

from engine.cli import desk as desks
from engine.cli import output, period
from engine.printable import printable

if TYPE_CHECKING:
    from pathlib import Path

    from engine.store.desk import Entry


@click.command()
@desks.DATABASE
@click.option("--from", "begin", metavar="TIME", type=period.Moment(), help="From here on, UTC.")
@click.option("--to", "end", metavar="TIME", type=period.Moment(end=True), help="Up to then.")
@click.option("--alert", type=int, metavar="NUMBER", help="Only of this alert.")
@click.option("--format", "form", type=click.Choice(["text", "json", "csv"]), default="text",
              help="json: an entry a line.")  # fmt: skip
def command(
    database: Path, begin: int | None, end: int | None, alert: int | None, form: str
) -> None:
    """Print the audit log, oldest first. It only grows: nothing in it is changed or deleted."""
    from engine.event_json import json_line  # noqa: PLC0415 - starts fast
    from engine.exports.csv import defused  # noqa: PLC0415
    from engine.times import iso  # noqa: PLC0415

    desk = desks.open_desk(database)
    table = csv.writer(sys.stdout)
    if form == "csv":
        table.writerow(("seq", "time", "who", "action", "kind", "object", "id", "verdict",
                        "assignee", "note", "before", "after"))  # fmt: skip
    for entry in desk.audit(begin, end, alert):
        if form == "csv":
            table.writerow([defused(v) for v in entry._replace(ts=iso(entry.ts))])  # type: ignore[arg-type]  # a cell
        elif form == "json":
            output.write(json_line(_object(entry, iso(entry.ts))))
        else:
            more = " ".join(filter(None, (entry.verdict, entry.assignee, entry.note)))
            said = f"{entry.who}: {entry.action} {entry.kind} {entry.object} {more}".rstrip()
            click.echo(f"{iso(entry.ts)[:19]}Z {printable(said)}")


def _object(entry: Entry, time: str) -> dict[str, object]:
    import msgspec  # noqa: PLC0415 - only where asked for

    return entry._asdict() | {
        "ts": time,
        "before": msgspec.json.decode(entry.before),
        "after": msgspec.json.decode(entry.after),
    }
