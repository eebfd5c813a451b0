"""What a name is, as a person reads it beside the text: Markdown. Knows no places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl import syntax
from dsl.assist.analysis import Analysis
from dsl.attributes import ATTRIBUTES
from dsl.check.kinds import named
from dsl.check.scope import IMPLIED
from dsl.codes import all_codes
from dsl.explain_plan import describe_relation
from dsl.functions import AGGREGATES, FUNCTIONS
from dsl.plan import Ref
from dsl.schema.base import Event
from dsl.schema.registry import event_types
from dsl.words import MEANINGS, SHAPES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dsl.assist.names import Symbol
    from dsl.assist.project import Project
    from dsl.assist.view import View
    from dsl.check.scope import Relation
    from dsl.params import Param
    from dsl.types import Type

_COMMON = frozenset(Event.__struct_fields__)
_MOST_ENTRIES = 8


def of_symbol(project: Project, view: View, symbol: Symbol) -> str:
    """What a symbol of a rule is."""
    match symbol.sort:
        case "event":
            return of_event(symbol.name)
        case "field":
            return of_field(symbol.owner, symbol.name)
        case "param":
            return _param(view.params[symbol.name]) if symbol.name in view.params else ""
        case "list":
            return _list(project, symbol.name)
        case "role":
            return _role(view, symbol.name)
        case _:
            return _of_relation(project, _home(project, view, symbol), symbol)


def of_word(word: str) -> str:
    """What a word of the language, a function or an attribute is; empty for others."""
    if word in SHAPES:
        return f"**{word}**: {MEANINGS[word]}\n\n```\n{SHAPES[word]}\n```"
    if word in FUNCTIONS:
        function = FUNCTIONS[word]
        notes = [
            text
            for holds, text in (
                (function.as_of, "reads the directory as of `ts`"),
                (function.total, "never null"),
                (function.lifts, "of a list: any element"),
                (function.at_watermark, "known at the watermark"),
            )
            if holds
        ]
        shapes = "\n".join(f"{word}({s.text})" for s in function.signatures)
        return _lines(f"```\n{shapes}\n```", function.doc, "; ".join(notes))
    if word in AGGREGATES:
        aggregate = AGGREGATES[word]
        shapes = "\n".join(f"{word}({s.text})" for s in aggregate.signatures)
        return _lines(f"```\n{shapes}\n```", aggregate.doc)
    if word in ATTRIBUTES:
        found = ATTRIBUTES[word]
        return _lines(
            f"**{word}** of {', '.join(found.owners)}: {_kind(found.type)}", found.meaning
        )
    if word in IMPLIED:
        return (
            "**ts**: when the row became true"
            if word == "ts"
            else "**start**: time of the earliest evidence"
        )
    return ""


def of_code(name: str) -> str:
    """What a diagnostic's code means; empty for an unknown one."""
    code = all_codes().get(name)
    if code is None:
        return ""
    wrong, right = code.wrong.rstrip(), code.right.rstrip()
    return _lines(
        f"**{name}**: {code.title}",
        code.paragraph,
        f"wrong\n```\n{wrong}\n```\nright\n```\n{right}\n```",
    )


def of_event(name: str) -> str:
    """An event type with its own fields."""
    event = event_types()[name]
    fields = ", ".join(
        f"`{c.name}` {'list ' if c.many else ''}{c.field.kind}"
        for c in event.columns.values()
        if not c.common
    )
    return _lines(f"**{name}**: {event.meaning}", f"{event.family}: {fields}")


def of_field(event: str, name: str) -> str:
    """A field of an event type."""
    column = event_types()[event].columns.get(name)
    if column is None:
        return ""
    field = column.field
    unit = f", {field.unit}" if field.unit else ""
    kind = ("list of " if column.many else "") + field.kind
    words = ", ".join(f"`{w}`" for w in field.words)
    return _lines(
        f"**{name}**: {kind}{unit}", field.meaning, f"from: {field.sources}" if field.sources else "",
        f"words: {words}" if words else "", f"ECS `{field.ecs}`" if field.ecs else "",
    )  # fmt: skip


def _home(project: Project, view: View, symbol: Symbol) -> View:
    """The file that defines a symbol."""
    relation = project.shared.relations.get(symbol.home)
    if symbol.home == view.id or relation is None:
        return view
    return project.view(relation.path)


def _of_relation(project: Project, view: View, symbol: Symbol) -> str:
    """A relation, a step or a computed column, in the file that defines it."""
    around = view.around(project.shared.relations, project.shared.lists)
    watched = Analysis(view.block, around)
    if symbol.sort == "relation":
        return _relation(watched, view, symbol.name)
    relation = watched.relation(symbol.owner)
    if symbol.sort == "alias":
        source = _step_source(view.block, symbol)
        return _lines(f"**{symbol.name}**: a step of `{symbol.owner}`, a row of `{source}`")
    kind = relation.columns.get(symbol.name) if relation is not None else None
    head = f"**{symbol.name}**: {_kind(kind)}, computed in `{symbol.owner}`"
    return _lines(head, _computed(view, symbol))


def _relation(watched: Analysis, view: View, name: str) -> str:
    relation = watched.relation(name)
    if relation is None:
        return ""
    shared = watched.around.relations.get(name) if name not in watched.local else None
    said = f"{shared.title}. {shared.description.strip()}" if shared is not None else ""
    if name == view.id and view.source is not None and isinstance(view.source.data, dict):
        said = str(view.source.data.get("description", ""))
    node = relation.node
    if isinstance(node, Ref) and node.name in watched.nodes:
        plan = describe_relation(name, watched.nodes[node.name], watched.nodes)
        return _lines(said, f"```\n{plan}\n```", _columns(relation))
    return _lines(f"**{name}**", said, _columns(relation))


def _columns(relation: Relation) -> str:
    own = [f"`{n}` {_plain(k)}" for n, k in relation.columns.items() if n not in _COMMON]
    return "columns: " + ", ".join(own) if own else ""


def _step_source(block: syntax.Block, symbol: Symbol) -> str:
    for statement in block.statements:
        if isinstance(statement, syntax.Assign) and statement.name == symbol.owner:
            for step in getattr(statement.relation, "steps", ()):
                if step.alias == symbol.name:
                    return ".".join(step.source.parts)
    return "?"


def _computed(view: View, symbol: Symbol) -> str:
    """The text of `name := …`."""
    for statement in view.block.statements:
        if not isinstance(statement, syntax.Assign) or statement.name != symbol.owner:
            continue
        items: Iterable[syntax.Named] = ()
        match statement.relation:
            case syntax.Match(lets=lets):
                items = lets
            case syntax.Window(aggregates=computed) | syntax.Profile(learns=computed):
                items = computed
            case _:
                pass
        for item in items:
            if item.name == symbol.name:
                return f"```\n{view.block_text[item.at.start : item.at.end]}\n```"
    return ""


def _role(view: View, name: str) -> str:
    written = [
        view.block_text[b.value.at.start : b.value.at.end]
        for alert in view.alerts
        for b in alert.bindings
        if b.role == name
    ]
    return f"**{name}**: role of the alert, " + " or ".join(
        f"`{w}`" for w in dict.fromkeys(written)
    )


def _param(param: Param) -> str:
    bounds = [
        f"{word} {param.show(value)}"
        for word, value in (("least", param.min), ("most", param.max), *param.levels)
        if value is not None
    ]
    head = f"**${param.name}**: {param.type}, default {param.show(param.default)}"
    return _lines(head, param.help, ", ".join(bounds))


def _list(project: Project, name: str) -> str:
    found = project.shared.lists.get(name)
    if found is None:
        return ""
    entries = ", ".join(f"`{e.value}`" for e in found.entries[:_MOST_ENTRIES])
    more = (
        f" and {len(found.entries) - _MOST_ENTRIES} more"
        if len(found.entries) > _MOST_ENTRIES
        else ""
    )
    return _lines(
        f"**@{name}**: list of {found.kind}",
        found.description.strip(),
        f"{entries}{more}" or "no entries",
    )


def _kind(kind: Type | None) -> str:
    """A kind with the words of an enum."""
    if kind is None:
        return "of a kind that is not known"
    return f"{named(kind)} ({', '.join(kind.words)})" if kind.words else named(kind)


def _plain(kind: Type | None) -> str:
    return named(kind) if kind is not None else "?"


def _lines(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)
