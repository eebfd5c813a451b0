"""`--etw`: event tracing of this machine, live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import click

from engine.cli import output

if TYPE_CHECKING:
    from engine.daemon.etw import Tracing
    from engine.daemon.inputs import Ground, Telling
    from sensor.inputs.etwapi import TraceApi

OPTIONS: Final = (
    click.Option(
        ["--etw"],
        is_flag=True,
        help="Trace RPC calls, LDAP searches and Kerberos errors of this machine live (Windows).",
    ),
)


class _Traces(NamedTuple):
    api: TraceApi

    @property
    def words(self) -> str:
        return "event traces"

    @property
    def tells(self) -> Telling:
        return "events"

    def start(self, ground: Ground) -> Tracing:
        from engine.daemon.etw import SENSOR, SESSION, Tracing  # noqa: PLC0415 - `--help` answers at once
        from sensor.inputs.interface import InterfaceError  # noqa: PLC0415

        last = ground.last
        try:
            session = self.api.start(SESSION)
        except InterfaceError as error:
            output.fail(str(error), "see `logman query -ets`")
        return Tracing(self.api, session, last(SENSOR), last(f"{SENSOR} raw"), raw=ground.raw)


def opened(etw: bool) -> list[_Traces]:
    """The way to trace; the session is started when the store is there, as it outlives a process."""
    if not etw:
        return []
    from sensor.inputs.etwapi import tracing  # noqa: PLC0415 - `--help` answers at once
    from sensor.inputs.interface import InterfaceError  # noqa: PLC0415

    try:
        return [_Traces(tracing())]
    except InterfaceError as error:
        output.fail(str(error), "elsewhere record a trace (`logman`) and read the .etl file")
