"""`atp-run`: the daemon on one machine.

Watches folders and interfaces, ticks every second, writes alerts to the terminal and as JSON lines.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from engine.cli import ending, options, output, paths
from engine.cli.ground import first_line, load_directory, load_geolocation
from engine.cli.release import version_option
from engine.collection import untraced
from engine.daemon import inputs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.cli.rules import Loaded
    from engine.daemon.service import Service
    from engine.geolocation import Geolocation
    from engine.run import Engine
    from engine.sinks.jsonl import JsonLines
    from engine.store import Store

TICK_S = 1.0


@click.command(cls=ending.Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--watch",
    "folders",
    multiple=True,
    metavar="FOLDER",
    type=paths.Existing(file=False),
    help="Read captures and event logs that appear or grow here. May be given again.",
)
@click.option(
    "--user",
    metavar="NAME",
    help="Become this user once the interfaces are open; default: who owns the folder of the database.",
)
@click.option(
    "--store",
    "store_path",
    type=click.Path(path_type=Path),
    default=Path("atp.duckdb"),
    show_default=True,
    metavar="FILE",
    help="The database of events and alerts.",
)
@click.option(
    "--alerts",
    "alerts_path",
    type=click.Path(path_type=Path),
    default=Path("alerts.jsonl"),
    show_default=True,
    metavar="FILE",
    help="Every change of an alert is appended here, one JSON object a line.",
)
@options.GEOLOCATION
@options.installation
@click.option("--quiet", is_flag=True, help="Write nothing to the terminal but errors.")
@version_option
def main(
    folders: tuple[Path, ...],
    user: str | None,
    geolocation_paths: tuple[Path, ...],
    store_path: Path,
    alerts_path: Path,
    settings: Path | None,
    lists: tuple[Path, ...],
    rules: tuple[Path, ...],
    directory_path: Path | None,
    quiet: bool,
    **named: object,
) -> None:
    """Watch folders, interfaces, ports and directories, and raise alerts until stopped (Ctrl-C,
    SIGTERM).

    Exit codes: 0 stopped in order; 2 could not start, or could not go on.
    """
    from engine.cli.rules import load_rules  # noqa: PLC0415 - `--help` answers at once
    from engine.daemon.nobody import give_up_privileges  # noqa: PLC0415

    stop = _stopped_by_signals()
    opened = inputs.open_all(named)
    if not folders and not opened:
        hint = "name a folder with --watch, an interface with --interface, or take --syslog"
        output.fail("nothing to watch", hint)
    who = give_up_privileges(user, [store_path, alerts_path]) if opened else ""
    loaded = load_rules(rules, settings, lists)
    geolocation = load_geolocation(geolocation_paths)
    engine = _engine(
        store_path, loaded, directory_path, geolocation, synced=bool(named["synchronised"])
    )
    lines = _open_alerts(alerts_path)
    rejected = store_path.with_name(f"{store_path.name}.rejected")
    own = [store_path, Path(f"{store_path}.wal"), alerts_path, rejected, Path(f"{rejected}.1")]
    own += [Path(f"{store_path}.directory{end}") for end in ("", "-wal", "-shm")]
    service = _service(
        engine, folders, opened, lines, own, rejected, geolocation, quiet=quiet, stop=stop
    )
    if not quiet:
        watched = [*map(str, folders), *(o.words for o in opened)]
        nobody = f", as {who} without privileges" if who else ""
        output.note(f"watching {', '.join(watched)}{nobody}")
        if geolocation is not None:
            output.note(f"VPN sessions are placed by {', '.join(geolocation.words())}")
        elif named["radius_places"]:
            output.note("VPN sessions have no country, place or network: there is no --geolocation")
    _run(service, stop)


# after --watch, as they are of its kind
main.params[1:1] = inputs.options()


def _run(service: Service, stop: threading.Event) -> NoReturn:
    import duckdb  # noqa: PLC0415 - `--help` answers at once

    try:
        with untraced():
            while not stop.is_set():
                began = time.monotonic()
                service.step()
                stop.wait(max(0.0, TICK_S - (time.monotonic() - began)))
            service.close()
    except duckdb.Error as error:
        # what is in the database is whole; a new start goes on from there
        output.fail(
            f"the database failed: {first_line(str(error))}", "start again when that is mended"
        )
    sys.exit(output.DONE)


def _stopped_by_signals() -> threading.Event:
    """Set by SIGINT or SIGTERM; a second one ends the process there and then."""
    stop = threading.Event()

    def handle(number: int, _frame: object) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle)
    return stop


def _open_store(path: Path) -> Store:
    import duckdb  # noqa: PLC0415

    from engine.store import Store  # noqa: PLC0415

    try:
        return Store(path)
    except duckdb.Error as error:
        why = first_line(str(error))
        locked = "lock" in why
        if locked:
            output.fail(f"{path} is in use by another process", "one database, one atp-run")
        output.fail(f"{path} cannot be opened: {why}", "name another file with --store")


def _open_alerts(path: Path) -> JsonLines:
    from engine.sinks.jsonl import JsonLines  # noqa: PLC0415

    try:
        return JsonLines(path)
    except BlockingIOError:
        output.fail(f"{path} is in use by another process", "one file of alerts, one atp-run")
    except OSError as error:
        output.fail(f"{path}: {output.reason(error)}", "name another file with --alerts")


def _engine(
    store_path: Path,
    loaded: Loaded,
    directory_path: Path | None,
    geolocation: Geolocation | None,
    *,
    synced: bool,
) -> Engine:
    from engine.entities_build import directory_of  # noqa: PLC0415
    from engine.entities_rows import FOREVER  # noqa: PLC0415
    from engine.models.at_hand import OfFolder  # noqa: PLC0415
    from engine.models.folder import folder_of  # noqa: PLC0415
    from engine.run import Engine  # noqa: PLC0415

    declared = load_directory(directory_path)
    engine = Engine(
        _open_store(store_path),
        loaded.rules,
        compile_detection=loaded.compile_detection,
        directory=directory_of(declared),
        # what is synchronised says itself up to when it is complete
        directory_settled=None if declared is None or synced else FOREVER,
        keep=True,
        clock=lambda: time.time_ns() // 1000,
        models=OfFolder(folder_of(store_path)),
        geolocation=geolocation,
    )
    engine.put_lists(loaded.lists, loaded.rows)
    return engine


def _service(
    engine: Engine,
    folders: Sequence[Path],
    opened: Sequence[inputs.Opened],
    lines: JsonLines,
    own: Sequence[Path],
    rejected: Path,
    geolocation: Geolocation | None,
    *,
    quiet: bool,
    stop: threading.Event,
) -> Service:
    from engine.cli.reading import wants_raw  # noqa: PLC0415
    from engine.daemon.capture import last_number  # noqa: PLC0415
    from engine.daemon.folders import Folders  # noqa: PLC0415
    from engine.daemon.service import Service  # noqa: PLC0415
    from engine.daemon.training import Training  # noqa: PLC0415
    from engine.models.folder import folder_of  # noqa: PLC0415

    watched = Folders(
        folders, engine.store, own, lambda p, e: output.warn(f"{p}: {output.reason(e)}")
    )

    ground = inputs.Ground(
        last=lambda sensor: last_number(engine.store, sensor),
        raw=wants_raw(r.rule.plan for r in engine.running.values()),
        rejected=rejected,
        mirror=own[0].with_name(f"{own[0].name}.directory"),
        unresolved=engine.take_unresolved,
    )
    sources = [each.start(ground) for each in opened]
    training = Training(engine, folder_of(own[0]))
    return Service(
        engine, watched, sources, lines, geolocation,
        quiet=quiet, stopping=stop.is_set, training=training,
    )  # fmt: skip
