"""LDAP binds and searches (RFC 4511, MS-ADTS)."""

from __future__ import annotations

from typing import Annotated

from dsl.schema import enums
from dsl.schema.base import Event, Field
from dsl.schema.enums import names


class LdapBind(Event, tag="ldap_bind", kw_only=True, gc=False, omit_defaults=True):
    """One bind with its response."""

    mechanism: Annotated[
        str | None,
        Field(
            "enum",
            "how the client authenticates",
            "BindRequest.authentication",
            words=names(enums.LDAP_MECHANISM),
            open_words=True,
            ocsf="auth_protocol",
        ),
    ] = None
    bind_name: Annotated[
        str | None,
        Field("text", "DN, UPN or DOMAIN\\user as sent", "BindRequest.name", ecs="user.name"),
    ] = None
    password_tag: Annotated[
        bytes | None,
        Field(
            "bytes",
            "keyed hash of the clear password, key lives a day on the sensor, never leaves; only for counting distinct",
            "simple bind",
        ),
    ] = None
    result: Annotated[
        int | None,
        Field(
            "int",
            "resultCode; `data 52e` parsed into outcome",
            "BindResponse.resultCode+diagnosticMessage; 4625 Status/SubStatus",
        ),
    ] = None


class LdapSearch(Event, tag="ldap_search", kw_only=True, gc=False, omit_defaults=True):
    """One search (paged pages joined)."""

    base: Annotated[
        str | None, Field("text", "DN", "searchRequest.baseObject; 1644 Starting node")
    ] = None
    scope: Annotated[
        str | None,
        Field(
            "enum",
            "how far the search reaches",
            "scope; 1644 Search scope",
            words=names(enums.LDAP_SCOPE),
        ),
    ] = None
    filter: Annotated[str | None, Field("text", "RFC 4515, as sent", "filter; 1644 Filter")] = None
    filter_shape: Annotated[
        str | None,
        Field("text", "filter with values replaced, children sorted, attributes lower", "decoder"),
    ] = None
    filter_attributes: Annotated[list[str] | None, Field("text", "lower", "filter")] = None
    filter_accounts: Annotated[
        list[str] | None, Field("account", "values that name one account", "filter + directory")
    ] = None
    attributes: Annotated[
        list[str] | None, Field("text", "asked, lower", "attributes; 1644 Attribute selection")
    ] = None
    controls: Annotated[
        list[str] | None,
        Field(
            "text",
            "controls of the request, as in enums.LDAP_CONTROL (dirsync, sd_flags, show_deleted, notification, paged, …), else the OID",
            "LDAPMessage.controls; 1644 Server controls",
        ),
    ] = None
    returned: Annotated[
        list[str] | None,
        Field("account", "accounts returned, first 100", "searchResEntry.objectName"),
    ] = None
    returned_count: Annotated[
        int | None, Field("int", "entries returned", "count; 1644 Returned entries")
    ] = None
    visited: Annotated[int | None, Field("int", "entries visited", "1644 Visited entries")] = None
    cldap: Annotated[bool | None, Field("bool", "UDP ping", "transport")] = None
    result: Annotated[
        int | None, Field("int", "LDAP resultCode", "SearchResultDone.resultCode")
    ] = None
