"""Expressions of the syntax tree -> typed expressions of the plan.

`Expressions.check` gives None where something is wrong *and has been reported*, or rests on
something refused; then whatever stands around it stays silent. `expected` is the type that an
expression meets, by which a bare word may be an enum's; `quiet` says that a word which is no
column is not to be reported, since what it meets is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dsl import plan, syntax
from dsl.attributes import ATTRIBUTES, attributes_of
from dsl.check import calls, containers, operators
from dsl.check.differences import converted
from dsl.check.kinds import BOOL, DURATION, FLOAT, INT, NULL, TEXT, has_word, named, unite
from dsl.check.missing import near, part_at, unknown_column, unknown_enum_word
from dsl.faults import did_you_mean
from dsl.schema.base import ENTITY_KINDS
from dsl.syntax import At

if TYPE_CHECKING:
    from dsl.check.context import Context
    from dsl.check.recalls import Recalls
    from dsl.check.scope import Scope
    from dsl.types import Type


@dataclass(frozen=True, slots=True)
class Expressions:
    """The checker of expressions within one scope; `recalls` are the profiles it may ask."""

    context: Context
    scope: Scope
    recalls: Recalls | None = None

    def error(self, code: str, at: At, message: str, label: str = "", hint: str = "") -> None:
        self.context.report.error(code, at, message, label, hint)

    def condition(self, node: syntax.Expr) -> plan.Expr | None:
        """An expression that must be true or false."""
        expr = self.check(node)
        if expr is None or expr.type == BOOL:
            return expr
        hint = ""
        if expr.type.many:
            hint = "ask `len(…) > 0`, or `has`"
        elif isinstance(node, syntax.Path):
            hint = f"compare it, or write `{'.'.join(node.parts)} is not null`"
        self.error(
            "D0302",
            node.at,
            f"a condition is true or false, not {named(expr.type)}",
            f"this is {named(expr.type)}",
            hint,
        )
        return None

    def check(
        self, node: syntax.Expr, expected: Type | None = None, *, quiet: bool = False
    ) -> plan.Expr | None:
        """Any expression, typed."""
        match node:
            case syntax.Path():
                return self._path(node, expected, quiet=quiet)
            case syntax.Number(value):
                return plan.Lit(value, INT if isinstance(value, int) else FLOAT)
            case syntax.Text(value):
                return plan.Lit(value, TEXT)
            case syntax.Duration(microseconds):
                return plan.Lit(microseconds, DURATION)
            case syntax.Bool(value):
                return plan.Lit(value, BOOL)
            case syntax.Null():
                return plan.Lit(None, NULL)
            case syntax.Param():
                return self.param(node)
            case syntax.ListRef() | syntax.SetLiteral():
                self._misplaced(node)
                return None
            case syntax.Item():
                return self._item(node)
            case syntax.Call():
                return self._with_attributes(calls.call(self, node), node)
            case syntax.Not(operand):
                inner = self.condition(operand)
                return None if inner is None else plan.Not(inner, BOOL)
            case syntax.Negate():
                return operators.negate(self, node)
            case syntax.Binary():
                return operators.binary(self, node)
            case syntax.In():
                return containers.membership(self, node)
            case syntax.IsNull(operand, negated):
                inner = self.check(operand)
                if inner is None:
                    return None
                null = plan.IsNull(inner, BOOL)
                return plan.Not(null, BOOL) if negated else null
            case syntax.Case():
                return self._case(node, expected, quiet=quiet)

    def param(self, node: syntax.Param) -> plan.Lit | None:
        """The value of a parameter."""
        found = self.context.params.get(node.name)
        if found is None:
            hint = did_you_mean(f"${node.name}", [f"${p}" for p in self.context.params])
            self.error(
                "D0205",
                node.at,
                f"there is no parameter `${node.name}`",
                "not declared",
                hint or "declare it under `params`",
            )
            return None
        return plan.Lit(found.value, found.type, node.name)

    def unknown_word(self, node: syntax.Expr) -> bool:
        """A bare word that is no column here."""
        return (
            isinstance(node, syntax.Path)
            and len(node.parts) == 1
            and self.scope.find(node.parts) is None
        )

    def _misplaced(self, node: syntax.ListRef | syntax.SetLiteral) -> None:
        what = f"the list `@{node.name}`" if isinstance(node, syntax.ListRef) else "a set"
        hint = "stands behind `in`, `has any` or `has all`, or in a function that takes a list"
        self.error("D0301", node.at, f"{what} is no value", "not a value", f"{what} {hint}")

    def _path(self, node: syntax.Path, expected: Type | None, *, quiet: bool) -> plan.Expr | None:
        self.context.report.reads(node, self.scope, expected)
        word = node.parts[0]
        enum = expected if expected is not None and expected.kind == "enum" else None
        if enum is not None and len(node.parts) == 1 and word in enum.words:
            return plan.Lit(word, replace(enum, many=False))
        found = self.scope.find(node.parts)
        if found is not None and ".".join(node.parts) in self.scope.absent:
            unknown_column(self, node)
            return None
        if found is not None:
            column, count = found
            self.context.read_covered.update(column.covered)
            if column.type is None:
                return None
            expr: plan.Expr | None = plan.Col(column.name, column.type)
            for i in range(count, len(node.parts)):
                expr = expr and self.attribute(expr, node.parts[i], part_at(node, i), node)
            return expr
        if enum is not None and len(node.parts) == 1:
            if has_word(enum, word):
                return plan.Lit(word, replace(enum, many=False))
            if not self.scope.open:
                unknown_enum_word(self, node, enum)
            return None
        if not quiet or len(node.parts) > 1:
            unknown_column(self, node)
        return None

    def _item(self, node: syntax.Item) -> plan.Expr | None:
        """`data["name"]`: a text, null where the event has no value of that name."""
        column = self.check(node.column)
        if column is None:
            return None
        if column.type.kind != "map":
            name = ".".join(node.column.parts)
            self.error(
                "D0301", node.column.at, f"`{name}` holds {named(column.type)}, no values by name",
                "not values by name", f"write `{name}` alone",
            )  # fmt: skip
            return None
        return plan.Call("item", (column, plan.Lit(node.key.value, TEXT)), TEXT)

    def attribute(self, entity: plan.Expr, name: str, at: At, of: syntax.Expr) -> plan.Expr | None:
        """`entity.name`, as of the row's ts."""
        kind = entity.type
        if kind.kind not in ENTITY_KINDS or kind.many:
            article = "the elements of a list" if kind.many else f"a value of kind {named(kind)}"
            self.error(
                "D0208",
                at,
                f"{article} has no attributes" if not kind.many else f"{article} cannot be asked",
                "only an account, host or group has attributes",
                near(self.scope, ".".join(of.parts)) if isinstance(of, syntax.Path) else "",
            )
            return None
        attribute = ATTRIBUTES.get(name)
        if attribute is None or kind.kind not in attribute.owners:
            known = attributes_of(kind.kind)
            article = "an" if kind.kind == "account" else "a"
            self.error(
                "D0208",
                at,
                f"{article} {kind.kind} has no attribute `{name}`",
                "no such attribute",
                did_you_mean(name, known) or "it has " + ", ".join(f"`{a}`" for a in known),
            )
            return None
        return plan.Attr(entity, name, attribute.type)

    def _with_attributes(self, value: plan.Expr | None, node: syntax.Call) -> plan.Expr | None:
        end = node.at.end
        for i, name in enumerate(node.attributes):
            length = sum(len(a) + 1 for a in node.attributes[i:]) - 1
            at = At(end - length, end - length + len(name))
            value = value and self.attribute(value, name, at, node)
        return value

    def _case(self, node: syntax.Case, expected: Type | None, *, quiet: bool) -> plan.Expr | None:
        conditions = [self.condition(c) for c, _ in node.arms]
        written = [v for _, v in node.arms]
        if node.otherwise is not None:
            written.append(node.otherwise)
        values = self.uniform(written, expected, quiet=quiet)
        if values is None or None in conditions:
            return None
        kind = values[0].type
        if kind == NULL:
            self.error("D0314", node.at, "every arm is null", "this has no kind")
            return None
        arms = tuple((c, v) for c, v in zip(conditions, values, strict=False) if c is not None)
        otherwise = values[-1] if node.otherwise is not None else None
        return plan.Case(arms, otherwise, kind)

    def uniform(
        self, nodes: list[syntax.Expr], expected: Type | None, *, quiet: bool = False
    ) -> list[plan.Expr] | None:
        """Expressions that must have one kind. All get that kind, nulls and words too."""
        checked: dict[int, plan.Expr | None] = {}
        kind = NULL
        # what is a column for sure comes first: it tells the words of which enum follow
        for i in sorted(range(len(nodes)), key=lambda i: self.unknown_word(nodes[i])):
            meets = expected or (kind if kind != NULL else None)
            lost = quiet or None in checked.values()
            value = checked[i] = self.check(nodes[i], meets, quiet=lost)
            if value is None:
                continue
            if isinstance(value, plan.Lit) and meets is not None:
                value = checked[i] = converted(self, value, meets, nodes[i].at)
                if value is None:
                    continue
            united = unite(kind, value.type)
            if united is None:
                self.error(
                    "D0315",
                    nodes[i].at,
                    f"this is {named(value.type)}, the others are {named(kind)}",
                    "another kind",
                    "make all of one kind; `text(…)` turns any value into text",
                )
                checked[i] = None
                continue
            kind = united
        values = [checked[i] for i in range(len(nodes))]
        return [_retyped(v, kind) for v in values if v is not None] if all(values) else None


def _retyped(value: plan.Expr, kind: Type) -> plan.Expr:
    literal = isinstance(value, plan.Lit) and value.type.kind in ("null", "enum")
    return replace(value, type=kind) if literal else value
