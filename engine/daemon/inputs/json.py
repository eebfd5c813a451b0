"""`--json`: Windows events and Zeek logs from shippers, by lines or by HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from engine.cli import output
from engine.cli.existing import Existing
from engine.daemon import ports

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS: Final = (
    click.Option(
        ["--json", "json_places"],
        multiple=True,
        metavar="WAY[:[ADDRESS:]PORT]",
        help="Take Windows events and Zeek logs as JSON: tcp or tls (lines), http or https (NDJSON, "
        "Elasticsearch's _bulk). May be given again.",
    ),
    click.Option(
        ["--json-tokens"],
        type=Existing(folder=False),
        metavar="FILE",
        help="Tokens that let senders of --json http and https in, one a line.",
    ),
    ports.CERTIFICATE,
    ports.KEY,
)


def opened(
    json_places: tuple[str, ...],
    json_tokens: Path | None,
    certificate: Path | None,
    key: Path | None,
) -> list[ports.MessagePort]:
    """The ports are taken; nothing is answered yet."""
    if not json_places:
        return []
    from engine.daemon.json_tokens import load_tokens  # noqa: PLC0415 - `--help` answers at once
    from sensor.inputs.interface import InterfaceError  # noqa: PLC0415
    from sensor.inputs.jsonitems import items_of_line  # noqa: PLC0415
    from sensor.inputs.jsonport import PORTS, SECURED, JsonPort  # noqa: PLC0415

    hint = "as in `--json tcp:9080`, `--json https:10.0.0.1:9200`"
    named = ports.places("--json", json_places, PORTS, hint)
    secured = any(where.way in SECURED for where in named)
    tls = ports.tls("JSON over TLS", certificate, key) if secured else None
    tokens = [] if json_tokens is None else load_tokens(json_tokens)
    if not tokens and any(where.way.startswith("http") for where in named):
        output.fail("JSON by HTTP needs tokens of its senders", "name their file: --json-tokens")
    try:
        return [
            ports.MessagePort(
                "json",
                JsonPort(where, tls if where.way in SECURED else None, tokens),
                items_of_line,
            )
            for where in named
        ]
    except InterfaceError as error:
        output.fail(str(error), ports.BUSY_HINT)
