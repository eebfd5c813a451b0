"""What Windows event logs tell beside the protocols."""

from __future__ import annotations

from typing import Annotated

from dsl.schema import enums
from dsl.schema.base import Event, Field
from dsl.schema.enums import names


class Logon(Event, tag="logon", kw_only=True, gc=False, omit_defaults=True):
    """Session on a watched machine (4624 4625 4634 4648 4672), or implied by Kerberos (via engine)."""

    logon_type: Annotated[
        str | None,
        Field(
            "enum",
            "how the session was made",
            "LogonType; TGS for host/ (2) or TERMSRV (10)",
            words=names(enums.LOGON_TYPE),
            open_words=True,
            ecs="winlog.logon.type",
            ocsf="logon_type_id",
        ),
    ] = None
    logon_id: Annotated[
        int | None,
        Field(
            "int",
            "logon session at the server",
            "TargetLogonId",
            ecs="winlog.logon.id",
            ocsf="session.uid",
        ),
    ] = None
    logon_guid: Annotated[
        str | None, Field("guid", "links a ticket with a session", "LogonGuid")
    ] = None
    package: Annotated[
        str | None,
        Field(
            "text", "Kerberos, NTLM, Negotiate", "AuthenticationPackageName", ocsf="auth_protocol"
        ),
    ] = None
    status: Annotated[
        int | None, Field("int", "status", "4625 Status/SubStatus", ocsf="status_code")
    ] = None
    process: Annotated[
        str | None,
        Field(
            "text",
            "process that asked",
            "ProcessName",
            ecs="process.executable",
            ocsf="process.file.path",
        ),
    ] = None
    privileges: Annotated[
        list[str] | None,
        Field(
            "text",
            "special privileges of the session, `SeDebugPrivilege`",
            "4672 PrivilegeList",
            ecs="winlog.event_data.PrivilegeList",
        ),
    ] = None


class ServiceInstall(Event, tag="service_install", kw_only=True, gc=False, omit_defaults=True):
    """7045, 4697, MS-SCMR RCreateServiceW/RChangeServiceConfigW."""

    name: Annotated[
        str | None,
        Field(
            "text",
            "name",
            "ServiceName; lpServiceName",
            ecs="service.name",
            ocsf="win_service.name",
        ),
    ] = None
    image_path: Annotated[
        str | None,
        Field(
            "text",
            "command line of the service",
            "ImagePath / ServiceFileName; lpBinaryPathName",
            ocsf="win_service.cmd_line",
        ),
    ] = None
    start_type: Annotated[
        str | None,
        Field(
            "enum",
            "when the service starts",
            "StartType",
            words=names(enums.START_TYPE),
            ocsf="win_service.start_type_id",
        ),
    ] = None
    run_as: Annotated[
        str | None, Field("text", "account the service runs as", "AccountName / ServiceAccount")
    ] = None
    remote: Annotated[
        bool | None,
        Field("bool", "by RPC from another host", "wire; 4697 ClientProcessId = 0 (unverified)"),
    ] = None


class DriverInstall(Event, tag="driver_install", kw_only=True, gc=False, omit_defaults=True):
    """Printer driver added; `unc` is null if no file of it lies on another machine."""

    unc: Annotated[
        str | None,
        Field(
            "text",
            "UNC path",
            "PrintService 316/808; RpcAddPrinterDriver, RpcAsyncAddPrinterDriver",
        ),
    ] = None


class TaskCreate(Event, tag="task_create", kw_only=True, gc=False, omit_defaults=True):
    """4698 4702; SchRpcRegisterTask, NetrJobAdd."""

    name: Annotated[str | None, Field("text", "name", "TaskName; path", ocsf="job.name")] = None
    command: Annotated[
        str | None,
        Field("text", "command the task runs", "TaskContent Actions; xml", ocsf="job.cmd_line"),
    ] = None
    remote: Annotated[
        bool | None,
        Field("bool", "made from another host", "wire; 4698 RpcCallClientLocality (unverified)"),
    ] = None


class RemoteShell(Event, tag="remote_shell", kw_only=True, gc=False, omit_defaults=True):
    """WinRM / PowerShell remoting."""

    kind: Annotated[
        str | None,
        Field(
            "enum", "which kind", "HTTP 5985 /wsman; ETW; 4104/91", words=names(enums.SHELL_KIND)
        ),
    ] = None
    script: Annotated[
        str | None,
        Field(
            "text",
            "script text",
            "4104 ScriptBlockText",
            ecs="powershell.file.script_block_text",
            ocsf="script.script_content",
        ),
    ] = None


class AuditChange(Event, tag="audit_change", kw_only=True, gc=False, omit_defaults=True):
    """4719, 1102, CA 4885."""

    actor: Annotated[
        str | None, Field("account", "who did it", "SubjectUserSid", ocsf="actor.user")
    ] = None
    scope: Annotated[
        str | None,
        Field("enum", "how far the search reaches", "event id", words=names(enums.AUDIT_SCOPE)),
    ] = None
    removed: Annotated[
        list[str] | None,
        Field(
            "enum",
            "kinds of audit switched off",
            "AuditPolicyChanges",
            words=names(enums.AUDIT_OUTCOME),
        ),
    ] = None
    new_mask: Annotated[int | None, Field("int", "audit mask after", "4885 AuditFilter")] = None
    old_mask: Annotated[int | None, Field("int", "previous 4885, or ca registry", "engine")] = None
    detail: Annotated[str | None, Field("text", "text of the record")] = None
