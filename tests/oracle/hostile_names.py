"""Names as attackers may choose them for accounts, hosts, services and zones, and traffic that bears them.

JSON carries what XML cannot (NUL, lone surrogates), packets carry any bytes. Shares no code with the sensor.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import dnswire
from frames import Talk, pcap

NAMES = {
    "script": "<script>alert(1)</script>",
    "image": "\"'><img src=x onerror=alert(1)>",
    "svg": "</text></svg><svg onload=alert(1)>",
    "template": "{{7*7}}${7*7}{%raw%}#{7*7}",
    "sql": "x'; DROP TABLE alert; --",
    "terminal": "\x1b]0;owned\x07\x1b[2J\x9b31m",
    "bidi": "ann\u202egpj.exe\u2066x\u2069",
    "invisible": "an\u200bn\ufeff\u00ad\U000e0041",
    "formula": '=HYPERLINK("http://evil.test","x")',
    "command": "+cmd|'/c calc'!A1",
    "at": "@SUM(1+1)*cmd",
    "cef": "x|y=z\\|CEF:0|a src=6.6.6.6 cs9=evil",
    "leef": "x\tsev=0\tusrName=root^x09",
    "lines": "x\r\nBcc: evil@evil.test\r\n\r\nhello\u2028\u2029",
    "nul": "a\x00b",
    "surrogate": "a\ud800b",
    "long": "A" * 5_000,
    "link": "javascript:alert(1)//http://evil.test",
    "json": '","severity":"low","x":"',
    "percent": "%s%n%(asctime)s%00%0d%0a",
}  # fmt: skip
_NS = "{http://schemas.microsoft.com/win/2004/08/events/event}"
_DC = "10.20.30.10"


def records(xml: Path) -> str:
    """The attack of a log of Windows events as Winlogbeat ships it, once for each name: who did it,
    from where, whom and with which service; and each name as a service that one account asked for.
    """
    lines = []
    for number, name in enumerate(NAMES.values()):
        swapped = {"dave": name, "erin": name, "KIOSK7": name}
        for at, event in enumerate(ET.parse(xml).getroot()):
            head = event.find(f"{_NS}System")
            data = {d.get("Name"): d.text or "" for d in event.iter(f"{_NS}Data")}
            told = dict(data)
            for good, bad in swapped.items():
                told = {k: v.replace(good, bad) for k, v in told.items()}
            if head.findtext(f"{_NS}EventID") == "7045":
                told |= {"ServiceName": name}
            if told == data or data.get("Status") not in (None, "0x0"):
                continue
            lines.append(_shipped(head, number * 10_000 + at, told))
            if head.findtext(f"{_NS}EventID") == "4769":
                weak = {"TargetUserName": "mallory@CORP.EXAMPLE.TEST", "ServiceName": name,
                        "ServiceSid": f"S-1-5-21-1-2-3-{5_000 + number}",
                        "TicketEncryptionType": "0x17"}  # fmt: skip
                lines.append(_shipped(head, number * 10_000 + 5_000 + at, data | weak))
    return "".join(f"{line}\n" for line in lines)


def _shipped(head: ET.Element, number: int, data: dict[str, str]) -> str:
    return json.dumps({
        "@timestamp": head.find(f"{_NS}TimeCreated").get("SystemTime"),
        "winlog": {
            "provider_name": head.find(f"{_NS}Provider").get("Name"),
            "event_id": int(head.findtext(f"{_NS}EventID")),
            "version": int(head.findtext(f"{_NS}Version") or 0),
            "channel": head.findtext(f"{_NS}Channel"), "record_id": number,
            "computer_name": head.findtext(f"{_NS}Computer"), "event_data": data,
        },
    })  # fmt: skip


def transfers(begin: int) -> bytes:
    """A capture in which hosts ask the domain controller for zones of these names; microseconds."""
    frames = []
    for number, name in enumerate(NAMES.values()):
        raw = name.encode("utf-8", "surrogatepass")[:180]
        labels = [raw[i : i + 60] for i in range(0, len(raw), 60)]
        zone = b"".join(bytes([len(part)]) + part for part in [*labels, b"corp", b"test"]) + b"\0"
        asked = dnswire.message(number, dnswire.question(zone, 252), flags=0x0100)
        refused = dnswire.message(number, dnswire.question(zone, 252), flags=0x8185)
        talk = Talk((f"10.20.31.{10 + number}", 50_000), (_DC, 53), ts=begin + number * 1_000_000)
        talk.open().send(True, dnswire.tcp(asked)).wait(1_000).send(False, dnswire.tcp(refused))
        frames += talk.close().frames
    return pcap(frames)
