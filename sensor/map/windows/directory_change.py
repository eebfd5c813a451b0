"""Writes of directory objects: 5136 modified, 5137 created, 5138 undeleted, 5139 moved, 5141 deleted
-> directory_change; a value of `member` -> group_change.

One record is one value. Reference: events 5136, 5137, 5138, 5139, 5141; the OperationType inserts
%%14674 (value added) and %%14675 (value deleted).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.directory import DirectoryChange, GroupChange
from sensor.map import identity

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.record import Record

_OP: Final = {
    "%%14674": "add",
    "%%14675": "delete",
    "Value Added": "add",
    "Value Deleted": "delete",
}
_OBJECT_OP: Final = {5137: "add", 5138: "add", 5139: "replace", 5141: "delete"}
_PRINCIPALS: Final = frozenset(
    {
        "user",
        "computer",
        "group",
        "inetorgperson",
        "msds-managedserviceaccount",
        "msds-groupmanagedserviceaccount",
        "msds-delegatedmanagedserviceaccount",
    }
)
_VALUE_LIMIT: Final = 4096


def _change(
    record: Record, op: str | None, dn: str | None, attribute: str | None, value: str | None
) -> Event:
    who = identity.subject(record)
    object_class = record.text("ObjectClass")
    principal = object_class is not None and object_class.lower() in _PRINCIPALS
    return DirectoryChange(
        ts=record.ts,
        via=record.via,
        dc=identity.host(record.computer),
        account=who,
        outcome=record.outcome,
        actor=who,
        object=dn,
        object_guid=identity.guid(record.text("ObjectGUID")),
        object_account=dn if principal else None,
        object_class=object_class,
        attribute=attribute,
        op=op,
        value=value,
        logon_id=record.number("SubjectLogonId"),
    )


def value_changed(record: Record) -> list[Event]:
    """5136: ObjectDN, ObjectClass, AttributeLDAPDisplayName, AttributeValue, OperationType."""
    dn = record.text("ObjectDN")
    attribute = record.text("AttributeLDAPDisplayName")
    value = (record.text("AttributeValue") or "")[:_VALUE_LIMIT] or None
    op = _OP.get(record.text("OperationType") or "")
    if attribute is None or attribute.lower() != "member" or op is None:
        return [_change(record, op, dn, attribute, value)]
    who = identity.subject(record)
    return [
        GroupChange(
            ts=record.ts,
            via=record.via,
            dc=identity.host(record.computer),
            account=who,
            outcome=record.outcome,
            actor=who,
            action="member_added" if op == "add" else "member_removed",
            group=dn,
            member=value,
        )
    ]


def object_changed(record: Record) -> list[Event]:
    """5137, 5138, 5141: ObjectDN (5138, 5139: NewObjectDN, value = the old one), ObjectClass."""
    old, new = record.text("OldObjectDN"), record.text("NewObjectDN")
    return [_change(record, _OBJECT_OP[record.event_id], new or record.text("ObjectDN"), None, old)]


EVENTS = {
    ("Security", 5136): value_changed,
    **{("Security", number): object_changed for number in _OBJECT_OP},
}
