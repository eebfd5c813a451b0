"""The verb `profile`: what is learnt for each key, and by which names it is told.

A profile has no rows. What reads it does so by name (`usual.n.mean`), through `dsl.check.recalls`;
here is decided which names there are, and why others are not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl import plan, syntax
from dsl.check import calls
from dsl.check.columns import key_column, microseconds, new_name
from dsl.check.expressions import Expressions
from dsl.check.kinds import INT
from dsl.check.reading import reading
from dsl.check.scope import IMPLIED, Absent, Column, Relation, Scope, Told, scope_of
from dsl.check.walk import expressions
from dsl.durations import format_duration
from dsl.learning import (
    ALWAYS,
    COUNT,
    LEARNED,
    PEERS,
    RESERVED,
    SIZE,
    STATISTICS,
    statistic_type,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.check.context import Context
    from dsl.check.verbs import Built
    from dsl.types import Type

Learns = dict[str, plan.Learn | None]


def profile(context: Context, node: syntax.Profile, name: str, source: Relation) -> Built:
    """`profile of R by KEYS bucket 1d over 30d learn … [ready EXPR] [peers by PATH]`."""
    check = Expressions(context, scope_of(source))
    bucket, over = microseconds(check, node.bucket), microseconds(check, node.over)
    failed = not _whole(check, node, bucket, over)
    keys = _keys(check, node)
    learns = _learns(check, node, keys)
    told = _told(name, keys, learns, peers=bool(node.peers), is_open=source.open)
    ready = _ready(context, node, name, told)
    told.ready = ready
    peers = _peers(context, node, name, keys)
    failed = failed or (node.ready is not None and ready is None)
    failed = failed or (bool(node.peers) and peers is None)
    result = Relation(name, None, keys, open=source.open, told=told)
    typed = result.typed()
    known = tuple(learn for learn in learns.values() if learn is not None)
    below = reading(source, [e for le in known for e in (*le.arguments, le.where)])
    if failed or len(known) < len(learns) or below is None or typed is None:
        return None, result
    if bucket is None or over is None:
        return None, result
    return plan.Profile(below, tuple(keys), bucket, over, known, ready, peers, typed), result


def _whole(check: Expressions, node: syntax.Profile, bucket: int | None, over: int | None) -> bool:
    """Whether the length is made of whole buckets; False where one is faulty."""
    if bucket is None or over is None:
        return False
    if over % bucket == 0:
        return True
    whole = max(1, over // bucket) * bucket
    check.error(
        "D0311", node.over.at, f"{format_duration(over)} is not made of whole buckets of"
        f" {format_duration(bucket)}", "", f"write `{format_duration(whole)}`",
    )  # fmt: skip
    return False


def _keys(check: Expressions, node: syntax.Profile) -> dict[str, Type | None]:
    keys: dict[str, Type | None] = {}
    for key in node.keys:
        column = key_column(check, key.left)
        written = ".".join(key.left.parts)
        if key.right is not None:
            check.error(
                "D0306", key.right.at, "a profile has one side", "", f"write `by {written}`"
            )
        keys[column.name if column else written] = column.type if column else None
    return keys


def _learns(check: Expressions, node: syntax.Profile, keys: dict[str, Type | None]) -> Learns:
    learns: Learns = {}
    taken = set(keys)
    for item in node.learns:
        if item.name in RESERVED:
            check.error(
                "D0211", item.name_at, f"every profile has a `{item.name}` of its own", "reserved",
                "take another name",
            )  # fmt: skip
        else:
            new_name(check, item.name, item.name_at, taken)
        where = check.condition(item.where) if item.where else None
        learn = calls.learn(check, item, where)
        if item.where is not None and where is None:
            learn = None
        learns[item.name] = learn
    if COUNT not in learns and COUNT not in keys:
        learns[COUNT] = plan.Learn(COUNT, "count", (), None, INT)
    return learns


def _ready(context: Context, node: syntax.Profile, name: str, told: Told) -> plan.Expr | None:
    """The condition over what the profile tells, by its plain names."""
    if node.ready is None:
        return None
    columns = {n: Column(n, k) for n, k in told.keys.items()}
    columns |= {n: Column(n, r.type) for n, r in told.reads.items() if n != "ready"}
    columns |= {n: Column(n, None) for n in told.unknown}
    columns["ts"] = scope_of(Relation(name, None, {})).columns["ts"]
    absent = {n: a for n, a in told.absent.items() if n not in columns}
    scope = Scope(name, "profile", columns, absent, frozenset({PEERS}), told.open)
    return Expressions(context, scope).condition(node.ready)


def _peers(
    context: Context, node: syntax.Profile, name: str, keys: dict[str, Type | None]
) -> plan.Expr | None:
    """What keys of one group have in common: a path that begins with a key."""
    if not node.peers:
        return None
    check = Expressions(context, Scope(name, "profile", {n: Column(n, k) for n, k in keys.items()}))
    for key in (*node.peers[1:], *(k for k in node.peers[:1] if k.right is not None)):
        check.error(
            "D0306", (key.right or key.left).at, "a group of peers goes by one thing", "",
            f"write `peers by {'.'.join(node.peers[0].left.parts)}`",
        )  # fmt: skip
        return None
    path = node.peers[0].left
    if None in keys.values():
        return None
    value = check.check(path)
    if value is not None and value.type.many:
        check.error(
            "D0306", path.at, f"`{'.'.join(path.parts)}` is a list and cannot be a key",
            "peers have one value in common",
        )  # fmt: skip
        return None
    return value


def _told(
    name: str, keys: dict[str, Type | None], learns: Learns, *, peers: bool, is_open: bool
) -> Told:
    """Everything the profile can be asked for, and what it cannot though one may think so."""
    told = Told(name, keys, is_open)
    for read in _reads(learns):
        told.reads[read.name] = read
    for word, learn in learns.items():
        if learn is None:
            told.unknown |= {word, *(f"{p}{word}.{s}" for s in STATISTICS for p in ("", "peers."))}
        else:
            why = dict(_not_told(name, learn, peers=peers))
            told.absent |= {n: a for n, a in why.items() if n not in told.reads}
    if not peers:
        for word in [r for r in told.reads if r.startswith(f"{PEERS}.")]:
            del told.reads[word]
            told.absent[word] = Absent(
                "D0218", f"the profile `{name}` has no peers", "peers of what?",
                "say in the profile who they are: `peers by …`",
            )  # fmt: skip
    return told


def _reads(learns: Learns) -> Iterator[plan.Read]:
    for word in ALWAYS:
        yield always(word)
    yield plan.Read(f"{PEERS}.{SIZE}", "size", "", None, peers=True, argument=None, type=INT)
    for name, learn in learns.items():
        if learn is None:
            continue
        function = LEARNED[learn.function]
        for peers in (False, True):
            written = f"{PEERS}.{name}" if peers else name
            if function.plain and (not peers or (learn.function == "set" and name != SIZE)):
                yield plan.Read(written, "total", name, None, peers, None, learn.type)
            for statistic in STATISTICS if function.statistics else ():
                kind = statistic_type(statistic, learn.type)
                if kind is not None:
                    word = f"{written}.{statistic}"
                    yield plan.Read(word, "statistic", name, statistic, peers, None, kind)


def always(word: str) -> plan.Read:
    """The read of what every profile tells."""
    match word:
        case "first_seen" | "last_seen" | "buckets" | "cold" | "ready" | "age":
            return plan.Read(word, word, "", None, peers=False, argument=None, type=ALWAYS[word][0])
        case _:
            raise KeyError(word)


def _not_told(name: str, learn: plan.Learn, *, peers: bool) -> Iterator[tuple[str, Absent]]:
    function = LEARNED[learn.function]
    word = learn.name
    if not function.plain:
        instead = (
            "a set of them, `len(…)` counts it" if learn.function == "count_distinct" else "a sum"
        )
        yield word, Absent(
            "D0218", f"`{name}.{word}` alone is no value: `{learn.function}` has one for each"
            f" {'row' if learn.function == 'values' else 'bucket'}", "which of them?",
            f"ask a statistic, such as `{name}.{word}.p95`; or learn {instead}",
        )  # fmt: skip
    for statistic in STATISTICS:
        written = f"{word}.{statistic}"
        if not function.statistics and not learn.type.many and learn.type.kind in _ASKED:
            continue  # an attribute of what is learnt
        if not function.statistics or statistic_type(statistic, learn.type) is None:
            why = "times" if function.statistics else f"a `{learn.function}`"
            reason = Absent(
                "D0218", f"there is no {statistic} of {why}: `{name}.{written}`", "no such statistic",
                f"read `{name}.{word}`" if function.plain else "learn a `count` or a `sum`",
            )  # fmt: skip
            yield written, reason
            yield f"{PEERS}.{written}", reason
    if peers and learn.function != "set":
        hint = f"ask a statistic, such as `{name}.{PEERS}.{word}.p95`"
        yield f"{PEERS}.{word}", Absent(
            "D0218", f"what peers learn together are sets and statistics: `{PEERS}.{word}` is none",
            "of which peer?", hint if function.statistics else f"learn `set(…)` beside `{word}`",
        )  # fmt: skip


_ASKED = frozenset({"account", "host", "group"})


def mentioned(expr: plan.Expr | None, told: Told) -> list[str]:
    """Names of what an expression over a profile's plain names reads of it."""
    found = [e.name for e in expressions(expr) if isinstance(e, plan.Col)]
    return [n for n in dict.fromkeys(found) if n in told.reads and n not in IMPLIED]
