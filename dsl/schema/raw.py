"""Records as they came: for rules that name what a log wrote, above all those taken from Sigma.

They hold everything that a record says; what the product itself has understood stands in the other
types. They are read from a log only where a detection in force reads them: a busy machine writes
many, and each is stored whole. References: the event schema of the Windows Event Log
(http://schemas.microsoft.com/win/2004/08/events/event); Sigma specification 2.1, "Log Source".
"""

from __future__ import annotations

from typing import Annotated

from dsl.schema.base import Event, Field

# fmt: off


class WindowsEvent(Event, tag="windows_event", kw_only=True, gc=False, omit_defaults=True):
    """A record of a Windows event log, whole.

    The names of EventData and UserData that rules ask most have a column, named under `sources` as
    the record names them; all others are in `data`. `account` is who acted, where the record says.
    """

    channel: Annotated[str | None, Field("text", "log it was written to", "System Channel", ecs="winlog.channel")] = None
    provider: Annotated[str | None, Field("text", "who wrote it", "System Provider", ecs="winlog.provider_name")] = None
    event_id: Annotated[int | None, Field("int", "its number with that provider", "System EventID", ecs="event.code")] = None
    version: Annotated[int | None, Field("int", "version of its shape", "System Version", ecs="winlog.version")] = None
    level: Annotated[int | None, Field("int", "0 always, 1 critical, 2 error, 3 warning, 4 information, 5 verbose", "System Level")] = None
    task: Annotated[int | None, Field("int", "category of the provider", "System Task", ecs="winlog.task")] = None
    opcode: Annotated[int | None, Field("int", "step of an operation", "System Opcode", ecs="winlog.opcode")] = None
    keywords: Annotated[str | None, Field("text", "64 bits, `0x8020000000000000`", "System Keywords", ecs="winlog.keywords")] = None
    record_id: Annotated[int | None, Field("int", "its number in the log", "System EventRecordID", ecs="winlog.record_id")] = None
    computer: Annotated[str | None, Field("text", "machine that wrote it, as written", "System Computer", ecs="winlog.computer_name")] = None
    user_sid: Annotated[str | None, Field("sid", "account the writer ran as", "System UserID", ecs="winlog.user.identifier")] = None
    image: Annotated[str | None, Field("text", "the program that was started, or that acted", "Image; NewProcessName", ecs="process.executable", ocsf="process.file.path")] = None
    command_line: Annotated[str | None, Field("text", "its command line", "CommandLine", ecs="process.command_line", ocsf="process.cmd_line")] = None
    original_file_name: Annotated[str | None, Field("text", "its file name as compiled", "OriginalFileName", ecs="process.pe.original_file_name")] = None
    description: Annotated[str | None, Field("text", "its description as compiled", "Description", ecs="process.pe.description")] = None
    product: Annotated[str | None, Field("text", "its product as compiled", "Product", ecs="process.pe.product")] = None
    company: Annotated[str | None, Field("text", "its company as compiled", "Company", ecs="process.pe.company")] = None
    current_directory: Annotated[str | None, Field("text", "its working folder", "CurrentDirectory", ecs="process.working_directory", ocsf="process.working_directory")] = None
    hashes: Annotated[str | None, Field("text", "its hashes, `SHA256=…,IMPHASH=…`", "Hashes", ecs="process.hash", ocsf="process.file.hashes")] = None
    integrity_level: Annotated[str | None, Field("text", "its mandatory level", "IntegrityLevel", ocsf="process.integrity")] = None
    user: Annotated[str | None, Field("text", "the user it runs as, `DOMAIN\\name`", "User", ecs="user.name", ocsf="process.user.name")] = None
    parent_image: Annotated[str | None, Field("text", "the program that started it", "ParentImage; ParentProcessName", ecs="process.parent.executable", ocsf="process.parent_process.file.path")] = None
    parent_command_line: Annotated[str | None, Field("text", "command line of that one", "ParentCommandLine", ecs="process.parent.command_line", ocsf="process.parent_process.cmd_line")] = None
    parent_user: Annotated[str | None, Field("text", "the user that one runs as", "ParentUser")] = None
    process_name: Annotated[str | None, Field("text", "the program that acted", "ProcessName", ecs="process.executable")] = None
    process_id: Annotated[str | None, Field("text", "its number", "ProcessId", ecs="process.pid", ocsf="process.pid")] = None
    source_image: Annotated[str | None, Field("text", "the program that reaches into another", "SourceImage")] = None
    target_image: Annotated[str | None, Field("text", "the program reached into", "TargetImage")] = None
    granted_access: Annotated[str | None, Field("text", "rights it got", "GrantedAccess")] = None
    call_trace: Annotated[str | None, Field("text", "where it was called from", "CallTrace")] = None
    start_module: Annotated[str | None, Field("text", "module a remote thread begins in", "StartModule")] = None
    start_function: Annotated[str | None, Field("text", "function it begins in", "StartFunction")] = None
    target_filename: Annotated[str | None, Field("text", "file made, changed or deleted", "TargetFilename", ecs="file.path", ocsf="file.path")] = None
    contents: Annotated[str | None, Field("text", "text of an alternate stream", "Contents")] = None
    image_loaded: Annotated[str | None, Field("text", "library or driver that was loaded", "ImageLoaded", ecs="dll.path")] = None
    signed: Annotated[str | None, Field("text", "whether it is signed", "Signed", ecs="dll.code_signature.exists")] = None
    signature: Annotated[str | None, Field("text", "who signed it", "Signature", ecs="dll.code_signature.subject_name")] = None
    signature_status: Annotated[str | None, Field("text", "whether the signature holds", "SignatureStatus", ecs="dll.code_signature.status")] = None
    target_object: Annotated[str | None, Field("text", "registry key or value", "TargetObject", ecs="registry.path", ocsf="reg_key.path")] = None
    details: Annotated[str | None, Field("text", "what was written there", "Details", ecs="registry.data.strings")] = None
    event_type: Annotated[str | None, Field("text", "kind of change", "EventType", ecs="event.action")] = None
    pipe_name: Annotated[str | None, Field("text", "named pipe", "PipeName", ecs="file.name")] = None
    initiated: Annotated[str | None, Field("text", "whether the connection was opened from here", "Initiated")] = None
    source_ip: Annotated[str | None, Field("text", "address of this end, as text", "SourceIp", ecs="source.ip")] = None
    source_port: Annotated[str | None, Field("text", "port of this end", "SourcePort", ecs="source.port")] = None
    destination_ip: Annotated[str | None, Field("text", "address of the other end, as text", "DestinationIp", ecs="destination.ip")] = None
    destination_port: Annotated[str | None, Field("text", "port of the other end", "DestinationPort", ecs="destination.port")] = None
    destination_hostname: Annotated[str | None, Field("text", "name of the other end", "DestinationHostname", ecs="destination.domain")] = None
    query_name: Annotated[str | None, Field("text", "name asked of DNS", "QueryName", ecs="dns.question.name", ocsf="query.hostname")] = None
    query_results: Annotated[str | None, Field("text", "what was answered", "QueryResults", ecs="dns.answers")] = None
    script_block_text: Annotated[str | None, Field("text", "script that was compiled", "ScriptBlockText", ecs="powershell.file.script_block_text")] = None
    payload: Annotated[str | None, Field("text", "output and parameters of a command", "Payload")] = None
    context_info: Annotated[str | None, Field("text", "who ran it, and where", "ContextInfo")] = None
    subject_user_name: Annotated[str | None, Field("text", "name of who acted", "SubjectUserName", ecs="winlog.event_data.SubjectUserName")] = None
    subject_user_sid: Annotated[str | None, Field("text", "SID of who acted", "SubjectUserSid", ecs="winlog.event_data.SubjectUserSid")] = None
    subject_domain_name: Annotated[str | None, Field("text", "domain of who acted", "SubjectDomainName", ecs="winlog.event_data.SubjectDomainName")] = None
    target_user_name: Annotated[str | None, Field("text", "name of whom it was done to", "TargetUserName", ecs="winlog.event_data.TargetUserName")] = None
    target_user_sid: Annotated[str | None, Field("text", "SID of whom it was done to", "TargetUserSid; TargetSid", ecs="winlog.event_data.TargetUserSid")] = None
    target_domain_name: Annotated[str | None, Field("text", "domain of whom it was done to", "TargetDomainName", ecs="winlog.event_data.TargetDomainName")] = None
    logon_type: Annotated[str | None, Field("text", "number of the kind of session", "LogonType", ecs="winlog.logon.type")] = None
    logon_process_name: Annotated[str | None, Field("text", "what made the session", "LogonProcessName")] = None
    authentication_package_name: Annotated[str | None, Field("text", "Kerberos, NTLM, Negotiate", "AuthenticationPackageName")] = None
    workstation_name: Annotated[str | None, Field("text", "client's own word", "WorkstationName", ecs="source.domain")] = None
    ip_address: Annotated[str | None, Field("text", "address of the client, as text", "IpAddress", ecs="source.ip")] = None
    status: Annotated[str | None, Field("text", "status code", "Status")] = None
    sub_status: Annotated[str | None, Field("text", "reason of a refused logon", "SubStatus")] = None
    service_name: Annotated[str | None, Field("text", "name of a service, or of a ticket's", "ServiceName", ecs="service.name")] = None
    image_path: Annotated[str | None, Field("text", "command line of a service", "ImagePath; ServiceFileName")] = None
    task_name: Annotated[str | None, Field("text", "name of a scheduled task", "TaskName", ecs="job.name")] = None
    task_content: Annotated[str | None, Field("text", "its definition", "TaskContent; TaskContentNew")] = None
    object_server: Annotated[str | None, Field("text", "what keeps the object", "ObjectServer")] = None
    object_type: Annotated[str | None, Field("text", "kind of object", "ObjectType")] = None
    object_name: Annotated[str | None, Field("text", "the object that was opened", "ObjectName")] = None
    access_mask: Annotated[str | None, Field("text", "rights that were asked for", "AccessMask")] = None
    access_list: Annotated[str | None, Field("text", "the same by name", "AccessList")] = None
    properties: Annotated[str | None, Field("text", "properties and classes asked for, by GUID", "Properties")] = None
    object_dn: Annotated[str | None, Field("text", "object of the directory", "ObjectDN")] = None
    object_class: Annotated[str | None, Field("text", "its class", "ObjectClass")] = None
    attribute_ldap_display_name: Annotated[str | None, Field("text", "attribute that was changed", "AttributeLDAPDisplayName")] = None
    attribute_value: Annotated[str | None, Field("text", "its value", "AttributeValue")] = None
    share_name: Annotated[str | None, Field("text", "network share", "ShareName", ecs="file.share")] = None
    relative_target_name: Annotated[str | None, Field("text", "file or pipe on it", "RelativeTargetName")] = None
    ticket_encryption_type: Annotated[str | None, Field("text", "number of the encryption type", "TicketEncryptionType")] = None
    ticket_options: Annotated[str | None, Field("text", "flags of the request", "TicketOptions")] = None
    data: Annotated[dict[str, str] | None, Field("map", "everything else by its name; values without one are `1`, `2`, …, and all of them together, a line each, `Data`", "EventData, UserData", ecs="winlog.event_data")] = None


class LogEvent(Event, tag="log_event", kw_only=True, gc=False, omit_defaults=True):
    """A record of any other log, whole: who wrote it, and its fields by name.

    `product`, `service` and `category` are the words of a Sigma log source. Fields inside others are
    named by their path, `userIdentity.type`.
    """

    product: Annotated[str | None, Field("text", "what wrote it: `linux`, `aws`, `okta`", "log source", ecs="observer.product")] = None
    service: Annotated[str | None, Field("text", "part of the product: `sshd`, `cloudtrail`", "log source", ecs="event.dataset")] = None
    category: Annotated[str | None, Field("text", "kind of record: `proxy`, `webserver`", "log source", ecs="event.category")] = None
    message: Annotated[str | None, Field("text", "the line as written, where it was one", "record", ecs="message")] = None
    data: Annotated[dict[str, str] | None, Field("map", "its fields by name", "record")] = None
