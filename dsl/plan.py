"""The checked, typed, dialect-free plan of a detection: what any backend must compute.

`dsl.check` makes it; `engine.backends` lowers it to SQL; the naive evaluator of the tests runs it
over Python lists. It is the whole contract between them, so its meaning is stated here.

**Rows.** A row maps column names to values. Besides the declared columns every row carries:
`ts` (microseconds; when it became true), `tie` (int; breaks equal `ts`: a function of the event's
sensor and seq, never of arrival), `start` (ts of its earliest evidence) and `evidence` (ids of the
events that made it). Base events: `start = ts`, evidence = their own id. *Order* below means
(ts, tie); where one of several rows of the same (ts, tie) is to be chosen (a partner, a step of a
chain, `first`, `last`: one event seen through several relations), the choice is the backend's.
`ts` and `start` can be read (`Col("ts")`) and are not among a node's `columns`. Columns of a
sequence step keep their alias in the name: `"first.src_ip"`; its times are columns of the sequence,
`"first.ts"` and `"first.start"`.

**Null.** Functions, comparison and arithmetic with null give null (division by zero too); and/or
are Kleene's; `Not` is true where its operand is null; `Filter`, `having`, `when`, step and
aggregate `where` keep only true. A row with a null key leaves window, sequence, join and absence.

**Case.** Accounts, hosts, groups, services, columns named `domain` and list entries compare without
case, whatever stands on the other side; everything else compares exactly.

**As of.** Directory and lists are asked at the `ts` of the row at hand: in two-sided conditions the
step's own row, the anchor. Accounts and groups share one name space: an account column may hold a
group's name, and is answered by that object.

**Look-back.** `look_back(node)` is cumulative, in microseconds: how far before a row's `ts` an
event can lie that changes the row. A change at time t changes rows only in [t, t + look_back].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dsl.types import Type

Value = str | int | float | bool | bytes | None

# --- expressions ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Col:
    """A column of the row at hand. In two-sided conditions (`Step.where`, `Absence.where`) the
    columns of other steps are qualified by alias, those of `of` by `"of."`.
    """

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Lit:
    """A constant. Time and durations in microseconds; ip as text; bytes as bytes; enum as word.

    `param` names the parameter it came from, so that a changed value is a new parameter version.
    """

    value: Value
    type: Type
    param: str = ""


@dataclass(frozen=True, slots=True)
class SetOf:
    """A set of constants or expressions."""

    items: tuple[Expr, ...]
    type: Type


@dataclass(frozen=True, slots=True)
class ListRef:
    """`@name`: the entries of a list that are valid at the row's `ts`."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Call:
    """A scalar function of `dsl.functions`. Functions marked `as_of` there read the directory or
    lists as of the row's `ts`.
    """

    function: str
    arguments: tuple[Expr, ...]
    type: Type


@dataclass(frozen=True, slots=True)
class Attr:
    """An attribute of an entity as of the row's `ts`: `account.uac`, `source.tags`."""

    entity: Expr
    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Op:
    """A binary operator. Text operators on a list of text mean *any element*; `has` tests
    membership; `has any`/`has all` take a set, a list column or a list reference on the right.
    A text operator with `any` or `all` takes a set of constants: it holds with one of them, with
    each of them; `contains any`, `startswith any`, `endswith any` also take a list reference, and
    compare with it without case.
    """

    operator: Literal[
        "and", "or", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "like", "matches",
        "startswith", "endswith", "contains", "cidr", "has", "has any", "has all",
        "like any", "matches any", "startswith any", "endswith any", "contains any",
        "like all", "matches all", "startswith all", "endswith all", "contains all",
    ]  # fmt: skip
    left: Expr
    right: Expr
    type: Type


@dataclass(frozen=True, slots=True)
class Not:
    operand: Expr
    type: Type


@dataclass(frozen=True, slots=True)
class In:
    """Membership in a set, a list reference or a list-valued column; of a list item: any element
    is in it. An address is in a list whose networks hold it.
    """

    item: Expr
    container: Expr
    type: Type


@dataclass(frozen=True, slots=True)
class IsNull:
    operand: Expr
    type: Type


@dataclass(frozen=True, slots=True)
class Case:
    arms: tuple[tuple[Expr, Expr], ...]
    otherwise: Expr | None
    type: Type


Expr = Col | Lit | SetOf | ListRef | Call | Attr | Op | Not | In | IsNull | Case


# --- relations -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scan:
    """Events of one type. `primary_only` unless the expression that reads them names `via`."""

    event: str
    primary_only: bool
    columns: Columns


GivenRow = tuple[int, tuple[Value | tuple[Value, ...], ...]]
"""`ts`, and a value for each column."""


@dataclass(frozen=True, slots=True)
class Given:
    """Constant rows, which rest on no event: what a test says that a profile has learnt (`dsl.teach`).
    Their order among rows of the same `ts` is the backend's choice.
    """

    rows: tuple[GivenRow, ...]
    columns: Columns


@dataclass(frozen=True, slots=True)
class Ref:
    """The rows of a relation computed once: `DetectionPlan.relations[name]`, or a shared relation
    (`Plan.shared`), so that nothing is computed twice in a tick.
    """

    name: str
    columns: Columns


@dataclass(frozen=True, slots=True)
class Match:
    """Filter, then computed columns in order (later ones may read earlier ones)."""

    source: Node
    where: Expr | None
    lets: tuple[tuple[str, Expr], ...]
    columns: Columns


@dataclass(frozen=True, slots=True)
class Union:
    """Rows of all, columns by name, missing ones null. A name that has different kinds in two
    sources is not among the columns.
    """

    sources: tuple[Node, ...]
    columns: Columns


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`function` over `arguments` of the rows where `where` is true; nulls are skipped; the empty
    set is [], count and count_distinct of nothing 0, everything else of nothing null.

    count() counts rows. count_distinct(x, y) counts distinct tuples with no null part. set(x) is
    sorted (addresses by their bytes) and holds at most 1,000 values; set over a list column unites
    the lists. first/last go by order. std is that of a sample, null of fewer than two values. p95
    lies between its neighbours: of n sorted values the one at 0.95 * (n - 1) from 0, linearly;
    percentile(x, p) likewise at p / 100 * (n - 1), p a constant in 0..100.
    gap_cv(ts) = standard deviation / mean of the gaps between consecutive times; null of fewer than
    two gaps or where all times are equal.
    """

    name: str
    function: Literal[
        "count", "count_distinct", "set", "sum", "avg", "min", "max", "std", "p95", "percentile",
        "first", "last", "gap_cv",
    ]  # fmt: skip
    arguments: tuple[Expr, ...]
    where: Expr | None
    type: Type


@dataclass(frozen=True, slots=True)
class Window:
    """One row per source row r with non-null keys for which `having` is true: keys and aggregates
    over the rows of the same keys

    - sliding: with ts in (r.ts - over, r.ts]
    - tumbling: with ts in [b, r.ts], b = the largest multiple of `over` (since 1970) <= r.ts
    - session: with ts in [s, r.ts], s = the begin of r's session: the last row until r that came
      more than `over` after the one before; but no further back than ts > r.ts - cap,
      cap = min(24 x over, 24 h), so that a row looks back a bounded time

    Rows of equal ts are in each other's window, so the result does not depend on ties.
    """

    source: Node
    keys: tuple[str, ...]
    over: int
    kind: Literal["sliding", "tumbling", "session"]
    aggregates: tuple[Aggregate, ...]
    having: Expr | None
    columns: Columns


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `where` sees this step's columns and those of earlier steps, all qualified by
    alias. `keys` are this step's key columns, in the order of `Sequence.keys`.

    `times` n > 1: n rows of the step in order, each meeting `where`; the alias stands for the
    last of them, all are evidence.
    """

    alias: str
    source: Node
    keys: tuple[str, ...]
    negated: bool
    where: Expr | None
    times: int


@dataclass(frozen=True, slots=True)
class Sequence:
    """One row per row of the last step that ends at least one valid chain: steps strictly
    increasing in order, equal keys, every `where` true, first.ts > last.ts - within, and for a
    negated step no row of it (meeting its `where`) strictly between its neighbours. Of several
    valid chains the one with the latest rows, compared from the last step backwards.

    Columns: the keys (under `Sequence.keys` names), `alias.column` for every positive step.
    ts and tie of the last step.
    """

    keys: tuple[str, ...]
    within: int
    steps: tuple[Step, ...]
    columns: Columns


@dataclass(frozen=True, slots=True)
class Join:
    """For each left row the nearest right row with equal keys: `before` the latest one strictly
    earlier in order with ts > left.ts - within; `after` the earliest one strictly later with
    ts <= left.ts + within; `around` the least |distance| <= within (equal distance: the earlier;
    never a row of the same ts and tie). Row = left columns and the kept right columns.

    ts = the later of the two, for `around` left.ts + |distance|: before that a nearer row could
    still come. tie = that of the later one (at equal ts the left one). Without a partner: no row,
    unless `optional`: then nulls, and ts = left.ts for `before`, left.ts + within otherwise.
    """

    left: Node
    right: Node
    keys: tuple[tuple[str, str], ...]
    within: int
    direction: Literal["before", "after", "around"]
    optional: bool
    keeps: tuple[tuple[str, str], ...]
    columns: Columns


@dataclass(frozen=True, slots=True)
class Absence:
    """Anchor rows without a row of `of` of equal keys that meets `where` (anchor's columns plain,
    those of `of` as `of.<column>`): `following`: strictly later in order, ts <= anchor.ts +
    within, and the row's ts = anchor.ts + within; `preceding`: strictly earlier, ts > anchor.ts -
    within, and ts = anchor.ts. `keys` are (anchor's column, `of`'s column). Columns: the anchor's
    and `covered` (bool: sources of all event types that `of` reads were alive throughout
    [anchor.ts, anchor.ts + within) or [anchor.ts - within, anchor.ts)). Rows that are not covered
    are withheld unless `reads_covered`.
    """

    anchor: Node
    of: Node
    keys: tuple[tuple[str, str], ...]
    where: Expr | None
    direction: Literal["following", "preceding"]
    within: int
    reads_covered: bool
    columns: Columns


LearnFunction = Literal[
    "count", "count_distinct", "set", "sum", "values", "first", "last", "min", "max"
]
Statistic = Literal["mean", "std", "median", "mad", "p95", "p99", "max"]


@dataclass(frozen=True, slots=True)
class Learn:
    """What a profile keeps: `function` over `arguments` of the rows where `where` is true. Nulls
    are skipped, a set over a list column unites the lists.

    `type` is that of one value: of a bucket's count, of an element of `values`; of `set` the list.
    """

    name: str
    function: LearnFunction
    arguments: tuple[Expr, ...]
    where: Expr | None
    type: Type


@dataclass(frozen=True, slots=True)
class Profile:
    """What is usual for each key: no rows of its own, it is only read by `Recall`.

    `over` is a multiple of `bucket`. A learn `n := count()` is always there. `ready` reads the
    profile's own columns by their plain names (`n`, `first_seen`, `n.mean`) and `ts`; `peers` is an
    expression over the key columns. `columns` are the keys. `frozen`: a row from that time on is
    told what it would be told then.
    """

    source: Node
    keys: tuple[str, ...]
    bucket: int
    over: int
    learns: tuple[Learn, ...]
    ready: Expr | None
    peers: Expr | None
    columns: Columns
    frozen: int | None = None


ModelKind = Literal["novelty", "access_anomaly", "outlier"]
"""`novelty` is counted in the database, the others are trained beside it."""


@dataclass(frozen=True, slots=True)
class Model:
    """How unusual a row is, learned from the closed days (UTC) before its own: no rows of its own,
    it is only read by `Recall`, whose `keys` name the row's values of `keys` and `using`. Of a row
    with a null key, or where too little was learned, every read is null. A row that made an alert
    of the detection teaches nothing, nor one that comes after its day was closed.

    The reads: `score` 0..1, `why` in words and numbers, `version` of what was learned; of `novelty`
    also `threshold(n)`: the score that the highest rows of n accounts a day exceeded on the closed
    days of the fortnight before. Let t = row.ts, D = its day.

    `novelty`, of W = the `over` before D, not before the first day that was learned; what follows is
    of the source's rows in W, by days. The keys are actor and resource. The score is 1 - exp(-s / 10) once seven days of W have rows;
    s is the sum of

    - of the resource and of each column of `using` (a null one aside) that the actor met on d <= 7
      days of W: -ln p / (1 + d) / sqrt(1 + pace). p = (k2 + 0.5) / (n2 + 1) over the actor's domain,
      then (k1 + 5 p) / (n1 + 5) over its organisational unit, then (k0 + 5 p) / (n0 + 5) over its
      department (as of D's begin): n other accounts with rows in W, k of them met the value.
      pace = (f + F) / (l + 1): f values first met in the later half of W, l active days in it, F the
      domain's f per active day
    - if today, until t, the actor met c > 0 resources that it did not meet in W:
      -ln((days of the later half with c or more first met + 0.5) / (l + 1))
    - of the hour of the week of t: -ln((h + H) / (w + 1)): w whole weeks since the actor's first row
      in W, in h of them it was active at this hour or one beside; H = (the domain's h + 0.5) / (the
      domain's w + 1)
    - of the first `using` column that is a host, if the actor did not meet it in W:
      -ln((m + M) / (d + 1)): the host was met on d days of the later half, on m of them by an
      account for the first time; M = (all hosts' m + 0.5) / (all hosts' d + 1)

    A day teaches an actor at most 20 new values of a column, those with the earliest rows.

    The other kinds are trained beside the engine at the end of each day, once seven days have rows.
    What was trained takes force with a day; a row is scored with what is in force on D, the newest:
    of the `over` before D - 1 where training was in time, for D - 1 is when it is trained.

    - `access_anomaly`: factors of actors and of what they met (resources and values of `using`, each
      column for itself) from the days on which they met it, of new values of a column the 20
      earliest of an actor and day (`engine.models.access_anomaly`). The score is 1 - the least
      product of the actor's factors and those of the row's values, held within 0..1; values that
      were not met are left out, null where none is left
    - `outlier`: an isolation forest over one sample per key and day, the greatest of each column of
      `using` (`engine.models.outlier`). The score is the forest's for the row's numbers; null where
      one of them is null
    """

    kind: ModelKind
    source: Node
    keys: tuple[str, ...]
    using: tuple[str, ...]
    over: int
    columns: Columns


@dataclass(frozen=True, slots=True)
class Read:
    """A column of a `Recall`. `name` is what stands behind the alias: `n`, `n.mean`, `known`,
    `peers.n.p95`, `hour_share(ts)`. `learn` is empty unless `what` is a total or a statistic.
    `score`, `why`, `version` and `threshold` are those of a `Model`.

    `argument` belongs to `threshold` (a number of cases), to `hour_share` (a time) and to `ready`
    (a condition, None = always ready), and is over the columns of the recalling row: those of its source, and of `ready` also
    `<alias>.<name>` of earlier reads of the same recall.
    """

    name: str
    what: Literal[
        "total", "statistic", "first_seen", "last_seen", "age", "cold", "ready", "hour_share",
        "buckets", "size", "score", "why", "version", "threshold",
    ]  # fmt: skip
    learn: str
    statistic: Statistic | None
    peers: bool
    argument: Expr | None
    type: Type


@dataclass(frozen=True, slots=True)
class Recall:
    """Each row r of `source` once, with the columns `<alias>.<read>`: what the profile knew of r's
    key as of r. `keys` are (column of `source`, key of the profile). `profile` may be a `Model`. Of a row with a null key
    every read is null, `ready` false.

    With t = r.ts (or the time at which the profile is frozen, if earlier), b = the largest multiple of `bucket` (since 1970) <= t and W = [b - over, t): the
    profile's rows in W with r's key (null keys leave) are *seen*; a row of ts = t never is. Those
    before b lie in *closed buckets*, the others in the open one.

    - total: the learn over all that is seen. Of nothing `count` is 0, `set` [], any other null.
      `first` and `last` go by order. A set is sorted and holds at most 1,000 values.
    - statistic: of the learn's value in each closed bucket from that of the first seen row on.
      Empty buckets count 0 for count, sum and count_distinct, and are skipped for min and max.
      For `values`: of all the values in closed buckets. Null where there is none. std is that of a
      sample, null of fewer than two; p95 and p99 lie between their neighbours as in `Aggregate`;
      mad is the median of |x - median|.
    - first_seen, last_seen: least and greatest ts of what is seen, null of nothing.
    - buckets: how many closed buckets the statistics rest on; 0 where only the open one was seen.
    - cold: nothing is seen. ready: `argument` is true.
    - hour_share: the share of the seen rows that lie in the same hour of the week (168 of them,
      UTC) as `argument`; null of nothing, or of a null time.
    - age: t - a, at most `over`; a = the first time at which a source of any event type that the
      profile reads was alive in the row's domain. Where nothing is known of that: the ts of the
      earliest row of the profile's source, of whatever key; 0 before there is one.

    Growth. A value of a set is *new* in the first bucket of W that has it. Of the values that are
    new in one bucket of a key the 100 that come first (by their first ts in the bucket, then in the
    order of the set) are learnt there; any other value is learnt in its second bucket of W. It
    belongs to the set from its first row in that bucket on.

    Peers (`peers` reads): of the keys other than r's that have a row in W, those for which the
    profile's `peers`, asked as of the begin of t's bucket, gives the same as for r's key (a null
    one has no peers).
    `size` is their number, a set the union of theirs, a statistic is of all their values together.
    """

    source: Node
    profile: Ref
    alias: str
    keys: tuple[tuple[str, str], ...]
    reads: tuple[Read, ...]
    columns: Columns


Node = (
    Scan
    | Given
    | Ref
    | Match
    | Union
    | Window
    | Sequence
    | Join
    | Absence
    | Profile
    | Model
    | Recall
)
Columns = tuple[tuple[str, Type], ...]


# --- alerts --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AlertPlan:
    """Rows of `source` that meet `when` and no `excepts` become rows of an alert.

    `roles`: name and value, in the author's order. `excepts`: role value expression and list; a
    role that is a list is excepted if any element is in it. `dedup_by`: names and values; `dedup`
    in microseconds. severity is text, confidence 0..100; None means the envelope's. `monotone`
    plans emit at once, others at the watermark; `waits_for_directory`: a negative directory fact
    (`not is_dc(x)`, `not exists(x)`) is decided only once the directory is known to be settled at
    the row's `ts`.
    """

    source: Node
    roles: tuple[tuple[str, Expr], ...]
    severity: Expr | None
    confidence: Expr | None
    when: Expr | None
    excepts: tuple[tuple[Expr, ListRef], ...]
    dedup: int
    dedup_by: tuple[tuple[str, Expr], ...]
    monotone: bool
    waits_for_directory: bool
    look_back: int


@dataclass(frozen=True, slots=True)
class DetectionPlan:
    """One detection: its relations in dependency order, the shared ones it reads, its alerts."""

    id: str
    version: int
    relations: tuple[tuple[str, Node], ...]
    shared: tuple[tuple[str, Node], ...]
    alerts: tuple[AlertPlan, ...]
    events: tuple[str, ...]
    look_back: int
    monotone: bool
    params: tuple[tuple[str, Value], ...]
