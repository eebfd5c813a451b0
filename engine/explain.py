"""What an alert says to people: the rule's `explain` template, rendered in a sandbox.

The template may use the variables and filters that `dsl.template` lists and nothing else; values
come from the network, so control and direction characters are taken out of them and the output is
bounded. Knows no store.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from jinja2 import TemplateError
from jinja2.runtime import Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from dsl.template import TESTS
from engine.times import iso

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Template

_MOST_OUTPUT: Final = 4_000
"""Characters of an explanation; what goes beyond is cut."""
_MOST_VALUE: Final = 256
_MOST_PIECES: Final = 20_000
_UNKNOWN: Final = "unknown"
_BLANK: Final = re.compile(r"\s+")
_ODD: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories without a visible form: controls, direction marks, half pairs."""


def clean(text: str) -> str:
    """A value as one line of visible characters, cut to 256."""
    plain = "".join(" " if unicodedata.category(c) in _ODD else c for c in text[: 4 * _MOST_VALUE])
    plain = _BLANK.sub(" ", plain).strip()
    return plain if len(plain) <= _MOST_VALUE else plain[: _MOST_VALUE - 1] + "…"


def explain(template: str, values: Mapping[str, object]) -> str:
    """The explanation of an alert, at most 4,000 characters, blanks joined.

    `values` are the variables: roles, dedup columns and those of `dsl.template.OWN_VARIABLES`. A
    template that fails on these values gives the title, so that no alert is lost over its text.
    """
    pieces: list[str] = []
    size = 0
    try:
        parts = _compiled(template).generate({k: _value(v) for k, v in values.items()})
        for count, piece in enumerate(parts):
            pieces.append(piece)
            size += len(piece)
            if size > _MOST_OUTPUT or count > _MOST_PIECES:
                break
    except (TemplateError, ArithmeticError, TypeError, ValueError, LookupError, AttributeError):
        return str(values.get("title") or "")
    text = _BLANK.sub(" ", "".join(pieces)).strip()
    return text if len(text) <= _MOST_OUTPUT else text[: _MOST_OUTPUT - 1] + "…"


def _value(value: object) -> object:
    """A value as templates see it: texts cleaned, bytes as hex, lists and mappings within."""
    match value:
        case str():
            return clean(value)
        case bytes():
            return value.hex()
        case list() | tuple() | set() | frozenset():
            return [_value(v) for v in value]
        case dict():
            return {str(k): _value(v) for k, v in value.items()}
        case _:
            return value


def _shown(value: object) -> object:
    """What stands in the text where a template prints a value."""
    match value:
        case None | Undefined():
            return _UNKNOWN
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case list():
            return _names(value)
        case _:
            return value


def _items(value: object) -> list[object]:
    if value is None or isinstance(value, Undefined):
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _join(value: object, separator: str = ", ") -> str:
    return str(separator).join(str(_shown(v)) for v in _items(value))


def _length(value: object) -> int:
    return len(value) if isinstance(value, (str, list, dict)) else len(_items(value))


def _first(value: object) -> object:
    return next(iter(_items(value)), None)


def _last(value: object) -> object:
    return next(iter(_items(value)[-1:]), None)


def _sort(value: object) -> list[object]:
    return sorted(_items(value), key=lambda v: (str(type(v)), v if isinstance(v, (int, float)) else 0, str(v).lower()))  # fmt: skip


def _unique(value: object) -> list[object]:
    return list({str(v): v for v in reversed(_items(value))}.values())[::-1]


def _default(value: object, other: object = "", boolean: object = False) -> object:
    missing = value is None or isinstance(value, Undefined) or (bool(boolean) and not value)
    return other if missing else value


def _round(value: object, digits: int = 0) -> object:
    if not isinstance(value, (int, float)):
        return value
    rounded = round(value, max(0, min(digits, 9)))
    return int(rounded) if digits <= 0 else rounded


def _truncate(value: object, length: int = 80) -> str:
    text = str(_shown(value))
    return text if len(text) <= length else text[: max(0, length - 1)] + "…"


def _int(value: object) -> int:
    return int(value) if isinstance(value, (int, float, str)) else 0


def _time(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    return iso(value)[:19].replace("T", " ") + " UTC"


def _duration(value: object) -> object:
    """The two greatest units: `3 d 4 h`, `2 h 5 min`, `12 s`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    left = abs(int(value)) // 1_000_000
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        if left >= size:
            parts.append(f"{left // size} {unit}")
            left %= size
    if not parts:
        return f"{int(value) // 1_000} ms" if value else "0 s"
    return ("-" if value < 0 else "") + " ".join(parts[:2])


def _names(value: object, most: int = 5) -> str:
    items = [str(_shown(v)) for v in _items(value)]
    if not items:
        return "none"
    if len(items) > most:
        return f"{', '.join(items[:most])} and {len(items) - most} more"
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def _plural(value: object) -> str:
    number = value if isinstance(value, (int, float)) else _length(value)
    return "" if number == 1 else "s"


def _upper(value: object) -> str:
    return str(_shown(value)).upper()


def _lower(value: object) -> str:
    return str(_shown(value)).lower()


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(finalize=_shown)
    environment.globals.clear()
    environment.filters = {
        "join": _join, "length": _length, "first": _first, "last": _last, "sort": _sort,
        "unique": _unique, "upper": _upper, "lower": _lower, "default": _default,
        "round": _round, "truncate": _truncate, "int": _int, "time": _time,
        "duration": _duration, "names": _names, "plural": _plural,
    }  # fmt: skip
    environment.tests = {name: environment.tests[name] for name in TESTS}
    return environment


_ENVIRONMENT: Final = _environment()


@lru_cache(maxsize=1024)
def _compiled(template: str) -> Template:
    return _ENVIRONMENT.from_string(template)
