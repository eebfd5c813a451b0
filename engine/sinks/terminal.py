"""Alerts for a person at a terminal: one block an alert, plain where the output is no terminal."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import click

from engine.printable import printable
from engine.times import iso

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WIDTH = 110
_COLOUR = {"high": "red", "medium": "yellow", "low": "cyan", "informational": "white"}

_NOISE = frozenset({
    "ts", "type", "sensor", "seq", "id", "primary", "via", "domain", "server", "dst_is_dc",
    "certainty", "resolution", "src_ip", "src_port", "dst_ip", "dst_port",
})  # fmt: skip
"""Columns that every event has and that tell a reader little."""


def block(alert: Mapping[str, object], *, evidence: int = 0) -> str:
    """Headline, explanation, and the first `evidence` events, ready for `click.echo`."""
    severity = str(alert["severity"])
    number = f" [{alert['external_id']}]" if alert.get("external_id") else ""
    mitre = ", ".join(_texts(alert.get("mitre")))
    head = click.style(f"{severity.upper():<13}", fg=_COLOUR.get(severity), bold=True)
    lines = [
        f"{head} {click.style(printable(str(alert['title'])), bold=True)}{number}",
        click.style(
            f"{'':14}{_span(str(alert['first_seen']), str(alert['last_seen']))}  "
            f"{alert['detection']}  {mitre}  confidence {alert['confidence']}  "
            f"{_events(alert['evidence_count'])}{_source(alert)}",
            dim=True,
        ),
    ]
    lines += textwrap.wrap(
        printable(str(alert["explanation"])),
        _WIDTH,
        initial_indent=" " * 14,
        subsequent_indent=" " * 14,
    )
    shown = alert["evidence"]
    if evidence and isinstance(shown, list):
        lines += [" " * 14 + click.style(_event(e), dim=True) for e in shown[:evidence]]
        if len(shown) > evidence:
            lines.append(
                click.style(f"{'':14}… {_events(len(shown) - evidence, 'more ')}", dim=True)
            )
    return "\n".join(lines)


def _span(first: str, last: str) -> str:
    """Two ISO times to the second; the day once, one time where they are the same."""
    begin, end = (t[:19].replace("T", " ") for t in (first, last))
    if begin == end:
        return f"{begin} UTC"
    return f"{begin} to {end[11:] if begin[:10] == end[:10] else end} UTC"


def _source(alert: Mapping[str, object]) -> str:
    """How the source's host is known, where an event says it."""
    certainty, method = alert.get("source_certainty"), alert.get("source_resolution")
    if certainty is None:
        return ""
    if certainty == "none":
        return "  source not resolved"
    return f"  source {f'by {method}, ' if method else ''}{certainty}"


def _events(number: object, word: str = "") -> str:
    return f"{number} {word}event{'' if number == 1 else 's'}"


def _texts(value: object) -> Sequence[str]:
    return [str(v) for v in value] if isinstance(value, list) else []


def _how(event: Mapping[str, object]) -> str:
    """By which method a host is known, and how surely; nothing for an address that is not."""
    method, certainty = event.get("resolution"), event.get("certainty")
    return f" ({method}, {certainty})" if method and certainty else ""


def _event(event: Mapping[str, object]) -> str:
    rest = " ".join(
        f"{k}={printable(str(v))}{_how(event) if k == 'source' else ''}"
        for k, v in event.items()
        if k not in _NOISE
    )
    return f"{iso(int(str(event['ts'])))[11:23]} {event['type']} {rest}"[:160]
