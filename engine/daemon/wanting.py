"""What the engine wants of its sensors, computed anew when its detections have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.cli import output
from engine.sampling import filter_of
from sensor.delivery.sampling import Filter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dsl.plan import DetectionPlan


class Wanted:
    """Gives the filter for the detections in force; says which types are needed wholly."""

    def __init__(
        self, plans: Callable[[], Sequence[DetectionPlan]], shares: Mapping[str, float]
    ) -> None:
        self._plans = plans
        self._shares = shares
        self._of: Sequence[DetectionPlan] | None = None
        self._filter = Filter()

    def __call__(self) -> Filter:
        """The filter now."""
        if not self._shares:
            return self._filter
        plans = self._plans()
        if (
            self._of is None
            or len(plans) != len(self._of)
            or any(a is not b for a, b in zip(plans, self._of, strict=True))
        ):
            self._of = plans
            self._filter = filter_of(plans, self._shares)
            whole = {k for k, share in self._shares.items() if share < 1}
            whole -= {rule.type for rule in self._filter.rules}
            if whole:
                output.note(f"not sampled, all of them are needed: {', '.join(sorted(whole))}")
        return self._filter
