"""Where block and envelope meet: parameters and relations nobody reads, the template of `explain`,
the table of evidence, alerts that read themselves.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dsl import syntax
from dsl.check.walk import parts
from dsl.diagnostics import Diagnostic
from dsl.faults import Fault, did_you_mean
from dsl.schema.registry import event_types
from dsl.template import check_template

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dsl.catalogue import Detection
    from dsl.check.block import BlockRelations
    from dsl.check.report import Report
    from dsl.diagnostics import Diagnostics
    from dsl.source import Source


def warn_unread(detection: Detection, block: BlockRelations, found: Diagnostics) -> None:
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


def warn_unread_lists(
    source: Source, own: str, blocks: Iterable[syntax.Block], found: Diagnostics
) -> None:
    """Lists that a test fills though nothing reads them; `own` is the rule's id, which names its
    exclusions, `blocks` are its block and those of the shared relations below.
    """
    read = {p.name for b in blocks for p in parts(b.statements) if isinstance(p, syntax.ListRef)}
    for place, span in source.keys.items():
        match place:
            case ("tests", int(), "lists", str(name)) if name not in read | {own}:
                message = f"the rule reads no list `{name}`"
                hint = (
                    did_you_mean(name, read) or "entries of a list that nobody reads change nothing"
                )
                found.add(
                    Diagnostic(
                        "D0714", message, source.file, span, "never read", hint, severity="warning"
                    )
                )
            case _:
                pass


def refuse_own_alerts(report: Report, detection: Detection) -> None:
    """A detection that names itself where it reads alerts."""
    for part in parts(detection.block.statements):
        if isinstance(part, syntax.Match) and part.source.parts == ("alert",):
            for text in parts(part.where):
                if isinstance(text, syntax.Text) and text.value == detection.id:
                    report.error(
                        "D0209", text.at, f"`{detection.id}` reads its own alerts", "a cycle",
                        "read those of other detections",
                    )  # fmt: skip


def check_explain(detection: Detection, found: Diagnostics) -> None:
    """`explain` against roles, dedup columns and parameters."""
    produced: set[str] = set()
    for statement in detection.block.statements:
        if isinstance(statement, syntax.Alert):
            produced |= {b.role for b in statement.bindings}
            produced |= {p.parts[0] for p in statement.dedup_by if len(p.parts) == 1}
    envelope = detection.envelope
    for fault in check_template(envelope.explain, produced, envelope.params):
        found.add(detection.source.diagnostic(fault, "explain"))


def warn_untold_reasons(detection: Detection, found: Diagnostics) -> None:
    """Reasons of a score that no role carries, or that the explanation does not tell."""
    statements, source = detection.block.statements, detection.source
    scores = [
        s
        for s in statements
        if isinstance(s, syntax.Assign)
        and isinstance(s.relation, syntax.Score)
        and any(reason for _, _, reason in s.relation.terms)
    ]
    roles = {
        binding.role
        for s in statements
        if isinstance(s, syntax.Alert)
        for binding in s.bindings
        if any(isinstance(p, syntax.Path) and p.parts[-1] == "reasons" for p in parts(binding))
    }
    told = any(re.search(rf"\b{role}\b", detection.envelope.explain) for role in roles)
    if scores and not told:
        first = scores[0]
        label = "nobody learns its reasons"
        message = f"the alert does not tell the reasons of `{first.name}`"
        hint = "add the role `why: reasons`"
        hint = f"write `{{{{ {min(roles)} | names }}}}` in `explain`" if roles else hint
        fault = Fault("D0506", message, first.name_at, label, hint, (), "warning")
        found.add(source.diagnostic(fault))


def check_evidence(detection: Detection, events: tuple[str, ...], found: Diagnostics) -> None:
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
