"""Files of lists: `list`, `kind`, `description`, `entries` with owner, reason and expiry.

An entry without an owner and a reason is refused: nobody would dare to remove it. An entry has a
`value`, or, in the exclusions of a detection, `roles`: values that must be met together.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Final, get_args

from dsl.catalogue import ListEntry, ListFile
from dsl.schema.base import KindName

if TYPE_CHECKING:
    from pathlib import Path

    from dsl.record import Record

_KINDS: Final[tuple[KindName, ...]] = tuple(k for k in get_args(KindName) if k != "map")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_ROLE: Final = re.compile(r"[A-Za-z_]\w*")


def read_list(file: Record, path: Path) -> ListFile | None:
    """The list of a file; faulty entries are left out and reported."""
    name = file.text("list", required=True)
    if name is not None and not _NAME.fullmatch(name):
        file.add("D0608", f"`{name}` is no name for a list", "list", hint="write `a_list`")
    elif name is not None and name != path.stem:
        hint = f"write `list: {path.stem}` or rename the file to `{name}.yaml`"
        message = f"the list `{name}` is not named as the file, `{path.stem}`"
        file.add("D0608", message, "list", hint=hint)
    kind = file.word("kind", _KINDS, required=True)
    description = file.text("description", required=True)
    if "entries" not in file:
        hint = "an empty list is `entries: []`"
        file.add("D0605", "the list has no key `entries`", key=True, hint=hint)
    entries: dict[str, ListEntry] = {}
    for record in file.records("entries", "the entry"):
        entry = _read_entry(record, kind or "text")
        if entry is None:
            continue
        if entry.value.casefold() in entries:
            at = ("roles",) if entry.roles else ("value",)
            record.add("D0617", f"`{entry.value}` stands twice in the list", *at)
        entries[entry.value.casefold()] = entry
    file.finish()
    known = next((k for k in _KINDS if k == kind), None)
    if name is None or known is None or description is None:
        return None
    return ListFile(name, known, description, tuple(entries.values()), file.source, path)


def _read_entry(record: Record, kind: str) -> ListEntry | None:
    roles = _read_roles(record)
    value = joined_roles(roles) if roles else None
    if "roles" not in record:
        value = record.text("value", required=True)
    elif "value" in record:
        hint = "leave `value` out: `roles` says what must be met together"
        record.add("D0617", "an entry has `value` or `roles`, not both", "value", hint=hint)
        record.raw("value")
    owner = record.text("owner", required=True)
    reason = record.text("reason", required=True)
    expires = read_day(record, "expires")
    record.finish()
    if value is None or owner is None or reason is None:
        return None
    if kind == "ip" and not roles:
        try:
            ipaddress.ip_network(value, strict=False)
        except ValueError:
            hint = "write `10.0.0.1` or `10.0.0.0/8`"
            record.add("D0617", f"`{value}` is no address and no network", "value", hint=hint)
            return None
    span = record.source.place(*record.place)
    return ListEntry(value, owner, reason, expires, roles, span)


def joined_roles(roles: tuple[tuple[str, str], ...]) -> str:
    """Roles and values of an entry as one text, the same for any order of them."""
    return ", ".join(f"{role}={value}" for role, value in sorted(roles))


def _read_roles(record: Record) -> tuple[tuple[str, str], ...]:
    """`roles: {actor: svc@corp.test, source: "tag:backup"}`."""
    given = record.record("roles", "`roles`")
    if given is None:
        return ()
    if not given.data:
        record.add("D0617", "`roles` names no role", "roles", hint="write `roles: {source: ws1}`")
    found = []
    for role in given.data:
        value = given.text(role, required=True)
        if not _ROLE.fullmatch(role):
            given.add("D0617", f"`{role}` is no name of a role", role, key=True)
        elif value is not None:
            found.append((role, value))
    return tuple(found)


def read_day(record: Record, key: str, code: str = "D0617") -> int | None:
    """`<key>: 2027-01-31`: the first moment of that day, UTC, in microseconds."""
    text = record.text(key)
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        record.add(code, f"`{text}` is no day", key, hint="write `2027-01-31`")
        return None
    return int(datetime.combine(day, time(), UTC).timestamp()) * 1_000_000
