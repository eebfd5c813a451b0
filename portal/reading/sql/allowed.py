"""What a query may consist of: nodes of its tree, functions, types. Nothing else is ever run.

Left out with intent: what reads files, settings or the catalogue; what makes rows or long texts out of
nothing (`range`, `repeat`, `lpad`); tables made by functions; recursion.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

ROOTS: Final = (exp.Select, exp.Union, exp.Except, exp.Intersect)

NODES: Final[frozenset[type[exp.Expr]]] = frozenset({
    *ROOTS, exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered, exp.Limit,
    exp.Offset, exp.Qualify, exp.With, exp.CTE, exp.Subquery, exp.Table, exp.TableAlias, exp.Alias,
    exp.Column, exp.Identifier, exp.Literal, exp.Star, exp.Null, exp.Boolean, exp.Paren, exp.Tuple,
    exp.Distinct, exp.Window, exp.WindowSpec, exp.Filter, exp.Interval, exp.Var, exp.DataType,
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.Not, exp.Neg, exp.In, exp.Between,
    exp.Like, exp.ILike, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.DPipe, exp.Bracket,
    exp.Slice, exp.Array,
    # these are functions to sqlglot
    exp.And, exp.Or, exp.Case, exp.If, exp.Cast, exp.TryCast, exp.Exists, exp.Coalesce, exp.Nullif,
    exp.Count, exp.CountIf, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Median, exp.Stddev, exp.Variance,
    exp.ApproxDistinct, exp.ArrayAgg, exp.GroupConcat, exp.ArgMax, exp.ArgMin, exp.AnyValue,
    exp.RowNumber, exp.Rank, exp.DenseRank, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue,
    exp.Lower, exp.Upper, exp.Length, exp.Substring, exp.Trim, exp.Concat, exp.ConcatWs, exp.Left,
    exp.Right, exp.StartsWith, exp.EndsWith, exp.StrPosition, exp.Contains, exp.Split, exp.RegexpLike,
    exp.RegexpExtract, exp.Abs, exp.Round, exp.Floor, exp.Ceil, exp.Greatest, exp.Least,
    exp.ArrayContains, exp.ArraySize, exp.Explode,
    exp.TimestampTrunc, exp.DateTrunc, exp.TimeToStr, exp.Extract, exp.DateDiff, exp.Hour, exp.Minute,
    exp.Day, exp.Month, exp.Year, exp.DayOfWeek,
})  # fmt: skip
"""By their very class: a subclass is another node."""

TYPES: Final = frozenset({
    exp.DataType.Type.VARCHAR, exp.DataType.Type.TEXT, exp.DataType.Type.BOOLEAN,
    exp.DataType.Type.INT, exp.DataType.Type.BIGINT, exp.DataType.Type.SMALLINT,
    exp.DataType.Type.DOUBLE, exp.DataType.Type.FLOAT, exp.DataType.Type.DATE,
    exp.DataType.Type.TIMESTAMP, exp.DataType.Type.TIMESTAMPNTZ, exp.DataType.Type.TIME,
    exp.DataType.Type.INTERVAL,
})  # fmt: skip
"""That values are cast to."""
