"""A detection's meaning: names, kinds and the plan; what is wrong, each once, with the way out.

`check` takes what `dsl.load` read and gives the plan that backends compute, or diagnostics. It
knows no rows, no clock, no SQL.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dsl import plan, syntax
from dsl.check.alerts import alert
from dsl.check.block import BlockRelations, Shared
from dsl.check.context import Param
from dsl.check.envelope import (
    check_evidence,
    check_explain,
    refuse_own_alerts,
    warn_unread,
    warn_unread_lists,
    warn_untold_reasons,
)
from dsl.check.lessons import check_lessons
from dsl.check.look_back import look_back
from dsl.check.monotone import emission
from dsl.check.report import Report
from dsl.check.retained import hold_against_retention
from dsl.check.walk import scanned
from dsl.diagnostics import Diagnostics
from dsl.types import Type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dsl.catalogue import Detection, ListFile, SharedRelation
    from dsl.diagnostics import Diagnostic
    from dsl.plan import Value

__all__ = ["check", "check_relation"]


def check(
    detection: Detection,
    relations: Mapping[str, SharedRelation],
    lists: Mapping[str, ListFile],
    params: Mapping[str, Value] | None = None,
) -> tuple[plan.DetectionPlan | None, list[Diagnostic]]:
    """The plan of a detection, None where an error forbids it to run; and everything found.

    `params` are values in force, durations in microseconds; the defaults stand for the others.
    """
    given = params or {}
    declared = {
        name: Param(Type(p.type), given.get(name, p.default))
        for name, p in detection.envelope.params.items()
    }
    report = Report()
    shared, block, alerts = _block(detection.block, relations, lists, declared, report)
    refuse_own_alerts(report, detection)
    found = Diagnostics()
    for fault in report.faults:
        found.add(detection.source.diagnostic(fault))
    for diagnostic in _shared_diagnostics(shared, relations):
        found.add(diagnostic)
    warn_unread(detection, block, found)
    below = [relations[name].block for name in shared.reports]
    warn_unread_lists(detection.source, detection.id, [detection.block, *below], found)
    check_explain(detection, found)
    warn_untold_reasons(detection, found)
    nodes = shared.nodes | block.nodes
    events = _events(nodes, alerts)
    if alerts is not None:
        check_evidence(detection, events, found)
    if found.errors or alerts is None:
        return None, found.items
    for name, node in list(nodes.items()):
        if isinstance(node, plan.Absence) and name in shared.read_covered:
            nodes[name] = replace(node, reads_covered=True)
    finished = tuple(_finished(a, nodes) for a in alerts)
    built = plan.DetectionPlan(
        id=detection.id,
        version=detection.envelope.version,
        relations=tuple((name, nodes[name]) for name in block.nodes),
        shared=tuple((name, nodes[name]) for name in shared.nodes),
        alerts=finished,
        events=events,
        look_back=max((a.look_back for a in finished), default=0),
        monotone=all(a.monotone for a in finished),
        params=tuple((name, p.value) for name, p in declared.items()),
    )
    check_lessons(detection.source, detection.tests, built, found)
    return built, found.items


def check_relation(
    relation: SharedRelation,
    relations: Mapping[str, SharedRelation],
    lists: Mapping[str, ListFile],
) -> tuple[plan.DetectionPlan | None, list[Diagnostic]]:
    """A shared relation by itself: a plan without alerts whose relation `<id>` gives the rows."""
    shared = Shared(relations, {n: f.kind for n, f in lists.items()}, frozenset())
    block = shared.block(relation.id)
    if not any(r.failed for r in shared.reports.values()):
        hold_against_retention(block.context.report, block, shared.nodes)
    found = Diagnostics()
    for diagnostic in _shared_diagnostics(shared, relations):
        found.add(diagnostic)
    below = [relations[name].block for name in shared.reports]
    warn_unread_lists(relation.source, relation.id, [relation.block, *below], found)
    if found.errors or relation.id not in shared.nodes:
        return None, found.items
    nodes = shared.nodes
    for name, node in list(nodes.items()):
        if isinstance(node, plan.Absence) and name in shared.read_covered:
            nodes[name] = replace(node, reads_covered=True)
    top = nodes[relation.id]
    built = plan.DetectionPlan(
        id=relation.id,
        version=1,
        relations=(),
        shared=tuple(nodes.items()),
        alerts=(),
        events=tuple(sorted(scanned(top, nodes))),
        look_back=look_back(top, nodes),
        monotone=False,
        params=(),
    )
    check_lessons(relation.source, relation.tests, built, found)
    return built, found.items


def _block(
    block: syntax.Block,
    relations: Mapping[str, SharedRelation],
    lists: Mapping[str, ListFile],
    params: Mapping[str, Param],
    report: Report,
) -> tuple[Shared, BlockRelations, list[plan.AlertPlan] | None]:
    """Relations and alerts of a block; no alerts where one is faulty."""
    local = frozenset(s.name for s in block.statements if isinstance(s, syntax.Assign))
    shared = Shared(relations, {n: f.kind for n, f in lists.items()}, local)
    built = BlockRelations(block, report, params, shared)
    built.build()
    alerts: list[plan.AlertPlan] = []
    failed = False
    for statement in block.statements:
        if isinstance(statement, syntax.Alert):
            made = alert(built.context, statement, built.rows(statement.source))
            failed = failed or made is None
            if made is not None:
                alerts.append(made)
    if not report.failed and not any(r.failed for r in shared.reports.values()):
        hold_against_retention(report, built, shared.nodes | built.nodes)
    return shared, built, None if failed else alerts


def _finished(made: plan.AlertPlan, nodes: dict[str, plan.Node]) -> plan.AlertPlan:
    emitted = emission(made, nodes)
    return replace(
        made,
        monotone=emitted.monotone,
        waits_for_directory=emitted.waits_for_directory,
        look_back=look_back(made.source, nodes),
    )


def _events(nodes: dict[str, plan.Node], alerts: list[plan.AlertPlan] | None) -> tuple[str, ...]:
    return tuple(sorted({e for a in alerts or () for e in scanned(a.source, nodes)}))


def _shared_diagnostics(
    shared: Shared, relations: Mapping[str, SharedRelation]
) -> list[Diagnostic]:
    return [
        relations[name].source.diagnostic(fault)
        for name, report in shared.reports.items()
        for fault in report.faults
    ]
