"""sensors: enrol this machine as a sensor; list and revoke the sensors of an instance."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli import ending, output
from engine.cli.existing import Existing

if TYPE_CHECKING:
    from engine.instance.registry import Registry, Sensor

_INSTANCE = click.option(
    "--instance",
    required=True,
    metavar="FOLDER",
    type=Existing(file=False),
    help="Folder of the instance.",
)


class Group(ending.Command, click.Group):
    """A group with our endings."""


@click.group(cls=Group)
def command() -> None:
    """Enrol this machine as a sensor of an engine; list and revoke the sensors of an instance."""


@command.command("enrol", cls=ending.Command)
@click.option(
    "--engine", required=True, metavar="URL", help="The engine, `https://engine.corp.test:8443`."
)
@click.option(
    "--fingerprint", required=True, metavar="SHA256", help="As `atp instance show` tells it there."
)
@click.option(
    "--access-key-file",
    required=True,
    metavar="FILE",
    type=Existing(folder=False),
    help="File with the access key of the instance.",
)
@click.option(
    "--state",
    default=Path("atp-sensor"),
    show_default=True,
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Where the identity and the spool are kept; only the sensor's user may read it.",
)
@click.option("--name", metavar="NAME", help="What the sensor is called; default: this host.")
@click.option("--proxy", metavar="URL", help="Proxy to the engine; default: HTTPS_PROXY.")
def enrol(
    engine: str, fingerprint: str, access_key_file: Path, state: Path, name: str | None,
    proxy: str | None,
) -> None:  # fmt: skip
    """Enrol this machine as a sensor: it gets a certificate and a token of its own.

    Run it as the user that `atp-run --role sensor` runs as. Enrolling again gives a new identity.
    """
    from engine.cli.release import release  # noqa: PLC0415 - starts fast
    from sensor.delivery.enrolment import EnrolmentError  # noqa: PLC0415
    from sensor.delivery.enrolment import enrol as enrol_at  # noqa: PLC0415
    from sensor.delivery.identity import SPOOL  # noqa: PLC0415
    from sensor.delivery.link import LinkError  # noqa: PLC0415
    from sensor.delivery.spool import Spool, SpoolError  # noqa: PLC0415

    key = access_key_file.read_text(encoding="utf-8", errors="replace").strip()
    called = name or socket.getfqdn()
    try:
        identity = enrol_at(state, engine, fingerprint, key, called, release(), proxy)
        spool = Spool(state / SPOOL, 1 << 40, 1e9)
        spool.append(None, {"identity": identity.spool})
        spool.close()
    except EnrolmentError as error:
        output.fail(str(error))
    except LinkError as error:
        output.fail(f"{engine}: {error}", "is `atp-run --listen` at work there?")
    except SpoolError as error:
        output.fail(str(error))
    click.echo(f"enrolled as {identity.name}")


@command.command("list", cls=ending.Command)
@_INSTANCE
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
              help="json: a sensor a line.")  # fmt: skip
def list_(instance: Path, form: str) -> None:
    """List the sensors of an instance and how they stand."""
    import msgspec  # noqa: PLC0415 - starts fast

    from engine.event_json import json_line  # noqa: PLC0415

    sensors = _registry(instance).sensors()
    for sensor in sensors:
        if form == "json":
            told = msgspec.to_builtins(sensor)
            del told["certificate"]
            output.write(json_line(told))
        else:
            click.echo(_line(sensor))
    if form == "text" and not sensors:
        click.echo("no sensor is enrolled")


@command.command("revoke", cls=ending.Command)
@_INSTANCE
@click.argument("name")
def revoke(instance: Path, name: str) -> None:
    """Revoke a sensor: the engine refuses it from its next delivery on.

    What it delivered stays. To come back it must enrol anew, and gets another name.
    """
    from engine.instance.registry import RegistryError  # noqa: PLC0415 - starts fast

    try:
        _registry(instance).revoke(name)
    except RegistryError as error:
        output.fail(str(error), "see `atp sensors list`")


def _registry(instance: Path) -> Registry:
    from engine.instance.authority import Authority, AuthorityError  # noqa: PLC0415 - starts fast
    from engine.instance.registry import Registry, RegistryError  # noqa: PLC0415

    try:
        Authority(instance)
        return Registry(instance / "sensors.sqlite")
    except (AuthorityError, RegistryError) as error:
        output.fail(str(error), "see `atp instance create`")


def _line(sensor: Sensor) -> str:
    state = "revoked" if sensor.revoked is not None else "never seen"
    if sensor.revoked is None and sensor.seen is not None:
        ago = max(0, time.time_ns() // 1000 - sensor.seen) // 1_000_000
        state = f"seen {_long(ago)} ago from {sensor.address}"
    parts = [f"{sensor.name}: {state}", f"{sensor.events} events"]
    if sensor.release:
        parts.append(f"release {sensor.release}")
    if abs(sensor.skew) >= 1_000_000:
        parts.append(f"clock off by {sensor.skew // 1_000_000} s")
    if sensor.waiting:
        parts.append(f"{sensor.waiting} batches wait there ({sensor.waiting_bytes >> 20} MB)")
    if sensor.dropped:
        parts.append(f"{sum(sensor.dropped.values())} events dropped there")
    if sensor.sampled:
        parts.append(f"{sum(sensor.sampled.values())} ordinary events left out there")
    if sensor.unknown:
        parts.append(f"{sum(sensor.unknown.values())} values not known to this release")
    return ", ".join(parts)


def _long(seconds: int) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
