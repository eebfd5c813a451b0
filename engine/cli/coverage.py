"""coverage: which event types each detection needs, and which of them recordings or a database hold."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import click

from engine.cli import options, output
from engine.cli.existing import Existing
from engine.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from dsl.schema.base import Event
    from engine.cli.rules import Loaded
    from engine.profiles.state import Learning
    from engine.running import Rule

State = Literal["seen", "partly", "blind", "needs"]
_COLOURS = {"seen": "green", "partly": "yellow", "blind": "red", "needs": "white"}


@dataclass(slots=True)
class Sources:
    """Events by type; `since`: types that are silent now, and their newest event before;
    `sensors`: newest event of each sensor that is silent now.
    """

    counts: Counter[str] = field(default_factory=Counter)
    since: dict[str, int] = field(default_factory=dict)
    sensors: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Learnt:
    """How what a detection has learnt stands, by name: trained models in words, and profiles."""

    models: dict[str, str]
    profiles: dict[str, Learning]


@click.command()
@click.argument("files", nargs=-1, metavar="[PATH]…", type=Existing())
@options.DATABASE
@options.spanned
@options.SETTINGS
@options.LISTS
@options.DETECTIONS
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="json: a detection a line.",
)
def command(
    files: tuple[Path, ...],
    database: Path | None,
    begin: int | None,
    end: int | None,
    last: int | None,
    settings: Path | None,
    lists: tuple[Path, ...],
    rules: tuple[Path, ...],
    form: str,
) -> None:
    """Show which event types each detection needs.

    With PATHs (captures, event logs, or folders of them) or a --database also which of them are
    there: a detection is `seen` if all its types came, `partly` if some did, `blind` if none. Of a
    database the last day counts unless a period is given; types and sensors that are silent in it
    are named with their newest event, and of profiles and trained models it is said how they stand;
    name the detections and settings that atp-run has. The exit code is 1 if any detection is blind.
    """
    from engine.cli.rules import load_rules  # noqa: PLC0415 - starts fast

    if files and database is not None:
        output.fail("the events are either in files or in a database")
    span = (begin, end, last)
    if database is None and span != (None, None, None):
        output.fail("a period is of a database", "name one with --database")
    loaded = load_rules(rules, settings, lists)
    known = None
    if files:
        known = _of_files(files)
    elif database is not None:
        known = _of_database(database, *span)
    states: Counter[str] = Counter()
    for rule in sorted(loaded.rules, key=lambda r: r.plan.id):
        types = [t for t in rule.plan.events if t != "alert"]
        state = "needs" if known is None else _state(types, known.counts)
        states[state] += 1
        learnt = Learnt(_models(loaded, rule, database), _profiles(loaded, rule, database))
        _show(rule.plan.id, state, types, known or Sources(), learnt, form)
    if known is not None and form == "text":
        for sensor, newest in sorted(known.sensors.items()):
            click.echo(f"the sensor {printable(sensor)} is silent since {_time(newest)}")
        told = ", ".join(f"{states[s]} {s}" for s in ("seen", "partly", "blind"))
        click.echo(f"{told} ({sum(known.counts.values()):,} events)")
    sys.exit(output.NO if states["blind"] else output.DONE)


def _of_files(files: Sequence[Path]) -> Sources:
    from dsl.schema.registry import event_type  # noqa: PLC0415 - starts fast
    from engine.cli import reading  # noqa: PLC0415

    found = Sources()

    def take(events: Iterable[Event]) -> None:
        found.counts.update(map(event_type, events))

    reading.read(files, take)
    return found


def _of_database(path: Path, begin: int | None, end: int | None, last: int | None) -> Sources:
    """What came in the period, and what fell silent before it."""
    from engine.cli import ground  # noqa: PLC0415 - starts fast
    from engine.hindsight import DAY_US  # noqa: PLC0415

    over = ground.of_database(path, begin, end, last if begin is not None or last else DAY_US)
    low, high = over.period
    found = Sources()
    newest: dict[str, int] = {}
    for event, sensor, ts, number in over.store.sources(low, high):
        found.counts[event] += number
        found.since[event] = max(ts, found.since.get(event, 0))
        newest[sensor] = max(ts, newest.get(sensor, 0))
    over.store.close()
    found.since = {e: ts for e, ts in found.since.items() if not found.counts[e]}
    found.sensors = {name: ts for name, ts in newest.items() if ts < low}
    return found


def _models(loaded: Loaded, rule: Rule, database: Path | None) -> dict[str, str]:
    """How each trained model of a detection stands, in words; without a database only that there
    is one.
    """
    compiled = loaded.compile_detection(rule.plan)
    subjects = [model.subject for alert in compiled.alerts for model in alert.trained]
    if not subjects:
        return {}
    from engine.models.folder import folder_of  # noqa: PLC0415 - only where there are any
    from engine.models.states import state_of  # noqa: PLC0415

    if database is None:
        return {s.name: "is trained by atp-run" for s in subjects}
    states = [state_of(folder_of(database), s) for s in subjects]
    return {s.model: s.told + ("; its score is null" if s.fault else "") for s in states}


def _profiles(loaded: Loaded, rule: Rule, database: Path | None) -> dict[str, Learning]:
    """How each profile of a detection stands, by name; none without a database."""
    learnings = loaded.compile_detection(rule.plan).learnings if database is not None else ()
    if database is None or not learnings:
        return {}
    from engine.cli.profiles import opened  # noqa: PLC0415 - only where there are any
    from engine.profiles.state import learnings_of  # noqa: PLC0415

    parts = opened(database)
    found = learnings_of(rule.plan, (each.profile for each in learnings), parts)
    told = {learning.profile.name: learning for learning in found}
    if parts is not None:
        parts.close()
    return told


def _state(types: list[str], seen: Counter[str]) -> State:
    there = sum(seen[t] > 0 for t in types)
    if there == len(types):
        return "seen"
    return "partly" if there else "blind"


def _show(
    rule: str, state: State, types: list[str], known: Sources, learnt: Learnt, form: str
) -> None:
    seen = known.counts
    if form == "json":
        from engine.event_json import json_line  # noqa: PLC0415 - only where asked for

        row: dict[str, object] = {"detection": rule, "types": {t: seen[t] for t in types}}
        if state != "needs":
            row["state"] = state
        silent = {t: _time(known.since[t]) for t in types if t in known.since}
        profiles = {name: _profile_row(each) for name, each in learnt.profiles.items()}
        told_of = {"silent_since": silent, "models": learnt.models, "profiles": profiles}
        output.write(json_line(row | {k: v for k, v in told_of.items() if v}))
        return

    def told(kind: str) -> str:
        if kind in known.since:
            return f"{kind} silent since {_time(known.since[kind])}"
        return kind if state == "needs" else f"{kind} {seen[kind]:,}"

    word = "" if state == "needs" else f"{click.style(f'{state:7}', fg=_COLOURS[state])}"
    click.echo(f"{word}{printable(rule)}: {', '.join(map(told, types))}")
    for name, how in learnt.models.items():
        click.echo(f"  model {printable(name)}: {printable(how)}")
    for name, learning in learnt.profiles.items():
        click.echo(f"  profile {printable(name)}: {_profile_words(learning)}")


def _profile_row(learning: Learning) -> dict[str, object]:
    row: dict[str, object] = {"state": "learning" if learning.waits else "ready"}
    if learning.ready_from is not None:
        row["ready_from"] = _time(learning.ready_from)
    if learning.state is not None:
        row |= {"keys": learning.state.keys, "withheld_keys": learning.state.withheld}
    return row


def _profile_words(learning: Learning) -> str:
    state, ready_from = learning.state, learning.ready_from
    if state is None or state.first is None:
        return "learning, nothing learnt yet"
    until = f"learning until {_time(ready_from)}" if ready_from is not None else ""
    told = [until if learning.waits else "ready", f"{state.keys:,} keys"]
    if state.seldom:
        told.append(f"{state.seldom:,} seen too seldom to be asked")
    if state.withheld:
        told.append(f"{state.withheld:,} with rows withheld behind alerts")
    return ", ".join(told)


def _time(ts: int) -> str:
    from engine.times import iso  # noqa: PLC0415 - starts fast

    return iso(ts)[:19] + "Z"
