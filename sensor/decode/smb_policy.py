"""Group policy as it is written to SYSVOL: the settings of a policy file, as `gpo_change`.

Reads Registry.pol (MS-GPREG 2.2), GptTmpl.inf (MS-GPSB 2.2), ScheduledTasks.xml of the preferences
(MS-GPPREF 2.2.1.12) and the names of scripts (MS-GPSCR). An editor writes a file anew as a whole, so
its settings are told as they stand; which of them differ from before is not known here. Knows no
message format and no state.
"""

from __future__ import annotations

import re
import struct
from typing import Final

from sensor.decode.rpc_task_xml import command_of

CONTENT_LIMIT: Final = 65_536
"""Bytes of a policy file that are used."""
SETTINGS_LIMIT: Final = 256
_VALUE_LIMIT: Final = 1_024
_POLICY: Final = re.compile(
    r"(?:^|\\)policies\\\{([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}\\(.+)$", re.IGNORECASE
)
_HEAD: Final = b"PReg\1\0\0\0"
_TEXT: Final = frozenset({1, 2})
_NUMBER: Final = 4
_LONG: Final = 11
_U32: Final = struct.Struct("<I")
_TASK: Final = re.compile(r"<(?:Immediate)?Task(?:V2)?\s[^<>]{0,512}?name=\"([^\"<>]{1,256})\"")
_REGISTRY_VALUES: Final = "registry values"
_MACHINE: Final = "machine\\"

_OFF: Final[dict[str, tuple[int, int]]] = {
    "windows defender\\disableantispyware": (1, 1),
    "windows defender\\disableantivirus": (1, 1),
    "real-time protection\\disablerealtimemonitoring": (1, 1),
    "real-time protection\\disablebehaviormonitoring": (1, 1),
    "real-time protection\\disableioavprotection": (1, 1),
    "real-time protection\\disableonaccessprotection": (1, 1),
    "real-time protection\\disablescriptscanning": (1, 1),
    "domainprofile\\enablefirewall": (0, 0),
    "standardprofile\\enablefirewall": (0, 0),
    "publicprofile\\enablefirewall": (0, 0),
    "policies\\system\\enablelua": (0, 0),
    "control\\lsa\\runasppl": (0, 0),
    "control\\lsa\\lmcompatibilitylevel": (0, 2),
    "control\\lsa\\nolmhash": (0, 0),
    "control\\lsa\\disablerestrictedadmin": (0, 0),
    "deviceguard\\lsacfgflags": (0, 0),
    "deviceguard\\enablevirtualizationbasedsecurity": (0, 0),
    "securityproviders\\wdigest\\uselogoncredential": (1, 1),
    "scriptblocklogging\\enablescriptblocklogging": (0, 0),
    "modulelogging\\enablemodulelogging": (0, 0),
    "lanmanworkstation\\parameters\\requiresecuritysignature": (0, 0),
    "lanmanserver\\parameters\\requiresecuritysignature": (0, 0),
    "ntds\\parameters\\ldapserverintegrity": (0, 1),
    "netlogon\\parameters\\requiresignorseal": (0, 0),
    "windowsupdate\\au\\noautoupdate": (1, 1),
}
"""End of a registry path, and the numbers with which it switches a protection off."""


class Setting:
    """One setting: registry key and value or a name of its extension; `disables` None: no such
    table entry.
    """

    __slots__ = ("disables", "name", "value")

    def __init__(self, name: str, value: str | None, number: int | None = None) -> None:
        self.name = name[:_VALUE_LIMIT]
        self.value = value[:_VALUE_LIMIT] if value is not None else None
        self.disables = _disables(name, number)


def _disables(name: str, number: int | None) -> bool | None:
    low = name.lower()
    for end, (first, last) in _OFF.items():
        if low.endswith(end):
            return number is not None and first <= number <= last
    return None


def policy_of(path: str) -> tuple[str, str] | None:
    """(GUID of the policy, path inside it in lower case) if the path is in a policy's folder."""
    found = _POLICY.search(path)
    return (found[1].lower(), found[2].lower()) if found else None


def has_settings(inside: str) -> bool:
    """Is the content of this file read? `inside` as `policy_of` gives it."""
    return inside.endswith(("\\registry.pol", "\\gpttmpl.inf", "\\scheduledtasks.xml"))


def settings(inside: str, content: bytes) -> list[Setting]:
    """What a file says, as far as it was kept; at most SETTINGS_LIMIT."""
    if inside.endswith("\\registry.pol"):
        return _registry(content)
    if inside.endswith("\\gpttmpl.inf"):
        return _template(content)
    if inside.endswith("\\scheduledtasks.xml"):
        return _tasks(content)
    if "\\scripts\\" in f"\\{inside}":
        return [Setting(inside.partition("scripts\\")[1] + inside.partition("scripts\\")[2], None)]
    return []


def _registry(b: bytes) -> list[Setting]:
    found: list[Setting] = []
    if b[:8] != _HEAD:
        return found
    o = 8
    while b[o : o + 2] == b"[\0" and len(found) < SETTINGS_LIMIT:
        key, o = _part(b, o + 2)
        name, o = _part(b, o)
        if o + 16 > len(b):
            break
        kind = _U32.unpack_from(b, o)[0]
        size = _U32.unpack_from(b, o + 6)[0]  # behind the type and a semicolon
        o += 12
        if size > len(b) - o:
            break
        data = b[o : o + size]
        o += size + 2
        number: int | None = None
        value = data.hex()
        if kind in _TEXT:
            value = data[: size & ~1].decode("utf-16-le", "replace").rstrip("\0")
        elif kind in (_NUMBER, _LONG) and size in (4, 8):
            number = int.from_bytes(data, "little")
            value = str(number)
        found.append(Setting(f"{key}\\{name}", value, number))
    return found


def _part(b: bytes, o: int) -> tuple[str, int]:
    """A terminated text and the offset behind the semicolon that follows it."""
    stop = o
    while stop + 2 <= len(b) and b[stop : stop + 2] != b"\0\0":
        stop += 2
    return b[o:stop].decode("utf-16-le", "replace"), stop + 4


def _text(b: bytes) -> str:
    if b[:2] == b"\xff\xfe":
        return b[2 : len(b) & ~1].decode("utf-16-le", "replace")
    return b.decode("utf-8", "replace")


def _template(b: bytes) -> list[Setting]:
    found: list[Setting] = []
    section = ""
    for row in _text(b).splitlines():
        line = row.strip()
        if line.startswith("["):
            section = line.strip("[]")
            continue
        name, equals, value = line.partition("=")
        if not equals or section.lower() in ("unicode", "version") or len(found) >= SETTINGS_LIMIT:
            continue
        name, value = name.strip(), value.strip()
        if section.lower() != _REGISTRY_VALUES:
            found.append(Setting(f"{section}\\{name}", value))
            continue
        if name.lower().startswith(_MACHINE):
            name = name[len(_MACHINE) :]
        value = value.partition(",")[2].strip('"')
        found.append(
            Setting(name, value, int(value) if value.isdigit() and len(value) < 11 else None)
        )
    return found


def _tasks(b: bytes) -> list[Setting]:
    xml = _text(b)
    starts = [match.start() for match in _TASK.finditer(xml)][:SETTINGS_LIMIT]
    found = []
    for at, end in zip(starts, [*starts[1:], len(xml)], strict=True):
        name = _TASK.match(xml, at)
        if name is not None:
            found.append(Setting(f"Scheduled Tasks\\{name[1]}", command_of(xml[at:end])))
    return found
