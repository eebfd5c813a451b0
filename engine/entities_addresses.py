"""Which host held which address when: intervals, declared or learnt from what was seen.

A binding learnt from the network is only as good as its proof, so each carries method and
certainty, a weaker one never displaces a stronger one that is alive, and an address behind which
several certain hosts alternate is recognised as NAT and then stands for no host at all.

Knows no event types and no store.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

import msgspec

from engine.entities_rows import FOREVER, Certainty, DirAddress

HOUR_US: Final = 3_600_000_000
LEARNT_US: Final = 12 * HOUR_US
"""How long a binding without a lease holds: a machine renews its ticket at least every 10 hours."""
NAT_US: Final = HOUR_US
"""Two certain hosts that alternate on one address within this time are behind NAT."""
_RANK: Final[dict[Certainty, int]] = {"none": 0, "low": 10, "high": 20}
_HEARSAY: Final = {"ntlm": -2, "cldap": -1, "netbios": -1, "probe_dns": -1}
"""Methods by which a machine only says its own name: any other word of equal certainty outweighs
them, and a registration the name in a logon, which may have come through another machine."""
_KEPT: Final = 256
"""Most intervals remembered of one address; the oldest go first."""


class Addresses:
    """Bindings of addresses to hosts. Addresses in plain text, times in microseconds."""

    def __init__(self) -> None:
        self._held: dict[str, list[DirAddress]] = {}
        self._declared: set[str] = set()
        self._of_host: dict[str, set[str]] = {}
        self._nat: dict[str, int] = {}
        self.changed: set[str] = set()
        """Addresses whose intervals changed since the store was told; the reader empties it."""
        self.unsaved: set[str] = set()
        """Addresses about which something was learnt since it was saved; the reader empties it."""

    def at(self, ip: str, ts: int) -> DirAddress | None:
        """The binding of an address at a time."""
        if ts >= self._nat.get(ip, FOREVER):
            return None
        rows = self._held.get(ip)
        if not rows:
            return None
        i = bisect_right(rows, ts, key=_begin) - 1
        return rows[i] if i >= 0 and ts < rows[i].valid_to else None

    def rows(self, ip: str) -> list[DirAddress]:
        """All intervals of an address, in time."""
        return list(self._held.get(ip, ()))

    def moved(self, ip: str, host: str, begin: int, end: int) -> bool:
        """Whether another host held the address, or the host another address, in that time."""
        others = [r for r in self._held.get(ip, ()) if r.host != host]
        for other in self._of_host.get(host, set()) - {ip}:
            others += [r for r in self._held.get(other, ()) if r.host == host]
        return any(r.valid_from < end and begin < r.valid_to for r in others)

    def nat_since(self) -> dict[str, int]:
        """Addresses recognised as NAT, with the time since when."""
        return self._nat

    def declare(self, row: DirAddress) -> None:
        """A binding that the directory states; learning never touches its address again."""
        if row.ip not in self._declared:
            self._held[row.ip] = []
        self._declared.add(row.ip)
        rows = self._held[row.ip]
        self._of_host.setdefault(row.host, set()).add(row.ip)
        if row not in rows:
            rows.append(row)
            rows.sort(key=_begin)
        self.changed.add(row.ip)

    def learn(
        self, ip: str, host: str, ts: int, certainty: Certainty, method: str, until: int | None
    ) -> bool:
        """A host was seen to hold an address at `ts`, at most until `until` (None: 12 hours).

        False where that changes nothing or is not believed.
        """
        if ip in self._declared or ts >= self._nat.get(ip, FOREVER):
            return False
        end = until if until is not None and until > ts else ts + LEARNT_US
        rows = self._held.setdefault(ip, [])
        i = bisect_right(rows, ts, key=_begin) - 1
        following = rows[i + 1].valid_from if i + 1 < len(rows) else FOREVER
        row = rows[i] if i >= 0 and ts < rows[i].valid_to else None
        if row is not None and row.host == host:
            return self._extend(rows, i, min(end, following), certainty, method)
        if method in _HEARSAY and self._elsewhere(ip, host, ts, _weight(certainty, method)):
            return False
        if row is not None:
            if _weight(certainty, method) < _weight(row.certainty, row.method):
                return False
            if row.valid_from == ts:
                return False
            if certainty == "high" and self._alternates(rows, i, host, ts):
                self._nat[ip] = ts
                self._note(ip)
                return True
            rows[i] = msgspec.structs.replace(row, valid_to=ts)
        self._of_host.setdefault(host, set()).add(ip)
        rows.insert(i + 1, DirAddress(ip, host, ts, min(end, following), certainty, method))
        del rows[: max(0, len(rows) - _KEPT)]
        self._note(ip)
        return True

    def release(self, ip: str, host: str, ts: int) -> bool:
        """A host gave an address back. Nothing proves that either, so it ends only what was as
        weakly believed. True where that ended a binding.
        """
        rows = self._held.get(ip)
        if not rows or ip in self._declared:
            return False
        i = bisect_right(rows, ts, key=_begin) - 1
        if i < 0 or ts >= rows[i].valid_to or rows[i].host != host or rows[i].certainty == "high":
            return False
        if rows[i].valid_from == ts:
            del rows[i]
        else:
            rows[i] = msgspec.structs.replace(rows[i], valid_to=ts)
        self._note(ip)
        return True

    def _extend(
        self, rows: list[DirAddress], i: int, end: int, certainty: Certainty, method: str
    ) -> bool:
        row = rows[i]
        better = _weight(certainty, method) > _weight(row.certainty, row.method)
        # Each ticket request would lengthen the interval by seconds: wait for a quarter of its life.
        if not better and end - row.valid_to < LEARNT_US // 4:
            return False
        rows[i] = msgspec.structs.replace(
            row,
            valid_to=max(end, row.valid_to),
            certainty=certainty if better else row.certainty,
            method=method if better else row.method,
        )
        self._note(row.ip)
        return True

    def _elsewhere(self, ip: str, host: str, ts: int, weight: int) -> bool:
        """Whether something weightier places the host at another address: a relay repeats the
        name of its victim, so hearsay does not move a machine.
        """
        for other in self._of_host.get(host, set()) - {ip}:
            row = self.at(other, ts)
            if row is not None and row.host == host and _weight(row.certainty, row.method) > weight:
                return True
        return False

    def _note(self, ip: str) -> None:
        self.changed.add(ip)
        self.unsaved.add(ip)

    def _alternates(self, rows: list[DirAddress], i: int, host: str, ts: int) -> bool:
        """Whether this host held the address before the one that holds it now, moments ago."""
        now = rows[i]
        return now.certainty == "high" and any(
            r.host == host and r.certainty == "high" and ts - r.valid_to < NAT_US
            for r in rows[max(0, i - 8) : i]
        )

    def learnt(self, ip: str) -> tuple[list[DirAddress], int | None]:
        """What was learnt of an address and since when it is NAT, for `restore`."""
        return ([] if ip in self._declared else self.rows(ip)), self._nat.get(ip)

    def restore(self, ip: str, rows: list[DirAddress], nat: int | None) -> None:
        """Take up what `learnt` gave before a restart; a declared address keeps what it has."""
        if ip in self._declared:
            return
        self._held[ip] = rows
        for row in rows:
            self._of_host.setdefault(row.host, set()).add(ip)
        if nat is not None:
            self._nat[ip] = nat
        self.changed.add(ip)


def _weight(certainty: Certainty, method: str) -> int:
    """How much a proof weighs against another of the same address."""
    return _RANK[certainty] + _HEARSAY.get(method, 0)


def _begin(row: DirAddress) -> int:
    return row.valid_from
