"""Other parameters of a detection over the last days, before they are saved: what it would have told.

The events that it reads are copied into memory, and both sides run over the copy as `atp replay --diff`
runs them. The answer is a JSON object: alerts that only one side has, changed ones, counts by day.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

import duckdb
import msgspec

from dsl import plan
from dsl.schema.registry import event_types
from engine.alert_diff import compare
from engine.engine_state import directory_settled
from engine.errands import RefusedError, installed, refusing
from engine.errands.settings import envelope_of, values_of
from engine.store import Store
from engine.store.past import copied
from engine.times import iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dsl.params import ParamValue
    from engine.alert_diff import Difference
    from engine.alert_records import Alert
    from engine.cli.rules import Loaded
    from engine.errands import Installation, Place, Work
    from engine.replay import Replayed
    from engine.running import Rule

_DAY_US: Final = 86_400_000_000
_MOST: Final = 1_000_000
"""Events that are copied; a detection that reads more is tried over fewer days."""
_SHOWN: Final = 100


class Asked(msgspec.Struct):
    """`sensitivity` and `params` as `errands.settings` has them, of the last `days`."""

    detection: str
    days: Annotated[int, msgspec.Meta(ge=1, le=60)] = 7
    sensitivity: str = ""
    params: dict[str, str] = {}


def begin(place: Place, arguments: Mapping[str, object]) -> Work:
    """Look at the database as it is now, over a connection of its own."""
    try:
        asked = msgspec.convert(arguments, Asked)
    except msgspec.ValidationError as error:
        raise RefusedError(f"it cannot be tried: {error}") from error
    span = place.store.span()
    if span is None:
        raise RefusedError("the database holds no events")
    settled = directory_settled(place.store.connection)
    return _Trying(place.store.cursor(), installed(place), asked, span[1], settled)


@dataclass
class _Trying:
    cursor: duckdb.DuckDBPyConnection
    of: Installation
    asked: Asked
    newest: int
    settled: int | None

    def __call__(self) -> bytes:
        try:
            with refusing():
                return msgspec.json.encode(self._tried())
        except duckdb.Error as error:
            raise RefusedError(str(error).partition("\n")[0]) from error
        finally:
            self.cursor.close()

    def stop(self) -> None:
        """It raises soon."""
        self.cursor.interrupt()

    def _tried(self) -> dict[str, object]:
        from engine.cli.rules import load_rules  # noqa: PLC0415 - the compiler is slow to load

        name = self.asked.detection
        whole = load_rules(self.of.rules, self.of.settings, self.of.lists)
        old = next((r for r in whole.rules if r.plan.id == name), None)
        if old is None:
            raise RefusedError(f"there is no detection `{name}` at work")
        if "alert" in old.plan.events:
            raise RefusedError(
                "it reads alerts of other detections: try it with `atp replay --diff`"
            )
        low = self.newest - self.asked.days * _DAY_US + 1
        with closing(Store()) as store:
            begin = low - _reach(old.plan)
            _fits(self.cursor, old.plan.events, begin, self.newest)
            copied(self.cursor, store, old.plan.events, begin, self.newest)
            before = self._run(store, whole, old, low)
            new = self._changed(whole, old)
            after = self._run(store, whole, new, low)
            faults = [*before.engine.faults.values(), *after.engine.faults.values()]
            if faults:
                raise RefusedError(f"it could not be computed: {faults[0].partition(chr(10))[0]}")
            return _told(compare(before.alerts, after.alerts), before, after)

    def _run(self, store: Store, whole: Loaded, rule: Rule, low: int) -> Replayed:
        from engine.backends.duckdb import compile_detection  # noqa: PLC0415 - as above
        from engine.hindsight import hindsight  # noqa: PLC0415

        period = (low, self.newest)
        return hindsight(
            store, [rule], compile_detection, period, lists=whole.rows, settled=self.settled
        )

    def _changed(self, whole: Loaded, old: Rule) -> Rule:
        """The detection with the other values, checked as it is when it is loaded."""
        from dsl.check import check  # noqa: PLC0415 - as above
        from dsl.freeze import freeze  # noqa: PLC0415
        from engine.cli import corpus  # noqa: PLC0415
        from engine.running import Rule  # noqa: PLC0415

        envelope = envelope_of(whole, old.plan.id)
        values_of(envelope, self.asked.params)
        sensitivity = self.asked.sensitivity
        values: dict[str, ParamValue] = {}
        for name, param in envelope.params.items():
            if sensitivity in ("high", "medium", "low"):
                values[name] = param.at(sensitivity)  # type: ignore[arg-type]  # one of the three
            if name in self.asked.params:
                typed, _ = param.read_text(self.asked.params[name])
                values[name] = param.default if typed is None else typed
        catalogue = corpus.read(self.of.rules, self.of.lists)
        detection = catalogue.detections[old.plan.id]
        built, found = check(detection, catalogue.relations, catalogue.lists, values)
        if built is None:
            why = next((d.message for d in found if d.severity == "error"), "it is not sound")
            raise RefusedError(f"with these values it is not sound: {why}")
        frozen = {n.frozen for _, n in old.plan.relations if isinstance(n, plan.Profile)} - {None}
        return Rule(freeze(built, next(iter(frozen), None)), detection.envelope)


def _reach(built: plan.DetectionPlan) -> int:
    """How long before a row events lie that count for it, what profiles and models learnt too."""
    nodes = [n for _, n in (*built.relations, *built.shared)]
    over = [n.over for n in nodes if isinstance(n, plan.Profile | plan.Model)]
    return (built.look_back or 0) + max(over, default=0)


def _fits(cursor: duckdb.DuckDBPyConnection, types: Iterable[str], low: int, high: int) -> None:
    number = 0
    for name in types:
        if name in event_types():
            query = f'SELECT count(*) FROM main."{name}" WHERE ts BETWEEN ? AND ?'  # noqa: S608  # names of the schema
            number += sum(int(n) for (n,) in cursor.execute(query, [low, high]).fetchall())
    if number > _MOST:
        raise RefusedError(
            f"{number:,} events would have to be looked at, {_MOST:,} are the most: name fewer days, "
            "or use `atp replay --diff` over a copy of the database"
        )


def _told(found: Difference, before: Replayed, after: Replayed) -> dict[str, object]:
    def line(alert: Alert, of: Replayed) -> dict[str, object]:
        return {
            "number": alert.number if of is before else None,
            "first_seen": iso(alert.first_row), "severity": alert.severity,
            "explanation": of.explanation(alert),
        }  # fmt: skip

    return {
        "old": len(before.alerts),
        "new": len(after.alerts),
        "same": found.same,
        "changed": len(found.changed),
        "only_old": [line(a, before) for a in found.only_old[:_SHOWN]],
        "only_new": [line(a, after) for a in found.only_new[:_SHOWN]],
        "vanish": len(found.only_old),
        "appear": len(found.only_new),
        "days": [{"day": day, "old": a, "new": b} for day, (a, b) in found.days.items()],
    }
