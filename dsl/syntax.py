"""The syntax tree of a `detect` block: what the author wrote, before any name is known.

Positions are `At`: character offsets into the block's text; `dsl.source` turns them into file
positions. Nothing here knows event types or kinds; `dsl.check` gives meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class At:
    """Half-open range of character offsets in the block."""

    start: int
    end: int


# --- expressions ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Path:
    """A dotted name: `etype`, `a.location`, `usual.miss.p95`, or an enum word such as `rc4_hmac`."""

    parts: tuple[str, ...]
    at: At


@dataclass(frozen=True, slots=True)
class Number:
    value: int | float
    at: At


@dataclass(frozen=True, slots=True)
class Text:
    value: str
    at: At


@dataclass(frozen=True, slots=True)
class Duration:
    """A literal such as `10m`, in microseconds; `text` is as written."""

    microseconds: int
    text: str
    at: At


@dataclass(frozen=True, slots=True)
class Bool:
    """`true` or `false`."""

    value: bool
    at: At


@dataclass(frozen=True, slots=True)
class Null:
    at: At


@dataclass(frozen=True, slots=True)
class Param:
    """`$name`."""

    name: str
    at: At


@dataclass(frozen=True, slots=True)
class ListRef:
    """`@name`."""

    name: str
    at: At


@dataclass(frozen=True, slots=True)
class SetLiteral:
    """`{a, b, "c"}`; may be empty."""

    items: tuple[Expr, ...]
    at: At


@dataclass(frozen=True, slots=True)
class Call:
    """`f(x, y)`, a method of a relation `usual.hour_share(ts)`, and attributes read of the result:
    `rid_group(a, b).sensitive` has attributes ("sensitive",).
    """

    function: Path
    arguments: tuple[Expr, ...]
    attributes: tuple[str, ...]
    at: At


@dataclass(frozen=True, slots=True)
class Item:
    """`data["TargetUserName"]`: one value of a column that holds values by name."""

    column: Path
    key: Text
    at: At


@dataclass(frozen=True, slots=True)
class Not:
    operand: Expr
    at: At


@dataclass(frozen=True, slots=True)
class Negate:
    """Unary minus."""

    operand: Expr
    at: At


BinaryOperator = Literal[
    "and", "or", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/",
    "like", "matches", "startswith", "endswith", "contains", "cidr", "has", "has any", "has all",
    "like any", "matches any", "startswith any", "endswith any", "contains any",
    "like all", "matches all", "startswith all", "endswith all", "contains all",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Binary:
    operator: BinaryOperator
    left: Expr
    right: Expr
    at: At
    operator_at: At


@dataclass(frozen=True, slots=True)
class In:
    """`x in SET` and `x not in SET` (the latter means `not (x in SET)`)."""

    item: Expr
    container: Expr
    negated: bool
    at: At


@dataclass(frozen=True, slots=True)
class IsNull:
    operand: Expr
    negated: bool
    at: At


@dataclass(frozen=True, slots=True)
class Case:
    """`case(p -> x, q -> y, else z)`; without `else` the value is null."""

    arms: tuple[tuple[Expr, Expr], ...]
    otherwise: Expr | None
    at: At


Expr = (
    Path | Number | Text | Duration | Bool | Null | Param | ListRef | SetLiteral | Call | Item | Not
    | Negate | Binary | In | IsNull | Case
)  # fmt: skip


# --- relations -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Named:
    """`name := EXPR [where EXPR]`: a computed column or an aggregate."""

    name: str
    value: Expr
    where: Expr | None
    at: At
    name_at: At


@dataclass(frozen=True, slots=True)
class Key:
    """A key column; `target ~ account` names it differently on the two sides."""

    left: Path
    right: Path | None


@dataclass(frozen=True, slots=True)
class Match:
    source: Path
    where: Expr | None
    lets: tuple[Named, ...]
    at: At


@dataclass(frozen=True, slots=True)
class Union:
    sources: tuple[Path, ...]
    at: At


@dataclass(frozen=True, slots=True)
class Window:
    source: Path
    keys: tuple[Key, ...]
    over: Duration | Param
    kind: Literal["sliding", "tumbling", "session"]
    aggregates: tuple[Named, ...]
    having: Expr | None
    at: At


@dataclass(frozen=True, slots=True)
class Step:
    source: Path
    alias: str | None
    negated: bool
    where: Expr | None
    times: Number | Param | None
    at: At


@dataclass(frozen=True, slots=True)
class Sequence:
    keys: tuple[Key, ...]
    within: Duration | Param
    steps: tuple[Step, ...]
    at: At


@dataclass(frozen=True, slots=True)
class Absence:
    """`absence of OF [where] following|preceding ANCHOR by KEYS within W`."""

    of: Path
    where: Expr | None
    direction: Literal["following", "preceding"]
    anchor: Path
    keys: tuple[Key, ...]
    within: Duration | Param
    at: At


@dataclass(frozen=True, slots=True)
class Keep:
    column: Path
    alias: str | None


@dataclass(frozen=True, slots=True)
class Join:
    left: Path
    right: Path
    keys: tuple[Key, ...]
    within: Duration | Param
    direction: Literal["before", "after", "around"]
    optional: bool
    keeps: tuple[Keep, ...]
    at: At


@dataclass(frozen=True, slots=True)
class Profile:
    source: Path
    keys: tuple[Key, ...]
    bucket: Duration | Param
    over: Duration | Param
    learns: tuple[Named, ...]
    ready: Expr | None
    peers: tuple[Key, ...]
    at: At


@dataclass(frozen=True, slots=True)
class Model:
    model: str
    source: Path
    keys: tuple[Key, ...]
    over: Duration | Param
    using: tuple[Path, ...]
    at: At


@dataclass(frozen=True, slots=True)
class Score:
    """`score R: EXPR -> +30 "reason" …`."""

    source: Path
    terms: tuple[tuple[Expr, int, str | None], ...]
    at: At


Relation = Match | Union | Window | Sequence | Absence | Join | Profile | Model | Score


# --- statements ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Assign:
    name: str
    relation: Relation
    at: At
    name_at: At


@dataclass(frozen=True, slots=True)
class Binding:
    """`role: EXPR` of an alert."""

    role: str
    value: Expr
    at: At


@dataclass(frozen=True, slots=True)
class Except:
    """`role in @list` of an alert."""

    role: Path
    listed: ListRef


@dataclass(frozen=True, slots=True)
class Alert:
    source: Path
    bindings: tuple[Binding, ...]
    severity: Expr | None
    confidence: Expr | None
    when: Expr | None
    excepts: tuple[Except, ...]
    dedup: Duration | Param | None
    dedup_by: tuple[Path, ...]
    at: At


@dataclass(frozen=True, slots=True)
class Block:
    """A whole `detect` block; `comments` are (offset, text) for the formatter."""

    statements: tuple[Assign | Alert, ...]
    comments: tuple[tuple[int, str], ...]
