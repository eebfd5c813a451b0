"""DCE/RPC calls and the interfaces with types of their own (C706, MS-RPCE)."""

from __future__ import annotations

from typing import Annotated

from dsl.schema import enums
from dsl.schema.base import Event, Field
from dsl.schema.enums import names


class NetlogonSecure(Event, tag="netlogon_secure", kw_only=True, gc=False, omit_defaults=True):
    """Secure-channel calls of MS-NRPC (not SamLogon: that is ntlm_auth via netlogon)."""

    method: Annotated[
        str | None,
        Field(
            "text",
            "NetrServerReqChallenge, …Authenticate2/3, …PasswordSet2, …PasswordGet, …TrustPasswordsGet",
            "opnum 4,15,26,30,31,42; 5827-5831",
            ocsf="api.operation",
        ),
    ] = None
    computer: Annotated[str | None, Field("text", "ComputerName argument", "stub")] = None
    client_challenge: Annotated[
        bytes | None, Field("bytes", "eight random bytes of the client", "NETLOGON_CREDENTIAL")
    ] = None
    client_credential: Annotated[
        bytes | None, Field("bytes", "the proof computed from them; all zero in Zerologon", "same")
    ] = None
    flags: Annotated[int | None, Field("int", "NegotiateFlags", "stub")] = None
    status: Annotated[int | None, Field("int", "status", "return", ocsf="status_code")] = None


class RpcBind(Event, tag="rpc_bind", kw_only=True, gc=False, omit_defaults=True):
    """DCE/RPC bind."""

    interface: Annotated[
        str | None,
        Field(
            "enum",
            "by UUID",
            "p_context_elem.abstract_syntax; RPC ETW InterfaceUuid",
            words=names(enums.RPC_INTERFACE),
            open_words=True,
            ecs="– (zeek dce_rpc.endpoint)",
        ),
    ] = None
    uuid: Annotated[str | None, Field("guid", "interface UUID", "same")] = None
    pipe: Annotated[
        str | None,
        Field(
            "text",
            "named pipe or tcp port",
            "SMB2 CREATE name; 5145 RelativeTargetName",
            ecs="file.name",
        ),
    ] = None
    mechanism: Annotated[
        str | None,
        Field(
            "enum",
            "how the client authenticates",
            "sec_trailer.auth_type",
            words=names(enums.AUTH_MECHANISM),
        ),
    ] = None
    auth_level: Annotated[int | None, Field("int", "6 = privacy", "sec_trailer")] = None


class RpcCall(Event, tag="rpc_call", kw_only=True, gc=False, omit_defaults=True):
    """One request with its response; own types take DRSUAPI, SAMR, Netlogon."""

    interface: Annotated[
        str | None,
        Field(
            "enum",
            "as rpc_bind",
            "by context id",
            words=names(enums.RPC_INTERFACE),
            open_words=True,
            ecs="– (zeek dce_rpc.endpoint)",
            ocsf="api.service.name",
        ),
    ] = None
    opnum: Annotated[
        int | None,
        Field(
            "int",
            "operation number",
            "request.opnum; ETW ProcNum",
            ecs="– (zeek dce_rpc.operation)",
        ),
    ] = None
    method: Annotated[
        str | None,
        Field("text", "name, null when not in the table", "interface table", ocsf="api.operation"),
    ] = None
    pipe: Annotated[str | None, Field("text", "named pipe or TCP port")] = None
    object: Annotated[
        str | None, Field("text", "opened object: secret, service, task, key", "stub")
    ] = None
    unc: Annotated[str | None, Field("text", "UNC path argument", "stub", ecs="file.path")] = None
    unc_host: Annotated[str | None, Field("host", "host part of it", "unc")] = None
    status: Annotated[int | None, Field("int", "status", "response", ocsf="status_code")] = None
    auth_level: Annotated[
        int | None, Field("int", "DCE/RPC authentication level; 6 = privacy", "sec_trailer")
    ] = None


class SamrQuery(Event, tag="samr_query", kw_only=True, gc=False, omit_defaults=True):
    """MS-SAMR reads."""

    method: Annotated[
        str | None,
        Field(
            "text",
            "SamrEnumerateUsersInDomain …",
            "opnum; 4661 (handle open only)",
            ocsf="api.operation",
        ),
    ] = None
    enumerates: Annotated[bool | None, Field("bool", "lists many", "method table")] = None
    object: Annotated[
        str | None,
        Field(
            "account",
            "user/group opened",
            "SamrOpenUser/Group/Alias rid → directory; 4661 ObjectName; 4798/4799 TargetSid",
            ecs="user.target.name",
        ),
    ] = None
    object_sid: Annotated[
        str | None,
        Field("sid", "SID of the object opened", "domain SID + RID", ecs="user.target.id"),
    ] = None
    returned_count: Annotated[int | None, Field("int", "entries returned", "response")] = None


class Replication(Event, tag="replication", kw_only=True, gc=False, omit_defaults=True):
    """MS-DRSR calls and their events."""

    method: Annotated[
        str | None,
        Field(
            "text",
            "DRSGetNCChanges, DRSReplicaAdd, DRSReplicaDel, DRSUpdateRefs, DRSAddEntry",
            "opnum 3,5,6,4,17; 4928/4929/4932",
            ocsf="api.operation",
        ),
    ] = None
    direction: Annotated[
        str | None,
        Field(
            "enum",
            "outbound = the dc gives",
            "which side is the client",
            words=names(enums.REPLICATION_DIRECTION),
        ),
    ] = None
    partner: Annotated[
        str | None, Field("host", "the other side", "peer; 4928 SourceAddr", ocsf="dst_endpoint")
    ] = None
    naming_context: Annotated[
        str | None, Field("text", "naming context asked for", "pNC (clear only)")
    ] = None
    exop: Annotated[
        str | None,
        Field(
            "enum",
            "extended operation",
            "ulExtendedOp (clear only)",
            words=names(enums.EXOP),
            open_words=True,
        ),
    ] = None
    status: Annotated[int | None, Field("int", "status", "return")] = None
