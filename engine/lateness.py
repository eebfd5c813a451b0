"""How late an event may be, by who saw it (language reference, "Watermark"): microseconds."""

from __future__ import annotations

from functools import cache
from typing import Final

from dsl.schema.registry import event_types

SECOND_US: Final = 1_000_000
WIRE_US: Final = 60 * SECOND_US
RECORD_US: Final = 300 * SECOND_US
SLOW_US: Final = 900 * SECOND_US
"""Syslog feeds."""
IDLE_US: Final = 120 * SECOND_US
"""A sensor silent for longer leaves the watermark and opens a coverage gap."""

_WIRE_FAMILIES: Final = frozenset({"kerberos", "ntlm", "ldap", "rpc", "smb", "dns"})
_RECORD_FAMILIES: Final = frozenset({"windows", "pki", "directory"})


def of_via(via: str | None) -> int:
    """Allowed lateness of events of a witness."""
    if via in ("wire", "etw", "radius", "engine", "sync", None):
        return WIRE_US
    return RECORD_US if via == "zeek" or via.startswith("event_") else SLOW_US


def of_files(sensor: str | None) -> bool:
    """Whether a sensor is a watched folder, here or of a remote sensor (`dc1/folder:/var/captures`): what lies
    there may be a recording of any time.
    """
    name = sensor or ""
    return name.startswith("folder:") or name.partition("/")[2].startswith("folder:")


@cache
def of_type(event: str) -> int:
    """Allowed lateness of an event type of which no sensor is known yet."""
    family = event_types()[event].family
    if family in _WIRE_FAMILIES or event in ("alert", "sensor_health", "host_binding"):
        return WIRE_US
    return RECORD_US if family in _RECORD_FAMILIES or event == "windows_event" else SLOW_US


@cache
def wire_types() -> frozenset[str]:
    """Event types that a wire sensor decodes."""
    return frozenset(n for n, e in event_types().items() if e.family in _WIRE_FAMILIES)


@cache
def types_of_protocol(name: str) -> frozenset[str]:
    """Event types that are incomplete where a wire sensor left packets of this protocol unread."""
    families = {"smb", "rpc"} if name == "smb" else {name}  # pipes of SMB carry DCE/RPC
    return frozenset(n for n, e in event_types().items() if e.family in families & _WIRE_FAMILIES)
