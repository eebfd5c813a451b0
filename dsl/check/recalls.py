"""Profiles read by name within one statement: names in scope, and the plan's `Recall`.

A statement that mentions `usual.n` reads its source through a recall of `usual`. The profile's keys
are looked for by their names in the rows that are read. One that asks whether a row is `ready`
without the author speaking of `cold` or `ready` is done here as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from dsl import plan, syntax
from dsl.check.columns import same_kind
from dsl.check.expressions import Expressions
from dsl.check.kinds import BOOL, FLOAT, TIME, named
from dsl.check.missing import near
from dsl.check.models import THRESHOLD, threshold
from dsl.check.profiles import always, mentioned
from dsl.check.scope import Absent, Column, Relation, Scope, Told, scope_of
from dsl.check.walk import expressions, parts, recolumned
from dsl.learning import SHARE
from dsl.wording import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dsl.check.context import Context

_EXAMPLES: Final = {
    SHARE: "there is `{alias}." + SHARE + "(ts)`",
    THRESHOLD: "there is `{alias}." + THRESHOLD + "(3)`",
    "": "compare `{alias}.score` with a number",
}
"""What to write instead, by the function that is there; a trained model has none."""


@dataclass(slots=True)
class _Asked:
    """One profile that a statement may read. `keys`: (column of the rows, key of the profile), None
    where the rows lack one. `shares`: reads with an argument by the column's name.
    """

    relation: Relation
    told: Told
    keys: tuple[tuple[str, str], ...] | None
    shares: dict[str, plan.Read] = field(default_factory=dict)


@dataclass(slots=True)
class Recalls:
    """The profiles that a statement mentions; `scope` is over its source and what they tell."""

    context: Context
    source: Relation
    scope: Scope
    asked: dict[str, _Asked] = field(default_factory=dict)

    def share(self, check: Expressions, node: syntax.Call) -> plan.Expr | None:
        """`usual.hour_share(ts)`, of a model `rare.threshold(3)`."""
        alias, *words = node.function.parts
        asked = self.asked[alias]
        function = asked.told.function
        if words != [function]:
            written = ".".join(words)
            hint = f"read `{alias}.{written}`" if written in asked.told.reads else ""
            check.error(
                "D0204", node.function.at, f"`{alias}` has no function `{written}`",
                "no such function",
                hint or _EXAMPLES[function].format(alias=alias),
            )  # fmt: skip
            return None
        if function == THRESHOLD:
            read = threshold(Expressions(self.context, scope_of(self.source)), alias, node)
            if read is None:
                return None
            asked.shares[read.name] = read
            return plan.Col(f"{alias}.{read.name}", FLOAT)
        if len(node.arguments) != 1:
            hint = f"it is `{alias}.{SHARE}(ts)`"
            check.error("D0303", node.at, f"`{SHARE}` takes one time", "", hint)
            return None
        argument = Expressions(self.context, scope_of(self.source)).check(node.arguments[0])
        if argument is None:
            return None
        if argument.type != TIME:
            check.error(
                "D0304", node.arguments[0].at, f"`{SHARE}` cannot be asked of {named(argument.type)}",
                "must be a time", f"it is `{alias}.{SHARE}(ts)`",
            )  # fmt: skip
            return None
        word = f"{SHARE}({text_of(argument)})"
        asked.shares[word] = plan.Read(
            word, SHARE, "", None, peers=False, argument=argument, type=FLOAT
        )
        return plan.Col(f"{alias}.{word}", FLOAT)

    def implied(
        self,
        read: Iterable[plan.Expr | None],
        of: plan.Expr | None,
        statement: Iterable[plan.Expr | None] | None = None,
    ) -> plan.Expr | None:
        """The condition `of`, and that every profile is ready which `read` reads without a word
        in the whole statement (`read`, unless told otherwise) about `cold` or `ready`.
        """
        names = _columns(read := list(read))
        said = names if statement is None else _columns(statement)
        for alias, asked in self.asked.items():
            if asked.told.ready is None or not any(n.startswith(f"{alias}.") for n in names):
                continue
            if said & {f"{alias}.cold", f"{alias}.ready"}:
                continue
            ready = plan.Col(f"{alias}.ready", BOOL)
            of = ready if of is None else plan.Op("and", of, ready, BOOL)
        return of

    def over(self, node: plan.Node | None, read: Iterable[plan.Expr | None]) -> plan.Node | None:
        """The node with what the expressions read of each profile; None where a key is missing."""
        names = _columns(read)
        if node is None:
            return None
        for alias, asked in self.asked.items():
            words = {n.removeprefix(f"{alias}.") for n in names if n.startswith(f"{alias}.")}
            if not words:
                continue
            profile = asked.relation.node
            if asked.keys is None or not isinstance(profile, plan.Ref):
                return None
            reads = _reads(alias, asked, words)
            columns = (*node.columns, *((f"{alias}.{r.name}", r.type) for r in reads))
            node = plan.Recall(node, profile, alias, asked.keys, reads, columns)
        return node


def recalling(
    context: Context, source: Relation, trees: Iterable[object], scope: Scope | None = None
) -> Recalls:
    """What a statement over `source` with these expressions may read of profiles."""
    found = Recalls(context, source, scope or scope_of(source))
    own = found.scope
    columns: dict[str, Column] = {}
    absent: dict[str, Absent] = {}
    for path in (p for tree in trees for p in parts(tree) if isinstance(p, syntax.Path)):
        alias = path.parts[0]
        if alias in found.asked or len(path.parts) < 2 or own.find(path.parts) is not None:
            continue
        relation = context.profile(path)
        if relation is None or relation.told is None:
            continue
        told = relation.told
        keys = _keys(context, source, own, alias, told, path)
        found.asked[alias] = _Asked(relation, told, keys)
        columns |= {f"{alias}.{n}": Column(f"{alias}.{n}", r.type) for n, r in told.reads.items()}
        columns |= {f"{alias}.{n}": Column(f"{alias}.{n}", None) for n in told.unknown}
        absent |= {f"{alias}.{n}": a for n, a in told.absent.items()}
    if found.asked:
        found.scope = replace(
            own,
            columns=columns | own.columns,
            absent=absent | own.absent,
            sides=own.sides | set(found.asked),
            open=own.open or any(a.told.open for a in found.asked.values()),
        )
    return found


def _keys(
    context: Context, source: Relation, scope: Scope, alias: str, told: Told, path: syntax.Path
) -> tuple[tuple[str, str], ...] | None:
    """Columns of the rows called like the profile's keys; None and a report where one is not."""
    pairs: list[tuple[str, str]] = []
    check = Expressions(context, scope)
    for key, kind in told.keys.items():
        words = tuple(key.split("."))
        found = scope.find(words)
        if found is None or found[1] < len(words):
            if not source.open:
                known = near(scope, key)
                check.error(
                    "D0219", path.at, f"the rows of `{source.name}` have no `{key}`, by which"
                    f" `{alias}` is learnt", "of which key?",
                    known or f"keep it in `{source.name}`, or compute it: `let {key} := …`",
                )  # fmt: skip
            return None
        if not same_kind(check, path.at, kind, found[0].type):
            return None
        pairs.append((found[0].name, key))
    return tuple(pairs)


def _reads(alias: str, asked: _Asked, words: set[str]) -> tuple[plan.Read, ...]:
    """What is read, in a fixed order; `ready` last, behind what it asks itself."""
    told = asked.told
    wanted = set(words)
    if "ready" in words:
        wanted |= set(mentioned(told.ready, told))
    found = [r for name, r in told.reads.items() if name in wanted and name != "ready"]
    found += [r for name, r in asked.shares.items() if name in wanted]
    if "ready" in words:
        names = {n: f"{alias}.{n}" for n in told.reads}
        names |= {key: column for column, key in asked.keys or () if key not in told.reads}
        condition = told.ready and recolumned(told.ready, names)
        found.append(replace(always("ready"), argument=condition))
    return tuple(found)


def _columns(read: Iterable[plan.Expr | None]) -> set[str]:
    return {e.name for whole in read for e in expressions(whole) if isinstance(e, plan.Col)}
