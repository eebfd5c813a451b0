"""RADIUS accounting of VPN sessions (RFC 2866)."""

from __future__ import annotations

from typing import Annotated

from dsl.schema import enums
from dsl.schema.base import Event, Field
from dsl.schema.enums import names


class VpnSession(Event, tag="vpn_session", kw_only=True, gc=False, omit_defaults=True):
    """RADIUS accounting."""

    phase: Annotated[
        str | None,
        Field(
            "enum",
            "session start, update or end; its server begins or ends accounting, with no session open",
            "Acct-Status-Type (40)",
            words=names(enums.VPN_PHASE),
            ecs="event.action",
            ocsf="activity_id (4014)",
        ),
    ] = None
    calling_station: Annotated[
        str | None,
        Field(
            "text",
            "client's public address or number",
            "Calling-Station-Id (31)",
            ecs="source.address",
            ocsf="src_endpoint",
        ),
    ] = None
    framed_ip: Annotated[
        str | None,
        Field(
            "ip",
            "address given",
            "Framed-IP-Address (8)",
            ecs="source.nat.ip",
            ocsf="tunnel_interface",
        ),
    ] = None
    nas: Annotated[
        str | None,
        Field(
            "host",
            "the VPN server",
            "NAS-IP-Address (4)/NAS-Identifier (32)",
            ecs="observer.ip",
            ocsf="device",
        ),
    ] = None
    session: Annotated[
        str | None, Field("text", "session id", "Acct-Session-Id (44)", ocsf="session.uid")
    ] = None
    duration: Annotated[
        int | None,
        Field(
            "duration",
            "length of the session",
            "Acct-Session-Time (46)",
            unit="us",
            ecs="event.duration",
            ocsf="duration",
        ),
    ] = None
    country: Annotated[
        str | None,
        Field(
            "text",
            "offline geolocation of the public address",
            "database of --geolocation",
            ecs="source.geo.country_iso_code",
            ocsf="location.country",
        ),
    ] = None
    asn: Annotated[
        int | None,
        Field(
            "int",
            "autonomous system of the public address",
            "database of --geolocation",
            ecs="source.as.number",
            ocsf="autonomous_system.number",
        ),
    ] = None
    location: Annotated[
        str | None,
        Field("text", "lat,lon", "same", ecs="source.geo.location", ocsf="location.coordinates"),
    ] = None
