"""Reports for people, found by folder scan: one module a report.

A module has `TITLE`, and `sheets(facts)`: its tables by name, rows as plain objects in which times are
microseconds. The same rows become workbooks, JSON, letters (`forms`) and pages. Knows no SQL, no clock.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DAY_US: Final = 86_400_000_000
Row = dict[str, object]
Sheets = dict[str, list[Row]]


class Facts(Protocol):
    """What reports are made from: of [begin, end], microseconds."""

    begin: int
    end: int

    def alerts(self) -> list[Row]:
        """Alerts with signs in the period, as `report.alert_dict` tells them."""

    def issues(self) -> list[Row]:
        """Issues of health that are open: check, subject, severity, opened, seen, title, text, remedy."""

    def events(self) -> list[Row]:
        """How many events of each type there are: type, events, first, last."""

    def group_changes(self) -> list[Row]:
        """Changes of groups that were sensitive then."""

    def clear_passwords(self) -> list[Row]:
        """Binds that showed a password: account, source, dc, outcome, binds, first, last, sensitive."""

    def paths(self, at: int) -> list[Row]:
        """The shortest way of each account to a sensitive one then: start, target, hosts, way."""

    def posture(self, at: int) -> list[Row]:
        """What is weak in the directory then; empty where none was synchronised."""


class Report(Protocol):
    """A module of this folder."""

    TITLE: str

    def sheets(self, facts: Facts) -> Sheets:
        """The tables of the report."""


class Made(NamedTuple):
    """A report of a period [begin, end], made at a time; `made`, `begin` and `end` in microseconds."""

    name: str
    title: str
    begin: int
    end: int
    made: int
    sheets: Mapping[str, Sequence[Row]]


TIMES: Final = frozenset({"ts", "first", "last", "opened", "seen", "since", "as_of"})
"""Columns of every report that hold microseconds, for whoever shows rows."""


def names() -> list[str]:
    """The names of all reports."""
    return sorted(info.name for info in pkgutil.iter_modules(__path__) if not info.ispkg)


def report(name: str) -> Report:
    """A report by its name."""
    return cast("Report", importlib.import_module(f"{__name__}.{name}"))


def make(name: str, facts: Facts, now: int) -> Made:
    """A report of the facts' period, made at `now`."""
    one = report(name)
    return Made(name, one.TITLE, facts.begin, facts.end, now, one.sheets(facts))
