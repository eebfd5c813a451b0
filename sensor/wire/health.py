"""Stream time, and what the sensor says about itself: heartbeats, losses, unreadable messages.

Time is that of the packets. Each second of it, tables are cleaned; each minute, and at the begin
and the end of the stream, a `sensor_health` heartbeat tells from when to when packets were read.
Its activity is `*`: every event type that `via` wire can fill; of what was shed, the protocol.
Knows no packet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.sensor import SensorHealth
from sensor.wire.bounds import SECOND, Bounds

if TYPE_CHECKING:
    from sensor.wire.connections import Connections
    from sensor.wire.context import WireContext
    from sensor.wire.conversations import Conversations
    from sensor.wire.ports import Ports

ACTIVITY: Final = "*"
_MINUTE: Final = 60 * SECOND
_NEVER: Final = -(1 << 62)


class Clock:
    """Stream time. `advance` is due when ts >= `due` or ts < `floor`; `now` never steps back by
    less than a minute (packets of several queues are not quite in order).
    """

    __slots__ = (
        "_beat", "_bounds", "_connections", "_context", "_conversations", "_gaps", "_last",
        "_malformed", "_ports", "_running", "due", "floor", "shed",
    )  # fmt: skip

    def __init__(
        self,
        context: WireContext,
        ports: Ports,
        connections: Connections,
        conversations: Conversations,
        bounds: Bounds,
    ) -> None:
        self._context = context
        self._ports = ports
        self._connections = connections
        self._conversations = conversations
        self._bounds = bounds
        self._running = False
        self._beat = 0
        self._last = 0
        self._gaps = 0
        self._malformed = 0
        self.shed: dict[str, int] = {}
        """Packets left unread, by protocol, since the last report; emptied with it."""
        self.due = _NEVER
        self.floor = _NEVER

    def advance(self, ts: int) -> int:
        """It is `ts` now; the time at which to call again."""
        if not self._running:
            self._begin(ts)
        elif ts < self.floor or ts - self._last > self._bounds.silence:
            self.stop()
            self._begin(ts)
        self._last = ts
        self._context.now = ts
        self.floor = ts - _MINUTE
        self.due = ts + SECOND
        self._connections.expire(ts)
        self._conversations.expire(ts)
        self._ports.expire(ts)
        while ts - self._beat >= _MINUTE:
            self._report(self._beat + _MINUTE)
        return self.due

    def stop(self, ts: int | None = None) -> None:
        """The stream ends (or another one begins): nothing stays open, the last beat is told."""
        if not self._running:
            return
        end = self._last if ts is None else max(ts, self._last)
        self._connections.close(end)
        self._conversations.close(end)
        self._report(end)
        self._running = False
        self.due = _NEVER
        self.floor = _NEVER

    def _begin(self, ts: int) -> None:
        self._running = True
        self._beat = ts
        self._last = ts
        self._report(ts)

    def _report(self, ts: int) -> None:
        context = self._context
        since = self._beat
        self._beat = ts
        self._tell("heartbeat", since, ts, None)
        if context.gaps > self._gaps:
            self._tell("loss", since, ts, context.gaps - self._gaps)
            self._gaps = context.gaps
        if context.malformed > self._malformed:
            self._tell("malformed", since, ts, context.malformed - self._malformed)
            self._malformed = context.malformed
        for name in sorted(context.unread):
            self._tell("unread", since, ts, context.unread[name], name)
        context.unread.clear()
        for name in sorted(self.shed):
            # packets are counted a block ahead of the time that their block brings
            self._tell("shed", min(since, ts - SECOND), ts, self.shed[name], name)
        self.shed.clear()

    def _tell(
        self, kind: str, since: int, ts: int, lost: int | None, activity: str = ACTIVITY
    ) -> None:
        self._context.emit(
            SensorHealth(
                ts=ts,
                via="wire",
                kind=kind,
                activity=activity,
                from_ts=since,
                to_ts=ts,
                lost=lost,
            )
        )
