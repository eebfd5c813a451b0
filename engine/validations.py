"""One NTLM logon, told by several witnesses, is one event that knows what all of them know.

4776 says that a controller validated credentials, and the client only by the name it gave itself;
8004 and the pass-through over Netlogon name the server it logged on to, the wire its address. The
counted row is completed from the others, whoever comes first: what is filled in depends on which
rows there are and not on the order of their arrival. Knows no store. Bounded: the oldest logons are
forgotten first. Reference: design, events, "Counting rule"; MS-APDS §3.1 (pass-through).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec

from dsl.schema.ntlm import NtlmAuth
from engine.witnesses import rank, witness_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

NEAR_US: Final = 3_000_000
"""How far apart witnesses date the same validation."""
_KEPT_US: Final = 1_200_000_000
_ACCOUNTS: Final = 50_000
_ROWS: Final = 4_096
"""Rows kept of an account and a witness."""
_LOOKED_AT: Final = 8
"""Rows of another witness that are compared with a row, the nearest in time."""
_NETBIOS: Final = 15
_SOURCE: Final = ("source", "src_ip", "src_port", "certainty", "resolution")
_OWN: Final = frozenset(
    {"ts", "id", "sensor", "seq", "via", "primary", "domain", "dc", "dst_is_dc", "server"}
    | {"dst_ip", "dst_port", "account", *_SOURCE}
)
"""Columns that tell of the witness, or are filled in by rules of their own."""
_FILLED: Final = tuple(f for f in NtlmAuth.__struct_fields__ if f not in _OWN)
_UNTOLD: Final = (None, "unknown")


class _Row(msgspec.Struct):
    """A row as it came, and the one that is stored and changes."""

    came: NtlmAuth
    stored: NtlmAuth
    rank: int
    witness: str

    @property
    def order(self) -> tuple[int, str, int]:
        """Its place in time, whenever it came."""
        return self.came.ts, self.came.sensor or "", self.came.seq or 0


_Rows = dict[int, list[_Row]]
"""Rows of an account by the rank of their witness, in order."""


class Validations:
    """Validations of late, by account."""

    def __init__(self) -> None:
        self._known: dict[str, _Rows] = {}

    def take(self, events: Iterable[NtlmAuth]) -> list[NtlmAuth]:
        """Note rows whose names are resolved and which are stamped; rows that are now other than
        they were, also of those.
        """
        new: dict[str, list[int]] = {}
        for event in events:
            name = (event.account or "").partition("@")[0].lower()
            if name:
                row = _Row(msgspec.structs.replace(event), event, rank(event), witness_of(event))
                self._note(name, row)
                new.setdefault(name, []).append(event.ts)
        touched = (
            (row, rows)
            for name, times in new.items()
            if (rows := self._known.get(name)) is not None
            for known in rows.values()
            for row in _around(times, known)
        )
        return [row.stored for row, rows in touched if _settle(row, rows)]

    def _note(self, name: str, row: _Row) -> None:
        rows = self._known.pop(name, {})
        self._known[name] = rows
        insort(rows.setdefault(row.rank, []), row, key=lambda r: r.order)
        for kept in rows.values():
            old = bisect_left(kept, row.came.ts - _KEPT_US, key=lambda r: r.came.ts)
            del kept[: max(old, len(kept) - _ROWS)]
        while len(self._known) > _ACCOUNTS:
            del self._known[next(iter(self._known))]


def _around(times: list[int], known: Sequence[_Row]) -> Iterator[_Row]:
    """Rows near any of the times, each once."""
    done = 0
    for ts in sorted(times):
        begin = max(done, bisect_left(known, ts - NEAR_US, key=lambda r: r.came.ts))
        done = max(begin, bisect_right(known, ts + NEAR_US, key=lambda r: r.came.ts))
        yield from known[begin:done]


def _settle(row: _Row, rows: _Rows) -> bool:
    """Make the stored row what all witnesses of its logon say; whether that changed it."""
    others = _others(row, rows)
    wanted: dict[str, object] = {}
    if any(r.rank < row.rank for r in others):
        wanted["primary"] = False
    elif row.came.primary:
        wanted.update(_completed(row.came, [r.came for r in others]))
    changed = False
    for name, value in wanted.items():
        if getattr(row.stored, name) != value:
            setattr(row.stored, name, value)
            changed = True
    return changed


def _others(row: _Row, rows: _Rows) -> list[_Row]:
    """What other witnesses tell of the logon: of each the nearest row, the nearest of all first."""
    found = []
    for of_rank, known in rows.items():
        if of_rank != row.rank:
            nearest = next((r for r in _nearest(row, known) if _same(row, r)), None)
            if nearest is not None:
                found.append(nearest)
    return sorted(found, key=lambda r: (abs(r.came.ts - row.came.ts), r.rank))


def _nearest(row: _Row, known: Sequence[_Row]) -> list[_Row]:
    """Rows near in time, the nearest first, then the earliest."""
    ts = row.came.ts
    at = bisect_left(known, ts, key=lambda r: r.came.ts)
    around = known[max(0, at - _LOOKED_AT) : at + _LOOKED_AT]
    near = (r for r in around if abs(r.came.ts - ts) <= NEAR_US)
    return list(islice(sorted(near, key=lambda r: (abs(r.came.ts - ts), r.order)), _LOOKED_AT))


def _completed(row: NtlmAuth, others: Sequence[NtlmAuth]) -> Iterator[tuple[str, object]]:
    """What the others know and the row does not, of the nearest that knows it."""
    for name in _FILLED:
        if getattr(row, name) in _UNTOLD:
            values = (getattr(o, name) for o in others)
            known = next((v for v in values if v not in _UNTOLD), None)
            if known is not None:
                yield name, known
    if row.src_ip is None:
        seen = next((o for o in others if o.src_ip is not None), None)
        if seen is not None:
            yield from ((name, getattr(seen, name)) for name in _SOURCE)
    if row.server in (None, row.dc):
        # a row that names no server has its controller there
        server = next((o.server for o in others if o.server not in (None, row.dc)), None)
        if server is not None:
            yield "server", server


def _same(one: _Row, other: _Row) -> bool:
    """Whether two witnesses' rows of one account name, near in time, can tell one validation."""
    a, b = one.came, other.came
    if a.dc != b.dc:
        # a member server asks some controller of its domain
        member, asked = (a, b) if b.dst_is_dc else (b, a)
        if member.dst_is_dc or not asked.dst_is_dc or member.domain != asked.domain:
            return False
    return (
        _agree(_station(a), _station(b))
        and _agree(_success(a), _success(b))
        and _agree(_server(one), _server(other))
    )


def _agree(a: object, b: object) -> bool:
    return a is None or b is None or a == b


def _station(event: NtlmAuth) -> str | None:
    return (event.workstation or "").strip("\\ ").lower()[:_NETBIOS] or None


def _success(event: NtlmAuth) -> bool | None:
    return None if event.outcome in (None, "unknown", "continue") else event.outcome == "success"


def _server(row: _Row) -> str | None:
    """The first label of the server a row names; 4776 names none, and an address is no name."""
    server = (row.came.server or "").lower()
    if row.witness == "event_4776" or server.startswith("ip:"):
        return None
    return server.removeprefix("name:").partition(".")[0] or None
