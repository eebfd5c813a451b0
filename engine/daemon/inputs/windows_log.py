"""`--windows-log`: channels of the event log of this machine, live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import click

from engine.cli import output

if TYPE_CHECKING:
    from engine.daemon.inputs import Ground, Telling
    from engine.daemon.windows_log import WindowsLog
    from sensor.inputs.wevtapi import EventLogApi

OPTIONS: Final = (
    click.Option(
        ["--windows-log", "windows_logs"],
        multiple=True,
        metavar="CHANNEL",
        help="Read a channel of the event log of this machine live (Windows), as Security. May be given again.",
    ),
)


class _Channel(NamedTuple):
    api: EventLogApi
    channel: str

    @property
    def words(self) -> str:
        return f"windows log {self.channel}"

    @property
    def tells(self) -> Telling:
        return "events"

    def start(self, ground: Ground) -> WindowsLog:
        from engine.daemon.windows_log import (  # noqa: PLC0415 - `--help` answers at once
            WindowsLog,
            record_after,
            sensor_name,
        )
        from sensor.inputs.interface import InterfaceError  # noqa: PLC0415

        after = ground.last(sensor_name(self.channel))
        try:
            subscription = self.api.subscribe(self.channel, record_after(after))
        except InterfaceError as error:
            output.fail(str(error), "name a channel of `wevtutil el`")
        return WindowsLog(self.api, subscription, self.channel, after, raw=ground.raw)


def opened(windows_logs: tuple[str, ...]) -> list[_Channel]:
    """The channels; they are subscribed to when the store says from where on."""
    if not windows_logs:
        return []
    from sensor.inputs.interface import InterfaceError  # noqa: PLC0415 - `--help` answers at once
    from sensor.inputs.wevtapi import event_log  # noqa: PLC0415

    try:
        api = event_log()
    except InterfaceError as error:
        output.fail(str(error), "elsewhere forward them: --syslog, --json, or .evtx in --watch")
    for channel in windows_logs:
        if not channel or set(channel) & set("'\"<>&"):
            output.fail(f"`{channel}` is no channel", "name one of `wevtutil el`")
    return [_Channel(api, channel) for channel in dict.fromkeys(windows_logs)]
