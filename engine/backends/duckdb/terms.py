"""The few shapes of SQL that everything here is made of, as sqlglot expressions.

No value ever becomes text here: constants are literal nodes, names are quoted identifiers. The tree
is built, not parsed, so operators put their operands in parentheses themselves. Knows no plan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from dsl.schema.derive import sql_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dsl.types import Type

DIALECT: Final = "duckdb"


def column(name: str, table: str = "r") -> exp.Expr:
    """A column; relations are read under the alias `r` unless there are two."""
    return exp.column(name, table=table, quoted=True)


def name(identifier: str) -> exp.Identifier:
    return exp.to_identifier(identifier, quoted=True)


def number(value: int) -> exp.Expr:
    return exp.Literal.number(value)


def real(value: float) -> exp.Expr:
    """A DOUBLE; from text, so that every digit counts (a bare 0.8 would be a DECIMAL)."""
    return cast(text(repr(value)), "DOUBLE")


def text(value: str) -> exp.Expr:
    return exp.Literal.string(value)


def blob(value: bytes) -> exp.Expr:
    return call("unhex", text(value.hex()))


def null() -> exp.Expr:
    return exp.Null()


def true() -> exp.Expr:
    return exp.Boolean(this=True)


def false() -> exp.Expr:
    return exp.Boolean(this=False)


def call(function: str, *arguments: exp.Expr) -> exp.Expr:
    """A DuckDB function by its own name, never translated."""
    return exp.Anonymous(this=function, expressions=list(arguments))


def cast(value: exp.Expr, kind: str) -> exp.Expr:
    return exp.cast(value, exp.DataType.build(kind, dialect=DIALECT))


def storage(kind: Type) -> str:
    """The DuckDB type of a plan's type."""
    if kind.kind == "float":
        return "DOUBLE[]" if kind.many else "DOUBLE"
    if kind.kind == "null":
        return "INTEGER"
    return sql_type(kind.kind, many=kind.many)


def binary(operator: type[exp.Binary], left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return operator(this=guarded(left), expression=guarded(right))


def guarded(value: exp.Expr) -> exp.Expr:
    """In parentheses where it could be torn apart by an operator beside it."""
    loose = isinstance(value, (exp.Binary, exp.Not, exp.In, exp.Between, exp.Neg))
    return exp.Paren(this=value) if loose else value


def equal(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return binary(exp.EQ, left, right)


def minus(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return binary(exp.Sub, left, right)


def plus(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return binary(exp.Add, left, right)


def conjunction(parts: Iterable[exp.Expr | None]) -> exp.Expr | None:
    """All of them; None where there is none."""
    whole: exp.Expr | None = None
    for part in parts:
        if part is not None:
            kept = exp.Paren(this=part) if isinstance(part, exp.Or) else part
            whole = kept if whole is None else exp.And(this=whole, expression=kept)
    return whole


def disjunction(first: exp.Expr, *others: exp.Expr) -> exp.Expr:
    whole = exp.Paren(this=first) if isinstance(first, exp.And) else first
    for part in others:
        kept = exp.Paren(this=part) if isinstance(part, exp.And) else part
        whole = exp.Or(this=whole, expression=kept)
    return whole


def both(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return conjunction([left, right]) or true()


def between(value: exp.Expr, low: exp.Expr, high: exp.Expr) -> exp.Expr:
    return exp.Between(this=guarded(value), low=low, high=high)


def valid(alias: str, time: exp.Expr) -> exp.Expr:
    """Whether an interval row [valid_from, valid_to) holds at a time."""
    begun = binary(exp.LTE, column("valid_from", alias), time)
    return both(begun, binary(exp.LT, time.copy(), column("valid_to", alias)))


def is_null(value: exp.Expr) -> exp.Expr:
    return exp.Is(this=guarded(value), expression=exp.Null())


def not_null(value: exp.Expr) -> exp.Expr:
    return exp.Not(this=is_null(value))


def denied(value: exp.Expr) -> exp.Expr:
    """SQL's own NOT, null where the operand is null."""
    return exp.Not(this=guarded(value))


def negation(value: exp.Expr) -> exp.Expr:
    """True where the operand is false or null."""
    return denied(call("coalesce", value, false()))


def when(condition: exp.Expr, value: exp.Expr, otherwise: exp.Expr | None = None) -> exp.Expr:
    return exp.Case(ifs=[exp.If(this=condition, true=value)], default=otherwise)


def smallest(*values: exp.Expr) -> exp.Expr:
    """The least that is not null; LEAST itself takes two columns of one name for one argument."""
    return call("list_min", exp.Array(expressions=list(values)))


def largest(*values: exp.Expr) -> exp.Expr:
    """The greatest that is not null."""
    return call("list_max", exp.Array(expressions=list(values)))


def array(items: Sequence[exp.Expr], element: str) -> exp.Expr:
    """A list; an empty one needs the type of its elements."""
    return cast(exp.Array(expressions=list(items)), f"{element}[]")


def record(fields: Mapping[str, exp.Expr]) -> exp.Expr:
    """A STRUCT with these fields."""
    parts = [exp.PropertyEQ(this=name(n), expression=v) for n, v in fields.items()]
    return exp.Struct(expressions=parts)


def extracted(value: exp.Expr, part: str) -> exp.Expr:
    return call("struct_extract", value, text(part))


def each(parameter: str, body: exp.Expr) -> exp.Expr:
    """A lambda; its parameter is `element(parameter)` in the body."""
    return exp.Lambda(this=body, expressions=[element(parameter)])


def element(parameter: str) -> exp.Identifier:
    return exp.to_identifier(parameter, quoted=False)


def named(value: exp.Expr, alias: str) -> exp.Expr:
    return exp.alias_(value, alias, quoted=True)


def star(table: str = "r", without: Iterable[str] = ()) -> exp.Expr:
    """All columns of a table, but for some."""
    left_out = [name(n) for n in without]
    return exp.Column(
        this=exp.Star(except_=left_out) if left_out else exp.Star(), table=name(table)
    )


def read(relation: str, alias: str = "r") -> exp.Table:
    """A relation of this statement under an alias."""
    return exp.Table(this=name(relation), alias=exp.TableAlias(this=name(alias)))


def stored(table: str, alias: str = "r") -> exp.Table:
    """A table of the store. Qualified: a relation of the same name must not stand in its way."""
    return exp.Table(this=name(table), db=name("main"), alias=exp.TableAlias(this=name(alias)))


def select(*columns: exp.Expr, source: exp.Expr | None = None) -> exp.Select:
    query = exp.Select(expressions=list(columns))
    return query if source is None else query.from_(source, copy=False)


def subquery(query: exp.Query) -> exp.Expr:
    return exp.Subquery(this=query)


def exists(query: exp.Query) -> exp.Expr:
    return exp.Exists(this=query)


def over(
    function: exp.Expr,
    partition: Sequence[exp.Expr],
    order: Sequence[exp.Expr] = (),
    frame: exp.WindowSpec | None = None,
) -> exp.Expr:
    """A window function. `order` is ascending unless an item is already `descending`."""
    ordered = [o if isinstance(o, exp.Ordered) else ascending(o) for o in order]
    return exp.Window(
        this=function,
        partition_by=list(partition),
        order=exp.Order(expressions=ordered) if ordered else None,
        spec=frame,
    )


def ascending(value: exp.Expr) -> exp.Ordered:
    return exp.Ordered(this=value, nulls_first=False)


def descending(value: exp.Expr) -> exp.Ordered:
    return exp.Ordered(this=value, desc=True, nulls_first=False)


def filtered(function: exp.Expr, condition: exp.Expr | None) -> exp.Expr:
    """An aggregate over the rows where the condition is true."""
    if condition is None:
        return function
    return exp.Filter(this=function, expression=exp.Where(this=condition))


def range_frame(preceding: int | None) -> exp.WindowSpec:
    """From `preceding` before the row's value (None: the beginning) to the row and its peers."""
    start: exp.Expr | str = "UNBOUNDED" if preceding is None else number(preceding)
    return exp.WindowSpec(
        kind="RANGE", start=start, start_side="PRECEDING", end="CURRENT ROW", end_side=None
    )


def range_before() -> exp.WindowSpec:
    """All rows whose value (a whole number) is less than the row's."""
    return exp.WindowSpec(
        kind="RANGE", start="UNBOUNDED", start_side="PRECEDING", end=number(1), end_side="PRECEDING"
    )


def groups_back(count: int) -> exp.WindowSpec:
    """The rows that are `count` different values of the order before this one."""
    return exp.WindowSpec(
        kind="GROUPS",
        start=number(count),
        start_side="PRECEDING",
        end=number(count),
        end_side="PRECEDING",
    )


def rows_before() -> exp.WindowSpec:
    """All rows before this one."""
    return exp.WindowSpec(
        kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end=number(1), end_side="PRECEDING"
    )
