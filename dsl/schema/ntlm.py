"""NTLM authentication (MS-NLMP, MS-APDS)."""

from __future__ import annotations

from typing import Annotated

from dsl.schema import enums
from dsl.schema.base import Event, Field
from dsl.schema.enums import names


class NtlmAuth(Event, tag="ntlm_auth", kw_only=True, gc=False, omit_defaults=True):
    """One NTLM validation; wire = the NTLMSSP exchange itself."""

    workstation: Annotated[
        str | None,
        Field(
            "text",
            "client's own word",
            "AUTHENTICATE.WorkstationName; 4776 Workstation; 8004 WorkstationName; 4624 WorkstationName",
            ecs="source.domain",
            ocsf="src_endpoint.hostname",
        ),
    ] = None
    status: Annotated[
        int | None,
        Field(
            "int",
            "NTSTATUS",
            "carrier status; 4776 Status; NetrLogonSamLogonEx return; RSA/CEF/Splunk/QRadar code",
            ocsf="status_code",
        ),
    ] = None
    ntlm_version: Annotated[
        str | None,
        Field(
            "enum",
            "which NTLM response was sent",
            "response lengths and flags; 4624 LmPackageName",
            words=names(enums.NTLM_VERSION),
        ),
    ] = None
    negotiate_flags: Annotated[
        list[str] | None,
        Field(
            "enum", "client's NEGOTIATE", "NEGOTIATE.NegotiateFlags", words=names(enums.NTLM_FLAG)
        ),
    ] = None
    authenticate_flags: Annotated[
        list[str] | None,
        Field(
            "enum",
            "client's AUTHENTICATE",
            "AUTHENTICATE.NegotiateFlags",
            words=names(enums.NTLM_FLAG),
        ),
    ] = None
    av_flags: Annotated[
        list[str] | None,
        Field("enum", "MsvAvFlags", "NTLMv2_CLIENT_CHALLENGE.AvPairs", words=names(enums.AV_FLAG)),
    ] = None
    mic: Annotated[
        str | None,
        Field(
            "enum",
            "message integrity code of the AUTHENTICATE message",
            "AUTHENTICATE.MIC",
            words=names(enums.MIC),
        ),
    ] = None
    target_name: Annotated[
        str | None, Field("text", "SPN the client meant", "MsvAvTargetName", ocsf="service.name")
    ] = None
    signing: Annotated[bool | None, Field("bool", "signing agreed", "flags")] = None
    native_os: Annotated[
        str | None,
        Field(
            "text",
            "operating system as the client names it",
            "SMB1 SESSION_SETUP.NativeOS; NTLM VERSION",
        ),
    ] = None
    fingerprint: Annotated[
        str | None, Field("text", "flags, versions, presence, AV order", "decoder recipe")
    ] = None
    logon_type: Annotated[
        str | None,
        Field(
            "enum",
            "Netlogon level",
            "NetrLogonSamLogon* LogonLevel; 8004 –",
            words=names(enums.NETLOGON_LEVEL),
            ocsf="logon_type_id",
        ),
    ] = None
