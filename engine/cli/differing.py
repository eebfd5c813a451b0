"""What `atp replay --diff` says: alerts of one side only, changed ones, counts a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from engine.alert_diff import compare
from engine.cli import output
from engine.cli.sides import heirs
from engine.printable import printable
from engine.times import iso

if TYPE_CHECKING:
    from engine.alert_diff import Changed, Difference
    from engine.alert_records import Alert
    from engine.cli.ground import Ground
    from engine.cli.sides import Side
    from engine.replay import Replayed


def show_difference(ground: Ground, old: Side, new: Side, form: str) -> tuple[bool, dict[str, str]]:
    """Run both sides and tell; whether they differ, and what could not be computed."""
    from engine.report import alert_dict  # noqa: PLC0415 - starts fast

    faults: dict[str, str] = {}

    def run(side: Side) -> tuple[Replayed, list[Alert], dict[str, dict[str, object]]]:
        done = ground.run(side.loaded, side.rules)
        faults.update(done.engine.faults)
        alerts = [a for a in done.alerts if a.detection in side.shown]
        shown = {}
        if form == "json":  # before the other side runs over the same store
            envelopes = done.envelopes
            shown = {a.id: alert_dict(a, envelopes[a.detection], done.evidence(a)) for a in alerts}
        return done, alerts, shown

    before, olds, old_dicts = run(old)
    after, news, new_dicts = run(new)
    found = compare(olds, news, heirs(old, new))
    if form == "json":
        _json(found, old_dicts, new_dicts)
    else:
        _text(found, before, after)
    return found.differs, faults


def _json(
    found: Difference, olds: dict[str, dict[str, object]], news: dict[str, dict[str, object]]
) -> None:
    from engine.event_json import json_line  # noqa: PLC0415 - only where asked for

    for kind, alerts, shown in (
        ("only_old", found.only_old, olds),
        ("only_new", found.only_new, news),
    ):
        for alert in alerts:
            output.write(json_line({"kind": kind, "alert": shown[alert.id]}))
    for pair in found.changed:
        fields = {name: {"old": a, "new": b} for name, (a, b) in _plain(pair).items()}
        line = {"kind": "changed", "fields": fields, "old": olds[pair.old.id],
                "new": news[pair.new.id]}  # fmt: skip
        output.write(json_line(line))
    days = {day: {"old": a, "new": b} for day, (a, b) in found.days.items()}
    counts = {"only_old": len(found.only_old), "only_new": len(found.only_new)}
    counts |= {"changed": len(found.changed), "same": found.same}
    output.write(json_line({"kind": "summary", **counts, "days": days}))


def _text(found: Difference, before: Replayed, after: Replayed) -> None:
    for alert in found.only_old:
        _line("-", "red", alert, before.explanation(alert))
    for alert in found.only_new:
        _line("+", "green", alert, after.explanation(alert))
    for pair in found.changed:
        told = "; ".join(
            f"{name} {_shown(a)} -> {_shown(b)}" for name, (a, b) in _plain(pair).items()
        )
        _line("~", "yellow", pair.new, told)
    if found.days:
        click.echo(f"{'day':10}  {'old':>6}  {'new':>6}")
        for day, (a, b) in found.days.items():
            click.echo(f"{day:10}  {a:>6}  {b:>6}")
    click.echo(
        f"{len(found.only_old)} only in the old, {len(found.only_new)} only in the new, "
        f"{len(found.changed)} changed, {found.same} the same"
    )


def _line(sign: str, colour: str, alert: Alert, told: str) -> None:
    head = f"{iso(alert.first_row)[:19].replace('T', ' ')} {alert.detection} {alert.severity}"
    click.echo(f"{click.style(f'{sign} {head}', fg=colour)}: {printable(told)}")


def _plain(pair: Changed) -> dict[str, tuple[object, object]]:
    return {name: (_value(a), _value(b)) for name, (a, b) in pair.fields.items()}


def _value(value: object) -> object:
    if isinstance(value, list):
        return [_value(v) for v in value]
    return value.hex() if isinstance(value, bytes) else value


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(v) for v in value) or "none"
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
