"""decode: print the events of captures and event logs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from engine.cli import output
from engine.cli.existing import Existing
from engine.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from dsl.schema.base import Event


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="PATH…", type=Existing())
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
              help="text: a line an event for people; json: a JSON object a line.")  # fmt: skip
@click.option("--type", "types", multiple=True, metavar="TYPE", help="Only events of this type.")
def command(files: tuple[Path, ...], form: str, types: tuple[str, ...]) -> None:
    """Print the events that captures (pcap, pcapng) and event logs (evtx, XML, JSON) hold.

    Folders are read whole. Records of logs are shown whole with `--type windows_event`. The events are as the sensor saw them, before names are resolved.
    """
    from dsl.schema.registry import event_type, event_types  # noqa: PLC0415 - starts fast
    from engine.cli import reading  # noqa: PLC0415
    from engine.event_json import event_line  # noqa: PLC0415

    for name in types:
        if name not in event_types():
            import difflib  # noqa: PLC0415 - only for a slip

            near = difflib.get_close_matches(name, event_types(), n=1)
            hint = f"did you mean `{near[0]}`?" if near else "see `atp schema`"
            output.fail(f"there is no event type `{name}`", hint)

    def write(events: Iterable[Event]) -> None:
        for event in events:
            if types and event_type(event) not in types:
                continue
            if form == "json":
                output.write(event_line(event))
            else:
                click.echo(text(event))

    sys.exit(output.NO if reading.read(files, write, raw="windows_event" in types) else output.DONE)


def text(event: Event) -> str:
    """One line for people: time, type, then the set fields. A value with blanks stands in quotes."""
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
    shown = printable(str(value))
    return f'"{shown}"' if " " in shown or not shown else shown
