"""Changes of accounts and groups by MS-SAMR, marshalled by impacket."""

from __future__ import annotations

import struct

import pytest
from impacket.dcerpc.v5 import samr
from impacket.dcerpc.v5.dtypes import NULL
from stub_calls import ask, fields

from sensor.decode.rpc_call import Handles

HANDLE = b"H" * 20
DOMAIN = "S-1-5-21-1-2-3"
OK = b"\0\0\0\0"


@pytest.fixture(params=[False, True], ids=["ndr", "ndr64"])
def wide(request):
    return request.param


def opened(name):
    handles = Handles()
    handles.open(HANDLE, name)
    return handles


def change(opnum, r, name, answer=OK, *, wide=False):
    call, *changed = ask("samr", opnum, r.getData(), answer, handles=opened(name), wide=wide)
    assert type(call).__struct_config__.tag == "rpc_call"
    return changed


def test_account_created(wide):
    r = samr.SamrCreateUser2InDomain(isNDR64=wide)
    r["DomainHandle"], r["Name"] = HANDLE, "evil$"
    r["AccountType"], r["DesiredAccess"] = 0x80, 0xE00500B0
    answer = b"U" * 20 + struct.pack("<II", 0xF07FF, 1105) + OK
    handles = opened(DOMAIN)
    _call, event = ask("samr", 50, r.getData(), answer, handles=handles, wide=wide)
    assert fields(event, "action", "account") == ("created", f"evil$|{DOMAIN}-1105")
    assert handles.get(b"U" * 20) == f"{DOMAIN}-1105"
    r = samr.SamrCreateUserInDomain(isNDR64=wide)
    r["DomainHandle"], r["Name"], r["DesiredAccess"] = HANDLE, "eve", 1
    answer = b"U" * 20 + struct.pack("<I", 1106) + OK
    (event,) = change(12, r, DOMAIN, answer, wide=wide)
    assert fields(event, "action", "account") == ("created", f"eve|{DOMAIN}-1106")


@pytest.mark.parametrize(
    ("opnum", "call", "field"),
    [(10, samr.SamrCreateGroupInDomain, "Name"), (14, samr.SamrCreateAliasInDomain, "AccountName")],
)
def test_group_created(opnum, call, field, wide):
    r = call(isNDR64=wide)
    r["DomainHandle"], r[field], r["DesiredAccess"] = HANDLE, "ops", 1
    answer = b"G" * 20 + struct.pack("<I", 1200) + OK
    (event,) = change(opnum, r, DOMAIN, answer, wide=wide)
    assert fields(event, "action", "group") == ("group_created", f"ops|{DOMAIN}-1200")


@pytest.mark.parametrize(("opnum", "action"), [(22, "member_added"), (24, "member_removed")])
def test_member_of_a_group(opnum, action):
    call = samr.SamrAddMemberToGroup if opnum == 22 else samr.SamrRemoveMemberFromGroup
    r = call()
    r["GroupHandle"], r["MemberId"] = HANDLE, 1105
    if opnum == 22:
        r["Attributes"] = 7
    (event,) = change(opnum, r, f"{DOMAIN}-512")
    assert fields(event, "action", "group", "member") == (
        action, f"{DOMAIN}-512", f"{DOMAIN}-1105",
    )  # fmt: skip


def sid(rid, *, wide):
    """An RPC_SID as MS-RPCE lays it out; impacket places neither it in NDR64 nor arrays of it."""
    parts = (21, 1, 2, 3, rid)
    head = struct.pack("<Q" if wide else "<I", len(parts))
    return head + bytes((1, len(parts), 0, 0, 0, 0, 0, 5)) + struct.pack("<5I", *parts)


def test_members_of_an_alias(wide):
    handles = opened("S-1-5-32-544")
    stub = HANDLE + (b"\0" * 4 if wide else b"") + sid(1105, wide=wide)
    _call, event = ask("samr", 31, stub, OK, handles=handles, wide=wide)
    assert fields(event, "action", "group", "member") == (
        "member_added", "S-1-5-32-544", f"{DOMAIN}-1105",
    )  # fmt: skip
    form = "<I4xQQQQ" if wide else "<IIIII"
    stub = HANDLE + (b"\0" * 4 if wide else b"") + struct.pack(form, 2, 1, 2, 3, 4)
    stub += sid(1105, wide=wide) + (b"\0" * 4 if wide else b"") + sid(1106, wide=wide)
    _call, *events = ask("samr", 53, stub, OK, handles=handles, wide=wide)
    assert [fields(e, "action", "member") for e in events] == [
        ("member_removed", f"{DOMAIN}-1105"), ("member_removed", f"{DOMAIN}-1106"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("opnum", "call", "key", "name", "what"),
    [(35, samr.SamrDeleteUser, "UserHandle", f"{DOMAIN}-1105", ("deleted", "account")),
     (23, samr.SamrDeleteGroup, "GroupHandle", f"{DOMAIN}-1200", ("group_deleted", "group")),
     (30, samr.SamrDeleteAlias, "AliasHandle", f"{DOMAIN}-1201", ("group_deleted", "group"))],
)  # fmt: skip
def test_deleted(opnum, call, key, name, what):
    r = call()
    r[key] = HANDLE
    (event,) = change(opnum, r, name, HANDLE + OK)
    assert (event.action, getattr(event, what[1])) == (what[0], name)


def set_information(kind, *, wide, opnum=58):
    r = (samr.SamrSetInformationUser2 if opnum == 58 else samr.SamrSetInformationUser)(isNDR64=wide)
    r["UserHandle"], r["UserInformationClass"] = HANDLE, kind
    r["Buffer"]["tag"] = kind
    return r


def test_password_reset(wide):
    kind = samr.USER_INFORMATION_CLASS.UserInternal5InformationNew
    r = set_information(kind, wide=wide)
    r["Buffer"]["Internal5New"]["UserPassword"]["Buffer"] = b"\xaa" * 532
    r["Buffer"]["Internal5New"]["PasswordExpired"] = 0
    (event,) = change(58, r, f"{DOMAIN}-1105", wide=wide)
    assert fields(event, "action", "account") == ("password_reset", f"{DOMAIN}-1105")
    assert b"\xaa" not in repr(event).encode()


@pytest.mark.parametrize(
    ("which", "action", "name"),
    [(0x1, "renamed", "mallory"), (0x01000000, "password_reset", None), (0x10, "changed", None)],
)
def test_all_information(which, action, name, wide):
    r = set_information(samr.USER_INFORMATION_CLASS.UserAllInformation, wide=wide, opnum=37)
    info = r["Buffer"]["All"]
    for time in ("LastLogon", "LastLogoff", "PasswordLastSet", "AccountExpires",
                 "PasswordCanChange", "PasswordMustChange"):  # fmt: skip
        info[time]["LowPart"] = info[time]["HighPart"] = 0
    info["UserName"] = "mallory"
    info["FullName"] = "Mal Lory"
    for text in ("HomeDirectory", "HomeDirectoryDrive", "ScriptPath", "ProfilePath",
                 "AdminComment", "WorkStations", "UserComment", "Parameters", "PrivateData"):  # fmt: skip
        info[text] = NULL
    for blob in ("LmOwfPassword", "NtOwfPassword"):
        info[blob]["Buffer"] = NULL
    info["SecurityDescriptor"]["SecurityDescriptor"] = NULL
    info["LogonHours"]["LogonHours"] = NULL
    info["WhichFields"] = which
    (event,) = change(37, r, f"{DOMAIN}-1105", wide=wide)
    assert fields(event, "action", "account", "new_name") == (action, f"{DOMAIN}-1105", name)


def test_renamed(wide):
    r = set_information(samr.USER_INFORMATION_CLASS.UserAccountNameInformation, wide=wide)
    r["Buffer"]["AccountName"]["UserName"] = "DC1"
    (event,) = change(58, r, f"{DOMAIN}-1105", wide=wide)
    assert fields(event, "action", "new_name") == ("renamed", "DC1")


def test_password_changed(wide):
    r = samr.SamrUnicodeChangePasswordUser2(isNDR64=wide)
    r["ServerName"], r["UserName"] = "\\\\dc1", "alice"
    r["NewPasswordEncryptedWithOldNt"]["Buffer"] = b"\xaa" * 516
    r["OldNtOwfPasswordEncryptedWithNewNt"] = b"\xbb" * 16
    r["LmPresent"] = 0
    r["NewPasswordEncryptedWithOldLm"] = NULL
    r["OldLmOwfPasswordEncryptedWithNewNt"] = NULL
    _call, event = ask("samr", 55, r.getData(), OK, wide=wide)
    assert fields(event, "action", "account") == ("password_changed", "alice")


def test_nothing_is_told_of_what_was_refused_or_cannot_be_read():
    r = samr.SamrAddMemberToGroup()
    r["GroupHandle"], r["MemberId"], r["Attributes"] = HANDLE, 1105, 7
    assert change(22, r, f"{DOMAIN}-512", b"\x22\0\0\xc0") == []
    assert len(ask("samr", 22)) == 1
    assert len(ask("samr", 22, r.getData())) == 1
    (event,) = ask("samr", 22, r.getData(), OK)[1:]
    assert fields(event, "group", "member") == (None, None)
