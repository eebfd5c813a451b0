"""A query in the detection language: relations without an alert, checked and compiled as those of detections.

The rows of the last relation are the answer. Profiles are asked of the stored events; models are not asked.
"""

from __future__ import annotations

import textwrap
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb

from dsl import plan, syntax
from dsl.assist.analysis import Surroundings
from dsl.catalogue import ListFile, SharedRelation
from dsl.check import check_relation
from dsl.load import load_text
from dsl.parse import parse
from dsl.schema.registry import event_types
from dsl.source import Source
from engine.backends.duckdb import Unsupported, compile_detection
from engine.entities_rows import FOREVER
from engine.times import iso
from engine.why import detection_of
from portal.reading.query import MEMORY, SECONDS, bounded, plain
from portal.reading.sql.statement import LONGEST, QueryError

if TYPE_CHECKING:
    from dsl.diagnostics import Diagnostic
    from engine.backends.duckdb.statement import CompiledAlert
    from engine.in_force import InForce
    from portal.reading.query import Answer, Column
    from portal.reading.sources import Sources

_HEAD: Final = "atp: 1\nid: {name}\ntitle: A query\ndescription: A query.\ndetect: |\n"
_INDENT: Final = "  "
_LAST: Final = frozenset({"id", "sensor", "seq", "via", "primary"})
"""Columns about the record and not about what happened."""


def answered_relation(
    sources: Sources, text: str, most: int, since: int | None = None, until: int | None = None
) -> Answer:
    """The newest rows of the last relation with ts in [since, until] (microseconds). Raises QueryError,
    ReadError.
    """
    compiled = _compiled(sources.status().in_force, text)
    # evidence and order are the statement's own: only how many rows is added
    cut = f"SELECT * FROM ({compiled.full}) ORDER BY ts DESC LIMIT {most + 1:d}"  # noqa: S608  # made by the compiler
    compiled = replace(compiled, full=cut)
    try:
        with bounded(), sources.reads.reading(SECONDS, MEMORY) as cursor:
            rows = compiled.rows(
                cursor, 0 if since is None else since, FOREVER if until is None else until
            )
    except duckdb.InterruptException:
        raise
    except (duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError) as error:
        raise QueryError(
            f"it cannot be computed: {str(error).partition(chr(10))[0][:300]}"
        ) from None
    kinds = dict(zip(compiled.roles, compiled.types, strict=False))
    names = sorted(kinds, key=_LAST.__contains__)
    columns: list[Column] = [{"name": "ts", "type": "time"}]
    columns += [{"name": name, "type": kinds[name].kind} for name in names]
    told = [[iso(row.ts), *(plain(row.roles[n]) for n in names)] for row in rows[:most]]
    return {"columns": columns, "rows": told, "cut": len(rows) > most}


def surroundings(in_force: InForce) -> Surroundings:
    """What a query may name beside its own relations: shared relations, and lists."""
    relations = {
        name: one
        for name, text in in_force.relations.items()
        if (one := _shared(name, text)) is not None
    }
    lists = {
        one.name: ListFile(
            one.name, one.kind, one.description, (), Source(one.file, ""), Path(one.file),  # type: ignore[arg-type]  # kinds of loaded files
        )
        for one in in_force.lists
    }  # fmt: skip
    return Surroundings({}, relations, lists)


@lru_cache(maxsize=256)
def _shared(name: str, text: str) -> SharedRelation | None:
    return load_text(Path("relations") / f"{name}.yaml", text).relations.get(name)


def _compiled(in_force: InForce, text: str) -> CompiledAlert:
    if len(text) > LONGEST:
        raise QueryError(f"the query has more than {LONGEST:,} characters")
    block = textwrap.dedent(text.expandtabs()).strip("\n\r ")
    name = _last_name(block)
    around = surroundings(in_force)
    own = _read(name, block)
    built, found = check_relation(own, {**around.relations, name: own}, around.lists)
    if built is None:
        raise _refused(next(d for d in found if d.severity == "error"))
    nodes = dict(built.shared)
    if any(isinstance(node, plan.Model) for node in nodes.values()):
        raise QueryError("models are asked by detections only")
    if isinstance(nodes[name], plan.Profile):
        raise QueryError(
            f"`{name}` is a profile and has no rows",
            hint=f"end with `a = match … where … {name}.n > 3`",
        )
    try:
        top = plan.Ref(name, nodes[name].columns)
        return compile_detection(detection_of(built, top)).alerts[0]
    except Unsupported as error:
        raise QueryError(f"the database cannot compute that: {error}") from None


def _last_name(block: str) -> str:
    """Of the relation whose rows are the answer."""
    if any(not c.isprintable() and c not in "\n\r" for c in block):
        raise QueryError("the query has signs without a form")
    parsed, faults = parse(block)
    if parsed is None:
        fault = faults[0]
        line = block.count("\n", 0, fault.at.start) + 1
        column = fault.at.start - (block.rfind("\n", 0, fault.at.start) + 1) + 1
        raise QueryError(fault.message, line, column, fault.hint)
    if any(isinstance(s, syntax.Alert) for s in parsed.statements):
        raise QueryError("a query raises no alert", hint="leave the line `alert …` out")
    name = next((s.name for s in reversed(parsed.statements) if isinstance(s, syntax.Assign)), "")
    if not name:
        raise QueryError("the query has no relation", hint="as in `a = match dns_query`")
    if name in event_types():
        raise QueryError(f"`{name}` is a type of events", hint="name it otherwise")
    return name


def _read(name: str, block: str) -> SharedRelation:
    body = textwrap.indent(block, _INDENT, lambda _: True)
    catalogue = load_text(Path("relations") / f"{name}.yaml", f"{_HEAD.format(name=name)}{body}\n")
    errors = catalogue.diagnostics.errors
    if name not in catalogue.relations:
        if errors:
            raise _refused(errors[0])
        raise QueryError("the query cannot be read")
    return catalogue.relations[name]


def _refused(fault: Diagnostic) -> QueryError:
    if fault.span is None:
        return QueryError(fault.message, hint=fault.hint)
    line = fault.span.line - _HEAD.count("\n")
    return QueryError(fault.message, max(line, 0), fault.span.column - len(_INDENT), fault.hint)
