"""What a field is: its kind, unit, meaning and sources; and the columns common to every event.

Everything else about an event type (DuckDB table, Arrow schema, language type, JSON Schema, docs)
is derived from these declarations by `dsl.schema.derive`; nothing derived is committed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec

from dsl.schema import enums

KindName = Literal[
    "time", "duration", "text", "int", "bool", "enum", "account", "host", "group", "service",
    "ip", "sid", "guid", "bytes", "map",
]  # fmt: skip
ENTITY_KINDS: Final = frozenset({"account", "host", "group"})


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an event type, as an annotation beside its Python type.

    `kind` is what the language compares by; `meaning` is one line for people; `sources` says which
    wire element or record fills it. `unit` is named where a number has one (us, s, bytes).
    A `map` holds texts by name (dict[str, str]): what a record says beside the known fields.
    `words` closes an enum; `open_words` lets an enum take words outside it (numbers without name).
    `ecs` and `ocsf` name the field in those schemas, where it has a name there.
    """

    kind: KindName
    meaning: str
    sources: str = ""
    unit: str = ""
    words: tuple[str, ...] = ()
    open_words: bool = False
    ecs: str = ""
    ocsf: str = ""


class Event(msgspec.Struct, gc=False, kw_only=True, omit_defaults=True, tag_field="type"):
    r"""Columns of every event. `ts` is microseconds since 1970 UTC; None means not known.

    A sensor fills what it saw: addresses, ports, `via`, account names as sent (`NAME@REALM`,
    `DOMAIN\name`, or a SID). The engine's ingest gives `id`, resolves `source`, `dc`, `server`,
    `domain` and the accounts to canonical names, and stamps `primary`.
    """

    ts: Annotated[
        int,
        Field(
            "time",
            "when it happened (UTC)",
            "frame time; event TimeCreated; syslog original time",
            unit="us",
            ecs="@timestamp",
            ocsf="time",
        ),
    ]
    id: Annotated[
        int | None,
        Field(
            "int",
            "engine's id, given at ingest, monotonic",
            "engine",
            ecs="event.sequence",
            ocsf="metadata.sequence",
        ),
    ] = None
    sensor: Annotated[
        str | None,
        Field(
            "text",
            "which sensor saw it",
            "sensor",
            ecs="observer.name",
            ocsf="metadata.reporter.name",
        ),
    ] = None
    seq: Annotated[
        int | None,
        Field(
            "int",
            "the sensor's own counter",
            "sensor",
            ecs="event.sequence",
            ocsf="metadata.original_event_uid",
        ),
    ] = None
    via: Annotated[
        str | None,
        Field(
            "enum",
            "witness; `via == event_4776` names the record",
            "sensor",
            words=enums.VIA_WORDS,
            open_words=True,
            ecs="event.provider+event.code",
            ocsf="metadata.log_name+event_code",
        ),
    ] = None
    primary: Annotated[
        bool | None,
        Field(
            "bool",
            "this witness is the counted one for (dc, activity) then; counting rule",
            "engine at ingest",
        ),
    ] = None
    domain: Annotated[str | None, Field("text", "AD domain (DNS name) of the dc", "directory")] = (
        None
    )
    dc: Annotated[
        str | None,
        Field(
            "host",
            "the server that was watched (DC, CA, AD FS)",
            "dst of frame; event Computer",
            ecs="host.name",
            ocsf="device.hostname",
        ),
    ] = None
    server: Annotated[
        str | None,
        Field(
            "host",
            "machine accessed; = dc unless the record says other",
            "dst; 8004 SChannelName; SPN host",
            ecs="destination.domain",
            ocsf="dst_endpoint.hostname",
        ),
    ] = None
    dst_is_dc: Annotated[
        bool | None, Field("bool", "`dc` is a domain controller then", "directory")
    ] = None
    source: Annotated[
        str | None,
        Field(
            "host",
            "the client: resolved host, else pseudo-host `ip:…` or `name:…`; null only if nothing is known",
            "src_ip by host_binding; workstation name",
            ecs="source.domain",
            ocsf="src_endpoint.hostname",
        ),
    ] = None
    src_ip: Annotated[
        str | None,
        Field(
            "ip",
            "client address",
            "frame; IpAddress; radius",
            ecs="source.ip",
            ocsf="src_endpoint.ip",
        ),
    ] = None
    src_port: Annotated[
        int | None,
        Field("int", "client port", "frame; IpPort", ecs="source.port", ocsf="src_endpoint.port"),
    ] = None
    certainty: Annotated[
        str | None,
        Field(
            "enum",
            "how sure `source` is",
            "resolver",
            words=enums.names(enums.CERTAINTY),
            ocsf="confidence_id",
        ),
    ] = None
    resolution: Annotated[
        str | None,
        Field(
            "text",
            "method: kerberos_machine, dhcp, ntlm, dns_update, netbios, ptr, event",
            "resolver",
        ),
    ] = None
    account: Annotated[
        str | None,
        Field(
            "account",
            "who acted / was authenticated (meaning per type)",
            "per type",
            ecs="user.name+user.domain+user.id",
            ocsf="user / actor.user",
        ),
    ] = None
    encrypted: Annotated[
        bool | None,
        Field(
            "bool",
            "content sealed: only shape is known",
            "TLS, SMB3 transform, RPC auth_level 6, LDAP wrap token",
            ecs="tls.established",
        ),
    ] = None
    outcome: Annotated[
        str | None,
        Field(
            "enum",
            "common result over protocols; continue = the account exists, more is asked",
            "from `result`/status",
            words=enums.names(enums.OUTCOME),
            ecs="event.outcome+event.reason",
            ocsf="status_id+status_detail",
        ),
    ] = None
    protocol: Annotated[
        str | None,
        Field(
            "enum",
            "carrier or family",
            "decoder",
            words=enums.names(enums.PROTOCOL),
            ecs="network.protocol",
            ocsf="connection_info.protocol_name",
        ),
    ] = None
    dst_ip: Annotated[
        str | None,
        Field("ip", "server address", "frame", ecs="destination.ip", ocsf="dst_endpoint.ip"),
    ] = None
    dst_port: Annotated[
        int | None,
        Field("int", "server port", "frame", ecs="destination.port", ocsf="dst_endpoint.port"),
    ] = None
