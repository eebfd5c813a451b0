"""Does a rule still find what its tests say it must, with an exclusion in force? Runs them.

The lines of `expect` are labelled true positives: an exclusion under which one of them is missed
is refused. Where a shared list is concerned, so are the tests of every detection that reads it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from dsl.catalogue import ListEntry
from engine.rule_tests import DetectionTests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.catalogue import Catalogue, Detection, ListFile
    from engine.rule_tests import Compile, Decode
    from engine.tuning.candidates import Candidate


def missed(
    candidate: Candidate,
    target: ListFile,
    catalogue: Catalogue,
    compile_detection: Compile,
    decode: Decode | None = None,
) -> Iterator[str]:
    """`detection: test` of every test that passes without the candidate's entries and fails with
    them. `target` is the list as it is.
    """
    entries = tuple(
        ListEntry(e.value or repr(e.roles), "tune", "tune", roles=e.roles)
        for e in candidate.entries
    )
    with_it = replace(target, entries=(*target.entries, *entries))
    lists = catalogue.lists | {target.name: with_it}
    changed = replace(catalogue, lists=lists)
    for detection in readers(candidate.into, catalogue):
        now = DetectionTests(detection, catalogue, compile_detection, decode)
        then = DetectionTests(detection, changed, compile_detection, decode)
        for test in detection.tests:
            if then.run(test).complaints and not now.run(test).complaints:
                yield f"{detection.id}: {test.name}"


def readers(name: str, catalogue: Catalogue) -> list[Detection]:
    """The detections that a list excludes from or is read by."""
    return [
        d
        for d in catalogue.detections.values()
        if d.id == name or re.search(rf"@{re.escape(name)}\b", d.source.block("detect"))
    ]
