"""decode: print the events of captures and event logs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli import output

if TYPE_CHECKING:
    from dsl.schema.base import Event


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
              help="text: a line an event for people; json: a JSON object a line.")  # fmt: skip
@click.option("--type", "types", multiple=True, metavar="TYPE", help="Only events of this type.")
def command(paths: tuple[Path, ...], form: str, types: tuple[str, ...]) -> None:
    """Print the events that captures (pcap, pcapng) and event logs (evtx, XML, JSON) hold.

    Folders are read whole. The events are as the sensor saw them, before names are resolved.
    """
    from dsl.schema.registry import event_type, event_types  # noqa: PLC0415 - starts fast
    from engine.event_json import event_line  # noqa: PLC0415
    from sensor.inputs.files import files_in, read_file  # noqa: PLC0415

    for name in types:
        if name not in event_types():
            output.fail(f"there is no event type `{name}`", "see `atp schema`")

    def write(event: Event) -> None:
        if types and event_type(event) not in types:
            return
        if form == "json":
            sys.stdout.buffer.write(event_line(event) + b"\n")
        else:
            click.echo(text(event))

    damaged = False
    for path in files_in(paths):
        try:
            with output.progress(path) as bar:
                summary = read_file(path, write, bar)
        except OSError as error:
            output.fail(f"{path}: {error.strerror}")
        damaged |= output.report_damage(summary)
    sys.stdout.flush()
    sys.exit(output.NO if damaged else output.DONE)


def text(event: Event) -> str:
    """One line for people: time, type, who and where, then the rest of the set fields."""
    from engine.event_json import event_dict  # noqa: PLC0415 - starts fast
    from engine.times import iso  # noqa: PLC0415

    fields = event_dict(event)
    ts, kind = int(str(fields.pop("ts"))), fields.pop("type")
    for name in ("sensor", "seq"):
        fields.pop(name, None)
    rest = " ".join(f"{k}={_value(v)}" for k, v in fields.items())
    return f"{iso(ts)} {click.style(str(kind), bold=True)} {rest}"


def _value(value: object) -> str:
    if isinstance(value, list):
        return "[" + ",".join(_value(v) for v in value) + "]"
    shown = output.clean(str(value))
    return repr(shown) if " " in shown or not shown else shown
