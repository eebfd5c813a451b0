"""Groups and their members: 47xx of Security Group Management (and distribution groups) -> group_change.

Reference: events 4727 to 4734, 4744 to 4763 of the Windows security auditing documentation.
MemberName is a DN, or a dash for an account of another domain; MemberSid is always there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.directory import GroupChange
from sensor.map import identity

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.record import Record

_ACTION: Final[dict[int, str]] = {
    # global, local, universal security groups; then distribution groups in the same order
    **dict.fromkeys((4728, 4732, 4756, 4751, 4746, 4761), "member_added"),
    **dict.fromkeys((4729, 4733, 4757, 4752, 4747, 4762), "member_removed"),
    **dict.fromkeys((4727, 4731, 4754, 4749, 4744, 4759), "group_created"),
    **dict.fromkeys((4730, 4734, 4758, 4753, 4748, 4763), "group_deleted"),
}


def group_changed(record: Record) -> list[Event]:
    """TargetUserName is the group; MemberName and MemberSid the member."""
    who = identity.subject(record)
    return [
        GroupChange(
            ts=record.ts,
            via=record.via,
            dc=identity.host(record.computer),
            account=who,
            outcome=record.outcome,
            actor=who,
            action=_ACTION[record.event_id],
            group=identity.target(record),
            member=identity.account(record.text("MemberName"), None, record.text("MemberSid")),
        )
    ]


EVENTS = {("Security", number): group_changed for number in _ACTION}
