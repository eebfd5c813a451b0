"""MS-SAMR methods that change accounts, groups and aliases, as `account_change` and `group_change`.

Told only when the server said that the change was made. Accounts are named by SID where a handle
gives it, by name where the call does. Nothing of a password is kept. Reference: MS-SAMR 3.1.5.4-10,
2.2.6 (user information).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.directory import AccountChange, GroupChange

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.decode.ndr import Ndr
    from sensor.decode.rpc_call import Call

_CREATE_GROUP: Final = frozenset({10, 14})
_CREATE_USER: Final = frozenset({12, 50})
_CREATE_USER_2: Final = 50
_DELETE_GROUP: Final = frozenset({23, 30})
_DELETE_USER: Final = 35
_GROUP_MEMBER: Final[dict[int, str]] = {22: "member_added", 24: "member_removed"}
_ALIAS_MEMBER: Final[dict[int, str]] = {31: "member_added", 32: "member_removed"}
_ALIAS_MEMBERS: Final[dict[int, str]] = {52: "member_added", 53: "member_removed"}
_SET_USER: Final = frozenset({37, 58})
_CHANGE_OWN: Final = 38
_CHANGE_BY_NAME: Final = frozenset({54, 55, 73})
_SET_DSRM: Final = 66
CHANGES: Final = frozenset(
    {
        *_CREATE_GROUP, *_CREATE_USER, *_DELETE_GROUP, _DELETE_USER, *_GROUP_MEMBER,
        *_ALIAS_MEMBER, *_ALIAS_MEMBERS, *_SET_USER, _CHANGE_OWN, *_CHANGE_BY_NAME, _SET_DSRM,
    }
)  # fmt: skip
_MEMBERS_LIMIT: Final = 256

# USER_INFORMATION_CLASS (MS-SAMR 2.2.6.28)
_NAME: Final = 6
_ACCOUNT_NAME: Final = 7
_PASSWORDS: Final = frozenset({18, 24, 26, 31, 32})
"""UserInternal1, 4 and 5 with their newer forms that hold a password and nothing else"""
_ALL: Final = frozenset({21, 23, 25})
"""UserAllInformation, alone and before a password"""
_USER_ALL: Final = 21
_USER_NAME_SET: Final = 0x00000001
_PASSWORD_SET: Final = 0x03000000


def changes(call: Call) -> list[Event]:
    """What the call changed; empty if that cannot be read."""
    if not call.clear or not call.answered or call.outcome != "success":
        return []
    opnum = call.opnum
    stub = call.request()
    if opnum in _CHANGE_BY_NAME:
        return [_account(call, _named(stub, ansi=opnum == 54), "password_changed")]
    if opnum == _SET_DSRM:
        return [_account(call, None, "dsrm_password_set")]
    handle = stub.handle()
    sid = call.handles.get(handle)
    if opnum in _CREATE_USER or opnum in _CREATE_GROUP:
        return [_created(call, stub, sid)]
    if opnum == _DELETE_USER:
        return [_account(call, sid, "deleted")]
    if opnum == _CHANGE_OWN:
        return [_account(call, sid, "password_changed")]
    if opnum in _SET_USER:
        return [_set(call, stub, sid)]
    if opnum in _DELETE_GROUP:
        return [_group(call, sid, "group_deleted", None)]
    return _members(call, stub, sid)


def _account(call: Call, account: str | None, action: str) -> AccountChange:
    event = AccountChange(**call.common(), actor=call.account, action=action)
    event.account = account
    call.finish(event)
    return event


def _group(call: Call, group: str | None, action: str, member: str | None) -> GroupChange:
    event = GroupChange(
        **call.common(), actor=call.account, action=action, group=group, member=member
    )
    call.finish(event)
    return event


def _created(call: Call, stub: Ndr, domain: str | None) -> Event:
    name = stub.text() if stub.counted() else None
    answer = call.response()
    handle = answer.handle()
    if call.opnum == _CREATE_USER_2:
        answer.u32()  # GrantedAccess
    sid = f"{domain}-{answer.u32()}" if domain is not None else None
    if sid is not None:
        call.handles.open(handle, sid)
    full = f"{name}|{sid}" if name and sid else name or sid
    if call.opnum in _CREATE_USER:
        return _account(call, full, "created")
    return _group(call, full, "group_created", None)


def _members(call: Call, stub: Ndr, group: str | None) -> list[Event]:
    if call.opnum in _GROUP_MEMBER:
        rid = stub.u32()
        domain = group.rpartition("-")[0] if group is not None else None
        member = f"{domain}-{rid}" if domain is not None else None
        return [_group(call, group, _GROUP_MEMBER[call.opnum], member)]
    if call.opnum in _ALIAS_MEMBER:
        return [_group(call, group, _ALIAS_MEMBER[call.opnum], stub.sid())]
    stub.align_structure()
    stub.u32()  # Count of SAMPR_PSID_ARRAY
    if not stub.pointer():
        return []
    count = min(stub.size(), _MEMBERS_LIMIT)
    present = sum([stub.pointer() for _ in range(count)])
    action = _ALIAS_MEMBERS[call.opnum]
    return [_group(call, group, action, stub.sid()) for _ in range(present)]


def _set(call: Call, stub: Ndr, sid: str | None) -> AccountChange:
    """SamrSetInformationUser and …User2: which fields its information class holds."""
    kind = stub.enum()
    if stub.enum() != kind:
        return _account(call, sid, "changed")
    if kind in _PASSWORDS:
        return _account(call, sid, "password_reset")
    if kind in _ALL:
        return _set_all(call, stub, sid, kind)
    event = _account(call, sid, "changed")
    if kind in (_NAME, _ACCOUNT_NAME):
        event.action = "renamed"
        there = stub.counted()
        if kind == _NAME:
            stub.counted()  # FullName
        event.new_name = stub.text() if there else None
    return event


def _set_all(call: Call, stub: Ndr, sid: str | None, kind: int) -> AccountChange:
    """SAMPR_USER_ALL_INFORMATION (MS-SAMR 2.2.6.6): WhichFields says what is set."""
    stub.align_structure()
    stub.skip(48)  # six times
    named = [stub.counted() for _ in range(10)]
    for _ in range(3):
        stub.counted()  # LmOwfPassword, NtOwfPassword, PrivateData
    stub.u32()  # SecurityDescriptor: length and pointer
    stub.pointer()
    stub.skip(12)  # UserId, PrimaryGroupId, UserAccountControl
    fields = stub.u32()
    if fields & _PASSWORD_SET:
        return _account(call, sid, "password_reset")
    event = _account(call, sid, "changed")
    if fields == _USER_NAME_SET and kind == _USER_ALL and named[0]:
        event.action = "renamed"
        stub.u16()  # LogonHours: units and pointer
        stub.pointer()
        stub.skip(12)  # four counters, four flags
        event.new_name = stub.text()
    return event


def _named(stub: Ndr, *, ansi: bool) -> str | None:
    """UserName behind the optional ServerName."""
    if stub.pointer() and stub.counted():
        if ansi:
            stub.ansi()
        else:
            stub.text()
    if not stub.counted():
        return None
    return stub.ansi() if ansi else stub.text()
