"""coverage: which event types each detection needs, and which of them recordings hold."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Literal

import click

from engine.cli import options, output, paths
from engine.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from dsl.schema.base import Event

State = Literal["seen", "partly", "blind", "needs"]
_COLOURS = {"seen": "green", "partly": "yellow", "blind": "red", "needs": "white"}


@click.command()
@click.argument("files", nargs=-1, metavar="[PATH]…", type=paths.Existing())
@options.DETECTIONS
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="json: a detection a line.",
)
def command(files: tuple[Path, ...], rules: tuple[Path, ...], form: str) -> None:
    """Show which event types each detection needs.

    With PATHs (captures, event logs, or folders of them) also which of them are there: a detection
    is `seen` if all its types came, `partly` if some did, `blind` if none. The exit code is 1 if
    any is blind.
    """
    from engine.cli import reading  # noqa: PLC0415 - starts fast
    from engine.cli.rules import load_rules  # noqa: PLC0415

    loaded = load_rules(rules)
    seen: Counter[str] = Counter()
    if files:
        from dsl.schema.registry import event_type  # noqa: PLC0415 - starts fast

        def take(events: Iterable[Event]) -> None:
            seen.update(map(event_type, events))

        reading.read(files, take)
    states: Counter[str] = Counter()
    for rule in sorted(loaded.rules, key=lambda r: r.plan.id):
        types = [t for t in rule.plan.events if t != "alert"]
        state = _state(types, seen) if files else "needs"
        states[state] += 1
        _show(rule.plan.id, state, types, seen, form)
    if files and form == "text":
        told = ", ".join(f"{states[s]} {s}" for s in ("seen", "partly", "blind"))
        click.echo(f"{told} ({sum(seen.values()):,} events)")
    sys.exit(output.NO if states["blind"] else output.DONE)


def _state(types: list[str], seen: Counter[str]) -> State:
    there = sum(seen[t] > 0 for t in types)
    if there == len(types):
        return "seen"
    return "partly" if there else "blind"


def _show(rule: str, state: State, types: list[str], seen: Counter[str], form: str) -> None:
    if form == "json":
        from engine.event_json import json_line  # noqa: PLC0415 - only where asked for

        row = {"detection": rule, "types": {t: seen[t] for t in types}}
        output.write(json_line(row if state == "needs" else {**row, "state": state}))
        return
    told = ", ".join(types if state == "needs" else (f"{t} {seen[t]:,}" for t in types))
    word = "" if state == "needs" else f"{click.style(f'{state:7}', fg=_COLOURS[state])}"
    click.echo(f"{word}{printable(rule)}: {told}")
