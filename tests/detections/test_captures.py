"""Captures of the repository (`tests/data/wire`, recorded in the lab) and what detections say of them.

A row names the capture, what is known beside it and the detections that must speak; with them
`silent`, those that must not. Rules are read by their id, whatever folder they are in.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from dsl.schema.registry import event_types
from engine.cli.rules import load_rules
from engine.directory_file import read_directory_file
from engine.replay import Setting, replay
from sensor.inputs.files import read_file

ROOT = Path(__file__).resolve().parents[2]


class Row(NamedTuple):
    """`watched`: sensors were everywhere before and after. `directory`: text of a directory file."""

    capture: str
    expected: str
    silent: str = ""
    watched: bool = False
    directory: str = ""


CONTROLLER = """
domains:
  - {name: six.lab.test, netbios: SIX}
hosts:
  - {name: dc1.six.lab.test, tags: [dc], addresses: [10.86.0.10]}
"""

ROWS = [
    Row("golden_ticket", "golden_ticket_anomaly", "golden_ticket_account"),
    Row("golden_ticket", "golden_ticket_anomaly", watched=True),
    Row("golden_ticket_unknown", "golden_ticket_account"),
    Row("golden_ticket_rc4", "golden_ticket_encryption"),
    Row("forged_authorization_data", "forged_authorization_data overpass_the_hash_tool"),
    Row("bronze_bit", "bronze_bit overpass_the_hash_tool"),
    Row("s4u_delegation", "overpass_the_hash_tool", "bronze_bit suspicious_s4u2self"),
    Row("s4u2self_user_to_user", "suspicious_s4u2self overpass_the_hash_tool"),
    Row("s4u2proxy_krbtgt", "golden_ticket_delegation"),
    Row("key_list", "key_list_attack"),
    Row("silver_ticket", "silver_ticket"),
    Row("delegation_new_computer", "delegation_by_new_computer"),
    Row("controller_name_ticket", "controller_name_ticket", directory=CONTROLLER),
    Row("broken_trust", "broken_trust"),
    Row("overpass_rc4", "overpass_the_hash_downgrade", "overpass_the_hash_tool"),
    Row("kerberoasting_impacket", "kerberoasting overpass_the_hash_tool"),
]

HONEYTOKEN = """
domains:
  - {name: eight.lab.test, netbios: EIGHT}
accounts:
  - {name: honey, domain: eight.lab.test, tags: [honeytoken],
     dn: "CN=honey Lab,CN=Users,DC=eight,DC=lab,DC=test"}
"""

ROWS += [
    Row("ldap_pings", "account_enumeration_ldap", "ldap_reconnaissance"),
    Row("ldap_impacket", "ldap_reconnaissance spn_enumeration_ldap ldap_sensitive_attributes"),
    Row("ldap_keys", "dirsync_read kds_root_key_read adfs_dkm_read okta_sync_enumeration"),
    Row("ldap_cleartext", "cleartext_service cleartext_sensitive_account"),
    Row("ldap_service_names_one_by_one", "spn_enumeration_ldap", "ldap_reconnaissance"),
    Row(
        "directory_writes",
        "shadow_credentials rbcd_change esx_admins_group azure_sso_account_change dmsa_abuse "
        "primary_group_change sid_history_injection spn_added_to_sensitive_user "
        "delegation_change trust_added hidden_user_account user_renamed_like_computer "
        "adminsdholder_change suspicious_acl_addition machine_account_added",
        "mass_deletion",
    ),
    Row("directory_names_of_controllers", "dnshostname_spoofing samaccountname_spoofing"),
    Row("directory_mass_deletion", "mass_deletion"),
    Row(
        "directory_honeytoken",
        "honeytoken_queried_ldap honeytoken_modified honeytoken_membership",
        directory=HONEYTOKEN,
    ),
    Row("dns_malformed", "dns_malformed", directory=CONTROLLER.replace("10.86.0", "10.98.0")),
    Row("dns_tunnel", "dns_tunnel", "dns_host_sweep"),
    Row("dns_host_sweep", "dns_host_sweep", "dns_tunnel"),
]

SEVEN = """
domains:
  - {name: hseven.lab.test, netbios: HSEVEN}
hosts:
  - {name: dc1.hseven.lab.test, account: dc1$@hseven.lab.test, tags: [dc], addresses: [10.87.0.10]}
  - {name: rogue.hseven.lab.test, addresses: [10.87.0.66]}
accounts:
  - {name: honey, domain: hseven.lab.test, tags: [honeytoken]}
  - {name: dc1$, domain: hseven.lab.test, computer: true, host: dc1.hseven.lab.test, tags: [dc]}
"""

ROWS += [
    Row("netlogon_zero_proof", "zerologon crafted_ntlm"),
    Row("netlogon_password_get", "netsync", "zerologon", directory=SEVEN),
    Row("lsa_secrets", "dpapi_backup_key lsa_secret_read"),
    Row("registry_hives", "registry_hive_dump", "remote_registry_autorun"),
    Row("registry_run_key", "remote_registry_autorun", "registry_hive_dump"),
    Row("printer_notification", "authentication_coercion", "print_driver_installation"),
    Row("printer_driver", "print_driver_installation", "authentication_coercion"),
    Row("dfs_remove_root", "dfs_coercion", "authentication_coercion"),
    Row("eventlog_elsewhere", "authentication_coercion", "efs_coercion"),
    Row("efs_bind", "efs_coercion", directory=SEVEN),
    Row("ntlm_without_mic", "ntlm_tampering"),
    Row("ntlm_machine_account", "machine_account_relay", "ntlm_tampering", directory=SEVEN),
    Row("ntlmv1", "ntlmv1_use", "crafted_ntlm ntlm_tampering"),
    Row("smb_compressed_overflow", "smb_compression_overflow"),
    Row("smb_ntds", "database_copied_over_smb"),
    Row("policy_registry", "policy_disables_protection", "database_copied_over_smb"),
    Row("smb1_worm", "wannacry", "smb_guessing_tool metasploit_smb"),
    Row("smb1_guessing", "smb_guessing_tool", "wannacry metasploit_smb"),
    Row("replica_add", "dcshadow_replication dcshadow_promotion", "dcsync", directory=SEVEN),
    Row("directory_replication_names", "dcshadow_promotion", "dcshadow_replication"),
    Row("samr_honeytoken", "honeytoken_queried_samr", "samr_enumeration", directory=SEVEN),
]


@pytest.fixture(scope="module")
def paths():
    return {p.stem: p for p in (ROOT / "detections").glob("*/*.yaml")}


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.capture + ("-watched" if r.watched else ""))
def test_what_is_said_of_a_capture(row, paths, tmp_path):
    named = [*row.expected.split(), *row.silent.split()]
    loaded = load_rules(tuple(paths[i] for i in named))
    events = []
    read_file(ROOT / "tests/data/wire" / f"{row.capture}.pcap.gz", events.append)
    directory = None
    if row.directory:
        file = tmp_path / "directory.yaml"
        file.write_text(row.directory)
        directory, wrong = read_directory_file(file)
        assert not wrong
    covered = list(event_types()) if row.watched else None
    setting = Setting(directory, loaded.rows, covered)
    done = replay(loaded.rules, events, loaded.compile_detection, setting)
    said = {a.detection for a in done.alerts}
    done.engine.store.close()
    assert set(row.expected.split()) <= said
    assert said.isdisjoint(row.silent.split())
