"""Parameters of a detection: typed values behind `$name`, with default, bounds and sensitivities.

High sensitivity finds most, low tells least; the default is the value of `medium` unless that is
given.
An installation may set a value or one of the sensitivities `high`, `medium`, `low`; whoever takes a
value from outside reads it with `Param.read`. Durations are microseconds.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from dsl.durations import format_duration, parse_duration

if TYPE_CHECKING:
    from dsl.record import Record
    from dsl.yaml_data import Plain

ParamType = Literal["int", "float", "duration", "text", "bool"]
ParamValue = int | float | str | bool
Sensitivity = Literal["high", "medium", "low"]
TYPES: Final[tuple[ParamType, ...]] = ("int", "float", "duration", "text", "bool")
SENSITIVITIES: Final[tuple[Sensitivity, ...]] = ("high", "medium", "low")
_NAME: Final = re.compile(r"[a-z_][a-z0-9_]*")
_SORT: Final[dict[ParamType, str]] = {
    "int": "a whole number", "float": "a number", "duration": "a duration such as `10m`",
    "text": "a text", "bool": "true or false",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Param:
    """`min` and `max` are inclusive; `levels` holds the values of some of the sensitivities."""

    name: str
    type: ParamType
    default: ParamValue
    help: str
    min: int | float | None = None
    max: int | float | None = None
    levels: tuple[tuple[Sensitivity, ParamValue], ...] = ()

    def read(self, value: Plain) -> tuple[ParamValue | None, str]:
        """The typed value and "", or None and why it is refused."""
        typed = read_value(self.type, value)
        if typed is None:
            return None, f"`{value}` is not {_SORT[self.type]}"
        if not isinstance(typed, (str, bool)):
            if self.min is not None and typed < self.min:
                return None, f"`{value}` is less than the least, {self.show(self.min)}"
            if self.max is not None and typed > self.max:
                return None, f"`{value}` is more than the most, {self.show(self.max)}"
        return typed, ""

    def read_text(self, text: str) -> tuple[ParamValue | None, str]:
        """As `read`, of a value typed at a command line."""
        plain: Plain = text
        if self.type == "bool":
            plain = {"true": True, "false": False}.get(text, text)
        elif self.type in {"int", "float"}:
            number = float if self.type == "float" else int
            with contextlib.suppress(ValueError):
                plain = number(text)
        return self.read(plain)

    def show(self, value: ParamValue) -> str:
        """A value as an author writes it."""
        if isinstance(value, bool):
            return str(value).lower()
        if self.type == "duration" and isinstance(value, int):
            return format_duration(value)
        return str(value)

    def at(self, sensitivity: Sensitivity) -> ParamValue:
        """The value at a sensitivity; the default where none is given."""
        return dict(self.levels).get(sensitivity, self.default)


def read_value(kind: ParamType, value: Plain) -> ParamValue | None:
    """The value as its type, None where it is not of the type."""
    if isinstance(value, bool) or kind == "bool":
        return value if isinstance(value, bool) and kind == "bool" else None
    if kind == "duration":
        return parse_duration(value) if isinstance(value, str) else None
    if kind == "text":
        return value if isinstance(value, str) else None
    if kind == "int":
        return value if isinstance(value, int) else None
    return float(value) if isinstance(value, (int, float)) else None


def read_params(detection: Record) -> dict[str, Param]:
    """The `params` of an envelope; faulty ones are left out and reported."""
    params: dict[str, Param] = {}
    whole = detection.record("params", "`params`")
    for name in whole.data if whole else ():
        entry = whole.record(name, f"parameter `{name}`") if whole else None
        if whole and not _NAME.fullmatch(name):
            hint = "write it in small letters, digits and `_`"
            whole.add("D0611", f"`{name}` is no name for a parameter", name, key=True, hint=hint)
        elif entry:
            param = _read_param(name, entry)
            if param:
                params[name] = param
    return params


def _read_param(name: str, entry: Record) -> Param | None:
    word = entry.word("type", TYPES, required=True)
    help_line = entry.text("help", required=True)
    if "default" not in entry:
        entry.text("default", required=True)
    raw = {key: entry.raw(key) for key in ("default", "min", "max", *SENSITIVITIES)}
    entry.finish()
    kind = next((t for t in TYPES if t == word), None)
    if kind is None or raw["default"] is None:
        return None
    bounds: dict[str, int | float | None] = {"min": None, "max": None}
    for key in bounds:
        value = read_value(kind, raw[key])
        if raw[key] is None:
            continue
        if kind in {"text", "bool"}:
            entry.add("D0611", f"a parameter of type `{kind}` has no `{key}`", key, key=True)
        elif value is None or isinstance(value, str):
            entry.add("D0611", f"`{key}` is not {_SORT[kind]}", key)
        else:
            bounds[key] = value
    low, high = bounds["min"], bounds["max"]
    if low is not None and high is not None and low > high:
        entry.add("D0611", "`min` is more than `max`", "min")
    bare = Param(name, kind, 0, help_line or "", low, high)
    typed: dict[str, ParamValue] = {}
    for key in ("default", *SENSITIVITIES):
        if raw[key] is None:
            continue
        value, refusal = bare.read(raw[key])
        if value is None:
            entry.add("D0611", refusal, key)
        else:
            typed[key] = value
    if "default" not in typed:
        return None
    _check_order(entry, typed)
    levels = tuple((s, typed[s]) for s in SENSITIVITIES if s in typed)
    return Param(name, kind, typed["default"], help_line or "", low, high, levels)


def _check_order(entry: Record, typed: dict[str, ParamValue]) -> None:
    """Medium lies between high and low: a sensitivity turned up must not turn a threshold back."""
    high, low = (typed.get(s, typed["default"]) for s in ("high", "low"))
    medium = typed.get("medium", typed["default"])
    if isinstance(high, str) or isinstance(low, str) or isinstance(medium, str):
        return
    if not (high <= medium <= low or low <= medium <= high):
        name = "medium" if "medium" in typed else "default"
        hint = "high sensitivity finds most, low tells least"
        entry.add("D0611", f"`{name}` does not lie between `high` and `low`", name, hint=hint)
