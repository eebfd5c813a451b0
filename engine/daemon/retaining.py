"""How long the daemon keeps events: by family, and by the size of the file, the oldest days first.

What is kept shorter than a detection looks back is said at the start: such a detection misses what lies further
back. What profiles have learnt outlives events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import click

from dsl.durations import format_duration
from dsl.retention import DAY, LONG_KEPT, retention
from dsl.schema.registry import event_types
from engine.cli import output
from engine.times import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from dsl.plan import DetectionPlan
    from engine.store import Store
    from engine.store.desk import Desk

_F = TypeVar("_F", bound="Callable[..., object]")
_MOST_DAYS: Final = 3_650
_GB: Final = 1 << 30
_ROOM: Final = 0.95
"""Of the size that is allowed, so much is left when the oldest went: not to delete each time."""


def options(command: _F) -> _F:
    """`--retention`, `--retention-size`, `--retention-audit`."""
    sized = click.option(
        "--retention-size",
        type=click.FloatRange(0.01, 1_000_000),
        metavar="GB",
        help="Keep at most so much in the database: the oldest days of events go. Default: no limit.",
    )
    named = click.option(
        "--retention",
        "retention",
        multiple=True,
        metavar="FAMILY=DAYS",
        help="Keep events of a family or type so long: `kerberos=90`. May be given again. Default: 30 "
        "days; changes of accounts, groups, directory and certificates, VPN, AD FS 400.",
    )
    audit = click.option(
        "--retention-audit",
        type=click.IntRange(90, 36_500),
        metavar="DAYS",
        help="Keep lines of the audit log so long. Default: for ever.",
    )
    return named(sized(audit(command)))


def limits(texts: Sequence[str]) -> dict[str, int]:
    """Microseconds that each event type is kept; ends the command where a text says nothing."""
    types = event_types()
    kept = {name: retention(name) for name in types}
    for text in texts:
        word, _, number = text.partition("=")
        meant = [n for n, e in types.items() if word in (n, e.family)]
        if not meant:
            families = sorted({e.family for e in types.values()})
            output.fail(
                f"there is no family or type of events `{word}`", f"as in {', '.join(families)}"
            )
        if not number.isdecimal() or not 1 <= int(number) <= _MOST_DAYS:
            output.fail(
                f"`{text}` names no number of days", f"write `{word}=90`; 1 to {_MOST_DAYS}"
            )
        kept |= dict.fromkeys(meant, int(number) * DAY)
    return kept


def too_short(plans: Iterable[DetectionPlan], kept: Mapping[str, int]) -> Iterator[str]:
    """What to say of detections that look further back than their events are kept."""
    from dsl.check.look_back import stored  # noqa: PLC0415 - a sensor, too, knows the options

    for plan in plans:
        nodes = dict((*plan.shared, *plan.relations))
        reach: dict[str, int] = {}
        for alert in plan.alerts:
            for event, far in stored(alert.source, nodes).items():
                reach[event] = max(far, reach.get(event, 0))
        for event, far in sorted(reach.items()):
            if far > kept[event]:
                yield (
                    f"the detection `{plan.id}` looks back {format_duration(far)}, `{event}` is kept "
                    f"{format_duration(kept[event])}: what lies further back is missed"
                )


class Retaining:
    """Keeps house in a store. `cut_to`: events are kept from there on for want of room, if they are;
    `most_bytes`: of the file; `audit_days`: of the audit log.
    """

    def __init__(
        self,
        kept: Mapping[str, int],
        most_bytes: int | None = None,
        audit_days: int | None = None,
    ) -> None:
        self._audit_days = audit_days
        self.cut_to: int | None = None
        self._kept = kept
        self._most_bytes = most_bytes

    def keep(self, store: Store, now: int) -> None:
        """Delete what is too old, then what is too much. Raises duckdb.Error."""
        from engine.store.kept import used_bytes  # noqa: PLC0415 - as above

        for name, length in self._kept.items():
            store.delete_before(name, now - length)
        store.checkpoint()
        if self._most_bytes is None:
            return
        used = used_bytes(store.connection)
        if used > self._most_bytes:
            self._shorten(store, 1 - self._most_bytes * _ROOM / used)
            store.checkpoint()

    def keep_audit(self, desk: Desk, now: int) -> None:
        """Trim the audit log, once a day. Raises sqlite3.Error."""
        if self._audit_days is None:
            return
        before, oldest = now - self._audit_days * DAY, desk.oldest()
        if oldest is not None and oldest < before - DAY:
            desk.trim(before, now)

    def complaint(self) -> str:
        """What to say where events are kept shorter than they should for want of room; else ""."""
        if self.cut_to is None or self._most_bytes is None:
            return ""
        allowed = f"{self._most_bytes / _GB:g} GB are allowed"
        return f"{allowed}, so events from before {_day(self.cut_to)} were deleted"

    def _shorten(self, store: Store, share: float) -> None:
        """Delete the oldest days that hold a share of the events, the newest day never: first of what is
        kept short, as that is the bulk.
        """
        from engine.store.kept import days  # noqa: PLC0415 - as above

        types = [name for name in self._kept if name not in LONG_KEPT]
        counts = days(store.connection, types)
        if len(counts) < 2:
            types, counts = list(self._kept), days(store.connection, self._kept)
        left = share * sum(counts.values())
        for day, number in list(counts.items())[:-1]:
            if left <= 0:
                break
            left -= number
            self.cut_to = (day + 1) * DAY
        if self.cut_to is not None:
            for name in types:
                store.delete_before(name, self.cut_to)


def in_bytes(gigabytes: object) -> int | None:
    """The size of an option's value."""
    return None if gigabytes is None else int(float(str(gigabytes)) * _GB)


def _day(ts: int) -> str:
    return iso(ts)[: len("2026-01-31")]
