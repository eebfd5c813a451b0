"""Message counts and key fields of Kerberos, LDAP and DNS against tshark.

Counts are of messages: an event stands for a request and its answer. Accepted differences, all
checked by hand, are listed with the capture: see `DIFFERENT`.
"""

from __future__ import annotations

import collections
import shutil
import subprocess

import pytest
import zeeklog

from dsl.schema.enums import DNS_RCODE, ETYPE, LDAP_SCOPE, PADATA

pytestmark = [
    pytest.mark.data,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark"),
]

FIELDS = {
    "as_req": "kerberos.as_req_element", "as_rep": "kerberos.as_rep_element", "tgs_req": "kerberos.tgs_req_element",
    "tgs_rep": "kerberos.tgs_rep_element", "krb_error": "kerberos.krb_error_element",
    "search": "ldap.searchRequest_element", "done": "ldap.searchResDone_element",
    "question": "dns.flags.response", "bind_result": "ldap.resultCode", "bind_response": "ldap.bindResponse_element",
}  # fmt: skip
KINDS = ("KerberosAs", "KerberosTgs", "LdapSearch", "LdapBind", "DnsQuery")
LAB = ("benign", "suspicious", "dcjoin")
DATA = (
    "OISF+suricata-verify/tests__krb5-kerberoasting__kerberoast.pcap",
    "OISF+suricata-verify/tests__bug-8278-krb5-03__baseline.2.flows.pcap",
    "OTRF+Security-Datasets/credential_access__network__covenant_dcsync_dcerpc_drsuapi_DsGetNCChanges.zip__covenant_dcsync_dcerpc_drsuapi_DsGetNCChanges_2020-08-05020926.cap",
    "OTRF+Security-Datasets/discovery__network__empire_getsession_dcerpc_smb_srvsvc_NetSessEnum.zip__empire_getsession_dcerpc_smb_srvsvc_NetSessEnum_2020-09-22034513.cap",
    "OTRF+Security-Datasets/discovery__network__covenant_getdomaingroup_ldap_searchreque~bee38580t_getdomaingroup_ldap_searchrequest_domain_admins_2020-09-22141005.cap",
    "OTRF+Security-Datasets/lateral_movement__network__empire_smbexec_dcerpc_smb_svcctl.zip__empire_smbexec_dcerpc_smb_svcctl_WORKSTATION5_2020-09-20025716.cap",
    "arkime+arkime/tests__pcap__ldap-and-search.pcap",
    "ntop+nDPI/kerberos-error.pcap",
    "odedshimon+BruteShark/Pcap_Examples__Kerberos_v5_-_UDP_3.pcap",
    "studylab1+SAMR-Enum-Lab/Resources__samr-enum.py_users.pcapng",
    "the-tcpdump-group+tcpdump/tests__afs.pcap",
    "zeek+zeek/krb__kinit.pcap",
    "zeek+zeek/dns__long-connection.pcap",
    "zeek+zeek/ldap__ldap-max-recursion.pcap",
    "zeek+zeek/ldap__ldap_escaping_test.pcapng",
)
DIFFERENT = {
    "suspicious": {"search": 1, "done": 1},  # two pages of one search are one event
}


EVERYWHERE = {
    # questions (and answers) that a client or server repeats are one
    "OISF+suricata-verify/tests__smb2-ntlmssp-negotiateflags__input.pcap": {"question": -277},
    "OTRF+Security-Datasets/discovery__network__empire_find_localadmin_smb_svcctl_OpenSCManager.zip__empire_find_localadmin_smb_svcctl_OpenSCManager_2020-09-22021559.cap": {"question": -1},
    "odedshimon+BruteShark/Pcap_Examples__Kerberos_-_v5_UDP.pcap": {"search": -13, "done": -13},
    "studylab1+SAMR-Enum-Lab/Resources__acl_3.1_computers_as_local_Administrator.pcapng": {"question": -1, "answer": -2},
    "studylab1+SAMR-Enum-Lab/Resources__acl_3.2_users.pcapng": {"question": -2},
    "studylab1+SAMR-Enum-Lab/Resources__net.exe_group__domain_admins__domain.pcapng": {"question": -4},
    "studylab1+SAMR-Enum-Lab/Resources__nmap.pcapng": {"question": -2},
    "studylab1+SAMR-Enum-Lab/Resources__samr-enum.py_display_info_local_groups.pcapng": {"question": -1},
    "zeek+zeek/dns-two-responses.pcap": {"answer": -1},
    # a signed search in the middle of a connection: tshark did not see the bind and shows nothing
    "corelight+PetitPotam/testing__Traces__PatchedDCAuthenticatedTryWithAllVulnerableRPCFunctions.pcapng": {"search": 1, "done": 1},
    "corelight+PetitPotam/testing__Traces__PatchedDCAuthenticatedTryWithRpcEncryptFileSrv.pcapng": {"search": 1, "done": 1, "question": -1},
    "corelight+PetitPotam/testing__Traces__UnPatchedDCOpenFileRaw.pcapng": {"search": 1, "done": 1, "question": -1},
    # answers to binds whose requests are not in the capture
    "ntop+nDPI/kerberos.pcap": {"bound": -7},
    # legs of one Sicily bind, in the first left in its middle
    "studylab1+SAMR-Enum-Lab/Resources__python.exe_crackmapexec_groups.pcapng": {"bound": -2},
    "zeek+zeek/ldap__aduser1-ntlm.pcap": {"bound": -1},
    # nested sequences that are no LDAP message
    "zeek+zeek/ldap__asn1-max-recursion.pcap": {"search": -1},
}  # fmt: skip
"""Ours less tshark's, of searches, binds and DNS, over all captures."""


def tshark(capture):
    command = [
        "tshark",
        "-r",
        str(capture),
        "-Y",
        "kerberos || ldap || cldap || dns",
        "-T",
        "fields",
    ]
    for field in FIELDS.values():
        command += ["-e", field]
    out = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    counts = collections.Counter()
    for line in out.splitlines():
        cells = dict(zip(FIELDS, line.split("\t"), strict=False))
        for name in ("as_req", "as_rep", "tgs_req", "tgs_rep", "krb_error", "search", "done"):
            counts[name] += len(cells[name].split(",")) if cells.get(name) else 0
        for flag in (cells.get("question") or "").split(","):
            counts["answer" if flag in {"1", "True"} else "question"] += flag != ""
        if cells.get("bind_response") and cells["bind_result"] != "14":
            counts["bound"] += 1
    return counts


def ours(capture):
    counts = collections.Counter()
    for event in zeeklog.events(capture, *KINDS):
        kind = type(event).__name__
        if kind.startswith("Kerberos"):
            name = "as" if kind == "KerberosAs" else "tgs"
            counts[f"{name}_req"] += event.fingerprint is not None
            counts[f"{name}_rep"] += event.result == "none"
            counts["krb_error"] += event.result not in {None, "none"}
        elif kind == "LdapSearch":
            counts["search"] += 1
            counts["done"] += event.result is not None
        elif kind == "LdapBind":
            counts["bound"] += event.result is not None
        else:
            counts["question"] += 1
            counts["answer"] += event.rcode is not None
    return counts


@pytest.mark.parametrize("name", LAB)
def test_lab(atp_lab, name):
    capture = atp_lab / "capture" / f"{name}.pcap"
    difference = collections.Counter(DIFFERENT.get(name, {}))
    assert +(ours(capture) + difference) == +tshark(capture)


@pytest.mark.parametrize("name", DATA)
def test_data(atp_data, name):
    capture = atp_data / "pcap" / name
    assert +ours(capture) == +tshark(capture)


def test_searches_binds_and_names_everywhere(atp_data):
    found = {}
    seen = collections.Counter()
    root = atp_data / "pcap"
    for capture in sorted(path for path in root.rglob("*.*") if "cap" in path.suffix):
        theirs = tshark(capture)
        kinds = [k for k in ("search", "done", "bound", "question", "answer") if theirs[k]]
        if kinds:
            here = ours(capture)
            seen.update({k: theirs[k] for k in kinds})
            difference = {k: here[k] - theirs[k] for k in (*kinds, "search", "done")}
            if any(difference.values()):
                name = f"{capture.parent.name}/{capture.name}"
                found[name] = {k: n for k, n in difference.items() if n}
    assert found == EVERYWHERE
    assert seen["search"] > 200
    assert seen["question"] > 400


def fields(capture, where, *names):
    command = ["tshark", "-r", str(capture), "-Y", where, "-T", "fields", "-E", "occurrence=a"]
    for name in names:
        command += ["-e", name]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [line.split("\t") for line in out.splitlines()]


@pytest.mark.parametrize("name", LAB)
def test_as_requests(atp_lab, name):
    """Name, realm, etypes (and that of the timestamp), padata and options of each AS-REQ, in order."""
    capture = atp_lab / "capture" / f"{name}.pcap"
    names = ("CNameString", "realm", "etype", "ENCTYPE", "padata_type", "kdc_options")
    expected = []
    for row in fields(capture, "kerberos.as_req_element", *(f"kerberos.{n}" for n in names)):
        cname, realm, stamped, etypes, padata, options = row
        raw = int(options, 16)
        if "136" in padata.split(","):  # FAST: what tshark shows first is the armour's ticket
            realm, stamped = realm.split(",")[-1], ""
        expected.append((
            cname.replace(",", "/"), realm, stamped.split(",")[0], etypes, padata, [i for i in range(32) if raw & 1 << 31 - i],
        ))  # fmt: skip
    etype = {word: str(number) for number, word in ETYPE.items()}
    number = {word: str(number) for number, word in PADATA.items()}
    found = [
        (
            e.account_name, e.realm, etype.get(e.preauth_etype, ""), ",".join(etype[w] for w in e.req_etypes),
            ",".join(number[w] for w in e.preauth_types), e.kdc_options,
        )
        for e in zeeklog.events(capture, "KerberosAs")
    ]  # fmt: skip
    assert found == expected


@pytest.mark.parametrize("name", LAB)
def test_searches(atp_lab, name):
    """Base, scope and attributes of each search on TCP, in order; a further page is no new search."""
    capture = atp_lab / "capture" / f"{name}.pcap"
    rows = fields(
        capture,
        "tcp && ldap.searchRequest_element",
        "tcp.stream",
        "ldap.baseObject",
        "ldap.scope",
        "ldap.AttributeDescription",
    )
    searches = [row[1:] for before, row in zip([[], *rows], rows, strict=False) if row != before]
    assert [
        [e.base, str(LDAP_SCOPE.index(e.scope)), ",".join(e.attributes)]
        for e in zeeklog.events(capture, "LdapSearch")
        if not e.cldap
    ] == [[base, scope, names.lower()] for base, scope, names in searches]


def test_names_asked(atp_lab):
    """Name and answer code of each question over UDP."""
    capture = atp_lab / "capture" / "benign.pcap"
    rows = fields(capture, "udp && dns.flags.response == 1", "dns.qry.name", "dns.flags.rcode")
    found = collections.Counter(
        (e.query, e.rcode) for e in zeeklog.events(capture, "DnsQuery") if e.transport == "udp"
    )
    assert found == collections.Counter((name.lower(), DNS_RCODE[int(code)]) for name, code in rows)
