"""What becomes of the nightly test at the engine: a rule of its own over its event, and a verdict.

A heartbeat under the test's name says that one begins: so one that never arrives is missed. Both are taken out before the store: nothing learns from it, no other rule sees it. The rule
runs by the same compiler and engine, over a database in memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from dsl.schema.sensor import SensorHealth
from engine.health import Trial
from sensor.inputs.canary import NAME, SENSOR, is_test

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dsl.schema.base import Event
    from engine.running import Rule

_BLOCK: Final = f"""\
atp: 1
id: test_alert
version: 1
title: Test alert
severity: informational
confidence: 100
kill_chain: test
mitre: []
description: The nightly test of sensors.
false_positives: [none]
known_gaps: [none]
explain: "{{{{ names | join(', ') }}}} was asked for"
detect: |
  asked = match dns_query where query == "{NAME}" and rcode == nxdomain
  seen = window asked by query over 1m compute names := set(query) having names has "{NAME}"
  alert seen as (target: query, names: names)
"""


class Canaries:
    """Tests that arrived: `trials` by sensor. `tell` is called with each sensor that passed."""

    def __init__(self, trials: dict[str, Trial], tell: Callable[[str, int], None]) -> None:
        self.trials = trials
        self._tell = tell
        self._rule: Rule | None = None

    def without(self, events: Sequence[Event]) -> list[Event]:
        """The events that are no test; those that are have been tried."""
        left = []
        for event in events:
            if is_test(event.sensor):
                self._try(event)
            else:
                left.append(event)
        return left

    def _try(self, event: Event) -> None:
        sensor = (event.sensor or "").replace(SENSOR, "", 1)
        before = self.trials.get(sensor, Trial(0))
        if isinstance(event, SensorHealth):
            self.trials[sensor] = msgspec.structs.replace(before, begun=event.ts)
            return
        try:
            fault = self._fault(event)
        except Exception as error:  # noqa: BLE001 - a test that fails is told, and ends nothing else
            fault = f"{type(error).__name__}: {error}"
        self.trials[sensor] = Trial(event.ts, fault, before.begun)
        if not fault:
            self._tell(sensor, event.ts)

    def _fault(self, event: Event) -> str:
        """Why the rule did not say what it should; "": it did."""
        from engine.backends.duckdb import compile_detection  # noqa: PLC0415 - seldom
        from engine.replay import replay  # noqa: PLC0415

        self._rule = self._rule or _rule()
        done = replay([self._rule], [msgspec.structs.replace(event)], compile_detection)
        try:
            told = [done.explanation(alert) for alert in done.alerts]
            if done.engine.faults:
                return "; ".join(done.engine.faults.values())
        finally:
            done.engine.store.close()
        if told == [f"{NAME} was asked for"]:
            return ""
        return f"the event arrived, and the rule told {len(told)} alerts instead of one"


def _rule() -> Rule:
    from dsl.check import check  # noqa: PLC0415 - seldom
    from dsl.load import load_text  # noqa: PLC0415
    from engine.running import Rule  # noqa: PLC0415

    catalogue = load_text(Path("test_alert.yaml"), _BLOCK)
    detection = catalogue.detections["test_alert"]
    plan, said = check(detection, catalogue.relations, catalogue.lists)
    if plan is None:
        raise ValueError("; ".join(d.message for d in said))
    return Rule(plan, detection.envelope)
