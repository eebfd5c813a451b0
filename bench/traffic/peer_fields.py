"""What tshark is asked to print: for each field our events carry, the field of its own that holds it.

Only what tshark knows under one name of its own; what we derive (fingerprints, hashes, tags,
visited objects, accounts of tickets) costs us and not it. An event type without a line here is
none that the wire fills.
"""

from __future__ import annotations

FIELDS: dict[str, tuple[str, ...]] = {
    "common": (
        "frame.time_epoch", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "tcp.srcport",
        "tcp.dstport", "udp.srcport", "udp.dstport",
    ),
    "dns_query": (
        "dns.id", "dns.flags.response", "dns.flags.opcode", "dns.qry.name", "dns.qry.type",
        "dns.flags.rcode", "dns.count.answers",
    ),
    "kerberos_as, kerberos_tgs, kerberos_ap": (
        "kerberos.msg_type", "kerberos.CNameString", "kerberos.SNameString", "kerberos.realm",
        "kerberos.crealm", "kerberos.name_type", "kerberos.kdc_options", "kerberos.ENCTYPE",
        "kerberos.etype", "kerberos.padata_type", "kerberos.include_pac", "kerberos.till",
        "kerberos.rtime", "kerberos.addr_ip", "kerberos.addr_nb", "kerberos.error_code",
        "kerberos.cipher", "kerberos.kvno", "x509af.serialNumber", "x509sat.printableString",
    ),
    "ldap_bind": ("ldap.messageID", "ldap.name", "ldap.authentication", "ldap.mechanism"),
    "ldap_search": (
        "ldap.baseObject", "ldap.scope", "ldap.filter", "ldap.AttributeDescription",
        "ldap.assertionValue", "ldap.controlType", "ldap.objectName", "ldap.resultCode",
    ),
    "directory_change": ("ldap.object", "ldap.operation", "ldap.type"),
    "ntlm_auth": (
        "ntlmssp.messagetype", "ntlmssp.auth.username", "ntlmssp.auth.domain",
        "ntlmssp.auth.hostname", "ntlmssp.negotiateflags", "ntlmssp.ntlmv2_response.flags",
        "ntlmssp.ntlmv2_response.target_name", "ntlmssp.version", "spnego.negResult",
        "spnego.MechType",
    ),
    "smb_session, smb_file, smb_transform": (
        "smb2.cmd", "smb2.nt_status", "smb2.sesid", "smb2.tree", "smb2.filename", "smb2.dialect",
        "smb2.client_guid", "smb2.sec_mode", "smb2.read_length", "smb2.write_length",
        "smb2.header.transform.msg_size", "smb.cmd", "smb.nt_status", "smb.path", "smb.file",
        "smb.native_os", "smb.native_lanman",
    ),
    "rpc_bind, rpc_call": (
        "dcerpc.pkt_type", "dcerpc.cn_bind_to_uuid", "dcerpc.auth_type", "dcerpc.auth_level",
        "dcerpc.opnum", "dcerpc.cn_status", "epm.proto.tcp_port", "efs.EfsRpcOpenFileRaw.FileName",
    ),
    "netlogon_secure": (
        "netlogon.opnum", "netlogon.computer_name", "netlogon.clientchallenge",
        "netlogon.clientcred", "netlogon.neg_flags",
    ),
    "samr_query": ("samr.opnum", "samr.samr_LookupNames.names"),
    "replication": ("drsuapi.opnum", "drsuapi.DsReplicaNeighbour.naming_context_dn"),
    "service_install": (
        "svcctl.servicename", "svcctl.binarypathname", "svcctl.service_start_type",
        "svcctl.service_start_name",
    ),
    "task_create": ("atsvc.atsvc_JobInfo.command",),
}  # fmt: skip


def arguments() -> list[str]:
    """The `-e FIELD` of all of them."""
    return [word for names in FIELDS.values() for name in names for word in ("-e", name)]
