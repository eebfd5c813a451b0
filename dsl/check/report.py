"""Faults found while a block is checked, in one place, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.faults import Fault

if TYPE_CHECKING:
    from dsl.check.scope import Scope
    from dsl.diagnostics import Severity
    from dsl.syntax import At, Path
    from dsl.types import Type


class Report:
    """Collects the faults of one block."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    @property
    def failed(self) -> bool:
        return any(f.severity == "error" for f in self.faults)

    def error(
        self,
        code: str,
        at: At,
        message: str,
        label: str = "",
        hint: str = "",
        severity: Severity = "error",
    ) -> None:
        """Add a fault, unless one of the same code stands at the same place."""
        if not any((f.code, f.at) == (code, at) for f in self.faults):
            self.faults.append(Fault(code, message, at, label, hint, (), severity))

    def warning(self, code: str, at: At, message: str, label: str = "", hint: str = "") -> None:
        """Add a fault that does not forbid the rule to run."""
        self.error(code, at, message, label, hint, "warning")

    def reads(self, path: Path, scope: Scope, expected: Type | None) -> None:
        """A name stands where a column of `scope` may be read; for those who watch the checker."""
