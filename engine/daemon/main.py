"""`atp-run`: the daemon on one machine.

Watches folders and interfaces, ticks every second, writes alerts to the terminal and as JSON lines.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli import output

if TYPE_CHECKING:
    from engine.daemon.capture import Capture
    from engine.daemon.service import Service

TICK_S = 1.0


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--watch",
    "folders",
    multiple=True,
    metavar="FOLDER",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Read captures and event logs that appear or grow here. May be given again.",
)
@click.option(
    "--interface",
    "interfaces",
    multiple=True,
    metavar="NAME",
    help="Capture live from this network interface (needs root). May be given again.",
)
@click.option(
    "--store",
    "store_path",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("atp.duckdb"),
    show_default=True,
    metavar="FILE",
    help="The database of events and alerts.",
)
@click.option(
    "--alerts",
    "alerts_path",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("alerts.jsonl"),
    show_default=True,
    metavar="FILE",
    help="Every change of an alert is appended here, one JSON object a line.",
)
@click.option(
    "--directory",
    "directory_path",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Directory file: domains, hosts, accounts, groups, tags.",
)
@click.option(
    "--detections",
    "rules",
    multiple=True,
    metavar="PATH",
    type=click.Path(exists=True, path_type=Path),
    help="File or folder of detections; default: `detections/` here, else the shipped ones.",
)
@click.option("--quiet", is_flag=True, help="Write nothing to the terminal but errors.")  # fmt: skip
def main(
    folders: tuple[Path, ...],
    interfaces: tuple[str, ...],
    store_path: Path,
    alerts_path: Path,
    directory_path: Path | None,
    rules: tuple[Path, ...],
    quiet: bool,
) -> None:
    """Watch folders and interfaces, and raise alerts until stopped (Ctrl-C, SIGTERM).

    Exit codes: 0 stopped in order; 2 could not start.
    """
    if not folders and not interfaces:
        output.fail(
            "nothing to watch", "name a folder with --watch or an interface with --interface"
        )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    service, captures = _start(
        folders, interfaces, store_path, alerts_path, directory_path, rules, quiet=quiet
    )
    if not quiet:
        click.echo(f"watching {', '.join([*map(str, folders), *interfaces])}", err=True)
    while not stop.is_set():
        began = time.monotonic()
        service.step()
        for capture in captures:
            if not capture.alive:
                service.close()
                output.fail("an interface went away", "start again when it is back")
        stop.wait(max(0.0, TICK_S - (time.monotonic() - began)))
    service.close()
    sys.exit(output.DONE)


def _start(
    folders: tuple[Path, ...],
    interfaces: tuple[str, ...],
    store_path: Path,
    alerts_path: Path,
    directory_path: Path | None,
    rules: tuple[Path, ...],
    *,
    quiet: bool,
) -> tuple[Service, list[Capture]]:
    import duckdb  # noqa: PLC0415 - `--help` answers at once

    from engine.backends.duckdb import compile_detection  # noqa: PLC0415
    from engine.cli.replay import load_directory, load_rules  # noqa: PLC0415
    from engine.daemon.capture import Capture  # noqa: PLC0415
    from engine.daemon.folders import Folders  # noqa: PLC0415
    from engine.daemon.service import Service  # noqa: PLC0415
    from engine.entities_build import directory_of  # noqa: PLC0415
    from engine.entities_rows import FOREVER  # noqa: PLC0415
    from engine.lists import rows_of  # noqa: PLC0415
    from engine.run import Engine  # noqa: PLC0415
    from engine.sinks.jsonl import JsonLines  # noqa: PLC0415
    from engine.store import Store  # noqa: PLC0415
    from sensor.inputs.live import InterfaceError  # noqa: PLC0415

    catalogue, running = load_rules(rules)
    declared = load_directory(directory_path)
    try:
        captures = [Capture(name) for name in interfaces]
    except InterfaceError as error:
        output.fail(str(error))
    try:
        store = Store(store_path)
    except duckdb.Error as error:
        output.fail(f"{store_path} cannot be opened: {error}", "is another atp-run using it?")
    try:
        lines = JsonLines(alerts_path)
    except OSError as error:
        output.fail(f"{alerts_path} cannot be written: {error.strerror}")
    engine = Engine(
        store,
        running,
        compile_detection=compile_detection,
        directory=directory_of(declared),
        directory_settled=None if declared is None else FOREVER,
        keep=True,
        clock=lambda: time.time_ns() // 1000,
    )
    engine.put_lists(catalogue.lists, rows_of(catalogue.lists.values()))
    return Service(engine, Folders(folders, store), captures, lines, quiet=quiet), captures
