"""Settings of one detection written into the text of a settings file; the rest stays as it is, comments too."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from dsl.diagnostics import Diagnostics
from dsl.source import parse_source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dsl.yaml_data import Plain

_WHOLE: Final = "detections"


def entry_of(text: str, name: str) -> dict[str, Plain]:
    """What a file says of a detection. Raises ValueError where it cannot be read."""
    found = _data(text).get(_WHOLE) or {}
    entry = found.get(name) if isinstance(found, dict) else None
    return dict(entry) if isinstance(entry, dict) else {}


def with_entry(text: str, name: str, entry: Mapping[str, Plain]) -> str:
    """The text with this entry for a detection, on one line; without any where it is empty.

    Raises ValueError where the file is written in another way than a detection a line or a block.
    """
    before = _data(text)
    lines = text.splitlines()
    begin = next((i for i, line in enumerate(lines) if re.match(rf"{_WHOLE}\s*:", line)), None)
    if begin is None:
        lines += [f"{_WHOLE}:"]
        begin = len(lines) - 1
    elif re.fullmatch(rf"{_WHOLE}\s*:\s*(\{{\s*\}})?\s*(#.*)?", lines[begin]):
        lines[begin] = f"{_WHOLE}:"
    at, end, indent = _place(lines, begin, name)
    written = f"{indent}{name}: {json.dumps(dict(entry), ensure_ascii=False)}"
    lines[at:end] = [written] if entry else []
    after = "\n".join(lines) + "\n"
    _prove(before, _data(after), name, entry)
    return after


def _place(lines: list[str], begin: int, name: str) -> tuple[int, int, str]:
    """First line and the one behind the last of an entry, and how far entries are set in."""
    inside = [i for i in range(begin + 1, len(lines)) if lines[i].strip()]
    rest = next((i for i in inside if not lines[i].startswith((" ", "\t", "#"))), len(lines))
    own = [i for i in inside if i < rest and not lines[i].lstrip().startswith("#")]
    indent = re.match(r"\s*", lines[own[0]])[0] if own else "  "  # type: ignore[index]  # it always fits
    entry = re.compile(rf"{indent}[\"']?{re.escape(name)}[\"']?\s*:")
    at = next((i for i in own if entry.match(lines[i])), None)
    if at is None:
        return begin + 1, begin + 1, indent
    deeper = re.compile(rf"{indent}\s")
    end = at + 1
    while end < rest and deeper.match(lines[end]):
        end += 1
    return at, end, indent


def _prove(
    before: Mapping[str, Plain], after: Mapping[str, Plain], name: str, entry: Mapping[str, Plain]
) -> None:
    def rest(data: Mapping[str, Plain]) -> tuple[object, object]:
        others = data.get(_WHOLE) or {}
        kept = others if isinstance(others, dict) else {}
        return (
            {k: v for k, v in data.items() if k != _WHOLE},
            {k: v for k, v in kept.items() if k != name},
        )

    there = after.get(_WHOLE) or {}
    found = there.get(name) if isinstance(there, dict) else None
    if rest(before) != rest(after) or (found or {}) != dict(entry):
        raise ValueError("it is not written a detection a line or a block: change it by hand")


def _data(text: str) -> Mapping[str, Plain]:
    diagnostics = Diagnostics()
    source = parse_source("settings", text, diagnostics) if text.strip() else None
    if diagnostics.errors:
        raise ValueError(diagnostics.errors[0].message)
    data = {} if source is None else source.data
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ValueError("it holds no settings")  # noqa: TRY004 - told to people as the others
    return data
