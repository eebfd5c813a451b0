"""Certificate services and AD FS."""

from __future__ import annotations

from typing import Annotated

from dsl.schema import enums
from dsl.schema.base import Event, Field
from dsl.schema.enums import names


class CertificateRequest(
    Event, tag="certificate_request", kw_only=True, gc=False, omit_defaults=True
):
    """4886 4887 4888; ICPR CertServerRequest."""

    ca: Annotated[str | None, Field("host", "certification authority", "Computer")] = None
    requester: Annotated[
        str | None, Field("account", "who asked", "Requester", ecs="user.name", ocsf="actor.user")
    ] = None
    subject: Annotated[
        str | None,
        Field(
            "text",
            "certificate subject",
            "Subject",
            ecs="x509.subject.distinguished_name",
            ocsf="certificate.subject",
        ),
    ] = None
    sans: Annotated[
        list[str] | None,
        Field(
            "text",
            "alternative names",
            "SubjectAlternativeName / request attributes",
            ecs="x509.alternative_names",
            ocsf="certificate.sans",
        ),
    ] = None
    template: Annotated[
        str | None, Field("text", "certificate template", "CertificateTemplate")
    ] = None
    template_version: Annotated[
        int | None, Field("int", "schema version", "directory pKICertificateTemplate")
    ] = None
    certificate_ekus: Annotated[
        list[str] | None, Field("text", "extended key usages", "certificate")
    ] = None
    application_policies: Annotated[
        list[str] | None,
        Field("text", "application policies asked for", "request extension 1.3.6.1.4.1.311.21.10"),
    ] = None
    certificate_issuer: Annotated[
        str | None,
        Field(
            "text",
            "issuer DN",
            "CA DN",
            ecs="x509.issuer.distinguished_name",
            ocsf="certificate.issuer",
        ),
    ] = None
    certificate_serial: Annotated[
        str | None,
        Field(
            "text",
            "serial number, hex",
            "SerialNumber (4887 v1 (unverified))",
            ecs="x509.serial_number",
            ocsf="certificate.serial_number",
        ),
    ] = None
    request_id: Annotated[int | None, Field("int", "request number", "RequestId")] = None


class CaChange(Event, tag="ca_change", kw_only=True, gc=False, omit_defaults=True):
    """4870 4882 4890 4892 4896 4899 4900."""

    ca: Annotated[str | None, Field("host", "certification authority", "Computer")] = None
    actor: Annotated[
        str | None, Field("account", "who did it", "SubjectUserSid", ocsf="actor.user")
    ] = None
    action: Annotated[
        str | None,
        Field(
            "enum", "what was done", "event id", words=names(enums.CA_ACTION), ecs="event.action"
        ),
    ] = None
    rows: Annotated[int | None, Field("int", "rows deleted", "4896 RowsDeleted")] = None
    detail: Annotated[str | None, Field("text", "text of the record")] = None


class AdfsAuth(Event, tag="adfs_auth", kw_only=True, gc=False, omit_defaults=True):
    """1200-1203, 411, 4624/4625 on AD FS."""

    adfs_server: Annotated[str | None, Field("host", "AD FS server", "Computer")] = None
    relying_party: Annotated[
        str | None, Field("text", "relying party", "1200 RelyingParty", ocsf="service.name")
    ] = None
    certificate_thumbprint: Annotated[
        str | None, Field("text", "SHA-1, hex", "1200/1202 claims")
    ] = None
    certificate_issuer: Annotated[str | None, Field("text", "issuer DN", "claims")] = None
    certificate_eku: Annotated[str | None, Field("text", "first", "claims")] = None
    certificate_ekus: Annotated[
        list[str] | None, Field("text", "extended key usages", "claims")
    ] = None


class AdfsChange(Event, tag="adfs_change", kw_only=True, gc=False, omit_defaults=True):
    """307, 510, AD FS audit."""

    adfs_server: Annotated[str | None, Field("host", "AD FS server", "Computer")] = None
    actor: Annotated[str | None, Field("account", "who did it")] = None
    object: Annotated[
        str | None, Field("enum", "object concerned", "text", words=names(enums.ADFS_OBJECT))
    ] = None
    detail: Annotated[str | None, Field("text", "text of the record")] = None
