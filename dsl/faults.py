"""A fault in a `detect` block, placed by offsets into the block's text.

Parser and checker find faults knowing only the block; `dsl.source` turns a fault into a
`Diagnostic` with the place in the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dsl.diagnostics import Severity
    from dsl.syntax import At

_EXACT: Final = re.compile(r"did you mean `([^`]+)`\?|it belongs to a step: write `([^`]+)`")


@dataclass(frozen=True, slots=True)
class Fault:
    """Like `Diagnostic`, but `at` is a range of offsets in the block."""

    code: str
    message: str
    at: At
    label: str = ""
    hint: str = ""
    notes: tuple[str, ...] = ()
    severity: Severity = "error"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word an author most likely meant, if one is near."""
    by_fold = {k.casefold(): k for k in known}
    close = get_close_matches(word.casefold(), by_fold, n=1, cutoff=0.6)
    return by_fold[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The hint for a word that does not exist; empty where nothing is near."""
    close = nearest(word, known)
    return f"did you mean `{close}`?" if close else ""


def replacement(hint: str) -> str | None:
    """What a hint says to write instead of the marked text, where it names just that."""
    found = _EXACT.fullmatch(hint)
    return (found[1] or found[2]) if found else None
