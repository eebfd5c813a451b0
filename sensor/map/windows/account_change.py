"""Life of accounts: 4720 to 4726, 4738, 4740 to 4743, 4765 to 4767, 4781, 4794 -> account_change;
attributes that 4720, 4738, 4741, 4742 print with a new value -> directory_change.

A dash stands for an attribute that did not change. Reference: the events' pages in the Windows
security auditing documentation (User and Computer Account Management).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.directory import AccountChange, DirectoryChange
from sensor.map import identity, ntstatus, user_account_control

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.record import Record

_ACTION: Final = {
    4720: "created",
    4741: "created",
    4722: "enabled",
    4723: "password_changed",
    4724: "password_reset",
    4725: "disabled",
    4726: "deleted",
    4743: "deleted",
    4738: "changed",
    4742: "changed",
    4740: "locked",
    4767: "unlocked",
    4781: "renamed",
    4765: "sid_history_added",
    4766: "sid_history_added",
    4794: "dsrm_password_set",
}
_ATTRIBUTE: Final = {
    "ServicePrincipalNames": "servicePrincipalName",
    "DnsHostName": "dNSHostName",
    "AllowedToDelegateTo": "msDS-AllowedToDelegateTo",
    "SidHistory": "sIDHistory",
    "UserPrincipalName": "userPrincipalName",
    "PrimaryGroupId": "primaryGroupID",
}
"""Data that prints an attribute's whole new value, one line a value."""
_WORDS: Final = frozenset({"ServicePrincipalNames", "AllowedToDelegateTo"})
"""Values without a space in them: some collectors fold the lines into one."""
_COMPUTER_EVENTS: Final = frozenset({4741, 4742, 4743})
_CREATED: Final = frozenset({4720, 4741})
_VALUES_LIMIT: Final = 200


def _account(record: Record) -> str | None:
    """Whom the record is about, under the name it had.

    4740 prints the calling computer as TargetDomainName, 4794 is about the DSRM administrator of
    the machine, 4781 has two names.
    """
    text = record.text
    match record.event_id:
        case 4740:
            return identity.account(
                text("TargetUserName"), text("SubjectDomainName"), text("TargetSid")
            )
        case 4781:
            return identity.account(
                text("OldTargetUserName"), text("TargetDomainName"), text("TargetSid")
            )
        case 4794:
            return None
    return identity.target(record)


def _action(record: Record) -> str:
    """4781 is also written where a name was set to itself."""
    renamed = record.text("OldTargetUserName") != record.text("NewTargetUserName")
    return "changed" if record.event_id == 4781 and not renamed else _ACTION[record.event_id]


def _source(record: Record) -> str | None:
    if record.event_id == 4740:
        return identity.workstation_host(record, record.text("TargetDomainName"))
    if record.event_id == 4794:
        return identity.workstation_host(record, record.text("Workstation"))
    return None


def _outcome(record: Record) -> str | None:
    if record.event_id == 4766:
        return "error"
    if record.event_id == 4794:
        return ntstatus.outcome(record.number("Status")) or record.outcome
    return record.outcome


def account_changed(record: Record) -> list[Event]:
    """Subject* acted on Target*; 4781 has OldTargetUserName and NewTargetUserName."""
    text = record.text
    added, removed = user_account_control.changes(
        record.number("OldUacValue"), record.number("NewUacValue"), text("UserAccountControl")
    )
    change = AccountChange(
        ts=record.ts,
        via=record.via,
        dc=identity.host(record.computer),
        account=_account(record),
        source=_source(record),
        outcome=_outcome(record),
        actor=identity.subject(record),
        action=_action(record),
        old_name=text("OldTargetUserName"),
        new_name=text("NewTargetUserName"),
        value=identity.sid(text("SourceSid")) or identity.sid(text("SidHistory")),
        uac_added=added or None,
        uac_removed=removed or None,
        logon_id=record.number("SubjectLogonId"),
    )
    return [change, *_attributes(record)]


def _attributes(record: Record) -> list[Event]:
    """One directory_change for each value of an attribute that the record prints."""
    found: list[Event] = []
    who, account = identity.subject(record), identity.target(record)
    for name, attribute in _ATTRIBUTE.items():
        text = record.text(name) or ""
        lines = text.split() if name in _WORDS else text.splitlines()
        for value in filter(None, map(str.strip, lines[:_VALUES_LIMIT])):
            if value.startswith("%%"):
                continue
            found.append(
                DirectoryChange(
                    ts=record.ts,
                    via=record.via,
                    dc=identity.host(record.computer),
                    account=who,
                    outcome=record.outcome,
                    actor=who,
                    object_account=account,
                    object_class="computer" if record.event_id in _COMPUTER_EVENTS else "user",
                    attribute=attribute,
                    op="add" if record.event_id in _CREATED else "replace",
                    value=value,
                    logon_id=record.number("SubjectLogonId"),
                )
            )
    return found


EVENTS = {("Security", number): account_changed for number in _ACTION}
