"""The map of blindness: what each detection sees of each domain controller now, and why not.

A detection sees what all its event types tell of a controller that are told by controllers; a type
is told by the wire or by records of logs, and one way suffices. Each reason names the command that
mends it. Pure; what arrives is told by `engine.sight`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from engine import lateness
from engine.sight import RECENT_US, SILENT_US, Sight, Tally
from engine.times import iso
from sensor.map.windows import mappings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

State = Literal["seen", "partly", "blind"]
Cause = Literal[
    "audit_policy", "sacl", "1644_off", "sealed_traffic", "packet_loss", "silent_source",
    "no_traffic", "no_capture", "no_log", "clock",
]  # fmt: skip

_SUBCATEGORIES: Final = {
    "kerberos_as": "Kerberos Authentication Service",
    "kerberos_tgs": "Kerberos Service Ticket Operations",
    "ntlm_auth": "Credential Validation",
    "logon": "Logon",
    "account_change": "User Account Management",
    "group_change": "Security Group Management",
    "service_install": "Security System Extension",
    "task_create": "Other Object Access Events",
    "smb_file": "Detailed File Share",
    "samr_query": "SAM",
    "audit_change": "Audit Policy Change",
    "replication": "Directory Service Replication",
}
"""Names as `auditpol` takes them (MS Security auditing, advanced audit policy)."""
_BY_SACL: Final = {
    "directory_access": "Directory Service Access",
    "directory_change": "Directory Service Changes",
}
_ALWAYS: Final = ("kerberos_as", "kerberos_tgs")
"""What every controller that serves anybody writes, if it is audited."""
_OF_MODULES: Final = {"ntlm": "ntlm_auth"}
_ELSEWHERE: Final = frozenset(
    {"adfs_auth", "adfs_change", "ca_change", "certificate_request"}
)  # told by other servers
_MANY: Final = 5_000


class Reason(msgspec.Struct, frozen=True, order=True):
    """Why a type is not seen of a controller; `remedy`: the command or step that mends it. `turned`:
    it was seen, or ought to be; else nobody ever collected it.
    """

    cause: Cause
    type: str
    text: str
    remedy: str
    turned: bool = True


class Cell(msgspec.Struct, frozen=True):
    """What a detection sees of a controller; reasons of the types that it does not see."""

    detection: str
    dc: str
    state: State
    reasons: tuple[Reason, ...] = ()


class BlindMap(msgspec.Struct, frozen=True):
    """The map at a time (microseconds)."""

    at: int
    cells: list[Cell]


@cache
def record_types() -> frozenset[str]:
    """Event types that records of controllers tell."""
    modules = {function.__module__.rpartition(".")[2] for function in mappings().values()}
    return frozenset(_OF_MODULES.get(name, name) for name in modules) - _ELSEWHERE


def blindness(
    detections: Mapping[str, Iterable[str]], sight: Sight, controllers: Iterable[str], now: int
) -> list[Cell]:
    """Every cell, by detection and controller. `detections`: the event types of each; `now`:
    microseconds. Detections that no controller tells of have no cells.
    """
    told = lateness.wire_types() | record_types()
    wanted = {name: sorted(set(types) & told) for name, types in detections.items()}
    cells = []
    for dc in sorted({*controllers, *sight.tallies}):
        kinds = {kind for types in wanted.values() for kind in types}
        unseen = {kind: _unseen(dc, kind, sight, now) for kind in sorted(kinds)}
        for name, types in sorted(wanted.items()):
            if not types:
                continue
            reasons = [r for kind in types for r in unseen[kind]]
            missing = sum(bool(unseen[kind]) for kind in types)
            state: State = "seen"
            if missing:
                state = "blind" if missing == len(types) else "partly"
            cells.append(Cell(name, dc, state, tuple(sorted(reasons))))
    return sorted(cells, key=lambda cell: (cell.detection, cell.dc))


def _of_files(tally: Tally | None) -> bool:
    """Whether all that came is from watched folders. What such files lack is not missed: recordings end."""
    return tally is not None and all(map(lateness.of_files, tally.sensors))


def _unseen(dc: str, kind: str, sight: Sight, now: int) -> tuple[Reason, ...]:
    """Why a type is not seen; nothing where some way tells it."""
    ways = sight.tallies.get(dc, {})
    reasons: list[Reason] = []
    if kind in lateness.wire_types():
        why = _off_the_wire(dc, kind, ways.get("wire"), sight, now)
        if why is not None and _of_files(ways.get("wire")):
            why = _off_the_wire(dc, kind, None, sight, now)
        if why is None:
            return ()
        reasons.append(why)
    if kind in record_types():
        why = _not_logged(dc, kind, ways.get("log"), now)
        if why is not None and _of_files(ways.get("log")):
            why = _not_logged(dc, kind, None, now)
        if why is None:
            return ()
        reasons.append(why)
    return tuple(reasons)


def _off_the_wire(dc: str, kind: str, tally: Tally | None, sight: Sight, now: int) -> Reason | None:
    if tally is None:
        text = f"no sensor captures the traffic of {dc}"
        remedy = (
            f"run a sensor on {dc}, or mirror its port: `atp-run --role sensor --interface NAME`"
        )
        return Reason("no_capture", kind, text, remedy, turned=False)
    if tally.last - now > SILENT_US:
        return _clock(kind, tally)
    sensor = max(tally.sensors, key=lambda name: tally.sensors[name])
    beat = max(sight.beats.get(sensor, 0), tally.last)
    if now - beat > SILENT_US and (sensor in sight.beats or tally.silent(now)):
        text = f"the sensor {sensor} is silent since {_time(beat)}"
        return Reason("silent_source", kind, text, "on its machine: `systemctl restart atp-sensor`")
    if tally.silent(now):
        text = f"the sensor {sensor} reads, and nothing of {dc} since {_time(tally.last)}"
        return Reason("no_traffic", kind, text, f"see the mirror: `tcpdump -i NAME host {dc}`")
    for protocol, at in sorted(sight.lost.get(sensor, {}).items()):
        hit = protocol == "*" or kind in lateness.types_of_protocol(protocol)
        if hit and now - at <= RECENT_US:
            what = "traffic" if protocol == "*" else protocol
            text = f"the sensor {sensor} left {what} unread, the last time {_time(at)}"
            remedy = "give it more memory or processor time: `atp-run --buffer 512`, `--reserve 5`"
            return Reason("packet_loss", kind, text, remedy)
    since = tally.fell_silent(kind)
    if since is not None:
        text = (
            f"other traffic of {dc} comes, of this none since {_time(since)}: is it encrypted now?"
        )
        remedy = "collect the controller's Security log, too: `atp-run --windows-log Security`"
        if kind in ("ldap_search", "ldap_bind"):
            remedy = _enable_1644()
        return Reason("sealed_traffic", kind, text, remedy)
    return None


def _not_logged(dc: str, kind: str, tally: Tally | None, now: int) -> Reason | None:
    if kind == "ldap_search" and (tally is None or kind not in tally.kinds):
        text = f"{dc} writes no event 1644"
        return Reason("1644_off", kind, text, _enable_1644(), turned=False)
    if tally is None:
        remedy = "on the controller: `atp-run --role sensor --windows-log Security`"
        return Reason("no_log", kind, f"no log of {dc} is collected", remedy, turned=False)
    if tally.last - now > SILENT_US:
        return _clock(kind, tally)
    if tally.silent(now):
        text = f"the log of {dc} is silent since {_time(tally.last)}"
        remedy = f"see the forwarder: `wevtutil gl Security /r:{dc}`"
        return Reason("silent_source", kind, text, remedy)
    since = tally.fell_silent(kind)
    if since is None and not (kind in _ALWAYS and tally.never(kind, _MANY)):
        return None
    when = "ever" if since is None else f"since {_time(since)}"
    text = f"other records of {dc} come, of this none {when}"
    if kind == "ldap_search":
        return Reason("1644_off", kind, text, _enable_1644())
    if kind in _BY_SACL:
        remedy = (
            f"{_audit(_BY_SACL[kind])}, and set auditing entries (SACL) on the head of the domain: "
            "`(Get-Acl -Audit 'AD:DC=corp,DC=test').Audit` shows those there are"
        )
        return Reason("sacl", kind, text, remedy)
    return Reason("audit_policy", kind, text, _audit(_SUBCATEGORIES.get(kind, "")))


def _clock(kind: str, tally: Tally) -> Reason:
    text = f"its events are dated {_time(tally.last)}, in the future"
    return Reason("clock", kind, text, "on the source: `w32tm /resync`, or `chronyc makestep`")


def _audit(subcategory: str) -> str:
    if not subcategory:
        return "see which audit policy is in force: `auditpol /get /category:*`"
    return f'`auditpol /set /subcategory:"{subcategory}" /success:enable /failure:enable`'


def _enable_1644() -> str:
    key = r"HKLM\SYSTEM\CurrentControlSet\Services\NTDS\Diagnostics"
    return f'`reg add {key} /v "15 Field Engineering" /t REG_DWORD /d 5 /f`'


def _time(ts: int) -> str:
    return f"{iso(ts)[:19]}Z"


def turned(cells: Iterable[Cell]) -> Iterator[tuple[str, Reason, int]]:
    """Why cells see less than they did, by controller and cause: one reason of it, and how many
    detections it is that miss something.
    """
    found: dict[tuple[str, Cause], tuple[Reason, set[str]]] = {}
    for cell in cells:
        for reason in cell.reasons:
            if reason.turned:
                first = found.setdefault((cell.dc, reason.cause), (reason, set()))
                first[1].add(cell.detection)
    for (dc, _), (reason, detections) in sorted(found.items(), key=lambda item: item[0]):
        yield dc, reason, len(detections)
