"""Reading a mapping of a YAML file key by key, with types, bounds and good complaints.

A `Record` gives every value its type or a diagnostic at its place; `finish` names the keys that
nobody asked for. Knows no envelope.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.diagnostics import Diagnostic, Diagnostics, Span
from dsl.durations import parse_duration
from dsl.faults import did_you_mean
from dsl.source import parse_source, read_text, shown_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from dsl.diagnostics import Severity
    from dsl.source import Source
    from dsl.yaml_data import Place, Plain


def read_record(
    path: Path, name: str, diagnostics: Diagnostics, root: Path | None = None
) -> Record | None:
    """The mapping that a file is; None and diagnostics where it is none. Shown relative to `root`."""
    shown = shown_name(path, root)
    text = read_text(path, shown, diagnostics)
    return None if text is None else parse_record(shown, text, name, diagnostics)


def parse_record(file: str, text: str, name: str, diagnostics: Diagnostics) -> Record | None:
    """The mapping that a file's text is; None and diagnostics where it is none."""
    source = parse_source(file, text, diagnostics)
    if source is None or not isinstance(source.data, dict):
        return None
    return Record(source, (), source.data, diagnostics, name)


def sort_of(value: Plain) -> str:
    """What a YAML value is, for people."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case dict():
            return "a mapping"


class Record:
    """One mapping at a place of a source, being read.

    `name` is what messages call it: `the detection`, `the test`. A getter returns None (or an
    empty tuple) where the key is absent or its value was refused.
    """

    def __init__(
        self,
        source: Source,
        place: Place,
        data: dict[str, Plain],
        diagnostics: Diagnostics,
        name: str,
    ) -> None:
        self.source = source
        self.place = place
        self.data = data
        self.diagnostics = diagnostics
        self.name = name
        self._asked: list[str] = []

    def __contains__(self, key: str) -> bool:
        return key in self.data

    def add(
        self, code: str, message: str, *place: str | int, hint: str = "", label: str = "",
        key: bool = False, severity: Severity = "error",
    ) -> None:  # fmt: skip
        """A diagnostic at the value of a place below this mapping, or at its key."""
        at = (*self.place, *place)
        span: Span = self.source.key(*at) if key else self.source.place(*at)
        self.diagnostics.add(
            Diagnostic(code, message, self.source.file, span, label, hint, severity=severity)
        )

    def raw(self, key: str) -> Plain:
        """The value as it stands, for readers of their own."""
        self._asked.append(key)
        return self.data.get(key)

    def text(self, key: str, *, required: bool = False) -> str | None:
        """A non-empty text; numbers are refused, so that `1.0` must be quoted."""
        value = self._value(key, required=required)
        if value is None:
            return None
        if isinstance(value, str) and value.strip():
            return value
        self._refuse(key, value, "a text")
        return None

    def number(
        self,
        key: str,
        low: float | None = None,
        high: float | None = None,
        *,
        required: bool = False,
    ) -> int | None:
        """A whole number within bounds."""
        value = self._value(key, required=required)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            self._refuse(key, value, "a whole number")
            return None
        if (low is not None and value < low) or (high is not None and value > high):
            bounds = f"{low} to {high}" if high is not None else f"{low} or more"
            self.add("D0607", f"`{key}` is {value}, allowed is {bounds}", key)
            return None
        return value

    def flag(self, key: str) -> bool | None:
        value = self._value(key)
        if value is None or isinstance(value, bool):
            return value
        self._refuse(key, value, "true or false")
        return None

    def word(self, key: str, words: Sequence[str], *, required: bool = False) -> str | None:
        """One of the words."""
        value = self._value(key, required=required)
        if value is None:
            return None
        if isinstance(value, str) and value in words:
            return value
        known = ", ".join(f"`{w}`" for w in words)
        hint = did_you_mean(str(value), words) or f"one of {known}"
        self.add("D0607", f"`{key}` cannot be `{value}`", key, hint=hint)
        return None

    def texts(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        """A list of texts; one text stands for a list of one."""
        value = self._value(key, required=required)
        if value is None:
            return ()
        items = value if isinstance(value, list) else [value]
        found = []
        for i, item in enumerate(items):
            if isinstance(item, str) and item.strip():
                found.append(item)
            else:
                place = (key, i) if isinstance(value, list) else (key,)
                self._refuse_at(place, f"`{key}`", item, "a list of texts")
        return tuple(found)

    def duration(self, key: str) -> int | None:
        """`10m`, `-6m`, in microseconds."""
        value = self._value(key)
        if value is None:
            return None
        size = parse_duration(value) if isinstance(value, str) else 0 if value == 0 else None
        if size is None:
            hint = "write a number and a unit `ms`, `s`, `m`, `h` or `d`: `10m`"
            self.add("D0606", f"`{value}` is no duration", key, hint=hint)
        return size

    def record(self, key: str, name: str) -> Record | None:
        """A mapping below this one."""
        value = self._value(key)
        if value is None:
            return None
        if isinstance(value, dict):
            return Record(self.source, (*self.place, key), value, self.diagnostics, name)
        self._refuse(key, value, "a mapping")
        return None

    def records(self, key: str, name: str) -> Iterator[Record]:
        """The mappings of a list below this one; what is no mapping is refused."""
        value = self._value(key)
        if value is None:
            return
        if not isinstance(value, list):
            self._refuse(key, value, "a list")
            return
        for i, item in enumerate(value):
            if isinstance(item, dict):
                place = (*self.place, key, i)
                yield Record(self.source, place, item, self.diagnostics, name)
            else:
                self._refuse_at((key, i), name, item, "a mapping")

    def finish(self, known: Iterable[str] = ()) -> None:
        """Name the keys that no one asked for."""
        words = [*dict.fromkeys([*self._asked, *known])]
        for key in self.data:
            if key not in words:
                hint = did_you_mean(key, words) or "known are " + ", ".join(f"`{w}`" for w in words)
                if " " in key and self.data[key] is None:
                    hint = "in `{…}` a comma ends a value: put the text before it in quotes"
                self.add("D0604", f"{self.name} has no key `{key}`", key, hint=hint, key=True)

    def _value(self, key: str, *, required: bool = False) -> Plain:
        self._asked.append(key)
        value = self.data.get(key)
        if value is None and required:
            if key in self.data:
                self.add("D0605", f"the key `{key}` has no value", key, key=True)
            else:
                self.add(
                    "D0605", f"{self.name} has no key `{key}`", hint=f"add `{key}: …`", key=True
                )
        return value

    def _refuse(self, key: str, value: Plain, wanted: str) -> None:
        self._refuse_at((key,), f"`{key}`", value, wanted)

    def _refuse_at(self, place: Place, name: str, value: Plain, wanted: str) -> None:
        hint = "put it in quotes" if wanted == "a text" and isinstance(value, (int, float)) else ""
        self.add("D0606", f"{name} is {sort_of(value)} where {wanted} belongs", *place, hint=hint)
