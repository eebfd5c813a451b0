"""profiles: what the profiles of an installation have learnt, and which may be asked yet."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from engine.cli import options, output, paths
from engine.printable import printable

if TYPE_CHECKING:
    from pathlib import Path

    from dsl.plan import Profile
    from engine.profiles.known import ProfileOf
    from engine.profiles.state import Ready, State
    from engine.store.parts import Parts


@click.command()
@click.option(
    "--database",
    required=True,
    metavar="FILE",
    type=paths.Existing(folder=False),
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
    from engine.profiles.state import Ready, ready_of, state_of  # noqa: PLC0415

    loaded = load_rules(rules, settings, lists)
    parts = _parts(database)
    known = parts.progress()
    waiting = 0
    for rule in sorted(loaded.rules, key=lambda r: r.plan.id):
        nodes = dict(rule.plan.shared) | dict(rule.plan.relations)
        for learning in loaded.compile_detection(rule.plan).learnings:
            compiled = learning.profile
            node: Profile = nodes[compiled.name]  # type: ignore[assignment]  # a profile, by its name
            ready, progress = ready_of(node), known.get(compiled.hash)
            state = progress and state_of(parts, progress, compiled.over, ready)
            from_ = _ready_from(state, ready or Ready())
            waiting += state is None or state.first is None or from_ > state.through
            _show(rule.plan.id, compiled, state, ready, form)
    parts.close()
    sys.exit(output.NO if waiting else output.DONE)


def _parts(database: Path) -> Parts:
    import sqlite3  # noqa: PLC0415 - starts fast

    from engine.store.parts import Parts  # noqa: PLC0415

    path = database.with_name(f"{database.name}.learnt")
    if not path.exists():
        output.fail(f"{path} is not there", "atp-run writes it once a profile has learnt something")
    try:
        return Parts(path, read_only=True)
    except sqlite3.Error as error:
        output.fail(f"{path} cannot be read: {error}")


def _ready_from(state: State | None, ready: Ready) -> int:
    """From when on it may be asked, as far as its age decides."""
    return 0 if state is None or state.first is None else state.first + ready.age


def _show(
    rule: str, profile: ProfileOf, state: State | None, ready: Ready | None, form: str
) -> None:
    from engine.times import iso  # noqa: PLC0415 - starts fast

    def day(ts: int) -> str:
        return iso(ts)[:19] + "Z"

    from_ = None if ready is None or state is None else _ready_from(state, ready)
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
    young = bool(from_ and from_ > state.through)
    told = [
        f"{state.keys:,} keys",
        f"{_days(state.span)} of {_days(profile.over)} learnt, up to {day(state.through)}",
    ]
    if young and from_:
        told.append(f"may be asked from {day(from_)}")
    if state.seldom:
        told.append(f"{state.seldom:,} keys seen too seldom to be asked")
    if state.withheld:
        told.append(f"of {state.withheld:,} keys something is withheld, for it is behind alerts")
    if state.cut:
        told.append(f"no room for {state.cut:,} values")
    click.echo(f"{click.style(name, fg='yellow' if young else 'green')}: {'; '.join(told)}")


def _days(microseconds: int) -> str:
    hours = microseconds // 3_600_000_000
    return f"{hours}h" if hours < 48 else f"{hours // 24}d"
