"""Audit policy and logs: 4719 policy changed, 1102 and 104 log cleared, 4885 CA audit filter
-> audit_change.

Reference: events 4719, 4885 and 1102; System 104 of Microsoft-Windows-Eventlog. 1102 and 104 tell
by UserData/LogFileCleared.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dsl.schema.windows import AuditChange
from sensor.map import identity

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.record import Record

_REMOVED: Final = {"%%8448": "success", "%%8450": "failure"}
_INSERT: Final = re.compile(r"%%\d+")


def policy_changed(record: Record) -> list[Event]:
    """4719: SubcategoryGuid, AuditPolicyChanges (%%8448 success removed, %%8450 failure removed)."""
    who = identity.subject(record)
    changes = _INSERT.findall(record.text("AuditPolicyChanges") or "")
    guid = record.text("SubcategoryGuid")
    return [
        AuditChange(
            ts=record.ts,
            via=record.via,
            dc=identity.host(record.computer),
            account=who,
            outcome=record.outcome,
            actor=who,
            scope="system",
            removed=[_REMOVED[word] for word in changes if word in _REMOVED],
            detail=identity.guid(guid) or guid or record.text("SubcategoryId"),
        )
    ]


def filter_changed(record: Record) -> list[Event]:
    """4885: AuditFilter of the certification authority."""
    who = identity.subject(record)
    return [
        AuditChange(
            ts=record.ts,
            via=record.via,
            dc=identity.host(record.computer),
            account=who,
            outcome=record.outcome,
            actor=who,
            scope="adcs",
            new_mask=record.number("AuditFilter"),
        )
    ]


def log_cleared(record: Record) -> list[Event]:
    """1102: the Security log. 104: the log named by Channel."""
    who = identity.subject(record)
    return [
        AuditChange(
            ts=record.ts,
            via=record.via,
            dc=identity.host(record.computer),
            account=who,
            outcome="success",
            actor=who,
            scope="log_cleared",
            detail=record.text("Channel") or record.channel,
        )
    ]


EVENTS = {
    ("Security", 1102): log_cleared,
    ("Microsoft-Windows-Eventlog", 104): log_cleared,
    ("Security", 4719): policy_changed,
    ("Security", 4885): filter_changed,
}
