"""The daemon's side of the desk: alerts are copied to it, decisions are taken from it.

How far decisions were carried out stands in the database, in the transaction of what they changed, so
that each counts once. Where the two files do not belong together (one was lost, or is older than the
other) the desk is told all alerts anew, and what was decided before is not carried out on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from engine.alert_codec import pack_record
from engine.store import alerts as stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from engine.alert_records import Alert
    from engine.run import Engine
    from engine.store.alerts import Waiting
    from engine.store.desk import Desk

    Tell = Callable[[Alert], "dict[str, object] | None"]

_STATE: Final = "desk"
_THROUGH: Final = "through"


class _Known(msgspec.Struct):
    """Which desk the database knows, and how far its decisions were carried out."""

    identity: str
    applied: int


class Mirror:
    """Keeps a desk and an engine in line. `tell` makes an alert's JSON object."""

    def __init__(self, engine: Engine, desk: Desk, tell: Tell) -> None:
        self._engine = engine
        self._desk = desk
        self._tell = tell
        self._known = self._meet()

    def decide(self) -> None:
        """Carry out what people decided since the last call."""
        decisions = self._desk.decisions(self._known.applied)
        if decisions:
            known = _Known(self._known.identity, decisions[-1].seq)
            self._engine.decide(decisions, {_STATE: _json(known)})
            self._known = known

    def take(self, told: Iterable[tuple[Waiting, Mapping[str, object]]]) -> None:
        """Copy changed alerts. Raises sqlite3.Error."""
        changes = list(told)
        if not changes:
            return
        with self._desk.transaction():
            newest = {c.alert.number: (alert, pack_record(c.alert)) for c, alert in changes}
            self._desk.put(newest.values(), self._known.applied)
            self._desk.note(_THROUGH, str(changes[-1][0].seq))

    def close(self) -> None:
        """Give the file back."""
        self._desk.close()

    def _meet(self) -> _Known:
        store, desk = self._engine.store, self._desk
        state = store.state(_STATE)
        known = None if state is None else msgspec.json.decode(state, type=_Known)
        last = stored.last_change(store.connection)
        through = int(desk.value(_THROUGH) or 0)
        waiting = stored.outbox(store.connection)
        begun = waiting[0].seq - 1 if waiting else last
        if known is not None and known.identity == desk.identity and begun <= through <= last:
            return known
        strange = known is None or known.identity != desk.identity
        applied = desk.latest() if known is None or strange else known.applied
        alerts = (
            (alert, pack_record(record))
            for record in stored.all_records(store.connection)
            if (alert := self._tell(record)) is not None
        )
        with desk.transaction():
            desk.clear()
            desk.put(alerts, applied)
            desk.note(_THROUGH, str(last))
        known = _Known(desk.identity, applied)
        self._engine.decide([], {_STATE: _json(known)})
        return known


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
