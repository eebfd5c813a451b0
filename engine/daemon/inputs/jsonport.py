"""`--json`: Windows events and Zeek's logs as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import click

from engine.cli import output, paths

if TYPE_CHECKING:
    from pathlib import Path

    from engine.daemon.inputs import Ground
    from engine.daemon.listening import Listening
    from sensor.inputs.jsonport import JsonPort

OPTIONS: Final = (
    click.Option(
        ["--json", "json"],
        multiple=True,
        metavar="WAY[:[ADDRESS:]PORT]",
        help="Take Windows events and Zeek logs as JSON: tcp or tls (lines), http or https (NDJSON, "
        "Elasticsearch's _bulk). May be given again.",
    ),
    click.Option(
        ["--json-tokens"],
        type=paths.Existing(folder=False),
        metavar="FILE",
        help="Tokens that let senders of --json http and https in, one a line.",
    ),
)


class _Port(NamedTuple):
    port: JsonPort

    @property
    def words(self) -> str:
        return f"json {self.port.place.name}"

    def start(self, ground: Ground) -> Listening:
        from engine.daemon.listening import Listening, sensor_name  # noqa: PLC0415 - `--help` answers at once
        from sensor.inputs.jsonitems import items_of_line  # noqa: PLC0415

        sensor = sensor_name("json", self.port.place.name)
        after = ground.last(sensor), ground.last(f"{sensor} raw")
        return Listening("json", self.port, items_of_line, ground.rejected, *after, raw=ground.raw)


def opened(
    json: tuple[str, ...], json_tokens: Path | None, certificate: Path | None, key: Path | None
) -> list[_Port]:
    """The ports are taken; nothing is answered yet."""
    if not json:
        return []
    from engine.daemon.json_tokens import load_tokens  # noqa: PLC0415 - `--help` answers at once
    from engine.daemon.tls import load_tls  # noqa: PLC0415
    from sensor.inputs.interface import InterfaceError  # noqa: PLC0415
    from sensor.inputs.jsonport import PORTS, SECURED, JsonPort  # noqa: PLC0415
    from sensor.inputs.places import place  # noqa: PLC0415

    try:
        named = [place(text, PORTS) for text in dict.fromkeys(json)]
    except ValueError as error:
        output.fail(f"--json: {error}", "as in `--json tcp:9080`, `--json https:10.0.0.1:9200`")
    secured = any(where.way in SECURED for where in named)
    tls = load_tls("JSON over TLS", certificate, key) if secured else None
    tokens = [] if json_tokens is None else load_tokens(json_tokens)
    if not tokens and any(where.way.startswith("http") for where in named):
        output.fail("JSON by HTTP needs tokens of its senders", "name their file: --json-tokens")
    try:
        return [_Port(JsonPort(w, tls if w.way in SECURED else None, tokens)) for w in named]
    except InterfaceError as error:
        output.fail(str(error), "ports below 1024 need root; or name another one")
