"""Detections as shipped: what each reads, when it is raised, what it cannot see."""

from __future__ import annotations

import sys
from itertools import groupby
from typing import TYPE_CHECKING

import scores

from dsl.check import check
from dsl.check.monotone import emission
from dsl.durations import format_duration
from pages.markdown import bullets, code, codes, plain, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.catalogue import Catalogue, Detection
    from dsl.given import RuleTest
    from dsl.params import Param
    from dsl.plan import DetectionPlan


def lines(catalogue: Catalogue) -> Iterator[str]:
    """The page."""
    ordered = sorted(catalogue.detections.values(), key=lambda d: (d.tactic, d.id))
    planned = [(detection, _planned(detection, catalogue)) for detection in ordered]
    measured = scores.current(catalogue)
    yield "# Detections\n"
    yield (
        "*Tested* is the share of a rule's clauses that its own tests need: each is deleted or"
        " loosened in turn, and a test must notice (`atp test --mutate`). Empty where the rule"
        " changed since that was measured (`make scores`)."
    )
    yield from table(
        "detection", "title", "number", "severity", "ATT&CK", "reads", "tested",
        rows=(
            (
                f"[{d.id}](#{d.id})", plain(d.envelope.title), _number(d), d.envelope.severity,
                ", ".join(d.envelope.mitre), codes(plan.events), _share(measured.get(d.id)),
            )
            for d, plan in planned
        ),
    )  # fmt: skip
    for tactic, members in groupby(planned, key=lambda pair: pair[0].tactic):
        yield f"\n## {tactic.replace('_', ' ').capitalize()}"
        for detection, plan in members:
            yield from _detection(detection, plan, measured.get(detection.id))
    yield "\n## Shared relations"
    for relation in catalogue.relations.values():
        yield f"\n### {relation.id}\n\n**{plain(relation.title)}**\n\n{plain(relation.description)}"


def _planned(detection: Detection, catalogue: Catalogue) -> DetectionPlan:
    plan, found = check(detection, catalogue.relations, catalogue.lists)
    if plan is None:
        sys.exit(f"`{detection.id}` has errors: {'; '.join(d.message for d in found)}")
    return plan


def _number(detection: Detection) -> str:
    return str(detection.envelope.external_id or "")


def _share(score: scores.Score | None) -> str:
    return f"{score.needed / score.clauses:.0%}" if score and score.clauses else ""


def _needed(score: scores.Score | None) -> str:
    """What `atp test --mutate` found, if the rule is as it was then."""
    return f"need {score.needed} of {score.clauses} clauses" if score else ""


def _detection(
    detection: Detection, plan: DetectionPlan, score: scores.Score | None
) -> Iterator[str]:
    envelope = detection.envelope
    yield f"\n### {detection.id}\n\n**{plain(envelope.title)}**\n\n{plain(envelope.description)}"
    facts = (
        ("external id", _number(detection)),
        ("version", str(envelope.version)),
        ("severity, confidence", f"{envelope.severity}, {envelope.confidence}"),
        ("ATT&CK, phase", f"{', '.join(envelope.mitre)}; {envelope.kill_chain}"),
        ("reads", codes(plan.events)),
        ("looks back", format_duration(plan.look_back) if plan.look_back else "not at all"),
        ("raised", _raised(plan)),
        ("its tests", _needed(score)),
        ("file", code(detection.source.file)),
    )
    yield from table("", "", rows=(fact for fact in facts if fact[1]))
    if envelope.params:
        head = ("parameter", "type", "default", "least", "most", "is")
        yield from table(*head, rows=map(_param, envelope.params.values()))
    yield from bullets("Known gaps", envelope.known_gaps)
    yield from bullets("False positives", envelope.false_positives)
    yield from bullets("What to do", envelope.respond)
    yield from bullets("References", envelope.references)
    yield from bullets("Tests", map(_test, detection.tests))


def _raised(plan: DetectionPlan) -> str:
    """At once, or why later."""
    nodes = dict(plan.shared) | dict(plan.relations)
    reasons = dict.fromkeys(r for alert in plan.alerts for r in emission(alert, nodes).reasons)
    if not reasons:
        return "at once"
    some = "some alerts later" if any(a.monotone for a in plan.alerts) else "later"
    return f"{some}, since {'; '.join(reasons)}"


def _param(param: Param) -> tuple[str, ...]:
    least, most = ("" if bound is None else param.show(bound) for bound in (param.min, param.max))
    return (
        code(f"${param.name}"), param.type, param.show(param.default), least, most,
        plain(param.help),
    )  # fmt: skip


def _test(test: RuleTest) -> str:
    return f"{test.name} ({'alert' if test.expect else 'silence'})"
