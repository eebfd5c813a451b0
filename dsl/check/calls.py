"""Calls of functions and aggregates: finding the signature that the arguments fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from dsl import plan, syntax
from dsl.check.constants import constants_are_right
from dsl.check.containers import contained
from dsl.check.differences import converted
from dsl.check.kinds import NUMBERS, comparable, many, named, one, unite
from dsl.check.missing import profile_elsewhere
from dsl.faults import did_you_mean
from dsl.functions import AGGREGATES, FUNCTIONS, AggregateFunction
from dsl.learning import LEARNED, LearnedFunction
from dsl.types import Type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dsl.check.expressions import Expressions
    from dsl.signatures import Parameter, Signature

Arguments = list[plan.Expr]
_Folding = TypeVar("_Folding", AggregateFunction, LearnedFunction)
_INSTEAD: Final = {
    **dict.fromkeys(
        ("avg", "std", "p95"), "learn `values(…)`, and ask `.mean`, `.std`, `.p95` of it"
    ),
    "gap_cv": "compute it in a `window`, and learn its `values(…)`",
}


def call(check: Expressions, node: syntax.Call) -> plan.Expr | None:
    """A scalar function."""
    name = ".".join(node.function.parts)
    first = node.function.parts[0]
    if len(node.function.parts) > 1:
        if check.recalls is not None and first in check.recalls.asked:
            return check.recalls.share(check, node)
        profile = check.context.profile(node.function)
        if profile is not None:
            if profile.told is not None:
                profile_elsewhere(check, node.function)
            return None
    function = FUNCTIONS.get(name)
    if function is None:
        hint = did_you_mean(name, FUNCTIONS)
        if name in AGGREGATES:
            hint = "aggregates stand in the `compute` of a `window`"
        check.error(
            "D0204", node.function.at, f"there is no function `{name}`", "no such function", hint
        )
        return None
    fitted = _fit(check, node, function.signatures, lifts=function.lifts)
    if fitted is None:
        return None
    arguments, result = fitted
    if not constants_are_right(check, name, node, arguments):
        return None
    return plan.Call(name, tuple(arguments), result)


def aggregate(
    check: Expressions, named_: syntax.Named, where: plan.Expr | None
) -> plan.Aggregate | None:
    """`name := count_distinct(x) where EXPR` of a window."""
    found = _folded(check, named_, AGGREGATES)
    if found is None:
        return None
    function, arguments, result = found
    return plan.Aggregate(named_.name, function.name, tuple(arguments), where, result)


def learn(check: Expressions, named_: syntax.Named, where: plan.Expr | None) -> plan.Learn | None:
    """`name := count() where EXPR` of a profile."""
    found = _folded(check, named_, LEARNED)
    if found is None:
        return None
    function, arguments, result = found
    return plan.Learn(named_.name, function.name, tuple(arguments), where, result)


def _folded(
    check: Expressions, named_: syntax.Named, known: Mapping[str, _Folding]
) -> tuple[_Folding, Arguments, Type] | None:
    """The function over many rows that a computed column names, with its arguments."""
    value = named_.value
    if not isinstance(value, syntax.Call) or value.attributes:
        check.error(
            "D0313", value.at, f"`{named_.name}` is computed by no aggregate", "not an aggregate",
            "take an aggregate of it, such as `max(…)`; compute with aggregates in a `match … let`",
        )  # fmt: skip
        return None
    name = ".".join(value.function.parts)
    found = known.get(name)
    if found is None:
        there = name in FUNCTIONS or name in AGGREGATES
        what = "a function of one row" if name in FUNCTIONS else "not learnt bucket by bucket"
        hint = f"collect its values: `set({name}(…))`" if name in FUNCTIONS else _INSTEAD.get(name)
        check.error(
            "D0313" if there else "D0204",
            value.function.at,
            f"`{name}` is no aggregate here" if there else f"there is no aggregate `{name}`",
            what if there else "no such aggregate",
            hint or did_you_mean(name, known),
        )
        return None
    fitted = _fit(check, value, found.signatures, lifts=False)
    if fitted is None:
        return None
    arguments, result = fitted
    if name == "percentile" and not _is_percentage(arguments[1]):
        message = "a percentile is a number from 0 to 100"
        check.error("D0307", value.arguments[1].at, message)
        return None
    return found, arguments, result


def _is_percentage(argument: plan.Expr) -> bool:
    value = argument.value if isinstance(argument, plan.Lit) else None
    return isinstance(value, int | float) and 0 <= value <= 100


def _fit(
    check: Expressions, node: syntax.Call, signatures: tuple[Signature, ...], *, lifts: bool
) -> tuple[Arguments, Type] | None:
    name = node.function.parts[-1]
    shapes = " or ".join(f"`{name}({s.text.partition(' -> ')[0]})`" for s in signatures)
    fitting = [s for s in signatures if s.accepts(len(node.arguments))]
    if not fitting:
        for argument in node.arguments:
            check.check(argument, quiet=True)
        check.error(
            "D0303", node.at, f"`{name}` does not take {_count(len(node.arguments))}",
            "", f"it is {shapes}",
        )  # fmt: skip
        return None
    arguments = _arguments(check, node, fitting[0])
    if arguments is None:
        return None
    for signature in fitting:
        exact = [_converted_quietly(a, signature.parameter(i)) for i, a in enumerate(arguments)]
        result = _result(signature, exact, lifts=lifts)
        if result is not None:
            return (exact, result) if _really_constant(check, node, signature, exact) else None
    _complain(check, node, fitting, arguments, shapes, lifts=lifts)
    return None


def _count(number: int) -> str:
    return f"{number or 'no'} argument{'' if number == 1 else 's'}"


def _arguments(check: Expressions, node: syntax.Call, signature: Signature) -> Arguments | None:
    """The arguments, typed; those called T meet one another's kind."""
    shared: Type | None = None
    shared_node: syntax.Expr = node
    found: dict[int, plan.Expr | None] = {}
    silent = False
    for i in sorted(range(len(node.arguments)), key=lambda i: _later(check, node.arguments[i])):
        argument = node.arguments[i]
        parameter = signature.parameter(i)
        expected = Type("enum", words=parameter.words) if parameter.words else None
        if parameter.variable:
            expected = shared
        value: plan.Expr | None
        if isinstance(argument, syntax.SetLiteral | syntax.ListRef):
            if not parameter.many:
                value = check.check(argument)
            elif expected is None and not silent:
                value = contained(check, argument, Type("text"), shared_node)
            else:
                value = contained(check, argument, expected, shared_node)
        else:
            value = check.check(argument, expected, quiet=silent)
            if value is not None and parameter.variable and expected is not None:
                value = converted(check, value, expected, argument.at)
        found[i] = value
        silent = silent or value is None
        if value is not None and parameter.variable:
            element = one(value.type)
            united = element if shared is None else unite(shared, element)
            shared, shared_node = united or shared, argument
    values = [v for v in (found[i] for i in range(len(node.arguments))) if v is not None]
    return values if len(values) == len(node.arguments) else None


def _later(check: Expressions, argument: syntax.Expr) -> int:
    """Arguments that need to know what they meet come last."""
    if isinstance(argument, syntax.SetLiteral | syntax.ListRef):
        return 2
    return 1 if check.unknown_word(argument) else 0


def _converted_quietly(argument: plan.Expr, parameter: Parameter) -> plan.Expr:
    """A text literal for a parameter that takes an identity by its name."""
    if (
        isinstance(argument, plan.Lit)
        and argument.type.kind == "text"
        and parameter.kinds
        and set(parameter.kinds) <= {"account", "host", "group"}
    ):
        return plan.Lit(argument.value, Type(parameter.kinds[0]), argument.param)
    return argument


def _result(signature: Signature, arguments: Arguments, *, lifts: bool) -> Type | None:
    """What the signature gives for these arguments; None if they do not fit."""
    shared: Type | None = None
    for i, argument in enumerate(arguments):
        parameter = signature.parameter(i)
        if not _fits(argument.type, parameter, lifted=lifts and i == 0):
            return None
        if parameter.variable:
            element = one(argument.type)
            shared = element if shared is None else unite(shared, element)
            if shared is None:
                return None
    if signature.result is not None:
        return signature.result
    if shared is None:
        return None
    return many(shared) if signature.result_many else shared


def _fits(kind: Type, parameter: Parameter, *, lifted: bool = False) -> bool:
    if kind.many != parameter.many and not (lifted and kind.many):
        return False
    if kind.kind == "null":
        return False
    if parameter.words:
        return kind.kind == "enum" and comparable(kind, Type("enum", words=parameter.words))
    if kind.kind == "map" and "map" not in parameter.kinds:
        return False
    if not parameter.kinds or kind.kind in parameter.kinds:
        return True
    return kind.kind in NUMBERS and "float" in parameter.kinds


def _really_constant(
    check: Expressions, node: syntax.Call, signature: Signature, arguments: Arguments
) -> bool:
    for i, argument in enumerate(arguments):
        if signature.parameter(i).constant and not isinstance(argument, plan.Lit):
            check.error(
                "D0304", node.arguments[i].at,
                f"argument {i + 1} of `{node.function.parts[-1]}` must be a constant",
                "known only when a row is read", "write a text or a `$param`",
            )  # fmt: skip
            return False
    return True


def _complain(
    check: Expressions, node: syntax.Call, signatures: list[Signature], arguments: Arguments,
    shapes: str, *, lifts: bool,
) -> None:  # fmt: skip
    """Point at the first argument that no signature takes."""
    wrong = 0
    for i, argument in enumerate(arguments):
        if not any(
            _fits(argument.type, s.parameter(i), lifted=lifts and i == 0) for s in signatures
        ):
            wrong = i
            break
    else:
        wrong = len(arguments) - 1  # each fits alone, they do not fit together
    kind = arguments[wrong].type
    takes = " or ".join(
        dict.fromkeys(
            s.parameter(wrong).text.removeprefix("'").replace("|", " or ") for s in signatures
        )
    )
    name = node.function.parts[-1]
    message = f"argument {wrong + 1} of `{name}` cannot be {named(kind)}"
    if takes in ("T", "list T") and len(arguments) > 1:
        takes = f"the same kind as the others ({named(arguments[0].type)})"
    hint = _WAYS.get((kind.kind, takes), f"it is {shapes}")
    check.error("D0304", node.arguments[wrong].at, message, f"must be {takes}", hint)


_WAYS: Final = {
    ("text", "account"): "`account_of(text)` gives the account of a name",
    ("text", "host or account"): "`host_named(text)` gives the host of a name",
    ("ip", "host or account"): "`host_of(ip)` gives the host of an address",
    ("host", "ip"): "the address is `src_ip`",
    ("int", "duration"): "write a duration with its unit, such as `10m`",
}
