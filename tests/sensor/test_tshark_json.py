"""Field by field against `tshark -T json` of the lab's captures: Kerberos, LDAP, DNS, NTLM, files.

Values are compared as multisets, for one event of ours stands for a request and its answer.
"""

from __future__ import annotations

import collections
import datetime as dt
import json
import shutil
import subprocess

import pytest
import zeeklog

from dsl.schema.enums import DNS_TYPE, ETYPE, LDAP_SCOPE, PADATA

pytestmark = [
    pytest.mark.data,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark"),
]
CAPTURES = ("benign", "suspicious", "dcjoin")


def frames(capture, wanted, layers):
    """Layers of the frames of a display filter; keys may repeat, so objects are lists of pairs."""
    done = subprocess.run(
        ["tshark", "-n", "-r", str(capture), "-Y", wanted, "-T", "json", *(("-J", layers) if layers else ())],
        capture_output=True, check=False,
    )  # fmt: skip
    for frame in json.loads(done.stdout, object_pairs_hook=list):
        yield dict(dict(frame)["_source"])["layers"]


def found(tree, name):
    """All values of this name, in order, however deep."""
    for key, value in tree:
        if key == name:
            yield value
        elif isinstance(value, list) and value and isinstance(value[0], tuple):
            yield from found(value, name)


def first(tree, name, default=None):
    return next(found(tree, name), default)


def moment(text):
    """tshark's time, in microseconds."""
    if text is None:
        return None
    stamp = dt.datetime.strptime(text[:21], "%b %d, %Y %H:%M:%S").replace(tzinfo=dt.UTC)
    return int(stamp.timestamp()) * 1_000_000


@pytest.fixture(params=CAPTURES)
def capture(request, atp_lab):
    return atp_lab / "capture" / f"{request.param}.pcap"


def as_request(request):
    body = first(request, "kerberos.req_body_element")
    client = first(body, "kerberos.cname_element", [])
    padata = [
        int(v) for v in found(first(request, "kerberos.padata_tree", []), "kerberos.padata_type")
    ]
    return (
        "/".join(found(client, "kerberos.CNameString")) or None,
        first(body, "kerberos.realm"),
        "/".join(found(body, "kerberos.SNameString")),
        tuple(ETYPE[int(v)] for v in found(body, "kerberos.ENCTYPE")),
        tuple(PADATA[v] for v in padata),
        moment(first(body, "kerberos.till")),
        moment(first(body, "kerberos.rtime")),
    )  # fmt: skip


def test_as_requests(capture):
    theirs = collections.Counter(
        as_request(request)
        for layers in frames(capture, "kerberos.as_req_element", "kerberos")
        for request in found(layers, "kerberos.as_req_element")
    )
    ours = collections.Counter(
        (e.account_name, e.realm, e.service, tuple(e.req_etypes), tuple(e.preauth_types), e.till, e.rtime)
        for e in zeeklog.events(capture, "KerberosAs")
    )  # fmt: skip
    assert theirs
    assert ours == theirs


@pytest.mark.parametrize(
    ("kind", "element"), [("KerberosAs", "as_rep"), ("KerberosTgs", "tgs_rep")]
)
def test_tickets(capture, kind, element):
    def ticket(reply):
        issued = first(first(reply, "kerberos.ticket_element"), "kerberos.enc_part_element")
        cipher = first(issued, "kerberos.cipher")
        return ETYPE[int(first(issued, "kerberos.etype"))], (len(cipher) + 1) // 3

    theirs = collections.Counter(
        ticket(reply)
        for layers in frames(capture, f"kerberos.{element}_element", "kerberos")
        for reply in found(layers, f"kerberos.{element}_element")
    )
    ours = collections.Counter(
        (e.etype, e.ticket_size) for e in zeeklog.events(capture, kind) if e.ticket_size
    )
    assert theirs
    assert ours == theirs


def test_ldap_searches(capture):
    def search(request):
        attributes = first(request, "ldap.attributes_tree", [])
        return (
            first(request, "ldap.baseObject") or "",
            LDAP_SCOPE[int(first(request, "ldap.scope"))],
            tuple(a.lower() for a in found(attributes, "ldap.AttributeDescription")),
        )

    # requests inside SASL layers come out of tshark without their message element: found all the same
    theirs = collections.Counter(
        search(request)
        for layers in frames(capture, "ldap.searchRequest_element", "ldap cldap")
        for request in found(layers, "ldap.searchRequest_element")
    )
    ours = collections.Counter(
        (e.base, e.scope, tuple(e.attributes)) for e in zeeklog.events(capture, "LdapSearch")
    )
    assert theirs
    # pages of one search are one event of ours
    assert set(ours) == set(theirs)
    assert all(theirs[key] >= count for key, count in ours.items())


def test_dns_questions(capture):
    def question(layers):
        return (
            (first(layers, "dns.qry.name") or "").rstrip(".").replace("<Root>", "").lower(),
            DNS_TYPE.get(
                int(first(layers, "dns.qry.type")), "type_" + first(layers, "dns.qry.type")
            ),
        )

    theirs = collections.Counter(
        question(layers)
        for layers in frames(capture, "dns.flags.response == 0 && dns.flags.opcode == 0", "dns")
    )
    ours = collections.Counter(
        (e.query.lower(), e.qtype)
        for e in zeeklog.events(capture, "DnsQuery")
        if e.qtype != "update"
    )
    assert sum(theirs.values()) > 50
    assert ours == theirs


def test_ntlm_accounts(capture):
    def person(layers):
        domain, user, host = (
            first(layers, f"ntlmssp.auth.{n}") for n in ("domain", "username", "hostname")
        )
        domain, user, host = ("" if v in (None, "NULL") else v for v in (domain, user, host))
        return (f"{domain}\\{user}" if domain else user) or None, host or None

    theirs = collections.Counter(
        person(layers) for layers in frames(capture, "ntlmssp.messagetype == 3", None)
    )
    ours = collections.Counter(
        (e.account, e.workstation) for e in zeeklog.events(capture, "NtlmAuth") if e.via == "wire"
    )
    assert ours == theirs


def test_opened_files(capture):
    theirs = {
        name.lower()
        for layers in frames(capture, "smb2.cmd == 5 && smb2.flags.response == 0", "smb2")
        for name in found(layers, "smb2.filename")
        if name
    }
    ours = {e.path.lower() for e in zeeklog.events(capture, "SmbFile") if e.path}
    assert ours == theirs
