"""instance: make the instance that sensors enrol with, and its access key."""

from __future__ import annotations

import time
from pathlib import Path

import click

from engine.cli import ending, output

_FOLDER = click.argument("folder", type=click.Path(path_type=Path), metavar="FOLDER")


class Group(ending.Command, click.Group):
    """A group with our endings."""


@click.group(cls=Group)
def command() -> None:
    """Make the instance that sensors enrol with: its certificate authority and access key.

    FOLDER belongs to the user that atp-run runs as, and is named there with --instance.
    """


@command.command("create", cls=ending.Command)
@_FOLDER
@click.option(
    "--name", "names", multiple=True, metavar="NAME",
    help="Name or address of the engine, for its certificate. May be given again.",
)  # fmt: skip
def create(folder: Path, names: tuple[str, ...]) -> None:
    """Make an instance; says its fingerprint and access key, which are asked for at enrolment.

    The access key is shown this once; `atp instance key` makes another.
    """
    from engine.instance.authority import AuthorityError, create_authority  # noqa: PLC0415
    from engine.instance.registry import Registry, RegistryError  # noqa: PLC0415
    from sensor.delivery.enrolment import fingerprint_of  # noqa: PLC0415 - starts fast

    try:
        authority = create_authority(folder, names)
        registry = Registry(folder / "sensors.sqlite")
        key = registry.new_access_key()
        registry.close()
    except (AuthorityError, RegistryError) as error:
        output.fail(str(error))
    click.echo(f"fingerprint {fingerprint_of(authority.certificate_pem)}")
    click.echo(f"access key  {key}")


@command.command("show", cls=ending.Command)
@_FOLDER
def show(folder: Path) -> None:
    """Show the fingerprint, how many sensors there are, and whether it is marked for deletion."""
    from engine.instance.authority import Authority, AuthorityError  # noqa: PLC0415 - starts fast
    from engine.instance.registry import Registry, RegistryError  # noqa: PLC0415
    from sensor.delivery.enrolment import fingerprint_of  # noqa: PLC0415

    try:
        authority = Authority(folder)
        registry = Registry(folder / "sensors.sqlite")
        sensors = [s for s in registry.sensors() if s.revoked is None]
        marked = registry.marked_for_deletion(time.time_ns() // 1000)
    except (AuthorityError, RegistryError) as error:
        output.fail(str(error))
    click.echo(f"fingerprint {fingerprint_of(authority.certificate_pem)}")
    click.echo(f"sensors     {len(sensors)}")
    if marked:
        click.echo("marked for deletion: no sensor has been there for 60 days")


@command.command("key", cls=ending.Command)
@_FOLDER
def key(folder: Path) -> None:
    """Make another access key; the one before is worth nothing from now on.

    Sensors that are enrolled do not need it.
    """
    from engine.instance.authority import Authority, AuthorityError  # noqa: PLC0415 - starts fast
    from engine.instance.registry import Registry, RegistryError  # noqa: PLC0415

    try:
        Authority(folder)
        click.echo(Registry(folder / "sensors.sqlite").new_access_key())
    except (AuthorityError, RegistryError) as error:
        output.fail(str(error))
