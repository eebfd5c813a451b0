"""The Jinja template of `explain`, held against what the detection produces.

Nothing is rendered here: the template is parsed and its names are looked up. What may stand in a
template is listed in this module only; the engine implements exactly these filters and refuses the
rest in its sandbox. Account names come from attackers, so a template has no way to call anything.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, TemplateSyntaxError, meta, nodes

from dsl.faults import Fault, did_you_mean
from dsl.syntax import At

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

OWN_VARIABLES: Final[dict[str, str]] = {
    "first_seen": "time of the earliest evidence, microseconds",
    "last_seen": "time of the latest row, microseconds",
    "count": "rows of the episode",
    "evidence_count": "events behind it, exactly",
    "severity": "word",
    "confidence": "0 to 100",
    "title": "title of the detection",
    "params": "values of the parameters: `params.window`",
}
"""Variables that every alert has, beside its roles and dedup columns."""

FILTERS: Final[dict[str, str]] = {
    "join": "elements with a text between them",
    "length": "number of elements or characters",
    "first": "first element",
    "last": "last element",
    "sort": "elements in order",
    "unique": "each element once",
    "upper": "in capitals",
    "lower": "in small letters",
    "default": "another value where there is none",
    "round": "a number rounded",
    "truncate": "cut to a length",
    "int": "as a whole number",
    "time": "microseconds as date and time, UTC",
    "duration": "microseconds as `2 h 5 min`",
    "names": "a list as `a, b and 3 more`; one value as it is",
    "plural": "`s` unless the number is one: `{{ n }} host{{ n | plural }}`",
}
"""Filters by name, with what they give."""

TESTS: Final = frozenset({"defined", "undefined", "none", "string", "number", "sequence"})
"""Tests behind `is`."""

_STATEMENTS: Final = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign,
)  # fmt: skip
_EXPRESSIONS: Final = (
    nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Filter, nodes.Test,
    nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Concat,
    nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg, nodes.Pos,
    nodes.List, nodes.Tuple, nodes.Keyword,
)  # fmt: skip
_TAGS: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_STRINGS: Final = re.compile(r"'[^']*'|\"[^\"]*\"")


def check_template(text: str, produced: Collection[str], params: Collection[str]) -> list[Fault]:
    """Faults of a template, by offsets into its text.

    `produced`: roles and dedup columns of the detection's alerts; `params`: its parameters.
    """
    environment = Environment(autoescape=True)
    environment.globals.clear()
    try:
        tree = environment.parse(text)
        # names come from the code jinja would generate, which needs to know every filter and test
        for node in tree.find_all((nodes.Filter, nodes.Test)):
            environment.filters.setdefault(node.name, _shown)
            environment.tests.setdefault(node.name, _shown)
        undeclared = meta.find_undeclared_variables(tree)
    except TemplateSyntaxError as error:
        at = _line(text, error.lineno)
        message = f"the template cannot be read: {_lower(error.message or 'syntax error')}"
        return [Fault("D0501", message, at, "in this line", "close every `{{`, `{%` and `{% if`")]
    variables = {*OWN_VARIABLES, *produced}
    unknown = undeclared - variables
    faults = [f for node in _nodes(tree) for f in _faults(text, node, unknown, variables, params)]
    unique = {(f.code, f.at): f for f in faults}
    return sorted(unique.values(), key=lambda f: f.at.start)


def names_in(text: str) -> Iterator[tuple[str, str, At]]:
    """Names that a template reads: what stands before the dot (empty for a variable), the name, its
    place. Nothing of a template that cannot be read.
    """
    try:
        tokens = list(Environment(autoescape=True).lex(text))
    except TemplateSyntaxError:
        return
    position = 0
    before: tuple[str, str] = ("", "")
    owner = ""
    for _, kind, value in tokens:
        start = text.find(value, position)  # blanks that `-%}` takes away are no tokens
        position = start + len(value)
        if kind == "whitespace":
            continue
        if kind == "name":
            if before[1] == ".":
                yield owner, value, At(start, position)
            elif before[1] not in ("|", "is", "not"):
                yield "", value, At(start, position)
            owner = f"{owner}.{value}" if before[1] == "." else value
        before = (kind, value)


def _shown(value: object) -> str:
    return str(value)


def _nodes(node: nodes.Node) -> Iterator[nodes.Node]:
    """All nodes, without what stands inside of something that is refused as a whole."""
    yield node
    if isinstance(node, _STATEMENTS + _EXPRESSIONS):
        for child in node.iter_child_nodes():
            yield from _nodes(child)


def _faults(
    text: str,
    node: nodes.Node,
    unknown: set[str],
    variables: set[str],
    params: Collection[str],
) -> Iterator[Fault]:
    match node:
        case nodes.Name(name=name) if name in unknown:
            yield Fault(
                "D0502",
                f"the detection produces no `{name}`",
                _word(text, node.lineno, name),
                "not a role of its alerts",
                did_you_mean(name, variables) or f"add the role `{name}: …` to the alert",
            )
        case nodes.Filter(name=name) if name not in FILTERS:
            at = _word(text, node.lineno, name, before="|")
            hint = did_you_mean(name, FILTERS) or "there are " + ", ".join(FILTERS)
            yield Fault("D0503", f"there is no filter `{name}`", at, "no such filter", hint)
        case nodes.Test(name=name) if name not in TESTS:
            at = _word(text, node.lineno, name, before="is|not")
            hint = did_you_mean(name, TESTS) or "there are " + ", ".join(sorted(TESTS))
            yield Fault("D0503", f"there is no test `{name}`", at, "no such test", hint)
        case nodes.Getattr(node=nodes.Name(name="params"), attr=attribute):
            if attribute not in params:
                at = _word(text, node.lineno, attribute, before=r"\.")
                hint = did_you_mean(attribute, params)
                yield Fault(
                    "D0504", f"there is no parameter `{attribute}`", at, "not declared", hint
                )
        case nodes.Getattr(node=nodes.Name(name="loop") | nodes.Getattr()):
            pass  # `loop.index`; of `a.b.c` the inner part is told
        case nodes.Getattr(attr=attribute):
            at = _word(text, node.lineno, attribute, before=r"\.")
            message = f"`{attribute}` is read of a value that has no parts"
            hint = "give the alert a role for it: `name: account.name`"
            yield Fault("D0504", message, at, "only `params` has parts", hint)
        case nodes.Call():
            at = _line(text, node.lineno)
            hint = "use a filter: " + ", ".join(FILTERS)
            yield Fault("D0503", "a template calls nothing", at, "a call in this line", hint)
        case _ if not isinstance(node, _STATEMENTS + _EXPRESSIONS):
            at = _line(text, node.lineno)
            word = type(node).__name__.lower()
            message = f"`{word}` is not available in a template"
            yield Fault("D0503", message, at, "in this line", "use `if`, `for` and `set`")
        case _:
            pass


def _line(text: str, number: int) -> At:
    """A whole line without the blanks around it."""
    lines = text.split("\n")
    row = min(max(number, 1), len(lines)) - 1
    start = sum(len(line) + 1 for line in lines[:row])
    line = lines[row]
    return At(start + len(line) - len(line.lstrip()), start + len(line.rstrip()))


def _word(text: str, number: int, word: str, before: str = "") -> At:
    """A word inside the tags of a line, optionally behind a sign; the line if it is not found."""
    lines = _inside_tags(text).split("\n")
    row = min(max(number, 1), len(lines)) - 1
    start = sum(len(line) + 1 for line in lines[:row])
    ahead = rf"(?:{before})\s*" if before else r"(?<![\w.])"
    found = re.search(rf"{ahead}(?P<word>\b{re.escape(word)}\b)", lines[row])
    if found is None:
        return _line(text, number)
    return At(start + found.start("word"), start + found.end("word"))


def _inside_tags(text: str) -> str:
    """The text with blanks for what stands outside of tags and for texts inside."""
    pieces = []
    position = 0
    for tag in _TAGS.finditer(text):
        pieces += [_blank(text[position : tag.start()]), _STRINGS.sub(_blank_match, tag[0])]
        position = tag.end()
    return "".join((*pieces, _blank(text[position:])))


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _blank_match(found: re.Match[str]) -> str:
    return _blank(found[0])


def _lower(message: str) -> str:
    """Jinja's message as ours are: lower case, no full stop."""
    return (message[:1].lower() + message[1:]).rstrip(".")
