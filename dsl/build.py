"""From lark's trees of statements to `dsl.syntax`: one function a rule of the grammar.

Expressions are built in `dsl.build_expression`. Knows no diagnostics: a tree that got here is
grammatical.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, cast

from dsl import syntax
from dsl.build_expression import (
    Node,
    at_of,
    clause,
    count,
    duration,
    expression,
    has,
    listref,
    number,
    path,
    text,
    tokens,
    tree,
    trees,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def statement(node: Node) -> syntax.Assign | syntax.Alert:
    """`assign` or `alert`."""
    if node.data == "alert":
        return _alert(node)
    (name,) = tokens(node, "HEAD")
    (relation,) = trees(node)
    built = _RELATIONS[str(relation.data)](relation)
    return syntax.Assign(str(name), built, at_of(node), at_of(name))


def _alias(node: Node) -> str | None:
    found = tree(node, "alias")
    return str(tokens(found, "NAME")[0]) if found else None


def _keys(node: Node) -> tuple[syntax.Key, ...]:
    """Of the clause `by …` or `on …` that is a child of the node."""
    holder = tree(node, "by") or node
    pairs = [list(map(path, trees(key, "path"))) for key in trees(trees(holder, "keys")[0], "key")]
    return tuple(syntax.Key(left, rest[0] if rest else None) for left, *rest in pairs)


def _span_of(node: Node, rule: str) -> syntax.Duration | syntax.Param:
    return duration(trees(node, rule)[0])


def _named(node: Node) -> tuple[syntax.Named, ...]:
    """The columns of `let` or of `compute` and `learn`."""
    found = tree(node, "let", "aggregates")
    built = []
    for item in trees(found, "named", "aggregate") if found else ():
        (name,) = tokens(item, "NAME")
        value = expression(next(t for t in trees(item) if t.data != "where"))
        built.append(
            syntax.Named(str(name), value, clause(item, "where"), at_of(item), at_of(name))
        )
    return tuple(built)


def _sources(node: Node) -> list[syntax.Path]:
    return list(map(path, trees(node, "source")))


def _match(node: Node) -> syntax.Relation:
    return syntax.Match(_sources(node)[0], clause(node, "where"), _named(node), at_of(node))


def _union(node: Node) -> syntax.Relation:
    return syntax.Union(tuple(_sources(node)), at_of(node))


def _window(node: Node) -> syntax.Relation:
    kind = tree(node, "window_kind")
    word = str(kind.children[0]) if kind else "sliding"
    return syntax.Window(
        source=_sources(node)[0],
        keys=_keys(node),
        over=_span_of(node, "over"),
        kind=cast("Literal['sliding', 'tumbling', 'session']", word),
        aggregates=_named(node),
        having=clause(node, "having"),
        at=at_of(node),
    )


def _step(node: Node) -> syntax.Step:
    times = tree(node, "times")
    return syntax.Step(
        source=_sources(node)[0],
        alias=_alias(node),
        negated=has(node, "NOT"),
        where=clause(node, "where"),
        times=count(times) if times else None,
        at=at_of(node),
    )


def _sequence(node: Node) -> syntax.Relation:
    steps = tuple(map(_step, trees(node, "step")))
    return syntax.Sequence(_keys(node), _span_of(node, "within"), steps, at_of(node))


def _absence(node: Node) -> syntax.Relation:
    of, anchor = _sources(node)
    return syntax.Absence(
        of=of,
        where=clause(node, "where"),
        direction="following" if has(node, "FOLLOWING") else "preceding",
        anchor=anchor,
        keys=_keys(node),
        within=_span_of(node, "within"),
        at=at_of(node),
    )


def _join(node: Node) -> syntax.Relation:
    left, right = _sources(node)
    (direction,) = tokens(node, "BEFORE", "AFTER", "AROUND")
    keeps = tree(node, "keeps")
    return syntax.Join(
        left=left,
        right=right,
        keys=_keys(node),
        within=_span_of(node, "within"),
        direction=cast("Literal['before', 'after', 'around']", str(direction)),
        optional=has(node, "OPTIONAL"),
        keeps=tuple(
            syntax.Keep(path(trees(k, "path")[0]), _alias(k))
            for k in (trees(keeps, "keep") if keeps else ())
        ),
        at=at_of(node),
    )


def _profile(node: Node) -> syntax.Relation:
    peers = tree(node, "peers")
    return syntax.Profile(
        source=_sources(node)[0],
        keys=_keys(node),
        bucket=_span_of(node, "bucket"),
        over=_span_of(node, "over"),
        learns=_named(node),
        ready=clause(node, "ready"),
        peers=_keys(peers) if peers else (),
        at=at_of(node),
    )


def _model(node: Node) -> syntax.Relation:
    using = tree(node, "using")
    return syntax.Model(
        model=str(tokens(node, "NAME")[0]),
        source=_sources(node)[0],
        keys=_keys(node),
        over=_span_of(node, "over"),
        using=tuple(map(path, trees(using, "path"))) if using else (),
        at=at_of(node),
    )


def _score(node: Node) -> syntax.Relation:
    terms = []
    for term in trees(node, "term"):
        (points,) = tokens(term, "NUMBER")
        size = int(number(points).value)
        reasons = tokens(term, "STRING")
        terms.append(
            (
                expression(trees(term)[0]),
                -size if has(term, "MINUS") else size,
                text(reasons[0]) if reasons else None,
            )
        )
    return syntax.Score(_sources(node)[0], tuple(terms), at_of(node))


def _alert(node: Node) -> syntax.Alert:
    dedup = tree(node, "dedup")
    excepts = tree(node, "except")
    return syntax.Alert(
        source=_sources(node)[0],
        bindings=tuple(
            syntax.Binding(str(tokens(b, "NAME")[0]), expression(trees(b)[0]), at_of(b))
            for b in trees(node, "binding")
        ),
        severity=clause(node, "severity"),
        confidence=clause(node, "confidence"),
        when=clause(node, "when"),
        excepts=tuple(
            syntax.Except(path(trees(e, "path")[0]), listref(tokens(e, "LISTREF")[0]))
            for e in (trees(excepts, "exception") if excepts else ())
        ),
        dedup=duration(dedup) if dedup else None,
        dedup_by=tuple(map(path, trees(dedup, "path"))) if dedup else (),
        at=at_of(node),
    )


_RELATIONS: Final[dict[str, Callable[[Node], syntax.Relation]]] = {
    "absence": _absence,
    "join": _join,
    "match": _match,
    "model": _model,
    "profile": _profile,
    "score": _score,
    "sequence": _sequence,
    "union": _union,
    "window": _window,
}
