"""`atp-run`: the daemon on one machine.

Watches folders and interfaces, ticks once or twice a second, writes alerts to the terminal and as JSON lines.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli import ending, options, output
from engine.cli.existing import Existing
from engine.cli.ground import first_line, load_directory, load_geolocation
from engine.cli.release import version_option
from engine.collection import untraced
from engine.daemon import (
    backing_up,
    configured,
    inputs,
    retaining,
    sensor_role,
    serving,
    sign_in_file,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engine.cli.rules import Loaded
    from engine.configuration.file import Configuration
    from engine.daemon.dispatch import Dispatch
    from engine.daemon.reloading import Reloading
    from engine.daemon.reports_file import Planned
    from engine.daemon.retaining import Retaining
    from engine.daemon.service import Service
    from engine.daemon.sinks_file import Sink
    from engine.daemon.timetable import Entry
    from engine.errands import Installation
    from engine.geolocation import Geolocation
    from engine.in_force import InForce
    from engine.run import Engine
    from engine.sinks.jsonl import JsonLines
    from engine.store import Store
    from engine.store.desk import Desk

TICK_S = 0.5
"""While events come; twice as long else."""


@click.command(cls=ending.Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--watch",
    "folders",
    multiple=True,
    metavar="FOLDER",
    type=Existing(file=False),
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
@click.option(
    "--sinks",
    "sinks_path",
    metavar="FILE",
    type=Existing(folder=False),
    help="Where alerts go beside: syslog, webhooks, e-mail.",
)
@click.option(
    "--reports",
    "reports_path",
    metavar="FILE",
    type=Existing(folder=False),
    help="Which reports are made each day, week or month, and where they go.",
)
@backing_up.options
@retaining.options
@options.GEOLOCATION
@options.installation
@configured.OPTION
@click.option(
    "--role",
    type=click.Choice(["all", "engine", "sensor"]),
    default="all",
    show_default=True,
    help="engine: take events of sensors only; sensor: deliver events to an engine.",
)
@click.option("--quiet", is_flag=True, help="Write nothing to the terminal but errors.")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="json: messages as objects, one a line, for a journal or a collector of logs.",
)
@version_option
def main(
    folders: tuple[Path, ...],
    user: str | None,
    sinks_path: Path | None,
    reports_path: Path | None,
    retention: tuple[str, ...],
    retention_size: float | None,
    retention_audit: int | None,
    geolocation_paths: tuple[Path, ...],
    store_path: Path,
    alerts_path: Path,
    settings: Path | None,
    lists: tuple[Path, ...],
    rules: tuple[Path, ...],
    directory_path: Path | None,
    quiet: bool,
    configuration: Configuration,
    role: str,
    log_format: str,
    **named: object,
) -> None:
    """Watch folders, interfaces, ports and directories, and raise alerts until stopped (Ctrl-C,
    SIGTERM).

    What a configuration file says, the command line overrides. SIGHUP reads detections, lists and
    settings anew.

    Exit codes: 0 stopped in order; 2 could not start, or could not go on; 75 ended for an erasure,
    to be started again.
    """
    from engine.daemon.nobody import give_up_privileges  # noqa: PLC0415 - `--help` answers at once
    from engine.daemon.reloading import (  # noqa: PLC0415
        Paths,
        Reloading,
        asked_by_signal,
        installation,
        with_own,
    )

    if log_format == "json":
        output.say_json()
    stop, again = _stopped_by_signals(), asked_by_signal()
    sensor_role.refuse(role, folders, named)
    opened = inputs.open_all(named)
    if not folders and not opened:
        hint = "name a folder with --watch, an interface with --interface, or take --syslog"
        output.fail("nothing to watch", hint)
    told = {each.tells for each in opened}
    if not folders and told == {"names"}:
        hint = "add what sees clients: --interface, --watch, --syslog"
        output.fail("--probe-networks alone watches nothing: it asks clients that others saw", hint)
    if role == "sensor":
        sensor_role.run(folders, opened, user, stop, named, quiet=quiet)
    listening = [each for each in opened if isinstance(each, serving.Sited)]
    asked = named["portal"]
    site = serving.portal_site(
        None if asked is None else str(asked), [each.site for each in listening]
    )
    sinks = _load_sinks(sinks_path)  # while there may be privileges to read secrets with
    planned = _load_reports(reports_path, sinks)
    sign_in = named["sign_in_path"]
    if sign_in is not None and site is None:
        output.fail("--sign-in: there is no portal to sign in to", "leave `--portal off` out")
    provider = None if sign_in is None else sign_in_file.load_provider(Path(str(sign_in)))
    backups = backing_up.planned(named)
    kept = retaining.limits(retention)
    keeper = retaining.Retaining(kept, retaining.in_bytes(retention_size), retention_audit)
    who = give_up_privileges(user, [store_path, alerts_path]) if opened else ""
    if site is not None and site.authority is None:
        folder = named["instance"]
        site.authority = serving.authority_of(
            None if folder is None else Path(str(folder)), store_path
        )
    from engine.cli.rules import load_rules  # noqa: PLC0415 - not of a sensor

    at = with_own(Paths(rules, settings, lists), store_path)
    loaded = load_rules(*at)
    geolocation = load_geolocation(geolocation_paths)
    engine = _engine(store_path, loaded, directory_path, geolocation, synced="directory" in told)
    for said in retaining.too_short([rule.plan for rule in loaded.rules], kept):
        output.warn(said)
    lines = _open_alerts(alerts_path)
    rejected = store_path.with_name(f"{store_path.name}.rejected")
    own = [store_path, Path(f"{store_path}.wal"), alerts_path, rejected, Path(f"{rejected}.1")]
    beside = ("directory", "desk", "spool", "access", "people")
    own += [Path(f"{store_path}.{n}{end}") for n in beside for end in ("", "-wal", "-shm")]
    own += serving.own_instance(store_path).glob("*")
    instance = None if named["instance"] is None else Path(str(named["instance"]))
    service = _service(
        named, engine, folders, opened, lines, own, rejected, geolocation, sinks, planned, backups, keeper, instance,
        loaded.in_force, lambda: installation(reloading, store_path), quiet=quiet, stop=stop,
    )  # fmt: skip
    context = click.get_current_context()
    reloading = Reloading(
        engine,
        again,
        at,
        loaded.in_force,
        lambda: with_own(Paths(*configured.detections(context, configuration)), store_path),
        lambda at: load_rules(*at),
        service.put_in_force,
        quiet=quiet,
    )
    portal = None
    if site is not None:
        from engine.configuration.file import told as told_options  # noqa: PLC0415
        from engine.tuning.own_lists import OwnLists  # noqa: PLC0415 - only where people look
        from portal.installed import Installed  # noqa: PLC0415

        portal = serving.Portal(
            site, engine.store, store_path, lambda: service.status,
            listening[0].registry if listening else None,
            Installed(
                OwnLists(lambda: reloading.at.lists, reloading.lists_asked.set), planned, reports_path,
                sinks, told_options(main.params, configuration, context), configuration.path, kept,
            ),
            provider,
        )  # fmt: skip
    _answer([*(each.site for each in listening), *([site] if site is not None else [])])
    if not quiet:
        watched = [*map(str, folders), *(o.words for o in opened)]
        nobody = f", as {who} without privileges" if who else ""
        output.note(f"watching {', '.join(watched)}{nobody}")
        if geolocation is not None:
            output.note(f"VPN sessions are placed by {', '.join(geolocation.words())}")
        elif "sessions" in told:
            output.note("VPN sessions have no country, place or network: there is no --geolocation")
        if site is not None:
            output.note(f"the portal is at https://{site.words}")
        if site is not None and portal is not None and portal.first_steps:
            first = f"https://{site.words}{portal.first_steps}"
            output.note(f"nobody can sign in yet: make the first administrator at {first}")
    _run(service, reloading, stop, portal)
    if service.erasure is not None:
        from engine.daemon import erasing  # noqa: PLC0415 - seldom

        erasing.carry_out(store_path, service.erasure)
        if not quiet:
            output.note("ended for an erasure: to be started again")
        sys.exit(erasing.RESTART)
    sys.exit(output.DONE)


# after --watch, as they are of its kind
main.params[1:1] = [*inputs.options(), serving.OPTION, sign_in_file.OPTION, *sensor_role.OPTIONS]


def _answer(sites: Sequence[serving.Site]) -> None:
    from engine.web.listener import ListenError  # noqa: PLC0415 - `--help` answers at once

    try:
        for site in dict.fromkeys(sites):
            site.start()
    except ListenError as error:
        output.fail(str(error), "may this user read the folder of the instance?")


def _run(
    service: Service,
    reloading: Reloading,
    stop: threading.Event,
    portal: serving.Portal | None = None,
) -> None:
    """Until it is stopped, or an erasure is asked for; all is closed then."""
    import duckdb  # noqa: PLC0415 - `--help` answers at once

    taken = 0
    try:
        with untraced():
            while not stop.is_set() and service.erasure is None:
                began = time.monotonic()
                reloading.step()
                service.step()
                pause = TICK_S if service.taken != taken else 2 * TICK_S
                taken = service.taken
                stop.wait(max(0.0, pause - (time.monotonic() - began)))
            if portal is not None:
                portal.close()
            service.close()
            if portal is not None:
                portal.site.close()  # nobody decides while what lies here is erased
    except duckdb.Error as error:
        # what is in the database is whole; a new start goes on from there
        output.fail(
            f"the database failed: {first_line(str(error))}", "start again when that is mended"
        )


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
    from engine.store.staging import clean  # noqa: PLC0415

    declared = load_directory(directory_path)
    clean(store_path)
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
    named: Mapping[str, object],
    engine: Engine,
    folders: Sequence[Path],
    opened: Sequence[inputs.Opened],
    lines: JsonLines,
    own: Sequence[Path],
    rejected: Path,
    geolocation: Geolocation | None,
    sinks: Sequence[Sink],
    planned: Sequence[Planned],
    backups: Sequence[Entry],
    keeper: Retaining,
    instance: Path | None,
    in_force: InForce,
    installed: Callable[[], Installation],
    *,
    quiet: bool,
    stop: threading.Event,
) -> Service:
    from engine.daemon import reporting  # noqa: PLC0415
    from engine.daemon.errands import Errands  # noqa: PLC0415
    from engine.daemon.folders import Folders  # noqa: PLC0415
    from engine.daemon.governing import governor  # noqa: PLC0415
    from engine.daemon.inputs.sensors import leases_of  # noqa: PLC0415
    from engine.daemon.numbers import last_number  # noqa: PLC0415
    from engine.daemon.service import Service  # noqa: PLC0415
    from engine.daemon.sinks_file import of_mail  # noqa: PLC0415
    from engine.daemon.synchronizing import OfEngine  # noqa: PLC0415
    from engine.daemon.timetable import Timetable  # noqa: PLC0415
    from engine.daemon.training import Training  # noqa: PLC0415
    from engine.daemon.watching_itself import SelfWatch  # noqa: PLC0415
    from engine.errands import Place  # noqa: PLC0415
    from engine.models.folder import folder_of  # noqa: PLC0415
    from sensor.govern.allowance import Allowance  # noqa: PLC0415

    def clock() -> int:
        return time.time_ns() // 1000

    watched = Folders(
        folders, engine.store, own, lambda p, e: output.warn(f"{p}: {output.reason(e)}")
    )

    def last(sensor: str) -> int:
        return last_number(engine.store, sensor)

    leases = leases_of(opened)
    allowance = Allowance() if named["interfaces"] else None
    ground = inputs.Ground(
        last=last,
        raw=engine.raw,
        rejected=rejected,
        mirror=own[0].with_name(f"{own[0].name}.directory"),
        unresolved=engine.take_unresolved,
        hold=engine.watermarks.hold,
        tenure=None if leases is None else OfEngine(leases),
        plans=lambda: [running.rule.plan for running in engine.running.values()],
        allowance=allowance,
    )
    sources = [each.start(ground) for each in opened]
    if allowance is not None:
        sources.append(governor(named, allowance, last))
    training = Training(engine, folder_of(own[0]))
    desk = _open_desk(own[0])
    dispatch = _open_dispatch(engine, own[0], sinks, desk.identity)
    errands = Errands(
        lambda: Place(engine.store, own[0], instance, clock(), installed), desk,
    )  # fmt: skip
    letters = of_mail(sinks)

    def entries() -> Sequence[Entry]:
        every = [*planned, *reporting.of_people(desk, planned, letters)]
        return [*reporting.entries(every, dispatch), *backups]

    timetable = Timetable(entries, errands, desk, clock)
    return Service(
        engine, watched, sources, lines, geolocation,
        quiet=quiet, stopping=stop.is_set, training=training, desk=desk, dispatch=dispatch,
        errands=errands, timetable=timetable, retaining=keeper, in_force=in_force,
        self_watch=SelfWatch(engine, own[0].resolve().parent, desk, dispatch, timetable, keeper),
    )  # fmt: skip


def _load_sinks(path: Path | None) -> Sequence[Sink]:
    from engine.daemon.sinks_file import load_sinks  # noqa: PLC0415 - `--help` answers at once

    return () if path is None else load_sinks(path)


def _load_reports(path: Path | None, sinks: Sequence[Sink]) -> Sequence[Planned]:
    from engine.daemon.reports_file import load_reports  # noqa: PLC0415 - `--help` answers at once

    return () if path is None else load_reports(path, {s.name: s.type for s in sinks})


def _open_dispatch(
    engine: Engine, store_path: Path, sinks: Sequence[Sink], identity: str
) -> Dispatch | None:
    import sqlite3  # noqa: PLC0415 - `--help` answers at once

    from engine.daemon.dispatch import Dispatch  # noqa: PLC0415
    from engine.daemon.tags import bears  # noqa: PLC0415
    from engine.store.spool import beside  # noqa: PLC0415

    if not sinks:
        return None
    path = beside(store_path)
    try:
        return Dispatch(path, sinks, identity, bears(engine.store.connection))
    except sqlite3.Error as error:
        output.fail(f"{path} cannot be opened: {error}", "see who owns it and its folder")


def _open_desk(store_path: Path) -> Desk:
    import sqlite3  # noqa: PLC0415 - `--help` answers at once

    from engine.store.desk import Desk, beside  # noqa: PLC0415

    path = beside(store_path)
    try:
        return Desk(path)
    except sqlite3.Error as error:
        output.fail(f"{path} cannot be opened: {error}", "see who owns it and its folder")
