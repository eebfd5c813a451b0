"""Each Windows record of tests/data/windows gives the events written beside its number here."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec
import pytest

from dsl.schema import enums
from dsl.schema.registry import event_type, event_types
from sensor.inputs.winxml import read_winxml
from sensor.map import kdc
from sensor.map.record import Record
from sensor.map.windows import map_record, mapping_of, mappings

DATA = Path(__file__).parents[2] / "data" / "windows"
D = "S-1-5-21-101-202-303"
ADMIN = rf"CORP\Administrator|{D}-500"
ALICE = rf"CORP\alice|{D}-1105"
EVE = rf"CORP\eve|{D}-1140"
HASH = "gSijBKy3zmnyqDaffKq9Hmi/oRQtVVyZnDIN+Wp8W9U="
ALL_OPTIONS = [1, 8, 15, 27]

CASES: list[tuple[str, int, list[dict[str, object]]]] = [
    # Credential validation
    (
        "ntlm",
        100,
        [
            {
                "type": "ntlm_auth",
                "via": "event_4776",
                "dc": "dc1.corp.lab.test",
                "account": "alice",
                "workstation": "WS9",
                "source": "name:WS9",
                "status": 0xC000006A,
                "outcome": "wrong_password",
            }
        ],
    ),
    ("ntlm", 101, [{"workstation": "WS9", "source": "name:WS9", "outcome": "no_such_user"}]),
    ("ntlm", 102, [{"workstation": None, "source": None, "outcome": "success", "status": 0}]),
    (
        "ntlm",
        103,
        [
            {
                "type": "ntlm_auth",
                "via": "event_8004",
                "server": "name:FS1",
                "account": r"CORP\alice",
                "source": "name:WS9",
                "outcome": None,
                "status": None,
            }
        ],
    ),
    ("ntlm", 104, [{"account": "bob", "source": None, "workstation": None}]),
    # Sessions
    (
        "logon",
        200,
        [
            {
                "type": "logon",
                "via": "event_4624",
                "account": ALICE,
                "src_ip": "10.0.0.9",
                "src_port": 50123,
                "source": None,
                "logon_type": "network",
                "logon_id": 0x7E31B06,
                "package": "NTLM",
                "outcome": "success",
                "logon_guid": None,
                "process": None,
            }
        ],
    ),
    (
        "logon",
        201,
        [
            {
                "src_ip": "10.0.0.9",
                "package": "Kerberos",
                "logon_guid": "5f0ce3d4-0d9a-4f7e-8c33-2e1a9c5b7d01",
            }
        ],
    ),
    (
        "logon",
        202,
        [
            {
                "account": r"NT AUTHORITY\SYSTEM|S-1-5-18",
                "logon_type": "service",
                "src_ip": None,
                "source": None,
                "process": r"C:\Windows\System32\services.exe",
            }
        ],
    ),
    (
        "logon",
        203,
        [{"account": r"NT AUTHORITY\ANONYMOUS LOGON|S-1-5-7", "source": "name:WS9"}],
    ),
    ("logon", 204, [{"logon_type": "interactive", "src_ip": None, "source": "dc1.corp.lab.test"}]),
    (
        "logon",
        205,
        [
            {
                "via": "event_4625",
                "account": r"CORP\alice",
                "outcome": "wrong_password",
                "status": 0xC000006A,
                "logon_id": None,
            }
        ],
    ),
    (
        "logon",
        206,
        [
            {
                "account": "alice@corp.lab.test",
                "outcome": "locked",
                "status": 0xC0000234,
                "src_ip": "fe80::1",
                "logon_type": "remote_interactive",
            }
        ],
    ),
    (
        "logon",
        207,
        [
            {
                "via": "event_4634",
                "account": ALICE,
                "logon_id": 0x7E31B06,
                "logon_type": None,
                "outcome": None,
            }
        ],
    ),
    (
        "logon",
        208,
        [
            {
                "via": "event_4648",
                "account": r"CORP\svc_sql",
                "server": "sql1.corp.lab.test",
                "source": "dc1.corp.lab.test",
                "process": r"C:\Windows\System32\cmd.exe",
                "logon_type": None,
            }
        ],
    ),
    ("logon", 209, [{"via": "event_4672", "outcome": None}]),
    # Kerberos
    (
        "kerberos",
        300,
        [
            {
                "type": "kerberos_as",
                "via": "event_4768",
                "account": ALICE,
                "account_name": "alice",
                "realm": "CORP",
                "service": "krbtgt",
                "result": "none",
                "outcome": "success",
                "etype": "aes256",
                "preauth_types": ["enc_timestamp"],
                "kdc_options": ALL_OPTIONS,
                "src_ip": "10.0.0.9",
            }
        ],
    ),
    (
        "kerberos",
        301,
        [
            {
                "account": r"CORP\nobody",
                "result": "c_principal_unknown",
                "outcome": "no_such_user",
                "etype": None,
                "preauth_types": None,
            }
        ],
    ),
    ("kerberos", 302, [{"preauth_types": [], "etype": "rc4_hmac", "outcome": "success"}]),
    (
        "kerberos",
        303,
        [
            {
                "preauth_types": ["pk_as_req"],
                "certificate_issuer": "CORP-CA",
                "certificate_serial": "2000000055b6d772",
                "certificate_thumbprint": "4f8bc10a30778dd3fdeecb7ecebaf2be66f1b2d9",
            }
        ],
    ),
    (
        "kerberos",
        304,
        [
            {
                "account": f"alice@CORP.LAB.TEST|{D}-1105",
                "req_etypes": ["aes256", "aes128", "rc4_hmac"],
                "preauth_etype": "aes256",
                "ticket_hash": HASH,
            }
        ],
    ),
    (
        "kerberos",
        305,
        [{"result": "client_revoked", "source": "dc1.corp.lab.test", "src_ip": None}],
    ),
    (
        "kerberos",
        306,
        [
            {
                "type": "kerberos_as",
                "via": "event_4771",
                "account": f"alice|{D}-1105",
                "result": "preauth_failed",
                "outcome": "wrong_password",
                "src_port": 50202,
            }
        ],
    ),
    (
        "kerberos",
        307,
        [
            {
                "type": "kerberos_tgs",
                "via": "event_4769",
                "account": "alice@CORP.LAB.TEST",
                "service": "svc_sql",
                "service_class": None,
                "service_account": f"svc_sql|{D}-1120",
                "etype": "rc4_hmac",
                "kdc_options": [1, 8, 15],
                "s4u": None,
                "outcome": "success",
                "logon_guid": "7a090e47-d1af-04b3-baac-09c0d332d842",
            }
        ],
    ),
    ("kerberos", 308, [{"s4u": "proxy", "tgt_hash": HASH, "ticket_hash": HASH}]),
    (
        "kerberos",
        309,
        [
            {
                "service": "MSSQLSvc/gone.corp.lab.test",
                "service_class": "mssqlsvc",
                "service_account": None,
                "result": "s_principal_unknown",
                "outcome": "error",
                "etype": None,
            }
        ],
    ),
    ("kerberos", 310, [{"s4u": "u2u"}]),
    (
        "kerberos",
        311,
        [{"via": "event_4770", "service_class": "krbtgt", "result": "none", "outcome": "success"}],
    ),
    # The directory
    (
        "directory",
        400,
        [
            {
                "type": "directory_access",
                "via": "event_4662",
                "actor": ADMIN,
                "object": "b5f76dbe-2a2e-4625-ab2a-66c5d1c71765",
                "object_class": "domainDNS",
                "access_mask": ["control_access"],
                "rights": ["DS-Replication-Get-Changes", "DS-Replication-Get-Changes-All"],
                "logon_id": 0x5F1A2,
                "outcome": "success",
            }
        ],
    ),
    (
        "directory",
        401,
        [
            {
                "object_class": "user",
                "access_mask": ["read_property"],
                "rights": [
                    "Personal-Information",
                    "thumbnailPhoto",
                    "deadbeef-0000-4000-8000-000000000001",
                ],
            }
        ],
    ),
    (
        "directory",
        402,
        [
            {
                "object_class": "secret",
                "object": r"Policy\Secrets\G$BCKUPKEY_P",
                "access_mask": ["read_control"],
                "rights": [],
                "outcome": "denied",
            }
        ],
    ),
    (
        "directory",
        403,
        [
            {
                "type": "directory_change",
                "via": "event_5136",
                "attribute": "msDS-AllowedToActOnBehalfOfOtherIdentity",
                "op": "add",
                "object": "CN=WEB1,CN=Computers,DC=corp,DC=lab,DC=test",
                "object_account": "CN=WEB1,CN=Computers,DC=corp,DC=lab,DC=test",
                "object_class": "computer",
                "object_guid": "ca15b875-afb1-4e5a-86b2-96e61de09110",
                "actor": ADMIN,
            }
        ],
    ),
    (
        "directory",
        404,
        [
            {
                "type": "group_change",
                "action": "member_added",
                "group": "CN=Domain Admins,CN=Users,DC=corp,DC=lab,DC=test",
                "member": "CN=Eve,CN=Users,DC=corp,DC=lab,DC=test",
            }
        ],
    ),
    ("directory", 405, [{"type": "group_change", "action": "member_removed"}]),
    (
        "directory",
        406,
        [{"type": "directory_change", "op": "add", "object_class": "server", "attribute": None}],
    ),
    (
        "directory",
        407,
        [
            {
                "op": "replace",
                "object": "CN=Eve,OU=Staff,DC=corp,DC=lab,DC=test",
                "value": "CN=Eve,CN=Users,DC=corp,DC=lab,DC=test",
            }
        ],
    ),
    ("directory", 408, [{"op": "delete", "object": "CN=OLD,CN=Computers,DC=corp,DC=lab,DC=test"}]),
    (
        "directory",
        409,
        [
            {
                "type": "replication",
                "method": "DRSReplicaAdd",
                "direction": "inbound",
                "partner": "name:ROGUE",
                "naming_context": "DC=corp,DC=lab,DC=test",
                "status": 0,
                "outcome": "success",
            }
        ],
    ),
    (
        "directory",
        410,
        [
            {
                "method": "DRSReplicaDel",
                "partner": "ddec0cff-6ceb-4a59-b13f-1724c38a0970._msdcs.corp.lab.test",
                "outcome": "error",
            }
        ],
    ),
    (
        "directory",
        411,
        [
            {
                "type": "ldap_search",
                "via": "event_1644",
                "base": "DC=corp,DC=lab,DC=test",
                "scope": "subtree",
                "filter_attributes": ["objectclass", "serviceprincipalname"],
                "attributes": ["samaccountname", "serviceprincipalname"],
                "visited": 120,
                "returned_count": 14,
                "src_ip": "10.0.0.9",
                "src_port": 51463,
            }
        ],
    ),
    # Groups
    (
        "groups",
        500,
        [
            {
                "type": "group_change",
                "via": "event_4728",
                "actor": ADMIN,
                "action": "member_added",
                "group": rf"CORP\Domain Admins|{D}-512",
                "member": f"CN=Eve,CN=Users,DC=corp,DC=lab,DC=test|{D}-1140",
            }
        ],
    ),
    *[("groups", n, [{"action": "member_removed"}]) for n in (501, 503, 505, 507, 509, 511)],
    *[("groups", n, [{"action": "member_added"}]) for n in (502, 504, 506, 508, 510)],
    *[("groups", n, [{"action": "group_created", "member": None}]) for n in range(512, 518)],
    *[("groups", n, [{"action": "group_deleted", "member": None}]) for n in range(518, 524)],
    ("groups", 524, [{"member": "S-1-5-21-9-9-9-1000"}]),
    # Accounts
    (
        "accounts",
        600,
        [
            {
                "type": "account_change",
                "action": "created",
                "account": EVE,
                "actor": ADMIN,
                "uac_added": ["accountdisable", "passwd_notreqd", "normal_account"],
                "uac_removed": None,
                "logon_id": 0x5F1A2,
            }
        ],
    ),
    ("accounts", 601, [{"action": "enabled", "account": EVE}]),
    ("accounts", 602, [{"action": "password_changed", "actor": EVE, "outcome": "denied"}]),
    ("accounts", 603, [{"action": "password_reset", "outcome": "success"}]),
    ("accounts", 604, [{"action": "disabled"}]),
    ("accounts", 605, [{"action": "deleted"}]),
    (
        "accounts",
        606,
        [
            {"action": "changed", "uac_added": ["dont_req_preauth"]},
            {
                "type": "directory_change",
                "attribute": "msDS-AllowedToDelegateTo",
                "op": "replace",
                "value": "cifs/fs1.corp.lab.test",
                "object_account": rf"CORP\roast|{D}-1130",
                "object_class": "user",
            },
            {"value": "cifs/fs1"},
        ],
    ),
    (
        "accounts",
        607,
        [
            {
                "value": f"{D}-519",
                "uac_added": ["dont_expire_passwd"],
                "uac_removed": ["accountdisable", "passwd_notreqd"],
            },
            {"attribute": "sIDHistory", "value": f"{D}-519"},
        ],
    ),
    (
        "accounts",
        608,
        [{"action": "locked", "account": ALICE, "source": "name:WS9", "actor": r"CORP\DC1$"}],
    ),
    (
        "accounts",
        609,
        [
            {"action": "created", "uac_added": ["workstation_trust_account"]},
            {"attribute": "servicePrincipalName", "op": "add", "value": "HOST/new1.corp.lab.test"},
            {"attribute": "servicePrincipalName", "op": "add", "value": "HOST/NEW1"},
            {"attribute": "dNSHostName", "object_class": "computer"},
        ],
    ),
    (
        "accounts",
        610,
        [
            {"action": "changed", "uac_added": None},
            {"attribute": "dNSHostName", "op": "replace", "value": "dc1.corp.lab.test"},
        ],
    ),
    ("accounts", 611, [{"action": "deleted"}]),
    ("accounts", 612, [{"action": "sid_history_added", "value": f"{D}-512", "outcome": "success"}]),
    ("accounts", 613, [{"action": "sid_history_added", "value": None, "outcome": "error"}]),
    ("accounts", 614, [{"action": "unlocked"}]),
    (
        "accounts",
        615,
        [
            {
                "action": "renamed",
                "account": rf"CORP\NEW1$|{D}-1180",
                "old_name": "NEW1$",
                "new_name": "dc1",
            }
        ],
    ),
    ("accounts", 616, [{"action": "changed"}]),
    (
        "accounts",
        617,
        [{"action": "dsrm_password_set", "account": None, "source": "dc1.corp.lab.test"}],
    ),
    # The machine
    (
        "system",
        700,
        [
            {
                "type": "service_install",
                "via": "event_7045",
                "account": f"{D}-500",
                "name": "PSEXESVC",
                "image_path": r"%SystemRoot%\PSEXESVC.exe",
                "start_type": "demand",
                "run_as": "LocalSystem",
                "remote": None,
            }
        ],
    ),
    ("system", 701, [{"start_type": None, "run_as": None}]),
    (
        "system",
        702,
        [
            {
                "via": "event_4697",
                "account": ADMIN,
                "image_path": "cmd.exe /c evil",
                "start_type": "auto",
                "remote": None,
            }
        ],
    ),
    ("system", 703, [{"start_type": "demand", "remote": True}]),
    (
        "system",
        704,
        [
            {
                "type": "task_create",
                "name": r"\T1",
                "command": r"cmd.exe /c whoami > c:\out.txt",
                "remote": True,
            }
        ],
    ),
    ("system", 705, [{"via": "event_4702", "command": None, "remote": None}]),
    (
        "system",
        706,
        [
            {
                "type": "audit_change",
                "via": "event_1102",
                "actor": ADMIN,
                "scope": "log_cleared",
                "detail": "Security",
            }
        ],
    ),
    (
        "system",
        707,
        [{"via": "event_104", "actor": r"CORP\Administrator", "detail": "Application"}],
    ),
    (
        "system",
        708,
        [
            {
                "scope": "system",
                "removed": ["success", "failure"],
                "detail": "0cce9215-69ae-11d9-bed3-505054503030",
            }
        ],
    ),
    ("system", 709, [{"scope": "adcs", "new_mask": 0}]),
    (
        "system",
        710,
        [
            {
                "type": "smb_file",
                "share": "ADMIN$",
                "path": "PSEXESVC.exe",
                "action": "write",
                "src_ip": "10.0.0.9",
                "account": ADMIN,
            }
        ],
    ),
    ("system", 711, [{"share": "C$", "path": r"Windows\NTDS\ntds.dit", "action": "read"}]),
    ("system", 712, [{"share": "SYSVOL", "action": "open", "outcome": "denied"}]),
    ("system", 713, [{"share": "IPC$", "path": "svcctl", "action": "open"}]),
    ("system", 714, [{"action": "delete"}]),
    (
        "system",
        715,
        [
            {
                "type": "samr_query",
                "method": "SamrOpenGroup",
                "object": f"{D}-512",
                "object_sid": f"{D}-512",
            }
        ],
    ),
    ("system", 716, []),
    ("system", 717, [{"method": "SamrGetAliasMembership", "object": ALICE}]),
    (
        "system",
        718,
        [{"method": "SamrGetMembersInAlias", "object": r"Builtin\Administrators|S-1-5-32-544"}],
    ),
    # Certification authority
    (
        "certification",
        800,
        [
            {
                "type": "certificate_request",
                "via": "event_4886",
                "ca": "ca1.corp.lab.test",
                "dc": "ca1.corp.lab.test",
                "requester": r"CORP\DC1$",
                "account": r"CORP\DC1$",
                "source": "WS9.corp.lab.test",
                "outcome": None,
                "subject": "CN=dc1$",
                "sans": None,
                "template": "DomainController",
                "request_id": 33,
            }
        ],
    ),
    (
        "certification",
        801,
        [
            {
                "outcome": "success",
                "source": None,
                "sans": ["dns=dc1.corp.lab.test"],
                "certificate_serial": "200000002123705e657e1e26d7000000000021",
            }
        ],
    ),
    (
        "certification",
        802,
        [
            {
                "template": "WebServer",
                "source": "WS7.corp.lab.test",
                "sans": ["upn=administrator@corp.lab.test", "dns=dc1.corp.lab.test"],
                "certificate_serial": None,
            }
        ],
    ),
    (
        "certification",
        803,
        [{"outcome": "denied", "sans": ["upn=bob@corp.lab.test", "email=bob@mail.test"]}],
    ),
    ("certification", 804, [{"outcome": "unknown", "template": "SubCA", "subject": None}]),
    (
        "certification",
        810,
        [
            {
                "type": "ca_change",
                "action": "certificate_revoked",
                "actor": ADMIN,
                "ca": "ca1.corp.lab.test",
                "detail": "2000000021 1",
                "outcome": "success",
            }
        ],
    ),
    ("certification", 811, [{"action": "security_changed", "actor": ADMIN}]),
    ("certification", 812, [{"action": "manager_settings_changed", "detail": "0"}]),
    (
        "certification",
        813,
        [
            {
                "action": "property_changed",
                "detail": r"CORP-CA\PolicyModules\CertificateAuthority_MicrosoftDefault.Policy"
                " EditFlags 0x15014e",
            }
        ],
    ),
    ("certification", 814, [{"action": "property_changed", "rows": None}]),
    ("certification", 815, [{"action": "rows_deleted", "rows": 12, "detail": "0 1"}]),
    ("certification", 816, [{"action": "template_changed", "actor": None}]),
    ("certification", 817, [{"action": "template_changed", "actor": "S-1-5-18"}]),
    # Federation
    (
        "federation",
        820,
        [
            {
                "type": "adfs_auth",
                "via": "event_1200",
                "protocol": "adfs",
                "account": r"CORP\alice",
                "src_ip": "203.0.113.9",
                "outcome": "success",
                "adfs_server": "sts.corp.lab.test",
                "relying_party": "urn:federation:MicrosoftOnline",
            }
        ],
    ),
    ("federation", 821, [{"outcome": "error", "src_ip": "198.51.100.4"}]),
    ("federation", 822, [{"outcome": "success", "relying_party": None}]),
    (
        "federation",
        823,
        [{"outcome": "wrong_password", "account": "alice@corp.lab.test", "src_ip": "203.0.113.9"}],
    ),
    ("federation", 824, [{"outcome": "error", "account": None}]),
    (
        "federation",
        825,
        [{"outcome": "wrong_password", "account": r"CORP\bob", "src_ip": "203.0.113.9"}],
    ),
    ("federation", 826, [{"outcome": "locked", "account": "bob@corp.lab.test", "src_ip": None}]),
    (
        "federation",
        827,
        [
            {
                "account": r"CORP\eve",
                "certificate_issuer": "CN=Rogue CA",
                "certificate_eku": "1.3.6.1.5.5.7.3.2",
                "certificate_ekus": ["1.3.6.1.5.5.7.3.2", "1.3.6.1.4.1.311.20.2.2"],
                "certificate_thumbprint": "ab12cd",
            }
        ],
    ),
    ("federation", 828, []),
    (
        "federation",
        829,
        [
            {
                "type": "adfs_change",
                "object": "relying_party_trust",
                "actor": f"{D}-1201",
                "adfs_server": "sts.corp.lab.test",
            }
        ],
    ),
    ("federation", 830, [{"object": "claims_provider_trust"}]),
    ("federation", 831, [{"object": "token_signing_certificate"}]),
    ("federation", 832, [{"object": "claim_rule"}]),
    ("federation", 833, [{"object": "configuration"}]),
    # Secure channels, printers, shells
    (
        "servers",
        840,
        [
            {
                "type": "netlogon_secure",
                "via": "event_5827",
                "outcome": "denied",
                "computer": "MAC-7$",
                "source": "name:MAC-7",
                "account": "MAC-7$@corp.lab.test.",
            }
        ],
    ),
    (
        "servers",
        841,
        [{"outcome": "denied", "computer": "PARTNER", "src_ip": "192.0.2.7", "account": None}],
    ),
    ("servers", 842, [{"outcome": "success", "via": "event_5829", "encrypted": False}]),
    ("servers", 843, [{"outcome": "success", "via": "event_5830"}]),
    ("servers", 844, [{"outcome": "success", "src_ip": None, "source": None}]),
    (
        "servers",
        850,
        [
            {
                "type": "driver_install",
                "unc": r"\\192.0.2.66\share\evil.dll",
                "outcome": "success",
                "account": "S-1-5-18",
            }
        ],
    ),
    ("servers", 851, [{"unc": None}]),
    ("servers", 852, [{"unc": None, "outcome": "error"}]),
    (
        "servers",
        860,
        [{"type": "remote_shell", "kind": "powershell", "account": f"{D}-500"}],
    ),
    ("servers", 861, [{"kind": "winrm"}]),
    ("servers", 862, [{"kind": "powershell", "account": None}]),
    ("servers", 863, []),
    (
        "logon",
        290,
        [
            {
                "type": "logon",
                "account": ADMIN,
                "logon_id": 0x5F1A2,
                "privileges": ["SeSecurityPrivilege", "SeDebugPrivilege"],
                "outcome": None,
                "logon_type": None,
            }
        ],
    ),
    ("logon", 291, [{"privileges": None}]),
    (
        "directory",
        390,
        [{"method": "DRSGetNCChanges", "direction": "inbound", "partner": "name:WS9"}],
    ),
    (
        "kerberos",
        590,
        [
            {
                "preauth_types": ["pk_as_req"],
                "preauth_etype": None,
                "ticket_hash": None,
                "req_etypes": ["aes256", "aes128"],
                "certificate_serial": "2000000055b6d7",
            }
        ],
    ),
    # Event traces, exported as XML
    (
        "traces",
        900,
        [
            {
                "type": "replication",
                "via": "event_6",
                "protocol": "rpc",
                "dc": "dc1.corp.lab.test",
                "source": "ip:10.0.0.9",
                "src_ip": "10.0.0.9",
                "partner": "ip:10.0.0.9",
                "method": "DRSReplicaAdd",
                "direction": "inbound",
                "encrypted": True,
                "account": None,
            }
        ],
    ),
    ("traces", 901, [{"method": "DRSGetNCChanges", "direction": "outbound"}]),
    ("traces", 902, []),
    (
        "traces",
        903,
        [
            {
                "type": "samr_query",
                "method": "SamrEnumerateUsersInDomain",
                "enumerates": True,
                "source": "name:WS9",
                "src_ip": None,
                "encrypted": False,
            }
        ],
    ),
    (
        "traces",
        904,
        [
            {
                "type": "rpc_call",
                "interface": "svcctl",
                "method": "RCreateServiceW",
                "opnum": 12,
                "pipe": "svcctl",
                "encrypted": None,
            }
        ],
    ),
    ("traces", 905, []),
    (
        "traces",
        906,
        [
            {
                "type": "replication",
                "source": "dc1.corp.lab.test",
                "partner": "dc1.corp.lab.test",
                "dc": "ws9.corp.lab.test",
                "src_ip": None,
                "dst_ip": None,
            }
        ],
    ),
    ("traces", 907, []),
    (
        "traces",
        908,
        [{"type": "netlogon_secure", "method": "NetrServerAuthenticate3", "src_ip": "fe80::9"}],
    ),
    ("traces", 909, []),
    (
        "traces",
        910,
        [{"interface": "00000000-1111-2222-3333-444444444444", "method": None, "pipe": "50000"}],
    ),
    (
        "traces",
        920,
        [
            {
                "type": "ldap_search",
                "via": "event_30",
                "source": "ws9.corp.lab.test",
                "dc": None,
                "account": f"{D}-1140",
                "scope": "subtree",
                "base": "DC=corp,DC=lab,DC=test",
                "filter_attributes": ["objectclass", "serviceprincipalname"],
                "attributes": ["samaccountname", "serviceprincipalname"],
            }
        ],
    ),
    ("traces", 921, [{"scope": "base", "base": "", "attributes": [], "account": None}]),
    (
        "traces",
        930,
        [
            {
                "type": "kerberos_as",
                "account": r"CORP.LAB.TEST\alice",
                "source": "ws9.corp.lab.test",
                "result": "preauth_failed",
                "outcome": "wrong_password",
                "realm": "CORP.LAB.TEST",
            }
        ],
    ),
    (
        "traces",
        931,
        [
            {
                "type": "kerberos_tgs",
                "account": "alice@CORP.LAB.TEST",
                "service": "HTTP/gone.corp.lab.test",
                "service_class": "http",
                "result": "s_principal_unknown",
            }
        ],
    ),
    ("traces", 932, [{"type": "kerberos_tgs", "service_class": "krbtgt", "outcome": "continue"}]),
    ("traces", 933, []),
]


@cache
def records(name: str) -> dict[int | None, Record]:
    with (DATA / f"{name}.xml").open("rb") as stream:
        found = list(read_winxml(stream))
    assert all(isinstance(item, Record) for item in found)
    return {item.record_id: item for item in found}


@pytest.mark.parametrize(("name", "number", "expected"), CASES, ids=lambda v: str(v)[:20])
def test_record(name, number, expected):
    events = [
        {"type": event_type(e)}
        | {k: msgspec.to_builtins(getattr(e, k)) for k in e.__struct_fields__}
        for e in map_record(records(name)[number])
    ]
    assert len(events) == len(expected)
    for event, fields in zip(events, expected, strict=True):
        assert {key: event[key] for key in fields} == fields


def test_every_record_of_the_samples_is_a_case():
    told = {(name, number) for name, number, _ in CASES}
    held = {(path.stem, n) for path in DATA.glob("*.xml") for n in records(path.stem)}
    assert held == told


def test_every_mapping_has_a_sample():
    held = {mapping_of(r) for path in DATA.glob("*.xml") for r in records(path.stem).values()}
    assert set(mappings().values()) <= held


def test_words_are_those_of_the_schema():
    types = event_types()
    for path in DATA.glob("*.xml"):
        for record in records(path.stem).values():
            for event in map_record(record):
                for column in types[event_type(event)].columns.values():
                    value = getattr(event, column.name)
                    if value is None or not column.field.words or column.field.open_words:
                        continue
                    for word in value if column.many else [value]:
                        assert word in column.field.words, (record.event_id, column.name)


@pytest.mark.parametrize("key", sorted(mappings()), ids=lambda k: f"{k[0]}:{k[1]}")
@pytest.mark.parametrize(
    "fill", [None, "", "-", "0x", "ÿ" * 70000, "%%1833", "99999999999999999999"]
)
def test_any_field_may_be_missing_or_wrong(key, fill):
    names = {
        name for path in DATA.glob("*.xml") for r in records(path.stem).values() for name in r.data
    }
    record = Record(
        ts=0,
        event_id=key[1],
        channel=key[0],
        computer="" if fill is None else fill,
        data={} if fill is None else dict.fromkeys(names, fill),
    )
    for event in map_record(record):
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(event), type=type(event)) == event


def test_etypes_and_errors_without_a_name_are_kept():
    assert kdc.etype(99) == "etype_99"
    assert kdc.etype(0xFFFFFF7B) == enums.ETYPE[-133]
    assert kdc.result(200) == "error_200"
    assert kdc.preauth("77") == ["padata_77"]
