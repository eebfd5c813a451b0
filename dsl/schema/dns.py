"""DNS questions and answers (RFC 1035)."""

from __future__ import annotations

from typing import Annotated

from dsl.schema import enums
from dsl.schema.base import Event, Field
from dsl.schema.enums import names


class DnsQuery(Event, tag="dns_query", kw_only=True, gc=False, omit_defaults=True):
    """One question with its answer (transfers too)."""

    query: Annotated[
        str | None,
        Field(
            "text",
            "name asked",
            "QNAME; DNS analytic 256/257 QNAME",
            ecs="dns.question.name",
            ocsf="query.hostname",
        ),
    ] = None
    qtype: Annotated[
        str | None,
        Field(
            "enum",
            "type asked",
            "QTYPE",
            words=names(enums.DNS_TYPE),
            open_words=True,
            ecs="dns.question.type",
            ocsf="query.type",
        ),
    ] = None
    rcode: Annotated[
        str | None,
        Field(
            "enum",
            "answer code",
            "header; 257 RCODE",
            words=names(enums.DNS_RCODE),
            open_words=True,
            ecs="dns.response_code",
            ocsf="rcode",
        ),
    ] = None
    transport: Annotated[
        str | None,
        Field("enum", "UDP or TCP", "frame", words=names(enums.TRANSPORT), ecs="network.transport"),
    ] = None
    answers: Annotated[int | None, Field("int", "answer records", "ANCOUNT")] = None
    answer_bytes: Annotated[
        int | None, Field("int", "length of the answer", "length", unit="bytes")
    ] = None
    anomalies: Annotated[
        list[str] | None,
        Field("enum", "malformed parts", "decoder", words=names(enums.DNS_ANOMALY)),
    ] = None
