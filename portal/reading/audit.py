"""The audit log, page by page, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import msgspec

from engine.times import iso
from portal.reading.paging import SOME, mark, place

if TYPE_CHECKING:
    from portal.reading.sources import Sources


class AuditLine(TypedDict):
    """`who` did `action` to the `object` of a kind; `before`, `after`: how it stood."""

    seq: int
    ts: str
    who: str
    action: str
    kind: str
    object: str
    id: str
    verdict: str | None
    assignee: str | None
    note: str
    before: object
    after: object


class AuditPage(TypedDict):
    """`next`: the mark of the next page, None on the last one."""

    lines: list[AuditLine]
    next: str | None


def listed(sources: Sources, most: int = SOME, after: str | None = None) -> AuditPage:
    """A page of it. Raises MarkError."""
    begun = place(after, int)
    with sources.desk() as desk:
        entries = desk.audit_page(most + 1, begun)
    lines: list[AuditLine] = [
        {
            "seq": e.seq, "ts": iso(e.ts), "who": e.who, "action": e.action, "kind": e.kind,
            "object": e.object, "id": e.id, "verdict": e.verdict, "assignee": e.assignee,
            "note": e.note, "before": msgspec.json.decode(e.before),
            "after": msgspec.json.decode(e.after),
        }
        for e in entries[:most]
    ]  # fmt: skip
    return {"lines": lines, "next": mark(lines[-1]["seq"]) if len(entries) > most else None}
