"""What `atp explain --why` and `--why-not` say about one event of a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from engine.cli import output
from engine.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dsl.catalogue import Catalogue, Detection
    from dsl.plan import DetectionPlan
    from dsl.schema.base import Event

_MOST: Final = 10
"""Values of a list that are shown."""


def show_why(
    detection: Detection, catalogue: Catalogue, built: DetectionPlan, place: str, *, first: bool
) -> None:
    """`place` is FILE:SEQ, as `atp decode` numbers the events of a file; `first`: stop at the
    first relation that has no row of it.
    """
    from dsl.schema.registry import event_type  # noqa: PLC0415 - starts fast
    from engine.backends.duckdb import compile_detection  # noqa: PLC0415
    from engine.cli import reading  # noqa: PLC0415
    from engine.lists import rows_of  # noqa: PLC0415
    from engine.replay import Setting, replay  # noqa: PLC0415
    from engine.why import Why  # noqa: PLC0415

    file, seq = place_of(place)
    events: list[Event] = []

    def take(more: Iterable[Event]) -> None:
        events.extend(more)

    reading.read([file], take)
    wanted = next((e for e in events if e.seq == seq), None)
    if wanted is None:
        output.fail(f"{file} has no event {seq}", "`atp decode --format json` shows each `seq`")
    kind = event_type(wanted)
    if kind not in built.events:
        click.echo(f"{built.id} does not read {kind}: it reads {', '.join(built.events)}")
        return
    done = replay([], events, compile_detection, Setting(lists=rows_of(catalogue.lists.values())))
    store = done.engine.store
    try:
        (stored,) = store.connection.execute(
            f'SELECT id FROM "{kind}" WHERE seq = ? AND sensor = ?',  # noqa: S608 - of the schema
            [seq, wanted.sensor],
        ).fetchall()
        why = Why(detection, catalogue, built, compile_detection, store.connection)
        for found in why.findings(int(stored[0]), kind):
            if found.rows:
                if not first:
                    rows = "a row" if found.rows == 1 else f"{found.rows} rows"
                    click.echo(
                        f"{click.style('yes', fg='green')} {printable(found.relation)}: {rows}"
                    )
                    _show_told(found.told)
                continue
            said = f"{click.style('no', fg='red')}  {printable(found.relation)}"
            if found.false:
                where = printable(f"{found.file}:{found.line}")
                said += f": `{printable(found.false)}` is not true  ({where})"
            elif found.waits:
                said += f": no row of it in {printable(found.waits)}"
            click.echo(said)
            _show_told(found.told)
            if first:
                return
    finally:
        store.close()


def _show_told(told: Iterable[tuple[str, object]]) -> None:
    """What profiles told, a line each; of a list its first values."""
    for name, value in told:
        said = value
        if isinstance(value, list | tuple) and len(value) > _MOST:
            said = [*value[:_MOST], f"and {len(value) - _MOST} more"]
        text = json.dumps(said, ensure_ascii=False, default=str)
        click.echo(f"      {printable(name)} = {printable(text)}")


def place_of(place: str) -> tuple[Path, int]:
    """File and `seq` of an event named FILE:SEQ; ends the command where it is not that."""
    file, _, number = place.rpartition(":")
    if not file or not number.isdecimal():
        output.fail(f"`{place}` is not FILE:SEQ", "as in `capture.pcap:12`; `atp decode` shows seq")
    path = Path(file)
    if not path.is_file():
        output.fail(f"there is no file `{file}`")
    return path, int(number)
