"""What tests say that profiles have learnt, against the profiles of the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.diagnostics import Diagnostic
from dsl.teach import teach

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dsl.diagnostics import Diagnostics
    from dsl.given import RuleTest
    from dsl.plan import DetectionPlan
    from dsl.source import Source


def check_lessons(
    source: Source, tests: Iterable[RuleTest], built: DetectionPlan, found: Diagnostics
) -> None:
    """What the tests say that the profiles have learnt, against the profiles. A test that takes its
    lessons over from another is not told of them again.
    """
    told: set[tuple[str | int, ...]] = set()
    for test in tests:
        for fault in teach(built, test.profile)[1]:
            if fault.place in told:
                continue
            told.add(fault.place)
            span = source.key(*fault.place) if fault.key else source.place(*fault.place)
            found.add(Diagnostic(fault.code, fault.message, source.file, span, "", fault.hint))
