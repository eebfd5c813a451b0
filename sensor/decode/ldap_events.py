"""Events of searches and writes (RFC 4511 §4.5–4.9).

Knows no message and no pairing: it gets what was asked, by whom, and how it ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.schema.directory import DirectoryChange, GroupChange
from dsl.schema.ldap import LdapSearch
from sensor.contract import common
from sensor.decode import ldap_bind

if TYPE_CHECKING:
    from sensor.contract import Flow
    from sensor.decode.ldap_change import Change, Row
    from sensor.decode.ldap_search import Search


def search_event(
    flow: Flow, protocol: str, search: Search, answer: ldap_bind.Result | None
) -> LdapSearch:
    """The event of a search; `answer` None if its end was not seen."""
    event = LdapSearch(**common(flow, search.ts, protocol))
    event.account = search.account
    event.base = search.base
    event.scope = search.scope
    event.filter = search.filter.text
    event.filter_shape = search.filter.shape
    event.filter_attributes = search.filter.attributes
    event.attributes = search.attributes
    event.returned = search.returned
    event.returned_count = search.count
    event.cldap = flow.udp
    event.outcome = "unknown"
    if answer is not None:
        event.result = answer.code
        event.outcome = ldap_bind.outcome(answer)
        if search.no_such_user and event.outcome == "success":
            event.outcome = "no_such_user"
    return event


class Written:
    """A write request of `account` at `ts`."""

    __slots__ = ("account", "change", "ts")

    def __init__(self, ts: int, account: str | None, change: Change) -> None:
        self.ts = ts
        self.account = account
        self.change = change


def change_event(
    flow: Flow, protocol: str, written: Written, row: Row, outcome: str
) -> DirectoryChange | GroupChange:
    """The event of one row of a write."""
    change = written.change
    fields = common(flow, written.ts, protocol)
    fields["account"] = written.account
    if row.is_member:
        member = GroupChange(**fields)
        member.actor = written.account
        member.group = change.object
        removed = row.op == "delete" or (row.op == "replace" and row.value is None)
        member.action = "member_removed" if removed else "member_added"
        member.member = row.value
        member.outcome = outcome
        return member
    event = DirectoryChange(**fields)
    event.actor = written.account
    event.object = change.object
    event.object_class = change.object_class
    event.attribute = row.attribute
    event.op = row.op
    event.value = row.value
    event.old_value = row.old_value
    event.outcome = outcome
    return event
