"""Lists held against the day and against the detections that they exclude from.

An expired entry is a warning: it no longer counts, which somebody should know. Knows no clock: the
caller says what time it is.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dsl.diagnostics import Diagnostic
from dsl.faults import did_you_mean
from dsl.syntax import Alert

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dsl.catalogue import Detection, ListEntry, ListFile

__all__ = ["check_list", "roles_of"]


def check_list(
    file: ListFile, detections: Mapping[str, Detection], now: int
) -> Iterator[Diagnostic]:
    """What is wrong with the entries of a list at `now`, microseconds since 1970."""
    for entry in file.entries:
        if entry.expires is not None and entry.expires <= now:
            day = datetime.fromtimestamp(entry.expires // 1_000_000, UTC).date().isoformat()
            message = f"`{entry.value}` has not counted since {day}"
            hint = f"remove it, or ask {entry.owner}: {entry.reason}"
            yield Diagnostic(
                "D0802", message, file.source.file, entry.span, hint=hint, severity="warning"
            )
        if entry.roles:
            yield from _check_roles(file, entry, detections)


def roles_of(detection: Detection) -> list[str]:
    """The roles of a detection's alerts, in order."""
    alerts = [s for s in detection.block.statements if isinstance(s, Alert)]
    return list(dict.fromkeys(b.role for alert in alerts for b in alert.bindings))


def _check_roles(
    file: ListFile, entry: ListEntry, detections: Mapping[str, Detection]
) -> Iterator[Diagnostic]:
    detection = detections.get(file.name)
    if detection is None:
        if detections:
            message = f"`roles` in a list that is no detection's own: there is no `{file.name}`"
            hint = did_you_mean(file.name, detections) or "a shared list has entries with `value`"
            yield Diagnostic("D0803", message, file.source.file, entry.span, hint=hint)
        return
    known = roles_of(detection)
    for role, _ in entry.roles:
        if role not in known:
            hint = did_you_mean(role, known) or f"its roles are {', '.join(known)}"
            message = f"the alerts of `{file.name}` have no role `{role}`"
            yield Diagnostic("D0803", message, file.source.file, entry.span, hint=hint)
