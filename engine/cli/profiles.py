"""profiles: what the profiles of an installation have learnt, and which may be asked yet."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from engine.cli import options, output
from engine.cli.existing import Existing
from engine.printable import printable

if TYPE_CHECKING:
    from pathlib import Path

    from engine.profiles.state import Learning
    from engine.store.parts import Parts


@click.command()
@click.option(
    "--database",
    required=True,
    metavar="FILE",
    type=Existing(folder=False),
    help="The database of atp-run, which may be running; it is only read.",
)
@options.SETTINGS
@options.LISTS
@options.DETECTIONS
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
              help="json: a profile a line.")  # fmt: skip
def command(
    database: Path,
    settings: Path | None,
    lists: tuple[Path, ...],
    rules: tuple[Path, ...],
    form: str,
) -> None:
    """Show what profiles have learnt.

    Of each profile its keys, since when and up to when it has learnt, how much of its window that is,
    from when on it may be asked (`ready`), and what is withheld because it is behind alerts. Name
    the detections and settings that atp-run has. The exit code is 1 if any profile may not be asked yet.
    """
    from engine.cli.rules import load_rules  # noqa: PLC0415 - starts fast
    from engine.profiles.state import learnings_of  # noqa: PLC0415

    parts = opened(database)
    if parts is None:
        path = learnt_file(database)
        output.fail(f"{path} is not there", "atp-run writes it once a profile has learnt something")
    loaded = load_rules(rules, settings, lists)
    waiting = 0
    for rule in sorted(loaded.rules, key=lambda r: r.plan.id):
        profiles = [each.profile for each in loaded.compile_detection(rule.plan).learnings]
        for learning in learnings_of(rule.plan, profiles, parts):
            waiting += learning.waits
            _show(rule.plan.id, learning, form)
    parts.close()
    sys.exit(output.NO if waiting else output.DONE)


def learnt_file(database: Path) -> Path:
    """Where the profiles of a database lie."""
    return database.with_name(f"{database.name}.learnt")


def opened(database: Path) -> Parts | None:
    """What profiles of a database have learnt, to read; None where none has yet."""
    import sqlite3  # noqa: PLC0415 - starts fast

    from engine.store.parts import Parts  # noqa: PLC0415

    path = learnt_file(database)
    if not path.exists():
        return None
    try:
        return Parts(path, read_only=True)
    except sqlite3.Error as error:
        output.fail(f"{path} cannot be read: {error}")


def _show(rule: str, learning: Learning, form: str) -> None:
    from engine.times import iso  # noqa: PLC0415 - starts fast

    def day(ts: int) -> str:
        return iso(ts)[:19] + "Z"

    profile, state, ready, from_ = (
        learning.profile, learning.state, learning.ready, learning.ready_from,
    )  # fmt: skip
    if form == "json":
        from engine.event_json import json_line  # noqa: PLC0415 - only where asked for

        row: dict[str, object] = {
            "detection": rule, "profile": profile.name, "bucket_us": profile.bucket,
            "over_us": profile.over,
        }  # fmt: skip
        if state is not None:
            row |= {
                "first": None if state.first is None else day(state.first),
                "through": day(state.through), "learnt_us": state.span, "keys": state.keys,
                "ready_keys": None if ready is None else state.keys - state.seldom,
                "ready_from": None if not from_ else day(from_), "parts": state.parts,
                "withheld_keys": state.withheld, "cut_values": state.cut,
            }  # fmt: skip
        output.write(json_line(row))
        return
    name = printable(f"{rule} {profile.name}")
    if state is None or state.first is None:
        click.echo(f"{click.style(name, fg='red')}: nothing learnt yet")
        return
    told = [
        f"{state.keys:,} keys",
        f"{_days(state.span)} of {_days(profile.over)} learnt, up to {day(state.through)}",
    ]
    if learning.waits and from_ is not None:
        told.append(f"may be asked from {day(from_)}")
    if state.seldom:
        told.append(f"{state.seldom:,} keys seen too seldom to be asked")
    if state.withheld:
        told.append(f"of {state.withheld:,} keys something is withheld, for it is behind alerts")
    if state.cut:
        told.append(f"no room for {state.cut:,} values")
    click.echo(
        f"{click.style(name, fg='yellow' if learning.waits else 'green')}: {'; '.join(told)}"
    )


def _days(microseconds: int) -> str:
    hours = microseconds // 3_600_000_000
    return f"{hours}h" if hours < 48 else f"{hours // 24}d"
