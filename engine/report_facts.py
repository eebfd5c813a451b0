"""The facts of reports, asked of a database and its desk.

For one thread. Knows no report and no command line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.paths.found import find, sensitive_accounts
from engine.posture.assess import assess
from engine.posture.estate import Estate
from engine.store import health, reported
from engine.store.desk import Filter
from engine.store.directory_then import directory_then
from engine.times import iso

if TYPE_CHECKING:
    import duckdb

    from engine.paths.graph import Step
    from engine.store.desk import Desk

    Row = dict[str, object]

_ALL = 1_000_000


class DatabaseFacts:
    """Of [begin, end] in microseconds. `desk`: None where the database lies without one."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, desk: Desk | None, begin: int, end: int
    ) -> None:
        self.begin = begin
        self.end = end
        self._connection = connection
        self._desk = desk

    def alerts(self) -> list[Row]:
        """See `reports.Facts`."""
        desk = self._desk
        if desk is None:
            return []
        wanted = Filter(since=iso(self.begin), until=iso(self.end))
        return [a for n in desk.numbers(wanted) if (a := desk.alert(n)) is not None]

    def issues(self) -> list[Row]:
        """See `reports.Facts`."""
        if self._desk is None:
            return []
        return [
            {
                "check": s.issue.check, "subject": s.issue.subject, "severity": s.issue.severity,
                "opened": s.opened, "seen": s.seen, "title": s.issue.title, "text": s.issue.text,
                "remedy": s.issue.remedy,
            }
            for s in health.standings(self._desk).values()
            if s.status == "open"
        ]  # fmt: skip

    def events(self) -> list[Row]:
        """See `reports.Facts`."""
        return reported.event_counts(self._connection, self.begin, self.end)

    def group_changes(self) -> list[Row]:
        """See `reports.Facts`."""
        return reported.group_changes(self._connection, self.begin, self.end)

    def clear_passwords(self) -> list[Row]:
        """See `reports.Facts`."""
        sensitive = sensitive_accounts(self._connection, self.end)
        return reported.clear_passwords(self._connection, self.begin, self.end, sensitive)

    def paths(self, at: int) -> list[Row]:
        """See `reports.Facts`."""
        found = find(self._connection, at, most=_ALL)
        return [
            {
                "start": way.start, "target": way.target, "hosts": len(way.steps),
                "way": " → ".join([*(_step(s) for s in way.steps), way.target]),
            }
            for way in found.ways
        ]  # fmt: skip

    def posture(self, at: int) -> list[Row]:
        """See `reports.Facts`."""
        entries, links = directory_then(self._connection, at)
        if not any(not e.deleted for e in entries):
            return []
        return [
            {
                "check": result.id, "severity": result.check.severity, "title": result.check.title,
                **finding._asdict(), "remedy": result.check.remedy,
            }
            for result in assess(Estate(at, entries, links))
            for finding in result.findings
        ]  # fmt: skip


def _step(step: Step) -> str:
    group = f" (by {step.group})" if step.group is not None else ""
    return f"{step.account}{group} → {step.host}"
