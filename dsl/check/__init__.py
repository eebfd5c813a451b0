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
from dsl.check.look_back import look_back, reach
from dsl.check.monotone import emission
from dsl.check.report import Report
from dsl.check.walk import parts, scanned
from dsl.diagnostics import Diagnostic, Diagnostics
from dsl.durations import format_duration
from dsl.faults import Fault, did_you_mean
from dsl.retention import retention
from dsl.schema.registry import event_types
from dsl.template import check_template
from dsl.types import Type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dsl.catalogue import Detection, ListFile, SharedRelation
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
    _refuse_own_alerts(report, detection)
    found = Diagnostics()
    for fault in report.faults:
        found.add(detection.source.diagnostic(fault))
    for diagnostic in _shared_diagnostics(shared, relations):
        found.add(diagnostic)
    _warn_unused(detection, block, found)
    _check_template(detection, found)
    nodes = shared.nodes | block.nodes
    events = _events(nodes, alerts)
    if alerts is not None:
        _check_evidence(detection, events, found)
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
        _hold_against_retention(block.context.report, block, shared.nodes)
    found = Diagnostics()
    for diagnostic in _shared_diagnostics(shared, relations):
        found.add(diagnostic)
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
            made = alert(built.context, statement, built.get(statement.source))
            failed = failed or made is None
            if made is not None:
                alerts.append(made)
    if not report.failed and not any(r.failed for r in shared.reports.values()):
        _hold_against_retention(report, built, shared.nodes | built.nodes)
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


def _hold_against_retention(
    report: Report, block: BlockRelations, nodes: dict[str, plan.Node]
) -> None:
    """A look-back beyond what is kept of an event type, where it first grows too long."""
    told: set[str] = set()
    for name, assign in block.assigns.items():
        node = assign.relation
        for event, far in sorted(reach(nodes[block.called(name)], nodes).items()):
            kept = retention(event)
            if far <= kept or event in told:
                continue
            told.add(event)
            at = node.over if isinstance(node, syntax.Window) else getattr(node, "within", node)
            report.error(
                "D0312", at.at,
                f"`{name}` looks back {format_duration(far)}, `{event}` is kept {format_duration(kept)}",
                "further back than events are kept",
                "shorten it; look-back adds up along the relations that are read",
            )  # fmt: skip


def _warn_unused(detection: Detection, block: BlockRelations, found: Diagnostics) -> None:
    """Relations and parameters that nothing reads."""
    source, statements = detection.source, detection.block.statements
    alerts = tuple(s for s in statements if isinstance(s, syntax.Alert))
    for assign in block.unread(alerts):
        message = f"nothing reads `{assign.name}`"
        fault = Fault("D0214", message, assign.name_at, "never read", "remove it", (), "warning")
        found.add(source.diagnostic(fault))
    used = {p.name for p in parts(statements) if isinstance(p, syntax.Param)}
    for name in detection.envelope.params:
        if name not in used and f"params.{name}" not in detection.envelope.explain:
            span = source.key("params", name)
            message, hint = f"nothing reads `${name}`", "remove it"
            found.add(
                Diagnostic(
                    "D0215", message, source.file, span, "never read", hint, severity="warning"
                )
            )


def _refuse_own_alerts(report: Report, detection: Detection) -> None:
    for part in parts(detection.block.statements):
        if isinstance(part, syntax.Match) and part.source.parts == ("alert",):
            for text in parts(part.where):
                if isinstance(text, syntax.Text) and text.value == detection.id:
                    report.error(
                        "D0209", text.at, f"`{detection.id}` reads its own alerts", "a cycle",
                        "read those of other detections",
                    )  # fmt: skip


def _check_template(detection: Detection, found: Diagnostics) -> None:
    """`explain` against roles, dedup columns and parameters."""
    produced: set[str] = set()
    for statement in detection.block.statements:
        if isinstance(statement, syntax.Alert):
            produced |= {b.role for b in statement.bindings}
            produced |= {p.parts[0] for p in statement.dedup_by if len(p.parts) == 1}
    envelope = detection.envelope
    for fault in check_template(envelope.explain, produced, envelope.params):
        found.add(detection.source.diagnostic(fault, "explain"))


def _check_evidence(detection: Detection, events: tuple[str, ...], found: Diagnostics) -> None:
    """Columns of the evidence table belong to some event type that is read."""
    known = {c for e in events for c in event_types()[e].columns}
    for i, column in enumerate(detection.envelope.evidence):
        if column not in known:
            found.add(
                Diagnostic(
                    "D0505",
                    f"no event that this detection reads has a column `{column}`",
                    detection.source.file,
                    detection.source.place("evidence", i),
                    "not a column of the evidence",
                    did_you_mean(column, known),
                )
            )
