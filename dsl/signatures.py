"""Signatures of the language's functions: a line of text, read once into kinds.

    host|account -> bool        one parameter of either kind
    list T, list T -> list T    T stands for one kind, the same everywhere in the line
    T, ... -> T                 the last parameter may be repeated
    'text, duration -> bool     ' = a constant, known before rows are read

Words: the kinds of the schema, `float`, `number` (int or float), `entity` (account, host or group),
`etype` (enum of encryption types), `uac` (enum of account flags), `T` (any kind), `any` (the same, values by name left out),
`value` (any kind, values by name too). It knows
no function and no expression; `dsl.check` matches arguments against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, get_args

from dsl.schema import enums
from dsl.schema.base import KindName
from dsl.types import Type, TypeName

_KINDS: Final[dict[str, TypeName]] = {k: k for k in get_args(KindName)} | {"float": "float"}
_ENUMS: Final = {
    "etype": Type("enum", words=enums.names(enums.ETYPE), open_words=True),
    "uac": Type("enum", words=enums.names(enums.UAC_FLAG)),
}
_GROUPS: Final[dict[str, tuple[TypeName, ...]]] = {
    "number": ("int", "float"),
    "entity": ("account", "host", "group"),
    "value": (*get_args(KindName), "float"),
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """What one argument may be. No `kinds` = any kind; `variable` = the kind called T; `words`
    narrows an enum; `text` is the word as it stands in the signature.
    """

    text: str
    kinds: tuple[TypeName, ...]
    many: bool
    variable: bool = False
    constant: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """Parameters in order and the result. `result` None = T, a list of T if `result_many`."""

    text: str
    parameters: tuple[Parameter, ...]
    repeats: bool
    result: Type | None
    result_many: bool

    def accepts(self, count: int) -> bool:
        """Whether a call may have this number of arguments."""
        return count >= len(self.parameters) if self.repeats else count == len(self.parameters)

    def parameter(self, position: int) -> Parameter:
        """What the argument at a position (from 0) may be."""
        return self.parameters[min(position, len(self.parameters) - 1)]


def _parameter(text: str) -> Parameter:
    constant = text.startswith("'")
    words = text.removeprefix("'").split()
    many = words[0] == "list"
    name = words[-1]
    if name in ("T", "any"):
        return Parameter(text, (), many, variable=name == "T", constant=constant)
    if name in _ENUMS:
        return Parameter(text, ("enum",), many, constant=constant, words=_ENUMS[name].words)
    kinds: list[TypeName] = []
    for word in name.split("|"):
        kinds.extend(_GROUPS.get(word) or (_KINDS[word],))
    return Parameter(text, tuple(kinds), many, constant=constant)


@lru_cache
def signature(text: str) -> Signature:
    """Read one signature; a KeyError is a slip in the catalogue, found when it is imported."""
    left, _, right = text.partition(" -> ")
    parts = [p for p in left.split(", ") if p]
    repeats = bool(parts) and parts[-1] == "..."
    if repeats:
        parts.pop()
    words = right.split()
    many, name = words[0] == "list", words[-1]
    if name == "T":
        result = None
    elif name in _ENUMS:
        enum = _ENUMS[name]
        result = Type("enum", many, enum.words, enum.open_words)
    else:
        result = Type(_KINDS[name], many)
    return Signature(text, tuple(_parameter(p) for p in parts), repeats, result, many)
