"""`--etw`: event tracing of this machine, live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import click

from engine.cli import output

if TYPE_CHECKING:
    from engine.daemon.etw import Tracing
    from engine.daemon.inputs import Ground, Telling
    from sensor.inputs.etwapi import Session, TraceApi

OPTIONS: Final = (
    click.Option(
        ["--etw"],
        is_flag=True,
        help="Trace RPC calls, LDAP searches and Kerberos errors of this machine live (Windows).",
    ),
)


class _Traces(NamedTuple):
    api: TraceApi
    session: Session

    @property
    def words(self) -> str:
        return "event traces"

    @property
    def tells(self) -> Telling:
        return "events"

    def start(self, ground: Ground) -> Tracing:
        from engine.daemon.etw import SENSOR, Tracing  # noqa: PLC0415 - `--help` answers at once

        last = ground.last
        return Tracing(self.api, self.session, last(SENSOR), last(f"{SENSOR} raw"), raw=ground.raw)


def opened(etw: bool) -> list[_Traces]:
    """The session; it runs from here on, with the privileges of the start."""
    if not etw:
        return []
    from engine.daemon.etw import SESSION  # noqa: PLC0415 - `--help` answers at once
    from sensor.inputs.etwapi import tracing  # noqa: PLC0415
    from sensor.inputs.interface import InterfaceError  # noqa: PLC0415

    try:
        api = tracing()
        return [_Traces(api, api.start(SESSION))]
    except InterfaceError as error:
        output.fail(str(error), "elsewhere record a trace (`logman`) and read the .etl file")
