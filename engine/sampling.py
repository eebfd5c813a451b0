"""What sensors may leave out: for each event type the events that nobody needs, by the detections.

A detection needs an event of a type where it meets what the `match`es above its scan ask of its own
fields; of what they ask only that counts which a sensor can decide: fields that it fills itself and
that are never rewritten. So a clause is weaker than the detection, never stronger. Types whose coverage an absence asks for, that profiles or
models learn from, and of which the engine itself learns names, roles and paths are needed wholly. Pure.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import msgspec

from dsl import plan
from dsl.schema.registry import event_types
from sensor.delivery.sampling import Filter, Rule, Test

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_LEARNT_FROM: Final = frozenset(
    {
        # names, domains, controllers (entities_passive, entities_told), one activity seen twice
        "kerberos_as", "kerberos_tgs", "kerberos_ap", "ntlm_auth", "logon", "netlogon_secure", "rpc_bind",
        "replication", "samr_query", "host_binding", "account_change", "group_change",
        "directory_change", "directory_object", "vpn_session", "gpo_change",
        # lateral movement paths (store.movement)
        "smb_file", "service_install", "task_create", "remote_shell",
        # the product's own words
        "sensor_health", "alert",
    }
)  # fmt: skip
_LEARNT_WHERE: Final[dict[str, tuple[tuple[Test, ...], ...]]] = {
    "ldap_search": ((Test("cldap", "in", (True,)),),),
}
_KINDS: Final = frozenset({"enum", "int", "bool", "text"})
_OF_ENGINE: Final = frozenset({"primary", "source", "dc", "server", "domain", "id", "type", "ts"})

Clause = tuple[Test, ...]


def needed(plans: Iterable[plan.DetectionPlan]) -> dict[str, frozenset[Clause] | None]:
    """By event type the clauses of which one holds for an event that is needed; None: all are. A
    type that is not among them is needed by nobody.
    """
    found: dict[str, set[Clause] | None] = dict.fromkeys(_LEARNT_FROM)
    for kind, clauses in _LEARNT_WHERE.items():
        found[kind] = set(clauses)
    for each in plans:
        for kind, clause in _of_detection(each):
            known = found.setdefault(kind, set())
            if clause is None or clause == ():
                found[kind] = None
            elif known is not None:
                known.add(clause)
    return {k: None if c is None else frozenset(c) for k, c in found.items()}


def filter_of(plans: Iterable[plan.DetectionPlan], shares: Mapping[str, float]) -> Filter:
    """The filter that sends these shares of what is not needed."""
    wanted = needed(plans)
    rules = []
    for kind, share in sorted(shares.items()):
        clauses = wanted.get(kind, frozenset())
        if clauses is not None and share < 1:
            rules.append(Rule(kind, share, tuple(sorted(clauses, key=repr))))
    if not rules:
        return Filter()
    told = msgspec.json.encode(rules)
    return Filter(hashlib.sha256(told).hexdigest()[:16], tuple(rules))


def _of_detection(detection: plan.DetectionPlan) -> Iterator[tuple[str, Clause | None]]:
    named = dict(detection.shared) | dict(detection.relations)
    for alert in detection.alerts:
        asked = () if alert.when is None else tuple(_conjuncts(alert.when))
        yield from _of_node(alert.source, asked, named, frozenset())
    for _, node in (*detection.relations, *detection.shared):
        # what no alert reads is still computed
        yield from _of_node(node, (), named, frozenset()) if _learns(node) else ()


def _learns(node: plan.Node) -> bool:
    return isinstance(node, (plan.Profile, plan.Model))


def _of_node(
    node: plan.Node,
    asked: tuple[plan.Expr, ...],
    named: Mapping[str, plan.Node],
    within: frozenset[str],
) -> Iterator[tuple[str, Clause | None]]:
    """What a node reads, by type, with what is asked of its rows; `within`: relations above."""

    def of(
        below: plan.Node, conditions: tuple[plan.Expr, ...] = ()
    ) -> Iterator[tuple[str, Clause | None]]:
        return _of_node(below, conditions, named, within)

    match node:
        case plan.Scan(event):
            tests = (_test(event, condition) for condition in asked)
            yield event, tuple(sorted({t for t in tests if t is not None}, key=repr))
        case plan.Given():
            return
        case plan.Ref(name):
            if name in within or name not in named:
                return
            yield from _of_node(named[name], asked, named, within | {name})
        case plan.Match(source):
            computed = {name for name, _ in node.lets}
            own = tuple(c for c in asked if not _reads(c) & computed)
            where = () if node.where is None else tuple(_conjuncts(node.where))
            yield from of(source, (*own, *where))
        case plan.Union(sources):
            for source in sources:
                yield from of(source)
        case plan.Window(source):
            yield from of(source)
        case plan.Sequence(steps=steps):
            for step in steps:
                yield from of(step.source)
        case plan.Join(left, right):
            yield from of(left)
            yield from of(right)
        case plan.Absence(anchor):
            yield from of(anchor)
            for kind, _ in of(node.of):
                yield kind, None
        case plan.Profile(source) | plan.Model(source=source):
            for kind, _ in of(source):
                yield kind, None
        case plan.Recall(source):
            yield from of(source)
            yield from of(node.profile)


def _conjuncts(condition: plan.Expr) -> Iterator[plan.Expr]:
    if isinstance(condition, plan.Op) and condition.operator == "and":
        yield from _conjuncts(condition.left)
        yield from _conjuncts(condition.right)
    else:
        yield condition


def _reads(expression: plan.Expr) -> set[str]:
    match expression:
        case plan.Col(name):
            return {name}
        case plan.Op(_, left, right) | plan.In(left, right):
            return _reads(left) | _reads(right)
        case plan.Not(operand) | plan.IsNull(operand):
            return _reads(operand)
        case plan.Lit() | plan.ListRef():
            return set()
        case plan.SetOf(parts) | plan.Call(_, parts):
            return set().union(*map(_reads, parts))
        case plan.Attr(entity):
            return _reads(entity)
        case plan.Case(arms, otherwise):
            every = [e for arm in arms for e in arm] + ([otherwise] if otherwise else [])
            return set().union(*map(_reads, every))


def _test(event: str, condition: plan.Expr) -> Test | None:
    """The condition as a sensor can decide it; None where it cannot."""
    match condition:
        case plan.Col(name) if _plain(event, name):
            return Test(name, "in", (True,))
        case plan.IsNull(plan.Col(name)) if _plain(event, name):
            return Test(name, "null")
        case plan.Not(plan.IsNull(plan.Col(name))) if _plain(event, name):
            return Test(name, "known")
        case plan.Not(inner):
            test = _test(event, inner)
            return (
                Test(test.field, "unlike", test.values) if test and test.operator == "in" else None
            )
        case plan.Op("==" | "!=" as operator, plan.Col(name), plan.Lit(value)) if _plain(
            event, name
        ):
            return _of_values(name, "in" if operator == "==" else "not in", (value,))
        case plan.In(plan.Col(name), plan.SetOf(items)) if _plain(event, name):
            values = tuple(i.value for i in items if isinstance(i, plan.Lit))
            return _of_values(name, "in", values) if len(values) == len(items) else None
    return None


def _of_values(name: str, operator: str, values: tuple[plan.Value, ...]) -> Test | None:
    told = tuple(v for v in values if isinstance(v, (str, int, bool)))
    if len(told) != len(values):
        return None
    return Test(name, "in" if operator == "in" else "not in", told)


def _plain(event: str, name: str) -> bool:
    """Whether a sensor fills the field, and the engine leaves it as it is."""
    column = event_types()[event].columns.get(name)
    if column is None or column.many or name in _OF_ENGINE:
        return False
    return column.field.kind in _KINDS and "engine" not in column.field.sources
