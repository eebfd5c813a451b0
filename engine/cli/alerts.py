"""alerts: list, show and export alerts, and decide about them; atp-run may be running."""

from __future__ import annotations

import sys
import time
from pathlib import Path as PathType
from typing import TYPE_CHECKING, TypeVar

import click

from dsl.schema.enums import SEVERITY
from engine import exports
from engine.cli import desk as desks
from engine.cli import ending, options, output
from engine.lifecycle import VERDICTS, RefusedError
from engine.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from engine.alert_records import Verdict
    from engine.lifecycle import Action
    from engine.store.desk import Desk

_F = TypeVar("_F", bound="Callable[..., object]")
_STATUS = ("open", "closed", "suppressed", "retracted", "merged")
_NUMBERS = click.argument("numbers", nargs=-1, type=int, metavar="NUMBER…")
_OF = click.option(
    "--of", metavar="DETECTION", help="All alerts of this detection that it can be done to."
)
_NOTE = click.option("--note", default="", metavar="TEXT", help="Why, for the audit log.")


class Group(ending.Command, click.Group):
    """A group with our endings."""


@click.group(cls=Group)
def command() -> None:
    """List, show and export the alerts of atp-run, and decide about them.

    What is decided is in force within a second, or at the next start, and stands in the audit log
    (`atp audit`).
    """


def _filtered(function: _F) -> _F:
    """Which alerts."""
    for option in (
        click.option("--to", "end", metavar="TIME", help="Begun up to then: `2026-01-31`."),
        click.option("--from", "begin", metavar="TIME", help="Seen from then on: `2026-01-31`."),
        click.option("--assigned-to", "assignee", metavar="NAME", help="Only those of a person."),
        click.option("--detection", multiple=True, metavar="NAME", help="Only of this detection."),
        click.option("--severity", multiple=True, type=click.Choice(SEVERITY), help="Only these."),
        click.option(
            "--status", multiple=True, type=click.Choice([*_STATUS, "any"]), default=("open",),
            show_default=True, help="Only these; may be given again.",
        ),
    ):  # fmt: skip
        function = option(function)
    return function


@command.command("list", cls=ending.Command)
@desks.DATABASE
@_filtered
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
              help="json: an alert a line, without its evidence.")  # fmt: skip
def list_alerts(database: Path, form: str, **wanted: object) -> None:
    """List alerts, newest first."""
    from engine.event_json import json_line  # noqa: PLC0415 - starts fast

    desk = desks.open_desk(database)
    numbers = _numbers(desk, wanted)
    for number in numbers:
        alert = desk.alert(number)
        if alert is None:
            continue
        if form == "json":
            output.write(json_line({k: v for k, v in alert.items() if k != "evidence"}))
            continue
        state = str(alert["verdict"] or alert["status"])
        to = f"  {printable(str(alert['assignee']))}" if alert["assignee"] else ""
        click.echo(
            f"{number:>6}  {str(alert['last_seen'])[:19].replace('T', ' ')}  "
            f"{alert['severity']!s:<13} {state:<14} {printable(str(alert['title']))}: "
            f"{printable(str(alert['actor'] or alert['source'] or ''))}{to}"
        )
    if form == "text":
        click.echo(f"{len(numbers)} alert{'' if len(numbers) == 1 else 's'}")


@command.command("show", cls=ending.Command)
@desks.DATABASE
@_NUMBERS
@click.option("--evidence", type=click.IntRange(0), default=10, show_default=True,
              help="Events shown of each.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
              help="json: an alert a line, with all its evidence.")  # fmt: skip
def show(database: Path, numbers: tuple[int, ...], evidence: int, form: str) -> None:
    """Explain alerts, with what was decided about them."""
    from engine.event_json import json_line  # noqa: PLC0415 - starts fast
    from engine.sinks import terminal  # noqa: PLC0415
    from engine.times import iso  # noqa: PLC0415

    desk = desks.open_desk(database)
    for number in _named(numbers):
        alert = _alert(desk, number)
        history = list(desk.audit(alert=number))
        if form == "json":
            told = [{"ts": iso(e.ts), "who": e.who, "action": e.action, "verdict": e.verdict,
                     "assignee": e.assignee, "note": e.note} for e in history]  # fmt: skip
            output.write(json_line(alert | {"history": told}))
            continue
        click.echo(terminal.block(alert, evidence=evidence))
        for entry in history:
            more = " ".join(filter(None, (entry.verdict, entry.assignee, entry.note)))
            click.echo(f"{'':14}{iso(entry.ts)[:19]}Z {printable(f'{entry.who}: {entry.action} {more}')}")  # fmt: skip
        click.echo("")


@command.command("export", cls=ending.Command)
@desks.DATABASE
@_NUMBERS
@_filtered
@click.option("--format", "form", type=click.Choice(exports.names()),
              help="Default: by the ending of the file's name.")  # fmt: skip
@click.option("--into", "path", required=True, type=click.Path(path_type=PathType, dir_okay=False),
              metavar="FILE", help="The file that is written.")  # fmt: skip
def export(
    database: Path, numbers: tuple[int, ...], form: str | None, path: Path, **wanted: object
) -> None:
    """Write alerts with their evidence into a file: those named, else those of the filters."""
    form = form or path.suffix.removeprefix(".").lower()
    if form not in exports.names():
        output.fail(f"{path} says no form", f"take --format {', '.join(exports.names())}")
    desk = desks.open_desk(database)
    asked = numbers or tuple(_numbers(desk, wanted))
    alerts = [_alert(desk, number) for number in asked]
    try:
        exports.writer(form)(alerts, path)
    except OSError as error:
        output.fail(f"{path}: {output.reason(error)}")
    output.note(f"{len(alerts)} alerts written to {path}")


@command.command("close", cls=ending.Command)
@desks.DATABASE
@_NUMBERS
@_OF
@click.option(
    "--as", "verdict", required=True, type=click.Choice([v.replace("_", "-") for v in VERDICTS]),
    help="What it was found to be; what is behind all but true positives is learnt.",
)  # fmt: skip
@_NOTE
@click.option("--exclude", is_flag=True, help="Also write the narrowest exclusion: `atp tune`.")
@click.option("--owner", metavar="NAME", help="With --exclude: who answers for it.")
@click.option("--reason", metavar="TEXT", help="With --exclude: why it is right.")
@click.option("--expires", metavar="90d|DAY", help="With --exclude: when it ends.")
@click.option("--choose", type=click.IntRange(1), metavar="N",
              help="With --exclude: another one than the first.")  # fmt: skip
@click.option("--into", "folder", metavar="FOLDER",
              type=click.Path(path_type=PathType, file_okay=False),
              help="With --exclude: the folder of your own lists.")  # fmt: skip
@options.LISTS
@options.SETTINGS
@options.DETECTIONS
def close(
    database: Path,
    numbers: tuple[int, ...],
    of: str | None,
    verdict: str,
    note: str,
    exclude: bool,
    owner: str | None,
    reason: str | None,
    expires: str | None,
    choose: int | None,
    folder: Path | None,
    lists: tuple[Path, ...],
    settings: Path | None,
    rules: tuple[Path, ...],
) -> None:
    """Close alerts with what they were found to be. What goes on is a new alert.

    With --exclude an exclusion that silences what they are is written first; atp-run has it in force
    once it has read its lists anew. Where none is left, nothing is closed and the exit code is 1.
    """
    desk = desks.open_desk(database)
    found = next(v for v in VERDICTS if v.replace("_", "-") == verdict)
    if exclude:
        from engine.cli.excluding import exclude as written  # noqa: PLC0415 - only where asked for

        if found == "true_positive":
            output.fail("a true positive is not excluded", "close it as benign or false-positive")
        if of is not None:
            output.fail("an exclusion is made for alerts by their numbers", "leave --of out")
        alerts = [_alert(desk, number) for number in _named(numbers)]
        note = written(
            desk, alerts, (rules, settings, lists), (owner, reason, expires), choose, folder, note
        )
    _decide(desk, numbers, of, "close", verdict=found, note=note)


@command.command("reopen", cls=ending.Command)
@desks.DATABASE
@_NUMBERS
@_OF
@_NOTE
def reopen(database: Path, numbers: tuple[int, ...], of: str | None, note: str) -> None:
    """Open closed or suppressed alerts again. One that went on as a new alert takes that up."""
    _decide(desks.open_desk(database), numbers, of, "reopen", note=note)


@command.command("suppress", cls=ending.Command)
@desks.DATABASE
@_NUMBERS
@_OF
@_NOTE
def suppress(database: Path, numbers: tuple[int, ...], of: str | None, note: str) -> None:
    """Keep alerts quiet, with what the same entities do again, until seven days pass without it."""
    _decide(desks.open_desk(database), numbers, of, "suppress", note=note)


@command.command("assign", cls=ending.Command)
@desks.DATABASE
@_NUMBERS
@click.option("--to", "assignee", metavar="NAME", help="Who looks after it; left out: nobody.")
@_NOTE
def assign(database: Path, numbers: tuple[int, ...], assignee: str | None, note: str) -> None:
    """Say who looks after alerts."""
    _decide(desks.open_desk(database), numbers, None, "assign", assignee=assignee, note=note)


@command.command("comment", cls=ending.Command)
@desks.DATABASE
@_NUMBERS
@click.option("--note", required=True, metavar="TEXT", help="What there is to say.")
def comment(database: Path, numbers: tuple[int, ...], note: str) -> None:
    """Write something to alerts; it stands in their history."""
    _decide(desks.open_desk(database), numbers, None, "comment", note=note)


@command.command("delete", cls=ending.Command)
@desks.DATABASE
@_NUMBERS
@_OF
@_NOTE
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(database: Path, numbers: tuple[int, ...], of: str | None, note: str, yes: bool) -> None:
    """Delete alerts with their evidence, for ever. What goes on is a new alert."""
    if not yes and not click.confirm("deleted alerts cannot be brought back; go on?", err=True):
        sys.exit(output.NO)
    _decide(desks.open_desk(database), numbers, of, "delete", note=note)


def _decide(
    desk: Desk,
    numbers: Sequence[int],
    of: str | None,
    action: Action,
    *,
    verdict: Verdict | None = None,
    assignee: str | None = None,
    note: str = "",
) -> None:
    """Do it to each; the exit code is 1 where one refuses."""
    from engine.store.desk import Filter  # noqa: PLC0415 - starts fast

    if of is not None and numbers:
        output.fail("alerts are named by number or by --of, not both")
    asked = desk.numbers(Filter(detection=(of,))) if of is not None else _named(numbers)
    refused, done, person, now = False, 0, desks.who(), time.time_ns() // 1000
    for number in asked:
        try:
            after = desk.decide(
                number, action, person, now, verdict=verdict, assignee=assignee, note=note
            )
        except RefusedError as error:
            if of is None:
                output.warn(f"alert {number}: {error}")
                refused = True
            continue
        if after is None:
            output.warn(f"there is no alert {number}")
            refused = True
        done += after is not None
    desk.close()
    output.note(f"{done} alert{'' if done == 1 else 's'}: {action}")
    sys.exit(output.NO if refused else output.DONE)


def _numbers(desk: Desk, wanted: dict[str, object]) -> list[int]:
    from engine.store.desk import Filter  # noqa: PLC0415 - starts fast

    texts = {k: v if isinstance(v, tuple) else () for k, v in wanted.items()}
    status = () if "any" in texts["status"] else texts["status"]
    assignee = wanted["assignee"]
    return desk.numbers(
        Filter(
            status, texts["severity"], texts["detection"],
            None if assignee is None else str(assignee),
            _time(wanted["begin"], end=False), _time(wanted["end"], end=True),
        )
    )  # fmt: skip


def _time(value: object, *, end: bool) -> str | None:
    from engine.cli.period import Moment  # noqa: PLC0415 - starts fast
    from engine.times import iso  # noqa: PLC0415

    return None if value is None else iso(Moment(end=end).convert(value, None, None))


def _named(numbers: Sequence[int]) -> list[int]:
    if not numbers:
        output.fail("name alerts by their numbers", "see `atp alerts list`")
    return list(dict.fromkeys(numbers))


def _alert(desk: Desk, number: int) -> dict[str, object]:
    alert = desk.alert(number)
    if alert is None:
        output.fail(f"there is no alert {number}", "see `atp alerts list --status any`")
    return alert
