"""A plan for people: what `atp explain --plan` prints.

Each relation with what it does, its columns and kinds and how far it looks back; each alert with
when it is raised and why then; the event types that are read. It knows plans only.
"""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Final

from dsl import plan
from dsl.check.look_back import look_back
from dsl.check.monotone import emission
from dsl.durations import format_duration
from dsl.schema.base import Event
from dsl.wording import kind_text, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dsl.params import Param

_WIDTH: Final = 100
_COMMON: Final = frozenset(Event.__struct_fields__)


def describe(built: plan.DetectionPlan, params: Mapping[str, Param] | None = None) -> str:
    """The whole plan as text; `params` are the declared ones, which know how values are written."""
    nodes = dict(built.shared) | dict(built.relations)
    lines = [f"{built.id}, version {built.version}"]
    lines += _listed("reads", ", ".join(built.events), "")
    lines.append(f"looks back {_duration(built.look_back)}")
    if built.params:
        values = (f"${name} = {_value(name, value, params or {})}" for name, value in built.params)
        lines += _listed("parameters", ", ".join(values), "")
    for title, relations in (("shared relations", built.shared), ("relations", built.relations)):
        if relations:
            lines += ["", title]
            for name, node in relations:
                lines += _relation(name, node, nodes)
    for alert in built.alerts:
        lines += ["", *_alert(alert, nodes)]
    return "\n".join(lines) + "\n"


def describe_relation(name: str, node: plan.Node, nodes: Mapping[str, plan.Node]) -> str:
    """One relation of a plan as text; `nodes` are all relations by their names in the plan."""
    return "\n".join(line.removeprefix("  ") for line in _relation(name, node, nodes))


def _relation(name: str, node: plan.Node, nodes: Mapping[str, plan.Node]) -> Iterator[str]:
    yield f"  {name} = {_headline(node)}"
    for clause in _clauses(node):
        yield from _listed(*clause, "      ")
    yield from _listed("columns", _columns(node), "      ")
    yield f"      looks back {_duration(look_back(node, nodes))}"


def _headline(node: plan.Node) -> str:
    match node:
        case plan.Scan(event, primary_only):
            return event if primary_only else f"{event} (all witnesses)"
        case plan.Given(rows):
            return f"{len(rows)} given rows"
        case plan.Ref(name):
            return name
        case plan.Match(source):
            return f"match {_headline(source)}"
        case plan.Union(sources):
            return f"union {', '.join(map(_headline, sources))}"
        case plan.Window():
            keys = ", ".join(node.keys)
            return f"{node.kind} window {_headline(node.source)} by {keys} over {format_duration(node.over)}"
        case plan.Sequence():
            return f"sequence by {', '.join(node.keys)} within {format_duration(node.within)}"
        case plan.Join():
            optional = " optional" if node.optional else ""
            both = f"{_headline(node.left)} with {_headline(node.right)}"
            span = f"within {format_duration(node.within)} {node.direction}{optional}"
            return f"join {both} on {_pairs(node.keys)} {span}"
        case plan.Absence():
            sides = f"{_headline(node.of)} {node.direction} {_headline(node.anchor)}"
            keys = _pairs(tuple((of, anchor) for anchor, of in node.keys))
            return f"absence of {sides} by {keys} within {format_duration(node.within)}"
        case plan.Profile():
            spans = f"bucket {format_duration(node.bucket)} over {format_duration(node.over)}"
            return f"profile of {_headline(node.source)} by {', '.join(node.keys)} {spans}"
        case plan.Model():
            using = f" using {', '.join(node.using)}" if node.using else ""
            keys, span = ", ".join(node.keys), format_duration(node.over)
            return f"model {node.kind} of {_headline(node.source)} by {keys} over {span}{using}"
        case plan.Recall(source):
            return _headline(source)


def _clauses(node: plan.Node) -> Iterator[tuple[str, str]]:
    match node:
        case plan.Match(where=where, lets=lets):
            if where is not None:
                yield "where", text_of(where)
            for name, value in lets:
                yield "let", f"{name} := {text_of(value)}"
        case plan.Window(aggregates=aggregates, having=having):
            for a in aggregates:
                arguments = ", ".join(map(text_of, a.arguments))
                yield "compute", f"{a.name} := {a.function}({arguments}){_where(a.where)}"
            if having is not None:
                yield "having", text_of(having)
        case plan.Sequence(steps=steps):
            for i, step in enumerate(steps):
                word = "not" if step.negated else "then" if i else "first"
                times = f" x {step.times}" if step.times > 1 else ""
                yield word, f"{_headline(step.source)} as {step.alias}{_where(step.where)}{times}"
        case plan.Join(keeps=keeps):
            if keeps:
                yield "keep", ", ".join(c if c == n else f"{c} as {n}" for c, n in keeps)
        case plan.Absence(where=where, reads_covered=read):
            if where is not None:
                yield "where", text_of(where)
            yield "uncovered", "rows are shown, `covered` is read" if read else "rows are withheld"
        case plan.Profile():
            for learn in node.learns:
                arguments = ", ".join(map(text_of, learn.arguments))
                yield "learn", f"{learn.name} := {learn.function}({arguments}){_where(learn.where)}"
            if node.ready is not None:
                yield "ready", text_of(node.ready)
            if node.peers is not None:
                yield "peers by", text_of(node.peers)
        case _:
            pass


def _where(condition: plan.Expr | None) -> str:
    return "" if condition is None else f" where {text_of(condition)}"


def _columns(node: plan.Node) -> str:
    """Columns and kinds; what comes unchanged from a source is called by the source's name."""
    match node:
        case plan.Match(source) | plan.Join(source) | plan.Absence(source):
            before = dict(source.columns)
            new = tuple((n, t) for n, t in node.columns if before.get(n) != t or n in _lets(node))
            return "; ".join(filter(None, (f"those of {_headline(source)}", _kinds(new))))
        case plan.Sequence():
            keys = tuple((n, t) for n, t in node.columns if n in node.keys)
            steps = ", ".join(f"`{s.alias}.…`" for s in node.steps if not s.negated)
            return f"{_kinds(keys)}; those of its steps and their `ts` and `start` as {steps}"
        case plan.Union():
            own = tuple((n, t) for n, t in node.columns if n not in _COMMON)
            common = "those of every event" if len(own) < len(node.columns) else ""
            return "; ".join(filter(None, (common, _kinds(own))))
        case _:
            return _kinds(node.columns)


def _lets(node: plan.Node) -> frozenset[str]:
    return frozenset(name for name, _ in node.lets) if isinstance(node, plan.Match) else frozenset()


def _kinds(columns: plan.Columns) -> str:
    return ", ".join(f"{name}: {kind_text(kind)}" for name, kind in columns)


def _alert(alert: plan.AlertPlan, nodes: Mapping[str, plan.Node]) -> Iterator[str]:
    yield f"alert {_headline(alert.source)}"
    for name, value in alert.roles:
        yield from _listed(name + ":", f"{text_of(value)} ({kind_text(value.type)})", "    ")
    for word, clause in (
        ("severity", alert.severity), ("confidence", alert.confidence), ("when", alert.when),
    ):  # fmt: skip
        if clause is not None:
            yield from _listed(word, text_of(clause), "  ")
    for value, listed in alert.excepts:
        yield f"  except {text_of(value)} in @{listed.name}"
    by = ", ".join(name for name, _ in alert.dedup_by) or "nothing: one alert at a time"
    yield f"  one alert for {format_duration(alert.dedup)} by {by}"
    yield f"  looks back {_duration(alert.look_back)}"
    emitted = emission(alert, nodes)
    if emitted.monotone:
        yield "  raised at once: nothing that arrives later can make it untrue"
    elif emitted.waits_for_directory:
        yield "  raised when the watermark has passed and the directory is settled:"
    else:
        yield "  raised when the watermark has passed:"
    for reason in emitted.reasons:
        yield from _listed("-", reason, "    ")


def _pairs(keys: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(a if a == b else f"{a} ~ {b}" for a, b in keys)


def _duration(microseconds: int) -> str:
    return format_duration(microseconds) if microseconds else "not at all"


def _value(name: str, value: plan.Value, params: Mapping[str, Param]) -> str:
    param = params.get(name)
    if param is None or value is None or isinstance(value, bytes):
        return str(value)
    return param.show(value)


def _listed(word: str, text: str, indent: str) -> list[str]:
    """A clause, broken at blanks and indented below its word."""
    lines = wrap(text, _WIDTH - len(indent) - len(word) - 1, break_long_words=False) or [""]
    below = " " * (len(indent) + len(word) + 1)
    return [f"{indent}{word} {lines[0]}", *(below + line for line in lines[1:])]
