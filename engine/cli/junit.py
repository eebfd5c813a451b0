"""Outcomes of rule tests as JUnit XML: a suite a rule, a case a test."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element, SubElement, tostring

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.rule_tests import Outcome

_NOT_XML: Final = re.compile("[^\\t\\n\\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(outcomes: Sequence[Outcome]) -> str:
    """The XML text."""
    root = Element("testsuites", name="atp")
    for rule, group in groupby(outcomes, key=lambda o: o.rule):
        cases = list(group)
        failed = sum(bool(o.complaints) for o in cases)
        skipped = sum(bool(o.skipped) for o in cases)
        suite = SubElement(
            root, "testsuite", name=_clean(rule), tests=str(len(cases)), failures=str(failed),
            skipped=str(skipped), time=f"{sum(o.seconds for o in cases):.3f}",
        )  # fmt: skip
        for outcome in cases:
            case = SubElement(
                suite, "testcase", classname=_clean(rule), name=_clean(outcome.test),
                file=_clean(outcome.file), line=str(outcome.line), time=f"{outcome.seconds:.3f}",
            )  # fmt: skip
            if outcome.complaints:
                message = _clean("\n".join(outcome.complaints))
                SubElement(case, "failure", message=message.partition("\n")[0]).text = message
            elif outcome.skipped:
                SubElement(case, "skipped", message=_clean(outcome.skipped))
    return tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _clean(text: str) -> str:
    """Without what XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
