"""Alerts for a person at a terminal: one block an alert, plain where the output is no terminal."""

from __future__ import annotations

import textwrap
import unicodedata
from typing import TYPE_CHECKING

import click

from engine.times import iso

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WIDTH = 110
_COLOUR = {"high": "red", "medium": "yellow", "low": "cyan", "informational": "white"}


def block(alert: Mapping[str, object], *, evidence: int = 0) -> str:
    """Headline, explanation, and the first `evidence` events, ready for `click.echo`."""
    severity = str(alert["severity"])
    number = f" [{alert['external_id']}]" if alert.get("external_id") else ""
    mitre = ", ".join(_texts(alert.get("mitre")))
    head = click.style(f"{severity.upper():<13}", fg=_COLOUR.get(severity), bold=True)
    lines = [
        f"{head} {click.style(clean(str(alert['title'])), bold=True)}{number}",
        click.style(
            f"{'':14}{alert['first_seen']} to {alert['last_seen']}  {alert['detection']}  {mitre}  "
            f"confidence {alert['confidence']}  {alert['evidence_count']} events",
            dim=True,
        ),
    ]
    lines += textwrap.wrap(
        clean(str(alert["explanation"])),
        _WIDTH,
        initial_indent=" " * 14,
        subsequent_indent=" " * 14,
    )
    shown = alert["evidence"]
    if evidence and isinstance(shown, list):
        lines += [" " * 14 + click.style(_event(e), dim=True) for e in shown[:evidence]]
        if len(shown) > evidence:
            lines.append(click.style(f"{'':14}… {len(shown) - evidence} more events", dim=True))
    return "\n".join(lines)


def clean(text: str) -> str:
    """Text that cannot drive a terminal: control, format and direction characters shown escaped."""
    return "".join(
        c
        if c == " " or unicodedata.category(c)[0] not in "CZ"
        else c.encode("unicode_escape").decode()
        for c in text.replace("\n", " ")
    )


def _texts(value: object) -> Sequence[str]:
    return [str(v) for v in value] if isinstance(value, list) else []


def _event(event: Mapping[str, object]) -> str:
    skipped = {"ts", "type", "sensor", "seq", "id", "primary", "via"}
    rest = " ".join(f"{k}={clean(str(v))}" for k, v in event.items() if k not in skipped)
    return f"{iso(int(str(event['ts'])))[11:23]} {event['type']} {rest}"[:160]
