"""Clauses that verbs share: keys, durations, computed names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl import syntax
from dsl.check.kinds import DURATION, named
from dsl.check.missing import part_at
from dsl.check.scope import IMPLIED, RESERVED, Column

if TYPE_CHECKING:
    from dsl.check.expressions import Expressions
    from dsl.syntax import At
    from dsl.types import Type


def microseconds(check: Expressions, node: syntax.Duration | syntax.Param) -> int | None:
    """A length of time that must be positive."""
    if isinstance(node, syntax.Duration):
        value: object = node.microseconds
    else:
        literal = check.param(node)
        if literal is None:
            return None
        if literal.type != DURATION:
            check.error(
                "D0308", node.at, f"`${node.name}` is {named(literal.type)}, not a duration",
                "a duration belongs here", "declare it with `type: duration`",
            )  # fmt: skip
            return None
        value = literal.value
    if not isinstance(value, int) or value <= 0:
        check.error("D0311", node.at, "a length of time must be positive", "", "write `10m`")
        return None
    return value


def key_column(check: Expressions, path: syntax.Path) -> Column | None:
    """A column that rows are put together by; None if it cannot be."""
    found = check.scope.find(path.parts)
    if found is None:
        check.check(path)
        return None
    check.context.report.reads(path, check.scope, None)
    column, count = found
    if count < len(path.parts):
        written = ".".join(path.parts)
        check.error(
            "D0306", part_at(path, count), "a key is a column, not an attribute of one",
            "", f"compute it first: `let {path.parts[-1]} := {written}`",
        )  # fmt: skip
        return None
    if column.type is not None and column.type.many:
        check.error(
            "D0306", path.at, f"`{'.'.join(path.parts)}` is a list and cannot be a key",
            "rows are put together by one value", "",
        )  # fmt: skip
        return None
    if column.type is not None and column.type.kind == "map":
        name = ".".join(path.parts)
        check.error(
            "D0306", path.at, f"`{name}` holds values by name and cannot be a key",
            "rows are put together by one value", f'compute it first: `let key := {name}["…"]`',
        )  # fmt: skip
        return None
    return column


def same_kind(check: Expressions, at: At, left: Type | None, right: Type | None) -> bool:
    """Whether two key columns can be equal; unknown ones pass."""
    if left is None or right is None or left.kind == right.kind:
        return True
    check.error(
        "D0306", at, f"this key is {named(left)} on one side and {named(right)} on the other",
        "different kinds", "compute a column of the same kind first, with `let`",
    )  # fmt: skip
    return False


def new_name(check: Expressions, name: str, at: At, taken: set[str]) -> None:
    """Report a computed name that is reserved or stands twice."""
    if name in RESERVED:
        word = "read" if name in IMPLIED else "used by the language"
        check.error(
            "D0211", at, f"`{name}` is {word} of every row", "reserved", "take another name"
        )
    elif name in taken:
        check.error("D0210", at, f"`{name}` is defined twice", "a second time", "take another name")
    taken.add(name)
