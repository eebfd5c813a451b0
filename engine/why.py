"""Why an event does, or does not, end in an alert: clause by clause, over stored events.

Every relation of a detection is computed in turn, and its rows that rest on the event are counted.
Where a `match` has none, its conditions are put back one by one, and the first that drops the
event is named. Evidence lists are capped, so in a row of more than a hundred events one may be
missing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dsl import plan, syntax
from dsl.check.walk import sources
from engine.backends.duckdb.reading import Definitions, all_of, conjuncts
from engine.entities_rows import FOREVER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import duckdb

    from dsl.catalogue import Catalogue, Detection
    from engine.running import CompiledDetection

    Compile = Callable[[plan.DetectionPlan], CompiledDetection]


@dataclass(frozen=True, slots=True)
class Finding:
    """One relation, or alert statement, and the event: `rows` rest on it; `false` is the text of
    the first condition that drops it, in `file` at `line`; `waits` names what it is computed from
    where that has no row of the event either. `told`: what profiles told the row that asked them.
    """

    relation: str
    rows: int
    false: str = ""
    file: str = ""
    line: int = 0
    waits: str = ""
    told: tuple[tuple[str, object], ...] = ()


def detection_of(built: plan.DetectionPlan, top: plan.Node) -> plan.DetectionPlan:
    """A plan with one alert statement whose rows are those of a relation, all columns as roles."""
    alert = plan.AlertPlan(
        source=top,
        roles=tuple((name, plan.Col(name, type_)) for name, type_ in top.columns),
        severity=None,
        confidence=None,
        when=None,
        excepts=(),
        dedup=0,
        dedup_by=(),
        monotone=False,
        waits_for_directory=False,
        look_back=built.look_back,
    )
    return replace(built, alerts=(alert,), monotone=False)


@dataclass(frozen=True)
class Why:
    """Asks one detection about events in a store. `connection` belongs to the store."""

    detection: Detection
    catalogue: Catalogue
    built: plan.DetectionPlan
    compile_detection: Compile
    connection: duckdb.DuckDBPyConnection

    def findings(self, event_id: int, kind: str) -> Iterator[Finding]:
        """The relations that rest on events of this type, in the order of the plan, then the
        alerts.
        """
        known = Definitions(dict(self.built.relations), dict(self.built.shared))
        with_row: dict[str, int] = {}
        for shared, relations in ((True, self.built.shared), (False, self.built.relations)):
            for name, node in relations:
                hidden = shared and any(name == own for own, _ in self.built.relations)
                if isinstance(node, plan.Profile):
                    continue  # it has no rows
                if hidden or kind not in known.events(node, shared=shared):
                    continue
                rows = self._rows(plan.Ref(name, node.columns), event_id)
                with_row[name] = rows
                if rows:
                    found = Finding(name, rows)
                elif isinstance(node, plan.Match):
                    found = self._dropped(name, node, event_id, shared=shared)
                else:
                    waits = [r for r in _read(node) if not with_row.get(r, 1)]
                    found = Finding(name, 0, waits=", ".join(dict.fromkeys(waits)))
                yield replace(found, told=self._told(node, event_id))
        for number, alert in enumerate(self.built.alerts, start=1):
            if kind not in known.events(alert.source, shared=False):
                continue
            one = replace(self.built, alerts=(alert,))
            rows = self._count(one, event_id)
            name = f"alert {alert.source.name if isinstance(alert.source, plan.Ref) else number}"
            yield Finding(name, rows, told=self._told(alert.source, event_id))

    def _told(self, node: plan.Node, event_id: int) -> tuple[tuple[str, object], ...]:
        """What profiles told the last row that rests on the event, within one relation."""
        told: dict[str, object] = {}
        waiting = [node]
        while waiting:
            at = waiting.pop()
            if isinstance(at, plan.Recall):
                one = self.compile_detection(detection_of(self.built, at)).alerts[0]
                every = one.rows(self.connection, 0, FOREVER)
                rows = [row for row in every if event_id in row.evidence]
                for name in (f"{at.alias}.{read.name}" for read in at.reads) if rows else ():
                    told[name] = rows[-1].roles[name]
                waiting.append(at.source)
            else:
                waiting += sources(at)
        return tuple(told.items())

    def _rows(self, node: plan.Node, event_id: int) -> int:
        return self._count(detection_of(self.built, node), event_id)

    def _count(self, built: plan.DetectionPlan, event_id: int) -> int:
        compiled = self.compile_detection(built).alerts[0]
        return sum(event_id in row.evidence for row in compiled.rows(self.connection, 0, FOREVER))

    def _dropped(self, name: str, node: plan.Match, event_id: int, *, shared: bool) -> Finding:
        """The first condition without which the event would still be there."""
        conditions = [] if node.where is None else list(conjuncts(node.where))
        if not self._rows(replace(node, where=None), event_id):
            return Finding(name, 0, waits=", ".join(_read(node)))
        for count in range(1, len(conditions) + 1):
            if not self._rows(replace(node, where=all_of(conditions[:count])), event_id):
                return self._named(name, count - 1, conditions[count - 1], shared=shared)
        return Finding(name, 0)

    def _named(self, name: str, index: int, condition: plan.Expr, *, shared: bool) -> Finding:
        """The condition as its author wrote it; one that nobody wrote is that a profile is ready."""
        home, _, inner = name.removeprefix("shared.").partition(".")
        rule = self.catalogue.relations[home] if shared else self.detection
        wanted = (inner or home) if shared else name
        for statement in rule.block.statements:
            if (
                isinstance(statement, syntax.Assign)
                and statement.name == wanted
                and isinstance(statement.relation, syntax.Match)
            ):
                written = _written(statement.relation.where)
                if index < len(written):
                    at = written[index].at
                    text = " ".join(rule.source.block("detect")[at.start : at.end].split())
                elif isinstance(condition, plan.Col):
                    at, text = statement.relation.at, condition.name
                else:
                    break
                return Finding(name, 0, text, rule.source.file, rule.source.span(at).line)
        return Finding(name, 0)


def _read(node: plan.Node) -> list[str]:
    """Names of the relations directly below a node."""
    return [
        n.name if isinstance(n, plan.Ref) else n.event
        for n in sources(node)
        if isinstance(n, plan.Ref | plan.Scan)
    ]


def _written(where: syntax.Expr | None) -> list[syntax.Expr]:
    if isinstance(where, syntax.Binary) and where.operator == "and":
        return [*_written(where.left), *_written(where.right)]
    return [] if where is None else [where]
