"""What sensors and the engine say themselves."""

from __future__ import annotations

from typing import Annotated

from dsl.schema import enums
from dsl.schema.base import Event, Field
from dsl.schema.enums import names


class HostBinding(Event, tag="host_binding", kw_only=True, gc=False, omit_defaults=True):
    """An address belongs to a host from here on (the passive name resolution, as events)."""

    ip: Annotated[
        str | None,
        Field(
            "ip",
            "address",
            "DHCPACK yiaddr; TGS/AS of machine account src; DNS UPDATE A; 4624 IpAddress; VPN framed ip; probe",
            ecs="host.ip",
        ),
    ] = None
    host: Annotated[str | None, Field("host", "host that holds it", "same", ecs="host.name")] = None
    method: Annotated[
        str | None,
        Field(
            "text",
            "how it was seen: kerberos_machine, dhcp, dns_update, netbios, cldap, ntlm, event, vpn, probe_ntlm, probe_netbios, probe_rdp, probe_dns",
        ),
    ] = None
    until: Annotated[
        int | None,
        Field(
            "time",
            "lease end or null; not after ts: given back",
            "DHCP option 51, DHCPRELEASE; NetBIOS release",
            unit="us",
        ),
    ] = None
    host_moved: Annotated[
        bool | None,
        Field(
            "bool", "another host held this ip, or this host another ip, within the lease", "engine"
        ),
    ] = None


class Alert(Event, tag="alert", kw_only=True, gc=False, omit_defaults=True):
    """What detections said; ts = event time at which it became decidable."""

    detection: Annotated[
        str | None,
        Field(
            "text", "id of the detection", "engine", ecs="rule.id", ocsf="finding_info.analytic.uid"
        ),
    ] = None
    external_id: Annotated[
        int | None, Field("int", "public alert number", "engine", ecs="rule.reference")
    ] = None
    severity: Annotated[
        str | None,
        Field(
            "enum",
            "severity",
            "engine",
            words=names(enums.SEVERITY),
            ecs="event.severity",
            ocsf="severity_id",
        ),
    ] = None
    confidence: Annotated[
        int | None, Field("int", "0 to 100", "engine", ocsf="confidence_score")
    ] = None
    kill_chain: Annotated[
        str | None,
        Field("text", "phase", "envelope", ecs="threat.tactic.name", ocsf="attacks.tactic"),
    ] = None
    status: Annotated[
        str | None,
        Field(
            "enum",
            "status",
            "engine",
            words=names(enums.ALERT_STATUS),
            ecs="kibana.alert.workflow_status",
            ocsf="status_id",
        ),
    ] = None
    actor: Annotated[
        str | None, Field("account", "who did it", "roles", ecs="user.name", ocsf="actor.user")
    ] = None
    target: Annotated[
        str | None, Field("account", "account attacked", "roles", ecs="user.target")
    ] = None
    target_host: Annotated[str | None, Field("host", "host attacked", "roles")] = None


class SensorHealth(Event, tag="sensor_health", kw_only=True, gc=False, omit_defaults=True):
    """Heartbeat, gaps."""

    kind: Annotated[
        str | None,
        Field("enum", "which kind", "sensor", words=names(enums.HEALTH_KIND), ecs="event.action"),
    ] = None
    activity: Annotated[
        str | None,
        Field(
            "text",
            "event type concerned, `*` for all; of `shed` the protocol, of `probe` the method, of `limited` what "
            "the host was short of: processor, memory",
            "sensor",
        ),
    ] = None
    from_ts: Annotated[
        int | None,
        Field("time", "gap begins", "sensor", unit="us", ecs="event.start", ocsf="start_time"),
    ] = None
    to_ts: Annotated[
        int | None, Field("time", "gap ends", "sensor", unit="us", ecs="event.end", ocsf="end_time")
    ] = None
    lost: Annotated[
        int | None,
        Field(
            "int",
            "how many: packets of loss and shed, events of a gap, messages of malformed, bytes of unread, questions "
            "of probe without an answer",
            "sensor",
        ),
    ] = None
    asked: Annotated[int | None, Field("int", "questions of a probe", "sensor")] = None
