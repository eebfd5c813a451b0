"""Zeek's TSV logs, and the events of the capture they belong to."""

from __future__ import annotations

import re
from pathlib import Path

from sensor.inputs.captures import read_capture

_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|(\\))")


def unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else "\\", text)


def rows(path: Path) -> list[dict[str, str | None]]:
    """Rows by field name; `-` is None. Baselines may lack the comment lines."""
    names: list[str] = []
    found = []
    for line in path.read_text().splitlines():
        if line.startswith("#fields"):
            names = line.split("\t")[1:]
        elif line.startswith("#") or not line:
            continue
        elif not names:
            names = line.split("\t")
        else:
            cells = (None if cell == "-" else unescaped(cell) for cell in line.split("\t"))
            found.append(dict(zip(names, cells, strict=True)))
    return found


def events(capture: Path, *kinds: str):
    """Events of these classes, in order of time; no decoder may have failed."""
    heard = []
    summary = read_capture(capture, heard.append)
    assert summary.fault is None
    return sorted((e for e in heard if type(e).__name__ in kinds), key=lambda e: (e.ts, e.seq))


def ends(row) -> tuple[str, int]:
    return row["id.orig_h"], int(row["id.orig_p"])
