"""backup: one moment of a database and all that lies with it, in a file; atp-run may be running."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from engine.cli import asking, output
from engine.cli import desk as desks
from engine.cli.existing import Existing

if TYPE_CHECKING:
    from engine.backup.archive import Manifest


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@desks.DATABASE
@click.option(
    "--instance",
    metavar="FOLDER",
    type=Existing(file=False),
    help="Folder of the instance, where no atp-run is running; a running one knows its own.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
              help="json: the manifest.")  # fmt: skip
def command(file: Path, database: Path, instance: Path | None, form: str) -> None:
    """Write a backup to FILE (a tar file packed with zstd), verified.

    Events, alerts, the desk with its audit log, what profiles learnt, models, messages that wait,
    the synchronised directory, and the instance with its keys: keep it as you keep these. A running
    atp-run writes it, so FILE must be where that may write.
    """
    from engine.backup.archive import Manifest  # noqa: PLC0415 - starts fast
    from engine.errands.backup import Asked  # noqa: PLC0415

    asked = Asked(str(file.absolute()))
    arguments: dict[str, object] = msgspec.to_builtins(asked)
    answer = asking.done(
        database, "backup", arguments, lambda: _here(database, instance, arguments)
    )
    tell(msgspec.json.decode(answer, type=Manifest), file, form)


def tell(manifest: Manifest, file: Path, form: str) -> None:
    """What a backup holds, for people or programs."""
    from engine.times import iso  # noqa: PLC0415 - starts fast

    if form == "json":
        output.write(msgspec.json.encode(msgspec.to_builtins(manifest) | {"file": str(file)}))
        return
    size = sum(member.size for member in manifest.files)
    when = iso(manifest.made)[: len("2026-01-31T12:00:00")]
    click.echo(f"{file}: {len(manifest.files)} files of {when}Z, {size:,} bytes, verified")


def _here(database: Path, instance: Path | None, arguments: dict[str, object]) -> bytes:
    from engine import errands  # noqa: PLC0415 - starts fast
    from engine.store import Store  # noqa: PLC0415

    store = Store(database)
    try:
        place = errands.Place(store, database, instance, time.time_ns() // 1000)
        return errands.begin("backup", place, arguments)()
    finally:
        store.close()
