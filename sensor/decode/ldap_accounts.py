"""What a write means for an account or a group: created, disabled, a new password, another name.

A directory knows only attributes; the audit log of a domain controller tells such writes by these
words (4720, 4722 to 4726, 4738, 4781, 4727 …), and so do rows made from LDAP. Only what the
request itself proves is told: a delete does not say of what class the object was, and a value
that replaces an unknown one does not say what it changed. References: MS-ADTS §3.1.1.3.1.5
(passwords), §2.2.16 (userAccountControl), RFC 3062. Knows no flow and no pairing.
"""

from __future__ import annotations

from typing import Final

from dsl.schema.enums import UAC_FLAG
from sensor.decode import ber
from sensor.decode.ldap_attributes import identity
from sensor.decode.ldap_change import ADD, MODIFY, Change, Row

PASSWORD_MODIFY: Final = b"1.3.6.1.4.1.4203.1.11.1"

_ACCOUNTS: Final = frozenset({
    "user", "computer", "inetorgperson", "msds-managedserviceaccount",
    "msds-groupmanagedserviceaccount", "msds-delegatedmanagedserviceaccount",
})  # fmt: skip
_PASSWORDS: Final = frozenset({"unicodePwd", "userPassword", "clearTextPassword"})
_UAC: Final = "userAccountControl"
_DISABLED: Final = 0x2
_LARGEST: Final = 1 << 31


class Fact:
    """One row of `account_change`, or of `group_change` where `group`.

    `action` is a word of enums.ACCOUNT_ACTION (GROUP_ACTION); `account` whom it is about, raw.
    """

    __slots__ = ("account", "action", "added", "group", "new_name", "old_name", "removed", "sid")

    def __init__(self, action: str, account: str) -> None:
        self.action = action
        self.account = account
        self.group = False
        self.old_name: str | None = None
        self.new_name: str | None = None
        self.sid: str | None = None
        self.added: list[str] | None = None
        self.removed: list[str] | None = None


def facts(tag: int, change: Change) -> list[Fact]:
    """What the request with this tag says of accounts and groups; mostly nothing."""
    if tag == ADD:
        return _created(change)
    return _modified(change) if tag == MODIFY else []


def password_modified(b: bytes, o: int, e: int, account: str | None) -> Fact | None:
    """A PasswdModifyRequestValue b[o:e] of a connection bound as `account`.

    With the old password it is a change, without a reset; None where it names nobody.
    """
    action = "password_reset"
    if o < e:
        o, e = ber.expect(b, o, e, ber.SEQUENCE)
    while o < e:
        start, end = ber.header(b, o, e)
        if b[o] == 0x80:
            account = identity(ber.text(b, start, min(end, start + 1024)))
        elif b[o] == 0x81:
            action = "password_changed"
        o = end
    return Fact(action, account) if account else None


def _created(change: Change) -> list[Fact]:
    account = bool(_ACCOUNTS & change.classes)
    if not account and "group" not in change.classes:
        return []
    name = flags = None
    for row in change.rows:
        if row.attribute == "sAMAccountName":
            name = row.value
        elif row.attribute == _UAC:
            flags = _flags(row.value)
    domain = _domain(change.object)
    known = f"{name}@{domain}" if name and domain else name or change.object
    fact = Fact("created" if account else "group_created", known)
    fact.group = not account
    if flags is not None:
        fact.added = _words(flags)
    return [fact]


def _modified(change: Change) -> list[Fact]:
    found: list[Fact] = []
    passwords: set[str] = set()
    flags: list[Row] = []
    names: list[Row] = []
    for row in change.rows:
        if row.attribute in _PASSWORDS:
            passwords.add(row.op)
        elif row.attribute == _UAC:
            flags.append(row)
        elif row.attribute == "sAMAccountName":
            names.append(row)
        elif row.attribute == "lockoutTime" and row.op != "delete" and row.value == "0":
            found.append(Fact("unlocked", change.object))
        elif row.attribute == "sIDHistory" and row.op != "delete" and row.value:
            fact = Fact("sid_history_added", change.object)
            fact.sid = row.value if row.value.startswith("S-1-") else None
            found.append(fact)
    if passwords & {"add", "replace"}:
        changed = passwords == {"delete", "add"}  # §3.1.1.3.1.5.1: old value out, new value in
        found.append(Fact("password_changed" if changed else "password_reset", change.object))
    old, new = _pair(flags)
    after = _flags(new)
    if after is not None:
        found.append(_controlled(change.object, _flags(old), after))
    old, new = _pair(names)
    if new is not None:
        fact = Fact("renamed", change.object)
        fact.old_name, fact.new_name = old, new
        found.append(fact)
    return found


def _pair(rows: list[Row]) -> tuple[str | None, str | None]:
    """Value before, where the request names it to delete it, and after."""
    old = new = None
    for row in rows:
        if row.op == "delete":
            old = row.value
        else:
            new = row.value
    return old, new


def _controlled(account: str, before: int | None, after: int) -> Fact:
    """A write of userAccountControl. What replaces an unknown value is a change of unknown bits;
    but where it disables, the account is disabled from here on.
    """
    fact = Fact("changed", account)
    disables = after & _DISABLED != 0
    if before is not None:
        fact.added, fact.removed = _words(after & ~before), _words(before & ~after)
        if (before ^ after) & _DISABLED:
            fact.action = "disabled" if disables else "enabled"
    elif disables:
        fact.action = "disabled"
    return fact


def _flags(value: str | None) -> int | None:
    if value is None or not value.isascii() or len(value) > 12:
        return None
    try:
        number = int(value)
    except ValueError:
        return None
    return number & 0xFFFFFFFF if -_LARGEST <= number < 2 * _LARGEST else None


def _words(bits: int) -> list[str]:
    return [word for bit, word in UAC_FLAG.items() if bits & bit]


def _domain(dn: str) -> str:
    """The DNS name of the domain a DN lies in: its DC components."""
    parts = [part.strip() for part in dn.split(",")]
    return ".".join(part[3:] for part in parts if part[:3].lower() == "dc=")
