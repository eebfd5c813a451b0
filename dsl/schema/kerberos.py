"""Kerberos exchanges (RFC 4120, MS-KILE, MS-SFU)."""

from __future__ import annotations

from typing import Annotated

from dsl.schema import enums
from dsl.schema.base import Event, Field
from dsl.schema.enums import names


class KerberosAs(Event, tag="kerberos_as", kw_only=True, gc=False, omit_defaults=True):
    """One AS exchange (request with its reply or error)."""

    account_name: Annotated[
        str | None,
        Field(
            "text",
            "cname as sent (may not exist)",
            "AS-REQ req-body.cname; 4768/4771 TargetUserName",
            ecs="user.name",
            ocsf="user.name",
        ),
    ] = None
    realm: Annotated[
        str | None,
        Field(
            "text",
            "realm as sent (case kept)",
            "req-body.realm; 4768 TargetDomainName",
            ecs="user.domain",
            ocsf="user.domain",
        ),
    ] = None
    service: Annotated[
        str | None, Field("service", "sname", "req-body.sname; ServiceName", ocsf="service.name")
    ] = None
    result: Annotated[
        str | None,
        Field(
            "enum",
            "Kerberos error",
            "KRB-ERROR.error-code; 4768/4771 Status",
            words=names(enums.KERBEROS_ERROR),
            open_words=True,
            ocsf="status_code",
        ),
    ] = None
    name_type: Annotated[
        int | None, Field("int", "NT-PRINCIPAL=1, NT-ENTERPRISE=10", "cname.name-type")
    ] = None
    kdc_options: Annotated[
        list[int] | None, Field("int", "options bits set", "req-body.kdc-options; TicketOptions")
    ] = None
    req_etypes: Annotated[
        list[str] | None,
        Field(
            "enum",
            "etypes offered, in order",
            "req-body.etype; 4768 v2 ClientAdvertizedEncryptionTypes",
            words=names(enums.ETYPE),
            open_words=True,
        ),
    ] = None
    preauth_types: Annotated[
        list[str] | None,
        Field(
            "enum",
            "padata types of the final request",
            "AS-REQ.padata[].type; PreAuthType",
            words=names(enums.PADATA),
            open_words=True,
        ),
    ] = None
    preauth_etype: Annotated[
        str | None,
        Field(
            "enum",
            "etype of PA-ENC-TIMESTAMP",
            "PA-DATA.EncryptedData.etype; 4768 v2 PreAuthEncryptionType",
            words=names(enums.ETYPE),
            open_words=True,
        ),
    ] = None
    offered_etypes: Annotated[
        list[str] | None,
        Field(
            "enum",
            "etypes the DC offers",
            "KRB-ERROR e-data PA-ETYPE-INFO2[].etype",
            words=names(enums.ETYPE),
            open_words=True,
        ),
    ] = None
    etype: Annotated[
        str | None,
        Field(
            "enum",
            "of the issued TGT",
            "AS-REP.ticket.enc-part.etype; TicketEncryptionType",
            words=names(enums.ETYPE),
            open_words=True,
            ocsf="authentication_token.encryption_details",
        ),
    ] = None
    reply_etype: Annotated[
        str | None,
        Field(
            "enum",
            "of the reply's enc-part (client key: what AS-REP roasting cracks)",
            "AS-REP.enc-part.etype; (4768 v2 SessionKeyEncryptionType is the session key's, not this)",
            words=names(enums.ETYPE),
            open_words=True,
        ),
    ] = None
    ticket_hash: Annotated[
        bytes | None,
        Field(
            "bytes",
            "SHA-256 of the cipher of the ticket: the same ticket, the same hash, wherever it is shown",
            "AS-REP.ticket; 4768 v2 ResponseTicket (base64)",
            ocsf="authentication_token.uid",
        ),
    ] = None
    ticket_size: Annotated[
        int | None, Field("int", "length of that cipher", "AS-REP.ticket", unit="bytes")
    ] = None
    include_pac: Annotated[
        bool | None, Field("bool", "PA-PAC-REQUEST value, null if absent", "padata 128")
    ] = None
    fast: Annotated[bool | None, Field("bool", "armored", "padata 136")] = None
    armor_hash: Annotated[
        bytes | None,
        Field(
            "bytes", "ticket that armors the request, mostly the machine's TGT", "padata 136 armor"
        ),
    ] = None
    pac_options: Annotated[
        list[str] | None,
        Field(
            "enum",
            "PA-PAC-OPTIONS bits set, null if absent",
            "padata 167",
            words=names(enums.PAC_OPTION),
            open_words=True,
        ),
    ] = None
    till: Annotated[int | None, Field("time", "asked end time", "req-body.till", unit="us")] = None
    rtime: Annotated[int | None, Field("time", "asked renew time", "req-body.rtime", unit="us")] = (
        None
    )
    addresses: Annotated[
        list[str] | None, Field("text", "HostAddresses (NetBIOS names too)", "req-body.addresses")
    ] = None
    fingerprint: Annotated[
        str | None,
        Field(
            "text",
            "canonical shape: options, etypes in order, padata order, name types, till class, field presence",
            "decoder recipe v1",
            ecs="– (cf. ja3)",
            ocsf="tls.ja3-like",
        ),
    ] = None
    certificate_issuer: Annotated[
        str | None,
        Field(
            "text",
            "PKINIT client certificate issuer DN",
            "PA-PK-AS-REQ SignedData.certificates; CertIssuerName",
            ecs="x509.issuer.distinguished_name",
            ocsf="certificate.issuer",
        ),
    ] = None
    certificate_serial: Annotated[
        str | None,
        Field(
            "text",
            "hex",
            "same; CertSerialNumber",
            ecs="x509.serial_number",
            ocsf="certificate.serial_number",
        ),
    ] = None
    certificate_thumbprint: Annotated[
        str | None,
        Field(
            "text",
            "SHA-1 hex",
            "same; CertThumbprint",
            ecs="file.hash.sha1",
            ocsf="certificate.fingerprints",
        ),
    ] = None
    certificate_ekus: Annotated[list[str] | None, Field("text", "OIDs", "same")] = None
    certificate_sids: Annotated[
        list[str] | None, Field("sid", "SID extension 1.3.6.1.4.1.311.25.2", "same")
    ] = None


class KerberosTgs(Event, tag="kerberos_tgs", kw_only=True, gc=False, omit_defaults=True):
    """One TGS exchange; account = cname of TGS-REP (request's client is encrypted), for errors KRB-ERROR.cname or owner of tgt_hash."""

    result: Annotated[
        str | None,
        Field(
            "enum",
            "error",
            "KRB-ERROR; 4769 Status",
            words=names(enums.KERBEROS_ERROR),
            open_words=True,
            ocsf="status_code",
        ),
    ] = None
    realm: Annotated[
        str | None,
        Field("text", "client realm", "TGS-REP.crealm; 4769 TargetDomainName", ecs="user.domain"),
    ] = None
    service: Annotated[
        str | None,
        Field("service", "sname asked", "req-body.sname; ServiceName", ocsf="service.name"),
    ] = None
    service_class: Annotated[str | None, Field("text", "first component, lower", "sname[0]")] = None
    service_account: Annotated[
        str | None,
        Field(
            "account",
            "owner of the SPN in the directory",
            "directory by SPN; 4769 ServiceSid",
            ocsf="service.uid",
        ),
    ] = None
    kdc_options: Annotated[
        list[int] | None, Field("int", "bits set", "req-body.kdc-options; TicketOptions")
    ] = None
    req_etypes: Annotated[
        list[str] | None,
        Field(
            "enum",
            "etypes offered",
            "req-body.etype; 4769 v2 ClientAdvertizedEncryptionTypes",
            words=names(enums.ETYPE),
            open_words=True,
        ),
    ] = None
    etype: Annotated[
        str | None,
        Field(
            "enum",
            "of the issued service ticket",
            "TGS-REP.ticket.enc-part.etype; TicketEncryptionType",
            words=names(enums.ETYPE),
            open_words=True,
        ),
    ] = None
    ticket_hash: Annotated[
        bytes | None,
        Field("bytes", "issued ticket", "TGS-REP.ticket; 4769 v2 / 4770 v1 ResponseTicketHash"),
    ] = None
    ticket_size: Annotated[int | None, Field("int", "issued", "TGS-REP.ticket", unit="bytes")] = (
        None
    )
    tgt_hash: Annotated[
        bytes | None,
        Field(
            "bytes",
            "ticket in the authenticator",
            "PA-TGS-REQ AP-REQ.ticket; 4769 v2 / 4770 v1 RequestTicketHash",
        ),
    ] = None
    tgt_etype: Annotated[
        str | None,
        Field(
            "enum",
            "its etype",
            "AP-REQ.ticket.enc-part.etype",
            words=names(enums.ETYPE),
            open_words=True,
        ),
    ] = None
    tgt_size: Annotated[int | None, Field("int", "its length", "AP-REQ.ticket", unit="bytes")] = (
        None
    )
    tgt_kvno: Annotated[
        int | None,
        Field("int", "krbtgt key version (upper 16 bits = RODC id)", "AP-REQ.ticket.enc-part.kvno"),
    ] = None
    tgt_realm: Annotated[
        str | None,
        Field(
            "text",
            "realm whose KDC issued it (another one's after a referral)",
            "AP-REQ.ticket.realm",
        ),
    ] = None
    s4u: Annotated[
        str | None,
        Field(
            "enum",
            "MS-SFU kind",
            "PA-FOR-USER 129 / PA-S4U-X509-USER 130; cname-in-addl-tkt option; enc-tkt-in-skey; 4769 TransmittedServices",
            words=names(enums.S4U),
        ),
    ] = None
    s4u_user: Annotated[
        str | None,
        Field("account", "impersonated user", "PA-FOR-USER.userName", ecs="user.effective.name"),
    ] = None
    additional_ticket_hash: Annotated[
        bytes | None, Field("bytes", "evidence ticket", "req-body.additional-tickets[0]")
    ] = None
    authz_data: Annotated[
        bool | None, Field("bool", "enc-authorization-data present", "req-body")
    ] = None
    padata_types: Annotated[
        list[str] | None,
        Field(
            "enum",
            "padata types of the request",
            "TGS-REQ.padata[].type",
            words=names(enums.PADATA),
            open_words=True,
        ),
    ] = None
    pac_options: Annotated[
        list[str] | None,
        Field(
            "enum",
            "PA-PAC-OPTIONS bits set, null if absent",
            "padata 167",
            words=names(enums.PAC_OPTION),
            open_words=True,
        ),
    ] = None
    fingerprint: Annotated[str | None, Field("text", "as kerberos_as", "decoder")] = None
    logon_guid: Annotated[
        str | None,
        Field(
            "guid", "links 4769 with 4624", "4769/4624 LogonGuid", ecs="winlog.event_data.LogonGuid"
        ),
    ] = None


class KerberosAp(Event, tag="kerberos_ap", kw_only=True, gc=False, omit_defaults=True):
    """AP-REQ shown to a watched server in SMB, LDAP, RPC, HTTP; account unknown on the wire (join by ticket_hash)."""

    service: Annotated[str | None, Field("service", "ticket sname", "AP-REQ.ticket.sname")] = None
    ticket_hash: Annotated[
        bytes | None, Field("bytes", "SHA-256 of the presented ticket", "AP-REQ.ticket.enc-part")
    ] = None
    ticket_size: Annotated[
        int | None, Field("int", "length of the ticket's cipher", "same", unit="bytes")
    ] = None
    etype: Annotated[
        str | None,
        Field(
            "enum",
            "the ticket's encryption type",
            "same",
            words=names(enums.ETYPE),
            open_words=True,
        ),
    ] = None
    kvno: Annotated[int | None, Field("int", "service key version", "same")] = None
    result: Annotated[
        str | None,
        Field(
            "enum",
            "AP-REP or KRB-ERROR",
            "AP-REP / KRB-ERROR / carrier status",
            words=names(enums.KERBEROS_ERROR),
            open_words=True,
        ),
    ] = None
