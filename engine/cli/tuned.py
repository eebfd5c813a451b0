"""What `atp tune` says: the false positives, every exclusion with what else it silences, the change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from engine.cli import output
from engine.printable import printable, printable_lines
from engine.times import iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.tuning.candidates import Candidate, Effect
    from engine.tuning.past import PastAlert
    from engine.tuning.writing import Change

MOST: Final = 8
"""Alerts and exclusions that a text names; JSON has them all."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate, what it would have done, the alerts it silences beside the false positives, and
    what speaks against it: "" where nothing does.
    """

    candidate: Candidate
    effect: Effect
    beside: tuple[PastAlert, ...]
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """All that is to be said. `alerts`: how many the rule has told in that past."""

    rule: str
    alerts: int
    false: Sequence[PastAlert]
    judged: Sequence[Judged]
    chosen: Judged | None
    change: Change | None
    applied: bool


def show(told: Told, form: str) -> None:
    """To standard output, as text or as one JSON object."""
    if form == "json":
        from engine.event_json import json_line  # noqa: PLC0415 - only where asked for

        output.write(json_line(as_json(told)))
    else:
        _text(told)


def label(alert: PastAlert) -> str:
    """An alert as it can be named: its number, else the begin of its id, and when it was."""
    name = alert.ids[0][:8] if alert.number is None else alert.number
    return f"alert {name} ({iso(alert.rows[0].ts)[:16].replace('T', ' ')})"


def _text(told: Told) -> None:
    click.echo(f"false positives: {', '.join(map(label, told.false))}")
    for number, one in enumerate(told.judged, 1):
        if number > MOST and one is not told.chosen:
            continue
        chosen = one is told.chosen
        colour = "red" if one.refused else "green" if chosen else None
        sign = "*" if chosen else " "
        click.echo(f"{sign}{number:3} {click.style(exclusion(one.candidate), fg=colour)}")
        if one.beside:
            also = ", ".join(map(label, one.beside[:MOST]))
            click.echo(f"       also silences {len(one.beside)}: {also}")
        if one.effect.thinned:
            click.echo(f"       takes rows of {len(one.effect.thinned)} alerts that stay")
        if one.refused:
            click.echo(f"       refused: {printable(one.refused)}")
    if told.chosen is None:
        click.echo("no exclusion is left: change the rule, or its parameters")
    elif told.change is None:
        click.echo("to see the change, say --owner, --reason and --expires")
    else:
        click.echo(printable_lines(told.change.diff()), nl=False)
        path = told.change.path
        click.echo(f"written to {path}" if told.applied else "not written: --apply does")


def as_json(told: Told) -> dict[str, object]:
    """All of it for programs."""
    candidates = [
        {
            "list": one.candidate.into,
            "entries": [dict(e.roles) if e.roles else e.value for e in one.candidate.entries],
            "also": [_reference(a) for a in one.beside],
            "thinned": [_reference(a) for a in one.effect.thinned],
            "refused": one.refused or None,
            "chosen": one is told.chosen,
        }
        for one in told.judged
    ]
    return {
        "rule": told.rule,
        "alerts": told.alerts,
        "false_positives": [_reference(a) for a in told.false],
        "candidates": candidates,
        "file": None if told.change is None else str(told.change.path),
        "diff": None if told.change is None else told.change.diff(),
        "applied": told.applied,
    }


def exclusion(candidate: Candidate) -> str:
    """A candidate on one line."""
    entries = []
    for entry in candidate.entries:
        if entry.roles:
            entries.append(" and ".join(f"{r} = {printable(v)}" for r, v in entry.roles))
        else:
            entries.append(printable(entry.value))
    return f"@{candidate.into}: {'; '.join(entries)}"


def _reference(alert: PastAlert) -> dict[str, object]:
    return {
        "id": alert.ids[0],
        "number": alert.number,
        "first_row": iso(alert.rows[0].ts),
        "verdict": alert.verdict,
    }
