"""`atp-run`: the daemon on one machine.

Watches folders, interfaces, syslog and directories, ticks every second, writes alerts to the terminal and as JSON lines.
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
    from engine.daemon.interfaces import Opened
    from engine.daemon.service import Service, Source
    from engine.directory_file import DirectoryFile
    from engine.run import Engine
    from engine.sinks.jsonl import JsonLines
    from engine.store import Store
    from sensor.inputs.directory.source import Source as Directory

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
    "--syslog",
    "places",
    multiple=True,
    metavar="WAY[:[ADDRESS:]PORT]",
    help="Take Windows events by syslog: udp, tcp or tls, as in `udp`, `tls:10.0.0.1:6514`. May be given again.",
)
@click.option(
    "--certificate",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="PEM file with the certificate of --syslog tls, and its chain.",
)
@click.option(
    "--key", type=click.Path(path_type=Path), metavar="FILE", help="PEM file with its private key."
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
@options.rules_in_force
@click.option(
    "--directory",
    "directories",
    multiple=True,
    metavar="FILE|SERVER",
    help="Directory file, and domain controllers to synchronise with: `ldaps://dc1.corp.test`. May be given again.",
)
@click.option(
    "--directory-user",
    metavar="NAME",
    help="Who asks the domain controllers: `atp@corp.test`; reading suffices.",
)
@click.option(
    "--directory-password-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Its password; default: the variable ATP_DIRECTORY_PASSWORD.",
)
@click.option(
    "--directory-ca",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="PEM file of the certificates to trust there, instead of the system's.",
)
@click.option("--quiet", is_flag=True, help="Write nothing to the terminal but errors.")
@version_option
def main(
    folders: tuple[Path, ...],
    interfaces: tuple[str, ...],
    buffer_mb: int,
    places: tuple[str, ...],
    certificate: Path | None,
    key: Path | None,
    user: str | None,
    store_path: Path,
    alerts_path: Path,
    settings: Path | None,
    lists: tuple[Path, ...],
    rules: tuple[Path, ...],
    directories: tuple[str, ...],
    directory_user: str | None,
    directory_password_file: Path | None,
    directory_ca: Path | None,
    quiet: bool,
) -> None:
    """Watch folders, interfaces, syslog and directories, and raise alerts until stopped (Ctrl-C,
    SIGTERM).

    Exit codes: 0 stopped in order; 2 could not start, or could not go on.
    """
    from engine.cli.rules import load_rules  # noqa: PLC0415 - `--help` answers at once
    from engine.daemon import synchronising  # noqa: PLC0415
    from engine.daemon.interfaces import give_up_privileges, open_all  # noqa: PLC0415

    files, servers = synchronising.files_and_servers(directories)
    if len(files) > 1:
        output.fail("there are two directory files", "one file may name several domains")
    declared = load_directory(paths.Existing(folder=False).convert(files[0], None, None)) if files else None  # fmt: skip
    synced = synchronising.directories(
        servers, directory_user, directory_password_file, directory_ca, declared
    )
    if not folders and not interfaces and not places and not synced:
        hint = "name a folder with --watch, an interface with --interface, or take --syslog"
        output.fail("nothing to watch", hint)
    stop = _stopped_by_signals()
    opened = open_all(interfaces, buffer_mb << 20, places, certificate, key)
    who = give_up_privileges(user, [store_path, alerts_path]) if opened.any() else ""
    loaded = load_rules(rules, settings, lists)
    engine = _engine(store_path, loaded, declared, synced=bool(synced))
    lines = _open_alerts(alerts_path)
    rejected = store_path.with_name(f"{store_path.name}.rejected")
    own = [store_path, Path(f"{store_path}.wal"), alerts_path, rejected, Path(f"{rejected}.1")]
    own += [Path(f"{synchronising.remembered(store_path)}{end}") for end in ("", "-wal", "-shm")]
    sources = _sources(engine, opened, synced, store_path, rejected)
    service = _service(engine, folders, sources, lines, own, quiet=quiet, stop=stop)
    if not quiet:
        watched = [*map(str, folders), *opened.words(), *(s.sensor for s in synced)]
        nobody = f", as {who} without privileges" if who else ""
        output.note(f"watching {', '.join(watched)}{nobody}")
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
    store_path: Path, loaded: Loaded, declared: DirectoryFile | None, *, synced: bool
) -> Engine:
    from engine.entities_build import directory_of  # noqa: PLC0415
    from engine.entities_rows import FOREVER  # noqa: PLC0415
    from engine.run import Engine  # noqa: PLC0415

    engine = Engine(
        _open_store(store_path),
        loaded.rules,
        compile_detection=loaded.compile_detection,
        directory=directory_of(declared),
        # what is synchronised says itself up to when it is complete
        directory_settled=None if declared is None or synced else FOREVER,
        keep=True,
        clock=lambda: time.time_ns() // 1000,
    )
    engine.put_lists(loaded.lists, loaded.rows)
    return engine


def _sources(
    engine: Engine,
    opened: Opened,
    synced: Sequence[Directory],
    store_path: Path,
    rejected: Path,
) -> list[Source]:
    from engine.cli.reading import wants_raw  # noqa: PLC0415
    from engine.daemon import capture, listening, synchronising  # noqa: PLC0415
    from engine.daemon.capture import Capture, last_number  # noqa: PLC0415

    def last(sensor: str) -> int:
        return last_number(engine.store, sensor)

    sources: list[Source] = [
        Capture(live, last(capture.sensor_name(live.interface))) for live in opened.lives
    ]
    raw = wants_raw(r.rule.plan for r in engine.running.values())
    for syslog in opened.syslogs:
        sensor = listening.sensor_name(syslog.place.name)
        after = last(sensor), last(f"{sensor} raw")
        sources.append(listening.Listening(syslog, rejected, *after, raw=raw))
    return [*sources, *synchronising.sources(synced, store_path, last)]


def _service(
    engine: Engine,
    folders: Sequence[Path],
    sources: Sequence[Source],
    lines: JsonLines,
    own: Sequence[Path],
    *,
    quiet: bool,
    stop: threading.Event,
) -> Service:
    from engine.daemon.folders import Folders  # noqa: PLC0415
    from engine.daemon.service import Service  # noqa: PLC0415

    watched = Folders(
        folders, engine.store, own, lambda p, e: output.warn(f"{p}: {output.reason(e)}")
    )
    return Service(engine, watched, sources, lines, quiet=quiet, stopping=stop.is_set)
