"""Closed vocabularies of the event schema: the standards' own names, in lower case.

A tuple is an enum of the detection language; a dict also carries the number that the wire or the
Windows event uses. Decoders and mappings translate with the dicts; a number without a name stays
text (`"etype_99"`), so that nothing seen is lost.
"""

from __future__ import annotations

from typing import Final

OUTCOME: Final = (
    "success", "continue", "wrong_password", "no_such_user", "disabled", "locked", "expired",
    "restricted", "denied", "error", "unknown",
)  # fmt: skip
CERTAINTY: Final = ("high", "low", "none")
PROTOCOL: Final = (
    "kerberos", "ntlm", "ldap", "gc", "cldap", "adws", "smb", "rpc", "dns", "http", "radius",
    "adfs", "local", "dhcp", "netbios",
)  # fmt: skip
VIA_WORDS: Final = ("wire", "zeek", "etw", "sync", "radius", "syslog", "adws", "engine")
"""Witnesses; besides these `event_N` for Windows event id N."""

KERBEROS_ERROR: Final[dict[int, str]] = {
    0: "none", 1: "name_exp", 2: "service_exp", 3: "bad_pvno", 4: "c_old_mast_kvno",
    5: "s_old_mast_kvno", 6: "c_principal_unknown", 7: "s_principal_unknown",
    8: "principal_not_unique", 9: "null_key", 10: "cannot_postdate", 11: "never_valid",
    12: "policy", 13: "badoption", 14: "etype_nosupp", 15: "sumtype_nosupp",
    16: "padata_type_nosupp", 17: "trtype_nosupp", 18: "client_revoked", 19: "service_revoked",
    20: "tgt_revoked", 21: "client_notyet", 22: "service_notyet", 23: "key_expired",
    24: "preauth_failed", 25: "preauth_required", 26: "server_nomatch", 27: "must_use_user2user",
    28: "path_not_accepted", 29: "svc_unavailable", 31: "bad_integrity", 32: "tkt_expired",
    33: "tkt_nyv", 34: "repeat", 35: "not_us", 36: "badmatch", 37: "skew", 38: "badaddr",
    39: "badversion", 40: "msg_type", 41: "modified", 42: "badorder", 44: "badkeyver",
    45: "nokey", 46: "mut_fail", 47: "baddirection", 48: "method", 49: "badseq",
    50: "inapp_cksum", 51: "path_not_found", 52: "response_too_big", 60: "generic",
    61: "field_toolong", 62: "client_not_trusted", 63: "kdc_not_trusted", 64: "invalid_sig",
    65: "key_too_weak", 66: "certificate_mismatch", 67: "no_tgt", 68: "wrong_realm",
    69: "user_to_user_required", 70: "cant_verify_certificate", 71: "invalid_certificate",
    72: "revoked_certificate", 73: "revocation_status_unknown",
    74: "revocation_status_unavailable", 75: "client_name_mismatch", 76: "kdc_name_mismatch",
    90: "preauth_expired", 91: "more_preauth_data_required", 93: "unknown_critical_fast_options",
}  # fmt: skip
"""RFC 4120 §7.5.9, RFC 4556, RFC 6113: names without the KDC_ERR_/KRB_AP_ERR_ prefix."""

ETYPE: Final[dict[int, str]] = {
    1: "des_cbc_crc", 2: "des_cbc_md4", 3: "des_cbc_md5", 5: "des3_cbc_md5", 7: "des3_cbc_sha1_old",
    16: "des3_cbc_sha1", 17: "aes128", 18: "aes256", 19: "aes128_sha256", 20: "aes256_sha384",
    23: "rc4_hmac", 24: "rc4_hmac_exp", 25: "camellia128", 26: "camellia256",
    -128: "rc4_md4", -133: "rc4_hmac_old", -135: "rc4_hmac_old_exp", 65: "subkey_keymaterial",
}  # fmt: skip
"""RFC 3961, 3962, 4757, 8009 and MS-KILE §3.1.5.2."""

PADATA: Final[dict[int, str]] = {
    1: "tgs_req", 2: "enc_timestamp", 3: "pw_salt", 11: "etype_info", 14: "pk_as_req_old",
    15: "pk_as_rep_old", 16: "pk_as_req", 17: "pk_as_rep", 19: "etype_info2",
    20: "svr_referral_info", 128: "pac_request", 129: "for_user", 130: "s4u_x509_user",
    131: "as_checksum", 132: "as_freshness_old", 133: "fx_cookie", 136: "fx_fast", 137: "fx_error",
    138: "encrypted_challenge", 149: "req_enc_pa_rep", 150: "as_freshness", 161: "key_list_req",
    162: "key_list_rep", 165: "supported_enctypes", 166: "extended_error", 167: "pac_options",
    147: "pk_eckey", 141: "otp_challenge", 142: "otp_request", 145: "otp_pin_change",
    146: "epak_as_req", 111: "td_cms_digest", 151: "spake",
}  # fmt: skip
"""RFC 4120 §7.5.2, RFC 4556, RFC 6113, MS-KILE, MS-SFU."""

PAC_OPTION: Final[dict[int, str]] = {
    0: "claims",
    1: "branch_aware",
    2: "forward_to_full_dc",
    3: "resource_based_delegation",
}
"""MS-KILE §2.2.10, bits counted as in kdc_options."""

S4U: Final = ("none", "self", "proxy", "u2u")
NTLM_VERSION: Final = ("lm", "v1", "v1_ess", "v2")
MIC: Final = ("present", "zero", "absent")
NTLM_FLAG: Final[dict[int, str]] = {
    0x00000001: "unicode", 0x00000002: "oem", 0x00000004: "request_target", 0x00000010: "sign",
    0x00000020: "seal", 0x00000040: "datagram", 0x00000080: "lm_key", 0x00000200: "ntlm",
    0x00000800: "anonymous", 0x00001000: "domain_supplied", 0x00002000: "workstation_supplied",
    0x00008000: "always_sign", 0x00010000: "target_type_domain", 0x00020000: "target_type_server",
    0x00080000: "extended_session_security", 0x00100000: "identify", 0x00400000: "non_nt_key",
    0x00800000: "target_info", 0x02000000: "version", 0x20000000: "key_128",
    0x40000000: "key_exch", 0x80000000: "key_56",
}  # fmt: skip
"""MS-NLMP §2.2.2.5."""
AV_FLAG: Final[dict[int, str]] = {1: "constrained", 2: "mic_provided", 4: "untrusted_spn"}
NETLOGON_LEVEL: Final = ("interactive", "network", "service")

LDAP_MECHANISM: Final = (
    "anonymous", "simple", "gssapi", "gss_spnego", "ntlm_sicily", "digest_md5", "external",
)  # fmt: skip
LDAP_SCOPE: Final = ("base", "one", "subtree")
LDAP_CONTROL: Final[dict[str, str]] = {
    "1.2.840.113556.1.4.319": "paged", "1.2.840.113556.1.4.417": "show_deleted",
    "1.2.840.113556.1.4.473": "sort", "1.2.840.113556.1.4.521": "crossdom_move_target",
    "1.2.840.113556.1.4.528": "notification", "1.2.840.113556.1.4.529": "extended_dn",
    "1.2.840.113556.1.4.619": "lazy_commit", "1.2.840.113556.1.4.801": "sd_flags",
    "1.2.840.113556.1.4.802": "range_option", "1.2.840.113556.1.4.805": "tree_delete",
    "1.2.840.113556.1.4.841": "dirsync", "1.2.840.113556.1.4.970": "get_stats",
    "1.2.840.113556.1.4.1338": "verify_name", "1.2.840.113556.1.4.1339": "domain_scope",
    "1.2.840.113556.1.4.1340": "search_options", "1.2.840.113556.1.4.1341": "rodc_dcpromo",
    "1.2.840.113556.1.4.1413": "permissive_modify", "1.2.840.113556.1.4.1504": "asq",
    "1.2.840.113556.1.4.1852": "quota_control", "1.2.840.113556.1.4.1907": "shutdown_notify",
    "1.2.840.113556.1.4.1948": "range_retrieval_noerr", "1.2.840.113556.1.4.1974": "force_update",
    "1.2.840.113556.1.4.2026": "input_dn", "1.2.840.113556.1.4.2064": "show_recycled",
    "1.2.840.113556.1.4.2065": "show_deactivated_link", "1.2.840.113556.1.4.2066": "policy_hints_deprecated",
    "1.2.840.113556.1.4.2090": "dirsync_ex", "1.2.840.113556.1.4.2204": "tree_delete_ex",
    "1.2.840.113556.1.4.2205": "update_stats", "1.2.840.113556.1.4.2206": "search_hints",
    "1.2.840.113556.1.4.2211": "expected_entry_count", "1.2.840.113556.1.4.2239": "policy_hints",
    "1.2.840.113556.1.4.2255": "set_owner", "1.2.840.113556.1.4.2256": "bypass_quota",
    "1.2.840.113556.1.4.2309": "link_ttl", "1.2.840.113556.1.4.2330": "set_correlation_id",
    "1.2.840.113556.1.4.2354": "thread_trace_override", "2.16.840.1.113730.3.4.2": "manage_dsa_it",
    "2.16.840.1.113730.3.4.9": "vlv", "2.16.840.1.113730.3.4.18": "proxied_authorization",
    "1.2.826.0.1.3344810.2.3": "matched_values", "1.3.6.1.4.1.4203.1.9.1.1": "sync",
    "1.3.6.1.1.12": "assertion", "1.3.6.1.1.13.1": "pre_read", "1.3.6.1.1.13.2": "post_read",
}  # fmt: skip
"""MS-ADTS §3.1.1.3.4.1, without LDAP_SERVER_ and _OID; RFC 3296, 3876, 4370, 4527, 4528, 4533."""

RPC_INTERFACE: Final = (
    "drsuapi", "samr", "lsarpc", "netlogon", "srvsvc", "svcctl", "atsvc", "sasec", "itask",
    "wbem_services", "wbem_login", "efsrpc", "efsrpc_lsarpc", "spoolss", "par", "netdfs", "icpr",
    "bkrp", "winreg", "epmapper", "dcom_activation", "oxid_resolver", "remunknown", "eventlog",
    "even6", "wkssvc", "dnsserver", "frsrpc", "frstrans", "dssetup", "mgmt", "browser", "fsrvp",
    "initshutdown", "msgsvc", "ntsvcs", "w32time", "trksvr", "trkwks", "keysvc", "witness",
    "dhcpcsvc", "unknown",
)  # fmt: skip
AUTH_MECHANISM: Final = (
    "ntlm", "kerberos", "spnego", "negoex", "netlogon", "schannel", "anonymous", "none",
)  # fmt: skip
REPLICATION_DIRECTION: Final = ("outbound", "inbound")
EXOP: Final[dict[int, str]] = {
    0: "none", 1: "fsmo_req_role", 2: "fsmo_req_rid_alloc", 3: "fsmo_rid_req_role",
    4: "fsmo_req_pdc", 5: "fsmo_abandon_role", 6: "repl_obj", 7: "repl_secret",
}  # fmt: skip
"""MS-DRSR §4.1.10.2.18."""

ACCESS_RIGHT: Final[dict[int, str]] = {
    0x1: "create_child", 0x2: "delete_child", 0x4: "list_children", 0x8: "self_write",
    0x10: "read_property", 0x20: "write_property", 0x40: "delete_tree", 0x80: "list_object",
    0x100: "control_access", 0x10000: "delete", 0x20000: "read_control", 0x40000: "write_dac",
    0x80000: "write_owner", 0x100000: "synchronize",
}  # fmt: skip
"""MS-ADTS §5.1.3.2."""
CHANGE_OP: Final = ("add", "replace", "delete")
OBJECT_KIND: Final = (
    "user", "computer", "group", "domain", "ou", "partition", "trust", "site", "subnet", "policy",
    "controller", "certificate_authority", "certificate_template", "dhcp_server", "other",
)  # fmt: skip
"""What an object of the directory is, by its objectClass (MS-ADSC)."""
GROUP_ACTION: Final = (
    "member_added", "member_removed", "group_created", "group_deleted", "group_renamed",
)  # fmt: skip
ACCOUNT_ACTION: Final = (
    "created", "deleted", "enabled", "disabled", "locked", "unlocked", "password_changed",
    "password_reset", "renamed", "changed", "sid_history_added", "dsrm_password_set",
)  # fmt: skip
UAC_FLAG: Final[dict[int, str]] = {
    0x2: "accountdisable", 0x8: "homedir_required", 0x10: "lockout", 0x20: "passwd_notreqd",
    0x40: "passwd_cant_change", 0x80: "reversible_encryption", 0x100: "temp_duplicate_account",
    0x200: "normal_account", 0x800: "interdomain_trust_account",
    0x1000: "workstation_trust_account", 0x2000: "server_trust_account",
    0x10000: "dont_expire_passwd", 0x20000: "mns_logon_account", 0x40000: "smartcard_required",
    0x80000: "trusted_for_delegation", 0x100000: "not_delegated", 0x200000: "use_des_key_only",
    0x400000: "dont_req_preauth", 0x800000: "password_expired",
    0x1000000: "trusted_to_auth_for_delegation", 0x4000000: "partial_secrets_account",
}  # fmt: skip
"""MS-ADTS §2.2.16 userAccountControl bits."""

LOGON_TYPE: Final[dict[int, str]] = {
    0: "system", 2: "interactive", 3: "network", 4: "batch", 5: "service", 7: "unlock",
    8: "network_cleartext", 9: "new_credentials", 10: "remote_interactive",
    11: "cached_interactive", 12: "cached_remote_interactive", 13: "cached_unlock",
}  # fmt: skip
SMB_DIALECT: Final[dict[int, str]] = {
    0x0202: "smb202", 0x0210: "smb210", 0x0300: "smb300", 0x0302: "smb302", 0x0311: "smb311",
    0x02FF: "smb2_wildcard", 1: "smb1",
}  # fmt: skip
SMB_TRANSFORM: Final = ("compressed", "encrypted")
FILE_ACTION: Final = ("open", "read", "write", "delete", "rename", "copy")

DNS_TYPE: Final[dict[int, str]] = {
    1: "a", 2: "ns", 3: "md", 4: "mf", 5: "cname", 6: "soa", 7: "mb", 8: "mg", 9: "mr",
    10: "null_", 11: "wks", 12: "ptr", 13: "hinfo", 14: "minfo", 15: "mx", 16: "txt", 17: "rp",
    18: "afsdb", 19: "x25", 20: "isdn", 21: "rt", 22: "nsap", 23: "nsap_ptr", 24: "sig", 25: "key",
    26: "px", 27: "gpos", 28: "aaaa", 29: "loc", 30: "nxt", 31: "eid", 32: "nimloc", 33: "srv",
    34: "atma", 35: "naptr", 36: "kx", 37: "cert", 38: "a6", 39: "dname", 40: "sink", 41: "opt",
    42: "apl", 43: "ds", 44: "sshfp", 45: "ipseckey", 46: "rrsig", 47: "nsec", 48: "dnskey",
    49: "dhcid", 50: "nsec3", 51: "nsec3param", 52: "tlsa", 53: "smimea", 55: "hip", 56: "ninfo",
    57: "rkey", 58: "talink", 59: "cds", 60: "cdnskey", 61: "openpgpkey", 62: "csync",
    63: "zonemd", 64: "svcb", 65: "https", 66: "dsync", 99: "spf", 100: "uinfo", 101: "uid",
    102: "gid", 103: "unspec", 104: "nid", 105: "l32", 106: "l64", 107: "lp", 108: "eui48",
    109: "eui64", 128: "nxname", 249: "tkey", 250: "tsig", 251: "ixfr", 252: "axfr", 253: "mailb",
    254: "maila", 255: "any", 256: "uri", 257: "caa", 258: "avc", 259: "doa", 260: "amtrelay",
    261: "resinfo", 262: "wallet", 32768: "ta", 32769: "dlv", 65281: "wins", 65282: "winsr",
}  # fmt: skip
"""IANA, Domain Name System parameters; MS-DNSP §2.2.2.1.1 (wins, winsr)."""
DNS_RCODE: Final[dict[int, str]] = {
    0: "noerror", 1: "formerr", 2: "servfail", 3: "nxdomain", 4: "notimp", 5: "refused",
    6: "yxdomain", 7: "yxrrset", 8: "nxrrset", 9: "notauth", 10: "notzone", 11: "dsotypeni",
    16: "badvers", 17: "badkey", 18: "badtime", 19: "badmode", 20: "badname", 21: "badalg",
    22: "badtrunc", 23: "badcookie",
}  # fmt: skip
"""RFC 6895 §2.3; 16 and above stand in the OPT record (RFC 6891)."""
TRANSPORT: Final = ("udp", "tcp")
DNS_ANOMALY: Final = (
    "label_overflow", "name_too_long", "compression_loop", "rdata_overflow",
    "dynamic_update_overflow",
)  # fmt: skip
VPN_PHASE: Final = ("start", "interim", "stop", "accounting_on", "accounting_off")
START_TYPE: Final[dict[int, str]] = {
    0: "boot", 1: "system", 2: "auto", 3: "demand", 4: "disabled",
}  # fmt: skip
SHELL_KIND: Final = ("winrm", "powershell", "wmi")
AUDIT_SCOPE: Final = ("system", "adcs", "log_cleared")
AUDIT_OUTCOME: Final = ("success", "failure")
CA_ACTION: Final = (
    "certificate_revoked", "security_changed", "manager_settings_changed", "property_changed",
    "rows_deleted", "template_changed",
)  # fmt: skip
ADFS_OBJECT: Final = (
    "relying_party_trust", "claims_provider_trust", "token_signing_certificate", "claim_rule",
    "configuration",
)  # fmt: skip
SEVERITY: Final = ("informational", "low", "medium", "high")
ALERT_STATUS: Final = ("open", "closed", "suppressed", "retracted", "merged")
HEALTH_KIND: Final = (
    "heartbeat",
    "gap",
    "loss",
    "unread",
    "shed",
    "audit_missing",
    "malformed",
    "probe",
    "limited",
)


def names(vocabulary: tuple[str, ...] | dict[int, str]) -> tuple[str, ...]:
    """The words of a vocabulary, in its own order."""
    return vocabulary if isinstance(vocabulary, tuple) else tuple(vocabulary.values())
