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
from engine.cli.ground import first_line, load_directory
from engine.cli.release import version_option
from engine.collection import untraced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.cli.rules import Loaded
    from engine.daemon.service import Service
    from engine.run import Engine
    from engine.sinks.jsonl import JsonLines
    from engine.store import Store
    from sensor.inputs.interface import LiveInput

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
    "--interface",
    "interfaces",
    multiple=True,
    metavar="NAME",
    help="Capture live from this network interface (needs root to open). May be given again.",
)
@click.option(
    "--buffer",
    "buffer_mb",
    type=click.IntRange(2, 4096),
    default=128,
    show_default=True,
    metavar="MB",
    help="Memory for packets of an interface that wait to be read.",
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
@options.installation
@click.option("--quiet", is_flag=True, help="Write nothing to the terminal but errors.")
@version_option
def main(
    folders: tuple[Path, ...],
    interfaces: tuple[str, ...],
    buffer_mb: int,
    user: str | None,
    store_path: Path,
    alerts_path: Path,
    settings: Path | None,
    lists: tuple[Path, ...],
    rules: tuple[Path, ...],
    directory_path: Path | None,
    quiet: bool,
) -> None:
    """Watch folders and interfaces, and raise alerts until stopped (Ctrl-C, SIGTERM).

    Exit codes: 0 stopped in order; 2 could not start, or could not go on.
    """
    if not folders and not interfaces:
        hint = "name a folder with --watch or an interface with --interface"
        output.fail("nothing to watch", hint)
    from engine.cli.rules import load_rules  # noqa: PLC0415 - `--help` answers at once

    stop = _stopped_by_signals()
    lives, who = _interfaces(interfaces, buffer_mb << 20, user, [store_path, alerts_path])
    loaded = load_rules(rules, settings, lists)
    engine = _engine(store_path, loaded, directory_path)
    lines = _open_alerts(alerts_path)
    own = [store_path, Path(f"{store_path}.wal"), alerts_path]
    service = _service(engine, folders, lives, lines, own, quiet=quiet, stop=stop)
    if not quiet:
        watched = [*map(str, folders), *(f"{live.interface} ({live.way})" for live in lives)]
        output.note(f"watching {', '.join(watched)}{who}")
    _run(service, stop)


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


def _interfaces(
    names: Sequence[str], memory: int, user: str | None, written: Sequence[Path]
) -> tuple[list[LiveInput], str]:
    """The inputs, and words about who reads them."""
    if not names:
        return [], ""
    from engine.daemon.interfaces import give_up_privileges, open_interfaces  # noqa: PLC0415

    lives = open_interfaces(names, memory)
    who = give_up_privileges(user, written)
    return lives, f", as {who} without privileges" if who else ""


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


def _engine(store_path: Path, loaded: Loaded, directory_path: Path | None) -> Engine:
    from engine.entities_build import directory_of  # noqa: PLC0415
    from engine.entities_rows import FOREVER  # noqa: PLC0415
    from engine.run import Engine  # noqa: PLC0415

    declared = load_directory(directory_path)
    engine = Engine(
        _open_store(store_path),
        loaded.rules,
        compile_detection=loaded.compile_detection,
        directory=directory_of(declared),
        directory_settled=None if declared is None else FOREVER,
        keep=True,
        clock=lambda: time.time_ns() // 1000,
    )
    engine.put_lists(loaded.lists, loaded.rows)
    return engine


def _service(
    engine: Engine,
    folders: Sequence[Path],
    lives: Sequence[LiveInput],
    lines: JsonLines,
    own: Sequence[Path],
    *,
    quiet: bool,
    stop: threading.Event,
) -> Service:
    from engine.daemon.capture import Capture, last_number  # noqa: PLC0415
    from engine.daemon.folders import Folders  # noqa: PLC0415
    from engine.daemon.service import Service  # noqa: PLC0415

    watched = Folders(
        folders, engine.store, own, lambda p, e: output.warn(f"{p}: {output.reason(e)}")
    )
    captures = [Capture(live, last_number(engine.store, live.interface)) for live in lives]
    return Service(engine, watched, captures, lines, quiet=quiet, stopping=stop.is_set)
