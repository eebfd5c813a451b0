"""Operations on directory objects and secrets: 4662 -> directory_access.

Properties lists GUIDs of extended rights, property sets and attributes, and last the object's
class. Reference: event 4662; MS-ADTS §5.1.3.2 (rights), §5.1.3.2.1 (control access rights).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dsl.schema import enums
from dsl.schema.directory import DirectoryAccess
from sensor.map import identity, rights, schema_names

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.record import Record

_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_STANDARD_RIGHTS: Final = 0x001F0000
_RIGHTS_LIMIT: Final = 200
_LOCAL_CLASS: Final = {"SecretObject": "secret", "TrustedDomainObject": "trustedDomain"}


def _name(guid: str) -> str:
    return rights.right(guid) or schema_names.ATTRIBUTE.get(guid) or guid


def _class(object_type: str | None) -> str | None:
    """The class of an object by its schema GUID; LSA objects go by name."""
    if object_type is None:
        return None
    if guid := identity.guid(object_type):
        return schema_names.CLASS.get(guid, guid)
    return _LOCAL_CLASS.get(object_type, object_type)


def _mask(mask: int | None, *, directory: bool) -> list[str] | None:
    """Names of the bits; below the standard rights each object server has its own meanings."""
    if mask is None:
        return None
    if not directory:
        mask &= _STANDARD_RIGHTS
    return [word for bit, word in enums.ACCESS_RIGHT.items() if mask & bit]


def object_operation(record: Record) -> list[Event]:
    """4662: Subject*, ObjectServer, ObjectType, ObjectName, AccessMask, Properties."""
    text = record.text
    who = identity.subject(record)
    object_type, object_name = text("ObjectType"), text("ObjectName")
    found = [g.lower() for g in _GUID.findall(text("Properties") or "")[:_RIGHTS_LIMIT]]
    own_class = identity.guid(object_type)
    if found and found[-1] == own_class:
        found.pop()
    return [
        DirectoryAccess(
            ts=record.ts,
            via=record.via,
            dc=identity.host(record.computer),
            account=who,
            outcome=record.outcome,
            actor=who,
            logon_id=record.number("SubjectLogonId"),
            object=identity.guid(object_name) or object_name,
            object_class=_class(object_type),
            access_mask=_mask(record.number("AccessMask"), directory=text("ObjectServer") == "DS"),
            rights=list(dict.fromkeys(_name(g) for g in found)),
        )
    ]


EVENTS = {("Security", 4662): object_operation}
