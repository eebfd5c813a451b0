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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.cli.rules import Loaded
    from engine.daemon.interfaces import Opened
    from engine.daemon.service import Service, Source
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
    "syslog",
    multiple=True,
    metavar="WAY[:[ADDRESS:]PORT]",
    help="Take Windows events by syslog: udp, tcp or tls, as in `udp`, `tls:10.0.0.1:6514`. May be given again.",
)
@click.option(
    "--json",
    "json",
    multiple=True,
    metavar="WAY[:[ADDRESS:]PORT]",
    help="Take Windows events and Zeek logs as JSON: tcp or tls (lines), http or https (NDJSON, Elasticsearch's _bulk). May be given again.",
)
@click.option(
    "--json-tokens",
    type=paths.Existing(folder=False),
    metavar="FILE",
    help="Tokens that let senders of --json http and https in, one a line.",
)
@click.option(
    "--certificate",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="PEM file with the certificate of --syslog tls and --json tls, https, and its chain.",
)
@click.option(
    "--key", type=click.Path(path_type=Path), metavar="FILE", help="PEM file with its private key."
)
@click.option(
    "--radius",
    multiple=True,
    is_flag=False,
    flag_value="1813",
    metavar="[[ADDRESS:]PORT]",
    help="Be a server of RADIUS accounting for VPN gateways, on UDP port 1813 or this one. May be given again.",
)
@click.option(
    "--radius-clients",
    type=paths.Existing(folder=False),
    metavar="FILE",
    help="The gateways that may send accounting, each with the secret it shares.",
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
    interfaces: tuple[str, ...],
    buffer_mb: int,
    syslog: tuple[str, ...],
    json: tuple[str, ...],
    json_tokens: Path | None,
    certificate: Path | None,
    key: Path | None,
    radius: tuple[str, ...],
    radius_clients: Path | None,
    geolocation_paths: tuple[Path, ...],
    user: str | None,
    store_path: Path,
    alerts_path: Path,
    settings: Path | None,
    lists: tuple[Path, ...],
    rules: tuple[Path, ...],
    directory_path: Path | None,
    quiet: bool,
) -> None:
    """Watch folders, interfaces and ports, and raise alerts until stopped (Ctrl-C, SIGTERM).

    Exit codes: 0 stopped in order; 2 could not start, or could not go on.
    """
    from engine.daemon.ports import Wanted  # noqa: PLC0415 - `--help` answers at once

    wanted = Wanted(syslog, json, json_tokens, radius, radius_clients, certificate, key)
    if not folders and not interfaces and not wanted.any():
        hint = "name a folder with --watch, an interface with --interface, or take --syslog"
        output.fail("nothing to watch", hint)
    from engine.cli.rules import load_rules  # noqa: PLC0415 - `--help` answers at once
    from engine.daemon.interfaces import give_up_privileges, open_all  # noqa: PLC0415

    stop = _stopped_by_signals()
    opened = open_all(interfaces, buffer_mb << 20, wanted)
    who = give_up_privileges(user, [store_path, alerts_path]) if opened.any() else ""
    loaded = load_rules(rules, settings, lists)
    geolocation = load_geolocation(geolocation_paths)
    engine = _engine(store_path, loaded, directory_path, geolocation)
    lines = _open_alerts(alerts_path)
    rejected = store_path.with_name(f"{store_path.name}.rejected")
    own = [store_path, Path(f"{store_path}.wal"), alerts_path, rejected, Path(f"{rejected}.1")]
    service = _service(
        engine, folders, opened, lines, own, rejected, geolocation, quiet=quiet, stop=stop
    )
    if not quiet:
        watched = [*map(str, folders), *opened.words()]
        nobody = f", as {who} without privileges" if who else ""
        output.note(f"watching {', '.join(watched)}{nobody}")
        if geolocation is not None:
            output.note(f"VPN sessions are placed by {', '.join(geolocation.words())}")
        elif radius:
            output.note("VPN sessions have no country, place or network: there is no --geolocation")
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
    store_path: Path,
    loaded: Loaded,
    directory_path: Path | None,
    geolocation: Geolocation | None,
) -> Engine:
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
        geolocation=geolocation,
    )
    engine.put_lists(loaded.lists, loaded.rows)
    return engine


def _service(
    engine: Engine,
    folders: Sequence[Path],
    opened: Opened,
    lines: JsonLines,
    own: Sequence[Path],
    rejected: Path,
    geolocation: Geolocation | None,
    *,
    quiet: bool,
    stop: threading.Event,
) -> Service:
    from engine.cli.reading import wants_raw  # noqa: PLC0415
    from engine.daemon import capture  # noqa: PLC0415
    from engine.daemon.capture import Capture, last_number  # noqa: PLC0415
    from engine.daemon.folders import Folders  # noqa: PLC0415
    from engine.daemon.ports import Ground  # noqa: PLC0415
    from engine.daemon.service import Service  # noqa: PLC0415

    watched = Folders(
        folders, engine.store, own, lambda p, e: output.warn(f"{p}: {output.reason(e)}")
    )

    def last(sensor: str) -> int:
        return last_number(engine.store, sensor)

    sources: list[Source] = [
        Capture(live, last(capture.sensor_name(live.interface))) for live in opened.lives
    ]
    raw = wants_raw(r.rule.plan for r in engine.running.values())
    sources += [port.source(Ground(rejected, last, raw)) for port in opened.ports]
    return Service(engine, watched, sources, lines, geolocation, quiet=quiet, stopping=stop.is_set)
