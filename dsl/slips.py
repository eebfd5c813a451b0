"""Faults of a block that is grammatical but cannot be meant, seen without knowing any name.

Works on lark's tree, since the syntax tree holds each clause once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.build_expression import at_of, has, tokens, trees
from dsl.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dsl.build_expression import Node


def slips(block: Node) -> list[Fault]:
    """All of them, in the order of the text."""
    return sorted(_below(block), key=lambda f: f.at.start)


def _below(node: Node) -> Iterator[Fault]:
    check = _CHECKS.get(str(node.data))
    if check is not None:
        yield from check(node)
    for child in trees(node):
        yield from _below(child)


def _clause_twice(alert: Node) -> Iterator[Fault]:
    seen: set[str] = set()
    for clause in trees(alert, "severity", "confidence", "when", "except", "dedup"):
        word = str(clause.data)
        if word in seen:
            hint = "join the conditions with `and`" if word == "when" else "keep one of them"
            yield Fault(
                "D0119", f"`{word}` stands twice in the alert", at_of(clause), "again", hint
            )
        seen.add(word)


def _compared_with_null(binary: Node) -> Iterator[Fault]:
    operator = tokens(binary, "EQ", "NE")
    if operator and trees(binary, "null"):
        word = "is null" if operator[0].type == "EQ" else "is not null"
        yield Fault(
            "D0120",
            f"`{operator[0]} null` is never true",
            at_of(binary),
            "null equals nothing",
            f"write `{word}`",
        )


def _negated_edge(sequence: Node) -> Iterator[Fault]:
    steps = trees(sequence, "step")
    for step in steps:
        if not has(step, "NOT"):
            continue
        if step in (steps[0], steps[-1]):
            yield Fault(
                "D0121",
                "a `not` step stands between two others",
                at_of(step),
                "nothing on one side",
                "use `absence of B following A` for what did not happen at the end",
            )
        if trees(step, "times"):
            yield Fault("D0121", "a `not` step has no count", at_of(step), hint="leave out `x …`")


_CHECKS: Final[dict[str, Callable[[Node], Iterator[Fault]]]] = {
    "alert": _clause_twice,
    "binary": _compared_with_null,
    "sequence": _negated_edge,
}
