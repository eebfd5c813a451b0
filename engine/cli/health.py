"""health: what is wrong with the product itself, and what mends it; atp-run may be running."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from engine.cli import desk as desks
from engine.cli import ending, output
from engine.printable import printable

if TYPE_CHECKING:
    from pathlib import Path

    from engine.health.life import Action

_COLOURS = {"high": "red", "medium": "yellow", "low": "cyan"}
_STATES = {"seen": "green", "partly": "yellow", "blind": "red"}
_CHECK = click.argument("check", metavar="CHECK")
_SUBJECT = click.argument("subject", metavar="SUBJECT")
_NOTE = click.option("--note", default="", metavar="TEXT", help="Why, for the audit log.")


class Group(ending.Command, click.Group):
    """A group with our endings."""


@click.group(cls=Group)
def command() -> None:
    """Health of atp-run: dropped traffic, silent sensors, late events, full disks, sinks that fail."""


@command.command("list", cls=ending.Command)
@desks.DATABASE
@click.option("--all", "every", is_flag=True, help="Also what is over, closed or suppressed.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
              help="json: an issue a line.")  # fmt: skip
def list_issues(database: Path, every: bool, form: str) -> None:
    """List what is wrong, the worst first. The exit code is 1 where something is."""
    from dsl.schema.enums import SEVERITY  # noqa: PLC0415 - starts fast
    from engine.event_json import json_line  # noqa: PLC0415
    from engine.store.health import standings  # noqa: PLC0415
    from engine.times import iso  # noqa: PLC0415

    known = list(standings(desks.open_desk(database)).values())
    shown = [s for s in known if every or s.status == "open"]
    for one in sorted(shown, key=lambda s: (-SEVERITY.index(s.issue.severity), -s.seen)):
        issue = one.issue
        if form == "json":
            row: dict[str, object] = {
                "check": issue.check, "subject": issue.subject, "severity": issue.severity,
                "status": one.status, "opened": iso(one.opened), "seen": iso(one.seen),
                "title": issue.title, "text": issue.text, "remedy": issue.remedy,
            }  # fmt: skip
            output.write(json_line(row))
            continue
        word = click.style(f"{issue.severity:<8}", fg=_COLOURS.get(issue.severity))
        click.echo(f"{word}{one.status:<11}{issue.check} {printable(issue.subject)}")
        click.echo(f"{'':8}{printable(issue.text)}, since {iso(one.opened)[:19]}Z")
        click.echo(f"{'':8}{printable(issue.remedy)}")
    if form == "text" and not shown:
        click.echo("nothing is wrong")
    sys.exit(output.NO if any(s.status == "open" for s in known) else output.DONE)


@command.command("map", cls=ending.Command)
@desks.DATABASE
@click.option("--all", "every", is_flag=True, help="Also what is seen.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
              help="json: a cell a line.")  # fmt: skip
def show_map(database: Path, every: bool, form: str) -> None:
    """Show which detections do not see which domain controllers, why, and what mends it.

    As of the last look of atp-run, at most a minute ago while it runs. The exit code is 1 where a
    detection does not see all that it needs.
    """
    import msgspec  # noqa: PLC0415 - starts fast

    from engine.blindness import BlindMap  # noqa: PLC0415
    from engine.event_json import json_line  # noqa: PLC0415
    from engine.store.health import MAP  # noqa: PLC0415
    from engine.times import iso  # noqa: PLC0415

    kept = desks.open_desk(database).value(MAP)
    if kept is None:
        output.fail("there is no map yet", "atp-run draws it within a minute of its start")
    drawn = msgspec.json.decode(kept, type=BlindMap)
    missing = [cell for cell in drawn.cells if cell.state != "seen"]
    if form == "json":
        for cell in drawn.cells if every else missing:
            output.write(json_line({"at": iso(drawn.at), **msgspec.to_builtins(cell)}))
        sys.exit(output.NO if missing else output.DONE)
    by_reason: dict[tuple[str, str, str, str], list[str]] = {}
    for cell in missing:
        for r in cell.reasons:
            by_reason.setdefault((cell.dc, r.type, r.text, r.remedy), []).append(cell.detection)
    for (dc, kind, text, remedy), detections in sorted(by_reason.items()):
        click.echo(f"{printable(dc)}: {kind}: {printable(text)}")
        click.echo(f"{'':8}{printable(remedy)}")
        click.echo(f"{'':8}misses: {printable(', '.join(sorted(detections)))}")
    if every:
        for cell in drawn.cells:
            word = click.style(f"{cell.state:7}", fg=_STATES[cell.state])
            click.echo(f"{word}{printable(cell.dc)} {printable(cell.detection)}")
    counts = (f"{sum(c.state == s for c in drawn.cells)} {s}" for s in _STATES)
    click.echo(f"{', '.join(counts)} (of {iso(drawn.at)[:19]}Z)")
    sys.exit(output.NO if missing else output.DONE)


@command.command("close", cls=ending.Command)
@desks.DATABASE
@_CHECK
@_SUBJECT
@_NOTE
def close(database: Path, check: str, subject: str, note: str) -> None:
    """Close an issue; it is opened again when it comes again."""
    _decide(database, check, subject, "close", note)


@command.command("suppress", cls=ending.Command)
@desks.DATABASE
@_CHECK
@_SUBJECT
@_NOTE
def suppress(database: Path, check: str, subject: str, note: str) -> None:
    """Keep an issue quiet until it comes again after seven days without it."""
    _decide(database, check, subject, "suppress", note)


@command.command("reopen", cls=ending.Command)
@desks.DATABASE
@_CHECK
@_SUBJECT
@_NOTE
def reopen(database: Path, check: str, subject: str, note: str) -> None:
    """Open a closed or suppressed issue again."""
    _decide(database, check, subject, "reopen", note)


def _decide(database: Path, check: str, subject: str, action: Action, note: str) -> None:
    from engine.lifecycle import RefusedError  # noqa: PLC0415 - starts fast
    from engine.store.health import decide  # noqa: PLC0415

    desk = desks.open_desk(database)
    try:
        after = decide(desk, check, subject, action, desks.who(), time.time_ns() // 1000, note)
    except RefusedError as error:
        output.warn(f"{check} {subject}: {error}")
        sys.exit(output.NO)
    if after is None:
        output.fail(f"there is no issue {check} of `{subject}`", "see `atp health list --all`")
