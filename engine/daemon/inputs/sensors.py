"""`--listen`: events of remote sensors, over HTTPS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from engine.cli import output
from engine.daemon import ports
from engine.daemon.serving import PORT, Site, place, site
from engine.printable import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.daemon.inputs import Ground, Opened, Telling
    from engine.daemon.receiving import Receiving
    from engine.instance.authority import Authority
    from engine.instance.leases import Leases
    from engine.instance.registry import Registry

OPTIONS: Final = (
    click.Option(
        ["--listen", "listen"],
        is_flag=False,
        flag_value=str(PORT),
        metavar="[[ADDRESS:]PORT]",
        help=f"Take events of sensors over HTTPS, at port {PORT} or this one.",
    ),
    click.Option(
        ["--instance"],
        type=click.Path(path_type=Path),
        metavar="FOLDER",
        help="Folder of the instance that sensors enrol with, whose certificate --listen and --portal show; "
        "see `atp instance create`.",
    ),
    click.Option(
        ["--sample"],
        multiple=True,
        metavar="TYPE=SHARE",
        help="Of this event type sensors send only a share, 0 to 1, of what no detection needs. May be given "
        "again.",
    ),
)


class _Listen(NamedTuple):
    site: Site
    authority: Authority
    registry: Registry
    shares: Mapping[str, float]
    leases: Leases

    @property
    def words(self) -> str:
        return f"sensors at {self.site.words}"

    @property
    def tells(self) -> Telling:
        return "events"

    def start(self, ground: Ground) -> Receiving:
        from engine.daemon.receiving import Receiving  # noqa: PLC0415 - `--help` answers at once
        from engine.daemon.wanting import Wanted  # noqa: PLC0415

        return Receiving(
            self.site, self.authority, self.registry, ground.hold,
            raw=ground.raw, wanted=Wanted(ground.plans, self.shares), leases=self.leases,
        )  # fmt: skip


def opened(listen: str | None, instance: Path | None, sample: tuple[str, ...]) -> list[_Listen]:
    """The port is taken; nothing is answered yet."""
    shares = dict(map(_share, sample))
    if listen is None:
        if shares:
            output.fail("--sample is for what sensors send", "add --listen")
        return []
    if instance is None:
        hint = "make one with `atp instance create FOLDER`, and name it: --instance FOLDER"
        output.fail("sensors belong to an instance", hint)
    place(listen, "--listen")
    from engine.instance.authority import Authority, AuthorityError  # noqa: PLC0415 - as above
    from engine.instance.leases import FILE, LeaseError, Leases  # noqa: PLC0415
    from engine.instance.registry import Registry, RegistryError  # noqa: PLC0415
    from engine.web.listener import ListenError  # noqa: PLC0415

    try:
        authority = Authority(instance)
        authority.keep_server()
        registry = Registry(instance / "sensors.sqlite")
        leases = Leases(instance / FILE)
        return [_Listen(site(listen, "--listen", authority), authority, registry, shares, leases)]
    except AuthorityError as error:
        output.fail(str(error), "make an instance with `atp instance create FOLDER`")
    except (RegistryError, LeaseError) as error:
        output.fail(str(error))
    except ListenError as error:
        output.fail(str(error), ports.BUSY_HINT)


def leases_of(opened: Sequence[Opened]) -> Leases | None:
    """The leases of the instance whose sensors are listened to, if any are."""
    for each in opened:
        if isinstance(each, _Listen):
            return each.leases
    return None


def _share(text: str) -> tuple[str, float]:
    from dsl.schema.registry import event_types  # noqa: PLC0415 - as above

    kind, _, told = text.partition("=")
    hint = "as in `--sample dns_query=0.1`"
    if kind not in event_types():
        output.fail(f"--sample: there is no event type `{printable(kind)}`", hint)
    try:
        share = float(told)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        output.fail(f"--sample: the share of `{kind}` is a number from 0 to 1", hint)
    return kind, share
