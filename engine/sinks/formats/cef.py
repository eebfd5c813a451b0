"""CEF 0 (ArcSight Common Event Format, revision 25): one line with a header and an extension.

Keys are those that the product writes which this one is compared with, where they are valid CEF.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.printable import printable
from engine.sinks.formats import SEVERITY
from engine.sinks.formats.parties import milliseconds, party

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LONGEST: Final = 1023
"""Characters of a message by the specification."""


def form(change: str, alert: Mapping[str, object], version: str) -> bytes:
    """The alert as CEF in UTF-8."""
    header = (
        "ATP", "ATP", version, alert["detection"], alert["title"],
        SEVERITY[str(alert["severity"])],
    )  # fmt: skip
    extension = " ".join(f"{key}={_value(value)}" for key, value in _pairs(change, alert))
    line = f"CEF:0|{'|'.join(map(_header, header))}|{extension}"
    return line.encode("utf-8", errors="replace")


def _pairs(change: str, alert: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    yield "start", milliseconds(alert["first_seen"])
    yield "end", milliseconds(alert["last_seen"])
    yield "rt", milliseconds(alert["last_seen"])
    yield "cat", alert["kill_chain"]
    if alert["external_id"] is not None:
        yield "externalId", alert["external_id"]
    actor, source, target = (party(alert[role]) for role in ("actor", "source", "target"))
    # one value a key: of an actor that is a machine and a source, the source is told
    told = {
        "suser": actor.user or source.user,
        "sntdom": actor.domain or source.domain,
        "shost": source.host or actor.host,
        "src": source.address or actor.address,
        "duser": target.user,
        "dntdom": target.domain,
        "dhost": target.host,
        "dst": target.address,
    }
    yield from ((key, value) for key, value in told.items() if value)
    yield "cnt", alert["evidence_count"]
    yield "msg", str(alert["explanation"])[:_LONGEST]
    mitre = alert["mitre"]
    labelled = (
        ("id", alert["id"]),
        ("trigger", "new" if change == "opened" else "update"),
        ("mitre", ",".join(map(str, mitre)) if isinstance(mitre, list) else ""),
        ("status", alert["status"]),
        ("confidence", alert["confidence"]),
    )
    for number, (label, value) in enumerate(labelled, start=1):
        yield f"cs{number}Label", label
        yield f"cs{number}", value


def _header(value: object) -> str:
    return printable(str(value)).replace("\\", r"\\").replace("|", r"\|")


def _value(value: object) -> str:
    lines = (printable(line) for line in str(value).splitlines())
    return r"\n".join(line.replace("\\", r"\\").replace("=", r"\=") for line in lines)
