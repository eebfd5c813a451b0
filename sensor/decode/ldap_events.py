"""Events of searches and writes (RFC 4511 §4.5–4.9).

Knows no message and no pairing: it gets what was asked, by whom, and how it ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.schema.directory import AccountChange, DirectoryChange, GroupChange
from dsl.schema.ldap import LdapSearch
from sensor.contract import common, wire_event
from sensor.decode import ldap_bind

if TYPE_CHECKING:
    from sensor.contract import Flow
    from sensor.decode.ldap_accounts import Fact
    from sensor.decode.ldap_change import Change, Row
    from sensor.decode.ldap_search import Search


def search_event(
    flow: Flow, protocol: str, search: Search, answer: ldap_bind.Result | None
) -> LdapSearch:
    """The event of a search; `answer` None if its end was not seen."""
    event = wire_event(LdapSearch, flow, search.ts, protocol)
    event.account = search.account
    event.base = search.base
    event.scope = search.scope
    event.filter = search.filter.text
    event.filter_shape = search.filter.shape
    event.filter_attributes = search.filter.attributes
    event.filter_accounts = _accounts(search)
    event.attributes = search.attributes
    event.controls = search.controls
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


def _accounts(search: Search) -> list[str]:
    """Accounts that the filter names; the user of a ping belongs to the domain it names."""
    accounts, ping = search.filter.accounts, search.filter.ping
    user, domain = ping.get("user"), ping.get("dnsdomain", "").strip(". ")
    if not domain or user is None or "@" in user:
        return accounts
    return [f"{name}@{domain}" if name == user.strip() else name for name in accounts]


def sender(search: Search) -> str | None:
    """Which host sent a ping, raw, by its own word (MS-ADTS §6.3.3, `Host`); None if none is said."""
    name = search.filter.ping.get("host", "").strip() if search.is_ping else ""
    if not name:
        return None
    return name if "." in name else f"name:{name}"


class Written:
    """A write request of `account` at `ts`: the change, and what it means for accounts."""

    __slots__ = ("account", "change", "facts", "ts")

    def __init__(self, ts: int, account: str | None, change: Change | None) -> None:
        self.ts = ts
        self.account = account
        self.change = change
        self.facts: list[Fact] = []


def fact_event(
    flow: Flow, protocol: str, written: Written, fact: Fact, outcome: str
) -> AccountChange | GroupChange:
    """The event of what a write means for an account or a group."""
    fields = common(flow, written.ts, protocol)
    if fact.group:
        fields["account"] = written.account
        made = GroupChange(**fields)
        made.actor = written.account
        made.action = fact.action
        made.group = fact.account
        made.outcome = outcome
        return made
    fields["account"] = fact.account
    event = AccountChange(**fields)
    event.actor = written.account
    event.action = fact.action
    event.old_name = fact.old_name
    event.new_name = fact.new_name
    event.value = fact.sid
    event.uac_added = fact.added
    event.uac_removed = fact.removed
    event.outcome = outcome
    return event


def change_event(
    flow: Flow, protocol: str, written: Written, change: Change, row: Row, outcome: str
) -> DirectoryChange | GroupChange:
    """The event of one row of a write."""
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
