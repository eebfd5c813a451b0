"""Catalogues as translators keep them (GNU gettext's PO): read as they lie, so nothing is compiled.

Of the format what Babel writes: `msgid`, `msgid_plural`, `msgstr`, `msgstr[n]`, texts over several
lines, comments. Plurals are those of English and German: one, and any other number.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LINE: Final = re.compile(r'(?:(msgid_plural|msgid|msgstr(?:\[[01]\])?)\s+)?(".*")$')


class Catalogue:
    """Texts by their English; what is not there stays English."""

    def __init__(self, texts: Mapping[str, tuple[str, ...]]) -> None:
        self.texts = texts

    def gettext(self, message: str) -> str:
        """A text."""
        found = self.texts.get(message)
        return found[0] if found else message

    def ngettext(self, one: str, many: str, number: int) -> str:
        """A text that depends on a number."""
        found = self.texts.get(one, ())
        return (found if len(found) == 2 else (one, many))[number != 1]


def read_po(path: Path) -> Catalogue:
    """A file. Raises ValueError where a line is none of PO, OSError."""
    texts: dict[str, tuple[str, ...]] = {}
    entry: dict[str, str] = {}
    key = ""
    for number, line in enumerate([*path.read_text(encoding="utf-8").splitlines(), ""], 1):
        if line.startswith("#"):
            continue
        if not line.strip():
            _add(texts, entry)
            entry = {}
            continue
        found = _LINE.match(line)
        if found is None:
            raise ValueError(f"{path.name}:{number}: no line of a catalogue")
        key = found[1] or key
        entry[key] = entry.get(key, "") + json.loads(found[2])
    return Catalogue(texts)


def _add(texts: dict[str, tuple[str, ...]], entry: Mapping[str, str]) -> None:
    several = (entry.get("msgstr[0]", ""), entry.get("msgstr[1]", ""))
    found = (entry["msgstr"],) if "msgstr" in entry else several
    if entry.get("msgid") and all(found):
        texts[entry["msgid"]] = found
