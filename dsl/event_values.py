"""YAML values -> values of event fields, by the schema's kinds.

Times are offsets from the test's base (`-2h`), durations `10m`; bytes hexadecimal; addresses, SIDs
and GUIDs are checked; words of a closed enum must exist, an open one also takes `word_123`.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final

from dsl.durations import parse_duration
from dsl.faults import did_you_mean
from dsl.record import sort_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsl.schema.base import Field, KindName
    from dsl.yaml_data import Plain

Value = str | int | bool | bytes | dict[str, str] | None
_SID: Final = re.compile(r"S-1(?:-\d+){1,16}")
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_OPEN_WORD: Final = re.compile(r"[a-z][a-z0-9_]*_\d+")
_WANTED: Final[dict[KindName, str]] = {
    "time": "a time relative to the test's begin, such as `-2h`", "duration": "a duration such as `10m`",
    "int": "a whole number", "bool": "true or false", "enum": "a word", "ip": "an address",
    "sid": "a SID such as `S-1-5-21-1-2-3-500`", "bytes": "hexadecimal digits in quotes",
    "map": "a mapping of names to texts",
    "guid": "a GUID such as `6bd0f4a2-0c1f-4d39-8d7e-0a6a5b1f3c11`",
}  # fmt: skip


class BadValueError(Exception):
    """A value is not of its field's kind; `code`, message and hint for the diagnostic."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


def read_field(field: Field, value: Plain, base: int, *, many: bool) -> Value | list[Value]:
    """The value of one field; `base` is the test's begin in microseconds.

    Raises BadValueError.
    """
    if value is None:
        return None
    if many:
        if not isinstance(value, list):
            raise BadValueError(
                "D0703", f"{sort_of(value)} where a list belongs", f"write `[{value}]`"
            )
        return [_one(field, item, base) for item in value]
    return _one(field, value, base)


def _one(field: Field, value: Plain, base: int) -> Value:
    if field.kind == "enum":
        return _word(field, value)
    typed = _READERS.get(field.kind, _text)(value, base)
    if typed is not None:
        return typed
    wanted = _WANTED.get(field.kind, "a text")
    if field.kind == "map" and isinstance(value, dict):
        hint = "put numbers in quotes"
        raise BadValueError("D0703", "a value by name is not a text", hint)
    if isinstance(value, (list, dict)) or value is None:
        raise BadValueError("D0703", f"{sort_of(value)} where {wanted} belongs")
    quotes = field.kind not in _WANTED and isinstance(value, (int, float))
    hint = f'write it in quotes: `"{value}"`' if quotes else ""
    raise BadValueError("D0703", f"`{value}` is not {wanted}", hint)


def _word(field: Field, value: Plain) -> str:
    words = field.words
    if isinstance(value, str) and (
        value in words or (field.open_words and _OPEN_WORD.fullmatch(value))
    ):
        return value
    shown = ", ".join(f"`{w}`" for w in words[:12]) + (", …" if len(words) > 12 else "")
    hint = did_you_mean(str(value), words) or f"words are {shown}"
    raise BadValueError("D0704", f"the word `{value}` does not exist", hint)


def _text(value: Plain, _base: int) -> Value:
    return value if isinstance(value, str) else None


def _int(value: Plain, _base: int) -> Value:
    if isinstance(value, str) and re.fullmatch(r"-?\d+", value):
        return int(value)  # what a template such as "{{i}}" gave
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _bool(value: Plain, _base: int) -> Value:
    return value if isinstance(value, bool) else None


def _time(value: Plain, base: int) -> Value:
    offset = _duration(value, base)
    return base + offset if isinstance(offset, int) else None


def _duration(value: Plain, _base: int) -> Value:
    if value == 0 and not isinstance(value, bool):
        return 0
    return parse_duration(value) if isinstance(value, str) else None


def _ip(value: Plain, _base: int) -> Value:
    try:
        return str(ipaddress.ip_address(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _bytes(value: Plain, _base: int) -> Value:
    try:
        return bytes.fromhex(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _map(value: Plain, _base: int) -> Value:
    if not isinstance(value, dict):
        return None
    texts = {name: item for name, item in value.items() if isinstance(item, str)}
    return texts if len(texts) == len(value) else None


def _pattern(pattern: re.Pattern[str]) -> Callable[[Plain, int], Value]:
    return lambda value, _base: (
        value if isinstance(value, str) and pattern.fullmatch(value) else None
    )


_READERS: Final[dict[KindName, Callable[[Plain, int], Value]]] = {
    "int": _int,
    "bool": _bool,
    "time": _time,
    "duration": _duration,
    "ip": _ip,
    "bytes": _bytes,
    "map": _map,
    "sid": _pattern(_SID),
    "guid": _pattern(_GUID),
}
