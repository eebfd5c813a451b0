"""From lark's trees of expressions to `dsl.syntax`: one function a rule of the grammar.

Trees are taken apart by the names of rules and terminals, so that an optional clause needs no
placeholder. Knows no diagnostics: a tree that got here is grammatical.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, cast

from lark import Token, Tree

from dsl import syntax
from dsl.durations import parse_duration
from dsl.syntax import At

if TYPE_CHECKING:
    from collections.abc import Callable

Node = Tree[Token]


def at_of(node: Node | Token) -> At:
    """The range of a tree or token in the block."""
    if isinstance(node, Token):
        start = node.start_pos or 0
        return At(start, start + len(node))
    return At(node.meta.start_pos, node.meta.end_pos)


def trees(node: Node, *rules: str) -> list[Node]:
    """The children that come from one of the rules; all subtrees without a rule."""
    return [c for c in node.children if isinstance(c, Tree) and (not rules or c.data in rules)]


def tree(node: Node, *rules: str) -> Node | None:
    """The first child from one of the rules."""
    return next(iter(trees(node, *rules)), None)


def tokens(node: Node, *terminals: str) -> list[Token]:
    """The child tokens of the terminals."""
    return [c for c in node.children if isinstance(c, Token) and c.type in terminals]


def has(node: Node, terminal: str) -> bool:
    """Does the word stand in this tree, itself and not below?"""
    return bool(tokens(node, terminal))


def duration(node: Node) -> syntax.Duration | syntax.Param:
    """A `duration`, alone or as the child of its clause (`over 10m`)."""
    inner = node if node.data == "duration" else trees(node, "duration")[0]
    (found,) = tokens(inner, "DURATION", "PARAM")
    return _param(found) if found.type == "PARAM" else _span(found)


def path(node: Node) -> syntax.Path:
    """`path`, `source`: a dotted name."""
    name, *rest = (c for c in node.children if isinstance(c, Token))
    return syntax.Path((str(name), *_attributes(rest)), at_of(node))


def listref(found: Token) -> syntax.ListRef:
    return syntax.ListRef(found[1:], at_of(found))


def number(found: Token) -> syntax.Number:
    text = str(found)
    value = (
        int(text, 16) if text.startswith("0x") else float(text) if "." in text else int(text)
    )  # no octal: 010 is ten
    return syntax.Number(value, at_of(found))


def count(node: Node) -> syntax.Number | syntax.Param:
    """`times`: a number or a parameter."""
    (found,) = tokens(node, "NUMBER", "PARAM")
    return _param(found) if found.type == "PARAM" else number(found)


def text(found: Token) -> str:
    r"""The value of a text literal: what stands between the quotes, `\"` being one quote; of a raw
    one (`r"…"`, `r#"…"#`) as it is.
    """
    if found.startswith("r"):
        hashes = found.index('"')
        return str(found[hashes + 1 : -hashes])
    return re.sub(r"\\(.)", lambda pair: '"' if pair[1] == '"' else pair[0], found[1:-1])


def clause(node: Node, rule: str) -> syntax.Expr | None:
    """The expression of an optional clause (`where`, `having`, …)."""
    found = tree(node, rule)
    return expression(trees(found)[0]) if found else None


def expression(node: Node) -> syntax.Expr:
    """Any expression."""
    return _BUILDERS[str(node.data)](node)


def _attributes(found: list[Token]) -> tuple[str, ...]:
    return tuple(t[1:].strip() for t in found)


def _param(found: Token) -> syntax.Param:
    return syntax.Param(found[1:], at_of(found))


def _span(found: Token) -> syntax.Duration:
    return syntax.Duration(parse_duration(found) or 0, str(found), at_of(found))


def _first(node: Node) -> Token:
    return cast("Token", node.children[0])


def _pair(node: Node) -> tuple[syntax.Expr, syntax.Expr]:
    left, right = trees(node)
    return expression(left), expression(right)


def _binary(node: Node) -> syntax.Expr:
    left, right = _pair(node)
    (operator,) = (c for c in node.children if isinstance(c, Token))
    word = cast("syntax.BinaryOperator", re.sub(r"\s+", " ", operator))
    return syntax.Binary(word, left, right, at_of(node), at_of(operator))


def _in(node: Node) -> syntax.Expr:
    item, container = _pair(node)
    return syntax.In(item, container, has(node, "NOT"), at_of(node))


def _is_null(node: Node) -> syntax.Expr:
    (operand,) = trees(node)
    return syntax.IsNull(expression(operand), has(node, "NOT"), at_of(node))


def _not(node: Node) -> syntax.Expr:
    return syntax.Not(expression(trees(node)[0]), at_of(node))


def _negate(node: Node) -> syntax.Expr:
    return syntax.Negate(expression(trees(node)[0]), at_of(node))


def _item(node: Node) -> syntax.Expr:
    (key,) = tokens(node, "STRING")
    return syntax.Item(path(trees(node)[0]), syntax.Text(text(key), at_of(key)), at_of(node))


def _set(node: Node) -> syntax.Expr:
    return syntax.SetLiteral(tuple(map(expression, trees(node))), at_of(node))


def _call(node: Node) -> syntax.Expr:
    function, *arguments = trees(node)
    return syntax.Call(
        path(function),
        tuple(map(expression, arguments)),
        _attributes(tokens(node, "ATTRIBUTE")),
        at_of(node),
    )


def _case(node: Node) -> syntax.Expr:
    arms = tuple(map(_pair, trees(node, "arm")))
    return syntax.Case(arms, clause(node, "else"), at_of(node))


_BUILDERS: Final[dict[str, Callable[[Node], syntax.Expr]]] = {
    "binary": _binary,
    "bool": lambda node: syntax.Bool(_first(node).type == "TRUE", at_of(node)),
    "call": _call,
    "case": _case,
    "group": lambda node: expression(trees(node)[0]),
    "in": _in,
    "is_null": _is_null,
    "item": _item,
    "listref": lambda node: listref(_first(node)),
    "negate": _negate,
    "not": _not,
    "null": lambda node: syntax.Null(at_of(node)),
    "number": lambda node: number(_first(node)),
    "param": lambda node: _param(_first(node)),
    "path": path,
    "set": _set,
    "span": lambda node: _span(_first(node)),
    "text": lambda node: syntax.Text(text(_first(node)), at_of(node)),
}
