"""`--probe-networks`, `--probe`: hosts that are not known are asked for their names."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from engine.cli import output

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

    from engine.daemon.inputs import Ground, Telling
    from engine.daemon.probing import Probing
    from sensor.inputs.names import Method

OPTIONS: Final = (
    click.Option(
        ["--probe-networks"],
        multiple=True,
        metavar="NETWORK",
        help="Ask unknown clients in this network for their names, as in `10.0.0.0/8`; default: "
        "nobody is asked. May be given again.",
    ),
    click.Option(
        ["--probe", "probes"],
        default="ntlm,netbios,rdp,dns",
        show_default=True,
        metavar="METHODS",
        help="How they are asked.",
    ),
    click.Option(
        ["--probe-rate"],
        type=click.FloatRange(0.1, 1000),
        default=20,
        show_default=True,
        metavar="NUMBER",
        help="So many questions a second at most.",
    ),
)


class _Probes(NamedTuple):
    methods: list[Method]
    networks: list[IPv4Network | IPv6Network]
    rate: float

    @property
    def words(self) -> str:
        names = ", ".join(m.name for m in self.methods)
        return f"names in {', '.join(map(str, self.networks))} ({names})"

    @property
    def tells(self) -> Telling:
        return "names"

    def start(self, ground: Ground) -> Probing:
        from engine.daemon.probing import SENSOR, Probing  # noqa: PLC0415 - `--help` answers at once

        last = ground.last(SENSOR)
        return Probing(self.methods, self.networks, self.rate, ground.unresolved, last)


def opened(probe_networks: tuple[str, ...], probes: str, probe_rate: float) -> list[_Probes]:
    """What is asked of whom; ends the command where a network or method is none."""
    if not probe_networks:
        return []
    from sensor.inputs.names import methods  # noqa: PLC0415 - `--help` answers at once

    networks = []
    for text in ",".join(probe_networks).split(","):
        try:
            networks.append(ip_network(text.strip(), strict=False))
        except ValueError:
            output.fail(f"--probe-networks: `{text}` is no network", "as in `10.0.0.0/8`")
    known = methods()
    named = [name for text in probes.split(",") if (name := text.strip())]
    for name in named:
        if name not in known:
            output.fail(f"--probe: `{name}` is no method", f"methods are {', '.join(known)}")
    if not named:
        output.fail("--probe names no method", f"methods are {', '.join(known)}")
    return [_Probes([known[n] for n in dict.fromkeys(named)], networks, probe_rate)]
