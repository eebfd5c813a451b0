"""A DNS question with what answered it, as `dns_query`; and the hosts a dynamic update names.

RFC 1035, 1995 (IXFR), 1996 (NOTIFY), 2136 (updates), 5936 (AXFR). An event's time is that of the
question. Knows no pairing.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

from dsl.schema.dns import DnsQuery
from dsl.schema.enums import DNS_RCODE, DNS_TYPE
from sensor.contract import wire_event
from sensor.decode.dns_message import AXFR, IXFR, NOTIFY, UPDATE, Message

if TYPE_CHECKING:
    from sensor.contract import Context, Flow

_PARTITIONS: Final = frozenset({"domaindnszones", "forestdnszones"})
"""Names of directory partitions, with the addresses of controllers."""
_TRANSFERS: Final = frozenset({AXFR, IXFR})
_OUTCOMES: Final[dict[int, str]] = {0: "success", 5: "denied", 9: "denied"}


class Question:
    """A question that waits; for a transfer also what came so far."""

    __slots__ = ("answers", "message", "serial", "size", "ts")

    def __init__(self, ts: int, message: Message) -> None:
        self.ts = ts
        self.message = message
        self.answers = 0
        self.size = 0
        self.serial = -1

    def transfers(self, message: Message) -> bool:
        """Take up a message of the transfer asked for; whether more are to come.

        It is over with the SOA it began with, an error, or nothing.
        """
        if not self.answers:
            self.serial = message.first_serial
        self.answers += message.answers
        self.size += message.size
        if message.rcode or not message.answers or self.serial < 0:
            return False
        return self.answers == 1 or message.last_serial != self.serial


def is_transfer(message: Message) -> bool:
    """Whether this asks for a zone, whole or what changed."""
    return message.qtype in _TRANSFERS and message.opcode == 0


def tell(context: Context, flow: Flow, question: Question, reply: Message | None) -> None:
    """The event of a question; `reply` None if its (last) answer was not seen."""
    asked = question.message
    event = wire_event(DnsQuery, flow, question.ts, "dns")
    event.query = asked.name
    if asked.opcode == UPDATE:
        event.qtype = "update"
        if reply is not None and reply.rcode == 0 and asked.updates is not None:
            _updated(context, flow, question.ts, asked)
    elif asked.opcode == NOTIFY:
        event.qtype = "notify"
    elif asked.name is not None:
        event.qtype = DNS_TYPE.get(asked.qtype) or f"type_{asked.qtype}"
    event.transport = "udp" if flow.udp else "tcp"
    anomalies = asked.anomalies
    event.outcome = "unknown"
    if reply is not None:
        if reply.anomalies:
            anomalies = anomalies | reply.anomalies
        event.rcode = DNS_RCODE.get(reply.rcode) or f"rcode_{reply.rcode}"
        event.outcome = _OUTCOMES.get(reply.rcode, "error")
        if asked.opcode != UPDATE:
            event.answers = question.answers or reply.answers
        event.answer_bytes = question.size or reply.size
        if asked.qtype == AXFR and event.outcome == "success" and event.answers == 0:
            event.outcome = "denied"
    elif question.answers:
        # a transfer without its end: records left the server, unless it was the SOA alone
        event.rcode = DNS_RCODE[0]
        event.answers = question.answers
        event.answer_bytes = question.size
        alone = question.answers == 1 and asked.qtype == AXFR
        event.outcome = "error" if alone else "success"
    if anomalies:
        event.anomalies = sorted(anomalies)
    context.emit(event)


def _updated(context: Context, flow: Flow, ts: int, asked: Message) -> None:
    """Hosts of the zone that got addresses, or lost them (RFC 2136)."""
    zone = asked.name or "."
    for update in asked.updates or ():
        host = update.name
        if not host.endswith("." + zone) or host.startswith("_") or "._" in host:
            continue  # the zone itself and services are no hosts
        if host[: -len(zone) - 1] in _PARTITIONS:
            continue
        kind = socket.AF_INET if len(update.address) == 4 else socket.AF_INET6
        ip = socket.inet_ntop(kind, update.address)
        until = None if update.adds else ts
        context.host_seen(ts, flow, "dns", ip, host, "dns_update", until)
