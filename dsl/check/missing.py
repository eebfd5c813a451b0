"""Faults of names: a column or an enum's word that is not there, and what was probably meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.faults import did_you_mean, nearest
from dsl.syntax import At

if TYPE_CHECKING:
    from dsl import syntax
    from dsl.check.expressions import Expressions
    from dsl.check.scope import Scope
    from dsl.types import Type


def part_at(path: syntax.Path, first: int) -> At:
    """Where the words from `first` on stand, if the name is written without blanks."""
    offset = sum(len(p) + 1 for p in path.parts[:first])
    if path.at.end - path.at.start != len(".".join(path.parts)):
        return path.at
    return At(path.at.start + offset, path.at.end)


def unknown_enum_word(check: Expressions, node: syntax.Path, enum: Type) -> None:
    """A bare word where a value of an enum is expected."""
    word = node.parts[0]
    close = nearest(word, [*enum.words, *check.scope.columns])
    values = ", ".join(f"`{w}`" for w in enum.words[:12])
    more = ", …" if len(enum.words) > 12 else ""
    check.error(
        "D0207",
        node.at,
        f"`{word}` is neither a value of this enum nor a column",
        "no such value",
        f"did you mean `{close}`?" if close else f"the values are {values}{more}",
    )


def unknown_column(check: Expressions, node: syntax.Path) -> None:
    """A name that is no column: unknown, lost on the way, or of another relation. Silent where the
    rows rest on something refused, whose columns nobody knows.
    """
    first, scope = node.parts[0], check.scope
    if scope.open:
        return
    written = ".".join(node.parts)
    absent = scope.missing(node.parts)
    if absent is not None:
        check.error(absent.code, node.at, absent.message, absent.label, absent.hint)
    elif first in scope.sides and len(node.parts) > 1:
        inside = [c.removeprefix(f"{first}.") for c in scope.columns if c.startswith(f"{first}.")]
        check.error(
            "D0203",
            part_at(node, 1),
            f"`{first}` has no column `{'.'.join(node.parts[1:])}`",
            "not a column of it",
            did_you_mean(".".join(node.parts[1:]), inside),
        )
    elif len(node.parts) > 1 and (profile := check.context.profile(node)) is not None:
        if profile.told is not None:  # else it is faulty itself
            profile_elsewhere(check, node)
    elif first in check.context.local and len(node.parts) > 1:
        check.error(
            "D0213",
            node.at,
            f"columns of `{first}` cannot be read here",
            f"`{first}` is not what these rows are made of",
            f"bring them together first: a `sequence`, or a `join` with `keep {written}`",
        )
    else:
        check.error(
            "D0203",
            node.at,
            f"`{scope.title}` has no column `{written}`",
            f"not a column of this {scope.noun}",
            near(scope, written),
        )


def profile_elsewhere(check: Expressions, node: syntax.Path) -> None:
    """A profile asked where there is no row yet, or one of several relations."""
    alias, column = node.parts[0], "_".join(node.parts[1:])
    check.error(
        "D0220", node.at, f"the profile `{alias}` cannot be asked here", "of which row?",
        f"ask it in a `match` before: `let {column} := {'.'.join(node.parts)}`, and read `{column}`",
    )  # fmt: skip


def near(scope: Scope, written: str) -> str:
    """The hint for a column that does not exist; empty where nothing is near."""
    qualified = [c for c in scope.columns if c.endswith(f".{written}")]
    if qualified:
        return "it belongs to a step: write " + " or ".join(f"`{c}`" for c in qualified[:3])
    return did_you_mean(written, scope.columns)
