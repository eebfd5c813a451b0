"""Reads and writes of directory objects, whoever saw them."""

from __future__ import annotations

from typing import Annotated

from dsl.schema import enums
from dsl.schema.base import Event, Field
from dsl.schema.enums import names


class DirectoryAccess(Event, tag="directory_access", kw_only=True, gc=False, omit_defaults=True):
    """Object operation audited (4662)."""

    actor: Annotated[
        str | None,
        Field("account", "who did it", "SubjectUserSid", ecs="user.id", ocsf="actor.user"),
    ] = None
    logon_id: Annotated[
        int | None,
        Field(
            "int",
            "logon session at the server",
            "SubjectLogonId",
            ecs="winlog.logon.id",
            ocsf="session.uid",
        ),
    ] = None
    object: Annotated[
        str | None, Field("text", "DN", "ObjectName (guid → directory)", ocsf="resources.name")
    ] = None
    object_class: Annotated[
        str | None,
        Field("text", "class of the object", "ObjectType guid → schema", ocsf="resources.type"),
    ] = None
    access_mask: Annotated[
        list[str] | None,
        Field("enum", "rights used", "AccessMask", words=names(enums.ACCESS_RIGHT)),
    ] = None
    rights: Annotated[
        list[str] | None,
        Field(
            "text",
            "extended rights, property (set) names",
            "Properties guids → schema names",
            ocsf="privileges",
        ),
    ] = None


class DirectoryObject(Event, tag="directory_object", kw_only=True, gc=False, omit_defaults=True):
    """One version of an object as the directory has it from then on (LDAP synchronisation, LDIF)."""

    kind: Annotated[
        str | None,
        Field(
            "enum", "what it is", "objectClass", words=names(enums.OBJECT_KIND), ocsf="entity.type"
        ),
    ] = None
    object: Annotated[str | None, Field("text", "DN", "entry", ocsf="entity.name")] = None
    object_guid: Annotated[
        str | None, Field("guid", "objectGUID", "objectGUID", ocsf="entity.uid")
    ] = None
    object_account: Annotated[
        str | None,
        Field("account", "the object if user, computer or group", "objectSid", ecs="user.target"),
    ] = None
    object_class: Annotated[
        str | None, Field("text", "most derived class", "objectClass, last value")
    ] = None
    sid: Annotated[str | None, Field("sid", "SID of the principal", "objectSid")] = None
    name: Annotated[
        str | None, Field("text", "sAMAccountName, else the first component", "sAMAccountName")
    ] = None
    created: Annotated[int | None, Field("time", "when it was created", "whenCreated")] = None
    deleted: Annotated[bool | None, Field("bool", "it is a tombstone", "isDeleted")] = None
    uac: Annotated[
        list[str] | None,
        Field("enum", "flags that are set", "userAccountControl", words=names(enums.UAC_FLAG)),
    ] = None
    etypes: Annotated[
        list[str] | None,
        Field(
            "enum", "encryption types", "msDS-SupportedEncryptionTypes", words=names(enums.ETYPE)
        ),
    ] = None
    spns: Annotated[
        list[str] | None, Field("text", "service principal names", "servicePrincipalName")
    ] = None
    primary_group: Annotated[
        int | None, Field("int", "RID of the primary group", "primaryGroupID")
    ] = None
    addresses: Annotated[
        list[str] | None, Field("ip", "addresses of a domain controller", "its DNS name, resolved")
    ] = None
    members: Annotated[
        list[str] | None,
        Field("text", "direct members (SID or DN) since this version", "member"),
    ] = None
    members_lost: Annotated[
        list[str] | None, Field("text", "direct members until this version", "member")
    ] = None
    attributes: Annotated[
        dict[str, str] | None,
        Field("map", "all attributes that are synchronised, several values a line each", "entry"),
    ] = None


class DirectoryChange(Event, tag="directory_change", kw_only=True, gc=False, omit_defaults=True):
    """One attribute value (or object) written; via wire (LDAP add/modify/delete/modifyDN, clear or SASL-signed), event_5136/5137/5139/5141, sync (diff of DirSync, no actor)."""

    actor: Annotated[
        str | None,
        Field(
            "account",
            "who did it",
            "bind identity of the connection; SubjectUserSid; null for sync",
            ecs="user.name",
            ocsf="actor.user",
        ),
    ] = None
    object: Annotated[
        str | None, Field("text", "DN", "ModifyRequest.object; ObjectDN", ocsf="entity.name")
    ] = None
    object_guid: Annotated[
        str | None,
        Field("guid", "objectGUID of the object", "ObjectGUID; directory", ocsf="entity.uid"),
    ] = None
    object_account: Annotated[
        str | None,
        Field(
            "account", "object if user/computer/group", "directory", ecs="user.target", ocsf="user"
        ),
    ] = None
    object_class: Annotated[
        str | None,
        Field("text", "class of the object", "ObjectClass; directory", ocsf="entity.type"),
    ] = None
    attribute: Annotated[
        str | None,
        Field("text", "lDAPDisplayName", "modification.type; AttributeLDAPDisplayName; sync"),
    ] = None
    op: Annotated[
        str | None,
        Field(
            "enum",
            "object ops have attribute null",
            "operation; OperationType %%14674/5",
            words=names(enums.CHANGE_OP),
            ecs="event.action",
            ocsf="activity_id",
        ),
    ] = None
    value: Annotated[
        str | None, Field("text", "new value (decoded, capped 4 kB)", "vals; AttributeValue; sync")
    ] = None
    old_value: Annotated[
        str | None,
        Field(
            "text",
            "null unless known",
            "5136 pair by OpCorrelationID (engine, not mapper); sync previous",
            ocsf="prev entity",
        ),
    ] = None
    logon_id: Annotated[
        int | None,
        Field(
            "int",
            "logon session at the server",
            "SubjectLogonId",
            ecs="winlog.logon.id",
            ocsf="session.uid",
        ),
    ] = None
    usn: Annotated[
        int | None, Field("int", "update sequence number", "sync msDS-ReplAttributeMetaData")
    ] = None


class GroupChange(Event, tag="group_change", kw_only=True, gc=False, omit_defaults=True):
    """Membership or group object."""

    actor: Annotated[
        str | None,
        Field(
            "account",
            "who did it",
            "SubjectUserSid; LDAP bind; null sync",
            ecs="user.name",
            ocsf="actor.user",
        ),
    ] = None
    action: Annotated[
        str | None,
        Field(
            "enum",
            "what was done",
            "4728/32/56/46/51/61; 4729/33/57; 4727/31/54; 4730/34/58/53/63; 4781",
            words=names(enums.GROUP_ACTION),
            ecs="event.action",
            ocsf="activity_id (3006)",
        ),
    ] = None
    group: Annotated[
        str | None, Field("group", "the group concerned", "TargetSid", ecs="group.id", ocsf="group")
    ] = None
    member: Annotated[
        str | None,
        Field(
            "account",
            "the member added or removed",
            "MemberSid/MemberName",
            ecs="user.target",
            ocsf="user",
        ),
    ] = None


class AccountChange(Event, tag="account_change", kw_only=True, gc=False, omit_defaults=True):
    """Life of a user or computer account."""

    actor: Annotated[
        str | None,
        Field("account", "who did it", "SubjectUserSid", ecs="user.name", ocsf="actor.user"),
    ] = None
    action: Annotated[
        str | None,
        Field(
            "enum",
            "what was done",
            "4720/4741, 4726/4743, 4722, 4725, 4740, 4767, 4723, 4724, 4781, 4738/4742, 4765/4766, 4794; SAMR/LDAP wire, change at port 464; sync",
            words=names(enums.ACCOUNT_ACTION),
            ecs="event.action",
            ocsf="activity_id (3001)",
        ),
    ] = None
    old_name: Annotated[str | None, Field("text", "name before", "4781 OldTargetUserName")] = None
    new_name: Annotated[
        str | None, Field("text", "name after", "4781 NewTargetUserName", ecs="user.changes.name")
    ] = None
    value: Annotated[str | None, Field("sid", "SID added", "4765 SourceSid / SidHistory")] = None
    uac_added: Annotated[
        list[str] | None,
        Field(
            "enum",
            "userAccountControl bits set",
            "4738/4742 UserAccountControl %%…",
            words=names(enums.UAC_FLAG),
        ),
    ] = None
    uac_removed: Annotated[
        list[str] | None,
        Field("enum", "userAccountControl bits cleared", "same", words=names(enums.UAC_FLAG)),
    ] = None
    logon_id: Annotated[
        int | None, Field("int", "logon session at the server", "SubjectLogonId")
    ] = None


class GpoChange(Event, tag="gpo_change", kw_only=True, gc=False, omit_defaults=True):
    """Setting of a policy changed (SYSVOL write seen on SMB, or folder diff)."""

    actor: Annotated[
        str | None, Field("account", "who did it", "SMB session; null for diff", ecs="user.name")
    ] = None
    gpo: Annotated[str | None, Field("guid", "policy", "path \\Policies\\{guid}")] = None
    setting: Annotated[
        str | None,
        Field(
            "text",
            "registry key\\value or CSE setting",
            "registry.pol, GptTmpl.inf, scheduled tasks XML",
            ecs="registry.path",
        ),
    ] = None
    value: Annotated[
        str | None, Field("text", "value written", "same", ecs="registry.data.strings")
    ] = None
    disables: Annotated[bool | None, Field("bool", "value switches a protection off", "table")] = (
        None
    )
