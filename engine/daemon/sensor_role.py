"""`atp-run --role sensor`: its options, and the way from the command line to `sensing`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import click

from engine.cli import output

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping, Sequence

    from engine.daemon.inputs import Opened
    from engine.daemon.service import Source
    from sensor.delivery.identity import Identity
    from sensor.delivery.sender import Sender
    from sensor.delivery.spool import Spool

TICK_S: Final = 0.5
_RENEW_DAYS: Final = 240
"""A third of the two years that a certificate lasts."""
_LOOK_S: Final = 6 * 3_600.0
_OF_ENGINE: Final = {
    "listen": "--listen", "portal": "--portal", "probe_networks": "--probe-networks",
}  # fmt: skip
OPTIONS: Final = (
    click.Option(
        ["--state"],
        type=click.Path(path_type=Path),
        default=Path("atp-sensor"),
        show_default=True,
        metavar="FOLDER",
        help="Of a sensor: folder of its identity (`atp sensors enrol`) and of its spool.",
    ),
    click.Option(
        ["--spool-size"],
        type=click.IntRange(16, 1_000_000),
        default=2_048,
        show_default=True,
        metavar="MB",
        help="Of a sensor: events kept on disk while the engine is away; then the oldest go.",
    ),
    click.Option(
        ["--spool-age"],
        type=click.IntRange(1, 8_760),
        default=168,
        show_default=True,
        metavar="HOURS",
        help="Of a sensor: no event waits longer than that on disk.",
    ),
    click.Option(
        ["--reserve"],
        type=click.IntRange(0, 90),
        default=15,
        show_default=True,
        metavar="PERCENT",
        help="Of a sensor, and of the captures of --role all: processor time and memory of the host that stay "
        "free; 0: they take what they need.",
    ),
    click.Option(
        ["--memory-limit"],
        type=click.IntRange(256, 1_000_000),
        default=2_048,
        show_default=True,
        metavar="MB",
        help="Of a sensor: memory that it may use; beyond that it starts anew.",
    ),
    click.Option(
        ["--proxy"],
        metavar="URL",
        help="Of a sensor: proxy to the engine, `http://proxy:8080`; default: HTTPS_PROXY, on Windows the "
        "system's.",
    ),
)


def refuse(role: str, folders: Sequence[Path], named: Mapping[str, object]) -> None:
    """End the command where an option does not belong to the role."""
    if role == "sensor":
        for name, option in _OF_ENGINE.items():
            if named[name]:
                output.fail(
                    f"{option} belongs to the engine", "leave it out, or take --role engine"
                )
    elif role == "engine":
        if named["listen"] is None:
            output.fail("an engine needs a port for its sensors", "add --listen")
        if folders or named["interfaces"]:
            output.fail("captures belong to a sensor", "take --role all, or let a sensor read them")


def run(
    folders: Sequence[Path],
    opened: Sequence[Opened],
    user: str | None,
    stop: threading.Event,
    named: Mapping[str, object],
    *,
    quiet: bool,
) -> NoReturn:
    """Deliver events until stopped."""
    from engine.cli.release import release  # noqa: PLC0415 - `--help` answers at once
    from engine.collection import untraced  # noqa: PLC0415
    from engine.daemon.governing import governor as governor_of  # noqa: PLC0415
    from engine.daemon.inputs import Ground  # noqa: PLC0415
    from engine.daemon.nobody import give_up_privileges  # noqa: PLC0415
    from engine.daemon.sensing import Sensing  # noqa: PLC0415
    from engine.daemon.starting_anew import can_start_anew, privileged  # noqa: PLC0415
    from engine.daemon.synchronizing import Granted  # noqa: PLC0415
    from sensor.govern.allowance import Allowance  # noqa: PLC0415

    state = Path(str(named["state"]))
    proxy = None if named["proxy"] is None else str(named["proxy"])
    anew = can_start_anew(gives_up=bool(opened) and privileged())
    who = give_up_privileges(user, [state / "identity.json"]) if opened else ""
    size, age = int(str(named["spool_size"])), int(str(named["spool_age"]))
    identity, spool = _open(state, size << 20, age * 3_600.0)
    sender = _sender(identity, spool, release(), proxy)
    allowance, granted = Allowance(), Granted()
    sensing = Sensing(
        spool, sender, folders, own=[*state.glob("*")], stopping=stop.is_set, allowance=allowance
    )
    memory = int(str(named["memory_limit"])) << 20
    governor = governor_of(named, allowance, sensing.last, most_memory=memory)
    ground = Ground(
        last=sensing.last,
        raw=sensing.raw,
        rejected=state / "rejected",
        mirror=state / "directory.sqlite",
        allowance=allowance,
        tenure=granted,
        travels=True,
    )
    sender.tenure = granted
    sender.start()
    sources: list[Source] = [each.start(ground) for each in opened]
    sensing.begin([*sources, governor])
    if not quiet:
        watched = ", ".join([*map(str, folders), *(o.words for o in opened)])
        nobody = f", as {who} without privileges" if who else ""
        output.note(f"watching {watched} for {identity.engine} as {identity.name}{nobody}")
    looked = 0.0
    with untraced():
        while not stop.is_set():
            began = time.monotonic()
            sensing.step()
            if governor.outgrown and anew is not None:
                output.warn(f"{governor.outgrown}: it starts anew")
                sensing.close()
                anew()
            if began - looked >= _LOOK_S or not looked:
                looked = began
                _renew(identity, sender, proxy)
            stop.wait(max(0.0, TICK_S - (time.monotonic() - began)))
        sensing.close()
    sys.exit(output.DONE)


def _open(state: Path, most_bytes: int, most_age_s: float) -> tuple[Identity, Spool]:
    from sensor.delivery.identity import SPOOL, IdentityError, load_identity  # noqa: PLC0415
    from sensor.delivery.spool import Spool, SpoolError  # noqa: PLC0415

    try:
        identity = load_identity(state)
        if not (state / SPOOL).is_file():
            output.fail(f"the spool in {state} is gone", "enrol anew: `atp sensors enrol`")
        spool = Spool(state / SPOOL, most_bytes, most_age_s)
    except IdentityError as error:
        output.fail(str(error), "enrol it first: `atp sensors enrol`")
    except SpoolError as error:
        output.fail(str(error), "name another folder with --state")
    if spool.states("identity").get("") != identity.spool:
        # numbers would be given twice, and the engine takes each once
        output.fail(f"the spool in {state} is another's", "enrol anew: `atp sensors enrol`")
    return identity, spool


def _sender(identity: Identity, spool: Spool, release: str, proxy: str | None) -> Sender:
    from sensor.delivery.link import LinkError  # noqa: PLC0415
    from sensor.delivery.sender import Sender  # noqa: PLC0415

    try:
        return Sender(identity, spool, release, proxy)
    except LinkError as error:
        output.fail(str(error), "see `atp sensors enrol`, and --proxy")


def _renew(identity: Identity, sender: Sender, proxy: str | None) -> None:
    """Ask for another certificate long before this one ends."""
    from sensor.delivery.enrolment import EnrolmentError, days_left, renew  # noqa: PLC0415
    from sensor.delivery.link import LinkError  # noqa: PLC0415

    try:
        if days_left(identity, time.time()) < _RENEW_DAYS:
            renew(identity, proxy)
            sender.renew_link()
    except (EnrolmentError, LinkError, OSError, ValueError) as error:
        output.warn(f"the certificate could not be renewed: {error}")
