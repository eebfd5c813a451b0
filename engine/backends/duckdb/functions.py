"""The scalar functions of the language as SQL: looking one up, and what holds for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.backends.duckdb import functions_directory, functions_plain, functions_text
from engine.backends.unsupported import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlglot import exp

    from dsl import plan
    from engine.backends.duckdb.scope import Scope

    Lowering = Callable[[plan.Call, list[exp.Expr], Scope], exp.Expr]

LOWERED: Final[dict[str, Lowering]] = {
    **functions_plain.LOWERED,
    **functions_text.LOWERED,
    **functions_directory.LOWERED,
}
"""Every function this backend computes, by name."""

UNSUPPORTED: Final[frozenset[str]] = frozenset()
"""Functions of the catalogue that it does not; a test holds both together against the catalogue."""


def lower_call(call: plan.Call, arguments: list[exp.Expr], scope: Scope) -> exp.Expr:
    """A call with its arguments already lowered."""
    if call.function not in LOWERED:
        raise Unsupported(f"function `{call.function}`")
    return LOWERED[call.function](call, arguments, scope)
