"""What log managers forward of Windows events, one message -> `Record`.

Forms: CEF of ArcSight, RSA Security Analytics, key=value of Splunk and of QRadar with the event's
English message behind it, and event XML or JSON as nxlog, rsyslog and Winlogbeat write them. A syslog header before
any of them is passed over: the forms tell time and computer themselves. Does no I/O.
References: CEF, "Implementing ArcSight Common Event Format" (rev. 25); the forms of the other
three as Microsoft's sensor documents them for event 4776.
"""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from sensor.inputs.damage import Damage
from sensor.inputs.jsonitems import items_of_value
from sensor.inputs.message import fields_of_message
from sensor.inputs.winshapes import decode
from sensor.inputs.wintree import FIELDS_LIMIT, VALUE_LIMIT, NoEventError
from sensor.inputs.winxml import read_winxml
from sensor.map.record import Record, integer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sensor.map.zeek_row import Row

_BEGIN: Final = re.compile(
    r"CEF:\d+\||RsaSA(?=\\n|\s)|\bEventCode=\d|\bAgentDevice=|<Event[\s>]|\{\s*\""
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_CEF_HEAD: Final = 8  # fields of the header with the extension
_CEF_BAR: Final = re.compile(r"(?<!\\)\|")
_CEF_KEY: Final = re.compile(r"(?:^|(?<=\s))([A-Za-z0-9_.\[\]-]+)=")
_CEF_ESCAPE: Final = re.compile(r"\\([\\=|nr])")
_WMI_TIME: Final = re.compile(r"(\d{14})\.(\d{1,6})([+-]\d{1,3})?")
_RSA_PARTS: Final = 9


def begins(text: str) -> bool:
    """Whether one of the forms begins in this text."""
    return _BEGIN.search(text) is not None


def records_of_message(message: bytes) -> Iterator[Record | Row | Damage]:
    """The records in one message, or why there is none."""
    text = message.decode("utf-8", errors="replace")
    found = _BEGIN.search(text)
    if found is None:
        yield Damage(0, "no Windows event in a form known here")
        return
    body = text[found.start() :]
    try:
        match body[:5]:
            case "<Even":
                yield from read_winxml(io.BytesIO(body.encode()))
            case "RsaSA":
                yield _rsa(body)
            case "Event" | "Agent":
                yield _pairs(body)
            case _ if body[0] == "{":
                for item in items_of_value(decode(body.strip().encode())):
                    yield Damage(0, str(item)) if isinstance(item, NoEventError) else item
            case _:
                yield _cef(body)
    except NoEventError as error:
        yield Damage(0, str(error))


def _cef(text: str) -> Record:
    """CEF:0|vendor|product|version|class|name|severity|extension."""
    parts = _CEF_BAR.split(text, _CEF_HEAD - 1)
    if len(parts) < _CEF_HEAD:
        raise NoEventError("the header of CEF is not complete")
    fields = _extension(parts[7])
    for key in [k for k in fields if k.endswith("Label")]:
        label, value = fields[key], fields.get(key.removesuffix("Label"))
        if value is not None:
            fields[label] = value
    provider, _, number = parts[4].rpartition(":")
    event_id = integer(fields.get("externalId")) or integer(number)
    if event_id is None:
        raise NoEventError("no externalId")
    return Record(
        ts=_instant(fields.get("rt", "")),
        event_id=event_id,
        provider=fields.get("EventSource", provider),
        channel=fields.get("cat", ""),
        computer=fields.get("dhost", ""),
        data=_named(
            {
                "TargetUserName": fields.get("duser"),
                "Workstation": fields.get("shost"),
                "Status": fields.get("Reason or Error Code"),
            }
        ),
    )


def _extension(text: str) -> dict[str, str]:
    """Pairs of key=value; a value goes on until the next key."""
    found = list(_CEF_KEY.finditer(text))[:FIELDS_LIMIT]
    ends = [match.start() for match in found[1:]] + [len(text)]
    return {
        key[1]: _CEF_ESCAPE.sub(_unescaped, text[key.end() : end].strip())[:VALUE_LIMIT]
        for key, end in zip(found, ends, strict=False)
    }


def _unescaped(found: re.Match[str]) -> str:
    return {"n": "\n", "r": "\r"}.get(found[1], found[1])


def _rsa(text: str) -> Record:
    r"""RsaSA, time, event id, provider, log, controller, user, workstation, status, by lines; in the
    vendor's sample the end of the line between log and controller is a lone backslash.
    """
    parts = [part.strip() for part in re.split(r"\\n|\r?\n", text.strip())]
    if len(parts) == _RSA_PARTS - 1 and "\\" in parts[4]:
        parts[4:5] = parts[4].split("\\", 1)
    if len(parts) != _RSA_PARTS:
        raise NoEventError(f"{len(parts)} lines instead of {_RSA_PARTS}")
    _, moment, number, provider, channel, computer, user, workstation, status = parts
    event_id = integer(number)
    if event_id is None:
        raise NoEventError("no event id")
    return Record(
        ts=_instant(moment),
        event_id=event_id,
        provider=provider,
        channel=channel,
        computer=computer,
        data=_named({"TargetUserName": user, "Workstation": workstation, "Status": status}),
    )


def _pairs(text: str) -> Record:
    """Splunk (a pair a line) and QRadar (tabs between pairs); `Message` is the last of both."""
    separator = r"\t" if text.startswith("Agent") else r"\r?\n"
    head, _, message = text.partition("Message=")
    fields: dict[str, str] = {}
    for part in re.split(separator, head)[:FIELDS_LIMIT]:
        key, _, value = part.partition("=")
        fields[key.strip()] = value.strip()
    event_id = integer(fields.get("EventCode") or fields.get("EventID"))
    if event_id is None:
        raise NoEventError("no event id")
    return Record(
        ts=_instant(fields.get("TimeGenerated", "")),
        event_id=event_id,
        provider=fields.get("SourceName") or fields.get("Source", ""),
        channel=fields.get("Logfile") or fields.get("AgentLogFile", ""),
        computer=fields.get("ComputerName") or fields.get("Computer", ""),
        record_id=integer(fields.get("RecordNumber")),
        data=fields_of_message(event_id, message),
    )


def _named(values: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}


def _instant(text: str) -> int:
    """Microseconds UTC: milliseconds since 1970, WMI's yyyymmddHHMMSS.ffffff±minutes, or
    2015-May-19 09:07:09. A time without a zone is taken as UTC.
    """
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) == len("1426218619000"):
        return int(text) * 1000
    wmi = _WMI_TIME.fullmatch(text)
    try:
        if wmi:
            moment = datetime.strptime(wmi[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
            moment += timedelta(microseconds=int(wmi[2].ljust(6, "0")))
            moment -= timedelta(minutes=int(wmi[3] or 0))
        elif text.isascii() and text.isdigit() and len(text) == len("20150310132717"):
            moment = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        else:
            moment = datetime.strptime(text, "%Y-%b-%d %H:%M:%S").replace(tzinfo=UTC)
        return (moment - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        raise NoEventError("the time cannot be read") from None
