"""Has every window, sequence and absence of a rule a test on the other side of its length?

The length is doubled and the tests are run: where all see what they saw, none stands beyond the
boundary, and nobody knows that it is where it should be. Relations that a rule shares are tested
where they are defined.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from dsl.check import check
from dsl.diagnostics import Diagnostic
from dsl.mutate import lengthened
from engine.backends.duckdb import Unsupported
from engine.mutation import lengths_of
from engine.rule_tests import DetectionTests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.catalogue import Catalogue, Detection
    from dsl.given import RuleTest
    from engine.rule_tests import Compile, Decode


def without_twin(
    detection: Detection,
    catalogue: Catalogue,
    compile_detection: Compile,
    decode: Decode | None = None,
) -> Iterator[Diagnostic]:
    """`D0801` for each length that no test notices. The tests should pass as they are; a rule
    without tests has no boundaries to prove.
    """
    if not detection.tests:
        return
    for mutant in lengthened(detection.block, lengths_of(detection)):
        ordered = sorted(detection.tests, key=partial(_distance, mutant.length))
        changed = replace(detection, block=mutant.block)
        built, _ = check(changed, catalogue.relations, catalogue.lists)
        if built is None:
            continue
        tests = DetectionTests(changed, catalogue, compile_detection, decode)
        try:
            noticed = any(tests.run(test).complaints for test in ordered)
        except Unsupported:
            continue
        if not noticed:
            span = detection.source.span(mutant.at)
            message = f"no test stands beyond the length of this {mutant.verb}"
            hint = "extend a test that fires and `shift` its last entry past the length"
            yield Diagnostic(
                "D0801", message, detection.source.file, span, "twice as long passes, too", hint
            )


def _distance(length: int, test: RuleTest) -> tuple[bool, bool, bool]:
    """Tests that are likely to notice come first: without recordings, with events further apart
    than the length, expecting silence.
    """
    times = [event.ts for event in test.events]
    apart = bool(times) and max(times) - min(times) >= length
    return bool(test.using), not apart, bool(test.expect)
