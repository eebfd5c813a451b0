"""A file's parts, for a list beside the text: relations, alerts, parameters, tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dsl import syntax

if TYPE_CHECKING:
    from dsl.assist.view import View
    from dsl.diagnostics import Span

PartSort = Literal["relation", "alert", "param", "test"]


@dataclass(frozen=True, slots=True)
class Part:
    """`span` is where its name stands, `last` the last line that belongs to it."""

    name: str
    sort: PartSort
    detail: str
    span: Span
    last: int


def outline(view: View) -> list[Part]:
    """The parts in the order of the text; none of a file that is no YAML."""
    source = view.source
    if source is None:
        return []
    found = [
        Part(
            f"${name}",
            "param",
            param.help,
            source.key("params", name),
            source.key("params", name).line,
        )
        for name, param in view.params.items()
    ]
    for statement in view.block.statements:
        last = source.span(syntax.At(max(0, statement.at.end - 1), statement.at.end)).line
        if isinstance(statement, syntax.Alert):
            name = ".".join(statement.source.parts)
            roles = ", ".join(b.role for b in statement.bindings)
            found.append(Part(f"alert {name}", "alert", roles, source.span(statement.at), last))
        else:
            verb = type(statement.relation).__name__.lower()
            found.append(
                Part(statement.name, "relation", verb, source.span(statement.name_at), last)
            )
    tests = source.data.get("tests") if isinstance(source.data, dict) else None
    for i, test in enumerate(tests if isinstance(tests, list) else ()):
        if isinstance(test, dict) and ("tests", i, "name") in source.values:
            span = source.place("tests", i, "name")
            expects = "alert" if test.get("expect") else "silence"
            lines = [s.line for p, s in source.values.items() if p[:2] == ("tests", i)]
            found.append(Part(str(test["name"]), "test", expects, span, max(lines)))
    return sorted(found, key=lambda p: p.span.line)
