"""What may stand at a cursor in a `detect` block.

The grammar says which words may come, the checker which names are in reach and what they meet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dsl import syntax
from dsl.assist import candidates
from dsl.assist.analysis import Analysis, Read, sources_of
from dsl.assist.candidates import Candidate
from dsl.assist.half import LATER, PROBE, half_typed
from dsl.check.scope import IMPLIED
from dsl.words import SHAPES, spelling

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dsl.assist.analysis import Surroundings
    from dsl.assist.half import Half
    from dsl.check.scope import Relation

_SPANS: Final = ("1m", "5m", "10m", "30m", "1h", "24h", "30d")
_ROLES: Final = {"actor": "who did it", "source": "from where", "target": "to what"}


@dataclass(frozen=True, slots=True)
class Completion:
    """Candidates for the text from `start` to the cursor, offsets of the block."""

    start: int
    found: tuple[Candidate, ...]


def complete(text: str, cursor: int, around: Surroundings) -> Completion:
    """What may stand at an offset of the block; nothing inside of texts and comments."""
    half = half_typed(text, cursor)
    if half.quoted:
        return Completion(cursor, ())
    unique: dict[str, Candidate] = {}
    for one in _candidates(half, text, around):
        if LATER in one.text or PROBE in one.text:
            continue
        first = unique.setdefault(one.text, one)
        if one.rank < first.rank:
            unique[one.text] = one
    return Completion(half.start, tuple(sorted(unique.values(), key=lambda c: (c.rank, c.text))))


def _candidates(half: Half, text: str, around: Surroundings) -> Iterator[Candidate]:
    lost = not half.accepts  # the text before is faulty: be generous
    only_span = "DURATION" in half.accepts and "STRING" not in half.accepts
    if half.word.startswith("@"):
        yield from candidates.lists(around.lists)
        return
    types = ("duration",) if only_span else ("int",) if half.accepts == {"NUMBER", "PARAM"} else ()
    if half.word.startswith("$") or "PARAM" in half.accepts:
        yield from candidates.params(around.params, types)
    if half.word.startswith("$"):
        return
    if only_span:
        for rank, span in enumerate(_SPANS):
            yield Candidate(span, "value", "duration", rank=rank)
        return
    member = text[: half.start].rstrip().endswith(".")
    if not member:
        yield from _keywords(half)
    if "LISTREF" in half.accepts and "NUMBER" not in half.accepts:  # behind `in`
        yield from candidates.lists(around.lists)
    if half.statement is None and not lost:
        return
    watched = Analysis(half.block, around)
    if half.statement is None:
        yield from _relations(watched, "")
        yield from candidates.functions()
    else:
        yield from _names(half.statement, watched)


def _keywords(half: Half) -> Iterator[Candidate]:
    fixed = spelling()
    for terminal in half.accepts:
        word = fixed.get(terminal, "")
        if word.replace(" ", "").isalpha():
            yield Candidate(word, "keyword", SHAPES.get(word, ""), rank=7)


def _names(statement: syntax.Assign | syntax.Alert, watched: Analysis) -> Iterator[Candidate]:
    """What the name at the cursor may be, by its place in the statement."""
    sources = sources_of(statement)
    if any(PROBE in path.parts for path in sources):
        own = statement.name if isinstance(statement, syntax.Assign) else ""
        yield from _relations(watched, own)
        return
    if isinstance(statement, syntax.Alert):
        if any(b.role == PROBE for b in statement.bindings):
            yield from _roles(watched.relation(statement.source.parts[0]))
            return
        named_here = (*(e.role for e in statement.excepts), *statement.dedup_by)
        if any(PROBE in path.parts for path in named_here):
            for binding in statement.bindings:
                yield Candidate(binding.role, "role", "role of this alert", rank=1)
    elif isinstance(statement.relation, syntax.Window | syntax.Profile) and _is_aggregate(
        statement.relation
    ):
        yield from candidates.aggregates()
        return
    keys = _keys_of(statement)
    if any(PROBE in path.parts for key in keys for path in (key.left, key.right) if path):
        yield from _common_columns(sources, watched)
        return
    for read in watched.reads:
        if PROBE in read.path.parts:
            yield from _readable(read, watched)


def _keys_of(statement: syntax.Assign | syntax.Alert) -> tuple[syntax.Key, ...]:
    keys = () if isinstance(statement, syntax.Alert) else getattr(statement.relation, "keys", ())
    return tuple(keys)


def _is_aggregate(relation: syntax.Window | syntax.Profile) -> bool:
    items = relation.aggregates if isinstance(relation, syntax.Window) else relation.learns
    return any(
        (isinstance(i.value, syntax.Path) and PROBE in i.value.parts)
        or (isinstance(i.value, syntax.Call) and PROBE in i.value.function.parts)
        for i in items
    )


def _relations(watched: Analysis, own: str) -> Iterator[Candidate]:
    for name in watched.local:
        if name != own:
            yield candidates.relation(name, watched.relation(name), "relation of this block", 1)
    for name, file in watched.around.relations.items():
        yield candidates.relation(name, watched.relation(name), file.title)
    yield from candidates.events()


def _roles(source: Relation | None) -> Iterator[Candidate]:
    for role, meaning in _ROLES.items():
        yield Candidate(role, "role", "role", meaning, 1)
    for column in source.columns if source else ():
        yield Candidate(column.rpartition(".")[2], "role", f"named as the column `{column}`", "", 3)


def _common_columns(sources: Sequence[syntax.Path], watched: Analysis) -> Iterator[Candidate]:
    """Columns that all sources have: what rows can be put together by."""
    read = [watched.relation(".".join(path.parts)) for path in sources]
    known = [relation for relation in read if relation is not None and not relation.open]
    if not known:
        return
    shared = {
        name: kind
        for name, kind in known[0].columns.items()
        if all(name in other.columns for other in known) and not (kind and kind.many)
    }
    yield from candidates.columns(shared, watched.events)


def _readable(read: Read, watched: Analysis) -> Iterator[Candidate]:
    """Names in reach of an expression, or of what stands before the dot."""
    before = read.path.parts[: read.path.parts.index(PROBE)]
    scope = read.scope
    if before:
        prefix = ".".join(before) + "."
        inside = {
            n.removeprefix(prefix): c.type for n, c in scope.columns.items() if n.startswith(prefix)
        }
        yield from candidates.columns(inside, watched.events, read.expected)
        found = scope.find(before)
        if found is not None and found[1] == len(before) and found[0].type is not None:
            yield from candidates.attributes(found[0].type)
        return
    if read.expected is not None and read.expected.kind == "enum":
        yield from candidates.words(read.expected)
    plain = {n: c.type for n, c in scope.columns.items() if n not in IMPLIED}
    yield from candidates.columns(plain, watched.events, read.expected)
    for name in IMPLIED:
        if name in scope.columns:
            meaning = (
                "when the row became true" if name == "ts" else "time of the earliest evidence"
            )
            yield Candidate(name, "column", "time", meaning, 8)
    learned = (
        s.name
        for s in watched.block.statements
        if isinstance(s, syntax.Assign) and isinstance(s.relation, syntax.Profile | syntax.Model)
    )
    for side in (*scope.sides, *learned):
        yield Candidate(side, "side", "its columns follow the dot", rank=1)
    yield from candidates.functions()
