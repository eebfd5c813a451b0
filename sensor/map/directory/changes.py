"""Two versions of an entry -> what was written: directory_change, account_change, group_change.

The same sentences that the audit log of a domain controller writes (5136, 4720, 4728 …), without
an actor: a directory tells what and when, not who. A password that changed may have been changed
or reset; the former is told. Reference: MS-ADTS §2.2.16, §3.1.1.3.1.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.directory import AccountChange, DirectoryChange, GroupChange
from sensor.map.directory.entry import PRINCIPALS, Entry, filetime, flags
from sensor.map.directory.objects import domain_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.schema.base import Event

_TOLD_OTHERWISE: Final = frozenset(
    {"objectGUID", "objectSid", "isDeleted", "whenCreated", "member", "objectClass"}
)
"""No row of their own: they are the object, its life, or its members."""
_NOISE: Final = frozenset({"lastLogonTimestamp", "pwdLastSet", "lockoutTime"})
"""Written by logons and passwords; told as account_change where they mean anything."""
_ROWS: Final = 2_000
"""Values of one attribute, members of one group that are told of one change."""


def changes(old: Entry | None, new: Entry, ts: int) -> Iterator[Event]:
    """What happened to an object between two versions; `old` None: it is new. Undeleted objects are
    added again. `new.deleted`: a tombstone, of which the directory keeps few attributes.
    """
    was = None if old is None or old.deleted else old
    if new.deleted:
        if was is not None:
            yield from _gone(was, new, ts)
        return
    if was is None:
        yield _change(new, ts, "add")
        yield from _born(new, ts)
    elif was.dn != new.dn:
        yield _change(new, ts, "replace", value=new.dn, old_value=was.dn)
    for attribute in {**(was.attributes if was else {}), **new.attributes}:
        if attribute not in _TOLD_OTHERWISE and not (attribute in _NOISE and was is not None):
            yield from _attribute(was, new, attribute, ts)
    yield from _members(was, new, ts)
    if was is not None and new.kind in ("user", "computer"):
        yield from _account(was, new, ts)
    elif was is not None and new.kind == "group" and _name(was) != _name(new):
        yield _group(new, ts, "group_renamed")


def _born(new: Entry, ts: int) -> Iterator[Event]:
    if new.kind == "group":
        yield _group(new, ts, "group_created")
    elif new.kind in PRINCIPALS:
        made = _fact(new, ts, "created")
        made.uac_added = flags(new.first("userAccountControl")) or None
        yield made


def _gone(was: Entry, new: Entry, ts: int) -> Iterator[Event]:
    """The object is told under the name it had."""
    entry = Entry(was.guid, was.dn, was.attributes)
    yield _change(entry, ts, "delete", value=new.dn if new.dn != was.dn else None)
    if was.kind == "group":
        yield _group(entry, ts, "group_deleted")
    elif was.kind in PRINCIPALS:
        yield _fact(entry, ts, "deleted")


def _attribute(was: Entry | None, new: Entry, attribute: str, ts: int) -> Iterator[Event]:
    before = was.attributes.get(attribute, []) if was else []
    after = new.attributes.get(attribute, [])
    if before == after:
        return
    if was is not None and len(before) <= 1 and len(after) <= 1:
        old_value = before[0] if before else None
        if after:
            op = "replace" if before else "add"
            yield _change(new, ts, op, attribute, after[0], old_value)
        else:
            yield _change(new, ts, "delete", attribute, old_value)
        return
    gained, lost = difference(before, after)
    for value in lost[:_ROWS]:
        yield _change(new, ts, "delete", attribute, value)
    for value in gained[:_ROWS]:
        yield _change(new, ts, "add", attribute, value)


def difference(before: list[str], after: list[str]) -> tuple[list[str], list[str]]:
    """Values (gained, lost), each in its own order."""
    had, has = set(before), set(after)
    return [v for v in after if v not in had], [v for v in before if v not in has]


def _members(was: Entry | None, new: Entry, ts: int) -> Iterator[Event]:
    before = was.attributes.get("member", []) if was else []
    gained, lost = difference(before, new.attributes.get("member", []))
    for action, members in (("member_removed", lost), ("member_added", gained)):
        for member in members[:_ROWS]:
            told = _group(new, ts, action)
            told.member = member
            yield told


def _account(was: Entry, new: Entry, ts: int) -> Iterator[Event]:
    before = set(flags(was.first("userAccountControl")))
    after = set(flags(new.first("userAccountControl")))
    if before != after:
        told = _fact(new, ts, "changed")
        if "accountdisable" in before ^ after:
            told.action = "disabled" if "accountdisable" in after else "enabled"
        told.uac_added = sorted(after - before) or None
        told.uac_removed = sorted(before - after) or None
        yield told
    if _name(was) != _name(new):
        told = _fact(new, ts, "renamed")
        told.old_name, told.new_name = _name(was), _name(new)
        yield told
    for value in difference(*(e.attributes.get("sIDHistory", []) for e in (was, new)))[0]:
        told = _fact(new, ts, "sid_history_added")
        told.value = value
        yield told
    password = filetime(new.first("pwdLastSet"))
    if password is not None and password != filetime(was.first("pwdLastSet")):
        yield _fact(new, ts, "password_changed")
    locked, free = filetime(new.first("lockoutTime")), filetime(was.first("lockoutTime"))
    if (locked is None) != (free is None):
        yield _fact(new, ts, "unlocked" if locked is None else "locked")


def _name(entry: Entry) -> str | None:
    return entry.first("sAMAccountName")


def _identity(entry: Entry) -> str:
    """Whom it is about, raw: the SID outlives names."""
    return entry.first("objectSid") or entry.dn


def _change(
    entry: Entry,
    ts: int,
    op: str,
    attribute: str | None = None,
    value: str | None = None,
    old_value: str | None = None,
) -> DirectoryChange:
    return DirectoryChange(
        ts=ts,
        via="sync",
        protocol="ldap",
        domain=domain_of(entry.dn),
        outcome="success",
        object=entry.dn,
        object_guid=entry.guid,
        object_account=_identity(entry) if entry.kind in PRINCIPALS else None,
        object_class=entry.object_class,
        attribute=attribute,
        op=op,
        value=value,
        old_value=old_value,
    )


def _fact(entry: Entry, ts: int, action: str) -> AccountChange:
    return AccountChange(
        ts=ts,
        via="sync",
        protocol="ldap",
        domain=domain_of(entry.dn),
        outcome="success",
        account=_identity(entry),
        action=action,
    )


def _group(entry: Entry, ts: int, action: str) -> GroupChange:
    return GroupChange(
        ts=ts,
        via="sync",
        protocol="ldap",
        domain=domain_of(entry.dn),
        outcome="success",
        action=action,
        group=_identity(entry),
    )
