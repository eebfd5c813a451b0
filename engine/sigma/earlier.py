"""What an earlier import left in a folder: files by the detection's name, and whose they are.

A rule that has moved to another tactic, or is imported from another copy of its source, replaces
its file; another rule of the same name does not. Knows `origin`, which `detection` writes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from pathlib import Path

_ORIGIN: Final = re.compile(r"^origin:\n(?:[ ].*\n)+", re.MULTILINE)
_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Earlier:
    """A file of an earlier import: where it is, the rule's id ("" without one), the rule's file."""

    path: Path
    rule: str
    source: str

    def is_of(self, rule: str, source: str) -> bool:
        """Whether the file is of the rule with this id, or of this file."""
        return not (self.rule and rule) or self.rule == rule or self.source == source


def earlier(folder: Path, begin: str) -> dict[str, list[Earlier]]:
    """The imported files below a folder whose names have a begin, by their names."""
    found: dict[str, list[Earlier]] = {}
    for path in sorted(folder.rglob(f"{begin}*.yaml")):
        origin = _origin(path)
        if origin.get("format") == "sigma":
            one = Earlier(path, str(origin.get("rule", "")), str(origin.get("path", "")))
            found.setdefault(path.stem, []).append(one)
    return found


def _origin(path: Path) -> dict[str, Any]:
    try:
        block = _ORIGIN.search(path.read_text(encoding="utf-8"))
        if block is None:
            return {}
        keys = yaml.load(block[0], Loader=_Loader)["origin"]  # noqa: S506 - it is a safe one
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return keys if isinstance(keys, dict) else {}
