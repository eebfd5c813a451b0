"""Functions of values alone: lists, numbers, time, encryption types, bytes, distance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from dsl import plan
from dsl.types import Type
from engine.backends.duckdb.directory import unless_null
from engine.backends.duckdb.terms import (
    array,
    binary,
    call,
    cast,
    each,
    element,
    equal,
    largest,
    minus,
    not_null,
    number,
    plus,
    real,
    smallest,
    text,
    when,
)
from engine.backends.unsupported import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.backends.duckdb.scope import Scope

    Lowering = Callable[[plan.Call, list[exp.Expr], Scope], exp.Expr]

_STRENGTH: Final = (
    ("aes256", "aes256_sha384", "camellia256"),
    ("aes128", "aes128_sha256", "camellia128"),
    ("rc4_hmac", "rc4_hmac_exp", "rc4_hmac_old", "rc4_hmac_old_exp", "rc4_md4"),
    ("des3_cbc_sha1", "des3_cbc_md5", "des3_cbc_sha1_old"),
    ("des_cbc_md5", "des_cbc_md4", "des_cbc_crc"),
)
"""Encryption types, strongest first (RFC 8429 §5; 3DES and single DES are both below RC4 here,
because no domain controller issues them)."""

TEXT: Final = Type("text")
_HOUR: Final = 3_600_000_000
_EARTH_KM: Final = 6371.0088
"""Mean radius of the earth (IUGG)."""


def _len(call_: plan.Call, a: list[exp.Expr], _: Scope) -> exp.Expr:
    size = call("len", a[0])
    return call("coalesce", size, number(0)) if call_.arguments[0].type.many else size


def _kept(a: list[exp.Expr], *, inside: bool) -> exp.Expr:
    if a[1].find(exp.Select):
        raise Unsupported("`minus` or `overlap` with a list that is itself looked up")
    found = call("list_contains", a[1], element("e"))
    kept = call("list_filter", a[0], each("e", found if inside else exp.Not(this=found)))
    return unless_null(a, kept)


def _minus(_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
    return _kept(a, inside=False)


def _overlap(_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
    return _kept(a, inside=True)


def _compact(_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
    return call("list_filter", a[0], each("e", not_null(element("e"))))


def _coalesce(_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
    return call("coalesce", *a)


def _abs(_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
    return call("abs", a[0])


def _least(_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
    return unless_null(a, smallest(*a))


def _greatest(_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
    return unless_null(a, largest(*a))


def _is_zero(_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
    left = call("ltrim", call("hex", a[0]), text("0"))
    return call("coalesce", equal(left, text("")), exp.false())


def _hours(_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
    return binary(exp.Div, a[0], real(float(_HOUR)))


def _hour(_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
    if len(a) == 2:
        return call("atp_hour", *a)
    return binary(exp.Mod, _floor_div(a[0], _HOUR), number(24))


def _weekday(_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
    if len(a) == 2:
        return call("atp_weekday", *a)
    # day 0 of the epoch was a Thursday
    days = plus(_floor_div(a[0], 24 * _HOUR), number(3))
    return plus(binary(exp.Mod, days, number(7)), number(1))


def _routine(name: str) -> Lowering:
    return lambda _, a, __: call(name, *a)


def _calendar(part: str) -> Lowering:
    def lowering(_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
        zone = a[1] if len(a) > 1 else text("UTC")
        return call("atp_calendar", a[0], zone, text(part))

    return lowering


def _floor_div(value: exp.Expr, divisor: int) -> exp.Expr:
    return binary(exp.IntDiv, value, number(divisor))


def _weaker(_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
    return binary(exp.GT, _weakness(a[0]), _weakness(a[1]))


def _weakness(value: exp.Expr) -> exp.Expr:
    return exp.Case(
        ifs=[
            exp.If(
                this=exp.In(this=value.copy(), expressions=[text(w) for w in words]),
                true=number(rank),
            )
            for rank, words in enumerate(_STRENGTH)
        ]
    )


def _strongest(_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
    ordered = array([text(w) for words in _STRENGTH for w in words], "VARCHAR")
    present = each("e", call("list_contains", a[0], element("e")))
    return call("list_extract", call("list_filter", ordered, present), number(1))


def _distance_km(_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
    """Haversine; null where a text is no `lat,lon`."""
    (lat1, lon1), (lat2, lon2) = (_radians(p) for p in a)

    def half_chord(x: exp.Expr, y: exp.Expr) -> exp.Expr:
        half = binary(exp.Div, minus(x.copy(), y.copy()), number(2))
        return call("power", call("sin", half), number(2))

    across = binary(
        exp.Mul, binary(exp.Mul, call("cos", lat1), call("cos", lat2)), half_chord(lon1, lon2)
    )
    inside = plus(half_chord(lat1, lat2), across)
    # rounding must not lead out of the domain of asin
    inside = when(binary(exp.GT, inside, real(1.0)), real(1.0), inside.copy())
    return binary(exp.Mul, real(2 * _EARTH_KM), call("asin", call("sqrt", inside)))


def _radians(place: exp.Expr) -> tuple[exp.Expr, exp.Expr]:
    def part(position: int) -> exp.Expr:
        written = call("split_part", place.copy(), text(","), number(position))
        plain = exp.TryCast(this=written, to=exp.DataType.build("DOUBLE", dialect="duckdb"))
        finite = when(binary(exp.LTE, call("abs", plain), real(180.0)), plain.copy())
        return call("radians", finite)

    return part(1), part(2)


def _item(_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
    return call("map_extract_value", *a)


def _lower(call_: plan.Call, a: list[exp.Expr], _: Scope) -> exp.Expr:
    if not call_.arguments[0].type.many:
        return call("lower", a[0])
    return call("list_transform", a[0], each("e", call("lower", element("e"))))


def _number(_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
    """Only what looks like one: DuckDB also reads `1e9`, `nan` and blanks."""
    decimal = call("regexp_full_match", a[0], text(r"[+-]?\d{1,300}(\.\d{1,300})?"))
    hexadecimal = call("regexp_full_match", a[0].copy(), text("0[xX][0-9a-fA-F]{1,15}"))
    return exp.Case(
        ifs=[
            exp.If(this=decimal, true=cast(a[0].copy(), "DOUBLE")),
            exp.If(this=hexadecimal, true=cast(cast(a[0].copy(), "BIGINT"), "DOUBLE")),
        ]
    )


def _texts(call_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
    """One list of the single values and the values by name; DuckDB's `||` takes nulls as empty."""
    singles, lists = [], []
    for argument, value in zip(call_.arguments, a, strict=True):
        if argument.type.kind == "map":
            lists.append(call("map_values", value))
        else:
            singles.append(_text(plan.Call("text", (argument,), TEXT), [value], scope))
    parts = ([array(singles, "VARCHAR")] if singles else []) + lists
    whole = call("list_concat", *parts) if len(parts) > 1 else parts[0]
    kept = call("list_filter", whole, each("e", not_null(element("e"))))
    return call("coalesce", kept, array([], "VARCHAR"))


def _text(call_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
    kind = call_.arguments[0].type
    if kind.kind == "ip":
        plain = call("list_transform", a[0], each("e", call("atp_ip_text", element("e"))))
        if not kind.many:
            return call("atp_ip_text", a[0])
        return call("array_to_string", plain, text(","))
    if kind.kind == "bytes" and not kind.many:
        return call("lower", call("hex", a[0]))
    if not kind.many:
        return cast(a[0], "VARCHAR")
    return call("array_to_string", cast(a[0], "VARCHAR[]"), text(","))


LOWERED: Final[dict[str, Lowering]] = {
    "len": _len,
    "minus": _minus,
    "compact": _compact,
    "overlap": _overlap,
    "coalesce": _coalesce,
    "abs": _abs,
    "least": _least,
    "greatest": _greatest,
    "is_zero": _is_zero,
    "hours": _hours,
    "hour": _hour,
    "weekday": _weekday,
    "weaker": _weaker,
    "strongest": _strongest,
    "distance_km": _distance_km,
    "text": _text,
    "item": _item,
    "lower": _lower,
    "number": _number,
    "texts": _texts,
    "address_of": _routine("atp_address"),
    "time_of": _routine("atp_time_of"),
    **{part: _calendar(part) for part in ("minute", "day", "week", "month", "year")},
}
