"""report: summary, sensitive groups, passwords in clear, lateral movement, posture; atp-run may be running."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from engine.cli import asking, output, period
from engine.cli import desk as desks

if TYPE_CHECKING:
    from engine.errands.report import Asked


@click.command()
@click.argument("name", metavar="NAME")
@desks.DATABASE
@click.option(
    "--from", "begin", metavar="TIME", type=period.Moment(),
    help="From here on: `2026-01-31` or `2026-01-31T12:00`, UTC; default: all.",
)  # fmt: skip
@click.option(
    "--to", "end", metavar="TIME", type=period.Moment(end=True),
    help="Up to there; a day counts to its end; default: the newest event.",
)  # fmt: skip
@click.option(
    "--last",
    metavar="DURATION",
    type=period.Length(),
    help="The last `30d`, counted back from --to.",
)
@click.option(
    "--format", "form", type=click.Choice(["html", "json", "xlsx"]),
    help="Default: as the name of the file ends, else json.",
)  # fmt: skip
@click.option(
    "--output", "-o", "into", metavar="FILE", type=click.Path(path_type=Path),
    help="Write it there and not to standard output.",
)  # fmt: skip
def command(
    name: str,
    database: Path,
    begin: int | None,
    end: int | None,
    last: int | None,
    form: str | None,
    into: Path | None,
) -> None:
    """Make a report of a database.

    NAME is `summary`, `sensitive_groups`, `clear_passwords`, `lateral_movement` or `posture`.
    """
    from dsl.faults import did_you_mean  # noqa: PLC0415 - starts fast
    from engine.errands.report import Asked  # noqa: PLC0415
    from engine.reports import forms, names  # noqa: PLC0415

    if name not in names():
        hint = did_you_mean(name, names()) or f"write one of {', '.join(names())}"
        output.fail(f"there is no report `{name}`", hint)
    if begin is not None and last is not None:
        output.fail("--from and --last say the same", "give one of them")
    if begin is not None and end is not None and begin > end:
        output.fail("the period ends before it begins")
    ending = "" if into is None else into.suffix.removeprefix(".").lower()
    form = form or (ending if ending in forms.names() else "json")
    if form == "xlsx" and into is None and sys.stdout.isatty():
        output.fail("a workbook is nothing for a terminal", "name a file with -o")
    asked = Asked(name, [form], begin, end, last)
    answer = asking.done(database, "report", _plain(asked), lambda: _here(database, asked))
    packed = msgspec.msgpack.decode(answer, type=dict[str, bytes])[form]
    if into is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(packed)
    else:
        into.write_bytes(packed)


def _plain(asked: Asked) -> dict[str, object]:
    found: dict[str, object] = msgspec.to_builtins(asked)
    return found


def _here(database: Path, asked: Asked) -> bytes:
    """By a reading connection of this process: the file is not touched."""
    import time  # noqa: PLC0415 - starts fast

    from engine.entities_rows import FOREVER  # noqa: PLC0415
    from engine.errands.report import of_database  # noqa: PLC0415
    from engine.errands.report import period as bounds_of  # noqa: PLC0415
    from engine.store import Store  # noqa: PLC0415

    store = Store(database, until=FOREVER)
    try:
        bounds = bounds_of(store, asked)
        return of_database(store.connection, database, asked, bounds, time.time_ns() // 1000)
    finally:
        store.close()
