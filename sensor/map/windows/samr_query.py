"""Reads of the account database: 4661 handle opened, 4798 groups of a user, 4799 members of a group
-> samr_query.

4661 tells that an object was opened, not what was read then. Reference: events 4661, 4798, 4799;
MS-SAMR §3.1.5.1 (open), §3.1.5.9 (membership).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.rpc import SamrQuery
from sensor.map import identity

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.record import Record

_OPEN: Final = {
    "SAM_SERVER": "SamrConnect",
    "SAM_DOMAIN": "SamrOpenDomain",
    "SAM_USER": "SamrOpenUser",
    "SAM_GROUP": "SamrOpenGroup",
    "SAM_ALIAS": "SamrOpenAlias",
}
_PRINCIPALS: Final = frozenset({"SAM_USER", "SAM_GROUP", "SAM_ALIAS"})


def handle_requested(record: Record) -> list[Event]:
    """4661: ObjectType SAM_*, ObjectName (a SID or a DN). Handles of other servers are no reads."""
    object_type = record.text("ObjectType") or ""
    method = _OPEN.get(object_type)
    if method is None:
        return []
    name = record.text("ObjectName")
    return [
        SamrQuery(
            ts=record.ts,
            via=record.via,
            protocol="rpc",
            dc=identity.host(record.computer),
            account=identity.subject(record),
            outcome=record.outcome,
            method=method,
            object=name if object_type in _PRINCIPALS else None,
            object_sid=identity.sid(name),
        )
    ]


def membership_read(record: Record) -> list[Event]:
    """4798: the groups of a user; 4799: the members of a local group."""
    of_group = record.event_id == 4799
    return [
        SamrQuery(
            ts=record.ts,
            via=record.via,
            protocol="rpc",
            dc=identity.host(record.computer),
            account=identity.subject(record),
            outcome=record.outcome,
            method="SamrGetMembersInAlias" if of_group else "SamrGetAliasMembership",
            enumerates=False,
            object=identity.target(record),
            object_sid=identity.sid(record.text("TargetSid")),
        )
    ]


EVENTS = {
    ("Security", 4661): handle_requested,
    ("Security", 4798): membership_read,
    ("Security", 4799): membership_read,
}
