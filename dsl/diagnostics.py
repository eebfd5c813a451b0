"""The one type for everything a person can get wrong: rule, envelope, list, template, test, config.

Checks collect diagnostics; only the command line decides to stop. Codes are stable and grouped by
phase: D01 syntax, D02 names, D03 types, D04 unsupported, D05 template, D06 metadata, D07 tests,
D08 upkeep.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Span:
    """Where in a file: 1-based line and column of the first character, and the length marked."""

    line: int
    column: int
    length: int = 1


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault, with its place and the way out.

    `message` says what is wrong in lower case, without full stop, the author's words in backticks;
    `label` stands at the caret; `hint` is an action. No parser-terminal name ever appears.
    """

    code: str
    message: str
    file: str
    span: Span | None = None
    label: str = ""
    hint: str = ""
    notes: tuple[str, ...] = ()
    severity: Severity = "error"


@dataclass(slots=True)
class Diagnostics:
    """A collecting list of diagnostics, with a limit so that one slip does not bury the rest."""

    items: list[Diagnostic] = field(default_factory=list)

    def add(self, diagnostic: Diagnostic) -> None:
        """Keep a diagnostic unless the same code already stands at the same place."""
        if not any(
            (d.code, d.file, d.span) == (diagnostic.code, diagnostic.file, diagnostic.span)
            for d in self.items
        ):
            self.items.append(diagnostic)

    @property
    def errors(self) -> list[Diagnostic]:
        """Those that forbid the rule to run."""
        return [d for d in self.items if d.severity == "error"]
