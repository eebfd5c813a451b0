"""SMB sessions and files (MS-SMB2, MS-CIFS)."""

from __future__ import annotations

from typing import Annotated

from dsl.schema import enums
from dsl.schema.base import Event, Field
from dsl.schema.enums import names


class SmbSession(Event, tag="smb_session", kw_only=True, gc=False, omit_defaults=True):
    """SMB negotiate + session setup."""

    dialect: Annotated[
        str | None,
        Field(
            "enum",
            "SMB dialect agreed",
            "NEGOTIATE response (zeek smb)",
            words=names(enums.SMB_DIALECT),
            open_words=True,
            ocsf="dialect",
        ),
    ] = None
    mechanism: Annotated[
        str | None,
        Field("enum", "as rpc_bind", "SPNEGO mechType", words=names(enums.AUTH_MECHANISM)),
    ] = None
    workstation: Annotated[str | None, Field("text", "client's own word", "NTLMSSP")] = None
    native_os: Annotated[str | None, Field("text", "SMB1", "SESSION_SETUP_ANDX")] = None
    native_lm: Annotated[str | None, Field("text", "SMB1", "same")] = None
    client_guid: Annotated[
        str | None, Field("guid", "ClientGuid of the client", "SMB2 NEGOTIATE.ClientGuid")
    ] = None
    signing: Annotated[bool | None, Field("bool", "signing required or agreed", "SecurityMode")] = (
        None
    )
    fingerprint: Annotated[
        str | None, Field("text", "negotiate + setup + NTLM shape", "decoder")
    ] = None
    status: Annotated[int | None, Field("int", "status", "response", ocsf="status_code")] = None


class SmbTransform(Event, tag="smb_transform", kw_only=True, gc=False, omit_defaults=True):
    """Compressed (and, once a session, encrypted) SMB2 messages."""

    kind: Annotated[
        str | None,
        Field("enum", "which kind", "ProtocolId 0xFC/0xFD 'SMB'", words=names(enums.SMB_TRANSFORM)),
    ] = None
    declared_size: Annotated[
        int | None,
        Field("int", "size the header declares", "OriginalCompressedSegmentSize", unit="bytes"),
    ] = None
    offset: Annotated[
        int | None, Field("int", "offset the header declares", "Offset/Length", unit="bytes")
    ] = None


class SmbFile(Event, tag="smb_file", kw_only=True, gc=False, omit_defaults=True):
    """Open/read/write/copy of a file or pipe."""

    share: Annotated[
        str | None,
        Field(
            "text",
            "share name",
            "TREE_CONNECT.Path; 5145 ShareName",
            ecs="file.share?",
            ocsf="share",
        ),
    ] = None
    path: Annotated[
        str | None,
        Field(
            "text",
            "path inside the share",
            "CREATE.Name; RelativeTargetName; 4663 ObjectName",
            ecs="file.path",
            ocsf="file.path",
        ),
    ] = None
    action: Annotated[
        str | None,
        Field(
            "enum",
            "what was done",
            "command; AccessMask",
            words=names(enums.FILE_ACTION),
            ecs="event.action",
            ocsf="activity_id (4006)",
        ),
    ] = None
    bytes_read: Annotated[
        int | None, Field("int", "bytes read", "READ responses summed at close", unit="bytes")
    ] = None
    bytes_written: Annotated[int | None, Field("int", "bytes written", "WRITE", unit="bytes")] = (
        None
    )
    status: Annotated[int | None, Field("int", "status", "CREATE response")] = None
