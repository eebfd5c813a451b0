"""The verbs over two relations: join and absence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl import plan, syntax
from dsl.check.columns import key_column, microseconds, new_name, same_kind
from dsl.check.expressions import Expressions
from dsl.check.kinds import BOOL
from dsl.check.reading import reading
from dsl.check.scope import Absent, Column, Relation, Scope, columns_of, scope_of
from dsl.check.walk import parts
from dsl.faults import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsl.check.context import Context
    from dsl.check.verbs import Built
    from dsl.types import Type


def join(context: Context, node: syntax.Join, name: str, left: Relation, right: Relation) -> Built:
    """`join A with B on KEYS within 12h before|after|around [optional] keep c as d`."""
    check_left = Expressions(context, scope_of(left))
    check_right = Expressions(context, scope_of(right))
    within = microseconds(check_left, node.within)
    keys, failed = _two_keys(check_left, check_right, node.keys)
    columns, covered = dict(left.columns), dict(left.covered)
    taken = set(left.columns)
    keeps: list[tuple[str, str]] = []
    for keep in node.keeps:
        column = _kept(check_right, keep, right)
        alias = keep.alias or keep.column.parts[-1]
        if alias in left.columns:
            check_left.error(
                "D0210", keep.column.at, f"`{left.name}` has a column `{alias}` already", "",
                f"give it another name: `{'.'.join(keep.column.parts)} as …`",
            )  # fmt: skip
        else:
            new_name(check_left, alias, keep.column.at, taken)
        columns[alias] = column.type if column else None
        if column is None:
            failed = True
            continue
        keeps.append((column.name, alias))
        if column.covered:
            covered[alias] = column.covered
    absent = dict(left.absent) | _not_kept(name, right, columns)
    is_open = left.open or right.open
    result = Relation(name, None, columns, open=is_open, absent=absent, covered=covered)
    typed = result.typed()
    if failed or within is None or left.node is None or right.node is None or typed is None:
        return None, result
    built = plan.Join(
        left.node, right.node, keys, within, node.direction, node.optional, tuple(keeps), typed
    )
    return built, result


def _kept(check: Expressions, keep: syntax.Keep, right: Relation) -> Column | None:
    """The column of the right side, written `column` or `relation.column`."""
    check.context.report.reads(keep.column, check.scope, None)
    parts = keep.column.parts
    if len(parts) > 1 and parts[0] == right.name and check.scope.find(parts) is None:
        parts = parts[1:]
    found = check.scope.find(parts)
    if found is None or found[1] < len(parts):
        if not right.open:
            written = ".".join(parts)
            absent = check.scope.missing(parts)
            check.error(
                absent.code if absent else "D0203",
                keep.column.at,
                absent.message if absent else f"`{right.name}` has no column `{written}`",
                absent.label if absent else "not a column of the right side",
                absent.hint if absent else did_you_mean(written, right.columns),
            )
        return None
    check.context.read_covered.update(found[0].covered)
    return found[0]


def _not_kept(name: str, right: Relation, columns: dict[str, Type | None]) -> dict[str, Absent]:
    absent: dict[str, Absent] = {}
    for column in right.columns:
        reason = Absent(
            "D0212",
            f"the join `{name}` does not keep `{column}` of `{right.name}`",
            "not kept",
            f"add `keep {right.name}.{column}` to the join",
        )
        absent[f"{right.name}.{column}"] = reason
        if column not in columns:
            absent[column] = reason
    return absent


def _two_keys(
    left: Expressions, right: Expressions, keys: Sequence[syntax.Key]
) -> tuple[tuple[tuple[str, str], ...], bool]:
    """Pairs of key columns; `a ~ b`: a on the left, b on the right."""
    pairs: list[tuple[str, str]] = []
    failed = False
    for key in keys:
        path = key.right or key.left
        first = key_column(left, key.left)
        second = key_column(right, path) if first is not None or key.right is not None else None
        if first is None or second is None:
            failed = True
        elif same_kind(left, path.at, first.type, second.type):
            pairs.append((first.name, second.name))
        else:
            failed = True
    return tuple(pairs), failed


def absence(
    context: Context, node: syntax.Absence, name: str, of: Relation, anchor: Relation
) -> Built:
    """`absence of B [where EXPR] following|preceding A by KEYS within 30m`. Keys `b ~ a`: in the
    order they are spoken of, B's first.
    """
    check = Expressions(context, scope_of(anchor))
    within = microseconds(check, node.within)
    pairs, failed = _two_keys(Expressions(context, scope_of(of)), check, node.keys)
    where = _absence_where(context, node, of, anchor)
    columns = anchor.columns | {"covered": BOOL}
    covered = anchor.covered | {"covered": frozenset({name})}
    absent = {k: a for k, a in anchor.absent.items() if k != "covered"}
    result = Relation(name, None, columns, open=anchor.open, absent=absent, covered=covered)
    typed = result.typed()
    below = reading(of, [where], "of.via")
    failed = failed or (node.where is not None and where is None)
    if failed or within is None or below is None or anchor.node is None or typed is None:
        return None, result
    keys = tuple((theirs, its) for its, theirs in pairs)
    built = plan.Absence(
        anchor.node, below, keys, where, node.direction, within, reads_covered=False, columns=typed
    )
    return built, result


def _absence_where(
    context: Context, node: syntax.Absence, of: Relation, anchor: Relation
) -> plan.Expr | None:
    if node.where is None:
        return None
    of_columns = columns_of(of, plan_prefix="of.")
    anchors = columns_of(anchor)
    qualified = columns_of(of, f"{of.name}.", "of.")
    by_name = columns_of(anchor, f"{anchor.name}.") if anchor.name != of.name else {}
    scope = Scope(
        of.name,
        "event" if of.event else "relation",
        {**of_columns, **anchors, **by_name, **qualified},
        anchor.absent | of.absent | {f"{of.name}.{k}": a for k, a in of.absent.items()},
        frozenset({of.name, anchor.name}),
        of.open or anchor.open,
    )
    for path in parts(node.where):
        if not isinstance(path, syntax.Path):
            continue
        word = path.parts[0]
        if word in of.columns and word in anchor.columns and word not in scope.sides:
            context.report.warning(
                "D0216", path.at, f"`{word}` is read from the row that `{anchor.name}` made",
                f"both `{anchor.name}` and `{of.name}` have it",
                f"write `{of.name}.{word}` or `{anchor.name}.{word}`",
            )  # fmt: skip
    return Expressions(context, scope).condition(node.where)
