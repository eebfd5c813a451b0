"""The verb `model`: what scores a row, what it is learned from, and by which names it is told.

A model has no rows; it is asked by name (`rare.score`) through `dsl.check.recalls`, as a profile is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl import plan, syntax
from dsl.check.columns import key_column, microseconds
from dsl.check.expressions import Expressions
from dsl.check.kinds import FLOAT, INT, TEXT, named
from dsl.check.reading import reading
from dsl.check.scope import Relation, Told, scope_of
from dsl.durations import format_duration
from dsl.faults import did_you_mean
from dsl.retention import DAY

if TYPE_CHECKING:
    from dsl.check.context import Context
    from dsl.check.verbs import Built
    from dsl.types import Type

READS: Final[dict[str, tuple[Type, str]]] = {
    "score": (FLOAT, "how unusual the row is, 0..1; null where too little was learned"),
    "why": (TEXT, "the reasons in words and numbers"),
    "version": (TEXT, "what was learned: the model and the last day in it"),
}
"""What every model tells of a row."""
THRESHOLD: Final = "threshold"
THRESHOLD_DOC: Final = "the score that so many accounts a day exceeded in the fortnight before"
MOST_CASES: Final = 100

KINDS: Final[dict[plan.ModelKind, str]] = {
    "novelty": "what the account and its peers did not do before, from counts",
    "access_anomaly": "who uses what that fits neither the account nor its like, trained",
    "outlier": "numbers that are easily told from those of other days, trained",
}
_UNLEARNABLE: Final = ("ip", "bytes", "time", "duration", "float")
_NUMBERS: Final = ("int", "float", "duration")


def model(context: Context, node: syntax.Model, name: str, source: Relation) -> Built:
    """`model KIND of R by KEYS over 30d [using COLUMNS]`."""
    check = Expressions(context, scope_of(source))
    over = microseconds(check, node.over)
    kind = _kind(check, node)
    failed = over is None or kind is None or not _days(check, node, over)
    numbers = kind == "outlier"
    keys = _columns(check, node, [(k.left, k.right) for k in node.keys])
    using = _columns(check, node, [(u, None) for u in node.using], numbers=numbers)
    failed = not _shaped(check, node, kind) or failed
    columns = keys | using
    told = Told(name, columns, source.open, function=THRESHOLD if kind == "novelty" else "")
    for word, (type_, _) in READS.items():
        told.reads[word] = plan.Read(word, word, "", None, peers=False, argument=None, type=type_)  # type: ignore[arg-type]  # the words are those of `what`
    result = Relation(name, None, columns, open=source.open, told=told)
    below, typed = reading(source, []), result.typed()
    if failed or kind is None or over is None or below is None or typed is None:
        return None, result
    return plan.Model(kind, below, tuple(keys), tuple(using), over, typed), result


def _kind(check: Expressions, node: syntax.Model) -> plan.ModelKind | None:
    for kind in KINDS:
        if node.model == kind:
            return kind
    at = syntax.At(node.at.start, node.at.start + len("model"))
    check.error(
        "D0225", at, f"there is no model `{node.model}`", "no such model",
        did_you_mean(node.model, KINDS) or "there are " + ", ".join(f"`{k}`" for k in KINDS),
    )  # fmt: skip
    return None


def _shaped(check: Expressions, node: syntax.Model, kind: plan.ModelKind | None) -> bool:
    """Whether there are as many columns as a kind learns."""
    first = node.keys[0].left.at
    if kind in ("novelty", "access_anomaly") and len(node.keys) != 2:
        check.error(
            "D0316", first, f"`{kind}` is learned of pairs", "two columns belong here",
            "name who and what, such as `by account, server`",
        )  # fmt: skip
        return False
    if kind == "outlier" and not node.using:
        check.error(
            "D0316", first, "`outlier` is learned of numbers", "which numbers of these?",
            "name them, such as `using n, servers`",
        )  # fmt: skip
        return False
    return True


def _days(check: Expressions, node: syntax.Model, over: int) -> bool:
    if over % DAY == 0 and over >= 14 * DAY:
        return True
    whole = max(14, over // DAY) * DAY
    check.error(
        "D0311", node.over.at, "a model learns whole days, two weeks at least", "",
        f"write `{format_duration(whole)}`",
    )  # fmt: skip
    return False


def _columns(
    check: Expressions,
    node: syntax.Model,
    paths: list[tuple[syntax.Path, syntax.Path | None]],
    *,
    numbers: bool = False,
) -> dict[str, Type | None]:
    columns: dict[str, Type | None] = {}
    for path, other in paths:
        column = key_column(check, path)
        written = ".".join(path.parts)
        if other is not None:
            check.error("D0306", other.at, "a model has one side", "", f"write `by {written}`")
        kind = column.type if column else None
        if kind is not None and not _learnable(kind, numbers=numbers):
            wanted = "a number" if numbers else "a name or a word"
            check.error(
                "D0316", path.at, f"`{node.model}` cannot learn {named(kind)} here",
                f"{wanted} belongs here",
                "count it first, in a `window`" if numbers else "compute one first, with `let`",
            )  # fmt: skip
            kind = None
        columns[column.name if column else written] = kind
    return columns


def _learnable(kind: Type, *, numbers: bool) -> bool:
    if numbers:
        return kind.kind in _NUMBERS and not kind.many
    return kind.kind not in _UNLEARNABLE


def threshold(check: Expressions, alias: str, node: syntax.Call) -> plan.Read | None:
    """The read of `rare.threshold(3)`."""
    value = check.check(node.arguments[0]) if len(node.arguments) == 1 else None
    if len(node.arguments) != 1:
        check.error(
            "D0303", node.at, f"`{THRESHOLD}` takes a number of cases a day", "",
            f"it is `{alias}.{THRESHOLD}(3)`",
        )  # fmt: skip
        return None
    if value is None:
        return None
    cases = value.value if isinstance(value, plan.Lit) else None
    if value.type != INT or not isinstance(cases, int) or not 1 <= cases <= MOST_CASES:
        check.error(
            "D0304", node.arguments[0].at, f"`{THRESHOLD}` takes a number of cases a day, 1 to {MOST_CASES}",
            "must be such a number", f"it is `{alias}.{THRESHOLD}(3)`",
        )  # fmt: skip
        return None
    return plan.Read(
        f"{THRESHOLD}({cases})", "threshold", "", None, peers=False, argument=value, type=FLOAT
    )
